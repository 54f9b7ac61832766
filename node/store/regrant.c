/* Requests for a new grant of a report whose prekey is destroyed. */
#include "proto/assert.h"
#include "query.h"

nrs_error nrs_store_recipient_wait(nrs_store *store, uint64_t report, const uint8_t org[NRS_KEY_SIZE], const char *address)
{
    nrs_query query = nrs_query_start(store, NRS_STATEMENT_RECIPIENT_WAIT);

    NRS_ASSERT(org != NULL && address != NULL);
    nrs_query_bind_u64(&query, report);
    nrs_query_bind_fixed(&query, org, NRS_KEY_SIZE);
    nrs_query_bind_text(&query, address, NRS_ADDRESS_SIZE_MAX);
    return nrs_query_run(&query, NULL);
}

nrs_error nrs_store_waiting_persons(nrs_store *store, uint64_t *count_out, uint64_t now_ms)
{
    nrs_query query = nrs_query_start(store, NRS_STATEMENT_WAITING_PERSONS);
    uint64_t count = 0;
    nrs_error error;

    NRS_ASSERT(count_out != NULL);
    nrs_query_bind_bound(&query, now_ms);
    if (nrs_query_step(&query)) {
        count = nrs_query_u64(&query, 0);
    }
    error = nrs_query_end(&query);
    if (error == NRS_OK) {
        *count_out = count;
    }
    return error;
}

nrs_error nrs_store_recipient_granted_at(nrs_store *store, uint64_t report, const char *address)
{
    nrs_query query = nrs_query_start(store, NRS_STATEMENT_RECIPIENT_GRANTED_AT);

    NRS_ASSERT(address != NULL);
    nrs_query_bind_u64(&query, report);
    nrs_query_bind_text(&query, address, NRS_ADDRESS_SIZE_MAX);
    return nrs_query_run(&query, NULL);
}

nrs_error nrs_store_regrant_add(nrs_store *store, bool *new_out, const nrs_regrant_row *row)
{
    nrs_query query = nrs_query_start(store, NRS_STATEMENT_REGRANT_ADD);
    size_t changed = 0;
    nrs_error error;

    NRS_ASSERT(new_out != NULL && row != NULL);
    nrs_query_bind_u64(&query, row->report);
    nrs_query_bind_fixed(&query, row->org, NRS_KEY_SIZE);
    nrs_query_bind_fixed(&query, row->prekey, NRS_PREKEY_ID_SIZE);
    nrs_query_bind_u64(&query, row->at_ms);
    error = nrs_query_run(&query, &changed);
    if (error == NRS_OK) {
        *new_out = changed > 0;
    }
    return error;
}

nrs_error nrs_store_regrant_count(nrs_store *store, uint64_t *count_out, uint64_t report, const uint8_t org[NRS_KEY_SIZE])
{
    nrs_query query = nrs_query_start(store, NRS_STATEMENT_REGRANT_COUNT);
    uint64_t count = 0;
    nrs_error error;

    NRS_ASSERT(count_out != NULL && org != NULL);
    nrs_query_bind_bound(&query, report);
    nrs_query_bind_fixed(&query, org, NRS_KEY_SIZE);
    if (nrs_query_step(&query)) {
        count = nrs_query_u64(&query, 0);
    }
    error = nrs_query_end(&query);
    if (error == NRS_OK) {
        *count_out = count;
    }
    return error;
}

nrs_error nrs_store_regrant_of_source(nrs_store *store, uint64_t *count_out, const uint8_t org[NRS_KEY_SIZE], const uint8_t originator[NRS_KEY_SIZE], uint64_t since_ms)
{
    nrs_query query = nrs_query_start(store, NRS_STATEMENT_REGRANT_OF_SOURCE);
    uint64_t count = 0;
    nrs_error error;

    NRS_ASSERT(count_out != NULL && originator != NULL);
    nrs_query_bind_fixed(&query, org, NRS_KEY_SIZE);
    nrs_query_bind_fixed(&query, originator, NRS_KEY_SIZE);
    nrs_query_bind_bound(&query, since_ms);
    if (nrs_query_step(&query)) {
        count = nrs_query_u64(&query, 0);
    }
    error = nrs_query_end(&query);
    if (error == NRS_OK) {
        *count_out = count;
    }
    return error;
}

nrs_error nrs_store_regrant_has(nrs_store *store, bool *has_out, const nrs_regrant_row *row)
{
    nrs_query query = nrs_query_start(store, NRS_STATEMENT_REGRANT_HAS);
    bool has = false;
    nrs_error error;

    NRS_ASSERT(has_out != NULL && row != NULL);
    nrs_query_bind_bound(&query, row->report);
    nrs_query_bind_fixed(&query, row->org, NRS_KEY_SIZE);
    nrs_query_bind_fixed(&query, row->prekey, NRS_PREKEY_ID_SIZE);
    has = nrs_query_step(&query);
    error = nrs_query_end(&query);
    if (error == NRS_OK) {
        *has_out = has;
    }
    return error;
}

nrs_error nrs_store_regrant_expire(nrs_store *store, uint64_t report)
{
    nrs_query query = nrs_query_start(store, NRS_STATEMENT_REGRANT_EXPIRE);

    nrs_query_bind_bound(&query, report);
    return nrs_query_run(&query, NULL);
}
