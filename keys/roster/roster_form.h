/* The checks on one roster that need no other roster and no signature (SPEC 7.4). */
#ifndef KEYS_ROSTER_FORM_H
#define KEYS_ROSTER_FORM_H

#include "keys/roster.h"

/** Roster keys ascending, each once; threshold within them; members ascending by id, no signing or CURVE key twice;
 *  tombstones each key once and of no member; the first version names no community and none before it, a later one both.
 *  Returns MALFORMED, NOT_CANONICAL (an order), NO_MEMORY. */
NRS_MUST_USE nrs_error nrs_roster_form_check(const nrs_roster *roster);
/** Disclaimers ascend by name and version, and of a name only the newest version is required anywhere (two at once:
 *  MALFORMED). rules may be NULL. */
NRS_MUST_USE nrs_error nrs_roster_rules_check(const Nrs__Wire__Rules *rules);
/** Each member's own proof, and `joined` where it was given. Members that stand in `trusted` (or NULL) with the same keys
 *  and proofs are not checked again. Returns FORGED. */
NRS_MUST_USE nrs_error nrs_roster_proofs_check(const nrs_roster *roster, const nrs_roster *trusted,
                                               const uint8_t community[NRS_HASH_SIZE]);

#endif
