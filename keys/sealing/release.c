/* Releases (SPEC 6.12): the originator's signed word that a holder may grant its report to an audience. */
#include "sealing/sealing.h"

#include <string.h>

#include "proto/assert.h"
#include "signing.h"

void nrs_ask_commitment(uint8_t commitment_out[NRS_HASH_SIZE], const nrs_ask *ask)
{
    NRS_ASSERT(ask != NULL && ask->salt.len == NRS_HASH_SIZE);
    nrs_commit(commitment_out, NRS_DOMAIN_AUDIENCE_COMMITMENT, nrs_field(&ask->salt), nrs_field(&ask->audience));
}

void nrs_statement_by(uint8_t id_out[NRS_HASH_SIZE], const uint8_t signer[NRS_KEY_SIZE], nrs_slice statement)
{
    const nrs_slice parts[] = {nrs_slice_of(signer, NRS_KEY_SIZE), statement};

    nrs_hash(id_out, NRS_HASH_SIZE, NRS_DOMAIN_STATEMENT_BY, parts, sizeof parts / sizeof parts[0]);
}

nrs_error nrs_release_sign(nrs_bytes *payload_out, const nrs_release *release, const nrs_identity *originator)
{
    nrs_bytes statement = {0};
    nrs_error error;

    NRS_ASSERT(payload_out != NULL && release != NULL && originator != NULL);
    error = nrs_release_encode(&statement, release);
    if (error == NRS_OK) {
        error = nrs_signed_payload(payload_out, NRS_RECORD_RELEASE, originator, nrs_slice_of_bytes(&statement));
    }
    nrs_bytes_wipe(&statement);
    return error;
}

/* Of the words and of who signed them: the words name the holder and not their signer, and whoever has them can sign them too. */
static void release_id(uint8_t id_out[NRS_HASH_SIZE], const nrs_signed *outer)
{
    const nrs_slice parts[] = {nrs_field(&outer->signer), nrs_field(&outer->statement)};

    NRS_ASSERT(parts[0].size == NRS_KEY_SIZE);
    nrs_hash(id_out, NRS_HASH_SIZE, NRS_DOMAIN_RELEASE_ID, parts, sizeof parts / sizeof parts[0]);
}

nrs_error nrs_release_verify(nrs_release **release_out, uint8_t signer_out[NRS_KEY_SIZE], uint8_t release_id_out[NRS_HASH_SIZE], nrs_slice payload)
{
    nrs_signed *outer = NULL;
    nrs_error error;

    NRS_ASSERT(release_out != NULL && signer_out != NULL && release_id_out != NULL);
    error = nrs_signed_open(&outer, NRS_RECORD_RELEASE, payload);
    if (error == NRS_OK) {
        error = nrs_release_decode(release_out, nrs_field(&outer->statement));
    }
    if (error == NRS_OK) {
        memcpy(signer_out, outer->signer.data, NRS_KEY_SIZE);
        release_id(release_id_out, outer);
    }
    nrs_signed_free(&outer);
    return error;
}
