/* The edge rules beside the label (SPEC 5.2 to 5.4): what a duty and a disclaimer mean at each place. Again one table, and
 * every function reads its own part of it. */
#include <stddef.h>

#include "core/policy.h"
#include "proto/assert.h"
#include "proto/vocabulary.h"
#include "proto/wire.h"

#define ACCEPT NRS_ERROR_DISCLAIMER
#define DEMAND NRS_ERROR_COMMUNITY_RULE
#define UNKNOWN NRS_ERROR_DISCLAIMER_UNKNOWN
#define VERSIONS NRS_ERROR_DISCLAIMER_VERSIONS
#define OK NRS_OK

typedef struct place_rule {
    bool duty; /* a demanded duty must be in force */
    nrs_error disclaimer[NRS_DISCLAIMER_STATE_COUNT]; /* none, accepted, waiting, declined, missing, unknown, two versions */
} place_rule;

static const place_rule places[NRS_PLACE_COUNT] = {
    [NRS_PLACE_SEND] = {true, {OK, OK, OK, OK, DEMAND, UNKNOWN, VERSIONS}},
    [NRS_PLACE_CARRY] = {false, {OK, OK, OK, OK, DEMAND, UNKNOWN, VERSIONS}}, /* a hub carries what it may not open */
    [NRS_PLACE_DELIVER] = {true, {OK, OK, OK, OK, DEMAND, UNKNOWN, VERSIONS}},
    [NRS_PLACE_GRANT] = {true, {OK, OK, ACCEPT, ACCEPT, DEMAND, UNKNOWN, VERSIONS}},
    [NRS_PLACE_OPEN] = {true, {OK, OK, OK, OK, DEMAND, OK, VERSIONS}}, /* the text may still come with a roster */
    [NRS_PLACE_READ] = {true, {OK, OK, ACCEPT, ACCEPT, DEMAND, UNKNOWN, VERSIONS}},
    [NRS_PLACE_QUOTE] = {true, {OK, OK, ACCEPT, ACCEPT, DEMAND, UNKNOWN, VERSIONS}},
    [NRS_PLACE_EXPORT] = {true, {OK, OK, ACCEPT, ACCEPT, DEMAND, UNKNOWN, VERSIONS}},
};

static const char duty_absent[] = "The organisation must first take the duty that the community's rules demand; its secretariat records it.";
static const char duty_expired[] = "The duty that the rules demand has run out; the community's secretariat records a new one.";
static const char duty_not_begun[] = "The duty that the rules demand has not begun yet.";
static const char disclaimer_accept[] = "Read the disclaimer, then accept or decline it: noroshi accept ID, noroshi decline ID --reason TEXT.";
static const char disclaimer_demand[] = "The community's rules demand a disclaimer that the report does not name.";
static const char disclaimer_unknown[] = "Ask the community's secretariat for the roster that has this disclaimer.";
static const char disclaimer_versions[] = "A report names one version of each disclaimer: the newest.";

static const char unlock_label[] = "Under TLP:CLEAR the key is open to all, and TLP:RED is granted by its writer's own process only.";

static const nrs_verdict granted = {NRS_OK, NULL};

static const place_rule *rule_at(nrs_edge_place place)
{
    NRS_ASSERT(place >= NRS_PLACE_SEND && place < NRS_PLACE_COUNT);
    return &places[place];
}

nrs_verdict nrs_policy_duty(nrs_edge_place place, nrs_duty_state duty)
{
    static const char *const allowed[NRS_DUTY_STATE_COUNT] = {
        [NRS_DUTY_ABSENT] = duty_absent, [NRS_DUTY_EXPIRED] = duty_expired, [NRS_DUTY_NOT_BEGUN] = duty_not_begun};

    NRS_ASSERT((unsigned)duty < NRS_DUTY_STATE_COUNT);
    if (!rule_at(place)->duty || allowed[duty] == NULL) {
        return granted;
    }
    return (nrs_verdict){NRS_ERROR_DUTY, allowed[duty]};
}

nrs_verdict nrs_policy_disclaimer(nrs_edge_place place, nrs_disclaimer_state disclaimer)
{
    static const struct {
        nrs_error error;
        const char *allowed;
    } words[] = {{ACCEPT, disclaimer_accept}, {DEMAND, disclaimer_demand}, {UNKNOWN, disclaimer_unknown}, {VERSIONS, disclaimer_versions}};
    nrs_error error;

    NRS_ASSERT((unsigned)disclaimer < NRS_DISCLAIMER_STATE_COUNT);
    error = rule_at(place)->disclaimer[disclaimer];
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (words[i].error == error) {
            return (nrs_verdict){error, words[i].allowed};
        }
    }
    return granted;
}

nrs_verdict nrs_policy_unlock(nrs_label label)
{
    return label == NRS_LABEL_CLEAR || label == NRS_LABEL_RED ? (nrs_verdict){NRS_ERROR_LABEL_FORBIDS, unlock_label} : granted;
}

bool nrs_policy_demands(nrs_edge_place place, uint32_t labels, uint32_t kinds, nrs_label label, uint32_t kind)
{
    if (labels == 0 && kinds == 0) {
        return false;
    }
    if (labels != 0 && (labels & NRS_LABEL_BIT(label)) == 0) {
        return false;
    }
    if (kinds == 0) {
        return true;
    }
    return kind == 0 ? place == NRS_PLACE_SEND : (kinds & NRS_KIND_BIT(kind)) != 0;
}

/* ---- Conditions of use ---- */

#define SINK_BIT(sink) (1u << (unsigned)(sink))
#define SINKS_ALL (SINK_BIT(NRS_SINK_PUBLIC + 1) - SINK_BIT(NRS_SINK_SCREEN))

