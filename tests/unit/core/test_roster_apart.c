/* Nodes on the side of a fork that is abandoned, which the other side has left behind: how they come back, and who comes back with that
 * (SPEC 7.4, 7.5, 7.12). */
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
#define DEPTH_MAX 3

enum { HUB, ALPHA, BRAVO, CHARLIE, GONE, NODES };

static mesh net;
static nrs_identity *chair, *vice;
static const nrs_identity *founder[2], *both[3];
static long long held; /* what all hold before they go apart; in it GONE was revoked */
static mesh_roster common, ours[DEPTH_MAX + 2], theirs[DEPTH_MAX];

static void start(void)
{
    mesh_start(&net, NODES, 1);
    mesh_settle(&net, 4);
    mesh_remove(&net, GONE);
    mesh_settle(&net, 4);
    OK(nrs_identity_new(&chair));
    OK(nrs_identity_new(&vice));
    founder[0] = net.roster_key;
    both[0] = chair;
    both[1] = vice;
    held = mesh_version(&net, HUB);
    OK(nrs_bytes_copy(&common.statement, nrs_slice_of_bytes(&net.statement)));
    OK(nrs_bytes_copy(&common.many, nrs_slice_of_bytes(&net.many)));
    assert_int_equal(mesh_version(&net, ALPHA), held);
}

static void stop(void)
{
    mesh_roster_wipe(&common);
    for (size_t i = 0; i < DEPTH_MAX + 2; i++) {
        mesh_roster_wipe(&ours[i]);
    }
    for (size_t i = 0; i < DEPTH_MAX; i++) {
        mesh_roster_wipe(&theirs[i]);
    }
    nrs_identity_destroy(&chair);
    nrs_identity_destroy(&vice);
    mesh_stop(&net);
}

/* All but ALPHA go one way, while it goes the other: there CHARLIE is revoked at once. */
static void go_apart(size_t our_count, size_t their_count)
{
    nrs_slice before = STATEMENT(common);

    mesh_down(&net, ALPHA);
    for (size_t i = 0; i < our_count; i++) {
        const mesh_edit later = {.later_ms = 1 + i};

        ours[i] = mesh_follow(before, &later, founder);
        before = STATEMENT(ours[i]);
        mesh_put(&net, HUB, "ROSTER", MANY(ours[i]));
    }
    mesh_settle(&net, 4);
    for (size_t i = 0; i < NODES; i++) {
        if (i != ALPHA) {
            mesh_down(&net, i);
        }
    }
    mesh_up(&net, ALPHA);
    before = STATEMENT(common);
    for (size_t i = 0; i < their_count; i++) {
        const mesh_edit revokes = {.revoked = i == 0 ? "org-3" : NULL, .later_ms = 100 + i};

        theirs[i] = mesh_follow(before, &revokes, founder);
        before = STATEMENT(theirs[i]);
        mesh_put(&net, ALPHA, "ROSTER", MANY(theirs[i]));
    }
    assert_int_equal(mesh_version(&net, ALPHA), held + (long long)their_count);
}

static void meet(void)
{
    for (size_t i = 0; i < NODES; i++) {
        if (i != ALPHA) {
            mesh_up(&net, i);
        }
    }
    mesh_settle(&net, 70);
    assert_true(mesh_forked(&net, ALPHA));
    assert_true(mesh_forked(&net, HUB));
}

static mesh_roster healing(nrs_slice before, nrs_slice one, nrs_slice other, bool unburied, uint64_t later_ms)
{
    const mesh_edit names_both = {.unburied = unburied, .later_ms = later_ms, .forks = {one, other}, .fork_count = 2};

    return mesh_follow(before, &names_both, founder);
}

static void assert_back(const mesh_roster *heals, long long version)
{
    for (size_t i = 0; i < NODES; i++) {
        if (net.nodes[i].core == NULL) {
            mesh_up(&net, i);
        }
    }
    mesh_put(&net, HUB, "ROSTER", MANY(*heals));
    assert_int_equal(mesh_version(&net, ALPHA), version);
    assert_false(mesh_forked(&net, ALPHA));
    mesh_crash(&net, ALPHA);
    mesh_settle(&net, 70);
    assert_int_equal(mesh_version(&net, ALPHA), version);
    assert_int_equal(mesh_version(&net, HUB), version);
    assert_true(mesh_linked(&net, HUB, ALPHA));
    assert_int_equal(json_array_size(json_object_get(mesh_forks(&net, ALPHA), "rosters")), 0);
}

/* What the side that is abandoned says of who was revoked binds nobody, however many versions each side has gone on; what stood before the
 * fork does, and so does all of it where the invite names no fork. */
