#include "hunt.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "child.h"
#include "memory.h"
#include "run.h"
#include "shrink.h"

#define JOBS_MAX 64u
#define FOUND_MAX 20u /* then it has found enough */

typedef struct state {
    const sim_hunt *hunt;
    sim_child *children;
    size_t jobs, running;
    uint64_t next, done, found;
    uint64_t virtual_ms;
    struct timespec began;
    sim_sometimes sometimes, worlds; /* how often; in how many worlds */
    unsigned faults;      /* that any run had */
} state;

static double seconds_since(const struct timespec *began)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)(now.tv_sec - began->tv_sec) + (double)(now.tv_nsec - began->tv_nsec) / 1e9;
}

static bool more(const state *job)
{
    if (job->found >= (job->hunt->first ? 1 : FOUND_MAX) || (job->hunt->seeds != 0 && job->next >= job->hunt->from + job->hunt->seeds)) {
        return false;
    }
    return job->hunt->minutes == 0 || seconds_since(&job->began) < 60.0 * (double)job->hunt->minutes;
}

static void keep(const state *job, const char *line)
{
    FILE *file = job->hunt->keep == NULL ? NULL : fopen(job->hunt->keep, "a");

    if (file != NULL) {
        (void)fprintf(file, "%s\n", line);
        (void)fclose(file);
    }
}

static void report(state *job, sim_options *options, const sim_result *result)
{
    static char line[24000];
    size_t runs;

    (void)printf("seed %" PRIu64 ": FAILED %s: %s\n  after %.0f s, at %" PRIu64 ":%02" PRIu64 " of virtual time\n", options->seed,
                 result->failure.checker, result->failure.text, seconds_since(&job->began), result->failure.at_ms / 60000,
                 result->failure.at_ms / 1000 % 60);
    runs = job->hunt->first ? 0 : sim_shrink(options, result);
    sim_run_line(line, sizeof line, options);
    (void)printf("  replay (made small in %zu runs): %s\n", runs, line);
    (void)fflush(stdout);
    keep(job, line);
}

static void take(state *job, sim_child *child, int status)
{
    sim_result result;
    sim_options *options;

    sim_child_result(&result, child, status);
    job->running--;
    job->done++;
    job->faults |= result.faults;
    job->virtual_ms += result.virtual_ms;
    for (size_t i = 0; i < SIM_SOMETIMES_COUNT; i++) {
        job->sometimes.count[i] += result.sometimes.count[i];
        job->worlds.count[i] += result.sometimes.count[i] != 0 ? 1 : 0;
    }
    if (result.failure.failed && (!job->hunt->first || job->found == 0)) {
        job->found++;
        options = sim_alloc(1, sizeof *options);
        *options = child->options;
        report(job, options, &result);
        free(options);
    }
}

static bool start_one(state *job)
{
    sim_options *options = sim_alloc(1, sizeof *options);
    bool started = false;

    *options = job->hunt->world;
    options->seed = job->next;
    for (size_t i = 0; i < job->jobs && !started; i++) {
        if (job->children[i].pid == 0) {
            started = sim_child_start(&job->children[i], options);
        }
    }
    free(options);
    job->running += started ? 1 : 0;
    job->next += started ? 1 : 0;
    return started;
}

static void wait_one(state *job)
{
    int status = 0;
    pid_t pid = waitpid(-1, &status, 0);

    for (size_t i = 0; i < job->jobs; i++) {
        if (pid > 0 && job->children[i].pid == pid) {
            take(job, &job->children[i], status);
            return;
        }
    }
}

/* In a world whose shape was given some things never happen: with one hub, or in a minute. */
static bool shaped(const sim_options *world)
{
    return world->hubs != 0 || world->members != 0 || world->minutes != 0;
}

bool sim_hunt_run(const sim_hunt *hunt)
{
    state job = {.hunt = hunt, .next = hunt->from};
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    uint64_t asked_of;
    size_t missing, unasked;
    bool able = true;

    job.jobs = hunt->jobs != 0 ? hunt->jobs : processors < 1 ? 1 : (size_t)processors;
    job.jobs = job.jobs > JOBS_MAX ? JOBS_MAX : job.jobs;
    job.children = sim_alloc(job.jobs, sizeof job.children[0]);
    (void)clock_gettime(CLOCK_MONOTONIC, &job.began);
    while (job.running > 0 || (able && more(&job))) {
        while (able && job.running < job.jobs && more(&job)) {
            able = start_one(&job);
        }
        if (job.running > 0) {
            wait_one(&job);
        }
    }
    free(job.children);
    (void)printf("%" PRIu64 " seeds, from %" PRIu64 ", in %.0f s: %" PRIu64 " hours of virtual time, %" PRIu64 " failures\n", job.done, hunt->from,
                 seconds_since(&job.began), job.virtual_ms / 3600000, job.found);
    if (!able) {
        (void)printf("no process could be made\n");
    }
    asked_of = job.found > 0 || shaped(&hunt->world) ? 0 : job.done; /* a few seeds cannot have seen everything */
    if (hunt->counts) {
        sim_sometimes_print(&job.worlds, job.faults, asked_of, stdout);
    }
    missing = sim_sometimes_missing(&job.sometimes, job.faults, asked_of, stdout);
    unasked = sim_sometimes_unasked(&job.sometimes, job.faults, asked_of);
    if (unasked > 0) {
        (void)printf("not asked for, and never reached: %zu things (%s)\n", unasked,
                     job.found > 0 ? "a seed failed" : shaped(&hunt->world) ? "the shape of the worlds was given" : "too few seeds, or other faults");
    }
    return able && job.found == 0 && missing == 0;
}
