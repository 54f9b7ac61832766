/* Key files as anyone may hand them over: with a passphrase and without. Argon2id is too slow to fuzz through, so a file
 * under a passphrase is followed up to its parameters. */
#include <stdlib.h>

#include "keys/identity.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const nrs_slice file = nrs_slice_of(data, size);
    nrs_identity *identity = NULL;
    nrs_bytes again = { 0 };

    if (nrs_keys_start() != NRS_OK) {
        abort();
    }
    (void)nrs_identity_file_locked(file);
    if (nrs_identity_load(&identity, file, nrs_slice_of(NULL, 0)) == NRS_OK) {
        /* There is one form only: what was read is what would be written. */
        if (nrs_identity_save(&again, identity, nrs_slice_of(NULL, 0)) != NRS_OK ||
            !nrs_slice_equal(nrs_slice_of_bytes(&again), file)) {
            abort();
        }
    }
    nrs_bytes_wipe(&again);
    nrs_identity_destroy(&identity);
    return 0;
}
