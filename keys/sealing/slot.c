#include "sealing/sealing.h"

#include <sodium.h>

#include "identity/agreement.h"
#include "sealing/padded.h"
#include "proto/assert.h"

_Static_assert(NRS_WRAPPED_KEY_SIZE == NRS_KEY_SIZE + NRS_TAG_SIZE, "a slot wraps one file key");

/* Sizes of the two parts of a transcript, so that neither grows while it is laid out. */
enum { COMMON_SIZE = 3 * 4 + 7 * 4 + 7 * NRS_HASH_SIZE, OWN_SIZE = 4 * 4 + 3 * NRS_KEY_SIZE + NRS_PREKEY_ID_SIZE + 4 };

/* Who reads one slot, and where it stands in the tree. */
typedef struct slot_reader {
    const uint8_t *sign_key;
    const uint8_t *agree_key;
    const uint8_t *prekey_id;
    const uint8_t *prekey;
    uint32_t leaf_index;
} slot_reader;

/* The first part of the transcript (SPEC 6.3), one for all slots of the grant. */
static nrs_error common_transcript(nrs_bytes *common_out, const nrs_slot_terms *terms)
{
    nrs_error error;
    nrs_bytes common = {0};
    const nrs_slice before[] = {
        nrs_slice_of(terms->sealed_id, NRS_HASH_SIZE),
        terms->community,
        nrs_slice_of(terms->grantor_sign_key, NRS_KEY_SIZE),
        nrs_slice_of(terms->grantor_agree_key, NRS_KEY_SIZE),
        terms->epk,
    };

    error = nrs_bytes_resize(&common, COMMON_SIZE); /* room for all at once */
    if (error != NRS_OK) {
        return error;
    }
    common.size = 0;
    error = nrs_bytes_append_u32(&common, NRS_SUITE);
    for (size_t i = 0; error == NRS_OK && i < sizeof before / sizeof before[0]; i++) {
        error = nrs_bytes_append_prefixed(&common, before[i]);
    }
    if (error == NRS_OK) {
        error = nrs_bytes_append_u32(&common, terms->authority);
    }
    if (error == NRS_OK) {
        error = nrs_bytes_append_prefixed(&common, terms->authority_ref);
    }
    if (error == NRS_OK) {
        error = nrs_bytes_append_prefixed(&common, terms->audience_commitment);
    }
    if (error == NRS_OK) {
        error = nrs_bytes_append_u32(&common, terms->leaf_count);
    }
    if (error != NRS_OK) {
        nrs_bytes_wipe(&common);
        return error;
    }
    *common_out = common;
    return NRS_OK;
}

/* The hash of the whole transcript. own is room for the reader's part, kept from slot to slot. */
static nrs_error slot_transcript(uint8_t hash_out[NRS_LONG_HASH_SIZE], nrs_bytes *own, nrs_slice common,
                                 const slot_reader *reader)
{
    nrs_error error;
    nrs_slice parts[2];
    const nrs_slice fields[] = {
        nrs_slice_of(reader->sign_key, NRS_KEY_SIZE),
        nrs_slice_of(reader->agree_key, NRS_KEY_SIZE),
        nrs_slice_of(reader->prekey_id, NRS_PREKEY_ID_SIZE),
        nrs_slice_of(reader->prekey, NRS_KEY_SIZE),
    };

    error = nrs_bytes_resize(own, OWN_SIZE);
    if (error != NRS_OK) {
        return error;
    }
    own->size = 0;
    for (size_t i = 0; error == NRS_OK && i < sizeof fields / sizeof fields[0]; i++) {
        error = nrs_bytes_append_prefixed(own, fields[i]);
    }
    if (error == NRS_OK) {
        error = nrs_bytes_append_u32(own, reader->leaf_index);
    }
    if (error != NRS_OK) {
        return error;
    }
    parts[0] = common;
    parts[1] = nrs_slice_of_bytes(own);
    nrs_hash(hash_out, NRS_LONG_HASH_SIZE, NRS_DOMAIN_SLOT_TRANSCRIPT, parts, 2);
    return NRS_OK;
}

