#include "hostile.h"

#include <stdlib.h>
#include <string.h>

#include "alter.h"
#include "forge.h"
#include "frame.h"
#include "memory.h"
#include "release.h"
#include "swamp.h"
#include "tamper.h"
#include "world.h"

#define FLOOD_ITEMS 300u
#define PURPOSE_HOSTILE 0x4057

void sim_hostile_turn(sim_world *world, sim_node *node)
{
    if (node->hostile) {
        return;
    }
    node->hostile = sim_alloc(1, sizeof *node->hostile);
    node->hostile->random = sim_random_of(world->options.seed, PURPOSE_HOSTILE, node->index);
    node->hostile->per_mille = (unsigned)sim_random_between(&node->hostile->random, 50, 600);
    sim_trace_line(world, node, "turns hostile");
    sim_sometimes_hit(world, node->hub ? SIM_SOMETIMES_HOSTILE_HUB : SIM_SOMETIMES_HOSTILE_MEMBER);
}

void sim_hostile_wipe(sim_node *node)
{
    for (size_t i = 0; node->hostile != NULL && i < SIM_KEPT_FRAMES; i++) {
        nrs_bytes_wipe(&node->hostile->kept[i].frame);
    }
    free(node->hostile);
    node->hostile = NULL;
}

/* ---- Frames of its engine, altered ---- */

/* What goes out in the place of the engine's frame; NULL: nothing does. */
static void replace(sim_world *world, sim_node *node, nrs_link_id link, const nrs_frame *frame, const nrs_bytes *payload, const char *what)
{
    char engine[SIM_FRAME_TEXT], deed[2 * SIM_FRAME_TEXT];

    if (payload == NULL) {
        sim_hostile_withhold(world, node, link, frame, "withheld");
        return;
    }
    if (nrs_slice_equal(nrs_slice_of_bytes(payload), nrs_field(&frame->payload))) { /* by chance */
        sim_hostile_put(world, node, link, (nrs_frame_type)frame->type, payload, NULL);
        return;
    }
    sim_frame_describe(engine, frame, 0);
    (void)snprintf(deed, sizeof deed, "%s; its engine made: %s", what, engine);
    sim_hostile_put(world, node, link, (nrs_frame_type)frame->type, payload, deed);
}

static void lie_in_hello(sim_world *world, sim_node *node, nrs_link_id link, const nrs_frame *frame)
{
    sim_random *random = &node->hostile->random;
    nrs_hello *hello = NULL;
    nrs_bytes payload = {0};
    bool made;

    if (nrs_hello_decode(&hello, nrs_field(&frame->payload)) != NRS_OK) {
        sim_hostile_withhold(world, node, link, frame, "withheld");
        return;
    }
    if (hello->peer_log.len != 0) {
        hello->position = sim_random_chance(random, 500) ? sim_random_below(random, 40) : hello->position + sim_random_below(random, 40);
    }
    if (sim_random_chance(random, 500)) {
        hello->window = sim_random_chance(random, 500) ? NRS_LINK_WINDOW_MAX : NRS_LINK_WINDOW_MIN;
    }
    for (size_t i = 0; i < hello->n_heads; i++) {
        hello->heads[i]->version = 1 + sim_random_below(random, 12);
    }
    made = nrs_hello_encode(&payload, hello) == NRS_OK;
    sim_sometimes_add(world, SIM_SOMETIMES_LIED, made ? 1 : 0);
    replace(world, node, link, frame, made ? &payload : NULL, "a lie");
    nrs_bytes_wipe(&payload);
    nrs_hello_free(&hello);
}

/* Who reads nothing begins at the front with each link, and wants as little at once as may be. */
static void deafen_hello(sim_world *world, sim_node *node, nrs_link_id link, const nrs_frame *frame)
{
    nrs_hello *hello = NULL;
    nrs_bytes payload = {0};
    bool made = nrs_hello_decode(&hello, nrs_field(&frame->payload)) == NRS_OK;

    if (made) {
        hello->position = 0;
        hello->window = NRS_LINK_WINDOW_MIN;
        made = nrs_hello_encode(&payload, hello) == NRS_OK;
    }
    replace(world, node, link, frame, made ? &payload : NULL, "it wants little, from the front");
    nrs_bytes_wipe(&payload);
    nrs_hello_free(&hello);
}

