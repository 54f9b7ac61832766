/* A clock that stands alone, at a hub that vouches or at the source: what is said between members and a source that is not named is not lost by it,
 * though by that clock the report is over (SPEC 10.5). */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "mesh.h"

#define OK(expression) assert_int_equal((expression), NRS_OK)
#define AHEAD_MS (3 * (int64_t)NRS_DAY_MS) /* reports live for two */

/* Of three hubs the first is given the report: to members its clock is one of three. */
enum { HUB, HUB_2, HUB_3, SOURCE, MEMBER, THIRD };

static mesh net;
static char report[2 * NRS_HASH_SIZE + 1], published[2 * NRS_HASH_SIZE + 1];

static void keep_id(char *to, size_t node)
{
    (void)snprintf(to, 2 * NRS_HASH_SIZE + 1, "%s", mesh_text(mesh_row(&net, node, 0), "id"));
}

static void start(void)
{
    mesh_start(&net, 6, 3);
    OK(mesh_ask(&net, SOURCE,
                "{\"command\":\"send\",\"withhold_source\":true,\"via\":[\"org-0\"],\"label\":\"AMBER\",\"to\":[\"org-4\"],\"kind\":\"incident\","
                "\"subject\":\"s\",\"body\":\"b\",\"expires_in_ms\":172800000}"));
    keep_id(report, SOURCE);
    mesh_settle(&net, 3);
    OK(mesh_ask(&net, HUB, "{\"command\":\"vouch\",\"id\":\"%s\"}", report));
    keep_id(published, HUB);
    mesh_wait_for_tick(&net, 5);
    OK(mesh_ask(&net, MEMBER, "{\"command\":\"show\",\"id\":\"%s\"}", published));
}

static void set_clock(size_t node, int64_t skew_ms)
{
    mesh_down(&net, node);
    net.nodes[node].skew_ms = skew_ms;
    mesh_up(&net, node);
    mesh_settle(&net, 5);
}

static nrs_error say(size_t node, const char *id)
{
    nrs_error error = mesh_ask(&net, node, "{\"command\":\"reply\",\"id\":\"%s\",\"body\":\"返事\"}", id);

    mesh_settle(&net, 3);
    return error;
}

static size_t count_at_source(const char *what)
{
    OK(mesh_ask(&net, SOURCE, "{\"command\":\"show\",\"id\":\"%s\"}", report));
    return json_array_size(json_object_get(mesh_row(&net, SOURCE, 0), what));
}

/* The state of a node's only ask; its id is kept. */
static const char *state(char id_out[2 * NRS_HASH_SIZE + 1], size_t node)
{
    OK(mesh_ask(&net, node, "{\"command\":\"release-list\"}"));
    if (mesh_row_count(&net, node) == 0) {
        return "none";
    }
    assert_int_equal(mesh_row_count(&net, node), 1);
    keep_id(id_out, node);
    return mesh_text(mesh_row(&net, node, 0), "state");
}

static void ask_for_third(void)
{
    OK(mesh_ask(&net, MEMBER, "{\"command\":\"release-ask\",\"id\":\"%s\",\"to\":[\"org-5\"],\"reason\":\"r\"}", published));
    mesh_settle(&net, 3);
}

static const struct wrong {
    const char *name;
    size_t node;
    int64_t skew_ms;
} wrongs[] = {
    {"none is wrong", HUB, 0},
    {"the hub's is ahead", HUB, AHEAD_MS},
    {"the hub's is ahead, by no whole tick", HUB, AHEAD_MS + 12345},
    {"the hub's is behind", HUB, -AHEAD_MS},
    {"the source's is ahead", SOURCE, AHEAD_MS},
};

