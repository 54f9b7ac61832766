#include "test_fixture.h"

#include <sqlite3.h>
#include <time.h>

#include "query.h"

static nrs_error append(nrs_store *store, const test_id *id, uint32_t type, nrs_slice owner, nrs_slice record)
{
    uint64_t position = 0;
    const nrs_log_row row = {.type = type,
                             .id = id->bytes,
                             .record = record,
                             .source = text("peer"),
                             .owner = owner,
                             .received_ms = 5,
                             .expires_ms = 9};

    return nrs_store_log_append(store, &position, &row);
}

typedef struct seen {
    uint64_t positions[16];
    size_t count, stop_at;
    nrs_error stop_with;
    nrs_store *store;
} seen;

static nrs_error see(void *context, const nrs_log_row *row)
{
    seen *s = context;

    assert_true(s->count < 16);
    s->positions[s->count++] = row->position;
    return s->count == s->stop_at ? s->stop_with : NRS_OK;
}

static void what_is_appended_is_found_and_read_back(void **state)
{
    fixture *f = *state;
    const test_id id = random_id(1);
    const test_id other = random_id(2);
    nrs_log_row row = {.position = 77};
    nrs_bytes holder = {0};
    uint64_t position = 9;

    assert_int_equal(nrs_store_log_end(f->store), 0);
    assert_int_equal(nrs_store_log_find(f->store, &position, id.bytes), NRS_OK);
    assert_int_equal(position, 0);
    assert_int_equal(nrs_store_begin(f->store), NRS_OK);
    assert_int_equal(append(f->store, &id, 3, text("owner"), text("bytes of a record")), NRS_OK);
    assert_int_equal(nrs_store_log_find(f->store, &position, id.bytes), NRS_OK); /* inside the transaction */
    assert_int_equal(position, 1);
    assert_int_equal(nrs_store_commit(f->store), NRS_OK);
    assert_int_equal(nrs_store_log_end(f->store), 1);

    fixture_reopen(f);
    assert_int_equal(nrs_store_log_end(f->store), 1);
    assert_int_equal(nrs_store_log_find(f->store, &position, other.bytes), NRS_OK);
    assert_int_equal(position, 0);
    assert_int_equal(nrs_store_log_get(f->store, &row, &holder, 2), NRS_ERROR_NOT_FOUND);
    assert_int_equal(nrs_store_log_get(f->store, &row, &holder, UINT64_MAX), NRS_ERROR_NOT_FOUND);
    assert_int_equal(row.position, 77);
    assert_int_equal(nrs_store_log_get(f->store, &row, &holder, 1), NRS_OK);
    assert_int_equal(row.position, 1);
    assert_int_equal(row.type, 3);
    assert_memory_equal(row.id, id.bytes, NRS_HASH_SIZE);
    assert_slice(row.record, "bytes of a record");
    assert_slice(row.source, "peer");
    assert_slice(row.owner, "owner");
    assert_int_equal(row.received_ms, 5);
    assert_int_equal(row.expires_ms, 9);
    nrs_bytes_wipe(&holder);
}

static void slots_stand_in_the_row_of_their_report(void **state)
{
    fixture *f = *state;
    const test_id id = random_id(1);
    const test_id bare = random_id(2);
    const nrs_log_row with = {.type = 2, .id = id.bytes, .record = text("report"), .slots = text("slots"), .owner = nrs_slice_of(id.bytes, NRS_HASH_SIZE)};
    const nrs_log_row without = {.type = 2, .id = bare.bytes, .record = text("report"), .owner = nrs_slice_of(bare.bytes, NRS_HASH_SIZE)};
    nrs_log_row row = {0};
    nrs_bytes holder = {0};
    uint64_t position = 0;

    assert_int_equal(nrs_store_begin(f->store), NRS_OK);
    assert_int_equal(nrs_store_log_append_not_found(f->store, &position, &with), NRS_OK);
    assert_int_equal(nrs_store_log_append(f->store, &position, &with), NRS_ERROR_EXISTS);
    assert_int_equal(nrs_store_log_append_not_found(f->store, &position, &without), NRS_OK);
    assert_int_equal(nrs_store_commit(f->store), NRS_OK);
    assert_int_equal(nrs_store_log_get(f->store, &row, &holder, 1), NRS_OK);
    assert_slice(row.record, "report");
    assert_slice(row.slots, "slots");
    assert_memory_equal(row.owner.data, id.bytes, NRS_HASH_SIZE);
    assert_int_equal(nrs_store_log_get(f->store, &row, &holder, 2), NRS_OK);
    assert_int_equal(row.slots.size, 0);
    assert_int_equal(nrs_store_begin(f->store), NRS_OK);
    assert_int_equal(nrs_store_log_drop(f->store, 1), NRS_OK);
    assert_int_equal(nrs_store_commit(f->store), NRS_OK);
    assert_int_equal(nrs_store_log_get(f->store, &row, &holder, 1), NRS_OK);
    assert_int_equal(row.record.size + row.slots.size, 0);
    nrs_bytes_wipe(&holder);
}

