/* Confirmed means durable: what a node has confirmed to a peer, promised to a person or committed is there after any crash. */
#include "check.h"
#include "world.h"

static void frame(sim_world *world, sim_node *node, sim_connection *connection, unsigned side, const nrs_frame *frame)
{
    sim_node *peer = &world->nodes[connection->node[1 - side]];
    nrs_confirm *confirm = NULL;

    if (frame->type == NRS_FRAME_CONFIRM && nrs_confirm_decode(&confirm, nrs_field(&frame->payload)) == NRS_OK && !peer->hostile) {
        node->confirmed[peer->index] = confirm->position > node->confirmed[peer->index] ? confirm->position : node->confirmed[peer->index];
    }
    nrs_confirm_free(&confirm);
}

static void check_confirmed(sim_world *world, sim_node *node)
{
    for (size_t i = 0; i < world->node_count; i++) {
        uint8_t incarnation[NRS_LOG_ID_SIZE];
        uint64_t position = 0;
        nrs_error error = nrs_store_held_get(node->store, incarnation, &position, nrs_identity_public(world->nodes[i].identity)->sign_key);

        if (error != NRS_OK || (position < node->confirmed[i] && !world->nodes[i].put_back)) {
            sim_world_fail(world, "durable", "%s has confirmed position %llu to %s and holds %llu after its start", node->org,
                           (unsigned long long)node->confirmed[i], world->nodes[i].org, (unsigned long long)position);
        }
    }
}

static void check_promised(sim_world *world, sim_node *node)
{
    for (size_t number = 0; number < world->plan.count && !node->put_back; number++) {
        const sim_report *report = &world->oracle.reports[number];
        uint8_t id[NRS_HASH_SIZE];
        uint64_t position = 0;

        if (report->state != SIM_REPORT_SENT || report->sender != node->index || nrs_hex_decode(id, sizeof id, report->id) != NRS_OK) {
            continue;
        }
        if (nrs_store_log_find(node->store, &position, id) != NRS_OK || position == 0) {
            sim_world_fail(world, "durable", "%s has answered that r%zu is sent and does not hold it after its start", node->org, number);
        }
    }
}

static void started(sim_world *world, sim_node *node)
{
    uint64_t end = nrs_store_log_end(node->store);

    if (node->hostile != NULL) {
        return; /* what it said of itself counts for nothing, and its log is its own affair */
    }
    if (end < node->seen_position) {
        sim_world_fail(world, "durable", "%s had committed its log up to %llu and holds %llu after its start", node->org,
                       (unsigned long long)node->seen_position, (unsigned long long)end);
        return;
    }
    check_confirmed(world, node);
    check_promised(world, node);
}

const sim_checker sim_checker_durable = {.name = "durable", .frame = frame, .started = started};
