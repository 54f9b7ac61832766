/* What a hub has to say to the sources it does not name: however much waits, however it is written, and when there is no room for it now. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sqlite3.h>

#include "keys/secret.h"
#include "mesh_records.h"
#include "proto/wire.h"
#include "store/withheld.h"

#define OK(expression) assert_int_equal((expression), NRS_OK)
#define WAITING 4200u /* more than a tick looks at */
enum { HUB, SOURCE, MEMBER, NODES };

static mesh net;
static char report[2 * NRS_HASH_SIZE + 1];

static void send_withheld(void)
{
    OK(mesh_ask(&net, SOURCE, "{\"command\":\"send\",\"withhold_source\":true,\"via\":[\"org-0\"],\"label\":\"AMBER\",\"to\":[\"@electricity\"],\"kind\":\"incident\","
                              "\"subject\":\"件名\",\"body\":\"本文\"}"));
    (void)snprintf(report, sizeof report, "%s", mesh_text(mesh_row(&net, SOURCE, 0), "id"));
    mesh_settle(&net, 3);
}

static const json_t *questions(size_t node)
{
    OK(mesh_ask(&net, node, "{\"command\":\"show\",\"id\":\"%s\"}", report));
    return json_object_get(mesh_row(&net, node, 0), "questions");
}

static void ask(const char *body)
{
    OK(mesh_ask(&net, HUB, "{\"command\":\"reply\",\"id\":\"%s\",\"body\":\"%s\"}", report, body));
}

/* Statements at the hub that leave with whatever leaves next, ahead of all that is asked later. */
static void hold_many(void)
{
    nrs_store *store = net.nodes[HUB].store;
    nrs_report_row row;
    nrs_bytes holder = {0}, bytes = {0};
    nrs_statement statement;
    nrs_digest_row held = {.expires_ms = net.now_ms + NRS_DAY_MS};
    uint8_t id[NRS_HASH_SIZE], zeros[NRS_HASH_SIZE] = {0};

    OK(nrs_hex_decode(id, sizeof id, report));
    OK(nrs_store_report_get(store, &row, &holder, id));
    nrs__wire__statement__init(&statement);
    statement.type = NRS_STATEMENT_FILLER;
    statement.at_ms = net.now_ms;
    statement.sealed_id = nrs_field_of(nrs_slice_of(zeros, sizeof zeros));
    OK(nrs_statement_encode(&bytes, &statement));
    held.recipient = row.originator;
    held.community = row.community;
    held.statement = nrs_slice_of_bytes(&bytes);
    OK(nrs_store_begin(store));
    for (size_t i = 0; i < WAITING; i++) {
        OK(nrs_store_digest_add(store, &held));
    }
    OK(nrs_store_commit(store));
    nrs_bytes_wipe(&bytes);
    nrs_bytes_wipe(&holder);
}

static void what_is_due_leaves_before_what_waits(void **state)
{
    (void)state;
    mesh_start(&net, NODES, 1);
    send_withheld();
    hold_many();
    ask("どの版ですか");
    mesh_wait_for_tick(&net, 4);
    assert_int_equal(json_array_size(questions(SOURCE)), 1);
    mesh_stop(&net);
}

static void a_question_of_line_ends(void **state)
{
    static char command[6000], wanted[NRS_QUESTION_SIZE_MAX + 1];
    size_t size;

    (void)state;
    mesh_start(&net, NODES, 1);
    send_withheld();
    size = (size_t)snprintf(command, sizeof command, "{\"command\":\"reply\",\"id\":\"%s\",\"body\":\"", report);
    for (size_t i = 0; i < NRS_QUESTION_SIZE_MAX; i++) {
        wanted[i] = i % 2 == 0 ? '\n' : '"';
        size += (size_t)snprintf(command + size, sizeof command - size, "%s", i % 2 == 0 ? "\\n" : "\\\"");
    }
    (void)snprintf(command + size, sizeof command - size, "\"}");
    OK(mesh_command(&net, HUB, command));
    mesh_wait_for_tick(&net, 4);
    for (size_t node = HUB; node <= SOURCE; node++) {
        assert_int_equal(json_array_size(questions(node)), 1);
        assert_string_equal(mesh_text(json_array_get(questions(node), 0), "text"), wanted);
    }
    mesh_stop(&net);
}

