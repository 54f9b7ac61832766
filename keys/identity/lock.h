/* How a passphrase becomes a key (SPEC 7.1, 7.9): Argon2id with its parameters in the file, bounded on reading. */
#ifndef KEYS_LOCK_H
#define KEYS_LOCK_H

#include "keys/secret.h"
#include "proto/limits.h"

#define NRS_PASSPHRASE_SIZE_MAX 1024u
#define NRS_SALT_SIZE 16u
#define NRS_LOCK_SIZE (4u + 8u + NRS_SALT_SIZE + NRS_NONCE_SIZE) /* in a file */

typedef struct nrs_lock {
    uint32_t passes;
    uint64_t memory_size;
    uint8_t salt[NRS_SALT_SIZE];
    uint8_t nonce[NRS_NONCE_SIZE];
} nrs_lock;

/** 3 passes over 64 MiB, with a fresh salt and nonce. */
void nrs_lock_new(nrs_lock *lock_out);
/** Out: key_out: owned. */
NRS_MUST_USE nrs_error nrs_lock_key(nrs_secret **key_out, const nrs_lock *lock, nrs_slice passphrase);
NRS_MUST_USE nrs_error nrs_lock_append(nrs_bytes *file, const nrs_lock *lock);
/** NRS_ERROR_MALFORMED for parameters that would let a hostile file choose our time or memory. */
NRS_MUST_USE nrs_error nrs_lock_read(nrs_lock *lock_out, nrs_reader *reader);

#endif
