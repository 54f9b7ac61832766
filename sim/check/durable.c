/* Confirmed means durable: what a node has confirmed to a peer, promised to a person or committed is there after any crash. */
#include <string.h>

#include "check.h"
#include "world.h"

/* Positions count under the name of a log; under another one it is heard from the beginning, and may end sooner for this node (SPEC 10.2). */
static void confirmed(sim_node *node, const sim_node *peer, const uint8_t log[NRS_LOG_ID_SIZE], uint64_t position)
{
    uint64_t *before = &node->confirmed[peer->index];

    if (memcmp(node->confirmed_log[peer->index], log, NRS_LOG_ID_SIZE) != 0) {
        memcpy(node->confirmed_log[peer->index], log, NRS_LOG_ID_SIZE);
        *before = 0;
    }
    *before = position > *before ? position : *before;
}

static void frame(sim_world *world, sim_node *node, sim_connection *connection, unsigned side, const nrs_frame *frame)
{
    sim_node *peer = &world->nodes[connection->node[1 - side]];
    nrs_confirm *confirm = NULL;
    nrs_hello *hello = NULL;

    if (frame->type == NRS_FRAME_HELLO && nrs_hello_decode(&hello, nrs_field(&frame->payload)) == NRS_OK) {
        memcpy(connection->log[side], hello->log.data, NRS_LOG_ID_SIZE);
        memcpy(node->said_log, hello->log.data, NRS_LOG_ID_SIZE);
    } else if (frame->type == NRS_FRAME_CONFIRM && nrs_confirm_decode(&confirm, nrs_field(&frame->payload)) == NRS_OK && !peer->hostile) {
        confirmed(node, peer, connection->log[1 - side], confirm->position);
    }
    nrs_hello_free(&hello);
    nrs_confirm_free(&confirm);
}

static void check_confirmed(sim_world *world, sim_node *node)
{
    for (size_t i = 0; i < world->node_count; i++) {
        const sim_node *peer = &world->nodes[i];
        uint8_t log[NRS_LOG_ID_SIZE];
        uint64_t position = 0;
        nrs_error error = nrs_store_held_get(node->store, log, &position, nrs_identity_public(peer->identity)->sign_key);
        const bool renamed = error == NRS_OK && memcmp(log, node->confirmed_log[i], sizeof log) != 0 && memcmp(log, peer->said_log, sizeof log) == 0; /* of that one it has confirmed nothing yet */

        if (error != NRS_OK || (!renamed && position < node->confirmed[i] && !peer->put_back)) {
            sim_world_fail(world, "durable", "%s has confirmed position %llu to %s and holds %llu after its start", node->org,
                           (unsigned long long)node->confirmed[i], peer->org, (unsigned long long)position);
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
