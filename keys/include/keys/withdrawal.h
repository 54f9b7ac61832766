/* A withdrawal (SPEC 8.4): the originator's signed word that it takes a report back. It holds the report's signed header, so that
 * anybody can check it who has never seen the report. */
#ifndef KEYS_WITHDRAWAL_H
#define KEYS_WITHDRAWAL_H

#include "keys/seal.h"

/** Taken apart. What it borrows lives as long as it; nrs_withdrawal_view_wipe. */
typedef struct nrs_withdrawal_view {
    nrs_signed *outer;
    nrs_withdrawal *value;
    nrs_header *header;          /* of the report */
    uint8_t id[NRS_HASH_SIZE];   /* of the report */
} nrs_withdrawal_view;
void nrs_withdrawal_view_wipe(nrs_withdrawal_view *view);

/** What its originator says beside, each "" where it says nothing. Borrowed. */
typedef struct nrs_withdrawal_words {
    const char *reason, *person, *user;
} nrs_withdrawal_words;
/** The commitment to them that a withdrawal signs. The salt goes with the words to those who are told them: the others, who have the
 *  withdrawal, cannot guess. Out: words_out: NRS_HASH_SIZE bytes. */
NRS_MUST_USE nrs_error nrs_withdrawal_commit(uint8_t words_out[NRS_HASH_SIZE], const uint8_t salt[NRS_HASH_SIZE], const nrs_withdrawal_words *words);

/** Out: signed_out = Signed bytes, replaced. In: identity: of the report's originator, or of who came after it; words: as committed to. */
NRS_MUST_USE nrs_error nrs_withdrawal_make(nrs_bytes *signed_out, const nrs_identity *identity, const nrs_sealed_view *view, uint64_t at_ms,
                                           const uint8_t words[NRS_HASH_SIZE]);
/** What is left of a report to withdraw it when its bytes are gone: the statement, not signed. Out: statement_out: replaced. */
NRS_MUST_USE nrs_error nrs_withdrawal_prepare(nrs_bytes *statement_out, const nrs_sealed_view *view);
/** Sign what was prepared. */
NRS_MUST_USE nrs_error nrs_withdrawal_sign(nrs_bytes *signed_out, const nrs_identity *identity, nrs_slice prepared, uint64_t at_ms,
                                           const uint8_t words[NRS_HASH_SIZE]);
/** Both signatures, and that they speak of one report. Whether the signer is the originator, or came after it, is for the caller
 *  to say. Returns NRS_ERROR_FORGED. */
NRS_MUST_USE nrs_error nrs_withdrawal_verify(nrs_withdrawal_view *view_out, nrs_slice bytes);
/** The same without the signatures, for what stands in our own store. */
NRS_MUST_USE nrs_error nrs_withdrawal_parse(nrs_withdrawal_view *view_out, nrs_slice bytes);

#endif
