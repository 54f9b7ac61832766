/* The secretariat: it holds the roster key and knows each version, whoever else may have heard of it. */
#ifndef SIM_ROSTER_H
#define SIM_ROSTER_H

#include "keys/roster.h"

#define SIM_ROSTERS_MAX 64

struct sim_world;

typedef struct sim_roster_version {
    uint64_t members, revoked, left; /* sets of nodes */
    nrs_bytes statement, many;
    uint8_t hash[NRS_HASH_SIZE];
} sim_roster_version;

typedef struct sim_rosters {
    nrs_identity *key;
    sim_roster_version versions[SIM_ROSTERS_MAX]; /* version n stands at n - 1 */
    size_t count;
    uint8_t community[NRS_HASH_SIZE];
} sim_rosters;

/** Version 1 with these members; each of them is given it as an invite. */
void sim_rosters_create(struct sim_world *world, uint64_t members);
void sim_rosters_wipe(sim_rosters *rosters);
/** Sign the next version. The caller gives it to somebody. False when there are too many. */
bool sim_rosters_next(struct sim_world *world, uint64_t members, uint64_t revoked, uint64_t left);
/** Leave the newest in a hub's inbox. */
void sim_rosters_give(struct sim_world *world, size_t node);
/** Leave an invite to the newest in a node's inbox. */
void sim_rosters_invite(struct sim_world *world, size_t node);
const sim_roster_version *sim_rosters_at(const sim_rosters *rosters, uint64_t version);
const sim_roster_version *sim_rosters_newest(const sim_rosters *rosters);

#endif
