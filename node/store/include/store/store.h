/* The store: everything durable of a node, in one SQLite file (WAL, synchronous FULL). Nothing above this box knows SQL,
 * and nothing in here knows keys: what must be secret arrives sealed or wrapped.
 *
 * All calls belong to one thread. Changes happen between nrs_store_begin and nrs_store_commit; a failed change leaves the
 * transaction to be rolled back. Reads see the open transaction. Errors of every call: NRS_ERROR_DISK (full, read-only,
 * I/O), NRS_ERROR_DAMAGED, NRS_ERROR_NO_MEMORY. Rows handed to callbacks are borrowed for the callback. */
#ifndef STORE_STORE_H
#define STORE_STORE_H

#include <stdbool.h>

#include "proto/bytes.h"
#include "proto/limits.h"

typedef struct nrs_store nrs_store;

#define NRS_STORE_VERSION 8

typedef struct nrs_store_options {
    const char *path;      /* the database file */
    const char *vfs;       /* NULL for the system's; the simulator names its own */
    int synchronous_off;   /* for tests only */
} nrs_store_options;

/** Open or create. A database of a higher version: NRS_ERROR_NEWER_NODE, of a lower one: OLDER_NODE; not a database: NRS_ERROR_DAMAGED.
 *  Each opening begins a new part of the log, named by `incarnation` (16 random bytes given by the caller): it is written down with the
 *  first record under it, or by nrs_store_part_write. */
NRS_MUST_USE nrs_error nrs_store_open(nrs_store **store_out, const nrs_store_options *options, const uint8_t incarnation[NRS_LOG_ID_SIZE]);
void nrs_store_close(nrs_store **store);

/* ---- The parts of the log (SPEC 10.2) ---- */
#define NRS_LOG_PARTS_MAX 256u /* older ones are forgotten, those with nothing in them first */
/** The name of the newest part. Borrowed until the next part begins. */
const uint8_t *nrs_store_incarnation(const nrs_store *store);
/** Write the newest part down within the open transaction, unless it is: before anybody is told its name. */
NRS_MUST_USE nrs_error nrs_store_part_write(nrs_store *store);
/** Begin another one within the open transaction: what was appended so far may be a copy of what others have seen continued. within: the
 *  store was not opened just now, so that the end of the part before may be of after the copy. */
NRS_MUST_USE nrs_error nrs_store_part_begin(nrs_store *store, const uint8_t incarnation[NRS_LOG_ID_SIZE], bool within);
/** Call a part otherwise from now on, so that no claim to hold it counts: it has bytes that others have seen otherwise. */
NRS_MUST_USE nrs_error nrs_store_part_disown(nrs_store *store, const uint8_t incarnation[NRS_LOG_ID_SIZE], const uint8_t instead[NRS_LOG_ID_SIZE]);
/** What somebody's claim to hold a part of this log up to a position is worth. */
typedef enum nrs_log_claim {
    NRS_LOG_CLAIM_HELD = 0,      /* the part has that position */
    NRS_LOG_CLAIM_OLDER = 1,     /* an earlier part ended before it: this store is an older copy of another, which went on */
    NRS_LOG_CLAIM_AHEAD = 2,     /* the same, but more was appended to the part after the copy, nobody knows how much: disown it */
    NRS_LOG_CLAIM_UNKNOWN = 3,   /* there was no such part here: likewise, this store is an older copy */
    NRS_LOG_CLAIM_NOTHING = 4    /* none either, but this store is new (made from a backup), or so many parts came since that it is forgotten */
} nrs_log_claim;
/** Out: position_out: up to where both surely have the same. */
nrs_log_claim nrs_store_log_claim(const nrs_store *store, uint64_t *position_out, const uint8_t incarnation[NRS_LOG_ID_SIZE], uint64_t position);

NRS_MUST_USE nrs_error nrs_store_begin(nrs_store *store);
NRS_MUST_USE nrs_error nrs_store_commit(nrs_store *store);
/** Rows changed so far, also those that were rolled back: whether something was written since it was last asked. */
uint64_t nrs_store_changes(const nrs_store *store);
void nrs_store_rollback(nrs_store *store);
/** Move WAL pages into the database, outside the commit path; bounded work. Truncates the WAL past 16 MiB. */
NRS_MUST_USE nrs_error nrs_store_checkpoint(nrs_store *store);
/** Whole-file integrity, for `status` and tests. */
NRS_MUST_USE nrs_error nrs_store_check(nrs_store *store);

/* ---- Small named values (at most 64 KiB) ---- */
NRS_MUST_USE nrs_error nrs_store_meta_set(nrs_store *store, const char *name, nrs_slice value);
/** An absent one: NRS_OK and an empty value. */
NRS_MUST_USE nrs_error nrs_store_meta_get(nrs_store *store, const char *name, nrs_bytes *value_out);
/** The same of one that somebody else may have written: the first 64 KiB of it, whatever its type. */
NRS_MUST_USE nrs_error nrs_store_meta_bytes(nrs_store *store, const char *name, nrs_bytes *value_out);
/** The same of a number. Absent: NRS_OK and 0. Out: there_out: whether it was there at all; may be NULL. */
NRS_MUST_USE nrs_error nrs_store_meta_number_set(nrs_store *store, const char *name, uint64_t number);
NRS_MUST_USE nrs_error nrs_store_meta_number_get(nrs_store *store, const char *name, uint64_t *number_out, bool *there_out);

