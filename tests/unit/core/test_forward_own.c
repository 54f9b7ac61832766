/* A report of one's own that passes on what others sent (SPEC 5.7): it is bound as that is, for whoever made it as for anybody else. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "mesh_disk.h"
#include "mesh_forge.h"
#include "mesh_look.h"
#include "mesh_second.h"
#include "proto/label.h"
#include "proto/vocabulary.h"

#define OK(expression) assert_int_equal((expression), NRS_OK)
#define ID (2 * NRS_HASH_SIZE + 1)
#define DAY NRS_DAY_MS

/* In electricity: the hub, the source, who passes its report on, one more, a ministry; the third is in gas as well, with the hub. */
enum { HUB = 0, SOURCE = 1, READER = 2, OTHER = 3, MINISTRY = 4 };

static mesh net;
static mesh_second gas;
static uint64_t until_ms, pledge_until_ms; /* of the reader's duties; 0: no end */
static size_t rule_count; /* 1: for the label alone */

static void start(void)
{
    static const size_t nodes[] = {HUB, READER};
    static const uint32_t roles[] = {NRS_ROLE_HUB, NRS_ROLE_OPERATOR};

    mesh_start(&net, 4, 1);
    assert_int_equal(mesh_add_node(&net, "org-4"), MINISTRY);
    mesh_join(&net, MINISTRY, NRS_ROLE_MINISTRY);
    mesh_second_start(&net, &gas, "gas", nodes, roles, 2, true);
    mesh_second_recognised(&net, &gas);
    mesh_settle(&net, 4);
    until_ms = pledge_until_ms = 0;
    rule_count = 2;
}

static void stop(void)
{
    mesh_stop(&net);
    mesh_second_stop(&gas);
}

static nrs_error pass_on(size_t node, const char *id, const char *to, const char *more)
{
    return mesh_ask(&net, node, "{\"command\":\"forward\",\"id\":\"%s\",\"to\":[\"%s\"],\"body\":\"参考\"%s}", id, to, more);
}

static void take_id(size_t node, char id[ID])
{
    (void)snprintf(id, ID, "%s", mesh_text(mesh_row(&net, node, 0), "id"));
    mesh_settle(&net, 3);
}

static void send_it(char id[ID], const char *label, const char *to, const char *more)
{
    OK(mesh_ask(&net, SOURCE, "{\"command\":\"send\",\"label\":\"%s\",\"to\":[\"%s\"],\"kind\":\"incident\",\"subject\":\"件名\",\"body\":\"本文\"%s}", label, to, more));
    take_id(SOURCE, id);
}

static void made(size_t node, char id[ID], const char *of, const char *to, const char *more)
{
    OK(pass_on(node, of, to, more));
    take_id(node, id);
}

/* ---- How far it goes ---- */

static const struct way_out {
    const char *name, *label, *to, *first_to, *second_to, *more;
    nrs_error want;
} ways_out[] = {
    {"to whom AMBER+STRICT does not name", "AMBER+STRICT", "org-2", "org-1", "org-3", "", NRS_ERROR_LABEL_FORBIDS},
    {"to its source", "AMBER+STRICT", "org-2", "org-1", "org-1", "", NRS_OK},
    {"to another community", "AMBER", "@electricity", "org-3", "@gas", "", NRS_ERROR_LABEL_FORBIDS},
    {"to a ministry", "AMBER", "@electricity", "org-3", "org-4", "", NRS_ERROR_ONWARD},
    {"on more consent", "AMBER", "@electricity", "org-3", "@electricity", ",\"onward\":[\"ministry\"]", NRS_ERROR_CONDITIONS},
    {"under a lower label", "AMBER", "@electricity", "org-3", "@electricity", ",\"label\":\"GREEN\"", NRS_ERROR_LABEL_FORBIDS},
    {"to one more in the community", "AMBER", "org-2", "org-1", "org-3", "", NRS_OK},
    {"anywhere", "CLEAR", "org-2", "org-1", "@gas", "", NRS_OK},
};

