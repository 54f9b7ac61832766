#include "core_world.h"

#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "seeded_random.h"

/* ---- What every run begins with: made once ---- */

mesh world_net;
world world_now;
static struct base {
    nrs_bytes store[WORLD_NODE_COUNT], vault[WORLD_NODE_COUNT], statement, many;
    uint64_t now_ms, monotonic_ms;
} base;

static const uint8_t *sign_key(size_t node)
{
    return nrs_identity_public(world_net.nodes[node].identity)->sign_key;
}

static const uint8_t *curve_key(size_t node)
{
    return nrs_identity_public(world_net.nodes[node].identity)->curve_key;
}

static void clear(world_frames *queue)
{
    for (size_t i = 0; i < queue->count; i++) {
        nrs_bytes_wipe(&queue->list[i]);
    }
    queue->count = 0;
}

/* The link ends for both, and what was on its way is lost. by: who needs no telling. */
void world_cut(size_t member, size_t by)
{
    world_line *link = &world_now.lines[member];

    if (!link->up) {
        return;
    }
    link->up = false;
    clear(&link->to[0]);
    clear(&link->to[1]);
    for (size_t side = 0; side < 2; side++) {
        size_t node = side == 0 ? 0 : member;
        if (node != by) {
            HOLDS(world_now.down_count < WORLD_DOWN_COUNT_MAX);
            world_now.downs[world_now.down_count].node = node;
            world_now.downs[world_now.down_count].link = link->id[side];
            world_now.down_count++;
        }
    }
}

/* The member at the other end of this node's link; 0 when the link is gone. */
static size_t member_of_link(size_t node, nrs_link_id id)
{
    for (size_t i = 1; i < WORLD_NODE_COUNT; i++) {
        if (world_now.lines[i].up && ((node == 0 && world_now.lines[i].id[0] == id) || (node == i && world_now.lines[i].id[1] == id))) {
            return i;
        }
    }
    return 0;
}

static void assert_held(size_t node, size_t peer, uint64_t position)
{
    uint8_t incarnation[NRS_LOG_ID_SIZE];
    uint64_t held = 0;

    HOLDS(nrs_store_held_get(world_net.nodes[node].store, incarnation, &held, sign_key(peer)) == NRS_OK);
    HOLDS(held >= position);
}

/* A confirmation that leaves is durable by then. */
static void look_at(size_t node, size_t peer, nrs_slice bytes)
{
    nrs_frame *frame = NULL;
    nrs_confirm *confirm = NULL;

    HOLDS(nrs_frame_decode(&frame, bytes) == NRS_OK);
    if (frame->type == NRS_FRAME_CONFIRM && !world_now.lines[node == 0 ? peer : node].tainted) {
        HOLDS(nrs_confirm_decode(&confirm, nrs_field(&frame->payload)) == NRS_OK);
        assert_held(node, peer, confirm->position);
        world_now.confirmed[node][peer] = confirm->position;
    }
    nrs_confirm_free(&confirm);
    nrs_frame_free(&frame);
}

static void act(size_t node, const nrs_effects *effects)
{
    for (size_t i = 0; i < effects->count; i++) {
        const nrs_effect *effect = &effects->list[i];
        size_t member = effect->link == 0 ? 0 : member_of_link(node, effect->link);
        if (effect->type == NRS_EFFECT_SEND && member != 0) {
            world_frames *queue = &world_now.lines[member].to[node == 0 ? 1 : 0];
            look_at(node, node == 0 ? member : 0, nrs_slice_of_bytes(&effect->bytes));
            HOLDS(queue->count < WORLD_QUEUE_MAX); /* the window bounds what flies */
            HOLDS(nrs_bytes_copy(&queue->list[queue->count], nrs_slice_of_bytes(&effect->bytes)) == NRS_OK);
            queue->count++;
        } else if (effect->type == NRS_EFFECT_CLOSE && member != 0) {
            world_cut(member, node);
        } else if (effect->type == NRS_EFFECT_DIAL) {
            world_now.dials[node] = true;
        } else if (effect->type == NRS_EFFECT_HANGUP) {
            world_now.dials[node] = false;
        } else if (effect->type == NRS_EFFECT_REPLY) {
            json_decref(world_now.reply);
            world_now.reply = json_incref(effect->reply);
        }
    }
}

