/* Files of the node's folder: read whole, written so that a crash leaves the old or the new and never a half. */
#ifndef SHELL_FILES_H
#define SHELL_FILES_H

#include "proto/bytes.h"

/** Returns NRS_ERROR_NOT_FOUND; TOO_LARGE; MALFORMED when it is not a regular file; SYSTEM. Out: replaced. */
NRS_MUST_USE nrs_error nrs_file_read(nrs_bytes *bytes_out, int folder_fd, const char *path, size_t size_max);
/** Write under another name, sync, rename; nothing is done when the contents are the same. The path is relative, has no
 *  part that is empty or begins with a dot, and its folders are made. Returns NRS_ERROR_MALFORMED (the path); DISK. */
NRS_MUST_USE nrs_error nrs_file_publish(int folder_fd, const char *path, nrs_slice bytes);
/** Overwrite with zeros and sync, before it is removed. Returns NRS_ERROR_DISK. */
NRS_MUST_USE nrs_error nrs_file_erase(int folder_fd, const char *path);

#endif
