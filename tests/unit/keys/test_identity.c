#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "keys/identity.h"

#define CLEAR_FILE_SIZE 140u
#define LOCKED_FILE_SIZE 176u

static nrs_identity *identity_new(void)
{
    nrs_identity *identity = NULL;

    assert_int_equal(nrs_identity_new(&identity), NRS_OK);
    return identity;
}

static nrs_slice none(void)
{
    return nrs_slice_of(NULL, 0);
}

static void assert_same_identity(nrs_identity *a, nrs_identity *b)
{
    nrs_secret *derived_a = NULL;
    nrs_secret *derived_b = NULL;

    assert_memory_equal(nrs_identity_public(a), nrs_identity_public(b), sizeof(nrs_public_keys));
    assert_true(nrs_slice_equal(nrs_secret_slice(nrs_identity_curve_secret(a)),
                                nrs_secret_slice(nrs_identity_curve_secret(b))));
    assert_int_equal(nrs_identity_derive(&derived_a, a, NRS_DOMAIN_VAULT), NRS_OK);
    assert_int_equal(nrs_identity_derive(&derived_b, b, NRS_DOMAIN_VAULT), NRS_OK);
    assert_true(nrs_slice_equal(nrs_secret_slice(derived_a), nrs_secret_slice(derived_b)));
    nrs_secret_destroy(&derived_a);
    nrs_secret_destroy(&derived_b);
}

/* ---- Signatures ---- */

static const struct sign_key_case {
    const char *name, *hex;
    bool valid;
} sign_key_cases[] = {
    { "of RFC 8032", "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", true },
    { "zeros, a point of order 4", "0000000000000000000000000000000000000000000000000000000000000000", false },
    { "the neutral point", "0100000000000000000000000000000000000000000000000000000000000000", false },
    { "a point of order 8", "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05", false },
    { "not on the curve", "abababababababababababababababababababababababababababababababab", false },
    { "not below the prime", "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff", false },
};

static void test_sign_key(void **state)
{
    nrs_identity *identity = identity_new();

    (void)state;
    assert_true(nrs_sign_key_valid(nrs_identity_public(identity)->sign_key));
    nrs_identity_destroy(&identity);
    for (size_t i = 0; i < sizeof sign_key_cases / sizeof sign_key_cases[0]; i++) {
        const struct sign_key_case *one = &sign_key_cases[i];
        uint8_t key[NRS_KEY_SIZE];

        assert_int_equal(nrs_hex_decode(key, sizeof key, one->hex), NRS_OK);
        if (nrs_sign_key_valid(key) != one->valid) {
            fail_msg("%s", one->name);
        }
    }
}

static void test_signature_form(void **state)
{
    nrs_identity *identity = identity_new();
    const nrs_slice statement = nrs_slice_of_string("a statement");
    uint8_t signature[NRS_SIGNATURE_SIZE];
    const char domain[] = "noroshi/1 roster signature";
    uint8_t message[4 + sizeof(domain) - 1 + NRS_LONG_HASH_SIZE] = { sizeof(domain) - 1, 0, 0, 0 };

    (void)state;
    memcpy(message + 4, domain, sizeof(domain) - 1);
    nrs_hash(message + 4 + sizeof(domain) - 1, NRS_LONG_HASH_SIZE, NRS_DOMAIN_ROSTER_SIGN, &statement, 1);
    nrs_sign(signature, identity, NRS_DOMAIN_ROSTER_SIGN, statement);
    assert_int_equal(
        crypto_sign_verify_detached(signature, message, sizeof(message), nrs_identity_public(identity)->sign_key), 0);
    nrs_identity_destroy(&identity);
}

