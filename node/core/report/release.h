/* Permission from the source (SPEC 6.12): asks for wider sharing, the originator's answers, and the grants that stand on a release. */
#ifndef CORE_RELEASE_H
#define CORE_RELEASE_H

#include "command/command.h"

/** An ask from a holder. bytes: the statement's, verbatim, whose hash is its id. Only fatal errors. */
NRS_MUST_USE nrs_error nrs_ask_take(nrs_core *core, nrs_peer *from, const nrs_statement *statement, nrs_slice bytes);
/** The originator's answer to an own ask: a release, which is granted on at once, or a denial. Only fatal errors. */
NRS_MUST_USE nrs_error nrs_release_take(nrs_core *core, nrs_peer *from, const nrs_statement *statement);
NRS_MUST_USE nrs_error nrs_denial_take(nrs_core *core, nrs_peer *from, const nrs_statement *statement);

/** release_grant.c: at the holder, let in whom the ask named and who has no slot yet. only: one that waited for its prekey, or NULL.
 *  Out: granted_out: how many. */
NRS_MUST_USE nrs_error nrs_release_grant(nrs_core *core, size_t *granted_out, const nrs_report_row *report, const nrs_ask *ask, const nrs_release *release,
                                         const uint8_t release_id[NRS_HASH_SIZE], const nrs_peer *only);
/** The same for one that waited, on whichever release lets it in. Only fatal errors. */
NRS_MUST_USE nrs_error nrs_release_grant_late(nrs_core *core, const nrs_report_row *report, const nrs_peer *peer);

/** An ask with its own copies. */
typedef struct nrs_ask_held {
    nrs_bytes holder;
    nrs_ask_row row; /* borrows from holder */
    bool found;
} nrs_ask_held;
void nrs_ask_held_wipe(nrs_ask_held *held);
/** NRS_ERROR_NOT_FOUND. Out: nrs_ask_held_wipe. */
NRS_MUST_USE nrs_error nrs_ask_load(nrs_core *core, nrs_ask_held *held_out, const uint8_t id[NRS_HASH_SIZE]);
/** The community of those whom an ask names; NULL when it is not held. */
nrs_community *nrs_ask_target(nrs_core *core, const nrs_ask *ask, const uint8_t home[NRS_HASH_SIZE]);

#endif
