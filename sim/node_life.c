/* A node's life: how it is made, starts, falls and starts again. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "hostile.h"
#include "memory.h"
#include "person.h"
#include "picture.h"
#include "rotate.h"
#include "tamper.h"
#include "vfs.h"
#include "world.h"

#define RETRY_START_MS 5000u
#define SWITCH_MS 50u
#define UNLOCK_AFTER_MS 3000u
#define PURPOSE_ENGINE 0xe6e1
#define PURPOSE_DISK 0xd15c

static char vault_name[] = "vault", audit_name[] = "audit-end";

static void make_card(const sim_world *world, sim_node *node, sim_keys *keys)
{
    nrs_card card;
    Nrs__Wire__PersonEntry entries[2], *persons[2] = {&entries[0], &entries[1]};
    uint8_t proofs[2][NRS_SIGNATURE_SIZE];
    char endpoint[64];
    char *endpoints[1] = {endpoint};

    nrs__wire__card__init(&card);
    card.org = node->org;
    card.name = node->org;
    card.serial = node->key_count + 1;
    card.created_ms = sim_node_now_ms(world, node);
    (void)snprintf(endpoint, sizeof endpoint, "tcp://%s:7417", node->org);
    card.n_endpoints = node->hub ? 1 : 0;
    card.endpoints = endpoints;
    card.persons = persons;
    for (unsigned second = 0; second < 2 && sim_person_of(node, second == 1) != NULL; second++) {
        sim_person_fill(&entries[second], proofs[second], node, keys->identity, second == 1);
        card.n_persons++;
    }
    NRS_ASSERT(nrs_card_sign(&keys->card, &card, keys->identity) == NRS_OK);
}

const sim_keys *sim_node_keys(const sim_node *node)
{
    return &node->keys[node->key];
}

static void put_in_force(sim_node *node, size_t key)
{
    node->key = key;
    node->identity = node->keys[key].identity;
    if (key > 0 && node->vault_key == NULL) {
        NRS_ASSERT(nrs_identity_derive(&node->vault_key, node->keys[0].identity, NRS_DOMAIN_VAULT) == NRS_OK);
    }
}

void sim_node_make_keys(sim_world *world, sim_node *node)
{
    sim_keys *keys = &node->keys[node->key_count];

    NRS_ASSERT(node->key_count < SIM_KEYS_MAX);
    (void)sim_random_use(&node->random);
    NRS_ASSERT(nrs_identity_new(&keys->identity) == NRS_OK);
    nrs_key_hash(keys->hash, nrs_identity_public(keys->identity)->sign_key);
    NRS_ASSERT(nrs_member_prove(keys->proof, keys->identity, node->org) == NRS_OK);
    make_card(world, node, keys);
    node->key_count++;
}

void sim_node_make(sim_world *world, size_t index, bool hub)
{
    sim_node *node = &world->nodes[index];
    node->index = index;
    node->owner = index;
    node->hub = hub;
    node->there = !world->options.absent[index];
    (void)snprintf(node->org, sizeof node->org, "%s-%02zu", hub ? "hub" : "member", index);
    memcpy(node->called, node->org, sizeof node->org);
    node->random = sim_random_of(world->options.seed, PURPOSE_ENGINE, index);
    sim_disk_init(&node->disk, sim_random_of(world->options.seed, PURPOSE_DISK, index));
    sim_vfs_attach(index, &node->disk);
    (void)sim_random_use(&node->random);
    if (world->persons) {
        NRS_ASSERT(nrs_identity_new(&node->person) == NRS_OK);
        NRS_ASSERT(!world->pairs || nrs_identity_new(&node->second) == NRS_OK);
    }
    sim_node_make_keys(world, node);
    put_in_force(node, 0);
    node->wake_ms = SIM_NEVER;
    node->next_link = 1;
    sim_clock_boot(world, &node->clock, SIM_MONOTONIC_MS);
}

static void clear_inputs(sim_node *node)
{
    for (size_t i = 0; i < node->input_count; i++) {
        nrs_bytes_wipe(&node->inputs[i].bytes);
        json_decref(node->inputs[i].command);
    }
    node->input_count = 0;
}

static void take_down(sim_node *node)
{
    node->start++;
    (void)sim_memory_use(&node->memory);
    nrs_core_destroy(&node->core);
    nrs_store_close(&node->store);
    (void)sim_memory_use(NULL);
    for (size_t i = 0; i < node->key_count; i++) { /* made once for all its lives, they hold nothing from one to the next */
        nrs_identity_forget_agreed(node->keys[i].identity);
    }
    clear_inputs(node);
    node->dial_count = 0;
    node->wake_ms = SIM_NEVER;
    node->crash_in = 0;
    node->memory_in = 0;
    node->switch_due = false;
}

