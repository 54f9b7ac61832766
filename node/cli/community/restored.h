/* A folder restored from a backup made between the announcement of its next keys and their roster (SPEC 7.9, 7.10). */
#ifndef CLI_RESTORED_H
#define CLI_RESTORED_H

#include "community/roster_file.h"

/** Note for this key, which has announced another, that the folder was restored. */
NRS_MUST_USE nrs_error nrs_restored_mark(nrs_cli *cli, const uint8_t sign_key[NRS_KEY_SIZE]);
/** Refuse to change a roster, or to put one in force, that names such a key while no other member of it has been heard: it may have followed since, and another of that
 *  version would be a fork. Returns NRS_ERROR_ROSTER_STALE; recorded. */
NRS_MUST_USE nrs_error nrs_restored_check(nrs_cli *cli, const nrs_roster *roster);

#endif
