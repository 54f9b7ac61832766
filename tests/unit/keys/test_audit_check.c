/* Proofs of consistency against RFC 6962's own definition, and exported logs: one fault in each file of tests/vectors/audit, with the
 * finding that ends its name. The files are written by a second implementation. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "keys/audit_check.h"

#define LEAF_COUNT 300u
#define FILE_COUNT_MIN 32u

static uint8_t roots[LEAF_COUNT + 1][NRS_HASH_SIZE];
static uint8_t nodes[10][LEAF_COUNT][NRS_HASH_SIZE]; /* level, place */

static nrs_error keep_node(void *context, uint32_t level, uint64_t place, const uint8_t hash[NRS_HASH_SIZE])
{
    (void)context;
    memcpy(nodes[level][place], hash, NRS_HASH_SIZE);
    return NRS_OK;
}

static int prepare(void **state)
{
    nrs_audit_tree tree = {0};

    (void)state;
    assert_int_equal(nrs_keys_start(), NRS_OK);
    for (size_t i = 0; i < LEAF_COUNT; i++) {
        const uint8_t data[] = {(uint8_t)i, (uint8_t)(i >> 8)};

        nrs_audit_leaf(nodes[0][i], nrs_slice_of(data, sizeof data));
        assert_int_equal(nrs_audit_append(&tree, nodes[0][i], keep_node, NULL), NRS_OK);
        nrs_audit_root(roots[i + 1], &tree);
    }
    return 0;
}

static nrs_error node_at(void *context, uint32_t level, uint64_t place, uint8_t hash_out[NRS_HASH_SIZE])
{
    const uint64_t *size = context;

    assert_true((place + 1) << level <= *size); /* only what is complete is asked for */
    memcpy(hash_out, nodes[level][place], NRS_HASH_SIZE);
    return NRS_OK;
}

static void test_every_pair(void **state)
{
    nrs_bytes path = {0};

    (void)state;
    for (uint64_t to = 2; to <= LEAF_COUNT; to += to < 70 ? 1 : 23) {
        for (uint64_t from = 1; from < to; from++) {
            assert_int_equal(nrs_audit_consistency_make(&path, from, to, node_at, &to), NRS_OK);
            assert_int_equal(nrs_audit_consistency_verify(from, roots[from], to, roots[to], nrs_slice_of_bytes(&path)), NRS_OK);
            /* Nothing else passes for it. */
            assert_int_equal(nrs_audit_consistency_verify(from, roots[from == 1 ? 2 : from - 1], to, roots[to], nrs_slice_of_bytes(&path)), NRS_ERROR_FORGED);
            assert_int_equal(nrs_audit_consistency_verify(from, roots[from], to, roots[to - 1], nrs_slice_of_bytes(&path)), NRS_ERROR_FORGED);
            if (path.size > 0) {
                path.data[path.size / 2] ^= 1u;
                assert_int_equal(nrs_audit_consistency_verify(from, roots[from], to, roots[to], nrs_slice_of_bytes(&path)), NRS_ERROR_FORGED);
                path.data[path.size / 2] ^= 1u;
                assert_int_equal(nrs_audit_consistency_verify(from, roots[from], to, roots[to], nrs_slice_of(path.data, path.size - 32)), NRS_ERROR_FORGED);
            }
        }
    }
    nrs_bytes_wipe(&path);
}

static void test_odd_arguments(void **state)
{
    const uint8_t path[96] = {0};

    (void)state;
    assert_int_equal(nrs_audit_consistency_verify(0, roots[1], 2, roots[2], nrs_slice_of(path, 32)), NRS_ERROR_FORGED);
    assert_int_equal(nrs_audit_consistency_verify(2, roots[2], 2, roots[2], nrs_slice_of(NULL, 0)), NRS_ERROR_FORGED);
    assert_int_equal(nrs_audit_consistency_verify(3, roots[3], 2, roots[2], nrs_slice_of(path, 32)), NRS_ERROR_FORGED);
    assert_int_equal(nrs_audit_consistency_verify(1, roots[1], 2, roots[2], nrs_slice_of(path, 31)), NRS_ERROR_FORGED);
    assert_int_equal(nrs_audit_consistency_verify(1, roots[1], UINT64_MAX, roots[2], nrs_slice_of(path, 96)), NRS_ERROR_FORGED);
    assert_int_equal(nrs_audit_consistency_verify(UINT64_MAX - 1, roots[1], UINT64_MAX, roots[2], nrs_slice_of(path, 96)), NRS_ERROR_FORGED);
}

/* ---- Exported logs ---- */

static const char *const codes[] = {
    [NRS_AUDIT_FAULT_CHANGED] = "changed",       [NRS_AUDIT_FAULT_MISSING] = "missing",
    [NRS_AUDIT_FAULT_INSERTED] = "inserted",     [NRS_AUDIT_FAULT_CUT] = "cut",
    [NRS_AUDIT_FAULT_REWRITTEN] = "rewritten",   [NRS_AUDIT_FAULT_SIGNED_OTHERWISE] = "signed-otherwise",
    [NRS_AUDIT_FAULT_CHECKPOINT] = "checkpoint", [NRS_AUDIT_FAULT_COSIGNATURE] = "cosignature",
    [NRS_AUDIT_FAULT_SUCCESSION] = "succession", [NRS_AUDIT_FAULT_ALARM] = "alarm",
};

