/* Parsed rows of the log, so that a hub reads and decodes each once however many members it goes to. A direct-mapped cache:
 * the log is read forwards, and the links of an idle mesh all stand near its end. */
#include <stdlib.h>
#include <string.h>

#include "link/log_parse.h"

#define CACHE_SLOT_COUNT 4096u
#define CACHE_BYTES_MAX (8u * 1024u * 1024u) /* what is let go is used again at once, and need not be asked of the system */
#define RECENT_COUNT 64u
#define LOOKED_UP_COUNT 4u /* about 1 MiB at most */

typedef struct nrs_log_cache {
    nrs_log_entry *slots[CACHE_SLOT_COUNT];
    size_t bytes;
    size_t evicted_next; /* where room is looked for: behind what was read last */
    struct { uint8_t id[NRS_HASH_SIZE]; uint64_t position; } recent[RECENT_COUNT]; /* sealed reports just taken or loaded */
    size_t recent_next;
    /* Reports read because something named them: what comes next is often about the same, as a series of grants is. */
    struct { nrs_sealed_view *view; uint64_t position; } looked_up[LOOKED_UP_COUNT];
    size_t looked_up_next;
} nrs_log_cache;

static void entry_free(nrs_log_entry **entry)
{
    if (*entry == NULL) {
        return;
    }
    nrs_bytes_wipe(&(*entry)->record);
    nrs_bytes_wipe(&(*entry)->slots_record);
    nrs_sealed_view_free(&(*entry)->view);
    nrs_slots_destroy(&(*entry)->slots);
    nrs_audience_free(&(*entry)->audience);
    nrs_grant_free(&(*entry)->grant);
    nrs_sealed_view_free(&(*entry)->report);
    free(*entry);
    *entry = NULL;
}

void nrs_log_cache_wipe(nrs_core *core)
{
    for (size_t i = 0; core->cache != NULL && i < CACHE_SLOT_COUNT; i++) {
        entry_free(&core->cache->slots[i]);
    }
    for (size_t i = 0; core->cache != NULL && i < LOOKED_UP_COUNT; i++) {
        nrs_sealed_view_free(&core->cache->looked_up[i].view);
    }
    free(core->cache);
    core->cache = NULL;
}

static nrs_error load_row(nrs_log_entry *entry, const nrs_log_row *row)
{
    entry->position = row->position;
    entry->type = row->type;
    memcpy(entry->id, row->id, NRS_HASH_SIZE);
    if (row->owner.size == NRS_HASH_SIZE) {
        memcpy(entry->owner, row->owner.data, NRS_HASH_SIZE);
    }
    entry->own = row->source.size == 0;
    if (row->source.size == NRS_KEY_SIZE) {
        memcpy(entry->source, row->source.data, NRS_KEY_SIZE);
    }
    entry->expires_ms = row->expires_ms;
    entry->dropped = row->record.size == 0;
    if (row->slots.size > 0) {
        nrs_error error = nrs_bytes_copy(&entry->slots_record, row->slots);
        if (error != NRS_OK) {
            return error;
        }
    }
    return nrs_bytes_copy(&entry->record, row->record);
}

/* What does not decode was never routed, and is not from now on. */
static nrs_error parse(nrs_core *core, nrs_log_entry *entry)
{
    nrs_error error = nrs_log_entry_parse(core, entry);

    if (nrs_error_is_verdict(error)) {
        entry->dropped = true;
        error = NRS_OK;
    }
    return error;
}

static nrs_error entry_load(nrs_core *core, nrs_log_entry **entry_out, uint64_t position)
{
    nrs_log_row row;
    nrs_bytes holder = {0};
    nrs_log_entry *entry = NULL;
    nrs_error error = nrs_store_log_get(core->store, &row, &holder, position);

    if (error != NRS_OK) {
        goto out;
    }
    core->read_rows++;
    core->read_bytes += holder.size;
    entry = calloc(1, sizeof *entry);
    error = entry == NULL ? NRS_ERROR_NO_MEMORY : load_row(entry, &row);
    if (error == NRS_OK && !entry->dropped) {
        error = parse(core, entry);
    }
    if (error == NRS_OK) {
        *entry_out = entry;
        entry = NULL;
    }
out:
    entry_free(&entry);
    nrs_bytes_wipe(&holder);
    return error;
}

static nrs_log_cache *cache_of(nrs_core *core)
{
    if (core->cache == NULL) {
        core->cache = calloc(1, sizeof *core->cache);
    }
    return core->cache;
}

/* The bytes, and about as much in what was parsed from them. */
static size_t weight(const nrs_log_entry *entry)
{
    return entry == NULL ? 0 : 2 * (entry->record.capacity + entry->slots_record.capacity);
}

static void let_go(nrs_log_cache *cache, size_t slot)
{
    cache->bytes -= weight(cache->slots[slot]);
    entry_free(&cache->slots[slot]);
}

