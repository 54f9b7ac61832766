/* What the vault keeps here: our prekey secrets and its segments, all of it wrapped. */
#include "proto/assert.h"
#include "query.h"

enum { WRAPPED_SIZE_MAX = 64 * 1024 };

typedef struct vault_visit {
    nrs_prekey_visitor prekey;
    nrs_segment_visitor segment;
    void *context;
} vault_visit;

nrs_error nrs_store_prekey_add(nrs_store *store, const nrs_prekey_row *row)
{
    nrs_query query = nrs_query_start(store, NRS_STATEMENT_PREKEY_ADD);

    NRS_ASSERT(row != NULL && row->id != NULL);
    nrs_query_bind_fixed(&query, row->id, NRS_PREKEY_ID_SIZE);
    nrs_query_bind_u64(&query, row->from_ms);
    nrs_query_bind_u64(&query, row->until_ms);
    nrs_query_bind_u64(&query, row->segment);
    nrs_query_bind_fixed(&query, row->owner, NRS_KEY_SIZE);
    nrs_query_bind_fixed(&query, row->key, NRS_KEY_SIZE);
    nrs_query_bind_slice(&query, row->wrapped, WRAPPED_SIZE_MAX);
    nrs_query_bind_slice(&query, row->sealed_secret, WRAPPED_SIZE_MAX);
    return nrs_query_run(&query, NULL);
}

static nrs_error visit_prekey(nrs_query *query, const void *closure)
{
    const vault_visit *visitor = closure;
    const nrs_prekey_row row = {
        .id = nrs_query_fixed(query, 0, NRS_PREKEY_ID_SIZE),
        .from_ms = nrs_query_u64(query, 1),
        .until_ms = nrs_query_u64(query, 2),
        .segment = nrs_query_u64(query, 3),
        .owner = nrs_query_fixed(query, 4, NRS_KEY_SIZE),
        .key = nrs_query_fixed(query, 5, NRS_KEY_SIZE),
        .wrapped = nrs_query_slice(query, 6),
        .sealed_secret = nrs_query_slice(query, 7),
    };

    return query->error != NRS_OK ? query->error : visitor->prekey(visitor->context, &row);
}

nrs_error nrs_store_prekey_each(nrs_store *store, nrs_prekey_visitor visit, void *context)
{
    const vault_visit visitor = {.prekey = visit, .context = context};
    nrs_query query = nrs_query_start(store, NRS_STATEMENT_PREKEY_EACH);

    NRS_ASSERT(visit != NULL);
    return nrs_query_each(&query, visit_prekey, &visitor);
}

nrs_error nrs_store_prekey_rewrap(nrs_store *store, const uint8_t id[NRS_PREKEY_ID_SIZE], uint64_t segment,
                                  nrs_slice wrapped)
{
    nrs_query query = nrs_query_start(store, NRS_STATEMENT_PREKEY_REWRAP);
    size_t changed = 0;
    nrs_error error;

    nrs_query_bind_fixed(&query, id, NRS_PREKEY_ID_SIZE);
    nrs_query_bind_u64(&query, segment);
    nrs_query_bind_slice(&query, wrapped, WRAPPED_SIZE_MAX);
    error = nrs_query_run(&query, &changed);
    if (error == NRS_OK && changed == 0) {
        error = NRS_ERROR_NOT_FOUND;
    }
    return error;
}

nrs_error nrs_store_prekey_delete(nrs_store *store, const uint8_t id[NRS_PREKEY_ID_SIZE])
{
    nrs_query query = nrs_query_start(store, NRS_STATEMENT_PREKEY_DELETE);

    nrs_query_bind_fixed(&query, id, NRS_PREKEY_ID_SIZE);
    return nrs_query_run(&query, NULL);
}

nrs_error nrs_store_segment_set(nrs_store *store, uint64_t segment, uint32_t entry_count, nrs_slice wrapped)
{
    nrs_query query = nrs_query_start(store, NRS_STATEMENT_SEGMENT_SET);

    nrs_query_bind_u64(&query, segment);
    nrs_query_bind_u64(&query, entry_count);
    nrs_query_bind_slice(&query, wrapped, WRAPPED_SIZE_MAX);
    return nrs_query_run(&query, NULL);
}

nrs_error nrs_store_segment_delete(nrs_store *store, uint64_t segment)
{
    nrs_query query = nrs_query_start(store, NRS_STATEMENT_SEGMENT_DELETE);

    nrs_query_bind_bound(&query, segment);
    return nrs_query_run(&query, NULL);
}

static nrs_error visit_segment(nrs_query *query, const void *closure)
{
    const vault_visit *visitor = closure;
    uint64_t segment = nrs_query_u64(query, 0);
    uint32_t entry_count = nrs_query_u32(query, 1);
    nrs_slice wrapped = nrs_query_slice(query, 2);

    return query->error != NRS_OK ? query->error : visitor->segment(visitor->context, segment, entry_count, wrapped);
}

nrs_error nrs_store_segment_each(nrs_store *store, nrs_segment_visitor visit, void *context)
{
    const vault_visit visitor = {.segment = visit, .context = context};
    nrs_query query = nrs_query_start(store, NRS_STATEMENT_SEGMENT_EACH);

    NRS_ASSERT(visit != NULL);
    return nrs_query_each(&query, visit_segment, &visitor);
}
