/* Ends of keys among several nodes: a revocation binds all at once and for good; a succession waits for the roster. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include <sqlite3.h>

#include "keys/change.h"
#include "mesh_keys.h"
#include "mesh_look.h"
#include "mesh_rosters.h"
#include "proto/armour.h"
#include "proto/label.h"
#include "proto/vocabulary.h"

#define OK(expression) assert_int_equal((expression), NRS_OK)

enum { HUB, ALPHA, BRAVO, CHARLIE };

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

static bool admits(size_t node, size_t peer)
{
    return nrs_core_admits(net.nodes[node].core, nrs_identity_public(net.nodes[peer].identity)->curve_key);
}

static void test_revoked_everywhere(void **state)
{
    nrs_bytes payload = {0};

    (void)state;
    OK(nrs_change_revoke(&payload, net.nodes[BRAVO].identity, net.nodes[BRAVO].org, net.now_ms));
    assert_true(mesh_linked(&net, HUB, BRAVO));
    assert_string_equal(mesh_give_change(&net, ALPHA, "REVOCATION", &payload), "");
    assert_false(admits(ALPHA, BRAVO));
    assert_true(admits(HUB, BRAVO));
    mesh_settle(&net, 3);
    for (size_t node = HUB; node <= CHARLIE; node++) {
        assert_true(node == BRAVO || !admits(node, BRAVO));
    }
    assert_false(mesh_linked(&net, HUB, BRAVO));
    assert_true(mesh_linked(&net, HUB, CHARLIE));
    /* For good: over a restart, and though the roster still names it. */
    mesh_crash(&net, HUB);
    mesh_settle(&net, 3);
    assert_false(admits(HUB, BRAVO));
    assert_false(mesh_linked(&net, HUB, BRAVO));
    OK(mesh_ask(&net, ALPHA, "{\"command\":\"send\",\"label\":\"AMBER\",\"to\":[\"@electricity\"],\"kind\":\"incident\",\"subject\":\"s\",\"body\":\"b\"}"));
    for (size_t i = 0; i < json_array_size(json_object_get(mesh_row(&net, ALPHA, 0), "recipients")); i++) {
        assert_string_not_equal(json_string_value(json_array_get(json_object_get(mesh_row(&net, ALPHA, 0), "recipients"), i)), net.nodes[BRAVO].org);
    }
    /* Once more changes nothing, and what the key says later does not count. */
    assert_string_equal(mesh_give_change(&net, HUB, "REVOCATION", &payload), "");
    mesh_bump(&net);
    mesh_give(&net, HUB);
    mesh_settle(&net, 2);
    assert_false(admits(HUB, BRAVO));
    nrs_bytes_wipe(&payload);
}

static void test_first_succession_stands(void **state)
{
    nrs_bytes first = {0}, second = {0}, revocation = {0};
    nrs_identity *one = NULL, *two = NULL;

    (void)state;
    OK(nrs_identity_new(&one));
    OK(nrs_identity_new(&two));
    mesh_make_succession(&net, &first, BRAVO, one);
    mesh_make_succession(&net, &second, BRAVO, two);
    assert_string_equal(mesh_give_change(&net, BRAVO, "SUCCESSION", &first), "");
    mesh_settle(&net, 3);
    assert_true(mesh_linked(&net, HUB, BRAVO)); /* nothing changes until the roster does */
    assert_true(admits(HUB, BRAVO));
    assert_string_equal(mesh_give_change(&net, HUB, "SUCCESSION", &second), "exists");
    assert_string_equal(mesh_give_change(&net, HUB, "SUCCESSION", &first), "");
    OK(nrs_change_revoke(&revocation, net.nodes[BRAVO].identity, net.nodes[BRAVO].org, net.now_ms));
    assert_string_equal(mesh_give_change(&net, HUB, "REVOCATION", &revocation), ""); /* stands above both */
    assert_false(admits(HUB, BRAVO));
    assert_string_equal(mesh_give_change(&net, HUB, "SUCCESSION", &first), "");
    assert_false(admits(HUB, BRAVO));
    nrs_identity_destroy(&one);
    nrs_identity_destroy(&two);
    nrs_bytes_wipe(&first);
    nrs_bytes_wipe(&second);
    nrs_bytes_wipe(&revocation);
}

