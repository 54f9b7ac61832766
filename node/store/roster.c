/* The history of rosters: each version's step, and which versions are kept whole. */
#include "proto/assert.h"
#include "query.h"

enum { SUMMARY_SIZE_MAX = 16 * 1024 };

nrs_error nrs_store_roster_drop(nrs_store *store, const uint8_t community[NRS_HASH_SIZE], uint64_t version)
{
    nrs_query query = nrs_query_start(store, NRS_STATEMENT_ROSTER_DROP);

    nrs_query_bind_fixed(&query, community, NRS_HASH_SIZE);
    nrs_query_bind_u64(&query, version);
    return nrs_query_run(&query, NULL);
}

static nrs_error cut(nrs_store *store, nrs_statement statement, const uint8_t community[NRS_HASH_SIZE], uint64_t after)
{
    nrs_query query = nrs_query_start(store, statement);

    nrs_query_bind_fixed(&query, community, NRS_HASH_SIZE);
    nrs_query_bind_bound(&query, after);
    return nrs_query_run(&query, NULL);
}

nrs_error nrs_store_roster_cut(nrs_store *store, const uint8_t community[NRS_HASH_SIZE], uint64_t after)
{
    nrs_error error = cut(store, NRS_STATEMENT_ROSTER_CUT, community, after);

    return error == NRS_OK ? cut(store, NRS_STATEMENT_ROSTER_STEP_CUT, community, after) : error;
}

nrs_error nrs_store_roster_before(nrs_store *store, uint64_t *version_out, const uint8_t community[NRS_HASH_SIZE], uint64_t version)
{
    nrs_query query = nrs_query_start(store, NRS_STATEMENT_ROSTER_BEFORE);
    uint64_t found = 0;
    nrs_error error = NRS_OK;

    NRS_ASSERT(version_out != NULL);
    nrs_query_bind_fixed(&query, community, NRS_HASH_SIZE);
    nrs_query_bind_bound(&query, version);
    if (nrs_query_step(&query)) {
        found = nrs_query_u64(&query, 0);
    }
    error = nrs_query_end(&query);
    if (error == NRS_OK && found == 0) {
        error = NRS_ERROR_NOT_FOUND;
    }
    if (error == NRS_OK) {
        *version_out = found;
    }
    return error;
}

nrs_error nrs_store_roster_communities(nrs_store *store, size_t *count_out)
{
    nrs_query query = nrs_query_start(store, NRS_STATEMENT_ROSTER_COMMUNITIES);
    uint64_t count = 0;
    nrs_error error;

    NRS_ASSERT(count_out != NULL);
    if (nrs_query_step(&query)) {
        count = nrs_query_u64(&query, 0);
    }
    error = nrs_query_end(&query);
    if (error == NRS_OK) {
        *count_out = (size_t)count;
    }
    return error;
}

nrs_error nrs_store_roster_step_add(nrs_store *store, const nrs_roster_step_row *row)
{
    nrs_query query = nrs_query_start(store, NRS_STATEMENT_ROSTER_STEP_ADD);

    NRS_ASSERT(row != NULL && row->community != NULL && row->hash != NULL);
    nrs_query_bind_fixed(&query, row->community, NRS_HASH_SIZE);
    nrs_query_bind_u64(&query, row->version);
    nrs_query_bind_u64(&query, row->base_version);
    nrs_query_bind_u64(&query, row->key_change ? 1 : 0);
    nrs_query_bind_u64(&query, row->adopted_ms);
    nrs_query_bind_fixed(&query, row->hash, NRS_HASH_SIZE);
    nrs_query_bind_slice(&query, row->summary, SUMMARY_SIZE_MAX);
    nrs_query_bind_slice(&query, row->delta, NRS_RECORD_SIZE_MAX);
    return nrs_query_run(&query, NULL);
}

typedef struct step_visit {
    nrs_roster_step_visitor visit;
    void *context;
} step_visit;

static nrs_error visit_step(nrs_query *query, const void *closure)
{
    const step_visit *visitor = closure;
    const nrs_roster_step_row row = {
        .community = nrs_query_fixed(query, 0, NRS_HASH_SIZE),
        .version = nrs_query_u64(query, 1),
        .base_version = nrs_query_u64(query, 2),
        .key_change = nrs_query_u64(query, 3) != 0,
        .adopted_ms = nrs_query_u64(query, 4),
        .hash = nrs_query_fixed(query, 5, NRS_HASH_SIZE),
        .summary = nrs_query_slice(query, 6),
        .delta = nrs_query_slice(query, 7),
    };

    return query->error != NRS_OK ? query->error : visitor->visit(visitor->context, &row);
}

nrs_error nrs_store_roster_step_each(nrs_store *store, const uint8_t community[NRS_HASH_SIZE], uint64_t after, uint64_t until,
                                     bool key_changes, size_t limit, nrs_roster_step_visitor visit, void *context)
{
    const step_visit visitor = {.visit = visit, .context = context};
    nrs_query query = nrs_query_start(store, NRS_STATEMENT_ROSTER_STEP_EACH);

    NRS_ASSERT(visit != NULL);
    nrs_query_bind_fixed(&query, community, NRS_HASH_SIZE);
    nrs_query_bind_bound(&query, after);
    nrs_query_bind_bound(&query, until);
    nrs_query_bind_u64(&query, key_changes ? 1 : 0);
    nrs_query_bind_u64(&query, limit);
    return nrs_query_each(&query, visit_step, &visitor);
}
