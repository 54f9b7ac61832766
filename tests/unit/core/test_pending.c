/* What waits for an answer is seen in the list and in the status, by who owes it and by who waits: asks for wider sharing, and a hub's questions. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "mesh.h"
#include "mesh_disk.h"
#include "mesh_look.h"

#define OK(expression) assert_int_equal((expression), NRS_OK)
#define ID (2 * NRS_HASH_SIZE + 1)

enum { HUB, SOURCE, MEMBER, THIRD };

static mesh net;

static int start(void **state)
{
    (void)state;
    mesh_start(&net, 4, 1);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    mesh_stop(&net);
    return 0;
}

static void sent(char id[ID], size_t node, const char *to, const char *more)
{
    OK(mesh_ask(&net, node, "{\"command\":\"send\",\"label\":\"AMBER\",\"to\":[\"%s\"],\"kind\":\"incident\",\"subject\":\"件名\",\"body\":\"本文\"%s}", to, more));
    (void)snprintf(id, ID, "%s", mesh_text(mesh_row(&net, node, 0), "id"));
    mesh_settle(&net, 3);
}

static long long number(const json_t *row, const char *name)
{
    assert_true(json_is_integer(json_object_get(row, name)));
    return json_integer_value(json_object_get(row, name));
}

/* What the list says of a report: asks to answer, asks open, questions to answer, questions open. */
static void assert_listed(size_t node, const char *id, const char *counts)
{
    const json_t *row = mesh_listed_row(&net, node, id);
    char seen[64];

    assert_non_null(row);
    (void)snprintf(seen, sizeof seen, "%lld %lld %lld %lld", number(row, "asks_to_answer"), number(row, "asks_open"), number(row, "questions_to_answer"),
                   number(row, "questions_open"));
    assert_string_equal(seen, counts);
}

static void assert_status(size_t node, long long asks, long long questions)
{
    assert_int_equal(number(mesh_status(&net, node), "asks_to_answer"), asks);
    assert_int_equal(number(mesh_status(&net, node), "questions_to_answer"), questions);
    assert_int_equal(mesh_warned(&net, node, "asks for wider sharing wait"), asks > 0);
    assert_int_equal(mesh_warned(&net, node, "questions of hubs"), questions > 0);
}

static void ask(char id[ID], size_t node, const char *report, const char *to)
{
    OK(mesh_ask(&net, node, "{\"command\":\"release-ask\",\"id\":\"%s\",\"to\":[\"%s\"],\"reason\":\"対処のため\"}", report, to));
    (void)snprintf(id, ID, "%s", mesh_text(mesh_row(&net, node, 0), "id"));
    mesh_settle(&net, 4);
}

static void an_ask_waits_until_it_is_answered(void **state)
{
    char report[ID], first[ID], second[ID];

    (void)state;
    sent(report, SOURCE, "org-2", "");
    assert_listed(SOURCE, report, "0 0 0 0");
    ask(first, MEMBER, report, "org-3");
    ask(second, MEMBER, report, "org-0");
    assert_listed(SOURCE, report, "2 0 0 0");
    assert_listed(MEMBER, report, "0 2 0 0");
    assert_status(SOURCE, 2, 0);
    assert_status(MEMBER, 0, 0);
    OK(mesh_ask(&net, SOURCE, "{\"command\":\"release-deny\",\"id\":\"%s\",\"reason\":\"範囲外\"}", first));
    mesh_settle(&net, 4);
    assert_listed(SOURCE, report, "1 0 0 0");
    assert_listed(MEMBER, report, "0 1 0 0");
    OK(mesh_ask(&net, SOURCE, "{\"command\":\"withdraw\",\"id\":\"%s\",\"reason\":\"誤報\"}", report));
    mesh_settle(&net, 4);
    assert_listed(SOURCE, report, "0 0 0 0"); /* there is nothing to answer any more */
    assert_listed(MEMBER, report, "0 0 0 0");
    assert_status(SOURCE, 0, 0);
}

/* The hub has put it before the source: there it is answered. */
static void an_ask_about_what_is_vouched_for(void **state)
{
    char report[ID], published[ID], id[ID];

    (void)state;
    sent(report, SOURCE, "org-2", ",\"withhold_source\":true,\"via\":[\"org-0\"]");
    OK(mesh_ask(&net, HUB, "{\"command\":\"vouch\",\"id\":\"%s\"}", report));
    (void)snprintf(published, sizeof published, "%s", mesh_text(mesh_row(&net, HUB, 0), "id"));
    mesh_wait_for_tick(&net, 5);
    ask(id, MEMBER, published, "org-3");
    mesh_wait_for_tick(&net, 5);
    assert_listed(MEMBER, published, "0 1 0 0");
    assert_listed(HUB, published, "0 1 0 0");
    assert_listed(SOURCE, report, "1 0 0 0");
    assert_status(HUB, 0, 0);
    assert_status(SOURCE, 1, 0);
}

