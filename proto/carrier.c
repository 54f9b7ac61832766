#include "proto/carrier.h"

#include <string.h>

#include "proto/assert.h"
#include "wire_schema.h"

/* Tags of protobuf: the number of the field, and whether a varint or so many bytes follow. */
enum { TAG_TYPE = 0x08, TAG_PAYLOAD = 0x12, TAG_ITEM = 0x0a, TAG_POSITION = 0x08, TAG_RECORD = 0x12, VARINT_SIZE_MAX = 10 };

/* ---- Reading. What is not written in the one canonical way is left to wire.c, which also names what is wrong. ---- */

static bool take_byte(nrs_slice *left, uint8_t want)
{
    if (left->size == 0 || left->data[0] != want) {
        return false;
    }
    *left = nrs_slice_of(left->data + 1, left->size - 1);
    return true;
}

/* The shortest form of a number above 0. */
static bool take_number(nrs_slice *left, uint64_t *value_out)
{
    uint64_t value = 0;

    for (size_t i = 0; i < left->size && i < VARINT_SIZE_MAX; i++) {
        uint8_t byte = left->data[i];

        if (i == VARINT_SIZE_MAX - 1 && byte > 1) {
            return false;
        }
        value |= (uint64_t)(byte & 0x7f) << (7 * i);
        if (byte < 0x80) {
            if (byte == 0) {
                return false;
            }
            *left = nrs_slice_of(left->data + i + 1, left->size - i - 1);
            *value_out = value;
            return true;
        }
    }
    return false;
}

/* Bytes after their size, one at least. */
static bool take_bytes(nrs_slice *left, nrs_slice *bytes_out)
{
    uint64_t size = 0;

    if (!take_number(left, &size) || size > left->size) {
        return false;
    }
    *bytes_out = nrs_slice_of(left->data, (size_t)size);
    *left = nrs_slice_of(left->data + size, left->size - (size_t)size);
    return true;
}

static bool take_type(nrs_slice *left, uint32_t *type_out)
{
    uint64_t type = 0;

    if (!take_byte(left, TAG_TYPE) || !take_number(left, &type) || type > UINT8_MAX) {
        return false;
    }
    *type_out = (uint32_t)type;
    return true;
}

/* There is one canonical form, and this was not it. */
static nrs_error refused(nrs_error error)
{
    return error == NRS_OK ? NRS_ERROR_NOT_CANONICAL : error;
}

nrs_error nrs_record_read(uint32_t *type_out, nrs_slice *payload_out, nrs_slice bytes)
{
    nrs_slice left = bytes, payload = {0};
    nrs_record *record = NULL;
    uint32_t type = 0;
    nrs_error error;

    NRS_ASSERT(type_out != NULL && payload_out != NULL);
    if (bytes.size <= NRS_RECORD_SIZE_MAX && take_type(&left, &type) && wire_record_type_known(type) && take_byte(&left, TAG_PAYLOAD) &&
        take_bytes(&left, &payload) && left.size == 0) {
        *type_out = type;
        *payload_out = payload;
        return NRS_OK;
    }
    error = nrs_record_decode(&record, bytes);
    nrs_record_free(&record);
    return refused(error);
}

/* Which frames have a payload (SPEC 10.1). */
static bool may_have(uint32_t type, bool payload)
{
    switch ((nrs_frame_type)type) {
    case NRS_FRAME_HELLO:
    case NRS_FRAME_ITEMS:
        return payload;
    case NRS_FRAME_CONFIRM:
    case NRS_FRAME_BYE:
        return true;
    case NRS_FRAME_PING:
    case NRS_FRAME_PONG:
        return !payload;
    }
    return false;
}

nrs_error nrs_frame_read(uint32_t *type_out, nrs_slice *payload_out, nrs_slice bytes)
{
    nrs_slice left = bytes, payload = {0};
    nrs_frame *frame = NULL;
    uint32_t type = 0;
    nrs_error error;

    NRS_ASSERT(type_out != NULL && payload_out != NULL);
    if (bytes.size <= NRS_FRAME_SIZE_MAX && take_type(&left, &type) &&
        (left.size == 0 || (take_byte(&left, TAG_PAYLOAD) && take_bytes(&left, &payload) && left.size == 0)) && may_have(type, payload.size > 0)) {
        *type_out = type;
        *payload_out = payload;
        return NRS_OK;
    }
    error = nrs_frame_decode(&frame, bytes);
    nrs_frame_free(&frame);
    return refused(error);
}

