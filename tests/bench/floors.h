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

/** A file to which blocks are appended and synced one by one. */
typedef struct nrs_sync_file {
    int fd;
} nrs_sync_file;
int nrs_sync_file_open(nrs_sync_file *file_out, const char *path);
/** Seconds until one appended block of 4 KiB is on the disk; below zero when it failed. */
double nrs_sync_file_append(const nrs_sync_file *file);
void nrs_sync_file_close(nrs_sync_file *file);

#endif