static void send(size_t node, char id_out[2 * NRS_HASH_SIZE + 1])
{
    OK(mesh_ask(&net, node, "{\"command\":\"send\",\"label\":\"AMBER\",\"to\":[\"org-3\"],\"kind\":\"incident\",\"subject\":\"s\",\"body\":\"b\"}"));
    (void)snprintf(id_out, 2 * NRS_HASH_SIZE + 1, "%s", mesh_text(mesh_row(&net, node, 0), "id"));
}

static void pass(uint64_t ms)
{
    net.now_ms += ms;
    net.monotonic_ms += ms;
    mesh_settle(&net, 6);
}

/* In its grace an old key receives and passes on what it made; it seals nothing new, and after four weeks it is nobody. */
static void test_grace(void **state)
{
    char before[2 * NRS_HASH_SIZE + 1], late[2 * NRS_HASH_SIZE + 1];
    nrs_identity *after;

    (void)state;
    after = mesh_announce_change(&net, BRAVO);
    send(BRAVO, before);
    mesh_follow_change(&net, BRAVO, after);
    mesh_settle(&net, 4);
    assert_true(mesh_linked(&net, HUB, BRAVO));
    assert_true(admits(CHARLIE, BRAVO));
    OK(mesh_ask(&net, CHARLIE, "{\"command\":\"show\",\"id\":\"%s\"}", before));
    OK(mesh_ask(&net, BRAVO, "{\"command\":\"status\"}")); /* it has the roster, over the link of the old key */
    assert_int_equal(json_integer_value(json_object_get(json_array_get(json_object_get(mesh_row(&net, BRAVO, 0), "communities"), 0), "roster_version")), 5);
    pass(NRS_CLOCK_AHEAD_MS_MAX + NRS_HOUR_MS);
    send(BRAVO, late);
    mesh_settle(&net, 4);
    assert_int_equal(mesh_ask(&net, CHARLIE, "{\"command\":\"show\",\"id\":\"%s\"}", late), NRS_ERROR_NOT_FOUND);
    OK(mesh_ask(&net, CHARLIE, "{\"command\":\"show\",\"id\":\"%s\"}", before));
    pass(NRS_SUCCEEDED_GRACE_MS);
    pass(NRS_HOUR_MS);
    assert_false(admits(HUB, BRAVO));
    assert_false(mesh_linked(&net, HUB, BRAVO));
    nrs_identity_destroy(&after);
}

static void send_to(size_t node, char id_out[2 * NRS_HASH_SIZE + 1], const char *label, const char *to)
{
    OK(mesh_ask(&net, node, "{\"command\":\"send\",\"label\":\"%s\",\"to\":[\"%s\"],\"kind\":\"incident\",\"subject\":\"s\",\"body\":\"b\"}", label, to));
    (void)snprintf(id_out, 2 * NRS_HASH_SIZE + 1, "%s", mesh_text(mesh_row(&net, node, 0), "id"));
    mesh_settle(&net, 4);
}

/* Two changes of keys on, each after the grace of the one before, a node reads what was for it under the first, past its expiry as well: by its
 * community, by its own name, and by a release to the members of then. */
