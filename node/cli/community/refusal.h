/* What the running node of a folder is told of what the command line did or refused without it. */
#ifndef CLI_REFUSAL_H
#define CLI_REFUSAL_H

#include "command.h"

/** Tell the running node of this folder what was refused, when a rule or a check did it and the node does not know; where none runs, write it into
 *  the folder's ceremony.log. A failure to do so changes nothing. */
void nrs_refusal_note(const nrs_cli *cli);
/** The same of what was done with the node's keys. */
void nrs_deed_note(const nrs_cli *cli);

#endif
