/* One change of keys at a time (SPEC 7.10): what is on its way to the key before last would be lost. */
#ifndef CLI_ROTATE_GRACE_H
#define CLI_ROTATE_GRACE_H

#include "community/roster_file.h"

/** Refuse while a tombstone of the organisation, of a key that left, is in its grace in this roster. Returns NRS_ERROR_LIMIT, recorded. */
NRS_MUST_USE nrs_error nrs_rotate_grace_check(nrs_cli *cli, const nrs_roster *roster, const char *org);
/** The same by every roster of the folder that names this key, which came after another. */
NRS_MUST_USE nrs_error nrs_rotate_grace_own(nrs_cli *cli, const nrs_identity *identity);

#endif
