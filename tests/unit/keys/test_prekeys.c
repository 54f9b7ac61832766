#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <string.h>

#include <sodium.h>

#include "keys/card.h"

#define FROM_MS 1700000000000ull

static nrs_identity *identity_new(void)
{
    nrs_identity *identity = NULL;

    assert_int_equal(nrs_identity_new(&identity), NRS_OK);
    return identity;
}

static void wipe_all(nrs_prekey_secret *secrets, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        nrs_prekey_secret_wipe(&secrets[i]);
        assert_null(secrets[i].secret);
    }
}

/* The payload of a PREKEYS record. */
static void payload_of(nrs_bytes *payload_out, nrs_slice record_bytes)
{
    nrs_record *record = NULL;

    assert_int_equal(nrs_record_decode(&record, record_bytes), NRS_OK);
    assert_int_equal(record->type, NRS_RECORD_PREKEYS);
    assert_int_equal(nrs_bytes_copy(payload_out, nrs_field(&record->payload)), NRS_OK);
    nrs_record_free(&record);
}

static void test_make(void **state)
{
    nrs_prekey_secret secrets[NRS_PREKEY_COUNT_MAX] = { 0 };

    (void)state;
    assert_int_equal(nrs_prekeys_make(secrets, NRS_PREKEY_COUNT_MAX, FROM_MS), NRS_OK);
    for (size_t i = 0; i < NRS_PREKEY_COUNT_MAX; i++) {
        uint8_t key[NRS_KEY_SIZE];

        assert_int_equal(secrets[i].from_ms, FROM_MS + i * NRS_WEEK_MS);
        assert_int_equal(secrets[i].until_ms, FROM_MS + (i + 1) * NRS_WEEK_MS);
        assert_int_equal(crypto_scalarmult_base(key, nrs_secret_view(secrets[i].secret)), 0);
        assert_memory_equal(key, secrets[i].key, sizeof(key));
        for (size_t j = 0; j < i; j++) {
            assert_memory_not_equal(secrets[i].id, secrets[j].id, NRS_PREKEY_ID_SIZE);
            assert_memory_not_equal(secrets[i].key, secrets[j].key, NRS_KEY_SIZE);
        }
    }
    wipe_all(secrets, NRS_PREKEY_COUNT_MAX);
    assert_int_equal(nrs_prekeys_make(secrets, NRS_PREKEY_COUNT_MAX + 1, FROM_MS), NRS_ERROR_LIMIT);
    assert_int_equal(nrs_prekeys_make(secrets, 2, UINT64_MAX - NRS_WEEK_MS), NRS_ERROR_LIMIT);
    assert_null(secrets[0].secret);
}

/* The pool runs out in the middle of a bundle: nothing is left behind. */
static void test_make_without_room(void **state)
{
    enum { SLOT_COUNT = 8192 };
    nrs_secret *all[SLOT_COUNT];
    nrs_prekey_secret secrets[4] = { 0 };
    size_t count = 0;

    (void)state;
    while (count < SLOT_COUNT && nrs_secret_new(&all[count], 1) == NRS_OK) {
        count++;
    }
    nrs_secret_destroy(&all[--count]);
    nrs_secret_destroy(&all[--count]);
    assert_int_equal(nrs_prekeys_make(secrets, 4, FROM_MS), NRS_ERROR_BUSY);
    for (size_t i = 0; i < 4; i++) {
        assert_null(secrets[i].secret);
    }
    assert_int_equal(nrs_prekeys_make(secrets, 2, FROM_MS), NRS_OK);
    wipe_all(secrets, 2);
    while (count > 0) {
        nrs_secret_destroy(&all[--count]);
    }
}

static void test_sign_verify_current(void **state)
{
    static const struct current_case {
        uint64_t now_ms;
        int want; /* index; -1: none */
    } cases[] = {
        { 0, -1 },
        { FROM_MS - 1, -1 },
        { FROM_MS, 0 },
        { FROM_MS + NRS_WEEK_MS - 1, 0 },
        { FROM_MS + NRS_WEEK_MS, 1 },
        { FROM_MS + 4 * NRS_WEEK_MS - 1, 3 },
        { FROM_MS + 4 * NRS_WEEK_MS, -1 },
        { UINT64_MAX, -1 },
    };
    nrs_identity *org = identity_new();
    nrs_prekey_secret secrets[4] = { 0 };
    nrs_bytes record = { 0 };
    nrs_bytes payload = { 0 };
    nrs_prekeys *bundle = NULL;

    (void)state;
    assert_int_equal(nrs_prekeys_make(secrets, 4, FROM_MS), NRS_OK);
    assert_int_equal(nrs_prekeys_sign(&record, secrets, 4, org, nrs_identity_public(org)->sign_key, FROM_MS), NRS_OK);
    payload_of(&payload, nrs_slice_of_bytes(&record));
    assert_int_equal(nrs_prekeys_verify(&bundle, nrs_slice_of_bytes(&payload)), NRS_OK);
    assert_int_equal(bundle->n_prekeys, 4);
    assert_memory_equal(bundle->owner.data, nrs_identity_public(org)->sign_key, NRS_KEY_SIZE);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const Nrs__Wire__Prekey *prekey = nrs_prekeys_current(bundle, cases[i].now_ms);

        if (cases[i].want < 0) {
            assert_null(prekey);
        } else {
            assert_non_null(prekey);
            assert_memory_equal(prekey->id.data, secrets[cases[i].want].id, NRS_PREKEY_ID_SIZE);
            assert_memory_equal(prekey->key.data, secrets[cases[i].want].key, NRS_KEY_SIZE);
        }
    }
    nrs_prekeys_free(&bundle);

    for (size_t i = 0; i < payload.size; i++) {
        payload.data[i] ^= 0x10;
        assert_int_not_equal(nrs_prekeys_verify(&bundle, nrs_slice_of_bytes(&payload)), NRS_OK);
        payload.data[i] ^= 0x10;
    }
    for (size_t size = 0; size < payload.size; size++) {
        assert_int_not_equal(nrs_prekeys_verify(&bundle, nrs_slice_of(payload.data, size)), NRS_OK);
    }
    assert_null(bundle);
    assert_int_equal(nrs_prekeys_sign(&record, secrets, 0, org, nrs_identity_public(org)->sign_key, FROM_MS),
                     NRS_ERROR_LIMIT);
    wipe_all(secrets, 4);
    nrs_bytes_wipe(&record);
    nrs_bytes_wipe(&payload);
    nrs_identity_destroy(&org);
}

