/* Whom a community's address reaches, and whom a hub may let in: every label, consent and role, against the rule as SPEC 5.2 and 5.6 say it. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "core/policy.h"
#include "proto/vocabulary.h"
#include "proto/wire.h"

/* The word of consent that a role needs, as a set of bits; 0: none. */
static const uint32_t needs[] = {
    [NRS_ROLE_OPERATOR] = 0, [NRS_ROLE_HUB] = 0,      [NRS_ROLE_MINISTRY] = 2, [NRS_ROLE_NATIONAL] = 4,
    [NRS_ROLE_RESPONSE] = 8, [NRS_ROLE_RELATED] = 0, [NRS_ROLE_COUNCIL] = 1,
};

static void every_label_consent_and_role(void **state)
{
    (void)state;
    for (unsigned label = NRS_LABEL_CLEAR; label <= NRS_LABEL_RED; label++) {
        for (uint32_t onward = 0; onward <= NRS_ONWARD_BITS_ALL; onward++) {
            for (uint32_t role = NRS_ROLE_OPERATOR; role <= NRS_ROLE_COUNCIL; role++) {
                const bool named = (onward & needs[role]) == needs[role];
                const nrs_error at_home = nrs_policy_onward((nrs_label)label, onward, true, role).error;
                const nrs_error elsewhere = nrs_policy_onward((nrs_label)label, onward, false, role).error;

                if (label >= NRS_LABEL_AMBER_STRICT) {
                    assert_int_equal(at_home, NRS_ERROR_LABEL_FORBIDS);
                    assert_int_equal(elsewhere, NRS_ERROR_LABEL_FORBIDS);
                } else {
                    const bool may = label == NRS_LABEL_CLEAR || (named && (onward & 16) != 0);

                    assert_int_equal(at_home, needs[role] != 0 && named ? NRS_OK : NRS_ERROR_ONWARD);
                    assert_int_equal(elsewhere, may ? NRS_OK : NRS_ERROR_ONWARD);
                }
            }
        }
    }
}

static void whom_a_community_address_reaches(void **state)
{
    (void)state;
    for (unsigned label = NRS_LABEL_CLEAR; label <= NRS_LABEL_AMBER; label++) {
        for (uint32_t from = NRS_ROLE_OPERATOR; from <= NRS_ROLE_COUNCIL; from++) {
            for (uint32_t to = NRS_ROLE_OPERATOR; to <= NRS_ROLE_COUNCIL; to++) {
                assert_int_equal(nrs_policy_community_covers((nrs_label)label, from, to), label == NRS_LABEL_CLEAR || needs[to] == 0 || from == to);
            }
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_label_consent_and_role), cmocka_unit_test(whom_a_community_address_reaches)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