static void test_signature_refused(void **state)
{
    nrs_identity *identity = identity_new();
    nrs_identity *other = identity_new();
    const uint8_t *key = nrs_identity_public(identity)->sign_key;
    const nrs_slice statement = nrs_slice_of_string("a statement");
    uint8_t signature[NRS_SIGNATURE_SIZE];

    (void)state;
    nrs_sign(signature, identity, NRS_DOMAIN_CARD_SIGN, statement);
    assert_int_equal(nrs_sign_verify(signature, key, NRS_DOMAIN_CARD_SIGN, statement), NRS_OK);
    assert_int_equal(nrs_sign_verify(signature, key, NRS_DOMAIN_GRANT_SIGN, statement), NRS_ERROR_FORGED);
    assert_int_equal(nrs_sign_verify(signature, key, NRS_DOMAIN_CARD_SIGN, nrs_slice_of_string("another")),
                     NRS_ERROR_FORGED);
    assert_int_equal(nrs_sign_verify(signature, nrs_identity_public(other)->sign_key, NRS_DOMAIN_CARD_SIGN, statement),
                     NRS_ERROR_FORGED);
    for (size_t i = 0; i < sizeof(signature) * 8; i++) {
        signature[i / 8] ^= (uint8_t)(1u << (i % 8));
        assert_int_equal(nrs_sign_verify(signature, key, NRS_DOMAIN_CARD_SIGN, statement), NRS_ERROR_FORGED);
        signature[i / 8] ^= (uint8_t)(1u << (i % 8));
    }
    nrs_identity_destroy(&identity);
    nrs_identity_destroy(&other);
}

/* ---- Signed records ---- */

static const struct type_case {
    nrs_record_type type;
    nrs_error want;
} type_cases[] = {
    { NRS_RECORD_SEALED, NRS_ERROR_MALFORMED },    { NRS_RECORD_SLOT_TABLE, NRS_ERROR_MALFORMED },
    { NRS_RECORD_SLOT_PATH, NRS_ERROR_MALFORMED }, { NRS_RECORD_GRANT, NRS_OK },
    { NRS_RECORD_CARD, NRS_OK },                   { NRS_RECORD_PREKEYS, NRS_OK },
    { NRS_RECORD_ROSTER, NRS_ERROR_MALFORMED },    { NRS_RECORD_ENVELOPE, NRS_OK },
};

static void test_signed_records(void **state)
{
    nrs_identity *identity = identity_new();

    (void)state;
    for (size_t i = 0; i < sizeof(type_cases) / sizeof(type_cases[0]); i++) {
        const struct type_case *c = &type_cases[i];
        nrs_bytes bytes = { 0 };
        nrs_record *record = NULL;
        nrs_signed *opened = NULL;

        assert_int_equal(nrs_signed_record(&bytes, c->type, identity, nrs_slice_of_string("said")), c->want);
        if (c->want == NRS_OK) {
            assert_int_equal(nrs_record_decode(&record, nrs_slice_of_bytes(&bytes)), NRS_OK);
            assert_int_equal(record->type, c->type);
            for (size_t j = 0; j < sizeof(type_cases) / sizeof(type_cases[0]); j++) {
                const nrs_error want = type_cases[j].want != NRS_OK ? NRS_ERROR_MALFORMED
                                       : i == j                     ? NRS_OK
                                                                    : NRS_ERROR_FORGED;

                assert_int_equal(nrs_signed_open(&opened, type_cases[j].type, nrs_field(&record->payload)), want);
                nrs_signed_free(&opened);
            }
        }
        nrs_record_free(&record);
        nrs_bytes_wipe(&bytes);
    }
    nrs_identity_destroy(&identity);
}

/* ---- Agreement ---- */

static void test_agreement(void **state)
{
    nrs_identity *a = identity_new();
    nrs_identity *b = identity_new();
    uint8_t first[NRS_KEY_SIZE];
    uint8_t again[NRS_KEY_SIZE];
    uint8_t other_way[NRS_KEY_SIZE];

    (void)state;
    assert_int_equal(nrs_identity_agree(first, a, nrs_identity_public(b)->agree_key), NRS_OK);
    assert_int_equal(nrs_identity_agree(again, a, nrs_identity_public(b)->agree_key), NRS_OK);
    assert_int_equal(nrs_identity_agree_with(b, other_way, nrs_identity_public(a)->agree_key), NRS_OK);
    assert_memory_equal(first, again, sizeof(first));
    assert_memory_equal(first, other_way, sizeof(first));
    nrs_identity_forget_agreed(a);
    nrs_identity_forget_agreed(a); /* nothing is kept */
    memset(again, 0, sizeof(again));
    assert_int_equal(nrs_identity_agree(again, a, nrs_identity_public(b)->agree_key), NRS_OK);
    assert_memory_equal(first, again, sizeof(first));
    nrs_identity_destroy(&a);
    nrs_identity_destroy(&b);
}

