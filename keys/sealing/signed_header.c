/* A signed header: of a sealed report so much as shows who signed it and under which id (SPEC 6.8). */
#include <string.h>

#include "proto/assert.h"
#include "sealing/sealing.h"

void nrs_signed_header_of(Nrs__Wire__SignedHeader *value_out, uint8_t grant_hash_out[NRS_LONG_HASH_SIZE], const nrs_sealed_view *view)
{
    NRS_ASSERT(value_out != NULL && view != NULL);
    nrs_long_hash(grant_hash_out, NRS_DOMAIN_GRANT, nrs_field(&view->sealed->grant));
    value_out->header = view->sealed->header;
    value_out->body_hash = nrs_field_of(nrs_slice_of(view->hashes + NRS_LONG_HASH_SIZE, NRS_LONG_HASH_SIZE));
    value_out->grant_hash = nrs_field_of(nrs_slice_of(grant_hash_out, NRS_LONG_HASH_SIZE));
    value_out->signature = view->sealed->signature;
}

static void hash_parts(uint8_t hashes_out[3 * NRS_LONG_HASH_SIZE], const Nrs__Wire__SignedHeader *value)
{
    nrs_long_hash(hashes_out, NRS_DOMAIN_HEADER, nrs_field(&value->header));
    memcpy(hashes_out + NRS_LONG_HASH_SIZE, value->body_hash.data, NRS_LONG_HASH_SIZE);
    memcpy(hashes_out + 2 * NRS_LONG_HASH_SIZE, value->grant_hash.data, NRS_LONG_HASH_SIZE);
}

nrs_error nrs_signed_header_parse(nrs_header **header_out, uint8_t id_out[NRS_HASH_SIZE], const Nrs__Wire__SignedHeader *value)
{
    uint8_t hashes[3 * NRS_LONG_HASH_SIZE];
    nrs_error error = nrs_header_decode(header_out, nrs_field(&value->header));

    if (error == NRS_OK) {
        hash_parts(hashes, value);
        nrs_sealed_id(id_out, hashes, hashes + NRS_LONG_HASH_SIZE);
    }
    return error;
}

nrs_error nrs_signed_header_check(const Nrs__Wire__SignedHeader *value, const nrs_header *header)
{
    uint8_t hashes[3 * NRS_LONG_HASH_SIZE];

    hash_parts(hashes, value);
    return nrs_sign_verify(value->signature.data, header->originator.data, NRS_DOMAIN_SEALED_SIGN, nrs_slice_of(hashes, sizeof hashes));
}
