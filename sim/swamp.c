#include "swamp.h"

#include <stdlib.h>
#include <string.h>

#include "ask.h"
#include "forge.h"
#include "hostile.h"
#include "keys/card.h"
#include "keys/envelope.h"
#include "memory.h"
#include "proto/vocabulary.h"
#include "world.h"

#define AHEAD_REPORTS 24u
#define AHEAD_PATHS (NRS_DEFERRED_PER_PEER_MAX - AHEAD_REPORTS / 2) /* with the reports more than one peer may leave */
#define HEADS 300u           /* streams that a letter speaks of: more than are noted of one originator */
#define BUNDLES 32u
#define LARGE_REPORTS 18u    /* of 256 KiB: more than the usual window */
#define LARGE_TEXT 150000u
#define LURED_REPORTS 6u     /* more than the smallest window */
#define DEAF_MS_MIN (1 * SIM_MINUTE_MS)

typedef struct flood { nrs_bytes *bytes; nrs_slice *records; size_t count, capacity; } flood;

static flood flood_new(size_t capacity)
{
    return (flood){.bytes = sim_alloc(capacity, sizeof(nrs_bytes)), .records = sim_alloc(capacity, sizeof(nrs_slice)), .capacity = capacity};
}

/* bytes: taken over. */
static void flood_add(flood *list, nrs_bytes *bytes)
{
    NRS_ASSERT(list->count < list->capacity);
    list->bytes[list->count] = *bytes;
    list->records[list->count] = nrs_slice_of_bytes(bytes);
    list->count++;
    *bytes = (nrs_bytes){0};
}

static void flood_wipe(flood *list)
{
    for (size_t i = 0; i < list->count; i++) {
        nrs_bytes_wipe(&list->bytes[i]);
    }
    free(list->bytes);
    free(list->records);
    *list = (flood){0};
}

/* Adds a report of the node's to the victim, with its slots. Out: id_out. False when none could be made. */
static bool add_report(sim_world *world, sim_node *node, flood *list, const sim_node *victim, const sim_forgery *what, uint8_t id_out[NRS_HASH_SIZE])
{
    nrs_sealed_parts parts = {0};
    nrs_recipient recipient;
    nrs_bytes record = {0};
    const bool made = victim != NULL && sim_forge_recipient(world, node, victim, &recipient) &&
                      sim_forge_seal(world, node, victim, &parts, &recipient, what) == NRS_OK && nrs_seal_sign(&record, &parts, node->identity) == NRS_OK;

    if (made) {
        memcpy(id_out, parts.id, NRS_HASH_SIZE);
        flood_add(list, &record);
        flood_add(list, &parts.slot_table);
    }
    nrs_bytes_wipe(&record);
    nrs_sealed_parts_wipe(&parts);
    return made;
}

/* ---- What waits for a roster ---- */

/* A slot of the receiver's in a grant that nobody made: it belongs to a report that waits, and waits with it. */
static nrs_error make_path(nrs_bytes *record_out, sim_node *node, const sim_node *receiver, const uint8_t id[NRS_HASH_SIZE])
{
    uint8_t noise[NRS_HASH_SIZE + NRS_PREKEY_ID_SIZE + NRS_WRAPPED_KEY_SIZE];
    nrs_slot slot;
    nrs_slot_path path;
    nrs_bytes bytes = {0}, payload = {0};
    nrs_error error;

    sim_random_fill(&node->hostile->random, noise, sizeof noise);
    nrs__wire__slot__init(&slot);
    slot.org = nrs_field_of(nrs_slice_of(sim_node_keys(receiver)->hash, NRS_KEY_HASH_SIZE));
    slot.prekey_id = nrs_field_of(nrs_slice_of(noise + NRS_HASH_SIZE, NRS_PREKEY_ID_SIZE));
    slot.wrapped = nrs_field_of(nrs_slice_of(noise + NRS_HASH_SIZE + NRS_PREKEY_ID_SIZE, NRS_WRAPPED_KEY_SIZE));
    nrs__wire__slot_path__init(&path);
    path.sealed_id = nrs_field_of(nrs_slice_of(id, NRS_HASH_SIZE));
    path.grant_id = nrs_field_of(nrs_slice_of(noise, NRS_HASH_SIZE));
    error = nrs_slot_encode(&bytes, &slot);
    path.slot = nrs_field_of(nrs_slice_of_bytes(&bytes));
    if (error == NRS_OK) {
        error = nrs_slot_path_encode(&payload, &path);
    }
    if (error == NRS_OK) {
        error = nrs_record_wrap(record_out, NRS_RECORD_SLOT_PATH, nrs_slice_of_bytes(&payload));
    }
    nrs_bytes_wipe(&payload);
    nrs_bytes_wipe(&bytes);
    return error;
}

