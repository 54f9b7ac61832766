/* Grants after the first: made, verified, and their audience opened (SPEC 6.5). */
#include "sealing/sealing.h"

#include <sodium.h>
#include <string.h>

#include "sealing/padded.h"
#include "proto/assert.h"

/* What the seal of a later grant's audience binds: sealed id || grantor || audience commitment. */
enum { AUDIENCE_BOUND_SIZE = NRS_HASH_SIZE + NRS_KEY_SIZE + NRS_HASH_SIZE };

static void audience_bound(uint8_t bound_out[AUDIENCE_BOUND_SIZE], const uint8_t *sealed_id, const uint8_t *grantor,
                           const uint8_t *commitment)
{
    memcpy(bound_out, sealed_id, NRS_HASH_SIZE);
    memcpy(bound_out + NRS_HASH_SIZE, grantor, NRS_KEY_SIZE);
    memcpy(bound_out + NRS_HASH_SIZE + NRS_KEY_SIZE, commitment, NRS_HASH_SIZE);
}

/* The audience in full, which only those who hold the file key read, and the commitment to it: nonce || box, since the
 * key is the same for every later grant of a report. */
static nrs_error seal_audience(nrs_bytes *sealed_out, uint8_t commitment_out[NRS_HASH_SIZE],
                               const nrs_grant_request *request)
{
    nrs_error error;
    nrs_audience_opening opening = NRS__WIRE__AUDIENCE_OPENING__INIT;
    nrs_bytes audience = {0};
    nrs_bytes plain = {0};
    uint8_t salt[NRS_HASH_SIZE];
    uint8_t key[NRS_KEY_SIZE] = {0};
    uint8_t bound[AUDIENCE_BOUND_SIZE] = {0};
    nrs_box_terms box = {key, NULL, nrs_slice_of(bound, sizeof bound)};

    error = nrs_audience_encode(&audience, request->audience);
    if (error != NRS_OK) {
        goto out;
    }
    randombytes_buf(salt, sizeof salt);
    if (request->audience_salt.size == sizeof salt) {
        memcpy(salt, request->audience_salt.data, sizeof salt);
    }
    opening.salt = nrs_field_of(nrs_slice_of(salt, sizeof salt));
    opening.audience = nrs_field_of(nrs_slice_of_bytes(&audience));
    error = nrs_audience_opening_encode(&plain, &opening);
    if (error != NRS_OK) {
        goto out;
    }
    error = nrs_bytes_resize(sealed_out, NRS_NONCE_SIZE + plain.size + NRS_TAG_SIZE);
    if (error != NRS_OK) {
        goto out;
    }
    nrs_commit(commitment_out, NRS_DOMAIN_AUDIENCE_COMMITMENT, nrs_slice_of(salt, sizeof salt),
               nrs_slice_of_bytes(&audience));
    audience_bound(bound, request->sealed->id, request->grantor.keys->sign_key, commitment_out);
    nrs_file_key_derive(key, NRS_DOMAIN_GRANT_AUDIENCE_KEY, request->file_key);
    randombytes_buf(sealed_out->data, NRS_NONCE_SIZE);
    box.nonce = sealed_out->data;
    nrs_box_seal(sealed_out->data + NRS_NONCE_SIZE, nrs_slice_of_bytes(&plain), &box);
out:
    sodium_memzero(key, sizeof key);
    sodium_memzero(salt, sizeof salt);
    nrs_bytes_wipe(&audience);
    nrs_bytes_wipe(&plain);
    return error;
}

nrs_error nrs_grant_make(nrs_bytes *grant_out, nrs_bytes *slot_table_out, const nrs_grant_request *request)
{
    nrs_error error;
    const nrs_header *header;
    nrs_bytes sealed_audience = {0};
    uint8_t commitment[NRS_HASH_SIZE];
    uint8_t grant_id[NRS_HASH_SIZE];
    nrs_grant_plan plan;

    NRS_ASSERT(grant_out != NULL && slot_table_out != NULL && request != NULL);
    NRS_ASSERT(request->sealed != NULL && request->file_key != NULL && request->grantor.keys != NULL);

    header = request->sealed->header;
    error = nrs_file_key_check(header, request->file_key);
    if (error != NRS_OK) {
        goto out;
    }
    plan = (nrs_grant_plan){
        .sealed_id = request->sealed->id,
        .clear = nrs_header_key_open(header),
        .community = nrs_field(&header->community),
        .audience_commitment = nrs_field(&header->audience_commitment),
        .authority = request->authority,
        .authority_ref = request->authority_ref,
        .target = request->community,
        .created_ms = request->now_ms,
        .file_key = request->file_key,
        .recipients = request->recipients,
        .recipient_count = request->recipient_count,
        .grantor = request->grantor,
    };
    if (request->audience != NULL) {
        error = seal_audience(&sealed_audience, commitment, request);
        if (error != NRS_OK) {
            goto out;
        }
        plan.audience_commitment = nrs_slice_of(commitment, sizeof commitment);
        plan.sealed_audience = nrs_slice_of_bytes(&sealed_audience);
    }
    error = nrs_grant_build(grant_out, slot_table_out, grant_id, &plan);
out:
    nrs_bytes_wipe(&sealed_audience);
    return error;
}

