#include "network.h"

#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "hostile.h"
#include "memory.h"
#include "picture.h"
#include "world.h"

#define QUEUED_FRAMES_MAX 1024u   /* as the daemon's send high-water mark */
#define BLOCKED_MS_MAX 60000u     /* a heartbeat's time to live: then a connection that lets nothing through ends */
#define BLOCKED_LOOK_MS 500u
#define PURPOSE_NETWORK 0x6e37

void sim_network_init(sim_world *world)
{
    sim_network *network = &world->network;

    network->random = sim_random_of(world->options.seed, PURPOSE_NETWORK, 0);
    network->latency_ms = sim_random_between(&network->random, 1, 40);
    network->jitter_ms = sim_random_between(&network->random, 1, 30);
    network->bytes_per_ms = sim_random_between(&network->random, 100, 20000);
    network->loss_per_mille = (world->options.faults & SIM_FAULTS_NETWORK) != 0 ? (unsigned)sim_random_below(&network->random, 100) : 0;
}

static void clear(sim_direction *direction)
{
    while (direction->count > 0) {
        nrs_bytes_wipe(&direction->frames[direction->first].bytes);
        direction->first = (direction->first + 1) % direction->capacity;
        direction->count--;
    }
    direction->size = 0;
}

static void release(sim_connection *connection)
{
    for (unsigned side = 0; side < 2; side++) {
        clear(&connection->to[side]);
        free(connection->to[side].frames);
        free(connection->credit[side].flight);
    }
    memset(connection, 0, sizeof *connection);
}

void sim_network_wipe(sim_network *network)
{
    for (size_t i = 0; i < network->count; i++) {
        release(&network->connections[i]);
    }
    free(network->connections);
    memset(network, 0, sizeof *network);
}

/* ---- What stands in the way ---- */

void sim_network_condition(sim_world *world, sim_condition condition)
{
    sim_network *network = &world->network;

    if (network->condition_count < SIM_CONDITIONS_MAX) {
        network->conditions[network->condition_count++] = condition;
    }
}

void sim_network_heal(sim_world *world)
{
    world->network.condition_count = 0;
    world->network.loss_per_mille = 0;
}

/* Out: by_out: what parts the two, or NULL; borrowed until the next call. */
static bool parted_by(sim_world *world, size_t from, size_t to, uint64_t *delay_ms_out, const sim_condition **by_out)
{
    sim_network *network = &world->network;
    size_t kept = 0;

    *by_out = NULL;
    *delay_ms_out = 0;
    for (size_t i = 0; i < network->condition_count; i++) {
        const sim_condition condition = network->conditions[i];

        if (condition.until_ms <= world->now_ms) {
            continue;
        }
        network->conditions[kept] = condition;
        if ((condition.from & (1ull << from)) != 0 && (condition.to & (1ull << to)) != 0) {
            *by_out = *by_out == NULL && condition.delay_ms == 0 ? &network->conditions[kept] : *by_out;
            *delay_ms_out += condition.delay_ms;
        }
        kept++;
    }
    network->condition_count = kept;
    return *by_out != NULL;
}

static bool blocked(sim_world *world, size_t from, size_t to, uint64_t *delay_ms_out)
{
    const sim_condition *by;

    return parted_by(world, from, to, delay_ms_out, &by);
}

/* ---- Connections ---- */

sim_connection *sim_network_of_link(sim_world *world, const sim_node *node, nrs_link_id link)
{
    for (size_t i = 0; link != 0 && i < world->network.count; i++) {
        sim_connection *connection = &world->network.connections[i];

        for (unsigned side = 0; side < 2; side++) {
            if (connection->number != 0 && connection->open[side] && connection->node[side] == node->index && connection->link[side] == link) {
                return connection;
            }
        }
    }
    return NULL;
}

sim_connection *sim_network_between(sim_world *world, size_t a, size_t b)
{
    for (size_t i = 0; i < world->network.count; i++) {
        sim_connection *connection = &world->network.connections[i];

        if (connection->number != 0 && connection->up && connection->open[0] && connection->open[1] &&
            ((connection->node[0] == a && connection->node[1] == b) || (connection->node[0] == b && connection->node[1] == a))) {
            return connection;
        }
    }
    return NULL;
}

static size_t slot_of(const sim_world *world, const sim_connection *connection)
{
    return (size_t)(connection - world->network.connections);
}

