/* Cards and prekey bundles, as the payloads of records. */
#include <stdlib.h>

#include "keys/card.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const nrs_slice bytes = nrs_slice_of(data, size);
    nrs_card *card = NULL;
    nrs_prekeys *prekeys = NULL;

    if (nrs_keys_start() != NRS_OK) {
        abort();
    }
    if (nrs_card_verify(&card, bytes) == NRS_OK && card->sign_key.len != NRS_KEY_SIZE) {
        abort();
    }
    if (nrs_prekeys_verify(&prekeys, bytes) == NRS_OK) {
        (void)nrs_prekeys_current(prekeys, 0);
    }
    nrs_card_free(&card);
    nrs_prekeys_free(&prekeys);
    return 0;
}
