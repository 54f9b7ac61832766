#include "proto/bytes.h"

#include <stdlib.h>
#include <string.h>

#include "proto/assert.h"

enum { CAPACITY_MIN = 64 };

/* Stores through a volatile pointer are never dropped, even though the memory is freed right afterwards. */
void nrs_memory_wipe(void *data, size_t size)
{
    if (size > 0) {
        memset(data, 0, size);
        __asm__ __volatile__("" : : "r"(data) : "memory"); /* the compiler may not take the bytes for dead */
    }
}

static void copy(uint8_t *out, const uint8_t *data, size_t size)
{
    if (size > 0) { /* memcpy from NULL is undefined even for no bytes */
        memcpy(out, data, size);
    }
}

nrs_slice nrs_slice_of(const void *data, size_t size)
{
    NRS_ASSERT(data != NULL || size == 0);
    return (nrs_slice){.data = data, .size = size};
}

nrs_slice nrs_slice_of_string(const char *text)
{
    NRS_ASSERT(text != NULL);
    return (nrs_slice){.data = (const uint8_t *)text, .size = strlen(text)};
}

nrs_slice nrs_slice_of_bytes(const nrs_bytes *bytes)
{
    NRS_ASSERT(bytes != NULL);
    return (nrs_slice){.data = bytes->data, .size = bytes->size};
}

