/* Asks for wider sharing, and their answers: kept at both ends. */
#include <string.h>

#include "proto/assert.h"
#include "query.h"

typedef struct ask_visit {
    nrs_ask_visitor visit;
    void *context;
} ask_visit;

nrs_error nrs_store_ask_add(nrs_store *store, bool *new_out, const nrs_ask_row *row)
{
    nrs_query query = nrs_query_start(store, NRS_STATEMENT_ASK_ADD);
    size_t changed = 0;
    nrs_error error;

    NRS_ASSERT(new_out != NULL && row != NULL);
    nrs_query_bind_fixed(&query, row->id, NRS_HASH_SIZE);
    nrs_query_bind_fixed(&query, row->report, NRS_HASH_SIZE);
    nrs_query_bind_u64(&query, row->mine ? 1 : 0);
    nrs_query_bind_u64(&query, row->state);
    nrs_query_bind_u64(&query, row->at_ms);
    nrs_query_bind_fixed(&query, row->org, NRS_KEY_SIZE);
    nrs_query_bind_text(&query, row->person, NRS_NAME_SIZE_MAX);
    nrs_query_bind_text(&query, row->reason, NRS_REASON_SIZE_MAX);
    nrs_query_bind_slice(&query, row->ask, NRS_ASK_SIZE_MAX);
    nrs_query_bind_u64(&query, row->expires_ms);
    error = nrs_query_run(&query, &changed);
    if (error == NRS_OK) {
        *new_out = changed > 0;
    }
    return error;
}

nrs_error nrs_store_ask_answer(nrs_store *store, bool *changed_out, const nrs_ask_row *row)
{
    nrs_query query = nrs_query_start(store, NRS_STATEMENT_ASK_ANSWER);
    size_t changed = 0;
    nrs_error error;

    NRS_ASSERT(changed_out != NULL && row != NULL && row->state != NRS_ASK_OPEN);
    nrs_query_bind_fixed(&query, row->id, NRS_HASH_SIZE);
    nrs_query_bind_u64(&query, row->state);
    nrs_query_bind_u64(&query, row->answered_ms);
    nrs_query_bind_u64(&query, row->state == NRS_ASK_RELEASED ? row->expires_ms : 0);
    nrs_query_bind_u64(&query, row->label);
    nrs_query_bind_text(&query, row->answerer, NRS_NAME_SIZE_MAX);
    nrs_query_bind_text(&query, row->answer, NRS_REASON_SIZE_MAX);
    nrs_query_bind_slice(&query, row->release, NRS_STATEMENT_SIZE_MAX);
    error = nrs_query_run(&query, &changed);
    if (error == NRS_OK) {
        *changed_out = changed > 0;
    }
    return error;
}

static nrs_error visit_row(nrs_query *query, const void *closure)
{
    const ask_visit *visitor = closure;
    const nrs_ask_row row = {
        .id = nrs_query_fixed(query, 0, NRS_HASH_SIZE),
        .report = nrs_query_fixed(query, 1, NRS_HASH_SIZE),
        .mine = nrs_query_u64(query, 2) != 0,
        .state = (nrs_ask_state)nrs_query_u32(query, 3),
        .at_ms = nrs_query_u64(query, 4),
        .answered_ms = nrs_query_u64(query, 5),
        .expires_ms = nrs_query_u64(query, 6),
        .label = nrs_query_u32(query, 7),
        .org = nrs_query_fixed(query, 8, NRS_KEY_SIZE),
        .person = nrs_query_text(query, 9),
        .answerer = nrs_query_text(query, 10),
        .reason = nrs_query_text(query, 11),
        .answer = nrs_query_text(query, 12),
        .ask = nrs_query_slice(query, 13),
        .release = nrs_query_slice(query, 14),
    };

    return query->error != NRS_OK ? query->error : visitor->visit(visitor->context, &row);
}

nrs_error nrs_store_ask_each(nrs_store *store, const uint8_t *report, nrs_ask_visitor visit, void *context)
{
    const ask_visit visitor = {visit, context};
    nrs_query query = nrs_query_start(store, report == NULL ? NRS_STATEMENT_ASK_EACH : NRS_STATEMENT_ASK_OF);

    NRS_ASSERT(visit != NULL);
    if (report != NULL) {
        nrs_query_bind_fixed(&query, report, NRS_HASH_SIZE);
    }
    return nrs_query_each(&query, visit_row, &visitor);
}

nrs_error nrs_store_ask_get(nrs_store *store, const uint8_t id[NRS_HASH_SIZE], nrs_ask_visitor visit, void *context)
{
    const ask_visit visitor = {visit, context};
    nrs_query query = nrs_query_start(store, NRS_STATEMENT_ASK_GET);

    NRS_ASSERT(visit != NULL);
    nrs_query_bind_fixed(&query, id, NRS_HASH_SIZE);
    return nrs_query_each(&query, visit_row, &visitor);
}