/* Which sinks each permissible action leaves open. Whoever may act within its own organisation only has no use for it elsewhere. */
static const unsigned pap_sinks[NRS_PAP_RED + 1] = {
    [0] = SINKS_ALL,
    [NRS_PAP_CLEAR] = SINKS_ALL,
    [NRS_PAP_GREEN] = SINKS_ALL & ~SINK_BIT(NRS_SINK_PUBLIC),
    [NRS_PAP_AMBER] = SINK_BIT(NRS_SINK_SCREEN) | SINK_BIT(NRS_SINK_OWN) | SINK_BIT(NRS_SINK_CLIENTS),
    [NRS_PAP_RED] = SINK_BIT(NRS_SINK_SCREEN) | SINK_BIT(NRS_SINK_OWN),
};
/* Affected parties are among an organisation's clients and the public. */
static const unsigned told_sinks = SINK_BIT(NRS_SINK_CLIENTS) | SINK_BIT(NRS_SINK_PUBLIC);

static const char pap_allowed[] = "PAP:RED stays in the own organisation, PAP:AMBER with it and its clients, PAP:GREEN within the community.";
static const char told_allowed[] = "Affected parties may not be told: the sinks own and community are left, as far as the label allows them.";
static const char quote_allowed[] = "What is quoted keeps its conditions of use: leave them out, or give stricter ones.";

/* "No" holds against "yes", "yes" against nothing said. */
static uint32_t answer_of_both(uint32_t flags, uint32_t yes, uint32_t no)
{
    return (flags & no) != 0 ? no : flags & yes;
}

nrs_conditions nrs_policy_conditions_of_both(nrs_conditions a, nrs_conditions b)
{
    const uint32_t flags = a.flags | b.flags;

    return (nrs_conditions){
        .permissible_actions = a.permissible_actions > b.permissible_actions ? a.permissible_actions : b.permissible_actions,
        .flags = (flags & NRS_CONDITION_NOT_FOR_SUPERVISION) |
                 answer_of_both(flags, NRS_CONDITION_TELL_AFFECTED, NRS_CONDITION_AFFECTED_NOT_TOLD) |
                 answer_of_both(flags, NRS_CONDITION_NAME_SOURCE, NRS_CONDITION_SOURCE_NOT_NAMED),
    };
}

nrs_verdict nrs_policy_conditions_quote(nrs_conditions quoted, nrs_conditions wanted)
{
    const bool looser = (wanted.permissible_actions != 0 && wanted.permissible_actions < quoted.permissible_actions) ||
                        ((wanted.flags & NRS_CONDITION_TELL_AFFECTED) != 0 && (quoted.flags & NRS_CONDITION_AFFECTED_NOT_TOLD) != 0) ||
                        ((wanted.flags & NRS_CONDITION_NAME_SOURCE) != 0 && (quoted.flags & NRS_CONDITION_SOURCE_NOT_NAMED) != 0);

    return looser ? (nrs_verdict){NRS_ERROR_CONDITIONS, quote_allowed} : granted;
}

nrs_verdict nrs_policy_conditions_export(nrs_conditions conditions, nrs_sink sink)
{
    NRS_ASSERT(conditions.permissible_actions <= NRS_PAP_RED);
    if (sink < NRS_SINK_SCREEN || sink > NRS_SINK_PUBLIC || (pap_sinks[conditions.permissible_actions] & SINK_BIT(sink)) == 0) {
        return (nrs_verdict){NRS_ERROR_CONDITIONS, pap_allowed};
    }
    if ((conditions.flags & NRS_CONDITION_AFFECTED_NOT_TOLD) != 0 && (told_sinks & SINK_BIT(sink)) != 0) {
        return (nrs_verdict){NRS_ERROR_CONDITIONS, told_allowed};
    }
    return granted;
}

bool nrs_policy_hides_source(nrs_conditions conditions)
{
    return (conditions.flags & NRS_CONDITION_SOURCE_NOT_NAMED) != 0;
}

/* ---- All at once ---- */

static nrs_verdict label_at(const nrs_edge *edge)
{
    nrs_verdict verdict = granted;

    switch (edge->place) {
    case NRS_PLACE_SEND:
        return nrs_policy_address(edge->label, edge->audience);
    case NRS_PLACE_CARRY:
    case NRS_PLACE_DELIVER:
        return nrs_policy_carry(edge->label, edge->red_relay);
    case NRS_PLACE_GRANT:
    case NRS_PLACE_OPEN:
    case NRS_PLACE_READ:
    case NRS_PLACE_QUOTE:
        return nrs_policy_open(edge->label, &edge->reader);
    case NRS_PLACE_EXPORT:
        verdict = nrs_policy_export(edge->label, edge->sink);
        return verdict.error == NRS_OK ? nrs_policy_open(edge->label, &edge->reader) : verdict;
    case NRS_PLACE_COUNT:
        break;
    }
    nrs_assert_failed("a known place", __func__, __LINE__);
}

nrs_verdict nrs_policy_edge(const nrs_edge *edge)
{
    nrs_verdict verdict;

    NRS_ASSERT(edge != NULL);
    verdict = label_at(edge);
    if (verdict.error == NRS_OK) {
        verdict = nrs_policy_duty(edge->place, edge->duty);
    }
    if (verdict.error == NRS_OK) {
        verdict = nrs_policy_disclaimer(edge->place, edge->disclaimer);
    }
    if (verdict.error == NRS_OK && edge->place == NRS_PLACE_EXPORT) {
        verdict = nrs_policy_conditions_export(edge->conditions, edge->sink);
    }
    return verdict;
}
