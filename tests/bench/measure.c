#include "bench.h"

#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <time.h>

#include "linux.h"

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

double nrs_bench_percentile(double *values, size_t value_count, double share)
{
    size_t index;

    if (value_count == 0) {
        return 0.0;
    }
    qsort(values, value_count, sizeof *values, compare_values);
    index = (size_t)((double)value_count * share);
    return values[index < value_count ? index : value_count - 1];
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

void nrs_bench_sleep_us(unsigned microseconds)
{
    struct timespec left = {.tv_sec = (time_t)(microseconds / 1000000u),
                            .tv_nsec = (long)(microseconds % 1000000u) * 1000};

    while (nanosleep(&left, &left) != 0) {
    }
}

void nrs_bench_sleep_ms(unsigned milliseconds)
{
    nrs_bench_sleep_us(milliseconds * 1000u);
}

static int print_number(FILE *out, const char *name, double value)
{
    int written = value > 0.0 ? fprintf(out, ",\"%s\":%.3f", name, value) : fprintf(out, ",\"%s\":null", name);

    return written > 0 ? 0 : 1;
}

int nrs_bench_print(FILE *out, const nrs_figure *figure)
{
    double ratio = figure->floor > 0.0 ? figure->value / figure->floor : 0.0;
    int failed = 0;

    if (!isfinite(figure->value) || !isfinite(figure->floor) || figure->value <= 0.0 || figure->floor < 0.0) {
        nrs_bench_note("%s: %f over %f is no figure", figure->name, figure->value, figure->floor);
        return 1;
    }
    failed |= fprintf(out, "{\"figure\":\"%s\"", figure->name) < 0;
    failed |= print_number(out, "value", figure->value);
    failed |= print_number(out, "floor", figure->floor);
    failed |= print_number(out, "ratio", ratio);
    failed |= print_number(out, "target", figure->target);
    failed |= print_number(out, "first_class", figure->first_class);
    failed |= fprintf(out, ",\"unit\":\"%s\"", figure->unit) < 0;
    if (figure->note != NULL) {
        failed |= fprintf(out, ",\"note\":\"%s\"", figure->note) < 0;
    }
    if (figure->disk != NULL) {
        failed |= fprintf(out, ",\"disk\":\"%s\"", figure->disk) < 0;
    }
    failed |= fputs("}\n", out) == EOF;
    return fflush(out) == 0 ? failed : 1;
}

void nrs_bench_note(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    (void)fputs("noroshi-bench: ", stderr);
    (void)vfprintf(stderr, format, arguments);
    (void)fputc('\n', stderr);
    va_end(arguments);
}

const char *nrs_bench_disk(const char *folder)
{
    const char *disk = nrs_linux_memory_disk(folder);

    if (disk != NULL) {
        nrs_bench_note("WARNING: %s is on %s, where a sync costs nothing: figures that rest on the disk are marked and are no measure",
                       folder, disk);
    }
    return disk;
}
