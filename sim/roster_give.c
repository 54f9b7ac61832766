/* How rosters come to nodes: as files in an inbox, as a secretariat sends them. */
#include "roster.h"

#include <stdio.h>

#include "world.h"

static void leave(sim_world *world, const sim_rosters *rosters, size_t node, const char *suffix, const char *type, const nrs_bytes *bytes)
{
    char name[40];

    (void)snprintf(name, sizeof name, "%s%s", rosters->id, suffix);
    sim_node_leave_file(world, &world->nodes[node], name, type, nrs_slice_of_bytes(bytes));
}

/* With those before it in which a key was replaced or a fork healed: who has missed them cannot take the newest. */
void sim_rosters_give(sim_world *world, const sim_rosters *rosters, size_t node)
{
    for (size_t i = 1; i < rosters->count; i++) {
        bool needed = rosters->versions[i].first_key != rosters->versions[i - 1].first_key || rosters->versions[i].heals;
        char suffix[32];

        if (needed && i + 1 > world->nodes[node].held[rosters->index]) {
            (void)snprintf(suffix, sizeof suffix, "-%03zu.roster", i + 1);
            leave(world, rosters, node, suffix, "ROSTER", &rosters->versions[i].many);
        }
    }
    leave(world, rosters, node, ".roster", "ROSTER", &sim_rosters_newest(rosters)->many);
}

void sim_rosters_give_rival(sim_world *world, const sim_rosters *rosters, size_t node)
{
    leave(world, rosters, node, "-rival.roster", "ROSTER", &rosters->rival_many);
}

void sim_rosters_invite(sim_world *world, const sim_rosters *rosters, size_t node)
{
    ProtobufCBinaryData cards[SIM_NODES_MAX], chain[SIM_ROSTERS_MAX];
    nrs_invite invite;
    nrs_bytes bytes = {0};

    nrs__wire__invite__init(&invite);
    invite.first = nrs_field_of(nrs_slice_of_bytes(&rosters->versions[0].many));
    invite.current = nrs_field_of(nrs_slice_of_bytes(&sim_rosters_newest(rosters)->many));
    for (size_t i = 1; i < rosters->count; i++) {
        if (rosters->versions[i].first_key != rosters->versions[i - 1].first_key) {
            chain[invite.n_chain++] = nrs_field_of(nrs_slice_of_bytes(&rosters->versions[i].many));
        }
    }
    for (size_t i = 0; i < world->node_count; i++) {
        if ((rosters->hubs & sim_rosters_newest(rosters)->who.members & (1ull << i)) != 0) {
            cards[invite.n_cards++] = nrs_field_of(nrs_slice_of_bytes(&world->nodes[i].keys[sim_rosters_newest(rosters)->who.key[i]].card));
        }
    }
    invite.cards = cards;
    invite.chain = chain;
    NRS_ASSERT(nrs_invite_encode(&bytes, &invite) == NRS_OK);
    leave(world, rosters, node, ".invite", "INVITE", &bytes);
    nrs_bytes_wipe(&bytes);
}

void sim_rosters_invite_all(sim_world *world, const sim_rosters *rosters)
{
    const uint64_t members = sim_rosters_newest(rosters)->who.members;

    for (size_t i = 0; i < world->node_count; i++) {
        if ((members & (1ull << i)) != 0) {
            sim_rosters_invite(world, rosters, i);
        }
    }
}