static void a_side_that_revoked_comes_back(void **state)
{
    static const struct {
        size_t ours, theirs;
        bool met;
    } ways[] = {{1, 1, true}, {2, 1, true}, {3, 1, true}, {3, 2, true}, {4, 3, true}, {3, 1, false}};

    (void)state;
    for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++) {
        mesh_roster names_none, lets_back, heals;
        const size_t last = ways[i].ours - 1, theirs_last = ways[i].theirs - 1;

        print_message("  %zu and %zu versions%s\n", ways[i].ours, ways[i].theirs, ways[i].met ? "" : ", which have not met");
        start();
        go_apart(ways[i].ours, ways[i].theirs);
        if (ways[i].met) {
            meet();
        }
        {
            const mesh_edit later = {.later_ms = 200};

            names_none = mesh_follow(STATEMENT(ours[last]), &later, founder);
        }
        lets_back = healing(STATEMENT(ours[last]), STATEMENT(ours[theirs_last]), STATEMENT(theirs[theirs_last]), true, 201);
        heals = healing(STATEMENT(ours[last]), STATEMENT(ours[theirs_last]), STATEMENT(theirs[theirs_last]), false, 202);
        mesh_invite(&net, ALPHA, NULL, 0, &names_none);
        assert_int_equal(mesh_version(&net, ALPHA), held + (long long)ways[i].theirs);
        assert_int_equal(mesh_forked(&net, ALPHA), ways[i].met);
        mesh_invite(&net, ALPHA, NULL, 0, &lets_back);
        assert_non_null(strstr(net.nodes[ALPHA].last_log, "forged"));
        assert_int_equal(mesh_version(&net, ALPHA), held + (long long)ways[i].theirs);
        if (ways[i].met) { /* from a peer it puts nothing in force */
            mesh_show(&net, HUB, ALPHA, MANY(heals));
        }
        assert_int_equal(mesh_version(&net, ALPHA), held + (long long)ways[i].theirs);
        mesh_invite(&net, ALPHA, NULL, 0, &heals);
        assert_back(&heals, held + (long long)ways[i].ours + 1);
        mesh_roster_wipe(&names_none);
        mesh_roster_wipe(&lets_back);
        mesh_roster_wipe(&heals);
        stop();
    }
}

/* ALPHA has taken what the founder's key signed before it heard that others took its place: by the other side's change of keys, which that key
 * has signed as well, it comes back. */
static void who_missed_the_change_of_keys_comes_back(void **state)
{
    (void)state;
    for (size_t met = 0; met < 2; met++) {
        mesh_roster adds, drops, later, heals, further;

        start();
        go_apart(0, 1);
        {
            const mesh_edit three = {.keys = {net.roster_key, chair, vice}}, two = {.keys = {chair, vice}, .threshold = 2}, nothing = {.later_ms = 7};

            adds = mesh_follow(STATEMENT(common), &three, founder);
            drops = mesh_follow(STATEMENT(adds), &two, both);
            later = mesh_follow(STATEMENT(drops), &nothing, both);
        }
        mesh_down(&net, ALPHA);
        mesh_up(&net, HUB);
        mesh_put(&net, HUB, "ROSTER", MANY(adds));
        mesh_put(&net, HUB, "ROSTER", MANY(drops));
        mesh_put(&net, HUB, "ROSTER", MANY(later));
        assert_int_equal(mesh_version(&net, HUB), held + 3);
        if (met == 0) {
            mesh_down(&net, HUB);
        }
        mesh_up(&net, ALPHA);
        mesh_settle(&net, met == 0 ? 1 : 70);
        assert_int_equal(mesh_forked(&net, ALPHA), met == 1);
        {
            const mesh_edit names = {.later_ms = 9, .fork_count = 2, .forks = {STATEMENT(theirs[0]), STATEMENT(adds)}};
            const mesh_edit nothing = {.later_ms = 11};
            const mesh_roster *const chain[] = {&adds, &drops};

            heals = mesh_follow(STATEMENT(later), &names, both);
            further = mesh_follow(STATEMENT(heals), &nothing, both);
            mesh_invite(&net, ALPHA, &chain[1], 1, &heals); /* without the roster that the key held has signed */
            assert_int_equal(mesh_version(&net, ALPHA), held + 1);
            mesh_invite(&net, ALPHA, chain, 2, &heals);
        }
        assert_back(&heals, held + 4);
        mesh_put(&net, HUB, "ROSTER", MANY(further)); /* it goes on by the keys that it came back to */
        mesh_settle(&net, 4);
        assert_int_equal(mesh_version(&net, ALPHA), held + 5);
        mesh_roster_wipe(&adds);
        mesh_roster_wipe(&drops);
        mesh_roster_wipe(&later);
        mesh_roster_wipe(&heals);
        mesh_roster_wipe(&further);
        stop();
    }
}

