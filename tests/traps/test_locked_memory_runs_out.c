/* DESIGN 7: sodium_malloc fails silently to lock past RLIMIT_MEMLOCK, and altogether after about 16,000. Our one pool
 * says so, and costs one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <stdbool.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <sodium.h>

#include <cmocka.h>

#include "keys/secret.h"

#define NOBODY 65534
#define ALLOCATION_COUNT_MAX 40000

/* The sanitizers put a function of their own, which locks nothing, in the place of mlock. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED true
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED true
#endif
#endif
#ifndef SANITIZED
#define SANITIZED false
#endif

enum { CHILD_OK = 0, CHILD_FAILED = 1, CHILD_CANNOT = 2 };

static int in_child(int (*run)(void))
{
    int status = 0;
    pid_t child = fork();

    assert_true(child >= 0);
    if (child == 0) {
        _exit(run());
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

/* Root may lock past the limit: become somebody else. */
static bool forbid_locking(void)
{
    const struct rlimit none = {0, 0};

    return setrlimit(RLIMIT_MEMLOCK, &none) == 0 && (geteuid() != 0 || setuid(NOBODY) == 0);
}

static long locked_kib(void)
{
    char line[256];
    long found = -1;
    FILE *status = fopen("/proc/self/status", "r");

    while (status != NULL && fgets(line, sizeof(line), status) != NULL) {
        if (sscanf(line, "VmLck: %ld kB", &found) == 1) {
            break;
        }
    }
    if (status != NULL) {
        (void)fclose(status);
    }
    return found;
}

static int allocate_without_lock(void)
{
    void *secret = NULL;

    if (!forbid_locking() || sodium_init() < 0) {
        return CHILD_CANNOT;
    }
    secret = sodium_malloc(32);
    return secret != NULL && locked_kib() == 0 ? CHILD_OK : CHILD_FAILED;
}

static int start_pool_without_lock(void)
{
    if (!forbid_locking()) {
        return CHILD_CANNOT;
    }
    return nrs_keys_start() == NRS_OK && !nrs_secret_pool_locked() ? CHILD_OK : CHILD_FAILED;
}

static int start_pool_with_lock(void)
{
    return nrs_keys_start() == NRS_OK && nrs_secret_pool_locked() && locked_kib() > 0 ? CHILD_OK : CHILD_FAILED;
}

static int allocate_until_refused(void)
{
    if (sodium_init() < 0) {
        return CHILD_CANNOT;
    }
    for (int i = 0; i < ALLOCATION_COUNT_MAX; i++) {
        if (sodium_malloc(32) == NULL) {
            return CHILD_OK;
        }
    }
    return CHILD_FAILED;
}

static int mappings_max(void)
{
    FILE *file = fopen("/proc/sys/vm/max_map_count", "r");
    int found = 0;

    if (file != NULL) {
        if (fscanf(file, "%d", &found) != 1) {
            found = 0;
        }
        (void)fclose(file);
    }
    return found;
}

static void expect(int (*run)(void))
{
    int result = SANITIZED ? CHILD_CANNOT : in_child(run);

    if (result == CHILD_CANNOT) {
        skip();
    }
    assert_int_equal(result, CHILD_OK);
}

static void libsodium_does_not_say_that_it_could_not_lock(void **state)
{
    (void)state;
    expect(allocate_without_lock);
}

static void the_pool_says_that_it_could_not_lock(void **state)
{
    (void)state;
    expect(start_pool_without_lock);
}

static void the_pool_is_locked_within_the_usual_limit(void **state)
{
    struct rlimit limit = {0, 0};

    (void)state;
    if (getrlimit(RLIMIT_MEMLOCK, &limit) != 0 || limit.rlim_cur < 1024 * 1024) {
        skip();
    }
    expect(start_pool_with_lock);
}

static void libsodium_runs_out_of_mappings(void **state)
{
    (void)state;
    if (mappings_max() > 65530 || mappings_max() == 0) {
        skip();
    }
    expect(allocate_until_refused);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(libsodium_does_not_say_that_it_could_not_lock),
        cmocka_unit_test(the_pool_says_that_it_could_not_lock),
        cmocka_unit_test(the_pool_is_locked_within_the_usual_limit),
        cmocka_unit_test(libsodium_runs_out_of_mappings),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
