/* Roster keys that were replaced: whoever still has one signs nothing that binds a node which has seen them go. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "mesh_rosters.h"
#include "proto/armour.h"
#include "proto/vocabulary.h"

#define OK(expression) assert_int_equal((expression), NRS_OK)

/* The founding key signs up to `joined`; `added` brings two more, `dropped` drops it, `newest` is by the two. */
typedef struct ages {
    mesh net;
    nrs_identity *chair, *vice;
    mesh_roster joined, added, dropped, newest;
    long long version; /* of joined */
} ages;

static mesh_roster newest_of(const mesh *net)
{
    mesh_roster copy = {{0}, {0}};

    OK(nrs_bytes_copy(&copy.statement, nrs_slice_of_bytes(&net->statement)));
    OK(nrs_bytes_copy(&copy.many, nrs_slice_of_bytes(&net->many)));
    return copy;
}

static void start(ages *all, size_t node_count)
{
    mesh *net = &all->net;

    mesh_start(net, node_count, 1);
    mesh_settle(net, 6);
    OK(nrs_identity_new(&all->chair));
    OK(nrs_identity_new(&all->vice));
    all->version = mesh_version(net, 0);
    all->joined = newest_of(net);
    {
        const mesh_edit adds = {.keys = {net->roster_key, all->chair, all->vice}};
        const mesh_edit drops = {.keys = {all->chair, all->vice}, .threshold = 2};
        const mesh_edit nothing = {.later_ms = 7};
        const nrs_identity *const founder[] = {net->roster_key, NULL};
        const nrs_identity *const both[] = {all->chair, all->vice, NULL};

        all->added = mesh_follow(nrs_slice_of_bytes(&all->joined.statement), &adds, founder);
        all->dropped = mesh_follow(nrs_slice_of_bytes(&all->added.statement), &drops, both);
        all->newest = mesh_follow(nrs_slice_of_bytes(&all->dropped.statement), &nothing, both);
    }
    mesh_put(net, 0, "ROSTER", nrs_slice_of_bytes(&all->added.many));
    mesh_put(net, 0, "ROSTER", nrs_slice_of_bytes(&all->dropped.many));
    mesh_put(net, 0, "ROSTER", nrs_slice_of_bytes(&all->newest.many));
    mesh_settle(net, 4);
    for (size_t i = 0; i < node_count; i++) {
        assert_int_equal(mesh_version(net, i), all->version + 3);
    }
}

static void stop(ages *all)
{
    mesh_roster_wipe(&all->joined);
    mesh_roster_wipe(&all->added);
    mesh_roster_wipe(&all->dropped);
    mesh_roster_wipe(&all->newest);
    nrs_identity_destroy(&all->chair);
    nrs_identity_destroy(&all->vice);
    mesh_stop(&all->net);
}

static size_t versions_told(mesh *net, size_t node, long long version)
{
    size_t count = 0;

    OK(mesh_command(net, node, "{\"command\":\"roster-history\",\"community\":\"electricity\"}"));
    for (size_t i = 0; i < mesh_row_count(net, node); i++) {
        count += json_integer_value(json_object_get(mesh_row(net, node, i), "version")) == version;
    }
    return count;
}

/* An invite that is good from the first roster on, and signed by the founding key alone, at a node that has seen it go. */
static void an_invite_by_a_dropped_key_changes_nothing(void **state)
{
    ages all;
    mesh *net = &all.net;
    mesh_roster forged, between, later;
    char log[sizeof net->nodes[1].last_log];

    (void)state;
    start(&all, 4);
    {
        const mesh_edit far = {.version = 100, .without = "org-2"};
        const nrs_identity *const founder[] = {net->roster_key, NULL};

        forged = mesh_follow(nrs_slice_of_bytes(&all.joined.statement), &far, founder);
    }
    mesh_invite(net, 1, NULL, 0, &forged);
    (void)snprintf(log, sizeof log, "%s", net->nodes[1].last_log);
    assert_non_null(strstr(log, "forged"));
    assert_int_equal(mesh_version(net, 1), all.version + 3);

    /* Nor does it bring a roster in between that only its own signers vouch for. */
    {
        const mesh_edit inserts = {.keys = {net->roster_key, all.chair, all.vice}, .threshold = 1, .version = 2};
        const mesh_edit nothing = {.later_ms = 9};
        const nrs_identity *const founder[] = {net->roster_key, NULL};
        const nrs_identity *const both[] = {all.chair, all.vice, NULL};

        between = mesh_follow(nrs_slice_of_bytes(&all.joined.statement), &inserts, founder);
        later = mesh_follow(nrs_slice_of_bytes(&all.newest.statement), &nothing, both);
    }
    assert_int_equal(versions_told(net, 3, 2), 0);
    {
        const mesh_roster *const chain[] = {&between};

        mesh_invite(net, 3, chain, 1, &later);
    }
    assert_int_equal(versions_told(net, 3, 2), 0);
    mesh_roster_wipe(&forged);
    mesh_roster_wipe(&between);
    mesh_roster_wipe(&later);
    stop(&all);
}

