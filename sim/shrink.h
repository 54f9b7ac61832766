/* Fewer nodes and fewer acts, for as long as the same checker still fails. */
#ifndef SIM_SHRINK_H
#define SIM_SHRINK_H

#include "child.h"

/** In-out: options, made smaller. result: of the run with them as they are. Returns how many runs it took. */
size_t sim_shrink(sim_options *options, const sim_result *result);

#endif
