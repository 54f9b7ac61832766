/* Keys that ended: revoked, or succeeded by others (SPEC 7.7, 7.10). */
#ifndef CORE_KEY_CHANGE_H
#define CORE_KEY_CHANGE_H

#include "internal.h"

NRS_MUST_USE nrs_error nrs_key_changes_load(nrs_core *core);
void nrs_key_changes_wipe(nrs_core *core);
/** How this key ended; NULL if it did not, as far as is known. */
const nrs_key_end *nrs_key_end_of(const nrs_core *core, const uint8_t sign_key[NRS_KEY_SIZE]);
bool nrs_key_revoked(const nrs_core *core, const uint8_t sign_key[NRS_KEY_SIZE]);
/** Whether a roster says of a key that came after this one that it is revoked: the two lie beside each other (SPEC 7.10). */
bool nrs_key_removed_since(const nrs_core *core, const nrs_roster *roster, const uint8_t sign_key[NRS_KEY_SIZE]);
/** A statement of this cause into a file for who keeps a roster or changes keys, by the hash of the key that ends: names are a community's
 *  own. */
NRS_MUST_USE nrs_error nrs_key_change_write(nrs_core *core, const uint8_t sign_key[NRS_KEY_SIZE], uint32_t cause, nrs_slice payload);
/** Take a statement about a key that stands in a roster held, or, a revocation, that one has announced which does. A revocation binds at once and for good; a succession waits for
 *  the roster. source: the peer's signing key, or empty for this node's own hand. */
NRS_MUST_USE nrs_error nrs_key_change_take(nrs_core *core, nrs_slice record, nrs_slice payload, nrs_slice source);
/** The key that comes after this one, when a roster has followed, of whatever community; NULL if there is none. */
const nrs_peer *nrs_key_successor(const nrs_core *core, const uint8_t sign_key[NRS_KEY_SIZE]);
/** Who has this key now in a community: the one that came after where its roster has followed, which others may have done before
 *  it, or else the key itself; NULL when neither is known. community: or NULL, of one that is not held. */
const nrs_peer *nrs_peer_in_force(const nrs_core *core, const uint8_t sign_key[NRS_KEY_SIZE], const nrs_community *community);
/** Whether this node is a hub of a community that it has joined, by its keys in force or by those that it is about to go over to: what it does of itself
 *  meanwhile is a hub's. */
bool nrs_key_hub_here(const nrs_core *core, const nrs_community *community);
/** Whether a key may let others in as a hub's of a community: it is one now, or the one that came after it is and it was in force when it did so. */
NRS_MUST_USE nrs_error nrs_key_hub_then(nrs_core *core, bool *hub_out, const uint8_t sign_key[NRS_KEY_SIZE], const nrs_community *community, uint64_t at_ms);
/** Whether both keys are one organisation's: the same, or the second came after the first. */
bool nrs_key_follows(const nrs_core *core, const uint8_t before[NRS_KEY_SIZE], const uint8_t after[NRS_KEY_SIZE]);
/** The same over any number of changes, whichever of them came first. */
bool nrs_key_same_org(const nrs_core *core, const uint8_t a[NRS_KEY_SIZE], const uint8_t b[NRS_KEY_SIZE]);
/** The key before this one; NULL if there is none. */
const nrs_key_end *nrs_key_before(const nrs_core *core, const uint8_t sign_key[NRS_KEY_SIZE]);
/** The hash of that one. Returns false, and leaves hash_out, where there is none. */
bool nrs_key_hash_before(const nrs_core *core, uint8_t hash_out[NRS_KEY_HASH_SIZE], const uint8_t sign_key[NRS_KEY_SIZE]);
/** Whether this is our signing key, or the one before it. */
bool nrs_key_ours(const nrs_core *core, const uint8_t sign_key[NRS_KEY_SIZE]);
/** The same, or the next one, where a roster names it already: nobody is asked to write to itself. */
bool nrs_key_ours_or_next(const nrs_core *core, const uint8_t sign_key[NRS_KEY_SIZE]);
/** Our key, the one before it, or one that was ours before that: what was addressed to us then stays ours to read. */
bool nrs_key_ever_ours(const nrs_core *core, const uint8_t sign_key[NRS_KEY_SIZE]);
bool nrs_hash_ours(const nrs_core *core, const uint8_t key_hash[NRS_KEY_HASH_SIZE]);
/** Our identity with this signing key: the one in force, or the former. */
nrs_identity *nrs_identity_for(const nrs_core *core, const uint8_t sign_key[NRS_KEY_SIZE]);
/** Take the cards that came with successions which a roster has followed; tell the shell when ours is one. After rosters
 *  changed. */
NRS_MUST_USE nrs_error nrs_key_changes_settle(nrs_core *core);
/** When a key that was succeeded ended in a community: as its tombstone says, but no later than this node has first seen that, where the clock
 *  that stamped it was ahead (SPEC 7.10). */
NRS_MUST_USE nrs_error nrs_key_ended_ms(nrs_core *core, uint64_t *ms_out, const nrs_community *community, const Nrs__Wire__Tombstone *tombstone);
/** Whether a roster names this node's next keys, and it goes over to them in a moment: what comes is for those to take. */
bool nrs_key_going_over(const nrs_core *core);
/** End the grace of keys whose time is over; cheap when nothing is due. */
NRS_MUST_USE nrs_error nrs_key_changes_tick(nrs_core *core);
/** The communities, a bit each, in whose rosters a key stands as a member or tombstone; of one that is revoked, also those in which one stands that has
 *  announced it, at once or over others: key_concern.c. */
uint64_t nrs_key_change_concerns(const nrs_core *core, const uint8_t sign_key[NRS_KEY_SIZE]);
/** The same of one that is about to end by this cause (NRS_KEY_…). */
uint64_t nrs_key_change_would_concern(const nrs_core *core, const uint8_t sign_key[NRS_KEY_SIZE], uint32_t cause);
/** The community by whose roster the statement bears the organisation's name; NULL when none says so. Borrowed. */
const nrs_community *nrs_key_change_named_in(const nrs_core *core, const nrs_key_change *change);

#endif
