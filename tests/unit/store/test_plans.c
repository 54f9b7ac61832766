/* What a statement costs does not grow with what the store holds: none goes through the whole log or all reports, but where that is what it is for. */
#include <sqlite3.h>

#include "schema.h"
#include "statements.h"
#include "test_fixture.h"

static const char *const names[] = {
#define NAME(name, kind, sql) [NRS_STATEMENT_##name] = #name,
    NRS_STATEMENTS(NAME)
#undef NAME
};

static const char *const texts[] = {
#define TEXT(name, kind, sql) [NRS_STATEMENT_##name] = "EXPLAIN QUERY PLAN " sql,
    NRS_STATEMENTS(TEXT)
#undef TEXT
};

/* They are asked for a check of the whole store, and once after a start or a rollback; the last looks at one row. */
static bool may_scan(nrs_statement which)
{
    return which == NRS_STATEMENT_IDS_WANTED || which == NRS_STATEMENT_REPORT_COUNT || which == NRS_STATEMENT_FOLLOWS_ANY;
}

/* "SCAN log", and what may follow; p is what reports are called in statements that join them. */
static bool is_scan(const char *detail)
{
    static const char *const scans[] = {"SCAN log", "SCAN report", "SCAN p", "SCAN follows"};

    for (size_t i = 0; i < sizeof scans / sizeof scans[0]; i++) {
        const size_t size = strlen(scans[i]);

        if (strncmp(detail, scans[i], size) == 0 && (detail[size] == '\0' || detail[size] == ' ')) {
            return true;
        }
    }
    return false;
}

static bool scans(sqlite3 *database, nrs_statement which)
{
    sqlite3_stmt *plan = NULL;
    bool found = false;
    int code;

    assert_int_equal(sqlite3_prepare_v2(database, texts[which], -1, &plan, NULL), SQLITE_OK);
    for (code = sqlite3_step(plan); code == SQLITE_ROW; code = sqlite3_step(plan)) {
        found = found || is_scan((const char *)sqlite3_column_text(plan, 3));
    }
    assert_int_equal(code, SQLITE_DONE);
    assert_int_equal(sqlite3_finalize(plan), SQLITE_OK);
    return found;
}

static void no_statement_goes_through_the_whole_log(void **state)
{
    sqlite3 *database = NULL;

    (void)state;
    assert_int_equal(sqlite3_open(":memory:", &database), SQLITE_OK);
    assert_int_equal(sqlite3_exec(database, NRS_SCHEMA, NULL, NULL, NULL), SQLITE_OK);
    for (size_t i = 0; i < NRS_STATEMENT_COUNT; i++) {
        if (scans(database, (nrs_statement)i) != may_scan((nrs_statement)i)) {
            fail_msg("%s", names[i]);
        }
    }
    assert_int_equal(sqlite3_close(database), SQLITE_OK);
}

static void add_report(fixture *f, const uint8_t *id, nrs_report_part part, uint32_t flags)
{
    const test_id community = make_id(1, 0);
    const nrs_log_row row = {.type = 1, .id = id, .record = text("r")};
    nrs_report_row report = {.id = id, .part = part, .flags = flags, .community = community.bytes, .originator = community.bytes};

    assert_int_equal(nrs_store_log_append(f->store, &report.position, &row), NRS_OK);
    assert_int_equal(nrs_store_report_add(f->store, &report), NRS_OK);
}

static void add_ask(fixture *f, uint32_t number, const uint8_t *report, bool mine, uint64_t expires_ms)
{
    const test_id id = make_id(2, number), org = make_id(3, 0);
    const nrs_ask_row row = {.id = id.bytes, .report = report, .mine = mine, .at_ms = 1, .expires_ms = expires_ms, .org = org.bytes, .person = "",
                             .reason = "R"};
    bool new = false;

    assert_int_equal(nrs_store_ask_add(f->store, &new, &row), NRS_OK);
    assert_true(new);
}

static uint64_t waiting(fixture *f, uint64_t now_ms)
{
    uint64_t count = 0;

    assert_int_equal(nrs_store_ask_waiting(f->store, &count, now_ms, 4), NRS_OK);
    return count;
}

