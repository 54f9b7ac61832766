/* What members say to each other beside their reports is not refused for good either by a clock that stands alone against those of
 * most peers: withdrawals, what is unlocked on accept, that somebody has joined, the hubs' words on the roster, asks for a new grant, a resend
 * or wider sharing, checkpoints. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "mesh.h"
#include "mesh_audit.h"
#include "mesh_disk.h"
#include "mesh_look.h"
#include "mesh_rosters.h"
#include "proto/label.h"
#include "proto/vocabulary.h"

#define OK(expression) assert_int_equal((expression), NRS_OK)
#define DAYS(count) ((count) * (int64_t)NRS_DAY_MS)

static mesh net;
static char id[2 * NRS_HASH_SIZE + 1];

/* The node is started anew with a clock that is wrong by so much; minutes pass. */
static void go_wrong(size_t node, int64_t skew_ms)
{
    mesh_down(&net, node);
    net.nodes[node].skew_ms = skew_ms;
    mesh_up(&net, node);
    mesh_settle(&net, 5);
}

static void go_by_hours(size_t hours)
{
    for (size_t hour = 0; hour < hours; hour++) {
        net.now_ms += NRS_HOUR_MS;
        net.monotonic_ms += NRS_HOUR_MS;
        mesh_settle(&net, 1);
    }
}

static nrs_error send_amber(size_t node, const char *to, const char *more)
{
    nrs_error error = mesh_ask(&net, node, "{\"command\":\"send\",\"label\":\"AMBER\",\"to\":[\"%s\"],\"kind\":\"incident\",\"subject\":\"S\",\"body\":\"B\"%s}",
                               to, more);

    (void)snprintf(id, sizeof id, "%s", error == NRS_OK ? mesh_text(mesh_row(&net, node, 0), "id") : "");
    return error;
}

static nrs_error show(size_t node)
{
    return mesh_ask(&net, node, "{\"command\":\"show\",\"id\":\"%s\"}", id);
}

/* ---- Withdrawals ---- */

static void a_withdrawal_counts(void **state)
{
    (void)state;
    mesh_start(&net, 3, 1);
    go_wrong(2, DAYS(-3));
    OK(send_amber(1, "org-2", ""));
    mesh_settle(&net, 5);
    OK(mesh_ask(&net, 1, "{\"command\":\"withdraw\",\"id\":\"%s\",\"reason\":\"r\"}", id));
    mesh_settle(&net, 5);
    assert_int_equal(show(2), NRS_ERROR_WITHDRAWN);
    go_wrong(2, 0);
    mesh_settle(&net, 10);
    assert_int_equal(show(2), NRS_ERROR_WITHDRAWN);
    mesh_stop(&net);
}

/* ---- Unlock on accept ---- */

static void demand(void *context, nrs_roster *next)
{
    static Nrs__Wire__Disclaimer entry, *list[1] = {&entry};
    static Nrs__Wire__Rules rules;

    (void)context;
    rules = *next->rules;
    nrs__wire__disclaimer__init(&entry);
    entry.name = (char *)(uintptr_t)"no-liability"; /* only read */
    entry.ja = (char *)(uintptr_t)"責任を問わない";
    entry.en = (char *)(uintptr_t)"Without liability";
    entry.version = 1;
    entry.labels = NRS_LABEL_BIT(NRS_LABEL_AMBER);
    rules.disclaimers = list;
    rules.n_disclaimers = 1;
    next->rules = &rules;
}

static void what_is_unlocked_on_accept_is_announced(void **state)
{
    static const int64_t wrongs[] = {DAYS(-3), DAYS(6), DAYS(10)};

    (void)state;
    for (size_t i = 0; i < sizeof wrongs / sizeof wrongs[0]; i++) {
        mesh_start(&net, 3, 1);
        mesh_change(&net, demand, NULL);
        go_wrong(2, wrongs[i]);
        OK(send_amber(1, "@electricity", wrongs[i] == DAYS(6) ? ",\"unlock_on_accept\":true,\"expires_in_ms\":432000000" : ",\"unlock_on_accept\":true"));
        mesh_settle(&net, 10);
        assert_true(mesh_has(&net, 2, id));
        go_wrong(2, 0);
        OK(mesh_ask(&net, 2, "{\"command\":\"accept\",\"id\":\"%s\"}", id));
        mesh_settle(&net, 10);
        OK(show(2));
        mesh_stop(&net);
    }
}

/* ---- Words on rosters ---- */