/* What an honest invite brings later is taken, also over a change of keys that the node has not seen, and lasts. */
static void an_invite_that_follows_what_is_held_is_taken(void **state)
{
    ages all;
    mesh *net = &all.net;
    mesh_roster changes, later, apart;

    (void)state;
    start(&all, 3);
    {
        const mesh_edit back = {.keys = {all.chair, net->roster_key}, .threshold = 2};
        const mesh_edit nothing = {.later_ms = 9};
        const mesh_edit other = {.later_ms = 11};
        const nrs_identity *const three[] = {all.chair, all.vice, net->roster_key, NULL};
        const nrs_identity *const two[] = {all.chair, net->roster_key, NULL};
        const nrs_identity *const both[] = {all.chair, all.vice, NULL};

        apart = mesh_follow(nrs_slice_of_bytes(&all.dropped.statement), &other, both); /* as old as the newest */
        changes = mesh_follow(nrs_slice_of_bytes(&apart.statement), &back, three);
        later = mesh_follow(nrs_slice_of_bytes(&changes.statement), &nothing, two);
    }
    {
        const mesh_roster *const chain[] = {&all.added, &all.dropped, &changes};

        mesh_invite(net, 1, chain, 3, &later); /* it follows another roster than the one held */
        assert_int_equal(mesh_version(net, 1), all.version + 3);
    }
    mesh_roster_wipe(&changes);
    mesh_roster_wipe(&later);
    {
        const mesh_edit back = {.keys = {all.chair, net->roster_key}, .threshold = 2};
        const mesh_edit nothing = {.later_ms = 9};
        const nrs_identity *const three[] = {all.chair, all.vice, net->roster_key, NULL};
        const nrs_identity *const two[] = {all.chair, net->roster_key, NULL};

        changes = mesh_follow(nrs_slice_of_bytes(&all.newest.statement), &back, three);
        later = mesh_follow(nrs_slice_of_bytes(&changes.statement), &nothing, two);
    }
    {
        const mesh_roster *const chain[] = {&all.added, &all.dropped, &changes};

        mesh_invite(net, 1, chain, 3, &later);
    }
    assert_int_equal(mesh_version(net, 1), all.version + 5);
    mesh_crash(net, 1);
    assert_int_equal(mesh_version(net, 1), all.version + 5);
    mesh_roster_wipe(&apart);
    mesh_roster_wipe(&changes);
    mesh_roster_wipe(&later);
    stop(&all);
}

/* Who joins late is told of each version that the invite brought what it changed against the one before it that is held, not that it brought
 * in everybody. */
static void the_history_of_who_joined_late(void **state)
{
    ages all;
    mesh *net = &all.net;
    mesh_roster names_it;
    size_t late;

    (void)state;
    start(&all, 2);
    late = mesh_add_node(net, "org-9");
    {
        const mesh_edit adds = {.with = mesh_member(&net->nodes[late], NRS_ROLE_OPERATOR)};
        const nrs_identity *const both[] = {all.chair, all.vice, NULL};
        const mesh_roster *const chain[] = {&all.added, &all.dropped};

        names_it = mesh_follow(nrs_slice_of_bytes(&all.newest.statement), &adds, both);
        mesh_invite(net, late, chain, 2, &names_it);
    }
    assert_int_equal(mesh_version(net, late), all.version + 4);
    OK(mesh_command(net, late, "{\"command\":\"roster-history\",\"community\":\"electricity\"}"));
    assert_int_equal(mesh_row_count(net, late), 4); /* the first, the two changes of keys, the newest */
    for (size_t i = 0; i < 4; i++) {
        const json_t *row = mesh_row(net, late, i);
        const long long version = json_integer_value(json_object_get(row, "version"));
        const json_t *changes = json_object_get(row, "changes");

        if (version == all.version + 4) {
            assert_int_equal(json_integer_value(json_object_get(row, "since")), all.version + 2);
            assert_int_equal(json_array_size(changes), 1);
            assert_string_equal(mesh_text(json_array_get(changes, 0), "org"), "org-9");
        } else if (version == all.version + 2) {
            assert_int_equal(json_integer_value(json_object_get(row, "since")), all.version + 1);
            assert_int_equal(json_array_size(changes), 2); /* the key dropped, and the threshold */
            for (size_t k = 0; k < 2; k++) {
                const json_t *change = json_array_get(changes, k);
                bool number = strcmp(mesh_text(change, "change"), "threshold") == 0;

                assert_int_equal(json_integer_value(json_object_get(change, "threshold")), number ? 2 : 0);
            }
        } else if (version == 1) {
            assert_int_equal(json_integer_value(json_object_get(row, "since")), 0);
        } else {
            assert_int_equal(json_integer_value(json_object_get(row, "since")), 1);
        }
    }
    mesh_roster_wipe(&names_it);
    stop(&all);
}

