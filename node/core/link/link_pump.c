/* Filling the links' windows from the log, in log order (SPEC 10.3). Runs after the commit: what it sends is durable. */
#include <stdlib.h>
#include <string.h>

#include "link/link.h"
#include "link/link_frame.h"
#include "link/log.h"
#include "proto/carrier.h"

#define FRAME_FILL_MAX (256u * 1024u) /* a frame is sent when it holds this much */
#define RECORD_COUNT_MAX 2048u        /* in one frame */
#define SCAN_ROWS_MAX 2048u           /* of one link in one step, so that no link starves the others */
#define ROW_COST 64u                  /* of a row that is looked at, beside what is read and sent */
#define ITEM_OVERHEAD 32u

/* A frame in the making. */
typedef struct nrs_frame_builder {
    nrs_bytes items; /* as they travel */
    size_t record_count;
    size_t item_count;
} builder;

static nrs_error builder_add(builder *frame, uint64_t position, const nrs_relay_item *item)
{
    nrs_error error = nrs_items_append(&frame->items, position, item->records, item->count);

    if (error == NRS_OK) {
        frame->record_count += item->count;
        frame->item_count++;
    }
    return error;
}

static void builder_clear(builder *frame)
{
    frame->items.size = 0;
    frame->record_count = frame->item_count = 0;
}

static nrs_error builder_send(nrs_core *core, nrs_link *link, builder *frame)
{
    nrs_error error = nrs_link_send_payload(core, link, NRS_FRAME_ITEMS, nrs_slice_of_bytes(&frame->items));

    builder_clear(frame);
    return error;
}

static size_t item_size(const nrs_relay_item *item)
{
    size_t size = ITEM_OVERHEAD;

    for (size_t i = 0; i < item->count; i++) {
        size += item->records[i].size + 8;
    }
    return size;
}

/* Twice the room, unrolled to begin at 0. An idle link keeps none: a hub has thousands. */
static nrs_error grow_flight(nrs_link *link)
{
    size_t capacity = link->flight_capacity == 0 ? 16 : link->flight_capacity * 2;
    nrs_flight *flight = calloc(capacity, sizeof *flight);

    if (flight == NULL) {
        return NRS_ERROR_NO_MEMORY;
    }
    for (size_t i = 0; i < link->flight_count; i++) {
        flight[i] = link->flight[(link->flight_first + i) % link->flight_capacity];
    }
    free(link->flight);
    link->flight = flight;
    link->flight_first = 0;
    link->flight_capacity = capacity;
    return NRS_OK;
}

static nrs_error fly(nrs_core *core, nrs_link *link, uint64_t position, size_t size)
{
    if (link->flight_count == link->flight_capacity) {
        nrs_error error = grow_flight(link);
        if (error != NRS_OK) {
            return error;
        }
    }
    link->flight[(link->flight_first + link->flight_count) % link->flight_capacity] = (nrs_flight){.position = position, .size = (uint32_t)size};
    link->flight_count++;
    link->flight_bytes += size;
    core->flight_bytes += size;
    return NRS_OK;
}

static bool frame_full(const builder *frame, size_t size)
{
    return frame->item_count > 0 && (frame->items.size + size > FRAME_FILL_MAX || frame->item_count == NRS_ITEM_COUNT_MAX ||
                                     frame->record_count + NRS_RELAY_RECORDS_MAX > RECORD_COUNT_MAX);
}

static bool window_closed(const nrs_core *core, const nrs_link *link, size_t size)
{
    return link->flight_count > 0 && link->flight_bytes + size > nrs_link_room(core, link);
}

/* Whether there is anything to look for: the peer's confirmation opens a window again, time an allowance. */
static bool pump_due(nrs_core *core, nrs_link *link)
{
    if (link->told_only || link->state != NRS_LINK_UP || link->scan_position >= nrs_store_log_end(core->store) || link->flight_count >= NRS_LINK_FLIGHT_MAX) {
        return false;
    }
    if (link->next_size > 0 && window_closed(core, link, link->next_size)) {
        return false;
    }
    return link->scan_position >= link->peer->looked_position || nrs_link_may_repeat(core, link->peer);
}

