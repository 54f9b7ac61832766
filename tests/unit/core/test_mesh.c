/* Several engines wired together: the main job, cuts, crashes, late prekeys, two hubs, removal. */
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

static const char *send_amber = "{\"command\":\"send\",\"label\":\"AMBER\",\"to\":[\"@electricity\"],\"kind\":\"incident\","
                                "\"subject\":\"変電所の遠隔監視が停止\",\"body\":\"本文\"}";

/* How many rows of a node's list have this subject. */
static size_t listed(size_t node, const char *subject)
{
    size_t count = 0;

    assert_int_equal(mesh_command(&net, node, "{\"command\":\"list\"}"), NRS_OK);
    for (size_t i = 0; i < mesh_row_count(&net, node); i++) {
        count += strcmp(mesh_text(mesh_row(&net, node, i), "subject"), subject) == 0;
    }
    return count;
}

static void send_report(size_t node, char id_out[65])
{
    assert_int_equal(mesh_command(&net, node, send_amber), NRS_OK);
    (void)snprintf(id_out, 65, "%s", mesh_text(mesh_row(&net, node, 0), "id"));
    assert_int_equal(strlen(id_out), 64);
}

static size_t receipts_with(size_t node, const char *id, const char *recipient, const char *stage)
{
    char command[160];
    size_t count = 0;

    (void)snprintf(command, sizeof command, "{\"command\":\"receipts\",\"id\":\"%s\"}", id);
    assert_int_equal(mesh_command(&net, node, command), NRS_OK);
    for (size_t i = 0; i < mesh_row_count(&net, node); i++) {
        const json_t *row = mesh_row(&net, node, i);
        count += strcmp(mesh_text(row, "recipient"), recipient) == 0 && strcmp(mesh_text(row, "stage"), stage) == 0;
    }
    return count;
}

static void amber_reaches_members_and_receipts_return(void **state)
{
    char id[65], command[128];

    (void)state;
    mesh_start(&net, 4, 1);
    send_report(1, id);
    assert_int_equal(json_array_size(json_object_get(mesh_row(&net, 1, 0), "recipients")), 3);
    mesh_settle(&net, 3);
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(listed(i, "変電所の遠隔監視が停止"), 1);
    }
    assert_int_equal(receipts_with(1, id, "org-2", "stored"), 1);
    assert_int_equal(receipts_with(1, id, "org-2", "opened"), 0);
    (void)snprintf(command, sizeof command, "{\"command\":\"show\",\"id\":\"%.10s\"}", id);
    assert_int_equal(mesh_command(&net, 2, command), NRS_OK);
    assert_string_equal(mesh_text(mesh_row(&net, 2, 0), "body"), "本文");
    assert_string_equal(mesh_text(mesh_row(&net, 2, 0), "from"), "org-1");
    mesh_settle(&net, 3);
    assert_int_equal(receipts_with(1, id, "org-2", "opened"), 1);
    assert_int_equal(receipts_with(1, id, "org-3", "opened"), 0);
    mesh_stop(&net);
}

static void a_member_that_was_down_catches_up(void **state)
{
    char id[65];

    (void)state;
    mesh_start(&net, 4, 1);
    mesh_down(&net, 3);
    for (size_t i = 0; i < 20; i++) {
        send_report(1, id);
    }
    mesh_settle(&net, 3);
    mesh_up(&net, 3);
    mesh_settle(&net, 4);
    assert_int_equal(listed(3, "変電所の遠隔監視が停止"), 20);
    mesh_stop(&net);
}

static void who_never_connected_waits_and_is_granted(void **state)
{
    char id[65];
    size_t late;

    (void)state;
    mesh_start(&net, 3, 1);
    late = mesh_add_node(&net, "zz-late");
    mesh_join(&net, late, NRS_ROLE_OPERATOR); /* in the roster, not seen yet */
    mesh_down(&net, late);
    mesh_settle(&net, 3);
    send_report(1, id);
    assert_int_equal(receipts_with(1, id, "zz-late", "waiting"), 1);
    assert_int_equal(receipts_with(1, id, "org-2", "sent"), 1);
    mesh_settle(&net, 2);
    mesh_up(&net, late);
    mesh_settle(&net, 6);
    assert_int_equal(receipts_with(1, id, "zz-late", "waiting"), 0);
    assert_int_equal(listed(late, "変電所の遠隔監視が停止"), 1);
    assert_int_equal(receipts_with(1, id, "zz-late", "stored"), 1);
    mesh_stop(&net);
}

/* The links drop at the k-th frame, for every k until a run needs no more frames. */
typedef struct cutter {
    uint64_t at, seen;
} cutter;

