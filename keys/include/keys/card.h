/* Cards: an organisation's signed keys, endpoints, contacts and persons; and its prekey bundles (SPEC 7.2, 7.3). */
#ifndef KEYS_CARD_H
#define KEYS_CARD_H

#include "keys/identity.h"

/** Sign a card. value: suite, sign_key, agree_key, curve_key are filled in from the identity; the rest is the caller's.
 *  Out: signed_out = Signed bytes (the payload of a CARD record and of an armoured CARD file), replaced. */
NRS_MUST_USE nrs_error nrs_card_sign(nrs_bytes *signed_out, const nrs_card *value, const nrs_identity *identity);
/** Verify the card's signature, that the signer is its sign_key, and every person's proof. Out: nrs_card_free. */
NRS_MUST_USE nrs_error nrs_card_verify(nrs_card **card_out, nrs_slice signed_bytes);
/** A person's own signature that it belongs to the organisation. */
NRS_MUST_USE nrs_error nrs_person_prove(uint8_t proof_out[NRS_SIGNATURE_SIZE], const nrs_identity *person, const char *person_id,
                                        const uint8_t org_sign_key[NRS_KEY_SIZE]);
/** The member's own signature over its three keys and its id, carried in its card (Card.proof) and copied into every roster
 *  entry. nrs_card_sign makes it. */
NRS_MUST_USE nrs_error nrs_member_prove(uint8_t proof_out[NRS_SIGNATURE_SIZE], const nrs_identity *identity, const char *org);

/* ---- Prekeys ---- */

/** One secret prekey, as its holder keeps it. */
typedef struct nrs_prekey_secret {
    uint8_t id[NRS_PREKEY_ID_SIZE];
    uint8_t key[NRS_KEY_SIZE]; /* public */
    nrs_secret *secret;        /* owned */
    uint64_t from_ms, until_ms;
} nrs_prekey_secret;

/** Make `count` weekly prekeys, the first window beginning at `from_ms`. Out: secrets_out[count], each owned by the caller. */
NRS_MUST_USE nrs_error nrs_prekeys_make(nrs_prekey_secret *secrets_out, size_t count, uint64_t from_ms);
void nrs_prekey_secret_wipe(nrs_prekey_secret *secret);
/** Sign a bundle of the public halves (ascending by from_ms). Out: record_out = a PREKEYS record, replaced. */
NRS_MUST_USE nrs_error nrs_prekeys_sign(nrs_bytes *record_out, const nrs_prekey_secret *secrets, size_t count, const nrs_identity *owner,
                                        const uint8_t org_sign_key[NRS_KEY_SIZE], uint64_t now_ms);
/** Verify the payload of a PREKEYS record. Out: nrs_prekeys_free. */
NRS_MUST_USE nrs_error nrs_prekeys_verify(nrs_prekeys **prekeys_out, nrs_slice payload);
/** The prekey to seal to now: the one whose window holds now_ms; NULL if none does. Borrowed from prekeys. */
const Nrs__Wire__Prekey *nrs_prekeys_current(const nrs_prekeys *prekeys, uint64_t now_ms);

#endif
