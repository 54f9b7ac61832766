/* DESIGN 7: protobuf-c unpacks and repacks bad UTF-8, unknown fields and unknown enum values without a word. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "proto/wire.h"

static const struct wire_case {
    const char *name;
    uint8_t bytes[16];
    size_t size;
    nrs_error want;
} cases[] = {
    {"bad UTF-8", {0x0a, 0x02, 0xc3, 0x28, 0x10, 0x01}, 6, NRS_ERROR_BAD_UTF8},
    {"an unknown field", {0x0a, 0x01, 'a', 0x10, 0x01, 0xf8, 0x06, 0x01}, 8, NRS_ERROR_UNKNOWN_FIELD},
};

static void what_the_library_takes_the_decoder_refuses(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        Nrs__Wire__Summary *unpacked = nrs__wire__summary__unpack(NULL, cases[i].size, cases[i].bytes);
        nrs_summary *decoded = NULL;
        uint8_t repacked[16];

        print_message("%s\n", cases[i].name);
        assert_non_null(unpacked);
        assert_int_equal(nrs__wire__summary__get_packed_size(unpacked), cases[i].size);
        assert_int_equal(nrs__wire__summary__pack(unpacked, repacked), cases[i].size);
        assert_memory_equal(repacked, cases[i].bytes, cases[i].size); /* the trap: the comparison holds */
        assert_int_equal(nrs_summary_decode(&decoded, nrs_slice_of(cases[i].bytes, cases[i].size)), cases[i].want);
        assert_null(decoded);
        nrs__wire__summary__free_unpacked(unpacked, NULL);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(what_the_library_takes_the_decoder_refuses)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
