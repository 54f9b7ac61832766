/* Records that came before the roster they need, when there is no room to keep them all (SPEC 10.3). */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "mesh_keys.h"
#include "mesh_look.h"
#include "mesh_records.h"
#include "proto/time.h"
#include "store/queue.h"

#define REPORT_COUNT 140u /* with their slots more than one peer may have deferred */
#define LINK_BY_HAND (1u << 20)

static mesh net;

static void send_reports(size_t node, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(mesh_command(&net, node, "{\"command\":\"send\",\"label\":\"AMBER\",\"to\":[\"@electricity\"],\"kind\":\"incident\","
                                                  "\"subject\":\"S\",\"body\":\"B\"}"), NRS_OK);
    }
}

static long long deferred_count(void)
{
    assert_int_equal(mesh_command(&net, 0, "{\"command\":\"status\"}"), NRS_OK);
    return json_integer_value(json_object_get(mesh_row(&net, 0, 0), "deferred"));
}

/* ---- Node 1 by hand: what its log says, on a link of the test's own ---- */

typedef struct answer {
    bool closed;
    uint64_t confirmed;
    size_t deferred;
} answer;

static answer give_hub(nrs_frame_type type, nrs_slice payload)
{
    nrs_bytes frame = {0};
    nrs_event event = {.type = NRS_EVENT_FRAME, .link = LINK_BY_HAND, .now_ms = net.now_ms + (uint64_t)net.nodes[0].skew_ms, .monotonic_ms = net.monotonic_ms};
    nrs_effects effects = {0};
    answer heard = {0};

    mesh_frame(&frame, type, payload);
    event.bytes = nrs_slice_of_bytes(&frame);
    memcpy(event.curve_key, nrs_identity_public(net.nodes[1].identity)->curve_key, NRS_KEY_SIZE);
    assert_int_equal(nrs_core_step(net.nodes[0].core, &effects, &event, 1), NRS_OK);
    for (size_t i = 0; i < effects.count; i++) {
        nrs_frame *sent = NULL;
        nrs_confirm *confirm = NULL;
        heard.closed = heard.closed || (effects.list[i].type == NRS_EFFECT_CLOSE && effects.list[i].link == LINK_BY_HAND);
        if (effects.list[i].type == NRS_EFFECT_SEND && effects.list[i].link == LINK_BY_HAND) {
            assert_int_equal(nrs_frame_decode(&sent, nrs_slice_of_bytes(&effects.list[i].bytes)), NRS_OK);
            if (sent->type == NRS_FRAME_CONFIRM) {
                assert_int_equal(nrs_confirm_decode(&confirm, nrs_field(&sent->payload)), NRS_OK);
                heard.confirmed = confirm->position;
                heard.deferred += confirm->n_deferred;
            }
        }
        nrs_confirm_free(&confirm);
        nrs_frame_free(&sent);
    }
    nrs_effects_wipe(&effects);
    nrs_bytes_wipe(&frame);
    return heard;
}

static void greet_hub(const uint8_t log[NRS_LOG_ID_SIZE])
{
    nrs_hello hello;
    nrs_bytes payload = {0};

    nrs__wire__hello__init(&hello);
    hello.version_min = hello.version_max = NRS_LINK_VERSION;
    hello.org = nrs_field_of(nrs_slice_of(nrs_identity_public(net.nodes[1].identity)->sign_key, NRS_KEY_SIZE));
    hello.log = nrs_field_of(nrs_slice_of(log, NRS_LOG_ID_SIZE));
    hello.window = NRS_LINK_WINDOW_MIN;
    hello.now_ms = net.now_ms;
    assert_int_equal(nrs_hello_encode(&payload, &hello), NRS_OK);
    assert_false(give_hub(NRS_FRAME_HELLO, nrs_slice_of_bytes(&payload)).closed);
    nrs_bytes_wipe(&payload);
}

typedef struct telling {
    answer heard;
} telling;