static void lie_in_confirm(sim_world *world, sim_node *node, nrs_link_id link, const nrs_frame *frame)
{
    sim_random *random = &node->hostile->random;
    nrs_confirm *confirm = NULL;
    nrs_bytes payload = {0};
    bool made;

    if (nrs_confirm_decode(&confirm, nrs_field(&frame->payload)) != NRS_OK) {
        sim_hostile_withhold(world, node, link, frame, "withheld");
        return;
    }
    confirm->position = sim_random_chance(random, 500) ? confirm->position + sim_random_below(random, 5) : sim_random_below(random, confirm->position + 1);
    made = nrs_confirm_encode(&payload, confirm) == NRS_OK;
    sim_sometimes_add(world, SIM_SOMETIMES_LIED, made ? 1 : 0);
    replace(world, node, link, frame, made ? &payload : NULL, "a lie");
    nrs_bytes_wipe(&payload);
    nrs_confirm_free(&confirm);
}

static void swap(Nrs__Wire__Item **items, size_t a, size_t b)
{
    Nrs__Wire__Item *held = items[a];

    items[a] = items[b];
    items[b] = held;
}

/* It may sit on a release until that is over. */
static bool holds_release(nrs_slice payload)
{
    nrs_items *items = NULL;
    bool found = false;

    if (nrs_items_decode(&items, payload) == NRS_OK) {
        for (size_t i = 0; i < items->n_items; i++) {
            for (size_t k = 0; k < items->items[i]->n_records; k++) {
                nrs_record *record = NULL;

                found = found || (nrs_record_decode(&record, nrs_field(&items->items[i]->records[k])) == NRS_OK && record->type == NRS_RECORD_RELEASE);
                nrs_record_free(&record);
            }
        }
    }
    nrs_items_free(&items);
    return found;
}

typedef enum alteration { ALTER_LESS = 0, ALTER_ITEMS, ALTER_RECORDS, ALTER_BIT, ALTER_SIGNATURE, ALTER_GRANT, ALTER_COUNT } alteration;

/* Of what others have signed: the id stays, and what is under it is another record. Returns: the item; NULL when there is nothing of that kind. */
static const Nrs__Wire__Item *alter_signed(sim_node *node, nrs_items *items, size_t from, bool grant)
{
    for (size_t i = 0; i < items->n_items; i++) {
        Nrs__Wire__Item *item = items->items[(from + i) % items->n_items];

        for (size_t k = 0; k < item->n_records; k++) {
            if ((grant ? sim_alter_grant : sim_alter_signature)(&item->records[k], node, &node->hostile->random)) {
                return item;
            }
        }
    }
    return NULL;
}

/* One thing to a list of items: an item less, two that change places, records of one in another order, a bit turned, anywhere
 * or where no id tells of it. */
static void alter_items(sim_world *world, sim_node *node, nrs_link_id link, const nrs_frame *frame)
{
    sim_random *random = &node->hostile->random;
    nrs_items *items = NULL;
    nrs_bytes payload = {0};
    const Nrs__Wire__Item *signed_item;
    const alteration kind = (alteration)sim_random_below(random, ALTER_COUNT);
    size_t kept_count, picked;
    unsigned long long position, first;
    char what[SIM_FRAME_TEXT] = "";

    if (nrs_items_decode(&items, nrs_field(&frame->payload)) != NRS_OK) {
        sim_hostile_withhold(world, node, link, frame, "withheld");
        return;
    }
    kept_count = items->n_items;
    picked = (size_t)sim_random_below(random, items->n_items);
    position = items->items[picked]->position;
    first = items->items[0]->position;
    switch (kind) {
    case ALTER_SIGNATURE:
    case ALTER_GRANT:
        signed_item = alter_signed(node, items, picked, kind == ALTER_GRANT);
        if (signed_item != NULL) {
            (void)snprintf(what, sizeof what, "altered: the %s of item %llu", kind == ALTER_GRANT ? "grant in a report" : "signature of a record",
                           (unsigned long long)signed_item->position);
            sim_sometimes_hit(world, kind == ALTER_GRANT ? SIM_SOMETIMES_ALTERED_GRANT : SIM_SOMETIMES_ALTERED_SIGNATURE);
        }
        break;
    case ALTER_LESS:
        swap(items->items, picked, items->n_items - 1);
        items->n_items--; /* the last is withheld */
        (void)snprintf(what, sizeof what, "altered: item %llu is withheld", position);
        sim_sometimes_hit(world, SIM_SOMETIMES_WITHHELD);
        break;
    case ALTER_ITEMS:
        swap(items->items, picked, 0);
        (void)snprintf(what, sizeof what, "altered: items %llu and %llu changed places", first, position);
        sim_sometimes_hit(world, SIM_SOMETIMES_REORDERED);
        break;
    case ALTER_RECORDS:
        for (size_t i = 0; i < items->n_items && items->items[picked]->n_records < 2; i++) {
            picked = (picked + 1) % items->n_items;
        }
        position = items->items[picked]->position;
        if (items->items[picked]->n_records > 1) {
            ProtobufCBinaryData held = items->items[picked]->records[0];

            items->items[picked]->records[0] = items->items[picked]->records[1];
            items->items[picked]->records[1] = held;
            (void)snprintf(what, sizeof what, "altered: two records of item %llu changed places", position);
            sim_sometimes_hit(world, SIM_SOMETIMES_REORDERED);
        }
        break;
    case ALTER_BIT:
    case ALTER_COUNT: {
        ProtobufCBinaryData *record = &items->items[picked]->records[sim_random_below(random, items->items[picked]->n_records)];

        sim_random_turn(random, record->data, record->len);
        (void)snprintf(what, sizeof what, "altered: a bit of a record of item %llu", position);
        sim_sometimes_hit(world, SIM_SOMETIMES_ALTERED);
        break;
    }
    }
    replace(world, node, link, frame, items->n_items > 0 && nrs_items_encode(&payload, items) == NRS_OK ? &payload : NULL, what);
    items->n_items = kept_count;
    nrs_bytes_wipe(&payload);
    nrs_items_free(&items);
}

