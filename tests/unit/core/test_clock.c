/* A clock that jumps, in either direction and over a restart: the node goes on, and when the clock is right again nothing is
 * lost. */
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

#define SUBJECT "変電所の遠隔監視が停止"
static const char to_all[] = "{\"command\":\"send\",\"label\":\"AMBER\",\"to\":[\"@electricity\"],\"kind\":\"incident\","
                             "\"subject\":\"" SUBJECT "\",\"body\":\"本文\"}";
static const char to_two[] = "{\"command\":\"send\",\"label\":\"AMBER\",\"to\":[\"org-2\"],\"kind\":\"incident\","
                             "\"subject\":\"" SUBJECT "\",\"body\":\"本文\"}";

static size_t listed(size_t node)
{
    size_t count = 0;

    assert_int_equal(mesh_command(&net, node, "{\"command\":\"list\"}"), NRS_OK);
    for (size_t i = 0; i < mesh_row_count(&net, node); i++) {
        const char *subject = json_string_value(json_object_get(mesh_row(&net, node, i), "subject"));
        count += subject != NULL && strcmp(subject, SUBJECT) == 0;
    }
    return count;
}

static nrs_error count_sealed(void *context, const nrs_log_row *row)
{
    size_t *count = context;

    *count += row->type == NRS_RECORD_SEALED && row->record.size > 0;
    return NRS_OK;
}

static size_t carried(size_t node)
{
    size_t count = 0;

    assert_int_equal(nrs_store_log_each(net.nodes[node].store, 0, 10000, count_sealed, &count), NRS_OK);
    return count;
}

typedef struct prekey_ids {
    uint8_t ids[64][NRS_PREKEY_ID_SIZE];
    uint64_t until_ms[64];
    size_t count;
} prekey_ids;

static nrs_error note_prekey(void *context, const nrs_prekey_row *row)
{
    prekey_ids *set = context;

    assert_true(set->count < 64);
    memcpy(set->ids[set->count], row->id, NRS_PREKEY_ID_SIZE);
    set->until_ms[set->count] = row->until_ms;
    set->count++;
    return NRS_OK;
}

static prekey_ids prekeys_of(size_t node)
{
    prekey_ids set = {0};

    assert_int_equal(nrs_store_prekey_each(net.nodes[node].store, note_prekey, &set), NRS_OK);
    return set;
}

/* How many of these secrets are no longer there. */
static size_t destroyed_of(size_t node, const prekey_ids *before)
{
    prekey_ids now = prekeys_of(node);
    size_t gone = before->count;

    for (size_t i = 0; i < before->count; i++) {
        for (size_t k = 0; k < now.count; k++) {
            gone -= memcmp(before->ids[i], now.ids[k], NRS_PREKEY_ID_SIZE) == 0;
        }
    }
    return gone;
}

typedef struct bundle_seen {
    const uint8_t *owner;
    nrs_prekeys *prekeys;
} bundle_seen;

static nrs_error note_bundle(void *context, const nrs_log_row *row)
{
    bundle_seen *seen = context;
    nrs_record *record = NULL;

    if (row->type != NRS_RECORD_PREKEYS || row->record.size == 0 || row->owner.size != NRS_KEY_SIZE ||
        memcmp(row->owner.data, seen->owner, NRS_KEY_SIZE) != 0) {
        return NRS_OK;
    }
    nrs_prekeys_free(&seen->prekeys);
    assert_int_equal(nrs_record_decode(&record, row->record), NRS_OK);
    assert_int_equal(nrs_prekeys_verify(&seen->prekeys, nrs_field(&record->payload)), NRS_OK);
    nrs_record_free(&record);
    return NRS_OK;
}

/* The newest bundle of `owner` in the log of `node` has a window for this time, and peers whose clock shows it take it. */
static void assert_bundle_serves(size_t node, size_t owner, uint64_t now_ms)
{
    bundle_seen seen = {.owner = nrs_identity_public(net.nodes[owner].identity)->sign_key};

    assert_int_equal(nrs_store_log_each(net.nodes[node].store, 0, 10000, note_bundle, &seen), NRS_OK);
    assert_non_null(seen.prekeys);
    assert_non_null(nrs_prekeys_current(seen.prekeys, now_ms));
    assert_true(seen.prekeys->created_ms <= now_ms + NRS_CLOCK_AHEAD_MS_MAX);
    nrs_prekeys_free(&seen.prekeys);
}

