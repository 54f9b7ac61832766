/* What the commands about releases share. */
#ifndef CORE_COMMAND_RELEASE_H
#define CORE_COMMAND_RELEASE_H

#include "command/command_draft.h"
#include "report/release.h"

/** The reason that a request gives. Refuses. Borrowed from the request. */
NRS_MUST_USE nrs_error nrs_release_reason(nrs_answer *answer, const char **reason_out, const json_t *request);
/** Who acts, or "". Refuses a person that is not known here. */
NRS_MUST_USE nrs_error nrs_release_person(nrs_core *core, nrs_answer *answer, const char **person_out, const json_t *request);
/** Add the row of an ask to the answer. */
NRS_MUST_USE nrs_error nrs_release_answer(nrs_core *core, nrs_answer *answer, const uint8_t id[NRS_HASH_SIZE]);

#endif
