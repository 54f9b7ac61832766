/* Which files a backup holds (SPEC 7.9), for who makes one and for who restores it. */
#ifndef NRS_CLI_KEY_BACKUP_H
#define NRS_CLI_KEY_BACKUP_H

#include <stdbool.h>

/** Whether a backup may hold a file of this name, relative to the folder: nothing else is ever written by restore. */
bool nrs_backup_may_hold(const char *name);

#endif
