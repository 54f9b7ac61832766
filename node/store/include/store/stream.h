/* Streams (SPEC 6.8): what this node numbered itself, what it holds of others' streams, and what is missing there. The rules of
 * store.h hold here as well. */
#ifndef STORE_STREAM_H
#define STORE_STREAM_H

#include "store/store.h"

/* ---- What we count for each audience ---- */
typedef struct nrs_sent_stream {
    uint8_t stream[NRS_HASH_SIZE];
    uint64_t sequence;            /* of the last report; 0: none yet */
    uint8_t last[NRS_HASH_SIZE];  /* its id, zeros for none */
    uint64_t tell_ms;             /* when to look whether its recipients have to be told of the last one */
} nrs_sent_stream;
/** NRS_ERROR_NOT_FOUND. */
NRS_MUST_USE nrs_error nrs_store_sent_stream_get(nrs_store *store, nrs_sent_stream *stream_out, const uint8_t audience[NRS_HASH_SIZE]);
NRS_MUST_USE nrs_error nrs_store_sent_stream_set(nrs_store *store, const uint8_t audience[NRS_HASH_SIZE], const nrs_sent_stream *stream);
/** The one whose tell_ms is the longest past by now_ms. NRS_ERROR_NOT_FOUND. */
NRS_MUST_USE nrs_error nrs_store_sent_stream_due(nrs_store *store, nrs_sent_stream *stream_out, uint8_t audience_out[NRS_HASH_SIZE], uint64_t now_ms);
NRS_MUST_USE nrs_error nrs_store_sent_stream_delete(nrs_store *store, const uint8_t audience[NRS_HASH_SIZE]);
/** Forget all of them: what is sent from now on begins new streams. */
NRS_MUST_USE nrs_error nrs_store_sent_stream_clear(nrs_store *store);

/* ---- Streams of others, by a key that originator, community and stream give together ---- */
typedef struct nrs_stream_row {
    uint8_t key[NRS_HASH_SIZE], stream[NRS_HASH_SIZE], originator[NRS_KEY_SIZE], community[NRS_HASH_SIZE];
} nrs_stream_row;
/** Nothing changes when it is known. */
NRS_MUST_USE nrs_error nrs_store_stream_add(nrs_store *store, const nrs_stream_row *row);

/* ---- The reports held of a stream, our own included ---- */
typedef struct nrs_stream_item {
    uint64_t sequence, created_ms;
    uint8_t id[NRS_HASH_SIZE];
} nrs_stream_item;
NRS_MUST_USE nrs_error nrs_store_item_add(nrs_store *store, const uint8_t key[NRS_HASH_SIZE], const nrs_stream_item *item);
/** The one with the highest number up to `sequence`. NRS_ERROR_NOT_FOUND. */
NRS_MUST_USE nrs_error nrs_store_item_below(nrs_store *store, nrs_stream_item *item_out, const uint8_t key[NRS_HASH_SIZE], uint64_t sequence);
/** The one with the lowest number above `sequence`. NRS_ERROR_NOT_FOUND. */
NRS_MUST_USE nrs_error nrs_store_item_above(nrs_store *store, nrs_stream_item *item_out, const uint8_t key[NRS_HASH_SIZE], uint64_t sequence);
typedef struct nrs_item_row {
    const uint8_t *key;
    uint64_t sequence, created_ms;
    const uint8_t *originator; /* NULL: of a stream that was never added, which is our own */
} nrs_item_row;
typedef nrs_error (*nrs_item_visitor)(void *context, const nrs_item_row *row);
/** Items behind this one, of all streams, ascending by key and number. */
NRS_MUST_USE nrs_error nrs_store_item_each(nrs_store *store, const uint8_t key[NRS_HASH_SIZE], uint64_t sequence, size_t limit, nrs_item_visitor visit, void *context);
NRS_MUST_USE nrs_error nrs_store_item_delete(nrs_store *store, const uint8_t key[NRS_HASH_SIZE], uint64_t sequence);
NRS_MUST_USE nrs_error nrs_store_stream_delete(nrs_store *store, const uint8_t key[NRS_HASH_SIZE]);

