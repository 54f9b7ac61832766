/* The report form: whatever a file holds, parsing ends with a form or with a line number. */
#include <stdint.h>

#include "proto/assert.h"
#include "proto/form.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    nrs_form form = {{0}};
    size_t line = 0;

    if (nrs_form_parse(&form, &line, nrs_slice_of(data, size)) == NRS_OK) {
        NRS_ASSERT(nrs_form_get(&form, "subject") != NULL);
        NRS_ASSERT(line == 0);
    } else {
        NRS_ASSERT(line >= 1);
        NRS_ASSERT(nrs_form_get(&form, "subject") == NULL);
    }
    nrs_form_wipe(&form);
    return 0;
}
