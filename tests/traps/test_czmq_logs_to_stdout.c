/* DESIGN 7: czmq logs to standard output unless told otherwise. check_daemon.py sees that the daemon does not link it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <czmq.h>

#include <cmocka.h>

static size_t written_to_stdout(bool told_otherwise)
{
    int ends[2];
    char line[512];
    size_t size = 0;
    int status = 0;
    pid_t child = -1;

    assert_int_equal(pipe(ends), 0);
    (void)fflush(stdout);
    child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        (void)dup2(ends[1], STDOUT_FILENO);
        (void)close(ends[0]);
        if (told_otherwise) {
            zsys_set_logstream(stderr);
        }
        zsys_info("a line of czmq's own");
        (void)fflush(stdout);
        _exit(0);
    }
    (void)close(ends[1]);
    for (ssize_t got = 1; got > 0; size += got > 0 ? (size_t)got : 0) {
        got = read(ends[0], line, sizeof(line));
    }
    (void)close(ends[0]);
    assert_int_equal(waitpid(child, &status, 0), child);
    return size;
}

static void it_writes_there_unless_told_otherwise(void **state)
{
    (void)state;
    assert_true(written_to_stdout(false) > 0);
    assert_int_equal(written_to_stdout(true), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(it_writes_there_unless_told_otherwise)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