static void an_id_is_taken_once(void **state)
{
    fixture *f = *state;
    test_id a = make_id(0xab, 1);
    test_id b = make_id(0xab, 2); /* the same first eight bytes, so the same key of the index */
    uint64_t position = 0;

    assert_int_equal(nrs_store_begin(f->store), NRS_OK);
    assert_int_equal(append(f->store, &a, 1, text("o"), text("x")), NRS_OK);
    assert_int_equal(append(f->store, &a, 1, text("o"), text("y")), NRS_ERROR_EXISTS);
    assert_int_equal(append(f->store, &b, 1, text("o"), text("z")), NRS_OK);
    assert_int_equal(nrs_store_commit(f->store), NRS_OK);
    assert_int_equal(nrs_store_log_find(f->store, &position, a.bytes), NRS_OK);
    assert_int_equal(position, 1);
    assert_int_equal(nrs_store_log_find(f->store, &position, b.bytes), NRS_OK);
    assert_int_equal(position, 2);
    a.bytes[31] = 9;
    assert_int_equal(nrs_store_log_find(f->store, &position, a.bytes), NRS_OK);
    assert_int_equal(position, 0);
}

/* Several thousand in one transaction, so that what finds them grows while it is filled, then a part of them rolled back. */
static void ids_are_found_after_a_rollback_and_a_restart(void **state)
{
    enum { KEPT = 5000, LOST = 3000, ALIKE = 40 };
    fixture *f = *state;
    uint64_t position = 0;

    assert_int_equal(nrs_store_begin(f->store), NRS_OK);
    for (uint32_t i = 1; i <= KEPT; i++) { /* a run of them with one beginning, among others */
        const test_id id = i <= ALIKE ? make_id(0x77, i) : random_id(i);

        assert_int_equal(append(f->store, &id, 1, text("o"), text("x")), NRS_OK);
    }
    assert_int_equal(nrs_store_commit(f->store), NRS_OK);
    assert_int_equal(nrs_store_begin(f->store), NRS_OK);
    for (uint32_t i = KEPT + 1; i <= KEPT + LOST; i++) {
        const test_id id = i % 2 == 0 ? make_id(0x77, i) : random_id(i);

        assert_int_equal(append(f->store, &id, 1, text("o"), text("x")), NRS_OK);
    }
    nrs_store_rollback(f->store);
    for (size_t round = 0; round < 2; round++) {
        for (uint32_t i = 1; i <= KEPT + LOST; i++) {
            const test_id id = i <= ALIKE || (i > KEPT && i % 2 == 0) ? make_id(0x77, i) : random_id(i);

            assert_int_equal(nrs_store_log_find(f->store, &position, id.bytes), NRS_OK);
            assert_int_equal(position, i <= KEPT ? i : 0);
        }
        fixture_reopen(f);
    }
    assert_int_equal(nrs_store_begin(f->store), NRS_OK);
    assert_int_equal(append(f->store, &(test_id){{0x77}}, 1, text("o"), text("x")), NRS_OK);
    assert_int_equal(nrs_store_commit(f->store), NRS_OK);
    assert_int_equal(nrs_store_log_find(f->store, &position, (const uint8_t[NRS_HASH_SIZE]){0x77}), NRS_OK);
    assert_int_equal(position, KEPT + 1);
}

