/* Commands on a mesh of real engines: what is refused changes nothing, and what is answered says what CLI.md promises. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mesh.h"
#include "proto/vocabulary.h"

static mesh net;

#define AMBER "\"command\":\"send\",\"label\":\"AMBER\",\"to\":[\"@electricity\"],\"kind\":\"incident\""
#define TEXT ",\"subject\":\"s\",\"body\":\"b\""

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

static const json_t *last_line(size_t node)
{
    return json_array_get(net.nodes[node].reply, mesh_row_count(&net, node));
}

static void send_id(size_t node, char id_out[65], const char *request)
{
    if (mesh_command(&net, node, request) != NRS_OK) {
        fail_msg("%s: %s", request, mesh_text(last_line(node), "message"));
    }
    (void)snprintf(id_out, 65, "%s", mesh_text(mesh_row(&net, node, 0), "id"));
    assert_int_equal(strlen(id_out), 64);
}

static const struct refusal_case {
    const char *name, *request;
    nrs_error want;
} refusal_cases[] = {
    {"no command", "{}", NRS_ERROR_USAGE},
    {"a command that is no text", "{\"command\":1}", NRS_ERROR_USAGE},
    {"an unknown command", "{\"command\":\"explode\"}", NRS_ERROR_USAGE},
    {"an array", "[]", NRS_ERROR_USAGE},
    {"an unknown field", "{" AMBER TEXT ",\"colour\":\"red\"}", NRS_ERROR_USAGE},
    {"a field of another command", "{\"command\":\"status\",\"id\":\"aaaaaa\"}", NRS_ERROR_USAGE},
    {"a label that is a number", "{\"command\":\"send\",\"label\":7,\"to\":{},\"body\":[]}", NRS_ERROR_USAGE},
    {"a negative limit", "{\"command\":\"list\",\"limit\":-1}", NRS_ERROR_USAGE},
    {"a limit that is real", "{\"command\":\"list\",\"limit\":1.5}", NRS_ERROR_USAGE},
    {"no label", "{\"command\":\"send\",\"to\":[\"@electricity\"],\"kind\":\"incident\"" TEXT "}", NRS_ERROR_LABEL_MISSING},
    {"an empty label", "{\"command\":\"send\",\"label\":\"\",\"to\":[\"@electricity\"],\"kind\":\"incident\"" TEXT "}", NRS_ERROR_LABEL_MISSING},
    {"an unknown label", "{\"command\":\"send\",\"label\":\"WHITE\",\"to\":[\"@electricity\"],\"kind\":\"incident\"" TEXT "}", NRS_ERROR_UNKNOWN_LABEL},
    {"no kind", "{\"command\":\"send\",\"label\":\"AMBER\",\"to\":[\"@electricity\"]" TEXT "}", NRS_ERROR_USAGE},
    {"an unknown kind", "{\"command\":\"send\",\"label\":\"AMBER\",\"to\":[\"@electricity\"],\"kind\":\"rumour\"" TEXT "}", NRS_ERROR_UNKNOWN_KIND},
    {"no address", "{\"command\":\"send\",\"label\":\"AMBER\",\"to\":[],\"kind\":\"incident\"" TEXT "}", NRS_ERROR_USAGE},
    {"a bad address", "{\"command\":\"send\",\"label\":\"AMBER\",\"to\":[\"@Electricity!\"],\"kind\":\"incident\"" TEXT "}", NRS_ERROR_BAD_ADDRESS},
    {"an unknown community", "{\"command\":\"send\",\"label\":\"AMBER\",\"to\":[\"@gas\"],\"kind\":\"incident\"" TEXT "}", NRS_ERROR_UNKNOWN_COMMUNITY},
    {"an unknown organisation", "{\"command\":\"send\",\"label\":\"AMBER\",\"to\":[\"nobody\"],\"kind\":\"incident\"" TEXT "}", NRS_ERROR_UNKNOWN_ORG},
    {"an unknown organisation beside a community", "{\"command\":\"send\",\"label\":\"AMBER\",\"to\":[\"@electricity\",\"nobody\"],\"kind\":\"incident\"" TEXT "}", NRS_ERROR_UNKNOWN_ORG},
    {"one forbidden address among allowed ones", "{\"command\":\"send\",\"label\":\"AMBER+STRICT\",\"to\":[\"org-2\",\"@electricity\"],\"kind\":\"incident\"" TEXT "}", NRS_ERROR_LABEL_FORBIDS},
    {"green to an organisation", "{\"command\":\"send\",\"label\":\"GREEN\",\"to\":[\"org-2\"],\"kind\":\"incident\"" TEXT "}", NRS_ERROR_LABEL_FORBIDS},
    {"red to a community", "{\"command\":\"send\",\"label\":\"RED\",\"to\":[\"@electricity\"],\"kind\":\"incident\"" TEXT "}", NRS_ERROR_LABEL_FORBIDS},
    {"red to an unknown person", "{\"command\":\"send\",\"label\":\"RED\",\"to\":[\"nobody@org-2\"],\"kind\":\"incident\"" TEXT "}", NRS_ERROR_UNKNOWN_PERSON},
    {"clear to an unknown person", "{\"command\":\"send\",\"label\":\"CLEAR\",\"to\":[\"nobody@org-2\"],\"kind\":\"incident\"" TEXT "}", NRS_ERROR_UNKNOWN_PERSON},
    {"to oneself alone", "{\"command\":\"send\",\"label\":\"AMBER\",\"to\":[\"org-1\"],\"kind\":\"incident\"" TEXT "}", NRS_ERROR_AUDIENCE},
    {"as an unknown person", "{" AMBER TEXT ",\"person\":\"sato\"}", NRS_ERROR_UNKNOWN_PERSON},
    {"no subject", "{" AMBER ",\"body\":\"b\"}", NRS_ERROR_USAGE},
    {"a subject of spaces", "{" AMBER ",\"subject\":\"  \",\"body\":\"b\"}", NRS_ERROR_USAGE},
    {"a subject of ideographic and zero-width spaces, in a dry run", "{" AMBER ",\"subject\":\"\\u3000\\u200b\",\"body\":\"b\",\"dry_run\":true}", NRS_ERROR_USAGE},
    {"a body of line ends and no-break spaces", "{" AMBER ",\"subject\":\"s\",\"body\":\"\\n\\t\\u00a0\\r\\n\"}", NRS_ERROR_USAGE},
    {"a subject of two lines", "{" AMBER ",\"subject\":\"a\\nb\",\"body\":\"b\"}", NRS_ERROR_MALFORMED},
    {"a subject with a control character", "{" AMBER ",\"subject\":\"a\\u0007b\",\"body\":\"b\"}", NRS_ERROR_BAD_UTF8},
    {"a body with a control character", "{" AMBER ",\"subject\":\"s\",\"body\":\"a\\u001bb\"}", NRS_ERROR_BAD_UTF8},
    {"a field without a name", "{" AMBER TEXT ",\"fields\":{\"\":\"x\"}}", NRS_ERROR_USAGE},
    {"a field that is a number", "{" AMBER TEXT ",\"fields\":{\"system\":1}}", NRS_ERROR_USAGE},
    {"a life of nothing", "{" AMBER TEXT ",\"expires_in_ms\":0}", NRS_ERROR_TOO_LONG_LIVED},
    {"a life of more than 14 days", "{" AMBER TEXT ",\"expires_in_ms\":1209600001}", NRS_ERROR_TOO_LONG_LIVED},
    {"follows something that is no ID", "{" AMBER TEXT ",\"follows\":\"xyz\"}", NRS_ERROR_USAGE},
    {"follows an unknown prefix", "{" AMBER TEXT ",\"follows\":\"abcdef\"}", NRS_ERROR_NOT_FOUND},
    {"an unknown word of consent", "{" AMBER TEXT ",\"onward\":[\"everybody\"]}", NRS_ERROR_USAGE},
    {"consent for what is never passed on", "{\"command\":\"send\",\"label\":\"AMBER+STRICT\",\"to\":[\"org-2\"],\"kind\":\"incident\",\"onward\":[\"council\"]" TEXT "}", NRS_ERROR_LABEL_FORBIDS},
    {"a number past its range", "{" AMBER TEXT ",\"number\":4294967296}", NRS_ERROR_TOO_LARGE},
    {"show without an ID", "{\"command\":\"show\"}", NRS_ERROR_USAGE},
    {"show with a short ID", "{\"command\":\"show\",\"id\":\"abc\"}", NRS_ERROR_USAGE},
    {"show with an ID in upper case", "{\"command\":\"show\",\"id\":\"ABCDEF\"}", NRS_ERROR_USAGE},
    {"show what is not there", "{\"command\":\"show\",\"id\":\"abcdef\"}", NRS_ERROR_NOT_FOUND},
    {"reply to what is not there", "{\"command\":\"reply\",\"id\":\"abcdef\",\"body\":\"b\"}", NRS_ERROR_NOT_FOUND},
    {"export what is not there", "{\"command\":\"export\",\"id\":\"abcdef\",\"sink\":\"own\"}", NRS_ERROR_NOT_FOUND},
    {"export by no sink", "{\"command\":\"export\",\"id\":\"abcdef\"}", NRS_ERROR_USAGE},
    {"export by an unknown sink", "{\"command\":\"export\",\"id\":\"abcdef\",\"sink\":\"screen\"}", NRS_ERROR_USAGE},
    {"forget what is not there", "{\"command\":\"forget\",\"id\":\"abcdef\"}", NRS_ERROR_NOT_FOUND},
    {"receipts of what is not there", "{\"command\":\"receipts\",\"id\":\"abcdef\"}", NRS_ERROR_NOT_FOUND},
    {"list of an unknown community", "{\"command\":\"list\",\"community\":\"gas\"}", NRS_ERROR_UNKNOWN_COMMUNITY},
    {"list of an unknown kind", "{\"command\":\"list\",\"kind\":\"rumour\"}", NRS_ERROR_UNKNOWN_KIND},
    {"list since no time", "{\"command\":\"list\",\"since\":\"yesterday\"}", NRS_ERROR_USAGE},
    {"red-prepare for amber", "{\"command\":\"red-prepare\",\"label\":\"AMBER\",\"to\":[\"org-2\"]}", NRS_ERROR_USAGE},
    {"red-prepare for an organisation", "{\"command\":\"red-prepare\",\"label\":\"RED\",\"to\":[\"org-2\"]}", NRS_ERROR_LABEL_FORBIDS},
    {"red-prepare with a text", "{\"command\":\"red-prepare\",\"label\":\"RED\",\"to\":[\"a@org-2\"],\"body\":\"b\"}", NRS_ERROR_USAGE},
    {"red-submit of nothing", "{\"command\":\"red-submit\"}", NRS_ERROR_USAGE},
    {"red-submit of what is not base64", "{\"command\":\"red-submit\",\"header\":\"!!!\",\"body\":\"\",\"grant\":\"\",\"slot_table\":\"\"}", NRS_ERROR_MALFORMED},
    {"red-submit of what is no report", "{\"command\":\"red-submit\",\"header\":\"AAAA\",\"body\":\"AAAA\",\"grant\":\"AAAA\",\"slot_table\":\"AAAA\",\"recipients\":[\"a@org-2\"]}", NRS_ERROR_MALFORMED},
    {"red-open as a stranger", "{\"command\":\"red-open\",\"id\":\"abcdef\",\"person\":\"sato\"}", NRS_ERROR_NOT_FOUND},
    {"prekeys of nobody", "{\"command\":\"person-prekeys\",\"person\":\"sato\",\"bundle\":\"\",\"prekeys\":[]}", NRS_ERROR_UNKNOWN_PERSON},
};

static void what_is_refused_changes_nothing(void **state)
{
    uint64_t end = nrs_store_log_end(net.nodes[1].store);

    (void)state;
    for (size_t i = 0; i < sizeof refusal_cases / sizeof refusal_cases[0]; i++) {
        const struct refusal_case *it = &refusal_cases[i];
        nrs_error error = mesh_command(&net, 1, it->request);

        if (error != it->want) {
            fail_msg("%s: %s (%s), not %s", it->name, nrs_error_rule(error), mesh_text(last_line(1), "message"), nrs_error_rule(it->want));
        }
        assert_int_equal(mesh_row_count(&net, 1), 0);
        assert_true(strlen(mesh_text(last_line(1), "message")) > 10);
        if (error == NRS_ERROR_LABEL_FORBIDS && strlen(mesh_text(last_line(1), "hint")) < 10) {
            fail_msg("%s: no word of what would be allowed", it->name);
        }
        assert_int_equal(nrs_store_log_end(net.nodes[1].store), end);
    }
    assert_int_equal(mesh_ask(&net, 1, "{\"command\":\"list\"}"), NRS_OK);
    assert_int_equal(mesh_row_count(&net, 1), 0);
}

static char *repeated(const char *before, size_t count, const char *after)
{
    char *request = malloc(strlen(before) + count + strlen(after) + 1);

    assert_non_null(request);
    memcpy(request, before, strlen(before));
    memset(request + strlen(before), 'x', count);
    memcpy(request + strlen(before) + count, after, strlen(after) + 1);
    return request;
}

static void sizes_at_the_limit(void **state)
{
    static const struct {
        const char *before, *after;
        size_t count;
        nrs_error want;
    } cases[] = {
        {"{" AMBER ",\"body\":\"b\",\"subject\":\"", "\"}", NRS_SUBJECT_SIZE_MAX, NRS_OK},
        {"{" AMBER ",\"body\":\"b\",\"subject\":\"", "\"}", NRS_SUBJECT_SIZE_MAX + 1, NRS_ERROR_TOO_LARGE},
        {"{" AMBER ",\"subject\":\"s\",\"body\":\"", "\"}", NRS_BODY_TEXT_SIZE_MAX, NRS_OK},
        {"{" AMBER ",\"subject\":\"s\",\"body\":\"", "\"}", NRS_BODY_TEXT_SIZE_MAX + 1, NRS_ERROR_TOO_LARGE},
        {"{" AMBER TEXT ",\"fields\":{\"system\":\"", "\"}}", NRS_FIELD_VALUE_SIZE_MAX, NRS_OK},
        {"{" AMBER TEXT ",\"fields\":{\"system\":\"", "\"}}", NRS_FIELD_VALUE_SIZE_MAX + 1, NRS_ERROR_TOO_LARGE},
        {"{" AMBER TEXT ",\"fields\":{\"", "\":\"v\"}}", NRS_FIELD_NAME_SIZE_MAX + 1, NRS_ERROR_TOO_LARGE},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char *request = repeated(cases[i].before, cases[i].count, cases[i].after);

        assert_int_equal(mesh_command(&net, 1, request), cases[i].want);
        free(request);
    }
}

static void answers_to_send(void **state)
{
    char id[65];
    const json_t *row;

    (void)state;
    assert_int_equal(mesh_ask(&net, 1, "{" AMBER TEXT ",\"dry_run\":true}"), NRS_OK);
    row = mesh_row(&net, 1, 0);
    assert_null(json_object_get(row, "id"));
    assert_int_equal(json_array_size(json_object_get(row, "recipients")), 3);
    assert_int_equal(mesh_ask(&net, 1, "{\"command\":\"list\"}"), NRS_OK);
    assert_int_equal(mesh_row_count(&net, 1), 0);

    send_id(1, id, "{\"command\":\"send\",\"label\":\"tlp:amber+strict\",\"to\":[\"org-2\",\"org-2\",\"org-1\"],\"kind\":\"near-miss\"" TEXT "}");
    row = mesh_row(&net, 1, 0);
    assert_string_equal(mesh_text(row, "label"), "AMBER+STRICT");
    assert_string_equal(mesh_text(row, "community"), "electricity");
    assert_int_equal(json_array_size(json_object_get(row, "recipients")), 1);
    assert_string_equal(json_string_value(json_array_get(json_object_get(row, "recipients"), 0)), "org-2");
    assert_int_equal(json_array_size(json_object_get(row, "waiting")), 0);
    assert_int_equal(json_array_size(json_object_get(row, "excluded")), 0);
}

static void list_filters(void **state)
{
    static const char *const kinds[] = {"incident", "advisory", "incident", "lesson"};
    char ids[4][65];

    (void)state;
    for (size_t i = 0; i < 4; i++) {
        char request[256];

        (void)snprintf(request, sizeof request, "{\"command\":\"send\",\"label\":\"GREEN\",\"to\":[\"@electricity\"],\"kind\":\"%s\"" TEXT "}", kinds[i]);
        send_id(1, ids[i], request);
    }
    mesh_settle(&net, 3);
    assert_int_equal(mesh_ask(&net, 2, "{\"command\":\"list\"}"), NRS_OK);
    assert_int_equal(mesh_row_count(&net, 2), 4);
    for (size_t i = 0; i < 4; i++) {
        assert_string_equal(mesh_text(mesh_row(&net, 2, i), "id"), ids[i]);
        assert_string_equal(mesh_text(mesh_row(&net, 2, i), "from"), "org-1");
        assert_true(json_is_null(json_object_get(mesh_row(&net, 2, i), "follows")));
        assert_null(json_object_get(mesh_row(&net, 2, i), "body"));
    }
    assert_int_equal(mesh_ask(&net, 2, "{\"command\":\"list\",\"kind\":\"incident\",\"limit\":1}"), NRS_OK);
    assert_int_equal(mesh_row_count(&net, 2), 1);
    assert_string_equal(mesh_text(mesh_row(&net, 2, 0), "id"), ids[2]);
    assert_int_equal(mesh_ask(&net, 2, "{\"command\":\"list\",\"brief\":true,\"limit\":1}"), NRS_OK); /* without what is false, null, 0 or empty */
    assert_non_null(json_object_get(mesh_row(&net, 2, 0), "subject"));
    assert_null(json_object_get(mesh_row(&net, 2, 0), "opened"));
    assert_null(json_object_get(mesh_row(&net, 2, 0), "urgent"));
    assert_null(json_object_get(mesh_row(&net, 2, 0), "missing_before"));
    assert_null(json_object_get(mesh_row(&net, 2, 0), "missing_since"));
    assert_null(json_object_get(mesh_row(&net, 2, 0), "followed_by"));
    assert_null(json_object_get(mesh_row(&net, 2, 0), "to"));
    assert_int_equal(mesh_ask(&net, 2, "{\"command\":\"list\",\"limit\":0}"), NRS_ERROR_USAGE);
    assert_int_equal(mesh_ask(&net, 2, "{\"command\":\"list\",\"sent\":true}"), NRS_OK);
    assert_int_equal(mesh_row_count(&net, 2), 0);
    assert_int_equal(mesh_ask(&net, 2, "{\"command\":\"show\",\"id\":\"%s\"}", ids[1]), NRS_OK);
    assert_int_equal(mesh_ask(&net, 2, "{\"command\":\"list\",\"unread\":true,\"community\":\"electricity\"}"), NRS_OK);
    assert_int_equal(mesh_row_count(&net, 2), 3);
    assert_int_equal(mesh_ask(&net, 2, "{\"command\":\"list\",\"since\":\"2100-01-01\"}"), NRS_OK);
    assert_int_equal(mesh_row_count(&net, 2), 0);
}

