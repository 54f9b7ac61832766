/* Streams: what is held beside a number, gaps and their sums, and what survives a rollback and a restart. */
#include "test_fixture.h"

#include "store/stream.h"

static nrs_stream_row stream_of(uint8_t key, uint8_t originator)
{
    nrs_stream_row row;

    memset(row.key, key, sizeof row.key);
    memset(row.stream, key + 1, sizeof row.stream);
    memset(row.originator, originator, sizeof row.originator);
    memset(row.community, 9, sizeof row.community);
    return row;
}

static void add_item(nrs_store *store, const nrs_stream_row *stream, uint64_t sequence)
{
    nrs_stream_item item = {.sequence = sequence, .created_ms = 100 * sequence};

    memset(item.id, (int)sequence, sizeof item.id);
    assert_int_equal(nrs_store_item_add(store, stream->key, &item), NRS_OK);
}

static void set_gap(nrs_store *store, const nrs_stream_row *stream, uint64_t first, uint64_t last, uint64_t seen_ms, uint64_t until_ms)
{
    nrs_gap gap = {.first = first, .last = last, .seen_ms = seen_ms, .until_ms = until_ms, .next_ms = seen_ms, .last_known = true};

    memcpy(gap.key, stream->key, sizeof gap.key);
    memset(gap.next_id, (int)last + 1, sizeof gap.next_id);
    memset(gap.last_id, (int)last, sizeof gap.last_id);
    assert_int_equal(nrs_store_gap_set(store, &gap), NRS_OK);
}

static void items_beside_a_number(void **state)
{
    fixture *f = *state;
    const nrs_stream_row stream = stream_of(1, 1), other = stream_of(2, 1);
    nrs_stream_item item;
    const struct { uint64_t at, below, above; } cases[] = {{1, 0, 2}, {2, 2, 5}, {4, 2, 5}, {5, 5, 0}, {UINT64_MAX, 5, 0}, {0, 0, 2}};

    assert_int_equal(nrs_store_begin(f->store), NRS_OK);
    add_item(f->store, &stream, 2);
    add_item(f->store, &stream, 5);
    add_item(f->store, &other, 3);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(nrs_store_item_below(f->store, &item, stream.key, cases[i].at), cases[i].below == 0 ? NRS_ERROR_NOT_FOUND : NRS_OK);
        if (cases[i].below != 0) {
            assert_int_equal(item.sequence, cases[i].below);
            assert_int_equal(item.created_ms, 100 * cases[i].below);
        }
        assert_int_equal(nrs_store_item_above(f->store, &item, stream.key, cases[i].at), cases[i].above == 0 ? NRS_ERROR_NOT_FOUND : NRS_OK);
        if (cases[i].above != 0) {
            assert_int_equal(item.sequence, cases[i].above);
        }
    }
    assert_int_equal(nrs_store_commit(f->store), NRS_OK);
}

static nrs_error count_gap(void *context, const nrs_stream_row *stream, const nrs_gap *gap)
{
    size_t *count = context;

    assert_memory_equal(stream->key, gap->key, sizeof gap->key);
    (*count)++;
    return NRS_OK;
}

typedef struct sums {
    nrs_gap_sum list[4];
    size_t count;
} sums;

static nrs_error gather(void *context, const nrs_gap_sum *sum)
{
    sums *all = context;

    assert_true(all->count < 4);
    all->list[all->count] = *sum;
    all->count++;
    return NRS_OK;
}

