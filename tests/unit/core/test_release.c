/* Permission from the source (SPEC 6.12): asked for, given or denied, and used no further than it goes. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "keys/seal.h"
#include "mesh_forge.h"
#include "mesh_look.h"
#include "mesh_persons.h"
#include "mesh_records.h"
#include "mesh_second.h"
#include "proto/carrier.h"
#include "proto/label.h"
#include "proto/vocabulary.h"

#define OK(expression) assert_int_equal((expression), NRS_OK)

/* In electricity: the hub, the source, a holder, and one more; in gas its hub, a member, and the hub of electricity. */
enum { HUB = 0, SOURCE = 1, HOLDER = 2, THIRD = 3, GAS_HUB = 4, GAS_MEMBER = 5 };

static mesh net;
static mesh_second gas;
static char report[2 * NRS_HASH_SIZE + 1], ask[2 * NRS_HASH_SIZE + 1];

static void start(bool with_gas)
{
    mesh_start(&net, 4, 1);
    if (with_gas) {
        mesh_second_beside(&net, &gas, HUB, false);
    }
}

static void stop(void)
{
    mesh_stop(&net);
    mesh_second_stop(&gas);
}

static void send_it(const char *label, const char *to, const char *more)
{
    OK(mesh_ask(&net, SOURCE,
                "{\"command\":\"send\",\"label\":\"%s\",\"to\":[\"%s\"],\"kind\":\"incident\",\"subject\":\"変電所\",\"body\":\"本文\"%s}", label, to, more));
    (void)snprintf(report, sizeof report, "%s", mesh_text(mesh_row(&net, SOURCE, 0), "id"));
    mesh_settle(&net, 6);
}

static nrs_error ask_for(size_t node, const char *to)
{
    nrs_error error = mesh_ask(&net, node, "{\"command\":\"release-ask\",\"id\":\"%s\",\"to\":[\"%s\"],\"reason\":\"対処のため\"}", report, to);

    if (error == NRS_OK) {
        (void)snprintf(ask, sizeof ask, "%s", mesh_text(mesh_row(&net, node, 0), "id"));
        mesh_settle(&net, 4);
    }
    return error;
}

static nrs_error answer(size_t node, const char *command, const char *more)
{
    nrs_error error = mesh_ask(&net, node, "{\"command\":\"release-%s\",\"id\":\"%s\"%s}", command, ask, more);

    mesh_settle(&net, 8);
    return error;
}

static nrs_error show(size_t node)
{
    return mesh_ask(&net, node, "{\"command\":\"show\",\"id\":\"%s\"}", report);
}

static const char *stage(size_t node, const char *org, const char *key)
{
    const char *text = "";

    OK(mesh_ask(&net, node, "{\"command\":\"receipts\",\"id\":\"%s\"}", report));
    for (size_t i = 0; i < mesh_row_count(&net, node); i++) {
        if (strcmp(mesh_text(mesh_row(&net, node, i), "recipient"), org) == 0) {
            text = mesh_text(mesh_row(&net, node, i), key);
        }
    }
    return text;
}

/* The newest entry of its kind. */
static void assert_logged(size_t node, const char *detail)
{
    OK(mesh_command(&net, node, "{\"command\":\"audit-list\",\"kind\":\"release\",\"limit\":1}"));
    assert_string_equal(mesh_text(mesh_row(&net, node, 0), "detail"), detail);
}