nrs_error nrs_log_drop(nrs_core *core, uint64_t position)
{
    const size_t slot = (size_t)(position % CACHE_SLOT_COUNT);

    if (core->cache != NULL && core->cache->slots[slot] != NULL && core->cache->slots[slot]->position == position) {
        let_go(core->cache, slot);
    }
    for (size_t i = 0; core->cache != NULL && i < LOOKED_UP_COUNT; i++) {
        if (core->cache->looked_up[i].position == position) {
            nrs_sealed_view_free(&core->cache->looked_up[i].view);
        }
    }
    return nrs_store_log_drop(core->store, position);
}

/* The log is read forwards, so what stands in the slots after the newest is the oldest. The newest stays. */
static void make_room(nrs_log_cache *cache, size_t newest)
{
    if (cache->bytes <= CACHE_BYTES_MAX) {
        return;
    }
    for (size_t i = 0; i < CACHE_SLOT_COUNT && cache->bytes > CACHE_BYTES_MAX; i++) {
        if (cache->evicted_next != newest) {
            let_go(cache, cache->evicted_next);
        }
        cache->evicted_next = (cache->evicted_next + 1) % CACHE_SLOT_COUNT;
    }
}

static void note_recent(nrs_log_cache *cache, const nrs_log_entry *entry)
{
    if (entry->view != NULL) {
        memcpy(cache->recent[cache->recent_next].id, entry->id, NRS_HASH_SIZE);
        cache->recent[cache->recent_next].position = entry->position;
        cache->recent_next = (cache->recent_next + 1) % RECENT_COUNT;
    }
}

/* Takes the entry over. */
static nrs_error remember(nrs_core *core, nrs_log_entry *entry)
{
    nrs_log_cache *cache = cache_of(core);
    size_t slot = (size_t)(entry->position % CACHE_SLOT_COUNT);

    if (cache == NULL) {
        entry_free(&entry);
        return NRS_ERROR_NO_MEMORY;
    }
    let_go(cache, slot);
    cache->slots[slot] = entry;
    cache->bytes += weight(entry);
    make_room(cache, slot);
    note_recent(cache, entry);
    return NRS_OK;
}

static nrs_error find(nrs_core *core, nrs_log_entry **entry_out, uint64_t position)
{
    nrs_log_entry *entry = core->cache == NULL ? NULL : core->cache->slots[position % CACHE_SLOT_COUNT];
    nrs_error error = NRS_OK;

    if (entry == NULL || entry->position != position) {
        error = entry_load(core, &entry, position);
        if (error == NRS_OK) {
            error = remember(core, entry);
        }
    }
    if (error == NRS_OK) {
        *entry_out = entry;
    }
    return error;
}

nrs_error nrs_log_head_at(nrs_core *core, const nrs_log_entry **entry_out, uint64_t position)
{
    nrs_log_entry *entry = NULL;
    nrs_error error = find(core, &entry, position);

    if (error == NRS_OK) {
        *entry_out = entry;
    }
    return error;
}

nrs_error nrs_log_entry_at(nrs_core *core, const nrs_log_entry **entry_out, uint64_t position)
{
    nrs_log_entry *entry = NULL;
    nrs_error error = find(core, &entry, position);

    if (error == NRS_OK && entry->head_only) {
        error = parse(core, entry);
        if (error == NRS_OK) {
            entry->head_only = false;
            note_recent(core->cache, entry);
        }
    }
    if (error == NRS_OK) {
        *entry_out = entry;
    }
    return error;
}

/* An entry for what was received and checked, or made, just now, so that passing it on need not read it back. */
static nrs_error entry_of(nrs_log_entry **entry_out, const nrs_log_row *row, const nrs_header *header)
{
    nrs_log_entry *entry = calloc(1, sizeof *entry);
    nrs_error error = entry == NULL ? NRS_ERROR_NO_MEMORY : load_row(entry, row);

    if (error != NRS_OK) {
        entry_free(&entry);
        return error;
    }
    memcpy(entry->community, header->community.data, NRS_HASH_SIZE);
    entry->label = (nrs_label)header->label;
    entry->attribution = header->attribution;
    *entry_out = entry;
    return NRS_OK;
}

nrs_error nrs_log_remember_sealed(nrs_core *core, const nrs_log_row *row, nrs_sealed_view *view)
{
    nrs_log_entry *entry = NULL;
    nrs_error error;

    if (nrs_header_key_open(view->header)) {
        return NRS_OK; /* its audience is read when it is routed */
    }
    error = entry_of(&entry, row, view->header);
    if (error != NRS_OK) {
        return error;
    }
    entry->view = nrs_sealed_view_share(view);
    return remember(core, entry);
}

nrs_error nrs_log_remember_own(nrs_core *core, const nrs_log_row *row, const nrs_header *header)
{
    nrs_log_entry *entry = NULL;
    nrs_error error = entry_of(&entry, row, header);

    NRS_ASSERT(row->position != 0 && row->type == NRS_RECORD_SEALED && row->source.size == 0);
    if (error != NRS_OK) {
        return error;
    }
    entry->head_only = true;
    return remember(core, entry);
}