/* The pool of secrets is full at the tick: the step holds, and the next tick says what this one could not. */
static void no_room_is_later(void **state)
{
    static nrs_secret *taken[8192];
    const nrs_event tick = {.type = NRS_EVENT_TICK};
    size_t count = 0;

    (void)state;
    mesh_start(&net, NODES, 1);
    send_withheld();
    ask("いつからですか");
    net.monotonic_ms += mesh_next_tick(&net) - net.now_ms;
    net.now_ms = mesh_next_tick(&net);
    while (count < sizeof taken / sizeof taken[0] && nrs_secret_new(&taken[count], NRS_KEY_SIZE) == NRS_OK) {
        count++;
    }
    OK(mesh_step(&net, HUB, &tick));
    while (count > 0) {
        count--;
        nrs_secret_destroy(&taken[count]);
    }
    mesh_wait_for_tick(&net, 4);
    assert_int_equal(json_array_size(questions(SOURCE)), 1);
    mesh_stop(&net);
}

/* What a source has to say to a hub that is away for good, ahead of all else; and it is of no use for ever. */
static void hold_stuck(size_t count, uint64_t expires_ms)
{
    nrs_store *store = net.nodes[SOURCE].store;
    nrs_report_row row;
    nrs_bytes holder = {0};
    uint8_t id[NRS_HASH_SIZE], nobody[NRS_KEY_SIZE] = {1};
    nrs_digest_row stuck = {.due_ms = 1, .expires_ms = expires_ms, .direct = true, .recipient = nobody, .statement = nrs_slice_of_string("?")};

    OK(nrs_hex_decode(id, sizeof id, report));
    OK(nrs_store_report_get(store, &row, &holder, id));
    stuck.community = row.community;
    OK(nrs_store_begin(store));
    for (size_t i = 0; i < count; i++) {
        OK(nrs_store_digest_add(store, &stuck));
    }
    OK(nrs_store_commit(store));
    nrs_bytes_wipe(&holder);
}

static nrs_error count_direct(void *context, const nrs_digest_row *row)
{
    size_t *count = context;

    assert_int_equal(row->recipient[0], 1);
    (*count)++;
    return NRS_OK;
}

static size_t still_stuck(void)
{
    nrs_report_row row;
    nrs_bytes holder = {0};
    uint8_t id[NRS_HASH_SIZE];
    size_t count = 0;

    OK(nrs_hex_decode(id, sizeof id, report));
    OK(nrs_store_report_get(net.nodes[SOURCE].store, &row, &holder, id));
    OK(nrs_store_direct_each(net.nodes[SOURCE].store, row.community, 0, 100000, count_direct, &count));
    nrs_bytes_wipe(&holder);
    return count;
}

static void what_cannot_be_told_holds_up_nothing(void **state)
{
    (void)state;
    mesh_start(&net, NODES, 1);
    send_withheld();
    hold_stuck(3000, net.now_ms + NRS_HOUR_MS);
    OK(mesh_ask(&net, SOURCE, "{\"command\":\"withdraw\",\"id\":\"%s\",\"reason\":\"誤り\"}", report));
    mesh_settle(&net, 8);
    assert_int_equal(mesh_ask(&net, HUB, "{\"command\":\"show\",\"id\":\"%s\"}", report), NRS_ERROR_WITHDRAWN);
    assert_int_equal(still_stuck(), 3000);
    net.now_ms += NRS_HOUR_MS;
    net.monotonic_ms += NRS_HOUR_MS;
    mesh_settle(&net, 2);
    assert_int_equal(still_stuck(), 0);
    mesh_stop(&net);
}