static uint64_t week_of(uint64_t at_ms)
{
    return at_ms - at_ms % NRS_WEEK_MS;
}

/* Ticks of one node alone while the clock of all shows this time; eleven minutes of monotonic time go by. */
static void tick_at(size_t node, uint64_t now_ms)
{
    const nrs_event tick = {.type = NRS_EVENT_TICK};

    for (size_t minute = 0; minute < 11; minute++) {
        net.now_ms = now_ms;
        net.monotonic_ms += NRS_MINUTE_MS;
        assert_int_equal(mesh_step(&net, node, &tick), NRS_OK);
    }
}

static void go_by(uint64_t ms)
{
    net.now_ms += ms;
    net.monotonic_ms += ms;
    mesh_settle(&net, 5);
}

#define TEN_YEARS (3650 * (int64_t)NRS_DAY_MS)

static const struct jump {
    const char *name;
    int64_t by_ms;
    uint64_t to_ms; /* or to this time */
} jumps[] = {
    {"a day back", -(int64_t)NRS_DAY_MS, 0},
    {"a day ahead", (int64_t)NRS_DAY_MS, 0},
    {"an hour less than a day ahead", (int64_t)NRS_DAY_MS - (int64_t)NRS_HOUR_MS, 0},
    {"eight days back", -8 * (int64_t)NRS_DAY_MS, 0},
    {"sixty days ahead", 60 * (int64_t)NRS_DAY_MS, 0},
    {"ten years back", -TEN_YEARS, 0},
    {"ten years ahead", TEN_YEARS, 0},
    {"the epoch", 0, 1},
    {"1970", 0, NRS_HOUR_MS},
    {"three weeks of 1970", 0, 3 * NRS_WEEK_MS + NRS_HOUR_MS},
    {"9999", 0, NRS_TIME_MS_MAX},
    {"the last weeks of 9999", 0, NRS_TIME_MS_MAX - 3 * NRS_WEEK_MS},
};

/* From the beginning of a week. */
static const uint64_t starts[] = {NRS_HOUR_MS / 2, 3 * NRS_DAY_MS, NRS_WEEK_MS - NRS_HOUR_MS};

static uint64_t wrong_time(const struct jump *jump, uint64_t right_ms)
{
    return jump->by_ms == 0 ? jump->to_ms : right_ms + (uint64_t)jump->by_ms;
}

static void jump_and_back(const struct jump *jump, uint64_t start_ms, size_t node, bool restart)
{
    uint64_t right_ms;
    size_t expected = 0;
    prekey_ids before;

    mesh_start(&net, 3, 1);
    go_by(week_of(net.now_ms) + NRS_WEEK_MS + start_ms - net.now_ms);
    before = prekeys_of(node);
    assert_true(before.count >= NRS_ORG_PREKEY_COUNT);
    right_ms = net.now_ms;
    net.now_ms = wrong_time(jump, right_ms);
    if (restart) {
        mesh_crash(&net, node);
    }
    tick_at(node, wrong_time(jump, right_ms));
    net.now_ms = right_ms + 11 * NRS_MINUTE_MS;
    if (restart) {
        mesh_crash(&net, node);
    }
    mesh_settle(&net, 5);
    assert_bundle_serves(node, node, net.now_ms);
    assert_bundle_serves(node == 0 ? 1 : 0, node, net.now_ms);
    for (size_t day = 0; day < 36; day += 4) {
        assert_int_equal(mesh_command(&net, 1, to_all), NRS_OK);
        assert_int_equal(mesh_command(&net, 2, to_all), NRS_OK);
        mesh_settle(&net, 5);
        expected += 2;
        if (listed(0) != expected || listed(1) != expected || listed(2) != expected) {
            fail_msg("%s, node %zu, day %zu, start %llu, restart %d: %zu %zu %zu of %zu", jump->name, node, day,
                     (unsigned long long)start_ms, restart, listed(0), listed(1), listed(2), expected);
        }
        if (day == 0) {
            assert_int_equal(destroyed_of(node, &before), 0);
        }
        go_by(4 * NRS_DAY_MS);
    }
    mesh_stop(&net);
}

