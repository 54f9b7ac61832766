/* Whom a sent report goes to, the stages it reached there, and slots kept for persons. */
#include "proto/assert.h"
#include "query.h"

enum { WAITING = 0, GRANTED = 1, LOCKED = 2 };

typedef struct recipient_visit {
    nrs_recipient_visitor recipient;
    nrs_receipt_visitor receipt;
    nrs_slot_visitor slot;
    void *context;
} recipient_visit;

nrs_error nrs_store_recipient_add(nrs_store *store, const nrs_recipient_row *row)
{
    nrs_query query = nrs_query_start(store, NRS_STATEMENT_RECIPIENT_ADD);

    NRS_ASSERT(row != NULL && row->address != NULL && row->org != NULL);
    nrs_query_bind_u64(&query, row->report);
    nrs_query_bind_text(&query, row->address, NRS_ADDRESS_SIZE_MAX);
    nrs_query_bind_u64(&query, row->locked ? LOCKED : row->granted ? GRANTED : WAITING);
    nrs_query_bind_u64(&query, row->stage);
    nrs_query_bind_u64(&query, row->stage_ms);
    nrs_query_bind_fixed(&query, row->org, NRS_KEY_SIZE);
    if (row->person == NULL) {
        nrs_query_bind_null(&query);
    } else {
        nrs_query_bind_fixed(&query, row->person, NRS_KEY_SIZE);
    }
    return nrs_query_run(&query, NULL);
}

nrs_error nrs_store_recipient_granted(nrs_store *store, uint64_t report, const uint8_t org[NRS_KEY_SIZE])
{
    nrs_query query = nrs_query_start(store, NRS_STATEMENT_RECIPIENT_GRANTED);

    nrs_query_bind_u64(&query, report);
    nrs_query_bind_fixed(&query, org, NRS_KEY_SIZE);
    return nrs_query_run(&query, NULL);
}

nrs_error nrs_store_recipient_unlock(nrs_store *store, uint64_t report, const uint8_t org[NRS_KEY_SIZE])
{
    nrs_query query = nrs_query_start(store, NRS_STATEMENT_RECIPIENT_UNLOCK);

    nrs_query_bind_u64(&query, report);
    nrs_query_bind_fixed(&query, org, NRS_KEY_SIZE);
    return nrs_query_run(&query, NULL);
}

static nrs_error visit_recipient(nrs_query *query, const void *closure)
{
    const recipient_visit *visitor = closure;
    const nrs_recipient_row row = {
        .report = nrs_query_u64(query, 0),
        .address = nrs_query_text(query, 1),
        .granted = nrs_query_u64(query, 2) == GRANTED,
        .locked = nrs_query_u64(query, 2) == LOCKED,
        .stage = nrs_query_u32(query, 3),
        .stage_ms = nrs_query_u64(query, 4),
        .org = nrs_query_fixed(query, 5, NRS_KEY_SIZE),
        .person = nrs_query_is_null(query, 6) ? NULL : nrs_query_fixed(query, 6, NRS_KEY_SIZE),
    };

    return query->error != NRS_OK ? query->error : visitor->recipient(visitor->context, &row);
}

nrs_error nrs_store_recipient_each(nrs_store *store, uint64_t report, nrs_recipient_visitor visit, void *context)
{
    const recipient_visit visitor = {.recipient = visit, .context = context};
    nrs_query query = nrs_query_start(store, NRS_STATEMENT_RECIPIENT_EACH);

    NRS_ASSERT(visit != NULL);
    nrs_query_bind_bound(&query, report);
    return nrs_query_each(&query, visit_recipient, &visitor);
}

nrs_error nrs_store_recipient_each_of(nrs_store *store, uint64_t report, const uint8_t org[NRS_KEY_SIZE], nrs_recipient_visitor visit,
                                      void *context)
{
    const recipient_visit visitor = {.recipient = visit, .context = context};
    nrs_query query = nrs_query_start(store, NRS_STATEMENT_RECIPIENT_EACH_OF);

    NRS_ASSERT(visit != NULL);
    nrs_query_bind_bound(&query, report);
    nrs_query_bind_fixed(&query, org, NRS_KEY_SIZE);
    return nrs_query_each(&query, visit_recipient, &visitor);
}

nrs_error nrs_store_recipient_at(nrs_store *store, uint64_t report, const char *address, nrs_recipient_visitor visit,
                                 void *context)
{
    const recipient_visit visitor = {.recipient = visit, .context = context};
    nrs_query query = nrs_query_start(store, NRS_STATEMENT_RECIPIENT_AT);

    NRS_ASSERT(visit != NULL && address != NULL);
    nrs_query_bind_bound(&query, report);
    nrs_query_bind_text(&query, address, NRS_ADDRESS_SIZE_MAX);
    return nrs_query_each(&query, visit_recipient, &visitor);
}

