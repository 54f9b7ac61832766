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

/* What may differ, and its word for programs. */
#define NRS_ROSTER_CHANGES(X)                                                                                          \
    X(MEMBER_IN, "member-in")                                                                                          \
    X(MEMBER_OUT, "member-out")           /* tombstone says why; NULL when there is none */                            \
    X(MEMBER_ROLE, "member-role")                                                                                      \
    X(MEMBER_NAME, "member-name")                                                                                      \
    X(MEMBER_KEYS, "member-keys")         /* one of its three keys, or all */                                          \
    X(MEMBER_PROOF, "member-proof")       /* of the same keys */                                                       \
    X(MEMBER_JOINED, "member-joined")     /* came, went, or is another */                                              \
    X(MEMBER_DUTIES, "member-duties")                                                                                  \
    X(TOMBSTONE_IN, "tombstone-in")       /* but for one that a member-out says all of */                              \
    X(TOMBSTONE_OUT, "tombstone-out")                                                                                  \
    X(TOMBSTONE, "tombstone")             /* of the same key, changed */                                               \
    X(KEY_IN, "key-in")                                                                                                \
    X(KEY_OUT, "key-out")                                                                                              \
    X(THRESHOLD, "threshold")                                                                                          \
    X(RULES, "rules")                     /* labels, flags, withdrawn reports */                                       \
    X(DISCLAIMER_IN, "disclaimer-in")                                                                                  \
    X(DISCLAIMER_OUT, "disclaimer-out")                                                                                \
    X(DUTY_RULE_IN, "duty-rule-in")                                                                                    \
    X(DUTY_RULE_OUT, "duty-rule-out")                                                                                  \
    X(NAME, "name")                       /* of the community */                                                       \
    X(RECOGNISED_IN, "recognised-in")                                                                                  \
    X(RECOGNISED_OUT, "recognised-out")                                                                                \
    X(FORKS, "forks")                                                                                                  \
    X(ORDER, "order")                     /* `list` has the same entries in another order, or one twice */

typedef enum nrs_roster_change_type {
    NRS_CHANGE_NONE = 0,
#define NRS_X(name, code) NRS_CHANGE_##name,
    NRS_ROSTER_CHANGES(NRS_X)
#undef NRS_X
} nrs_roster_change_type;
const char *nrs_roster_change_code(nrs_roster_change_type type);

/** Fields that a type has no use for are NULL. */
typedef struct nrs_roster_change {
    nrs_roster_change_type type;
    const Nrs__Wire__Member *before, *after;
    const Nrs__Wire__Tombstone *tombstone_before, *tombstone;
    const Nrs__Wire__Disclaimer *disclaimer;
    const Nrs__Wire__DutyRule *duty_rule;
    const Nrs__Wire__Recognised *recognised;
    nrs_slice key;
    const char *list;
} nrs_roster_change;
typedef nrs_error (*nrs_roster_change_visitor)(void *context, const nrs_roster_change *change);
/** Visit each change from `before` (NULL: nothing was) to `after`; borrowed for the call. Version, hash before, times and expiry are not visited: they always
 *  change. Every other field is, so that of two rosters after one another that differ in any of them the visits differ. Returns NO_MEMORY, or what `visit` returns. */
NRS_MUST_USE nrs_error nrs_roster_diff(const nrs_roster *before, const nrs_roster *after, nrs_roster_change_visitor visit, void *context);

#endif