nrs_error nrs_store_ask_find(nrs_store *store, uint8_t id_out[NRS_HASH_SIZE], const char *prefix)
{
    nrs_query query = nrs_query_start(store, NRS_STATEMENT_ASK_FIND);

    NRS_ASSERT(prefix != NULL);
    nrs_query_bind_text(&query, prefix, 2 * NRS_HASH_SIZE);
    return nrs_query_one_id(&query, id_out);
}

static nrs_error count_asks(nrs_store *store, uint64_t *count_out, nrs_statement which, const uint8_t whose[NRS_HASH_SIZE], uint64_t now_ms)
{
    nrs_query query = nrs_query_start(store, which);
    uint64_t count = 0;
    nrs_error error;

    NRS_ASSERT(count_out != NULL);
    nrs_query_bind_fixed(&query, whose, NRS_HASH_SIZE);
    nrs_query_bind_u64(&query, now_ms);
    if (nrs_query_step(&query)) {
        count = nrs_query_u64(&query, 0);
    }
    error = nrs_query_end(&query);
    if (error == NRS_OK) {
        *count_out = count;
    }
    return error;
}

nrs_error nrs_store_ask_open(nrs_store *store, uint64_t *count_out, const uint8_t org[NRS_KEY_SIZE], uint64_t now_ms)
{
    return count_asks(store, count_out, NRS_STATEMENT_ASK_OPEN, org, now_ms);
}

typedef struct waiting_count {
    uint64_t *count;
    uint32_t without;
} waiting_count;

/* The report is found by its id in memory: no index of the log's has it. */
static nrs_error count_waiting(nrs_query *asked, const void *closure)
{
    const waiting_count *waiting = closure;
    const uint8_t *report = nrs_query_fixed(asked, 0, NRS_HASH_SIZE);
    nrs_query query;
    uint64_t position = 0;
    nrs_error error = asked->error == NRS_OK ? nrs_report_position(asked->store, &position, report) : asked->error;

    if (error != NRS_OK || position == 0) {
        return error;
    }
    query = nrs_query_start(asked->store, NRS_STATEMENT_REPORT_SENT_AT);
    nrs_query_bind_u64(&query, position);
    nrs_query_bind_u64(&query, waiting->without);
    if (nrs_query_step(&query)) {
        *waiting->count += nrs_query_u64(&query, 0);
    }
    return nrs_query_end(&query);
}

nrs_error nrs_store_ask_waiting(nrs_store *store, uint64_t *count_out, uint64_t now_ms, uint32_t without)
{
    nrs_query query = nrs_query_start(store, NRS_STATEMENT_ASK_WAITING);
    uint64_t count = 0;
    const waiting_count waiting = {.count = &count, .without = without};
    nrs_error error;

    NRS_ASSERT(count_out != NULL);
    nrs_query_bind_u64(&query, now_ms);
    error = nrs_query_each(&query, count_waiting, &waiting);
    if (error == NRS_OK) {
        *count_out = count;
    }
    return error;
}

nrs_error nrs_store_ask_pending(nrs_store *store, uint64_t *theirs_out, uint64_t *own_out, const uint8_t report[NRS_HASH_SIZE], uint64_t now_ms)
{
    nrs_query query = nrs_query_start(store, NRS_STATEMENT_ASK_PENDING);
    uint64_t theirs = 0, own = 0;
    nrs_error error;

    NRS_ASSERT(theirs_out != NULL && own_out != NULL);
    nrs_query_bind_fixed(&query, report, NRS_HASH_SIZE);
    nrs_query_bind_u64(&query, now_ms);
    if (nrs_query_step(&query)) {
        theirs = nrs_query_u64(&query, 0);
        own = nrs_query_u64(&query, 1);
    }
    error = nrs_query_end(&query);
    if (error == NRS_OK) {
        *theirs_out = theirs;
        *own_out = own;
    }
    return error;
}

nrs_error nrs_store_ask_own(nrs_store *store, uint64_t *count_out, const uint8_t report[NRS_HASH_SIZE], uint64_t now_ms)
{
    return count_asks(store, count_out, NRS_STATEMENT_ASK_OWN, report, now_ms);
}

nrs_error nrs_store_ask_expire(nrs_store *store, uint64_t before_ms)
{
    nrs_query query = nrs_query_start(store, NRS_STATEMENT_ASK_EXPIRE);

    nrs_query_bind_bound(&query, before_ms);
    return nrs_query_run(&query, NULL);
}
