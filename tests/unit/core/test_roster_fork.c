/* Two signed rosters of one version, and rosters that nobody vouches for any more. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "keys/roster_delta.h"
#include "mesh_rosters.h"
#include "proto/vocabulary.h"

#define OK(expression) assert_int_equal((expression), NRS_OK)

/* A successor of `before` without the member named (or with all), valid until another time, and naming forks. */
static mesh_roster follow(const mesh *net, nrs_slice before, const char *without, uint64_t later, ProtobufCBinaryData *forks, size_t fork_count)
{
    mesh_roster made = {{0}, {0}};
    nrs_roster *held = NULL;
    nrs_roster next;
    Nrs__Wire__Member *members[MESH_NODE_MAX];
    uint8_t community[NRS_HASH_SIZE], previous[NRS_HASH_SIZE];

    OK(nrs_roster_decode(&held, before));
    nrs_roster_community(community, held, before);
    nrs_roster_hash(previous, before);
    next = *held;
    next.version++;
    next.expires_ms += later;
    next.community = nrs_field_of(nrs_slice_of(community, sizeof community));
    next.previous = nrs_field_of(nrs_slice_of(previous, sizeof previous));
    next.members = members;
    next.n_members = 0;
    next.forks = forks;
    next.n_forks = fork_count;
    for (size_t i = 0; i < held->n_members; i++) {
        if (without == NULL || strcmp(held->members[i]->org, without) != 0) {
            members[next.n_members++] = held->members[i];
        }
    }
    OK(nrs_roster_encode(&made.statement, &next));
    OK(nrs_roster_sign(&made.many, nrs_slice_of_bytes(&made.statement), nrs_slice_of(NULL, 0), net->roster_key));
    nrs_roster_free(&held);
    return made;
}

static size_t members_of(mesh *net, size_t node)
{
    OK(mesh_command(net, node, "{\"command\":\"roster-forks\",\"community\":\"electricity\"}"));
    return json_array_size(json_object_get(mesh_row(net, node, 0), "members"));
}

