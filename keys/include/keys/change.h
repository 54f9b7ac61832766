/* The end of an identity (SPEC 7.7): succeeded by new keys, or revoked. Both are statements by the key that ends. */
#ifndef KEYS_CHANGE_H
#define KEYS_CHANGE_H

#include "keys/card.h"

/** The statement that a key counts no more, signed in advance: whoever holds it can do this and nothing else.
 *  Out: payload_out: Signed bytes (the payload of a KEY_CHANGE record and of an armoured REVOCATION), replaced. */
NRS_MUST_USE nrs_error nrs_change_revoke(nrs_bytes *payload_out, const nrs_identity *identity, const char *org, uint64_t now_ms);
/** The statement that `after` comes after `before`, by both. card: Signed bytes of after's card, of the same organisation.
 *  Out: payload_out: Signed bytes, replaced. */
NRS_MUST_USE nrs_error nrs_change_succeed(nrs_bytes *payload_out, const nrs_identity *before, const nrs_identity *after, nrs_slice card,
                                          uint64_t now_ms);
/** Verify either. Returns NRS_ERROR_FORGED …. Out: change_out: nrs_key_change_free; card_out: nrs_card_free, NULL for a revocation. */
NRS_MUST_USE nrs_error nrs_change_verify(nrs_key_change **change_out, nrs_card **card_out, nrs_slice payload);

/** A revocation as text that a person types: lines of four groups of four and two signs that check the line.
 *  Out: text_out: owned (free). In: payload: of nrs_change_revoke. */
NRS_MUST_USE nrs_error nrs_paper_write(char **text_out, nrs_slice payload);
/** Read what was typed: lines in any case, O for 0, I and L for 1; lines that begin with # are passed over.
 *  Returns NRS_ERROR_MALFORMED, with the line in line_out (from 1; 0: lines are missing or too many); FORGED when every line is
 *  right but the whole is not. Out: payload_out: Signed bytes, replaced. */
NRS_MUST_USE nrs_error nrs_paper_read(nrs_bytes *payload_out, size_t *line_out, nrs_slice text);

#endif
