/* Sealing and opening reports; grants and their slots (SPEC 6). Bytes in, bytes out. */
#ifndef KEYS_SEAL_H
#define KEYS_SEAL_H

#include "keys/card.h"
#include "keys/merkle.h"
#include "proto/label.h"

/** Whom a slot is made for. All borrowed for the call. */
typedef struct nrs_recipient {
    uint8_t org_sign_key[NRS_KEY_SIZE];  /* of the organisation it is delivered to */
    uint8_t sign_key[NRS_KEY_SIZE];      /* of the organisation, or of the person for RED */
    uint8_t agree_key[NRS_KEY_SIZE];     /* likewise */
    uint8_t prekey_id[NRS_PREKEY_ID_SIZE];
    uint8_t prekey[NRS_KEY_SIZE];
} nrs_recipient;

/** The identity that grants: public keys and the way to its static agreement. */
typedef struct nrs_grantor {
    const nrs_public_keys *keys;
    nrs_agree_function agree;
    void *agree_context;
} nrs_grantor;

/** The unsigned parts of a sealed report. Owned; nrs_sealed_parts_wipe. */
typedef struct nrs_sealed_parts {
    nrs_bytes header;      /* Header */
    nrs_bytes body;        /* ciphertext */
    nrs_bytes grant;       /* the first Grant */
    nrs_bytes slot_table;  /* a SLOT_TABLE record; empty when there are no slots */
    uint8_t id[NRS_HASH_SIZE];
    uint8_t grant_id[NRS_HASH_SIZE];
    uint8_t hashes[2 * NRS_LONG_HASH_SIZE]; /* of header and body, where nrs_seal made them */
} nrs_sealed_parts;
void nrs_sealed_parts_wipe(nrs_sealed_parts *parts);

typedef struct nrs_seal_request {
    const nrs_header *header;      /* suite, originator, nonce, commitments, place, body_size and summary are filled in by seal */
    const nrs_report *report;
    const nrs_audience *audience;
    nrs_slice stream;              /* 32 or empty */
    uint64_t sequence;             /* from 1, with a stream */
    nrs_slice previous;            /* empty for the first */
    const nrs_recipient *recipients; /* with a prekey each; may be none (all waiting). Ignored for CLEAR, whose grant carries the key */
    size_t recipient_count;
    nrs_grantor grantor;           /* the originator */
} nrs_seal_request;

/** Seal a report: choose a file key, seal body and summary, make the first grant with a shuffled slot tree.
 *  Out: parts_out; file_key_out: owned. Returns NRS_ERROR_TOO_LARGE (does not fit 256 KiB padded), LIMIT (> 2,048 slots) … */
NRS_MUST_USE nrs_error nrs_seal(nrs_sealed_parts *parts_out, nrs_secret **file_key_out, const nrs_seal_request *request);
/** Sign prepared parts: Ed25519 over SEALED_SIGN || H512(header) || H512(body) || H512(grant). Out: record_out = a SEALED
 *  record, replaced. Returns NRS_ERROR_FORGED when the header's originator is not the identity. */
NRS_MUST_USE nrs_error nrs_seal_sign(nrs_bytes *record_out, const nrs_sealed_parts *parts, const nrs_identity *identity);
/** The same for parts that are as nrs_seal gave them to this identity: they are not taken apart and hashed again. */
NRS_MUST_USE nrs_error nrs_seal_sign_made(nrs_bytes *record_out, const nrs_sealed_parts *parts, const nrs_identity *identity);

/** A sealed report taken apart and checked for what a relay can check. Nobody changes it, so it may be shared: each
 *  holder gives its own reference back with nrs_sealed_view_free. One thread. */
typedef struct nrs_sealed_view {
    size_t references;
    nrs_sealed *sealed;
    nrs_header *header;
    nrs_grant *grant;
    uint8_t id[NRS_HASH_SIZE];
    uint8_t grant_id[NRS_HASH_SIZE];
    uint8_t hashes[2 * NRS_LONG_HASH_SIZE]; /* of header and body, for the signature */
} nrs_sealed_view;
/** Whether the first grant carries the file key openly: TLP:CLEAR, but not on its way from a withheld source to its hub. */
bool nrs_header_key_open(const nrs_header *header);
/** Its place is one in a stream (SPEC 6.8): the place of what is withheld is none. */
bool nrs_header_counted(const nrs_header *header);
/** Decode the payload of a SEALED record and check everything but membership and time: header and grant agree (grantor =
 *  originator, authority originator, audience commitment equal, no sealed_id, body_size), signature. */
