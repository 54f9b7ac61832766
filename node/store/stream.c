/* Streams, what is held of them, what is missing, and what was sent twice under one number. */
#include "store/stream.h"

#include <string.h>

#include "proto/assert.h"
#include "query.h"

enum { GAP_COLUMN_COUNT = 9 };

typedef struct stream_visit {
    nrs_gap_visitor gap;
    nrs_item_visitor item;
    nrs_gap_sum_visitor sum;
    nrs_equivocation_visitor equivocation;
    void *context;
} stream_visit;

static void copy_fixed(uint8_t *out, nrs_query *query, int column, size_t size)
{
    memcpy(out, nrs_query_fixed(query, column, size), size);
}

/* ---- Our own ---- */

/* The one row of a query that is bound. audience_out: also the last column; or NULL. */
static nrs_error one_sent(nrs_query *query, nrs_sent_stream *stream_out, uint8_t *audience_out)
{
    nrs_sent_stream stream = {.sequence = 0};
    uint8_t audience[NRS_HASH_SIZE] = {0};
    bool found = nrs_query_step(query);
    nrs_error error;

    if (found) {
        stream.sequence = nrs_query_u64(query, 0);
        copy_fixed(stream.stream, query, 1, NRS_HASH_SIZE);
        copy_fixed(stream.last, query, 2, NRS_HASH_SIZE);
        stream.tell_ms = nrs_query_u64(query, 3);
    }
    if (found && audience_out != NULL) {
        copy_fixed(audience, query, 4, NRS_HASH_SIZE);
    }
    error = nrs_query_end(query);
    if (error == NRS_OK && found) {
        *stream_out = stream;
        if (audience_out != NULL) {
            memcpy(audience_out, audience, NRS_HASH_SIZE);
        }
    }
    return error == NRS_OK && !found ? NRS_ERROR_NOT_FOUND : error;
}

nrs_error nrs_store_sent_stream_get(nrs_store *store, nrs_sent_stream *stream_out, const uint8_t audience[NRS_HASH_SIZE])
{
    nrs_query query = nrs_query_start(store, NRS_STATEMENT_SENT_STREAM_GET);

    NRS_ASSERT(stream_out != NULL && audience != NULL);
    nrs_query_bind_fixed(&query, audience, NRS_HASH_SIZE);
    return one_sent(&query, stream_out, NULL);
}

nrs_error nrs_store_sent_stream_set(nrs_store *store, const uint8_t audience[NRS_HASH_SIZE], const nrs_sent_stream *stream)
{
    nrs_query query = nrs_query_start(store, NRS_STATEMENT_SENT_STREAM_SET);

    NRS_ASSERT(stream != NULL && audience != NULL);
    nrs_query_bind_fixed(&query, audience, NRS_HASH_SIZE);
    nrs_query_bind_u64(&query, stream->sequence);
    nrs_query_bind_fixed(&query, stream->stream, NRS_HASH_SIZE);
    nrs_query_bind_fixed(&query, stream->last, NRS_HASH_SIZE);
    nrs_query_bind_bound(&query, stream->tell_ms);
    return nrs_query_run(&query, NULL);
}

nrs_error nrs_store_sent_stream_due(nrs_store *store, nrs_sent_stream *stream_out, uint8_t audience_out[NRS_HASH_SIZE], uint64_t now_ms)
{
    nrs_query query = nrs_query_start(store, NRS_STATEMENT_SENT_STREAM_DUE);

    NRS_ASSERT(stream_out != NULL && audience_out != NULL);
    nrs_query_bind_bound(&query, now_ms);
    return one_sent(&query, stream_out, audience_out);
}

nrs_error nrs_store_sent_stream_delete(nrs_store *store, const uint8_t audience[NRS_HASH_SIZE])
{
    nrs_query query = nrs_query_start(store, NRS_STATEMENT_SENT_STREAM_DELETE);

    nrs_query_bind_fixed(&query, audience, NRS_HASH_SIZE);
    return nrs_query_run(&query, NULL);
}

nrs_error nrs_store_sent_stream_clear(nrs_store *store)
{
    nrs_query query = nrs_query_start(store, NRS_STATEMENT_SENT_STREAM_CLEAR);

    return nrs_query_run(&query, NULL);
}

