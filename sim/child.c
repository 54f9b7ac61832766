#include "child.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "memory.h"

#define SECONDS_MAX 300u /* a run of a small world that takes longer hangs; of a larger one, one second more for each node and minute */

_Static_assert(sizeof(sim_result) < 4096, "a result goes through a pipe in one piece");

static void run(int pipe, const sim_options *options)
{
    sim_world *world = sim_alloc(1, sizeof *world);
    sim_result result = {.finished = true};
    ssize_t wrote;

    (void)alarm(SECONDS_MAX + (unsigned)((options->hubs + options->members + 6) * options->minutes));
    sim_world_run(world, options);
    result.failure = world->failure;
    result.sometimes = world->sometimes;
    result.faults = world->options.faults;
    result.nodes = world->node_count;
    result.hubs = world->options.hubs;
    result.acts = world->plan.count;
    result.virtual_ms = world->now_ms;
    sim_world_wipe(world);
    free(world);
    wrote = write(pipe, &result, sizeof result);
    _exit(wrote == (ssize_t)sizeof result ? 0 : 1);
}

bool sim_child_start(sim_child *child, const sim_options *options)
{
    int ends[2];

    if (pipe(ends) != 0) {
        return false;
    }
    child->options = *options;
    child->pipe = ends[0];
    (void)fflush(stdout);
    child->pid = fork();
    if (child->pid == 0) {
        int nowhere = open("/dev/null", O_WRONLY);

        if (nowhere >= 0) { /* an assertion that fails says so again when it is replayed */
            (void)dup2(nowhere, STDERR_FILENO);
        }
        (void)close(ends[0]);
        run(ends[1], options);
    }
    (void)close(ends[1]);
    if (child->pid < 0) {
        (void)close(ends[0]);
        child->pid = 0;
        return false;
    }
    return true;
}

void sim_child_result(sim_result *result_out, sim_child *child, int status)
{
    if (read(child->pipe, result_out, sizeof *result_out) != (ssize_t)sizeof *result_out) {
        *result_out = (sim_result){.failure.failed = true};
        (void)snprintf(result_out->failure.checker, sizeof result_out->failure.checker, "process");
        (void)snprintf(result_out->failure.text, sizeof result_out->failure.text, "the process ended by %s %d",
                       WIFSIGNALED(status) ? "signal" : "status", WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
    }
    (void)close(child->pipe);
    child->pid = 0;
}

bool sim_child_run(sim_result *result_out, const sim_options *options)
{
    sim_child *child = sim_alloc(1, sizeof *child);
    int status = 0;
    bool started = sim_child_start(child, options) && waitpid(child->pid, &status, 0) == child->pid;

    if (started) {
        sim_child_result(result_out, child, status);
    }
    free(child);
    return started;
}
