/* What a draft of a roster changes, for people and for programs: what change.h prints is made of these. */
#ifndef CLI_PROPOSAL_H
#define CLI_PROPOSAL_H

#include "community/change.h"

/** The lines of one draft. */
typedef struct nrs_proposal_lines {
    const nrs_cli *cli;
    const nrs_proposal *proposal;
    size_t count; /* of changes told so far */
} nrs_proposal_lines;
/** Visitor of nrs_roster_diff; context: nrs_proposal_lines. */
NRS_MUST_USE nrs_error nrs_proposal_print_change(void *context, const nrs_roster_change *change);
/** The rules but for each disclaimer and duty, on one line. */
void nrs_proposal_print_rules(const nrs_roster *roster);
/** Whether its created time is further ahead of this machine's clock than clocks may be apart (SPEC 7.11). */
bool nrs_proposal_ahead(const nrs_proposal *proposal);
/** All of it as one JSON object. done: as nrs_proposal_print. */
NRS_MUST_USE nrs_error nrs_proposal_print_json(const nrs_proposal *proposal, const char *done);

#endif
