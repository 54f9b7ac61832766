/* Entries and head of an audit log on the disk (SPEC 13.3). */
#include <sodium.h>
#include <string.h>

#include "keys/audit.h"
#include "sealing/padded.h"
#include "proto/assert.h"
#include "proto/vocabulary.h"

static const nrs_size_classes entry_classes = {{192, 384}};
_Static_assert(NRS_AUDIT_ENTRY_SIZE_MAX + 4 <= 384, "the largest entry fits");

/* The head is entry 0 of no log. */
static void bind(uint8_t bound_out[NRS_HASH_SIZE], const uint8_t *log, uint64_t number)
{
    uint8_t text[NRS_AUDIT_LOG_ID_SIZE + 8];

    memcpy(text, log, NRS_AUDIT_LOG_ID_SIZE);
    for (size_t i = 0; i < 8; i++) {
        text[NRS_AUDIT_LOG_ID_SIZE + i] = (uint8_t)(number >> (8 * i));
    }
    nrs_hash_one(bound_out, NRS_DOMAIN_AUDIT_SEAL, nrs_slice_of(text, sizeof text));
}

nrs_error nrs_audit_seal(nrs_bytes *sealed_out, const nrs_secret *key, const uint8_t log[NRS_AUDIT_LOG_ID_SIZE], uint64_t number, nrs_slice entry)
{
    uint8_t nonce[NRS_NONCE_SIZE], bound[NRS_HASH_SIZE];
    const nrs_box_terms terms = {nrs_secret_view(key), nonce, nrs_slice_of(bound, sizeof bound)};
    nrs_bytes box = {0}, sealed = {0};
    nrs_error error;

    NRS_ASSERT(sealed_out != NULL && key != NULL && log != NULL && number > 0);

    randombytes_buf(nonce, sizeof nonce);
    bind(bound, log, number);
    error = nrs_padded_seal(&box, &entry_classes, entry, &terms);
    if (error == NRS_OK) {
        error = nrs_bytes_append(&sealed, nrs_slice_of(nonce, sizeof nonce));
    }
    if (error == NRS_OK) {
        error = nrs_bytes_append(&sealed, nrs_slice_of_bytes(&box));
    }
    if (error == NRS_OK) {
        nrs_bytes_wipe(sealed_out);
        *sealed_out = sealed;
        sealed = (nrs_bytes){0};
    }
    nrs_bytes_wipe(&sealed);
    nrs_bytes_wipe(&box);
    return error;
}

nrs_error nrs_audit_open(nrs_bytes *entry_out, const nrs_secret *key, const uint8_t log[NRS_AUDIT_LOG_ID_SIZE], uint64_t number, nrs_slice sealed)
{
    uint8_t nonce[NRS_NONCE_SIZE], bound[NRS_HASH_SIZE];
    const nrs_box_terms terms = {nrs_secret_view(key), nonce, nrs_slice_of(bound, sizeof bound)};
    nrs_reader reader = nrs_reader_over(sealed);
    nrs_bytes plain = {0}, entry = {0};
    nrs_slice content;
    nrs_error error;

    NRS_ASSERT(entry_out != NULL && key != NULL && log != NULL);

    if (nrs_read_copy(&reader, nonce, sizeof nonce) != NRS_OK) {
        return NRS_ERROR_DAMAGED;
    }
    bind(bound, log, number);
    error = nrs_padded_open(&plain, &content, &entry_classes, reader.left, &terms);
    if (error == NRS_OK) {
        error = nrs_bytes_copy(&entry, content);
    }
    if (error == NRS_OK) {
        nrs_bytes_wipe(entry_out);
        *entry_out = entry;
    } else if (error != NRS_ERROR_NO_MEMORY) {
        error = NRS_ERROR_DAMAGED;
    }
    nrs_bytes_wipe(&plain);
    return error;
}

/* ---- The head: log ‖ u64 size ‖ u64 checkpoint size ‖ u64 checkpoint time ‖ u64 cosigned size ‖ u64 alarm time ‖ u64 noted ‖ the peaks from the lowest level up ---- */

static const uint8_t no_log[NRS_AUDIT_LOG_ID_SIZE];

