/* What a relay checks of a sealed report, without a key (SPEC 6.1). */
#include "sealing/sealing.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "sealing/padded.h"
#include "proto/assert.h"

void nrs_sealed_view_free(nrs_sealed_view **view)
{
    NRS_ASSERT(view != NULL);

    if (*view != NULL && --(*view)->references > 0) {
        *view = NULL;
    }
    if (*view != NULL) {
        nrs_sealed_free(&(*view)->sealed);
        nrs_header_free(&(*view)->header);
        nrs_grant_free(&(*view)->grant);
        free(*view);
        *view = NULL;
    }
}

nrs_sealed_view *nrs_sealed_view_share(nrs_sealed_view *view)
{
    NRS_ASSERT(view != NULL && view->references > 0);
    view->references++;
    return view;
}

/* Under CLEAR the file key stands in the open, so that even a relay can tell a false one. */
static nrs_error check_clear_key(const nrs_header *header, const nrs_grant *grant)
{
    uint8_t commitment[NRS_HASH_SIZE];

    nrs_hash_one(commitment, NRS_DOMAIN_KEY_COMMITMENT, nrs_field(&grant->file_key));
    return nrs_slice_equal(nrs_slice_of(commitment, sizeof commitment), nrs_field(&header->key_commitment))
               ? NRS_OK
               : NRS_ERROR_FORGED;
}

nrs_error nrs_grant_check_key(const nrs_sealed_view *sealed, const nrs_grant *grant)
{
    bool open;
    nrs_error error;

    NRS_ASSERT(sealed != NULL && grant != NULL);
    open = nrs_header_key_open(sealed->header);
    error = nrs_grant_form_check(grant, open);
    return error == NRS_OK && open ? check_clear_key(sealed->header, grant) : error;
}

/* Header and first grant speak of one report. What waits for an acceptance is granted to nobody at first. */
static nrs_error check_terms(const nrs_header *header, const nrs_grant *grant)
{
    nrs_error error;
    bool clear = nrs_header_key_open(header);

    if (!nrs_padded_box_size_valid(nrs_body_classes_of(header), header->body_size) ||
        !nrs_padded_box_size_valid(nrs_summary_classes_of(header), header->summary.len)) {
        return NRS_ERROR_NOT_CANONICAL;
    }
    if (header->originator.len != NRS_KEY_SIZE || header->nonce.len != NRS_NONCE_SIZE || header->key_commitment.len != NRS_HASH_SIZE ||
        ((header->flags & NRS_HEADER_UNLOCK_ON_ACCEPT) != 0 && grant->slot_count != 0)) {
        return NRS_ERROR_FORGED;
    }
    if (!nrs_slice_equal(nrs_field(&grant->grantor), nrs_field(&header->originator)) ||
        !nrs_slice_equal(nrs_field(&grant->audience_commitment), nrs_field(&header->audience_commitment)) ||
        grant->authority != NRS_AUTHORITY_ORIGINATOR || grant->authority_ref.len != 0 || grant->sealed_id.len != 0 ||
        grant->sealed_audience.len != 0 || grant->created_ms != header->created_ms) {
        return NRS_ERROR_FORGED;
    }
    error = nrs_grant_form_check(grant, clear);
    if (error == NRS_OK && clear) {
        error = check_clear_key(header, grant);
    }
    return error;
}

static nrs_error check_agreement(const nrs_sealed *sealed, const nrs_header *header, const nrs_grant *grant)
{
    nrs_error error = check_terms(header, grant);

    if (error == NRS_OK && (sealed->body.len != header->body_size || sealed->signature.len != NRS_SIGNATURE_SIZE)) {
        error = NRS_ERROR_FORGED;
    }
    return error;
}

