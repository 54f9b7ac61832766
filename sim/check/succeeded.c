/* Keys that come after others (SPEC 7.10): for whoever holds a roster there is one step from the one to the other. Nothing is sealed to keys that
 * it does not name, nothing of them is taken but what those before had made, they are handed nothing but rosters, and in the end everyone is
 * there under the newest. That nothing is lost over it is arrives.c. */
#include <string.h>

#include "check.h"
#include "keys/change.h"
#include "proto/carrier.h"
#include "world.h"

/* What a roster says of keys. */
typedef enum place { PLACE_NONE = 0, PLACE_NEXT, PLACE_FORMER, PLACE_MEMBER } place;

static place place_at(const sim_rosters *rosters, uint64_t version, size_t node, size_t key)
{
    const sim_roster_version *roster = sim_rosters_at(rosters, version);

    if (roster == NULL || (sim_roster_members(roster) & (1ull << node)) == 0) {
        return PLACE_NONE;
    }
    return key == roster->who.key[node]     ? PLACE_MEMBER
           : key > roster->who.key[node]    ? PLACE_NEXT
           : key + 1 == roster->who.key[node] ? PLACE_FORMER
                                            : PLACE_NONE;
}

/* By the roster after the step or by the one before it: the better of the two. */
static place place_of(const sim_node *node, const sim_rosters *rosters, size_t who, size_t key)
{
    const place now = place_at(rosters, node->held[rosters->index], who, key), before = place_at(rosters, node->held_before[rosters->index], who, key);

    return now > before ? now : before;
}

/* ---- What is made for keys ---- */

/* payload: of a slot table that the node has made. sealed: of which report; NULL: of one that was made with it. */
static void check_table(sim_world *world, const sim_node *node, nrs_slice payload, const sim_rosters *rosters, const sim_sealed *sealed)
{
    nrs_slot_table *table = NULL;

    if (node->held[rosters->index] == 0 || nrs_slot_table_decode(&table, payload) != NRS_OK) {
        return;
    }
    for (size_t i = 0; i < table->n_slots; i++) {
        nrs_slot *slot = NULL;
        size_t who, key;

        if (nrs_slot_decode(&slot, nrs_field(&table->slots[i])) == NRS_OK && sim_check_key_hash(world, &who, &key, slot->org.data)) {
            if (place_of(node, rosters, who, key) != PLACE_MEMBER && who != node->owner) {
                sim_world_fail(world, "succeeded", "%s seals to keys %zu of %s, and roster %llu of @%s does not name these", node->org, key,
                               world->nodes[who].org, (unsigned long long)node->held[rosters->index], rosters->id);
            } else if (sealed != NULL && sim_rosters_at(rosters, sealed->version) != NULL && sealed->community == rosters->index &&
                       sim_rosters_at(rosters, sealed->version)->who.key[who] < key) {
                sim_sometimes_hit(world, SIM_SOMETIMES_GRANTED_TO_SUCCESSOR);
            }
        }
        nrs_slot_free(&slot);
    }
    nrs_slot_table_free(&table);
}

static void check_made(sim_world *world, const sim_node *node, const nrs_log_row *row, const nrs_record *record)
{
    nrs_record *with = NULL;
    nrs_sealed_view *view = NULL;
    nrs_slot_table *table = NULL;

    if (record->type == NRS_RECORD_SLOT_TABLE && nrs_slot_table_decode(&table, nrs_field(&record->payload)) == NRS_OK) {
        const sim_sealed *sealed = sim_oracle_sealed_by_id(world, table->sealed_id.data);
        const sim_granted *granted = sim_oracle_granted_by_id(world, table->grant_id.data);

        if (sealed != NULL) {
            check_table(world, node, nrs_field(&record->payload), &world->communities[granted == NULL ? sealed->community : granted->community], sealed);
        }
    } else if (record->type == NRS_RECORD_SEALED && row->slots.size > 0 && nrs_record_decode(&with, row->slots) == NRS_OK &&
               nrs_sealed_parse(&view, nrs_field(&record->payload)) == NRS_OK) {
        const sim_rosters *rosters = sim_rosters_of(world, view->header->community.data);

        if (rosters != NULL) {
            check_table(world, node, nrs_field(&with->payload), rosters, NULL);
        }
    }
    nrs_slot_table_free(&table);
    nrs_sealed_view_free(&view);
    nrs_record_free(&with);
}

/* ---- What keys have made ---- */

/* A report of keys that a roster does not name, or not any more, when it was made too late. */
static void check_taken(sim_world *world, const sim_node *node, const nrs_record *record)
{
    nrs_sealed_view *view = NULL;
    const sim_rosters *rosters = NULL;
    size_t maker, key;

    if (nrs_sealed_parse(&view, nrs_field(&record->payload)) == NRS_OK) {
        rosters = sim_rosters_of(world, view->header->community.data);
    }
    if (rosters != NULL && sim_check_key(world, &maker, &key, view->header->originator.data)) {
        const place at = place_of(node, rosters, maker, key);

        if (at == PLACE_NEXT) {
            sim_world_fail(world, "succeeded", "%s takes a report of %s under keys %zu, which no roster names that it holds", node->org, world->nodes[maker].org, key);
        } else if (at == PLACE_FORMER && view->header->created_ms > rosters->served_ms[maker][key] + NRS_CLOCK_AHEAD_MS_MAX) {
            sim_world_fail(world, "succeeded", "%s takes a report of %s under keys %zu, made %llu hours after others came after them", node->org, world->nodes[maker].org,
                           key, (unsigned long long)((view->header->created_ms - rosters->served_ms[maker][key]) / NRS_HOUR_MS));
        } else if (at == PLACE_FORMER) {
            sim_sometimes_hit(world, SIM_SOMETIMES_TAKEN_FROM_FORMER);
        }
    }
    nrs_sealed_view_free(&view);
}

