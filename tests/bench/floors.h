/* The costs below which nothing can go: single operations of libsodium, and one synced write. */
#ifndef TESTS_BENCH_FLOORS_H
#define TESTS_BENCH_FLOORS_H

/** CPU seconds of one operation each, over a message of one hash. */
typedef struct nrs_floors {
    double verify;     /* V: one Ed25519 verification */
    double agree;      /* X: one X25519 with any point */
    double agree_base; /* one X25519 with the base point */
    double sign;       /* one Ed25519 signature */
} nrs_floors;

/** Measure them. Returns 0, or 1 when libsodium failed. */
int nrs_floors_measure(nrs_floors *floors_out);

/** The same, a few times a second while other processes work: two busy processors lend each other less than an idle one has,
 *  in their caches and, where they are two threads of one core, in the core itself. What those processes are charged is held
 *  against what an operation costs meanwhile. */
typedef struct nrs_floors_watch nrs_floors_watch;
/** NULL when it cannot be started. */
nrs_floors_watch *nrs_floors_watch_start(void);
/** Out: floors_out: the means. Frees the watch. Returns 0, or 1 when libsodium failed or no round was made. */
int nrs_floors_watch_end(nrs_floors *floors_out, nrs_floors_watch *watch);

/** A file to which blocks are appended and synced one by one. */
typedef struct nrs_sync_file {
    int fd;
} nrs_sync_file;
int nrs_sync_file_open(nrs_sync_file *file_out, const char *path);
/** Seconds until one appended block of 4 KiB is on the disk; below zero when it failed. */
double nrs_sync_file_append(const nrs_sync_file *file);
void nrs_sync_file_close(nrs_sync_file *file);

#endif
