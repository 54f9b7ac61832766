/* Sources that are withheld (SPEC 6.11): a source seals to its hub alone; the hub's secretariat vouches, and the hub publishes a
 * report of its own at a fixed tick; what the hub has to say to the source leaves in digests of one size to all. */
#ifndef CORE_WITHHELD_H
#define CORE_WITHHELD_H

#include "command/command_draft.h"
#include "keys/withdrawal.h"
#include "link/log.h"
#include "report/report_ids.h"
#include "rules/edges.h"
#include "store/withheld.h"

/* ---- withheld.c: the checks of all nodes ---- */

/** The flags of a report's row: those of its header, and what its attribution is. */
uint32_t nrs_report_flags(const nrs_header *header);
/** Part of the checks to carry. Returns COMMUNITY_RULE, SOURCE_WITHHELD, NOT_HUB. */
NRS_MUST_USE nrs_error nrs_withheld_check_carry(nrs_core *core, const nrs_header *header, const nrs_community *community, const nrs_peer *from);
/** Whether the audience may open it: nrs_policy_open, but for what is withheld. */
nrs_verdict nrs_withheld_verdict_open(nrs_core *core, const nrs_header *header, nrs_label label, const nrs_reader_facts *facts);
/** What a source withheld leaves a hub as what the hub vouches for, and in no other way. Refuses. */
NRS_MUST_USE nrs_error nrs_withheld_refuse_export(nrs_answer *answer, const nrs_report_row *row);
/** Nothing that is withheld is sent again by anyone, nor what is vouched for before it has left. */
bool nrs_withheld_may_resend(const nrs_core *core, const nrs_header *header);
bool nrs_withheld_may_grant(nrs_core *core, const nrs_report_row *row, const nrs_peer *peer);
/** Nor is it extended by a hub; what is vouched for is, once it has left. */
bool nrs_withheld_may_extend(const nrs_core *core, const nrs_header *header);
/** At a recipient: note the number that a vouched report bears; two with one number are an alarm. Only fatal errors. */
NRS_MUST_USE nrs_error nrs_vouched_take(nrs_core *core, const nrs_sealed_view *view, const nrs_report *report);

/* ---- notes.c: what a hub and a source keep about such a report, under its file key ---- */

/** One object, borrowed. */
NRS_MUST_USE nrs_error nrs_withheld_note(nrs_core *core, const nrs_report_row *row, const json_t *note);
/** Out: notes_out: an array, owned. */
NRS_MUST_USE nrs_error nrs_withheld_notes(nrs_core *core, json_t **notes_out, const nrs_report_row *row);
/** The same for what a list or the status says of it: notes that do not open are none, and notes_out is left as it was. */
NRS_MUST_USE nrs_error nrs_withheld_notes_shown(nrs_core *core, json_t **notes_out, const nrs_report_row *row);
/** The reports of a part that have notes and have not expired before this time. Out: list_out: zeroed before; wiped by the caller, also on failure. */
NRS_MUST_USE nrs_error nrs_noted_reports(nrs_core *core, nrs_id_list *list_out, uint32_t part, uint64_t since_ms);
/** As which report it was published; whole: not in parts. NULL when it was not. Borrowed from notes. */
const char *nrs_withheld_published(const json_t *notes, const char *part);
/** Whether it waits for the secretariat, at its hub: nothing of it was published. */
NRS_MUST_USE nrs_error nrs_withheld_waits(nrs_core *core, bool *waits_out, const nrs_report_row *report);
/** Whether it may leave this node: of what a hub vouches for nothing does before its tick. */
bool nrs_vouched_left(const nrs_core *core, const nrs_report_row *report);
/** The keys `vouched`, `vouched_as`, `questions` and `replies` of a row. text: NULL where it does not open here. words: what questions and replies say,
 *  for who reads the report; a list tells only that there are some. */
NRS_MUST_USE nrs_error nrs_withheld_describe(nrs_core *core, nrs_row *row, const nrs_report_row *report, const nrs_report *text, bool words);

/* ---- withhold.c: at the source ---- */

#define NRS_NOTES_FROM_HUB_MAX 256u /* of each kind, of one report, at its source; of replies: about one published report, at the hub */
#define NRS_REPLIES_MAX (2u * NRS_NOTES_FROM_HUB_MAX) /* at the source, of which the hub may have published two parts */

