#include "disk.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "proto/assert.h"

/* Room for some thousands of reports of the common size: enough time for a person to act before a commit fails. */
#define LOW_BYTES (256ull * 1024 * 1024)
#define MEBIBYTE (1024ull * 1024)

/* A file that is not there has no size: the write-ahead log comes and goes. */
static json_t *size_of_file(int folder_fd, const char *name)
{
    struct stat about;

    return fstatat(folder_fd, name, &about, AT_SYMLINK_NOFOLLOW) == 0 ? json_integer(about.st_size) : json_null();
}

static json_t *bytes_of(uint64_t blocks, uint64_t block_size)
{
    uint64_t bytes = block_size != 0 && blocks > INT64_MAX / block_size ? INT64_MAX : blocks * block_size;

    return json_integer((json_int_t)bytes);
}

void nrs_disk_describe(json_t *row, int folder_fd)
{
    struct statvfs about;
    bool known = fstatvfs(folder_fd, &about) == 0;
    json_t *free_bytes = known ? bytes_of(about.f_bavail, about.f_frsize) : json_null();
    uint64_t left = (uint64_t)json_integer_value(free_bytes);
    char text[128];

    NRS_ASSERT(row != NULL);
    NRS_ASSERT(folder_fd >= 0);
    /* A value that memory did not allow is NULL, and json_pack then makes nothing, as it should. */
    (void)json_object_set_new(row, "disk",
                              json_pack("{s:o, s:o, s:o, s:o}", "free_bytes", free_bytes, "total_bytes",
                                        known ? bytes_of(about.f_blocks, about.f_frsize) : json_null(), "database_bytes",
                                        size_of_file(folder_fd, "store.db"), "wal_bytes", size_of_file(folder_fd, "store.db-wal")));
    if (known && left < LOW_BYTES) {
        (void)snprintf(text, sizeof text, "the disk is almost full: %llu MiB are left, and without room nothing can be sent or received",
                       (unsigned long long)(left / MEBIBYTE));
        (void)json_array_append_new(json_object_get(row, "warnings"), json_string(text));
    }
}