/* A report of its own and the slots that stand with it. */
static nrs_error tell(void *context, const nrs_log_row *row)
{
    telling *told = context;
    nrs_items items;
    Nrs__Wire__Item item, *list[1] = {&item};
    ProtobufCBinaryData records[2] = {nrs_field_of(row->record), nrs_field_of(row->slots)};
    nrs_bytes payload = {0};
    answer heard;

    if (row->type != NRS_RECORD_SEALED || row->source.size > 0) {
        return NRS_OK;
    }
    nrs__wire__items__init(&items);
    nrs__wire__item__init(&item);
    item.position = row->position;
    item.n_records = row->slots.size > 0 ? 2 : 1;
    item.records = records;
    items.n_items = 1;
    items.items = list;
    assert_int_equal(nrs_items_encode(&payload, &items), NRS_OK);
    heard = give_hub(NRS_FRAME_ITEMS, nrs_slice_of_bytes(&payload));
    nrs_bytes_wipe(&payload);
    told->heard.closed = told->heard.closed || heard.closed;
    told->heard.confirmed = heard.confirmed;
    told->heard.deferred += heard.deferred;
    return NRS_OK;
}

/* Node 1 is two versions ahead, has written much, and hands it over before the hub has its roster. */
static answer too_much_for_the_hub(int64_t skew_ms)
{
    uint8_t log[NRS_LOG_ID_SIZE];
    telling told = {0};

    mesh_start(&net, 4, 1);
    mesh_bump(&net);
    mesh_bump(&net);
    mesh_down(&net, 0);
    mesh_give(&net, 1);
    send_reports(1, REPORT_COUNT);
    net.nodes[0].skew_ms = skew_ms;
    mesh_up(&net, 0);
    memcpy(log, nrs_store_incarnation(net.nodes[1].store), sizeof log);
    nrs_core_destroy(&net.nodes[1].core); /* its store stays open, to be read from */
    greet_hub(log);
    assert_int_equal(nrs_store_log_each(net.nodes[1].store, 0, 100000, tell, &told), NRS_OK);
    mesh_down(&net, 1);
    return told.heard;
}

static void a_full_table_ends_no_link_and_loses_nothing(void **state)
{
    answer heard;

    (void)state;
    heard = too_much_for_the_hub(0);
    assert_false(heard.closed);
    assert_int_equal(heard.deferred, REPORT_COUNT); /* also what is not kept: it is asked for again */
    assert_in_range(deferred_count(), 200, NRS_DEFERRED_PER_PEER_MAX - NRS_DEFERRED_ROSTER_ROOM_PER_PEER);
    mesh_crash(&net, 0); /* what was not kept is remembered */
    mesh_give(&net, 0);
    assert_int_equal(deferred_count(), 0);
    assert_true(mesh_listed(&net, 0) < REPORT_COUNT);
    mesh_up(&net, 1);
    mesh_settle(&net, 8);
    assert_int_equal(mesh_listed(&net, 0), REPORT_COUNT);
    assert_int_equal(mesh_listed(&net, 3), REPORT_COUNT);
    mesh_stop(&net);
}

/* Most peers say that its clock alone is wrong. */
static void a_hub_whose_clock_is_behind_keeps_them_too(void **state)
{
    answer heard;

    (void)state;
    heard = too_much_for_the_hub(-3 * (int64_t)NRS_DAY_MS);
    assert_int_equal(heard.deferred, REPORT_COUNT);
    assert_true(deferred_count() >= 200);
    mesh_give(&net, 0);
    assert_int_equal(deferred_count(), 0);
    mesh_up(&net, 1);
    mesh_settle(&net, 8);
    assert_int_equal(mesh_listed(&net, 0), REPORT_COUNT);
    assert_int_equal(mesh_listed(&net, 3), REPORT_COUNT);
    mesh_stop(&net);
}

