#include "store/newcomer.h"

#include <stdio.h>
#include <string.h>

#include "proto/assert.h"
#include "query.h"

nrs_error nrs_store_newcomer_set(nrs_store *store, const nrs_newcomer *newcomer)
{
    nrs_query query = nrs_query_start(store, NRS_STATEMENT_NEWCOMER_SET);

    NRS_ASSERT(newcomer != NULL);
    nrs_query_bind_u64(&query, newcomer->until);
    nrs_query_bind_fixed(&query, newcomer->org, NRS_KEY_SIZE);
    nrs_query_bind_fixed(&query, newcomer->community, NRS_HASH_SIZE);
    nrs_query_bind_u64(&query, newcomer->to_all ? 1 : 0);
    nrs_query_bind_u64(&query, newcomer->others ? 1 : 0);
    nrs_query_bind_text(&query, newcomer->after, NRS_NAME_SIZE_MAX);
    return nrs_query_run(&query, NULL);
}

nrs_error nrs_store_newcomer_next(nrs_store *store, nrs_newcomer *newcomer_out)
{
    nrs_query query = nrs_query_start(store, NRS_STATEMENT_NEWCOMER_NEXT);
    nrs_newcomer newcomer = {.until = 0};
    bool found = nrs_query_step(&query);
    nrs_error error;

    NRS_ASSERT(newcomer_out != NULL);
    if (found) {
        newcomer.until = nrs_query_u64(&query, 0);
        memcpy(newcomer.org, nrs_query_fixed(&query, 1, NRS_KEY_SIZE), NRS_KEY_SIZE);
        memcpy(newcomer.community, nrs_query_fixed(&query, 2, NRS_HASH_SIZE), NRS_HASH_SIZE);
        newcomer.to_all = nrs_query_u64(&query, 3) != 0;
        newcomer.others = nrs_query_u64(&query, 4) != 0;
        (void)snprintf(newcomer.after, sizeof newcomer.after, "%s", nrs_query_text(&query, 5));
    }
    error = nrs_query_end(&query);
    if (error == NRS_OK && found) {
        *newcomer_out = newcomer;
    }
    return error == NRS_OK && !found ? NRS_ERROR_NOT_FOUND : error;
}

typedef struct came_visit { nrs_came_visitor visit; void *context; } came_visit;

static nrs_error visit_came(nrs_query *query, const void *closure)
{
    const came_visit *visitor = closure;
    const uint8_t *community = nrs_query_fixed(query, 0, NRS_HASH_SIZE);

    return query->error != NRS_OK ? query->error : visitor->visit(visitor->context, community);
}

nrs_error nrs_store_newcomer_came(nrs_store *store, uint64_t until, const uint8_t org[NRS_KEY_SIZE], nrs_came_visitor visit, void *context)
{
    const came_visit visitor = {visit, context};
    nrs_query query = nrs_query_start(store, NRS_STATEMENT_NEWCOMER_CAME);

    NRS_ASSERT(visit != NULL);
    nrs_query_bind_u64(&query, until);
    nrs_query_bind_fixed(&query, org, NRS_KEY_SIZE);
    return nrs_query_each(&query, visit_came, &visitor);
}

nrs_error nrs_store_newcomer_end(nrs_store *store, uint64_t until)
{
    nrs_query query = nrs_query_start(store, NRS_STATEMENT_NEWCOMER_END);

    nrs_query_bind_u64(&query, until);
    return nrs_query_run(&query, NULL);
}
