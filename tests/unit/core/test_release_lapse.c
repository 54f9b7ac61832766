/* An ask that nobody answers ends with the report that it is about (SPEC 6.12), at who asked and at who was asked: neither counts it any more. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "mesh.h"
#include "mesh_forge.h"
#include "mesh_look.h"
#include "mesh_records.h"
#include "proto/limits.h"
#include "proto/vocabulary.h"

#define OK(expression) assert_int_equal((expression), NRS_OK)

enum { HUB, SOURCE, HOLDER, THIRD };

static mesh net;
static char report[2 * NRS_HASH_SIZE + 1], ask[2 * NRS_HASH_SIZE + 1];

static void send_it(uint64_t life_ms)
{
    OK(mesh_ask(&net, SOURCE,
                "{\"command\":\"send\",\"label\":\"AMBER\",\"to\":[\"org-2\"],\"kind\":\"incident\",\"subject\":\"s\",\"body\":\"b\",\"expires_in_ms\":%llu}",
                (unsigned long long)life_ms));
    (void)snprintf(report, sizeof report, "%s", mesh_text(mesh_row(&net, SOURCE, 0), "id"));
    mesh_settle(&net, 4);
}

static void ask_for(void)
{
    OK(mesh_ask(&net, HOLDER, "{\"command\":\"release-ask\",\"id\":\"%s\",\"to\":[\"org-3\"],\"reason\":\"対処のため\"}", report));
    (void)snprintf(ask, sizeof ask, "%s", mesh_text(mesh_row(&net, HOLDER, 0), "id"));
    mesh_settle(&net, 2);
}

static nrs_error answer(const char *command, const char *more)
{
    return mesh_ask(&net, SOURCE, "{\"command\":\"release-%s\",\"id\":\"%s\"%s}", command, ask, more);
}

static const char *state_at(size_t node)
{
    const json_t *row = mesh_ask_row(&net, node, ask);

    return row == NULL ? "unknown" : mesh_text(row, "state");
}

static size_t refused(const char *rule)
{
    size_t count = 0;

    OK(mesh_ask(&net, SOURCE, "{\"command\":\"audit-list\",\"kind\":\"ask\"}"));
    for (size_t i = 0; i < mesh_row_count(&net, SOURCE); i++) {
        count += strcmp(mesh_text(mesh_row(&net, SOURCE, i), "rule"), rule) == 0;
    }
    return count;
}

/* As many as one holder may have open, and one more, which the source does not keep. */
static void fill(void)
{
    for (size_t i = 0; i < NRS_ASK_OPEN_COUNT_MAX; i++) {
        ask_for();
    }
    assert_string_equal(state_at(SOURCE), "open");
    ask_for();
    assert_string_equal(state_at(SOURCE), "unknown");
    assert_int_equal(refused("limit"), 1);
}

static void one_that_nobody_answers_lapses_with_its_report(void **state)
{
    (void)state;
    mesh_start(&net, 4, 1);
    send_it(NRS_HOUR_MS);
    ask_for();
    for (size_t i = 0; i < 2; i++) {
        const size_t node = i == 0 ? SOURCE : HOLDER;

        OK(mesh_ask(&net, node, "{\"command\":\"show\",\"id\":\"%s\"}", report));
        char expires[64];

        (void)snprintf(expires, sizeof expires, "%s", mesh_text(mesh_row(&net, node, 0), "expires_at"));
        assert_string_equal(state_at(node), "open");
        assert_string_equal(mesh_text(mesh_ask_row(&net, node, ask), "lapses_at"), expires);
    }
    net.now_ms += NRS_HOUR_MS;
    mesh_settle(&net, 2);
    assert_string_equal(state_at(SOURCE), "lapsed");
    assert_string_equal(state_at(HOLDER), "lapsed");
    assert_int_equal(answer("grant", ""), NRS_ERROR_EXPIRED);
    assert_int_equal(answer("deny", ",\"reason\":\"遅い\""), NRS_ERROR_EXPIRED);
    mesh_crash(&net, SOURCE);
    assert_string_equal(state_at(SOURCE), "lapsed");
    assert_string_equal(mesh_text(mesh_ask_row(&net, SOURCE, ask), "lapses_at"), "");
    mesh_stop(&net);
}

static void what_has_lapsed_counts_no_more(void **state)
{
    (void)state;
    mesh_start(&net, 4, 1);
    send_it(NRS_HOUR_MS);
    fill();
    send_it(NRS_DAY_MS);
    ask_for(); /* about another report, while those are open */
    assert_string_equal(state_at(SOURCE), "unknown");
    net.now_ms += NRS_HOUR_MS;
    mesh_settle(&net, 2);
    ask_for();
    assert_string_equal(state_at(SOURCE), "open");
    OK(answer("grant", ""));
    mesh_settle(&net, 6);
    assert_string_equal(state_at(HOLDER), "released");
    mesh_stop(&net);
}

