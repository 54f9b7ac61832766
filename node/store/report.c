/* Reports: rows, the search by prefix, and the filters of list. */
#include <string.h>

#include "proto/assert.h"
#include "query.h"

enum { WRAPPED_KEY_SIZE_MAX = 1024, ANNEX_SIZE_MAX = 4096, PREFIX_DIGITS_MIN = 6, KEY64_DIGITS = 16 };

typedef struct report_visit {
    nrs_report_visitor visit;
    void *context;
} report_visit;

nrs_error nrs_store_report_add(nrs_store *store, const nrs_report_row *row)
{
    nrs_query query = nrs_query_start(store, NRS_STATEMENT_REPORT_ADD);
    size_t changed = 0;
    nrs_error error;

    NRS_ASSERT(row != NULL && row->id != NULL);
    NRS_ASSERT(row->position > 0);
    nrs_query_bind_u64(&query, row->position);
    nrs_query_bind_u64(&query, (uint64_t)row->part);
    nrs_query_bind_u64(&query, (uint64_t)row->key_state);
    nrs_query_bind_u64(&query, row->opened_ms);
    nrs_query_bind_u64(&query, row->segment);
    nrs_query_bind_u64(&query, row->label);
    nrs_query_bind_u64(&query, row->urgency);
    nrs_query_bind_u64(&query, row->flags);
    nrs_query_bind_u64(&query, row->created_ms);
    nrs_query_bind_u64(&query, row->expires_ms);
    nrs_query_bind_u64(&query, row->received_ms);
    nrs_query_bind_fixed(&query, row->id, NRS_HASH_SIZE);
    nrs_query_bind_fixed(&query, row->community, NRS_HASH_SIZE);
    nrs_query_bind_fixed(&query, row->originator, NRS_KEY_SIZE);
    nrs_query_bind_slice(&query, row->wrapped_key, WRAPPED_KEY_SIZE_MAX);
    nrs_query_bind_slice(&query, row->annex, ANNEX_SIZE_MAX);
    nrs_query_bind_key64(&query, nrs_key64(nrs_slice_of(row->id, NRS_HASH_SIZE)));
    error = nrs_query_run(&query, &changed);
    if (error == NRS_OK && changed == 0) {
        error = NRS_ERROR_EXISTS;
    }
    return error;
}

nrs_error nrs_store_report_update(nrs_store *store, const nrs_report_row *row)
{
    nrs_query query = nrs_query_start(store, NRS_STATEMENT_REPORT_UPDATE);
    size_t changed = 0;
    nrs_error error;

    NRS_ASSERT(row != NULL);
    nrs_query_bind_u64(&query, row->position);
    nrs_query_bind_u64(&query, (uint64_t)row->part);
    nrs_query_bind_u64(&query, (uint64_t)row->key_state);
    nrs_query_bind_u64(&query, row->opened_ms);
    nrs_query_bind_u64(&query, row->segment);
    nrs_query_bind_slice(&query, row->wrapped_key, WRAPPED_KEY_SIZE_MAX);
    nrs_query_bind_slice(&query, row->annex, ANNEX_SIZE_MAX);
    error = nrs_query_run(&query, &changed);
    if (error == NRS_OK && changed == 0) {
        error = NRS_ERROR_NOT_FOUND;
    }
    return error;
}

static uint32_t enum_of(nrs_query *query, int column, uint32_t max)
{
    uint32_t value = nrs_query_u32(query, column);

    if (value > max && query->error == NRS_OK) {
        query->error = NRS_ERROR_DAMAGED;
    }
    return value > max ? 0 : value;
}

static nrs_report_row row_of(nrs_query *query)
{
    return (nrs_report_row){
        .position = nrs_query_u64(query, 0),
        .part = (nrs_report_part)enum_of(query, 1, NRS_PART_SENT),
        .key_state = (nrs_key_state)enum_of(query, 2, NRS_KEY_WITHDRAWN),
        .opened_ms = nrs_query_u64(query, 3),
        .segment = nrs_query_u64(query, 4),
        .label = nrs_query_u32(query, 5),
        .urgency = nrs_query_u32(query, 6),
        .flags = nrs_query_u32(query, 7),
        .created_ms = nrs_query_u64(query, 8),
        .expires_ms = nrs_query_u64(query, 9),
        .received_ms = nrs_query_u64(query, 10),
        .id = nrs_query_fixed(query, 11, NRS_HASH_SIZE),
        .community = nrs_query_fixed(query, 12, NRS_HASH_SIZE),
        .originator = nrs_query_fixed(query, 13, NRS_KEY_SIZE),
        .wrapped_key = nrs_query_slice(query, 14),
        .annex = nrs_query_slice(query, 15),
    };
}

/* Moves what a row borrows from its statement into holder; the row then borrows from there. */
static nrs_error keep(nrs_report_row *row, nrs_bytes *holder)
{
    const nrs_slice parts[] = {
        nrs_slice_of(row->id, NRS_HASH_SIZE),
        nrs_slice_of(row->community, NRS_HASH_SIZE),
        nrs_slice_of(row->originator, NRS_KEY_SIZE),
        row->wrapped_key,
        row->annex,
    };

    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        nrs_error error = nrs_bytes_append(holder, parts[i]);

        if (error != NRS_OK) {
            return error;
        }
    }
    row->id = holder->data;
    row->community = row->id + NRS_HASH_SIZE;
    row->originator = row->community + NRS_HASH_SIZE;
    row->wrapped_key.data = row->originator + NRS_KEY_SIZE;
    row->annex.data = row->wrapped_key.data + row->wrapped_key.size;
    return NRS_OK;
}

