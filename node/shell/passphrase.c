#include "passphrase.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include <sodium.h>

#include "proto/assert.h"

#define PASSPHRASE_SIZE_MAX 1024u
#define PATH_SIZE_MAX 4096

/* What stands in the buffer up to the end of its first line. */
static nrs_error take_line(nrs_bytes *passphrase_out, const char *line, size_t size)
{
    const char *end = memchr(line, '\n', size);

    if (end != NULL) {
        size = (size_t)(end - line);
    }
    if (size > 0 && line[size - 1] == '\r') {
        size--;
    }
    return size == 0 || size > PASSPHRASE_SIZE_MAX ? NRS_ERROR_PASSPHRASE
                                                   : nrs_bytes_copy(passphrase_out, nrs_slice_of(line, size));
}

static nrs_error read_line(nrs_bytes *passphrase_out, int fd)
{
    char line[PASSPHRASE_SIZE_MAX + 2];
    size_t have = 0;
    nrs_error error = NRS_ERROR_PASSPHRASE;

    while (have < sizeof(line)) {
        ssize_t got = read(fd, line + have, sizeof(line) - have);

        if (got <= 0) {
            break;
        }
        have += (size_t)got;
        if (memchr(line, '\n', have) != NULL) {
            break;
        }
    }
    error = take_line(passphrase_out, line, have);
    sodium_memzero(line, sizeof(line));
    return error;
}

static nrs_error from_file(nrs_bytes *passphrase_out, const char *path)
{
    nrs_error error = NRS_ERROR_SYSTEM;
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd >= 0) {
        error = read_line(passphrase_out, fd);
        (void)close(fd);
    }
    return error;
}

static nrs_error from_terminal(nrs_bytes *passphrase_out, const char *prompt)
{
    nrs_error error = NRS_ERROR_PASSPHRASE;
    struct termios before;
    struct termios silent;
    int fd = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);

    if (fd < 0) {
        return NRS_ERROR_NOT_FOUND;
    }
    if (tcgetattr(fd, &before) == 0) {
        silent = before;
        silent.c_lflag &= ~(tcflag_t)ECHO;
        if (write(fd, prompt, strlen(prompt)) >= 0 && tcsetattr(fd, TCSAFLUSH, &silent) == 0) {
            error = read_line(passphrase_out, fd);
            (void)tcsetattr(fd, TCSAFLUSH, &before);
            if (write(fd, "\n", 1) < 0) {
                error = NRS_ERROR_PASSPHRASE;
            }
        }
    }
    (void)close(fd);
    return error;
}

nrs_error nrs_passphrase_read(nrs_bytes *passphrase_out, const char *file, const char *prompt)
{
    const char *credentials = getenv("CREDENTIALS_DIRECTORY");
    char path[PATH_SIZE_MAX];

    NRS_ASSERT(passphrase_out != NULL);

    if (file != NULL) {
        return from_file(passphrase_out, file);
    }
    if (credentials != NULL && snprintf(path, sizeof(path), "%s/passphrase", credentials) < (int)sizeof(path) &&
        access(path, R_OK) == 0) {
        return from_file(passphrase_out, path);
    }
    return prompt != NULL ? from_terminal(passphrase_out, prompt) : NRS_ERROR_NOT_FOUND;
}