/* A source sends for prekeys that its hub has destroyed: the hub writes to all members once a day about that, not at each tick. */
static void one_digest_a_day_for_new_grants(void **state)
{
    size_t before, first = 0;

    (void)state;
    mesh_start(&net, NODES, 1);
    mesh_settle(&net, 4);
    before = mesh_rows_of(&net, MEMBER, NRS_RECORD_ENVELOPE);
    for (size_t i = 0; i < 3; i++) {
        mesh_down(&net, HUB);
        OK(mesh_ask(&net, SOURCE, "{\"command\":\"send\",\"withhold_source\":true,\"via\":[\"org-0\"],\"label\":\"AMBER\",\"to\":[\"@electricity\"],\"kind\":\"incident\","
                                  "\"subject\":\"件名\",\"body\":\"本文\"}"));
        mesh_up(&net, HUB);
        OK(mesh_ask(&net, HUB, "{\"command\":\"prekeys-rotate\",\"destroy\":true}"));
        mesh_wait_for_tick(&net, 4);
        mesh_wait_for_tick(&net, 4);
        first = i == 0 ? mesh_rows_of(&net, MEMBER, NRS_RECORD_ENVELOPE) : first;
    }
    assert_int_equal(first - before, 1);
    assert_int_equal(mesh_rows_of(&net, MEMBER, NRS_RECORD_ENVELOPE), first);
    mesh_stop(&net);
}

