/* Armoured text: what decodes must decode to the same bytes after encoding again. */
#include <stdint.h>
#include <stdlib.h>

#include "proto/armour.h"
#include "proto/assert.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    nrs_bytes decoded = {0};
    nrs_bytes again = {0};
    char *text = NULL;

    if (nrs_armour_decode(&decoded, "CARD", nrs_slice_of(data, size)) == NRS_OK) {
        nrs_error error = nrs_armour_encode(&text, "CARD", nrs_slice_of_bytes(&decoded));

        NRS_ASSERT(error == NRS_OK);
        error = nrs_armour_decode(&again, "CARD", nrs_slice_of_string(text));
        NRS_ASSERT(error == NRS_OK);
        NRS_ASSERT(nrs_slice_equal(nrs_slice_of_bytes(&decoded), nrs_slice_of_bytes(&again)));
    }
    free(text);
    nrs_bytes_wipe(&decoded);
    nrs_bytes_wipe(&again);
    return 0;
}
