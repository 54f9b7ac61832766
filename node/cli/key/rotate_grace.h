/* One change of keys at a time (SPEC 7.10): what is on its way to the key before last would be lost. */
#ifndef CLI_ROTATE_GRACE_H
#define CLI_ROTATE_GRACE_H

#include "community/roster_file.h"

/** Refuse while the key that this member's came after is in its grace in this roster. One of the same name that was another organisation's, or
 *  that left without announcing another, receives nothing. Returns NRS_ERROR_LIMIT, DAMAGED; recorded. */
NRS_MUST_USE nrs_error nrs_rotate_grace_check(nrs_cli *cli, const nrs_roster *roster, const Nrs__Wire__Member *member);
/** The same by every roster of the folder that names this key, which came after another. */
NRS_MUST_USE nrs_error nrs_rotate_grace_own(nrs_cli *cli, const nrs_identity *identity);

#endif
