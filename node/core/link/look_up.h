/* What a record about a report may cost (look_up.c). */
#ifndef CORE_LINK_LOOK_UP_H
#define CORE_LINK_LOOK_UP_H

#include "internal.h"

/** Before a report is read because a record names it. NRS_ERROR_LIMIT: it would have to be read from the disk, and too many were read for nothing:
 *  the record is asked for again when there is room. In: from: who hands it over; idle: what is counted of who answers for it. */
NRS_MUST_USE nrs_error nrs_look_up_check(nrs_core *core, const uint8_t sealed_id[NRS_HASH_SIZE], nrs_peer *from, const nrs_idle *idle);
/** A report was read, and nothing came of it. */
void nrs_look_up_note(const nrs_core *core, nrs_idle *idle);
/** The same, where that is so: of a record that was taken, or not, since so many reports were read and rows written. */
void nrs_look_up_end(const nrs_core *core, nrs_idle *idle, nrs_error error, uint64_t read, uint64_t written);
/** Whether reports are read for who has had so many read. */
bool nrs_look_ups_left(const nrs_core *core, const nrs_idle *idle);
/** NRS_ERROR_LIMIT, always: what a peer hands over is to be asked for again, not before a minute is over. */
NRS_MUST_USE nrs_error nrs_look_up_put_off(nrs_core *core, nrs_peer *from);

/** So many records have come from a peer, or statements that it made. Past an amount a line of the log says so, once an hour. */
void nrs_amount_note(nrs_core *core, nrs_peer *from, uint64_t count, uint64_t bytes);

/** Whether a table of slots is held already, with the report or by its id; without reading the report. NRS_ERROR_NOT_FOUND: it belongs to no grant
 *  that the report has, NRS_ERROR_FORGED: it is not that of the grant. Out: slots_out: of a later grant the slots, owned; untouched for the first. */
NRS_MUST_USE nrs_error nrs_look_up_table(nrs_core *core, bool *held_out, nrs_slots **slots_out, const nrs_slot_table *table, nrs_slice record);
/** Whether a slot for this node brings nothing that is not here: it was taken before, or what it opens is open; without reading the report.
 *  NRS_ERROR_FORGED: it is none of its grant's. Out: grantor_out: of a later grant that it does belong to, or NULL: who hands it over cannot tell
 *  whether it opens, and does not answer for that. */
NRS_MUST_USE nrs_error nrs_look_up_path(nrs_core *core, bool *held_out, nrs_peer **grantor_out, const nrs_slot_path *path, const nrs_slot *slot,
                                        nrs_slice record);

#endif
