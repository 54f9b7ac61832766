/* Checkpoints of audit logs over a mesh: hubs sign what continues, and what was rewritten, cut off or shown to each of two hubs
 * in another form is seen by them and by the node itself. */
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
#include "mesh_look.h"
#include "store/audit.h"

#define NODE 2u
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

static void test_hubs_sign_what_continues(void **state)
{
    json_int_t size;

    (void)state;
    mesh_audit_checkpoint(&net, NODE);
    assert_int_equal(mesh_number(mesh_row(&net, NODE, 0), "size") % 64, 0);
    mesh_settle(&net, 4);
    assert_int_equal(mesh_audit_cosigners(&net, NODE), 2);
    size = mesh_number(mesh_audit_own(&net, NODE), "size");
    assert_int_equal(mesh_number(mesh_audit_watched(&net, 0, NODE), "size"), size);
    assert_int_equal(mesh_number(mesh_audit_watched(&net, 1, NODE), "size"), size);
    assert_string_equal(mesh_text(mesh_audit_watched(&net, 0, NODE), "root"), mesh_text(mesh_audit_own(&net, NODE), "root"));
    assert_null(mesh_audit_watched(&net, 3, NODE)); /* members learn nothing of each other's */

    /* Nothing happened, or much: a page more, or as many as it takes. */
    mesh_audit_checkpoint(&net, NODE);
    assert_int_equal(mesh_number(mesh_row(&net, NODE, 0), "size"), size + 64);
    mesh_audit_act(&net, NODE, 100);
    mesh_audit_checkpoint(&net, NODE);
    assert_int_equal(mesh_number(mesh_row(&net, NODE, 0), "size"), size + 192);
    mesh_settle(&net, 4);
    assert_int_equal(mesh_audit_cosigners(&net, NODE), 2);
    assert_int_equal(mesh_alarms(&net, 0) + mesh_alarms(&net, 1) + mesh_alarms(&net, NODE), 0);
}

static void test_a_hub_signs_the_others(void **state)
{
    (void)state;
    mesh_audit_checkpoint(&net, 0);
    mesh_settle(&net, 4);
    assert_int_equal(mesh_audit_cosigners(&net, 0), 1);
    assert_string_equal(json_string_value(json_array_get(json_object_get(mesh_audit_own(&net, 0), "cosigned_by"), 0)), "org-1");
}

static void test_who_was_away_follows(void **state)
{
    (void)state;
    mesh_down(&net, 1);
    for (int i = 0; i < 3; i++) {
        mesh_audit_act(&net, NODE, 10);
        mesh_audit_checkpoint(&net, NODE);
        mesh_settle(&net, 3);
    }
    assert_int_equal(mesh_audit_cosigners(&net, NODE), 1);
    mesh_up(&net, 1);
    mesh_settle(&net, 8);
    assert_int_equal(mesh_audit_cosigners(&net, NODE), 2);
    assert_int_equal(mesh_alarms(&net, 1), 0);
}

static void test_each_day(void **state)
{
    json_int_t size = mesh_number(mesh_audit_own(&net, NODE), "size");

    (void)state;
    mesh_settle(&net, 2);
    assert_int_equal(mesh_number(mesh_audit_own(&net, NODE), "size"), size);
    net.now_ms += NRS_DAY_MS;
    net.monotonic_ms += NRS_DAY_MS;
    mesh_settle(&net, 6);
    assert_int_equal(mesh_number(mesh_audit_own(&net, NODE), "size"), size + 64);
    assert_int_equal(mesh_audit_cosigners(&net, NODE), 2);
    mesh_settle(&net, 3);
    assert_int_equal(mesh_number(mesh_audit_own(&net, NODE), "size"), size + 64);
    /* A clock that was a year ahead does not put the next one off for a year. */
    net.now_ms += 365 * NRS_DAY_MS;
    mesh_settle(&net, 2);
    net.now_ms -= 365 * NRS_DAY_MS;
    mesh_settle(&net, 6);
    assert_true(mesh_number(mesh_audit_own(&net, NODE), "size") > size + 64);
    assert_int_equal(mesh_audit_cosigners(&net, NODE), 2);
}

