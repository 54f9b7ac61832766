/* Ends of keys among several nodes: a revocation binds all at once and for good; a succession waits for the roster. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sqlite3.h>

#include "keys/change.h"
#include "mesh_rosters.h"
#include "mesh_second.h"
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

/* Leave it in a node's inbox. Returns what the node said of it; "" when it took it. */
static const char *give(size_t node, const char *type, const nrs_bytes *payload)
{
    nrs_event event = {.type = NRS_EVENT_INBOX, .name = "change"};
    char *armoured = NULL;

    net.nodes[node].last_log[0] = '\0';
    OK(nrs_armour_encode(&armoured, type, nrs_slice_of_bytes(payload)));
    event.bytes = nrs_slice_of_string(armoured);
    OK(mesh_step(&net, node, &event));
    free(armoured);
    if (strstr(net.nodes[node].last_log, "taken up") != NULL) {
        return "";
    }
    return strncmp(net.nodes[node].last_log, "inbox: ", 7) == 0 ? net.nodes[node].last_log + 7 : "";
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
    assert_string_equal(give(ALPHA, "REVOCATION", &payload), "");
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
    assert_string_equal(give(HUB, "REVOCATION", &payload), "");
    mesh_bump(&net);
    mesh_give(&net, HUB);
    mesh_settle(&net, 2);
    assert_false(admits(HUB, BRAVO));
    nrs_bytes_wipe(&payload);
}

static void make_succession_as(nrs_bytes *payload_out, size_t node, const nrs_identity *after, char *org)
{
    nrs_bytes card = {0};
    nrs_card value;

    nrs__wire__card__init(&value);
    value.org = org;
    value.name = org;
    value.serial = 9;
    value.created_ms = net.now_ms;
    OK(nrs_card_sign(&card, &value, after));
    OK(nrs_change_succeed(payload_out, net.nodes[node].identity, after, nrs_slice_of_bytes(&card), net.now_ms));
    nrs_bytes_wipe(&card);
}

static void make_succession(nrs_bytes *payload_out, size_t node, const nrs_identity *after)
{
    make_succession_as(payload_out, node, after, net.nodes[node].org);
}

static void test_first_succession_stands(void **state)
{
    nrs_bytes first = {0}, second = {0}, revocation = {0};
    nrs_identity *one = NULL, *two = NULL;

    (void)state;
    OK(nrs_identity_new(&one));
    OK(nrs_identity_new(&two));
    make_succession(&first, BRAVO, one);
    make_succession(&second, BRAVO, two);
    assert_string_equal(give(BRAVO, "SUCCESSION", &first), "");
    mesh_settle(&net, 3);
    assert_true(mesh_linked(&net, HUB, BRAVO)); /* nothing changes until the roster does */
    assert_true(admits(HUB, BRAVO));
    assert_string_equal(give(HUB, "SUCCESSION", &second), "exists");
    assert_string_equal(give(HUB, "SUCCESSION", &first), "");
    OK(nrs_change_revoke(&revocation, net.nodes[BRAVO].identity, net.nodes[BRAVO].org, net.now_ms));
    assert_string_equal(give(HUB, "REVOCATION", &revocation), ""); /* stands above both */
    assert_false(admits(HUB, BRAVO));
    assert_string_equal(give(HUB, "SUCCESSION", &first), "");
    assert_false(admits(HUB, BRAVO));
    nrs_identity_destroy(&one);
    nrs_identity_destroy(&two);
    nrs_bytes_wipe(&first);
    nrs_bytes_wipe(&second);
    nrs_bytes_wipe(&revocation);
}

