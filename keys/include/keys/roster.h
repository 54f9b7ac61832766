/* Rosters: a community's member list and rules, signed by k of n roster keys, hash-chained (SPEC 7.4). */
#ifndef KEYS_ROSTER_H
#define KEYS_ROSTER_H

#include "keys/card.h"

/** Hash of a roster statement; that of the first is the community's id. */
void nrs_roster_hash(uint8_t hash_out[NRS_HASH_SIZE], nrs_slice statement);
/** Which version a SignedByMany is of; nothing is verified. Returns NRS_ERROR_MALFORMED …, NO_MEMORY. */
NRS_MUST_USE nrs_error nrs_roster_version_of(uint64_t *version_out, nrs_slice many);
/** The community a roster speaks for: its own hash when version 1, else its community field. */
void nrs_roster_community(uint8_t community_out[NRS_HASH_SIZE], const nrs_roster *roster, nrs_slice statement);

/** What roster keys sign: community ‖ u64 version ‖ hash of the statement. So a roster's signatures hold without it. */
#define NRS_ROSTER_HEAD_SIZE (2u * NRS_HASH_SIZE + 8u)
void nrs_roster_head_bytes(uint8_t head_out[NRS_ROSTER_HEAD_SIZE], const uint8_t community[NRS_HASH_SIZE], uint64_t version,
                           const uint8_t hash[NRS_HASH_SIZE]);
/** The same of a decoded roster and its statement. */
void nrs_roster_head_bytes_of(uint8_t head_out[NRS_ROSTER_HEAD_SIZE], const nrs_roster *roster, nrs_slice statement);
/** A head with signatures, without its statement: each must be good by the key that it names, whoever's that is, and the
 *  threshold of `trusted` must be met. Returns NRS_ERROR_FORGED. */
NRS_MUST_USE nrs_error nrs_roster_head_verify(const nrs_roster_head *head, const nrs_roster *trusted);

/** One roster key's signature added to a statement. Out: many_out = SignedByMany bytes, replaced. In: many: earlier
 *  SignedByMany of the same statement, or empty. */
NRS_MUST_USE nrs_error nrs_roster_sign(nrs_bytes *many_out, nrs_slice statement, nrs_slice many, const nrs_identity *roster_key);

/** How far the signatures of a statement reach, before they are enough: good ones by keys of the version before and of
 *  the roster itself, against the two thresholds. trusted: NULL for a first version, whose own keys count. */
typedef struct nrs_roster_signed_by {
    size_t before_count, before_threshold; /* of the version before */
    size_t own_count, own_threshold;       /* of the roster itself */
} nrs_roster_signed_by;
/** Returns NRS_ERROR_FORGED for one that is not good or by none of these keys, NOT_CANONICAL for an order. */
NRS_MUST_USE nrs_error nrs_roster_signatures_count(nrs_roster_signed_by *count_out, Nrs__Wire__RosterSignature *const *signatures,
                                                   size_t signature_count, const nrs_roster *roster, nrs_slice statement,
                                                   const nrs_roster *trusted);
/** A roster as the next version, before it has its signatures: form, chain and members' proofs as nrs_roster_verify checks
 *  them. trusted NULL: as a first version. Out: roster_out, nrs_roster_free. */
NRS_MUST_USE nrs_error nrs_roster_verify_unsigned(nrs_roster **roster_out, nrs_slice statement, const nrs_roster *trusted,
                                                  nrs_slice trusted_statement);

/** What a later version of a roster breaks against an earlier one (SPEC 7.4), whoever has signed it. */
typedef enum nrs_roster_breach {
    NRS_BREACH_NONE = 0,
    NRS_BREACH_ID,      /* the community's id is another */
    NRS_BREACH_REVOKED, /* the tombstone of a revoked key is left out or changed */
    NRS_BREACH_LEFT     /* so is one of who left, by the very next version, before it has served and without its key being a member again */
} nrs_roster_breach;
/** The first breach. Out: which_out: the tombstone, borrowed from `before`; untouched when it is about none. May be NULL. */
nrs_roster_breach nrs_roster_breach_of(const Nrs__Wire__Tombstone **which_out, const nrs_roster *before, const nrs_roster *next);

/** Verify a roster: decoding, each member's proof, at least `threshold` good signatures by distinct keys of `trusted`
 *  (the keys of the version before; NULL for a first version: its own). When keys or threshold change against `trusted`,
 *  the new threshold must hold as well. Chain rules (version +1, previous hash, same community, no nrs_roster_breach) are checked when
 *  `trusted` and `trusted_statement` are given; without the statement only that the version is later. Member proofs already checked in `trusted` are not checked again.
 *  Returns NRS_ERROR_FORGED, ROSTER_OLD (version not above), MALFORMED (a gap or a broken chain) …
 *  Out: roster_out, nrs_roster_free; statement_out: borrowed from many_bytes' decoded copy is not possible, so it is a
 *  fresh copy the caller wipes. */
