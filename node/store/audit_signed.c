/* What was signed of audit logs: this node's checkpoints with their cosignatures, and at a hub what it watches of others. */
#include "store/audit.h"

#include <string.h>

#include "proto/assert.h"
#include "query.h"

typedef struct signed_visit {
    nrs_audit_signed_visitor visit;
    nrs_audit_watch_visitor watch;
    void *context;
} signed_visit;

/* ---- This node's ---- */

nrs_error nrs_store_audit_checkpoint_add(nrs_store *store, uint64_t size, nrs_slice payload)
{
    nrs_query query = nrs_query_start(store, NRS_STATEMENT_AUDIT_CHECKPOINT_ADD);

    nrs_query_bind_u64(&query, size);
    nrs_query_bind_slice(&query, payload, NRS_RECORD_SIZE_MAX);
    return nrs_query_run(&query, NULL);
}

nrs_error nrs_store_audit_checkpoint_get(nrs_store *store, nrs_bytes *payload_out, uint64_t size)
{
    nrs_query query = nrs_query_start(store, NRS_STATEMENT_AUDIT_CHECKPOINT_GET);
    nrs_bytes payload = {0};
    nrs_error outcome = NRS_ERROR_NOT_FOUND;
    nrs_error error;

    NRS_ASSERT(payload_out != NULL);
    nrs_query_bind_bound(&query, size);
    if (nrs_query_step(&query)) {
        outcome = nrs_bytes_append(&payload, nrs_query_slice(&query, 0));
    }
    error = nrs_query_end(&query);
    if (error == NRS_OK) {
        error = outcome;
    }
    if (error != NRS_OK) {
        nrs_bytes_wipe(&payload);
        return error;
    }
    nrs_bytes_wipe(payload_out);
    *payload_out = payload;
    return NRS_OK;
}

static nrs_error one_size(nrs_query query, uint64_t *size_out)
{
    uint64_t size = nrs_query_step(&query) ? nrs_query_u64(&query, 0) : 0;
    nrs_error error = nrs_query_end(&query);

    NRS_ASSERT(size_out != NULL);
    if (error == NRS_OK) {
        *size_out = size;
    }
    return error;
}

nrs_error nrs_store_audit_checkpoint_last(nrs_store *store, uint64_t *size_out)
{
    return one_size(nrs_query_start(store, NRS_STATEMENT_AUDIT_CHECKPOINT_LAST), size_out);
}

nrs_error nrs_store_audit_cosigned_last(nrs_store *store, uint64_t *size_out)
{
    return one_size(nrs_query_start(store, NRS_STATEMENT_AUDIT_COSIGNED_LAST), size_out);
}

static nrs_error visit_checkpoint(nrs_query *query, const void *closure)
{
    const signed_visit *visitor = closure;
    uint64_t size = nrs_query_u64(query, 0);
    nrs_slice payload = nrs_query_slice(query, 1);

    return query->error != NRS_OK ? query->error : visitor->visit(visitor->context, size, NULL, payload);
}

nrs_error nrs_store_audit_checkpoint_each(nrs_store *store, uint64_t after, uint64_t last, nrs_audit_signed_visitor visit, void *context)
{
    const signed_visit visitor = {.visit = visit, .context = context};
    nrs_query query = nrs_query_start(store, NRS_STATEMENT_AUDIT_CHECKPOINT_EACH);

    nrs_query_bind_bound(&query, after);
    nrs_query_bind_bound(&query, last);
    return nrs_query_each(&query, visit_checkpoint, &visitor);
}

nrs_error nrs_store_audit_cosignature_add(nrs_store *store, uint64_t size, const uint8_t hub[NRS_KEY_SIZE], uint64_t position, nrs_slice payload)
{
    nrs_query query = nrs_query_start(store, NRS_STATEMENT_AUDIT_COSIGNATURE_ADD);

    nrs_query_bind_u64(&query, size);
    nrs_query_bind_fixed(&query, hub, NRS_KEY_SIZE);
    nrs_query_bind_u64(&query, position);
    nrs_query_bind_slice(&query, payload, NRS_RECORD_SIZE_MAX);
    return nrs_query_run(&query, NULL);
}

static nrs_error visit_cosignature(nrs_query *query, const void *closure)
{
    const signed_visit *visitor = closure;
    uint64_t size = nrs_query_u64(query, 0);
    const uint8_t *hub = nrs_query_fixed(query, 1, NRS_KEY_SIZE);
    nrs_slice payload = nrs_query_slice(query, 2);

    return query->error != NRS_OK ? query->error : visitor->visit(visitor->context, size, hub, payload);
}

