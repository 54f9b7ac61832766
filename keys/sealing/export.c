#include "keys/export.h"

#include <string.h>

#include "keys/roster.h"
#include "proto/assert.h"
#include "sealing/sealing.h"
#include "signing.h"

void nrs_export_view_wipe(nrs_export_view *view)
{
    NRS_ASSERT(view != NULL);
    nrs_report_free(&view->report);
    nrs_attestation_free(&view->attestation);
    nrs_grant_free(&view->grant);
    nrs_release_free(&view->release);
    nrs_signed_free(&view->outer);
    nrs_header_free(&view->header);
    nrs_export_free(&view->value);
    *view = (nrs_export_view){0};
}

/* ---- Making ---- */

/* The generated structs want pointers to plain char; they are only read. */
static char *text_field(const char *text)
{
    return (char *)(uintptr_t)text;
}

/* The text alone: where a community's rules need it says nothing of it. */
static void put_texts(Nrs__Wire__Disclaimer *texts, Nrs__Wire__Disclaimer **places, const nrs_export_request *request)
{
    for (size_t i = 0; i < request->disclaimer_count; i++) {
        texts[i] = *request->disclaimers[i];
        texts[i].labels = texts[i].kinds = 0;
        places[i] = &texts[i];
    }
}

nrs_error nrs_export_make(nrs_bytes *export_out, const nrs_export_request *request)
{
    Nrs__Wire__Disclaimer texts[NRS_DISCLAIMER_COUNT_MAX], *places[NRS_DISCLAIMER_COUNT_MAX];
    Nrs__Wire__SignedHeader report = NRS__WIRE__SIGNED_HEADER__INIT;
    uint8_t grant_hash[NRS_LONG_HASH_SIZE];
    nrs_export value;

    NRS_ASSERT(export_out != NULL && request->disclaimer_count <= NRS_DISCLAIMER_COUNT_MAX);
    NRS_ASSERT(request->disclaimer_count == request->sealed->header->n_disclaimers);
    nrs__wire__export__init(&value);
    nrs_signed_header_of(&report, grant_hash, request->sealed);
    put_texts(texts, places, request);
    value.suite = NRS_SUITE;
    value.from = text_field(request->org);
    value.community = text_field(request->community);
    value.disclaimers = places;
    value.n_disclaimers = request->disclaimer_count;
    value.report = &report;
    value.report_salt = request->opened->body->report_salt;
    value.content = request->opened->body->report;
    value.release = nrs_field_of(request->release);
    value.grant = nrs_field_of(request->grant);
    return nrs_export_encode(export_out, &value);
}

/* The report without its writer and without the fields that tell the source. */
static nrs_error shown_content(nrs_bytes *content_out, const nrs_report *report, bool (*hides)(const char *field))
{
    nrs_report shown = *report;
    Nrs__Wire__Field *fields[NRS_FIELD_COUNT_MAX];
    static const char none[] = "";

    shown.person = text_field(none);
    shown.fields = fields;
    shown.n_fields = 0;
    for (size_t i = 0; i < report->n_fields && i < NRS_FIELD_COUNT_MAX; i++) {
        if (!hides(report->fields[i]->name)) {
            fields[shown.n_fields] = report->fields[i];
            shown.n_fields++;
        }
    }
    return nrs_report_encode(content_out, &shown);
}

static nrs_error sign_attestation(nrs_bytes *signed_out, const nrs_export_request *request, const nrs_identity *identity, nrs_slice content, uint64_t now_ms)
{
    const nrs_header *header = request->sealed->header;
    nrs_attestation attestation;
    nrs_bytes statement = {0};
    nrs_error error;

    nrs__wire__attestation__init(&attestation);
    attestation.suite = NRS_SUITE;
    attestation.sealed_id = nrs_field_of(nrs_slice_of(request->sealed->id, NRS_HASH_SIZE));
    attestation.at_ms = now_ms;
    attestation.org = text_field(request->org);
    attestation.community = text_field(request->community);
    attestation.label = request->label != 0 ? request->label : header->label;
    attestation.urgency = header->urgency;
    attestation.flags = header->flags;
    attestation.created_ms = header->created_ms;
    attestation.expires_ms = header->expires_ms;
    attestation.conditions = request->label != 0 ? (Nrs__Wire__Conditions *)(uintptr_t)request->conditions : header->conditions;
    attestation.duty = header->duty;
    attestation.disclaimers = header->disclaimers;
    attestation.n_disclaimers = header->n_disclaimers;
    attestation.content = nrs_field_of(content);
    error = nrs_attestation_encode(&statement, &attestation);
    if (error == NRS_OK) {
        error = nrs_signed_payload(signed_out, NRS_RECORD_ATTESTATION, identity, nrs_slice_of_bytes(&statement));
    }
    nrs_bytes_wipe(&statement);
    return error;
}

