/* The checks that receiving shares among the types of records. */
#ifndef CORE_RECEIVE_H
#define CORE_RECEIVE_H

#include "internal.h"
#include "store/queue.h"

/** One record from a peer, checked to carry, then stored. NRS_OK also for a duplicate. NRS_ERROR_DEFERRED: kept as
 * such. NRS_ERROR_LIMIT or BUSY: no room now, the peer must come again with it. Any other error but DISK, DAMAGED, NO_MEMORY, INTERNAL: refused, nothing was changed. */
NRS_MUST_USE nrs_error nrs_receive_record(nrs_core *core, nrs_slice record, nrs_peer *from);
/** The same for one of several records that came together. following: the next one, or empty; when it is the table of a
 *  sealed report's first slots both are taken at once. Out: both_out: whether that was done. */
NRS_MUST_USE nrs_error nrs_receive_records(nrs_core *core, bool *both_out, nrs_slice record, nrs_slice following, nrs_peer *from);
/** One record that stands in no log: a roster. The same returns; NRS_ERROR_MALFORMED for another type. */
NRS_MUST_USE nrs_error nrs_receive_loose(nrs_core *core, nrs_slice record, nrs_peer *from);
/** Try again what waited for the rosters adopted in this step. At the step's end, never from within receiving. */
NRS_MUST_USE nrs_error nrs_receive_deferred(nrs_core *core);

bool nrs_may_hand_over(const nrs_core *core, const nrs_peer *from, const nrs_community *community, const uint8_t *maker);
NRS_MUST_USE nrs_error nrs_check_maker(const nrs_core *core, const nrs_peer *from, const nrs_community *community, const uint8_t *maker);
/** Verify a roster as a later one than that held, and adopt it. Version +1 must follow the hash chain; one further ahead
 *  needs the signatures of the roster keys held. In: claimed: what `many` decodes to. */
NRS_MUST_USE nrs_error nrs_take_later_roster(nrs_core *core, nrs_community *community, nrs_slice many, nrs_slice source);

/** Keep a record until the roster it needs has come: durable and bounded, for each peer as well, so that one peer cannot
 *  take the room of all. Returns NRS_ERROR_DEFERRED when it is kept; NRS_ERROR_LIMIT when there is no room: the position is
 *  then asked for again when there is. In: wanted: without peer and time, which are filled in; roster: it is one, and has room
 *  of its own. */
NRS_MUST_USE nrs_error nrs_receive_defer(nrs_core *core, const nrs_deferred_row *wanted, const nrs_peer *from, bool roster);
/** Whether there is room again for much of what this peer had come with: half of what it may have deferred. */
bool nrs_deferred_room(nrs_core *core, const nrs_peer *from);
/** What belongs to a report that is itself deferred waits with it. NRS_ERROR_NOT_FOUND if the report is not. */
NRS_MUST_USE nrs_error nrs_receive_defer_with_report(nrs_core *core, const uint8_t sealed_id[NRS_HASH_SIZE], nrs_slice record, const nrs_peer *from);
/** A checkpoint of another node's audit log, at a hub: followed and signed when it continues what was signed before. */
NRS_MUST_USE nrs_error nrs_receive_audit_checkpoint(nrs_core *core, nrs_slice record, nrs_slice payload, const nrs_peer *from);
/** A hub's signature of a checkpoint: this node's own is kept, others' are passed on. */
NRS_MUST_USE nrs_error nrs_receive_audit_cosignature(nrs_core *core, nrs_slice record, nrs_slice payload, const nrs_peer *from);
/** What a peer is told of a roster that was not taken: who is no member learns only that, not whether there is such a community. */
NRS_MUST_USE nrs_error nrs_roster_answer(const nrs_core *core, nrs_error error, const nrs_community *community, const nrs_peer *from);
/* receive_grant.c */
NRS_MUST_USE nrs_error nrs_receive_grant(nrs_core *core, nrs_slice record, nrs_slice payload, nrs_peer *from);
NRS_MUST_USE nrs_error nrs_receive_release(nrs_core *core, nrs_slice record, nrs_slice payload, nrs_peer *from);
NRS_MUST_USE nrs_error nrs_receive_slot_table(nrs_core *core, nrs_slice record, nrs_slice payload, nrs_peer *from);
NRS_MUST_USE nrs_error nrs_receive_slot_path(nrs_core *core, nrs_slice record, nrs_slice payload, nrs_peer *from);
/** Whether one of a table's slots is for this node. slots: or NULL. */
bool nrs_slots_name_us(const nrs_core *core, const nrs_slots *slots);
/** Open those of a table's slots that are for this node. Only fatal and passing errors. */
NRS_MUST_USE nrs_error nrs_receive_own_slots(nrs_core *core, const nrs_slots *slots);
NRS_MUST_USE nrs_error nrs_receive_roster(nrs_core *core, nrs_slice record, nrs_slice payload, nrs_peer *from);

#endif
