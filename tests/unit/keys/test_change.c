/* The end of a key: succession and revocation, and the paper that is typed by hand. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "keys/change.h"

#define OK(expression) assert_int_equal((expression), NRS_OK)
#define NOW_MS 1795400000000ull

static nrs_identity *before, *after, *other;
static nrs_bytes card, other_card;

static char *text_of(const char *text)
{
    union { const char *in; char *out; } cast = {.in = text};

    return cast.out;
}

static void make_card(nrs_bytes *card_out, const nrs_identity *identity, const char *org)
{
    nrs_card value;

    nrs__wire__card__init(&value);
    value.org = text_of(org);
    value.name = text_of("関東電力");
    value.serial = 2;
    value.created_ms = NOW_MS;
    OK(nrs_card_sign(card_out, &value, identity));
}

static int start(void **state)
{
    (void)state;
    OK(nrs_keys_start());
    OK(nrs_identity_new(&before));
    OK(nrs_identity_new(&after));
    OK(nrs_identity_new(&other));
    make_card(&card, after, "kanto-power");
    make_card(&other_card, other, "kansai-power");
    return 0;
}

static int stop(void **state)
{
    (void)state;
    nrs_identity_destroy(&before);
    nrs_identity_destroy(&after);
    nrs_identity_destroy(&other);
    nrs_bytes_wipe(&card);
    nrs_bytes_wipe(&other_card);
    return 0;
}

static nrs_error verify(nrs_slice payload)
{
    nrs_key_change *change = NULL;
    nrs_card *found = NULL;
    nrs_error error = nrs_change_verify(&change, &found, payload);

    assert_true(error == NRS_OK || (change == NULL && found == NULL));
    assert_true(error != NRS_OK || (found != NULL) == (change->cause == NRS_KEY_SUCCEEDED));
    nrs_key_change_free(&change);
    nrs_card_free(&found);
    return error;
}

static void test_revocation(void **state)
{
    nrs_bytes payload = {0};

    (void)state;
    OK(nrs_change_revoke(&payload, before, "kanto-power", NOW_MS));
    OK(verify(nrs_slice_of_bytes(&payload)));
    for (size_t i = 0; i < payload.size; i++) { /* no bit of it may change */
        payload.data[i] ^= 1;
        assert_int_not_equal(verify(nrs_slice_of_bytes(&payload)), NRS_OK);
        payload.data[i] ^= 1;
        assert_int_not_equal(verify(nrs_slice_of(payload.data, i)), NRS_OK);
    }
    assert_int_equal(nrs_change_revoke(&payload, before, "Kanto Power", NOW_MS), NRS_ERROR_BAD_NAME);
    nrs_bytes_wipe(&payload);
}

static void test_succession(void **state)
{
    nrs_bytes payload = {0};

    (void)state;
    OK(nrs_change_succeed(&payload, before, after, nrs_slice_of_bytes(&card), NOW_MS));
    OK(verify(nrs_slice_of_bytes(&payload)));
    for (size_t i = 0; i < payload.size; i += 3) {
        payload.data[i] ^= 1;
        assert_int_not_equal(verify(nrs_slice_of_bytes(&payload)), NRS_OK);
        payload.data[i] ^= 1;
    }
    /* The card must be the new key's own. */
    assert_int_equal(nrs_change_succeed(&payload, before, after, nrs_slice_of_bytes(&other_card), NOW_MS), NRS_ERROR_FORGED);
    /* Nobody comes after itself. */
    OK(nrs_change_succeed(&payload, after, after, nrs_slice_of_bytes(&card), NOW_MS));
    assert_int_equal(verify(nrs_slice_of_bytes(&payload)), NRS_ERROR_FORGED);
    nrs_bytes_wipe(&payload);
}

/* Sign a change as it stands, by any key. */
static nrs_error forge(nrs_key_change *change, const nrs_identity *signer)
{
    nrs_bytes statement = {0}, record = {0};
    nrs_record *decoded = NULL;
    nrs_error error;

    OK(nrs_key_change_encode(&statement, change));
    OK(nrs_signed_record(&record, NRS_RECORD_KEY_CHANGE, signer, nrs_slice_of_bytes(&statement)));
    OK(nrs_record_decode(&decoded, nrs_slice_of_bytes(&record)));
    error = verify(nrs_field(&decoded->payload));
    nrs_record_free(&decoded);
    nrs_bytes_wipe(&record);
    nrs_bytes_wipe(&statement);
    return error;
}

