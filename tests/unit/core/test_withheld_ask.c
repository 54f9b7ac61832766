/* Permission from a source that is not named: asked for through its hub, given or denied through it, and signed by the hub alone. And asks of
 * those who were let in from another community, which go through who let them in. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "keys/seal.h"
#include "mesh.h"
#include "mesh_forge.h"
#include "mesh_look.h"
#include "mesh_records.h"
#include "mesh_second.h"
#include "proto/label.h"
#include "proto/vocabulary.h"

#define OK(expression) assert_int_equal((expression), NRS_OK)

/* In electricity two hubs, the source, a member and one more; in gas its hub, a member, a ministry, and the first hub of electricity or, where
 * `near` is false, none of it: then the hub of gas is a member of electricity. */
enum { HUB, OTHER_HUB, SOURCE, MEMBER, THIRD, GAS_HUB, GAS_MEMBER, GAS_MINISTRY };

static mesh net;
static mesh_second gas;
static char report[2 * NRS_HASH_SIZE + 1], published[2 * NRS_HASH_SIZE + 1], ask[2 * NRS_HASH_SIZE + 1];

static void start(bool with_gas, bool near)
{
    mesh_start(&net, 5, 2);
    if (with_gas) {
        mesh_second_beside(&net, &gas, near ? HUB : GAS_HUB, true);
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

/* A report of the source's, published. */
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

static nrs_error show(size_t node, const char *id)
{
    return mesh_ask(&net, node, "{\"command\":\"show\",\"id\":\"%s\"}", id);
}

static nrs_error ask_for(size_t node, const char *id, const char *to)
{
    nrs_error error = mesh_ask(&net, node, "{\"command\":\"release-ask\",\"id\":\"%s\",\"to\":[\"%s\"],\"reason\":\"対処のため\"}", id, to);

    if (error == NRS_OK) {
        keep_id(ask, node);
        mesh_settle(&net, 3);
    }
    return error;
}

/* The only ask of a node in this state, its own or another's; NULL: none. */
static const json_t *asked(size_t node, bool own, const char *state)
{
    OK(mesh_ask(&net, node, "{\"command\":\"release-list\"}"));
    for (size_t i = 0; i < mesh_row_count(&net, node); i++) {
        const json_t *row = mesh_row(&net, node, i);

        if (json_is_true(json_object_get(row, "sent")) == own && strcmp(mesh_text(row, "state"), state) == 0) {
            return row;
        }
    }
    return NULL;
}

static nrs_error answer(size_t node, const char *command, const char *more)
{
    const json_t *row = asked(node, false, "open");
    char id[2 * NRS_HASH_SIZE + 1];

    assert_non_null(row);
    (void)snprintf(id, sizeof id, "%s", mesh_text(row, "id"));
    return mesh_ask(&net, node, "{\"command\":\"release-%s\",\"id\":\"%s\"%s}", command, id, more);
}

/* How many entries of its audit log say that such a thing was refused for this. */
static size_t refused(size_t node, const char *kind, const char *rule)
{
    size_t count = 0;

    OK(mesh_ask(&net, node, "{\"command\":\"audit-list\",\"kind\":\"%s\"}", kind));
    for (size_t i = 0; i < mesh_row_count(&net, node); i++) {
        count += strcmp(mesh_text(mesh_row(&net, node, i), "rule"), rule) == 0;
    }
    return count;
}

static const char *let_in(size_t node, const char *key)
{
    return mesh_text(json_object_get(mesh_row(&net, node, 0), "let_in_by"), key);
}

static void the_source_is_asked_through_its_hub(void **state)
{
    char *shown;

    (void)state;
    for (size_t crash = 0; crash < 2; crash++) {
        start(false, false);
        publish("AMBER", "org-3", "");
        assert_int_equal(show(THIRD, published), NRS_ERROR_NOT_FOUND);
        OK(ask_for(MEMBER, published, "org-4"));
        assert_string_equal(mesh_text(asked(MEMBER, true, "open"), "asked_of"), "org-0");
        assert_null(asked(SOURCE, false, "open")); /* it leaves with the tick */
        assert_int_equal(answer(HUB, "grant", ""), NRS_ERROR_SOURCE_WITHHELD); /* which is not the hub's to give */
        if (crash == 1) {
            mesh_crash(&net, HUB);
        }
        mesh_wait_for_tick(&net, 5);
        assert_string_equal(mesh_text(asked(SOURCE, false, "open"), "asked_by"), "org-0");
        assert_string_equal(mesh_text(asked(SOURCE, false, "open"), "asked_for"), "org-3");
        assert_string_equal(mesh_text(asked(SOURCE, false, "open"), "reason"), "対処のため");
        assert_string_equal(mesh_text(asked(SOURCE, false, "open"), "report"), report);
        assert_string_equal(json_string_value(json_array_get(json_object_get(asked(SOURCE, false, "open"), "to"), 0)), "org-4");
        assert_int_equal(answer(SOURCE, "grant", ",\"name_source\":\"yes\""), NRS_ERROR_CONDITIONS);
        OK(answer(SOURCE, "grant", ",\"pap\":\"AMBER\",\"expires_in_ms\":86400000"));
        mesh_settle(&net, 4);
        assert_non_null(asked(MEMBER, true, "open")); /* nor does the answer before it */
        if (crash == 1) {
            mesh_crash(&net, HUB);
        }
        mesh_wait_for_tick(&net, 5);
        mesh_settle(&net, 6);
        assert_non_null(asked(MEMBER, true, "released"));
        assert_non_null(asked(HUB, false, "released"));
        assert_non_null(asked(SOURCE, false, "released"));
        OK(show(THIRD, published));
        assert_string_equal(mesh_text(mesh_row(&net, THIRD, 0), "from"), "org-0");
        assert_string_equal(let_in(THIRD, "by"), "org-3");
        assert_string_equal(let_in(THIRD, "authority"), "release");
        assert_string_equal(mesh_text(json_object_get(mesh_row(&net, THIRD, 0), "conditions"), "permissible_actions"), "AMBER");
        shown = json_dumps(mesh_row(&net, THIRD, 0), 0);
        assert_null(strstr(shown, "org-2"));
        free(shown);
        assert_int_equal(show(OTHER_HUB, published), NRS_ERROR_NOT_FOUND); /* it carried the chain */
        stop();
    }
}

static void what_the_hub_made_stricter_stays_so(void **state)
{
    (void)state;
    start(false, false);
    OK(mesh_ask(&net, SOURCE, "{\"command\":\"send\",\"withhold_source\":true,\"via\":[\"org-0\"],\"label\":\"AMBER\",\"to\":[\"org-3\"],\"kind\":\"incident\","
                              "\"subject\":\"s\",\"body\":\"b\"}"));
    keep_id(report, SOURCE);
    mesh_settle(&net, 3);
    OK(mesh_ask(&net, HUB, "{\"command\":\"vouch\",\"id\":\"%s\",\"label\":\"AMBER+STRICT\",\"pap\":\"RED\"}", report));
    keep_id(published, HUB);
    mesh_wait_for_tick(&net, 5);
    OK(ask_for(MEMBER, published, "org-4"));
    mesh_wait_for_tick(&net, 5);
    OK(answer(SOURCE, "grant", ",\"label\":\"GREEN\""));
    mesh_wait_for_tick(&net, 5);
    mesh_settle(&net, 6);
    OK(show(THIRD, published));
    assert_string_equal(mesh_text(mesh_row(&net, THIRD, 0), "label"), "AMBER+STRICT");
    assert_string_equal(mesh_text(json_object_get(mesh_row(&net, THIRD, 0), "conditions"), "permissible_actions"), "RED");
    stop();
}

static void a_denial_comes_back_without_a_name(void **state)
{
    const json_t *row;

    (void)state;
    start(false, false);
    publish("AMBER", "org-3", "");
    OK(ask_for(MEMBER, published, "org-4"));
    mesh_wait_for_tick(&net, 5);
    assert_true(mesh_warned(&net, SOURCE, "asks for wider sharing wait for an answer from here: 1;"));
    assert_false(mesh_warned(&net, HUB, "asks for wider sharing")); /* the source is the one to agree */
    assert_int_equal(answer(SOURCE, "deny", ",\"reason\":\"ORG-2で調査中\""), NRS_ERROR_SOURCE_NAMED);
    OK(answer(SOURCE, "deny", ",\"reason\":\"調査中\""));
    mesh_settle(&net, 3);
    assert_non_null(asked(MEMBER, true, "open"));
    mesh_wait_for_tick(&net, 5);
    row = asked(MEMBER, true, "denied");
    assert_non_null(row);
    assert_string_equal(mesh_text(row, "answer"), "調査中");
    assert_string_equal(mesh_text(row, "answered_by"), "");
    assert_non_null(asked(HUB, false, "denied"));
    assert_int_equal(show(THIRD, published), NRS_ERROR_NOT_FOUND);
    /* the hub's secretariat may deny of itself; then the source is not asked any more */
    OK(ask_for(MEMBER, published, "org-1"));
    assert_int_equal(answer(HUB, "deny", ",\"reason\":\"ORG-2が望まない\""), NRS_ERROR_SOURCE_NAMED);
    assert_non_null(asked(HUB, false, "open"));
    OK(answer(HUB, "deny", ",\"reason\":\"範囲外\""));
    mesh_wait_for_tick(&net, 5);
    assert_null(asked(SOURCE, false, "open"));
    stop();
}

/* With the source's say; and what names it where the hub knows it no more cannot be told. */
static void a_hub_denies_by_its_name_where_it_says_so(void **state)
{
    (void)state;
    start(false, false);
    publish("AMBER", "org-3", "");
    OK(ask_for(MEMBER, published, "org-4"));
    OK(answer(HUB, "deny", ",\"keep_names\":true,\"reason\":\"org-2が望まない\""));
    OK(mesh_command(&net, HUB, "{\"command\":\"audit-list\",\"kind\":\"deny\"}"));
    assert_string_equal(mesh_text(mesh_row(&net, HUB, 0), "detail"), "AMBER, names kept");
    mesh_settle(&net, 3);
    assert_string_equal(mesh_text(asked(MEMBER, true, "denied"), "answer"), "org-2が望まない");
    mesh_settle(&net, 3700); /* asked about once an hour */
    OK(ask_for(MEMBER, published, "org-1"));
    OK(mesh_ask(&net, HUB, "{\"command\":\"forget\",\"id\":\"%s\"}", report));
    assert_int_equal(answer(HUB, "deny", ",\"reason\":\"範囲外\""), NRS_ERROR_SOURCE_NAMED);
    OK(answer(HUB, "deny", ",\"keep_names\":true,\"reason\":\"範囲外\""));
    stop();
}

/* The hub asks for itself, to vouch for it to others as well. */
static void the_hub_asks_in_its_own_name(void **state)
{
    (void)state;
    start(false, false);
    publish("AMBER", "org-3", "");
    OK(ask_for(HUB, published, "org-4"));
    mesh_wait_for_tick(&net, 5);
    assert_string_equal(mesh_text(asked(SOURCE, false, "open"), "asked_for"), "org-0");
    OK(answer(SOURCE, "grant", ""));
    mesh_settle(&net, 4);
    assert_int_equal(show(THIRD, published), NRS_ERROR_NOT_FOUND);
    mesh_crash(&net, HUB);
    mesh_wait_for_tick(&net, 5);
    mesh_settle(&net, 6);
    OK(show(THIRD, published));
    assert_string_equal(let_in(THIRD, "by"), "org-0");
    assert_non_null(asked(HUB, true, "released"));
    stop();
}

/* ---- From another community ---- */

static void one_who_was_let_in_asks_through_who_let_it_in(void **state)
{
    (void)state;
    for (size_t near = 0; near < 2; near++) {
        start(true, near == 1);
        publish("GREEN", "@electricity", ",\"onward\":[\"communities\"]");
        mesh_settle(&net, 6);
        OK(show(GAS_MEMBER, published));
        assert_string_equal(let_in(GAS_MEMBER, "by"), near == 1 ? "org-0" : "org-5");
        assert_int_equal(show(GAS_MINISTRY, published), NRS_ERROR_NOT_FOUND);
        OK(ask_for(GAS_MEMBER, published, "org-7"));
        assert_string_equal(mesh_text(asked(GAS_MEMBER, true, "open"), "asked_of"), near == 1 ? "org-0" : "org-5");
        mesh_settle(&net, 4);
        mesh_wait_for_tick(&net, 5);
        assert_string_equal(mesh_text(asked(SOURCE, false, "open"), "asked_by"), "org-0");
        assert_string_equal(mesh_text(asked(SOURCE, false, "open"), "asked_for"), "org-6");
        OK(answer(SOURCE, "grant", ""));
        mesh_wait_for_tick(&net, 5);
        mesh_settle(&net, 10);
        assert_non_null(asked(GAS_MEMBER, true, "released"));
        OK(show(GAS_MINISTRY, published));
        assert_string_equal(let_in(GAS_MINISTRY, "by"), near == 1 ? "org-0" : "org-5");
        assert_string_equal(let_in(GAS_MINISTRY, "authority"), "release");
        stop();
    }
}

/* For one of the community whose report it is: who let the guest in makes the grants, since it is a member there, which the guest is not. */
static void a_guest_asks_for_one_whose_community_it_is_not_in(void **state)
{
    (void)state;
    for (size_t near = 0; near < 2; near++) {
        start(true, near == 1);
        publish("AMBER", near == 1 ? "org-3" : "org-3\",\"org-5", ",\"onward\":[\"communities\"]");
        mesh_settle(&net, 6);
        OK(show(GAS_MEMBER, published));
        assert_int_equal(show(THIRD, published), NRS_ERROR_NOT_FOUND);
        OK(ask_for(GAS_MEMBER, published, "org-4"));
        mesh_settle(&net, 4);
        mesh_wait_for_tick(&net, 5);
        assert_int_equal(refused(SOURCE, "ask", "not-member"), 0);
        assert_non_null(asked(SOURCE, false, "open"));
        assert_string_equal(mesh_text(asked(SOURCE, false, "open"), "asked_for"), "org-6");
        OK(answer(SOURCE, "grant", ""));
        mesh_wait_for_tick(&net, 5);
        mesh_settle(&net, 10);
        assert_non_null(asked(GAS_MEMBER, true, "released"));
        OK(show(THIRD, published));
        assert_string_equal(let_in(THIRD, "by"), near == 1 ? "org-0" : "org-5");
        assert_string_equal(let_in(THIRD, "authority"), "release");
        stop();
    }
}

/* The same of a source that is named, and of the hub's own report; and by one whom a release let in. */
static void a_guest_asks_about_what_is_named(void **state)
{
    (void)state;
    for (size_t own = 0; own < 2; own++) {
        const size_t source = own == 1 ? HUB : SOURCE;

        start(true, true);
        OK(mesh_ask(&net, source, "{\"command\":\"send\",\"label\":\"GREEN\",\"to\":[\"@electricity\"],\"kind\":\"incident\",\"subject\":\"s\",\"body\":\"b\","
                                  "\"onward\":[\"communities\"]}"));
        keep_id(published, source);
        mesh_settle(&net, 6);
        OK(ask_for(GAS_MEMBER, published, "org-7"));
        mesh_settle(&net, 6);
        if (own == 0) {
            assert_string_equal(mesh_text(asked(SOURCE, false, "open"), "asked_by"), "org-0");
            assert_string_equal(mesh_text(asked(SOURCE, false, "open"), "asked_for"), "org-6");
        }
        OK(answer(source, "grant", ""));
        mesh_settle(&net, 10);
        assert_non_null(asked(GAS_MEMBER, true, "released"));
        OK(show(GAS_MINISTRY, published));
        assert_string_equal(let_in(GAS_MINISTRY, "by"), "org-0");
        stop();
    }
    start(true, true);
    publish("AMBER", "org-3", "");
    OK(ask_for(HUB, published, "org-6"));
    mesh_wait_for_tick(&net, 5);
    OK(answer(SOURCE, "grant", ""));
    mesh_wait_for_tick(&net, 5);
    mesh_settle(&net, 8);
    OK(show(GAS_MEMBER, published));
    assert_string_equal(let_in(GAS_MEMBER, "authority"), "release");
    net.now_ms += NRS_HOUR_MS;
    OK(ask_for(GAS_MEMBER, published, "org-7"));
    mesh_wait_for_tick(&net, 5);
    OK(answer(SOURCE, "deny", ",\"reason\":\"足りている\""));
    mesh_wait_for_tick(&net, 5);
    mesh_settle(&net, 6);
    assert_string_equal(mesh_text(asked(GAS_MEMBER, true, "denied"), "answer"), "足りている");
    assert_int_equal(show(GAS_MINISTRY, published), NRS_ERROR_NOT_FOUND);
    /* and what was let in on a release is taken back with the rest */
    OK(mesh_ask(&net, SOURCE, "{\"command\":\"withdraw\",\"id\":\"%s\",\"reason\":\"誤報\"}", report));
    mesh_wait_for_tick(&net, 5);
    mesh_settle(&net, 8);
    OK(show(GAS_MEMBER, published));
    assert_true(mesh_text(mesh_row(&net, GAS_MEMBER, 0), "withdrawn_at")[0] != '\0');
    stop();
}

/* ---- What is not taken ---- */

/* An answer of `signer` to the source's ask, posted by `from` to the hub. */
static void post_release(size_t signer, size_t from, const char *about, const char *source_ask, const uint8_t *commitment, uint64_t expires_ms)
{
    uint8_t report_id[NRS_HASH_SIZE], ask_id[NRS_HASH_SIZE], about_id[NRS_HASH_SIZE];
    nrs_bytes payload = {0};
    nrs_release release;
    nrs_statement statement;

    OK(nrs_hex_decode(report_id, sizeof report_id, report));
    OK(nrs_hex_decode(ask_id, sizeof ask_id, source_ask));
    nrs__wire__release__init(&release);
    release.suite = NRS_SUITE;
    OK(nrs_hex_decode(about_id, sizeof about_id, about));
    release.sealed_id = nrs_field_of(nrs_slice_of(about_id, NRS_HASH_SIZE));
    release.holder = nrs_field_of(nrs_slice_of(nrs_identity_public(net.nodes[HUB].identity)->sign_key, NRS_KEY_SIZE));
    release.audience_commitment = nrs_field_of(nrs_slice_of(commitment, NRS_HASH_SIZE));
    release.label = NRS_LABEL_AMBER;
    release.created_ms = net.now_ms - 1000;
    release.expires_ms = expires_ms;
    release.ask = nrs_field_of(nrs_slice_of(ask_id, sizeof ask_id));
    OK(nrs_release_sign(&payload, &release, net.nodes[signer].identity));
    nrs__wire__statement__init(&statement);
    statement.type = NRS_STATEMENT_RELEASE;
    statement.sealed_id = nrs_field_of(nrs_slice_of(report_id, sizeof report_id));
    statement.at_ms = net.now_ms;
    statement.reference = nrs_field_of(nrs_slice_of(ask_id, sizeof ask_id));
    statement.detail = nrs_field_of(nrs_slice_of_bytes(&payload));
    mesh_post(&net, from, HUB, from, &statement);
    nrs_bytes_wipe(&payload);
}

static void post_denial(size_t from, const char *source_ask)
{
    uint8_t report_id[NRS_HASH_SIZE], ask_id[NRS_HASH_SIZE];
    nrs_statement statement;

    OK(nrs_hex_decode(report_id, sizeof report_id, report));
    OK(nrs_hex_decode(ask_id, sizeof ask_id, source_ask));
    nrs__wire__statement__init(&statement);
    statement.type = NRS_STATEMENT_DENIAL;
    statement.sealed_id = nrs_field_of(nrs_slice_of(report_id, sizeof report_id));
    statement.at_ms = net.now_ms;
    statement.reference = nrs_field_of(nrs_slice_of(ask_id, sizeof ask_id));
    mesh_post(&net, from, HUB, from, &statement);
}

static nrs_error take_ask(void *context, const nrs_ask_row *row)
{
    nrs_ask *value = NULL;

    OK(nrs_ask_decode(&value, row->ask));
    nrs_ask_commitment(context, value);
    nrs_ask_free(&value);
    return NRS_OK;
}

static void only_the_source_answers(void **state)
{
    static const char none[] = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
    uint8_t commitment[NRS_HASH_SIZE], id[NRS_HASH_SIZE], other[NRS_HASH_SIZE] = {1};
    char source_ask[2 * NRS_HASH_SIZE + 1];
    const uint64_t later_ms = NRS_HOUR_MS;

    (void)state;
    start(false, false);
    publish("AMBER", "org-3", "");
    OK(ask_for(MEMBER, published, "org-4"));
    mesh_wait_for_tick(&net, 5);
    (void)snprintf(source_ask, sizeof source_ask, "%s", mesh_text(asked(SOURCE, false, "open"), "id"));
    OK(nrs_hex_decode(id, sizeof id, ask));
    OK(nrs_store_ask_get(net.nodes[MEMBER].store, id, take_ask, commitment));
    post_release(MEMBER, MEMBER, report, source_ask, commitment, net.now_ms + later_ms); /* by who asks itself */
    assert_int_equal(refused(HUB, "release", "forged"), 1);
    post_release(MEMBER, SOURCE, report, source_ask, commitment, net.now_ms + later_ms); /* of another's hand */
    post_release(SOURCE, MEMBER, report, source_ask, commitment, net.now_ms + later_ms); /* the source's word, out of another's mouth */
    assert_int_equal(refused(HUB, "release", "forged"), 3);
    post_denial(MEMBER, source_ask);
    assert_int_equal(refused(HUB, "deny", "forged"), 1);
    post_release(SOURCE, SOURCE, published, source_ask, commitment, net.now_ms + later_ms); /* of another report than was asked about */
    assert_int_equal(refused(HUB, "release", "release"), 1);
    post_release(SOURCE, SOURCE, report, source_ask, other, net.now_ms + later_ms); /* for others than were asked for */
    post_release(SOURCE, SOURCE, report, none, commitment, net.now_ms + later_ms);  /* to nobody's ask */
    post_release(SOURCE, SOURCE, report, ask, commitment, net.now_ms + later_ms);   /* nor to the one it never saw */
    assert_int_equal(refused(HUB, "release", "release"), 4);
    post_release(SOURCE, SOURCE, report, source_ask, commitment, net.now_ms - 500); /* over already */
    assert_int_equal(refused(HUB, "release", "expired"), 1);
    assert_non_null(asked(HUB, false, "open"));
    post_release(SOURCE, SOURCE, report, source_ask, commitment, net.now_ms + later_ms);
    post_release(SOURCE, SOURCE, report, source_ask, commitment, net.now_ms + later_ms); /* once */
    assert_int_equal(refused(HUB, "release", "release"), 5);
    assert_non_null(asked(HUB, false, "released"));
    stop();
}

/* What was published of it does not say that it is of another: the source knows, and so does the hub. */
static void a_source_that_passes_a_text_on_agrees_to_nothing(void **state)
{
    uint8_t commitment[NRS_HASH_SIZE], id[NRS_HASH_SIZE];
    char first[2 * NRS_HASH_SIZE + 1], source_ask[2 * NRS_HASH_SIZE + 1];

    (void)state;
    start(false, false);
    OK(mesh_ask(&net, THIRD, "{\"command\":\"send\",\"label\":\"AMBER\",\"to\":[\"@electricity\"],\"kind\":\"incident\",\"subject\":\"件名\",\"body\":\"本文\"}"));
    keep_id(first, THIRD);
    mesh_settle(&net, 3);
    OK(mesh_ask(&net, SOURCE, "{\"command\":\"forward\",\"id\":\"%s\",\"withhold_source\":true,\"via\":[\"org-0\"],\"to\":[\"org-3\"]}", first));
    keep_id(report, SOURCE);
    mesh_settle(&net, 3);
    OK(mesh_ask(&net, HUB, "{\"command\":\"vouch\",\"id\":\"%s\"}", report));
    keep_id(published, HUB);
    mesh_wait_for_tick(&net, 5);
    OK(ask_for(MEMBER, published, "org-4"));
    mesh_wait_for_tick(&net, 5);
    assert_int_equal(answer(SOURCE, "grant", ""), NRS_ERROR_NOT_ORIGINATOR);
    (void)snprintf(source_ask, sizeof source_ask, "%s", mesh_text(asked(SOURCE, false, "open"), "id"));
    OK(nrs_hex_decode(id, sizeof id, ask));
    OK(nrs_store_ask_get(net.nodes[MEMBER].store, id, take_ask, commitment));
    post_release(SOURCE, SOURCE, report, source_ask, commitment, net.now_ms + NRS_HOUR_MS);
    assert_int_equal(refused(HUB, "release", "release"), 1);
    OK(answer(SOURCE, "deny", ",\"reason\":\"他社の報告\""));
    mesh_wait_for_tick(&net, 5);
    mesh_settle(&net, 6);
    assert_non_null(asked(MEMBER, true, "denied"));
    stop();
}

/* The hub's own ask is open until its tick: of what the source answers until then the first alone is kept. */
static void an_own_ask_is_answered_once(void **state)
{
    char source_ask[2 * NRS_HASH_SIZE + 1];

    (void)state;
    start(false, false);
    publish("AMBER", "org-3", "");
    OK(ask_for(HUB, published, "org-4"));
    mesh_wait_for_tick(&net, 5);
    (void)snprintf(source_ask, sizeof source_ask, "%s", mesh_text(asked(SOURCE, false, "open"), "id"));
    for (size_t i = 0; i < 3; i++) {
        post_denial(SOURCE, source_ask);
    }
    assert_int_equal(refused(HUB, "deny", "release"), 2);
    assert_non_null(asked(HUB, true, "open"));
    mesh_wait_for_tick(&net, 5);
    assert_non_null(asked(HUB, true, "denied"));
    assert_int_equal(refused(HUB, "deny", "release"), 2);
    stop();
}

/* Nobody but a hub that it was given to asks the source, and says for whom. */
static void only_its_hub_asks_the_source(void **state)
{
    const uint8_t other[NRS_HASH_SIZE] = {1};
    uint8_t report_id[NRS_HASH_SIZE];
    Nrs__Wire__Target target = NRS__WIRE__TARGET__INIT;
    nrs_statement statement;
    nrs_bytes value = {0};

    (void)state;
    start(false, false);
    publish("AMBER", "org-3", "");
    target.org = nrs_field_of(nrs_slice_of(nrs_identity_public(net.nodes[THIRD].identity)->sign_key, NRS_KEY_SIZE));
    mesh_forge_ask(&value, &target, other, NULL);
    OK(nrs_hex_decode(report_id, sizeof report_id, report));
    nrs__wire__statement__init(&statement);
    statement.type = NRS_STATEMENT_REQUEST;
    statement.sealed_id = nrs_field_of(nrs_slice_of(report_id, sizeof report_id));
    statement.at_ms = net.now_ms;
    statement.reference = nrs_field_of(nrs_slice_of(nrs_identity_public(net.nodes[MEMBER].identity)->sign_key, NRS_KEY_SIZE));
    statement.detail = nrs_field_of(nrs_slice_of_bytes(&value));
    mesh_post(&net, MEMBER, SOURCE, HUB, &statement);
    mesh_post(&net, OTHER_HUB, SOURCE, OTHER_HUB, &statement);
    assert_int_equal(refused(SOURCE, "ask", "not-found"), 2);
    statement.reference = nrs_field_of(nrs_slice_of(NULL, 0));
    mesh_post(&net, HUB, SOURCE, HUB, &statement);
    assert_int_equal(refused(SOURCE, "ask", "source-withheld"), 1);
    assert_null(asked(SOURCE, false, "open"));
    nrs_bytes_wipe(&value);
    stop();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_source_is_asked_through_its_hub),
        cmocka_unit_test(what_the_hub_made_stricter_stays_so),
        cmocka_unit_test(a_denial_comes_back_without_a_name),
        cmocka_unit_test(a_hub_denies_by_its_name_where_it_says_so),
        cmocka_unit_test(the_hub_asks_in_its_own_name),
        cmocka_unit_test(one_who_was_let_in_asks_through_who_let_it_in),
        cmocka_unit_test(a_guest_asks_for_one_whose_community_it_is_not_in),
        cmocka_unit_test(a_guest_asks_about_what_is_named),
        cmocka_unit_test(an_own_ask_is_answered_once),
        cmocka_unit_test(only_the_source_answers),
        cmocka_unit_test(a_source_that_passes_a_text_on_agrees_to_nothing),
        cmocka_unit_test(only_its_hub_asks_the_source),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
