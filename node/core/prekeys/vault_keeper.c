/* Keeps the vault (SPEC 9): which root and segment keys are in force. How entries are destroyed for good: vault_destroy.c. */
#include <stdlib.h>
#include <string.h>

#include "prekeys/vault_keeper.h"

#define GENERATION_NAME "vault-generation"
/* The entry count on the disk may lag by this much after a restart, so a segment may outgrow its size by as much. */
#define COUNT_STORED_EVERY 64u

static void generation_bytes(uint8_t bytes_out[8], uint64_t generation)
{
    for (size_t i = 0; i < 8; i++) {
        bytes_out[i] = (uint8_t)(generation >> (8 * i));
    }
}

/* The key that the vault file stands under outlives a change of identity: a file that is written in place is never moved from
 * one key to another. */
nrs_error nrs_vault_file_key(const nrs_core *core, nrs_secret **key_out)
{
    return core->vault_key != NULL ? nrs_secret_copy(key_out, nrs_secret_slice(core->vault_key))
                                   : nrs_identity_derive(key_out, core->identity, NRS_DOMAIN_VAULT);
}

/* A half whose root stays keeps its bytes: a write that is torn in it changes nothing there. Were it sealed anew, a power cut
 * in the middle of it would take the root in force, and with it everything. */
static void keep_halves(const nrs_core *core, bool kept_out[2], uint8_t file[NRS_VAULT_FILE_SIZE])
{
    const size_t half = NRS_VAULT_FILE_SIZE / 2;

    for (size_t i = 0; i < 2; i++) {
        kept_out[i] = core->vault_bytes.size == NRS_VAULT_FILE_SIZE && core->roots.root[i] != NULL &&
                      core->vault_generation[i] == core->roots.generation[i];
        if (kept_out[i]) {
            memcpy(file + i * half, core->vault_bytes.data + i * half, half);
        }
    }
}

static nrs_error remember_file(nrs_core *core, nrs_slice file)
{
    nrs_error error = nrs_bytes_copy(&core->vault_bytes, file);

    for (size_t i = 0; i < 2; i++) {
        core->vault_generation[i] = error == NRS_OK && core->roots.root[i] != NULL ? core->roots.generation[i] : 0;
    }
    return error;
}

nrs_error nrs_vault_write_roots(nrs_core *core)
{
    uint8_t file[NRS_VAULT_FILE_SIZE];
    bool kept[2] = {false, false};
    nrs_secret *wrap_key = NULL;
    nrs_error error = nrs_vault_file_key(core, &wrap_key);

    core->vault_tried_ms = core->monotonic_ms;
    core->vault_unsettled = true; /* until it is known to be on the disk */
    if (error == NRS_OK) {
        error = nrs_vault_file_encode(file, &core->roots, wrap_key);
    }
    if (error == NRS_OK) {
        keep_halves(core, kept, file);
        error = remember_file(core, nrs_slice_of(file, sizeof file));
    }
    if (error == NRS_OK) {
        error = core->vault_file.write(core->vault_file.context, nrs_slice_of(file, sizeof file));
    }
    core->vault_unsettled = error != NRS_OK;
    core->roots.unsettled = core->roots.unsettled && error != NRS_OK;
    for (size_t i = 0; i < 2 && error != NRS_OK; i++) {
        core->vault_generation[i] = kept[i] ? core->vault_generation[i] : 0; /* nobody knows what stands there now */
    }
    nrs_secret_destroy(&wrap_key);
    return error;
}

static void segment_label(uint8_t label_out[8], uint64_t number)
{
    generation_bytes(label_out, number);
}

static nrs_error segment_append(nrs_core *core, const nrs_segment *segment)
{
    if (core->segment_count == core->segment_capacity) {
        size_t capacity = core->segment_capacity == 0 ? 16 : core->segment_capacity * 2;
        nrs_segment *segments = realloc(core->segments, capacity * sizeof *segments);
        if (segments == NULL) {
            return NRS_ERROR_NO_MEMORY;
        }
        core->segments = segments;
        core->segment_capacity = capacity;
    }
    core->segments[core->segment_count] = *segment;
    core->segment_count++;
    return NRS_OK;
}

nrs_error nrs_vault_segment_key(nrs_secret **key_out, const nrs_segment *segment, const nrs_secret *root)
{
    uint8_t label[8];

    segment_label(label, segment->number);
    return nrs_vault_unwrap(key_out, root, nrs_slice_of(label, sizeof label), nrs_slice_of(segment->wrapped, sizeof segment->wrapped));
}

