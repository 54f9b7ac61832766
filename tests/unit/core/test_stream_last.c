/* The last report of a stream, behind which nothing comes that would show that it is missing: its originator tells who has not confirmed it
 * (SPEC 6.8). */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

#include "mesh.h"
#include "mesh_disk.h"
#include "mesh_look.h"
#include "mesh_records.h"

#define OK(call) assert_int_equal((call), NRS_OK)

static mesh net;

static void send_report(size_t node, char id_out[65])
{
    OK(mesh_ask(&net, node, "{\"command\":\"send\",\"label\":\"AMBER\",\"to\":[\"@electricity\"],\"kind\":\"incident\",\"subject\":\"数\",\"body\":\"本文\"}"));
    (void)snprintf(id_out, 65, "%s", mesh_text(mesh_row(&net, node, 0), "id"));
}

static void pass(uint64_t ms)
{
    net.now_ms += ms;
    net.monotonic_ms += ms;
    mesh_settle(&net, 6);
}

static long number_of(size_t node, const char *query)
{
    char text[65];

    mesh_sql_one(&net, node, text, query);
    return strtol(text, NULL, 10);
}

/* Nothing comes after it, and still its recipient is told: also of the first of all, whose stream it never heard of. */
static void the_last_report_is_missed_as_well(void **state)
{
    (void)state;
    for (size_t earlier = 0; earlier < 3; earlier += 2) {
        char ids[4][65];

        mesh_start(&net, 4, 1);
        mesh_down(&net, 2);
        for (size_t i = 0; i <= earlier; i++) {
            send_report(1, ids[i]);
        }
        mesh_settle(&net, 2);
        mesh_withhold(&net, 0, ids[earlier]);
        if (earlier > 0) {
            mesh_withhold(&net, 0, ids[earlier - 1]);
        }
        mesh_up(&net, 2);
        mesh_settle(&net, 30);
        assert_false(mesh_has(&net, 2, ids[earlier]));
        assert_int_equal(mesh_missing(&net, 2, "org-1", "missing"), 0); /* nothing shows it yet */
        mesh_down(&net, 3);
        pass(NRS_HOUR_MS); /* the originator has not heard of it; it tells, and is asked */
        assert_true(number_of(2, "SELECT count(*) FROM stream_gap") == 1 || mesh_has(&net, 2, ids[earlier]));
        mesh_settle(&net, 20);
        for (size_t i = 0; i <= earlier; i++) {
            assert_true(mesh_has(&net, 2, ids[i]));
        }
        assert_int_equal(mesh_missing(&net, 2, "org-1", "missing"), 0);
        assert_int_equal(number_of(1, "SELECT count(*) FROM receipt WHERE address = 'org-2'"), (long)earlier + 1);
        mesh_stop(&net);
    }
}

/* It is shown while nobody can bring it, widened by the next word, and not forgotten when more comes. */
static void what_the_last_word_says_is_shown(void **state)
{
    char ids[4][65];

    (void)state;
    mesh_start(&net, 3, 1);
    for (size_t i = 0; i < 3; i++) {
        send_report(1, ids[i]);
        mesh_settle(&net, i == 0 ? 4 : 0);
        if (i == 0) {
            mesh_down(&net, 2);
        }
    }
    mesh_settle(&net, 2);
    mesh_withhold(&net, 0, ids[1]);
    mesh_withhold(&net, 0, ids[2]);
    pass(NRS_HOUR_MS);
    mesh_down(&net, 1);
    mesh_up(&net, 2);
    mesh_settle(&net, 16);
    assert_int_equal(mesh_missing(&net, 2, "org-1", "missing"), 2);
    assert_true(mesh_warned(&net, 2, "2 reports of org-1 in @electricity are missing since "));
    mesh_up(&net, 1);
    send_report(1, ids[3]); /* of another stream, since it was started */
    mesh_settle(&net, 20);
    for (size_t i = 0; i < 4; i++) {
        assert_true(mesh_has(&net, 2, ids[i]));
    }
    assert_int_equal(mesh_missing(&net, 2, "org-1", "missing"), 0);
    mesh_stop(&net);
}