nrs_error nrs_grant_verify(nrs_grant **grant_out, uint8_t grant_id_out[NRS_HASH_SIZE], nrs_slice payload)
{
    nrs_error error;
    nrs_signed *outer = NULL;
    nrs_grant *grant = NULL;

    NRS_ASSERT(grant_out != NULL);
    NRS_ASSERT(grant_id_out != NULL);

    error = nrs_signed_open(&outer, NRS_RECORD_GRANT, payload);
    if (error != NRS_OK) {
        goto out;
    }
    error = nrs_grant_decode(&grant, nrs_field(&outer->statement));
    if (error != NRS_OK) {
        goto out;
    }
    if (!nrs_slice_equal(nrs_field(&outer->signer), nrs_field(&grant->grantor)) ||
        grant->sealed_id.len != NRS_HASH_SIZE) {
        error = NRS_ERROR_FORGED;
        goto out;
    }
    error = nrs_grant_form_check(grant, grant->file_key.len > 0);
    if (error != NRS_OK) {
        goto out;
    }
    nrs_hash_one(grant_id_out, NRS_DOMAIN_STATEMENT_ID, nrs_field(&outer->statement));
    *grant_out = grant;
    grant = NULL;
out:
    nrs_grant_free(&grant);
    nrs_signed_free(&outer);
    return error;
}

nrs_error nrs_grant_audience_open(nrs_audience **audience_out, const nrs_sealed_view *sealed, const nrs_grant *grant,
                                  const nrs_secret *file_key)
{
    nrs_error error = NRS_ERROR_FORGED;
    nrs_bytes plain = {0};
    nrs_audience_opening *opening = NULL;
    nrs_audience *audience = NULL;
    nrs_reader reader;
    uint8_t key[NRS_KEY_SIZE] = {0};
    uint8_t nonce[NRS_NONCE_SIZE];
    uint8_t bound[AUDIENCE_BOUND_SIZE] = {0};
    uint8_t commitment[NRS_HASH_SIZE];
    const nrs_box_terms box = {key, nonce, nrs_slice_of(bound, sizeof bound)};

    NRS_ASSERT(audience_out != NULL && sealed != NULL && grant != NULL && file_key != NULL);

    reader = nrs_reader_over(nrs_field(&grant->sealed_audience));
    if (grant->grantor.len != NRS_KEY_SIZE || grant->audience_commitment.len != NRS_HASH_SIZE ||
        nrs_read_copy(&reader, nonce, sizeof nonce) != NRS_OK || reader.left.size <= NRS_TAG_SIZE) {
        goto out;
    }
    audience_bound(bound, sealed->id, grant->grantor.data, grant->audience_commitment.data);
    nrs_file_key_derive(key, NRS_DOMAIN_GRANT_AUDIENCE_KEY, file_key);
    error = nrs_bytes_resize(&plain, reader.left.size - NRS_TAG_SIZE);
    if (error != NRS_OK) {
        goto out;
    }
    error = nrs_box_open(plain.data, reader.left, &box);
    if (error != NRS_OK) {
        goto out;
    }
    error = nrs_audience_opening_decode(&opening, nrs_slice_of_bytes(&plain));
    if (error != NRS_OK) {
        goto out;
    }
    error = NRS_ERROR_FORGED;
    if (opening->salt.len != NRS_HASH_SIZE) {
        goto out;
    }
    nrs_commit(commitment, NRS_DOMAIN_AUDIENCE_COMMITMENT, nrs_field(&opening->salt), nrs_field(&opening->audience));
    if (sodium_memcmp(commitment, grant->audience_commitment.data, sizeof commitment) != 0) {
        goto out;
    }
    error = nrs_audience_decode(&audience, nrs_field(&opening->audience));
    if (error != NRS_OK) {
        goto out;
    }
    *audience_out = audience;
    audience = NULL;
out:
    sodium_memzero(key, sizeof key);
    nrs_audience_free(&audience);
    nrs_audience_opening_free(&opening);
    nrs_bytes_wipe(&plain);
    return error;
}
