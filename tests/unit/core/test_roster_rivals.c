/* Rivals of rosters that are held, and what is done so that they are not seen for what they are: their heads padded or cut, versions on top of
 * them, a chain that brings them along (SPEC 7.12). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "keys/roster.h"
#include "mesh_rosters.h"
#include "mesh_second.h"
#include "proto/vocabulary.h"
#include "proto/wire.h"

#define OK(expression) assert_int_equal((expression), NRS_OK)
#define STATEMENT(roster) nrs_slice_of_bytes(&(roster).statement)
#define MANY(roster) nrs_slice_of_bytes(&(roster).many)

/* Two ways on from the roster that everyone has joined by. */
typedef struct ways {
    mesh net;
    nrs_identity *chair, *vice;
    mesh_roster joined, one, one_later, other, other_later;
    long long version; /* of joined */
} ways;

static void start(ways *all, size_t node_count)
{
    mesh *net = &all->net;

    mesh_start(net, node_count, 1);
    mesh_settle(net, 6);
    OK(nrs_identity_new(&all->chair));
    OK(nrs_identity_new(&all->vice));
    all->version = mesh_version(net, 0);
    OK(nrs_bytes_copy(&all->joined.statement, nrs_slice_of_bytes(&net->statement)));
    OK(nrs_bytes_copy(&all->joined.many, nrs_slice_of_bytes(&net->many)));
}

static void stop(ways *all)
{
    mesh_roster_wipe(&all->joined);
    mesh_roster_wipe(&all->one);
    mesh_roster_wipe(&all->one_later);
    mesh_roster_wipe(&all->other);
    mesh_roster_wipe(&all->other_later);
    nrs_identity_destroy(&all->chair);
    nrs_identity_destroy(&all->vice);
    mesh_stop(&all->net);
}

static size_t members_of(mesh *net, size_t node)
{
    return json_array_size(json_object_get(mesh_forks(net, node), "members"));
}

static size_t sides_of(mesh *net, size_t node)
{
    return json_array_size(json_object_get(mesh_forks(net, node), "rosters"));
}

/* The signed head of a roster. Borrows from *many_out, which the caller frees with *hash_out's owner. */
typedef struct loose_head {
    nrs_roster_head head;
    nrs_signed_by_many *many;
    uint8_t hash[NRS_HASH_SIZE], community[NRS_HASH_SIZE];
} loose_head;

static void head_of(loose_head *out, const mesh_roster *made)
{
    nrs_roster *roster = NULL;

    *out = (loose_head){.head = NRS__WIRE__ROSTER_HEAD__INIT};
    OK(nrs_signed_by_many_decode(&out->many, MANY(*made)));
    OK(nrs_roster_decode(&roster, STATEMENT(*made)));
    nrs_roster_hash(out->hash, STATEMENT(*made));
    nrs_roster_community(out->community, roster, STATEMENT(*made));
    out->head.version = roster->version;
    out->head.community = nrs_field_of(nrs_slice_of(out->community, NRS_HASH_SIZE));
    out->head.hash = nrs_field_of(nrs_slice_of(out->hash, NRS_HASH_SIZE));
    out->head.signatures = out->many->signatures;
    out->head.n_signatures = out->many->n_signatures;
    nrs_roster_free(&roster);
}

static nrs_bytes proof_of(loose_head *a, loose_head *b)
{
    nrs_fork_proof proof = NRS__WIRE__FORK_PROOF__INIT;
    const bool turned = memcmp(a->hash, b->hash, NRS_HASH_SIZE) > 0;
    nrs_roster_head *list[2] = {turned ? &b->head : &a->head, turned ? &a->head : &b->head};
    nrs_bytes bytes = {0};

    proof.heads = list;
    proof.n_heads = 2;
    OK(nrs_fork_proof_encode(&bytes, &proof));
    return bytes;
}

/* Somebody puts a signature that is none, in the name of a key that came later, beside a good head: such a head is refused, and the rival is
 * judged when it comes. */
