#include "proto/armour.h"

#include <stdlib.h>
#include <string.h>

#include "proto/assert.h"
#include "proto/limits.h"

enum { LINE_SIZE_MAX = 64, TYPE_SIZE_MAX = 32 };

/* A message of the largest size fits after base64 and line ends have grown it. */
#define TEXT_SIZE_MAX ((size_t)NRS_CEREMONY_FILE_SIZE_MAX)

/* Append "-----BEGIN NOROSHI CARD-----". */
static nrs_error append_border(nrs_bytes *text, const char *word, const char *type)
{
    const char *const parts[] = {"-----", word, " NOROSHI ", type, "-----"};
    nrs_error error = NRS_OK;

    NRS_ASSERT(type != NULL && strlen(type) <= TYPE_SIZE_MAX);
    for (size_t i = 0; error == NRS_OK && i < sizeof parts / sizeof parts[0]; i++) {
        error = nrs_bytes_append(text, nrs_slice_of_string(parts[i]));
    }
    return error;
}

static nrs_error append_lines(nrs_bytes *text, const char *base64)
{
    size_t left = strlen(base64);
    nrs_error error = NRS_OK;

    while (error == NRS_OK && left > 0) {
        size_t size = left < LINE_SIZE_MAX ? left : LINE_SIZE_MAX;

        error = nrs_bytes_append(text, nrs_slice_of(base64, size));
        if (error == NRS_OK) {
            error = nrs_bytes_append_u8(text, '\n');
        }
        base64 += size;
        left -= size;
    }
    return error;
}

nrs_error nrs_armour_encode(char **text_out, const char *type, nrs_slice data)
{
    nrs_bytes text = {0};
    char *base64 = NULL;
    nrs_error error;

    NRS_ASSERT(text_out != NULL);

    error = nrs_base64_encode(&base64, data);
    if (error != NRS_OK) {
        goto out;
    }
    error = append_border(&text, "BEGIN", type);
    if (error != NRS_OK) {
        goto out;
    }
    error = nrs_bytes_append_u8(&text, '\n');
    if (error != NRS_OK) {
        goto out;
    }
    error = append_lines(&text, base64);
    if (error != NRS_OK) {
        goto out;
    }
    error = append_border(&text, "END", type);
    if (error != NRS_OK) {
        goto out;
    }
    error = nrs_bytes_append(&text, nrs_slice_of("\n", 2)); /* with the terminating zero */
    if (error != NRS_OK) {
        goto out;
    }
    *text_out = (char *)text.data;
    text = (nrs_bytes){0};
out:
    if (base64 != NULL) { /* a key file passes here */
        nrs_bytes copy = {(uint8_t *)base64, strlen(base64), strlen(base64) + 1};

        nrs_bytes_wipe(&copy);
    }
    nrs_bytes_wipe(&text);
    return error;
}

/* Take one line without its end, which is LF, CRLF or the end of the text. False when nothing is left. */
static bool take_line(nrs_slice *line_out, nrs_slice *text)
{
    const uint8_t *end;
    size_t size;

    if (text->size == 0) {
        return false;
    }
    end = memchr(text->data, '\n', text->size);
    size = end == NULL ? text->size : (size_t)(end - text->data);
    *line_out = nrs_slice_of(text->data, size);
    if (size > 0 && text->data[size - 1] == '\r') {
        line_out->size--;
    }
    size += end == NULL ? 0 : 1;
    text->data += size;
    text->size -= size;
    return true;
}

/* The first line that is not blank. */
static bool take_full_line(nrs_slice *line_out, nrs_slice *text)
{
    while (take_line(line_out, text)) {
        if (line_out->size > 0) {
            return true;
        }
    }
    return false;
}

/* Everything between the borders, which must be full lines but for the last. */
static nrs_error gather(nrs_bytes *base64, nrs_slice *text, nrs_slice end)
{
    bool last = false;
    nrs_slice line;

    while (take_line(&line, text)) {
        nrs_error error;

        if (nrs_slice_equal(line, end)) {
            return take_full_line(&line, text) ? NRS_ERROR_MALFORMED : NRS_OK;
        }
        if (last || line.size == 0 || line.size > LINE_SIZE_MAX) {
            return NRS_ERROR_MALFORMED;
        }
        last = line.size < LINE_SIZE_MAX;
        error = nrs_bytes_append(base64, line);
        if (error != NRS_OK) {
            return error;
        }
    }
    return NRS_ERROR_MALFORMED; /* the end is missing */
}

nrs_error nrs_armour_decode(nrs_bytes *data_out, const char *type, nrs_slice text)
{
    nrs_bytes begin = {0}, end = {0}, base64 = {0};
    nrs_slice line;
    nrs_error error;

    NRS_ASSERT(data_out != NULL);
    NRS_ASSERT(text.data != NULL || text.size == 0);

    if (text.size > TEXT_SIZE_MAX) {
        error = NRS_ERROR_TOO_LARGE;
        goto out;
    }
    error = append_border(&begin, "BEGIN", type);
    if (error != NRS_OK) {
        goto out;
    }
    error = append_border(&end, "END", type);
    if (error != NRS_OK) {
        goto out;
    }
    if (!take_full_line(&line, &text) || !nrs_slice_equal(line, nrs_slice_of_bytes(&begin))) {
        error = NRS_ERROR_MALFORMED;
        goto out;
    }
    error = gather(&base64, &text, nrs_slice_of_bytes(&end));
    if (error != NRS_OK) {
        goto out;
    }
    error = nrs_base64_decode(data_out, nrs_slice_of_bytes(&base64));
out:
    nrs_bytes_wipe(&begin);
    nrs_bytes_wipe(&end);
    nrs_bytes_wipe(&base64);
    return error;
}
