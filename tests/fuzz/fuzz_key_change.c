/* Ends of keys from peers, and papers that were typed: strict decoding, signatures, lines with their checks. */
#include <stdlib.h>

#include "keys/change.h"
#include "seeded_random.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    nrs_key_change *change = NULL;
    nrs_card *card = NULL;
    nrs_bytes payload = {0};
    char *paper = NULL;
    size_t line = 0;

    if (nrs_keys_start() != NRS_OK) {
        abort();
    }
    if (nrs_change_verify(&change, &card, nrs_slice_of(data, size)) == NRS_OK && (change->cause == NRS_KEY_SUCCEEDED) != (card != NULL)) {
        abort();
    }
    nrs_key_change_free(&change);
    nrs_card_free(&card);
    if (nrs_paper_read(&payload, &line, nrs_slice_of(data, size)) == NRS_OK) {
        if (nrs_change_verify(&change, &card, nrs_slice_of_bytes(&payload)) != NRS_OK || nrs_paper_write(&paper, nrs_slice_of_bytes(&payload)) != NRS_OK) {
            abort();
        }
        nrs_key_change_free(&change);
        nrs_card_free(&card);
    }
    free(paper);
    nrs_bytes_wipe(&payload);
    return 0;
}
