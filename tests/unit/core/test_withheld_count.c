/* What a member can count: how many digests leave at each tick follows from what members and the hub say, not from whose the reports are that it is
 * about, nor from whether these can be told. And the hub's own words wait behind nobody's. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include <sqlite3.h>

#include "mesh.h"
#include "mesh_records.h"

#define OK(expression) assert_int_equal((expression), NRS_OK)
#define TICKS 20u
#define TICKS_MAX 64u /* more than an hour of them */
#define REPORTS_MAX 3u
#define LONG_SIZE 6300u /* characters of three bytes: a reply that goes in eight pieces */
#define PIECES 8u

/* Two hubs, two operators who may be the source, one that replies and one that counts. */
enum { HUB, OTHER_HUB, ONE, ANOTHER, MEMBER, THIRD, NODES };

static mesh net;
static char report[REPORTS_MAX][2 * NRS_HASH_SIZE + 1], published[REPORTS_MAX][2 * NRS_HASH_SIZE + 1];

typedef size_t counts[TICKS_MAX];

static void vouch_for(size_t index, const char *more)
{
    OK(mesh_ask(&net, HUB, "{\"command\":\"vouch\",\"id\":\"%s\"%s}", report[index], more));
    (void)snprintf(published[index], sizeof published[index], "%s", mesh_text(mesh_row(&net, HUB, 0), "id"));
}

static void withhold(size_t index, size_t source, uint64_t life_ms)
{
    OK(mesh_ask(&net, source, "{\"command\":\"send\",\"withhold_source\":true,\"via\":[\"org-0\"],\"label\":\"AMBER\",\"to\":[\"org-4\"],\"kind\":\"incident\","
                              "\"subject\":\"件名\",\"body\":\"本文\",\"fields\":{\"cause\":\"vulnerability\",\"impact\":\"停止\"},\"expires_in_ms\":%llu}", (unsigned long long)life_ms));
    (void)snprintf(report[index], sizeof report[index], "%s", mesh_text(mesh_row(&net, source, 0), "id"));
    mesh_settle(&net, 3);
}

/* One report of each of these sources, published at one tick, and the digests about that are over. */
static void publish(const size_t *sources, size_t count)
{
    mesh_start(&net, NODES, 2);
    for (size_t i = 0; i < count; i++) {
        withhold(i, sources[i], 7 * NRS_DAY_MS);
        vouch_for(i, "");
    }
    mesh_wait_for_tick(&net, 5);
    mesh_wait_for_tick(&net, 5);
}

static void reply_at_length(size_t node, size_t index)
{
    static char text[3 * LONG_SIZE + 1], command[sizeof text + 256];

    for (size_t i = 0; i < LONG_SIZE; i++) {
        memcpy(text + 3 * i, "あ", 3);
    }
    (void)snprintf(command, sizeof command, "{\"command\":\"reply\",\"id\":\"%s\",\"to\":[\"org-0\"],\"body\":\"%s\"}", published[index], text);
    OK(mesh_command(&net, node, command));
    mesh_settle(&net, 4);
}

static size_t reply_count(size_t node, size_t index)
{
    OK(mesh_ask(&net, node, "{\"command\":\"show\",\"id\":\"%s\"}", report[index]));
    return json_array_size(json_object_get(mesh_row(&net, node, 0), "replies"));
}

static void ask_at_length(size_t index)
{
    static char reason[1001];

    memset(reason, 'x', 1000);
    OK(mesh_ask(&net, MEMBER, "{\"command\":\"release-ask\",\"id\":\"%s\",\"to\":[\"org-1\"],\"reason\":\"%s\"}", published[index], reason));
}

static void count_digests(counts counts_out, size_t ticks)
{
    size_t before = mesh_rows_of(&net, THIRD, NRS_RECORD_ENVELOPE);

    memset(counts_out, 0, sizeof(counts));
    for (size_t i = 0; i < ticks; i++) {
        size_t now;

        mesh_wait_for_tick(&net, 5);
        now = mesh_rows_of(&net, THIRD, NRS_RECORD_ENVELOPE);
        counts_out[i] = now - before;
        before = now;
    }
}

static void same_counts(const counts a, const counts b)
{
    size_t sum = 0;

    for (size_t i = 0; i < TICKS_MAX; i++) {
        if (a[i] != b[i]) {
            fail_msg("at tick %zu %zu digests leave, or %zu", i, a[i], b[i]);
        }
        sum += a[i];
    }
    assert_true(sum > 0);
}

/* ---- Whose ---- */

static void replies_to_two_reports(void **state)
{
    static const size_t sources[2][2] = {{ONE, ONE}, {ONE, ANOTHER}};
    counts seen[2];

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        publish(sources[i], 2);
        reply_at_length(MEMBER, 0);
        reply_at_length(MEMBER, 1);
        count_digests(seen[i], TICKS);
        for (size_t k = 0; k < 2; k++) {
            assert_int_equal(reply_count(sources[i][k], k), PIECES);
        }
        mesh_stop(&net);
    }
    same_counts(seen[0], seen[1]);
}