static void gaps_are_found_summed_and_expire(void **state)
{
    fixture *f = *state;
    const nrs_stream_row one = stream_of(1, 1), two = stream_of(3, 1), other = stream_of(5, 2);
    sums all = {.count = 0};
    nrs_gap gap;
    size_t count = 0;
    uint8_t id[NRS_HASH_SIZE];
    bool any = true;

    assert_int_equal(nrs_store_gap_any(f->store, &any), NRS_OK);
    assert_false(any);
    assert_int_equal(nrs_store_begin(f->store), NRS_OK);
    assert_int_equal(nrs_store_stream_add(f->store, &one), NRS_OK);
    assert_int_equal(nrs_store_stream_add(f->store, &one), NRS_OK); /* known: nothing changes */
    assert_int_equal(nrs_store_stream_add(f->store, &two), NRS_OK);
    assert_int_equal(nrs_store_stream_add(f->store, &other), NRS_OK);
    set_gap(f->store, &one, 2, 4, 1000, 9000);
    set_gap(f->store, &one, 8, 8, 2000, 5000);
    set_gap(f->store, &two, 1, 10, 3000, 9000);
    set_gap(f->store, &other, 1, INT64_MAX - 1, 4000, 9000); /* a liar's */
    assert_int_equal(nrs_store_commit(f->store), NRS_OK);
    fixture_reopen(f);
    assert_int_equal(nrs_store_gap_at(f->store, &gap, one.key, 3), NRS_OK);
    assert_int_equal(gap.first, 2);
    assert_int_equal(nrs_store_gap_at(f->store, &gap, one.key, 5), NRS_ERROR_NOT_FOUND);
    memset(id, 9, sizeof id);
    assert_int_equal(nrs_store_gap_before(f->store, &gap, id), NRS_OK);
    assert_int_equal(gap.first, 8);
    assert_true(gap.last_known && gap.last_id[0] == 8);
    assert_int_equal(nrs_store_gap_each(f->store, one.originator, 64, count_gap, &count), NRS_OK);
    assert_int_equal(count, 3);
    count = 0;
    assert_int_equal(nrs_store_gap_each_due(f->store, 2000, 64, count_gap, &count), NRS_OK);
    assert_int_equal(count, 2);
    assert_int_equal(nrs_store_gap_each_sum(f->store, 4000, 6000, gather, &all), NRS_OK);
    assert_int_equal(all.count, 3); /* by the time of their oldest: 13 missing and 1 expired of the one, the liar's */
    assert_true(!all.list[0].expired && all.list[0].count == 13 && all.list[0].seen_ms == 1000);
    assert_true(all.list[1].expired && all.list[1].count == 1);
    assert_true(all.list[2].originator[0] == 2 && all.list[2].count == 9000000000000000ull);
    all.count = 0;
    assert_int_equal(nrs_store_gap_each_sum(f->store, 999, 6000, gather, &all), NRS_OK);
    assert_int_equal(all.count, 0);
    assert_int_equal(nrs_store_begin(f->store), NRS_OK);
    assert_int_equal(nrs_store_gap_expire(f->store, 5000), NRS_OK);
    assert_int_equal(nrs_store_gap_at(f->store, &gap, one.key, 8), NRS_ERROR_NOT_FOUND);
    assert_int_equal(nrs_store_gap_delete(f->store, one.key, 2), NRS_OK);
    assert_int_equal(nrs_store_gap_at(f->store, &gap, one.key, 3), NRS_ERROR_NOT_FOUND);
    nrs_store_rollback(f->store);
    assert_int_equal(nrs_store_gap_at(f->store, &gap, one.key, 3), NRS_OK);
}

static void our_own_count(void **state)
{
    fixture *f = *state;
    const test_id audience = make_id(7, 1);
    nrs_sent_stream sent = {.sequence = 4}, read;

    memset(sent.stream, 3, sizeof sent.stream);
    memset(sent.last, 4, sizeof sent.last);
    assert_int_equal(nrs_store_sent_stream_get(f->store, &read, audience.bytes), NRS_ERROR_NOT_FOUND);
    assert_int_equal(nrs_store_begin(f->store), NRS_OK);
    assert_int_equal(nrs_store_sent_stream_set(f->store, audience.bytes, &sent), NRS_OK);
    assert_int_equal(nrs_store_commit(f->store), NRS_OK);
    assert_int_equal(nrs_store_begin(f->store), NRS_OK);
    sent.sequence = 5;
    assert_int_equal(nrs_store_sent_stream_set(f->store, audience.bytes, &sent), NRS_OK);
    nrs_store_rollback(f->store); /* the report was not stored: its number is free again */
    fixture_reopen(f);
    assert_int_equal(nrs_store_sent_stream_get(f->store, &read, audience.bytes), NRS_OK);
    assert_int_equal(read.sequence, 4);
    assert_memory_equal(read.last, sent.last, sizeof read.last);
    assert_int_equal(nrs_store_begin(f->store), NRS_OK);
    assert_int_equal(nrs_store_sent_stream_clear(f->store), NRS_OK);
    assert_int_equal(nrs_store_commit(f->store), NRS_OK);
    assert_int_equal(nrs_store_sent_stream_get(f->store, &read, audience.bytes), NRS_ERROR_NOT_FOUND);
}

