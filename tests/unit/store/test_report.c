#include <time.h>

#include "test_fixture.h"

typedef struct seen {
    uint64_t positions[16];
    size_t count;
    nrs_store *store;
} seen;

static nrs_error see(void *context, const nrs_report_row *row)
{
    seen *s = context;

    assert_true(s->count < 16);
    s->positions[s->count++] = row->position;
    return NRS_OK;
}

static const test_id community_one = {{1}};
static const test_id community_two = {{2}};

static nrs_report_row row_for(uint64_t position, const test_id *id, nrs_report_part part)
{
    return (nrs_report_row){
        .position = position,
        .id = id->bytes,
        .community = community_one.bytes,
        .originator = community_two.bytes,
        .label = 1,
        .urgency = 2,
        .flags = 3,
        .created_ms = 4,
        .expires_ms = 5,
        .received_ms = 100 * position,
        .part = part,
    };
}

static void a_report_is_kept_and_updated(void **state)
{
    fixture *f = *state;
    static const uint8_t large[4097];
    const test_id id = make_id(0xff, 1);
    const test_id near = make_id(0xff, 2);
    nrs_report_row row = row_for(7, &id, NRS_PART_RECEIVED);
    nrs_report_row second = row_for(8, &id, NRS_PART_RECEIVED);
    nrs_report_row read = {0};
    nrs_bytes holder = {0};

    row.wrapped_key = text("wrapped");
    row.key_state = NRS_KEY_HELD;
    row.segment = 3;
    row.annex = text("annex");
    assert_int_equal(nrs_store_begin(f->store), NRS_OK);
    assert_int_equal(nrs_store_report_add(f->store, &row), NRS_OK);
    assert_int_equal(nrs_store_report_add(f->store, &second), NRS_ERROR_EXISTS); /* the id */
    second = row_for(7, &near, NRS_PART_RECEIVED);
    assert_int_equal(nrs_store_report_add(f->store, &second), NRS_ERROR_EXISTS); /* the position */
    assert_int_equal(nrs_store_commit(f->store), NRS_OK);
    fixture_reopen(f);
    assert_int_equal(nrs_store_report_get(f->store, &read, &holder, near.bytes), NRS_ERROR_NOT_FOUND);
    assert_null(holder.data);
    assert_int_equal(nrs_store_report_get(f->store, &read, &holder, id.bytes), NRS_OK);
    assert_int_equal(read.position, 7);
    assert_memory_equal(read.id, id.bytes, 32);
    assert_memory_equal(read.community, community_one.bytes, 32);
    assert_memory_equal(read.originator, community_two.bytes, 32);
    assert_int_equal(read.label, 1);
    assert_int_equal(read.urgency, 2);
    assert_int_equal(read.flags, 3);
    assert_int_equal(read.created_ms, 4);
    assert_int_equal(read.expires_ms, 5);
    assert_int_equal(read.received_ms, 700);
    assert_int_equal(read.part, NRS_PART_RECEIVED);
    assert_int_equal(read.key_state, NRS_KEY_HELD);
    assert_int_equal(read.segment, 3);
    assert_slice(read.wrapped_key, "wrapped");
    assert_slice(read.annex, "annex");

    row.part = NRS_PART_SENT;
    row.key_state = NRS_KEY_FORGOTTEN;
    row.opened_ms = 99;
    row.segment = 0;
    row.wrapped_key = text("");
    row.annex = text("other");
    assert_int_equal(nrs_store_begin(f->store), NRS_OK);
    assert_int_equal(nrs_store_report_update(f->store, &row), NRS_OK);
    row.annex = nrs_slice_of(large, sizeof large);
    assert_int_equal(nrs_store_report_update(f->store, &row), NRS_ERROR_TOO_LARGE);
    row.annex = text("");
    row.position = 8;
    assert_int_equal(nrs_store_report_update(f->store, &row), NRS_ERROR_NOT_FOUND);
    assert_int_equal(nrs_store_commit(f->store), NRS_OK);
    assert_int_equal(nrs_store_report_get(f->store, &read, &holder, id.bytes), NRS_OK);
    assert_int_equal(read.part, NRS_PART_SENT);
    assert_int_equal(read.key_state, NRS_KEY_FORGOTTEN);
    assert_int_equal(read.opened_ms, 99);
    assert_int_equal(read.segment, 0);
    assert_int_equal(read.wrapped_key.size, 0);
    assert_slice(read.annex, "other");
    nrs_bytes_wipe(&holder);
}

