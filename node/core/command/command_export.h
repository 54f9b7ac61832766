/* What leaves the node with an exported report (SPEC 14). */
#ifndef CORE_COMMAND_EXPORT_H
#define CORE_COMMAND_EXPORT_H

#include "command/command.h"

/* A report that the rules let leave. Borrowed. */
typedef struct nrs_export_source {
    const nrs_report_row *row;
    const nrs_sealed_view *view;
    const nrs_opened *opened;
} nrs_export_source;
/** Add `proof` to the row of a report that is exported, and leave out of the row what may not leave. What is written out is read from
 *  the proof, as whoever checks it will. Refuses. */
NRS_MUST_USE nrs_error nrs_export_put(nrs_core *core, nrs_answer *answer, nrs_row *row, const nrs_export_source *source);

#endif