/* More peers than the cache holds, and as many as possible under one hash: every answer stays right. */
static void test_agreement_cache_bounds(void **state)
{
    enum { PEER_COUNT = 4600 };
    nrs_identity *a = identity_new();
    uint8_t (*secrets)[NRS_KEY_SIZE] = calloc(PEER_COUNT, sizeof(*secrets));
    uint8_t (*keys)[NRS_KEY_SIZE] = calloc(PEER_COUNT, sizeof(*keys));
    uint8_t got[NRS_KEY_SIZE];
    uint8_t want[NRS_KEY_SIZE];

    (void)state;
    assert_non_null(secrets);
    assert_non_null(keys);
    for (size_t i = 0; i < PEER_COUNT; i++) {
        assert_int_equal(crypto_box_keypair(keys[i], secrets[i]), 0);
        assert_int_equal(nrs_identity_agree(got, a, keys[i]), NRS_OK);
    }
    for (size_t i = 0; i < PEER_COUNT; i += 7) {
        assert_int_equal(nrs_identity_agree(got, a, keys[i]), NRS_OK);
        assert_int_equal(crypto_scalarmult(want, secrets[i], nrs_identity_public(a)->agree_key), 0);
        assert_memory_equal(got, want, sizeof(got));
    }
    for (size_t i = 0; i < 64; i++) { /* peers that chose the first bytes of their keys */
        keys[i][0] = 9;
        keys[i][1] = 0;
        assert_int_equal(nrs_identity_agree(got, a, keys[i]), NRS_OK);
    }
    free(secrets);
    free(keys);
    nrs_identity_destroy(&a);
}

static const struct low_order_case {
    const char *name;
    const char *hex;
} low_order_cases[] = {
    { "zero", "0000000000000000000000000000000000000000000000000000000000000000" },
    { "one", "0100000000000000000000000000000000000000000000000000000000000000" },
    { "order eight", "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800" },
    { "order eight, the other", "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157" },
    { "p - 1", "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f" },
    { "p", "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f" },
    { "p + 1", "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f" },
};

static void test_agreement_low_order(void **state)
{
    nrs_identity *identity = identity_new();

    (void)state;
    for (size_t i = 0; i < sizeof(low_order_cases) / sizeof(low_order_cases[0]); i++) {
        uint8_t key[NRS_KEY_SIZE];
        uint8_t shared[NRS_KEY_SIZE] = { 0x77 };

        print_message("  %s\n", low_order_cases[i].name);
        assert_int_equal(nrs_hex_decode(key, sizeof(key), low_order_cases[i].hex), NRS_OK);
        assert_int_equal(nrs_identity_agree(shared, identity, key), NRS_ERROR_FORGED);
        assert_int_equal(nrs_identity_agree(shared, identity, key), NRS_ERROR_FORGED); /* and was not kept */
        assert_int_equal(shared[0], 0x77);
    }
    nrs_identity_destroy(&identity);
}

/* ---- Derivation ---- */

static void test_derivations_differ(void **state)
{
    nrs_identity *a = identity_new();
    nrs_identity *b = identity_new();
    nrs_secret *share = NULL;
    nrs_secret *other_share = NULL;
    nrs_secret *short_share = NULL;
    nrs_secret *keys[6] = { 0 };
    nrs_secret *none_made = NULL;

    (void)state;
    assert_int_equal(nrs_secret_random(&share, NRS_KEY_SIZE), NRS_OK);
    assert_int_equal(nrs_secret_random(&other_share, NRS_KEY_SIZE), NRS_OK);
    assert_int_equal(nrs_secret_random(&short_share, NRS_KEY_SIZE - 1), NRS_OK);
    assert_int_equal(nrs_identity_derive(&keys[0], a, NRS_DOMAIN_VAULT), NRS_OK);
    assert_int_equal(nrs_identity_derive(&keys[1], b, NRS_DOMAIN_VAULT), NRS_OK);
    assert_int_equal(nrs_identity_derive(&keys[2], a, NRS_DOMAIN_PERSON_PREKEY), NRS_OK);
    assert_int_equal(nrs_person_prekey_key(&keys[3], a, share), NRS_OK);
    assert_int_equal(nrs_person_prekey_key(&keys[4], b, share), NRS_OK);
    assert_int_equal(nrs_person_prekey_key(&keys[5], a, other_share), NRS_OK);
    for (size_t i = 0; i < 6; i++) {
        for (size_t j = 0; j < i; j++) {
            assert_false(nrs_slice_equal(nrs_secret_slice(keys[i]), nrs_secret_slice(keys[j])));
        }
    }
    assert_int_equal(nrs_person_prekey_key(&none_made, a, short_share), NRS_ERROR_MALFORMED);
    assert_null(none_made);
    for (size_t i = 0; i < 6; i++) {
        nrs_secret_destroy(&keys[i]);
    }
    nrs_secret_destroy(&share);
    nrs_secret_destroy(&other_share);
    nrs_secret_destroy(&short_share);
    nrs_identity_destroy(&a);
    nrs_identity_destroy(&b);
}