static void add_hex(nrs_store *store, uint64_t position, const char *digits, nrs_report_part part)
{
    test_id id = {{0}};
    nrs_report_row row;

    assert_int_equal(nrs_hex_decode(id.bytes, sizeof id.bytes, digits), NRS_OK);
    row = row_for(position, &id, part);
    assert_int_equal(nrs_store_report_add(store, &row), NRS_OK);
}

#define ZEROS_24 "000000000000000000000000"
#define ZEROS_48 ZEROS_24 ZEROS_24

static void prefixes(void **state)
{
    static const struct prefix_case {
        const char *name, *prefix;
        nrs_error want;
        uint8_t first, last;
    } cases[] = {
        {"the lowest id", "000000", NRS_OK, 0x00, 0x01},
        {"below the sign", "7fffff", NRS_OK, 0x7f, 0x02},
        {"at the sign", "800000", NRS_OK, 0x80, 0x03},
        {"the highest id", "ffffff", NRS_OK, 0xff, 0x04},
        {"seven digits", "7ffffff", NRS_OK, 0x7f, 0x02},
        {"none between", "7ffffe", NRS_ERROR_NOT_FOUND, 0, 0},
        {"none above", "800001", NRS_ERROR_NOT_FOUND, 0, 0},
        {"two begin so", "abcdef", NRS_ERROR_AMBIGUOUS, 0, 0},
        {"sixteen digits do not tell them apart", "abcdef0000000000", NRS_ERROR_AMBIGUOUS, 0, 0},
        {"sixty-three digits do not either", "abcdef0000000000" ZEROS_24 "00000000000000000000000",
         NRS_ERROR_AMBIGUOUS, 0, 0},
        {"the whole id does", "abcdef0000000000" ZEROS_48, NRS_OK, 0xab, 0x00},
        {"the other whole id too", "abcdef0000000000" ZEROS_24 "000000000000000000000005", NRS_OK, 0xab, 0x05},
        {"a whole id that is not there", "abcdef0000000000" ZEROS_24 "000000000000000000000006", NRS_ERROR_NOT_FOUND,
         0, 0},
        {"one that is only carried", "dddddd", NRS_ERROR_NOT_FOUND, 0, 0},
        {"one that was sent", "eeeeee", NRS_OK, 0xee, 0x07},
        {"too short", "00000", NRS_ERROR_MALFORMED, 0, 0},
        {"empty", "", NRS_ERROR_MALFORMED, 0, 0},
        {"too long", "abcdef0000000000" ZEROS_48 "0", NRS_ERROR_MALFORMED, 0, 0},
        {"capitals", "ABCDEF", NRS_ERROR_MALFORMED, 0, 0},
        {"a wild card", "abcde%", NRS_ERROR_MALFORMED, 0, 0},
        {"a wrong digit past the key", "abcdef0000000000g", NRS_ERROR_MALFORMED, 0, 0},
    };
    fixture *f = *state;

    assert_int_equal(nrs_store_begin(f->store), NRS_OK);
    add_hex(f->store, 1, "0000000000000000" ZEROS_24 "000000000000000000000001", NRS_PART_RECEIVED);
    add_hex(f->store, 2, "7fffffffffffffff" ZEROS_24 "000000000000000000000002", NRS_PART_RECEIVED);
    add_hex(f->store, 3, "8000000000000000" ZEROS_24 "000000000000000000000003", NRS_PART_RECEIVED);
    add_hex(f->store, 4, "ffffffffffffffff" ZEROS_24 "000000000000000000000004", NRS_PART_RECEIVED);
    add_hex(f->store, 5, "abcdef0000000000" ZEROS_48, NRS_PART_RECEIVED);
    add_hex(f->store, 6, "abcdef0000000000" ZEROS_24 "000000000000000000000005", NRS_PART_SENT);
    add_hex(f->store, 7, "dddddd0000000000" ZEROS_48, NRS_PART_CARRIED);
    add_hex(f->store, 8, "eeeeee0000000000" ZEROS_24 "000000000000000000000007", NRS_PART_SENT);
    assert_int_equal(nrs_store_commit(f->store), NRS_OK);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        test_id id;

        memset(&id, 0x55, sizeof id);
        print_message("  %s\n", cases[i].name);
        assert_int_equal(nrs_store_report_find(f->store, id.bytes, cases[i].prefix), cases[i].want);
        assert_int_equal(id.bytes[0], cases[i].want == NRS_OK ? cases[i].first : 0x55);
        assert_int_equal(id.bytes[31], cases[i].want == NRS_OK ? cases[i].last : 0x55);
    }
}

