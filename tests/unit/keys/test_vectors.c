/* Opens tests/vectors/sealing with keys/: the same files that check_sealing.py, the second implementation, judges. Those of membership:
 * test_vectors_members.c. */
#include "vector_reader.h"

#include "keys/envelope.h"
#include "keys/export.h"
#include "keys/place.h"
#include "keys/withdrawal.h"
#include "keys/seal.h"
#include "keys/vault.h"

static const stage_of_step stages[] = {
    {"report", "relay", "sealed"},
    {"report", "signature", "sealed"},
    {"report", "grant-signature", "grant"},
    {"report", "grant-signer", "grant"},
    {"report", "slot-report", "key"},
    {"report", "grantor", "key"},
    {"report", "path", "key"},
    {"report", "prekey", "key"},
    {"report", "agreement", "key"},
    {"report", "slot-key", "key"},
    {"report", "key-commitment", "key"},
    {"report", "summary", "summary"},
    {"report", "summary-padding", "summary"},
    {"report", "body", "body"},
    {"report", "body-padding", "body"},
    {"report", "report-commitment", "body"},
    {"report", "audience-commitment", "body"},
    {"report", "place", "body"},             {"report", "vouch", "body"},
    {"report", "grant-audience", "audience"},
    {"report", "grant-audience-commitment", "audience"},
    {"envelope", "signature", "envelope"},
    {"envelope", "signer", "envelope"},
    {"envelope", "from", "letter"},
    {"envelope", "to", "letter"},
    {"envelope", "prekey", "letter"},
    {"envelope", "agreement", "letter"},
    {"envelope", "letter", "letter"},
    {"envelope", "letter-padding", "letter"},
};

/* ---- Reports ---- */

static nrs_error take_key(nrs_secret **key_out, vector *v, const nrs_sealed_view *view, const nrs_grant *grant)
{
    nrs_identity *reader = NULL;
    nrs_record *record = NULL;
    nrs_slot_path *path = NULL;
    nrs_prekey_secret prekey;
    const nrs_public_keys grantor = read_public(v, "grantor_sign", "grantor_agree");
    nrs_error error = NRS_OK;

    if (nrs_header_key_open(view->header)) {
        return nrs_clear_open(key_out, view, grant);
    }
    read_identity(&reader, v, "reader");
    read_prekey(&prekey, v);
    unwrap(&record, v, "slot_path", NRS_RECORD_SLOT_PATH);
    error = nrs_slot_path_decode(&path, nrs_field(&record->payload));
    if (error == NRS_OK) {
        error = nrs_slot_open(key_out, view, grant, path, reader, &prekey, &grantor);
    }
    nrs_slot_path_free(&path);
    nrs_record_free(&record);
    nrs_prekey_secret_wipe(&prekey);
    nrs_identity_destroy(&reader);
    return error;
}

static nrs_error open_content(vector *v, const nrs_sealed_view *view, const nrs_secret *key, bool wanted)
{
    nrs_summary *summary = NULL;
    nrs_opened opened = {0};
    nrs_bytes bytes = {0};
    nrs_error error = NRS_OK;

    v->stage = "summary";
    error = nrs_summary_open(&summary, view->header, nrs_field(&view->sealed->header), key);
    if (error == NRS_OK) {
        v->stage = "body";
        error = nrs_body_open(&opened, view, key);
    }
    if (error == NRS_OK && wanted) {
        assert_int_equal(nrs_summary_encode(&bytes, summary), NRS_OK);
        expect_bytes(v, "summary", nrs_slice_of_bytes(&bytes));
        expect_bytes(v, "report", nrs_field(&opened.body->report));
        expect_bytes(v, "audience", nrs_field(&opened.body->audience));
    }
    nrs_bytes_wipe(&bytes);
    nrs_opened_wipe(&opened);
    nrs_summary_free(&summary);
    return error;
}

static nrs_error open_audience(vector *v, const nrs_sealed_view *view, const nrs_grant *grant, const nrs_secret *key,
                               bool wanted)
{
    nrs_audience *audience = NULL;
    nrs_bytes bytes = {0};
    nrs_error error = NRS_OK;

    if (grant->sealed_audience.len == 0) {
        assert_null(text_of(v, "grant_audience"));
        return NRS_OK;
    }
    v->stage = "audience";
    error = nrs_grant_audience_open(&audience, view, grant, key);
    if (error == NRS_OK && wanted) {
        assert_int_equal(nrs_audience_encode(&bytes, audience), NRS_OK);
        expect_bytes(v, "grant_audience", nrs_slice_of_bytes(&bytes));
    }
    nrs_bytes_wipe(&bytes);
    nrs_audience_free(&audience);
    return error;
}

