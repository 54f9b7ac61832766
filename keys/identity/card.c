#include "keys/card.h"

#include <string.h>

#include "proto/address.h"
#include "proto/assert.h"
#include "signing.h"

/* ---- Proofs ---- */

/* prefixed id of the organisation || its three keys */
static nrs_error member_transcript(nrs_bytes *transcript, const char *org, const nrs_public_keys *keys)
{
    nrs_error error = nrs_bytes_append_prefixed(transcript, nrs_slice_of_string(org));

    if (error == NRS_OK) {
        error = nrs_bytes_append(transcript, nrs_slice_of(keys->sign_key, NRS_KEY_SIZE));
    }
    if (error == NRS_OK) {
        error = nrs_bytes_append(transcript, nrs_slice_of(keys->agree_key, NRS_KEY_SIZE));
    }
    if (error == NRS_OK) {
        error = nrs_bytes_append(transcript, nrs_slice_of(keys->curve_key, NRS_KEY_SIZE));
    }
    return error;
}

nrs_error nrs_member_prove(uint8_t proof_out[NRS_SIGNATURE_SIZE], const nrs_identity *identity, const char *org)
{
    nrs_bytes transcript = { 0 };
    nrs_error error = NRS_OK;

    NRS_ASSERT(proof_out != NULL);
    NRS_ASSERT(identity != NULL);
    if (org == NULL || !nrs_name_valid(org)) {
        return NRS_ERROR_BAD_NAME;
    }
    error = member_transcript(&transcript, org, nrs_identity_public(identity));
    if (error == NRS_OK) {
        nrs_sign(proof_out, identity, NRS_DOMAIN_MEMBER_PROOF, nrs_slice_of_bytes(&transcript));
    }
    nrs_bytes_wipe(&transcript);
    return error;
}

/* Every clamped scalar is a multiple of 8, so it takes to zero just the points whose order divides 8, on the curve and on its
 * twist: u = 0, 1, -1 and the two of order 8 (Bernstein, Curve25519, 2006; libsodium's X25519 has the same list). 0, 1 and -1 mod
 * p = 2^255 - 19 have these spellings below 2^255; the top bit of a key is not looked at (RFC 7748, 5). Looking them up is all that
 * an X25519 would find out. */
nrs_error nrs_agree_key_check(const uint8_t key[NRS_KEY_SIZE])
{
    static const uint8_t refused[][NRS_KEY_SIZE] = {
        {0},
        {1},
        {0xe0, 0xeb, 0x7a, 0x7c, 0x3b, 0x41, 0xb8, 0xae, 0x16, 0x56, 0xe3, 0xfa, 0xf1, 0x9f, 0xc4, 0x6a,
         0xda, 0x09, 0x8d, 0xeb, 0x9c, 0x32, 0xb1, 0xfd, 0x86, 0x62, 0x05, 0x16, 0x5f, 0x49, 0xb8, 0x00},
        {0x5f, 0x9c, 0x95, 0xbc, 0xa3, 0x50, 0x8c, 0x24, 0xb1, 0xd0, 0xb1, 0x55, 0x9c, 0x83, 0xef, 0x5b,
         0x04, 0x44, 0x5c, 0xc4, 0x58, 0x1c, 0x8e, 0x86, 0xd8, 0x22, 0x4e, 0xdd, 0xd0, 0x9f, 0x11, 0x57},
        {0xec, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
         0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f},
        {0xed, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
         0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f},
        {0xee, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
         0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f},
    };
    uint8_t spelled[NRS_KEY_SIZE];

    memcpy(spelled, key, NRS_KEY_SIZE);
    spelled[NRS_KEY_SIZE - 1] &= 0x7f;
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        if (memcmp(spelled, refused[i], NRS_KEY_SIZE) == 0) {
            return NRS_ERROR_FORGED;
        }
    }
    return NRS_OK;
}

nrs_error nrs_member_proof_verify(nrs_slice proof, const char *org, const nrs_public_keys *keys)
{
    nrs_bytes transcript = { 0 };
    nrs_error error = NRS_OK;

    if (proof.size != NRS_SIGNATURE_SIZE) {
        return NRS_ERROR_FORGED;
    }
    error = member_transcript(&transcript, org, keys);
    if (error == NRS_OK) {
        error = nrs_sign_verify(proof.data, keys->sign_key, NRS_DOMAIN_MEMBER_PROOF, nrs_slice_of_bytes(&transcript));
    }
    if (error == NRS_OK) {
        error = nrs_agree_key_check(keys->agree_key);
    }
    nrs_bytes_wipe(&transcript);
    return error;
}

/* the organisation's signing key || prefixed id of the person || the person's agreement key */
static nrs_error person_transcript(nrs_bytes *transcript, const uint8_t org_sign_key[NRS_KEY_SIZE],
                                   const char *person_id, const uint8_t agree_key[NRS_KEY_SIZE])
{
    nrs_error error = nrs_bytes_append(transcript, nrs_slice_of(org_sign_key, NRS_KEY_SIZE));

    if (error == NRS_OK) {
        error = nrs_bytes_append_prefixed(transcript, nrs_slice_of_string(person_id));
    }
    if (error == NRS_OK) {
        error = nrs_bytes_append(transcript, nrs_slice_of(agree_key, NRS_KEY_SIZE));
    }
    return error;
}