/* The roster that brings it in, and the word by which it says that it has joined, are of a time to come. */
static void who_joins_is_counted(void **state)
{
    size_t fresh;

    (void)state;
    mesh_start(&net, 3, 1);
    go_wrong(2, DAYS(-3));
    fresh = mesh_add_node(&net, "org-new");
    mesh_join(&net, fresh, NRS_ROLE_OPERATOR);
    mesh_settle(&net, 10);
    OK(send_amber(2, "org-new", ""));
    assert_int_equal(json_array_size(json_object_get(mesh_row(&net, 2, 0), "waiting")), 0);
    mesh_settle(&net, 10);
    assert_true(mesh_has(&net, fresh, id));
    go_wrong(2, 0);
    OK(send_amber(2, "org-new", ""));
    assert_int_equal(json_array_size(json_object_get(mesh_row(&net, 2, 0), "waiting")), 0);
    mesh_stop(&net);
}

static void make_now(void *context, nrs_roster *next)
{
    (void)context;
    next->created_ms = net.now_ms;
}

/* What hubs say each day, and a roster made now, are of a time to come by a clock that is behind: it hears them all the same. Where that is little
 * more than a day, the word held serves for two days, and gives way before it is stale. */
static void hubs_words_are_heard(void **state)
{
    static const int64_t wrongs[] = {-30 * (int64_t)NRS_HOUR_MS, DAYS(-3)};

    (void)state;
    for (size_t i = 0; i < sizeof wrongs / sizeof wrongs[0]; i++) {
        mesh_start(&net, 3, 1);
        go_wrong(2, wrongs[i]);
        for (size_t day = 0; day < 8; day++) {
            go_by_hours(24);
            assert_false(mesh_warned(&net, 2, "no hub has vouched"));
            OK(send_amber(2, "org-1", ""));
        }
        mesh_change(&net, make_now, NULL); /* of a time to come, by the clock that is behind */
        assert_int_equal(mesh_version(&net, 2), mesh_version(&net, 0));
        OK(send_amber(2, "org-1", ""));
        mesh_stop(&net);
    }
}

static void vouched(char out[64], size_t node)
{
    (void)snprintf(out, 64, "%s", mesh_text(mesh_community(&net, node), "vouched_at"));
}

/* A hub that is ahead: its word is not taken for as long as one that it said before vouches, then it is, for nobody can tell whose clock is wrong;
 * and once the hub's is right, what it said meanwhile vouches for nothing after it is gone. */
static void a_word_from_the_future_replaces_none_that_serves(void **state)
{
    char before[64], after[64];

    (void)state;
    mesh_start(&net, 3, 1);
    go_by_hours(20);
    vouched(before, 1);
    go_wrong(0, DAYS(30));
    vouched(after, 1);
    assert_string_equal(before, after);
    go_by_hours(80);
    vouched(after, 1);
    assert_string_not_equal(before, after);
    assert_false(mesh_warned(&net, 1, "no hub has vouched"));
    OK(send_amber(1, "org-2", ""));
    go_wrong(0, 0);
    go_by_hours(2);
    assert_false(mesh_warned(&net, 1, "no hub has vouched"));
    mesh_down(&net, 0);
    go_by_hours(75);
    assert_true(mesh_warned(&net, 1, "no hub has vouched"));
    assert_int_equal(send_amber(1, "org-2", ""), NRS_ERROR_ROSTER_STALE);
    mesh_stop(&net);
}

/* ---- A new grant ---- */

/* Node 2 has destroyed its prekeys before what was sealed to them came. */
static void a_new_grant_is_asked_for_and_given(void **state)
{
    static const struct wrong { size_t node; int64_t skew_ms; } wrongs[] = {{1, DAYS(10)}, {2, DAYS(10)}, {1, DAYS(6)}, {2, DAYS(6)}};

    (void)state;
    for (size_t i = 0; i < sizeof wrongs / sizeof wrongs[0]; i++) {
        const struct wrong *wrong = &wrongs[i];

        mesh_start(&net, 3, 1);
        mesh_settle(&net, 4);
        mesh_down(&net, 2);
        OK(send_amber(1, "org-2", wrong->skew_ms == DAYS(6) ? ",\"expires_in_ms\":432000000" : ""));
        mesh_settle(&net, 3);
        if (wrong->node == 1) {
            go_wrong(1, wrong->skew_ms);
        }
        net.nodes[wrong->node].skew_ms = wrong->skew_ms;
        mesh_up(&net, 2);
        OK(mesh_ask(&net, 2, "{\"command\":\"prekeys-rotate\",\"destroy\":true}"));
        mesh_settle(&net, 10);
        go_wrong(wrong->node, 0);
        mesh_settle(&net, 80);
        if (show(2) != NRS_OK) {
            fail_msg("node %zu, %lld days ahead: not granted anew", wrong->node, (long long)(wrong->skew_ms / (int64_t)NRS_DAY_MS));
        }
        mesh_stop(&net);
    }
}

