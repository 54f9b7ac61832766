/* Rosters on their way between nodes: deltas where a version is shared, the whole where none is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "keys/roster_delta.h"
#include "mesh_forge.h"
#include "mesh_rosters.h"
#include "mesh_second.h"
#include "proto/vocabulary.h"

/* What goes over the wire of rosters. */
typedef struct watch {
    size_t wholes, deltas, delta_bytes;
} watch;

static bool count(void *context, size_t from, size_t to, nrs_slice bytes)
{
    watch *seen = context;
    nrs_frame *frame = NULL;
    nrs_items *items = NULL;

    (void)from, (void)to;
    if (nrs_frame_decode(&frame, bytes) == NRS_OK && frame->type == NRS_FRAME_ITEMS &&
        nrs_items_decode(&items, nrs_field(&frame->payload)) == NRS_OK) {
        for (size_t i = 0; i < items->n_items; i++) {
            for (size_t k = 0; k < items->items[i]->n_records; k++) {
                nrs_record *record = NULL;

                assert_int_equal(nrs_record_decode(&record, nrs_field(&items->items[i]->records[k])), NRS_OK);
                if (record->type == NRS_RECORD_ROSTER || record->type == NRS_RECORD_ROSTER_DELTA) {
                    assert_int_equal(items->items[i]->position, 0);
                }
                seen->wholes += record->type == NRS_RECORD_ROSTER ? 1 : 0;
                seen->deltas += record->type == NRS_RECORD_ROSTER_DELTA ? 1 : 0;
                seen->delta_bytes += record->type == NRS_RECORD_ROSTER_DELTA ? items->items[i]->records[k].len : 0;
                nrs_record_free(&record);
            }
        }
    }
    nrs_items_free(&items);
    nrs_frame_free(&frame);
    return true;
}

static long long version_of(mesh *net, size_t node)
{
    assert_int_equal(mesh_command(net, node, "{\"command\":\"status\"}"), NRS_OK);
    return json_integer_value(json_object_get(json_array_get(json_object_get(mesh_row(net, node, 0), "communities"), 0), "roster_version"));
}

static void start(mesh *net, watch *seen)
{
    mesh_start(net, 4, 1);
    mesh_settle(net, 6);
    memset(seen, 0, sizeof *seen);
    net->inspect = count;
    net->inspect_context = seen;
}

/* The members are linked: each gets what changed, and nothing else. */
static void a_change_travels_as_a_delta(void **state)
{
    mesh net;
    watch seen;
    long long before;

    (void)state;
    start(&net, &seen);
    before = version_of(&net, 0);
    mesh_bump(&net);
    mesh_give(&net, 0);
    mesh_settle(&net, 2);
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(version_of(&net, i), before + 1);
    }
    assert_int_equal(seen.deltas, 3);
    assert_int_equal(seen.wholes, 0);
    assert_true(seen.delta_bytes / 3 < 2048);
    mesh_stop(&net);
}

/* Who was away names in its hello what it holds, and is told the steps since; also when either end fell down meanwhile. */
static void who_was_away_is_told_the_steps(void **state)
{
    mesh net;
    watch seen;
    long long before;

    (void)state;
    start(&net, &seen);
    before = version_of(&net, 0);
    mesh_down(&net, 2);
    for (int i = 0; i < 5; i++) {
        mesh_bump(&net);
        mesh_give(&net, 0);
    }
    mesh_settle(&net, 2);
    mesh_crash(&net, 0);
    memset(&seen, 0, sizeof seen);
    mesh_up(&net, 2);
    mesh_settle(&net, 4);
    assert_int_equal(version_of(&net, 2), before + 5);
    assert_int_equal(seen.deltas, 5);
    assert_int_equal(seen.wholes, 0);
    mesh_stop(&net);
}

/* Hundreds of versions: kept as steps, put together again, and past a limit the whole is sent instead. */
static void far_behind_gets_the_whole(void **state)
{
    mesh net;
    watch seen;
    long long before;

    (void)state;
    start(&net, &seen);
    before = version_of(&net, 0);
    mesh_down(&net, 3);
    for (int i = 0; i < 150; i++) {
        mesh_bump(&net);
        mesh_give(&net, 0);
    }
    mesh_crash(&net, 0);
    memset(&seen, 0, sizeof seen);
    mesh_up(&net, 3);
    mesh_settle(&net, 4);
    assert_int_equal(version_of(&net, 3), before + 150);
    assert_true(seen.wholes >= 1);
    /* From there on deltas again. */
    memset(&seen, 0, sizeof seen);
    mesh_bump(&net);
    mesh_give(&net, 0);
    mesh_settle(&net, 2);
    assert_int_equal(version_of(&net, 3), before + 151);
    assert_int_equal(seen.wholes, 0);
    mesh_stop(&net);
}

