/* Sources that are not to be named: what they send to a hub, what the hub vouches for, questions and answers (SPEC 6.11). */
#ifndef SIM_WITHHELD_H
#define SIM_WITHHELD_H

#include <jansson.h>

#include "node.h"
#include "plan.h"

struct sim_report;

/** One of the acts of sources and of the hubs' secretariats. number: its place in the plan. */
void sim_withheld_do(struct sim_world *world, const sim_act *act, size_t number);
/** What a hub has vouched for and this node may read, from this one on; plan.count: none. */
size_t sim_withheld_published(const struct sim_world *world, const sim_node *node, uint64_t pick);
/** A report that is sealed to a hub alone, or that a hub has vouched for, was sent. */
void sim_withheld_sent(struct sim_world *world, const struct sim_report *report);
/** What was published of it, and what passes its text on, is taken back as well. */
void sim_withheld_withdrawn(struct sim_world *world, const struct sim_report *report);

#endif
