/* The log as the engine reads it: its rows parsed, and kept so that a hub reads each once for all its members; and which records of a row
 * go to a peer. */
#ifndef CORE_LINK_LOG_H
#define CORE_LINK_LOG_H

#include "internal.h"

/* ---- log_cache.c ---- */
typedef struct nrs_log_entry {
    uint64_t position;
    uint32_t type;
    uint8_t id[NRS_HASH_SIZE];
    uint8_t owner[NRS_HASH_SIZE];
    uint8_t source[NRS_KEY_SIZE];
    bool own;                        /* no source */
    bool dropped;                    /* bytes forgotten, or not decodable */
    bool head_only;                  /* SEALED of our own, made just now: of what stands in its header and slots no more is known than community, label and attribution */
    uint64_t expires_ms;
    nrs_bytes record;
    nrs_bytes slots_record;          /* SEALED: the Record with its first slots, when it stands in the same row */
    uint8_t community[NRS_HASH_SIZE];/* SEALED, SLOT_TABLE, GRANT, ROSTER, ENVELOPE */
    uint64_t version;                /* ROSTER */
    nrs_label label;                 /* SEALED, SLOT_TABLE, GRANT; NONE otherwise */
    uint32_t attribution;            /* likewise; 0 otherwise */
    uint64_t sealed_position;        /* SLOT_TABLE, GRANT */
    uint64_t grant_position;         /* SLOT_TABLE of a later grant, else 0 */
    nrs_sealed_view *view;           /* SEALED */
    nrs_slots *slots;                /* SLOT_TABLE, and SEALED with its first slots */
    nrs_grant *grant;                /* SLOT_TABLE, GRANT of another authority than the originator's; else NULL */
    nrs_sealed_view *report;         /* of the same: what it grants */
    uint8_t org[NRS_KEY_SIZE];       /* CARD, PREKEYS, AUDIT_CHECKPOINT, AUDIT_COSIGNATURE: the organisation */
    uint8_t to[NRS_KEY_HASH_SIZE];   /* ENVELOPE, AUDIT_COSIGNATURE */
    nrs_audience *audience;          /* SEALED with label CLEAR: from the open body */
} nrs_log_entry;
/** Borrowed until the next call, never head_only. NRS_ERROR_NOT_FOUND past the end of the log. */
NRS_MUST_USE nrs_error nrs_log_entry_at(nrs_core *core, const nrs_log_entry **entry_out, uint64_t position);
/** The same, as it is: perhaps head_only, which is all that the way to a hub asks for. */
NRS_MUST_USE nrs_error nrs_log_head_at(nrs_core *core, const nrs_log_entry **entry_out, uint64_t position);
void nrs_log_cache_wipe(nrs_core *core);
/** Forget the bytes of a row of the log: it goes to nobody any more. Its id stays. */
NRS_MUST_USE nrs_error nrs_log_drop(nrs_core *core, uint64_t position);
/** Keep what was just received, checked and appended at row->position, so that routing need not read it back. The view is
 *  shared; *slots is taken over. */
NRS_MUST_USE nrs_error nrs_log_remember_sealed(nrs_core *core, const nrs_log_row *row, nrs_sealed_view *view);
/** The same for a report that was sealed here and appended at row->position: head_only until somebody asks for more. */
NRS_MUST_USE nrs_error nrs_log_remember_own(nrs_core *core, const nrs_log_row *row, const nrs_header *header);
/** row: of the table, or of the report that it stands with, which is then remembered already. */
NRS_MUST_USE nrs_error nrs_log_remember_slots(nrs_core *core, const nrs_log_row *row, const nrs_sealed_view *view, uint64_t sealed_position,
                                              uint64_t grant_position, nrs_slots **slots);
/** Append a record to our log. source: the peer's signing key or empty. Out: position_out may be NULL. */
NRS_MUST_USE nrs_error nrs_log_add(nrs_core *core, uint64_t *position_out, nrs_record_type type, const uint8_t id[NRS_HASH_SIZE],
                                   nrs_slice record, nrs_slice owner, nrs_slice source, uint64_t expires_ms);
/** Whose slots an organisation is sent again: the originator's before a hub's on its consent, and that before a holder's on a release
 *  (slot_table.c). 0: it has none. */
