/* One node: the daemon's engine, store and keys on a disk, a clock and links of the simulator. What node/shell does around the
 * engine is done here in its place: batches, redialling, closing, the inbox folder, a pause after a step that failed. */
#ifndef SIM_NODE_H
#define SIM_NODE_H

#include "clock.h"
#include "core/core.h"
#include "disk.h"
#include "keys/card.h"
#include "memory.h"
#include "options.h"
#include "roster.h"

#define SIM_DIALS_MAX 16
#define SIM_EVENTS_MAX 32 /* of the audit log (SPEC 4.5) */
#define SIM_NEVER UINT64_MAX
#define SIM_CHECKPOINT_MS 3000u
#define SIM_NODE_OWNERS 3 /* of prekeys: the organisation, and a person or two */
#define SIM_VOUCH_TICK_MS 60000u /* at multiples of it hubs let go what they have vouched for */

struct sim_world;

typedef struct sim_input {
    nrs_event_type type;
    nrs_link_id link;
    uint8_t curve_key[NRS_KEY_SIZE];
    nrs_error error;
    nrs_bytes bytes;
    json_t *command; /* owned */
    uint64_t request;
} sim_input;

typedef struct sim_dial {
    uint8_t curve_key[NRS_KEY_SIZE];
    uint64_t token;      /* of the attempt that counts */
    uint64_t connection; /* its number; 0: none */
    uint64_t backoff_ms, up_ms;
} sim_dial;

typedef struct sim_inbox_file {
    char name[40];
    nrs_bytes bytes;
} sim_inbox_file;

typedef struct sim_seen { uint64_t *keys; size_t count, capacity; } sim_seen;

/** Keys of a node: those that were in force, those that are, and those that it has announced. */
typedef struct sim_keys {
    nrs_identity *identity;
    uint8_t hash[NRS_KEY_HASH_SIZE];
    uint8_t proof[NRS_SIGNATURE_SIZE]; /* of their entry in a roster */
    nrs_bytes card;
    nrs_bytes succession;  /* by which those before have announced them; of the first: empty */
} sim_keys;

/** Digests of a step, of one community: how many went to each node, and to whom some did that nobody here can read. */
typedef struct sim_digests { unsigned count[SIM_NODES_MAX]; uint64_t unread; } sim_digests;

typedef enum sim_crash { SIM_CRASH_PROCESS = 0, SIM_CRASH_POWER } sim_crash;

typedef struct sim_node {
    size_t index;
    char org[NRS_NAME_SIZE_MAX + 1];
    char called[NRS_NAME_SIZE_MAX + 16]; /* in the trace and the picture: its name, or that it is a thief with the keys of another */
    size_t owner;           /* whose keys it has: itself, but for a thief */
    bool forsaken;          /* its keys are in other hands as well, or were revoked: it is honest, and nothing is promised to it or expected of it */
    bool there;             /* takes part in this run */
    bool hub;               /* in some community */
    struct sim_hostile *hostile; /* NULL: it is honest. Of one that is not nothing is expected, and nothing is promised to it */
    sim_keys keys[SIM_KEYS_MAX];
    size_t key_count, key;  /* how many there are; which are in force */
    nrs_identity *identity; /* of those */
    nrs_secret *vault_key;  /* what its vault stands under once its first keys are not in force any more; or NULL */
    bool switch_due;        /* its engine has said that a roster names its next keys */
    nrs_identity *person, *second; /* of its first person, for TLP:RED, and of a second one; NULL in worlds without */
    sim_disk disk;
    sim_disk *copy;         /* of its disk, as it was once; or NULL */
    size_t copy_key;        /* the keys that were in force then */
    uint64_t ahead;         /* set of communities in which not all were prepared for its next keys when it went over to them: rotate.c */
    uint64_t before_joining; /* set of communities that the copy was not in yet: what came from there before it joins anew is refused */
    bool put_back;          /* that has taken its place: what came after it is gone, and nobody has promised otherwise */
    nrs_store *store;
    nrs_core *core;         /* NULL while it is down */
    uint64_t up_ms, failed_ms, jumped_ms; /* when it started last, when a step last failed, when its clock was last set wrong */
    uint64_t start;         /* counts starts and ends of its life */
    sim_random random;      /* what its engine draws */
    sim_clock clock;
    sim_input *inputs;
    size_t input_count, input_capacity;
    sim_inbox_file *inbox;
    size_t inbox_count;
    sim_dial dials[SIM_DIALS_MAX];
    size_t dial_count;
    nrs_link_id next_link;
    uint64_t wake_ms;       /* when it is to be woken, of the world's time */
    uint64_t tick_ms, pause_ms, busy_ms, checkpoint_ms, active_ms; /* of the world's time */
    bool stepped;
    uint64_t crash_in;      /* 0: not to crash; n: after n - 1 more effects of its next steps */
    sim_crash crash_kind;
    uint64_t down_ms;       /* how long that crash keeps it down */
    bool stays_down;
    uint64_t memory_in;     /* 0: memory does not fail; n: at the n-th allocation of its next step */
    uint64_t memory_count;
    uint64_t seen_position; /* its log has been looked at up to here */
    uint64_t held[SIM_COMMUNITIES_MAX];        /* the version of each community's roster that it goes by; 0: none */
    uint64_t held_before[SIM_COMMUNITIES_MAX]; /* the step in hand */
    bool frozen[SIM_COMMUNITIES_MAX];          /* it keeps both sides of a fork of the version that it goes by */
    bool frozen_before[SIM_COMMUNITIES_MAX];   /* the step in hand */
    size_t heard[SIM_NODES_MAX]; /* the newest keys of each node whose announcement it has in its log */
    uint64_t revoked, revoked_before; /* whose keys it knows to be revoked: sets of nodes; before the step in hand */
    uint64_t ended, ended_before; /* the same of its own keys, by their index */
    uint64_t memory_failed; /* allocations that failed so far */
    sim_account memory;     /* what it holds */
    /* What the checkers keep about it. */
    uint64_t genuine[SIM_COMMUNITIES_MAX]; /* the version of each community's roster that was looked at: genuine.c */
    uint64_t excuses;       /* failed calls seen so far: steady.c */
    uint64_t bundle_ms[SIM_NODE_OWNERS]; /* the newest date of any prekeys of its own: the organisation's, and those of its persons: arrives.c */
    bool bundle_old[SIM_NODE_OWNERS];    /* the last ones bear an older date than some before them */
    uint64_t confirmed[SIM_NODES_MAX]; /* to each peer: durable.c */
    uint8_t confirmed_log[SIM_NODES_MAX][NRS_LOG_ID_SIZE]; /* of the peer's log under this name */
    uint8_t said_log[NRS_LOG_ID_SIZE]; /* what it last said that its own is called */
    sim_seen seen;          /* ids in its log: once.c */
    uint64_t jump_seen_ms;  /* when it noticed last that its clock jumped, of the world's time: destroyed.c, as the two that follow */
    uint64_t swept, swept_minute; /* up to where its log was swept at the last look; which minute that was in */
    uint64_t stale_ms;      /* when it refused last to seal because no hub vouches for its roster, of the world's time */
    uint64_t lines, lines_minute; /* limits.c */
    sim_digests digests[SIM_COMMUNITIES_MAX]; /* of the step in hand: digests.c */
    bool digests_before;    /* some of them are of the step before it fell */
    uint64_t answered[SIM_EVENTS_MAX]; /* what it has done, by what the audit log calls it: audited.c */
    unsigned tampered;      /* how often somebody has changed its audit log, so that it shows */
    bool has_to_say;        /* it was changed in such a way that the node finds out at its next start */
    bool rewound;           /* it was set back with all that the node has of it: only who has signed it can tell */
    uint64_t signed_by;     /* hubs that had signed what came behind that: set of nodes */
    bool says, accused;     /* it says itself that its log was changed; a hub says so of it */
    struct sim_seen_log *seen_log; /* where it ended when somebody had a look at the disk; or NULL */
    bool checkpointed;      /* everything was mended when it signed where its audit log stands */
    uint64_t checkpoint_roster[SIM_COMMUNITIES_MAX]; /* what it held then */
    uint64_t steps;
} sim_node;

