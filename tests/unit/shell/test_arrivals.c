/* How often a key may come: whoever keeps to the protocol is never held back, who says nothing soon, and nobody for another. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <string.h>

#include "arrivals.h"
#include "keys/secret.h"

enum { SILENT_MS = 12000 }; /* from when it is let in to when it has been ended */

static nrs_arrivals arrivals;
static uint64_t now_ms;

static int set_up(void **state)
{
    (void)state;
    nrs_arrivals_init(&arrivals);
    now_ms = 1000000;
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    nrs_arrivals_wipe(&arrivals);
    return 0;
}

static const uint8_t *key(uint8_t number)
{
    static uint8_t keys[256][NRS_KEY_SIZE];

    memset(keys[number], number, NRS_KEY_SIZE);
    return keys[number];
}

static void pass(uint64_t time_ms)
{
    for (uint64_t end = now_ms + time_ms; now_ms < end;) {
        now_ms += end - now_ms < 100 ? end - now_ms : 100;
        nrs_arrivals_sweep(&arrivals, now_ms - SILENT_MS, now_ms);
    }
}

static void who_says_hello_may_come_as_often_as_it_likes(void **state)
{
    (void)state;
    for (int i = 0; i < 900; i++) { /* at once */
        assert_true(nrs_arrivals_admit(&arrivals, key(1), now_ms));
        nrs_arrivals_heard(&arrivals, key(1));
    }
    pass(1000);
    for (int i = 0; i < 3600; i++) { /* and for an hour each second, as a node that falls over at each start */
        assert_true(nrs_arrivals_admit(&arrivals, key(1), now_ms));
        nrs_arrivals_heard(&arrivals, key(1));
        pass(1000);
    }
    assert_int_equal(arrivals.admitted_count, 4500);
}

/* The waits of a node whose words never get through (outbound.c), for an hour. */
static void who_is_cut_off_before_each_word_is_let_in_each_time(void **state)
{
    uint64_t wait_ms = 200;

    (void)state;
    for (int i = 0; i < 100; i++) {
        assert_true(nrs_arrivals_admit(&arrivals, key(1), now_ms));
        pass(wait_ms / 2);
        wait_ms = wait_ms < 60000 ? 2 * wait_ms : 60000;
    }
}

static void who_says_nothing_holds_eight_and_pays_for_each(void **state)
{
    size_t count = 0;

    (void)state;
    for (int i = 0; i < 100; i++) {
        count += nrs_arrivals_admit(&arrivals, key(1), now_ms) ? 1 : 0;
    }
    assert_int_equal(count, NRS_ARRIVAL_SILENT_COUNT_MAX);
    assert_true(nrs_arrivals_admit(&arrivals, key(2), now_ms)); /* another key does not */
    nrs_arrivals_heard(&arrivals, key(2));
    for (int i = 0; i < 36000; i++) { /* an hour of trying */
        pass(100);
        count += nrs_arrivals_admit(&arrivals, key(1), now_ms) ? 1 : 0;
        assert_true(nrs_arrivals_admit(&arrivals, key(2), now_ms));
        nrs_arrivals_heard(&arrivals, key(2));
    }
    assert_in_range(count, 300, 420); /* one in ten seconds */
}

static void jump(uint64_t time_ms)
{
    now_ms += time_ms;
    nrs_arrivals_sweep(&arrivals, now_ms - SILENT_MS, now_ms);
}

static void who_is_shut_out_may_come_again_after_a_day(void **state)
{
    (void)state;
    assert_true(nrs_arrivals_admit(&arrivals, key(1), now_ms));
    nrs_arrivals_heard(&arrivals, key(1));
    assert_false(nrs_arrivals_is_shut_out(&arrivals, key(1), now_ms));
    nrs_arrivals_shut_out(&arrivals, key(1), now_ms);
    jump(NRS_DAY_MS - 1000);
    assert_true(nrs_arrivals_is_shut_out(&arrivals, key(1), now_ms));
    assert_false(nrs_arrivals_admit(&arrivals, key(1), now_ms));
    assert_false(nrs_arrivals_is_shut_out(&arrivals, key(2), now_ms));
    assert_true(nrs_arrivals_admit(&arrivals, key(2), now_ms));
    jump(2000);
    assert_false(nrs_arrivals_is_shut_out(&arrivals, key(1), now_ms));
    assert_true(nrs_arrivals_admit(&arrivals, key(1), now_ms));
}

/* Once a minute, each key for itself; how long only where that is known. */
static void who_is_held_back_is_told_once_a_minute(void **state)
{
    uint64_t until_ms = 1;

    (void)state;
    assert_false(nrs_arrivals_tell(&arrivals, &until_ms, key(1), now_ms));
    while (nrs_arrivals_admit(&arrivals, key(1), now_ms)) {
    }
    assert_true(nrs_arrivals_tell(&arrivals, &until_ms, key(1), now_ms));
    assert_int_equal(until_ms, 0);
    assert_false(nrs_arrivals_tell(&arrivals, &until_ms, key(1), now_ms + 59999));
    nrs_arrivals_shut_out(&arrivals, key(1), now_ms); /* which is news */
    assert_true(nrs_arrivals_tell(&arrivals, &until_ms, key(1), now_ms));
    assert_int_equal(until_ms, now_ms + NRS_DAY_MS);
    assert_false(nrs_arrivals_tell(&arrivals, &until_ms, key(1), now_ms + 59999));
    assert_true(nrs_arrivals_tell(&arrivals, &until_ms, key(1), now_ms + 60000));
    assert_int_equal(until_ms, now_ms + NRS_DAY_MS);
}

static void nothing_is_kept_of_who_stays_away(void **state)
{
    (void)state;
    for (uint8_t i = 0; i < 200; i++) {
        assert_true(nrs_arrivals_admit(&arrivals, key(i), now_ms));
    }
    assert_int_equal(arrivals.count, 200);
    pass(10 * SILENT_MS);
    assert_int_equal(arrivals.count, 0);
}

static void more_keys_than_links_are_not_let_in(void **state)
{
    uint8_t each[NRS_KEY_SIZE] = {0};

    (void)state;
    for (uint32_t i = 0; i < NRS_ARRIVAL_KEY_COUNT_MAX; i++) {
        memcpy(each, &i, sizeof(i));
        assert_true(nrs_arrivals_admit(&arrivals, each, now_ms));
    }
    assert_false(nrs_arrivals_admit(&arrivals, key(255), now_ms));
    memset(each, 0, sizeof(each));
    assert_true(nrs_arrivals_admit(&arrivals, each, now_ms));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(who_says_hello_may_come_as_often_as_it_likes, set_up, tear_down),
        cmocka_unit_test_setup_teardown(who_is_cut_off_before_each_word_is_let_in_each_time, set_up, tear_down),
        cmocka_unit_test_setup_teardown(who_says_nothing_holds_eight_and_pays_for_each, set_up, tear_down),
        cmocka_unit_test_setup_teardown(who_is_shut_out_may_come_again_after_a_day, set_up, tear_down),
        cmocka_unit_test_setup_teardown(who_is_held_back_is_told_once_a_minute, set_up, tear_down),
        cmocka_unit_test_setup_teardown(nothing_is_kept_of_who_stays_away, set_up, tear_down),
        cmocka_unit_test_setup_teardown(more_keys_than_links_are_not_let_in, set_up, tear_down),
    };

    return nrs_keys_start() == NRS_OK ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
