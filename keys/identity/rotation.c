#include "keys/rotation.h"

#include <string.h>

#include <sodium.h>

#include "keys/vault.h"
#include "proto/assert.h"

static const char vault_label[] = "vault";

/* A passphrase that only the holder can make: the key file then has the same form as every other. */
static nrs_error passphrase_of(char text_out[2 * NRS_KEY_SIZE + 1], const nrs_identity *holder, nrs_domain purpose)
{
    nrs_secret *key = NULL;
    nrs_error error = nrs_identity_derive(&key, holder, purpose);

    if (error == NRS_OK) {
        nrs_hex_encode(text_out, nrs_secret_view(key), NRS_KEY_SIZE);
    }
    nrs_secret_destroy(&key);
    return error;
}

nrs_error nrs_rotation_save(nrs_bytes *file_out, const nrs_identity *kept, const nrs_identity *holder, nrs_domain purpose)
{
    char passphrase[2 * NRS_KEY_SIZE + 1];
    nrs_error error = passphrase_of(passphrase, holder, purpose);

    NRS_ASSERT(file_out != NULL && kept != NULL);
    if (error == NRS_OK) {
        error = nrs_identity_save(file_out, kept, nrs_slice_of(passphrase, 2 * NRS_KEY_SIZE));
    }
    sodium_memzero(passphrase, sizeof passphrase);
    return error;
}

nrs_error nrs_rotation_load(nrs_identity **kept_out, nrs_slice file, const nrs_identity *holder, nrs_domain purpose)
{
    char passphrase[2 * NRS_KEY_SIZE + 1];
    nrs_error error = passphrase_of(passphrase, holder, purpose);

    NRS_ASSERT(kept_out != NULL);
    if (error == NRS_OK) {
        error = nrs_identity_load(kept_out, file, nrs_slice_of(passphrase, 2 * NRS_KEY_SIZE));
    }
    sodium_memzero(passphrase, sizeof passphrase);
    return error;
}

nrs_error nrs_rotation_wrap_vault(nrs_bytes *wrapped_out, const nrs_secret *vault_key, const nrs_identity *holder)
{
    nrs_secret *key = NULL;
    nrs_error error = nrs_identity_derive(&key, holder, NRS_DOMAIN_FORMER_KEY);

    if (error == NRS_OK) {
        error = nrs_vault_wrap(wrapped_out, key, nrs_slice_of_string(vault_label), vault_key);
    }
    nrs_secret_destroy(&key);
    return error;
}

nrs_error nrs_rotation_unwrap_vault(nrs_secret **vault_key_out, nrs_slice wrapped, const nrs_identity *holder)
{
    nrs_secret *key = NULL;
    nrs_error error = nrs_identity_derive(&key, holder, NRS_DOMAIN_FORMER_KEY);

    if (error == NRS_OK) {
        error = nrs_vault_unwrap(vault_key_out, key, nrs_slice_of_string(vault_label), wrapped);
    }
    nrs_secret_destroy(&key);
    return error;
}

void nrs_rotation_name(char text_out[NRS_KEY_NAME_SIZE], const nrs_identity *identity)
{
    nrs_key_name(text_out, nrs_identity_public(identity)->sign_key);
}
