/* Parsed rows of the log, so that a hub reads and decodes each once however many members it goes to. A direct-mapped cache:
 * the log is read forwards, and the links of an idle mesh all stand near its end. */
#include <stdlib.h>
#include <string.h>

#include "internal.h"

#define CACHE_SLOT_COUNT 4096u
#define CACHE_BYTES_MAX (64u * 1024u * 1024u)
#define RECENT_COUNT 64u
#define ID_PREFIX_SIZE 8u /* what the store indexes of an id */

typedef struct nrs_log_cache {
    nrs_log_entry *slots[CACHE_SLOT_COUNT];
    size_t bytes;
    struct { uint8_t id[NRS_HASH_SIZE]; uint64_t position; } recent[RECENT_COUNT]; /* sealed reports just taken or loaded */
    size_t recent_next;
} nrs_log_cache;

static void entry_free(nrs_log_entry **entry)
{
    if (*entry == NULL) {
        return;
    }
    nrs_bytes_wipe(&(*entry)->record);
    nrs_sealed_view_free(&(*entry)->view);
    nrs_slots_destroy(&(*entry)->slots);
    nrs_audience_free(&(*entry)->audience);
    free(*entry);
    *entry = NULL;
}

void nrs_log_cache_wipe(nrs_core *core)
{
    for (size_t i = 0; core->cache != NULL && i < CACHE_SLOT_COUNT; i++) {
        entry_free(&core->cache->slots[i]);
    }
    free(core->cache);
    core->cache = NULL;
}

/* ---- Parsing, by type. What does not decode is a record that was never routed: marked as dropped. ---- */

static nrs_error parse_sealed(nrs_log_entry *entry, nrs_slice payload)
{
    nrs_sealed_view *view = NULL;
    nrs_secret *file_key = NULL;
    nrs_opened opened = {0};
    nrs_error error = nrs_sealed_parse(&view, payload);

    if (error == NRS_OK) {
        memcpy(entry->community, view->header->community.data, NRS_HASH_SIZE);
        entry->label = (nrs_label)view->header->label;
        if (entry->label == NRS_LABEL_CLEAR) {
            error = nrs_clear_open(&file_key, view, view->grant);
            if (error == NRS_OK) {
                error = nrs_body_open(&opened, view, file_key);
            }
            if (error == NRS_OK) {
                entry->audience = opened.audience;
                opened.audience = NULL;
            }
        }
    }
    if (error == NRS_OK) {
        entry->view = nrs_sealed_view_share(view);
    }
    nrs_opened_wipe(&opened);
    nrs_secret_destroy(&file_key);
    nrs_sealed_view_free(&view);
    return error;
}

/* The grant that a slot table or slot belongs to: the sealed report's own first one, or a later one in the log. */
typedef struct find_grant {
    nrs_core *core;
    uint64_t position;
    const uint8_t *grant_id;
} find_grant;

static nrs_error match_grant(void *context, const nrs_log_row *row)
{
    find_grant *search = context;

    if (memcmp(row->id, search->grant_id, NRS_HASH_SIZE) == 0) {
        search->position = row->position;
        return NRS_ERROR_LIMIT;
    }
    return NRS_OK;
}

nrs_error nrs_log_grant(nrs_core *core, nrs_grant **grant_out, uint64_t *position_out, const nrs_sealed_view *view, const uint8_t grant_id[NRS_HASH_SIZE])
{
    find_grant search = {.core = core, .grant_id = grant_id};
    nrs_log_row row;
    nrs_bytes holder = {0};
    nrs_record *record = NULL;
    nrs_signed *outer = NULL;
    nrs_error error;

    *position_out = 0;
    if (memcmp(grant_id, view->grant_id, NRS_HASH_SIZE) == 0) {
        return nrs_grant_decode(grant_out, nrs_field(&view->sealed->grant));
    }
    error = nrs_store_log_each_of(core->store, nrs_slice_of(view->id, NRS_HASH_SIZE), NRS_RECORD_GRANT, match_grant, &search);
    if (error == NRS_OK && search.position == 0) {
        error = NRS_ERROR_NOT_FOUND;
    }
    if (error == NRS_OK) {
        error = nrs_store_log_get(core->store, &row, &holder, search.position);
    }
    if (error == NRS_OK) {
        error = nrs_record_decode(&record, row.record);
    }
    if (error == NRS_OK) {
        error = nrs_signed_decode(&outer, nrs_field(&record->payload));
    }
    if (error == NRS_OK) {
        error = nrs_grant_decode(grant_out, nrs_field(&outer->statement));
    }
    if (error == NRS_OK) {
        *position_out = search.position;
    }
    nrs_signed_free(&outer);
    nrs_record_free(&record);
    nrs_bytes_wipe(&holder);
    return error;
}

