/* noroshi-sim: the command line. */
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "hunt.h"
#include "memory.h"
#include "run.h"
#include "vfs.h"
#include "world.h"

static const char usage[] =
    "noroshi-sim run --seed N [--hubs H] [--members M] [--hours T] [--faults PROFILE] [--trace FILE] [--picture FILE]\n"
    "                [--absent NODES] [--without ACTS]\n"
    "noroshi-sim hunt --minutes M [--from SEED] [--seeds COUNT] [--jobs J] [--hubs H] [--members M] [--hours T]\n"
    "                 [--faults PROFILE] [--keep FILE] [--first] [--counts]\n"
    "\n"
    "A whole mesh of nodes on one virtual clock: the daemon's own engine, store and keys, with faults drawn from a seed.\n"
    "  --faults PROFILE   none, network, disk, crash, clock, memory, hostile, several with commas, all, or swarm: the seed\n"
    "                     chooses (the default)\n"
    "  --hours T          virtual time with faults, such as 0.2; then everything is mended, and everything must arrive\n"
    "  --trace FILE       what happened, line by line        --picture FILE  the same as a message sequence picture (SVG)\n"
    "  --absent 3,5       nodes that are left out            --without 0-7,9  acts of the plan that are left out\n"
    "  --keep FILE        add the lines that replay failures     --first  end with the first failure, not made small\n"
    "  --counts           in how many worlds each thing happened that should happen sometimes, the rarest first\n"
    "Example: noroshi-sim run --seed 812 --faults crash,disk --trace run.txt\n";

enum { OPTION_SEED = 256, OPTION_HUBS, OPTION_MEMBERS, OPTION_HOURS, OPTION_FAULTS, OPTION_TRACE, OPTION_PICTURE, OPTION_ABSENT, OPTION_WITHOUT,
       OPTION_MINUTES, OPTION_FROM, OPTION_SEEDS, OPTION_JOBS, OPTION_KEEP, OPTION_FIRST, OPTION_COUNTS };

static const struct option run_options[] = {
    {"seed", required_argument, NULL, OPTION_SEED},       {"hubs", required_argument, NULL, OPTION_HUBS},
    {"members", required_argument, NULL, OPTION_MEMBERS}, {"hours", required_argument, NULL, OPTION_HOURS},
    {"faults", required_argument, NULL, OPTION_FAULTS},   {"trace", required_argument, NULL, OPTION_TRACE},
    {"picture", required_argument, NULL, OPTION_PICTURE}, {"absent", required_argument, NULL, OPTION_ABSENT},
    {"without", required_argument, NULL, OPTION_WITHOUT}, {"help", no_argument, NULL, 'h'},
    {NULL, 0, NULL, 0},
};

static const struct option hunt_options[] = {
    {"minutes", required_argument, NULL, OPTION_MINUTES}, {"from", required_argument, NULL, OPTION_FROM},
    {"seeds", required_argument, NULL, OPTION_SEEDS},     {"jobs", required_argument, NULL, OPTION_JOBS},
    {"hubs", required_argument, NULL, OPTION_HUBS},       {"members", required_argument, NULL, OPTION_MEMBERS},
    {"hours", required_argument, NULL, OPTION_HOURS},     {"faults", required_argument, NULL, OPTION_FAULTS},
    {"keep", required_argument, NULL, OPTION_KEEP},       {"first", no_argument, NULL, OPTION_FIRST},
    {"counts", no_argument, NULL, OPTION_COUNTS},         {"help", no_argument, NULL, 'h'},
    {NULL, 0, NULL, 0},
};

#define HUBS_MAX 8
#define MEMBERS_MAX (SIM_NODES_MAX - HUBS_MAX)
_Static_assert(MEMBERS_MAX == 56 && SIM_NODES_MAX == 64 && SIM_ACTS_MAX == 4096, "what limits_of says");

/* What an option takes; empty where its value is no number. */
static const char *limits_of(int option)
{
    switch (option) {
    case OPTION_HUBS:
        return " (1 to 8)";
    case OPTION_MEMBERS:
        return " (1 to 56)";
    case OPTION_HOURS:
        return " (0.01 to 240)";
    case OPTION_MINUTES:
        return " (1 to 100000)";
    case OPTION_JOBS:
        return " (1 to 64)";
    case OPTION_ABSENT:
        return " (nodes from 0 to 63, as 3,5-7)";
    case OPTION_WITHOUT:
        return " (acts from 0 to 4095, as 3,5-7)";
    default:
        return "";
    }
}