nrs_error nrs_sealed_parse(nrs_sealed_view **view_out, nrs_slice payload)
{
    nrs_error error = NRS_ERROR_NO_MEMORY;
    nrs_sealed_view *view = calloc(1, sizeof *view);

    NRS_ASSERT(view_out != NULL);
    if (view == NULL) {
        goto out;
    }
    view->references = 1;
    error = nrs_sealed_decode(&view->sealed, payload);
    if (error != NRS_OK) {
        goto out;
    }
    error = nrs_header_decode(&view->header, nrs_field(&view->sealed->header));
    if (error != NRS_OK) {
        goto out;
    }
    error = nrs_grant_decode(&view->grant, nrs_field(&view->sealed->grant));
    if (error != NRS_OK) {
        goto out;
    }
    error = check_agreement(view->sealed, view->header, view->grant);
    if (error != NRS_OK) {
        goto out;
    }
    nrs_long_hash(view->hashes, NRS_DOMAIN_HEADER, nrs_field(&view->sealed->header));
    nrs_long_hash(view->hashes + NRS_LONG_HASH_SIZE, NRS_DOMAIN_BODY, nrs_field(&view->sealed->body));
    nrs_sealed_id(view->id, view->hashes, view->hashes + NRS_LONG_HASH_SIZE);
    nrs_hash_one(view->grant_id, NRS_DOMAIN_STATEMENT_ID, nrs_field(&view->sealed->grant));
    *view_out = view;
    view = NULL;
out:
    nrs_sealed_view_free(&view);
    return error;
}

nrs_error nrs_sealed_check_signature(const nrs_sealed_view *view)
{
    uint8_t hashes[3 * NRS_LONG_HASH_SIZE];

    NRS_ASSERT(view != NULL);
    memcpy(hashes, view->hashes, sizeof view->hashes);
    nrs_long_hash(hashes + 2 * NRS_LONG_HASH_SIZE, NRS_DOMAIN_GRANT, nrs_field(&view->sealed->grant));
    return nrs_sign_verify(view->sealed->signature.data, view->header->originator.data, NRS_DOMAIN_SEALED_SIGN,
                           nrs_slice_of(hashes, sizeof hashes));
}

nrs_error nrs_sealed_verify(nrs_sealed_view **view_out, nrs_slice payload)
{
    nrs_sealed_view *view = NULL;
    nrs_error error = nrs_sealed_parse(&view, payload);

    if (error == NRS_OK) {
        error = nrs_sealed_check_signature(view);
    }
    if (error == NRS_OK) {
        *view_out = view;
        view = NULL;
    }
    nrs_sealed_view_free(&view);
    return error;
}

/* ---- A notice: the same without the body (SPEC 8.3) ---- */

nrs_error nrs_notice_make(nrs_bytes *notice_out, const nrs_sealed_view *view)
{
    nrs_notice notice = NRS__WIRE__NOTICE__INIT;

    NRS_ASSERT(notice_out != NULL && view != NULL);
    notice.header = view->sealed->header;
    notice.body_hash = nrs_field_of(nrs_slice_of(view->hashes + NRS_LONG_HASH_SIZE, NRS_LONG_HASH_SIZE));
    notice.grant = view->sealed->grant;
    notice.signature = view->sealed->signature;
    return nrs_notice_encode(notice_out, &notice);
}

nrs_error nrs_notice_verify(nrs_header **header_out, uint8_t id_out[NRS_HASH_SIZE], nrs_slice bytes)
{
    nrs_notice *notice = NULL;
    nrs_header *header = NULL;
    nrs_grant *grant = NULL;
    uint8_t hashes[3 * NRS_LONG_HASH_SIZE];
    nrs_error error = nrs_notice_decode(&notice, bytes);

    NRS_ASSERT(header_out != NULL && id_out != NULL);
    if (error == NRS_OK) {
        error = nrs_header_decode(&header, nrs_field(&notice->header));
    }
    if (error == NRS_OK) {
        error = nrs_grant_decode(&grant, nrs_field(&notice->grant));
    }
    if (error == NRS_OK) {
        error = check_terms(header, grant);
    }
    if (error != NRS_OK) {
        goto out;
    }
    nrs_long_hash(hashes, NRS_DOMAIN_HEADER, nrs_field(&notice->header));
    memcpy(hashes + NRS_LONG_HASH_SIZE, notice->body_hash.data, NRS_LONG_HASH_SIZE);
    nrs_long_hash(hashes + 2 * NRS_LONG_HASH_SIZE, NRS_DOMAIN_GRANT, nrs_field(&notice->grant));
    error = nrs_sign_verify(notice->signature.data, header->originator.data, NRS_DOMAIN_SEALED_SIGN, nrs_slice_of(hashes, sizeof hashes));
    if (error == NRS_OK) {
        nrs_sealed_id(id_out, hashes, hashes + NRS_LONG_HASH_SIZE);
        *header_out = header;
        header = NULL;
    }
out:
    nrs_grant_free(&grant);
    nrs_header_free(&header);
    nrs_notice_free(&notice);
    return error;
}
