/* Rosters as the node keeps and passes them on (SPEC 7.4, 10.3). */
#ifndef CORE_ROSTER_H
#define CORE_ROSTER_H

#include "internal.h"
#include "keys/roster_delta.h"
#include "link/log.h"

/* A type of rows of our own log that never leaves this node as such: a published record to be told once more. */
#define NRS_LOG_TOLD_AGAIN 201u

/** A signed roster taken apart. Zeroed is empty. */
typedef struct nrs_roster_parts {
    nrs_bytes bytes;         /* SignedByMany; what the others borrow from */
    nrs_signed_by_many *many;
    nrs_roster *roster;
} nrs_roster_parts;
void nrs_roster_parts_wipe(nrs_roster_parts *parts);
/** Decode; nothing is verified. Out: parts_out, nrs_roster_parts_wipe. */
NRS_MUST_USE nrs_error nrs_roster_parts_of(nrs_roster_parts *parts_out, nrs_slice many);

/** A version that this node holds or held: whole from the store, or put together from the one before and its deltas.
 *  NRS_ERROR_NOT_FOUND. Out: parts_out, nrs_roster_parts_wipe. */
NRS_MUST_USE nrs_error nrs_roster_at(nrs_core *core, nrs_roster_parts *parts_out, const uint8_t community[NRS_HASH_SIZE], uint64_t version);
/** The hash of a version that this node holds or held. NRS_ERROR_NOT_FOUND. */
NRS_MUST_USE nrs_error nrs_roster_hash_at(nrs_core *core, uint8_t hash_out[NRS_HASH_SIZE], const uint8_t community[NRS_HASH_SIZE],
                                          uint64_t version);
/** Keep the first roster and those in which the keys changed, as an invite brings them: from then on this node can vouch
 *  for the newest to its own command line. after: the version held, 0 for none; of what is older than that it knows better. */
NRS_MUST_USE nrs_error nrs_roster_keep_chain(nrs_core *core, const uint8_t community[NRS_HASH_SIZE], const nrs_invite *invite, uint64_t after);
/** Whether this one, as the next, may be put in force: NRS_ERROR_LIMIT where it changes the keys once more than an invite has room for. */
NRS_MUST_USE nrs_error nrs_roster_keys_fit(nrs_core *core, const nrs_community *community, const nrs_roster *next);

/** The chain of key changes, for the command line; nothing where there is none. */
NRS_MUST_USE nrs_error nrs_roster_write_chain(nrs_core *core, const uint8_t community[NRS_HASH_SIZE], const char *name);

/* roster_guest.c: rosters of communities that a joined one recognises (SPEC 7.13) */
/** Whether a community is held as a guest. Out: guest_out. */
NRS_MUST_USE nrs_error nrs_guest_load(nrs_core *core, bool *guest_out, const uint8_t community[NRS_HASH_SIZE]);
NRS_MUST_USE nrs_error nrs_guest_set(nrs_core *core, const uint8_t community[NRS_HASH_SIZE], bool guest);
/** Whether one that this node and the peer both joined recognises it. */
bool nrs_guest_recognised(const nrs_core *core, const nrs_peer *peer, const uint8_t community[NRS_HASH_SIZE]);
/** The communities, a bit each, of whose rosters this node tells a peer beyond those that both have joined: recognised by one that both joined,
 *  and this node is a member of it or a hub of the one that recognises it. */
uint64_t nrs_guest_told(const nrs_core *core, const nrs_peer *peer);
/** The first roster of a community that is not held: taken when it is recognised. NRS_ERROR_NOT_MEMBER if it is not. */
NRS_MUST_USE nrs_error nrs_guest_take(nrs_core *core, const uint8_t id[NRS_HASH_SIZE], nrs_slice many, const nrs_peer *from);

/* roster_word.c: what members say of rosters */
NRS_MUST_USE nrs_error nrs_roster_load_words(nrs_core *core);
/** The payload of a FRESHNESS record; from: NULL for this node's own. */
NRS_MUST_USE nrs_error nrs_roster_take_word(nrs_core *core, nrs_slice record, nrs_slice payload, const nrs_peer *from);
/** Whether a linked member has shown by its hello that it holds the roster held here, which it was not told of from here since the start, and none
 *  a later. Who holds an older one was away itself and says nothing. */
