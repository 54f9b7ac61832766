/* Sources that are withheld: what a source sends reaches its hub and nobody else; what the hub vouches for reaches those whom the
 * source named, at the tick, under the hub's name, never under looser terms. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "keys/seal.h"
#include "mesh_look.h"
#include "mesh_records.h"
#include "proto/vocabulary.h"

#define OK(expression) assert_int_equal((expression), NRS_OK)
enum { HUB, OTHER_HUB, SOURCE, MEMBER, LAST, NODES };

static mesh net;
static char report[2 * NRS_HASH_SIZE + 1], published[2 * NRS_HASH_SIZE + 1];

static void keep_id(char *to, size_t node)
{
    (void)snprintf(to, 2 * NRS_HASH_SIZE + 1, "%s", mesh_text(mesh_row(&net, node, 0), "id"));
}

static nrs_error send_withheld(const char *label, const char *to, const char *more)
{
    nrs_error error = mesh_ask(&net, SOURCE,
                               "{\"command\":\"send\",\"withhold_source\":true,\"via\":[\"org-0\"],\"label\":\"%s\",\"to\":[\"%s\"],\"kind\":\"incident\","
                               "\"subject\":\"件名\",\"body\":\"本文\"%s}",
                               label, to, more);

    if (error == NRS_OK) {
        keep_id(report, SOURCE);
        mesh_settle(&net, 3);
    }
    return error;
}

static nrs_error vouch(size_t node, const char *more)
{
    nrs_error error = mesh_ask(&net, node, "{\"command\":\"vouch\",\"id\":\"%s\"%s}", report, more);

    if (error == NRS_OK && mesh_text(mesh_row(&net, node, 0), "id")[0] != '\0') {
        keep_id(published, node);
    }
    return error;
}

static nrs_error show(size_t node, const char *id)
{
    return mesh_ask(&net, node, "{\"command\":\"show\",\"id\":\"%s\"}", id);
}

static void from_the_source_to_the_members(void **state)
{
    const json_t *row;
    const char *const stages[] = {"sent", "stored", "opened"};

    (void)state;
    mesh_start(&net, NODES, 2);
    OK(send_withheld("AMBER", "@electricity",
                     ",\"urgent\":true,\"fields\":{\"reporter\":\"佐藤\",\"system\":\"SCADA\",\"impact\":\"停止\",\"reported_at\":\"6時\"}"));
    assert_string_equal(mesh_text(mesh_row(&net, SOURCE, 0), "label"), "AMBER");
    for (size_t node = 0; node < NODES; node++) { /* nobody has a byte of it but the source and its hub */
        assert_int_equal(mesh_holds(&net, node, report), node == SOURCE || node == HUB);
    }
    row = mesh_listed_row(&net, HUB, report);
    assert_true(json_is_true(json_object_get(row, "to_vouch")));
    assert_string_equal(mesh_text(row, "from"), "org-2");
    assert_string_equal(mesh_text(row, "attribution"), "withheld");
    OK(show(HUB, report));
    assert_string_equal(mesh_text(mesh_row(&net, HUB, 0), "body"), "本文");

    OK(vouch(HUB, ""));
    assert_int_equal(json_array_size(json_object_get(mesh_row(&net, HUB, 0), "dropped")), 3);
    assert_string_not_equal(published, report);
    mesh_settle(&net, 3);
    for (size_t node = 0; node < NODES; node++) { /* it leaves with the tick, not before */
        assert_int_equal(mesh_holds(&net, node, published), node == HUB);
    }
    mesh_wait_for_tick(&net, 4);
    for (size_t node = 0; node < NODES; node++) {
        assert_true(mesh_holds(&net, node, published));
        assert_int_equal(mesh_holds(&net, node, report), node == SOURCE || node == HUB);
        if (node == HUB) {
            continue;
        }
        row = mesh_listed_row(&net, node, published);
        assert_string_equal(mesh_text(row, "from"), "org-0");
        assert_string_equal(mesh_text(row, "attribution"), "vouched");
        OK(show(node, published));
        row = mesh_row(&net, node, 0);
        assert_string_equal(mesh_text(row, "body"), "本文");
        assert_int_equal(json_integer_value(json_object_get(json_object_get(row, "vouched"), "count")), 1);
        assert_int_equal(json_object_size(json_object_get(row, "fields")), 1);
        assert_string_equal(mesh_text(row, "impact"), "停止");
        assert_true(json_is_true(json_object_get(row, "urgent")));
        assert_true(json_is_null(json_object_get(row, "person")));
    }
    assert_false(json_is_true(json_object_get(mesh_listed_row(&net, HUB, report), "to_vouch")));
    row = mesh_listed_row(&net, SOURCE, report); /* what became of it */
    assert_string_equal(json_string_value(json_array_get(json_object_get(row, "vouched_as"), 0)), published);
    OK(mesh_ask(&net, SOURCE, "{\"command\":\"receipts\",\"id\":\"%s\"}", report));
    assert_int_equal(mesh_row_count(&net, SOURCE), 3);
    for (size_t i = 0; i < 3; i++) {
        assert_string_equal(mesh_text(mesh_row(&net, SOURCE, i), "stage"), stages[i]);
        assert_string_equal(mesh_text(mesh_row(&net, SOURCE, i), "recipient"), "org-0");
    }
    mesh_settle(&net, 3);
    OK(mesh_ask(&net, HUB, "{\"command\":\"receipts\",\"id\":\"%s\",\"missing\":true}", published));
    assert_int_equal(mesh_row_count(&net, HUB), 0); /* the source has confirmed like all the others */
    mesh_stop(&net);
}

