/* Whom a fork leaves outside: it is told of it, by whom it still dials, and comes back by the roster that heals it with nothing lost. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "mesh_rosters.h"
#include "keys/change.h"
#include "mesh_second.h"
#include "proto/vocabulary.h"

#define OK(expression) assert_int_equal((expression), NRS_OK)
#define SEND "{\"command\":\"send\",\"label\":\"AMBER\",\"to\":[\"@electricity\"],\"kind\":\"situation\",\"subject\":\"s\",\"body\":\"b\"}"

static bool says(mesh *net, size_t node, const char *words)
{
    const json_t *warnings;
    bool found = false;

    OK(mesh_command(net, node, "{\"command\":\"status\"}"));
    warnings = json_object_get(mesh_row(net, node, 0), "warnings");
    for (size_t i = 0; i < json_array_size(warnings); i++) {
        found = found || strstr(json_string_value(json_array_get(warnings, i)), words) != NULL;
    }
    return found;
}

static size_t reports(mesh *net, size_t node)
{
    OK(mesh_command(net, node, "{\"command\":\"list\"}"));
    return mesh_row_count(net, node);
}

static bool lose(void *context, size_t from, size_t to, nrs_slice frame)
{
    mesh *net = context;

    (void)frame;
    net->swallow = from == 3 || to == 3;
    return true;
}

/* way 0: the other side leaves org-3 out. way 1: our own side does, which is in force. */
static void who_is_left_outside_is_told(void **state)
{
    (void)state;
    for (size_t way = 0; way < 2; way++) {
        mesh net;
        const nrs_identity *founder[2] = {NULL, NULL};
        mesh_roster ours, theirs, heals;
        char fingerprint[48];
        uint8_t hash[NRS_HASH_SIZE];
        long long before;

        mesh_start(&net, 5, 1);
        mesh_settle(&net, 6);
        founder[0] = net.roster_key;
        before = mesh_version(&net, 0);
        {
            const mesh_edit one = {.later_ms = 1, .without = way == 1 ? "org-3" : NULL}, other = {.later_ms = 2, .without = way == 0 ? "org-3" : "org-4"};

            ours = mesh_follow(nrs_slice_of_bytes(&net.statement), &one, founder);
            theirs = mesh_follow(nrs_slice_of_bytes(&net.statement), &other, founder);
        }
        mesh_put(&net, 0, "ROSTER", nrs_slice_of_bytes(&ours.many));
        mesh_settle(&net, 3);
        if (way == 0) { /* two reports on their way while nothing passes, one each way */
            net.inspect = lose;
            net.inspect_context = &net;
            OK(mesh_ask(&net, 3, SEND));
            OK(mesh_ask(&net, 1, SEND));
            mesh_settle(&net, 1);
            net.inspect = NULL;
            net.swallow = false;
        }
        mesh_show(&net, 1, 0, nrs_slice_of_bytes(&theirs.many));
        assert_true(mesh_forked(&net, 0));
        if (way == 1) {
            mesh_crash(&net, 3); /* in this mesh nobody who was turned away dials again by itself */
        }
        mesh_settle(&net, 4);
        assert_true(mesh_forked(&net, 3));
        assert_int_equal(json_array_size(json_object_get(mesh_forks(&net, 3), "rosters")), 2);
        assert_int_equal(json_array_size(json_object_get(mesh_forks(&net, 3), "members")), way == 0 ? 4 : 3);
        assert_false(mesh_linked(&net, 0, 3));
        assert_true(says(&net, 3, "ALARM: two rosters of @electricity"));
        assert_true(way == 1 || says(&net, 3, "leaves this node outside until it is healed"));
        assert_false(says(&net, 3, "it may have been removed"));
        assert_int_equal(reports(&net, 3), way == 0 ? 1 : 0); /* its own: it is told, and sent nothing */
        assert_int_equal(reports(&net, 0), way == 0 ? 1 : 0);
        mesh_crash(&net, 3);
        mesh_crash(&net, 0);
        mesh_settle(&net, 4);
        assert_true(mesh_forked(&net, 3));
        assert_false(mesh_linked(&net, 0, 3));

        /* The roster that heals names all members of the version before: it comes to org-3 too, and waits for its person. */
        {
            const mesh_edit names = {.later_ms = 3, .fork_count = 2,
                                     .forks = {nrs_slice_of_bytes(&ours.statement), nrs_slice_of_bytes(&theirs.statement)}};

            heals = mesh_follow(nrs_slice_of_bytes(way == 0 ? &ours.statement : &theirs.statement), &names, founder);
        }
        mesh_put(&net, 0, "ROSTER", nrs_slice_of_bytes(&heals.many));
        assert_int_equal(mesh_version(&net, 0), before + 2);
        mesh_settle(&net, 4);
        nrs_roster_hash(hash, nrs_slice_of_bytes(&heals.statement));
        nrs_fingerprint(fingerprint, hash);
        for (size_t i = 1; i < 4; i++) {
            OK(mesh_ask(&net, i, "{\"command\":\"roster-heal\",\"community\":\"electricity\",\"fingerprint\":\"%s\"}", fingerprint));
        }
        mesh_settle(&net, 4);
        assert_false(mesh_forked(&net, 3));
        assert_true(mesh_linked(&net, 0, 3));
        assert_int_equal(mesh_version(&net, 3), before + 2);
        if (way == 0) {
            assert_int_equal(reports(&net, 0), 2);
            assert_int_equal(reports(&net, 3), 2); /* its own and org-1's */
        }
        mesh_roster_wipe(&ours);
        mesh_roster_wipe(&theirs);
        mesh_roster_wipe(&heals);
        mesh_stop(&net);
    }
}

