/* What was asked for, released or waiting while an organisation changes its keys. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sqlite3.h>

#include "keys/change.h"
#include "mesh_keys.h"
#include "mesh_look.h"
#include "mesh_rosters.h"
#include "mesh_second.h"
#include "proto/label.h"
#include "proto/vocabulary.h"

#define OK(expression) assert_int_equal((expression), NRS_OK)

enum { HUB, ALPHA, BRAVO, CHARLIE, GAS_HUB, GAS_MEMBER };

static mesh net;

static int start(void **state)
{
    (void)state;
    mesh_start(&net, 4, 1);
    mesh_settle(&net, 4);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    mesh_stop(&net);
    return 0;
}

static void pass(uint64_t ms)
{
    net.now_ms += ms;
    net.monotonic_ms += ms;
    mesh_settle(&net, 6);
}

static void lose_prekeys(size_t node, size_t owner)
{
    char path[128], text[160], key[2 * NRS_KEY_SIZE + 1];
    sqlite3 *database = NULL;

    nrs_hex_encode(key, nrs_identity_public(net.nodes[owner].identity)->sign_key, NRS_KEY_SIZE);
    (void)snprintf(text, sizeof text, "DELETE FROM prekeys WHERE owner = x'%s'", key);
    (void)snprintf(path, sizeof path, "%s/store.db", net.nodes[node].folder);
    mesh_down(&net, node);
    assert_int_equal(sqlite3_open(path, &database), SQLITE_OK);
    assert_int_equal(sqlite3_exec(database, text, NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_close(database), SQLITE_OK);
    mesh_up(&net, node);
    mesh_settle(&net, 4);
}

/* What waited for its reader's prekey leaves under the keys of then; its id covers who sent it, and the answer is known all the same. */
static void test_an_ask_that_waited_over_a_change_of_keys(void **state)
{
    char id[2 * NRS_HASH_SIZE + 1], ask[2 * NRS_HASH_SIZE + 1];
    nrs_identity *after;

    (void)state;
    OK(mesh_ask(&net, CHARLIE, "{\"command\":\"send\",\"label\":\"AMBER\",\"to\":[\"org-2\"],\"kind\":\"incident\",\"subject\":\"s\",\"body\":\"b\"}"));
    (void)snprintf(id, sizeof id, "%s", mesh_text(mesh_row(&net, CHARLIE, 0), "id"));
    mesh_settle(&net, 4);
    lose_prekeys(BRAVO, CHARLIE);
    OK(mesh_ask(&net, BRAVO, "{\"command\":\"release-ask\",\"id\":\"%s\",\"to\":[\"org-1\"],\"reason\":\"r\"}", id));
    (void)snprintf(ask, sizeof ask, "%s", mesh_text(mesh_row(&net, BRAVO, 0), "id"));
    after = mesh_announce_change(&net, BRAVO);
    mesh_follow_change(&net, BRAVO, after);
    mesh_settle(&net, 4);
    OK(mesh_ask(&net, CHARLIE, "{\"command\":\"release-list\"}"));
    assert_int_equal(mesh_row_count(&net, CHARLIE), 0);
    mesh_take_over(&net, BRAVO, after);
    mesh_settle(&net, 4);
    OK(mesh_ask(&net, CHARLIE, "{\"command\":\"prekeys-rotate\"}"));
    mesh_settle(&net, 6);
    OK(mesh_ask(&net, CHARLIE, "{\"command\":\"release-list\"}"));
    assert_int_equal(mesh_row_count(&net, CHARLIE), 1);
    assert_string_not_equal(mesh_text(mesh_row(&net, CHARLIE, 0), "id"), ask); /* of the keys under which it left */
    OK(mesh_ask(&net, CHARLIE, "{\"command\":\"release-grant\",\"id\":\"%s\"}", mesh_text(mesh_row(&net, CHARLIE, 0), "id")));
    mesh_settle(&net, 8);
    OK(mesh_ask(&net, BRAVO, "{\"command\":\"release-list\"}"));
    assert_string_equal(mesh_text(mesh_row(&net, BRAVO, 0), "id"), ask);
    assert_string_equal(mesh_text(mesh_row(&net, BRAVO, 0), "state"), "released");
    OK(mesh_ask(&net, ALPHA, "{\"command\":\"show\",\"id\":\"%s\"}", id));
}

