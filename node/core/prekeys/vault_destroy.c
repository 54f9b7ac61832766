/* Destroys entries of the vault for good (SPEC 9), in an order that a crash cannot spoil:
 *   1. the vault file gets a second root of generation g+1, synced;
 *   2. one transaction rewraps every segment key under it, the touched segments' survivors under fresh segment keys, and
 *      names g+1 as the generation in force;
 *   3. after the commit the root of generation g is overwritten in the file, synced.
 * A start between 1 and 3 finds two roots and the store says which one is in force; the other is overwritten. */
#include <stdlib.h>
#include <string.h>

#include "prekeys/vault_keeper.h"

typedef struct rewrap {
    nrs_core *core;
    uint64_t segment;
    nrs_secret *old_key; /* borrowed */
    nrs_secret *new_key; /* borrowed */
    const uint8_t (*report_ids)[NRS_HASH_SIZE];
    size_t report_count;
    const uint8_t (*prekey_ids)[NRS_PREKEY_ID_SIZE];
    size_t prekey_count;
    uint32_t kept;
} rewrap;

static nrs_error rewrapped(nrs_bytes *wrapped_out, const rewrap *job, nrs_slice label, nrs_slice wrapped)
{
    nrs_secret *secret = NULL;
    nrs_error error = nrs_vault_unwrap(&secret, job->old_key, label, wrapped);

    if (error == NRS_OK) {
        error = nrs_vault_wrap(wrapped_out, job->new_key, label, secret);
    }
    nrs_secret_destroy(&secret);
    return error;
}

static nrs_error rewrap_report(void *context, const nrs_report_row *row)
{
    rewrap *job = context;
    nrs_report_row changed = *row;
    nrs_bytes wrapped = {0};
    nrs_error error = NRS_OK;
    bool destroy = false;

    for (size_t i = 0; i < job->report_count; i++) {
        destroy = destroy || memcmp(job->report_ids[i], row->id, NRS_HASH_SIZE) == 0;
    }
    if (destroy) {
        changed.key_state = NRS_KEY_FORGOTTEN;
        changed.annex = nrs_slice_of(NULL, 0);
        changed.wrapped_key = nrs_slice_of(NULL, 0);
        changed.segment = 0;
    } else {
        error = rewrapped(&wrapped, job, nrs_slice_of(row->id, NRS_HASH_SIZE), row->wrapped_key);
        changed.wrapped_key = nrs_slice_of_bytes(&wrapped);
        job->kept++;
    }
    if (error == NRS_OK) {
        error = nrs_store_report_update(job->core->store, &changed);
    }
    nrs_bytes_wipe(&wrapped);
    return error;
}

static nrs_error rewrap_prekey(void *context, const nrs_prekey_row *row)
{
    rewrap *job = context;
    nrs_bytes wrapped = {0};
    nrs_error error;

    if (row->segment != job->segment) {
        return NRS_OK;
    }
    for (size_t i = 0; i < job->prekey_count; i++) {
        if (memcmp(job->prekey_ids[i], row->id, NRS_PREKEY_ID_SIZE) == 0) {
            return nrs_store_prekey_delete(job->core->store, row->id);
        }
    }
    error = rewrapped(&wrapped, job, nrs_slice_of(row->id, NRS_PREKEY_ID_SIZE), row->wrapped);
    if (error == NRS_OK) {
        error = nrs_store_prekey_rewrap(job->core->store, row->id, job->segment, nrs_slice_of_bytes(&wrapped));
        job->kept++;
    }
    nrs_bytes_wipe(&wrapped);
    return error;
}

typedef struct touched {
    uint64_t segments[256];
    size_t count;
    const uint8_t (*prekey_ids)[NRS_PREKEY_ID_SIZE];
    size_t prekey_count;
} touched;

static nrs_error touch(touched *set, uint64_t segment)
{
    for (size_t i = 0; i < set->count; i++) {
        if (set->segments[i] == segment) {
            return NRS_OK;
        }
    }
    if (set->count == sizeof set->segments / sizeof set->segments[0]) {
        return NRS_ERROR_BUSY;
    }
    set->segments[set->count] = segment;
    set->count++;
    return NRS_OK;
}

static nrs_error touch_prekey(void *context, const nrs_prekey_row *row)
{
    touched *set = context;

    for (size_t i = 0; i < set->prekey_count; i++) {
        if (memcmp(set->prekey_ids[i], row->id, NRS_PREKEY_ID_SIZE) == 0) {
            return touch(set, row->segment);
        }
    }
    return NRS_OK;
}