NRS_MUST_USE nrs_error nrs_sealed_verify(nrs_sealed_view **view_out, nrs_slice payload);
/** The same without the signature, for a record of our own store, or before nrs_sealed_check_signature. */
NRS_MUST_USE nrs_error nrs_sealed_parse(nrs_sealed_view **view_out, nrs_slice payload);
/** The signature of a parsed one. Returns NRS_ERROR_FORGED. */
NRS_MUST_USE nrs_error nrs_sealed_check_signature(const nrs_sealed_view *view);
/** One more holder of the same view. */
nrs_sealed_view *nrs_sealed_view_share(nrs_sealed_view *view);
/** Gives one reference back and sets NULL; the last one wipes and frees. Safe on NULL. */
void nrs_sealed_view_free(nrs_sealed_view **view);

/** What is told of a report whose key comes with the acceptance only: all of it but the body (SPEC 8.3). Out: notice_out =
 *  Notice bytes, replaced. Returns NRS_ERROR_TOO_LARGE. */
NRS_MUST_USE nrs_error nrs_notice_make(nrs_bytes *notice_out, const nrs_sealed_view *view);
/** Check a notice as a relay checks the report, signature included. Out: header_out: nrs_header_free; id_out: of the report. */
NRS_MUST_USE nrs_error nrs_notice_verify(nrs_header **header_out, uint8_t id_out[NRS_HASH_SIZE], nrs_slice bytes);

/* ---- Later grants ---- */

typedef struct nrs_grant_request {
    const nrs_sealed_view *sealed;
    const nrs_secret *file_key;
    uint32_t authority;
    nrs_slice authority_ref;
    const nrs_audience *audience;  /* NULL: the original audience, and its commitment */
    nrs_slice audience_salt;       /* with audience: 32 bytes, of a commitment that stands already; empty: drawn */
    nrs_slice community;           /* of those it is for, where it is another than the header's; else empty */
    const nrs_recipient *recipients;
    size_t recipient_count;
    nrs_grantor grantor;
    uint64_t now_ms;
} nrs_grant_request;
/** Make a grant statement with its slot table. Out: grant_out = Grant bytes (to be signed with nrs_signed_record as a GRANT),
 *  slot_table_out = a SLOT_TABLE record; both replaced. */
NRS_MUST_USE nrs_error nrs_grant_make(nrs_bytes *grant_out, nrs_bytes *slot_table_out, const nrs_grant_request *request);
/** Verify the payload of a GRANT record: signature by its grantor, names a sealed id. Out: nrs_grant_free;
 *  grant_id_out: hash of the statement. */
NRS_MUST_USE nrs_error nrs_grant_verify(nrs_grant **grant_out, uint8_t grant_id_out[NRS_HASH_SIZE], nrs_slice payload);
/** Whether a later grant has the file key in the clear exactly where the report's label has, and that it is the report's (SPEC 10.4): what a
 *  relay sees of it without a key. NRS_ERROR_FORGED. */
NRS_MUST_USE nrs_error nrs_grant_check_key(const nrs_sealed_view *sealed, const nrs_grant *grant);

/** The id of an ask or an acceptance, by which it is answered or cited: of who makes it, the sender of its envelope, and of the statement. The words
 *  do not name their signer, and whoever has them can sign them too. */
void nrs_statement_by(uint8_t id_out[NRS_HASH_SIZE], const uint8_t signer[NRS_KEY_SIZE], nrs_slice statement);

/* ---- Releases (SPEC 6.12) ---- */

/** What an ask and a release commit to: the audience, under the ask's salt. */
void nrs_ask_commitment(uint8_t commitment_out[NRS_HASH_SIZE], const nrs_ask *ask);
/** Out: payload_out: Signed bytes, replaced. */
NRS_MUST_USE nrs_error nrs_release_sign(nrs_bytes *payload_out, const nrs_release *release, const nrs_identity *originator);
/** Verify the payload of a RELEASE record but for who may sign it. Out: release_out: nrs_release_free; signer_out; release_id_out: of
 *  the signer and the statement. */
