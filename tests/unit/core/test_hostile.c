/* A member that keeps to no rule, after a valid greeting; and records that come before the roster they need. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "keys/seal.h"
#include "mesh_look.h"
#include "mesh_records.h"
#include "proto/vocabulary.h"

static mesh net;

static void send_with(size_t node, const char *label, const char *to)
{
    char command[256];

    (void)snprintf(command, sizeof command,
                   "{\"command\":\"send\",\"label\":\"%s\",\"to\":[\"%s\"],\"kind\":\"incident\",\"subject\":\"S\",\"body\":\"B\"}", label, to);
    assert_int_equal(mesh_command(&net, node, command), NRS_OK);
}

static long long status_number(size_t node, const char *key)
{
    assert_int_equal(mesh_command(&net, node, "{\"command\":\"status\"}"), NRS_OK);
    return json_integer_value(json_object_get(mesh_row(&net, node, 0), key));
}

/* A path into the tree of a grant that has none: CLEAR grants carry the key openly. */
static void a_slot_path_of_a_clear_report_is_refused(void **state)
{
    mesh_records sealed;
    nrs_record *record = NULL;
    nrs_sealed_view *view = NULL;
    nrs_slot slot;
    nrs_slot_path path;
    uint8_t org[NRS_KEY_HASH_SIZE], wrapped[NRS_WRAPPED_KEY_SIZE] = {1}, prekey_id[NRS_PREKEY_ID_SIZE] = {1};
    nrs_bytes slot_bytes = {0}, path_bytes = {0}, bytes = {0};

    (void)state;
    mesh_start(&net, 3, 1);
    send_with(1, "CLEAR", "@electricity");
    mesh_settle(&net, 3);
    sealed = mesh_records_of(&net, 0, NRS_RECORD_SEALED);
    assert_int_equal(sealed.count, 1);
    assert_int_equal(nrs_record_decode(&record, nrs_slice_of_bytes(&sealed.records[0])), NRS_OK);
    assert_int_equal(nrs_sealed_parse(&view, nrs_field(&record->payload)), NRS_OK);
    nrs_key_hash(org, nrs_identity_public(net.nodes[0].identity)->sign_key);
    nrs__wire__slot__init(&slot);
    slot.org = nrs_field_of(nrs_slice_of(org, sizeof org));
    slot.prekey_id = nrs_field_of(nrs_slice_of(prekey_id, sizeof prekey_id));
    slot.wrapped = nrs_field_of(nrs_slice_of(wrapped, sizeof wrapped));
    assert_int_equal(nrs_slot_encode(&slot_bytes, &slot), NRS_OK);
    nrs__wire__slot_path__init(&path);
    path.sealed_id = nrs_field_of(nrs_slice_of(view->id, NRS_HASH_SIZE));
    path.grant_id = nrs_field_of(nrs_slice_of(view->grant_id, NRS_HASH_SIZE));
    path.slot = nrs_field_of(nrs_slice_of_bytes(&slot_bytes));
    assert_int_equal(nrs_slot_path_encode(&path_bytes, &path), NRS_OK);
    assert_int_equal(nrs_record_wrap(&bytes, NRS_RECORD_SLOT_PATH, nrs_slice_of_bytes(&path_bytes)), NRS_OK);
    mesh_give_records(&net, 2, 0, 1u << 20, nrs_slice_of_bytes(&bytes), nrs_slice_of(NULL, 0));
    assert_int_equal(mesh_listed(&net, 0), 1);
    nrs_bytes_wipe(&bytes);
    nrs_bytes_wipe(&path_bytes);
    nrs_bytes_wipe(&slot_bytes);
    nrs_sealed_view_free(&view);
    nrs_record_free(&record);
    mesh_records_wipe(&sealed);
    mesh_stop(&net);
}

static bool keep_hello(void *context, size_t from, size_t to, nrs_slice frame)
{
    nrs_bytes *kept = context;

    if (from == 2 && to == 0 && kept->size == 0) {
        assert_int_equal(nrs_bytes_copy(kept, frame), NRS_OK);
    }
    return true;
}

