/* Sequences of events: the bytes drive a hub and two members, each a whole engine with a store of its own. Frames are delivered,
 * mutated, or made of the input; links come and go; clocks jump, one at a time; transactions fail in the middle; nodes die. Then
 * everything is healed, and what was promised must hold:
 *   - a step fails only when its disk did;
 *   - what a peer was told is confirmed is in the store, also after a crash;
 *   - a report whose sending was acknowledged, and no other, is the sender's;
 *   - it is listed at each recipient exactly once, and its receipt comes back, unless somebody on its way sent mutated frames:
 *     such a peer may lose what goes to and from itself, and nothing of others. */
#include <string.h>

#include "core_world.h"
#include "proto/armour.h"

enum {
    SEND_COUNT_MAX = 24,
    OPERATION_COUNT_MAX = 256,
    HEAL_ROUND_COUNT = 44
};

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

typedef struct sent {
    char id[2 * NRS_HASH_SIZE + 1];
    size_t from;
    bool to[WORLD_NODE_COUNT];
    bool sure;          /* its times were right */
} sent;

/* The run in hand, beside the world. */
static struct run {
    const uint8_t *data;
    size_t size;
    sent sends[SEND_COUNT_MAX];
    size_t send_count, acknowledged[WORLD_NODE_COUNT];
} run;

static unsigned take(unsigned limit)
{
    unsigned value = 0;

    if (run.size > 0) {
        value = run.data[0];
        run.data++;
        run.size--;
    }
    return value % limit;
}

static void send_report(void)
{
    static const char *const labels[] = {"CLEAR", "GREEN", "AMBER", "AMBER+STRICT"};
    size_t from = take(WORLD_NODE_COUNT), to = (from + 1 + take(WORLD_NODE_COUNT - 1)) % WORLD_NODE_COUNT;
    const char *label = labels[take(4)];
    bool all = strcmp(label, "GREEN") == 0 || (strcmp(label, "AMBER+STRICT") != 0 && take(2) == 1);
    bool failing = world_now.failing[from] > 0;
    sent *report = &run.sends[run.send_count];
    nrs_error error;

    if (run.send_count == SEND_COUNT_MAX) {
        return;
    }
    *report = (sent){.from = from, .sure = world_net.nodes[from].skew_ms == 0};
    for (size_t i = 0; i < WORLD_NODE_COUNT; i++) {
        report->to[i] = i != from && (all || i == to);
    }
    error = world_ask(from, json_pack("{s:s, s:s, s:[s], s:s, s:s, s:s}", "command", "send", "label", label, "to",
                                all ? "@electricity" : world_net.nodes[to].org, "kind", "incident", "subject", "S", "body", "B"));
    HOLDS(error == NRS_OK || failing || world_net.nodes[from].skew_ms != 0);
    if (error == NRS_OK) {
        const char *id = json_string_value(json_object_get(json_array_get(world_now.reply, 0), "id"));
        HOLDS(id != NULL && strlen(id) == 2 * NRS_HASH_SIZE);
        memcpy(report->id, id, sizeof report->id);
        run.send_count++;
        run.acknowledged[from]++;
    }
}

static void ask_something(void)
{
    static const char *const commands[] = {"list", "status", "show", "receipts", "export", "persons"};
    size_t node = take(WORLD_NODE_COUNT);
    const char *command = commands[take(6)];
    const char *id = run.send_count == 0 ? "abcdef" : run.sends[take((unsigned)run.send_count)].id;
    nrs_error error = world_ask(node, json_pack("{s:s, s:s, s:s}", "command", command, "id", id, "sink", "own"));

    (void)error; /* refusals are answers, too */
}

/* ---- Hostile frames ---- */