static void the_source_is_asked_and_agrees(void **state)
{
    const json_t *row;

    (void)state;
    start(false);
    send_it("AMBER+STRICT", "org-2", "");
    assert_int_equal(show(THIRD), NRS_ERROR_NOT_FOUND);
    OK(ask_for(HOLDER, "org-3"));
    row = mesh_ask_row(&net, SOURCE, ask);
    assert_non_null(row);
    assert_string_equal(mesh_text(row, "state"), "open");
    assert_string_equal(mesh_text(row, "asked_by"), "org-2");
    assert_string_equal(mesh_text(row, "reason"), "対処のため");
    assert_string_equal(json_string_value(json_array_get(json_object_get(row, "to"), 0)), "org-3");
    assert_string_equal(mesh_text(mesh_ask_row(&net, HOLDER, ask), "asked_of"), "org-1");
    OK(answer(SOURCE, "grant", ",\"pap\":\"AMBER\""));
    assert_logged(SOURCE, "AMBER+STRICT");
    assert_string_equal(mesh_text(mesh_ask_row(&net, HOLDER, ask), "state"), "released");
    OK(show(THIRD));
    row = mesh_row(&net, THIRD, 0);
    assert_string_equal(mesh_text(row, "from"), "org-1");
    assert_string_equal(mesh_text(row, "label"), "AMBER+STRICT");
    assert_string_equal(mesh_text(json_object_get(row, "let_in_by"), "by"), "org-2");
    assert_string_equal(mesh_text(json_object_get(row, "let_in_by"), "authority"), "release");
    assert_true(mesh_text(json_object_get(row, "let_in_by"), "released_at")[0] != '\0');
    assert_string_equal(mesh_text(json_object_get(row, "conditions"), "permissible_actions"), "AMBER");
    OK(show(HOLDER));
    assert_true(json_is_null(json_object_get(mesh_row(&net, HOLDER, 0), "conditions"))); /* the holder's own copy is as it was sent */
    mesh_settle(&net, 6);
    assert_string_equal(stage(SOURCE, "org-3", "stage"), "opened");
    assert_string_equal(stage(SOURCE, "org-3", "let_in_by"), "org-2");
    assert_string_equal(stage(SOURCE, "org-3", "authority"), "release");
    assert_int_equal(show(HUB), NRS_ERROR_NOT_FOUND); /* it carried the chain and reads nothing */
    assert_int_equal(answer(SOURCE, "grant", ""), NRS_ERROR_EXISTS);
    stop();
}

static void the_effective_label_binds(void **state)
{
    (void)state;
    start(false);
    send_it("AMBER", "org-2", "");
    OK(ask_for(HOLDER, "@electricity"));
    OK(answer(SOURCE, "grant", ",\"label\":\"GREEN\",\"name_source\":\"no\""));
    assert_logged(SOURCE, "AMBER given as GREEN");
    assert_logged(HOLDER, "AMBER given as GREEN");
    OK(show(THIRD));
    assert_string_equal(mesh_text(mesh_row(&net, THIRD, 0), "label"), "GREEN");
    OK(show(HUB));
    OK(show(HOLDER));
    assert_string_equal(mesh_text(mesh_row(&net, HOLDER, 0), "label"), "AMBER");
    OK(mesh_ask(&net, THIRD, "{\"command\":\"export\",\"id\":\"%s\",\"sink\":\"community\"}", report));
    assert_string_equal(mesh_text(mesh_row(&net, THIRD, 0), "from"), "@electricity"); /* the release hides who it is from */
    assert_int_equal(mesh_ask(&net, HOLDER, "{\"command\":\"export\",\"id\":\"%s\",\"sink\":\"community\"}", report), NRS_ERROR_CLEARANCE);
    mesh_crash(&net, THIRD);
    mesh_settle(&net, 2);
    OK(show(THIRD));
    assert_string_equal(mesh_text(mesh_row(&net, THIRD, 0), "label"), "GREEN");
    stop();
}

/* Persons who quote it under RED keep the conditions that the release has set in the place of the header's. */
static void its_conditions_bind_a_quote_under_red(void **state)
{
    mesh_person mori = {"mori", THIRD, NULL}, kato = {"kato", HOLDER, NULL};
    mesh_person *at_third[] = {&mori}, *at_holder[] = {&kato};

    (void)state;
    start(false);
    mesh_persons_card(&net, THIRD, at_third, 1);
    mesh_persons_card(&net, HOLDER, at_holder, 1);
    mesh_person_prekeys(&net, &kato);
    mesh_settle(&net, 4);
    send_it("AMBER", "org-2", "");
    OK(ask_for(HOLDER, "org-3"));
    OK(answer(SOURCE, "grant", ",\"pap\":\"RED\",\"name_source\":\"no\""));
    OK(show(THIRD));
    OK(mesh_ask(&net, THIRD, "{\"command\":\"red-prepare\",\"id\":\"%s\",\"label\":\"RED\",\"to\":[\"kato@org-2\"],\"person\":\"mori\"}", report));
    assert_int_equal(json_integer_value(json_object_get(mesh_row(&net, THIRD, 0), "permissible_actions")), NRS_PAP_RED);
    assert_int_equal(json_integer_value(json_object_get(mesh_row(&net, THIRD, 0), "condition_flags")), NRS_CONDITION_SOURCE_NOT_NAMED);
    nrs_identity_destroy(&mori.identity);
    nrs_identity_destroy(&kato.identity);
    stop();
}