/* Who was removed by the roster in force is not told: its link has ended for good, whatever another side says of it. */
static void who_was_removed_is_not_told(void **state)
{
    mesh net;
    const nrs_identity *founder[2] = {NULL, NULL};
    mesh_roster theirs;

    (void)state;
    mesh_start(&net, 4, 1);
    mesh_settle(&net, 6);
    founder[0] = net.roster_key;
    {
        const mesh_edit other = {.later_ms = 2};

        theirs = mesh_follow(nrs_slice_of_bytes(&net.statement), &other, founder);
    }
    mesh_remove(&net, 3);
    mesh_settle(&net, 3);
    assert_false(mesh_linked(&net, 0, 3));
    mesh_show(&net, 1, 0, nrs_slice_of_bytes(&theirs.many));
    assert_true(mesh_forked(&net, 0));
    assert_false(nrs_core_admits(net.nodes[0].core, nrs_identity_public(net.nodes[3].identity)->curve_key));
    mesh_settle(&net, 4);
    assert_false(mesh_forked(&net, 3));
    mesh_roster_wipe(&theirs);
    mesh_stop(&net);
}

static bool lose_from_hub(void *context, size_t from, size_t to, nrs_slice frame)
{
    mesh *net = context;

    (void)frame;
    net->swallow = from == 0 && to == 3;
    return true;
}

/* Linked through another community it goes on sending until it is told: what it sends so waits at the hub for the roster that heals. */
static void what_it_sends_by_another_way_waits(void **state)
{
    const size_t nodes[] = {0, 3};
    const uint32_t roles[] = {NRS_ROLE_HUB, NRS_ROLE_OPERATOR};
    mesh net;
    mesh_second gas;
    const nrs_identity *founder[2] = {NULL, NULL};
    mesh_roster ours, theirs, heals;

    (void)state;
    mesh_start(&net, 4, 1);
    mesh_second_start(&net, &gas, "gas", nodes, roles, 2, false);
    mesh_settle(&net, 6);
    founder[0] = net.roster_key;
    {
        const mesh_edit one = {.later_ms = 1}, other = {.later_ms = 2, .without = "org-3"};

        ours = mesh_follow(nrs_slice_of_bytes(&net.statement), &one, founder);
        theirs = mesh_follow(nrs_slice_of_bytes(&net.statement), &other, founder);
    }
    mesh_put(&net, 0, "ROSTER", nrs_slice_of_bytes(&ours.many));
    mesh_settle(&net, 3);
    net.inspect = lose_from_hub;
    net.inspect_context = &net;
    mesh_show(&net, 1, 0, nrs_slice_of_bytes(&theirs.many));
    assert_true(mesh_linked(&net, 0, 3));
    OK(mesh_ask(&net, 3, SEND));
    mesh_settle(&net, 2);
    assert_int_equal(reports(&net, 0), 0);
    net.inspect = NULL;
    net.swallow = false;
    mesh_crash(&net, 3);
    mesh_settle(&net, 4);
    assert_true(mesh_forked(&net, 3));
    assert_true(mesh_linked(&net, 0, 3)); /* as members of the other */
    {
        const mesh_edit names = {.later_ms = 3, .fork_count = 2,
                                 .forks = {nrs_slice_of_bytes(&ours.statement), nrs_slice_of_bytes(&theirs.statement)}};

        heals = mesh_follow(nrs_slice_of_bytes(&ours.statement), &names, founder);
    }
    mesh_put(&net, 0, "ROSTER", nrs_slice_of_bytes(&heals.many));
    mesh_settle(&net, 3);
    assert_int_equal(reports(&net, 0), 1);
    mesh_roster_wipe(&ours);
    mesh_roster_wipe(&theirs);
    mesh_roster_wipe(&heals);
    mesh_second_stop(&gas);
    mesh_stop(&net);
}