static void show_tells_once_and_keeps_its_keys(void **state)
{
    char id[65];
    const json_t *row;
    size_t opened = 0;

    (void)state;
    send_id(1, id, "{" AMBER TEXT ",\"number\":2,\"final\":true,\"drill\":true,\"fields\":{\"system\":\"監視端末\",\"label\":\"CLEAR\",\"body\":\"forged\"}}");
    mesh_settle(&net, 3);
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(mesh_ask(&net, 2, "{\"command\":\"show\",\"id\":\"%.6s\"}", id), NRS_OK);
        mesh_settle(&net, 2);
    }
    row = mesh_row(&net, 2, 0);
    assert_string_equal(mesh_text(row, "label"), "AMBER");
    assert_string_equal(mesh_text(row, "body"), "b");
    assert_string_equal(mesh_text(row, "system"), "監視端末");
    assert_string_equal(mesh_text(json_object_get(row, "fields"), "label"), "CLEAR");
    assert_int_equal(json_integer_value(json_object_get(row, "number")), 2);
    assert_true(json_is_true(json_object_get(row, "final")));
    assert_true(json_is_true(json_object_get(row, "drill")));
    assert_true(json_is_true(json_object_get(row, "opened")));
    assert_int_equal(json_array_size(json_object_get(row, "attachments")), 0);
    assert_int_equal(mesh_ask(&net, 1, "{\"command\":\"receipts\",\"id\":\"%s\"}", id), NRS_OK);
    for (size_t i = 0; i < mesh_row_count(&net, 1); i++) {
        opened += strcmp(mesh_text(mesh_row(&net, 1, i), "stage"), "opened") == 0;
    }
    assert_int_equal(opened, 1);
    assert_int_equal(mesh_ask(&net, 1, "{\"command\":\"receipts\",\"id\":\"%s\",\"missing\":true}", id), NRS_OK);
    assert_int_equal(mesh_row_count(&net, 1), 2);
    assert_string_equal(mesh_text(mesh_row(&net, 1, 0), "stage"), "stored");
    assert_int_equal(mesh_ask(&net, 2, "{\"command\":\"receipts\",\"id\":\"%s\"}", id), NRS_ERROR_NOT_FOUND);
}

