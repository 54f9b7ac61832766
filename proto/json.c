#include "proto/json.h"

#include <stdio.h>
#include <string.h>

#include "proto/assert.h"

enum { DIGITS_MAX = 18 }; /* so many fit into 64 bits, whatever they are */

nrs_json_reader nrs_json_over(nrs_slice text)
{
    NRS_ASSERT(text.data != NULL || text.size == 0);
    return (nrs_json_reader){.left = text};
}

bool nrs_json_is(nrs_slice name, const char *text)
{
    return name.size == strlen(text) && memcmp(name.data, text, name.size) == 0;
}

static void advance(nrs_json_reader *reader, size_t size)
{
    NRS_ASSERT(size <= reader->left.size);
    reader->left.data += size;
    reader->left.size -= size;
}

static void pass_space(nrs_json_reader *reader)
{
    while (reader->left.size > 0 && (reader->left.data[0] == ' ' || reader->left.data[0] == '\n' || reader->left.data[0] == '\r' ||
                                     reader->left.data[0] == '\t')) {
        advance(reader, 1);
    }
}

/* Whether this byte stands next, which is then passed. */
static bool pass(nrs_json_reader *reader, char byte)
{
    bool there = reader->left.size > 0 && reader->left.data[0] == (uint8_t)byte;

    if (there) {
        advance(reader, 1);
    }
    return there;
}

static bool pass_word(nrs_json_reader *reader, const char *word)
{
    size_t size = strlen(word);
    bool there = reader->left.size >= size && memcmp(reader->left.data, word, size) == 0;

    if (there) {
        advance(reader, size);
    }
    return there;
}

/* What stands behind a backslash, and what it means: '\0' for none of these. */
static char escape_of(uint8_t letter)
{
    static const char letters[] = "\"\\/bfnrt";
    static const char meanings[] = "\"\\/\b\f\n\r\t";
    const char *found = letter == '\0' ? NULL : strchr(letters, letter);

    return found == NULL ? '\0' : meanings[found - letters];
}

/* Behind the opening quotation mark. Control characters that JSON takes only escaped are no plain text either. */
static nrs_error take_text(nrs_json_reader *reader, nrs_slice *text_out, bool *escaped_out)
{
    const nrs_slice left = reader->left;
    const uint8_t *data = left.data;
    size_t size = 0;
    bool ascii = true, escaped = false;

    while (size < left.size && data[size] != '"' && data[size] >= 0x20) {
        ascii = ascii && data[size] < 0x7f;
        if (data[size] == '\\') {
            if (size + 1 == left.size || escape_of(data[size + 1]) == '\0') {
                return NRS_ERROR_MALFORMED;
            }
            escaped = true;
            size++;
        }
        size++;
    }
    if (size == left.size || data[size] != '"') {
        return NRS_ERROR_MALFORMED;
    }
    if (!ascii && !nrs_utf8_valid(nrs_slice_of(data, size))) {
        return NRS_ERROR_MALFORMED;
    }
    *text_out = nrs_slice_of(data, size);
    *escaped_out = escaped;
    advance(reader, size + 1);
    return NRS_OK;
}

size_t nrs_json_unescape(char *text_out, nrs_slice text)
{
    size_t size = 0;

    for (size_t i = 0; i < text.size; i++) {
        const bool escape = text.data[i] == '\\' && i + 1 < text.size;

        i += escape ? 1 : 0;
        text_out[size++] = escape ? escape_of(text.data[i]) : (char)text.data[i];
    }
    return size;
}

static nrs_error write_escape(nrs_bytes *out, uint8_t byte)
{
    static const char meanings[] = "\"\\\b\f\n\r\t";
    static const char letters[] = "\"\\bfnrt";
    const char *found = byte == '\0' ? NULL : strchr(meanings, byte);
    char escape[8];
    int size = found != NULL ? snprintf(escape, sizeof escape, "\\%c", letters[found - meanings]) : snprintf(escape, sizeof escape, "\\u%04X", byte);

    return nrs_bytes_append(out, nrs_slice_of(escape, (size_t)size));
}

nrs_error nrs_json_write_text(nrs_bytes *out, nrs_slice text)
{
    nrs_error error = nrs_bytes_append_u8(out, '"');

    for (size_t done = 0; error == NRS_OK && done < text.size;) {
        size_t next = done;

        while (next < text.size && text.data[next] >= 0x20 && text.data[next] != '"' && text.data[next] != '\\') {
            next++;
        }
        error = nrs_bytes_append(out, nrs_slice_of(text.data + done, next - done));
        if (error == NRS_OK && next < text.size) {
            error = write_escape(out, text.data[next]);
            next++;
        }
        done = next;
    }
    return error == NRS_OK ? nrs_bytes_append_u8(out, '"') : error;
}