/** Whom a withheld report is sealed to: the hubs that the request names, else those that have what it follows or answers, else the one there is.
 *  audience: whom the hub is to publish it to. Refuses. Out: hubs_out: wiped by the caller, also on failure. */
NRS_MUST_USE nrs_error nrs_withhold_plan(nrs_core *core, nrs_answer *answer, nrs_delivery *hubs_out, const nrs_draft *draft,
                                         const nrs_delivery *audience, const nrs_inherited *inherited, size_t inherited_count);
/** Add to the `warnings` of a row what a list of names tells of who is not on it. */
NRS_MUST_USE nrs_error nrs_withhold_warn(nrs_row *row, const nrs_address *addresses, size_t count);
/** Add to them that one of the hubs does not have what the draft follows or answers. */
NRS_MUST_USE nrs_error nrs_withhold_warn_hubs(nrs_core *core, nrs_row *row, const nrs_draft *draft, const nrs_delivery *hubs);
/** Whether this id is a report that this node sent with its source withheld; then what follows or answers it is withheld too, as the draft
 *  says then. Refuses to follow what is withheld by another. */
NRS_MUST_USE nrs_error nrs_withhold_inherit(nrs_core *core, nrs_answer *answer, nrs_draft *draft, const uint8_t id[NRS_HASH_SIZE]);
/** The same of the id under which a hub has published it. */
NRS_MUST_USE nrs_error nrs_withhold_follows(nrs_core *core, nrs_draft *draft, const uint8_t id[NRS_HASH_SIZE]);
/** A hub's word that it published a report of ours. Only fatal errors. */
NRS_MUST_USE nrs_error nrs_source_take(nrs_core *core, nrs_peer *from, const nrs_statement *statement);

/* ---- vouch_text.c, names.c: what a hub publishes of it ---- */

/** Whether a text names the organisation or its persons. Out: found_out: which name, borrowed from the card or roster. */
bool nrs_names_source(const nrs_core *core, const char **found_out, const nrs_community *community, const nrs_peer *source, const char *text);
/** At a hub, the reason that it gives for what it does with what it vouches for: all who have that read it. Refuses. */
NRS_MUST_USE nrs_error nrs_vouched_reason(nrs_core *core, nrs_answer *answer, const nrs_report_row *row, const char *reason, const json_t *request);
/** The texts of the request, or of the source where the request has none, without the fields that tell who it is. Out: texts_out: an
 *  object with subject, body and fields, owned; dropped_out: names of fields that were left out, an array. */
NRS_MUST_USE nrs_error nrs_vouch_texts(nrs_answer *answer, json_t **texts_out, json_t *dropped, const json_t *request, const nrs_report *source);

/** The text of a note, as text or, where its JSON would be too long, as base64. Out: text_out: replaced; without a zero at its end. */
NRS_MUST_USE nrs_error nrs_note_put_text(json_t *note, nrs_slice text);
NRS_MUST_USE nrs_error nrs_note_text(nrs_bytes *text_out, const json_t *note);
/** The same as the key `text` of a row: null where it is not to be read. */
NRS_MUST_USE nrs_error nrs_note_show_text(nrs_row *row, const json_t *note, bool read);

/* ---- published.c: at a hub, what it published of which report of a source ---- */

/** In memory alone: on the disk only the notes join the two, and these open with their report's key. Borrowed until the next call
 *  that changes it. */
typedef struct nrs_published {
    uint8_t id[NRS_HASH_SIZE];     /* as it was published */
    uint8_t source[NRS_HASH_SIZE]; /* the source's report */
    UT_hash_handle by_id;
} nrs_published;
NRS_MUST_USE nrs_error nrs_published_load(nrs_core *core);
void nrs_published_wipe(nrs_core *core);
NRS_MUST_USE nrs_error nrs_published_add(nrs_core *core, const uint8_t id[NRS_HASH_SIZE], const uint8_t source[NRS_HASH_SIZE]);
/** Part what was published of this report from it for good. */
void nrs_published_part(nrs_core *core, const uint8_t source[NRS_HASH_SIZE]);
/** NULL: not published here, or parted. */
const nrs_published *nrs_published_of(const nrs_core *core, const uint8_t id[NRS_HASH_SIZE]);

/* ---- source.c: a source's report at its hub, which may still be spoken of to it ---- */

