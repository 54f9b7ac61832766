/* A file of the inbox is taken whole or leaves nothing: whatever of it was good, whatever was written before the rest was refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "keys/change.h"
#include "mesh_keys.h"
#include "mesh_rosters.h"
#include "proto/vocabulary.h"
#include "store/store.h"

#define OK(expression) assert_int_equal((expression), NRS_OK)
#define MANY(made) nrs_slice_of_bytes(&(made).many)

enum { HUB, ALPHA, NODES = 3 };

static mesh net;
static nrs_identity *chair, *vice;
static long long held;
static mesh_roster next, other; /* the same statement, signed by others */

/* The next version changes the keys to three of which two sign, so that an invite has it in its chain as well. */
static void start(void)
{
    mesh_start(&net, NODES, 1);
    mesh_settle(&net, 6);
    held = mesh_version(&net, HUB);
    OK(nrs_identity_new(&chair));
    OK(nrs_identity_new(&vice));
    {
        const mesh_edit adds = {.keys = {net.roster_key, chair, vice}, .threshold = 2, .later_ms = 1};
        const nrs_identity *const one[] = {net.roster_key, chair, NULL};
        const nrs_identity *const another[] = {net.roster_key, vice, NULL};

        next = mesh_follow(nrs_slice_of_bytes(&net.statement), &adds, one);
        other = mesh_follow(nrs_slice_of_bytes(&net.statement), &adds, another);
    }
    assert_true(nrs_slice_equal(nrs_slice_of_bytes(&next.statement), nrs_slice_of_bytes(&other.statement)));
    assert_false(nrs_slice_equal(MANY(next), MANY(other)));
}

static void stop(void)
{
    mesh_roster_wipe(&next);
    mesh_roster_wipe(&other);
    nrs_identity_destroy(&chair);
    nrs_identity_destroy(&vice);
    mesh_stop(&net);
}

/* An invite to `next` with one card. */
static void put_invite(size_t node, nrs_slice current, nrs_slice card)
{
    nrs_invite invite = NRS__WIRE__INVITE__INIT;
    ProtobufCBinaryData chain[1] = {nrs_field_of(MANY(next))}, cards[1] = {nrs_field_of(card)};
    nrs_roster *roster = NULL;
    nrs_bytes first = {0}, bytes = {0};

    OK(nrs_roster_decode(&roster, nrs_slice_of_bytes(&next.statement)));
    OK(nrs_store_roster_get(net.nodes[HUB].store, &first, roster->community.data, 1));
    invite.first = nrs_field_of(nrs_slice_of_bytes(&first));
    invite.current = nrs_field_of(current);
    invite.chain = chain;
    invite.n_chain = 1;
    invite.cards = cards;
    invite.n_cards = 1;
    OK(nrs_invite_encode(&bytes, &invite));
    mesh_put(&net, node, "INVITE", nrs_slice_of_bytes(&bytes));
    nrs_bytes_wipe(&bytes);
    nrs_bytes_wipe(&first);
    nrs_roster_free(&roster);
}

/* The same with the hub's card, its last bit turned. */
static void put_spoilt(size_t node)
{
    nrs_bytes card = {0};

    OK(nrs_bytes_copy(&card, nrs_slice_of_bytes(&net.nodes[HUB].card)));
    card.data[card.size - 1] ^= 1;
    put_invite(node, MANY(next), nrs_slice_of_bytes(&card));
    nrs_bytes_wipe(&card);
}

/* Out: the rule that the newest entry of the audit log has. */
static const char *entered(size_t node)
{
    const json_t *rule;

    OK(mesh_command(&net, node, "{\"command\":\"audit-list\",\"kind\":\"join\",\"limit\":1}"));
    rule = json_object_get(mesh_row(&net, node, 0), "rule");
    return json_is_string(rule) ? json_string_value(rule) : "";
}

static void assert_taken(size_t node)
{
    assert_non_null(strstr(net.nodes[node].last_log, "taken up"));
    assert_int_equal(mesh_version(&net, node), held + 1);
    mesh_crash(&net, node);
    assert_int_equal(mesh_version(&net, node), held + 1);
}

/* The chain's copy and the newest may bear signatures of different holders. */
static void copies_of_one_roster(void **state)
{
    (void)state;
    start();
    put_invite(ALPHA, MANY(other), nrs_slice_of_bytes(&net.nodes[HUB].card));
    assert_taken(ALPHA);
    stop();
}

