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
NRS_MUST_USE nrs_error nrs_link_start(nrs_core *core, nrs_link *link, const nrs_hello *hello);

/** One frame of the peer. `link` may be gone after it: a rule that the peer broke ends the link. Only fatal errors are returned. */
NRS_MUST_USE nrs_error nrs_link_take_frame(nrs_core *core, nrs_link *link, nrs_slice bytes);
void nrs_link_confirm_clear(nrs_link *link);

#endif