/* What a step had said is given back a moment after a node has fallen, so this is looked at before its next life. */
static void settle(sim_world *world, sim_node *node)
{
    const int64_t left = sim_memory_settle(&node->memory);

    if (left > 0) {
        sim_world_fail(world, "limits", "%s has ended, and did not give back %lld bytes of memory", node->org, (long long)left);
    }
}

void sim_node_end(sim_world *world, sim_node *node)
{
    node->disk.dead = true; /* nothing is tidied up */
    take_down(node);
    settle(world, node);
}

static void drop_copy(sim_node *node)
{
    if (node->copy != NULL) {
        sim_disk_wipe(node->copy);
        free(node->copy);
        node->copy = NULL;
    }
}

void sim_node_wipe(sim_world *world, sim_node *node)
{
    (void)world;
    node->disk.dead = true; /* nothing is tidied up */
    take_down(node);
    free(node->inputs);
    for (size_t i = 0; i < node->inbox_count; i++) {
        nrs_bytes_wipe(&node->inbox[i].bytes);
    }
    free(node->inbox);
    sim_hostile_wipe(node);
    sim_tamper_wipe(node);
    for (size_t i = 0; i < node->key_count; i++) {
        nrs_identity_destroy(&node->keys[i].identity);
        nrs_bytes_wipe(&node->keys[i].card);
        nrs_bytes_wipe(&node->keys[i].succession);
    }
    nrs_secret_destroy(&node->vault_key);
    nrs_identity_destroy(&node->person);
    nrs_identity_destroy(&node->second);
    sim_disk_wipe(&node->disk);
    drop_copy(node);
    sim_vfs_attach(node->index, NULL);
}

/* ---- The vault's file, and the note of where the audit log ends ---- */

static nrs_error read_file(sim_node *node, const char *name, nrs_bytes *bytes_out)
{
    sim_file *file = sim_disk_find(&node->disk, name);
    nrs_error error;
    size_t read = 0;

    if (file == NULL) {
        nrs_bytes_wipe(bytes_out);
        return NRS_OK;
    }
    error = nrs_bytes_resize(bytes_out, file->cache.size);
    if (error != NRS_OK) {
        return error;
    }
    return sim_disk_read(&node->disk, file, bytes_out->data, bytes_out->size, 0, &read) == SIM_DISK_OK ? NRS_OK : NRS_ERROR_DISK;
}

static nrs_error write_file(sim_node *node, const char *name, size_t offset, nrs_slice bytes, bool sync)
{
    sim_file *file = sim_disk_open(&node->disk, name, true);

    if (file == NULL || sim_disk_write(&node->disk, file, bytes.data, bytes.size, offset) != SIM_DISK_OK) {
        return NRS_ERROR_DISK;
    }
    return !sync || sim_disk_sync(&node->disk, file) == SIM_DISK_OK ? NRS_OK : NRS_ERROR_DISK;
}

static nrs_error vault_read(void *context, nrs_bytes *bytes_out)
{
    return read_file(context, vault_name, bytes_out);
}

static nrs_error vault_write(void *context, nrs_slice bytes)
{
    return write_file(context, vault_name, 0, bytes, true);
}

static nrs_error audit_read(void *context, nrs_bytes *bytes_out)
{
    return read_file(context, audit_name, bytes_out);
}