static void fill_ids(nrs_store *store, size_t count, uint8_t first)
{
    assert_int_equal(nrs_store_begin(store), NRS_OK);
    for (uint32_t i = 0; i < count; i++) {
        const test_id id = random_id(1000000u + first * 1000000u + i);
        test_id alike = id;
        uint64_t position = 0;
        nrs_log_row row = {.type = 9, .id = id.bytes, .record = text("r"), .owner = text("o")};

        if (first == 0xaa) { /* that begin alike, which costs 2^24 hashes each */
            memset(alike.bytes, first, 3);
            row.id = alike.bytes;
        }
        assert_int_equal(nrs_store_log_append(store, &position, &row), NRS_OK);
    }
    assert_int_equal(nrs_store_commit(store), NRS_OK);
}

static clock_t time_of_finding(nrs_store *store, const char *digits)
{
    const clock_t start = clock();
    test_id found;

    for (size_t i = 0; i < 500; i++) {
        assert_int_equal(nrs_store_report_find(store, found.bytes, digits), NRS_OK);
    }
    return clock() - start + CLOCKS_PER_SEC / 200;
}

static void a_whole_id_costs_the_same_however_many_there_are(void **state)
{
    fixture *f = *state;
    const test_id id = make_id(0xaa, 7);
    const nrs_log_row row = {.type = 1, .id = id.bytes, .record = text("report"), .owner = nrs_slice_of(id.bytes, NRS_HASH_SIZE)};
    const nrs_report_row report = row_for(1, &id, NRS_PART_RECEIVED);
    char digits[2 * NRS_HASH_SIZE + 1];
    uint64_t position = 0;
    clock_t few;
    test_id found;

    nrs_hex_encode(digits, id.bytes, NRS_HASH_SIZE);
    assert_int_equal(nrs_store_begin(f->store), NRS_OK);
    assert_int_equal(nrs_store_log_append(f->store, &position, &row), NRS_OK);
    assert_int_equal(nrs_store_report_add(f->store, &report), NRS_OK);
    assert_int_equal(nrs_store_commit(f->store), NRS_OK);
    few = time_of_finding(f->store, digits);
    fill_ids(f->store, 200000, 1);
    assert_in_range(time_of_finding(f->store, digits), 0, 4 * few);
    assert_int_equal(nrs_store_report_find(f->store, found.bytes, "aa0000"), NRS_OK);
    fill_ids(f->store, 300, 0xaa);
    digits[16] = '\0'; /* all that is in memory of an id */
    assert_int_equal(nrs_store_report_find(f->store, found.bytes, digits), NRS_OK);
    digits[6] = '\0';
    memset(digits, 'a', 6);
    assert_int_equal(nrs_store_report_find(f->store, found.bytes, digits), NRS_ERROR_AMBIGUOUS); /* too many to ask each */
}

/* Announced at the place of another record, then moved to its own when its bytes come: found by id and prefix all along,
 * once, also after a restart, and nowhere when the announcement was rolled back. */
static void an_announced_report_is_found_where_it_moves_to(void **state)
{
    fixture *f = *state;
    const test_id id = make_id(0xab, 1), letter = make_id(0xab, 2), lost = make_id(0xcd, 3);
    const nrs_log_row letter_row = {.type = 9, .id = letter.bytes, .record = text("letter"), .owner = text("o")};
    const nrs_log_row report_row = {.type = 1, .id = id.bytes, .record = text("report"), .owner = nrs_slice_of(id.bytes, NRS_HASH_SIZE)};
    nrs_report_row row = row_for(1, &id, NRS_PART_RECEIVED), never = row_for(1, &lost, NRS_PART_RECEIVED);
    nrs_report_row read = {0};
    nrs_bytes holder = {0};
    uint64_t letter_position = 0, position = 0;
    test_id found;

    assert_int_equal(nrs_store_begin(f->store), NRS_OK);
    assert_int_equal(nrs_store_log_append(f->store, &letter_position, &letter_row), NRS_OK);
    assert_int_equal(nrs_store_commit(f->store), NRS_OK);
    assert_int_equal(nrs_store_begin(f->store), NRS_OK);
    assert_int_equal(nrs_store_report_add(f->store, &never), NRS_OK);
    nrs_store_rollback(f->store);
    assert_int_equal(nrs_store_report_get(f->store, &read, &holder, lost.bytes), NRS_ERROR_NOT_FOUND);
    assert_int_equal(nrs_store_begin(f->store), NRS_OK);
    assert_int_equal(nrs_store_report_add(f->store, &row), NRS_OK);
    assert_int_equal(nrs_store_commit(f->store), NRS_OK);
    assert_int_equal(nrs_store_log_find(f->store, &position, id.bytes), NRS_OK);
    assert_int_equal(position, 0); /* the record itself has not come */
    for (size_t round = 0; round < 4; round++) {
        if (round == 2) {
            assert_int_equal(nrs_store_begin(f->store), NRS_OK);
            assert_int_equal(nrs_store_log_append(f->store, &position, &report_row), NRS_OK);
            assert_int_equal(nrs_store_report_move(f->store, letter_position, position), NRS_OK);
            assert_int_equal(nrs_store_commit(f->store), NRS_OK);
        }
        assert_int_equal(nrs_store_report_get(f->store, &read, &holder, id.bytes), NRS_OK);
        assert_int_equal(read.position, round < 2 ? letter_position : 2);
        assert_int_equal(nrs_store_report_find(f->store, found.bytes, "ab0000"), NRS_OK);
        assert_memory_equal(found.bytes, id.bytes, NRS_HASH_SIZE);
        assert_int_equal(nrs_store_log_find(f->store, &position, letter.bytes), NRS_OK);
        assert_int_equal(position, letter_position);
        fixture_reopen(f);
    }
    nrs_bytes_wipe(&holder);
}