/* Who has confirmed is told nothing, lost receipts are given again, and what is over is forgotten. */
static void only_the_silent_are_told(void **state)
{
    char id[65];
    long before_letters;

    (void)state;
    mesh_start(&net, 4, 1);
    send_report(1, id);
    mesh_settle(&net, 4);
    assert_int_equal(number_of(1, "SELECT count(*) FROM receipt"), 3);
    before_letters = number_of(1, "SELECT count(*) FROM log WHERE type = 8 AND source = x''");
    pass(2 * NRS_HOUR_MS);
    pass(NRS_DAY_MS);
    assert_int_equal(number_of(1, "SELECT count(*) FROM log WHERE type = 8 AND source = x''"), before_letters);
    mesh_down(&net, 1);
    mesh_sql(&net, 1, "DELETE FROM receipt WHERE address = 'org-3'");
    mesh_sql(&net, 1, "UPDATE recipient SET stage = 0 WHERE address = 'org-3'");
    mesh_sql(&net, 1, "UPDATE sent_stream SET tell_ms = 0");
    mesh_up(&net, 1);
    mesh_settle(&net, 6);
    assert_int_equal(number_of(1, "SELECT count(*) FROM receipt"), 3);
    assert_int_equal(number_of(1, "SELECT count(*) FROM log WHERE type = 8 AND source = x''"), before_letters + 1);
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(mesh_missing(&net, i, "org-1", "missing"), 0);
    }
    pass(NRS_REPORT_LIFE_MS_MAX);
    assert_int_equal(number_of(1, "SELECT count(*) FROM sent_stream"), 1);
    pass(NRS_REPORT_LIFE_MS_MAX);
    assert_int_equal(number_of(1, "SELECT count(*) FROM sent_stream"), 0);
    mesh_stop(&net);
}

/* Says of a report to node 2 that it is the last of a stream, by the hub's hand; whatever stream. */
static void say_head(size_t from, const char *id)
{
    uint8_t bytes[NRS_HASH_SIZE], detail[NRS_HASH_SIZE + 16] = {1};
    const uint64_t numbers[2] = {7, net.now_ms + NRS_DAY_MS};
    nrs_statement statement;

    OK(nrs_hex_decode(bytes, sizeof bytes, id));
    for (size_t i = 0; i < 16; i++) {
        detail[NRS_HASH_SIZE + i] = (uint8_t)(numbers[i / 8] >> (8 * (i % 8)));
    }
    nrs__wire__statement__init(&statement);
    statement.type = NRS_STATEMENT_HEAD;
    statement.sealed_id = nrs_field_of(nrs_slice_of(bytes, sizeof bytes));
    statement.at_ms = net.now_ms;
    statement.detail = nrs_field_of(nrs_slice_of(detail, sizeof detail));
    mesh_post(&net, from, 2, 0, &statement);
}

static void only_its_originator_makes_receipts_go_again(void **state)
{
    const char *const own = "SELECT count(*) FROM log WHERE type = 8 AND source = x''";
    char id[65];

    (void)state;
    for (size_t from = 0; from < 4; from++) {
        long before;

        if (from == 2) {
            continue;
        }
        mesh_start(&net, 4, 1);
        send_report(1, id);
        mesh_settle(&net, 4);
        assert_true(mesh_has(&net, 2, id));
        before = number_of(2, own);
        say_head(from, id);
        mesh_settle(&net, 3);
        assert_int_equal(number_of(2, own), before + (from == 1 ? 1 : 0)); /* node 3 and the hub have the report as well */
        assert_int_equal(number_of(2, "SELECT count(*) FROM stream_gap"), 0);
        mesh_stop(&net);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_last_report_is_missed_as_well),
        cmocka_unit_test(what_the_last_word_says_is_shown),
        cmocka_unit_test(only_the_silent_are_told),
        cmocka_unit_test(only_its_originator_makes_receipts_go_again),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
