#include "query.h"

#include <string.h>

#include "proto/assert.h"

static const bool changes[NRS_STATEMENT_COUNT] = {
#define KIND_READ false
#define KIND_CHANGE true
#define STATEMENT_KIND(name, kind, sql) [NRS_STATEMENT_##name] = KIND_##kind,
    NRS_STATEMENTS(STATEMENT_KIND)
#undef STATEMENT_KIND
#undef KIND_CHANGE
#undef KIND_READ
};

static const uint8_t zeros[NRS_KEY_SIZE];

nrs_error nrs_store_error_of(int code)
{
    if (code == SQLITE_IOERR_NOMEM) { /* an I/O error that is a failed allocation in disguise */
        return NRS_ERROR_NO_MEMORY;
    }
    switch (code & 0xff) { /* the low byte is the primary code of an extended one */
    case SQLITE_OK:
    case SQLITE_ROW:
    case SQLITE_DONE:
        return NRS_OK;
    case SQLITE_FULL:
    case SQLITE_IOERR:
    case SQLITE_READONLY:
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
        return NRS_ERROR_DISK;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return NRS_ERROR_DAMAGED;
    case SQLITE_NOMEM:
        return NRS_ERROR_NO_MEMORY;
    case SQLITE_CONSTRAINT:
        return NRS_ERROR_EXISTS;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return NRS_ERROR_BUSY;
    case SQLITE_TOOBIG:
        return NRS_ERROR_TOO_LARGE;
    default:
        return NRS_ERROR_INTERNAL;
    }
}

static void fail(nrs_query *query, nrs_error error)
{
    if (query->error == NRS_OK) {
        query->error = error;
    }
}

static void check(nrs_query *query, int code)
{
    fail(query, nrs_store_error_of(code));
}

nrs_query nrs_query_start(nrs_store *store, nrs_statement which)
{
    nrs_query query = {.store = store, .which = which, .error = NRS_OK};

    NRS_ASSERT(store != NULL);
    NRS_ASSERT(which < NRS_STATEMENT_COUNT);
    NRS_ASSERT(!store->in_use[which]);
    NRS_ASSERT(store->in_transaction || !changes[which]);

    query.statement = store->statements[which];
    query.error = store->transaction_error; /* SQLite may have rolled back already: a change must not commit alone */
    if (store->rollback_due && which != NRS_STATEMENT_ROLLBACK) {
        query.error = NRS_ERROR_NO_MEMORY;
    }
    store->in_use[which] = true;
    return query;
}

void nrs_query_bind_key64(nrs_query *query, int64_t value)
{
    check(query, sqlite3_bind_int64(query->statement, ++query->bound_count, value));
}

void nrs_query_bind_u64(nrs_query *query, uint64_t value)
{
    if (value > (uint64_t)INT64_MAX) { /* a number from outside: SQLite's integers are signed */
        fail(query, NRS_ERROR_TOO_LARGE);
        value = 0;
    }
    nrs_query_bind_key64(query, (int64_t)value);
}

void nrs_query_bind_bound(nrs_query *query, uint64_t value)
{
    nrs_query_bind_key64(query, value > (uint64_t)INT64_MAX ? INT64_MAX : (int64_t)value);
}

void nrs_query_bind_null(nrs_query *query)
{
    check(query, sqlite3_bind_null(query->statement, ++query->bound_count));
}

void nrs_query_bind_text(nrs_query *query, const char *text, size_t size_max)
{
    size_t size;

    NRS_ASSERT(text != NULL);
    NRS_ASSERT(size_max < INT32_MAX);
    size = strnlen(text, size_max + 1);
    if (size > size_max) {
        fail(query, NRS_ERROR_TOO_LARGE);
        size = 0;
    }
    check(query, sqlite3_bind_text(query->statement, ++query->bound_count, text, (int)size, SQLITE_STATIC));
}

void nrs_query_bind_slice(nrs_query *query, nrs_slice slice, size_t size_max)
{
    NRS_ASSERT(slice.data != NULL || slice.size == 0);
    NRS_ASSERT(size_max < INT32_MAX);
    if (slice.size > size_max) {
        fail(query, NRS_ERROR_TOO_LARGE);
        slice.size = 0;
    }
    /* A NULL pointer would bind NULL where an empty value is meant. */
    check(query, sqlite3_bind_blob(query->statement, ++query->bound_count, slice.size > 0 ? slice.data : zeros,
                                   (int)slice.size, SQLITE_STATIC));
}

void nrs_query_bind_fixed(nrs_query *query, const uint8_t *data, size_t size)
{
    NRS_ASSERT(data != NULL);
    nrs_query_bind_slice(query, nrs_slice_of(data, size), size);
}

bool nrs_query_step(nrs_query *query)
{
    int code;

    NRS_ASSERT(query->store->in_use[query->which]);
    if (query->error != NRS_OK) {
        return false;
    }
    NRS_ASSERT(sqlite3_bind_parameter_count(query->statement) == query->bound_count);
    code = sqlite3_step(query->statement);
    check(query, code);
    return code == SQLITE_ROW;
}

bool nrs_query_is_null(nrs_query *query, int column)
{
    return sqlite3_column_type(query->statement, column) == SQLITE_NULL;
}

uint64_t nrs_query_u64(nrs_query *query, int column)
{
    sqlite3_int64 value;

    if (sqlite3_column_type(query->statement, column) != SQLITE_INTEGER) {
        fail(query, NRS_ERROR_DAMAGED);
        return 0;
    }
    value = sqlite3_column_int64(query->statement, column);
    if (value < 0) {
        fail(query, NRS_ERROR_DAMAGED);
        return 0;
    }
    return (uint64_t)value;
}

