/* Persons whose keys are in the folder and who stand on no card: after a restore each of them unlocks, or is removed. */
#ifndef CLI_PERSON_WAITING_H
#define CLI_PERSON_WAITING_H

#include <jansson.h>

#include "command.h"

/** Add a sentence for each, in English as the node's own warnings are. What of the folder cannot be read says nothing. Nothing is recorded. */
NRS_MUST_USE nrs_error nrs_persons_waiting(const nrs_cli *cli, json_t *warnings);

#endif
