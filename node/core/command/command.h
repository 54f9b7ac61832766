/* What the commands of the control socket share (node/CONTROL.md). A handler reads a request whose fields have been checked
 * for their types, and either fills the answer's rows or refuses; command.c replies. A handler that refuses has written
 * nothing. */
#ifndef CORE_COMMAND_H
#define CORE_COMMAND_H

#include "internal.h"

#define NRS_MESSAGE_SIZE_MAX 480u

typedef struct nrs_answer {
    json_t *rows;                             /* array of row objects; owned by whoever owns the answer */
    bool refused;
    char message[NRS_MESSAGE_SIZE_MAX + 1];   /* English, with the given values; empty: the rule's own sentence */
    const char *hint;                         /* static, a msgid; or NULL */
    const char *user;                         /* the system user who asks; borrowed for the command; or NULL */
    bool rows_beside;                         /* the rows are answered although the command is refused */
    bool has_about;                           /* for the audit log: what the command is about */
    uint8_t about[NRS_HASH_SIZE];
    char detail[NRS_AUDIT_DETAIL_SIZE_MAX + 1]; /* words of the program: label, sink */
} nrs_answer;

/** Say why a command is refused; what names the given value, which rule it broke. Returns error, for `return nrs_refuse(…)`. */
NRS_MUST_USE nrs_error nrs_refuse(nrs_answer *answer, nrs_error error, const char *hint, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

typedef nrs_error (*nrs_command_handler)(nrs_core *core, nrs_answer *answer, const json_t *request);

/* ---- A request's fields; an absent one reads NULL, false or the fallback ---- */
const char *nrs_request_text(const json_t *request, const char *name);
bool nrs_request_flag(const json_t *request, const char *name);
uint64_t nrs_request_number(const json_t *request, const char *name, uint64_t fallback);
/** Base64 into bytes; refuses with MALFORMED. */
NRS_MUST_USE nrs_error nrs_request_bytes(nrs_answer *answer, nrs_bytes *bytes_out, const json_t *request, const char *name);
/** Whole ids, ascending; stays where it is: `fields` borrow from `ids`. */
typedef struct nrs_passed_on {
    uint8_t ids[NRS_PASSED_ON_COUNT_MAX][NRS_HASH_SIZE];
    ProtobufCBinaryData fields[NRS_PASSED_ON_COUNT_MAX];
    size_t count;
} nrs_passed_on;
/** `passes_on` of a request: what the person's process says of the text that it has sealed or opened; none without it. Refuses. */
NRS_MUST_USE nrs_error nrs_request_passed_on(nrs_answer *answer, nrs_passed_on *list_out, const json_t *request);
/** The reason that a request gives; hint: what is said where it gives none, NULL: it may, and is then "". Refuses. Borrowed from the request. */
NRS_MUST_USE nrs_error nrs_request_reason(nrs_answer *answer, const char **reason_out, const json_t *request, const char *hint);

/* ---- Rows ---- */

/** A JSON object in the making. What could not be added is remembered, and nrs_row_end answers it. */
typedef struct nrs_row {
    json_t *object;
    nrs_bytes text; /* instead of the object: its text as far as it is written */
    bool written;
    bool failed;
    bool brief; /* what is null, false, 0 or empty is left out */
} nrs_row;
nrs_row nrs_row_begin(void);
/** Likewise, but each value is written out as it comes, and nrs_row_end appends the row as a JSON string that holds its text: long
 *  lists are then not built, walked and freed value by value. Names are written as they are, each once. */
nrs_row nrs_row_begin_written(void);
void nrs_row_json(nrs_row *row, const char *name, json_t *value); /* takes the value over; NULL is a failure */
void nrs_row_text(nrs_row *row, const char *name, const char *text); /* NULL becomes null */
void nrs_row_flag(nrs_row *row, const char *name, bool value);
void nrs_row_number(nrs_row *row, const char *name, uint64_t value);
void nrs_row_time(nrs_row *row, const char *name, uint64_t time_ms);
/** The same; null for 0: never, or not known. */
void nrs_row_time_or_null(nrs_row *row, const char *name, uint64_t time_ms);
void nrs_row_hex(nrs_row *row, const char *name, const uint8_t *data, size_t size);
void nrs_row_base64(nrs_row *row, const char *name, nrs_slice data);
void nrs_row_discard(nrs_row *row);
/** Append the row to an array, which may be NULL for a failure. The row is used up in either case. */
NRS_MUST_USE nrs_error nrs_row_end(nrs_row *row, json_t *rows);
/** A text appended to an array. */
NRS_MUST_USE nrs_error nrs_array_text(json_t *array, const char *text);

/* ---- What several commands need ---- */

/** The received or sent report that `text` (an id or a unique prefix) names; forgotten ones are not found. Refuses. */
NRS_MUST_USE nrs_error nrs_command_report(nrs_core *core, nrs_answer *answer, nrs_report_row *row_out, nrs_bytes *holder, const char *text);
/** The same, and also one of this node's own that it has forgotten. */
NRS_MUST_USE nrs_error nrs_command_report_sent(nrs_core *core, nrs_answer *answer, nrs_report_row *row_out, nrs_bytes *holder, const char *text);
/** The entry of a person of this organisation; NULL if there is none. Borrowed from the card. */
const Nrs__Wire__PersonEntry *nrs_own_person(const nrs_core *core, const char *person_id);
/** Likewise, and refuses with UNKNOWN_PERSON. */
NRS_MUST_USE nrs_error nrs_command_person(nrs_core *core, nrs_answer *answer, const Nrs__Wire__PersonEntry **person_out, const char *person_id);
/** The organisation that a signing key stands for, also when it has left; text_out holds NRS_ADDRESS_SIZE_MAX + 1. */
void nrs_command_org(nrs_core *core, char *text_out, const uint8_t community[NRS_HASH_SIZE], const uint8_t sign_key[NRS_KEY_SIZE]);
/** What a line of a list on the screen shows. */
NRS_MUST_USE nrs_error nrs_command_describe_line(nrs_core *core, nrs_row *row, const nrs_report_row *report, const nrs_opened *opened);
/** The keys of a row of `list`; opened: the body, or NULL where this node may not open it. words: of questions and replies, which `show` alone gives. */
NRS_MUST_USE nrs_error nrs_command_describe(nrs_core *core, nrs_row *row, const nrs_report_row *report, const nrs_opened *opened, bool words);
/** Set what about it waits for an answer: `asks_to_answer` and `questions_to_answer` here, `asks_open` and `questions_open` elsewhere. */
NRS_MUST_USE nrs_error nrs_command_describe_pending(nrs_core *core, nrs_row *row, const nrs_report_row *report);
/** Set `let_in` (who was let in beside the addressed, by whom) and `let_in_by` (how this node was; null: by the originator). */
NRS_MUST_USE nrs_error nrs_command_describe_let_in(nrs_core *core, nrs_row *row, const nrs_report_row *report);
/** Set `let_in_by`, `authority` and where it is another, `community` of one recipient.
 *  In-out: since_ms: since when the report was meant for it; becomes the time at which it was let in, if it was. */
NRS_MUST_USE nrs_error nrs_command_put_way(nrs_core *core, nrs_row *row, uint64_t *since_ms, uint64_t report, const char *address);
/** Set `onward`: the words of a header's consent. */
void nrs_command_put_onward(nrs_row *row, uint32_t onward);
/** The person of this node that a kept slot was made for; NULL if it is not known any more. slot_path: a SLOT_PATH record. */
const Nrs__Wire__PersonEntry *nrs_slot_person(nrs_core *core, uint8_t prekey_id_out[NRS_PREKEY_ID_SIZE], nrs_slice slot_path);
/** Whether a slot of the report was made for this person of the node. */
NRS_MUST_USE nrs_error nrs_person_has_slot(nrs_core *core, bool *has_out, const uint8_t report[NRS_HASH_SIZE], const Nrs__Wire__PersonEntry *person);
/** Nothing may fail once a command has begun to write: what does fails the step as a whole, which rolls everything back. */
nrs_error nrs_command_written(nrs_core *core, nrs_error error);

/** The warnings of `status`, a list of texts. */
NRS_MUST_USE nrs_error nrs_command_put_warnings(nrs_core *core, nrs_row *row);
/** A sentence when this clock is far from those of most peers: status, and sending what they would refuse. */
NRS_MUST_USE nrs_error nrs_warn_clock(nrs_core *core, json_t *warnings);

/** Recipients of RED as a person's process needs them: keys, prekey and the node's half of the agreement; and what it verifies these by
 *  (SPEC 6.7): each one's signed bundle, and once for each organisation its signed card. Owned; nrs_red_list_wipe. */
typedef struct nrs_red_list {
    json_t *recipients, *cards;
    nrs_identity *grantor; /* borrowed */
} nrs_red_list;
/** grantor: whose half of the agreements is lent: the report's originator, which may be a former key of this node (SPEC 7.10). */
NRS_MUST_USE nrs_error nrs_red_list_begin(nrs_red_list *list_out, nrs_identity *grantor);
void nrs_red_list_wipe(nrs_red_list *list);
/** One more. A card or bundle whose bytes are not here any more is left out: the person's process then seals nothing to it. */
NRS_MUST_USE nrs_error nrs_red_put_recipient(nrs_core *core, const nrs_red_list *list, const char *address, const nrs_recipient *keys);
/** `recipients` and `cards` of an answer. Takes what they hold over. */
void nrs_red_list_row(nrs_row *row, nrs_red_list *list);

/* ---- Handlers ---- */
NRS_MUST_USE nrs_error nrs_command_send(nrs_core *core, nrs_answer *answer, const json_t *request);
NRS_MUST_USE nrs_error nrs_command_reply(nrs_core *core, nrs_answer *answer, const json_t *request);
NRS_MUST_USE nrs_error nrs_command_forward(nrs_core *core, nrs_answer *answer, const json_t *request);
NRS_MUST_USE nrs_error nrs_command_red_prepare(nrs_core *core, nrs_answer *answer, const json_t *request);
NRS_MUST_USE nrs_error nrs_command_red_submit(nrs_core *core, nrs_answer *answer, const json_t *request);
NRS_MUST_USE nrs_error nrs_command_red_open(nrs_core *core, nrs_answer *answer, const json_t *request);
NRS_MUST_USE nrs_error nrs_command_red_waiting(nrs_core *core, nrs_answer *answer, const json_t *request);
NRS_MUST_USE nrs_error nrs_command_red_grant(nrs_core *core, nrs_answer *answer, const json_t *request);
NRS_MUST_USE nrs_error nrs_command_red_opened(nrs_core *core, nrs_answer *answer, const json_t *request);
NRS_MUST_USE nrs_error nrs_command_list(nrs_core *core, nrs_answer *answer, const json_t *request);
NRS_MUST_USE nrs_error nrs_command_show(nrs_core *core, nrs_answer *answer, const json_t *request);
NRS_MUST_USE nrs_error nrs_command_release_ask(nrs_core *core, nrs_answer *answer, const json_t *request);
NRS_MUST_USE nrs_error nrs_command_release_list(nrs_core *core, nrs_answer *answer, const json_t *request);
NRS_MUST_USE nrs_error nrs_command_release_grant(nrs_core *core, nrs_answer *answer, const json_t *request);
NRS_MUST_USE nrs_error nrs_command_release_deny(nrs_core *core, nrs_answer *answer, const json_t *request);
NRS_MUST_USE nrs_error nrs_command_export(nrs_core *core, nrs_answer *answer, const json_t *request);
NRS_MUST_USE nrs_error nrs_command_accept(nrs_core *core, nrs_answer *answer, const json_t *request);
NRS_MUST_USE nrs_error nrs_command_withdraw(nrs_core *core, nrs_answer *answer, const json_t *request);
NRS_MUST_USE nrs_error nrs_command_decline(nrs_core *core, nrs_answer *answer, const json_t *request);
NRS_MUST_USE nrs_error nrs_command_receipts(nrs_core *core, nrs_answer *answer, const json_t *request);
NRS_MUST_USE nrs_error nrs_command_roster_history(nrs_core *core, nrs_answer *answer, const json_t *request);
NRS_MUST_USE nrs_error nrs_command_roster_forks(nrs_core *core, nrs_answer *answer, const json_t *request);
NRS_MUST_USE nrs_error nrs_command_roster_heal(nrs_core *core, nrs_answer *answer, const json_t *request);
NRS_MUST_USE nrs_error nrs_command_roster_signer(nrs_core *core, nrs_answer *answer, const json_t *request);
NRS_MUST_USE nrs_error nrs_command_roster_joined(nrs_core *core, nrs_answer *answer, const json_t *request);
NRS_MUST_USE nrs_error nrs_command_status(nrs_core *core, nrs_answer *answer, const json_t *request);
NRS_MUST_USE nrs_error nrs_command_vouch(nrs_core *core, nrs_answer *answer, const json_t *request);
NRS_MUST_USE nrs_error nrs_command_forget(nrs_core *core, nrs_answer *answer, const json_t *request);
NRS_MUST_USE nrs_error nrs_command_prekeys(nrs_core *core, nrs_answer *answer, const json_t *request);
NRS_MUST_USE nrs_error nrs_command_prekeys_rotate(nrs_core *core, nrs_answer *answer, const json_t *request);
NRS_MUST_USE nrs_error nrs_command_persons(nrs_core *core, nrs_answer *answer, const json_t *request);
NRS_MUST_USE nrs_error nrs_command_audit_checkpoint(nrs_core *core, nrs_answer *answer, const json_t *request);
NRS_MUST_USE nrs_error nrs_command_audit_export(nrs_core *core, nrs_answer *answer, const json_t *request);
NRS_MUST_USE nrs_error nrs_command_audit_signed(nrs_core *core, nrs_answer *answer, const json_t *request);
NRS_MUST_USE nrs_error nrs_command_audit_list(nrs_core *core, nrs_answer *answer, const json_t *request);
NRS_MUST_USE nrs_error nrs_command_person_prekeys(nrs_core *core, nrs_answer *answer, const json_t *request);
NRS_MUST_USE nrs_error nrs_command_refused(nrs_core *core, nrs_answer *answer, const json_t *request);
NRS_MUST_USE nrs_error nrs_command_done(nrs_core *core, nrs_answer *answer, const json_t *request);
NRS_MUST_USE nrs_error nrs_command_person_former(nrs_core *core, nrs_answer *answer, const json_t *request);

#endif
