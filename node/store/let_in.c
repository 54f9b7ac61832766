/* Who was let in to a report beside those that its originator addressed, and by whom. */
#include "proto/assert.h"
#include "query.h"

typedef struct let_in_visit {
    nrs_let_in_visitor visit;
    void *context;
    uint64_t report;
} let_in_visit;

nrs_error nrs_store_let_in_add(nrs_store *store, const nrs_let_in_row *row)
{
    nrs_query query = nrs_query_start(store, NRS_STATEMENT_LET_IN_ADD);

    NRS_ASSERT(row != NULL && row->address != NULL);
    nrs_query_bind_u64(&query, row->report);
    nrs_query_bind_text(&query, row->address, NRS_ADDRESS_SIZE_MAX);
    nrs_query_bind_u64(&query, row->authority);
    nrs_query_bind_u64(&query, row->at_ms);
    nrs_query_bind_u64(&query, row->version);
    nrs_query_bind_u64(&query, row->actions);
    nrs_query_bind_u64(&query, row->flags);
    nrs_query_bind_u64(&query, row->released_ms);
    nrs_query_bind_u64(&query, row->until_ms);
    nrs_query_bind_fixed(&query, row->org, NRS_KEY_SIZE);
    nrs_query_bind_fixed(&query, row->by, NRS_KEY_SIZE);
    nrs_query_bind_fixed(&query, row->community, NRS_HASH_SIZE);
    nrs_query_bind_fixed(&query, row->grant, NRS_HASH_SIZE);
    nrs_query_bind_slice(&query, row->release, NRS_RELEASE_SIZE_MAX + NRS_SIGNED_EXTRA_SIZE);
    nrs_query_bind_slice(&query, row->grant_signed, NRS_GRANT_SIZE_MAX + NRS_SIGNED_EXTRA_SIZE);
    return nrs_query_run(&query, NULL);
}

nrs_error nrs_store_let_in_granted(nrs_store *store, const nrs_let_in_row *row)
{
    nrs_query query = nrs_query_start(store, NRS_STATEMENT_LET_IN_GRANTED);

    NRS_ASSERT(row != NULL && row->address != NULL);
    nrs_query_bind_u64(&query, row->report);
    nrs_query_bind_text(&query, row->address, NRS_ADDRESS_SIZE_MAX);
    nrs_query_bind_u64(&query, row->authority);
    nrs_query_bind_u64(&query, row->at_ms);
    nrs_query_bind_u64(&query, row->version);
    nrs_query_bind_u64(&query, row->released_ms);
    nrs_query_bind_u64(&query, row->until_ms);
    nrs_query_bind_fixed(&query, row->grant, NRS_HASH_SIZE);
    return nrs_query_run(&query, NULL);
}

nrs_error nrs_store_let_in_drop(nrs_store *store, uint64_t report, const char *address)
{
    nrs_query query = nrs_query_start(store, NRS_STATEMENT_LET_IN_DROP);

    NRS_ASSERT(address != NULL);
    nrs_query_bind_u64(&query, report);
    nrs_query_bind_text(&query, address, NRS_ADDRESS_SIZE_MAX);
    return nrs_query_run(&query, NULL);
}

static nrs_error visit_row(nrs_query *query, const void *closure)
{
    const let_in_visit *visitor = closure;
    const nrs_let_in_row row = {
        .report = visitor->report,
        .address = nrs_query_text(query, 0),
        .authority = nrs_query_u32(query, 1),
        .at_ms = nrs_query_u64(query, 2),
        .version = nrs_query_u64(query, 3),
        .actions = nrs_query_u32(query, 4),
        .flags = nrs_query_u32(query, 5),
        .released_ms = nrs_query_u64(query, 6),
        .until_ms = nrs_query_u64(query, 7),
        .org = nrs_query_fixed(query, 8, NRS_KEY_SIZE),
        .by = nrs_query_fixed(query, 9, NRS_KEY_SIZE),
        .community = nrs_query_fixed(query, 10, NRS_HASH_SIZE),
        .grant = nrs_query_fixed(query, 11, NRS_HASH_SIZE),
        .release = nrs_query_slice(query, 12),
        .grant_signed = nrs_query_slice(query, 13),
    };

    return query->error != NRS_OK ? query->error : visitor->visit(visitor->context, &row);
}

nrs_error nrs_store_let_in_each(nrs_store *store, uint64_t report, const char *address, nrs_let_in_visitor visit, void *context)
{
    const let_in_visit visitor = {.visit = visit, .context = context, .report = report};
    nrs_query query = nrs_query_start(store, NRS_STATEMENT_LET_IN_EACH);

    NRS_ASSERT(visit != NULL);
    nrs_query_bind_bound(&query, report);
    if (address == NULL) {
        nrs_query_bind_null(&query);
    } else {
        nrs_query_bind_text(&query, address, NRS_ADDRESS_SIZE_MAX);
    }
    return nrs_query_each(&query, visit_row, &visitor);
}
