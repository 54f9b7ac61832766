/* What waits: statements to be sent in an envelope, and records that came before what they depend on. */
#include <string.h>

#include "proto/assert.h"
#include "query.h"
#include "store/queue.h"

typedef struct queue_visit {
    nrs_letter_visitor letter;
    nrs_letter_count_visitor count;
    nrs_deferred_visitor deferred;
    nrs_deferred_sum_visitor sum;
    void *context;
} queue_visit;

nrs_error nrs_store_letter_add(nrs_store *store, const uint8_t to[NRS_KEY_SIZE], const uint8_t community[NRS_HASH_SIZE],
                               nrs_slice statement)
{
    nrs_query query = nrs_query_start(store, NRS_STATEMENT_LETTER_ADD);
    nrs_error error;

    nrs_query_bind_fixed(&query, to, NRS_KEY_SIZE);
    nrs_query_bind_fixed(&query, community, NRS_HASH_SIZE);
    nrs_query_bind_slice(&query, statement, NRS_STATEMENT_SIZE_MAX);
    error = nrs_query_run(&query, NULL);
    if (error == NRS_OK) {
        store->letter_last = (uint64_t)sqlite3_last_insert_rowid(store->database);
    }
    return error;
}

uint64_t nrs_store_letter_last(const nrs_store *store)
{
    NRS_ASSERT(store != NULL);
    return store->letter_last;
}

static nrs_error visit_letter(nrs_query *query, const void *closure)
{
    const queue_visit *visitor = closure;
    const nrs_letter_row row = {
        .number = nrs_query_u64(query, 0),
        .to = nrs_query_fixed(query, 1, NRS_KEY_SIZE),
        .community = nrs_query_fixed(query, 2, NRS_HASH_SIZE),
        .statement = nrs_query_slice(query, 3),
    };

    return query->error != NRS_OK ? query->error : visitor->letter(visitor->context, &row);
}

nrs_error nrs_store_letter_each(nrs_store *store, uint64_t after, size_t limit, nrs_letter_visitor visit, void *context)
{
    const queue_visit visitor = {.letter = visit, .context = context};
    nrs_query query = nrs_query_start(store, NRS_STATEMENT_LETTER_EACH);

    NRS_ASSERT(visit != NULL);
    nrs_query_bind_bound(&query, after);
    nrs_query_bind_bound(&query, limit);
    return nrs_query_each(&query, visit_letter, &visitor);
}

nrs_error nrs_store_letter_each_of(nrs_store *store, const uint8_t to[NRS_KEY_SIZE], size_t limit, nrs_letter_visitor visit, void *context)
{
    const queue_visit visitor = {.letter = visit, .context = context};
    nrs_query query = nrs_query_start(store, NRS_STATEMENT_LETTER_OF);

    NRS_ASSERT(visit != NULL);
    nrs_query_bind_fixed(&query, to, NRS_KEY_SIZE);
    nrs_query_bind_bound(&query, limit);
    return nrs_query_each(&query, visit_letter, &visitor);
}

nrs_error nrs_store_letter_reader(nrs_store *store, uint8_t to_out[NRS_KEY_SIZE], nrs_slice after)
{
    uint8_t found[NRS_KEY_SIZE];
    nrs_query query = nrs_query_start(store, NRS_STATEMENT_LETTER_READER);
    bool any;
    nrs_error error;

    NRS_ASSERT(to_out != NULL);
    nrs_query_bind_slice(&query, after, NRS_KEY_SIZE);
    any = nrs_query_step(&query);
    if (any) {
        memcpy(found, nrs_query_fixed(&query, 0, NRS_KEY_SIZE), NRS_KEY_SIZE);
    }
    error = nrs_query_end(&query);
    if (error == NRS_OK && any) {
        memcpy(to_out, found, NRS_KEY_SIZE);
    }
    return error == NRS_OK && !any ? NRS_ERROR_NOT_FOUND : error;
}

static nrs_error visit_count(nrs_query *query, const void *closure)
{
    const queue_visit *visitor = closure;
    const uint8_t *to = nrs_query_fixed(query, 0, NRS_KEY_SIZE);
    uint64_t count = nrs_query_u64(query, 1);

    return query->error != NRS_OK ? query->error : visitor->count(visitor->context, to, count);
}

nrs_error nrs_store_letter_counts(nrs_store *store, nrs_letter_count_visitor visit, void *context)
{
    const queue_visit visitor = {.count = visit, .context = context};
    nrs_query query = nrs_query_start(store, NRS_STATEMENT_LETTER_COUNTS);

    NRS_ASSERT(visit != NULL);
    return nrs_query_each(&query, visit_count, &visitor);
}

