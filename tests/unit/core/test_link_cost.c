/* What a peer can make a node read, send and hold with hellos alone (SPEC 10.3), and look for with requests (SPEC 6.8). */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mesh_disk.h"
#include "mesh_look.h"
#include "mesh_records.h"

#define MIB (1024ull * 1024u)
#define REPORT_COUNT 400u   /* of 64 KiB each */
#define REPORT_SIZE 60000u
#define FIRST_LIAR 2u       /* the nodes whose links are made by hand */
#define LIAR_COUNT 7u
#define NODE_COUNT (FIRST_LIAR + LIAR_COUNT + 1u) /* and an honest member that comes late */
#define STEP_COUNT_MAX 400u
#define REPORTS_SIZE (REPORT_COUNT * 64ull * 1024u)

#define NAMED_COUNT 200u    /* small ones, where rows are counted and not bytes: more than are at hand and may be read together */
#define NAMED_SIZE 100u

#define ASKED_PER_MINUTE 64u
#define ASKS 58u            /* statements with as many places each as one may have: what fits into an envelope */
#define PLACES_OF_ASK 32u

static mesh net;
static nrs_link_id next_id;

typedef struct traffic {
    uint64_t bytes;            /* sent by the hub, of all links or of the one asked for */
    uint64_t bytes_of_largest_step;
} traffic;

/* A hub with reports, and members of whom it hears nothing. */
static void start_with(size_t count, size_t size)
{
    char *command = malloc(128 * 1024);
    int head;

    assert_non_null(command);
    mesh_start(&net, NODE_COUNT, 1);
    for (size_t i = FIRST_LIAR; i < NODE_COUNT; i++) {
        mesh_down(&net, i);
    }
    head = sprintf(command, "{\"command\":\"send\",\"label\":\"AMBER\",\"to\":[\"@electricity\"],\"kind\":\"incident\",\"subject\":\"S\",\"body\":\"");
    memset(command + head, 'b', size);
    (void)strcpy(command + head + size, "\"}");
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(mesh_command(&net, 1, command), NRS_OK);
    }
    free(command);
    mesh_settle(&net, 20);
    assert_int_equal(mesh_rows_of(&net, 0, NRS_RECORD_SEALED), count);
    next_id = 1u << 20;
}

/* Its log is much larger than a window. */
static void start(void)
{
    start_with(REPORT_COUNT, REPORT_SIZE);
}

static void hello(nrs_bytes *frame_out, size_t node)
{
    static uint8_t log[NRS_LOG_ID_SIZE] = {1};
    nrs_hello hello;
    nrs_bytes payload = {0};

    nrs__wire__hello__init(&hello);
    hello.version_min = hello.version_max = NRS_LINK_VERSION;
    hello.org = nrs_field_of(nrs_slice_of(nrs_identity_public(net.nodes[node].identity)->sign_key, NRS_KEY_SIZE));
    hello.log = nrs_field_of(nrs_slice_of(log, sizeof log));
    hello.window = NRS_LINK_WINDOW_MAX;
    hello.now_ms = net.now_ms;
    assert_int_equal(nrs_hello_encode(&payload, &hello), NRS_OK);
    mesh_frame(frame_out, NRS_FRAME_HELLO, nrs_slice_of_bytes(&payload));
    nrs_bytes_wipe(&payload);
}

static void step(traffic *seen, const nrs_event *events, size_t event_count)
{
    nrs_effects effects = {0};
    uint64_t bytes = 0;

    assert_int_equal(nrs_core_step(net.nodes[0].core, &effects, events, event_count), NRS_OK);
    for (size_t i = 0; i < effects.count; i++) {
        if (effects.list[i].type == NRS_EFFECT_SEND) {
            bytes += effects.list[i].bytes.size;
        }
    }
    seen->bytes += bytes;
    if (bytes > seen->bytes_of_largest_step) {
        seen->bytes_of_largest_step = bytes;
    }
    nrs_effects_wipe(&effects);
}