static void inject(mesh *net, nrs_record_type type, nrs_slice payload)
{
    nrs_bytes record = {0}, items_bytes = {0}, frame_bytes = {0};
    Nrs__Wire__Item item = NRS__WIRE__ITEM__INIT;
    Nrs__Wire__Item *list[1] = {&item};
    nrs_items items = NRS__WIRE__ITEMS__INIT;
    nrs_frame frame = NRS__WIRE__FRAME__INIT;
    ProtobufCBinaryData fields[1];

    assert_int_equal(nrs_record_wrap(&record, type, payload), NRS_OK);
    fields[0] = nrs_field_of(nrs_slice_of_bytes(&record));
    item.records = fields;
    item.n_records = 1;
    items.items = list;
    items.n_items = 1;
    assert_int_equal(nrs_items_encode(&items_bytes, &items), NRS_OK);
    frame.type = NRS_FRAME_ITEMS;
    frame.payload = nrs_field_of(nrs_slice_of_bytes(&items_bytes));
    assert_int_equal(nrs_frame_encode(&frame_bytes, &frame), NRS_OK);
    assert_int_equal(mesh_inject(net, 0, 1, nrs_slice_of_bytes(&frame_bytes)), NRS_OK);
    nrs_bytes_wipe(&frame_bytes);
    nrs_bytes_wipe(&items_bytes);
    nrs_bytes_wipe(&record);
}

/* A hostile hub: pieces out of order, of another head, without an end, without a base, with turned bits, and the old again.
 * The member keeps what it holds. */
