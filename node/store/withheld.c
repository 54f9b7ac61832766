/* Withheld sources: notes, what waits for its tick, counts, and digests. */
#include "store/withheld.h"

#include <string.h>

#include "proto/assert.h"
#include "query.h"

enum { NOTE_SIZE_MAX = 4 * 1024 };

/* ---- Notes ---- */

nrs_error nrs_store_note_add(nrs_store *store, uint64_t report, nrs_slice content)
{
    nrs_query query = nrs_query_start(store, NRS_STATEMENT_WITHHELD_NOTE_ADD);

    NRS_ASSERT(report > 0 && content.size > 0);
    nrs_query_bind_u64(&query, report);
    nrs_query_bind_slice(&query, content, NOTE_SIZE_MAX);
    return nrs_query_run(&query, NULL);
}

typedef struct note_visit { nrs_note_visitor visit; void *context; } note_visit;

static nrs_error visit_note(nrs_query *query, const void *closure)
{
    const note_visit *visitor = closure;
    const nrs_slice content = nrs_query_slice(query, 1);

    return query->error != NRS_OK ? query->error : visitor->visit(visitor->context, content);
}

nrs_error nrs_store_note_each(nrs_store *store, uint64_t report, nrs_note_visitor visit, void *context)
{
    const note_visit visitor = {visit, context};
    nrs_query query = nrs_query_start(store, NRS_STATEMENT_WITHHELD_NOTE_EACH);

    NRS_ASSERT(visit != NULL);
    nrs_query_bind_bound(&query, report);
    return nrs_query_each(&query, visit_note, &visitor);
}

nrs_error nrs_store_note_delete(nrs_store *store, uint64_t report)
{
    nrs_query query = nrs_query_start(store, NRS_STATEMENT_WITHHELD_NOTE_DELETE);

    nrs_query_bind_u64(&query, report);
    return nrs_query_run(&query, NULL);
}

typedef struct report_visit { nrs_note_report_visitor visit; void *context; } report_visit;

static nrs_error visit_report(nrs_query *query, const void *closure)
{
    const report_visit *visitor = closure;
    const uint8_t *id = nrs_query_fixed(query, 0, NRS_HASH_SIZE);

    return query->error != NRS_OK ? query->error : visitor->visit(visitor->context, id);
}

nrs_error nrs_store_note_reports(nrs_store *store, uint32_t part, uint64_t now_ms, nrs_note_report_visitor visit, void *context)
{
    const report_visit visitor = {visit, context};
    nrs_query query = nrs_query_start(store, NRS_STATEMENT_WITHHELD_NOTE_ALIVE);

    NRS_ASSERT(visit != NULL);
    nrs_query_bind_bound(&query, now_ms);
    nrs_query_bind_u64(&query, part);
    return nrs_query_each(&query, visit_report, &visitor);
}

/* ---- The tick ---- */

nrs_error nrs_store_publish_add(nrs_store *store, uint64_t position, uint64_t due_ms)
{
    nrs_query query = nrs_query_start(store, NRS_STATEMENT_PUBLISH_ADD);

    NRS_ASSERT(position > 0);
    nrs_query_bind_u64(&query, position);
    nrs_query_bind_u64(&query, due_ms);
    return nrs_query_run(&query, NULL);
}

typedef struct publish_visit { nrs_publish_visitor visit; void *context; } publish_visit;

static nrs_error visit_publish(nrs_query *query, const void *closure)
{
    const publish_visit *visitor = closure;
    const uint64_t position = nrs_query_u64(query, 0);

    return query->error != NRS_OK ? query->error : visitor->visit(visitor->context, position);
}

nrs_error nrs_store_publish_each(nrs_store *store, uint64_t now_ms, size_t limit, nrs_publish_visitor visit, void *context)
{
    const publish_visit visitor = {visit, context};
    nrs_query query = nrs_query_start(store, NRS_STATEMENT_PUBLISH_EACH);

    NRS_ASSERT(visit != NULL);
    nrs_query_bind_bound(&query, now_ms);
    nrs_query_bind_bound(&query, limit);
    return nrs_query_each(&query, visit_publish, &visitor);
}

nrs_error nrs_store_publish_delete(nrs_store *store, uint64_t position)
{
    nrs_query query = nrs_query_start(store, NRS_STATEMENT_PUBLISH_DELETE);

    nrs_query_bind_u64(&query, position);
    return nrs_query_run(&query, NULL);
}

static nrs_error number_of(nrs_store *store, uint64_t *number_out, nrs_statement which)
{
    nrs_query query = nrs_query_start(store, which);
    const uint64_t number = nrs_query_step(&query) ? nrs_query_u64(&query, 0) : 0;
    nrs_error error = nrs_query_end(&query);

    if (error == NRS_OK) {
        *number_out = number;
    }
    return error;
}