/* Hub 0, members 1 to 4; the other side has no org-4, ours no org-3. Each member hears of it from whoever noticed. */
static void a_fork_freezes_and_is_healed(void **state)
{
    mesh net;
    mesh_roster ours, theirs, healing, wrong;
    uint8_t hashes[2][NRS_HASH_SIZE];
    ProtobufCBinaryData forks[2];
    char fingerprint[48];
    long long before;

    (void)state;
    mesh_start(&net, 5, 1);
    mesh_settle(&net, 6);
    before = mesh_version(&net, 0);
    ours = follow(&net, nrs_slice_of_bytes(&net.statement), "org-3", 0, NULL, 0);
    theirs = follow(&net, nrs_slice_of_bytes(&net.statement), "org-4", 0, NULL, 0);
    mesh_put(&net, 0, "ROSTER", nrs_slice_of_bytes(&ours.many));
    mesh_settle(&net, 3);
    assert_int_equal(mesh_version(&net, 1), before + 1);
    assert_int_equal(members_of(&net, 1), 4);

    mesh_show(&net, 2, 0, nrs_slice_of_bytes(&theirs.many)); /* a member shows the hub another roster of that version */
    assert_true(mesh_forked(&net, 0));
    mesh_settle(&net, 4);
    for (size_t i = 0; i < 3; i++) {
        assert_true(mesh_forked(&net, i));
        assert_int_equal(mesh_version(&net, i), before + 1);
        assert_int_equal(members_of(&net, i), 3); /* org-0, org-1, org-2: neither side's loss comes back */
    }
    mesh_crash(&net, 1); /* it lasts */
    mesh_crash(&net, 0);
    mesh_settle(&net, 3);
    assert_true(mesh_forked(&net, 1));
    assert_int_equal(members_of(&net, 0), 3);
    assert_false(mesh_linked(&net, 0, 3));
    assert_false(mesh_linked(&net, 0, 4));

    /* A successor that does not name both changes nothing; reports still go to those who are left. */
    wrong = follow(&net, nrs_slice_of_bytes(&ours.statement), NULL, 1, NULL, 0);
    mesh_put(&net, 0, "ROSTER", nrs_slice_of_bytes(&wrong.many));
    assert_int_equal(mesh_version(&net, 0), before + 1);
    OK(mesh_ask(&net, 1, "{\"command\":\"send\",\"label\":\"AMBER\",\"to\":[\"@electricity\"],\"kind\":\"situation\",\"subject\":\"s\",\"body\":\"b\"}"));
    assert_int_equal(json_array_size(json_object_get(mesh_row(&net, 1, 0), "recipients")), 2);

    /* One that names both is in force where a person gave it, and waits for a person everywhere else. */
    nrs_roster_hash(hashes[0], nrs_slice_of_bytes(&ours.statement));
    nrs_roster_hash(hashes[1], nrs_slice_of_bytes(&theirs.statement));
    for (size_t i = 0; i < 2; i++) {
        forks[i] = nrs_field_of(nrs_slice_of(hashes[i], NRS_HASH_SIZE));
    }
    healing = follow(&net, nrs_slice_of_bytes(&ours.statement), "org-4", 2, forks, 2);
    mesh_put(&net, 0, "ROSTER", nrs_slice_of_bytes(&healing.many));
    assert_int_equal(mesh_version(&net, 0), before + 2);
    assert_false(mesh_forked(&net, 0));
    mesh_settle(&net, 3);
    assert_int_equal(mesh_version(&net, 1), before + 1);
    assert_true(mesh_forked(&net, 1));
    assert_int_equal(mesh_ask(&net, 1, "{\"command\":\"roster-heal\",\"community\":\"electricity\",\"fingerprint\":\"12345 12345\"}"), NRS_ERROR_FINGERPRINT);
    assert_true(mesh_forked(&net, 1));
    mesh_crash(&net, 1);
    nrs_roster_hash(hashes[0], nrs_slice_of_bytes(&healing.statement));
    nrs_fingerprint(fingerprint, hashes[0]);
    OK(mesh_ask(&net, 1, "{\"command\":\"roster-heal\",\"community\":\"electricity\",\"fingerprint\":\"%s\"}", fingerprint));
    assert_int_equal(mesh_version(&net, 1), before + 2);
    assert_false(mesh_forked(&net, 1));
    mesh_crash(&net, 1);
    assert_false(mesh_forked(&net, 1));
    assert_true(mesh_forked(&net, 2));
    mesh_roster_wipe(&ours);
    mesh_roster_wipe(&theirs);
    mesh_roster_wipe(&healing);
    mesh_roster_wipe(&wrong);
    mesh_stop(&net);
}

static size_t frames_cut;

static bool count_byes(void *context, size_t from, size_t to, nrs_slice bytes)
{
    nrs_frame *frame = NULL;

    (void)context, (void)from, (void)to;
    frames_cut += nrs_frame_decode(&frame, bytes) == NRS_OK && frame->type == NRS_FRAME_BYE;
    nrs_frame_free(&frame);
    return true;
}

