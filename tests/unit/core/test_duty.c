/* Duties of confidentiality: whom the sender leaves out and why, and the same question again at the hub that hands over a slot,
 * at the later grant, and at the node that opens and reads. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "mesh_records.h"
#include "proto/label.h"
#include "proto/vocabulary.h"

#define OK(expression) assert_int_equal((expression), NRS_OK)
#define DAY NRS_DAY_MS

static mesh net;
static char report[2 * NRS_HASH_SIZE + 1];

/* The duties of the members by their number, and what the rules ask for. */
typedef struct plan {
    struct {
        size_t node; /* org-N */
        const char *duty;
        uint64_t since_ms, until_ms;
    } taken[6];
    size_t taken_count;
    uint32_t labels, kinds;
    const char *duty; /* NULL: no rule */
} plan;

static char *text_of(const char *text)
{
    return (char *)(uintptr_t)text; /* only read */
}

static void put_plan(void *context, nrs_roster *next)
{
    static Nrs__Wire__Duty duties[6], *places[6];
    static Nrs__Wire__DutyRule rule, *rules[1] = {&rule};
    static Nrs__Wire__Rules kept;
    const plan *wanted = context;

    for (size_t i = 0; i < next->n_members; i++) {
        next->members[i]->n_duties = 0;
    }
    for (size_t i = 0; i < wanted->taken_count; i++) {
        char org[16];

        (void)snprintf(org, sizeof org, "org-%zu", wanted->taken[i].node);
        nrs__wire__duty__init(&duties[i]);
        duties[i].name = text_of(wanted->taken[i].duty);
        duties[i].since_ms = wanted->taken[i].since_ms;
        duties[i].until_ms = wanted->taken[i].until_ms;
        places[i] = &duties[i];
        for (size_t k = 0; k < next->n_members; k++) {
            if (strcmp(next->members[k]->org, org) == 0) {
                next->members[k]->duties = &places[i];
                next->members[k]->n_duties = 1;
            }
        }
    }
    kept = *next->rules;
    nrs__wire__duty_rule__init(&rule);
    rule.labels = wanted->labels;
    rule.kinds = wanted->kinds;
    rule.duty = text_of(wanted->duty == NULL ? "nda" : wanted->duty);
    kept.duties = rules;
    kept.n_duties = wanted->duty == NULL ? 0 : 1;
    next->rules = &kept;
}

static nrs_error send_it(const char *label, const char *to, const char *kind, const char *more)
{
    nrs_error error = mesh_ask(&net, 1,
                               "{\"command\":\"send\",\"label\":\"%s\",\"to\":[%s],\"kind\":\"%s\",\"subject\":\"件名\",\"body\":\"本文\"%s}", label,
                               to, kind, more);

    if (error == NRS_OK && json_object_get(mesh_row(&net, 1, 0), "id") != NULL) {
        (void)snprintf(report, sizeof report, "%s", mesh_text(mesh_row(&net, 1, 0), "id"));
    }
    return error;
}

static nrs_error about(size_t node, const char *command)
{
    return mesh_ask(&net, node, "{\"command\":\"%s\",\"id\":\"%s\"}", command, report);
}

/* How `who` stands in the answer to the last sending: "received", or the state of the missing duty. */
static const char *stands(const char *who)
{
    const json_t *row = mesh_row(&net, 1, 0);
    const json_t *one;
    size_t index;

    json_array_foreach(json_object_get(row, "recipients"), index, one) {
        if (strcmp(json_string_value(one), who) == 0) {
            return "received";
        }
    }
    json_array_foreach(json_object_get(row, "excluded"), index, one) {
        if (strcmp(mesh_text(one, "who"), who) == 0) {
            assert_string_equal(mesh_text(one, "rule"), "duty");
            assert_string_equal(mesh_text(one, "duty"), "nda");
            return mesh_text(one, "duty_state");
        }
    }
    return "nowhere";
}

