#include "sealing/sealing.h"

#include <sodium.h>
#include <string.h>

#include "keys/place.h"
#include "sealing/padded.h"
#include "proto/assert.h"

/* A report on its way from values to its sealed parts; borrowed slices of the header point in here. */
typedef struct report_draft {
    nrs_header header;
    nrs_secret *file_key;
    nrs_bytes body; /* encoded, in the clear */
    nrs_bytes summary_box;
    size_t body_box_size;
    uint8_t nonce[NRS_NONCE_SIZE];
    uint8_t key_commitment[NRS_HASH_SIZE];
    uint8_t report_commitment[NRS_HASH_SIZE];
    uint8_t audience_commitment[NRS_HASH_SIZE];
    uint8_t place[NRS_HASH_SIZE];
} report_draft;

static void draft_wipe(report_draft *draft)
{
    nrs_secret_destroy(&draft->file_key);
    nrs_bytes_wipe(&draft->body);
    nrs_bytes_wipe(&draft->summary_box);
}

void nrs_sealed_parts_wipe(nrs_sealed_parts *parts)
{
    NRS_ASSERT(parts != NULL);

    nrs_bytes_wipe(&parts->header);
    nrs_bytes_wipe(&parts->body);
    nrs_bytes_wipe(&parts->grant);
    nrs_bytes_wipe(&parts->slot_table);
    memset(parts->id, 0, sizeof parts->id);
    memset(parts->grant_id, 0, sizeof parts->grant_id);
    memset(parts->hashes, 0, sizeof parts->hashes);
}

/* The body with its two salts, and the commitments that they open. */
static nrs_error draft_body(report_draft *draft, const nrs_seal_request *request)
{
    nrs_error error;
    nrs_body body = NRS__WIRE__BODY__INIT;
    nrs_bytes report = {0};
    nrs_bytes audience = {0};
    uint8_t report_salt[NRS_HASH_SIZE];
    uint8_t audience_salt[NRS_HASH_SIZE];

    error = nrs_report_encode(&report, request->report);
    if (error != NRS_OK) {
        goto out;
    }
    error = nrs_audience_encode(&audience, request->audience);
    if (error != NRS_OK) {
        goto out;
    }
    randombytes_buf(report_salt, sizeof report_salt);
    randombytes_buf(audience_salt, sizeof audience_salt);
    nrs_commit(draft->report_commitment, NRS_DOMAIN_REPORT_COMMITMENT, nrs_slice_of(report_salt, sizeof report_salt),
               nrs_slice_of_bytes(&report));
    nrs_commit(draft->audience_commitment, NRS_DOMAIN_AUDIENCE_COMMITMENT,
               nrs_slice_of(audience_salt, sizeof audience_salt), nrs_slice_of_bytes(&audience));
    body.report_salt = nrs_field_of(nrs_slice_of(report_salt, sizeof report_salt));
    body.report = nrs_field_of(nrs_slice_of_bytes(&report));
    body.audience_salt = nrs_field_of(nrs_slice_of(audience_salt, sizeof audience_salt));
    body.audience = nrs_field_of(nrs_slice_of_bytes(&audience));
    body.stream = nrs_field_of(request->stream);
    body.sequence = request->sequence;
    body.previous = nrs_field_of(request->previous);
    error = nrs_body_encode(&draft->body, &body);
    if (error != NRS_OK) {
        goto out;
    }
    error = nrs_padded_box_size(&draft->body_box_size, nrs_body_classes_of(request->header), draft->body.size);
out:
    sodium_memzero(report_salt, sizeof report_salt);
    sodium_memzero(audience_salt, sizeof audience_salt);
    nrs_bytes_wipe(&report);
    nrs_bytes_wipe(&audience);
    return error;
}

static nrs_error draft_summary(report_draft *draft, const nrs_report *report)
{
    nrs_error error;
    nrs_summary summary;
    nrs_bytes plain = {0};
    nrs_bytes bound = {0};
    uint8_t key[NRS_KEY_SIZE] = {0};
    nrs_box_terms box = {key, NULL, {0}};

    nrs__wire__summary__init(&summary);
    summary.subject = report->subject;
    summary.kind = report->kind;
    summary.number = report->number;
    summary.follows = report->follows;
    error = nrs_summary_encode(&plain, &summary);
    if (error != NRS_OK) {
        goto out;
    }
    error = nrs_summary_bound(&bound, &draft->header);
    if (error != NRS_OK) {
        goto out;
    }
    nrs_file_key_derive(key, NRS_DOMAIN_SUMMARY_KEY, draft->file_key);
    box.bound = nrs_slice_of_bytes(&bound);
    error = nrs_padded_seal(&draft->summary_box, nrs_summary_classes_of(&draft->header), nrs_slice_of_bytes(&plain), &box);
out:
    sodium_memzero(key, sizeof key);
    nrs_bytes_wipe(&plain);
    nrs_bytes_wipe(&bound);
    return error;
}