/* Reports under rosters that are to come, perhaps; and slots of one of them without end. */
static void ahead(sim_world *world, sim_node *node, const sim_act *act)
{
    const sim_node *receiver = sim_hostile_across(world, node, act->a);
    flood list = flood_new(2 * AHEAD_REPORTS + AHEAD_PATHS);
    uint8_t id[NRS_HASH_SIZE];
    bool made = receiver != NULL;

    for (size_t i = 0; i < AHEAD_REPORTS && made; i++) {
        const sim_forgery what = {.roster_ahead = 2 + i * (act->b % 40)};

        made = add_report(world, node, &list, receiver, &what, id);
    }
    for (size_t i = 0; i < AHEAD_PATHS && made; i++) {
        nrs_bytes record = {0};

        made = make_path(&record, node, receiver, id) == NRS_OK;
        if (made) {
            flood_add(&list, &record);
        }
    }
    if (made && sim_hostile_give_each(world, node, act->a, list.records, list.count, SIM_SOMETIMES_SWAMPED_AHEAD)) {
        sim_trace_line(world, node, "gives %s %zu records that wait", receiver->org, list.count);
    }
    flood_wipe(&list);
}

/* ---- Streams that there are not ---- */

static bool make_head(nrs_bytes *bytes_out, sim_node *node, uint64_t now_ms)
{
    uint8_t noise[2 * NRS_HASH_SIZE], detail[NRS_STREAM_HEAD_SIZE];
    const uint64_t words[2] = {1 + sim_random_below(&node->hostile->random, 1000), now_ms + NRS_DAY_MS};
    nrs_statement statement;

    sim_random_fill(&node->hostile->random, noise, sizeof noise);
    memcpy(detail, noise + NRS_HASH_SIZE, NRS_HASH_SIZE);
    for (size_t i = 0; i < sizeof words; i++) {
        detail[NRS_HASH_SIZE + i] = (uint8_t)(words[i / 8] >> (8 * (i % 8)));
    }
    nrs__wire__statement__init(&statement);
    statement.type = NRS_STATEMENT_HEAD;
    statement.sealed_id = nrs_field_of(nrs_slice_of(noise, NRS_HASH_SIZE));
    statement.at_ms = now_ms;
    statement.detail = nrs_field_of(nrs_slice_of(detail, sizeof detail));
    return nrs_statement_encode(bytes_out, &statement) == NRS_OK;
}

/* One letter that says of many streams that reports of them are missing. */
static void streams(sim_world *world, sim_node *node, const sim_act *act)
{
    const sim_node *victim = sim_forge_victim(world, act->b);
    flood list = flood_new(HEADS);
    nrs_recipient recipient;
    nrs_bytes record = {0};
    nrs_envelope_request request = {.statements = list.records, .statement_count = HEADS, .to = &recipient, .now_ms = sim_node_now_ms(world, node),
                                    .community = nrs_slice_of(sim_forge_community(world, node)->community, NRS_HASH_SIZE)};
    bool made = victim != NULL && sim_forge_recipient(world, node, victim, &recipient);

    request.expires_ms = request.now_ms + NRS_DAY_MS;
    for (size_t i = 0; i < HEADS && made; i++) {
        nrs_bytes bytes = {0};

        made = make_head(&bytes, node, request.now_ms);
        if (made) {
            flood_add(&list, &bytes);
        }
    }
    if (made && nrs_envelope_seal(&record, node->identity, &request) == NRS_OK) {
        const nrs_slice records[1] = {nrs_slice_of_bytes(&record)};

        if (sim_hostile_give(world, node, act->a, records, 1, SIM_SOMETIMES_SWAMPED_STREAMS)) {
            sim_trace_line(world, node, "tells %s of %u streams", victim->org, HEADS);
        }
    }
    nrs_bytes_wipe(&record);
    flood_wipe(&list);
}

