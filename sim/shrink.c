#include "shrink.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "memory.h"

#define RUNS_MAX 400u
#define SECONDS_MAX 90

typedef struct search {
    sim_options *options;  /* the smallest that fails */
    sim_options *trial;
    char checker[24];
    size_t runs;
    time_t until;
} search;

static bool spent(const search *job)
{
    return job->runs >= RUNS_MAX || time(NULL) > job->until;
}

static bool still_fails(search *job)
{
    sim_result result;

    job->runs++;
    if (!sim_child_run(&result, job->trial) || !result.failure.failed || strcmp(result.failure.checker, job->checker) != 0) {
        return false;
    }
    *job->options = *job->trial;
    return true;
}

static void fewer_nodes(search *job, size_t nodes)
{
    for (size_t i = nodes; i > 0 && !spent(job); i--) {
        *job->trial = *job->options;
        job->trial->absent[i - 1] = true;
        (void)still_fails(job);
    }
}

/* Leave out ever smaller pieces. */
static void fewer_acts(search *job, size_t acts)
{
    for (size_t piece = acts; piece > 0 && !spent(job); piece /= 2) {
        for (size_t from = 0; from < acts && !spent(job); from += piece) {
            bool anything = false;

            *job->trial = *job->options;
            for (size_t i = from; i < from + piece && i < acts; i++) {
                anything = anything || !job->trial->without[i];
                job->trial->without[i] = true;
            }
            if (anything) {
                (void)still_fails(job);
            }
        }
    }
}

size_t sim_shrink(sim_options *options, const sim_result *result)
{
    search job = {.options = options, .trial = sim_alloc(1, sizeof *job.trial), .until = time(NULL) + SECONDS_MAX};

    memcpy(job.checker, result->failure.checker, sizeof job.checker);
    fewer_acts(&job, result->acts == 0 ? 400 : result->acts);
    fewer_nodes(&job, result->nodes == 0 ? 8 : result->nodes);
    fewer_acts(&job, result->acts == 0 ? 400 : result->acts);
    free(job.trial);
    return job.runs;
}
