/* System users by name, for the audit log. */
#ifndef SHELL_USERS_H
#define SHELL_USERS_H

#include <sys/types.h>

#include "proto/limits.h"

/** The name of a system user, or "uid N" where there is none or it is too long. */
void nrs_user_name(char name_out[NRS_USER_SIZE_MAX], uid_t uid);

#endif