/* The other way round a key that is known to have gone brings nobody back, whatever it names: neither where it was dropped in the version held,
 * nor where it was let in and dropped again before that. */
static void a_dropped_key_brings_nobody_back(void **state)
{
    (void)state;
    for (size_t way = 0; way < 2; way++) {
        mesh_roster in, out, newest, rival, bad;

        start();
        {
            const nrs_identity *const thief[] = {way == 0 ? net.roster_key : chair, NULL};
            const nrs_identity *const keeper[] = {way == 0 ? chair : net.roster_key, NULL};
            const mesh_edit two = {.keys = {net.roster_key, chair}}, one = {.keys = {keeper[0]}}, nothing = {.later_ms = 3}, other = {.later_ms = 5};
            mesh_edit names = {.later_ms = 7, .fork_count = 3};

            in = mesh_follow(STATEMENT(common), &two, founder);
            out = mesh_follow(STATEMENT(in), &one, keeper);
            newest = mesh_follow(STATEMENT(out), &nothing, keeper);
            rival = mesh_follow(STATEMENT(common), &other, founder); /* an honest slip, long ago: where the founder stays it binds */
            names.forks[0] = STATEMENT(newest);
            names.forks[1] = STATEMENT(rival);
            names.forks[2] = STATEMENT(in);
            names.version = (uint64_t)held + 9;
            bad = mesh_follow(STATEMENT(in), &names, thief);
        }
        mesh_put(&net, HUB, "ROSTER", MANY(in));
        mesh_put(&net, HUB, "ROSTER", MANY(out));
        mesh_put(&net, HUB, "ROSTER", MANY(newest));
        mesh_settle(&net, 4);
        for (size_t frozen = 0; frozen < 2; frozen++) {
            const mesh_roster *const chain[] = {&in};

            if (frozen == 1) {
                mesh_put(&net, BRAVO, "ROSTER", MANY(rival));
                assert_int_equal(mesh_forked(&net, BRAVO), way == 1);
            }
            mesh_invite(&net, BRAVO, chain, 1, &bad);
            assert_non_null(strstr(net.nodes[BRAVO].last_log, "forged"));
            assert_int_equal(mesh_version(&net, BRAVO), held + 3);
        }
        mesh_roster_wipe(&in);
        mesh_roster_wipe(&out);
        mesh_roster_wipe(&newest);
        mesh_roster_wipe(&rival);
        mesh_roster_wipe(&bad);
        stop();
    }
}

/* What goes on beyond a fork that is not healed, and beyond the roster that heals it, waits: the links between members on whom both sides agree
 * stand, and reports pass. */
static void links_stand_while_later_ones_wait(void **state)
{
    mesh_roster heals, further;
    nrs_link_id link;

    (void)state;
    start();
    go_apart(3, 1);
    meet();
    link = mesh_link_id(&net, ALPHA, HUB);
    assert_true(link != 0);
    mesh_settle(&net, 70);
    assert_int_equal(mesh_link_id(&net, ALPHA, HUB), link);
    heals = healing(STATEMENT(ours[2]), STATEMENT(ours[0]), STATEMENT(theirs[0]), false, 202);
    {
        const mesh_edit later = {.later_ms = 203};

        further = mesh_follow(STATEMENT(heals), &later, founder);
    }
    mesh_put(&net, HUB, "ROSTER", MANY(heals));
    mesh_settle(&net, 70);
    assert_int_equal(mesh_link_id(&net, ALPHA, HUB), link);
    mesh_put(&net, HUB, "ROSTER", MANY(further));
    mesh_settle(&net, 70);
    assert_int_equal(mesh_link_id(&net, ALPHA, HUB), link);
    mesh_invite(&net, ALPHA, NULL, 0, &heals); /* what waited is told again, without a hand */
    mesh_settle(&net, 70);
    assert_int_equal(mesh_version(&net, ALPHA), held + 5);
    mesh_roster_wipe(&heals);
    mesh_roster_wipe(&further);
    stop();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_side_that_revoked_comes_back),
        cmocka_unit_test(who_missed_the_change_of_keys_comes_back),
        cmocka_unit_test(a_dropped_key_brings_nobody_back),
        cmocka_unit_test(links_stand_while_later_ones_wait),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
