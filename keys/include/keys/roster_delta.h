/* Large rosters on the wire: what changed against a version that the receiver holds, or the whole in pieces (SPEC 7.4).
 * What comes out are the statement's very bytes, so that its hash and signatures hold. */
#ifndef KEYS_ROSTER_DELTA_H
#define KEYS_ROSTER_DELTA_H

#include "keys/roster.h"

/** The pieces of one roster: RosterDelta bytes. Zeroed is empty. */
typedef struct nrs_roster_pieces {
    nrs_bytes list[NRS_ROSTER_PIECE_COUNT_MAX];
    size_t count;
} nrs_roster_pieces;
void nrs_roster_pieces_wipe(nrs_roster_pieces *pieces);

/** Describe a signed roster against `base`, or as a whole when that is empty.
 *  Out: pieces_out, nrs_roster_pieces_wipe. In: many, roster: the signed roster, decoded; base_statement: with its version. */
NRS_MUST_USE nrs_error nrs_roster_delta_make(nrs_roster_pieces *pieces_out, const nrs_signed_by_many *many, const nrs_roster *roster,
                                             nrs_slice base_statement, uint64_t base_version);
/** Put a roster together. Nothing is verified but that the result has the hash that the head names.
 *  Returns NRS_ERROR_FORGED (another hash, or another base than the one named), MALFORMED (pieces that do not belong
 *  together, an edit outside the base), TOO_LARGE. Out: many_out: SignedByMany bytes, replaced. */
NRS_MUST_USE nrs_error nrs_roster_delta_apply(nrs_bytes *many_out, const nrs_roster_delta *const *pieces, size_t piece_count,
                                              nrs_slice base_statement);

#endif
