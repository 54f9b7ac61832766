/* Queues, logs and disks stay within their limits, whatever others do. */
#include "check.h"
#include "store/queue.h"
#include "world.h"

#define LINES_PER_MINUTE_MAX 400u


/* What the caches may hold (core's parsed log 8 MiB, SQLite's pages 8 MiB, a frame in the making), windows and queues of a few
 * links, and what one step needs for its largest batch. A node that is flooded needs no more. */
#define NODE_BYTES_MAX (32 * 1024 * 1024)

static void stepped(sim_world *world, sim_node *node)
{
    if (node->memory.peak > NODE_BYTES_MAX) {
        sim_world_fail(world, "limits", "%s held %lld bytes of memory at once", node->org, (long long)node->memory.peak);
    }
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
