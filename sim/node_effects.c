/* What a step wants is carried out here, effect by effect, and between any two the node may fall. */
#include <stdlib.h>
#include <string.h>

#include "ask.h"
#include "check.h"
#include "hostile.h"
#include "rotate.h"
#include "world.h"

#define BACKOFF_MS_MIN 200u
#define BACKOFF_MS_MAX 60000u
#define STEADY_MS 2000u /* a link that held so long makes the next wait short again */

sim_dial *sim_node_dial_of(sim_node *node, uint64_t connection)
{
    for (size_t i = 0; connection != 0 && i < node->dial_count; i++) {
        if (node->dials[i].connection == connection) {
            return &node->dials[i];
        }
    }
    return NULL;
}

static sim_dial *dial_of_key(sim_node *node, const uint8_t *curve_key)
{
    for (size_t i = 0; i < node->dial_count; i++) {
        if (memcmp(node->dials[i].curve_key, curve_key, NRS_KEY_SIZE) == 0) {
            return &node->dials[i];
        }
    }
    return NULL;
}

static void try_in(sim_world *world, sim_node *node, sim_dial *dial, uint64_t in_ms)
{
    dial->connection = 0;
    dial->token++;
    sim_world_put(world, in_ms, (sim_event){.type = SIM_EVENT_DIAL, .subject = node->index, .token = dial->token * SIM_DIALS_MAX + (uint64_t)(dial - node->dials)});
}

/* Half of the wait is drawn, as the daemon does. */
static void try_later(sim_world *world, sim_node *node, sim_dial *dial)
{
    uint64_t wait_ms;

    if (dial->up_ms != 0 && world->now_ms - dial->up_ms >= STEADY_MS) {
        dial->backoff_ms = BACKOFF_MS_MIN;
    }
    wait_ms = dial->backoff_ms / 2 + sim_random_below(&world->network.random, dial->backoff_ms / 2 + 1);
    dial->backoff_ms = 2 * dial->backoff_ms > BACKOFF_MS_MAX ? BACKOFF_MS_MAX : 2 * dial->backoff_ms;
    dial->up_ms = 0;
    try_in(world, node, dial, wait_ms);
}

static bool had_key(const sim_node *node, const uint8_t *curve_key)
{
    bool found = false;

    for (size_t i = 0; i < node->key_count; i++) {
        found = found || memcmp(nrs_identity_public(node->keys[i].identity)->curve_key, curve_key, NRS_KEY_SIZE) == 0;
    }
    return found;
}

/* Under keys that are not its own any more, or not yet, a node stands at the same address. */
static size_t node_with_key(const sim_world *world, const uint8_t *curve_key)
{
    size_t index = 0;

    while (index < world->node_count && memcmp(sim_node_curve(&world->nodes[index]), curve_key, NRS_KEY_SIZE) != 0) {
        index++;
    }
    for (size_t i = 0; i < world->node_count && index == world->node_count; i++) {
        index = had_key(&world->nodes[i], curve_key) ? i : index;
    }
    return index;
}

void sim_node_dial(sim_world *world, sim_node *node, uint64_t token)
{
    sim_dial *dial = &node->dials[token % SIM_DIALS_MAX];
    size_t to;

    if (node->core == NULL || token % SIM_DIALS_MAX >= node->dial_count || dial->token != token / SIM_DIALS_MAX || dial->connection != 0) {
        return;
    }
    to = node_with_key(world, dial->curve_key);
    dial->connection = to == world->node_count ? 0 : sim_network_connect(world, node->index, to, dial->curve_key);
    if (dial->connection == 0) {
        try_later(world, node, dial);
    }
}

void sim_node_dial_up(sim_world *world, sim_node *node, uint64_t connection)
{
    sim_dial *dial = sim_node_dial_of(node, connection);

    if (dial != NULL) {
        dial->up_ms = world->now_ms;
    }
}

void sim_node_dial_ended(sim_world *world, sim_node *node, uint64_t connection)
{
    sim_dial *dial = sim_node_dial_of(node, connection);

    if (dial != NULL) {
        try_later(world, node, dial);
    }
}

