/* Rosters: a community's member list and rules, signed by k of n roster keys, hash-chained (SPEC 7.4). */
#ifndef KEYS_ROSTER_H
#define KEYS_ROSTER_H

#include "keys/card.h"

/** Hash of a roster statement; that of the first is the community's id. */
void nrs_roster_hash(uint8_t hash_out[NRS_HASH_SIZE], nrs_slice statement);
/** The community a roster speaks for: its own hash when version 1, else its community field. */
void nrs_roster_community(uint8_t community_out[NRS_HASH_SIZE], const nrs_roster *roster, nrs_slice statement);

/** One roster key's signature added to a statement. Out: many_out = SignedByMany bytes, replaced. In: many: earlier
 *  SignedByMany of the same statement, or empty. */
NRS_MUST_USE nrs_error nrs_roster_sign(nrs_bytes *many_out, nrs_slice statement, nrs_slice many, const nrs_identity *roster_key);

/** Verify a roster: decoding, each member's proof, at least `threshold` good signatures by distinct keys of `trusted`
 *  (the keys of the version before; NULL for a first version: its own). When keys or threshold change against `trusted`,
 *  the new threshold must hold as well. Chain rules (version +1, previous hash, same community) are checked when
 *  `trusted` and `trusted_statement` are given. Member proofs already checked in `trusted` are not checked again.
 *  Returns NRS_ERROR_FORGED, ROSTER_OLD (version not above), MALFORMED (a gap or a broken chain) …
 *  Out: roster_out, nrs_roster_free; statement_out: borrowed from many_bytes' decoded copy is not possible, so it is a
 *  fresh copy the caller wipes. */
NRS_MUST_USE nrs_error nrs_roster_verify(nrs_roster **roster_out, nrs_bytes *statement_out, nrs_slice many_bytes,
                                         const nrs_roster *trusted, nrs_slice trusted_statement);
/** Verify a roster against the keys of its community's first version without the versions between (an invite, SPEC 7.5);
 *  `chain` holds the rosters in which keys changed. Same returns. */
NRS_MUST_USE nrs_error nrs_invite_verify(nrs_roster **roster_out, nrs_bytes *statement_out, uint8_t community_out[NRS_HASH_SIZE],
                                         const nrs_invite *invite);

/** What a header names a disclaimer by: hash of name, version and both texts, not of where it is required. NRS_ERROR_NO_MEMORY. */
NRS_MUST_USE nrs_error nrs_disclaimer_hash(uint8_t hash_out[NRS_HASH_SIZE], const Nrs__Wire__Disclaimer *disclaimer);
/** The newest version of a name; NULL if there is none. Borrowed. */
const Nrs__Wire__Disclaimer *nrs_roster_disclaimer(const nrs_roster *roster, const char *name);

/** Members by binary search or scan; NULL if none. Borrowed. */
const Nrs__Wire__Member *nrs_roster_member_by_org(const nrs_roster *roster, const char *org);
const Nrs__Wire__Member *nrs_roster_member_by_key(const nrs_roster *roster, const uint8_t sign_key[NRS_KEY_SIZE]);
const Nrs__Wire__Tombstone *nrs_roster_tombstone(const nrs_roster *roster, const uint8_t sign_key[NRS_KEY_SIZE]);

#endif