nrs_error nrs_store_letter_delete(nrs_store *store, uint64_t number)
{
    nrs_query query = nrs_query_start(store, NRS_STATEMENT_LETTER_DELETE);

    nrs_query_bind_bound(&query, number);
    return nrs_query_run(&query, NULL);
}

nrs_error nrs_store_deferred_add(nrs_store *store, const nrs_deferred_row *row)
{
    nrs_query query;
    nrs_error error;

    NRS_ASSERT(store != NULL && row != NULL);
    if (store->deferred_count >= NRS_DEFERRED_COUNT_MAX) {
        return NRS_ERROR_BUSY;
    }
    query = nrs_query_start(store, NRS_STATEMENT_DEFERRED_ADD);
    nrs_query_bind_u64(&query, row->version);
    nrs_query_bind_u64(&query, row->at_ms);
    nrs_query_bind_u64(&query, row->expires_ms);
    nrs_query_bind_fixed(&query, row->waits_for, NRS_HASH_SIZE);
    nrs_query_bind_fixed(&query, row->owner, NRS_HASH_SIZE);
    nrs_query_bind_fixed(&query, row->peer, NRS_KEY_SIZE);
    nrs_query_bind_slice(&query, row->record, NRS_RECORD_SIZE_MAX);
    nrs_query_bind_u64(&query, row->number);
    error = nrs_query_run(&query, NULL);
    if (error == NRS_OK) {
        store->deferred_count++;
    }
    return error;
}

nrs_error nrs_store_deferred_find(nrs_store *store, uint8_t waits_for_out[NRS_HASH_SIZE], uint64_t *version_out,
                                  uint64_t *expires_ms_out, const uint8_t owner[NRS_HASH_SIZE])
{
    nrs_query query = nrs_query_start(store, NRS_STATEMENT_DEFERRED_OWNER);
    nrs_error outcome = NRS_ERROR_NOT_FOUND;
    nrs_error error;

    nrs_query_bind_fixed(&query, owner, NRS_HASH_SIZE);
    if (nrs_query_step(&query)) {
        const uint8_t *waits_for = nrs_query_fixed(&query, 0, NRS_HASH_SIZE);

        if (query.error == NRS_OK) {
            memcpy(waits_for_out, waits_for, NRS_HASH_SIZE);
            *version_out = nrs_query_u64(&query, 1);
            *expires_ms_out = nrs_query_u64(&query, 2);
            outcome = NRS_OK;
        }
    }
    error = nrs_query_end(&query);
    return error != NRS_OK ? error : outcome;
}

nrs_error nrs_store_deferred_has(nrs_store *store, bool *has_out, const uint8_t owner[NRS_HASH_SIZE], nrs_slice record)
{
    nrs_query query = nrs_query_start(store, NRS_STATEMENT_DEFERRED_HAS);
    bool has;
    nrs_error error;

    NRS_ASSERT(has_out != NULL);
    nrs_query_bind_fixed(&query, owner, NRS_HASH_SIZE);
    nrs_query_bind_slice(&query, record, NRS_RECORD_SIZE_MAX);
    has = nrs_query_step(&query);
    error = nrs_query_end(&query);
    if (error == NRS_OK) {
        *has_out = has;
    }
    return error;
}

nrs_error nrs_store_deferred_next_peer(nrs_store *store, uint8_t peer[NRS_KEY_SIZE])
{
    nrs_query query = nrs_query_start(store, NRS_STATEMENT_DEFERRED_PEERS);
    uint8_t next[NRS_KEY_SIZE];
    nrs_error outcome = NRS_ERROR_NOT_FOUND;
    nrs_error error;

    nrs_query_bind_fixed(&query, peer, NRS_KEY_SIZE);
    if (nrs_query_step(&query)) {
        memcpy(next, nrs_query_fixed(&query, 0, NRS_KEY_SIZE), NRS_KEY_SIZE);
        outcome = NRS_OK;
    }
    error = nrs_query_end(&query);
    if (error == NRS_OK && outcome == NRS_OK) {
        memcpy(peer, next, NRS_KEY_SIZE);
    }
    return error != NRS_OK ? error : outcome;
}