/* A spoilt card behind a good roster: that is not in force either, nor after a restart, and the node goes on as it was. */
static void nothing_of_a_refused_invite(void **state)
{
    (void)state;
    start();
    put_spoilt(ALPHA);
    assert_string_equal(net.nodes[ALPHA].last_log, "inbox: forged");
    assert_string_equal(entered(ALPHA), "forged");
    assert_int_equal(mesh_version(&net, ALPHA), held);
    mesh_crash(&net, ALPHA);
    assert_int_equal(mesh_version(&net, ALPHA), held);
    assert_string_equal(entered(ALPHA), "forged");
    mesh_settle(&net, 6);
    mesh_put(&net, HUB, "ROSTER", MANY(next)); /* the genuine one comes over the link */
    mesh_settle(&net, 6);
    assert_int_equal(mesh_version(&net, ALPHA), held + 1);
    stop();
}

/* A card that would not count is seen before anything is written: no link ends, and memory is not read again. */
static void no_link_for_a_card(void **state)
{
    nrs_link_id link;

    (void)state;
    start();
    link = mesh_link_id(&net, ALPHA, HUB);
    assert_int_not_equal(link, 0);
    put_spoilt(ALPHA);
    assert_string_equal(net.nodes[ALPHA].last_log, "inbox: forged");
    assert_int_equal(mesh_link_id(&net, ALPHA, HUB), link);
    assert_string_equal(entered(ALPHA), "forged");
    put_invite(ALPHA, MANY(next), nrs_slice_of_bytes(&net.nodes[mesh_add_node(&net, "stranger")].card));
    assert_string_equal(net.nodes[ALPHA].last_log, "inbox: not-member");
    assert_int_equal(mesh_link_id(&net, ALPHA, HUB), link);
    assert_int_equal(mesh_version(&net, ALPHA), held);
    stop();
}

/* Signed by the node's keys, under another name. Owned. */
static nrs_bytes renamed_card(size_t node)
{
    char org[] = "another";
    nrs_card value;
    nrs_bytes card = {0};

    nrs__wire__card__init(&value);
    value.org = value.name = org;
    value.serial = 9;
    value.created_ms = net.now_ms;
    OK(nrs_card_sign(&card, &value, net.nodes[node].identity));
    return card;
}

/* What shows only when the roster is in force is written and undone: links end. */
static void undone_where_it_shows_late(void **state)
{
    nrs_bytes card = {0};
    nrs_link_id link;

    (void)state;
    start();
    card = renamed_card(NODES - 1);
    link = mesh_link_id(&net, ALPHA, HUB);
    assert_int_not_equal(link, 0);
    put_invite(ALPHA, MANY(next), nrs_slice_of_bytes(&card));
    assert_string_equal(net.nodes[ALPHA].last_log, "inbox: forged");
    assert_string_equal(entered(ALPHA), "forged");
    assert_int_not_equal(mesh_link_id(&net, ALPHA, HUB), link);
    assert_int_equal(mesh_version(&net, ALPHA), held);
    put_invite(ALPHA, MANY(next), nrs_slice_of_bytes(&net.nodes[HUB].card));
    assert_taken(ALPHA);
    nrs_bytes_wipe(&card);
    stop();
}

/* The same with links up and no restart between: they begin anew, and the good invite is taken at once. */
static void a_good_one_after_it(void **state)
{
    (void)state;
    start();
    put_spoilt(ALPHA);
    put_invite(ALPHA, MANY(next), nrs_slice_of_bytes(&net.nodes[HUB].card));
    assert_taken(ALPHA);
    mesh_settle(&net, 6);
    assert_int_not_equal(mesh_link_id(&net, ALPHA, HUB), 0);
    stop();
}

/* The hub's key revoked itself, and the roster has not followed: its card is passed over. */
static void a_card_that_does_not_count(void **state)
{
    nrs_bytes payload = {0};

    (void)state;
    start();
    OK(nrs_change_revoke(&payload, net.nodes[HUB].identity, net.nodes[HUB].org, net.now_ms));
    assert_string_equal(mesh_give_change(&net, ALPHA, "REVOCATION", &payload), "");
    put_invite(ALPHA, MANY(next), nrs_slice_of_bytes(&net.nodes[HUB].card));
    assert_taken(ALPHA);
    nrs_bytes_wipe(&payload);
    stop();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(copies_of_one_roster),
        cmocka_unit_test(nothing_of_a_refused_invite),
        cmocka_unit_test(a_good_one_after_it),
        cmocka_unit_test(no_link_for_a_card),
        cmocka_unit_test(undone_where_it_shows_late),
        cmocka_unit_test(a_card_that_does_not_count),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
