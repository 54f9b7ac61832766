#include "linux.h"

#include <signal.h>
#include <sys/prctl.h>

void nrs_linux_die_with_parent(void)
{
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
}