/* The release came to the key before: who holds it grants under that key, which it names. */
static void test_a_release_asked_for_before_a_change_of_keys(void **state)
{
    char id[2 * NRS_HASH_SIZE + 1], ask[2 * NRS_HASH_SIZE + 1];

    (void)state;
    OK(mesh_ask(&net, CHARLIE, "{\"command\":\"send\",\"label\":\"AMBER\",\"to\":[\"org-2\"],\"kind\":\"incident\",\"subject\":\"s\",\"body\":\"b\"}"));
    (void)snprintf(id, sizeof id, "%s", mesh_text(mesh_row(&net, CHARLIE, 0), "id"));
    mesh_settle(&net, 4);
    OK(mesh_ask(&net, BRAVO, "{\"command\":\"release-ask\",\"id\":\"%s\",\"to\":[\"org-1\"],\"reason\":\"r\"}", id));
    (void)snprintf(ask, sizeof ask, "%s", mesh_text(mesh_row(&net, BRAVO, 0), "id"));
    mesh_settle(&net, 4);
    mesh_change_keys(&net, BRAVO);
    mesh_settle(&net, 4);
    pass(NRS_DAY_MS);
    OK(mesh_ask(&net, CHARLIE, "{\"command\":\"release-grant\",\"id\":\"%s\"}", ask));
    mesh_settle(&net, 8);
    OK(mesh_ask(&net, ALPHA, "{\"command\":\"show\",\"id\":\"%s\"}", id));
}

/* Who was let in as a member of a roster of then stands in it under the keys of then. */
static void test_who_was_let_in_reads_on_after_a_change_of_keys(void **state)
{
    char id[2 * NRS_HASH_SIZE + 1];

    (void)state;
    OK(mesh_ask(&net, CHARLIE, "{\"command\":\"send\",\"label\":\"AMBER+STRICT\",\"to\":[\"org-2\"],\"kind\":\"incident\",\"subject\":\"s\",\"body\":\"b\"}"));
    (void)snprintf(id, sizeof id, "%s", mesh_text(mesh_row(&net, CHARLIE, 0), "id"));
    mesh_settle(&net, 4);
    OK(mesh_ask(&net, BRAVO, "{\"command\":\"release-ask\",\"id\":\"%s\",\"to\":[\"@electricity\"],\"reason\":\"r\"}", id));
    mesh_settle(&net, 4);
    OK(mesh_ask(&net, CHARLIE, "{\"command\":\"release-grant\",\"id\":\"%s\"}", mesh_text(mesh_row(&net, BRAVO, 0), "id")));
    mesh_settle(&net, 8);
    mesh_change_keys(&net, ALPHA);
    mesh_settle(&net, 4);
    OK(mesh_ask(&net, ALPHA, "{\"command\":\"show\",\"id\":\"%s\"}", id));
}

/* To another community's members, of whom the holder is one. */
static void test_a_release_abroad_over_a_change_of_keys(void **state)
{
    char id[2 * NRS_HASH_SIZE + 1], ask[2 * NRS_HASH_SIZE + 1];
    nrs_identity *after;
    mesh_second gas = {0};

    (void)state;
    mesh_second_beside(&net, &gas, BRAVO, false);
    OK(mesh_ask(&net, CHARLIE, "{\"command\":\"send\",\"label\":\"AMBER\",\"to\":[\"org-2\"],\"kind\":\"incident\",\"subject\":\"s\",\"body\":\"b\"}"));
    (void)snprintf(id, sizeof id, "%s", mesh_text(mesh_row(&net, CHARLIE, 0), "id"));
    mesh_settle(&net, 4);
    OK(mesh_ask(&net, BRAVO, "{\"command\":\"release-ask\",\"id\":\"%s\",\"to\":[\"@gas\"],\"reason\":\"r\"}", id));
    (void)snprintf(ask, sizeof ask, "%s", mesh_text(mesh_row(&net, BRAVO, 0), "id"));
    mesh_settle(&net, 6);
    after = mesh_announce_change(&net, BRAVO);
    mesh_second_change(&net, &gas, GAS_HUB, mesh_put_keys, &(mesh_new_keys){&net.nodes[BRAVO], after, net.now_ms}); /* the other community's roster follows, too */
    mesh_follow_change(&net, BRAVO, after);
    mesh_settle(&net, 4);
    mesh_take_over(&net, BRAVO, after);
    mesh_settle(&net, 8);
    OK(mesh_ask(&net, CHARLIE, "{\"command\":\"release-grant\",\"id\":\"%s\"}", ask));
    mesh_settle(&net, 20);
    OK(mesh_ask(&net, GAS_HUB, "{\"command\":\"show\",\"id\":\"%s\"}", id));
    OK(mesh_ask(&net, GAS_MEMBER, "{\"command\":\"show\",\"id\":\"%s\"}", id));
    mesh_second_stop(&gas);
}

