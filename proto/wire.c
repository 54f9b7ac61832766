/* The strict codec (SPEC 3): protobuf-c reads and writes, and what it lets through is refused here. */
#include "proto/wire.h"

#include <stdlib.h>
#include <string.h>

#include "proto/assert.h"
#include "proto/limits.h"
#include "wire_schema.h"

enum { DEPTH_MAX = 4 }; /* Roster, Rules, DutyRule, and one to spare */

typedef nrs_error visit_function(const ProtobufCMessage *message);

typedef struct cursor {
    const ProtobufCMessage *message;
    unsigned field;
    size_t index;
} cursor;

/* The next message directly inside the one at the cursor; NULL when there is none left. */
static const ProtobufCMessage *next_inside(cursor *at)
{
    const ProtobufCMessageDescriptor *descriptor = at->message->descriptor;

    for (; at->field < descriptor->n_fields; at->field++, at->index = 0) {
        const ProtobufCFieldDescriptor *field = &descriptor->fields[at->field];

        if (field->type == PROTOBUF_C_TYPE_MESSAGE && at->index < wire_value_count(at->message, field)) {
            return *(const ProtobufCMessage *const *)wire_value_at(at->message, field, at->index++);
        }
    }
    return NULL;
}

/* Visit a message and all inside it, each before those inside it, until a visit fails. */
static nrs_error walk(const ProtobufCMessage *root, visit_function *visit)
{
    cursor stack[DEPTH_MAX] = {{root, 0, 0}};
    size_t depth = 1;
    nrs_error error = visit(root);

    while (error == NRS_OK && depth > 0) {
        const ProtobufCMessage *inside = next_inside(&stack[depth - 1]);

        if (inside == NULL) {
            depth--;
            continue;
        }
        error = visit(inside);
        NRS_ASSERT(depth < DEPTH_MAX);
        stack[depth++] = (cursor){inside, 0, 0};
    }
    return error;
}

/* Only for what decode allocated. An absent text points to a constant, whose size is 0, so that nothing is written. */
static nrs_error wipe_visit(const ProtobufCMessage *message)
{
    for (unsigned i = 0; i < message->descriptor->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &message->descriptor->fields[i];
        size_t count = wire_value_count(message, field);

        for (size_t j = 0; j < count; j++) {
            const void *place = wire_value_at(message, field, j);

            if (field->type == PROTOBUF_C_TYPE_STRING) {
                char *text = *(char *const *)place;

                nrs_memory_wipe(text, text == NULL ? 0 : strlen(text));
            } else if (field->type == PROTOBUF_C_TYPE_BYTES) {
                const ProtobufCBinaryData *binary = place;

                nrs_memory_wipe(binary->data, binary->len);
            }
        }
    }
    return NRS_OK;
}

static void message_free(ProtobufCMessage *message)
{
    if (message != NULL) {
        nrs_error error = walk(message, wipe_visit);

        NRS_ASSERT(error == NRS_OK);
        protobuf_c_message_free_unpacked(message, NULL);
    }
}

static nrs_error pack(nrs_bytes *bytes_out, const ProtobufCMessage *message, size_t size_max)
{
    nrs_bytes bytes = {0};
    size_t size = protobuf_c_message_get_packed_size(message);
    nrs_error error;

    if (size > size_max) {
        return NRS_ERROR_TOO_LARGE;
    }
    error = nrs_bytes_resize(&bytes, size);
    if (error != NRS_OK) {
        return error;
    }
    if (size > 0) {
        size_t packed = protobuf_c_message_pack(message, bytes.data);

        NRS_ASSERT(packed == size);
    }
    nrs_bytes_wipe(bytes_out);
    *bytes_out = bytes;
    return NRS_OK;
}

/* Whether the bytes are the one way in which the message is written: fields in their order, shortest numbers, nothing
 * twice. */
static nrs_error check_canonical(const ProtobufCMessage *message, nrs_slice bytes)
{
    nrs_bytes again = {0};
    nrs_error error = pack(&again, message, bytes.size);

    if (error == NRS_ERROR_TOO_LARGE || (error == NRS_OK && !nrs_slice_equal(nrs_slice_of_bytes(&again), bytes))) {
        error = NRS_ERROR_NOT_CANONICAL;
    }
    nrs_bytes_wipe(&again);
    return error;
}