/* Positions 1 carried; 2 received, opened; 3 sent; 4 received; 5 received, community two; 6 sent, community two. */
static void fill(nrs_store *store)
{
    assert_int_equal(nrs_store_begin(store), NRS_OK);
    for (uint64_t i = 1; i <= 6; i++) {
        const test_id id = random_id(i);
        nrs_report_row row = row_for(i, &id, i == 1 ? NRS_PART_CARRIED : NRS_PART_RECEIVED);

        if (i == 3 || i == 6) {
            row.part = NRS_PART_SENT;
        }
        if (i == 2) {
            row.opened_ms = 1;
        }
        if (i >= 5) {
            row.community = community_two.bytes;
        }
        assert_int_equal(nrs_store_report_add(store, &row), NRS_OK);
    }
    assert_int_equal(nrs_store_commit(store), NRS_OK);
}

static void filters(void **state)
{
    static const struct filter_case {
        const char *name;
        nrs_report_filter filter;
        const char *want;
    } cases[] = {
        {"everything of ours", {0}, "23456"},
        {"unread", {.unread = true}, "45"},
        {"sent", {.sent_only = true}, "36"},
        {"received", {.received_only = true}, "245"},
        {"unread and sent", {.unread = true, .sent_only = true}, ""},
        {"unread and received", {.unread = true, .received_only = true}, "45"},
        {"a community", {.community = community_two.bytes}, "56"},
        {"unread of a community", {.unread = true, .community = community_one.bytes}, "4"},
        {"since", {.since_ms = 400}, "456"},
        {"since just after", {.since_ms = 401}, "56"},
        {"since the end of time", {.since_ms = UINT64_MAX}, ""},
        {"the newest two, oldest first", {.limit = 2}, "56"},
        {"the newest unread", {.unread = true, .limit = 1}, "5"},
        {"the newest two received", {.received_only = true, .limit = 2}, "45"},
        {"after a position", {.after_position = 4}, "56"},
        {"before a position", {.before_position = 4}, "23"},
        {"the newest before a position", {.before_position = 5, .limit = 2}, "34"},
        {"the newest unread before a position", {.unread = true, .before_position = 5, .limit = 2}, "4"},
        {"a limit past the end", {.limit = SIZE_MAX}, "23456"},
        {"all at once", {.received_only = true, .community = community_one.bytes, .since_ms = 200, .limit = 1}, "4"},
    };
    fixture *f = *state;

    fill(f->store);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        seen s = {0};

        print_message("  %s\n", cases[i].name);
        assert_int_equal(nrs_store_report_each(f->store, &cases[i].filter, see, &s), NRS_OK);
        assert_int_equal(s.count, strlen(cases[i].want));
        for (size_t j = 0; j < s.count; j++) {
            assert_int_equal(s.positions[j], cases[i].want[j] - '0');
        }
    }
}

static nrs_error open_it(void *context, const nrs_report_row *row)
{
    seen *s = context;
    nrs_report_row changed = *row;
    nrs_bytes holder = {0};
    nrs_report_row again;
    nrs_error error = nrs_store_report_get(s->store, &again, &holder, row->id);

    nrs_bytes_wipe(&holder);
    s->count++;
    changed.opened_ms = 5;
    return error == NRS_OK ? nrs_store_report_update(s->store, &changed) : error;
}

