/* A note of where the audit log ends that cannot be written (SPEC 13.3): the node runs on, and says so once for as long as it lasts. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "mesh.h"

#define OK(expression) assert_int_equal((expression), NRS_OK)
#define NODE 1u

static mesh net;

static int start(void **state)
{
    (void)state;
    mesh_start(&net, 2, 1);
    mesh_settle(&net, 4);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    mesh_stop(&net);
    return 0;
}

/* Whether the node says that it could not be written when it takes a step. */
static bool tick_says(void)
{
    const nrs_event tick = {.type = NRS_EVENT_TICK, .now_ms = net.now_ms, .monotonic_ms = net.monotonic_ms};

    net.nodes[NODE].last_log[0] = '\0';
    OK(mesh_step(&net, NODE, &tick));
    return strstr(net.nodes[NODE].last_log, "could not be written into audit-end") != NULL;
}

/* The same with a step that has an entry. */
static bool entry_says(void)
{
    net.nodes[NODE].last_log[0] = '\0';
    assert_int_equal(mesh_command(&net, NODE, "{\"command\":\"send\",\"label\":\"RED\",\"to\":[\"@electricity\"],\"kind\":\"incident\",\"subject\":\"s\",\"body\":\"b\"}"),
                     NRS_ERROR_LABEL_FORBIDS);
    return strstr(net.nodes[NODE].last_log, "could not be written into audit-end") != NULL;
}

static void while_it_runs(void **state)
{
    (void)state;
    assert_false(entry_says());
    for (int i = 0; i < 2; i++) {
        net.nodes[NODE].audit_fails = true;
        assert_true(entry_says());
        assert_false(entry_says());
        assert_false(tick_says());
        net.nodes[NODE].audit_fails = false;
        assert_false(entry_says());
    }
}

/* What a start has to say is in no step yet. */
static void from_the_start_on(void **state)
{
    char path[128];

    (void)state;
    mesh_down(&net, NODE);
    (void)snprintf(path, sizeof path, "%s/audit-end", net.nodes[NODE].folder);
    assert_int_equal(unlink(path), 0); /* which is an alarm, and with that something to write */
    net.nodes[NODE].audit_fails = true;
    mesh_up(&net, NODE);
    assert_int_equal(access(path, F_OK), -1);
    assert_true(tick_says());
    assert_false(tick_says());
    net.nodes[NODE].audit_fails = false;
    assert_false(tick_says());
    assert_int_equal(access(path, F_OK), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(while_it_runs, start, stop),
        cmocka_unit_test_setup_teardown(from_the_start_on, start, stop),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
