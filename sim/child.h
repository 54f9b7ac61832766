/* A run in a process of its own. */
#ifndef SIM_CHILD_H
#define SIM_CHILD_H

#include <sys/types.h>

#include "world.h"

typedef struct sim_result {
    bool finished;     /* false: the process fell, which is a failure too */
    sim_failure failure;
    sim_sometimes sometimes;
    unsigned faults;
    size_t nodes, hubs, acts;
    uint64_t virtual_ms;
} sim_result;

typedef struct sim_child {
    pid_t pid;         /* 0: none */
    int pipe;
    sim_options options;
} sim_child;

/** Begin a run. False when no process could be made. */
bool sim_child_start(sim_child *child, const sim_options *options);
/** What it found, once it has ended. status: of waitpid. */
void sim_child_result(sim_result *result_out, sim_child *child, int status);
/** Both, waiting for it. */
bool sim_child_run(sim_result *result_out, const sim_options *options);

#endif
