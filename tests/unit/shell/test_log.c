/* A log that nobody reads: the node goes on, and says later what is left out. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "log.h"

#define LINES 400u

static char taken[256 * 1024];

/* What lies in it now. */
static size_t drain(int reader)
{
    size_t size = 0;
    ssize_t got;

    assert_int_equal(fcntl(reader, F_SETFL, O_NONBLOCK), 0);
    while (size < sizeof taken - 1 && (got = read(reader, taken + size, sizeof taken - 1 - size)) > 0) {
        size += (size_t)got;
    }
    taken[size] = '\0';
    return size;
}

static void speak(int writer, int reader)
{
    const int before = dup(STDERR_FILENO);
    unsigned last = 0, left_out = 0;
    const char *at;

    assert_true(before >= 0);
    assert_true(dup2(writer, STDERR_FILENO) >= 0);
    (void)alarm(20); /* one that waits ends here */
    for (unsigned i = 0; i < LINES; i++) {
        nrs_log(NRS_LOG_INFO, "%u %s", i, "a line of a length that fills a pipe, and that nobody takes out of it again before all of them were said: "
                                          "a node that waited for somebody to do so would serve nobody meanwhile");
    }
    assert_true(drain(reader) > 0);
    for (at = taken; at != NULL && strncmp(at, "info ", 5) == 0; at = strchr(at, '\n') == NULL ? NULL : strchr(at, '\n') + 1) {
        assert_int_equal(sscanf(at, "info %u ", &last), 1);
    }
    assert_true(last < LINES - 1); /* whole lines, the first of them */
    nrs_log(NRS_LOG_INFO, "again");
    assert_true(drain(reader) > 0);
    assert_int_equal(sscanf(taken, "warning %u lines are left out here", &left_out), 1);
    assert_int_equal(left_out, LINES - 1 - last);
    assert_non_null(strstr(taken, "\ninfo again\n"));
    nrs_log(NRS_LOG_WARNING, "and on");
    assert_true(drain(reader) > 0);
    assert_string_equal(taken, "warning and on\n");
    (void)alarm(0);
    assert_true(dup2(before, STDERR_FILENO) >= 0);
    (void)close(before);
}

static void a_pipe_that_is_not_read_stops_nobody(void **state)
{
    int ends[2];

    (void)state;
    assert_int_equal(pipe(ends), 0);
    assert_true(fcntl(ends[1], F_SETPIPE_SZ, 4096) >= 4096);
    speak(ends[1], ends[0]);
    (void)close(ends[0]);
    (void)close(ends[1]);
}

static void nor_does_a_socket(void **state)
{
    const int room = 8192;
    int ends[2];

    (void)state;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    assert_int_equal(setsockopt(ends[1], SOL_SOCKET, SO_SNDBUF, &room, sizeof room), 0);
    speak(ends[1], ends[0]);
    (void)close(ends[0]);
    (void)close(ends[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_pipe_that_is_not_read_stops_nobody),
        cmocka_unit_test(nor_does_a_socket),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
