#include "bench.h"

#include <stdlib.h>
#include <time.h>

double nrs_bench_now(void)
{
    struct timespec now = {0};

    if (clock_gettime(CLOCK_MONOTONIC, &now) != 0) {
        abort();
    }
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static int compare_values(const void *a, const void *b)
{
    double left = *(const double *)a;
    double right = *(const double *)b;

    return (left > right) - (left < right);
}

double nrs_bench_median(double *values, size_t value_count)
{
    if (value_count == 0) {
        return 0.0;
    }
    qsort(values, value_count, sizeof *values, compare_values);
    if (value_count % 2 == 1) {
        return values[value_count / 2];
    }
    return (values[value_count / 2 - 1] + values[value_count / 2]) / 2.0;
}

int nrs_bench_print(FILE *out, const nrs_figure *figure)
{
    int written = fprintf(out,
                          "{\"figure\":\"%s\",\"value\":%.3f,\"floor\":%.3f,\"ratio\":%.3f,\"target\":%.3f,"
                          "\"first_class\":%.3f,\"unit\":\"%s\"}\n",
                          figure->name, figure->value, figure->floor, figure->value / figure->floor, figure->target,
                          figure->first_class, figure->unit);

    return written > 0 && fflush(out) == 0 ? 0 : 1;
}