/* A second hello would start the log again while the first answer's frames still wait: the link ends instead. */
static void a_second_hello_ends_the_link(void **state)
{
    nrs_bytes hello = {0};

    (void)state;
    mesh_start(&net, 3, 1);
    mesh_crash(&net, 2);
    net.inspect = keep_hello;
    net.inspect_context = &hello;
    mesh_settle(&net, 3);
    assert_true(mesh_linked(&net, 2, 0));
    assert_true(hello.size > 0);
    assert_int_equal(mesh_inject(&net, 2, 0, nrs_slice_of_bytes(&hello)), NRS_OK);
    assert_false(mesh_linked(&net, 2, 0));
    assert_true(mesh_linked(&net, 1, 0));
    net.inspect = NULL;
    mesh_settle(&net, 3);
    assert_true(mesh_linked(&net, 2, 0));
    nrs_bytes_wipe(&hello);
    mesh_stop(&net);
}

/* A position that the store cannot hold ends the link of who sent it, and nobody else's. */
static void a_position_out_of_range_ends_one_link(void **state)
{
    static const uint8_t items[] = {0x0a, 0x0e, 0x08, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01, 0x12, 0x01, 0x00};
    nrs_bytes frame = {0};

    (void)state;
    mesh_start(&net, 3, 1);
    mesh_frame(&frame, NRS_FRAME_ITEMS, nrs_slice_of(items, sizeof items));
    assert_int_equal(mesh_inject(&net, 2, 0, nrs_slice_of_bytes(&frame)), NRS_OK);
    assert_false(mesh_linked(&net, 2, 0));
    assert_true(mesh_linked(&net, 1, 0));
    nrs_bytes_wipe(&frame);
    mesh_stop(&net);
}

/* The sender is two versions ahead: report and slots wait at the hub for the roster, and then go their way. */
static void what_comes_before_its_roster_waits_and_is_delivered(void **state)
{
    mesh_records sealed, tables;

    (void)state;
    mesh_start(&net, 3, 1);
    mesh_bump(&net);
    mesh_bump(&net);
    mesh_give(&net, 1);
    send_with(1, "AMBER", "@electricity");
    sealed = mesh_records_of(&net, 1, NRS_RECORD_SEALED);
    tables = mesh_records_of(&net, 1, NRS_RECORD_SLOT_TABLE);
    assert_int_equal(sealed.count, 1);
    assert_int_equal(tables.count, 1);
    mesh_give_records(&net, 1, 0, 1u << 20, nrs_slice_of_bytes(&sealed.records[0]), nrs_slice_of(NULL, 0));
    mesh_give_records(&net, 1, 0, (1u << 20) + 1, nrs_slice_of_bytes(&tables.records[0]), nrs_slice_of(NULL, 0));
    assert_int_equal(status_number(0, "deferred"), 2);
    assert_int_equal(mesh_listed(&net, 0), 0);
    mesh_crash(&net, 0);
    assert_int_equal(status_number(0, "deferred"), 2);
    mesh_give(&net, 0);
    assert_int_equal(status_number(0, "deferred"), 0);
    assert_int_equal(mesh_listed(&net, 0), 1);
    mesh_settle(&net, 5);
    assert_int_equal(mesh_listed(&net, 2), 1);
    mesh_records_wipe(&sealed);
    mesh_records_wipe(&tables);
    mesh_stop(&net);
}

/* A version that a node missed does not stop it: the roster keys it holds vouch for a later one. */
static void a_skipped_roster_version_heals(void **state)
{
    (void)state;
    mesh_start(&net, 4, 1);
    mesh_bump(&net);
    mesh_bump(&net);
    mesh_give(&net, 1);
    mesh_settle(&net, 4);
    send_with(1, "AMBER", "@electricity");
    mesh_settle(&net, 4);
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(mesh_listed(&net, i), 1);
        assert_int_equal(mesh_command(&net, i, "{\"command\":\"status\"}"), NRS_OK);
        assert_int_equal(json_integer_value(json_object_get(
                             json_array_get(json_object_get(mesh_row(&net, i, 0), "communities"), 0), "roster_version")), 6);
    }
    assert_string_equal(mesh_text(mesh_row(&net, 0, 0), "org"), "org-0");
    mesh_stop(&net);
}

