/* Floods of what is well made: each record by itself could be an honest node's, and only their number is too large. */
#ifndef SIM_SWAMP_H
#define SIM_SWAMP_H

#include "node.h"
#include "plan.h"

/** One of the ways to give somebody more than it can use, or to take and never confirm. */
void sim_swamp(struct sim_world *world, sim_node *node, const sim_act *act);

#endif
