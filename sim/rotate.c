#include "rotate.h"

#include <string.h>

#include "keys/change.h"
#include "world.h"

/* ---- The organisation ---- */

/* One former key at a time: while one still receives by some roster, the keys are changed no further. */
static bool in_grace(const sim_world *world, const sim_node *node)
{
    for (size_t c = 0; c < world->community_count; c++) {
        const sim_rosters *rosters = &world->communities[c];
        const sim_members *who = &sim_rosters_newest(rosters)->who;

        if (node->key > 0 && who->key[node->index] == node->key && (who->members & (1ull << node->index)) != 0 &&
            (who->served[node->index] & (1u << (node->key - 1))) != 0 &&
            rosters->served_ms[node->index][node->key - 1] + NRS_SUCCEEDED_GRACE_MS > sim_world_unix_ms(world)) {
            return true;
        }
    }
    return false;
}

/* An old copy of the disk would be without them, so that there is a new one at once, or none. */
static void make(sim_world *world, sim_node *node)
{
    sim_keys *next = &node->keys[node->key_count];

    sim_node_make_keys(world, node);
    NRS_ASSERT(nrs_change_succeed(&next->succession, node->identity, next->identity, nrs_slice_of_bytes(&next->card), sim_node_now_ms(world, node)) == NRS_OK);
    if (node->copy != NULL) {
        sim_node_copy(node);
    }
}

static void leave(sim_world *world, sim_node *node)
{
    char name[NRS_NAME_SIZE_MAX + 16];

    (void)snprintf(name, sizeof name, "%s.succession", node->org);
    sim_node_leave_file(world, node, name, "SUCCESSION", nrs_slice_of_bytes(&node->keys[node->key + 1].succession));
}

void sim_rotate_resume(sim_world *world, sim_node *node)
{
    if (node->key + 1 < node->key_count) {
        leave(world, node);
    }
}

/* Of the newest that there are: of keys in both hands, or revoked, no others come after them. */
static bool may_change(const sim_world *world, const sim_node *node)
{
    return node->there && node->hostile == NULL && !node->forsaken && (world->revoked & (1ull << node->index)) == 0;
}

void sim_rotate_announce(sim_world *world, const sim_act *act)
{
    sim_node *node = &world->nodes[act->who % world->node_count];
    const bool prepared = node->key + 1 < node->key_count;

    if (!may_change(world, node) || node->core == NULL) {
        return;
    }
    if (!prepared && in_grace(world, node)) {
        sim_trace_line(world, node, "is refused another change of keys");
        sim_sometimes_hit(world, SIM_SOMETIMES_ROTATE_REFUSED);
        return;
    }
    if (!prepared && node->key_count == SIM_KEYS_MAX) {
        return;
    }
    if (!prepared) {
        make(world, node);
    }
    sim_trace_line(world, node, "announces new keys%s", prepared ? " once more" : "");
    sim_sometimes_hit(world, prepared ? SIM_SOMETIMES_ROTATED_AGAIN : SIM_SOMETIMES_ROTATED);
    leave(world, node);
}

/* ---- The secretariats ---- */

/* The secretariat sits at another node than whose keys change. */
void sim_rotate_file(sim_world *world, const sim_node *node, const char *path)
{
    char name[NRS_KEY_NAME_SIZE + 32], key_name[NRS_KEY_NAME_SIZE];

    if (node->hostile != NULL || strncmp(path, "changes/", 8) != 0) {
        return;
    }
    for (size_t i = 0; i < world->node_count; i++) {
        for (size_t key = 0; key + 1 < world->nodes[i].key_count && i != node->index; key++) {
            nrs_key_name(key_name, nrs_identity_public(world->nodes[i].keys[key].identity)->sign_key);
            (void)snprintf(name, sizeof name, "changes/%s.succession", key_name);
            for (size_t c = 0; c < world->community_count && strcmp(name, path) == 0; c++) {
                world->announced[c] |= node->held[c] != 0 && key + 2 == world->nodes[i].key_count ? 1ull << i : 0;
            }
        }
    }
}

/* Out: node_out: whose turn it is, from this one on. */
static bool next_to_follow(const sim_world *world, const sim_rosters *rosters, size_t *node_out, uint64_t pick)
{
    const sim_members *who = &sim_rosters_newest(rosters)->who;

    for (size_t i = 0; i < world->node_count; i++) {
        const size_t index = (size_t)((pick + i) % world->node_count);
        const sim_node *node = &world->nodes[index];
        const uint64_t bit = 1ull << index;

        if ((who->members & world->announced[rosters->index] & bit) != 0 && may_change(world, node) && who->key[index] + 2u == node->key_count) {
            *node_out = index;
            return true;
        }
    }
    return false;
}

static void publish(sim_world *world, const sim_rosters *rosters, uint64_t pick)
{
    for (size_t i = 0; i < world->options.hubs; i++) {
        const size_t hub = (size_t)((pick + i) % world->options.hubs);

        if ((rosters->hubs & (1ull << hub)) != 0 && world->nodes[hub].there && world->nodes[hub].hostile == NULL) {
            sim_rosters_give(world, rosters, hub);
            return;
        }
    }
}

static void follow(sim_world *world, sim_rosters *rosters, size_t node, uint64_t pick)
{
    if (sim_rosters_succeed(world, rosters, node, sim_rosters_newest(rosters)->who.key[node] + 1u)) {
        sim_trace_line(world, NULL, "@%s follows the change of keys of %s", rosters->id, world->nodes[node].org);
        sim_sometimes_hit(world, SIM_SOMETIMES_FOLLOWED);
        publish(world, rosters, pick);
    }
}

