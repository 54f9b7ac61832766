/* Statements that wait for a prekey of their reader hold nobody else's up, end in time, and are bounded for each reader (SPEC 8). */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

#include "keys/envelope.h"
#include "mesh.h"
#include "proto/vocabulary.h"

#define OK(expression) assert_int_equal((expression), NRS_OK)
#define KEEPER 1u
#define READER 2u
#define MANY 70000u
#define PER_READER_MAX 16384u

static mesh net;

static const uint8_t *key_of(size_t node)
{
    return nrs_identity_public(net.nodes[node].identity)->sign_key;
}

static sqlite3 *open_store(size_t node)
{
    sqlite3 *database = NULL;
    char path[128];

    (void)snprintf(path, sizeof path, "%s/store.db", net.nodes[node].folder);
    assert_int_equal(sqlite3_open(path, &database), SQLITE_OK);
    return database;
}

static void bind_and_step(sqlite3_stmt *statement, int want)
{
    assert_int_equal(sqlite3_step(statement), want);
}

/* So many receipts of that time in the store of the keeper, which is down. */
static void add_letters(const uint8_t reader[NRS_KEY_SIZE], size_t count, uint64_t at_ms)
{
    static const char sql[] = "INSERT INTO letter(recipient, community, statement) VALUES(?1, ?2, ?3)";
    sqlite3 *database = open_store(KEEPER);
    sqlite3_stmt *insert = NULL;
    nrs_statement statement;
    nrs_bytes bytes = {0};
    uint8_t community[NRS_HASH_SIZE] = {0}, report[NRS_HASH_SIZE] = {1};

    nrs__wire__statement__init(&statement);
    statement.type = NRS_STATEMENT_RECEIPT;
    statement.sealed_id = nrs_field_of(nrs_slice_of(report, sizeof report));
    statement.at_ms = at_ms;
    statement.stage = NRS_STAGE_STORED;
    OK(nrs_statement_encode(&bytes, &statement));
    assert_int_equal(sqlite3_exec(database, "BEGIN", NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(database, "SELECT community FROM roster LIMIT 1", -1, &insert, NULL), SQLITE_OK);
    bind_and_step(insert, SQLITE_ROW);
    memcpy(community, sqlite3_column_blob(insert, 0), sizeof community);
    (void)sqlite3_finalize(insert);
    assert_int_equal(sqlite3_prepare_v2(database, sql, -1, &insert, NULL), SQLITE_OK);
    for (size_t i = 0; i < count; i++) {
        (void)sqlite3_bind_blob(insert, 1, reader, NRS_KEY_SIZE, SQLITE_STATIC);
        (void)sqlite3_bind_blob(insert, 2, community, NRS_HASH_SIZE, SQLITE_STATIC);
        (void)sqlite3_bind_blob(insert, 3, bytes.data, (int)bytes.size, SQLITE_STATIC);
        bind_and_step(insert, SQLITE_DONE);
        (void)sqlite3_reset(insert);
    }
    (void)sqlite3_finalize(insert);
    assert_int_equal(sqlite3_exec(database, "COMMIT", NULL, NULL, NULL), SQLITE_OK);
    (void)sqlite3_close(database);
    nrs_bytes_wipe(&bytes);
}

static size_t letters_to(const uint8_t reader[NRS_KEY_SIZE])
{
    sqlite3 *database = open_store(KEEPER);
    sqlite3_stmt *count = NULL;
    size_t found;

    assert_int_equal(sqlite3_prepare_v2(database, "SELECT count(*) FROM letter WHERE recipient = ?1", -1, &count, NULL), SQLITE_OK);
    (void)sqlite3_bind_blob(count, 1, reader, NRS_KEY_SIZE, SQLITE_STATIC);
    bind_and_step(count, SQLITE_ROW);
    found = (size_t)sqlite3_column_int64(count, 0);
    (void)sqlite3_finalize(count);
    (void)sqlite3_close(database);
    return found;
}

/* As it is at a node that has never been given them. */
static void forget_prekeys(const uint8_t owner[NRS_KEY_SIZE])
{
    sqlite3 *database = open_store(KEEPER);
    sqlite3_stmt *delete = NULL;

    assert_int_equal(sqlite3_prepare_v2(database, "DELETE FROM prekeys WHERE owner = ?1", -1, &delete, NULL), SQLITE_OK);
    (void)sqlite3_bind_blob(delete, 1, owner, NRS_KEY_SIZE, SQLITE_STATIC);
    bind_and_step(delete, SQLITE_DONE);
    assert_int_equal(sqlite3_changes(database), 1);
    (void)sqlite3_finalize(delete);
    (void)sqlite3_close(database);
}

static void stop(void)
{
    mesh_stop(&net);
}

/* One whose prekeys are not known has more letters than are looked at, and the lowest key of all: they came first. */
static void who_has_no_prekeys_holds_nobody_up(void **state)
{
    size_t low = 0, high = 0;

    (void)state;
    mesh_start(&net, 4, 1);
    mesh_down(&net, KEEPER);
    low = memcmp(key_of(READER), key_of(3), NRS_KEY_SIZE) < 0 ? READER : 3;
    high = low == 3 ? READER : 3;
    forget_prekeys(key_of(low));
    add_letters(key_of(low), MANY, net.now_ms);
    add_letters(key_of(high), 1, net.now_ms);
    mesh_up(&net, KEEPER);
    mesh_settle(&net, 4);
    assert_int_equal(letters_to(key_of(high)), 0);
    assert_int_equal(letters_to(key_of(low)), MANY);
    OK(mesh_ask(&net, KEEPER, "{\"command\":\"status\"}"));
    assert_int_equal(json_integer_value(json_object_get(mesh_row(&net, KEEPER, 0), "queued")), MANY);
    stop();
}

/* All of many that can leave do, over as many steps as it takes. */
static void many_that_can_leave_do(void **state)
{
    (void)state;
    mesh_start(&net, 3, 1);
    mesh_down(&net, KEEPER);
    add_letters(key_of(READER), 9000, net.now_ms);
    add_letters(key_of(0), 9000, net.now_ms);
    mesh_up(&net, KEEPER);
    mesh_settle(&net, 12);
    assert_int_equal(letters_to(key_of(READER)) + letters_to(key_of(0)), 0);
    stop();
}

/* They outlive the reports that they speak of, and what is kept of those at their readers, by nothing. */
static void they_end_in_time(void **state)
{
    const uint64_t ages_ms[] = {29 * NRS_DAY_MS, 26 * NRS_DAY_MS + NRS_DAY_MS / 2, NRS_DAY_MS};

    (void)state;
    mesh_start(&net, 3, 1);
    mesh_down(&net, KEEPER);
    forget_prekeys(key_of(READER));
    for (size_t i = 0; i < 3; i++) {
        add_letters(key_of(READER), 1000, net.now_ms - ages_ms[i]);
    }
    mesh_up(&net, KEEPER);
    mesh_settle(&net, 3);
    assert_int_equal(letters_to(key_of(READER)), 3000); /* the clock is not trusted yet */
    for (size_t i = 0; i < 11; i++) {
        net.now_ms += NRS_DAY_MS / 4;
        net.monotonic_ms += NRS_DAY_MS / 4;
        mesh_settle(&net, 5);
    }
    assert_int_equal(letters_to(key_of(READER)), 1000); /* 3 days old */
    stop();
}

/* Those whose time does not come hold up nobody's behind them; of those dated ahead, some by a clock that was far wrong. */
static void those_that_stay_hold_no_others_end_up(void **state)
{
    (void)state;
    mesh_start(&net, 3, 1);
    mesh_down(&net, KEEPER);
    forget_prekeys(key_of(READER));
    add_letters(key_of(READER), 600, net.now_ms + 10 * NRS_DAY_MS);
    add_letters(key_of(READER), 300, NRS_TIME_MS_MAX);
    add_letters(key_of(READER), 300, net.now_ms + 60 * NRS_DAY_MS);
    add_letters(key_of(READER), 700, net.now_ms - 28 * NRS_DAY_MS);
    mesh_up(&net, KEEPER);
    for (size_t i = 0; i < 10; i++) {
        net.now_ms += NRS_DAY_MS / 4;
        net.monotonic_ms += NRS_DAY_MS / 4;
        mesh_settle(&net, 5);
    }
    assert_int_equal(letters_to(key_of(READER)), 600);
    stop();
}

static void letters_after_a_report(size_t held, size_t want)
{
    mesh_start(&net, 3, 1);
    mesh_down(&net, KEEPER);
    forget_prekeys(key_of(READER));
    add_letters(key_of(READER), held, net.now_ms);
    mesh_up(&net, KEEPER);
    mesh_settle(&net, 3);
    OK(mesh_ask(&net, READER, "{\"command\":\"send\",\"label\":\"AMBER\",\"kind\":\"incident\",\"subject\":\"s\",\"body\":\"b\",\"to\":[\"org-1\"]}"));
    mesh_settle(&net, 4);
    OK(mesh_ask(&net, KEEPER, "{\"command\":\"list\"}"));
    assert_int_equal(mesh_row_count(&net, KEEPER), 1);
    assert_int_equal(letters_to(key_of(READER)), want);
    stop();
}

/* Who publishes no prekeys and goes on sending reports fills nobody's disk: so many receipts wait, and no more. */
static void so_many_wait_for_one_reader(void **state)
{
    (void)state;
    letters_after_a_report(0, 1);
    letters_after_a_report(PER_READER_MAX - 1, PER_READER_MAX);
    letters_after_a_report(PER_READER_MAX, PER_READER_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_has_no_prekeys_holds_nobody_up),
        cmocka_unit_test(many_that_can_leave_do),
        cmocka_unit_test(they_end_in_time),
        cmocka_unit_test(those_that_stay_hold_no_others_end_up),
        cmocka_unit_test(so_many_wait_for_one_reader),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