static nrs_error slot_bytes(nrs_bytes *slot_out, const nrs_recipient *recipient, nrs_slice wrapped)
{
    nrs_slot slot = NRS__WIRE__SLOT__INIT;
    uint8_t org[NRS_KEY_HASH_SIZE];

    nrs_key_hash(org, recipient->org_sign_key);
    slot.org = nrs_field_of(nrs_slice_of(org, sizeof org));
    slot.prekey_id = nrs_field_of(nrs_slice_of(recipient->prekey_id, NRS_PREKEY_ID_SIZE));
    slot.wrapped = nrs_field_of(wrapped);
    return nrs_slot_encode(slot_out, &slot);
}

nrs_error nrs_slots_wrap(nrs_bytes *slots_out, const nrs_slot_terms *terms, const nrs_recipient *recipients,
                         const uint32_t *order, const nrs_grantor *grantor, const nrs_secret *ephemeral,
                         const nrs_secret *file_key)
{
    nrs_error error;
    nrs_bytes common = {0};
    nrs_bytes own = {0};
    uint8_t transcript_hash[NRS_LONG_HASH_SIZE] = {0};
    uint8_t fresh[NRS_KEY_SIZE] = {0};
    uint8_t lasting[NRS_KEY_SIZE] = {0};
    uint8_t key[NRS_KEY_SIZE] = {0};
    uint8_t wrapped[NRS_WRAPPED_KEY_SIZE];

    NRS_ASSERT(slots_out != NULL && terms != NULL && recipients != NULL && order != NULL);
    NRS_ASSERT(nrs_secret_size(file_key) == NRS_KEY_SIZE);

    error = common_transcript(&common, terms);
    for (uint32_t i = 0; error == NRS_OK && i < terms->leaf_count; i++) {
        const nrs_recipient *recipient = &recipients[order[i]];
        const slot_reader reader = {recipient->sign_key, recipient->agree_key, recipient->prekey_id, recipient->prekey,
                                    i};
        const nrs_box_terms box = {key, NULL, nrs_slice_of(transcript_hash, sizeof transcript_hash)};

        error = slot_transcript(transcript_hash, &own, nrs_slice_of_bytes(&common), &reader);
        if (error != NRS_OK) {
            break;
        }
        error = nrs_ephemeral_agree(fresh, ephemeral, recipient->prekey);
        if (error != NRS_OK) {
            break;
        }
        error = grantor->agree(grantor->agree_context, lasting, recipient->agree_key);
        if (error != NRS_OK) {
            break;
        }
        nrs_pair_key(key, NRS_DOMAIN_SLOT_KEY, transcript_hash, fresh, lasting);
        nrs_box_seal(wrapped, nrs_secret_slice(file_key), &box);
        error = slot_bytes(&slots_out[i], recipient, nrs_slice_of(wrapped, sizeof wrapped));
    }
    sodium_memzero(fresh, sizeof fresh);
    sodium_memzero(lasting, sizeof lasting);
    sodium_memzero(key, sizeof key);
    nrs_bytes_wipe(&common);
    nrs_bytes_wipe(&own);
    return error;
}

/* Everything about a slot that is public: the grant speaks of this report and is by this grantor, and the slot stands in
 * its tree and names this prekey. */
static nrs_error check_place(nrs_slot **slot_out, const nrs_sealed_view *sealed,
                             const nrs_grant *grant, const nrs_slot_path *path, const nrs_prekey_secret *prekey,
                             const nrs_public_keys *grantor_keys)
{
    nrs_error error;
    nrs_slot *slot = NULL;
    const nrs_slice id = nrs_slice_of(sealed->id, NRS_HASH_SIZE);

    if (!nrs_slice_equal(nrs_field(&path->sealed_id), id) ||
        (grant->sealed_id.len != 0 && !nrs_slice_equal(nrs_field(&grant->sealed_id), id)) ||
        !nrs_slice_equal(nrs_field(&grant->grantor), nrs_slice_of(grantor_keys->sign_key, NRS_KEY_SIZE)) ||
        nrs_grant_form_check(grant, false) != NRS_OK || grant->slot_count == 0) {
        return NRS_ERROR_FORGED;
    }
    error = nrs_merkle_verify(grant->slot_root.data, nrs_field(&path->slot), path->index, grant->slot_count,
                              nrs_field(&path->path));
    if (error != NRS_OK) {
        return error;
    }
    error = nrs_slot_decode(&slot, nrs_field(&path->slot));
    if (error != NRS_OK) {
        return error;
    }
    if (slot->wrapped.len != NRS_WRAPPED_KEY_SIZE ||
        !nrs_slice_equal(nrs_field(&slot->prekey_id), nrs_slice_of(prekey->id, NRS_PREKEY_ID_SIZE))) {
        nrs_slot_free(&slot);
        return NRS_ERROR_FORGED;
    }
    *slot_out = slot;
    return NRS_OK;
}

