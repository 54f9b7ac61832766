/* The files of a change of identity (SPEC 7.10): the next identity, that a running daemon opens by the one it has; the former
 * one, that the new one opens; and the key of the vault file, which stays what it was. */
#ifndef KEYS_ROTATION_H
#define KEYS_ROTATION_H

#include "keys/identity.h"

/** A key file of `kept` that `holder` opens. purpose: NRS_DOMAIN_NEXT_KEY or FORMER_KEY. Out: replaced, caller wipes. */
NRS_MUST_USE nrs_error nrs_rotation_save(nrs_bytes *file_out, const nrs_identity *kept, const nrs_identity *holder, nrs_domain purpose);
/** Out: kept_out: owned. Returns the errors of nrs_identity_load. */
NRS_MUST_USE nrs_error nrs_rotation_load(nrs_identity **kept_out, nrs_slice file, const nrs_identity *holder, nrs_domain purpose);
/** The key that a node's vault file stands under, wrapped for a later identity. Out: wrapped_out: replaced. */
NRS_MUST_USE nrs_error nrs_rotation_wrap_vault(nrs_bytes *wrapped_out, const nrs_secret *vault_key, const nrs_identity *holder);
NRS_MUST_USE nrs_error nrs_rotation_unwrap_vault(nrs_secret **vault_key_out, nrs_slice wrapped, const nrs_identity *holder);
/** What the files of an identity's predecessor are named by: nrs_key_name of its signing key. */
void nrs_rotation_name(char text_out[NRS_KEY_NAME_SIZE], const nrs_identity *identity);

#endif