static void strict_needs_nda(void *context, nrs_roster *next)
{
    static Nrs__Wire__DutyRule rule, *rules[1] = {&rule};
    static Nrs__Wire__Rules kept;
    static char nda[] = "nda";

    (void)context;
    kept = *next->rules;
    nrs__wire__duty_rule__init(&rule);
    rule.labels = NRS_LABEL_BIT(NRS_LABEL_AMBER_STRICT);
    rule.duty = nda;
    kept.duties = rules;
    kept.n_duties = 1;
    next->rules = &kept;
}

/* The rules ask for a duty under the label of the release, not under that of the report. */
static void a_stricter_label_brings_its_duties(void **state)
{
    static const char *const labels[] = {"AMBER", "AMBER+STRICT"};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        start(false);
        mesh_change(&net, strict_needs_nda, NULL);
        send_it("AMBER", "org-2", "");
        OK(ask_for(HOLDER, "org-3"));
        OK(mesh_ask(&net, SOURCE, "{\"command\":\"release-grant\",\"id\":\"%s\",\"label\":\"%s\"}", ask, labels[i]));
        mesh_settle(&net, 8);
        assert_int_equal(show(THIRD), i == 0 ? NRS_OK : NRS_ERROR_NOT_FOUND);
        stop();
    }
}

static void a_denial_is_kept_at_both_ends(void **state)
{
    (void)state;
    start(false);
    send_it("AMBER", "org-2", "");
    assert_false(mesh_warned(&net, SOURCE, "asks for wider sharing"));
    OK(ask_for(HOLDER, "org-3"));
    mesh_settle(&net, 3);
    assert_true(mesh_warned(&net, SOURCE, "asks for wider sharing wait for an answer from here: 1;"));
    assert_false(mesh_warned(&net, HOLDER, "asks for wider sharing"));
    assert_int_equal(answer(SOURCE, "deny", ""), NRS_ERROR_USAGE);
    OK(answer(SOURCE, "deny", ",\"reason\":\"調査中のため\""));
    assert_false(mesh_warned(&net, SOURCE, "asks for wider sharing"));
    assert_string_equal(mesh_text(mesh_ask_row(&net, HOLDER, ask), "state"), "denied");
    assert_string_equal(mesh_text(mesh_ask_row(&net, HOLDER, ask), "answer"), "調査中のため");
    assert_string_equal(mesh_text(mesh_ask_row(&net, SOURCE, ask), "state"), "denied");
    assert_int_equal(show(THIRD), NRS_ERROR_NOT_FOUND);
    assert_int_equal(answer(SOURCE, "grant", ""), NRS_ERROR_EXISTS);
    stop();
}

