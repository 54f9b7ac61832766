/* A hub that goes beyond what the source agreed to: each relay and each recipient refuses by itself, and writes it down. */
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
#include "mesh_second.h"
#include "proto/carrier.h"
#include "proto/label.h"
#include "proto/vocabulary.h"

#define OK(expression) assert_int_equal((expression), NRS_OK)

/* Two hubs, of which the first is the hostile one; the source; an operator, a ministry. And in gas: its hub, with the hostile one as a member. */
enum { HOSTILE = 0, HONEST = 1, SOURCE = 2, OTHER = 3, MINISTRY = 4, GAS_HUB = 5 };

static mesh net;
static mesh_second gas;
static char report[2 * NRS_HASH_SIZE + 1];
static uint8_t report_id[NRS_HASH_SIZE];

static void start(bool with_gas)
{
    static const size_t nodes[] = {HOSTILE, GAS_HUB};
    static const uint32_t roles[] = {NRS_ROLE_OPERATOR, NRS_ROLE_HUB};

    mesh_start(&net, 4, 2);
    assert_int_equal(mesh_add_node(&net, "org-4"), MINISTRY);
    mesh_join(&net, MINISTRY, NRS_ROLE_MINISTRY);
    mesh_settle(&net, 4);
    if (with_gas) {
        assert_int_equal(mesh_add_node(&net, "org-5"), GAS_HUB);
        mesh_second_start(&net, &gas, "gas", nodes, roles, 2, true);
        mesh_second_recognised(&net, &gas);
        mesh_settle(&net, 4);
    }
    net.inspect = mesh_hear;
    net.inspect_context = &net;
}

static void stop(void)
{
    mesh_stop(&net);
    mesh_second_stop(&gas);
    gas = (mesh_second){0};
}

static void send_it(const char *label, const char *to, const char *onward)
{
    OK(mesh_ask(&net, SOURCE,
                "{\"command\":\"send\",\"label\":\"%s\",\"to\":[\"%s\"],\"kind\":\"incident\",\"subject\":\"s\",\"body\":\"b\",\"onward\":[%s]}", label, to,
                onward));
    (void)snprintf(report, sizeof report, "%s", mesh_text(mesh_row(&net, SOURCE, 0), "id"));
    OK(nrs_hex_decode(report_id, sizeof report_id, report));
    mesh_settle(&net, 6);
}

/* parent: NULL for the first grant. community: NULL for the header's. named: false leaves the audience out. */
static mesh_forged forge(size_t grantor, size_t to, const uint8_t *parent, const uint8_t *community, bool named)
{
    return mesh_forge(&(mesh_forging){.net = &net, .keeper = HOSTILE, .report = report_id, .grantor = grantor, .to = to, .named = to, .unnamed = !named,
                                      .authority = NRS_AUTHORITY_CONSENT, .ref = parent, .community = community});
}

/* What the hostile hub hands over, and how it is answered. */
static nrs_error give(size_t to, const nrs_bytes *record)
{
    return mesh_hand_over(&net, HOSTILE, to, record);
}

static bool has(size_t node)
{
    return mesh_ask(&net, node, "{\"command\":\"show\",\"id\":\"%s\"}", report) == NRS_OK;
}

static size_t audited(size_t node, const char *rule)
{
    size_t count = 0;

    OK(mesh_ask(&net, node, "{\"command\":\"audit-list\"}"));
    for (size_t i = 0; i < mesh_row_count(&net, node); i++) {
        count += strcmp(mesh_text(mesh_row(&net, node, i), "kind"), "extend") == 0 && strcmp(mesh_text(mesh_row(&net, node, i), "rule"), rule) == 0;
    }
    return count;
}

