/* Many later grants of one report: found by whom they are for, and not without end (SPEC 10.4). */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "keys/seal.h"
#include "mesh_forge.h"
#include "mesh_look.h"
#include "mesh_records.h"
#include "proto/vocabulary.h"

#define OK(expression) assert_int_equal((expression), NRS_OK)

enum { HUB, ALPHA, BRAVO, FIRST_LATE };
#define NODE_COUNT (MESH_NODE_MAX - 1u)

static mesh net;
static char id[2 * NRS_HASH_SIZE + 1];

/* Alpha writes to all while the last of them have been entered and have not come yet; then they come. */
static void grant_late(void)
{
    char org[32];

    mesh_start(&net, FIRST_LATE, 1);
    for (size_t i = FIRST_LATE; i < NODE_COUNT; i++) {
        (void)snprintf(org, sizeof org, "org-%zu", i);
        assert_int_equal(mesh_add_node(&net, org), i);
        mesh_join(&net, i, NRS_ROLE_OPERATOR);
        mesh_down(&net, i);
    }
    mesh_settle(&net, 5);
    OK(mesh_ask(&net, ALPHA, "{\"command\":\"send\",\"label\":\"AMBER\",\"to\":[\"@electricity\"],\"kind\":\"incident\",\"subject\":\"S\",\"body\":\"B\"}"));
    (void)snprintf(id, sizeof id, "%s", mesh_text(mesh_row(&net, ALPHA, 0), "id"));
    mesh_settle(&net, 3);
    for (size_t i = FIRST_LATE; i < NODE_COUNT; i++) {
        mesh_up(&net, i);
        mesh_settle(&net, 5);
    }
}

typedef struct watched {
    size_t peer;
    size_t records; /* of the largest item that the hub sent to it */
} watched;

static bool watch(void *context, size_t from, size_t to, nrs_slice bytes)
{
    watched *seen = context;
    nrs_frame *frame = NULL;
    nrs_items *items = NULL;

    if (from == HUB && to == seen->peer && nrs_frame_decode(&frame, bytes) == NRS_OK && frame->type == NRS_FRAME_ITEMS &&
        nrs_items_decode(&items, nrs_field(&frame->payload)) == NRS_OK) {
        for (size_t i = 0; i < items->n_items; i++) {
            seen->records = items->items[i]->position != 0 && items->items[i]->n_records > seen->records ? items->items[i]->n_records : seen->records;
        }
    }
    nrs_items_free(&items);
    nrs_frame_free(&frame);
    return true;
}

/* It says that it misses the report, and the hub sends it again: with how many records? */
static size_t asked_again(size_t peer)
{
    watched seen = {.peer = peer};
    uint8_t bytes[NRS_HASH_SIZE];
    nrs_statement statement;

    OK(nrs_hex_decode(bytes, sizeof bytes, id));
    nrs__wire__statement__init(&statement);
    statement.type = NRS_STATEMENT_MISSING;
    statement.sealed_id = statement.reference = statement.detail = nrs_field_of(nrs_slice_of(bytes, sizeof bytes));
    statement.at_ms = net.now_ms;
    mesh_post(&net, peer, HUB, peer, &statement);
    net.inspect = watch;
    net.inspect_context = &seen;
    mesh_settle(&net, 2);
    net.inspect = NULL;
    return seen.records;
}

static void each_has_its_own_slots_again(void **state)
{
    (void)state;
    grant_late();
    assert_int_equal(mesh_rows_of(&net, HUB, NRS_RECORD_GRANT), NODE_COUNT - FIRST_LATE);
    for (size_t i = FIRST_LATE; i < NODE_COUNT; i++) {
        assert_int_equal(asked_again(i), 3); /* the report, its grant, its slot */
    }
    assert_int_equal(asked_again(BRAVO), 2); /* of the first grant: that stands in the report */
    mesh_stop(&net);
}

/* What is read for one of them does not grow with the others'. */
static void one_look_up_is_enough(void **state)
{
    long long before;

    (void)state;
    grant_late();
    mesh_crash(&net, HUB); /* nothing is in memory */
    mesh_settle(&net, 4);
    before = mesh_rows_read(&net, HUB);
    assert_int_equal(asked_again(FIRST_LATE), 3);
    assert_true(mesh_rows_read(&net, HUB) - before <= 6);
    mesh_stop(&net);
}

/* A grant of alpha's for as many as a grant may have, whoever they are. */
static void flood_grant(nrs_bytes *record_out, const nrs_sealed_view *view, uint8_t number)
{
    uint8_t epk[NRS_KEY_SIZE] = {9}, root[NRS_HASH_SIZE] = {number};
    nrs_grant grant;
    nrs_bytes bytes = {0};

    nrs__wire__grant__init(&grant);
    grant.suite = NRS_SUITE;
    grant.grantor = nrs_field_of(nrs_slice_of(nrs_identity_public(net.nodes[ALPHA].identity)->sign_key, NRS_KEY_SIZE));
    grant.authority = 1;
    grant.audience_commitment = view->header->audience_commitment;
    grant.epk = nrs_field_of(nrs_slice_of(epk, sizeof epk));
    grant.slot_root = nrs_field_of(nrs_slice_of(root, sizeof root));
    grant.slot_count = NRS_SLOT_COUNT_MAX;
    grant.created_ms = net.now_ms;
    grant.sealed_id = nrs_field_of(nrs_slice_of(view->id, NRS_HASH_SIZE));
    OK(nrs_grant_encode(&bytes, &grant));
    OK(nrs_signed_record(record_out, NRS_RECORD_GRANT, net.nodes[ALPHA].identity, nrs_slice_of_bytes(&bytes)));
    nrs_bytes_wipe(&bytes);
}