static void a_padded_head_is_refused(void **state)
{
    ways all = {.version = 0};
    mesh *net = &all.net;
    loose_head ours, theirs;
    uint8_t nothing[NRS_SIGNATURE_SIZE] = {1};
    Nrs__Wire__RosterSignature junk = NRS__WIRE__ROSTER_SIGNATURE__INIT, *both[2];
    nrs_bytes proof = {0};

    (void)state;
    start(&all, 4);
    {
        const mesh_edit adds = {.keys = {net->roster_key, all.chair}};
        const mesh_edit later = {.later_ms = 7};
        const mesh_edit apart = {.later_ms = 9, .without = "org-3"};
        const nrs_identity *const founder[] = {net->roster_key, NULL};

        all.one = mesh_follow(STATEMENT(all.joined), &adds, founder);
        all.one_later = mesh_follow(STATEMENT(all.one), &later, founder);
        all.other = mesh_follow(STATEMENT(all.joined), &apart, founder);
    }
    mesh_put(net, 0, "ROSTER", MANY(all.one));
    mesh_put(net, 0, "ROSTER", MANY(all.one_later));
    mesh_settle(net, 4);
    head_of(&ours, &all.one);
    head_of(&theirs, &all.other);
    junk.key = nrs_field_of(nrs_slice_of(nrs_identity_public(all.chair)->sign_key, NRS_KEY_SIZE));
    junk.signature = nrs_field_of(nrs_slice_of(nothing, sizeof nothing));
    assert_int_equal(theirs.head.n_signatures, 1);
    both[0] = memcmp(junk.key.data, theirs.many->signatures[0]->key.data, NRS_KEY_SIZE) < 0 ? &junk : theirs.many->signatures[0];
    both[1] = both[0] == &junk ? theirs.many->signatures[0] : &junk;
    theirs.head.signatures = both;
    theirs.head.n_signatures = 2;
    proof = proof_of(&ours, &theirs);
    mesh_show_record(net, 2, 0, NRS_RECORD_FORK, nrs_slice_of_bytes(&proof), 0);
    mesh_put(net, 1, "FORK", nrs_slice_of_bytes(&proof));
    assert_non_null(strstr(net->nodes[1].last_log, "forged"));
    mesh_settle(net, 3);
    assert_int_equal(sides_of(net, 0), 0);
    mesh_show(net, 1, 0, MANY(all.other));
    mesh_settle(net, 4);
    for (size_t i = 0; i < 4; i++) {
        assert_true(mesh_forked(net, i));
    }
    nrs_bytes_wipe(&proof);
    nrs_signed_by_many_free(&ours.many);
    nrs_signed_by_many_free(&theirs.many);
    stop(&all);
}

/* A head from which the signature was cut that binds here is of the past; it is judged again when the whole of it comes, and one that is a side
 * already stays one. */
