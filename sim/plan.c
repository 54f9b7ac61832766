#include "plan.h"

#include "random.h"

#define PURPOSE_ACTS 0xac75
#define PURPOSE_MANNER 0x3a22
#define PURPOSE_FOLLOWED 0xf011

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

#define FOLLOWED_PER_MILLE 600u

static void follow(sim_plan *plan, size_t number, sim_act_type type, uint64_t at_ms, uint64_t about)
{
    sim_act *act = &plan->acts[number];

    act->type = type;
    act->at_ms = at_ms;
    act->a = about;
    act->b = type == SIM_ACT_RELEASE_ASK ? 0 : type == SIM_ACT_REPLY && act->b % 2 == 0 ? 3 : act->b; /* about what was published; longer than a letter */
    act->other = type == SIM_ACT_REPLY ? 0 : act->other;
}

/* What a source sends without its name is vouched for soon, most times, and then somebody replies to it, or asks the source; each at a tick's
 * distance. By chance alone it would hardly come so far. The acts stay where they are in the plan. */
static void follow_withheld(sim_plan *plan, const sim_options *options, size_t work)
{
    const uint64_t end_ms = options->minutes * 60000;

    for (size_t i = 0; i + 4 < work && i + 4 < plan->count; i++) {
        sim_random random = sim_random_of(options->seed, PURPOSE_FOLLOWED, i);
        uint64_t at_ms = plan->acts[i].at_ms;

        if (plan->acts[i].type != SIM_ACT_WITHHOLD || !sim_random_chance(&random, FOLLOWED_PER_MILLE) || at_ms + 220000 > end_ms) {
            continue;
        }
        at_ms += sim_random_between(&random, 4000, 12000);
        follow(plan, i + 1, SIM_ACT_VOUCH, at_ms, i);
        plan->acts[i + 1].who = plan->acts[i].other;
        at_ms += sim_random_between(&random, 63000, 75000);
        follow(plan, i + 2, SIM_ACT_REPLY, at_ms, i + 1);
        follow(plan, i + 3, SIM_ACT_RELEASE_ASK, at_ms, i + 1);
        at_ms += sim_random_between(&random, 63000, 75000);
        follow(plan, i + 4, SIM_ACT_RELEASE_ANSWER, at_ms, plan->acts[i + 4].a);
        i += 4;
    }
}

/* What does not fit is thinned out, so that work and faults keep their shares over the whole of a long world. */
static void share_room(size_t *work, size_t *faults)
{
    const size_t all = *work + *faults;

    if (all > SIM_ACTS_MAX) {
        *work = *work * SIM_ACTS_MAX / all;
        *faults = SIM_ACTS_MAX - *work;
    }
}

void sim_plan_make(sim_plan *plan, const sim_options *options)
{
    sim_random manner = sim_random_of(options->seed, PURPOSE_MANNER, SIM_ACT_COUNT);
    uint64_t end_ms = options->minutes * 60000;
    size_t nodes = options->hubs + options->members;
    size_t work = 6 + nodes + (size_t)(options->minutes * sim_random_between(&manner, 2, 5));
    size_t faults = options->faults == 0 ? 0 : 2 + (size_t)(options->minutes * sim_random_between(&manner, 1, 3));

    plan->count = 0;
    share_room(&work, &faults);
    for (size_t i = 0; i < work + faults; i++) {
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
    follow_withheld(plan, options, work);
}