/* By the rule that whoever announces goes by as well: a roster may have been behind. */
static bool second_too_early(const sim_world *world, const sim_rosters *rosters, size_t node)
{
    const sim_members *who = &sim_rosters_newest(rosters)->who;
    const size_t key = who->key[node];

    return key > 0 && (who->served[node] & (1u << (key - 1))) != 0 &&
           rosters->served_ms[node][key - 1] + NRS_SUCCEEDED_GRACE_MS > sim_world_unix_ms(world);
}

/* Most times the secretariats of both communities do so at once. */
void sim_rotate_follow(sim_world *world, const sim_act *act)
{
    size_t node;

    for (size_t i = 0; i < (act->c % 4 == 0 ? 1 : world->community_count); i++) {
        sim_rosters *rosters = &world->communities[(act->b + i) % world->community_count];

        if (next_to_follow(world, rosters, &node, act->who) && !second_too_early(world, rosters, node)) {
            follow(world, rosters, node, act->a);
        }
    }
}

/* Whether this one takes the new keys for what they are when they come to it: else it refuses what those before had made, and passes over what was
 * for them. A copy of a disk may be put back and have forgotten it. */
static bool is_prepared(const sim_world *world, const sim_rosters *rosters, const sim_node *other, const sim_node *node)
{
    const sim_roster_version *held = sim_rosters_at(rosters, other->held[rosters->index]);
    const bool hub = (rosters->hubs & (1ull << other->index)) != 0;

    return other->copy == NULL && !other->put_back && other->heard[node->index] >= node->key &&
           (!hub || world->community_count == 1 || (held != NULL && held->who.key[node->index] >= node->key));
}

void sim_rotate_taken_up(sim_world *world, sim_node *node)
{
    for (size_t c = 0; c < world->community_count; c++) {
        const sim_rosters *rosters = &world->communities[c];
        const uint64_t members = sim_rosters_newest(rosters)->who.members | rosters->hubs;

        for (size_t i = 0; i < world->node_count; i++) {
            const sim_node *other = &world->nodes[i];

            if ((members & (1ull << i)) != 0 && other->there && other->hostile == NULL && i != node->index && !is_prepared(world, rosters, other, node)) {
                node->ahead |= 1ull << c;
            }
        }
    }
    if (node->ahead == 0) {
        sim_sometimes_hit(world, SIM_SOMETIMES_ALL_PREPARED);
    }
}

/* ---- At the end ---- */

/* No hub is there under keys whose announcement it has heard: a roster names others, and not where they are, unless it is linked with them. */
static bool lost_its_hubs(sim_world *world, const sim_rosters *rosters, const sim_node *node)
{
    const sim_members *newest = &sim_rosters_newest(rosters)->who;
    const sim_roster_version *held = sim_rosters_at(rosters, node->held[rosters->index]);

    for (size_t i = 0; i < world->options.hubs; i++) {
        if ((rosters->hubs & newest->members & (1ull << i)) != 0 && world->nodes[i].there &&
            (held == NULL || node->heard[i] >= newest->key[i] ||
             (held->who.key[i] >= newest->key[i] && sim_network_between(world, node->index, i) != NULL))) {
            return false;
        }
    }
    return true;
}

/* Its own keys were followed, and whoever still knew it by the old ones does so no more, or may have forgotten what it announced. */
static bool nobody_waits(const sim_world *world, const sim_rosters *rosters, const sim_node *node)
{
    bool forgotten = false;

    for (size_t i = 0; i < world->node_count; i++) {
        forgotten = forgotten || world->nodes[i].put_back;
    }
    return node->key < sim_rosters_newest(rosters)->who.key[node->index] &&
           (forgotten || !sim_rosters_bridged(rosters, node->index, node->key, sim_world_unix_ms(world) + NRS_DAY_MS));
}

/* It went over by the roster of one community before it had the other's, whose members are strangers to its new keys until it has it. */
static bool missed_its_own(const sim_rosters *rosters, const sim_node *node)
{
    const sim_roster_version *held = sim_rosters_at(rosters, node->held[rosters->index]);

    return held != NULL && held->who.key[node->index] < node->key;
}

void sim_rotate_invite(sim_world *world)
{
    for (size_t c = 0; c < world->community_count; c++) {
        const sim_rosters *rosters = &world->communities[c];

        for (size_t i = 0; i < world->node_count; i++) {
            const sim_node *node = &world->nodes[i];

            if ((sim_rosters_newest(rosters)->who.members & (1ull << i)) != 0 &&
                (lost_its_hubs(world, rosters, node) || nobody_waits(world, rosters, node) || missed_its_own(rosters, node))) {
                sim_rosters_invite(world, rosters, i);
            }
        }
    }
}

void sim_rotate_mend(sim_world *world)
{
    for (size_t c = 0; c < world->community_count; c++) {
        sim_rosters *rosters = &world->communities[c];

        for (size_t i = 0; i < world->node_count; i++) {
            const sim_members *who = &sim_rosters_newest(rosters)->who;
            const sim_members *other = &sim_rosters_newest(&world->communities[world->community_count - 1 - c])->who;

            if ((who->members & (1ull << i)) != 0 && (world->nodes[i].key > who->key[i] || other->key[i] > who->key[i])) {
                follow(world, rosters, i, 0);
            }
        }
    }
    sim_rotate_invite(world);
}
