#define _XOPEN_SOURCE 700 /* realpath */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <sodium.h>

#include "folder.h"
#include "linux.h"
#include "report/given.h"
#include "language.h"
#include "output.h"
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

/* Whatever the size the file claims, since it may be a pipe. */
nrs_error nrs_file_read_open(nrs_bytes *bytes, int file, size_t size_max)
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
    error = nrs_file_read_open(&bytes, file, size_max);
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

/* Out: put_out: set where anything of it was written. */
static bool write_some(bool *put_out, int file, nrs_slice bytes)
{
    while (bytes.size > 0) {
        ssize_t put = write(file, bytes.data, bytes.size);

        if (put < 0 && errno == EINTR) {
            continue;
        }
        if (put <= 0) {
            return false;
        }
        *put_out = true;
        bytes.data += put;
        bytes.size -= (size_t)put;
    }
    return true;
}

static bool write_all(int file, nrs_slice bytes)
{
    bool put = false;

    return write_some(&put, file, bytes);
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

void nrs_file_remove(const char *path, const nrs_owner *owner)
{
    int kept = errno;

    if (nrs_owner_begin(owner)) {
        (void)unlink(path);
        nrs_owner_end(owner);
    }
    errno = kept;
}

char *nrs_file_folder_of(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash == NULL ? strdup(".") : slash == path ? strdup("/") : strndup(path, (size_t)(slash - path));
}

/* The name of a hidden file in the same folder. Owned; NULL without memory. */
static char *beside_of(const char *path, const char *ending)
{
    const char *slash = strrchr(path, '/');
    char *folder = nrs_file_folder_of(path);
    char *beside = folder == NULL ? NULL : nrs_text_format("%s/.%s.%s", folder, slash == NULL ? path : slash + 1, ending);

    free(folder);
    return beside;
}

/* A new file beside the one of that name, open. -1 with the reason in errno. Out: beside_out: its name, owned. */
static int open_beside(char **beside_out, const char *path)
{
    char *beside = beside_of(path, "XXXXXX");
    int file = -1;

    if (beside == NULL) {
        errno = ENOMEM;
    } else {
        file = mkstemp(beside); /* mode 0600 */
    }
    if (file >= 0) {
        *beside_out = beside;
        beside = NULL;
    }
    free(beside);
    return file;
}

/* One without a name, which nothing is left of if the process ends; else one beside. */
static int open_unnamed(char **beside_out, const char *path)
{
    char *folder = nrs_file_folder_of(path);
    int file = folder == NULL ? -1 : nrs_linux_unnamed_file(folder);

    free(folder);
    return file >= 0 ? file : open_beside(beside_out, path);
}

/* What has no name yet gets the target's, or, where something bears that, one beside it that is then renamed. False with the reason in errno. */
static bool name_given(nrs_given_file *given)
{
    static const char signs[] = "abcdefghijklmnopqrstuvwxyz0123456789";
    bool named = nrs_linux_name_file(given->file, given->target);

    for (int tries = 0; !named && errno == EEXIST && tries < 16; tries++) {
        char sign[7] = "";

        for (size_t i = 0; i + 1 < sizeof sign; i++) {
            sign[i] = signs[randombytes_uniform(sizeof signs - 1)];
        }
        free(given->beside);
        given->beside = beside_of(given->target, sign);
        if (given->beside == NULL) {
            errno = ENOMEM;
            return false;
        }
        named = nrs_linux_name_file(given->file, given->beside);
    }
    if (!named) {
        free(given->beside);
        given->beside = NULL;
    }
    return named;
}

/* In its place for good. */
static bool put_given(nrs_given_file *given)
{
    char *folder = nrs_file_folder_of(given->target);
    bool done = false;

    given->left = given->beside == NULL || rename(given->beside, given->target) == 0;
    if (given->left) {
        free(given->beside);
        given->beside = NULL;
        done = folder != NULL && sync_folder(folder);
    }
    free(folder);
    return done;
}

nrs_error nrs_file_write_beside(char **beside_out, const char *path, nrs_slice bytes, const nrs_owner *owner)
{
    char *beside = NULL;
    int file = -1;
    bool done = false;

    NRS_ASSERT(beside_out != NULL);
    if (nrs_owner_begin(owner)) {
        file = open_beside(&beside, path);
        nrs_owner_end(owner);
    }
    if (file < 0) {
        return errno == ENOMEM ? NRS_ERROR_NO_MEMORY : NRS_ERROR_DISK;
    }
    done = nrs_owner_mark(owner, file) && write_all(file, bytes) && fsync(file) == 0;
    done = close(file) == 0 && done;
    if (!done) {
        nrs_file_remove(beside, owner);
        free(beside);
        return NRS_ERROR_DISK;
    }
    *beside_out = beside;
    return NRS_OK;
}

nrs_error nrs_file_put(const char *beside, const char *path, const nrs_owner *owner)
{
    char *folder = nrs_file_folder_of(path);
    nrs_error error = folder == NULL ? NRS_ERROR_NO_MEMORY : NRS_ERROR_DISK;

    if (folder != NULL && nrs_owner_begin(owner)) {
        error = rename(beside, path) == 0 && sync_folder(folder) ? NRS_OK : NRS_ERROR_DISK;
        nrs_owner_end(owner);
    }
    if (error != NRS_OK) {
        nrs_file_remove(beside, owner);
    }
    free(folder);
    return error;
}

nrs_error nrs_file_write(const char *path, nrs_slice bytes, const nrs_owner *owner)
{
    char *beside = NULL;
    nrs_error error = nrs_file_write_beside(&beside, path, bytes, owner);

    if (error == NRS_OK) {
        error = nrs_file_put(beside, path, owner);
    }
    free(beside);
    return error;
}

/* What the machine is at fault for; anything else is about the name that was given. */
bool nrs_file_fault_of_disk(int reason)
{
    return reason == ENOSPC || reason == EDQUOT || reason == EROFS || reason == EIO || reason == EFBIG || reason == EPIPE || reason == EMFILE ||
           reason == ENFILE;
}

static nrs_error fail_given(nrs_cli *cli, const char *path)
{
    return nrs_cli_fail(cli, nrs_file_fault_of_disk(errno) ? NRS_ERROR_DISK : NRS_ERROR_MALFORMED, NULL, _("the file cannot be written: %s: %s"), path,
                        strerror(errno));
}

/* What no file can be put at, with the reason in errno: no name, the name of a folder, a link that leads nowhere, a file that may not be replaced.
 * In: there: what stat said, and errno. */
static bool is_no_target(const char *path, bool there)
{
    const size_t size = strlen(path);
    struct stat status;

    if (there) {
        return access(path, W_OK) != 0 && errno == EPERM;
    }
    if (errno == ENOENT && size > 0 && path[size - 1] == '/') {
        errno = EISDIR;
    } else if (errno == ENOENT && size > 0) {
        const bool link = lstat(path, &status) == 0;

        errno = ENOENT;
        return link;
    }
    return true;
}

nrs_error nrs_file_open_given(nrs_cli *cli, nrs_given_file *given_out, const char *path)
{
    struct stat status;
    nrs_given_file given = {.name = path, .file = -1};
    nrs_error error = nrs_output_check(cli, path, false);
    bool there = stat(path, &status) == 0;

    NRS_ASSERT(cli != NULL && given_out != NULL);
    if (error != NRS_OK) {
        return error;
    }
    if (there && S_ISDIR(status.st_mode)) {
        errno = EISDIR;
    } else if (there && !S_ISREG(status.st_mode)) { /* a device or a pipe takes what is written to it, and is never replaced by a file */
        given.file = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
    } else if (!is_no_target(path, there)) { /* behind a symbolic link the file is replaced, and the link stays */
        given.target = there ? realpath(path, NULL) : strdup(path);
        given.file = given.target == NULL ? -1 : open_unnamed(&given.beside, given.target);
    }
    if (given.file < 0) {
        free(given.target);
        return fail_given(cli, path);
    }
    *given_out = given;
    return NRS_OK;
}

nrs_error nrs_file_reserve_given(nrs_cli *cli, const nrs_given_file *given, size_t size)
{
    NRS_ASSERT(given != NULL && given->file >= 0 && size > 0);
    if (given->target != NULL) {
        errno = posix_fallocate(given->file, 0, (off_t)size);
        if (errno != 0) {
            return fail_given(cli, given->name);
        }
    }
    return NRS_OK;
}

nrs_error nrs_file_fill_given(nrs_cli *cli, nrs_given_file *given, nrs_slice bytes)
{
    bool put = false, done = false;

    NRS_ASSERT(given != NULL && given->file >= 0);
    done = write_some(&put, given->file, bytes) && (given->target == NULL || (ftruncate(given->file, (off_t)bytes.size) == 0 && fsync(given->file) == 0));
    given->left = given->target == NULL && put;
    if (given->target != NULL) {
        if (done && given->beside == NULL) {
            done = name_given(given);
            given->left = done && given->beside == NULL; /* it bears the target's name, whatever fails from here on */
        }
        done = close(given->file) == 0 && done;
        given->file = -1;
        done = done && put_given(given);
    }
    return done ? NRS_OK : fail_given(cli, given->name);
}

void nrs_given_file_wipe(nrs_given_file *given)
{
    NRS_ASSERT(given != NULL);
    if (given->name != NULL && given->file >= 0) {
        (void)close(given->file);
    }
    if (given->beside != NULL) {
        nrs_file_remove(given->beside, NULL);
    }
    free(given->beside);
    free(given->target);
    *given = (nrs_given_file){0};
}

nrs_error nrs_file_write_given(nrs_cli *cli, const char *path, nrs_slice bytes)
{
    nrs_given_file given = {0};
    nrs_error error = nrs_file_open_given(cli, &given, path);

    if (error == NRS_OK) {
        error = nrs_file_fill_given(cli, &given, bytes);
    }
    nrs_given_file_wipe(&given);
    return error;
}

nrs_error nrs_file_write_armour(const char *path, const char *type, nrs_slice bytes, const nrs_owner *owner)
{
    char *text = NULL;
    nrs_error error = nrs_armour_encode(&text, type, bytes);

    if (error == NRS_OK) {
        nrs_bytes owned = {(uint8_t *)text, strlen(text), strlen(text)};

        error = nrs_file_write(path, nrs_slice_of_bytes(&owned), owner);
        nrs_bytes_wipe(&owned); /* it may hold a key */
    }
    return error;
}

/* ---- Files of ceremonies ---- */

const char *nrs_given_reason(nrs_error error)
{
    return error == NRS_ERROR_BAD_ADDRESS ? _("an endpoint is not tcp://HOST:PORT") : _(nrs_error_sentence(error)); /* of a card; other addresses stand in no such file */
}

nrs_error nrs_cli_fail_given(nrs_cli *cli, nrs_error error, const char *path)
{
    if (error == NRS_ERROR_TOO_LARGE || nrs_error_exit_code(error) != 8) {
        return nrs_cli_fail_about(cli, error, path);
    }
    return nrs_cli_fail(cli, NRS_ERROR_DAMAGED, _("ask for the file again"), _("%s: damaged, or not whole (%s)"), path, nrs_given_reason(error));
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