static void what_is_about_a_withdrawn_report_counts_no_more(void **state)
{
    (void)state;
    mesh_start(&net, 4, 1);
    send_it(NRS_DAY_MS);
    fill();
    OK(mesh_ask(&net, SOURCE, "{\"command\":\"withdraw\",\"id\":\"%s\",\"reason\":\"誤報\"}", report));
    mesh_settle(&net, 4);
    OK(mesh_ask(&net, SOURCE, "{\"command\":\"release-list\"}"));
    assert_int_equal(mesh_row_count(&net, SOURCE), NRS_ASK_OPEN_COUNT_MAX);
    for (size_t i = 0; i < NRS_ASK_OPEN_COUNT_MAX; i++) {
        assert_string_equal(mesh_text(mesh_row(&net, SOURCE, i), "state"), "lapsed");
    }
    assert_string_equal(state_at(HOLDER), "lapsed");
    send_it(NRS_DAY_MS);
    ask_for();
    assert_string_equal(state_at(SOURCE), "open");
    mesh_stop(&net);
}

/* Its end is the report's, which the source chose: nothing that the asker writes makes it sooner, and with it room for more, or later. */
static void no_time_that_the_asker_writes_changes_its_end(void **state)
{
    const uint64_t times[] = {1, 1000000000000, 20000000000000};
    uint8_t id[NRS_HASH_SIZE], salt[NRS_HASH_SIZE] = {5};
    Nrs__Wire__Target target = NRS__WIRE__TARGET__INIT;
    nrs_bytes detail = {0};
    nrs_statement statement;

    (void)state;
    mesh_start(&net, 4, 1);
    send_it(NRS_HOUR_MS);
    target.org = nrs_field_of(nrs_slice_of(nrs_identity_public(net.nodes[THIRD].identity)->sign_key, NRS_KEY_SIZE));
    mesh_forge_ask(&detail, &target, salt, NULL);
    OK(nrs_hex_decode(id, sizeof id, report));
    nrs__wire__statement__init(&statement);
    statement.type = NRS_STATEMENT_REQUEST;
    statement.sealed_id = nrs_field_of(nrs_slice_of(id, sizeof id));
    statement.detail = nrs_field_of(nrs_slice_of_bytes(&detail));
    for (size_t i = 0; i < sizeof times / sizeof times[0]; i++) {
        statement.at_ms = times[i];
        mesh_post(&net, HOLDER, SOURCE, HUB, &statement);
    }
    for (size_t late = 0; late < 2; late++) {
        OK(mesh_ask(&net, SOURCE, "{\"command\":\"release-list\"}"));
        assert_int_equal(mesh_row_count(&net, SOURCE), sizeof times / sizeof times[0]);
        for (size_t i = 0; i < sizeof times / sizeof times[0]; i++) {
            assert_string_equal(mesh_text(mesh_row(&net, SOURCE, i), "state"), late == 0 ? "open" : "lapsed");
        }
        net.now_ms += NRS_HOUR_MS; /* time passes for all, and is set nowhere */
        net.monotonic_ms += NRS_HOUR_MS;
    }
    nrs_bytes_wipe(&detail);
    mesh_stop(&net);
}

/* It was given in time: who asked keeps it, whenever it comes. */
static void an_answer_on_its_way_is_kept(void **state)
{
    (void)state;
    mesh_start(&net, 4, 1);
    send_it(NRS_HOUR_MS);
    ask_for();
    mesh_down(&net, HOLDER);
    OK(answer("deny", ",\"reason\":\"調査中\""));
    mesh_settle(&net, 2);
    net.now_ms += NRS_HOUR_MS;
    mesh_up(&net, HOLDER);
    assert_string_equal(state_at(HOLDER), "lapsed");
    mesh_settle(&net, 4);
    assert_string_equal(state_at(HOLDER), "denied");
    assert_string_equal(mesh_text(mesh_ask_row(&net, HOLDER, ask), "answer"), "調査中");
    mesh_stop(&net);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_that_nobody_answers_lapses_with_its_report),
        cmocka_unit_test(what_has_lapsed_counts_no_more),
        cmocka_unit_test(what_is_about_a_withdrawn_report_counts_no_more),
        cmocka_unit_test(no_time_that_the_asker_writes_changes_its_end),
        cmocka_unit_test(an_answer_on_its_way_is_kept),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
