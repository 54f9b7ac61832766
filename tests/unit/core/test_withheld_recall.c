/* What a source takes back, its hub takes back too: in its own name, at its tick, from all whom it told, without a word of the source's. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "mesh.h"
#include "mesh_records.h"
#include "mesh_second.h"
#include "proto/vocabulary.h"

#define OK(expression) assert_int_equal((expression), NRS_OK)

/* In electricity two hubs, the source and a member; in gas its hub, a member, and the first hub of electricity. */
enum { HUB, OTHER_HUB, SOURCE, MEMBER, GAS_HUB, GAS_MEMBER };

static mesh net;
static mesh_second gas;
static char report[2 * NRS_HASH_SIZE + 1], published[2 * NRS_HASH_SIZE + 1];

static void start(bool with_gas)
{
    mesh_start(&net, 4, 2);
    if (with_gas) {
        mesh_second_beside(&net, &gas, HUB, false);
    }
}

static void stop(void)
{
    mesh_stop(&net);
    mesh_second_stop(&gas);
}

static void keep_id(char *to, size_t node)
{
    (void)snprintf(to, 2 * NRS_HASH_SIZE + 1, "%s", mesh_text(mesh_row(&net, node, 0), "id"));
}

static void send_withheld(const char *label, const char *more)
{
    OK(mesh_ask(&net, SOURCE,
                "{\"command\":\"send\",\"withhold_source\":true,\"via\":[\"org-0\"],\"label\":\"%s\",\"to\":[\"@electricity\"],\"kind\":\"incident\","
                "\"subject\":\"件名\",\"body\":\"本文\"%s}", label, more));
    keep_id(report, SOURCE);
    mesh_settle(&net, 3);
    OK(mesh_ask(&net, HUB, "{\"command\":\"show\",\"id\":\"%s\"}", report));
}

static void vouch(const char *more)
{
    OK(mesh_ask(&net, HUB, "{\"command\":\"vouch\",\"id\":\"%s\"%s}", report, more));
    keep_id(published, HUB);
}

static nrs_error show(size_t node, const char *id)
{
    return mesh_ask(&net, node, "{\"command\":\"show\",\"id\":\"%s\"}", id);
}

static void withdraw(void)
{
    OK(mesh_ask(&net, SOURCE, "{\"command\":\"withdraw\",\"id\":\"%s\",\"reason\":\"org-2の誤報\"}", report));
}

static bool is_withdrawn(size_t node)
{
    nrs_error error = show(node, published);

    return (error == NRS_OK || error == NRS_ERROR_WITHDRAWN) && mesh_text(mesh_row(&net, node, 0), "withdrawn_at")[0] != '\0';
}

static void what_was_published_goes_with_it(void **state)
{
    (void)state;
    for (size_t crash = 0; crash < 2; crash++) {
        start(false);
        send_withheld("AMBER", "");
        vouch("");
        mesh_wait_for_tick(&net, 5);
        OK(show(MEMBER, published));
        withdraw();
        mesh_settle(&net, 5);
        for (size_t node = HUB; node <= MEMBER; node++) { /* with the tick, not before */
            assert_false(is_withdrawn(node));
        }
        if (crash == 1) {
            mesh_crash(&net, HUB);
        }
        mesh_wait_for_tick(&net, 5);
        for (size_t node = HUB; node <= MEMBER; node++) {
            assert_true(is_withdrawn(node));
            assert_true(json_is_null(json_object_get(mesh_row(&net, node, 0), "withdrawn_reason"))); /* the source's words are the hub's alone */
        }
        assert_int_equal(mesh_ask(&net, MEMBER, "{\"command\":\"export\",\"id\":\"%s\",\"sink\":\"own\"}", published), NRS_ERROR_WITHDRAWN);
        OK(show(HUB, report));
        assert_string_equal(mesh_text(mesh_row(&net, HUB, 0), "withdrawn_reason"), "org-2の誤報");
        OK(mesh_ask(&net, HUB, "{\"command\":\"receipts\",\"id\":\"%s\",\"missing\":true}", published));
        assert_int_equal(mesh_row_count(&net, HUB), 0); /* all have taken it, the source as well */
        OK(mesh_ask(&net, SOURCE, "{\"command\":\"receipts\",\"id\":\"%s\",\"missing\":true}", report));
        assert_int_equal(mesh_row_count(&net, SOURCE), 0);
        OK(mesh_ask(&net, HUB, "{\"command\":\"audit-list\",\"kind\":\"withdraw\"}"));
        assert_int_equal(mesh_row_count(&net, HUB), 2); /* the source's, and its own */
        stop();
    }
}

