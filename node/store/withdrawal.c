/* Reports that their originators took back, and which report follows which. */
#include <string.h>

#include "proto/assert.h"
#include "query.h"

typedef struct withdrawal_visit {
    nrs_withdrawal_visitor visit;
    nrs_follows_visitor follows;
    void *context;
} withdrawal_visit;

nrs_error nrs_store_withdrawal_add(nrs_store *store, bool *new_out, const nrs_withdrawal_row *row)
{
    nrs_query query = nrs_query_start(store, NRS_STATEMENT_WITHDRAWAL_ADD);
    size_t changed = 0;
    nrs_error error;

    NRS_ASSERT(new_out != NULL && row != NULL);
    nrs_query_bind_fixed(&query, row->id, NRS_HASH_SIZE);
    nrs_query_bind_u64(&query, row->position);
    nrs_query_bind_u64(&query, row->at_ms);
    nrs_query_bind_u64(&query, row->received_ms);
    nrs_query_bind_u64(&query, row->until_ms);
    nrs_query_bind_u64(&query, row->forget_ms);
    nrs_query_bind_fixed(&query, row->originator, NRS_KEY_SIZE);
    nrs_query_bind_text(&query, row->person, NRS_NAME_SIZE_MAX);
    nrs_query_bind_text(&query, row->reason, NRS_REASON_SIZE_MAX);
    nrs_query_bind_slice(&query, row->proof, NRS_STATEMENT_SIZE_MAX);
    nrs_query_bind_u64(&query, row->listed);
    nrs_query_bind_slice(&query, row->passed_on, NRS_HASH_SIZE);
    error = nrs_query_run(&query, &changed);
    if (error == NRS_OK) {
        *new_out = changed > 0;
    }
    return error;
}

static nrs_withdrawal_row read_row(nrs_query *query)
{
    return (nrs_withdrawal_row){
        .id = nrs_query_fixed(query, 0, NRS_HASH_SIZE),
        .position = nrs_query_u64(query, 1),
        .at_ms = nrs_query_u64(query, 2),
        .received_ms = nrs_query_u64(query, 3),
        .until_ms = nrs_query_u64(query, 4),
        .forget_ms = nrs_query_u64(query, 5),
        .originator = nrs_query_fixed(query, 6, NRS_KEY_SIZE),
        .person = nrs_query_text(query, 7),
        .reason = nrs_query_text(query, 8),
        .proof = nrs_query_slice(query, 9),
        .listed = nrs_query_u64(query, 10),
        .passed_on = nrs_query_slice(query, 11),
    };
}

/* Moves what a row borrows from its statement into holder; the row then borrows from there. */
static nrs_error keep(nrs_withdrawal_row *row, nrs_bytes *holder)
{
    const size_t person_size = strlen(row->person) + 1, reason_size = strlen(row->reason) + 1;
    const nrs_slice parts[] = {nrs_slice_of(row->id, NRS_HASH_SIZE), nrs_slice_of(row->originator, NRS_KEY_SIZE),
                               nrs_slice_of((const uint8_t *)row->person, person_size), nrs_slice_of((const uint8_t *)row->reason, reason_size),
                               row->proof, row->passed_on};
    nrs_error error = NRS_OK;

    for (size_t i = 0; i < sizeof parts / sizeof parts[0] && error == NRS_OK; i++) {
        error = nrs_bytes_append(holder, parts[i]);
    }
    if (error == NRS_OK) {
        const uint8_t *at = holder->data;

        row->id = at;
        row->originator = at + NRS_HASH_SIZE;
        row->person = (const char *)at + NRS_HASH_SIZE + NRS_KEY_SIZE;
        row->reason = row->person + person_size;
        row->proof = nrs_slice_of(at + NRS_HASH_SIZE + NRS_KEY_SIZE + person_size + reason_size, row->proof.size);
        row->passed_on = nrs_slice_of(row->proof.data + row->proof.size, row->passed_on.size);
    }
    return error;
}

nrs_error nrs_store_withdrawal_get(nrs_store *store, nrs_withdrawal_row *row_out, nrs_bytes *holder, const uint8_t id[NRS_HASH_SIZE])
{
    nrs_query query = nrs_query_start(store, NRS_STATEMENT_WITHDRAWAL_GET);
    nrs_withdrawal_row row;
    nrs_bytes kept = {0};
    nrs_error outcome = NRS_ERROR_NOT_FOUND;
    nrs_error error;

    NRS_ASSERT(row_out != NULL && holder != NULL);
    nrs_query_bind_fixed(&query, id, NRS_HASH_SIZE);
    if (nrs_query_step(&query)) {
        row = read_row(&query);
        outcome = query.error == NRS_OK ? keep(&row, &kept) : query.error;
    }
    error = nrs_query_end_kept(&query, outcome, &kept, holder);
    if (error == NRS_OK) {
        *row_out = row;
    }
    return error;
}

