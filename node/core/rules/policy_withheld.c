/* The edge rules for sources that are withheld (SPEC 5.8): from its source such a report goes to a hub and to nobody else, and
 * only a hub publishes it, under its own name, never under a looser label. */
#include <stddef.h>

#include "core/policy.h"
#include "proto/assert.h"
#include "proto/wire.h"

static const char withhold_allowed[] = "The sources of TLP:CLEAR, GREEN, AMBER and AMBER+STRICT can be withheld; TLP:RED goes from person to person.";
static const char rule_allowed[] = "The community's rules must allow it: noroshi community rule --withheld yes.";
static const char hub_allowed[] = "It goes from its source to a hub of the community; members receive what the hub vouches for.";
static const char vouch_allowed[] = "A hub of the community vouches: its secretariat publishes what a source has sent there.";
static const char label_allowed[] = "Leave the label as the source gave it, or make it stricter.";

static const nrs_verdict granted = {NRS_OK, NULL};

nrs_verdict nrs_policy_withhold(nrs_label label, bool rule_allows)
{
    if (label <= NRS_LABEL_NONE || label >= NRS_LABEL_COUNT) {
        return (nrs_verdict){NRS_ERROR_LABEL_MISSING, withhold_allowed};
    }
    if (label == NRS_LABEL_RED) {
        return (nrs_verdict){NRS_ERROR_LABEL_FORBIDS, withhold_allowed};
    }
    return rule_allows ? granted : (nrs_verdict){NRS_ERROR_COMMUNITY_RULE, rule_allowed};
}

nrs_verdict nrs_policy_attribution(const nrs_attribution_facts *facts)
{
    NRS_ASSERT(facts != NULL);
    if (facts->attribution == NRS_ATTRIBUTION_NAMED) {
        return granted;
    }
    if (!facts->rule_allows) {
        return (nrs_verdict){NRS_ERROR_COMMUNITY_RULE, rule_allowed};
    }
    if (facts->attribution == NRS_ATTRIBUTION_WITHHELD) {
        return facts->direct && facts->here_hub ? granted : (nrs_verdict){NRS_ERROR_SOURCE_WITHHELD, hub_allowed};
    }
    return facts->originator_hub ? granted : (nrs_verdict){NRS_ERROR_NOT_HUB, vouch_allowed};
}

nrs_verdict nrs_policy_withheld_open(const nrs_reader_facts *facts, bool here_hub)
{
    NRS_ASSERT(facts != NULL);
    return facts->org_named && here_hub ? granted : (nrs_verdict){NRS_ERROR_SOURCE_WITHHELD, hub_allowed};
}

nrs_verdict nrs_policy_vouch_label(nrs_label given, nrs_label wanted)
{
    NRS_ASSERT(given > NRS_LABEL_NONE && given < NRS_LABEL_COUNT);
    if (wanted == NRS_LABEL_RED) {
        return (nrs_verdict){NRS_ERROR_LABEL_FORBIDS, withhold_allowed};
    }
    return wanted >= given ? granted : (nrs_verdict){NRS_ERROR_LABEL_FORBIDS, label_allowed};
}
