/* What the files of keys/ share among themselves and offer to nobody else. */
#ifndef KEYS_SIGNING_H
#define KEYS_SIGNING_H

#include "keys/identity.h"

/** The domain's string; static storage. */
nrs_slice nrs_domain_text(nrs_domain domain);
/** Put `from` in the place of what *bytes_out held, and leave `from` empty. */
void nrs_bytes_replace(nrs_bytes *bytes_out, nrs_bytes *from);
/** The Signed bytes that nrs_signed_record wraps. Out: payload_out, replaced. */
NRS_MUST_USE nrs_error nrs_signed_payload(nrs_bytes *payload_out, nrs_record_type type, const nrs_identity *identity,
                                          nrs_slice statement);
/** NRS_ERROR_FORGED for a low-order X25519 key. Whoever publishes one would spoil every grant made to it together with
 *  others, so such a key never enters a card, roster or bundle. */
NRS_MUST_USE nrs_error nrs_agree_key_check(const uint8_t key[NRS_KEY_SIZE]);
/** NRS_ERROR_FORGED unless `proof` is the member's signature over its id and its three keys. */
NRS_MUST_USE nrs_error nrs_member_proof_verify(nrs_slice proof, const char *org, const nrs_public_keys *keys);

#endif
