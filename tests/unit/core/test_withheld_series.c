/* What a source that is withheld goes on with: it stays with the hubs that know the source, also when that has forgotten what it sent, and
 * answers what it was asked, whichever of the two ids it names. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "mesh.h"
#include "mesh_keys.h"
#include "mesh_look.h"
#include "mesh_records.h"
#include "proto/vocabulary.h"

#define OK(expression) assert_int_equal((expression), NRS_OK)
#define ID (2 * NRS_HASH_SIZE + 1)

enum { HUB, OTHER_HUB, SOURCE, MEMBER, NODES };

static mesh net;

static nrs_error send_as(size_t node, const char *more)
{
    return mesh_ask(&net, node, "{\"command\":\"send\",\"label\":\"AMBER\",\"to\":[\"@electricity\"],\"kind\":\"lesson\",\"subject\":\"件名\",\"body\":\"本文\"%s}", more);
}

/* The id of the report that the last command of a node sent. */
static void keep_id(char to[ID], size_t node)
{
    (void)snprintf(to, ID, "%s", mesh_text(mesh_row(&net, node, 0), "id"));
    mesh_settle(&net, 3);
}

static void withhold(char to[ID], const char *more)
{
    char fields[200];

    (void)snprintf(fields, sizeof fields, ",\"withhold_source\":true%s", more);
    OK(send_as(SOURCE, fields));
    keep_id(to, SOURCE);
}

static nrs_error follow(size_t node, const char *report, const char *more)
{
    char fields[300];

    (void)snprintf(fields, sizeof fields, ",\"follows\":\"%s\"%s", report, more);
    return send_as(node, fields);
}

static void publish(char to[ID], size_t hub, const char *report)
{
    OK(mesh_ask(&net, hub, "{\"command\":\"vouch\",\"id\":\"%s\"}", report));
    keep_id(to, hub);
    mesh_wait_for_tick(&net, 4);
}

/* Of the last report that the source sent, or would send. */
static void assert_goes_to(const char *first, const char *second, size_t warning_count)
{
    const json_t *row = mesh_row(&net, SOURCE, 0), *recipients = json_object_get(row, "recipients");

    assert_true(json_is_true(json_object_get(row, "withheld")));
    assert_int_equal(json_array_size(recipients), second == NULL ? 1 : 2);
    assert_string_equal(json_string_value(json_array_get(recipients, 0)), first);
    assert_true(second == NULL || strcmp(json_string_value(json_array_get(recipients, 1)), second) == 0);
    assert_int_equal(json_array_size(json_object_get(row, "warnings")), warning_count);
}

static void another_role(void *context, nrs_roster *next)
{
    for (size_t i = 0; i < next->n_members; i++) {
        if (strcmp(next->members[i]->org, context) == 0) {
            next->members[i]->role = NRS_ROLE_OPERATOR;
        }
    }
}

static void it_stays_with_the_hubs_that_have_the_one_before(void **state)
{
    char report[ID], published[ID], answer[ID], both[ID], name[] = "org-1";

    (void)state;
    mesh_start(&net, NODES, 2);
    withhold(report, ",\"via\":[\"org-1\"]");
    publish(published, OTHER_HUB, report);
    OK(follow(SOURCE, report, ",\"dry_run\":true"));
    assert_goes_to("org-1", NULL, 0);
    OK(follow(SOURCE, published, ",\"dry_run\":true"));
    assert_goes_to("org-1", NULL, 0);
    OK(mesh_ask(&net, SOURCE, "{\"command\":\"reply\",\"id\":\"%s\",\"body\":\"もう一言\",\"dry_run\":true}", report));
    assert_goes_to("org-1", NULL, 0);
    OK(follow(SOURCE, report, ",\"via\":[\"org-0\"],\"dry_run\":true"));
    assert_goes_to("org-0", NULL, 1); /* which learns the source */
    OK(follow(SOURCE, report, ",\"via\":[\"org-1\"],\"dry_run\":true"));
    assert_goes_to("org-1", NULL, 0);

    mesh_down(&net, OTHER_HUB); /* it waits for the hub, and goes to no other */
    mesh_settle(&net, 2);
    OK(follow(SOURCE, report, ""));
    keep_id(answer, SOURCE);
    assert_false(mesh_holds(&net, HUB, answer));
    mesh_up(&net, OTHER_HUB);
    mesh_settle(&net, 8);
    assert_true(mesh_holds(&net, OTHER_HUB, answer));
    assert_false(mesh_holds(&net, HUB, answer));

    withhold(both, ",\"via\":[\"org-0\",\"org-1\"]");
    OK(follow(SOURCE, both, ",\"dry_run\":true"));
    assert_goes_to("org-0", "org-1", 0);
    mesh_change(&net, another_role, name);
    OK(follow(SOURCE, both, ",\"dry_run\":true"));
    assert_goes_to("org-0", NULL, 0);
    assert_int_equal(follow(SOURCE, report, ""), NRS_ERROR_NOT_HUB);
    OK(follow(SOURCE, report, ",\"via\":[\"org-0\"],\"dry_run\":true"));
    assert_goes_to("org-0", NULL, 1);
    mesh_stop(&net);
}

