/* Armoured text. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "proto/armour.h"
#include "proto/limits.h"

static void test_round_trip(void **state)
{
    static const size_t sizes[] = {0, 1, 47, 48, 49, 96, 1000};
    uint8_t data[1000];

    (void)state;
    for (size_t i = 0; i < sizeof data; i++) {
        data[i] = (uint8_t)(i * 7);
    }
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        nrs_bytes decoded = {0};
        char *text = NULL;

        assert_int_equal(nrs_armour_encode(&text, "CARD", nrs_slice_of(data, sizes[i])), NRS_OK);
        assert_int_equal(nrs_armour_decode(&decoded, "CARD", nrs_slice_of_string(text)), NRS_OK);
        assert_true(nrs_slice_equal(nrs_slice_of_bytes(&decoded), nrs_slice_of(data, sizes[i])));
        assert_int_equal(nrs_armour_decode(&decoded, "INVITE", nrs_slice_of_string(text)), NRS_ERROR_MALFORMED);
        assert_int_equal(decoded.size, sizes[i]); /* untouched */
        nrs_bytes_wipe(&decoded);
        free(text);
    }
}

#define BEGIN "-----BEGIN NOROSHI CARD-----\n"
#define END "-----END NOROSHI CARD-----\n"
#define FULL "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n"

static const struct armour_case {
    const char *name;
    const char *text;
    nrs_error want;
    size_t size;
} armour_cases[] = {
    {"one line", BEGIN "Zm9v\n" END, NRS_OK, 3},
    {"empty", BEGIN END, NRS_OK, 0},
    {"full line and another", BEGIN FULL "Zm8=\n" END, NRS_OK, 50},
    {"carriage returns", "-----BEGIN NOROSHI CARD-----\r\nZm9v\r\n-----END NOROSHI CARD-----\r\n", NRS_OK, 3},
    {"blank lines around", "\n\r\n" BEGIN "Zm9v\n" END "\r\n\n", NRS_OK, 3},
    {"no line end at the end", BEGIN "Zm9v\n-----END NOROSHI CARD-----", NRS_OK, 3},
    {"nothing", "", NRS_ERROR_MALFORMED, 0},
    {"blank lines only", "\n\n", NRS_ERROR_MALFORMED, 0},
    {"end missing", BEGIN "Zm9v\n", NRS_ERROR_MALFORMED, 0},
    {"begin missing", "Zm9v\n" END, NRS_ERROR_MALFORMED, 0},
    {"words before", "hello\n" BEGIN "Zm9v\n" END, NRS_ERROR_MALFORMED, 0},
    {"words after", BEGIN "Zm9v\n" END "hello\n", NRS_ERROR_MALFORMED, 0},
    {"two blocks", BEGIN "Zm9v\n" END BEGIN "Zm9v\n" END, NRS_ERROR_MALFORMED, 0},
    {"blank line inside", BEGIN "\nZm9v\n" END, NRS_ERROR_MALFORMED, 0},
    {"short line first", BEGIN "Zm9v\nZm9v\n" END, NRS_ERROR_MALFORMED, 0},
    {"line of 68", BEGIN "AAAA" FULL END, NRS_ERROR_MALFORMED, 0},
    {"space at a line's end", BEGIN "Zm9v \n" END, NRS_ERROR_MALFORMED, 0},
    {"another end", BEGIN "Zm9v\n-----END NOROSHI INVITE-----\n", NRS_ERROR_MALFORMED, 0},
    {"padding in the middle", BEGIN "Zg==Zm9v\n" END, NRS_ERROR_MALFORMED, 0},
};

static void test_decode(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof armour_cases / sizeof armour_cases[0]; i++) {
        nrs_bytes decoded = {0};
        nrs_error got = nrs_armour_decode(&decoded, "CARD", nrs_slice_of_string(armour_cases[i].text));

        if (got != armour_cases[i].want || decoded.size != armour_cases[i].size) {
            fail_msg("%s: %s", armour_cases[i].name, nrs_error_rule(got));
        }
        nrs_bytes_wipe(&decoded);
    }
}

static void test_form_of_text(void **state)
{
    char *text = NULL;

    (void)state;
    assert_int_equal(nrs_armour_encode(&text, "KEY", nrs_slice_of_string("foobar")), NRS_OK);
    assert_string_equal(text, "-----BEGIN NOROSHI KEY-----\nZm9vYmFy\n-----END NOROSHI KEY-----\n");
    free(text);
}

static void test_huge(void **state)
{
    nrs_bytes huge = {0};
    nrs_bytes decoded = {0};

    (void)state;
    assert_int_equal(nrs_bytes_resize(&huge, NRS_CEREMONY_FILE_SIZE_MAX + 1), NRS_OK);
    assert_int_equal(nrs_armour_decode(&decoded, "CARD", nrs_slice_of_bytes(&huge)), NRS_ERROR_TOO_LARGE);
    nrs_bytes_wipe(&huge);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_decode),
        cmocka_unit_test(test_form_of_text),
        cmocka_unit_test(test_huge),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