static void test_forged(void **state)
{
    const nrs_public_keys *keys = nrs_identity_public(before);
    nrs_key_change change;
    uint8_t consent[NRS_SIGNATURE_SIZE] = {0};

    nrs__wire__key_change__init(&change);
    (void)state;
    change.suite = NRS_SUITE;
    change.cause = NRS_KEY_REVOKED;
    change.org = text_of("kanto-power");
    change.sign_key = nrs_field_of(nrs_slice_of(keys->sign_key, NRS_KEY_SIZE));
    change.at_ms = NOW_MS;
    OK(forge(&change, before));
    assert_int_equal(forge(&change, other), NRS_ERROR_FORGED); /* only the key ends itself */
    change.cause = NRS_KEY_SUCCEEDED;
    change.agree_key = nrs_field_of(nrs_slice_of(keys->agree_key, NRS_KEY_SIZE));
    change.card = nrs_field_of(nrs_slice_of_bytes(&card));
    change.consent = nrs_field_of(nrs_slice_of(consent, sizeof consent));
    assert_int_equal(forge(&change, before), NRS_ERROR_FORGED); /* the new key did not agree */
    nrs_sign(consent, other, NRS_DOMAIN_KEY_CONSENT, nrs_slice_of(keys->sign_key, NRS_KEY_SIZE));
    assert_int_equal(forge(&change, before), NRS_ERROR_FORGED);
    nrs_sign(consent, after, NRS_DOMAIN_KEY_CONSENT, nrs_slice_of(keys->sign_key, NRS_KEY_SIZE));
    OK(forge(&change, before));
    change.org = text_of("kansai-power"); /* no other organisation's name may be taken */
    assert_int_equal(forge(&change, before), NRS_ERROR_FORGED);
}

static void test_paper(void **state)
{
    static const char *const orgs[] = {"a", "kanto-power", "an-organisation-with-a-long-name"};
    nrs_bytes payload = {0}, again = {0};
    size_t line = 0;

    (void)state;
    for (size_t i = 0; i < sizeof orgs / sizeof orgs[0]; i++) {
        char *paper = NULL;
        char typed[2048] = "# a comment\r\n\r\n";
        OK(nrs_change_revoke(&payload, before, orgs[i], NOW_MS));
        OK(nrs_paper_write(&paper, nrs_slice_of_bytes(&payload)));
        OK(nrs_paper_read(&again, &line, nrs_slice_of_string(paper)));
        assert_true(nrs_slice_equal(nrs_slice_of_bytes(&again), nrs_slice_of_bytes(&payload)));
        for (const char *at = paper; *at != '\0'; at++) { /* as a hurried hand types it */
            size_t size = strlen(typed);
            if (*at == ' ') {
                continue;
            }
            typed[size] = *at == '0' ? 'o' : *at == '1' ? 'l' : *at >= 'A' && *at <= 'Z' ? (char)(*at + 32) : *at;
            typed[size + 1] = '\0';
        }
        OK(nrs_paper_read(&again, &line, nrs_slice_of_string(typed)));
        assert_true(nrs_slice_equal(nrs_slice_of_bytes(&again), nrs_slice_of_bytes(&payload)));
        free(paper);
    }
    nrs_bytes_wipe(&payload);
    nrs_bytes_wipe(&again);
}

/* Every single slip is found, nearly always in its own line. */
static void test_paper_slips(void **state)
{
    nrs_bytes payload = {0}, again = {0};
    char *paper = NULL, *second, kept;
    size_t line = 0, number = 1, slips = 0, named = 0;

    (void)state;
    OK(nrs_change_revoke(&payload, before, "kanto-power", NOW_MS));
    OK(nrs_paper_write(&paper, nrs_slice_of_bytes(&payload)));
    for (char *at = paper; *at != '\0'; at++) {
        number += *at == '\n' ? 1 : 0;
        if (*at == ' ' || *at == '\n') {
            continue;
        }
        kept = *at;
        *at = kept == '7' ? '8' : '7';
        assert_int_not_equal(nrs_paper_read(&again, &line, nrs_slice_of_string(paper)), NRS_OK);
        slips++;
        named += line == number ? 1 : 0;
        *at = kept;
    }
    assert_true(named * 100 >= slips * 95);
    second = strchr(paper, '\n') + 1;
    assert_int_equal(nrs_paper_read(&again, &line, nrs_slice_of_string(second)), NRS_ERROR_MALFORMED); /* the first line is missing */
    assert_int_equal(line, 1);
    paper[strlen(paper) - 10] = '\0';
    assert_int_equal(nrs_paper_read(&again, &line, nrs_slice_of_string(paper)), NRS_ERROR_MALFORMED);
    assert_int_equal(nrs_paper_read(&again, &line, nrs_slice_of_string("")), NRS_ERROR_MALFORMED);
    assert_int_equal(nrs_paper_read(&again, &line, nrs_slice_of_string("# nothing\n")), NRS_ERROR_MALFORMED);
    assert_int_equal(nrs_paper_read(&again, &line, nrs_slice_of("\0\0\0\0", 4)), NRS_ERROR_MALFORMED);
    free(paper);
    nrs_bytes_wipe(&payload);
    nrs_bytes_wipe(&again);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_revocation), cmocka_unit_test(test_succession),  cmocka_unit_test(test_forged),
        cmocka_unit_test(test_paper),      cmocka_unit_test(test_paper_slips),
    };

    return cmocka_run_group_tests(tests, start, stop);
}