/* ---- What is good, and too much ---- */

/* Its own prekeys, published again and again; each replaces the one before. */
static void valid(sim_world *world, sim_node *node, const sim_act *act)
{
    const uint64_t now_ms = sim_node_now_ms(world, node);
    flood list = flood_new(BUNDLES);
    nrs_prekey_secret secret;
    bool made = nrs_prekeys_make(&secret, 1, now_ms - now_ms % NRS_PREKEY_WINDOW_MS) == NRS_OK;

    for (size_t i = 0; i < BUNDLES && made; i++) {
        nrs_bytes record = {0};

        made = nrs_prekeys_sign(&record, &secret, 1, node->identity, nrs_identity_public(node->identity)->sign_key, now_ms + i) == NRS_OK;
        if (made) {
            flood_add(&list, &record);
        }
    }
    if (made && sim_hostile_give_each(world, node, act->a, list.records, list.count, SIM_SOMETIMES_SWAMPED_VALID)) {
        sim_trace_line(world, node, "publishes its prekeys %u times", BUNDLES);
    }
    nrs_prekey_secret_wipe(&secret);
    flood_wipe(&list);
}

static char *long_text(void)
{
    char *text = sim_alloc(LARGE_TEXT + 1, 1);

    memset(text, 'x', LARGE_TEXT);
    return text;
}

/* Reports of the largest size, more of them than a window holds, all at once: whoever passes them on meets its own. */
static void large(sim_world *world, sim_node *node, const sim_act *act)
{
    const sim_node *victim = sim_forge_victim(world, act->b);
    flood list = flood_new(2 * LARGE_REPORTS);
    char *text = long_text();
    const sim_forgery what = {.body = text};
    uint8_t id[NRS_HASH_SIZE];
    bool made = true;
    size_t given = 0;

    for (size_t i = 0; i < LARGE_REPORTS && made; i++) {
        made = add_report(world, node, &list, victim, &what, id);
    }
    for (size_t i = 0; i < LARGE_REPORTS && made; i++) {
        given += sim_hostile_give(world, node, act->a, &list.records[2 * i], 2, SIM_SOMETIMES_SWAMPED_LARGE) ? 1 : 0;
    }
    if (given > 0) {
        sim_trace_line(world, node, "sends %zu large reports to %s", given, victim->org);
    }
    free(text);
    flood_wipe(&list);
}

/* ---- Who takes and never confirms ---- */

/* Somebody who means well is made to send it more than the smallest window holds. What it writes counts for nothing else. */
static void lure(sim_world *world, sim_node *node, const sim_act *act)
{
    const sim_node *victim = sim_forge_victim(world, act->b);
    sim_node *sender = victim == NULL ? node : &world->nodes[victim->index];
    char *text = long_text();

    for (size_t i = 0; i < LURED_REPORTS && sender != node && sender->core != NULL; i++) {
        sim_ask(world, sender, SIM_ASK_OTHER, 0,
            json_pack("{s:s, s:s, s:s, s:o, s:s, s:[s]}", "command", "send", "label", "AMBER", "kind", "incident", "subject",
                      json_sprintf("odd %zu for %zu/%llu", sender->index, node->index, (unsigned long long)node->hostile->serial++), "body", text, "to",
                      node->org));
    }
    free(text);
}

static void deaf(sim_world *world, sim_node *node, const sim_act *act)
{
    node->hostile->deaf_ms = world->now_ms + DEAF_MS_MIN + act->c % (2 * SIM_MINUTE_MS);
    sim_network_drop_all(world, node); /* its next hellos say how little it wants */
    sim_sometimes_hit(world, SIM_SOMETIMES_DEAF);
    sim_trace_line(world, node, "confirms nothing from now on");
    lure(world, node, act);
}

void sim_swamp(sim_world *world, sim_node *node, const sim_act *act)
{
    static void (*const ways[])(sim_world *, sim_node *, const sim_act *) = {ahead, streams, valid, large, deaf};

    ways[act->other % (sizeof ways / sizeof ways[0])](world, node, act);
}
