/* Seeded randomness. Each use draws from a stream of its own, so that one more draw in one place moves nothing elsewhere. */
#ifndef SIM_RANDOM_H
#define SIM_RANDOM_H

#include <stdbool.h>
#include <stdint.h>

typedef struct sim_random {
    uint64_t state[4];
} sim_random;

/** A stream that depends on the seed and on what it is for. */
sim_random sim_random_of(uint64_t seed, uint64_t purpose, uint64_t index);
uint64_t sim_random_next(sim_random *random);
/** 0 … limit - 1; limit > 0. */
uint64_t sim_random_below(sim_random *random, uint64_t limit);
/** Both ends included. */
uint64_t sim_random_between(sim_random *random, uint64_t low, uint64_t high);
bool sim_random_chance(sim_random *random, unsigned per_mille);

/** Give libsodium a generator that draws from the stream named by sim_random_use. Before anything else of libsodium. */
void sim_random_install(void);
/** Whose stream libsodium draws from until the next call. Returns the one before. */
sim_random *sim_random_use(sim_random *random);
/** One bit of these bytes is turned; size > 0. */
void sim_random_turn(sim_random *random, uint8_t *bytes, size_t size);
/** Bytes from a stream. */
void sim_random_fill(sim_random *random, void *out, size_t size);

#endif
