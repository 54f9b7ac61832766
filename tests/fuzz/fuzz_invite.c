/* Invites, as they come out of their armour. */
#include <stdlib.h>

#include "keys/roster.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    nrs_invite *invite = NULL;
    nrs_roster *roster = NULL;
    nrs_bytes statement = { 0 };
    uint8_t community[NRS_HASH_SIZE];

    if (nrs_keys_start() != NRS_OK) {
        abort();
    }
    if (nrs_invite_decode(&invite, nrs_slice_of(data, size)) == NRS_OK &&
        nrs_invite_verify(&roster, &statement, community, invite) == NRS_OK && roster->n_keys < roster->threshold) {
        abort();
    }
    nrs_roster_free(&roster);
    nrs_bytes_wipe(&statement);
    nrs_invite_free(&invite);
    return 0;
}
