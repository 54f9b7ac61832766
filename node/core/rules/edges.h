/* What the rules ask for beside the label (SPEC 5.3): the disclaimers that a header names, and what was decided about them
 * here. The rules themselves stand in policy_place.c. */
#ifndef CORE_EDGES_H
#define CORE_EDGES_H

#include "command/command.h"

/** The rosters under which a report is seen: the newest held, and the one that its header names where that is another and
 *  held as well. nrs_rules_seen_wipe. */
typedef struct nrs_rules_seen {
    const nrs_roster *newest; /* borrowed for the step; NULL where the community is not held */
    nrs_roster *older;        /* owned; NULL: it is the newest, or not held */
    bool named;               /* the version that the header names is one of the two */
} nrs_rules_seen;
NRS_MUST_USE nrs_error nrs_rules_seen_load(nrs_core *core, nrs_rules_seen *seen_out, const nrs_header *header);
void nrs_rules_seen_wipe(nrs_rules_seen *seen);
/** The disclaimer with this hash; NULL if neither roster has it. Borrowed. */
NRS_MUST_USE nrs_error nrs_rules_seen_disclaimer(const nrs_rules_seen *seen, const Nrs__Wire__Disclaimer **disclaimer_out, nrs_slice hash);

/** The header of a report row: from the log, or from its notice while the report itself has not come. */
typedef struct nrs_header_seen {
    const nrs_header *header; /* borrowed from one of these */
    nrs_sealed_view *view;
    nrs_header *announced;
} nrs_header_seen;
/** NRS_ERROR_NOT_FOUND when its bytes are dropped. Out: nrs_header_seen_wipe. */
NRS_MUST_USE nrs_error nrs_header_seen_load(nrs_core *core, nrs_header_seen *seen_out, const nrs_report_row *row);
void nrs_header_seen_wipe(nrs_header_seen *seen);

/** What a header names against what the rules demand: NONE, MISSING, UNKNOWN, TWO_VERSIONS; WAITING when all of it is in
 *  order and somebody has to accept. kind 0: sealed from this node. */
NRS_MUST_USE nrs_error nrs_disclaimers_named(nrs_core *core, nrs_disclaimer_state *state_out, const nrs_header *header, nrs_edge_place place, uint32_t kind);
/** The same as a verdict for records, without a person to tell. */
NRS_MUST_USE nrs_error nrs_disclaimers_check(nrs_core *core, const nrs_header *header, nrs_edge_place place, uint32_t kind);
/** What was decided here: WAITING, ACCEPTED or DECLINED. statement_out: id of the acceptance, or NULL. */
NRS_MUST_USE nrs_error nrs_disclaimers_decided(nrs_core *core, nrs_disclaimer_state *state_out, uint8_t *statement_out, uint64_t report, const char *address);
/** Whose decision counts: "org", or "person@org" under RED. address_out holds NRS_ADDRESS_SIZE_MAX + 1. */
void nrs_reader_address(const nrs_core *core, char *address_out, const nrs_report_row *row, const char *person);
/** Whether a received report's body may be shown, quoted or exported here. Refuses. */
NRS_MUST_USE nrs_error nrs_edge_reading(nrs_core *core, nrs_answer *answer, const nrs_report_row *row, const nrs_header *header, nrs_edge_place place,
                                        const char *person);
/** Whether the duties that a header and the rules demand for label and kind are in force for this node. Refuses. */
NRS_MUST_USE nrs_error nrs_edge_duty(nrs_core *core, nrs_answer *answer, const nrs_report_row *row, const nrs_header *header, nrs_edge_place place);
/** The conditions of a header. */
nrs_conditions nrs_header_conditions(const nrs_header *header);
/** Set `conditions` of a row: null where there are none. */
void nrs_conditions_put(nrs_row *row, nrs_conditions held);
/** Set `disclaimers`, `acceptance` and `conditions` of a row. */
NRS_MUST_USE nrs_error nrs_edge_describe(nrs_core *core, nrs_row *row, const nrs_report_row *report, const nrs_header *header, const char *person);
/** The answer to who may not read yet: a row with the header and the disclaimers, without the body, beside the refusal.
 *  Returns `refused`, or why it could not be answered. */
