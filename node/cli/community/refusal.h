/* What becomes of a ceremony that is refused. */
#ifndef CLI_REFUSAL_H
#define CLI_REFUSAL_H

#include "command.h"

/** Tell the running node of this folder what was refused, when a rule or a check did it and the node does not know; where none runs, write it into
 *  the folder's ceremony.log. A failure to do so changes nothing. */
void nrs_refusal_note(const nrs_cli *cli);

#endif