/* More refusals in one step than a confirmation holds, and then a record that is in order. */
static void a_full_confirmation_leaves_and_another_is_begun(void **state)
{
    static const uint8_t garbage[] = {1};
    mesh_records card;
    nrs_items items;
    static Nrs__Wire__Item list[NRS_ITEM_COUNT_MAX];
    static Nrs__Wire__Item *pointers[NRS_ITEM_COUNT_MAX];
    ProtobufCBinaryData bad[1] = {nrs_field_of(nrs_slice_of(garbage, sizeof garbage))}, good[1];
    nrs_bytes payload = {0}, frames[2] = {{0}, {0}};
    nrs_event events[2] = {{.type = NRS_EVENT_FRAME}, {.type = NRS_EVENT_FRAME}};
    nrs_effects effects = {0};

    (void)state;
    mesh_start(&net, 3, 1);
    card = mesh_records_of(&net, 2, NRS_RECORD_CARD);
    assert_true(card.count > 0);
    good[0] = nrs_field_of(nrs_slice_of_bytes(&card.records[0]));
    nrs__wire__items__init(&items);
    for (size_t i = 0; i < NRS_ITEM_COUNT_MAX; i++) {
        nrs__wire__item__init(&list[i]);
        list[i].position = (1u << 20) + i;
        list[i].n_records = 1;
        list[i].records = bad;
        pointers[i] = &list[i];
    }
    items.n_items = NRS_ITEM_COUNT_MAX;
    items.items = pointers;
    assert_int_equal(nrs_items_encode(&payload, &items), NRS_OK);
    mesh_frame(&frames[0], NRS_FRAME_ITEMS, nrs_slice_of_bytes(&payload));
    list[0].position = 1u << 21;
    list[0].records = good;
    items.n_items = 1;
    assert_int_equal(nrs_items_encode(&payload, &items), NRS_OK);
    mesh_frame(&frames[1], NRS_FRAME_ITEMS, nrs_slice_of_bytes(&payload));
    for (size_t i = 0; i < 2; i++) {
        events[i].link = mesh_link_id(&net, 2, 0);
        events[i].bytes = nrs_slice_of_bytes(&frames[i]);
        events[i].now_ms = net.now_ms;
        events[i].monotonic_ms = net.monotonic_ms;
        memcpy(events[i].curve_key, nrs_identity_public(net.nodes[2].identity)->curve_key, NRS_KEY_SIZE);
    }
    assert_int_equal(nrs_core_step(net.nodes[0].core, &effects, events, 2), NRS_OK);
    nrs_effects_wipe(&effects);
    send_with(1, "AMBER", "@electricity");
    mesh_settle(&net, 3);
    assert_int_equal(mesh_listed(&net, 2), 1);
    nrs_bytes_wipe(&payload);
    nrs_bytes_wipe(&frames[0]);
    nrs_bytes_wipe(&frames[1]);
    mesh_records_wipe(&card);
    mesh_stop(&net);
}

/* What waits for a roster that never comes does not wait for ever. */
static void what_is_deferred_expires(void **state)
{
    mesh_records sealed;

    (void)state;
    mesh_start(&net, 3, 1);
    mesh_bump(&net);
    mesh_bump(&net);
    mesh_give(&net, 1);
    send_with(1, "AMBER", "@electricity");
    sealed = mesh_records_of(&net, 1, NRS_RECORD_SEALED);
    mesh_down(&net, 2);
    mesh_give_records(&net, 1, 0, 1u << 20, nrs_slice_of_bytes(&sealed.records[0]), nrs_slice_of(NULL, 0));
    mesh_down(&net, 1); /* and with it the roster */
    assert_int_equal(status_number(0, "deferred"), 1);
    net.now_ms += 10 * NRS_DAY_MS;
    net.monotonic_ms += 10 * NRS_DAY_MS;
    mesh_settle(&net, 3);
    assert_int_equal(status_number(0, "deferred"), 0);
    mesh_records_wipe(&sealed);
    mesh_stop(&net);
}