static void mutate(void)
{
    size_t member = 1 + take(WORLD_NODE_COUNT - 1), side = take(2);
    world_frames *queue = &world_now.lines[member].to[side];
    nrs_bytes *frame = &queue->list[0];
    unsigned how = take(4);

    if (!world_now.lines[member].up || queue->count == 0 || frame->size == 0) {
        return;
    }
    world_now.lines[member].tainted = true;
    if (how == 0) {
        frame->data[(take(256) * 256u + take(256)) % frame->size] ^= (uint8_t)(1u << take(8));
    } else if (how == 1) {
        frame->size = (take(256) * 256u + take(256)) % frame->size;
    } else if (how == 2 && queue->count < WORLD_QUEUE_MAX) { /* again, later */
        HOLDS(nrs_bytes_copy(&queue->list[queue->count], nrs_slice_of_bytes(frame)) == NRS_OK);
        queue->count++;
    } else if (queue->count > 1) { /* out of turn */
        nrs_bytes first = queue->list[0];
        queue->list[0] = queue->list[queue->count - 1];
        queue->list[queue->count - 1] = first;
    }
}

static void inject(void)
{
    size_t member = 1 + take(WORLD_NODE_COUNT - 1), side = take(2);
    size_t size = take(64);

    if (world_now.lines[member].up) {
        size = size < run.size ? size : run.size;
        world_now.lines[member].tainted = true;
        world_receive(member, side, nrs_slice_of(run.data, size));
        run.data += size;
        run.size -= size;
    }
}

static void new_roster(void)
{
    char *text = NULL;
    nrs_event event = {.type = NRS_EVENT_INBOX, .name = "electricity.roster"};

    mesh_bump(&world_net);
    HOLDS(nrs_armour_encode(&text, "ROSTER", nrs_slice_of_bytes(&world_net.many)) == NRS_OK);
    event.bytes = nrs_slice_of_string(text);
    world_step(0, &event);
    free(text);
}

static void jump(void)
{
    static const int64_t jumps[] = {0, 30 * (int64_t)NRS_DAY_MS, -3 * (int64_t)NRS_DAY_MS, (int64_t)NRS_DAY_MS, -(int64_t)NRS_HOUR_MS,
                                    3650 * (int64_t)NRS_DAY_MS, 13 * (int64_t)NRS_HOUR_MS, -400 * (int64_t)NRS_DAY_MS};
    size_t node = take(WORLD_NODE_COUNT);

    for (size_t i = 0; i < WORLD_NODE_COUNT; i++) { /* most clocks are right, and all know of the last change */
        world_net.nodes[i].skew_ms = 0;
        world_tick(i);
    }
    world_net.nodes[node].skew_ms = jumps[take(8)];
    world_tick(node);
}

/* ---- The run ---- */

static void operate(void)
{
    static const uint64_t times[] = {1000, 1000, 15000, 61000, 600000, NRS_HOUR_MS, 8 * NRS_HOUR_MS, NRS_DAY_MS};
    size_t node;

    switch (take(14)) {
    case 0:
        world_pass(1000);
        world_tick(take(WORLD_NODE_COUNT));
        break;
    case 1:
        (void)world_deliver(1 + take(WORLD_NODE_COUNT - 1), take(2));
        break;
    case 2:
        world_deliver_all();
        break;
    case 3:
        world_cut(1 + take(WORLD_NODE_COUNT - 1), WORLD_NODE_COUNT);
        break;
    case 4:
        world_connect(1 + take(WORLD_NODE_COUNT - 1));
        break;
    case 5:
        mutate();
        break;
    case 6:
        send_report();
        break;
    case 7:
        ask_something();
        break;
    case 8:
        jump();
        break;
    case 9:
        if (world_now.passed_ms < 4 * NRS_DAY_MS) { /* reports live a week */
            world_pass(times[take(8)]);
        }
        break;
    case 10:
        node = take(WORLD_NODE_COUNT);
        world_now.failing[node] = 1 + take(3);
        world_now.room[node] = (uint8_t)take(64);
        break;
    case 11:
        world_crash(take(WORLD_NODE_COUNT));
        break;
    case 12:
        inject();
        break;
    default:
        if (take(2) == 0) {
            new_roster();
        } else {
            HOLDS(nrs_store_checkpoint(world_net.nodes[take(WORLD_NODE_COUNT)].store) == NRS_OK);
        }
        break;
    }
}

