/* The clock beside the wall clock goes on while the machine sleeps. A time namespace in which the machine has slept for two hours stands for
 * one that did. */
#define _GNU_SOURCE
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "linux.h"

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x00000080
#endif
#define SLEPT_S 7200u

enum { AS_WANTED, OTHERWISE, NO_NAMESPACE };

/* In a process of its own: the clocks of its child are the changed ones. */
static int after_a_sleep(void)
{
    static const char offset[] = "boottime 7200 0";
    struct timespec awake = {0};
    pid_t child;
    int status = 0;
    int fd = unshare(CLONE_NEWTIME) == 0 ? open("/proc/self/timens_offsets", O_WRONLY | O_CLOEXEC) : -1;

    if (fd < 0 || write(fd, offset, strlen(offset)) != (ssize_t)strlen(offset) || close(fd) != 0) {
        return NO_NAMESPACE;
    }
    child = fork();
    if (child == 0) {
        uint64_t now_ms = nrs_linux_monotonic_ms();

        if (clock_gettime(CLOCK_MONOTONIC, &awake) != 0) {
            _exit(OTHERWISE);
        }
        _exit(now_ms >= ((uint64_t)awake.tv_sec + SLEPT_S - 1) * 1000u && nrs_linux_monotonic_ms() >= now_ms ? AS_WANTED : OTHERWISE);
    }
    return child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status) ? WEXITSTATUS(status) : OTHERWISE;
}

static void it_goes_on_in_a_sleep(void **state)
{
    int status = 0;
    pid_t child = fork();

    (void)state;
    if (child == 0) {
        _exit(after_a_sleep());
    }
    assert_true(child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status));
    if (WEXITSTATUS(status) == NO_NAMESPACE) {
        skip(); /* that needs root and a kernel with time namespaces */
    }
    assert_int_equal(WEXITSTATUS(status), AS_WANTED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(it_goes_on_in_a_sleep)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
