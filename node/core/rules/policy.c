/* The edge rules of SPEC 5. The table below is the only place in which they stand; every function reads its own column. */
#include "core/policy.h"

#include <stddef.h>
#include <string.h>

#include "proto/assert.h"

#define ADDRESS_BIT(type) (1u << (unsigned)(type))
#define ADDRESS_ANY (ADDRESS_BIT(NRS_ADDRESS_COMMUNITY) | ADDRESS_BIT(NRS_ADDRESS_ORG) | ADDRESS_BIT(NRS_ADDRESS_PERSON))
#define SINK_BIT(sink) (1u << (unsigned)(sink))
#define SINK_UP_TO(sink) ((SINK_BIT(sink) << 1) - SINK_BIT(NRS_SINK_SCREEN)) /* each sink reaches further than the one before */

/* Who may open; the first word of the column "opened by". */
typedef enum reader {
    READER_NOBODY = 0,
    READER_PERSON,       /* the named person, as itself */
    READER_ORG,          /* the desk of an organisation that is named itself */
    READER_ORG_OR_MEMBER,/* likewise, or named through its community */
    READER_MEMBER,       /* a member of a named community */
    READER_ANYONE
} reader;

typedef struct label_rule {
    unsigned addressed_to; /* bit set of nrs_address_type */
    bool carried_by_rule;  /* carried sealed only where the community's rule allows */
    nrs_extension extension;
    reader opened_by;
    unsigned sinks;        /* bit set of nrs_sink */
    bool quoted_within;    /* a quote stays within the quoted audience */
    bool widened_by_release;
    nrs_error address_error; /* LABEL_MISSING for no label */
    const char *address_allowed, *open_allowed, *export_allowed, *quote_allowed;
} label_rule;

