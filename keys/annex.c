/* What list shows of a report, kept beside its row under a key of its own derived from the report's file key (SPEC 9.3): it
 * is forgotten with that key, and no body need be opened to list it. */
#include "keys/seal.h"

#include <sodium.h>

#include "proto/assert.h"
#include "sealing.h"

nrs_error nrs_annex_seal(nrs_bytes *annex_out, const nrs_secret *file_key, nrs_slice text)
{
    uint8_t key[NRS_KEY_SIZE];
    nrs_bytes annex = {0};
    nrs_error error;

    NRS_ASSERT(annex_out != NULL && file_key != NULL);
    error = nrs_bytes_resize(&annex, NRS_NONCE_SIZE + text.size + NRS_TAG_SIZE);
    if (error != NRS_OK) {
        return error;
    }
    nrs_file_key_derive(key, NRS_DOMAIN_ANNEX_KEY, file_key);
    randombytes_buf(annex.data, NRS_NONCE_SIZE);
    (void)crypto_aead_xchacha20poly1305_ietf_encrypt(annex.data + NRS_NONCE_SIZE, NULL, text.data, text.size, NULL, 0, NULL, annex.data, key);
    nrs_memory_wipe(key, sizeof key);
    nrs_bytes_wipe(annex_out);
    *annex_out = annex;
    return NRS_OK;
}

nrs_error nrs_annex_open(nrs_bytes *text_out, const nrs_secret *file_key, nrs_slice annex)
{
    uint8_t key[NRS_KEY_SIZE];
    nrs_bytes text = {0};
    nrs_error error;

    NRS_ASSERT(text_out != NULL && file_key != NULL);
    if (annex.size < NRS_NONCE_SIZE + NRS_TAG_SIZE) {
        return NRS_ERROR_DAMAGED;
    }
    error = nrs_bytes_resize(&text, annex.size - NRS_NONCE_SIZE - NRS_TAG_SIZE);
    if (error != NRS_OK) {
        return error;
    }
    nrs_file_key_derive(key, NRS_DOMAIN_ANNEX_KEY, file_key);
    if (crypto_aead_xchacha20poly1305_ietf_decrypt(text.data, NULL, NULL, annex.data + NRS_NONCE_SIZE, annex.size - NRS_NONCE_SIZE, NULL, 0, annex.data, key) != 0) {
        error = NRS_ERROR_DAMAGED;
    }
    nrs_memory_wipe(key, sizeof key);
    if (error != NRS_OK) {
        nrs_bytes_wipe(&text);
        return error;
    }
    nrs_bytes_wipe(text_out);
    *text_out = text;
    return NRS_OK;
}
