/* Finding records and reports by their ids (ids.h). */
#include <string.h>

#include "proto/assert.h"
#include "query.h"

enum { ENTRY_SIZE = 16, ENTRIES_PER_ROW = 4096, PREFIX_DIGITS_MIN = 6, KEY64_DIGITS = 16 };
enum { PREFIX_ENTRIES_MAX = 4u << 20, PREFIX_ROWS_MAX = 256 }; /* looked at for one prefix: the newest ids, and rows that are asked */

static int64_t key_of(const uint8_t id[NRS_HASH_SIZE])
{
    return nrs_key64(nrs_slice_of(id, NRS_HASH_SIZE));
}

/* The id in the row at a position of the log, or of the reports. NRS_ERROR_NOT_FOUND. */
static nrs_error read_id(nrs_store *store, uint8_t id_out[NRS_HASH_SIZE], nrs_statement id_at, uint64_t position)
{
    nrs_query query = nrs_query_start(store, id_at);

    nrs_query_bind_u64(&query, position);
    return nrs_query_hash(&query, id_out);
}

/* ---- In the file ---- */

static nrs_error read_entries(nrs_query *query, const void *closure)
{
    nrs_ids *ids = &query->store->ids;
    nrs_reader reader = nrs_reader_over(nrs_query_slice(query, 0));
    nrs_error error = query->error;

    (void)closure;
    while (error == NRS_OK && reader.left.size > 0) {
        uint64_t key = 0, position = 0;

        error = nrs_read_u64(&reader, &key);
        if (error == NRS_OK) {
            error = nrs_read_u64(&reader, &position);
        }
        if (error == NRS_OK) {
            error = position == 0 ? NRS_ERROR_DAMAGED : nrs_ids_add(ids, (int64_t)key, position);
        } else {
            error = NRS_ERROR_DAMAGED;
        }
    }
    return error;
}

/* Without the newest record in it, what is read cannot be all. */
static nrs_error check_newest(nrs_store *store)
{
    uint8_t id[NRS_HASH_SIZE];
    nrs_error error = read_id(store, id, NRS_STATEMENT_LOG_ID_AT, store->log_end);

    if (error == NRS_OK && !nrs_ids_have(&store->ids, key_of(id), store->log_end)) {
        error = NRS_ERROR_DAMAGED;
    }
    return error == NRS_ERROR_NOT_FOUND ? NRS_ERROR_DAMAGED : error;
}

nrs_error nrs_ids_load(nrs_store *store)
{
    nrs_query query = nrs_query_start(store, NRS_STATEMENT_IDS_EACH);
    nrs_error error = nrs_query_each(&query, read_entries, NULL);

    store->ids.committed = store->ids.count;
    return error == NRS_OK && store->log_end > 0 ? check_newest(store) : error;
}

nrs_error nrs_ids_save(nrs_store *store)
{
    const nrs_ids *ids = &store->ids;
    nrs_bytes entries = {0};
    nrs_error error = NRS_OK;

    NRS_ASSERT(store->in_transaction);
    NRS_ASSERT(ids->committed <= ids->count);
    for (size_t i = ids->committed; error == NRS_OK && i < ids->count; i++) {
        error = nrs_bytes_append_u64(&entries, (uint64_t)ids->entries[i].key);
        if (error == NRS_OK) {
            error = nrs_bytes_append_u64(&entries, ids->entries[i].position);
        }
        if (error == NRS_OK && (entries.size == ENTRIES_PER_ROW * ENTRY_SIZE || i + 1 == ids->count)) {
            nrs_query query = nrs_query_start(store, NRS_STATEMENT_IDS_ADD);

            nrs_query_bind_slice(&query, nrs_slice_of_bytes(&entries), ENTRIES_PER_ROW * ENTRY_SIZE);
            error = nrs_query_run(&query, NULL);
            entries.size = 0;
        }
    }
    nrs_bytes_wipe(&entries);
    return error;
}