static size_t members_of(mesh *net, size_t node)
{
    return json_array_size(json_object_get(mesh_forks(net, node), "members"));
}

/* Another version 2 or so by the founding key alone, shown by a member after the key was dropped: kept, told as an alarm, and nobody's
 * place is touched; not after a start either, nor by its proof alone, nor again. */
static void a_dropped_key_freezes_nobody(void **state)
{
    ages all;
    mesh *net = &all.net;
    mesh_roster forged, again;
    const json_t *row;

    (void)state;
    start(&all, 4);
    {
        const mesh_edit drops = {.without = "org-2", .later_ms = 3};
        const mesh_edit drops_more = {.without = "org-3", .later_ms = 4};
        const nrs_identity *const founder[] = {net->roster_key, NULL};

        forged = mesh_follow(nrs_slice_of_bytes(&all.joined.statement), &drops, founder);
        again = mesh_follow(nrs_slice_of_bytes(&all.joined.statement), &drops_more, founder);
    }
    mesh_show(net, 1, 0, nrs_slice_of_bytes(&forged.many));
    mesh_settle(net, 4);
    for (size_t i = 0; i < 4; i++) {
        assert_false(mesh_forked(net, i));
        assert_int_equal(members_of(net, i), 4);
        row = mesh_forks(net, i);
        assert_int_equal(json_array_size(json_object_get(row, "rosters")), 2);
        assert_int_equal(json_array_size(json_object_get(row, "proofs")), 1);
        for (size_t k = 0; k < 2; k++) {
            assert_true(json_is_true(json_object_get(json_array_get(json_object_get(row, "rosters"), k), "past")));
        }
    }
    OK(mesh_command(net, 0, "{\"command\":\"audit-list\",\"kind\":\"alarm\"}"));
    assert_int_equal(mesh_row_count(net, 0), 1);
    mesh_show(net, 1, 0, nrs_slice_of_bytes(&forged.many)); /* known */
    OK(mesh_command(net, 0, "{\"command\":\"audit-list\",\"kind\":\"alarm\"}"));
    assert_int_equal(mesh_row_count(net, 0), 1);
    mesh_show(net, 2, 0, nrs_slice_of_bytes(&again.many));
    assert_false(mesh_forked(net, 0));
    for (size_t i = 0; i < 4; i++) {
        mesh_crash(net, i);
    }
    mesh_settle(net, 4);
    for (size_t i = 0; i < 4; i++) {
        assert_false(mesh_forked(net, i));
        assert_true(i == 0 || mesh_linked(net, 0, i));
    }
    /* The roster that follows needs no person, names what it likes, and what it names is over. */
    {
        const mesh_edit names = {.later_ms = 9, .fork_count = 2, .forks = {nrs_slice_of_bytes(&forged.statement), nrs_slice_of_bytes(&all.added.statement)}};
        const nrs_identity *const both[] = {all.chair, all.vice, NULL};
        mesh_roster next = mesh_follow(nrs_slice_of_bytes(&all.newest.statement), &names, both);

        mesh_put(net, 0, "ROSTER", nrs_slice_of_bytes(&next.many));
        mesh_settle(net, 3);
        assert_int_equal(mesh_version(net, 3), all.version + 4);
        assert_int_equal(json_array_size(json_object_get(mesh_forks(net, 3), "rosters")), 1);
        mesh_roster_wipe(&next);
    }
    mesh_roster_wipe(&forged);
    mesh_roster_wipe(&again);
    stop(&all);
}