NRS_MUST_USE nrs_error nrs_roster_verify(nrs_roster **roster_out, nrs_bytes *statement_out, nrs_slice many_bytes,
                                         const nrs_roster *trusted, nrs_slice trusted_statement);
/** The same of a later version, where those between may be missing: no hash is followed, but `trusted` must have the same community and no
 *  breach of it (SPEC 7.4). Same returns; of a later version than the next, FORGED may be what a version between explains. */
NRS_MUST_USE nrs_error nrs_roster_verify_later(nrs_roster **roster_out, nrs_bytes *statement_out, nrs_slice many_bytes, const nrs_roster *trusted,
                                               nrs_slice trusted_statement);
/** Verify a roster against the keys of its community's first version without the versions between (an invite, SPEC 7.5);
 *  `chain` holds the rosters in which keys changed. Same returns. */
NRS_MUST_USE nrs_error nrs_invite_verify(nrs_roster **roster_out, nrs_bytes *statement_out, uint8_t community_out[NRS_HASH_SIZE],
                                         const nrs_invite *invite);
/** The same invite at a node that holds a roster of the community already (SPEC 7.5): what it brings beyond that must be signed as 7.4 says
 *  against what is held, one roster after the other, and follow its hash where no version is missing between. What nrs_invite_verify checks is not
 *  checked again. Returns NRS_ERROR_ROSTER_OLD when it brings nothing later, FORGED, FORKED. */
NRS_MUST_USE nrs_error nrs_invite_verify_after(const nrs_invite *invite, const nrs_roster *held, nrs_slice held_statement);
/** What an invite that nrs_invite_verify_after refused breaks against what is held (SPEC 7.4), for a message to a person. Out: org_out: whose
 *  tombstone it is; empty when it is none. */
nrs_roster_breach nrs_invite_breach(char org_out[NRS_NAME_SIZE_MAX + 1], const nrs_invite *invite, const nrs_roster *held);

/** Where nrs_invite_verify_after answers FORGED or FORKED: whether the invite's newest roster names the one held as a side of a fork, and the keys
 *  of that side have signed what comes of it (SPEC 7.5). What the side says of tombstones binds nobody; what stood before the fork is for the
 *  caller to ask of. before: the version before the fork where it is held, else NULL: where the keys have not changed since, on this side, they
 *  may have signed a version that this side lacks, and the invite is verified from there. Between the two must lie no version with other keys.
 *  Returns NRS_ERROR_FORKED where it does not name what is held, or goes on from it; FORGED.  Out: from_before_out: only so is it good. */
NRS_MUST_USE nrs_error nrs_invite_verify_healing(bool *from_before_out, const nrs_invite *invite, const nrs_roster *held, nrs_slice held_statement,
                                                 const nrs_roster *before, nrs_slice before_statement);
/** Whether this is one of the rosters that it ends a fork of. */
bool nrs_roster_names_fork(const nrs_roster *roster, const uint8_t hash[NRS_HASH_SIZE]);

/** What a header names a disclaimer by: hash of name, version and both texts, not of where it is required. NRS_ERROR_NO_MEMORY. */
NRS_MUST_USE nrs_error nrs_disclaimer_hash(uint8_t hash_out[NRS_HASH_SIZE], const Nrs__Wire__Disclaimer *disclaimer);
/** The newest version of a name; NULL if there is none. Borrowed. */
const Nrs__Wire__Disclaimer *nrs_roster_disclaimer(const nrs_roster *roster, const char *name);

/** Members by binary search or scan; NULL if none. Borrowed. */
const Nrs__Wire__Member *nrs_roster_member_by_org(const nrs_roster *roster, const char *org);
const Nrs__Wire__Member *nrs_roster_member_by_key(const nrs_roster *roster, const uint8_t sign_key[NRS_KEY_SIZE]);
/** Whether it recognises another community, by its hash. */
bool nrs_roster_recognises(const nrs_roster *roster, const uint8_t community[NRS_HASH_SIZE]);
const Nrs__Wire__Tombstone *nrs_roster_tombstone(const nrs_roster *roster, const uint8_t sign_key[NRS_KEY_SIZE]);
/** Its place, looked for from `from` on and round: their order stays as a rule from version to version, so that who goes through those of
 *  one finds those of the other at once. Returns n_tombstones if there is none. */
size_t nrs_roster_tombstone_from(const nrs_roster *roster, size_t from, const uint8_t sign_key[NRS_KEY_SIZE]);
/** The tombstone that a next version may leave out to make room (SPEC 7.4): the oldest of cause `left` that has served its time. Returns
 *  its index, or n_tombstones if there is none: a revoked key's stays for good. In: now_ms: Unix time, milliseconds. */
size_t nrs_roster_tombstone_served(const nrs_roster *roster, uint64_t now_ms);
/** Whether it is of cause `left` and has served its time. In: now_ms: Unix time, milliseconds; of the roster that leaves it out, its created time. */
bool nrs_tombstone_has_served(const Nrs__Wire__Tombstone *tombstone, uint64_t now_ms);

#endif