static nrs_error count_proof(void *context, const nrs_equivocation_row *row)
{
    size_t *count = context;

    assert_int_equal(row->ids[1][0], 2);
    (*count)++;
    return NRS_OK;
}

static void one_proof_for_a_place(void **state)
{
    fixture *f = *state;
    nrs_equivocation_row row = {.at_ms = 5};
    nrs_unopened unopened = {.created_ms = 8}, read;
    size_t count = 0;
    bool new = false;

    memset(row.ids[0], 1, sizeof row.ids[0]);
    memset(row.ids[1], 2, sizeof row.ids[1]);
    assert_int_equal(nrs_store_begin(f->store), NRS_OK);
    assert_int_equal(nrs_store_equivocation_add(f->store, &new, &row), NRS_OK);
    assert_true(new);
    assert_int_equal(nrs_store_equivocation_add(f->store, &new, &row), NRS_OK);
    assert_false(new);
    row.place[0] = 1;
    assert_int_equal(nrs_store_equivocation_add(f->store, &new, &row), NRS_OK);
    assert_true(new);
    assert_int_equal(nrs_store_equivocation_count(f->store, &count, row.originator), NRS_OK);
    assert_int_equal(count, 2);
    count = 0;
    assert_int_equal(nrs_store_equivocation_each(f->store, count_proof, &count), NRS_OK);
    assert_int_equal(count, 2);
    assert_int_equal(nrs_store_unopened_get(f->store, &read, row.place), NRS_ERROR_NOT_FOUND);
    assert_int_equal(nrs_store_unopened_add(f->store, row.place, &unopened), NRS_OK);
    unopened.created_ms = 9;
    assert_int_equal(nrs_store_unopened_add(f->store, row.place, &unopened), NRS_OK);
    assert_int_equal(nrs_store_unopened_get(f->store, &read, row.place), NRS_OK);
    assert_int_equal(read.created_ms, 8);
    assert_int_equal(nrs_store_commit(f->store), NRS_OK);
}

static void old_places_go_page_by_page(void **state)
{
    fixture *f = *state;
    uint8_t place[NRS_HASH_SIZE], last[NRS_HASH_SIZE] = {0};
    nrs_unopened read;
    size_t count = 0, looked_at = 0, pages = 0;

    assert_int_equal(nrs_store_begin(f->store), NRS_OK);
    for (uint8_t i = 1; i <= 25; i++) {
        const nrs_unopened row = {.created_ms = i % 2 == 0 ? 100 : 99};

        memset(place, i, sizeof place);
        assert_int_equal(nrs_store_unopened_add(f->store, place, &row), NRS_OK);
    }
    do {
        assert_int_equal(nrs_store_unopened_expire(f->store, last, &count, 100, 10), NRS_OK);
        looked_at += count;
        pages++;
    } while (count == 10);
    assert_int_equal(pages, 3);
    assert_int_equal(looked_at, 25);
    for (uint8_t i = 1; i <= 25; i++) {
        memset(place, i, sizeof place);
        assert_int_equal(nrs_store_unopened_get(f->store, &read, place), i % 2 == 0 ? NRS_OK : NRS_ERROR_NOT_FOUND);
    }
    assert_int_equal(nrs_store_unopened_expire(f->store, last, &count, 100, 10), NRS_OK);
    assert_int_equal(count, 0);
    assert_int_equal(nrs_store_commit(f->store), NRS_OK);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        CASE(items_beside_a_number),
        CASE(gaps_are_found_summed_and_expire),
        CASE(our_own_count),
        CASE(one_proof_for_a_place),
        CASE(old_places_go_page_by_page),
    };
#undef CASE

    return cmocka_run_group_tests(tests, NULL, NULL);
}