/* ---- Streams and what is held of them ---- */

nrs_error nrs_store_stream_add(nrs_store *store, const nrs_stream_row *row)
{
    nrs_query query = nrs_query_start(store, NRS_STATEMENT_STREAM_ADD);

    NRS_ASSERT(row != NULL);
    nrs_query_bind_fixed(&query, row->key, NRS_HASH_SIZE);
    nrs_query_bind_fixed(&query, row->stream, NRS_HASH_SIZE);
    nrs_query_bind_fixed(&query, row->originator, NRS_KEY_SIZE);
    nrs_query_bind_fixed(&query, row->community, NRS_HASH_SIZE);
    return nrs_query_run(&query, NULL);
}

nrs_error nrs_store_item_add(nrs_store *store, const uint8_t key[NRS_HASH_SIZE], const nrs_stream_item *item)
{
    nrs_query query = nrs_query_start(store, NRS_STATEMENT_ITEM_ADD);

    NRS_ASSERT(item != NULL && item->sequence > 0);
    nrs_query_bind_fixed(&query, key, NRS_HASH_SIZE);
    nrs_query_bind_u64(&query, item->sequence);
    nrs_query_bind_u64(&query, item->created_ms);
    nrs_query_bind_fixed(&query, item->id, NRS_HASH_SIZE);
    return nrs_query_run(&query, NULL);
}

static nrs_error item_beside(nrs_store *store, nrs_statement which, nrs_stream_item *item_out, const uint8_t key[NRS_HASH_SIZE], uint64_t sequence)
{
    nrs_query query = nrs_query_start(store, which);
    nrs_stream_item item = {.sequence = 0};
    bool found;
    nrs_error error;

    NRS_ASSERT(item_out != NULL && key != NULL);
    nrs_query_bind_fixed(&query, key, NRS_HASH_SIZE);
    nrs_query_bind_bound(&query, sequence);
    found = nrs_query_step(&query);
    if (found) {
        item.sequence = nrs_query_u64(&query, 0);
        item.created_ms = nrs_query_u64(&query, 1);
        copy_fixed(item.id, &query, 2, NRS_HASH_SIZE);
    }
    error = nrs_query_end(&query);
    if (error == NRS_OK && found) {
        *item_out = item;
    }
    return error == NRS_OK && !found ? NRS_ERROR_NOT_FOUND : error;
}

nrs_error nrs_store_item_below(nrs_store *store, nrs_stream_item *item_out, const uint8_t key[NRS_HASH_SIZE], uint64_t sequence)
{
    return item_beside(store, NRS_STATEMENT_ITEM_BELOW, item_out, key, sequence);
}

nrs_error nrs_store_item_above(nrs_store *store, nrs_stream_item *item_out, const uint8_t key[NRS_HASH_SIZE], uint64_t sequence)
{
    return item_beside(store, NRS_STATEMENT_ITEM_ABOVE, item_out, key, sequence);
}

static nrs_error visit_item(nrs_query *query, const void *closure)
{
    const stream_visit *visitor = closure;
    const nrs_item_row row = {
        .key = nrs_query_fixed(query, 0, NRS_HASH_SIZE),
        .sequence = nrs_query_u64(query, 1),
        .created_ms = nrs_query_u64(query, 2),
        .originator = nrs_query_is_null(query, 3) ? NULL : nrs_query_fixed(query, 3, NRS_KEY_SIZE),
    };

    return query->error != NRS_OK ? query->error : visitor->item(visitor->context, &row);
}

nrs_error nrs_store_item_each(nrs_store *store, const uint8_t key[NRS_HASH_SIZE], uint64_t sequence, size_t limit, nrs_item_visitor visit, void *context)
{
    const stream_visit visitor = {.item = visit, .context = context};
    nrs_query query = nrs_query_start(store, NRS_STATEMENT_ITEM_EACH);

    NRS_ASSERT(visit != NULL);
    nrs_query_bind_fixed(&query, key, NRS_HASH_SIZE);
    nrs_query_bind_bound(&query, sequence);
    nrs_query_bind_bound(&query, limit);
    return nrs_query_each(&query, visit_item, &visitor);
}