/* Writes past `room` more KiB of the write-ahead log fail, as on a full disk, and may tear. */
static void limit_disk(size_t node, bool failing)
{
    struct rlimit limit;
    char path[128];
    struct stat about = {0};

    HOLDS(getrlimit(RLIMIT_FSIZE, &limit) == 0);
    (void)snprintf(path, sizeof path, "%s/store.db-wal", world_net.nodes[node].folder);
    (void)stat(path, &about);
    limit.rlim_cur = failing ? (rlim_t)about.st_size + world_now.room[node] * 1024u : limit.rlim_max;
    HOLDS(setrlimit(RLIMIT_FSIZE, &limit) == 0);
}

void world_step(size_t node, nrs_event *event)
{
    nrs_effects effects = {0};
    bool failing = world_now.failing[node] > 0;
    nrs_error error;

    if (world_net.nodes[node].core == NULL) {
        return;
    }
    event->now_ms = world_net.now_ms + (uint64_t)world_net.nodes[node].skew_ms;
    event->monotonic_ms = world_net.monotonic_ms;
    if (failing) {
        world_now.failing[node]--;
        limit_disk(node, true);
    }
    error = nrs_core_step(world_net.nodes[node].core, &effects, event, 1);
    if (failing) {
        limit_disk(node, false);
    }
    HOLDS(error == NRS_OK || failing);
    act(node, &effects);
    nrs_effects_wipe(&effects);
}

/* Tell of the links that ended. What that brings about may end others. */
void world_tell_downs(void)
{
    for (size_t i = 0; i < world_now.down_count; i++) {
        nrs_event event = {.type = NRS_EVENT_LINK_DOWN, .link = world_now.downs[i].link};
        world_step(world_now.downs[i].node, &event);
    }
    world_now.down_count = 0;
}

void world_tick(size_t node)
{
    nrs_event event = {.type = NRS_EVENT_TICK};

    world_step(node, &event);
}

void world_pass(uint64_t ms)
{
    world_net.now_ms += ms;
    world_net.monotonic_ms += ms;
    world_now.passed_ms += ms;
}

void world_connect(size_t member)
{
    world_line *link = &world_now.lines[member];
    nrs_event event = {.type = NRS_EVENT_LINK_UP};

    if (link->up || !world_now.dials[member] || world_net.nodes[0].core == NULL || world_net.nodes[member].core == NULL ||
        !nrs_core_admits(world_net.nodes[0].core, curve_key(member))) {
        return;
    }
    link->up = true;
    link->id[0] = ++world_now.next_link;
    link->id[1] = event.link = ++world_now.next_link;
    memcpy(event.curve_key, curve_key(0), NRS_KEY_SIZE);
    world_step(member, &event);
}

void world_receive(size_t member, size_t side, nrs_slice bytes)
{
    size_t node = side == 0 ? 0 : member;
    nrs_event event = {.type = NRS_EVENT_FRAME, .link = world_now.lines[member].id[side], .bytes = bytes};

    memcpy(event.curve_key, curve_key(node == 0 ? member : 0), NRS_KEY_SIZE);
    world_step(node, &event);
}

bool world_deliver(size_t member, size_t side)
{
    world_frames *queue = &world_now.lines[member].to[side];
    nrs_bytes frame;

    if (!world_now.lines[member].up || queue->count == 0) {
        return false;
    }
    frame = queue->list[0];
    queue->count--;
    memmove(&queue->list[0], &queue->list[1], queue->count * sizeof queue->list[0]);
    queue->list[queue->count] = (nrs_bytes){0}; /* it moved, or is the one in hand */
    world_receive(member, side, nrs_slice_of_bytes(&frame));
    nrs_bytes_wipe(&frame);
    return true;
}

void world_deliver_all(void)
{
    bool moved = true;

    while (moved) {
        moved = false;
        for (size_t member = 1; member < WORLD_NODE_COUNT; member++) {
            moved = world_deliver(member, 0) || moved;
            moved = world_deliver(member, 1) || moved;
        }
        world_tell_downs();
    }
}

/* ---- Life and death ---- */

static void put_file(const char *folder, const char *name, nrs_slice bytes)
{
    char path[128];
    FILE *file;

    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    if (bytes.data == NULL) {
        (void)remove(path);
        return;
    }
    file = fopen(path, "wb");
    HOLDS(file != NULL && fwrite(bytes.data, 1, bytes.size, file) == bytes.size && fclose(file) == 0);
}

static void stop(size_t node)
{
    nrs_core_destroy(&world_net.nodes[node].core);
    nrs_store_close(&world_net.nodes[node].store); /* an open transaction is rolled back */
}