static nrs_error parse_slot_table(nrs_core *core, nrs_log_entry *entry, nrs_slice payload)
{
    nrs_slot_table *table = NULL;
    nrs_sealed_view *view = NULL;
    nrs_grant *grant = NULL;
    nrs_error error = nrs_slot_table_decode(&table, payload);

    if (error == NRS_OK) {
        error = nrs_log_sealed(core, &view, &entry->sealed_position, table->sealed_id.data);
    }
    if (error == NRS_OK) {
        memcpy(entry->community, view->header->community.data, NRS_HASH_SIZE);
        entry->label = (nrs_label)view->header->label;
        error = nrs_log_grant(core, &grant, &entry->grant_position, view, table->grant_id.data);
    }
    if (error == NRS_OK) {
        error = nrs_slots_new(&entry->slots, table, grant, table->grant_id.data);
    }
    nrs_grant_free(&grant);
    nrs_sealed_view_free(&view);
    nrs_slot_table_free(&table);
    return error;
}

static nrs_error parse_grant(nrs_core *core, nrs_log_entry *entry)
{
    nrs_sealed_view *view = NULL;
    nrs_error error = nrs_log_sealed(core, &view, &entry->sealed_position, entry->owner);

    if (error == NRS_OK) {
        memcpy(entry->community, view->header->community.data, NRS_HASH_SIZE);
        entry->label = (nrs_label)view->header->label;
    }
    nrs_sealed_view_free(&view);
    return error;
}

static nrs_error parse_signed(nrs_log_entry *entry, nrs_slice payload)
{
    nrs_signed *outer = NULL;
    nrs_prekeys *prekeys = NULL;
    nrs_envelope *envelope = NULL;
    nrs_error error = nrs_signed_decode(&outer, payload);

    if (error == NRS_OK && entry->type == NRS_RECORD_PREKEYS) {
        error = nrs_prekeys_decode(&prekeys, nrs_field(&outer->statement));
        if (error == NRS_OK) {
            memcpy(entry->org, prekeys->org.data, NRS_KEY_SIZE);
        }
    } else if (error == NRS_OK && entry->type == NRS_RECORD_ENVELOPE) {
        error = nrs_envelope_decode(&envelope, nrs_field(&outer->statement));
        if (error == NRS_OK) {
            memcpy(entry->community, envelope->community.data, NRS_HASH_SIZE);
            memcpy(entry->to, envelope->to.data, NRS_KEY_HASH_SIZE);
        }
    } else if (error == NRS_OK) {
        memcpy(entry->org, outer->signer.data, NRS_KEY_SIZE); /* a card */
    }
    nrs_envelope_free(&envelope);
    nrs_prekeys_free(&prekeys);
    nrs_signed_free(&outer);
    return error;
}

static nrs_error parse_roster(nrs_log_entry *entry, nrs_slice payload)
{
    nrs_signed_by_many *many = NULL;
    nrs_roster *roster = NULL;
    nrs_error error = nrs_signed_by_many_decode(&many, payload);

    if (error == NRS_OK) {
        error = nrs_roster_decode(&roster, nrs_field(&many->statement));
    }
    if (error == NRS_OK) {
        memcpy(entry->community, entry->owner, NRS_HASH_SIZE);
        entry->version = roster->version;
    }
    nrs_roster_free(&roster);
    nrs_signed_by_many_free(&many);
    return error;
}

static nrs_error parse(nrs_core *core, nrs_log_entry *entry)
{
    nrs_record *record = NULL;
    nrs_slice payload;
    nrs_error error = nrs_record_decode(&record, nrs_slice_of_bytes(&entry->record));

    if (error != NRS_OK) {
        return error;
    }
    payload = nrs_field(&record->payload);
    switch ((nrs_record_type)entry->type) {
    case NRS_RECORD_SEALED:
        error = parse_sealed(entry, payload);
        break;
    case NRS_RECORD_SLOT_TABLE:
        error = parse_slot_table(core, entry, payload);
        break;
    case NRS_RECORD_GRANT:
        error = parse_grant(core, entry);
        break;
    case NRS_RECORD_CARD:
    case NRS_RECORD_PREKEYS:
    case NRS_RECORD_ENVELOPE:
    case NRS_RECORD_KEY_CHANGE:
        error = parse_signed(entry, payload);
        break;
    case NRS_RECORD_ROSTER:
        error = parse_roster(entry, payload);
        break;
    case NRS_RECORD_SLOT_PATH:
        entry->dropped = true; /* our own: never routed */
        break;
    }
    nrs_record_free(&record);
    return error;
}

typedef struct loading {
    nrs_core *core;
    nrs_log_entry *entry;
} loading;

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
    return nrs_bytes_copy(&entry->record, row->record);
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
    entry = calloc(1, sizeof *entry);
    error = entry == NULL ? NRS_ERROR_NO_MEMORY : load_row(entry, &row);
    if (error == NRS_OK && !entry->dropped) {
        error = parse(core, entry);
        if (error != NRS_OK && !nrs_error_is_fatal(error)) {
            entry->dropped = true;
            error = NRS_OK;
        }
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
    if (core->cache != NULL && core->cache->bytes > CACHE_BYTES_MAX) {
        nrs_log_cache_wipe(core);
    }
    if (core->cache == NULL) {
        core->cache = calloc(1, sizeof *core->cache);
    }
    return core->cache;
}

