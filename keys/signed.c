#include "proto/assert.h"
#include "signing.h"

/* Which domain a record's signature has; false for the types that are not a Signed. */
static bool domain_of(nrs_domain *domain_out, nrs_record_type type)
{
    switch (type) {
    case NRS_RECORD_GRANT:
        *domain_out = NRS_DOMAIN_GRANT_SIGN;
        return true;
    case NRS_RECORD_CARD:
        *domain_out = NRS_DOMAIN_CARD_SIGN;
        return true;
    case NRS_RECORD_PREKEYS:
        *domain_out = NRS_DOMAIN_PREKEYS_SIGN;
        return true;
    case NRS_RECORD_ENVELOPE:
        *domain_out = NRS_DOMAIN_ENVELOPE_SIGN;
        return true;
    case NRS_RECORD_KEY_CHANGE:
        *domain_out = NRS_DOMAIN_KEY_CHANGE_SIGN;
        return true;
    case NRS_RECORD_AUDIT_CHECKPOINT:
        *domain_out = NRS_DOMAIN_AUDIT_CHECKPOINT_SIGN;
        return true;
    case NRS_RECORD_AUDIT_COSIGNATURE:
        *domain_out = NRS_DOMAIN_AUDIT_COSIGNATURE_SIGN;
        return true;
    case NRS_RECORD_ATTESTATION:
        *domain_out = NRS_DOMAIN_ATTESTATION_SIGN;
        return true;
    case NRS_RECORD_WITHDRAWAL:
        *domain_out = NRS_DOMAIN_WITHDRAWAL_SIGN;
        return true;
    case NRS_RECORD_RELEASE:
        *domain_out = NRS_DOMAIN_RELEASE_SIGN;
        return true;
    case NRS_RECORD_FRESHNESS:
        *domain_out = NRS_DOMAIN_FRESHNESS_SIGN;
        return true;
    case NRS_RECORD_SEALED:
    case NRS_RECORD_SLOT_TABLE:
    case NRS_RECORD_SLOT_PATH:
    case NRS_RECORD_ROSTER:
    case NRS_RECORD_EQUIVOCATION:
    case NRS_RECORD_ROSTER_DELTA:
    case NRS_RECORD_FORK:
        break;
    }
    return false;
}

nrs_error nrs_signed_payload(nrs_bytes *payload_out, nrs_record_type type, const nrs_identity *identity,
                             nrs_slice statement)
{
    nrs_signed value = NRS__WIRE__SIGNED__INIT;
    uint8_t signature[NRS_SIGNATURE_SIZE];
    nrs_domain domain = NRS_DOMAIN_COUNT;

    NRS_ASSERT(payload_out != NULL);
    NRS_ASSERT(identity != NULL);

    if (!domain_of(&domain, type)) {
        return NRS_ERROR_MALFORMED;
    }
    nrs_sign(signature, identity, domain, statement);
    value.statement = nrs_field_of(statement);
    value.signer = nrs_field_of(nrs_slice_of(nrs_identity_public(identity)->sign_key, NRS_KEY_SIZE));
    value.signature = nrs_field_of(nrs_slice_of(signature, sizeof(signature)));
    return nrs_signed_encode(payload_out, &value);
}

nrs_error nrs_signed_record(nrs_bytes *record_out, nrs_record_type type, const nrs_identity *identity,
                            nrs_slice statement)
{
    nrs_bytes payload = { 0 };
    nrs_error error = nrs_signed_payload(&payload, type, identity, statement);

    NRS_ASSERT(record_out != NULL);
    if (error == NRS_OK) {
        error = nrs_record_wrap(record_out, type, nrs_slice_of_bytes(&payload));
    }
    nrs_bytes_wipe(&payload);
    return error;
}

nrs_error nrs_signed_open(nrs_signed **signed_out, nrs_record_type type, nrs_slice payload)
{
    nrs_signed *value = NULL;
    nrs_domain domain = NRS_DOMAIN_COUNT;
    nrs_error error = NRS_OK;

    NRS_ASSERT(signed_out != NULL);
    if (!domain_of(&domain, type)) {
        return NRS_ERROR_MALFORMED;
    }
    error = nrs_signed_decode(&value, payload);
    if (error != NRS_OK) {
        return error;
    }
    if (value->signer.len != NRS_KEY_SIZE || value->signature.len != NRS_SIGNATURE_SIZE) {
        error = NRS_ERROR_MALFORMED;
        goto out;
    }
    error = nrs_sign_verify(value->signature.data, value->signer.data, domain, nrs_field(&value->statement));
    if (error != NRS_OK) {
        goto out;
    }
    *signed_out = value;
    value = NULL;
out:
    nrs_signed_free(&value);
    return error;
}
