/* Whoever passes a text on is bound by its label, and can pass on only what was open to it; its own forward of it is no way around that. */
#include "check.h"
#include "world.h"

static void forwarded(sim_world *world, sim_report *report)
{
    const sim_report *quoted = sim_oracle_bound(world, &world->oracle.reports[report->quoted], report->sender);
    size_t number = (size_t)(report - world->oracle.reports), first;
    const sim_node *node = &world->nodes[report->sender];
    uint64_t named;
    nrs_label label;
    bool released;

    if (node->hostile != NULL || quoted == NULL) {
        return; /* the source itself decides */
    }
    first = (size_t)(quoted - world->oracle.reports);
    named = quoted->to | 1ull << quoted->sender | 1ull << report->sender;
    label = quoted->label;
    released = sim_released_permits(world, node, quoted, &label, true);
    if (quoted->sender != report->sender && !sim_check_may_read(world, node, quoted)) {
        sim_world_fail(world, "forwarded", "%s passes on r%zu as r%zu, which is not for it", node->org, first, number);
    } else if (report->label < (label < quoted->label ? label : quoted->label)) {
        sim_world_fail(world, "forwarded", "%s passes on r%zu as r%zu under a lower label", node->org, first, number);
    } else if (quoted->label != NRS_LABEL_CLEAR && report->community != quoted->community) {
        sim_world_fail(world, "forwarded", "%s passes on r%zu as r%zu to another community", node->org, first, number);
    } else if (!released && quoted->label == NRS_LABEL_AMBER_STRICT && (report->to_community || (report->readers & ~named) != 0)) {
        sim_world_fail(world, "forwarded", "%s passes on r%zu as r%zu to whom it does not name", node->org, first, number);
    } else if (quoted->sender != report->sender && sim_oracle_closed(world, quoted) && (quoted->accepting & (1ull << report->sender)) == 0) {
        sim_world_fail(world, "forwarded", "%s passes on r%zu as r%zu and has not accepted its disclaimer", node->org, first, number);
    } else if (((quoted->withdrawn_at | quoted->marked) & (1ull << report->sender)) != 0) {
        sim_world_fail(world, "forwarded", "%s passes on r%zu as r%zu, which was taken back", node->org, first, number);
    }
}

const sim_checker sim_checker_forwarded = {.name = "forwarded", .forwarded = forwarded};