typedef struct nrs_source_report {
    nrs_report_row row;
    nrs_bytes holder;
    nrs_header_seen seen;
} nrs_source_report;
/** NRS_ERROR_NOT_FOUND: forgotten, expired, or withdrawn. Out: wiped by the caller, also on failure. */
NRS_MUST_USE nrs_error nrs_source_load(nrs_core *core, nrs_source_report *source_out, const uint8_t id[NRS_HASH_SIZE]);
/** The same, also past its expiry: what was published of it lives longer, since the hub counts from its tick, and when the digests about it stop
 *  must not tell when the source wrote. */
NRS_MUST_USE nrs_error nrs_source_load_late(nrs_core *core, nrs_source_report *source_out, const uint8_t id[NRS_HASH_SIZE]);
void nrs_source_wipe(nrs_source_report *source);

/* ---- reply.c, reply_pass.c, reply_fill.c, reply_shown.c: replies to what a hub vouches for ---- */

/** Whether a note is of a reply. */
bool nrs_reply_note(const json_t *note);

/** At a hub, of a report that it has opened: carried to the source, or on the way there. Only fatal errors. */
NRS_MUST_USE nrs_error nrs_reply_take(nrs_core *core, const nrs_sealed_view *view, const nrs_opened *opened);
/** A statement on its way: at a hub that let in others, at the one that vouches. Only fatal errors. */
NRS_MUST_USE nrs_error nrs_reply_pass(nrs_core *core, nrs_peer *from, const nrs_statement *statement);
/** At the source. Only fatal errors. */
NRS_MUST_USE nrs_error nrs_reply_keep(nrs_core *core, nrs_peer *from, const nrs_report_row *row, const nrs_statement *statement);
/** One that waited, as it leaves. Returns NRS_ERROR_NOT_FOUND when it was forgotten with its report. */
NRS_MUST_USE nrs_error nrs_reply_fill(nrs_core *core, nrs_bytes *bytes);
/** The key `replies` of a row. texts: their words too, as far as this node has the duties that their labels demand. */
void nrs_reply_put(nrs_core *core, nrs_row *row, const json_t *notes, const uint8_t community[NRS_HASH_SIZE], bool texts);
/** The key `carried` of a row, at a hub. */
NRS_MUST_USE nrs_error nrs_reply_describe(nrs_core *core, nrs_row *row, const nrs_report_row *report, const nrs_report *text);

/* ---- ask_source.c: asks for wider sharing, through the hub ---- */

/** At a hub: put an ask about what it vouches for before the source, with the next tick. */
NRS_MUST_USE nrs_error nrs_ask_source(nrs_core *core, const nrs_report_row *published, const struct nrs_ask_row *ask);
/** An ask that waited, as it leaves. Returns NRS_ERROR_NOT_FOUND when it is gone. */
NRS_MUST_USE nrs_error nrs_ask_fill(nrs_core *core, nrs_bytes *bytes);
/** The source's answer: the hub gives one of its own to who asked, at the tick. Out: taken_out: false where it is of no withheld report.
 *  Only fatal errors. */
NRS_MUST_USE nrs_error nrs_source_answer_take(nrs_core *core, bool *taken_out, nrs_peer *from, const nrs_statement *statement);

/* ---- take_back.c ---- */

/** At a hub: the source has withdrawn a report. What was published of it is withdrawn with the next tick. Out: answered_out: whether the
 *  source's receipt leaves with it, instead of waiting. Only fatal errors. */
NRS_MUST_USE nrs_error nrs_take_back(nrs_core *core, bool *answered_out, const nrs_withdrawal_view *view);
/** The same of a source's report that was closed for the text that it passes on. Out: at_tick_out: something leaves with the tick. */
NRS_MUST_USE nrs_error nrs_take_back_of(nrs_core *core, bool *at_tick_out, const uint8_t source[NRS_HASH_SIZE]);
/** At the tick, of what has left before, or was withdrawn before it could leave. position: of the sealed report in our log. Out: done_out:
 *  false where it is to be published. Only fatal errors. */
NRS_MUST_USE nrs_error nrs_take_back_due(nrs_core *core, bool *done_out, const uint8_t sealed_id[NRS_HASH_SIZE], uint64_t position);

/* ---- publish.c, digest.c: the tick ---- */