nrs_error nrs_store_report_get(nrs_store *store, nrs_report_row *row_out, nrs_bytes *holder,
                               const uint8_t id[NRS_HASH_SIZE])
{
    nrs_query query = nrs_query_start(store, NRS_STATEMENT_REPORT_GET);
    nrs_report_row row = {0};
    nrs_bytes kept = {0};
    nrs_error outcome = NRS_ERROR_NOT_FOUND;
    nrs_error error;

    NRS_ASSERT(row_out != NULL && holder != NULL && id != NULL);
    nrs_query_bind_key64(&query, nrs_key64(nrs_slice_of(id, NRS_HASH_SIZE)));
    nrs_query_bind_fixed(&query, id, NRS_HASH_SIZE);
    if (nrs_query_step(&query)) {
        row = row_of(&query);
        outcome = keep(&row, &kept);
    }
    error = nrs_query_end(&query);
    if (error == NRS_OK) {
        error = outcome;
    }
    if (error != NRS_OK) {
        nrs_bytes_wipe(&kept);
        return error;
    }
    nrs_bytes_wipe(holder);
    *holder = kept;
    *row_out = row;
    return NRS_OK;
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

nrs_error nrs_store_report_find(nrs_store *store, uint8_t id_out[NRS_HASH_SIZE], const char *prefix)
{
    uint8_t found[NRS_HASH_SIZE] = {0};
    size_t found_count = 0;
    int64_t lowest = 0;
    int64_t highest = 0;
    nrs_query query;
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
    if (error != NRS_OK) {
        return error;
    }
    query = nrs_query_start(store, NRS_STATEMENT_REPORT_FIND);
    nrs_query_bind_key64(&query, lowest);
    nrs_query_bind_key64(&query, highest);
    while (found_count < 2 && nrs_query_step(&query)) {
        const uint8_t *id = nrs_query_fixed(&query, 0, NRS_HASH_SIZE);
        char digits[2 * NRS_HASH_SIZE + 1];

        nrs_hex_encode(digits, id, NRS_HASH_SIZE);
        if (memcmp(digits, prefix, size) == 0) { /* digits past the sixteenth are not in the key */
            memcpy(found, id, sizeof found);
            found_count++;
        }
    }
    error = nrs_query_end(&query);
    if (error == NRS_OK && found_count != 1) {
        error = found_count == 0 ? NRS_ERROR_NOT_FOUND : NRS_ERROR_AMBIGUOUS;
    }
    if (error == NRS_OK) {
        memcpy(id_out, found, sizeof found);
    }
    return error;
}

static nrs_error visit_row(nrs_query *query, const void *closure)
{
    const report_visit *visitor = closure;
    nrs_report_row row = row_of(query);

    return query->error != NRS_OK ? query->error : visitor->visit(visitor->context, &row);
}

nrs_error nrs_store_report_each(nrs_store *store, const nrs_report_filter *filter, nrs_report_visitor visit,
                                void *context)
{
    const report_visit visitor = {.visit = visit, .context = context};
    uint64_t part = 0;
    nrs_query query;

    NRS_ASSERT(filter != NULL && visit != NULL);
    NRS_ASSERT(!(filter->sent_only && filter->received_only));
    if (filter->sent_only) {
        part = NRS_PART_SENT;
    } else if (filter->received_only) {
        part = NRS_PART_RECEIVED;
    }
    query = nrs_query_start(store, filter->unread ? NRS_STATEMENT_REPORT_EACH_UNREAD : NRS_STATEMENT_REPORT_EACH);
    nrs_query_bind_bound(&query, filter->after_position);
    nrs_query_bind_bound(&query, filter->since_ms);
    nrs_query_bind_u64(&query, part);
    if (filter->community == NULL) {
        nrs_query_bind_null(&query);
    } else {
        nrs_query_bind_fixed(&query, filter->community, NRS_HASH_SIZE);
    }
    nrs_query_bind_bound(&query, filter->limit == 0 ? UINT64_MAX : filter->limit);
    return nrs_query_each(&query, visit_row, &visitor);
}

nrs_error nrs_store_report_each_in_segment(nrs_store *store, uint64_t segment, nrs_report_visitor visit, void *context)
{
    const report_visit visitor = {.visit = visit, .context = context};
    nrs_query query = nrs_query_start(store, NRS_STATEMENT_REPORT_EACH_IN_SEGMENT);

    NRS_ASSERT(visit != NULL);
    nrs_query_bind_bound(&query, segment);
    return nrs_query_each(&query, visit_row, &visitor);
}

nrs_error nrs_store_report_count(nrs_store *store, uint64_t *count_out)
{
    nrs_query query = nrs_query_start(store, NRS_STATEMENT_REPORT_COUNT);
    uint64_t count = 0;
    nrs_error error;

    NRS_ASSERT(count_out != NULL);
    if (nrs_query_step(&query)) {
        count = nrs_query_u64(&query, 0);
    }
    error = nrs_query_end(&query);
    if (error == NRS_OK) {
        *count_out = count;
    }
    return error;
}