/* The link stays up meanwhile, and what comes on it later is taken: the roster, too, that lets the others go. */
static void what_comes_after_is_taken(void **state)
{
    nrs_bytes record = {0}, payload = {0};
    nrs_items items;
    Nrs__Wire__Item item, *list[1] = {&item};
    ProtobufCBinaryData records[1];
    uint64_t confirmed;
    nrs_event tick = {.type = NRS_EVENT_TICK};

    (void)state;
    confirmed = too_much_for_the_hub(0).confirmed;
    assert_true(confirmed > 0);
    assert_int_equal(nrs_record_wrap(&record, NRS_RECORD_ROSTER, nrs_slice_of_bytes(&net.many)), NRS_OK);
    records[0] = nrs_field_of(nrs_slice_of_bytes(&record));
    nrs__wire__items__init(&items);
    nrs__wire__item__init(&item);
    item.n_records = 1;
    item.records = records;
    items.n_items = 1;
    items.items = list;
    assert_int_equal(nrs_items_encode(&payload, &items), NRS_OK);
    assert_false(give_hub(NRS_FRAME_ITEMS, nrs_slice_of_bytes(&payload)).closed);
    assert_int_equal(deferred_count(), 0);
    assert_int_equal(mesh_step(&net, 0, &tick), NRS_OK); /* there is room: the next hello asks again */
    mesh_up(&net, 1);
    mesh_settle(&net, 8);
    assert_int_equal(mesh_listed(&net, 0), REPORT_COUNT);
    nrs_bytes_wipe(&payload);
    nrs_bytes_wipe(&record);
    mesh_stop(&net);
}

/* A report that is handed over twice takes one place. */
static void what_waits_already_takes_no_second_place(void **state)
{
    mesh_records sealed;

    (void)state;
    mesh_start(&net, 3, 1);
    mesh_bump(&net);
    mesh_bump(&net);
    mesh_give(&net, 1);
    send_reports(1, 1);
    sealed = mesh_records_of(&net, 1, NRS_RECORD_SEALED);
    for (uint64_t i = 0; i < 5; i++) {
        mesh_give_records(&net, 1, 0, (1u << 20) + i, nrs_slice_of_bytes(&sealed.records[0]), nrs_slice_of(NULL, 0));
    }
    assert_int_equal(deferred_count(), 1);
    mesh_records_wipe(&sealed);
    mesh_stop(&net);
}

/* What a removed member had sent ahead of a roster that never comes takes no room for two weeks. */
static void what_a_removed_member_left_goes_with_it(void **state)
{
    nrs_bytes before = {0};
    mesh_records sealed;

    (void)state;
    mesh_start(&net, 4, 1);
    assert_int_equal(nrs_bytes_copy(&before, nrs_slice_of_bytes(&net.statement)), NRS_OK);
    for (size_t i = 0; i < 4; i++) {
        mesh_bump(&net);
    }
    mesh_give(&net, 1);
    send_reports(1, 1);
    sealed = mesh_records_of(&net, 1, NRS_RECORD_SEALED);
    mesh_give_records(&net, 1, 0, 1u << 20, nrs_slice_of_bytes(&sealed.records[0]), nrs_slice_of(NULL, 0));
    assert_int_equal(deferred_count(), 1);
    mesh_down(&net, 1); /* and with it the rosters that only it has */
    nrs_bytes_wipe(&net.statement);
    net.statement = before;
    mesh_remove(&net, 1);
    assert_int_equal(deferred_count(), 0);
    mesh_records_wipe(&sealed);
    mesh_stop(&net);
}

static const json_t *first_awaited(size_t node)
{
    assert_int_equal(mesh_command(&net, node, "{\"command\":\"status\"}"), NRS_OK);
    return json_array_get(json_object_get(mesh_row(&net, node, 0), "rosters_awaited"), 0);
}

