/* The vault file and wrapped entries. The key is fixed, so that a corpus of whole files opens; shorter inputs are written
 * over a whole file, as a torn write would. */
#include <stdlib.h>
#include <string.h>

#include "keys/vault.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    nrs_secret *key = NULL;
    nrs_secret *opened = NULL;
    nrs_vault_roots roots = { 0 };
    nrs_vault_roots read = { 0 };
    uint8_t file[NRS_VAULT_FILE_SIZE];

    if (nrs_keys_start() != NRS_OK || nrs_secret_new(&key, NRS_KEY_SIZE) != NRS_OK ||
        nrs_secret_random(&roots.root[0], NRS_KEY_SIZE) != NRS_OK ||
        nrs_secret_random(&roots.root[1], NRS_KEY_SIZE) != NRS_OK ||
        nrs_vault_file_encode(file, &roots, key) != NRS_OK) {
        abort();
    }
    if (size > 2 && size < NRS_VAULT_FILE_SIZE / 2) {
        const size_t start = ((size_t)data[0] << 8 | data[1]) % (NRS_VAULT_FILE_SIZE / 2);

        memcpy(file + start, data + 2, size - 2);
        if (nrs_vault_file_decode(&read, nrs_slice_of(file, sizeof(file)), key) == NRS_OK && read.root[0] == NULL &&
            read.root[1] == NULL) {
            abort(); /* neither half is all zeros, so one must have been whole */
        }
        nrs_vault_roots_wipe(&read);
    }
    if (nrs_vault_file_decode(&read, nrs_slice_of(data, size), key) == NRS_OK && size != NRS_VAULT_FILE_SIZE) {
        abort();
    }
    if (nrs_vault_unwrap(&opened, key, nrs_slice_of_string("entry"), nrs_slice_of(data, size)) == NRS_OK && opened == NULL) {
        abort();
    }
    nrs_secret_destroy(&opened);
    nrs_vault_roots_wipe(&read);
    nrs_vault_roots_wipe(&roots);
    nrs_secret_destroy(&key);
    return 0;
}
