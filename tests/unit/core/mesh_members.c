#include "mesh_members.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "proto/label.h"
#include "proto/vocabulary.h"

#define OK(expression) assert_int_equal((expression), NRS_OK)

char *mesh_writable(const char *text)
{
    union { const char *in; char *out; } cast = {.in = text};

    return cast.out;
}

static nrs_bytes first_many;

void mesh_sign_roster(nrs_bytes *statement, nrs_bytes *many, const nrs_roster *roster, const nrs_identity *key)
{
    nrs_bytes next = {0}, signed_next = {0};

    OK(nrs_roster_encode(&next, roster));
    OK(nrs_roster_sign(&signed_next, nrs_slice_of_bytes(&next), nrs_slice_of(NULL, 0), key));
    nrs_bytes_wipe(statement);
    nrs_bytes_wipe(many);
    *statement = next;
    *many = signed_next;
}

static void sign_roster(mesh *net, const nrs_roster *roster)
{
    mesh_sign_roster(&net->statement, &net->many, roster, net->roster_key);
}

Nrs__Wire__Member *mesh_member(mesh_node *node, uint32_t role)
{
    static Nrs__Wire__Member members[MESH_NODE_MAX * 8];
    nrs_signed *outer = NULL;
    nrs_card *card = NULL;
    static uint8_t proofs[MESH_NODE_MAX * 8][NRS_SIGNATURE_SIZE];
    static size_t proof_count;
    Nrs__Wire__Member *member = &members[proof_count % (MESH_NODE_MAX * 8)];
    uint8_t *proof = proofs[proof_count++ % (MESH_NODE_MAX * 8)];
    const nrs_public_keys *keys = nrs_identity_public(node->identity);

    OK(nrs_signed_decode(&outer, nrs_slice_of_bytes(&node->card)));
    OK(nrs_card_decode(&card, nrs_field(&outer->statement)));
    memcpy(proof, card->proof.data, NRS_SIGNATURE_SIZE);
    nrs_card_free(&card);
    nrs_signed_free(&outer);
    nrs__wire__member__init(member);
    member->org = node->org;
    member->name = mesh_writable("試験組織");
    member->sign_key = nrs_field_of(nrs_slice_of(keys->sign_key, NRS_KEY_SIZE));
    member->agree_key = nrs_field_of(nrs_slice_of(keys->agree_key, NRS_KEY_SIZE));
    member->curve_key = nrs_field_of(nrs_slice_of(keys->curve_key, NRS_KEY_SIZE));
    member->role = role;
    member->proof = nrs_field_of(nrs_slice_of(proof, NRS_SIGNATURE_SIZE));
    return member;
}

void mesh_found(mesh *net)
{
    nrs_roster roster;
    nrs_public_keys key = *nrs_identity_public(net->roster_key);
    ProtobufCBinaryData keys[1] = {nrs_field_of(nrs_slice_of(key.sign_key, NRS_KEY_SIZE))};
    Nrs__Wire__Member *members[1] = {mesh_member(&net->nodes[0], NRS_ROLE_HUB)};
    Nrs__Wire__Rules rules;

    nrs__wire__rules__init(&rules);
    rules.labels = NRS_LABEL_BITS_ALL;
    rules.flags = NRS_RULE_RED_RELAY | NRS_RULE_WITHHELD;
    nrs__wire__roster__init(&roster);
    roster.suite = NRS_SUITE;
    roster.id = mesh_writable("electricity");
    roster.name = mesh_writable("電力CEPTOAR");
    roster.version = 1;
    roster.created_ms = net->now_ms;
    roster.expires_ms = net->now_ms + NRS_ROSTER_LIFE_MS_DEFAULT;
    roster.n_keys = 1;
    roster.keys = keys;
    roster.threshold = 1;
    roster.n_members = 1;
    roster.members = members;
    roster.rules = &rules;
    sign_roster(net, &roster);
    nrs_bytes_wipe(&first_many);
    OK(nrs_bytes_copy(&first_many, nrs_slice_of_bytes(&net->many)));
    mesh_inbox(net, 0, "electricity.roster", "ROSTER", nrs_slice_of_bytes(&net->many));
}

/* The next version with one member more or one fewer (role 0), or the same (node MESH_NODE_MAX). */
static void (*edit_next)(void *context, nrs_roster *next);
static void *edit_context;
static uint32_t removed_as = NRS_TOMBSTONE_REVOKED;