static void receipts_after_expiry(void **state)
{
    char id[65];

    (void)state;
    mesh_down(&net, 3);
    send_id(1, id, "{" AMBER TEXT ",\"expires_in_ms\":1000}");
    net.now_ms += 5000;
    assert_int_equal(mesh_ask(&net, 1, "{\"command\":\"receipts\",\"id\":\"%s\",\"missing\":true}", id), NRS_OK);
    assert_int_equal(mesh_row_count(&net, 1), 3);
    assert_string_equal(mesh_text(mesh_row(&net, 1, 2), "recipient"), "org-3");
    assert_string_equal(mesh_text(mesh_row(&net, 1, 2), "stage"), "expired");
    assert_int_equal(mesh_ask(&net, 1, "{\"command\":\"show\",\"id\":\"%s\"}", id), NRS_OK);
    assert_true(json_is_true(json_object_get(mesh_row(&net, 1, 0), "expired")));
}

static void replies(void **state)
{
    char amber[65], strict[65], green[65], answer[65];

    (void)state;
    send_id(1, amber, "{" AMBER ",\"subject\":\"照会\",\"body\":\"b\",\"drill\":true}");
    send_id(1, strict, "{\"command\":\"send\",\"label\":\"AMBER+STRICT\",\"to\":[\"org-2\",\"org-3\"],\"kind\":\"request\"" TEXT "}");
    send_id(1, green, "{\"command\":\"send\",\"label\":\"GREEN\",\"to\":[\"@electricity\"],\"kind\":\"request\"" TEXT "}");
    mesh_settle(&net, 3);

    assert_int_equal(mesh_ask(&net, 2, "{\"command\":\"reply\",\"id\":\"%s\",\"body\":\"返事\"}", amber), NRS_OK);
    assert_string_equal(mesh_text(mesh_row(&net, 2, 0), "label"), "AMBER");
    (void)snprintf(answer, sizeof answer, "%s", mesh_text(mesh_row(&net, 2, 0), "id"));
    mesh_settle(&net, 3);
    assert_int_equal(mesh_ask(&net, 1, "{\"command\":\"show\",\"id\":\"%s\"}", answer), NRS_OK);
    assert_string_equal(mesh_text(mesh_row(&net, 1, 0), "subject"), "Re: 照会");
    assert_string_equal(mesh_text(mesh_row(&net, 1, 0), "kind"), "incident");
    assert_string_equal(mesh_text(mesh_row(&net, 1, 0), "quoted"), amber);
    assert_true(json_is_true(json_object_get(mesh_row(&net, 1, 0), "drill")));
    assert_int_equal(mesh_ask(&net, 3, "{\"command\":\"show\",\"id\":\"%s\"}", answer), NRS_ERROR_NOT_FOUND);

    assert_int_equal(mesh_ask(&net, 2, "{\"command\":\"reply\",\"id\":\"%s\",\"body\":\" \\u3000\\n\"}", amber), NRS_ERROR_USAGE);
    assert_int_equal(mesh_ask(&net, 2, "{\"command\":\"forward\",\"id\":\"%s\",\"to\":[\"@electricity\"],\"body\":\"\\n\",\"dry_run\":true}", amber), NRS_OK); /* what is passed on says enough */
    assert_int_equal(mesh_ask(&net, 2, "{\"command\":\"reply\",\"id\":\"%s\",\"label\":\"GREEN\",\"to\":[\"@electricity\"],\"body\":\"x\"}", amber), NRS_ERROR_LABEL_FORBIDS);
    assert_int_equal(mesh_ask(&net, 2, "{\"command\":\"reply\",\"id\":\"%s\",\"body\":\"x\",\"to\":[\"org-3\"]}", strict), NRS_OK);
    assert_int_equal(mesh_ask(&net, 2, "{\"command\":\"reply\",\"id\":\"%s\",\"body\":\"x\",\"to\":[\"org-0\"]}", strict), NRS_ERROR_LABEL_FORBIDS);
    assert_int_equal(mesh_ask(&net, 2, "{\"command\":\"reply\",\"id\":\"%s\",\"body\":\"x\"}", strict), NRS_OK);
    assert_string_equal(json_string_value(json_array_get(json_object_get(mesh_row(&net, 2, 0), "recipients"), 0)), "org-1");
    assert_int_equal(mesh_ask(&net, 2, "{\"command\":\"reply\",\"id\":\"%s\",\"body\":\"x\"}", green), NRS_OK);
    assert_int_equal(json_array_size(json_object_get(mesh_row(&net, 2, 0), "recipients")), 3);
    assert_int_equal(mesh_ask(&net, 2, "{\"command\":\"reply\",\"id\":\"%s\",\"label\":\"AMBER\",\"dry_run\":true}", green), NRS_OK);
    assert_int_equal(json_array_size(json_object_get(mesh_row(&net, 2, 0), "recipients")), 1);
}