static plan amber_needs_nda(void)
{
    return (plan){.taken = {{0, "nda", net.now_ms - DAY, 0},
                            {2, "nda", net.now_ms - DAY, net.now_ms + DAY},
                            {3, "nda", net.now_ms - 2 * DAY, net.now_ms - DAY},
                            {4, "nda", net.now_ms + DAY, 0},
                            {5, "other", net.now_ms - DAY, 0}},
                  .taken_count = 5,
                  .labels = NRS_LABEL_BIT(NRS_LABEL_AMBER),
                  .duty = "nda"};
}

static void the_sender_leaves_out_who_has_not_the_duty(void **state)
{
    static const char *const more[] = {",\"dry_run\":true", ""};
    plan wanted;

    (void)state;
    mesh_start(&net, 7, 1);
    wanted = amber_needs_nda();
    mesh_change(&net, put_plan, &wanted);
    for (size_t i = 0; i < 2; i++) { /* a dry run says the same */
        OK(send_it("AMBER", "\"@electricity\"", "incident", more[i]));
        assert_string_equal(stands("org-0"), "received");
        assert_string_equal(stands("org-2"), "received");
        assert_string_equal(stands("org-3"), "expired");
        assert_string_equal(stands("org-4"), "not-begun");
        assert_string_equal(stands("org-5"), "absent");
        assert_string_equal(stands("org-6"), "absent");
    }
    mesh_settle(&net, 3);
    for (size_t node = 2; node < 7; node++) {
        OK(mesh_command(&net, node, "{\"command\":\"list\"}"));
        assert_int_equal(mesh_row_count(&net, node), node == 2 ? 1 : 0);
    }
    OK(about(2, "show"));
    assert_string_equal(mesh_text(mesh_row(&net, 2, 0), "duty"), "nda");
    for (size_t i = 0; i < sizeof more / sizeof more[0]; i++) { /* nobody is left: by which rule, and who they were */
        assert_int_equal(send_it("AMBER", "\"org-3\",\"org-4\"", "incident", more[i]), NRS_ERROR_DUTY);
        assert_non_null(strstr(mesh_text(json_array_get(net.nodes[1].reply, 1), "message"), "nda is in force for none of those addressed: org-3, org-4."));
        assert_int_equal(mesh_row_count(&net, 1), 1);
        assert_string_equal(stands("org-3"), "expired");
        assert_string_equal(stands("org-4"), "not-begun");
    }
    OK(send_it("GREEN", "\"@electricity\"", "incident", ""));
    assert_string_equal(stands("org-6"), "received");
    mesh_stop(&net);
}

static void a_kind_may_need_it_too(void **state)
{
    plan wanted;

    (void)state;
    mesh_start(&net, 4, 1);
    wanted = (plan){.taken = {{2, "nda", net.now_ms - DAY, 0}}, .taken_count = 1, .kinds = NRS_KIND_BIT(NRS_KIND_NEAR_MISS), .duty = "nda"};
    mesh_change(&net, put_plan, &wanted);
    OK(send_it("GREEN", "\"@electricity\"", "near-miss", ""));
    assert_string_equal(stands("org-2"), "received");
    assert_string_equal(stands("org-3"), "absent");
    OK(send_it("GREEN", "\"@electricity\"", "incident", ""));
    assert_string_equal(stands("org-3"), "received");
    mesh_stop(&net);
}

static size_t handed; /* reports, by the hub to org-2 */

