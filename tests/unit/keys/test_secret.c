#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "keys/secret.h"

#define SLOT_COUNT 8192u

static const struct size_case {
    const char *name;
    size_t size;
    nrs_error want;
} size_cases[] = {
    { "nothing is no secret", 0, NRS_ERROR_MALFORMED },
    { "one byte", 1, NRS_OK },
    { "a key", 32, NRS_OK },
    { "a whole slot", NRS_SECRET_SIZE_MAX, NRS_OK },
    { "one byte more than a slot", NRS_SECRET_SIZE_MAX + 1, NRS_ERROR_TOO_LARGE },
    { "a huge size", SIZE_MAX, NRS_ERROR_TOO_LARGE },
};

static void test_sizes(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(size_cases) / sizeof(size_cases[0]); i++) {
        const struct size_case *c = &size_cases[i];
        nrs_secret *secret = NULL;

        print_message("  %s\n", c->name);
        assert_int_equal(nrs_secret_new(&secret, c->size), c->want);
        if (c->want != NRS_OK) {
            assert_null(secret);
            continue;
        }
        assert_int_equal(nrs_secret_size(secret), c->size);
        for (size_t j = 0; j < c->size; j++) {
            assert_int_equal(nrs_secret_view(secret)[j], 0);
        }
        nrs_secret_destroy(&secret);
        assert_null(secret);
    }
}

static void test_copy_and_slice(void **state)
{
    const uint8_t bytes[5] = { 1, 2, 3, 4, 5 };
    nrs_secret *secret = NULL;

    (void)state;
    assert_int_equal(nrs_secret_copy(&secret, nrs_slice_of(bytes, sizeof(bytes))), NRS_OK);
    assert_true(nrs_slice_equal(nrs_secret_slice(secret), nrs_slice_of(bytes, sizeof(bytes))));
    nrs_secret_destroy(&secret);
}

static void test_random_differs(void **state)
{
    nrs_secret *a = NULL;
    nrs_secret *b = NULL;

    (void)state;
    assert_int_equal(nrs_secret_random(&a, 32), NRS_OK);
    assert_int_equal(nrs_secret_random(&b, 32), NRS_OK);
    assert_false(nrs_slice_equal(nrs_secret_slice(a), nrs_secret_slice(b)));
    nrs_secret_destroy(&a);
    nrs_secret_destroy(&b);
}

static void test_destroy_wipes(void **state)
{
    nrs_secret *secret = NULL;
    const uint8_t *place = NULL;

    (void)state;
    assert_int_equal(nrs_secret_new(&secret, NRS_SECRET_SIZE_MAX), NRS_OK);
    memset(nrs_secret_data(secret), 0xa5, NRS_SECRET_SIZE_MAX);
    place = nrs_secret_view(secret);
    nrs_secret_destroy(&secret);
    for (size_t i = 0; i < NRS_SECRET_SIZE_MAX; i++) {
        assert_int_equal(place[i], 0); /* the pool's memory stays readable */
    }
    nrs_secret_destroy(&secret); /* safe on NULL */
}

static void test_exhaustion(void **state)
{
    nrs_secret **all = calloc(SLOT_COUNT, sizeof(*all));
    nrs_secret *more = NULL;

    (void)state;
    assert_non_null(all);
    for (size_t i = 0; i < SLOT_COUNT; i++) {
        assert_int_equal(nrs_secret_new(&all[i], NRS_SECRET_SIZE_MAX), NRS_OK);
        nrs_secret_data(all[i])[0] = (uint8_t)i;
        nrs_secret_data(all[i])[1] = (uint8_t)(i >> 8);
    }
    assert_int_equal(nrs_secret_new(&more, 1), NRS_ERROR_BUSY);
    assert_null(more);
    for (size_t i = 0; i < SLOT_COUNT; i++) { /* no two share a slot */
        assert_int_equal(nrs_secret_view(all[i])[0], (uint8_t)i);
        assert_int_equal(nrs_secret_view(all[i])[1], (uint8_t)(i >> 8));
    }
    nrs_secret_destroy(&all[4711]);
    assert_int_equal(nrs_secret_new(&more, 1), NRS_OK);
    nrs_secret_destroy(&more);
    for (size_t i = 0; i < SLOT_COUNT; i++) {
        nrs_secret_destroy(&all[i]);
    }
    free(all);
}

static void test_start_again(void **state)
{
    nrs_secret *secret = NULL;
    const bool locked = nrs_secret_pool_locked();

    (void)state;
    assert_int_equal(nrs_secret_random(&secret, 8), NRS_OK);
    assert_int_equal(nrs_keys_start(), NRS_OK);
    assert_int_equal(nrs_secret_size(secret), 8);
    assert_int_equal(nrs_secret_pool_locked(), locked);
    nrs_secret_destroy(&secret);
}

static int start(void **state)
{
    (void)state;
    return nrs_keys_start() == NRS_OK ? 0 : -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sizes),         cmocka_unit_test(test_copy_and_slice),
        cmocka_unit_test(test_random_differs), cmocka_unit_test(test_destroy_wipes),
        cmocka_unit_test(test_exhaustion),    cmocka_unit_test(test_start_again),
    };
    return cmocka_run_group_tests(tests, start, NULL);
}
