/* Envelopes: statements (receipts, releases, withdrawals, requests) signed by one organisation and encrypted to one
 * other (SPEC 8). Same two agreements as a slot, with domains of their own. */
#ifndef KEYS_ENVELOPE_H
#define KEYS_ENVELOPE_H

#include "keys/seal.h"

typedef struct nrs_envelope_request {
    const nrs_slice *statements;  /* Statement bytes; 1 … NRS_STATEMENT_COUNT_MAX */
    size_t statement_count;
    nrs_slice community;
    const nrs_recipient *to;      /* an organisation with a prekey */
    uint64_t now_ms, expires_ms;
} nrs_envelope_request;
/** Out: record_out = an ENVELOPE record, padded to 256 bytes, 1, 4, 16 or 64 KiB of letter. Replaced. */
NRS_MUST_USE nrs_error nrs_envelope_seal(nrs_bytes *record_out, nrs_identity *from, const nrs_envelope_request *request);
/** Check decoding and signature, as a relay does. Out: nrs_envelope_free. */
NRS_MUST_USE nrs_error nrs_envelope_verify(nrs_envelope **envelope_out, nrs_slice payload);
/** Open a verified one. Out: letter_out, nrs_letter_free. */
NRS_MUST_USE nrs_error nrs_envelope_open(nrs_letter **letter_out, const nrs_envelope *envelope, nrs_identity *self,
                                         const nrs_prekey_secret *prekey, const nrs_public_keys *from_keys);

#endif
