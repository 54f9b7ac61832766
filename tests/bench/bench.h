/* The measured figures of the program, each beside a floor measured in the same run. */
#ifndef TESTS_BENCH_BENCH_H
#define TESTS_BENCH_BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/** One figure. ratio is value over floor; it is to reach `target`, and `first_class` is better still: lower, or higher
 *  where first_class is above target. What is 0 is not known and written as null. */
typedef struct nrs_figure {
    const char *name;
    double value;
    double floor;
    double target;
    double first_class;
    const char *unit; /* of value and floor */
    const char *note; /* why there is no floor; NULL when there is one */
    const char *disk; /* what its files lay on, where that is memory, in which durability costs nothing: the ratio says little; else NULL */
} nrs_figure;

/** What every part is given. */
typedef struct nrs_bench {
    FILE *out;       /* figures; progress goes to standard error */
    const char *bin; /* the folder of noroshi and noroshid */
    bool quick;      /* tiny counts, which show that the parts work and nothing else */
} nrs_bench;

/** Seconds of a clock that only goes forward. */
double nrs_bench_now(void);
/** Sorts the values and gives the one below which `share` of them lie. 0 for none. */
double nrs_bench_percentile(double *values, size_t value_count, double share);
/** The median of the values, which it sorts. */
double nrs_bench_median(double *values, size_t value_count);
void nrs_bench_sleep_ms(unsigned milliseconds);
void nrs_bench_sleep_us(unsigned microseconds);
/** Write one JSON object and a line end. Returns 0, or 1 when it could not be written or the value is no figure. */
int nrs_bench_print(FILE *out, const nrs_figure *figure);
/** For `disk` of a figure that rests on one: "tmpfs" or "ramfs" where the folder is in memory, of which standard error is told; else NULL. */
const char *nrs_bench_disk(const char *folder);
/** A line of progress on standard error. */
void nrs_bench_note(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The parts. Each writes its figures and returns 0, or 1 when something failed that should not. */
int nrs_bench_seal(const nrs_bench *bench);
int nrs_bench_open(const nrs_bench *bench);
int nrs_bench_cli(const nrs_bench *bench);
int nrs_bench_mesh(const nrs_bench *bench);
int nrs_bench_fan(const nrs_bench *bench);
int nrs_bench_memory(const nrs_bench *bench);
int nrs_bench_growth(const nrs_bench *bench);
int nrs_bench_roster(const nrs_bench *bench);

#endif
