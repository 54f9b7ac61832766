/* Named values, and how far each link has come. */
#include <string.h>

#include "proto/assert.h"
#include "query.h"

enum { META_NAME_SIZE_MAX = 256, META_VALUE_SIZE_MAX = 64 * 1024 };

nrs_error nrs_store_meta_set(nrs_store *store, const char *name, nrs_slice value)
{
    nrs_query query = nrs_query_start(store, NRS_STATEMENT_META_SET);

    nrs_query_bind_text(&query, name, META_NAME_SIZE_MAX);
    nrs_query_bind_slice(&query, value, META_VALUE_SIZE_MAX);
    return nrs_query_run(&query, NULL);
}

static nrs_error get_value(nrs_store *store, nrs_statement which, const char *name, nrs_bytes *value_out)
{
    nrs_bytes value = {0};
    nrs_query query = nrs_query_start(store, which);
    nrs_error copied = NRS_OK;
    nrs_error error;

    NRS_ASSERT(value_out != NULL);
    nrs_query_bind_text(&query, name, META_NAME_SIZE_MAX);
    if (nrs_query_step(&query)) {
        copied = nrs_bytes_append(&value, nrs_query_slice(&query, 0));
    }
    error = nrs_query_end(&query);
    if (error == NRS_OK) {
        error = copied;
    }
    if (error != NRS_OK) {
        nrs_bytes_wipe(&value);
        return error;
    }
    nrs_bytes_wipe(value_out);
    *value_out = value;
    return NRS_OK;
}

nrs_error nrs_store_meta_get(nrs_store *store, const char *name, nrs_bytes *value_out)
{
    return get_value(store, NRS_STATEMENT_META_GET, name, value_out);
}

nrs_error nrs_store_meta_bytes(nrs_store *store, const char *name, nrs_bytes *value_out)
{
    return get_value(store, NRS_STATEMENT_META_BYTES, name, value_out);
}

nrs_error nrs_store_meta_number_set(nrs_store *store, const char *name, uint64_t number)
{
    uint8_t value[sizeof number];

    for (size_t i = 0; i < sizeof value; i++) {
        value[i] = (uint8_t)(number >> (8 * i));
    }
    return nrs_store_meta_set(store, name, nrs_slice_of(value, sizeof value));
}

nrs_error nrs_store_meta_number_get(nrs_store *store, const char *name, uint64_t *number_out, bool *there_out)
{
    nrs_bytes value = {0};
    nrs_reader reader;
    uint64_t number = 0;
    nrs_error error = nrs_store_meta_get(store, name, &value);

    NRS_ASSERT(number_out != NULL);
    if (error == NRS_OK && value.size > 0) {
        reader = nrs_reader_over(nrs_slice_of_bytes(&value));
        error = value.size == sizeof number && nrs_read_u64(&reader, &number) == NRS_OK ? NRS_OK : NRS_ERROR_DAMAGED;
    }
    if (error == NRS_OK) {
        *number_out = number;
        if (there_out != NULL) {
            *there_out = value.size > 0;
        }
    }
    nrs_bytes_wipe(&value);
    return error;
}

nrs_error nrs_store_sent_set(nrs_store *store, const uint8_t peer[NRS_KEY_SIZE], uint64_t position)
{
    nrs_query query = nrs_query_start(store, NRS_STATEMENT_SENT_SET);

    nrs_query_bind_fixed(&query, peer, NRS_KEY_SIZE);
    nrs_query_bind_u64(&query, position);
    return nrs_query_run(&query, NULL);
}

/* 0 where nothing is noted of the peer. */
static nrs_error position_of(nrs_store *store, nrs_statement which, uint64_t *position_out, const uint8_t peer[NRS_KEY_SIZE])
{
    nrs_query query = nrs_query_start(store, which);
    uint64_t position = 0;
    nrs_error error;

    NRS_ASSERT(position_out != NULL);
    nrs_query_bind_fixed(&query, peer, NRS_KEY_SIZE);
    if (nrs_query_step(&query)) {
        position = nrs_query_u64(&query, 0);
    }
    error = nrs_query_end(&query);
    if (error == NRS_OK) {
        *position_out = position;
    }
    return error;
}

nrs_error nrs_store_sent_get(nrs_store *store, uint64_t *position_out, const uint8_t peer[NRS_KEY_SIZE])
{
    return position_of(store, NRS_STATEMENT_SENT_GET, position_out, peer);
}

nrs_error nrs_store_held_set(nrs_store *store, const uint8_t peer[NRS_KEY_SIZE],
                             const uint8_t incarnation[NRS_LOG_ID_SIZE], uint64_t position)
{
    nrs_query query = nrs_query_start(store, NRS_STATEMENT_HELD_SET);

    nrs_query_bind_fixed(&query, peer, NRS_KEY_SIZE);
    nrs_query_bind_u64(&query, position);
    nrs_query_bind_fixed(&query, incarnation, NRS_LOG_ID_SIZE);
    return nrs_query_run(&query, NULL);
}

nrs_error nrs_store_held_get(nrs_store *store, uint8_t incarnation_out[NRS_LOG_ID_SIZE], uint64_t *position_out,
                             const uint8_t peer[NRS_KEY_SIZE])
{
    nrs_query query = nrs_query_start(store, NRS_STATEMENT_HELD_GET);
    uint8_t incarnation[NRS_LOG_ID_SIZE] = {0};
    uint64_t position = 0;
    nrs_error error;

    NRS_ASSERT(incarnation_out != NULL);
    NRS_ASSERT(position_out != NULL);
    nrs_query_bind_fixed(&query, peer, NRS_KEY_SIZE);
    if (nrs_query_step(&query)) {
        position = nrs_query_u64(&query, 0);
        memcpy(incarnation, nrs_query_fixed(&query, 1, NRS_LOG_ID_SIZE), NRS_LOG_ID_SIZE);
    }
    error = nrs_query_end(&query);
    if (error == NRS_OK) {
        memcpy(incarnation_out, incarnation, NRS_LOG_ID_SIZE);
        *position_out = position;
    }
    return error;
}

nrs_error nrs_store_held_again_set(nrs_store *store, const uint8_t peer[NRS_KEY_SIZE], uint64_t position)
{
    nrs_query query = nrs_query_start(store, position == 0 ? NRS_STATEMENT_HELD_AGAIN_CLEAR : NRS_STATEMENT_HELD_AGAIN_SET);

    nrs_query_bind_fixed(&query, peer, NRS_KEY_SIZE);
    if (position != 0) {
        nrs_query_bind_u64(&query, position);
    }
    return nrs_query_run(&query, NULL);
}

nrs_error nrs_store_held_again_get(nrs_store *store, uint64_t *position_out, const uint8_t peer[NRS_KEY_SIZE])
{
    return position_of(store, NRS_STATEMENT_HELD_AGAIN_GET, position_out, peer);
}
