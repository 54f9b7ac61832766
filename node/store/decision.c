/* What was accepted or declined of the disclaimers that a report names. */
#include "proto/assert.h"
#include "query.h"

#define HASHES_SIZE_MAX (NRS_DISCLAIMER_COUNT_MAX * NRS_HASH_SIZE)

typedef struct decision_visit {
    nrs_decision_visitor visit;
    void *context;
    uint64_t report;
} decision_visit;

nrs_error nrs_store_decision_add(nrs_store *store, bool *new_out, const nrs_decision_row *row)
{
    nrs_query query = nrs_query_start(store, NRS_STATEMENT_DECISION_ADD);
    size_t changed = 0;
    nrs_error error;

    NRS_ASSERT(new_out != NULL && row != NULL && row->address != NULL);
    nrs_query_bind_u64(&query, row->report);
    nrs_query_bind_text(&query, row->address, NRS_ADDRESS_SIZE_MAX);
    nrs_query_bind_u64(&query, row->stage);
    nrs_query_bind_u64(&query, row->at_ms);
    nrs_query_bind_text(&query, row->person, NRS_NAME_SIZE_MAX);
    nrs_query_bind_text(&query, row->user, NRS_USER_SIZE_MAX);
    nrs_query_bind_text(&query, row->reason, NRS_REASON_SIZE_MAX);
    nrs_query_bind_fixed(&query, row->statement, NRS_HASH_SIZE);
    nrs_query_bind_slice(&query, row->hashes, HASHES_SIZE_MAX);
    error = nrs_query_run(&query, &changed);
    if (error == NRS_OK) {
        *new_out = changed > 0;
    }
    return error;
}

nrs_error nrs_store_decision_has(nrs_store *store, bool *has_out, uint64_t report, const char *address, uint32_t stage)
{
    nrs_query query = nrs_query_start(store, NRS_STATEMENT_DECISION_HAS);
    bool has = false;
    nrs_error error;

    NRS_ASSERT(has_out != NULL && address != NULL);
    nrs_query_bind_bound(&query, report);
    nrs_query_bind_text(&query, address, NRS_ADDRESS_SIZE_MAX);
    nrs_query_bind_u64(&query, stage);
    has = nrs_query_step(&query);
    error = nrs_query_end(&query);
    if (error == NRS_OK) {
        *has_out = has;
    }
    return error;
}

static nrs_error visit_decision(nrs_query *query, const void *closure)
{
    const decision_visit *visitor = closure;
    const nrs_decision_row row = {
        .report = visitor->report,
        .address = nrs_query_text(query, 0),
        .stage = nrs_query_u32(query, 1),
        .at_ms = nrs_query_u64(query, 2),
        .person = nrs_query_text(query, 3),
        .user = nrs_query_text(query, 4),
        .reason = nrs_query_text(query, 5),
        .statement = nrs_query_fixed(query, 6, NRS_HASH_SIZE),
        .hashes = nrs_query_slice(query, 7),
    };

    return query->error != NRS_OK ? query->error : visitor->visit(visitor->context, &row);
}

nrs_error nrs_store_decision_each(nrs_store *store, uint64_t report, nrs_decision_visitor visit, void *context)
{
    const decision_visit visitor = {.visit = visit, .context = context, .report = report};
    nrs_query query = nrs_query_start(store, NRS_STATEMENT_DECISION_EACH);

    NRS_ASSERT(visit != NULL);
    nrs_query_bind_bound(&query, report);
    return nrs_query_each(&query, visit_decision, &visitor);
}

nrs_error nrs_store_report_move(nrs_store *store, uint64_t from, uint64_t to)
{
    static const nrs_statement moves[] = {NRS_STATEMENT_REPORT_MOVE, NRS_STATEMENT_DECISION_MOVE};
    uint8_t id[NRS_HASH_SIZE];
    nrs_query at = nrs_query_start(store, NRS_STATEMENT_REPORT_ID_AT);
    nrs_error error;

    NRS_ASSERT(from > 0 && to > 0);
    nrs_query_bind_u64(&at, from);
    error = nrs_query_hash(&at, id);
    if (error == NRS_OK) {
        error = nrs_report_placed(store, id, to);
    }
    for (size_t i = 0; error == NRS_OK && i < sizeof moves / sizeof moves[0]; i++) {
        nrs_query query = nrs_query_start(store, moves[i]);

        nrs_query_bind_u64(&query, from);
        nrs_query_bind_u64(&query, to);
        error = nrs_query_run(&query, NULL);
    }
    return error;
}