nrs_error nrs_store_audit_cosignature_each(nrs_store *store, uint64_t after, uint64_t last, nrs_audit_signed_visitor visit, void *context)
{
    const signed_visit visitor = {.visit = visit, .context = context};
    nrs_query query = nrs_query_start(store, NRS_STATEMENT_AUDIT_COSIGNATURE_EACH);

    nrs_query_bind_bound(&query, after);
    nrs_query_bind_bound(&query, last);
    return nrs_query_each(&query, visit_cosignature, &visitor);
}

static nrs_error visit_foreign(nrs_query *query, const void *closure)
{
    const signed_visit *visitor = closure;
    const uint8_t *hub = nrs_query_is_null(query, 0) ? NULL : nrs_query_fixed(query, 0, NRS_KEY_SIZE);
    nrs_slice payload = nrs_query_slice(query, 1);

    return query->error != NRS_OK ? query->error : visitor->visit(visitor->context, 0, hub, payload);
}

nrs_error nrs_store_audit_signed_foreign_each(nrs_store *store, size_t limit, nrs_audit_signed_visitor visit, void *context)
{
    const signed_visit visitor = {.visit = visit, .context = context};
    nrs_query query = nrs_query_start(store, NRS_STATEMENT_AUDIT_SIGNED_FOREIGN_EACH);

    nrs_query_bind_bound(&query, limit);
    return nrs_query_each(&query, visit_foreign, &visitor);
}

nrs_error nrs_store_audit_cosigned_size(nrs_store *store, uint64_t *size_out, uint64_t *position_out, const uint8_t hub[NRS_KEY_SIZE])
{
    nrs_query query = nrs_query_start(store, NRS_STATEMENT_AUDIT_COSIGNED_SIZE);
    uint64_t size = 0, position = 0;
    nrs_error error;

    NRS_ASSERT(size_out != NULL);
    nrs_query_bind_fixed(&query, hub, NRS_KEY_SIZE);
    if (nrs_query_step(&query)) {
        size = nrs_query_u64(&query, 0);
        position = nrs_query_u64(&query, 1);
    }
    error = nrs_query_end(&query);
    if (error == NRS_OK) {
        *size_out = size;
    }
    if (error == NRS_OK && position_out != NULL) {
        *position_out = position;
    }
    return error;
}

/* ---- At a hub: others' ---- */

/* The columns are those of NRS_AUDIT_WATCH_COLUMNS. The slices are borrowed from the query. */
static nrs_audit_watch read_watch(nrs_query *query)
{
    nrs_audit_watch watch = {.size = nrs_query_u64(query, 2), .at_ms = nrs_query_u64(query, 4), .logs = nrs_query_u32(query, 5),
                             .asked_ms = nrs_query_u64(query, 7), .other_size = nrs_query_u64(query, 8), .other_ms = nrs_query_u64(query, 9)};
    uint32_t state = nrs_query_u32(query, 6);

    memcpy(watch.log, nrs_query_fixed(query, 1, NRS_LOG_ID_SIZE), NRS_LOG_ID_SIZE);
    memcpy(watch.root, nrs_query_fixed(query, 3, NRS_HASH_SIZE), NRS_HASH_SIZE);
    memcpy(watch.other_root, nrs_query_fixed(query, 10, NRS_HASH_SIZE), NRS_HASH_SIZE);
    memcpy(watch.other_by, nrs_query_fixed(query, 11, NRS_KEY_SIZE), NRS_KEY_SIZE);
    watch.state = state == NRS_AUDIT_WATCH_REWRITTEN || state == NRS_AUDIT_WATCH_UNPROVEN ? (nrs_audit_watch_state)state : NRS_AUDIT_WATCH_GOOD;
    watch.evidence = nrs_query_slice(query, 12);
    return watch;
}

