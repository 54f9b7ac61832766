/* Rosters: by themselves, after another, and as what a roster key is asked to sign. The same bytes play each part, so that
 * no signature has to be found by chance. */
#include <stdlib.h>

#include "keys/roster.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const nrs_slice bytes = nrs_slice_of(data, size);
    nrs_identity *key = NULL;
    nrs_roster *roster = NULL;
    nrs_roster *next = NULL;
    nrs_bytes statement = { 0 };
    nrs_bytes next_statement = { 0 };
    nrs_bytes many = { 0 };

    if (nrs_keys_start() != NRS_OK || nrs_identity_new(&key) != NRS_OK) {
        abort();
    }
    if (nrs_roster_verify(&roster, &statement, bytes, NULL, nrs_slice_of(NULL, 0)) == NRS_OK) {
        if (nrs_roster_verify(&next, &next_statement, bytes, roster, nrs_slice_of_bytes(&statement)) !=
            NRS_ERROR_ROSTER_OLD) {
            abort();
        }
        (void)nrs_roster_member_by_org(roster, "a");
    }
    if (nrs_roster_sign(&many, bytes, nrs_slice_of(NULL, 0), key) == NRS_OK) {
        const nrs_error error =
            nrs_roster_verify(&next, &next_statement, nrs_slice_of_bytes(&many), NULL, nrs_slice_of(NULL, 0));
        if (error == NRS_OK && next == NULL) {
            abort();
        }
    }
    nrs_roster_free(&roster);
    nrs_roster_free(&next);
    nrs_bytes_wipe(&statement);
    nrs_bytes_wipe(&next_statement);
    nrs_bytes_wipe(&many);
    nrs_identity_destroy(&key);
    return 0;
}
