#include <string.h>

#include <sodium.h>

#include "identity/identity_form.h"
#include "identity/lock.h"
#include "proto/assert.h"
#include "signing.h"

/* The key file (SPEC 7.1):
 *   "NRSKEY01"  flags u32
 *   flags = 1:  passes u32, memory u64 (bytes), salt 16, nonce 24, then the seeds under XChaCha20-Poly1305 with a key
 *               from Argon2id, bound to everything before
 *   flags = 0:  the seeds, and BLAKE2b-256 over everything before */

#define MAGIC "NRSKEY01"
#define MAGIC_SIZE (sizeof(MAGIC) - 1)
#define FLAG_LOCKED 1u
#define SEEDS_SIZE NRS_IDENTITY_SEEDS_SIZE
#define CLEAR_FILE_SIZE (MAGIC_SIZE + 4 + SEEDS_SIZE + NRS_HASH_SIZE)
#define LOCKED_HEAD_SIZE (MAGIC_SIZE + 4 + NRS_LOCK_SIZE)
#define LOCKED_FILE_SIZE (LOCKED_HEAD_SIZE + SEEDS_SIZE + NRS_TAG_SIZE)

static nrs_error append_head(nrs_bytes *file, uint32_t flags)
{
    nrs_error error = nrs_bytes_append(file, nrs_slice_of(MAGIC, MAGIC_SIZE));

    return error != NRS_OK ? error : nrs_bytes_append_u32(file, flags);
}

static nrs_error append_locked(nrs_bytes *file, const uint8_t seeds[SEEDS_SIZE], nrs_slice passphrase)
{
    nrs_lock params;
    nrs_secret *key = NULL;
    nrs_error error = NRS_OK;

    nrs_lock_new(&params);
    error = append_head(file, FLAG_LOCKED);
    if (error != NRS_OK) {
        goto out;
    }
    error = nrs_lock_append(file, &params);
    if (error != NRS_OK) {
        goto out;
    }
    NRS_ASSERT(file->size == LOCKED_HEAD_SIZE);
    error = nrs_lock_key(&key, &params, passphrase);
    if (error != NRS_OK) {
        goto out;
    }
    error = nrs_bytes_resize(file, LOCKED_FILE_SIZE);
    if (error != NRS_OK) {
        goto out;
    }
    (void)crypto_aead_xchacha20poly1305_ietf_encrypt(file->data + LOCKED_HEAD_SIZE, NULL, seeds, SEEDS_SIZE, file->data,
                                                     LOCKED_HEAD_SIZE, NULL, params.nonce, nrs_secret_view(key));
out:
    nrs_secret_destroy(&key);
    return error;
}

static nrs_error append_clear(nrs_bytes *file, const uint8_t seeds[SEEDS_SIZE])
{
    uint8_t checksum[NRS_HASH_SIZE];
    nrs_error error = append_head(file, 0);

    if (error == NRS_OK) {
        error = nrs_bytes_append(file, nrs_slice_of(seeds, SEEDS_SIZE));
    }
    if (error == NRS_OK) {
        nrs_hash_one(checksum, NRS_DOMAIN_KEY_FILE, nrs_slice_of_bytes(file));
        error = nrs_bytes_append(file, nrs_slice_of(checksum, sizeof(checksum)));
    }
    return error;
}

nrs_error nrs_identity_save(nrs_bytes *file_out, const nrs_identity *identity, nrs_slice passphrase)
{
    nrs_error error = NRS_OK;
    uint8_t seeds[SEEDS_SIZE];
    nrs_bytes file = { 0 };

    NRS_ASSERT(file_out != NULL);
    NRS_ASSERT(identity != NULL);

    if (passphrase.size > NRS_PASSPHRASE_SIZE_MAX) {
        return NRS_ERROR_TOO_LARGE;
    }
    memcpy(seeds, nrs_secret_view(identity->sign), NRS_KEY_SIZE);
    memcpy(seeds + NRS_KEY_SIZE, nrs_secret_view(identity->agree), NRS_KEY_SIZE);
    memcpy(seeds + 2 * NRS_KEY_SIZE, nrs_secret_view(identity->curve), NRS_KEY_SIZE);
    error = passphrase.size > 0 ? append_locked(&file, seeds, passphrase) : append_clear(&file, seeds);
    if (error == NRS_OK) {
        nrs_bytes_replace(file_out, &file);
    }
    sodium_memzero(seeds, sizeof(seeds));
    nrs_bytes_wipe(&file);
    return error;
}