/* The roster follows: the new keys in the member's place, and a tombstone that says that the old one left. */
static void follow(size_t node, const nrs_identity *after)
{
    const nrs_public_keys *keys = nrs_identity_public(after), *old = nrs_identity_public(net.nodes[node].identity);
    nrs_roster *held = NULL;
    nrs_roster next;
    uint8_t community[NRS_HASH_SIZE], previous[NRS_HASH_SIZE], proof[NRS_SIGNATURE_SIZE];
    Nrs__Wire__Member fresh, *members[MESH_NODE_MAX];
    Nrs__Wire__Tombstone tombstone, *tombstones[1] = {&tombstone};
    nrs_bytes statement = {0}, many = {0};

    OK(nrs_roster_decode(&held, nrs_slice_of_bytes(&net.statement)));
    nrs_roster_community(community, held, nrs_slice_of_bytes(&net.statement));
    nrs_roster_hash(previous, nrs_slice_of_bytes(&net.statement));
    next = *held;
    next.version++;
    next.community = nrs_field_of(nrs_slice_of(community, sizeof community));
    next.previous = nrs_field_of(nrs_slice_of(previous, sizeof previous));
    for (size_t i = 0; i < held->n_members; i++) {
        members[i] = held->members[i];
        if (strcmp(held->members[i]->org, net.nodes[node].org) == 0) {
            fresh = *held->members[i];
            members[i] = &fresh;
        }
    }
    OK(nrs_member_prove(proof, after, net.nodes[node].org));
    fresh.sign_key = nrs_field_of(nrs_slice_of(keys->sign_key, NRS_KEY_SIZE));
    fresh.agree_key = nrs_field_of(nrs_slice_of(keys->agree_key, NRS_KEY_SIZE));
    fresh.curve_key = nrs_field_of(nrs_slice_of(keys->curve_key, NRS_KEY_SIZE));
    fresh.proof = nrs_field_of(nrs_slice_of(proof, sizeof proof));
    nrs__wire__tombstone__init(&tombstone);
    tombstone.sign_key = nrs_field_of(nrs_slice_of(old->sign_key, NRS_KEY_SIZE));
    tombstone.curve_key = nrs_field_of(nrs_slice_of(old->curve_key, NRS_KEY_SIZE));
    tombstone.org = net.nodes[node].org;
    tombstone.cause = 2; /* left */
    tombstone.at_ms = net.now_ms;
    next.members = members;
    next.tombstones = tombstones;
    next.n_tombstones = 1;
    OK(nrs_roster_encode(&statement, &next));
    OK(nrs_roster_sign(&many, nrs_slice_of_bytes(&statement), nrs_slice_of(NULL, 0), net.roster_key));
    nrs_bytes_wipe(&net.statement);
    nrs_bytes_wipe(&net.many);
    net.statement = statement;
    net.many = many;
    nrs_roster_free(&held);
    mesh_give(&net, HUB);
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
    nrs_bytes succession = {0};
    nrs_identity *after = NULL;

    (void)state;
    OK(nrs_identity_new(&after));
    make_succession(&succession, BRAVO, after);
    assert_string_equal(give(BRAVO, "SUCCESSION", &succession), "");
    mesh_settle(&net, 3);
    send(BRAVO, before);
    follow(BRAVO, after);
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
    nrs_bytes_wipe(&succession);
}