static void lose_prekeys(size_t node, size_t owner)
{
    char path[128], text[128], key[2 * NRS_KEY_SIZE + 1];
    sqlite3 *database = NULL;

    nrs_hex_encode(key, nrs_identity_public(net.nodes[owner].identity)->sign_key, NRS_KEY_SIZE);
    (void)snprintf(text, sizeof text, "DELETE FROM prekeys WHERE owner = x'%s'", key);
    mesh_down(&net, node);
    (void)snprintf(path, sizeof path, "%s/store.db", net.nodes[node].folder);
    assert_int_equal(sqlite3_open(path, &database), SQLITE_OK);
    assert_int_equal(sqlite3_exec(database, text, NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_close(database), SQLITE_OK);
    mesh_up(&net, node);
    mesh_settle(&net, 4);
}

/* The digests leave once all the same, and what it is to be told with the next that leave after it is back. */
static void a_source_without_prekeys_does_not_stand_out(void **state)
{
    size_t before;

    (void)state;
    mesh_start(&net, NODES, 1);
    send_withheld();
    OK(mesh_ask(&net, HUB, "{\"command\":\"show\",\"id\":\"%s\"}", report));
    mesh_wait_for_tick(&net, 4);
    mesh_down(&net, SOURCE);
    lose_prekeys(HUB, SOURCE);
    before = mesh_rows_of(&net, MEMBER, NRS_RECORD_ENVELOPE);
    ask("一");
    mesh_wait_for_tick(&net, 4);
    assert_int_equal(mesh_rows_of(&net, MEMBER, NRS_RECORD_ENVELOPE), before + 1);
    mesh_wait_for_tick(&net, 4);
    mesh_wait_for_tick(&net, 4);
    assert_int_equal(mesh_rows_of(&net, MEMBER, NRS_RECORD_ENVELOPE), before + 1);
    mesh_up(&net, SOURCE);
    OK(mesh_ask(&net, SOURCE, "{\"command\":\"prekeys-rotate\"}"));
    mesh_settle(&net, 6);
    ask("二");
    mesh_wait_for_tick(&net, 4);
    mesh_wait_for_tick(&net, 4);
    assert_int_equal(json_array_size(questions(SOURCE)), 2);
    mesh_stop(&net);
}

/* ---- Several at one tick ---- */

#define LONG_QUESTIONS 5u

static void ask_at_length(size_t count)
{
    static char text[NRS_QUESTION_SIZE_MAX + 1], command[sizeof text + 256];

    memset(text, 'q', NRS_QUESTION_SIZE_MAX);
    for (size_t i = 0; i < count; i++) {
        text[0] = (char)('a' + i);
        (void)snprintf(command, sizeof command, "{\"command\":\"reply\",\"id\":\"%s\",\"body\":\"%s\"}", report, text);
        OK(mesh_command(&net, HUB, command));
    }
}

static void step_at_tick(uint64_t tick_ms)
{
    const nrs_event tick = {.type = NRS_EVENT_TICK};

    net.monotonic_ms += tick_ms > net.now_ms ? tick_ms - net.now_ms : 0;
    net.now_ms = tick_ms > net.now_ms ? tick_ms : net.now_ms;
    OK(mesh_step(&net, HUB, &tick));
}

/* However many there are, a step makes one for each member: it costs as much as one. */
static void each_step_makes_one_for_all(void **state)
{
    size_t made;
    uint64_t tick_ms;

    (void)state;
    mesh_start(&net, NODES, 1);
    send_withheld();
    ask_at_length(LONG_QUESTIONS);
    tick_ms = mesh_next_tick(&net);
    made = mesh_rows_of(&net, HUB, NRS_RECORD_ENVELOPE);
    for (size_t i = 1; i <= LONG_QUESTIONS; i++) {
        step_at_tick(tick_ms);
        assert_int_equal(mesh_rows_of(&net, HUB, NRS_RECORD_ENVELOPE) - made, i * (NODES - 1));
        assert_int_equal(nrs_core_busy(net.nodes[HUB].core), i < LONG_QUESTIONS); /* the next comes at once */
    }
    step_at_tick(tick_ms);
    assert_int_equal(mesh_rows_of(&net, HUB, NRS_RECORD_ENVELOPE) - made, LONG_QUESTIONS * (NODES - 1));
    mesh_settle(&net, 4);
    assert_int_equal(json_array_size(questions(SOURCE)), LONG_QUESTIONS);
    mesh_stop(&net);
}

/* Killed between any two of them, the hub goes on with the next: none is missing, none is made twice, and all members have as many. */
static void a_crash_between_two_digests(void **state)
{
    (void)state;
    for (size_t made = 1; made < LONG_QUESTIONS; made++) {
        size_t at_source, at_member;
        uint64_t tick_ms;

        mesh_start(&net, NODES, 1);
        send_withheld();
        ask_at_length(LONG_QUESTIONS);
        at_source = mesh_rows_of(&net, SOURCE, NRS_RECORD_ENVELOPE);
        at_member = mesh_rows_of(&net, MEMBER, NRS_RECORD_ENVELOPE);
        tick_ms = mesh_next_tick(&net);
        for (size_t i = 0; i < made; i++) {
            step_at_tick(tick_ms);
        }
        mesh_crash(&net, HUB);
        mesh_settle(&net, 8);
        assert_int_equal(mesh_rows_of(&net, MEMBER, NRS_RECORD_ENVELOPE) - at_member, LONG_QUESTIONS);
        assert_int_equal(mesh_rows_of(&net, SOURCE, NRS_RECORD_ENVELOPE) - at_source, LONG_QUESTIONS);
        assert_int_equal(json_array_size(questions(SOURCE)), LONG_QUESTIONS);
        for (size_t i = 0; i < LONG_QUESTIONS; i++) {
            assert_int_equal(mesh_text(json_array_get(json_object_get(mesh_row(&net, SOURCE, 0), "questions"), i), "text")[0], 'a' + (int)i);
        }
        mesh_wait_for_tick(&net, 4);
        assert_int_equal(mesh_rows_of(&net, MEMBER, NRS_RECORD_ENVELOPE) - at_member, LONG_QUESTIONS);
        mesh_stop(&net);
    }
}

/* What is left of a tick's digests waits for room, and is as many as before. */
static void no_room_between_two_digests(void **state)
{
    uint64_t tick_ms;
    size_t before;

    (void)state;
    mesh_start(&net, NODES, 1);
    send_withheld();
    ask_at_length(LONG_QUESTIONS);
    before = mesh_rows_of(&net, MEMBER, NRS_RECORD_ENVELOPE);
    tick_ms = mesh_next_tick(&net);
    step_at_tick(tick_ms);
    net.nodes[HUB].no_secrets = true;
    step_at_tick(tick_ms);
    assert_false(nrs_core_busy(net.nodes[HUB].core)); /* it does not go round and round */
    net.nodes[HUB].no_secrets = false;
    mesh_settle(&net, 8);
    assert_int_equal(mesh_rows_of(&net, MEMBER, NRS_RECORD_ENVELOPE) - before, LONG_QUESTIONS);
    assert_int_equal(json_array_size(questions(SOURCE)), LONG_QUESTIONS);
    mesh_stop(&net);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_due_leaves_before_what_waits),
        cmocka_unit_test(a_question_of_line_ends),
        cmocka_unit_test(no_room_is_later),
        cmocka_unit_test(what_cannot_be_told_holds_up_nothing),
        cmocka_unit_test(one_digest_a_day_for_new_grants),
        cmocka_unit_test(a_source_without_prekeys_does_not_stand_out),
        cmocka_unit_test(each_step_makes_one_for_all),
        cmocka_unit_test(a_crash_between_two_digests),
        cmocka_unit_test(no_room_between_two_digests),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
