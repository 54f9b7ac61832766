/* Changes of keys in a mesh: announced, left in an inbox, and followed by the roster. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "keys/change.h"
#include "mesh_keys.h"
#include "proto/armour.h"
#include "proto/vocabulary.h"

#define OK(expression) assert_int_equal((expression), NRS_OK)

/* Leave it in a node's inbox. Returns what the node said of it; "" when it took it. */
const char *mesh_give_change(mesh *net, size_t node, const char *type, const nrs_bytes *payload)
{
    nrs_event event = {.type = NRS_EVENT_INBOX, .name = "change"};
    char *armoured = NULL;

    net->nodes[node].last_log[0] = '\0';
    OK(nrs_armour_encode(&armoured, type, nrs_slice_of_bytes(payload)));
    event.bytes = nrs_slice_of_string(armoured);
    OK(mesh_step(net, node, &event));
    free(armoured);
    if (strstr(net->nodes[node].last_log, "taken up") != NULL) {
        return "";
    }
    return strncmp(net->nodes[node].last_log, "inbox: ", 7) == 0 ? net->nodes[node].last_log + 7 : "";
}

static void make_succession(const mesh *net, nrs_bytes *payload_out, size_t node, const nrs_identity *after, const char *org, const char *endpoint)
{
    nrs_bytes card = {0};
    nrs_card value;
    char *endpoints[1] = {(char *)(uintptr_t)endpoint};

    nrs__wire__card__init(&value);
    value.org = (char *)(uintptr_t)org; /* only read */
    value.name = value.org;
    value.serial = 9;
    value.created_ms = net->now_ms;
    value.endpoints = endpoints;
    value.n_endpoints = endpoint == NULL ? 0 : 1;
    OK(nrs_card_sign(&card, &value, after));
    OK(nrs_change_succeed(payload_out, net->nodes[node].identity, after, nrs_slice_of_bytes(&card), net->now_ms));
    nrs_bytes_wipe(&card);
}

void mesh_make_succession_as(const mesh *net, nrs_bytes *payload_out, size_t node, const nrs_identity *after, const char *org)
{
    make_succession(net, payload_out, node, after, org, NULL);
}

void mesh_make_succession_at(const mesh *net, nrs_bytes *payload_out, size_t node, const nrs_identity *after, const char *endpoint)
{
    make_succession(net, payload_out, node, after, net->nodes[node].org, endpoint);
}

void mesh_make_succession(const mesh *net, nrs_bytes *payload_out, size_t node, const nrs_identity *after)
{
    mesh_make_succession_as(net, payload_out, node, after, net->nodes[node].org);
}

void mesh_put_keys(void *context, nrs_roster *next)
{
    static uint8_t proof[NRS_SIGNATURE_SIZE];
    static Nrs__Wire__Tombstone gone, *tombstones[MESH_NODE_MAX];
    const mesh_new_keys *given = context;
    const nrs_public_keys *keys = nrs_identity_public(given->after), *old = nrs_identity_public(given->node->identity);

    for (size_t i = 0; i < next->n_members; i++) {
        Nrs__Wire__Member *member = next->members[i];

        if (strcmp(member->org, given->node->org) == 0) {
            OK(nrs_member_prove(proof, given->after, member->org));
            member->sign_key = nrs_field_of(nrs_slice_of(keys->sign_key, NRS_KEY_SIZE));
            member->agree_key = nrs_field_of(nrs_slice_of(keys->agree_key, NRS_KEY_SIZE));
            member->curve_key = nrs_field_of(nrs_slice_of(keys->curve_key, NRS_KEY_SIZE));
            member->proof = nrs_field_of(nrs_slice_of(proof, sizeof proof));
        }
    }
    nrs__wire__tombstone__init(&gone);
    gone.sign_key = nrs_field_of(nrs_slice_of(old->sign_key, NRS_KEY_SIZE));
    gone.curve_key = nrs_field_of(nrs_slice_of(old->curve_key, NRS_KEY_SIZE));
    gone.org = given->node->org;
    gone.cause = NRS_TOMBSTONE_LEFT;
    gone.at_ms = given->at_ms;
    assert_true(next->n_tombstones < MESH_NODE_MAX);
    for (size_t i = 0; i < next->n_tombstones; i++) {
        tombstones[i] = next->tombstones[i];
    }
    tombstones[next->n_tombstones++] = &gone;
    next->tombstones = tombstones;
}

void mesh_follow_change(mesh *net, size_t node, const nrs_identity *after)
{
    mesh_next(net, mesh_put_keys, &(mesh_new_keys){&net->nodes[node], after, net->now_ms});
    mesh_give(net, 0);
}

nrs_identity *mesh_announce_change(mesh *net, size_t node)
{
    nrs_bytes succession = {0};
    nrs_identity *after = NULL;

    OK(nrs_identity_new(&after));
    mesh_make_succession(net, &succession, node, after);
    assert_string_equal(mesh_give_change(net, node, "SUCCESSION", &succession), "");
    nrs_bytes_wipe(&succession);
    mesh_settle(net, 3);
    return after;
}

void mesh_change_keys(mesh *net, size_t node)
{
    nrs_identity *after = mesh_announce_change(net, node);

    mesh_follow_change(net, node, after);
    mesh_settle(net, 4);
    mesh_take_over(net, node, after);
}
