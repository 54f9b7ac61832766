/* Streams (SPEC 6.8): what is sent to the same recipients is counted and chained; what is missing in another's count is noticed,
 * shown and asked for again; what is sent twice under one number is proven. */
#ifndef CORE_STREAM_H
#define CORE_STREAM_H

#include "link/log.h"
#include "rules/audience.h"
#include "keys/place.h"
#include "store/stream.h"

/* A type of rows of our own log that never leaves this node as such: a report to be sent again to one peer (resend.c). */
#define NRS_LOG_RESEND 200u
/* Likewise: what a hub vouches for leaves here, at its tick (withheld/publish.c). */
#define NRS_LOG_PUBLISH 202u
/* An ENVELOPE that goes to its reader alone, on the link with it: a source's word to its hub (withheld/direct.c). */
#define NRS_LOG_DIRECT 203u

/* ---- stream.c: our own count ---- */
typedef struct nrs_number {
    uint8_t audience[NRS_HASH_SIZE];
    uint8_t stream[NRS_HASH_SIZE];
    uint64_t sequence;
    uint8_t previous[NRS_HASH_SIZE]; /* of the report before; unused for the first */
    uint64_t tell_ms;                /* of what was sent so far */
} nrs_number;
/** The number that the next report to these recipients under this label has. vouched: of those that this hub vouches for, which
 *  are counted by themselves, since they leave later than they are sealed. Writes nothing. */
NRS_MUST_USE nrs_error nrs_number_next(nrs_core *core, nrs_number *number_out, const nrs_delivery *delivery, nrs_label label, bool vouched);
nrs_slice nrs_number_previous(const nrs_number *number);
/** Keep the stream of a number that another process seals under, so that the same comes out when it has. */
NRS_MUST_USE nrs_error nrs_number_reserve(nrs_core *core, const nrs_number *number);
/** The number is used, in the transaction of the report that bears it. */
NRS_MUST_USE nrs_error nrs_number_use(nrs_core *core, const nrs_number *number, const nrs_delivery *delivery, const uint8_t id[NRS_HASH_SIZE], uint64_t created_ms);
/** Write the count of the stream that numbers were used of. Before a step ends, and before streams that were sent are looked for in the store. */
NRS_MUST_USE nrs_error nrs_numbers_settle(nrs_core *core);
void nrs_stream_key(uint8_t key_out[NRS_HASH_SIZE], const uint8_t originator[NRS_KEY_SIZE], const uint8_t community[NRS_HASH_SIZE],
                    const uint8_t stream[NRS_HASH_SIZE]);

/* ---- stream_take.c: the counts of others ---- */
typedef struct nrs_told_place {
    nrs_slice stream; /* empty: the report is not counted */
    uint64_t sequence;
    nrs_slice previous;
} nrs_told_place;
nrs_told_place nrs_place_of(const nrs_body *body);
/** A report of another that was opened, here or in a person's process, which told its place. Once more changes nothing. */
NRS_MUST_USE nrs_error nrs_stream_take(nrs_core *core, const nrs_sealed_view *view, const nrs_told_place *told);
/** A report that is here and that the node does not open (RED, or without its key): it is not missing. */
NRS_MUST_USE nrs_error nrs_stream_take_unopened(nrs_core *core, const nrs_sealed_view *view);

/** A stream goes up to this number, whose report has this id and expires then, says its originator: what is not here of it is missing.
 *  Out: had_out: whether that report is here. */
NRS_MUST_USE nrs_error nrs_stream_take_head(nrs_core *core, bool *had_out, const nrs_stream_row *stream, uint64_t sequence, const uint8_t id[NRS_HASH_SIZE],
                                            uint64_t expires_ms);

/* ---- stream_sweep.c ---- */
/** Let go of what is held of streams and is of no use any more. With each tick, bounded work. */
NRS_MUST_USE nrs_error nrs_stream_sweep(nrs_core *core);