/* Magic and flags, against the size that the flags ask for. */
static nrs_error read_head(nrs_reader *reader, bool *locked_out, nrs_slice file)
{
    uint8_t magic[MAGIC_SIZE];
    uint32_t flags = 0;
    nrs_error error = NRS_OK;

    *reader = nrs_reader_over(file);
    error = nrs_read_copy(reader, magic, sizeof(magic));
    if (error == NRS_OK) {
        error = nrs_read_u32(reader, &flags);
    }
    if (error != NRS_OK) {
        return error;
    }
    if (memcmp(magic, MAGIC, sizeof(magic)) != 0 || flags > FLAG_LOCKED ||
        file.size != (flags == FLAG_LOCKED ? LOCKED_FILE_SIZE : CLEAR_FILE_SIZE)) {
        return NRS_ERROR_MALFORMED;
    }
    *locked_out = flags == FLAG_LOCKED;
    return NRS_OK;
}

static nrs_error read_locked(uint8_t seeds_out[SEEDS_SIZE], nrs_reader *reader, nrs_slice file, nrs_slice passphrase)
{
    nrs_lock params = { 0 };
    nrs_secret *key = NULL;
    nrs_error error = NRS_OK;

    error = nrs_lock_read(&params, reader);
    if (error != NRS_OK) {
        return error;
    }
    if (passphrase.size == 0 || passphrase.size > NRS_PASSPHRASE_SIZE_MAX) {
        return NRS_ERROR_PASSPHRASE;
    }
    error = nrs_lock_key(&key, &params, passphrase);
    if (error != NRS_OK) {
        return error;
    }
    if (crypto_aead_xchacha20poly1305_ietf_decrypt(seeds_out, NULL, NULL, reader->left.data, reader->left.size, file.data,
                                                   LOCKED_HEAD_SIZE, params.nonce, nrs_secret_view(key)) != 0) {
        error = NRS_ERROR_PASSPHRASE;
    }
    nrs_secret_destroy(&key);
    return error;
}

static nrs_error read_clear(uint8_t seeds_out[SEEDS_SIZE], nrs_reader *reader, nrs_slice file, nrs_slice passphrase)
{
    uint8_t checksum[NRS_HASH_SIZE];
    uint8_t want[NRS_HASH_SIZE];
    nrs_error error = NRS_OK;

    if (passphrase.size > 0) {
        return NRS_ERROR_PASSPHRASE;
    }
    error = nrs_read_copy(reader, seeds_out, SEEDS_SIZE);
    if (error == NRS_OK) {
        error = nrs_read_copy(reader, checksum, sizeof(checksum));
    }
    if (error != NRS_OK) {
        return error;
    }
    nrs_hash_one(want, NRS_DOMAIN_KEY_FILE, nrs_slice_of(file.data, CLEAR_FILE_SIZE - NRS_HASH_SIZE));
    return sodium_memcmp(want, checksum, sizeof(want)) == 0 ? NRS_OK : NRS_ERROR_PASSPHRASE;
}

nrs_error nrs_identity_load(nrs_identity **identity_out, nrs_slice file, nrs_slice passphrase)
{
    nrs_error error = NRS_OK;
    uint8_t seeds[SEEDS_SIZE];
    nrs_reader reader;
    bool locked = false;

    NRS_ASSERT(identity_out != NULL);
    NRS_ASSERT(file.data != NULL || file.size == 0);

    error = read_head(&reader, &locked, file);
    if (error != NRS_OK) {
        return error;
    }
    error = locked ? read_locked(seeds, &reader, file, passphrase) : read_clear(seeds, &reader, file, passphrase);
    if (error == NRS_OK) {
        error = nrs_identity_from_seeds(identity_out, seeds, seeds + NRS_KEY_SIZE, seeds + 2 * NRS_KEY_SIZE);
    }
    sodium_memzero(seeds, sizeof(seeds));
    return error;
}

bool nrs_identity_file_locked(nrs_slice file)
{
    nrs_reader reader;
    bool locked = false;

    return read_head(&reader, &locked, file) == NRS_OK && locked;
}