/* Who is let in by a release waits for a duty, and its keys change meanwhile: it is granted to the key that came after. */
static void test_who_waits_to_be_let_in_over_a_change_of_keys(void **state)
{
    char id[2 * NRS_HASH_SIZE + 1];

    (void)state;
    mesh_change(&net, mesh_demand_duty, &(mesh_duty){.label = NRS_LABEL_AMBER, .without = "org-1"});
    mesh_settle(&net, 4);
    OK(mesh_ask(&net, CHARLIE, "{\"command\":\"send\",\"label\":\"AMBER\",\"to\":[\"org-2\"],\"kind\":\"incident\",\"subject\":\"s\",\"body\":\"b\"}"));
    (void)snprintf(id, sizeof id, "%s", mesh_text(mesh_row(&net, CHARLIE, 0), "id"));
    mesh_settle(&net, 4);
    OK(mesh_ask(&net, BRAVO, "{\"command\":\"release-ask\",\"id\":\"%s\",\"to\":[\"org-1\"],\"reason\":\"r\"}", id));
    mesh_settle(&net, 4);
    OK(mesh_ask(&net, CHARLIE, "{\"command\":\"release-grant\",\"id\":\"%s\"}", mesh_text(mesh_row(&net, BRAVO, 0), "id")));
    mesh_settle(&net, 8);
    mesh_change_keys(&net, ALPHA);
    mesh_settle(&net, 6);
    mesh_change(&net, mesh_demand_duty, &(mesh_duty){.label = NRS_LABEL_AMBER});
    mesh_settle(&net, 70);
    OK(mesh_ask(&net, ALPHA, "{\"command\":\"show\",\"id\":\"%s\"}", id));
}

/* ---- In one of two communities first ---- */

static const size_t gas_nodes[] = {ALPHA, BRAVO, GAS_HUB};
static const uint32_t gas_roles[] = {NRS_ROLE_OPERATOR, NRS_ROLE_OPERATOR, NRS_ROLE_HUB};

/* Two members of the one are members of the other, and its hub is in no other. */
static void start_gas(mesh_second *gas)
{
    assert_int_equal(mesh_add_node(&net, "org-4"), GAS_HUB);
    mesh_second_start(&net, gas, "gas", gas_nodes, gas_roles, 3, false);
    assert_true(mesh_linked(&net, GAS_HUB, ALPHA) && mesh_linked(&net, GAS_HUB, BRAVO));
}

static void send_in_gas(size_t from, char id_out[2 * NRS_HASH_SIZE + 1])
{
    OK(mesh_ask(&net, from, "{\"command\":\"send\",\"label\":\"AMBER\",\"to\":[\"@gas\"],\"kind\":\"incident\",\"subject\":\"s\",\"body\":\"b\"}"));
    (void)snprintf(id_out, 2 * NRS_HASH_SIZE + 1, "%s", mesh_text(mesh_row(&net, from, 0), "id"));
}

/* The mesh's own community takes the new keys, and their owner goes over to them. */
static void change_in_the_one(size_t node)
{
    mesh_change_keys(&net, node);
    mesh_settle(&net, 4);
    assert_true(mesh_warned(&net, node, "@gas does not have the new keys of this node yet"));
}

