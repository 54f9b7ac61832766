/* A whole mesh of nodes on one clock. */
#ifndef SIM_WORLD_H
#define SIM_WORLD_H

#include <sodium.h>
#include <stdio.h>

#include "network.h"
#include "node.h"
#include "options.h"
#include "oracle.h"
#include "plan.h"
#include "proto/assert.h"
#include "queue.h"
#include "roster.h"
#include "sometimes.h"
#include "trace.h"

#define SIM_START_MS 1795400000000ull /* what a right clock shows at the world's beginning */
#define SIM_MONOTONIC_MS 1000000ull
#define SIM_MINUTE_MS 60000ull

typedef enum sim_phase { SIM_PHASE_FAULTY = 1, SIM_PHASE_HEALING, SIM_PHASE_COMPARING, SIM_PHASE_LISTING, SIM_PHASE_ACCEPTING, SIM_PHASE_READING, SIM_PHASE_RECEIPTS, SIM_PHASE_OVER } sim_phase;

typedef struct sim_failure {
    bool failed;
    char checker[24];
    char text[400];
    uint64_t at_ms;
} sim_failure;

typedef struct sim_world {
    sim_options options;
    uint64_t now_ms;      /* since the world began */
    uint64_t leap_ms;     /* by which all clocks are ahead of that: time that passed while all slept */
    int64_t lowest_offset_ms, highest_offset_ms; /* of any clock so far */
    uint64_t leapt_ms;    /* when they woke last */
    uint64_t end_ms;      /* of the phase with faults */
    sim_phase phase;
    sim_queue queue;
    sim_network network;
    sim_node nodes[SIM_NODES_MAX];
    size_t node_count;
    size_t thief;         /* the number of the node that runs from a stolen disk, behind all others; 0: none */
    uint64_t announced[SIM_COMMUNITIES_MAX]; /* whose next keys a member of the community has left in a file for its secretariat: set of nodes */
    uint64_t revoked;     /* whose key was revoked: set of nodes */
    bool persons, pairs;  /* each node has one, for TLP:RED; has two */
    sim_rosters communities[SIM_COMMUNITIES_MAX];
    size_t community_count;
    sim_oracle oracle;
    sim_seen made;        /* what nodes have made themselves and entered in their logs, by the hash of its bytes: carry.c */
    sim_plan plan;
    sim_trace trace;
    sim_sometimes sometimes;
    sim_failure failure;
    uint64_t events, next_request;
    char hash[65];        /* of the trace, at the end */
    bool written;         /* the trace and the picture, as far as they were asked for */
} sim_world;

/** What the options leave open, the seed chooses. */
void sim_world_choose_shape(sim_options *options);
/** Runs a world to its end. Out: world_out, sim_world_wipe. */
void sim_world_run(sim_world *world_out, const sim_options *options);
void sim_world_wipe(sim_world *world);
void sim_world_put(sim_world *world, uint64_t in_ms, sim_event event);
/** The first failure counts; the run ends with it. */
void sim_world_fail(sim_world *world, const char *checker, const char *format, ...) __attribute__((format(printf, 3, 4)));
/** What a right clock shows. */
uint64_t sim_world_unix_ms(const sim_world *world);
/** Node `pick` of those there; the same pick gives the same node however many are absent. NULL when that one is absent. */
sim_node *sim_world_node(sim_world *world, uint64_t pick);

#endif
