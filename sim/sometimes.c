#include "sometimes.h"

#include "world.h"

static const struct { unsigned faults; const char *words; } table[SIM_SOMETIMES_COUNT] = {
#define SIM_SOMETIMES_ROW(name, faults, words) [SIM_SOMETIMES_##name] = {faults, words},
    SIM_SOMETIMES(SIM_SOMETIMES_ROW)
#undef SIM_SOMETIMES_ROW
};

void sim_sometimes_add(sim_world *world, sim_sometimes_name name, uint64_t times)
{
    world->sometimes.count[name] += times;
}

void sim_sometimes_hit(sim_world *world, sim_sometimes_name name)
{
    sim_sometimes_add(world, name, 1);
}

const char *sim_sometimes_words(sim_sometimes_name name)
{
    return table[name].words;
}

size_t sim_sometimes_missing(const sim_sometimes *sometimes, unsigned faults, FILE *file)
{
    size_t missing = 0;

    for (size_t i = 0; i < SIM_SOMETIMES_COUNT; i++) {
        if (sometimes->count[i] != 0 || (table[i].faults & ~faults) != 0) {
            continue;
        }
        missing++;
        if (file != NULL) {
            (void)fprintf(file, "never reached: %s\n", table[i].words);
        }
    }
    return missing;
}
