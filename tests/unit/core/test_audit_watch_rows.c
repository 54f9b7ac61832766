/* A hub's notes on other nodes' audit logs, in which somebody has written by hand: it says so, and goes on. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "mesh.h"
#include "mesh_audit.h"
#include "mesh_disk.h"
#include "mesh_look.h"

#define NODE 2u

static mesh net;

static int start(void **state)
{
    (void)state;
    mesh_start(&net, 4, 2);
    mesh_settle(&net, 6);
    mesh_audit_checkpoint(&net, NODE);
    mesh_settle(&net, 4);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    mesh_stop(&net);
    return 0;
}

#define WATCH "UPDATE audit_watch SET "
#define SEEN "UPDATE audit_seen SET "

/* What this program never writes in a hub's notes on a node. said: that the hub tells of it; where only what was seen before the newest is odd, nothing
 * is lost. */
static const struct odd_row {
    const char *name, *change;
    bool said;
} odd_rows[] = {
    {"a root of text", WATCH "root = 'made up'", true},
    {"a root of 31 bytes", WATCH "root = substr(root, 2)", true},
    {"a log of text", WATCH "log = 'made up'", true},
    {"a size of text", WATCH "size = 'much'", true},
    {"a size below 0", WATCH "size = -size", true},
    {"a broken size", WATCH "size = size + 0.5", true},
    {"a size between two pages", WATCH "size = size - 1", true},
    {"a time below 0", WATCH "at_ms = -1", true},
    {"a time of bytes", WATCH "at_ms = x'00'", true},
    {"the end of time", WATCH "at_ms = 9223372036854775807", false},
    {"no logs", WATCH "logs = 0", true},
    {"more logs than are followed", WATCH "logs = 17", true},
    {"logs beyond 32 bits", WATCH "logs = 4294967296", true},
    {"a state that there is not", WATCH "state = 9", true},
    {"a state below 0", WATCH "state = -9223372036854775807", true},
    {"asked with a text", WATCH "asked_ms = 'soon'", true},
    {"asked at the end of time", WATCH "asked_ms = 9223372036854775807", false},
    {"another's size below 0", WATCH "other_size = -64", true},
    {"another's time of text", WATCH "other_ms = 'soon'", true},
    {"another's root of nothing", WATCH "other_root = x''", true},
    {"another's name", WATCH "other_by = 'org-1'", true},
    {"evidence of text", WATCH "evidence = 'made up'", true},
    {"evidence of 32 MiB", WATCH "evidence = zeroblob(33554432)", true},
    {"a key of text", WATCH "node = 'made up'", true},
    {"no key", WATCH "node = NULL", true},
    {"no row", "DELETE FROM audit_watch", true},
    {"a root seen of text", SEEN "root = 'made up'", false},
    {"a root seen of 31 bytes", SEEN "root = substr(root, 2)", false},
    {"a size seen of text", SEEN "size = 'much ' || size", false},
    {"a size seen below 0", SEEN "size = -size", false},
    {"a log seen of text", SEEN "log = 'made up'", false},
};

static void change_by_hand(const char *change)
{
    char key[2 * NRS_KEY_SIZE + 1];

    nrs_hex_encode(key, nrs_identity_public(net.nodes[NODE].identity)->sign_key, NRS_KEY_SIZE);
    mesh_down(&net, 0);
    mesh_sql(&net, 0, "%s WHERE node = x'%s'", change, key);
    mesh_up(&net, 0);
    mesh_settle(&net, 4);
}

/* The hub goes on: it answers, and signs what comes next. */
static void check_goes_on(const char *name, size_t alarms)
{
    assert_false(mesh_warned(&net, 0, "org-2"));
    mesh_audit_act(&net, NODE, 2);
    mesh_audit_checkpoint(&net, NODE);
    mesh_settle(&net, 4);
    if (mesh_audit_cosigners(&net, NODE) != 2 || mesh_alarms(&net, 0) != alarms) {
        fail_msg("%s: %zu signed, %zu alarms instead of %zu", name, mesh_audit_cosigners(&net, NODE), mesh_alarms(&net, 0), alarms);
    }
    assert_int_equal(mesh_number(mesh_audit_watched(&net, 0, NODE), "size"), mesh_number(mesh_audit_own(&net, NODE), "size"));
    assert_int_equal(mesh_number(mesh_audit_watched(&net, 0, NODE), "logs"), 1);
}

static void test_odd_rows_hold_up_nothing(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof odd_rows / sizeof odd_rows[0]; i++) {
        const size_t before = mesh_alarms(&net, 0);

        change_by_hand(odd_rows[i].change);
        check_goes_on(odd_rows[i].name, before + (odd_rows[i].said ? 1 : 0));
        if (odd_rows[i].said) {
            (void)mesh_alarms(&net, 0);
            assert_string_equal(mesh_text(mesh_row(&net, 0, 0), "detail"), "what this hub noted of its audit log cannot be read, and is begun again");
        }
    }
}

/* It is followed on from what was seen, not anew: a log that was rewritten meanwhile is seen to be. */
static void test_an_odd_row_hides_no_rewriting(void **state)
{
    (void)state;
    mesh_keep_copy(&net, NODE, "kept.db");
    mesh_audit_act(&net, NODE, 70);
    mesh_audit_checkpoint(&net, NODE);
    mesh_settle(&net, 4);
    assert_int_equal(mesh_audit_cosigners(&net, NODE), 2);
    change_by_hand(WATCH "root = 'made up'");
    mesh_bring_back(&net, NODE, "kept.db");
    for (int i = 0; i < 8; i++) {
        mesh_audit_act(&net, NODE, 3);
        mesh_audit_checkpoint(&net, NODE);
        mesh_settle(&net, 4);
    }
    assert_string_equal(mesh_text(mesh_audit_watched(&net, 0, NODE), "state"), "rewritten");
}

/* Nor is anything seen left: it begins as with a node that it never heard of. */
static void test_without_anything_seen(void **state)
{
    size_t before;

    (void)state;
    before = mesh_alarms(&net, 0);
    change_by_hand(SEEN "root = 'made up'");
    change_by_hand(WATCH "root = 'made up'");
    check_goes_on("both", before + 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_odd_rows_hold_up_nothing, start, stop),
        cmocka_unit_test_setup_teardown(test_an_odd_row_hides_no_rewriting, start, stop),
        cmocka_unit_test_setup_teardown(test_without_anything_seen, start, stop),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