static void test_what_came_before_two_changes_of_keys_is_read(void **state)
{
    char community[2 * NRS_HASH_SIZE + 1], own[2 * NRS_HASH_SIZE + 1], released[2 * NRS_HASH_SIZE + 1], later[2 * NRS_HASH_SIZE + 1];

    (void)state;
    send_to(CHARLIE, community, "GREEN", "@electricity");
    send_to(CHARLIE, own, "AMBER+STRICT", "org-2");
    send_to(CHARLIE, released, "AMBER+STRICT", "org-1");
    OK(mesh_ask(&net, ALPHA, "{\"command\":\"release-ask\",\"id\":\"%s\",\"to\":[\"@electricity\"],\"reason\":\"r\"}", released));
    mesh_settle(&net, 4);
    OK(mesh_ask(&net, CHARLIE, "{\"command\":\"release-grant\",\"id\":\"%s\"}", mesh_text(mesh_row(&net, ALPHA, 0), "id")));
    mesh_settle(&net, 8);
    OK(mesh_ask(&net, BRAVO, "{\"command\":\"show\",\"id\":\"%s\"}", released));
    for (size_t i = 0; i < 2; i++) {
        mesh_change_keys(&net, BRAVO);
        mesh_settle(&net, 4);
        pass(NRS_SUCCEEDED_GRACE_MS + NRS_HOUR_MS);
    }
    OK(mesh_ask(&net, BRAVO, "{\"command\":\"show\",\"id\":\"%s\"}", community));
    OK(mesh_ask(&net, BRAVO, "{\"command\":\"show\",\"id\":\"%s\"}", own));
    OK(mesh_ask(&net, BRAVO, "{\"command\":\"show\",\"id\":\"%s\"}", released));
    send_to(CHARLIE, later, "AMBER+STRICT", "org-1");
    assert_int_equal(mesh_ask(&net, BRAVO, "{\"command\":\"show\",\"id\":\"%s\"}", later), NRS_ERROR_NOT_FOUND);
}

/* Its time in the roster is of a clock that was a hundred days ahead: the grace ends four weeks after the node has seen it there, over a crash
 * as well, and does not begin anew when that time comes. */
static void test_a_grace_put_far_ahead(void **state)
{
    const uint64_t ahead_ms = 100 * NRS_DAY_MS;
    nrs_identity *after;

    (void)state;
    after = mesh_announce_change(&net, BRAVO);
    mesh_next(&net, mesh_put_keys, &(mesh_new_keys){&net.nodes[BRAVO], after, net.now_ms + ahead_ms});
    mesh_give(&net, HUB);
    mesh_settle(&net, 4);
    assert_true(admits(HUB, BRAVO));
    assert_true(admits(CHARLIE, BRAVO));
    pass(NRS_SUCCEEDED_GRACE_MS / 2);
    assert_true(admits(HUB, BRAVO));
    mesh_crash(&net, HUB);
    pass(NRS_SUCCEEDED_GRACE_MS / 2 + 2 * NRS_HOUR_MS);
    assert_false(admits(HUB, BRAVO));
    assert_false(admits(CHARLIE, BRAVO));
    pass(ahead_ms - NRS_SUCCEEDED_GRACE_MS);
    assert_false(admits(HUB, BRAVO));
    mesh_crash(&net, HUB);
    pass(2 * NRS_HOUR_MS);
    assert_false(admits(HUB, BRAVO));
    nrs_identity_destroy(&after);
}

/* Two rosters after the one that took the new key: one as before, the other without the organisation. */
static void fork_over(size_t node)
{
    const nrs_identity *const signers[] = {net.roster_key, NULL};
    const mesh_edit edits[] = {{.later_ms = 1}, {.later_ms = 2, .without = net.nodes[node].org}};

    for (size_t i = 0; i < 2; i++) {
        mesh_roster side = mesh_follow(nrs_slice_of_bytes(&net.statement), &edits[i], signers);

        mesh_put(&net, HUB, "ROSTER", nrs_slice_of_bytes(&side.many));
        mesh_roster_wipe(&side);
    }
    mesh_settle(&net, 4);
    assert_true(mesh_forked(&net, HUB) && mesh_forked(&net, CHARLIE));
}

/* An organisation on which the sides of a fork do not agree has no place by the key that it had before either. */
static void test_a_fork_leaves_out_the_former_key_too(void **state)
{
    char before[2 * NRS_HASH_SIZE + 1];
    nrs_identity *after;

    (void)state;
    after = mesh_announce_change(&net, BRAVO);
    mesh_follow_change(&net, BRAVO, after);
    mesh_settle(&net, 4);
    assert_true(admits(HUB, BRAVO) && mesh_linked(&net, HUB, BRAVO)); /* in its grace */
    fork_over(BRAVO);
    assert_false(admits(HUB, BRAVO) || admits(CHARLIE, BRAVO));
    assert_false(mesh_linked(&net, HUB, BRAVO));
    send(BRAVO, before);
    mesh_settle(&net, 4);
    assert_int_equal(mesh_ask(&net, CHARLIE, "{\"command\":\"show\",\"id\":\"%s\"}", before), NRS_ERROR_NOT_FOUND);
    nrs_identity_destroy(&after);
}