/* ---- The log: records in the order in which this node committed them; the position is their number, from 1 ---- */

typedef struct nrs_log_row {
    uint64_t position;
    uint32_t type;                       /* nrs_record_type */
    const uint8_t *id;                   /* 32 */
    nrs_slice record;                    /* Record bytes, verbatim; may be empty after nrs_store_log_drop */
    nrs_slice source;                    /* signing key of the peer it came from, or empty: our own */
    nrs_slice slots;                     /* SEALED: the Record with its first slot table, when that came with it; else empty */
    nrs_slice owner;                     /* what it belongs to: sealed id for SEALED, GRANT, SLOT_TABLE, SLOT_PATH; signer otherwise */
    uint64_t received_ms;
    uint64_t expires_ms;                 /* 0: never */
} nrs_log_row;

/** Append; position is assigned. Out: position_out. NRS_ERROR_EXISTS when the id is there already. */
NRS_MUST_USE nrs_error nrs_store_log_append(nrs_store *store, uint64_t *position_out, const nrs_log_row *row);
/** The same without looking for the id: for a caller whom nrs_store_log_find has told in this transaction that it is not there. */
NRS_MUST_USE nrs_error nrs_store_log_append_not_found(nrs_store *store, uint64_t *position_out, const nrs_log_row *row);
/** Position of the record with this id, 0 if none. It costs the same however large the store: ids are found in memory. */
NRS_MUST_USE nrs_error nrs_store_log_find(nrs_store *store, uint64_t *position_out, const uint8_t id[NRS_HASH_SIZE]);
/** NRS_ERROR_NOT_FOUND. The row's slices point into *holder, which the caller wipes. */
NRS_MUST_USE nrs_error nrs_store_log_get(nrs_store *store, nrs_log_row *row_out, nrs_bytes *holder, uint64_t position);
/** Whether the record at a position is of a type and belongs to an owner. Its bytes are not read. false: nor is there one. */
NRS_MUST_USE nrs_error nrs_store_log_is(nrs_store *store, bool *is_out, uint64_t position, uint32_t type, nrs_slice owner);
/** Whether slots stand in the row at a position, and whether they are these. The record itself is not read, nor slots of another size. */
NRS_MUST_USE nrs_error nrs_store_log_has_slots(nrs_store *store, bool *any_out, bool *same_out, uint64_t position, nrs_slice slots);
typedef nrs_error (*nrs_log_visitor)(void *context, const nrs_log_row *row);
/** Visit up to `limit` rows with position > after, ascending. Stops early, without an error, when visit returns NRS_ERROR_LIMIT. */
NRS_MUST_USE nrs_error nrs_store_log_each(nrs_store *store, uint64_t after, size_t limit, nrs_log_visitor visit, void *context);
/** The rows of one owner and type (0: any), ascending. */
NRS_MUST_USE nrs_error nrs_store_log_each_of(nrs_store *store, nrs_slice owner, uint32_t type, nrs_log_visitor visit, void *context);
/** Forget the bytes of a record (a superseded card, an expired report); its id stays, against duplicates. */
NRS_MUST_USE nrs_error nrs_store_log_drop(nrs_store *store, uint64_t position);
uint64_t nrs_store_log_end(const nrs_store *store); /* highest position, 0 if empty; kept in memory */

/* ---- Later grants of a report: how many slots they have, and where in the log an organisation's stand ---- */
/** Where an organisation's slots stand. rank: of who granted them. A place gives way to one of a higher rank, and to a later one of the same
 *  grantor; before: the key that the grantor had before, or empty. org: its key hash, or empty for the table of the first slots, where that
 *  came by itself: whoever asks looks into it. */
typedef struct nrs_slot_place {
    uint64_t position;
    uint32_t rank;
    nrs_slice grantor, before;
} nrs_slot_place;
NRS_MUST_USE nrs_error nrs_store_slot_place_set(nrs_store *store, const uint8_t sealed_id[NRS_HASH_SIZE], nrs_slice org, const nrs_slot_place *place);
/** Out: position_out: 0: none. rank_out: 0 then; may be NULL. */
NRS_MUST_USE nrs_error nrs_store_slot_place_get(nrs_store *store, uint64_t *position_out, uint32_t *rank_out, const uint8_t sealed_id[NRS_HASH_SIZE], nrs_slice org);
/** How many slots the later grants of one grantor have; grantor: a signing key, or empty for a count of several together. */
NRS_MUST_USE nrs_error nrs_store_granted_set(nrs_store *store, const uint8_t sealed_id[NRS_HASH_SIZE], nrs_slice grantor, uint64_t slots);
NRS_MUST_USE nrs_error nrs_store_granted_get(nrs_store *store, uint64_t *slots_out, const uint8_t sealed_id[NRS_HASH_SIZE], nrs_slice grantor);
/** Forget both of an expired report. */
NRS_MUST_USE nrs_error nrs_store_granted_clear(nrs_store *store, const uint8_t sealed_id[NRS_HASH_SIZE]);

