/* A commit has returned when it is on the disk: not when the log of writes is in a cache that a power cut takes. */
#include "test_fixture.h"

#include <sqlite3.h>

#define VFS_NAME "counting"

/* The system's own, but for a count of what it makes durable. A database and its log have methods of two kinds. */
static struct kind {
    const sqlite3_io_methods *system;
    sqlite3_io_methods counted;
} kinds[4];
static sqlite3_vfs *system_vfs;
static size_t sync_count;

static int counted_sync(sqlite3_file *file, int flags)
{
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (file->pMethods == &kinds[i].counted) {
            sync_count++;
            return kinds[i].system->xSync(file, flags);
        }
    }
    return SQLITE_MISUSE;
}

static int counted_open(sqlite3_vfs *vfs, const char *path, sqlite3_file *file, int flags, int *flags_out)
{
    int code = system_vfs->xOpen(vfs, path, file, flags, flags_out);
    size_t kind = 0;

    if (code != SQLITE_OK) {
        return code;
    }
    while (kind < 3 && kinds[kind].system != NULL && kinds[kind].system != file->pMethods) {
        kind++;
    }
    kinds[kind].system = file->pMethods;
    kinds[kind].counted = *file->pMethods;
    kinds[kind].counted.xSync = counted_sync;
    file->pMethods = &kinds[kind].counted;
    return SQLITE_OK;
}

static nrs_store *open_counted(const fixture *f)
{
    static sqlite3_vfs counting;
    const nrs_store_options options = {.path = f->path, .vfs = VFS_NAME};
    nrs_store *store = NULL;

    if (system_vfs == NULL) {
        system_vfs = sqlite3_vfs_find(NULL);
        counting = *system_vfs;
        counting.zName = VFS_NAME;
        counting.xOpen = counted_open;
        assert_int_equal(sqlite3_vfs_register(&counting, 0), SQLITE_OK);
    }
    assert_int_equal(nrs_store_open(&store, &options, fixture_incarnation), NRS_OK);
    return store;
}

static void each_commit_is_synced(void **state)
{
    nrs_store *store = open_counted(*state);

    for (uint8_t i = 0; i < 20; i++) {
        size_t before = sync_count;

        assert_int_equal(nrs_store_begin(store), NRS_OK);
        assert_int_equal(nrs_store_meta_set(store, "name", nrs_slice_of(&i, 1)), NRS_OK);
        assert_int_equal(nrs_store_commit(store), NRS_OK);
        assert_true(sync_count > before);
    }
    nrs_store_close(&store);
}

/* Before pages are written into the database their log is durable, and before the log is begun anew the database is. */
static void a_checkpoint_is_synced(void **state)
{
    nrs_store *store = open_counted(*state);
    size_t before;

    assert_int_equal(nrs_store_begin(store), NRS_OK);
    assert_int_equal(nrs_store_meta_set(store, "name", nrs_slice_of("value", 5)), NRS_OK);
    assert_int_equal(nrs_store_commit(store), NRS_OK);
    before = sync_count;
    assert_int_equal(nrs_store_checkpoint(store), NRS_OK);
    assert_true(sync_count > before);
    nrs_store_close(&store);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(each_commit_is_synced, fixture_folder, fixture_teardown),
        cmocka_unit_test_setup_teardown(a_checkpoint_is_synced, fixture_folder, fixture_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