/* ---- Gaps: numbers first to last of a stream are missing ---- */
typedef struct nrs_gap {
    uint8_t key[NRS_HASH_SIZE];
    uint64_t first, last;
    uint64_t seen_ms, until_ms;     /* noticed; when what is missing has expired at the latest */
    uint64_t next_ms;               /* when to ask for it next */
    uint32_t asked;                 /* how often it has been asked for */
    uint8_t next_id[NRS_HASH_SIZE]; /* the report after it, which is held */
    bool last_known;
    uint8_t last_id[NRS_HASH_SIZE]; /* the id that the report after it gives to the last one */
} nrs_gap;
/** Replaces the gap of the same stream and first number. */
NRS_MUST_USE nrs_error nrs_store_gap_set(nrs_store *store, const nrs_gap *gap);
NRS_MUST_USE nrs_error nrs_store_gap_delete(nrs_store *store, const uint8_t key[NRS_HASH_SIZE], uint64_t first);
/** The gap in which the number lies. NRS_ERROR_NOT_FOUND. */
NRS_MUST_USE nrs_error nrs_store_gap_at(nrs_store *store, nrs_gap *gap_out, const uint8_t key[NRS_HASH_SIZE], uint64_t sequence);
/** The gap before the report with this id. NRS_ERROR_NOT_FOUND. */
NRS_MUST_USE nrs_error nrs_store_gap_before(nrs_store *store, nrs_gap *gap_out, const uint8_t id[NRS_HASH_SIZE]);
NRS_MUST_USE nrs_error nrs_store_gap_any(nrs_store *store, bool *any_out);
/** Whether there is one in this stream. */
NRS_MUST_USE nrs_error nrs_store_gap_of(nrs_store *store, bool *any_out, const uint8_t key[NRS_HASH_SIZE]);

typedef nrs_error (*nrs_gap_visitor)(void *context, const nrs_stream_row *stream, const nrs_gap *gap);
/** Up to `limit` gaps that are due to be asked for, the longest due first. The visitor may change them. */
NRS_MUST_USE nrs_error nrs_store_gap_each_due(nrs_store *store, uint64_t now_ms, size_t limit, nrs_gap_visitor visit, void *context);
/** Up to `limit` gaps of one originator, or of all (NULL). The visitor may change them. */
NRS_MUST_USE nrs_error nrs_store_gap_each(nrs_store *store, const uint8_t *originator, size_t limit, nrs_gap_visitor visit, void *context);
/** The numbers missing of one originator in one community, summed over its streams. */
typedef struct nrs_gap_sum {
    uint8_t originator[NRS_KEY_SIZE], community[NRS_HASH_SIZE];
    bool expired;       /* of gaps that nothing can fill any more */
    uint64_t count;     /* stops at 9 × 10^15 */
    uint64_t seen_ms;   /* of the oldest */
    uint32_t asked;     /* of the one asked for most often */
} nrs_gap_sum;
typedef nrs_error (*nrs_gap_sum_visitor)(void *context, const nrs_gap_sum *sum);
/** Of gaps that were noticed by `noticed_ms`. */
NRS_MUST_USE nrs_error nrs_store_gap_each_sum(nrs_store *store, uint64_t noticed_ms, uint64_t now_ms, nrs_gap_sum_visitor visit, void *context);
/** Delete the gaps whose time was over by then. */
NRS_MUST_USE nrs_error nrs_store_gap_expire(nrs_store *store, uint64_t until_ms);

/* ---- Reports that are here and that the node does not open: known by their place alone ---- */
typedef struct nrs_unopened {
    uint8_t id[NRS_HASH_SIZE];
    uint64_t created_ms;
} nrs_unopened;
NRS_MUST_USE nrs_error nrs_store_unopened_add(nrs_store *store, const uint8_t place[NRS_HASH_SIZE], const nrs_unopened *row);
/** NRS_ERROR_NOT_FOUND. */
NRS_MUST_USE nrs_error nrs_store_unopened_get(nrs_store *store, nrs_unopened *row_out, const uint8_t place[NRS_HASH_SIZE]);
/** Delete those made before then, among the next rows behind a place. In-out: place: zeros at the beginning; then the last one looked at.
 *  Out: count_out: how many were looked at, fewer than limit at the end of the table. */
NRS_MUST_USE nrs_error nrs_store_unopened_expire(nrs_store *store, uint8_t place[NRS_HASH_SIZE], size_t *count_out, uint64_t before_ms, size_t limit);

/* ---- Proven equivocations ---- */
typedef struct nrs_equivocation_row {
    uint8_t originator[NRS_KEY_SIZE], community[NRS_HASH_SIZE], place[NRS_HASH_SIZE];
    uint8_t ids[2][NRS_HASH_SIZE];
    uint64_t at_ms;
} nrs_equivocation_row;
/** Out: new_out: false when one under this place is there already. */
NRS_MUST_USE nrs_error nrs_store_equivocation_add(nrs_store *store, bool *new_out, const nrs_equivocation_row *row);
NRS_MUST_USE nrs_error nrs_store_equivocation_count(nrs_store *store, size_t *count_out, const uint8_t originator[NRS_KEY_SIZE]);
typedef nrs_error (*nrs_equivocation_visitor)(void *context, const nrs_equivocation_row *row);
NRS_MUST_USE nrs_error nrs_store_equivocation_each(nrs_store *store, nrs_equivocation_visitor visit, void *context);

#endif
