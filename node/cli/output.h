/* What a person names to be written to is never a key, nor a file that the node's folder has for itself. */
#ifndef CLI_OUTPUT_H
#define CLI_OUTPUT_H

#include "command.h"

/* A log of ceremonies, in whichever folder. */
#define NRS_CEREMONY_LOG_NAME "ceremony.log"

/** Refuse a file that must not be replaced: one that holds a key or a vault, whatever its name, a log of ceremonies, and any name in the node's folder
 *  that is the node's own. What cannot be read is no key of this person's. In: log: the file is to be a log of ceremonies, which is appended
 *  to, and no draft, card or the like.
 *  Returns NRS_ERROR_EXISTS; recorded. */
NRS_MUST_USE nrs_error nrs_output_check(nrs_cli *cli, const char *path, bool log);
/** Whether both name one file, by links too, or would once it is there. */
bool nrs_output_is_same(const char *a, const char *b);

#endif