static void a_cut_head_is_judged_again(void **state)
{
    ways all = {.version = 0};
    mesh *net = &all.net;
    loose_head ours, theirs;
    mesh_roster added, cut;
    nrs_bytes proof = {0};

    (void)state;
    start(&all, 4);
    {
        const mesh_edit adds = {.keys = {net->roster_key, all.chair}};
        const mesh_edit drops = {.keys = {all.chair}};
        const mesh_edit later = {.later_ms = 7};
        const mesh_edit apart = {.later_ms = 9, .without = "org-3"};
        const nrs_identity *const founder[] = {net->roster_key, NULL};
        const nrs_identity *const chair[] = {all.chair, NULL};
        const nrs_identity *const both[] = {net->roster_key, all.chair, NULL};

        added = mesh_follow(STATEMENT(all.joined), &adds, founder);
        all.one = mesh_follow(STATEMENT(added), &drops, chair);
        all.one_later = mesh_follow(STATEMENT(all.one), &later, chair);
        all.other = mesh_follow(STATEMENT(added), &apart, both);
        cut = mesh_follow(STATEMENT(added), &apart, founder);
    }
    mesh_put(net, 0, "ROSTER", MANY(added));
    mesh_put(net, 0, "ROSTER", MANY(all.one));
    mesh_put(net, 0, "ROSTER", MANY(all.one_later));
    mesh_settle(net, 4);
    head_of(&ours, &all.one);
    head_of(&theirs, &cut);
    proof = proof_of(&ours, &theirs);
    mesh_put(net, 1, "FORK", nrs_slice_of_bytes(&proof));
    mesh_put(net, 2, "ROSTER", MANY(cut));
    for (size_t i = 1; i < 3; i++) {
        assert_false(mesh_forked(net, i));
        assert_int_equal(sides_of(net, i), 2);
    }
    nrs_bytes_wipe(&proof);
    nrs_signed_by_many_free(&theirs.many);
    head_of(&theirs, &all.other);
    proof = proof_of(&ours, &theirs);
    mesh_put(net, 1, "ROSTER", MANY(all.other)); /* its roster, after the cut head */
    mesh_put(net, 2, "FORK", nrs_slice_of_bytes(&proof)); /* its head, after the cut roster */
    for (size_t i = 1; i < 3; i++) {
        assert_true(mesh_forked(net, i));
        assert_int_equal(sides_of(net, i), 2);
        assert_int_equal(members_of(net, i), 3); /* org-3 is in one of them only */
    }
    mesh_crash(net, 2);
    assert_true(mesh_forked(net, 2));
    assert_int_equal(members_of(net, 2), 3);
    mesh_put(net, 3, "FORK", nrs_slice_of_bytes(&proof));
    mesh_put(net, 3, "ROSTER", MANY(cut));
    assert_true(mesh_forked(net, 3));
    assert_int_equal(members_of(net, 3), 3);
    mesh_crash(net, 3);
    assert_true(mesh_forked(net, 3));
    nrs_bytes_wipe(&proof);
    nrs_signed_by_many_free(&ours.many);
    nrs_signed_by_many_free(&theirs.many);
    mesh_roster_wipe(&added);
    mesh_roster_wipe(&cut);
    stop(&all);
}

/* Node 1 goes one way while it is alone, all others go the other; then they meet again. */
static void go_apart(ways *all)
{
    mesh *net = &all->net;
    const mesh_edit first = {.later_ms = 3}, second = {.later_ms = 5};
    const mesh_edit apart = {.without = "org-3"}, later = {.later_ms = 7};
    const nrs_identity *const founder[] = {net->roster_key, NULL};

    all->one = mesh_follow(STATEMENT(all->joined), &first, founder);
    all->one_later = mesh_follow(STATEMENT(all->one), &second, founder);
    all->other = mesh_follow(STATEMENT(all->joined), &apart, founder);
    all->other_later = mesh_follow(STATEMENT(all->other), &later, founder);
    mesh_down(net, 1);
    mesh_put(net, 0, "ROSTER", MANY(all->one));
    mesh_put(net, 0, "ROSTER", MANY(all->one_later));
    mesh_settle(net, 4);
    for (size_t i = 0; i < net->node_count; i++) {
        if (i != 1) {
            mesh_down(net, i);
        }
    }
    mesh_up(net, 1);
    mesh_put(net, 1, "ROSTER", MANY(all->other));
    mesh_put(net, 1, "ROSTER", MANY(all->other_later));
    for (size_t i = 0; i < net->node_count; i++) {
        if (i != 1) {
            mesh_up(net, i);
        }
    }
    mesh_settle(net, 70);
}

/* Neither holds the version that the other's stands on: what each holds travels whole, and is judged by the keys. */
static void a_fork_two_versions_deep_is_found(void **state)
{
    ways all = {.version = 0};
    mesh *net = &all.net;
    mesh_roster heals;

    (void)state;
    start(&all, 4);
    go_apart(&all);
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(mesh_version(net, i), all.version + 2);
        assert_true(mesh_forked(net, i));
        assert_int_equal(members_of(net, i), 3); /* org-3 is in one side only */
    }
    {
        const mesh_edit names_both = {.later_ms = 9, .fork_count = 2, .forks = {STATEMENT(all.one_later), STATEMENT(all.other_later)}};
        const nrs_identity *const founder[] = {net->roster_key, NULL};

        heals = mesh_follow(STATEMENT(all.one_later), &names_both, founder);
    }
    for (size_t i = 0; i < 4; i++) {
        mesh_put(net, i, "ROSTER", MANY(heals));
        assert_false(mesh_forked(net, i));
        assert_int_equal(mesh_version(net, i), all.version + 3);
    }
    mesh_roster_wipe(&heals);
    stop(&all);
}

