/* The three messages that carry others (Frame, Items, Record; SPEC 3, 10.1), read where they lie and written in one go: a record
 * passes through all of them on each of its ways, and need not be copied at each. What is taken and what is refused, with
 * which error, is the same as by wire.h. */
#ifndef PROTO_CARRIER_H
#define PROTO_CARRIER_H

#include "proto/wire.h"

/** Out: payload_out borrows from bytes. The errors of nrs_record_decode. */
NRS_MUST_USE nrs_error nrs_record_read(uint32_t *type_out, nrs_slice *payload_out, nrs_slice bytes);
/** Out: payload_out borrows from bytes; empty when there is none. The errors of nrs_frame_decode. */
NRS_MUST_USE nrs_error nrs_frame_read(uint32_t *type_out, nrs_slice *payload_out, nrs_slice bytes);

typedef struct nrs_item {
    uint64_t position;
    size_t record_count;
    nrs_slice records[NRS_RECORDS_PER_ITEM_MAX]; /* borrowed */
} nrs_item;
/** Whether bytes are Items. The errors of nrs_items_decode. */
NRS_MUST_USE nrs_error nrs_items_check(nrs_slice bytes);
/** The next of items that were checked; false at their end. In-out: *left begins as the whole. */
bool nrs_items_next(nrs_item *item_out, nrs_slice *left);

/** Append one more item to Items in the making. Every record has a byte at least; there are at most NRS_RECORDS_PER_ITEM_MAX. */
NRS_MUST_USE nrs_error nrs_items_append(nrs_bytes *items, uint64_t position, const nrs_slice *records, size_t record_count);
/** A Frame around a payload. Out: frame_out is replaced; the caller wipes it. NRS_ERROR_TOO_LARGE. */
NRS_MUST_USE nrs_error nrs_frame_write(nrs_bytes *frame_out, nrs_frame_type type, nrs_slice payload);

#endif
