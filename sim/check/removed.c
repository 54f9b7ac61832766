/* Removal binds every node that holds the roster, at once: nothing more is handed to who was removed. That rosters go
 * forward only is seen where they are learnt: check.c. */
#include "check.h"
#include "world.h"

/* What a node says that it holds. */
static void check_heads(sim_world *world, sim_node *node, const nrs_frame *frame)
{
    nrs_hello *hello = NULL;

    if (frame->type != NRS_FRAME_HELLO || nrs_hello_decode(&hello, nrs_field(&frame->payload)) != NRS_OK) {
        return;
    }
    for (size_t i = 0; i < hello->n_heads; i++) {
        const sim_rosters *rosters = sim_rosters_of(world, hello->heads[i]->community.data);

        if (rosters != NULL && hello->heads[i]->version < node->held_before[rosters->index]) {
            sim_world_fail(world, "removed", "%s says that it holds roster %llu of @%s and held %llu", node->org,
                           (unsigned long long)hello->heads[i]->version, rosters->id, (unsigned long long)node->held_before[rosters->index]);
        }
    }
    nrs_hello_free(&hello);
}

/* Who stands on one side of a fork alone is told of it, and handed nothing else. */
static bool any_frozen(const sim_world *world, const sim_node *node)
{
    bool found = false;

    for (size_t i = 0; i < world->community_count; i++) {
        found = found || sim_check_frozen(node, &world->communities[i]);
    }
    return found;
}

/* Whether the two have a community in common by the rosters that the node holds. in_order: when it is about more than rosters. */
static bool share_one(const sim_world *world, const sim_node *node, size_t peer, bool in_order)
{
    for (size_t i = 0; i < world->community_count; i++) {
        const sim_roster_version *roster = sim_rosters_at(&world->communities[i], node->held[i]);
        uint64_t both = 1ull << peer | 1ull << node->index;
        const bool agreed = in_order && sim_check_frozen(node, &world->communities[i]);

        if (roster != NULL && ((agreed ? sim_roster_agreed(roster) : sim_roster_members(roster)) & both) == both) {
            return true;
        }
    }
    return false;
}

static void frame(sim_world *world, sim_node *node, sim_connection *connection, unsigned side, const nrs_frame *frame)
{
    size_t peer = world->nodes[connection->node[1 - side]].owner;

    check_heads(world, node, frame);
    if (frame->type == NRS_FRAME_ITEMS && !share_one(world, node, peer, any_frozen(world, node) && sim_check_in_order(frame))) {
        sim_world_fail(world, "removed", "%s sends records to %s, which is no member by the rosters that it holds", node->org, world->nodes[peer].org);
    }
}

/* In the end all who are in it and reachable hold the newest. */
static void end(sim_world *world)
{
    for (size_t c = 0; c < world->community_count; c++) {
        const sim_rosters *rosters = &world->communities[c];
        uint64_t members = sim_rosters_newest(rosters)->who.members;

        for (size_t i = 0; i < world->node_count; i++) {
            const sim_node *node = &world->nodes[i];

            if ((members & (1ull << i)) != 0 && node->there && !node->hostile && !node->forsaken && node->held[c] != rosters->count && sim_reachable(world, rosters)) {
                sim_world_fail(world, "removed", "%s holds roster %llu of @%s in the end, and %zu were signed", node->org,
                               (unsigned long long)node->held[c], rosters->id, rosters->count);
            }
        }
    }
}

const sim_checker sim_checker_removed = {.name = "removed", .frame = frame, .end = end};
