#include "files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "proto/assert.h"
#include "proto/limits.h"

#define PATH_SIZE_MAX 512

static nrs_error read_all(nrs_bytes *bytes_out, int fd, size_t size)
{
    nrs_bytes bytes = {0};
    size_t have = 0;
    nrs_error error = nrs_bytes_resize(&bytes, size);

    while (error == NRS_OK && have < size) {
        ssize_t got = read(fd, bytes.data + have, size - have);

        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got <= 0) {
            error = NRS_ERROR_SYSTEM;
            break;
        }
        have += (size_t)got;
    }
    if (error == NRS_OK) {
        nrs_bytes_wipe(bytes_out);
        *bytes_out = bytes;
        bytes = (nrs_bytes){0};
    }
    nrs_bytes_wipe(&bytes);
    return error;
}

nrs_error nrs_file_read(nrs_bytes *bytes_out, int folder_fd, const char *path, size_t size_max)
{
    nrs_error error = NRS_OK;
    struct stat status;
    int fd = -1;

    NRS_ASSERT(bytes_out != NULL);
    NRS_ASSERT(path != NULL);

    fd = openat(folder_fd, path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0) {
        return errno == ENOENT ? NRS_ERROR_NOT_FOUND : errno == ELOOP ? NRS_ERROR_MALFORMED : NRS_ERROR_SYSTEM;
    }
    if (fstat(fd, &status) != 0) {
        error = NRS_ERROR_SYSTEM;
    } else if (!S_ISREG(status.st_mode)) {
        error = NRS_ERROR_MALFORMED;
    } else if (status.st_size < 0 || (uintmax_t)status.st_size > size_max) {
        error = NRS_ERROR_TOO_LARGE;
    } else {
        error = read_all(bytes_out, fd, (size_t)status.st_size);
    }
    (void)close(fd);
    return error;
}

static nrs_error write_all(int fd, nrs_slice bytes)
{
    size_t done = 0;

    while (done < bytes.size) {
        ssize_t wrote = write(fd, bytes.data + done, bytes.size - done);

        if (wrote < 0 && errno == EINTR) {
            continue;
        }
        if (wrote <= 0) {
            return NRS_ERROR_DISK;
        }
        done += (size_t)wrote;
    }
    return NRS_OK;
}

static bool path_valid(const char *path)
{
    bool begins = true;

    if (strlen(path) >= PATH_SIZE_MAX - 8) {
        return false;
    }
    for (const char *at = path; *at != '\0'; at++) {
        if (begins && (*at == '/' || *at == '.')) {
            return false;
        }
        begins = *at == '/';
    }
    return !begins; /* neither empty nor ending in a slash */
}

/* Make and open the folder that the path names. Out: name_out: the last part, within path. */
static int open_parent(const char **name_out, int folder_fd, const char *path)
{
    char part[PATH_SIZE_MAX];
    int fd = dup(folder_fd);
    const char *at = path;

    for (const char *slash = strchr(at, '/'); fd >= 0 && slash != NULL; slash = strchr(at, '/')) {
        int next = -1;

        (void)snprintf(part, sizeof(part), "%.*s", (int)(slash - at), at);
        if (mkdirat(fd, part, 0700) == 0 || errno == EEXIST) {
            next = openat(fd, part, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
        }
        (void)close(fd);
        fd = next;
        at = slash + 1;
    }
    *name_out = at;
    return fd;
}

static nrs_error replace(int parent_fd, const char *name, nrs_slice bytes)
{
    char fresh[PATH_SIZE_MAX];
    nrs_error error = NRS_ERROR_DISK;
    int fd = -1;

    (void)snprintf(fresh, sizeof(fresh), ".%s.new", name);
    fd = openat(parent_fd, fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) {
        return NRS_ERROR_DISK;
    }
    error = write_all(fd, bytes);
    if (error == NRS_OK && fsync(fd) != 0) {
        error = NRS_ERROR_DISK;
    }
    (void)close(fd);
    if (error == NRS_OK && (renameat(parent_fd, fresh, parent_fd, name) != 0 || fsync(parent_fd) != 0)) {
        error = NRS_ERROR_DISK;
    }
    if (error != NRS_OK) {
        (void)unlinkat(parent_fd, fresh, 0);
    }
    return error;
}

nrs_error nrs_file_publish(int folder_fd, const char *path, nrs_slice bytes)
{
    nrs_bytes old = {0};
    nrs_error error = NRS_OK;
    const char *name = NULL;
    int parent_fd = -1;

    NRS_ASSERT(folder_fd >= 0);

    if (path == NULL || !path_valid(path)) {
        return NRS_ERROR_MALFORMED;
    }
    parent_fd = open_parent(&name, folder_fd, path);
    if (parent_fd < 0) {
        return NRS_ERROR_DISK;
    }
    if (nrs_file_read(&old, parent_fd, name, bytes.size) != NRS_OK ||
        !nrs_slice_equal(nrs_slice_of_bytes(&old), bytes)) {
        error = replace(parent_fd, name, bytes);
    }
    (void)close(parent_fd);
    nrs_bytes_wipe(&old);
    return error;
}

nrs_error nrs_file_erase(int folder_fd, const char *path)
{
    const uint8_t zeros[4096] = {0};
    nrs_error error = NRS_OK;
    struct stat status;
    off_t left = 0;
    int fd = openat(folder_fd, path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);

    if (fd < 0) {
        return NRS_ERROR_DISK;
    }
    if (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode)) {
        error = NRS_ERROR_DISK;
    } else {
        left = status.st_size;
    }
    while (error == NRS_OK && left > 0) {
        size_t now = left > (off_t)sizeof(zeros) ? sizeof(zeros) : (size_t)left;

        error = write_all(fd, nrs_slice_of(zeros, now));
        left -= (off_t)now;
    }
    if (error == NRS_OK && fsync(fd) != 0) {
        error = NRS_ERROR_DISK;
    }
    (void)close(fd);
    return error;
}
