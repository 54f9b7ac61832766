/* What is missing to a reader beyond its grace is asked for, and shown to whoever asks how the node is. */
#include "check.h"
#include "proto/limits.h"
#include "store/stream.h"
#include "world.h"

#define SLACK_MS SIM_MINUTE_MS
#define SHOWN_SLACK_MS 2000u /* the answer is looked at after the step that gave it */
#define MANY 1000000000u /* one word of who keeps no rules may stand for more: of those no sum is asked */
#define LOOKED_AT 1024u /* a node asks for so many within its slack */

typedef struct missing { sim_world *world; sim_node *node; uint64_t now_ms, count; size_t gaps; bool at_end; } missing;

static nrs_error look(void *context, const nrs_stream_row *stream, const nrs_gap *gap)
{
    missing *it = context;

    (void)stream;
    it->gaps++;
    if (gap->seen_ms + NRS_GAP_GRACE_MS_DEFAULT + SHOWN_SLACK_MS > it->now_ms) {
        return NRS_OK;
    }
    it->count += gap->last - gap->first < MANY - it->count ? gap->last - gap->first + 1 : 0;
    if (it->at_end && gap->asked == 0 && gap->until_ms > it->now_ms && gap->next_ms + SLACK_MS <= it->now_ms) {
        sim_world_fail(it->world, "gaps", "%s misses reports since %llu s, and has asked nobody for them", it->node->org,
                       (unsigned long long)((it->now_ms - gap->seen_ms) / 1000));
    }
    return NRS_OK;
}

static void look_at(missing *it)
{
    nrs_error error;

    sim_disk_hold(&it->node->disk, true);
    error = nrs_store_gap_each(it->node->store, NULL, LOOKED_AT, look, it);
    sim_disk_hold(&it->node->disk, false);
    if (error != NRS_OK) {
        sim_world_fail(it->world, "gaps", "%s: what is missing to it cannot be read", it->node->org);
    }
}

static void status(sim_world *world, sim_node *node, const json_t *row)
{
    missing it = {.world = world, .node = node, .now_ms = sim_node_now_ms(world, node), .at_end = world->phase > SIM_PHASE_HEALING};
    uint64_t told = 0;
    size_t index;
    const json_t *one;

    json_array_foreach(json_object_get(row, "gaps"), index, one) {
        told += (uint64_t)json_integer_value(json_object_get(one, "count"));
    }
    look_at(&it);
    if (told > 0) {
        sim_sometimes_hit(world, SIM_SOMETIMES_GAP_SHOWN);
    }
    if (told < it.count && it.gaps < LOOKED_AT) {
        sim_world_fail(world, "gaps", "%s misses %llu reports, and its people are told of %llu", node->org, (unsigned long long)it.count, (unsigned long long)told);
    }
}

const sim_checker sim_checker_gaps = {.name = "gaps", .status = status};