/* The ids under which it was published outlive it at its source: whether the hub said so before it was forgotten, or later. */
static void what_follows_a_forgotten_one_is_withheld(void **state)
{
    char early[ID], late[ID], taken_back[ID], published[ID];

    (void)state;
    mesh_start(&net, NODES, 2);
    withhold(early, ",\"via\":[\"org-1\"]");
    withhold(late, ",\"via\":[\"org-1\"]");
    withhold(taken_back, ",\"via\":[\"org-1\"]");
    publish(published, OTHER_HUB, early);
    OK(mesh_ask(&net, SOURCE, "{\"command\":\"forget\",\"id\":\"%s\"}", early));
    mesh_crash(&net, SOURCE);
    mesh_settle(&net, 4);
    OK(follow(SOURCE, published, ",\"dry_run\":true"));
    assert_goes_to("org-1", NULL, 0);
    OK(follow(MEMBER, published, ",\"dry_run\":true"));
    assert_null(json_object_get(mesh_row(&net, MEMBER, 0), "withheld"));

    OK(mesh_ask(&net, SOURCE, "{\"command\":\"forget\",\"id\":\"%s\"}", late));
    publish(published, OTHER_HUB, late);
    OK(follow(SOURCE, published, ",\"dry_run\":true"));
    assert_goes_to("org-1", NULL, 0);

    publish(published, OTHER_HUB, taken_back);
    OK(mesh_ask(&net, SOURCE, "{\"command\":\"withdraw\",\"id\":\"%s\",\"reason\":\"誤報\"}", taken_back));
    OK(follow(SOURCE, published, ",\"dry_run\":true"));
    assert_goes_to("org-1", NULL, 0);
    mesh_stop(&net);
}

/* At the hub and at the source. */
static void assert_open(const char *report, unsigned want)
{
    const size_t nodes[] = {HUB, SOURCE};

    for (size_t i = 0; i < 2; i++) {
        const json_t *row = mesh_listed_row(&net, nodes[i], report);

        assert_non_null(row);
        assert_int_equal(json_integer_value(json_object_get(row, nodes[i] == HUB ? "questions_open" : "questions_to_answer")), want);
    }
    assert_int_equal(json_integer_value(json_object_get(mesh_status(&net, SOURCE), "questions_to_answer")), want);
}

static void ask(const char *report)
{
    OK(mesh_ask(&net, HUB, "{\"command\":\"reply\",\"id\":\"%s\",\"body\":\"どの版ですか\"}", report));
    mesh_wait_for_tick(&net, 4);
}

static void a_question_is_answered_by_either_id(void **state)
{
    char report[ID], published[ID], answer[ID];

    (void)state;
    mesh_start(&net, NODES, 1);
    withhold(report, "");
    publish(published, HUB, report);
    ask(report);
    assert_open(report, 1);
    OK(follow(OTHER_HUB, published, "")); /* a member here: another's own word is no answer */
    mesh_settle(&net, 3);
    assert_open(report, 1);
    OK(follow(SOURCE, published, ""));
    keep_id(answer, SOURCE);
    assert_open(report, 0);
    OK(mesh_ask(&net, SOURCE, "{\"command\":\"forget\",\"id\":\"%s\"}", answer));
    assert_open(report, 0); /* it was answered */
    ask(report);
    assert_open(report, 1);
    OK(follow(SOURCE, report, ""));
    keep_id(answer, SOURCE);
    OK(mesh_ask(&net, HUB, "{\"command\":\"forget\",\"id\":\"%s\"}", answer));
    assert_open(report, 0);
    mesh_stop(&net);
}