/* In time: then nobody reads it, and nobody misses its number. */
static void what_waits_for_its_tick_is_not_published(void **state)
{
    (void)state;
    start(false);
    send_withheld("AMBER", "");
    vouch("");
    withdraw();
    mesh_settle(&net, 4);
    assert_false(mesh_holds(&net, MEMBER, published));
    mesh_crash(&net, HUB);
    mesh_wait_for_tick(&net, 5);
    for (size_t node = OTHER_HUB; node <= MEMBER; node++) {
        assert_false(mesh_holds(&net, node, published));
        assert_int_equal(show(node, published), NRS_ERROR_WITHDRAWN);
        assert_string_equal(mesh_text(mesh_row(&net, node, 0), "attribution"), "vouched"); /* the hub is not its source, though nobody has read it */
    }
    send_withheld("AMBER", "");
    vouch("");
    mesh_wait_for_tick(&net, 5);
    OK(show(MEMBER, published));
    mesh_settle(&net, 30);
    OK(mesh_command(&net, MEMBER, "{\"command\":\"status\"}"));
    assert_int_equal(json_array_size(json_object_get(mesh_row(&net, MEMBER, 0), "gaps")), 0);
    stop();
}

static void every_part_goes(void **state)
{
    char technical[2 * NRS_HASH_SIZE + 1];

    (void)state;
    start(false);
    send_withheld("AMBER", ",\"fields\":{\"cause\":\"vulnerability\",\"impact\":\"停止\"}");
    vouch(",\"part\":\"technical\",\"body\":\"手口\",\"fields\":{\"cause\":\"vulnerability\"}");
    memcpy(technical, published, sizeof technical);
    mesh_wait_for_tick(&net, 5);
    vouch(",\"part\":\"damage\",\"label\":\"AMBER+STRICT\",\"to\":[\"org-3\"],\"body\":\"被害\",\"fields\":{\"impact\":\"停止\"}");
    withdraw(); /* the one is out, the other waits */
    mesh_wait_for_tick(&net, 5);
    assert_int_equal(show(MEMBER, published), NRS_ERROR_WITHDRAWN);
    assert_false(mesh_holds(&net, MEMBER, published));
    memcpy(published, technical, sizeof published);
    assert_true(is_withdrawn(MEMBER));
    stop();
}

/* All who have it read why: not who the source is, unless the hub's secretariat says that it may be. */
static void a_reason_of_the_hub_names_no_source(void **state)
{
    (void)state;
    for (size_t forgotten = 0; forgotten < 2; forgotten++) {
        start(false);
        send_withheld("AMBER", "");
        vouch("");
        mesh_wait_for_tick(&net, 5);
        if (forgotten == 1) {
            OK(mesh_ask(&net, HUB, "{\"command\":\"forget\",\"id\":\"%s\"}", report));
        }
        assert_int_equal(mesh_ask(&net, HUB, "{\"command\":\"withdraw\",\"id\":\"%s\",\"reason\":\"%s\"}", published, forgotten == 1 ? "誤報" : "ORG-2の誤報"), NRS_ERROR_SOURCE_NAMED);
        mesh_settle(&net, 4);
        assert_false(is_withdrawn(MEMBER));
        OK(mesh_ask(&net, HUB, "{\"command\":\"withdraw\",\"id\":\"%s\",\"reason\":\"org-2の誤報\",\"keep_names\":true}", published));
        mesh_settle(&net, 4);
        assert_true(is_withdrawn(MEMBER));
        assert_string_equal(mesh_text(mesh_row(&net, MEMBER, 0), "withdrawn_reason"), "org-2の誤報");
        stop();
    }
}

/* The secretariat was quicker: nothing is said twice. */
static void what_the_hub_has_withdrawn_stays_as_it_said(void **state)
{
    size_t letters;

    (void)state;
    start(false);
    send_withheld("AMBER", "");
    vouch("");
    mesh_wait_for_tick(&net, 5);
    withdraw();
    mesh_settle(&net, 4);
    OK(mesh_ask(&net, HUB, "{\"command\":\"withdraw\",\"id\":\"%s\",\"reason\":\"確認中\"}", published));
    mesh_settle(&net, 4);
    assert_true(is_withdrawn(MEMBER));
    letters = mesh_rows_of(&net, MEMBER, NRS_RECORD_ENVELOPE);
    mesh_wait_for_tick(&net, 5);
    OK(show(HUB, published));
    assert_string_equal(mesh_text(mesh_row(&net, HUB, 0), "withdrawn_reason"), "確認中");
    assert_int_equal(mesh_rows_of(&net, MEMBER, NRS_RECORD_ENVELOPE), letters + 1); /* the digest that answers the source */
    stop();
}