/* "done" would be no true answer; what was there before can be read. */
static void test_who_is_revoked_is_told_that_nobody_takes_what_it_sends(void **state)
{
    static const char *const asks[] = {"reply", "forward", "accept", "decline", "withdraw", "release-ask", "release-grant", "release-deny", "vouch"};
    char id[2 * NRS_HASH_SIZE + 1];
    nrs_bytes payload = {0};
    const json_t *refusal;
    size_t listed;

    (void)state;
    send(BRAVO, id);
    mesh_settle(&net, 3);
    OK(nrs_change_revoke(&payload, net.nodes[BRAVO].identity, net.nodes[BRAVO].org, net.now_ms));
    assert_string_equal(mesh_give_change(&net, BRAVO, "REVOCATION", &payload), "");
    listed = mesh_listed(&net, BRAVO);
    assert_int_equal(mesh_ask(&net, BRAVO, "{\"command\":\"send\",\"label\":\"AMBER\",\"to\":[\"@electricity\"],\"kind\":\"incident\",\"subject\":\"s\",\"body\":\"b\"}"),
                     NRS_ERROR_REVOKED);
    refusal = json_array_get(net.nodes[BRAVO].reply, mesh_row_count(&net, BRAVO));
    assert_non_null(strstr(mesh_text(refusal, "message"), "nobody takes what it sends"));
    assert_non_null(strstr(mesh_text(refusal, "hint"), "noroshi init"));
    OK(mesh_ask(&net, BRAVO, "{\"command\":\"audit-list\",\"kind\":\"send\"}"));
    assert_string_equal(mesh_text(mesh_row(&net, BRAVO, mesh_row_count(&net, BRAVO) - 1), "rule"), "revoked");
    for (size_t i = 0; i < sizeof asks / sizeof asks[0]; i++) {
        assert_int_equal(mesh_ask(&net, BRAVO, "{\"command\":\"%s\",\"id\":\"%s\"}", asks[i], id), NRS_ERROR_REVOKED);
    }
    OK(mesh_ask(&net, BRAVO, "{\"command\":\"audit-list\",\"kind\":\"withdraw\",\"about\":\"%s\"}", id));
    assert_int_equal(mesh_row_count(&net, BRAVO), 1);
    assert_string_equal(mesh_text(mesh_row(&net, BRAVO, 0), "rule"), "revoked");
    assert_int_equal(mesh_listed(&net, BRAVO), listed);
    OK(mesh_ask(&net, BRAVO, "{\"command\":\"show\",\"id\":\"%s\"}", id));
    assert_true(mesh_warned(&net, BRAVO, "the key of this node is revoked"));
    mesh_crash(&net, BRAVO);
    assert_int_equal(mesh_ask(&net, BRAVO, "{\"command\":\"withdraw\",\"id\":\"%s\",\"reason\":\"r\"}", id), NRS_ERROR_REVOKED);
    nrs_bytes_wipe(&payload);
}

/* Who revokes a key before the roster or after it followed ends the key before that one too: it lies beside it, on the same disk. */
static void test_former_ends_with_its_successor(void **state)
{
    char before[2 * NRS_HASH_SIZE + 1];
    nrs_bytes revocation = {0};
    nrs_identity *after;

    (void)state;
    after = mesh_announce_change(&net, BRAVO);
    mesh_follow_change(&net, BRAVO, after);
    mesh_settle(&net, 4);
    assert_true(mesh_linked(&net, HUB, BRAVO));
    OK(nrs_change_revoke(&revocation, after, net.nodes[BRAVO].org, net.now_ms));
    assert_string_equal(mesh_give_change(&net, HUB, "REVOCATION", &revocation), "");
    assert_false(admits(HUB, BRAVO));
    send(BRAVO, before); /* within what an old key may still hand over */
    mesh_settle(&net, 3);
    assert_false(admits(CHARLIE, BRAVO));
    assert_false(mesh_linked(&net, HUB, BRAVO));
    assert_int_equal(mesh_ask(&net, CHARLIE, "{\"command\":\"show\",\"id\":\"%s\"}", before), NRS_ERROR_NOT_FOUND);
    mesh_crash(&net, HUB); /* and for good */
    mesh_settle(&net, 3);
    assert_false(admits(HUB, BRAVO));
    nrs_identity_destroy(&after);
    nrs_bytes_wipe(&revocation);
}

