/* What a record about a report may cost (look_up.c). */
#ifndef CORE_LINK_LOOK_UP_H
#define CORE_LINK_LOOK_UP_H

#include "internal.h"

/** Before a report is read because a peer's record names it. NRS_ERROR_LIMIT: it would have to be read from the disk, and the peer has had too many
 *  read for nothing: the record is asked for again when there is room. */
NRS_MUST_USE nrs_error nrs_look_up_check(nrs_core *core, const uint8_t sealed_id[NRS_HASH_SIZE], const nrs_peer *from);
/** A report was read for a record of this peer, and nothing came of it. */
void nrs_look_up_note(const nrs_core *core, nrs_peer *from);
/** Whether reports are read for its records. */
bool nrs_look_ups_left(const nrs_core *core, const nrs_peer *from);

/** So many records have come from a peer, or statements that it made. Past an amount a line of the log says so, once an hour. */
void nrs_amount_note(nrs_core *core, nrs_peer *from, uint64_t count, uint64_t bytes);

/** Whether a table of slots is held already, with the report or by its id; without reading the report. NRS_ERROR_NOT_FOUND: it belongs to no grant
 *  that the report has, NRS_ERROR_FORGED: it is not that of the grant. */
NRS_MUST_USE nrs_error nrs_look_up_table(nrs_core *core, bool *held_out, const nrs_slot_table *table, nrs_slice record);
/** Whether a slot for this node brings nothing that is not here: it was taken before, or what it opens is open; without reading the report.
 *  NRS_ERROR_FORGED: it is none of its grant's. */
NRS_MUST_USE nrs_error nrs_look_up_path(nrs_core *core, bool *held_out, const nrs_slot_path *path, const nrs_slot *slot, nrs_slice record);

#endif
