/* The secretariat of a community: it holds the roster keys and knows each version, whoever else may have heard of it. */
#ifndef SIM_ROSTER_H
#define SIM_ROSTER_H

#include "keys/roster.h"
#include "options.h"

#define SIM_COMMUNITIES_MAX 2
#define SIM_ROSTERS_MAX 64
#define SIM_ROSTER_KEYS 3      /* of which SIM_ROSTER_THRESHOLD sign */
#define SIM_ROSTER_THRESHOLD 2
#define SIM_ROSTER_KEYS_MAX (SIM_ROSTER_KEYS + 16) /* that there ever were */
#define SIM_KEYS_MAX 3         /* that a node may have, one after the other */
#define SIM_DUTY "nda"
#define SIM_DUTY_STEP_MS 30000u /* a duty that ends by its date lasts a multiple of it */
#define SIM_DISCLAIMER "menseki"

struct sim_world;

/* Sets of nodes. */
typedef struct sim_members {
    uint64_t members, revoked, left;
    uint64_t sworn;            /* of the members, who has taken the duty */
    uint64_t until_ms[SIM_NODES_MAX]; /* until when each has taken it, by a right clock; 0: until a roster says otherwise */
    bool recognises;           /* the other community of the world */
    uint8_t key[SIM_NODES_MAX];    /* which of its keys each has there, or had when it went */
    uint8_t served[SIM_NODES_MAX]; /* those of each that others came after: bit n stands for key n */
} sim_members;

typedef struct sim_roster_version {
    sim_members who;
    bool forked;               /* there is another roster of this version, with these members */
    uint64_t rival;
    uint8_t rival_hash[NRS_HASH_SIZE];
    bool heals;                /* it names both sides of the one before */
    size_t first_key;          /* its keys stand from here in sim_rosters.keys */
    nrs_bytes statement, many;
    uint8_t hash[NRS_HASH_SIZE];
} sim_roster_version;

typedef struct sim_rosters {
    const char *id;
    size_t index;              /* among the world's communities */
    uint64_t hubs;             /* set of nodes */
    uint64_t ministries;       /* set of nodes: whom the community's address does not reach (SPEC 5.2) */
    unsigned closed_labels;    /* which need the disclaimer accepted: bit n stands for label n */
    unsigned duty_labels;      /* which are for those who have taken the duty */
    unsigned labels;           /* which its rules allow at all */
    bool red_relay;            /* hubs carry TLP:RED sealed */
    nrs_identity *keys[SIM_ROSTER_KEYS_MAX];
    size_t key_count;
    sim_roster_version versions[SIM_ROSTERS_MAX]; /* version n stands at n - 1 */
    size_t count;
    nrs_bytes rival_many;      /* of the newest version, while there are two of it */
    uint8_t rival_hash[NRS_HASH_SIZE];
    uint8_t community[NRS_HASH_SIZE];
    uint64_t served_ms[SIM_NODES_MAX][SIM_KEYS_MAX]; /* when a roster named the keys after these, by the secretariat's clock */
} sim_rosters;

/** Version 1 with these members. id, index, hubs, ministries and rules are set before. */
void sim_rosters_create(struct sim_world *world, sim_rosters *rosters, uint64_t members);
/** Each member is given an invite to the newest. */
void sim_rosters_invite_all(struct sim_world *world, const sim_rosters *rosters);
void sim_rosters_wipe(sim_rosters *rosters);
/** Sign the next version; the caller gives it to somebody. False when there are too many, or the newest is forked. */
bool sim_rosters_next(struct sim_world *world, sim_rosters *rosters, sim_members who);
/** The same with other keys of a member's in their place. */
bool sim_rosters_succeed(struct sim_world *world, sim_rosters *rosters, size_t node, size_t key);
/** Whether what these keys made, or what was made for them, counts for those that the node has in the newest: they are the same, or came after
 *  them, and the grace of 28 days lasts until this time. */
bool sim_rosters_bridged(const sim_rosters *rosters, size_t node, size_t key, uint64_t until_ms);
/** The same under a new roster key in place of the oldest. */
bool sim_rosters_rekey(struct sim_world *world, sim_rosters *rosters);
/** Sign two rosters of the next version: as the newest is, and one with these members. */
bool sim_rosters_fork(struct sim_world *world, sim_rosters *rosters, uint64_t rival);
/** Sign the version that names both sides of a fork. False when there is none. */
bool sim_rosters_heal(struct sim_world *world, sim_rosters *rosters);
/** How a roster that the secretariat never made is signed. */
typedef enum sim_forged_roster {
    SIM_ROSTER_BY_FEW = 0,  /* by one of its keys */
    SIM_ROSTER_BY_OTHERS,   /* by a key that it names itself, and that no version before named */
    SIM_ROSTER_BY_STRANGER, /* by one of its keys, and one that is none */
    SIM_ROSTER_RIVAL,       /* by one of its keys, beside the newest that there is */
    SIM_FORGED_ROSTERS
} sim_forged_roster;
/** A roster with these members that follows the newest, or stands beside it. own: whoever makes it. Out: many_out: replaced. False when there
 *  is none to stand beside. */
bool sim_rosters_forge(struct sim_world *world, sim_rosters *rosters, sim_members who, sim_forged_roster how, const nrs_identity *own, nrs_bytes *many_out);
/** Whether the secretariat has made the roster of this version with this hash. */
bool sim_rosters_made(const sim_rosters *rosters, uint64_t version, const uint8_t hash[NRS_HASH_SIZE]);
bool sim_rosters_forked(const sim_rosters *rosters);
/** Leave the newest in a node's inbox; its rival. */
void sim_rosters_give(struct sim_world *world, const sim_rosters *rosters, size_t node);
void sim_rosters_give_rival(struct sim_world *world, const sim_rosters *rosters, size_t node);
/** Leave an invite to the newest in a node's inbox. */
void sim_rosters_invite(struct sim_world *world, const sim_rosters *rosters, size_t node);
/** NULL when there is no such version. */
const sim_roster_version *sim_rosters_at(const sim_rosters *rosters, uint64_t version);
const sim_roster_version *sim_rosters_newest(const sim_rosters *rosters);
/** Of those who have taken the duty, who has it at this time, by a right clock; who has it whatever the time: sets of nodes. */
uint64_t sim_roster_sworn_at(const sim_roster_version *version, uint64_t at_ms);
uint64_t sim_roster_sworn_ever(const sim_roster_version *version);
/** Who may count as a member by any roster of this version. */
uint64_t sim_roster_members(const sim_roster_version *version);
/** In whom both sides of a fork agree. */
uint64_t sim_roster_agreed(const sim_roster_version *version);
/** The community with this id; NULL when it is none of this world's. */
sim_rosters *sim_rosters_of(struct sim_world *world, const uint8_t community[NRS_HASH_SIZE]);

#endif
