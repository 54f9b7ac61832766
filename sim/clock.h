/* The clocks of a node: the one on its wall, which may be wrong, jump and drift, and the monotonic one, which can only run at a wrong pace. */
#ifndef SIM_CLOCK_H
#define SIM_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

#include "plan.h"

struct sim_world;
struct sim_node;

typedef struct sim_clock {
    int64_t offset_ms;     /* of the wall clock from a right one, as of since_ms */
    int64_t drift_ppm;     /* what it gains from then on; below nothing: loses */
    uint64_t since_ms;     /* of the world's time, sleeps included */
    uint64_t monotonic_ms; /* what the monotonic clock showed at paced_ms */
    int64_t pace_ppm;      /* what it gains: the crystal of both is one, or the wall clock alone is held wrong */
    uint64_t paced_ms;
} sim_clock;

/** The machine starts: what its monotonic clock shows. */
void sim_clock_boot(const struct sim_world *world, sim_clock *clock, uint64_t monotonic_ms);
/** A clock is set wrong; runs at another pace: acts CLOCK_JUMP and CLOCK_DRIFT. */
void sim_clock_jump(struct sim_world *world, struct sim_node *node, const sim_act *act);
void sim_clock_drift(struct sim_world *world, struct sim_node *node, const sim_act *act);
/** It is set right, and keeps time from now on. What the monotonic one shows stays. */
void sim_clock_mend(struct sim_world *world, struct sim_node *node);
/** By how much it is off. */
int64_t sim_clock_off_ms(const struct sim_world *world, const struct sim_node *node);
/** A node is about to look at its clock: how wrong any has been is kept (lowest_offset_ms, highest_offset_ms of the world). */
void sim_clock_look(struct sim_world *world, const struct sim_node *node);
/** What its engine is told that the time is, and steps by. */
void sim_clock_read(struct sim_world *world, const struct sim_node *node, uint64_t now_ms);
/** Whether no clock was ever wrong, but for what a crystal gains or loses while a world is awake. */
bool sim_clocks_right(const struct sim_world *world);
/** Between the two that were furthest apart. */
uint64_t sim_clocks_apart_ms(const struct sim_world *world);

#endif
