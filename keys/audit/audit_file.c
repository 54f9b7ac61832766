/* The exported form of an audit log, line by line (SPEC 13.5). */
#include <string.h>

#include "keys/audit_check.h"
#include "proto/assert.h"

enum { WORD_SIZE_MAX = 16, NUMBER_SIZE_MAX = 20 };

/* The bytes up to the next space, and what is behind it. */
static nrs_slice cut_word(nrs_slice *rest)
{
    nrs_slice word = *rest;

    for (size_t i = 0; i < rest->size; i++) {
        if (rest->data[i] == ' ') {
            word.size = i;
            break;
        }
    }
    *rest = nrs_slice_of(rest->data + word.size, rest->size - word.size);
    if (rest->size > 0) {
        *rest = nrs_slice_of(rest->data + 1, rest->size - 1);
    }
    return word;
}

static nrs_error read_number(uint64_t *number_out, nrs_slice text)
{
    uint64_t number = 0;

    if (text.size == 0 || text.size > NUMBER_SIZE_MAX - 1) { /* no overflow with 19 digits */
        return NRS_ERROR_MALFORMED;
    }
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] < '0' || text.data[i] > '9') {
            return NRS_ERROR_MALFORMED;
        }
        number = 10 * number + (uint64_t)(text.data[i] - '0');
    }
    *number_out = number;
    return NRS_OK;
}

static nrs_error read_hex(uint8_t *data_out, size_t size, nrs_slice text)
{
    char digits[2 * NRS_HASH_SIZE + 1] = "";

    NRS_ASSERT(2 * size < sizeof digits);
    if (text.size != 2 * size) {
        return NRS_ERROR_MALFORMED;
    }
    memcpy(digits, text.data, text.size);
    return nrs_hex_decode(data_out, size, digits);
}

static nrs_error take_node(nrs_audit_check *check, nrs_slice value)
{
    nrs_bytes key = {0};
    nrs_error error = nrs_base64_decode(&key, value);

    if (error == NRS_OK && key.size != NRS_KEY_SIZE) {
        error = NRS_ERROR_MALFORMED;
    }
    if (error == NRS_OK) {
        memcpy(check->keys[0], key.data, NRS_KEY_SIZE);
        check->key_count = 1;
    }
    nrs_bytes_wipe(&key);
    return error;
}

static nrs_error take_log(nrs_audit_check *check, nrs_slice value)
{
    return read_hex(check->log, sizeof check->log, value);
}

static nrs_error take_end(nrs_audit_check *check, nrs_slice value)
{
    nrs_slice number = cut_word(&value), root = cut_word(&value), checkpoint = cut_word(&value);
    nrs_error error = read_number(&check->end_size, number);

    if (error == NRS_OK) {
        error = read_hex(check->end_root, sizeof check->end_root, root);
    }
    if (error == NRS_OK) {
        error = read_number(&check->end_checkpoint, checkpoint);
    }
    return error == NRS_OK ? read_number(&check->end_cosigned, value) : error;
}

static nrs_error take_leaf(nrs_audit_check *check, nrs_slice value)
{
    nrs_slice text = cut_word(&value);
    uint8_t leaf[NRS_HASH_SIZE];
    uint64_t number;
    nrs_error error = read_number(&number, text);

    if (error == NRS_OK) {
        error = number == 0 ? NRS_ERROR_MALFORMED : read_hex(leaf, sizeof leaf, value);
    }
    if (error == NRS_OK) {
        nrs_audit_check_leaf(check, number, leaf);
    }
    return error;
}

static nrs_error take_bytes(nrs_audit_check *check, nrs_slice value, nrs_error (*take)(nrs_audit_check *, nrs_slice))
{
    nrs_bytes bytes = {0};
    nrs_error error = nrs_base64_decode(&bytes, value);

    if (error == NRS_OK) {
        error = take(check, nrs_slice_of_bytes(&bytes));
    }
    nrs_bytes_wipe(&bytes);
    return error;
}

static nrs_error take_succession(nrs_audit_check *check, nrs_slice value)
{
    nrs_error error = check->last_number > 0 ? NRS_ERROR_MALFORMED : take_bytes(check, value, nrs_audit_check_succession);

    return error == NRS_ERROR_LIMIT ? NRS_ERROR_MALFORMED : error;
}

static nrs_error take_entry(nrs_audit_check *check, nrs_slice value)
{
    return take_bytes(check, value, nrs_audit_check_entry);
}

static nrs_error take_checkpoint(nrs_audit_check *check, nrs_slice value)
{
    return take_bytes(check, value, nrs_audit_check_checkpoint);
}

static nrs_error take_cosignature(nrs_audit_check *check, nrs_slice value)
{
    return take_bytes(check, value, nrs_audit_check_cosignature);
}

/* Another build may write another form: that is said, rather than that the file is none. */
static nrs_error take_head(nrs_audit_check *check, nrs_slice line)
{
    const nrs_slice name = nrs_slice_of_string(NRS_AUDIT_FILE_NAME);

    if (line.size <= name.size || memcmp(line.data, name.data, name.size) != 0 ||
        read_number(&check->form, nrs_slice_of(line.data + name.size, line.size - name.size)) != NRS_OK) {
        return NRS_ERROR_MALFORMED;
    }
    return nrs_slice_equal(line, nrs_slice_of_string(NRS_AUDIT_FILE_HEAD)) ? NRS_OK : NRS_ERROR_UNKNOWN_SUITE;
}

/* The first four lines stand in this order; the others as they come. */
nrs_error nrs_audit_check_line(nrs_audit_check *check, nrs_slice line)
{
    static const struct {
        const char *word;
        nrs_error (*take)(nrs_audit_check *check, nrs_slice value);
    } lines[] = {
        {"node", take_node}, {"log", take_log}, {"end", take_end}, {"succession", take_succession}, {"entry", take_entry},
        {"leaf", take_leaf}, {"checkpoint", take_checkpoint}, {"cosignature", take_cosignature},
    };
    const size_t head_count = 3, line_count = sizeof lines / sizeof lines[0];
    nrs_slice value = line;
    nrs_slice word;
    size_t first, last;

    NRS_ASSERT(check != NULL);

    if (check->line_count == 0) {
        check->line_count++;
        return take_head(check, line);
    }
    word = cut_word(&value);
    first = check->line_count <= head_count ? check->line_count - 1 : head_count;
    last = check->line_count <= head_count ? check->line_count : line_count;
    for (size_t i = first; i < last; i++) {
        if (nrs_slice_equal(word, nrs_slice_of_string(lines[i].word))) {
            check->line_count++;
            return lines[i].take(check, value);
        }
    }
    return NRS_ERROR_MALFORMED;
}