/* ---- Positions per link ---- */
/** How far the peer has confirmed our log. */
NRS_MUST_USE nrs_error nrs_store_sent_set(nrs_store *store, const uint8_t peer[NRS_KEY_SIZE], uint64_t position);
NRS_MUST_USE nrs_error nrs_store_sent_get(nrs_store *store, uint64_t *position_out, const uint8_t peer[NRS_KEY_SIZE]);
/** How far we hold the peer's log of one incarnation. */
NRS_MUST_USE nrs_error nrs_store_held_set(nrs_store *store, const uint8_t peer[NRS_KEY_SIZE], const uint8_t incarnation[NRS_LOG_ID_SIZE], uint64_t position);
/** incarnation_out zeros and position 0 when nothing is held. */
NRS_MUST_USE nrs_error nrs_store_held_get(nrs_store *store, uint8_t incarnation_out[NRS_LOG_ID_SIZE], uint64_t *position_out, const uint8_t peer[NRS_KEY_SIZE]);

/** The lowest position of the peer's log that found no room here and is to be asked for again; 0: none. */
NRS_MUST_USE nrs_error nrs_store_held_again_set(nrs_store *store, const uint8_t peer[NRS_KEY_SIZE], uint64_t position);
NRS_MUST_USE nrs_error nrs_store_held_again_get(nrs_store *store, uint64_t *position_out, const uint8_t peer[NRS_KEY_SIZE]);

/* ---- Reports, as list and the edge rules need them; no plaintext ---- */

typedef enum nrs_report_part { NRS_PART_CARRIED = 0, NRS_PART_RECEIVED = 1, NRS_PART_SENT = 2 } nrs_report_part;
typedef enum nrs_key_state {
    NRS_KEY_NONE = 0,        /* no slot yet, or never */
    NRS_KEY_HELD = 1,        /* wrapped under the vault */
    NRS_KEY_PERSON = 2,      /* RED: slots kept for persons, the node cannot open it */
    NRS_KEY_CANNOT_OPEN = 3,
    NRS_KEY_FORGOTTEN = 4,
    NRS_KEY_WITHDRAWN = 5    /* destroyed since the report was withdrawn, or never taken; the row stays */
} nrs_key_state;

/* Beside the flags of the header: what its attribution is. */
#define NRS_REPORT_WITHHELD (1u << 16) /* its source is withheld: at the source itself, and at its hub */
#define NRS_REPORT_VOUCHED (1u << 17)  /* a hub vouches for its source */
#define NRS_REPORT_DUTY (1u << 18)     /* its header names a duty */

typedef struct nrs_report_row {
    uint64_t position;       /* of the SEALED record in the log; the row's key */
    const uint8_t *id;       /* 32 */
    const uint8_t *community;/* 32 */
    const uint8_t *originator; /* 32 */
    uint32_t label, urgency, flags;
    uint64_t created_ms, expires_ms, received_ms;
    nrs_report_part part;
    nrs_key_state key_state;
    uint64_t opened_ms;      /* 0: not opened here */
    uint64_t segment;        /* vault segment of the wrapped key */
    nrs_slice wrapped_key;   /* of NRS_KEY_HELD; of own RED in its place the id of the person who wrote it; else empty */
    nrs_slice annex;         /* core's own small data, sealed where it must be (at most 4 KiB) */
} nrs_report_row;
NRS_MUST_USE nrs_error nrs_store_report_add(nrs_store *store, const nrs_report_row *row);
/** Replace part, key state, opened, segment, wrapped key and annex of the row with this position. */
NRS_MUST_USE nrs_error nrs_store_report_update(nrs_store *store, const nrs_report_row *row);
/** Give the row another position, with what was decided about it: a report that was announced before its bytes came. */
NRS_MUST_USE nrs_error nrs_store_report_move(nrs_store *store, uint64_t from, uint64_t to);
NRS_MUST_USE nrs_error nrs_store_report_get(nrs_store *store, nrs_report_row *row_out, nrs_bytes *holder, const uint8_t id[NRS_HASH_SIZE]);
/** Find by a prefix of 6 to 64 lower-case hex digits, among reports whose part is received or sent. 16 digits and more are found at once,
 *  for fewer a bounded number of the newest ids is looked through. NRS_ERROR_NOT_FOUND; AMBIGUOUS, also where too many ids begin so;
 *  MALFORMED. */
NRS_MUST_USE nrs_error nrs_store_report_find(nrs_store *store, uint8_t id_out[NRS_HASH_SIZE], const char *prefix);
/** How many reports `list` has: received or sent, not forgotten. */
NRS_MUST_USE nrs_error nrs_store_report_count(nrs_store *store, uint64_t *count_out);
typedef struct nrs_report_filter {
    bool unread, sent_only, received_only;
    const uint8_t *community;   /* or NULL */
    uint64_t since_ms;          /* received at or after */
    size_t limit;               /* the newest so many; 0: all */
    uint64_t after_position;    /* for watch; 0: from the start */
    uint64_t before_position;   /* 0: to the end */
} nrs_report_filter;
typedef nrs_error (*nrs_report_visitor)(void *context, const nrs_report_row *row);
/** Received or sent reports, oldest first (the newest `limit` of them). */
NRS_MUST_USE nrs_error nrs_store_report_each(nrs_store *store, const nrs_report_filter *filter, nrs_report_visitor visit, void *context);
/** Reports whose wrapped key lies in a segment, for rewrapping. */
NRS_MUST_USE nrs_error nrs_store_report_each_in_segment(nrs_store *store, uint64_t segment, nrs_report_visitor visit, void *context);

