/* What hubs make of an audit log that was set back and has grown past what they hold: they ask for a proof, and compare what they have
 * signed among themselves. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mesh.h"

#define NODE 3u
#define OK(expression) assert_int_equal((expression), NRS_OK)

static mesh net;

static int start(void **state)
{
    (void)state;
    mesh_start(&net, 4, 2);
    mesh_settle(&net, 6);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    mesh_stop(&net);
    return 0;
}

static void checkpoint(size_t node)
{
    assert_int_equal(mesh_command(&net, node, "{\"command\":\"audit-checkpoint\"}"), NRS_OK);
}

static json_int_t number_of(const json_t *row, const char *key)
{
    return json_integer_value(json_object_get(row, key));
}

/* The newest checkpoint of a node's own, as it shows it. */
static const json_t *newest_own(size_t node)
{
    const json_t *found = NULL;

    assert_int_equal(mesh_command(&net, node, "{\"command\":\"audit-signed\"}"), NRS_OK);
    for (size_t i = 0; i < mesh_row_count(&net, node); i++) {
        if (strcmp(mesh_text(mesh_row(&net, node, i), "state"), "own") == 0) {
            found = mesh_row(&net, node, i);
        }
    }
    assert_non_null(found);
    return found;
}

static size_t cosigner_count(size_t node)
{
    return json_array_size(json_object_get(newest_own(node), "cosigned_by"));
}

/* What a hub says of another node's log. */
static const json_t *watched(size_t hub, size_t node)
{
    assert_int_equal(mesh_command(&net, hub, "{\"command\":\"audit-signed\"}"), NRS_OK);
    for (size_t i = 0; i < mesh_row_count(&net, hub); i++) {
        const json_t *row = mesh_row(&net, hub, i);

        if (strcmp(mesh_text(row, "org"), net.nodes[node].org) == 0 && strcmp(mesh_text(row, "state"), "own") != 0) {
            return row;
        }
    }
    return NULL;
}

static size_t alarms(size_t node)
{
    assert_int_equal(mesh_command(&net, node, "{\"command\":\"audit-list\",\"kind\":\"alarm\"}"), NRS_OK);
    return mesh_row_count(&net, node);
}

/* A few entries. */
static void act(size_t node, size_t times)
{
    for (size_t i = 0; i < times; i++) {
        assert_int_equal(mesh_command(&net, node, "{\"command\":\"send\",\"label\":\"RED\",\"to\":[\"@electricity\"],\"kind\":\"incident\",\"subject\":\"s\",\"body\":\"b\"}"),
                         NRS_ERROR_LABEL_FORBIDS);
    }
}

static void copy_store(size_t node, const char *from, const char *to)
{
    char command[512];

    (void)snprintf(command, sizeof command, "cd %s && rm -f %s %s-wal %s-shm && cp %s %s", net.nodes[node].folder, to, to, to, from, to);
    assert_int_equal(system(command), 0);
}

static void keep_copy(size_t node, const char *name)
{
    mesh_down(&net, node);
    copy_store(node, "store.db", name);
    mesh_up(&net, node);
}

static void bring_back(size_t node, const char *name)
{
    mesh_down(&net, node);
    copy_store(node, name, "store.db");
    mesh_up(&net, node);
}

static bool warned(size_t node, const char *words)
{
    const json_t *warnings;
    size_t i;
    const json_t *one;

    assert_int_equal(mesh_command(&net, node, "{\"command\":\"status\"}"), NRS_OK);
    warnings = json_object_get(mesh_row(&net, node, 0), "warnings");
    json_array_foreach(warnings, i, one) {
        if (strstr(json_string_value(one), words) != NULL) {
            return true;
        }
    }
    return false;
}

/* A day later there is another checkpoint, whether or not somebody asks for one. */
static void pass_day(void)
{
    net.now_ms += NRS_DAY_MS;
    net.monotonic_ms += NRS_DAY_MS;
    mesh_settle(&net, 8);
}

static size_t said(size_t hub, const char *detail)
{
    size_t count = 0;

    (void)alarms(hub);
    for (size_t i = 0; i < mesh_row_count(&net, hub); i++) {
        count += strcmp(mesh_text(mesh_row(&net, hub, i), "detail"), detail) == 0 && strcmp(mesh_text(mesh_row(&net, hub, i), "org"), net.nodes[NODE].org) == 0 ? 1 : 0;
    }
    return count;
}

static const char not_proven[] = "it does not show that its audit log continues what this hub has signed";