static bool count_reports(void *context, size_t from, size_t to, nrs_slice bytes)
{
    nrs_frame *frame = NULL;
    nrs_items *items = NULL;
    nrs_confirm *confirm = NULL;

    (void)context;
    if (from != 0 || to != 2 || nrs_frame_decode(&frame, bytes) != NRS_OK) {
        return true;
    }
    if (frame->type == NRS_FRAME_CONFIRM && nrs_confirm_decode(&confirm, nrs_field(&frame->payload)) == NRS_OK) {
        net.swallow = confirm->position >= 1u << 24; /* mesh_post's: its engine knows of no such record */
    } else if (frame->type == NRS_FRAME_ITEMS && nrs_items_decode(&items, nrs_field(&frame->payload)) == NRS_OK) {
        for (size_t i = 0; i < items->n_items; i++) {
            nrs_record *record = NULL;

            OK(nrs_record_decode(&record, nrs_field(&items->items[i]->records[0])));
            handed += record->type == NRS_RECORD_SEALED;
            nrs_record_free(&record);
        }
    }
    nrs_confirm_free(&confirm);
    nrs_items_free(&items);
    nrs_frame_free(&frame);
    return true;
}

/* What the sender sealed for is asked again by the hub, when it hands over the slot. */
static void a_hub_hands_no_slot_to_whose_duty_has_ended(void **state)
{
    plan wanted;

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        mesh_start(&net, 4, 1);
        wanted = amber_needs_nda();
        mesh_change(&net, put_plan, &wanted);
        mesh_down(&net, 2);
        OK(send_it("AMBER", "\"org-2\"", "incident", ""));
        mesh_settle(&net, 2);
        wanted.taken[1].until_ms = net.now_ms - 1;
        wanted.duty = i == 0 ? "nda" : NULL; /* no rule any more, and still the header names it */
        mesh_change(&net, put_plan, &wanted);
        handed = 0;
        net.inspect = count_reports;
        mesh_up(&net, 2);
        mesh_settle(&net, 4);
        OK(mesh_command(&net, 2, "{\"command\":\"list\"}"));
        assert_int_equal(mesh_row_count(&net, 2), 0);
        assert_int_equal(handed, 0);
        mesh_stop(&net);
    }
}

/* As the member's program asks for what it misses, at the hub. */
static size_t handed_again(void)
{
    uint8_t id[NRS_HASH_SIZE];
    nrs_statement statement;

    OK(nrs_hex_decode(id, sizeof id, report));
    nrs__wire__statement__init(&statement);
    statement.type = NRS_STATEMENT_MISSING;
    statement.sealed_id = statement.reference = statement.detail = nrs_field_of(nrs_slice_of(id, sizeof id));
    statement.at_ms = net.now_ms;
    handed = 0;
    mesh_post(&net, 2, 0, 2, &statement);
    mesh_settle(&net, 4);
    return handed;
}

static void what_is_sent_again_is_asked_about_again(void **state)
{
    plan wanted;

    (void)state;
    mesh_start(&net, 4, 1);
    wanted = amber_needs_nda();
    mesh_change(&net, put_plan, &wanted);
    OK(send_it("AMBER", "\"org-2\"", "incident", ""));
    mesh_settle(&net, 3);
    OK(about(2, "show"));
    net.inspect = count_reports;
    assert_int_equal(handed_again(), 1);
    wanted.taken[1].until_ms = net.now_ms - 1;
    mesh_change(&net, put_plan, &wanted);
    mesh_settle(&net, 301); /* before that, the same is not sent again in any case */
    assert_int_equal(handed_again(), 0);
    mesh_stop(&net);
}

/* The member asks it of itself: at each reading, with the roster it then holds and the clock as it then is. */
static void a_duty_that_ends_closes_what_it_opened(void **state)
{
    plan wanted;

    (void)state;
    mesh_start(&net, 4, 1);
    wanted = amber_needs_nda();
    mesh_change(&net, put_plan, &wanted);
    OK(send_it("AMBER", "\"org-2\"", "incident", ""));
    mesh_settle(&net, 3);
    OK(about(2, "show"));
    net.now_ms += DAY + 1;
    assert_int_equal(about(2, "show"), NRS_ERROR_DUTY);
    assert_true(json_is_null(json_object_get(mesh_row(&net, 2, 0), "body")));
    assert_true(json_is_null(json_object_get(mesh_row(&net, 2, 0), "subject")));
    assert_int_equal(mesh_ask(&net, 2, "{\"command\":\"export\",\"id\":\"%s\",\"sink\":\"own\"}", report), NRS_ERROR_DUTY);
    assert_int_equal(mesh_ask(&net, 2, "{\"command\":\"reply\",\"id\":\"%s\",\"body\":\"返事\"}", report), NRS_ERROR_DUTY);
    OK(about(1, "show")); /* its sender has what it sent */
    wanted.taken[1].until_ms = 0;
    mesh_change(&net, put_plan, &wanted);
    OK(about(2, "show"));
    mesh_stop(&net);
}

