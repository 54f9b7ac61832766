#include "keys/identity.h"

#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "identity/identity_form.h"
#include "proto/assert.h"
#include "signing.h"

#define DOMAIN_TEXT_SIZE_MAX 64u
#define SIGNED_SIZE_MAX (4u + DOMAIN_TEXT_SIZE_MAX + NRS_LONG_HASH_SIZE)

_Static_assert(NRS_KEY_SIZE == crypto_sign_PUBLICKEYBYTES, "Ed25519 public key");
_Static_assert(NRS_KEY_SIZE == crypto_sign_SEEDBYTES, "Ed25519 seed");
_Static_assert(NRS_SIGNATURE_SIZE == crypto_sign_BYTES, "Ed25519 signature");
_Static_assert(NRS_SECRET_SIZE_MAX >= crypto_sign_SECRETKEYBYTES, "a slot holds an Ed25519 secret key");
_Static_assert(NRS_KEY_SIZE == crypto_scalarmult_BYTES, "X25519 result");
_Static_assert(NRS_KEY_SIZE == crypto_scalarmult_SCALARBYTES, "X25519 secret");
_Static_assert(NRS_KEY_SIZE == crypto_box_PUBLICKEYBYTES, "X25519 public key");

nrs_error nrs_identity_from_seeds(nrs_identity **identity_out, const uint8_t sign_seed[NRS_KEY_SIZE],
                                  const uint8_t agree_secret[NRS_KEY_SIZE], const uint8_t curve_secret[NRS_KEY_SIZE])
{
    nrs_error error = NRS_ERROR_NO_MEMORY;
    nrs_identity *identity = calloc(1, sizeof(*identity));

    NRS_ASSERT(identity_out != NULL);

    if (identity == NULL) {
        goto out;
    }
    error = nrs_secret_new(&identity->sign, crypto_sign_SECRETKEYBYTES);
    if (error != NRS_OK) {
        goto out;
    }
    error = nrs_secret_copy(&identity->agree, nrs_slice_of(agree_secret, NRS_KEY_SIZE));
    if (error != NRS_OK) {
        goto out;
    }
    error = nrs_secret_copy(&identity->curve, nrs_slice_of(curve_secret, NRS_KEY_SIZE));
    if (error != NRS_OK) {
        goto out;
    }
    if (crypto_sign_seed_keypair(identity->keys.sign_key, nrs_secret_data(identity->sign), sign_seed) != 0 ||
        crypto_scalarmult_base(identity->keys.agree_key, agree_secret) != 0 ||
        crypto_scalarmult_base(identity->keys.curve_key, curve_secret) != 0) {
        error = NRS_ERROR_INTERNAL;
        goto out;
    }
    *identity_out = identity;
    identity = NULL;
out:
    nrs_identity_destroy(&identity);
    return error;
}

nrs_error nrs_identity_new(nrs_identity **identity_out)
{
    nrs_error error = NRS_OK;
    uint8_t unused[NRS_KEY_SIZE];
    nrs_secret *sign_seed = NULL;
    nrs_secret *agree = NULL;
    nrs_secret *curve = NULL;

    error = nrs_secret_random(&sign_seed, NRS_KEY_SIZE);
    if (error != NRS_OK) {
        goto out;
    }
    error = nrs_secret_new(&agree, NRS_KEY_SIZE);
    if (error != NRS_OK) {
        goto out;
    }
    error = nrs_secret_new(&curve, NRS_KEY_SIZE);
    if (error != NRS_OK) {
        goto out;
    }
    if (crypto_box_keypair(unused, nrs_secret_data(agree)) != 0 ||
        crypto_box_keypair(unused, nrs_secret_data(curve)) != 0) {
        error = NRS_ERROR_INTERNAL;
        goto out;
    }
    error = nrs_identity_from_seeds(identity_out, nrs_secret_view(sign_seed), nrs_secret_view(agree),
                                    nrs_secret_view(curve));
out:
    nrs_secret_destroy(&sign_seed);
    nrs_secret_destroy(&agree);
    nrs_secret_destroy(&curve);
    return error;
}

void nrs_identity_destroy(nrs_identity **identity)
{
    NRS_ASSERT(identity != NULL);
    if (*identity == NULL) {
        return;
    }
    nrs_secret_destroy(&(*identity)->sign);
    nrs_secret_destroy(&(*identity)->agree);
    nrs_secret_destroy(&(*identity)->curve);
    nrs_agree_cache_destroy(&(*identity)->cache);
    free(*identity);
    *identity = NULL;
}

const nrs_public_keys *nrs_identity_public(const nrs_identity *identity)
{
    NRS_ASSERT(identity != NULL);
    return &identity->keys;
}

const nrs_secret *nrs_identity_curve_secret(const nrs_identity *identity)
{
    NRS_ASSERT(identity != NULL);
    return identity->curve;
}

