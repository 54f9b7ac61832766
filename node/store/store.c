/* Opening, transactions and upkeep of the file. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "proto/assert.h"
#include "query.h"
#include "schema.h"

enum { WAL_SIZE_MAX = 16 * 1024 * 1024, PATH_SIZE_MAX = 4096, PAGE_SIZE_MIN = 512 };

static const char *const statement_texts[NRS_STATEMENT_COUNT] = {
#define STATEMENT_TEXT(name, kind, sql) [NRS_STATEMENT_##name] = sql,
    NRS_STATEMENTS(STATEMENT_TEXT)
#undef STATEMENT_TEXT
};

static nrs_error execute(nrs_store *store, const char *sql)
{
    return nrs_store_error_of(sqlite3_exec(store->database, sql, NULL, NULL, NULL));
}

/* The first column of the only row of a pragma or count. */
static nrs_error read_number(nrs_store *store, int64_t *value_out, const char *sql)
{
    sqlite3_stmt *statement = NULL;
    int code = sqlite3_prepare_v2(store->database, sql, -1, &statement, NULL);

    if (code == SQLITE_OK) {
        code = sqlite3_step(statement);
    }
    if (code == SQLITE_ROW) {
        *value_out = sqlite3_column_int64(statement, 0);
    }
    (void)sqlite3_finalize(statement);
    if (code == SQLITE_DONE) {
        return NRS_ERROR_DAMAGED;
    }
    return nrs_store_error_of(code);
}

static nrs_error read_answer(nrs_store *store, const char *sql, const char *want, nrs_error otherwise)
{
    sqlite3_stmt *statement = NULL;
    nrs_error error = otherwise;
    int code = sqlite3_prepare_v2(store->database, sql, -1, &statement, NULL);

    if (code == SQLITE_OK) {
        code = sqlite3_step(statement);
    }
    if (code == SQLITE_ROW) {
        const unsigned char *answer = sqlite3_column_text(statement, 0);

        if (answer != NULL && strcmp((const char *)answer, want) == 0) {
            error = NRS_OK;
        }
    } else if (code != SQLITE_DONE) {
        error = nrs_store_error_of(code);
    }
    (void)sqlite3_finalize(statement);
    return error;
}

static nrs_error make_private(const char *path, const char *suffix)
{
    char name[PATH_SIZE_MAX];
    int size = snprintf(name, sizeof name, "%s%s", path, suffix);

    if (size < 0 || (size_t)size >= sizeof name) {
        return NRS_ERROR_TOO_LARGE;
    }
    if (access(name, F_OK) == 0 && chmod(name, S_IRUSR | S_IWUSR) != 0) {
        return NRS_ERROR_DISK;
    }
    return NRS_OK;
}

/* SQLite gives its companion files the mode of the database, so it is enough to make that file first. Files of an
 * earlier run with a wider mode are narrowed. */
static nrs_error prepare_file(const char *path)
{
    static const char *const suffixes[] = {"", "-wal", "-shm"};
    struct stat status;
    int file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, S_IRUSR | S_IWUSR);
    bool known;

    if (file < 0) {
        return NRS_ERROR_DISK;
    }
    known = fstat(file, &status) == 0;
    (void)close(file);
    if (!known) {
        return NRS_ERROR_DISK;
    }
    if (status.st_size > 0 && status.st_size < PAGE_SIZE_MIN) { /* SQLite would take some such files for empty ones */
        return NRS_ERROR_DAMAGED;
    }
    for (size_t i = 0; i < sizeof suffixes / sizeof suffixes[0]; i++) {
        nrs_error error = make_private(path, suffixes[i]);

        if (error != NRS_OK) {
            return error;
        }
    }
    return NRS_OK;
}

static nrs_error configure(nrs_store *store, const nrs_store_options *options)
{
    static const char *const pragmas[] = {
        "PRAGMA locking_mode = NORMAL", "PRAGMA foreign_keys = OFF",  "PRAGMA trusted_schema = OFF",
        "PRAGMA cell_size_check = ON",  "PRAGMA secure_delete = ON",  "PRAGMA wal_autocheckpoint = 0",
        "PRAGMA temp_store = MEMORY",
    };

    for (size_t i = 0; i < sizeof pragmas / sizeof pragmas[0]; i++) {
        nrs_error error = execute(store, pragmas[i]);

        if (error != NRS_OK) {
            return error;
        }
    }
    return execute(store, options->synchronous_off ? "PRAGMA synchronous = OFF" : "PRAGMA synchronous = FULL");
}