uint64_t sim_network_connect(sim_world *world, size_t from, size_t to, const uint8_t curve_key[NRS_KEY_SIZE])
{
    sim_network *network = &world->network;
    sim_connection *connection = NULL;
    uint64_t there_ms, back_ms;
    bool parted = blocked(world, from, to, &there_ms);

    if (blocked(world, to, from, &back_ms) || parted || world->nodes[to].core == NULL) {
        return 0;
    }
    for (size_t i = 0; i < network->count && connection == NULL; i++) {
        connection = network->connections[i].number == 0 ? &network->connections[i] : NULL;
    }
    if (connection == NULL) {
        if (network->count == network->capacity) {
            network->capacity = network->capacity == 0 ? 32 : 2 * network->capacity;
            network->connections = sim_grow(network->connections, network->capacity * sizeof network->connections[0]);
        }
        connection = &network->connections[network->count++];
        memset(connection, 0, sizeof *connection);
    }
    connection->number = ++network->next_number;
    connection->node[0] = from;
    connection->node[1] = to;
    memcpy(connection->curve[0], sim_node_curve(&world->nodes[from]), NRS_KEY_SIZE);
    memcpy(connection->curve[1], curve_key, NRS_KEY_SIZE);
    connection->open[0] = connection->open[1] = true;
    connection->to[0].blocked_ms = connection->to[1].blocked_ms = SIM_NEVER;
    sim_world_put(world, 2 * network->latency_ms + there_ms + back_ms + sim_random_below(&network->random, network->jitter_ms + 1),
                  (sim_event){.type = SIM_EVENT_CONNECTED, .subject = slot_of(world, connection), .token = connection->number});
    return connection->number;
}

static sim_connection *live(sim_world *world, size_t slot, uint64_t number)
{
    sim_connection *connection = slot < world->network.count ? &world->network.connections[slot] : NULL;

    return connection != NULL && connection->number == number ? connection : NULL;
}

static void release_when_over(sim_connection *connection)
{
    if (!connection->open[0] && !connection->open[1]) {
        release(connection);
    }
}

void sim_network_connected(sim_world *world, size_t slot, uint64_t number)
{
    sim_connection *connection = live(world, slot, number);
    sim_node *dialler, *listener;
    bool strange;

    if (connection == NULL || !connection->open[0]) {
        return;
    }
    dialler = &world->nodes[connection->node[0]];
    listener = &world->nodes[connection->node[1]];
    strange = memcmp(connection->curve[1], sim_node_curve(listener), NRS_KEY_SIZE) != 0;
    if (!connection->open[1] || listener->core == NULL || strange || !nrs_core_admits(listener->core, connection->curve[0])) {
        bool refused = connection->open[1] && listener->core != NULL;

        connection->open[0] = connection->open[1] = false;
        if (refused) {
            sim_trace_line(world, dialler, strange ? "no handshake succeeds with %s" : "refused by %s", listener->org);
            sim_node_refused(world, dialler, connection->curve[1], strange ? NRS_ERROR_FORGED : NRS_OK);
        }
        release_when_over(connection);
        sim_node_dial_ended(world, dialler, number);
        return;
    }
    connection->up = true;
    connection->link[0] = dialler->next_link++;
    sim_node_dial_up(world, dialler, number);
    sim_trace_line(world, dialler, "connected to %s", listener->org);
    sim_node_input(world, dialler, NRS_EVENT_LINK_UP, connection->link[0], connection->curve[1], nrs_slice_of(NULL, 0));
}

/* ---- Frames ---- */

static void enqueue(sim_direction *direction, nrs_slice frame, uint64_t due_ms)
{
    sim_frame *entry;

    if (direction->count == direction->capacity) {
        size_t capacity = direction->capacity == 0 ? 16 : 2 * direction->capacity;
        sim_frame *frames = sim_alloc(capacity, sizeof *frames);

        for (size_t i = 0; i < direction->count; i++) {
            frames[i] = direction->frames[(direction->first + i) % direction->capacity];
        }
        free(direction->frames);
        direction->frames = frames;
        direction->first = 0;
        direction->capacity = capacity;
    }
    entry = &direction->frames[(direction->first + direction->count) % direction->capacity];
    *entry = (sim_frame){.due_ms = due_ms};
    NRS_ASSERT(nrs_bytes_copy(&entry->bytes, frame) == NRS_OK);
    direction->count++;
    direction->size += frame.size;
}

static void schedule(sim_world *world, sim_connection *connection, unsigned side, uint64_t at_ms)
{
    sim_direction *direction = &connection->to[side];

    if (!direction->scheduled) {
        direction->scheduled = true;
        sim_world_put(world, at_ms > world->now_ms ? at_ms - world->now_ms : 0,
                      (sim_event){.type = SIM_EVENT_DELIVER, .subject = slot_of(world, connection), .token = connection->number, .side = side});
    }
}

