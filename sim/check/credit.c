/* The order of a link: positions ascend, begin behind what the peer said that it holds, stay within its window, and nobody
 * confirms what was not sent. */
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "hostile.h"
#include "memory.h"
#include "world.h"

#define ITEM_OVERHEAD 32u /* of an item, and of each of its records, against the window (SPEC 10.3) */
#define RECORD_OVERHEAD 8u

static void hello(sim_connection *connection, unsigned side, const nrs_hello *hello)
{
    connection->credit[1 - side].held = hello->position; /* of what the other side is going to send */
    connection->credit[side].greeted = true;
}

/* ---- What flies ---- */

static void fly(sim_credit *credit, uint64_t position, uint64_t size)
{
    if (credit->flight_first > 0 && credit->flight_first + credit->flight_count == credit->flight_capacity) {
        for (size_t i = 0; i < credit->flight_count; i++) {
            credit->flight[i] = credit->flight[credit->flight_first + i];
        }
        credit->flight_first = 0;
    }
    if (credit->flight_count == credit->flight_capacity) {
        credit->flight_capacity = credit->flight_capacity == 0 ? 16 : 2 * credit->flight_capacity;
        credit->flight = sim_grow(credit->flight, credit->flight_capacity * sizeof credit->flight[0]);
    }
    credit->flight[credit->flight_first + credit->flight_count++] = (sim_flight){.position = position, .size = size};
    credit->flight_size += size;
}

static uint64_t size_of(const Nrs__Wire__Item *item)
{
    uint64_t size = ITEM_OVERHEAD;

    for (size_t i = 0; i < item->n_records; i++) {
        size += item->records[i].len + RECORD_OVERHEAD;
    }
    return size;
}

/* One item always may fly. */
static void check_window(sim_world *world, const sim_node *node, sim_credit *credit, uint64_t size)
{
    if (credit->flight_count > 1 && credit->flight_size > credit->window) {
        sim_world_fail(world, "limits", "%s has %llu bytes under way on a link whose window is %llu", node->org, (unsigned long long)credit->flight_size,
                       (unsigned long long)credit->window);
    } else if (credit->flight_size + size > credit->window) {
        sim_sometimes_hit(world, SIM_SOMETIMES_WINDOW_FULL);
    }
}

/* What the peer wants and has confirmed, when it comes: so the node knows no more than is known here. */
static void heard(sim_world *world, sim_node *node, sim_connection *connection, unsigned side, const nrs_frame *frame)
{
    sim_credit *credit = &connection->credit[side];
    nrs_slice payload = nrs_field(&frame->payload);
    nrs_hello *greeting = NULL;
    nrs_confirm *confirm = NULL;

    (void)world;
    (void)node;
    if (frame->type == NRS_FRAME_HELLO && credit->window == 0 && nrs_hello_decode(&greeting, payload) == NRS_OK) {
        if (greeting->peer_log.len == NRS_LOG_ID_SIZE) {
            memcpy(credit->begins_log, greeting->peer_log.data, NRS_LOG_ID_SIZE);
            credit->begins = greeting->position;
        }
        credit->window = greeting->window < NRS_LINK_WINDOW_MIN ? NRS_LINK_WINDOW_MIN : greeting->window > NRS_LINK_WINDOW_MAX ? NRS_LINK_WINDOW_MAX : greeting->window;
    } else if (frame->type == NRS_FRAME_CONFIRM && nrs_confirm_decode(&confirm, payload) == NRS_OK) {
        while (credit->flight_count > 0 && credit->flight[credit->flight_first].position <= confirm->position) {
            credit->flight_size -= credit->flight[credit->flight_first].size;
            credit->flight_first++;
            credit->flight_count--;
        }
        credit->flight_first = credit->flight_count == 0 ? 0 : credit->flight_first;
    }
    nrs_confirm_free(&confirm);
    nrs_hello_free(&greeting);
}

/* ---- What is sent ---- */

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
        if (position <= credit->begins && memcmp(credit->log, credit->begins_log, NRS_LOG_ID_SIZE) == 0) {
            sim_world_fail(world, "credit", "%s sends position %llu to who has said that it holds %llu", node->org, (unsigned long long)position,
                           (unsigned long long)credit->begins);
        } else if (position <= credit->sent) {
            sim_world_fail(world, "credit", "%s sends position %llu after %llu", node->org, (unsigned long long)position, (unsigned long long)credit->sent);
        } else if (position > nrs_store_log_end(node->store)) {
            sim_world_fail(world, "credit", "%s sends position %llu, its log ends at %llu", node->org, (unsigned long long)position,
                           (unsigned long long)nrs_store_log_end(node->store));
        }
        credit->sent = position;
        fly(credit, position, size_of(items->items[i]));
        check_window(world, node, credit, i + 1 < items->n_items ? 0 : size_of(items->items[i]));
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
        memcpy(connection->credit[side].log, greeting->log.data, NRS_LOG_ID_SIZE);
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
        if (world->nodes[connection->node[1 - side]].hostile != NULL) {
            sim_hostile_judged(world, connection, side, confirm->position);
        }
        sim_sometimes_add(world, SIM_SOMETIMES_DEFERRED, confirm->n_deferred);
        sim_sometimes_add(world, SIM_SOMETIMES_REFUSED_RECORD, confirm->n_refusals);
    }
    nrs_confirm_free(&confirm);
    nrs_items_free(&list);
    nrs_hello_free(&greeting);
}

const sim_checker sim_checker_credit = {.name = "credit", .frame = frame, .heard = heard};
