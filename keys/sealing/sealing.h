/* What the files of sealing, granting and opening share (SPEC 6). */
#ifndef KEYS_SEALING_H
#define KEYS_SEALING_H

#include "keys/seal.h"
#include "sealing/padded.h"

/** A key for one purpose, or the commitment, of a file key: BLAKE2b-256(domain, file key). The caller clears key_out. */
void nrs_file_key_derive(uint8_t key_out[NRS_KEY_SIZE], nrs_domain domain, const nrs_secret *file_key);
/** NRS_ERROR_FORGED unless the file key is the one that the header commits to. In constant time. */
NRS_MUST_USE nrs_error nrs_file_key_check(const nrs_header *header, const nrs_secret *file_key);
/** BLAKE2b-256(domain, salt || data). */
void nrs_commit(uint8_t commitment_out[NRS_HASH_SIZE], nrs_domain domain, nrs_slice salt, nrs_slice data);
/** Id of a sealed report from the long hashes of its header and body. */
void nrs_sealed_id(uint8_t id_out[NRS_HASH_SIZE], const uint8_t header_hash[NRS_LONG_HASH_SIZE],
                   const uint8_t body_hash[NRS_LONG_HASH_SIZE]);
/** BLAKE2b-512(domain, data), as signatures and authenticated data take it. */
void nrs_long_hash(uint8_t hash_out[NRS_LONG_HASH_SIZE], nrs_domain domain, nrs_slice data);
/** What a summary's seal binds: originator || community || u64 created || nonce. Out: bound_out: replaced. */
NRS_MUST_USE nrs_error nrs_summary_bound(nrs_bytes *bound_out, const nrs_header *header);
/** The classes of a report's body and summary. What a hub vouches for is never of the smaller ones, so that its sizes do not
 *  follow from those of the source's report (SPEC 6.11). */
const nrs_size_classes *nrs_body_classes_of(const nrs_header *header);
const nrs_size_classes *nrs_summary_classes_of(const nrs_header *header);
/** NRS_ERROR_FORGED unless the fields of a grant that go together are there together: under CLEAR the file key and no
 *  slots, else no file key, and ephemeral key and root exactly when there are slots. */
NRS_MUST_USE nrs_error nrs_grant_form_check(const nrs_grant *grant, bool clear);

/** The parts of a sealed report that its signature can be checked with. Out: value_out borrows from the view and from
 *  grant_hash_out. */
void nrs_signed_header_of(Nrs__Wire__SignedHeader *value_out, uint8_t grant_hash_out[NRS_LONG_HASH_SIZE], const nrs_sealed_view *view);
/** The header and the report's id. Out: header_out: nrs_header_free. */
NRS_MUST_USE nrs_error nrs_signed_header_parse(nrs_header **header_out, uint8_t id_out[NRS_HASH_SIZE], const Nrs__Wire__SignedHeader *value);
/** The originator's signature over the header and the hashes of what it stood beside. Returns NRS_ERROR_FORGED. */
NRS_MUST_USE nrs_error nrs_signed_header_check(const Nrs__Wire__SignedHeader *value, const nrs_header *header);

/** What a grant under construction says. All borrowed. */
typedef struct nrs_grant_plan {
    const uint8_t *sealed_id;
    bool first; /* travels inside Sealed and names no sealed id */
    bool clear;
    nrs_slice community;
    nrs_slice audience_commitment;
    nrs_slice sealed_audience;
    nrs_slice target;  /* of those it is for, where it is another community; else empty */
    uint32_t authority;
    nrs_slice authority_ref;
    uint64_t created_ms;
    const nrs_secret *file_key;
    const nrs_recipient *recipients;
    size_t recipient_count;
    nrs_grantor grantor;
} nrs_grant_plan;
/** Out: grant_out, slot_table_out: replaced; the table is empty when there are no slots. */
NRS_MUST_USE nrs_error nrs_grant_build(nrs_bytes *grant_out, nrs_bytes *slot_table_out,
                                       uint8_t grant_id_out[NRS_HASH_SIZE], const nrs_grant_plan *plan);

/** What all slots of a grant have in common. All borrowed. */
typedef struct nrs_slot_terms {
    const uint8_t *sealed_id;
    nrs_slice community;
    const uint8_t *grantor_sign_key;
    const uint8_t *grantor_agree_key;
    nrs_slice epk;
    uint32_t authority;
    nrs_slice authority_ref;
    nrs_slice audience_commitment;
    uint32_t leaf_count;
} nrs_slot_terms;
/** Wrap the file key for each recipient, leaf i for order[i]. Out: slots_out[leaf_count]: Slot bytes, each replaced, which
 *  the caller wipes, on failure too. */
NRS_MUST_USE nrs_error nrs_slots_wrap(nrs_bytes *slots_out, const nrs_slot_terms *terms, const nrs_recipient *recipients,
                                      const uint32_t *order, const nrs_grantor *grantor, const nrs_secret *ephemeral,
                                      const nrs_secret *file_key);

#endif
