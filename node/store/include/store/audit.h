/* The audit log (SPEC 13): sealed entries by their number, the nodes of their tree, and what was signed of it and of others'. The rules of
 * store.h hold here as well. */
#ifndef STORE_AUDIT_H
#define STORE_AUDIT_H

#include "store/store.h"

/* ---- This node's own ---- */
typedef struct nrs_audit_row { uint64_t number; const uint8_t *leaf; nrs_slice sealed; } nrs_audit_row;
typedef nrs_error (*nrs_audit_visitor)(void *context, const nrs_audit_row *row);
/** NRS_ERROR_EXISTS: there is a row of this number, which stays. */
NRS_MUST_USE nrs_error nrs_store_audit_add(nrs_store *store, const nrs_audit_row *row);
/** The highest number up to `size`, 0 when there is none. */
NRS_MUST_USE nrs_error nrs_store_audit_last(nrs_store *store, uint64_t *number_out, uint64_t size);
/** How many rows lie outside the numbers 1 to `size`, which the node has not written, and between which numbers; of those below 1 it is 1. */
typedef struct nrs_audit_span { uint64_t count, first, last; } nrs_audit_span;
NRS_MUST_USE nrs_error nrs_store_audit_foreign_span(nrs_store *store, nrs_audit_span *span_out, uint64_t size);
/** Put them aside, so that their numbers are free and they stay to be seen. */
NRS_MUST_USE nrs_error nrs_store_audit_foreign_keep(nrs_store *store, uint64_t size);
/** The leaf of one row. NRS_ERROR_NOT_FOUND. */
NRS_MUST_USE nrs_error nrs_store_audit_leaf(nrs_store *store, uint8_t leaf_out[NRS_HASH_SIZE], uint64_t number);
/** Up to `limit` rows numbered above `after`, ascending. Stops early, without an error, when visit returns NRS_ERROR_LIMIT. */
NRS_MUST_USE nrs_error nrs_store_audit_each(nrs_store *store, uint64_t after, size_t limit, nrs_audit_visitor visit, void *context);
/** Up to `limit` rows numbered below `before`, descending; likewise. */
NRS_MUST_USE nrs_error nrs_store_audit_back(nrs_store *store, uint64_t before, size_t limit, nrs_audit_visitor visit, void *context);
/** Likewise those outside the numbers 1 to `size`, and what was put aside, in the order of their numbers, without what is sealed in them. */
NRS_MUST_USE nrs_error nrs_store_audit_foreign_each(nrs_store *store, uint64_t size, size_t limit, nrs_audit_visitor visit, void *context);
/** Put all of this node's own aside, and what was signed of it, for a log that can no longer be read. */
NRS_MUST_USE nrs_error nrs_store_audit_put_aside(nrs_store *store);
NRS_MUST_USE nrs_error nrs_store_audit_node_set(nrs_store *store, uint32_t level, uint64_t place, const uint8_t hash[NRS_HASH_SIZE]);
/** NRS_ERROR_NOT_FOUND. */
NRS_MUST_USE nrs_error nrs_store_audit_node_get(nrs_store *store, uint8_t hash_out[NRS_HASH_SIZE], uint32_t level, uint64_t place);

/* ---- What was signed of it, and of others' ---- */

/** This node's checkpoints by their size, and the hubs' signatures of them: Signed payloads. One of the same size (and hub) is
 *  replaced. hub: NULL for a checkpoint. */
typedef nrs_error (*nrs_audit_signed_visitor)(void *context, uint64_t size, const uint8_t *hub, nrs_slice payload);
NRS_MUST_USE nrs_error nrs_store_audit_checkpoint_add(nrs_store *store, uint64_t size, nrs_slice payload);
/** NRS_ERROR_NOT_FOUND. Out: replaced. */
NRS_MUST_USE nrs_error nrs_store_audit_checkpoint_get(nrs_store *store, nrs_bytes *payload_out, uint64_t size);
/** What was signed of a log that was put aside, the newest first. */
NRS_MUST_USE nrs_error nrs_store_audit_signed_foreign_each(nrs_store *store, size_t limit, nrs_audit_signed_visitor visit, void *context);
/** The largest size, 0 when there is none. */
NRS_MUST_USE nrs_error nrs_store_audit_checkpoint_last(nrs_store *store, uint64_t *size_out);
/** Those with after < size <= last, ascending. */
NRS_MUST_USE nrs_error nrs_store_audit_checkpoint_each(nrs_store *store, uint64_t after, uint64_t last, nrs_audit_signed_visitor visit, void *context);
/** position: of its record in the log, by which the last one that came is known: clocks go back. */
NRS_MUST_USE nrs_error nrs_store_audit_cosignature_add(nrs_store *store, uint64_t size, const uint8_t hub[NRS_KEY_SIZE], uint64_t position, nrs_slice payload);
NRS_MUST_USE nrs_error nrs_store_audit_cosignature_each(nrs_store *store, uint64_t after, uint64_t last, nrs_audit_signed_visitor visit, void *context);
/** The largest size that any hub has signed, 0 when there is none. */
NRS_MUST_USE nrs_error nrs_store_audit_cosigned_last(nrs_store *store, uint64_t *size_out);
/** The size in the signature of the hub that came last, and its position; 0 when there is none. position_out may be NULL. */
NRS_MUST_USE nrs_error nrs_store_audit_cosigned_size(nrs_store *store, uint64_t *size_out, uint64_t *position_out, const uint8_t hub[NRS_KEY_SIZE]);