static const char *listed_subject(size_t node, const char *more)
{
    OK(mesh_ask(&net, node, "{\"command\":\"list\"%s}", more));
    return mesh_row_count(&net, node) == 0 ? "(none)" : json_is_null(json_object_get(mesh_row(&net, node, 0), "subject")) ? "(sealed)" : mesh_text(mesh_row(&net, node, 0), "subject");
}

/* Its list says no more than that: read before or not, by the rules or by the header alone. It says so again once the duty is taken anew. */
static void a_duty_that_ends_closes_the_list(void **state)
{
    (void)state;
    for (size_t i = 0; i < 4; i++) {
        const bool read = i % 2 == 1;
        plan wanted;

        mesh_start(&net, 4, 1);
        wanted = amber_needs_nda();
        mesh_change(&net, put_plan, &wanted);
        OK(send_it("AMBER", "\"org-2\"", "incident", ""));
        mesh_settle(&net, 3);
        assert_string_equal(listed_subject(2, ""), "件名");
        if (read) {
            OK(about(2, "show"));
        }
        wanted.duty = i < 2 ? "nda" : NULL; /* no rule any more: the header names it still */
        mesh_change(&net, put_plan, &wanted);
        assert_string_equal(listed_subject(2, ""), "件名");
        net.now_ms += DAY + 1;
        assert_string_equal(listed_subject(2, ""), "(sealed)");
        assert_true(json_is_null(json_object_get(mesh_row(&net, 2, 0), "kind")));
        assert_string_equal(listed_subject(2, ",\"kind\":\"incident\""), "(none)");
        assert_string_equal(listed_subject(1, ""), "件名"); /* its sender's own */
        wanted.taken[1].until_ms = 0;
        mesh_change(&net, put_plan, &wanted);
        assert_string_equal(listed_subject(2, ""), "件名");
        mesh_stop(&net);
    }
}

/* The recipient waits for its prekeys; when they come, its duty has run out, and the grant waits on. */
static void a_later_grant_asks_again(void **state)
{
    plan wanted;
    size_t late;

    (void)state;
    mesh_start(&net, 3, 1);
    late = mesh_add_node(&net, "org-3");
    mesh_join(&net, late, NRS_ROLE_OPERATOR);
    mesh_down(&net, late);
    wanted = (plan){.taken = {{2, "nda", net.now_ms - DAY, 0}, {3, "nda", net.now_ms - DAY, net.now_ms + DAY}}, .taken_count = 2,
                    .labels = NRS_LABEL_BIT(NRS_LABEL_AMBER), .duty = "nda"};
    mesh_change(&net, put_plan, &wanted);
    OK(send_it("AMBER", "\"org-3\",\"org-2\"", "incident", ""));
    assert_int_equal(json_array_size(json_object_get(mesh_row(&net, 1, 0), "waiting")), 1);
    wanted.taken[1].until_ms = net.now_ms - 1;
    mesh_change(&net, put_plan, &wanted);
    mesh_up(&net, late);
    mesh_settle(&net, 4);
    OK(mesh_command(&net, late, "{\"command\":\"list\"}"));
    assert_int_equal(mesh_row_count(&net, late), 0);
    wanted.taken[1].until_ms = 0; /* a new one */
    mesh_change(&net, put_plan, &wanted);
    mesh_settle(&net, 64); /* the round of each minute */
    OK(mesh_command(&net, late, "{\"command\":\"list\"}"));
    assert_int_equal(mesh_row_count(&net, late), 1);
    OK(about(late, "show"));
    mesh_stop(&net);
}

