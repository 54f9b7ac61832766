/* What others publish: rosters, cards and prekey bundles. */
#include "proto/assert.h"
#include "query.h"

typedef struct published_visit {
    nrs_roster_visitor roster;
    nrs_published_visitor published;
    void *context;
} published_visit;

nrs_error nrs_store_roster_add(nrs_store *store, const uint8_t community[NRS_HASH_SIZE], uint64_t version,
                               nrs_slice many)
{
    nrs_query query = nrs_query_start(store, NRS_STATEMENT_ROSTER_ADD);

    nrs_query_bind_fixed(&query, community, NRS_HASH_SIZE);
    nrs_query_bind_u64(&query, version);
    nrs_query_bind_slice(&query, many, NRS_ROSTER_SIGNED_SIZE_MAX);
    return nrs_query_run(&query, NULL);
}

nrs_error nrs_store_roster_get(nrs_store *store, nrs_bytes *many_out, const uint8_t community[NRS_HASH_SIZE],
                               uint64_t version)
{
    nrs_query query = nrs_query_start(store, NRS_STATEMENT_ROSTER_GET);
    nrs_bytes many = {0};
    nrs_error outcome = NRS_ERROR_NOT_FOUND;
    nrs_error error;

    NRS_ASSERT(many_out != NULL);
    nrs_query_bind_fixed(&query, community, NRS_HASH_SIZE);
    nrs_query_bind_bound(&query, version);
    if (nrs_query_step(&query)) {
        outcome = nrs_bytes_append(&many, nrs_query_slice(&query, 0));
    }
    error = nrs_query_end(&query);
    if (error == NRS_OK) {
        error = outcome;
    }
    if (error != NRS_OK) {
        nrs_bytes_wipe(&many);
        return error;
    }
    nrs_bytes_wipe(many_out);
    *many_out = many;
    return NRS_OK;
}

static nrs_error visit_roster(nrs_query *query, const void *closure)
{
    const published_visit *visitor = closure;
    const uint8_t *community = nrs_query_fixed(query, 0, NRS_HASH_SIZE);
    uint64_t version = nrs_query_u64(query, 1);
    nrs_slice many = nrs_query_slice(query, 2);

    return query->error != NRS_OK ? query->error : visitor->roster(visitor->context, community, version, many);
}

nrs_error nrs_store_roster_each_newest(nrs_store *store, nrs_roster_visitor visit, void *context)
{
    const published_visit visitor = {.roster = visit, .context = context};
    nrs_query query = nrs_query_start(store, NRS_STATEMENT_ROSTER_EACH_NEWEST);

    NRS_ASSERT(visit != NULL);
    return nrs_query_each(&query, visit_roster, &visitor);
}

static nrs_error set(nrs_store *store, nrs_statement which, const nrs_published_row *row, size_t size_max)
{
    nrs_query query = nrs_query_start(store, which);

    NRS_ASSERT(row != NULL && row->owner != NULL);
    nrs_query_bind_fixed(&query, row->owner, NRS_KEY_SIZE);
    nrs_query_bind_u64(&query, row->serial);
    nrs_query_bind_u64(&query, row->position);
    nrs_query_bind_slice(&query, row->payload, size_max);
    return nrs_query_run(&query, NULL);
}

static nrs_error visit_published(nrs_query *query, const void *closure)
{
    const published_visit *visitor = closure;
    const nrs_published_row row = {
        .owner = nrs_query_fixed(query, 0, NRS_KEY_SIZE),
        .serial = nrs_query_u64(query, 1),
        .position = nrs_query_u64(query, 2),
        .payload = nrs_query_slice(query, 3),
    };

    return query->error != NRS_OK ? query->error : visitor->published(visitor->context, &row);
}

static nrs_error each(nrs_store *store, nrs_statement which, nrs_published_visitor visit, void *context)
{
    const published_visit visitor = {.published = visit, .context = context};
    nrs_query query = nrs_query_start(store, which);

    NRS_ASSERT(visit != NULL);
    return nrs_query_each(&query, visit_published, &visitor);
}

nrs_error nrs_store_card_set(nrs_store *store, const nrs_published_row *row)
{
    return set(store, NRS_STATEMENT_CARD_SET, row, NRS_RECORD_SIZE_MAX);
}

nrs_error nrs_store_card_each(nrs_store *store, nrs_published_visitor visit, void *context)
{
    return each(store, NRS_STATEMENT_CARD_EACH, visit, context);
}

nrs_error nrs_store_prekeys_set(nrs_store *store, const nrs_published_row *row)
{
    return set(store, NRS_STATEMENT_PREKEYS_SET, row, NRS_RECORD_SIZE_MAX);
}

nrs_error nrs_store_prekeys_drop(nrs_store *store, const uint8_t owner[NRS_KEY_SIZE])
{
    nrs_query query = nrs_query_start(store, NRS_STATEMENT_PREKEYS_DROP);

    nrs_query_bind_fixed(&query, owner, NRS_KEY_SIZE);
    return nrs_query_run(&query, NULL);
}

nrs_error nrs_store_prekeys_each(nrs_store *store, nrs_published_visitor visit, void *context)
{
    return each(store, NRS_STATEMENT_PREKEYS_EACH, visit, context);
}

nrs_error nrs_store_key_change_set(nrs_store *store, const nrs_published_row *row)
{
    return set(store, NRS_STATEMENT_KEY_CHANGE_SET, row, NRS_RECORD_SIZE_MAX);
}

nrs_error nrs_store_key_change_each(nrs_store *store, nrs_published_visitor visit, void *context)
{
    return each(store, NRS_STATEMENT_KEY_CHANGE_EACH, visit, context);
}