/* The other follows, and the node comes back to it by itself. */
static void change_in_the_other(mesh_second *gas, size_t node)
{
    mesh_node before = net.nodes[node];

    before.identity = net.nodes[node].former;
    mesh_second_change(&net, gas, GAS_HUB, mesh_put_keys, &(mesh_new_keys){&before, net.nodes[node].identity, net.now_ms});
    mesh_settle(&net, 8);
    assert_true(mesh_linked(&net, GAS_HUB, node));
    assert_false(mesh_warned(&net, node, "@gas"));
}

static bool has_receipt(size_t node, const char *id, const char *org, const char *stage)
{
    OK(mesh_ask(&net, node, "{\"command\":\"receipts\",\"id\":\"%s\"}", id));
    for (size_t i = 0; i < mesh_row_count(&net, node); i++) {
        if (strcmp(mesh_text(mesh_row(&net, node, i), "recipient"), org) == 0 && strcmp(mesh_text(mesh_row(&net, node, i), "stage"), stage) == 0) {
            return true;
        }
    }
    return false;
}

/* A hub that is linked for the sake of another community passes over what is for the key before, and hands it over once its own has followed. */
static void test_a_hub_of_the_other_that_is_a_member_of_the_one(void **state)
{
    char id[2 * NRS_HASH_SIZE + 1], after[2 * NRS_HASH_SIZE + 1];
    mesh_second gas = {0};

    (void)state;
    assert_int_equal(mesh_add_node(&net, "org-4"), GAS_HUB);
    mesh_join(&net, GAS_HUB, NRS_ROLE_OPERATOR);
    mesh_second_start(&net, &gas, "gas", gas_nodes, gas_roles, 3, false);
    mesh_settle(&net, 4);
    change_in_the_one(BRAVO);
    send_in_gas(ALPHA, id);
    mesh_settle(&net, 4);
    OK(mesh_ask(&net, GAS_HUB, "{\"command\":\"send\",\"label\":\"GREEN\",\"to\":[\"@electricity\"],\"kind\":\"incident\",\"subject\":\"s\",\"body\":\"b\"}"));
    (void)snprintf(after, sizeof after, "%s", mesh_text(mesh_row(&net, GAS_HUB, 0), "id"));
    mesh_settle(&net, 4);
    assert_true(mesh_has(&net, BRAVO, after));
    assert_false(mesh_has(&net, BRAVO, id));
    mesh_crash(&net, BRAVO);
    mesh_settle(&net, 4);
    change_in_the_other(&gas, BRAVO);
    OK(mesh_ask(&net, BRAVO, "{\"command\":\"show\",\"id\":\"%s\"}", id));
    mesh_second_stop(&gas);
}

/* A key that a community does not name yet is told nothing there: its hubs would refuse that for good. */
static void test_a_withdrawal_where_the_keys_have_not_changed_yet(void **state)
{
    char id[2 * NRS_HASH_SIZE + 1];
    mesh_second gas = {0};

    (void)state;
    start_gas(&gas);
    send_in_gas(ALPHA, id);
    mesh_settle(&net, 4);
    assert_true(mesh_has(&net, BRAVO, id));
    change_in_the_one(BRAVO);
    OK(mesh_ask(&net, ALPHA, "{\"command\":\"withdraw\",\"id\":\"%s\",\"reason\":\"r\"}", id));
    mesh_settle(&net, 4);
    change_in_the_other(&gas, BRAVO);
    assert_int_equal(mesh_ask(&net, BRAVO, "{\"command\":\"show\",\"id\":\"%s\"}", id), NRS_ERROR_WITHDRAWN);
    assert_true(has_receipt(ALPHA, id, "org-2", "withdrawn"));
    mesh_second_stop(&gas);
}

static void test_receipts_where_the_keys_have_not_changed_yet(void **state)
{
    char id[2 * NRS_HASH_SIZE + 1];
    mesh_second gas = {0};

    (void)state;
    start_gas(&gas);
    mesh_down(&net, ALPHA);
    send_in_gas(BRAVO, id);
    mesh_settle(&net, 4);
    change_in_the_one(BRAVO);
    mesh_up(&net, ALPHA);
    mesh_settle(&net, 4);
    OK(mesh_ask(&net, ALPHA, "{\"command\":\"show\",\"id\":\"%s\"}", id));
    mesh_settle(&net, 4);
    change_in_the_other(&gas, BRAVO);
    assert_true(has_receipt(BRAVO, id, "org-1", "stored"));
    assert_true(has_receipt(BRAVO, id, "org-1", "opened"));
    mesh_second_stop(&gas);
}

