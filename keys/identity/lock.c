#include "identity/lock.h"

#include <sodium.h>

#include "proto/assert.h"

#define PASSES 3u
#define PASSES_MAX 10u
#define MEMORY_SIZE (64ull * 1024u * 1024u)
#define MEMORY_SIZE_MIN (8ull * 1024u * 1024u)
#define MEMORY_SIZE_MAX (1024ull * 1024u * 1024u)

_Static_assert(NRS_NONCE_SIZE == crypto_aead_xchacha20poly1305_ietf_NPUBBYTES, "nonce");
_Static_assert(NRS_TAG_SIZE == crypto_aead_xchacha20poly1305_ietf_ABYTES, "tag");
_Static_assert(NRS_SALT_SIZE == crypto_pwhash_SALTBYTES, "the file's salt");
_Static_assert(PASSES >= crypto_pwhash_argon2id_OPSLIMIT_MIN && PASSES <= PASSES_MAX, "passes within the bound");
_Static_assert(MEMORY_SIZE >= MEMORY_SIZE_MIN && MEMORY_SIZE <= MEMORY_SIZE_MAX, "memory within the bound");

void nrs_lock_new(nrs_lock *lock_out)
{
    NRS_ASSERT(lock_out != NULL);
    *lock_out = (nrs_lock){ .passes = PASSES, .memory_size = MEMORY_SIZE };
    randombytes_buf(lock_out->salt, sizeof(lock_out->salt));
    randombytes_buf(lock_out->nonce, sizeof(lock_out->nonce));
}

nrs_error nrs_lock_key(nrs_secret **key_out, const nrs_lock *params, nrs_slice passphrase)
{
    nrs_secret *key = NULL;
    nrs_error error = nrs_secret_new(&key, NRS_KEY_SIZE);

    if (error != NRS_OK) {
        return error;
    }
    if (crypto_pwhash(nrs_secret_data(key), NRS_KEY_SIZE, (const char *)passphrase.data, passphrase.size, params->salt,
                      params->passes, (size_t)params->memory_size, crypto_pwhash_ALG_ARGON2ID13) != 0) {
        nrs_secret_destroy(&key);
        return NRS_ERROR_NO_MEMORY;
    }
    *key_out = key;
    return NRS_OK;
}

nrs_error nrs_lock_append(nrs_bytes *file, const nrs_lock *params)
{
    nrs_error error = nrs_bytes_append_u32(file, params->passes);

    if (error == NRS_OK) {
        error = nrs_bytes_append_u64(file, params->memory_size);
    }
    if (error == NRS_OK) {
        error = nrs_bytes_append(file, nrs_slice_of(params->salt, sizeof(params->salt)));
    }
    if (error == NRS_OK) {
        error = nrs_bytes_append(file, nrs_slice_of(params->nonce, sizeof(params->nonce)));
    }
    return error;
}

nrs_error nrs_lock_read(nrs_lock *params_out, nrs_reader *reader)
{
    nrs_error error = nrs_read_u32(reader, &params_out->passes);

    if (error == NRS_OK) {
        error = nrs_read_u64(reader, &params_out->memory_size);
    }
    if (error == NRS_OK) {
        error = nrs_read_copy(reader, params_out->salt, sizeof(params_out->salt));
    }
    if (error == NRS_OK) {
        error = nrs_read_copy(reader, params_out->nonce, sizeof(params_out->nonce));
    }
    if (error == NRS_OK && (params_out->passes < 1 || params_out->passes > PASSES_MAX ||
                            params_out->memory_size < MEMORY_SIZE_MIN || params_out->memory_size > MEMORY_SIZE_MAX)) {
        error = NRS_ERROR_MALFORMED; /* a hostile file would otherwise choose our time and memory */
    }
    return error;
}
