/* What only Linux has: kept in one file, so that the rest is POSIX. */
#ifndef SHELL_LINUX_H
#define SHELL_LINUX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "proto/error.h"

/** No core file and no debugger of the same user may hold this process's keys. */
NRS_MUST_USE nrs_error nrs_linux_hide_memory(void);
/** Free a block of malloc's with all its bytes wiped, whoever allocated it. NULL is allowed. */
void nrs_linux_wipe_free(void *block);
/** As many open files as the system lets us have, one for each member's link, but for a few: libzmq accepts connections while there
 *  are any, and nrs_linux_accept takes those few, so that the node can be asked what is wrong. The limit may be changed from outside
 *  while we run. Returns how many connections leave room for everything else. */
size_t nrs_linux_keep_files(void);
/** Let the C library keep freed memory for the next burst: to give pages back and fault them in again, frame by frame, costs
 *  a busy hub more than a signature. */
void nrs_linux_keep_heap(void);
/** Give the pages back that nothing stands on, all the same: after much was freed at once, of which nothing comes again soon. */
void nrs_linux_trim_heap(void);
/** The pages of this process that are in memory; 0 where the system does not say. */
size_t nrs_linux_resident_pages(void);
/** Milliseconds that only go forward, and go on while the machine sleeps; 0 where the system has no such clock. CLOCK_MONOTONIC stands still then:
 *  beside it each night of a laptop would look like a clock that was set. */
uint64_t nrs_linux_monotonic_ms(void);
/** How many bytes a TCP connection has received since it began. False when it is none. */
bool nrs_linux_bytes_received(uint64_t *size_out, int fd);
/** Take the folder's lock for the life of the descriptor. Returns NRS_ERROR_LOCKED when another process has it. */
NRS_MUST_USE nrs_error nrs_linux_lock(int fd);
/** Block SIGTERM, SIGINT and SIGHUP and read them from a descriptor. Returns -1 on failure. */
int nrs_linux_signals_open(void);
/** The next signal that came, 0 for none. */
int nrs_linux_signals_read(int fd);
/** A listening AF_UNIX socket named `name` in the open folder, mode 0600, however long the folder's path is. -1 on
 * failure. */
int nrs_linux_listen_in(int folder_fd, const char *name);
/** The number that stands for every user whom this user namespace does not map. */
uid_t nrs_linux_overflow_uid(void);
/** Accept one connection, non-blocking. Out: uid_out: the caller's user. Returns -1 for none. */
int nrs_linux_accept(int listener_fd, uid_t *uid_out);

#endif
