/* Vectors of tests/vectors/sealing as the tests of keys/ read and judge them. Included once by a test program. */
#ifndef VECTOR_READER_H
#define VECTOR_READER_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "keys/identity.h"
#include "keys/seal.h"
#include "proto/wire.h"

enum { LINES_MAX = 24 };


/* A vector: lines "name: value". */
typedef struct vector {
    char *text;
    char *names[LINES_MAX];
    char *values[LINES_MAX];
    size_t count;
    nrs_bytes decoded[LINES_MAX];
    const char *stage; /* how far keys/ came: the call that was made last */
} vector;

/* In which call a check has its place, for the kinds that take more than one; so that a check left out is seen even
 * where a later one would fail as well. */
typedef struct stage_of_step {
    const char *kind;
    const char *step;
    const char *stage;
} stage_of_step;

typedef struct vector_kind {
    const char *name;
    nrs_error (*open)(vector *v, bool wanted);
} vector_kind;

/* What one of the test programs judges. */
typedef struct vector_set {
    const vector_kind *kinds;
    size_t kind_count;
    const stage_of_step *stages;
    size_t stage_count;
} vector_set;

/* Of all programs together: test_vectors.c and test_vectors_members.c. */
static const char *const all_kinds[] = {"report", "envelope", "person-prekey", "fingerprint", "equivocation", "withdrawal", "export", "card", "prekeys", "roster", "delta", "fork", "freshness", "key-change", "statement-id", "roster-later", "invite"};

static inline void vector_read(vector *v, const char *path)
{
    FILE *file = fopen(path, "rb");
    long size = 0;

    *v = (vector){0};
    assert_non_null(file);
    assert_int_equal(fseek(file, 0, SEEK_END), 0);
    size = ftell(file);
    assert_true(size > 0);
    rewind(file);
    v->text = calloc(1, (size_t)size + 1);
    assert_non_null(v->text);
    assert_int_equal(fread(v->text, 1, (size_t)size, file), (size_t)size);
    (void)fclose(file);
    for (char *line = v->text; *line != '\0';) {
        char *end = strchr(line, '\n');
        char *colon = strstr(line, ": ");

        assert_true(v->count < LINES_MAX && end != NULL && colon != NULL && colon < end);
        *end = '\0';
        *colon = '\0';
        v->names[v->count] = line;
        v->values[v->count++] = colon + 2;
        line = end + 1;
    }
}

static inline void vector_wipe(vector *v)
{
    for (size_t i = 0; i < v->count; i++) {
        nrs_bytes_wipe(&v->decoded[i]);
    }
    free(v->text);
}

/* NULL if there is none. */
static inline const char *text_of(const vector *v, const char *name)
{
    for (size_t i = 0; i < v->count; i++) {
        if (strcmp(v->names[i], name) == 0) {
            return v->values[i];
        }
    }
    return NULL;
}

/* Empty if there is none. Borrowed from the vector. */
static inline nrs_slice hex_of(vector *v, const char *name)
{
    for (size_t i = 0; i < v->count; i++) {
        if (strcmp(v->names[i], name) == 0) {
            const size_t size = strlen(v->values[i]) / 2;

            assert_int_equal(nrs_bytes_resize(&v->decoded[i], size), NRS_OK);
            assert_int_equal(nrs_hex_decode(v->decoded[i].data, size, v->values[i]), NRS_OK);
            return nrs_slice_of_bytes(&v->decoded[i]);
        }
    }
    return nrs_slice_of(NULL, 0);
}

static inline const uint8_t *fixed_of(vector *v, const char *name, size_t size)
{
    const nrs_slice value = hex_of(v, name);

    assert_int_equal(value.size, size);
    return value.data;
}

static inline void expect_bytes(vector *v, const char *name, nrs_slice found)
{
    const nrs_slice wanted = hex_of(v, name);

    assert_int_equal(found.size, wanted.size);
    assert_memory_equal(found.data, wanted.data, wanted.size);
}

static inline void read_identity(nrs_identity **identity_out, vector *v, const char *name)
{
    assert_int_equal(nrs_identity_load(identity_out, hex_of(v, name), nrs_slice_of(NULL, 0)), NRS_OK);
}

