#include "run.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "memory.h"

static const char *program = "noroshi-sim";

void sim_run_called(const char *name)
{
    program = name;
}

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
    size_t used = (size_t)snprintf(text_out, size, "%s run --seed %" PRIu64, program, options->seed);

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

static void print(const sim_world *world, const sim_options *options, const char *hash)
{
    static char line[24000];
    char faults[128];

    sim_faults_format(faults, world->options.faults);
    (void)printf("seed %" PRIu64 ": %zu hubs, %zu members, %" PRIu64 " minutes, faults %s\n", world->options.seed, world->options.hubs,
                 world->options.members, world->options.minutes, faults);
    (void)printf("%" PRIu64 " events, %" PRIu64 " steps, %" PRIu64 " frames (%" PRIu64 " bytes), %zu acts, %zu reports, %zu rosters\n", world->events,
                 count_steps(world), world->network.frames, world->network.bytes, world->plan.count, count_sent(world), count_rosters(world));
    (void)printf("trace %s (%" PRIu64 " lines)\n", hash, world->trace.lines);
    if (!world->failure.failed) {
        (void)printf("every checker held\n");
        return;
    }
    sim_run_line(line, sizeof line, options);
    (void)printf("FAILED %s at %02" PRIu64 ":%02" PRIu64 ".%03" PRIu64 ": %s\nreplay: %s\n", world->failure.checker, world->failure.at_ms / 60000,
                 world->failure.at_ms / 1000 % 60, world->failure.at_ms % 1000, world->failure.text, line);
}

static bool run_here(sim_world *world, const sim_options *options)
{
    bool held;

    sim_world_run(world, options);
    print(world, options, world->hash);
    held = !world->failure.failed && world->written;
    sim_world_wipe(world);
    return held;
}

/* ---- In a process of its own ---- */

static volatile sig_atomic_t runner; /* its process */

static void pass_on(int signal)
{
    (void)kill((pid_t)runner, signal);
}

/* Both processes see it, so that whoever is left knows how far the other came. NULL when there is no such memory. */
static sim_world *shared_world(void)
{
    FILE *file = tmpfile();
    void *memory = MAP_FAILED;

    if (file != NULL && ftruncate(fileno(file), sizeof(sim_world)) == 0) {
        memory = mmap(NULL, sizeof(sim_world), PROT_READ | PROT_WRITE, MAP_SHARED, fileno(file), 0);
    }
    if (file != NULL) {
        (void)fclose(file);
    }
    return memory == MAP_FAILED ? NULL : memory;
}

/* An assertion that failed, or a fault: what was written up to there is brought to an end as after any other failure. Of what the world points
 * to nothing is left here. */
static void tell_fall(sim_world *world, const sim_options *options, int status)
{
    char hash[65] = "unfinished";

    world->failure.failed = false;
    sim_trace_take_up(world);
    sim_world_fail(world, "process", "the process ended by %s %d", WIFSIGNALED(status) ? "signal" : "status",
                   WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
    (void)sim_trace_end(world, world->hash);
    print(world, options, hash);
}

static bool run_apart(sim_world *world, const sim_options *options)
{
    static const int passed_on[] = {SIGTERM, SIGINT, SIGHUP};
    struct sigaction action = {.sa_handler = pass_on};
    int status = 0;
    const pid_t process = fork();

    if (process == 0) {
        const bool held = run_here(world, options);

        exit(held ? 0 : 1);
    }
    if (process < 0) {
        return run_here(world, options);
    }
    runner = (sig_atomic_t)process;
    for (size_t i = 0; i < sizeof passed_on / sizeof passed_on[0]; i++) {
        (void)sigaction(passed_on[i], &action, NULL);
    }
    while (waitpid(process, &status, 0) < 0 && errno == EINTR) {
    }
    if (!WIFEXITED(status) || WEXITSTATUS(status) > 1) {
        tell_fall(world, options, status);
    }
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

bool sim_run_and_print(const sim_options *options)
{
    sim_world *world = shared_world();
    bool held;

    (void)fflush(stdout);
    if (world != NULL) {
        held = run_apart(world, options);
        (void)munmap(world, sizeof *world);
        return held;
    }
    world = sim_alloc(1, sizeof *world);
    held = run_here(world, options);
    free(world);
    return held;
}