/* The node's keeper goes back to a copy of the store, and does as if what was done since had never been. */
static void test_a_rewritten_log_is_seen(void **state)
{
    size_t before = mesh_alarms(&net, NODE);

    (void)state;
    mesh_audit_checkpoint(&net, NODE);
    mesh_settle(&net, 4);
    mesh_keep_copy(&net, NODE, "kept.db");
    mesh_settle(&net, 3);
    mesh_audit_act(&net, NODE, 70);
    mesh_audit_checkpoint(&net, NODE);
    mesh_settle(&net, 4);
    assert_int_equal(mesh_audit_cosigners(&net, NODE), 2);

    mesh_bring_back(&net, NODE, "kept.db");
    for (int i = 0; i < 8; i++) { /* until its records are new to the hubs again */
        mesh_audit_act(&net, NODE, 3);
        mesh_audit_checkpoint(&net, NODE);
        mesh_settle(&net, 4);
        assert_int_equal(mesh_audit_cosigners(&net, NODE), 0); /* no hub signs it */
    }
    assert_string_equal(mesh_text(mesh_audit_watched(&net, 0, NODE), "state"), "rewritten");
    assert_string_equal(mesh_text(mesh_audit_watched(&net, 1, NODE), "state"), "rewritten");
    assert_int_equal(mesh_alarms(&net, 0), 1);
    assert_string_equal(mesh_text(mesh_row(&net, 0, 0), "org"), "org-2");
    assert_string_equal(mesh_text(mesh_row(&net, 0, 0), "rule"), "rewritten");
    assert_true(mesh_alarms(&net, NODE) > before); /* the hubs hold more than there is */

    /* Said once, however often it comes; and never signed again. */
    mesh_audit_act(&net, NODE, 100);
    mesh_audit_checkpoint(&net, NODE);
    mesh_settle(&net, 5);
    assert_int_equal(mesh_audit_cosigners(&net, NODE), 0);
    assert_int_equal(mesh_alarms(&net, 0), 1);
}

static void test_status_warns(void **state)
{
    (void)state;
    assert_true(mesh_warned(&net, 0, "the audit log of org-2 does not continue"));
    assert_false(mesh_warned(&net, 0, "org-3"));
    assert_false(mesh_warned(&net, NODE, "no hub has signed"));
    net.now_ms += 4 * NRS_DAY_MS; /* without a tick: the old checkpoint has waited so long */
    assert_true(mesh_warned(&net, NODE, "no hub has signed"));
    assert_false(mesh_warned(&net, 3, "no hub has signed")); /* it has none that waits */
    net.now_ms -= 4 * NRS_DAY_MS;
}

/* Each hub is shown another log while the other one is away; when they meet they find out. */
static void test_two_views_are_seen(void **state)
{
    (void)state;
    mesh_audit_checkpoint(&net, 3);
    mesh_settle(&net, 4);
    assert_int_equal(mesh_audit_cosigners(&net, 3), 2);
    mesh_keep_copy(&net, 3, "kept.db");
    mesh_settle(&net, 3);
    mesh_down(&net, 1);
    mesh_audit_act(&net, 3, 5);
    mesh_audit_checkpoint(&net, 3);
    mesh_settle(&net, 4);
    assert_int_equal(mesh_audit_cosigners(&net, 3), 1);

    mesh_down(&net, 0);
    mesh_bring_back(&net, 3, "kept.db");
    mesh_up(&net, 1);
    mesh_settle(&net, 4);
    mesh_audit_act(&net, 3, 7);
    mesh_audit_checkpoint(&net, 3);
    mesh_settle(&net, 4);
    assert_int_equal(mesh_audit_cosigners(&net, 3), 1);
    assert_string_equal(mesh_text(mesh_audit_watched(&net, 1, 3), "state"), "followed");

    mesh_up(&net, 0);
    mesh_settle(&net, 8);
    assert_string_equal(mesh_text(mesh_audit_watched(&net, 0, 3), "state"), "rewritten");
    assert_string_equal(mesh_text(mesh_audit_watched(&net, 1, 3), "state"), "rewritten");
}