static bool number(uint64_t *value_out, const char *text, uint64_t low, uint64_t high)
{
    char *end = NULL;
    unsigned long long value;

    errno = 0;
    value = strtoull(text, &end, 10);
    if (errno != 0 || text[0] < '0' || text[0] > '9' || *end != '\0' || value < low || value > high) {
        return false;
    }
    *value_out = value;
    return true;
}

static bool size(size_t *value_out, const char *text, uint64_t low, uint64_t high)
{
    uint64_t value = 0;

    if (!number(&value, text, low, high)) {
        return false;
    }
    *value_out = (size_t)value;
    return true;
}

/* A file that cannot be written is told before the work is done. NULL: none is asked for. */
static bool can_write(const char *path)
{
    FILE *file = path == NULL ? NULL : fopen(path, "a");

    if (path == NULL) {
        return true;
    }
    if (file == NULL) {
        (void)fprintf(stderr, "noroshi-sim: cannot write %s: %s\n", path, strerror(errno));
        return false;
    }
    return fclose(file) == 0;
}

/* The one would be written over the other. What is no plain file may take both. */
static bool same_file(const char *path, const char *other)
{
    struct stat first, second;

    if (path == NULL || other == NULL) {
        return false;
    }
    if (stat(path, &first) != 0 || stat(other, &second) != 0) {
        return strcmp(path, other) == 0;
    }
    return S_ISREG(first.st_mode) && first.st_dev == second.st_dev && first.st_ino == second.st_ino;
}

/* Hours with a fraction, as whole minutes. */
static bool hours(uint64_t *minutes_out, const char *text)
{
    char *end = NULL;
    double value = strtod(text, &end);

    if (end == text || text[strspn(text, "0123456789.")] != '\0' || *end != '\0' || !(value >= 0.01 && value <= 240)) {
        return false;
    }
    *minutes_out = (uint64_t)(value * 60 + 0.5);
    return *minutes_out > 0;
}

/* In-out: text: what follows it. */
static bool place(unsigned long *value_out, const char **text)
{
    char *end = NULL;
    const bool is = **text >= '0' && **text <= '9';

    if (is) {
        *value_out = strtoul(*text, &end, 10);
        *text = end;
    }
    return is;
}

/* "3,5-7" marks 3, 5, 6 and 7. */
static bool marks(bool *list, size_t count, const char *text)
{
    for (;;) {
        unsigned long first, last;

        if (!place(&first, &text)) {
            return false;
        }
        last = first;
        if (*text == '-') {
            text++;
            if (!place(&last, &text)) {
                return false;
            }
        }
        if (last < first || last >= count || (*text != ',' && *text != '\0')) {
            return false;
        }
        for (unsigned long i = first; i <= last; i++) {
            list[i] = true;
        }
        if (*text == '\0') {
            return true;
        }
        text++;
    }
}

/* What a run and a hunt have in common. */
static bool take_world_option(sim_options *options, int option, const char *value)
{
    switch (option) {
    case OPTION_HUBS:
        return size(&options->hubs, value, 1, HUBS_MAX);
    case OPTION_MEMBERS:
        return size(&options->members, value, 1, MEMBERS_MAX);
    case OPTION_HOURS:
        return hours(&options->minutes, value);
    case OPTION_FAULTS:
        return sim_faults_parse(&options->faults, value);
    default:
        return false;
    }
}

static bool take_run_option(sim_options *options, int option, const char *value)
{
    switch (option) {
    case OPTION_SEED:
        return number(&options->seed, value, 0, UINT64_MAX);
    case OPTION_TRACE:
        options->trace = value;
        return true;
    case OPTION_PICTURE:
        options->picture = value;
        return true;
    case OPTION_ABSENT:
        return marks(options->absent, SIM_NODES_MAX, value);
    case OPTION_WITHOUT:
        return marks(options->without, SIM_ACTS_MAX, value);
    default:
        return take_world_option(options, option, value);
    }
}