static inline void read_prekey(nrs_prekey_secret *prekey, vector *v)
{
    *prekey = (nrs_prekey_secret){0};
    memcpy(prekey->id, fixed_of(v, "prekey_id", NRS_PREKEY_ID_SIZE), NRS_PREKEY_ID_SIZE);
    assert_int_equal(nrs_secret_copy(&prekey->secret, hex_of(v, "prekey_secret")), NRS_OK);
    assert_int_equal(crypto_scalarmult_base(prekey->key, nrs_secret_view(prekey->secret)), 0);
}

static inline nrs_public_keys read_public(vector *v, const char *sign, const char *agree)
{
    nrs_public_keys keys = {{0}, {0}, {0}};

    memcpy(keys.sign_key, fixed_of(v, sign, NRS_KEY_SIZE), NRS_KEY_SIZE);
    memcpy(keys.agree_key, fixed_of(v, agree, NRS_KEY_SIZE), NRS_KEY_SIZE);
    return keys;
}

/* The payload of a record, which the vector's maker wrapped itself. */
static inline void unwrap(nrs_record **record_out, vector *v, const char *name, nrs_record_type type)
{
    assert_int_equal(nrs_record_decode(record_out, hex_of(v, name)), NRS_OK);
    assert_int_equal((*record_out)->type, type);
}

/* ---- All of them ---- */

/* True if the check that failed has its place in the call that failed. */
static inline bool stage_fits(const vector_set *set, const vector *v, const char *kind)
{
    const char *step = text_of(v, "step");

    if (step == NULL || v->stage == NULL) { /* a good one, or a kind of one call */
        return true;
    }
    for (size_t i = 0; i < set->stage_count; i++) {
        if (strcmp(set->stages[i].kind, kind) == 0 && strcmp(set->stages[i].step, step) == 0) {
            return strcmp(set->stages[i].stage, v->stage) == 0;
        }
    }
    return false;
}

/* Adds to *judged and to *wrong; a kind that the set does not have is another program's, which must know it. */
static inline void judge(const vector_set *set, const char *path, size_t *judged, size_t *wrong)
{
    vector v;
    const char *kind = NULL;
    const char *expect = NULL;
    bool known = false;

    vector_read(&v, path);
    kind = text_of(&v, "kind");
    expect = text_of(&v, "expect");
    assert_non_null(kind);
    assert_non_null(expect);
    for (size_t i = 0; i < sizeof all_kinds / sizeof all_kinds[0]; i++) {
        known = known || strcmp(kind, all_kinds[i]) == 0;
    }
    assert_true(known);
    for (size_t i = 0; i < set->kind_count; i++) {
        nrs_error error;

        if (strcmp(kind, set->kinds[i].name) != 0) {
            continue;
        }
        error = set->kinds[i].open(&v, strcmp(expect, "ok") == 0);
        (*judged)++;
        if (strcmp(nrs_error_rule(error), expect) != 0 || !stage_fits(set, &v, kind)) {
            print_error("%s: %s at %s, wanted %s\n", path, nrs_error_rule(error), v.stage == NULL ? kind : v.stage, expect);
            (*wrong)++;
        }
    }
    vector_wipe(&v);
}

static inline void judge_all(const vector_set *set, size_t count_min)
{
    const char *source = getenv("NRS_SOURCE_DIR");
    char path[4096];
    DIR *folder = NULL;
    const struct dirent *entry = NULL;
    size_t judged = 0, wrong = 0;

    assert_non_null(source);
    assert_int_equal(nrs_keys_start(), NRS_OK);
    (void)snprintf(path, sizeof path, "%s/tests/vectors/sealing", source);
    folder = opendir(path);
    assert_non_null(folder);
    while ((entry = readdir(folder)) != NULL) {
        if (strstr(entry->d_name, ".txt") != NULL) {
            (void)snprintf(path, sizeof path, "%s/tests/vectors/sealing/%s", source, entry->d_name);
            judge(set, path, &judged, &wrong);
        }
    }
    (void)closedir(folder);
    assert_true(judged >= count_min);
    assert_int_equal(wrong, 0);
}

#endif
