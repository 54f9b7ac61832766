/* Queues, logs and disks stay within their limits, whatever others do. */
#include "check.h"
#include "store/queue.h"
#include "store/stream.h"
#include "world.h"

#define LINES_PER_MINUTE_MAX 400u
#define GAPS_OF_ONE_MAX 256u /* by an originator's word alone (SPEC 6.8); by its reports it may be more */

/* What the caches may hold (core's parsed log 8 MiB, SQLite's pages 8 MiB, a frame in the making), windows and queues of a few
 * links, and what one step needs for its largest batch. A node that is flooded needs no more. */
#define NODE_BYTES_MAX (32 * 1024 * 1024)

/* No peer takes the others' room. */
static void check_deferred(sim_world *world, sim_node *node)
{
    const size_t count = nrs_store_deferred_count(node->store);

    if (count > NRS_DEFERRED_COUNT_MAX) {
        sim_world_fail(world, "limits", "%s keeps more deferred records than it may", node->org);
    }
    if (count < NRS_DEFERRED_PER_PEER_MAX - NRS_DEFERRED_ROSTER_ROOM_PER_PEER) {
        return;
    }
    sim_disk_hold(&node->disk, true);
    for (size_t i = 0; i < world->node_count; i++) {
        const size_t of_one = nrs_store_deferred_count_of(node->store, nrs_identity_public(world->nodes[i].identity)->sign_key);

        if (of_one > NRS_DEFERRED_PER_PEER_MAX) {
            sim_world_fail(world, "limits", "%s keeps %zu deferred records of %s", node->org, of_one, world->nodes[i].org);
        }
        sim_sometimes_add(world, SIM_SOMETIMES_DEFERRED_FULL, of_one >= NRS_DEFERRED_PER_PEER_MAX - NRS_DEFERRED_ROSTER_ROOM_PER_PEER ? 1 : 0);
    }
    sim_disk_hold(&node->disk, false);
}

static void stepped(sim_world *world, sim_node *node)
{
    if (node->memory.peak > NODE_BYTES_MAX) {
        sim_world_fail(world, "limits", "%s held %lld bytes of memory at once", node->org, (long long)node->memory.peak);
    }
    check_deferred(world, node);
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

static nrs_error count_gap(void *context, const nrs_stream_row *stream, const nrs_gap *gap)
{
    (void)stream;
    (void)gap;
    (*(size_t *)context)++;
    return NRS_OK;
}

/* Of a hostile one's streams there are no reports but the few that it has forged. */
static void end(sim_world *world)
{
    for (size_t i = 0; i < world->node_count; i++) {
        sim_node *node = &world->nodes[i];

        for (size_t k = 0; k < world->node_count && node->core != NULL && node->hostile == NULL; k++) {
            size_t count = 0;
            nrs_error error = NRS_OK;

            if (world->nodes[k].hostile != NULL) {
                sim_disk_hold(&node->disk, true);
                error = nrs_store_gap_each(node->store, nrs_identity_public(world->nodes[k].identity)->sign_key, 2 * GAPS_OF_ONE_MAX, count_gap, &count);
                sim_disk_hold(&node->disk, false);
            }
            if (error != NRS_OK || count > GAPS_OF_ONE_MAX) {
                sim_world_fail(world, "limits", "%s notes %zu gaps of %s", node->org, count, world->nodes[k].org);
            }
            sim_sometimes_add(world, SIM_SOMETIMES_GAPS_FULL, count == GAPS_OF_ONE_MAX ? 1 : 0);
        }
    }
}

const sim_checker sim_checker_limits = {.name = "limits", .stepped = stepped, .log = log_line, .end = end};
