#include "batch.h"

#include <stdlib.h>
#include <string.h>

#include "proto/assert.h"

#define WAITING_COUNT_MAX 65536u

static nrs_event *add(nrs_batch *batch, nrs_event_type type)
{
    nrs_event *event = NULL;

    NRS_ASSERT(batch->event_count < NRS_BATCH_EVENT_COUNT_MAX);

    event = &batch->events[batch->event_count++];
    memset(event, 0, sizeof(*event));
    event->type = type;
    event->now_ms = batch->now_ms;
    event->monotonic_ms = batch->monotonic_ms;
    return event;
}

bool nrs_batch_full(const nrs_batch *batch)
{
    return batch->event_count + 1 >= NRS_BATCH_EVENT_COUNT_MAX || batch->size >= NRS_BATCH_SIZE_MAX;
}

void nrs_batch_set_time(nrs_batch *batch, uint64_t now_ms, uint64_t monotonic_ms)
{
    NRS_ASSERT(monotonic_ms >= batch->monotonic_ms);

    batch->now_ms = now_ms;
    batch->monotonic_ms = monotonic_ms;
}

bool nrs_batch_begin(nrs_batch *batch)
{
    size_t moved = 0;

    NRS_ASSERT(batch->event_count == 0);

    while (moved < batch->waiting_count && !nrs_batch_full(batch)) {
        nrs_event *event = add(batch, batch->waiting[moved].type);

        event->link = batch->waiting[moved].link;
        event->error = batch->waiting[moved].error;
        event->until_ms = batch->waiting[moved].until_ms;
        memcpy(event->curve_key, batch->waiting[moved].curve_key, NRS_KEY_SIZE);
        moved++;
    }
    if (moved > 0) {
        batch->waiting_count -= moved;
        memmove(batch->waiting, batch->waiting + moved, batch->waiting_count * sizeof(batch->waiting[0]));
    }
    return batch->waiting_count == 0;
}

void nrs_batch_add_tick(nrs_batch *batch)
{
    (void)add(batch, NRS_EVENT_TICK);
}

void nrs_batch_add_frame(nrs_batch *batch, nrs_link_id link, const uint8_t curve_key[NRS_KEY_SIZE], zmq_msg_t *frame)
{
    nrs_event *event = NULL;
    zmq_msg_t *kept = NULL;

    NRS_ASSERT(!nrs_batch_full(batch));
    NRS_ASSERT(link != 0);

    kept = &batch->frames[batch->frame_count++];
    (void)zmq_msg_init(kept);
    (void)zmq_msg_move(kept, frame);
    event = add(batch, NRS_EVENT_FRAME);
    event->link = link;
    memcpy(event->curve_key, curve_key, NRS_KEY_SIZE);
    event->bytes = nrs_slice_of(zmq_msg_data(kept), zmq_msg_size(kept));
    batch->size += zmq_msg_size(kept);
}

void nrs_batch_add_command(nrs_batch *batch, const json_t *command, const char *user, uint64_t request)
{
    nrs_event *event = NULL;

    NRS_ASSERT(command != NULL);
    NRS_ASSERT(!nrs_batch_full(batch));

    event = add(batch, NRS_EVENT_COMMAND);
    event->command = command;
    event->user = user;
    event->request = request;
}

bool nrs_batch_note_link(nrs_batch *batch, nrs_event_type type, nrs_link_id link, const uint8_t curve_key[NRS_KEY_SIZE])
{
    nrs_event *event = NULL;

    NRS_ASSERT(type == NRS_EVENT_LINK_UP || type == NRS_EVENT_LINK_DOWN || type == NRS_EVENT_LINK_REFUSED ||
               type == NRS_EVENT_LINK_HELD_BACK);

    if (batch->waiting_count == batch->waiting_capacity) {
        size_t capacity = batch->waiting_capacity == 0 ? 64 : 2 * batch->waiting_capacity;
        nrs_event *grown = capacity > WAITING_COUNT_MAX ? NULL : realloc(batch->waiting, capacity * sizeof(*grown));

        if (grown == NULL) {
            return false;
        }
        batch->waiting = grown;
        batch->waiting_capacity = capacity;
    }
    event = &batch->waiting[batch->waiting_count++];
    memset(event, 0, sizeof(*event));
    event->type = type;
    event->link = link;
    memcpy(event->curve_key, curve_key, NRS_KEY_SIZE);
    return true;
}

void nrs_batch_note_failure(nrs_batch *batch, const uint8_t curve_key[NRS_KEY_SIZE], nrs_error why)
{
    if (nrs_batch_note_link(batch, NRS_EVENT_LINK_REFUSED, 0, curve_key)) {
        batch->waiting[batch->waiting_count - 1].error = why;
    }
}

void nrs_batch_note_held_back(nrs_batch *batch, const uint8_t curve_key[NRS_KEY_SIZE], uint64_t until_ms)
{
    if (nrs_batch_note_link(batch, NRS_EVENT_LINK_HELD_BACK, 0, curve_key)) {
        batch->waiting[batch->waiting_count - 1].until_ms = until_ms;
    }
}

void nrs_batch_clear(nrs_batch *batch)
{
    for (size_t i = 0; i < batch->frame_count; i++) {
        (void)zmq_msg_close(&batch->frames[i]);
    }
    batch->event_count = 0;
    batch->frame_count = 0;
    batch->size = 0;
}

void nrs_batch_fail(nrs_batch *batch)
{
    for (size_t i = 0; i < batch->event_count; i++) {
        const nrs_event *event = &batch->events[i];

        if (event->type == NRS_EVENT_LINK_DOWN) {
            (void)nrs_batch_note_link(batch, event->type, event->link, event->curve_key);
        } else if (event->type == NRS_EVENT_LINK_REFUSED) {
            nrs_batch_note_failure(batch, event->curve_key, event->error);
        }
    }
    nrs_batch_clear(batch);
}

void nrs_batch_wipe(nrs_batch *batch)
{
    nrs_batch_clear(batch);
    free(batch->waiting);
    batch->waiting = NULL;
    batch->waiting_count = 0;
    batch->waiting_capacity = 0;
}
