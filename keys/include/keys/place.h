/* Streams, places and equivocation (SPEC 6.8): an originator counts its reports to the same recipients. Stream and number
 * stand in the sealed body; the header commits to them with a place, which tells nobody anything who does not know the
 * stream, but is the same for whatever is sent under the same number. */
#ifndef KEYS_PLACE_H
#define KEYS_PLACE_H

#include "keys/seal.h"

/** All 32 bytes, borrowed for the call. */
typedef struct nrs_place_terms {
    const uint8_t *originator; /* signing key */
    const uint8_t *community;
    const uint8_t *stream;
    uint64_t sequence;
} nrs_place_terms;
void nrs_place(uint8_t place_out[NRS_HASH_SIZE], const nrs_place_terms *terms);

/** Two reports of one originator under one place, taken apart. What it borrows lives as long as it. */
typedef struct nrs_equivocation_view {
    nrs_equivocation *value;
    nrs_header *headers[2];
    uint8_t ids[2][NRS_HASH_SIZE]; /* ascending */
} nrs_equivocation_view;
void nrs_equivocation_view_wipe(nrs_equivocation_view *view);
/** Make the proof of two verified reports. Out: record_out = an EQUIVOCATION record, replaced. Returns NRS_ERROR_FORGED when they
 *  prove nothing. */
NRS_MUST_USE nrs_error nrs_equivocation_make(nrs_bytes *record_out, const nrs_sealed_view *one, const nrs_sealed_view *other);
/** Everything of nrs_equivocation_verify but the signatures, for a record of our own store. */
NRS_MUST_USE nrs_error nrs_equivocation_parse(nrs_equivocation_view *view_out, nrs_slice payload);
/** Verify the payload of an EQUIVOCATION record: anyone can, with nothing but the originator's signing key, which stands in it.
 *  Returns NRS_ERROR_FORGED; NRS_ERROR_NOT_CANONICAL when the two stand in the other order. Out: nrs_equivocation_view_wipe. */
NRS_MUST_USE nrs_error nrs_equivocation_verify(nrs_equivocation_view *view_out, nrs_slice payload);

#endif