static nrs_error audit_write(void *context, size_t offset, nrs_slice bytes, bool sync)
{
    return write_file(context, audit_name, offset, bytes, sync);
}

/* ---- Starts and ends ---- */

static nrs_error open_engine(sim_world *world, sim_node *node)
{
    char path[24];
    uint8_t incarnation[NRS_LOG_ID_SIZE];
    nrs_store_options store_options = {.path = path, .vfs = SIM_VFS_NAME};
    nrs_core_options options = {.identity = node->identity, .vouch_tick_ms = SIM_VOUCH_TICK_MS, .own_card = nrs_slice_of_bytes(&sim_node_keys(node)->card),
                                .former = node->key == 0 ? NULL : node->keys[node->key - 1].identity, .vault_key = node->key == 0 ? NULL : node->vault_key,
                                .vault = {.context = node, .read = vault_read, .write = vault_write},
                                .audit_file = {.context = node, .read = audit_read, .write = audit_write}};
    nrs_error error;

    (void)snprintf(path, sizeof path, "%zu/store.db", node->index);
    (void)sim_random_use(&node->random);
    sim_vfs_set_time(sim_node_now_ms(world, node));
    randombytes_buf(incarnation, sizeof incarnation);
    (void)sim_memory_use(&node->memory);
    error = nrs_store_open(&node->store, &store_options, incarnation);
    if (error == NRS_OK) {
        options.store = node->store;
        error = nrs_core_new(&node->core, &options, sim_node_now_ms(world, node));
    }
    if (error != NRS_OK) {
        nrs_store_close(&node->store);
    }
    (void)sim_memory_use(NULL);
    return error;
}

void sim_node_start(sim_world *world, sim_node *node)
{
    nrs_error error;

    if (node->core != NULL || !node->there) {
        return;
    }
    node->start++;
    sim_clock_look(world, node);
    settle(world, node);
    error = open_engine(world, node);
    if (node->disk.dead) { /* the power went again while it started */
        sim_node_crash(world, node, SIM_CRASH_POWER, node->down_ms);
        return;
    }
    if (error != NRS_OK) {
        sim_trace_line(world, node, "does not start: %s", nrs_error_rule(error));
        sim_sometimes_hit(world, SIM_SOMETIMES_START_FAILED);
        sim_check_start_failed(world, node, error);
        node->start++;
        sim_world_put(world, RETRY_START_MS, (sim_event){.type = SIM_EVENT_START, .subject = node->index, .token = node->start});
        return;
    }
    sim_trace_line(world, node, "starts");
    node->up_ms = world->now_ms;
    node->tick_ms = node->pause_ms = node->busy_ms = world->now_ms;
    node->checkpoint_ms = world->now_ms + SIM_CHECKPOINT_MS;
    node->active_ms = world->now_ms;
    sim_check_started(world, node);
    sim_node_wake(world, node, world->now_ms);
}

static void start_again(sim_world *world, sim_node *node, uint64_t down_ms)
{
    node->start++;
    if (!node->stays_down) {
        sim_world_put(world, down_ms, (sim_event){.type = SIM_EVENT_START, .subject = node->index, .token = node->start});
    }
}

void sim_node_crash(sim_world *world, sim_node *node, sim_crash kind, uint64_t down_ms)
{
    uint64_t torn = node->disk.reached_torn, lost = node->disk.reached_lost;

    sim_trace_line(world, node, kind == SIM_CRASH_POWER ? "loses its power" : "is killed");
    sim_picture_mark(world, node->index, kind == SIM_CRASH_POWER ? "power" : "killed");
    sim_network_node_down(world, node, kind == SIM_CRASH_PROCESS);
    if (kind == SIM_CRASH_PROCESS && !node->disk.dead) {
        node->disk.dead = true; /* it gets no chance to tidy up; what it has written stays in the cache */
        take_down(node);
        node->disk.dead = false;
    } else {
        node->disk.dead = true;
        take_down(node);
        sim_disk_restart(&node->disk);
        sim_clock_boot(world, &node->clock, 1000 + sim_random_below(&node->disk.random, 100000));
        sim_sometimes_add(world, SIM_SOMETIMES_TORN, node->disk.reached_torn - torn);
        sim_sometimes_add(world, SIM_SOMETIMES_LOST_SECTORS, node->disk.reached_lost - lost);
    }
    start_again(world, node, down_ms);
}

