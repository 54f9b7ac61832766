/* Proofs of equivocation: decoded, compared, and their signatures checked. */
#include <stdlib.h>
#include <string.h>

#include "keys/place.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    if (nrs_keys_start() != NRS_OK) {
        abort();
    }
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    nrs_equivocation_view view = {0};

    if (nrs_equivocation_verify(&view, nrs_slice_of(data, size)) == NRS_OK) {
        nrs_equivocation_view_wipe(&view);
    }
    if (nrs_equivocation_parse(&view, nrs_slice_of(data, size)) == NRS_OK) {
        if (memcmp(view.ids[0], view.ids[1], NRS_HASH_SIZE) >= 0) {
            abort();
        }
        nrs_equivocation_view_wipe(&view);
    }
    return 0;
}