/** What a hub follows of another node's audit log: the newest checkpoint it has signed. */
typedef enum nrs_audit_watch_state { NRS_AUDIT_WATCH_GOOD = 1, NRS_AUDIT_WATCH_REWRITTEN = 2, NRS_AUDIT_WATCH_UNPROVEN = 3 } nrs_audit_watch_state;
typedef struct nrs_audit_watch {
    uint8_t log[NRS_LOG_ID_SIZE];
    uint64_t size;
    uint8_t root[NRS_HASH_SIZE];
    uint64_t at_ms;               /* when the node made it */
    uint32_t logs;                /* logs of this node seen so far; 0: none yet */
    nrs_audit_watch_state state;
    uint64_t asked_ms;            /* since when a proof from there is wanted; 0: it is not */
    uint64_t other_size;          /* what another hub has signed of this log, and this one has not seen to be in it; 0: nothing */
    uint64_t other_ms;            /* since when it is known */
    uint8_t other_root[NRS_HASH_SIZE];
    uint8_t other_by[NRS_KEY_SIZE];
    nrs_slice evidence;           /* the signed statement that does not fit, or did not; else empty */
} nrs_audit_watch;
typedef nrs_error (*nrs_audit_watch_visitor)(void *context, const uint8_t *node, const nrs_audit_watch *watch);
NRS_MUST_USE nrs_error nrs_store_audit_watch_set(nrs_store *store, const uint8_t node[NRS_KEY_SIZE], const nrs_audit_watch *watch);
/** NRS_ERROR_NOT_FOUND, also of a row that this program cannot have written. watch_out's slice points into *holder, which the caller wipes. */
NRS_MUST_USE nrs_error nrs_store_audit_watch_get(nrs_store *store, nrs_audit_watch *watch_out, nrs_bytes *holder, const uint8_t node[NRS_KEY_SIZE]);
/** Whether there is a row at all, whatever stands in it. */
NRS_MUST_USE nrs_error nrs_store_audit_watch_there(nrs_store *store, bool *there_out, const uint8_t node[NRS_KEY_SIZE]);
/** What is kept under a key stands under the one that came after it from now on. */
NRS_MUST_USE nrs_error nrs_store_audit_watch_move(nrs_store *store, const uint8_t from[NRS_KEY_SIZE], const uint8_t to[NRS_KEY_SIZE]);
NRS_MUST_USE nrs_error nrs_store_audit_watch_each(nrs_store *store, nrs_audit_watch_visitor visit, void *context);
/** Roots seen of a node's logs; the newest NRS_AUDIT_SEEN_COUNT_MAX of each log stay. */
NRS_MUST_USE nrs_error nrs_store_audit_seen_add(nrs_store *store, const uint8_t node[NRS_KEY_SIZE], const uint8_t log[NRS_LOG_ID_SIZE], uint64_t size,
                                                const uint8_t root[NRS_HASH_SIZE]);
/** NRS_ERROR_NOT_FOUND. */
NRS_MUST_USE nrs_error nrs_store_audit_seen_root(nrs_store *store, uint8_t root_out[NRS_HASH_SIZE], const uint8_t node[NRS_KEY_SIZE],
                                                 const uint8_t log[NRS_LOG_ID_SIZE], uint64_t size);
/** The smallest size that is remembered of a log, 0 when there is none. */
NRS_MUST_USE nrs_error nrs_store_audit_seen_first(nrs_store *store, uint64_t *size_out, const uint8_t node[NRS_KEY_SIZE], const uint8_t log[NRS_LOG_ID_SIZE]);
/** The largest that was seen of this log, as it would be followed: NRS_ERROR_NOT_FOUND. Nothing is known of when, or of others' signatures. */
NRS_MUST_USE nrs_error nrs_store_audit_seen_last(nrs_store *store, nrs_audit_watch *watch_out, const uint8_t node[NRS_KEY_SIZE], const uint8_t log[NRS_LOG_ID_SIZE]);
NRS_MUST_USE nrs_error nrs_store_audit_seen_log(nrs_store *store, bool *seen_out, const uint8_t node[NRS_KEY_SIZE], const uint8_t log[NRS_LOG_ID_SIZE]);

#endif
