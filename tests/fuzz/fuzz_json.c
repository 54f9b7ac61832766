/* JSON between programs: read and written as jansson would, whatever stands there. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "exchange/plain.h"
#include "proto/assert.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    json_t *ours = nrs_plain_load(nrs_slice_of(data, size));
    json_t *theirs = json_loadb((const char *)data, size, JSON_REJECT_DUPLICATES, NULL);
    char *our_text = json_dumps(ours, JSON_COMPACT);
    char *their_text = json_dumps(theirs, JSON_COMPACT);
    nrs_bytes written = {0};

    NRS_ASSERT((ours == NULL) == (theirs == NULL));
    if (ours != NULL) {
        NRS_ASSERT(our_text != NULL && their_text != NULL && strcmp(our_text, their_text) == 0);
        NRS_ASSERT(nrs_plain_write(&written, ours) == NRS_OK);
        NRS_ASSERT(nrs_slice_equal(nrs_slice_of_bytes(&written), nrs_slice_of_string(our_text)));
    }
    nrs_bytes_wipe(&written);
    free(our_text);
    free(their_text);
    json_decref(ours);
    json_decref(theirs);
    return 0;
}
