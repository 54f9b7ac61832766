#include "keys/envelope.h"

#include <sodium.h>
#include <stdlib.h>

#include "identity/agreement.h"
#include "sealing/padded.h"
#include "proto/assert.h"

/* The two ends of an envelope. */
typedef struct letter_ends {
    const nrs_public_keys *from;
    const uint8_t *to_sign_key;
    const uint8_t *to_agree_key;
    const uint8_t *prekey;
} letter_ends;

/* H512 of all that sender and reader must agree on (SPEC 8.2); the envelope's own fields enter as they stand in it. */
static nrs_error envelope_transcript(uint8_t hash_out[NRS_LONG_HASH_SIZE], const nrs_envelope *envelope,
                                     const letter_ends *ends)
{
    nrs_error error;
    nrs_bytes transcript = {0};
    nrs_slice whole;
    const nrs_slice who[] = {
        nrs_slice_of(ends->from->sign_key, NRS_KEY_SIZE), nrs_slice_of(ends->from->agree_key, NRS_KEY_SIZE),
        nrs_slice_of(ends->to_sign_key, NRS_KEY_SIZE),    nrs_slice_of(ends->to_agree_key, NRS_KEY_SIZE),
        nrs_field(&envelope->to),                         nrs_field(&envelope->community),
    };
    const nrs_slice keys[] = {nrs_field(&envelope->prekey_id), nrs_slice_of(ends->prekey, NRS_KEY_SIZE),
                              nrs_field(&envelope->epk)};

    error = nrs_bytes_append_u32(&transcript, NRS_SUITE);
    for (size_t i = 0; error == NRS_OK && i < sizeof who / sizeof who[0]; i++) {
        error = nrs_bytes_append_prefixed(&transcript, who[i]);
    }
    if (error == NRS_OK) {
        error = nrs_bytes_append_u64(&transcript, envelope->created_ms);
    }
    if (error == NRS_OK) {
        error = nrs_bytes_append_u64(&transcript, envelope->expires_ms);
    }
    for (size_t i = 0; error == NRS_OK && i < sizeof keys / sizeof keys[0]; i++) {
        error = nrs_bytes_append_prefixed(&transcript, keys[i]);
    }
    if (error == NRS_OK) {
        whole = nrs_slice_of_bytes(&transcript);
        nrs_hash(hash_out, NRS_LONG_HASH_SIZE, NRS_DOMAIN_ENVELOPE_TRANSCRIPT, &whole, 1);
    }
    nrs_bytes_wipe(&transcript);
    return error;
}

/* The letter's key. secret meets fresh_key; self meets peer_agree_key, which lasts. The caller clears key_out. */
static nrs_error envelope_key(uint8_t key_out[NRS_KEY_SIZE], const uint8_t transcript_hash[NRS_LONG_HASH_SIZE],
                              const nrs_secret *secret, const uint8_t *fresh_key, nrs_identity *self,
                              const uint8_t *peer_agree_key)
{
    nrs_error error;
    uint8_t fresh[NRS_KEY_SIZE] = {0};
    uint8_t lasting[NRS_KEY_SIZE] = {0};

    error = nrs_ephemeral_agree(fresh, secret, fresh_key);
    if (error == NRS_OK) {
        error = nrs_identity_agree(lasting, self, peer_agree_key);
    }
    if (error == NRS_OK) {
        nrs_pair_key(key_out, NRS_DOMAIN_ENVELOPE_KEY, transcript_hash, fresh, lasting);
    }
    sodium_memzero(fresh, sizeof fresh);
    sodium_memzero(lasting, sizeof lasting);
    return error;
}

static nrs_error letter_bytes(nrs_bytes *letter_out, const nrs_envelope_request *request)
{
    nrs_error error;
    nrs_letter letter = NRS__WIRE__LETTER__INIT;

    letter.statements = calloc(request->statement_count, sizeof *letter.statements);
    if (letter.statements == NULL) {
        return NRS_ERROR_NO_MEMORY;
    }
    letter.n_statements = request->statement_count;
    for (size_t i = 0; i < request->statement_count; i++) {
        letter.statements[i] = nrs_field_of(request->statements[i]);
    }
    error = nrs_letter_encode(letter_out, &letter);
    free(letter.statements);
    return error;
}

