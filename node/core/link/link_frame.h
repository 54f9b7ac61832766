/* What the files of the link share: link.c (who is linked), link_take.c (frames in), link_frame.c (frames out), link_pump.c
 * (the filling of windows). */
#ifndef CORE_LINK_FRAME_H
#define CORE_LINK_FRAME_H

#include "internal.h"

NRS_MUST_USE nrs_error nrs_link_send_hello(nrs_core *core, nrs_link *link, bool answer);
NRS_MUST_USE nrs_error nrs_link_send_confirm(nrs_core *core, nrs_link *link);
/** Ping or pong. */
NRS_MUST_USE nrs_error nrs_link_send_empty(nrs_core *core, nrs_link *link, nrs_frame_type type);
/** A courtesy before a close: that it could not be made ready is no error. */
void nrs_link_send_bye(nrs_core *core, nrs_link_id id, nrs_error cause);
NRS_MUST_USE nrs_error nrs_link_send_payload(nrs_core *core, nrs_link *link, nrs_frame_type type, nrs_slice payload);
/** How far this node holds the peer's log: from behind there it goes on. Where something found no room before, and there is
 *  room now, that lies before what was confirmed. Out: incarnation_out: zeros when nothing is held; again_out: the lowest
 *  position without room, 0 for none. In-out: link: says the same from then on. */
NRS_MUST_USE nrs_error nrs_link_held(nrs_core *core, uint8_t incarnation_out[NRS_LOG_ID_SIZE], uint64_t *position_out, uint64_t *again_out,
                                     nrs_link *link);
NRS_MUST_USE nrs_error nrs_link_start(nrs_core *core, nrs_link *link, const nrs_hello *hello);

/** One frame of the peer. `link` may be gone after it: a rule that the peer broke ends the link. Only fatal errors are returned. */
NRS_MUST_USE nrs_error nrs_link_take_frame(nrs_core *core, nrs_link *link, nrs_slice bytes);
void nrs_link_confirm_clear(nrs_link *link);


/* link_budget.c: what links may cost (SPEC 10.3) */
#define NRS_LINK_WORK_MAX (16u * 1024u * 1024u) /* bytes read from the log and sent, for all links in one step */
#define NRS_LINK_WORK_ONE_MAX (4u * 1024u * 1024u) /* for one of them */
/** The bytes that may be unconfirmed on this link now: the peer's window, or its share of what all links may hold. */
uint64_t nrs_link_room(const nrs_core *core, const nrs_link *link);
/** Whether a peer may have sent again what it had before. */
bool nrs_link_may_repeat(const nrs_core *core, nrs_peer *peer);
/** Note that so much was looked through, or sent, once more. */
void nrs_link_repeated(nrs_peer *peer, size_t size);
/** Nothing flies on this link any more. */
void nrs_link_flight_clear(nrs_core *core, nrs_link *link);

#endif
