/* Reports that are here and that the node does not open, by their places. A place is a hash: the rows stand in no order of time, and are
 * walked in their own. */
#include "store/stream.h"

#include <string.h>

#include "proto/assert.h"
#include "query.h"

nrs_error nrs_store_unopened_add(nrs_store *store, const uint8_t place[NRS_HASH_SIZE], const nrs_unopened *row)
{
    nrs_query query = nrs_query_start(store, NRS_STATEMENT_UNOPENED_ADD);

    NRS_ASSERT(row != NULL);
    nrs_query_bind_fixed(&query, place, NRS_HASH_SIZE);
    nrs_query_bind_u64(&query, row->created_ms);
    nrs_query_bind_fixed(&query, row->id, NRS_HASH_SIZE);
    return nrs_query_run(&query, NULL);
}

nrs_error nrs_store_unopened_get(nrs_store *store, nrs_unopened *row_out, const uint8_t place[NRS_HASH_SIZE])
{
    nrs_query query = nrs_query_start(store, NRS_STATEMENT_UNOPENED_GET);
    nrs_unopened row = {.created_ms = 0};
    bool found;
    nrs_error error;

    NRS_ASSERT(row_out != NULL);
    nrs_query_bind_fixed(&query, place, NRS_HASH_SIZE);
    found = nrs_query_step(&query);
    if (found) {
        row.created_ms = nrs_query_u64(&query, 0);
        memcpy(row.id, nrs_query_fixed(&query, 1, NRS_HASH_SIZE), NRS_HASH_SIZE);
    }
    error = nrs_query_end(&query);
    if (error == NRS_OK && found) {
        *row_out = row;
    }
    return error == NRS_OK && !found ? NRS_ERROR_NOT_FOUND : error;
}

/* The last place of a page, and how many there are up to it. */
static nrs_error find_page(nrs_store *store, uint8_t place[NRS_HASH_SIZE], size_t *count_out, size_t limit)
{
    nrs_query query = nrs_query_start(store, NRS_STATEMENT_UNOPENED_PAGE);

    *count_out = 0;
    nrs_query_bind_fixed(&query, place, NRS_HASH_SIZE);
    nrs_query_bind_bound(&query, limit);
    if (nrs_query_step(&query)) {
        *count_out = (size_t)nrs_query_u64(&query, 0);
        if (*count_out > 0) {
            memcpy(place, nrs_query_fixed(&query, 1, NRS_HASH_SIZE), NRS_HASH_SIZE);
        }
    }
    return nrs_query_end(&query);
}

nrs_error nrs_store_unopened_expire(nrs_store *store, uint8_t place[NRS_HASH_SIZE], size_t *count_out, uint64_t before_ms, size_t limit)
{
    uint8_t last[NRS_HASH_SIZE];
    nrs_query query;
    size_t count = 0;
    nrs_error error;

    NRS_ASSERT(place != NULL && count_out != NULL && limit > 0);
    memcpy(last, place, sizeof last);
    error = find_page(store, last, &count, limit);
    if (error == NRS_OK && count > 0) {
        query = nrs_query_start(store, NRS_STATEMENT_UNOPENED_EXPIRE);
        nrs_query_bind_fixed(&query, place, NRS_HASH_SIZE);
        nrs_query_bind_fixed(&query, last, NRS_HASH_SIZE);
        nrs_query_bind_bound(&query, before_ms);
        error = nrs_query_run(&query, NULL);
    }
    if (error == NRS_OK) {
        memcpy(place, last, NRS_HASH_SIZE);
        *count_out = count;
    }
    return error;
}