/* A crash between the switch to WAL and the schema leaves a database without a table: that is still a new one. */
static nrs_error recognise(nrs_store *store, bool *new_out)
{
    int64_t application = 0;
    int64_t version = 0;
    int64_t objects = 0;
    nrs_error error = read_number(store, &application, "PRAGMA application_id");

    if (error == NRS_OK) {
        error = read_number(store, &version, "PRAGMA user_version");
    }
    if (error == NRS_OK) {
        error = read_number(store, &objects, "SELECT count(*) FROM sqlite_schema");
    }
    if (error != NRS_OK) {
        return error;
    }
    *new_out = application == 0 && version == 0 && objects == 0;
    if (*new_out) {
        return NRS_OK;
    }
    if (application != NRS_STORE_APPLICATION_ID || version < 1) {
        return NRS_ERROR_DAMAGED;
    }
    if (version < NRS_STORE_VERSION) {
        return NRS_ERROR_OLDER_NODE; /* no version with another schema was released: there is nothing to carry over */
    }
    return version > NRS_STORE_VERSION ? NRS_ERROR_NEWER_NODE : NRS_OK;
}

static nrs_error create_schema(nrs_store *store)
{
    char sql[128];
    nrs_error error = execute(store, "BEGIN IMMEDIATE");

    if (error != NRS_OK) {
        return error;
    }
    (void)snprintf(sql, sizeof sql, "PRAGMA application_id = %d; PRAGMA user_version = %d;", NRS_STORE_APPLICATION_ID,
                   NRS_STORE_VERSION);
    error = execute(store, sql);
    if (error == NRS_OK) {
        error = execute(store, NRS_SCHEMA);
    }
    return error == NRS_OK ? execute(store, "COMMIT") : error; /* closing rolls back what failed */
}

static nrs_error prepare_statements(nrs_store *store)
{
    for (size_t i = 0; i < NRS_STATEMENT_COUNT; i++) {
        int code = sqlite3_prepare_v3(store->database, statement_texts[i], -1, SQLITE_PREPARE_PERSISTENT,
                                      &store->statements[i], NULL);

        if (code != SQLITE_OK) { /* SQLITE_ERROR: our version number, but not our tables */
            return code == SQLITE_ERROR ? NRS_ERROR_DAMAGED : nrs_store_error_of(code);
        }
    }
    return NRS_OK;
}

static nrs_error read_counter(nrs_store *store, uint64_t *value_out, nrs_statement which)
{
    nrs_query query = nrs_query_start(store, which);
    uint64_t value = nrs_query_step(&query) ? nrs_query_u64(&query, 0) : 0;
    nrs_error error = nrs_query_end(&query);

    if (error == NRS_OK) {
        *value_out = value;
    }
    return error;
}

static nrs_error load(nrs_store *store)
{
    nrs_error error = read_counter(store, &store->log_end, NRS_STATEMENT_LOG_END);

    if (error == NRS_OK) {
        error = read_counter(store, &store->deferred_count, NRS_STATEMENT_DEFERRED_COUNT);
    }
    if (error == NRS_OK) {
        error = nrs_ids_load(store);
    }
    store->log_end_committed = store->log_end;
    store->deferred_count_committed = store->deferred_count;
    return error == NRS_OK ? nrs_store_parts_load(store) : error;
}

static nrs_error open_database(nrs_store *store, const nrs_store_options *options,
                               const uint8_t incarnation[NRS_LOG_ID_SIZE])
{
    bool new = false;
    /* Before SQLite starts, for the whole process: no statistics of its allocator, whose lock is taken at each allocation.
     * Once it runs the call is refused, which changes nothing but speed. */
    int quick = sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
    nrs_error error;

    NRS_ASSERT(quick == SQLITE_OK || quick == SQLITE_MISUSE);
    error = nrs_store_settle_wal(options->path, options->vfs);
    if (error != NRS_OK) {
        return error;
    }
    error = nrs_store_error_of(sqlite3_open_v2(options->path, &store->database, flags, options->vfs));

    if (error == NRS_OK) {
        error = nrs_store_error_of(sqlite3_busy_timeout(store->database, 0));
    }
    if (error == NRS_OK) {
        error = configure(store, options);
    }
    if (error == NRS_OK) {
        error = recognise(store, &new);
    }
    if (error == NRS_OK && new) {
        error = execute(store, "PRAGMA page_size = 8192");
    }
    if (error == NRS_OK) {
        error = read_answer(store, "PRAGMA journal_mode = WAL", "wal", NRS_ERROR_DISK);
    }
    if (error == NRS_OK) { /* in KiB, but SQLite counts pages by the size that it knew then: only now is it the file's own */
        error = execute(store, "PRAGMA cache_size = -8192");
    }
    if (error == NRS_OK && new) {
        error = create_schema(store);
    }
    if (error == NRS_OK) {
        error = prepare_statements(store);
    }
    if (error == NRS_OK) {
        error = nrs_store_error_of(sqlite3_db_config(store->database, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL));
    }
    if (error == NRS_OK) {
        error = load(store);
    }
    if (error == NRS_OK) {
        nrs_store_part_open(store, incarnation);
    }
    return error;
}