/* ---- Recipients of what we sent, and the stages they reached ---- */
typedef struct nrs_recipient_row {
    uint64_t report;            /* position */
    const char *address;        /* "kanto-power", "sato@kanto-power" */
    const uint8_t *org;         /* 32 */
    const uint8_t *person;      /* 32, or NULL */
    bool granted;               /* false: waiting for a prekey */
    bool locked;                /* not granted before it has accepted */
    uint32_t stage;             /* highest stage reached, 0 none */
    uint64_t stage_ms;
} nrs_recipient_row;
typedef nrs_error (*nrs_recipient_visitor)(void *context, const nrs_recipient_row *row);
NRS_MUST_USE nrs_error nrs_store_recipient_add(nrs_store *store, const nrs_recipient_row *row);
NRS_MUST_USE nrs_error nrs_store_recipient_granted(nrs_store *store, uint64_t report, const uint8_t org[NRS_KEY_SIZE]);
/** How many persons wait for a new grant of a report that is alive. */
NRS_MUST_USE nrs_error nrs_store_waiting_persons(nrs_store *store, uint64_t *count_out, uint64_t now_ms);
NRS_MUST_USE nrs_error nrs_store_recipient_granted_at(nrs_store *store, uint64_t report, const char *address);
/** It waits again, whatever it was granted. address: of one recipient, or "" for all of the organisation. */
NRS_MUST_USE nrs_error nrs_store_recipient_wait(nrs_store *store, uint64_t report, const uint8_t org[NRS_KEY_SIZE], const char *address);
/** Who was locked has accepted: it waits now, to be granted like any other. */
NRS_MUST_USE nrs_error nrs_store_recipient_unlock(nrs_store *store, uint64_t report, const uint8_t org[NRS_KEY_SIZE]);
NRS_MUST_USE nrs_error nrs_store_recipient_each(nrs_store *store, uint64_t report, nrs_recipient_visitor visit, void *context);
/** Those under one key: the others cost no more than to be passed over. */
NRS_MUST_USE nrs_error nrs_store_recipient_each_of(nrs_store *store, uint64_t report, const uint8_t org[NRS_KEY_SIZE], nrs_recipient_visitor visit,
                                                   void *context);
/** The one recipient with this address, if there is one: visits it or nothing. */
NRS_MUST_USE nrs_error nrs_store_recipient_at(nrs_store *store, uint64_t report, const char *address, nrs_recipient_visitor visit, void *context);
/** Reports (not expired) that still wait for this organisation's prekey, ascending. */
NRS_MUST_USE nrs_error nrs_store_waiting_each(nrs_store *store, const uint8_t org[NRS_KEY_SIZE], uint64_t now_ms, nrs_recipient_visitor visit, void *context);
/** Who was let in to a report by a later authority than the originator's, by whom; and with the address "" by whom this node was. */
typedef struct nrs_let_in_row {
    uint64_t report;            /* position */
    const char *address;        /* as in nrs_recipient_row; "": this node itself */
    uint32_t authority;         /* NRS_AUTHORITY_… */
    uint64_t at_ms;
    uint64_t version;           /* of the community's roster, whose members then are the audience; 0: named by itself */
    uint32_t actions, flags;    /* conditions of a release, in the place of the header's */
    uint64_t released_ms;       /* when the release was signed; 0: there is none */
    uint64_t until_ms;          /* how long it lasts */
    const uint8_t *org;         /* 32: who was let in */
    const uint8_t *by;          /* 32: the grantor */
    const uint8_t *community;   /* 32: of those it is for */
    const uint8_t *grant;       /* 32: id of the grant */
    nrs_slice release, grant_signed; /* of this node itself, on a release: the Signed Release and Grant, which outlive their log records; or empty */
} nrs_let_in_row;
typedef nrs_error (*nrs_let_in_visitor)(void *context, const nrs_let_in_row *row);
/** One for each report and address: a later one replaces it. */
NRS_MUST_USE nrs_error nrs_store_let_in_add(nrs_store *store, const nrs_let_in_row *row);
/** Who waited has been granted: authority, time, version, release and grant as in the row. Nothing happens where none waits at this address. */
NRS_MUST_USE nrs_error nrs_store_let_in_granted(nrs_store *store, const nrs_let_in_row *row);
/** Nothing happens where there is none. */
NRS_MUST_USE nrs_error nrs_store_let_in_drop(nrs_store *store, uint64_t report, const char *address);
/** address: one alone, or NULL for all. */
NRS_MUST_USE nrs_error nrs_store_let_in_each(nrs_store *store, uint64_t report, const char *address, nrs_let_in_visitor visit, void *context);
/** An ask for wider sharing, and its answer: at the holder that asked (mine), and at the originator. */
typedef enum nrs_ask_state { NRS_ASK_OPEN = 0, NRS_ASK_RELEASED = 1, NRS_ASK_DENIED = 2 } nrs_ask_state;
typedef struct nrs_ask_row {
    const uint8_t *id;          /* 32: of the statement */
    const uint8_t *report;      /* 32: its id */
    bool mine;                  /* this node asked */
    nrs_ask_state state;
    uint64_t at_ms, answered_ms, expires_ms; /* expires: while it is open, of the report, and with that the ask; then of the release */
    uint32_t label;             /* of the release */
    const uint8_t *org;         /* 32: the originator where it is ours, else who asked */
    const char *person, *answerer; /* ids, "organisation's own system user" or "" */
    const char *reason, *answer;
    nrs_slice ask;              /* Ask */
    nrs_slice release;          /* Signed Release */
} nrs_ask_row;
typedef nrs_error (*nrs_ask_visitor)(void *context, const nrs_ask_row *row);
NRS_MUST_USE nrs_error nrs_store_ask_add(nrs_store *store, bool *new_out, const nrs_ask_row *row);
/** Once for each ask. Out: changed_out: false when it had been answered. */
NRS_MUST_USE nrs_error nrs_store_ask_answer(nrs_store *store, bool *changed_out, const nrs_ask_row *row);
/** report: of one report, or NULL for all. Ascending by time. */
NRS_MUST_USE nrs_error nrs_store_ask_each(nrs_store *store, const uint8_t *report, nrs_ask_visitor visit, void *context);
/** Visits the one with this id, or nothing. */
NRS_MUST_USE nrs_error nrs_store_ask_get(nrs_store *store, const uint8_t id[NRS_HASH_SIZE], nrs_ask_visitor visit, void *context);
/** By a prefix of its id. NRS_ERROR_NOT_FOUND, AMBIGUOUS. */
NRS_MUST_USE nrs_error nrs_store_ask_find(nrs_store *store, uint8_t id_out[NRS_HASH_SIZE], const char *prefix);
/** How many asks of an organisation wait for an answer here: their reports have neither expired nor been withdrawn. */
NRS_MUST_USE nrs_error nrs_store_ask_open(nrs_store *store, uint64_t *count_out, const uint8_t org[NRS_KEY_SIZE], uint64_t now_ms);
/** How many asks of others about what this node has sent wait for its answer; without: flags of reports that are left out. */
NRS_MUST_USE nrs_error nrs_store_ask_waiting(nrs_store *store, uint64_t *count_out, uint64_t now_ms, uint32_t without);
/** How many asks about one report are open that others have sent to this node, and that it has made itself. */
NRS_MUST_USE nrs_error nrs_store_ask_pending(nrs_store *store, uint64_t *theirs_out, uint64_t *own_out, const uint8_t report[NRS_HASH_SIZE], uint64_t now_ms);
/** How many asks of this node's about one report are open, or agreed to and not over. */
NRS_MUST_USE nrs_error nrs_store_ask_own(nrs_store *store, uint64_t *count_out, const uint8_t report[NRS_HASH_SIZE], uint64_t now_ms);
/** Drop those whose report's or release's end, and answer, lie before. */
NRS_MUST_USE nrs_error nrs_store_ask_expire(nrs_store *store, uint64_t before_ms);
/** A stage reached, once for each (report, address, stage). Out: new_out, false if it was there. person may be "". */
NRS_MUST_USE nrs_error nrs_store_receipt_add(nrs_store *store, bool *new_out, uint64_t report, const char *address, uint32_t stage, uint64_t at_ms, const char *person);
typedef nrs_error (*nrs_receipt_visitor)(void *context, const char *address, uint32_t stage, uint64_t at_ms, const char *person);
NRS_MUST_USE nrs_error nrs_store_receipt_each(nrs_store *store, uint64_t report, nrs_receipt_visitor visit, void *context);