/* Whom consent let in elsewhere reads what the hub vouches for, verifies it, and hears of its end. */
static void one_of_another_community_hears_of_it(void **state)
{
    (void)state;
    start(true);
    send_withheld("GREEN", ",\"onward\":[\"communities\"]");
    vouch("");
    mesh_settle(&net, 3);
    assert_int_equal(show(GAS_MEMBER, published), NRS_ERROR_NOT_FOUND);
    mesh_wait_for_tick(&net, 5);
    for (size_t node = GAS_HUB; node <= GAS_MEMBER; node++) {
        OK(show(node, published));
        assert_string_equal(mesh_text(mesh_row(&net, node, 0), "from"), "org-0");
        assert_string_equal(mesh_text(mesh_row(&net, node, 0), "attribution"), "vouched");
        assert_string_equal(mesh_text(json_object_get(mesh_row(&net, node, 0), "let_in_by"), "authority"), "consent");
        assert_string_equal(mesh_text(json_object_get(mesh_row(&net, node, 0), "let_in_by"), "by"), "org-0");
    }
    mesh_settle(&net, 6);
    OK(mesh_ask(&net, HUB, "{\"command\":\"receipts\",\"id\":\"%s\",\"missing\":true}", published));
    for (size_t i = 0; i < mesh_row_count(&net, HUB); i++) {
        assert_string_not_equal(mesh_text(mesh_row(&net, HUB, i), "recipient"), "org-5");
    }
    withdraw();
    mesh_wait_for_tick(&net, 5);
    mesh_settle(&net, 4);
    assert_true(is_withdrawn(MEMBER));
    assert_true(is_withdrawn(GAS_MEMBER));
    assert_true(is_withdrawn(GAS_HUB));
    stop();
}

/* A report of the source's that passes on another's, published and read. */
static void publish_forward(char first[2 * NRS_HASH_SIZE + 1])
{
    start(false);
    OK(mesh_ask(&net, MEMBER, "{\"command\":\"send\",\"label\":\"AMBER\",\"to\":[\"@electricity\"],\"kind\":\"incident\",\"subject\":\"件名\",\"body\":\"本文\"}"));
    keep_id(first, MEMBER);
    mesh_settle(&net, 3);
    OK(mesh_ask(&net, SOURCE, "{\"command\":\"forward\",\"id\":\"%s\",\"withhold_source\":true,\"via\":[\"org-0\"],\"to\":[\"@electricity\"],\"body\":\"参考\"}", first));
    keep_id(report, SOURCE);
    mesh_settle(&net, 3);
    OK(show(HUB, report));
    vouch("");
    mesh_wait_for_tick(&net, 5);
    OK(show(OTHER_HUB, published));
}

/* It says of nobody whose text it holds: only the hub knows that it goes with what was withdrawn. */
static void what_passes_on_what_was_withdrawn_goes_with_it(void **state)
{
    char first[2 * NRS_HASH_SIZE + 1];

    (void)state;
    for (size_t heard = 0; heard < 2; heard++) {
        publish_forward(first);
        assert_true(json_is_null(json_object_get(mesh_row(&net, OTHER_HUB, 0), "quoted")));
        if (heard == 0) { /* its source says nothing any more */
            mesh_down(&net, SOURCE);
        }
        OK(mesh_ask(&net, MEMBER, "{\"command\":\"withdraw\",\"id\":\"%s\",\"reason\":\"誤報\"}", first));
        mesh_settle(&net, 5);
        assert_false(is_withdrawn(OTHER_HUB));
        mesh_crash(&net, HUB);
        mesh_wait_for_tick(&net, 5);
        assert_true(is_withdrawn(HUB));
        assert_true(is_withdrawn(OTHER_HUB));
        assert_true(is_withdrawn(MEMBER));
        assert_true(json_is_null(json_object_get(mesh_row(&net, MEMBER, 0), "withdrawn_for")));
        mesh_stop(&net);
    }
}

/* Until its tick the hub has not said that what it published is withdrawn: a reply to that comes, and is not carried any more. */
static void no_reply_is_carried_about_what_was_closed(void **state)
{
    char first[2 * NRS_HASH_SIZE + 1];

    (void)state;
    for (size_t closed = 0; closed < 2; closed++) {
        publish_forward(first);
        mesh_down(&net, SOURCE); /* so that it says nothing itself */
        if (closed == 1) {
            OK(mesh_ask(&net, MEMBER, "{\"command\":\"withdraw\",\"id\":\"%s\",\"reason\":\"誤報\"}", first));
            mesh_settle(&net, 2);
        }
        OK(mesh_ask(&net, OTHER_HUB, "{\"command\":\"reply\",\"id\":\"%s\",\"body\":\"確認\"}", published));
        mesh_settle(&net, 3);
        OK(mesh_ask(&net, HUB, "{\"command\":\"audit-list\",\"kind\":\"extend\"}"));
        assert_int_equal(mesh_row_count(&net, HUB), closed == 1 ? 0 : 1);
        stop();
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_published_goes_with_it),
        cmocka_unit_test(what_waits_for_its_tick_is_not_published),
        cmocka_unit_test(every_part_goes),
        cmocka_unit_test(a_reason_of_the_hub_names_no_source),
        cmocka_unit_test(what_the_hub_has_withdrawn_stays_as_it_said),
        cmocka_unit_test(one_of_another_community_hears_of_it),
        cmocka_unit_test(what_passes_on_what_was_withdrawn_goes_with_it),
        cmocka_unit_test(no_reply_is_carried_about_what_was_closed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
