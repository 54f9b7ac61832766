/* What a hub has to say to the sources that it does not name leaves in as many digests to each member, of one size (SPEC 6.11): so it is counted, of each
 * step of an honest hub, to whom how many went. To whom they go else, and when, it does not ask. */
#include <string.h>

#include "check.h"
#include "forge.h"
#include "letter.h"
#include "world.h"

#define DIGEST_SIZE 4096u /* the class of its letter */

/* Its first statement is the filler. */
static bool is_digest(const nrs_letter *letter)
{
    nrs_statement *first = NULL;
    const bool found = letter->n_statements > 0 && nrs_statement_decode(&first, nrs_field(&letter->statements[0])) == NRS_OK && first->type == NRS_STATEMENT_FILLER;

    nrs_statement_free(&first);
    return found;
}

static void count_one(sim_world *world, sim_node *node, const nrs_record *record, const nrs_envelope *envelope)
{
    const sim_rosters *rosters = sim_rosters_of(world, envelope->community.data);
    nrs_letter *letter = NULL;
    size_t who, key;

    if (rosters == NULL || !sim_check_key_hash(world, &who, &key, envelope->to.data) || envelope->box.len < DIGEST_SIZE) {
        return;
    }
    if (!sim_letter_open(&letter, &world->nodes[who], nrs_identity_public(node->identity), nrs_field(&record->payload))) {
        node->digests[rosters->index].unread |= 1ull << who;
    } else if (is_digest(letter)) {
        node->digests[rosters->index].count[who]++;
        if (envelope->box.len >= 2 * DIGEST_SIZE) {
            sim_world_fail(world, "digests", "%s sends %s a digest of %zu bytes", node->org, world->nodes[who].org, envelope->box.len);
        }
    }
    nrs_letter_free(&letter);
}

static void record(sim_world *world, sim_node *node, const nrs_log_row *row, const nrs_record *record)
{
    nrs_envelope *envelope = NULL;

    if (node->hub && node->hostile == NULL && record->type == NRS_RECORD_ENVELOPE && row->source.size == 0 &&
        nrs_envelope_verify(&envelope, nrs_field(&record->payload)) == NRS_OK) {
        count_one(world, node, record, envelope);
    }
    nrs_envelope_free(&envelope);
}

/* A member by the roster held before the step and after it, under the keys that are in force there, of whom the hub has a prekey. */
static bool is_due(sim_world *world, sim_node *node, const sim_rosters *rosters, size_t who)
{
    const uint64_t bit = 1ull << who, version = node->held[rosters->index];
    const sim_roster_version *held = sim_rosters_at(rosters, version);
    nrs_recipient recipient;
    bool has;

    if (who == node->index || held == NULL || node->held_before[rosters->index] != version || (sim_roster_agreed(held) & bit) == 0 ||
        held->who.key[who] != world->nodes[who].key || ((node->revoked | node->revoked_before) & bit) != 0) {
        return false;
    }
    sim_disk_hold(&node->disk, true);
    has = sim_forge_recipient(world, node, &world->nodes[who], &recipient);
    sim_disk_hold(&node->disk, false);
    return has;
}

static void check_one(sim_world *world, sim_node *node, const sim_rosters *rosters)
{
    const sim_digests *sent = &node->digests[rosters->index];
    size_t most = 0;

    for (size_t who = 1; who < world->node_count; who++) {
        most = sent->count[who] > sent->count[most] ? who : most;
    }
    for (size_t who = 0; who < world->node_count && sent->count[most] > 0; who++) {
        if ((sent->unread & (1ull << who)) == 0 && sent->count[who] != sent->count[most] && (sent->count[who] > 0 || is_due(world, node, rosters, who))) {
            sim_world_fail(world, "digests", "%s sends %s %u digests of one tick, and %s %u", node->org, world->nodes[most].org, sent->count[most],
                           world->nodes[who].org, sent->count[who]);
        }
    }
    sim_sometimes_add(world, SIM_SOMETIMES_DIGESTS, sent->count[most] > 0 ? 1 : 0);
}

static void stepped(sim_world *world, sim_node *node)
{
    for (size_t c = 0; c < world->community_count && node->hub && node->hostile == NULL && !node->digests_before; c++) {
        check_one(world, node, &world->communities[c]);
    }
    memset(node->digests, 0, sizeof node->digests);
    node->digests_before = false;
}

/* What was committed before it fell is looked at after the start, and is no step of its own. */
static void started(sim_world *world, sim_node *node)
{
    (void)world;
    memset(node->digests, 0, sizeof node->digests);
    node->digests_before = true;
}

const sim_checker sim_checker_digests = {.name = "digests", .record = record, .stepped = stepped, .started = started};