nrs_error nrs_store_audit_watch_set(nrs_store *store, const uint8_t node[NRS_KEY_SIZE], const nrs_audit_watch *watch)
{
    nrs_query query = nrs_query_start(store, NRS_STATEMENT_AUDIT_WATCH_SET);

    NRS_ASSERT(watch != NULL);
    nrs_query_bind_fixed(&query, node, NRS_KEY_SIZE);
    nrs_query_bind_fixed(&query, watch->log, NRS_LOG_ID_SIZE);
    nrs_query_bind_u64(&query, watch->size);
    nrs_query_bind_fixed(&query, watch->root, NRS_HASH_SIZE);
    nrs_query_bind_u64(&query, watch->at_ms);
    nrs_query_bind_u64(&query, watch->logs);
    nrs_query_bind_u64(&query, (uint64_t)watch->state);
    nrs_query_bind_u64(&query, watch->asked_ms);
    nrs_query_bind_u64(&query, watch->other_size);
    nrs_query_bind_u64(&query, watch->other_ms);
    nrs_query_bind_fixed(&query, watch->other_root, NRS_HASH_SIZE);
    nrs_query_bind_fixed(&query, watch->other_by, NRS_KEY_SIZE);
    nrs_query_bind_slice(&query, watch->evidence, NRS_RECORD_SIZE_MAX);
    return nrs_query_run(&query, NULL);
}

nrs_error nrs_store_audit_watch_get(nrs_store *store, nrs_audit_watch *watch_out, nrs_bytes *holder, const uint8_t node[NRS_KEY_SIZE])
{
    nrs_query query = nrs_query_start(store, NRS_STATEMENT_AUDIT_WATCH_GET);
    nrs_audit_watch watch = {0};
    nrs_bytes evidence = {0};
    nrs_error outcome = NRS_ERROR_NOT_FOUND;
    nrs_error error;

    NRS_ASSERT(watch_out != NULL && holder != NULL);
    nrs_query_bind_fixed(&query, node, NRS_KEY_SIZE);
    if (nrs_query_step(&query)) {
        watch = read_watch(&query);
        outcome = nrs_bytes_append(&evidence, watch.evidence);
    }
    error = nrs_query_end(&query);
    if (error == NRS_OK) {
        error = outcome;
    }
    if (error != NRS_OK) {
        nrs_bytes_wipe(&evidence);
        return error;
    }
    nrs_bytes_wipe(holder);
    *holder = evidence;
    watch.evidence = nrs_slice_of_bytes(holder);
    *watch_out = watch;
    return NRS_OK;
}

nrs_error nrs_store_audit_watch_there(nrs_store *store, bool *there_out, const uint8_t node[NRS_KEY_SIZE])
{
    nrs_query query = nrs_query_start(store, NRS_STATEMENT_AUDIT_WATCH_THERE);
    bool there;
    nrs_error error;

    NRS_ASSERT(there_out != NULL);
    nrs_query_bind_fixed(&query, node, NRS_KEY_SIZE);
    there = nrs_query_step(&query);
    error = nrs_query_end(&query);
    if (error == NRS_OK) {
        *there_out = there;
    }
    return error;
}

nrs_error nrs_store_audit_watch_move(nrs_store *store, const uint8_t from[NRS_KEY_SIZE], const uint8_t to[NRS_KEY_SIZE])
{
    static const nrs_statement statements[] = {NRS_STATEMENT_AUDIT_WATCH_MOVE, NRS_STATEMENT_AUDIT_SEEN_MOVE};
    nrs_error error = NRS_OK;

    for (size_t i = 0; i < sizeof statements / sizeof statements[0] && error == NRS_OK; i++) {
        nrs_query query = nrs_query_start(store, statements[i]);

        nrs_query_bind_fixed(&query, from, NRS_KEY_SIZE);
        nrs_query_bind_fixed(&query, to, NRS_KEY_SIZE);
        error = nrs_query_run(&query, NULL);
    }
    return error;
}

static nrs_error visit_watch(nrs_query *query, const void *closure)
{
    const signed_visit *visitor = closure;
    const uint8_t *node = nrs_query_fixed(query, 0, NRS_KEY_SIZE);
    const nrs_audit_watch watch = read_watch(query);

    return query->error != NRS_OK ? query->error : visitor->watch(visitor->context, node, &watch);
}

nrs_error nrs_store_audit_watch_each(nrs_store *store, nrs_audit_watch_visitor visit, void *context)
{
    const signed_visit visitor = {.watch = visit, .context = context};
    nrs_query query = nrs_query_start(store, NRS_STATEMENT_AUDIT_WATCH_EACH);

    return nrs_query_each(&query, visit_watch, &visitor);
}