static void each_goes_up_and_stops(void **state)
{
    static const struct each_case {
        const char *name;
        uint64_t after;
        size_t limit, stop_at;
        nrs_error stop_with, want;
        uint64_t first;
        size_t want_count;
    } cases[] = {
        {"all of them", 0, 100, 0, NRS_OK, NRS_OK, 1, 5},
        {"after the second", 2, 100, 0, NRS_OK, NRS_OK, 3, 3},
        {"at most two", 1, 2, 0, NRS_OK, NRS_OK, 2, 2},
        {"none past the end", 5, 100, 0, NRS_OK, NRS_OK, 0, 0},
        {"the largest position is none", UINT64_MAX, 100, 0, NRS_OK, NRS_OK, 0, 0},
        {"the largest limit is all", 0, SIZE_MAX, 0, NRS_OK, NRS_OK, 1, 5},
        {"a limit stops without an error", 0, 100, 3, NRS_ERROR_LIMIT, NRS_OK, 1, 3},
        {"an error of the visitor comes back", 0, 100, 2, NRS_ERROR_FORGED, NRS_ERROR_FORGED, 1, 2},
    };
    fixture *f = *state;

    assert_int_equal(nrs_store_begin(f->store), NRS_OK);
    for (uint64_t i = 1; i <= 5; i++) {
        const test_id id = random_id(i);

        assert_int_equal(append(f->store, &id, 1, text("o"), text("x")), NRS_OK);
    }
    assert_int_equal(nrs_store_commit(f->store), NRS_OK);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        seen s = {.stop_at = cases[i].stop_at, .stop_with = cases[i].stop_with};

        print_message("  %s\n", cases[i].name);
        assert_int_equal(nrs_store_log_each(f->store, cases[i].after, cases[i].limit, see, &s), cases[i].want);
        assert_int_equal(s.count, cases[i].want_count);
        for (size_t j = 0; j < s.count; j++) {
            assert_int_equal(s.positions[j], cases[i].first + j);
        }
    }
}

static void owners_are_told_apart(void **state)
{
    fixture *f = *state;
    const test_id self = random_id(1); /* a record that belongs to its own id */
    const test_id part = random_id(2);
    const test_id alike = random_id(3);
    const test_id late = random_id(4);
    const nrs_slice owner = nrs_slice_of(self.bytes, sizeof self.bytes);
    test_id near = self; /* the same key of the index, another owner */
    seen any = {0};
    seen typed = {0};
    seen own = {0};
    seen none = {0};

    near.bytes[31] ^= 1;
    assert_int_equal(nrs_store_begin(f->store), NRS_OK);
    assert_int_equal(append(f->store, &self, 1, owner, text("sealed")), NRS_OK);
    assert_int_equal(append(f->store, &part, 2, owner, text("grant")), NRS_OK);
    assert_int_equal(append(f->store, &alike, 2, nrs_slice_of(near.bytes, sizeof near.bytes), text("grant")), NRS_OK);
    assert_int_equal(append(f->store, &late, 3, owner, text("path")), NRS_OK);
    assert_int_equal(nrs_store_commit(f->store), NRS_OK);

    assert_int_equal(nrs_store_log_each_of(f->store, owner, 0, see, &any), NRS_OK);
    assert_int_equal(any.count, 3);
    assert_int_equal(any.positions[0], 1);
    assert_int_equal(any.positions[1], 2);
    assert_int_equal(any.positions[2], 4);
    assert_int_equal(nrs_store_log_each_of(f->store, owner, 2, see, &typed), NRS_OK);
    assert_int_equal(typed.count, 1);
    assert_int_equal(typed.positions[0], 2);
    assert_int_equal(nrs_store_log_each_of(f->store, owner, 1, see, &own), NRS_OK);
    assert_int_equal(own.count, 1);
    assert_int_equal(own.positions[0], 1);
    assert_int_equal(nrs_store_log_each_of(f->store, text("nobody"), 0, see, &none), NRS_OK);
    assert_int_equal(none.count, 0);
}

