/* The strict codec (SPEC 3): protobuf-c reads and writes, and what it lets through is refused here. */
#include "proto/wire.h"

#include <stdbool.h>
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

/* ---- The arena of one decoded value ----
 *
 * Everything that unpacking allocates comes from one chunk, seldom two, so that a value is wiped and freed whole. The first
 * thing protobuf-c asks for is the message itself, which therefore stands right behind the arena's head. */

enum { ARENA_ALIGNMENT = 16, ARENA_SLACK = 768 };

typedef struct chunk {
    struct chunk *next;
    size_t size;
    size_t used;
    size_t unused_for_alignment;
} chunk;

_Static_assert(sizeof(chunk) % ARENA_ALIGNMENT == 0, "what follows a chunk's head is aligned");

typedef struct arena {
    chunk *first;
    chunk *current;
    size_t chunk_size;
    bool exhausted; /* the machine had no more; protobuf-c does not tell that apart from bad bytes */
} arena;

static void *arena_alloc(void *context, size_t size)
{
    arena *self = context;
    size_t rounded = (size + ARENA_ALIGNMENT - 1) / ARENA_ALIGNMENT * ARENA_ALIGNMENT;
    chunk *current = self->current;

    if (rounded < size) {
        return NULL;
    }
    if (current == NULL || current->size - current->used < rounded) {
        size_t room = rounded > self->chunk_size ? rounded : self->chunk_size;
        chunk *fresh = malloc(sizeof(chunk) + room);

        if (fresh == NULL) {
            self->exhausted = true;
            return NULL;
        }
        *fresh = (chunk){.size = room};
        if (current == NULL) {
            self->first = fresh;
        } else {
            current->next = fresh;
        }
        self->current = current = fresh;
    }
    current->used += rounded;
    return (uint8_t *)(current + 1) + current->used - rounded;
}

static void arena_keep(void *context, void *data)
{
    (void)context, (void)data; /* freed with the arena */
}

static void arena_free(chunk *first)
{
    while (first != NULL) {
        chunk *next = first->next;

        nrs_memory_wipe(first, sizeof(chunk) + first->used);
        free(first);
        first = next;
    }
}

static void message_free(ProtobufCMessage *message)
{
    if (message != NULL) {
        arena_free((chunk *)(void *)message - 1);
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

/* ---- Canonical form ---- */

typedef struct comparison {
    ProtobufCBuffer base;
    nrs_slice left;
    bool equal;
} comparison;

/* Takes what packing writes, and holds it against what was read. */
static void compare_append(ProtobufCBuffer *buffer, size_t size, const uint8_t *data)
{
    comparison *self = (comparison *)(void *)buffer;

    self->equal = self->equal && size <= self->left.size && (size == 0 || memcmp(self->left.data, data, size) == 0);
    if (self->equal && size > 0) {
        self->left = nrs_slice_of(self->left.data + size, self->left.size - size);
    }
}

/* Whether the bytes are the one way in which the message is written: fields in their order, shortest numbers, nothing
 * twice. */
static nrs_error check_canonical(const ProtobufCMessage *message, nrs_slice bytes)
{
    comparison again = {.base = {.append = compare_append}, .left = bytes, .equal = true};

    (void)protobuf_c_message_pack_to_buffer(message, &again.base);
    return again.equal && again.left.size == 0 ? NRS_OK : NRS_ERROR_NOT_CANONICAL;
}

static nrs_error message_decode(ProtobufCMessage **message_out, const ProtobufCMessageDescriptor *descriptor,
                                size_t size_max, nrs_slice bytes)
{
    arena memory = {.chunk_size = bytes.size + ARENA_SLACK};
    ProtobufCAllocator allocator = {.alloc = arena_alloc, .free = arena_keep, .allocator_data = &memory};
    ProtobufCMessage *message = NULL;
    nrs_error error;

    NRS_ASSERT(message_out != NULL);
    NRS_ASSERT(bytes.data != NULL || bytes.size == 0);

    if (bytes.size > size_max) {
        error = NRS_ERROR_TOO_LARGE;
        goto out;
    }
    message = protobuf_c_message_unpack(descriptor, &allocator, bytes.size, bytes.data);
    if (message == NULL) {
        error = memory.exhausted ? NRS_ERROR_NO_MEMORY : NRS_ERROR_MALFORMED;
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
    NRS_ASSERT((const void *)message == (const void *)(memory.first + 1));
    *message_out = message;
    memory.first = NULL;
out:
    arena_free(memory.first);
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
