/* What the files of the inbox share (SPEC 7.6): inbox.c, and inbox_invite.c for invites. */
#ifndef CORE_INBOX_H
#define CORE_INBOX_H

#include "internal.h"

/** Where a file comes from: this node's own hand. */
static inline nrs_slice nrs_inbox_source(void)
{
    return nrs_slice_of(NULL, 0);
}

/** This node stands in the roster with its own keys, or with those that it has announced: the roster may have followed while it was away
 *  (SPEC 7.10). Returns NRS_OK, NRS_ERROR_NOT_MEMBER or NRS_ERROR_FORGED. */
NRS_MUST_USE nrs_error nrs_inbox_check_self(const nrs_core *core, const nrs_roster *roster);
/** A roster no later than what is held: that very one, an earlier one, or another of its version, which is refused and kept as the proof of a
 *  fork (SPEC 7.12), whoever brings it. Returns NRS_OK for the one in force, NRS_ERROR_ROSTER_OLD, NRS_ERROR_FORKED … */
NRS_MUST_USE nrs_error nrs_inbox_take_rival(nrs_core *core, nrs_community *community, nrs_slice many);
/** The cards that a roster brings with it, of its members. One that does not count here for now, as its key has revoked itself or a side of a
 *  fork leaves it out, holds up nobody else. */
NRS_MUST_USE nrs_error nrs_inbox_take_cards(nrs_core *core, const nrs_roster *roster, const ProtobufCBinaryData *cards, size_t card_count);
NRS_MUST_USE nrs_error nrs_inbox_take_invite(nrs_core *core, nrs_slice bytes);

#endif
