/* What a hub lets in by consent while it changes its keys (SPEC 6.10, 7.10): before, between the roster and the keys that it names, and after. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "mesh_keys.h"
#include "mesh_second.h"
#include "proto/vocabulary.h"

#define OK(expression) assert_int_equal((expression), NRS_OK)

/* In electricity: the hub and two operators. In gas: its own hub, an operator; the hub of electricity is a member there. */
enum { HUB, SOURCE, OTHER, GAS_HUB, GAS_MEMBER };

static mesh net;
static mesh_second gas;
static nrs_identity *after; /* the hub's next keys, which mesh_take_over takes */

static int start(void **state)
{
    nrs_bytes succession = {0};

    (void)state;
    mesh_start(&net, 3, 1);
    mesh_second_beside(&net, &gas, HUB, false);
    OK(nrs_identity_new(&after));
    mesh_make_succession_at(&net, &succession, HUB, after, "tcp://127.0.0.1:7005");
    assert_string_equal(mesh_give_change(&net, HUB, "SUCCESSION", &succession), "");
    nrs_bytes_wipe(&succession);
    mesh_settle(&net, 3);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    mesh_stop(&net);
    mesh_second_stop(&gas);
    return 0;
}

/* Both rosters name its next keys: it is about to go over, and does nothing else until then. */
static void follow(void)
{
    mesh_new_keys keys = {&net.nodes[HUB], after, net.now_ms};

    mesh_second_change(&net, &gas, GAS_HUB, mesh_put_keys, &keys);
    mesh_follow_change(&net, HUB, after);
    mesh_settle(&net, 4);
}

static void pass(uint64_t ms)
{
    net.now_ms += ms;
    net.monotonic_ms += ms;
    mesh_settle(&net, 8);
}

static void go_over(void)
{
    mesh_take_over(&net, HUB, after);
    mesh_settle(&net, 8);
    assert_true(mesh_linked(&net, HUB, OTHER));
    for (size_t i = 0; i < 2; i++) { /* who waits is looked at each minute */
        pass(NRS_MINUTE_MS);
    }
}

static void send(size_t node, const char *label, char id_out[2 * NRS_HASH_SIZE + 1])
{
    OK(mesh_ask(&net, node, "{\"command\":\"send\",\"label\":\"%s\",\"to\":[\"@electricity\"],\"kind\":\"incident\",\"subject\":\"s\",\"body\":\"b\",\"onward\":[\"communities\"]}", label));
    (void)snprintf(id_out, 2 * NRS_HASH_SIZE + 1, "%s", mesh_text(mesh_row(&net, node, 0), "id"));
    assert_int_equal(json_array_size(json_object_get(mesh_row(&net, node, 0), "waiting")), 0); /* not for itself */
    assert_int_equal(json_array_size(json_object_get(mesh_row(&net, node, 0), "warnings")), 0);
    mesh_settle(&net, 6);
}

static void what_it_sends_before_it_goes_over(void **state)
{
    static const char *const labels[] = {"AMBER", "GREEN"};
    char ids[2][2 * NRS_HASH_SIZE + 1];

    (void)state;
    follow();
    for (size_t i = 0; i < 2; i++) {
        send(HUB, labels[i], ids[i]);
    }
    go_over();
    for (size_t i = 0; i < 2; i++) {
        OK(mesh_ask(&net, OTHER, "{\"command\":\"show\",\"id\":\"%s\"}", ids[i]));
        OK(mesh_ask(&net, GAS_HUB, "{\"command\":\"show\",\"id\":\"%s\"}", ids[i]));
        OK(mesh_ask(&net, GAS_MEMBER, "{\"command\":\"show\",\"id\":\"%s\"}", ids[i]));
    }
}

/* What it vouched for leaves at a tick, and goes on from there. */
static void what_it_publishes_before_it_goes_over(void **state)
{
    char id[2 * NRS_HASH_SIZE + 1];

    (void)state;
    OK(mesh_ask(&net, SOURCE, "{\"command\":\"send\",\"withhold_source\":true,\"label\":\"AMBER\",\"to\":[\"@electricity\"],\"kind\":\"incident\",\"subject\":\"s\",\"body\":\"b\",\"onward\":[\"communities\"]}"));
    (void)snprintf(id, sizeof id, "%s", mesh_text(mesh_row(&net, SOURCE, 0), "id"));
    mesh_settle(&net, 4);
    follow();
    OK(mesh_ask(&net, HUB, "{\"command\":\"vouch\",\"id\":\"%s\"}", id));
    (void)snprintf(id, sizeof id, "%s", mesh_text(mesh_row(&net, HUB, 0), "id"));
    mesh_wait_for_tick(&net, 4);
    go_over();
    OK(mesh_ask(&net, OTHER, "{\"command\":\"show\",\"id\":\"%s\"}", id));
    OK(mesh_ask(&net, GAS_MEMBER, "{\"command\":\"show\",\"id\":\"%s\"}", id));
}

/* Who was away has it from the keys that came after. */
static void what_it_let_in_before(void **state)
{
    char own[2 * NRS_HASH_SIZE + 1], others[2 * NRS_HASH_SIZE + 1];

    (void)state;
    mesh_down(&net, GAS_MEMBER);
    mesh_settle(&net, 2);
    send(HUB, "AMBER", own);
    send(SOURCE, "AMBER", others);
    follow();
    go_over();
    mesh_up(&net, GAS_MEMBER);
    mesh_settle(&net, 8);
    OK(mesh_ask(&net, GAS_MEMBER, "{\"command\":\"show\",\"id\":\"%s\"}", own));
    OK(mesh_ask(&net, GAS_MEMBER, "{\"command\":\"show\",\"id\":\"%s\"}", others));
}

/* A key that was succeeded lets nobody in a day later, as it seals nothing: who would take it? Its successor does. */
static void whom_it_cannot_let_in_any_more(void **state)
{
    char id[2 * NRS_HASH_SIZE + 1];

    (void)state;
    net.now_ms += 5 * NRS_WEEK_MS; /* the reader's bundle has run out at the hub, and it is away */
    mesh_down(&net, GAS_MEMBER);
    mesh_settle(&net, 6);
    OK(mesh_ask(&net, SOURCE, "{\"command\":\"send\",\"label\":\"AMBER\",\"to\":[\"@electricity\"],\"kind\":\"incident\",\"subject\":\"s\",\"body\":\"b\",\"onward\":[\"communities\"],\"stale_roster\":true}"));
    (void)snprintf(id, sizeof id, "%s", mesh_text(mesh_row(&net, SOURCE, 0), "id"));
    mesh_settle(&net, 6);
    follow();
    pass(26 * NRS_HOUR_MS);
    mesh_up(&net, GAS_MEMBER);
    mesh_settle(&net, 8);
    pass(NRS_MINUTE_MS);
    assert_int_equal(mesh_ask(&net, GAS_MEMBER, "{\"command\":\"show\",\"id\":\"%s\"}", id), NRS_ERROR_NOT_FOUND);
    go_over();
    OK(mesh_ask(&net, GAS_MEMBER, "{\"command\":\"show\",\"id\":\"%s\"}", id));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_it_sends_before_it_goes_over, start, stop),
        cmocka_unit_test_setup_teardown(what_it_publishes_before_it_goes_over, start, stop),
        cmocka_unit_test_setup_teardown(what_it_let_in_before, start, stop),
        cmocka_unit_test_setup_teardown(whom_it_cannot_let_in_any_more, start, stop),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
