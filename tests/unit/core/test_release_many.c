/* Many asks and releases of one report (SPEC 6.12): whoever waits is let in by whichever names it, and of asks there is an end. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "mesh.h"
#include "mesh_disk.h"
#include "mesh_look.h"
#include "mesh_records.h"
#include "mesh_second.h"
#include "proto/limits.h"

#define OK(expression) assert_int_equal((expression), NRS_OK)

enum { HUB, SOURCE, HOLDER, THIRD, GAS_HUB, GAS_MEMBER, GAS_MINISTRY };

static mesh net;
static mesh_second gas;
static char report[2 * NRS_HASH_SIZE + 1], ask[2 * NRS_HASH_SIZE + 1];

static void send_to(const char *to, const char *more)
{
    OK(mesh_ask(&net, SOURCE, "{\"command\":\"send\",\"label\":\"AMBER\",\"to\":[\"%s\"],\"kind\":\"incident\",\"subject\":\"s\",\"body\":\"b\"%s}", to, more));
    (void)snprintf(report, sizeof report, "%s", mesh_text(mesh_row(&net, SOURCE, 0), "id"));
    mesh_settle(&net, 4);
}

static nrs_error ask_for(size_t node, const char *to)
{
    nrs_error error = mesh_ask(&net, node, "{\"command\":\"release-ask\",\"id\":\"%s\",\"to\":[\"%s\"],\"reason\":\"r\"}", report, to);

    if (error == NRS_OK) {
        (void)snprintf(ask, sizeof ask, "%s", mesh_text(mesh_row(&net, node, 0), "id"));
    }
    return error;
}

static void release(const char *to)
{
    OK(ask_for(HOLDER, to));
    mesh_settle(&net, 2);
    OK(mesh_ask(&net, SOURCE, "{\"command\":\"release-grant\",\"id\":\"%s\"}", ask));
    mesh_settle(&net, 2);
    assert_string_equal(mesh_text(mesh_ask_row(&net, HOLDER, ask), "state"), "released");
}

/* The one who waits is named by the oldest release, or by one in the middle; the others let in the hub, over and over. */
static void who_waits_is_found_among_all(void **state)
{
    (void)state;
    for (size_t before = 0; before < 2; before++) {
        mesh_start(&net, 4, 1);
        net.now_ms += 5 * NRS_WEEK_MS;
        mesh_down(&net, THIRD);
        mesh_settle(&net, 6);
        send_to("org-2", ",\"stale_roster\":true");
        for (size_t i = 0; i < before * 3; i++) {
            release("org-0");
        }
        release("org-3");
        for (size_t i = 0; i < 18; i++) {
            release("org-0");
        }
        mesh_up(&net, THIRD);
        mesh_settle(&net, 12);
        OK(mesh_ask(&net, THIRD, "{\"command\":\"show\",\"id\":\"%s\"}", report));
        mesh_stop(&net);
    }
}

static void asks_have_an_end(void **state)
{
    (void)state;
    mesh_start(&net, 4, 1);
    send_to("org-2", "");
    for (size_t i = 0; i < NRS_ASK_OWN_COUNT_MAX; i++) {
        OK(ask_for(HOLDER, "org-3"));
        if (i == 0) {
            mesh_settle(&net, 2);
            OK(mesh_ask(&net, SOURCE, "{\"command\":\"release-grant\",\"id\":\"%s\",\"expires_in_ms\":3600000}", ask));
            mesh_settle(&net, 2);
        }
    }
    assert_int_equal(ask_for(HOLDER, "org-3"), NRS_ERROR_LIMIT);
    mesh_settle(&net, 2);
    net.now_ms += 2 * NRS_HOUR_MS; /* the release is over */
    OK(ask_for(HOLDER, "org-3"));
    assert_int_equal(ask_for(HOLDER, "org-3"), NRS_ERROR_LIMIT);
    mesh_stop(&net);
}

/* As many asks of a node as it makes in others' places. */
static void fill(size_t node, unsigned count)
{
    mesh_down(&net, node);
    mesh_sql(&net, node,
             "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %u) INSERT INTO ask(id, report, mine, state, at_ms, answered_ms, expires_ms, label, org,"
             " person, answerer, reason, answer, ask, release) SELECT randomblob(32), id, 1, 0, created_ms, 0, expires_ms, 0, originator, '', '', '', '', x'00', x'' FROM report, n",
             count);
    mesh_up(&net, node);
    mesh_settle(&net, 2);
}

static size_t refused_for_room(size_t node)
{
    size_t count = 0;

    OK(mesh_ask(&net, node, "{\"command\":\"audit-list\",\"kind\":\"ask\"}"));
    for (size_t i = 0; i < mesh_row_count(&net, node); i++) {
        count += strcmp(mesh_text(mesh_row(&net, node, i), "rule"), "limit") == 0;
    }
    return count;
}

/* Whom a node let in from another community it asks for while there is room for its own people's asks besides. */
static void guests_leave_room(void **state)
{
    (void)state;
    mesh_start(&net, 4, 1);
    mesh_second_beside(&net, &gas, HUB, true);
    send_to("org-0\",\"org-2", ",\"onward\":[\"communities\"]");
    mesh_settle(&net, 6);
    fill(HUB, NRS_ASK_THROUGH_COUNT_MAX - 1);
    OK(ask_for(GAS_MEMBER, "org-6"));
    mesh_settle(&net, 4);
    assert_int_equal(refused_for_room(HUB), 0);
    OK(ask_for(GAS_MEMBER, "org-6"));
    mesh_settle(&net, 4);
    assert_int_equal(refused_for_room(HUB), 1);
    OK(ask_for(HUB, "org-3"));
    fill(HUB, NRS_ASK_OWN_COUNT_MAX - NRS_ASK_THROUGH_COUNT_MAX - 1);
    assert_int_equal(ask_for(HUB, "org-3"), NRS_ERROR_LIMIT);
    mesh_stop(&net);
    mesh_second_stop(&gas);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_waits_is_found_among_all),
        cmocka_unit_test(asks_have_an_end),
        cmocka_unit_test(guests_leave_room),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