static void another_community_is_let_in_by_a_release_alone(void **state)
{
    static const char *const labels[] = {"AMBER", "AMBER+STRICT"};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        start(true);
        send_it(labels[i], "org-0", "");
        OK(ask_for(HUB, "@gas"));
        OK(answer(SOURCE, "grant", ""));
        OK(show(GAS_MEMBER));
        assert_string_equal(mesh_text(mesh_row(&net, GAS_MEMBER, 0), "from"), "org-1");
        assert_string_equal(mesh_text(mesh_row(&net, GAS_MEMBER, 0), "label"), labels[i]);
        OK(show(GAS_HUB));
        mesh_settle(&net, 6);
        assert_string_equal(stage(SOURCE, "org-5", "stage"), "opened");
        assert_string_equal(stage(SOURCE, "org-5", "community"), "gas");
        assert_int_equal(show(THIRD), NRS_ERROR_NOT_FOUND);
        OK(mesh_ask(&net, SOURCE, "{\"command\":\"withdraw\",\"id\":\"%s\",\"reason\":\"誤報\"}", report));
        mesh_settle(&net, 8);
        OK(show(GAS_MEMBER)); /* it had been opened: marked, and kept by the rules */
        assert_true(mesh_text(mesh_row(&net, GAS_MEMBER, 0), "withdrawn_at")[0] != '\0');
        stop();
    }
}

static void what_cannot_be_asked_or_granted(void **state)
{
    (void)state;
    start(true);
    send_it("CLEAR", "@electricity", "");
    assert_int_equal(ask_for(HOLDER, "org-3"), NRS_ERROR_LABEL_FORBIDS);
    send_it("AMBER", "org-2", "");
    assert_int_equal(ask_for(SOURCE, "org-3"), NRS_ERROR_USAGE);
    assert_int_equal(ask_for(THIRD, "org-0"), NRS_ERROR_NOT_FOUND);
    assert_int_equal(ask_for(HOLDER, "org-9"), NRS_ERROR_UNKNOWN_ORG);
    assert_int_equal(ask_for(HOLDER, "@gas"), NRS_ERROR_UNKNOWN_ORG); /* it is not in gas */
    assert_int_equal(ask_for(HOLDER, "sato@org-3"), NRS_ERROR_LABEL_FORBIDS);
    OK(ask_for(HOLDER, "org-3"));
    assert_int_equal(answer(HOLDER, "grant", ""), NRS_ERROR_NOT_ORIGINATOR);
    assert_int_equal(answer(SOURCE, "grant", ",\"label\":\"RED\""), NRS_ERROR_LABEL_FORBIDS);
    assert_int_equal(answer(SOURCE, "grant", ",\"label\":\"PINK\""), NRS_ERROR_UNKNOWN_LABEL);
    net.now_ms += 8 * NRS_DAY_MS;
    assert_int_equal(answer(SOURCE, "grant", ""), NRS_ERROR_EXPIRED);
    assert_string_equal(mesh_text(mesh_ask_row(&net, SOURCE, ask), "state"), "lapsed"); /* nothing half done */
    stop();
}

/* What was taken back is neither asked for nor released, though it was read before (SPEC 8.4). */
static void what_was_withdrawn_is_not_released(void **state)
{
    (void)state;
    start(false);
    send_it("AMBER", "org-2", "");
    OK(ask_for(HOLDER, "org-3"));
    OK(show(HOLDER));
    OK(mesh_ask(&net, SOURCE, "{\"command\":\"withdraw\",\"id\":\"%s\",\"reason\":\"誤報\"}", report));
    assert_int_equal(answer(SOURCE, "grant", ""), NRS_ERROR_WITHDRAWN);
    mesh_settle(&net, 6);
    OK(show(HOLDER));
    assert_int_equal(ask_for(HOLDER, "org-0"), NRS_ERROR_WITHDRAWN);
    assert_string_equal(mesh_text(mesh_ask_row(&net, SOURCE, ask), "state"), "lapsed"); /* nothing half done */
    stop();
}