static void a_jump_and_back_loses_nothing(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof jumps / sizeof jumps[0]; i++) {
        for (size_t k = 0; k < sizeof starts / sizeof starts[0]; k++) {
            jump_and_back(&jumps[i], starts[k], 2, false);
            jump_and_back(&jumps[i], starts[k], (i + k) % 3, true);
        }
    }
}

static void a_hub_whose_clock_jumps_loses_nothing_carried(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof jumps / sizeof jumps[0]; i++) {
        for (int restart = 0; restart < 2; restart++) {
            uint64_t right_ms;
            mesh_start(&net, 3, 1);
            go_by(2 * NRS_DAY_MS); /* the clock is trusted when it jumps */
            mesh_down(&net, 2);
            assert_int_equal(mesh_command(&net, 1, to_two), NRS_OK);
            mesh_settle(&net, 5);
            assert_int_equal(carried(0), 1);
            right_ms = net.now_ms;
            net.now_ms = wrong_time(&jumps[i], right_ms);
            if (restart != 0) {
                mesh_crash(&net, 0);
            }
            tick_at(0, wrong_time(&jumps[i], right_ms));
            assert_int_equal(carried(0), 1);
            net.now_ms = right_ms + 11 * NRS_MINUTE_MS;
            mesh_up(&net, 2);
            mesh_settle(&net, 6);
            assert_int_equal(listed(2), 1);
            mesh_stop(&net);
        }
    }
}

/* A node that first started on the first day of a week, and whose clock then goes back before it. */
static void a_fresh_node_survives_a_step_back_over_its_first_window(void **state)
{
    size_t node;
    uint64_t right_ms;

    (void)state;
    mesh_start(&net, 3, 1);
    go_by(week_of(net.now_ms) + NRS_WEEK_MS + NRS_HOUR_MS / 2 - net.now_ms);
    node = mesh_add_node(&net, "zz");
    mesh_join(&net, node, NRS_ROLE_OPERATOR);
    mesh_settle(&net, 5);
    for (uint64_t days = 1; days < 30; days += 7) {
        right_ms = net.now_ms;
        tick_at(node, right_ms - days * NRS_DAY_MS);
        mesh_crash(&net, node);
        tick_at(node, right_ms - days * NRS_DAY_MS);
        net.now_ms = right_ms;
        mesh_settle(&net, 5);
    }
    assert_int_equal(mesh_command(&net, 1, to_all), NRS_OK);
    mesh_settle(&net, 5);
    assert_int_equal(listed(node), 1);
    mesh_stop(&net);
}

/* The bundle made a day ahead, taken by all, has a window for those whose clock is right. */
static void a_bundle_from_a_day_ahead_serves_at_once(void **state)
{
    uint64_t right_ms;

    (void)state;
    mesh_start(&net, 3, 1);
    go_by(week_of(net.now_ms) + NRS_WEEK_MS - 2 * NRS_HOUR_MS - net.now_ms);
    right_ms = net.now_ms;
    tick_at(2, right_ms + NRS_DAY_MS - NRS_HOUR_MS);
    assert_bundle_serves(2, 2, right_ms);
    net.now_ms = right_ms;
    mesh_settle(&net, 3);
    assert_int_equal(mesh_command(&net, 1, to_all), NRS_OK);
    mesh_settle(&net, 3);
    assert_int_equal(listed(2), 1);
    mesh_stop(&net);
}

static void destruction_waits_for_a_day_of_agreement(void **state)
{
    prekey_ids before;
    size_t gone;

    (void)state;
    mesh_start(&net, 3, 1);
    mesh_down(&net, 2);
    assert_int_equal(mesh_command(&net, 1, to_two), NRS_OK);
    go_by(2 * NRS_DAY_MS);
    before = prekeys_of(0);
    net.now_ms += 365 * NRS_DAY_MS;
    go_by(NRS_MINUTE_MS);
    go_by(NRS_DAY_MS - NRS_HOUR_MS);
    assert_int_equal(destroyed_of(0, &before), 0);
    assert_int_equal(carried(0), 1);
    mesh_crash(&net, 0); /* a start begins the day anew */
    go_by(NRS_HOUR_MS);
    go_by(NRS_DAY_MS - 2 * NRS_HOUR_MS);
    assert_int_equal(destroyed_of(0, &before), 0);
    assert_int_equal(carried(0), 1);
    go_by(2 * NRS_HOUR_MS);
    go_by(NRS_HOUR_MS);
    gone = destroyed_of(0, &before);
    assert_int_equal(gone, before.count);
    assert_int_equal(carried(0), 0);
    mesh_stop(&net);
}

