/* Replies to what a hub vouches for (SPEC 6.11): between reply.c, which carries them to the source, and reply_pass.c, by which they come from
 * other communities and arrive. */
#ifndef CORE_WITHHELD_REPLY_H
#define CORE_WITHHELD_REPLY_H

#include "rules/edges.h"
#include "withheld/withheld.h"

#define NRS_REPLY_TEXT_SIZE_MAX (8u * NRS_QUESTION_SIZE_MAX) /* of one reply, which goes in pieces */

#define NRS_REPLY_TERMS_SIZE 4u /* before the duties in the detail: label, permissible actions, flags, and how many duties are named */

/** What is carried. Borrowed. */
typedef struct nrs_carried {
    nrs_label label;
    nrs_conditions conditions;
    nrs_duty_list duties; /* that it demands of who reads it */
    const uint8_t *whose; /* signing key */
    const char *person;
    nrs_slice text;
    const uint8_t *id; /* of the report that it stands in; of a statement: of what it is about */
    const uint8_t *to; /* what it answers, as all know it */
    bool blank;        /* only its size goes to the source */
} nrs_carried;

/** Keep a piece beside the report: at the hub until it leaves at_ms, at the source for good. */
NRS_MUST_USE nrs_error nrs_reply_keep_note(nrs_core *core, const nrs_report_row *row, const nrs_carried *it, nrs_slice piece, uint64_t at_ms);

typedef struct nrs_reply_tally {
    uint64_t all;     /* pieces so far */
    uint64_t of_part; /* of them about the same published report */
    uint64_t of_one;  /* of these whose */
    uint64_t last_ms; /* when the newest of those leaves */
} nrs_reply_tally;
NRS_MUST_USE nrs_error nrs_reply_count(nrs_core *core, nrs_reply_tally *tally_out, const nrs_report_row *row, const nrs_carried *it);

/** As much from there on as one statement of `size_max` bytes holds, whole characters of it. */
nrs_slice nrs_reply_piece(nrs_slice text, size_t at, size_t size_max);
/** What the names of duties take of a statement. */
size_t nrs_reply_duties_size(const nrs_duty_list *duties);

/** Whether the terms of a reply let its text go to the source (header: label, community, attribution, duty and disclaimers are looked at). */
NRS_MUST_USE nrs_error nrs_reply_terms(nrs_core *core, const nrs_source_report *source, const nrs_header *header, uint32_t kind);
/** What a reply demands of its reader by its header, and by the rules of its community and the source's. Borrowed from the header and the rosters. */
void nrs_reply_duties(nrs_core *core, nrs_duty_list *duties_out, const nrs_source_report *source, const nrs_header *header, uint32_t kind);
/** At the hub: what the source may not have goes blank, in pieces, with the next ticks. NRS_ERROR_LIMIT: there were too many. */
NRS_MUST_USE nrs_error nrs_reply_carry(nrs_core *core, const nrs_source_report *source, const nrs_carried *it);

/** To who let this node in, on behalf of one that it let in itself. */
NRS_MUST_USE nrs_error nrs_reply_pass_on(nrs_core *core, const nrs_report_row *answered, const nrs_sealed_view *view, const nrs_report *report,
                                         const nrs_carried *it);

#endif
