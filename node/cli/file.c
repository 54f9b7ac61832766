#define _XOPEN_SOURCE 700 /* realpath */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "folder.h"
#include "report/given.h"
#include "language.h"
#include "proto/armour.h"
#include "proto/assert.h"
#include "text.h"

enum { READ_STEP = 65536 };

uint64_t nrs_now_ms(void)
{
    struct timespec now = {0};

    (void)clock_gettime(CLOCK_REALTIME, &now);
    return now.tv_sec < 0 ? 0 : (uint64_t)now.tv_sec * 1000u + (uint64_t)now.tv_nsec / 1000000u;
}

/* Reads to the end whatever the size the file claims, since it may be a pipe. */
static nrs_error read_all(nrs_bytes *bytes, int file, size_t size_max)
{
    uint8_t *step = malloc(READ_STEP);
    nrs_error error = step == NULL ? NRS_ERROR_NO_MEMORY : NRS_OK;

    while (error == NRS_OK) {
        ssize_t got = read(file, step, READ_STEP);

        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got <= 0) {
            error = got < 0 ? NRS_ERROR_DISK : NRS_OK;
            break;
        }
        if ((size_t)got > size_max - bytes->size) {
            error = NRS_ERROR_TOO_LARGE;
            break;
        }
        error = nrs_bytes_append(bytes, nrs_slice_of(step, (size_t)got));
    }
    if (step != NULL) {
        nrs_bytes wiped = {step, READ_STEP, READ_STEP};

        nrs_bytes_wipe(&wiped);
    }
    return error;
}

nrs_error nrs_file_read(nrs_bytes *bytes_out, const char *path, size_t size_max)
{
    bool standard_input = strcmp(path, "-") == 0;
    int file = standard_input ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    nrs_bytes bytes = {0};
    nrs_error error = NRS_OK;

    NRS_ASSERT(bytes_out != NULL);

    if (file < 0) {
        return errno == ENOENT || errno == ENOTDIR ? NRS_ERROR_NOT_FOUND : NRS_ERROR_DISK;
    }
    error = read_all(&bytes, file, size_max);
    if (error == NRS_OK) {
        nrs_bytes_wipe(bytes_out);
        *bytes_out = bytes;
        bytes = (nrs_bytes){0};
    }
    nrs_bytes_wipe(&bytes);
    if (!standard_input) {
        int kept = errno;

        (void)close(file);
        errno = kept;
    }
    return error;
}

nrs_error nrs_file_read_given(nrs_cli *cli, nrs_bytes *bytes_out, const char *path, size_t size_max)
{
    nrs_error error = nrs_file_read(bytes_out, path, size_max);

    if (error == NRS_ERROR_NOT_FOUND || error == NRS_ERROR_DISK) {
        return nrs_cli_fail(cli, NRS_ERROR_MALFORMED, NULL, _("the file cannot be read: %s: %s"), path, strerror(errno));
    }
    if (error == NRS_ERROR_TOO_LARGE) {
        return nrs_given_too_large(cli, path, size_max);
    }
    return error == NRS_OK ? NRS_OK : nrs_cli_fail_about(cli, error, path);
}

static bool write_all(int file, nrs_slice bytes)
{
    while (bytes.size > 0) {
        ssize_t put = write(file, bytes.data, bytes.size);

        if (put < 0 && errno == EINTR) {
            continue;
        }
        if (put <= 0) {
            return false;
        }
        bytes.data += put;
        bytes.size -= (size_t)put;
    }
    return true;
}

static bool sync_folder(const char *folder)
{
    int file = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool done = file >= 0 && fsync(file) == 0;

    if (file >= 0) {
        (void)close(file);
    }
    return done;
}

/* The reason of the failure before it stays in errno. */
static void remove_beside(const char *path)
{
    int kept = errno;

    (void)unlink(path);
    errno = kept;
}

nrs_error nrs_file_write(const char *path, nrs_slice bytes)
{
    const char *slash = strrchr(path, '/');
    char *folder = slash == NULL ? strdup(".") : slash == path ? strdup("/") : strndup(path, (size_t)(slash - path));
    char *beside = folder == NULL ? NULL : nrs_text_format("%s/.%s.XXXXXX", folder, slash == NULL ? path : slash + 1);
    nrs_error error = NRS_ERROR_NO_MEMORY;
    int file = -1;

    if (beside == NULL) {
        goto out;
    }
    error = NRS_ERROR_DISK;
    file = mkstemp(beside); /* mode 0600 */
    if (file < 0) {
        goto out;
    }
    if (!write_all(file, bytes) || fsync(file) != 0 || close(file) != 0) {
        remove_beside(beside);
        goto out;
    }
    if (rename(beside, path) != 0 || !sync_folder(folder)) {
        remove_beside(beside);
        goto out;
    }
    error = NRS_OK;
out:
    free(beside);
    free(folder);
    return error;
}