static void a_dropped_record_keeps_its_id(void **state)
{
    fixture *f = *state;
    const test_id id = random_id(1);
    nrs_log_row row = {0};
    nrs_bytes holder = {0};
    uint64_t position = 0;

    assert_int_equal(nrs_store_begin(f->store), NRS_OK);
    assert_int_equal(append(f->store, &id, 1, nrs_slice_of(id.bytes, sizeof id.bytes), text("bytes")), NRS_OK);
    assert_int_equal(nrs_store_log_drop(f->store, 2), NRS_ERROR_NOT_FOUND);
    assert_int_equal(nrs_store_log_drop(f->store, 1), NRS_OK);
    assert_int_equal(append(f->store, &id, 1, text("o"), text("again")), NRS_ERROR_EXISTS);
    assert_int_equal(nrs_store_commit(f->store), NRS_OK);
    assert_int_equal(nrs_store_log_find(f->store, &position, id.bytes), NRS_OK);
    assert_int_equal(position, 1);
    assert_int_equal(nrs_store_log_get(f->store, &row, &holder, 1), NRS_OK);
    assert_int_equal(row.record.size, 0);
    assert_memory_equal(row.owner.data, id.bytes, NRS_HASH_SIZE);
    nrs_bytes_wipe(&holder);
}

static void sizes_are_bounded(void **state)
{
    fixture *f = *state;
    uint8_t *large = calloc(1, NRS_RECORD_SIZE_MAX + 1);
    const test_id id = random_id(1);
    const nrs_log_row late = {.type = 1, .id = id.bytes, .expires_ms = UINT64_MAX};
    uint64_t position = 42;

    assert_non_null(large);
    assert_int_equal(nrs_store_begin(f->store), NRS_OK);
    assert_int_equal(append(f->store, &id, 1, text("o"), nrs_slice_of(large, NRS_RECORD_SIZE_MAX + 1)),
                     NRS_ERROR_TOO_LARGE);
    assert_int_equal(append(f->store, &id, 1, nrs_slice_of(large, 65), text("x")), NRS_ERROR_TOO_LARGE);
    assert_int_equal(nrs_store_log_append(f->store, &position, &late), NRS_ERROR_TOO_LARGE);
    assert_int_equal(position, 42);
    assert_int_equal(append(f->store, &id, 1, text("o"), nrs_slice_of(large, NRS_RECORD_SIZE_MAX)), NRS_OK);
    assert_int_equal(nrs_store_commit(f->store), NRS_OK); /* a refused value does not break the transaction */
    assert_int_equal(nrs_store_log_end(f->store), 1);
    free(large);
}

static void a_rolled_back_position_is_given_again(void **state)
{
    fixture *f = *state;
    const test_id a = random_id(1);
    const test_id b = random_id(2);
    uint64_t position = 0;

    assert_int_equal(nrs_store_begin(f->store), NRS_OK);
    assert_int_equal(append(f->store, &a, 1, text("o"), text("x")), NRS_OK);
    nrs_store_rollback(f->store);
    assert_int_equal(nrs_store_log_end(f->store), 0);
    nrs_store_rollback(f->store); /* once more does nothing */
    assert_int_equal(nrs_store_begin(f->store), NRS_OK);
    assert_int_equal(append(f->store, &b, 1, text("o"), text("x")), NRS_OK);
    assert_int_equal(nrs_store_commit(f->store), NRS_OK);
    assert_int_equal(nrs_store_log_find(f->store, &position, a.bytes), NRS_OK);
    assert_int_equal(position, 0);
    assert_int_equal(nrs_store_log_find(f->store, &position, b.bytes), NRS_OK);
    assert_int_equal(position, 1);
}

static nrs_error append_more(void *context, const nrs_log_row *row)
{
    seen *s = context;
    const test_id id = random_id(1000 + row->position);

    s->count++;
    return append(s->store, &id, 1, text("o"), text("x"));
}

static void what_a_visitor_appends_is_not_visited(void **state)
{
    fixture *f = *state;
    const test_id id = random_id(1);
    seen s = {.store = f->store};

    assert_int_equal(nrs_store_begin(f->store), NRS_OK);
    assert_int_equal(append(f->store, &id, 1, text("o"), text("x")), NRS_OK);
    assert_int_equal(nrs_store_log_each(f->store, 0, 100, append_more, &s), NRS_OK);
    assert_int_equal(nrs_store_commit(f->store), NRS_OK);
    assert_int_equal(s.count, 1);
    assert_int_equal(nrs_store_log_end(f->store), 2);
}