/* Runs a statement that deletes, and counts what is left. */
static nrs_error delete_some(nrs_store *store, nrs_query *query)
{
    size_t changed = 0;
    nrs_error error = nrs_query_run(query, &changed);

    if (error == NRS_OK) {
        NRS_ASSERT(store->deferred_count >= changed);
        store->deferred_count -= changed;
    }
    return error;
}

nrs_error nrs_store_deferred_delete_of(nrs_store *store, const uint8_t peer[NRS_KEY_SIZE], const uint8_t waits_for[NRS_HASH_SIZE])
{
    nrs_query query = nrs_query_start(store, NRS_STATEMENT_DEFERRED_DELETE_OF);

    nrs_query_bind_fixed(&query, peer, NRS_KEY_SIZE);
    nrs_query_bind_fixed(&query, waits_for, NRS_HASH_SIZE);
    return delete_some(store, &query);
}

nrs_error nrs_store_deferred_expire(nrs_store *store, uint64_t now_ms)
{
    nrs_query query = nrs_query_start(store, NRS_STATEMENT_DEFERRED_EXPIRE);

    nrs_query_bind_bound(&query, now_ms);
    return delete_some(store, &query);
}

static nrs_error visit_deferred(nrs_query *query, const void *closure)
{
    const queue_visit *visitor = closure;
    const nrs_deferred_row row = {
        .number = nrs_query_u64(query, 0),
        .peer = nrs_query_fixed(query, 1, NRS_KEY_SIZE),
        .record = nrs_query_slice(query, 2),
        .version = nrs_query_u64(query, 3),
        .at_ms = nrs_query_u64(query, 4),
        .expires_ms = nrs_query_u64(query, 5),
        .waits_for = nrs_query_fixed(query, 6, NRS_HASH_SIZE),
        .owner = nrs_query_fixed(query, 7, NRS_HASH_SIZE),
    };

    return query->error != NRS_OK ? query->error : visitor->deferred(visitor->context, &row);
}

nrs_error nrs_store_deferred_each(nrs_store *store, const uint8_t waits_for[NRS_HASH_SIZE], uint64_t version, uint64_t after,
                                  size_t limit, nrs_deferred_visitor visit, void *context)
{
    const queue_visit visitor = {.deferred = visit, .context = context};
    nrs_query query = nrs_query_start(store, NRS_STATEMENT_DEFERRED_EACH);

    NRS_ASSERT(visit != NULL);
    nrs_query_bind_fixed(&query, waits_for, NRS_HASH_SIZE);
    nrs_query_bind_bound(&query, version);
    nrs_query_bind_bound(&query, after);
    nrs_query_bind_bound(&query, limit);
    return nrs_query_each(&query, visit_deferred, &visitor);
}

nrs_error nrs_store_deferred_delete(nrs_store *store, uint64_t number)
{
    nrs_query query = nrs_query_start(store, NRS_STATEMENT_DEFERRED_DELETE);

    nrs_query_bind_bound(&query, number);
    return delete_some(store, &query);
}

static nrs_error visit_sum(nrs_query *query, const void *closure)
{
    const queue_visit *visitor = closure;
    const nrs_deferred_sum sum = {
        .waits_for = nrs_query_fixed(query, 0, NRS_HASH_SIZE),
        .version = nrs_query_u64(query, 1),
        .count = nrs_query_u64(query, 2),
        .at_ms = nrs_query_u64(query, 3),
    };

    return query->error != NRS_OK ? query->error : visitor->sum(visitor->context, &sum);
}

nrs_error nrs_store_deferred_sums(nrs_store *store, nrs_deferred_sum_visitor visit, void *context)
{
    const queue_visit visitor = {.sum = visit, .context = context};
    nrs_query query = nrs_query_start(store, NRS_STATEMENT_DEFERRED_SUMS);

    NRS_ASSERT(visit != NULL);
    return nrs_query_each(&query, visit_sum, &visitor);
}

size_t nrs_store_deferred_count(nrs_store *store)
{
    NRS_ASSERT(store != NULL);
    return (size_t)store->deferred_count;
}

size_t nrs_store_deferred_count_of(nrs_store *store, const uint8_t peer[NRS_KEY_SIZE])
{
    nrs_query query = nrs_query_start(store, NRS_STATEMENT_DEFERRED_COUNT_OF);
    uint64_t count = SIZE_MAX;

    nrs_query_bind_fixed(&query, peer, NRS_KEY_SIZE);
    if (nrs_query_step(&query)) {
        count = nrs_query_u64(&query, 0);
    }
    return nrs_query_end(&query) == NRS_OK ? (size_t)count : SIZE_MAX;
}
