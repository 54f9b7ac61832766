/* A node at work: what comes in, the steps of its engine, the inbox folder. */
#include "node.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "hostile.h"
#include "memory.h"
#include "proto/armour.h"
#include "vfs.h"
#include "world.h"

#define BATCH_EVENTS_MAX 1000u
#define BATCH_BYTES_MAX (1024u * 1024u) /* as the daemon's */
#define BATCH_COMMANDS_MAX 64u          /* so many callers a daemon has at once, with one command each */
#define TICK_MS 1000u        /* of a node where something goes on */
#define IDLE_TICK_MS 5000u   /* of one where nothing does: a machine that is busy elsewhere gives no more */
#define ACTIVE_MS 3000u
#define PAUSE_MS 1000u       /* after a step that failed */

const uint8_t *sim_node_curve(const sim_node *node)
{
    return nrs_identity_public(node->identity)->curve_key;
}

/* ---- Inputs ---- */

void sim_node_wake(sim_world *world, sim_node *node, uint64_t at_ms)
{
    if (node->core == NULL || at_ms >= node->wake_ms) {
        return;
    }
    node->wake_ms = at_ms < world->now_ms ? world->now_ms : at_ms;
    sim_world_put(world, node->wake_ms - world->now_ms, (sim_event){.type = SIM_EVENT_WAKE, .subject = node->index, .token = node->start});
}

static sim_input *add_input(sim_node *node, nrs_event_type type)
{
    if (node->input_count == node->input_capacity) {
        node->input_capacity = node->input_capacity == 0 ? 64 : 2 * node->input_capacity;
        node->inputs = sim_grow(node->inputs, node->input_capacity * sizeof node->inputs[0]);
    }
    node->inputs[node->input_count] = (sim_input){.type = type};
    return &node->inputs[node->input_count++];
}

void sim_node_input(sim_world *world, sim_node *node, nrs_event_type type, nrs_link_id link, const uint8_t *curve_key, nrs_slice bytes)
{
    sim_input *input;

    if (node->core == NULL) {
        return;
    }
    input = add_input(node, type);
    input->link = link;
    if (curve_key != NULL) {
        memcpy(input->curve_key, curve_key, NRS_KEY_SIZE);
    }
    NRS_ASSERT(nrs_bytes_copy(&input->bytes, bytes) == NRS_OK);
    node->active_ms = world->now_ms;
    sim_node_wake(world, node, world->now_ms + sim_random_below(&world->network.random, 3));
}

void sim_node_refused(sim_world *world, sim_node *node, const uint8_t curve_key[NRS_KEY_SIZE], nrs_error error)
{
    if (node->core != NULL) {
        sim_node_input(world, node, NRS_EVENT_LINK_REFUSED, 0, curve_key, nrs_slice_of(NULL, 0));
        node->inputs[node->input_count - 1].error = error;
    }
}

void sim_node_forget_frames(sim_node *node)
{
    size_t kept = 0;

    for (size_t i = 0; i < node->input_count; i++) {
        if (node->inputs[i].type == NRS_EVENT_FRAME) {
            nrs_bytes_wipe(&node->inputs[i].bytes);
        } else {
            node->inputs[kept++] = node->inputs[i];
        }
    }
    node->input_count = kept;
}

void sim_node_command(sim_world *world, sim_node *node, json_t *command, uint64_t request)
{
    sim_input *input = add_input(node, NRS_EVENT_COMMAND);

    input->command = command;
    input->request = request;
    node->active_ms = world->now_ms;
    sim_node_wake(world, node, world->now_ms + 1);
}

void sim_node_leave_file(sim_world *world, sim_node *node, const char *name, const char *type, nrs_slice bytes)
{
    sim_inbox_file *file = NULL;
    char *text = NULL;

    if (!node->there) {
        return;
    }
    for (size_t i = 0; i < node->inbox_count && file == NULL; i++) {
        file = strcmp(node->inbox[i].name, name) == 0 ? &node->inbox[i] : NULL;
    }
    if (file == NULL) {
        node->inbox = sim_grow(node->inbox, (node->inbox_count + 1) * sizeof node->inbox[0]);
        file = &node->inbox[node->inbox_count++];
        *file = (sim_inbox_file){0};
        (void)snprintf(file->name, sizeof file->name, "%s", name);
    }
    NRS_ASSERT(nrs_armour_encode(&text, type, bytes) == NRS_OK);
    NRS_ASSERT(nrs_bytes_copy(&file->bytes, nrs_slice_of_string(text)) == NRS_OK);
    free(text);
    sim_node_wake(world, node, world->now_ms);
}