static bool cut_at(void *context, size_t from, size_t to, nrs_slice frame)
{
    cutter *knife = context;

    (void)from, (void)to, (void)frame;
    knife->seen++;
    return knife->seen != knife->at;
}

static void a_cut_at_any_frame_loses_and_doubles_nothing(void **state)
{
    (void)state;
    for (uint64_t k = 1; k <= 24; k++) {
        cutter knife = {.at = k};
        char id[65];
        mesh_start(&net, 3, 1);
        net.inspect = cut_at;
        net.inspect_context = &knife;
        send_report(1, id);
        send_report(0, id);
        mesh_settle(&net, 6);
        for (size_t i = 0; i < 3; i++) {
            assert_int_equal(listed(i, "変電所の遠隔監視が停止"), 2);
        }
        assert_int_equal(receipts_with(0, id, "org-1", "stored"), 1);
        mesh_stop(&net);
    }
}

static size_t crash_node;

/* The node crashes in place of the k-th frame that it would have sent or taken. */
static bool crash_at(void *context, size_t from, size_t to, nrs_slice frame)
{
    cutter *knife = context;

    (void)frame;
    if (from != crash_node && to != crash_node) {
        return true;
    }
    knife->seen++;
    return knife->seen != knife->at;
}

static void a_hub_crash_loses_and_doubles_nothing(void **state)
{
    (void)state;
    for (uint64_t k = 1; k <= 12; k++) {
        cutter knife = {.at = k};
        char id[65];
        mesh_start(&net, 3, 1);
        crash_node = 0;
        net.inspect = crash_at;
        net.inspect_context = &knife;
        send_report(1, id);
        send_report(2, id);
        mesh_settle(&net, 1);
        mesh_crash(&net, 0);
        mesh_settle(&net, 6);
        for (size_t i = 0; i < 3; i++) {
            assert_int_equal(listed(i, "変電所の遠隔監視が停止"), 2);
        }
        mesh_stop(&net);
    }
}

static void two_hubs_double_nothing_and_either_may_die(void **state)
{
    char id[65];

    (void)state;
    mesh_start(&net, 5, 2);
    send_report(2, id);
    mesh_settle(&net, 4);
    for (size_t i = 0; i < 5; i++) {
        assert_int_equal(listed(i, "変電所の遠隔監視が停止"), 1);
    }
    mesh_down(&net, 0);
    send_report(3, id);
    mesh_settle(&net, 4);
    for (size_t i = 1; i < 5; i++) {
        assert_int_equal(listed(i, "変電所の遠隔監視が停止"), 2);
    }
    mesh_up(&net, 0);
    mesh_down(&net, 1);
    send_report(4, id);
    mesh_settle(&net, 6);
    assert_int_equal(listed(0, "変電所の遠隔監視が停止"), 3);
    assert_int_equal(listed(2, "変電所の遠隔監視が停止"), 3);
    mesh_up(&net, 1);
    mesh_settle(&net, 6);
    assert_int_equal(listed(1, "変電所の遠隔監視が停止"), 3);
    mesh_stop(&net);
}

/* Whoever comes into a community is told what the others said before, unless it begins with the hub's log: after a crash soon after the first
 * confirmation the hub has to know that it does not. */
static void the_first_confirmation_is_kept_at_once(void **state)
{
    uint64_t position = 0;

    (void)state;
    mesh_start(&net, 3, 1);
    assert_int_equal(mesh_add_node(&net, "org-3"), 3);
    mesh_join(&net, 3, NRS_ROLE_OPERATOR);
    for (size_t i = 0; i < 10 && !mesh_linked(&net, 0, 3); i++) {
        mesh_settle(&net, 1);
    }
    mesh_settle(&net, 1);
    mesh_crash(&net, 0);
    assert_int_equal(nrs_store_sent_get(net.nodes[0].store, &position, nrs_identity_public(net.nodes[3].identity)->sign_key), NRS_OK);
    assert_int_not_equal(position, 0);
    mesh_stop(&net);
}

static void a_removed_member_is_cut_off(void **state)
{
    char id[65];

    (void)state;
    mesh_start(&net, 4, 1);
    send_report(1, id);
    mesh_settle(&net, 3);
    mesh_remove(&net, 3);
    mesh_settle(&net, 2);
    assert_int_equal(mesh_command(&net, 0, "{\"command\":\"status\"}"), NRS_OK);
    assert_false(nrs_core_admits(net.nodes[0].core, nrs_identity_public(net.nodes[3].identity)->curve_key));
    send_report(1, id);
    assert_int_equal(receipts_with(1, id, "org-3", "sent"), 0);
    mesh_settle(&net, 3);
    assert_int_equal(listed(3, "変電所の遠隔監視が停止"), 1);
    assert_int_equal(listed(2, "変電所の遠隔監視が停止"), 2);
    mesh_stop(&net);
}

