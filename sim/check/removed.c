/* Removal binds every node that holds the roster, at once: nothing more is handed to who was removed. That rosters go
 * forward only is seen where they are learnt: check.c. */
#include "check.h"
#include "world.h"

/* What a node says that it holds. */
static void check_heads(sim_world *world, sim_node *node, const nrs_frame *frame)
{
    nrs_hello *hello = NULL;

    if (frame->type == NRS_FRAME_HELLO && nrs_hello_decode(&hello, nrs_field(&frame->payload)) == NRS_OK && hello->n_heads > 0 &&
        hello->heads[0]->version < node->roster_before) {
        sim_world_fail(world, "removed", "%s says that it holds roster %llu and held %llu", node->org,
                       (unsigned long long)hello->heads[0]->version, (unsigned long long)node->roster_before);
    }
    nrs_hello_free(&hello);
}

static void frame(sim_world *world, sim_node *node, sim_connection *connection, unsigned side, const nrs_frame *frame)
{
    const sim_roster_version *roster = sim_rosters_at(&world->rosters, node->roster_version);
    size_t peer = connection->node[1 - side];

    check_heads(world, node, frame);
    if (frame->type == NRS_FRAME_ITEMS && roster != NULL && (roster->members & (1ull << peer)) == 0) {
        sim_world_fail(world, "removed", "%s sends records to %s, which is no member by the roster %llu that it holds", node->org,
                       world->nodes[peer].org, (unsigned long long)node->roster_version);
    }
}

/* In the end all who are in it and reachable hold the newest. */
static void end(sim_world *world)
{
    uint64_t members = sim_rosters_newest(&world->rosters)->members;

    for (size_t i = 0; i < world->node_count; i++) {
        const sim_node *node = &world->nodes[i];

        if ((members & (1ull << i)) != 0 && node->there && !node->hostile && node->roster_version != world->rosters.count && sim_reachable(world)) {
            sim_world_fail(world, "removed", "%s holds roster %llu in the end, and %zu were signed", node->org, (unsigned long long)node->roster_version,
                           world->rosters.count);
        }
    }
}

const sim_checker sim_checker_removed = {.name = "removed", .frame = frame, .end = end};