NRS_MUST_USE nrs_error nrs_withheld_load(nrs_core *core);
/** Let go what is due. With each tick; cheap when nothing is. Only fatal errors. */
NRS_MUST_USE nrs_error nrs_withheld_tick(nrs_core *core);
/** The next tick after now. */
uint64_t nrs_withheld_next_tick(const nrs_core *core);
/** How long something lives in the hub's name: as long as the source gave it, but only so finely that no time of the source's can be read from
 *  it. 0: less than a minute. */
uint64_t nrs_withheld_life(uint64_t life_ms);
/** A sealed report in the log leaves at that time. */
NRS_MUST_USE nrs_error nrs_publish_at(nrs_core *core, uint64_t position, uint64_t due_ms);
/** Send a statement to a report's originator: at once, but to a source that is withheld in the next digest that leaves. */
NRS_MUST_USE nrs_error nrs_statement_to_originator(nrs_core *core, const nrs_header *header, const nrs_statement *statement);
/** One for a reader of a community; due_ms 0: it waits for something else to leave. */
NRS_MUST_USE nrs_error nrs_digest_hold_for(nrs_core *core, const nrs_digest_row *to, const nrs_statement *statement);
/** How something is held for the source of a report. Borrowed from the header. */
nrs_digest_row nrs_digest_to_source(const nrs_header *header, uint64_t due_ms);
/** One of whose words only the number stands in the store while it waits, as its detail. size: of the detail in its place when it leaves, so that it takes
 *  as much room in a digest, said or not. */
NRS_MUST_USE nrs_error nrs_digest_hold_number(nrs_core *core, const nrs_digest_row *to, const nrs_statement *statement, uint64_t number, size_t size);
uint64_t nrs_digest_number(const nrs_statement *statement);
/** A statement that makes a digest leave at that time. */
NRS_MUST_USE nrs_error nrs_digest_hold(nrs_core *core, const nrs_header *header, const nrs_statement *statement, uint64_t due_ms);
/** Do what this hub has put off to its tick itself. Only fatal errors. */
NRS_MUST_USE nrs_error nrs_digest_take_own(nrs_core *core, const nrs_community *community);
/** The next tick, or an hour after the last time; 0: there was none. */
uint64_t nrs_withheld_spaced(const nrs_core *core, uint64_t last_ms);
/** Send the next digest of a community to each member, if one is due: they are of one size, and as many to each. Out: left_out: set where further ones of
 *  this tick are left. Only fatal errors. */
NRS_MUST_USE nrs_error nrs_digest_send(nrs_core *core, const nrs_community *community, bool *left_out);

/* ---- question.c ---- */

/** At a hub: ask the source of a report that it withholds. Refuses. */
NRS_MUST_USE nrs_error nrs_question_ask(nrs_core *core, nrs_answer *answer, const json_t *request, const nrs_report_row *report, const nrs_header *header);
/** A statement that waited, as it leaves. Returns NRS_ERROR_NOT_FOUND when the question was forgotten with its report. */
NRS_MUST_USE nrs_error nrs_question_fill(nrs_core *core, nrs_bytes *bytes);
/** At the source. Only fatal errors. */
NRS_MUST_USE nrs_error nrs_question_take(nrs_core *core, nrs_peer *from, const nrs_report_row *row, const nrs_statement *statement);
/** How many of them no report has answered that follows this one; at the source, or at the hub. */
NRS_MUST_USE nrs_error nrs_questions_open(nrs_core *core, uint64_t *count_out, const nrs_report_row *row);
/** The same of all that this node sent as a source. */
NRS_MUST_USE nrs_error nrs_questions_waiting(nrs_core *core, uint64_t *count_out);
/** The key `questions` of a row. texts: their words too. */
void nrs_question_put(nrs_row *row, const json_t *notes, bool texts);

/* ---- direct.c: a source's word to its hub ---- */

/** Send a statement about a withheld report to a hub that it was given to. */
NRS_MUST_USE nrs_error nrs_direct_queue(nrs_core *core, const uint8_t to[NRS_KEY_SIZE], const nrs_header *header, const nrs_statement *statement);
/** Let go what waits in a community and whose reader can be sealed to. Only fatal errors. */
NRS_MUST_USE nrs_error nrs_direct_send(nrs_core *core, nrs_community *community);
void nrs_direct_route(nrs_core *core, nrs_relay_item *item, const nrs_log_entry *entry, const nrs_peer *peer);

#endif
