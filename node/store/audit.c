/* The audit log: sealed entries and the nodes of their tree. */
#include "store/audit.h"

#include <string.h>

#include "proto/assert.h"
#include "query.h"

enum { SEALED_SIZE_MAX = 4096 };

typedef struct audit_visit {
    nrs_audit_visitor visit;
    void *context;
} audit_visit;

nrs_error nrs_store_audit_add(nrs_store *store, const nrs_audit_row *row)
{
    nrs_query query = nrs_query_start(store, NRS_STATEMENT_AUDIT_ADD);

    NRS_ASSERT(row != NULL && row->number > 0);
    nrs_query_bind_u64(&query, row->number);
    nrs_query_bind_fixed(&query, row->leaf, NRS_HASH_SIZE);
    nrs_query_bind_slice(&query, row->sealed, SEALED_SIZE_MAX);
    return nrs_query_run(&query, NULL);
}

nrs_error nrs_store_audit_last(nrs_store *store, uint64_t *number_out, uint64_t size)
{
    nrs_query query = nrs_query_start(store, NRS_STATEMENT_AUDIT_LAST);
    uint64_t number;
    nrs_error error;

    NRS_ASSERT(number_out != NULL);
    nrs_query_bind_bound(&query, size);
    number = nrs_query_step(&query) ? nrs_query_u64(&query, 0) : 0;
    error = nrs_query_end(&query);
    if (error == NRS_OK) {
        *number_out = number;
    }
    return error;
}

nrs_error nrs_store_audit_foreign_span(nrs_store *store, nrs_audit_span *span_out, uint64_t size)
{
    nrs_query query = nrs_query_start(store, NRS_STATEMENT_AUDIT_FOREIGN_SPAN);
    nrs_audit_span span = {0};
    nrs_error error;

    NRS_ASSERT(span_out != NULL);
    nrs_query_bind_bound(&query, size);
    if (nrs_query_step(&query)) {
        span = (nrs_audit_span){nrs_query_u64(&query, 0), nrs_query_u64(&query, 1), nrs_query_u64(&query, 2)};
    }
    error = nrs_query_end(&query);
    if (error == NRS_OK) {
        *span_out = span;
    }
    return error;
}

nrs_error nrs_store_audit_foreign_keep(nrs_store *store, uint64_t size)
{
    static const nrs_statement statements[] = {NRS_STATEMENT_AUDIT_FOREIGN_KEEP, NRS_STATEMENT_AUDIT_FOREIGN_DROP};
    nrs_error error = NRS_OK;

    for (size_t i = 0; i < sizeof statements / sizeof statements[0] && error == NRS_OK; i++) {
        nrs_query query = nrs_query_start(store, statements[i]);

        nrs_query_bind_bound(&query, size);
        error = nrs_query_run(&query, NULL);
    }
    return error;
}

nrs_error nrs_query_hash(nrs_query *query, uint8_t hash_out[NRS_HASH_SIZE])
{
    uint8_t hash[NRS_HASH_SIZE];
    bool found = nrs_query_step(query);
    nrs_error error;

    if (found) {
        memcpy(hash, nrs_query_fixed(query, 0, NRS_HASH_SIZE), NRS_HASH_SIZE);
    }
    error = nrs_query_end(query);
    if (error == NRS_OK && !found) {
        error = NRS_ERROR_NOT_FOUND;
    }
    if (error == NRS_OK) {
        memcpy(hash_out, hash, NRS_HASH_SIZE);
    }
    return error;
}

nrs_error nrs_store_audit_leaf(nrs_store *store, uint8_t leaf_out[NRS_HASH_SIZE], uint64_t number)
{
    nrs_query query = nrs_query_start(store, NRS_STATEMENT_AUDIT_LEAF);

    nrs_query_bind_u64(&query, number);
    return nrs_query_hash(&query, leaf_out);
}

/* A row that somebody changed by hand is handed over as it is: whoever verifies says which one it is. */
static nrs_error visit_row(nrs_query *query, const void *closure)
{
    static const uint8_t no_leaf[NRS_HASH_SIZE];
    const audit_visit *visitor = closure;
    nrs_slice leaf = nrs_query_slice(query, 1);
    const nrs_audit_row row = {
        .number = nrs_query_u64(query, 0),
        .leaf = leaf.size == NRS_HASH_SIZE ? leaf.data : no_leaf,
        .sealed = nrs_query_slice(query, 2),
    };

    return query->error != NRS_OK ? query->error : visitor->visit(visitor->context, &row);
}

nrs_error nrs_store_audit_each(nrs_store *store, uint64_t after, size_t limit, nrs_audit_visitor visit, void *context)
{
    const audit_visit visitor = {visit, context};
    nrs_query query = nrs_query_start(store, NRS_STATEMENT_AUDIT_EACH);

    nrs_query_bind_bound(&query, after);
    nrs_query_bind_bound(&query, limit);
    return nrs_query_each(&query, visit_row, &visitor);
}

nrs_error nrs_store_audit_back(nrs_store *store, uint64_t before, size_t limit, nrs_audit_visitor visit, void *context)
{
    const audit_visit visitor = {visit, context};
    nrs_query query = nrs_query_start(store, NRS_STATEMENT_AUDIT_BACK);

    nrs_query_bind_bound(&query, before);
    nrs_query_bind_bound(&query, limit);
    return nrs_query_each(&query, visit_row, &visitor);
}

nrs_error nrs_store_audit_foreign_each(nrs_store *store, uint64_t size, size_t limit, nrs_audit_visitor visit, void *context)
{
    const audit_visit visitor = {visit, context};
    nrs_query query = nrs_query_start(store, NRS_STATEMENT_AUDIT_FOREIGN_EACH);

    nrs_query_bind_bound(&query, size);
    nrs_query_bind_bound(&query, limit);
    return nrs_query_each(&query, visit_row, &visitor);
}

nrs_error nrs_store_audit_put_aside(nrs_store *store)
{
    static const nrs_statement statements[] = {NRS_STATEMENT_AUDIT_SIGNED_KEEP, NRS_STATEMENT_AUDIT_SIGNED_CLEAR, NRS_STATEMENT_AUDIT_COSIGNED_CLEAR,
                                               NRS_STATEMENT_AUDIT_NODE_CLEAR};
    nrs_error error = nrs_store_audit_foreign_keep(store, 0);

    for (size_t i = 0; i < sizeof statements / sizeof statements[0] && error == NRS_OK; i++) {
        nrs_query query = nrs_query_start(store, statements[i]);

        error = nrs_query_run(&query, NULL);
    }
    return error;
}

nrs_error nrs_store_audit_node_set(nrs_store *store, uint32_t level, uint64_t place, const uint8_t hash[NRS_HASH_SIZE])
{
    nrs_query query = nrs_query_start(store, NRS_STATEMENT_AUDIT_NODE_SET);

    nrs_query_bind_u64(&query, level);
    nrs_query_bind_u64(&query, place);
    nrs_query_bind_fixed(&query, hash, NRS_HASH_SIZE);
    return nrs_query_run(&query, NULL);
}

nrs_error nrs_store_audit_node_get(nrs_store *store, uint8_t hash_out[NRS_HASH_SIZE], uint32_t level, uint64_t place)
{
    nrs_query query = nrs_query_start(store, NRS_STATEMENT_AUDIT_NODE_GET);

    nrs_query_bind_u64(&query, level);
    nrs_query_bind_u64(&query, place);
    return nrs_query_hash(&query, hash_out);
}