static void a_hostile_hub_changes_nothing(void **state)
{
    mesh net;
    watch seen;
    long long before;
    nrs_bytes first_statement = {0}, first_many = {0};
    nrs_roster_pieces pieces = {.count = 0};
    nrs_signed_by_many *many = NULL;
    nrs_roster *roster = NULL;
    nrs_roster_delta *delta = NULL;
    nrs_bytes changed = {0};

    (void)state;
    start(&net, &seen);
    before = version_of(&net, 1);
    assert_int_equal(nrs_bytes_copy(&first_statement, nrs_slice_of_bytes(&net.statement)), NRS_OK);
    assert_int_equal(nrs_bytes_copy(&first_many, nrs_slice_of_bytes(&net.many)), NRS_OK);
    mesh_bump(&net);
    mesh_bump(&net); /* node 1 holds two versions less */
    assert_int_equal(nrs_signed_by_many_decode(&many, nrs_slice_of_bytes(&net.many)), NRS_OK);
    assert_int_equal(nrs_roster_decode(&roster, nrs_slice_of_bytes(&net.statement)), NRS_OK);
    assert_int_equal(nrs_roster_delta_make(&pieces, many, roster, nrs_slice_of(NULL, 0), 0), NRS_OK);
    assert_int_equal(nrs_roster_delta_decode(&delta, nrs_slice_of_bytes(&pieces.list[0])), NRS_OK);
    delta->count = 3;
    delta->index = 1; /* the middle first */
    assert_int_equal(nrs_roster_delta_encode(&changed, delta), NRS_OK);
    inject(&net, NRS_RECORD_ROSTER_DELTA, nrs_slice_of_bytes(&changed));
    delta->index = 0; /* the first twice, and no end */
    assert_int_equal(nrs_roster_delta_encode(&changed, delta), NRS_OK);
    inject(&net, NRS_RECORD_ROSTER_DELTA, nrs_slice_of_bytes(&changed));
    inject(&net, NRS_RECORD_ROSTER_DELTA, nrs_slice_of_bytes(&changed));
    delta->count = 1;
    delta->edits[0]->literal.data[30] ^= 1;
    assert_int_equal(nrs_roster_delta_encode(&changed, delta), NRS_OK);
    inject(&net, NRS_RECORD_ROSTER_DELTA, nrs_slice_of_bytes(&changed));
    delta->edits[0]->literal.data[30] ^= 1;
    delta->head->signatures[0]->signature.data[3] ^= 1; /* no room for pieces of an unsigned head */
    delta->count = 3;
    assert_int_equal(nrs_roster_delta_encode(&changed, delta), NRS_OK);
    inject(&net, NRS_RECORD_ROSTER_DELTA, nrs_slice_of_bytes(&changed));
    assert_false(mesh_gathers(&net, 1, 0));
    delta->head->signatures[0]->signature.data[3] ^= 1;
    assert_int_equal(nrs_roster_delta_encode(&changed, delta), NRS_OK);
    inject(&net, NRS_RECORD_ROSTER_DELTA, nrs_slice_of_bytes(&changed));
    assert_true(mesh_gathers(&net, 1, 0)); /* of a signed one there is */
    delta->count = 1;
    inject(&net, NRS_RECORD_ROSTER, nrs_slice_of_bytes(&first_many)); /* what it holds already */
    assert_int_equal(version_of(&net, 1), before);
    assert_true(mesh_linked(&net, 0, 1));
    delta->base_version = (uint64_t)before + 1; /* against a version that it does not hold: the link ends, the next hello tells */
    delta->base_hash = nrs_field_of(nrs_slice_of(delta->head->hash.data, NRS_HASH_SIZE));
    assert_int_equal(nrs_roster_delta_encode(&changed, delta), NRS_OK);
    inject(&net, NRS_RECORD_ROSTER_DELTA, nrs_slice_of_bytes(&changed));
    assert_false(mesh_linked(&net, 0, 1));
    delta->base_hash = (ProtobufCBinaryData){0};
    mesh_settle(&net, 2);
    assert_int_equal(version_of(&net, 1), before);
    inject(&net, NRS_RECORD_ROSTER_DELTA, nrs_slice_of_bytes(&pieces.list[0])); /* the right one all the same */
    assert_int_equal(version_of(&net, 1), before + 2);
    inject(&net, NRS_RECORD_ROSTER, nrs_slice_of_bytes(&first_many)); /* rolled back */
    assert_int_equal(version_of(&net, 1), before + 2);
    nrs_bytes_wipe(&changed);
    nrs_roster_delta_free(&delta);
    nrs_roster_free(&roster);
    nrs_signed_by_many_free(&many);
    nrs_roster_pieces_wipe(&pieces);
    nrs_bytes_wipe(&first_statement);
    nrs_bytes_wipe(&first_many);
    mesh_stop(&net);
}

static bool warned_of(mesh *net, const char *words)
{
    const json_t *warnings;
    size_t index;
    const json_t *one;
    bool found = false;

    assert_int_equal(mesh_command(net, 1, "{\"command\":\"status\"}"), NRS_OK);
    warnings = json_object_get(mesh_row(net, 1, 0), "warnings");
    json_array_foreach(warnings, index, one) {
        found = found || strstr(json_string_value(one), words) != NULL;
    }
    return found;
}

static bool names_community(mesh *net, const char *name)
{
    const json_t *list;
    size_t index;
    const json_t *one;
    bool found = false;

    assert_int_equal(mesh_command(net, 1, "{\"command\":\"status\"}"), NRS_OK);
    list = json_object_get(mesh_row(net, 1, 0), "communities");
    json_array_foreach(list, index, one) {
        found = found || strcmp(mesh_text(one, "id"), name) == 0;
    }
    return found;
}