/* Takes the entry over. */
static nrs_error remember(nrs_core *core, nrs_log_entry *entry)
{
    nrs_log_cache *cache = cache_of(core);
    nrs_log_entry **slot;

    if (cache == NULL) {
        entry_free(&entry);
        return NRS_ERROR_NO_MEMORY;
    }
    slot = &cache->slots[entry->position % CACHE_SLOT_COUNT];
    cache->bytes += 2 * entry->record.capacity; /* the bytes, and about as much in what was parsed from them */
    if (*slot != NULL) {
        cache->bytes -= 2 * (*slot)->record.capacity;
    }
    entry_free(slot);
    *slot = entry;
    if (entry->view != NULL) {
        memcpy(cache->recent[cache->recent_next].id, entry->id, NRS_HASH_SIZE);
        cache->recent[cache->recent_next].position = entry->position;
        cache->recent_next = (cache->recent_next + 1) % RECENT_COUNT;
    }
    return NRS_OK;
}

nrs_error nrs_log_entry_at(nrs_core *core, const nrs_log_entry **entry_out, uint64_t position)
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

/* An entry for what was received and checked just now, so that passing it on need not read it back. */
static nrs_error entry_of(nrs_log_entry **entry_out, const nrs_log_row *row, const nrs_sealed_view *view)
{
    nrs_log_entry *entry = calloc(1, sizeof *entry);
    nrs_error error = entry == NULL ? NRS_ERROR_NO_MEMORY : load_row(entry, row);

    if (error != NRS_OK) {
        entry_free(&entry);
        return error;
    }
    memcpy(entry->community, view->header->community.data, NRS_HASH_SIZE);
    entry->label = (nrs_label)view->header->label;
    *entry_out = entry;
    return NRS_OK;
}

nrs_error nrs_log_remember_sealed(nrs_core *core, const nrs_log_row *row, nrs_sealed_view *view)
{
    nrs_log_entry *entry = NULL;
    nrs_error error;

    if (view->header->label == NRS_LABEL_CLEAR) {
        return NRS_OK; /* its audience is read when it is routed */
    }
    error = entry_of(&entry, row, view);
    if (error != NRS_OK) {
        return error;
    }
    entry->view = nrs_sealed_view_share(view);
    return remember(core, entry);
}

nrs_error nrs_log_remember_slots(nrs_core *core, const nrs_log_row *row, const nrs_sealed_view *view, uint64_t sealed_position,
                                 uint64_t grant_position, nrs_slots **slots)
{
    nrs_log_entry *entry = NULL;
    nrs_error error = entry_of(&entry, row, view);

    if (error != NRS_OK) {
        return error;
    }
    entry->sealed_position = sealed_position;
    entry->grant_position = grant_position;
    entry->slots = *slots;
    *slots = NULL;
    return remember(core, entry);
}

/* The cached view of a sealed report taken or read a moment ago; NULL if there is none. */
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
    return NULL;
}

void nrs_slot_table_log_id(uint8_t id_out[NRS_HASH_SIZE], const uint8_t sealed_id[NRS_HASH_SIZE], nrs_slice record)
{
    uint8_t record_id[NRS_HASH_SIZE];

    nrs_record_id(record_id, record);
    memcpy(id_out, sealed_id, ID_PREFIX_SIZE);
    memcpy(id_out + ID_PREFIX_SIZE, record_id, NRS_HASH_SIZE - ID_PREFIX_SIZE);
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

nrs_error nrs_log_sealed(nrs_core *core, nrs_sealed_view **view_out, uint64_t *position_out, const uint8_t id[NRS_HASH_SIZE])
{
    nrs_log_row row;
    nrs_bytes holder = {0};
    nrs_record *record = NULL;
    uint64_t position = 0;
    nrs_sealed_view *recent = recent_view(core, position_out, id);
    nrs_error error;

    if (recent != NULL) {
        *view_out = recent;
        return NRS_OK;
    }
    error = nrs_store_log_find(core->store, &position, id);
    if (error == NRS_OK && position == 0) {
        error = NRS_ERROR_NOT_FOUND;
    }
    if (error == NRS_OK) {
        error = nrs_store_log_get(core->store, &row, &holder, position);
    }
    if (error == NRS_OK && (row.type != NRS_RECORD_SEALED || row.record.size == 0)) {
        error = NRS_ERROR_NOT_FOUND;
    }
    if (error == NRS_OK) {
        error = nrs_record_decode(&record, row.record);
    }
    if (error == NRS_OK) {
        error = nrs_sealed_parse(view_out, nrs_field(&record->payload));
    }
    if (error == NRS_OK) {
        *position_out = position;
    }
    nrs_record_free(&record);
    nrs_bytes_wipe(&holder);
    return error;
}