static void question(const char *report)
{
    OK(mesh_ask(&net, HUB, "{\"command\":\"reply\",\"id\":\"%s\",\"body\":\"どの版ですか\"}", report));
    mesh_wait_for_tick(&net, 5);
}

/* By a report that follows. Its source may be a little behind in its clock. */
static void a_question_waits_until_a_report_follows(void **state)
{
    char report[ID], answer[ID], follows[ID + 64];

    (void)state;
    for (size_t behind = 0; behind < 2; behind++) {
        net.nodes[SOURCE].skew_ms = behind == 1 ? -60000 : 0;
        sent(report, SOURCE, "org-2", ",\"withhold_source\":true,\"via\":[\"org-0\"]");
        assert_listed(HUB, report, "0 0 0 0");
        question(report);
        assert_listed(HUB, report, "0 0 0 1");
        assert_listed(SOURCE, report, "0 0 1 0");
        mesh_crash(&net, SOURCE);
        assert_status(HUB, 0, 0);
        assert_status(SOURCE, 1, 1); /* with the ask of before */
        (void)snprintf(follows, sizeof follows, ",\"follows\":\"%s\"", report);
        sent(answer, SOURCE, "org-2", follows);
        assert_listed(SOURCE, report, "0 0 0 0");
        assert_listed(HUB, report, "0 0 0 0");
        assert_status(SOURCE, 1, 0);
        question(report);
        assert_listed(HUB, report, "0 0 0 1");
        assert_listed(SOURCE, report, "0 0 1 0");
        OK(mesh_ask(&net, SOURCE, "{\"command\":\"withdraw\",\"id\":\"%s\",\"reason\":\"誤報\"}", report));
        mesh_settle(&net, 4);
        assert_listed(SOURCE, report, "0 0 0 0");
        assert_listed(HUB, report, "0 0 0 0");
        assert_status(SOURCE, 1, 0);
    }
}

/* Of what is damaged nothing is known, and the rest is said all the same. */
static void a_damaged_note_is_no_reason_to_fail(void **state)
{
    static const char *const damages[] = {"UPDATE withheld_note SET content = zeroblob(length(content))",
                                          "UPDATE report SET wrapped_key = zeroblob(length(wrapped_key)) WHERE position IN (SELECT report FROM withheld_note)"};
    char report[ID], other[ID];

    (void)state;
    sent(report, SOURCE, "org-2", ",\"withhold_source\":true,\"via\":[\"org-0\"]");
    sent(other, SOURCE, "org-0", "");
    OK(mesh_ask(&net, HUB, "{\"command\":\"vouch\",\"id\":\"%s\"}", report));
    question(report);
    assert_listed(SOURCE, report, "0 0 1 0");
    for (size_t i = 0; i < sizeof damages / sizeof damages[0]; i++) {
        for (size_t node = HUB; node <= SOURCE; node++) {
            mesh_down(&net, node);
            mesh_sql(&net, node, "%s", damages[i]);
            mesh_up(&net, node);
            assert_listed(node, report, "0 0 0 0");
            OK(mesh_ask(&net, node, "{\"command\":\"list\",\"brief\":true}"));
            assert_non_null(mesh_listed_row(&net, node, other));
            assert_int_equal(number(mesh_status(&net, node), "questions_to_answer"), 0);
        }
    }
}

static void a_question_about_what_is_damaged_ends_no_link(void **state)
{
    char report[ID];

    (void)state;
    sent(report, SOURCE, "org-2", ",\"withhold_source\":true,\"via\":[\"org-0\"]");
    question(report);
    mesh_down(&net, SOURCE);
    mesh_sql(&net, SOURCE, "UPDATE withheld_note SET content = zeroblob(length(content))");
    mesh_up(&net, SOURCE);
    question(report);
    assert_true(mesh_linked(&net, SOURCE, HUB));
    assert_listed(SOURCE, report, "0 0 0 0");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_ask_waits_until_it_is_answered),
        cmocka_unit_test(an_ask_about_what_is_vouched_for),
        cmocka_unit_test(a_question_waits_until_a_report_follows),
        cmocka_unit_test(a_damaged_note_is_no_reason_to_fail),
        cmocka_unit_test(a_question_about_what_is_damaged_ends_no_link),
    };

    return cmocka_run_group_tests(tests, start, stop);
}
