/* Domain-separated hashing (SPEC 2.2): BLAKE2b over u32(len(domain)) || domain || parts. Every hash, commitment and
 * key derivation of Noroshi has a domain string of its own, listed here and nowhere else. */
#ifndef KEYS_HASH_H
#define KEYS_HASH_H

#include "proto/bytes.h"
#include "proto/limits.h"

/* X(NAME, string) */
#define NRS_DOMAINS(X)                                                                                                 \
    X(HEADER, "noroshi/1 header")                                                                                      \
    X(BODY, "noroshi/1 body")                                                                                          \
    X(GRANT, "noroshi/1 grant")                                                                                        \
    X(SEALED_ID, "noroshi/1 sealed id")                                                                                \
    X(SEALED_SIGN, "noroshi/1 sealed signature")                                                                       \
    X(RECORD_ID, "noroshi/1 record id")                                                                                \
    X(STATEMENT_ID, "noroshi/1 statement id")                                                                          \
    X(CARD_SIGN, "noroshi/1 card signature")                                                                           \
    X(PREKEYS_SIGN, "noroshi/1 prekeys signature")                                                                     \
    X(ROSTER_SIGN, "noroshi/1 roster signature")                                                                       \
    X(FRESHNESS_SIGN, "noroshi/1 freshness signature")                                                                 \
    X(ROSTER_HASH, "noroshi/1 roster hash")                                                                            \
    X(GRANT_SIGN, "noroshi/1 grant signature")                                                                         \
    X(ENVELOPE_SIGN, "noroshi/1 envelope signature")                                                                   \
    X(MEMBER_PROOF, "noroshi/1 member proof")                                                                          \
    X(MEMBER_JOINED, "noroshi/1 member joined")                                                                        \
    X(PERSON_PROOF, "noroshi/1 person proof")                                                                          \
    X(KEY_CHANGE_SIGN, "noroshi/1 key change signature")                                                               \
    X(KEY_CONSENT, "noroshi/1 key consent")                                                                            \
    X(PAPER, "noroshi/1 paper")                                                                                        \
    X(NEXT_KEY, "noroshi/1 next key")                                                                                  \
    X(FORMER_KEY, "noroshi/1 former key")                                                                              \
    X(FINGERPRINT, "noroshi/1 fingerprint")                                                                            \
    X(KEY_HASH, "noroshi/1 key hash")                                                                                  \
    X(KEY_COMMITMENT, "noroshi/1 key commitment")                                                                      \
    X(REPORT_COMMITMENT, "noroshi/1 report commitment")                                                                \
    X(AUDIENCE_COMMITMENT, "noroshi/1 audience commitment")                                                            \
    X(BODY_KEY, "noroshi/1 body key")                                                                                  \
    X(SUMMARY_KEY, "noroshi/1 summary key")                                                                            \
    X(GRANT_AUDIENCE_KEY, "noroshi/1 grant audience key")                                                              \
    X(SLOT_TRANSCRIPT, "noroshi/1 slot transcript")                                                                    \
    X(SLOT_KEY, "noroshi/1 slot key")                                                                                  \
    X(ENVELOPE_TRANSCRIPT, "noroshi/1 envelope transcript")                                                            \
    X(ENVELOPE_KEY, "noroshi/1 envelope key")                                                                          \
    X(TREE_LEAF, "noroshi/1 slot leaf")                                                                                \
    X(TREE_NODE, "noroshi/1 slot node")                                                                                \
    X(VAULT, "noroshi/1 vault")                                                                                        \
    X(PERSON_PREKEY, "noroshi/1 person prekey")                                                                        \
    X(KEY_FILE, "noroshi/1 key file")                                                                                  \
    X(ANNEX_KEY, "noroshi/1 annex key")                                                                                \
    X(PLACE, "noroshi/1 place")                                                                                        \
    X(STREAM, "noroshi/1 stream")                                                                                      \
    X(STREAM_AUDIENCE, "noroshi/1 stream audience")                                                                    \
    X(PUBLISH, "noroshi/1 publish")                                                                                    \
    X(RESEND, "noroshi/1 resend")                                                                                      \
    X(DISCLAIMER, "noroshi/1 disclaimer")                                                                              \
    X(AUDIT_LEAF, "noroshi/1 audit leaf")                                                                              \
    X(AUDIT_NODE, "noroshi/1 audit node")                                                                              \
    X(AUDIT_ABOUT, "noroshi/1 audit about")                                                                            \
    X(AUDIT_KEY, "noroshi/1 audit key")                                                                                \
    X(AUDIT_SEAL, "noroshi/1 audit seal")                                                                              \
    X(AUDIT_CHECKPOINT_SIGN, "noroshi/1 audit checkpoint signature")                                                   \
    X(STATEMENT_BY, "noroshi/1 statement by")                                                                          \
    X(RELEASE_ID, "noroshi/1 release id")                                                                              \
    X(RELEASE_SIGN, "noroshi/1 release signature")                                                                      \
    X(WITHDRAWAL_SIGN, "noroshi/1 withdrawal signature")                                                                \
    X(WITHDRAWAL_WORDS, "noroshi/1 withdrawal words")                                                                    \
    X(ATTESTATION_SIGN, "noroshi/1 attestation signature")                                                              \
    X(FOLLOWS, "noroshi/1 follows")                                                                                    \
    X(PASSES_ON, "noroshi/1 passes on")                                                                                \
    X(PUBLISHED, "noroshi/1 published")                                                                                \
    X(AUDIT_COSIGNATURE_SIGN, "noroshi/1 audit cosignature signature")

typedef enum nrs_domain {
#define NRS_DOMAIN_ENUM(name, text) NRS_DOMAIN_##name,
    NRS_DOMAINS(NRS_DOMAIN_ENUM)
#undef NRS_DOMAIN_ENUM
        NRS_DOMAIN_COUNT
} nrs_domain;

/** BLAKE2b of `size` bytes (16 … 64) over the domain and the parts, one after the other without prefixes of their own:
 *  parts of variable size enter as transcripts built with nrs_bytes_append_prefixed. */
void nrs_hash(uint8_t *hash_out, size_t size, nrs_domain domain, const nrs_slice *parts, size_t part_count);
/** The common case: one part, 32 bytes. */
void nrs_hash_one(uint8_t hash_out[NRS_HASH_SIZE], nrs_domain domain, nrs_slice part);
/** Id of a record (other than a sealed report): hash of its bytes. */
void nrs_record_id(uint8_t id_out[NRS_HASH_SIZE], nrs_slice record);
/** 16 bytes that name an organisation towards relays: hash of its signing key. */
void nrs_key_hash(uint8_t hash_out[NRS_KEY_HASH_SIZE], const uint8_t sign_key[NRS_KEY_SIZE]);
/** The same in hexadecimal: what a file about an organisation is called, since two of two communities may have one name. */
#define NRS_KEY_NAME_SIZE (2u * NRS_KEY_HASH_SIZE + 1u)
void nrs_key_name(char name_out[NRS_KEY_NAME_SIZE], const uint8_t sign_key[NRS_KEY_SIZE]);

/** A fingerprint for the telephone: 40 digits in 8 groups of 5, over a 32-byte key or hash (SPEC 2.6).
 *  text_out holds 48 characters. */
void nrs_fingerprint(char text_out[48], const uint8_t key[NRS_KEY_SIZE]);
/** NRS_OK if `given` (spaces do not matter) is the fingerprint of key; else NRS_ERROR_FINGERPRINT. */
NRS_MUST_USE nrs_error nrs_fingerprint_check(const char *given, const uint8_t key[NRS_KEY_SIZE]);

#endif