/* ---- Bundles that are signed, and wrong ---- */

typedef enum wrong { WRONG_NOTHING, WRONG_OWNER, WRONG_ORDER, WRONG_EMPTY_WINDOW, WRONG_LONG_WINDOW, WRONG_ID, WRONG_LOW_ORDER } wrong;

static const struct wrong_case {
    const char *name;
    wrong kind;
    bool holds;
} wrong_cases[] = {
    { "nothing wrong", WRONG_NOTHING, true },
    { "another's bundle", WRONG_OWNER, false },
    { "windows out of order", WRONG_ORDER, false },
    { "an empty window", WRONG_EMPTY_WINDOW, false },
    { "a window longer than a week", WRONG_LONG_WINDOW, false },
    { "one id for two keys", WRONG_ID, false },
    { "a low-order key, which would spoil a grant made to many", WRONG_LOW_ORDER, false },
};

static void test_wrong_bundles(void **state)
{
    nrs_identity *owner = identity_new();
    nrs_identity *other = identity_new();
    nrs_prekey_secret secrets[2] = { 0 };
    static const uint8_t low_order[NRS_KEY_SIZE] = { 1 };

    (void)state;
    assert_int_equal(nrs_prekeys_make(secrets, 2, FROM_MS), NRS_OK);
    for (size_t i = 0; i < sizeof(wrong_cases) / sizeof(wrong_cases[0]); i++) {
        const wrong kind = wrong_cases[i].kind;
        nrs_prekeys value = NRS__WIRE__PREKEYS__INIT;
        Nrs__Wire__Prekey prekeys[2];
        Nrs__Wire__Prekey *places[2] = { &prekeys[0], &prekeys[1] };
        uint8_t statement[512];
        nrs_bytes record = { 0 };
        nrs_bytes payload = { 0 };
        nrs_prekeys *bundle = NULL;
        size_t size = 0;

        print_message("  %s\n", wrong_cases[i].name);
        for (size_t j = 0; j < 2; j++) {
            const size_t from = kind == WRONG_ORDER ? 1 - j : j;

            nrs__wire__prekey__init(&prekeys[j]);
            prekeys[j].id = nrs_field_of(nrs_slice_of(secrets[kind == WRONG_ID ? 0 : from].id, NRS_PREKEY_ID_SIZE));
            prekeys[j].key = nrs_field_of(
                nrs_slice_of(kind == WRONG_LOW_ORDER && j == 1 ? low_order : secrets[from].key, NRS_KEY_SIZE));
            prekeys[j].from_ms = secrets[from].from_ms;
            prekeys[j].until_ms = kind == WRONG_EMPTY_WINDOW  ? secrets[from].from_ms
                                  : kind == WRONG_LONG_WINDOW ? secrets[from].until_ms + 1
                                                              : secrets[from].until_ms;
        }
        value.suite = NRS_SUITE;
        value.owner = nrs_field_of(
            nrs_slice_of(nrs_identity_public(kind == WRONG_OWNER ? other : owner)->sign_key, NRS_KEY_SIZE));
        value.org = nrs_field_of(nrs_slice_of(nrs_identity_public(other)->sign_key, NRS_KEY_SIZE));
        value.created_ms = FROM_MS;
        value.n_prekeys = 2;
        value.prekeys = places;
        size = nrs__wire__prekeys__get_packed_size(&value);
        assert_true(size <= sizeof(statement));
        (void)nrs__wire__prekeys__pack(&value, statement);
        assert_int_equal(nrs_signed_record(&record, NRS_RECORD_PREKEYS, owner, nrs_slice_of(statement, size)), NRS_OK);
        payload_of(&payload, nrs_slice_of_bytes(&record));
        assert_int_equal(nrs_prekeys_verify(&bundle, nrs_slice_of_bytes(&payload)) == NRS_OK, wrong_cases[i].holds);
        nrs_prekeys_free(&bundle);
        nrs_bytes_wipe(&record);
        nrs_bytes_wipe(&payload);
    }
    wipe_all(secrets, 2);
    nrs_identity_destroy(&owner);
    nrs_identity_destroy(&other);
}

static int start(void **state)
{
    (void)state;
    return nrs_keys_start() == NRS_OK ? 0 : -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_make),
        cmocka_unit_test(test_make_without_room),
        cmocka_unit_test(test_sign_verify_current),
        cmocka_unit_test(test_wrong_bundles),
    };
    return cmocka_run_group_tests(tests, start, NULL);
}