static void asks_about_three_reports(void **state)
{
    static const size_t sources[2][3] = {{ONE, ONE, ONE}, {ONE, ONE, ANOTHER}};
    counts seen[2];

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        publish(sources[i], 3);
        for (size_t k = 0; k < 3; k++) {
            ask_at_length(k);
        }
        mesh_settle(&net, 4);
        count_digests(seen[i], TICKS);
        OK(mesh_ask(&net, ONE, "{\"command\":\"release-list\"}"));
        assert_int_equal(mesh_row_count(&net, ONE), i == 0 ? 3 : 2);
        mesh_stop(&net);
    }
    same_counts(seen[0], seen[1]);
}

/* Two parts of one report are asked about as two reports are. */
static void asks_about_two_parts(void **state)
{
    static const size_t sources[] = {ONE, ANOTHER};
    counts seen[2];

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        mesh_start(&net, NODES, 2);
        for (size_t k = 0; k <= i; k++) {
            withhold(k, sources[k], 7 * NRS_DAY_MS);
        }
        memcpy(report[1], report[i], sizeof report[1]);
        vouch_for(0, ",\"part\":\"technical\",\"body\":\"手口\",\"fields\":{\"cause\":\"vulnerability\"}");
        vouch_for(1, ",\"part\":\"damage\",\"body\":\"被害\",\"fields\":{\"impact\":\"停止\"}");
        mesh_wait_for_tick(&net, 5);
        mesh_wait_for_tick(&net, 5);
        for (size_t k = 0; k < 2; k++) {
            ask_at_length(k);
            mesh_settle(&net, 4);
        }
        count_digests(seen[i], TICKS_MAX);
        OK(mesh_ask(&net, ONE, "{\"command\":\"release-list\"}"));
        assert_int_equal(mesh_row_count(&net, ONE), i == 0 ? 2 : 1);
        mesh_stop(&net);
    }
    same_counts(seen[0], seen[1]);
}

/* ---- Whether it is there ---- */

