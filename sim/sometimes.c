#include "sometimes.h"

#include <inttypes.h>

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

static bool is_listed(const sim_sometimes_name *list, size_t count, size_t name)
{
    for (size_t i = 0; i < count; i++) {
        if (list[i] == name) {
            return true;
        }
    }
    return false;
}

/* How many worlds may pass without it: a hunt of fewer may miss it by chance. By how often each happened in the seeds 1 to 700. */
static uint64_t seeds_of(size_t name)
{
    static const sim_sometimes_name rare[] = {
        SIM_SOMETIMES_RED_SECOND, SIM_SOMETIMES_GAP_SHOWN, SIM_SOMETIMES_WITHDRAWN_WITH, SIM_SOMETIMES_DUTY_OVER_LEFT_OUT,
        SIM_SOMETIMES_DUTY_OVER_CLOSED, SIM_SOMETIMES_UNRECOGNISED, SIM_SOMETIMES_LET_IN_HOME, SIM_SOMETIMES_LET_IN_ELSEWHERE,
        SIM_SOMETIMES_RELEASED_HOME, SIM_SOMETIMES_RELEASE_MISSED, SIM_SOMETIMES_VOUCH_REFUSED, SIM_SOMETIMES_QUESTION_ASKED,
        SIM_SOMETIMES_REPLY_CARRIED, SIM_SOMETIMES_ASK_CARRIED, SIM_SOMETIMES_SOURCE_RELEASED, SIM_SOMETIMES_HUB_MAY_NOT_RELEASE,
        SIM_SOMETIMES_SOURCE_WENT_ON, SIM_SOMETIMES_ROTATE_REFUSED, SIM_SOMETIMES_HANDED_ON, SIM_SOMETIMES_TAKEN_FROM_FORMER,
        SIM_SOMETIMES_READMITTED, SIM_SOMETIMES_PUT_BACK, SIM_SOMETIMES_PAST_HOSTILE_HUB, SIM_SOMETIMES_TAMPERED,
        SIM_SOMETIMES_TAMPERING_FOUND, SIM_SOMETIMES_THIEF_SHUT_OUT, SIM_SOMETIMES_STOLEN, SIM_SOMETIMES_ALTERED_GRANT, SIM_SOMETIMES_OVERSIZE,
        SIM_SOMETIMES_FORGED_LABEL, SIM_SOMETIMES_FORGED_PREKEYS, SIM_SOMETIMES_FORGED_PREKEYS_PERSON, SIM_SOMETIMES_FORGED_RECEIPT, SIM_SOMETIMES_FORGED_ROSTER_OWN, SIM_SOMETIMES_FORGED_ROSTER_RIVAL,
        SIM_SOMETIMES_SWAMPED_AHEAD, SIM_SOMETIMES_SWAMPED_STREAMS, SIM_SOMETIMES_SWAMPED_VALID, SIM_SOMETIMES_SWAMPED_LARGE, SIM_SOMETIMES_DEAF,
        SIM_SOMETIMES_WINDOW_FULL, SIM_SOMETIMES_DEFERRED_FULL, SIM_SOMETIMES_GAPS_FULL,
    };
    static const sim_sometimes_name very_rare[] = {
        SIM_SOMETIMES_RED_GRANTED_ANEW, SIM_SOMETIMES_RED_OPENED_ANEW, SIM_SOMETIMES_WITHDRAWN_UNSEEN, SIM_SOMETIMES_RELEASED_ELSEWHERE,
        SIM_SOMETIMES_VOUCHED_STRICTER, SIM_SOMETIMES_PIECES_CARRIED, SIM_SOMETIMES_SOURCE_DENIED, SIM_SOMETIMES_SOURCE_NOT_NAMED,
        SIM_SOMETIMES_RELEASED_THROUGH_HUB, SIM_SOMETIMES_GRANTED_TO_SUCCESSOR, SIM_SOMETIMES_WITHDRAWN_RED, SIM_SOMETIMES_CLOCK_GAINED,
        SIM_SOMETIMES_CLOCK_LOST, SIM_SOMETIMES_TAMPERING_SAID, SIM_SOMETIMES_AUDIT_SET_BACK, SIM_SOMETIMES_AUDIT_SET_BACK_TOLD, SIM_SOMETIMES_RELEASE_REPLAYED,
        SIM_SOMETIMES_RELEASE_OVER, SIM_SOMETIMES_RELEASE_FOR_OTHERS,
    };

    return is_listed(very_rare, sizeof very_rare / sizeof very_rare[0], name) ? SIM_SOMETIMES_SEEDS_VERY_RARE
           : is_listed(rare, sizeof rare / sizeof rare[0], name)              ? SIM_SOMETIMES_SEEDS_RARE
                                                                              : SIM_SOMETIMES_SEEDS;
}

/* Of so many seeds, with these classes of faults. */
static bool demanded(size_t name, unsigned faults, uint64_t seeds)
{
    return (table[name].faults & ~faults) == 0 && seeds >= seeds_of(name);
}

size_t sim_sometimes_unasked(const sim_sometimes *sometimes, unsigned faults, uint64_t seeds)
{
    size_t count = 0;

    for (size_t i = 0; i < SIM_SOMETIMES_COUNT; i++) {
        count += sometimes->count[i] == 0 && !demanded(i, faults, seeds) ? 1 : 0;
    }
    return count;
}

void sim_sometimes_print(const sim_sometimes *sometimes, unsigned faults, uint64_t seeds, FILE *file)
{
    bool printed[SIM_SOMETIMES_COUNT] = {false};

    for (size_t n = 0; n < SIM_SOMETIMES_COUNT; n++) {
        size_t next = SIM_SOMETIMES_COUNT;

        for (size_t i = 0; i < SIM_SOMETIMES_COUNT; i++) {
            next = !printed[i] && (next == SIM_SOMETIMES_COUNT || sometimes->count[i] < sometimes->count[next]) ? i : next;
        }
        printed[next] = true;
        (void)fprintf(file, "%8" PRIu64 "  %s%s\n", sometimes->count[next], table[next].words,
                      sometimes->count[next] == 0 && !demanded(next, faults, seeds) ? " (not asked for)" : "");
    }
}

size_t sim_sometimes_missing(const sim_sometimes *sometimes, unsigned faults, uint64_t seeds, FILE *file)
{
    size_t missing = 0;

    for (size_t i = 0; i < SIM_SOMETIMES_COUNT; i++) {
        if (sometimes->count[i] != 0 || !demanded(i, faults, seeds)) {
            continue;
        }
        missing++;
        if (file != NULL) {
            (void)fprintf(file, "never reached: %s\n", table[i].words);
        }
    }
    return missing;
}
