#include "sealing/sealing.h"

#include <sodium.h>

#include "proto/assert.h"

void nrs_file_key_derive(uint8_t key_out[NRS_KEY_SIZE], nrs_domain domain, const nrs_secret *file_key)
{
    NRS_ASSERT(file_key != NULL);
    NRS_ASSERT(nrs_secret_size(file_key) == NRS_KEY_SIZE);

    nrs_hash_one(key_out, domain, nrs_secret_slice(file_key));
}

nrs_error nrs_file_key_check(const nrs_header *header, const nrs_secret *file_key)
{
    uint8_t commitment[NRS_HASH_SIZE];

    NRS_ASSERT(header != NULL);

    if (header->key_commitment.len != NRS_HASH_SIZE) {
        return NRS_ERROR_FORGED;
    }
    nrs_file_key_derive(commitment, NRS_DOMAIN_KEY_COMMITMENT, file_key);
    return sodium_memcmp(commitment, header->key_commitment.data, NRS_HASH_SIZE) == 0 ? NRS_OK : NRS_ERROR_FORGED;
}

void nrs_commit(uint8_t commitment_out[NRS_HASH_SIZE], nrs_domain domain, nrs_slice salt, nrs_slice data)
{
    const nrs_slice parts[] = {salt, data};

    NRS_ASSERT(salt.size == NRS_HASH_SIZE); /* one size, so that salt and data need no boundary */
    nrs_hash(commitment_out, NRS_HASH_SIZE, domain, parts, 2);
}

void nrs_sealed_id(uint8_t id_out[NRS_HASH_SIZE], const uint8_t header_hash[NRS_LONG_HASH_SIZE],
                   const uint8_t body_hash[NRS_LONG_HASH_SIZE])
{
    const nrs_slice parts[] = {nrs_slice_of(header_hash, NRS_LONG_HASH_SIZE),
                               nrs_slice_of(body_hash, NRS_LONG_HASH_SIZE)};

    nrs_hash(id_out, NRS_HASH_SIZE, NRS_DOMAIN_SEALED_ID, parts, 2);
}

void nrs_long_hash(uint8_t hash_out[NRS_LONG_HASH_SIZE], nrs_domain domain, nrs_slice data)
{
    nrs_hash(hash_out, NRS_LONG_HASH_SIZE, domain, &data, 1);
}

nrs_error nrs_summary_bound(nrs_bytes *bound_out, const nrs_header *header)
{
    nrs_error error;
    nrs_bytes bound = {0};

    NRS_ASSERT(bound_out != NULL);
    NRS_ASSERT(header != NULL);

    error = nrs_bytes_append(&bound, nrs_field(&header->originator));
    if (error == NRS_OK) {
        error = nrs_bytes_append(&bound, nrs_field(&header->community));
    }
    if (error == NRS_OK) {
        error = nrs_bytes_append_u64(&bound, header->created_ms);
    }
    if (error == NRS_OK) {
        error = nrs_bytes_append(&bound, nrs_field(&header->nonce));
    }
    if (error != NRS_OK) {
        nrs_bytes_wipe(&bound);
        return error;
    }
    nrs_bytes_wipe(bound_out);
    *bound_out = bound;
    return NRS_OK;
}

bool nrs_header_key_open(const nrs_header *header)
{
    NRS_ASSERT(header != NULL);
    return header->label == NRS_LABEL_CLEAR && header->attribution != NRS_ATTRIBUTION_WITHHELD;
}

bool nrs_header_counted(const nrs_header *header)
{
    NRS_ASSERT(header != NULL);
    return header->place.len == NRS_HASH_SIZE && header->attribution != NRS_ATTRIBUTION_WITHHELD;
}

const nrs_size_classes *nrs_body_classes_of(const nrs_header *header)
{
    NRS_ASSERT(header != NULL);
    return header->attribution == NRS_ATTRIBUTION_VOUCHED ? &nrs_vouched_body_classes : &nrs_body_classes;
}

const nrs_size_classes *nrs_summary_classes_of(const nrs_header *header)
{
    NRS_ASSERT(header != NULL);
    return header->attribution == NRS_ATTRIBUTION_VOUCHED ? &nrs_vouched_summary_classes : &nrs_summary_classes;
}

nrs_error nrs_grant_form_check(const nrs_grant *grant, bool clear)
{
    size_t slots_size;

    NRS_ASSERT(grant != NULL);

    if (grant->slot_count > NRS_SLOT_COUNT_MAX || grant->file_key.len != (clear ? NRS_KEY_SIZE : 0u)) {
        return NRS_ERROR_FORGED;
    }
    if (clear && grant->slot_count != 0) {
        return NRS_ERROR_FORGED;
    }
    slots_size = grant->slot_count > 0 ? NRS_KEY_SIZE : 0u;
    return grant->epk.len == slots_size && grant->slot_root.len == slots_size ? NRS_OK : NRS_ERROR_FORGED;
}