static void learn(sim_world *world, sim_node *node, const nrs_record *record)
{
    nrs_key_change *change = NULL;
    nrs_card *card = NULL;
    size_t whose, key;

    if (nrs_change_verify(&change, &card, nrs_field(&record->payload)) == NRS_OK && card != NULL && sim_check_key(world, &whose, &key, card->sign_key.data) &&
        node->heard[whose] < key) {
        node->heard[whose] = key;
    }
    nrs_card_free(&card);
    nrs_key_change_free(&change);
}

static void record(sim_world *world, sim_node *node, const nrs_log_row *row, const nrs_record *record)
{
    if (record->type == NRS_RECORD_KEY_CHANGE) {
        learn(world, node, record);
    } else if (node->hostile == NULL && row->source.size == 0) {
        check_made(world, node, row, record);
    } else if (node->hostile == NULL && record->type == NRS_RECORD_SEALED) {
        check_taken(world, node, record);
    }
}

/* ---- Links ---- */

typedef struct slot_count {
    sim_world *world;
    const uint8_t *before; /* hash of the keys before */
} slot_count;

/* Slots for the keys before on their way to those that are there now. */
static void count_slot(void *context, const nrs_record *record)
{
    const slot_count *it = context;
    nrs_slot_path *path = NULL;
    nrs_slot *slot = NULL;

    if (record->type == NRS_RECORD_SLOT_PATH && nrs_slot_path_decode(&path, nrs_field(&record->payload)) == NRS_OK &&
        nrs_slot_decode(&slot, nrs_field(&path->slot)) == NRS_OK && memcmp(slot->org.data, it->before, NRS_KEY_HASH_SIZE) == 0) {
        sim_sometimes_hit(it->world, SIM_SOMETIMES_HANDED_ON);
    }
    nrs_slot_free(&slot);
    nrs_slot_path_free(&path);
}

static void frame(sim_world *world, sim_node *node, sim_connection *connection, unsigned side, const nrs_frame *frame)
{
    const size_t peer = world->nodes[connection->node[1 - side]].owner;
    const uint64_t apart_ms = sim_clocks_apart_ms(world);
    size_t key = 0;
    bool may = false;

    if (frame->type != NRS_FRAME_ITEMS) {
        return;
    }
    while (key + 1 < world->nodes[peer].key_count &&
           memcmp(nrs_identity_public(world->nodes[peer].keys[key].identity)->curve_key, connection->curve[1 - side], NRS_KEY_SIZE) != 0) {
        key++;
    }
    if (key > 0) {
        sim_check_each_record(frame, count_slot, &(slot_count){world, world->nodes[peer].keys[key - 1].hash});
    }
    for (size_t c = 0; c < world->community_count; c++) {
        const sim_rosters *rosters = &world->communities[c];
        const place at = place_of(node, rosters, peer, key);

        may = may || at == PLACE_MEMBER || (at == PLACE_NEXT && !sim_check_in_order(frame)) ||
              (at == PLACE_FORMER && rosters->served_ms[peer][key] + NRS_SUCCEEDED_GRACE_MS + NRS_HOUR_MS + apart_ms > sim_world_unix_ms(world));
    }
    if (!may) {
        sim_world_fail(world, "succeeded", "%s sends records to %s under keys %zu, which have no place in a roster that it holds", node->org, world->nodes[peer].org, key);
    }
}

/* ---- What people see ---- */

static void shown(sim_world *world, sim_node *node, sim_report *report, const json_t *row)
{
    const sim_roster_version *roster = report == NULL ? NULL : sim_rosters_at(&world->communities[report->community], report->version);

    if (roster == NULL || node->hostile != NULL || node->index == report->sender || json_string_value(json_object_get(row, "body")) == NULL) {
        return;
    }
    if ((report->readers & (1ull << node->index)) != 0 && roster->who.key[node->index] < node->key) {
        sim_sometimes_hit(world, SIM_SOMETIMES_REOPENED);
    }
    if (report->key > 0) {
        sim_sometimes_hit(world, SIM_SOMETIMES_SENT_BY_SUCCESSOR);
    }
}

/* Who holds a roster that names its next keys has gone over to them. */
static void end(sim_world *world)
{
    for (size_t c = 0; c < world->community_count; c++) {
        const sim_rosters *rosters = &world->communities[c];

        for (size_t i = 0; i < world->node_count; i++) {
            const sim_node *node = &world->nodes[i];
            const sim_roster_version *held = sim_rosters_at(rosters, node->held[c]);

            if (node->core != NULL && node->hostile == NULL && !node->forsaken && held != NULL && (sim_roster_agreed(held) & (1ull << i)) != 0 &&
                held->who.key[i] > node->key) {
                sim_world_fail(world, "succeeded", "%s holds roster %llu of @%s, which names its next keys, and is there under keys %zu in the end", node->org,
                               (unsigned long long)node->held[c], rosters->id, node->key);
            }
        }
    }
}

const sim_checker sim_checker_succeeded = {.name = "succeeded", .record = record, .frame = frame, .shown = shown, .end = end};
