#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "sealing_fixture.h"
#include "attacker.h"

static party alice;
static party bob;
static party mallory;
static const uint8_t community[NRS_HASH_SIZE] = {3};

/* An envelope from alice to bob, verified. */
typedef struct post {
    nrs_bytes record;
    nrs_record *outer;
    nrs_envelope *envelope;
} post;

static int prepare(void **state)
{
    (void)state;
    party_init(&alice);
    party_init(&bob);
    party_init(&mallory);
    return 0;
}

static int finish(void **state)
{
    (void)state;
    party_wipe(&alice);
    party_wipe(&bob);
    party_wipe(&mallory);
    return 0;
}

static nrs_envelope_request request_to(const nrs_recipient *to, const nrs_slice *statements, size_t count)
{
    return (nrs_envelope_request){
        .statements = statements,
        .statement_count = count,
        .community = nrs_slice_of(community, sizeof community),
        .to = to,
        .now_ms = FIXTURE_NOW_MS,
        .expires_ms = FIXTURE_NOW_MS + NRS_DAY_MS,
    };
}

static void post_make(post *it, const nrs_recipient *to, const nrs_slice *statements, size_t count)
{
    const nrs_envelope_request request = request_to(to, statements, count);

    *it = (post){0};
    assert_int_equal(nrs_envelope_seal(&it->record, alice.identity, &request), NRS_OK);
    assert_int_equal(nrs_record_decode(&it->outer, nrs_slice_of_bytes(&it->record)), NRS_OK);
    assert_int_equal(it->outer->type, NRS_RECORD_ENVELOPE);
    assert_int_equal(nrs_envelope_verify(&it->envelope, nrs_field(&it->outer->payload)), NRS_OK);
}

static void post_wipe(post *it)
{
    nrs_envelope_free(&it->envelope);
    nrs_record_free(&it->outer);
    nrs_bytes_wipe(&it->record);
}

static nrs_error open_as(const nrs_envelope *envelope, const party *who, const nrs_prekey_secret *prekey,
                         const nrs_public_keys *from)
{
    nrs_letter *letter = NULL;
    nrs_error error = nrs_envelope_open(&letter, envelope, who->identity, prekey, from);

    assert_true((error == NRS_OK) == (letter != NULL));
    nrs_letter_free(&letter);
    return error;
}

static void test_round_trip(void **state)
{
    static uint8_t text[3][40] = {"one", "two", "three"};
    nrs_slice statements[3];
    nrs_letter *letter = NULL;
    post it;

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        statements[i] = nrs_slice_of(text[i], sizeof text[i]);
    }
    post_make(&it, &bob.recipient, statements, 3);
    assert_int_equal(nrs_envelope_open(&letter, it.envelope, bob.identity, &bob.prekey,
                                       nrs_identity_public(alice.identity)),
                     NRS_OK);
    assert_int_equal(letter->n_statements, 3);
    for (size_t i = 0; i < 3; i++) {
        assert_true(nrs_slice_equal(nrs_field(&letter->statements[i]), statements[i]));
    }
    nrs_letter_free(&letter);
    post_wipe(&it);
}

/* A letter of n bytes in statements holds 3 or 4 bytes of framing for each, and 4 of its size. */
static const struct size_case {
    const char *name;
    size_t statement_size;
    size_t statement_count;
    size_t box_size;
} size_cases[] = {
    {"the smallest", 1, 1, 256},
    {"fills 256", 249, 1, 256},
    {"one more than 256", 250, 1, 1024},
    {"fills 1 KiB", 1017, 1, 1024},
    {"one more than 1 KiB", 1018, 1, 4096},
    {"fills 4 KiB", 4089, 1, 4096},
    {"one more than 4 KiB", 4090, 1, 16384},
    {"two large ones", 8184, 2, 16384},
    {"many", 8000, 8, 65536},
};

static void test_sizes(void **state)
{
    static uint8_t text[NRS_STATEMENT_SIZE_MAX];
    nrs_slice statements[8];

    (void)state;
    memset(text, 's', sizeof text);
    for (size_t i = 0; i < sizeof size_cases / sizeof size_cases[0]; i++) {
        const struct size_case *size = &size_cases[i];
        post it;

        print_message("%s\n", size->name);
        for (size_t j = 0; j < size->statement_count; j++) {
            statements[j] = nrs_slice_of(text, size->statement_size);
        }
        post_make(&it, &bob.recipient, statements, size->statement_count);
        assert_int_equal(it.envelope->box.len, size->box_size + NRS_TAG_SIZE);
        assert_int_equal(open_as(it.envelope, &bob, &bob.prekey, nrs_identity_public(alice.identity)), NRS_OK);
        post_wipe(&it);
    }
}

