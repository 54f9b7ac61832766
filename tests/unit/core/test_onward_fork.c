/* A recognised community whose roster was forked: whoever is not in it heals it by hand, and whoever joins it begins with the roster of the
 * invite (SPEC 7.12, 7.13). */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "mesh_records.h"
#include "mesh_second.h"
#include "proto/vocabulary.h"

#define OK(expression) assert_int_equal((expression), NRS_OK)

/* In electricity: the hub and two operators. In gas: its own hub, an operator; the hub of electricity is a member there. */
enum { HUB = 0, SOURCE = 1, OTHER = 2, GAS_HUB = 3, GAS_MEMBER = 4 };

static mesh net;
static mesh_second gas;

static size_t joins; /* a node that the next version names beside the others, behind the first of them; 0: none */

/* A next version of gas, good for a while longer than another one, and naming forks. Out: many, statement: owned. */
static void gas_version(nrs_bytes *many, nrs_bytes *statement, nrs_slice before, uint64_t later, ProtobufCBinaryData *forks, size_t fork_count)
{
    uint8_t previous[NRS_HASH_SIZE];
    Nrs__Wire__Member *members[MESH_NODE_MAX];
    nrs_roster *held = NULL;
    nrs_roster next;

    OK(nrs_roster_decode(&held, before));
    nrs_roster_hash(previous, before);
    next = *held;
    for (size_t i = 0; joins != 0 && i < held->n_members; i++) { /* by their names, which ascend with the numbers */
        members[i + (i > 0 ? 1 : 0)] = held->members[i];
        members[1] = mesh_member(&net.nodes[joins], NRS_ROLE_OPERATOR);
        next.members = members;
        next.n_members = held->n_members + 1;
    }
    next.version++;
    next.expires_ms += later;
    next.community = nrs_field_of(nrs_slice_of(gas.id, NRS_HASH_SIZE));
    next.previous = nrs_field_of(nrs_slice_of(previous, sizeof previous));
    next.forks = forks;
    next.n_forks = fork_count;
    OK(nrs_roster_encode(statement, &next));
    OK(nrs_roster_sign(many, nrs_slice_of_bytes(statement), nrs_slice_of(NULL, 0), gas.key));
    nrs_roster_free(&held);
}

/* Two sides of version 2, and what stands on one of them: a version that names both, and one more that may take in another member. */
typedef struct fork_of_gas {
    nrs_bytes many[4], statements[4];
    uint8_t hashes[2][NRS_HASH_SIZE];
    ProtobufCBinaryData forks[2];
} fork_of_gas;

static fork_of_gas made;

static int start(void **state)
{
    static const size_t nodes[] = {HUB, GAS_HUB, GAS_MEMBER};
    static const uint32_t roles[] = {NRS_ROLE_OPERATOR, NRS_ROLE_HUB, NRS_ROLE_OPERATOR};

    (void)state;
    mesh_start(&net, 3, 1);
    assert_int_equal(mesh_add_node(&net, "org-3"), GAS_HUB);
    assert_int_equal(mesh_add_node(&net, "org-4"), GAS_MEMBER);
    mesh_second_start(&net, &gas, "gas", nodes, roles, 3, true);
    mesh_second_recognised(&net, &gas);
    mesh_settle(&net, 4);
    for (size_t i = 0; i < 2; i++) {
        gas_version(&made.many[i], &made.statements[i], nrs_slice_of_bytes(&gas.statement), i, NULL, 0);
        nrs_roster_hash(made.hashes[i], nrs_slice_of_bytes(&made.statements[i]));
        made.forks[i] = nrs_field_of(nrs_slice_of(made.hashes[i], NRS_HASH_SIZE));
    }
    mesh_inbox(&net, HUB, "second.roster", "ROSTER", nrs_slice_of_bytes(&made.many[0]));
    mesh_settle(&net, 3);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    for (size_t i = 0; i < 4; i++) {
        nrs_bytes_wipe(&made.many[i]);
        nrs_bytes_wipe(&made.statements[i]);
    }
    mesh_stop(&net);
    mesh_second_stop(&gas);
    return 0;
}

/* The version that heals, on this side. */
static void heal_on(size_t side)
{
    gas_version(&made.many[2], &made.statements[2], nrs_slice_of_bytes(&made.statements[side]), 2, made.forks, 2);
}

/* The version behind it has SOURCE in it, which joins by an invite. */
static void let_source_join(void)
{
    nrs_bytes bytes = {0};
    nrs_invite invite;

    joins = SOURCE;
    gas_version(&made.many[3], &made.statements[3], nrs_slice_of_bytes(&made.statements[2]), 3, NULL, 0);
    joins = 0;
    mesh_inbox(&net, HUB, "second.roster", "ROSTER", nrs_slice_of_bytes(&made.many[2]));
    mesh_inbox(&net, HUB, "second.roster", "ROSTER", nrs_slice_of_bytes(&made.many[3]));
    nrs__wire__invite__init(&invite);
    invite.first = nrs_field_of(nrs_slice_of_bytes(&gas.first));
    invite.current = nrs_field_of(nrs_slice_of_bytes(&made.many[3]));
    OK(nrs_invite_encode(&bytes, &invite));
    mesh_inbox(&net, SOURCE, "second.invite", "INVITE", nrs_slice_of_bytes(&bytes));
    assert_string_equal(net.nodes[SOURCE].last_log, "inbox: second.invite taken up");
    mesh_settle(&net, 4);
    nrs_bytes_wipe(&bytes);
}

