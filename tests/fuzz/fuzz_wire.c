/* Every decoder of the strict codec over the same bytes, the first of which chooses the message. What decodes must
 * encode to the same bytes again. */
#include <stdint.h>
#include <stdlib.h>

#include "proto/assert.h"
#include "proto/wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define FUZZ_ONE(name, type, prefix, size_max)                                                                         \
    static void fuzz_##name(nrs_slice bytes)                                                                           \
    {                                                                                                                  \
        nrs_##name *value = NULL;                                                                                      \
        nrs_bytes again = {0};                                                                                         \
                                                                                                                       \
        if (nrs_##name##_decode(&value, bytes) == NRS_OK) {                                                            \
            nrs_error error = nrs_##name##_encode(&again, value);                                                      \
                                                                                                                       \
            NRS_ASSERT(error == NRS_OK);                                                                               \
            NRS_ASSERT(nrs_slice_equal(nrs_slice_of_bytes(&again), bytes));                                            \
        }                                                                                                              \
        nrs_bytes_wipe(&again);                                                                                        \
        nrs_##name##_free(&value);                                                                                     \
    }
NRS_MESSAGES(FUZZ_ONE)
#undef FUZZ_ONE

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static void (*const targets[])(nrs_slice) = {
#define FUZZ_ENTRY(name, type, prefix, size_max) fuzz_##name,
        NRS_MESSAGES(FUZZ_ENTRY)
#undef FUZZ_ENTRY
    };

    if (size > 0) {
        targets[data[0] % (sizeof targets / sizeof targets[0])](nrs_slice_of(data + 1, size - 1));
    }
    return 0;
}