/* As it says of the next keys, which no roster names yet: who follows them later lets nobody in. */
static void test_next_key_ends_before_the_roster_follows(void **state)
{
    (void)state;
    for (size_t way = 0; way < 2; way++) {
        nrs_bytes first = {0}, revocation = {0};
        nrs_identity *after;
        const uint8_t *curve_key;

        mesh_start(&net, 4, 1);
        mesh_settle(&net, 4);
        after = mesh_announce_change(&net, BRAVO);
        curve_key = nrs_identity_public(after)->curve_key;
        mesh_settle(&net, 3);
        if (way == 1) { /* the key before has ended already, and the node was restarted since */
            OK(nrs_change_revoke(&first, net.nodes[BRAVO].identity, net.nodes[BRAVO].org, net.now_ms));
            assert_string_equal(mesh_give_change(&net, HUB, "REVOCATION", &first), "");
            mesh_settle(&net, 3);
            mesh_crash(&net, HUB);
            mesh_crash(&net, CHARLIE);
            mesh_settle(&net, 3);
        }
        OK(nrs_change_revoke(&revocation, after, net.nodes[BRAVO].org, net.now_ms));
        assert_string_equal(mesh_give_change(&net, HUB, "REVOCATION", &revocation), "");
        mesh_settle(&net, 3);
        assert_false(admits(HUB, BRAVO));
        assert_false(admits(CHARLIE, BRAVO));
        mesh_follow_change(&net, BRAVO, after);
        mesh_settle(&net, 4);
        for (size_t start_count = 0; start_count < 2; start_count++) {
            assert_false(nrs_core_admits(net.nodes[HUB].core, curve_key));
            assert_false(nrs_core_admits(net.nodes[CHARLIE].core, curve_key));
            mesh_crash(&net, HUB);
            mesh_crash(&net, CHARLIE);
            mesh_settle(&net, 3);
        }
        nrs_identity_destroy(&after);
        nrs_bytes_wipe(&first);
        nrs_bytes_wipe(&revocation);
        mesh_stop(&net);
    }
}

/* A member's own key is no way to speak of another organisation's: the change must bear the name under which the roster has the key. */
static void test_anothers_name(void **state)
{
    nrs_bytes revocation = {0}, succession = {0};
    nrs_identity *after = NULL;

    (void)state;
    OK(nrs_identity_new(&after));
    OK(nrs_change_revoke(&revocation, net.nodes[ALPHA].identity, net.nodes[BRAVO].org, net.now_ms));
    mesh_make_succession_as(&net, &succession, ALPHA, after, net.nodes[BRAVO].org);
    assert_string_equal(mesh_give_change(&net, HUB, "REVOCATION", &revocation), "forged");
    assert_string_equal(mesh_give_change(&net, HUB, "SUCCESSION", &succession), "forged");
    mesh_settle(&net, 2);
    for (size_t node = ALPHA; node <= CHARLIE; node++) {
        assert_true(admits(HUB, node));
    }
    nrs_bytes_wipe(&succession);
    mesh_make_succession(&net, &succession, ALPHA, after);
    assert_string_equal(mesh_give_change(&net, HUB, "SUCCESSION", &succession), "");
    nrs_identity_destroy(&after);
    nrs_bytes_wipe(&revocation);
    nrs_bytes_wipe(&succession);
}

