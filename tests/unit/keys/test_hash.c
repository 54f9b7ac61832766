#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <string.h>

#include "keys/hash.h"
#include "keys/secret.h"

static void counting_key(uint8_t key_out[NRS_KEY_SIZE])
{
    for (size_t i = 0; i < NRS_KEY_SIZE; i++) {
        key_out[i] = (uint8_t)i;
    }
}

/* The expected values come from Python's hashlib.blake2b over the bytes that SPEC 2.2 names. */
static void test_known_values(void **state)
{
    uint8_t key[NRS_KEY_SIZE];
    uint8_t hash[NRS_LONG_HASH_SIZE];
    char text[2 * NRS_LONG_HASH_SIZE + 1];
    const nrs_slice parts[] = { nrs_slice_of_string("ab"), nrs_slice_of(NULL, 0), nrs_slice_of_string("c") };

    (void)state;
    counting_key(key);
    nrs_record_id(hash, nrs_slice_of_string("abc"));
    nrs_hex_encode(text, hash, NRS_HASH_SIZE);
    assert_string_equal(text, "4aa546508f5135b5735638c5e50370dd8f237878e2e32b5d2d1dd0c09f25f121");
    nrs_hash(hash, NRS_LONG_HASH_SIZE, NRS_DOMAIN_HEADER, parts, 3);
    nrs_hex_encode(text, hash, NRS_LONG_HASH_SIZE);
    assert_string_equal(text, "1421c3c92243c07c380021038faba3f5f8106963d890a65df8aa3ebd2a4cdfb9"
                              "96edd33a85fb98fd985130afad01d4298facec2fb0a37dbae892a79aa5d37954");
    nrs_key_hash(hash, key);
    nrs_hex_encode(text, hash, NRS_KEY_HASH_SIZE);
    assert_string_equal(text, "4df4586da72ecf6539cff2cfd1752418");
}

static void test_domains_differ(void **state)
{
    uint8_t hashes[NRS_DOMAIN_COUNT][NRS_HASH_SIZE];

    (void)state;
    for (size_t i = 0; i < NRS_DOMAIN_COUNT; i++) {
        nrs_hash_one(hashes[i], (nrs_domain)i, nrs_slice_of_string("same"));
        for (size_t j = 0; j < i; j++) {
            assert_memory_not_equal(hashes[i], hashes[j], NRS_HASH_SIZE);
        }
    }
}

static void test_parts_follow_each_other(void **state)
{
    const nrs_slice split[] = { nrs_slice_of_string("a"), nrs_slice_of_string("bc") };
    uint8_t whole[NRS_HASH_SIZE];
    uint8_t parts[NRS_HASH_SIZE];

    (void)state;
    nrs_hash_one(whole, NRS_DOMAIN_BODY, nrs_slice_of_string("abc"));
    nrs_hash(parts, sizeof(parts), NRS_DOMAIN_BODY, split, 2);
    assert_memory_equal(whole, parts, sizeof(whole));
    nrs_hash(parts, sizeof(parts), NRS_DOMAIN_BODY, split, 1);
    assert_memory_not_equal(whole, parts, sizeof(whole));
}

#define FINGERPRINT "89816 36017 64366 72468 31405 52557 75032 65524"

static const struct fingerprint_case {
    const char *name;
    const char *given;
    nrs_error want;
} fingerprint_cases[] = {
    { "as it is printed", FINGERPRINT, NRS_OK },
    { "without spaces", "8981636017643667246831405525577503265524", NRS_OK },
    { "with spaces around and elsewhere", "  8981 636017 64366 72468   3140552557 75032 65524 ", NRS_OK },
    { "one digit wrong", "89816 36017 64366 72468 31405 52557 75032 65525", NRS_ERROR_FINGERPRINT },
    { "the first digit wrong", "09816 36017 64366 72468 31405 52557 75032 65524", NRS_ERROR_FINGERPRINT },
    { "a line break, as in a mail", "89816 36017 64366 72468\r\n31405 52557 75032 65524\n", NRS_OK },
    { "hyphens and a tab", "89816-36017-64366-72468-31405-52557-75032\t65524", NRS_OK },
    { "full-width digits and blanks", "８９８１６　３６０１７　64366 72468 31405 52557 75032\xc2\xa0" "65524", NRS_OK },
    { "full-width digits, one wrong", "８９８１７　３６０１７　64366 72468 31405 52557 75032 65524", NRS_ERROR_FINGERPRINT },
    { "blanks alone", " \xe3\x80\x80\n", NRS_ERROR_FINGERPRINT },
    { "a letter cut short", "89816 36017 64366 72468 31405 52557 75032 65524\xef", NRS_ERROR_FINGERPRINT },
    { "one digit short", "89816 36017 64366 72468 31405 52557 75032 6552", NRS_ERROR_FINGERPRINT },
    { "one group short", "89816 36017 64366 72468 31405 52557 75032", NRS_ERROR_FINGERPRINT },
    { "one digit more", FINGERPRINT "0", NRS_ERROR_FINGERPRINT },
    { "groups exchanged", "36017 89816 64366 72468 31405 52557 75032 65524", NRS_ERROR_FINGERPRINT },
    { "a letter", "8981G 36017 64366 72468 31405 52557 75032 65524", NRS_ERROR_FINGERPRINT },
    { "nothing", "", NRS_ERROR_FINGERPRINT },
    { "no text", NULL, NRS_ERROR_FINGERPRINT },
};

static void test_fingerprints(void **state)
{
    uint8_t key[NRS_KEY_SIZE];
    char text[48];

    (void)state;
    counting_key(key);
    nrs_fingerprint(text, key);
    assert_string_equal(text, FINGERPRINT);
    for (size_t i = 0; i < sizeof(fingerprint_cases) / sizeof(fingerprint_cases[0]); i++) {
        print_message("  %s\n", fingerprint_cases[i].name);
        assert_int_equal(nrs_fingerprint_check(fingerprint_cases[i].given, key), fingerprint_cases[i].want);
    }
    key[31] ^= 1;
    assert_int_equal(nrs_fingerprint_check(FINGERPRINT, key), NRS_ERROR_FINGERPRINT);
}

static int start(void **state)
{
    (void)state;
    return nrs_keys_start() == NRS_OK ? 0 : -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_known_values),
        cmocka_unit_test(test_domains_differ),
        cmocka_unit_test(test_parts_follow_each_other),
        cmocka_unit_test(test_fingerprints),
    };
    return cmocka_run_group_tests(tests, start, NULL);
}
