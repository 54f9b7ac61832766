#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <string.h>

#include "keys/card.h"

/* An organisation with two persons, and a card of theirs that a case may spoil before or after signing. */
typedef struct world {
    nrs_identity *org, *other;
    nrs_identity *persons[2];
    char org_id[16], person_ids[2][16], endpoint[32], name[16];
    char *endpoints[1];
    uint8_t proofs[2][NRS_SIGNATURE_SIZE];
    Nrs__Wire__PersonEntry entries[2];
    Nrs__Wire__PersonEntry *places[2];
    nrs_card card;
} world;

static nrs_identity *identity_new(void)
{
    nrs_identity *identity = NULL;

    assert_int_equal(nrs_identity_new(&identity), NRS_OK);
    return identity;
}

static ProtobufCBinaryData key_field(const uint8_t key[NRS_KEY_SIZE])
{
    return nrs_field_of(nrs_slice_of(key, NRS_KEY_SIZE));
}

static void world_init(world *w)
{
    memset(w, 0, sizeof(*w));
    w->org = identity_new();
    w->other = identity_new();
    strncpy(w->org_id, "kanto-power", sizeof(w->org_id) - 1);
    strncpy(w->name, "Kanto Power", sizeof(w->name) - 1);
    strncpy(w->endpoint, "tcp://hub.example:5555", sizeof(w->endpoint) - 1);
    strncpy(w->person_ids[0], "sato", sizeof(w->person_ids[0]) - 1);
    strncpy(w->person_ids[1], "suzuki", sizeof(w->person_ids[1]) - 1);
    nrs__wire__card__init(&w->card);
    for (size_t i = 0; i < 2; i++) {
        const nrs_public_keys *keys = NULL;

        w->persons[i] = identity_new();
        keys = nrs_identity_public(w->persons[i]);
        assert_int_equal(nrs_person_prove(w->proofs[i], w->persons[i], w->person_ids[i],
                                          nrs_identity_public(w->org)->sign_key),
                         NRS_OK);
        nrs__wire__person_entry__init(&w->entries[i]);
        w->entries[i].id = w->person_ids[i];
        w->entries[i].name = w->name;
        w->entries[i].sign_key = key_field(keys->sign_key);
        w->entries[i].agree_key = key_field(keys->agree_key);
        w->entries[i].proof = nrs_field_of(nrs_slice_of(w->proofs[i], NRS_SIGNATURE_SIZE));
        w->places[i] = &w->entries[i];
    }
    w->endpoints[0] = w->endpoint;
    w->card.org = w->org_id;
    w->card.name = w->name;
    w->card.n_endpoints = 1;
    w->card.endpoints = w->endpoints;
    w->card.n_persons = 2;
    w->card.persons = w->places;
    w->card.serial = 3;
    w->card.created_ms = 1700000000000;
}

static void world_wipe(world *w)
{
    nrs_identity_destroy(&w->org);
    nrs_identity_destroy(&w->other);
    nrs_identity_destroy(&w->persons[0]);
    nrs_identity_destroy(&w->persons[1]);
}

static void test_sign_and_verify(void **state)
{
    world w;
    nrs_bytes bytes = { 0 };
    nrs_card *card = NULL;
    const nrs_public_keys *keys = NULL;

    (void)state;
    world_init(&w);
    keys = nrs_identity_public(w.org);
    assert_int_equal(nrs_card_sign(&bytes, &w.card, w.org), NRS_OK);
    assert_int_equal(nrs_card_verify(&card, nrs_slice_of_bytes(&bytes)), NRS_OK);
    assert_string_equal(card->org, "kanto-power");
    assert_int_equal(card->suite, NRS_SUITE);
    assert_int_equal(card->serial, 3);
    assert_int_equal(card->n_persons, 2);
    assert_memory_equal(card->sign_key.data, keys->sign_key, NRS_KEY_SIZE);
    assert_memory_equal(card->agree_key.data, keys->agree_key, NRS_KEY_SIZE);
    assert_memory_equal(card->curve_key.data, keys->curve_key, NRS_KEY_SIZE);
    assert_int_equal(card->proof.len, NRS_SIGNATURE_SIZE);
    nrs_card_free(&card);
    nrs_bytes_wipe(&bytes);
    world_wipe(&w);
}

