/* Somebody with the disk in hand, and without the node's keys. */
#ifndef SIM_TAMPER_H
#define SIM_TAMPER_H

#include "node.h"
#include "plan.h"

/** Stop the node, change its audit log, start it again. */
void sim_tamper(struct sim_world *world, sim_node *node, const sim_act *act);

#endif