/* Were it stored, the node would find no place for it at its next start; one that is stored all the same rests. */
static void the_community_beyond_the_last_is_stored_nowhere(void **state)
{
    static mesh net;
    static mesh_second others[NRS_COMMUNITY_COUNT_MAX];
    static char names[NRS_COMMUNITY_COUNT_MAX][8];
    static const size_t nodes[] = {1};
    static const uint32_t roles[] = {NRS_ROLE_HUB};
    const mesh_second *last;

    (void)state;
    mesh_start(&net, 2, 1);
    for (size_t i = 0; i < NRS_COMMUNITY_COUNT_MAX; i++) {
        (void)snprintf(names[i], sizeof names[i], "c-%02zu", i);
        if (i + 1 < NRS_COMMUNITY_COUNT_MAX) {
            mesh_second_start(&net, &others[i], names[i], nodes, roles, 1, false);
        } else {
            mesh_second_make(&net, &others[i], names[i], nodes, roles, 1, false);
            mesh_inbox(&net, 1, "last.roster", "ROSTER", nrs_slice_of_bytes(&others[i].many));
        }
    }
    assert_string_equal(net.nodes[1].last_log, "inbox: limit");
    mesh_crash(&net, 1); /* starts again from what is stored */
    assert_int_equal(mesh_command(&net, 1, "{\"command\":\"status\"}"), NRS_OK);
    assert_int_equal(json_array_size(json_object_get(mesh_row(&net, 1, 0), "communities")), NRS_COMMUNITY_COUNT_MAX);
    /* One that an earlier build stored all the same. */
    last = &others[NRS_COMMUNITY_COUNT_MAX - 1];
    assert_int_equal(nrs_store_begin(net.nodes[1].store), NRS_OK);
    assert_int_equal(nrs_store_roster_add(net.nodes[1].store, last->id, 1, nrs_slice_of_bytes(&last->many)), NRS_OK);
    assert_int_equal(nrs_store_commit(net.nodes[1].store), NRS_OK);
    mesh_crash(&net, 1);
    assert_non_null(net.nodes[1].core);
    mesh_settle(&net, 2);
    assert_true(warned_of(&net, "one node can be in 64 communities"));
    assert_false(names_community(&net, last->name)); /* the newest rests */
    assert_true(names_community(&net, "electricity"));
    assert_int_equal(mesh_command(&net, 1, "{\"command\":\"send\",\"label\":\"GREEN\",\"to\":[\"@c-63\"],\"kind\":\"incident\",\"subject\":\"S\",\"body\":\"B\"}"),
                     NRS_ERROR_UNKNOWN_COMMUNITY);
    mesh_remove(&net, 1); /* from its first one: a place is free at the next start */
    mesh_give(&net, 1);
    mesh_settle(&net, 3);
    mesh_crash(&net, 1);
    assert_true(names_community(&net, last->name));
    for (size_t i = 0; i < NRS_COMMUNITY_COUNT_MAX; i++) {
        mesh_second_stop(&others[i]);
    }
    mesh_stop(&net);
}

static size_t cards_audited(mesh *net, size_t node, const char *rule)
{
    size_t count = 0;

    assert_int_equal(mesh_command(net, node, "{\"command\":\"audit-list\",\"kind\":\"card\"}"), NRS_OK);
    for (size_t i = 0; i < mesh_row_count(net, node); i++) {
        const char *text = json_string_value(json_object_get(mesh_row(net, node, i), "rule"));

        count += text != NULL && strcmp(text, rule) == 0 ? 1 : 0;
    }
    return count;
}

/* Left in the inbox by a person, the card of who was removed is no more than from a peer. */
static void the_card_of_who_was_removed_is_refused(void **state)
{
    mesh net;
    watch seen;

    (void)state;
    start(&net, &seen);
    mesh_put(&net, 0, "CARD", nrs_slice_of_bytes(&net.nodes[3].card));
    assert_string_equal(net.nodes[0].last_log, "inbox: given taken up");
    mesh_remove(&net, 3);
    mesh_give(&net, 0);
    mesh_settle(&net, 2);
    for (size_t again = 0; again < 2; again++) {
        mesh_put(&net, 0, "CARD", nrs_slice_of_bytes(&net.nodes[3].card));
        assert_string_equal(net.nodes[0].last_log, "inbox: revoked");
        assert_int_equal(cards_audited(&net, 0, "revoked"), again + 1);
        mesh_put(&net, 0, "CARD", nrs_slice_of_bytes(&net.nodes[2].card));
        assert_string_equal(net.nodes[0].last_log, "inbox: given taken up");
        mesh_put(&net, 0, "CARD", nrs_slice_of_bytes(&net.nodes[0].card));
        assert_string_equal(net.nodes[0].last_log, "inbox: given taken up");
        mesh_crash(&net, 0); /* and so where it is not known as a peer */
    }
    mesh_stop(&net);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_change_travels_as_a_delta),
        cmocka_unit_test(who_was_away_is_told_the_steps),
        cmocka_unit_test(far_behind_gets_the_whole),
        cmocka_unit_test(a_hostile_hub_changes_nothing),
        cmocka_unit_test(the_card_of_who_was_removed_is_refused),
        cmocka_unit_test(the_community_beyond_the_last_is_stored_nowhere),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