/* What it published before stands in a part of the hub's log that others looked through while it was away. */
static void who_is_readmitted_is_known_to_all_again(void **state)
{
    char id[65];
    size_t late;

    (void)state;
    mesh_start(&net, 3, 1);
    mesh_down(&net, 2);
    late = mesh_add_node(&net, "zz-late");
    mesh_join(&net, late, NRS_ROLE_OPERATOR);
    mesh_settle(&net, 4); /* its card and prekeys are in the hub's log */
    mesh_down(&net, late);
    mesh_let_go(&net, late);
    mesh_settle(&net, 3);
    mesh_up(&net, 2); /* which looks through the hub's log now */
    mesh_settle(&net, 4);
    mesh_crash(&net, 0); /* the hub reads from its store what it knows of who is no member */
    mesh_settle(&net, 4);
    mesh_join(&net, late, NRS_ROLE_OPERATOR);
    mesh_settle(&net, 4);
    send_report(2, id);
    assert_int_equal(receipts_with(2, id, "zz-late", "waiting"), 0);
    assert_int_equal(receipts_with(2, id, "zz-late", "sent"), 1);
    mesh_up(&net, late);
    mesh_settle(&net, 6);
    assert_int_equal(listed(late, "変電所の遠隔監視が停止"), 1);
    assert_int_equal(receipts_with(2, id, "zz-late", "stored"), 1);
    mesh_stop(&net);
}

/* What it has confirmed of the hub's log held nothing of who was no member then. */
static void who_is_readmitted_knows_all_again(void **state)
{
    char id[65];
    size_t other, back;

    (void)state;
    mesh_start(&net, 3, 1);
    other = mesh_add_node(&net, "yy-other");
    back = mesh_add_node(&net, "zz-back");
    mesh_join(&net, back, NRS_ROLE_OPERATOR);
    mesh_settle(&net, 4);
    mesh_down(&net, back);
    mesh_join(&net, other, NRS_ROLE_OPERATOR);
    mesh_settle(&net, 4);
    mesh_let_go(&net, other);
    mesh_settle(&net, 3);
    mesh_up(&net, back); /* it confirms the part of the log in which the other one's card stands */
    send_report(1, id);
    mesh_settle(&net, 4);
    mesh_let_go(&net, back);
    mesh_settle(&net, 3);
    mesh_join(&net, other, NRS_ROLE_OPERATOR);
    mesh_crash(&net, other); /* it dials again */
    mesh_settle(&net, 4);
    mesh_join(&net, back, NRS_ROLE_OPERATOR);
    mesh_crash(&net, back);
    mesh_settle(&net, 6);
    send_report(back, id);
    assert_int_equal(receipts_with(back, id, "yy-other", "waiting"), 0);
    assert_int_equal(receipts_with(back, id, "yy-other", "sent"), 1);
    mesh_settle(&net, 4);
    assert_int_equal(listed(other, "変電所の遠隔監視が停止"), 1);
    mesh_stop(&net);
}

static void a_disk_that_fails_changes_nothing(void **state)
{
    char id[65], command[128];
    const json_t *link;

    (void)state;
    mesh_start(&net, 3, 1);
    send_report(1, id);
    mesh_settle(&net, 3);
    (void)snprintf(command, sizeof command, "{\"command\":\"forget\",\"id\":\"%s\"}", id);
    net.nodes[2].vault_fails = true;
    assert_int_equal(mesh_command(&net, 2, command), NRS_ERROR_DISK);
    link = json_array_get(json_object_get(mesh_status(&net, 2), "links"), 0); /* it ended, and the next tick has yet to dial the hub anew */
    assert_non_null(link);
    assert_string_equal(json_string_value(json_object_get(link, "state")), "connecting");
    assert_string_equal(json_string_value(json_object_get(link, "direction")), "out");
    assert_int_equal(listed(2, "変電所の遠隔監視が停止"), 1);
    net.nodes[2].vault_fails = false;
    assert_int_equal(mesh_command(&net, 2, command), NRS_OK);
    assert_int_equal(listed(2, "変電所の遠隔監視が停止"), 0);
    mesh_crash(&net, 2);
    assert_int_equal(listed(2, "変電所の遠隔監視が停止"), 0);
    mesh_stop(&net);
}

