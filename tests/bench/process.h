/* Other programs: started, timed and ended. Whatever runs when this program dies is killed by the system. */
#ifndef TESTS_BENCH_PROCESS_H
#define TESTS_BENCH_PROCESS_H

#include <stddef.h>
#include <sys/types.h>

enum { NRS_ARGUMENT_COUNT_MAX = 24 };

/** Where a program's standard streams lead; -1 is /dev/null. */
typedef struct nrs_streams {
    int in, out, err;
} nrs_streams;

/** Start `arguments[0]` (a path; NULL ends the list). Returns 0, or 1. */
int nrs_process_start(pid_t *pid_out, const char *const *arguments, const nrs_streams *streams);
/** Wait for its end: its exit status, or -1 when a signal ended it. */
int nrs_process_wait(pid_t pid);
/** Start, wait; 0 when the exit status was 0. Standard output goes to the file when one is named, errors to ours. */
int nrs_process_run(const char *const *arguments, const char *out_path);
/** The same, keeping the first line of standard output without its end. */
int nrs_process_read_line(char *line_out, size_t line_size, const char *const *arguments);
/** Ask it to end, wait a while, then kill it. *pid becomes 0. Safe on 0. */
void nrs_process_stop(pid_t *pid);

/** A process that removes a folder as soon as it is told to, or this program is gone, however it went. */
typedef struct nrs_cleaner {
    pid_t pid; /* 0: none */
    int fd;
} nrs_cleaner;
int nrs_cleaner_start(nrs_cleaner *cleaner_out, const char *folder);
/** Have it removed, and wait for that. Safe on a zeroed one. */
void nrs_cleaner_run(nrs_cleaner *cleaner);

/** CPU seconds of all threads so far; below zero when it could not be read. */
double nrs_process_cpu(pid_t pid);
/** KiB of memory in use; below zero when it could not be read. */
double nrs_process_memory_kib(pid_t pid);

/** Seconds from starting a program, all of whose streams lead to /dev/null, to its end; below zero when it failed. */
double nrs_process_time(const char *const *arguments);

/** An unused TCP port of 127.0.0.1, or 0. */
unsigned nrs_port_free(void);

#endif