/* A quote goes to nobody who could not have read what it quotes, whatever its own label and kind. */
static void a_reply_inherits_the_duty(void **state)
{
    plan wanted;

    (void)state;
    mesh_start(&net, 4, 1);
    wanted = (plan){.taken = {{2, "nda", net.now_ms - DAY, 0}, {1, "nda", net.now_ms - DAY, 0}}, .taken_count = 2,
                    .kinds = NRS_KIND_BIT(NRS_KIND_NEAR_MISS), .duty = "nda"};
    mesh_change(&net, put_plan, &wanted);
    OK(send_it("GREEN", "\"@electricity\"", "near-miss", ""));
    mesh_settle(&net, 3);
    OK(mesh_ask(&net, 2, "{\"command\":\"reply\",\"id\":\"%s\",\"kind\":\"situation\",\"body\":\"返事\"}", report));
    assert_int_equal(json_array_size(json_object_get(mesh_row(&net, 2, 0), "recipients")), 1);
    assert_int_equal(json_array_size(json_object_get(mesh_row(&net, 2, 0), "excluded")), 2); /* org-0 and org-3 */
    mesh_stop(&net);
}

/* SPEC 5.2: what is asked at each reading are the rules of then, and whoever reads knows the kind. */
static void a_rule_for_a_kind_closes_what_was_open(void **state)
{
    plan wanted;

    (void)state;
    mesh_start(&net, 4, 1);
    OK(send_it("GREEN", "\"@electricity\"", "near-miss", ""));
    mesh_settle(&net, 3);
    OK(about(2, "show"));
    wanted = (plan){.taken = {{3, "nda", net.now_ms - DAY, 0}}, .taken_count = 1, .kinds = NRS_KIND_BIT(NRS_KIND_NEAR_MISS), .duty = "nda"};
    mesh_change(&net, put_plan, &wanted);
    assert_int_equal(about(2, "show"), NRS_ERROR_DUTY);
    assert_int_equal(mesh_ask(&net, 2, "{\"command\":\"export\",\"id\":\"%s\",\"sink\":\"own\"}", report), NRS_ERROR_DUTY);
    assert_int_equal(mesh_ask(&net, 2, "{\"command\":\"reply\",\"id\":\"%s\",\"body\":\"返事\",\"dry_run\":true}", report), NRS_ERROR_DUTY);
    net.nodes[2].no_secrets = true; /* the kind cannot be looked at now, and is not another for that */
    assert_int_equal(mesh_ask(&net, 2, "{\"command\":\"release-ask\",\"id\":\"%s\",\"to\":[\"org-0\"],\"reason\":\"顧客へ\"}", report), NRS_ERROR_BUSY);
    assert_int_equal(about(2, "show"), NRS_ERROR_BUSY);
    net.nodes[2].no_secrets = false;
    OK(about(3, "show"));
    OK(send_it("GREEN", "\"@electricity\"", "incident", ""));
    mesh_settle(&net, 3);
    OK(about(2, "show")); /* of another kind */
    mesh_stop(&net);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_sender_leaves_out_who_has_not_the_duty), cmocka_unit_test(a_kind_may_need_it_too),
        cmocka_unit_test(a_rule_for_a_kind_closes_what_was_open),
        cmocka_unit_test(a_hub_hands_no_slot_to_whose_duty_has_ended), cmocka_unit_test(a_duty_that_ends_closes_what_it_opened),
        cmocka_unit_test(a_duty_that_ends_closes_the_list),
        cmocka_unit_test(what_is_sent_again_is_asked_about_again),
        cmocka_unit_test(a_later_grant_asks_again), cmocka_unit_test(a_reply_inherits_the_duty),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