/* A store without its audit log begins a new one, which the hubs follow, and say so. */
static void test_a_new_log_is_said_to_be_one(void **state)
{
    size_t before = mesh_alarms(&net, 0);

    (void)state;
    mesh_down(&net, NODE);
    mesh_sql(&net, NODE, "DELETE FROM audit_node; DELETE FROM audit_checkpoint; DELETE FROM audit_cosignature; DELETE FROM audit;"
                         " DELETE FROM meta WHERE name IN ('audit-key', 'audit-head')");
    mesh_up(&net, NODE);
    mesh_audit_checkpoint(&net, NODE);
    mesh_settle(&net, 6);
    assert_int_equal(mesh_audit_cosigners(&net, NODE), 2);
    assert_int_equal(mesh_number(mesh_audit_watched(&net, 0, NODE), "logs"), 2);
    assert_string_equal(mesh_text(mesh_audit_watched(&net, 0, NODE), "state"), "followed");
    assert_int_equal(mesh_alarms(&net, 0), before + 1);
    assert_string_equal(mesh_text(mesh_row(&net, 0, 0), "detail"), "it has begun a new audit log");
    assert_true(mesh_warned(&net, 0, "org-2 has begun its audit log anew: this is number 2"));
    assert_true(mesh_warned(&net, NODE, "this node began its audit log anew"));
    assert_int_equal(mesh_command(&net, NODE, "{\"command\":\"audit-list\",\"before\":2,\"kind\":\"alarm\"}"), NRS_OK);
    assert_string_equal(mesh_text(mesh_row(&net, NODE, 0), "detail"), "the audit log that this node kept is gone");
}

/* ---- Records that somebody else made ---- */

static void give(size_t from, size_t to, uint64_t position, nrs_slice record)
{
    nrs_items items;
    Nrs__Wire__Item item, *list[1] = {&item};
    ProtobufCBinaryData records[1] = {nrs_field_of(record)};
    nrs_frame frame;
    nrs_bytes payload = {0}, bytes = {0};

    nrs__wire__items__init(&items);
    nrs__wire__item__init(&item);
    item.position = position;
    item.n_records = 1;
    item.records = records;
    items.n_items = 1;
    items.items = list;
    assert_int_equal(nrs_items_encode(&payload, &items), NRS_OK);
    nrs__wire__frame__init(&frame);
    frame.type = NRS_FRAME_ITEMS;
    frame.payload = nrs_field_of(nrs_slice_of_bytes(&payload));
    assert_int_equal(nrs_frame_encode(&bytes, &frame), NRS_OK);
    assert_int_equal(mesh_inject(&net, from, to, nrs_slice_of_bytes(&bytes)), NRS_OK);
    nrs_bytes_wipe(&bytes);
    nrs_bytes_wipe(&payload);
}

/* A checkpoint in the name of `node`, signed by `signer`, of a log with this id. */
static void made_up(nrs_bytes *record_out, size_t node, size_t signer, uint64_t size, uint64_t created_ms, uint8_t log_id)
{
    nrs_audit_checkpoint value;
    uint8_t root[NRS_HASH_SIZE] = {5}, log[NRS_LOG_ID_SIZE] = {0};
    nrs_bytes statement = {0};

    log[0] = log_id;
    nrs__wire__audit_checkpoint__init(&value);
    value.suite = NRS_SUITE;
    value.node = nrs_field_of(nrs_slice_of(nrs_identity_public(net.nodes[node].identity)->sign_key, NRS_KEY_SIZE));
    value.log = nrs_field_of(nrs_slice_of(log, sizeof log));
    value.size = size;
    value.root = nrs_field_of(nrs_slice_of(root, sizeof root));
    value.created_ms = created_ms;
    assert_int_equal(nrs_audit_checkpoint_encode(&statement, &value), NRS_OK);
    assert_int_equal(nrs_signed_record(record_out, NRS_RECORD_AUDIT_CHECKPOINT, net.nodes[signer].identity, nrs_slice_of_bytes(&statement)), NRS_OK);
    nrs_bytes_wipe(&statement);
}