NRS_MUST_USE nrs_error nrs_release_verify(nrs_release **release_out, uint8_t signer_out[NRS_KEY_SIZE], uint8_t release_id_out[NRS_HASH_SIZE],
                                          nrs_slice payload);

/* ---- Slots, as a relay handles them ---- */

/** A slot table checked against its grant (count and root), with paths ready. Owned; nrs_slots_destroy. */
typedef struct nrs_slots nrs_slots;
NRS_MUST_USE nrs_error nrs_slots_new(nrs_slots **slots_out, const nrs_slot_table *table, const nrs_grant *grant, const uint8_t grant_id[NRS_HASH_SIZE]);
void nrs_slots_destroy(nrs_slots **slots);
size_t nrs_slots_count(const nrs_slots *slots);
/** The leaf indices delivered to an organisation, ascending. Returns how many; writes at most index_count_max. A look-up
 *  costs O(log n). */
size_t nrs_slots_for(size_t *indices_out, size_t index_count_max, const nrs_slots *slots, const uint8_t org_key_hash[NRS_KEY_HASH_SIZE]);
/** A SLOT_PATH record for one leaf. Out: replaced. */
NRS_MUST_USE nrs_error nrs_slots_path_record(nrs_bytes *record_out, const nrs_slots *slots, size_t index);

/* ---- Opening ---- */

/** Check a slot's path against its grant, and unwrap the file key. prekey: the secret half that slot.prekey_id names.
 *  self: the reader's (organisation's or person's) identity; grantor_keys: from the roster held.
 *  Returns NRS_ERROR_FORGED if path, key commitment or AEAD fail. Out: file_key_out: owned. */
NRS_MUST_USE nrs_error nrs_slot_open(nrs_secret **file_key_out, const nrs_sealed_view *sealed, const nrs_grant *grant,
                                     const nrs_slot_path *path, nrs_identity *self, const nrs_prekey_secret *prekey,
                                     const nrs_public_keys *grantor_keys);
/** The file key of a CLEAR grant, checked against the key commitment. */
NRS_MUST_USE nrs_error nrs_clear_open(nrs_secret **file_key_out, const nrs_sealed_view *sealed, const nrs_grant *grant);

/** Open the summary. Out: nrs_summary_free. */
NRS_MUST_USE nrs_error nrs_summary_open(nrs_summary **summary_out, const nrs_header *header, nrs_slice header_bytes, const nrs_secret *file_key);

#define NRS_ANNEX_TEXT_SIZE_MAX 4036u /* padded and sealed it just fits the store's 4 KiB */
/** Seal what is kept beside a report's row in the store (not on the wire): nonce || padded box of 256, 1,024 or 4,040 bytes.
 *  Returns NRS_ERROR_TOO_LARGE. Out: replaced. */
NRS_MUST_USE nrs_error nrs_annex_seal(nrs_bytes *annex_out, const nrs_secret *file_key, nrs_slice text);
/** Returns NRS_ERROR_DAMAGED. Out: replaced; the caller wipes. */
NRS_MUST_USE nrs_error nrs_annex_open(nrs_bytes *text_out, const nrs_secret *file_key, nrs_slice annex);

typedef struct nrs_opened {
    nrs_body *body;
    nrs_report *report;
    nrs_audience *audience;
} nrs_opened;
/** Open the body: AEAD, padding, commitments of report, audience and place. Out: nrs_opened_wipe. */
NRS_MUST_USE nrs_error nrs_body_open(nrs_opened *opened_out, const nrs_sealed_view *sealed, const nrs_secret *file_key);
void nrs_opened_wipe(nrs_opened *opened);
/** The audience of a later grant that has one of its own (sealed_audience not empty), checked against the grant's
 *  commitment. Returns NRS_ERROR_FORGED. Out: nrs_audience_free. */
NRS_MUST_USE nrs_error nrs_grant_audience_open(nrs_audience **audience_out, const nrs_sealed_view *sealed, const nrs_grant *grant,
                                               const nrs_secret *file_key);

#endif
