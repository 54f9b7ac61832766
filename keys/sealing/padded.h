/* Padded boxes (SPEC 6.2): XChaCha20-Poly1305 over u32(size) || content || zeros, so that a length on the wire tells the
 * size class and nothing more. Bodies, summaries and letters have classes of their own. */
#ifndef KEYS_PADDED_H
#define KEYS_PADDED_H

#include "proto/bytes.h"
#include "proto/limits.h"

typedef struct nrs_size_classes {
    size_t sizes[5]; /* of the plaintext, ascending; zero past the last */
} nrs_size_classes;

extern const nrs_size_classes nrs_body_classes;    /* 1, 4, 16, 64, 256 KiB */
extern const nrs_size_classes nrs_vouched_body_classes;    /* 16, 64, 256 KiB */
extern const nrs_size_classes nrs_summary_classes; /* 256, 768 bytes */
extern const nrs_size_classes nrs_vouched_summary_classes; /* 768 bytes */
extern const nrs_size_classes nrs_letter_classes;  /* 256 bytes, 1, 4, 16, 64 KiB */

/** How a box is sealed. nonce NULL stands for 24 zero bytes: only for a key that seals one box. */
typedef struct nrs_box_terms {
    const uint8_t *key;
    const uint8_t *nonce;
    nrs_slice bound; /* authenticated, not encrypted */
} nrs_box_terms;

/** Size of the box that holds content_size bytes. Returns NRS_ERROR_TOO_LARGE past the largest class. */
NRS_MUST_USE nrs_error nrs_padded_box_size(size_t *box_size_out, const nrs_size_classes *classes, size_t content_size);
/** True if a box of this size belongs to a class. */
bool nrs_padded_box_size_valid(const nrs_size_classes *classes, size_t box_size);
/** Out: box_out: replaced. */
NRS_MUST_USE nrs_error nrs_padded_seal(nrs_bytes *box_out, const nrs_size_classes *classes, nrs_slice content,
                                       const nrs_box_terms *terms);
/** Returns NRS_ERROR_FORGED if the seal does not hold; NRS_ERROR_NOT_CANONICAL for a size of no class, a smaller class that
 *  would have done, or padding that is not zero.
 *  Out: plain_out: replaced, the caller wipes; content_out: borrowed from plain_out. */
NRS_MUST_USE nrs_error nrs_padded_open(nrs_bytes *plain_out, nrs_slice *content_out, const nrs_size_classes *classes,
                                       nrs_slice box, const nrs_box_terms *terms);

/** XChaCha20-Poly1305 without padding, for what has one size. Out: box_out holds content.size + NRS_TAG_SIZE. */
void nrs_box_seal(uint8_t *box_out, nrs_slice content, const nrs_box_terms *terms);
/** Returns NRS_ERROR_FORGED. Out: content_out holds box.size - NRS_TAG_SIZE; the caller clears it. */
NRS_MUST_USE nrs_error nrs_box_open(uint8_t *content_out, nrs_slice box, const nrs_box_terms *terms);

#endif