static void without_consent_nothing_is_taken(void **state)
{
    mesh_forged made;

    (void)state;
    start(false);
    send_it("AMBER", "@electricity", "");
    made = forge(HOSTILE, MINISTRY, NULL, NULL, true);
    assert_int_equal(give(HONEST, &made.grant), NRS_ERROR_ONWARD);
    assert_int_equal(audited(HONEST, "onward"), 1);
    assert_int_equal(give(MINISTRY, &made.sealed), NRS_OK);
    assert_int_equal(give(MINISTRY, &made.grant), NRS_ERROR_ONWARD);
    assert_int_equal(give(MINISTRY, &made.path), NRS_ERROR_NOT_FOUND);
    assert_true(!has(MINISTRY));
    assert_int_equal(audited(MINISTRY, "onward"), 1);
    mesh_forged_wipe(&made);
    stop();
}

static void a_role_that_the_consent_does_not_name(void **state)
{
    mesh_forged made;

    (void)state;
    start(false);
    send_it("AMBER", "@electricity", "\"national\"");
    made = forge(HOSTILE, MINISTRY, NULL, NULL, true);
    assert_int_equal(give(HONEST, &made.grant), NRS_OK); /* the grant does not say for whom it is; its slots do */
    assert_int_equal(give(HONEST, &made.table), NRS_ERROR_ONWARD);
    assert_int_equal(give(MINISTRY, &made.sealed), NRS_OK);
    assert_int_equal(give(MINISTRY, &made.grant), NRS_OK);
    assert_int_equal(give(MINISTRY, &made.path), NRS_ERROR_ONWARD);
    assert_true(!has(MINISTRY));
    assert_int_equal(audited(HONEST, "onward"), 1);
    assert_int_equal(audited(MINISTRY, "onward"), 1);
    mesh_forged_wipe(&made);
    made = forge(HOSTILE, OTHER, NULL, NULL, true); /* an operator that the source could have addressed, and did not */
    assert_int_equal(give(HONEST, &made.table), NRS_ERROR_NOT_FOUND);
    assert_int_equal(give(HONEST, &made.grant), NRS_OK);
    assert_int_equal(give(HONEST, &made.table), NRS_ERROR_ONWARD);
    mesh_forged_wipe(&made);
    stop();
}

/* What is refused is not kept, so that the same may come again and again; the log of the audit stays whole for what else happens. */
static void the_same_refusal_does_not_fill_the_audit_log(void **state)
{
    mesh_forged made;

    (void)state;
    start(false);
    send_it("AMBER", "@electricity", "\"national\"");
    made = forge(HOSTILE, MINISTRY, NULL, NULL, true);
    assert_int_equal(give(MINISTRY, &made.sealed), NRS_OK);
    assert_int_equal(give(MINISTRY, &made.grant), NRS_OK);
    assert_int_equal(give(HONEST, &made.grant), NRS_OK);
    for (size_t i = 0; i < 40; i++) {
        assert_int_equal(give(MINISTRY, &made.path), NRS_ERROR_ONWARD);
        assert_int_equal(give(HONEST, &made.table), NRS_ERROR_ONWARD);
    }
    assert_in_range(audited(MINISTRY, "onward"), 1, 16);
    assert_in_range(audited(HONEST, "onward"), 1, 16);
    mesh_forged_wipe(&made);
    stop();
}

static void a_label_that_is_never_passed_on(void **state)
{
    mesh_forged made;

    (void)state;
    start(false);
    send_it("AMBER+STRICT", "org-0", "");
    made = forge(HOSTILE, MINISTRY, NULL, NULL, true);
    assert_int_equal(give(HONEST, &made.grant), NRS_ERROR_LABEL_FORBIDS);
    assert_int_equal(audited(HONEST, "label-forbids"), 1);
    mesh_forged_wipe(&made);
    stop();
}

static void who_is_no_hub_extends_nothing(void **state)
{
    mesh_forged made;

    (void)state;
    start(false);
    send_it("AMBER", "@electricity", "\"ministry\"");
    assert_true(has(MINISTRY));
    made = forge(OTHER, MINISTRY, NULL, NULL, true);
    assert_int_equal(give(HONEST, &made.grant), NRS_ERROR_NOT_MEMBER);
    mesh_forged_wipe(&made);
    stop();
}