static nrs_error reader_transcript(uint8_t hash_out[NRS_LONG_HASH_SIZE], const nrs_sealed_view *sealed,
                                   const nrs_grant *grant, const nrs_public_keys *grantor_keys,
                                   const slot_reader *reader)
{
    nrs_error error;
    nrs_bytes common = {0};
    nrs_bytes own = {0};
    const nrs_slot_terms terms = {
        .sealed_id = sealed->id,
        .community = nrs_field(&sealed->header->community),
        .grantor_sign_key = grantor_keys->sign_key,
        .grantor_agree_key = grantor_keys->agree_key,
        .epk = nrs_field(&grant->epk),
        .authority = grant->authority,
        .authority_ref = nrs_field(&grant->authority_ref),
        .audience_commitment = nrs_field(&grant->audience_commitment),
        .leaf_count = grant->slot_count,
    };

    error = common_transcript(&common, &terms);
    if (error == NRS_OK) {
        error = slot_transcript(hash_out, &own, nrs_slice_of_bytes(&common), reader);
    }
    nrs_bytes_wipe(&common);
    nrs_bytes_wipe(&own);
    return error;
}

nrs_error nrs_slot_open(nrs_secret **file_key_out, const nrs_sealed_view *sealed, const nrs_grant *grant,
                        const nrs_slot_path *path, nrs_identity *self, const nrs_prekey_secret *prekey,
                        const nrs_public_keys *grantor_keys)
{
    nrs_error error;
    nrs_slot *slot = NULL;
    nrs_secret *file_key = NULL;
    uint8_t transcript_hash[NRS_LONG_HASH_SIZE] = {0};
    uint8_t fresh[NRS_KEY_SIZE] = {0};
    uint8_t lasting[NRS_KEY_SIZE] = {0};
    uint8_t key[NRS_KEY_SIZE] = {0};
    const nrs_box_terms box = {key, NULL, nrs_slice_of(transcript_hash, sizeof transcript_hash)};
    slot_reader reader;

    NRS_ASSERT(file_key_out != NULL && sealed != NULL && grant != NULL && path != NULL);
    NRS_ASSERT(self != NULL && prekey != NULL && prekey->secret != NULL && grantor_keys != NULL);

    error = check_place(&slot, sealed, grant, path, prekey, grantor_keys);
    if (error != NRS_OK) {
        goto out;
    }
    reader = (slot_reader){nrs_identity_public(self)->sign_key, nrs_identity_public(self)->agree_key, prekey->id,
                           prekey->key, path->index};
    error = reader_transcript(transcript_hash, sealed, grant, grantor_keys, &reader);
    if (error != NRS_OK) {
        goto out;
    }
    error = nrs_ephemeral_agree(fresh, prekey->secret, grant->epk.data);
    if (error != NRS_OK) {
        goto out;
    }
    error = nrs_identity_agree(lasting, self, grantor_keys->agree_key);
    if (error != NRS_OK) {
        goto out;
    }
    nrs_pair_key(key, NRS_DOMAIN_SLOT_KEY, transcript_hash, fresh, lasting);
    error = nrs_secret_new(&file_key, NRS_KEY_SIZE);
    if (error != NRS_OK) {
        goto out;
    }
    error = nrs_box_open(nrs_secret_data(file_key), nrs_field(&slot->wrapped), &box);
    if (error != NRS_OK) {
        goto out;
    }
    error = nrs_file_key_check(sealed->header, file_key);
    if (error != NRS_OK) {
        goto out;
    }
    *file_key_out = file_key;
    file_key = NULL;
out:
    sodium_memzero(fresh, sizeof fresh);
    sodium_memzero(lasting, sizeof lasting);
    sodium_memzero(key, sizeof key);
    nrs_secret_destroy(&file_key);
    nrs_slot_free(&slot);
    return error;
}