/* Everything that the header commits to is known before the body is encrypted, since the body's seal binds the header. */
static nrs_error draft_header(report_draft *draft, const nrs_seal_request *request)
{
    nrs_error error;
    nrs_header *header = &draft->header;

    error = nrs_secret_random(&draft->file_key, NRS_KEY_SIZE);
    if (error != NRS_OK) {
        return error;
    }
    nrs_file_key_derive(draft->key_commitment, NRS_DOMAIN_KEY_COMMITMENT, draft->file_key);
    randombytes_buf(draft->nonce, sizeof draft->nonce);
    *header = *request->header;
    header->suite = NRS_SUITE;
    header->originator = nrs_field_of(nrs_slice_of(request->grantor.keys->sign_key, NRS_KEY_SIZE));
    header->nonce = nrs_field_of(nrs_slice_of(draft->nonce, sizeof draft->nonce));
    header->key_commitment = nrs_field_of(nrs_slice_of(draft->key_commitment, NRS_HASH_SIZE));
    header->report_commitment = nrs_field_of(nrs_slice_of(draft->report_commitment, NRS_HASH_SIZE));
    header->audience_commitment = nrs_field_of(nrs_slice_of(draft->audience_commitment, NRS_HASH_SIZE));
    header->body_size = (uint32_t)draft->body_box_size;
    if (request->stream.size > 0) {
        NRS_ASSERT(request->stream.size == NRS_HASH_SIZE && header->community.len == NRS_HASH_SIZE);
        nrs_place(draft->place, &(nrs_place_terms){header->originator.data, header->community.data, request->stream.data, request->sequence});
        header->place = nrs_field_of(nrs_slice_of(draft->place, sizeof draft->place));
    } else if (header->attribution == NRS_ATTRIBUTION_WITHHELD) { /* of none, so that its size is another's */
        randombytes_buf(draft->place, sizeof draft->place);
        header->place = nrs_field_of(nrs_slice_of(draft->place, sizeof draft->place));
    }
    error = draft_summary(draft, request->report);
    if (error != NRS_OK) {
        return error;
    }
    header->summary = nrs_field_of(nrs_slice_of_bytes(&draft->summary_box));
    return NRS_OK;
}

static nrs_error seal_body(nrs_sealed_parts *parts, const report_draft *draft)
{
    nrs_error error;
    uint8_t key[NRS_KEY_SIZE] = {0};
    uint8_t *const header_hash = parts->hashes;
    uint8_t *const body_hash = parts->hashes + NRS_LONG_HASH_SIZE;
    const nrs_box_terms box = {key, draft->nonce, nrs_slice_of(header_hash, NRS_LONG_HASH_SIZE)};

    nrs_long_hash(header_hash, NRS_DOMAIN_HEADER, nrs_slice_of_bytes(&parts->header));
    nrs_file_key_derive(key, NRS_DOMAIN_BODY_KEY, draft->file_key);
    error = nrs_padded_seal(&parts->body, nrs_body_classes_of(&draft->header), nrs_slice_of_bytes(&draft->body), &box);
    if (error == NRS_OK) {
        NRS_ASSERT(parts->body.size == draft->body_box_size);
        nrs_long_hash(body_hash, NRS_DOMAIN_BODY, nrs_slice_of_bytes(&parts->body));
        nrs_sealed_id(parts->id, header_hash, body_hash);
    }
    sodium_memzero(key, sizeof key);
    return error;
}

static nrs_error first_grant(nrs_sealed_parts *parts, const report_draft *draft, const nrs_seal_request *request)
{
    const nrs_grant_plan plan = {
        .sealed_id = parts->id,
        .first = true,
        .clear = nrs_header_key_open(&draft->header),
        .community = nrs_field(&draft->header.community),
        .audience_commitment = nrs_slice_of(draft->audience_commitment, NRS_HASH_SIZE),
        .authority = NRS_AUTHORITY_ORIGINATOR,
        .created_ms = draft->header.created_ms,
        .file_key = draft->file_key,
        .recipients = request->recipients,
        .recipient_count = request->recipient_count,
        .grantor = request->grantor,
    };

    return nrs_grant_build(&parts->grant, &parts->slot_table, parts->grant_id, &plan);
}

