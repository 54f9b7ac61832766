/* What befalls nodes, disks, clocks and lines. */
#ifndef SIM_FATE_H
#define SIM_FATE_H

#include "plan.h"

struct sim_world;

void sim_fate_do(struct sim_world *world, const sim_act *act);
/** Everything is mended: disks, lines, clocks, and whoever is down starts. */
void sim_fate_mend(struct sim_world *world);

#endif
