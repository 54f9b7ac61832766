/* What a person's hand can and cannot do to a community that is forked: by a roster, an invite or a draft left in the inbox. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "mesh_rosters.h"
#include "proto/vocabulary.h"

#define OK(expression) assert_int_equal((expression), NRS_OK)

/* Hub 0 and members; `ours` is in force at the hub, `theirs` is another of its version. */
typedef struct sides {
    mesh net;
    mesh_roster ours, theirs;
    long long version; /* of both */
    const nrs_identity *founder[2];
} sides;

static void start(sides *all, size_t node_count)
{
    const mesh_edit one = {.later_ms = 1}, other = {.later_ms = 2};
    mesh *net = &all->net;

    mesh_start(net, node_count, 1);
    mesh_settle(net, 6);
    all->founder[0] = net->roster_key;
    all->founder[1] = NULL;
    all->version = mesh_version(net, 0) + 1;
    all->ours = mesh_follow(nrs_slice_of_bytes(&net->statement), &one, all->founder);
    all->theirs = mesh_follow(nrs_slice_of_bytes(&net->statement), &other, all->founder);
    mesh_put(net, 0, "ROSTER", nrs_slice_of_bytes(&all->ours.many));
    mesh_settle(net, 3);
    for (size_t i = 0; i < node_count; i++) {
        assert_int_equal(mesh_version(net, i), all->version);
    }
}

static void stop(sides *all)
{
    mesh_roster_wipe(&all->ours);
    mesh_roster_wipe(&all->theirs);
    mesh_stop(&all->net);
}

static mesh_roster healing(const sides *all)
{
    const mesh_edit names_both = {.later_ms = 3, .fork_count = 2,
                                  .forks = {nrs_slice_of_bytes(&all->ours.statement), nrs_slice_of_bytes(&all->theirs.statement)}};

    return mesh_follow(nrs_slice_of_bytes(&all->ours.statement), &names_both, all->founder);
}

/* An invite puts nothing in force that the same roster would not: the freeze ends with a roster that names both sides. */
static void an_invite_ends_no_fork(void **state)
{
    sides all;
    mesh *net = &all.net;
    mesh_roster names_none, further, heals;

    (void)state;
    start(&all, 3);
    {
        const mesh_edit nothing = {.later_ms = 4};

        names_none = mesh_follow(nrs_slice_of_bytes(&all.ours.statement), &nothing, all.founder);
        further = mesh_follow(nrs_slice_of_bytes(&names_none.statement), &nothing, all.founder);
    }
    mesh_show(net, 1, 0, nrs_slice_of_bytes(&all.theirs.many));
    assert_true(mesh_forked(net, 0));
    mesh_invite(net, 0, NULL, 0, &names_none);
    assert_int_equal(mesh_version(net, 0), all.version);
    assert_true(mesh_forked(net, 0));
    mesh_invite(net, 0, NULL, 0, &further);
    assert_int_equal(mesh_version(net, 0), all.version);
    heals = healing(&all);
    mesh_invite(net, 0, NULL, 0, &heals);
    assert_int_equal(mesh_version(net, 0), all.version + 1);
    assert_false(mesh_forked(net, 0));
    mesh_crash(net, 0);
    assert_false(mesh_forked(net, 0));
    mesh_roster_wipe(&names_none);
    mesh_roster_wipe(&further);
    mesh_roster_wipe(&heals);
    stop(&all);
}

/* Another roster of the version that is in force, signed in full, put there by this node's own person: it is refused, and it is the
 * proof of a fork, which is kept and told. So is an invite with one. */
static void a_rival_by_hand_is_evidence(void **state)
{
    (void)state;
    for (size_t way = 0; way < 2; way++) {
        sides all;
        mesh *net = &all.net;

        start(&all, 3);
        if (way == 0) {
            mesh_put(net, 0, "ROSTER", nrs_slice_of_bytes(&all.theirs.many));
        } else {
            mesh_invite(net, 0, NULL, 0, &all.theirs);
        }
        assert_non_null(strstr(net->nodes[0].last_log, "forked"));
        assert_true(mesh_forked(net, 0));
        assert_int_equal(json_array_size(json_object_get(mesh_forks(net, 0), "rosters")), 2);
        mesh_settle(net, 4);
        assert_true(mesh_forked(net, 1));
        assert_int_equal(mesh_version(net, 1), all.version);
        mesh_put(net, 0, "ROSTER", nrs_slice_of_bytes(&all.ours.many)); /* what is in force changes nothing */
        assert_int_equal(json_array_size(json_object_get(mesh_forks(net, 0), "rosters")), 2);
        stop(&all);
    }
}

/* One that is not signed is neither. */
static void what_is_not_signed_is_no_evidence(void **state)
{
    sides all;
    mesh *net = &all.net;
    nrs_identity *stranger = NULL;
    mesh_roster false_one;

    (void)state;
    start(&all, 2);
    OK(nrs_identity_new(&stranger));
    {
        const mesh_edit nothing = {.later_ms = 5};
        const nrs_identity *const signers[] = {stranger, NULL};
        mesh_roster before = {{0}, {0}};

        OK(nrs_bytes_copy(&before.statement, nrs_slice_of_bytes(&net->statement)));
        false_one = mesh_follow(nrs_slice_of_bytes(&before.statement), &nothing, signers);
        mesh_roster_wipe(&before);
    }
    mesh_put(net, 0, "ROSTER", nrs_slice_of_bytes(&false_one.many));
    mesh_invite(net, 0, NULL, 0, &false_one);
    assert_false(mesh_forked(net, 0));
    nrs_identity_destroy(&stranger);
    mesh_roster_wipe(&false_one);
    stop(&all);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_invite_ends_no_fork),
        cmocka_unit_test(a_rival_by_hand_is_evidence),
        cmocka_unit_test(what_is_not_signed_is_no_evidence),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