/* While a person has not compared the fingerprint, later rosters wait as well; the link stands, and reports go over it. */
static void what_follows_a_healing_roster_waits_with_it(void **state)
{
    mesh net;
    mesh_roster ours, theirs, healing, later;
    uint8_t hashes[2][NRS_HASH_SIZE], hash[NRS_HASH_SIZE];
    ProtobufCBinaryData forks[2];
    char fingerprint[48];
    long long before;

    (void)state;
    mesh_start(&net, 3, 1);
    mesh_settle(&net, 6);
    before = mesh_version(&net, 0);
    ours = follow(&net, nrs_slice_of_bytes(&net.statement), NULL, 1, NULL, 0);
    theirs = follow(&net, nrs_slice_of_bytes(&net.statement), NULL, 2, NULL, 0);
    mesh_put(&net, 0, "ROSTER", nrs_slice_of_bytes(&ours.many));
    mesh_settle(&net, 3);
    mesh_show(&net, 1, 0, nrs_slice_of_bytes(&theirs.many));
    mesh_settle(&net, 3);
    nrs_roster_hash(hashes[0], nrs_slice_of_bytes(&ours.statement));
    nrs_roster_hash(hashes[1], nrs_slice_of_bytes(&theirs.statement));
    for (size_t i = 0; i < 2; i++) {
        forks[i] = nrs_field_of(nrs_slice_of(hashes[i], NRS_HASH_SIZE));
    }
    healing = follow(&net, nrs_slice_of_bytes(&ours.statement), NULL, 3, forks, 2);
    later = follow(&net, nrs_slice_of_bytes(&healing.statement), NULL, 4, NULL, 0);
    mesh_put(&net, 0, "ROSTER", nrs_slice_of_bytes(&healing.many));
    mesh_put(&net, 0, "ROSTER", nrs_slice_of_bytes(&later.many));
    frames_cut = 0;
    net.inspect = count_byes;
    mesh_settle(&net, 4);
    mesh_crash(&net, 1); /* its next hello says what it holds, and it is told the rest again */
    mesh_settle(&net, 4);
    assert_int_equal(frames_cut, 0);
    assert_true(mesh_linked(&net, 0, 1));
    assert_int_equal(mesh_version(&net, 1), before + 1);
    OK(mesh_ask(&net, 1, "{\"command\":\"send\",\"label\":\"AMBER\",\"to\":[\"org-0\"],\"kind\":\"situation\",\"subject\":\"s\",\"body\":\"b\"}"));
    mesh_settle(&net, 3);
    OK(mesh_command(&net, 0, "{\"command\":\"list\"}"));
    assert_int_equal(mesh_row_count(&net, 0), 1);
    nrs_roster_hash(hash, nrs_slice_of_bytes(&healing.statement));
    nrs_fingerprint(fingerprint, hash);
    OK(mesh_ask(&net, 1, "{\"command\":\"roster-heal\",\"community\":\"electricity\",\"fingerprint\":\"%s\"}", fingerprint));
    mesh_settle(&net, 4);
    mesh_crash(&net, 1); /* in this mesh nobody dials twice by itself */
    mesh_settle(&net, 4);
    assert_int_equal(mesh_version(&net, 1), before + 3);
    net.inspect = NULL;
    mesh_roster_wipe(&ours);
    mesh_roster_wipe(&theirs);
    mesh_roster_wipe(&healing);
    mesh_roster_wipe(&later);
    mesh_stop(&net);
}

/* A member was away while two rosters were signed and heard of neither: it stands on no side, and the one that heals is a later one like
 * any other. No side was given to any node, so that nobody can tell it of them before. */
static void who_knew_no_side_takes_the_healing_roster(void **state)
{
    mesh net;
    mesh_roster ours, theirs, healing;
    uint8_t hashes[2][NRS_HASH_SIZE];
    ProtobufCBinaryData forks[2];
    long long before;

    (void)state;
    mesh_start(&net, 3, 1);
    mesh_settle(&net, 6);
    before = mesh_version(&net, 1);
    ours = follow(&net, nrs_slice_of_bytes(&net.statement), NULL, 1, NULL, 0);
    theirs = follow(&net, nrs_slice_of_bytes(&net.statement), NULL, 2, NULL, 0);
    nrs_roster_hash(hashes[0], nrs_slice_of_bytes(&ours.statement));
    nrs_roster_hash(hashes[1], nrs_slice_of_bytes(&theirs.statement));
    for (size_t i = 0; i < 2; i++) {
        forks[i] = nrs_field_of(nrs_slice_of(hashes[i], NRS_HASH_SIZE));
    }
    healing = follow(&net, nrs_slice_of_bytes(&ours.statement), NULL, 3, forks, 2);
    mesh_show(&net, 0, 1, nrs_slice_of_bytes(&healing.many));
    mesh_settle(&net, 3);
    assert_true(mesh_linked(&net, 0, 1));
    assert_int_equal(mesh_version(&net, 1), before + 2);
    assert_false(mesh_forked(&net, 1));
    mesh_show(&net, 0, 1, nrs_slice_of_bytes(&theirs.many)); /* told of a side afterwards: that is over */
    mesh_settle(&net, 3);
    assert_false(mesh_forked(&net, 1));
    assert_int_equal(mesh_version(&net, 1), before + 2);
    mesh_roster_wipe(&ours);
    mesh_roster_wipe(&theirs);
    mesh_roster_wipe(&healing);
    mesh_stop(&net);
}

