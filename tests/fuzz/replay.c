/* Runs a fuzzer over every file of a corpus folder and over fixed mutations of each: truncations, flipped bits, and
 * splices with the file before; at most so many of each as a number after the folder says. Nothing is left to chance, so that a failure comes again. The program that the fuzzer
 * ends with an abort has failed; so has one without a corpus, since it would have tested nothing. */
#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "seeded_random.h"

enum {
    FILE_COUNT_MAX = 4096,
    FILE_SIZE_MAX = 1024 * 1024,
    NAME_SIZE_MAX = 256,
    TRUNCATIONS_MAX = 512,
    FLIPS_MAX = 2000,
    SPLICES = 16
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
/* A fuzzer may do without. */
__attribute__((weak)) int LLVMFuzzerInitialize(int *argc, char ***argv);

typedef struct input {
    uint8_t *data;
    size_t size;
} input;

static unsigned long run_count;
static size_t few = SIZE_MAX; /* of each kind of mutation */

/* In a block of exactly its size, so that the address sanitizer sees a read past the end. */
static bool run(const uint8_t *data, size_t size)
{
    uint8_t *copy = malloc(size > 0 ? size : 1);

    if (copy == NULL) {
        (void)fprintf(stderr, "replay: not enough memory\n");
        return false;
    }
    if (size > 0) {
        memcpy(copy, data, size);
    }
    (void)LLVMFuzzerTestOneInput(copy, size);
    free(copy);
    run_count++;
    return true;
}

/* The i-th of count places that are spread over size. */
static size_t spread(size_t i, size_t count, size_t size)
{
    return size <= count ? i : (size_t)((unsigned long long)i * size / count);
}

static size_t at_most(size_t value, size_t limit)
{
    return value < limit ? value : limit;
}

static bool truncations(const input *in)
{
    const size_t count = at_most(at_most(in->size, TRUNCATIONS_MAX), few);

    for (size_t i = 0; i < count; i++) {
        if (!run(in->data, spread(i, count, in->size))) {
            return false;
        }
    }
    return true;
}

static bool flips(const input *in)
{
    const size_t bit_count = in->size * 8;
    const size_t count = at_most(at_most(bit_count, FLIPS_MAX), few);

    for (size_t i = 0; i < count; i++) {
        const size_t byte = spread(i, count, bit_count) / 8;
        /* Spread out, neighbours would always meet the same bit of a byte. */
        const uint8_t bit = (uint8_t)(1u << (bit_count <= count ? i % 8 : (i + byte) % 8));
        bool fine = false;

        in->data[byte] ^= bit;
        fine = run(in->data, in->size);
        in->data[byte] ^= bit;
        if (!fine) {
            return false;
        }
    }
    return true;
}

/* The beginning of one and the end of the other. */
static bool splices(const input *in, const input *other)
{
    const size_t room = in->size + other->size;
    uint8_t *joined = malloc(room > 0 ? room : 1);
    bool fine = joined != NULL;

    for (size_t i = 0; fine && i < at_most(SPLICES, few); i++) {
        const size_t head = in->size * (i + 1) / (SPLICES + 1);
        const size_t tail_start = other->size * (i * 7 % SPLICES) / SPLICES;
        const size_t tail = other->size - tail_start;

        if (head > 0) {
            memcpy(joined, in->data, head);
        }
        if (tail > 0) {
            memcpy(joined + head, other->data + tail_start, tail);
        }
        fine = run(joined, head + tail);
    }
    free(joined);
    return fine;
}

static bool read_input(input *out, const char *path)
{
    FILE *file = fopen(path, "rb");
    uint8_t *data = malloc(FILE_SIZE_MAX + 1);
    size_t size = 0;
    bool fine = false;

    if (file != NULL && data != NULL) {
        size = fread(data, 1, FILE_SIZE_MAX + 1, file);
        fine = !ferror(file) && size <= FILE_SIZE_MAX;
    }
    if (file != NULL) {
        (void)fclose(file);
    }
    if (!fine) {
        (void)fprintf(stderr, "replay: cannot read %s\n", path);
        free(data);
        return false;
    }
    *out = (input){data, size};
    return true;
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(a, b);
}

/* The names of the regular files of a folder, in order. Returns how many. */
static size_t list(char (*names)[NAME_SIZE_MAX], const char *folder)
{
    DIR *directory = opendir(folder);
    const struct dirent *entry = NULL;
    size_t count = 0;

    if (directory == NULL) {
        return 0;
    }
    while (count < FILE_COUNT_MAX && (entry = readdir(directory)) != NULL) {
        char path[4096];
        struct stat status;
        const int size = snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);

        if (size > 0 && (size_t)size < sizeof path && strlen(entry->d_name) < NAME_SIZE_MAX &&
            stat(path, &status) == 0 && S_ISREG(status.st_mode)) {
            (void)snprintf(names[count++], NAME_SIZE_MAX, "%s", entry->d_name);
        }
    }
    (void)closedir(directory);
    qsort(names, count, NAME_SIZE_MAX, compare_names);
    return count;
}

static bool replay(const char *folder, char (*names)[NAME_SIZE_MAX], size_t count)
{
    input before = {0};
    bool fine = run(NULL, 0);

    for (size_t i = 0; fine && i < count; i++) {
        char path[4096];
        input in = {0};

        (void)snprintf(path, sizeof path, "%s/%s", folder, names[i]);
        fine = read_input(&in, path) && run(in.data, in.size) && truncations(&in) && flips(&in) &&
               splices(&in, &before) && splices(&before, &in);
        free(before.data);
        before = in;
    }
    free(before.data);
    return fine;
}

int main(int argc, char **argv)
{
    char(*names)[NAME_SIZE_MAX] = NULL;
    size_t count = 0;
    bool fine = false;

    if (argc != 2 && argc != 3) {
        (void)fprintf(stderr, "usage: %s CORPUS-FOLDER [FEW]\n", argv[0]);
        return 1;
    }
    if (nrs_seeded_install("replay") != 0 ||
        (LLVMFuzzerInitialize != NULL && LLVMFuzzerInitialize(&argc, &argv) != 0)) {
        (void)fprintf(stderr, "replay: the fuzzer does not start\n");
        return 1;
    }
    if (argc == 3) {
        few = (size_t)strtoul(argv[2], NULL, 10);
    }
    names = calloc(FILE_COUNT_MAX, sizeof *names);
    if (names != NULL) {
        count = list(names, argv[1]);
    }
    if (count == 0) {
        (void)fprintf(stderr, "replay: no corpus in %s\n", argv[1]);
    } else {
        fine = replay(argv[1], names, count);
        (void)printf("%zu files, %lu inputs\n", count, run_count);
    }
    free(names);
    return fine ? 0 : 1;
}