typedef enum nrs_slot_rank { NRS_SLOT_NONE = 0, NRS_SLOT_RELEASED = 1, NRS_SLOT_CONSENTED = 2, NRS_SLOT_ORIGINAL = 3 } nrs_slot_rank;
/** Append a table of slots. grant: which it belongs to; first: that is the report's first. Out: position_out may be NULL. */
NRS_MUST_USE nrs_error nrs_log_add_slots(nrs_core *core, uint64_t *position_out, const nrs_slot_table *table, nrs_slice record, const nrs_grant *grant,
                                         bool first, nrs_slice source, uint64_t expires_ms);
/** The same for a table just made here, of a later grant. grant, record: as nrs_grant_make gives them. */
NRS_MUST_USE nrs_error nrs_log_add_own_slots(nrs_core *core, nrs_slice grant, nrs_slice record, uint64_t expires_ms);
/** Count a later grant of a report before it is taken, or when it is made: TOO_LARGE when its grantor has given too many slots already, or all
 *  have together who are neither its originator nor a hub of its community (slot_table.c). */
NRS_MUST_USE nrs_error nrs_grant_count(nrs_core *core, const nrs_sealed_view *view, const uint8_t grantor[NRS_KEY_SIZE], uint32_t slot_count);
/** The sealed report with this id from the log, parsed. *record_out holds its bytes. NRS_ERROR_NOT_FOUND. */
NRS_MUST_USE nrs_error nrs_log_sealed(nrs_core *core, nrs_sealed_view **view_out, uint64_t *position_out, const uint8_t id[NRS_HASH_SIZE]);

/** Whether nrs_log_sealed would have to read that report from the disk. */
NRS_MUST_USE nrs_error nrs_log_sealed_far(nrs_core *core, bool *far_out, const uint8_t id[NRS_HASH_SIZE]);

/** A later grant of a report from the log, by its id. The report is not read. NRS_ERROR_NOT_FOUND. */
NRS_MUST_USE nrs_error nrs_log_later_grant(nrs_core *core, nrs_grant **grant_out, uint64_t *position_out, const uint8_t sealed_id[NRS_HASH_SIZE],
                                           const uint8_t grant_id[NRS_HASH_SIZE]);
/** The grant with this id of a sealed report: its own first one (position 0) or a later one in the log. NRS_ERROR_NOT_FOUND. */
NRS_MUST_USE nrs_error nrs_log_grant(nrs_core *core, nrs_grant **grant_out, uint64_t *position_out, const nrs_sealed_view *view, const uint8_t grant_id[NRS_HASH_SIZE]);

/** The release with this id of a report, and who signed it. NRS_ERROR_NOT_FOUND. Out: release_out: nrs_release_free. */
NRS_MUST_USE nrs_error nrs_log_release(nrs_core *core, nrs_release **release_out, uint8_t signer_out[NRS_KEY_SIZE], uint64_t *position_out,
                                       const uint8_t sealed_id[NRS_HASH_SIZE], const uint8_t release_id[NRS_HASH_SIZE]);

/** What was signed of a record of a report, as it came: the Signed. NRS_ERROR_NOT_FOUND. Out: payload_out: replaced. */
NRS_MUST_USE nrs_error nrs_log_payload(nrs_core *core, nrs_bytes *payload_out, nrs_record_type type, const uint8_t sealed_id[NRS_HASH_SIZE],
                                       const uint8_t id[NRS_HASH_SIZE]);

/* ---- relay.c ---- */
#define NRS_RELAY_RECORDS_MAX NRS_RECORDS_PER_ITEM_MAX
typedef struct nrs_relay_item {
    nrs_slice records[NRS_RELAY_RECORDS_MAX]; /* borrowed from the cache or from held */
    size_t count;
    nrs_bytes held[NRS_RELAY_RECORDS_MAX];
    size_t held_count;
} nrs_relay_item;
void nrs_relay_item_wipe(nrs_relay_item *item);
/** count 0: nothing of this entry is for the peer. */
NRS_MUST_USE nrs_error nrs_relay_route(nrs_core *core, nrs_relay_item *item_out, uint64_t position, const nrs_link *link);

/** Of a card, prekeys or a member's word on a roster: whether it goes to this peer. */
void nrs_relay_published(nrs_core *core, nrs_relay_item *item, const nrs_log_entry *entry, const nrs_peer *peer);

#endif
