#include "exchange/plain.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/assert.h"
#include "proto/json.h"

/* ---- Reading ---- */

static json_t *text_of(const nrs_json_value *value)
{
    nrs_bytes said = {0};
    json_t *text = NULL;

    if (!value->escaped) {
        return json_stringn_nocheck((const char *)value->text.data, value->text.size);
    }
    if (nrs_bytes_resize(&said, value->text.size) == NRS_OK) {
        text = json_stringn_nocheck((const char *)said.data, nrs_json_unescape((char *)said.data, value->text));
    }
    nrs_bytes_wipe(&said);
    return text;
}

static json_t *value_of(const nrs_json_value *value)
{
    switch (value->kind) {
    case NRS_JSON_NULL:
        return json_null();
    case NRS_JSON_FALSE:
        return json_false();
    case NRS_JSON_TRUE:
        return json_true();
    case NRS_JSON_NUMBER:
        return json_integer((json_int_t)value->number);
    case NRS_JSON_TEXT:
        return text_of(value);
    case NRS_JSON_OBJECT:
        return json_object();
    case NRS_JSON_ARRAY:
        return json_array();
    case NRS_JSON_END:
    case NRS_JSON_DONE:
        break;
    }
    return NULL;
}

/* Takes the value over. False also for a name that stands twice. */
static bool put_into(json_t *parent, nrs_slice name, json_t *value)
{
    if (json_is_array(parent)) {
        return json_array_append_new(parent, value) == 0;
    }
    if (json_object_getn(parent, (const char *)name.data, name.size) != NULL) {
        json_decref(value);
        return false;
    }
    return json_object_setn_new_nocheck(parent, (const char *)name.data, name.size, value) == 0;
}

/* NULL when it is not plain. open: borrowed, from the outermost to the innermost. */
static json_t *build(nrs_slice text)
{
    nrs_json_reader reader = nrs_json_over(text);
    nrs_json_value value = {.kind = NRS_JSON_NULL};
    json_t *open[NRS_JSON_DEPTH_MAX] = {NULL};
    json_t *whole = NULL;
    bool good = nrs_json_next(&reader, &value) == NRS_OK && value.kind == NRS_JSON_OBJECT;

    whole = open[0] = good ? json_object() : NULL;
    good = whole != NULL;
    while (good && value.kind != NRS_JSON_DONE) {
        const size_t depth = reader.depth; /* how many are open as it comes */
        json_t *one = NULL;

        good = nrs_json_next(&reader, &value) == NRS_OK;
        if (!good || value.kind == NRS_JSON_END || value.kind == NRS_JSON_DONE) {
            continue;
        }
        one = value_of(&value);
        good = one != NULL && put_into(open[depth - 1], value.name, one);
        if (good && reader.depth > depth) {
            open[depth] = one;
        }
    }
    if (!good) {
        json_decref(whole);
        whole = NULL;
    }
    return whole;
}

json_t *nrs_plain_load(nrs_slice text)
{
    json_t *whole = build(text);

    return whole != NULL ? whole : json_loadb((const char *)text.data, text.size, JSON_REJECT_DUPLICATES, NULL);
}

/* ---- Writing ---- */

/* The bytes so far, and whether one was lost. */
typedef struct writer {
    nrs_bytes *out;
    nrs_error error;
} writer;

static void put(writer *to, const void *data, size_t size)
{
    if (to->error == NRS_OK) {
        to->error = nrs_bytes_append(to->out, nrs_slice_of(data, size));
    }
}

static void put_string(writer *to, const char *text, size_t size)
{
    if (to->error == NRS_OK) {
        to->error = nrs_json_write_text(to->out, nrs_slice_of(text, size));
    }
}

/* One that holds no other. False when it does, or is none that these programs use. */
static bool put_scalar(writer *to, const json_t *value)
{
    char number[32];

    if (json_is_string(value)) {
        put_string(to, json_string_value(value), json_string_length(value));
    } else if (json_is_integer(value)) {
        put(to, number, (size_t)snprintf(number, sizeof number, "%" JSON_INTEGER_FORMAT, json_integer_value(value)));
    } else if (json_is_boolean(value)) {
        put(to, json_is_true(value) ? "true" : "false", json_is_true(value) ? 4 : 5);
    } else if (json_is_null(value)) {
        put(to, "null", 4);
    } else {
        return false;
    }
    return true;
}

/* An object or array that is being written. */
typedef struct level {
    json_t *value;
    void *member; /* of an object: the next one */
    size_t index; /* of an array: how many are written */
} level;

static level level_of(json_t *value)
{
    return (level){.value = value, .member = json_object_iter(value)};
}

/* The next value with what stands before it; NULL behind the last. */
static json_t *next_of(writer *to, level *of)
{
    json_t *value = NULL;

    if (json_is_array(of->value)) {
        value = json_array_get(of->value, of->index);
    } else if (of->member != NULL) {
        value = json_object_iter_value(of->member);
    }
    if (value == NULL) {
        return NULL;
    }
    put(to, ",", of->index > 0 ? 1 : 0);
    of->index++;
    if (json_is_object(of->value)) {
        put_string(to, json_object_iter_key(of->member), json_object_iter_key_len(of->member));
        put(to, ":", 1);
        of->member = json_object_iter_next(of->value, of->member);
    }
    return value;
}

/* False when there is a number with a fraction, or it is too deep. */
static bool put_whole(writer *to, const json_t *value)
{
    level open[NRS_JSON_DEPTH_MAX];
    size_t depth = 0;
    json_t *next = (json_t *)(uintptr_t)value; /* jansson's iterators ask for one that may be changed */

    do {
        if (next != NULL && !put_scalar(to, next)) {
            if (depth == NRS_JSON_DEPTH_MAX || !(json_is_object(next) || json_is_array(next))) {
                return false;
            }
            open[depth++] = level_of(next);
            put(to, json_is_object(next) ? "{" : "[", 1);
        }
        next = depth == 0 ? NULL : next_of(to, &open[depth - 1]);
        if (depth > 0 && next == NULL) {
            depth--;
            put(to, json_is_object(open[depth].value) ? "}" : "]", 1);
        }
    } while (depth > 0);
    return true;
}

nrs_error nrs_plain_write(nrs_bytes *out, const json_t *value)
{
    const size_t before = out->size;
    writer to = {.out = out, .error = NRS_OK};
    json_free_t json_free = NULL;
    char *text = NULL;

    NRS_ASSERT(value != NULL);
    if (put_whole(&to, value)) {
        return to.error;
    }
    out->size = before;
    text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
    if (text == NULL) {
        return NRS_ERROR_NO_MEMORY;
    }
    to.error = nrs_bytes_append(out, nrs_slice_of_string(text));
    json_get_alloc_funcs(NULL, &json_free);
    json_free(text);
    return to.error;
}