/* The CURVE secret is lent to the link's socket, and so takes no part in any derivation. */
static nrs_error derive(nrs_secret **key_out, const nrs_identity *identity, nrs_domain domain, nrs_slice share)
{
    const nrs_slice parts[] = {
        nrs_slice_of(nrs_secret_view(identity->sign), crypto_sign_SEEDBYTES),
        nrs_secret_slice(identity->agree),
        share,
    };
    nrs_secret *key = NULL;
    nrs_error error = nrs_secret_new(&key, NRS_KEY_SIZE);

    if (error != NRS_OK) {
        return error;
    }
    nrs_hash(nrs_secret_data(key), NRS_KEY_SIZE, domain, parts, sizeof(parts) / sizeof(parts[0]));
    *key_out = key;
    return NRS_OK;
}

nrs_error nrs_identity_derive(nrs_secret **key_out, const nrs_identity *identity, nrs_domain domain)
{
    NRS_ASSERT(key_out != NULL);
    NRS_ASSERT(identity != NULL);
    return derive(key_out, identity, domain, nrs_slice_of(NULL, 0));
}

nrs_error nrs_person_prekey_key(nrs_secret **key_out, const nrs_identity *person, const nrs_secret *share)
{
    NRS_ASSERT(key_out != NULL);
    NRS_ASSERT(person != NULL && share != NULL);
    if (nrs_secret_size(share) != NRS_KEY_SIZE) { /* the node sends it */
        return NRS_ERROR_MALFORMED;
    }
    return derive(key_out, person, NRS_DOMAIN_PERSON_PREKEY, nrs_secret_slice(share));
}

/* What a signature covers: u32(len(domain)) || domain || BLAKE2b-512(domain, statement). Returns its size. */
static size_t signed_bytes(uint8_t message_out[SIGNED_SIZE_MAX], nrs_domain domain, nrs_slice statement)
{
    const nrs_slice text = nrs_domain_text(domain);

    NRS_ASSERT(text.size <= DOMAIN_TEXT_SIZE_MAX);
    memset(message_out, 0, 4);
    message_out[0] = (uint8_t)text.size;
    memcpy(message_out + 4, text.data, text.size);
    nrs_hash(message_out + 4 + text.size, NRS_LONG_HASH_SIZE, domain, &statement, 1);
    return 4 + text.size + NRS_LONG_HASH_SIZE;
}

void nrs_sign(uint8_t signature_out[NRS_SIGNATURE_SIZE], const nrs_identity *identity, nrs_domain domain,
              nrs_slice statement)
{
    uint8_t message[SIGNED_SIZE_MAX];
    size_t size = 0;
    int failed = 0;

    NRS_ASSERT(signature_out != NULL);
    NRS_ASSERT(identity != NULL);
    size = signed_bytes(message, domain, statement);
    failed = crypto_sign_detached(signature_out, NULL, message, size, nrs_secret_view(identity->sign));
    NRS_ASSERT(!failed); /* there is nothing that it could fail for */
}

nrs_error nrs_sign_verify(const uint8_t signature[NRS_SIGNATURE_SIZE], const uint8_t sign_key[NRS_KEY_SIZE],
                          nrs_domain domain, nrs_slice statement)
{
    uint8_t message[SIGNED_SIZE_MAX];
    size_t size = 0;

    NRS_ASSERT(signature != NULL);
    NRS_ASSERT(sign_key != NULL);
    size = signed_bytes(message, domain, statement);
    return crypto_sign_verify_detached(signature, message, size, sign_key) == 0 ? NRS_OK : NRS_ERROR_FORGED;
}

bool nrs_sign_key_valid(const uint8_t sign_key[NRS_KEY_SIZE])
{
    NRS_ASSERT(sign_key != NULL);
    return crypto_core_ed25519_is_valid_point(sign_key) == 1;
}

nrs_error nrs_identity_agree(uint8_t shared_out[NRS_KEY_SIZE], nrs_identity *identity,
                             const uint8_t peer_agree_key[NRS_KEY_SIZE])
{
    nrs_error error = NRS_OK;
    uint8_t shared[NRS_KEY_SIZE];
    const uint8_t *kept = NULL;

    NRS_ASSERT(shared_out != NULL);
    NRS_ASSERT(identity != NULL && peer_agree_key != NULL);

    if (identity->cache == NULL) {
        error = nrs_agree_cache_new(&identity->cache);
        if (error != NRS_OK) {
            return error;
        }
    }
    kept = nrs_agree_cache_get(identity->cache, peer_agree_key);
    if (kept != NULL) {
        memcpy(shared_out, kept, NRS_KEY_SIZE);
        return NRS_OK;
    }
    if (crypto_scalarmult(shared, nrs_secret_view(identity->agree), peer_agree_key) != 0) {
        error = NRS_ERROR_FORGED; /* a point of low order: the result would be known to everyone */
        goto out;
    }
    nrs_agree_cache_put(identity->cache, peer_agree_key, shared);
    memcpy(shared_out, shared, NRS_KEY_SIZE);
out:
    sodium_memzero(shared, sizeof(shared));
    return error;
}

void nrs_identity_forget_agreed(nrs_identity *identity)
{
    NRS_ASSERT(identity != NULL);
    nrs_agree_cache_destroy(&identity->cache);
}

nrs_error nrs_identity_agree_with(void *context, uint8_t shared_out[NRS_KEY_SIZE],
                                  const uint8_t peer_agree_key[NRS_KEY_SIZE])
{
    return nrs_identity_agree(shared_out, context, peer_agree_key);
}
