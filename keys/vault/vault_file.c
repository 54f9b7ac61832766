#include <string.h>

#include <sodium.h>

#include "keys/hash.h"
#include "keys/vault.h"
#include "proto/assert.h"

/* The vault file (SPEC 9) is two halves that stand alone, so that a write torn in one leaves the other whole:
 *   "NRSVLT01"  generation u64  nonce 24  root under XChaCha20-Poly1305, filled up with zeros to the end of the half
 * The root is bound to everything before it and to the place. An empty place is all zeros. */

#define MAGIC "NRSVLT01"
#define MAGIC_SIZE (sizeof(MAGIC) - 1)
#define HALF_SIZE (NRS_VAULT_FILE_SIZE / 2)
#define HEAD_SIZE (MAGIC_SIZE + 8 + NRS_NONCE_SIZE)
#define PLAIN_SIZE (HALF_SIZE - HEAD_SIZE - NRS_TAG_SIZE)

_Static_assert(PLAIN_SIZE >= NRS_KEY_SIZE, "a half holds a root");

typedef enum half_state { HALF_EMPTY, HALF_WHOLE, HALF_TORN } half_state;

void nrs_vault_roots_wipe(nrs_vault_roots *roots)
{
    NRS_ASSERT(roots != NULL);
    nrs_secret_destroy(&roots->root[0]);
    nrs_secret_destroy(&roots->root[1]);
    *roots = (nrs_vault_roots){ 0 };
}

/* What a half is bound to: its head, in the file's bytes, and its place. */
static void bind(uint8_t bound_out[NRS_HASH_SIZE], nrs_slice head, uint8_t place)
{
    const nrs_slice parts[] = { head, nrs_slice_of(&place, 1) };

    nrs_hash(bound_out, NRS_HASH_SIZE, NRS_DOMAIN_VAULT, parts, sizeof(parts) / sizeof(parts[0]));
}

static nrs_error append_half(nrs_bytes *file, const nrs_secret *root, uint64_t generation, uint8_t place,
                             const nrs_secret *key)
{
    const size_t start = file->size;
    nrs_error error = NRS_OK;
    uint8_t nonce[NRS_NONCE_SIZE];
    uint8_t bound[NRS_HASH_SIZE];
    uint8_t *sealed = NULL;

    if (root == NULL) {
        return nrs_bytes_resize(file, start + HALF_SIZE);
    }
    randombytes_buf(nonce, sizeof(nonce));
    error = nrs_bytes_append(file, nrs_slice_of(MAGIC, MAGIC_SIZE));
    if (error == NRS_OK) {
        error = nrs_bytes_append_u64(file, generation);
    }
    if (error == NRS_OK) {
        error = nrs_bytes_append(file, nrs_slice_of(nonce, sizeof(nonce)));
    }
    if (error == NRS_OK) {
        error = nrs_bytes_resize(file, start + HALF_SIZE);
    }
    if (error != NRS_OK) {
        return error;
    }
    bind(bound, nrs_slice_of(file->data + start, HEAD_SIZE), place);
    /* In place: the root stands, with its filling, where its ciphertext will. */
    sealed = file->data + start + HEAD_SIZE;
    memcpy(sealed, nrs_secret_view(root), NRS_KEY_SIZE);
    (void)crypto_aead_xchacha20poly1305_ietf_encrypt(sealed, NULL, sealed, PLAIN_SIZE, bound, sizeof(bound), NULL, nonce,
                                                     nrs_secret_view(key));
    return NRS_OK;
}

nrs_error nrs_vault_file_encode(uint8_t file_out[NRS_VAULT_FILE_SIZE], const nrs_vault_roots *roots,
                                const nrs_secret *file_wrap_key)
{
    nrs_error error = NRS_OK;
    nrs_bytes file = { 0 };

    NRS_ASSERT(file_out != NULL && roots != NULL);
    NRS_ASSERT(file_wrap_key != NULL && nrs_secret_size(file_wrap_key) == NRS_KEY_SIZE);

    for (uint8_t place = 0; error == NRS_OK && place < 2; place++) {
        NRS_ASSERT(roots->root[place] == NULL || nrs_secret_size(roots->root[place]) == NRS_KEY_SIZE);
        error = append_half(&file, roots->root[place], roots->generation[place], place, file_wrap_key);
    }
    if (error == NRS_OK) {
        NRS_ASSERT(file.size == NRS_VAULT_FILE_SIZE);
        memcpy(file_out, file.data, NRS_VAULT_FILE_SIZE);
    }
    nrs_bytes_wipe(&file);
    return error;
}

