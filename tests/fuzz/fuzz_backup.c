/* Backups: the head of a file, which chooses how much time and memory its passphrase costs, and what stands under the seal, which
 * only who has the passphrase can write: the same bytes are tried as both. */
#include <stdlib.h>
#include <string.h>

#include "keys/backup.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_names(const nrs_backup *backup)
{
    for (size_t i = 0; i < backup->count; i++) {
        if (backup->files[i].name[0] == '\0' || (i > 0 && strcmp(backup->files[i - 1].name, backup->files[i].name) >= 0)) {
            abort();
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const nrs_slice bytes = nrs_slice_of(data, size);
    nrs_backup backup = {0};
    nrs_bytes again = {0};

    if (nrs_keys_start() != NRS_OK) {
        abort();
    }
    if (nrs_backup_decode(&backup, bytes) == NRS_OK) {
        check_names(&backup);
        if (nrs_backup_encode(&again, &backup) != NRS_OK || !nrs_slice_equal(nrs_slice_of_bytes(&again), bytes)) {
            abort(); /* one spelling */
        }
    }
    nrs_backup_wipe(&backup);
    if (nrs_backup_open(&backup, bytes, nrs_slice_of(NULL, 0)) == NRS_OK) {
        abort(); /* nothing opens without a passphrase */
    }
    nrs_bytes_wipe(&again);
    return 0;
}
