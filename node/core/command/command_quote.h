/* The report that a reply quotes: what the answer takes from it, and whom it may reach. */
#ifndef CORE_COMMAND_QUOTE_H
#define CORE_COMMAND_QUOTE_H

#include "command/command_draft.h"
#include "rules/audience.h"
#include "rules/edges.h"

/** Owned; nrs_quoted_wipe. A zeroed one is empty. */
typedef struct nrs_quoted {
    nrs_bytes holder;
    nrs_report_row row;
    nrs_conditions conditions; /* its header's, or those of the release by which this node has it */
    nrs_header_seen seen;
    nrs_sealed_view *view; /* NULL: RED, which this node does not open */
    nrs_opened opened;
    char number[17]; /* the beginning of its id: all that an answer says of its text to whom that is not open */
    char originator[NRS_ADDRESS_SIZE_MAX + 1];
    char community[NRS_NAME_SIZE_MAX + 2]; /* "@electricity", or "@" when it is not known */
    /* Of one from another community: who let this node in, and the community shared with it; else the same as above. */
    char way[NRS_ADDRESS_SIZE_MAX + 1], shared[NRS_NAME_SIZE_MAX + 2];
    uint8_t let_in_by[NRS_KEY_SIZE]; /* zeros: nobody */
    char writer[NRS_ADDRESS_SIZE_MAX + 1];
    const char *to[NRS_TARGET_COUNT_MAX];
    nrs_draft_defaults defaults;
    bool withdrawn; /* or it holds the text of what was */
    bool passed_on; /* by a forward */
    /* Of a report of this node's own: those that others sent and whose text it passes on, as far as they are held; calloc. Theirs are empty. */
    struct nrs_quoted *sources;
    size_t source_count;
    bool on_screen;   /* it does not leave: of the sources their annex will do, and no audience is opened */
    bool source_gone; /* it passes on what is not held any more: its own terms hold as another's would */
    nrs_inherited inherited[1 + NRS_PASSED_ON_COUNT_MAX]; /* what it and they demand of whoever is to read; borrowed from the above */
    size_t inherited_count;
    /* Of a report that passes its text on: its id, and those of which it holds the text itself; ascending, borrowed from the above. */
    ProtobufCBinaryData passes_on[NRS_PASSED_ON_COUNT_MAX];
    size_t passes_on_count;
} nrs_quoted;
void nrs_quoted_wipe(nrs_quoted *quoted);

/** Open what the request's `id` names; place: QUOTE for an answer, EXPORT for what passes its text on. Refuses. Out: quoted_out, which was zeroed; wiped by the caller also on failure. */
NRS_MUST_USE nrs_error nrs_quoted_open(nrs_core *core, nrs_answer *answer, nrs_quoted *quoted_out, const json_t *request, nrs_edge_place place);
/** NRS_ERROR_BUSY for what this hub vouches for and has not published yet. Refuses. */
NRS_MUST_USE nrs_error nrs_quoted_published(const nrs_core *core, nrs_answer *answer, const nrs_report_row *row);
/** Whether this node is the source of all that the quoted report says, and decides how far that goes. Of what it vouches for another is, and of
 *  the text that it passes on who sent that. */
bool nrs_quoted_own(const nrs_core *core, const nrs_quoted *quoted);
/** Whose terms hold for what quotes it (SPEC 5.7): its own where another sent it, and of a report of this node's own its sources'. index: from 0
 *  on; NULL behind the last. Borrowed. */
const nrs_quoted *nrs_quoted_bound(const nrs_core *core, const nrs_quoted *quoted, size_t index);
/** Set the names of an opened one: its originator's, writer's and community's, and who let this node in. */
NRS_MUST_USE nrs_error nrs_quoted_name(nrs_core *core, nrs_quoted *quoted);
/** Whether this node has sent a report in its own name: not what it vouches for. */
bool nrs_sent_here(const nrs_core *core, const nrs_report_row *row);
/** Whether the quoted report was addressed to this organisation by name, or came from it. */
bool nrs_quoted_names(const nrs_core *core, const nrs_quoted *quoted, const uint8_t sign_key[NRS_KEY_SIZE]);
/** The reach of `defaults`, whose context is the quoted report: nrs_quoted_addresses or nrs_forward_reach. */
NRS_MUST_USE nrs_error nrs_quoted_reach(void *context, nrs_core *core, nrs_answer *answer, const nrs_draft *draft);
/** Whom its label lets an answer reach, of those addressed in the answer's community. Of a RED report only its readers know the audience: they
 *  check. Refuses with LABEL_FORBIDS. */
