/* Withdrawn reports (SPEC 8.4), and reports that follow others (SPEC 6.9). */
#ifndef CORE_WITHDRAWAL_H
#define CORE_WITHDRAWAL_H

#include "command/command.h"
#include "keys/withdrawal.h"

NRS_MUST_USE nrs_error nrs_withdrawals_load(nrs_core *core);
void nrs_withdrawals_wipe(nrs_core *core);
/** Whether a report was withdrawn that may still be on its way: asked of everything that arrives. */
bool nrs_withdrawn(const nrs_core *core, const uint8_t id[NRS_HASH_SIZE]);
/** The same by its position in our log: asked of everything that leaves. */
bool nrs_withdrawn_at(const nrs_core *core, uint64_t position);

/** Keep a withdrawal; the report is closed from here on. view: of the proof; statement: what it came in. Out: new_out: false when
 *  it was withdrawn before. Only fatal errors. */
NRS_MUST_USE nrs_error nrs_withdrawal_keep(nrs_core *core, bool *new_out, const nrs_withdrawal_view *view, const nrs_statement *statement);
/** When the key of a withdrawn report goes: at once where nobody has opened it, else by the community's rule; 0: it stays. */
uint64_t nrs_withdrawal_forgotten_at(nrs_core *core, const nrs_report_row *row);
/** A withdrawal in an envelope. Only fatal errors. */
NRS_MUST_USE nrs_error nrs_withdrawal_take(nrs_core *core, nrs_peer *from, const nrs_statement *statement);
/** With each tick: destroy the keys that are due. Only fatal errors. */
NRS_MUST_USE nrs_error nrs_withdrawal_tick(nrs_core *core);

/** Whether this report was ever withdrawn, as far as is known here. */
NRS_MUST_USE nrs_error nrs_withdrawal_of(nrs_core *core, bool *withdrawn_out, const uint8_t id[NRS_HASH_SIZE]);
/** Whether what was withdrawn may still be shown, answered or taken out here. Refuses with WITHDRAWN; at the place READ all but the
 *  text is answered beside. person: who reads, or NULL. */
NRS_MUST_USE nrs_error nrs_withdrawal_check(nrs_core *core, nrs_answer *answer, const nrs_report_row *row, nrs_edge_place place, const char *person);
/** Refuse to show what was withdrawn before it came. NRS_ERROR_NOT_FOUND, without a word, when nothing is known of it. */
NRS_MUST_USE nrs_error nrs_withdrawal_show_unseen(nrs_core *core, nrs_answer *answer, const char *text);
/** Set `withdrawn_at`, `withdrawn_reason` and `withdrawn_for`, the id of the report whose text it passes on, of a row. */
NRS_MUST_USE nrs_error nrs_withdrawal_describe(nrs_core *core, nrs_row *row, const nrs_report_row *report);

/** Whether a person of this node wrote a RED report that it sent. */
NRS_MUST_USE nrs_error nrs_red_writer(nrs_core *core, bool *writer_out, const nrs_report_row *row, const Nrs__Wire__PersonEntry *person);

/* ---- recall.c: of an own report ---- */

/** Borrows core and row. Wiped by the caller. */
typedef struct nrs_recall {
    nrs_core *core;
    const nrs_report_row *row;
    nrs_sealed_view *sealed;
    nrs_bytes proof;
    nrs_withdrawal_view view;
    nrs_statement statement; /* what is told */
    uint8_t salt[NRS_HASH_SIZE]; /* of its words */
    bool words;                  /* whether there are any */
    uint8_t (*told)[NRS_KEY_SIZE];
    size_t told_count, told_capacity;
} nrs_recall;
/** Sign it. words: borrowed as long as it; NULL: without any. NRS_ERROR_NOT_FOUND: the report's bytes are gone. */
NRS_MUST_USE nrs_error nrs_recall_begin(nrs_recall *it_out, nrs_core *core, const nrs_report_row *row, uint64_t at_ms,
                                        const nrs_withdrawal_words *words);
NRS_MUST_USE nrs_error nrs_recall_keep(nrs_recall *it, bool *new_out);
/** Sign it without words, keep it and enter it in the audit log: what this node takes back by itself. Whom it is told is left to the caller. */
NRS_MUST_USE nrs_error nrs_recall_wordless(nrs_recall *it_out, nrs_core *core, const nrs_report_row *row, uint64_t at_ms);
/** Tell everybody; told_count says how many. Leaves the statement without its texts. */
NRS_MUST_USE nrs_error nrs_recall_tell(nrs_recall *it);
/** Tell everybody of one that was kept before. */
NRS_MUST_USE nrs_error nrs_recall_tell_kept(nrs_core *core, const nrs_report_row *row);
void nrs_recall_wipe(nrs_recall *it);

/* passed_on.c */
/** The report at `position` holds the text of these. */
NRS_MUST_USE nrs_error nrs_passed_on_note(nrs_core *core, uint64_t position, const ProtobufCBinaryData *ids, size_t count);
/** Close a received report here if one of these was withdrawn. Out: closed_out. */
NRS_MUST_USE nrs_error nrs_passed_on_check(nrs_core *core, bool *closed_out, const nrs_report_row *row, const ProtobufCBinaryData *ids, size_t count);
/** Close here what holds the text of what was withdrawn, and withdraw what of it is our own. What finds no room goes on with the next tick. Only
 *  fatal errors. */
NRS_MUST_USE nrs_error nrs_withdrawal_spread(nrs_core *core);

/* follows.c */
/** What the store keeps in the place of an id: of a report that is followed, or passed on. */
NRS_MUST_USE nrs_error nrs_follows_tag(nrs_core *core, uint8_t tag_out[NRS_HASH_SIZE], nrs_domain domain, const uint8_t id[NRS_HASH_SIZE]);
NRS_MUST_USE nrs_error nrs_follows_load(nrs_core *core);
/** The report at `position` says that it follows another; an empty slice: none. */
NRS_MUST_USE nrs_error nrs_follows_note(nrs_core *core, nrs_slice follows, uint64_t position);
/** Set `followed_by` of a row: the ids of the reports held here that follow this one. */
NRS_MUST_USE nrs_error nrs_follows_describe(nrs_core *core, nrs_row *row, const uint8_t id[NRS_HASH_SIZE]);
/** When the newest report that follows this id, is withheld, and is of the same source as `about`, came or was sent; forgotten or not, but not one that
 *  was withdrawn. In-out: at_ms: left where there is no newer one. */
NRS_MUST_USE nrs_error nrs_follows_newest(nrs_core *core, uint64_t *at_ms, const uint8_t id[NRS_HASH_SIZE], const nrs_report_row *about);
/** Whose series it is that a report belongs to: of the first of those which each follows, as far as they are known here. */
typedef struct nrs_series {
    bool held;    /* else nothing is known */
    bool unread;  /* what the first follows cannot be read here, so that nobody ends it */
    bool vouched; /* by a hub, for its source */
    uint8_t originator[NRS_KEY_SIZE], community[NRS_HASH_SIZE];
} nrs_series;
NRS_MUST_USE nrs_error nrs_series_first(nrs_core *core, nrs_series *series_out, const uint8_t id[NRS_HASH_SIZE]);
/** Whether this originator ends it: its own one, or a hub for a source that a hub has vouched for (SPEC 6.9). */
bool nrs_series_ends(const nrs_core *core, const nrs_series *series, const uint8_t originator[NRS_KEY_SIZE], bool vouched);

#endif