static const label_rule rules[NRS_LABEL_COUNT] = {
    [NRS_LABEL_NONE] = {
        .addressed_to = 0,
        .carried_by_rule = true,
        .extension = NRS_EXTENSION_NONE,
        .opened_by = READER_NOBODY,
        .sinks = 0,
        .quoted_within = true,
        .widened_by_release = true,
        .address_error = NRS_ERROR_LABEL_MISSING,
        .address_allowed = "Give the report a label: CLEAR, GREEN, AMBER, AMBER+STRICT or RED.",
        .open_allowed = "A report without a label is opened by nobody.",
        .export_allowed = "A report without a label is not exported.",
        .quote_allowed = "A report without a label is not quoted.",
    },
    [NRS_LABEL_CLEAR] = {
        .addressed_to = ADDRESS_ANY,
        .carried_by_rule = false,
        .extension = NRS_EXTENSION_ANYONE,
        .opened_by = READER_ANYONE,
        .sinks = SINK_UP_TO(NRS_SINK_PUBLIC),
        .quoted_within = false,
        .widened_by_release = false,
        .address_error = NRS_ERROR_LABEL_FORBIDS,
        .address_allowed = "TLP:CLEAR may be addressed to anyone.",
        .open_allowed = "TLP:CLEAR is opened by anyone.",
        .export_allowed = "TLP:CLEAR may be exported anywhere.",
        .quote_allowed = "TLP:CLEAR may be quoted to anyone.",
    },
    [NRS_LABEL_GREEN] = {
        .addressed_to = ADDRESS_BIT(NRS_ADDRESS_COMMUNITY),
        .carried_by_rule = false,
        .extension = NRS_EXTENSION_OWN_COMMUNITIES,
        .opened_by = READER_MEMBER,
        .sinks = SINK_UP_TO(NRS_SINK_COMMUNITY),
        .quoted_within = false,
        .widened_by_release = true,
        .address_error = NRS_ERROR_LABEL_FORBIDS,
        .address_allowed = "TLP:GREEN is addressed to communities only: write @community.",
        .open_allowed = "TLP:GREEN is opened by members of the community it is addressed to.",
        .export_allowed = "TLP:GREEN may be exported to the sinks own, clients and community.",
        .quote_allowed = "TLP:GREEN may be quoted with a label that is not lower.",
    },
    [NRS_LABEL_AMBER] = {
        .addressed_to = ADDRESS_BIT(NRS_ADDRESS_ORG) | ADDRESS_BIT(NRS_ADDRESS_COMMUNITY),
        .carried_by_rule = false,
        .extension = NRS_EXTENSION_CONSENT,
        .opened_by = READER_ORG_OR_MEMBER,
        .sinks = SINK_UP_TO(NRS_SINK_CLIENTS),
        .quoted_within = false,
        .widened_by_release = true,
        .address_error = NRS_ERROR_LABEL_FORBIDS,
        .address_allowed = "TLP:AMBER is addressed to organisations and communities: write organisation or @community.",
        .open_allowed = "TLP:AMBER is opened by the desk of an organisation it is addressed to.",
        .export_allowed = "TLP:AMBER may be exported to the sinks own and clients.",
        .quote_allowed = "TLP:AMBER may be quoted with a label that is not lower.",
    },
    [NRS_LABEL_AMBER_STRICT] = {
        .addressed_to = ADDRESS_BIT(NRS_ADDRESS_ORG),
        .carried_by_rule = false,
        .extension = NRS_EXTENSION_NONE,
        .opened_by = READER_ORG,
        .sinks = SINK_UP_TO(NRS_SINK_OWN),
        .quoted_within = true,
        .widened_by_release = true,
        .address_error = NRS_ERROR_LABEL_FORBIDS,
        .address_allowed = "TLP:AMBER+STRICT is addressed to organisations only: write organisation.",
        .open_allowed = "TLP:AMBER+STRICT is opened by the desk of an organisation that it names.",
        .export_allowed = "TLP:AMBER+STRICT may be exported to the sink own.",
        .quote_allowed = "A reply to TLP:AMBER+STRICT goes to its sender and to the organisations it was addressed to.",
    },
    [NRS_LABEL_RED] = {
        .addressed_to = ADDRESS_BIT(NRS_ADDRESS_PERSON),
        .carried_by_rule = true,
        .extension = NRS_EXTENSION_NONE,
        .opened_by = READER_PERSON,
        .sinks = SINK_UP_TO(NRS_SINK_SCREEN),
        .quoted_within = true,
        .widened_by_release = true,
        .address_error = NRS_ERROR_LABEL_FORBIDS,
        .address_allowed = "TLP:RED is addressed to persons only: write person@organisation.",
        .open_allowed = "TLP:RED is opened by the persons it is addressed to: act as the person, with --as PERSON.",
        .export_allowed = "TLP:RED is read on the screen only and never leaves the node.",
        .quote_allowed = "A reply to TLP:RED goes to its sender and to the persons it was addressed to.",
    },
};

static const char carry_allowed[] = "The community's rules must allow that hubs carry TLP:RED sealed.";
static const char change_allowed[] = "Ask the source for a release.";
static const char unknown_allowed[] = "The labels are CLEAR, GREEN, AMBER, AMBER+STRICT and RED.";
static const char sink_allowed[] = "The sinks are own, clients, community and public.";

static const nrs_verdict granted = {NRS_OK, NULL};

static nrs_verdict refused(nrs_error error, const char *allowed)
{
    NRS_ASSERT(error != NRS_OK);
    NRS_ASSERT(allowed != NULL);
    return (nrs_verdict){error, allowed};
}

/* NULL for a value that is not in the table, which every caller refuses. */
static const label_rule *rule_of(nrs_label label)
{
    return (unsigned)label < (unsigned)NRS_LABEL_COUNT ? &rules[label] : NULL;
}

/* A label that is missing or unknown is refused before any other question. */
static nrs_verdict known(nrs_label label)
{
    if (label == NRS_LABEL_NONE) {
        return refused(NRS_ERROR_LABEL_MISSING, rules[NRS_LABEL_NONE].address_allowed);
    }
    return rule_of(label) == NULL ? refused(NRS_ERROR_UNKNOWN_LABEL, unknown_allowed) : granted;
}

nrs_verdict nrs_policy_address(nrs_label label, nrs_address_type audience)
{
    const label_rule *rule = rule_of(label);

    if (rule == NULL) {
        return known(label);
    }
    if (audience < NRS_ADDRESS_COMMUNITY || audience > NRS_ADDRESS_PERSON ||
        (rule->addressed_to & ADDRESS_BIT(audience)) == 0) {
        return refused(rule->address_error, rule->address_allowed);
    }
    return granted;
}