/* ---- Cards that must not hold, each signed as if they did ---- */

static void spoil_nothing(world *w)
{
    (void)w;
}
/* A whole and true card of another organisation, in this one's signature. */
static void spoil_signer(world *w)
{
    const nrs_public_keys *keys = nrs_identity_public(w->other);

    w->card.sign_key = key_field(keys->sign_key);
    w->card.agree_key = key_field(keys->agree_key);
    w->card.curve_key = key_field(keys->curve_key);
    w->card.n_persons = 0;
    assert_int_equal(nrs_member_prove(w->card.proof.data, w->other, w->org_id), NRS_OK);
}
static void spoil_agree_key(world *w)
{
    w->card.agree_key = key_field(nrs_identity_public(w->other)->agree_key);
}
static void spoil_curve_key(world *w)
{
    w->card.curve_key = key_field(nrs_identity_public(w->other)->curve_key);
}
static void spoil_org(world *w)
{
    w->org_id[0] = 'x';
}
static void spoil_proof_missing(world *w)
{
    w->card.proof = (ProtobufCBinaryData){ 0 };
}
static void spoil_person_of_other_org(world *w)
{
    assert_int_equal(nrs_person_prove(w->proofs[1], w->persons[1], w->person_ids[1],
                                      nrs_identity_public(w->other)->sign_key),
                     NRS_OK);
}
static void spoil_person_id(world *w)
{
    w->person_ids[1][5] = 'o';
}
static void spoil_person_keys_exchanged(world *w)
{
    w->entries[1].agree_key = w->entries[0].agree_key;
}
static void spoil_person_proof_copied(world *w)
{
    memcpy(w->proofs[1], w->proofs[0], NRS_SIGNATURE_SIZE);
}
static void spoil_person_twice(world *w)
{
    w->places[1] = w->places[0];
}
static void spoil_person_order(world *w)
{
    w->places[0] = &w->entries[1];
    w->places[1] = &w->entries[0];
}

static const struct spoil_case {
    const char *name;
    void (*spoil)(world *w);
    bool holds;
} spoil_cases[] = {
    { "nothing spoilt", spoil_nothing, true },
    { "a card with another's signing key", spoil_signer, false },
    { "an agreement key the proof does not cover", spoil_agree_key, false },
    { "a CURVE key the proof does not cover", spoil_curve_key, false },
    { "an id the proof does not cover", spoil_org, false },
    { "no member proof", spoil_proof_missing, false },
    { "a person who belongs to another organisation", spoil_person_of_other_org, false },
    { "a person under another id", spoil_person_id, false },
    { "a person with another's agreement key", spoil_person_keys_exchanged, false },
    { "a person with a copied proof", spoil_person_proof_copied, false },
    { "a person twice", spoil_person_twice, false },
    { "persons out of order", spoil_person_order, false },
};

/* Pack and sign without any of the checks that nrs_card_sign makes. */
static void sign_raw(nrs_bytes *bytes_out, const nrs_card *card, const nrs_identity *identity)
{
    nrs_signed value = NRS__WIRE__SIGNED__INIT;
    nrs_bytes statement = { 0 };
    uint8_t signature[NRS_SIGNATURE_SIZE];

    assert_int_equal(nrs_bytes_resize(&statement, nrs__wire__card__get_packed_size(card)), NRS_OK);
    (void)nrs__wire__card__pack(card, statement.data);
    nrs_sign(signature, identity, NRS_DOMAIN_CARD_SIGN, nrs_slice_of_bytes(&statement));
    value.statement = nrs_field_of(nrs_slice_of_bytes(&statement));
    value.signer = key_field(nrs_identity_public(identity)->sign_key);
    value.signature = nrs_field_of(nrs_slice_of(signature, sizeof(signature)));
    assert_int_equal(nrs_bytes_resize(bytes_out, nrs__wire__signed__get_packed_size(&value)), NRS_OK);
    (void)nrs__wire__signed__pack(&value, bytes_out->data);
    nrs_bytes_wipe(&statement);
}

