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

#include "keys/audit.h"
#include "mesh.h"
#include "mesh_audit.h"
#include "mesh_disk.h"
#include "mesh_forge.h"
#include "mesh_look.h"

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

    (void)mesh_alarms(&net, hub);
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
    mesh_audit_checkpoint(&net, NODE);
    mesh_settle(&net, 4);
    mesh_keep_copy(&net, NODE, "kept.db");
    mesh_settle(&net, 3);
    mesh_audit_act(&net, NODE, 3);
    mesh_audit_checkpoint(&net, NODE);
    mesh_settle(&net, 4);
    assert_int_equal(mesh_audit_cosigners(&net, NODE), 2);
    mesh_bring_back(&net, NODE, "kept.db");
    mesh_audit_act(&net, NODE, 200);
    mesh_audit_checkpoint(&net, NODE);
    mesh_settle(&net, 12);
    assert_int_equal(mesh_audit_cosigners(&net, NODE), 0);
    mesh_audit_act(&net, NODE, 200);
    mesh_audit_checkpoint(&net, NODE);
    mesh_settle(&net, 12);
    pass_day();
    for (size_t hub = 0; hub < 2; hub++) {
        assert_true(strcmp(mesh_text(mesh_audit_watched(&net, hub, NODE), "state"), "followed") != 0);
        assert_int_equal(mesh_alarms(&net, hub), 1);
        assert_true(mesh_warned(&net, hub, "the audit log of org-3 does not"));
    }
    assert_int_equal(mesh_audit_cosigners(&net, NODE), 0);
    assert_true(mesh_alarms(&net, NODE) > 0); /* an honest node says it too */
    pass_day();
    assert_int_equal(mesh_alarms(&net, 0), 1); /* said once */
    assert_int_equal(mesh_audit_cosigners(&net, NODE), 0);
}

/* Each of two hubs is shown another log, of another size, while the other one is away. */
static void test_two_views_of_two_sizes(void **state)
{
    (void)state;
    mesh_audit_checkpoint(&net, NODE);
    mesh_settle(&net, 4);
    assert_int_equal(mesh_audit_cosigners(&net, NODE), 2);
    mesh_keep_copy(&net, NODE, "kept.db");
    mesh_settle(&net, 3);
    mesh_down(&net, 1);
    mesh_audit_act(&net, NODE, 3);
    mesh_audit_checkpoint(&net, NODE);
    mesh_settle(&net, 4);
    assert_int_equal(mesh_audit_cosigners(&net, NODE), 1);

    mesh_down(&net, 0);
    mesh_bring_back(&net, NODE, "kept.db");
    mesh_up(&net, 1);
    mesh_settle(&net, 4);
    mesh_audit_act(&net, NODE, 100);
    mesh_audit_checkpoint(&net, NODE);
    mesh_settle(&net, 4);
    assert_int_equal(mesh_audit_cosigners(&net, NODE), 1);
    assert_string_equal(mesh_text(mesh_audit_watched(&net, 1, NODE), "state"), "followed");

    mesh_up(&net, 0);
    mesh_settle(&net, 12);
    pass_day();
    pass_day();
    assert_true(strcmp(mesh_text(mesh_audit_watched(&net, 0, NODE), "state"), "followed") != 0);
    assert_true(strcmp(mesh_text(mesh_audit_watched(&net, 1, NODE), "state"), "followed") != 0);
    assert_int_equal(mesh_alarms(&net, 0), 1);
    assert_int_equal(mesh_alarms(&net, 1), 1);
    assert_int_equal(said(1, "not shown to be the audit log that org-0 has signed"), 1);
    assert_int_equal(said(0, not_proven), 1);
}

/* It is the hub that was put back: it asks, an honest node proves from what it holds, and nobody is accused. */
static void test_a_hub_that_was_put_back_follows_again(void **state)
{
    (void)state;
    mesh_audit_checkpoint(&net, NODE);
    mesh_settle(&net, 4);
    mesh_keep_copy(&net, 0, "kept.db");
    mesh_settle(&net, 4);
    for (int i = 0; i < 2; i++) {
        mesh_audit_act(&net, NODE, 3);
        mesh_audit_checkpoint(&net, NODE);
        mesh_settle(&net, 4);
        pass_day();
    }
    assert_int_equal(mesh_audit_cosigners(&net, NODE), 2);
    /* What was made meanwhile comes to it no more. */
    mesh_down(&net, 0);
    net.now_ms += NRS_REPORT_LIFE_MS_MAX + NRS_DAY_MS;
    net.monotonic_ms += NRS_REPORT_LIFE_MS_MAX + NRS_DAY_MS;
    mesh_settle(&net, 4);
    mesh_bring_back(&net, 0, "kept.db");
    mesh_settle(&net, 12);
    pass_day();
    pass_day();
    pass_day();
    assert_string_equal(mesh_text(mesh_audit_watched(&net, 0, NODE), "state"), "followed");
    assert_int_equal(mesh_number(mesh_audit_watched(&net, 0, NODE), "size"), mesh_number(mesh_audit_own(&net, NODE), "size"));
    assert_int_equal(mesh_audit_cosigners(&net, NODE), 2);
    assert_int_equal(said(0, not_proven), 0);
    assert_int_equal(said(1, "not shown to be the audit log that org-0 has signed"), 0);
}