/* A device or a pipe that a person named takes what is written to it, and is never replaced by a file. */
static nrs_error write_into(const char *path, nrs_slice bytes)
{
    int file = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
    bool done = false;
    int kept = 0;

    if (file < 0) {
        return NRS_ERROR_DISK;
    }
    done = write_all(file, bytes);
    kept = errno;
    (void)close(file);
    errno = kept;
    return done ? NRS_OK : NRS_ERROR_DISK;
}

/* What the machine is at fault for; anything else is about the name that was given. */
static bool is_fault_of_disk(int reason)
{
    return reason == ENOSPC || reason == EDQUOT || reason == EIO || reason == EFBIG || reason == EPIPE || reason == EMFILE ||
           reason == ENFILE;
}

nrs_error nrs_file_write_given(nrs_cli *cli, const char *path, nrs_slice bytes)
{
    struct stat status;
    char *target = NULL;
    bool there = stat(path, &status) == 0;
    nrs_error error = NRS_OK;

    NRS_ASSERT(cli != NULL);

    if (there && S_ISDIR(status.st_mode)) {
        errno = EISDIR;
        error = NRS_ERROR_DISK;
    } else if (there && !S_ISREG(status.st_mode)) {
        error = write_into(path, bytes);
    } else if (there) { /* behind a symbolic link the file is replaced, and the link stays */
        target = realpath(path, NULL);
        error = target == NULL ? NRS_ERROR_DISK : nrs_file_write(target, bytes);
    } else if (errno == ENOENT && lstat(path, &status) == 0) {
        errno = ENOENT; /* a link that leads nowhere */
        error = NRS_ERROR_DISK;
    } else {
        error = nrs_file_write(path, bytes);
    }
    free(target);
    if (error == NRS_ERROR_DISK && !is_fault_of_disk(errno)) {
        error = NRS_ERROR_USAGE;
    }
    return error == NRS_OK ? NRS_OK
                           : nrs_cli_fail(cli, error, NULL, _("the file cannot be written: %s: %s"), path, strerror(errno));
}

nrs_error nrs_file_write_armour(const char *path, const char *type, nrs_slice bytes)
{
    char *text = NULL;
    nrs_error error = nrs_armour_encode(&text, type, bytes);

    if (error == NRS_OK) {
        nrs_bytes owned = {(uint8_t *)text, strlen(text), strlen(text)};

        error = nrs_file_write(path, nrs_slice_of_bytes(&owned));
        nrs_bytes_wipe(&owned); /* it may hold a key */
    }
    return error;
}

/* ---- Files of ceremonies ---- */

nrs_error nrs_cli_fail_given(nrs_cli *cli, nrs_error error, const char *path)
{
    if (error == NRS_ERROR_TOO_LARGE || nrs_error_exit_code(error) != 8) {
        return nrs_cli_fail_about(cli, error, path);
    }
    return nrs_cli_fail(cli, NRS_ERROR_DAMAGED, _("ask for the file again"), _("%s: damaged, or not whole (%s)"), path, _(nrs_error_sentence(error)));
}

/* A whole file, but of something else. */
static bool is_another(nrs_slice text)
{
    static const char *const types[] = {"CARD", "INVITE", "ROSTER", "DRAFT", "FORK", "KEY", "REVOCATION", "SUCCESSION"};
    nrs_bytes bytes = {0};
    bool another = false;

    for (size_t i = 0; i < sizeof types / sizeof types[0] && !another; i++) {
        another = nrs_armour_decode(&bytes, types[i], text) == NRS_OK;
    }
    nrs_bytes_wipe(&bytes);
    return another;
}

nrs_error nrs_file_read_armour_given(nrs_cli *cli, nrs_bytes *bytes_out, const char *path, const char *type, size_t size_max)
{
    nrs_bytes text = {0};
    nrs_error error = nrs_file_read_given(cli, &text, path, size_max);

    NRS_ASSERT(bytes_out != NULL && type != NULL);
    if (error == NRS_OK) {
        error = nrs_armour_decode(bytes_out, type, nrs_slice_of_bytes(&text));
        if (error != NRS_OK && is_another(nrs_slice_of_bytes(&text))) {
            error = nrs_cli_fail(cli, NRS_ERROR_MALFORMED, NULL, _("%s: a whole file, but not of the kind asked for here (%s)"), path, type);
        } else if (error != NRS_OK) {
            error = nrs_cli_fail_given(cli, error, path);
        }
    }
    nrs_bytes_wipe(&text);
    return error;
}
