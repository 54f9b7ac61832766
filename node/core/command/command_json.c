/* Requests read and rows written, so that no handler speaks to jansson about missing memory. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command/command.h"
#include "proto/json.h"
#include "proto/time.h"

enum { ROW_SIZE_USUAL = 768 };

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

nrs_error nrs_request_passed_on(nrs_answer *answer, nrs_passed_on *list_out, const json_t *request)
{
    const json_t *given = json_object_get(request, "passes_on");
    bool right = json_array_size(given) <= NRS_PASSED_ON_COUNT_MAX;

    list_out->count = 0;
    for (size_t i = 0; i < json_array_size(given) && right; i++) {
        right = nrs_hex_decode(list_out->ids[i], NRS_HASH_SIZE, json_string_value(json_array_get(given, i))) == NRS_OK &&
                (i == 0 || memcmp(list_out->ids[i - 1], list_out->ids[i], NRS_HASH_SIZE) < 0);
        list_out->fields[i] = nrs_field_of(nrs_slice_of(list_out->ids[i], NRS_HASH_SIZE));
        list_out->count = i + 1;
    }
    return right ? NRS_OK : nrs_refuse(answer, NRS_ERROR_MALFORMED, NULL, "The field passes_on is no list of whole IDs, ascending.");
}

nrs_error nrs_request_reason(nrs_answer *answer, const char **reason_out, const json_t *request, const char *hint)
{
    const char *text = nrs_request_text(request, "reason");
    const char *reason = text == NULL ? "" : text;

    if (hint != NULL && reason[0] == '\0') {
        return nrs_refuse(answer, NRS_ERROR_USAGE, hint, "The reason is missing.");
    }
    if (strlen(reason) > NRS_REASON_SIZE_MAX) {
        return nrs_refuse(answer, NRS_ERROR_TOO_LARGE, NULL, "The reason has %zu bytes; at most %u are allowed.", strlen(reason), NRS_REASON_SIZE_MAX);
    }
    if (!nrs_utf8_valid(nrs_slice_of_string(reason))) {
        return nrs_refuse(answer, NRS_ERROR_BAD_UTF8, NULL, "The reason is not valid UTF-8 text without control characters.");
    }
    *reason_out = reason;
    return NRS_OK;
}

nrs_row nrs_row_begin(void)
{
    nrs_row row = {.object = json_object()};

    row.failed = row.object == NULL;
    return row;
}

nrs_row nrs_row_begin_written(void)
{
    nrs_row row = {.written = true};

    row.failed = nrs_bytes_resize(&row.text, ROW_SIZE_USUAL) != NRS_OK;
    row.text.size = 0;
    return row;
}

static void put(nrs_row *row, const char *text, size_t size)
{
    if (!row->failed && nrs_bytes_append(&row->text, nrs_slice_of(text, size)) != NRS_OK) {
        row->failed = true;
    }
}

static void put_name(nrs_row *row, const char *name)
{
    put(row, row->text.size == 0 ? "{\"" : ",\"", 2);
    put(row, name, strlen(name));
    put(row, "\":", 2);
}

/* Takes the value over. */
static void put_value(nrs_row *row, json_t *value)
{
    char *text = value == NULL ? NULL : json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
    json_free_t json_free = NULL;

    json_decref(value);
    if (text == NULL) {
        row->failed = true;
        return;
    }
    put(row, text, strlen(text));
    json_get_alloc_funcs(NULL, &json_free);
    json_free(text);
}

/* As jansson writes it, to which whatever is not plain text is left. */
static void put_text(nrs_row *row, const char *text)
{
    if (!nrs_utf8_valid(nrs_slice_of_string(text))) {
        put_value(row, json_string(text));
        return;
    }
    if (!row->failed && nrs_json_write_text(&row->text, nrs_slice_of_string(text)) != NRS_OK) {
        row->failed = true;
    }
}

void nrs_row_json(nrs_row *row, const char *name, json_t *value)
{
    if (row->brief && json_is_array(value) && json_array_size(value) == 0) {
        json_decref(value);
        return;
    }
    if (row->written) {
        put_name(row, name);
        put_value(row, value);
    } else if (value == NULL || json_object_set_new(row->object, name, value) != 0) {
        row->failed = true;
    }
}

void nrs_row_text(nrs_row *row, const char *name, const char *text)
{
    if (text == NULL && row->brief) {
        return;
    }
    if (!row->written) {
        nrs_row_json(row, name, text == NULL ? json_null() : json_string(text));
        return;
    }
    put_name(row, name);
    if (text == NULL) {
        put(row, "null", 4);
    } else {
        put_text(row, text);
    }
}

void nrs_row_flag(nrs_row *row, const char *name, bool value)
{
    if (!value && row->brief) {
        return;
    }
    if (!row->written) {
        nrs_row_json(row, name, json_boolean(value));
        return;
    }
    put_name(row, name);
    put(row, value ? "true" : "false", value ? 4 : 5);
}

void nrs_row_number(nrs_row *row, const char *name, uint64_t value)
{
    const json_int_t held = value > (uint64_t)INT64_MAX ? INT64_MAX : (json_int_t)value;
    char text[24];

    if (value == 0 && row->brief) {
        return;
    }
    if (!row->written) {
        nrs_row_json(row, name, json_integer(held));
        return;
    }
    (void)snprintf(text, sizeof text, "%" JSON_INTEGER_FORMAT, held);
    put_name(row, name);
    put(row, text, strlen(text));
}

void nrs_row_time(nrs_row *row, const char *name, uint64_t time_ms)
{
    char text[32];

    nrs_time_format(text, time_ms > NRS_TIME_MS_MAX ? NRS_TIME_MS_MAX : time_ms);
    nrs_row_text(row, name, text);
}

void nrs_row_time_or_null(nrs_row *row, const char *name, uint64_t time_ms)
{
    if (time_ms == 0) {
        nrs_row_text(row, name, NULL);
    } else {
        nrs_row_time(row, name, time_ms);
    }
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
    nrs_bytes_wipe(&row->text);
    *row = (nrs_row){.failed = true};
}

nrs_error nrs_row_end(nrs_row *row, json_t *rows)
{
    json_t *value = row->object;

    if (row->written) {
        put(row, row->text.size == 0 ? "{}" : "}", row->text.size == 0 ? 2 : 1);
        value = row->failed ? NULL : json_stringn_nocheck((const char *)row->text.data, row->text.size);
        nrs_bytes_wipe(&row->text);
    } else if (row->failed) {
        json_decref(value);
        value = NULL;
    }
    *row = (nrs_row){.failed = true};
    return value != NULL && json_array_append_new(rows, value) == 0 ? NRS_OK : NRS_ERROR_NO_MEMORY;
}

nrs_error nrs_array_text(json_t *array, const char *text)
{
    return json_array_append_new(array, json_string(text)) == 0 ? NRS_OK : NRS_ERROR_NO_MEMORY;
}