static void a_hub_asks_and_the_source_answers(void **state)
{
    static char command[2700];
    const json_t *row, *asked;
    size_t before;

    (void)state;
    mesh_start(&net, NODES, 2);
    OK(send_withheld("AMBER", "@electricity", ""));
    OK(show(HUB, report));
    assert_int_equal(mesh_ask(&net, HUB, "{\"command\":\"reply\",\"id\":\"%s\",\"body\":\"\"}", report), NRS_ERROR_USAGE);
    (void)snprintf(command, sizeof command, "{\"command\":\"reply\",\"id\":\"%s\",\"body\":\"%02500d\"}", report, 1);
    assert_int_equal(mesh_command(&net, HUB, command), NRS_ERROR_TOO_LARGE);
    before = mesh_rows_of(&net, MEMBER, NRS_RECORD_ENVELOPE);
    OK(mesh_ask(&net, HUB, "{\"command\":\"reply\",\"id\":\"%s\",\"body\":\"どの版ですか\"}", report));
    assert_string_not_equal(mesh_text(mesh_row(&net, HUB, 0), "leaves_at"), "");
    mesh_settle(&net, 3);
    OK(show(SOURCE, report));
    assert_int_equal(json_array_size(json_object_get(mesh_row(&net, SOURCE, 0), "questions")), 0); /* not before the tick */
    mesh_wait_for_tick(&net, 4);
    for (size_t node = HUB; node <= SOURCE; node += SOURCE) {
        OK(show(node, report));
        row = mesh_row(&net, node, 0);
        assert_int_equal(json_array_size(json_object_get(row, "questions")), 1);
        asked = json_array_get(json_object_get(row, "questions"), 0);
        assert_string_equal(mesh_text(asked, "text"), "どの版ですか");
        assert_string_equal(mesh_text(asked, "by"), "org-0");
    }
    assert_int_equal(mesh_rows_of(&net, MEMBER, NRS_RECORD_ENVELOPE) - before, mesh_rows_of(&net, LAST, NRS_RECORD_ENVELOPE) - before);
    /* a second question after a crash in between, and an answer that is withheld as well */
    OK(mesh_ask(&net, HUB, "{\"command\":\"reply\",\"id\":\"%s\",\"body\":\"いつからですか\"}", report));
    mesh_crash(&net, HUB);
    mesh_wait_for_tick(&net, 4);
    OK(show(SOURCE, report));
    assert_int_equal(json_array_size(json_object_get(mesh_row(&net, SOURCE, 0), "questions")), 2);
    OK(send_withheld("AMBER", "@electricity", ""));
    OK(mesh_ask(&net, SOURCE, "{\"command\":\"send\",\"follows\":\"%s\",\"label\":\"AMBER\",\"to\":[\"@electricity\"],\"kind\":\"incident\",\"subject\":\"答\",\"body\":\"二版\"}",
                report));
    keep_id(report, SOURCE);
    mesh_settle(&net, 3);
    assert_string_equal(mesh_text(mesh_listed_row(&net, HUB, report), "attribution"), "withheld");
    assert_false(mesh_holds(&net, OTHER_HUB, report));
    /* nobody else asks that way */
    OK(vouch(HUB, ""));
    mesh_wait_for_tick(&net, 4);
    assert_int_not_equal(mesh_ask(&net, MEMBER, "{\"command\":\"reply\",\"id\":\"%s\",\"body\":\"x\"}", report), NRS_OK);
    mesh_stop(&net);
}

/* ---- What the terms allow ---- */

static void set_rule(void *context, nrs_roster *next)
{
    next->rules->flags = *(const uint32_t *)context;
}

