#include "roster.h"

#include <stdlib.h>
#include <string.h>

#include "memory.h"
#include "proto/vocabulary.h"
#include "world.h"

#define MUST(expression) NRS_ASSERT((expression) == NRS_OK)

static char *text_of(const char *text)
{
    union { const char *in; char *out; } cast = {.in = text};

    return cast.out; /* the generated structs want pointers to plain char; they are only read */
}

const sim_roster_version *sim_rosters_at(const sim_rosters *rosters, uint64_t version)
{
    return version == 0 || version > rosters->count ? NULL : &rosters->versions[version - 1];
}

const sim_roster_version *sim_rosters_newest(const sim_rosters *rosters)
{
    return sim_rosters_at(rosters, rosters->count);
}

static void fill_member(Nrs__Wire__Member *member, uint8_t *proof, sim_node *node)
{
    const nrs_public_keys *keys = nrs_identity_public(node->identity);

    nrs__wire__member__init(member);
    MUST(nrs_member_prove(proof, node->identity, node->org));
    member->org = node->org;
    member->name = text_of("試験組織");
    member->sign_key = nrs_field_of(nrs_slice_of(keys->sign_key, NRS_KEY_SIZE));
    member->agree_key = nrs_field_of(nrs_slice_of(keys->agree_key, NRS_KEY_SIZE));
    member->curve_key = nrs_field_of(nrs_slice_of(keys->curve_key, NRS_KEY_SIZE));
    member->role = node->hub ? NRS_ROLE_HUB : NRS_ROLE_OPERATOR;
    member->proof = nrs_field_of(nrs_slice_of(proof, NRS_SIGNATURE_SIZE));
}

static void fill_tombstone(Nrs__Wire__Tombstone *tombstone, sim_node *node, uint32_t cause)
{
    const nrs_public_keys *keys = nrs_identity_public(node->identity);

    nrs__wire__tombstone__init(tombstone);
    tombstone->sign_key = nrs_field_of(nrs_slice_of(keys->sign_key, NRS_KEY_SIZE));
    tombstone->curve_key = nrs_field_of(nrs_slice_of(keys->curve_key, NRS_KEY_SIZE));
    tombstone->cause = cause;
    tombstone->at_ms = SIM_START_MS;
    tombstone->org = node->org;
}

/* What a roster's lists point to while it is encoded. */
typedef struct entries {
    Nrs__Wire__Member members[SIM_NODES_MAX], *member_list[SIM_NODES_MAX];
    Nrs__Wire__Tombstone tombstones[SIM_NODES_MAX], *tombstone_list[SIM_NODES_MAX];
    uint8_t proofs[SIM_NODES_MAX][NRS_SIGNATURE_SIZE];
} entries;

/* Nodes stand in the order of their names, so that members ascend. */
static void fill_entries(sim_world *world, entries *room, nrs_roster *roster, const sim_roster_version *version)
{
    roster->members = room->member_list;
    roster->tombstones = room->tombstone_list;
    for (size_t i = 0; i < world->node_count; i++) {
        uint64_t bit = 1ull << i;

        if ((version->members & bit) != 0) {
            fill_member(&room->members[i], room->proofs[i], &world->nodes[i]);
            roster->members[roster->n_members++] = &room->members[i];
        } else if (((version->revoked | version->left) & bit) != 0) {
            fill_tombstone(&room->tombstones[i], &world->nodes[i], (version->revoked & bit) != 0 ? NRS_TOMBSTONE_REVOKED : NRS_TOMBSTONE_LEFT);
            roster->tombstones[roster->n_tombstones++] = &room->tombstones[i];
        }
    }
}

