/* The key that two organisations alone can make (SPEC 6.3, 8.2): one fresh X25519 with the reader's prekey, for forward
 * secrecy, and the lasting X25519 of both identities, without which a forged prekey would open everything. */
#ifndef KEYS_AGREEMENT_H
#define KEYS_AGREEMENT_H

#include "keys/hash.h"
#include "keys/secret.h"

/** A fresh X25519 pair. Out: secret_out: owned. */
NRS_MUST_USE nrs_error nrs_ephemeral_new(nrs_secret **secret_out, uint8_t key_out[NRS_KEY_SIZE]);
/** X25519. Returns NRS_ERROR_FORGED for a low-order key. The caller clears shared_out. */
NRS_MUST_USE nrs_error nrs_ephemeral_agree(uint8_t shared_out[NRS_KEY_SIZE], const nrs_secret *secret,
                                           const uint8_t key[NRS_KEY_SIZE]);
/** BLAKE2b-256(domain, transcript hash || fresh || lasting): a key for one message under a zero nonce. The caller clears
 *  key_out. */
void nrs_pair_key(uint8_t key_out[NRS_KEY_SIZE], nrs_domain domain, const uint8_t transcript_hash[NRS_LONG_HASH_SIZE],
                  const uint8_t fresh[NRS_KEY_SIZE], const uint8_t lasting[NRS_KEY_SIZE]);

#endif
