/* What a sender is told of a report's way is what happened: a stage that it shows of one recipient was reached by that one. What a node that
 * keeps no rules says of itself is its own affair. */
#include <string.h>

#include "check.h"
#include "world.h"

static size_t node_of(const sim_world *world, const char *address)
{
    const char *at = strchr(address, '@'), *org = at == NULL ? address : at + 1;
    size_t index = 0;

    while (index < world->node_count && strcmp(world->nodes[index].org, org) != 0) {
        index++;
    }
    return index;
}

/* Opened is what was shown, exported or handed to a person; of an answer that was lost only the asking is known. */
static bool reached(const sim_world *world, const sim_report *report, size_t recipient, const char *stage)
{
    const uint64_t bit = 1ull << recipient;
    uint8_t id[NRS_HASH_SIZE];
    const sim_sealed *sealed = nrs_hex_decode(id, sizeof id, report->id) == NRS_OK ? sim_oracle_sealed_by_id(world, id) : NULL;

    if (strcmp(stage, "stored") == 0) { /* of one that unlocks on acceptance only the word of it comes before that */
        return recipient == report->sender || report->unlocks || sealed == NULL || (sealed->taken & bit) != 0;
    }
    if (strcmp(stage, "opened") == 0) {
        return ((report->shown | report->showing) & bit) != 0;
    }
    if (strcmp(stage, "accepted") == 0) {
        return (report->accepting & bit) != 0;
    }
    if (strcmp(stage, "declined") == 0) {
        return (report->declining & bit) != 0;
    }
    return strcmp(stage, "withdrawn") != 0 || report->withdrawing;
}

static void receipts(sim_world *world, sim_node *node, sim_report *report, const json_t *rows)
{
    size_t index;
    const json_t *row;

    json_array_foreach(rows, index, row) {
        const char *stage = sim_text_at(row, "stage");
        const size_t recipient = node_of(world, sim_text_at(row, "recipient"));

        if (node->hostile != NULL || stage[0] == '\0' || recipient == world->node_count || world->nodes[recipient].hostile != NULL ||
            world->nodes[recipient].forsaken) {
            continue;
        }
        if (!reached(world, report, recipient, stage)) {
            sim_world_fail(world, "stages", "%s is told that r%zu is %s at %s, which it is not", node->org, (size_t)(report - world->oracle.reports), stage,
                           world->nodes[recipient].org);
        }
    }
}

const sim_checker sim_checker_stages = {.name = "stages", .receipts = receipts};