nrs_error nrs_store_item_delete(nrs_store *store, const uint8_t key[NRS_HASH_SIZE], uint64_t sequence)
{
    nrs_query query = nrs_query_start(store, NRS_STATEMENT_ITEM_DELETE);

    nrs_query_bind_fixed(&query, key, NRS_HASH_SIZE);
    nrs_query_bind_bound(&query, sequence);
    return nrs_query_run(&query, NULL);
}

nrs_error nrs_store_stream_delete(nrs_store *store, const uint8_t key[NRS_HASH_SIZE])
{
    nrs_query query = nrs_query_start(store, NRS_STATEMENT_STREAM_DELETE);

    nrs_query_bind_fixed(&query, key, NRS_HASH_SIZE);
    return nrs_query_run(&query, NULL);
}

/* ---- Gaps ---- */

nrs_error nrs_store_gap_set(nrs_store *store, const nrs_gap *gap)
{
    nrs_query query = nrs_query_start(store, NRS_STATEMENT_GAP_SET);

    NRS_ASSERT(gap != NULL && gap->first > 0 && gap->first <= gap->last);
    nrs_query_bind_fixed(&query, gap->key, NRS_HASH_SIZE);
    nrs_query_bind_u64(&query, gap->first);
    nrs_query_bind_u64(&query, gap->last);
    nrs_query_bind_u64(&query, gap->seen_ms);
    nrs_query_bind_u64(&query, gap->until_ms);
    nrs_query_bind_u64(&query, gap->next_ms);
    nrs_query_bind_u64(&query, gap->asked);
    nrs_query_bind_fixed(&query, gap->next_id, NRS_HASH_SIZE);
    if (gap->last_known) {
        nrs_query_bind_fixed(&query, gap->last_id, NRS_HASH_SIZE);
    } else {
        nrs_query_bind_null(&query);
    }
    return nrs_query_run(&query, NULL);
}

nrs_error nrs_store_gap_delete(nrs_store *store, const uint8_t key[NRS_HASH_SIZE], uint64_t first)
{
    nrs_query query = nrs_query_start(store, NRS_STATEMENT_GAP_DELETE);

    nrs_query_bind_fixed(&query, key, NRS_HASH_SIZE);
    nrs_query_bind_u64(&query, first);
    return nrs_query_run(&query, NULL);
}

static nrs_gap gap_of(nrs_query *query)
{
    nrs_gap gap = {
        .first = nrs_query_u64(query, 1),
        .last = nrs_query_u64(query, 2),
        .seen_ms = nrs_query_u64(query, 3),
        .until_ms = nrs_query_u64(query, 4),
        .next_ms = nrs_query_u64(query, 5),
        .asked = nrs_query_u32(query, 6),
        .last_known = !nrs_query_is_null(query, 8),
    };

    copy_fixed(gap.key, query, 0, NRS_HASH_SIZE);
    copy_fixed(gap.next_id, query, 7, NRS_HASH_SIZE);
    if (gap.last_known) {
        copy_fixed(gap.last_id, query, 8, NRS_HASH_SIZE);
    }
    return gap;
}

/* The one row of a query that is bound. */
static nrs_error one_gap(nrs_query *query, nrs_gap *gap_out)
{
    nrs_gap gap = {.first = 0};
    bool found = nrs_query_step(query);
    nrs_error error;

    if (found) {
        gap = gap_of(query);
    }
    error = nrs_query_end(query);
    if (error == NRS_OK && found) {
        *gap_out = gap;
    }
    return error == NRS_OK && !found ? NRS_ERROR_NOT_FOUND : error;
}

nrs_error nrs_store_gap_at(nrs_store *store, nrs_gap *gap_out, const uint8_t key[NRS_HASH_SIZE], uint64_t sequence)
{
    nrs_query query = nrs_query_start(store, NRS_STATEMENT_GAP_AT);

    NRS_ASSERT(gap_out != NULL);
    nrs_query_bind_fixed(&query, key, NRS_HASH_SIZE);
    nrs_query_bind_bound(&query, sequence);
    return one_gap(&query, gap_out);
}

