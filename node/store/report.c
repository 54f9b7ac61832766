/* Reports: rows, the search by prefix, and the filters of list. */
#include <string.h>

#include "proto/assert.h"
#include "query.h"

enum { WRAPPED_KEY_SIZE_MAX = 1024, ANNEX_SIZE_MAX = 4096 };

typedef struct report_visit {
    nrs_report_visitor visit;
    void *context;
} report_visit;

static nrs_error insert(nrs_store *store, const nrs_report_row *row)
{
    nrs_query query = nrs_query_start(store, NRS_STATEMENT_REPORT_ADD);

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
    return nrs_query_run(&query, NULL); /* NRS_ERROR_EXISTS: the position is taken */
}

/* Whether list has it: NRS_STATEMENT_REPORT_COUNT says the same of all. */
static bool is_counted(const nrs_report_row *row)
{
    return row->part != NRS_PART_CARRIED && row->key_state != NRS_KEY_FORGOTTEN;
}

nrs_error nrs_store_report_add(nrs_store *store, const nrs_report_row *row)
{
    uint64_t position = 0;
    nrs_error error;

    NRS_ASSERT(row != NULL && row->id != NULL);
    NRS_ASSERT(row->position > 0);
    error = nrs_report_position(store, &position, row->id);
    if (error == NRS_OK && position != 0) {
        error = NRS_ERROR_EXISTS;
    }
    if (error == NRS_OK) {
        error = insert(store, row);
    }
    if (error == NRS_OK) {
        store->report_count += is_counted(row) ? 1 : 0;
        error = nrs_report_placed(store, row->id, row->position);
    }
    return error;
}

/* 1 when list has the row as it stands, 0 when not or when nobody asked for the count. */
static nrs_error counted_before(nrs_store *store, uint64_t *counted_out, uint64_t position)
{
    nrs_query query;
    uint64_t counted = 0;
    nrs_error error = NRS_OK;

    if (store->report_count_known) {
        query = nrs_query_start(store, NRS_STATEMENT_REPORT_COUNTED);
        nrs_query_bind_u64(&query, position);
        if (nrs_query_step(&query)) {
            counted = nrs_query_u64(&query, 0);
        }
        error = nrs_query_end(&query);
    }
    *counted_out = counted;
    return error;
}

nrs_error nrs_store_report_update(nrs_store *store, const nrs_report_row *row)
{
    nrs_query query;
    size_t changed = 0;
    uint64_t before = 0;
    nrs_error error = counted_before(store, &before, row->position);

    NRS_ASSERT(row != NULL);
    if (error != NRS_OK) {
        return error;
    }
    query = nrs_query_start(store, NRS_STATEMENT_REPORT_UPDATE);
    nrs_query_bind_u64(&query, row->position);
    nrs_query_bind_u64(&query, (uint64_t)row->part);
    nrs_query_bind_u64(&query, (uint64_t)row->key_state);
    nrs_query_bind_u64(&query, row->opened_ms);
    nrs_query_bind_u64(&query, row->segment);
    nrs_query_bind_slice(&query, row->wrapped_key, WRAPPED_KEY_SIZE_MAX);
    nrs_query_bind_slice(&query, row->annex, ANNEX_SIZE_MAX);
    nrs_query_bind_u64(&query, row->label);
    error = nrs_query_run(&query, &changed);
    if (error == NRS_OK && changed == 0) {
        error = NRS_ERROR_NOT_FOUND;
    }
    if (error == NRS_OK) {
        store->report_count += is_counted(row) ? 1 : 0;
        store->report_count -= before;
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
    nrs_query query;
    nrs_report_row row = {0};
    nrs_bytes kept = {0};
    uint64_t position = 0;
    nrs_error outcome = NRS_ERROR_NOT_FOUND;
    nrs_error error;

    NRS_ASSERT(row_out != NULL && holder != NULL && id != NULL);
    error = nrs_report_position(store, &position, id);
    if (error != NRS_OK || position == 0) {
        return error == NRS_OK ? NRS_ERROR_NOT_FOUND : error;
    }
    query = nrs_query_start(store, NRS_STATEMENT_REPORT_GET);
    nrs_query_bind_u64(&query, position);
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
    query = nrs_query_start(store, filter->unread       ? NRS_STATEMENT_REPORT_EACH_UNREAD
                                   : filter->limit == 0 ? NRS_STATEMENT_REPORT_EACH_FROM /* forwards: a page ends where it is full */
                                                        : NRS_STATEMENT_REPORT_EACH);
    nrs_query_bind_bound(&query, filter->after_position);
    nrs_query_bind_bound(&query, filter->since_ms);
    nrs_query_bind_u64(&query, part);
    if (filter->community == NULL) {
        nrs_query_bind_null(&query);
    } else {
        nrs_query_bind_fixed(&query, filter->community, NRS_HASH_SIZE);
    }
    nrs_query_bind_bound(&query, filter->limit == 0 ? UINT64_MAX : filter->limit);
    nrs_query_bind_bound(&query, filter->before_position == 0 ? UINT64_MAX : filter->before_position);
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
    nrs_query query;
    uint64_t count = 0;
    nrs_error error;

    NRS_ASSERT(count_out != NULL);
    if (store->report_count_known) {
        *count_out = store->report_count;
        return NRS_OK;
    }
    query = nrs_query_start(store, NRS_STATEMENT_REPORT_COUNT);
    if (nrs_query_step(&query)) {
        count = nrs_query_u64(&query, 0);
    }
    error = nrs_query_end(&query);
    if (error == NRS_OK) {
        *count_out = store->report_count = count;
        store->report_count_known = true;
    }
    return error;
}