nrs_error nrs_store_audit_seen_add(nrs_store *store, const uint8_t node[NRS_KEY_SIZE], const uint8_t log[NRS_LOG_ID_SIZE], uint64_t size,
                                   const uint8_t root[NRS_HASH_SIZE])
{
    nrs_query query = nrs_query_start(store, NRS_STATEMENT_AUDIT_SEEN_ADD);
    nrs_error error;

    nrs_query_bind_fixed(&query, node, NRS_KEY_SIZE);
    nrs_query_bind_fixed(&query, log, NRS_LOG_ID_SIZE);
    nrs_query_bind_u64(&query, size);
    nrs_query_bind_fixed(&query, root, NRS_HASH_SIZE);
    error = nrs_query_run(&query, NULL);
    if (error == NRS_OK) {
        query = nrs_query_start(store, NRS_STATEMENT_AUDIT_SEEN_TRIM);
        nrs_query_bind_fixed(&query, node, NRS_KEY_SIZE);
        nrs_query_bind_fixed(&query, log, NRS_LOG_ID_SIZE);
        nrs_query_bind_u64(&query, NRS_AUDIT_SEEN_COUNT_MAX);
        error = nrs_query_run(&query, NULL);
    }
    return error;
}

nrs_error nrs_store_audit_seen_root(nrs_store *store, uint8_t root_out[NRS_HASH_SIZE], const uint8_t node[NRS_KEY_SIZE],
                                    const uint8_t log[NRS_LOG_ID_SIZE], uint64_t size)
{
    nrs_query query = nrs_query_start(store, NRS_STATEMENT_AUDIT_SEEN_GET);

    nrs_query_bind_fixed(&query, node, NRS_KEY_SIZE);
    nrs_query_bind_fixed(&query, log, NRS_LOG_ID_SIZE);
    nrs_query_bind_bound(&query, size);
    return nrs_query_hash(&query, root_out);
}

nrs_error nrs_store_audit_seen_first(nrs_store *store, uint64_t *size_out, const uint8_t node[NRS_KEY_SIZE], const uint8_t log[NRS_LOG_ID_SIZE])
{
    nrs_query query = nrs_query_start(store, NRS_STATEMENT_AUDIT_SEEN_FIRST);

    nrs_query_bind_fixed(&query, node, NRS_KEY_SIZE);
    nrs_query_bind_fixed(&query, log, NRS_LOG_ID_SIZE);
    return one_size(query, size_out);
}

nrs_error nrs_store_audit_seen_last(nrs_store *store, nrs_audit_watch *watch_out, const uint8_t node[NRS_KEY_SIZE], const uint8_t log[NRS_LOG_ID_SIZE])
{
    nrs_query query = nrs_query_start(store, NRS_STATEMENT_AUDIT_SEEN_LAST);
    nrs_audit_watch watch = {.state = NRS_AUDIT_WATCH_GOOD};
    bool any;
    nrs_error error;

    NRS_ASSERT(watch_out != NULL);
    nrs_query_bind_fixed(&query, node, NRS_KEY_SIZE);
    nrs_query_bind_fixed(&query, log, NRS_LOG_ID_SIZE);
    any = nrs_query_step(&query);
    if (any) {
        const uint64_t logs = nrs_query_u64(&query, 2);

        memcpy(watch.log, log, NRS_LOG_ID_SIZE);
        watch.size = nrs_query_u64(&query, 0);
        memcpy(watch.root, nrs_query_fixed(&query, 1, NRS_HASH_SIZE), NRS_HASH_SIZE);
        watch.logs = logs < NRS_AUDIT_LOG_COUNT_MAX ? (uint32_t)logs : NRS_AUDIT_LOG_COUNT_MAX;
    }
    error = nrs_query_end(&query);
    if (error == NRS_OK && any) {
        *watch_out = watch;
    }
    return error == NRS_OK && !any ? NRS_ERROR_NOT_FOUND : error;
}

nrs_error nrs_store_audit_seen_log(nrs_store *store, bool *seen_out, const uint8_t node[NRS_KEY_SIZE], const uint8_t log[NRS_LOG_ID_SIZE])
{
    nrs_query query = nrs_query_start(store, NRS_STATEMENT_AUDIT_SEEN_LOG);
    bool seen;
    nrs_error error;

    NRS_ASSERT(seen_out != NULL);
    nrs_query_bind_fixed(&query, node, NRS_KEY_SIZE);
    nrs_query_bind_fixed(&query, log, NRS_LOG_ID_SIZE);
    seen = nrs_query_step(&query);
    error = nrs_query_end(&query);
    if (error == NRS_OK) {
        *seen_out = seen;
    }
    return error;
}
