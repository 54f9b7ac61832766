/* One prepared statement in use: bind in order, step, read columns, end. The first error sticks, so that a caller binds
 * everything and looks once. Private to this box. */
#ifndef STORE_QUERY_H
#define STORE_QUERY_H

#include <sqlite3.h>

#include "ids.h"
#include "statements.h"
#include "store/store.h"

/* Part of the log: what was appended after this position, up to where the next begins. */
typedef struct nrs_log_part {
    uint8_t incarnation[NRS_LOG_ID_SIZE];
    uint64_t after;
    bool within; /* it began while the store was open */
} nrs_log_part;

typedef struct nrs_log_parts {
    nrs_log_part list[NRS_LOG_PARTS_MAX]; /* in order; the last is the one that grows */
    size_t count;
} nrs_log_parts;

struct nrs_store {
    sqlite3 *database;
    sqlite3_stmt *statements[NRS_STATEMENT_COUNT];
    bool in_use[NRS_STATEMENT_COUNT]; /* a visitor that re-enters its own query is a programmer's mistake */
    bool in_transaction;
    bool rollback_due;           /* there was no memory to end a transaction: nothing is read or written until it has ended */
    nrs_error transaction_error; /* what broke the open transaction; it can then only be rolled back */
    uint64_t log_end, log_end_committed;
    uint64_t deferred_count, deferred_count_committed;
    uint64_t report_count;   /* of what list has; kept once it was asked for, and counted anew after a rollback */
    bool report_count_known;
    uint64_t letter_last;
    nrs_log_parts parts, parts_committed;
    bool part_unwritten, part_unwritten_committed; /* the newest part has no name in the file yet: nobody was told, nothing was appended */
    nrs_ids ids;
};

typedef struct nrs_query {
    nrs_store *store;
    sqlite3_stmt *statement;
    nrs_statement which;
    int bound_count;
    nrs_error error;
} nrs_query;

/* parts.c: of a store that is open and whose log's end is known. */
NRS_MUST_USE nrs_error nrs_store_parts_load(nrs_store *store);
void nrs_store_part_open(nrs_store *store, const uint8_t incarnation[NRS_LOG_ID_SIZE]);

/** The one place where SQLite's result codes become ours. */
nrs_error nrs_store_error_of(int code);
/** Before a database is opened: what its write-ahead log shows is made to stand on the disk (wal.c). vfs_name: NULL for the system's. */
NRS_MUST_USE nrs_error nrs_store_settle_wal(const char *path, const char *vfs_name);

nrs_query nrs_query_start(nrs_store *store, nrs_statement which);
/** Bind the next parameter. The bytes are borrowed until nrs_query_end. */
void nrs_query_bind_u64(nrs_query *query, uint64_t value); /* past INT64_MAX: NRS_ERROR_TOO_LARGE */
void nrs_query_bind_key64(nrs_query *query, int64_t value);
void nrs_query_bind_bound(nrs_query *query, uint64_t value); /* a bound of a range, clamped to INT64_MAX */
void nrs_query_bind_null(nrs_query *query);
void nrs_query_bind_text(nrs_query *query, const char *text, size_t size_max);
void nrs_query_bind_fixed(nrs_query *query, const uint8_t *data, size_t size);
void nrs_query_bind_slice(nrs_query *query, nrs_slice slice, size_t size_max);

/** The next row, if there is one. */
bool nrs_query_step(nrs_query *query);
/** Columns of the row; a value of another type, size or range than the schema promises is NRS_ERROR_DAMAGED. */
uint64_t nrs_query_u64(nrs_query *query, int column);
uint32_t nrs_query_u32(nrs_query *query, int column);
nrs_slice nrs_query_slice(nrs_query *query, int column);
const uint8_t *nrs_query_fixed(nrs_query *query, int column, size_t size); /* never NULL: zeros when damaged */
const char *nrs_query_text(nrs_query *query, int column);                  /* never NULL */
bool nrs_query_is_null(nrs_query *query, int column);

/** The hash in the only column of the only row, and end. NRS_ERROR_NOT_FOUND without a row; hash_out is untouched then. */
NRS_MUST_USE nrs_error nrs_query_hash(nrs_query *query, uint8_t hash_out[NRS_HASH_SIZE]);
/** Release the statement. Returns the first error of the query. */
NRS_MUST_USE nrs_error nrs_query_end(nrs_query *query);
/** Likewise of one row, whose variable parts were copied: into holder, or nowhere after a failure. outcome: of that, NRS_ERROR_NOT_FOUND where
 *  there was no row. In-out: kept: what was copied. */
NRS_MUST_USE nrs_error nrs_query_end_kept(nrs_query *query, nrs_error outcome, nrs_bytes *kept, nrs_bytes *holder);
/** Step a statement that gives no rows, then end it. changed_out: rows changed, may be NULL. */
NRS_MUST_USE nrs_error nrs_query_run(nrs_query *query, size_t *changed_out);
/** Step to the end, handing each row to read, and end. read answers NRS_ERROR_LIMIT to stop early without an error. */
typedef nrs_error (*nrs_row_reader)(nrs_query *query, const void *closure);
NRS_MUST_USE nrs_error nrs_query_each(nrs_query *query, nrs_row_reader read, const void *closure);
/** End a statement that gives ids, of which one is wanted. Returns: NRS_ERROR_NOT_FOUND for none, NRS_ERROR_AMBIGUOUS for more. */
NRS_MUST_USE nrs_error nrs_query_one_id(nrs_query *query, uint8_t id_out[NRS_HASH_SIZE]);

/** Read by what ids are found, and write what has come to it in this transaction (find.c). */
NRS_MUST_USE nrs_error nrs_ids_load(nrs_store *store);
NRS_MUST_USE nrs_error nrs_ids_save(nrs_store *store);
/** Whether every record and report is found by its id; else NRS_ERROR_DAMAGED. Reads them all. */
NRS_MUST_USE nrs_error nrs_ids_check(nrs_store *store);
/** The position of the report row with this id, 0 if there is none. */
NRS_MUST_USE nrs_error nrs_report_position(nrs_store *store, uint64_t *position_out, const uint8_t id[NRS_HASH_SIZE]);
/** A report's row now stands at a position: let it be found there. */
NRS_MUST_USE nrs_error nrs_report_placed(nrs_store *store, const uint8_t id[NRS_HASH_SIZE], uint64_t position);

/** The first eight bytes of an id, missing ones zero, as an integer whose signed order is the order of the bytes. */
int64_t nrs_key64(nrs_slice id);

#endif