/* What says that it was made in the far future would be kept until its own time is over. */
static void what_comes_from_the_future_is_not_deferred(void **state)
{
    mesh_records sealed;
    uint64_t now_ms;

    (void)state;
    mesh_start(&net, 3, 1);
    mesh_bump(&net);
    mesh_bump(&net);
    mesh_give(&net, 1);
    mesh_down(&net, 0); /* or it would come by itself */
    now_ms = net.now_ms;
    net.now_ms += 3 * NRS_DAY_MS;
    send_with(1, "GREEN", "@electricity"); /* by this clock the hubs' word on the roster is too old for more */
    sealed = mesh_records_of(&net, 1, NRS_RECORD_SEALED);
    assert_int_equal(sealed.count, 1);
    net.now_ms = now_ms;
    mesh_up(&net, 0);
    mesh_settle(&net, 3);
    assert_true(mesh_linked(&net, 1, 0));
    mesh_give_records(&net, 1, 0, 1u << 20, nrs_slice_of_bytes(&sealed.records[0]), nrs_slice_of(NULL, 0));
    assert_int_equal(status_number(0, "deferred"), 0);
    mesh_records_wipe(&sealed);
    mesh_stop(&net);
}

/* Paths into a report that is deferred wait with it, whatever they hold. */
static void path_of(nrs_bytes *record_out, nrs_slice sealed, uint32_t number)
{
    uint8_t org[NRS_KEY_HASH_SIZE], wrapped[NRS_WRAPPED_KEY_SIZE] = {1}, prekey_id[NRS_PREKEY_ID_SIZE] = {1}, grant_id[NRS_HASH_SIZE] = {2};
    nrs_record *record = NULL;
    nrs_sealed_view *view = NULL;
    nrs_slot slot;
    nrs_slot_path path;
    nrs_bytes slot_bytes = {0}, path_bytes = {0};

    assert_int_equal(nrs_record_decode(&record, sealed), NRS_OK);
    assert_int_equal(nrs_sealed_parse(&view, nrs_field(&record->payload)), NRS_OK);
    memcpy(wrapped, &number, sizeof number);
    nrs_key_hash(org, nrs_identity_public(net.nodes[0].identity)->sign_key);
    nrs__wire__slot__init(&slot);
    slot.org = nrs_field_of(nrs_slice_of(org, sizeof org));
    slot.prekey_id = nrs_field_of(nrs_slice_of(prekey_id, sizeof prekey_id));
    slot.wrapped = nrs_field_of(nrs_slice_of(wrapped, sizeof wrapped));
    assert_int_equal(nrs_slot_encode(&slot_bytes, &slot), NRS_OK);
    nrs__wire__slot_path__init(&path);
    path.sealed_id = nrs_field_of(nrs_slice_of(view->id, NRS_HASH_SIZE));
    path.grant_id = nrs_field_of(nrs_slice_of(grant_id, sizeof grant_id));
    path.slot = nrs_field_of(nrs_slice_of_bytes(&slot_bytes));
    assert_int_equal(nrs_slot_path_encode(&path_bytes, &path), NRS_OK);
    assert_int_equal(nrs_record_wrap(record_out, NRS_RECORD_SLOT_PATH, nrs_slice_of_bytes(&path_bytes)), NRS_OK);
    nrs_bytes_wipe(&path_bytes);
    nrs_bytes_wipe(&slot_bytes);
    nrs_sealed_view_free(&view);
    nrs_record_free(&record);
}