static nrs_error try_report(vector *v, bool wanted)
{
    nrs_record *record = NULL;
    nrs_record *grant_record = NULL;
    nrs_sealed_view *view = NULL;
    nrs_grant *later = NULL;
    nrs_secret *key = NULL;
    uint8_t grant_id[NRS_HASH_SIZE];
    nrs_error error = NRS_OK;

    unwrap(&record, v, "sealed", NRS_RECORD_SEALED);
    v->stage = "sealed";
    error = nrs_sealed_verify(&view, nrs_field(&record->payload));
    if (error != NRS_OK) {
        goto out;
    }
    memcpy(grant_id, view->grant_id, sizeof grant_id);
    if (text_of(v, "grant") != NULL) {
        v->stage = "grant";
        unwrap(&grant_record, v, "grant", NRS_RECORD_GRANT);
        error = nrs_grant_verify(&later, grant_id, nrs_field(&grant_record->payload));
    }
    if (error == NRS_OK) {
        v->stage = "key";
        error = take_key(&key, v, view, later != NULL ? later : view->grant);
    }
    if (error != NRS_OK) {
        goto out;
    }
    if (wanted) {
        expect_bytes(v, "sealed_id", nrs_slice_of(view->id, NRS_HASH_SIZE));
        expect_bytes(v, "grant_id", nrs_slice_of(grant_id, NRS_HASH_SIZE));
        expect_bytes(v, "file_key", nrs_secret_slice(key));
    }
    error = open_content(v, view, key, wanted);
    if (error == NRS_OK && later != NULL) {
        error = open_audience(v, view, later, key, wanted);
    }
out:
    nrs_secret_destroy(&key);
    nrs_grant_free(&later);
    nrs_sealed_view_free(&view);
    nrs_record_free(&grant_record);
    nrs_record_free(&record);
    return error;
}

/* ---- Statements ---- */

static nrs_error try_envelope(vector *v, bool wanted)
{
    nrs_record *record = NULL;
    nrs_envelope *envelope = NULL;
    nrs_identity *reader = NULL;
    nrs_letter *letter = NULL;
    nrs_prekey_secret prekey;
    nrs_bytes bytes = {0};
    const nrs_public_keys from = read_public(v, "from_sign", "from_agree");
    nrs_error error = NRS_OK;

    read_identity(&reader, v, "reader");
    read_prekey(&prekey, v);
    unwrap(&record, v, "envelope", NRS_RECORD_ENVELOPE);
    v->stage = "envelope";
    error = nrs_envelope_verify(&envelope, nrs_field(&record->payload));
    if (error == NRS_OK) {
        v->stage = "letter";
        error = nrs_envelope_open(&letter, envelope, reader, &prekey, &from);
    }
    if (error == NRS_OK && wanted) {
        assert_int_equal(nrs_letter_encode(&bytes, letter), NRS_OK);
        expect_bytes(v, "letter", nrs_slice_of_bytes(&bytes));
    }
    nrs_bytes_wipe(&bytes);
    nrs_letter_free(&letter);
    nrs_envelope_free(&envelope);
    nrs_record_free(&record);
    nrs_prekey_secret_wipe(&prekey);
    nrs_identity_destroy(&reader);
    return error;
}

static nrs_error try_person_prekey(vector *v, bool wanted)
{
    nrs_identity *person = NULL;
    nrs_secret *share = NULL;
    nrs_secret *key = NULL;
    nrs_secret *secret = NULL;
    nrs_error error = NRS_OK;

    read_identity(&person, v, "person");
    assert_int_equal(nrs_secret_copy(&share, hex_of(v, "share")), NRS_OK);
    assert_int_equal(nrs_person_prekey_key(&key, person, share), NRS_OK);
    error = nrs_vault_unwrap(&secret, key, hex_of(v, "label"), hex_of(v, "wrapped"));
    if (error == NRS_OK && wanted) {
        expect_bytes(v, "secret", nrs_secret_slice(secret));
    }
    nrs_secret_destroy(&secret);
    nrs_secret_destroy(&key);
    nrs_secret_destroy(&share);
    nrs_identity_destroy(&person);
    return error;
}

static nrs_error try_equivocation(vector *v, bool wanted)
{
    nrs_equivocation_view view = {0};
    nrs_record *record = NULL;
    nrs_error error = NRS_OK;

    assert_int_equal(nrs_record_decode(&record, hex_of(v, "equivocation")), NRS_OK);
    assert_int_equal(record->type, NRS_RECORD_EQUIVOCATION);
    error = nrs_equivocation_verify(&view, nrs_field(&record->payload));
    if (error == NRS_OK && wanted) {
        uint8_t place[NRS_HASH_SIZE];

        expect_bytes(v, "place", nrs_field(&view.headers[1]->place));
        nrs_place(place, &(nrs_place_terms){view.headers[0]->originator.data, view.headers[0]->community.data,
                                            fixed_of(v, "stream", NRS_HASH_SIZE), *fixed_of(v, "sequence", 1)});
        expect_bytes(v, "place", nrs_slice_of(place, sizeof place));
    }
    nrs_equivocation_view_wipe(&view);
    nrs_record_free(&record);
    return error;
}