/* The last prekeys of the key before are not known: what is to be told waits for the roster that names the next one, in the same store as
 * what has left for it in the other community. */
static void test_what_cannot_be_told_yet_waits_for_the_roster(void **state)
{
    char id[2 * NRS_HASH_SIZE + 1], other[2 * NRS_HASH_SIZE + 1];
    mesh_second gas = {0};

    (void)state;
    start_gas(&gas);
    send_in_gas(ALPHA, id);
    OK(mesh_ask(&net, ALPHA, "{\"command\":\"send\",\"label\":\"AMBER\",\"to\":[\"@electricity\"],\"kind\":\"incident\",\"subject\":\"s\",\"body\":\"b\"}"));
    (void)snprintf(other, sizeof other, "%s", mesh_text(mesh_row(&net, ALPHA, 0), "id"));
    mesh_settle(&net, 4);
    lose_prekeys(ALPHA, BRAVO);
    change_in_the_one(BRAVO);
    for (size_t i = 0; i < 2; i++) {
        OK(mesh_ask(&net, ALPHA, "{\"command\":\"withdraw\",\"id\":\"%s\",\"reason\":\"r\"}", i == 0 ? id : other));
        mesh_settle(&net, 4);
    }
    assert_int_equal(mesh_ask(&net, BRAVO, "{\"command\":\"show\",\"id\":\"%s\"}", other), NRS_ERROR_WITHDRAWN);
    mesh_crash(&net, ALPHA);
    mesh_settle(&net, 4);
    change_in_the_other(&gas, BRAVO);
    assert_int_equal(mesh_ask(&net, BRAVO, "{\"command\":\"show\",\"id\":\"%s\"}", id), NRS_ERROR_WITHDRAWN);
    mesh_second_stop(&gas);
}

/* The hub lets the new key in by the roster of another community and passes over what is for the key before. When this community's roster has
 * followed, what was missed is asked for like anything that was lost on the way (SPEC 6.8). */
static void test_what_was_passed_over_between_two_rosters(void **state)
{
    static const size_t nodes[] = {HUB, BRAVO};
    static const uint32_t roles[] = {NRS_ROLE_HUB, NRS_ROLE_OPERATOR};
    char id[2 * NRS_HASH_SIZE + 1];
    nrs_identity *after;
    mesh_second gas = {0};

    (void)state;
    mesh_second_start(&net, &gas, "gas", nodes, roles, 2, false);
    mesh_settle(&net, 6);
    after = mesh_announce_change(&net, BRAVO);
    mesh_second_change(&net, &gas, HUB, mesh_put_keys, &(mesh_new_keys){&net.nodes[BRAVO], after, net.now_ms});
    mesh_next(&net, mesh_put_keys, &(mesh_new_keys){&net.nodes[BRAVO], after, net.now_ms}); /* signed, and not handed out yet */
    mesh_settle(&net, 4);
    mesh_take_over(&net, BRAVO, after);
    mesh_settle(&net, 4);
    assert_true(mesh_linked(&net, HUB, BRAVO));
    OK(mesh_ask(&net, CHARLIE, "{\"command\":\"send\",\"label\":\"AMBER\",\"to\":[\"org-2\"],\"kind\":\"incident\",\"subject\":\"s\",\"body\":\"b\"}"));
    (void)snprintf(id, sizeof id, "%s", mesh_text(mesh_row(&net, CHARLIE, 0), "id"));
    mesh_settle(&net, 4);
    mesh_give(&net, HUB);
    mesh_settle(&net, 4);
    pass(NRS_HEAD_AFTER_MS_DEFAULT + NRS_MINUTE_MS);
    for (size_t i = 0; i < 10; i++) {
        pass(NRS_MINUTE_MS);
    }
    OK(mesh_ask(&net, BRAVO, "{\"command\":\"show\",\"id\":\"%s\"}", id));
    mesh_second_stop(&gas);
}