nrs_error nrs_store_publish_next(nrs_store *store, uint64_t *due_ms_out)
{
    uint64_t report_ms = 0, digest_ms = 0;
    nrs_error error = number_of(store, &report_ms, NRS_STATEMENT_PUBLISH_NEXT);

    NRS_ASSERT(due_ms_out != NULL);
    if (error == NRS_OK) {
        error = number_of(store, &digest_ms, NRS_STATEMENT_DIGEST_NEXT);
    }
    if (error == NRS_OK) {
        *due_ms_out = report_ms == 0 || (digest_ms != 0 && digest_ms < report_ms) ? digest_ms : report_ms;
    }
    return error;
}

/* ---- Counts ---- */

nrs_error nrs_store_vouch_count_get(nrs_store *store, nrs_vouch_count *count_out, const uint8_t community[NRS_HASH_SIZE])
{
    nrs_query query = nrs_query_start(store, NRS_STATEMENT_VOUCH_COUNT_GET);
    nrs_vouch_count count = {0};
    bool found = false;
    nrs_error error;

    NRS_ASSERT(count_out != NULL);
    nrs_query_bind_fixed(&query, community, NRS_HASH_SIZE);
    if (nrs_query_step(&query)) {
        found = true;
        count = (nrs_vouch_count){nrs_query_u64(&query, 0), nrs_query_u64(&query, 1)};
    }
    error = nrs_query_end(&query);
    if (error == NRS_OK && found) {
        *count_out = count;
    }
    return error == NRS_OK && !found ? NRS_ERROR_NOT_FOUND : error;
}

nrs_error nrs_store_vouch_count_set(nrs_store *store, const uint8_t community[NRS_HASH_SIZE], const nrs_vouch_count *count)
{
    nrs_query query = nrs_query_start(store, NRS_STATEMENT_VOUCH_COUNT_SET);

    NRS_ASSERT(count != NULL);
    nrs_query_bind_fixed(&query, community, NRS_HASH_SIZE);
    nrs_query_bind_u64(&query, count->count);
    nrs_query_bind_u64(&query, count->since_ms);
    return nrs_query_run(&query, NULL);
}

nrs_error nrs_store_vouch_count_clear(nrs_store *store)
{
    nrs_query query = nrs_query_start(store, NRS_STATEMENT_VOUCH_COUNT_CLEAR);

    return nrs_query_run(&query, NULL);
}

static void bind_vouched(nrs_query *query, const nrs_vouched_row *row)
{
    nrs_query_bind_fixed(query, row->originator, NRS_KEY_SIZE);
    nrs_query_bind_fixed(query, row->community, NRS_HASH_SIZE);
    nrs_query_bind_u64(query, row->count.since_ms);
    nrs_query_bind_u64(query, row->count.count);
}

nrs_error nrs_store_vouched_take(nrs_store *store, uint8_t id_out[NRS_HASH_SIZE], const nrs_vouched_row *row)
{
    nrs_query query = nrs_query_start(store, NRS_STATEMENT_VOUCHED_ADD);
    nrs_error error;

    NRS_ASSERT(id_out != NULL && row != NULL);
    bind_vouched(&query, row);
    nrs_query_bind_fixed(&query, row->id, NRS_HASH_SIZE);
    error = nrs_query_run(&query, NULL);
    if (error != NRS_OK) {
        return error;
    }
    query = nrs_query_start(store, NRS_STATEMENT_VOUCHED_GET);
    bind_vouched(&query, row);
    return nrs_query_hash(&query, id_out);
}

/* ---- Digests ---- */

nrs_error nrs_store_digest_add(nrs_store *store, const nrs_digest_row *row)
{
    nrs_query query = nrs_query_start(store, NRS_STATEMENT_DIGEST_ADD);

    NRS_ASSERT(row != NULL);
    nrs_query_bind_u64(&query, row->due_ms);
    nrs_query_bind_u64(&query, row->expires_ms);
    nrs_query_bind_u64(&query, row->direct ? 1 : 0);
    nrs_query_bind_fixed(&query, row->recipient, NRS_KEY_SIZE);
    nrs_query_bind_fixed(&query, row->community, NRS_HASH_SIZE);
    nrs_query_bind_slice(&query, row->statement, NRS_STATEMENT_SIZE_MAX);
    return nrs_query_run(&query, NULL);
}

nrs_error nrs_store_digest_has(nrs_store *store, bool *has_out, const nrs_digest_row *row)
{
    nrs_query query = nrs_query_start(store, NRS_STATEMENT_DIGEST_HAS);
    bool has = false;
    nrs_error error;

    NRS_ASSERT(has_out != NULL && row != NULL);
    nrs_query_bind_fixed(&query, row->recipient, NRS_KEY_SIZE);
    nrs_query_bind_fixed(&query, row->community, NRS_HASH_SIZE);
    nrs_query_bind_slice(&query, row->statement, NRS_STATEMENT_SIZE_MAX);
    has = nrs_query_step(&query);
    error = nrs_query_end(&query);
    if (error == NRS_OK) {
        *has_out = has;
    }
    return error;
}