static void what_may_be_withheld(void **state)
{
    static const struct {
        const char *label, *to, *more;
        nrs_error want;
    } cases[] = {
        {"CLEAR", "@electricity", "", NRS_OK},
        {"GREEN", "@electricity", "", NRS_OK},
        {"AMBER", "org-3", "", NRS_OK},
        {"AMBER+STRICT", "org-3", "", NRS_OK},
        {"RED", "@electricity", "", NRS_ERROR_LABEL_FORBIDS},
        {"GREEN", "org-3", "", NRS_ERROR_LABEL_FORBIDS}, /* as if it were not withheld */
        {"AMBER", "org-0", "", NRS_ERROR_AUDIENCE},      /* to nobody but the hub itself */
        {"AMBER", "@electricity", ",\"name_source\":\"yes\"", NRS_ERROR_CONDITIONS},
        {"AMBER", "@electricity", ",\"unlock_on_accept\":true", NRS_ERROR_USAGE},
        {"AMBER", "@electricity", ",\"via\":[\"org-3\"]", NRS_ERROR_NOT_HUB},
    };
    uint32_t flags = NRS_RULE_RED_RELAY;

    (void)state;
    mesh_start(&net, NODES, 2);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        nrs_error error = send_withheld(cases[i].label, cases[i].to, cases[i].more);

        if (error != cases[i].want) {
            fail_msg("%s to %s%s: %s", cases[i].label, cases[i].to, cases[i].more, nrs_error_rule(error));
        }
        if (error != NRS_OK) {
            continue;
        }
        OK(show(HUB, report));
        assert_string_equal(mesh_text(mesh_row(&net, HUB, 0), "label"), cases[i].label);
        OK(vouch(HUB, ""));
        mesh_wait_for_tick(&net, 4);
        OK(show(MEMBER, published));
        assert_string_equal(mesh_text(mesh_row(&net, MEMBER, 0), "label"), cases[i].label);
        assert_int_equal(json_integer_value(json_object_get(json_object_get(mesh_row(&net, MEMBER, 0), "vouched"), "count")), i + 1);
        assert_false(mesh_holds(&net, OTHER_HUB, report));
        if (strcmp(cases[i].to, "@electricity") != 0) {
            assert_int_not_equal(show(LAST, published), NRS_OK);
        }
    }
    assert_int_equal(mesh_command(&net, SOURCE, "{\"command\":\"red-prepare\",\"withhold_source\":true,\"label\":\"RED\",\"to\":[\"a@org-3\"]}"),
                     NRS_ERROR_LABEL_FORBIDS);
    mesh_change(&net, set_rule, &flags);
    assert_int_equal(send_withheld("AMBER", "@electricity", ""), NRS_ERROR_COMMUNITY_RULE);
    mesh_stop(&net);
}

static void a_source_gives_it_to_the_hubs_it_names(void **state)
{
    (void)state;
    mesh_start(&net, NODES, 2);
    OK(mesh_command(&net, SOURCE, "{\"command\":\"send\",\"withhold_source\":true,\"label\":\"AMBER\",\"to\":[\"@electricity\"],\"kind\":\"incident\","
                                  "\"subject\":\"s\",\"body\":\"b\"}"));
    keep_id(report, SOURCE);
    assert_int_equal(json_array_size(json_object_get(mesh_row(&net, SOURCE, 0), "recipients")), 1); /* one hub is enough */
    mesh_settle(&net, 3);
    assert_int_equal(mesh_holds(&net, HUB, report) + mesh_holds(&net, OTHER_HUB, report), 1);
    OK(mesh_command(&net, SOURCE, "{\"command\":\"send\",\"withhold_source\":true,\"via\":[\"org-0\",\"org-1\"],\"label\":\"AMBER\","
                                  "\"to\":[\"@electricity\"],\"kind\":\"incident\",\"subject\":\"s\",\"body\":\"b\"}"));
    keep_id(report, SOURCE);
    mesh_down(&net, HUB); /* each by the source's own link: while the one is away the other hands it nothing */
    mesh_settle(&net, 3);
    assert_true(mesh_holds(&net, OTHER_HUB, report));
    mesh_up(&net, HUB);
    mesh_settle(&net, 8);
    assert_true(mesh_holds(&net, HUB, report));
    assert_false(mesh_holds(&net, MEMBER, report));
    assert_int_equal(mesh_ask(&net, SOURCE, "{\"command\":\"send\",\"via\":[\"org-0\"],\"label\":\"AMBER\",\"to\":[\"@electricity\"],"
                                            "\"kind\":\"incident\",\"subject\":\"s\",\"body\":\"b\"}"),
                     NRS_ERROR_USAGE);
    mesh_stop(&net);
}