static void keep(sim_node *node, const sim_connection *connection, nrs_slice frame)
{
    size_t at = node->hostile->kept_next++ % SIM_KEPT_FRAMES;

    NRS_ASSERT(nrs_bytes_copy(&node->hostile->kept[at].frame, frame) == NRS_OK);
    node->hostile->kept[at].connection = connection->number;
    node->hostile->kept[at].times = 0;
}

/* A frame that went out before, perhaps on another link, once more; no frame without end. */
static void replay(sim_world *world, sim_node *node, const sim_connection *connection, nrs_link_id link)
{
    size_t at = (size_t)sim_random_below(&node->hostile->random, SIM_KEPT_FRAMES);

    if (node->hostile->kept[at].frame.size > 0 && node->hostile->kept[at].times < SIM_REPLAYS_OF_ONE && node->hostile->replays < SIM_REPLAYS_MAX) {
        node->hostile->kept[at].times++;
        node->hostile->replays++;
        sim_sometimes_hit(world, SIM_SOMETIMES_REPLAYED);
        sim_hostile_note(world, node, link, nrs_slice_of_bytes(&node->hostile->kept[at].frame));
        sim_hostile_leave(world, node, link, nrs_slice_of_bytes(&node->hostile->kept[at].frame),
                          node->hostile->kept[at].connection == connection->number ? "replayed" : "replayed, from another link");
    }
}

void sim_hostile_send(sim_world *world, sim_node *node, nrs_link_id link, nrs_slice bytes)
{
    sim_hostile *hostile = node->hostile;
    sim_connection *connection = sim_network_of_link(world, node, link);
    nrs_frame *frame = NULL;

    if (connection == NULL || nrs_frame_decode(&frame, bytes) != NRS_OK) {
        return;
    }
    if (world->now_ms < hostile->deaf_ms && (frame->type == NRS_FRAME_CONFIRM || frame->type == NRS_FRAME_HELLO)) {
        if (frame->type == NRS_FRAME_HELLO) {
            deafen_hello(world, node, link, frame);
        } else {
            sim_hostile_withhold(world, node, link, frame, "withheld");
        }
    } else if (frame->type == NRS_FRAME_ITEMS && connection->number % 2 == 0 && holds_release(nrs_field(&frame->payload))) {
        sim_sometimes_hit(world, SIM_SOMETIMES_WITHHELD);
        sim_hostile_withhold(world, node, link, frame, "withheld: it sits on a release");
    } else if (!sim_random_chance(&hostile->random, hostile->per_mille)) {
        sim_hostile_leave(world, node, link, bytes, NULL);
    } else if (frame->type == NRS_FRAME_ITEMS) {
        alter_items(world, node, link, frame);
    } else if (frame->type == NRS_FRAME_CONFIRM && sim_random_chance(&hostile->random, 500)) {
        lie_in_confirm(world, node, link, frame);
    } else if (frame->type == NRS_FRAME_HELLO && sim_random_chance(&hostile->random, 500)) {
        lie_in_hello(world, node, link, frame);
    } else {
        sim_hostile_leave(world, node, link, bytes, NULL);
        replay(world, node, connection, link);
    }
    sim_hostile_note(world, node, link, bytes);
    keep(node, connection, bytes);
    nrs_frame_free(&frame);
}