nrs_error nrs_store_withdrawal_find(nrs_store *store, uint8_t id_out[NRS_HASH_SIZE], const char *prefix)
{
    nrs_query query = nrs_query_start(store, NRS_STATEMENT_WITHDRAWAL_FIND);

    NRS_ASSERT(prefix != NULL);
    nrs_query_bind_text(&query, prefix, 2 * NRS_HASH_SIZE);
    return nrs_query_one_id(&query, id_out);
}

static nrs_error visit_withdrawal(nrs_query *query, const void *closure)
{
    const withdrawal_visit *visitor = closure;
    const nrs_withdrawal_row row = read_row(query);

    return query->error != NRS_OK ? query->error : visitor->visit(visitor->context, &row);
}

nrs_error nrs_store_withdrawal_each(nrs_store *store, uint64_t after_ms, nrs_withdrawal_visitor visit, void *context)
{
    const withdrawal_visit visitor = {.visit = visit, .context = context};
    nrs_query query = nrs_query_start(store, NRS_STATEMENT_WITHDRAWAL_EACH);

    NRS_ASSERT(visit != NULL);
    nrs_query_bind_bound(&query, after_ms);
    return nrs_query_each(&query, visit_withdrawal, &visitor);
}

nrs_error nrs_store_withdrawal_due(nrs_store *store, uint64_t now_ms, size_t limit, nrs_withdrawal_visitor visit, void *context)
{
    const withdrawal_visit visitor = {.visit = visit, .context = context};
    nrs_query query = nrs_query_start(store, NRS_STATEMENT_WITHDRAWAL_DUE);

    NRS_ASSERT(visit != NULL && limit > 0);
    nrs_query_bind_bound(&query, now_ms);
    nrs_query_bind_bound(&query, limit);
    return nrs_query_each(&query, visit_withdrawal, &visitor);
}

static nrs_error any_row(nrs_store *store, bool *any_out, nrs_statement which)
{
    nrs_query query = nrs_query_start(store, which);
    bool any = nrs_query_step(&query);
    nrs_error error = nrs_query_end(&query);

    NRS_ASSERT(any_out != NULL);
    if (error == NRS_OK) {
        *any_out = any;
    }
    return error;
}

nrs_error nrs_store_withdrawal_any(nrs_store *store, bool *any_out)
{
    return any_row(store, any_out, NRS_STATEMENT_WITHDRAWAL_ANY);
}

nrs_error nrs_store_follows_any(nrs_store *store, bool *any_out)
{
    return any_row(store, any_out, NRS_STATEMENT_FOLLOWS_ANY);
}

nrs_error nrs_store_withdrawal_set_words(nrs_store *store, const uint8_t id[NRS_HASH_SIZE], const char *person, const char *reason)
{
    nrs_query query = nrs_query_start(store, NRS_STATEMENT_WITHDRAWAL_SET_WORDS);

    nrs_query_bind_fixed(&query, id, NRS_HASH_SIZE);
    nrs_query_bind_text(&query, person, NRS_NAME_SIZE_MAX);
    nrs_query_bind_text(&query, reason, NRS_REASON_SIZE_MAX);
    return nrs_query_run(&query, NULL);
}

nrs_error nrs_store_withdrawal_set_forget(nrs_store *store, const uint8_t id[NRS_HASH_SIZE], uint64_t forget_ms)
{
    nrs_query query = nrs_query_start(store, NRS_STATEMENT_WITHDRAWAL_SET_FORGET);

    nrs_query_bind_fixed(&query, id, NRS_HASH_SIZE);
    nrs_query_bind_u64(&query, forget_ms);
    return nrs_query_run(&query, NULL);
}

nrs_error nrs_store_withdrawal_set_passed_on(nrs_store *store, const uint8_t id[NRS_HASH_SIZE], const uint8_t passed_on[NRS_HASH_SIZE])
{
    nrs_query query = nrs_query_start(store, NRS_STATEMENT_WITHDRAWAL_SET_PASSED_ON);

    nrs_query_bind_fixed(&query, id, NRS_HASH_SIZE);
    nrs_query_bind_fixed(&query, passed_on, NRS_HASH_SIZE);
    return nrs_query_run(&query, NULL);
}

nrs_error nrs_store_withdrawal_spreading(nrs_store *store, uint8_t id_out[NRS_HASH_SIZE])
{
    nrs_query query = nrs_query_start(store, NRS_STATEMENT_WITHDRAWAL_SPREADING);

    return nrs_query_one_id(&query, id_out);
}

nrs_error nrs_store_withdrawal_set_spread(nrs_store *store, const uint8_t id[NRS_HASH_SIZE])
{
    nrs_query query = nrs_query_start(store, NRS_STATEMENT_WITHDRAWAL_SET_SPREAD);

    nrs_query_bind_fixed(&query, id, NRS_HASH_SIZE);
    return nrs_query_run(&query, NULL);
}