static void a_second_forward_is_no_way_out(void **state)
{
    (void)state;
    start();
    for (size_t i = 0; i < sizeof ways_out / sizeof ways_out[0]; i++) {
        const struct way_out *one = &ways_out[i];
        char report[ID], first[ID], second[ID];
        nrs_error error;

        send_it(report, one->label, one->to, "");
        made(READER, first, report, one->first_to, "");
        made(READER, second, first, one->first_to, ""); /* and a third is none */
        for (size_t k = 0; k < 2; k++) {
            error = pass_on(READER, k == 0 ? first : second, one->second_to, one->more);
            if (error != one->want) {
                fail_msg("%s: %s", one->name, nrs_error_rule(error));
            }
        }
    }
    stop();
}

/* What it was is known no more: its own label and addressees bind as another's would. */
static void what_was_forgotten_binds_on(void **state)
{
    char report[ID], first[ID];

    (void)state;
    start();
    send_it(report, "AMBER+STRICT", "org-2\",\"org-0", "");
    made(READER, first, report, "org-0", "");
    OK(mesh_ask(&net, READER, "{\"command\":\"forget\",\"id\":\"%s\"}", report));
    assert_int_equal(pass_on(READER, first, "org-3", ""), NRS_ERROR_LABEL_FORBIDS);
    assert_int_equal(pass_on(READER, first, "org-0", ",\"onward\":[\"ministry\"],\"label\":\"AMBER+STRICT\""), NRS_ERROR_LABEL_FORBIDS);
    OK(pass_on(READER, first, "org-0", ""));
    stop();
}

/* Whoever wrote all of it decides anew, and who passes that on goes by the last that it said. */
static void its_source_decides(void **state)
{
    char report[ID], wider[ID], first[ID], second[ID];

    (void)state;
    start();
    send_it(report, "AMBER+STRICT", "org-2", "");
    made(SOURCE, wider, report, "org-2\",\"org-3", "");
    OK(pass_on(SOURCE, wider, "org-4", ""));
    assert_int_equal(pass_on(READER, report, "org-3", ""), NRS_ERROR_LABEL_FORBIDS);
    made(READER, first, wider, "org-3", "");
    made(READER, second, first, "org-3", "");
    assert_int_equal(pass_on(READER, second, "org-0", ""), NRS_ERROR_LABEL_FORBIDS);
    stop();
}

/* A reply says as little of it as of what another sent. */
static void a_reply_tells_no_subject_of_it(void **state)
{
    char report[ID], first[ID];

    (void)state;
    start();
    send_it(report, "AMBER", "org-2", "");
    made(READER, first, report, "org-3", "");
    OK(mesh_ask(&net, READER, "{\"command\":\"reply\",\"id\":\"%s\",\"to\":[\"org-4\"],\"body\":\"返事\"}", first));
    take_id(READER, report);
    OK(mesh_ask(&net, READER, "{\"command\":\"show\",\"id\":\"%s\"}", report));
    assert_memory_equal(mesh_text(mesh_row(&net, READER, 0), "subject") + 4, first, 16);
    stop();
}

/* ---- The copy of who made it ---- */

static void its_conditions_bind_the_copy(void **state)
{
    static const struct { const char *sink; nrs_error want; } sinks[] = {{"own", NRS_OK}, {"clients", NRS_ERROR_CONDITIONS}};
    char report[ID], first[ID];

    (void)state;
    start();
    send_it(report, "AMBER", "org-2", ",\"pap\":\"RED\"");
    made(READER, first, report, "org-3", "");
    for (size_t i = 0; i < 4; i++) {
        if (i == 2) { /* by its own header then */
            OK(mesh_ask(&net, READER, "{\"command\":\"forget\",\"id\":\"%s\"}", report));
        }
        assert_int_equal(mesh_ask(&net, READER, "{\"command\":\"export\",\"id\":\"%s\",\"sink\":\"%s\"}", first, sinks[i % 2].sink), sinks[i % 2].want);
    }
    made(SOURCE, first, report, "org-3", ""); /* its source's own */
    OK(mesh_ask(&net, SOURCE, "{\"command\":\"export\",\"id\":\"%s\",\"sink\":\"clients\"}", first));
    stop();
}

/* ---- Duties ---- */

