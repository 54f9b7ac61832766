/* A roster on its way to its signatures (SPEC 7.5): a file that goes from one holder of a roster key to the next, with
 * what the signer checks it against. And what exactly it changes. */
#ifndef KEYS_ROSTER_DRAFT_H
#define KEYS_ROSTER_DRAFT_H

#include "keys/roster.h"

/** A draft as it was read. Zeroed is empty; nrs_proposal_wipe. */
typedef struct nrs_proposal {
    nrs_roster_draft *draft;
    nrs_roster *before;         /* the version before, verified from the first on; NULL when this is the first */
    nrs_bytes before_statement;
    nrs_roster *next;
    uint8_t community[NRS_HASH_SIZE];
    uint8_t hash[NRS_HASH_SIZE]; /* of the statement */
    nrs_roster_signed_by signed_by;
} nrs_proposal;
void nrs_proposal_wipe(nrs_proposal *proposal);

/** Read and verify all but whether the signatures are enough: the version before from the first on, the chain, the form,
 *  the members' proofs, every signature given, the cards.
 *  Returns what decoding and nrs_roster_verify return. Out: proposal_out. */
NRS_MUST_USE nrs_error nrs_proposal_read(nrs_proposal *proposal_out, nrs_slice draft);
/** What a draft that nrs_proposal_read refused breaks against the version before (SPEC 7.4), for a message to a person. Out: org_out: whose
 *  tombstone it is; empty when it is none. */
nrs_roster_breach nrs_proposal_breach(char org_out[NRS_NAME_SIZE_MAX + 1], nrs_slice draft);
/** Whether the key may sign: a key of the version before or of this one. */
bool nrs_proposal_wants(const nrs_proposal *proposal, const uint8_t key[NRS_KEY_SIZE]);
bool nrs_proposal_complete(const nrs_proposal *proposal);
/** The draft with one more signature. Returns NRS_ERROR_NOT_MEMBER for a key that may not sign. Out: draft_out, replaced. */
NRS_MUST_USE nrs_error nrs_proposal_sign(nrs_bytes *draft_out, const nrs_proposal *proposal, const nrs_identity *roster_key);
/** The draft with the signatures of another draft of the same roster. Returns NRS_ERROR_FORGED when it is another roster.
 *  Out: draft_out, replaced. */
NRS_MUST_USE nrs_error nrs_proposal_merge(nrs_bytes *draft_out, const nrs_proposal *proposal, const nrs_proposal *other);
/** The signed roster. Returns NRS_ERROR_FORGED when the signatures are too few. Out: many_out, replaced. */
NRS_MUST_USE nrs_error nrs_proposal_finish(nrs_bytes *many_out, const nrs_proposal *proposal);

/* ---- What a roster changes ---- */

typedef enum nrs_roster_change_type {
    NRS_CHANGE_MEMBER_IN = 1,
    NRS_CHANGE_MEMBER_OUT,      /* tombstone says why; NULL when there is none */
    NRS_CHANGE_MEMBER_ROLE,
    NRS_CHANGE_MEMBER_NAME,
    NRS_CHANGE_MEMBER_KEYS,     /* the signing key stays, another does not; or the organisation has new keys altogether */
    NRS_CHANGE_MEMBER_JOINED,
    NRS_CHANGE_MEMBER_DUTIES,
    NRS_CHANGE_KEY_IN,
    NRS_CHANGE_KEY_OUT,
    NRS_CHANGE_THRESHOLD,
    NRS_CHANGE_RULES,
    NRS_CHANGE_NAME,            /* of the community */
    NRS_CHANGE_RECOGNISED,
    NRS_CHANGE_FORKS
} nrs_roster_change_type;

/** Fields that a type has no use for are NULL. */
typedef struct nrs_roster_change {
    nrs_roster_change_type type;
    const Nrs__Wire__Member *before, *after;
    const Nrs__Wire__Tombstone *tombstone;
    nrs_slice key;
} nrs_roster_change;
typedef nrs_error (*nrs_roster_change_visitor)(void *context, const nrs_roster_change *change);
/** Visit each change from `before` (NULL: nothing was) to `after`; borrowed for the call. Expiry, version and times are not visited: they always
 *  change. */
NRS_MUST_USE nrs_error nrs_roster_diff(const nrs_roster *before, const nrs_roster *after, nrs_roster_change_visitor visit, void *context);

#endif