nrs_error nrs_store_withdrawal_unseen(nrs_store *store, uint64_t *count_out, const uint8_t originator[NRS_KEY_SIZE])
{
    nrs_query query = nrs_query_start(store, NRS_STATEMENT_WITHDRAWAL_UNSEEN);
    uint64_t count = 0;
    nrs_error error;

    NRS_ASSERT(count_out != NULL);
    nrs_query_bind_fixed(&query, originator, NRS_KEY_SIZE);
    if (nrs_query_step(&query)) {
        count = nrs_query_u64(&query, 0);
    }
    error = nrs_query_end(&query);
    if (error == NRS_OK) {
        *count_out = count;
    }
    return error;
}

nrs_error nrs_store_withdrawal_expire(nrs_store *store, uint64_t now_ms)
{
    nrs_query query = nrs_query_start(store, NRS_STATEMENT_WITHDRAWAL_UNLIST);
    nrs_error error;

    nrs_query_bind_u64(&query, now_ms);
    nrs_query_bind_u64(&query, NRS_KEY_FORGOTTEN);
    error = nrs_query_run(&query, NULL);
    if (error != NRS_OK) {
        return error;
    }
    query = nrs_query_start(store, NRS_STATEMENT_WITHDRAWAL_EXPIRE);
    nrs_query_bind_u64(&query, now_ms);
    return nrs_query_run(&query, NULL);
}

nrs_error nrs_store_follows_add(nrs_store *store, const uint8_t tag[NRS_HASH_SIZE], uint64_t position)
{
    nrs_query query = nrs_query_start(store, NRS_STATEMENT_FOLLOWS_ADD);

    nrs_query_bind_fixed(&query, tag, NRS_HASH_SIZE);
    nrs_query_bind_u64(&query, position);
    return nrs_query_run(&query, NULL);
}

nrs_error nrs_store_tagged_add(nrs_store *store, const uint8_t tag[NRS_HASH_SIZE], uint64_t position, size_t limit)
{
    nrs_query query = nrs_query_start(store, NRS_STATEMENT_TAGGED_ADD);

    nrs_query_bind_fixed(&query, tag, NRS_HASH_SIZE);
    nrs_query_bind_u64(&query, position);
    nrs_query_bind_bound(&query, limit);
    return nrs_query_run(&query, NULL);
}

static nrs_error visit_follower(nrs_query *query, const void *closure)
{
    const withdrawal_visit *visitor = closure;
    const uint8_t *id = nrs_query_fixed(query, 0, NRS_HASH_SIZE);

    return query->error != NRS_OK ? query->error : visitor->follows(visitor->context, id);
}

static nrs_error each_of_tag(nrs_store *store, nrs_statement which, const uint8_t tag[NRS_HASH_SIZE], size_t limit, nrs_follows_visitor visit, void *context)
{
    const withdrawal_visit visitor = {.follows = visit, .context = context};
    nrs_query query = nrs_query_start(store, which);

    NRS_ASSERT(visit != NULL);
    nrs_query_bind_fixed(&query, tag, NRS_HASH_SIZE);
    nrs_query_bind_bound(&query, limit);
    return nrs_query_each(&query, visit_follower, &visitor);
}

nrs_error nrs_store_follows_each(nrs_store *store, const uint8_t tag[NRS_HASH_SIZE], size_t limit, nrs_follows_visitor visit, void *context)
{
    return each_of_tag(store, NRS_STATEMENT_FOLLOWS_EACH, tag, limit, visit, context);
}

nrs_error nrs_store_passing_on_each(nrs_store *store, const uint8_t tag[NRS_HASH_SIZE], size_t limit, nrs_follows_visitor visit, void *context)
{
    return each_of_tag(store, NRS_STATEMENT_PASSING_ON_EACH, tag, limit, visit, context);
}

nrs_error nrs_store_answers_each(nrs_store *store, const uint8_t tag[NRS_HASH_SIZE], size_t limit, uint32_t flags, nrs_follows_visitor visit, void *context)
{
    const withdrawal_visit visitor = {.follows = visit, .context = context};
    nrs_query query = nrs_query_start(store, NRS_STATEMENT_ANSWERS_EACH);

    NRS_ASSERT(visit != NULL);
    nrs_query_bind_fixed(&query, tag, NRS_HASH_SIZE);
    nrs_query_bind_bound(&query, limit);
    nrs_query_bind_u64(&query, flags);
    return nrs_query_each(&query, visit_follower, &visitor);
}

nrs_error nrs_store_tagged_each(nrs_store *store, const uint8_t tag[NRS_HASH_SIZE], size_t limit, nrs_follows_visitor visit, void *context)
{
    return each_of_tag(store, NRS_STATEMENT_TAGGED_EACH, tag, limit, visit, context);
}
