/* Deltas of rosters and drafts: what a peer or a file says is taken apart and put together within bounds. The same bytes are
 * tried as a delta on a small base, as a delta on themselves, and as a draft. */
#include <stdlib.h>

#include "keys/roster_delta.h"
#include "keys/roster_draft.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void apply(const nrs_roster_delta *delta, nrs_slice base)
{
    const nrs_roster_delta *pieces[2] = { delta, delta };
    nrs_bytes many = { 0 };
    nrs_signed_by_many *decoded = NULL;
    uint8_t hash[NRS_HASH_SIZE];

    if (nrs_roster_delta_apply(&many, pieces, 1, base) == NRS_OK) {
        if (nrs_signed_by_many_decode(&decoded, nrs_slice_of_bytes(&many)) != NRS_OK) {
            abort();
        }
        nrs_roster_hash(hash, nrs_field(&decoded->statement));
        if (!nrs_slice_equal(nrs_slice_of(hash, sizeof hash), nrs_field(&delta->head->hash))) {
            abort();
        }
    }
    if (nrs_roster_delta_apply(&many, pieces, 2, base) == NRS_OK) {
        abort(); /* one piece twice is never a roster */
    }
    nrs_signed_by_many_free(&decoded);
    nrs_bytes_wipe(&many);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const nrs_slice bytes = nrs_slice_of(data, size);
    nrs_roster_delta *delta = NULL;
    nrs_proposal proposal = { 0 };
    nrs_bytes many = { 0 };

    if (nrs_keys_start() != NRS_OK) {
        abort();
    }
    if (nrs_roster_delta_decode(&delta, bytes) == NRS_OK) {
        apply(delta, nrs_slice_of(NULL, 0));
        apply(delta, bytes);
    }
    if (nrs_proposal_read(&proposal, bytes) == NRS_OK) {
        if ((nrs_proposal_finish(&many, &proposal) == NRS_OK) != nrs_proposal_complete(&proposal)) {
            abort();
        }
    }
    nrs_bytes_wipe(&many);
    nrs_proposal_wipe(&proposal);
    nrs_roster_delta_free(&delta);
    return 0;
}
