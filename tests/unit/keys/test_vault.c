#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <string.h>

#include "keys/vault.h"

#define HALF_SIZE (NRS_VAULT_FILE_SIZE / 2)

static nrs_secret *secret_random(size_t size)
{
    nrs_secret *secret = NULL;

    assert_int_equal(nrs_secret_random(&secret, size), NRS_OK);
    return secret;
}

static void test_wrap_sizes(void **state)
{
    static const size_t sizes[] = { 1, 16, 32, 33, NRS_SECRET_SIZE_MAX };
    nrs_secret *key = secret_random(32);
    const nrs_slice label = nrs_slice_of_string("entry 7");

    (void)state;
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        nrs_secret *secret = secret_random(sizes[i]);
        nrs_secret *opened = NULL;
        nrs_bytes wrapped = { 0 };

        assert_int_equal(nrs_vault_wrap(&wrapped, key, label, secret), NRS_OK);
        assert_int_equal(wrapped.size, sizes[i] + NRS_VAULT_WRAP_OVERHEAD);
        assert_int_equal(nrs_vault_unwrap(&opened, key, label, nrs_slice_of_bytes(&wrapped)), NRS_OK);
        assert_true(nrs_slice_equal(nrs_secret_slice(secret), nrs_secret_slice(opened)));
        nrs_secret_destroy(&opened);
        nrs_secret_destroy(&secret);
        nrs_bytes_wipe(&wrapped);
    }
    nrs_secret_destroy(&key);
}

static void test_unwrap_refused(void **state)
{
    nrs_secret *key = secret_random(32);
    nrs_secret *other = secret_random(32);
    nrs_secret *secret = secret_random(32);
    nrs_secret *opened = NULL;
    const nrs_slice label = nrs_slice_of_string("entry 7");
    nrs_bytes wrapped = { 0 };
    uint8_t zeros[NRS_VAULT_WRAP_OVERHEAD + NRS_SECRET_SIZE_MAX + 1] = { 0 };

    (void)state;
    assert_int_equal(nrs_vault_wrap(&wrapped, key, label, secret), NRS_OK);
    assert_int_equal(nrs_vault_unwrap(&opened, other, label, nrs_slice_of_bytes(&wrapped)), NRS_ERROR_DAMAGED);
    assert_int_equal(nrs_vault_unwrap(&opened, key, nrs_slice_of_string("entry 8"), nrs_slice_of_bytes(&wrapped)),
                     NRS_ERROR_DAMAGED);
    for (size_t i = 0; i < wrapped.size * 8; i++) {
        wrapped.data[i / 8] ^= (uint8_t)(1u << (i % 8));
        assert_int_equal(nrs_vault_unwrap(&opened, key, label, nrs_slice_of_bytes(&wrapped)), NRS_ERROR_DAMAGED);
        wrapped.data[i / 8] ^= (uint8_t)(1u << (i % 8));
    }
    for (size_t size = 0; size < wrapped.size; size++) {
        assert_int_equal(nrs_vault_unwrap(&opened, key, label, nrs_slice_of(wrapped.data, size)), NRS_ERROR_DAMAGED);
    }
    assert_int_equal(nrs_vault_unwrap(&opened, key, label, nrs_slice_of(zeros, sizeof(zeros))), NRS_ERROR_DAMAGED);
    assert_null(opened);
    nrs_bytes_wipe(&wrapped);
    nrs_secret_destroy(&key);
    nrs_secret_destroy(&other);
    nrs_secret_destroy(&secret);
}

/* What a crash, a bad sector or a hand can do to a half. */
typedef enum damage { DAMAGE_NONE, DAMAGE_TORN_HEAD, DAMAGE_TORN_TAIL, DAMAGE_BIT, DAMAGE_ZEROED, DAMAGE_GENERATION } damage;

static void damage_half(uint8_t *half, damage kind)
{
    switch (kind) {
    case DAMAGE_NONE:
        break;
    case DAMAGE_TORN_HEAD:
        memset(half, 0, 512);
        break;
    case DAMAGE_TORN_TAIL:
        memset(half + HALF_SIZE - 512, 0, 512);
        break;
    case DAMAGE_BIT:
        half[70] ^= 0x20;
        break;
    case DAMAGE_ZEROED:
        memset(half, 0, HALF_SIZE);
        break;
    case DAMAGE_GENERATION:
        half[8] ^= 0x01;
        break;
    }
}

