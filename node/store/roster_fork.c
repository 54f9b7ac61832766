/* What members say of rosters, and rosters of one version that exclude each other. */
#include "proto/assert.h"
#include "query.h"

/* ---- Words ---- */

nrs_error nrs_store_word_set(nrs_store *store, const nrs_word_row *row)
{
    nrs_query query = nrs_query_start(store, NRS_STATEMENT_WORD_SET);

    NRS_ASSERT(row != NULL && row->community != NULL && row->signer != NULL);
    nrs_query_bind_fixed(&query, row->community, NRS_HASH_SIZE);
    nrs_query_bind_fixed(&query, row->signer, NRS_KEY_SIZE);
    nrs_query_bind_u64(&query, row->created_ms);
    nrs_query_bind_u64(&query, row->position);
    nrs_query_bind_slice(&query, row->payload, NRS_GRANT_SIZE_MAX);
    return nrs_query_run(&query, NULL);
}

nrs_error nrs_store_word_find(nrs_store *store, uint64_t *created_ms_out, uint64_t *position_out, const uint8_t community[NRS_HASH_SIZE],
                              const uint8_t signer[NRS_KEY_SIZE])
{
    nrs_query query = nrs_query_start(store, NRS_STATEMENT_WORD_FIND);
    uint64_t created_ms = 0;
    uint64_t position = 0;
    nrs_error error = NRS_OK;

    NRS_ASSERT(created_ms_out != NULL && position_out != NULL);
    nrs_query_bind_fixed(&query, community, NRS_HASH_SIZE);
    nrs_query_bind_fixed(&query, signer, NRS_KEY_SIZE);
    if (nrs_query_step(&query)) {
        created_ms = nrs_query_u64(&query, 0);
        position = nrs_query_u64(&query, 1);
    }
    error = nrs_query_end(&query);
    if (error == NRS_OK) {
        *created_ms_out = created_ms;
        *position_out = position;
    }
    return error;
}

typedef struct visits {
    nrs_word_visitor word;
    nrs_fork_visitor fork;
    void *context;
} visits;

static nrs_error visit_word(nrs_query *query, const void *closure)
{
    const visits *visitor = closure;
    const nrs_word_row row = {
        .community = nrs_query_fixed(query, 0, NRS_HASH_SIZE),
        .signer = nrs_query_fixed(query, 1, NRS_KEY_SIZE),
        .created_ms = nrs_query_u64(query, 2),
        .position = nrs_query_u64(query, 3),
        .payload = nrs_query_slice(query, 4),
    };

    return query->error != NRS_OK ? query->error : visitor->word(visitor->context, &row);
}

nrs_error nrs_store_word_each(nrs_store *store, const uint8_t *community, nrs_word_visitor visit, void *context)
{
    const visits visitor = {.word = visit, .context = context};
    nrs_query query = nrs_query_start(store, NRS_STATEMENT_WORD_EACH);

    NRS_ASSERT(visit != NULL);
    nrs_query_bind_slice(&query, community == NULL ? nrs_slice_of(NULL, 0) : nrs_slice_of(community, NRS_HASH_SIZE), NRS_HASH_SIZE);
    return nrs_query_each(&query, visit_word, &visitor);
}

/* ---- Forks ---- */

nrs_error nrs_store_fork_set(nrs_store *store, const nrs_fork_row *row)
{
    nrs_query query = nrs_query_start(store, NRS_STATEMENT_FORK_SET);

    NRS_ASSERT(row != NULL && row->community != NULL && row->hash != NULL);
    nrs_query_bind_fixed(&query, row->community, NRS_HASH_SIZE);
    nrs_query_bind_fixed(&query, row->hash, NRS_HASH_SIZE);
    nrs_query_bind_u64(&query, row->version);
    nrs_query_bind_u64(&query, (uint64_t)row->state);
    nrs_query_bind_slice(&query, row->head, NRS_GRANT_SIZE_MAX * 4);
    nrs_query_bind_slice(&query, row->many, NRS_ROSTER_SIGNED_SIZE_MAX);
    return nrs_query_run(&query, NULL);
}

static nrs_error visit_fork(nrs_query *query, const void *closure)
{
    const visits *visitor = closure;
    const nrs_fork_row row = {
        .community = nrs_query_fixed(query, 0, NRS_HASH_SIZE),
        .hash = nrs_query_fixed(query, 1, NRS_HASH_SIZE),
        .version = nrs_query_u64(query, 2),
        .state = (nrs_fork_state)nrs_query_u64(query, 3),
        .head = nrs_query_slice(query, 4),
        .many = nrs_query_slice(query, 5),
    };

    if (query->error == NRS_OK && nrs_query_u64(query, 3) > NRS_FORK_PAST) {
        return NRS_ERROR_DAMAGED;
    }
    return query->error != NRS_OK ? query->error : visitor->fork(visitor->context, &row);
}

nrs_error nrs_store_fork_each(nrs_store *store, const uint8_t community[NRS_HASH_SIZE], nrs_fork_visitor visit, void *context)
{
    const visits visitor = {.fork = visit, .context = context};
    nrs_query query = nrs_query_start(store, NRS_STATEMENT_FORK_EACH);

    NRS_ASSERT(visit != NULL);
    nrs_query_bind_fixed(&query, community, NRS_HASH_SIZE);
    return nrs_query_each(&query, visit_fork, &visitor);
}

nrs_error nrs_store_fork_healed_set(nrs_store *store, const uint8_t community[NRS_HASH_SIZE], const uint8_t hash[NRS_HASH_SIZE], uint64_t version)
{
    const nrs_fork_row row = {.community = community, .hash = hash, .version = version};

    return nrs_store_fork_set(store, &row); /* a side of which nothing is kept but that it is over */
}

nrs_error nrs_store_fork_healed(nrs_store *store, bool *healed_out, const uint8_t community[NRS_HASH_SIZE], const uint8_t hash[NRS_HASH_SIZE])
{
    nrs_query query = nrs_query_start(store, NRS_STATEMENT_FORK_HEALED);
    bool healed = false;
    nrs_error error;

    NRS_ASSERT(healed_out != NULL);
    nrs_query_bind_fixed(&query, community, NRS_HASH_SIZE);
    nrs_query_bind_fixed(&query, hash, NRS_HASH_SIZE);
    healed = nrs_query_step(&query);
    error = nrs_query_end(&query);
    if (error == NRS_OK) {
        *healed_out = healed;
    }
    return error;
}

nrs_error nrs_store_fork_clear(nrs_store *store, const uint8_t community[NRS_HASH_SIZE], bool pending_only)
{
    nrs_query query = nrs_query_start(store, NRS_STATEMENT_FORK_CLEAR);

    nrs_query_bind_fixed(&query, community, NRS_HASH_SIZE);
    nrs_query_bind_u64(&query, pending_only ? 1 : 0);
    return nrs_query_run(&query, NULL);
}