static void dial(sim_world *world, sim_node *node, const nrs_effect *effect)
{
    sim_dial *found = dial_of_key(node, effect->curve_key);

    if (found != NULL || node->dial_count == SIM_DIALS_MAX) {
        return;
    }
    found = &node->dials[node->dial_count++];
    *found = (sim_dial){.backoff_ms = BACKOFF_MS_MIN, .token = world->events};
    memcpy(found->curve_key, effect->curve_key, NRS_KEY_SIZE);
    try_in(world, node, found, 0);
}

/* The dials after it move up, so attempts that are under way find their token gone and begin anew. */
static void hang_up(sim_world *world, sim_node *node, const uint8_t *curve_key)
{
    sim_dial *found = dial_of_key(node, curve_key);
    uint64_t number = found == NULL ? 0 : found->connection;

    if (found == NULL) {
        return;
    }
    *found = node->dials[--node->dial_count];
    if (found != &node->dials[node->dial_count] && found->connection == 0) {
        try_in(world, node, found, 1);
    }
    for (size_t i = 0; number != 0 && i < world->network.count; i++) {
        sim_connection *connection = &world->network.connections[i];

        if (connection->number == number && connection->link[0] != 0) {
            sim_node_input(world, node, NRS_EVENT_LINK_DOWN, connection->link[0], curve_key, nrs_slice_of(NULL, 0));
            sim_network_close(world, node, connection->link[0]);
            return;
        }
    }
}

static void inbox_done(sim_world *world, sim_node *node, const nrs_effect *effect)
{
    if (effect->error != NRS_OK) {
        sim_trace_line(world, node, "refuses the file %s: %s", effect->text, nrs_error_rule(effect->error));
    }
    for (size_t i = 0; i < node->inbox_count; i++) {
        if (strcmp(node->inbox[i].name, effect->text) == 0) {
            nrs_bytes_wipe(&node->inbox[i].bytes);
            node->inbox[i] = node->inbox[--node->inbox_count];
            return;
        }
    }
}

static void send(sim_world *world, sim_node *node, const nrs_effect *effect)
{
    nrs_slice frame = nrs_slice_of_bytes(&effect->bytes);

    if (node->hostile != NULL) {
        sim_hostile_send(world, node, effect->link, frame);
        return;
    }
    sim_check_frame(world, node, effect->link, frame);
    (void)sim_network_send(world, node, effect->link, frame, world->now_ms + node->disk.took_ms);
}

static void log_line(sim_world *world, sim_node *node, const nrs_effect *effect)
{
    const char *text = effect->text == NULL ? "" : effect->text;

    sim_trace_line(world, node, "log: %s", text);
    sim_check_log(world, node, text);
}

static void carry_out(sim_world *world, sim_node *node, nrs_effect *effect)
{
    switch (effect->type) {
    case NRS_EFFECT_SEND:
        send(world, node, effect);
        return;
    case NRS_EFFECT_CLOSE:
        sim_network_close(world, node, effect->link);
        return;
    case NRS_EFFECT_DIAL:
        dial(world, node, effect);
        return;
    case NRS_EFFECT_HANGUP:
        hang_up(world, node, effect->curve_key);
        return;
    case NRS_EFFECT_REPLY:
        sim_answer(world, node, effect);
        return;
    case NRS_EFFECT_INBOX_DONE:
        inbox_done(world, node, effect);
        return;
    case NRS_EFFECT_LOG:
        log_line(world, node, effect);
        return;
    case NRS_EFFECT_WRITE_FILE:
        sim_rotate_file(world, node, effect->text);
        return;
    case NRS_EFFECT_SWITCH:
        node->switch_due = true;
        return;
    case NRS_EFFECT_ADMISSION:
        return;
    }
}

bool sim_node_carry_out(sim_world *world, sim_node *node, nrs_effects *effects)
{
    for (size_t i = 0; i < effects->count; i++) {
        if (node->crash_in == 1) {
            sim_sometimes_hit(world, SIM_SOMETIMES_CRASH_AFTER_EFFECT);
            sim_node_crash(world, node, node->crash_kind, node->down_ms);
            return false;
        }
        node->crash_in -= node->crash_in > 0 ? 1 : 0;
        carry_out(world, node, &effects->list[i]);
    }
    if (node->switch_due) {
        sim_node_switch(world, node);
    }
    return node->core != NULL;
}