/* Who took up the healing roster before it heard of the fork is told of it afterwards: that is over, also after a start. */
static void what_is_healed_stays_healed(void **state)
{
    mesh net;
    mesh_roster ours, theirs, healing;
    uint8_t hashes[2][NRS_HASH_SIZE];
    ProtobufCBinaryData forks[2];
    long long before;

    (void)state;
    mesh_start(&net, 4, 1);
    mesh_settle(&net, 6);
    before = mesh_version(&net, 0);
    ours = follow(&net, nrs_slice_of_bytes(&net.statement), NULL, 1, NULL, 0);
    theirs = follow(&net, nrs_slice_of_bytes(&net.statement), NULL, 2, NULL, 0);
    mesh_put(&net, 0, "ROSTER", nrs_slice_of_bytes(&ours.many));
    mesh_settle(&net, 3);
    mesh_down(&net, 2);
    mesh_show(&net, 1, 0, nrs_slice_of_bytes(&theirs.many));
    mesh_settle(&net, 3);
    assert_true(mesh_forked(&net, 1));
    nrs_roster_hash(hashes[0], nrs_slice_of_bytes(&ours.statement));
    nrs_roster_hash(hashes[1], nrs_slice_of_bytes(&theirs.statement));
    for (size_t i = 0; i < 2; i++) {
        forks[i] = nrs_field_of(nrs_slice_of(hashes[i], NRS_HASH_SIZE));
    }
    healing = follow(&net, nrs_slice_of_bytes(&ours.statement), NULL, 3, forks, 2);
    mesh_up(&net, 2);
    for (size_t i = 0; i < 3; i++) {
        mesh_put(&net, i, "ROSTER", nrs_slice_of_bytes(&healing.many));
    }
    mesh_settle(&net, 4); /* the hub's log still holds both sides and the proof */
    mesh_crash(&net, 2);
    mesh_settle(&net, 4);
    mesh_show(&net, 1, 0, nrs_slice_of_bytes(&theirs.many));
    for (size_t i = 0; i < 3; i++) {
        assert_false(mesh_forked(&net, i));
        assert_int_equal(mesh_version(&net, i), before + 2);
    }
    OK(mesh_command(&net, 2, "{\"command\":\"roster-forks\",\"community\":\"electricity\"}"));
    assert_int_equal(json_array_size(json_object_get(mesh_row(&net, 2, 0), "rosters")), 0);
    mesh_roster_wipe(&ours);
    mesh_roster_wipe(&theirs);
    mesh_roster_wipe(&healing);
    mesh_stop(&net);
}

/* Whoever stands on the abandoned side takes the healing roster the same way. */
static void the_other_side_heals_too(void **state)
{
    mesh net;
    mesh_roster ours, theirs, healing;
    uint8_t hashes[2][NRS_HASH_SIZE];
    ProtobufCBinaryData forks[2];
    char fingerprint[48];
    long long before;

    (void)state;
    mesh_start(&net, 3, 1);
    mesh_settle(&net, 6);
    before = mesh_version(&net, 0);
    mesh_down(&net, 2);
    ours = follow(&net, nrs_slice_of_bytes(&net.statement), NULL, 1, NULL, 0);
    theirs = follow(&net, nrs_slice_of_bytes(&net.statement), NULL, 2, NULL, 0);
    mesh_put(&net, 0, "ROSTER", nrs_slice_of_bytes(&ours.many));
    mesh_up(&net, 2);
    mesh_put(&net, 2, "ROSTER", nrs_slice_of_bytes(&theirs.many)); /* before it hears of the hub's */
    mesh_settle(&net, 4);
    assert_true(mesh_forked(&net, 0));
    assert_true(mesh_forked(&net, 1));
    assert_true(mesh_forked(&net, 2));
    nrs_roster_hash(hashes[0], nrs_slice_of_bytes(&ours.statement));
    nrs_roster_hash(hashes[1], nrs_slice_of_bytes(&theirs.statement));
    for (size_t i = 0; i < 2; i++) {
        forks[i] = nrs_field_of(nrs_slice_of(hashes[i], NRS_HASH_SIZE));
    }
    healing = follow(&net, nrs_slice_of_bytes(&ours.statement), NULL, 3, forks, 2);
    mesh_put(&net, 0, "ROSTER", nrs_slice_of_bytes(&healing.many));
    mesh_settle(&net, 4);
    nrs_roster_hash(hashes[0], nrs_slice_of_bytes(&healing.statement));
    nrs_fingerprint(fingerprint, hashes[0]);
    for (size_t i = 1; i < 3; i++) {
        OK(mesh_ask(&net, i, "{\"command\":\"roster-heal\",\"community\":\"electricity\",\"fingerprint\":\"%s\"}", fingerprint));
        assert_int_equal(mesh_version(&net, i), before + 2);
        assert_false(mesh_forked(&net, i));
    }
    mesh_settle(&net, 2);
    assert_true(mesh_linked(&net, 0, 1));
    assert_true(mesh_linked(&net, 0, 2));
    mesh_roster_wipe(&ours);
    mesh_roster_wipe(&theirs);
    mesh_roster_wipe(&healing);
    mesh_stop(&net);
}