static void heal(void)
{
    for (size_t i = 0; i < WORLD_NODE_COUNT; i++) {
        world_now.failing[i] = 0;
        world_net.nodes[i].skew_ms = 0;
        world_tick(i);
    }
    for (size_t member = 1; member < WORLD_NODE_COUNT; member++) {
        world_cut(member, WORLD_NODE_COUNT); /* what a hostile frame left behind on a link goes with it */
    }
    for (size_t round = 0; round < HEAL_ROUND_COUNT; round++) {
        world_pass(20 * 1000);
        for (size_t i = 0; i < WORLD_NODE_COUNT; i++) {
            world_tick(i);
        }
        for (size_t member = 1; member < WORLD_NODE_COUNT; member++) {
            world_connect(member);
        }
        world_deliver_all();
    }
}

static size_t times_listed(const char *id)
{
    size_t count = 0;

    for (size_t i = 0; i + 1 < json_array_size(world_now.reply); i++) {
        const char *listed = json_string_value(json_object_get(json_array_get(world_now.reply, i), "id"));
        HOLDS(listed != NULL);
        count += strcmp(listed, id) == 0;
    }
    return count;
}

/* Lines of the receipts in hand that say that this organisation has it. */
static size_t stored_count(const char *org)
{
    size_t count = 0;

    for (size_t i = 0; i + 1 < json_array_size(world_now.reply); i++) {
        const json_t *row = json_array_get(world_now.reply, i);
        const char *recipient = json_string_value(json_object_get(row, "recipient"));
        const char *stage = json_string_value(json_object_get(row, "stage"));
        HOLDS(recipient != NULL && stage != NULL);
        count += strcmp(recipient, org) == 0 && strcmp(stage, "stored") == 0;
    }
    return count;
}

static bool tainted(size_t from, size_t to)
{
    return (from != 0 && world_now.lines[from].tainted) || (to != 0 && world_now.lines[to].tainted);
}

static void judge(void)
{
    for (size_t node = 0; node < WORLD_NODE_COUNT; node++) {
        size_t own = 0;
        HOLDS(world_ask(node, json_pack("{s:s}", "command", "list")) == NRS_OK);
        for (size_t i = 0; i + 1 < json_array_size(world_now.reply); i++) {
            const char *id = json_string_value(json_object_get(json_array_get(world_now.reply, i), "id"));
            HOLDS(id != NULL && times_listed(id) == 1);
        }
        for (size_t i = 0; i < run.send_count; i++) {
            const sent *report = &run.sends[i];
            size_t count = times_listed(report->id);
            own += report->from == node && count == 1;
            HOLDS(count <= 1 && (count == 0 || report->to[node] || report->from == node));
            HOLDS(count == 1 || !report->to[node] || !report->sure || tainted(report->from, node));
        }
        HOLDS(own == run.acknowledged[node]);
        HOLDS(world_ask(node, json_pack("{s:s, s:b}", "command", "list", "sent", 1)) == NRS_OK);
        HOLDS(json_array_size(world_now.reply) - 1 == run.acknowledged[node]);
    }
    for (size_t i = 0; i < run.send_count; i++) {
        const sent *report = &run.sends[i];
        HOLDS(world_ask(report->from, json_pack("{s:s, s:s}", "command", "receipts", "id", report->id)) == NRS_OK);
        for (size_t node = 0; node < WORLD_NODE_COUNT; node++) {
            size_t count = stored_count(world_net.nodes[node].org);
            HOLDS(count <= 1 && (count == 0 || report->to[node]));
            HOLDS(count == 1 || !report->to[node] || !report->sure || tainted(report->from, node));
        }
    }
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    world_make();
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    run = (struct run){.data = data, .size = size};
    world_begin();
    for (size_t i = 0; i < WORLD_NODE_COUNT; i++) {
        world_tick(i);
    }
    for (size_t i = 0; i < OPERATION_COUNT_MAX && run.size > 0; i++) {
        operate();
        world_tell_downs();
    }
    heal();
    judge();
    world_end();
    return 0;
}