/* Nor is it a way to stay: another member that lends its key as the next keeps nobody's link for whom the roster has removed. */
static void test_anothers_key(void **state)
{
    nrs_bytes succession = {0}, later = {0};
    size_t lender;

    (void)state;
    mesh_make_succession(&net, &succession, ALPHA, net.nodes[BRAVO].identity);
    assert_string_equal(mesh_give_change(&net, BRAVO, "SUCCESSION", &succession), "forged");
    assert_string_equal(mesh_give_change(&net, HUB, "SUCCESSION", &succession), "forged");
    lender = mesh_add_node(&net, "org-lender"); /* who comes into the roster after that was announced */
    mesh_make_succession(&net, &later, ALPHA, net.nodes[lender].identity);
    assert_string_equal(mesh_give_change(&net, HUB, "SUCCESSION", &later), "");
    mesh_join(&net, lender, NRS_ROLE_OPERATOR);
    mesh_settle(&net, 4);
    assert_true(mesh_linked(&net, HUB, ALPHA) && mesh_linked(&net, HUB, lender));
    mesh_let_go(&net, ALPHA);
    mesh_settle(&net, 2);
    assert_false(admits(HUB, ALPHA) || admits(CHARLIE, ALPHA));
    assert_false(mesh_linked(&net, HUB, ALPHA));
    nrs_bytes_wipe(&succession);
    nrs_bytes_wipe(&later);
}

/* A hub's next key is greeted where its announcement is held, a member's is not, and neither counts for more before the roster names it. */
static void test_next_key_of_a_hub(void **state)
{
    nrs_bytes of_hub = {0}, of_bravo = {0}, revocation = {0};
    nrs_identity *hub = NULL, *bravo = NULL;

    (void)state;
    OK(nrs_identity_new(&hub));
    OK(nrs_identity_new(&bravo));
    mesh_make_succession(&net, &of_hub, HUB, hub);
    mesh_make_succession(&net, &of_bravo, BRAVO, bravo);
    assert_false(nrs_core_admits(net.nodes[ALPHA].core, nrs_identity_public(hub)->curve_key));
    assert_string_equal(mesh_give_change(&net, HUB, "SUCCESSION", &of_hub), "");
    assert_string_equal(mesh_give_change(&net, BRAVO, "SUCCESSION", &of_bravo), "");
    mesh_settle(&net, 3);
    for (size_t node = ALPHA; node <= CHARLIE; node++) {
        assert_true(nrs_core_admits(net.nodes[node].core, nrs_identity_public(hub)->curve_key));
        assert_false(nrs_core_admits(net.nodes[node].core, nrs_identity_public(bravo)->curve_key));
        assert_true(mesh_linked(&net, HUB, node));
    }
    mesh_crash(&net, ALPHA);
    assert_true(nrs_core_admits(net.nodes[ALPHA].core, nrs_identity_public(hub)->curve_key));
    OK(nrs_change_revoke(&revocation, net.nodes[HUB].identity, net.nodes[HUB].org, net.now_ms));
    assert_string_equal(mesh_give_change(&net, ALPHA, "REVOCATION", &revocation), "");
    assert_false(nrs_core_admits(net.nodes[ALPHA].core, nrs_identity_public(hub)->curve_key));
    nrs_identity_destroy(&hub);
    nrs_identity_destroy(&bravo);
    nrs_bytes_wipe(&of_hub);
    nrs_bytes_wipe(&of_bravo);
    nrs_bytes_wipe(&revocation);
}

static bool has_link_to_itself(size_t node)
{
    const json_t *links = json_object_get(mesh_status(&net, node), "links");
    bool found = false;

    for (size_t i = 0; i < json_array_size(links); i++) {
        found = found || strcmp(mesh_text(json_array_get(links, i), "org"), net.nodes[node].org) == 0;
    }
    return found;
}

/* It dials nobody by its own next key: not when that is announced, not while its members hear of the roster that names it, nor by the one before. */
static void test_a_hub_does_not_dial_itself(void **state)
{
    nrs_bytes succession = {0};
    nrs_identity *after = NULL;

    (void)state;
    OK(nrs_identity_new(&after));
    mesh_make_succession_at(&net, &succession, HUB, after, "tcp://127.0.0.1:7005");
    assert_string_equal(mesh_give_change(&net, HUB, "SUCCESSION", &succession), "");
    mesh_settle(&net, 3);
    assert_false(has_link_to_itself(HUB));
    mesh_follow_change(&net, HUB, after);
    for (size_t i = 0; i < 4; i++) {
        assert_false(has_link_to_itself(HUB));
        mesh_settle(&net, 1);
    }
    assert_false(has_link_to_itself(HUB));
    mesh_take_over(&net, HUB, after);
    mesh_settle(&net, 4);
    nrs_bytes_wipe(&succession);
    assert_false(has_link_to_itself(HUB));
    assert_true(mesh_linked(&net, HUB, ALPHA));
}