static const struct made_up_case {
    const char *name;
    size_t from, to, node, signer;
    int64_t created_in_ms;
    bool followed;
} made_up_cases[] = {
    {"in another's name", 3, 0, 2, 3, 0, false},
    {"of another member, handed over by a member", 3, 0, 2, 2, 0, false},
    {"of a hub, handed over by a member", 3, 0, 1, 1, 0, false},
    {"of the hub itself", 3, 0, 0, 0, 0, false},
    {"far ahead of the clock", 3, 0, 3, 3, 26 * 3600 * 1000ll, false},
    {"two weeks old", 3, 0, 3, 3, -14 * 24 * 3600 * 1000ll, false},
    {"at a member", 0, 3, 0, 0, 0, false},
    {"as it should be", 3, 0, 3, 3, 0, true},
};

static void test_made_up(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof made_up_cases / sizeof made_up_cases[0]; i++) {
        const struct made_up_case *one = &made_up_cases[i];
        nrs_bytes record = {0};
        const json_t *row;
        json_int_t logs_before;

        row = mesh_audit_watched(&net, one->to, one->node);
        logs_before = row == NULL ? 0 : mesh_number(row, "logs");
        made_up(&record, one->node, one->signer, 64, (uint64_t)((int64_t)net.now_ms + one->created_in_ms), (uint8_t)(100 + i));
        give(one->from, one->to, (1u << 20) + i, nrs_slice_of_bytes(&record));
        row = mesh_audit_watched(&net, one->to, one->node);
        if (mesh_number(row, "logs") != logs_before + (one->followed ? 1 : 0)) {
            fail_msg("%s: %lld logs, %lld before", one->name, (long long)mesh_number(row, "logs"), (long long)logs_before);
        }
        nrs_bytes_wipe(&record);
    }
}

/* A log that is shorter than before, and newer, is another one: both signed checkpoints are kept. */
static void test_a_shorter_log_is_seen(void **state)
{
    static const struct {
        const char *name, *state;
        uint64_t size;
        int64_t created_in_ms;
    } cases[] = {{"one begun anew", "followed", 128, 0}, {"an older and shorter one", "followed", 64, -60000}, {"a newer and shorter one", "rewritten", 64, 60000}};
    size_t before;

    (void)state;
    mesh_settle(&net, 6);
    before = mesh_alarms(&net, 0);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        nrs_bytes record = {0};

        made_up(&record, 3, 3, cases[i].size, (uint64_t)((int64_t)net.now_ms + cases[i].created_in_ms), 200);
        give(3, 0, (1u << 19) + 100 + i, nrs_slice_of_bytes(&record));
        if (strcmp(mesh_text(mesh_audit_watched(&net, 0, 3), "state"), cases[i].state) != 0) {
            fail_msg("%s: %s", cases[i].name, mesh_text(mesh_audit_watched(&net, 0, 3), "state"));
        }
        nrs_bytes_wipe(&record);
    }
    assert_int_equal(mesh_number(mesh_audit_watched(&net, 0, 3), "size"), 128);
    assert_int_equal(mesh_alarms(&net, 0), before + 2); /* that it was begun, and that it was rewritten */
    assert_string_equal(mesh_text(mesh_row(&net, 0, 0), "rule"), "rewritten");
    assert_string_equal(mesh_text(mesh_row(&net, 0, 0), "detail"), "its audit log does not continue what this hub has signed");
}