static nrs_error encode_head(nrs_bytes *text, const nrs_audit_head *head)
{
    nrs_error error = nrs_bytes_append(text, nrs_slice_of(head->log, sizeof head->log));

    if (error == NRS_OK) {
        error = nrs_bytes_append_u64(text, head->tree.size);
    }
    if (error == NRS_OK) {
        error = nrs_bytes_append_u64(text, head->checkpoint_size);
    }
    if (error == NRS_OK) {
        error = nrs_bytes_append_u64(text, head->checkpoint_ms);
    }
    if (error == NRS_OK) {
        error = nrs_bytes_append_u64(text, head->cosigned_size);
    }
    if (error == NRS_OK) {
        error = nrs_bytes_append_u64(text, head->alarm_ms);
    }
    if (error == NRS_OK) {
        error = nrs_bytes_append_u64(text, head->noted);
    }
    for (uint32_t level = 0; level < NRS_AUDIT_LEVEL_COUNT && error == NRS_OK; level++) {
        if (((head->tree.size >> level) & 1u) != 0) {
            error = nrs_bytes_append(text, nrs_slice_of(head->tree.peaks[level], NRS_HASH_SIZE));
        }
    }
    return error;
}

static nrs_error decode_head(nrs_audit_head *head_out, nrs_slice text)
{
    nrs_audit_head head = {0};
    nrs_reader reader = nrs_reader_over(text);
    nrs_error error = nrs_read_copy(&reader, head.log, sizeof head.log);

    if (error == NRS_OK) {
        error = nrs_read_u64(&reader, &head.tree.size);
    }
    if (error == NRS_OK) {
        error = nrs_read_u64(&reader, &head.checkpoint_size);
    }
    if (error == NRS_OK) {
        error = nrs_read_u64(&reader, &head.checkpoint_ms);
    }
    if (error == NRS_OK) {
        error = nrs_read_u64(&reader, &head.cosigned_size);
    }
    if (error == NRS_OK) {
        error = nrs_read_u64(&reader, &head.alarm_ms);
    }
    if (error == NRS_OK) {
        error = nrs_read_u64(&reader, &head.noted);
    }
    for (uint32_t level = 0; level < NRS_AUDIT_LEVEL_COUNT && error == NRS_OK; level++) {
        if (((head.tree.size >> level) & 1u) != 0) {
            error = nrs_read_copy(&reader, head.tree.peaks[level], NRS_HASH_SIZE);
        }
    }
    if (error == NRS_OK) {
        error = nrs_reader_end(&reader);
    }
    if (error == NRS_OK) {
        *head_out = head;
    }
    return error;
}

/* number: 0 for the head, 1 for what is kept beside the store. */
static nrs_error seal_text(nrs_bytes *sealed_out, const nrs_secret *key, uint64_t number, nrs_slice text)
{
    uint8_t bound[NRS_HASH_SIZE];
    nrs_bytes sealed = {0};
    nrs_error error = nrs_bytes_resize(&sealed, NRS_NONCE_SIZE + text.size + NRS_TAG_SIZE);

    if (error == NRS_OK) {
        const nrs_box_terms terms = {nrs_secret_view(key), sealed.data, nrs_slice_of(bound, sizeof bound)};

        randombytes_buf(sealed.data, NRS_NONCE_SIZE);
        bind(bound, no_log, number);
        nrs_box_seal(sealed.data + NRS_NONCE_SIZE, text, &terms);
        nrs_bytes_wipe(sealed_out);
        *sealed_out = sealed;
    }
    return error;
}

/* Out: text_out: the caller wipes. */
static nrs_error open_text(nrs_bytes *text_out, const nrs_secret *key, uint64_t number, nrs_slice sealed)
{
    uint8_t nonce[NRS_NONCE_SIZE], bound[NRS_HASH_SIZE];
    const nrs_box_terms terms = {nrs_secret_view(key), nonce, nrs_slice_of(bound, sizeof bound)};
    nrs_reader reader = nrs_reader_over(sealed);
    nrs_error error = nrs_read_copy(&reader, nonce, sizeof nonce);

    if (error != NRS_OK || reader.left.size <= NRS_TAG_SIZE) {
        return NRS_ERROR_DAMAGED;
    }
    bind(bound, no_log, number);
    error = nrs_bytes_resize(text_out, reader.left.size - NRS_TAG_SIZE);
    if (error != NRS_OK) {
        return error;
    }
    return nrs_box_open(text_out->data, reader.left, &terms) == NRS_OK ? NRS_OK : NRS_ERROR_DAMAGED;
}

