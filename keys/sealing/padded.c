#include "sealing/padded.h"

#include <sodium.h>
#include <string.h>

#include "proto/assert.h"

_Static_assert(crypto_aead_xchacha20poly1305_ietf_KEYBYTES == NRS_KEY_SIZE, "a box takes a key");
_Static_assert(crypto_aead_xchacha20poly1305_ietf_NPUBBYTES == NRS_NONCE_SIZE, "a box takes a nonce");
_Static_assert(crypto_aead_xchacha20poly1305_ietf_ABYTES == NRS_TAG_SIZE, "a box has a tag");

enum { SIZE_PREFIX = 4, CLASS_COUNT_MAX = 5 };

const nrs_size_classes nrs_body_classes = {{1024u, 4096u, 16384u, 65536u, 262144u}};
const nrs_size_classes nrs_vouched_body_classes = {{NRS_VOUCHED_BODY_SIZE_MIN, 65536u, 262144u, 0, 0}};
const nrs_size_classes nrs_summary_classes = {{256u, 768u, 0, 0, 0}};
const nrs_size_classes nrs_vouched_summary_classes = {{768u, 0, 0, 0, 0}};
const nrs_size_classes nrs_letter_classes = {{256u, 1024u, 4096u, 16384u, 65536u}};

static const uint8_t zero_nonce[NRS_NONCE_SIZE];

nrs_error nrs_padded_box_size(size_t *box_size_out, const nrs_size_classes *classes, size_t content_size)
{
    NRS_ASSERT(box_size_out != NULL);
    NRS_ASSERT(classes != NULL);

    for (size_t i = 0; i < CLASS_COUNT_MAX && classes->sizes[i] != 0; i++) {
        if (content_size <= classes->sizes[i] - SIZE_PREFIX) {
            *box_size_out = classes->sizes[i] + NRS_TAG_SIZE;
            return NRS_OK;
        }
    }
    return NRS_ERROR_TOO_LARGE;
}

bool nrs_padded_box_size_valid(const nrs_size_classes *classes, size_t box_size)
{
    NRS_ASSERT(classes != NULL);

    for (size_t i = 0; i < CLASS_COUNT_MAX && classes->sizes[i] != 0; i++) {
        if (box_size == classes->sizes[i] + NRS_TAG_SIZE) {
            return true;
        }
    }
    return false;
}

void nrs_box_seal(uint8_t *box_out, nrs_slice content, const nrs_box_terms *terms)
{
    unsigned long long box_size = 0;

    NRS_ASSERT(box_out != NULL);
    NRS_ASSERT(terms != NULL && terms->key != NULL);

    (void)crypto_aead_xchacha20poly1305_ietf_encrypt(box_out, &box_size, content.data, content.size, terms->bound.data,
                                                     terms->bound.size, NULL,
                                                     terms->nonce != NULL ? terms->nonce : zero_nonce, terms->key);
    NRS_ASSERT(box_size == content.size + NRS_TAG_SIZE);
}

nrs_error nrs_box_open(uint8_t *content_out, nrs_slice box, const nrs_box_terms *terms)
{
    NRS_ASSERT(content_out != NULL);
    NRS_ASSERT(terms != NULL && terms->key != NULL);

    if (box.size < NRS_TAG_SIZE) {
        return NRS_ERROR_FORGED;
    }
    if (crypto_aead_xchacha20poly1305_ietf_decrypt(content_out, NULL, NULL, box.data, box.size, terms->bound.data,
                                                   terms->bound.size,
                                                   terms->nonce != NULL ? terms->nonce : zero_nonce, terms->key) != 0) {
        return NRS_ERROR_FORGED;
    }
    return NRS_OK;
}

nrs_error nrs_padded_seal(nrs_bytes *box_out, const nrs_size_classes *classes, nrs_slice content,
                          const nrs_box_terms *terms)
{
    nrs_error error;
    nrs_bytes box = {0};
    size_t box_size = 0;

    NRS_ASSERT(box_out != NULL);

    error = nrs_padded_box_size(&box_size, classes, content.size);
    if (error != NRS_OK) {
        goto out;
    }
    /* Encrypted where it stands, at its full size from the start: no copy of the plaintext is left behind. */
    error = nrs_bytes_resize(&box, box_size);
    if (error != NRS_OK) {
        goto out;
    }
    box.size = 0;
    error = nrs_bytes_append_prefixed(&box, content);
    if (error != NRS_OK) {
        goto out;
    }
    NRS_ASSERT(box.size == SIZE_PREFIX + content.size && box.size <= box_size - NRS_TAG_SIZE);
    box.size = box_size;
    nrs_box_seal(box.data, nrs_slice_of(box.data, box_size - NRS_TAG_SIZE), terms);
    nrs_bytes_wipe(box_out);
    *box_out = box;
    box = (nrs_bytes){0};
out:
    nrs_bytes_wipe(&box);
    return error;
}

static bool all_zero(nrs_slice slice)
{
    return slice.size == 0 ||
           (slice.data[0] == 0 && (slice.size == 1 || memcmp(slice.data, slice.data + 1, slice.size - 1) == 0));
}

nrs_error nrs_padded_open(nrs_bytes *plain_out, nrs_slice *content_out, const nrs_size_classes *classes, nrs_slice box,
                          const nrs_box_terms *terms)
{
    nrs_error error = NRS_ERROR_NOT_CANONICAL;
    nrs_bytes plain = {0};
    nrs_reader reader;
    nrs_slice content = {0};
    size_t box_size = 0;

    NRS_ASSERT(plain_out != NULL);
    NRS_ASSERT(content_out != NULL);

    if (!nrs_padded_box_size_valid(classes, box.size)) {
        goto out;
    }
    error = nrs_bytes_resize(&plain, box.size - NRS_TAG_SIZE);
    if (error != NRS_OK) {
        goto out;
    }
    error = nrs_box_open(plain.data, box, terms);
    if (error != NRS_OK) {
        goto out;
    }
    reader = nrs_reader_over(nrs_slice_of_bytes(&plain));
    if (nrs_read_prefixed(&reader, &content) != NRS_OK || !all_zero(reader.left) ||
        nrs_padded_box_size(&box_size, classes, content.size) != NRS_OK || box_size != box.size) {
        error = NRS_ERROR_NOT_CANONICAL;
        goto out;
    }
    nrs_bytes_wipe(plain_out);
    *plain_out = plain;
    *content_out = content;
    plain = (nrs_bytes){0};
out:
    nrs_bytes_wipe(&plain);
    return error;
}