/* Nor is who has ended its key by itself, before the fork or while it lasts: a thief of the key learns nothing by it. */
static void who_ended_its_key_is_not_told(void **state)
{
    (void)state;
    for (size_t way = 0; way < 2; way++) {
        mesh net;
        const nrs_identity *founder[2] = {NULL, NULL};
        nrs_bytes revocation = {0};
        mesh_roster ours, theirs;
        const uint8_t *curve_key;

        mesh_start(&net, 4, 1);
        mesh_settle(&net, 6);
        founder[0] = net.roster_key;
        curve_key = nrs_identity_public(net.nodes[3].identity)->curve_key;
        OK(nrs_change_revoke(&revocation, net.nodes[3].identity, net.nodes[3].org, net.now_ms));
        {
            const mesh_edit one = {.later_ms = 1}, other = {.later_ms = 2, .without = "org-3"};

            ours = mesh_follow(nrs_slice_of_bytes(&net.statement), &one, founder);
            theirs = mesh_follow(nrs_slice_of_bytes(&net.statement), &other, founder);
        }
        mesh_put(&net, 0, "ROSTER", nrs_slice_of_bytes(&ours.many));
        mesh_settle(&net, 3);
        if (way == 0) {
            mesh_put(&net, 0, "REVOCATION", nrs_slice_of_bytes(&revocation));
        }
        mesh_show(&net, 1, 0, nrs_slice_of_bytes(&theirs.many));
        assert_true(mesh_forked(&net, 0));
        assert_int_equal(nrs_core_admits(net.nodes[0].core, curve_key), way == 1);
        if (way == 1) {
            mesh_put(&net, 0, "REVOCATION", nrs_slice_of_bytes(&revocation));
        }
        for (size_t start = 0; start < 2; start++) {
            mesh_settle(&net, 4);
            assert_false(nrs_core_admits(net.nodes[0].core, curve_key));
            assert_false(mesh_linked(&net, 0, 3));
            mesh_crash(&net, 3); /* it dials again */
            mesh_crash(&net, 0);
        }
        assert_true(way == 1 || !mesh_forked(&net, 3)); /* or it was told while its key was good */
        nrs_bytes_wipe(&revocation);
        mesh_roster_wipe(&ours);
        mesh_roster_wipe(&theirs);
        mesh_stop(&net);
    }
}

/* Removed here, and linked for the sake of another community: it is told nothing of the roster, but its hub refuses what it sends, of which it warns its
 * person, over a restart too, until it is back. */
static void who_was_removed_hears_its_hub_refuse(void **state)
{
    static const char words[] = "a hub of @electricity has refused since";
    const size_t nodes[] = {0, 3};
    const uint32_t roles[] = {NRS_ROLE_HUB, NRS_ROLE_OPERATOR};
    mesh net;
    mesh_second gas;
    long long before;

    (void)state;
    mesh_start(&net, 4, 1);
    mesh_second_start(&net, &gas, "gas", nodes, roles, 2, false);
    mesh_settle(&net, 6);
    before = mesh_version(&net, 3);
    OK(mesh_ask(&net, 3, SEND));
    mesh_settle(&net, 4);
    assert_int_equal(reports(&net, 0), 1);
    assert_false(says(&net, 3, words));
    mesh_let_go(&net, 3);
    mesh_settle(&net, 4);
    assert_true(mesh_linked(&net, 0, 3));
    assert_false(says(&net, 3, words));
    OK(mesh_ask(&net, 3, SEND));
    mesh_settle(&net, 4);
    assert_int_equal(reports(&net, 0), 1);
    assert_int_equal(mesh_version(&net, 3), before);
    assert_true(says(&net, 3, words));
    mesh_crash(&net, 3);
    mesh_settle(&net, 4);
    assert_true(says(&net, 3, words));
    mesh_join(&net, 3, NRS_ROLE_OPERATOR);
    mesh_settle(&net, 4);
    assert_false(says(&net, 3, words));
    mesh_second_stop(&gas);
    mesh_stop(&net);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_is_left_outside_is_told),
        cmocka_unit_test(who_was_removed_is_not_told),
        cmocka_unit_test(who_ended_its_key_is_not_told),
        cmocka_unit_test(what_it_sends_by_another_way_waits),
        cmocka_unit_test(who_was_removed_hears_its_hub_refuse),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
