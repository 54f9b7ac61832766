#include "identity/agreement.h"

#include <sodium.h>

#include "proto/assert.h"

_Static_assert(crypto_scalarmult_BYTES == NRS_KEY_SIZE, "an X25519 result has the size of a key");
_Static_assert(crypto_scalarmult_SCALARBYTES == NRS_KEY_SIZE, "an X25519 secret has the size of a key");

nrs_error nrs_ephemeral_new(nrs_secret **secret_out, uint8_t key_out[NRS_KEY_SIZE])
{
    nrs_error error;
    nrs_secret *secret = NULL;
    uint8_t key[NRS_KEY_SIZE];

    NRS_ASSERT(secret_out != NULL);
    NRS_ASSERT(key_out != NULL);

    error = nrs_secret_random(&secret, NRS_KEY_SIZE);
    if (error != NRS_OK) {
        return error;
    }
    if (crypto_scalarmult_base(key, nrs_secret_view(secret)) != 0) {
        nrs_secret_destroy(&secret);
        return NRS_ERROR_INTERNAL;
    }
    for (size_t i = 0; i < sizeof key; i++) {
        key_out[i] = key[i];
    }
    *secret_out = secret;
    return NRS_OK;
}

nrs_error nrs_ephemeral_agree(uint8_t shared_out[NRS_KEY_SIZE], const nrs_secret *secret, const uint8_t key[NRS_KEY_SIZE])
{
    NRS_ASSERT(secret != NULL);
    NRS_ASSERT(nrs_secret_size(secret) == NRS_KEY_SIZE);

    /* libsodium refuses a result of zero, which is what a key of low order gives. */
    if (crypto_scalarmult(shared_out, nrs_secret_view(secret), key) != 0) {
        sodium_memzero(shared_out, NRS_KEY_SIZE);
        return NRS_ERROR_FORGED;
    }
    return NRS_OK;
}

void nrs_pair_key(uint8_t key_out[NRS_KEY_SIZE], nrs_domain domain, const uint8_t transcript_hash[NRS_LONG_HASH_SIZE],
                  const uint8_t fresh[NRS_KEY_SIZE], const uint8_t lasting[NRS_KEY_SIZE])
{
    const nrs_slice parts[] = {
        nrs_slice_of(transcript_hash, NRS_LONG_HASH_SIZE),
        nrs_slice_of(fresh, NRS_KEY_SIZE),
        nrs_slice_of(lasting, NRS_KEY_SIZE),
    };

    nrs_hash(key_out, NRS_KEY_SIZE, domain, parts, sizeof parts / sizeof parts[0]);
}