nrs_error nrs_store_gap_before(nrs_store *store, nrs_gap *gap_out, const uint8_t id[NRS_HASH_SIZE])
{
    nrs_query query = nrs_query_start(store, NRS_STATEMENT_GAP_BEFORE);

    NRS_ASSERT(gap_out != NULL);
    nrs_query_bind_fixed(&query, id, NRS_HASH_SIZE);
    return one_gap(&query, gap_out);
}

static nrs_error count_of(nrs_query *query, uint64_t *count_out)
{
    uint64_t count = nrs_query_step(query) ? nrs_query_u64(query, 0) : 0;
    nrs_error error = nrs_query_end(query);

    if (error == NRS_OK) {
        *count_out = count;
    }
    return error;
}

nrs_error nrs_store_gap_any(nrs_store *store, bool *any_out)
{
    nrs_query query = nrs_query_start(store, NRS_STATEMENT_GAP_ANY);
    uint64_t any = 0;
    nrs_error error = count_of(&query, &any);

    NRS_ASSERT(any_out != NULL);
    if (error == NRS_OK) {
        *any_out = any != 0;
    }
    return error;
}

nrs_error nrs_store_gap_of(nrs_store *store, bool *any_out, const uint8_t key[NRS_HASH_SIZE])
{
    nrs_query query = nrs_query_start(store, NRS_STATEMENT_GAP_OF);
    uint64_t any = 0;
    nrs_error error;

    NRS_ASSERT(any_out != NULL);
    nrs_query_bind_fixed(&query, key, NRS_HASH_SIZE);
    error = count_of(&query, &any);
    if (error == NRS_OK) {
        *any_out = any != 0;
    }
    return error;
}

static nrs_error visit_gap(nrs_query *query, const void *closure)
{
    const stream_visit *visitor = closure;
    const nrs_gap gap = gap_of(query);
    nrs_stream_row stream;

    memcpy(stream.key, gap.key, NRS_HASH_SIZE);
    copy_fixed(stream.stream, query, GAP_COLUMN_COUNT, NRS_HASH_SIZE);
    copy_fixed(stream.originator, query, GAP_COLUMN_COUNT + 1, NRS_KEY_SIZE);
    copy_fixed(stream.community, query, GAP_COLUMN_COUNT + 2, NRS_HASH_SIZE);
    return query->error != NRS_OK ? query->error : visitor->gap(visitor->context, &stream, &gap);
}

nrs_error nrs_store_gap_each_due(nrs_store *store, uint64_t now_ms, size_t limit, nrs_gap_visitor visit, void *context)
{
    const stream_visit visitor = {.gap = visit, .context = context};
    nrs_query query = nrs_query_start(store, NRS_STATEMENT_GAP_EACH_DUE);

    NRS_ASSERT(visit != NULL);
    nrs_query_bind_bound(&query, now_ms);
    nrs_query_bind_bound(&query, limit);
    return nrs_query_each(&query, visit_gap, &visitor);
}

nrs_error nrs_store_gap_each(nrs_store *store, const uint8_t *originator, size_t limit, nrs_gap_visitor visit, void *context)
{
    const stream_visit visitor = {.gap = visit, .context = context};
    nrs_query query = nrs_query_start(store, NRS_STATEMENT_GAP_EACH);

    NRS_ASSERT(visit != NULL);
    if (originator == NULL) {
        nrs_query_bind_null(&query);
    } else {
        nrs_query_bind_fixed(&query, originator, NRS_KEY_SIZE);
    }
    nrs_query_bind_bound(&query, limit);
    return nrs_query_each(&query, visit_gap, &visitor);
}

static nrs_error visit_sum(nrs_query *query, const void *closure)
{
    const stream_visit *visitor = closure;
    nrs_gap_sum sum = {
        .expired = nrs_query_u64(query, 2) != 0,
        .count = nrs_query_u64(query, 3),
        .seen_ms = nrs_query_u64(query, 4),
        .asked = nrs_query_u32(query, 5),
    };

    copy_fixed(sum.originator, query, 0, NRS_KEY_SIZE);
    copy_fixed(sum.community, query, 1, NRS_HASH_SIZE);
    return query->error != NRS_OK ? query->error : visitor->sum(visitor->context, &sum);
}

