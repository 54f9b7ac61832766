#include "log.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "proto/assert.h"
#include "proto/limits.h"

#define LINE_SIZE 1024
#define READER_WAIT_MS 10 /* a reader that reads gets so long; one that did not gets no more until it does */

/* Lines that nobody took, since the last one that somebody did. */
static atomic_uint_fast64_t left_out;

/* The journal says in $JOURNAL_STREAM which file it reads; standard error may have been redirected since. */
static bool journal_reads(void)
{
    const char *stream = getenv("JOURNAL_STREAM");
    char own[64];
    struct stat status;

    if (stream == NULL || fstat(STDERR_FILENO, &status) != 0) {
        return false;
    }
    (void)snprintf(own, sizeof(own), "%ju:%ju", (uintmax_t)status.st_dev, (uintmax_t)status.st_ino);
    for (size_t i = 0; i < sizeof(own); i++) {
        if (own[i] != stream[i]) {
            return false;
        }
        if (own[i] == '\0') {
            return true;
        }
    }
    return false;
}

static const char *level_word(nrs_log_level level)
{
    switch (level) {
    case NRS_LOG_ERROR:
        return "error ";
    case NRS_LOG_WARNING:
        return "warning ";
    case NRS_LOG_INFO:
        return "info ";
    }
    return "";
}

/* Standard error is a file, a terminal, a pipe or a socket, shared with others: it is not set not to block, but never written to where that
 * would. A node goes on when nobody reads what it says. Returns whether it was taken. */
static bool put(const char *text, size_t size)
{
    struct pollfd out = {.fd = STDERR_FILENO, .events = POLLOUT};
    const int wait_ms = atomic_load(&left_out) == 0 ? READER_WAIT_MS : 0;
    ssize_t written;

    if (poll(&out, 1, wait_ms) <= 0 || (out.revents & POLLOUT) == 0) {
        return false;
    }
    written = send(STDERR_FILENO, text, size, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (written < 0 && errno == ENOTSOCK) {
        written = write(STDERR_FILENO, text, size); /* a pipe that polls so has room for PIPE_BUF bytes */
    }
    return written >= 0;
}

void nrs_log(nrs_log_level level, const char *format, ...)
{
    char text[LINE_SIZE], lines[2 * LINE_SIZE] = "";
    const bool journal = journal_reads();
    uint_fast64_t before = atomic_load(&left_out);
    int size = 0;
    va_list arguments;

    NRS_ASSERT(format != NULL);

    va_start(arguments, format);
    (void)vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    for (size_t i = 0; text[i] != '\0'; i++) {
        if ((unsigned char)text[i] < 0x20 || text[i] == 0x7f) {
            text[i] = '?';
        }
    }
    if (before > 0) {
        size = journal ? snprintf(lines, LINE_SIZE, "<%d>%ju lines are left out here: nobody read them\n", (int)NRS_LOG_WARNING, (uintmax_t)before)
                       : snprintf(lines, LINE_SIZE, "%s%ju lines are left out here: nobody read them\n", level_word(NRS_LOG_WARNING), (uintmax_t)before);
    }
    size += journal ? snprintf(lines + size, sizeof(lines) - (size_t)size, "<%d>%s\n", (int)level, text)
                    : snprintf(lines + size, sizeof(lines) - (size_t)size, "%s%s\n", level_word(level), text);
    if (put(lines, (size_t)size)) {
        (void)atomic_fetch_sub(&left_out, before);
    } else {
        (void)atomic_fetch_add(&left_out, 1);
    }
}

bool nrs_log_gate_pass(nrs_log_gate *gate, uint64_t *held_out, uint64_t monotonic_ms)
{
    NRS_ASSERT(gate != NULL);
    NRS_ASSERT(held_out != NULL);

    if (monotonic_ms < gate->opens_ms) {
        gate->held_count++;
        return false;
    }
    *held_out = gate->held_count;
    gate->held_count = 0;
    gate->opens_ms = monotonic_ms + NRS_MINUTE_MS;
    return true;
}
