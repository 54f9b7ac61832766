#include "run.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"

static size_t put_marks(char *text, size_t size, const char *option, const bool *list, size_t count)
{
    size_t used = 0;

    for (size_t i = 0; i < count && used + 64 < size; i++) {
        size_t last = i;

        if (!list[i]) {
            continue;
        }
        while (last + 1 < count && list[last + 1]) {
            last++;
        }
        used += (size_t)snprintf(text + used, size - used, used == 0 ? " %s " : "%s", used == 0 ? option : ",");
        used += (size_t)(last == i ? snprintf(text + used, size - used, "%zu", i) : snprintf(text + used, size - used, "%zu-%zu", i, last));
        i = last;
    }
    return used;
}

void sim_run_line(char *text_out, size_t size, const sim_options *options)
{
    size_t used = (size_t)snprintf(text_out, size, "noroshi-sim run --seed %" PRIu64, options->seed);

    if (options->hubs != 0) {
        used += (size_t)snprintf(text_out + used, size - used, " --hubs %zu", options->hubs);
    }
    if (options->members != 0) {
        used += (size_t)snprintf(text_out + used, size - used, " --members %zu", options->members);
    }
    if (options->minutes != 0) {
        used += (size_t)snprintf(text_out + used, size - used, " --hours %" PRIu64 ".%03" PRIu64, options->minutes / 60, options->minutes % 60 * 1000 / 60 + 1);
    }
    if ((options->faults & SIM_FAULTS_SWARM) == 0) {
        char names[128];

        sim_faults_format(names, options->faults);
        used += (size_t)snprintf(text_out + used, size - used, " --faults %s", names);
    }
    used += put_marks(text_out + used, size - used, "--absent", options->absent, SIM_NODES_MAX);
    (void)put_marks(text_out + used, size - used, "--without", options->without, SIM_ACTS_MAX);
}

static size_t count_sent(const sim_world *world)
{
    size_t count = 0;

    for (size_t i = 0; i < world->plan.count; i++) {
        count += world->oracle.reports[i].version != 0 ? 1 : 0;
    }
    return count;
}

static uint64_t count_steps(const sim_world *world)
{
    uint64_t count = 0;

    for (size_t i = 0; i < world->node_count; i++) {
        count += world->nodes[i].steps;
    }
    return count;
}

static size_t count_rosters(const sim_world *world)
{
    size_t count = 0;

    for (size_t i = 0; i < world->community_count; i++) {
        count += world->communities[i].count;
    }
    return count;
}

bool sim_run_and_print(const sim_options *options)
{
    static char line[24000];
    sim_world *world = sim_alloc(1, sizeof *world);
    char faults[128];
    bool held;

    sim_world_run(world, options);
    held = !world->failure.failed;
    sim_faults_format(faults, world->options.faults);
    (void)printf("seed %" PRIu64 ": %zu hubs, %zu members, %" PRIu64 " minutes, faults %s\n", world->options.seed, world->options.hubs,
                 world->options.members, world->options.minutes, faults);
    (void)printf("%" PRIu64 " events, %" PRIu64 " steps, %" PRIu64 " frames (%" PRIu64 " bytes), %zu acts, %zu reports, %zu rosters\n", world->events,
                 count_steps(world), world->network.frames, world->network.bytes, world->plan.count, count_sent(world), count_rosters(world));
    (void)printf("trace %s (%" PRIu64 " lines)\n", world->hash, world->trace.lines);
    if (held) {
        (void)printf("every checker held\n");
    } else {
        sim_run_line(line, sizeof line, options);
        (void)printf("FAILED %s at %02" PRIu64 ":%02" PRIu64 ".%03" PRIu64 ": %s\nreplay: %s\n", world->failure.checker,
                     world->failure.at_ms / 60000, world->failure.at_ms / 1000 % 60, world->failure.at_ms % 1000, world->failure.text, line);
    }
    held = held && world->written;
    sim_world_wipe(world);
    free(world);
    return held;
}
