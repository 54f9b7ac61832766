/* The vault: wraps file keys and prekey secrets for the disk, and destroys them for good (SPEC 9).
 *
 * root (in the vault file, overwritten in place)  ──wraps──►  segment keys  ──wrap──►  entries
 *
 * Destroying entries: survivors of the touched segments are rewrapped under fresh segment keys, all segment keys under a
 * fresh root, and then the old root is overwritten in the vault file: whatever old bytes SQLite leaves on the disk opens no
 * more. This module is bytes in, bytes out; node/store keeps the rows, node/shell owns the file. */
#ifndef KEYS_VAULT_H
#define KEYS_VAULT_H

#include <stdbool.h>

#include "keys/secret.h"
#include "proto/limits.h"

#define NRS_VAULT_WRAP_OVERHEAD (NRS_NONCE_SIZE + NRS_TAG_SIZE)
#define NRS_VAULT_SEGMENT_ENTRIES_MAX 1024u
#define NRS_VAULT_FILE_SIZE 4096u

/** Two places for a root: while a destruction is under way both hold one. The file's bytes are sealed under a key
 *  derived from the node's identity key, so that the file alone opens nothing. */
typedef struct nrs_vault_roots {
    nrs_secret *root[2];      /* NULL where there is none; owned */
    uint64_t generation[2];
    bool unsettled;           /* the file has a torn half: it wants writing again */
} nrs_vault_roots;
void nrs_vault_roots_wipe(nrs_vault_roots *roots);
/** Bytes of the vault file, exactly NRS_VAULT_FILE_SIZE. */
NRS_MUST_USE nrs_error nrs_vault_file_encode(uint8_t file_out[NRS_VAULT_FILE_SIZE], const nrs_vault_roots *roots, const nrs_secret *file_wrap_key);
/** Returns NRS_ERROR_DAMAGED. A torn half (bad checksum) reads as an empty place, so long as one is whole. */
NRS_MUST_USE nrs_error nrs_vault_file_decode(nrs_vault_roots *roots_out, nrs_slice file, const nrs_secret *file_wrap_key);

/** Wrap `secret` (at most NRS_SECRET_SIZE_MAX) under `key`, bound to `label` bytes (the entry's id). Out: replaced;
 *  size = secret + NRS_VAULT_WRAP_OVERHEAD. */
NRS_MUST_USE nrs_error nrs_vault_wrap(nrs_bytes *wrapped_out, const nrs_secret *key, nrs_slice label, const nrs_secret *secret);
/** Returns NRS_ERROR_DAMAGED. Out: owned. */
NRS_MUST_USE nrs_error nrs_vault_unwrap(nrs_secret **secret_out, const nrs_secret *key, nrs_slice label, nrs_slice wrapped);

#endif