nrs_error nrs_store_waiting_each(nrs_store *store, const uint8_t org[NRS_KEY_SIZE], uint64_t now_ms,
                                 nrs_recipient_visitor visit, void *context)
{
    const recipient_visit visitor = {.recipient = visit, .context = context};
    nrs_query query = nrs_query_start(store, NRS_STATEMENT_WAITING_EACH);

    NRS_ASSERT(visit != NULL);
    nrs_query_bind_fixed(&query, org, NRS_KEY_SIZE);
    nrs_query_bind_bound(&query, now_ms);
    return nrs_query_each(&query, visit_recipient, &visitor);
}

static nrs_error raise_stage(nrs_store *store, uint64_t report, const char *address, uint32_t stage, uint64_t at_ms)
{
    nrs_query query = nrs_query_start(store, NRS_STATEMENT_RECIPIENT_STAGE);

    nrs_query_bind_u64(&query, report);
    nrs_query_bind_text(&query, address, NRS_ADDRESS_SIZE_MAX);
    nrs_query_bind_u64(&query, stage);
    nrs_query_bind_u64(&query, at_ms);
    return nrs_query_run(&query, NULL);
}

nrs_error nrs_store_receipt_add(nrs_store *store, bool *new_out, uint64_t report, const char *address, uint32_t stage,
                                uint64_t at_ms, const char *person)
{
    nrs_query query = nrs_query_start(store, NRS_STATEMENT_RECEIPT_ADD);
    size_t changed = 0;
    nrs_error error;

    NRS_ASSERT(new_out != NULL && address != NULL && person != NULL);
    nrs_query_bind_u64(&query, report);
    nrs_query_bind_text(&query, address, NRS_ADDRESS_SIZE_MAX);
    nrs_query_bind_u64(&query, stage);
    nrs_query_bind_u64(&query, at_ms);
    nrs_query_bind_text(&query, person, NRS_ADDRESS_SIZE_MAX);
    error = nrs_query_run(&query, &changed);
    if (error == NRS_OK && changed > 0) {
        error = raise_stage(store, report, address, stage, at_ms);
    }
    if (error == NRS_OK) {
        *new_out = changed > 0;
    }
    return error;
}

static nrs_error visit_receipt(nrs_query *query, const void *closure)
{
    const recipient_visit *visitor = closure;
    const char *address = nrs_query_text(query, 0);
    uint32_t stage = nrs_query_u32(query, 1);
    uint64_t at_ms = nrs_query_u64(query, 2);
    const char *person = nrs_query_text(query, 3);

    return query->error != NRS_OK ? query->error : visitor->receipt(visitor->context, address, stage, at_ms, person);
}

nrs_error nrs_store_receipt_each(nrs_store *store, uint64_t report, nrs_receipt_visitor visit, void *context)
{
    const recipient_visit visitor = {.receipt = visit, .context = context};
    nrs_query query = nrs_query_start(store, NRS_STATEMENT_RECEIPT_EACH);

    NRS_ASSERT(visit != NULL);
    nrs_query_bind_bound(&query, report);
    return nrs_query_each(&query, visit_receipt, &visitor);
}

nrs_error nrs_store_slot_add(nrs_store *store, const uint8_t sealed_id[NRS_HASH_SIZE],
                             const uint8_t grant_id[NRS_HASH_SIZE], uint32_t index, nrs_slice slot_path)
{
    nrs_query query = nrs_query_start(store, NRS_STATEMENT_SLOT_ADD);

    nrs_query_bind_fixed(&query, sealed_id, NRS_HASH_SIZE);
    nrs_query_bind_fixed(&query, grant_id, NRS_HASH_SIZE);
    nrs_query_bind_u64(&query, index);
    nrs_query_bind_slice(&query, slot_path, NRS_RECORD_SIZE_MAX);
    return nrs_query_run(&query, NULL);
}

static nrs_error visit_slot(nrs_query *query, const void *closure)
{
    const recipient_visit *visitor = closure;
    const uint8_t *grant_id = nrs_query_fixed(query, 0, NRS_HASH_SIZE);
    uint32_t index = nrs_query_u32(query, 1);
    nrs_slice slot_path = nrs_query_slice(query, 2);

    return query->error != NRS_OK ? query->error : visitor->slot(visitor->context, grant_id, index, slot_path);
}

nrs_error nrs_store_slot_delete(nrs_store *store, const uint8_t sealed_id[NRS_HASH_SIZE])
{
    nrs_query query = nrs_query_start(store, NRS_STATEMENT_SLOT_DELETE);

    nrs_query_bind_fixed(&query, sealed_id, NRS_HASH_SIZE);
    return nrs_query_run(&query, NULL);
}

nrs_error nrs_store_slot_each(nrs_store *store, const uint8_t sealed_id[NRS_HASH_SIZE], nrs_slot_visitor visit,
                              void *context)
{
    const recipient_visit visitor = {.slot = visit, .context = context};
    nrs_query query = nrs_query_start(store, NRS_STATEMENT_SLOT_EACH);

    NRS_ASSERT(visit != NULL);
    nrs_query_bind_fixed(&query, sealed_id, NRS_HASH_SIZE);
    return nrs_query_each(&query, visit_slot, &visitor);
}