/* Each of the nodes on a new link that says it holds nothing; then until the hub has no more to send. Nothing is confirmed. */
static traffic greet(size_t first, size_t count)
{
    nrs_bytes frames[LIAR_COUNT] = {{0}};
    nrs_event events[LIAR_COUNT];
    traffic seen = {0};
    size_t steps = 0;

    for (size_t i = 0; i < count; i++) {
        hello(&frames[i], first + i);
        events[i] = (nrs_event){.type = NRS_EVENT_FRAME, .link = next_id++, .bytes = nrs_slice_of_bytes(&frames[i]), .now_ms = net.now_ms,
                                .monotonic_ms = net.monotonic_ms};
        memcpy(events[i].curve_key, nrs_identity_public(net.nodes[first + i].identity)->curve_key, NRS_KEY_SIZE);
    }
    step(&seen, events, count);
    for (steps = 0; nrs_core_busy(net.nodes[0].core) && steps < STEP_COUNT_MAX; steps++) {
        nrs_event tick = {.type = NRS_EVENT_TICK, .now_ms = net.now_ms, .monotonic_ms = net.monotonic_ms};
        step(&seen, &tick, 1);
    }
    assert_true(steps < STEP_COUNT_MAX);
    for (size_t i = 0; i < count; i++) {
        nrs_bytes_wipe(&frames[i]);
    }
    return seen;
}

static void what_a_step_sends_and_all_links_hold_unconfirmed_is_bounded(void **state)
{
    traffic seen;

    (void)state;
    start();
    seen = greet(FIRST_LIAR, LIAR_COUNT);
    assert_in_range(seen.bytes_of_largest_step, 1 * MIB, 24 * MIB); /* of 180 MiB that the seven ask for */
    assert_in_range(seen.bytes, 100 * MIB, 150 * MIB); /* with half taken each has a seventh of the rest, and more than that already */
    mesh_up(&net, NODE_COUNT - 1);
    mesh_settle(&net, 30);
    assert_int_equal(mesh_listed(&net, NODE_COUNT - 1), REPORT_COUNT); /* who confirms has its share in spite of them */
    mesh_stop(&net);
}

static void the_log_is_looked_through_again_only_so_often(void **state)
{
    uint64_t bytes = 0;
    traffic later;

    (void)state;
    start();
    for (size_t i = 0; i < 16; i++) {
        bytes += greet(FIRST_LIAR, 1).bytes;
    }
    assert_true(bytes > 2 * REPORTS_SIZE); /* an honest one may lose its store, even twice */
    assert_true(bytes < 6 * REPORTS_SIZE);
    net.now_ms += 15 * NRS_MINUTE_MS;
    net.monotonic_ms += 15 * NRS_MINUTE_MS;
    later = greet(FIRST_LIAR, 1);
    assert_true(later.bytes > REPORTS_SIZE / 2); /* it waits, and is not shut out */
    mesh_stop(&net);
}

/* The whole roster goes to whoever says that it holds none: that, too, only so often. */
static void rosters_are_told_again_only_so_often(void **state)
{
    uint64_t bytes = 0, last = 1;
    size_t rounds = 0;

    (void)state;
    mesh_start(&net, MESH_NODE_MAX, 1);
    mesh_down(&net, 2);
    next_id = 1u << 20;
    for (rounds = 0; rounds < 400000 && last > 500; rounds++) { /* what is left is the hub's own hello */
        last = greet(2, 1).bytes;
        bytes += last;
    }
    assert_true(rounds < 400000);
    assert_true(bytes < 140 * MIB + rounds * 500);
    net.now_ms += NRS_HOUR_MS;
    net.monotonic_ms += NRS_HOUR_MS;
    assert_true(greet(2, 1).bytes > 1000);
    mesh_stop(&net);
}

/* The places of all reports that the hub has, in the order in which it took them. */
typedef struct place_list {
    uint8_t places[NAMED_COUNT][NRS_HASH_SIZE];
    size_t count;
} place_list;