/* ---- head.c: the last report of a stream ---- */
/** Tell recipients that have not confirmed the last report of a stream that there is one. With each tick, one stream at once. */
NRS_MUST_USE nrs_error nrs_head_tick(nrs_core *core);
/** Such a word. Only fatal errors. */
NRS_MUST_USE nrs_error nrs_head_take(nrs_core *core, nrs_peer *from, const uint8_t community[NRS_HASH_SIZE], const nrs_statement *statement);

/* ---- gap.c ---- */
NRS_MUST_USE nrs_error nrs_gap_load(nrs_core *core);
/** Ask for what is missing and due. With each tick; cheap when nothing is missing. */
NRS_MUST_USE nrs_error nrs_gap_tick(nrs_core *core);
/** What `status` says: rows of `gaps`, and sentences among the warnings. */
NRS_MUST_USE nrs_error nrs_gap_rows(nrs_core *core, json_t *rows);
NRS_MUST_USE nrs_error nrs_gap_warn(nrs_core *core, json_t *warnings);
/** How many reports are missing right before this one, and since when that is known; 0 for none. */
NRS_MUST_USE nrs_error nrs_gap_before(nrs_core *core, uint64_t *count_out, uint64_t *since_ms_out, const uint8_t id[NRS_HASH_SIZE]);

/* ---- resend.c ---- */
/** The slot table of a report in which the peer has the best slot, of these the newest; 0: none. Out: rank_out: whose; may be NULL. */
NRS_MUST_USE nrs_error nrs_slots_position(nrs_core *core, uint64_t *position_out, nrs_slot_rank *rank_out, const uint8_t sealed_id[NRS_HASH_SIZE],
                                          const nrs_peer *peer);
/** Whether the report was granted to the peer: a slot of this rank at least in one of its tables, or under CLEAR a place in its audience. */
NRS_MUST_USE nrs_error nrs_granted_to(nrs_core *core, bool *granted_out, const uint8_t sealed_id[NRS_HASH_SIZE], const nrs_peer *peer, nrs_slot_rank least);
/** A request for missing reports. */
NRS_MUST_USE nrs_error nrs_resend_take(nrs_core *core, nrs_peer *from, const uint8_t community[NRS_HASH_SIZE], const nrs_statement *statement);
NRS_MUST_USE nrs_error nrs_resend_route(nrs_core *core, nrs_relay_item *item_out, const nrs_log_entry *entry, const nrs_link *link);

/* ---- equivocation.c ---- */
/** At a hub: remember the place of a report just taken, and prove it when another was taken under the same one. */
NRS_MUST_USE nrs_error nrs_equivocation_watch(nrs_core *core, nrs_sealed_view *view, uint64_t position);
void nrs_equivocation_wipe(nrs_core *core);
/** Whether a report taken not long ago, from *way on, has a place that begins like this one: that is known without a look into the log, and
 *  which it is, is not. In-out: way: where it stands. */
bool nrs_equivocation_known(nrs_core *core, size_t *way, const uint8_t place[NRS_HASH_SIZE]);
/** A report taken under a place not long ago; of several that bear it, whoever made them, the next from *way on, which is 0 at first.
 *  NRS_ERROR_NOT_FOUND. Out: view_out: a reference. In-out: way. */
NRS_MUST_USE nrs_error nrs_equivocation_recall(nrs_core *core, nrs_sealed_view **view_out, size_t *way, const uint8_t place[NRS_HASH_SIZE]);
/** Another report is held under the place of this one. */
NRS_MUST_USE nrs_error nrs_equivocation_found(nrs_core *core, const nrs_sealed_view *view, const uint8_t other_id[NRS_HASH_SIZE]);
NRS_MUST_USE nrs_error nrs_equivocation_receive(nrs_core *core, nrs_slice record, nrs_slice payload, nrs_peer *from);
NRS_MUST_USE nrs_error nrs_equivocation_route(nrs_core *core, nrs_relay_item *item_out, const nrs_log_entry *entry, const nrs_link *link);
NRS_MUST_USE nrs_error nrs_equivocation_rows(nrs_core *core, json_t *rows);
NRS_MUST_USE nrs_error nrs_equivocation_warn(nrs_core *core, json_t *warnings);

#endif
