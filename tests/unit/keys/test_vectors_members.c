/* Opens with keys/ what tests/vectors/sealing has of membership: cards, prekeys, rosters and what changes them, and ends of keys. */
#include "vector_reader.h"

#include "keys/change.h"
#include "keys/roster_delta.h"

static const stage_of_step stages[] = {
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

static nrs_error judge_roster(vector *v, bool wanted, bool later)
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
    error = later ? nrs_roster_verify_later(&roster, &statement, hex_of(v, "roster"), trusted, nrs_slice_of_bytes(&before))
                  : nrs_roster_verify(&roster, &statement, hex_of(v, "roster"), trusted, nrs_slice_of_bytes(&before));
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

static nrs_error try_roster(vector *v, bool wanted)
{
    return judge_roster(v, wanted, false);
}

/* Those between may be missing. */
static nrs_error try_roster_later(vector *v, bool wanted)
{
    return judge_roster(v, wanted, true);
}

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

static nrs_error try_invite(vector *v, bool wanted)
{
    nrs_invite invite = NRS__WIRE__INVITE__INIT;
    ProtobufCBinaryData chain[1];
    nrs_roster *roster = NULL;
    nrs_bytes statement = {0};
    uint8_t community[NRS_HASH_SIZE];
    nrs_error error;

    invite.first = nrs_field_of(hex_of(v, "first"));
    invite.current = nrs_field_of(hex_of(v, "current"));
    if (text_of(v, "chain") != NULL) {
        chain[0] = nrs_field_of(hex_of(v, "chain"));
        invite.chain = chain;
        invite.n_chain = 1;
    }
    error = nrs_invite_verify(&roster, &statement, community, &invite);
    if (error == NRS_OK && wanted) {
        expect_bytes(v, "statement", nrs_slice_of_bytes(&statement));
        expect_bytes(v, "community", nrs_slice_of(community, sizeof community));
    }
    nrs_bytes_wipe(&statement);
    nrs_roster_free(&roster);
    return error;
}

static const vector_kind kinds[] = {
    {"card", try_card}, {"prekeys", try_prekeys}, {"roster", try_roster}, {"roster-later", try_roster_later}, {"delta", try_delta},
    {"fork", try_fork}, {"freshness", try_freshness}, {"key-change", try_key_change}, {"invite", try_invite},
};

static void test_vectors(void **state)
{
    const vector_set set = {kinds, sizeof kinds / sizeof kinds[0], stages, sizeof stages / sizeof stages[0]};

    (void)state;
    judge_all(&set, 50);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vectors),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