/* ---- New grants asked for: by us (org: our own key) and of us, once for each report and destroyed prekey ---- */
typedef struct nrs_regrant_row { uint64_t report; const uint8_t *org; const uint8_t *prekey; uint64_t at_ms; } nrs_regrant_row;
/** Out: new_out: false if it was there. */
NRS_MUST_USE nrs_error nrs_store_regrant_add(nrs_store *store, bool *new_out, const nrs_regrant_row *row);
/** How many of this report and organisation there are. */
NRS_MUST_USE nrs_error nrs_store_regrant_count(nrs_store *store, uint64_t *count_out, uint64_t report, const uint8_t org[NRS_KEY_SIZE]);
/** How many `org` has asked for since then, about all reports of one originator. */
NRS_MUST_USE nrs_error nrs_store_regrant_of_source(nrs_store *store, uint64_t *count_out, const uint8_t org[NRS_KEY_SIZE], const uint8_t originator[NRS_KEY_SIZE], uint64_t since_ms);
NRS_MUST_USE nrs_error nrs_store_regrant_has(nrs_store *store, bool *has_out, const nrs_regrant_row *row);
/** Forget the requests for reports up to this position of the log: they have expired. */
NRS_MUST_USE nrs_error nrs_store_regrant_expire(nrs_store *store, uint64_t report);

