/* The inside of an identity, shared by identity.c (use) and identity_file.c (its key file). */
#ifndef KEYS_IDENTITY_FORM_H
#define KEYS_IDENTITY_FORM_H

#include "identity/agree_cache.h"
#include "keys/identity.h"

#define NRS_IDENTITY_SEEDS_SIZE (3u * NRS_KEY_SIZE)

struct nrs_identity {
    nrs_public_keys keys;
    nrs_secret *sign;  /* 64: the seed, then the public key, as Ed25519 of libsodium wants it */
    nrs_secret *agree; /* 32 */
    nrs_secret *curve; /* 32 */
    nrs_agree_cache *cache; /* NULL until the first agreement */
};

/** Build an identity from its three seeds: sign, agree, curve. Out: identity_out, owned. */
NRS_MUST_USE nrs_error nrs_identity_from_seeds(nrs_identity **identity_out, const uint8_t sign_seed[NRS_KEY_SIZE],
                                               const uint8_t agree_secret[NRS_KEY_SIZE],
                                               const uint8_t curve_secret[NRS_KEY_SIZE]);

#endif