nrs_error nrs_seal(nrs_sealed_parts *parts_out, nrs_secret **file_key_out, const nrs_seal_request *request)
{
    nrs_error error;
    report_draft draft = {0};
    nrs_sealed_parts parts = {0};

    NRS_ASSERT(parts_out != NULL && file_key_out != NULL && request != NULL);
    NRS_ASSERT(request->header != NULL && request->report != NULL && request->audience != NULL);
    NRS_ASSERT(request->grantor.keys != NULL && request->grantor.agree != NULL);

    if (request->recipient_count > NRS_SLOT_COUNT_MAX) {
        error = NRS_ERROR_LIMIT;
        goto out;
    }
    error = draft_body(&draft, request);
    if (error != NRS_OK) {
        goto out;
    }
    error = draft_header(&draft, request);
    if (error != NRS_OK) {
        goto out;
    }
    error = nrs_header_encode(&parts.header, &draft.header);
    if (error != NRS_OK) {
        goto out;
    }
    error = seal_body(&parts, &draft);
    if (error != NRS_OK) {
        goto out;
    }
    error = first_grant(&parts, &draft, request);
    if (error != NRS_OK) {
        goto out;
    }
    *parts_out = parts;
    parts = (nrs_sealed_parts){0};
    *file_key_out = draft.file_key;
    draft.file_key = NULL;
out:
    draft_wipe(&draft);
    nrs_sealed_parts_wipe(&parts);
    return error;
}

/* hashes: H512 of the header and of the body. */
static nrs_error sign(nrs_bytes *record_out, const nrs_sealed_parts *parts, const uint8_t hashes[2 * NRS_LONG_HASH_SIZE], const nrs_identity *identity)
{
    nrs_error error;
    nrs_sealed sealed = NRS__WIRE__SEALED__INIT;
    nrs_bytes payload = {0};
    uint8_t signed_hashes[3 * NRS_LONG_HASH_SIZE];
    uint8_t signature[NRS_SIGNATURE_SIZE];

    memcpy(signed_hashes, hashes, 2 * NRS_LONG_HASH_SIZE);
    nrs_long_hash(signed_hashes + 2 * NRS_LONG_HASH_SIZE, NRS_DOMAIN_GRANT, nrs_slice_of_bytes(&parts->grant));
    nrs_sign(signature, identity, NRS_DOMAIN_SEALED_SIGN, nrs_slice_of(signed_hashes, sizeof signed_hashes));
    sealed.header = nrs_field_of(nrs_slice_of_bytes(&parts->header));
    sealed.body = nrs_field_of(nrs_slice_of_bytes(&parts->body));
    sealed.grant = nrs_field_of(nrs_slice_of_bytes(&parts->grant));
    sealed.signature = nrs_field_of(nrs_slice_of(signature, sizeof signature));
    error = nrs_sealed_encode(&payload, &sealed);
    if (error == NRS_OK) {
        error = nrs_record_wrap(record_out, NRS_RECORD_SEALED, nrs_slice_of_bytes(&payload));
    }
    nrs_bytes_wipe(&payload);
    return error;
}

nrs_error nrs_seal_sign(nrs_bytes *record_out, const nrs_sealed_parts *parts, const nrs_identity *identity)
{
    nrs_error error;
    nrs_header *header = NULL;
    uint8_t hashes[2 * NRS_LONG_HASH_SIZE];

    NRS_ASSERT(record_out != NULL && parts != NULL && identity != NULL);

    error = nrs_header_decode(&header, nrs_slice_of_bytes(&parts->header));
    if (error != NRS_OK) {
        goto out;
    }
    if (!nrs_slice_equal(nrs_field(&header->originator),
                         nrs_slice_of(nrs_identity_public(identity)->sign_key, NRS_KEY_SIZE))) {
        error = NRS_ERROR_FORGED;
        goto out;
    }
    nrs_long_hash(hashes, NRS_DOMAIN_HEADER, nrs_slice_of_bytes(&parts->header));
    nrs_long_hash(hashes + NRS_LONG_HASH_SIZE, NRS_DOMAIN_BODY, nrs_slice_of_bytes(&parts->body));
    error = sign(record_out, parts, hashes, identity);
out:
    nrs_header_free(&header);
    return error;
}

nrs_error nrs_seal_sign_made(nrs_bytes *record_out, const nrs_sealed_parts *parts, const nrs_identity *identity)
{
    NRS_ASSERT(record_out != NULL && parts != NULL && identity != NULL);
    NRS_ASSERT(parts->header.size > 0 && parts->body.size > 0);
    return sign(record_out, parts, parts->hashes, identity);
}
