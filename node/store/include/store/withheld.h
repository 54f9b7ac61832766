/* Sources that are withheld (SPEC 6.11): what a hub and a source know about such a report, what a hub publishes at its next tick,
 * and how often each hub has vouched. */
#ifndef STORE_WITHHELD_H
#define STORE_WITHHELD_H

#include "store/store.h"

/* ---- Notes on a withheld report, sealed under its file key: forgetting it destroys them ---- */
typedef nrs_error (*nrs_note_visitor)(void *context, nrs_slice content);
/** report: position. content: at most 4,096 bytes. */
NRS_MUST_USE nrs_error nrs_store_note_add(nrs_store *store, uint64_t report, nrs_slice content);
/** In the order in which they were added. */
NRS_MUST_USE nrs_error nrs_store_note_each(nrs_store *store, uint64_t report, nrs_note_visitor visit, void *context);
NRS_MUST_USE nrs_error nrs_store_note_delete(nrs_store *store, uint64_t report);
/** The ids of received or of sent reports that have notes, whose key is held and that are not expired. Stops early, without an error, when
 *  visit returns NRS_ERROR_LIMIT. */
typedef nrs_error (*nrs_note_report_visitor)(void *context, const uint8_t *id);
NRS_MUST_USE nrs_error nrs_store_note_reports(nrs_store *store, uint32_t part, uint64_t now_ms, nrs_note_report_visitor visit, void *context);

/* ---- Reports that wait for the tick at which they leave, by their position ---- */
typedef nrs_error (*nrs_publish_visitor)(void *context, uint64_t position);
NRS_MUST_USE nrs_error nrs_store_publish_add(nrs_store *store, uint64_t position, uint64_t due_ms);
/** Those that are due, ascending, at most `limit`. */
NRS_MUST_USE nrs_error nrs_store_publish_each(nrs_store *store, uint64_t now_ms, size_t limit, nrs_publish_visitor visit, void *context);
NRS_MUST_USE nrs_error nrs_store_publish_delete(nrs_store *store, uint64_t position);
/** When the next thing leaves, a report or a digest; 0: nothing waits. */
NRS_MUST_USE nrs_error nrs_store_publish_next(nrs_store *store, uint64_t *due_ms_out);

/* ---- How often: our own count in a community, and the numbers that others' reports bore ---- */
typedef struct nrs_vouch_count { uint64_t count, since_ms; } nrs_vouch_count;
/** NRS_ERROR_NOT_FOUND. */
NRS_MUST_USE nrs_error nrs_store_vouch_count_get(nrs_store *store, nrs_vouch_count *count_out, const uint8_t community[NRS_HASH_SIZE]);
NRS_MUST_USE nrs_error nrs_store_vouch_count_set(nrs_store *store, const uint8_t community[NRS_HASH_SIZE], const nrs_vouch_count *count);
/** Begin to count anew, in all communities. */
NRS_MUST_USE nrs_error nrs_store_vouch_count_clear(nrs_store *store);
typedef struct nrs_vouched_row { const uint8_t *originator, *community; nrs_vouch_count count; const uint8_t *id; } nrs_vouched_row;
/** Out: id_out: the report that bore the number first. */
NRS_MUST_USE nrs_error nrs_store_vouched_take(nrs_store *store, uint8_t id_out[NRS_HASH_SIZE], const nrs_vouched_row *row);

/* ---- What a hub has to say to sources, until the digest in which it leaves; and what a source has to say to its hub ---- */
typedef struct nrs_digest_row {
    uint64_t number;
    uint64_t due_ms;            /* 0: leaves with whatever leaves next */
    uint64_t expires_ms;        /* it is of no use from then on */
    bool direct;                /* not in a digest: by itself, on the link with the recipient alone */
    const uint8_t *recipient;   /* 32 */
    const uint8_t *community;   /* 32 */
    nrs_slice statement;
} nrs_digest_row;
typedef nrs_error (*nrs_digest_visitor)(void *context, const nrs_digest_row *row);
NRS_MUST_USE nrs_error nrs_store_digest_add(nrs_store *store, const nrs_digest_row *row);
/** Whether the same waits for something else to leave. Of the row recipient, community and statement are looked at. */
NRS_MUST_USE nrs_error nrs_store_digest_has(nrs_store *store, bool *has_out, const nrs_digest_row *row);
/** Of a community, those for digests: what is due now, as it became so and then by number; then what waits for something else to leave, of that at
 *  most limit_each for one recipient. Stops early, without an error, when visit returns NRS_ERROR_LIMIT. */
NRS_MUST_USE nrs_error nrs_store_digest_each(nrs_store *store, const uint8_t community[NRS_HASH_SIZE], uint64_t now_ms, size_t limit_each, nrs_digest_visitor visit, void *context);
/** Those due to one reader, whenever; ascending. */
NRS_MUST_USE nrs_error nrs_store_digest_for(nrs_store *store, const uint8_t community[NRS_HASH_SIZE], const uint8_t recipient[NRS_KEY_SIZE], nrs_digest_visitor visit,
                                            void *context);
/** Of a community, the direct ones numbered above `after`, ascending. Stops early, without an error, when visit returns NRS_ERROR_LIMIT. */
NRS_MUST_USE nrs_error nrs_store_direct_each(nrs_store *store, const uint8_t community[NRS_HASH_SIZE], uint64_t after, size_t limit, nrs_digest_visitor visit, void *context);
NRS_MUST_USE nrs_error nrs_store_digest_delete(nrs_store *store, uint64_t number);
NRS_MUST_USE nrs_error nrs_store_digest_expire(nrs_store *store, uint64_t now_ms);
/** It waits for something else to leave. */
NRS_MUST_USE nrs_error nrs_store_digest_wait(nrs_store *store, uint64_t number);
/** What was due and could not leave is due again then. */
NRS_MUST_USE nrs_error nrs_store_digest_defer(nrs_store *store, const uint8_t community[NRS_HASH_SIZE], uint64_t now_ms, uint64_t due_ms);
NRS_MUST_USE nrs_error nrs_store_digest_due(nrs_store *store, bool *due_out, const uint8_t community[NRS_HASH_SIZE], uint64_t now_ms);

#endif
