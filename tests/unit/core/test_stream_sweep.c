/* What is held of streams is let go of in time, a bounded part in each step, and nothing seems to be missing after it (SPEC 6.8). */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "mesh_look.h"
#include "mesh_records.h"
#include "proto/time.h"
#include "store/stream.h"

#define OK(expression) assert_int_equal((expression), NRS_OK)
#define ITEMS 50000u
#define STREAMS 50u
#define CHANGES_PER_STEP_MAX 1024u

static mesh net;

static void send_report(size_t node)
{
    OK(mesh_ask(&net, node, "{\"command\":\"send\",\"label\":\"GREEN\",\"to\":[\"@electricity\"],\"kind\":\"incident\",\"subject\":\"S\",\"body\":\"B\"}"));
}

static size_t gaps(size_t node)
{
    OK(mesh_ask(&net, node, "{\"command\":\"status\"}"));
    return json_array_size(json_object_get(mesh_row(&net, node, 0), "gaps"));
}

typedef struct tally {
    size_t count, of_made_streams;
} tally;

static nrs_error count(void *context, const nrs_item_row *row)
{
    tally *all = context;

    all->count++;
    all->of_made_streams += row->key[0] == 0xfe;
    return NRS_OK;
}

static tally held(size_t node)
{
    static const uint8_t none[NRS_HASH_SIZE];
    tally all = {.count = 0};

    OK(nrs_store_item_each(net.nodes[node].store, none, 0, 1000000, count, &all));
    return all;
}

static void fill(size_t node)
{
    nrs_store *store = net.nodes[node].store;
    nrs_stream_row stream = {.key = {0xfe}};
    nrs_stream_item item = {.created_ms = net.now_ms};

    memcpy(stream.originator, nrs_identity_public(net.nodes[1].identity)->sign_key, NRS_KEY_SIZE);
    OK(nrs_store_begin(store));
    for (uint32_t i = 0; i < ITEMS; i++) {
        stream.key[1] = (uint8_t)(i % STREAMS);
        item.sequence = i / STREAMS + 1;
        OK(nrs_store_stream_add(store, &stream));
        OK(nrs_store_item_add(store, stream.key, &item));
    }
    OK(nrs_store_commit(store));
}

static void pass(uint64_t time_ms)
{
    net.now_ms += time_ms;
    net.monotonic_ms += time_ms;
}

static uint64_t most_changes_of_one_step(size_t node, size_t ticks)
{
    const nrs_event tick = {.type = NRS_EVENT_TICK};
    uint64_t most = 0;

    for (size_t i = 0; i < ticks; i++) {
        const uint64_t before = nrs_store_changes(net.nodes[node].store);

        net.now_ms += 1000;
        net.monotonic_ms += 1000;
        OK(mesh_step(&net, node, &tick));
        most = nrs_store_changes(net.nodes[node].store) - before > most ? nrs_store_changes(net.nodes[node].store) - before : most;
    }
    return most;
}

/* A word of its originator, late on its way, on a number that was let go of. */
static void say_head(uint64_t sequence)
{
    uint8_t detail[NRS_HASH_SIZE + 16] = {0}, audience[NRS_HASH_SIZE], id[NRS_HASH_SIZE] = {9};
    const uint64_t expires_ms = net.now_ms + NRS_DAY_MS;
    nrs_sent_stream sent;
    nrs_statement statement;

    OK(nrs_store_sent_stream_due(net.nodes[1].store, &sent, audience, INT64_MAX));
    assert_int_equal(sent.sequence, 5);
    memcpy(detail, sent.stream, NRS_HASH_SIZE);
    for (size_t i = 0; i < 8; i++) {
        detail[NRS_HASH_SIZE + i] = (uint8_t)(sequence >> (8 * i));
        detail[NRS_HASH_SIZE + 8 + i] = (uint8_t)(expires_ms >> (8 * i));
    }
    nrs__wire__statement__init(&statement);
    statement.type = NRS_STATEMENT_HEAD;
    statement.sealed_id = nrs_field_of(nrs_slice_of(id, sizeof id));
    statement.at_ms = net.now_ms;
    statement.detail = nrs_field_of(nrs_slice_of(detail, sizeof detail));
    mesh_post(&net, 1, 2, 0, &statement);
}

static void what_is_old_goes_in_bounded_steps_and_is_not_missed(void **state)
{
    (void)state;
    mesh_start(&net, 3, 1);
    for (size_t i = 0; i < 3; i++) {
        send_report(1);
    }
    mesh_settle(&net, 3);
    assert_int_equal(mesh_listed(&net, 2), 3);
    fill(2);
    assert_int_equal(held(2).count, ITEMS + 3);
    pass(20 * NRS_DAY_MS);
    mesh_settle(&net, 6);
    send_report(1); /* so that its originator goes on with the stream */
    mesh_settle(&net, 3);
    assert_int_equal(held(2).count, ITEMS + 4);
    pass(11 * NRS_DAY_MS);
    assert_in_range(most_changes_of_one_step(2, 40), 256, CHANGES_PER_STEP_MAX);
    assert_in_range(held(2).count, 1, ITEMS - 1);
    mesh_crash(&net, 2); /* in the middle of a round */
    (void)most_changes_of_one_step(2, 1);
    pass(2 * NRS_DAY_MS); /* until its clock is trusted again */
    (void)most_changes_of_one_step(2, 120);
    assert_int_equal(held(2).of_made_streams, STREAMS); /* the last of each */
    assert_int_equal(held(2).count, STREAMS + 1);
    mesh_settle(&net, 6);
    send_report(1); /* the fifth of the same stream */
    mesh_settle(&net, 3);
    assert_int_equal(mesh_listed(&net, 2), 5);
    say_head(2);
    mesh_settle(&net, 70);
    assert_int_equal(gaps(2), 0);
    assert_int_equal(gaps(0), 0);
    pass(90 * NRS_DAY_MS); /* those in which nothing was sent for so long are over */
    (void)most_changes_of_one_step(2, 3);
    assert_int_equal(held(2).of_made_streams, 0);
    mesh_stop(&net);
}

