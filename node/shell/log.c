#include "log.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "proto/assert.h"
#include "proto/limits.h"

#define LINE_SIZE 1024

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

void nrs_log(nrs_log_level level, const char *format, ...)
{
    char text[LINE_SIZE];
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
    if (journal_reads()) {
        (void)fprintf(stderr, "<%d>%s\n", (int)level, text);
    } else {
        (void)fprintf(stderr, "%s%s\n", level_word(level), text);
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