nrs_error nrs_audit_head_seal(nrs_bytes *sealed_out, const nrs_secret *key, const nrs_audit_head *head)
{
    nrs_bytes text = {0};
    nrs_error error;

    NRS_ASSERT(sealed_out != NULL && key != NULL && head != NULL);

    error = encode_head(&text, head);
    if (error == NRS_OK) {
        error = seal_text(sealed_out, key, 0, nrs_slice_of_bytes(&text));
    }
    nrs_bytes_wipe(&text);
    return error;
}

nrs_error nrs_audit_head_open(nrs_audit_head *head_out, const nrs_secret *key, nrs_slice sealed)
{
    nrs_bytes text = {0};
    nrs_error error;

    NRS_ASSERT(head_out != NULL && key != NULL);

    error = open_text(&text, key, 0, sealed);
    if (error == NRS_OK) {
        error = decode_head(head_out, nrs_slice_of_bytes(&text)) == NRS_OK ? NRS_OK : NRS_ERROR_DAMAGED;
    }
    nrs_bytes_wipe(&text);
    return error;
}

/* ---- The note beside the store: u64 serial ‖ the log's key ‖ the head ---- */

nrs_error nrs_audit_note_seal(nrs_bytes *sealed_out, const nrs_secret *wrap_key, uint64_t serial, const nrs_secret *key, const nrs_audit_head *head)
{
    nrs_bytes text = {0};
    nrs_error error;

    NRS_ASSERT(sealed_out != NULL && wrap_key != NULL && key != NULL && nrs_secret_size(key) == NRS_KEY_SIZE && head != NULL);

    error = nrs_bytes_append_u64(&text, serial);
    if (error == NRS_OK) {
        error = nrs_bytes_append(&text, nrs_secret_slice(key));
    }
    if (error == NRS_OK) {
        error = encode_head(&text, head);
    }
    if (error == NRS_OK) {
        error = seal_text(sealed_out, wrap_key, 1, nrs_slice_of_bytes(&text));
    }
    nrs_bytes_wipe(&text);
    return error;
}

nrs_error nrs_audit_note_open(uint64_t *serial_out, nrs_secret **key_out, nrs_audit_head *head_out, const nrs_secret *wrap_key, nrs_slice sealed)
{
    nrs_bytes text = {0};
    nrs_reader reader;
    nrs_slice key;
    uint64_t serial = 0;
    nrs_error error;

    NRS_ASSERT(serial_out != NULL && key_out != NULL && head_out != NULL && wrap_key != NULL);

    error = open_text(&text, wrap_key, 1, sealed);
    if (error == NRS_OK) {
        reader = nrs_reader_over(nrs_slice_of_bytes(&text));
        error = nrs_read_u64(&reader, &serial) == NRS_OK && reader.left.size > NRS_KEY_SIZE ? NRS_OK : NRS_ERROR_DAMAGED;
    }
    if (error == NRS_OK) {
        key = nrs_slice_of(reader.left.data, NRS_KEY_SIZE);
        error = decode_head(head_out, nrs_slice_of(reader.left.data + NRS_KEY_SIZE, reader.left.size - NRS_KEY_SIZE)) == NRS_OK ? nrs_secret_copy(key_out, key)
                                                                                                                             : NRS_ERROR_DAMAGED;
    }
    if (error == NRS_OK) {
        *serial_out = serial;
    }
    nrs_bytes_wipe(&text);
    return error;
}

bool nrs_audit_begun_anew(const nrs_audit_entry *entry)
{
    NRS_ASSERT(entry != NULL);
    return entry->number == 1 && entry->event == NRS_AUDIT_ALARM && entry->rule == (uint32_t)NRS_ERROR_DAMAGED;
}

bool nrs_audit_tells_of_itself(const nrs_audit_entry *entry)
{
    return nrs_audit_begun_anew(entry) ||
           (entry->event == NRS_AUDIT_ALARM && entry->rule == (uint32_t)NRS_ERROR_REWRITTEN && entry->org[0] == '\0' && entry->about.len == 0);
}