static void test_limits(void **state)
{
    static uint8_t text[NRS_STATEMENT_SIZE_MAX];
    static nrs_slice statements[NRS_STATEMENT_COUNT_MAX + 1];
    nrs_envelope_request request;
    nrs_bytes record = {0};
    nrs_recipient weak = bob.recipient;

    (void)state;
    for (size_t i = 0; i <= NRS_STATEMENT_COUNT_MAX; i++) {
        statements[i] = nrs_slice_of(text, 32);
    }
    request = request_to(&bob.recipient, statements, 0);
    assert_int_equal(nrs_envelope_seal(&record, alice.identity, &request), NRS_ERROR_LIMIT);
    request.statement_count = NRS_STATEMENT_COUNT_MAX + 1;
    assert_int_equal(nrs_envelope_seal(&record, alice.identity, &request), NRS_ERROR_LIMIT);
    for (size_t i = 0; i < 9; i++) {
        statements[i] = nrs_slice_of(text, 8000);
    }
    request.statement_count = 9;
    assert_int_equal(nrs_envelope_seal(&record, alice.identity, &request), NRS_ERROR_TOO_LARGE);
    request.statement_count = 1;
    memset(weak.prekey, 0, NRS_KEY_SIZE);
    request.to = &weak;
    assert_int_equal(nrs_envelope_seal(&record, alice.identity, &request), NRS_ERROR_FORGED);
    weak = bob.recipient;
    memset(weak.agree_key, 0, NRS_KEY_SIZE);
    assert_int_equal(nrs_envelope_seal(&record, alice.identity, &request), NRS_ERROR_FORGED);
    assert_null(record.data);
}

static void test_every_byte(void **state)
{
    static const uint8_t text[] = "accepted";
    const nrs_slice statement = nrs_slice_of(text, sizeof text);
    nrs_envelope *envelope = NULL;
    nrs_slice payload;
    post it;

    (void)state;
    post_make(&it, &bob.recipient, &statement, 1);
    payload = nrs_field(&it.outer->payload);
    for (size_t i = 0; i < payload.size; i++) {
        it.outer->payload.data[i] ^= (uint8_t)(1u << (i % 8));
        assert_int_not_equal(nrs_envelope_verify(&envelope, payload), NRS_OK);
        it.outer->payload.data[i] ^= (uint8_t)(1u << (i % 8));
    }
    assert_null(envelope);
    post_wipe(&it);
}

/* Behind a good signature still nothing opens that differs from what was sealed. */
static void test_fields_are_bound(void **state)
{
    static const uint8_t text[] = "accepted";
    const nrs_slice statement = nrs_slice_of(text, sizeof text);
    const nrs_public_keys *from = nrs_identity_public(alice.identity);
    const ProtobufCBinaryData *fields[6];
    post it;

    (void)state;
    post_make(&it, &bob.recipient, &statement, 1);
    fields[0] = &it.envelope->from;
    fields[1] = &it.envelope->to;
    fields[2] = &it.envelope->community;
    fields[3] = &it.envelope->epk;
    fields[4] = &it.envelope->prekey_id;
    fields[5] = &it.envelope->box;
    for (size_t f = 0; f < sizeof fields / sizeof fields[0]; f++) {
        for (size_t i = 0; i < fields[f]->len; i++) {
            fields[f]->data[i] ^= 2;
            assert_int_equal(open_as(it.envelope, &bob, &bob.prekey, from), NRS_ERROR_FORGED);
            fields[f]->data[i] ^= 2;
        }
    }
    it.envelope->created_ms++;
    assert_int_equal(open_as(it.envelope, &bob, &bob.prekey, from), NRS_ERROR_FORGED);
    it.envelope->created_ms--;
    it.envelope->expires_ms++;
    assert_int_equal(open_as(it.envelope, &bob, &bob.prekey, from), NRS_ERROR_FORGED);
    it.envelope->expires_ms--;
    it.envelope->box.len--;
    assert_int_equal(open_as(it.envelope, &bob, &bob.prekey, from), NRS_ERROR_NOT_CANONICAL);
    it.envelope->box.len++;
    assert_int_equal(open_as(it.envelope, &bob, &bob.prekey, from), NRS_OK);
    post_wipe(&it);
}

static void test_wrong_ends(void **state)
{
    static const uint8_t text[] = "declined";
    const nrs_slice statement = nrs_slice_of(text, sizeof text);
    const nrs_public_keys *from = nrs_identity_public(alice.identity);
    nrs_prekey_secret prekey = mallory.prekey;
    nrs_public_keys other = *from;
    post it;

    (void)state;
    post_make(&it, &bob.recipient, &statement, 1);
    assert_int_equal(open_as(it.envelope, &mallory, &bob.prekey, from), NRS_ERROR_FORGED);
    assert_int_equal(open_as(it.envelope, &bob, &mallory.prekey, from), NRS_ERROR_FORGED);
    memcpy(prekey.id, bob.prekey.id, NRS_PREKEY_ID_SIZE);
    assert_int_equal(open_as(it.envelope, &bob, &prekey, from), NRS_ERROR_FORGED);
    assert_int_equal(open_as(it.envelope, &bob, &bob.prekey, nrs_identity_public(mallory.identity)), NRS_ERROR_FORGED);
    memcpy(other.agree_key, nrs_identity_public(mallory.identity)->agree_key, NRS_KEY_SIZE);
    assert_int_equal(open_as(it.envelope, &bob, &bob.prekey, &other), NRS_ERROR_FORGED);
    post_wipe(&it);
}

