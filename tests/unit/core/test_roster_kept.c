/* Who was revoked stays so, whatever a later roster leaves out: one after the other, across a gap, and behind a fork (SPEC 7.4). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "mesh_rosters.h"

#define OK(expression) assert_int_equal((expression), NRS_OK)
#define STATEMENT(made) nrs_slice_of_bytes(&(made).statement)
#define MANY(made) nrs_slice_of_bytes(&(made).many)

enum { HUB, ALPHA, BRAVO, GONE };

static mesh net;
static const nrs_identity *founder[2];
static long long held;

/* GONE was revoked, and all know it. */
static void start(void)
{
    mesh_start(&net, 4, 1);
    mesh_settle(&net, 4);
    mesh_remove(&net, GONE);
    mesh_settle(&net, 4);
    founder[0] = net.roster_key;
    held = mesh_version(&net, HUB);
    assert_int_equal(mesh_version(&net, ALPHA), held);
}

static mesh_roster after(nrs_slice before, bool unburied, uint64_t later_ms)
{
    const mesh_edit edit = {.unburied = unburied, .later_ms = later_ms};

    return mesh_follow(before, &edit, founder);
}

static void the_next_one_keeps_it(void **state)
{
    mesh_roster bad, good;

    (void)state;
    start();
    bad = after(nrs_slice_of_bytes(&net.statement), true, 1);
    good = after(nrs_slice_of_bytes(&net.statement), false, 1);
    mesh_show(&net, HUB, ALPHA, MANY(bad));
    mesh_put(&net, HUB, "ROSTER", MANY(bad));
    assert_string_equal(net.nodes[HUB].last_log, "inbox: forged");
    mesh_settle(&net, 3);
    assert_int_equal(mesh_version(&net, HUB), held);
    assert_int_equal(mesh_version(&net, ALPHA), held);
    mesh_put(&net, HUB, "ROSTER", MANY(good));
    mesh_settle(&net, 3);
    assert_int_equal(mesh_version(&net, HUB), held + 1);
    assert_int_equal(mesh_version(&net, ALPHA), held + 1);
    mesh_roster_wipe(&bad);
    mesh_roster_wipe(&good);
    mesh_stop(&net);
}

/* Two versions further on, by a peer or by hand, it is judged as the next one is; what follows in order is taken. */
static void so_does_one_across_a_gap(void **state)
{
    mesh_roster bad, worse, good, better;

    (void)state;
    start();
    bad = after(nrs_slice_of_bytes(&net.statement), true, 1);
    worse = after(STATEMENT(bad), true, 2);
    good = after(nrs_slice_of_bytes(&net.statement), false, 1);
    better = after(STATEMENT(good), false, 2);
    mesh_show(&net, HUB, ALPHA, MANY(worse));
    mesh_put(&net, BRAVO, "ROSTER", MANY(worse));
    assert_string_equal(net.nodes[BRAVO].last_log, "inbox: forged");
    mesh_settle(&net, 3);
    assert_int_equal(mesh_version(&net, ALPHA), held);
    assert_int_equal(mesh_version(&net, BRAVO), held);
    mesh_show(&net, HUB, ALPHA, MANY(good));
    mesh_settle(&net, 3);
    assert_int_equal(mesh_version(&net, ALPHA), held + 1);
    mesh_put(&net, BRAVO, "ROSTER", MANY(better));
    assert_int_equal(mesh_version(&net, BRAVO), held + 2);
    mesh_roster_wipe(&bad);
    mesh_roster_wipe(&worse);
    mesh_roster_wipe(&good);
    mesh_roster_wipe(&better);
    mesh_stop(&net);
}

/* A thief's side may revoke whom it likes: the roster that ends the fork need not keep that, but what stood before. */
static void so_does_what_ends_a_fork(void **state)
{
    mesh_roster ours, theirs, bad, good;
    nrs_slice sides[2];

    (void)state;
    start();
    ours = after(nrs_slice_of_bytes(&net.statement), false, 1);
    theirs = after(nrs_slice_of_bytes(&net.statement), false, 2);
    sides[0] = STATEMENT(ours);
    sides[1] = STATEMENT(theirs);
    for (size_t i = 0; i < 2; i++) {
        mesh_edit heals = {.unburied = i == 0, .forks = {sides[0], sides[1]}, .fork_count = 2};

        *(i == 0 ? &bad : &good) = mesh_follow(STATEMENT(theirs), &heals, founder);
    }
    mesh_put(&net, HUB, "ROSTER", MANY(ours)); /* of whom the other side is not known, and who knows it */
    mesh_put(&net, HUB, "ROSTER", MANY(bad));
    assert_string_equal(net.nodes[HUB].last_log, "inbox: forged");
    mesh_put(&net, HUB, "ROSTER", MANY(theirs));
    assert_true(mesh_forked(&net, HUB));
    mesh_put(&net, HUB, "ROSTER", MANY(bad));
    assert_string_equal(net.nodes[HUB].last_log, "inbox: forged");
    assert_true(mesh_forked(&net, HUB));
    mesh_put(&net, HUB, "ROSTER", MANY(good));
    assert_false(mesh_forked(&net, HUB));
    assert_int_equal(mesh_version(&net, HUB), held + 2);
    mesh_roster_wipe(&ours);
    mesh_roster_wipe(&theirs);
    mesh_roster_wipe(&bad);
    mesh_roster_wipe(&good);
    mesh_stop(&net);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_next_one_keeps_it),
        cmocka_unit_test(so_does_one_across_a_gap),
        cmocka_unit_test(so_does_what_ends_a_fork),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
