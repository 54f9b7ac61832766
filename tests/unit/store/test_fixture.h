/* A store in a folder of its own, and small makers of rows, for the tests of this box. */
#ifndef TEST_FIXTURE_H
#define TEST_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "store/store.h"

typedef struct fixture {
    char folder[64];
    char path[96];
    nrs_store *store;
} fixture;

static const uint8_t fixture_incarnation[NRS_LOG_ID_SIZE] = "incarnation-one";

static inline nrs_error fixture_open(fixture *f)
{
    const nrs_store_options options = {.path = f->path};

    return nrs_store_open(&f->store, &options, fixture_incarnation);
}

static inline int fixture_folder(void **state)
{
    fixture *f = calloc(1, sizeof *f);

    if (f == NULL) {
        return -1;
    }
    (void)snprintf(f->folder, sizeof f->folder, "/tmp/nrs-store-XXXXXX");
    if (mkdtemp(f->folder) == NULL) {
        free(f);
        return -1;
    }
    (void)snprintf(f->path, sizeof f->path, "%s/node.db", f->folder);
    *state = f;
    return 0;
}

static inline int fixture_setup(void **state)
{
    return fixture_folder(state) != 0 || fixture_open(*state) != NRS_OK ? -1 : 0;
}

static inline int fixture_teardown(void **state)
{
    static const char *const suffixes[] = {"", "-wal", "-shm"};
    fixture *f = *state;

    nrs_store_close(&f->store);
    for (size_t i = 0; i < sizeof suffixes / sizeof suffixes[0]; i++) {
        char name[128];

        (void)snprintf(name, sizeof name, "%s%s", f->path, suffixes[i]);
        (void)unlink(name);
    }
    (void)rmdir(f->folder);
    free(f);
    return 0;
}

static inline void fixture_reopen(fixture *f)
{
    nrs_store_close(&f->store);
    assert_int_equal(fixture_open(f), NRS_OK);
}

/* 32 bytes: a first byte, then a number in the last four. */
typedef struct test_id {
    uint8_t bytes[NRS_HASH_SIZE];
} test_id;

static inline test_id make_id(uint8_t first, uint32_t number)
{
    test_id id = {{0}};

    id.bytes[0] = first;
    for (size_t i = 0; i < 4; i++) {
        id.bytes[NRS_HASH_SIZE - 1 - i] = (uint8_t)(number >> (8 * i));
    }
    return id;
}

/* Numbers that look like hashes: the same seed gives the same id. */
static inline test_id random_id(uint64_t seed)
{
    test_id id;
    uint64_t x = seed * UINT64_C(0x9e3779b97f4a7c15) + 1;

    for (size_t i = 0; i < sizeof id.bytes; i++) {
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        id.bytes[i] = (uint8_t)(x >> 32);
    }
    return id;
}

static inline nrs_slice text(const char *string)
{
    return nrs_slice_of_string(string);
}

static inline void assert_slice(nrs_slice slice, const char *want)
{
    assert_int_equal(slice.size, strlen(want));
    if (slice.size > 0) {
        assert_memory_equal(slice.data, want, slice.size);
    }
}

#endif
