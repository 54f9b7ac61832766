/* Times and durations. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "proto/limits.h"
#include "proto/time.h"

static const struct time_case {
    const char *text;
    nrs_error want;
    uint64_t time_ms;
} time_cases[] = {
    {"1970-01-01T00:00:00Z", NRS_OK, 0},
    {"1969-12-31T23:00:00-01:00", NRS_OK, 0},
    {"2026-11-23T03:40:43.123Z", NRS_OK, 1795405243123},
    {"2026-11-23t12:40:43.1239+09:00", NRS_OK, 1795405243123},
    {"2026-11-23 03:40:43.1z", NRS_OK, 1795405243100},
    {"2026-11-23", NRS_OK, 1795359600000}, /* midnight in Japan */
    {"2024-02-29T00:00:00Z", NRS_OK, 1709164800000},
    {"2000-02-29T00:00:00Z", NRS_OK, 951782400000},
    {"9999-12-31T23:59:59.999Z", NRS_OK, NRS_TIME_MS_MAX},
    {"9999-12-31T23:59:59-00:01", NRS_ERROR_MALFORMED, 0},
    {"1970-01-01", NRS_ERROR_MALFORMED, 0}, /* began before the epoch in Japan */
    {"2023-02-29", NRS_ERROR_MALFORMED, 0},
    {"2100-02-29", NRS_ERROR_MALFORMED, 0},
    {"2026-13-01", NRS_ERROR_MALFORMED, 0},
    {"2026-00-01", NRS_ERROR_MALFORMED, 0},
    {"2026-04-31", NRS_ERROR_MALFORMED, 0},
    {"2026-11-23T24:00:00Z", NRS_ERROR_MALFORMED, 0},
    {"2026-11-23T03:60:00Z", NRS_ERROR_MALFORMED, 0},
    {"2026-11-23T03:40:60Z", NRS_ERROR_MALFORMED, 0},
    {"2026-11-23T03:40:43", NRS_ERROR_MALFORMED, 0},
    {"2026-11-23T03:40:43.Z", NRS_ERROR_MALFORMED, 0},
    {"2026-11-23T03:40:43.0000000000Z", NRS_ERROR_MALFORMED, 0},
    {"2026-11-23T03:40:43+9:00", NRS_ERROR_MALFORMED, 0},
    {"2026-11-23T03:40:43+09:60", NRS_ERROR_MALFORMED, 0},
    {"2026-11-23T03:40:43Z ", NRS_ERROR_MALFORMED, 0},
    {"2026-11-23T", NRS_ERROR_MALFORMED, 0},
    {"2026/11/23", NRS_ERROR_MALFORMED, 0},
    {"20261123", NRS_ERROR_MALFORMED, 0},
    {"", NRS_ERROR_MALFORMED, 0},
};

static void test_parse(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof time_cases / sizeof time_cases[0]; i++) {
        uint64_t time_ms = 77;
        nrs_error got = nrs_time_parse(&time_ms, time_cases[i].text);

        if (got != time_cases[i].want || time_ms != (got == NRS_OK ? time_cases[i].time_ms : 77)) {
            fail_msg("%s: %s, %llu", time_cases[i].text, nrs_error_rule(got), (unsigned long long)time_ms);
        }
    }
}

static void test_format(void **state)
{
    char text[32];

    (void)state;
    nrs_time_format(text, 0);
    assert_string_equal(text, "1970-01-01T00:00:00.000Z");
    nrs_time_format(text, 1795405243123);
    assert_string_equal(text, "2026-11-23T03:40:43.123Z");
    nrs_time_format(text, UINT64_MAX);
    assert_string_equal(text, "9999-12-31T23:59:59.999Z");
    for (uint64_t day = 0; day < 200 * 366; day++) {
        uint64_t time_ms;

        nrs_time_format(text, day * NRS_DAY_MS + 1);
        assert_int_equal(nrs_time_parse(&time_ms, text), NRS_OK);
        assert_true(time_ms == day * NRS_DAY_MS + 1);
    }
}

static const struct duration_case {
    const char *text;
    nrs_error want;
    uint64_t duration_ms;
} duration_cases[] = {
    {"7d", NRS_OK, 7 * NRS_DAY_MS},
    {"12h", NRS_OK, 12 * NRS_HOUR_MS},
    {"30m", NRS_OK, 30 * NRS_MINUTE_MS},
    {"45s", NRS_OK, 45 * NRS_SECOND_MS},
    {"0s", NRS_OK, 0},
    {"1000d", NRS_OK, 1000 * NRS_DAY_MS},
    {"24000h", NRS_OK, 1000 * NRS_DAY_MS},
    {"1001d", NRS_ERROR_TOO_LARGE, 0},
    {"24001h", NRS_ERROR_TOO_LARGE, 0},
    {"18446744073709551617s", NRS_ERROR_TOO_LARGE, 0},
    {"99999999999999999999999999999999999999d", NRS_ERROR_TOO_LARGE, 0},
    {"", NRS_ERROR_MALFORMED, 0},
    {"d", NRS_ERROR_MALFORMED, 0},
    {"7", NRS_ERROR_MALFORMED, 0},
    {"-7d", NRS_ERROR_MALFORMED, 0},
    {"7w", NRS_ERROR_MALFORMED, 0},
    {"7d12h", NRS_ERROR_MALFORMED, 0},
    {"7 d", NRS_ERROR_MALFORMED, 0},
    {"1.5h", NRS_ERROR_MALFORMED, 0},
};

static void test_duration(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof duration_cases / sizeof duration_cases[0]; i++) {
        uint64_t duration_ms = 77;
        nrs_error got = nrs_duration_parse(&duration_ms, duration_cases[i].text);

        if (got != duration_cases[i].want || duration_ms != (got == NRS_OK ? duration_cases[i].duration_ms : 77)) {
            fail_msg("%s: %s, %llu", duration_cases[i].text, nrs_error_rule(got), (unsigned long long)duration_ms);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parse),
        cmocka_unit_test(test_format),
        cmocka_unit_test(test_duration),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