uint32_t nrs_query_u32(nrs_query *query, int column)
{
    uint64_t value = nrs_query_u64(query, column);

    if (value > UINT32_MAX) {
        fail(query, NRS_ERROR_DAMAGED);
        return 0;
    }
    return (uint32_t)value;
}

nrs_slice nrs_query_slice(nrs_query *query, int column)
{
    const void *data;
    int size;

    if (sqlite3_column_type(query->statement, column) != SQLITE_BLOB) {
        fail(query, NRS_ERROR_DAMAGED);
        return nrs_slice_of(NULL, 0);
    }
    data = sqlite3_column_blob(query->statement, column);
    size = sqlite3_column_bytes(query->statement, column);
    if (data == NULL && size > 0) {
        fail(query, NRS_ERROR_NO_MEMORY);
        return nrs_slice_of(NULL, 0);
    }
    return nrs_slice_of(data, (size_t)size);
}

const uint8_t *nrs_query_fixed(nrs_query *query, int column, size_t size)
{
    nrs_slice slice = nrs_query_slice(query, column);

    NRS_ASSERT(size <= sizeof zeros);
    if (slice.size != size) {
        fail(query, NRS_ERROR_DAMAGED);
        return zeros;
    }
    return slice.data;
}

const char *nrs_query_text(nrs_query *query, int column)
{
    const unsigned char *text;

    if (sqlite3_column_type(query->statement, column) != SQLITE_TEXT) {
        fail(query, NRS_ERROR_DAMAGED);
        return "";
    }
    text = sqlite3_column_text(query->statement, column);
    if (text == NULL) {
        fail(query, NRS_ERROR_NO_MEMORY);
        return "";
    }
    return (const char *)text;
}

/* Of a failed change SQLite keeps the transaction only when the fault was in the data (a constraint, a bound); after a
 * fault of the disk or of memory it may be half rolled back, so no more of it may be committed. */
static bool breaks_transaction(const nrs_query *query)
{
    if (!query->store->in_transaction || query->error == NRS_OK) {
        return false;
    }
    return sqlite3_get_autocommit(query->store->database) != 0 ||
           (changes[query->which] && query->error != NRS_ERROR_EXISTS && query->error != NRS_ERROR_TOO_LARGE);
}

nrs_error nrs_query_end(nrs_query *query)
{
    nrs_store *store = query->store;

    NRS_ASSERT(store->in_use[query->which]);
    (void)sqlite3_reset(query->statement); /* repeats the error of the step, which is known */
    (void)sqlite3_clear_bindings(query->statement);
    store->in_use[query->which] = false;
    if (store->transaction_error == NRS_OK && breaks_transaction(query)) {
        store->transaction_error = query->error;
    }
    return query->error;
}

nrs_error nrs_query_end_kept(nrs_query *query, nrs_error outcome, nrs_bytes *kept, nrs_bytes *holder)
{
    nrs_error error = nrs_query_end(query);

    error = error == NRS_OK ? outcome : error;
    if (error == NRS_OK) {
        nrs_bytes_wipe(holder);
        *holder = *kept;
        *kept = (nrs_bytes){0};
    }
    nrs_bytes_wipe(kept);
    return error;
}

nrs_error nrs_query_run(nrs_query *query, size_t *changed_out)
{
    nrs_error error;

    if (nrs_query_step(query)) {
        fail(query, NRS_ERROR_INTERNAL);
    }
    error = nrs_query_end(query);
    if (error == NRS_OK && changed_out != NULL) {
        *changed_out = (size_t)sqlite3_changes(query->store->database);
    }
    return error;
}

nrs_error nrs_query_each(nrs_query *query, nrs_row_reader read, const void *closure)
{
    NRS_ASSERT(read != NULL);
    while (nrs_query_step(query)) {
        nrs_error error = read(query, closure);

        if (error == NRS_ERROR_LIMIT) {
            break;
        }
        if (error != NRS_OK) {
            fail(query, error);
        }
    }
    return nrs_query_end(query);
}

int64_t nrs_key64(nrs_slice id)
{
    uint64_t key = 0;

    NRS_ASSERT(id.data != NULL || id.size == 0);
    for (size_t i = 0; i < 8; i++) {
        key = (key << 8) | (i < id.size ? id.data[i] : 0u);
    }
    /* Turning the top bit maps 0 … 2^64-1 onto INT64_MIN … INT64_MAX in order. */
    return key >= (UINT64_C(1) << 63) ? (int64_t)(key - (UINT64_C(1) << 63)) : (int64_t)key + INT64_MIN;
}

nrs_error nrs_query_one_id(nrs_query *query, uint8_t id_out[NRS_HASH_SIZE])
{
    uint8_t found[NRS_HASH_SIZE] = {0};
    size_t count = 0;
    nrs_error error;

    NRS_ASSERT(id_out != NULL);
    while (count < 2 && nrs_query_step(query)) {
        memcpy(found, nrs_query_fixed(query, 0, NRS_HASH_SIZE), sizeof found);
        count++;
    }
    error = nrs_query_end(query);
    if (error == NRS_OK && count != 1) {
        error = count == 0 ? NRS_ERROR_NOT_FOUND : NRS_ERROR_AMBIGUOUS;
    }
    if (error == NRS_OK) {
        memcpy(id_out, found, sizeof found);
    }
    return error;
}
