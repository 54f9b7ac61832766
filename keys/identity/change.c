#include "keys/change.h"

#include <string.h>

#include "proto/address.h"
#include "proto/assert.h"
#include "signing.h"

static nrs_error sign_change(nrs_bytes *payload_out, const nrs_key_change *change, const nrs_identity *signer)
{
    nrs_bytes statement = {0};
    nrs_error error = nrs_key_change_encode(&statement, change);

    if (error == NRS_OK) {
        error = nrs_signed_payload(payload_out, NRS_RECORD_KEY_CHANGE, signer, nrs_slice_of_bytes(&statement));
    }
    nrs_bytes_wipe(&statement);
    return error;
}

nrs_error nrs_change_revoke(nrs_bytes *payload_out, const nrs_identity *identity, const char *org, uint64_t now_ms)
{
    nrs_key_change change;
    char name[NRS_NAME_SIZE_MAX + 1] = "";

    nrs__wire__key_change__init(&change);
    NRS_ASSERT(payload_out != NULL && identity != NULL);

    if (org == NULL || !nrs_name_valid(org)) {
        return NRS_ERROR_BAD_NAME;
    }
    memcpy(name, org, strlen(org));
    change.suite = NRS_SUITE;
    change.cause = NRS_KEY_REVOKED;
    change.org = name;
    change.sign_key = nrs_field_of(nrs_slice_of(nrs_identity_public(identity)->sign_key, NRS_KEY_SIZE));
    change.at_ms = now_ms;
    return sign_change(payload_out, &change, identity);
}

nrs_error nrs_change_succeed(nrs_bytes *payload_out, const nrs_identity *before, const nrs_identity *after, nrs_slice card_bytes,
                             uint64_t now_ms)
{
    const nrs_public_keys *keys = nrs_identity_public(before);
    nrs_key_change change;
    uint8_t consent[NRS_SIGNATURE_SIZE];
    nrs_card *card = NULL;
    nrs_error error = nrs_card_verify(&card, card_bytes);

    nrs__wire__key_change__init(&change);
    NRS_ASSERT(payload_out != NULL && after != NULL);

    if (error == NRS_OK && memcmp(card->sign_key.data, nrs_identity_public(after)->sign_key, NRS_KEY_SIZE) != 0) {
        error = NRS_ERROR_FORGED;
    }
    if (error == NRS_OK) {
        nrs_sign(consent, after, NRS_DOMAIN_KEY_CONSENT, nrs_slice_of(keys->sign_key, NRS_KEY_SIZE));
        change.suite = NRS_SUITE;
        change.cause = NRS_KEY_SUCCEEDED;
        change.org = card->org;
        change.sign_key = nrs_field_of(nrs_slice_of(keys->sign_key, NRS_KEY_SIZE));
        change.agree_key = nrs_field_of(nrs_slice_of(keys->agree_key, NRS_KEY_SIZE));
        change.at_ms = now_ms;
        change.card = nrs_field_of(card_bytes);
        change.consent = nrs_field_of(nrs_slice_of(consent, sizeof consent));
        error = sign_change(payload_out, &change, before);
    }
    nrs_card_free(&card);
    return error;
}

/* The new keys are another's than the old ones, of the same organisation, and agree to come after. */
static nrs_error check_succession(nrs_card **card_out, const nrs_key_change *change)
{
    nrs_card *card = NULL;
    nrs_error error = nrs_agree_key_check(change->agree_key.data);

    if (error == NRS_OK) {
        error = nrs_card_verify(&card, nrs_field(&change->card));
    }
    if (error == NRS_OK && (strcmp(card->org, change->org) != 0 || nrs_slice_equal(nrs_field(&card->sign_key), nrs_field(&change->sign_key)))) {
        error = NRS_ERROR_FORGED;
    }
    if (error == NRS_OK) {
        error = nrs_sign_verify(change->consent.data, card->sign_key.data, NRS_DOMAIN_KEY_CONSENT, nrs_field(&change->sign_key));
    }
    if (error == NRS_OK) {
        *card_out = card;
        card = NULL;
    }
    nrs_card_free(&card);
    return error;
}

nrs_error nrs_change_verify(nrs_key_change **change_out, nrs_card **card_out, nrs_slice payload)
{
    nrs_signed *outer = NULL;
    nrs_key_change *change = NULL;
    nrs_card *card = NULL;
    nrs_error error = nrs_signed_open(&outer, NRS_RECORD_KEY_CHANGE, payload);

    NRS_ASSERT(change_out != NULL && card_out != NULL);

    if (error == NRS_OK) {
        error = nrs_key_change_decode(&change, nrs_field(&outer->statement));
    }
    if (error == NRS_OK && !nrs_slice_equal(nrs_field(&change->sign_key), nrs_field(&outer->signer))) {
        error = NRS_ERROR_FORGED;
    }
    if (error == NRS_OK && change->cause == NRS_KEY_SUCCEEDED) {
        error = check_succession(&card, change);
    }
    if (error == NRS_OK) {
        *change_out = change;
        *card_out = card;
        change = NULL;
        card = NULL;
    }
    nrs_card_free(&card);
    nrs_key_change_free(&change);
    nrs_signed_free(&outer);
    return error;
}