static void sign(sim_world *world, sim_roster_version *version)
{
    sim_rosters *rosters = &world->rosters;
    const sim_roster_version *before = sim_rosters_newest(rosters);
    const nrs_public_keys *keys = nrs_identity_public(rosters->key);
    ProtobufCBinaryData key = nrs_field_of(nrs_slice_of(keys->sign_key, NRS_KEY_SIZE));
    entries *room = sim_alloc(1, sizeof *room);
    Nrs__Wire__Rules rules;
    nrs_roster roster;

    nrs__wire__rules__init(&rules);
    rules.labels = 0x3e;
    rules.flags = NRS_RULE_RED_RELAY;
    nrs__wire__roster__init(&roster);
    roster.suite = NRS_SUITE;
    roster.id = text_of(SIM_COMMUNITY);
    roster.name = text_of("電力CEPTOAR");
    roster.version = rosters->count + 1;
    roster.created_ms = SIM_START_MS;
    roster.expires_ms = SIM_START_MS + NRS_ROSTER_LIFE_MS_DEFAULT;
    roster.n_keys = 1;
    roster.keys = &key;
    roster.threshold = 1;
    roster.rules = &rules;
    if (before != NULL) {
        roster.community = nrs_field_of(nrs_slice_of(rosters->community, NRS_HASH_SIZE));
        roster.previous = nrs_field_of(nrs_slice_of(before->hash, NRS_HASH_SIZE));
    }
    fill_entries(world, room, &roster, version);
    MUST(nrs_roster_encode(&version->statement, &roster));
    MUST(nrs_roster_sign(&version->many, nrs_slice_of_bytes(&version->statement), nrs_slice_of(NULL, 0), rosters->key));
    nrs_roster_hash(version->hash, nrs_slice_of_bytes(&version->statement));
    free(room);
}

bool sim_rosters_next(sim_world *world, uint64_t members, uint64_t revoked, uint64_t left)
{
    sim_rosters *rosters = &world->rosters;
    sim_roster_version *version = &rosters->versions[rosters->count];

    if (rosters->count == SIM_ROSTERS_MAX) {
        return false;
    }
    *version = (sim_roster_version){.members = members, .revoked = revoked & ~members, .left = left & ~members & ~revoked};
    sign(world, version);
    rosters->count++;
    sim_trace_line(world, NULL, "roster version %zu: members %llx, revoked %llx, left %llx", rosters->count, (unsigned long long)members,
                   (unsigned long long)version->revoked, (unsigned long long)version->left);
    return true;
}

void sim_rosters_give(sim_world *world, size_t node)
{
    sim_node_leave_file(world, &world->nodes[node], SIM_COMMUNITY ".roster", "ROSTER", nrs_slice_of_bytes(&sim_rosters_newest(&world->rosters)->many));
}

void sim_rosters_invite(sim_world *world, size_t node)
{
    sim_rosters *rosters = &world->rosters;
    ProtobufCBinaryData cards[SIM_NODES_MAX];
    nrs_invite invite;
    nrs_bytes bytes = {0};

    nrs__wire__invite__init(&invite);
    invite.first = nrs_field_of(nrs_slice_of_bytes(&rosters->versions[0].many));
    invite.current = nrs_field_of(nrs_slice_of_bytes(&sim_rosters_newest(rosters)->many));
    for (size_t i = 0; i < world->node_count; i++) {
        if (world->nodes[i].hub && (sim_rosters_newest(rosters)->members & (1ull << i)) != 0) {
            cards[invite.n_cards++] = nrs_field_of(nrs_slice_of_bytes(&world->nodes[i].card));
        }
    }
    invite.cards = cards;
    MUST(nrs_invite_encode(&bytes, &invite));
    sim_node_leave_file(world, &world->nodes[node], SIM_COMMUNITY ".invite", "INVITE", nrs_slice_of_bytes(&bytes));
    nrs_bytes_wipe(&bytes);
}

void sim_rosters_create(sim_world *world, uint64_t members)
{
    sim_rosters *rosters = &world->rosters;

    MUST(nrs_identity_new(&rosters->key));
    NRS_ASSERT(sim_rosters_next(world, members, 0, 0));
    memcpy(rosters->community, rosters->versions[0].hash, NRS_HASH_SIZE);
    for (size_t i = 0; i < world->node_count; i++) {
        if ((members & (1ull << i)) != 0) {
            sim_rosters_invite(world, i);
        }
    }
}

void sim_rosters_wipe(sim_rosters *rosters)
{
    nrs_identity_destroy(&rosters->key);
    for (size_t i = 0; i < rosters->count; i++) {
        nrs_bytes_wipe(&rosters->versions[i].statement);
        nrs_bytes_wipe(&rosters->versions[i].many);
    }
    rosters->count = 0;
}