/* A rival that follows another rival is signed by the keys of the version before all the same: it is kept, and counts. */
static void a_rival_on_a_rival_counts(void **state)
{
    ways all = {.version = 0};
    mesh *net = &all.net;

    (void)state;
    start(&all, 4);
    {
        const mesh_edit first = {.later_ms = 3}, second = {.later_ms = 5};
        const mesh_edit same = {.later_ms = 4}, apart = {.without = "org-3"};
        const nrs_identity *const founder[] = {net->roster_key, NULL};

        all.one = mesh_follow(STATEMENT(all.joined), &first, founder);
        all.one_later = mesh_follow(STATEMENT(all.one), &second, founder);
        all.other = mesh_follow(STATEMENT(all.joined), &same, founder);
        all.other_later = mesh_follow(STATEMENT(all.other), &apart, founder);
    }
    mesh_put(net, 0, "ROSTER", MANY(all.one));
    mesh_put(net, 0, "ROSTER", MANY(all.one_later));
    mesh_settle(net, 4);
    mesh_put(net, 0, "ROSTER", MANY(all.other));
    assert_int_equal(members_of(net, 0), 4);
    mesh_put(net, 0, "ROSTER", MANY(all.other_later));
    assert_int_equal(members_of(net, 0), 3);
    mesh_settle(net, 6);
    for (size_t i = 0; i < 4; i++) {
        if (i == 3) {
            continue; /* left outside */
        }
        assert_true(mesh_forked(net, i));
        assert_int_equal(sides_of(net, i), 4);
        assert_int_equal(members_of(net, i), 3);
    }
    stop(&all);
}

/* What an invite brings along of a version that is held, and is another, is the proof of a fork as it would be by itself. */
static void an_invite_with_a_rival_in_its_chain(void **state)
{
    ways all = {.version = 0};
    mesh *net = &all.net;
    mesh_roster further;

    (void)state;
    start(&all, 4);
    {
        const mesh_edit first = {.later_ms = 3}, apart = {.without = "org-3"}, later = {.later_ms = 7};
        const nrs_identity *const founder[] = {net->roster_key, NULL};

        all.one = mesh_follow(STATEMENT(all.joined), &first, founder);
        all.other = mesh_follow(STATEMENT(all.joined), &apart, founder);
        all.other_later = mesh_follow(STATEMENT(all.other), &later, founder);
        further = mesh_follow(STATEMENT(all.other_later), &later, founder);
    }
    mesh_put(net, 0, "ROSTER", MANY(all.one));
    mesh_settle(net, 4);
    {
        const mesh_roster *const chain[] = {&all.other};

        mesh_invite(net, 1, chain, 1, &further); /* versions are missing between: no hash would tell */
        mesh_invite(net, 2, chain, 1, &all.other_later); /* none is missing */
    }
    for (size_t i = 1; i < 3; i++) {
        assert_non_null(strstr(net->nodes[i].last_log, "forked"));
        assert_int_equal(mesh_version(net, i), all.version + 1);
        assert_true(mesh_forked(net, i));
        assert_int_equal(members_of(net, i), 3);
    }
    mesh_settle(net, 4);
    assert_true(mesh_forked(net, 0));
    mesh_roster_wipe(&further);
    stop(&all);
}

/* Nobody is let in by a fork: who stands in all sides, and not in the version before, is no member. */
static void both_sides_let_somebody_in(void **state)
{
    ways all = {.version = 0};
    mesh *net = &all.net;
    size_t late;

    (void)state;
    start(&all, 3);
    late = mesh_add_node(net, "org-9");
    {
        Nrs__Wire__Member *newcomer = mesh_member(&net->nodes[late], NRS_ROLE_OPERATOR);
        const mesh_edit first = {.later_ms = 3, .with = newcomer}, second = {.later_ms = 5, .with = newcomer};
        const nrs_identity *const founder[] = {net->roster_key, NULL};

        all.one = mesh_follow(STATEMENT(all.joined), &first, founder);
        all.other = mesh_follow(STATEMENT(all.joined), &second, founder);
    }
    mesh_put(net, 1, "ROSTER", MANY(all.one));
    assert_int_equal(members_of(net, 1), 4);
    mesh_put(net, 1, "ROSTER", MANY(all.other));
    assert_true(mesh_forked(net, 1));
    assert_int_equal(members_of(net, 1), 3);
    mesh_crash(net, 1);
    assert_int_equal(members_of(net, 1), 3);
    stop(&all);
}