/* AMBER demands the one duty, an incident the other: all have the first, the other operator has the first alone. */
static void demand_two(void *context, nrs_roster *next)
{
    static char nda[] = "nda", pledge[] = "pledge";
    static Nrs__Wire__Duty first, second, readers[2], *all[2] = {&first, &second}, *reader[2] = {&readers[0], &readers[1]};
    static Nrs__Wire__DutyRule for_label, for_kind, *rules[2] = {&for_label, &for_kind};
    static Nrs__Wire__Rules kept;

    (void)context;
    nrs__wire__duty__init(&first);
    first.name = nda;
    second = first;
    second.name = pledge;
    readers[0] = first;
    readers[1] = second;
    readers[0].until_ms = until_ms;
    readers[1].until_ms = pledge_until_ms;
    for (size_t i = 0; i < next->n_members; i++) {
        const char *org = next->members[i]->org;

        next->members[i]->duties = strcmp(org, "org-2") == 0 ? reader : all;
        next->members[i]->n_duties = strcmp(org, "org-3") == 0 ? 1 : 2;
    }
    kept = *next->rules;
    nrs__wire__duty_rule__init(&for_label);
    for_label.labels = NRS_LABEL_BIT(NRS_LABEL_AMBER);
    for_label.duty = nda;
    nrs__wire__duty_rule__init(&for_kind);
    for_kind.kinds = NRS_KIND_BIT(NRS_KIND_INCIDENT);
    for_kind.duty = pledge;
    kept.duties = rules;
    kept.n_duties = rule_count;
    next->rules = &kept;
}

static size_t recipients(size_t node)
{
    return json_array_size(json_object_get(mesh_row(&net, node, 0), "recipients"));
}

static void another_kind_drops_no_duty(void **state)
{
    static const char *const more[] = {"", ",\"kind\":\"lesson\"", ",\"label\":\"AMBER+STRICT\",\"kind\":\"lesson\""};
    char report[ID], first[ID];

    (void)state;
    start();
    mesh_change(&net, demand_two, NULL);
    send_it(report, "AMBER", "@electricity", "");
    made(READER, first, report, "org-1", ",\"kind\":\"lesson\"");
    for (size_t i = 0; i < sizeof more / sizeof more[0]; i++) {
        assert_int_equal(pass_on(READER, report, "org-3", more[i]), NRS_ERROR_DUTY);
        assert_int_equal(pass_on(READER, first, "org-3", more[i]), NRS_ERROR_DUTY);
        assert_int_equal(mesh_ask(&net, READER, "{\"command\":\"reply\",\"id\":\"%s\",\"to\":[\"org-3\"],\"body\":\"返事\"%s}", report, more[i]), NRS_ERROR_DUTY);
        OK(pass_on(READER, report, "org-1\",\"org-3", more[i]));
        assert_int_equal(recipients(READER), 1);
    }
    OK(mesh_ask(&net, SOURCE, "{\"command\":\"send\",\"label\":\"AMBER\",\"to\":[\"org-3\"],\"kind\":\"lesson\",\"subject\":\"件名\",\"body\":\"本文\"}"));
    stop();
}

static void what_is_published_under_another_kind_drops_none(void **state)
{
    char report[ID];

    (void)state;
    start();
    mesh_change(&net, demand_two, NULL);
    OK(mesh_ask(&net, SOURCE, "{\"command\":\"send\",\"withhold_source\":true,\"label\":\"AMBER\",\"to\":[\"@electricity\"],\"kind\":\"incident\",\"subject\":\"s\",\"body\":\"b\"}"));
    take_id(SOURCE, report);
    OK(mesh_ask(&net, HUB, "{\"command\":\"vouch\",\"id\":\"%s\",\"kind\":\"lesson\",\"dry_run\":true}", report));
    assert_int_equal(recipients(HUB), 2); /* all but the other operator, and the ministry */
    stop();
}

static const char *listed_subject(const char *id)
{
    const json_t *row = mesh_listed_row(&net, READER, id);

    return row == NULL ? "(not listed)" : mesh_text(row, "subject");
}

