/* A clock that stands alone against those of most peers, and has done so from the start, so that it never jumps: what it would
 * refuse, pass over or destroy for good is not lost. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "mesh.h"
#include "mesh_look.h"
#include "proto/vocabulary.h"

static mesh net;

#define SEND_TO(org)                                                                                                                       \
    "{\"command\":\"send\",\"label\":\"AMBER\",\"to\":[\"" org "\"],\"kind\":\"incident\",\"subject\":\"S\",\"body\":\"B\"}"

/* Whether the sender has the recipient's receipt. */
static bool reached_stored(size_t node, const char *id, const char *recipient)
{
    bool stored = false;

    assert_int_equal(mesh_ask(&net, node, "{\"command\":\"receipts\",\"id\":\"%s\"}", id), NRS_OK);
    for (size_t i = 0; i < mesh_row_count(&net, node); i++) {
        const json_t *row = mesh_row(&net, node, i);
        stored = stored || (strcmp(mesh_text(row, "recipient"), recipient) == 0 && strcmp(mesh_text(row, "stage"), "stored") == 0);
    }
    return stored;
}

/* The node is started anew with a clock that is wrong by so much; minutes pass. */
static void go_wrong(size_t node, int64_t skew_ms)
{
    mesh_down(&net, node);
    net.nodes[node].skew_ms = skew_ms;
    mesh_up(&net, node);
    mesh_settle(&net, 5);
}

static const struct wrong {
    const char *name;
    size_t node; /* 0 is the hub, 1 sends to 2 */
    int64_t skew_ms;
} wrongs[] = {
    {"the recipient is a month ahead", 2, 30 * (int64_t)NRS_DAY_MS},
    {"the recipient is three days behind", 2, -3 * (int64_t)NRS_DAY_MS},
    {"the hub is a month ahead", 0, 30 * (int64_t)NRS_DAY_MS},
    {"the hub is three days behind", 0, -3 * (int64_t)NRS_DAY_MS},
    {"the hub is ten years ahead", 0, 3650 * (int64_t)NRS_DAY_MS},
};

static void a_clock_alone_refuses_nothing(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof wrongs / sizeof wrongs[0]; i++) {
        const struct wrong *wrong = &wrongs[i];
        char id[2 * NRS_HASH_SIZE + 1];

        mesh_start(&net, 3, 1);
        go_wrong(wrong->node, wrong->skew_ms);
        assert_true(mesh_warned(&net, wrong->node, wrong->skew_ms > 0 ? "hours ahead of those of most peers" : "hours behind those of most peers"));
        assert_int_equal(mesh_command(&net, 1, SEND_TO("org-2")), NRS_OK);
        (void)snprintf(id, sizeof id, "%s", mesh_text(mesh_row(&net, 1, 0), "id"));
        mesh_settle(&net, 5);
        assert_int_equal(mesh_listed(&net, 2), 1);
        if (wrong->skew_ms > -7 * (int64_t)NRS_DAY_MS && wrong->skew_ms < 7 * (int64_t)NRS_DAY_MS && !reached_stored(1, id, "org-2")) {
            fail_msg("%s: no receipt", wrong->name);
        }
        go_wrong(wrong->node, 0); /* further apart, letters wait until a clock is set */
        if (!reached_stored(1, id, "org-2")) {
            fail_msg("%s: no receipt after the clock was set", wrong->name);
        }
        mesh_stop(&net);
    }
}

/* An expired report is still refused where the clocks agree: a hub that has it does not pass it on, and one that is handed it
 * takes no record of it. */
static void what_all_hold_for_expired_is_refused(void **state)
{
    (void)state;
    mesh_start(&net, 3, 1);
    mesh_down(&net, 2);
    assert_int_equal(mesh_command(&net, 1, SEND_TO("org-2")), NRS_OK);
    mesh_settle(&net, 3);
    for (size_t day = 0; day < 8; day++) {
        net.now_ms += NRS_DAY_MS;
        net.monotonic_ms += NRS_DAY_MS;
        mesh_settle(&net, 2);
    }
    mesh_up(&net, 2);
    mesh_settle(&net, 5);
    assert_int_equal(mesh_listed(&net, 2), 0);
    mesh_stop(&net);
}

/* Warnings in the answer to a report that is sent now. By a clock that is ahead the hubs' word on the roster would be old. */
static size_t send_warnings(size_t node)
{
    static const char command[] = "{\"command\":\"send\",\"label\":\"AMBER\",\"to\":[\"org-2\"],\"kind\":\"incident\",\"subject\":\"S\",\"body\":\"B\"}";

    assert_int_equal(mesh_command(&net, node, command), NRS_OK);
    mesh_settle(&net, 5);
    assert_int_equal(mesh_command(&net, node, command), NRS_OK);
    return json_array_size(json_object_get(mesh_row(&net, node, 0), "warnings"));
}

/* Nobody can tell whose clock is wrong: the report is sent, and its writer is told that most peers would refuse it. */
static void a_sender_is_told_that_peers_would_refuse_its_time(void **state)
{
    (void)state;
    mesh_start(&net, 3, 1);
    assert_int_equal(send_warnings(1), 0);
    assert_int_equal(mesh_listed(&net, 2), 1);
    go_wrong(1, 3 * (int64_t)NRS_DAY_MS);
    assert_int_equal(send_warnings(1), 1);
    go_wrong(1, -8 * (int64_t)NRS_DAY_MS);
    assert_int_equal(send_warnings(1), 1);
    mesh_settle(&net, 5);
    assert_int_equal(mesh_listed(&net, 2), 2); /* so they do */
    go_wrong(1, 12 * (int64_t)NRS_HOUR_MS); /* status warns, but others take it */
    assert_true(mesh_warned(&net, 1, "12 hours ahead"));
    assert_int_equal(send_warnings(1), 0);
    mesh_settle(&net, 5);
    assert_int_equal(mesh_listed(&net, 2), 4);
    go_wrong(1, 0);
    assert_false(mesh_warned(&net, 1, "hours ahead"));
    mesh_stop(&net);
}