/* ---- Withdrawn reports, and which report follows which ---- */
typedef struct nrs_withdrawal_row {
    const uint8_t *id;          /* of the report */
    uint64_t position;          /* of the report in the log; 0: it has not come, and is not taken any more */
    uint64_t listed;            /* of the row that says so, where the report has not come; 0: none */
    uint64_t at_ms, received_ms;
    uint64_t until_ms;          /* the report itself would not be taken after this */
    uint64_t forget_ms;         /* when its key is to be destroyed; 0: it is not */
    const uint8_t *originator;  /* 32: who withdrew it */
    const char *person, *reason;
    nrs_slice proof;            /* Signed Withdrawal; empty of a report that is closed for the text it passes on, and was not withdrawn itself */
    nrs_slice passed_on;        /* id of the withdrawn report whose text it passes on; empty: none */
} nrs_withdrawal_row;
typedef nrs_error (*nrs_withdrawal_visitor)(void *context, const nrs_withdrawal_row *row);
/** Out: new_out: false if the report was withdrawn before; the first stands, but one with a proof comes in the place of one without. */
NRS_MUST_USE nrs_error nrs_store_withdrawal_add(nrs_store *store, bool *new_out, const nrs_withdrawal_row *row);
/** NRS_ERROR_NOT_FOUND. The row borrows from *holder, which the caller wipes. */
NRS_MUST_USE nrs_error nrs_store_withdrawal_get(nrs_store *store, nrs_withdrawal_row *row_out, nrs_bytes *holder, const uint8_t id[NRS_HASH_SIZE]);
/** Of a report that has never come, by a prefix of 6 to 64 hexadecimal digits. NRS_ERROR_NOT_FOUND, AMBIGUOUS. */
NRS_MUST_USE nrs_error nrs_store_withdrawal_find(nrs_store *store, uint8_t id_out[NRS_HASH_SIZE], const char *prefix);
/** Whether there is any. */
NRS_MUST_USE nrs_error nrs_store_withdrawal_any(nrs_store *store, bool *any_out);
/** Those with until_ms after this: the only ones against which what arrives is held. */
NRS_MUST_USE nrs_error nrs_store_withdrawal_each(nrs_store *store, uint64_t after_ms, nrs_withdrawal_visitor visit, void *context);
/** Those whose key is to be destroyed by now, at most `limit`. */
NRS_MUST_USE nrs_error nrs_store_withdrawal_due(nrs_store *store, uint64_t now_ms, size_t limit, nrs_withdrawal_visitor visit, void *context);
/** What its originator says beside, where that was not known. */
NRS_MUST_USE nrs_error nrs_store_withdrawal_set_words(nrs_store *store, const uint8_t id[NRS_HASH_SIZE], const char *person, const char *reason);
NRS_MUST_USE nrs_error nrs_store_withdrawal_set_forget(nrs_store *store, const uint8_t id[NRS_HASH_SIZE], uint64_t forget_ms);
/** How many of an originator are held without their reports. */
NRS_MUST_USE nrs_error nrs_store_withdrawal_unseen(nrs_store *store, uint64_t *count_out, const uint8_t originator[NRS_KEY_SIZE]);
/** Drop those without a report whose time is over, and forget the rows that list them. */
NRS_MUST_USE nrs_error nrs_store_withdrawal_expire(nrs_store *store, uint64_t now_ms);

/** For which report's sake one was withdrawn. */
NRS_MUST_USE nrs_error nrs_store_withdrawal_set_passed_on(nrs_store *store, const uint8_t id[NRS_HASH_SIZE], const uint8_t passed_on[NRS_HASH_SIZE]);
/** One of those added whose text may stand in others that were not closed yet, until it is told that none is left. NRS_ERROR_NOT_FOUND. */
NRS_MUST_USE nrs_error nrs_store_withdrawal_spreading(nrs_store *store, uint8_t id_out[NRS_HASH_SIZE]);
NRS_MUST_USE nrs_error nrs_store_withdrawal_set_spread(nrs_store *store, const uint8_t id[NRS_HASH_SIZE]);

/** The report at `position` follows another, which only a keyed hash names. */
NRS_MUST_USE nrs_error nrs_store_follows_add(nrs_store *store, const uint8_t tag[NRS_HASH_SIZE], uint64_t position);
NRS_MUST_USE nrs_error nrs_store_follows_any(nrs_store *store, bool *any_out);
typedef nrs_error (*nrs_follows_visitor)(void *context, const uint8_t *id);
/** The ids of the reports with this tag, oldest first, at most `limit`; not of those that were forgotten, or withdrawn before they were read. */
NRS_MUST_USE nrs_error nrs_store_follows_each(nrs_store *store, const uint8_t tag[NRS_HASH_SIZE], size_t limit, nrs_follows_visitor visit, void *context);
/** The same of a tag that stands for reports whose text others hold: those among them that are not withdrawn, forgotten ones too. */
NRS_MUST_USE nrs_error nrs_store_passing_on_each(nrs_store *store, const uint8_t tag[NRS_HASH_SIZE], size_t limit, nrs_follows_visitor visit, void *context);
/** The same, newest first, of those alone with one of these flags. */
NRS_MUST_USE nrs_error nrs_store_answers_each(nrs_store *store, const uint8_t tag[NRS_HASH_SIZE], size_t limit, uint32_t flags, nrs_follows_visitor visit, void *context);
/** Those with a tag, oldest first, whatever became of them. */
NRS_MUST_USE nrs_error nrs_store_tagged_each(nrs_store *store, const uint8_t tag[NRS_HASH_SIZE], size_t limit, nrs_follows_visitor visit, void *context);
/** A tag that others say belongs to the report at `position`; not where that has `limit` of any kind. */
NRS_MUST_USE nrs_error nrs_store_tagged_add(nrs_store *store, const uint8_t tag[NRS_HASH_SIZE], uint64_t position, size_t limit);

