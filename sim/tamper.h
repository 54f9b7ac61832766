/* Somebody with the disk in hand, and without the node's keys. */
#ifndef SIM_TAMPER_H
#define SIM_TAMPER_H

#include "node.h"
#include "plan.h"

/** Stop the node, change its audit log, start it again; or have a look at where the log ends, and set it back to that a while later, when this is
 *  called for the same act once more. */
void sim_tamper(struct sim_world *world, sim_node *node, const sim_act *act);
void sim_tamper_wipe(sim_node *node);

#endif