/* SOURCE is shown the other side. */
static void show_other_side(void)
{
    nrs_bytes record = {0};

    OK(nrs_record_wrap(&record, NRS_RECORD_ROSTER, nrs_slice_of_bytes(&made.many[1])));
    mesh_give_records(&net, HUB, SOURCE, 0, nrs_slice_of_bytes(&record), nrs_slice_of(NULL, 0));
    mesh_settle(&net, 4);
    nrs_bytes_wipe(&record);
}

/* What SOURCE knows of gas. */
static const json_t *known(void)
{
    OK(mesh_ask(&net, SOURCE, "{\"command\":\"roster-forks\",\"community\":\"gas\"}"));
    return mesh_row(&net, SOURCE, 0);
}

static bool is_forked(void)
{
    const json_t *forked = json_object_get(known(), "forked");

    assert_true(json_is_boolean(forked));
    return json_is_true(forked);
}

static long long version(void)
{
    return json_integer_value(json_object_get(known(), "version"));
}

static nrs_error heal_by_hand(const uint8_t hash[NRS_HASH_SIZE])
{
    char fingerprint[48];

    nrs_fingerprint(fingerprint, hash);
    return mesh_ask(&net, SOURCE, "{\"command\":\"roster-heal\",\"community\":\"gas\",\"fingerprint\":\"%s\"}", fingerprint);
}

/* Whether the report that SOURCE has just sent was stored by an organisation, as its receipts say. */
static bool is_stored_by(const char *report, const char *org)
{
    bool stored = false;

    OK(mesh_ask(&net, SOURCE, "{\"command\":\"receipts\",\"id\":\"%s\"}", report));
    for (size_t i = 0; i < mesh_row_count(&net, SOURCE); i++) {
        const json_t *row = mesh_row(&net, SOURCE, i);

        stored = stored || (strcmp(mesh_text(row, "recipient"), org) == 0 && strcmp(mesh_text(row, "stage"), "stored") == 0);
    }
    return stored;
}

static void whose_rosters_are_only_recognised_is_healed_by_hand_too(void **state)
{
    char report[2 * NRS_HASH_SIZE + 1];
    uint8_t hash[NRS_HASH_SIZE];

    (void)state;
    heal_on(1); /* it follows the side that SOURCE is not told of */
    mesh_inbox(&net, HUB, "second.roster", "ROSTER", nrs_slice_of_bytes(&made.many[2]));
    mesh_settle(&net, 4);
    assert_int_equal(version(), 2);
    assert_int_equal(heal_by_hand(gas.id), NRS_ERROR_FINGERPRINT);
    nrs_roster_hash(hash, nrs_slice_of_bytes(&made.statements[2]));
    OK(heal_by_hand(hash));
    assert_int_equal(json_integer_value(json_object_get(mesh_row(&net, SOURCE, 0), "version")), 3);
    mesh_settle(&net, 4);
    OK(mesh_ask(&net, SOURCE, "{\"command\":\"send\",\"label\":\"AMBER\",\"to\":[\"@electricity\"],\"kind\":\"incident\",\"subject\":\"変電所\",\"body\":\"本文\","
                              "\"onward\":[\"communities\"]}"));
    (void)snprintf(report, sizeof report, "%s", mesh_text(mesh_row(&net, SOURCE, 0), "id"));
    mesh_settle(&net, 8);
    assert_true(is_stored_by(report, "org-4"));
}

/* Who has seen a recognised community forked and then joins it begins with the invite's roster. */
static void a_guest_of_a_fork_joins(void **state)
{
    (void)state;
    show_other_side();
    assert_true(is_forked());
    heal_on(0);
    let_source_join();
    assert_false(is_forked());
    assert_int_equal(version(), 4);
}

/* Who holds the version that was forked, has heard of no fork, and joins behind the roster that healed it, has nothing left to heal: evidence
 * of that version changes nothing there, now and after a start. */
static void a_guest_joins_behind_a_heal(void **state)
{
    (void)state;
    heal_on(0);
    let_source_join();
    for (size_t pass = 0; pass < 2; pass++) {
        show_other_side();
        assert_false(is_forked());
        assert_int_equal(version(), 4);
        mesh_crash(&net, SOURCE);
        mesh_settle(&net, 4);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(whose_rosters_are_only_recognised_is_healed_by_hand_too, start, stop),
        cmocka_unit_test_setup_teardown(a_guest_of_a_fork_joins, start, stop),
        cmocka_unit_test_setup_teardown(a_guest_joins_behind_a_heal, start, stop),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
