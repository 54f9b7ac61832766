#include <string.h>

#include "proto/assert.h"
#include "red/red.h"

nrs_error nrs_red_base64(nrs_bytes *bytes_out, const json_t *text)
{
    if (!json_is_string(text)) {
        return NRS_ERROR_MALFORMED;
    }
    return nrs_base64_decode(bytes_out, nrs_slice_of(json_string_value(text), json_string_length(text)));
}

nrs_error nrs_red_bytes(uint8_t *bytes_out, size_t size, const json_t *row, const char *name)
{
    const json_t *value = json_object_get(row, name);
    nrs_bytes bytes = {0};
    nrs_error error = NRS_OK;

    NRS_ASSERT(bytes_out != NULL && size > 0);

    if (json_string_length(value) == 2 * size) {
        return nrs_hex_decode(bytes_out, size, json_string_value(value));
    }
    error = nrs_red_base64(&bytes, value);
    if (error == NRS_OK) {
        error = bytes.size == size ? NRS_OK : NRS_ERROR_MALFORMED;
    }
    if (error == NRS_OK) {
        memcpy(bytes_out, bytes.data, size);
    }
    nrs_bytes_wipe(&bytes);
    return error;
}

nrs_error nrs_red_set(json_t *request, const char *name, nrs_slice bytes)
{
    char *text = NULL;
    nrs_error error = nrs_base64_encode(&text, bytes);

    if (error == NRS_OK) {
        nrs_bytes owned = {(uint8_t *)text, strlen(text), strlen(text)};

        error = json_object_set_new(request, name, json_string(text)) == 0 ? NRS_OK : NRS_ERROR_NO_MEMORY;
        nrs_bytes_wipe(&owned);
    }
    return error;
}