/* More entries than before: no checkpoint is of a size that was signed, and none has a proof from there. */
static void test_set_back_and_larger(void **state)
{
    (void)state;
    checkpoint(NODE);
    mesh_settle(&net, 4);
    keep_copy(NODE, "kept.db");
    mesh_settle(&net, 3);
    act(NODE, 3);
    checkpoint(NODE);
    mesh_settle(&net, 4);
    assert_int_equal(cosigner_count(NODE), 2);
    bring_back(NODE, "kept.db");
    act(NODE, 200);
    checkpoint(NODE);
    mesh_settle(&net, 12);
    assert_int_equal(cosigner_count(NODE), 0);
    act(NODE, 200);
    checkpoint(NODE);
    mesh_settle(&net, 12);
    pass_day();
    for (size_t hub = 0; hub < 2; hub++) {
        assert_true(strcmp(mesh_text(watched(hub, NODE), "state"), "followed") != 0);
        assert_int_equal(alarms(hub), 1);
        assert_true(warned(hub, "the audit log of org-3 does not"));
    }
    assert_int_equal(cosigner_count(NODE), 0);
    assert_true(alarms(NODE) > 0); /* an honest node says it too */
    pass_day();
    assert_int_equal(alarms(0), 1); /* said once */
    assert_int_equal(cosigner_count(NODE), 0);
}

/* Each of two hubs is shown another log, of another size, while the other one is away. */
static void test_two_views_of_two_sizes(void **state)
{
    (void)state;
    checkpoint(NODE);
    mesh_settle(&net, 4);
    assert_int_equal(cosigner_count(NODE), 2);
    keep_copy(NODE, "kept.db");
    mesh_settle(&net, 3);
    mesh_down(&net, 1);
    act(NODE, 3);
    checkpoint(NODE);
    mesh_settle(&net, 4);
    assert_int_equal(cosigner_count(NODE), 1);

    mesh_down(&net, 0);
    bring_back(NODE, "kept.db");
    mesh_up(&net, 1);
    mesh_settle(&net, 4);
    act(NODE, 100);
    checkpoint(NODE);
    mesh_settle(&net, 4);
    assert_int_equal(cosigner_count(NODE), 1);
    assert_string_equal(mesh_text(watched(1, NODE), "state"), "followed");

    mesh_up(&net, 0);
    mesh_settle(&net, 12);
    pass_day();
    pass_day();
    assert_true(strcmp(mesh_text(watched(0, NODE), "state"), "followed") != 0);
    assert_true(strcmp(mesh_text(watched(1, NODE), "state"), "followed") != 0);
    assert_int_equal(alarms(0), 1);
    assert_int_equal(alarms(1), 1);
    assert_int_equal(said(1, "not shown to be the audit log that org-0 has signed"), 1);
    assert_int_equal(said(0, not_proven), 1);
}

/* It is the hub that was put back: it asks, an honest node proves from what it holds, and nobody is accused. */
static void test_a_hub_that_was_put_back_follows_again(void **state)
{
    (void)state;
    checkpoint(NODE);
    mesh_settle(&net, 4);
    keep_copy(0, "kept.db");
    mesh_settle(&net, 4);
    for (int i = 0; i < 2; i++) {
        act(NODE, 3);
        checkpoint(NODE);
        mesh_settle(&net, 4);
        pass_day();
    }
    assert_int_equal(cosigner_count(NODE), 2);
    /* What was made meanwhile comes to it no more. */
    mesh_down(&net, 0);
    net.now_ms += NRS_REPORT_LIFE_MS_MAX + NRS_DAY_MS;
    net.monotonic_ms += NRS_REPORT_LIFE_MS_MAX + NRS_DAY_MS;
    mesh_settle(&net, 4);
    bring_back(0, "kept.db");
    mesh_settle(&net, 12);
    pass_day();
    pass_day();
    pass_day();
    assert_string_equal(mesh_text(watched(0, NODE), "state"), "followed");
    assert_int_equal(number_of(watched(0, NODE), "size"), number_of(newest_own(NODE), "size"));
    assert_int_equal(cosigner_count(NODE), 2);
    assert_int_equal(said(0, not_proven), 0);
    assert_int_equal(said(1, "not shown to be the audit log that org-0 has signed"), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_set_back_and_larger, start, stop),
        cmocka_unit_test_setup_teardown(test_two_views_of_two_sizes, start, stop),
        cmocka_unit_test_setup_teardown(test_a_hub_that_was_put_back_follows_again, start, stop),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