static nrs_error take_number(nrs_json_reader *reader, int64_t *number_out)
{
    bool negative = pass(reader, '-');
    const uint8_t *data = reader->left.data;
    int64_t number = 0;
    size_t size = 0;

    while (size < reader->left.size && data[size] >= '0' && data[size] <= '9') {
        if (size == DIGITS_MAX) {
            return NRS_ERROR_MALFORMED;
        }
        number = number * 10 + (data[size] - '0');
        size++;
    }
    if (size == 0 || (data[0] == '0' && (size > 1 || negative)) ||
        (size < reader->left.size && strchr(".eE", data[size]) != NULL)) {
        return NRS_ERROR_MALFORMED;
    }
    advance(reader, size);
    *number_out = negative ? -number : number;
    return NRS_OK;
}

static nrs_error open_level(nrs_json_reader *reader, bool object)
{
    if (reader->depth == NRS_JSON_DEPTH_MAX) {
        return NRS_ERROR_MALFORMED;
    }
    reader->in_object[reader->depth++] = object;
    reader->begun = false;
    return NRS_OK;
}

static nrs_error take_value(nrs_json_reader *reader, nrs_json_value *value)
{
    if (pass(reader, '"')) {
        value->kind = NRS_JSON_TEXT;
        return take_text(reader, &value->text, &value->escaped);
    }
    if (pass(reader, '{')) {
        value->kind = NRS_JSON_OBJECT;
        return open_level(reader, true);
    }
    if (pass(reader, '[')) {
        value->kind = NRS_JSON_ARRAY;
        return open_level(reader, false);
    }
    if (pass_word(reader, "true")) {
        value->kind = NRS_JSON_TRUE;
    } else if (pass_word(reader, "false")) {
        value->kind = NRS_JSON_FALSE;
    } else if (pass_word(reader, "null")) {
        value->kind = NRS_JSON_NULL;
    } else {
        value->kind = NRS_JSON_NUMBER;
        return take_number(reader, &value->number);
    }
    return NRS_OK;
}

/* The end of the innermost object or array, if it stands next. */
static bool take_end(nrs_json_reader *reader)
{
    if (reader->depth == 0 || !pass(reader, reader->in_object[reader->depth - 1] ? '}' : ']')) {
        return false;
    }
    reader->depth--;
    reader->begun = true;
    reader->done = reader->depth == 0;
    return true;
}

/* The name of a member and its colon. */
static nrs_error take_name(nrs_json_reader *reader, nrs_slice *name_out)
{
    bool escaped = false;
    nrs_error error = pass(reader, '"') ? take_text(reader, name_out, &escaped) : NRS_ERROR_MALFORMED;

    pass_space(reader);
    if (error == NRS_OK && (escaped || !pass(reader, ':'))) {
        error = NRS_ERROR_MALFORMED;
    }
    pass_space(reader);
    return error;
}

nrs_error nrs_json_next(nrs_json_reader *reader, nrs_json_value *value_out)
{
    nrs_json_value value = {.kind = NRS_JSON_DONE};
    nrs_error error = NRS_OK;

    NRS_ASSERT(reader != NULL && value_out != NULL);
    pass_space(reader);
    if (reader->done) {
        *value_out = value;
        return reader->left.size == 0 ? NRS_OK : NRS_ERROR_MALFORMED;
    }
    if (take_end(reader)) {
        value_out->kind = NRS_JSON_END;
        return NRS_OK;
    }
    if (reader->depth > 0 && reader->begun) {
        error = pass(reader, ',') ? NRS_OK : NRS_ERROR_MALFORMED;
        pass_space(reader);
    }
    reader->begun = true;
    if (error == NRS_OK && reader->depth > 0 && reader->in_object[reader->depth - 1]) {
        error = take_name(reader, &value.name);
    }
    if (error == NRS_OK) {
        error = take_value(reader, &value);
    }
    if (error == NRS_OK) {
        reader->done = reader->depth == 0;
        *value_out = value;
    }
    return error;
}

nrs_error nrs_json_skip(nrs_json_reader *reader, size_t *count_out)
{
    const size_t depth = reader->depth;
    nrs_json_value value = {.kind = NRS_JSON_NULL};
    nrs_error error = NRS_OK;
    size_t count = 0;

    NRS_ASSERT(depth > 0);
    while (error == NRS_OK && reader->depth >= depth) {
        const bool inside = reader->depth == depth;

        error = nrs_json_next(reader, &value);
        count += error == NRS_OK && inside && value.kind != NRS_JSON_END ? 1 : 0;
    }
    if (error == NRS_OK) {
        *count_out = count;
    }
    return error;
}