/* ---- One hub that conspires does not drown what another says ---- */

#define THIRD_HUB 2u

static bool held_up; /* what is for hub 0, which gets the checkpoint later than the others */

static bool hear(void *context, size_t from, size_t to, nrs_slice bytes)
{
    if (held_up && to == 0) {
        net.swallow = true;
        return true;
    }
    return mesh_hear(context, from, to, bytes);
}

static int start_with_three(void **state)
{
    (void)state;
    held_up = false;
    mesh_start(&net, 5, 3);
    net.inspect = hear;
    net.inspect_context = &net;
    mesh_settle(&net, 6);
    return 0;
}

/* The newest checkpoint of the node's, as it knows it. */
typedef struct signed_log {
    uint8_t log[NRS_LOG_ID_SIZE], root[NRS_HASH_SIZE];
    uint64_t size;
} signed_log;

static signed_log newest(void)
{
    signed_log it;

    OK(mesh_command(&net, NODE, "{\"command\":\"audit-export\"}"));
    OK(nrs_hex_decode(it.log, sizeof it.log, mesh_text(mesh_row(&net, NODE, 0), "log")));
    it.size = (uint64_t)mesh_number(mesh_audit_own(&net, NODE), "size");
    OK(nrs_hex_decode(it.root, sizeof it.root, mesh_text(mesh_audit_own(&net, NODE), "root")));
    return it;
}

/* What a hub signs of the node's log, told to hub 0. */
static void cosigned(size_t hub, const signed_log *what)
{
    nrs_audit_cosignature value;
    nrs_bytes statement = {0}, record = {0};

    nrs__wire__audit_cosignature__init(&value);
    value.suite = NRS_SUITE;
    value.hub = nrs_field_of(nrs_slice_of(nrs_identity_public(net.nodes[hub].identity)->sign_key, NRS_KEY_SIZE));
    value.node = nrs_field_of(nrs_slice_of(nrs_identity_public(net.nodes[NODE].identity)->sign_key, NRS_KEY_SIZE));
    value.log = nrs_field_of(nrs_slice_of(what->log, sizeof what->log));
    value.size = what->size;
    value.root = nrs_field_of(nrs_slice_of(what->root, sizeof what->root));
    value.created_ms = net.now_ms;
    value.logs = 1;
    OK(nrs_audit_cosignature_encode(&statement, &value));
    OK(nrs_signed_record(&record, NRS_RECORD_AUDIT_COSIGNATURE, net.nodes[hub].identity, nrs_slice_of_bytes(&statement)));
    OK(mesh_hand_over(&net, hub, 0, &record));
    nrs_bytes_wipe(&record);
    nrs_bytes_wipe(&statement);
}

/* The node conspires with a hub, which gets each checkpoint a little earlier than hub 0 and has signed it there first. What another hub
 * has signed, and is not what was seen here, is said all the same, until that one signs what was. */
static void test_a_claim_does_not_hide_a_contradiction(void **state)
{
    signed_log seen, next;

    (void)state;
    mesh_audit_checkpoint(&net, NODE);
    mesh_settle(&net, 6);
    seen = newest();
    assert_int_equal(mesh_number(mesh_audit_watched(&net, 0, NODE), "size"), (json_int_t)seen.size);
    held_up = true;
    mesh_audit_checkpoint(&net, NODE);
    mesh_settle(&net, 6);
    next = newest();
    held_up = false;
    assert_true(next.size > seen.size);
    cosigned(THIRD_HUB, &next);
    assert_int_equal(mesh_alarms(&net, 0), 0);
    seen.root[0] ^= 1;
    cosigned(1, &seen);
    assert_int_equal(said(0, "not shown to be the audit log that org-1 has signed"), 1);
    assert_string_equal(mesh_text(mesh_audit_watched(&net, 0, NODE), "state"), "unproven");
    cosigned(1, &seen);
    assert_int_equal(mesh_alarms(&net, 0), 1); /* once */
    seen.root[0] ^= 1;
    cosigned(THIRD_HUB, &seen); /* it speaks for itself alone */
    assert_string_equal(mesh_text(mesh_audit_watched(&net, 0, NODE), "state"), "unproven");
    cosigned(1, &seen);
    assert_string_equal(mesh_text(mesh_audit_watched(&net, 0, NODE), "state"), "followed");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_set_back_and_larger, start, stop),
        cmocka_unit_test_setup_teardown(test_two_views_of_two_sizes, start, stop),
        cmocka_unit_test_setup_teardown(test_a_hub_that_was_put_back_follows_again, start, stop),
        cmocka_unit_test_setup_teardown(test_a_claim_does_not_hide_a_contradiction, start_with_three, stop),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