typedef struct digest_visit { nrs_digest_visitor visit; void *context; } digest_visit;

static nrs_error visit_digest(nrs_query *query, const void *closure)
{
    const digest_visit *visitor = closure;
    const nrs_digest_row row = {
        .number = nrs_query_u64(query, 0),
        .due_ms = nrs_query_u64(query, 1),
        .expires_ms = nrs_query_u64(query, 2),
        .recipient = nrs_query_fixed(query, 3, NRS_KEY_SIZE),
        .community = nrs_query_fixed(query, 4, NRS_HASH_SIZE),
        .statement = nrs_query_slice(query, 5),
    };

    return query->error != NRS_OK ? query->error : visitor->visit(visitor->context, &row);
}

nrs_error nrs_store_digest_each(nrs_store *store, const uint8_t community[NRS_HASH_SIZE], uint64_t now_ms, size_t limit_each, nrs_digest_visitor visit, void *context)
{
    const digest_visit visitor = {visit, context};
    nrs_query query = nrs_query_start(store, NRS_STATEMENT_DIGEST_EACH);

    NRS_ASSERT(visit != NULL);
    nrs_query_bind_fixed(&query, community, NRS_HASH_SIZE);
    nrs_query_bind_bound(&query, now_ms);
    nrs_query_bind_bound(&query, limit_each);
    return nrs_query_each(&query, visit_digest, &visitor);
}

nrs_error nrs_store_digest_for(nrs_store *store, const uint8_t community[NRS_HASH_SIZE], const uint8_t recipient[NRS_KEY_SIZE], nrs_digest_visitor visit, void *context)
{
    const digest_visit visitor = {visit, context};
    nrs_query query = nrs_query_start(store, NRS_STATEMENT_DIGEST_FOR);

    NRS_ASSERT(visit != NULL);
    nrs_query_bind_fixed(&query, community, NRS_HASH_SIZE);
    nrs_query_bind_fixed(&query, recipient, NRS_KEY_SIZE);
    return nrs_query_each(&query, visit_digest, &visitor);
}

nrs_error nrs_store_direct_each(nrs_store *store, const uint8_t community[NRS_HASH_SIZE], uint64_t after, size_t limit, nrs_digest_visitor visit, void *context)
{
    const digest_visit visitor = {visit, context};
    nrs_query query = nrs_query_start(store, NRS_STATEMENT_DIRECT_EACH);

    NRS_ASSERT(visit != NULL);
    nrs_query_bind_fixed(&query, community, NRS_HASH_SIZE);
    nrs_query_bind_bound(&query, after);
    nrs_query_bind_bound(&query, limit);
    return nrs_query_each(&query, visit_digest, &visitor);
}

nrs_error nrs_store_digest_delete(nrs_store *store, uint64_t number)
{
    nrs_query query = nrs_query_start(store, NRS_STATEMENT_DIGEST_DELETE);

    nrs_query_bind_u64(&query, number);
    return nrs_query_run(&query, NULL);
}

nrs_error nrs_store_digest_wait(nrs_store *store, uint64_t number)
{
    nrs_query query = nrs_query_start(store, NRS_STATEMENT_DIGEST_WAIT);

    nrs_query_bind_u64(&query, number);
    return nrs_query_run(&query, NULL);
}

nrs_error nrs_store_digest_expire(nrs_store *store, uint64_t now_ms)
{
    nrs_query query = nrs_query_start(store, NRS_STATEMENT_DIGEST_EXPIRE);

    nrs_query_bind_u64(&query, now_ms);
    return nrs_query_run(&query, NULL);
}

nrs_error nrs_store_digest_defer(nrs_store *store, const uint8_t community[NRS_HASH_SIZE], uint64_t now_ms, uint64_t due_ms)
{
    nrs_query query = nrs_query_start(store, NRS_STATEMENT_DIGEST_DEFER);

    NRS_ASSERT(due_ms > now_ms);
    nrs_query_bind_fixed(&query, community, NRS_HASH_SIZE);
    nrs_query_bind_u64(&query, now_ms);
    nrs_query_bind_u64(&query, due_ms);
    return nrs_query_run(&query, NULL);
}

nrs_error nrs_store_digest_due(nrs_store *store, bool *due_out, const uint8_t community[NRS_HASH_SIZE], uint64_t now_ms)
{
    nrs_query query = nrs_query_start(store, NRS_STATEMENT_DIGEST_DUE);
    bool due;
    nrs_error error;

    NRS_ASSERT(due_out != NULL);
    nrs_query_bind_fixed(&query, community, NRS_HASH_SIZE);
    nrs_query_bind_bound(&query, now_ms);
    due = nrs_query_step(&query) && nrs_query_u64(&query, 0) != 0;
    error = nrs_query_end(&query);
    if (error == NRS_OK) {
        *due_out = due;
    }
    return error;
}
