/* What roster_fork.c, roster_proof.c and roster_heal.c share (SPEC 7.12). */
#ifndef CORE_FORK_H
#define CORE_FORK_H

#include "roster/roster.h"

/** The signed head of a roster. Out: head_out: replaced. */
NRS_MUST_USE nrs_error nrs_fork_head_of(nrs_bytes *head_out, const nrs_community *community, const nrs_roster_parts *parts);
/** Whether another roster of a version puts in question who is a member: it is as new as the one held, or the threshold of the keys held now has
 *  signed it. Any other is older than a roster that keys which came after it have signed: they have chosen. */
bool nrs_fork_binds(const nrs_community *community, const nrs_roster_head *head);
/** Keep a row. parts: NULL for what only its head is known of. */
NRS_MUST_USE nrs_error nrs_fork_store(nrs_core *core, const nrs_community *community, nrs_slice head, const nrs_roster_parts *parts, nrs_fork_state state);
/** Whether there is room for one more, and the row of our own side; NRS_ERROR_LIMIT. binds: as a side, else as one of the past. */
NRS_MUST_USE nrs_error nrs_fork_begin(nrs_core *core, const nrs_community *community, const nrs_roster_parts *ours, bool binds);
/** The side with this hash; NULL if it is none. */
nrs_branch *nrs_fork_branch(nrs_community *community, const uint8_t hash[NRS_HASH_SIZE]);
/** A side, in memory. Takes *roster over; NULL where only its head is known. */
void nrs_fork_keep(nrs_community *community, const uint8_t hash[NRS_HASH_SIZE], uint64_t version, nrs_roster **roster);
NRS_MUST_USE nrs_error nrs_fork_load_base(nrs_core *core, nrs_community *community);
/** Whether nothing new is told by this head: a side, one of the past, over, or of a version that this node has joined behind. whole: its roster is there as well. binds: what its signatures make
 *  of it now; one of the past may have come with fewer. */
NRS_MUST_USE nrs_error nrs_fork_known(nrs_core *core, bool *known_out, nrs_community *community, const nrs_roster_head *head, bool whole, bool binds);
/** Up to which version its forks were left behind, from the store. */
NRS_MUST_USE nrs_error nrs_fork_load_settled(nrs_core *core, nrs_community *community);
/** The roster kept of a side, or of one of the past; empty when there is none. Out: many_out: replaced. */
NRS_MUST_USE nrs_error nrs_fork_many(nrs_core *core, nrs_bytes *many_out, const nrs_community *community, const uint8_t hash[NRS_HASH_SIZE]);
/** Log, audit. */
NRS_MUST_USE nrs_error nrs_fork_alarm(nrs_core *core, const nrs_community *community, uint64_t version, const uint8_t hash[NRS_HASH_SIZE], bool binds);
/** The proof of a version into the log, for all members, and into the file that the command line reads. */
NRS_MUST_USE nrs_error nrs_fork_tell(nrs_core *core, const nrs_community *community, uint64_t version);
/** A record of evidence into the log, once. */
NRS_MUST_USE nrs_error nrs_fork_log(nrs_core *core, const nrs_community *community, nrs_record_type type, nrs_slice payload);

#endif
