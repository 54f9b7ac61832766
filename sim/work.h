/* People at work: commands as a person's hand gives them, and what becomes of the answers. */
#ifndef SIM_WORK_H
#define SIM_WORK_H

#include "node.h"
#include "plan.h"

/** The person of a node makes prekeys for the weeks to come. */
void sim_work_unlock(struct sim_world *world, sim_node *node);
/** An act of people. number: its place in the plan. */
void sim_work_do(struct sim_world *world, const sim_act *act, size_t number);
/** A report's sender is asked to take it back. number: of its act. */
void sim_work_take_back(struct sim_world *world, size_t number);
/** Where a roster that heals a fork has come and waits for a person, that person compares its fingerprint. All sign their audit logs. */
void sim_work_compare_all(struct sim_world *world);
/** At the end everyone lists what is there, accepts what is to be accepted, and tries to open everything; later the senders look at their receipts. */
void sim_work_list_all(struct sim_world *world);
void sim_work_accept_all(struct sim_world *world);
void sim_work_read_all(struct sim_world *world);
void sim_work_receipts_all(struct sim_world *world);

#endif