/* What fills the room for such is let go of, and the keys held now go on binding. */
static void many_by_a_dropped_key(void **state)
{
    ages all;
    mesh *net = &all.net;
    size_t rows;

    (void)state;
    start(&all, 3);
    for (uint64_t i = 0; i < 20; i++) {
        const mesh_edit one = {.later_ms = 100 + i};
        const nrs_identity *const signers[] = {net->roster_key, NULL};
        mesh_roster forged = mesh_follow(nrs_slice_of_bytes(&all.joined.statement), &one, signers);

        mesh_show(net, 1, 0, nrs_slice_of_bytes(&forged.many));
        mesh_roster_wipe(&forged);
    }
    rows = json_array_size(json_object_get(mesh_forks(net, 0), "rosters"));
    assert_true(rows > 1 && rows <= 8);
    assert_false(mesh_forked(net, 0));
    {
        const mesh_edit other = {.later_ms = 8};
        const nrs_identity *const both[] = {all.chair, all.vice, NULL};
        mesh_roster rival = mesh_follow(nrs_slice_of_bytes(&all.dropped.statement), &other, both);

        mesh_show(net, 1, 0, nrs_slice_of_bytes(&rival.many));
        mesh_roster_wipe(&rival);
    }
    mesh_settle(net, 4);
    for (size_t i = 0; i < 3; i++) {
        assert_true(mesh_forked(net, i));
    }
    stop(&all);
}

/* A fork of an older version by keys that are in force: it freezes, and its proof is believed wherever the version before is held. Another
 * of another version has a proof of its own. */
static void a_proof_after_a_change_of_keys(void **state)
{
    ages all;
    mesh *net = &all.net;
    mesh_roster rival, older;
    nrs_bytes proof = {0};
    const json_t *row;

    (void)state;
    start(&all, 3);
    {
        const mesh_edit other = {.later_ms = 8};
        const mesh_edit adds = {.keys = {net->roster_key, all.chair, all.vice}, .later_ms = 8};
        const nrs_identity *const both[] = {all.chair, all.vice, NULL};
        const nrs_identity *const all_three[] = {net->roster_key, all.chair, all.vice, NULL};

        rival = mesh_follow(nrs_slice_of_bytes(&all.dropped.statement), &other, both);
        older = mesh_follow(nrs_slice_of_bytes(&all.joined.statement), &adds, all_three); /* by all keys of its time: the founder's counts there */
    }
    mesh_down(net, 2);
    mesh_show(net, 1, 0, nrs_slice_of_bytes(&older.many));
    assert_true(mesh_forked(net, 0)); /* chair and vice have signed it as well */
    mesh_show(net, 1, 0, nrs_slice_of_bytes(&rival.many));
    row = mesh_forks(net, 0);
    assert_int_equal(json_array_size(json_object_get(row, "rosters")), 4);
    assert_int_equal(json_array_size(json_object_get(row, "proofs")), 2);
    mesh_down(net, 0);
    mesh_down(net, 1);
    mesh_up(net, 2);
    for (size_t i = 0; i < 2; i++) {
        OK(nrs_base64_decode(&proof, nrs_slice_of_string(mesh_text(json_array_get(json_object_get(mesh_row(net, 0, 0), "proofs"), i), "proof"))));
        mesh_put(net, 2, "FORK", nrs_slice_of_bytes(&proof));
        assert_null(strstr(net->nodes[2].last_log, "forged"));
        assert_null(strstr(net->nodes[2].last_log, "malformed"));
        assert_true(mesh_forked(net, 2));
        mesh_put(net, 2, "FORK", nrs_slice_of_bytes(&proof)); /* its own, once more */
        assert_non_null(strstr(net->nodes[2].last_log, "taken up"));
        nrs_bytes_wipe(&proof);
    }
    assert_int_equal(json_array_size(json_object_get(mesh_forks(net, 2), "rosters")), 4);
    mesh_up(net, 0);
    mesh_up(net, 1);
    mesh_roster_wipe(&rival);
    mesh_roster_wipe(&older);
    stop(&all);
}

