/* Exported reports (SPEC 14): what an exported file carries, so that anybody can check, without a node and without a key, who
 * wrote what it says and under which terms. */
#ifndef KEYS_EXPORT_H
#define KEYS_EXPORT_H

#include "keys/seal.h"

/* The terms under which a report is shown. Borrowed. */
typedef struct nrs_export_terms {
    uint32_t label, urgency, flags;
    uint64_t created_ms, expires_ms;
    const Nrs__Wire__Conditions *conditions; /* or NULL */
    const char *duty;                        /* or "" */
} nrs_export_terms;

/** A proof taken apart and checked. What it borrows lives as long as it; nrs_export_view_wipe. */
typedef struct nrs_export_view {
    nrs_export *value;
    nrs_header *header;           /* NULL where it is attested */
    nrs_signed *outer;            /* of the attestation, or NULL */
    nrs_attestation *attestation; /* or NULL */
    nrs_release *release;         /* whose terms hold in the place of the header's; or NULL */
    nrs_grant *grant;             /* the holder's, on that release; or NULL */
    uint8_t release_signer[NRS_KEY_SIZE]; /* the originator, or, as only a roster can tell, who came after it */
    nrs_report *report;
    const uint8_t *signer;        /* the originator's signing key, or that of who attests */
    const char *signer_org;       /* as the file says; a roster or card has to say so as well */
    const char *community;        /* likewise; may be "" */
    const uint8_t *community_id;  /* 32; NULL where it is attested */
    uint8_t id[NRS_HASH_SIZE];    /* of the report */
    nrs_export_terms terms;
} nrs_export_view;
void nrs_export_view_wipe(nrs_export_view *view);

/** What an export is made of. Borrowed for the call. */
typedef struct nrs_export_request {
    const nrs_sealed_view *sealed;
    const nrs_opened *opened;
    const char *org;              /* the originator's id; of an attestation: this organisation's */
    const char *community;        /* id, or "" */
    Nrs__Wire__Disclaimer *const *disclaimers; /* in the order of the header's hashes */
    size_t disclaimer_count;
    uint32_t label;               /* of an attestation: where a release says another than the header; else 0 */
    const Nrs__Wire__Conditions *conditions; /* likewise; or NULL */
    nrs_slice release, grant;     /* of a proof: the Signed Release that let this organisation have it, and the Signed Grant on it; or neither */
} nrs_export_request;
/** With the originator's own signature, over the report and over the release that lets it be had. Out: export_out = Export bytes, replaced. */
NRS_MUST_USE nrs_error nrs_export_make(nrs_bytes *export_out, const nrs_export_request *request);
/** Where the source may not be named: this organisation's word for what it shows. hides: which fields of the form are left out. */
NRS_MUST_USE nrs_error nrs_export_attest(nrs_bytes *export_out, const nrs_export_request *request, const nrs_identity *identity,
                                         bool (*hides)(const char *field), uint64_t now_ms);

/** Decode and check all that needs no roster: signature, content, disclaimers, and the way from a release to its holder's grant. Returns
 *  NRS_ERROR_FORGED, MALFORMED, RELEASE, EXPIRED … */
NRS_MUST_USE nrs_error nrs_export_verify(nrs_export_view *view_out, nrs_slice bytes);

#endif
