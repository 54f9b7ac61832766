/* Envelopes and later grants as a relay meets them: signed records of other people's making. */
#include <stdlib.h>

#include "keys/envelope.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static nrs_identity *reader;
static nrs_prekey_secret prekey;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    if (nrs_keys_start() != NRS_OK || nrs_identity_new(&reader) != NRS_OK || nrs_prekeys_make(&prekey, 1, 1) != NRS_OK) {
        abort();
    }
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    nrs_envelope *envelope = NULL;
    nrs_letter *letter = NULL;
    nrs_grant *grant = NULL;
    uint8_t grant_id[NRS_HASH_SIZE];
    const nrs_slice payload = nrs_slice_of(data, size);

    if (nrs_envelope_verify(&envelope, payload) == NRS_OK) {
        nrs_envelope_free(&envelope);
    }
    if (nrs_grant_verify(&grant, grant_id, payload) == NRS_OK) {
        nrs_grant_free(&grant);
    }
    /* Past the signature: the statement itself, opened by somebody. */
    if (nrs_envelope_decode(&envelope, payload) == NRS_OK) {
        if (nrs_envelope_open(&letter, envelope, reader, &prekey, nrs_identity_public(reader)) == NRS_OK) {
            nrs_letter_free(&letter);
        }
        nrs_envelope_free(&envelope);
    }
    return 0;
}
