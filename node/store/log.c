/* The log of records. */
#include "proto/assert.h"
#include "query.h"

enum { OWNER_SIZE_MAX = 64 };

typedef struct log_visit {
    nrs_log_visitor visit;
    void *context;
} log_visit;

uint64_t nrs_store_log_end(const nrs_store *store)
{
    NRS_ASSERT(store != NULL);
    return store->log_end;
}

/* Absent and empty are one here. */
static void bind_optional(nrs_query *query, nrs_slice slice, size_t size_max)
{
    if (slice.size == 0) {
        nrs_query_bind_null(query);
    } else {
        nrs_query_bind_slice(query, slice, size_max);
    }
}

nrs_error nrs_store_log_append_not_found(nrs_store *store, uint64_t *position_out, const nrs_log_row *row)
{
    nrs_query query;
    nrs_slice id;
    bool own_id;
    nrs_error error;

    NRS_ASSERT(store != NULL && position_out != NULL);
    NRS_ASSERT(row != NULL && row->id != NULL);

    id = nrs_slice_of(row->id, NRS_HASH_SIZE);
    own_id = nrs_slice_equal(row->owner, id); /* found by its id: one random entry in an index less */
    error = nrs_store_part_write(store); /* what is appended must not be taken for the end of the part before */
    if (error == NRS_OK) {
        error = nrs_ids_add(&store->ids, nrs_key64(id), store->log_end + 1);
    }
    if (error != NRS_OK) {
        return error;
    }
    query = nrs_query_start(store, NRS_STATEMENT_LOG_APPEND);
    nrs_query_bind_u64(&query, store->log_end + 1);
    nrs_query_bind_u64(&query, row->type);
    nrs_query_bind_u64(&query, row->received_ms);
    nrs_query_bind_u64(&query, row->expires_ms);
    if (own_id) {
        nrs_query_bind_null(&query);
    } else {
        nrs_query_bind_key64(&query, nrs_key64(row->owner));
    }
    nrs_query_bind_fixed(&query, row->id, NRS_HASH_SIZE);
    nrs_query_bind_slice(&query, row->source, OWNER_SIZE_MAX);
    if (own_id) {
        nrs_query_bind_null(&query);
    } else {
        nrs_query_bind_slice(&query, row->owner, OWNER_SIZE_MAX);
    }
    bind_optional(&query, row->slots, NRS_RECORD_SIZE_MAX);
    nrs_query_bind_slice(&query, row->record, NRS_RECORD_SIZE_MAX);
    error = nrs_query_run(&query, NULL);
    if (error != NRS_OK) {
        nrs_ids_cut(&store->ids, store->ids.count - 1);
        return error;
    }
    store->log_end++;
    *position_out = store->log_end;
    return NRS_OK;
}

nrs_error nrs_store_log_append(nrs_store *store, uint64_t *position_out, const nrs_log_row *row)
{
    uint64_t found = 0;
    nrs_error error;

    NRS_ASSERT(row != NULL && row->id != NULL);
    error = nrs_store_log_find(store, &found, row->id);
    if (error == NRS_OK && found != 0) {
        error = NRS_ERROR_EXISTS;
    }
    return error == NRS_OK ? nrs_store_log_append_not_found(store, position_out, row) : error;
}

static nrs_log_row row_of(nrs_query *query)
{
    nrs_log_row row = {
        .position = nrs_query_u64(query, 0),
        .type = nrs_query_u32(query, 1),
        .received_ms = nrs_query_u64(query, 2),
        .expires_ms = nrs_query_u64(query, 3),
        .id = nrs_query_fixed(query, 4, NRS_HASH_SIZE),
        .source = nrs_query_slice(query, 5),
        .record = nrs_query_slice(query, 8),
    };

    if (!nrs_query_is_null(query, 7)) {
        row.slots = nrs_query_slice(query, 7);
    }
    row.owner = nrs_query_is_null(query, 6) ? nrs_slice_of(row.id, NRS_HASH_SIZE) : nrs_query_slice(query, 6);
    return row;
}

/* Moves what a row borrows from its statement into holder; the row then borrows from there. */
static nrs_error keep(nrs_log_row *row, nrs_bytes *holder)
{
    nrs_error error = nrs_bytes_append(holder, nrs_slice_of(row->id, NRS_HASH_SIZE));

    if (error == NRS_OK) {
        error = nrs_bytes_append(holder, row->source);
    }
    if (error == NRS_OK) {
        error = nrs_bytes_append(holder, row->owner);
    }
    if (error == NRS_OK) {
        error = nrs_bytes_append(holder, row->slots);
    }
    if (error == NRS_OK) {
        error = nrs_bytes_append(holder, row->record);
    }
    if (error != NRS_OK) {
        return error;
    }
    row->id = holder->data;
    row->source.data = holder->data + NRS_HASH_SIZE;
    row->owner.data = row->source.data + row->source.size;
    row->slots.data = row->owner.data + row->owner.size;
    row->record.data = row->slots.data + row->slots.size;
    return NRS_OK;
}