nrs_error nrs_store_gap_each_sum(nrs_store *store, uint64_t noticed_ms, uint64_t now_ms, nrs_gap_sum_visitor visit, void *context)
{
    const stream_visit visitor = {.sum = visit, .context = context};
    nrs_query query = nrs_query_start(store, NRS_STATEMENT_GAP_EACH_SUM);

    NRS_ASSERT(visit != NULL);
    nrs_query_bind_bound(&query, noticed_ms);
    nrs_query_bind_bound(&query, now_ms);
    return nrs_query_each(&query, visit_sum, &visitor);
}

nrs_error nrs_store_gap_expire(nrs_store *store, uint64_t until_ms)
{
    nrs_query query = nrs_query_start(store, NRS_STATEMENT_STREAM_EXPIRE); /* of which nothing is held: it was known by its gap alone */
    nrs_error error;

    nrs_query_bind_bound(&query, until_ms);
    error = nrs_query_run(&query, NULL);
    if (error == NRS_OK) {
        query = nrs_query_start(store, NRS_STATEMENT_GAP_EXPIRE);
        nrs_query_bind_bound(&query, until_ms);
        error = nrs_query_run(&query, NULL);
    }
    return error;
}

/* ---- Equivocations ---- */

nrs_error nrs_store_equivocation_add(nrs_store *store, bool *new_out, const nrs_equivocation_row *row)
{
    nrs_query query = nrs_query_start(store, NRS_STATEMENT_EQUIVOCATION_ADD);
    size_t changed = 0;
    nrs_error error;

    NRS_ASSERT(new_out != NULL && row != NULL);
    nrs_query_bind_fixed(&query, row->originator, NRS_KEY_SIZE);
    nrs_query_bind_fixed(&query, row->place, NRS_HASH_SIZE);
    nrs_query_bind_u64(&query, row->at_ms);
    nrs_query_bind_fixed(&query, row->community, NRS_HASH_SIZE);
    nrs_query_bind_fixed(&query, row->ids[0], NRS_HASH_SIZE);
    nrs_query_bind_fixed(&query, row->ids[1], NRS_HASH_SIZE);
    error = nrs_query_run(&query, &changed);
    if (error == NRS_OK) {
        *new_out = changed > 0;
    }
    return error;
}

nrs_error nrs_store_equivocation_count(nrs_store *store, size_t *count_out, const uint8_t originator[NRS_KEY_SIZE])
{
    nrs_query query = nrs_query_start(store, NRS_STATEMENT_EQUIVOCATION_COUNT);
    uint64_t count = 0;
    nrs_error error;

    NRS_ASSERT(count_out != NULL);
    nrs_query_bind_fixed(&query, originator, NRS_KEY_SIZE);
    error = count_of(&query, &count);
    if (error == NRS_OK) {
        *count_out = (size_t)count;
    }
    return error;
}

static nrs_error visit_equivocation(nrs_query *query, const void *closure)
{
    const stream_visit *visitor = closure;
    nrs_equivocation_row row = {.at_ms = nrs_query_u64(query, 2)};

    copy_fixed(row.originator, query, 0, NRS_KEY_SIZE);
    copy_fixed(row.place, query, 1, NRS_HASH_SIZE);
    copy_fixed(row.community, query, 3, NRS_HASH_SIZE);
    copy_fixed(row.ids[0], query, 4, NRS_HASH_SIZE);
    copy_fixed(row.ids[1], query, 5, NRS_HASH_SIZE);
    return query->error != NRS_OK ? query->error : visitor->equivocation(visitor->context, &row);
}

nrs_error nrs_store_equivocation_each(nrs_store *store, nrs_equivocation_visitor visit, void *context)
{
    const stream_visit visitor = {.equivocation = visit, .context = context};
    nrs_query query = nrs_query_start(store, NRS_STATEMENT_EQUIVOCATION_EACH);

    NRS_ASSERT(visit != NULL);
    return nrs_query_each(&query, visit_equivocation, &visitor);
}
