#include "keys/vault.h"

#include <string.h>

#include <sodium.h>

#include "keys/hash.h"
#include "proto/assert.h"
#include "signing.h"

#define VAULT_KEY_SIZE crypto_aead_xchacha20poly1305_ietf_KEYBYTES

_Static_assert(VAULT_KEY_SIZE == NRS_KEY_SIZE, "roots and wrapping keys have the size of every key");

nrs_error nrs_vault_wrap(nrs_bytes *wrapped_out, const nrs_secret *key, nrs_slice label, const nrs_secret *secret)
{
    nrs_error error = NRS_OK;
    nrs_bytes wrapped = { 0 };
    uint8_t bound[NRS_HASH_SIZE];

    NRS_ASSERT(wrapped_out != NULL);
    NRS_ASSERT(key != NULL && secret != NULL && nrs_secret_size(key) == VAULT_KEY_SIZE);

    error = nrs_bytes_resize(&wrapped, nrs_secret_size(secret) + NRS_VAULT_WRAP_OVERHEAD);
    if (error != NRS_OK) {
        goto out;
    }
    nrs_hash_one(bound, NRS_DOMAIN_VAULT, label);
    randombytes_buf(wrapped.data, NRS_NONCE_SIZE);
    (void)crypto_aead_xchacha20poly1305_ietf_encrypt(wrapped.data + NRS_NONCE_SIZE, NULL, nrs_secret_view(secret),
                                                     nrs_secret_size(secret), bound, sizeof(bound), NULL, wrapped.data,
                                                     nrs_secret_view(key));
    nrs_bytes_replace(wrapped_out, &wrapped);
out:
    nrs_bytes_wipe(&wrapped);
    return error;
}

nrs_error nrs_vault_unwrap(nrs_secret **secret_out, const nrs_secret *key, nrs_slice label, nrs_slice wrapped)
{
    nrs_error error = NRS_OK;
    nrs_secret *secret = NULL;
    uint8_t bound[NRS_HASH_SIZE];

    NRS_ASSERT(secret_out != NULL);
    NRS_ASSERT(key != NULL && nrs_secret_size(key) == VAULT_KEY_SIZE);

    if (wrapped.size <= NRS_VAULT_WRAP_OVERHEAD || wrapped.size > NRS_VAULT_WRAP_OVERHEAD + NRS_SECRET_SIZE_MAX) {
        return NRS_ERROR_DAMAGED;
    }
    error = nrs_secret_new(&secret, wrapped.size - NRS_VAULT_WRAP_OVERHEAD);
    if (error != NRS_OK) {
        return error;
    }
    nrs_hash_one(bound, NRS_DOMAIN_VAULT, label);
    if (crypto_aead_xchacha20poly1305_ietf_decrypt(nrs_secret_data(secret), NULL, NULL, wrapped.data + NRS_NONCE_SIZE,
                                                   wrapped.size - NRS_NONCE_SIZE, bound, sizeof(bound), wrapped.data,
                                                   nrs_secret_view(key)) != 0) {
        error = NRS_ERROR_DAMAGED;
        goto out;
    }
    *secret_out = secret;
    secret = NULL;
out:
    nrs_secret_destroy(&secret);
    return error;
}
