/* Conditions of use: set by the sender, shown with the label, kept by a quote, and enforced where a report leaves the node. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mesh.h"

#define OK(expression) assert_int_equal((expression), NRS_OK)

static mesh net;
static char report[2 * NRS_HASH_SIZE + 1];

static nrs_error send_under(const char *label, const char *conditions)
{
    nrs_error error = mesh_ask(&net, 1,
                               "{\"command\":\"send\",\"label\":\"%s\",\"to\":[\"@electricity\"],\"kind\":\"incident\",\"subject\":\"件名\","
                               "\"body\":\"本文\",\"fields\":{\"reporter\":\"関東電力 佐藤\",\"impact\":\"停止\"}%s}",
                               label, conditions);

    if (error == NRS_OK) {
        (void)snprintf(report, sizeof report, "%s", mesh_text(mesh_row(&net, 1, 0), "id"));
        mesh_settle(&net, 3);
    }
    return error;
}

static nrs_error export_to(size_t node, const char *sink)
{
    return mesh_ask(&net, node, "{\"command\":\"export\",\"id\":\"%s\",\"sink\":\"%s\"}", report, sink);
}

static void sinks(void **state)
{
    static const char *const names[] = {"own", "clients", "community", "public"};
    static const struct {
        const char *label, *conditions, *open; /* own, clients, community, public */
        nrs_error refused;
    } cases[] = {
        {"CLEAR", "", "yyyy", NRS_OK},
        {"CLEAR", ",\"pap\":\"CLEAR\"", "yyyy", NRS_OK},
        {"CLEAR", ",\"pap\":\"GREEN\"", "yyyn", NRS_ERROR_CONDITIONS},
        {"CLEAR", ",\"pap\":\"AMBER\"", "yynn", NRS_ERROR_CONDITIONS},
        {"CLEAR", ",\"pap\":\"RED\"", "ynnn", NRS_ERROR_CONDITIONS},
        {"CLEAR", ",\"tell_affected\":\"no\"", "ynyn", NRS_ERROR_CONDITIONS},
        {"CLEAR", ",\"tell_affected\":\"yes\",\"not_for_supervision\":true", "yyyy", NRS_OK},
        {"GREEN", ",\"pap\":\"CLEAR\"", "yyyn", NRS_ERROR_CLEARANCE}, /* the label is asked first */
    };

    (void)state;
    mesh_start(&net, 3, 1);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        OK(send_under(cases[i].label, cases[i].conditions));
        for (size_t k = 0; k < 4; k++) {
            nrs_error want = cases[i].open[k] == 'y' ? NRS_OK : cases[i].refused;

            if (export_to(2, names[k]) != want) {
                fail_msg("TLP:%s%s by %s", cases[i].label, cases[i].conditions, names[k]);
            }
        }
        OK(export_to(1, "own")); /* its sender is bound by the label alone */
    }
    mesh_stop(&net);
}

static void the_source_is_not_named(void **state)
{
    const json_t *row;
    char *text;

    (void)state;
    mesh_start(&net, 3, 1);
    OK(send_under("GREEN", ",\"name_source\":\"no\",\"not_for_supervision\":true,\"pap\":\"GREEN\""));
    OK(mesh_ask(&net, 2, "{\"command\":\"show\",\"id\":\"%s\"}", report));
    row = json_object_get(mesh_row(&net, 2, 0), "conditions");
    assert_string_equal(mesh_text(row, "permissible_actions"), "GREEN");
    assert_true(json_is_false(json_object_get(row, "source_may_be_named")));
    assert_true(json_is_null(json_object_get(row, "affected_may_be_told")));
    assert_true(json_is_true(json_object_get(row, "not_for_supervision")));
    assert_string_equal(mesh_text(mesh_row(&net, 2, 0), "from"), "org-1"); /* the recipient itself knows */
    OK(export_to(2, "community"));
    row = mesh_row(&net, 2, 0);
    assert_string_equal(mesh_text(row, "from"), "@electricity");
    assert_true(json_is_true(json_object_get(row, "source_hidden")));
    assert_null(json_object_get(json_object_get(row, "fields"), "reporter"));
    assert_null(json_object_get(row, "reporter"));
    assert_string_equal(mesh_text(json_object_get(row, "fields"), "impact"), "停止");
    text = json_dumps(row, 0);
    assert_non_null(text);
    assert_null(strstr(text, "org-1")); /* nowhere in what leaves */
    free(text);
    mesh_stop(&net);
}

static void a_reply_keeps_the_conditions(void **state)
{
    static const struct {
        const char *more;
        nrs_error want;
        const char *pap;
    } cases[] = {
        {"", NRS_OK, "AMBER"},
        {",\"pap\":\"RED\"", NRS_OK, "RED"},
        {",\"pap\":\"GREEN\"", NRS_ERROR_CONDITIONS, ""},
        {",\"name_source\":\"yes\"", NRS_ERROR_CONDITIONS, ""},
        {",\"name_source\":\"perhaps\"", NRS_ERROR_USAGE, ""},
        {",\"pap\":\"WHITE\"", NRS_ERROR_USAGE, ""},
        {",\"tell_affected\":\"no\"", NRS_OK, "AMBER"},
    };

    (void)state;
    mesh_start(&net, 3, 1);
    OK(send_under("GREEN", ",\"name_source\":\"no\",\"pap\":\"AMBER\",\"tell_affected\":\"yes\""));
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(mesh_ask(&net, 2, "{\"command\":\"reply\",\"id\":\"%s\",\"body\":\"返事\"%s}", report, cases[i].more), cases[i].want);
        if (cases[i].want == NRS_OK) {
            char answer[2 * NRS_HASH_SIZE + 1];
            const json_t *row;

            (void)snprintf(answer, sizeof answer, "%s", mesh_text(mesh_row(&net, 2, 0), "id"));
            mesh_settle(&net, 3);
            OK(mesh_ask(&net, 0, "{\"command\":\"show\",\"id\":\"%s\"}", answer));
            row = json_object_get(mesh_row(&net, 0, 0), "conditions");
            assert_string_equal(mesh_text(row, "permissible_actions"), cases[i].pap);
            assert_true(json_is_false(json_object_get(row, "source_may_be_named")));
        }
    }
    mesh_stop(&net);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sinks), cmocka_unit_test(the_source_is_not_named), cmocka_unit_test(a_reply_keeps_the_conditions),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
