/* A report that passes on another's text (SPEC 5.7): no hub takes it further than the source has let the first one go. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "mesh.h"
#include "mesh_disk.h"
#include "mesh_second.h"
#include "proto/vocabulary.h"

#define OK(expression) assert_int_equal((expression), NRS_OK)

/* In electricity: the hub, the source, who passes it on. */
enum { HUB = 0, SOURCE = 1, READER = 2 };

static mesh net;
static mesh_second gas, water;

static char *text_of(const char *text)
{
    return (char *)(uintptr_t)text; /* only read */
}

/* The mesh's own community recognises the first `count` of gas and water. */
static void recognise(void *context, nrs_roster *next)
{
    static Nrs__Wire__Recognised entries[2], *list[2] = {&entries[0], &entries[1]};
    const size_t count = *(const size_t *)context;
    const mesh_second *sorted[2] = {&gas, &water};

    if (count == 2 && memcmp(gas.id, water.id, NRS_HASH_SIZE) > 0) {
        sorted[0] = &water;
        sorted[1] = &gas;
    }
    for (size_t i = 0; i < count; i++) {
        nrs__wire__recognised__init(&entries[i]);
        entries[i].community = nrs_field_of(nrs_slice_of(sorted[i]->id, NRS_HASH_SIZE));
        entries[i].id = text_of(sorted[i]->name);
    }
    next->recognised = list;
    next->n_recognised = count;
}

static void start(void)
{
    static const size_t nodes[] = {HUB};
    static const uint32_t roles[] = {NRS_ROLE_HUB};

    mesh_start(&net, 3, 1);
    mesh_second_make(&net, &gas, "gas", nodes, roles, 1, true);
    mesh_second_make(&net, &water, "water", nodes, roles, 1, true);
}

static void stop(void)
{
    mesh_stop(&net);
    mesh_second_stop(&gas);
    mesh_second_stop(&water);
}

/* The other communities that a forward of one report may go on to, as the answer to it says. */
static const json_t *communities_of(size_t node, const char *report)
{
    OK(mesh_ask(&net, node, "{\"command\":\"forward\",\"id\":\"%s\",\"to\":[\"@electricity\"],\"onward\":[\"communities\"],\"body\":\"参考\"}", report));
    return json_object_get(json_object_get(mesh_row(&net, node, 0), "onward"), "communities");
}

static void a_forward_names_no_community_that_the_source_did_not(void **state)
{
    char report[2 * NRS_HASH_SIZE + 1];
    size_t count = 1;

    (void)state;
    start();
    mesh_change(&net, recognise, &count);
    OK(mesh_command(&net, SOURCE,
                    "{\"command\":\"send\",\"label\":\"AMBER\",\"to\":[\"@electricity\"],\"kind\":\"incident\",\"subject\":\"件名\",\"body\":\"本文\""
                    ",\"onward\":[\"communities\"]}"));
    (void)snprintf(report, sizeof report, "%s", mesh_text(mesh_row(&net, SOURCE, 0), "id"));
    count = 2; /* which the source has not heard of when it agreed */
    mesh_change(&net, recognise, &count);
    mesh_settle(&net, 3);
    assert_int_equal(json_array_size(communities_of(READER, report)), 1);
    assert_string_equal(mesh_text(json_array_get(communities_of(READER, report), 0), "id"), "gas");
    assert_int_equal(json_array_size(communities_of(SOURCE, report)), 2); /* its own, to agree to anew */
    stop();
}

/* ---- What is passed on and then withdrawn ---- */

enum { FURTHER = 3, LAST = 4 };
#define ID (2 * NRS_HASH_SIZE + 1)

static void send_as(size_t node, char id[ID], const char *command, const char *about, const char *to)
{
    OK(mesh_ask(&net, node, "{\"command\":\"%s\"%s%s%s,\"label\":\"AMBER\",\"to\":[%s],\"kind\":\"incident\",\"subject\":\"件名\",\"body\":\"本文の一行\"}", command,
                about == NULL ? "" : ",\"id\":\"", about == NULL ? "" : about, about == NULL ? "" : "\"", to));
    (void)snprintf(id, ID, "%s", mesh_text(mesh_row(&net, node, 0), "id"));
    mesh_settle(&net, 3);
}

static void withdraw(const char *id)
{
    OK(mesh_ask(&net, SOURCE, "{\"command\":\"withdraw\",\"id\":\"%s\",\"reason\":\"誤報\"}", id));
    mesh_settle(&net, 4);
}

static nrs_error about(size_t node, const char *command, const char *id)
{
    const char *more = strcmp(command, "export") == 0                                          ? ",\"sink\":\"own\""
                       : strcmp(command, "forward") == 0 || strcmp(command, "reply") == 0 ? ",\"to\":[\"org-0\"],\"body\":\"x\""
                                                                                               : "";

    return mesh_ask(&net, node, "{\"command\":\"%s\",\"id\":\"%s\"%s}", command, id, more);
}

