/* A report that comes for a destroyed prekey: asked for once, granted anew while the rules allow it, and never lost silently. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

#include "mesh_forge.h"
#include "proto/vocabulary.h"

#define OK(expression) assert_int_equal((expression), NRS_OK)

enum { HUB, ALPHA, BRAVO };

static mesh net;
static char id[2 * NRS_HASH_SIZE + 1];

static int start(void **state)
{
    (void)state;
    mesh_start(&net, 3, 1);
    mesh_settle(&net, 4);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    mesh_stop(&net);
    return 0;
}

/* Alpha sends while bravo is away; bravo comes back and destroys its prekeys before anything reaches it. */
static void send_to_destroyed(const char *expires)
{
    mesh_down(&net, BRAVO);
    OK(mesh_ask(&net, ALPHA, "{\"command\":\"send\",\"label\":\"AMBER\",\"to\":[\"org-2\"],\"kind\":\"incident\",\"subject\":\"途中\",\"body\":\"本文\"%s}", expires));
    (void)snprintf(id, sizeof id, "%s", mesh_text(mesh_row(&net, ALPHA, 0), "id"));
    mesh_settle(&net, 3);
    mesh_up(&net, BRAVO);
    OK(mesh_ask(&net, BRAVO, "{\"command\":\"prekeys-rotate\",\"destroy\":true}"));
    assert_true(json_integer_value(json_object_get(mesh_row(&net, BRAVO, 0), "destroyed")) >= NRS_ORG_PREKEY_COUNT);
}

static bool has_receipt(const char *stage)
{
    OK(mesh_ask(&net, ALPHA, "{\"command\":\"receipts\",\"id\":\"%s\"}", id));
    for (size_t i = 0; i < mesh_row_count(&net, ALPHA); i++) {
        if (strcmp(mesh_text(mesh_row(&net, ALPHA, i), "stage"), stage) == 0) {
            return true;
        }
    }
    return false;
}

static nrs_error count_type(void *context, const nrs_log_row *row)
{
    size_t *counts = context;

    counts[row->type] += row->record.size > 0;
    return NRS_OK;
}

static size_t records(size_t node, nrs_record_type type)
{
    size_t counts[64] = {0};

    OK(nrs_store_log_each(net.nodes[node].store, 0, 10000, count_type, counts));
    return counts[type];
}

static void test_granted_anew(void **state)
{
    (void)state;
    send_to_destroyed("");
    mesh_settle(&net, 8);
    OK(mesh_ask(&net, BRAVO, "{\"command\":\"show\",\"id\":\"%s\"}", id));
    assert_string_equal(mesh_text(mesh_row(&net, BRAVO, 0), "body"), "本文");
    assert_int_equal(records(HUB, NRS_RECORD_GRANT), 1); /* one grant, and the sealed report is the same */
    assert_int_equal(records(BRAVO, NRS_RECORD_SEALED), 1);
    mesh_settle(&net, 3);
    assert_true(has_receipt("stored"));
    assert_true(has_receipt("opened"));
    assert_false(has_receipt("cannot-open"));
    assert_true(has_receipt("sent"));
}

/* The same over a crash of each node between any two steps. */
static void test_crashes(void **state)
{
    (void)state;
    send_to_destroyed("");
    for (size_t i = 0; i < 12; i++) {
        mesh_settle(&net, 1);
        mesh_crash(&net, i % 3);
    }
    mesh_settle(&net, 8);
    OK(mesh_ask(&net, BRAVO, "{\"command\":\"show\",\"id\":\"%s\"}", id));
    assert_int_equal(records(HUB, NRS_RECORD_GRANT), 1);
}

static void test_forgotten_by_its_sender(void **state)
{
    (void)state;
    send_to_destroyed("");
    OK(mesh_ask(&net, ALPHA, "{\"command\":\"forget\",\"id\":\"%s\"}", id));
    mesh_settle(&net, 8);
    assert_int_equal(mesh_ask(&net, BRAVO, "{\"command\":\"show\",\"id\":\"%s\"}", id), NRS_ERROR_KEY_EXPIRED);
    assert_int_equal(records(HUB, NRS_RECORD_GRANT), 0);
}

static void test_sender_removed_the_reader(void **state)
{
    (void)state;
    send_to_destroyed("");
    net.inspect = NULL;
    mesh_remove(&net, BRAVO);
    mesh_settle(&net, 8);
    assert_int_equal(records(HUB, NRS_RECORD_GRANT), 0);
    assert_int_equal(records(ALPHA, NRS_RECORD_GRANT), 0);
}