static void who_waits_is_granted_while_the_release_lasts(void **state)
{
    (void)state;
    start(false);
    net.now_ms += 5 * NRS_WEEK_MS;
    mesh_down(&net, THIRD);
    mesh_settle(&net, 6);
    send_it("AMBER", "org-2", ",\"stale_roster\":true");
    OK(ask_for(HOLDER, "org-3"));
    OK(answer(SOURCE, "grant", ",\"expires_in_ms\":3600000"));
    assert_string_equal(stage(HOLDER, "org-3", "stage"), "waiting");
    mesh_up(&net, THIRD);
    mesh_settle(&net, 12);
    OK(show(THIRD));
    stop();
    start(false);
    net.now_ms += 5 * NRS_WEEK_MS;
    mesh_down(&net, THIRD);
    mesh_settle(&net, 6);
    send_it("AMBER", "org-2", ",\"stale_roster\":true");
    OK(ask_for(HOLDER, "org-3"));
    OK(answer(SOURCE, "grant", ",\"expires_in_ms\":3600000"));
    net.now_ms += 2 * NRS_HOUR_MS; /* now it is over */
    mesh_up(&net, THIRD);
    mesh_settle(&net, 12);
    assert_int_equal(show(THIRD), NRS_ERROR_NOT_FOUND);
    OK(ask_for(HOLDER, "org-3")); /* asked for once more, it is granted once, and waits no longer */
    OK(answer(SOURCE, "grant", ""));
    OK(show(THIRD));
    mesh_settle(&net, 90);
    assert_int_equal(mesh_rows_of(&net, HOLDER, NRS_RECORD_GRANT), 1);
    stop();
}

static bool holds_grant(const Nrs__Wire__Item *item)
{
    for (size_t i = 0; i < item->n_records; i++) {
        nrs_slice payload;
        uint32_t type;

        if (nrs_record_read(&type, &payload, nrs_field(&item->records[i])) == NRS_OK && type == NRS_RECORD_GRANT) {
            return true;
        }
    }
    return false;
}

/* What lets the third one in is lost on its way, and confirmed all the same: as if its store had lost it since. */
static bool lose_it(void *context, size_t from, size_t to, nrs_slice bytes)
{
    nrs_frame *frame = NULL;
    nrs_items *items = NULL;

    (void)context;
    if (to == THIRD && nrs_frame_decode(&frame, bytes) == NRS_OK && frame->type == NRS_FRAME_ITEMS && nrs_items_decode(&items, nrs_field(&frame->payload)) == NRS_OK) {
        for (size_t i = 0; i < items->n_items && !net.swallow; i++) {
            net.swallow = holds_grant(items->items[i]);
        }
    }
    if (net.swallow) {
        nrs_confirm confirm;
        nrs_bytes payload = {0}, said = {0};

        net.inspect = NULL;
        nrs__wire__confirm__init(&confirm);
        confirm.position = items->items[items->n_items - 1]->position;
        OK(nrs_confirm_encode(&payload, &confirm));
        mesh_frame(&said, NRS_FRAME_CONFIRM, nrs_slice_of_bytes(&payload));
        net.swallow = false; /* of what the confirmation makes go out nothing is lost */
        OK(mesh_inject(&net, THIRD, from, nrs_slice_of_bytes(&said)));
        net.swallow = true;
        net.inspect = lose_it;
        nrs_bytes_wipe(&said);
        nrs_bytes_wipe(&payload);
    }
    nrs_items_free(&items);
    nrs_frame_free(&frame);
    return true;
}

/* Who asks for it again is sent the release as well: no grant is taken before what it stands on. */
static void what_a_grant_stands_on_is_sent_again_with_it(void **state)
{
    char lost[sizeof report];
    uint8_t id[NRS_HASH_SIZE];
    nrs_statement statement;

    (void)state;
    start(false);
    send_it("AMBER", "org-2", "");
    OK(ask_for(HOLDER, "org-3"));
    net.inspect = lose_it;
    OK(answer(SOURCE, "grant", ""));
    net.inspect = NULL;
    memcpy(lost, report, sizeof lost);
    send_it("GREEN", "@electricity", ""); /* what comes later is taken, and confirmed with it */
    OK(show(THIRD));
    memcpy(report, lost, sizeof report);
    assert_int_equal(show(THIRD), NRS_ERROR_NOT_FOUND);
    OK(nrs_hex_decode(id, sizeof id, report));
    nrs__wire__statement__init(&statement);
    statement.type = NRS_STATEMENT_MISSING;
    statement.sealed_id = statement.reference = statement.detail = nrs_field_of(nrs_slice_of(id, sizeof id));
    statement.at_ms = net.now_ms;
    mesh_post(&net, THIRD, HUB, THIRD, &statement);
    mesh_settle(&net, 4);
    OK(show(THIRD));
    assert_string_equal(mesh_text(json_object_get(mesh_row(&net, THIRD, 0), "let_in_by"), "authority"), "release");
    stop();
}