nrs_error nrs_store_log_get(nrs_store *store, nrs_log_row *row_out, nrs_bytes *holder, uint64_t position)
{
    nrs_query query = nrs_query_start(store, NRS_STATEMENT_LOG_GET);
    nrs_log_row row = {0};
    nrs_bytes kept = {0};
    nrs_error outcome = NRS_ERROR_NOT_FOUND;
    nrs_error error;

    NRS_ASSERT(row_out != NULL && holder != NULL);
    nrs_query_bind_bound(&query, position);
    if (nrs_query_step(&query)) {
        row = row_of(&query);
        outcome = keep(&row, &kept);
    }
    error = nrs_query_end_kept(&query, outcome, &kept, holder);
    if (error == NRS_OK) {
        *row_out = row;
    }
    return error;
}

nrs_error nrs_store_log_is(nrs_store *store, bool *is_out, uint64_t position, uint32_t type, nrs_slice owner)
{
    nrs_query query = nrs_query_start(store, NRS_STATEMENT_LOG_KIND_AT);
    bool is = false;
    nrs_error error;

    NRS_ASSERT(is_out != NULL);
    nrs_query_bind_bound(&query, position);
    if (nrs_query_step(&query)) {
        is = nrs_query_u32(&query, 0) == type && nrs_slice_equal(nrs_query_slice(&query, 1), owner);
    }
    error = nrs_query_end(&query);
    if (error == NRS_OK) {
        *is_out = is;
    }
    return error;
}

nrs_error nrs_store_log_has_slots(nrs_store *store, bool *any_out, bool *same_out, uint64_t position, nrs_slice slots)
{
    nrs_query query = nrs_query_start(store, NRS_STATEMENT_LOG_SLOTS_AT);
    bool any = false, same = false;
    nrs_error error;

    NRS_ASSERT(any_out != NULL && same_out != NULL);
    nrs_query_bind_bound(&query, position);
    nrs_query_bind_slice(&query, slots, NRS_RECORD_SIZE_MAX);
    if (nrs_query_step(&query)) {
        any = nrs_query_u32(&query, 0) != 0;
        same = any && nrs_query_u32(&query, 1) != 0;
    }
    error = nrs_query_end(&query);
    if (error == NRS_OK) {
        *any_out = any;
        *same_out = same;
    }
    return error;
}

static nrs_error visit_row(nrs_query *query, const void *closure)
{
    const log_visit *visitor = closure;
    nrs_log_row row = row_of(query);

    return query->error != NRS_OK ? query->error : visitor->visit(visitor->context, &row);
}

nrs_error nrs_store_log_each(nrs_store *store, uint64_t after, size_t limit, nrs_log_visitor visit, void *context)
{
    const log_visit visitor = {.visit = visit, .context = context};
    nrs_query query = nrs_query_start(store, NRS_STATEMENT_LOG_EACH);

    NRS_ASSERT(visit != NULL);
    nrs_query_bind_bound(&query, after);
    nrs_query_bind_bound(&query, store->log_end); /* what a visitor appends is not visited */
    nrs_query_bind_bound(&query, limit);
    return nrs_query_each(&query, visit_row, &visitor);
}

nrs_error nrs_store_log_each_of(nrs_store *store, nrs_slice owner, uint32_t type, nrs_log_visitor visit, void *context)
{
    const log_visit visitor = {.visit = visit, .context = context};
    nrs_query query;
    uint64_t own = 0; /* the record that belongs to its own id */
    nrs_error error = owner.size == NRS_HASH_SIZE ? nrs_store_log_find(store, &own, owner.data) : NRS_OK;

    NRS_ASSERT(visit != NULL);
    if (error != NRS_OK) {
        return error;
    }
    query = nrs_query_start(store, type == 0 ? NRS_STATEMENT_LOG_EACH_OF : NRS_STATEMENT_LOG_EACH_OF_TYPE);
    nrs_query_bind_key64(&query, nrs_key64(owner));
    nrs_query_bind_slice(&query, owner, OWNER_SIZE_MAX);
    nrs_query_bind_u64(&query, own);
    if (type != 0) {
        nrs_query_bind_u64(&query, type);
    }
    return nrs_query_each(&query, visit_row, &visitor);
}

nrs_error nrs_store_log_drop(nrs_store *store, uint64_t position)
{
    nrs_query query = nrs_query_start(store, NRS_STATEMENT_LOG_DROP);
    size_t changed = 0;
    nrs_error error;

    nrs_query_bind_bound(&query, position);
    error = nrs_query_run(&query, &changed);
    if (error == NRS_OK && changed == 0) {
        error = NRS_ERROR_NOT_FOUND;
    }
    return error;
}