bool nrs_roster_compared(const nrs_core *core, const nrs_community *community);
/** Whether the peer of this link is such a member. */
bool nrs_roster_compared_by(const nrs_core *core, const nrs_community *community, const nrs_link *link);
/** When a hub, or the roster keys, last vouched for the roster held; never after now. */
uint64_t nrs_roster_fresh_ms(nrs_core *core, const nrs_community *community);
/** Whether that is three days ago, or its expiry past: by this clock and by those of most peers, so that a clock which alone is ahead
 *  does not stop a node that hears its hubs. Cut off from them their clocks run on here. */
bool nrs_roster_stale(nrs_core *core, const nrs_community *community);
bool nrs_roster_expired(nrs_core *core, const nrs_community *community);
/** Write into the log and the audit log that a person sealed under a stale or expired roster; nothing when it was neither.
 *  person: who acts, or NULL. Only fatal errors. */
NRS_MUST_USE nrs_error nrs_roster_note_override(nrs_core *core, const nrs_community *community, nrs_label label, bool given, const char *person);
/** Say now which roster is held, and that this node has joined. */
NRS_MUST_USE nrs_error nrs_roster_say(nrs_core *core, const nrs_community *community);
/** Say what is due, and warn of expiry. Only fatal errors. */
NRS_MUST_USE nrs_error nrs_roster_tick(nrs_core *core);

/* roster_awaited.c: rosters that have not come, and what waits for them */
NRS_MUST_USE nrs_error nrs_awaited_rows(nrs_core *core, json_t *rows);
/** Those that have been awaited for long, and what to do. */
NRS_MUST_USE nrs_error nrs_awaited_warn(nrs_core *core, json_t *warnings);

/* roster_fork.c, roster_proof.c, roster_heal.c */
bool nrs_fork_is(const nrs_community *community);
void nrs_fork_wipe(nrs_community *community);
NRS_MUST_USE nrs_error nrs_fork_load(nrs_core *core);
/** Whether all sides agree that this member is one, and a hub. */
void nrs_fork_agreed(const nrs_community *community, const Nrs__Wire__Member *member, bool *member_out, bool *hub_out);
/** Another roster of a version that this node holds: verified, kept, told to everyone; and the community is frozen, unless keys dropped
 *  since have signed it alone. NRS_OK also when it is known. */
NRS_MUST_USE nrs_error nrs_fork_take(nrs_core *core, nrs_community *community, nrs_slice many);
/** The payload of a FORK record. */
NRS_MUST_USE nrs_error nrs_fork_take_proof(nrs_core *core, nrs_slice payload, const nrs_peer *from);
/** ForkProof bytes of a version of which there are two. Out: replaced. */
NRS_MUST_USE nrs_error nrs_fork_prove(nrs_core *core, nrs_bytes *proof_out, const nrs_community *community, uint64_t version);
/** Count anew what is known of rosters that dropped keys have signed. */
NRS_MUST_USE nrs_error nrs_fork_count_past(nrs_core *core, nrs_community *community);
/** Who joins by an invite begins with its roster like whoever never heard of a fork: what it knew of one as a guest is over. In: version: of
 *  that roster, a later one than is held. */
NRS_MUST_USE nrs_error nrs_fork_leave_behind(nrs_core *core, nrs_community *community, uint64_t version);
/** Tell who is left outside by a fork of it, over a link that is up: proofs, and each side as what it changes. Only fatal errors. */
NRS_MUST_USE nrs_error nrs_fork_tell_link(nrs_core *core, nrs_link *link);
/** Whether a later roster is in force only after a person has compared its fingerprint. */
bool nrs_fork_needs_person(const nrs_community *community, const nrs_roster *roster);
/** Whether it names every side that is known. */
bool nrs_fork_healed_by(const nrs_community *community, const nrs_roster *roster);
/** Whether a verified roster that follows another side than the one held keeps what stood before the fork (SPEC 7.4): NRS_ERROR_FORGED when it
 *  does not. One that follows what is held was judged by that. */
