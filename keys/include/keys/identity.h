/* The identity of a node or a person: three independent key pairs (Ed25519 to sign, X25519 to agree, CURVE for the
 * link), and its key file. A person has no CURVE pair in use, but the file has the same form. */
#ifndef KEYS_IDENTITY_H
#define KEYS_IDENTITY_H

#include "keys/hash.h"
#include "keys/secret.h"
#include "proto/wire.h"

typedef struct nrs_identity nrs_identity;

typedef struct nrs_public_keys {
    uint8_t sign_key[NRS_KEY_SIZE];
    uint8_t agree_key[NRS_KEY_SIZE];
    uint8_t curve_key[NRS_KEY_SIZE];
} nrs_public_keys;

NRS_MUST_USE nrs_error nrs_identity_new(nrs_identity **identity_out);
void nrs_identity_destroy(nrs_identity **identity);
const nrs_public_keys *nrs_identity_public(const nrs_identity *identity);
/** The CURVE secret, borrowed, for the link's socket only. */
const nrs_secret *nrs_identity_curve_secret(const nrs_identity *identity);

/** Key file bytes (SPEC 7.1): under Argon2id (memory 64 MiB, 3 passes; parameters stand in the file, bounded on reading)
 *  and XChaCha20-Poly1305 when passphrase.size > 0, else in the clear with a checksum. Out: replaced, caller wipes. */
NRS_MUST_USE nrs_error nrs_identity_save(nrs_bytes *file_out, const nrs_identity *identity, nrs_slice passphrase);
/** Returns NRS_ERROR_PASSPHRASE (wrong, damaged, or one given for a file that has none, or missing), MALFORMED. */
NRS_MUST_USE nrs_error nrs_identity_load(nrs_identity **identity_out, nrs_slice file, nrs_slice passphrase);
/** True if the key file is under a passphrase; a malformed file reads false. */
bool nrs_identity_file_locked(nrs_slice file);

/** A 32-byte key derived from the identity's secrets for one purpose (VAULT: seals the vault file). Out: owned. */
NRS_MUST_USE nrs_error nrs_identity_derive(nrs_secret **key_out, const nrs_identity *identity, nrs_domain domain);
/** The key under which a person's prekey secret is wrapped (with nrs_vault_wrap): derived from the person's identity AND a
 *  32-byte share that the node keeps and destroys on time, so that each secret needs both. Out: owned. */
NRS_MUST_USE nrs_error nrs_person_prekey_key(nrs_secret **key_out, const nrs_identity *person, const nrs_secret *share);

/** Ed25519 over domain || BLAKE2b-512(domain, statement). */
void nrs_sign(uint8_t signature_out[NRS_SIGNATURE_SIZE], const nrs_identity *identity, nrs_domain domain, nrs_slice statement);
/** NRS_ERROR_FORGED if it does not hold. */
NRS_MUST_USE nrs_error nrs_sign_verify(const uint8_t signature[NRS_SIGNATURE_SIZE], const uint8_t sign_key[NRS_KEY_SIZE],
                                       nrs_domain domain, nrs_slice statement);

/** Whether a signature could ever verify under it: a point of Ed25519's main subgroup, in its one encoding. */
bool nrs_sign_key_valid(const uint8_t sign_key[NRS_KEY_SIZE]);

/** X25519 of the identity's agreement key with a peer's, kept per pair (a bounded cache of 4,096 peers): the part of every
 *  slot and envelope that only the two identities can make. Returns NRS_ERROR_FORGED for a low-order key. */
NRS_MUST_USE nrs_error nrs_identity_agree(uint8_t shared_out[NRS_KEY_SIZE], nrs_identity *identity, const uint8_t peer_agree_key[NRS_KEY_SIZE]);

/** Forget what was agreed on with peers, as an identity that was just loaded: it is worked out again where it is needed. */
void nrs_identity_forget_agreed(nrs_identity *identity);

/** How the maker of a slot reaches that same value where the identity is held by another process (RED: the CLI asks its
 *  node). Same contract as nrs_identity_agree; nrs_identity_agree_with is this over an identity in `context`. */
typedef nrs_error (*nrs_agree_function)(void *context, uint8_t shared_out[NRS_KEY_SIZE], const uint8_t peer_agree_key[NRS_KEY_SIZE]);
NRS_MUST_USE nrs_error nrs_identity_agree_with(void *context, uint8_t shared_out[NRS_KEY_SIZE], const uint8_t peer_agree_key[NRS_KEY_SIZE]);

/** Wrap a statement as a signed record of the type (its signature domain follows from the type). Out: replaced. */
NRS_MUST_USE nrs_error nrs_signed_record(nrs_bytes *record_out, nrs_record_type type, const nrs_identity *identity, nrs_slice statement);
/** Decode a Signed of a record type and check its signature. Out: signed_out, nrs_signed_free; its statement is not decoded. */
NRS_MUST_USE nrs_error nrs_signed_open(nrs_signed **signed_out, nrs_record_type type, nrs_slice payload);

#endif