static nrs_error check_entry(nrs_query *query, const void *closure)
{
    const uint8_t *id = nrs_query_fixed(query, 1, NRS_HASH_SIZE);
    uint64_t position = nrs_query_u64(query, 0);

    (void)closure;
    return query->error != NRS_OK || nrs_ids_have(&query->store->ids, key_of(id), position) ? query->error : NRS_ERROR_DAMAGED;
}

nrs_error nrs_ids_check(nrs_store *store)
{
    nrs_query query = nrs_query_start(store, NRS_STATEMENT_IDS_WANTED);

    return nrs_query_each(&query, check_entry, NULL);
}

/* ---- Records ---- */

/* The position of the row with this id in the table that `id_at` asks, 0 if there is none. */
static nrs_error find(nrs_store *store, uint64_t *position_out, nrs_statement id_at, const uint8_t id[NRS_HASH_SIZE])
{
    const nrs_ids *ids = &store->ids;
    uint64_t position = 0;
    nrs_error error = NRS_OK;

    NRS_ASSERT(position_out != NULL && id != NULL);
    for (uint32_t entry = nrs_ids_first(ids, key_of(id)); entry != 0 && position == 0 && error == NRS_OK; entry = nrs_ids_next(ids, entry)) {
        uint8_t found[NRS_HASH_SIZE];

        error = read_id(store, found, id_at, ids->entries[entry - 1].position);
        if (error == NRS_OK && memcmp(found, id, NRS_HASH_SIZE) == 0) {
            position = ids->entries[entry - 1].position;
        } else if (error == NRS_ERROR_NOT_FOUND) {
            error = NRS_OK; /* a row of the other table, or the place of a report that was announced before it came */
        }
    }
    if (error == NRS_OK) {
        *position_out = position;
    }
    return error;
}

nrs_error nrs_store_log_find(nrs_store *store, uint64_t *position_out, const uint8_t id[NRS_HASH_SIZE])
{
    return find(store, position_out, NRS_STATEMENT_LOG_ID_AT, id);
}

/* ---- Reports: their rows stand at the positions of their records, or, announced before those came, at another ---- */

nrs_error nrs_report_position(nrs_store *store, uint64_t *position_out, const uint8_t id[NRS_HASH_SIZE])
{
    return find(store, position_out, NRS_STATEMENT_REPORT_ID_AT, id);
}

nrs_error nrs_report_placed(nrs_store *store, const uint8_t id[NRS_HASH_SIZE], uint64_t position)
{
    nrs_error error = NRS_OK;

    if (!nrs_ids_have(&store->ids, key_of(id), position)) {
        error = nrs_ids_add(&store->ids, key_of(id), position);
    }
    if (error != NRS_OK) {
        store->transaction_error = error; /* a row that would not be found must not be committed */
    }
    return error;
}

static bool is_lower_hex(const char *text, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        if (!((text[i] >= '0' && text[i] <= '9') || (text[i] >= 'a' && text[i] <= 'f'))) {
            return false;
        }
    }
    return true;
}

/* The key of the prefix with its missing digits filled up, for one end of the range. */
static nrs_error key_of_prefix(int64_t *key_out, const char *prefix, size_t size, char fill)
{
    char digits[KEY64_DIGITS + 1];
    uint8_t id[KEY64_DIGITS / 2];
    nrs_error error;

    memset(digits, fill, KEY64_DIGITS);
    digits[KEY64_DIGITS] = '\0';
    memcpy(digits, prefix, size < KEY64_DIGITS ? size : KEY64_DIGITS);
    error = nrs_hex_decode(id, sizeof id, digits);
    if (error == NRS_OK) {
        *key_out = nrs_key64(nrs_slice_of(id, sizeof id));
    }
    return error;
}

