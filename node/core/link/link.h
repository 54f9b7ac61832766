/* Links, and the parts of the log that they go through, as the rest of the engine sees them. */
#ifndef CORE_LINK_H
#define CORE_LINK_H

#include "internal.h"

/* ---- link.c, link_pump.c ---- */
/** Whether somebody answers where we dial, and does not let us in. */
bool nrs_peer_refuses(const nrs_peer *peer);
NRS_MUST_USE nrs_error nrs_link_event(nrs_core *core, const nrs_event *event);
NRS_MUST_USE nrs_error nrs_link_tick(nrs_core *core);
/** Put the step's confirmations out; before the commit (they leave after it). */
NRS_MUST_USE nrs_error nrs_link_confirm_all(nrs_core *core);
/** Fill the links' windows from the log; after the commit. */
NRS_MUST_USE nrs_error nrs_link_pump_all(nrs_core *core);
void nrs_link_pump_wipe(nrs_core *core);
/** End a link: state forgotten, CLOSE effect. bye: the reason told to the peer first, or NRS_OK for none. */
void nrs_link_close(nrs_core *core, nrs_link *link, nrs_error bye);
/** Whether the peer shares a community with this node, by both memberships now. */
bool nrs_link_admitted(const nrs_core *core, const nrs_peer *peer);
/** Whether it is greeted: admitted, or to be told of a fork that leaves one of the two outside (SPEC 7.12). */
bool nrs_link_greeted(const nrs_core *core, const nrs_peer *peer);
/** Whether a hub passes over, on a link for the sake of another community, what is for the key before: its own knows the next one not yet
 *  (SPEC 7.10). Then its log is heard again from where that began. */
bool nrs_link_away(const nrs_core *core, const nrs_link *link);
/** Whether this node stands in a forked community and the peer outside. */
bool nrs_link_leaves_out(const nrs_core *core, const nrs_peer *peer);
void nrs_link_wipe_all(nrs_core *core);

/* ---- refused_there.c ---- */
/** A peer has refused the record of our log at this position. Where it is a hub of the record's community, and refused it as no member's, `status` warns of
 *  it until another roster of that community is here. Errors of the store alone. */
NRS_MUST_USE nrs_error nrs_refused_there(nrs_core *core, const nrs_peer *from, uint64_t position, nrs_error cause);
/** What `status` warns of. */
NRS_MUST_USE nrs_error nrs_refused_there_warn(nrs_core *core, json_t *warnings, const nrs_community *community);

/* ---- older.c: a store that was put back ---- */
/** A peer holds more of this node's log than there is: an alarm in the audit log, new prekeys for the node, and a warning; once a run,
 *  since anybody can say so. Only fatal errors. */
NRS_MUST_USE nrs_error nrs_older_found(nrs_core *core, const nrs_peer *peer);
/** What is logged from now on stands in a new part of the log, and in new streams; all links end, since they know the old one. */
NRS_MUST_USE nrs_error nrs_log_part_begin(nrs_core *core);
/** A part holds other bytes than some have seen: nobody goes on from what it holds of it. All links end but `keep`, which the caller
 *  ends. */
NRS_MUST_USE nrs_error nrs_log_part_disown(nrs_core *core, const uint8_t *incarnation, const nrs_link *keep);
/** What `status` warns of. */
NRS_MUST_USE nrs_error nrs_older_warn(nrs_core *core, json_t *warnings);

#endif