NRS_MUST_USE nrs_error nrs_edge_answer_closed(nrs_core *core, nrs_answer *answer, const nrs_report_row *report, const nrs_header *header,
                                              const char *person, nrs_error refused);

/* duty.c */
/** The duties that a received report demands of this node, let in or not: the part of nrs_edge_reading that closes the subject too. Refuses. */
NRS_MUST_USE nrs_error nrs_edge_reader_duty(nrs_core *core, nrs_answer *answer, const nrs_report_row *row, const nrs_header *header, nrs_edge_place place);
/** Whether subject and kind of a report that opens here may be listed: not without the duties that are demanded, as they stand now (SPEC 5.2).
 *  report: what its annex says. */
NRS_MUST_USE nrs_error nrs_edge_listed(nrs_core *core, bool *may_out, const nrs_report_row *row, const nrs_report *report);

/** What is asked about the duties of whoever is to read. All borrowed. */
typedef struct nrs_duty_question {
    const nrs_roster *roster;
    nrs_edge_place place;
    nrs_label label;
    uint32_t kind;      /* 0: sealed from this node */
    const char *named;  /* by the header, or "" */
    uint64_t now_ms;
} nrs_duty_question;
/** The state of the first demanded duty that is not in force, or HELD. member: NULL for none. Out: name_out: the duty's name,
 *  borrowed; NULL when none is demanded. */
nrs_duty_state nrs_duty_state_of(const nrs_duty_question *question, const Nrs__Wire__Member *member, const char **name_out);

#define NRS_DUTY_LIST_COUNT_MAX (2u * NRS_DUTY_COUNT_MAX + 1u) /* of the rules of two communities, and one that a header names */
/** Names of duties, each once. Borrowed. */
typedef struct nrs_duty_list {
    const char *names[NRS_DUTY_LIST_COUNT_MAX];
    size_t count;
} nrs_duty_list;
/** All that are demanded, behind those that are there: of two communities at most. */
void nrs_duty_list_add(nrs_duty_list *list, const nrs_duty_question *question);
/** The same as a verdict for an organisation of the header's community: NRS_OK or NRS_ERROR_DUTY. */
NRS_MUST_USE nrs_error nrs_duty_check(const nrs_core *core, const nrs_header *header, nrs_edge_place place, uint32_t kind, const char *org);

/* accept.c */
/** A receipt `accepted` or `declined` of a recipient. whose: its signing key; bytes: the statement's, verbatim. Out: named_out: not for other texts than
 *  the report names. Only fatal errors. */
NRS_MUST_USE nrs_error nrs_decision_take(nrs_core *core, bool *named_out, nrs_peer *from, const nrs_report_row *report, const uint8_t whose[NRS_KEY_SIZE],
                                         const nrs_statement *statement, nrs_slice bytes);

/* notice.c: reports whose key comes with the acceptance only */
/** Tell each recipient of such a report of it; the report is in the log. */
NRS_MUST_USE nrs_error nrs_notice_queue(nrs_core *core, const nrs_sealed_view *view, const uint8_t to[NRS_KEY_SIZE]);
/** A notice from an originator. Only fatal errors. */
NRS_MUST_USE nrs_error nrs_notice_take(nrs_core *core, nrs_peer *from, const nrs_statement *statement);
/** Whether a later grant unlocks what was accepted here. NRS_ERROR_DISCLAIMER if it does not. */
NRS_MUST_USE nrs_error nrs_unlock_check(nrs_core *core, const nrs_sealed_view *view, const nrs_grant *grant);
/** Whether a reference is the id of this node's own acceptance of a report, under its key of now or the one before. */
NRS_MUST_USE nrs_error nrs_acceptance_ours(nrs_core *core, bool *ours_out, const nrs_report_row *report, nrs_slice reference);

#endif
