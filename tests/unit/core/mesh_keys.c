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

void mesh_make_succession_as(const mesh *net, nrs_bytes *payload_out, size_t node, const nrs_identity *after, const char *org)
{
    nrs_bytes card = {0};
    nrs_card value;

    nrs__wire__card__init(&value);
    value.org = (char *)(uintptr_t)org; /* only read */
    value.name = value.org;
    value.serial = 9;
    value.created_ms = net->now_ms;
    OK(nrs_card_sign(&card, &value, after));
    OK(nrs_change_succeed(payload_out, net->nodes[node].identity, after, nrs_slice_of_bytes(&card), net->now_ms));
    nrs_bytes_wipe(&card);
}

void mesh_make_succession(const mesh *net, nrs_bytes *payload_out, size_t node, const nrs_identity *after)
{
    mesh_make_succession_as(net, payload_out, node, after, net->nodes[node].org);
}

/* The roster follows: the new keys in the member's place, and a tombstone that says that the old one left. */
void mesh_follow_change(mesh *net, size_t node, const nrs_identity *after)
{
    const nrs_public_keys *keys = nrs_identity_public(after), *old = nrs_identity_public(net->nodes[node].identity);
    nrs_roster *held = NULL;
    nrs_roster next;
    uint8_t community[NRS_HASH_SIZE], previous[NRS_HASH_SIZE], proof[NRS_SIGNATURE_SIZE];
    Nrs__Wire__Member fresh, *members[MESH_NODE_MAX];
    Nrs__Wire__Tombstone tombstone, *tombstones[1] = {&tombstone};
    nrs_bytes statement = {0}, many = {0};

    OK(nrs_roster_decode(&held, nrs_slice_of_bytes(&net->statement)));
    nrs_roster_community(community, held, nrs_slice_of_bytes(&net->statement));
    nrs_roster_hash(previous, nrs_slice_of_bytes(&net->statement));
    next = *held;
    next.version++;
    next.community = nrs_field_of(nrs_slice_of(community, sizeof community));
    next.previous = nrs_field_of(nrs_slice_of(previous, sizeof previous));
    for (size_t i = 0; i < held->n_members; i++) {
        members[i] = held->members[i];
        if (strcmp(held->members[i]->org, net->nodes[node].org) == 0) {
            fresh = *held->members[i];
            members[i] = &fresh;
        }
    }
    OK(nrs_member_prove(proof, after, net->nodes[node].org));
    fresh.sign_key = nrs_field_of(nrs_slice_of(keys->sign_key, NRS_KEY_SIZE));
    fresh.agree_key = nrs_field_of(nrs_slice_of(keys->agree_key, NRS_KEY_SIZE));
    fresh.curve_key = nrs_field_of(nrs_slice_of(keys->curve_key, NRS_KEY_SIZE));
    fresh.proof = nrs_field_of(nrs_slice_of(proof, sizeof proof));
    nrs__wire__tombstone__init(&tombstone);
    tombstone.sign_key = nrs_field_of(nrs_slice_of(old->sign_key, NRS_KEY_SIZE));
    tombstone.curve_key = nrs_field_of(nrs_slice_of(old->curve_key, NRS_KEY_SIZE));
    tombstone.org = net->nodes[node].org;
    tombstone.cause = 2; /* left */
    tombstone.at_ms = net->now_ms;
    next.members = members;
    next.tombstones = tombstones;
    next.n_tombstones = 1;
    OK(nrs_roster_encode(&statement, &next));
    OK(nrs_roster_sign(&many, nrs_slice_of_bytes(&statement), nrs_slice_of(NULL, 0), net->roster_key));
    nrs_bytes_wipe(&net->statement);
    nrs_bytes_wipe(&net->many);
    net->statement = statement;
    net->many = many;
    nrs_roster_free(&held);
    mesh_give(net, 0);
}