/* With no link nobody says what time it is; the roster held does, of which a clock that lost its battery knows nothing. */
static void without_peers_the_roster_tells(void **state)
{
    static const char words[] = "before the roster of @electricity was made";

    (void)state;
    mesh_start(&net, 3, 1);
    mesh_down(&net, 0);
    go_wrong(1, 0);
    assert_false(mesh_warned(&net, 1, words));
    assert_int_equal(send_warnings(1), 0);
    go_wrong(1, -(int64_t)(net.now_ms - 946684800000u)); /* the year 2000 */
    assert_true(mesh_warned(&net, 1, words));
    assert_int_equal(send_warnings(1), 1);
    mesh_up(&net, 0); /* from then on the peers' word counts */
    mesh_settle(&net, 5);
    assert_false(mesh_warned(&net, 1, words));
    assert_true(mesh_warned(&net, 1, "hours behind those of most peers"));
    mesh_stop(&net);
}

static void go_by_days(size_t days)
{
    for (size_t hour = 0; hour < days * 24; hour++) {
        net.now_ms += NRS_HOUR_MS;
        net.monotonic_ms += NRS_HOUR_MS;
        mesh_settle(&net, 1);
    }
}

/* The hubs' daily word on the roster is judged by the time that most peers agree on; who is cut off from them is not spared by that. */
static void a_clock_that_is_ahead_makes_no_roster_stale(void **state)
{
    (void)state;
    mesh_start(&net, 3, 1);
    go_wrong(1, 5 * (int64_t)NRS_DAY_MS);
    assert_false(mesh_warned(&net, 1, "no hub has vouched"));
    assert_int_equal(mesh_command(&net, 1, SEND_TO("org-2")), NRS_OK);
    mesh_down(&net, 0);
    mesh_settle(&net, 2);
    go_by_days(2);
    assert_int_equal(mesh_command(&net, 1, SEND_TO("org-2")), NRS_OK);
    go_by_days(2);
    assert_true(mesh_warned(&net, 1, "no hub has vouched"));
    assert_int_equal(mesh_command(&net, 1, SEND_TO("org-2")), NRS_ERROR_ROSTER_STALE);
    mesh_up(&net, 0);
    mesh_settle(&net, 5);
    assert_int_equal(mesh_command(&net, 1, SEND_TO("org-2")), NRS_OK);
    mesh_down(&net, 0);
    go_wrong(1, 400 * (int64_t)NRS_DAY_MS); /* it has heard nobody since its start */
    assert_int_not_equal(mesh_command(&net, 1, SEND_TO("org-2")), NRS_OK);
    mesh_up(&net, 0);
    mesh_settle(&net, 5);
    assert_int_equal(mesh_command(&net, 1, SEND_TO("org-2")), NRS_OK); /* and now that its roster has not expired */
    mesh_stop(&net);
}

/* Two nodes that disagree cannot know who is right: a bundle from the future does not take the place of one that serves. */
static void a_bundle_from_a_wrong_clock_replaces_none_that_serves(void **state)
{
    (void)state;
    mesh_start(&net, 2, 1);
    go_wrong(1, 30 * (int64_t)NRS_DAY_MS);
    assert_int_equal(mesh_command(&net, 0, SEND_TO("org-1")), NRS_OK);
    assert_int_equal(json_array_size(json_object_get(mesh_row(&net, 0, 0), "waiting")), 0);
    mesh_settle(&net, 3);
    assert_int_equal(mesh_listed(&net, 1), 1);
    mesh_stop(&net);
}

static nrs_error count_prekey(void *context, const nrs_prekey_row *row)
{
    size_t *count = context;

    *count += row->until_ms + NRS_PREKEY_GRACE_MS <= net.now_ms + 60 * NRS_DAY_MS;
    return NRS_OK;
}

/* Own prekeys that are past their grace by a clock 60 days ahead. */
static size_t old_prekeys(size_t node)
{
    size_t count = 0;

    assert_int_equal(nrs_store_prekey_each(net.nodes[node].store, count_prekey, &count), NRS_OK);
    return count;
}

/* A week: long enough to put the clock right, short enough that peers who lie about the time gain little. */
static void destruction_waits_a_week_against_the_word_of_peers(void **state)
{
    (void)state;
    mesh_start(&net, 3, 1);
    go_wrong(2, 60 * (int64_t)NRS_DAY_MS);
    assert_true(old_prekeys(2) >= NRS_ORG_PREKEY_COUNT);
    go_by_days(6);
    assert_true(old_prekeys(2) >= NRS_ORG_PREKEY_COUNT);
    go_by_days(2);
    assert_int_equal(old_prekeys(2), 0);
    mesh_stop(&net);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_clock_alone_refuses_nothing),
        cmocka_unit_test(what_all_hold_for_expired_is_refused),
        cmocka_unit_test(without_peers_the_roster_tells),
        cmocka_unit_test(a_sender_is_told_that_peers_would_refuse_its_time),
        cmocka_unit_test(a_clock_that_is_ahead_makes_no_roster_stale),
        cmocka_unit_test(a_bundle_from_a_wrong_clock_replaces_none_that_serves),
        cmocka_unit_test(destruction_waits_a_week_against_the_word_of_peers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
