/* Nothing is destroyed by a clock that has not run true for a day, and destroyed means gone: no prekey outlives its grace, the vault holds one root when nothing is under way, and what wrapped the key of a report
 * that is forgotten unwraps it no more. */
#include <string.h>

#include "check.h"
#include "keys/vault.h"
#include "world.h"

#define LATE_MS (3 * NRS_DAY_MS) /* a clock may be a day wrong, and is trusted again after a day */

#define AWARE_MS 10000u /* a jump is seen with the next tick */

typedef struct scan { sim_world *world; sim_node *node; } scan;

static nrs_error look(void *context, const nrs_prekey_row *row)
{
    const scan *job = context;

    if (row->until_ms + NRS_PREKEY_GRACE_MS + LATE_MS < sim_node_now_ms(job->world, job->node)) {
        sim_world_fail(job->world, "destroyed", "%s still holds a prekey whose grace ended %llu days ago", job->node->org,
                       (unsigned long long)((sim_node_now_ms(job->world, job->node) - row->until_ms - NRS_PREKEY_GRACE_MS) / NRS_DAY_MS));
    }
    return NRS_OK;
}

/* A clock is trusted with what cannot be undone once it has run true for a day: it was up, and right, over the last sleep. */
static bool awake_since(const sim_world *world, const sim_node *node)
{
    if (world->leapt_ms + AWARE_MS > world->end_ms) {
        return false; /* before it looked its clock was put right, which is a jump like any other */
    }
    if (sim_clocks_apart_ms(world) > NRS_HOUR_MS) {
        return false; /* one that disagrees with its peers' is trusted after a week only, and so is one whose peers are wrong */
    }
    return world->leapt_ms != 0 && node->up_ms < world->leapt_ms && node->jumped_ms + AWARE_MS < world->leapt_ms &&
           world->leapt_ms + 2 * SIM_MINUTE_MS < world->now_ms;
}

static void look_at_sweep(sim_world *world, sim_node *node)
{
    nrs_bytes value = {0};

    if (node->core != NULL && nrs_store_meta_get(node->store, "swept", &value) == NRS_OK && value.size > 0) {
        sim_sometimes_hit(world, SIM_SOMETIMES_SWEPT);
    }
    nrs_bytes_wipe(&value);
}

/* ---- What cannot be undone ---- */

/* It has not run for a day since it started, or since it noticed that its clock was set: no time that was slept through counts for it either. */
static bool too_young(const sim_world *world, const sim_node *node)
{
    const uint64_t since_ms = node->up_ms > node->jump_seen_ms ? node->up_ms : node->jump_seen_ms;

    return node->hostile == NULL && world->leapt_ms <= since_ms && world->now_ms - since_ms < NRS_DAY_MS - NRS_HOUR_MS;
}

static uint64_t swept_up_to(sim_node *node)
{
    uint64_t swept = 0;

    sim_disk_hold(&node->disk, true);
    if (nrs_store_meta_number_get(node->store, "swept", &swept, NULL) != NRS_OK) {
        swept = 0;
    }
    sim_disk_hold(&node->disk, false);
    return swept;
}

static void started(sim_world *world, sim_node *node)
{
    node->swept_minute = world->now_ms / SIM_MINUTE_MS;
    node->swept = swept_up_to(node);
}

/* Once a minute, as the node itself does it. */
static void stepped(sim_world *world, sim_node *node)
{
    const uint64_t minute = world->now_ms / SIM_MINUTE_MS, before = node->swept;

    if (minute == node->swept_minute) {
        return;
    }
    node->swept_minute = minute;
    node->swept = swept_up_to(node);
    if (node->swept != before && too_young(world, node)) {
        sim_world_fail(world, "destroyed", "%s drops what has expired by a clock that has not run true for a day", node->org);
    }
}

static void log_line(sim_world *world, sim_node *node, const char *text)
{
    if (strstr(text, "the clock jumped") != NULL) {
        node->jump_seen_ms = world->now_ms;
        node->swept = swept_up_to(node); /* what it dropped before that it could drop */
    } else if (strstr(text, "destroyed, past their grace") != NULL && too_young(world, node)) {
        sim_world_fail(world, "destroyed", "%s destroys prekeys by a clock that has not run true for a day", node->org);
    }
}

/* ---- What was forgotten ---- */

static sim_wrapped *wrapped_of(sim_world *world, const sim_node *node, size_t report)
{
    for (size_t i = 0; i < world->oracle.wrapped_count; i++) {
        if (world->oracle.wrapped[i].node == node->index && world->oracle.wrapped[i].report == report) {
            return &world->oracle.wrapped[i];
        }
    }
    return NULL;
}