/* ---- Key files ---- */

static void test_file_in_the_clear(void **state)
{
    nrs_identity *identity = identity_new();
    nrs_identity *loaded = NULL;
    nrs_bytes file = { 0 };

    (void)state;
    assert_int_equal(nrs_identity_save(&file, identity, none()), NRS_OK);
    assert_int_equal(file.size, CLEAR_FILE_SIZE);
    assert_false(nrs_identity_file_locked(nrs_slice_of_bytes(&file)));
    assert_int_equal(nrs_identity_load(&loaded, nrs_slice_of_bytes(&file), nrs_slice_of_string("given")),
                     NRS_ERROR_PASSPHRASE);
    assert_int_equal(nrs_identity_load(&loaded, nrs_slice_of_bytes(&file), none()), NRS_OK);
    assert_same_identity(identity, loaded);
    nrs_identity_destroy(&loaded);

    for (size_t i = 0; i < file.size * 8; i++) {
        /* Up to the flags the form is wrong; after them the checksum. */
        const nrs_error want = i / 8 < 12 ? NRS_ERROR_MALFORMED : NRS_ERROR_PASSPHRASE;

        file.data[i / 8] ^= (uint8_t)(1u << (i % 8));
        assert_int_equal(nrs_identity_load(&loaded, nrs_slice_of_bytes(&file), none()), want);
        assert_null(loaded);
        file.data[i / 8] ^= (uint8_t)(1u << (i % 8));
    }
    for (size_t size = 0; size < file.size; size++) {
        assert_int_equal(nrs_identity_load(&loaded, nrs_slice_of(file.data, size), none()), NRS_ERROR_MALFORMED);
    }
    assert_int_equal(nrs_bytes_append_u8(&file, 0), NRS_OK);
    assert_int_equal(nrs_identity_load(&loaded, nrs_slice_of_bytes(&file), none()), NRS_ERROR_MALFORMED);
    nrs_bytes_wipe(&file);
    nrs_identity_destroy(&identity);
}

static const struct locked_case {
    const char *name;
    size_t place;        /* of the byte that is changed; SIZE_MAX for none */
    uint8_t change;
    const char *passphrase;
    nrs_error want;
} locked_cases[] = {
    { "the right passphrase", SIZE_MAX, 0, "correct horse", NRS_OK },
    { "a wrong passphrase", SIZE_MAX, 0, "correct horsf", NRS_ERROR_PASSPHRASE },
    { "a prefix of the passphrase", SIZE_MAX, 0, "correct hors", NRS_ERROR_PASSPHRASE },
    { "no passphrase", SIZE_MAX, 0, "", NRS_ERROR_PASSPHRASE },
    { "the magic", 0, 0x01, "correct horse", NRS_ERROR_MALFORMED },
    { "flags of a clear file", 8, 0x01, "correct horse", NRS_ERROR_MALFORMED },
    { "an unknown flag", 8, 0x02, "correct horse", NRS_ERROR_MALFORMED },
    { "other passes", 12, 0x01, "correct horse", NRS_ERROR_PASSPHRASE },
    { "no passes", 12, 0x03, "correct horse", NRS_ERROR_MALFORMED },
    { "too many passes", 12, 0x08, "correct horse", NRS_ERROR_MALFORMED },
    { "hugely many passes", 15, 0xff, "correct horse", NRS_ERROR_MALFORMED },
    { "less memory", 19, 0x06, "correct horse", NRS_ERROR_PASSPHRASE },
    { "too little memory", 19, 0x04, "correct horse", NRS_ERROR_MALFORMED },
    { "too much memory", 19, 0x80, "correct horse", NRS_ERROR_MALFORMED },
    { "hugely much memory", 23, 0xff, "correct horse", NRS_ERROR_MALFORMED },
    { "the salt", 24, 0x01, "correct horse", NRS_ERROR_PASSPHRASE },
    { "the nonce", 40, 0x80, "correct horse", NRS_ERROR_PASSPHRASE },
    { "the first seed", 64, 0x10, "correct horse", NRS_ERROR_PASSPHRASE },
    { "the tag", LOCKED_FILE_SIZE - 1, 0x01, "correct horse", NRS_ERROR_PASSPHRASE },
};