static void a_grant_stands_on_one_that_is_held(void **state)
{
    uint8_t nothing[NRS_HASH_SIZE] = {9};
    mesh_forged first, second, third, made;

    (void)state;
    start(false);
    send_it("AMBER", "@electricity", "\"ministry\"");
    made = forge(HOSTILE, MINISTRY, nothing, NULL, true);
    assert_int_equal(give(HONEST, &made.grant), NRS_ERROR_NOT_FOUND);
    mesh_forged_wipe(&made);
    made = forge(HOSTILE, MINISTRY, NULL, NULL, false); /* without an audience of its own it would pass for the originator's */
    assert_int_equal(give(HONEST, &made.grant), NRS_ERROR_FORGED);
    mesh_forged_wipe(&made);
    first = forge(HOSTILE, MINISTRY, NULL, NULL, true);
    second = forge(HOSTILE, MINISTRY, first.id, NULL, true);
    third = forge(HOSTILE, MINISTRY, second.id, NULL, true);
    assert_int_equal(give(HONEST, &first.grant), NRS_OK);
    assert_int_equal(give(HONEST, &second.grant), NRS_OK);
    assert_int_equal(give(HONEST, &third.grant), NRS_ERROR_ONWARD); /* two steps, no more */
    mesh_forged_wipe(&first);
    mesh_forged_wipe(&second);
    mesh_forged_wipe(&third);
    stop();
}

static void another_community_takes_only_what_is_for_it(void **state)
{
    mesh_forged made;

    (void)state;
    start(true);
    send_it("AMBER", "@electricity", "\"communities\"");
    assert_true(has(GAS_HUB));
    send_it("AMBER", "@electricity", "\"ministry\"");
    made = forge(HOSTILE, GAS_HUB, NULL, gas.id, true);
    assert_int_equal(give(GAS_HUB, &made.sealed), NRS_ERROR_ONWARD);
    assert_int_equal(give(GAS_HUB, &made.grant), NRS_ERROR_NOT_FOUND);
    assert_int_equal(give(HONEST, &made.grant), NRS_ERROR_ONWARD);
    assert_true(!has(GAS_HUB));
    mesh_forged_wipe(&made);
    stop();
}

/* A key stands in a grant where it stands in the report's own, and is that report's: else nothing would open it, although whom it lets in was
 * told of to the source; or everybody on the way would read what is sealed. */
static void a_key_in_the_clear_is_the_reports_own(void **state)
{
    static const uint8_t other[NRS_KEY_SIZE] = {7};
    mesh_forging how = {.net = &net, .keeper = HOSTILE, .report = report_id, .grantor = HOSTILE, .to = GAS_HUB, .named = GAS_HUB,
                        .authority = NRS_AUTHORITY_CONSENT, .community = gas.id};
    mesh_forged made;

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        start(true);
        send_it(i == 0 ? "CLEAR" : "AMBER", "@electricity", "\"communities\"");
        how.file_key = other;
        made = mesh_forge(&how);
        assert_int_equal(give(HONEST, &made.grant), NRS_ERROR_FORGED);
        assert_int_equal(give(GAS_HUB, &made.grant), NRS_ERROR_FORGED);
        mesh_forged_wipe(&made);
        how.file_key = NULL;
        made = mesh_forge(&how);
        assert_int_equal(give(HONEST, &made.grant), NRS_OK);
        assert_int_equal(give(GAS_HUB, &made.grant), NRS_OK);
        mesh_forged_wipe(&made);
        stop();
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_consent_nothing_is_taken),
        cmocka_unit_test(a_role_that_the_consent_does_not_name),
        cmocka_unit_test(the_same_refusal_does_not_fill_the_audit_log),
        cmocka_unit_test(a_label_that_is_never_passed_on),
        cmocka_unit_test(who_is_no_hub_extends_nothing),
        cmocka_unit_test(a_grant_stands_on_one_that_is_held),
        cmocka_unit_test(another_community_takes_only_what_is_for_it),
        cmocka_unit_test(a_key_in_the_clear_is_the_reports_own),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