/* Neither subject nor text, and it leaves by no command. */
static void assert_closed(size_t node, const char *id, const char *source)
{
    assert_int_equal(about(node, "show", id), NRS_ERROR_WITHDRAWN);
    assert_true(json_is_null(json_object_get(mesh_row(&net, node, 0), "subject")));
    assert_string_equal(mesh_text(mesh_row(&net, node, 0), "body"), "");
    assert_string_equal(mesh_text(mesh_row(&net, node, 0), "withdrawn_for"), source);
    assert_int_equal(about(node, "export", id), NRS_ERROR_WITHDRAWN);
    assert_int_equal(about(node, "forward", id), NRS_ERROR_WITHDRAWN);
    assert_int_equal(about(node, "reply", id), NRS_ERROR_WITHDRAWN);
}

/* Of whoever passed it on nothing more is heard: who has the withdrawal of the first report closes the others by itself. */
static void what_is_passed_on_is_withdrawn_with_its_source(void **state)
{
    char report[ID], forward[ID], second[ID], opened[ID], answer[ID];

    (void)state;
    mesh_start(&net, 5, 1);
    send_as(SOURCE, report, "send", NULL, "\"@electricity\"");
    send_as(READER, forward, "forward", report, "\"org-3\",\"org-4\"");
    send_as(READER, opened, "forward", report, "\"org-3\"");
    send_as(READER, answer, "reply", report, "\"org-3\"");
    send_as(FURTHER, second, "forward", forward, "\"org-4\"");
    OK(about(FURTHER, "show", opened));
    assert_int_equal(json_array_size(json_object_get(mesh_row(&net, FURTHER, 0), "passes_on")), 1);
    mesh_down(&net, READER);
    mesh_down(&net, FURTHER);
    withdraw(report);
    assert_closed(LAST, forward, report);
    assert_closed(LAST, second, report);
    mesh_crash(&net, LAST);
    assert_closed(LAST, second, report);
    mesh_settle(&net, 2); /* the keys are gone */
    assert_closed(LAST, forward, report);
    mesh_up(&net, FURTHER);
    mesh_settle(&net, 6);
    OK(about(FURTHER, "show", opened)); /* marked where it was read before, and leaves no more */
    assert_string_equal(mesh_text(mesh_row(&net, FURTHER, 0), "withdrawn_for"), report);
    assert_string_equal(mesh_text(mesh_row(&net, FURTHER, 0), "withdrawn_reason"), "誤報");
    assert_int_equal(about(FURTHER, "export", opened), NRS_ERROR_WITHDRAWN);
    OK(about(FURTHER, "show", second)); /* its own */
    assert_string_equal(mesh_text(mesh_row(&net, FURTHER, 0), "withdrawn_for"), report);
    OK(about(FURTHER, "show", answer)); /* an answer holds none of the text */
    assert_true(json_is_null(json_object_get(mesh_row(&net, FURTHER, 0), "withdrawn_at")));
    mesh_stop(&net);
}

/* Whoever never had the first report hears of it from those who passed it on, one after the other. */
static void who_passed_it_on_withdraws_it(void **state)
{
    char report[ID], forward[ID], second[ID];

    (void)state;
    mesh_start(&net, 5, 1);
    send_as(SOURCE, report, "send", NULL, "\"org-2\"");
    send_as(READER, forward, "forward", report, "\"org-3\"");
    OK(about(FURTHER, "show", forward));
    send_as(FURTHER, second, "forward", forward, "\"org-4\"");
    mesh_down(&net, FURTHER);
    withdraw(report);
    OK(about(READER, "show", forward));
    assert_string_equal(mesh_text(mesh_row(&net, READER, 0), "withdrawn_for"), report);
    assert_int_equal(about(READER, "export", forward), NRS_ERROR_WITHDRAWN);
    OK(mesh_ask(&net, READER, "{\"command\":\"list\"}"));
    assert_string_equal(mesh_text(mesh_row(&net, READER, 1), "withdrawn_for"), report);
    OK(mesh_ask(&net, LAST, "{\"command\":\"list\"}"));
    assert_true(json_is_null(json_object_get(mesh_row(&net, LAST, 0), "withdrawn_at"))); /* of whom it heard nothing yet */
    mesh_up(&net, FURTHER);
    mesh_settle(&net, 8);
    assert_int_equal(about(FURTHER, "export", forward), NRS_ERROR_WITHDRAWN);
    assert_int_equal(about(LAST, "show", second), NRS_ERROR_WITHDRAWN);
    assert_int_equal(about(READER, "withdraw", forward), NRS_ERROR_USAGE); /* without a reason; with one it has been done */
    OK(mesh_ask(&net, READER, "{\"command\":\"withdraw\",\"id\":\"%s\",\"reason\":\"誤報\"}", forward));
    assert_true(json_is_false(json_object_get(mesh_row(&net, READER, 0), "changed")));
    mesh_stop(&net);
}