/* ---- Steps ---- */

static size_t gather(const sim_world *world, const sim_node *node, nrs_event *events)
{
    size_t count = node->input_count < BATCH_EVENTS_MAX ? node->input_count : BATCH_EVENTS_MAX;
    size_t bytes = 0, commands = 0;

    for (size_t i = 0; i < count; i++) {
        const sim_input *input = &node->inputs[i];

        commands += input->command != NULL ? 1 : 0;
        if (bytes >= BATCH_BYTES_MAX || commands > BATCH_COMMANDS_MAX) {
            return i;
        }
        bytes += input->bytes.size;
        events[i] = (nrs_event){.type = input->type, .link = input->link, .bytes = nrs_slice_of_bytes(&input->bytes), .name = "desk",
                                .command = input->command, .request = input->request, .error = input->error};
        memcpy(events[i].curve_key, input->curve_key, NRS_KEY_SIZE);
        events[i].now_ms = sim_node_now_ms(world, node);
        events[i].monotonic_ms = sim_node_monotonic_ms(world, node);
    }
    return count;
}

/* After a step that failed the links that ended or were refused are told again; everything else is gone. */
static void drop_inputs(sim_node *node, size_t count, bool failed)
{
    size_t kept = 0;

    for (size_t i = 0; i < node->input_count; i++) {
        bool again = failed && (node->inputs[i].type == NRS_EVENT_LINK_DOWN || node->inputs[i].type == NRS_EVENT_LINK_REFUSED);

        if (i < count && !again) {
            nrs_bytes_wipe(&node->inputs[i].bytes);
            json_decref(node->inputs[i].command);
        } else {
            node->inputs[kept++] = node->inputs[i];
        }
    }
    node->input_count = kept;
}

/* What a step said was made on the node's account. */
static void wipe_effects(sim_node *node, nrs_effects *effects)
{
    (void)sim_memory_use(&node->memory);
    nrs_effects_wipe(effects);
    (void)sim_memory_use(NULL);
}

static nrs_error step_engine(sim_world *world, sim_node *node, nrs_effects *effects, const nrs_event *events, size_t count)
{
    nrs_error error;
    uint64_t failed;

    (void)sim_random_use(&node->random);
    sim_vfs_set_time(sim_node_now_ms(world, node));
    sim_clock_read(world, node, events[0].now_ms);
    if (node->memory_in > 0) {
        sim_memory_arm(node->memory_in - 1, node->memory_count);
        node->memory_in = 0;
    }
    (void)sim_memory_use(&node->memory);
    error = nrs_core_step(node->core, effects, events, count);
    (void)sim_memory_use(NULL);
    failed = sim_memory_disarm();
    node->memory_failed += failed;
    sim_sometimes_add(world, SIM_SOMETIMES_NO_MEMORY, failed);
    node->steps++;
    return error;
}

/* One batch. False when the node is down afterwards. */
static bool run_batch(sim_world *world, sim_node *node, const nrs_event *events, size_t count, size_t inputs)
{
    nrs_effects effects = {0};
    nrs_error error;
    bool stands = true;

    memcpy(node->held_before, node->held, sizeof node->held_before);
    node->revoked_before = node->revoked;
    node->ended_before = node->ended;
    memcpy(node->frozen_before, node->frozen, sizeof node->frozen_before);
    error = step_engine(world, node, &effects, events, count);
    if (node->disk.dead) {
        sim_sometimes_hit(world, SIM_SOMETIMES_CRASH_IN_DISK_CALL);
        wipe_effects(node, &effects);
        sim_node_crash(world, node, SIM_CRASH_POWER, node->down_ms);
        return false;
    }
    drop_inputs(node, inputs, error != NRS_OK);
    if (error != NRS_OK) {
        sim_trace_line(world, node, "a step failed: %s", nrs_error_rule(error));
        sim_sometimes_hit(world, SIM_SOMETIMES_STEP_FAILED);
        sim_check_step_failed(world, node, error);
        node->failed_ms = world->now_ms;
        node->pause_ms = world->now_ms + PAUSE_MS;
        sim_network_drop_all(world, node);
    } else {
        node->stepped = true;
        sim_check_stepped(world, node);
    }
    stands = sim_node_carry_out(world, node, &effects);
    wipe_effects(node, &effects);
    return stands;
}

