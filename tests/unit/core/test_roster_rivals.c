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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_padded_head_is_refused),
        cmocka_unit_test(a_cut_head_is_judged_again),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