/* What a hub has signed of a node's log, and this node's log is not: it was changed here, or another node runs with its keys. */
static void test_a_signature_over_another_log_is_an_alarm(void **state)
{
    static const struct {
        const char *name;
        bool other_log, other_root;
        uint64_t size;
    } cases[] = {{"another log", true, false, 64}, {"a size that it has signed, with another root", false, true, 0}, {"a size that it never had", false, false, 64u * 4096u}};
    uint8_t log[NRS_LOG_ID_SIZE], root[NRS_HASH_SIZE];
    uint64_t size;

    (void)state;
    mesh_audit_checkpoint(&net, 3);
    mesh_settle(&net, 2);
    size = (uint64_t)mesh_number(mesh_audit_own(&net, 3), "size");
    OK(mesh_command(&net, 3, "{\"command\":\"audit-export\"}"));
    OK(nrs_hex_decode(log, sizeof log, mesh_text(mesh_row(&net, 3, 0), "log")));
    OK(nrs_hex_decode(root, sizeof root, mesh_text(mesh_audit_own(&net, 3), "root")));
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        nrs_audit_cosignature value;
        nrs_bytes statement = {0}, record = {0};
        uint8_t said_log[NRS_LOG_ID_SIZE], said_root[NRS_HASH_SIZE];
        size_t before = mesh_alarms(&net, 3), signers = mesh_audit_cosigners(&net, 3);

        memcpy(said_log, log, sizeof log);
        memcpy(said_root, root, sizeof root);
        said_log[0] ^= cases[i].other_log ? 1 : 0;
        said_root[0] ^= cases[i].other_root ? 1 : 0;
        nrs__wire__audit_cosignature__init(&value);
        value.suite = NRS_SUITE;
        value.hub = nrs_field_of(nrs_slice_of(nrs_identity_public(net.nodes[0].identity)->sign_key, NRS_KEY_SIZE));
        value.node = nrs_field_of(nrs_slice_of(nrs_identity_public(net.nodes[3].identity)->sign_key, NRS_KEY_SIZE));
        value.log = nrs_field_of(nrs_slice_of(said_log, sizeof said_log));
        value.size = cases[i].size == 0 ? size : cases[i].size;
        value.root = nrs_field_of(nrs_slice_of(said_root, sizeof said_root));
        value.created_ms = net.now_ms;
        value.logs = 1;
        OK(nrs_audit_cosignature_encode(&statement, &value));
        OK(nrs_signed_record(&record, NRS_RECORD_AUDIT_COSIGNATURE, net.nodes[0].identity, nrs_slice_of_bytes(&statement)));
        give(0, 3, (1u << 19) + 200 + i, nrs_slice_of_bytes(&record));
        if (mesh_alarms(&net, 3) != before + 1) {
            fail_msg("%s: %zu alarms, %zu before", cases[i].name, mesh_alarms(&net, 3), before);
        }
        assert_string_equal(mesh_text(mesh_row(&net, 3, 0), "org"), "org-0");
        assert_string_equal(mesh_text(mesh_row(&net, 3, 0), "detail"), "it has signed an audit log of this node that is not the one held here");
        assert_int_equal(mesh_audit_cosigners(&net, 3), signers);
        nrs_bytes_wipe(&record);
        nrs_bytes_wipe(&statement);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hubs_sign_what_continues), cmocka_unit_test(test_a_hub_signs_the_others), cmocka_unit_test(test_who_was_away_follows),
        cmocka_unit_test(test_each_day),                 cmocka_unit_test(test_a_rewritten_log_is_seen), cmocka_unit_test(test_status_warns),             cmocka_unit_test(test_two_views_are_seen),
        cmocka_unit_test(test_a_new_log_is_said_to_be_one), cmocka_unit_test(test_a_signature_over_another_log_is_an_alarm), cmocka_unit_test(test_a_shorter_log_is_seen), cmocka_unit_test(test_made_up),
    };

    return cmocka_run_group_tests(tests, start, stop);
}