/* The file whose name comes next in order; NULL behind the last. */
static const sim_inbox_file *next_file(const sim_node *node, const char *name)
{
    const sim_inbox_file *next = NULL;

    for (size_t i = 0; i < node->inbox_count; i++) {
        const sim_inbox_file *file = &node->inbox[i];

        if (strcmp(file->name, name) > 0 && (next == NULL || strcmp(file->name, next->name) < 0)) {
            next = file;
        }
    }
    return next;
}

/* In the order of their names, as the daemon does. False when the node is down. */
static bool take_inbox(sim_world *world, sim_node *node)
{
    char name[sizeof node->inbox[0].name] = "";

    for (const sim_inbox_file *file = next_file(node, name); file != NULL && node->pause_ms <= world->now_ms; file = next_file(node, name)) {
        nrs_bytes copy = {0};
        nrs_event event = {.type = NRS_EVENT_INBOX, .name = name, .now_ms = sim_node_now_ms(world, node),
                           .monotonic_ms = sim_node_monotonic_ms(world, node)};
        bool stands;

        memcpy(name, file->name, sizeof name);
        NRS_ASSERT(nrs_bytes_copy(&copy, nrs_slice_of_bytes(&file->bytes)) == NRS_OK);
        event.bytes = nrs_slice_of_bytes(&copy);
        stands = run_batch(world, node, &event, 1, 0);
        nrs_bytes_wipe(&copy);
        if (!stands) {
            return false;
        }
    }
    return true;
}

/* True when the power went. */
static bool tidy(sim_world *world, sim_node *node)
{
    if (!node->stepped || world->now_ms < node->checkpoint_ms) {
        return false;
    }
    node->checkpoint_ms = world->now_ms + SIM_CHECKPOINT_MS;
    (void)sim_memory_use(&node->memory);
    node->stepped = nrs_store_checkpoint(node->store) != NRS_OK;
    (void)sim_memory_use(NULL);
    if (node->disk.dead) {
        sim_node_crash(world, node, SIM_CRASH_POWER, node->down_ms);
        return true;
    }
    return false;
}

static void wake_again(sim_world *world, sim_node *node)
{
    uint64_t now = world->now_ms;
    uint64_t due_ms = nrs_core_due_ms(node->core);
    uint64_t at = node->tick_ms;

    if (node->input_count > 0 || node->inbox_count > 0 || nrs_core_busy(node->core)) {
        at = now + 1;
    }
    if (due_ms != UINT64_MAX) {
        uint64_t monotonic_ms = sim_node_monotonic_ms(world, node);
        uint64_t in_ms = due_ms > monotonic_ms ? due_ms - monotonic_ms : 1;

        at = now + in_ms < at ? now + in_ms : at;
        node->tick_ms = at < node->tick_ms ? at : node->tick_ms;
    }
    at = at < node->pause_ms ? node->pause_ms : at;
    at = at < node->busy_ms ? node->busy_ms : at;
    sim_node_wake(world, node, at);
}

void sim_node_step(sim_world *world, sim_node *node)
{
    static nrs_event events[BATCH_EVENTS_MAX + 1];
    size_t inputs, count;

    node->wake_ms = SIM_NEVER;
    sim_clock_look(world, node);
    if (world->now_ms < node->pause_ms || world->now_ms < node->busy_ms) {
        wake_again(world, node);
        return;
    }
    if (node->inbox_count > 0 && !take_inbox(world, node)) {
        return;
    }
    inputs = count = gather(world, node, events);
    if (world->now_ms >= node->tick_ms || (count == 0 && nrs_core_busy(node->core))) {
        events[count++] = (nrs_event){.type = NRS_EVENT_TICK, .now_ms = sim_node_now_ms(world, node), .monotonic_ms = sim_node_monotonic_ms(world, node)};
        node->tick_ms = world->now_ms + (world->now_ms < node->active_ms + ACTIVE_MS ? TICK_MS : IDLE_TICK_MS);
    }
    if (count > 0 && world->now_ms >= node->pause_ms && !run_batch(world, node, events, count, inputs)) {
        return;
    }
    if (!tidy(world, node)) {
        node->busy_ms = world->now_ms + node->disk.took_ms;
        sim_sometimes_add(world, SIM_SOMETIMES_DISK_SLOW, node->disk.took_ms > 0 ? 1 : 0);
        node->disk.took_ms = 0;
        wake_again(world, node);
    }
}