/* ---- Slots kept for persons (RED), and later grants ---- */
NRS_MUST_USE nrs_error nrs_store_slot_add(nrs_store *store, const uint8_t sealed_id[NRS_HASH_SIZE], const uint8_t grant_id[NRS_HASH_SIZE], uint32_t index, nrs_slice slot_path);
/** Delete all slots kept of a report. */
NRS_MUST_USE nrs_error nrs_store_slot_delete(nrs_store *store, const uint8_t sealed_id[NRS_HASH_SIZE]);
typedef nrs_error (*nrs_slot_visitor)(void *context, const uint8_t *grant_id, uint32_t index, nrs_slice slot_path);
NRS_MUST_USE nrs_error nrs_store_slot_each(nrs_store *store, const uint8_t sealed_id[NRS_HASH_SIZE], nrs_slot_visitor visit, void *context);

/* ---- Rosters, cards, prekeys of others ---- */
NRS_MUST_USE nrs_error nrs_store_roster_add(nrs_store *store, const uint8_t community[NRS_HASH_SIZE], uint64_t version, nrs_slice many);
/** version 0: the newest. NRS_ERROR_NOT_FOUND. */
NRS_MUST_USE nrs_error nrs_store_roster_get(nrs_store *store, nrs_bytes *many_out, const uint8_t community[NRS_HASH_SIZE], uint64_t version);
typedef nrs_error (*nrs_roster_visitor)(void *context, const uint8_t *community, uint64_t version, nrs_slice many);
/** How many communities there are rosters of. */
NRS_MUST_USE nrs_error nrs_store_roster_communities(nrs_store *store, size_t *count_out);
NRS_MUST_USE nrs_error nrs_store_roster_each_newest(nrs_store *store, nrs_roster_visitor visit, void *context);

/** Forget the bytes of one version; its step stays. */
NRS_MUST_USE nrs_error nrs_store_roster_drop(nrs_store *store, const uint8_t community[NRS_HASH_SIZE], uint64_t version);
/** Forget all versions after this one, and their steps. */
NRS_MUST_USE nrs_error nrs_store_roster_cut(nrs_store *store, const uint8_t community[NRS_HASH_SIZE], uint64_t after);
/** The highest version up to this one whose bytes are kept. NRS_ERROR_NOT_FOUND. */
NRS_MUST_USE nrs_error nrs_store_roster_before(nrs_store *store, uint64_t *version_out, const uint8_t community[NRS_HASH_SIZE], uint64_t version);

/** One version of a roster as this node came to hold it: what it changed, and how it is told to others. */
typedef struct nrs_roster_step_row {
    const uint8_t *community; /* 32 */
    uint64_t version;
    uint64_t base_version;    /* the one held before; 0: none */
    bool key_change;          /* roster keys or threshold differ from the one held before */
    uint64_t adopted_ms;
    const uint8_t *hash;      /* 32, of the statement */
    nrs_slice summary;        /* core's own words on what changed; at most 16 KiB */
    nrs_slice delta;          /* RosterDelta bytes against base_version, or empty */
} nrs_roster_step_row;
NRS_MUST_USE nrs_error nrs_store_roster_step_add(nrs_store *store, const nrs_roster_step_row *row);
typedef nrs_error (*nrs_roster_step_visitor)(void *context, const nrs_roster_step_row *row);
/** Steps with after < version <= until, ascending; key_changes: only those in which the roster keys changed. */
NRS_MUST_USE nrs_error nrs_store_roster_step_each(nrs_store *store, const uint8_t community[NRS_HASH_SIZE], uint64_t after, uint64_t until,
                                                  bool key_changes, size_t limit, nrs_roster_step_visitor visit, void *context);

/** What a member said last of a community's roster. */
typedef struct nrs_word_row { const uint8_t *community, *signer; uint64_t created_ms; uint64_t position; nrs_slice payload; } nrs_word_row;
typedef nrs_error (*nrs_word_visitor)(void *context, const nrs_word_row *row);
NRS_MUST_USE nrs_error nrs_store_word_set(nrs_store *store, const nrs_word_row *row);
/** Zeros when there is none. */
NRS_MUST_USE nrs_error nrs_store_word_find(nrs_store *store, uint64_t *created_ms_out, uint64_t *position_out,
                                           const uint8_t community[NRS_HASH_SIZE], const uint8_t signer[NRS_KEY_SIZE]);
/** community NULL: of all. */
NRS_MUST_USE nrs_error nrs_store_word_each(nrs_store *store, const uint8_t *community, nrs_word_visitor visit, void *context);

/** What a row about a fork is. The numbers stand in the database. */
typedef enum nrs_fork_state {
    NRS_FORK_SIDE = 0,    /* a side of a fork that is open */
    NRS_FORK_PENDING = 1, /* the roster that is to heal it, and waits for a person */
    NRS_FORK_PAST = 2     /* of a past version, by keys that were dropped since, or our own beside such a one: told, and binding nobody */
} nrs_fork_state;
/** One side of a fork, or the roster that is to heal it and waits for a person. */
typedef struct nrs_fork_row {
    const uint8_t *community; /* 32 */
    const uint8_t *hash;      /* 32, of the statement */
    uint64_t version;
    nrs_fork_state state;
    nrs_slice head;           /* RosterHead, or empty */
    nrs_slice many;           /* SignedByMany; empty when only the head is known */
} nrs_fork_row;
typedef nrs_error (*nrs_fork_visitor)(void *context, const nrs_fork_row *row);
/** Add or replace. */
NRS_MUST_USE nrs_error nrs_store_fork_set(nrs_store *store, const nrs_fork_row *row);
NRS_MUST_USE nrs_error nrs_store_fork_each(nrs_store *store, const uint8_t community[NRS_HASH_SIZE], nrs_fork_visitor visit, void *context);
/** A roster adopted has named this side of a fork: nothing is kept of it but that, for good, and none of these functions but
 *  nrs_store_fork_healed tells of it. version: the one that healed it. */
