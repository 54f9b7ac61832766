/* Statements that wait to be sent in an envelope, and records that wait for something. */
#ifndef STORE_QUEUE_H
#define STORE_QUEUE_H

#include "store/store.h"

typedef struct nrs_letter_row { uint64_t number; const uint8_t *to; const uint8_t *community; nrs_slice statement; } nrs_letter_row;
typedef nrs_error (*nrs_letter_visitor)(void *context, const nrs_letter_row *row);
NRS_MUST_USE nrs_error nrs_store_letter_add(nrs_store *store, const uint8_t to[NRS_KEY_SIZE], const uint8_t community[NRS_HASH_SIZE], nrs_slice statement);
/** The number that the letter added last was given; 0 if none was added since the store was opened. */
uint64_t nrs_store_letter_last(const nrs_store *store);
/** Those above this number, ascending: the oldest first. */
NRS_MUST_USE nrs_error nrs_store_letter_each(nrs_store *store, uint64_t after, size_t limit, nrs_letter_visitor visit, void *context);
/** Those for one reader, the oldest first. */
NRS_MUST_USE nrs_error nrs_store_letter_each_of(nrs_store *store, const uint8_t to[NRS_KEY_SIZE], size_t limit, nrs_letter_visitor visit, void *context);
/** The first reader behind this one, or of all when it is empty, for whom there is a letter. NRS_ERROR_NOT_FOUND. */
NRS_MUST_USE nrs_error nrs_store_letter_reader(nrs_store *store, uint8_t to_out[NRS_KEY_SIZE], nrs_slice after);
typedef nrs_error (*nrs_letter_count_visitor)(void *context, const uint8_t *to, uint64_t count);
NRS_MUST_USE nrs_error nrs_store_letter_counts(nrs_store *store, nrs_letter_count_visitor visit, void *context);
NRS_MUST_USE nrs_error nrs_store_letter_delete(nrs_store *store, uint64_t number);

/** A record that came before the roster it needs: the community, and the version awaited. */
typedef struct nrs_deferred_row {
    const uint8_t *waits_for; /* 32: community */
    uint64_t version;
    const uint8_t *owner;     /* 32: the sealed report it belongs to, or the record's own id */
    const uint8_t *peer;      /* 32: who handed it over */
    nrs_slice record;
    uint64_t at_ms;
    uint64_t expires_ms;      /* 0: never */
    uint64_t number;          /* 0: of a new one */
} nrs_deferred_row;
/** Under the number that it had, or a new one. Bounded: NRS_ERROR_BUSY past NRS_DEFERRED_COUNT_MAX. */
NRS_MUST_USE nrs_error nrs_store_deferred_add(nrs_store *store, const nrs_deferred_row *row);
typedef nrs_error (*nrs_deferred_visitor)(void *context, const nrs_deferred_row *row);
/** Up to `limit` records that wait for a version of the community up to this one, numbered above `after`, ascending. */
NRS_MUST_USE nrs_error nrs_store_deferred_each(nrs_store *store, const uint8_t waits_for[NRS_HASH_SIZE], uint64_t version, uint64_t after,
                                               size_t limit, nrs_deferred_visitor visit, void *context);
/** What a deferred record of this owner waits for. NRS_ERROR_NOT_FOUND. */
NRS_MUST_USE nrs_error nrs_store_deferred_find(nrs_store *store, uint8_t waits_for_out[NRS_HASH_SIZE], uint64_t *version_out,
                                               uint64_t *expires_ms_out, const uint8_t owner[NRS_HASH_SIZE]);
/** Whether this record waits already. owner: as it was added with. */
NRS_MUST_USE nrs_error nrs_store_deferred_has(nrs_store *store, bool *has_out, const uint8_t owner[NRS_HASH_SIZE], nrs_slice record);
/** The next peer above this one that has handed over what is deferred. NRS_ERROR_NOT_FOUND. In-out: peer. */
NRS_MUST_USE nrs_error nrs_store_deferred_next_peer(nrs_store *store, uint8_t peer[NRS_KEY_SIZE]);
/** Delete what this peer handed over of a community. */
NRS_MUST_USE nrs_error nrs_store_deferred_delete_of(nrs_store *store, const uint8_t peer[NRS_KEY_SIZE], const uint8_t waits_for[NRS_HASH_SIZE]);
/** Delete what has expired. */
NRS_MUST_USE nrs_error nrs_store_deferred_expire(nrs_store *store, uint64_t now_ms);
NRS_MUST_USE nrs_error nrs_store_deferred_delete(nrs_store *store, uint64_t number);
/** What waits for rosters of one community: the newest version awaited, how many records, since when the first. */
typedef struct nrs_deferred_sum { const uint8_t *waits_for; uint64_t version, count, at_ms; } nrs_deferred_sum;
typedef nrs_error (*nrs_deferred_sum_visitor)(void *context, const nrs_deferred_sum *sum);
NRS_MUST_USE nrs_error nrs_store_deferred_sums(nrs_store *store, nrs_deferred_sum_visitor visit, void *context);
size_t nrs_store_deferred_count(nrs_store *store);
/** Of one peer; SIZE_MAX when the store cannot be read. */
size_t nrs_store_deferred_count_of(nrs_store *store, const uint8_t peer[NRS_KEY_SIZE]);

#endif
