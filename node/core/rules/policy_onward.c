/* Onward consent (SPEC 5.6): whom the source lets a hub pass a report on to. A role is what the roster says. */
#include <stddef.h>

#include "core/policy.h"
#include "proto/assert.h"
#include "proto/vocabulary.h"
#include "proto/wire.h"

static const char with_consent[] = "The sender may agree to it beforehand: send --onward council, ministry, national, response or communities.";
static const char not_this_label[] = "TLP:AMBER, GREEN and CLEAR may be passed on, as far as the sender agreed; others go to whom they are addressed.";

/* The bit of the consent that a role needs; 0 for those whom a community's address reaches. */
static uint32_t bit_of(uint32_t role)
{
    switch (role) {
    case NRS_ROLE_COUNCIL:
        return NRS_ONWARD_COUNCIL;
    case NRS_ROLE_MINISTRY:
        return NRS_ONWARD_MINISTRY;
    case NRS_ROLE_NATIONAL:
        return NRS_ONWARD_NATIONAL;
    case NRS_ROLE_RESPONSE:
        return NRS_ONWARD_RESPONSE;
    default:
        return 0;
    }
}

bool nrs_policy_community_covers(nrs_label label, uint32_t from, uint32_t to)
{
    return label == NRS_LABEL_CLEAR || bit_of(to) == 0 || from == to;
}

nrs_verdict nrs_policy_onward(nrs_label label, uint32_t onward, bool home, uint32_t role)
{
    const uint32_t bit = bit_of(role);
    bool agreed;

    NRS_ASSERT((onward & ~NRS_ONWARD_BITS_ALL) == 0);
    if (nrs_policy_extension(label) == NRS_EXTENSION_NONE) {
        return (nrs_verdict){NRS_ERROR_LABEL_FORBIDS, not_this_label};
    }
    if (home) { /* the others the originator could have addressed, and did not */
        agreed = bit != 0 && (onward & bit) != 0;
    } else {
        agreed = nrs_policy_extension(label) == NRS_EXTENSION_ANYONE || ((onward & NRS_ONWARD_COMMUNITIES) != 0 && (bit == 0 || (onward & bit) != 0));
    }
    return agreed ? (nrs_verdict){NRS_OK, NULL} : (nrs_verdict){NRS_ERROR_ONWARD, with_consent};
}
