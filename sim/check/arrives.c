/* Everything permitted arrives once the network heals: each report at each of its readers, and each reader's word at the sender. */
#include "check.h"
#include "world.h"

/* Everything goes through hubs: there is one, and all are honest. */
bool sim_reachable(const sim_world *world)
{
    size_t hubs = 0;

    for (size_t i = 0; i < world->options.hubs; i++) {
        if (world->nodes[i].there && world->nodes[i].hostile) {
            return false;
        }
        hubs += world->nodes[i].there ? 1 : 0;
    }
    return hubs > 0;
}

/* Whether this one stood in every roster since the one that a report was sealed under: who was away meanwhile, or is gone, has
 * no claim to what was sent before. */
static bool stayed(const sim_world *world, size_t node, uint64_t version)
{
    for (; version <= world->rosters.count; version++) {
        if ((sim_rosters_at(&world->rosters, version)->members & (1ull << node)) == 0) {
            return false;
        }
    }
    return true;
}

static bool promised(const sim_world *world, const sim_report *report, size_t reader)
{
    const sim_node *node = &world->nodes[reader];
    uint64_t bit = 1ull << reader;

    return (report->readers & bit) != 0 && reader != report->sender && node->there && !node->hostile && (report->forgetting & bit) == 0 &&
           stayed(world, reader, report->version) && stayed(world, report->sender, report->version);
}

/* What had little time may have expired on the way. A clock may be a day wrong; where two of them are further apart than what
 * is made ahead of a clock may be (SPEC 10.4), the one refuses what the other makes. */
static bool had_time(const sim_world *world, const sim_report *report)
{
    return report->expires_ms > sim_world_unix_ms(world) + 3 * NRS_DAY_MS && report->patient &&
           world->highest_offset_ms - world->lowest_offset_ms < (int64_t)NRS_DAY_MS;
}

static void end(sim_world *world)
{
    for (size_t number = 0; number < world->plan.count; number++) {
        const sim_report *report = &world->oracle.reports[number];

        if (report->version == 0 || world->nodes[report->sender].hostile || !had_time(world, report) || !sim_reachable(world)) {
            continue;
        }
        for (size_t i = 0; i < world->node_count; i++) {
            uint64_t bit = 1ull << i;

            if (!promised(world, report, i)) {
                continue;
            }
            if ((report->shown & bit) == 0) {
                sim_world_fail(world, "arrives", "r%zu of %s (%s) does not reach %s", number, world->nodes[report->sender].org,
                               nrs_label_name(report->label), world->nodes[i].org);
            } else if ((report->stored_receipt & report->opened_receipt & bit) == 0 && (report->forgetting & (1ull << report->sender)) == 0) {
                sim_world_fail(world, "arrives", "%s has r%zu and %s has no word of it", world->nodes[i].org, number, world->nodes[report->sender].org);
            }
        }
    }
}

const sim_checker sim_checker_arrives = {.name = "arrives", .end = end};