static void what_a_vouch_may_change(void **state)
{
    static const struct {
        const char *name, *more;
        nrs_error want;
    } cases[] = {
        {"a looser label", ",\"label\":\"GREEN\"", NRS_ERROR_LABEL_FORBIDS},
        {"a label for persons", ",\"label\":\"RED\"", NRS_ERROR_LABEL_FORBIDS},
        {"a stricter label to a community", ",\"label\":\"AMBER+STRICT\",\"to\":[\"@electricity\"]", NRS_ERROR_LABEL_FORBIDS},
        {"somebody the source did not name", ",\"to\":[\"org-1\"]", NRS_ERROR_AUDIENCE},
        {"looser conditions", ",\"pap\":\"CLEAR\"", NRS_ERROR_CONDITIONS},
        {"the source's id in the text", ",\"subject\":\"ORG-2の停止\",\"body\":\"b\",\"fields\":{}", NRS_ERROR_SOURCE_NAMED},
        {"the source's name in a field", ",\"subject\":\"s\",\"body\":\"b\",\"fields\":{\"impact\":\"株式会社試験組織の停止\"}", NRS_ERROR_SOURCE_NAMED},
        {"an id that only begins like it", ",\"dry_run\":true,\"subject\":\"org-21\",\"body\":\"b\",\"fields\":{}", NRS_OK},
        {"a part without a form", ",\"part\":\"technical\"", NRS_ERROR_USAGE},
        {"a part that there is not", ",\"part\":\"whole\",\"body\":\"b\",\"fields\":{}", NRS_ERROR_USAGE},
        {"a field of the other part", ",\"part\":\"technical\",\"body\":\"b\",\"fields\":{\"impact\":\"停止\"}", NRS_ERROR_USAGE},
        {"nothing done", ",\"dry_run\":true", NRS_OK},
        {"a name that the source agreed to", ",\"keep_names\":true,\"subject\":\"org-2\",\"body\":\"b\",\"fields\":{\"system\":\"SCADA\"}", NRS_OK},
        {"twice", "", NRS_ERROR_VOUCHED_ALREADY},
        {"a part of what was published whole", ",\"part\":\"technical\",\"body\":\"b\",\"fields\":{}", NRS_ERROR_VOUCHED_ALREADY},
    };

    (void)state;
    mesh_start(&net, NODES, 2);
    OK(send_withheld("AMBER", "org-3", ",\"pap\":\"AMBER\""));
    assert_int_equal(vouch(SOURCE, ""), NRS_ERROR_NOT_HUB);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        nrs_error error = vouch(HUB, cases[i].more);

        if (error != cases[i].want) {
            fail_msg("%s: %s", cases[i].name, nrs_error_rule(error));
        }
        if (error != NRS_OK && error != NRS_ERROR_USAGE) { /* each refusal is in the hub's log, by its name */
            OK(mesh_command(&net, HUB, "{\"command\":\"audit-list\",\"kind\":\"vouch\",\"limit\":1}"));
            assert_string_equal(mesh_text(mesh_row(&net, HUB, 0), "rule"), nrs_error_rule(error));
        }
    }
    mesh_wait_for_tick(&net, 4);
    OK(show(MEMBER, published));
    assert_string_equal(mesh_text(mesh_row(&net, MEMBER, 0), "system"), "SCADA"); /* kept on purpose */
    assert_int_equal(mesh_ask(&net, HUB, "{\"command\":\"vouch\",\"id\":\"%s\"}", published), NRS_ERROR_NOT_WITHHELD);
    assert_int_equal(mesh_ask(&net, MEMBER, "{\"command\":\"vouch\",\"id\":\"%s\"}", published), NRS_ERROR_NOT_HUB);
    assert_int_equal(mesh_ask(&net, HUB, "{\"command\":\"export\",\"id\":\"%s\",\"sink\":\"own\"}", report), NRS_ERROR_SOURCE_WITHHELD);
    assert_int_equal(mesh_ask(&net, HUB, "{\"command\":\"send\",\"follows\":\"%s\",\"label\":\"GREEN\",\"to\":[\"@electricity\"],\"kind\":\"incident\","
                                         "\"subject\":\"s\",\"body\":\"b\"}", report), NRS_ERROR_SOURCE_WITHHELD);
    assert_int_equal(mesh_ask(&net, HUB, "{\"command\":\"forward\",\"id\":\"%s\",\"to\":[\"@electricity\"]}", report), NRS_ERROR_SOURCE_WITHHELD);
    assert_int_equal(mesh_ask(&net, SOURCE, "{\"command\":\"forward\",\"id\":\"%s\",\"to\":[\"@electricity\"]}", report), NRS_ERROR_SOURCE_WITHHELD);
    OK(mesh_command(&net, HUB, "{\"command\":\"audit-list\",\"kind\":\"vouch\"}")); /* each attempt that a rule refused, and the one that was not */
    assert_int_equal(mesh_row_count(&net, HUB), 11);
    mesh_stop(&net);
}

