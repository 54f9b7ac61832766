/* Plain JSON: what the reader takes, a whole parser takes too, and they read the same values in the same order. */
#include <jansson.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/assert.h"
#include "proto/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void put(nrs_bytes *out, nrs_slice text)
{
    if (nrs_bytes_append(out, text) != NRS_OK) {
        abort();
    }
}

static void put_string(nrs_bytes *out, const char *text)
{
    put(out, nrs_slice_of_string(text));
}

static void put_value(nrs_bytes *out, const nrs_json_value *value)
{
    static const char *const words[] = {[NRS_JSON_NULL] = "null", [NRS_JSON_FALSE] = "false", [NRS_JSON_TRUE] = "true",
                                        [NRS_JSON_OBJECT] = "{",  [NRS_JSON_ARRAY] = "["};
    char number[32];

    if (value->kind == NRS_JSON_TEXT) {
        put_string(out, "\"");
        put(out, value->text);
        put_string(out, "\"");
    } else if (value->kind == NRS_JSON_NUMBER) {
        (void)snprintf(number, sizeof number, "%lld", (long long)value->number);
        put_string(out, number);
    } else {
        put_string(out, words[value->kind]);
    }
}

/* All of it as compact text; false when it is not plain. */
static bool read_all(nrs_bytes *out, nrs_slice text)
{
    nrs_json_reader reader = nrs_json_over(text);
    nrs_json_value value = {.kind = NRS_JSON_NULL};
    bool first = true;

    while (nrs_json_next(&reader, &value) == NRS_OK) {
        if (value.kind == NRS_JSON_DONE) {
            return true;
        }
        if (value.kind == NRS_JSON_END) {
            put_string(out, reader.in_object[reader.depth] ? "}" : "]");
            first = false;
            continue;
        }
        put_string(out, first ? "" : ",");
        if (value.name.data != NULL) {
            put_string(out, "\"");
            put(out, value.name);
            put_string(out, "\":");
        }
        put_value(out, &value);
        first = value.kind == NRS_JSON_OBJECT || value.kind == NRS_JSON_ARRAY;
    }
    return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    nrs_bytes plain = {0};

    if (read_all(&plain, nrs_slice_of(data, size))) {
        json_t *whole = json_loadb((const char *)data, size, JSON_DECODE_ANY, NULL);
        json_t *distinct = json_loadb((const char *)data, size, JSON_DECODE_ANY | JSON_REJECT_DUPLICATES, NULL);
        char *text = json_dumps(distinct, JSON_COMPACT | JSON_ENCODE_ANY);

        NRS_ASSERT(whole != NULL);
        NRS_ASSERT(distinct == NULL || (text != NULL && nrs_slice_equal(nrs_slice_of_string(text), nrs_slice_of_bytes(&plain))));
        free(text);
        json_decref(distinct);
        json_decref(whole);
    }
    nrs_bytes_wipe(&plain);
    return 0;
}
