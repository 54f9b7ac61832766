/* xoshiro256** (Blackman and Vigna, public domain), seeded with splitmix64: good statistics and quick; nothing here is secret.
 * This generator is linked into the simulator alone. */
#include <stddef.h>
#include <string.h>

#include <sodium.h>

#include "proto/assert.h"
#include "random.h"

static sim_random base;
static sim_random *current = &base;

static uint64_t split(uint64_t *state)
{
    uint64_t mixed = (*state += 0x9e3779b97f4a7c15ull);

    mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9ull;
    mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111ebull;
    return mixed ^ (mixed >> 31);
}

sim_random sim_random_of(uint64_t seed, uint64_t purpose, uint64_t index)
{
    sim_random random;
    uint64_t state = seed;

    state = split(&state) ^ purpose;
    state = split(&state) ^ index;
    for (size_t i = 0; i < 4; i++) {
        random.state[i] = split(&state);
    }
    return random;
}

static uint64_t rotate(uint64_t value, unsigned by)
{
    return (value << by) | (value >> (64 - by));
}

uint64_t sim_random_next(sim_random *random)
{
    uint64_t *state = random->state;
    uint64_t result = rotate(state[1] * 5, 7) * 9;
    uint64_t shifted = state[1] << 17;

    state[2] ^= state[0];
    state[3] ^= state[1];
    state[1] ^= state[2];
    state[0] ^= state[3];
    state[2] ^= shifted;
    state[3] = rotate(state[3], 45);
    return result;
}

uint64_t sim_random_below(sim_random *random, uint64_t limit)
{
    NRS_ASSERT(limit > 0);
    return sim_random_next(random) % limit; /* the limits are small beside 2^64 */
}

uint64_t sim_random_between(sim_random *random, uint64_t low, uint64_t high)
{
    NRS_ASSERT(low <= high);
    return low + sim_random_below(random, high - low + 1);
}

bool sim_random_chance(sim_random *random, unsigned per_mille)
{
    return sim_random_below(random, 1000) < per_mille;
}

void sim_random_turn(sim_random *random, uint8_t *bytes, size_t size)
{
    const uint64_t bit = sim_random_below(random, 8), at = sim_random_below(random, size); /* one after the other: compilers differ in which comes first */

    bytes[at] ^= (uint8_t)(1u << bit);
}

void sim_random_fill(sim_random *random, void *out, size_t size)
{
    uint8_t *bytes = out;

    for (size_t done = 0; done < size; done += sizeof(uint64_t)) {
        uint64_t value = sim_random_next(random);
        size_t part = size - done < sizeof value ? size - done : sizeof value;

        memcpy(bytes + done, &value, part);
    }
}

static const char *name(void)
{
    return "seeded";
}

static uint32_t draw(void)
{
    return (uint32_t)(sim_random_next(current) >> 32);
}

static void draw_bytes(void *const out, const size_t size)
{
    sim_random_fill(current, out, size);
}

static struct randombytes_implementation seeded = {.implementation_name = name, .random = draw, .buf = draw_bytes};

void sim_random_install(void)
{
    base = sim_random_of(0, 0, 0);
    NRS_ASSERT(randombytes_set_implementation(&seeded) == 0);
}

sim_random *sim_random_use(sim_random *random)
{
    sim_random *before = current;

    current = random == NULL ? &base : random;
    return before;
}