static void the_technical_part_goes_further_than_the_damage(void **state)
{
    char technical[2 * NRS_HASH_SIZE + 1];

    (void)state;
    mesh_start(&net, NODES, 2);
    OK(send_withheld("AMBER", "@electricity", ",\"fields\":{\"cause\":\"vulnerability\",\"impact\":\"停止\"}"));
    OK(vouch(HUB, ",\"part\":\"technical\",\"body\":\"手口\",\"fields\":{\"cause\":\"vulnerability\"}"));
    memcpy(technical, published, sizeof technical);
    assert_int_equal(vouch(HUB, ""), NRS_ERROR_VOUCHED_ALREADY); /* what was divided is not published whole */
    OK(vouch(HUB, ",\"part\":\"damage\",\"label\":\"AMBER+STRICT\",\"to\":[\"org-3\"],\"body\":\"被害\",\"fields\":{\"impact\":\"停止\"}"));
    mesh_wait_for_tick(&net, 4);
    OK(show(MEMBER, technical));
    OK(show(LAST, technical));
    assert_string_equal(mesh_text(mesh_row(&net, LAST, 0), "body"), "手口");
    assert_string_equal(mesh_text(mesh_row(&net, LAST, 0), "impact"), "");
    OK(show(MEMBER, published));
    assert_string_equal(mesh_text(mesh_row(&net, MEMBER, 0), "label"), "AMBER+STRICT");
    assert_string_equal(mesh_text(mesh_row(&net, MEMBER, 0), "body"), "被害");
    assert_int_not_equal(show(LAST, published), NRS_OK);
    assert_int_equal(json_array_size(json_object_get(mesh_listed_row(&net, SOURCE, report), "vouched_as")), 2);
    mesh_stop(&net);
}

/* What a source sends after a withheld report is withheld too, and its ids are not published. */
static void a_series_stays_withheld(void **state)
{
    char first[2 * NRS_HASH_SIZE + 1];

    (void)state;
    mesh_start(&net, NODES, 1);
    OK(mesh_command(&net, SOURCE, "{\"command\":\"send\",\"label\":\"AMBER\",\"to\":[\"@electricity\"],\"kind\":\"incident\",\"subject\":\"s\","
                                  "\"body\":\"b\"}"));
    keep_id(report, SOURCE); /* under its own name */
    mesh_settle(&net, 3);
    OK(mesh_ask(&net, SOURCE, "{\"command\":\"send\",\"withhold_source\":true,\"follows\":\"%s\",\"number\":5,\"label\":\"AMBER\",\"to\":[\"@electricity\"],"
                              "\"kind\":\"incident\",\"subject\":\"s\",\"body\":\"b\"}", report));
    keep_id(report, SOURCE);
    mesh_settle(&net, 3);
    OK(vouch(HUB, ""));
    memcpy(first, published, sizeof first);
    mesh_wait_for_tick(&net, 4);
    OK(show(MEMBER, published));
    assert_true(json_is_null(json_object_get(mesh_row(&net, MEMBER, 0), "follows")));
    assert_true(json_is_null(json_object_get(mesh_row(&net, MEMBER, 0), "number")));
    OK(mesh_ask(&net, SOURCE, "{\"command\":\"send\",\"follows\":\"%s\",\"label\":\"AMBER\",\"to\":[\"@electricity\"],\"kind\":\"incident\","
                              "\"subject\":\"続報\",\"body\":\"b\"}", report));
    assert_true(json_is_true(json_object_get(mesh_row(&net, SOURCE, 0), "withheld")));
    keep_id(report, SOURCE);
    mesh_settle(&net, 3);
    assert_false(mesh_holds(&net, MEMBER, report));
    OK(vouch(HUB, ""));
    mesh_wait_for_tick(&net, 4);
    OK(show(MEMBER, published));
    assert_string_equal(mesh_text(mesh_row(&net, MEMBER, 0), "follows"), first);
    assert_int_equal(json_integer_value(json_object_get(mesh_row(&net, MEMBER, 0), "number")), 2);
    OK(mesh_ask(&net, SOURCE, "{\"command\":\"send\",\"follows\":\"%s\",\"label\":\"AMBER\",\"to\":[\"@electricity\"],\"kind\":\"incident\","
                              "\"subject\":\"続報\",\"body\":\"b\"}", first)); /* as all know it */
    assert_true(json_is_true(json_object_get(mesh_row(&net, SOURCE, 0), "withheld")));
    keep_id(report, SOURCE);
    mesh_settle(&net, 3);
    assert_false(mesh_holds(&net, MEMBER, report));
    OK(vouch(HUB, ""));
    mesh_wait_for_tick(&net, 4);
    OK(show(MEMBER, published));
    assert_string_equal(mesh_text(mesh_row(&net, MEMBER, 0), "follows"), first);
    OK(mesh_ask(&net, MEMBER, "{\"command\":\"send\",\"follows\":\"%s\",\"label\":\"AMBER\",\"to\":[\"@electricity\"],\"kind\":\"incident\","
                              "\"subject\":\"続報\",\"body\":\"b\"}", first)); /* another's own word is its own */
    assert_false(json_is_true(json_object_get(mesh_row(&net, MEMBER, 0), "withheld")));
    OK(mesh_ask(&net, SOURCE, "{\"command\":\"reply\",\"id\":\"%s\",\"body\":\"もう一言\"}", report)); /* more to say on its own */
    assert_true(json_is_true(json_object_get(mesh_row(&net, SOURCE, 0), "withheld")));
    mesh_stop(&net);
}