/* As on a disk that is full. */
static void no_room(bool none)
{
    static struct rlimit before;
    struct rlimit limit;

    if (none) {
        assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
        limit = before;
        limit.rlim_cur = 1;
    } else {
        limit = before;
    }
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

/* The step in which a node adopts the roster with its next keys fails at its commit: nothing of it was said, and the next one says it. */
static void test_a_step_that_failed_said_nothing(void **state)
{
    nrs_event event = {.type = NRS_EVENT_INBOX, .name = "electricity.roster"};
    char *armoured = NULL;
    nrs_identity *after = NULL;
    nrs_error error;

    (void)state;
    after = mesh_announce_change(&net, BRAVO);
    mesh_next(&net, mesh_put_keys, &(mesh_new_keys){&net.nodes[BRAVO], after, net.now_ms});
    OK(nrs_armour_encode(&armoured, "ROSTER", nrs_slice_of_bytes(&net.many)));
    event.bytes = nrs_slice_of_string(armoured);
    (void)signal(SIGXFSZ, SIG_IGN);
    no_room(true);
    error = mesh_step(&net, BRAVO, &event);
    no_room(false);
    assert_int_not_equal(error, NRS_OK);
    assert_int_equal(net.nodes[BRAVO].switches, 0);
    OK(mesh_step(&net, BRAVO, &event));
    assert_int_equal(net.nodes[BRAVO].switches, 1);
    free(armoured);
    nrs_identity_destroy(&after);
}

static void test_refused(void **state)
{
    nrs_bytes payload = {0};
    nrs_identity *stranger = NULL;

    (void)state;
    OK(nrs_identity_new(&stranger));
    OK(nrs_change_revoke(&payload, stranger, "org-2", net.now_ms)); /* another's name is no help */
    assert_string_equal(mesh_give_change(&net, HUB, "REVOCATION", &payload), "not-member");
    OK(nrs_change_revoke(&payload, net.nodes[BRAVO].identity, net.nodes[BRAVO].org, net.now_ms));
    payload.data[payload.size - 1] ^= 1;
    assert_string_equal(mesh_give_change(&net, HUB, "REVOCATION", &payload), "forged");
    payload.size -= 9;
    assert_string_equal(mesh_give_change(&net, HUB, "REVOCATION", &payload), "malformed");
    payload.size += 9;
    mesh_settle(&net, 2);
    assert_true(mesh_linked(&net, HUB, BRAVO));
    nrs_identity_destroy(&stranger);
    nrs_bytes_wipe(&payload);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_revoked_everywhere, start, stop),
        cmocka_unit_test_setup_teardown(test_who_is_revoked_is_told_that_nobody_takes_what_it_sends, start, stop),
        cmocka_unit_test_setup_teardown(test_first_succession_stands, start, stop),
        cmocka_unit_test_setup_teardown(test_grace, start, stop),
        cmocka_unit_test_setup_teardown(test_a_grace_put_far_ahead, start, stop),
        cmocka_unit_test_setup_teardown(test_a_fork_leaves_out_the_former_key_too, start, stop),
        cmocka_unit_test_setup_teardown(test_former_ends_with_its_successor, start, stop),
        cmocka_unit_test(test_next_key_ends_before_the_roster_follows),
        cmocka_unit_test_setup_teardown(test_anothers_name, start, stop),
        cmocka_unit_test_setup_teardown(test_anothers_key, start, stop),
        cmocka_unit_test_setup_teardown(test_next_key_of_a_hub, start, stop),
        cmocka_unit_test_setup_teardown(test_a_hub_does_not_dial_itself, start, stop),
        cmocka_unit_test_setup_teardown(test_a_step_that_failed_said_nothing, start, stop),
        cmocka_unit_test_setup_teardown(test_what_came_before_two_changes_of_keys_is_read, start, stop),
        cmocka_unit_test_setup_teardown(test_refused, start, stop),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