/* ---- What it makes itself ---- */

bool sim_hostile_holds(sim_node *node, const char *report)
{
    uint8_t id[NRS_HASH_SIZE];
    nrs_report_row row = {.key_state = NRS_KEY_NONE};
    nrs_bytes holder = {0};
    nrs_error error = node->core == NULL ? NRS_ERROR_NOT_FOUND : nrs_hex_decode(id, sizeof id, report);

    sim_disk_hold(&node->disk, true);
    if (error == NRS_OK) {
        error = nrs_store_report_get(node->store, &row, &holder, id);
    }
    sim_disk_hold(&node->disk, false);
    nrs_bytes_wipe(&holder);
    return error == NRS_OK && row.key_state == NRS_KEY_HELD;
}

static void flood(sim_world *world, sim_node *node, const sim_act *act)
{
    nrs_slice *records = sim_alloc(FLOOD_ITEMS, sizeof *records);
    uint8_t (*junk)[64] = sim_alloc(FLOOD_ITEMS, sizeof *junk);

    for (size_t i = 0; i < FLOOD_ITEMS; i++) {
        sim_random_fill(&node->hostile->random, junk[i], sizeof junk[i]);
        records[i] = nrs_slice_of(junk[i], sizeof junk[i]);
    }
    for (uint64_t i = 0; i < 1 + act->b % 4; i++) {
        (void)sim_hostile_give_each(world, node, act->a, records, FLOOD_ITEMS, SIM_SOMETIMES_FLOODED);
    }
    free(junk);
    free(records);
}

static void oversize(sim_world *world, sim_node *node, const sim_act *act)
{
    unsigned side = 0;
    sim_connection *connection = sim_hostile_connection(world, node, act->a, &side);
    size_t size = NRS_FRAME_SIZE_MAX + (act->b % 2 == 0 ? 1 : 0) - (act->b % 4 == 1 ? 1000 : 0);
    uint8_t *frame = sim_alloc(1, size);

    if (connection != NULL) {
        sim_random_fill(&node->hostile->random, frame, 64);
        sim_sometimes_hit(world, SIM_SOMETIMES_OVERSIZE);
        sim_hostile_leave(world, node, connection->link[side], nrs_slice_of(frame, size), size > NRS_FRAME_SIZE_MAX ? "of its own: too large" : "of its own: noise");
    }
    free(frame);
}

/* Any hostile node that is up, from this one on. */
static sim_node *some_hostile(sim_world *world, uint64_t pick, bool hub)
{
    for (size_t i = 0; i < world->node_count; i++) {
        sim_node *node = &world->nodes[(pick + i) % world->node_count];

        if (node->hostile != NULL && node->core != NULL && (!hub || node->hub)) {
            return node;
        }
    }
    return NULL;
}

void sim_hostile_do(sim_world *world, const sim_act *act)
{
    sim_node *node = some_hostile(world, act->who, false);
    sim_node *hub = some_hostile(world, act->other, true);
    sim_node *victim = sim_world_node(world, act->who);

    if (act->type == SIM_ACT_TAMPER) {
        if (victim != NULL && victim->core != NULL) {
            sim_tamper(world, victim, act);
        }
        return;
    }

    if (node == NULL) {
        return;
    }
    sim_release_lure(world, node, act);
    (void)sim_random_use(&node->hostile->random);
    if (act->type == SIM_ACT_SWAMP) {
        sim_swamp(world, node, act);
    } else if (act->type == SIM_ACT_FLOOD) {
        flood(world, node, act);
    } else if (act->type == SIM_ACT_OVERSIZE) {
        oversize(world, node, act);
    } else if (act->type == SIM_ACT_OLD_ROSTER) {
        sim_forge_old_roster(world, hub != NULL ? hub : node, act);
    } else if (act->type == SIM_ACT_FORGE_GRANT) {
        sim_forge_grant(world, node, act);
    } else if (act->type == SIM_ACT_REVEAL) {
        sim_forge_reveal(world, hub != NULL ? hub : node, act);
    } else {
        /* A hub that colludes hands over what its friend has made, even after that one was removed; and always what is said in another's
         * name, since of a card, or of prekeys, that come from anybody else nobody looks at the signature. */
        const bool in_name = act->type == SIM_ACT_FORGE_NAME || act->type == SIM_ACT_FORGE_PREKEYS;

        sim_forge(world, node, hub != NULL && (act->c % 2 == 0 || in_name) ? hub : node, act);
    }
}