/* One row more has been looked at, at a cost. */
static void advance(nrs_link *link, size_t cost)
{
    nrs_peer *peer = link->peer;

    link->scan_position++;
    if (link->scan_position <= peer->looked_position) {
        nrs_link_repeated(peer, cost);
    } else {
        peer->looked_position = link->scan_position;
    }
}

/* In-out: work_left: of the step, for all links. */
static nrs_error pump(nrs_core *core, nrs_link *link, builder *frame, size_t *work_left)
{
    size_t rows = 0, work = 0;
    nrs_error error = NRS_OK;

    while (error == NRS_OK && pump_due(core, link)) {
        nrs_relay_item item = {0};
        uint64_t read_before = core->read_bytes;
        size_t size = 0;
        if (rows == SCAN_ROWS_MAX || work >= NRS_LINK_WORK_ONE_MAX || work >= *work_left) {
            core->more_to_send = true;
            break;
        }
        error = nrs_relay_route(core, &item, link->scan_position + 1, link);
        if (error == NRS_OK && item.count > 0) {
            size = item_size(&item);
            link->next_size = size;
            if (window_closed(core, link, size)) {
                nrs_relay_item_wipe(&item);
                break;
            }
            if (frame_full(frame, size)) {
                error = builder_send(core, link, frame);
            }
            if (error == NRS_OK) {
                error = builder_add(frame, link->scan_position + 1, &item);
            }
            if (error == NRS_OK) {
                error = fly(core, link, link->scan_position + 1, size);
            }
        }
        nrs_relay_item_wipe(&item);
        if (error == NRS_OK) {
            size_t cost = ROW_COST + size + (size_t)(core->read_bytes - read_before);
            advance(link, cost);
            link->next_size = 0;
            work += cost;
            rows++;
        }
    }
    *work_left -= work < *work_left ? work : *work_left;
    if (error == NRS_OK && frame->item_count > 0) {
        error = builder_send(core, link, frame);
    }
    return error;
}

static void pump_failed(nrs_core *core, nrs_link *link, builder *frame, nrs_error cause)
{
    /* What flew and what did not is no longer known: the next hello of this peer says it. */
    builder_clear(frame);
    nrs_core_complain(core, link->peer, cause, "could not be sent to: %s", nrs_error_rule(cause));
    nrs_link_close(core, link, NRS_OK);
}

nrs_error nrs_link_pump_all(nrs_core *core)
{
    nrs_link *link = core->pump_next != NULL ? core->pump_next : core->links;
    size_t work_left = NRS_LINK_WORK_MAX;

    core->more_to_send = false;
    for (size_t left = HASH_COUNT(core->links); left > 0 && link != NULL; left--) {
        nrs_link *next = link->hh.next != NULL ? link->hh.next : core->links;
        nrs_error error;
        core->pump_next = next;
        if (!pump_due(core, link)) {
            link = next;
            continue;
        }
        if (work_left == 0) { /* whom it did not reach comes first in the next step */
            core->pump_next = link;
            core->more_to_send = true;
            break;
        }
        if (core->builder == NULL) {
            core->builder = calloc(1, sizeof *core->builder); /* kept: its bytes are large, and wanted in most steps */
            if (core->builder == NULL) {
                return NRS_ERROR_NO_MEMORY;
            }
        }
        error = pump(core, link, core->builder, &work_left);
        if (error != NRS_OK) {
            pump_failed(core, link, core->builder, error);
        }
        link = next;
    }
    return NRS_OK;
}

void nrs_link_pump_wipe(nrs_core *core)
{
    if (core->builder != NULL) {
        nrs_bytes_wipe(&core->builder->items);
        free(core->builder);
        core->builder = NULL;
    }
}
