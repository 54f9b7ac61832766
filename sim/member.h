/* Who is in a community: what secretariats decide and sign, and whom they give it to. */
#ifndef SIM_MEMBER_H
#define SIM_MEMBER_H

#include "plan.h"

struct sim_world;

struct sim_rosters;

/** The next version recognises the other community, or no more. False when it cannot be signed. */
bool sim_member_recognise(struct sim_world *world, struct sim_rosters *rosters, bool recognises);
void sim_member_do(struct sim_world *world, const sim_act *act);
/** At the end forks are healed, and everyone's person has the roster that does it. */
void sim_member_mend(struct sim_world *world);

#endif