/* By the first report's duty where that is held, by its own where not. */
static void a_duty_that_has_ended_closes_the_copy(void **state)
{
    (void)state;
    for (size_t forgotten = 0; forgotten < 2; forgotten++) {
        char report[ID], first[ID], own[ID];

        start();
        until_ms = net.now_ms + DAY;
        mesh_change(&net, demand_two, NULL);
        send_it(report, "AMBER", "org-2", "");
        made(READER, first, report, "org-1", "");
        OK(mesh_ask(&net, READER, "{\"command\":\"send\",\"label\":\"AMBER\",\"to\":[\"org-1\"],\"kind\":\"incident\",\"subject\":\"自社\",\"body\":\"本文\"}"));
        take_id(READER, own);
        if (forgotten != 0) {
            OK(mesh_ask(&net, READER, "{\"command\":\"forget\",\"id\":\"%s\"}", report));
        }
        OK(mesh_ask(&net, READER, "{\"command\":\"show\",\"id\":\"%s\"}", first));
        assert_string_equal(listed_subject(first), "Fwd: 件名");
        net.now_ms += DAY + 1;
        assert_int_equal(mesh_ask(&net, READER, "{\"command\":\"show\",\"id\":\"%s\"}", first), NRS_ERROR_DUTY);
        assert_string_equal(mesh_text(mesh_row(&net, READER, 0), "body"), "");
        assert_string_equal(mesh_text(mesh_row(&net, READER, 0), "subject"), "");
        assert_int_equal(mesh_ask(&net, READER, "{\"command\":\"export\",\"id\":\"%s\",\"sink\":\"own\"}", first), NRS_ERROR_DUTY);
        assert_int_equal(pass_on(READER, first, "org-1", ""), NRS_ERROR_DUTY);
        assert_string_equal(listed_subject(first), "");
        OK(mesh_ask(&net, READER, "{\"command\":\"show\",\"id\":\"%s\"}", own));
        assert_string_equal(listed_subject(own), "自社");
        stop();
    }
}

/* It is as if it were not held: the forward's own terms hold. The kind stands in the body as well. */
static const struct damage {
    const char *name, *change;
    bool pledge; /* the duty for its kind ends, not the one for its label */
} damages[] = {
    {"the record", "log SET record = zeroblob(length(record))", false},
    {"the annex", "report SET annex = zeroblob(length(annex))", false},
    {"the annex, and a duty for the kind", "report SET annex = zeroblob(length(annex))", true},
    {"the key", "report SET wrapped_key = zeroblob(length(wrapped_key))", true},
};

static void damage(const char *change, const char *id)
{
    mesh_down(&net, READER);
    mesh_sql(&net, READER, "UPDATE %s WHERE hex(substr(id, 1, 8)) = upper('%.16s')", change, id);
    mesh_up(&net, READER);
}

static void a_damaged_source_fails_no_step(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof damages / sizeof damages[0]; i++) {
        char report[ID], first[ID];

        start();
        until_ms = damages[i].pledge ? 0 : net.now_ms + DAY;
        pledge_until_ms = damages[i].pledge ? net.now_ms + DAY : 0;
        mesh_change(&net, demand_two, NULL);
        send_it(report, "AMBER", "org-2", "");
        made(READER, first, report, "org-1", "");
        damage(damages[i].change, report);
        OK(mesh_ask(&net, READER, "{\"command\":\"show\",\"id\":\"%s\"}", first));
        assert_string_equal(listed_subject(first), "Fwd: 件名");
        net.now_ms += DAY + 1;
        if (mesh_ask(&net, READER, "{\"command\":\"show\",\"id\":\"%s\"}", first) != NRS_ERROR_DUTY) {
            fail_msg("%s", damages[i].name);
        }
        assert_string_equal(listed_subject(first), "");
        assert_string_equal(listed_subject(report), "");
        if (strstr(damages[i].name, "annex") != NULL) {
            assert_int_equal(mesh_ask(&net, READER, "{\"command\":\"show\",\"id\":\"%s\"}", report), NRS_ERROR_DUTY);
        }
        stop();
    }
}