/* What was not signed by the roster keys is no fork, and what is older than what is kept is nothing. */
static void what_proves_nothing(void **state)
{
    mesh net;
    mesh_roster theirs;
    nrs_signed_by_many *many = NULL;
    nrs_bytes bad = {0};

    (void)state;
    mesh_start(&net, 3, 1);
    mesh_settle(&net, 6);
    mesh_bump(&net);
    theirs = follow(&net, nrs_slice_of_bytes(&net.statement), NULL, 5, NULL, 0);
    mesh_bump(&net);
    mesh_give(&net, 0);
    mesh_settle(&net, 3);
    OK(nrs_signed_by_many_decode(&many, nrs_slice_of_bytes(&theirs.many)));
    many->signatures[0]->signature.data[7] ^= 1;
    OK(nrs_signed_by_many_encode(&bad, many));
    mesh_show(&net, 1, 0, nrs_slice_of_bytes(&bad));
    assert_false(mesh_forked(&net, 0));
    mesh_put(&net, 0, "FORK", nrs_slice_of_string("no proof"));
    assert_false(mesh_forked(&net, 0));
    nrs_bytes_wipe(&bad);
    nrs_signed_by_many_free(&many);
    mesh_roster_wipe(&theirs);
    mesh_stop(&net);
}

/* A node that only has the proof knows of the fork, and keeps it. */
static void a_proof_travels_alone(void **state)
{
    mesh net;
    mesh_roster ours, theirs;
    nrs_bytes proof = {0};

    (void)state;
    mesh_start(&net, 4, 1);
    mesh_settle(&net, 6);
    ours = follow(&net, nrs_slice_of_bytes(&net.statement), NULL, 1, NULL, 0);
    theirs = follow(&net, nrs_slice_of_bytes(&net.statement), NULL, 2, NULL, 0);
    mesh_put(&net, 0, "ROSTER", nrs_slice_of_bytes(&ours.many));
    mesh_settle(&net, 2);
    mesh_down(&net, 3);
    mesh_put(&net, 0, "ROSTER", nrs_slice_of_bytes(&theirs.many)); /* refused by the hand, as it is no successor, and kept as what it proves */
    assert_true(mesh_forked(&net, 0));
    mesh_show(&net, 1, 0, nrs_slice_of_bytes(&theirs.many));
    assert_true(mesh_forked(&net, 0));
    OK(mesh_command(&net, 0, "{\"command\":\"roster-forks\",\"community\":\"electricity\"}"));
    OK(nrs_base64_decode(&proof, nrs_slice_of_string(mesh_text(mesh_row(&net, 0, 0), "proof"))));
    assert_true(proof.size < 1024);
    mesh_down(&net, 0);
    mesh_up(&net, 3);
    assert_false(mesh_forked(&net, 3));
    proof.data[proof.size - 5] ^= 1;
    mesh_put(&net, 3, "FORK", nrs_slice_of_bytes(&proof));
    assert_false(mesh_forked(&net, 3));
    proof.data[proof.size - 5] ^= 1;
    mesh_put(&net, 3, "FORK", nrs_slice_of_bytes(&proof));
    assert_true(mesh_forked(&net, 3));
    mesh_crash(&net, 3);
    assert_true(mesh_forked(&net, 3));
    nrs_bytes_wipe(&proof);
    mesh_roster_wipe(&ours);
    mesh_roster_wipe(&theirs);
    mesh_stop(&net);
}

static nrs_error send(mesh *net, size_t node, const char *label, bool override)
{
    return mesh_ask(net, node, "{\"command\":\"send\",\"label\":\"%s\",\"to\":[\"@electricity\"],\"kind\":\"situation\",\"subject\":\"s\",\"body\":\"b\"%s}",
                    label, override ? ",\"stale_roster\":true" : "");
}