static void export_by_the_label(void **state)
{
    static const char *const sinks[] = {"own", "clients", "community", "public"};
    static const struct {
        const char *label, *to;
        nrs_error want[4];
    } cases[] = {
        {"CLEAR", "@electricity", {NRS_OK, NRS_OK, NRS_OK, NRS_OK}},
        {"GREEN", "@electricity", {NRS_OK, NRS_OK, NRS_OK, NRS_ERROR_CLEARANCE}},
        {"AMBER", "org-2", {NRS_OK, NRS_OK, NRS_ERROR_CLEARANCE, NRS_ERROR_CLEARANCE}},
        {"AMBER+STRICT", "org-2", {NRS_OK, NRS_ERROR_CLEARANCE, NRS_ERROR_CLEARANCE, NRS_ERROR_CLEARANCE}},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char id[65], request[256];

        (void)snprintf(request, sizeof request, "{\"command\":\"send\",\"label\":\"%s\",\"to\":[\"%s\"],\"kind\":\"incident\"" TEXT "}", cases[i].label, cases[i].to);
        send_id(1, id, request);
        mesh_settle(&net, 3);
        for (size_t k = 0; k < 4; k++) {
            assert_int_equal(mesh_ask(&net, 2, "{\"command\":\"export\",\"id\":\"%s\",\"sink\":\"%s\"}", id, sinks[k]), cases[i].want[k]);
            if (cases[i].want[k] == NRS_OK) {
                assert_string_equal(mesh_text(mesh_row(&net, 2, 0), "body"), "b");
                assert_string_equal(mesh_text(mesh_row(&net, 2, 0), "sink"), sinks[k]);
            }
        }
    }
}