/* Nothing that bravo has for the hub arrives. */
static bool swallow_items(void *context, size_t from, size_t to, nrs_slice bytes)
{
    mesh *it = context;
    nrs_frame *frame = NULL;

    it->swallow = from == BRAVO && to == HUB && nrs_frame_decode(&frame, bytes) == NRS_OK && frame->type == NRS_FRAME_ITEMS;
    nrs_frame_free(&frame);
    return true;
}

/* What was made under the key before and had not left yet comes to the hub under the next one, by which the other community does not know the node
 * yet: it is refused there, and heard again when that one has followed. A receipt, and a report. */
static void test_what_had_not_left_when_the_keys_changed(void **state)
{
    static const size_t nodes[] = {HUB, BRAVO};
    static const uint32_t roles[] = {NRS_ROLE_HUB, NRS_ROLE_OPERATOR};
    char id[2 * NRS_HASH_SIZE + 1], own[2 * NRS_HASH_SIZE + 1];
    nrs_identity *after;
    mesh_second gas = {0};

    (void)state;
    mesh_second_start(&net, &gas, "gas", nodes, roles, 2, false);
    OK(mesh_ask(&net, ALPHA, "{\"command\":\"send\",\"label\":\"AMBER\",\"to\":[\"org-2\"],\"kind\":\"incident\",\"subject\":\"s\",\"body\":\"b\"}"));
    (void)snprintf(id, sizeof id, "%s", mesh_text(mesh_row(&net, ALPHA, 0), "id"));
    mesh_settle(&net, 6);
    after = mesh_announce_change(&net, BRAVO);
    net.inspect = swallow_items;
    net.inspect_context = &net;
    OK(mesh_ask(&net, BRAVO, "{\"command\":\"show\",\"id\":\"%s\"}", id));
    OK(mesh_ask(&net, BRAVO, "{\"command\":\"send\",\"label\":\"AMBER\",\"to\":[\"org-3\"],\"kind\":\"incident\",\"subject\":\"s\",\"body\":\"b\"}"));
    (void)snprintf(own, sizeof own, "%s", mesh_text(mesh_row(&net, BRAVO, 0), "id"));
    mesh_settle(&net, 4);
    mesh_second_change(&net, &gas, HUB, mesh_put_keys, &(mesh_new_keys){&net.nodes[BRAVO], after, net.now_ms});
    mesh_next(&net, mesh_put_keys, &(mesh_new_keys){&net.nodes[BRAVO], after, net.now_ms}); /* signed, and not handed out yet */
    mesh_settle(&net, 4);
    mesh_take_over(&net, BRAVO, after);
    net.inspect = NULL;
    mesh_settle(&net, 4);
    assert_true(mesh_linked(&net, HUB, BRAVO));
    assert_false(has_receipt(ALPHA, id, "org-2", "opened"));
    assert_false(mesh_has(&net, CHARLIE, own));
    mesh_give(&net, HUB);
    mesh_settle(&net, 6);
    assert_true(has_receipt(ALPHA, id, "org-2", "opened"));
    assert_true(mesh_has(&net, CHARLIE, own));
    mesh_second_stop(&gas);
}

/* Under CLEAR there are no slots: what the roster's new key is addressed by, and what the key before still was, comes to the node under either. */
static void test_clear_over_a_change_of_keys(void **state)
{
    static const char *const send = "{\"command\":\"send\",\"label\":\"CLEAR\",\"to\":[\"org-2\"],\"kind\":\"incident\",\"subject\":\"s\",\"body\":\"b\"}";
    char before[2 * NRS_HASH_SIZE + 1], meanwhile[2 * NRS_HASH_SIZE + 1];
    nrs_identity *after;

    (void)state;
    after = mesh_announce_change(&net, BRAVO);
    mesh_down(&net, BRAVO);
    OK(mesh_ask(&net, ALPHA, "%s", send));
    (void)snprintf(before, sizeof before, "%s", mesh_text(mesh_row(&net, ALPHA, 0), "id"));
    mesh_settle(&net, 4);
    mesh_follow_change(&net, BRAVO, after);
    mesh_settle(&net, 4);
    OK(mesh_ask(&net, ALPHA, "%s", send));
    (void)snprintf(meanwhile, sizeof meanwhile, "%s", mesh_text(mesh_row(&net, ALPHA, 0), "id"));
    mesh_settle(&net, 4);
    mesh_up(&net, BRAVO); /* under the key before, until it has heard of the roster */
    mesh_settle(&net, 4);
    mesh_take_over(&net, BRAVO, after);
    mesh_settle(&net, 4);
    OK(mesh_ask(&net, BRAVO, "{\"command\":\"show\",\"id\":\"%s\"}", before));
    OK(mesh_ask(&net, BRAVO, "{\"command\":\"show\",\"id\":\"%s\"}", meanwhile));
}