/* What speaks of rosters far ahead fills no more than one peer's room, and what is honest still passes. */
static void a_peer_cannot_take_the_room_of_others(void **state)
{
    mesh_records sealed;

    (void)state;
    mesh_start(&net, 4, 1);
    mesh_bump(&net);
    mesh_bump(&net);
    mesh_give(&net, 1);
    send_with(1, "AMBER", "@electricity");
    sealed = mesh_records_of(&net, 1, NRS_RECORD_SEALED);
    assert_int_equal(sealed.count, 1);
    mesh_give_records(&net, 1, 0, 1u << 20, nrs_slice_of_bytes(&sealed.records[0]), nrs_slice_of(NULL, 0));
    for (uint32_t i = 1; i < 300; i++) {
        nrs_bytes path = {0};
        path_of(&path, nrs_slice_of_bytes(&sealed.records[0]), i);
        mesh_give_records(&net, 1, 0, (1u << 20) + i, nrs_slice_of_bytes(&path), nrs_slice_of(NULL, 0));
        nrs_bytes_wipe(&path);
    }
    assert_int_equal(status_number(0, "deferred"), NRS_DEFERRED_PER_PEER_MAX - NRS_DEFERRED_ROSTER_ROOM_PER_PEER);
    assert_true(mesh_linked(&net, 1, 0)); /* what found no room is asked for again, by the next hello */
    send_with(2, "AMBER", "@electricity");
    mesh_settle(&net, 3);
    assert_int_equal(status_number(0, "deferred"), 0); /* its roster came on the same link */
    assert_int_equal(mesh_listed(&net, 3), 2); /* positions that the log of 1 never had: it is sent from the start, with the slots */
    mesh_records_wipe(&sealed);
    mesh_stop(&net);
}

static size_t named_for_much(size_t node, size_t peer)
{
    char start[32];

    (void)snprintf(start, sizeof start, "org-%zu: ", peer);
    return strncmp(net.nodes[node].last_log, start, strlen(start)) == 0 && strstr(net.nodes[node].last_log, "records and statements of it have come") != NULL ? 1 : 0;
}

/* Nothing is wrong with any of it: then nothing else in the log says why the node is busy. */
static void who_brings_much_is_named_once_an_hour(void **state)
{
    static uint8_t none[NRS_HASH_SIZE];
    static nrs_statement fillers[MESH_STATEMENT_MAX];
    mesh_records cards;
    size_t said = 0;

    (void)state;
    mesh_start(&net, 3, 1);
    mesh_settle(&net, 3);
    cards = mesh_records_of(&net, 2, NRS_RECORD_CARD);
    assert_true(cards.count > 0);
    for (uint64_t i = 0; i < 3000; i++) {
        net.nodes[0].last_log[0] = '\0';
        mesh_give_records(&net, 2, 0, (1u << 20) + i, nrs_slice_of_bytes(&cards.records[0]), nrs_slice_of_bytes(&cards.records[0]));
        said += named_for_much(0, 2);
    }
    assert_int_equal(said, 1);
    mesh_records_wipe(&cards);
    said = 0;
    nrs__wire__statement__init(&fillers[0]);
    fillers[0].type = NRS_STATEMENT_FILLER;
    fillers[0].at_ms = net.now_ms;
    fillers[0].sealed_id = nrs_field_of(nrs_slice_of(none, sizeof none));
    for (size_t i = 1; i < MESH_STATEMENT_MAX; i++) {
        fillers[i] = fillers[0];
    }
    for (size_t i = 0; i < 100; i++) { /* a hub brings what another says */
        net.nodes[1].last_log[0] = '\0';
        mesh_post_all(&net, 2, 1, 0, fillers, MESH_STATEMENT_MAX);
        said += named_for_much(1, 2);
    }
    assert_int_equal(said, 1);
    mesh_stop(&net);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_slot_path_of_a_clear_report_is_refused),
        cmocka_unit_test(a_second_hello_ends_the_link),
        cmocka_unit_test(a_position_out_of_range_ends_one_link),
        cmocka_unit_test(what_comes_before_its_roster_waits_and_is_delivered),
        cmocka_unit_test(a_skipped_roster_version_heals),
        cmocka_unit_test(a_full_confirmation_leaves_and_another_is_begun),
        cmocka_unit_test(what_is_deferred_expires),
        cmocka_unit_test(what_comes_from_the_future_is_not_deferred),
        cmocka_unit_test(a_peer_cannot_take_the_room_of_others),
        cmocka_unit_test(who_brings_much_is_named_once_an_hour),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