static void forgotten_for_good(void **state)
{
    char id[65], kept[65];

    (void)state;
    send_id(1, id, "{" AMBER TEXT "}");
    send_id(1, kept, "{" AMBER TEXT "}");
    mesh_settle(&net, 3);
    for (size_t node = 0; node < 3; node++) { /* the hub, the source, a member */
        assert_int_equal(mesh_ask(&net, node, "{\"command\":\"forget\",\"id\":\"%s\"}", id), NRS_OK);
        assert_int_equal(mesh_row_count(&net, node), 1); /* the whole id */
    }
    mesh_crash(&net, 2);
    mesh_settle(&net, 5);
    for (size_t node = 0; node < 3; node++) {
        assert_int_equal(mesh_ask(&net, node, "{\"command\":\"show\",\"id\":\"%s\"}", id), NRS_ERROR_NOT_FOUND);
        assert_int_equal(mesh_ask(&net, node, "{\"command\":\"forget\",\"id\":\"%s\"}", id), NRS_ERROR_NOT_FOUND);
        assert_int_equal(mesh_ask(&net, node, "{\"command\":\"list\"}"), NRS_OK);
        assert_int_equal(mesh_row_count(&net, node), 1);
        assert_int_equal(mesh_ask(&net, node, "{\"command\":\"show\",\"id\":\"%s\"}", kept), NRS_OK);
    }
    assert_int_equal(mesh_ask(&net, 3, "{\"command\":\"show\",\"id\":\"%s\"}", id), NRS_OK);
}

