#include "test_fixture.h"

#include <fcntl.h>
#include <signal.h>
#include <sqlite3.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

static nrs_error put(nrs_store *store, uint64_t seed, nrs_slice record)
{
    const test_id id = random_id(seed);
    const nrs_log_row row = {.type = 1, .id = id.bytes, .record = record, .owner = nrs_slice_of(id.bytes, 32)};
    uint64_t position = 0;

    return nrs_store_log_append(store, &position, &row);
}

static uint64_t find(nrs_store *store, uint64_t seed)
{
    const test_id id = random_id(seed);
    uint64_t position = 0;

    assert_int_equal(nrs_store_log_find(store, &position, id.bytes), NRS_OK);
    return position;
}

static void execute(const char *path, const char *sql)
{
    sqlite3 *database = NULL;

    assert_int_equal(sqlite3_open(path, &database), SQLITE_OK);
    assert_int_equal(sqlite3_exec(database, sql, NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_close(database), SQLITE_OK);
}

static off_t size_of(const char *path, const char *suffix)
{
    char name[128];
    struct stat status;

    (void)snprintf(name, sizeof name, "%s%s", path, suffix);
    return stat(name, &status) == 0 ? status.st_size : -1;
}

static void files_are_for_the_owner_alone(void **state)
{
    static const char *const suffixes[] = {"", "-wal", "-shm"};
    fixture *f = *state;
    const mode_t before = umask(0);

    assert_int_equal(fixture_open(f), NRS_OK);
    nrs_store_close(&f->store);
    assert_int_equal(chmod(f->path, 0644), 0); /* as after a careless copy */
    assert_int_equal(fixture_open(f), NRS_OK);
    assert_int_equal(nrs_store_begin(f->store), NRS_OK);
    assert_int_equal(nrs_store_meta_set(f->store, "n", text("v")), NRS_OK);
    assert_int_equal(nrs_store_commit(f->store), NRS_OK);
    (void)umask(before);
    for (size_t i = 0; i < 3; i++) {
        char name[128];
        struct stat status;

        (void)snprintf(name, sizeof name, "%s%s", f->path, suffixes[i]);
        assert_int_equal(stat(name, &status), 0);
        assert_int_equal(status.st_mode & 0777, 0600);
    }
}

static void no_folder_is_an_error_of_the_disk(void **state)
{
    const nrs_store_options options = {.path = "/nowhere/at/all/node.db"};
    nrs_store *store = NULL;

    (void)state;
    assert_int_equal(nrs_store_open(&store, &options, fixture_incarnation), NRS_ERROR_DISK);
    assert_null(store);
}

static void write_file(const char *path, const void *data, size_t size)
{
    FILE *file = fopen(path, "wb");

    assert_non_null(file);
    assert_int_equal(fwrite(data, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
}

static void garbage_is_damaged(void **state)
{
    static const size_t sizes[] = {1, 99, 511, 512, 4096, 100000};
    fixture *f = *state;
    static uint8_t garbage[100000];

    memset(garbage, 0x5a, sizeof garbage);
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        print_message("  %zu bytes\n", sizes[i]);
        write_file(f->path, garbage, sizes[i]);
        assert_int_equal(fixture_open(f), NRS_ERROR_DAMAGED);
        assert_null(f->store);
        assert_int_equal(size_of(f->path, ""), sizes[i]); /* left as it was, for whoever put it there */
    }
}

static void another_database_is_refused(void **state)
{
    static const struct other_case {
        const char *name, *sql;
        nrs_error want;
    } cases[] = {
        {"one with tables of its own", "CREATE TABLE t(x)", NRS_ERROR_DAMAGED},
        {"one of another application", "PRAGMA application_id = 7", NRS_ERROR_DAMAGED},
        {"ours without a version", "PRAGMA application_id = 1313821263; CREATE TABLE t(x)", NRS_ERROR_DAMAGED},
        {"ours without tables", "PRAGMA application_id = 1313821263; PRAGMA user_version = 8", NRS_ERROR_DAMAGED},
        {"ours, older", "PRAGMA application_id = 1313821263; PRAGMA user_version = 1", NRS_ERROR_OLDER_NODE},
        {"ours, newer", "PRAGMA application_id = 1313821263; PRAGMA user_version = 9", NRS_ERROR_NEWER_NODE},
        {"only switched to WAL: new", "PRAGMA journal_mode = WAL", NRS_OK},
        {"empty: new", "SELECT 1", NRS_OK},
    };
    fixture *f = *state;

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        print_message("  %s\n", cases[i].name);
        (void)unlink(f->path);
        execute(f->path, cases[i].sql);
        assert_int_equal(fixture_open(f), cases[i].want);
        nrs_store_close(&f->store);
    }
}

static void a_newer_version_is_refused_untouched(void **state)
{
    fixture *f = *state;

    nrs_store_close(&f->store);
    execute(f->path, "PRAGMA user_version = 9");
    assert_int_equal(fixture_open(f), NRS_ERROR_NEWER_NODE);
    execute(f->path, "PRAGMA user_version = 8");
    assert_int_equal(fixture_open(f), NRS_OK);
}

/* A store that would take for new what it has already. */
static void ids_that_are_missing_or_cut_are_damage(void **state)
{
    static const struct ids_case {
        const char *name, *sql;
        nrs_error want;
    } cases[] = {
        {"as they were", "SELECT 1", NRS_OK},
        {"the newest gone", "DELETE FROM ids WHERE number = (SELECT max(number) FROM ids)", NRS_ERROR_DAMAGED},
        {"half an entry", "UPDATE ids SET entries = substr(entries, 1, 8)", NRS_ERROR_DAMAGED},
        {"an entry for no place", "UPDATE ids SET entries = zeroblob(16)", NRS_ERROR_DAMAGED},
        {"no bytes", "UPDATE ids SET entries = 7", NRS_ERROR_DAMAGED},
    };
    fixture *f = *state;

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        print_message("  %s\n", cases[i].name);
        for (uint64_t j = 0; j < 3; j++) {
            assert_int_equal(nrs_store_begin(f->store), NRS_OK);
            assert_int_equal(put(f->store, 10 * i + j, text("bytes")), NRS_OK);
            assert_int_equal(nrs_store_commit(f->store), NRS_OK);
        }
        nrs_store_close(&f->store);
        execute(f->path, "CREATE TABLE IF NOT EXISTS kept AS SELECT * FROM ids; DELETE FROM kept; INSERT INTO kept SELECT * FROM ids;");
        execute(f->path, cases[i].sql);
        assert_int_equal(fixture_open(f), cases[i].want);
        nrs_store_close(&f->store);
        execute(f->path, "DELETE FROM ids; INSERT INTO ids SELECT * FROM kept;");
        assert_int_equal(fixture_open(f), NRS_OK);
    }
}