void sim_node_copy(sim_node *node)
{
    drop_copy(node);
    node->copy_key = node->key;
    node->copy = sim_alloc(1, sizeof *node->copy);
    sim_disk_clone(node->copy, &node->disk);
}

/* What the checkers knew of the time after the copy they forget. */
static void forget_what_came_after(sim_world *world, sim_node *node)
{
    uint64_t bit = 1ull << node->index;

    node->put_back = true;
    node->seen_position = 0;
    sim_once_forget(node);
    memset(node->confirmed, 0, sizeof node->confirmed);
    memset(node->held, 0, sizeof node->held);
    memset(node->held_before, 0, sizeof node->held_before);
    memset(node->frozen_before, 0, sizeof node->frozen_before);
    memset(node->answered, 0, sizeof node->answered);
    memset(node->heard, 0, sizeof node->heard);
    node->revoked = node->revoked_before = 0;
    node->ended = node->ended_before = 0;
    for (size_t i = 0; i < world->plan.count; i++) {
        sim_report *report = &world->oracle.reports[i];

        report->forgotten &= ~bit;
        report->accepted &= ~bit;
        report->withdrawn_at &= ~bit;
        report->marked &= ~bit;
        report->shown &= ~bit;
    }
}

void sim_node_put_back(sim_world *world, sim_node *node, uint64_t down_ms)
{
    sim_disk copy;

    if (node->copy == NULL || node->core == NULL) {
        return;
    }
    sim_node_crash(world, node, SIM_CRASH_POWER, down_ms);
    sim_disk_clone(&copy, node->copy);
    copy.random = node->disk.random;
    sim_disk_wipe(&node->disk);
    node->disk = copy;
    drop_copy(node);
    put_in_force(node, node->copy_key);
    forget_what_came_after(world, node);
    sim_rotate_resume(world, node);
    sim_trace_line(world, node, "an older copy of its disk is put in its place");
    sim_sometimes_hit(world, SIM_SOMETIMES_PUT_BACK);
}

void sim_node_stop(sim_world *world, sim_node *node, uint64_t down_ms)
{
    nrs_error error;

    sim_trace_line(world, node, "stops");
    sim_network_node_down(world, node, true);
    (void)sim_memory_use(&node->memory);
    nrs_core_destroy(&node->core);
    error = nrs_store_checkpoint(node->store);
    (void)sim_memory_use(NULL);
    (void)error; /* as in the daemon: the next start tidies up */
    take_down(node);
    start_again(world, node, down_ms);
}

/* As the daemon does: it stops in order, one rename puts the next keys in force, and it starts again in the same process. */
void sim_node_switch(sim_world *world, sim_node *node)
{
    node->switch_due = false;
    if (node->key + 1 == node->key_count) {
        sim_trace_line(world, node, "has no next keys to take up");
        return;
    }
    sim_node_stop(world, node, SWITCH_MS);
    put_in_force(node, node->key + 1);
    for (size_t i = 0; i < SIM_NODES_MAX; i++) {
        world->nodes[i].confirmed[node->index] = 0; /* that was said to the keys before */
    }
    sim_rotate_taken_up(world, node);
    sim_trace_line(world, node, "its next keys are in force");
    sim_sometimes_hit(world, node->hub ? SIM_SOMETIMES_HUB_SUCCEEDED : SIM_SOMETIMES_SUCCEEDED);
    if (node->person != NULL) { /* whose prekeys are made for keys of the node */
        sim_world_put(world, UNLOCK_AFTER_MS, (sim_event){.type = SIM_EVENT_UNLOCK, .subject = node->index});
    }
}