/* The bytes as somebody may have them from an old page of the disk. */
void sim_destroyed_asked(sim_world *world, sim_node *node, size_t report)
{
    sim_oracle *oracle = &world->oracle;
    sim_wrapped *wrapped = wrapped_of(world, node, report);
    nrs_report_row row;
    nrs_bytes holder = {0};
    uint8_t id[NRS_HASH_SIZE];

    if (node->core == NULL || nrs_hex_decode(id, sizeof id, oracle->reports[report].id) != NRS_OK || (wrapped == NULL && oracle->wrapped_count == SIM_WRAPPED_MAX)) {
        return;
    }
    sim_disk_hold(&node->disk, true);
    if (nrs_store_report_get(node->store, &row, &holder, id) == NRS_OK && row.key_state == NRS_KEY_HELD && row.wrapped_key.size <= sizeof wrapped->bytes) {
        wrapped = wrapped == NULL ? &oracle->wrapped[oracle->wrapped_count++] : wrapped;
        *wrapped = (sim_wrapped){.node = node->index, .report = report, .size = row.wrapped_key.size};
        memcpy(wrapped->bytes, row.wrapped_key.data, row.wrapped_key.size);
    }
    sim_disk_hold(&node->disk, false);
    nrs_bytes_wipe(&holder);
}

typedef struct unwrapping { const nrs_secret *root; const sim_wrapped *wrapped; const uint8_t *id; bool opens; } unwrapping;

static nrs_error try_segment(void *context, uint64_t number, uint32_t entry_count, nrs_slice bytes)
{
    unwrapping *it = context;
    uint8_t label[8];
    nrs_secret *segment = NULL, *key = NULL;

    (void)entry_count;
    for (size_t i = 0; i < sizeof label; i++) {
        label[i] = (uint8_t)(number >> (8 * i));
    }
    it->opens = it->opens || (nrs_vault_unwrap(&segment, it->root, nrs_slice_of(label, sizeof label), bytes) == NRS_OK &&
                              nrs_vault_unwrap(&key, segment, nrs_slice_of(it->id, NRS_HASH_SIZE), nrs_slice_of(it->wrapped->bytes, it->wrapped->size)) == NRS_OK);
    nrs_secret_destroy(&key);
    nrs_secret_destroy(&segment);
    return NRS_OK;
}

static void check_forgotten(sim_world *world, sim_node *node, const nrs_vault_roots *roots)
{
    for (size_t i = 0; i < world->oracle.wrapped_count; i++) {
        const sim_wrapped *wrapped = &world->oracle.wrapped[i];
        const sim_report *report = &world->oracle.reports[wrapped->report];
        uint8_t id[NRS_HASH_SIZE];
        unwrapping it = {.wrapped = wrapped, .id = id};

        if (wrapped->node != node->index || (report->forgotten & (1ull << node->index)) == 0 || node->put_back ||
            nrs_hex_decode(id, sizeof id, report->id) != NRS_OK) {
            continue;
        }
        for (size_t k = 0; k < 2; k++) {
            it.root = roots->root[k];
            if (it.root != NULL && nrs_store_segment_each(node->store, try_segment, &it) != NRS_OK) {
                sim_world_fail(world, "destroyed", "%s: its vault's segments cannot be read", node->org);
            }
        }
        if (it.opens) {
            sim_world_fail(world, "destroyed", "%s has forgotten r%zu, and what wrapped its key still opens it", node->org, wrapped->report);
        }
        sim_sometimes_hit(world, SIM_SOMETIMES_KEY_GONE);
    }
}

static void check_vault(sim_world *world, sim_node *node)
{
    const sim_file *file = sim_disk_find(&node->disk, "vault");
    nrs_vault_roots roots = {0};
    nrs_secret *key = NULL;
    nrs_error error = nrs_identity_derive(&key, node->keys[0].identity, NRS_DOMAIN_VAULT);

    if (error == NRS_OK && file != NULL) {
        error = nrs_vault_file_decode(&roots, nrs_slice_of(file->durable.data, file->durable.size), key);
    }
    if (error != NRS_OK || file == NULL) {
        sim_world_fail(world, "destroyed", "%s: its vault cannot be read: %s", node->org, nrs_error_rule(error));
    } else if (roots.root[0] != NULL && roots.root[1] != NULL) {
        sim_world_fail(world, "destroyed", "%s: its vault holds an old root beside the one in force", node->org);
    } else {
        check_forgotten(world, node, &roots);
    }
    nrs_vault_roots_wipe(&roots);
    nrs_secret_destroy(&key);
}

static void end(sim_world *world)
{
    for (size_t i = 0; i < world->node_count; i++) {
        scan job = {.world = world, .node = &world->nodes[i]};

        if (job.node->core != NULL && awake_since(world, job.node) && nrs_store_prekey_each(job.node->store, look, &job) != NRS_OK) {
            sim_world_fail(world, "destroyed", "%s: its prekeys cannot be read", job.node->org);
        }
        look_at_sweep(world, job.node);
    }
    for (size_t i = 0; i < world->node_count; i++) {
        if (world->nodes[i].core != NULL) {
            check_vault(world, &world->nodes[i]);
        }
    }
}

const sim_checker sim_checker_destroyed = {.name = "destroyed", .stepped = stepped, .started = started, .log = log_line, .end = end};
