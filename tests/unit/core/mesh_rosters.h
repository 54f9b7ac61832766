/* Rosters that a test signs by keys of its own choice, and shows to nodes as a peer, a person or an invite would. */
#ifndef TESTS_MESH_ROSTERS_H
#define TESTS_MESH_ROSTERS_H

#include "mesh.h"
#include "proto/label.h"

#define MESH_SIGNER_MAX 4

typedef struct mesh_roster { nrs_bytes statement, many; } mesh_roster;
void mesh_roster_wipe(mesh_roster *roster);

/** What differs in a successor; zeroed: nothing. */
typedef struct mesh_edit {
    const char *without;                         /* the member that it drops, without a tombstone */
    const char *revoked;                         /* the member that it removes, as revoked */
    Nrs__Wire__Member *with;                     /* one more */
    bool unburied;                               /* it drops all tombstones */
    uint64_t version;                            /* 0: the next */
    uint64_t later_ms;                           /* it expires by so much later */
    const nrs_identity *keys[MESH_SIGNER_MAX];   /* the roster keys, when there are any; else those before */
    size_t threshold;                            /* 0: as before */
    nrs_slice forks[4];                          /* statements that it names */
    size_t fork_count;
} mesh_edit;

/** A successor of `before`, signed by these (NULL ends the list). */
mesh_roster mesh_follow(nrs_slice before, const mesh_edit *edit, const nrs_identity *const *signers);
/** A roster as if `from` had pushed it over its link. */
void mesh_show(mesh *net, size_t from, size_t to, nrs_slice many);
/** A record of any type, as an item of this position. */
void mesh_show_record(mesh *net, size_t from, size_t to, nrs_record_type type, nrs_slice payload, uint64_t position);
/** A roster in a node's inbox, by a person's hand. */
void mesh_put(mesh *net, size_t node, const char *type, nrs_slice bytes);
/** An invite from the first roster that node 0 (where that is down: the node itself) has kept to `current`, left in its inbox. */
void mesh_invite(mesh *net, size_t node, const mesh_roster *const *chain, size_t chain_count, const mesh_roster *current);
/** What a duty that every member but one has taken is demanded under. */
typedef struct mesh_duty {
    nrs_label label;
    uint32_t kinds;          /* of NRS_KIND_BIT; 0: of whatever kind */
    const char *without;     /* the organisation that has not taken it, or NULL */
} mesh_duty;
/** For mesh_change, with a mesh_duty: the rule is added, and taken as in mesh_take_duty. */
void mesh_demand_duty(void *context, nrs_roster *next);
/** The same without a rule: who has taken it alone. */
void mesh_take_duty(void *context, nrs_roster *next);
/** The first row of `status` about the first community. Borrowed until the next command. */
const json_t *mesh_community(mesh *net, size_t node);
long long mesh_version(mesh *net, size_t node);
bool mesh_forked(mesh *net, size_t node);
/** The answer to roster-forks. Borrowed until the next command. */
const json_t *mesh_forks(mesh *net, size_t node);

#endif
