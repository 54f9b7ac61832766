#include "mesh_second.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "mesh_members.h"
#include "proto/label.h"
#include "proto/vocabulary.h"
#include "proto/wire.h"

#define OK(expression) assert_int_equal((expression), NRS_OK)

static void own_id(const mesh *net, uint8_t id_out[NRS_HASH_SIZE])
{
    nrs_roster *held = NULL;

    OK(nrs_roster_decode(&held, nrs_slice_of_bytes(&net->statement)));
    nrs_roster_community(id_out, held, nrs_slice_of_bytes(&net->statement));
    nrs_roster_free(&held);
}

static void sign(mesh_second *second, const nrs_roster *roster)
{
    mesh_sign_roster(&second->statement, &second->many, roster, second->key);
}

void mesh_second_invite(mesh *net, const mesh_second *second, const size_t *nodes, const uint32_t *roles, size_t count)
{
    nrs_invite made;
    nrs_bytes bytes = {0};
    ProtobufCBinaryData cards[MESH_NODE_MAX];

    nrs__wire__invite__init(&made);
    made.first = nrs_field_of(nrs_slice_of_bytes(&second->first));
    made.current = nrs_field_of(nrs_slice_of_bytes(&second->many));
    for (size_t i = 0; i < count; i++) {
        if (roles[i] == NRS_ROLE_HUB) {
            cards[made.n_cards++] = nrs_field_of(nrs_slice_of_bytes(&net->nodes[nodes[i]].card));
        }
    }
    made.cards = cards;
    OK(nrs_invite_encode(&bytes, &made));
    for (size_t turn = 0; turn < 2 * count; turn++) { /* hubs first: a link that is refused is not tried again here */
        const size_t i = turn % count;

        if ((roles[i] == NRS_ROLE_HUB) != (turn < count)) {
            continue;
        }
        mesh_inbox(net, nodes[i], "second.invite", "INVITE", nrs_slice_of_bytes(&bytes));
        assert_string_equal(net->nodes[nodes[i]].last_log, "inbox: second.invite taken up");
    }
    nrs_bytes_wipe(&bytes);
}

void mesh_second_make(mesh *net, mesh_second *second, const char *name, const size_t *nodes, const uint32_t *roles, size_t count, bool recognises)
{
    nrs_roster roster;
    Nrs__Wire__Rules rules;
    Nrs__Wire__Recognised own, *list[1] = {&own};
    Nrs__Wire__Member *members[MESH_NODE_MAX];
    uint8_t id[NRS_HASH_SIZE];
    ProtobufCBinaryData keys[1];

    *second = (mesh_second){.name = name};
    OK(nrs_identity_new(&second->key));
    keys[0] = nrs_field_of(nrs_slice_of(nrs_identity_public(second->key)->sign_key, NRS_KEY_SIZE));
    own_id(net, id);
    nrs__wire__rules__init(&rules);
    rules.labels = NRS_LABEL_BITS_ALL;
    nrs__wire__recognised__init(&own);
    own.community = nrs_field_of(nrs_slice_of(id, sizeof id));
    own.id = mesh_writable("electricity");
    nrs__wire__roster__init(&roster);
    roster.suite = NRS_SUITE;
    roster.id = mesh_writable(name);
    roster.name = mesh_writable(name);
    roster.version = 1;
    roster.created_ms = net->now_ms;
    roster.expires_ms = net->now_ms + NRS_ROSTER_LIFE_MS_DEFAULT;
    roster.n_keys = 1;
    roster.keys = keys;
    roster.threshold = 1;
    roster.rules = &rules;
    roster.recognised = list;
    roster.n_recognised = recognises ? 1 : 0;
    for (size_t i = 0; i < count; i++) { /* by their names, which ascend with the numbers */
        members[i] = mesh_member(&net->nodes[nodes[i]], roles[i]);
        assert_true(i == 0 || strcmp(members[i - 1]->org, members[i]->org) < 0);
    }
    roster.members = members;
    roster.n_members = count;
    sign(second, &roster);
    OK(nrs_bytes_copy(&second->first, nrs_slice_of_bytes(&second->many)));
    nrs_roster_hash(second->id, nrs_slice_of_bytes(&second->statement));
}

void mesh_second_start(mesh *net, mesh_second *second, const char *name, const size_t *nodes, const uint32_t *roles, size_t count, bool recognises)
{
    mesh_second_make(net, second, name, nodes, roles, count, recognises);
    mesh_second_invite(net, second, nodes, roles, count);
    mesh_settle(net, 4);
}

void mesh_second_change(mesh *net, mesh_second *second, size_t node, void (*edit)(void *context, nrs_roster *next), void *context)
{
    nrs_roster *held = NULL;
    nrs_roster next;
    uint8_t previous[NRS_HASH_SIZE];

    OK(nrs_roster_decode(&held, nrs_slice_of_bytes(&second->statement)));
    nrs_roster_hash(previous, nrs_slice_of_bytes(&second->statement));
    next = *held;
    next.version++;
    next.community = nrs_field_of(nrs_slice_of(second->id, NRS_HASH_SIZE));
    next.previous = nrs_field_of(nrs_slice_of(previous, sizeof previous));
    edit(context, &next);
    sign(second, &next);
    nrs_roster_free(&held);
    mesh_inbox(net, node, "second.roster", "ROSTER", nrs_slice_of_bytes(&second->many));
    mesh_settle(net, 3);
}

static void recognise(void *context, nrs_roster *next)
{
    static Nrs__Wire__Recognised other, *list[1] = {&other};
    const mesh_second *second = context;

    nrs__wire__recognised__init(&other);
    other.community = nrs_field_of(nrs_slice_of(second->id, NRS_HASH_SIZE));
    other.id = mesh_writable(second->name);
    next->recognised = list;
    next->n_recognised = 1;
}

void mesh_second_recognised(mesh *net, const mesh_second *second)
{
    mesh_change(net, recognise, (void *)(uintptr_t)second);
}

void mesh_second_beside(mesh *net, mesh_second *second, size_t between, bool with_ministry)
{
    static const uint32_t roles[] = {NRS_ROLE_OPERATOR, NRS_ROLE_HUB, NRS_ROLE_OPERATOR, NRS_ROLE_MINISTRY};
    const size_t hub = net->node_count, count = with_ministry ? 4 : 3;
    const size_t nodes[] = {between, hub, hub + 1, hub + 2};
    const size_t first = between == hub ? 1 : 0; /* it is among its own already */

    for (size_t i = 1; i < count; i++) {
        char org[NRS_NAME_SIZE_MAX + 1];

        (void)snprintf(org, sizeof org, "org-%zu", nodes[i]);
        assert_int_equal(mesh_add_node(net, org), nodes[i]);
    }
    if (between == hub) {
        mesh_join(net, hub, NRS_ROLE_OPERATOR);
        mesh_settle(net, 4);
    }
    mesh_second_start(net, second, "gas", nodes + first, roles + first, count - first, true);
    mesh_second_recognised(net, second);
    mesh_settle(net, 6);
}

void mesh_second_stop(mesh_second *second)
{
    nrs_identity_destroy(&second->key);
    nrs_bytes_wipe(&second->first);
    nrs_bytes_wipe(&second->statement);
    nrs_bytes_wipe(&second->many);
    *second = (mesh_second){0};
}
