/* Well formed records that no honest node would make, from a hostile node's own keys. */
#ifndef SIM_FORGE_H
#define SIM_FORGE_H

#include "keys/seal.h"
#include "node.h"
#include "plan.h"

/** maker signs; carrier hands it over (the same node, or a hub that colludes). */
void sim_forge(struct sim_world *world, sim_node *maker, sim_node *carrier, const sim_act *act);
/** Somebody with the prekey that the maker's own store has of it. False when it has none. */
bool sim_forge_recipient(struct sim_world *world, sim_node *maker, const sim_node *victim, nrs_recipient *recipient_out);
/** An honest report for whom it is not, on a release that there is not or that says something else, or on a consent that is not the holder's. */
void sim_forge_grant(struct sim_world *world, sim_node *holder, const sim_act *act);
/** A roster of long ago. */
void sim_forge_old_roster(struct sim_world *world, sim_node *carrier, const sim_act *act);
/** A sealed report with the slots of all, from the carrier's log, to whoever is at the other end. */
void sim_forge_reveal(struct sim_world *world, sim_node *carrier, const sim_act *act);

#endif
