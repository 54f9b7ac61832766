/* A hub that goes beyond what the source agreed to: each relay and each recipient refuses by itself, and writes it down. */
#include "hostile_hub.h"

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
