/* An exported audit log, line by line: nothing that stands in it may do more than make it bad. */
#include <stdlib.h>
#include <string.h>

#include "keys/audit_check.h"
#include "proto/assert.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static nrs_audit_check check; /* large */
    nrs_slice rest = nrs_slice_of(data, size);

    NRS_ASSERT(nrs_keys_start() == NRS_OK);
    nrs_audit_check_init(&check, NULL, NULL);
    while (rest.size > 0) {
        const uint8_t *end = memchr(rest.data, '\n', rest.size);
        size_t line_size = end == NULL ? rest.size : (size_t)(end - rest.data);

        if (nrs_audit_check_line(&check, nrs_slice_of(rest.data, line_size)) != NRS_OK) {
            break;
        }
        line_size += end == NULL ? 0 : 1;
        rest = nrs_slice_of(rest.data + line_size, rest.size - line_size);
    }
    nrs_audit_check_end(&check);
    return 0;
}
