/* A roster names the link key of a member, and nobody proves to it that the member has the secret: an organisation of one
 * community may have itself entered with the link key of a member of another. That takes nothing from the other. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mesh.h"
#include "mesh_look.h"
#include "proto/armour.h"
#include "proto/label.h"
#include "proto/vocabulary.h"

static mesh net;

/* One entry of the second community: an organisation's own keys, with a link key of the test's choice. */
typedef struct entry {
    char org[NRS_NAME_SIZE_MAX + 1];
    char name[32];
    nrs_public_keys keys;
    uint8_t proof[NRS_SIGNATURE_SIZE];
    Nrs__Wire__Member wire;
} entry;

static void enter(entry *one, const char *org, const nrs_identity *identity, const uint8_t *curve_key, uint32_t role)
{
    nrs_bytes transcript = {0};

    one->keys = *nrs_identity_public(identity);
    memcpy(one->keys.curve_key, curve_key, NRS_KEY_SIZE);
    (void)snprintf(one->org, sizeof one->org, "%s", org);
    (void)snprintf(one->name, sizeof one->name, "%s", org);
    /* SPEC 7.2: the proof is over the keys as claimed, by the signing key alone. */
    assert_int_equal(nrs_bytes_append_u32(&transcript, (uint32_t)strlen(org)), NRS_OK);
    assert_int_equal(nrs_bytes_append(&transcript, nrs_slice_of_string(org)), NRS_OK);
    assert_int_equal(nrs_bytes_append(&transcript, nrs_slice_of(one->keys.sign_key, NRS_KEY_SIZE)), NRS_OK);
    assert_int_equal(nrs_bytes_append(&transcript, nrs_slice_of(one->keys.agree_key, NRS_KEY_SIZE)), NRS_OK);
    assert_int_equal(nrs_bytes_append(&transcript, nrs_slice_of(one->keys.curve_key, NRS_KEY_SIZE)), NRS_OK);
    nrs_sign(one->proof, identity, NRS_DOMAIN_MEMBER_PROOF, nrs_slice_of_bytes(&transcript));
    nrs_bytes_wipe(&transcript);
    nrs__wire__member__init(&one->wire);
    one->wire.org = one->org;
    one->wire.name = one->name;
    one->wire.sign_key = nrs_field_of(nrs_slice_of(one->keys.sign_key, NRS_KEY_SIZE));
    one->wire.agree_key = nrs_field_of(nrs_slice_of(one->keys.agree_key, NRS_KEY_SIZE));
    one->wire.curve_key = nrs_field_of(nrs_slice_of(one->keys.curve_key, NRS_KEY_SIZE));
    one->wire.role = role;
    one->wire.proof = nrs_field_of(nrs_slice_of(one->proof, NRS_SIGNATURE_SIZE));
}

/* The hub joins the community `gas`, in which `thief` stands with the link key of org-1. */
static void join_gas(const nrs_identity *thief)
{
    nrs_identity *roster_key = NULL;
    entry entries[2];
    Nrs__Wire__Member *members[2] = {&entries[0].wire, &entries[1].wire};
    ProtobufCBinaryData keys[1];
    Nrs__Wire__Rules rules;
    nrs_roster roster;
    nrs_bytes statement = {0}, many = {0};
    char id[] = "gas", *text = NULL;
    nrs_event event = {.type = NRS_EVENT_INBOX, .name = "gas.roster"};

    assert_int_equal(nrs_identity_new(&roster_key), NRS_OK);
    enter(&entries[0], "org-0", net.nodes[0].identity, nrs_identity_public(net.nodes[0].identity)->curve_key, NRS_ROLE_HUB);
    enter(&entries[1], "thief", thief, nrs_identity_public(net.nodes[1].identity)->curve_key, NRS_ROLE_OPERATOR);
    nrs__wire__rules__init(&rules);
    rules.labels = NRS_LABEL_BITS_ALL;
    nrs__wire__roster__init(&roster);
    roster.suite = NRS_SUITE;
    roster.id = id;
    roster.name = id;
    roster.version = 1;
    roster.created_ms = net.now_ms;
    roster.expires_ms = net.now_ms + NRS_ROSTER_LIFE_MS_DEFAULT;
    keys[0] = nrs_field_of(nrs_slice_of(nrs_identity_public(roster_key)->sign_key, NRS_KEY_SIZE));
    roster.n_keys = 1;
    roster.keys = keys;
    roster.threshold = 1;
    roster.n_members = 2;
    roster.members = members;
    roster.rules = &rules;
    assert_int_equal(nrs_roster_encode(&statement, &roster), NRS_OK);
    assert_int_equal(nrs_roster_sign(&many, nrs_slice_of_bytes(&statement), nrs_slice_of(NULL, 0), roster_key), NRS_OK);
    assert_int_equal(nrs_armour_encode(&text, "ROSTER", nrs_slice_of_bytes(&many)), NRS_OK);
    event.bytes = nrs_slice_of_string(text);
    net.nodes[0].last_log[0] = '\0';
    assert_int_equal(mesh_step(&net, 0, &event), NRS_OK);
    assert_non_null(strstr(net.nodes[0].last_log, "taken up"));
    free(text);
    nrs_bytes_wipe(&statement);
    nrs_bytes_wipe(&many);
    nrs_identity_destroy(&roster_key);
}

