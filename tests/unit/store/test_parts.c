/* The parts of a log: each opening begins one, and of what others were told of an earlier one nothing is given out anew. */
#include "test_fixture.h"

static void put_some(nrs_store *store, uint64_t first, size_t count)
{
    assert_int_equal(nrs_store_begin(store), NRS_OK);
    for (size_t i = 0; i < count; i++) {
        const test_id id = random_id(first + i);
        const nrs_log_row row = {.type = 1, .id = id.bytes, .record = text("record"), .owner = nrs_slice_of(id.bytes, 32)};
        uint64_t position = 0;

        assert_int_equal(nrs_store_log_append(store, &position, &row), NRS_OK);
    }
    assert_int_equal(nrs_store_commit(store), NRS_OK);
}

static void each_opening_begins_a_part_of_the_log(void **state)
{
    fixture *f = *state;
    const uint8_t second[NRS_LOG_ID_SIZE] = {9}, third[NRS_LOG_ID_SIZE] = {8}, never[NRS_LOG_ID_SIZE] = {7};
    const nrs_store_options options = {.path = f->path, .vfs = "unix", .synchronous_off = 1};
    uint64_t position = 77;
    const struct {
        const char *name;
        const uint8_t *part;
        uint64_t position, want_position;
        nrs_log_claim want;
    } claims[] = {
        {"within the first part", fixture_incarnation, 2, 2, NRS_LOG_CLAIM_HELD},
        {"its end", fixture_incarnation, 3, 3, NRS_LOG_CLAIM_HELD},
        {"more than it had: another log went on", fixture_incarnation, 4, 3, NRS_LOG_CLAIM_OLDER},
        {"an item sent late, under the second part", second, 1, 1, NRS_LOG_CLAIM_HELD},
        {"the end of the second", second, 5, 5, NRS_LOG_CLAIM_HELD},
        {"more than it has, and nobody knows since when", second, 6, 0, NRS_LOG_CLAIM_AHEAD},
        {"a part that never was", never, 2, 0, NRS_LOG_CLAIM_UNKNOWN},
    };

    assert_memory_equal(nrs_store_incarnation(f->store), fixture_incarnation, NRS_LOG_ID_SIZE);
    put_some(f->store, 1, 3);
    assert_int_equal(nrs_store_log_claim(f->store, &position, never, 2), NRS_LOG_CLAIM_NOTHING); /* a new store, made from a backup */
    nrs_store_close(&f->store);
    assert_null(f->store);
    nrs_store_close(&f->store);
    assert_int_equal(nrs_store_open(&f->store, &options, second), NRS_OK);
    assert_memory_equal(nrs_store_incarnation(f->store), second, NRS_LOG_ID_SIZE);
    put_some(f->store, 4, 2);
    for (size_t i = 0; i < sizeof claims / sizeof claims[0]; i++) {
        print_message("%s\n", claims[i].name);
        assert_int_equal(nrs_store_log_claim(f->store, &position, claims[i].part, claims[i].position), claims[i].want);
        assert_int_equal(position, claims[i].want_position);
    }
    assert_int_equal(nrs_store_begin(f->store), NRS_OK); /* what is rolled back has not begun */
    assert_int_equal(nrs_store_part_begin(f->store, third, true), NRS_OK);
    assert_memory_equal(nrs_store_incarnation(f->store), third, NRS_LOG_ID_SIZE);
    nrs_store_rollback(f->store);
    assert_memory_equal(nrs_store_incarnation(f->store), second, NRS_LOG_ID_SIZE);
    assert_int_equal(nrs_store_begin(f->store), NRS_OK);
    assert_int_equal(nrs_store_part_begin(f->store, third, true), NRS_OK);
    assert_int_equal(nrs_store_commit(f->store), NRS_OK);
    nrs_store_close(&f->store);
    assert_int_equal(nrs_store_open(&f->store, &options, never), NRS_OK);
    assert_int_equal(nrs_store_log_claim(f->store, &position, second, 6), NRS_LOG_CLAIM_AHEAD); /* it ended while the store was open */
    assert_int_equal(position, 0);
    assert_int_equal(nrs_store_log_claim(f->store, &position, second, 5), NRS_LOG_CLAIM_HELD);
    assert_int_equal(nrs_store_log_claim(f->store, &position, third, 6), NRS_LOG_CLAIM_OLDER);
    assert_int_equal(nrs_store_begin(f->store), NRS_OK);
    assert_int_equal(nrs_store_part_disown(f->store, second, (const uint8_t[NRS_LOG_ID_SIZE]){6}), NRS_OK);
    assert_int_equal(nrs_store_commit(f->store), NRS_OK);
    assert_int_equal(nrs_store_log_claim(f->store, &position, second, 5), NRS_LOG_CLAIM_UNKNOWN);
    assert_int_equal(position, 0);
    assert_int_equal(nrs_store_check(f->store), NRS_OK);
}

static size_t parts_size(nrs_store *store)
{
    nrs_bytes value = {0};
    size_t size;

    assert_int_equal(nrs_store_meta_get(store, "log-parts", &value), NRS_OK);
    size = value.size;
    nrs_bytes_wipe(&value);
    return size;
}