static nrs_error message_decode(ProtobufCMessage **message_out, const ProtobufCMessageDescriptor *descriptor,
                                size_t size_max, nrs_slice bytes)
{
    ProtobufCMessage *message = NULL;
    nrs_error error;

    NRS_ASSERT(message_out != NULL);
    NRS_ASSERT(bytes.data != NULL || bytes.size == 0);

    if (bytes.size > size_max) {
        error = NRS_ERROR_TOO_LARGE;
        goto out;
    }
    message = protobuf_c_message_unpack(descriptor, NULL, bytes.size, bytes.data);
    if (message == NULL) { /* protobuf-c does not tell exhausted memory apart from bad bytes */
        error = NRS_ERROR_MALFORMED;
        goto out;
    }
    error = walk(message, wire_check_form);
    if (error != NRS_OK) {
        goto out;
    }
    error = check_canonical(message, bytes);
    if (error != NRS_OK) {
        goto out;
    }
    error = walk(message, wire_check_rules);
    if (error != NRS_OK) {
        goto out;
    }
    *message_out = message;
    message = NULL;
out:
    message_free(message);
    return error;
}

static nrs_error message_encode(nrs_bytes *bytes_out, const ProtobufCMessage *message,
                                const ProtobufCMessageDescriptor *descriptor, size_t size_max)
{
    nrs_error error;

    NRS_ASSERT(bytes_out != NULL);
    NRS_ASSERT(message != NULL);
    NRS_ASSERT(message->descriptor == descriptor); /* the value was begun with its generated INIT */

    error = walk(message, wire_check_form);
    if (error != NRS_OK) {
        return error;
    }
    error = walk(message, wire_check_rules);
    if (error != NRS_OK) {
        return error;
    }
    return pack(bytes_out, message, size_max);
}

#define MESSAGE_DEFINE(name, type, prefix, size_max)                                                                   \
    nrs_error nrs_##name##_decode(nrs_##name **value_out, nrs_slice bytes)                                             \
    {                                                                                                                  \
        ProtobufCMessage *message = NULL;                                                                              \
        nrs_error error = message_decode(&message, &prefix##__descriptor, (size_max), bytes);                          \
                                                                                                                       \
        NRS_ASSERT(value_out != NULL);                                                                                 \
        if (error == NRS_OK) {                                                                                         \
            *value_out = (type *)message;                                                                              \
        }                                                                                                              \
        return error;                                                                                                  \
    }                                                                                                                  \
    nrs_error nrs_##name##_encode(nrs_bytes *bytes_out, const nrs_##name *value)                                       \
    {                                                                                                                  \
        NRS_ASSERT(value != NULL);                                                                                     \
        return message_encode(bytes_out, &value->base, &prefix##__descriptor, (size_max));                             \
    }                                                                                                                  \
    void nrs_##name##_free(nrs_##name **value)                                                                         \
    {                                                                                                                  \
        NRS_ASSERT(value != NULL);                                                                                     \
        message_free((ProtobufCMessage *)*value);                                                                      \
        *value = NULL;                                                                                                 \
    }
NRS_MESSAGES(MESSAGE_DEFINE)
#undef MESSAGE_DEFINE

nrs_slice nrs_field(const ProtobufCBinaryData *field)
{
    NRS_ASSERT(field != NULL);
    return nrs_slice_of(field->data, field->len);
}

ProtobufCBinaryData nrs_field_of(nrs_slice slice)
{
    /* protobuf-c has no const in its fields; encoding only reads. A union, for a cast would drop the qualifier. */
    union {
        const uint8_t *borrowed;
        uint8_t *field;
    } data = {.borrowed = slice.data};

    return (ProtobufCBinaryData){.len = slice.size, .data = data.field};
}

nrs_error nrs_record_wrap(nrs_bytes *record_out, nrs_record_type type, nrs_slice payload)
{
    nrs_record record = NRS__WIRE__RECORD__INIT;

    record.type = (uint32_t)type;
    record.payload = nrs_field_of(payload);
    return nrs_record_encode(record_out, &record);
}