/* Over crashes at both ends, and to a hub whose prekeys are not known yet. */
static void nothing_is_lost_or_published_twice(void **state)
{
    (void)state;
    mesh_start(&net, NODES, 1);
    OK(send_withheld("AMBER", "@electricity", ""));
    mesh_crash(&net, HUB);
    mesh_settle(&net, 3);
    OK(vouch(HUB, ""));
    mesh_crash(&net, HUB);
    mesh_settle(&net, 3);
    assert_false(mesh_holds(&net, MEMBER, published));
    mesh_down(&net, HUB); /* at its tick */
    mesh_wait_for_tick(&net, 4);
    mesh_up(&net, HUB);
    mesh_settle(&net, 6);
    assert_true(mesh_holds(&net, MEMBER, published));
    mesh_crash(&net, HUB);
    mesh_wait_for_tick(&net, 4);
    assert_int_equal(mesh_rows_of(&net, MEMBER, NRS_RECORD_SEALED), 1);
    OK(mesh_command(&net, MEMBER, "{\"command\":\"status\"}")); /* and nobody misses a number of the hub's */
    assert_int_equal(json_array_size(json_object_get(mesh_row(&net, MEMBER, 0), "gaps")), 0);
    mesh_stop(&net);
}

/* Its hub learns that the source takes it back, and nobody else that there is something between the two. */
static void a_source_withdraws(void **state)
{
    size_t letters;

    (void)state;
    mesh_start(&net, NODES, 2);
    OK(send_withheld("AMBER", "@electricity", ""));
    mesh_settle(&net, 5);
    letters = mesh_rows_of(&net, OTHER_HUB, NRS_RECORD_ENVELOPE);
    OK(mesh_ask(&net, SOURCE, "{\"command\":\"withdraw\",\"id\":\"%s\",\"reason\":\"誤報\"}", report));
    assert_int_equal(json_integer_value(json_object_get(mesh_row(&net, SOURCE, 0), "told")), 1);
    mesh_settle(&net, 5);
    assert_string_equal(mesh_text(mesh_listed_row(&net, HUB, report), "withdrawn_reason"), "誤報");
    assert_int_equal(vouch(HUB, ""), NRS_ERROR_WITHDRAWN);
    assert_int_equal(mesh_rows_of(&net, OTHER_HUB, NRS_RECORD_ENVELOPE), letters);
    assert_int_equal(mesh_rows_of(&net, MEMBER, NRS_RECORD_ENVELOPE), 0);
    OK(send_withheld("AMBER", "@electricity", "")); /* the hub's receipts leave with the next word to a source */
    OK(vouch(HUB, ""));
    mesh_wait_for_tick(&net, 4);
    mesh_stop(&net);
}

/* ---- What somebody sends who keeps to no rule ---- */

static char *text_of(const char *text)
{
    union { const char *in; char *out; } cast = {.in = text};

    return cast.out;
}

/* A report of a node as its own program would not make it. table_out: NULL, or it names nobody and has a slot for the hub. */
static void forge(nrs_bytes *record_out, nrs_bytes *table_out, size_t node, uint32_t attribution)
{
    nrs_roster *roster = NULL;
    nrs_header header;
    nrs_report text;
    Nrs__Wire__Vouch number = NRS__WIRE__VOUCH__INIT;
    nrs_audience audience = NRS__WIRE__AUDIENCE__INIT;
    Nrs__Wire__Target target = NRS__WIRE__TARGET__INIT, *targets[1] = {&target};
    char *to[1] = {text_of("@electricity")};
    nrs_sealed_parts parts = {0};
    nrs_secret *file_key = NULL;
    nrs_identity *self = net.nodes[node].identity;
    nrs_recipient hub = mesh_recipient(&net, HUB);
    nrs_seal_request request = {.header = &header, .report = &text, .audience = &audience,
                                .grantor = {nrs_identity_public(self), nrs_identity_agree_with, self}};

    OK(nrs_roster_decode(&roster, nrs_slice_of_bytes(&net.statement)));
    nrs__wire__header__init(&header);
    header.label = NRS_LABEL_AMBER;
    header.community = roster->community;
    header.roster_version = roster->version;
    header.created_ms = net.now_ms;
    header.expires_ms = net.now_ms + NRS_DAY_MS;
    header.attribution = attribution;
    nrs__wire__report__init(&text);
    text.kind = NRS_KIND_INCIDENT;
    text.subject = text_of("s");
    text.n_to = 1;
    text.to = to;
    number.count = 1;
    number.since_ms = net.now_ms;
    text.vouch = attribution == NRS_ATTRIBUTION_VOUCHED ? &number : NULL;
    target.community = roster->community;
    target.roster_version = roster->version;
    audience.n_targets = 1;
    audience.targets = targets;
    if (table_out != NULL) {
        text.n_to = 0;
        nrs__wire__target__init(&target);
        target.org = nrs_field_of(nrs_slice_of(hub.org_sign_key, NRS_KEY_SIZE));
        request.recipients = &hub;
        request.recipient_count = 1;
    }
    OK(nrs_seal(&parts, &file_key, &request));
    OK(nrs_seal_sign(record_out, &parts, self));
    if (table_out != NULL) {
        OK(nrs_bytes_copy(table_out, nrs_slice_of_bytes(&parts.slot_table)));
    }
    nrs_hex_encode(report, parts.id, NRS_HASH_SIZE);
    nrs_secret_destroy(&file_key);
    nrs_sealed_parts_wipe(&parts);
    nrs_roster_free(&roster);
}

