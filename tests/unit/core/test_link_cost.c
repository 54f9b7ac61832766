/* What a peer can make a node read, send and hold with hellos alone (SPEC 10.3), look for with requests (SPEC 6.8), and read with records and
 * statements about its reports (SPEC 8.1, 10.4). */
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
#define REFUSALS_ENTERED 8u /* into the audit log in a minute: something comes of these */
#define ASKS 58u            /* statements with as many places each as one may have: what fits into an envelope */
#define PLACES_OF_ASK 32u
#define ENVELOPES ((NAMED_COUNT + ASKS - 1) / ASKS) /* with a statement about each */

static mesh net;
static nrs_link_id next_id;

typedef struct traffic {
    uint64_t bytes;            /* sent by the hub, of all links or of the one asked for */
    uint64_t bytes_of_largest_step;
} traffic;

/* A hub with reports, and members of whom it hears nothing. */
static void start_to(const char *to, size_t count, size_t size)
{
    char *command = malloc(128 * 1024);
    int head;

    assert_non_null(command);
    mesh_start(&net, NODE_COUNT, 1);
    for (size_t i = FIRST_LIAR; i < NODE_COUNT; i++) {
        mesh_down(&net, i);
    }
    head = sprintf(command, "{\"command\":\"send\",\"label\":\"AMBER\",\"to\":[\"%s\"],\"kind\":\"incident\",\"subject\":\"S\",\"body\":\"", to);
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
    start_to("@electricity", REPORT_COUNT, REPORT_SIZE);
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
    assert_true(seen.bytes > 100 * MIB);
    assert_true(seen.bytes < 257 * MIB);
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

static long long rows_read_of(size_t node)
{
    return json_integer_value(json_object_get(json_object_get(mesh_status(&net, node), "log_read"), "rows"));
}

static long long rows_read(void)
{
    return rows_read_of(0);
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
    before = rows_read();
    mesh_post_all(&net, asker, 0, asker, asks, statement_count);
    return rows_read() - before;
}

/* Places cost the asker 32 bytes and the hub a report that is read, decoded and hashed. */
static void what_is_asked_for_is_looked_for_only_so_often(void **state)
{
    static place_list list;

    (void)state;
    start_to("@electricity", NAMED_COUNT, NAMED_SIZE);
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

/* A record of 150 bytes about the report in hand: a table of slots, or a slot for the hub itself, under a grant. */
static void name_report(nrs_record_type type, const uint8_t *sealed_id, const uint8_t *grant_id)
{
    static uint64_t position = 1ull << 30;
    uint8_t org[NRS_KEY_HASH_SIZE], wrapped[NRS_WRAPPED_KEY_SIZE] = {1}, prekey_id[NRS_PREKEY_ID_SIZE] = {1};
    ProtobufCBinaryData slots[1];
    nrs_slot slot;
    nrs_slot_table table;
    nrs_slot_path path;
    nrs_bytes slot_bytes = {0}, payload = {0}, record = {0};

    nrs_key_hash(org, nrs_identity_public(net.nodes[0].identity)->sign_key);
    nrs__wire__slot__init(&slot);
    slot.org = nrs_field_of(nrs_slice_of(org, sizeof org));
    slot.prekey_id = nrs_field_of(nrs_slice_of(prekey_id, sizeof prekey_id));
    slot.wrapped = nrs_field_of(nrs_slice_of(wrapped, sizeof wrapped));
    assert_int_equal(nrs_slot_encode(&slot_bytes, &slot), NRS_OK);
    slots[0] = nrs_field_of(nrs_slice_of_bytes(&slot_bytes));
    nrs__wire__slot_table__init(&table);
    nrs__wire__slot_path__init(&path);
    table.sealed_id = path.sealed_id = nrs_field_of(nrs_slice_of(sealed_id, NRS_HASH_SIZE));
    table.grant_id = path.grant_id = nrs_field_of(nrs_slice_of(grant_id, NRS_HASH_SIZE));
    table.slots = slots;
    table.n_slots = 1;
    path.slot = slots[0];
    assert_int_equal(type == NRS_RECORD_SLOT_TABLE ? nrs_slot_table_encode(&payload, &table) : nrs_slot_path_encode(&payload, &path), NRS_OK);
    assert_int_equal(nrs_record_wrap(&record, type, nrs_slice_of_bytes(&payload)), NRS_OK);
    assert_true(record.size < 300);
    mesh_give_records(&net, FIRST_LIAR, 0, position++, nrs_slice_of_bytes(&record), nrs_slice_of(NULL, 0));
    nrs_bytes_wipe(&record);
    nrs_bytes_wipe(&payload);
    nrs_bytes_wipe(&slot_bytes);
}

/* A grant, or a release, of another's report, signed by who hands it over. */
static void sign_for_report(nrs_record_type type, const uint8_t *sealed_id)
{
    static const uint8_t some[NRS_HASH_SIZE] = {7};
    static uint64_t position = 1ull << 31;
    const nrs_identity *identity = net.nodes[FIRST_LIAR].identity;
    const nrs_slice key = nrs_slice_of(nrs_identity_public(identity)->sign_key, NRS_KEY_SIZE);
    nrs_bytes statement = {0}, record = {0};
    nrs_grant grant;
    nrs_release release;

    nrs__wire__grant__init(&grant);
    nrs__wire__release__init(&release);
    grant.suite = release.suite = NRS_SUITE;
    grant.sealed_id = release.sealed_id = nrs_field_of(nrs_slice_of(sealed_id, NRS_HASH_SIZE));
    grant.audience_commitment = release.audience_commitment = nrs_field_of(nrs_slice_of(some, sizeof some));
    grant.created_ms = release.created_ms = net.now_ms + (position & 0xffff);
    grant.grantor = release.holder = nrs_field_of(key);
    grant.authority = NRS_AUTHORITY_ORIGINATOR;
    grant.file_key = release.ask = nrs_field_of(nrs_slice_of(some, sizeof some));
    release.label = NRS_LABEL_AMBER;
    release.expires_ms = release.created_ms + NRS_DAY_MS;
    assert_int_equal(type == NRS_RECORD_GRANT ? nrs_grant_encode(&statement, &grant) : nrs_release_encode(&statement, &release), NRS_OK);
    assert_int_equal(nrs_signed_record(&record, type, identity, nrs_slice_of_bytes(&statement)), NRS_OK);
    assert_true(record.size < 400);
    mesh_give_records(&net, FIRST_LIAR, 0, position++, nrs_slice_of_bytes(&record), nrs_slice_of(NULL, 0));
    nrs_bytes_wipe(&record);
    nrs_bytes_wipe(&statement);
}

typedef struct report_list {
    uint8_t ids[NAMED_COUNT][NRS_HASH_SIZE], grants[NAMED_COUNT][NRS_HASH_SIZE];
    size_t count;
} report_list;

static nrs_error note_report(void *context, const nrs_log_row *row)
{
    report_list *list = context;
    nrs_record *record = NULL;
    nrs_sealed_view *view = NULL;

    if (row->type == NRS_RECORD_SEALED) {
        assert_int_equal(nrs_record_decode(&record, row->record), NRS_OK);
        assert_int_equal(nrs_sealed_parse(&view, nrs_field(&record->payload)), NRS_OK);
        assert_true(list->count < NAMED_COUNT);
        memcpy(list->ids[list->count], view->id, NRS_HASH_SIZE);
        memcpy(list->grants[list->count++], view->grant_id, NRS_HASH_SIZE);
    }
    nrs_sealed_view_free(&view);
    nrs_record_free(&record);
    return NRS_OK;
}

/* How many rows the hub reads when a member names each of its reports twice, under the grant that it has or, with none, under what is no grant. */
static long long name_all(nrs_record_type type, const report_list *list, const uint8_t *none)
{
    const long long before = rows_read();

    for (size_t i = 0; i < 2 * list->count; i++) {
        if (type == NRS_RECORD_GRANT || type == NRS_RECORD_RELEASE) {
            sign_for_report(type, list->ids[i % list->count]);
        } else {
            name_report(type, list->ids[i % list->count], none != NULL ? none : list->grants[i % list->count]);
        }
    }
    return rows_read() - before;
}

static void start_named(report_list *list, const char *to)
{
    list->count = 0;
    start_to(to, NAMED_COUNT, NAMED_SIZE);
    mesh_up(&net, FIRST_LIAR);
    mesh_settle(&net, 30);
    assert_int_equal(nrs_store_log_each(net.nodes[0].store, 0, 100000, note_report, list), NRS_OK);
    assert_int_equal(list->count, NAMED_COUNT);
}

static void records_about_reports_have_them_read_only_so_often(void **state)
{
    static report_list list;
    static const uint8_t none[NRS_HASH_SIZE] = {7};

    (void)state;
    start_named(&list, "@electricity");
    assert_int_equal(name_all(NRS_RECORD_SLOT_TABLE, &list, none), 0); /* the first slots are here: no other grant has any */
    assert_int_equal(name_all(NRS_RECORD_SLOT_TABLE, &list, list.ids[0]), 0); /* nor is a report one */
    assert_int_equal(name_all(NRS_RECORD_SLOT_TABLE, &list, NULL), 0);
    assert_int_equal(name_all(NRS_RECORD_SLOT_PATH, &list, NULL), 0); /* the hub has them open */
    mesh_stop(&net);
    start_named(&list, "org-3"); /* of these it has but the bytes */
    assert_int_equal(name_all(NRS_RECORD_SLOT_TABLE, &list, none), 0);
    assert_in_range(name_all(NRS_RECORD_SLOT_PATH, &list, none), 1, ASKED_PER_MINUTE);
    assert_int_equal(name_all(NRS_RECORD_SLOT_PATH, &list, NULL), 0);
    net.now_ms += NRS_MINUTE_MS;
    net.monotonic_ms += NRS_MINUTE_MS;
    assert_in_range(name_all(NRS_RECORD_SLOT_PATH, &list, NULL), 1, ASKED_PER_MINUTE);
    net.now_ms += NRS_MINUTE_MS;
    net.monotonic_ms += NRS_MINUTE_MS;
    assert_in_range(name_all(NRS_RECORD_GRANT, &list, NULL), 1, ASKED_PER_MINUTE);
    net.now_ms += NRS_MINUTE_MS;
    net.monotonic_ms += NRS_MINUTE_MS;
    assert_in_range(name_all(NRS_RECORD_RELEASE, &list, NULL), 1, ASKED_PER_MINUTE);
    mesh_stop(&net);
}

/* How many rows a node reads when another makes a statement about each of its reports, in envelopes that the hub hands over. */
static long long say_of_all(size_t node, size_t other, const report_list *list, const nrs_statement *said)
{
    const long long before = rows_read_of(node);
    nrs_statement statements[ASKS];

    for (size_t first = 0; first < list->count; first += ASKS) {
        const size_t count = list->count - first < ASKS ? list->count - first : ASKS;

        for (size_t i = 0; i < count; i++) {
            statements[i] = *said;
            statements[i].sealed_id = nrs_field_of(nrs_slice_of(list->ids[first + i], NRS_HASH_SIZE));
        }
        mesh_post_all(&net, other, node, node == 0 ? other : 0, statements, count);
    }
    return rows_read_of(node) - before;
}

/* That it is the last report of a stream. */
static void head_of(nrs_statement *said)
{
    static uint8_t head[NRS_STREAM_HEAD_SIZE] = {7, [NRS_HASH_SIZE] = 1};

    for (size_t i = 0; i < 8; i++) {
        head[NRS_HASH_SIZE + 8 + i] = (uint8_t)((net.now_ms + NRS_DAY_MS) >> (8 * i));
    }
    nrs__wire__statement__init(said);
    said->type = NRS_STATEMENT_HEAD;
    said->at_ms = net.now_ms;
    said->detail = nrs_field_of(nrs_slice_of(head, sizeof head));
}

static void statements_about_reports_have_them_read_only_so_often(void **state)
{
    static report_list list;
    static uint8_t hashes[NRS_HASH_SIZE] = {7};
    nrs_statement said;

    (void)state;
    start_named(&list, "@electricity");
    nrs__wire__statement__init(&said);
    said.type = NRS_STATEMENT_RECEIPT;
    said.stage = NRS_STAGE_ACCEPTED;
    said.at_ms = net.now_ms;
    said.detail = nrs_field_of(nrs_slice_of(hashes, sizeof hashes)); /* of a text that none of them names */
    assert_in_range(say_of_all(1, FIRST_LIAR, &list, &said), 1, ASKED_PER_MINUTE + 2 * ENVELOPES);
    assert_in_range(say_of_all(0, FIRST_LIAR, &list, &said), 0, 2 * ENVELOPES); /* it received them as well, and let nobody in */
    head_of(&said);
    assert_in_range(say_of_all(0, 1, &list, &said), 0, 2 * ENVELOPES); /* those that came, and those that leave with the answers */
    mesh_stop(&net);
}

/* What the hub has for the source when something else leaves. */
static long receipts_waiting(void)
{
    char count[65];

    mesh_sql_one(&net, 0, count, "SELECT count(*) FROM digest");
    return strtol(count, NULL, 10);
}

/* A source that is withheld answers asks that nobody has made: its hub looks at what it has of each. */
static void answers_to_no_ask_have_reports_read_only_so_often(void **state)
{
    static report_list list;
    static uint8_t ask[NRS_HASH_SIZE] = {7};
    nrs_statement said;

    (void)state;
    list.count = 0;
    mesh_start(&net, 3, 1);
    for (size_t i = 0; i < NAMED_COUNT; i++) {
        assert_int_equal(mesh_command(&net, 1, "{\"command\":\"send\",\"withhold_source\":true,\"via\":[\"org-0\"],\"label\":\"AMBER\",\"to\":[\"org-2\"],"
                                               "\"kind\":\"incident\",\"subject\":\"S\",\"body\":\"B\"}"), NRS_OK);
    }
    mesh_settle(&net, 20);
    assert_int_equal(nrs_store_log_each(net.nodes[0].store, 0, 100000, note_report, &list), NRS_OK);
    assert_int_equal(list.count, NAMED_COUNT);
    nrs__wire__statement__init(&said);
    said.type = NRS_STATEMENT_DENIAL;
    said.at_ms = net.now_ms;
    said.reference = nrs_field_of(nrs_slice_of(ask, sizeof ask));
    assert_in_range(say_of_all(0, 1, &list, &said), 1, ASKED_PER_MINUTE + REFUSALS_ENTERED + 2 * ENVELOPES);
    net.now_ms += NRS_MINUTE_MS;
    net.monotonic_ms += NRS_MINUTE_MS;
    head_of(&said);
    assert_int_equal(receipts_waiting(), NAMED_COUNT);
    (void)say_of_all(0, 1, &list, &said);
    assert_int_equal(receipts_waiting(), NAMED_COUNT); /* nor does it keep what it has to say more than once */
    mesh_stop(&net);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_a_step_sends_and_all_links_hold_unconfirmed_is_bounded),
        cmocka_unit_test(the_log_is_looked_through_again_only_so_often),
        cmocka_unit_test(rosters_are_told_again_only_so_often),
        cmocka_unit_test(what_is_asked_for_is_looked_for_only_so_often),
        cmocka_unit_test(records_about_reports_have_them_read_only_so_often),
        cmocka_unit_test(statements_about_reports_have_them_read_only_so_often),
        cmocka_unit_test(answers_to_no_ask_have_reports_read_only_so_often),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
