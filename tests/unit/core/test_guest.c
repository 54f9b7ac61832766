/* What the roster of a community that is only recognised (SPEC 7.13) brings: nobody a link, a prekey or a place among members, whoever it names. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "mesh_rosters.h"
#include "mesh_second.h"
#include "proto/vocabulary.h"
#include "store/store.h"

#define OK(expression) assert_int_equal((expression), NRS_OK)

/* In electricity: the hub and two members. In gas: the first of these, a hub and a member of its own. */
enum { HUB = 0, BOTH = 1, OTHER = 2, GAS_HUB = 3, GAS_MEMBER = 4 };

static mesh net;
static mesh_second gas;

static void start(void)
{
    static const size_t nodes[] = {BOTH, GAS_HUB, GAS_MEMBER};
    static const uint32_t roles[] = {NRS_ROLE_OPERATOR, NRS_ROLE_HUB, NRS_ROLE_OPERATOR};

    mesh_start(&net, 3, 1);
    assert_int_equal(mesh_add_node(&net, "org-3"), GAS_HUB);
    assert_int_equal(mesh_add_node(&net, "org-4"), GAS_MEMBER);
    mesh_second_start(&net, &gas, "gas", nodes, roles, 3, false);
    mesh_second_recognised(&net, &gas);
    mesh_settle(&net, 6);
}

static void stop(void)
{
    mesh_stop(&net);
    mesh_second_stop(&gas);
}

/* Which version of gas a node has kept, as a guest or as a member; 0: none. */
static long long version_of_gas(size_t node)
{
    long long version = 0;

    for (uint64_t i = 1; i < 8; i++) {
        nrs_bytes many = {0};

        version = nrs_store_roster_get(net.nodes[node].store, &many, gas.id, i) == NRS_OK ? (long long)i : version;
        nrs_bytes_wipe(&many);
    }
    return version;
}

static bool warned(size_t node, const char *about, const char *org)
{
    bool found = false;

    OK(mesh_ask(&net, node, "{\"command\":\"status\"}"));
    {
        const json_t *warnings = json_object_get(mesh_row(&net, node, 0), "warnings");

        for (size_t i = 0; i < json_array_size(warnings); i++) {
            const char *text = json_string_value(json_array_get(warnings, i));
            found = found || (strstr(text, about) != NULL && strstr(text, org) != NULL);
        }
    }
    return found;
}

static void name_hub(void *context, nrs_roster *next)
{
    static Nrs__Wire__Member *members[MESH_NODE_MAX];
    const uint32_t *role = context;

    members[0] = mesh_member(&net.nodes[HUB], *role); /* the first by name */
    memcpy(members + 1, next->members, next->n_members * sizeof members[0]);
    next->members = members;
    next->n_members++;
}

static void longer(void *context, nrs_roster *next)
{
    next->expires_ms += *(const uint64_t *)context;
}

static bool said_to_have_joined(size_t at, const char *org)
{
    bool found = false;

    OK(mesh_ask(&net, at, "{\"command\":\"roster-joined\",\"community\":\"gas\"}"));
    for (size_t i = 0; i < mesh_row_count(&net, at); i++) {
        found = found || strcmp(mesh_text(mesh_row(&net, at, i), "org"), org) == 0;
    }
    return found;
}

static bool has_reports(size_t node)
{
    OK(mesh_ask(&net, node, "{\"command\":\"list\"}"));
    return mesh_row_count(&net, node) > 0;
}

static nrs_error send_to_gas(size_t from)
{
    return mesh_ask(&net, from,
                    "{\"command\":\"send\",\"label\":\"AMBER\",\"to\":[\"@gas\"],\"onward\":[],\"kind\":\"incident\",\"subject\":\"s\",\"body\":\"b\"}");
}

/* The secretariat of the recognised community names this node, and its hub knows where it answers: nobody there gets a link, a word or
 * anything that it made; and whoever reads here by a person's hand later is a member like any other. */