nrs_error nrs_vault_segment_set_key(nrs_segment *segment, const nrs_secret *key, const nrs_secret *root)
{
    uint8_t label[8];
    nrs_bytes wrapped = {0};
    nrs_error error;

    segment_label(label, segment->number);
    error = nrs_vault_wrap(&wrapped, root, nrs_slice_of(label, sizeof label), key);
    if (error == NRS_OK) {
        NRS_ASSERT(wrapped.size == sizeof segment->wrapped);
        memcpy(segment->wrapped, wrapped.data, sizeof segment->wrapped);
    }
    nrs_bytes_wipe(&wrapped);
    return error;
}

/* Its key is tried, so that a vault of another store is known at the start. */
static nrs_error load_segment(void *context, uint64_t number, uint32_t entry_count, nrs_slice wrapped)
{
    nrs_core *core = context;
    nrs_segment segment = {.number = number, .entry_count = entry_count};
    nrs_secret *key = NULL;
    nrs_error error;

    if (wrapped.size != sizeof segment.wrapped) {
        return NRS_ERROR_DAMAGED;
    }
    memcpy(segment.wrapped, wrapped.data, sizeof segment.wrapped);
    error = nrs_vault_segment_key(&key, &segment, core->root);
    nrs_secret_destroy(&key);
    return error == NRS_OK ? segment_append(core, &segment) : error;
}

nrs_error nrs_vault_store_segment(nrs_core *core, const nrs_segment *segment)
{
    return nrs_store_segment_set(core->store, segment->number, segment->entry_count, nrs_slice_of(segment->wrapped, sizeof segment->wrapped));
}

/* The generation that the store names as the one in force; 0 when there was never one. begun_out: the making of the first was begun. */
static nrs_error stored_generation(nrs_core *core, bool *begun_out, uint64_t *generation_out)
{
    *generation_out = 0;
    *begun_out = false;
    return nrs_store_meta_number_get(core->store, GENERATION_NAME, generation_out, begun_out);
}

nrs_error nrs_vault_begun(nrs_core *core, bool *begun_out)
{
    uint64_t generation = 0;
    bool begun = false;
    nrs_error error = stored_generation(core, &begun, &generation);

    *begun_out = error == NRS_OK && generation > 0;
    return error;
}

nrs_error nrs_vault_set_generation(nrs_core *core, uint64_t generation)
{
    return nrs_store_meta_number_set(core->store, GENERATION_NAME, generation);
}

static nrs_error read_roots(nrs_core *core)
{
    nrs_bytes file = {0};
    nrs_secret *wrap_key = NULL;
    nrs_error error = core->vault_file.read(core->vault_file.context, &file);

    if (error == NRS_OK && file.size > 0) {
        error = nrs_vault_file_key(core, &wrap_key);
        if (error == NRS_OK) {
            error = nrs_vault_file_decode(&core->roots, nrs_slice_of_bytes(&file), wrap_key);
        }
    }
    if (error == NRS_OK) {
        error = remember_file(core, nrs_slice_of_bytes(&file));
    }
    nrs_secret_destroy(&wrap_key);
    nrs_bytes_wipe(&file);
    return error;
}

static nrs_error commit_generation(nrs_core *core, uint64_t generation)
{
    nrs_error error = nrs_store_begin(core->store);

    if (error != NRS_OK) {
        return error;
    }
    error = nrs_vault_set_generation(core, generation);
    if (error != NRS_OK) {
        nrs_store_rollback(core->store);
        return error;
    }
    return nrs_store_commit(core->store);
}

static void forget_roots(nrs_core *core)
{
    nrs_vault_roots_wipe(&core->roots);
    nrs_bytes_wipe(&core->vault_bytes);
    memset(core->vault_generation, 0, sizeof core->vault_generation);
}

/* A store that has not begun a vault, and a file that has a root: the store was lost, and the root opens what may be in a copy of it. */
static nrs_error begin_vault(nrs_core *core)
{
    nrs_error error = read_roots(core);

    if (error == NRS_OK && (core->roots.root[0] != NULL || core->roots.root[1] != NULL)) {
        error = NRS_ERROR_DAMAGED;
    }
    return error == NRS_OK ? commit_generation(core, 0) : error;
}

/* A new vault. The store says that one is being made, then the root is on the disk, then the store speaks of it: nothing is wrapped under
 * what a start that was cut off between has left in the file, whole or torn, and none of its bytes may stay. */
static nrs_error first_root(nrs_core *core, bool begun)
{
    nrs_error error = begun ? NRS_OK : begin_vault(core);

    forget_roots(core);
    if (error == NRS_OK) {
        error = nrs_secret_random(&core->roots.root[0], NRS_KEY_SIZE);
    }
    if (error != NRS_OK) {
        return error;
    }
    core->roots.generation[0] = 1;
    error = nrs_vault_write_roots(core);
    return error == NRS_OK ? commit_generation(core, 1) : error;
}