nrs_error nrs_export_attest(nrs_bytes *export_out, const nrs_export_request *request, const nrs_identity *identity, bool (*hides)(const char *field),
                            uint64_t now_ms)
{
    Nrs__Wire__Disclaimer texts[NRS_DISCLAIMER_COUNT_MAX], *places[NRS_DISCLAIMER_COUNT_MAX];
    nrs_bytes content = {0}, attested = {0};
    nrs_export value;
    nrs_error error = shown_content(&content, request->opened->report, hides);

    NRS_ASSERT(export_out != NULL && request->disclaimer_count <= NRS_DISCLAIMER_COUNT_MAX);
    nrs__wire__export__init(&value);
    if (error == NRS_OK) {
        error = sign_attestation(&attested, request, identity, nrs_slice_of_bytes(&content), now_ms);
    }
    if (error == NRS_OK) {
        put_texts(texts, places, request);
        value.suite = NRS_SUITE;
        value.disclaimers = places;
        value.n_disclaimers = request->disclaimer_count;
        value.attestation = nrs_field_of(nrs_slice_of_bytes(&attested));
        error = nrs_export_encode(export_out, &value);
    }
    nrs_bytes_wipe(&attested);
    nrs_bytes_wipe(&content);
    return error;
}

/* ---- Checking ---- */

/* The texts are those that the hashes name, all of them and in their order. */
static nrs_error check_texts(const nrs_export *value, const ProtobufCBinaryData *hashes, size_t count)
{
    if (value->n_disclaimers != count) {
        return NRS_ERROR_FORGED;
    }
    for (size_t i = 0; i < count; i++) {
        uint8_t hash[NRS_HASH_SIZE];
        nrs_error error = nrs_disclaimer_hash(hash, value->disclaimers[i]);

        if (error != NRS_OK) {
            return error;
        }
        if (!nrs_slice_equal(nrs_slice_of(hash, sizeof hash), nrs_field(&hashes[i]))) {
            return NRS_ERROR_FORGED;
        }
    }
    return NRS_OK;
}

/* The chain by which it was had (SPEC 6.12), so far as it shows without the slots: the originator's release names the holder, the
 * audience and the end; the holder's grant is on it, to that audience, and was made before the end. What the release says stands in the
 * place of the header's terms. Whether its signer came after the originator only a roster can tell. */
static nrs_error check_chain(nrs_export_view *view)
{
    const nrs_header *header = view->header;
    const nrs_release *release;
    const nrs_grant *grant;
    uint8_t release_id[NRS_HASH_SIZE], grant_id[NRS_HASH_SIZE];
    nrs_error error = nrs_release_verify(&view->release, view->release_signer, release_id, nrs_field(&view->value->release));

    if (error == NRS_OK) {
        error = nrs_grant_verify(&view->grant, grant_id, nrs_field(&view->value->grant));
    }
    if (error != NRS_OK) {
        return error;
    }
    release = view->release;
    grant = view->grant;
    if (memcmp(release->sealed_id.data, view->id, NRS_HASH_SIZE) != 0 || release->expires_ms > header->expires_ms || header->label == NRS_LABEL_RED ||
        header->attribution == NRS_ATTRIBUTION_WITHHELD || (header->flags & NRS_HEADER_UNLOCK_ON_ACCEPT) != 0) {
        return NRS_ERROR_RELEASE;
    }
    if (grant->authority != NRS_AUTHORITY_RELEASE || memcmp(grant->sealed_id.data, view->id, NRS_HASH_SIZE) != 0 || grant->sealed_audience.len == 0 ||
        !nrs_slice_equal(nrs_field(&grant->authority_ref), nrs_slice_of(release_id, sizeof release_id)) ||
        !nrs_slice_equal(nrs_field(&grant->grantor), nrs_field(&release->holder)) ||
        !nrs_slice_equal(nrs_field(&grant->audience_commitment), nrs_field(&release->audience_commitment)) ||
        !nrs_slice_equal(nrs_field(&grant->community), nrs_field(&release->community))) {
        return NRS_ERROR_RELEASE;
    }
    if (grant->created_ms >= release->expires_ms) {
        return NRS_ERROR_EXPIRED;
    }
    view->terms.label = release->label;
    view->terms.conditions = release->conditions != NULL ? release->conditions : view->terms.conditions;
    return NRS_OK;
}