nrs_verdict nrs_policy_carry(nrs_label label, bool red_relay)
{
    const nrs_verdict verdict = known(label);

    if (verdict.error != NRS_OK) {
        return verdict;
    }
    if (rule_of(label)->carried_by_rule && !red_relay) {
        return refused(NRS_ERROR_COMMUNITY_RULE, carry_allowed);
    }
    return granted;
}

nrs_extension nrs_policy_extension(nrs_label label)
{
    const label_rule *rule = rule_of(label);

    return rule == NULL ? NRS_EXTENSION_NONE : rule->extension;
}

nrs_verdict nrs_policy_open(nrs_label label, const nrs_reader_facts *facts)
{
    const nrs_verdict verdict = known(label);
    const label_rule *rule = rule_of(label);
    bool allowed = false;

    NRS_ASSERT(facts != NULL);

    if (verdict.error != NRS_OK) {
        return verdict;
    }
    switch (rule->opened_by) {
    case READER_NOBODY:
        break;
    case READER_PERSON:
        allowed = facts->person_named && facts->as_person;
        break;
    case READER_ORG:
        allowed = facts->org_named;
        break;
    case READER_ORG_OR_MEMBER:
        allowed = facts->org_named || facts->community_named;
        break;
    case READER_MEMBER:
        allowed = facts->community_named;
        break;
    case READER_ANYONE:
        allowed = true;
        break;
    }
    if (allowed) {
        return granted;
    }
    return refused(rule->opened_by == READER_PERSON ? NRS_ERROR_PERSON_ONLY : NRS_ERROR_LABEL_FORBIDS, rule->open_allowed);
}

nrs_verdict nrs_policy_export(nrs_label label, nrs_sink sink)
{
    const nrs_verdict verdict = known(label);
    const label_rule *rule = rule_of(label);

    if (verdict.error != NRS_OK) {
        return verdict;
    }
    if (sink < NRS_SINK_SCREEN || sink > NRS_SINK_PUBLIC) {
        return refused(NRS_ERROR_USAGE, sink_allowed);
    }
    return (rule->sinks & SINK_BIT(sink)) != 0 ? granted : refused(NRS_ERROR_CLEARANCE, rule->export_allowed);
}

nrs_label nrs_policy_quote_label(nrs_label quoted, nrs_label wanted)
{
    NRS_ASSERT(rule_of(quoted) != NULL);
    NRS_ASSERT(rule_of(wanted) != NULL);
    return nrs_label_stricter(quoted, wanted);
}

nrs_verdict nrs_policy_quote_address(nrs_label quoted, bool in_quoted_audience)
{
    const nrs_verdict verdict = known(quoted);

    if (verdict.error != NRS_OK) {
        return verdict;
    }
    if (rule_of(quoted)->quoted_within && !in_quoted_audience) {
        return refused(NRS_ERROR_LABEL_FORBIDS, rule_of(quoted)->quote_allowed);
    }
    return granted;
}

nrs_verdict nrs_policy_change(nrs_label from, nrs_label to, bool wider_audience, bool release)
{
    nrs_verdict verdict = known(from);
    bool wider;

    if (verdict.error == NRS_OK) {
        verdict = known(to);
    }
    if (verdict.error != NRS_OK) {
        return verdict;
    }
    wider = wider_audience && rule_of(from)->widened_by_release;
    if ((to < from || wider) && !release) {
        return refused(NRS_ERROR_LABEL_FORBIDS, change_allowed);
    }
    return granted;
}

nrs_error nrs_sink_parse(nrs_sink *sink_out, const char *text)
{
    static const char *const names[] = {
        [NRS_SINK_OWN] = "own", [NRS_SINK_CLIENTS] = "clients", [NRS_SINK_COMMUNITY] = "community", [NRS_SINK_PUBLIC] = "public",
    };

    NRS_ASSERT(sink_out != NULL);

    for (size_t i = NRS_SINK_OWN; text != NULL && i <= NRS_SINK_PUBLIC; i++) {
        if (strcmp(text, names[i]) == 0) {
            *sink_out = (nrs_sink)i;
            return NRS_OK;
        }
    }
    return NRS_ERROR_USAGE;
}