static nrs_error open_half(nrs_secret **root_out, const uint8_t nonce[NRS_NONCE_SIZE], nrs_slice sealed,
                           const uint8_t bound[NRS_HASH_SIZE], const nrs_secret *key)
{
    uint8_t plain[PLAIN_SIZE];
    nrs_error error = NRS_ERROR_DAMAGED;

    NRS_ASSERT(sealed.size == PLAIN_SIZE + NRS_TAG_SIZE);
    if (crypto_aead_xchacha20poly1305_ietf_decrypt(plain, NULL, NULL, sealed.data, sealed.size, bound, NRS_HASH_SIZE,
                                                   nonce, nrs_secret_view(key)) == 0) {
        error = nrs_secret_copy(root_out, nrs_slice_of(plain, NRS_KEY_SIZE));
    }
    sodium_memzero(plain, sizeof(plain));
    return error;
}

/* Fails only for want of a secret's slot: what is wrong with the half is its state. */
static nrs_error read_half(half_state *state_out, nrs_vault_roots *roots, nrs_slice half, uint8_t place,
                           const nrs_secret *key)
{
    nrs_reader reader = nrs_reader_over(half);
    uint8_t magic[MAGIC_SIZE];
    uint8_t nonce[NRS_NONCE_SIZE];
    uint8_t bound[NRS_HASH_SIZE];
    uint64_t generation = 0;
    nrs_error error = NRS_OK;

    if (sodium_is_zero(half.data, half.size)) {
        *state_out = HALF_EMPTY;
        return NRS_OK;
    }
    error = nrs_read_copy(&reader, magic, sizeof(magic));
    if (error == NRS_OK) {
        error = nrs_read_u64(&reader, &generation);
    }
    if (error == NRS_OK) {
        error = nrs_read_copy(&reader, nonce, sizeof(nonce));
    }
    if (error == NRS_OK && memcmp(magic, MAGIC, sizeof(magic)) != 0) {
        error = NRS_ERROR_DAMAGED;
    }
    if (error == NRS_OK) {
        bind(bound, nrs_slice_of(half.data, HEAD_SIZE), place);
        error = open_half(&roots->root[place], nonce, reader.left, bound, key);
    }
    if (error == NRS_OK) {
        roots->generation[place] = generation;
        *state_out = HALF_WHOLE;
    } else if (error == NRS_ERROR_DAMAGED) {
        *state_out = HALF_TORN;
        error = NRS_OK;
    }
    return error;
}

nrs_error nrs_vault_file_decode(nrs_vault_roots *roots_out, nrs_slice file, const nrs_secret *file_wrap_key)
{
    nrs_error error = NRS_OK;
    nrs_vault_roots roots = { 0 };
    half_state states[2] = { HALF_TORN, HALF_TORN };

    NRS_ASSERT(roots_out != NULL);
    NRS_ASSERT(file_wrap_key != NULL && nrs_secret_size(file_wrap_key) == NRS_KEY_SIZE);

    if (file.size != NRS_VAULT_FILE_SIZE) {
        return NRS_ERROR_DAMAGED;
    }
    for (uint8_t place = 0; place < 2; place++) {
        const nrs_slice half = nrs_slice_of(file.data + place * HALF_SIZE, HALF_SIZE);

        error = read_half(&states[place], &roots, half, place, file_wrap_key);
        if (error != NRS_OK) {
            goto out;
        }
    }
    if (states[0] != HALF_WHOLE && states[1] != HALF_WHOLE && (states[0] == HALF_TORN || states[1] == HALF_TORN)) {
        error = NRS_ERROR_DAMAGED;
        goto out;
    }
    roots.unsettled = states[0] == HALF_TORN || states[1] == HALF_TORN;
    *roots_out = roots;
    roots = (nrs_vault_roots){ 0 };
out:
    nrs_vault_roots_wipe(&roots);
    return error;
}