/* It says where it is under them. */
static void change_keys_of_hub(void)
{
    nrs_bytes succession = {0};
    nrs_identity *after = NULL;

    OK(nrs_identity_new(&after));
    mesh_make_succession_at(&net, &succession, HUB, after, "tcp://127.0.0.1:7005");
    assert_string_equal(mesh_give_change(&net, HUB, "SUCCESSION", &succession), "");
    mesh_settle(&net, 3);
    mesh_follow_change(&net, HUB, after);
    mesh_settle(&net, 4);
    mesh_take_over(&net, HUB, after);
    mesh_settle(&net, 4);
    nrs_bytes_wipe(&succession);
}

/* Over two changes of its keys a source is the same, and so is the hub that it has told. */
static void who_has_other_keys_now_is_known_all_the_same(void **state)
{
    char first[ID], first_as[ID], next[ID], next_as[ID];

    (void)state;
    mesh_start(&net, NODES, 1);
    withhold(first, "");
    publish(first_as, HUB, first);
    for (size_t i = 0; i < 2; i++) {
        mesh_change_keys(&net, SOURCE);
        mesh_settle(&net, 4);
    }
    ask(first);
    assert_open(first, 1);
    OK(follow(SOURCE, first, ""));
    keep_id(next, SOURCE);
    assert_open(first, 0);
    publish(next_as, HUB, next);
    OK(mesh_ask(&net, MEMBER, "{\"command\":\"show\",\"id\":\"%s\"}", next_as));
    assert_string_equal(mesh_text(mesh_row(&net, MEMBER, 0), "follows"), first_as);
    for (size_t i = 0; i < 2; i++) {
        change_keys_of_hub();
    }
    ask(next);
    assert_open(next, 1);
    mesh_stop(&net);
}

/* What a hub says that it published under, and no hub vouches for, draws nothing to it: a report of the source's own, or of a member. */
static void a_hub_names_what_it_did_not_publish(void **state)
{
    char report[ID], own[ID], others[ID];
    const char *named[] = {own, others};
    nrs_statement statement;
    uint8_t bytes[NRS_HASH_SIZE], as[NRS_HASH_SIZE];

    (void)state;
    mesh_start(&net, NODES, 2);
    withhold(report, ",\"via\":[\"org-1\"]");
    OK(send_as(SOURCE, ""));
    keep_id(own, SOURCE);
    OK(send_as(MEMBER, ""));
    keep_id(others, MEMBER);
    OK(nrs_hex_decode(bytes, sizeof bytes, report));
    for (size_t i = 0; i < 2; i++) {
        OK(nrs_hex_decode(as, sizeof as, named[i]));
        nrs__wire__statement__init(&statement);
        statement.type = NRS_STATEMENT_VOUCHED;
        statement.sealed_id = nrs_field_of(nrs_slice_of(bytes, sizeof bytes));
        statement.reference = nrs_field_of(nrs_slice_of(as, sizeof as));
        statement.at_ms = net.now_ms;
        mesh_post(&net, OTHER_HUB, SOURCE, OTHER_HUB, &statement);
        OK(follow(SOURCE, named[i], ",\"dry_run\":true"));
        assert_false(json_is_true(json_object_get(mesh_row(&net, SOURCE, 0), "withheld")));
    }
    mesh_stop(&net);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_stays_with_the_hubs_that_have_the_one_before),
        cmocka_unit_test(what_follows_a_forgotten_one_is_withheld),
        cmocka_unit_test(a_question_is_answered_by_either_id),
        cmocka_unit_test(a_hub_names_what_it_did_not_publish),
        cmocka_unit_test(who_has_other_keys_now_is_known_all_the_same),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