static const char *word_of(vector *v, nrs_bytes *holder, const char *name)
{
    const uint8_t end = 0;

    assert_int_equal(nrs_bytes_append(holder, hex_of(v, name)), NRS_OK);
    assert_int_equal(nrs_bytes_append(holder, nrs_slice_of(&end, 1)), NRS_OK);
    return (const char *)holder->data;
}

static void commit_words(vector *v, uint8_t commitment[NRS_HASH_SIZE])
{
    nrs_bytes texts[3] = {{0}, {0}, {0}};
    const nrs_withdrawal_words words = {word_of(v, &texts[0], "reason"), word_of(v, &texts[1], "person"), word_of(v, &texts[2], "user")};

    assert_int_equal(nrs_withdrawal_commit(commitment, fixed_of(v, "salt", NRS_HASH_SIZE), &words), NRS_OK);
    for (size_t i = 0; i < 3; i++) {
        nrs_bytes_wipe(&texts[i]);
    }
}

/* The signatures, then what whoever takes one asks: whether its signer is the report's originator, and the words it signed. */
static nrs_error try_withdrawal(vector *v, bool wanted)
{
    nrs_withdrawal_view view = {0};
    uint8_t words[NRS_HASH_SIZE];
    nrs_error error = nrs_withdrawal_verify(&view, hex_of(v, "withdrawal"));

    if (error == NRS_OK && !nrs_slice_equal(nrs_field(&view.outer->signer), nrs_field(&view.header->originator))) {
        error = NRS_ERROR_NOT_ORIGINATOR;
    }
    commit_words(v, words);
    if (error == NRS_OK && !nrs_slice_equal(nrs_field(&view.value->words), nrs_slice_of(words, sizeof words))) {
        error = NRS_ERROR_FORGED;
    }
    if (error == NRS_OK && wanted) {
        expect_bytes(v, "sealed_id", nrs_slice_of(view.id, NRS_HASH_SIZE));
    }
    nrs_withdrawal_view_wipe(&view);
    return error;
}

static nrs_error try_export(vector *v, bool wanted)
{
    nrs_export_view view = {0};
    nrs_error error = nrs_export_verify(&view, hex_of(v, "export"));

    if (error == NRS_OK && wanted) {
        expect_bytes(v, "sealed_id", nrs_slice_of(view.id, NRS_HASH_SIZE));
        expect_bytes(v, "report", view.attestation != NULL ? nrs_field(&view.attestation->content) : nrs_field(&view.value->content));
        if (view.release != NULL) {
            const Nrs__Wire__Conditions *conditions = view.terms.conditions;
            const uint8_t terms[] = {(uint8_t)view.terms.label, (uint8_t)(conditions == NULL ? 0 : conditions->permissible_actions),
                                     (uint8_t)(conditions == NULL ? 0 : conditions->flags)};

            expect_bytes(v, "terms", nrs_slice_of(terms, sizeof terms));
        }
    }
    nrs_export_view_wipe(&view);
    return error;
}

static nrs_error try_fingerprint(vector *v, bool wanted)
{
    (void)wanted;
    return nrs_fingerprint_check(text_of(v, "fingerprint"), fixed_of(v, "key", NRS_KEY_SIZE));
}

static nrs_error try_statement_id(vector *v, bool wanted)
{
    uint8_t id[NRS_HASH_SIZE];

    (void)wanted;
    nrs_statement_by(id, fixed_of(v, "signer", NRS_KEY_SIZE), hex_of(v, "statement_bytes"));
    return memcmp(id, fixed_of(v, "id", NRS_HASH_SIZE), NRS_HASH_SIZE) == 0 ? NRS_OK : NRS_ERROR_FORGED;
}

static const vector_kind kinds[] = {
    {"report", try_report}, {"envelope", try_envelope}, {"person-prekey", try_person_prekey}, {"fingerprint", try_fingerprint},
    {"equivocation", try_equivocation}, {"withdrawal", try_withdrawal}, {"export", try_export}, {"statement-id", try_statement_id},
};

static void test_vectors(void **state)
{
    const vector_set set = {kinds, sizeof kinds / sizeof kinds[0], stages, sizeof stages / sizeof stages[0]};

    (void)state;
    judge_all(&set, 70);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vectors),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