/* A lost packet is sent again after a while, and everything behind it waits; a doubled or overtaken one is put right by TCP. */
static uint64_t transit_ms(sim_world *world, size_t from, size_t to)
{
    sim_network *network = &world->network;
    uint64_t delay_ms = 0, wait_ms = 200;
    uint64_t total;

    (void)blocked(world, from, to, &delay_ms);
    if (delay_ms > 0) {
        sim_sometimes_hit(world, SIM_SOMETIMES_CLOGGED);
    }
    total = network->latency_ms + delay_ms + sim_random_below(&network->random, network->jitter_ms + 1);
    while (sim_random_chance(&network->random, network->loss_per_mille) && wait_ms < 10000) {
        sim_sometimes_hit(world, SIM_SOMETIMES_LOST);
        total += wait_ms;
        wait_ms *= 2;
    }
    return total;
}

bool sim_network_send(sim_world *world, sim_node *node, nrs_link_id link, nrs_slice frame, uint64_t depart_ms)
{
    sim_connection *connection = sim_network_of_link(world, node, link);
    unsigned to_side;
    sim_direction *direction;
    uint64_t start_ms, due_ms;

    if (connection == NULL) {
        return false;
    }
    to_side = connection->node[0] == node->index && connection->link[0] == link ? 1 : 0;
    direction = &connection->to[to_side];
    if (direction->count >= QUEUED_FRAMES_MAX) { /* it cannot be sent to any more, and its link ends */
        sim_trace_line(world, node, "too much queued for %s", world->nodes[connection->node[to_side]].org);
        sim_node_input(world, node, NRS_EVENT_LINK_DOWN, link, connection->curve[to_side], nrs_slice_of(NULL, 0));
        sim_network_cut(world, connection, 1 - to_side, 100);
        return true;
    }
    if (!connection->open[to_side]) {
        return true; /* nobody is there any more, and this side does not know it yet */
    }
    start_ms = direction->free_ms > depart_ms ? direction->free_ms : depart_ms;
    direction->free_ms = start_ms + frame.size / world->network.bytes_per_ms;
    if (direction->free_ms > start_ms) {
        sim_sometimes_hit(world, SIM_SOMETIMES_LINE_NARROW);
    }
    due_ms = direction->free_ms + transit_ms(world, node->index, connection->node[to_side]);
    if (direction->count > 0) {
        const sim_frame *last = &direction->frames[(direction->first + direction->count - 1) % direction->capacity];

        if (due_ms < last->due_ms) {
            due_ms = last->due_ms;
            sim_sometimes_hit(world, SIM_SOMETIMES_HELD_UP);
        }
    }
    enqueue(direction, frame, due_ms);
    schedule(world, connection, to_side, due_ms);
    return true;
}

/* The receiver's door, as nrs_inbound_gather keeps it: who may not be here gets no word in. False when the connection ended. */
static bool hand_over(sim_world *world, sim_connection *connection, unsigned side, nrs_slice frame)
{
    sim_node *receiver = &world->nodes[connection->node[side]];
    const sim_node *sender = &world->nodes[connection->node[1 - side]];

    if (frame.size > NRS_FRAME_SIZE_MAX) { /* as ZMQ_MAXMSGSIZE does */
        sim_trace_line(world, receiver, "is sent a frame of %zu bytes by %s", frame.size, sender->org);
        sim_network_cut(world, connection, side, 10);
        return false;
    }
    if (side == 1 && !nrs_core_admits(receiver->core, connection->curve[1 - side])) {
        sim_trace_line(world, receiver, "lets nothing more in from %s", sender->org);
        sim_network_cut(world, connection, side, 10);
        return false;
    }
    if (side == 1 && connection->link[1] == 0) {
        connection->link[1] = receiver->next_link++;
    }
    world->network.frames++;
    world->network.bytes += frame.size;
    sim_trace_bytes(world, frame.data, frame.size);
    if (sender->hostile != NULL && receiver->hostile == NULL) {
        sim_hostile_arrived(world, connection, side, frame);
    }
    sim_check_heard(world, receiver, connection, side, frame);
    sim_node_input(world, receiver, NRS_EVENT_FRAME, connection->link[side], connection->curve[1 - side], frame);
    return true;
}