static const struct file_case {
    const char *name;
    bool held[2];
    damage damages[2];
    nrs_error want;
    bool want_held[2];
} file_cases[] = {
    { "both places", { true, true }, { DAMAGE_NONE, DAMAGE_NONE }, NRS_OK, { true, true } },
    { "the first only", { true, false }, { DAMAGE_NONE, DAMAGE_NONE }, NRS_OK, { true, false } },
    { "the second only", { false, true }, { DAMAGE_NONE, DAMAGE_NONE }, NRS_OK, { false, true } },
    { "neither", { false, false }, { DAMAGE_NONE, DAMAGE_NONE }, NRS_OK, { false, false } },
    { "the first torn at its head", { true, true }, { DAMAGE_TORN_HEAD, DAMAGE_NONE }, NRS_OK, { false, true } },
    { "the second torn at its tail", { true, true }, { DAMAGE_NONE, DAMAGE_TORN_TAIL }, NRS_OK, { true, false } },
    { "a bit of the root", { true, true }, { DAMAGE_BIT, DAMAGE_NONE }, NRS_OK, { false, true } },
    { "a bit of the generation", { true, true }, { DAMAGE_NONE, DAMAGE_GENERATION }, NRS_OK, { true, false } },
    { "one zeroed", { true, true }, { DAMAGE_ZEROED, DAMAGE_NONE }, NRS_OK, { false, true } },
    { "both torn", { true, true }, { DAMAGE_TORN_HEAD, DAMAGE_TORN_TAIL }, NRS_ERROR_DAMAGED, { false, false } },
    { "the only one torn", { true, false }, { DAMAGE_TORN_TAIL, DAMAGE_NONE }, NRS_ERROR_DAMAGED, { false, false } },
    { "one zeroed, one torn", { true, true }, { DAMAGE_ZEROED, DAMAGE_BIT }, NRS_ERROR_DAMAGED, { false, false } },
};

static void test_file_halves(void **state)
{
    nrs_secret *key = secret_random(32);
    uint8_t file[NRS_VAULT_FILE_SIZE];

    (void)state;
    for (size_t i = 0; i < sizeof(file_cases) / sizeof(file_cases[0]); i++) {
        const struct file_case *c = &file_cases[i];
        nrs_vault_roots roots = { .generation = { 6, 7 } };
        nrs_vault_roots read = { 0 };

        print_message("  %s\n", c->name);
        for (size_t j = 0; j < 2; j++) {
            roots.root[j] = c->held[j] ? secret_random(32) : NULL;
        }
        assert_int_equal(nrs_vault_file_encode(file, &roots, key), NRS_OK);
        damage_half(file, c->damages[0]);
        damage_half(file + HALF_SIZE, c->damages[1]);
        assert_int_equal(nrs_vault_file_decode(&read, nrs_slice_of(file, sizeof(file)), key), c->want);
        for (size_t j = 0; j < 2; j++) {
            assert_int_equal(read.root[j] != NULL, c->want_held[j]);
            if (read.root[j] != NULL) {
                assert_true(nrs_slice_equal(nrs_secret_slice(read.root[j]), nrs_secret_slice(roots.root[j])));
                assert_int_equal(read.generation[j], roots.generation[j]);
            }
        }
        nrs_vault_roots_wipe(&roots);
        nrs_vault_roots_wipe(&read);
    }
    nrs_secret_destroy(&key);
}

static void test_file_refused(void **state)
{
    nrs_secret *key = secret_random(32);
    nrs_secret *other = secret_random(32);
    nrs_vault_roots roots = { .root = { secret_random(32), secret_random(32) }, .generation = { 1, 2 } };
    nrs_vault_roots read = { 0 };
    uint8_t file[NRS_VAULT_FILE_SIZE + 1] = { 0 };
    uint8_t swapped[NRS_VAULT_FILE_SIZE];

    (void)state;
    assert_int_equal(nrs_vault_file_encode(file, &roots, key), NRS_OK);
    assert_int_equal(nrs_vault_file_decode(&read, nrs_slice_of(file, NRS_VAULT_FILE_SIZE), other), NRS_ERROR_DAMAGED);
    assert_int_equal(nrs_vault_file_decode(&read, nrs_slice_of(file, NRS_VAULT_FILE_SIZE - 1), key), NRS_ERROR_DAMAGED);
    assert_int_equal(nrs_vault_file_decode(&read, nrs_slice_of(file, NRS_VAULT_FILE_SIZE + 1), key), NRS_ERROR_DAMAGED);
    assert_int_equal(nrs_vault_file_decode(&read, nrs_slice_of(NULL, 0), key), NRS_ERROR_DAMAGED);
    memcpy(swapped, file + HALF_SIZE, HALF_SIZE);
    memcpy(swapped + HALF_SIZE, file, HALF_SIZE);
    assert_int_equal(nrs_vault_file_decode(&read, nrs_slice_of(swapped, sizeof(swapped)), key), NRS_ERROR_DAMAGED);
    for (size_t i = 0; i < HALF_SIZE; i++) { /* no byte of a half is outside its seal */
        file[i] ^= 0x40;
        assert_int_equal(nrs_vault_file_decode(&read, nrs_slice_of(file, NRS_VAULT_FILE_SIZE), key), NRS_OK);
        assert_null(read.root[0]);
        nrs_vault_roots_wipe(&read);
        file[i] ^= 0x40;
    }
    nrs_vault_roots_wipe(&roots);
    nrs_secret_destroy(&key);
    nrs_secret_destroy(&other);
}

static int start(void **state)
{
    (void)state;
    return nrs_keys_start() == NRS_OK ? 0 : -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_wrap_sizes),
        cmocka_unit_test(test_unwrap_refused),
        cmocka_unit_test(test_file_halves),
        cmocka_unit_test(test_file_refused),
    };
    return cmocka_run_group_tests(tests, start, NULL);
}