static nrs_error check_proof(nrs_export_view *view)
{
    const nrs_export *value = view->value;
    uint8_t commitment[NRS_HASH_SIZE];
    nrs_error error = nrs_signed_header_parse(&view->header, view->id, value->report);

    if (error == NRS_OK) {
        error = nrs_signed_header_check(value->report, view->header);
    }
    if (error != NRS_OK) {
        return error;
    }
    nrs_commit(commitment, NRS_DOMAIN_REPORT_COMMITMENT, nrs_field(&value->report_salt), nrs_field(&value->content));
    if (!nrs_slice_equal(nrs_slice_of(commitment, sizeof commitment), nrs_field(&view->header->report_commitment))) {
        return NRS_ERROR_FORGED;
    }
    error = check_texts(value, view->header->disclaimers, view->header->n_disclaimers);
    if (error == NRS_OK) {
        error = nrs_report_decode(&view->report, nrs_field(&value->content));
    }
    if (error == NRS_OK && (view->report->vouch != NULL) != (view->header->attribution == NRS_ATTRIBUTION_VOUCHED)) {
        error = NRS_ERROR_FORGED; /* as at opening (6.6) */
    }
    view->signer = view->header->originator.data;
    view->signer_org = value->from;
    view->community = value->community;
    view->community_id = view->header->community.data;
    view->terms = (nrs_export_terms){view->header->label, view->header->urgency, view->header->flags, view->header->created_ms,
                                     view->header->expires_ms, view->header->conditions, view->header->duty};
    return error == NRS_OK && value->release.len > 0 ? check_chain(view) : error;
}

static nrs_error check_attestation(nrs_export_view *view)
{
    const nrs_attestation *attestation;
    nrs_error error = nrs_signed_open(&view->outer, NRS_RECORD_ATTESTATION, nrs_field(&view->value->attestation));

    if (error == NRS_OK) {
        error = nrs_attestation_decode(&view->attestation, nrs_field(&view->outer->statement));
    }
    if (error != NRS_OK) {
        return error;
    }
    attestation = view->attestation;
    error = check_texts(view->value, attestation->disclaimers, attestation->n_disclaimers);
    if (error == NRS_OK) {
        error = nrs_report_decode(&view->report, nrs_field(&attestation->content));
    }
    memcpy(view->id, attestation->sealed_id.data, NRS_HASH_SIZE);
    view->signer = view->outer->signer.data;
    view->signer_org = attestation->org;
    view->community = attestation->community;
    view->terms = (nrs_export_terms){attestation->label, attestation->urgency, attestation->flags, attestation->created_ms,
                                     attestation->expires_ms, attestation->conditions, attestation->duty};
    return error;
}

nrs_error nrs_export_verify(nrs_export_view *view_out, nrs_slice bytes)
{
    nrs_export_view view = {0};
    nrs_error error = nrs_export_decode(&view.value, bytes);

    NRS_ASSERT(view_out != NULL);
    if (error == NRS_OK) {
        error = view.value->attestation.len > 0 ? check_attestation(&view) : check_proof(&view);
    }
    if (error != NRS_OK) {
        nrs_export_view_wipe(&view);
        return error;
    }
    *view_out = view;
    return NRS_OK;
}