/* The answer comes when the holder has no room for a secret: that says nothing about it, and the holder lets in whom it asked for
 * when there is room again. Another grant for one who waited with it is not made. */
static void what_found_no_room_is_granted_later(void **state)
{
    (void)state;
    start(false);
    send_it("AMBER", "org-2", "");
    OK(ask_for(HOLDER, "org-3"));
    net.nodes[HOLDER].no_secrets = true;
    OK(answer(SOURCE, "grant", ""));
    assert_int_equal(show(THIRD), NRS_ERROR_NOT_FOUND);
    net.nodes[HOLDER].no_secrets = false;
    mesh_settle(&net, 90);
    assert_string_equal(mesh_text(mesh_ask_row(&net, HOLDER, ask), "state"), "released");
    OK(show(THIRD));
    assert_int_equal(mesh_rows_of(&net, HOLDER, NRS_RECORD_GRANT), 1);
    mesh_settle(&net, 90);
    assert_int_equal(mesh_rows_of(&net, HOLDER, NRS_RECORD_GRANT), 1);
    stop();
}

/* ---- Asks that are none ---- */

typedef struct asked_for {
    const char *name;
    const uint8_t *community, *target; /* of the ask; of its only target, or NULL */
    size_t org;                        /* where there is none */
    bool person;
    const char *rule;
} asked_for;

static void post_ask(const asked_for *it)
{
    Nrs__Wire__Target target = NRS__WIRE__TARGET__INIT;
    nrs_bytes detail = {0};
    uint8_t report_id[NRS_HASH_SIZE], salt[NRS_HASH_SIZE] = {3};
    const uint8_t *key = nrs_identity_public(net.nodes[it->org].identity)->sign_key;
    nrs_statement statement;

    OK(nrs_hex_decode(report_id, sizeof report_id, report));
    if (it->target != NULL) {
        target.community = nrs_field_of(nrs_slice_of(it->target, NRS_HASH_SIZE));
        target.roster_version = 1;
    } else {
        target.org = nrs_field_of(nrs_slice_of(key, NRS_KEY_SIZE));
        target.person = nrs_field_of(nrs_slice_of(key, it->person ? NRS_KEY_SIZE : 0));
    }
    mesh_forge_ask(&detail, &target, salt, it->community);
    nrs__wire__statement__init(&statement);
    statement.type = NRS_STATEMENT_REQUEST;
    statement.sealed_id = nrs_field_of(nrs_slice_of(report_id, sizeof report_id));
    statement.at_ms = net.now_ms;
    statement.reason = (char *)(uintptr_t)it->name;
    statement.detail = nrs_field_of(nrs_slice_of_bytes(&detail));
    mesh_post(&net, HUB, SOURCE, HUB, &statement);
    nrs_bytes_wipe(&detail);
}