/* Whether the report at an entry's position, if it is one that `list` shows, has the entry's key and the prefix. */
static nrs_error has_prefix(nrs_store *store, bool *has_out, uint8_t id_out[NRS_HASH_SIZE], const nrs_id_entry *entry, const char *prefix, size_t size)
{
    char digits[2 * NRS_HASH_SIZE + 1];
    nrs_error error = read_id(store, id_out, NRS_STATEMENT_REPORT_LISTED_AT, entry->position);

    *has_out = false;
    if (error == NRS_OK) {
        nrs_hex_encode(digits, id_out, NRS_HASH_SIZE);
        *has_out = key_of(id_out) == entry->key && memcmp(digits, prefix, size) == 0; /* digits past the sixteenth are not in the key */
    }
    return error == NRS_ERROR_NOT_FOUND ? NRS_OK : error;
}

typedef struct prefix_search {
    nrs_store *store;
    const char *prefix;
    size_t size;
    uint8_t found[NRS_HASH_SIZE];
    size_t found_count, asked_count;
} prefix_search;

static nrs_error look_at(prefix_search *search, const nrs_id_entry *entry)
{
    uint8_t id[NRS_HASH_SIZE];
    bool has = false;
    nrs_error error = has_prefix(search->store, &has, id, entry, search->prefix, search->size);

    search->asked_count++;
    if (error == NRS_OK && has) {
        memcpy(search->found, id, sizeof search->found);
        search->found_count++;
    }
    return error;
}

/* The whole key is among the digits: its entries are found at once. */
static nrs_error search_key(prefix_search *search, int64_t key)
{
    const nrs_ids *ids = &search->store->ids;
    nrs_error error = NRS_OK;

    for (uint32_t entry = nrs_ids_first(ids, key); entry != 0 && error == NRS_OK && search->found_count < 2; entry = nrs_ids_next(ids, entry)) {
        error = look_at(search, &ids->entries[entry - 1]);
    }
    return error;
}

/* Of few digits the newest ids are looked through. Somebody may have made many that begin alike: where they, or all ids, are too many to
 * be sure that no second one fits, more digits are asked for. */
static nrs_error search_range(prefix_search *search, int64_t lowest, int64_t highest)
{
    const nrs_ids *ids = &search->store->ids;
    nrs_error error = NRS_OK;

    for (size_t i = ids->count; error == NRS_OK && i > 0 && search->found_count < 2; i--) {
        const nrs_id_entry *entry = &ids->entries[i - 1];

        if (ids->count - i == PREFIX_ENTRIES_MAX || search->asked_count == PREFIX_ROWS_MAX) {
            return NRS_ERROR_AMBIGUOUS;
        }
        if (entry->key >= lowest && entry->key <= highest) {
            error = look_at(search, entry);
        }
    }
    return error;
}

nrs_error nrs_store_report_find(nrs_store *store, uint8_t id_out[NRS_HASH_SIZE], const char *prefix)
{
    prefix_search search = {.store = store, .prefix = prefix};
    int64_t lowest = 0;
    int64_t highest = 0;
    nrs_error error;
    size_t size;

    NRS_ASSERT(store != NULL && id_out != NULL && prefix != NULL);
    size = strnlen(prefix, 2 * NRS_HASH_SIZE + 1);
    if (size < PREFIX_DIGITS_MIN || size > 2 * NRS_HASH_SIZE || !is_lower_hex(prefix, size)) {
        return NRS_ERROR_MALFORMED;
    }
    error = key_of_prefix(&lowest, prefix, size, '0');
    if (error == NRS_OK) {
        error = key_of_prefix(&highest, prefix, size, 'f');
    }
    search.size = size;
    if (error == NRS_OK) {
        error = size >= KEY64_DIGITS ? search_key(&search, lowest) : search_range(&search, lowest, highest);
    }
    if (error == NRS_OK && search.found_count != 1) {
        error = search.found_count == 0 ? NRS_ERROR_NOT_FOUND : NRS_ERROR_AMBIGUOUS;
    }
    if (error == NRS_OK) {
        memcpy(id_out, search.found, sizeof search.found);
    }
    return error;
}
