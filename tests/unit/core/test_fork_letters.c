/* What is said to whom a fork leaves outside waits until it is healed (SPEC 7.12, 8.2). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "mesh_look.h"
#include "mesh_rosters.h"

#define OK(expression) assert_int_equal((expression), NRS_OK)

enum { HUB, ALPHA, BRAVO, CHARLIE, COUNT };

static mesh net;
static mesh_roster ours, theirs; /* the other has no BRAVO */
static char id[2 * NRS_HASH_SIZE + 1];

/* ALPHA has sent BRAVO a report, which nobody has opened yet, and withdraws it in the fork. */
static int start(void **state)
{
    const nrs_identity *signers[2] = {NULL, NULL};
    const mesh_edit edits[] = {{.later_ms = 1}, {.without = "org-2"}};

    (void)state;
    mesh_start(&net, COUNT, 1);
    mesh_settle(&net, 6);
    OK(mesh_ask(&net, ALPHA, "{\"command\":\"send\",\"label\":\"AMBER\",\"to\":[\"org-2\"],\"kind\":\"incident\",\"subject\":\"s\",\"body\":\"b\"}"));
    (void)snprintf(id, sizeof id, "%s", mesh_text(mesh_row(&net, ALPHA, 0), "id"));
    mesh_settle(&net, 4);
    assert_true(mesh_has(&net, BRAVO, id));
    signers[0] = net.roster_key;
    ours = mesh_follow(nrs_slice_of_bytes(&net.statement), &edits[0], signers);
    theirs = mesh_follow(nrs_slice_of_bytes(&net.statement), &edits[1], signers);
    mesh_put(&net, HUB, "ROSTER", nrs_slice_of_bytes(&ours.many));
    mesh_settle(&net, 3);
    mesh_show(&net, CHARLIE, HUB, nrs_slice_of_bytes(&theirs.many));
    mesh_settle(&net, 4);
    assert_true(mesh_forked(&net, ALPHA) && !mesh_linked(&net, HUB, BRAVO));
    OK(mesh_ask(&net, ALPHA, "{\"command\":\"withdraw\",\"id\":\"%s\",\"reason\":\"r\"}", id));
    mesh_settle(&net, 4);
    mesh_crash(&net, ALPHA);
    mesh_settle(&net, 4);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    mesh_roster_wipe(&ours);
    mesh_roster_wipe(&theirs);
    mesh_stop(&net);
    return 0;
}

static void heal(const char *without)
{
    const nrs_identity *const signers[] = {net.roster_key, NULL};
    const mesh_edit edit = {.later_ms = 2, .without = without, .forks = {nrs_slice_of_bytes(&ours.statement), nrs_slice_of_bytes(&theirs.statement)}, .fork_count = 2};
    mesh_roster healing = mesh_follow(nrs_slice_of_bytes(&ours.statement), &edit, signers);
    uint8_t hash[NRS_HASH_SIZE];
    char fingerprint[48];

    nrs_roster_hash(hash, nrs_slice_of_bytes(&healing.statement));
    nrs_fingerprint(fingerprint, hash);
    mesh_put(&net, HUB, "ROSTER", nrs_slice_of_bytes(&healing.many));
    mesh_settle(&net, 4);
    for (size_t i = ALPHA; i < COUNT; i++) {
        if (without == NULL || strcmp(net.nodes[i].org, without) != 0) {
            OK(mesh_ask(&net, i, "{\"command\":\"roster-heal\",\"community\":\"electricity\",\"fingerprint\":\"%s\"}", fingerprint));
        }
    }
    mesh_settle(&net, 8);
    mesh_roster_wipe(&healing);
}

static long long waiting(void)
{
    return json_integer_value(json_object_get(mesh_status(&net, ALPHA), "queued"));
}

static void who_comes_back_hears_of_a_withdrawal(void **state)
{
    (void)state;
    assert_true(waiting() > 0);
    heal(NULL);
    assert_true(mesh_linked(&net, HUB, BRAVO));
    assert_int_equal(mesh_ask(&net, BRAVO, "{\"command\":\"show\",\"id\":\"%s\"}", id), NRS_ERROR_WITHDRAWN);
    assert_int_equal(waiting(), 0);
}

static void who_does_not_is_told_nothing(void **state)
{
    (void)state;
    heal("org-2");
    assert_false(mesh_linked(&net, HUB, BRAVO));
    assert_int_equal(waiting(), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(who_comes_back_hears_of_a_withdrawal, start, stop),
        cmocka_unit_test_setup_teardown(who_does_not_is_told_nothing, start, stop),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