/* Reports go both ways between the hub and org-1, and the hub knows it by its own name. */
static void assert_org_1_served(size_t received_before)
{
    bool up = false;

    assert_true(mesh_linked(&net, 0, 1));
    assert_int_equal(mesh_command(&net, 0, "{\"command\":\"send\",\"label\":\"AMBER\",\"to\":[\"org-1\"],\"kind\":\"incident\","
                                           "\"subject\":\"S\",\"body\":\"B\"}"), NRS_OK);
    assert_int_equal(mesh_command(&net, 1, "{\"command\":\"send\",\"label\":\"AMBER\",\"to\":[\"org-0\"],\"kind\":\"incident\","
                                           "\"subject\":\"S\",\"body\":\"B\"}"), NRS_OK);
    mesh_settle(&net, 4);
    assert_int_equal(mesh_listed(&net, 0), received_before + 2);
    assert_int_equal(mesh_listed(&net, 1), received_before + 2);
    assert_int_equal(mesh_command(&net, 0, "{\"command\":\"status\"}"), NRS_OK);
    const json_t *links = json_object_get(mesh_row(&net, 0, 0), "links");
    for (size_t i = 0; i < json_array_size(links); i++) {
        const json_t *link = json_array_get(links, i);
        up = up || (strcmp(mesh_text(link, "org"), "org-1") == 0 && strcmp(mesh_text(link, "state"), "up") == 0);
        assert_false(strcmp(mesh_text(link, "org"), "thief") == 0 && strcmp(mesh_text(link, "state"), "up") == 0);
    }
    assert_true(up);
}

static void a_link_key_taken_first_keeps_nobody_out(void **state)
{
    nrs_identity *thief = NULL;

    (void)state;
    mesh_start(&net, 1, 1);
    (void)mesh_add_node(&net, "org-1");
    assert_int_equal(nrs_identity_new(&thief), NRS_OK);
    join_gas(thief);
    mesh_join(&net, 1, NRS_ROLE_OPERATOR); /* the key is in the hub's table already, under the thief's name */
    mesh_settle(&net, 4);
    assert_org_1_served(0);
    mesh_crash(&net, 0); /* and after the rosters were read again, in whatever order */
    mesh_settle(&net, 4);
    assert_org_1_served(2);
    nrs_identity_destroy(&thief);
    mesh_stop(&net);
}

static void a_link_key_taken_later_ends_no_link(void **state)
{
    nrs_identity *thief = NULL;

    (void)state;
    mesh_start(&net, 2, 1);
    assert_int_equal(nrs_identity_new(&thief), NRS_OK);
    assert_org_1_served(0);
    join_gas(thief);
    mesh_settle(&net, 4);
    assert_org_1_served(2);
    nrs_identity_destroy(&thief);
    mesh_stop(&net);
}

/* Who is removed from its community does not stay admitted through the key, and the thief's entry, which does, opens no link
 * in the name of the removed. */
static void a_removed_member_gains_nothing_from_a_shared_key(void **state)
{
    nrs_identity *thief = NULL;

    (void)state;
    mesh_start(&net, 2, 1);
    assert_int_equal(nrs_identity_new(&thief), NRS_OK);
    join_gas(thief);
    mesh_settle(&net, 4);
    assert_org_1_served(0);
    mesh_remove(&net, 1);
    mesh_settle(&net, 4);
    assert_int_equal(mesh_command(&net, 0, "{\"command\":\"status\"}"), NRS_OK);
    assert_int_equal(json_array_size(json_object_get(mesh_row(&net, 0, 0), "links")), 0);
    assert_int_equal(mesh_command(&net, 1, "{\"command\":\"send\",\"label\":\"AMBER\",\"to\":[\"org-0\"],\"kind\":\"incident\","
                                           "\"subject\":\"S\",\"body\":\"B\"}"), NRS_OK);
    mesh_settle(&net, 4);
    assert_int_equal(mesh_listed(&net, 0), 2);
    nrs_identity_destroy(&thief);
    mesh_stop(&net);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_link_key_taken_first_keeps_nobody_out),
        cmocka_unit_test(a_link_key_taken_later_ends_no_link),
        cmocka_unit_test(a_removed_member_gains_nothing_from_a_shared_key),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
