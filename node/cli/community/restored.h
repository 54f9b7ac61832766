/* A folder restored from a backup, of which a roster may have been changed since, or followed the next keys that were announced (SPEC 7.9, 7.10). */
#ifndef CLI_RESTORED_H
#define CLI_RESTORED_H

#include "community/roster_file.h"

/** Note for the node's key that the folder was restored. */
NRS_MUST_USE nrs_error nrs_restored_mark(nrs_cli *cli, const uint8_t sign_key[NRS_KEY_SIZE]);
/** Refuse to change a roster that names such a key while no member of it has shown which it holds: another of a version that there is already
 *  would be a fork. Asked until a change of the community is made; --nothing-newer says that a person knows better. Returns
 *  NRS_ERROR_ROSTER_STALE; recorded. */
NRS_MUST_USE nrs_error nrs_restored_check(nrs_cli *cli, const nrs_roster *roster);
/** A member's invite has brought the roster: it is not asked for this community again. */
NRS_MUST_USE nrs_error nrs_restored_over(nrs_cli *cli, const nrs_roster *roster);
/** The same after a change that was made, or after the founding of a community, which no backup held. */
void nrs_restored_settle(nrs_cli *cli, const nrs_roster *roster);

#endif