static void lose_prekeys(size_t owner)
{
    char path[128], text[128], key[2 * NRS_KEY_SIZE + 1];
    sqlite3 *database = NULL;

    nrs_hex_encode(key, nrs_identity_public(net.nodes[owner].identity)->sign_key, NRS_KEY_SIZE);
    (void)snprintf(text, sizeof text, "DELETE FROM prekeys WHERE owner = x'%s'", key);
    mesh_down(&net, owner);
    mesh_down(&net, HUB);
    (void)snprintf(path, sizeof path, "%s/store.db", net.nodes[HUB].folder);
    assert_int_equal(sqlite3_open(path, &database), SQLITE_OK);
    assert_int_equal(sqlite3_exec(database, text, NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_close(database), SQLITE_OK);
    mesh_up(&net, HUB);
    mesh_settle(&net, 4);
}

/* One operator is gone: it was the source, or the other was. */
static void a_source_that_is_gone_is_not_told_by_it(void **state)
{
    static const size_t sources[] = {ONE, ANOTHER};
    counts seen[2];

    (void)state;
    for (size_t removed = 0; removed < 2; removed++) {
        for (size_t i = 0; i < 2; i++) {
            publish(&sources[i], 1);
            if (removed == 1) {
                mesh_remove(&net, ONE);
                mesh_settle(&net, 8);
            } else {
                lose_prekeys(ONE);
            }
            reply_at_length(MEMBER, 0);
            OK(mesh_ask(&net, HUB, "{\"command\":\"reply\",\"id\":\"%s\",\"body\":\"どの版ですか\"}", report[0]));
            count_digests(seen[i], TICKS);
            assert_int_equal(seen[i][PIECES - 1], 1);
            assert_int_equal(seen[i][PIECES], 0);
            mesh_stop(&net);
        }
        same_counts(seen[0], seen[1]);
    }
}

/* ---- When ---- */

static void question(const char *text)
{
    static char command[NRS_QUESTION_SIZE_MAX + 256];

    (void)snprintf(command, sizeof command, "{\"command\":\"reply\",\"id\":\"%s\",\"body\":\"%s\"}", report[0], text);
    OK(mesh_command(&net, HUB, command));
}

/* A question as long as one may be, behind all that two members can write: it leaves with the next tick. */
static void a_question_waits_behind_no_reply(void **state)
{
    static const size_t source = ONE;
    static char text[NRS_QUESTION_SIZE_MAX + 1];

    (void)state;
    publish(&source, 1);
    for (size_t i = 0; i < 8; i++) {
        reply_at_length(MEMBER, 0);
    }
    for (size_t i = 0; i < 3; i++) {
        OK(mesh_ask(&net, MEMBER, "{\"command\":\"release-ask\",\"id\":\"%s\",\"to\":[\"org-1\"],\"reason\":\"r\"}", published[0]));
        mesh_settle(&net, 4);
    }
    memset(text, 'q', NRS_QUESTION_SIZE_MAX);
    for (size_t i = 0; i < 3; i++) {
        question(text);
    }
    assert_int_equal(mesh_ask(&net, HUB, "{\"command\":\"reply\",\"id\":\"%s\",\"body\":\" \u3000\\n\"}", report[0]), NRS_ERROR_USAGE); /* nothing is asked */
    mesh_wait_for_tick(&net, 5);
    OK(mesh_ask(&net, source, "{\"command\":\"show\",\"id\":\"%s\"}", report[0]));
    assert_int_equal(json_array_size(json_object_get(mesh_row(&net, source, 0), "questions")), 3);
    mesh_stop(&net);
}

/* More than leave at once: what a member said leaves last. */
static void the_rest_leaves_with_the_next_tick(void **state)
{
    static const size_t source = ONE;
    static char text[NRS_QUESTION_SIZE_MAX + 1];
    counts seen;
    size_t before;

    (void)state;
    publish(&source, 1);
    OK(mesh_ask(&net, MEMBER, "{\"command\":\"reply\",\"id\":\"%s\",\"to\":[\"org-0\"],\"body\":\"まだある\"}", published[0]));
    mesh_settle(&net, 4);
    memset(text, 'q', NRS_QUESTION_SIZE_MAX);
    for (size_t i = 0; i < 40; i++) {
        question(text);
    }
    before = mesh_rows_of(&net, THIRD, NRS_RECORD_ENVELOPE);
    mesh_wait_for_tick(&net, 5);
    mesh_settle(&net, 34); /* one in each step */
    assert_int_equal(mesh_rows_of(&net, THIRD, NRS_RECORD_ENVELOPE) - before, 32);
    assert_int_equal(reply_count(source, 0), 0);
    assert_int_equal(json_array_size(json_object_get(mesh_row(&net, source, 0), "questions")), 32);
    mesh_wait_for_tick(&net, 5);
    mesh_settle(&net, 10);
    assert_int_equal(mesh_rows_of(&net, THIRD, NRS_RECORD_ENVELOPE) - before, 32 + 8); /* the reply has room beside the last question */
    count_digests(seen, 1);
    assert_int_equal(seen[0], 0);
    assert_int_equal(reply_count(source, 0), 1);
    assert_int_equal(json_array_size(json_object_get(mesh_row(&net, source, 0), "questions")), 40);
    mesh_stop(&net);
}

/* It takes its room: when the report of a source ends is not seen by it. */
static void what_expires_before_its_tick_leaves_a_digest(void **state)
{
    static char text[NRS_QUESTION_SIZE_MAX + 1];
    counts seen;

    (void)state;
    mesh_start(&net, NODES, 2);
    mesh_wait_for_tick(&net, 5);
    withhold(0, ONE, 690000 - net.now_ms % MESH_VOUCH_TICK_MS); /* to the middle of a tick */
    vouch_for(0, "");
    mesh_wait_for_tick(&net, 5);
    mesh_wait_for_tick(&net, 5);
    net.now_ms += 510000;
    net.monotonic_ms += 510000;
    mesh_settle(&net, 2);
    memset(text, 'q', NRS_QUESTION_SIZE_MAX);
    question(text);
    question(text);
    count_digests(seen, 2);
    assert_int_equal(seen[0], 2);
    assert_int_equal(seen[1], 0);
    mesh_stop(&net);
}

/* As the hub says it to its secretariat, so the source gets it. */
static void each_piece_leaves_when_it_is_said_to(void **state)
{
    static const size_t source = ONE;
    size_t told = 0;

    (void)state;
    publish(&source, 1);
    reply_at_length(MEMBER, 0);
    OK(mesh_ask(&net, MEMBER, "{\"command\":\"reply\",\"id\":\"%s\",\"to\":[\"org-0\"],\"body\":\"まだある\"}", published[0]));
    mesh_settle(&net, 4);
    OK(mesh_ask(&net, HUB, "{\"command\":\"reply\",\"id\":\"%s\",\"body\":\"いつですか\"}", report[0]));
    for (size_t tick = 0; tick < PIECES + 61; tick++) {
        const json_t *list;
        char now[64];
        size_t past = 0, count;

        mesh_wait_for_tick(&net, 5);
        count = reply_count(source, 0);
        (void)snprintf(now, sizeof now, "%s", mesh_text(json_array_get(json_object_get(mesh_row(&net, source, 0), "replies"), count - 1), "at"));
        (void)reply_count(HUB, 0);
        list = json_object_get(mesh_row(&net, HUB, 0), "replies");
        for (size_t i = 0; i < json_array_size(list); i++) {
            past += strcmp(mesh_text(json_array_get(list, i), "at"), now) <= 0 ? 1 : 0;
        }
        assert_int_equal(past, count);
        told = count;
    }
    assert_int_equal(told, PIECES + 1);
    mesh_stop(&net);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(replies_to_two_reports),
        cmocka_unit_test(asks_about_three_reports),
        cmocka_unit_test(asks_about_two_parts),
        cmocka_unit_test(a_source_that_is_gone_is_not_told_by_it),
        cmocka_unit_test(a_question_waits_behind_no_reply),
        cmocka_unit_test(the_rest_leaves_with_the_next_tick),
        cmocka_unit_test(what_expires_before_its_tick_leaves_a_digest),
        cmocka_unit_test(each_piece_leaves_when_it_is_said_to),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