static void what_is_not_taken(void **state)
{
    static const struct {
        const char *name;
        size_t maker, from, to;
        uint32_t attribution;
        const char *rule; /* NULL: it is taken */
    } cases[] = {
        {"a member vouches, to a hub", MEMBER, MEMBER, HUB, NRS_ATTRIBUTION_VOUCHED, "not-hub"},
        {"a member's vouching, by a hub to a member", MEMBER, HUB, LAST, NRS_ATTRIBUTION_VOUCHED, "not-hub"},
        {"a hub vouches", OTHER_HUB, OTHER_HUB, HUB, NRS_ATTRIBUTION_VOUCHED, NULL},
        {"withheld, from the source to its hub", MEMBER, MEMBER, HUB, NRS_ATTRIBUTION_WITHHELD, NULL},
        {"withheld, by its hub to a member", SOURCE, HUB, MEMBER, NRS_ATTRIBUTION_WITHHELD, "source-withheld"},
        {"withheld, by its hub to another hub", SOURCE, HUB, OTHER_HUB, NRS_ATTRIBUTION_WITHHELD, "source-withheld"},
        {"a hub's own, to a member", HUB, HUB, MEMBER, NRS_ATTRIBUTION_WITHHELD, "source-withheld"},
    };
    uint64_t position = 1u << 20;

    (void)state;
    mesh_start(&net, NODES, 2);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const size_t before = mesh_rows_of(&net, cases[i].to, NRS_RECORD_SEALED);
        nrs_bytes record = {0};

        net.nodes[cases[i].to].last_log[0] = '\0';
        forge(&record, NULL, cases[i].maker, cases[i].attribution);
        mesh_give_records(&net, cases[i].from, cases[i].to, position++, nrs_slice_of_bytes(&record), nrs_slice_of(NULL, 0));
        if (mesh_rows_of(&net, cases[i].to, NRS_RECORD_SEALED) - before != (cases[i].rule == NULL ? 1 : 0)) {
            fail_msg("%s: taken or not", cases[i].name);
        }
        if (cases[i].rule != NULL && strstr(net.nodes[cases[i].to].last_log, cases[i].rule) == NULL) {
            fail_msg("%s: logged as: %s", cases[i].name, net.nodes[cases[i].to].last_log);
        }
        nrs_bytes_wipe(&record);
    }
    mesh_settle(&net, 3); /* and nothing of it goes on */
    assert_int_equal(mesh_rows_of(&net, LAST, NRS_RECORD_SEALED), 0);
    mesh_stop(&net);
}

/* Another hub gives one of its numbers to two reports; who gets both writes it down. */
static void two_reports_under_one_number_are_an_alarm(void **state)
{
    nrs_bytes records[2] = {{0}, {0}}, tables[2] = {{0}, {0}};

    (void)state;
    mesh_start(&net, NODES, 2);
    for (size_t i = 0; i < 2; i++) {
        forge(&records[i], &tables[i], OTHER_HUB, NRS_ATTRIBUTION_VOUCHED);
    }
    for (size_t i = 0; i < 2; i++) {
        mesh_give_records(&net, OTHER_HUB, HUB, (1u << 20) + i, nrs_slice_of_bytes(&records[i]), nrs_slice_of_bytes(&tables[i]));
        mesh_settle(&net, 2);
        OK(mesh_ask(&net, HUB, "{\"command\":\"audit-list\",\"kind\":\"alarm\"}"));
        assert_int_equal(mesh_row_count(&net, HUB), i);
        nrs_bytes_wipe(&records[i]);
        nrs_bytes_wipe(&tables[i]);
    }
    assert_string_equal(mesh_text(mesh_row(&net, HUB, 0), "rule"), "forged");
    assert_non_null(strstr(mesh_text(mesh_row(&net, HUB, 0), "org"), "org-1"));
    mesh_stop(&net);
}