void sim_network_deliver(sim_world *world, size_t slot, uint64_t number, unsigned side)
{
    sim_connection *connection = live(world, slot, number);
    sim_direction *direction;
    const sim_condition *by;
    uint64_t delay_ms;

    if (connection == NULL) {
        return;
    }
    direction = &connection->to[side];
    direction->scheduled = false;
    if (!connection->open[side]) {
        clear(direction);
        return;
    }
    if (direction->count > 0 && parted_by(world, connection->node[1 - side], connection->node[side], &delay_ms, &by)) {
        if (direction->blocked_ms == SIM_NEVER) {
            sim_sometimes_hit(world, by->one_way ? SIM_SOMETIMES_ONE_WAY : SIM_SOMETIMES_PARTITION);
            direction->blocked_ms = world->now_ms;
        } else if (world->now_ms - direction->blocked_ms > BLOCKED_MS_MAX) {
            sim_trace_line(world, &world->nodes[connection->node[side]], "hears nothing from %s", world->nodes[connection->node[1 - side]].org);
            sim_network_cut(world, connection, side, 10);
            return;
        }
        schedule(world, connection, side, world->now_ms + BLOCKED_LOOK_MS);
        return;
    }
    direction->blocked_ms = SIM_NEVER;
    while (direction->count > 0 && direction->frames[direction->first].due_ms <= world->now_ms) {
        nrs_bytes bytes = direction->frames[direction->first].bytes;
        bool stands;

        direction->first = (direction->first + 1) % direction->capacity;
        direction->count--;
        direction->size -= bytes.size;
        stands = hand_over(world, connection, side, nrs_slice_of_bytes(&bytes));
        nrs_bytes_wipe(&bytes);
        if (!stands) {
            return;
        }
    }
    if (direction->count > 0) {
        schedule(world, connection, side, direction->frames[direction->first].due_ms);
    }
}

/* ---- Ends ---- */

static void side_ends(sim_world *world, sim_connection *connection, unsigned side, bool told)
{
    sim_node *node = &world->nodes[connection->node[side]];
    nrs_link_id link = connection->link[side];
    uint64_t number = connection->number;

    if (!connection->open[side]) {
        return;
    }
    if (connection->to[side].count > 0) {
        sim_sometimes_hit(world, SIM_SOMETIMES_FRAMES_LOST);
    }
    connection->open[side] = false;
    clear(&connection->to[side]);
    if (told && node->core != NULL && link != 0) {
        sim_node_input(world, node, NRS_EVENT_LINK_DOWN, link, connection->curve[1 - side], nrs_slice_of(NULL, 0));
    }
    if (side == 0 && node->core != NULL) {
        sim_node_dial_ended(world, node, number);
    }
}

void sim_network_ended(sim_world *world, size_t slot, uint64_t number, unsigned side)
{
    sim_connection *connection = live(world, slot, number);

    if (connection != NULL) {
        side_ends(world, connection, side, true);
        release_when_over(connection);
    }
}

static void other_learns(sim_world *world, sim_connection *connection, unsigned side, uint64_t after_ms)
{
    if (connection->open[side]) {
        sim_world_put(world, after_ms,
                      (sim_event){.type = SIM_EVENT_ENDED, .subject = slot_of(world, connection), .token = connection->number, .side = side});
    }
}

void sim_network_cut(sim_world *world, sim_connection *connection, unsigned side, uint64_t after_ms)
{
    side_ends(world, connection, side, true);
    other_learns(world, connection, 1 - side, after_ms);
    release_when_over(connection);
}

void sim_network_close(sim_world *world, sim_node *node, nrs_link_id link)
{
    sim_connection *connection = sim_network_of_link(world, node, link);
    const sim_direction *out;
    unsigned side;
    uint64_t last_ms;

    if (connection == NULL) {
        return;
    }
    side = connection->node[0] == node->index && connection->link[0] == link ? 0 : 1;
    out = &connection->to[1 - side];
    last_ms = out->count == 0 ? world->now_ms : out->frames[(out->first + out->count - 1) % out->capacity].due_ms;
    last_ms = last_ms < world->now_ms ? world->now_ms : last_ms; /* what cannot get through is late already */
    side_ends(world, connection, side, false);
    other_learns(world, connection, 1 - side, last_ms - world->now_ms + world->network.latency_ms + 1);
    release_when_over(connection);
}

void sim_network_node_down(sim_world *world, sim_node *node, bool told)
{
    for (size_t i = 0; i < world->network.count; i++) {
        sim_connection *connection = &world->network.connections[i];

        for (unsigned side = 0; side < 2 && connection->number != 0; side++) {
            if (connection->node[side] == node->index && connection->open[side]) {
                side_ends(world, connection, side, false);
                other_learns(world, connection, 1 - side, told ? world->network.latency_ms : 60000);
                release_when_over(connection);
            }
        }
    }
}

void sim_network_drop_all(sim_world *world, sim_node *node)
{
    for (size_t i = 0; i < world->network.count; i++) {
        sim_connection *connection = &world->network.connections[i];

        for (unsigned side = 0; side < 2 && connection->number != 0; side++) {
            if (connection->node[side] == node->index && connection->open[side] && connection->up) {
                sim_network_cut(world, connection, side, world->network.latency_ms);
            }
        }
    }
}

size_t sim_network_under_way(const sim_network *network)
{
    size_t count = 0;

    for (size_t i = 0; i < network->count; i++) {
        count += network->connections[i].to[0].count + network->connections[i].to[1].count;
    }
    return count;
}
