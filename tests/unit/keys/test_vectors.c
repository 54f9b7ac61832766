/* Opens tests/vectors/sealing with keys/: the same files that check_sealing.py, the second implementation, judges. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "keys/change.h"
#include "keys/envelope.h"
#include "keys/export.h"
#include "keys/place.h"
#include "keys/withdrawal.h"
#include "keys/roster.h"
#include "keys/roster_delta.h"
#include "keys/seal.h"
#include "keys/vault.h"

enum { LINES_MAX = 24, VECTOR_COUNT_MIN = 120 };

/* A vector: lines "name: value". */
typedef struct vector {
    char *text;
    char *names[LINES_MAX];
    char *values[LINES_MAX];
    size_t count;
    nrs_bytes decoded[LINES_MAX];
    const char *stage; /* how far keys/ came: the call that was made last */
} vector;

/* In which call a check has its place, for the kinds that take more than one; so that a check left out is seen even
 * where a later one would fail as well. */
static const struct stage_of_step {
    const char *kind;
    const char *step;
    const char *stage;
} stages[] = {
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
    {"delta", "pieces", "apply"},
    {"delta", "base", "apply"},
    {"delta", "edit", "apply"},
    {"delta", "hash", "apply"},
    {"delta", "signature", "roster"},
    {"delta", "threshold", "roster"},
    {"fork", "decode", "decode"},
    {"fork", "pair", "pair"},
    {"fork", "signature", "heads"},
    {"fork", "threshold", "heads"},
    {"freshness", "signature", "signature"},
    {"freshness", "joined", "joined"},
};

static void vector_read(vector *v, const char *path)
{
    FILE *file = fopen(path, "rb");
    long size = 0;

    *v = (vector){0};
    assert_non_null(file);
    assert_int_equal(fseek(file, 0, SEEK_END), 0);
    size = ftell(file);
    assert_true(size > 0);
    rewind(file);
    v->text = calloc(1, (size_t)size + 1);
    assert_non_null(v->text);
    assert_int_equal(fread(v->text, 1, (size_t)size, file), (size_t)size);
    (void)fclose(file);
    for (char *line = v->text; *line != '\0';) {
        char *end = strchr(line, '\n');
        char *colon = strstr(line, ": ");

        assert_true(v->count < LINES_MAX && end != NULL && colon != NULL && colon < end);
        *end = '\0';
        *colon = '\0';
        v->names[v->count] = line;
        v->values[v->count++] = colon + 2;
        line = end + 1;
    }
}

static void vector_wipe(vector *v)
{
    for (size_t i = 0; i < v->count; i++) {
        nrs_bytes_wipe(&v->decoded[i]);
    }
    free(v->text);
}

/* NULL if there is none. */
static const char *text_of(const vector *v, const char *name)
{
    for (size_t i = 0; i < v->count; i++) {
        if (strcmp(v->names[i], name) == 0) {
            return v->values[i];
        }
    }
    return NULL;
}

/* Empty if there is none. Borrowed from the vector. */
static nrs_slice hex_of(vector *v, const char *name)
{
    for (size_t i = 0; i < v->count; i++) {
        if (strcmp(v->names[i], name) == 0) {
            const size_t size = strlen(v->values[i]) / 2;

            assert_int_equal(nrs_bytes_resize(&v->decoded[i], size), NRS_OK);
            assert_int_equal(nrs_hex_decode(v->decoded[i].data, size, v->values[i]), NRS_OK);
            return nrs_slice_of_bytes(&v->decoded[i]);
        }
    }
    return nrs_slice_of(NULL, 0);
}

static const uint8_t *fixed_of(vector *v, const char *name, size_t size)
{
    const nrs_slice value = hex_of(v, name);

    assert_int_equal(value.size, size);
    return value.data;
}

static void expect_bytes(vector *v, const char *name, nrs_slice found)
{
    const nrs_slice wanted = hex_of(v, name);

    assert_int_equal(found.size, wanted.size);
    assert_memory_equal(found.data, wanted.data, wanted.size);
}

static void read_identity(nrs_identity **identity_out, vector *v, const char *name)
{
    assert_int_equal(nrs_identity_load(identity_out, hex_of(v, name), nrs_slice_of(NULL, 0)), NRS_OK);
}