static void a_source_that_names_nobody_is_not_vouched_for(void **state)
{
    nrs_bytes record = {0}, table = {0};

    (void)state;
    mesh_start(&net, NODES, 2);
    forge(&record, &table, SOURCE, NRS_ATTRIBUTION_WITHHELD);
    mesh_give_records(&net, SOURCE, HUB, 1u << 20, nrs_slice_of_bytes(&record), nrs_slice_of_bytes(&table));
    OK(show(HUB, report));
    assert_int_equal(vouch(HUB, ""), NRS_ERROR_AUDIENCE);
    assert_int_equal(vouch(HUB, ",\"to\":[\"org-3\"]"), NRS_ERROR_AUDIENCE);
    assert_int_equal(mesh_rows_of(&net, HUB, NRS_RECORD_SEALED), 1);
    nrs_bytes_wipe(&table);
    nrs_bytes_wipe(&record);
    mesh_stop(&net);
}

static void recognise(void *context, nrs_roster *next)
{
    static const uint8_t ids[2][NRS_HASH_SIZE] = {{1}, {2}};
    static Nrs__Wire__Recognised others[2], *list[2] = {&others[0], &others[1]};
    const size_t first = *(const size_t *)context;

    for (size_t i = 0; i < 2; i++) {
        nrs__wire__recognised__init(&others[i]);
        others[i].community = nrs_field_of(nrs_slice_of(ids[i], NRS_HASH_SIZE));
        others[i].id = text_of(i == 0 ? "aviation" : "gas");
    }
    next->recognised = list + first;
    next->n_recognised = 2 - first;
}

/* One that the community recognises only since the source sent it is not among those that it goes on to. */
static void a_vouch_names_the_communities_that_the_source_named(void **state)
{
    size_t first = 1;
    const json_t *communities;

    (void)state;
    mesh_start(&net, NODES, 2);
    mesh_change(&net, recognise, &first);
    OK(send_withheld("GREEN", "@electricity", ",\"onward\":[\"communities\"]"));
    first = 0;
    mesh_change(&net, recognise, &first);
    OK(vouch(HUB, ",\"dry_run\":true"));
    communities = json_object_get(json_object_get(mesh_row(&net, HUB, 0), "onward"), "communities");
    assert_int_equal(json_array_size(communities), 1);
    assert_string_equal(mesh_text(json_array_get(communities, 0), "id"), "gas");
    mesh_stop(&net);
}

static size_t vouched_as(void)
{
    OK(show(SOURCE, report));
    return json_array_size(json_object_get(mesh_row(&net, SOURCE, 0), "vouched_as"));
}

/* What a hub says is kept once for each report it names, and at most so often as a source can look at. */
static void a_hub_does_not_fill_its_source(void **state)
{
    uint8_t id[NRS_HASH_SIZE], other[NRS_HASH_SIZE] = {0};
    nrs_statement statement;

    (void)state;
    mesh_start(&net, NODES, 2);
    OK(send_withheld("AMBER", "@electricity", ""));
    OK(nrs_hex_decode(id, sizeof id, report));
    nrs__wire__statement__init(&statement);
    statement.type = NRS_STATEMENT_VOUCHED;
    statement.sealed_id = nrs_field_of(nrs_slice_of(id, sizeof id));
    statement.reference = nrs_field_of(nrs_slice_of(other, sizeof other));
    statement.at_ms = net.now_ms;
    for (size_t i = 0; i < 3; i++) {
        mesh_post(&net, HUB, SOURCE, HUB, &statement);
    }
    assert_int_equal(vouched_as(), 1);
    for (size_t i = 1; i < 260; i++) {
        other[0] = (uint8_t)i;
        other[1] = (uint8_t)(i >> 8);
        mesh_post(&net, HUB, SOURCE, HUB, &statement);
    }
    assert_int_equal(vouched_as(), 256);
    mesh_stop(&net);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(from_the_source_to_the_members),
        cmocka_unit_test(a_hub_asks_and_the_source_answers),
        cmocka_unit_test(what_may_be_withheld),
        cmocka_unit_test(a_source_gives_it_to_the_hubs_it_names),
        cmocka_unit_test(what_a_vouch_may_change),
        cmocka_unit_test(the_technical_part_goes_further_than_the_damage),
        cmocka_unit_test(a_series_stays_withheld),
        cmocka_unit_test(nothing_is_lost_or_published_twice),
        cmocka_unit_test(a_source_withdraws),
        cmocka_unit_test(what_is_not_taken),
        cmocka_unit_test(a_source_that_names_nobody_is_not_vouched_for),
        cmocka_unit_test(two_reports_under_one_number_are_an_alarm),
        cmocka_unit_test(a_hub_does_not_fill_its_source),
        cmocka_unit_test(a_vouch_names_the_communities_that_the_source_named),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