NRS_MUST_USE nrs_error nrs_store_fork_healed_set(nrs_store *store, const uint8_t community[NRS_HASH_SIZE], const uint8_t hash[NRS_HASH_SIZE],
                                                 uint64_t version);
NRS_MUST_USE nrs_error nrs_store_fork_healed(nrs_store *store, bool *healed_out, const uint8_t community[NRS_HASH_SIZE],
                                             const uint8_t hash[NRS_HASH_SIZE]);
/** The sides and what is to heal them go, or that alone; what is of the past stays until a roster names it. */
NRS_MUST_USE nrs_error nrs_store_fork_clear(nrs_store *store, const uint8_t community[NRS_HASH_SIZE], bool pending_only);

/** Cards and prekey bundles, one of each owner, replaced by the next that is set; `position` is where the record stands in the log. */
typedef struct nrs_published_row { const uint8_t *owner; uint64_t serial; uint64_t position; nrs_slice payload; } nrs_published_row;
typedef nrs_error (*nrs_published_visitor)(void *context, const nrs_published_row *row);
NRS_MUST_USE nrs_error nrs_store_card_set(nrs_store *store, const nrs_published_row *row);
NRS_MUST_USE nrs_error nrs_store_card_each(nrs_store *store, nrs_published_visitor visit, void *context);
NRS_MUST_USE nrs_error nrs_store_prekeys_set(nrs_store *store, const nrs_published_row *row);
NRS_MUST_USE nrs_error nrs_store_prekeys_drop(nrs_store *store, const uint8_t owner[NRS_KEY_SIZE]);
NRS_MUST_USE nrs_error nrs_store_prekeys_each(nrs_store *store, nrs_published_visitor visit, void *context);

/** Ends of keys (SPEC 7.7): owner is the key that ends, serial the cause. */
NRS_MUST_USE nrs_error nrs_store_key_change_set(nrs_store *store, const nrs_published_row *row);
NRS_MUST_USE nrs_error nrs_store_key_change_each(nrs_store *store, nrs_published_visitor visit, void *context);

/* ---- Our own prekey secrets, wrapped ---- */
typedef struct nrs_prekey_row {
    const uint8_t *id;       /* 8 */
    const uint8_t *owner;    /* 32: our signing key, or a person's */
    const uint8_t *key;      /* 32, public */
    uint64_t from_ms, until_ms;
    uint64_t segment;
    nrs_slice wrapped;       /* the node's: the secret; a person's: the share, both under the vault */
    nrs_slice sealed_secret; /* a person's: the secret under person and share; else empty */
} nrs_prekey_row;
typedef nrs_error (*nrs_prekey_visitor)(void *context, const nrs_prekey_row *row);
NRS_MUST_USE nrs_error nrs_store_prekey_add(nrs_store *store, const nrs_prekey_row *row);
NRS_MUST_USE nrs_error nrs_store_prekey_each(nrs_store *store, nrs_prekey_visitor visit, void *context);
NRS_MUST_USE nrs_error nrs_store_prekey_rewrap(nrs_store *store, const uint8_t id[NRS_PREKEY_ID_SIZE], uint64_t segment, nrs_slice wrapped);
NRS_MUST_USE nrs_error nrs_store_prekey_delete(nrs_store *store, const uint8_t id[NRS_PREKEY_ID_SIZE]);

/* ---- Vault segments ---- */
typedef nrs_error (*nrs_segment_visitor)(void *context, uint64_t segment, uint32_t entry_count, nrs_slice wrapped);
NRS_MUST_USE nrs_error nrs_store_segment_set(nrs_store *store, uint64_t segment, uint32_t entry_count, nrs_slice wrapped);
NRS_MUST_USE nrs_error nrs_store_segment_delete(nrs_store *store, uint64_t segment);
NRS_MUST_USE nrs_error nrs_store_segment_each(nrs_store *store, nrs_segment_visitor visit, void *context);

/* ---- What was accepted or declined, here and by whom we sent to ---- */
typedef struct nrs_decision_row {
    uint64_t report;            /* position */
    const char *address;        /* whose: an organisation, or a person of one */
    uint32_t stage;             /* NRS_STAGE_ACCEPTED or DECLINED; each once */
    uint64_t at_ms;
    const char *person, *user, *reason; /* "" where there is none */
    const uint8_t *statement;   /* 32: id of the statement that says so */
    nrs_slice hashes;           /* of the disclaimers, 32 bytes each */
} nrs_decision_row;
/** Out: new_out: whether it was not there yet. */
NRS_MUST_USE nrs_error nrs_store_decision_add(nrs_store *store, bool *new_out, const nrs_decision_row *row);
NRS_MUST_USE nrs_error nrs_store_decision_has(nrs_store *store, bool *has_out, uint64_t report, const char *address, uint32_t stage);
typedef nrs_error (*nrs_decision_visitor)(void *context, const nrs_decision_row *row);
/** Ascending by address, then stage. */
NRS_MUST_USE nrs_error nrs_store_decision_each(nrs_store *store, uint64_t report, nrs_decision_visitor visit, void *context);

#endif