static void read_prekey(nrs_prekey_secret *prekey, vector *v)
{
    *prekey = (nrs_prekey_secret){0};
    memcpy(prekey->id, fixed_of(v, "prekey_id", NRS_PREKEY_ID_SIZE), NRS_PREKEY_ID_SIZE);
    assert_int_equal(nrs_secret_copy(&prekey->secret, hex_of(v, "prekey_secret")), NRS_OK);
    assert_int_equal(crypto_scalarmult_base(prekey->key, nrs_secret_view(prekey->secret)), 0);
}

static nrs_public_keys read_public(vector *v, const char *sign, const char *agree)
{
    nrs_public_keys keys = {{0}, {0}, {0}};

    memcpy(keys.sign_key, fixed_of(v, sign, NRS_KEY_SIZE), NRS_KEY_SIZE);
    memcpy(keys.agree_key, fixed_of(v, agree, NRS_KEY_SIZE), NRS_KEY_SIZE);
    return keys;
}

/* The payload of a record, which the vector's maker wrapped itself. */
static void unwrap(nrs_record **record_out, vector *v, const char *name, nrs_record_type type)
{
    assert_int_equal(nrs_record_decode(record_out, hex_of(v, name)), NRS_OK);
    assert_int_equal((*record_out)->type, type);
}

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

static nrs_error try_card(vector *v, bool wanted)
{
    nrs_card *card = NULL;
    nrs_bytes bytes = {0};
    nrs_error error = nrs_card_verify(&card, hex_of(v, "card"));

    if (error == NRS_OK && wanted) {
        assert_int_equal(nrs_card_encode(&bytes, card), NRS_OK);
        expect_bytes(v, "statement", nrs_slice_of_bytes(&bytes));
    }
    nrs_bytes_wipe(&bytes);
    nrs_card_free(&card);
    return error;
}

static nrs_error try_prekeys(vector *v, bool wanted)
{
    nrs_record *record = NULL;
    nrs_prekeys *prekeys = NULL;
    nrs_bytes bytes = {0};
    nrs_error error = NRS_OK;

    unwrap(&record, v, "prekeys", NRS_RECORD_PREKEYS);
    error = nrs_prekeys_verify(&prekeys, nrs_field(&record->payload));
    if (error == NRS_OK && wanted) {
        assert_int_equal(nrs_prekeys_encode(&bytes, prekeys), NRS_OK);
        expect_bytes(v, "statement", nrs_slice_of_bytes(&bytes));
    }
    nrs_bytes_wipe(&bytes);
    nrs_prekeys_free(&prekeys);
    nrs_record_free(&record);
    return error;
}

