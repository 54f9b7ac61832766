/* Keys of low order are refused by their spelling: exactly those that X25519 takes to zero. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include <sodium.h>

#include "signing.h"

enum { RANDOM_KEYS = 500, AROUND = 40 };

/* What an agreement with it comes to. */
static bool goes_to_zero(const uint8_t key[NRS_KEY_SIZE])
{
    uint8_t scalar[NRS_KEY_SIZE], shared[NRS_KEY_SIZE];

    randombytes_buf(scalar, sizeof scalar);
    return crypto_scalarmult(shared, scalar, key) != 0;
}

static void check(const uint8_t key[NRS_KEY_SIZE], bool *refused_out)
{
    *refused_out = nrs_agree_key_check(key) == NRS_ERROR_FORGED;
    assert_true(*refused_out == goes_to_zero(key));
}

static size_t refused_with_both_top_bits(const uint8_t key[NRS_KEY_SIZE])
{
    uint8_t other[NRS_KEY_SIZE];
    bool refused = false, also = false;

    memcpy(other, key, sizeof other);
    other[NRS_KEY_SIZE - 1] ^= 0x80;
    check(key, &refused);
    check(other, &also);
    assert_true(refused == also);
    return refused ? 1 : 0;
}

static void what_is_refused_is_what_goes_to_zero(void **state)
{
    static const uint8_t order_8[][NRS_KEY_SIZE] = {
        {0xe0, 0xeb, 0x7a, 0x7c, 0x3b, 0x41, 0xb8, 0xae, 0x16, 0x56, 0xe3, 0xfa, 0xf1, 0x9f, 0xc4, 0x6a,
         0xda, 0x09, 0x8d, 0xeb, 0x9c, 0x32, 0xb1, 0xfd, 0x86, 0x62, 0x05, 0x16, 0x5f, 0x49, 0xb8, 0x00},
        {0x5f, 0x9c, 0x95, 0xbc, 0xa3, 0x50, 0x8c, 0x24, 0xb1, 0xd0, 0xb1, 0x55, 0x9c, 0x83, 0xef, 0x5b,
         0x04, 0x44, 0x5c, 0xc4, 0x58, 0x1c, 0x8e, 0x86, 0xd8, 0x22, 0x4e, 0xdd, 0xd0, 0x9f, 0x11, 0x57},
    };
    uint8_t key[NRS_KEY_SIZE];
    size_t refused = 0;

    (void)state;
    for (size_t i = 0; i < AROUND; i++) { /* 0, 1, 2 …, and what ends in …0x7f: both sides of p */
        memset(key, 0, sizeof key);
        key[0] = (uint8_t)i;
        refused += refused_with_both_top_bits(key);
        memset(key, 0xff, sizeof key);
        key[0] = (uint8_t)(0xff - i);
        key[NRS_KEY_SIZE - 1] = 0x7f;
        refused += refused_with_both_top_bits(key);
    }
    assert_int_equal(refused, 5); /* 0, 1, p - 1, p, p + 1 */
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(refused_with_both_top_bits(order_8[i]), 1);
        memcpy(key, order_8[i], sizeof key);
        key[7] ^= 1;
        assert_int_equal(refused_with_both_top_bits(key), 0);
    }
}

static void other_keys_are_taken(void **state)
{
    uint8_t key[NRS_KEY_SIZE];

    (void)state;
    for (size_t i = 0; i < RANDOM_KEYS; i++) {
        randombytes_buf(key, sizeof key);
        assert_int_equal(refused_with_both_top_bits(key), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_refused_is_what_goes_to_zero),
        cmocka_unit_test(other_keys_are_taken),
    };

    return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
