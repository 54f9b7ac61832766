/* Nothing leaves a node by a way that the label, or the conditions of use, does not have (SPEC 5.1, 5.5). */
#include "check.h"
#include "world.h"

/* Who had it by a release has it under the label of that; who has both is taken by the looser. */
static nrs_label label_of(const sim_world *world, const sim_node *node, const sim_report *report)
{
    nrs_label label = report->label;

    return sim_released_permits(world, node, report, &label, false) && label < report->label ? label : report->label;
}

static void answered(sim_world *world, sim_node *node, const sim_answered *answer)
{
    const sim_report *report = &world->oracle.reports[answer->number];
    const sim_report *bound;

    if (answer->kind != SIM_ASK_EXPORT || answer->error != NRS_OK) {
        return;
    }
    bound = sim_oracle_bound(world, report, node->index);
    sim_sometimes_hit(world, SIM_SOMETIMES_EXPORTED);
    if (report->withheld && node->index != report->sender) {
        sim_world_fail(world, "exports", "%s exports r%zu, whose source is withheld", node->org, answer->number);
    } else if (!sim_tlp_exported(label_of(world, node, report), answer->sink)) {
        sim_world_fail(world, "exports", "%s exports r%zu (%s) to the sink %s", node->org, answer->number, nrs_label_name(report->label),
                       sim_sink_name(answer->sink));
    } else if (bound != NULL && !sim_tlp_exported(label_of(world, node, bound), answer->sink)) {
        sim_world_fail(world, "exports", "%s exports r%zu, which passes on TLP:%s, to the sink %s", node->org, answer->number, nrs_label_name(bound->label),
                       sim_sink_name(answer->sink));
    } else if (bound != NULL && !sim_tlp_used(bound->conditions, answer->sink)) {
        sim_world_fail(world, "exports", "%s exports r%zu to the sink %s against the conditions of its source", node->org, answer->number,
                       sim_sink_name(answer->sink));
    }
}

const sim_checker sim_checker_exports = {.name = "exports", .answered = answered};
