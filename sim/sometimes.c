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

/* What happens in one world of twenty or fewer: a hunt of a few hundred may miss it by chance. */
static bool is_rare(size_t name)
{
    static const sim_sometimes_name rare[] = {
        SIM_SOMETIMES_UNRECOGNISED,     SIM_SOMETIMES_LET_IN_HOME,        SIM_SOMETIMES_RELEASED_ELSEWHERE, SIM_SOMETIMES_VOUCHED_STRICTER,
        SIM_SOMETIMES_VOUCH_REFUSED,    SIM_SOMETIMES_SOURCE_WENT_ON,     SIM_SOMETIMES_WITHDRAWN_RED,      SIM_SOMETIMES_DEFERRED,
        SIM_SOMETIMES_TAMPERING_FOUND,  SIM_SOMETIMES_TAMPERING_SAID,     SIM_SOMETIMES_AUDIT_SET_BACK,     SIM_SOMETIMES_AUDIT_SET_BACK_TOLD,
        SIM_SOMETIMES_RELEASED_LOOSER,    SIM_SOMETIMES_RELEASE_REPLAYED,   SIM_SOMETIMES_RELEASE_OVER,
        SIM_SOMETIMES_RELEASE_FOR_OTHERS, SIM_SOMETIMES_FORGED_CONSENT,   SIM_SOMETIMES_FORGED_GRANT,     SIM_SOMETIMES_PROVEN,
        SIM_SOMETIMES_FORGED_ROSTER_RIVAL, SIM_SOMETIMES_FORGED_CARD,     SIM_SOMETIMES_FORGED_REVOCATION,
        SIM_SOMETIMES_ROTATED_AGAIN,    SIM_SOMETIMES_ROTATE_REFUSED,     SIM_SOMETIMES_HUB_SUCCEEDED,      SIM_SOMETIMES_GRANTED_TO_SUCCESSOR,
        SIM_SOMETIMES_HANDED_ON,        SIM_SOMETIMES_TAKEN_FROM_FORMER,
        SIM_SOMETIMES_RED_GRANTED_ANEW, SIM_SOMETIMES_RED_OPENED_ANEW,    SIM_SOMETIMES_RELEASE_MISSED,
        SIM_SOMETIMES_PAST_HOSTILE_HUB, SIM_SOMETIMES_REPLY_CARRIED,    SIM_SOMETIMES_PIECES_CARRIED,     SIM_SOMETIMES_ASK_CARRIED,
        SIM_SOMETIMES_SOURCE_RELEASED,  SIM_SOMETIMES_SOURCE_DENIED,    SIM_SOMETIMES_SOURCE_NOT_NAMED,   SIM_SOMETIMES_HUB_MAY_NOT_RELEASE,
        SIM_SOMETIMES_RELEASED_THROUGH_HUB, SIM_SOMETIMES_RELEASED_HOME, SIM_SOMETIMES_SWAMPED_LARGE,
    };

    for (size_t i = 0; i < sizeof rare / sizeof rare[0]; i++) {
        if (rare[i] == name) {
            return true;
        }
    }
    return false;
}

void sim_sometimes_print(const sim_sometimes *sometimes, FILE *file)
{
    bool printed[SIM_SOMETIMES_COUNT] = {false};

    for (size_t n = 0; n < SIM_SOMETIMES_COUNT; n++) {
        size_t next = SIM_SOMETIMES_COUNT;

        for (size_t i = 0; i < SIM_SOMETIMES_COUNT; i++) {
            next = !printed[i] && (next == SIM_SOMETIMES_COUNT || sometimes->count[i] < sometimes->count[next]) ? i : next;
        }
        printed[next] = true;
        (void)fprintf(file, "%8" PRIu64 "  %s%s\n", sometimes->count[next], table[next].words, is_rare(next) ? " (rare)" : "");
    }
}

size_t sim_sometimes_missing(const sim_sometimes *sometimes, unsigned faults, uint64_t seeds, FILE *file)
{
    size_t missing = 0;

    for (size_t i = 0; i < SIM_SOMETIMES_COUNT; i++) {
        if (sometimes->count[i] != 0 || (table[i].faults & ~faults) != 0 || seeds < (is_rare(i) ? SIM_SOMETIMES_SEEDS_RARE : SIM_SOMETIMES_SEEDS)) {
            continue;
        }
        missing++;
        if (file != NULL) {
            (void)fprintf(file, "never reached: %s\n", table[i].words);
        }
    }
    return missing;
}