/* A node that cannot start (its port is taken) is started again and again by its supervisor. */
static void openings_that_come_to_nothing_leave_no_part(void **state)
{
    fixture *f = *state;
    uint8_t part[NRS_LOG_ID_SIZE] = {0}, first[NRS_LOG_ID_SIZE] = {0};
    const nrs_store_options options = {.path = f->path, .vfs = "unix", .synchronous_off = 1};
    uint64_t position = 77;
    size_t size;

    put_some(f->store, 1, 3);
    size = parts_size(f->store);
    for (size_t i = 0; i < NRS_LOG_PARTS_MAX + 44; i++) {
        nrs_store_close(&f->store);
        part[0] = (uint8_t)i;
        part[1] = (uint8_t)(1 + i / 256);
        assert_int_equal(nrs_store_open(&f->store, &options, part), NRS_OK);
        assert_memory_equal(nrs_store_incarnation(f->store), part, NRS_LOG_ID_SIZE); /* each has its own name all the same */
        if (i == 0) {
            memcpy(first, part, sizeof first);
        }
    }
    assert_int_equal(parts_size(f->store), size);
    assert_int_equal(nrs_store_log_claim(f->store, &position, fixture_incarnation, 3), NRS_LOG_CLAIM_HELD);
    assert_int_equal(position, 3);
    assert_int_equal(nrs_store_log_claim(f->store, &position, fixture_incarnation, 4), NRS_LOG_CLAIM_OLDER);
    assert_int_equal(nrs_store_log_claim(f->store, &position, first, 1), NRS_LOG_CLAIM_UNKNOWN); /* an older copy is noticed */
    put_some(f->store, 4, 1); /* and what is appended now is of this opening, not of the part before */
    nrs_store_close(&f->store);
    assert_int_equal(nrs_store_open(&f->store, &options, first), NRS_OK);
    assert_int_equal(nrs_store_log_claim(f->store, &position, fixture_incarnation, 4), NRS_LOG_CLAIM_OLDER);
    assert_int_equal(nrs_store_log_claim(f->store, &position, part, 4), NRS_LOG_CLAIM_HELD);
}

/* What was told to a peer is written down at once, and not what was rolled back; among too many those with nothing in them go first. */
static void a_part_that_was_told_is_kept(void **state)
{
    fixture *f = *state;
    uint8_t part[NRS_LOG_ID_SIZE] = {0};
    const nrs_store_options options = {.path = f->path, .vfs = "unix", .synchronous_off = 1};
    uint64_t position = 77;
    size_t size;

    put_some(f->store, 1, 3);
    size = parts_size(f->store);
    for (size_t i = 0; i < NRS_LOG_PARTS_MAX + 44; i++) {
        nrs_store_close(&f->store);
        part[0] = (uint8_t)i;
        part[1] = (uint8_t)(1 + i / 256);
        assert_int_equal(nrs_store_open(&f->store, &options, part), NRS_OK);
        assert_int_equal(nrs_store_begin(f->store), NRS_OK);
        assert_int_equal(nrs_store_part_write(f->store), NRS_OK);
        if (i == 0) {
            nrs_store_rollback(f->store);
            assert_int_equal(parts_size(f->store), size);
            assert_int_equal(nrs_store_begin(f->store), NRS_OK);
            assert_int_equal(nrs_store_part_write(f->store), NRS_OK);
        }
        assert_int_equal(nrs_store_commit(f->store), NRS_OK);
        if (i == 0) {
            assert_true(parts_size(f->store) > size);
        }
    }
    assert_int_equal(nrs_store_log_claim(f->store, &position, part, 3), NRS_LOG_CLAIM_HELD);
    assert_int_equal(nrs_store_log_claim(f->store, &position, fixture_incarnation, 3), NRS_LOG_CLAIM_HELD);
    assert_int_equal(position, 3);
    nrs_store_close(&f->store);
    assert_int_equal(nrs_store_open(&f->store, &options, (const uint8_t[NRS_LOG_ID_SIZE]){7, 7, 7}), NRS_OK);
    assert_int_equal(nrs_store_log_claim(f->store, &position, part, 4), NRS_LOG_CLAIM_OLDER); /* what another copy went on under */
    assert_int_equal(position, 3);
    assert_int_equal(nrs_store_check(f->store), NRS_OK);
}

static void old_parts_are_forgotten(void **state)
{
    fixture *f = *state;
    uint8_t part[NRS_LOG_ID_SIZE] = {0};
    uint64_t position = 77;

    put_some(f->store, 1, 1);
    for (size_t i = 0; i < NRS_LOG_PARTS_MAX; i++) {
        part[0] = (uint8_t)i;
        part[1] = 1;
        assert_int_equal(nrs_store_begin(f->store), NRS_OK);
        assert_int_equal(nrs_store_part_begin(f->store, part, false), NRS_OK);
        assert_int_equal(nrs_store_commit(f->store), NRS_OK);
        put_some(f->store, 2 + i, 1);
    }
    assert_int_equal(nrs_store_log_claim(f->store, &position, fixture_incarnation, 1), NRS_LOG_CLAIM_NOTHING);
    assert_int_equal(position, 0);
    part[0] = 0;
    assert_int_equal(nrs_store_log_claim(f->store, &position, part, 1), NRS_LOG_CLAIM_HELD);
    assert_int_equal(position, 1);
}

int main(void)
{
#define OPENED(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        OPENED(each_opening_begins_a_part_of_the_log),
        OPENED(openings_that_come_to_nothing_leave_no_part),
        OPENED(a_part_that_was_told_is_kept),
        OPENED(old_parts_are_forgotten),
    };
#undef OPENED

    return cmocka_run_group_tests(tests, NULL, NULL);
}
