#ifndef CLI_LEFTOVER_H
#define CLI_LEFTOVER_H

#include "command.h"

/** Destroy the key files that a command which was killed has left beside the ones they were to become: another passphrase opens such a file, or
 *  none is needed. The caller holds the lock of the folder, so that none of them is in use. */
void nrs_leftover_destroy(const nrs_cli *cli);

#endif