static void lose_prekeys(size_t node, size_t owner)
{
    char path[128], text[160], key[2 * NRS_KEY_SIZE + 1];
    sqlite3 *database = NULL;

    nrs_hex_encode(key, nrs_identity_public(net.nodes[owner].identity)->sign_key, NRS_KEY_SIZE);
    (void)snprintf(text, sizeof text, "DELETE FROM prekeys WHERE owner = x'%s'", key);
    (void)snprintf(path, sizeof path, "%s/store.db", net.nodes[node].folder);
    mesh_down(&net, node);
    assert_int_equal(sqlite3_open(path, &database), SQLITE_OK);
    assert_int_equal(sqlite3_exec(database, text, NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_close(database), SQLITE_OK);
    mesh_up(&net, node);
    mesh_settle(&net, 4);
}

/* What waited for its reader's prekey leaves under the keys of then; its id covers who sent it, and the answer is known all the same. */
static void test_an_ask_that_waited_over_a_change_of_keys(void **state)
{
    char id[2 * NRS_HASH_SIZE + 1], ask[2 * NRS_HASH_SIZE + 1];
    nrs_bytes succession = {0};
    nrs_identity *after = NULL;

    (void)state;
    OK(mesh_ask(&net, CHARLIE, "{\"command\":\"send\",\"label\":\"AMBER\",\"to\":[\"org-2\"],\"kind\":\"incident\",\"subject\":\"s\",\"body\":\"b\"}"));
    (void)snprintf(id, sizeof id, "%s", mesh_text(mesh_row(&net, CHARLIE, 0), "id"));
    mesh_settle(&net, 4);
    lose_prekeys(BRAVO, CHARLIE);
    OK(mesh_ask(&net, BRAVO, "{\"command\":\"release-ask\",\"id\":\"%s\",\"to\":[\"org-1\"],\"reason\":\"r\"}", id));
    (void)snprintf(ask, sizeof ask, "%s", mesh_text(mesh_row(&net, BRAVO, 0), "id"));
    OK(nrs_identity_new(&after));
    make_succession(&succession, BRAVO, after);
    assert_string_equal(give(BRAVO, "SUCCESSION", &succession), "");
    mesh_settle(&net, 3);
    follow(BRAVO, after);
    mesh_settle(&net, 4);
    OK(mesh_ask(&net, CHARLIE, "{\"command\":\"release-list\"}"));
    assert_int_equal(mesh_row_count(&net, CHARLIE), 0);
    mesh_take_over(&net, BRAVO, after);
    mesh_settle(&net, 4);
    OK(mesh_ask(&net, CHARLIE, "{\"command\":\"prekeys-rotate\"}"));
    mesh_settle(&net, 6);
    OK(mesh_ask(&net, CHARLIE, "{\"command\":\"release-list\"}"));
    assert_int_equal(mesh_row_count(&net, CHARLIE), 1);
    assert_string_not_equal(mesh_text(mesh_row(&net, CHARLIE, 0), "id"), ask); /* of the keys under which it left */
    OK(mesh_ask(&net, CHARLIE, "{\"command\":\"release-grant\",\"id\":\"%s\"}", mesh_text(mesh_row(&net, CHARLIE, 0), "id")));
    mesh_settle(&net, 8);
    OK(mesh_ask(&net, BRAVO, "{\"command\":\"release-list\"}"));
    assert_string_equal(mesh_text(mesh_row(&net, BRAVO, 0), "id"), ask);
    assert_string_equal(mesh_text(mesh_row(&net, BRAVO, 0), "state"), "released");
    OK(mesh_ask(&net, ALPHA, "{\"command\":\"show\",\"id\":\"%s\"}", id));
    nrs_bytes_wipe(&succession);
}

/* The release came to the key before: who holds it grants under that key, which it names. */
static void test_a_release_asked_for_before_a_change_of_keys(void **state)
{
    char id[2 * NRS_HASH_SIZE + 1], ask[2 * NRS_HASH_SIZE + 1];
    nrs_bytes succession = {0};
    nrs_identity *after = NULL;

    (void)state;
    OK(mesh_ask(&net, CHARLIE, "{\"command\":\"send\",\"label\":\"AMBER\",\"to\":[\"org-2\"],\"kind\":\"incident\",\"subject\":\"s\",\"body\":\"b\"}"));
    (void)snprintf(id, sizeof id, "%s", mesh_text(mesh_row(&net, CHARLIE, 0), "id"));
    mesh_settle(&net, 4);
    OK(mesh_ask(&net, BRAVO, "{\"command\":\"release-ask\",\"id\":\"%s\",\"to\":[\"org-1\"],\"reason\":\"r\"}", id));
    (void)snprintf(ask, sizeof ask, "%s", mesh_text(mesh_row(&net, BRAVO, 0), "id"));
    mesh_settle(&net, 4);
    OK(nrs_identity_new(&after));
    make_succession(&succession, BRAVO, after);
    assert_string_equal(give(BRAVO, "SUCCESSION", &succession), "");
    mesh_settle(&net, 3);
    follow(BRAVO, after);
    mesh_settle(&net, 4);
    mesh_take_over(&net, BRAVO, after);
    mesh_settle(&net, 4);
    pass(NRS_DAY_MS);
    OK(mesh_ask(&net, CHARLIE, "{\"command\":\"release-grant\",\"id\":\"%s\"}", ask));
    mesh_settle(&net, 8);
    OK(mesh_ask(&net, ALPHA, "{\"command\":\"show\",\"id\":\"%s\"}", id));
    nrs_bytes_wipe(&succession);
}

/* The other community's roster follows, too. */
static void follow_there(void *context, nrs_roster *next)
{
    static uint8_t proof[NRS_SIGNATURE_SIZE];
    static Nrs__Wire__Tombstone tombstone, *tombstones[1] = {&tombstone};
    const nrs_public_keys *keys = nrs_identity_public(context), *old = nrs_identity_public(net.nodes[BRAVO].identity);

    for (size_t i = 0; i < next->n_members; i++) {
        Nrs__Wire__Member *member = next->members[i];

        if (strcmp(member->org, net.nodes[BRAVO].org) == 0) {
            OK(nrs_member_prove(proof, context, member->org));
            member->sign_key = nrs_field_of(nrs_slice_of(keys->sign_key, NRS_KEY_SIZE));
            member->agree_key = nrs_field_of(nrs_slice_of(keys->agree_key, NRS_KEY_SIZE));
            member->curve_key = nrs_field_of(nrs_slice_of(keys->curve_key, NRS_KEY_SIZE));
            member->proof = nrs_field_of(nrs_slice_of(proof, sizeof proof));
        }
    }
    nrs__wire__tombstone__init(&tombstone);
    tombstone.sign_key = nrs_field_of(nrs_slice_of(old->sign_key, NRS_KEY_SIZE));
    tombstone.curve_key = nrs_field_of(nrs_slice_of(old->curve_key, NRS_KEY_SIZE));
    tombstone.org = net.nodes[BRAVO].org;
    tombstone.cause = 2; /* left */
    tombstone.at_ms = net.now_ms;
    next->tombstones = tombstones;
    next->n_tombstones = 1;
}

/* To another community's members, of whom the holder is one. */
static void test_a_release_abroad_over_a_change_of_keys(void **state)
{
    static const size_t nodes[] = {BRAVO, CHARLIE + 1, CHARLIE + 2};
    static const uint32_t roles[] = {NRS_ROLE_OPERATOR, NRS_ROLE_HUB, NRS_ROLE_OPERATOR};
    char id[2 * NRS_HASH_SIZE + 1], ask[2 * NRS_HASH_SIZE + 1];
    nrs_bytes succession = {0};
    nrs_identity *after = NULL;
    mesh_second gas = {0};

    (void)state;
    assert_int_equal(mesh_add_node(&net, "org-4"), CHARLIE + 1);
    assert_int_equal(mesh_add_node(&net, "org-5"), CHARLIE + 2);
    mesh_second_start(&net, &gas, "gas", nodes, roles, 3, true);
    mesh_second_recognised(&net, &gas);
    mesh_settle(&net, 6);
    OK(mesh_ask(&net, CHARLIE, "{\"command\":\"send\",\"label\":\"AMBER\",\"to\":[\"org-2\"],\"kind\":\"incident\",\"subject\":\"s\",\"body\":\"b\"}"));
    (void)snprintf(id, sizeof id, "%s", mesh_text(mesh_row(&net, CHARLIE, 0), "id"));
    mesh_settle(&net, 4);
    OK(mesh_ask(&net, BRAVO, "{\"command\":\"release-ask\",\"id\":\"%s\",\"to\":[\"@gas\"],\"reason\":\"r\"}", id));
    (void)snprintf(ask, sizeof ask, "%s", mesh_text(mesh_row(&net, BRAVO, 0), "id"));
    mesh_settle(&net, 6);
    OK(nrs_identity_new(&after));
    make_succession(&succession, BRAVO, after);
    assert_string_equal(give(BRAVO, "SUCCESSION", &succession), "");
    mesh_settle(&net, 3);
    mesh_second_change(&net, &gas, CHARLIE + 1, follow_there, after);
    follow(BRAVO, after);
    mesh_settle(&net, 4);
    mesh_take_over(&net, BRAVO, after);
    mesh_settle(&net, 8);
    OK(mesh_ask(&net, CHARLIE, "{\"command\":\"release-grant\",\"id\":\"%s\"}", ask));
    mesh_settle(&net, 20);
    OK(mesh_ask(&net, CHARLIE + 1, "{\"command\":\"show\",\"id\":\"%s\"}", id));
    OK(mesh_ask(&net, CHARLIE + 2, "{\"command\":\"show\",\"id\":\"%s\"}", id));
    nrs_bytes_wipe(&succession);
    mesh_second_stop(&gas);
}

/* Who is let in by a release and waits for a duty. */
static void demand(void *context, nrs_roster *next)
{
    static Nrs__Wire__DutyRule rule, *rules[1] = {&rule};
    static Nrs__Wire__Rules kept;
    static Nrs__Wire__Duty duty, *taken[1] = {&duty};
    static char nda[] = "nda";

    kept = *next->rules;
    nrs__wire__duty_rule__init(&rule);
    rule.labels = NRS_LABEL_BIT(NRS_LABEL_AMBER);
    rule.duty = nda;
    kept.duties = rules;
    kept.n_duties = 1;
    next->rules = &kept;
    nrs__wire__duty__init(&duty);
    duty.name = nda;
    for (size_t i = 0; i < next->n_members; i++) {
        const bool without = context != NULL && strcmp(next->members[i]->org, context) == 0;

        next->members[i]->duties = without ? NULL : taken;
        next->members[i]->n_duties = without ? 0 : 1;
    }
}

/* Its keys change meanwhile: it is granted to the key that came after. */
static void test_who_waits_to_be_let_in_over_a_change_of_keys(void **state)
{
    static char alpha[] = "org-1";
    char id[2 * NRS_HASH_SIZE + 1];
    nrs_bytes succession = {0};
    nrs_identity *after = NULL;

    (void)state;
    mesh_change(&net, demand, alpha);
    mesh_settle(&net, 4);
    OK(mesh_ask(&net, CHARLIE, "{\"command\":\"send\",\"label\":\"AMBER\",\"to\":[\"org-2\"],\"kind\":\"incident\",\"subject\":\"s\",\"body\":\"b\"}"));
    (void)snprintf(id, sizeof id, "%s", mesh_text(mesh_row(&net, CHARLIE, 0), "id"));
    mesh_settle(&net, 4);
    OK(mesh_ask(&net, BRAVO, "{\"command\":\"release-ask\",\"id\":\"%s\",\"to\":[\"org-1\"],\"reason\":\"r\"}", id));
    mesh_settle(&net, 4);
    OK(mesh_ask(&net, CHARLIE, "{\"command\":\"release-grant\",\"id\":\"%s\"}", mesh_text(mesh_row(&net, BRAVO, 0), "id")));
    mesh_settle(&net, 8);
    OK(nrs_identity_new(&after));
    make_succession(&succession, ALPHA, after);
    assert_string_equal(give(ALPHA, "SUCCESSION", &succession), "");
    mesh_settle(&net, 3);
    follow(ALPHA, after);
    mesh_settle(&net, 4);
    mesh_take_over(&net, ALPHA, after);
    mesh_settle(&net, 6);
    mesh_change(&net, demand, NULL);
    mesh_settle(&net, 70);
    OK(mesh_ask(&net, ALPHA, "{\"command\":\"show\",\"id\":\"%s\"}", id));
    nrs_bytes_wipe(&succession);
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
    nrs_bytes succession = {0};
    nrs_identity *after = NULL;

    (void)state;
    OK(nrs_identity_new(&after));
    make_succession(&succession, BRAVO, after);
    assert_string_equal(give(BRAVO, "SUCCESSION", &succession), "");
    mesh_settle(&net, 3);
    follow(BRAVO, after);
    mesh_settle(&net, 4);
    assert_true(admits(HUB, BRAVO) && mesh_linked(&net, HUB, BRAVO)); /* in its grace */
    fork_over(BRAVO);
    assert_false(admits(HUB, BRAVO) || admits(CHARLIE, BRAVO));
    assert_false(mesh_linked(&net, HUB, BRAVO));
    send(BRAVO, before);
    mesh_settle(&net, 4);
    assert_int_equal(mesh_ask(&net, CHARLIE, "{\"command\":\"show\",\"id\":\"%s\"}", before), NRS_ERROR_NOT_FOUND);
    nrs_identity_destroy(&after);
    nrs_bytes_wipe(&succession);
}

/* Who revokes a key before the roster or after it followed ends the key before that one too: it lies beside it, on the same disk. */
static void test_former_ends_with_its_successor(void **state)
{
    char before[2 * NRS_HASH_SIZE + 1];
    nrs_bytes succession = {0}, revocation = {0};
    nrs_identity *after = NULL;

    (void)state;
    OK(nrs_identity_new(&after));
    make_succession(&succession, BRAVO, after);
    assert_string_equal(give(BRAVO, "SUCCESSION", &succession), "");
    mesh_settle(&net, 3);
    follow(BRAVO, after);
    mesh_settle(&net, 4);
    assert_true(mesh_linked(&net, HUB, BRAVO));
    OK(nrs_change_revoke(&revocation, after, net.nodes[BRAVO].org, net.now_ms));
    assert_string_equal(give(HUB, "REVOCATION", &revocation), "");
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
    nrs_bytes_wipe(&succession);
    nrs_bytes_wipe(&revocation);
}

/* A member's own key is no way to speak of another organisation's: the change must bear the name under which the roster has the key. */
static void test_anothers_name(void **state)
{
    nrs_bytes revocation = {0}, succession = {0};
    nrs_identity *after = NULL;

    (void)state;
    OK(nrs_identity_new(&after));
    OK(nrs_change_revoke(&revocation, net.nodes[ALPHA].identity, net.nodes[BRAVO].org, net.now_ms));
    make_succession_as(&succession, ALPHA, after, net.nodes[BRAVO].org);
    assert_string_equal(give(HUB, "REVOCATION", &revocation), "forged");
    assert_string_equal(give(HUB, "SUCCESSION", &succession), "forged");
    mesh_settle(&net, 2);
    for (size_t node = ALPHA; node <= CHARLIE; node++) {
        assert_true(admits(HUB, node));
    }
    nrs_bytes_wipe(&succession);
    make_succession(&succession, ALPHA, after);
    assert_string_equal(give(HUB, "SUCCESSION", &succession), "");
    nrs_identity_destroy(&after);
    nrs_bytes_wipe(&revocation);
    nrs_bytes_wipe(&succession);
}

/* A hub's next key is greeted where its announcement is held, a member's is not, and neither counts for more before the roster names it. */
static void test_next_key_of_a_hub(void **state)
{
    nrs_bytes of_hub = {0}, of_bravo = {0}, revocation = {0};
    nrs_identity *hub = NULL, *bravo = NULL;

    (void)state;
    OK(nrs_identity_new(&hub));
    OK(nrs_identity_new(&bravo));
    make_succession(&of_hub, HUB, hub);
    make_succession(&of_bravo, BRAVO, bravo);
    assert_false(nrs_core_admits(net.nodes[ALPHA].core, nrs_identity_public(hub)->curve_key));
    assert_string_equal(give(HUB, "SUCCESSION", &of_hub), "");
    assert_string_equal(give(BRAVO, "SUCCESSION", &of_bravo), "");
    mesh_settle(&net, 3);
    for (size_t node = ALPHA; node <= CHARLIE; node++) {
        assert_true(nrs_core_admits(net.nodes[node].core, nrs_identity_public(hub)->curve_key));
        assert_false(nrs_core_admits(net.nodes[node].core, nrs_identity_public(bravo)->curve_key));
        assert_true(mesh_linked(&net, HUB, node));
    }
    mesh_crash(&net, ALPHA);
    assert_true(nrs_core_admits(net.nodes[ALPHA].core, nrs_identity_public(hub)->curve_key));
    OK(nrs_change_revoke(&revocation, net.nodes[HUB].identity, net.nodes[HUB].org, net.now_ms));
    assert_string_equal(give(ALPHA, "REVOCATION", &revocation), "");
    assert_false(nrs_core_admits(net.nodes[ALPHA].core, nrs_identity_public(hub)->curve_key));
    nrs_identity_destroy(&hub);
    nrs_identity_destroy(&bravo);
    nrs_bytes_wipe(&of_hub);
    nrs_bytes_wipe(&of_bravo);
    nrs_bytes_wipe(&revocation);
}

static void test_refused(void **state)
{
    nrs_bytes payload = {0};
    nrs_identity *stranger = NULL;

    (void)state;
    OK(nrs_identity_new(&stranger));
    OK(nrs_change_revoke(&payload, stranger, "org-2", net.now_ms)); /* another's name is no help */
    assert_string_equal(give(HUB, "REVOCATION", &payload), "not-member");
    OK(nrs_change_revoke(&payload, net.nodes[BRAVO].identity, net.nodes[BRAVO].org, net.now_ms));
    payload.data[payload.size - 1] ^= 1;
    assert_string_equal(give(HUB, "REVOCATION", &payload), "forged");
    payload.size -= 9;
    assert_string_equal(give(HUB, "REVOCATION", &payload), "malformed");
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
        cmocka_unit_test_setup_teardown(test_first_succession_stands, start, stop),
        cmocka_unit_test_setup_teardown(test_grace, start, stop),
        cmocka_unit_test_setup_teardown(test_a_fork_leaves_out_the_former_key_too, start, stop),
        cmocka_unit_test_setup_teardown(test_former_ends_with_its_successor, start, stop),
        cmocka_unit_test_setup_teardown(test_anothers_name, start, stop),
        cmocka_unit_test_setup_teardown(test_next_key_of_a_hub, start, stop),
        cmocka_unit_test_setup_teardown(test_an_ask_that_waited_over_a_change_of_keys, start, stop),
        cmocka_unit_test_setup_teardown(test_a_release_abroad_over_a_change_of_keys, start, stop),
        cmocka_unit_test_setup_teardown(test_who_waits_to_be_let_in_over_a_change_of_keys, start, stop),
        cmocka_unit_test_setup_teardown(test_a_release_asked_for_before_a_change_of_keys, start, stop),
        cmocka_unit_test_setup_teardown(test_refused, start, stop),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