bool nrs_slice_equal(nrs_slice a, nrs_slice b)
{
    return a.size == b.size && (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}

/* realloc would leave the old bytes behind, which may be secret: copy, wipe and free by hand. */
static nrs_error replace_buffer(nrs_bytes *bytes, size_t capacity, nrs_slice appended)
{
    uint8_t *data = malloc(capacity);

    if (data == NULL) {
        return NRS_ERROR_NO_MEMORY;
    }
    NRS_ASSERT(bytes->size + appended.size <= capacity);
    copy(data, bytes->data, bytes->size);
    copy(data + bytes->size, appended.data, appended.size);
    nrs_memory_wipe(bytes->data, bytes->capacity);
    free(bytes->data);
    bytes->data = data;
    bytes->size += appended.size;
    bytes->capacity = capacity;
    return NRS_OK;
}

nrs_error nrs_bytes_append(nrs_bytes *bytes, nrs_slice slice)
{
    size_t capacity;

    NRS_ASSERT(bytes != NULL);
    NRS_ASSERT(bytes->size <= bytes->capacity);
    NRS_ASSERT(slice.data != NULL || slice.size == 0);

    if (slice.size <= bytes->capacity - bytes->size) {
        if (slice.size > 0) {
            memmove(bytes->data + bytes->size, slice.data, slice.size);
            bytes->size += slice.size;
        }
        return NRS_OK;
    }
    if (slice.size > SIZE_MAX / 4 - bytes->size) {
        return NRS_ERROR_NO_MEMORY;
    }
    capacity = (bytes->size + slice.size) * 2;
    return replace_buffer(bytes, capacity < CAPACITY_MIN ? CAPACITY_MIN : capacity, slice);
}

nrs_error nrs_bytes_append_u8(nrs_bytes *bytes, uint8_t value)
{
    return nrs_bytes_append(bytes, nrs_slice_of(&value, 1));
}

nrs_error nrs_bytes_append_u32(nrs_bytes *bytes, uint32_t value)
{
    uint8_t data[4];

    for (unsigned i = 0; i < sizeof data; i++) {
        data[i] = (uint8_t)(value >> (8 * i));
    }
    return nrs_bytes_append(bytes, nrs_slice_of(data, sizeof data));
}

nrs_error nrs_bytes_append_u64(nrs_bytes *bytes, uint64_t value)
{
    uint8_t data[8];

    for (unsigned i = 0; i < sizeof data; i++) {
        data[i] = (uint8_t)(value >> (8 * i));
    }
    return nrs_bytes_append(bytes, nrs_slice_of(data, sizeof data));
}

nrs_error nrs_bytes_append_prefixed(nrs_bytes *bytes, nrs_slice slice)
{
    nrs_error error;
    size_t size_before;

    NRS_ASSERT(bytes != NULL);
    if (slice.size > UINT32_MAX) {
        return NRS_ERROR_NO_MEMORY;
    }
    size_before = bytes->size;
    error = nrs_bytes_append_u32(bytes, (uint32_t)slice.size);
    if (error != NRS_OK) {
        return error;
    }
    error = nrs_bytes_append(bytes, slice);
    if (error != NRS_OK) {
        bytes->size = size_before; /* half an entry would be a different transcript */
    }
    return error;
}

nrs_error nrs_bytes_resize(nrs_bytes *bytes, size_t size)
{
    NRS_ASSERT(bytes != NULL);
    NRS_ASSERT(bytes->size <= bytes->capacity);

    if (size > bytes->capacity) {
        nrs_error error = replace_buffer(bytes, size, (nrs_slice){0});

        if (error != NRS_OK) {
            return error;
        }
    }
    if (size > bytes->size) {
        memset(bytes->data + bytes->size, 0, size - bytes->size);
    } else if (size < bytes->size) {
        nrs_memory_wipe(bytes->data + size, bytes->size - size);
    }
    bytes->size = size;
    return NRS_OK;
}

nrs_error nrs_bytes_copy(nrs_bytes *bytes_out, nrs_slice slice)
{
    nrs_bytes made = {0};
    nrs_error error;

    NRS_ASSERT(bytes_out != NULL);
    NRS_ASSERT(slice.data != NULL || slice.size == 0);

    if (slice.size > 0) {
        error = replace_buffer(&made, slice.size, slice);
        if (error != NRS_OK) {
            return error;
        }
    }
    nrs_bytes_wipe(bytes_out);
    *bytes_out = made;
    return NRS_OK;
}

void nrs_bytes_wipe(nrs_bytes *bytes)
{
    NRS_ASSERT(bytes != NULL);
    nrs_memory_wipe(bytes->data, bytes->capacity);
    free(bytes->data);
    *bytes = (nrs_bytes){0};
}

nrs_reader nrs_reader_over(nrs_slice slice)
{
    NRS_ASSERT(slice.data != NULL || slice.size == 0);
    return (nrs_reader){.left = slice};
}

/* The one place where a reader advances. */
static nrs_error take(nrs_reader *reader, size_t size, nrs_slice *slice_out)
{
    NRS_ASSERT(reader != NULL);
    if (size > reader->left.size) {
        return NRS_ERROR_MALFORMED;
    }
    *slice_out = (nrs_slice){.data = reader->left.data, .size = size};
    if (size > 0) {
        reader->left.data += size;
        reader->left.size -= size;
    }
    return NRS_OK;
}

nrs_error nrs_read_u8(nrs_reader *reader, uint8_t *value_out)
{
    nrs_slice slice;
    nrs_error error = take(reader, 1, &slice);

    if (error == NRS_OK) {
        *value_out = slice.data[0];
    }
    return error;
}

nrs_error nrs_read_u32(nrs_reader *reader, uint32_t *value_out)
{
    nrs_slice slice;
    nrs_error error = take(reader, 4, &slice);

    if (error == NRS_OK) {
        uint32_t value = 0;

        for (unsigned i = 0; i < 4; i++) {
            value |= (uint32_t)slice.data[i] << (8 * i);
        }
        *value_out = value;
    }
    return error;
}

nrs_error nrs_read_u64(nrs_reader *reader, uint64_t *value_out)
{
    nrs_slice slice;
    nrs_error error = take(reader, 8, &slice);

    if (error == NRS_OK) {
        uint64_t value = 0;

        for (unsigned i = 0; i < 8; i++) {
            value |= (uint64_t)slice.data[i] << (8 * i);
        }
        *value_out = value;
    }
    return error;
}

nrs_error nrs_read_copy(nrs_reader *reader, uint8_t *out, size_t size)
{
    nrs_slice slice;
    nrs_error error = take(reader, size, &slice);

    if (error == NRS_OK) {
        copy(out, slice.data, size);
    }
    return error;
}

nrs_error nrs_read_prefixed(nrs_reader *reader, nrs_slice *slice_out)
{
    nrs_reader ahead = *reader; /* so that a length without its bytes leaves the reader where it was */
    uint32_t size;
    nrs_error error = nrs_read_u32(&ahead, &size);

    if (error != NRS_OK) {
        return error;
    }
    error = take(&ahead, size, slice_out);
    if (error == NRS_OK) {
        *reader = ahead;
    }
    return error;
}

nrs_error nrs_reader_end(const nrs_reader *reader)
{
    NRS_ASSERT(reader != NULL);
    return reader->left.size == 0 ? NRS_OK : NRS_ERROR_MALFORMED;
}
