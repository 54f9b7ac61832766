/* The audit log (SPEC 13): a tree as RFC 6962 has it over salted entries, grown by its right edge alone; entries sealed for
 * the disk. Bytes in, bytes out. */
#ifndef KEYS_AUDIT_H
#define KEYS_AUDIT_H

#include "keys/hash.h"
#include "keys/secret.h"
#include "proto/wire.h"

#define NRS_AUDIT_LEVEL_COUNT 48u /* 2^48 entries are more than any node writes */
#define NRS_AUDIT_LOG_ID_SIZE NRS_LOG_ID_SIZE

/** The right edge of the tree: the complete subtrees from which its root is made. Zeroed is the empty log. */
typedef struct nrs_audit_tree {
    uint64_t size; /* leaves */
    uint8_t peaks[NRS_AUDIT_LEVEL_COUNT][NRS_HASH_SIZE]; /* of 2^level leaves, where bit `level` of size is set; else zeros */
} nrs_audit_tree;

/** Told of each subtree that an appended leaf completes: `place` counts the subtrees of that level from the left. */
typedef nrs_error (*nrs_audit_node_taker)(void *context, uint32_t level, uint64_t place, const uint8_t hash[NRS_HASH_SIZE]);

/** The leaf of an entry's bytes. */
void nrs_audit_leaf(uint8_t leaf_out[NRS_HASH_SIZE], nrs_slice entry);
/** Append a leaf: O(log size). take: may be NULL; its error is returned, and the tree is then unchanged. NRS_ERROR_LIMIT. */
NRS_MUST_USE nrs_error nrs_audit_append(nrs_audit_tree *tree, const uint8_t leaf[NRS_HASH_SIZE], nrs_audit_node_taker take, void *context);
/** The root of a tree that is not empty. */
void nrs_audit_root(uint8_t root_out[NRS_HASH_SIZE], const nrs_audit_tree *tree);

/** The hash of a stored subtree. */
typedef nrs_error (*nrs_audit_node_source)(void *context, uint32_t level, uint64_t place, uint8_t hash_out[NRS_HASH_SIZE]);
/** Proof that the tree of `from` leaves is the beginning of that of `to`, 0 < from < to; asks for complete subtrees as large as the
 *  largest power of two that divides both and larger. Out: path_out: replaced. Returns source's error. */
NRS_MUST_USE nrs_error nrs_audit_consistency_make(nrs_bytes *path_out, uint64_t from, uint64_t to, nrs_audit_node_source source, void *context);
/** The root of the first `size` leaves, size > 0, out of the same subtrees. Returns source's error. */
NRS_MUST_USE nrs_error nrs_audit_root_at(uint8_t root_out[NRS_HASH_SIZE], uint64_t size, nrs_audit_node_source source, void *context);
/** NRS_ERROR_FORGED unless the path proves it. */
NRS_MUST_USE nrs_error nrs_audit_consistency_verify(uint64_t from, const uint8_t from_root[NRS_HASH_SIZE], uint64_t to, const uint8_t to_root[NRS_HASH_SIZE], nrs_slice path);

/** Decode a Signed payload, check its signature and that its signer is who it speaks for. Out: nrs_audit_checkpoint_free;
 *  nrs_audit_cosignature_free. */
NRS_MUST_USE nrs_error nrs_audit_checkpoint_open(nrs_audit_checkpoint **checkpoint_out, nrs_slice payload);
NRS_MUST_USE nrs_error nrs_audit_cosignature_open(nrs_audit_cosignature **cosignature_out, nrs_slice payload);
/** Whether a checkpoint continues the log that had this size and root: NRS_ERROR_REWRITTEN when it shows that it does not,
 *  NRS_ERROR_NOT_FOUND when it has no proof from there. */
NRS_MUST_USE nrs_error nrs_audit_checkpoint_continues(const nrs_audit_checkpoint *checkpoint, uint64_t size, const uint8_t root[NRS_HASH_SIZE]);

/** What an entry is about, as the entry holds it: hash of its salt and an id. */
void nrs_audit_about(uint8_t about_out[NRS_HASH_SIZE], const uint8_t salt[NRS_HASH_SIZE], nrs_slice id);

/** Seal a log's small things for the disk, padded to 192 or 384 bytes (an entry; number from 1), bound to log and number.
 *  Out: sealed_out: replaced. */
NRS_MUST_USE nrs_error nrs_audit_seal(nrs_bytes *sealed_out, const nrs_secret *key, const uint8_t log[NRS_AUDIT_LOG_ID_SIZE], uint64_t number, nrs_slice entry);
/** Returns NRS_ERROR_DAMAGED. Out: entry_out: replaced; the caller wipes. */
NRS_MUST_USE nrs_error nrs_audit_open(nrs_bytes *entry_out, const nrs_secret *key, const uint8_t log[NRS_AUDIT_LOG_ID_SIZE], uint64_t number, nrs_slice sealed);

/** The head: where the log stands. Kept sealed beside the entries, so that a tail cut off by whoever lacks the key shows. */
typedef struct nrs_audit_head {
    uint8_t log[NRS_AUDIT_LOG_ID_SIZE];
    uint64_t checkpoint_size; /* of the newest checkpoint; 0: none yet */
    uint64_t checkpoint_ms;   /* when it was made; the log's beginning while there is none */
    uint64_t cosigned_size;   /* the largest that a hub has signed; 0: none yet */
    uint64_t alarm_ms;        /* when the node last entered that the log itself was changed (nrs_audit_tells_of_itself); 0: never */
    uint64_t noted;           /* 1: where the log ends is also noted beside the store */
    nrs_audit_tree tree;
} nrs_audit_head;
NRS_MUST_USE nrs_error nrs_audit_head_seal(nrs_bytes *sealed_out, const nrs_secret *key, const nrs_audit_head *head);
/** Returns NRS_ERROR_DAMAGED; head_out is untouched then. */
NRS_MUST_USE nrs_error nrs_audit_head_open(nrs_audit_head *head_out, const nrs_secret *key, nrs_slice sealed);

/** The same for what is kept beside the store: with the log's key, and a number that grows with each writing, under another key. Out: sealed_out: replaced. */
NRS_MUST_USE nrs_error nrs_audit_note_seal(nrs_bytes *sealed_out, const nrs_secret *wrap_key, uint64_t serial, const nrs_secret *key, const nrs_audit_head *head);
/** Returns NRS_ERROR_DAMAGED; nothing is given out then. Out: key_out: owned. */
NRS_MUST_USE nrs_error nrs_audit_note_open(uint64_t *serial_out, nrs_secret **key_out, nrs_audit_head *head_out, const nrs_secret *wrap_key, nrs_slice sealed);

/** Whether this is the first entry of a log that follows one which was lost (SPEC 13.3). */
bool nrs_audit_begun_anew(const nrs_audit_entry *entry);
/** Whether the node says in it that this log was changed in a way that its numbers, leaves and signatures need not show. */
bool nrs_audit_tells_of_itself(const nrs_audit_entry *entry);

#endif
