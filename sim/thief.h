/* A disk that was stolen: what is on it runs beside its owner, with the same keys and from the same log. */
#ifndef SIM_THIEF_H
#define SIM_THIEF_H

#include "node.h"
#include "plan.h"

/** NULL while there is none. It stands behind all nodes, and counts as none of them. */
sim_node *sim_thief(struct sim_world *world);
/** Copies the disk of an operator as it is, and starts what is on it. One in a world. */
void sim_thief_come(struct sim_world *world, const sim_act *act);
/** It sends in its owner's name, or reads what it can. */
void sim_thief_do(struct sim_world *world, const sim_act *act);
/** At the end it tries to open everything. */
void sim_thief_read_all(struct sim_world *world);
void sim_thief_wipe(struct sim_world *world);
/** Somebody's key is revoked, by a statement that was signed in advance: one that was stolen, where there is such a one. */
void sim_thief_revoke(struct sim_world *world, const sim_act *act);

#endif
