/* What is permitted is done: a rule is a reason to refuse only where it says so. Asked where all that the rule looks at is known here;
 * where a roster, a clock or a key may say otherwise this holds its peace. */
#include "check.h"
#include "world.h"

static bool label_permits(const sim_world *world, const sim_report *report)
{
    const sim_addressee to = report->to_community ? SIM_TO_COMMUNITY : report->to_persons ? SIM_TO_PERSON : SIM_TO_ORG;

    return sim_tlp_addressed(report->label, to) && (world->communities[report->community].labels & (1u << report->label)) != 0;
}

/* Every clock is right, and nobody has slept over the end of a roster. */
static bool clocks_right(const sim_world *world)
{
    return sim_clocks_right(world) && world->leap_ms == 0;
}

/* While one roster has followed a change of keys and another has not, the node is a stranger by one of them. */
static bool under_its_keys(const sim_node *node, const sim_rosters *rosters)
{
    const sim_roster_version *roster = sim_rosters_at(rosters, node->held[rosters->index]);

    return roster != NULL && roster->who.key[node->index] == node->key;
}

/* A report of one's own accord to a community that one is in: its address has one meaning. */
static bool simple(const sim_world *world, const sim_node *node, const sim_report *report)
{
    return report->plain && report->to_community && under_its_keys(node, &world->communities[report->community]) && sim_check_member(world, node, &world->communities[report->community], node->index);
}

static void check_send(sim_world *world, const sim_node *node, const sim_report *report, const sim_answered *answer)
{
    const bool forbidden = answer->error == NRS_ERROR_LABEL_FORBIDS || answer->error == NRS_ERROR_LABEL_MISSING || answer->error == NRS_ERROR_UNKNOWN_LABEL;
    const bool by_rule = answer->error == NRS_ERROR_COMMUNITY_RULE || answer->error == NRS_ERROR_ROSTER_STALE;
    const bool by_quote = answer->error == NRS_ERROR_CONDITIONS || answer->error == NRS_ERROR_DISCLAIMER || answer->error == NRS_ERROR_ONWARD ||
                          answer->error == NRS_ERROR_SOURCE_WITHHELD || answer->error == NRS_ERROR_CLEARANCE;

    if (!report->plain || !label_permits(world, report)) {
        return;
    }
    if (forbidden || by_quote || (by_rule && simple(world, node, report) && clocks_right(world))) {
        sim_world_fail(world, "refused", "%s refuses to send r%zu (%s): %s", node->org, answer->number, nrs_label_name(report->label),
                       nrs_error_rule(answer->error));
    }
}

/* Addressed to it, by a roster in which it stood and in which it stands now. */
static bool is_for(const sim_world *world, const sim_node *node, const sim_report *report)
{
    return report->version != 0 && !report->withheld && report->label != NRS_LABEL_RED && (report->readers & (1ull << node->index)) != 0 &&
           sim_check_member(world, node, &world->communities[report->community], node->index);
}

/* Of what is for it. Whatever else stands in the way (it has not come, or does not open) arrives.c asks for in the end. */
static bool rule_holds(const sim_world *world, const sim_node *node, const sim_report *report, const sim_answered *answer)
{
    nrs_label label = report->label;
    const bool own = node->index == report->sender, export = answer->kind == SIM_ASK_EXPORT;

    if (answer->error == NRS_ERROR_LABEL_FORBIDS || answer->error == NRS_ERROR_LABEL_MISSING || answer->error == NRS_ERROR_COMMUNITY_RULE ||
        answer->error == NRS_ERROR_PERSON_ONLY || answer->error == NRS_ERROR_SOURCE_WITHHELD) {
        return false;
    }
    if (answer->error == NRS_ERROR_CLEARANCE) {
        return export && (!sim_tlp_exported(report->label, answer->sink) || sim_released_permits(world, node, report, &label, false));
    }
    if (answer->error == NRS_ERROR_CONDITIONS) {
        return export && (!report->plain || (!own && !sim_tlp_used(report->conditions, answer->sink)));
    }
    if (answer->error == NRS_ERROR_DISCLAIMER) {
        return !own && sim_oracle_closed(world, report);
    }
    if (answer->error == NRS_ERROR_DUTY) {
        return sim_oracle_duty(world, report);
    }
    return answer->error != NRS_ERROR_WITHDRAWN || report->withdrawing || world->nodes[report->sender].hostile != NULL;
}

static void answered(sim_world *world, sim_node *node, const sim_answered *answer)
{
    const sim_report *report = &world->oracle.reports[answer->number];

    if (answer->error == NRS_OK || node->forsaken || node->put_back) {
        return;
    }
    if (answer->kind == SIM_ASK_SEND) {
        check_send(world, node, report, answer);
    } else if (answer->kind == SIM_ASK_SHOW || answer->kind == SIM_ASK_EXPORT) {
        if (is_for(world, node, report) && !rule_holds(world, node, report, answer)) {
            sim_world_fail(world, "refused", "%s refuses r%zu (%s), which is for it: %s", node->org, answer->number, nrs_label_name(report->label),
                           nrs_error_rule(answer->error));
        }
    }
}

const sim_checker sim_checker_refused = {.name = "refused", .answered = answered};