static nrs_error note_place(void *context, const nrs_log_row *row)
{
    place_list *list = context;
    nrs_record *record = NULL;
    nrs_sealed_view *view = NULL;

    if (row->type == NRS_RECORD_SEALED) {
        assert_int_equal(nrs_record_decode(&record, row->record), NRS_OK);
        assert_int_equal(nrs_sealed_parse(&view, nrs_field(&record->payload)), NRS_OK);
        assert_true(list->count < NAMED_COUNT);
        memcpy(list->places[list->count++], view->header->place.data, NRS_HASH_SIZE);
    }
    nrs_sealed_view_free(&view);
    nrs_record_free(&record);
    return NRS_OK;
}

/* How many reports the hub is to send again. */
static long resends(void)
{
    char count[65];

    mesh_sql_one(&net, 0, count, "SELECT count(*) FROM log WHERE type = 200");
    return strtol(count, NULL, 10);
}

/* One envelope of a member that asks the hub for reports, a number of places in each statement, from the first place on and around. Returns
 * how many rows the hub read for it. */
static long long ask_for(size_t asker, const place_list *list, size_t first, size_t statement_count, size_t place_count)
{
    static uint8_t details[ASKS][PLACES_OF_ASK * NRS_HASH_SIZE];
    static uint8_t after[NRS_HASH_SIZE] = {1};
    nrs_statement asks[ASKS];
    long long before;

    for (size_t i = 0; i < statement_count; i++) {
        for (size_t j = 0; j < place_count; j++) {
            memcpy(details[i] + j * NRS_HASH_SIZE, list->places[(first + i * place_count + j) % list->count], NRS_HASH_SIZE);
        }
        nrs__wire__statement__init(&asks[i]);
        asks[i].type = NRS_STATEMENT_MISSING;
        asks[i].at_ms = net.now_ms;
        asks[i].sealed_id = nrs_field_of(nrs_slice_of(after, sizeof after));
        asks[i].detail = nrs_field_of(nrs_slice_of(details[i], place_count * NRS_HASH_SIZE));
    }
    before = mesh_rows_read(&net, 0);
    mesh_post_all(&net, asker, 0, asker, asks, statement_count);
    return mesh_rows_read(&net, 0) - before;
}

/* Places cost the asker 32 bytes and the hub a report that is read, decoded and hashed. */
static void what_is_asked_for_is_looked_for_only_so_often(void **state)
{
    static place_list list;

    (void)state;
    start_with(NAMED_COUNT, NAMED_SIZE);
    mesh_up(&net, FIRST_LIAR);
    mesh_settle(&net, 30);
    assert_int_equal(mesh_listed(&net, FIRST_LIAR), NAMED_COUNT);
    assert_int_equal(nrs_store_log_each(net.nodes[0].store, 0, 100000, note_place, &list), NRS_OK);
    assert_int_equal(list.count, NAMED_COUNT);
    assert_in_range(ask_for(FIRST_LIAR, &list, 0, ASKS, PLACES_OF_ASK), ASKED_PER_MINUTE, 4 * ASKED_PER_MINUTE + 2); /* with what is sent at once */
    assert_int_equal(resends(), ASKED_PER_MINUTE); /* so many are sent again */
    mesh_settle(&net, 5);
    assert_true(ask_for(FIRST_LIAR, &list, ASKED_PER_MINUTE, ASKS, PLACES_OF_ASK) <= 2); /* over, and another envelope changes nothing */
    net.now_ms += NRS_MINUTE_MS;
    net.monotonic_ms += NRS_MINUTE_MS;
    assert_true(ask_for(FIRST_LIAR, &list, 2 * ASKED_PER_MINUTE, 1, 4) >= 4); /* as a node that misses some asks: each is sent */
    assert_int_equal(resends(), ASKED_PER_MINUTE + 4);
    mesh_stop(&net);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_a_step_sends_and_all_links_hold_unconfirmed_is_bounded),
        cmocka_unit_test(the_log_is_looked_through_again_only_so_often),
        cmocka_unit_test(rosters_are_told_again_only_so_often),
        cmocka_unit_test(what_is_asked_for_is_looked_for_only_so_often),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
