/* The measured figures of the program, each beside a floor measured in the same run. */
#ifndef TESTS_BENCH_BENCH_H
#define TESTS_BENCH_BENCH_H

#include <stddef.h>
#include <stdio.h>

/** One figure. ratio is value over floor; it is to reach `target`, and `first_class` is better still. */
typedef struct nrs_figure {
    const char *name;
    double value;
    double floor;
    double target;
    double first_class;
    const char *unit; /* of value and floor */
} nrs_figure;

/** Seconds of a clock that only goes forward. */
double nrs_bench_now(void);
/** The median of the values, which it sorts. */
double nrs_bench_median(double *values, size_t value_count);
/** Write one JSON object and a line end. Returns 0, or 1 when it could not be written. */
int nrs_bench_print(FILE *out, const nrs_figure *figure);

/* The parts. Each writes its figures and returns 0, or 1 when something failed that should not. */
int nrs_bench_seal(FILE *out);

#endif