/* The hub, which is in both communities, asks for people of one community under the name of the other. */
static void who_is_asked_for_is_of_the_community_that_is_named(void **state)
{
    uint8_t home[NRS_HASH_SIZE], nowhere[NRS_HASH_SIZE] = {9};
    const asked_for cases[] = {
        {"gas, as the report's own", NULL, gas.id, 0, false, "community-rule"},
        {"one of gas, as of the report's own", NULL, NULL, GAS_MEMBER, false, "org-unknown"},
        {"one of electricity, as of gas", gas.id, NULL, THIRD, false, "org-unknown"},
        {"electricity, as gas", gas.id, home, 0, false, "community-rule"},
        {"the report's own, written out", home, home, 0, false, "malformed"},
        {"a community that nobody knows", nowhere, nowhere, 0, false, "community-rule"},
        {"a person", NULL, NULL, THIRD, true, "label-forbids"},
        {"as it should be", gas.id, NULL, GAS_MEMBER, false, NULL},
    };
    nrs_roster *roster = NULL;

    (void)state;
    start(true);
    send_it("AMBER", "org-0", "");
    OK(nrs_roster_decode(&roster, nrs_slice_of_bytes(&net.statement)));
    memcpy(home, roster->community.data, sizeof home);
    nrs_roster_free(&roster);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const json_t *last;

        post_ask(&cases[i]);
        OK(mesh_ask(&net, SOURCE, "{\"command\":\"audit-list\",\"kind\":\"ask\"}"));
        if (mesh_row_count(&net, SOURCE) != i + 1) {
            fail_msg("%s: no entry", cases[i].name);
        }
        last = mesh_row(&net, SOURCE, 0); /* the newest comes first */
        if (cases[i].rule == NULL ? json_is_string(json_object_get(last, "rule")) : strcmp(mesh_text(last, "rule"), cases[i].rule) != 0) {
            fail_msg("%s: %s", cases[i].name, mesh_text(last, "rule"));
        }
        OK(mesh_ask(&net, SOURCE, "{\"command\":\"release-list\"}"));
        assert_int_equal(mesh_row_count(&net, SOURCE), cases[i].rule == NULL ? 1 : 0);
    }
    stop();
}

/* ---- Answers that are none ---- */

static nrs_error take_ask(void *context, const nrs_ask_row *row)
{
    nrs_ask **ask_out = context;

    return nrs_ask_decode(ask_out, row->ask);
}

/* The holder's own ask that is open, of which a true answer has the commitment. */
static nrs_ask *ask_value(void)
{
    uint8_t id[NRS_HASH_SIZE];
    nrs_ask *value = NULL;

    OK(nrs_hex_decode(id, sizeof id, ask));
    OK(nrs_store_ask_get(net.nodes[HOLDER].store, id, take_ask, &value));
    return value;
}

/* A release as `signer` might sign it about the ask that is open, posted by `from`. wider: over another audience than asked. */
static void post_release(size_t signer, size_t from, bool wider, bool other_report, size_t holder, uint64_t expires_ms, const char *reference)
{
    uint8_t report_id[NRS_HASH_SIZE], ask_id[NRS_HASH_SIZE], commitment[NRS_HASH_SIZE] = {3};
    nrs_bytes payload = {0};
    nrs_ask *value = ask_value();
    nrs_release release;
    nrs_statement statement;

    OK(nrs_hex_decode(report_id, sizeof report_id, report));
    OK(nrs_hex_decode(ask_id, sizeof ask_id, reference));
    if (!wider) {
        nrs_ask_commitment(commitment, value);
    }
    nrs__wire__release__init(&release);
    release.suite = NRS_SUITE;
    release.sealed_id = nrs_field_of(nrs_slice_of(other_report ? ask_id : report_id, NRS_HASH_SIZE));
    release.holder = nrs_field_of(nrs_slice_of(nrs_identity_public(net.nodes[holder].identity)->sign_key, NRS_KEY_SIZE));
    release.audience_commitment = nrs_field_of(nrs_slice_of(commitment, sizeof commitment));
    release.label = NRS_LABEL_AMBER;
    release.created_ms = net.now_ms - NRS_HOUR_MS;
    release.expires_ms = expires_ms;
    release.ask = nrs_field_of(nrs_slice_of(ask_id, sizeof ask_id));
    OK(nrs_release_sign(&payload, &release, net.nodes[signer].identity));
    nrs__wire__statement__init(&statement);
    statement.type = NRS_STATEMENT_RELEASE;
    statement.sealed_id = nrs_field_of(nrs_slice_of(report_id, sizeof report_id));
    statement.at_ms = net.now_ms;
    statement.reference = nrs_field_of(nrs_slice_of(ask_id, sizeof ask_id));
    statement.detail = nrs_field_of(nrs_slice_of_bytes(&payload));
    mesh_post(&net, from, HOLDER, HUB, &statement);
    nrs_bytes_wipe(&payload);
    nrs_ask_free(&value);
}