static void what_is_said_reaches_the_source(void **context)
{
    (void)context;
    for (size_t i = 0; i < sizeof wrongs / sizeof wrongs[0]; i++) {
        start();
        set_clock(wrongs[i].node, wrongs[i].skew_ms);
        OK(say(MEMBER, published));
        OK(say(HUB, report));
        mesh_wait_for_tick(&net, 5);
        mesh_wait_for_tick(&net, 5);
        if (count_at_source("replies") != 1 || count_at_source("questions") != 1) {
            fail_msg("%s: %zu replies, %zu questions", wrongs[i].name, count_at_source("replies"), count_at_source("questions"));
        }
        mesh_stop(&net);
    }
}

static void what_is_asked_is_answered(void **context)
{
    char id[2 * NRS_HASH_SIZE + 1];

    (void)context;
    for (size_t i = 0; i < sizeof wrongs / sizeof wrongs[0]; i++) {
        start();
        set_clock(wrongs[i].node, wrongs[i].skew_ms);
        ask_for_third();
        mesh_wait_for_tick(&net, 5);
        mesh_wait_for_tick(&net, 5);
        if (strcmp(state(id, SOURCE), "open") != 0) {
            fail_msg("%s: the ask is %s at the source", wrongs[i].name, state(id, SOURCE));
        }
        if (wrongs[i].node == SOURCE && wrongs[i].skew_ms != 0) { /* what it signs it dates by its own clock */
            assert_int_equal(mesh_ask(&net, SOURCE, "{\"command\":\"release-grant\",\"id\":\"%s\"}", id), NRS_ERROR_EXPIRED);
            set_clock(SOURCE, 0);
        }
        OK(mesh_ask(&net, SOURCE, "{\"command\":\"release-grant\",\"id\":\"%s\"}", id));
        mesh_settle(&net, 4);
        mesh_wait_for_tick(&net, 5);
        mesh_settle(&net, 6);
        if (strcmp(state(id, MEMBER), "released") != 0) {
            fail_msg("%s: the ask is %s", wrongs[i].name, state(id, MEMBER));
        }
        OK(mesh_ask(&net, THIRD, "{\"command\":\"show\",\"id\":\"%s\"}", published));
        mesh_stop(&net);
    }
}

/* A denial is no matter of time: it leaves the source, and goes on from the hub. */
static void what_is_denied_is_denied(void **context)
{
    char id[2 * NRS_HASH_SIZE + 1];

    (void)context;
    for (size_t i = 0; i < sizeof wrongs / sizeof wrongs[0]; i++) {
        start();
        ask_for_third();
        mesh_wait_for_tick(&net, 5);
        set_clock(wrongs[i].node, wrongs[i].skew_ms);
        assert_string_equal(state(id, SOURCE), "open");
        OK(mesh_ask(&net, SOURCE, "{\"command\":\"release-deny\",\"id\":\"%s\",\"reason\":\"調査中\"}", id));
        mesh_settle(&net, 4);
        mesh_wait_for_tick(&net, 5);
        mesh_wait_for_tick(&net, 5);
        if (strcmp(state(id, MEMBER), "denied") != 0) {
            fail_msg("%s: the ask is %s", wrongs[i].name, state(id, MEMBER));
        }
        mesh_stop(&net);
    }
}

/* What all hold for over is over. */
static void what_is_over_is_over(void **context)
{
    char id[2 * NRS_HASH_SIZE + 1];

    (void)context;
    start();
    ask_for_third();
    mesh_wait_for_tick(&net, 5);
    for (size_t day = 0; day < 3; day++) {
        net.now_ms += NRS_DAY_MS;
        net.monotonic_ms += NRS_DAY_MS;
        mesh_settle(&net, 2);
    }
    assert_string_equal(state(id, SOURCE), "lapsed");
    assert_int_equal(mesh_ask(&net, SOURCE, "{\"command\":\"release-deny\",\"id\":\"%s\",\"reason\":\"調査中\"}", id), NRS_ERROR_EXPIRED);
    assert_int_equal(say(HUB, report), NRS_ERROR_EXPIRED);
    mesh_stop(&net);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_said_reaches_the_source),
        cmocka_unit_test(what_is_asked_is_answered),
        cmocka_unit_test(what_is_denied_is_denied),
        cmocka_unit_test(what_is_over_is_over),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