static void a_roster_that_names_the_guest(void **state)
{
    static const uint32_t roles[] = {NRS_ROLE_HUB, NRS_ROLE_OPERATOR};

    (void)state;
    for (size_t i = 0; i < sizeof roles / sizeof roles[0]; i++) {
        nrs_invite made;
        nrs_bytes bytes = {0};

        start();
        assert_int_equal(version_of_gas(HUB), 1);
        mesh_second_change(&net, &gas, GAS_HUB, name_hub, (void *)(uintptr_t)&roles[i]);
        mesh_inbox(&net, GAS_HUB, "hub.card", "CARD", nrs_slice_of_bytes(&net.nodes[HUB].card));
        mesh_settle(&net, 8);
        assert_int_equal(version_of_gas(HUB), 2);
        assert_false(mesh_linked(&net, GAS_HUB, HUB));
        assert_false(mesh_linked(&net, GAS_MEMBER, HUB));
        assert_false(nrs_core_admits(net.nodes[HUB].core, nrs_identity_public(net.nodes[GAS_MEMBER].identity)->curve_key));
        assert_false(said_to_have_joined(GAS_HUB, "org-0") || said_to_have_joined(BOTH, "org-0"));
        OK(send_to_gas(BOTH));
        net.now_ms += 2 * NRS_DAY_MS;
        mesh_settle(&net, 8);
        assert_false(has_reports(HUB));
        assert_false(said_to_have_joined(GAS_HUB, "org-0") || said_to_have_joined(BOTH, "org-0"));
        mesh_down(&net, HUB); /* the same after a start */
        mesh_up(&net, HUB);
        mesh_settle(&net, 8);
        assert_false(mesh_linked(&net, GAS_HUB, HUB) || mesh_linked(&net, GAS_MEMBER, HUB));
        assert_false(has_reports(HUB));

        nrs__wire__invite__init(&made);
        made.first = nrs_field_of(nrs_slice_of_bytes(&gas.first));
        made.current = nrs_field_of(nrs_slice_of_bytes(&gas.many));
        {
            ProtobufCBinaryData card = nrs_field_of(nrs_slice_of_bytes(&net.nodes[GAS_HUB].card));
            made.cards = &card;
            made.n_cards = 1;
            OK(nrs_invite_encode(&bytes, &made));
        }
        mesh_inbox(&net, HUB, "second.invite", "INVITE", nrs_slice_of_bytes(&bytes));
        assert_string_equal(net.nodes[HUB].last_log, "inbox: second.invite taken up");
        mesh_down(&net, HUB);
        mesh_up(&net, HUB);
        mesh_settle(&net, 10);
        assert_true(mesh_linked(&net, GAS_HUB, HUB) || mesh_linked(&net, HUB, GAS_HUB));
        assert_true(said_to_have_joined(GAS_HUB, "org-0"));
        OK(send_to_gas(HUB));
        mesh_settle(&net, 8);
        assert_true(has_reports(GAS_MEMBER));
        nrs_bytes_wipe(&bytes);
        stop();
    }
}

/* Who is named over there and has not joined hears of its later rosters as before. */
static void whom_the_roster_names_is_told_of_later_ones(void **state)
{
    static const uint32_t role = NRS_ROLE_OPERATOR;
    static const uint64_t more = 5;

    (void)state;
    start();
    mesh_second_change(&net, &gas, GAS_HUB, name_hub, (void *)(uintptr_t)&role);
    mesh_settle(&net, 4);
    assert_int_equal(version_of_gas(HUB), 2);
    mesh_second_change(&net, &gas, GAS_HUB, longer, (void *)(uintptr_t)&more);
    mesh_settle(&net, 6);
    assert_int_equal(version_of_gas(HUB), 3);
    assert_int_equal(version_of_gas(OTHER), 3);
    stop();
}

/* Its prekeys come to nobody who is not in it, so that nothing is missing. */
static void no_prekeys_are_missed_of_the_recognised(void **state)
{
    (void)state;
    start();
    assert_int_equal(version_of_gas(OTHER), 1);
    assert_false(warned(OTHER, "no current prekeys", "org-3") || warned(OTHER, "no current prekeys", "org-4"));
    assert_false(warned(HUB, "no current prekeys", "org-3") || warned(HUB, "no current prekeys", "org-4"));
    stop();
}

/* A guest has seen the founding key go: an invite by that key alone, good as it is from the first roster on, brings nobody in. */
static void a_guest_joins_after_what_it_holds(void **state)
{
    nrs_identity *chair = NULL, *vice = NULL;
    mesh_roster added, dropped, forged, honest;
    nrs_invite made;
    nrs_bytes bytes = {0};

    (void)state;
    start();
    OK(nrs_identity_new(&chair));
    OK(nrs_identity_new(&vice));
    {
        const mesh_edit adds = {.keys = {gas.key, chair, vice}};
        const mesh_edit drops = {.keys = {chair, vice}, .threshold = 2};
        const mesh_edit far = {.version = 100, .with = mesh_member(&net.nodes[OTHER], NRS_ROLE_OPERATOR)};
        const mesh_edit next = {.with = mesh_member(&net.nodes[OTHER], NRS_ROLE_OPERATOR)};
        const nrs_identity *const founder[] = {gas.key, NULL};
        const nrs_identity *const both[] = {chair, vice, NULL};

        added = mesh_follow(nrs_slice_of_bytes(&gas.statement), &adds, founder);
        dropped = mesh_follow(nrs_slice_of_bytes(&added.statement), &drops, both);
        forged = mesh_follow(nrs_slice_of_bytes(&gas.statement), &far, founder);
        honest = mesh_follow(nrs_slice_of_bytes(&dropped.statement), &next, both);
    }
    mesh_put(&net, GAS_HUB, "ROSTER", nrs_slice_of_bytes(&added.many));
    mesh_put(&net, GAS_HUB, "ROSTER", nrs_slice_of_bytes(&dropped.many));
    mesh_settle(&net, 8);
    assert_int_equal(version_of_gas(OTHER), 3);
    nrs__wire__invite__init(&made);
    made.first = nrs_field_of(nrs_slice_of_bytes(&gas.first));
    made.current = nrs_field_of(nrs_slice_of_bytes(&forged.many));
    OK(nrs_invite_encode(&bytes, &made));
    mesh_put(&net, OTHER, "INVITE", nrs_slice_of_bytes(&bytes));
    assert_non_null(strstr(net.nodes[OTHER].last_log, "forged"));
    assert_int_equal(version_of_gas(OTHER), 3);
    assert_int_not_equal(mesh_ask(&net, OTHER, "{\"command\":\"roster-history\",\"community\":\"gas\"}"), NRS_OK); /* not joined */
    {
        ProtobufCBinaryData chain[2] = {nrs_field_of(nrs_slice_of_bytes(&added.many)), nrs_field_of(nrs_slice_of_bytes(&dropped.many))};

        nrs_bytes_wipe(&bytes);
        made.current = nrs_field_of(nrs_slice_of_bytes(&honest.many));
        made.chain = chain;
        made.n_chain = 2;
        OK(nrs_invite_encode(&bytes, &made));
    }
    mesh_put(&net, OTHER, "INVITE", nrs_slice_of_bytes(&bytes));
    assert_non_null(strstr(net.nodes[OTHER].last_log, "taken up"));
    OK(mesh_ask(&net, OTHER, "{\"command\":\"roster-history\",\"community\":\"gas\"}"));
    assert_int_equal(version_of_gas(OTHER), 4);
    mesh_roster_wipe(&added);
    mesh_roster_wipe(&dropped);
    mesh_roster_wipe(&forged);
    mesh_roster_wipe(&honest);
    nrs_identity_destroy(&chair);
    nrs_identity_destroy(&vice);
    nrs_bytes_wipe(&bytes);
    stop();
}