void world_crash(size_t node)
{
    world_now.dials[node] = false;
    stop(node);
    for (size_t member = 1; member < WORLD_NODE_COUNT; member++) {
        if (node == 0 || node == member) {
            world_cut(member, node);
        }
    }
    mesh_up(&world_net, node);
    for (size_t peer = 0; peer < WORLD_NODE_COUNT; peer++) {
        if (peer != node && world_now.confirmed[node][peer] > 0) {
            assert_held(node, peer, world_now.confirmed[node][peer]);
        }
    }
}

void world_begin(void)
{
    (void)signal(SIGXFSZ, SIG_IGN); /* a write past the limit is an error to its caller; libFuzzer would end with it */
    nrs_seeded_restart("core events");
    memset(&world_now, 0, sizeof world_now);
    world_net.now_ms = base.now_ms;
    world_net.monotonic_ms = base.monotonic_ms;
    HOLDS(nrs_bytes_copy(&world_net.statement, nrs_slice_of_bytes(&base.statement)) == NRS_OK);
    HOLDS(nrs_bytes_copy(&world_net.many, nrs_slice_of_bytes(&base.many)) == NRS_OK);
    for (size_t i = 0; i < WORLD_NODE_COUNT; i++) {
        mesh_node *node = &world_net.nodes[i];
        put_file(node->folder, "store.db", nrs_slice_of_bytes(&base.store[i]));
        put_file(node->folder, "store.db-wal", nrs_slice_of(NULL, 0));
        put_file(node->folder, "store.db-shm", nrs_slice_of(NULL, 0));
        HOLDS(nrs_bytes_copy(&node->vault, nrs_slice_of_bytes(&base.vault[i])) == NRS_OK);
        node->skew_ms = 0;
        mesh_up(&world_net, i);
    }
}

void world_end(void)
{
    for (size_t i = 0; i < WORLD_NODE_COUNT; i++) {
        stop(i);
        clear(&world_now.lines[i].to[0]);
        clear(&world_now.lines[i].to[1]);
    }
    json_decref(world_now.reply);
    world_now.reply = NULL;
}

/* ---- Commands ---- */

nrs_error world_ask(size_t node, json_t *command)
{
    nrs_event event = {.type = NRS_EVENT_COMMAND, .name = "fuzzer", .command = command, .request = 1};
    const char *rule;

    json_decref(world_now.reply);
    world_now.reply = NULL;
    HOLDS(command != NULL);
    world_step(node, &event);
    json_decref(command);
    HOLDS(world_now.reply != NULL); /* a command is answered, whatever became of it */
    rule = json_string_value(json_object_get(json_array_get(world_now.reply, json_array_size(world_now.reply) - 1), "rule"));
    return rule == NULL ? NRS_OK : nrs_error_from_rule(rule);
}

static void leave(void)
{
    mesh_stop(&world_net);
    for (size_t i = 0; i < WORLD_NODE_COUNT; i++) {
        nrs_bytes_wipe(&base.store[i]);
        nrs_bytes_wipe(&base.vault[i]);
    }
    nrs_bytes_wipe(&base.statement);
    nrs_bytes_wipe(&base.many);
}

static void keep_file(nrs_bytes *out, const char *folder)
{
    char path[128];
    uint8_t block[4096];
    size_t size;
    FILE *file;

    (void)snprintf(path, sizeof path, "%s/store.db", folder);
    file = fopen(path, "rb");
    HOLDS(file != NULL);
    while ((size = fread(block, 1, sizeof block, file)) > 0) {
        HOLDS(nrs_bytes_append(out, nrs_slice_of(block, size)) == NRS_OK);
    }
    (void)fclose(file);
}

void world_make(void)
{
    HOLDS(nrs_seeded_install("core events") == 0);
    mesh_start(&world_net, WORLD_NODE_COUNT, 1);
    mesh_settle(&world_net, 4);
    for (size_t i = 0; i < WORLD_NODE_COUNT; i++) {
        mesh_down(&world_net, i);
        keep_file(&base.store[i], world_net.nodes[i].folder);
        HOLDS(nrs_bytes_copy(&base.vault[i], nrs_slice_of_bytes(&world_net.nodes[i].vault)) == NRS_OK);
    }
    HOLDS(nrs_bytes_copy(&base.statement, nrs_slice_of_bytes(&world_net.statement)) == NRS_OK);
    HOLDS(nrs_bytes_copy(&base.many, nrs_slice_of_bytes(&world_net.many)) == NRS_OK);
    base.now_ms = world_net.now_ms;
    base.monotonic_ms = world_net.monotonic_ms;
    HOLDS(atexit(leave) == 0);
}

