/* Replies to what a hub vouches for: its node carries them to the source, whole, at its tick, under their own label, and to nobody else. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "mesh.h"
#include "mesh_forge.h"
#include "mesh_records.h"
#include "mesh_rosters.h"
#include "mesh_second.h"
#include "proto/label.h"
#include "proto/vocabulary.h"

#define OK(expression) assert_int_equal((expression), NRS_OK)

/* As in test_withheld_ask.c. */
enum { HUB, OTHER_HUB, SOURCE, MEMBER, THIRD, GAS_HUB, GAS_MEMBER };

static mesh net;
static mesh_second gas;
static char report[2 * NRS_HASH_SIZE + 1], published[2 * NRS_HASH_SIZE + 1], answer[2 * NRS_HASH_SIZE + 1];

static void start(bool with_gas, bool near)
{
    mesh_start(&net, 5, 2);
    if (with_gas) {
        mesh_second_beside(&net, &gas, near ? HUB : GAS_HUB, false);
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

static void publish(const char *label, const char *to, const char *more)
{
    OK(mesh_ask(&net, SOURCE,
                "{\"command\":\"send\",\"withhold_source\":true,\"via\":[\"org-0\"],\"label\":\"%s\",\"to\":[\"%s\"],\"kind\":\"incident\","
                "\"subject\":\"件名\",\"body\":\"本文\"%s}", label, to, more));
    keep_id(report, SOURCE);
    mesh_settle(&net, 3);
    OK(mesh_ask(&net, HUB, "{\"command\":\"vouch\",\"id\":\"%s\"}", report));
    keep_id(published, HUB);
    mesh_wait_for_tick(&net, 5);
}

static nrs_error reply(size_t node, const char *body, const char *more)
{
    nrs_error error = mesh_ask(&net, node, "{\"command\":\"reply\",\"id\":\"%s\",\"body\":\"%s\"%s}", published, body, more);

    if (error == NRS_OK) {
        keep_id(answer, node);
        mesh_settle(&net, 4);
    }
    return error;
}

static const json_t *shown(size_t node, const char *id)
{
    OK(mesh_ask(&net, node, "{\"command\":\"show\",\"id\":\"%s\"}", id));
    return mesh_row(&net, node, 0);
}

static size_t reply_count(size_t node)
{
    return json_array_size(json_object_get(shown(node, report), "replies"));
}

static const json_t *reply_at(size_t node, size_t index)
{
    return json_array_get(json_object_get(shown(node, report), "replies"), index);
}

static const json_t *carried(void)
{
    return json_object_get(shown(HUB, answer), "carried");
}

static void the_hub_carries_it_to_the_source(void **state)
{
    (void)state;
    for (size_t crash = 0; crash < 2; crash++) {
        start(false, false);
        publish("AMBER", "@electricity", "");
        OK(reply(MEMBER, "こちらも同じです", ",\"label\":\"AMBER\",\"kind\":\"situation\",\"pap\":\"RED\",\"tell_affected\":\"no\""));
        assert_int_equal(reply_count(SOURCE), 0); /* not before the tick */
        assert_string_not_equal(mesh_text(carried(), "at"), "");
        assert_string_equal(mesh_text(carried(), "source_report"), report);
        if (crash == 1) {
            mesh_crash(&net, HUB);
        }
        mesh_wait_for_tick(&net, 5);
        assert_int_equal(reply_count(SOURCE), 1);
        assert_string_equal(mesh_text(reply_at(SOURCE, 0), "text"), "こちらも同じです");
        assert_string_equal(mesh_text(reply_at(SOURCE, 0), "by"), "org-3");
        assert_string_equal(mesh_text(reply_at(SOURCE, 0), "label"), "AMBER");
        assert_string_equal(mesh_text(json_object_get(reply_at(SOURCE, 0), "conditions"), "permissible_actions"), "RED");
        assert_true(json_is_false(json_object_get(json_object_get(reply_at(SOURCE, 0), "conditions"), "affected_may_be_told")));
        assert_int_equal(reply_count(HUB), 1);
        assert_int_equal(json_array_size(json_object_get(shown(SOURCE, report), "questions")), 0);
        OK(mesh_ask(&net, SOURCE, "{\"command\":\"export\",\"id\":\"%s\",\"sink\":\"own\"}", report));
        assert_null(json_object_get(mesh_row(&net, SOURCE, 0), "replies")); /* another's words do not leave with it */
        mesh_wait_for_tick(&net, 5);
        assert_int_equal(reply_count(SOURCE), 1);
        OK(mesh_ask(&net, HUB, "{\"command\":\"audit-list\",\"kind\":\"extend\"}"));
        assert_int_equal(mesh_row_count(&net, HUB), 1);
        stop();
    }
}

/* Taken back before the tick, it leaves as a filler of its size. */
static void what_was_withdrawn_is_not_carried(void **state)
{
    (void)state;
    start(false, false);
    publish("AMBER", "@electricity", "");
    OK(reply(MEMBER, "こちらも同じです", ""));
    OK(mesh_ask(&net, MEMBER, "{\"command\":\"withdraw\",\"id\":\"%s\",\"reason\":\"r\"}", answer));
    mesh_settle(&net, 4);
    assert_int_equal(mesh_ask(&net, HUB, "{\"command\":\"show\",\"id\":\"%s\"}", answer), NRS_ERROR_WITHDRAWN);
    mesh_wait_for_tick(&net, 5);
    assert_int_equal(reply_count(SOURCE), 0);
    OK(reply(THIRD, "別の話です", ""));
    mesh_wait_for_tick(&net, 5);
    assert_int_equal(reply_count(SOURCE), 1);
    stop();
}

/* A reviewer reads the hub's log: what a source did about its withheld report names it nowhere. */
static void the_hubs_audit_log_names_no_source(void **state)
{
    static const char *const kinds[] = {"deny", "release", "withdraw"};
    char ask[2 * NRS_HASH_SIZE + 1];
    size_t found = 0;

    (void)state;
    start(false, false);
    publish("AMBER", "org-3\",\"org-4", "");
    for (size_t i = 0; i < 2; i++) {
        OK(mesh_ask(&net, i == 0 ? MEMBER : THIRD, "{\"command\":\"release-ask\",\"id\":\"%s\",\"to\":[\"org-1\"],\"reason\":\"r\"}", published));
        mesh_settle(&net, 4);
        for (size_t tick = 0; tick < 8; tick++) {
            mesh_wait_for_tick(&net, 5);
        }
        OK(mesh_ask(&net, SOURCE, "{\"command\":\"release-list\"}"));
        assert_int_equal(mesh_row_count(&net, SOURCE), i + 1);
        for (size_t k = 0; k <= i; k++) {
            if (strcmp(mesh_text(mesh_row(&net, SOURCE, k), "state"), "open") == 0) {
                (void)snprintf(ask, sizeof ask, "%s", mesh_text(mesh_row(&net, SOURCE, k), "id"));
            }
        }
        OK(mesh_ask(&net, SOURCE, "{\"command\":\"release-%s\",\"id\":\"%s\"%s}", i == 0 ? "deny" : "grant", ask, i == 0 ? ",\"reason\":\"r\"" : ""));
        mesh_wait_for_tick(&net, 5);
    }
    OK(mesh_ask(&net, SOURCE, "{\"command\":\"withdraw\",\"id\":\"%s\",\"reason\":\"r\"}", report));
    mesh_wait_for_tick(&net, 5);
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        OK(mesh_ask(&net, HUB, "{\"command\":\"audit-list\",\"kind\":\"%s\"}", kinds[i]));
        for (size_t k = 0; k < mesh_row_count(&net, HUB); k++) {
            found++;
            assert_string_not_equal(mesh_text(mesh_row(&net, HUB, k), "org"), "org-2");
            assert_string_not_equal(mesh_text(mesh_row(&net, HUB, k), "org"), "org-1");
        }
    }
    assert_true(found >= 3);
    stop();
}

/* What cannot be read for want of room is said, and the engine reads all again; it is not taken for what was forgotten. */
static void a_shortage_parts_nothing(void **state)
{
    (void)state;
    start(false, false);
    publish("AMBER", "@electricity", "");
    assert_int_equal(mesh_read_published(&net, HUB, true), NRS_ERROR_BUSY);
    OK(mesh_read_published(&net, HUB, false));
    OK(reply(MEMBER, "こちらも同じです", ",\"label\":\"AMBER\""));
    mesh_wait_for_tick(&net, 5);
    assert_int_equal(reply_count(SOURCE), 1);
    stop();
}

/* A long one in pieces, with as many ticks; what is too long stays with the secretariat, which is told how to ask. */
static void a_long_one_goes_in_pieces(void **state)
{
    static char body[40000], whole[40000];
    static char command[41000];
    size_t size = 0;

    (void)state;
    start(false, false);
    publish("AMBER", "@electricity", "");
    for (size_t i = 0; i < 2000; i++) {
        size += (size_t)snprintf(body + size, sizeof body - size, "%s", i % 7 == 0 ? "。" : "あ");
    }
    (void)snprintf(command, sizeof command, "{\"command\":\"reply\",\"id\":\"%s\",\"body\":\"%s\"}", published, body);
    OK(mesh_command(&net, MEMBER, command));
    mesh_settle(&net, 4);
    for (size_t i = 0; i < 4; i++) {
        mesh_wait_for_tick(&net, 5);
    }
    assert_int_equal(reply_count(SOURCE), 3);
    for (size_t i = 0; i < 3; i++) {
        (void)snprintf(whole + strlen(whole), sizeof whole - strlen(whole), "%s", mesh_text(reply_at(SOURCE, i), "text"));
    }
    assert_string_equal(whole, body);
    for (size_t i = 0; i < 5000; i++) {
        size += (size_t)snprintf(body + size, sizeof body - size, "い");
    }
    (void)snprintf(command, sizeof command, "{\"command\":\"reply\",\"id\":\"%s\",\"body\":\"%s\"}", published, body);
    OK(mesh_command(&net, MEMBER, command));
    keep_id(answer, MEMBER);
    mesh_settle(&net, 4);
    assert_true(json_is_null(json_object_get(carried(), "at")));
    assert_string_equal(mesh_text(carried(), "source_report"), report);
    net.now_ms += NRS_HOUR_MS;
    mesh_wait_for_tick(&net, 5);
    assert_int_equal(reply_count(SOURCE), 3);
    stop();
}

/* It was carried under a duty that the source held, and closes with it. A list tells only that there is a reply. */
static void a_duty_that_ended_closes_it(void **state)
{
    (void)state;
    start(false, false);
    publish("AMBER", "@electricity", "");
    mesh_change(&net, mesh_demand_duty, &(mesh_duty){.label = NRS_LABEL_AMBER});
    mesh_settle(&net, 4);
    OK(reply(MEMBER, "こちらも同じです", ""));
    mesh_wait_for_tick(&net, 5);
    assert_string_equal(mesh_text(reply_at(SOURCE, 0), "text"), "こちらも同じです");
    OK(mesh_ask(&net, SOURCE, "{\"command\":\"list\",\"sent\":true}"));
    assert_int_equal(json_array_size(json_object_get(mesh_row(&net, SOURCE, 0), "replies")), 1);
    assert_true(json_is_null(json_object_get(json_array_get(json_object_get(mesh_row(&net, SOURCE, 0), "replies"), 0), "text")));
    mesh_change(&net, mesh_demand_duty, &(mesh_duty){.label = NRS_LABEL_AMBER, .without = "org-2"});
    mesh_settle(&net, 4);
    assert_int_equal(reply_count(SOURCE), 1);
    assert_true(json_is_null(json_object_get(reply_at(SOURCE, 0), "text")));
    stop();
}

static void what_is_not_carried(void **state)
{
    (void)state;
    start(false, false);
    publish("AMBER", "org-3", "");
    OK(reply(MEMBER, "読めます", ",\"to\":[\"@electricity\"]")); /* the source reads it like all others */
    assert_true(json_is_null(carried()));
    OK(mesh_ask(&net, THIRD, "{\"command\":\"send\",\"label\":\"AMBER\",\"to\":[\"org-0\"],\"kind\":\"incident\",\"subject\":\"s\",\"body\":\"b\"}"));
    keep_id(answer, THIRD);
    mesh_settle(&net, 4);
    assert_true(json_is_null(carried())); /* no reply to it */
    OK(mesh_ask(&net, MEMBER, "{\"command\":\"reply\",\"id\":\"%s\",\"body\":\"名指しだけ\",\"label\":\"AMBER+STRICT\"}", published));
    assert_int_equal(json_array_size(json_object_get(mesh_row(&net, MEMBER, 0), "warnings")), 1); /* which goes to those named alone */
    keep_id(answer, MEMBER);
    mesh_settle(&net, 4);
    assert_true(json_is_null(json_object_get(carried(), "at")));
    mesh_wait_for_tick(&net, 5);
    assert_int_equal(reply_count(SOURCE), 0);
    OK(mesh_ask(&net, HUB, "{\"command\":\"forget\",\"id\":\"%s\"}", report)); /* then nothing joins the two any more */
    OK(reply(MEMBER, "遅い", ""));
    assert_true(json_is_null(carried()));
    mesh_wait_for_tick(&net, 5);
    assert_int_equal(reply_count(SOURCE), 0);
    stop();
    for (size_t without = 0; without < 2; without++) { /* the source has not taken the duty that goes with the reply's label, or has */
        start(false, false);
        publish("AMBER", "@electricity", "");
        mesh_change(&net, mesh_demand_duty, &(mesh_duty){NRS_LABEL_AMBER, NRS_KIND_BIT(NRS_KIND_SITUATION), without == 1 ? "org-2" : NULL});
        OK(reply(MEMBER, "義務", ",\"kind\":\"situation\""));
        assert_int_equal(json_is_null(json_object_get(carried(), "at")), without == 1);
        mesh_wait_for_tick(&net, 5);
        assert_int_equal(reply_count(SOURCE), without == 1 ? 0 : 1);
        stop();
    }
}

/* Nobody makes the hub write to all at each tick: of one member once an hour. */
static void one_member_does_not_drive_the_hub(void **state)
{
    size_t letters;

    (void)state;
    start(false, false);
    publish("AMBER", "@electricity", "");
    OK(reply(MEMBER, "一", ""));
    mesh_wait_for_tick(&net, 5);
    letters = mesh_rows_of(&net, THIRD, NRS_RECORD_ENVELOPE);
    OK(reply(MEMBER, "二", ""));
    mesh_wait_for_tick(&net, 5);
    assert_int_equal(mesh_rows_of(&net, THIRD, NRS_RECORD_ENVELOPE), letters);
    assert_int_equal(reply_count(SOURCE), 1);
    OK(reply(THIRD, "三", "")); /* another's does not take it along: when it leaves would tell whether the two are for one source */
    mesh_wait_for_tick(&net, 5);
    assert_int_equal(reply_count(SOURCE), 2);
    net.now_ms += NRS_HOUR_MS;
    net.monotonic_ms += NRS_HOUR_MS;
    mesh_wait_for_tick(&net, 5);
    assert_int_equal(reply_count(SOURCE), 3);
    stop();
}

static void from_another_community(void **state)
{
    (void)state;
    for (size_t near = 0; near < 2; near++) {
        start(true, near == 1);
        publish("AMBER", "@electricity", ",\"onward\":[\"communities\"]");
        mesh_settle(&net, 6);
        OK(mesh_ask(&net, GAS_MEMBER, "{\"command\":\"show\",\"id\":\"%s\"}", published));
        OK(reply(GAS_MEMBER, "ガスでも", ""));
        assert_string_equal(json_string_value(json_array_get(json_object_get(shown(GAS_MEMBER, answer), "to"), 0)), near == 1 ? "org-0" : "org-5");
        mesh_settle(&net, 4);
        mesh_wait_for_tick(&net, 5);
        assert_int_equal(reply_count(SOURCE), 1);
        assert_string_equal(mesh_text(reply_at(SOURCE, 0), "by"), "org-6");
        assert_string_equal(mesh_text(reply_at(SOURCE, 0), "text"), "ガスでも");
        stop();
    }
}

/* ---- What is not taken ---- */

static void post(size_t from, size_t to, const char *about, size_t whose, const char *detail, size_t size)
{
    uint8_t id[NRS_HASH_SIZE];
    nrs_statement statement;

    OK(nrs_hex_decode(id, sizeof id, about));
    nrs__wire__statement__init(&statement);
    statement.type = NRS_STATEMENT_REPLY;
    statement.sealed_id = nrs_field_of(nrs_slice_of(id, sizeof id));
    statement.at_ms = net.now_ms;
    statement.reference = nrs_field_of(nrs_slice_of(nrs_identity_public(net.nodes[whose].identity)->sign_key, NRS_KEY_SIZE));
    statement.detail = nrs_field_of(nrs_slice_of((const uint8_t *)detail, size));
    mesh_post(&net, from, to, from, &statement);
}

static char *text_of(const char *text)
{
    union { const char *in; char *out; } cast = {.in = text};

    return cast.out;
}

/* A reply that a node's own program would not make: it may not have what it answers. */
static void forge_reply(size_t node)
{
    static uint64_t position = 1u << 21;
    nrs_roster *roster = NULL;
    nrs_header header;
    nrs_report text;
    nrs_audience audience = NRS__WIRE__AUDIENCE__INIT;
    Nrs__Wire__Target target = NRS__WIRE__TARGET__INIT, *targets[1] = {&target};
    char *to[1] = {text_of("org-0")};
    uint8_t quoted[NRS_HASH_SIZE];
    nrs_sealed_parts parts = {0};
    nrs_secret *file_key = NULL;
    nrs_bytes record = {0};
    nrs_identity *self = net.nodes[node].identity;
    nrs_recipient hub = mesh_recipient(&net, HUB);
    nrs_seal_request request = {.header = &header, .report = &text, .audience = &audience, .recipients = &hub, .recipient_count = 1,
                                .grantor = {nrs_identity_public(self), nrs_identity_agree_with, self}};

    OK(nrs_roster_decode(&roster, nrs_slice_of_bytes(&net.statement)));
    OK(nrs_hex_decode(quoted, sizeof quoted, published));
    nrs__wire__header__init(&header);
    header.label = NRS_LABEL_AMBER;
    header.attribution = NRS_ATTRIBUTION_NAMED;
    header.community = roster->community;
    header.roster_version = roster->version;
    header.created_ms = net.now_ms;
    header.expires_ms = net.now_ms + NRS_DAY_MS;
    nrs__wire__report__init(&text);
    text.kind = NRS_KIND_SITUATION;
    text.subject = text_of("s");
    text.body = text_of("当社も");
    text.to = to;
    text.n_to = 1;
    text.quoted = nrs_field_of(nrs_slice_of(quoted, sizeof quoted));
    target.org = nrs_field_of(nrs_slice_of(hub.org_sign_key, NRS_KEY_SIZE));
    audience.n_targets = 1;
    audience.targets = targets;
    OK(nrs_seal(&parts, &file_key, &request));
    OK(nrs_seal_sign(&record, &parts, self));
    mesh_give_records(&net, node, HUB, position++, nrs_slice_of_bytes(&record), nrs_slice_of_bytes(&parts.slot_table));
    nrs_hex_encode(answer, parts.id, NRS_HASH_SIZE);
    nrs_bytes_wipe(&record);
    nrs_secret_destroy(&file_key);
    nrs_sealed_parts_wipe(&parts);
    nrs_roster_free(&roster);
}

/* Who was not sent what it answers makes no digest leave, and the source reads nothing of it. */
static void of_who_was_not_sent_it_nothing_is_carried(void **state)
{
    size_t letters;

    (void)state;
    start(false, false);
    publish("AMBER", "org-3", "");
    letters = mesh_rows_of(&net, OTHER_HUB, NRS_RECORD_ENVELOPE);
    forge_reply(THIRD);
    assert_string_equal(mesh_text(carried(), "source_report"), report);
    assert_true(json_is_null(json_object_get(carried(), "at")));
    forge_reply(MEMBER); /* which was */
    assert_string_not_equal(mesh_text(carried(), "at"), "");
    mesh_wait_for_tick(&net, 5);
    assert_int_equal(reply_count(SOURCE), 1);
    assert_true(mesh_rows_of(&net, OTHER_HUB, NRS_RECORD_ENVELOPE) > letters);
    stop();
}

static void only_its_hub_brings_replies(void **state)
{
    (void)state;
    start(false, false);
    publish("AMBER", "@electricity", "");
    post(OTHER_HUB, SOURCE, report, MEMBER, "\3\0\0\0x", 5);   /* a hub that it was not given to */
    post(HUB, SOURCE, report, MEMBER, "\5\0\0\0x", 5);         /* RED */
    post(HUB, SOURCE, report, MEMBER, "\4\0\0\0x", 5);         /* AMBER+STRICT */
    post(HUB, SOURCE, report, MEMBER, "\3\5\0\0x", 5);         /* no conditions */
    post(HUB, SOURCE, report, MEMBER, "\3\0\11\0x", 5);        /* yes and no at once */
    post(HUB, SOURCE, report, MEMBER, "\11\0\0\0x", 5);        /* no label */
    post(HUB, SOURCE, report, MEMBER, "\3\0\0\0\xff\xfe", 6); /* no text */
    post(HUB, SOURCE, report, MEMBER, "\3\0\0\1\1x", 6);     /* a duty and no text */
    post(HUB, SOURCE, report, MEMBER, "\3\0\0\2\1nx", 7);     /* fewer duties than it says */
    post(HUB, SOURCE, report, MEMBER, "\3\0\0\1\1Nx", 7);     /* no name of a duty */
    post(HUB, SOURCE, report, MEMBER, "\3\0\0\1\0x", 6);      /* an empty one */
    post(HUB, SOURCE, report, MEMBER, "\3\0\0\1\41aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaax", 39); /* too long a one */
    post(HUB, SOURCE, report, MEMBER, "\3\0\0\42\1n" "\1n" "\1n" "\1n" "\1n" "\1n" "\1n" "\1n" "\1n" "\1n" "\1n" "\1n" "\1n" "\1n" "\1n" "\1n" "\1n" "\1n" "\1n" "\1n" "\1n" "\1n" "\1n" "\1n" "\1n" "\1n" "\1n" "\1n" "\1n" "\1n" "\1n" "\1n" "\1n" "\1n" "x", 73); /* more than are demanded of anybody */
    assert_int_equal(reply_count(SOURCE), 0);
    post(MEMBER, HUB, published, THIRD, "\3\0\0\0x", 5); /* of one whom it has not let in */
    assert_int_equal(reply_count(HUB), 0);
    for (size_t i = 0; i < 520; i++) {
        post(HUB, SOURCE, report, MEMBER, "\3\0\0\0x", 5);
    }
    assert_int_equal(reply_count(SOURCE), 512);
    stop();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_hub_carries_it_to_the_source),
        cmocka_unit_test(what_was_withdrawn_is_not_carried),
        cmocka_unit_test(the_hubs_audit_log_names_no_source),
        cmocka_unit_test(a_shortage_parts_nothing),
        cmocka_unit_test(a_long_one_goes_in_pieces),
        cmocka_unit_test(a_duty_that_ended_closes_it),
        cmocka_unit_test(what_is_not_carried),
        cmocka_unit_test(one_member_does_not_drive_the_hub),
        cmocka_unit_test(from_another_community),
        cmocka_unit_test(of_who_was_not_sent_it_nothing_is_carried),
        cmocka_unit_test(only_its_hub_brings_replies),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