/* Alpha's report, and so many of these grants of it, which a node is handed with nothing of the report at hand. */
static void flood(uint8_t count, size_t from, size_t to)
{
    mesh_records sealed;
    nrs_record *record = NULL;
    nrs_sealed_view *view = NULL;

    mesh_start(&net, FIRST_LATE, 1);
    OK(mesh_ask(&net, ALPHA, "{\"command\":\"send\",\"label\":\"AMBER\",\"to\":[\"@electricity\"],\"kind\":\"incident\",\"subject\":\"S\",\"body\":\"B\"}"));
    mesh_settle(&net, 3);
    sealed = mesh_records_of(&net, ALPHA, NRS_RECORD_SEALED);
    OK(nrs_record_decode(&record, nrs_slice_of_bytes(&sealed.records[0])));
    OK(nrs_sealed_parse(&view, nrs_field(&record->payload)));
    mesh_not_at_hand(&net, to);
    for (uint8_t i = 1; i <= count; i++) {
        nrs_bytes grant = {0};

        flood_grant(&grant, view, i);
        mesh_give_records(&net, from, to, (1u << 20) + i, nrs_slice_of_bytes(&grant), nrs_slice_of(NULL, 0));
        nrs_bytes_wipe(&grant);
    }
    nrs_sealed_view_free(&view);
    nrs_record_free(&record);
    mesh_records_wipe(&sealed);
}

static void grants_of_one_report_have_an_end(void **state)
{
    (void)state;
    flood(12, ALPHA, HUB);
    assert_int_equal(mesh_rows_of(&net, HUB, NRS_RECORD_GRANT), 8);
    assert_non_null(strstr(net.nodes[HUB].last_log, "too-large"));
    assert_true(mesh_linked(&net, ALPHA, HUB));
    mesh_stop(&net);
}

static void grants_of_one_report_have_it_read_once(void **state)
{
    static const struct {
        size_t from, to;
    } ways[] = {{ALPHA, HUB}, {HUB, BRAVO}};

    (void)state;
    for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++) {
        long long none, rows;

        flood(0, ways[i].from, ways[i].to);
        none = mesh_rows_read(&net, ways[i].to);
        mesh_stop(&net);
        flood(8, ways[i].from, ways[i].to);
        rows = mesh_rows_read(&net, ways[i].to) - none;
        assert_int_equal(mesh_rows_of(&net, ways[i].to, NRS_RECORD_GRANT), 8);
        assert_in_range(rows, 1, 8 + 2); /* and where it is looked at for whom it goes to, with each of them */
        mesh_stop(&net);
    }
}

/* The hub has read all that it reads for nothing at alpha's word when alpha grants anew. */
static void who_had_much_read_for_nothing_waits_and_loses_nothing(void **state)
{
    (void)state;
    mesh_start(&net, FIRST_LATE, 1);
    assert_int_equal(mesh_add_node(&net, "org-3"), FIRST_LATE);
    mesh_join(&net, FIRST_LATE, NRS_ROLE_OPERATOR);
    mesh_down(&net, FIRST_LATE);
    mesh_settle(&net, 5);
    OK(mesh_ask(&net, ALPHA, "{\"command\":\"send\",\"label\":\"AMBER\",\"to\":[\"@electricity\"],\"kind\":\"incident\",\"subject\":\"S\",\"body\":\"B\"}"));
    for (size_t i = 0; i < 70; i++) { /* so that the hub has it no more at hand */
        OK(mesh_ask(&net, BRAVO, "{\"command\":\"send\",\"label\":\"AMBER\",\"to\":[\"org-0\"],\"kind\":\"incident\",\"subject\":\"S\",\"body\":\"B\"}"));
    }
    mesh_settle(&net, 5);
    mesh_exhaust(&net, HUB, ALPHA, false);
    mesh_up(&net, FIRST_LATE);
    mesh_settle(&net, 20);
    assert_int_equal(mesh_rows_of(&net, ALPHA, NRS_RECORD_GRANT), 1);
    assert_int_equal(mesh_rows_of(&net, HUB, NRS_RECORD_GRANT), 0);
    assert_int_equal(mesh_listed(&net, FIRST_LATE), 0);
    assert_true(mesh_linked(&net, ALPHA, HUB));
    mesh_settle(&net, 60);
    assert_int_equal(mesh_rows_of(&net, HUB, NRS_RECORD_GRANT), 1);
    assert_int_equal(mesh_listed(&net, FIRST_LATE), 1);
    mesh_stop(&net);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_has_its_own_slots_again),
        cmocka_unit_test(one_look_up_is_enough),
        cmocka_unit_test(grants_of_one_report_have_an_end),
        cmocka_unit_test(grants_of_one_report_have_it_read_once),
        cmocka_unit_test(who_had_much_read_for_nothing_waits_and_loses_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