nrs_error nrs_person_prove(uint8_t proof_out[NRS_SIGNATURE_SIZE], const nrs_identity *person, const char *person_id,
                           const uint8_t org_sign_key[NRS_KEY_SIZE])
{
    nrs_bytes transcript = { 0 };
    nrs_error error = NRS_OK;

    NRS_ASSERT(proof_out != NULL);
    NRS_ASSERT(person != NULL && org_sign_key != NULL);
    if (person_id == NULL || !nrs_name_valid(person_id)) {
        return NRS_ERROR_BAD_NAME;
    }
    error = person_transcript(&transcript, org_sign_key, person_id, nrs_identity_public(person)->agree_key);
    if (error == NRS_OK) {
        nrs_sign(proof_out, person, NRS_DOMAIN_PERSON_PROOF, nrs_slice_of_bytes(&transcript));
    }
    nrs_bytes_wipe(&transcript);
    return error;
}

static nrs_error person_verify(const Nrs__Wire__PersonEntry *person, const uint8_t org_sign_key[NRS_KEY_SIZE])
{
    nrs_bytes transcript = { 0 };
    nrs_error error = NRS_OK;

    if (person->sign_key.len != NRS_KEY_SIZE || person->agree_key.len != NRS_KEY_SIZE) {
        return NRS_ERROR_MALFORMED;
    }
    if (person->proof.len != NRS_SIGNATURE_SIZE) {
        return NRS_ERROR_FORGED;
    }
    error = person_transcript(&transcript, org_sign_key, person->id, person->agree_key.data);
    if (error == NRS_OK) {
        error = nrs_sign_verify(person->proof.data, person->sign_key.data, NRS_DOMAIN_PERSON_PROOF,
                                nrs_slice_of_bytes(&transcript));
    }
    if (error == NRS_OK) {
        error = nrs_agree_key_check(person->agree_key.data);
    }
    nrs_bytes_wipe(&transcript);
    return error;
}

/* ---- Cards ---- */

nrs_error nrs_card_sign(nrs_bytes *signed_out, const nrs_card *value, const nrs_identity *identity)
{
    nrs_error error = NRS_OK;
    nrs_card card;
    nrs_bytes statement = { 0 };
    uint8_t proof[NRS_SIGNATURE_SIZE];
    const nrs_public_keys *keys = NULL;

    NRS_ASSERT(signed_out != NULL);
    NRS_ASSERT(value != NULL && identity != NULL);

    keys = nrs_identity_public(identity);
    error = nrs_member_prove(proof, identity, value->org);
    if (error != NRS_OK) {
        goto out;
    }
    card = *value; /* borrows everything; never freed */
    card.suite = NRS_SUITE;
    card.sign_key = nrs_field_of(nrs_slice_of(keys->sign_key, NRS_KEY_SIZE));
    card.agree_key = nrs_field_of(nrs_slice_of(keys->agree_key, NRS_KEY_SIZE));
    card.curve_key = nrs_field_of(nrs_slice_of(keys->curve_key, NRS_KEY_SIZE));
    card.proof = nrs_field_of(nrs_slice_of(proof, sizeof(proof)));
    error = nrs_card_encode(&statement, &card);
    if (error != NRS_OK) {
        goto out;
    }
    error = nrs_signed_payload(signed_out, NRS_RECORD_CARD, identity, nrs_slice_of_bytes(&statement));
out:
    nrs_bytes_wipe(&statement);
    return error;
}

static nrs_error card_check(const nrs_card *card, nrs_slice signer)
{
    nrs_public_keys keys;
    nrs_error error = NRS_OK;

    if (card->sign_key.len != NRS_KEY_SIZE || card->agree_key.len != NRS_KEY_SIZE ||
        card->curve_key.len != NRS_KEY_SIZE) {
        return NRS_ERROR_MALFORMED;
    }
    if (!nrs_slice_equal(nrs_field(&card->sign_key), signer)) {
        return NRS_ERROR_FORGED;
    }
    memcpy(keys.sign_key, card->sign_key.data, NRS_KEY_SIZE);
    memcpy(keys.agree_key, card->agree_key.data, NRS_KEY_SIZE);
    memcpy(keys.curve_key, card->curve_key.data, NRS_KEY_SIZE);
    error = nrs_member_proof_verify(nrs_field(&card->proof), card->org, &keys);
    for (size_t i = 0; error == NRS_OK && i < card->n_persons; i++) {
        if (i > 0 && strcmp(card->persons[i - 1]->id, card->persons[i]->id) >= 0) {
            return NRS_ERROR_NOT_CANONICAL;
        }
        error = person_verify(card->persons[i], keys.sign_key);
    }
    return error;
}

nrs_error nrs_card_verify(nrs_card **card_out, nrs_slice signed_bytes)
{
    nrs_error error = NRS_OK;
    nrs_signed *signed_value = NULL;
    nrs_card *card = NULL;

    NRS_ASSERT(card_out != NULL);

    error = nrs_signed_open(&signed_value, NRS_RECORD_CARD, signed_bytes);
    if (error != NRS_OK) {
        goto out;
    }
    error = nrs_card_decode(&card, nrs_field(&signed_value->statement));
    if (error != NRS_OK) {
        goto out;
    }
    error = card_check(card, nrs_field(&signed_value->signer));
    if (error != NRS_OK) {
        goto out;
    }
    *card_out = card;
    card = NULL;
out:
    nrs_card_free(&card);
    nrs_signed_free(&signed_value);
    return error;
}