NRS_MUST_USE nrs_error nrs_quoted_addresses(const nrs_core *core, nrs_answer *answer, const nrs_quoted *quoted, const nrs_community *community, const nrs_draft *draft);
/** The same for a report that passes the text on, which does not leave the community either. */
NRS_MUST_USE nrs_error nrs_forward_reach(const nrs_core *core, nrs_answer *answer, const nrs_quoted *quoted, const nrs_community *community, const nrs_draft *draft);
/** The same of one that a person's process has sealed. */
NRS_MUST_USE nrs_error nrs_forward_sealed(const nrs_core *core, nrs_answer *answer, const nrs_quoted *quoted, const nrs_delivery *delivery);
/** Whether the node can tell whom the answer would reach: a dry run opens no TLP:RED, and is refused. The question about the label is not. */
NRS_MUST_USE nrs_error nrs_quoted_tells(nrs_answer *answer, const nrs_quoted *quoted, const json_t *request);
/** Whether the answer may reach the hubs that are to publish it. Refuses likewise. */
NRS_MUST_USE nrs_error nrs_quoted_check(const nrs_core *core, nrs_answer *answer, const nrs_quoted *quoted, const nrs_delivery *delivery);
/** Whether its source lets a member of the delivery's community hear of it who is no reader of the quoted report as yet. */
bool nrs_quoted_covers(const nrs_core *core, const nrs_quoted *quoted, const nrs_delivery *delivery, const nrs_addressee *one);
/** Of the communities that the consent names, leave those that all of them list as well whose terms hold. */
void nrs_quoted_keep_listed(const nrs_core *core, const nrs_quoted *quoted, nrs_delivery *delivery);
/** Whether all of the delivery may know what the quoted report says: as far as a forward of it may go, and not where a key is granted for an
 *  acceptance, or it was withdrawn. */
bool nrs_quoted_known(const nrs_core *core, const nrs_quoted *quoted, const nrs_delivery *delivery);
/** What the quoted report lays down for an answer: no wider consent, and no subject of it for whom it is not open. Refuses
 *  with CONDITIONS. */
NRS_MUST_USE nrs_error nrs_reply_complete(const nrs_core *core, nrs_answer *answer, nrs_draft *draft, const nrs_quoted *quoted, nrs_delivery *delivery);
/** The consent of an answer or a forward is not wider than the quoted one's. Refuses with CONDITIONS. */
NRS_MUST_USE nrs_error nrs_quoted_consent(const nrs_core *core, nrs_answer *answer, const nrs_quoted *quoted, uint32_t onward);
/** The same for a report that passes the text on: whom only the source lets hear of it, and its consent names no other communities than the quoted
 *  one's: these are taken out of the delivery. Refuses with ONWARD. */
NRS_MUST_USE nrs_error nrs_forward_check(nrs_core *core, nrs_answer *answer, const nrs_quoted *quoted, nrs_delivery *delivery);
/** What the quoted report lays down for such a report, put on its draft: terms that are not looser, and its text as quoted. Out:
 *  text_out: the body, which the draft then borrows; quoted: its `passes_on`. Refuses. */
NRS_MUST_USE nrs_error nrs_forward_complete(nrs_core *core, nrs_answer *answer, nrs_bytes *text_out, nrs_draft *draft, nrs_quoted *quoted);

/* ---- command_passed_on.c: what others sent and a report of this node's own passes on ---- */

/** Load the sources of a quoted report from the ids of those whose text it holds, and ask of each what is asked of a reader. Only for one of this
 *  node's own; of another's none are. Refuses. */
NRS_MUST_USE nrs_error nrs_quoted_sources(nrs_core *core, nrs_answer *answer, nrs_quoted *quoted, const ProtobufCBinaryData *ids, size_t count,
                                          nrs_edge_place place, const char *person);
/** The same of a report that is shown or exported: also whether the sources' conditions let it leave by that sink. header: its own. sink: SCREEN
 *  where it does not leave. Refuses. */
NRS_MUST_USE nrs_error nrs_passed_on_reading(nrs_core *core, nrs_answer *answer, const nrs_report_row *row, const nrs_header *header,
                                             const ProtobufCBinaryData *ids, size_t count, nrs_edge_place place, const char *person, nrs_sink sink);
/** Refuse to release what passes a text on (SPEC 6.12): NOT_ORIGINATOR, naming the report whose originator can. */
NRS_MUST_USE nrs_error nrs_passed_on_refuse_release(nrs_core *core, nrs_answer *answer, const nrs_report_row *row);

#endif
