/* What list shows of a report, kept beside its row under a key of its own derived from the report's file key (SPEC 9.3): it
 * is forgotten with that key, and no body need be opened to list it. It is padded, so that whoever holds the database does
 * not read from its size how long a subject is. */
#include "keys/seal.h"

#include <sodium.h>

#include "sealing/padded.h"
#include "proto/assert.h"
#include "sealing/sealing.h"

static const nrs_size_classes annex_classes = {{256, 1024, NRS_ANNEX_TEXT_SIZE_MAX + 4}};

nrs_error nrs_annex_seal(nrs_bytes *annex_out, const nrs_secret *file_key, nrs_slice text)
{
    uint8_t key[NRS_KEY_SIZE];
    uint8_t nonce[NRS_NONCE_SIZE];
    nrs_bytes box = {0}, annex = {0};
    nrs_error error;

    NRS_ASSERT(annex_out != NULL && file_key != NULL);
    nrs_file_key_derive(key, NRS_DOMAIN_ANNEX_KEY, file_key);
    randombytes_buf(nonce, sizeof nonce);
    error = nrs_padded_seal(&box, &annex_classes, text, &(nrs_box_terms){key, nonce, nrs_slice_of(NULL, 0)});
    nrs_memory_wipe(key, sizeof key);
    if (error == NRS_OK) {
        error = nrs_bytes_append(&annex, nrs_slice_of(nonce, sizeof nonce));
    }
    if (error == NRS_OK) {
        error = nrs_bytes_append(&annex, nrs_slice_of_bytes(&box));
    }
    nrs_bytes_wipe(&box);
    if (error != NRS_OK) {
        nrs_bytes_wipe(&annex);
        return error;
    }
    nrs_bytes_wipe(annex_out);
    *annex_out = annex;
    return NRS_OK;
}

nrs_error nrs_annex_open(nrs_bytes *text_out, const nrs_secret *file_key, nrs_slice annex)
{
    uint8_t key[NRS_KEY_SIZE];
    nrs_bytes plain = {0}, text = {0};
    nrs_slice content = {0};
    nrs_error error;

    NRS_ASSERT(text_out != NULL && file_key != NULL);
    if (annex.size < NRS_NONCE_SIZE) {
        return NRS_ERROR_DAMAGED;
    }
    nrs_file_key_derive(key, NRS_DOMAIN_ANNEX_KEY, file_key);
    error = nrs_padded_open(&plain, &content, &annex_classes, nrs_slice_of(annex.data + NRS_NONCE_SIZE, annex.size - NRS_NONCE_SIZE),
                            &(nrs_box_terms){key, annex.data, nrs_slice_of(NULL, 0)});
    nrs_memory_wipe(key, sizeof key);
    if (error == NRS_OK) {
        error = nrs_bytes_copy(&text, content);
    }
    nrs_bytes_wipe(&plain);
    if (error != NRS_OK) {
        nrs_bytes_wipe(&text);
        return error == NRS_ERROR_NO_MEMORY ? error : NRS_ERROR_DAMAGED;
    }
    nrs_bytes_wipe(text_out);
    *text_out = text;
    return NRS_OK;
}