/* What ends a fork may change the keys no further either, and the fork goes on. */
static void no_healing_by_other_keys(mesh *net, const mesh_roster *before, const mesh_roster *ours, const nrs_identity *const *signers)
{
    const mesh_edit other = {.later_ms = 10};
    mesh_roster theirs = mesh_follow(nrs_slice_of_bytes(&before->statement), &other, signers);
    const mesh_edit names_both = {.threshold = 1, .fork_count = 2, .forks = {nrs_slice_of_bytes(&ours->statement), nrs_slice_of_bytes(&theirs.statement)}};
    mesh_roster heals = mesh_follow(nrs_slice_of_bytes(&ours->statement), &names_both, signers);
    char fingerprint[48];
    uint8_t hash[NRS_HASH_SIZE];

    nrs_roster_hash(hash, nrs_slice_of_bytes(&heals.statement));
    nrs_fingerprint(fingerprint, hash);
    mesh_show(net, 1, 0, nrs_slice_of_bytes(&theirs.many));
    assert_true(mesh_forked(net, 0));
    mesh_show(net, 1, 0, nrs_slice_of_bytes(&heals.many));
    assert_int_equal(mesh_ask(net, 0, "{\"command\":\"roster-heal\",\"community\":\"electricity\",\"fingerprint\":\"%s\"}", fingerprint), NRS_ERROR_NOT_FOUND);
    assert_true(mesh_forked(net, 0));
    mesh_put(net, 0, "ROSTER", nrs_slice_of_bytes(&heals.many));
    assert_string_equal(net->nodes[0].last_log, "inbox: limit");
    assert_true(mesh_forked(net, 0));
    mesh_crash(net, 0);
    assert_true(mesh_forked(net, 0));
    mesh_roster_wipe(&theirs);
    mesh_roster_wipe(&heals);
}

/* As often as the chain beside the roster can hold, by which the command line verifies it, and no more. */
static void keys_change_sixty_four_times(void **state)
{
    enum { NODES = 2 };
    mesh net;
    nrs_identity *chair = NULL;
    mesh_roster newest;
    long long version;

    (void)state;
    mesh_start(&net, NODES, 1);
    mesh_settle(&net, 6);
    OK(nrs_identity_new(&chair));
    newest = newest_of(&net);
    version = mesh_version(&net, 0);
    for (size_t i = 0; i <= NRS_CHAIN_COUNT_MAX; i++) {
        const mesh_edit change = {.keys = {net.roster_key, chair}, .threshold = 1 + i % 2}; /* the first brings a key */
        const nrs_identity *const both[] = {net.roster_key, i == 0 ? NULL : chair, NULL};
        mesh_roster next = mesh_follow(nrs_slice_of_bytes(&newest.statement), &change, both);

        mesh_put(&net, 0, "ROSTER", nrs_slice_of_bytes(&next.many));
        mesh_settle(&net, 3);
        if (i == NRS_CHAIN_COUNT_MAX) {
            mesh_show(&net, 1, 0, nrs_slice_of_bytes(&next.many)); /* nor by a peer */
            mesh_settle(&net, 3);
            mesh_roster_wipe(&next);
            break;
        }
        mesh_roster_wipe(&newest);
        newest = next;
    }
    for (size_t i = 0; i < NODES; i++) {
        assert_int_equal(mesh_version(&net, i), version + NRS_CHAIN_COUNT_MAX);
    }
    {
        const mesh_edit longer = {.later_ms = 9}; /* without a change of keys it goes on */
        const nrs_identity *const both[] = {net.roster_key, chair, NULL};
        mesh_roster next = mesh_follow(nrs_slice_of_bytes(&newest.statement), &longer, both);

        mesh_put(&net, 0, "ROSTER", nrs_slice_of_bytes(&next.many));
        mesh_settle(&net, 3);
        for (size_t i = 0; i < NODES; i++) {
            assert_int_equal(mesh_version(&net, i), version + NRS_CHAIN_COUNT_MAX + 1);
        }
        no_healing_by_other_keys(&net, &newest, &next, both);
        mesh_roster_wipe(&next);
    }
    mesh_roster_wipe(&newest);
    nrs_identity_destroy(&chair);
    mesh_stop(&net);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_invite_by_a_dropped_key_changes_nothing),
        cmocka_unit_test(an_invite_that_follows_what_is_held_is_taken),
        cmocka_unit_test(a_dropped_key_freezes_nobody),
        cmocka_unit_test(many_by_a_dropped_key),
        cmocka_unit_test(a_proof_after_a_change_of_keys),
        cmocka_unit_test(keys_change_sixty_four_times),
        cmocka_unit_test(the_history_of_who_joined_late),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