static nrs_error try_roster(vector *v, bool wanted)
{
    nrs_roster *trusted = NULL;
    nrs_roster *roster = NULL;
    nrs_bytes before = {0};
    nrs_bytes statement = {0};
    uint8_t community[NRS_HASH_SIZE];
    nrs_error error = NRS_OK;

    if (text_of(v, "trusted") != NULL) {
        assert_int_equal(nrs_roster_verify(&trusted, &before, hex_of(v, "trusted"), NULL, nrs_slice_of(NULL, 0)),
                         NRS_OK);
    }
    error = nrs_roster_verify(&roster, &statement, hex_of(v, "roster"), trusted, nrs_slice_of_bytes(&before));
    if (error == NRS_OK && wanted) {
        expect_bytes(v, "statement", nrs_slice_of_bytes(&statement));
        nrs_roster_community(community, roster, nrs_slice_of_bytes(&statement));
        expect_bytes(v, "community", nrs_slice_of(community, sizeof community));
    }
    nrs_bytes_wipe(&statement);
    nrs_bytes_wipe(&before);
    nrs_roster_free(&roster);
    nrs_roster_free(&trusted);
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

/* The signatures, then what whoever takes one asks: whether its signer is the report's originator. */
static nrs_error try_withdrawal(vector *v, bool wanted)
{
    nrs_withdrawal_view view = {0};
    nrs_error error = nrs_withdrawal_verify(&view, hex_of(v, "withdrawal"));

    if (error == NRS_OK && !nrs_slice_equal(nrs_field(&view.outer->signer), nrs_field(&view.header->originator))) {
        error = NRS_ERROR_NOT_ORIGINATOR;
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
    }
    nrs_export_view_wipe(&view);
    return error;
}

/* ---- What changes a membership ---- */

static nrs_error try_delta(vector *v, bool wanted)
{
    nrs_roster *trusted = NULL, *roster = NULL;
    nrs_roster_delta *delta = NULL;
    nrs_bytes before = {0}, many = {0}, statement = {0};
    uint8_t community[NRS_HASH_SIZE];
    nrs_error error;

    if (text_of(v, "trusted") != NULL) {
        assert_int_equal(nrs_roster_verify(&trusted, &before, hex_of(v, "trusted"), NULL, nrs_slice_of(NULL, 0)), NRS_OK);
    }
    v->stage = "apply";
    error = nrs_roster_delta_decode(&delta, hex_of(v, "delta"));
    if (error == NRS_OK) {
        error = nrs_roster_delta_apply(&many, (const nrs_roster_delta *const[]){delta}, 1, nrs_slice_of_bytes(&before));
    }
    if (error == NRS_OK) {
        v->stage = "roster";
        error = nrs_roster_verify(&roster, &statement, nrs_slice_of_bytes(&many), trusted, nrs_slice_of_bytes(&before));
    }
    if (error == NRS_OK && wanted) {
        expect_bytes(v, "statement", nrs_slice_of_bytes(&statement));
        nrs_roster_community(community, roster, nrs_slice_of_bytes(&statement));
        expect_bytes(v, "community", nrs_slice_of(community, sizeof community));
    }
    nrs_roster_free(&roster);
    nrs_roster_free(&trusted);
    nrs_roster_delta_free(&delta);
    nrs_bytes_wipe(&statement);
    nrs_bytes_wipe(&many);
    nrs_bytes_wipe(&before);
    return error;
}

/* Each head by the keys of the roster held; that they are of one version, as a node asks that takes the proof. */
static nrs_error try_fork(vector *v, bool wanted)
{
    nrs_roster *trusted = NULL;
    nrs_fork_proof *proof = NULL;
    nrs_bytes before = {0};
    nrs_error error;

    assert_int_equal(nrs_roster_verify(&trusted, &before, hex_of(v, "trusted"), NULL, nrs_slice_of(NULL, 0)), NRS_OK);
    v->stage = "decode";
    error = nrs_fork_proof_decode(&proof, hex_of(v, "fork"));
    for (size_t i = 0; error == NRS_OK && i < proof->n_heads; i++) {
        v->stage = "pair";
        if (proof->heads[i]->version != proof->heads[0]->version ||
            !nrs_slice_equal(nrs_field(&proof->heads[i]->community), nrs_field(&proof->heads[0]->community))) {
            error = NRS_ERROR_FORGED;
        }
    }
    for (size_t i = 0; error == NRS_OK && i < proof->n_heads; i++) {
        v->stage = "heads";
        error = nrs_roster_head_verify(proof->heads[i], trusted);
    }
    if (error == NRS_OK && wanted) {
        expect_bytes(v, "community", nrs_field(&proof->heads[1]->community));
    }
    nrs_fork_proof_free(&proof);
    nrs_roster_free(&trusted);
    nrs_bytes_wipe(&before);
    return error;
}

static nrs_error try_freshness(vector *v, bool wanted)
{
    nrs_signed *outer = NULL;
    nrs_freshness *said = NULL;
    nrs_error error = nrs_signed_decode(&outer, hex_of(v, "freshness"));

    v->stage = "signature";
    if (error == NRS_OK) {
        error = nrs_sign_verify(outer->signature.data, outer->signer.data, NRS_DOMAIN_FRESHNESS_SIGN, nrs_field(&outer->statement));
    }
    if (error == NRS_OK) {
        error = nrs_freshness_decode(&said, nrs_field(&outer->statement));
    }
    if (error == NRS_OK && said->joined.len > 0) {
        v->stage = "joined";
        error = nrs_sign_verify(said->joined.data, outer->signer.data, NRS_DOMAIN_MEMBER_JOINED, nrs_field(&said->community));
    }
    if (error == NRS_OK && wanted) {
        expect_bytes(v, "statement", nrs_field(&outer->statement));
    }
    nrs_freshness_free(&said);
    nrs_signed_free(&outer);
    return error;
}

static nrs_error try_key_change(vector *v, bool wanted)
{
    nrs_key_change *change = NULL;
    nrs_card *card = NULL;
    nrs_bytes bytes = {0};
    nrs_error error = nrs_change_verify(&change, &card, hex_of(v, "key_change"));

    if (error == NRS_OK && wanted) {
        assert_int_equal((card != NULL), (change->cause == NRS_KEY_SUCCEEDED));
        assert_int_equal(nrs_key_change_encode(&bytes, change), NRS_OK);
        expect_bytes(v, "statement", nrs_slice_of_bytes(&bytes));
    }
    nrs_bytes_wipe(&bytes);
    nrs_card_free(&card);
    nrs_key_change_free(&change);
    return error;
}

static nrs_error try_fingerprint(vector *v, bool wanted)
{
    (void)wanted;
    return nrs_fingerprint_check(text_of(v, "fingerprint"), fixed_of(v, "key", NRS_KEY_SIZE));
}

/* ---- All of them ---- */

static const struct vector_kind {
    const char *name;
    nrs_error (*open)(vector *v, bool wanted);
} kinds[] = {
    {"report", try_report},           {"envelope", try_envelope}, {"card", try_card},
    {"prekeys", try_prekeys},         {"roster", try_roster},     {"person-prekey", try_person_prekey},
    {"fingerprint", try_fingerprint}, {"equivocation", try_equivocation}, {"withdrawal", try_withdrawal}, {"export", try_export},
    {"delta", try_delta},             {"fork", try_fork},         {"freshness", try_freshness}, {"key-change", try_key_change},
};

/* True if the check that failed has its place in the call that failed. */
static bool stage_fits(const vector *v, const char *kind)
{
    const char *step = text_of(v, "step");

    if (step == NULL || v->stage == NULL) { /* a good one, or a kind of one call */
        return true;
    }
    for (size_t i = 0; i < sizeof stages / sizeof stages[0]; i++) {
        if (strcmp(stages[i].kind, kind) == 0 && strcmp(stages[i].step, step) == 0) {
            return strcmp(stages[i].stage, v->stage) == 0;
        }
    }
    return false;
}

/* Returns false when the outcome is another than the vector says. */
static bool judge(const char *path)
{
    vector v;
    const char *kind = NULL;
    const char *expect = NULL;
    nrs_error error = NRS_ERROR_INTERNAL;
    bool fine = false;

    vector_read(&v, path);
    kind = text_of(&v, "kind");
    expect = text_of(&v, "expect");
    assert_non_null(kind);
    assert_non_null(expect);
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (strcmp(kind, kinds[i].name) == 0) {
            error = kinds[i].open(&v, strcmp(expect, "ok") == 0);
        }
    }
    fine = strcmp(nrs_error_rule(error), expect) == 0 && stage_fits(&v, kind);
    if (!fine) {
        print_error("%s: %s at %s, wanted %s\n", path, nrs_error_rule(error), v.stage == NULL ? kind : v.stage, expect);
    }
    vector_wipe(&v);
    return fine;
}

static void test_vectors(void **state)
{
    const char *source = getenv("NRS_SOURCE_DIR");
    char path[4096];
    DIR *folder = NULL;
    const struct dirent *entry = NULL;
    size_t count = 0;
    size_t wrong = 0;

    (void)state;
    assert_non_null(source);
    assert_int_equal(nrs_keys_start(), NRS_OK);
    (void)snprintf(path, sizeof path, "%s/tests/vectors/sealing", source);
    folder = opendir(path);
    assert_non_null(folder);
    while ((entry = readdir(folder)) != NULL) {
        if (strstr(entry->d_name, ".txt") != NULL) {
            (void)snprintf(path, sizeof path, "%s/tests/vectors/sealing/%s", source, entry->d_name);
            count++;
            wrong += judge(path) ? 0 : 1;
        }
    }
    (void)closedir(folder);
    assert_true(count >= VECTOR_COUNT_MIN);
    assert_int_equal(wrong, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vectors),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