static void our_own_go_when_they_are_old(void **state)
{
    (void)state;
    mesh_start(&net, 3, 1);
    for (size_t i = 0; i < 3; i++) {
        send_report(1);
    }
    mesh_settle(&net, 3);
    assert_int_equal(held(1).count, 3);
    pass(20 * NRS_DAY_MS);
    (void)most_changes_of_one_step(1, 3);
    assert_int_equal(held(1).count, 3);
    pass(11 * NRS_DAY_MS);
    (void)most_changes_of_one_step(1, 3);
    assert_int_equal(held(1).count, 0);
    mesh_settle(&net, 6);
    send_report(1);
    mesh_settle(&net, 3);
    assert_int_equal(mesh_listed(&net, 2), 4);
    mesh_settle(&net, 70);
    assert_int_equal(gaps(2), 0);
    mesh_stop(&net);
}

/* What is not opened may be the highest of its stream: it is kept as long as that, and then goes. */
static void what_was_never_opened_goes_with_the_last(void **state)
{
    enum { PLACES = 1500 };
    nrs_unopened row = {.created_ms = 0}, read;
    uint8_t place[NRS_HASH_SIZE] = {[NRS_HASH_SIZE - 1] = 1};
    size_t left = 0;

    (void)state;
    mesh_start(&net, 2, 1);
    mesh_settle(&net, 2);
    OK(nrs_store_begin(net.nodes[1].store));
    for (uint32_t i = 0; i < PLACES; i++) {
        memcpy(place, &i, sizeof i);
        row.created_ms = net.now_ms + (i == 7 ? 4 * NRS_DAY_MS : 0);
        OK(nrs_store_unopened_add(net.nodes[1].store, place, &row));
    }
    OK(nrs_store_commit(net.nodes[1].store));
    pass(89 * NRS_DAY_MS);
    (void)most_changes_of_one_step(1, 10);
    OK(nrs_store_unopened_get(net.nodes[1].store, &read, place));
    pass(2 * NRS_DAY_MS);
    assert_in_range(most_changes_of_one_step(1, 10), 256, CHANGES_PER_STEP_MAX);
    for (uint32_t i = 0; i < PLACES; i++) {
        memcpy(place, &i, sizeof i);
        left += nrs_store_unopened_get(net.nodes[1].store, &read, place) == NRS_OK;
    }
    assert_int_equal(left, 1);
    mesh_stop(&net);
}

/* Past the room of the list the rest is counted, and said. */
static void of_many_with_gaps_the_rest_is_told(void **state)
{
    const char *last = NULL;
    const json_t *warnings = NULL;

    (void)state;
    mesh_start(&net, 2, 1);
    mesh_settle(&net, 3);
    OK(nrs_store_begin(net.nodes[1].store));
    for (size_t i = 0; i < 300; i++) {
        nrs_stream_row stream = {.key = {0xfd, (uint8_t)i, (uint8_t)(i >> 8)}, .originator = {0xfc, (uint8_t)i, (uint8_t)(i >> 8)}};
        nrs_gap gap = {.first = 1, .last = 2, .seen_ms = net.now_ms - NRS_HOUR_MS, .until_ms = net.now_ms + NRS_DAY_MS,
                       .next_ms = net.now_ms + NRS_DAY_MS};

        memcpy(gap.key, stream.key, sizeof gap.key);
        OK(nrs_store_stream_add(net.nodes[1].store, &stream));
        OK(nrs_store_gap_set(net.nodes[1].store, &gap));
    }
    OK(nrs_store_commit(net.nodes[1].store));
    mesh_crash(&net, 1);
    mesh_settle(&net, 2);
    assert_int_equal(gaps(1), 256);
    warnings = json_object_get(mesh_row(&net, 1, 0), "warnings");
    for (size_t i = 0; i < json_array_size(warnings); i++) {
        const char *text = json_string_value(json_array_get(warnings, i));
        last = strncmp(text, "reports of ", 11) == 0 ? text : last;
    }
    assert_non_null(last);
    assert_string_equal(last, "reports of 44 more organisations are missing or have expired; these are not listed");
    mesh_stop(&net);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_old_goes_in_bounded_steps_and_is_not_missed),
        cmocka_unit_test(of_many_with_gaps_the_rest_is_told),
        cmocka_unit_test(our_own_go_when_they_are_old),
        cmocka_unit_test(what_was_never_opened_goes_with_the_last),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
