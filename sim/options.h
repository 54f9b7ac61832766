/* What a run depends on, and nothing else. */
#ifndef SIM_OPTIONS_H
#define SIM_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SIM_NODES_MAX 64
#define SIM_ACTS_MAX 4096

/* Classes of faults; a profile is a set of them. */
typedef enum sim_fault_class {
    SIM_FAULTS_NETWORK = 1u << 0,
    SIM_FAULTS_DISK = 1u << 1,
    SIM_FAULTS_CRASH = 1u << 2,
    SIM_FAULTS_CLOCK = 1u << 3,
    SIM_FAULTS_MEMORY = 1u << 4,
    SIM_FAULTS_HOSTILE = 1u << 5,
    SIM_FAULTS_ALL = (1u << 6) - 1,
    SIM_FAULTS_SWARM = 1u << 31 /* a set that the seed chooses */
} sim_fault_class;

typedef struct sim_options {
    uint64_t seed;
    size_t hubs, members;     /* 0: the seed chooses */
    uint64_t minutes;         /* of virtual time before everything is mended; 0: the seed chooses */
    unsigned faults;
    bool absent[SIM_NODES_MAX];   /* nodes that are never there */
    bool without[SIM_ACTS_MAX];   /* acts of the plan that are left out */
    const char *trace;        /* file, or NULL */
    const char *picture;      /* file, or NULL */
} sim_options;

/** A set of classes by name ("none", "all", "swarm", "network,crash"). False when there is no such, or another beside swarm. */
bool sim_faults_parse(unsigned *faults_out, const char *text);
/** text_out: 128 characters. */
void sim_faults_format(char *text_out, unsigned faults);

#endif
