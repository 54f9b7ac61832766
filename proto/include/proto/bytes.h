/* Bytes: a borrowed slice, an owned buffer, and the bounded writer and reader that are the only way to lay out or
 * take apart bytes by hand (transcripts, key files, padded bodies). Integers are little-endian. */
#ifndef PROTO_BYTES_H
#define PROTO_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/error.h"

/** Borrowed bytes. data may be NULL only when size is 0. */
typedef struct nrs_slice {
    const uint8_t *data;
    size_t size;
} nrs_slice;

/** Owned bytes on the heap; nrs_bytes_wipe frees. A zeroed struct is empty and valid. */
typedef struct nrs_bytes {
    uint8_t *data;
    size_t size;
    size_t capacity;
} nrs_bytes;

nrs_slice nrs_slice_of(const void *data, size_t size);
nrs_slice nrs_slice_of_string(const char *text);
nrs_slice nrs_slice_of_bytes(const nrs_bytes *bytes);
bool nrs_slice_equal(nrs_slice a, nrs_slice b); /* not in constant time: for public values only */

/** Append. Returns NRS_ERROR_NO_MEMORY; bytes is then unchanged. */
NRS_MUST_USE nrs_error nrs_bytes_append(nrs_bytes *bytes, nrs_slice slice);
NRS_MUST_USE nrs_error nrs_bytes_append_u8(nrs_bytes *bytes, uint8_t value);
NRS_MUST_USE nrs_error nrs_bytes_append_u32(nrs_bytes *bytes, uint32_t value);
NRS_MUST_USE nrs_error nrs_bytes_append_u64(nrs_bytes *bytes, uint64_t value);
/** Append a 32-bit length, then the bytes: the only form in which variable-sized fields enter a transcript. */
NRS_MUST_USE nrs_error nrs_bytes_append_prefixed(nrs_bytes *bytes, nrs_slice slice);
/** Grow to exactly `size` bytes, new ones zero. */
NRS_MUST_USE nrs_error nrs_bytes_resize(nrs_bytes *bytes, size_t size);
NRS_MUST_USE nrs_error nrs_bytes_copy(nrs_bytes *bytes_out, nrs_slice slice);
/** Overwrite with zeros, free, and leave an empty buffer. Safe on an empty one. */
void nrs_bytes_wipe(nrs_bytes *bytes);
/** Overwrite memory that may hold a secret with zeros; the compiler cannot drop it. */
void nrs_memory_wipe(void *data, size_t size);

/** A cursor over borrowed bytes. Every read checks the bound and returns NRS_ERROR_MALFORMED past the end. */
typedef struct nrs_reader {
    nrs_slice left;
} nrs_reader;
nrs_reader nrs_reader_over(nrs_slice slice);
NRS_MUST_USE nrs_error nrs_read_u8(nrs_reader *reader, uint8_t *value_out);
NRS_MUST_USE nrs_error nrs_read_u32(nrs_reader *reader, uint32_t *value_out);
NRS_MUST_USE nrs_error nrs_read_u64(nrs_reader *reader, uint64_t *value_out);
/** Copy exactly `size` bytes. */
NRS_MUST_USE nrs_error nrs_read_copy(nrs_reader *reader, uint8_t *out, size_t size);
NRS_MUST_USE nrs_error nrs_read_prefixed(nrs_reader *reader, nrs_slice *slice_out);
/** NRS_ERROR_MALFORMED unless everything was read. */
NRS_MUST_USE nrs_error nrs_reader_end(const nrs_reader *reader);

/** Lower-case hexadecimal; text_out holds 2 * size + 1 characters. */
void nrs_hex_encode(char *text_out, const uint8_t *data, size_t size);
/** Decodes exactly `size` bytes from 2 * size lower-case digits. Returns NRS_ERROR_MALFORMED. */
NRS_MUST_USE nrs_error nrs_hex_decode(uint8_t *data_out, size_t size, const char *text);
/** Standard base64 with padding; the string is owned by the caller (free). */
NRS_MUST_USE nrs_error nrs_base64_encode(char **text_out, nrs_slice data);
/** Strict: no white space, canonical padding. Returns NRS_ERROR_MALFORMED. */
NRS_MUST_USE nrs_error nrs_base64_decode(nrs_bytes *data_out, nrs_slice text);
/** Z85 (ZeroMQ RFC 32) of a 32-byte key: 40 characters and a zero. */
void nrs_z85_encode_key(char text_out[41], const uint8_t key[32]);
NRS_MUST_USE nrs_error nrs_z85_decode_key(uint8_t key_out[32], const char *text);

/** True for well-formed UTF-8 without NUL and without control characters other than tab, LF and CR. */
bool nrs_utf8_valid(nrs_slice text);
/** Whether there is nothing in it but blanks: code points of White_Space or Default_Ignorable_Code_Point (SPEC 5.2). True of an empty text; false of
 *  what is not UTF-8. */
bool nrs_utf8_blank(nrs_slice text);

#endif