/* The transcript of SPEC 8.2, as anybody can lay it out who has the public keys. */
static sealed_once letter_by_hand(const nrs_envelope *envelope, const nrs_recipient *to)
{
    const nrs_public_keys *from = nrs_identity_public(alice.identity);
    nrs_bytes text = {0};
    sealed_once letter = {.domain = NRS_DOMAIN_ENVELOPE_KEY, .box = nrs_field(&envelope->box), .epk = envelope->epk.data,
                          .sender_agree_key = from->agree_key, .reader_agree_key = to->agree_key};

    assert_int_equal(nrs_bytes_append_u32(&text, NRS_SUITE), NRS_OK);
    assert_int_equal(nrs_bytes_append_prefixed(&text, nrs_slice_of(from->sign_key, NRS_KEY_SIZE)), NRS_OK);
    assert_int_equal(nrs_bytes_append_prefixed(&text, nrs_slice_of(from->agree_key, NRS_KEY_SIZE)), NRS_OK);
    assert_int_equal(nrs_bytes_append_prefixed(&text, nrs_slice_of(to->sign_key, NRS_KEY_SIZE)), NRS_OK);
    assert_int_equal(nrs_bytes_append_prefixed(&text, nrs_slice_of(to->agree_key, NRS_KEY_SIZE)), NRS_OK);
    assert_int_equal(nrs_bytes_append_prefixed(&text, nrs_field(&envelope->to)), NRS_OK);
    assert_int_equal(nrs_bytes_append_prefixed(&text, nrs_field(&envelope->community)), NRS_OK);
    assert_int_equal(nrs_bytes_append_u64(&text, envelope->created_ms), NRS_OK);
    assert_int_equal(nrs_bytes_append_u64(&text, envelope->expires_ms), NRS_OK);
    assert_int_equal(nrs_bytes_append_prefixed(&text, nrs_field(&envelope->prekey_id)), NRS_OK);
    assert_int_equal(nrs_bytes_append_prefixed(&text, nrs_slice_of(to->prekey, NRS_KEY_SIZE)), NRS_OK);
    assert_int_equal(nrs_bytes_append_prefixed(&text, nrs_field(&envelope->epk)), NRS_OK);
    transcript_hash_of(&letter, NRS_DOMAIN_ENVELOPE_TRANSCRIPT, &text);
    nrs_bytes_wipe(&text);
    return letter;
}

/* mallory's prekey under bob's name: mallory has the prekey's secret and not bob's identity. */
static void test_forged_prekey(void **state)
{
    static const uint8_t text[] = "released";
    const nrs_slice statement = nrs_slice_of(text, sizeof text);
    nrs_recipient forged = bob.recipient;
    sealed_once by_hand;
    post it;

    (void)state;
    memcpy(forged.prekey, mallory.prekey.key, NRS_KEY_SIZE);
    memcpy(forged.prekey_id, mallory.prekey.id, NRS_PREKEY_ID_SIZE);
    post_make(&it, &forged, &statement, 1);
    by_hand = letter_by_hand(it.envelope, &forged);
    assert_identity_needed(&by_hand, &mallory.prekey, mallory.identity, bob.identity);
    assert_int_equal(open_as(it.envelope, &bob, &mallory.prekey, nrs_identity_public(alice.identity)), NRS_OK);
    post_wipe(&it);
}

static void test_other_signer(void **state)
{
    static const uint8_t text[] = "stored";
    const nrs_slice statement = nrs_slice_of(text, sizeof text);
    nrs_bytes encoded = {0};
    nrs_bytes record = {0};
    nrs_record *outer = NULL;
    nrs_envelope *envelope = NULL;
    post it;

    (void)state;
    post_make(&it, &bob.recipient, &statement, 1);
    assert_int_equal(nrs_envelope_encode(&encoded, it.envelope), NRS_OK);
    assert_int_equal(nrs_signed_record(&record, NRS_RECORD_ENVELOPE, mallory.identity, nrs_slice_of_bytes(&encoded)),
                     NRS_OK);
    assert_int_equal(nrs_record_decode(&outer, nrs_slice_of_bytes(&record)), NRS_OK);
    assert_int_equal(nrs_envelope_verify(&envelope, nrs_field(&outer->payload)), NRS_ERROR_FORGED);
    nrs_record_free(&outer);
    nrs_bytes_wipe(&record);
    nrs_bytes_wipe(&encoded);
    post_wipe(&it);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),  cmocka_unit_test(test_sizes),
        cmocka_unit_test(test_limits),      cmocka_unit_test(test_every_byte),
        cmocka_unit_test(test_fields_are_bound), cmocka_unit_test(test_wrong_ends),
        cmocka_unit_test(test_forged_prekey), cmocka_unit_test(test_other_signer),
    };

    return cmocka_run_group_tests(tests, prepare, finish);
}
