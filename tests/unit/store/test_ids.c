/* Ids whose beginnings somebody chose are found as fast as others. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <time.h>

#include "ids.h"

enum { COUNT = 60000, TIMES_MAX = 50 };

#define GOLDEN UINT64_C(0x9e3779b97f4a7c15) /* the factor that everybody would think of */

/* GOLDEN times this is 1: by it products are turned back into keys. */
static uint64_t inverse(void)
{
    uint64_t x = GOLDEN;

    for (size_t i = 0; i < 6; i++) {
        x *= 2 - GOLDEN * x;
    }
    assert_true(x * GOLDEN == 1);
    return x;
}

static int64_t spread_key(uint64_t i)
{
    return (int64_t)((i + 1) * UINT64_C(0xd1342543de82ef95));
}

static int64_t chosen_key(uint64_t i) /* the bits in the middle of the product are the same for all */
{
    return (int64_t)((i + 1) * inverse());
}

static int64_t high_key(uint64_t i) /* and those that differ only in front */
{
    return (int64_t)((i + 1) << 46);
}

static double seconds(int64_t (*key)(uint64_t i))
{
    nrs_ids ids = {0};
    clock_t began = clock();

    for (uint64_t i = 0; i < COUNT; i++) {
        assert_int_equal(nrs_ids_add(&ids, key(i), i + 1), NRS_OK);
    }
    for (uint64_t i = 0; i < COUNT; i++) {
        assert_true(nrs_ids_have(&ids, key(i), i + 1));
        assert_false(nrs_ids_have(&ids, key(i), COUNT + 1));
    }
    nrs_ids_cut(&ids, COUNT / 2);
    for (uint64_t i = 0; i < COUNT; i++) {
        assert_true(nrs_ids_have(&ids, key(i), i + 1) == (i < COUNT / 2));
    }
    nrs_ids_wipe(&ids);
    return (double)(clock() - began) / CLOCKS_PER_SEC;
}

static void chosen_ids_cost_what_others_do(void **state)
{
    double usual = seconds(spread_key) + 0.01;

    (void)state;
    assert_true(seconds(chosen_key) < TIMES_MAX * usual);
    assert_true(seconds(high_key) < TIMES_MAX * usual);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(chosen_ids_cost_what_others_do),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
