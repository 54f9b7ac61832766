#include "plan.h"

#include "random.h"

#define PURPOSE_ACTS 0xac75
#define PURPOSE_MANNER 0x3a22

static const struct { unsigned faults; uint64_t weight; const char *words; } table[SIM_ACT_COUNT] = {
#define SIM_ACT_ROW(name, faults, weight, words) [SIM_ACT_##name] = {faults, weight, words},
    SIM_ACTS(SIM_ACT_ROW)
#undef SIM_ACT_ROW
};

const char *sim_act_words(sim_act_type type)
{
    return table[type].words;
}

/* Of the acts that the classes allow, or of people's work; each seed prefers some over others. */
static sim_act_type choose(sim_random *random, uint64_t seed, unsigned faults)
{
    uint64_t weights[SIM_ACT_COUNT] = {0};
    uint64_t total = 0, drawn;

    for (size_t i = 0; i < SIM_ACT_COUNT; i++) {
        sim_random manner = sim_random_of(seed, PURPOSE_MANNER, i);
        uint64_t favour = sim_random_below(&manner, 4);

        if (faults == 0 ? table[i].faults == 0 : (table[i].faults & faults) != 0) {
            weights[i] = table[i].weight * (favour == 3 ? 3 : favour == 0 && faults != 0 ? 0 : 1);
        }
        total += weights[i];
    }
    if (total == 0) {
        return SIM_ACT_SEND;
    }
    drawn = sim_random_below(random, total);
    for (size_t i = 0; i < SIM_ACT_COUNT; i++) {
        if (drawn < weights[i]) {
            return (sim_act_type)i;
        }
        drawn -= weights[i];
    }
    return SIM_ACT_SEND;
}

void sim_plan_make(sim_plan *plan, const sim_options *options)
{
    sim_random manner = sim_random_of(options->seed, PURPOSE_MANNER, SIM_ACT_COUNT);
    uint64_t end_ms = options->minutes * 60000;
    size_t nodes = options->hubs + options->members;
    size_t work = 6 + nodes + (size_t)(options->minutes * sim_random_between(&manner, 2, 5));
    size_t faults = options->faults == 0 ? 0 : 2 + (size_t)(options->minutes * sim_random_between(&manner, 1, 3));

    plan->count = 0;
    for (size_t i = 0; i < work + faults && plan->count < SIM_ACTS_MAX; i++) {
        sim_random random = sim_random_of(options->seed, PURPOSE_ACTS, i);
        sim_act *act = &plan->acts[plan->count++];

        act->type = choose(&random, options->seed, i < work ? 0 : options->faults);
        act->at_ms = sim_random_between(&random, 2000, end_ms);
        act->who = sim_random_below(&random, 1u << 20);
        act->other = sim_random_below(&random, 1u << 20);
        act->a = sim_random_next(&random);
        act->b = sim_random_next(&random);
        act->c = sim_random_next(&random);
    }
}