nrs_error nrs_log_remember_slots(nrs_core *core, const nrs_log_row *row, const nrs_sealed_view *view, uint64_t sealed_position,
                                 uint64_t grant_position, nrs_slots **slots)
{
    nrs_log_entry *entry = core->cache == NULL ? NULL : core->cache->slots[row->position % CACHE_SLOT_COUNT];
    nrs_error error;

    if (row->type == NRS_RECORD_SEALED) { /* in the row of the report itself, which is remembered already */
        if (entry != NULL && entry->position == row->position) {
            nrs_slots_destroy(&entry->slots);
            entry->slots = *slots;
            *slots = NULL;
        }
        return NRS_OK;
    }
    entry = NULL;
    error = entry_of(&entry, row, view->header);
    if (error != NRS_OK) {
        return error;
    }
    entry->sealed_position = sealed_position;
    entry->grant_position = grant_position;
    entry->slots = *slots;
    *slots = NULL;
    return remember(core, entry);
}

static void note_looked_up(nrs_core *core, nrs_sealed_view *view, uint64_t position)
{
    nrs_log_cache *cache = cache_of(core);

    if (cache == NULL) {
        return; /* it is read again */
    }
    nrs_sealed_view_free(&cache->looked_up[cache->looked_up_next].view);
    cache->looked_up[cache->looked_up_next].view = nrs_sealed_view_share(view);
    cache->looked_up[cache->looked_up_next].position = position;
    cache->looked_up_next = (cache->looked_up_next + 1) % LOOKED_UP_COUNT;
}

/* The view of a sealed report taken or read a moment ago; NULL if there is none. */
static nrs_sealed_view *recent_view(nrs_core *core, uint64_t *position_out, const uint8_t id[NRS_HASH_SIZE])
{
    for (size_t i = 0; core->cache != NULL && i < RECENT_COUNT; i++) {
        uint64_t position = core->cache->recent[i].position;
        const nrs_log_entry *entry = position == 0 ? NULL : core->cache->slots[position % CACHE_SLOT_COUNT];

        if (entry != NULL && entry->position == position && entry->view != NULL && memcmp(entry->id, id, NRS_HASH_SIZE) == 0) {
            *position_out = position;
            return nrs_sealed_view_share(entry->view);
        }
    }
    for (size_t i = 0; core->cache != NULL && i < LOOKED_UP_COUNT; i++) {
        nrs_sealed_view *view = core->cache->looked_up[i].view;

        if (view != NULL && memcmp(view->id, id, NRS_HASH_SIZE) == 0) {
            *position_out = core->cache->looked_up[i].position;
            return nrs_sealed_view_share(view);
        }
    }
    return NULL;
}

nrs_error nrs_log_add(nrs_core *core, uint64_t *position_out, nrs_record_type type, const uint8_t id[NRS_HASH_SIZE], nrs_slice record,
                      nrs_slice owner, nrs_slice source, uint64_t expires_ms)
{
    uint64_t position = 0;
    nrs_log_row row = {.type = (uint32_t)type, .id = id, .record = record, .source = source, .owner = owner, .received_ms = core->now_ms, .expires_ms = expires_ms};
    nrs_error error = nrs_store_log_append(core->store, &position, &row);

    if (error == NRS_OK && position_out != NULL) {
        *position_out = position;
    }
    return error;
}

nrs_error nrs_log_sealed_far(nrs_core *core, bool *far_out, const uint8_t id[NRS_HASH_SIZE])
{
    uint64_t position = 0;
    nrs_sealed_view *recent = recent_view(core, &position, id);
    nrs_error error = NRS_OK;

    if (recent == NULL) {
        error = nrs_store_log_find(core->store, &position, id);
        *far_out = error == NRS_OK && position != 0;
    } else {
        *far_out = false;
    }
    nrs_sealed_view_free(&recent);
    return error;
}

nrs_error nrs_log_sealed(nrs_core *core, nrs_sealed_view **view_out, uint64_t *position_out, const uint8_t id[NRS_HASH_SIZE])
{
    nrs_log_row row;
    nrs_bytes holder = {0};
    nrs_record *record = NULL;
    nrs_sealed_view *recent = recent_view(core, position_out, id);
    nrs_error error;

    if (recent != NULL) {
        *view_out = recent;
        return NRS_OK;
    }
    error = nrs_log_row_of(core, &row, &holder, NRS_RECORD_SEALED, id, id);
    if (error == NRS_OK) {
        core->read_rows++;
        core->read_bytes += holder.size;
        core->sealed_read++;
        error = nrs_record_decode(&record, row.record);
    }
    if (error == NRS_OK) {
        error = nrs_sealed_parse(view_out, nrs_field(&record->payload));
    }
    error = nrs_error_is_verdict(error) ? NRS_ERROR_NOT_FOUND : error; /* what was stored under other rules is no fault of whoever names it */
    if (error == NRS_OK) {
        *position_out = row.position;
        note_looked_up(core, *view_out, row.position);
    }
    nrs_record_free(&record);
    nrs_bytes_wipe(&holder);
    return error;
}