typedef struct first_finding {
    nrs_audit_finding first;
    size_t count;
} first_finding;

static void take(void *context, const nrs_audit_finding *finding)
{
    first_finding *found = context;

    if (found->count++ == 0) {
        found->first = *finding;
    }
}

/* "ok", "malformed", "another-form", or the code of the first finding. */
static const char *judge(nrs_audit_check *check, first_finding *found, const char *path)
{
    static char line[NRS_AUDIT_LINE_SIZE_MAX];
    FILE *file = fopen(path, "r");
    nrs_error error = NRS_OK;

    assert_non_null(file);
    nrs_audit_check_init(check, take, found);
    while (error == NRS_OK && fgets(line, sizeof line, file) != NULL) {
        error = nrs_audit_check_line(check, nrs_slice_of(line, strcspn(line, "\n")));
    }
    fclose(file);
    if (error == NRS_ERROR_UNKNOWN_SUITE) {
        assert_int_equal(check->form, 1);
        return "another-form";
    }
    if (error != NRS_OK) {
        assert_int_equal(error, NRS_ERROR_MALFORMED);
        return "malformed";
    }
    nrs_audit_check_end(check);
    assert_int_equal(check->finding_count, found->count);
    return found->count == 0 ? "ok" : codes[found->first.fault];
}

static void test_files(void **state)
{
    nrs_audit_check *check = malloc(sizeof *check);
    char folder[2048], path[4096];
    DIR *directory;
    struct dirent *entry;
    size_t count = 0;

    (void)state;
    assert_non_null(check);
    (void)snprintf(folder, sizeof folder, "%s/tests/vectors/audit", getenv("NRS_SOURCE_DIR"));
    directory = opendir(folder);
    assert_non_null(directory);
    while ((entry = readdir(directory)) != NULL) {
        first_finding found = {0};
        const char *got;
        size_t size = strlen(entry->d_name);

        if (entry->d_name[0] == '.') {
            continue;
        }
        (void)snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        got = judge(check, &found, path);
        if (size < strlen(got) + 5 || strncmp(entry->d_name + size - 4 - strlen(got), got, strlen(got)) != 0 || entry->d_name[size - 5 - strlen(got)] != '-') {
            fail_msg("%s: %s (entries %llu to %llu)", entry->d_name, got, (unsigned long long)found.first.first, (unsigned long long)found.first.last);
        }
        /* Where: entry 71 in the files that change one, within the page from 65 to 128 where only the page can be told. */
        if (strcmp(got, "changed") == 0 || strcmp(got, "missing") == 0) {
            assert_true(found.first.first == 71 && found.first.last == 71);
        } else if (strcmp(got, "rewritten") == 0 || strcmp(got, "signed-otherwise") == 0) {
            assert_true(found.first.first == 65 && found.first.last == 128);
        }
        if (strcmp(entry->d_name, "put-aside-behind-the-end-inserted.log") == 0) {
            assert_true(found.first.first == 193 && found.first.last == 195 && found.count == 2);
        }
        if (strcmp(entry->d_name, "whole-ok.log") == 0) {
            assert_int_equal(check->cosigner_count, 1);
            assert_int_equal(check->cosigners[0].size, 128);
            assert_int_equal(check->good_size, 192);
            assert_int_equal(check->last_number, 194);
        }
        count++;
    }
    closedir(directory);
    free(check);
    assert_true(count >= FILE_COUNT_MIN);
}

/* Where the first entry is gone no hub has signed what is left, and none is named as if it had. */
static void test_who_signed_nothing_is_no_signer(void **state)
{
    static char line[NRS_AUDIT_LINE_SIZE_MAX];
    nrs_audit_check *check = malloc(sizeof *check);
    first_finding found = {0};
    char path[2048];
    bool left_out = false;
    FILE *file;

    (void)state;
    assert_non_null(check);
    (void)snprintf(path, sizeof path, "%s/tests/vectors/audit/whole-ok.log", getenv("NRS_SOURCE_DIR"));
    file = fopen(path, "r");
    assert_non_null(file);
    nrs_audit_check_init(check, take, &found);
    while (fgets(line, sizeof line, file) != NULL) {
        if (!left_out && strncmp(line, "entry ", 6) == 0) {
            left_out = true;
        } else {
            assert_int_equal(nrs_audit_check_line(check, nrs_slice_of(line, strcspn(line, "\n"))), NRS_OK);
        }
    }
    fclose(file);
    nrs_audit_check_end(check);
    assert_true(left_out && found.count > 0);
    assert_int_equal(check->cosigner_count, 0);
    free(check);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_every_pair), cmocka_unit_test(test_odd_arguments), cmocka_unit_test(test_files),
                                       cmocka_unit_test(test_who_signed_nothing_is_no_signer)};

    return cmocka_run_group_tests(tests, prepare, NULL);
}