static size_t refused(size_t node, const char *rule)
{
    size_t count = 0;

    OK(mesh_ask(&net, node, "{\"command\":\"audit-list\",\"kind\":\"release\"}"));
    for (size_t i = 0; i < mesh_row_count(&net, node); i++) {
        count += strcmp(mesh_text(mesh_row(&net, node, i), "rule"), rule) == 0;
    }
    return count;
}

static void an_answer_that_is_not_the_sources_opens_nothing(void **state)
{
    static const char none[] = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

    (void)state;
    start(false);
    send_it("AMBER", "org-2", "");
    OK(ask_for(HOLDER, "org-3"));
    post_release(THIRD, SOURCE, false, false, HOLDER, net.now_ms + NRS_DAY_MS, ask); /* signed by somebody else */
    assert_int_equal(refused(HOLDER, "forged"), 1);
    post_release(THIRD, THIRD, false, false, HOLDER, net.now_ms + NRS_DAY_MS, ask); /* and sent by somebody else */
    assert_int_equal(refused(HOLDER, "forged"), 2);
    post_release(SOURCE, SOURCE, true, false, HOLDER, net.now_ms + NRS_DAY_MS, ask); /* for others than were asked for */
    assert_int_equal(refused(HOLDER, "release"), 1);
    post_release(SOURCE, SOURCE, false, true, HOLDER, net.now_ms + NRS_DAY_MS, ask); /* for another report */
    post_release(SOURCE, SOURCE, false, false, THIRD, net.now_ms + NRS_DAY_MS, ask); /* for another holder */
    post_release(SOURCE, SOURCE, false, false, HOLDER, net.now_ms + NRS_DAY_MS, none); /* nobody asked */
    assert_int_equal(refused(HOLDER, "release"), 4);
    assert_string_equal(mesh_text(mesh_ask_row(&net, HOLDER, ask), "state"), "open");
    assert_int_equal(show(THIRD), NRS_ERROR_NOT_FOUND);
    post_release(SOURCE, SOURCE, false, false, HOLDER, net.now_ms + 13 * NRS_DAY_MS, ask); /* longer than the report */
    assert_int_equal(refused(HOLDER, "release"), 5);
    mesh_settle(&net, 61); /* of what one peer is refused, eight in a minute are kept */
    post_release(SOURCE, SOURCE, false, false, HOLDER, net.now_ms - 1000, ask); /* over before it came */
    assert_int_equal(refused(HOLDER, "expired"), 1);
    assert_string_equal(mesh_text(mesh_ask_row(&net, HOLDER, ask), "state"), "open");
    post_release(SOURCE, SOURCE, false, false, HOLDER, net.now_ms + NRS_DAY_MS, ask); /* as it should be */
    assert_string_equal(mesh_text(mesh_ask_row(&net, HOLDER, ask), "state"), "released");
    stop();
    start(false);
    send_it("AMBER", "org-2", "");
    OK(ask_for(HOLDER, "org-3"));
    OK(answer(SOURCE, "grant", ""));
    OK(show(THIRD));
    post_release(SOURCE, SOURCE, false, false, HOLDER, net.now_ms + NRS_DAY_MS, ask); /* it has been answered: a replay */
    assert_int_equal(refused(HOLDER, "release"), 1);
    stop();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_source_is_asked_and_agrees),
        cmocka_unit_test(the_effective_label_binds),
        cmocka_unit_test(its_conditions_bind_a_quote_under_red),
        cmocka_unit_test(a_stricter_label_brings_its_duties),
        cmocka_unit_test(a_denial_is_kept_at_both_ends),
        cmocka_unit_test(another_community_is_let_in_by_a_release_alone),
        cmocka_unit_test(what_cannot_be_asked_or_granted),
        cmocka_unit_test(what_was_withdrawn_is_not_released),
        cmocka_unit_test(who_waits_is_granted_while_the_release_lasts),
        cmocka_unit_test(what_found_no_room_is_granted_later),
        cmocka_unit_test(what_a_grant_stands_on_is_sent_again_with_it),
        cmocka_unit_test(who_is_asked_for_is_of_the_community_that_is_named),
        cmocka_unit_test(an_answer_that_is_not_the_sources_opens_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