static nrs_error rewrap_segment(nrs_core *core, nrs_segment *segment, rewrap *job)
{
    nrs_secret *old = NULL, *fresh = NULL;
    nrs_error error = nrs_vault_segment_key(&old, segment, core->root);

    if (error == NRS_OK) {
        error = nrs_secret_random(&fresh, NRS_KEY_SIZE);
    }
    job->segment = segment->number;
    job->old_key = old;
    job->new_key = fresh;
    job->kept = 0;
    if (error == NRS_OK) {
        error = nrs_store_report_each_in_segment(core->store, segment->number, rewrap_report, job);
    }
    if (error == NRS_OK) {
        error = nrs_store_prekey_each(core->store, rewrap_prekey, job);
    }
    if (error == NRS_OK) {
        error = nrs_vault_segment_set_key(segment, fresh, core->root);
        segment->entry_count = job->kept;
    }
    job->old_key = job->new_key = NULL;
    nrs_secret_destroy(&old);
    nrs_secret_destroy(&fresh);
    return error;
}

/* What holds nothing more goes, but for the newest, which is filled on. */
static nrs_error drop_empty(nrs_core *core, uint64_t number)
{
    nrs_segment *segment = nrs_vault_segment(core, number);
    size_t place = (size_t)(segment - core->segments);
    nrs_error error;

    NRS_ASSERT(segment != NULL && place < core->segment_count);
    if (segment->entry_count > 0 || place + 1 == core->segment_count) {
        return NRS_OK;
    }
    error = nrs_store_segment_delete(core->store, number);
    if (error == NRS_OK) {
        memmove(segment, segment + 1, (core->segment_count - place - 1) * sizeof *segment);
        core->segment_count--;
    }
    return error;
}

static nrs_error move_segments(nrs_core *core, const nrs_secret *from, const nrs_secret *to)
{
    nrs_error error = NRS_OK;

    for (size_t i = 0; i < core->segment_count && error == NRS_OK; i++) {
        nrs_secret *key = NULL;

        error = nrs_vault_segment_key(&key, &core->segments[i], from);
        if (error == NRS_OK) {
            error = nrs_vault_segment_set_key(&core->segments[i], key, to);
        }
        nrs_secret_destroy(&key);
    }
    return error;
}

/* Put a second root beside the one in force, in the file first, and all segments under it. After an error behind the file memory is read
 * again from the store. */
static nrs_error next_root(nrs_core *core)
{
    size_t place = core->root == core->roots.root[0] ? 1 : 0;
    nrs_secret *fresh = NULL;
    nrs_error error;

    if (core->roots.root[place] != NULL) {
        return NRS_OK; /* a destruction earlier in this step made it */
    }
    error = nrs_secret_random(&fresh, NRS_KEY_SIZE);
    if (error != NRS_OK) {
        return error;
    }
    core->roots.root[place] = fresh;
    core->roots.generation[place] = core->root_generation + 1;
    error = nrs_vault_write_roots(core);
    if (error != NRS_OK) {
        nrs_secret_destroy(&core->roots.root[place]);
        core->roots.generation[place] = 0;
        return error;
    }
    error = move_segments(core, core->root, fresh);
    core->root = fresh;
    core->root_generation++;
    return error;
}

nrs_error nrs_vault_destroy_entries(nrs_core *core, const uint8_t (*report_ids)[NRS_HASH_SIZE], size_t report_count,
                                    const uint8_t (*prekey_ids)[NRS_PREKEY_ID_SIZE], size_t prekey_count)
{
    touched set = {.prekey_ids = prekey_ids, .prekey_count = prekey_count};
    rewrap job = {.core = core, .report_ids = report_ids, .report_count = report_count, .prekey_ids = prekey_ids, .prekey_count = prekey_count};
    nrs_error error = NRS_OK;

    for (size_t i = 0; i < report_count && error == NRS_OK; i++) {
        nrs_report_row row;
        nrs_bytes holder = {0};
        error = nrs_store_report_get(core->store, &row, &holder, report_ids[i]);
        if (error == NRS_OK && row.key_state == NRS_KEY_HELD) {
            error = touch(&set, row.segment);
        }
        nrs_bytes_wipe(&holder);
    }
    if (error == NRS_OK && prekey_count > 0) {
        error = nrs_store_prekey_each(core->store, touch_prekey, &set);
    }
    if (error != NRS_OK || set.count == 0) {
        return error;
    }
    error = next_root(core);
    for (size_t i = 0; i < set.count && error == NRS_OK; i++) {
        nrs_segment *segment = nrs_vault_segment(core, set.segments[i]);
        error = segment == NULL ? NRS_ERROR_DAMAGED : rewrap_segment(core, segment, &job);
    }
    for (size_t i = 0; i < set.count && error == NRS_OK; i++) {
        error = drop_empty(core, set.segments[i]);
    }
    for (size_t i = 0; i < core->segment_count && error == NRS_OK; i++) {
        error = nrs_vault_store_segment(core, &core->segments[i]);
    }
    if (error == NRS_OK) {
        error = nrs_vault_set_generation(core, core->root_generation);
    }
    if (error != NRS_OK) {
        core->must_reload = true; /* memory has run ahead of the store */
    }
    return error;
}