nrs_error nrs_envelope_seal(nrs_bytes *record_out, nrs_identity *from, const nrs_envelope_request *request)
{
    nrs_error error;
    nrs_envelope envelope = NRS__WIRE__ENVELOPE__INIT;
    nrs_secret *ephemeral = NULL;
    nrs_bytes letter = {0};
    nrs_bytes box = {0};
    nrs_bytes statement = {0};
    uint8_t epk[NRS_KEY_SIZE];
    uint8_t to[NRS_KEY_HASH_SIZE];
    uint8_t key[NRS_KEY_SIZE] = {0};
    uint8_t transcript_hash[NRS_LONG_HASH_SIZE] = {0};
    const nrs_box_terms terms = {key, NULL, nrs_slice_of(transcript_hash, sizeof transcript_hash)};
    letter_ends ends;

    NRS_ASSERT(record_out != NULL && from != NULL && request != NULL && request->to != NULL);

    if (request->statement_count == 0 || request->statement_count > NRS_STATEMENT_COUNT_MAX) {
        return NRS_ERROR_LIMIT;
    }
    error = letter_bytes(&letter, request);
    if (error != NRS_OK) {
        goto out;
    }
    error = nrs_ephemeral_new(&ephemeral, epk);
    if (error != NRS_OK) {
        goto out;
    }
    ends.from = nrs_identity_public(from);
    ends.to_sign_key = request->to->sign_key;
    ends.to_agree_key = request->to->agree_key;
    ends.prekey = request->to->prekey;
    nrs_key_hash(to, request->to->org_sign_key);
    envelope.suite = NRS_SUITE;
    envelope.from = nrs_field_of(nrs_slice_of(ends.from->sign_key, NRS_KEY_SIZE));
    envelope.to = nrs_field_of(nrs_slice_of(to, sizeof to));
    envelope.community = nrs_field_of(request->community);
    envelope.created_ms = request->now_ms;
    envelope.expires_ms = request->expires_ms;
    envelope.epk = nrs_field_of(nrs_slice_of(epk, sizeof epk));
    envelope.prekey_id = nrs_field_of(nrs_slice_of(request->to->prekey_id, NRS_PREKEY_ID_SIZE));
    error = envelope_transcript(transcript_hash, &envelope, &ends);
    if (error != NRS_OK) {
        goto out;
    }
    error = envelope_key(key, transcript_hash, ephemeral, request->to->prekey, from, request->to->agree_key);
    if (error != NRS_OK) {
        goto out;
    }
    error = nrs_padded_seal(&box, &nrs_letter_classes, nrs_slice_of_bytes(&letter), &terms);
    if (error != NRS_OK) {
        goto out;
    }
    envelope.box = nrs_field_of(nrs_slice_of_bytes(&box));
    error = nrs_envelope_encode(&statement, &envelope);
    if (error != NRS_OK) {
        goto out;
    }
    error = nrs_signed_record(record_out, NRS_RECORD_ENVELOPE, from, nrs_slice_of_bytes(&statement));
out:
    sodium_memzero(key, sizeof key);
    nrs_secret_destroy(&ephemeral);
    nrs_bytes_wipe(&letter);
    nrs_bytes_wipe(&box);
    nrs_bytes_wipe(&statement);
    return error;
}

nrs_error nrs_envelope_verify(nrs_envelope **envelope_out, nrs_slice payload)
{
    nrs_error error;
    nrs_signed *outer = NULL;
    nrs_envelope *envelope = NULL;

    NRS_ASSERT(envelope_out != NULL);

    error = nrs_signed_open(&outer, NRS_RECORD_ENVELOPE, payload);
    if (error != NRS_OK) {
        goto out;
    }
    error = nrs_envelope_decode(&envelope, nrs_field(&outer->statement));
    if (error != NRS_OK) {
        goto out;
    }
    if (!nrs_slice_equal(nrs_field(&outer->signer), nrs_field(&envelope->from))) {
        error = NRS_ERROR_FORGED;
        goto out;
    }
    if (!nrs_padded_box_size_valid(&nrs_letter_classes, envelope->box.len)) {
        error = NRS_ERROR_NOT_CANONICAL;
        goto out;
    }
    *envelope_out = envelope;
    envelope = NULL;
out:
    nrs_envelope_free(&envelope);
    nrs_signed_free(&outer);
    return error;
}

/* Public facts first: from whom, to whom, for which prekey. */
static nrs_error check_ends(const nrs_envelope *envelope, const nrs_public_keys *self,
                            const nrs_prekey_secret *prekey, const nrs_public_keys *from)
{
    uint8_t to[NRS_KEY_HASH_SIZE];

    nrs_key_hash(to, self->sign_key);
    if (!nrs_slice_equal(nrs_field(&envelope->from), nrs_slice_of(from->sign_key, NRS_KEY_SIZE)) ||
        !nrs_slice_equal(nrs_field(&envelope->to), nrs_slice_of(to, sizeof to)) ||
        !nrs_slice_equal(nrs_field(&envelope->prekey_id), nrs_slice_of(prekey->id, NRS_PREKEY_ID_SIZE)) ||
        envelope->epk.len != NRS_KEY_SIZE) {
        return NRS_ERROR_FORGED;
    }
    return NRS_OK;
}

nrs_error nrs_envelope_open(nrs_letter **letter_out, const nrs_envelope *envelope, nrs_identity *self,
                            const nrs_prekey_secret *prekey, const nrs_public_keys *from_keys)
{
    nrs_error error;
    nrs_bytes plain = {0};
    nrs_slice content = {0};
    uint8_t key[NRS_KEY_SIZE] = {0};
    uint8_t transcript_hash[NRS_LONG_HASH_SIZE] = {0};
    const nrs_box_terms terms = {key, NULL, nrs_slice_of(transcript_hash, sizeof transcript_hash)};
    letter_ends ends;

    NRS_ASSERT(letter_out != NULL && envelope != NULL && self != NULL && from_keys != NULL);
    NRS_ASSERT(prekey != NULL && prekey->secret != NULL);

    ends.from = from_keys;
    ends.to_sign_key = nrs_identity_public(self)->sign_key;
    ends.to_agree_key = nrs_identity_public(self)->agree_key;
    ends.prekey = prekey->key;
    error = check_ends(envelope, nrs_identity_public(self), prekey, from_keys);
    if (error != NRS_OK) {
        goto out;
    }
    error = envelope_transcript(transcript_hash, envelope, &ends);
    if (error != NRS_OK) {
        goto out;
    }
    error = envelope_key(key, transcript_hash, prekey->secret, envelope->epk.data, self, from_keys->agree_key);
    if (error != NRS_OK) {
        goto out;
    }
    error = nrs_padded_open(&plain, &content, &nrs_letter_classes, nrs_field(&envelope->box), &terms);
    if (error != NRS_OK) {
        goto out;
    }
    error = nrs_letter_decode(letter_out, content);
out:
    sodium_memzero(key, sizeof key);
    nrs_bytes_wipe(&plain);
    return error;
}