static void test_file_locked(void **state)
{
    nrs_identity *identity = identity_new();
    nrs_bytes file = { 0 };
    nrs_identity *loaded = NULL;

    (void)state;
    assert_int_equal(nrs_identity_save(&file, identity, nrs_slice_of_string("correct horse")), NRS_OK);
    assert_int_equal(file.size, LOCKED_FILE_SIZE);
    assert_true(nrs_identity_file_locked(nrs_slice_of_bytes(&file)));
    for (size_t i = 0; i < sizeof(locked_cases) / sizeof(locked_cases[0]); i++) {
        const struct locked_case *c = &locked_cases[i];

        print_message("  %s\n", c->name);
        if (c->place != SIZE_MAX) {
            file.data[c->place] ^= c->change;
        }
        /* "less memory" sets 64 MiB (0x04000000) to 32 MiB, and so on: byte 19 is the highest of the size in use. */
        assert_int_equal(nrs_identity_load(&loaded, nrs_slice_of_bytes(&file), nrs_slice_of_string(c->passphrase)),
                         c->want);
        if (c->want == NRS_OK) {
            assert_same_identity(identity, loaded);
            nrs_identity_destroy(&loaded);
        }
        assert_null(loaded);
        if (c->place != SIZE_MAX) {
            file.data[c->place] ^= c->change;
        }
    }
    for (size_t size = 0; size < file.size; size++) {
        assert_int_equal(nrs_identity_load(&loaded, nrs_slice_of(file.data, size), nrs_slice_of_string("correct horse")),
                         NRS_ERROR_MALFORMED);
        assert_false(nrs_identity_file_locked(nrs_slice_of(file.data, size)));
    }
    nrs_bytes_wipe(&file);
    nrs_identity_destroy(&identity);
}

static void test_file_salted(void **state)
{
    nrs_identity *identity = identity_new();
    nrs_bytes a = { 0 };
    nrs_bytes b = { 0 };
    uint8_t *long_passphrase = calloc(1, 1025);

    (void)state;
    assert_non_null(long_passphrase);
    assert_int_equal(nrs_identity_save(&a, identity, nrs_slice_of_string("p")), NRS_OK);
    assert_int_equal(nrs_identity_save(&b, identity, nrs_slice_of_string("p")), NRS_OK);
    assert_int_not_equal(memcmp(a.data + 64, b.data + 64, 32), 0);
    assert_int_equal(nrs_identity_save(&b, identity, nrs_slice_of(long_passphrase, 1025)), NRS_ERROR_TOO_LARGE);
    assert_int_equal(b.size, LOCKED_FILE_SIZE); /* untouched */
    free(long_passphrase);
    nrs_bytes_wipe(&a);
    nrs_bytes_wipe(&b);
    nrs_identity_destroy(&identity);
}

static int start(void **state)
{
    (void)state;
    return nrs_keys_start() == NRS_OK ? 0 : -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_signature_form),      cmocka_unit_test(test_signature_refused),
        cmocka_unit_test(test_signed_records),      cmocka_unit_test(test_agreement),
        cmocka_unit_test(test_agreement_cache_bounds), cmocka_unit_test(test_agreement_low_order),
        cmocka_unit_test(test_derivations_differ),  cmocka_unit_test(test_file_in_the_clear),
        cmocka_unit_test(test_file_locked),         cmocka_unit_test(test_file_salted),
        cmocka_unit_test(test_sign_key),
    };
    return cmocka_run_group_tests(tests, start, NULL);
}