static void a_truncated_database_is_damaged(void **state)
{
    fixture *f = *state;
    uint8_t record[3000] = {1};
    off_t size;

    assert_int_equal(nrs_store_begin(f->store), NRS_OK);
    for (uint64_t i = 0; i < 100; i++) {
        assert_int_equal(put(f->store, i, nrs_slice_of(record, sizeof record)), NRS_OK);
    }
    assert_int_equal(nrs_store_commit(f->store), NRS_OK);
    nrs_store_close(&f->store);
    size = size_of(f->path, "");
    assert_true(size > 300000);
    assert_int_equal(truncate(f->path, size / 2), 0);
    assert_int_equal(fixture_open(f), NRS_ERROR_DAMAGED);
}

static void check_finds_a_spoiled_page(void **state)
{
    fixture *f = *state;
    uint8_t junk[8192]; /* a page */
    int file;

    memset(junk, 0xee, sizeof junk);
    assert_int_equal(nrs_store_begin(f->store), NRS_OK);
    for (uint64_t i = 0; i < 2000; i++) {
        assert_int_equal(put(f->store, i, text("record")), NRS_OK);
    }
    assert_int_equal(nrs_store_commit(f->store), NRS_OK);
    nrs_store_close(&f->store);
    file = open(f->path, O_WRONLY);
    assert_true(file >= 0);
    assert_int_equal(pwrite(file, junk, sizeof junk, size_of(f->path, "") / 2 / (off_t)sizeof junk * (off_t)sizeof junk), sizeof junk);
    assert_int_equal(close(file), 0);
    assert_int_equal(fixture_open(f), NRS_OK);
    assert_int_equal(nrs_store_check(f->store), NRS_ERROR_DAMAGED);
}

/* A child that writes and is killed; the parent looks at what is left. */
static void killed(fixture *f, bool commit)
{
    int ready[2];
    char byte = 0;
    int status = 0;
    pid_t child;

    assert_int_equal(pipe(ready), 0);
    child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        bool good = fixture_open(f) == NRS_OK && nrs_store_begin(f->store) == NRS_OK;

        for (uint64_t i = 0; good && i < 500; i++) {
            good = put(f->store, i, text("record")) == NRS_OK;
        }
        good = good && (!commit || nrs_store_commit(f->store) == NRS_OK);
        if (good) {
            (void)!write(ready[1], "r", 1);
            for (;;) {
                (void)pause();
            }
        }
        _exit(1);
    }
    assert_int_equal(close(ready[1]), 0);
    assert_int_equal(read(ready[0], &byte, 1), 1);
    assert_int_equal(kill(child, SIGKILL), 0);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(close(ready[0]), 0);
}

