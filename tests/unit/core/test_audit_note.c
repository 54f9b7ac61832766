/* A note of where the audit log ends (SPEC 13.3): one that cannot be written, with which the node runs on, and says so once for as long as it
 * lasts; and one that is needed, since the store's own word of it is spoilt. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "mesh.h"
#include "mesh_disk.h"

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

/* Of another type than this program writes, or far too long: as one that does not open. */
static void where_the_store_holds_something_else(void **state)
{
    static const char lost[] = "the audit log before this one cannot be read", remade[] = "the head of the audit log was changed: it was made anew";
    static const struct { const char *what, *value; } odd[] = {
        {"head", "'made up'"}, {"head", "5"}, {"head", "0.5"}, {"head", "zeroblob(100000)"},
        {"key", "'made up'"}, {"key", "5"}, {"key", "0.5"}, {"key", "zeroblob(100000)"},
    };

    (void)state;
    for (size_t i = 0; i < 2 * (sizeof odd / sizeof odd[0]); i++) {
        const bool noted = i % 2 == 0;
        char path[128];

        print_message("%s = %s, %s\n", odd[i / 2].what, odd[i / 2].value, noted ? "noted" : "not noted");
        mesh_down(&net, NODE);
        mesh_sql(&net, NODE, "UPDATE meta SET value = %s WHERE name = 'audit-%s'", odd[i / 2].value, odd[i / 2].what);
        (void)snprintf(path, sizeof path, "%s/audit-end", net.nodes[NODE].folder);
        assert_true(noted || unlink(path) == 0);
        mesh_up(&net, NODE);
        mesh_settle(&net, 2);
        OK(mesh_command(&net, NODE, "{\"command\":\"audit-list\",\"kind\":\"alarm\",\"limit\":1}"));
        assert_memory_equal(mesh_text(mesh_row(&net, NODE, 0), "detail"), noted ? remade : lost, strlen(noted ? remade : lost));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(while_it_runs, start, stop),
        cmocka_unit_test_setup_teardown(from_the_start_on, start, stop),
        cmocka_unit_test_setup_teardown(where_the_store_holds_something_else, start, stop),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