static bool take_item(nrs_item *item_out, nrs_slice *left)
{
    nrs_slice inside = {0};
    uint64_t size = 0;

    item_out->position = 0;
    item_out->record_count = 0;
    if (!take_byte(left, TAG_ITEM)) {
        return false;
    }
    if (take_byte(left, 0)) { /* an item of nothing: position 0, no record */
        return true;
    }
    if (!take_number(left, &size) || size > left->size) {
        return false;
    }
    inside = nrs_slice_of(left->data, (size_t)size);
    *left = nrs_slice_of(left->data + size, left->size - (size_t)size);
    if (take_byte(&inside, TAG_POSITION) && (!take_number(&inside, &item_out->position) || item_out->position > INT64_MAX)) {
        return false;
    }
    while (inside.size > 0) {
        nrs_slice *record = &item_out->records[item_out->record_count];

        if (item_out->record_count == NRS_RECORDS_PER_ITEM_MAX || !take_byte(&inside, TAG_RECORD) || !take_bytes(&inside, record) ||
            record->size > NRS_RECORD_SIZE_MAX) {
            return false;
        }
        item_out->record_count++;
    }
    return true;
}

nrs_error nrs_items_check(nrs_slice bytes)
{
    nrs_slice left = bytes;
    nrs_item item;
    nrs_items *items = NULL;
    size_t count = 0;
    bool good = bytes.size > 0 && bytes.size <= NRS_FRAME_SIZE_MAX;
    nrs_error error;

    while (good && left.size > 0) {
        good = count < NRS_ITEM_COUNT_MAX && take_item(&item, &left);
        count++;
    }
    if (good) {
        return NRS_OK;
    }
    error = nrs_items_decode(&items, bytes);
    nrs_items_free(&items);
    return refused(error);
}

bool nrs_items_next(nrs_item *item_out, nrs_slice *left)
{
    bool taken;

    NRS_ASSERT(item_out != NULL && left != NULL);
    if (left->size == 0) {
        return false;
    }
    taken = take_item(item_out, left);
    NRS_ASSERT(taken); /* they were checked */
    return taken;
}

/* ---- Writing ---- */

static size_t put_number(uint8_t *out, uint64_t value)
{
    size_t size = 0;

    while (value >= 0x80) {
        out[size++] = (uint8_t)(value | 0x80);
        value >>= 7;
    }
    out[size++] = (uint8_t)value;
    return size;
}

static size_t number_size(uint64_t value)
{
    uint8_t out[VARINT_SIZE_MAX];

    return put_number(out, value);
}

static nrs_error append_head(nrs_bytes *bytes, uint8_t tag, uint64_t value)
{
    uint8_t head[1 + VARINT_SIZE_MAX] = {tag};

    return nrs_bytes_append(bytes, nrs_slice_of(head, 1 + put_number(head + 1, value)));
}

nrs_error nrs_items_append(nrs_bytes *items, uint64_t position, const nrs_slice *records, size_t record_count)
{
    const size_t size_before = items->size;
    size_t size = position == 0 ? 0 : 1 + number_size(position);
    nrs_error error;

    NRS_ASSERT(record_count <= NRS_RECORDS_PER_ITEM_MAX && position <= INT64_MAX);
    for (size_t i = 0; i < record_count; i++) {
        NRS_ASSERT(records[i].size > 0 && records[i].size <= NRS_RECORD_SIZE_MAX);
        size += 1 + number_size(records[i].size) + records[i].size;
    }
    error = append_head(items, TAG_ITEM, size);
    if (error == NRS_OK && position != 0) {
        error = append_head(items, TAG_POSITION, position);
    }
    for (size_t i = 0; i < record_count && error == NRS_OK; i++) {
        error = append_head(items, TAG_RECORD, records[i].size);
        if (error == NRS_OK) {
            error = nrs_bytes_append(items, records[i]);
        }
    }
    if (error != NRS_OK) {
        items->size = size_before;
    }
    return error;
}

nrs_error nrs_frame_write(nrs_bytes *frame_out, nrs_frame_type type, nrs_slice payload)
{
    uint8_t head[3 + VARINT_SIZE_MAX] = {TAG_TYPE, (uint8_t)type};
    size_t head_size = 2;
    nrs_bytes frame = {0};
    nrs_error error;

    NRS_ASSERT(frame_out != NULL);
    NRS_ASSERT(may_have(type, payload.size > 0));
    if (payload.size > 0) {
        head[head_size] = TAG_PAYLOAD;
        head_size += 1 + put_number(head + 3, payload.size);
    }
    if (payload.size > NRS_FRAME_SIZE_MAX - head_size) {
        return NRS_ERROR_TOO_LARGE;
    }
    error = nrs_bytes_resize(&frame, head_size + payload.size);
    if (error != NRS_OK) {
        return error;
    }
    memcpy(frame.data, head, head_size);
    if (payload.size > 0) {
        memcpy(frame.data + head_size, payload.data, payload.size);
    }
    nrs_bytes_wipe(frame_out);
    *frame_out = frame;
    return NRS_OK;
}