/* What was sealed before its writer had heard of it, and comes after. */
static void what_comes_after_the_withdrawal_is_closed(void **state)
{
    char report[ID], forward[ID];

    (void)state;
    mesh_start(&net, 4, 1);
    send_as(SOURCE, report, "send", NULL, "\"@electricity\"");
    mesh_down(&net, FURTHER);
    send_as(READER, forward, "forward", report, "\"org-3\"");
    mesh_down(&net, READER);
    withdraw(report);
    mesh_up(&net, FURTHER);
    mesh_settle(&net, 6);
    assert_closed(FURTHER, forward, report);
    mesh_stop(&net);
}

/* What is closed here nobody is to read any more, from the moment on at which this node hears of it. */
static void what_is_closed_is_not_left_to_read(void **state)
{
    static const char *const asked[] = {"", ",\"page\":true", ",\"page\":true,\"limit\":5"};
    char report[ID], forward[ID];

    (void)state;
    mesh_start(&net, 4, 1);
    send_as(SOURCE, report, "send", NULL, "\"@electricity\"");
    send_as(READER, forward, "forward", report, "\"org-3\"");
    mesh_down(&net, READER);
    OK(mesh_ask(&net, FURTHER, "{\"command\":\"list\",\"unread\":true}"));
    assert_int_equal(mesh_row_count(&net, FURTHER), 2);
    OK(mesh_ask(&net, SOURCE, "{\"command\":\"withdraw\",\"id\":\"%s\",\"reason\":\"誤報\"}", report));
    mesh_settle(&net, 1); /* its keys go with the next tick */
    for (size_t i = 0; i < sizeof asked / sizeof asked[0]; i++) {
        OK(mesh_ask(&net, FURTHER, "{\"command\":\"list\",\"unread\":true%s}", asked[i]));
        assert_int_equal(mesh_row_count(&net, FURTHER), 0);
    }
    mesh_stop(&net);
}

/* Somebody has changed it in the database: it cannot be withdrawn any more, and everything else goes on. */
static void what_was_changed_on_the_disk_holds_up_nothing(void **state)
{
    char report[ID], forward[ID];

    (void)state;
    mesh_start(&net, 4, 1);
    send_as(SOURCE, report, "send", NULL, "\"org-2\"");
    send_as(READER, forward, "forward", report, "\"org-3\"");
    mesh_down(&net, READER);
    mesh_sql(&net, READER, "UPDATE log SET record = x'00' WHERE hex(substr(id, 1, 8)) = upper(substr('%s', 1, 16))", forward);
    mesh_up(&net, READER);
    withdraw(report);
    assert_int_equal(about(READER, "export", forward), NRS_ERROR_WITHDRAWN);
    send_as(SOURCE, report, "send", NULL, "\"org-2\"");
    OK(about(READER, "show", report));
    mesh_stop(&net);
}

/* The report that the last refusal names. */
static const char *refused_for(size_t node)
{
    const char *text = mesh_text(json_array_get(net.nodes[node].reply, mesh_row_count(&net, node)), "message"), *found = strstr(text, "report ");

    assert_non_null(found);
    return found + strlen("report ");
}

/* Who passes a text on has not written it: whoever asks is told of which report it is, and so is who has made the forward itself. */
static void what_passes_a_text_on_is_released_by_nobody(void **state)
{
    static const size_t asking[] = {READER, FURTHER, LAST};
    char report[ID], forward[ID], second[ID];

    (void)state;
    mesh_start(&net, 5, 1);
    send_as(SOURCE, report, "send", NULL, "\"org-2\",\"org-3\"");
    send_as(READER, forward, "forward", report, "\"org-3\",\"org-4\"");
    send_as(READER, second, "forward", forward, "\"org-3\",\"org-4\"");
    for (size_t i = 0; i < 2 * sizeof asking / sizeof asking[0]; i++) {
        const size_t node = asking[i / 2];

        assert_int_equal(mesh_ask(&net, node, "{\"command\":\"release-ask\",\"id\":\"%s\",\"to\":[\"org-4\"],\"reason\":\"対処のため\"}", i % 2 == 0 ? forward : second),
                         NRS_ERROR_NOT_ORIGINATOR);
        assert_memory_equal(refused_for(node), node == LAST && i % 2 == 1 ? forward : report, 16);
        OK(mesh_ask(&net, node, "{\"command\":\"release-list\"}"));
        assert_int_equal(mesh_row_count(&net, node), 0);
    }
    OK(mesh_ask(&net, FURTHER, "{\"command\":\"release-ask\",\"id\":\"%s\",\"to\":[\"org-4\"],\"reason\":\"対処のため\"}", report));
    mesh_stop(&net);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_forward_names_no_community_that_the_source_did_not),
        cmocka_unit_test(what_is_passed_on_is_withdrawn_with_its_source),
        cmocka_unit_test(who_passed_it_on_withdraws_it),
        cmocka_unit_test(what_comes_after_the_withdrawal_is_closed),
        cmocka_unit_test(what_is_closed_is_not_left_to_read),
        cmocka_unit_test(what_was_changed_on_the_disk_holds_up_nothing),
        cmocka_unit_test(what_passes_a_text_on_is_released_by_nobody),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