static void put_disclaimer(void *context, nrs_roster *next)
{
    static char name[] = "care", ja[] = "注意", en[] = "Care";
    static Nrs__Wire__Disclaimer text, *texts[] = {&text};
    static Nrs__Wire__Rules kept;

    (void)context;
    nrs__wire__disclaimer__init(&text);
    text.name = name;
    text.ja = ja;
    text.en = en;
    text.version = 1;
    kept = *next->rules;
    kept.disclaimers = texts;
    kept.n_disclaimers = 1;
    next->rules = &kept;
}

/* Of one source the duty has ended, at the other an acceptance is missing (a store put back from before): in whatever order the two stand. */
static void an_ended_duty_comes_before_what_waits(void **state)
{
    (void)state;
    for (size_t i = 0; i < 6; i++) {
        char report[ID], passed[ID], first[ID];

        start();
        pledge_until_ms = net.now_ms + DAY;
        mesh_change(&net, demand_two, NULL);
        mesh_change(&net, put_disclaimer, NULL);
        send_it(report, "AMBER", "org-0\",\"org-2", "");
        made(HUB, passed, report, "org-2", ",\"kind\":\"lesson\",\"disclaimers\":[\"care\"]");
        OK(mesh_ask(&net, READER, "{\"command\":\"accept\",\"id\":\"%s\"}", passed));
        made(READER, first, passed, "org-1", "");
        mesh_down(&net, READER);
        mesh_sql(&net, READER, "DELETE FROM decision");
        mesh_up(&net, READER);
        assert_int_equal(mesh_ask(&net, READER, "{\"command\":\"show\",\"id\":\"%s\"}", first), NRS_ERROR_DISCLAIMER);
        net.now_ms += DAY + 1;
        assert_int_equal(mesh_ask(&net, READER, "{\"command\":\"show\",\"id\":\"%s\"}", first), NRS_ERROR_DUTY);
        assert_string_equal(listed_subject(first), "");
        stop();
    }
}

/* ---- What a list costs ---- */

#define MANY 100
#define ASKED_OF 3

/* One rule for AMBER: of what has another label, of the node's own, and in another community no record is read. */
static void a_list_reads_what_a_rule_asks_of_alone(void **state)
{
    char id[ID];
    long long before;

    (void)state;
    start();
    rule_count = 1;
    mesh_change(&net, demand_two, NULL);
    for (size_t i = 0; i < MANY; i++) {
        OK(mesh_ask(&net, SOURCE, "{\"command\":\"send\",\"label\":\"AMBER+STRICT\",\"to\":[\"org-2\"],\"kind\":\"incident\",\"subject\":\"件名\",\"body\":\"本文\"}"));
        OK(mesh_ask(&net, HUB, "{\"command\":\"send\",\"label\":\"AMBER\",\"to\":[\"@gas\"],\"kind\":\"incident\",\"subject\":\"件名\",\"body\":\"本文\"}"));
        OK(mesh_ask(&net, READER, "{\"command\":\"send\",\"label\":\"AMBER\",\"to\":[\"org-1\"],\"kind\":\"incident\",\"subject\":\"件名\",\"body\":\"本文\"}"));
    }
    mesh_settle(&net, 10);
    for (size_t i = 0; i < ASKED_OF; i++) {
        send_it(id, "AMBER", "org-2", "");
    }
    mesh_not_at_hand(&net, READER);
    before = mesh_rows_read(&net, READER);
    OK(mesh_ask(&net, READER, "{\"command\":\"list\"}"));
    assert_int_equal(mesh_row_count(&net, READER), 3 * MANY + ASKED_OF);
    assert_int_equal(mesh_rows_read(&net, READER) - before, ASKED_OF);
    stop();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_second_forward_is_no_way_out),
        cmocka_unit_test(what_was_forgotten_binds_on),
        cmocka_unit_test(its_source_decides),
        cmocka_unit_test(a_reply_tells_no_subject_of_it),
        cmocka_unit_test(its_conditions_bind_the_copy),
        cmocka_unit_test(another_kind_drops_no_duty),
        cmocka_unit_test(what_is_published_under_another_kind_drops_none),
        cmocka_unit_test(a_duty_that_has_ended_closes_the_copy),
        cmocka_unit_test(a_damaged_source_fails_no_step),
        cmocka_unit_test(an_ended_duty_comes_before_what_waits),
        cmocka_unit_test(a_list_reads_what_a_rule_asks_of_alone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