static nrs_error count_sealed(void *context, const nrs_log_row *row)
{
    size_t *with_bytes = context;

    *with_bytes += row->type == NRS_RECORD_SEALED && row->record.size > 0;
    return NRS_OK;
}

static size_t sealed_in_log(size_t node)
{
    size_t count = 0;

    assert_int_equal(nrs_store_log_each(net.nodes[node].store, 0, 10000, count_sealed, &count), NRS_OK);
    return count;
}

static void what_a_hub_only_carried_is_dropped_after_its_expiry(void **state)
{
    static const uint8_t id[NRS_HASH_SIZE] = {9};
    nrs_log_row row = {.type = NRS_RECORD_RELEASE, .id = id, .owner = nrs_slice_of(id, sizeof id)};
    uint64_t position = 0;

    (void)state;
    mesh_start(&net, 3, 1);
    row.received_ms = net.now_ms;
    row.expires_ms = net.now_ms + 7000ull * 365 * NRS_DAY_MS; /* says that it outlives everything: what comes after it goes all the same */
    assert_int_equal(nrs_store_begin(net.nodes[0].store), NRS_OK);
    assert_int_equal(nrs_store_log_append(net.nodes[0].store, &position, &row), NRS_OK);
    assert_int_equal(nrs_store_commit(net.nodes[0].store), NRS_OK);
    assert_int_equal(mesh_command(&net, 1, "{\"command\":\"send\",\"label\":\"AMBER\",\"to\":[\"org-2\"],\"kind\":\"incident\","
                                           "\"subject\":\"変電所の遠隔監視が停止\",\"body\":\"本文\"}"), NRS_OK);
    mesh_settle(&net, 3);
    assert_int_equal(sealed_in_log(0), 1);
    assert_int_equal(listed(0, "変電所の遠隔監視が停止"), 0);
    net.now_ms += 7 * NRS_DAY_MS + NRS_HOUR_MS;
    net.monotonic_ms += 7 * NRS_DAY_MS;
    mesh_settle(&net, 3);
    assert_int_equal(sealed_in_log(0), 1); /* a day's grace against a clock that jumps */
    net.now_ms += NRS_DAY_MS;
    net.monotonic_ms += NRS_DAY_MS;
    mesh_settle(&net, 3);
    assert_int_equal(sealed_in_log(0), 0);
    assert_int_equal(sealed_in_log(2), 1);
    assert_int_equal(listed(2, "変電所の遠隔監視が停止"), 1);
    assert_int_equal(listed(1, "変電所の遠隔監視が停止"), 1);
    mesh_stop(&net);
}

static nrs_error count_prekeys(void *context, const nrs_prekey_row *row)
{
    size_t *count = context;

    (void)row;
    (*count)++;
    return NRS_OK;
}

static void prekeys_rotate_and_old_ones_are_destroyed(void **state)
{
    size_t count = 0;

    (void)state;
    mesh_start(&net, 3, 1);
    for (size_t week = 0; week < 12; week++) {
        net.now_ms += NRS_WEEK_MS;
        net.monotonic_ms += NRS_WEEK_MS;
        mesh_settle(&net, 2);
    }
    assert_int_equal(nrs_store_prekey_each(net.nodes[1].store, count_prekeys, &count), NRS_OK);
    assert_in_range(count, 4, 7); /* four ahead, at most three in their grace */
    assert_int_equal(mesh_command(&net, 1, send_amber), NRS_OK);
    mesh_settle(&net, 3);
    assert_int_equal(listed(2, "変電所の遠隔監視が停止"), 1);
    mesh_crash(&net, 2);
    assert_int_equal(listed(2, "変電所の遠隔監視が停止"), 1);
    mesh_stop(&net);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(amber_reaches_members_and_receipts_return),
        cmocka_unit_test(a_member_that_was_down_catches_up),
        cmocka_unit_test(who_never_connected_waits_and_is_granted),
        cmocka_unit_test(a_cut_at_any_frame_loses_and_doubles_nothing),
        cmocka_unit_test(a_hub_crash_loses_and_doubles_nothing),
        cmocka_unit_test(two_hubs_double_nothing_and_either_may_die),
        cmocka_unit_test(the_first_confirmation_is_kept_at_once),
        cmocka_unit_test(a_removed_member_is_cut_off),
        cmocka_unit_test(who_is_readmitted_is_known_to_all_again),
        cmocka_unit_test(who_is_readmitted_knows_all_again),
        cmocka_unit_test(a_disk_that_fails_changes_nothing),
        cmocka_unit_test(what_a_hub_only_carried_is_dropped_after_its_expiry),
        cmocka_unit_test(prekeys_rotate_and_old_ones_are_destroyed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
