#include "clock.h"

#include "world.h"

#define NOISE_MS 5000 /* what the worst of them gains in the minutes of a world, and to spare */
#define CRYSTAL_PPM 500u /* the worse of what computers have */
#define BAD_PPM 3500u    /* five minutes in a day */

static uint64_t passed_ms(const sim_world *world, uint64_t since_ms)
{
    return world->now_ms + world->leap_ms - since_ms;
}

static int64_t gained_ms(uint64_t ms, int64_t ppm)
{
    return (int64_t)ms * ppm / 1000000;
}

int64_t sim_clock_off_ms(const sim_world *world, const sim_node *node)
{
    return node->clock.offset_ms + gained_ms(passed_ms(world, node->clock.since_ms), node->clock.drift_ppm);
}

uint64_t sim_node_now_ms(const sim_world *world, const sim_node *node)
{
    return (uint64_t)((int64_t)sim_world_unix_ms(world) + sim_clock_off_ms(world, node));
}

uint64_t sim_node_monotonic_ms(const sim_world *world, const sim_node *node)
{
    const uint64_t ms = passed_ms(world, node->clock.paced_ms);

    return node->clock.monotonic_ms + ms + (uint64_t)gained_ms(ms, node->clock.pace_ppm);
}

void sim_clock_boot(const sim_world *world, sim_clock *clock, uint64_t monotonic_ms)
{
    clock->monotonic_ms = monotonic_ms;
    clock->paced_ms = world->now_ms + world->leap_ms;
}

/* What both clocks show goes on from here. */
static void set(const sim_world *world, sim_node *node, int64_t offset_ms, int64_t drift_ppm, int64_t pace_ppm)
{
    node->clock.monotonic_ms = sim_node_monotonic_ms(world, node);
    node->clock.offset_ms = offset_ms;
    node->clock.drift_ppm = drift_ppm;
    node->clock.pace_ppm = pace_ppm;
    node->clock.since_ms = node->clock.paced_ms = world->now_ms + world->leap_ms;
}

static void count(sim_world *world, int64_t off_ms)
{
    world->lowest_offset_ms = off_ms < world->lowest_offset_ms ? off_ms : world->lowest_offset_ms;
    world->highest_offset_ms = off_ms > world->highest_offset_ms ? off_ms : world->highest_offset_ms;
}

void sim_clock_look(sim_world *world, const sim_node *node)
{
    const int64_t gained = gained_ms(passed_ms(world, node->clock.since_ms), node->clock.drift_ppm);

    count(world, node->clock.offset_ms + gained);
    if (gained > (int64_t)SIM_MINUTE_MS) {
        sim_sometimes_hit(world, SIM_SOMETIMES_CLOCK_GAINED);
    } else if (gained < -(int64_t)SIM_MINUTE_MS) {
        sim_sometimes_hit(world, SIM_SOMETIMES_CLOCK_LOST);
    }
}

void sim_clock_read(sim_world *world, const sim_node *node, uint64_t now_ms)
{
    const int64_t off_ms = (int64_t)now_ms - (int64_t)sim_world_unix_ms(world), drifted_ms = off_ms - node->clock.offset_ms;

    if (off_ms > NOISE_MS) {
        sim_sometimes_hit(world, SIM_SOMETIMES_CLOCK_AHEAD);
    } else if (off_ms < -NOISE_MS) {
        sim_sometimes_hit(world, SIM_SOMETIMES_CLOCK_BACK);
    }
    if (off_ms != 0 && ((drifted_ms > 0 && node->clock.drift_ppm > 0) || (drifted_ms < 0 && node->clock.drift_ppm < 0))) {
        sim_sometimes_hit(world, SIM_SOMETIMES_CLOCK_DRIFT);
    }
}

void sim_clock_jump(sim_world *world, sim_node *node, const sim_act *act)
{
    int64_t by_ms = (int64_t)(act->a % (NRS_DAY_MS + 1));

    by_ms = act->b % 4 == 0 ? by_ms / 1000 : act->b % 4 == 1 ? by_ms : by_ms * 11 / 24; /* minutes, up to a day, up to half a day */
    by_ms = (act->c & 1) != 0 ? by_ms : -by_ms;
    sim_clock_look(world, node);
    set(world, node, by_ms, node->clock.drift_ppm, node->clock.pace_ppm);
    count(world, by_ms);
    node->jumped_ms = world->now_ms;
    sim_trace_line(world, node, "its clock is now %lld seconds off", (long long)(by_ms / 1000));
}

void sim_clock_drift(sim_world *world, sim_node *node, const sim_act *act)
{
    const uint64_t most = act->b % 2 == 0 ? CRYSTAL_PPM : BAD_PPM;
    const int64_t ppm = (int64_t)(act->a % (2 * most + 1)) - (int64_t)most;

    sim_clock_look(world, node);
    set(world, node, sim_clock_off_ms(world, node), ppm, act->c % 2 == 0 ? ppm : 0);
    sim_trace_line(world, node, "its clock drifts by %lld seconds in a day from now on", (long long)ppm * 864 / 10000);
}

void sim_clock_mend(sim_world *world, sim_node *node)
{
    sim_clock_look(world, node);
    set(world, node, 0, 0, 0);
}

bool sim_clocks_right(const sim_world *world)
{
    return world->lowest_offset_ms > -NOISE_MS && world->highest_offset_ms < NOISE_MS;
}

uint64_t sim_clocks_apart_ms(const sim_world *world)
{
    return (uint64_t)(world->highest_offset_ms - world->lowest_offset_ms);
}
