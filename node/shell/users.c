#include "users.h"

#include <pwd.h>
#include <stdio.h>

void nrs_user_name(char name_out[NRS_USER_SIZE_MAX], uid_t uid)
{
    const struct passwd *entry = getpwuid(uid);

    if (entry == NULL || snprintf(name_out, NRS_USER_SIZE_MAX, "%s", entry->pw_name) >= (int)NRS_USER_SIZE_MAX) {
        (void)snprintf(name_out, NRS_USER_SIZE_MAX, "uid %lu", (unsigned long)uid);
    }
}
