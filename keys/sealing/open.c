#include "sealing/sealing.h"

#include <sodium.h>

#include "keys/place.h"
#include "sealing/padded.h"
#include "proto/assert.h"

nrs_error nrs_clear_open(nrs_secret **file_key_out, const nrs_sealed_view *sealed, const nrs_grant *grant)
{
    nrs_error error;
    nrs_secret *file_key = NULL;

    NRS_ASSERT(file_key_out != NULL && sealed != NULL && grant != NULL);

    if (!nrs_header_key_open(sealed->header) ||
        (grant->sealed_id.len != 0 &&
         !nrs_slice_equal(nrs_field(&grant->sealed_id), nrs_slice_of(sealed->id, NRS_HASH_SIZE)))) {
        return NRS_ERROR_FORGED;
    }
    error = nrs_grant_form_check(grant, true);
    if (error != NRS_OK) {
        goto out;
    }
    error = nrs_secret_copy(&file_key, nrs_field(&grant->file_key));
    if (error != NRS_OK) {
        goto out;
    }
    error = nrs_file_key_check(sealed->header, file_key);
    if (error != NRS_OK) {
        goto out;
    }
    *file_key_out = file_key;
    file_key = NULL;
out:
    nrs_secret_destroy(&file_key);
    return error;
}

nrs_error nrs_summary_open(nrs_summary **summary_out, const nrs_header *header, nrs_slice header_bytes,
                           const nrs_secret *file_key)
{
    nrs_error error;
    nrs_bytes bound = {0};
    nrs_bytes plain = {0};
    nrs_slice content = {0};
    uint8_t key[NRS_KEY_SIZE] = {0};
    nrs_box_terms box = {key, NULL, {0}};

    NRS_ASSERT(summary_out != NULL && header != NULL && file_key != NULL);
    (void)header_bytes; /* the summary stands inside them, so that its seal binds fields instead */

    error = nrs_file_key_check(header, file_key);
    if (error != NRS_OK) {
        goto out;
    }
    error = nrs_summary_bound(&bound, header);
    if (error != NRS_OK) {
        goto out;
    }
    nrs_file_key_derive(key, NRS_DOMAIN_SUMMARY_KEY, file_key);
    box.bound = nrs_slice_of_bytes(&bound);
    error = nrs_padded_open(&plain, &content, nrs_summary_classes_of(header), nrs_field(&header->summary), &box);
    if (error != NRS_OK) {
        goto out;
    }
    error = nrs_summary_decode(summary_out, content);
out:
    sodium_memzero(key, sizeof key);
    nrs_bytes_wipe(&bound);
    nrs_bytes_wipe(&plain);
    return error;
}

void nrs_opened_wipe(nrs_opened *opened)
{
    NRS_ASSERT(opened != NULL);

    nrs_body_free(&opened->body);
    nrs_report_free(&opened->report);
    nrs_audience_free(&opened->audience);
}

static nrs_error check_commitment(const ProtobufCBinaryData *commitment, nrs_domain domain,
                                  const ProtobufCBinaryData *salt, const ProtobufCBinaryData *data)
{
    uint8_t found[NRS_HASH_SIZE];

    if (salt->len != NRS_HASH_SIZE) {
        return NRS_ERROR_FORGED;
    }
    nrs_commit(found, domain, nrs_field(salt), nrs_field(data));
    return nrs_slice_equal(nrs_slice_of(found, sizeof found), nrs_field(commitment)) ? NRS_OK : NRS_ERROR_FORGED;
}

/* Whoever opens the body knows the place that the header commits to; there is one exactly where there is the other. What is withheld has a
 * random one, of no stream. */
static nrs_error check_place(const nrs_header *header, const nrs_body *body)
{
    const bool withheld = header->attribution == NRS_ATTRIBUTION_WITHHELD;
    uint8_t place[NRS_HASH_SIZE];

    if (body->stream.len == 0) {
        return header->place.len == 0 || withheld ? NRS_OK : NRS_ERROR_FORGED;
    }
    if (withheld) {
        return NRS_ERROR_FORGED;
    }
    nrs_place(place, &(nrs_place_terms){header->originator.data, header->community.data, body->stream.data, body->sequence});
    return nrs_slice_equal(nrs_slice_of(place, sizeof place), nrs_field(&header->place)) ? NRS_OK : NRS_ERROR_FORGED;
}

static nrs_error decode_opened(nrs_opened *opened, const nrs_header *header, nrs_slice content)
{
    nrs_error error = nrs_body_decode(&opened->body, content);

    if (error == NRS_OK) {
        error = check_commitment(&header->report_commitment, NRS_DOMAIN_REPORT_COMMITMENT, &opened->body->report_salt,
                                 &opened->body->report);
    }
    if (error == NRS_OK) {
        error = check_commitment(&header->audience_commitment, NRS_DOMAIN_AUDIENCE_COMMITMENT,
                                 &opened->body->audience_salt, &opened->body->audience);
    }
    if (error == NRS_OK) {
        error = check_place(header, opened->body);
    }
    if (error == NRS_OK) {
        error = nrs_report_decode(&opened->report, nrs_field(&opened->body->report));
    }
    if (error == NRS_OK && (opened->report->vouch != NULL) != (header->attribution == NRS_ATTRIBUTION_VOUCHED)) {
        error = NRS_ERROR_FORGED; /* whoever vouches says how often it has */
    }
    if (error == NRS_OK) {
        error = nrs_audience_decode(&opened->audience, nrs_field(&opened->body->audience));
    }
    return error;
}

nrs_error nrs_body_open(nrs_opened *opened_out, const nrs_sealed_view *sealed, const nrs_secret *file_key)
{
    nrs_error error;
    nrs_opened opened = {0};
    nrs_bytes plain = {0};
    nrs_slice content = {0};
    uint8_t key[NRS_KEY_SIZE] = {0};
    uint8_t header_hash[NRS_LONG_HASH_SIZE] = {0};
    nrs_box_terms box = {key, NULL, nrs_slice_of(header_hash, sizeof header_hash)};

    NRS_ASSERT(opened_out != NULL && sealed != NULL && file_key != NULL);
    NRS_ASSERT(sealed->header->nonce.len == NRS_NONCE_SIZE); /* nrs_sealed_parse checked it */

    error = nrs_file_key_check(sealed->header, file_key);
    if (error != NRS_OK) {
        goto out;
    }
    nrs_long_hash(header_hash, NRS_DOMAIN_HEADER, nrs_field(&sealed->sealed->header));
    nrs_file_key_derive(key, NRS_DOMAIN_BODY_KEY, file_key);
    box.nonce = sealed->header->nonce.data;
    error = nrs_padded_open(&plain, &content, nrs_body_classes_of(sealed->header), nrs_field(&sealed->sealed->body), &box);
    if (error != NRS_OK) {
        goto out;
    }
    error = decode_opened(&opened, sealed->header, content);
    if (error != NRS_OK) {
        goto out;
    }
    *opened_out = opened;
    opened = (nrs_opened){0};
out:
    sodium_memzero(key, sizeof key);
    nrs_opened_wipe(&opened);
    nrs_bytes_wipe(&plain);
    return error;
}