void sim_node_make(struct sim_world *world, size_t index, bool hub);
/** The last of its lives ends with the world. */
void sim_node_end(struct sim_world *world, sim_node *node);
/** Make the keys that come after those that there are, with a card that takes its person along. */
void sim_node_make_keys(struct sim_world *world, sim_node *node);
/** Those in force. */
const sim_keys *sim_node_keys(const sim_node *node);
/** A roster names its next keys: it ends its links and starts again under them, with the same disk. */
void sim_node_switch(struct sim_world *world, sim_node *node);
void sim_node_wipe(struct sim_world *world, sim_node *node);
void sim_node_start(struct sim_world *world, sim_node *node);
/** Ends its life at once; it starts again after down_ms, unless it stays down. */
void sim_node_crash(struct sim_world *world, sim_node *node, sim_crash kind, uint64_t down_ms);
/** Copy the disk as it is, while the node runs; put that copy in its place later. */
void sim_node_copy(sim_node *node);
void sim_node_put_back(struct sim_world *world, sim_node *node, uint64_t down_ms);
/** An orderly stop, as by a signal. */
void sim_node_stop(struct sim_world *world, sim_node *node, uint64_t down_ms);
void sim_node_wake(struct sim_world *world, sim_node *node, uint64_t at_ms);
void sim_node_step(struct sim_world *world, sim_node *node);
/** bytes: copied. */
void sim_node_input(struct sim_world *world, sim_node *node, nrs_event_type type, nrs_link_id link, const uint8_t *curve_key, nrs_slice bytes);
/** No link with the peer that it dialled; error as of the event. */
void sim_node_refused(struct sim_world *world, sim_node *node, const uint8_t curve_key[NRS_KEY_SIZE], nrs_error error);
/** Frames that have come and were not looked at are lost, as with the connections they came over. */
void sim_node_forget_frames(sim_node *node);
/** command: taken over. */
void sim_node_command(struct sim_world *world, sim_node *node, json_t *command, uint64_t request);
/** A file left in its inbox folder: it stays there until it is taken up or refused. */
void sim_node_leave_file(struct sim_world *world, sim_node *node, const char *name, const char *type, nrs_slice bytes);
uint64_t sim_node_now_ms(const struct sim_world *world, const sim_node *node);
uint64_t sim_node_monotonic_ms(const struct sim_world *world, const sim_node *node);
const uint8_t *sim_node_curve(const sim_node *node);

/* node_effects.c */
/** Carries out what a step wants. False when the node crashed in between. */
bool sim_node_carry_out(struct sim_world *world, sim_node *node, nrs_effects *effects);
/** Its connection (number) has ended: dial again after a while. */
void sim_node_dial_ended(struct sim_world *world, sim_node *node, uint64_t connection);
void sim_node_dial(struct sim_world *world, sim_node *node, uint64_t token);
void sim_node_dial_up(struct sim_world *world, sim_node *node, uint64_t connection);
sim_dial *sim_node_dial_of(sim_node *node, uint64_t connection);

#endif
