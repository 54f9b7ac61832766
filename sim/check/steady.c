/* A crash at any instant is a restart, never a repair: no step and no start fails unless the disk or memory failed in it, and
 * the file is whole afterwards. */
#include "check.h"
#include "world.h"

static uint64_t excuses(const sim_node *node)
{
    const sim_disk *disk = &node->disk;
    uint64_t count = disk->reached_full + disk->reached_short + node->memory_failed;

    for (size_t i = 0; i < SIM_DISK_CALL_COUNT; i++) {
        count += disk->reached[i];
    }
    return count;
}

static void failed(sim_world *world, sim_node *node, nrs_error error)
{
    uint64_t now = excuses(node);

    if (now == node->excuses) {
        sim_world_fail(world, "steady", "%s: a %s failed though nothing did: %s", node->org, node->core == NULL ? "start" : "step", nrs_error_rule(error));
    }
    node->excuses = now;
}

static void stepped(sim_world *world, sim_node *node)
{
    (void)world;
    node->excuses = excuses(node);
}

static void started(sim_world *world, sim_node *node)
{
    node->excuses = excuses(node);
    if (nrs_store_check(node->store) != NRS_OK) {
        sim_world_fail(world, "steady", "%s: its file is damaged after a start", node->org);
    }
}

const sim_checker sim_checker_steady = {.name = "steady", .stepped = stepped, .failed = failed, .started = started};