/* Cut off for four days: GREEN goes on, AMBER needs a person's word; the hub's word makes it good again. */
static void a_roster_goes_stale(void **state)
{
    mesh net;
    size_t lines;

    (void)state;
    mesh_start(&net, 3, 1);
    mesh_settle(&net, 6);
    OK(send(&net, 1, "AMBER", false));
    mesh_down(&net, 0);
    for (int day = 0; day < 4; day++) {
        net.now_ms += NRS_DAY_MS;
        net.monotonic_ms += NRS_DAY_MS;
        mesh_settle(&net, 1);
    }
    assert_int_equal(send(&net, 1, "AMBER", false), NRS_ERROR_ROSTER_STALE);
    OK(send(&net, 1, "GREEN", false));
    lines = net.nodes[1].log_lines;
    OK(send(&net, 1, "AMBER", true));
    assert_true(net.nodes[1].log_lines > lines);
    mesh_up(&net, 0);
    mesh_settle(&net, 4);
    OK(send(&net, 1, "AMBER", false));
    mesh_crash(&net, 1);
    OK(send(&net, 1, "AMBER", false));
    mesh_stop(&net);
}

/* An organisation whose card someone entered in a roster of their own: nothing is sealed to it until it says itself that it
 * belongs there, and what it signed for another community says nothing here. */
static void a_key_copied_into_another_roster(void **state)
{
    mesh net;
    size_t stranger;
    const json_t *row;

    (void)state;
    mesh_start(&net, 3, 1);
    mesh_settle(&net, 6);
    stranger = mesh_add_node(&net, "stranger");
    mesh_join(&net, stranger, NRS_ROLE_OPERATOR);
    mesh_crash(&net, stranger);
    mesh_down(&net, stranger); /* its node takes no part */
    mesh_settle(&net, 4);
    OK(send(&net, 1, "AMBER", false));
    row = mesh_row(&net, 1, 0);
    assert_int_equal(json_array_size(json_object_get(row, "waiting")), 1);
    assert_string_equal(json_string_value(json_array_get(json_object_get(row, "waiting"), 0)), "stranger");
    mesh_up(&net, stranger);
    mesh_settle(&net, 6);
    OK(send(&net, 1, "AMBER", false));
    assert_int_equal(json_array_size(json_object_get(mesh_row(&net, 1, 0), "waiting")), 0);
    mesh_stop(&net);
}

/* The history says what each version changed and who signed it. */
static void history(void **state)
{
    mesh net;
    const json_t *row;

    (void)state;
    mesh_start(&net, 4, 1);
    mesh_settle(&net, 4);
    mesh_remove(&net, 3);
    mesh_settle(&net, 3);
    OK(mesh_command(&net, 1, "{\"command\":\"roster-history\",\"community\":\"electricity\"}"));
    row = mesh_row(&net, 1, mesh_row_count(&net, 1) - 1);
    assert_int_equal(json_array_size(json_object_get(row, "signed_by")), 1);
    assert_int_equal(json_array_size(json_object_get(row, "changes")), 1);
    row = json_array_get(json_object_get(row, "changes"), 0);
    assert_string_equal(mesh_text(row, "change"), "member-out");
    assert_string_equal(mesh_text(row, "org"), "org-3");
    assert_string_equal(mesh_text(row, "cause"), "revoked");
    assert_int_equal(mesh_command(&net, 1, "{\"command\":\"roster-history\",\"community\":\"gas\"}"), NRS_ERROR_UNKNOWN_COMMUNITY);
    mesh_stop(&net);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_fork_freezes_and_is_healed),
        cmocka_unit_test(the_other_side_heals_too),
        cmocka_unit_test(what_is_healed_stays_healed),
        cmocka_unit_test(who_knew_no_side_takes_the_healing_roster),
        cmocka_unit_test(what_follows_a_healing_roster_waits_with_it),
        cmocka_unit_test(what_proves_nothing),
        cmocka_unit_test(a_proof_travels_alone),
        cmocka_unit_test(a_roster_goes_stale),
        cmocka_unit_test(a_key_copied_into_another_roster),
        cmocka_unit_test(history),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
