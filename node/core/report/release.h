/* Permission from the source (SPEC 6.12): asks for wider sharing, the originator's answers, and the grants that stand on a release. */
#ifndef CORE_RELEASE_H
#define CORE_RELEASE_H

#include "command/command.h"

/** An ask from a holder. bytes: the statement's, verbatim, whose hash is its id. Only fatal errors. */
NRS_MUST_USE nrs_error nrs_ask_take(nrs_core *core, nrs_peer *from, const nrs_statement *statement, nrs_slice bytes);
/** The originator's answer to an own ask: a release, which is granted on at once, or a denial. Only fatal errors. */
NRS_MUST_USE nrs_error nrs_release_take(nrs_core *core, nrs_peer *from, const nrs_statement *statement);
NRS_MUST_USE nrs_error nrs_denial_take(nrs_core *core, nrs_peer *from, const nrs_statement *statement);

/** A release over an ask: checked, kept, and granted on; or, where who let us in holds it, kept. Out: label_out: which it gives; may be NULL. */
NRS_MUST_USE nrs_error nrs_release_use(nrs_core *core, uint32_t *label_out, const nrs_report_row *report, const nrs_ask *ask, const nrs_ask_row *row, const nrs_statement *statement);

/** release_grant.c: at the holder, let in whom the ask named and who has no slot yet. only: one that waited for its prekey, or NULL.
 *  Out: granted_out: how many. */
NRS_MUST_USE nrs_error nrs_release_grant(nrs_core *core, size_t *granted_out, const nrs_report_row *report, const nrs_ask *ask, const nrs_release *release,
                                         const uint8_t release_id[NRS_HASH_SIZE], const nrs_peer *only);
/** The same for one that waited, on whichever release lets it in. Only fatal errors. */
NRS_MUST_USE nrs_error nrs_release_grant_late(nrs_core *core, const nrs_report_row *report, const nrs_peer *peer);

/** What an ask says. who: in whose place it is made; NULL: for who makes it. Out: bytes_out: Statement bytes, replaced; statement_out borrows from the
 *  arguments; may be NULL. */
NRS_MUST_USE nrs_error nrs_ask_compose(nrs_bytes *bytes_out, nrs_statement *statement_out, const uint8_t sealed_id[NRS_HASH_SIZE], uint64_t at_ms,
                                       const nrs_ask_row *ask, const uint8_t *who);
/** An ask with its own copies. */
typedef struct nrs_ask_held {
    nrs_bytes holder;
    nrs_ask_row row; /* borrows from holder */
    bool found;
} nrs_ask_held;
void nrs_ask_held_wipe(nrs_ask_held *held);
/** NRS_ERROR_NOT_FOUND. Out: nrs_ask_held_wipe. */
NRS_MUST_USE nrs_error nrs_ask_load(nrs_core *core, nrs_ask_held *held_out, const uint8_t id[NRS_HASH_SIZE]);
/** Whether it was never answered, and its report has expired or was withdrawn. */
NRS_MUST_USE nrs_error nrs_ask_lapsed(nrs_core *core, bool *lapsed_out, const nrs_ask_row *row);
/** NRS_ERROR_LIMIT: this node has asked about a report `most` times, and the asks are open, or agreed to and not over. */
NRS_MUST_USE nrs_error nrs_ask_room(nrs_core *core, const nrs_report_row *report, uint64_t most);
/** The community of those whom an ask names; NULL when it is not held. */
nrs_community *nrs_ask_target(nrs_core *core, const nrs_ask *ask, const uint8_t home[NRS_HASH_SIZE]);

/* ---- ask_through.c: asks that somebody makes in another's place ---- */

typedef struct nrs_ask_note {
    uint8_t id[NRS_HASH_SIZE];  /* of the ask as it was passed on, or as it came */
    uint8_t by[NRS_KEY_SIZE];   /* who asks */
    uint8_t ask[NRS_HASH_SIZE]; /* the ask that it stands for, where that came here */
    bool stands_for;
    uint64_t at_ms;
} nrs_ask_note;
NRS_MUST_USE nrs_error nrs_ask_note_add(nrs_core *core, const nrs_report_row *report, const uint8_t id[NRS_HASH_SIZE], const uint8_t by[NRS_KEY_SIZE],
                                        const uint8_t *stands_for);
/** Whether a note of a report is one of these. */
bool nrs_ask_note_read(nrs_ask_note *note_out, const json_t *note);
NRS_MUST_USE nrs_error nrs_ask_note_find(nrs_core *core, nrs_ask_note *note_out, bool *found_out, const nrs_report_row *report, const uint8_t id[NRS_HASH_SIZE]);
/** Whether this node let in an organisation to a report, from another community. community_out: that one; may be NULL. */
NRS_MUST_USE nrs_error nrs_ask_guest(nrs_core *core, bool *guest_out, uint8_t *community_out, const nrs_report_row *report, const nrs_peer *peer);
/** Ask in this node's own name for what one asks whom it let in. */
NRS_MUST_USE nrs_error nrs_ask_in_own_name(nrs_core *core, const nrs_report_row *report, const nrs_ask_row *ask);
/** What becomes of an ask that has come: it is asked on where this node is not the one to answer. by: for whom it is made; NULL: who sent it. */
NRS_MUST_USE nrs_error nrs_ask_further(nrs_core *core, const nrs_report_row *report, const nrs_ask_row *ask, bool guest, const uint8_t *by);
/** At who was let in: a release was given to who let it in. */
NRS_MUST_USE nrs_error nrs_ask_keep_answer(nrs_core *core, const nrs_ask_row *row, const nrs_release *release, const nrs_statement *statement);
/** What was answered to an own ask that stands for another's is passed on. */
NRS_MUST_USE nrs_error nrs_ask_answer_through(nrs_core *core, const nrs_report_row *report, const uint8_t id[NRS_HASH_SIZE], const nrs_statement *statement);

#endif