/* A node that is started anew each day destroys nothing, and says so from the second day on, until it has run for a day. */
static void overdue_prekeys_are_told(void **state)
{
    prekey_ids before;
    uint64_t first_ms = UINT64_MAX;
    size_t due = 0;

    (void)state;
    mesh_start(&net, 2, 1);
    before = prekeys_of(0);
    for (size_t i = 0; i < before.count; i++) {
        first_ms = before.until_ms[i] < first_ms ? before.until_ms[i] : first_ms;
    }
    for (size_t i = 0; i < before.count; i++) {
        due += before.until_ms[i] == first_ms;
    }
    go_by(first_ms + NRS_PREKEY_GRACE_MS - net.now_ms - NRS_HOUR_MS);
    for (int day = 0; day < 4; day++) {
        mesh_crash(&net, 0);
        go_by(NRS_MINUTE_MS);
        go_by(NRS_DAY_MS - NRS_HOUR_MS);
        assert_int_equal(destroyed_of(0, &before), 0);
        assert_int_equal(mesh_warned(&net, 0, "prekeys were to be destroyed since"), day >= 2);
    }
    go_by(2 * NRS_HOUR_MS);
    go_by(NRS_HOUR_MS);
    assert_int_equal(destroyed_of(0, &before), due);
    assert_false(mesh_warned(&net, 0, "prekeys were to be destroyed since"));
    mesh_stop(&net);
}

/* The sender's clock stands before the first window of the recipient's bundle. When the window begins by that clock, or when
 * the clock is put right, what waited is granted, though no bundle arrives. */
static void what_waits_is_granted_when_the_window_begins(void **state)
{
    (void)state;
    for (int put_right = 0; put_right < 2; put_right++) {
        uint64_t right_ms, slow_ms;
        mesh_start(&net, 3, 1);
        go_by(week_of(net.now_ms) + NRS_WEEK_MS + 3 * NRS_DAY_MS - net.now_ms);
        net.now_ms += 5 * NRS_WEEK_MS; /* the bundles made now begin with this week */
        net.monotonic_ms += 5 * NRS_WEEK_MS;
        mesh_settle(&net, 5);
        right_ms = net.now_ms;
        slow_ms = week_of(right_ms) - NRS_HOUR_MS;
        tick_at(1, slow_ms);
        assert_int_equal(mesh_command(&net, 1, to_two), NRS_OK);
        tick_at(1, slow_ms + 11 * NRS_MINUTE_MS);
        if (put_right == 0) {
            net.now_ms = slow_ms + 22 * NRS_MINUTE_MS;
            net.monotonic_ms += 45 * NRS_MINUTE_MS;
            tick_at(1, slow_ms + 70 * NRS_MINUTE_MS); /* no jump: less than an hour off */
            assert_null(strstr(net.nodes[1].last_log, "jumped"));
        }
        net.now_ms = put_right != 0 ? right_ms + 22 * NRS_MINUTE_MS : net.now_ms;
        mesh_settle(&net, 5);
        assert_int_equal(listed(2), 1);
        mesh_stop(&net);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_jump_and_back_loses_nothing),
        cmocka_unit_test(a_hub_whose_clock_jumps_loses_nothing_carried),
        cmocka_unit_test(a_fresh_node_survives_a_step_back_over_its_first_window),
        cmocka_unit_test(a_bundle_from_a_day_ahead_serves_at_once),
        cmocka_unit_test(destruction_waits_for_a_day_of_agreement),
        cmocka_unit_test(overdue_prekeys_are_told),
        cmocka_unit_test(what_waits_is_granted_when_the_window_begins),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