static void next_version(mesh *net, size_t node, uint32_t role)
{
    bool same = node == MESH_NODE_MAX;
    nrs_roster *held = NULL;
    nrs_roster next;
    uint8_t community[NRS_HASH_SIZE], previous[NRS_HASH_SIZE];
    Nrs__Wire__Member *members[NRS_MEMBER_COUNT_MAX + 1];
    Nrs__Wire__Tombstone tombstone, *tombstones[MESH_NODE_MAX];
    const nrs_public_keys *keys = nrs_identity_public(net->nodes[same ? 0 : node].identity);
    Nrs__Wire__Member *fresh = role == 0 || same ? NULL : mesh_member(&net->nodes[node], role);
    size_t count = 0;

    OK(nrs_roster_decode(&held, nrs_slice_of_bytes(&net->statement)));
    nrs_roster_community(community, held, nrs_slice_of_bytes(&net->statement));
    nrs_roster_hash(previous, nrs_slice_of_bytes(&net->statement));
    next = *held;
    next.version++;
    next.community = nrs_field_of(nrs_slice_of(community, sizeof community));
    next.previous = nrs_field_of(nrs_slice_of(previous, sizeof previous));
    for (size_t i = 0; i < held->n_members; i++) {
        if (fresh != NULL && strcmp(held->members[i]->org, fresh->org) > 0) {
            members[count++] = fresh;
            fresh = NULL;
        }
        if (same || role != 0 || strcmp(held->members[i]->org, net->nodes[node].org) != 0) {
            members[count++] = held->members[i];
        }
    }
    if (fresh != NULL) {
        members[count++] = fresh;
    }
    next.n_members = count;
    next.members = members;
    next.n_tombstones = 0;
    for (size_t i = 0; i < held->n_tombstones; i++) {
        if (role == 0 || same || !nrs_slice_equal(nrs_field(&held->tombstones[i]->sign_key), nrs_slice_of(keys->sign_key, NRS_KEY_SIZE))) {
            tombstones[next.n_tombstones++] = held->tombstones[i]; /* who left and comes back loses its own */
        }
    }
    if (role == 0 && !same) {
        nrs__wire__tombstone__init(&tombstone);
        tombstone.sign_key = nrs_field_of(nrs_slice_of(keys->sign_key, NRS_KEY_SIZE));
        tombstone.curve_key = nrs_field_of(nrs_slice_of(keys->curve_key, NRS_KEY_SIZE));
        tombstone.cause = removed_as;
        tombstone.at_ms = next.created_ms;
        tombstone.org = net->nodes[node].org;
        tombstones[next.n_tombstones++] = &tombstone;
    }
    next.tombstones = tombstones;
    if (edit_next != NULL) {
        edit_next(edit_context, &next);
    }
    sign_roster(net, &next);
    nrs_roster_free(&held);
}

void mesh_give(mesh *net, size_t node)
{
    mesh_inbox(net, node, "electricity.roster", "ROSTER", nrs_slice_of_bytes(&net->many));
}

void mesh_bump(mesh *net)
{
    next_version(net, MESH_NODE_MAX, 0);
}

void mesh_next(mesh *net, void (*edit)(void *context, nrs_roster *next), void *context)
{
    edit_next = edit;
    edit_context = context;
    next_version(net, MESH_NODE_MAX, 0);
    edit_next = NULL;
}

void mesh_change(mesh *net, void (*edit)(void *context, nrs_roster *next), void *context)
{
    mesh_next(net, edit, context);
    mesh_give(net, 0);
    mesh_settle(net, 3);
}

void mesh_join(mesh *net, size_t node, uint32_t role)
{
    nrs_invite invite;
    nrs_bytes bytes = {0};
    ProtobufCBinaryData cards[1] = {nrs_field_of(nrs_slice_of_bytes(&net->nodes[0].card))};

    next_version(net, node, role);
    mesh_give(net, 0);
    nrs__wire__invite__init(&invite);
    invite.first = nrs_field_of(nrs_slice_of_bytes(&first_many));
    invite.current = nrs_field_of(nrs_slice_of_bytes(&net->many));
    invite.n_cards = 1;
    invite.cards = cards;
    OK(nrs_invite_encode(&bytes, &invite));
    mesh_inbox(net, node, "electricity.invite", "INVITE", nrs_slice_of_bytes(&bytes));
    nrs_bytes_wipe(&bytes);
}

void mesh_remove(mesh *net, size_t node)
{
    next_version(net, node, 0);
    mesh_give(net, 0);
}

void mesh_let_go(mesh *net, size_t node)
{
    removed_as = NRS_TOMBSTONE_LEFT;
    mesh_remove(net, node);
    removed_as = NRS_TOMBSTONE_REVOKED;
}

void mesh_members_wipe(void)
{
    nrs_bytes_wipe(&first_many);
}
