/* What a report costs a hub's store when it holds a million, against what it costs with a thousand. */
#include <fcntl.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "mesh.h"
#include "store/store.h"

enum {
    SMALL_COUNT = 1000,
    LARGE_COUNT = 1000000,
    QUICK_SMALL_COUNT = 64,
    QUICK_LARGE_COUNT = 1280,
    FILL_BATCH = 512,
    BATCH = 64,
    BATCH_COUNT = 64,
    QUICK_BATCH_COUNT = 3,
    CHECKPOINT_BATCHES = 16, /* about what passes a busy hub from one checkpoint to the next */
    SEALED_SIZE = 1600,
    TABLE_SIZE = 190,
    RECORD_SEALED = 1
};

#define RECEIVED_MS 1700000000000ull
#define LIFE_MS 604800000ull

/* One report as a hub takes it: looked for by its id, then kept with the table of its first slots, in one row. */
static int add_report(nrs_store *store, uint64_t number)
{
    static const uint8_t record[SEALED_SIZE], table[TABLE_SIZE];
    uint8_t id[NRS_HASH_SIZE], source[NRS_KEY_SIZE] = {1};
    uint64_t position = 0;
    nrs_log_row row = {.type = RECORD_SEALED,
                       .id = id,
                       .record = nrs_slice_of(record, SEALED_SIZE),
                       .slots = nrs_slice_of(table, TABLE_SIZE),
                       .source = nrs_slice_of(source, sizeof source),
                       .owner = nrs_slice_of(id, sizeof id),
                       .received_ms = RECEIVED_MS + number,
                       .expires_ms = RECEIVED_MS + number + LIFE_MS};

    randombytes_buf(id, sizeof id);
    return nrs_store_log_find(store, &position, id) != NRS_OK || position != 0 ||
           nrs_store_log_append_not_found(store, &position, &row) != NRS_OK;
}

/* A transaction of so many, and how far both links are after it. */
static int add_batch(nrs_store *store, uint64_t first, size_t count)
{
    static const uint8_t peer[NRS_KEY_SIZE] = {2};
    static const uint8_t incarnation[NRS_LOG_ID_SIZE] = {3};
    int failed = nrs_store_begin(store) != NRS_OK;

    for (size_t i = 0; failed == 0 && i < count; i++) {
        failed = add_report(store, first + i);
    }
    return failed || nrs_store_held_set(store, peer, incarnation, first + count) != NRS_OK ||
           nrs_store_sent_set(store, peer, first) != NRS_OK || nrs_store_commit(store) != NRS_OK;
}

static int open_store(nrs_store **store_out, const char *path, int synchronous_off)
{
    const nrs_store_options options = {.path = path, .synchronous_off = synchronous_off};
    const uint8_t incarnation[NRS_LOG_ID_SIZE] = {4};

    return nrs_store_open(store_out, &options, incarnation) == NRS_OK ? 0 : 1;
}

/* What was filled in must not be what the first measured checkpoint waits for. */
static int sync_file(const char *path)
{
    int fd = open(path, O_RDWR | O_CLOEXEC);
    int failed = fd < 0 || fsync(fd) != 0;

    if (fd >= 0) {
        (void)close(fd);
    }
    return failed;
}

/* Filled without syncing, measured with it. */
static int make_store(nrs_store **store_out, const char *path, size_t count)
{
    nrs_store *store = NULL;
    int failed = open_store(&store, path, 1);

    for (size_t done = 0; failed == 0 && done < count; done += FILL_BATCH) {
        failed = add_batch(store, done, count - done < FILL_BATCH ? count - done : FILL_BATCH) ||
                 (done % ((size_t)FILL_BATCH * 16) == 0 && nrs_store_checkpoint(store) != NRS_OK);
        if (done % ((size_t)FILL_BATCH * 256) == 0) {
            nrs_bench_note("growth: %zu of %zu reports", done, count);
        }
    }
    failed = failed || nrs_store_checkpoint(store) != NRS_OK;
    if (store != NULL) {
        nrs_store_close(&store);
    }
    return failed || sync_file(path) || open_store(store_out, path, 0);
}

/* Microseconds for each report: of the batches, and of the checkpoints between them. */
typedef struct cost {
    double batches, checkpoints;
} cost;

/* Adds a batch's share. */
static int time_batch(cost *sum, nrs_store *store, size_t index, size_t batch_count)
{
    double scale = 1e6 / BATCH / (double)batch_count;
    double start = nrs_bench_now();
    double added;

    if (add_batch(store, index * BATCH, BATCH) != 0) {
        return 1;
    }
    added = nrs_bench_now();
    sum->batches += (added - start) * scale;
    if ((index % CHECKPOINT_BATCHES == CHECKPOINT_BATCHES - 1 || index + 1 == batch_count) &&
        nrs_store_checkpoint(store) != NRS_OK) {
        return 1;
    }
    sum->checkpoints += (nrs_bench_now() - added) * scale;
    return 0;
}

static int measure(const nrs_mesh *mesh, nrs_store *small, nrs_store *large)
{
    const nrs_bench *bench = mesh->bench;
    size_t batch_count = bench->quick ? QUICK_BATCH_COUNT : BATCH_COUNT;
    cost with_small = {0};
    cost with_large = {0};
    nrs_figure figure = {.name = "store: cost per report with 1,000,000 reports / with 1,000",
                         .target = 1.2,
                         .first_class = 1.05,
                         .unit = "us"};

    for (size_t i = 0; i < batch_count; i++) { /* by turns, so that they share what else the disk does */
        if (time_batch(&with_large, large, i, batch_count) != 0 ||
            time_batch(&with_small, small, i, batch_count) != 0) {
            return 1;
        }
    }
    nrs_bench_note("growth: commits %.1f us and checkpoints %.1f us with many, %.1f us and %.1f us with few",
                   with_large.batches, with_large.checkpoints, with_small.batches, with_small.checkpoints);
    figure.value = with_large.batches + with_large.checkpoints;
    figure.floor = with_small.batches + with_small.checkpoints;
    figure.disk = nrs_bench_disk(mesh->dir);
    return nrs_bench_print(bench->out, &figure);
}

int nrs_bench_growth(const nrs_bench *bench)
{
    char path[NRS_MESH_PATH_SIZE];
    static const char *const names[] = {"hub"};
    nrs_mesh mesh = {.bench = bench};
    nrs_store *small = NULL;
    nrs_store *large = NULL;
    int failed = nrs_mesh_make(&mesh, bench, names, 1); /* for its folder, which goes with it */

    if (failed == 0) {
        nrs_mesh_path(path, mesh.dir, "small.db");
        failed = make_store(&small, path, bench->quick ? QUICK_SMALL_COUNT : SMALL_COUNT);
    }
    if (failed == 0) {
        nrs_mesh_path(path, mesh.dir, "large.db");
        failed = make_store(&large, path, bench->quick ? QUICK_LARGE_COUNT : LARGE_COUNT);
    }
    failed = failed || measure(&mesh, small, large);
    if (small != NULL) {
        nrs_store_close(&small);
    }
    if (large != NULL) {
        nrs_store_close(&large);
    }
    nrs_mesh_destroy(&mesh);
    return failed;
}
