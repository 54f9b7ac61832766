/* noroshi-bench [--quick] [PART…]: measures and writes one JSON object for each figure. Without a part, those that take
 * two minutes in all. */
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "bare_router.h"
#include "bench.h"

static const struct part {
    const char *name;
    int (*run)(const nrs_bench *bench);
    bool when_named_only;
} parts[] = {
    {"seal", nrs_bench_seal, false}, {"open", nrs_bench_open, false}, {"cli", nrs_bench_cli, false},      {"mesh", nrs_bench_mesh, false},
    {"roster", nrs_bench_roster, false}, {"fan", nrs_bench_fan, true},    {"memory", nrs_bench_memory, true}, {"growth", nrs_bench_growth, true},
};

enum { PART_COUNT = sizeof parts / sizeof parts[0], PATH_SIZE_MAX = 192 };

static bool known(const char *name)
{
    for (size_t i = 0; i < PART_COUNT; i++) {
        if (strcmp(parts[i].name, name) == 0) {
            return true;
        }
    }
    return strcmp(name, "--quick") == 0;
}

static bool given(const char *name, int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], name) == 0) {
            return true;
        }
    }
    return false;
}

/* noroshi and noroshid lie beside this program. */
static int find_programs(char folder_out[PATH_SIZE_MAX])
{
    ssize_t size = readlink("/proc/self/exe", folder_out, PATH_SIZE_MAX - 1);
    char *slash;

    if (size <= 0 || size >= PATH_SIZE_MAX - 1) {
        return 1;
    }
    folder_out[size] = '\0';
    slash = strrchr(folder_out, '/');
    if (slash == NULL) {
        return 1;
    }
    *slash = '\0';
    return 0;
}

/* Hundreds of members in one process need two descriptors each. */
static void raise_descriptors(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &limit);
    }
}

int main(int argc, char **argv)
{
    char folder[PATH_SIZE_MAX];
    nrs_bench bench = {.out = stdout, .bin = folder};
    bool named;
    int failed = 0;

    raise_descriptors();
    if (argc == 2 && strcmp(argv[1], NRS_BARE_ROUTER) == 0) {
        return nrs_bare_router_run();
    }
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
    if (find_programs(folder) != 0) {
        (void)fputs("noroshi-bench: its own folder cannot be found\n", stderr);
        return 1;
    }
    bench.quick = given("--quick", argc, argv);
    named = argc > (bench.quick ? 2 : 1);
    for (size_t i = 0; i < PART_COUNT; i++) {
        bool wanted = named ? given(parts[i].name, argc, argv) : !parts[i].when_named_only || bench.quick;

        if (wanted && parts[i].run(&bench) != 0) {
            nrs_bench_note("%s failed", parts[i].name);
            failed = 1;
        }
    }
    return failed;
}