static void killed_before_the_commit_nothing_is_there(void **state)
{
    fixture *f = *state;

    killed(f, false);
    assert_int_equal(fixture_open(f), NRS_OK);
    assert_int_equal(nrs_store_log_end(f->store), 0);
    assert_int_equal(find(f->store, 0), 0);
    assert_int_equal(nrs_store_check(f->store), NRS_OK);
}

static void killed_after_the_commit_everything_is_there(void **state)
{
    fixture *f = *state;

    killed(f, true);
    assert_int_equal(fixture_open(f), NRS_OK);
    assert_int_equal(nrs_store_log_end(f->store), 500);
    for (uint64_t i = 0; i < 500; i++) {
        assert_int_equal(find(f->store, i), i + 1);
    }
    assert_int_equal(nrs_store_check(f->store), NRS_OK);
}

static void set_file_limit(rlim_t bytes)
{
    struct rlimit limit;

    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = bytes < limit.rlim_max ? bytes : limit.rlim_max;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

/* Little more fits into the WAL. A transaction within the page cache meets that at its commit; a larger one spills the
 * cache, and meets it in a change. */
static void a_full_disk(fixture *f, size_t record_size, size_t record_count, bool expect_in_change)
{
    uint8_t *record = calloc(1, record_size);
    nrs_error changed = NRS_OK;
    nrs_error committed;

    assert_non_null(record);
    assert_int_equal(nrs_store_begin(f->store), NRS_OK);
    assert_int_equal(put(f->store, 1, text("before")), NRS_OK);
    assert_int_equal(nrs_store_commit(f->store), NRS_OK);

    set_file_limit((rlim_t)size_of(f->path, "-wal") + 8192);
    assert_int_equal(nrs_store_begin(f->store), NRS_OK);
    for (size_t i = 0; changed == NRS_OK && i < record_count; i++) {
        changed = put(f->store, 100 + i, nrs_slice_of(record, record_size));
    }
    assert_int_equal(changed, expect_in_change ? NRS_ERROR_DISK : NRS_OK);
    if (expect_in_change) { /* nothing more goes in, and nothing of it can be committed */
        assert_int_equal(nrs_store_meta_set(f->store, "late", text("v")), NRS_ERROR_DISK);
    }
    committed = nrs_store_commit(f->store);
    assert_int_equal(committed, NRS_ERROR_DISK);
    nrs_store_rollback(f->store);
    assert_int_equal(nrs_store_log_end(f->store), 1);
    assert_int_equal(find(f->store, 100), 0);

    set_file_limit(RLIM_INFINITY);
    assert_int_equal(nrs_store_begin(f->store), NRS_OK);
    assert_int_equal(put(f->store, 2, text("after")), NRS_OK);
    assert_int_equal(nrs_store_commit(f->store), NRS_OK);
    fixture_reopen(f);
    assert_int_equal(nrs_store_log_end(f->store), 2);
    assert_int_equal(find(f->store, 1), 1);
    assert_int_equal(find(f->store, 2), 2);
    assert_int_equal(find(f->store, 100), 0);
    assert_int_equal(nrs_store_check(f->store), NRS_OK);
    free(record);
}

static void a_full_disk_at_the_commit(void **state)
{
    a_full_disk(*state, 60000, 4, false);
}

static void a_full_disk_in_a_change(void **state)
{
    a_full_disk(*state, NRS_RECORD_SIZE_MAX, 100, true);
}

static void a_full_disk_at_the_checkpoint_loses_nothing(void **state)
{
    fixture *f = *state;
    static const uint8_t record[200000];

    assert_int_equal(nrs_store_begin(f->store), NRS_OK);
    assert_int_equal(put(f->store, 1, nrs_slice_of(record, sizeof record)), NRS_OK);
    assert_int_equal(nrs_store_commit(f->store), NRS_OK);
    set_file_limit((rlim_t)size_of(f->path, "") + 4096);
    assert_int_equal(nrs_store_checkpoint(f->store), NRS_ERROR_DISK);
    assert_int_equal(find(f->store, 1), 1);
    set_file_limit(RLIM_INFINITY);
    assert_int_equal(nrs_store_checkpoint(f->store), NRS_OK);
    fixture_reopen(f);
    assert_int_equal(find(f->store, 1), 1);
    assert_int_equal(nrs_store_check(f->store), NRS_OK);
}

static void the_wal_is_bounded(void **state)
{
    enum { MIB = 1024 * 1024 };
    fixture *f = *state;
    static const uint8_t record[400000];

    for (uint64_t i = 0; i < 50; i++) {
        assert_int_equal(nrs_store_begin(f->store), NRS_OK);
        assert_int_equal(put(f->store, i, nrs_slice_of(record, sizeof record)), NRS_OK);
        assert_int_equal(nrs_store_commit(f->store), NRS_OK);
        if (i == 9) {
            off_t before = size_of(f->path, "-wal");

            assert_true(before > 3 * MIB); /* no commit checkpoints by itself */
            assert_int_equal(nrs_store_checkpoint(f->store), NRS_OK);
            assert_int_equal(size_of(f->path, "-wal"), before); /* the usual one leaves the file to be reused */
        }
    }
    assert_int_equal(nrs_store_begin(f->store), NRS_OK);
    assert_int_equal(put(f->store, 50, nrs_slice_of(record, sizeof record)), NRS_OK);
    nrs_store_rollback(f->store);
    assert_true(size_of(f->path, "-wal") > 16 * MIB - 4 * MIB);
    while (size_of(f->path, "-wal") <= 16 * MIB) {
        assert_int_equal(nrs_store_begin(f->store), NRS_OK);
        assert_int_equal(put(f->store, 1000 + nrs_store_log_end(f->store), nrs_slice_of(record, sizeof record)), NRS_OK);
        assert_int_equal(nrs_store_commit(f->store), NRS_OK);
    }
    assert_int_equal(nrs_store_checkpoint(f->store), NRS_OK);
    assert_int_equal(size_of(f->path, "-wal"), 0);
}

static void another_process_with_the_lock_is_busy(void **state)
{
    fixture *f = *state;
    sqlite3 *other = NULL;

    assert_int_equal(sqlite3_open(f->path, &other), SQLITE_OK);
    assert_int_equal(sqlite3_exec(other, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(nrs_store_begin(f->store), NRS_ERROR_BUSY);
    assert_int_equal(sqlite3_exec(other, "ROLLBACK", NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(nrs_store_begin(f->store), NRS_OK);
    assert_int_equal(nrs_store_commit(f->store), NRS_OK);
    assert_int_equal(sqlite3_close(other), SQLITE_OK);
}

static void a_change_without_a_transaction_is_a_mistake(void **state)
{
    fixture *f = *state;
    int status = 0;
    pid_t child = fork();

    assert_true(child >= 0);
    if (child == 0) {
        (void)close(STDERR_FILENO);
        (void)signal(SIGABRT, SIG_DFL);
        if (nrs_store_meta_set(f->store, "n", text("v")) == NRS_OK) {
            _exit(0);
        }
        _exit(1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
}

static void named_numbers(void **state)
{
    fixture *f = *state;
    uint64_t number = 7;
    bool there = true;

    assert_int_equal(nrs_store_meta_number_get(f->store, "absent", &number, &there), NRS_OK);
    assert_true(number == 0 && !there);
    assert_int_equal(nrs_store_begin(f->store), NRS_OK);
    assert_int_equal(nrs_store_meta_number_set(f->store, "n", UINT64_MAX - 1), NRS_OK);
    assert_int_equal(nrs_store_meta_number_set(f->store, "zero", 0), NRS_OK);
    assert_int_equal(nrs_store_meta_set(f->store, "text", text("text")), NRS_OK);
    assert_int_equal(nrs_store_commit(f->store), NRS_OK);
    assert_int_equal(nrs_store_meta_number_get(f->store, "n", &number, NULL), NRS_OK);
    assert_true(number == UINT64_MAX - 1);
    assert_int_equal(nrs_store_meta_number_get(f->store, "zero", &number, &there), NRS_OK);
    assert_true(number == 0 && there);
    number = 7;
    assert_int_equal(nrs_store_meta_number_get(f->store, "text", &number, NULL), NRS_ERROR_DAMAGED);
    assert_true(number == 7);
}

static void named_values(void **state)
{
    fixture *f = *state;
    static const uint8_t large[64 * 1024 + 1];
    nrs_bytes value = {0};

    assert_int_equal(nrs_store_meta_get(f->store, "absent", &value), NRS_OK);
    assert_int_equal(value.size, 0);
    assert_int_equal(nrs_store_begin(f->store), NRS_OK);
    assert_int_equal(nrs_store_meta_set(f->store, "n", text("first")), NRS_OK);
    assert_int_equal(nrs_store_meta_set(f->store, "n", text("second")), NRS_OK);
    assert_int_equal(nrs_store_meta_set(f->store, "empty", text("")), NRS_OK);
    assert_int_equal(nrs_store_meta_set(f->store, "n", nrs_slice_of(large, sizeof large)), NRS_ERROR_TOO_LARGE);
    assert_int_equal(nrs_store_meta_set(f->store, "large", nrs_slice_of(large, sizeof large - 1)), NRS_OK);
    assert_int_equal(nrs_store_commit(f->store), NRS_OK);
    fixture_reopen(f);
    assert_int_equal(nrs_store_meta_get(f->store, "n", &value), NRS_OK);
    assert_slice(nrs_slice_of_bytes(&value), "second");
    assert_int_equal(nrs_store_meta_get(f->store, "large", &value), NRS_OK);
    assert_int_equal(value.size, sizeof large - 1);
    assert_int_equal(nrs_store_meta_get(f->store, "empty", &value), NRS_OK);
    assert_int_equal(value.size, 0);
    nrs_bytes_wipe(&value);
}

static void positions_of_links(void **state)
{
    fixture *f = *state;
    const test_id peer = random_id(1);
    const test_id other = random_id(2);
    const uint8_t none[NRS_LOG_ID_SIZE] = {0};
    const uint8_t one[NRS_LOG_ID_SIZE] = {1};
    const uint8_t two[NRS_LOG_ID_SIZE] = {2};
    uint8_t incarnation[NRS_LOG_ID_SIZE] = {7};
    uint64_t position = 7;

    assert_int_equal(nrs_store_sent_get(f->store, &position, peer.bytes), NRS_OK);
    assert_int_equal(position, 0);
    position = 7;
    assert_int_equal(nrs_store_held_get(f->store, incarnation, &position, peer.bytes), NRS_OK);
    assert_int_equal(position, 0);
    assert_memory_equal(incarnation, none, sizeof none);
    assert_int_equal(nrs_store_begin(f->store), NRS_OK);
    assert_int_equal(nrs_store_sent_set(f->store, peer.bytes, 5), NRS_OK);
    assert_int_equal(nrs_store_sent_set(f->store, peer.bytes, 6), NRS_OK);
    assert_int_equal(nrs_store_sent_set(f->store, peer.bytes, UINT64_MAX), NRS_ERROR_TOO_LARGE);
    assert_int_equal(nrs_store_held_set(f->store, peer.bytes, one, 50), NRS_OK);
    assert_int_equal(nrs_store_held_set(f->store, peer.bytes, two, 3), NRS_OK);
    assert_int_equal(nrs_store_commit(f->store), NRS_OK);
    fixture_reopen(f);
    assert_int_equal(nrs_store_sent_get(f->store, &position, peer.bytes), NRS_OK);
    assert_int_equal(position, 6);
    assert_int_equal(nrs_store_held_get(f->store, incarnation, &position, peer.bytes), NRS_OK);
    assert_int_equal(position, 3);
    assert_memory_equal(incarnation, two, sizeof two);
    assert_int_equal(nrs_store_sent_get(f->store, &position, other.bytes), NRS_OK);
    assert_int_equal(position, 0);
}

int main(void)
{
#define OPENED(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
#define FOLDER(name) cmocka_unit_test_setup_teardown(name, fixture_folder, fixture_teardown)
    const struct CMUnitTest tests[] = {
        FOLDER(files_are_for_the_owner_alone),
        cmocka_unit_test(no_folder_is_an_error_of_the_disk),
        FOLDER(garbage_is_damaged),
        FOLDER(another_database_is_refused),
        OPENED(a_newer_version_is_refused_untouched),
        OPENED(ids_that_are_missing_or_cut_are_damage),
        OPENED(a_truncated_database_is_damaged),
        OPENED(check_finds_a_spoiled_page),
        FOLDER(killed_before_the_commit_nothing_is_there),
        FOLDER(killed_after_the_commit_everything_is_there),
        OPENED(a_full_disk_at_the_commit),
        OPENED(a_full_disk_in_a_change),
        OPENED(a_full_disk_at_the_checkpoint_loses_nothing),
        OPENED(the_wal_is_bounded),
        OPENED(another_process_with_the_lock_is_busy),
        OPENED(a_change_without_a_transaction_is_a_mistake),
        OPENED(named_values),
        OPENED(named_numbers),
        OPENED(positions_of_links),
    };
#undef FOLDER
#undef OPENED

    (void)signal(SIGXFSZ, SIG_IGN); /* a write past the limit then fails like one on a full disk */
    return cmocka_run_group_tests(tests, NULL, NULL);
}