static void status_of_a_member(void **state)
{
    const json_t *row;
    const json_t *link;

    (void)state;
    assert_int_equal(mesh_ask(&net, 1, "{\"command\":\"status\"}"), NRS_OK);
    row = mesh_row(&net, 1, 0);
    assert_string_equal(mesh_text(row, "org"), "org-1");
    assert_int_equal(strlen(mesh_text(row, "fingerprint")), 47);
    assert_string_equal(mesh_text(json_array_get(json_object_get(row, "communities"), 0), "id"), "electricity");
    assert_string_equal(mesh_text(json_array_get(json_object_get(row, "communities"), 0), "role"), "operator");
    link = json_array_get(json_object_get(row, "links"), 0);
    assert_string_equal(mesh_text(link, "org"), "org-0");
    assert_string_equal(mesh_text(link, "state"), "up");
    assert_true(json_is_integer(json_object_get(row, "queued")));
    assert_true(json_is_array(json_object_get(row, "warnings")));
    assert_int_equal(mesh_ask(&net, 1, "{\"command\":\"persons\"}"), NRS_OK);
    assert_int_equal(mesh_row_count(&net, 1), 0);
}

int main(void)
{
#define EACH(test) cmocka_unit_test_setup_teardown(test, start, stop)
    const struct CMUnitTest tests[] = {
        EACH(what_is_refused_changes_nothing), EACH(sizes_at_the_limit),    EACH(answers_to_send), EACH(list_filters),
        EACH(show_tells_once_and_keeps_its_keys), EACH(receipts_after_expiry), EACH(replies),         EACH(export_by_the_label),
        EACH(forgotten_for_good),                 EACH(status_of_a_member),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