static void a_visitor_may_open_what_it_visits(void **state)
{
    fixture *f = *state;
    const nrs_report_filter unread = {.unread = true};
    seen s = {.store = f->store};
    seen left = {0};

    fill(f->store);
    assert_int_equal(nrs_store_begin(f->store), NRS_OK);
    assert_int_equal(nrs_store_report_each(f->store, &unread, open_it, &s), NRS_OK);
    assert_int_equal(nrs_store_commit(f->store), NRS_OK);
    assert_int_equal(s.count, 2);
    assert_int_equal(nrs_store_report_each(f->store, &unread, see, &left), NRS_OK);
    assert_int_equal(left.count, 0);
}

static uint64_t counted(fixture *f)
{
    uint64_t count = 99;

    assert_int_equal(nrs_store_report_count(f->store, &count), NRS_OK);
    return count;
}

static nrs_error forget_it(void *context, const nrs_report_row *row)
{
    seen *s = context;
    nrs_report_row changed = *row;

    changed.key_state = NRS_KEY_FORGOTTEN;
    changed.wrapped_key.size = 0;
    return nrs_store_report_update(s->store, &changed);
}

static void the_count_follows_what_changes(void **state)
{
    fixture *f = *state;
    const nrs_report_filter newest = {.limit = 1}, two = {.limit = 2};
    seen s = {.store = f->store};

    fill(f->store);
    assert_int_equal(counted(f), 5);
    assert_int_equal(nrs_store_begin(f->store), NRS_OK);
    assert_int_equal(nrs_store_report_each(f->store, &two, forget_it, &s), NRS_OK);
    assert_int_equal(counted(f), 3);
    nrs_store_rollback(f->store);
    assert_int_equal(counted(f), 5);
    assert_int_equal(nrs_store_begin(f->store), NRS_OK);
    assert_int_equal(nrs_store_report_each(f->store, &newest, forget_it, &s), NRS_OK);
    assert_int_equal(nrs_store_report_each(f->store, &newest, forget_it, &s), NRS_OK); /* once more: the same one */
    assert_int_equal(nrs_store_commit(f->store), NRS_OK);
    assert_int_equal(counted(f), 4);
}

static nrs_error rewrap(void *context, const nrs_report_row *row)
{
    seen *s = context;
    nrs_report_row changed = *row;

    assert_slice(row->wrapped_key, "old");
    s->count++;
    changed.segment = row->segment + 1;
    changed.wrapped_key = text("new");
    return nrs_store_report_update(s->store, &changed);
}

static void a_segment_is_rewrapped_while_visited(void **state)
{
    fixture *f = *state;
    seen s = {.store = f->store};
    seen old = {0};
    seen new = {0};

    assert_int_equal(nrs_store_begin(f->store), NRS_OK);
    for (uint64_t i = 1; i <= 10; i++) {
        const test_id id = random_id(i);
        nrs_report_row row = row_for(i, &id, NRS_PART_RECEIVED);

        row.key_state = i == 10 ? NRS_KEY_NONE : NRS_KEY_HELD;
        row.segment = i == 9 ? 50 : 4;
        row.wrapped_key = text("old");
        assert_int_equal(nrs_store_report_add(f->store, &row), NRS_OK);
    }
    assert_int_equal(nrs_store_report_each_in_segment(f->store, 4, rewrap, &s), NRS_OK);
    assert_int_equal(nrs_store_commit(f->store), NRS_OK);
    assert_int_equal(s.count, 8);
    assert_int_equal(nrs_store_report_each_in_segment(f->store, 4, see, &old), NRS_OK);
    assert_int_equal(old.count, 0);
    assert_int_equal(nrs_store_report_each_in_segment(f->store, 5, see, &new), NRS_OK);
    assert_int_equal(new.count, 8);
    for (size_t i = 0; i < new.count; i++) {
        assert_int_equal(new.positions[i], i + 1);
    }
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        CASE(a_report_is_kept_and_updated),
        CASE(prefixes),
        CASE(a_whole_id_costs_the_same_however_many_there_are),
        CASE(an_announced_report_is_found_where_it_moves_to),
        CASE(filters),
        CASE(a_visitor_may_open_what_it_visits),
        CASE(the_count_follows_what_changes),
        CASE(a_segment_is_rewrapped_while_visited),
    };
#undef CASE

    return cmocka_run_group_tests(tests, NULL, NULL);
}
