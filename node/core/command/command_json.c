/* Requests read and rows written, so that no handler speaks to jansson about missing memory. */
#include <stdlib.h>
#include <string.h>

#include "command/command.h"
#include "proto/time.h"

static const json_t *given(const json_t *request, const char *name)
{
    const json_t *value = json_object_get(request, name);

    return json_is_null(value) ? NULL : value;
}

const char *nrs_request_text(const json_t *request, const char *name)
{
    return json_string_value(given(request, name));
}

bool nrs_request_flag(const json_t *request, const char *name)
{
    return json_is_true(given(request, name));
}

uint64_t nrs_request_number(const json_t *request, const char *name, uint64_t fallback)
{
    const json_t *value = given(request, name);

    return json_is_integer(value) && json_integer_value(value) >= 0 ? (uint64_t)json_integer_value(value) : fallback;
}

nrs_error nrs_request_bytes(nrs_answer *answer, nrs_bytes *bytes_out, const json_t *request, const char *name)
{
    const char *text = nrs_request_text(request, name);
    nrs_error error;

    if (text == NULL) {
        return nrs_refuse(answer, NRS_ERROR_USAGE, NULL, "The field %s is missing.", name);
    }
    error = nrs_base64_decode(bytes_out, nrs_slice_of_string(text));
    if (!nrs_error_is_verdict(error)) {
        return error;
    }
    return nrs_refuse(answer, NRS_ERROR_MALFORMED, NULL, "The field %s is not base64.", name);
}

nrs_row nrs_row_begin(void)
{
    nrs_row row = {.object = json_object()};

    row.failed = row.object == NULL;
    return row;
}

void nrs_row_json(nrs_row *row, const char *name, json_t *value)
{
    if (row->brief && json_is_array(value) && json_array_size(value) == 0) {
        json_decref(value);
        return;
    }
    if (value == NULL || json_object_set_new(row->object, name, value) != 0) {
        row->failed = true;
    }
}

void nrs_row_text(nrs_row *row, const char *name, const char *text)
{
    if (text != NULL || !row->brief) {
        nrs_row_json(row, name, text == NULL ? json_null() : json_string(text));
    }
}

void nrs_row_flag(nrs_row *row, const char *name, bool value)
{
    if (value || !row->brief) {
        nrs_row_json(row, name, json_boolean(value));
    }
}

void nrs_row_number(nrs_row *row, const char *name, uint64_t value)
{
    if (value == 0 && row->brief) {
        return;
    }
    nrs_row_json(row, name, json_integer(value > (uint64_t)INT64_MAX ? INT64_MAX : (json_int_t)value));
}

void nrs_row_time(nrs_row *row, const char *name, uint64_t time_ms)
{
    char text[32];

    nrs_time_format(text, time_ms > NRS_TIME_MS_MAX ? NRS_TIME_MS_MAX : time_ms);
    nrs_row_text(row, name, text);
}

void nrs_row_hex(nrs_row *row, const char *name, const uint8_t *data, size_t size)
{
    char text[2 * NRS_HASH_SIZE + 1];

    NRS_ASSERT(size <= NRS_HASH_SIZE);
    nrs_hex_encode(text, data, size);
    nrs_row_text(row, name, text);
}

void nrs_row_base64(nrs_row *row, const char *name, nrs_slice data)
{
    char *text = NULL;

    if (nrs_base64_encode(&text, data) != NRS_OK) {
        row->failed = true;
        return;
    }
    nrs_row_text(row, name, text);
    nrs_memory_wipe(text, strlen(text)); /* some of them are halves of a secret */
    free(text);
}

void nrs_row_discard(nrs_row *row)
{
    json_decref(row->object);
    *row = (nrs_row){.failed = true};
}

nrs_error nrs_row_end(nrs_row *row, json_t *rows)
{
    bool failed = row->failed;
    json_t *object = row->object;

    *row = (nrs_row){.failed = true};
    if (failed) {
        json_decref(object);
        return NRS_ERROR_NO_MEMORY;
    }
    return json_array_append_new(rows, object) == 0 ? NRS_OK : NRS_ERROR_NO_MEMORY;
}

nrs_error nrs_array_text(json_t *array, const char *text)
{
    return json_array_append_new(array, json_string(text)) == 0 ? NRS_OK : NRS_ERROR_NO_MEMORY;
}
