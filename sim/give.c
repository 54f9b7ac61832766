/* What a hostile node makes up, on its way: numbered so that it is read, and counted once it was. */
#include <stdlib.h>

#include "frame.h"
#include "hostile.h"
#include "memory.h"
#include "proto/carrier.h"
#include "world.h"

static unsigned side_of(const sim_connection *connection, const sim_node *node)
{
    return connection->node[0] == node->index ? 0 : 1;
}

void sim_hostile_leave(sim_world *world, sim_node *node, nrs_link_id link, nrs_slice bytes, const char *deed)
{
    const sim_connection *connection = sim_network_of_link(world, node, link);
    nrs_frame *frame = NULL;

    if (connection != NULL) {
        sim_frame_sent(world, node, connection, side_of(connection, node), nrs_frame_decode(&frame, bytes) == NRS_OK ? frame : NULL, bytes.size, deed);
        nrs_frame_free(&frame);
        (void)sim_network_send(world, node, link, bytes, world->now_ms);
    }
}

void sim_hostile_withhold(sim_world *world, const sim_node *node, nrs_link_id link, const nrs_frame *frame, const char *deed)
{
    const sim_connection *connection = sim_network_of_link(world, node, link);

    if (connection != NULL) {
        sim_frame_withheld(world, node, connection, side_of(connection, node), frame, deed);
    }
}

void sim_hostile_put(sim_world *world, sim_node *node, nrs_link_id link, nrs_frame_type type, const nrs_bytes *payload, const char *deed)
{
    nrs_frame frame;
    nrs_bytes bytes = {0};

    nrs__wire__frame__init(&frame);
    frame.type = (uint32_t)type;
    frame.payload = nrs_field_of(nrs_slice_of_bytes(payload));
    if (nrs_frame_encode(&bytes, &frame) == NRS_OK) {
        sim_hostile_leave(world, node, link, nrs_slice_of_bytes(&bytes), deed);
    }
    nrs_bytes_wipe(&bytes);
}

static uint64_t highest(nrs_slice payload)
{
    nrs_items *items = NULL;
    uint64_t position = 0;

    if (nrs_items_decode(&items, payload) == NRS_OK) {
        for (size_t i = 0; i < items->n_items; i++) {
            position = items->items[i]->position > position ? items->items[i]->position : position;
        }
    }
    nrs_items_free(&items);
    return position;
}

/* What it makes up is numbered behind all that went before, or it would be taken for old. */
void sim_hostile_note(sim_world *world, const sim_node *node, nrs_link_id link, nrs_slice bytes)
{
    sim_connection *connection = sim_network_of_link(world, node, link);
    nrs_slice payload = {0};
    uint32_t type = 0;
    sim_credit *credit;

    if (connection == NULL || nrs_frame_read(&type, &payload, bytes) != NRS_OK) {
        return;
    }
    credit = &connection->credit[side_of(connection, node)];
    credit->greeted = credit->greeted || type == NRS_FRAME_HELLO;
    if (type == NRS_FRAME_ITEMS) {
        const uint64_t last = highest(payload);

        credit->sent = last > credit->sent ? last : credit->sent;
    }
}

sim_connection *sim_hostile_connection(sim_world *world, const sim_node *node, uint64_t pick, unsigned *side_out)
{
    for (size_t i = 0; i < world->network.count; i++) {
        sim_connection *connection = &world->network.connections[(pick + i) % world->network.count];

        for (unsigned side = 0; side < 2; side++) {
            if (connection->number != 0 && connection->up && connection->open[0] && connection->open[1] && connection->credit[0].greeted &&
                connection->credit[1].greeted && connection->node[side] == node->index &&
                connection->link[side] != 0 && world->nodes[connection->node[1 - side]].hostile == NULL) {
                *side_out = side;
                return connection;
            }
        }
    }
    return NULL;
}

static void remember(sim_node *node, const sim_connection *connection, uint64_t position, sim_sometimes_name counter)
{
    node->hostile->forged[node->hostile->forged_next++ % SIM_FORGED_MAX] =
        (sim_forged){.connection = connection->number, .position = position, .counter = counter};
}

void sim_hostile_arrived(sim_world *world, sim_connection *connection, unsigned side, nrs_slice frame)
{
    sim_credit *credit = &connection->credit[1 - side];
    sim_node *node = &world->nodes[connection->node[1 - side]];
    const uint64_t held = credit->arrived > credit->held ? credit->arrived : credit->held;
    nrs_slice payload = {0};
    uint32_t type = 0;
    uint64_t last;

    if (nrs_frame_read(&type, &payload, frame) != NRS_OK || type != NRS_FRAME_ITEMS) {
        return;
    }
    last = highest(payload);
    for (size_t i = 0; i < SIM_FORGED_MAX; i++) {
        sim_forged *forged = &node->hostile->forged[i];

        if (forged->connection != connection->number || forged->arrived || forged->position != last) {
            continue;
        }
        forged->arrived = true;
        if (last != 0 && last <= held) { /* it is thrown away unread, and this world looked at nothing */
            sim_world_fail(world, "judged", "%s gives %s what it forged under position %llu, and it holds %llu", node->org,
                           world->nodes[connection->node[side]].org, (unsigned long long)last, (unsigned long long)held);
        } else if (last == 0) {
            sim_hostile_judged(world, connection, side, 0); /* what is outside the order is confirmed by nobody */
        }
    }
    credit->arrived = last > credit->arrived ? last : credit->arrived;
}