/* Two heads of which none is of the roster held prove nothing here: what is held may be what both were made beside. */
static void a_proof_that_names_none_that_is_held(void **state)
{
    ways all = {.version = 0};
    mesh *net = &all.net;
    loose_head first, second;
    nrs_bytes proof = {0};

    (void)state;
    start(&all, 3);
    {
        const mesh_edit held = {.later_ms = 3}, one = {.later_ms = 5}, other = {.later_ms = 7};
        const nrs_identity *const founder[] = {net->roster_key, NULL};

        all.one = mesh_follow(STATEMENT(all.joined), &held, founder);
        all.other = mesh_follow(STATEMENT(all.joined), &one, founder);
        all.other_later = mesh_follow(STATEMENT(all.joined), &other, founder);
    }
    mesh_put(net, 1, "ROSTER", MANY(all.one));
    head_of(&first, &all.other);
    head_of(&second, &all.other_later);
    proof = proof_of(&first, &second);
    mesh_put(net, 1, "FORK", nrs_slice_of_bytes(&proof));
    assert_non_null(strstr(net->nodes[1].last_log, "not-found"));
    assert_false(mesh_forked(net, 1));
    assert_int_equal(sides_of(net, 1), 0);
    nrs_bytes_wipe(&proof);
    nrs_signed_by_many_free(&first.many);
    nrs_signed_by_many_free(&second.many);
    stop(&all);
}

/* Whoever only shares another community with a node proves nothing to it about this one, with a proof that is good. */
static void a_proof_from_an_outsider(void **state)
{
    ways all = {.version = 0};
    mesh *net = &all.net;
    mesh_second gas;
    loose_head ours, theirs;
    nrs_bytes proof = {0};
    size_t outsider;

    (void)state;
    start(&all, 2);
    outsider = mesh_add_node(net, "org-9");
    {
        const size_t nodes[] = {0, outsider};
        const uint32_t roles[] = {NRS_ROLE_OPERATOR, NRS_ROLE_HUB};

        mesh_second_start(net, &gas, "gas", nodes, roles, 2, false);
    }
    mesh_settle(net, 6);
    assert_true(mesh_linked(net, 0, outsider));
    {
        const mesh_edit one = {.later_ms = 3}, other = {.later_ms = 5};
        const nrs_identity *const founder[] = {net->roster_key, NULL};

        all.one = mesh_follow(STATEMENT(all.joined), &one, founder);
        all.other = mesh_follow(STATEMENT(all.joined), &other, founder);
    }
    mesh_put(net, 0, "ROSTER", MANY(all.one));
    mesh_settle(net, 3);
    head_of(&ours, &all.one);
    head_of(&theirs, &all.other);
    proof = proof_of(&ours, &theirs);
    mesh_show_record(net, outsider, 0, NRS_RECORD_FORK, nrs_slice_of_bytes(&proof), 0);
    assert_false(mesh_forked(net, 0));
    assert_int_equal(sides_of(net, 0), 0);
    mesh_show_record(net, 1, 0, NRS_RECORD_FORK, nrs_slice_of_bytes(&proof), 0); /* a member's word */
    assert_true(mesh_forked(net, 0));
    nrs_bytes_wipe(&proof);
    nrs_signed_by_many_free(&ours.many);
    nrs_signed_by_many_free(&theirs.many);
    mesh_second_stop(&gas);
    stop(&all);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_padded_head_is_refused),
        cmocka_unit_test(a_cut_head_is_judged_again),
        cmocka_unit_test(a_fork_two_versions_deep_is_found),
        cmocka_unit_test(a_rival_on_a_rival_counts),
        cmocka_unit_test(an_invite_with_a_rival_in_its_chain),
        cmocka_unit_test(both_sides_let_somebody_in),
        cmocka_unit_test(a_proof_that_names_none_that_is_held),
        cmocka_unit_test(a_proof_from_an_outsider),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
