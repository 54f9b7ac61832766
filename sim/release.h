/* People who ask a source to share wider, and what it says. */
#ifndef SIM_RELEASE_H
#define SIM_RELEASE_H

#include "node.h"
#include "plan.h"

/** Somebody who holds a report asks to share it with others. */
void sim_release_ask(struct sim_world *world, const sim_act *act);
/** A source answers one of the asks that there are. */
void sim_release_answer(struct sim_world *world, const sim_act *act);
/** A hostile holder asks for what it can misuse, and its sources answer what it has asked before. */
void sim_release_lure(struct sim_world *world, sim_node *holder, const sim_act *act);
/** A node's asks: a source that its hub does not name answers what was put before it. number: of the ask for whose sake it looks. */
void sim_release_listed(struct sim_world *world, const sim_node *node, size_t number, const json_t *rows);
/** The number of the ask with this row of release-list, by its reason; release_count when it is nobody's here. */
size_t sim_release_of_row(const struct sim_world *world, const json_t *row);
/** What a node has answered to one of the two. number: of the ask. */
void sim_release_answered(struct sim_world *world, unsigned kind, size_t number, nrs_error error, const json_t *rows);

#endif
