/* Where the later slots of a report stand in the log, by whom they are for; and how many there are. */
#include "proto/assert.h"
#include "query.h"

static nrs_error read_number(nrs_query *query, uint64_t *number_out)
{
    uint64_t number = nrs_query_step(query) ? nrs_query_u64(query, 0) : 0;
    nrs_error error = nrs_query_end(query);

    if (error == NRS_OK) {
        *number_out = number;
    }
    return error;
}

nrs_error nrs_store_slot_place_set(nrs_store *store, const uint8_t sealed_id[NRS_HASH_SIZE], nrs_slice org, const nrs_slot_place *place)
{
    nrs_query query = nrs_query_start(store, NRS_STATEMENT_SLOT_PLACE_SET);

    NRS_ASSERT(place != NULL && place->position > 0);
    nrs_query_bind_fixed(&query, sealed_id, NRS_HASH_SIZE);
    nrs_query_bind_slice(&query, org, NRS_KEY_HASH_SIZE);
    nrs_query_bind_u64(&query, place->position);
    nrs_query_bind_u64(&query, place->rank);
    nrs_query_bind_slice(&query, place->grantor, NRS_KEY_SIZE);
    nrs_query_bind_slice(&query, place->before, NRS_KEY_SIZE);
    return nrs_query_run(&query, NULL);
}

nrs_error nrs_store_slot_place_get(nrs_store *store, uint64_t *position_out, uint32_t *rank_out, const uint8_t sealed_id[NRS_HASH_SIZE], nrs_slice org)
{
    nrs_query query = nrs_query_start(store, NRS_STATEMENT_SLOT_PLACE_GET);
    uint64_t position = 0;
    uint32_t rank = 0;
    nrs_error error;

    NRS_ASSERT(position_out != NULL);
    nrs_query_bind_fixed(&query, sealed_id, NRS_HASH_SIZE);
    nrs_query_bind_slice(&query, org, NRS_KEY_HASH_SIZE);
    if (nrs_query_step(&query)) {
        position = nrs_query_u64(&query, 0);
        rank = nrs_query_u32(&query, 1);
    }
    error = nrs_query_end(&query);
    if (error == NRS_OK) {
        *position_out = position;
        if (rank_out != NULL) {
            *rank_out = rank;
        }
    }
    return error;
}

nrs_error nrs_store_granted_set(nrs_store *store, const uint8_t sealed_id[NRS_HASH_SIZE], nrs_slice grantor, uint64_t slots)
{
    nrs_query query = nrs_query_start(store, NRS_STATEMENT_GRANTED_SET);

    nrs_query_bind_fixed(&query, sealed_id, NRS_HASH_SIZE);
    nrs_query_bind_slice(&query, grantor, NRS_KEY_SIZE);
    nrs_query_bind_u64(&query, slots);
    return nrs_query_run(&query, NULL);
}

nrs_error nrs_store_granted_get(nrs_store *store, uint64_t *slots_out, const uint8_t sealed_id[NRS_HASH_SIZE], nrs_slice grantor)
{
    nrs_query query = nrs_query_start(store, NRS_STATEMENT_GRANTED_GET);

    NRS_ASSERT(slots_out != NULL);
    nrs_query_bind_fixed(&query, sealed_id, NRS_HASH_SIZE);
    nrs_query_bind_slice(&query, grantor, NRS_KEY_SIZE);
    return read_number(&query, slots_out);
}

nrs_error nrs_store_granted_clear(nrs_store *store, const uint8_t sealed_id[NRS_HASH_SIZE])
{
    nrs_query query = nrs_query_start(store, NRS_STATEMENT_GRANTED_CLEAR);
    nrs_error error;

    nrs_query_bind_fixed(&query, sealed_id, NRS_HASH_SIZE);
    error = nrs_query_run(&query, NULL);
    if (error == NRS_OK) {
        query = nrs_query_start(store, NRS_STATEMENT_SLOT_PLACE_CLEAR);
        nrs_query_bind_fixed(&query, sealed_id, NRS_HASH_SIZE);
        error = nrs_query_run(&query, NULL);
    }
    return error;
}
