/* What came since the last step: the events that are handed to the engine together, and what their bytes live in. */
#ifndef SHELL_BATCH_H
#define SHELL_BATCH_H

#include <zmq.h>

#include "core/core.h"

#define NRS_BATCH_EVENT_COUNT_MAX 1024u
#define NRS_BATCH_SIZE_MAX (1024u * 1024u) /* some hundred reports: enough to share a sync among, and still in the processor's cache when they are passed on */

typedef struct nrs_batch {
    uint64_t now_ms, monotonic_ms; /* of every event that is added */
    nrs_event events[NRS_BATCH_EVENT_COUNT_MAX];
    zmq_msg_t frames[NRS_BATCH_EVENT_COUNT_MAX];
    size_t event_count, frame_count, size;
    /* Links that came or went while the last effects were carried out; they lead the next batch. */
    nrs_event *waiting;
    size_t waiting_count, waiting_capacity;
} nrs_batch;

/** No room is left for one more event beside the tick. */
bool nrs_batch_full(const nrs_batch *batch);
void nrs_batch_set_time(nrs_batch *batch, uint64_t now_ms, uint64_t monotonic_ms);
/** Move the waiting link events into the batch. False when some are left: nothing else may be added before the next
 * step. */
bool nrs_batch_begin(nrs_batch *batch);
void nrs_batch_add_tick(nrs_batch *batch);
/** The frame is taken over: *frame is empty afterwards. */
void nrs_batch_add_frame(nrs_batch *batch, nrs_link_id link, const uint8_t curve_key[NRS_KEY_SIZE], zmq_msg_t *frame);
/** command and user are borrowed until the step. */
void nrs_batch_add_command(nrs_batch *batch, const json_t *command, const char *user, uint64_t request);
/** A link came, went or was refused: for the next step. False without room for it: the engine's silence timer finds out
 * that a link went, but a link that came must then be ended by the caller, since no hello would ever be said on it. */
bool nrs_batch_note_link(nrs_batch *batch, nrs_event_type type, nrs_link_id link,
                         const uint8_t curve_key[NRS_KEY_SIZE]);
/** A dialled peer could not be linked with, and why (core.h). */
void nrs_batch_note_failure(nrs_batch *batch, const uint8_t curve_key[NRS_KEY_SIZE], nrs_error why);
/** No connection of this key is let in for now (core.h). One that cannot be noted is told again within a minute. */
void nrs_batch_note_held_back(nrs_batch *batch, const uint8_t curve_key[NRS_KEY_SIZE], uint64_t until_ms);
/** Forget the events and free the frames. */
void nrs_batch_clear(nrs_batch *batch);
/** After a step that failed: the links that went are told again, all else is forgotten. */
void nrs_batch_fail(nrs_batch *batch);
void nrs_batch_wipe(nrs_batch *batch);

#endif
