/* noroshi-bench [PART…]: measures and writes one JSON object for each figure. Without arguments, every part. */
#include <string.h>

#include "bench.h"

static const struct part {
    const char *name;
    int (*run)(FILE *out);
} parts[] = {
    {"seal", nrs_bench_seal},
};

enum { PART_COUNT = sizeof parts / sizeof parts[0] };

static int known(const char *name)
{
    for (size_t i = 0; i < PART_COUNT; i++) {
        if (strcmp(parts[i].name, name) == 0) {
            return 1;
        }
    }
    return 0;
}

static int wanted(const char *name, int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], name) == 0) {
            return 1;
        }
    }
    return argc <= 1;
}

int main(int argc, char **argv)
{
    int failed = 0;

    for (int i = 1; i < argc; i++) {
        if (!known(argv[i])) {
            (void)fprintf(stderr, "noroshi-bench: no such part: %s; there are:", argv[i]);
            for (size_t j = 0; j < PART_COUNT; j++) {
                (void)fprintf(stderr, " %s", parts[j].name);
            }
            (void)fputc('\n', stderr);
            return 2;
        }
    }
    for (size_t i = 0; i < PART_COUNT; i++) {
        if (wanted(parts[i].name, argc, argv) && parts[i].run(stdout) != 0) {
            (void)fprintf(stderr, "noroshi-bench: %s failed\n", parts[i].name);
            failed = 1;
        }
    }
    return failed;
}