static void asks_that_wait_for_this_node(void **state)
{
    fixture *f = *state;
    const test_id sent = random_id(1), received = random_id(2), vouched = random_id(3), carried = random_id(4), unknown = random_id(5), withdrawn = random_id(6);
    const nrs_withdrawal_row recall = {.id = withdrawn.bytes, .position = 6, .at_ms = 1, .until_ms = 1000, .originator = sent.bytes, .person = "", .reason = ""};
    bool new = false;

    assert_int_equal(nrs_store_begin(f->store), NRS_OK);
    add_report(f, sent.bytes, NRS_PART_SENT, 3);
    add_report(f, received.bytes, NRS_PART_RECEIVED, 0);
    add_report(f, vouched.bytes, NRS_PART_SENT, 4);
    add_report(f, carried.bytes, NRS_PART_CARRIED, 0);
    add_report(f, withdrawn.bytes, NRS_PART_SENT, 0);
    add_ask(f, 1, received.bytes, false, 100);
    add_ask(f, 2, vouched.bytes, false, 100);
    add_ask(f, 3, carried.bytes, false, 100);
    add_ask(f, 4, unknown.bytes, false, 100);
    add_ask(f, 5, sent.bytes, true, 100);
    add_ask(f, 6, withdrawn.bytes, false, 100);
    assert_int_equal(waiting(f, 50), 1); /* of what is not withdrawn yet */
    assert_int_equal(nrs_store_withdrawal_add(f->store, &new, &recall), NRS_OK);
    assert_int_equal(waiting(f, 50), 0);
    add_ask(f, 7, sent.bytes, false, 100);
    add_ask(f, 8, sent.bytes, false, 200);
    assert_int_equal(waiting(f, 50), 2);
    assert_int_equal(waiting(f, 100), 1);
    assert_int_equal(nrs_store_commit(f->store), NRS_OK);
}

static nrs_error count_row(void *context, const nrs_ask_row *row)
{
    (void)row;
    ++*(size_t *)context;
    return NRS_OK;
}

static size_t asks_left(fixture *f, uint64_t before_ms)
{
    size_t count = 0;

    assert_int_equal(nrs_store_ask_expire(f->store, before_ms), NRS_OK);
    assert_int_equal(nrs_store_ask_each(f->store, NULL, count_row, &count), NRS_OK);
    return count;
}

/* An open one by its report's end, one that was denied by its answer, one that was agreed to by the later of answer and end. */
static void asks_go_with_what_they_are_about(void **state)
{
    fixture *f = *state;
    const test_id report = make_id(1, 1), denied = make_id(2, 2), released = make_id(2, 3);
    nrs_ask_row answer = {.state = NRS_ASK_DENIED, .answered_ms = 60, .answerer = "", .answer = "", .expires_ms = 100};
    bool changed = false;

    assert_int_equal(nrs_store_begin(f->store), NRS_OK);
    for (uint32_t number = 1; number <= 3; number++) {
        add_ask(f, number, report.bytes, false, 100);
    }
    answer.id = denied.bytes;
    assert_int_equal(nrs_store_ask_answer(f->store, &changed, &answer), NRS_OK);
    assert_true(changed);
    answer.id = released.bytes;
    answer.state = NRS_ASK_RELEASED;
    answer.expires_ms = 90;
    assert_int_equal(nrs_store_ask_answer(f->store, &changed, &answer), NRS_OK);
    assert_true(changed);
    assert_int_equal(asks_left(f, 59), 3);
    assert_int_equal(asks_left(f, 60), 2);
    assert_int_equal(asks_left(f, 90), 1);
    assert_int_equal(asks_left(f, 99), 1);
    assert_int_equal(asks_left(f, 100), 0);
    assert_int_equal(nrs_store_commit(f->store), NRS_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_statement_goes_through_the_whole_log),
        cmocka_unit_test_setup_teardown(asks_go_with_what_they_are_about, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(asks_that_wait_for_this_node, fixture_setup, fixture_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
