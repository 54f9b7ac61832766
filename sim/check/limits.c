/* Queues, logs and disks stay within their limits, whatever others do. */
#include "check.h"
#include "world.h"

#define LINES_PER_MINUTE_MAX 400u

static void stepped(sim_world *world, sim_node *node)
{
    if (nrs_store_deferred_count(node->store) > NRS_DEFERRED_COUNT_MAX) {
        sim_world_fail(world, "limits", "%s keeps more deferred records than it may", node->org);
    }
}

static void log_line(sim_world *world, sim_node *node, const char *text)
{
    (void)text;
    if (world->now_ms / SIM_MINUTE_MS != node->lines_minute) {
        node->lines_minute = world->now_ms / SIM_MINUTE_MS;
        node->lines = 0;
    }
    if (++node->lines > LINES_PER_MINUTE_MAX) {
        sim_world_fail(world, "limits", "%s writes more than %u lines to its log in a minute", node->org, LINES_PER_MINUTE_MAX);
    }
}

const sim_checker sim_checker_limits = {.name = "limits", .stepped = stepped, .log = log_line};
