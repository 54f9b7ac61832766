/* The order of a link: positions ascend, begin behind what the peer said that it holds, stay within its window, and nobody
 * confirms what was not sent. */
#include "check.h"
#include "world.h"

static void hello(sim_connection *connection, unsigned side, const nrs_hello *hello)
{
    connection->credit[1 - side].held = hello->position; /* of what the other side is going to send */
    connection->credit[side].greeted = true;
}

/* Rosters, proofs that there are two, and nothing else go outside the order. */
static void loose(sim_world *world, const sim_node *node, const Nrs__Wire__Item *item)
{
    for (size_t i = 0; i < item->n_records; i++) {
        nrs_record *record = NULL;

        if (nrs_record_decode(&record, nrs_field(&item->records[i])) == NRS_OK && record->type != NRS_RECORD_ROSTER &&
            record->type != NRS_RECORD_ROSTER_DELTA && record->type != NRS_RECORD_FORK) {
            sim_world_fail(world, "credit", "%s sends a record of type %u outside its log", node->org, record->type);
        }
        nrs_record_free(&record);
    }
}

static void items(sim_world *world, sim_node *node, sim_connection *connection, unsigned side, const nrs_items *items)
{
    sim_credit *credit = &connection->credit[side];

    for (size_t i = 0; i < items->n_items; i++) {
        uint64_t position = items->items[i]->position;

        if (position == 0) { /* outside the log (SPEC 10.3) */
            loose(world, node, items->items[i]);
            continue;
        }
        if (position <= credit->sent) {
            sim_world_fail(world, "credit", "%s sends position %llu after %llu", node->org, (unsigned long long)position, (unsigned long long)credit->sent);
        } else if (position > nrs_store_log_end(node->store)) {
            sim_world_fail(world, "credit", "%s sends position %llu, its log ends at %llu", node->org, (unsigned long long)position,
                           (unsigned long long)nrs_store_log_end(node->store));
        }
        credit->sent = position;
    }
}

static void frame(sim_world *world, sim_node *node, sim_connection *connection, unsigned side, const nrs_frame *frame)
{
    nrs_slice payload = nrs_field(&frame->payload);
    nrs_hello *greeting = NULL;
    nrs_items *list = NULL;
    nrs_confirm *confirm = NULL;

    if (frame->type == NRS_FRAME_HELLO && nrs_hello_decode(&greeting, payload) == NRS_OK) {
        if (connection->credit[side].greeted) {
            sim_world_fail(world, "credit", "%s greets twice on one link", node->org);
        }
        if (greeting->position > 0) {
            sim_sometimes_hit(world, SIM_SOMETIMES_RESUMED);
        }
        hello(connection, side, greeting);
    } else if (frame->type == NRS_FRAME_ITEMS && nrs_items_decode(&list, payload) == NRS_OK) {
        items(world, node, connection, side, list);
    } else if (frame->type == NRS_FRAME_CONFIRM && nrs_confirm_decode(&confirm, payload) == NRS_OK) {
        const sim_credit *peer = &connection->credit[1 - side];
        uint64_t most = peer->sent > peer->held ? peer->sent : peer->held;

        if (confirm->position > most && !world->nodes[connection->node[1 - side]].hostile) {
            sim_world_fail(world, "credit", "%s confirms %llu, %s has sent %llu", node->org, (unsigned long long)confirm->position,
                           world->nodes[connection->node[1 - side]].org, (unsigned long long)most);
        }
        sim_sometimes_add(world, SIM_SOMETIMES_DEFERRED, confirm->n_deferred);
        sim_sometimes_add(world, SIM_SOMETIMES_REFUSED_RECORD, confirm->n_refusals);
    }
    nrs_confirm_free(&confirm);
    nrs_items_free(&list);
    nrs_hello_free(&greeting);
}

const sim_checker sim_checker_credit = {.name = "credit", .frame = frame};