/* An invite of the version that a guest holds, with another roster of it: a fork as it would be at a member, and nobody is let in by it. */
static void a_guest_is_invited_by_a_rival(void **state)
{
    mesh_roster one, other;
    nrs_invite made;
    nrs_bytes bytes = {0};

    (void)state;
    start();
    {
        const mesh_edit first = {.with = mesh_member(&net.nodes[OTHER], NRS_ROLE_OPERATOR)};
        const mesh_edit second = {.with = mesh_member(&net.nodes[OTHER], NRS_ROLE_OPERATOR), .later_ms = 7};
        const nrs_identity *const founder[] = {gas.key, NULL};

        one = mesh_follow(nrs_slice_of_bytes(&gas.statement), &first, founder);
        other = mesh_follow(nrs_slice_of_bytes(&gas.statement), &second, founder);
    }
    mesh_put(&net, GAS_HUB, "ROSTER", nrs_slice_of_bytes(&one.many));
    mesh_settle(&net, 8);
    assert_int_equal(version_of_gas(OTHER), 2);
    nrs__wire__invite__init(&made);
    made.first = nrs_field_of(nrs_slice_of_bytes(&gas.first));
    made.current = nrs_field_of(nrs_slice_of_bytes(&other.many));
    OK(nrs_invite_encode(&bytes, &made));
    mesh_put(&net, OTHER, "INVITE", nrs_slice_of_bytes(&bytes));
    assert_non_null(strstr(net.nodes[OTHER].last_log, "forked"));
    assert_int_not_equal(mesh_ask(&net, OTHER, "{\"command\":\"roster-history\",\"community\":\"gas\"}"), NRS_OK); /* not joined */
    OK(mesh_ask(&net, OTHER, "{\"command\":\"audit-list\",\"kind\":\"alarm\"}"));
    assert_int_equal(mesh_row_count(&net, OTHER), 1);

    mesh_put(&net, OTHER, "ROSTER", nrs_slice_of_bytes(&gas.first)); /* nor does it go back to the first */
    assert_non_null(strstr(net.nodes[OTHER].last_log, "roster-old"));
    nrs_bytes_wipe(&bytes);
    made.current = nrs_field_of(nrs_slice_of_bytes(&one.many));
    OK(nrs_invite_encode(&bytes, &made));
    mesh_put(&net, OTHER, "INVITE", nrs_slice_of_bytes(&bytes)); /* of the side that is in force here: by this it joins, and knows of the fork */
    assert_non_null(strstr(net.nodes[OTHER].last_log, "taken up"));
    OK(mesh_ask(&net, OTHER, "{\"command\":\"roster-forks\",\"community\":\"gas\"}"));
    assert_true(json_is_true(json_object_get(mesh_row(&net, OTHER, 0), "forked")));
    mesh_roster_wipe(&one);
    mesh_roster_wipe(&other);
    nrs_bytes_wipe(&bytes);
    stop();
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_roster_that_names_the_guest),
        cmocka_unit_test(whom_the_roster_names_is_told_of_later_ones),
        cmocka_unit_test(no_prekeys_are_missed_of_the_recognised),
        cmocka_unit_test(a_guest_joins_after_what_it_holds),
        cmocka_unit_test(a_guest_is_invited_by_a_rival),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