/* A person's word: new grants are never made for a prekey that the reader has said is gone. */
static void test_second_destruction(void **state)
{
    (void)state;
    send_to_destroyed("");
    mesh_settle(&net, 2);
    mesh_down(&net, BRAVO);
    mesh_settle(&net, 3);
    mesh_up(&net, BRAVO);
    OK(mesh_ask(&net, BRAVO, "{\"command\":\"prekeys-rotate\",\"destroy\":true}"));
    mesh_settle(&net, 10);
    OK(mesh_ask(&net, BRAVO, "{\"command\":\"show\",\"id\":\"%s\"}", id));
    assert_true(records(HUB, NRS_RECORD_GRANT) <= 2);
}

static void test_rotation_without_destruction(void **state)
{
    size_t published = 0;

    (void)state;
    mesh_down(&net, BRAVO);
    OK(mesh_ask(&net, ALPHA, "{\"command\":\"send\",\"label\":\"AMBER\",\"to\":[\"org-2\"],\"kind\":\"incident\",\"subject\":\"途中\",\"body\":\"本文\"}"));
    (void)snprintf(id, sizeof id, "%s", mesh_text(mesh_row(&net, ALPHA, 0), "id"));
    mesh_settle(&net, 3);
    mesh_up(&net, BRAVO);
    OK(mesh_ask(&net, BRAVO, "{\"command\":\"prekeys\"}"));
    size_t before = mesh_row_count(&net, BRAVO);
    OK(mesh_ask(&net, BRAVO, "{\"command\":\"prekeys-rotate\"}"));
    OK(mesh_ask(&net, BRAVO, "{\"command\":\"prekeys\"}"));
    assert_int_equal(mesh_row_count(&net, BRAVO), 2 * before);
    for (size_t i = 0; i < 2 * before; i++) {
        published += json_is_true(json_object_get(mesh_row(&net, BRAVO, i), "published"));
    }
    assert_int_equal(published, before);
    mesh_settle(&net, 4);
    OK(mesh_ask(&net, BRAVO, "{\"command\":\"show\",\"id\":\"%s\"}", id));
    assert_int_equal(records(HUB, NRS_RECORD_GRANT), 0); /* nothing had to be granted anew */
    mesh_crash(&net, BRAVO);
    OK(mesh_ask(&net, BRAVO, "{\"command\":\"prekeys\"}"));
    assert_int_equal(mesh_row_count(&net, BRAVO), 2 * before);
    for (size_t i = 0; i < 200; i++) { /* bounded: secrets live in the locked pool */
        if (mesh_ask(&net, BRAVO, "{\"command\":\"prekeys-rotate\"}") == NRS_ERROR_LIMIT) {
            break;
        }
        assert_true(i < 100);
    }
    OK(mesh_ask(&net, BRAVO, "{\"command\":\"prekeys-rotate\",\"destroy\":true}"));
    OK(mesh_ask(&net, BRAVO, "{\"command\":\"prekeys\"}"));
    assert_int_equal(mesh_row_count(&net, BRAVO), before);
}

