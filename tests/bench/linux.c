#include "linux.h"

#include <linux/magic.h>
#include <signal.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/vfs.h>

void nrs_linux_die_with_parent(void)
{
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
}

const char *nrs_linux_memory_disk(const char *folder)
{
    struct statfs status;

    if (statfs(folder, &status) != 0) {
        return NULL;
    }
    return status.f_type == TMPFS_MAGIC ? "tmpfs" : status.f_type == RAMFS_MAGIC ? "ramfs" : NULL;
}