nrs_error nrs_vault_keeper_load(nrs_core *core)
{
    uint64_t generation;
    bool begun;
    nrs_error error = stored_generation(core, &begun, &generation);

    if (error == NRS_OK && generation > 0) {
        error = read_roots(core);
    } else if (error == NRS_OK) {
        error = first_root(core, begun);
        generation = 1;
    }
    if (error != NRS_OK) {
        return error;
    }
    core->root = NULL;
    core->root_generation = generation;
    for (size_t i = 0; i < 2; i++) {
        if (core->roots.root[i] != NULL && core->roots.generation[i] == generation) {
            core->root = core->roots.root[i];
        }
    }
    if (core->root == NULL) {
        return NRS_ERROR_DAMAGED; /* the vault file does not belong to this store */
    }
    error = nrs_vault_settle(core);
    if (error != NRS_OK) {
        return error;
    }
    return nrs_store_segment_each(core->store, load_segment, core);
}

void nrs_vault_keeper_wipe(nrs_core *core)
{
    free(core->segments);
    core->segments = NULL;
    core->segment_count = core->segment_capacity = 0;
    forget_roots(core);
    core->root = NULL;
}

static nrs_error new_segment(nrs_core *core)
{
    nrs_segment segment = {.number = 1};
    nrs_secret *key = NULL;
    nrs_error error;

    for (size_t i = 0; i < core->segment_count; i++) {
        if (core->segments[i].number >= segment.number) {
            segment.number = core->segments[i].number + 1;
        }
    }
    error = nrs_secret_random(&key, NRS_KEY_SIZE);
    if (error == NRS_OK) {
        error = nrs_vault_segment_set_key(&segment, key, core->root);
    }
    if (error == NRS_OK) {
        error = segment_append(core, &segment);
    }
    nrs_secret_destroy(&key);
    return error;
}

nrs_error nrs_vault_put(nrs_core *core, uint64_t *segment_out, nrs_bytes *wrapped_out, nrs_slice label, const nrs_secret *secret)
{
    nrs_segment *segment = core->segment_count > 0 ? &core->segments[core->segment_count - 1] : NULL;
    nrs_secret *key = NULL;
    nrs_error error;

    if (segment == NULL || segment->entry_count >= NRS_VAULT_SEGMENT_ENTRIES_MAX) {
        error = new_segment(core);
        if (error != NRS_OK) {
            return error;
        }
        segment = &core->segments[core->segment_count - 1];
        error = nrs_vault_store_segment(core, segment);
        if (error != NRS_OK) {
            return error;
        }
    }
    error = nrs_vault_segment_key(&key, segment, core->root);
    if (error == NRS_OK) {
        error = nrs_vault_wrap(wrapped_out, key, label, secret);
    }
    nrs_secret_destroy(&key);
    if (error == NRS_OK) {
        segment->entry_count++;
        *segment_out = segment->number;
    }
    if (error == NRS_OK && segment->entry_count % COUNT_STORED_EVERY == 0) {
        error = nrs_vault_store_segment(core, segment);
    }
    return error;
}

nrs_segment *nrs_vault_segment(const nrs_core *core, uint64_t number)
{
    for (size_t i = core->segment_count; i > 0; i--) {
        if (core->segments[i - 1].number == number) {
            return &core->segments[i - 1];
        }
    }
    return NULL;
}

nrs_error nrs_vault_take(nrs_core *core, nrs_secret **secret_out, uint64_t segment, nrs_slice label, nrs_slice wrapped)
{
    const nrs_segment *found = nrs_vault_segment(core, segment);
    nrs_secret *key = NULL;
    nrs_error error;

    if (found == NULL) {
        return NRS_ERROR_DAMAGED;
    }
    error = nrs_vault_segment_key(&key, found, core->root);
    if (error == NRS_OK) {
        error = nrs_vault_unwrap(secret_out, key, label, wrapped);
    }
    nrs_secret_destroy(&key);
    return error;
}

nrs_error nrs_vault_settle(nrs_core *core)
{
    /* What could not be written is tried again until it is, once a second. */
    bool stale = (core->roots.unsettled || core->vault_unsettled) && core->monotonic_ms >= core->vault_tried_ms + NRS_SECOND_MS;

    for (size_t i = 0; i < 2; i++) {
        if (core->roots.root[i] != NULL && core->roots.root[i] != core->root) {
            nrs_secret_destroy(&core->roots.root[i]);
            core->roots.generation[i] = 0;
            stale = true;
        }
    }
    return stale ? nrs_vault_write_roots(core) : NRS_OK;
}