/* The same where it never came under the key before again. */
static void test_clear_for_the_key_before_comes_to_its_successor(void **state)
{
    char id[2 * NRS_HASH_SIZE + 1];
    nrs_identity *after;

    (void)state;
    after = mesh_announce_change(&net, BRAVO);
    mesh_down(&net, BRAVO);
    OK(mesh_ask(&net, ALPHA, "{\"command\":\"send\",\"label\":\"CLEAR\",\"to\":[\"org-2\"],\"kind\":\"incident\",\"subject\":\"s\",\"body\":\"b\"}"));
    (void)snprintf(id, sizeof id, "%s", mesh_text(mesh_row(&net, ALPHA, 0), "id"));
    mesh_settle(&net, 4);
    mesh_follow_change(&net, BRAVO, after);
    mesh_settle(&net, 4);
    mesh_up(&net, BRAVO);
    mesh_take_over(&net, BRAVO, after); /* as with an invite to the roster */
    mesh_give(&net, BRAVO);
    mesh_settle(&net, 4);
    OK(mesh_ask(&net, BRAVO, "{\"command\":\"show\",\"id\":\"%s\"}", id));
}

/* The link by the next key carries rosters alone: a member would have two votes on the time by it. */
static void test_the_next_key_has_no_say_of_the_time(void **state)
{
    mesh_second gas = {0};

    (void)state;
    start_gas(&gas);
    change_in_the_one(BRAVO);
    mesh_down(&net, ALPHA);
    net.nodes[BRAVO].skew_ms = 5 * (int64_t)NRS_HOUR_MS;
    mesh_crash(&net, BRAVO);
    mesh_settle(&net, 4);
    assert_true(mesh_linked(&net, GAS_HUB, BRAVO));
    assert_false(mesh_warned(&net, GAS_HUB, "clock"));
    mesh_second_stop(&gas);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_an_ask_that_waited_over_a_change_of_keys, start, stop),
        cmocka_unit_test_setup_teardown(test_a_release_abroad_over_a_change_of_keys, start, stop),
        cmocka_unit_test_setup_teardown(test_who_was_let_in_reads_on_after_a_change_of_keys, start, stop),
        cmocka_unit_test_setup_teardown(test_who_waits_to_be_let_in_over_a_change_of_keys, start, stop),
        cmocka_unit_test_setup_teardown(test_a_release_asked_for_before_a_change_of_keys, start, stop),
        cmocka_unit_test_setup_teardown(test_a_withdrawal_where_the_keys_have_not_changed_yet, start, stop),
        cmocka_unit_test_setup_teardown(test_receipts_where_the_keys_have_not_changed_yet, start, stop),
        cmocka_unit_test_setup_teardown(test_what_cannot_be_told_yet_waits_for_the_roster, start, stop),
        cmocka_unit_test_setup_teardown(test_what_was_passed_over_between_two_rosters, start, stop),
        cmocka_unit_test_setup_teardown(test_what_had_not_left_when_the_keys_changed, start, stop),
        cmocka_unit_test_setup_teardown(test_clear_over_a_change_of_keys, start, stop),
        cmocka_unit_test_setup_teardown(test_clear_for_the_key_before_comes_to_its_successor, start, stop),
        cmocka_unit_test_setup_teardown(test_the_next_key_has_no_say_of_the_time, start, stop),
        cmocka_unit_test_setup_teardown(test_a_hub_of_the_other_that_is_a_member_of_the_one, start, stop),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