/* A roster that does not come is told of: what waits for it, since when, and by what it can be brought. */
static void who_waits_for_long_is_told(void **state)
{
    nrs_event tick = {.type = NRS_EVENT_TICK};
    mesh_records sealed;
    char since[32];

    (void)state;
    mesh_start(&net, 3, 1);
    mesh_bump(&net);
    mesh_bump(&net);
    mesh_give(&net, 1);
    send_reports(1, 1);
    assert_null(first_awaited(0)); /* it has version 3, in which the last of the three stands */
    sealed = mesh_records_of(&net, 1, NRS_RECORD_SEALED);
    mesh_give_records(&net, 1, 0, 1u << 20, nrs_slice_of_bytes(&sealed.records[0]), nrs_slice_of(NULL, 0));
    nrs_time_format(since, net.now_ms);
    assert_string_equal(mesh_text(first_awaited(0), "community"), "electricity");
    assert_string_equal(mesh_text(first_awaited(0), "since"), since);
    assert_int_equal(json_integer_value(json_object_get(first_awaited(0), "version")), 5);
    assert_int_equal(json_integer_value(json_object_get(first_awaited(0), "records")), 1);
    assert_false(mesh_warned(&net, 0, "of a roster of @electricity"));
    net.now_ms += NRS_HOUR_MS;
    net.monotonic_ms += NRS_HOUR_MS;
    assert_int_equal(mesh_step(&net, 0, &tick), NRS_OK);
    assert_true(mesh_warned(&net, 0, "version 5 of a roster of @electricity"));
    assert_true(mesh_warned(&net, 0, since));
    assert_true(mesh_warned(&net, 0, "noroshi join"));
    mesh_give(&net, 0);
    assert_null(first_awaited(0));
    assert_false(mesh_warned(&net, 0, "of a roster of @electricity"));
    mesh_records_wipe(&sealed);
    mesh_stop(&net);
}

/* The roster that was waited for, or one that comes with it, names the next keys of the hub that had handed the report over. */
static void what_a_hub_handed_over_is_taken_under_its_next_keys(void **state)
{
    uint8_t id[NRS_HASH_SIZE];
    uint64_t position = 0;
    nrs_identity *after;
    mesh_records sealed;

    (void)state;
    mesh_start(&net, 4, 1);
    mesh_settle(&net, 4);
    after = mesh_announce_change(&net, 0);
    mesh_bump(&net);
    mesh_give(&net, 1);
    send_reports(1, 1);
    assert_int_equal(nrs_hex_decode(id, sizeof id, mesh_text(mesh_row(&net, 1, 0), "id")), NRS_OK);
    sealed = mesh_records_of(&net, 1, NRS_RECORD_SEALED);
    mesh_down(&net, 1); /* and with it the version between */
    mesh_give_records(&net, 0, 3, 1u << 20, nrs_slice_of_bytes(&sealed.records[0]), nrs_slice_of(NULL, 0));
    assert_int_equal(nrs_store_log_find(net.nodes[3].store, &position, id), NRS_OK);
    assert_int_equal(position, 0);
    assert_int_equal(nrs_store_deferred_count(net.nodes[3].store), 1);
    mesh_follow_change(&net, 0, after);
    mesh_settle(&net, 4);
    assert_int_equal(nrs_store_deferred_count(net.nodes[3].store), 0);
    assert_int_equal(nrs_store_log_find(net.nodes[3].store, &position, id), NRS_OK);
    assert_true(position > 0);
    nrs_identity_destroy(&after);
    mesh_records_wipe(&sealed);
    mesh_stop(&net);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_full_table_ends_no_link_and_loses_nothing),
        cmocka_unit_test(a_hub_whose_clock_is_behind_keeps_them_too),
        cmocka_unit_test(what_comes_after_is_taken),
        cmocka_unit_test(what_waits_already_takes_no_second_place),
        cmocka_unit_test(what_a_removed_member_left_goes_with_it),
        cmocka_unit_test(who_waits_for_long_is_told),
        cmocka_unit_test(what_a_hub_handed_over_is_taken_under_its_next_keys),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