static bool take_hunt_option(sim_hunt *hunt, int option, const char *value)
{
    switch (option) {
    case OPTION_MINUTES:
        return number(&hunt->minutes, value, 1, 100000);
    case OPTION_FROM:
        return number(&hunt->from, value, 0, UINT64_MAX);
    case OPTION_SEEDS:
        return number(&hunt->seeds, value, 1, UINT64_MAX);
    case OPTION_JOBS:
        return size(&hunt->jobs, value, 1, 64);
    case OPTION_KEEP:
        hunt->keep = value;
        return true;
    case OPTION_FIRST:
        hunt->first = true;
        return true;
    case OPTION_COUNTS:
        hunt->counts = true;
        return true;
    default:
        return take_world_option(&hunt->world, option, value);
    }
}

/* Which word was wrong, before all that would have been right. */
static int fail_value(const struct option *options, int option, const char *value)
{
    for (size_t i = 0; options[i].name != NULL; i++) {
        if (options[i].val == option && option != 'h') {
            (void)fprintf(stderr, "noroshi-sim: --%s does not take %s%s\n\n%s", options[i].name, value, limits_of(option), usage);
            return 2;
        }
    }
    (void)fputs(usage, stderr); /* getopt has named what it does not know */
    return 2;
}

static int fail_word(const char *what, const char *word)
{
    (void)fprintf(stderr, "noroshi-sim: %s%s%s\n\n%s", what, word == NULL ? "" : " ", word == NULL ? "" : word, usage);
    return 2;
}

static int fail_usage(void)
{
    (void)fputs(usage, stderr);
    return 2;
}

/* By the shape that was given, or that the seed chooses. */
static bool nobody_is_there(sim_options options)
{
    sim_world_choose_shape(&options);
    for (size_t i = 0; i < options.hubs + options.members; i++) {
        if (!options.absent[i]) {
            return false;
        }
    }
    return true;
}

static int run(int argc, char **argv)
{
    static sim_options options = {.faults = SIM_FAULTS_SWARM};
    bool seeded = false;
    int option;

    while ((option = getopt_long(argc, argv, "h", run_options, NULL)) != -1) {
        if (option == 'h') {
            (void)fputs(usage, stdout);
            return 0;
        }
        if (!take_run_option(&options, option, optarg)) {
            return fail_value(run_options, option, optarg);
        }
        seeded = seeded || option == OPTION_SEED;
    }
    if (optind != argc) {
        return fail_word("run takes no", argv[optind]);
    }
    if (!seeded) {
        return fail_word("run needs --seed", NULL);
    }
    if (same_file(options.trace, options.picture)) {
        return fail_word("--trace and --picture are both", options.trace);
    }
    if (nobody_is_there(options)) {
        return fail_word("--absent leaves nobody", NULL);
    }
    return can_write(options.trace) && can_write(options.picture) && sim_run_and_print(&options) ? 0 : 1;
}

static int hunt(int argc, char **argv)
{
    static sim_hunt hunt = {.world = {.faults = SIM_FAULTS_SWARM}, .from = 1};
    int option;

    while ((option = getopt_long(argc, argv, "h", hunt_options, NULL)) != -1) {
        if (option == 'h') {
            (void)fputs(usage, stdout);
            return 0;
        }
        if (!take_hunt_option(&hunt, option, optarg)) {
            return fail_value(hunt_options, option, optarg);
        }
    }
    if (optind != argc) {
        return fail_word("hunt takes no", argv[optind]);
    }
    if (hunt.minutes == 0 && hunt.seeds == 0) {
        return fail_word("hunt needs --minutes or --seeds", NULL);
    }
    if (hunt.from > UINT64_MAX - hunt.seeds) {
        return fail_word("--from and --seeds go beyond the last seed", NULL);
    }
    return can_write(hunt.keep) && sim_hunt_run(&hunt) ? 0 : 1;
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        return fail_usage();
    }
    sim_run_called(argv[0]);
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
        (void)fputs(usage, stdout);
        return 0;
    }
    sim_memory_install();
    sim_vfs_install();
    sim_random_install();
    if (nrs_keys_start() != NRS_OK) {
        (void)fputs("libsodium does not start\n", stderr);
        return 1;
    }
    if (strcmp(argv[1], "run") == 0) {
        return run(argc - 1, argv + 1);
    }
    if (strcmp(argv[1], "hunt") == 0) {
        return hunt(argc - 1, argv + 1);
    }
    return fail_word("there is no", argv[1]);
}
