/* Filling the links' windows from the log, in log order (SPEC 10.3). Runs after the commit: what it sends is durable. */
#include <stdlib.h>
#include <string.h>

#include "link/link_frame.h"

#define FRAME_FILL_MAX (256u * 1024u) /* a frame is sent when it holds this much */
#define RECORD_COUNT_MAX 2048u        /* in one frame */
#define SCAN_ROWS_MAX 2048u           /* of one link in one step, so that no link starves the others */
#define ITEM_OVERHEAD 32u

/* A frame in the making: the records' bytes lie one after the other in the arena until the frame is encoded. */
typedef struct nrs_frame_builder {
    nrs_bytes arena;
    size_t offsets[RECORD_COUNT_MAX];
    size_t sizes[RECORD_COUNT_MAX];
    size_t record_count;
    uint64_t positions[NRS_ITEM_COUNT_MAX];
    size_t item_records[NRS_ITEM_COUNT_MAX];
    size_t item_count;
} builder;


static nrs_error builder_add(builder *frame, uint64_t position, const nrs_relay_item *item)
{
    for (size_t i = 0; i < item->count; i++) {
        frame->offsets[frame->record_count + i] = frame->arena.size;
        frame->sizes[frame->record_count + i] = item->records[i].size;
        nrs_error error = nrs_bytes_append(&frame->arena, item->records[i]);
        if (error != NRS_OK) {
            return error;
        }
    }
    frame->record_count += item->count;
    frame->positions[frame->item_count] = position;
    frame->item_records[frame->item_count] = item->count;
    frame->item_count++;
    return NRS_OK;
}

static nrs_error builder_send(nrs_core *core, nrs_link *link, builder *frame)
{
    nrs_items items;
    Nrs__Wire__Item *list = calloc(frame->item_count, sizeof *list);
    Nrs__Wire__Item **pointers = calloc(frame->item_count, sizeof(Nrs__Wire__Item *));
    ProtobufCBinaryData *records = calloc(frame->record_count, sizeof *records);
    size_t next_record = 0;
    nrs_bytes payload = {0};
    nrs_error error = NRS_ERROR_NO_MEMORY;

    nrs__wire__items__init(&items);
    if (list == NULL || pointers == NULL || records == NULL) {
        goto out;
    }
    for (size_t i = 0; i < frame->record_count; i++) {
        records[i] = nrs_field_of(nrs_slice_of(frame->arena.data + frame->offsets[i], frame->sizes[i]));
    }
    for (size_t i = 0; i < frame->item_count; i++) {
        nrs__wire__item__init(&list[i]);
        list[i].position = frame->positions[i];
        list[i].n_records = frame->item_records[i];
        list[i].records = &records[next_record];
        next_record += frame->item_records[i];
        pointers[i] = &list[i];
    }
    items.n_items = frame->item_count;
    items.items = pointers;
    error = nrs_items_encode(&payload, &items);
    if (error == NRS_OK) {
        error = nrs_link_send_payload(core, link, NRS_FRAME_ITEMS, nrs_slice_of_bytes(&payload));
    }
    frame->arena.size = 0;
    frame->record_count = frame->item_count = 0;
out:
    free(list);
    free(pointers);
    free(records);
    nrs_bytes_wipe(&payload);
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

static nrs_error fly(nrs_link *link, uint64_t position, size_t size)
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
    return NRS_OK;
}

static bool frame_full(const builder *frame, size_t size)
{
    return frame->item_count > 0 && (frame->arena.size + size > FRAME_FILL_MAX || frame->item_count == NRS_ITEM_COUNT_MAX ||
                                     frame->record_count + NRS_RELAY_RECORDS_MAX > RECORD_COUNT_MAX);
}

static nrs_error pump(nrs_core *core, nrs_link *link, builder *frame)
{
    uint64_t end = nrs_store_log_end(core->store);
    size_t rows = 0;
    nrs_error error = NRS_OK;

    while (error == NRS_OK && link->scan_position < end && rows < SCAN_ROWS_MAX && link->flight_count < NRS_LINK_FLIGHT_MAX) {
        nrs_relay_item item = {0};
        error = nrs_relay_route(core, &item, link->scan_position + 1, link);
        if (error == NRS_OK && item.count > 0) {
            size_t size = item_size(&item);
            if (link->flight_count > 0 && link->flight_bytes + size > link->window) {
                nrs_relay_item_wipe(&item);
                rows = 0; /* the peer's confirmation opens the window again */
                break;
            }
            if (frame_full(frame, size)) {
                error = builder_send(core, link, frame);
            }
            if (error == NRS_OK) {
                error = builder_add(frame, link->scan_position + 1, &item);
            }
            if (error == NRS_OK) {
                error = fly(link, link->scan_position + 1, size);
            }
        }
        nrs_relay_item_wipe(&item);
        if (error == NRS_OK) {
            link->scan_position++;
            rows++;
        }
    }
    if (error == NRS_OK && frame->item_count > 0) {
        error = builder_send(core, link, frame);
    }
    if (rows == SCAN_ROWS_MAX) {
        core->more_to_send = true;
    }
    return error;
}

nrs_error nrs_link_pump_all(nrs_core *core)
{
    builder *frame = core->builder;
    nrs_link *link, *next;
    nrs_error error = NRS_OK;

    core->more_to_send = false;
    HASH_ITER (hh, core->links, link, next) {
        if (link->state != NRS_LINK_UP || link->scan_position >= nrs_store_log_end(core->store)) {
            continue;
        }
        if (frame == NULL) {
            frame = core->builder = calloc(1, sizeof *frame); /* kept: large, and wanted in most steps */
            if (frame == NULL) {
                return NRS_ERROR_NO_MEMORY;
            }
        }
        error = pump(core, link, frame);
        if (error != NRS_OK) {
            /* What flew and what did not is no longer known: the next hello of this peer says it. */
            frame->arena.size = 0;
            frame->record_count = frame->item_count = 0;
            nrs_core_complain(core, link->peer, error, "could not be sent to: %s", nrs_error_rule(error));
            nrs_link_close(core, link, NRS_OK);
        }
    }
    return NRS_OK;
}

void nrs_link_pump_wipe(nrs_core *core)
{
    if (core->builder != NULL) {
        nrs_bytes_wipe(&core->builder->arena);
        free(core->builder);
        core->builder = NULL;
    }
}
