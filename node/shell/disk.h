/* The disk under the node's folder, for `status`. */
#ifndef SHELL_DISK_H
#define SHELL_DISK_H

#include <jansson.h>

/** Put `disk` {free_bytes, total_bytes, database_bytes, wal_bytes} into a row of `status`, null for what cannot be read, and a
 *  sentence into its `warnings` when little is free. folder_fd: the node's folder. What memory does not allow is left out. */
void nrs_disk_describe(json_t *row, int folder_fd);

#endif