void sim_hostile_judged(sim_world *world, const sim_connection *connection, unsigned side, uint64_t position)
{
    sim_node *node = &world->nodes[connection->node[1 - side]];

    for (size_t i = 0; i < SIM_FORGED_MAX; i++) {
        sim_forged *forged = &node->hostile->forged[i];

        if (forged->connection == connection->number && forged->arrived && forged->position <= position) {
            if (forged->counter != SIM_UNCOUNTED) {
                sim_sometimes_hit(world, forged->counter);
            }
            *forged = (sim_forged){.counter = SIM_UNCOUNTED};
        }
    }
}

/* What it made up, in the words of what is counted. */
static void put_own(sim_world *world, sim_node *node, nrs_link_id link, const nrs_bytes *payload, sim_sometimes_name counter)
{
    char deed[SIM_FRAME_TEXT];

    (void)snprintf(deed, sizeof deed, counter == SIM_UNCOUNTED ? "of its own" : "of its own: %s", counter == SIM_UNCOUNTED ? "" : sim_sometimes_words(counter));
    sim_hostile_put(world, node, link, NRS_FRAME_ITEMS, payload, deed);
}

/* Its positions go on from the last that went over the connection, so that the items are not taken for old ones. */
static bool give(sim_world *world, sim_node *node, uint64_t pick, const nrs_slice *records, size_t count, bool one_item, sim_sometimes_name counter)
{
    unsigned side = 0;
    sim_connection *connection = sim_hostile_connection(world, node, pick, &side);
    Nrs__Wire__Item *list = sim_alloc(count, sizeof *list), **pointers = sim_alloc(count, sizeof(Nrs__Wire__Item *));
    ProtobufCBinaryData *fields = sim_alloc(count, sizeof *fields);
    nrs_items items;
    nrs_bytes payload = {0};
    bool given = false;

    nrs__wire__items__init(&items);
    for (size_t i = 0; i < count && connection != NULL; i++) {
        sim_credit *credit = &connection->credit[side];

        fields[i] = nrs_field_of(records[i]);
        if (i == 0 || !one_item) {
            nrs__wire__item__init(&list[items.n_items]);
            credit->sent = (credit->sent > credit->held ? credit->sent : credit->held) + 1;
            list[items.n_items].position = credit->sent;
            list[items.n_items].records = &fields[i];
            pointers[items.n_items] = &list[items.n_items];
            items.n_items++;
        }
        list[items.n_items - 1].n_records++;
    }
    items.items = pointers;
    if (connection != NULL && nrs_items_encode(&payload, &items) == NRS_OK) {
        remember(node, connection, connection->credit[side].sent, counter);
        put_own(world, node, connection->link[side], &payload, counter);
        given = true;
    }
    nrs_bytes_wipe(&payload);
    free(fields);
    free(pointers);
    free(list);
    return given;
}

bool sim_hostile_give(sim_world *world, sim_node *node, uint64_t pick, const nrs_slice *records, size_t count, sim_sometimes_name counter)
{
    return give(world, node, pick, records, count, true, counter);
}

bool sim_hostile_give_each(sim_world *world, sim_node *node, uint64_t pick, const nrs_slice *records, size_t count, sim_sometimes_name counter)
{
    return give(world, node, pick, records, count, false, counter);
}

bool sim_hostile_give_loose(sim_world *world, sim_node *node, uint64_t pick, nrs_slice record, sim_sometimes_name counter)
{
    unsigned side = 0;
    sim_connection *connection = sim_hostile_connection(world, node, pick, &side);
    ProtobufCBinaryData field = nrs_field_of(record);
    Nrs__Wire__Item item, *list[1] = {&item};
    nrs_items items;
    nrs_bytes payload = {0};
    bool given = false;

    nrs__wire__items__init(&items);
    nrs__wire__item__init(&item);
    item.records = &field;
    item.n_records = 1;
    items.items = list;
    items.n_items = 1;
    if (connection != NULL && nrs_items_encode(&payload, &items) == NRS_OK) {
        remember(node, connection, 0, counter);
        put_own(world, node, connection->link[side], &payload, counter);
        given = true;
    }
    nrs_bytes_wipe(&payload);
    return given;
}

sim_node *sim_hostile_across(sim_world *world, const sim_node *node, uint64_t pick)
{
    unsigned side = 0;
    const sim_connection *connection = sim_hostile_connection(world, node, pick, &side);

    return connection == NULL ? NULL : &world->nodes[connection->node[1 - side]];
}
