/* Two reports under one number are proven: a hub that took both holds the proof, and so do the other hubs and who was sent one of
 * them. Nobody honest is ever accused. */
#include <string.h>

#include "check.h"
#include "store/stream.h"
#include "world.h"

typedef struct search { const sim_pair *pair; sim_world *world; const sim_node *node; bool found; } search;

static bool names(const nrs_equivocation_row *row, const sim_pair *pair, size_t first)
{
    return memcmp(row->ids[0], pair->id[first], NRS_HASH_SIZE) == 0 && memcmp(row->ids[1], pair->id[1 - first], NRS_HASH_SIZE) == 0;
}

static nrs_error look(void *context, const nrs_equivocation_row *row)
{
    search *job = context;
    size_t accused = sim_check_node_of_key(job->world, row->originator);

    if (accused == job->world->node_count || (job->world->nodes[accused].hostile == NULL && !job->world->nodes[accused].forsaken)) {
        sim_world_fail(job->world, "proven", "%s holds a proof against %s, which has kept to its numbers", job->node->org,
                       accused == job->world->node_count ? "somebody unknown" : job->world->nodes[accused].org);
    }
    if (job->pair != NULL && (names(row, job->pair, 0) || names(row, job->pair, 1))) {
        job->found = true;
        sim_sometimes_hit(job->world, SIM_SOMETIMES_PROVEN);
    }
    return NRS_OK;
}

static bool holds_proof(sim_world *world, const sim_node *node, const sim_pair *pair)
{
    search job = {.pair = pair, .world = world, .node = node};

    if (node->core == NULL || nrs_store_equivocation_each(node->store, look, &job) != NRS_OK) {
        sim_world_fail(world, "proven", "%s: its proofs cannot be read", node->org);
    }
    return job.found;
}

static bool has_both(const sim_node *node, const sim_pair *pair)
{
    uint64_t first = 0, second = 0;

    return nrs_store_log_find(node->store, &first, pair->id[0]) == NRS_OK && nrs_store_log_find(node->store, &second, pair->id[1]) == NRS_OK &&
           first != 0 && second != 0;
}

/* A hub remembers what it took since it started. */
static void check_pair(sim_world *world, const sim_pair *pair)
{
    const sim_rosters *rosters = &world->communities[pair->community];
    uint64_t members = sim_rosters_newest(rosters)->who.members;
    const sim_node *victim = &world->nodes[pair->victim];
    bool proven = false;

    for (size_t i = 0; i < world->node_count; i++) {
        const sim_node *node = &world->nodes[i];
        bool hub = (rosters->hubs & members & (1ull << i)) != 0;

        if (!hub || node->hostile != NULL || node->core == NULL || !has_both(node, pair)) {
            continue;
        }
        if (holds_proof(world, node, pair)) {
            proven = true;
        } else if (node->up_ms < pair->given_ms && node->failed_ms < pair->given_ms) {
            sim_world_fail(world, "proven", "%s has taken two reports of %s under one number, and no proof", node->org, world->nodes[pair->maker].org);
        }
    }
    if (proven && sim_reachable(world, rosters) && victim->hostile == NULL && !victim->forsaken && victim->core != NULL && (members & (1ull << pair->victim)) != 0 &&
        sim_clocks_right(world) && has_both(victim, pair) && !holds_proof(world, victim, pair)) {
        sim_world_fail(world, "proven", "%s was sent one of two reports under one number, and never heard that there are two", victim->org);
    }
}

static void end(sim_world *world)
{
    for (size_t i = 0; i < world->oracle.pair_count; i++) {
        check_pair(world, &world->oracle.pairs[i]);
    }
    for (size_t i = 0; i < world->node_count; i++) {
        if (world->nodes[i].core != NULL && world->nodes[i].hostile == NULL) {
            (void)holds_proof(world, &world->nodes[i], NULL);
        }
    }
}

const sim_checker sim_checker_proven = {.name = "proven", .end = end};
