#include "passphrase.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include <sodium.h>

#include "linux.h"
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

/* The signal that came before there was anything to read; 0 for none. signal_fd: -1: signals do what they do. */
static int wait_for_input(int fd, int signal_fd)
{
    struct pollfd items[] = {{.fd = fd, .events = POLLIN}, {.fd = signal_fd, .events = POLLIN}};

    if (signal_fd < 0) {
        return 0;
    }
    while (poll(items, 2, -1) < 0 && errno == EINTR) {
    }
    return items[1].revents != 0 ? nrs_linux_signals_read(signal_fd) : 0;
}

static nrs_error read_line(nrs_bytes *passphrase_out, int *signal_out, int fd, int signal_fd)
{
    char line[PASSPHRASE_SIZE_MAX + 2];
    size_t have = 0;
    nrs_error error = NRS_ERROR_PASSPHRASE;

    while (have < sizeof(line) && (*signal_out = wait_for_input(fd, signal_fd)) == 0) {
        ssize_t got = read(fd, line + have, sizeof(line) - have);

        if (got < 0) {
            sodium_memzero(line, sizeof(line));
            return NRS_ERROR_SYSTEM;
        }
        if (got == 0) {
            break;
        }
        have += (size_t)got;
        if (memchr(line, '\n', have) != NULL) {
            break;
        }
    }
    error = *signal_out == 0 ? take_line(passphrase_out, line, have) : NRS_ERROR_PASSPHRASE;
    sodium_memzero(line, sizeof(line));
    return error;
}

static nrs_error from_file(nrs_bytes *passphrase_out, const char *path)
{
    nrs_error error = NRS_ERROR_SYSTEM;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    int none = 0;

    if (fd >= 0) {
        error = read_line(passphrase_out, &none, fd, -1);
        (void)close(fd);
    }
    return error;
}

/* One line without echo. */
static nrs_error ask(nrs_bytes *passphrase_out, int *signal_out, int fd, int signal_fd, const char *prompt)
{
    nrs_error error = NRS_ERROR_PASSPHRASE;
    struct termios before;
    struct termios silent;

    if (tcgetattr(fd, &before) != 0) {
        return error;
    }
    silent = before;
    silent.c_lflag &= ~(tcflag_t)ECHO;
    silent.c_cc[VQUIT] = silent.c_cc[VSUSP] = _POSIX_VDISABLE;
    if (write(fd, prompt, strlen(prompt)) >= 0 && tcsetattr(fd, TCSAFLUSH, &silent) == 0) {
        error = read_line(passphrase_out, signal_out, fd, signal_fd);
        (void)tcsetattr(fd, TCSAFLUSH, &before);
        if (write(fd, "\n", 1) < 0) {
            error = NRS_ERROR_PASSPHRASE;
        }
    }
    return error;
}

/* A signal that ends this process does so when the terminal echoes again, and not before. */
static nrs_error from_terminal(nrs_bytes *passphrase_out, const char *prompt)
{
    nrs_error error = NRS_ERROR_SYSTEM;
    sigset_t held;
    int signal_number = 0;
    int signal_fd = -1;
    int fd = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);

    if (fd < 0) {
        return NRS_ERROR_NOT_FOUND;
    }
    (void)sigprocmask(SIG_BLOCK, NULL, &held);
    signal_fd = nrs_linux_signals_open();
    if (signal_fd >= 0) {
        error = ask(passphrase_out, &signal_number, fd, signal_fd, prompt);
        (void)close(signal_fd);
    }
    (void)sigprocmask(SIG_SETMASK, &held, NULL);
    (void)close(fd);
    if (signal_number != 0) {
        (void)raise(signal_number);
    }
    return error;
}

nrs_error nrs_passphrase_read(nrs_bytes *passphrase_out, bool *typed_out, const char *file, const char *prompt)
{
    const char *credentials = getenv("CREDENTIALS_DIRECTORY");
    char path[PATH_SIZE_MAX];

    NRS_ASSERT(passphrase_out != NULL && typed_out != NULL);

    *typed_out = false;
    if (file != NULL) {
        return from_file(passphrase_out, file);
    }
    if (credentials != NULL && snprintf(path, sizeof(path), "%s/passphrase", credentials) < (int)sizeof(path) &&
        access(path, R_OK) == 0) {
        return from_file(passphrase_out, path);
    }
    *typed_out = prompt != NULL;
    return prompt != NULL ? from_terminal(passphrase_out, prompt) : NRS_ERROR_NOT_FOUND;
}
