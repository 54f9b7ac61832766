/* Writes tests/vectors/sealing: sealed reports, grants, envelopes, rosters and cards, each good or with one failure,
 * made by keys/ from a seeded generator. check_sealing.py, which shares no code with keys/, and test_vectors.c judge
 * them. */
#include <stdlib.h>

#include "../fuzz/seeded_random.h"
#include "keys/secret.h"
#include "vector_file.h"

FILE *vector_open(const char *folder, const vector_head *head)
{
    char path[4096];
    FILE *file = NULL;

    (void)snprintf(path, sizeof path, "%s/%s.txt", folder, head->name);
    nrs_seeded_restart(head->name);
    file = fopen(path, "w");
    if (file == NULL) {
        perror(path);
        exit(1);
    }
    vector_text(file, "about", head->about);
    vector_text(file, "kind", head->kind);
    vector_text(file, "expect", head->rule == NULL ? "ok" : head->rule);
    if (head->step != NULL) {
        vector_text(file, "step", head->step);
    }
    return file;
}

void vector_text(FILE *file, const char *name, const char *value)
{
    (void)fprintf(file, "%s: %s\n", name, value);
}

void vector_hex(FILE *file, const char *name, nrs_slice value)
{
    if (value.size == 0) {
        return;
    }
    (void)fprintf(file, "%s: ", name);
    for (size_t i = 0; i < value.size; i++) {
        (void)fprintf(file, "%02x", value.data[i]);
    }
    (void)fprintf(file, "\n");
}

void vector_close(FILE *file)
{
    const int failed = ferror(file);

    if (fclose(file) != 0 || failed) {
        perror("make_sealing");
        exit(1);
    }
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        (void)fprintf(stderr, "usage: %s FOLDER\n", argv[0]);
        return 2;
    }
    if (nrs_seeded_install("vectors") != 0 || nrs_keys_start() != NRS_OK) {
        return 1;
    }
    make_reports(argv[1]);
    make_statements(argv[1]);
    make_rosters(argv[1]);
    make_streams(argv[1]);
    make_withdrawals(argv[1]);
    make_exports(argv[1]);
    make_changes(argv[1]);
    make_invites(argv[1]);
    return 0;
}