nrs_error nrs_store_open(nrs_store **store_out, const nrs_store_options *options,
                         const uint8_t incarnation[NRS_LOG_ID_SIZE])
{
    nrs_error error = NRS_OK;
    nrs_store *store = NULL;

    NRS_ASSERT(store_out != NULL);
    NRS_ASSERT(options != NULL && options->path != NULL);
    NRS_ASSERT(incarnation != NULL);

    store = calloc(1, sizeof *store);
    if (store == NULL) {
        return NRS_ERROR_NO_MEMORY;
    }
    if (options->vfs == NULL) { /* another VFS has its own idea of files and modes */
        error = prepare_file(options->path);
    }
    if (error == NRS_OK) {
        error = open_database(store, options, incarnation);
    }
    if (error != NRS_OK) {
        nrs_store_close(&store);
        return error;
    }
    *store_out = store;
    return NRS_OK;
}

void nrs_store_close(nrs_store **store)
{
    NRS_ASSERT(store != NULL);
    if (*store == NULL) {
        return;
    }
    for (size_t i = 0; i < NRS_STATEMENT_COUNT; i++) {
        NRS_ASSERT(!(*store)->in_use[i]);
        (void)sqlite3_finalize((*store)->statements[i]);
    }
    (void)sqlite3_close((*store)->database); /* rolls an open transaction back */
    nrs_ids_wipe(&(*store)->ids);
    free(*store);
    *store = NULL;
}

nrs_error nrs_store_begin(nrs_store *store)
{
    nrs_query query;
    nrs_error error;

    NRS_ASSERT(store != NULL);
    NRS_ASSERT(!store->in_transaction);
    if (store->rollback_due) {
        nrs_store_rollback(store);
    }
    query = nrs_query_start(store, NRS_STATEMENT_BEGIN);
    error = nrs_query_run(&query, NULL);
    store->in_transaction = error == NRS_OK;
    return error;
}

uint64_t nrs_store_changes(const nrs_store *store)
{
    NRS_ASSERT(store != NULL);
    return (uint64_t)sqlite3_total_changes64(store->database);
}

nrs_error nrs_store_commit(nrs_store *store)
{
    nrs_query query;
    nrs_error error;

    NRS_ASSERT(store != NULL);
    NRS_ASSERT(store->in_transaction);
    error = store->transaction_error == NRS_OK ? nrs_ids_save(store) : store->transaction_error;
    if (error == NRS_OK) {
        query = nrs_query_start(store, NRS_STATEMENT_COMMIT);
        error = nrs_query_run(&query, NULL);
    }
    if (error != NRS_OK) {
        nrs_store_rollback(store);
        return error;
    }
    store->in_transaction = false;
    store->log_end_committed = store->log_end;
    store->deferred_count_committed = store->deferred_count;
    store->parts_committed = store->parts;
    store->part_unwritten_committed = store->part_unwritten;
    store->ids.committed = store->ids.count;
    return NRS_OK;
}

void nrs_store_rollback(nrs_store *store)
{
    NRS_ASSERT(store != NULL);
    store->transaction_error = NRS_OK;
    if (sqlite3_get_autocommit(store->database) == 0) { /* else SQLite has rolled back by itself */
        nrs_query query = nrs_query_start(store, NRS_STATEMENT_ROLLBACK);
        nrs_error error = nrs_query_run(&query, NULL);

        (void)error; /* an I/O error here still ends the transaction; without memory it may be left to be ended later */
    }
    store->rollback_due = sqlite3_get_autocommit(store->database) == 0;
    store->in_transaction = false;
    store->transaction_error = NRS_OK;
    store->log_end = store->log_end_committed;
    store->deferred_count = store->deferred_count_committed;
    store->report_count_known = false;
    store->parts = store->parts_committed;
    store->part_unwritten = store->part_unwritten_committed;
    nrs_ids_cut(&store->ids, store->ids.committed);
}

static bool wal_is_long(nrs_store *store)
{
    sqlite3_file *file = NULL;
    sqlite3_int64 size = 0;

    if (sqlite3_file_control(store->database, "main", SQLITE_FCNTL_JOURNAL_POINTER, &file) != SQLITE_OK ||
        file == NULL || file->pMethods == NULL || file->pMethods->xFileSize(file, &size) != SQLITE_OK) {
        return false;
    }
    return size > WAL_SIZE_MAX;
}

nrs_error nrs_store_checkpoint(nrs_store *store)
{
    int mode;
    int code;

    NRS_ASSERT(store != NULL);
    NRS_ASSERT(!store->in_transaction);
    mode = wal_is_long(store) ? SQLITE_CHECKPOINT_TRUNCATE : SQLITE_CHECKPOINT_PASSIVE;
    code = sqlite3_wal_checkpoint_v2(store->database, "main", mode, NULL, NULL);
    if ((code & 0xff) == SQLITE_BUSY) { /* another process reads: what could be moved was moved, the rest waits */
        return NRS_OK;
    }
    return nrs_store_error_of(code);
}

nrs_error nrs_store_check(nrs_store *store)
{
    nrs_error error;

    NRS_ASSERT(store != NULL);
    error = read_answer(store, "PRAGMA integrity_check(1)", "ok", NRS_ERROR_DAMAGED);
    return error == NRS_OK ? nrs_ids_check(store) : error;
}