static long rows(size_t node)
{
    char path[128];
    sqlite3 *database = NULL;
    sqlite3_stmt *query = NULL;
    long count;

    (void)snprintf(path, sizeof path, "%s/store.db", net.nodes[node].folder);
    assert_int_equal(sqlite3_open_v2(path, &database, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(database, "SELECT count(*) FROM regrant", -1, &query, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(query), SQLITE_ROW);
    count = (long)sqlite3_column_int64(query, 0);
    assert_int_equal(sqlite3_finalize(query), SQLITE_OK);
    assert_int_equal(sqlite3_close(database), SQLITE_OK);
    return count;
}

/* What was asked for and honoured is remembered while the report lives, and no longer. */
static void test_requests_end_with_the_report(void **state)
{
    (void)state;
    send_to_destroyed("");
    mesh_settle(&net, 8);
    assert_true(has_receipt("stored"));
    assert_int_equal(rows(ALPHA), 1);
    assert_int_equal(rows(BRAVO), 1);
    for (size_t hour = 0; hour < 6 * 24; hour++) {
        net.now_ms += NRS_HOUR_MS;
        net.monotonic_ms += NRS_HOUR_MS;
        mesh_settle(&net, 1);
    }
    assert_int_equal(rows(ALPHA), 1);
    for (size_t hour = 0; hour < 11 * 24; hour++) {
        net.now_ms += NRS_HOUR_MS;
        net.monotonic_ms += NRS_HOUR_MS;
        mesh_settle(&net, 1);
    }
    assert_int_equal(rows(ALPHA), 0);
    assert_int_equal(rows(BRAVO), 0);
}

/* Requests that nobody honours: about a report that was not sent to the asker, and more than a report's share. */
static void test_store_counts(void **state)
{
    uint8_t org[NRS_KEY_SIZE] = {1}, prekey[NRS_PREKEY_ID_SIZE] = {2};
    const nrs_regrant_row row = {.report = 7, .org = org, .prekey = prekey, .at_ms = 1};
    bool fresh = false, has = false;
    uint64_t count = 0;

    (void)state;
    OK(nrs_store_begin(net.nodes[HUB].store));
    OK(nrs_store_regrant_has(net.nodes[HUB].store, &has, &row));
    assert_false(has);
    OK(nrs_store_regrant_add(net.nodes[HUB].store, &fresh, &row));
    assert_true(fresh);
    OK(nrs_store_regrant_add(net.nodes[HUB].store, &fresh, &row));
    assert_false(fresh);
    prekey[0]++;
    OK(nrs_store_regrant_add(net.nodes[HUB].store, &fresh, &row));
    OK(nrs_store_regrant_count(net.nodes[HUB].store, &count, 7, org));
    assert_int_equal(count, 2);
    OK(nrs_store_regrant_has(net.nodes[HUB].store, &has, &row));
    assert_true(has);
    nrs_store_rollback(net.nodes[HUB].store);
}

/* The prekey that was asked about, as the originator wrote it down. */
static void asked_prekey(uint8_t prekey_out[NRS_PREKEY_ID_SIZE])
{
    char path[128];
    sqlite3 *database = NULL;
    sqlite3_stmt *query = NULL;

    (void)snprintf(path, sizeof path, "%s/store.db", net.nodes[ALPHA].folder);
    assert_int_equal(sqlite3_open_v2(path, &database, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(database, "SELECT prekey FROM regrant", -1, &query, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(query), SQLITE_ROW);
    assert_int_equal(sqlite3_column_bytes(query, 0), NRS_PREKEY_ID_SIZE);
    memcpy(prekey_out, sqlite3_column_blob(query, 0), NRS_PREKEY_ID_SIZE);
    assert_int_equal(sqlite3_finalize(query), SQLITE_OK);
    assert_int_equal(sqlite3_close(database), SQLITE_OK);
}

/* A request of `from` to alpha, which its engine did not think of. */
static void request(size_t from, const uint8_t prekey[NRS_PREKEY_ID_SIZE])
{
    uint8_t sealed_id[NRS_HASH_SIZE];
    nrs_statement statement;

    OK(nrs_hex_decode(sealed_id, sizeof sealed_id, id));
    nrs__wire__statement__init(&statement);
    statement.type = NRS_STATEMENT_REGRANT;
    statement.sealed_id = nrs_field_of(nrs_slice_of(sealed_id, sizeof sealed_id));
    statement.at_ms = net.now_ms;
    statement.reference = nrs_field_of(nrs_slice_of(prekey, NRS_PREKEY_ID_SIZE));
    mesh_say(&net, from, ALPHA, &statement);
    mesh_settle(&net, 3);
}

/* Who asks again and again for the same is granted once; for ever new prekeys, eight times for one report. */
static void test_hostile_reader(void **state)
{
    uint8_t prekey[NRS_PREKEY_ID_SIZE];

    (void)state;
    send_to_destroyed("");
    mesh_settle(&net, 8);
    assert_int_equal(records(HUB, NRS_RECORD_GRANT), 1);
    asked_prekey(prekey);
    for (size_t i = 0; i < 3; i++) {
        request(BRAVO, prekey);
    }
    assert_int_equal(records(HUB, NRS_RECORD_GRANT), 1);
    for (size_t i = 0; i < 12; i++) {
        prekey[0]++;
        request(BRAVO, prekey);
    }
    assert_int_equal(records(HUB, NRS_RECORD_GRANT), 8);
    assert_int_equal(rows(ALPHA), 8);
}

/* Whom the report was not for is granted nothing by asking. */
static void test_asked_by_another(void **state)
{
    const uint8_t prekey[NRS_PREKEY_ID_SIZE] = {9};

    (void)state;
    send_to_destroyed("");
    mesh_down(&net, BRAVO);
    request(HUB, prekey);
    assert_non_null(strstr(net.nodes[ALPHA].last_log, "not-found"));
    assert_int_equal(records(HUB, NRS_RECORD_GRANT), 0);
    assert_int_equal(records(ALPHA, NRS_RECORD_GRANT), 0);
    assert_int_equal(rows(ALPHA), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_granted_anew, start, stop),
        cmocka_unit_test_setup_teardown(test_crashes, start, stop),
        cmocka_unit_test_setup_teardown(test_forgotten_by_its_sender, start, stop),
        cmocka_unit_test_setup_teardown(test_sender_removed_the_reader, start, stop),
        cmocka_unit_test_setup_teardown(test_second_destruction, start, stop),
        cmocka_unit_test_setup_teardown(test_rotation_without_destruction, start, stop),
        cmocka_unit_test_setup_teardown(test_store_counts, start, stop),
        cmocka_unit_test_setup_teardown(test_requests_end_with_the_report, start, stop),
        cmocka_unit_test_setup_teardown(test_hostile_reader, start, stop),
        cmocka_unit_test_setup_teardown(test_asked_by_another, start, stop),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