static double seconds(void)
{
    struct timespec now;

    assert_int_equal(clock_gettime(CLOCK_MONOTONIC, &now), 0);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void a_hundred_thousand_rows(void **state)
{
    enum { ROWS = 100000, BATCH = 64, PART = 10000 };
    fixture *f = *state;
    uint8_t record[200] = {0};
    uint64_t position = 0;
    double start = seconds();

    for (uint64_t i = 0; i < ROWS;) {
        assert_int_equal(nrs_store_begin(f->store), NRS_OK);
        for (size_t j = 0; j < BATCH && i < ROWS; j++, i++) {
            const test_id id = random_id(i);

            assert_int_equal(append(f->store, &id, 1, nrs_slice_of(id.bytes, 32), nrs_slice_of(record, sizeof record)),
                             NRS_OK);
            if (i == PART || i == ROWS - 1) {
                print_message("  %u rows: %.0f rows/s since the last figure\n", (unsigned)i + 1,
                              (double)(i == PART ? PART : ROWS - PART) / (seconds() - start));
                start = seconds();
            }
        }
        assert_int_equal(nrs_store_commit(f->store), NRS_OK);
        if (i % (BATCH * 64) == 0) {
            assert_int_equal(nrs_store_checkpoint(f->store), NRS_OK);
        }
    }
    start = seconds();
    for (uint64_t i = 0; i < ROWS; i += 10) {
        const test_id id = random_id(i);

        assert_int_equal(nrs_store_log_find(f->store, &position, id.bytes), NRS_OK);
        assert_int_equal(position, i + 1);
    }
    print_message("  found by id: %.2f us each\n", (seconds() - start) * 1e6 / (ROWS / 10));
}

static int cached_bytes(fixture *f)
{
    int now = 0, highest = 0;

    assert_int_equal(sqlite3_db_status(f->store->database, SQLITE_DBSTATUS_CACHE_USED, &now, &highest, 0), SQLITE_OK);
    return now;
}

static nrs_error pass_over(void *context, const nrs_log_row *row)
{
    *(uint64_t *)context = row->position;
    return NRS_OK;
}

/* 8 MiB and what SQLite keeps about each page, of a file that was just made as of one that was there before. */
static void the_page_cache_keeps_to_its_size(void **state)
{
    fixture *f = *state;
    nrs_bytes record = {0};
    uint64_t last = 0;

    assert_int_equal(nrs_bytes_resize(&record, 100 * 1024), NRS_OK);
    memset(record.data, 7, record.size);
    for (unsigned i = 0; i < 200; i++) {
        const test_id id = random_id(i + 1);

        assert_int_equal(nrs_store_begin(f->store), NRS_OK);
        assert_int_equal(append(f->store, &id, 3, text("owner"), nrs_slice_of_bytes(&record)), NRS_OK);
        assert_int_equal(nrs_store_commit(f->store), NRS_OK);
    }
    for (unsigned round = 0; round < 2; round++) {
        assert_int_equal(nrs_store_log_each(f->store, 0, 200, pass_over, &last), NRS_OK);
        assert_int_equal(last, 200);
        assert_true(cached_bytes(f) > 1024 * 1024);
        assert_true(cached_bytes(f) < 9 * 1024 * 1024);
        fixture_reopen(f);
    }
    nrs_bytes_wipe(&record);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        CASE(what_is_appended_is_found_and_read_back),
        CASE(slots_stand_in_the_row_of_their_report),
        CASE(an_id_is_taken_once),
        CASE(ids_are_found_after_a_rollback_and_a_restart),
        CASE(each_goes_up_and_stops),
        CASE(owners_are_told_apart),
        CASE(a_dropped_record_keeps_its_id),
        CASE(sizes_are_bounded),
        CASE(a_rolled_back_position_is_given_again),
        CASE(what_a_visitor_appends_is_not_visited),
        CASE(a_hundred_thousand_rows),
        CASE(the_page_cache_keeps_to_its_size),
    };
#undef CASE

    return cmocka_run_group_tests(tests, NULL, NULL);
}
