/* Many seeds, each in a process of its own, so that one that crashes is a finding and not the end. */
#ifndef SIM_HUNT_H
#define SIM_HUNT_H

#include "options.h"

typedef struct sim_hunt {
    uint64_t minutes; /* of real time; 0: until the seeds are through */
    uint64_t from, seeds;
    sim_options world; /* what every seed begins with: the shape and the faults that it does not choose itself */
    size_t jobs;      /* 0: as many as there are processors */
    bool first;       /* end with the first failure, as it is */
    bool counts;      /* print in how many worlds each thing happened that should happen sometimes */
    const char *keep; /* a file to which the lines that replay failures are added, or NULL */
} sim_hunt;

/** True when every checker of every run held and nothing that should happen sometimes was missed. */
bool sim_hunt_run(const sim_hunt *hunt);

#endif