/* ---- Of a report that is past its expiry by that clock alone ---- */

#define LIFE ",\"expires_in_ms\":432000000" /* five days; letters wait from seven on */

static void wider_sharing_is_asked_for(void **state)
{
    char asked[2 * NRS_HASH_SIZE + 1];

    (void)state;
    mesh_start(&net, 4, 1);
    OK(send_amber(1, "org-2", LIFE));
    mesh_settle(&net, 5);
    go_wrong(1, DAYS(6));
    OK(mesh_ask(&net, 2, "{\"command\":\"release-ask\",\"id\":\"%s\",\"to\":[\"org-3\"],\"reason\":\"r\"}", id));
    (void)snprintf(asked, sizeof asked, "%s", mesh_text(mesh_row(&net, 2, 0), "id"));
    mesh_settle(&net, 5);
    go_wrong(1, 0);
    OK(mesh_ask(&net, 1, "{\"command\":\"release-grant\",\"id\":\"%s\"}", asked));
    mesh_stop(&net);
}

/* Leaves a request for the report among the letters of node 2 to the hub, as a program of its own would. */
static void ask_again(void)
{
    char key[2 * NRS_KEY_SIZE + 1], text[2 * 256 + 1];
    uint8_t bytes[NRS_HASH_SIZE];
    nrs_statement statement;
    nrs_bytes encoded = {0};

    OK(nrs_hex_decode(bytes, sizeof bytes, id));
    nrs__wire__statement__init(&statement);
    statement.type = NRS_STATEMENT_MISSING;
    statement.sealed_id = statement.reference = statement.detail = nrs_field_of(nrs_slice_of(bytes, sizeof bytes));
    statement.at_ms = net.now_ms;
    OK(nrs_statement_encode(&encoded, &statement));
    assert_true(encoded.size <= 256);
    nrs_hex_encode(text, encoded.data, encoded.size);
    nrs_hex_encode(key, nrs_identity_public(net.nodes[0].identity)->sign_key, NRS_KEY_SIZE);
    mesh_down(&net, 2);
    mesh_sql(&net, 2, "INSERT INTO letter(recipient, community, statement) SELECT x'%s', community, x'%s' FROM roster LIMIT 1", key, text);
    mesh_up(&net, 2);
    mesh_settle(&net, 5);
    nrs_bytes_wipe(&encoded);
}

static void what_is_missing_is_sent_again(void **state)
{
    char count[65];

    (void)state;
    mesh_start(&net, 3, 1);
    OK(send_amber(1, "org-2", LIFE));
    mesh_settle(&net, 5);
    go_wrong(0, DAYS(6));
    ask_again();
    mesh_sql_one(&net, 0, count, "SELECT count(*) FROM log WHERE type = 200");
    assert_string_equal(count, "1");
    mesh_stop(&net);
}

/* ---- Audit logs ---- */

static void checkpoints_are_signed(void **state)
{
    static const int64_t wrongs[] = {DAYS(-3), DAYS(15)};

    (void)state;
    for (size_t i = 0; i < sizeof wrongs / sizeof wrongs[0]; i++) {
        mesh_start(&net, 3, 1);
        go_wrong(0, wrongs[i]);
        mesh_audit_checkpoint(&net, 1);
        mesh_settle(&net, 4);
        assert_non_null(mesh_audit_watched(&net, 0, 1));
        mesh_stop(&net);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_withdrawal_counts),
        cmocka_unit_test(what_is_unlocked_on_accept_is_announced),
        cmocka_unit_test(who_joins_is_counted),
        cmocka_unit_test(hubs_words_are_heard),
        cmocka_unit_test(a_word_from_the_future_replaces_none_that_serves),
        cmocka_unit_test(a_new_grant_is_asked_for_and_given),
        cmocka_unit_test(wider_sharing_is_asked_for),
        cmocka_unit_test(what_is_missing_is_sent_again),
        cmocka_unit_test(checkpoints_are_signed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