NRS_MUST_USE nrs_error nrs_fork_keeps(nrs_core *core, const nrs_community *community, const nrs_roster *roster);
/** How an invite stands to what is held. */
typedef struct nrs_invite_place {
    uint64_t after; /* what it brings is later than this; the versions held that are so as well were of a side that is abandoned */
    bool apart;     /* it follows another side of a fork than the one held */
} nrs_invite_place;
/** An invite at a node that holds its community (SPEC 7.5): it follows what is held, or its newest roster, which is verified by itself and a later
 *  one than is held, ends the fork that this node stands on a side of. Returns NRS_ERROR_FORGED, FORKED, ROSTER_OLD. */
NRS_MUST_USE nrs_error nrs_fork_invite(nrs_core *core, nrs_invite_place *place_out, const nrs_community *community, const nrs_invite *invite,
                                       const nrs_roster *roster);
/** Keep a healing roster until a person has looked at it. Returns NRS_ERROR_FORKED when it does not heal. */
NRS_MUST_USE nrs_error nrs_fork_hold(nrs_core *core, nrs_community *community, nrs_slice many);
/** While a community is forked, or a healing roster waits for a person, what stands on a version that this node lacks waits, and ends no link:
 *  no hello would bring that version. It is told again when the fork is over. NRS_OK for that NRS_ERROR_ROSTER_GAP; any other error as it is. */
NRS_MUST_USE nrs_error nrs_fork_wait(nrs_core *core, nrs_community *community, uint64_t version, nrs_error error);
/** By the hand of a person who decides for this node: what heals a fork is in force at once. Returns NRS_ERROR_FORKED when it does not heal. */
NRS_MUST_USE nrs_error nrs_fork_heal(nrs_core *core, nrs_community *community, nrs_slice many);
/** Put a verified healing roster in force. */
NRS_MUST_USE nrs_error nrs_fork_end(nrs_core *core, nrs_community *community, nrs_slice many);
/** The person has compared: put the one that waits in force. Returns NRS_ERROR_NOT_FOUND, FINGERPRINT, and others. */
NRS_MUST_USE nrs_error nrs_fork_accept(nrs_core *core, nrs_community *community, const char *fingerprint);

/* told_again.c: who comes into a community, and those already there */
/** What members that came into a community published, once more for all of it; and what the others published for them: a bounded part
 *  in each step. At hubs; elsewhere nothing. */
NRS_MUST_USE nrs_error nrs_roster_tell_again(nrs_core *core);
/** It has said for the first time that it has joined: what others published before is named for it once more. At hubs; elsewhere nothing. */
NRS_MUST_USE nrs_error nrs_roster_joined(nrs_core *core, const nrs_community *community, const nrs_peer *peer);
/** After loading: who stands in the rosters of the store stood there before. */
void nrs_roster_nobody_came(nrs_core *core);
/** What goes to a peer of a row of type NRS_LOG_TOLD_AGAIN. */
NRS_MUST_USE nrs_error nrs_told_again_route(nrs_core *core, nrs_relay_item *item, const nrs_log_entry *entry, const nrs_link *link);

/** Tell a linked peer of the rosters of which its hello named an older version. After the commit. */
NRS_MUST_USE nrs_error nrs_roster_push_all(nrs_core *core);
/** The payload of a ROSTER_DELTA record. `link`: the peer's, where the pieces of a whole roster are gathered; NULL for a record
 *  that was kept. */
NRS_MUST_USE nrs_error nrs_receive_roster_delta(nrs_core *core, nrs_slice record, nrs_slice payload, nrs_peer *from);
/** The peer has handed over this version, so it need not be told of it. */
void nrs_roster_note_held(nrs_peer *peer, const uint8_t community[NRS_HASH_SIZE], uint64_t version, const uint8_t hash[NRS_HASH_SIZE]);
void nrs_roster_gathering_wipe(struct nrs_roster_gathering **gathering);

#endif