static void test_spoilt(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(spoil_cases) / sizeof(spoil_cases[0]); i++) {
        world w;
        uint8_t proof[NRS_SIGNATURE_SIZE];
        nrs_bytes bytes = { 0 };
        nrs_card *card = NULL;
        nrs_error error = NRS_OK;

        print_message("  %s\n", spoil_cases[i].name);
        world_init(&w);
        assert_int_equal(nrs_member_prove(proof, w.org, w.org_id), NRS_OK);
        w.card.suite = NRS_SUITE;
        w.card.sign_key = key_field(nrs_identity_public(w.org)->sign_key);
        w.card.agree_key = key_field(nrs_identity_public(w.org)->agree_key);
        w.card.curve_key = key_field(nrs_identity_public(w.org)->curve_key);
        w.card.proof = nrs_field_of(nrs_slice_of(proof, sizeof(proof)));
        spoil_cases[i].spoil(&w);
        sign_raw(&bytes, &w.card, w.org);
        error = nrs_card_verify(&card, nrs_slice_of_bytes(&bytes));
        assert_int_equal(error == NRS_OK, spoil_cases[i].holds);
        assert_int_equal(card != NULL, spoil_cases[i].holds);
        nrs_card_free(&card);
        nrs_bytes_wipe(&bytes);
        world_wipe(&w);
    }
}

static void test_damaged_bytes(void **state)
{
    world w;
    nrs_bytes bytes = { 0 };
    nrs_card *card = NULL;

    (void)state;
    world_init(&w);
    assert_int_equal(nrs_card_sign(&bytes, &w.card, w.org), NRS_OK);
    for (size_t i = 0; i < bytes.size; i++) {
        for (unsigned bit = 0; bit < 8; bit++) {
            bytes.data[i] ^= (uint8_t)(1u << bit);
            assert_int_not_equal(nrs_card_verify(&card, nrs_slice_of_bytes(&bytes)), NRS_OK);
            bytes.data[i] ^= (uint8_t)(1u << bit);
        }
    }
    for (size_t size = 0; size < bytes.size; size++) {
        assert_int_not_equal(nrs_card_verify(&card, nrs_slice_of(bytes.data, size)), NRS_OK);
    }
    assert_null(card);
    assert_int_equal(nrs_card_verify(&card, nrs_slice_of_bytes(&bytes)), NRS_OK); /* it was the damage */
    nrs_card_free(&card);
    nrs_bytes_wipe(&bytes);
    world_wipe(&w);
}

static void test_bad_names(void **state)
{
    static const char *const names[] = { "", "-a", "a-", "A", "a b", "123456789012345678901234567890123" };
    world w;
    uint8_t proof[NRS_SIGNATURE_SIZE];
    nrs_bytes bytes = { 0 };

    (void)state;
    world_init(&w);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        assert_int_equal(nrs_member_prove(proof, w.org, names[i]), NRS_ERROR_BAD_NAME);
        assert_int_equal(nrs_person_prove(proof, w.persons[0], names[i], nrs_identity_public(w.org)->sign_key),
                         NRS_ERROR_BAD_NAME);
    }
    w.org_id[0] = '\0';
    assert_int_equal(nrs_card_sign(&bytes, &w.card, w.org), NRS_ERROR_BAD_NAME);
    assert_int_equal(bytes.size, 0);
    world_wipe(&w);
}

static int start(void **state)
{
    (void)state;
    return nrs_keys_start() == NRS_OK ? 0 : -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sign_and_verify),
        cmocka_unit_test(test_spoilt),
        cmocka_unit_test(test_damaged_bytes),
        cmocka_unit_test(test_bad_names),
    };
    return cmocka_run_group_tests(tests, start, NULL);
}
