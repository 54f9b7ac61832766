/* Exported reports: the proof taken apart and checked, a file that anybody may have made. */
#include <stdlib.h>
#include <string.h>

#include "keys/export.h"
#include "keys/withdrawal.h"

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
    nrs_export_view view = {0};
    nrs_withdrawal_view withdrawn = {0};

    if (nrs_export_verify(&view, nrs_slice_of(data, size)) == NRS_OK) {
        if (view.report == NULL || view.signer == NULL || (view.header == NULL) == (view.attestation == NULL)) {
            abort();
        }
        nrs_export_view_wipe(&view);
    }
    if (nrs_withdrawal_parse(&withdrawn, nrs_slice_of(data, size)) == NRS_OK) {
        if (memcmp(withdrawn.id, withdrawn.value->sealed_id.data, NRS_HASH_SIZE) != 0) {
            abort();
        }
        nrs_withdrawal_view_wipe(&withdrawn);
    }
    return 0;
}
