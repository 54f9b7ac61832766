/* Sealed reports as a relay meets them: decoded, checked, and opened as far as hostile bytes reach. */
#include <stdlib.h>

#include "keys/seal.h"

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
    nrs_sealed_view *view = NULL;
    nrs_secret *key = NULL;
    nrs_summary *summary = NULL;
    nrs_audience *audience = NULL;
    nrs_opened opened = {0};

    if (nrs_sealed_verify(&view, nrs_slice_of(data, size)) == NRS_OK) {
        nrs_sealed_view_free(&view);
    }
    /* Without the signature, so that the parts behind it are reached. */
    if (nrs_sealed_parse(&view, nrs_slice_of(data, size)) != NRS_OK) {
        return 0;
    }
    if (nrs_clear_open(&key, view, view->grant) == NRS_OK) {
        if (nrs_summary_open(&summary, view->header, nrs_field(&view->sealed->header), key) == NRS_OK) {
            nrs_summary_free(&summary);
        }
        if (nrs_body_open(&opened, view, key) == NRS_OK) {
            nrs_opened_wipe(&opened);
        }
        if (nrs_grant_audience_open(&audience, view, view->grant, key) == NRS_OK) {
            nrs_audience_free(&audience);
        }
        nrs_secret_destroy(&key);
    }
    nrs_sealed_view_free(&view);
    return 0;
}
