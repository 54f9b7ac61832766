/* Rosters as they stand in the node's folder: communities/SLUG.first and communities/SLUG.roster. */
#ifndef CLI_ROSTER_FILE_H
#define CLI_ROSTER_FILE_H

#include "command.h"
#include "keys/roster.h"

/** A community held here. Zeroed is empty; nrs_held_wipe. */
typedef struct nrs_held {
    nrs_bytes first;     /* SignedByMany of version 1 */
    nrs_bytes current;   /* SignedByMany of the newest */
    nrs_roster *roster;  /* the newest, verified from the first on */
    nrs_bytes statement; /* its statement */
    uint8_t community[NRS_HASH_SIZE];
} nrs_held;
void nrs_held_wipe(nrs_held *held);

/** Read and verify. Returns NRS_ERROR_UNKNOWN_COMMUNITY, BAD_NAME, FORGED …; recorded. */
NRS_MUST_USE nrs_error nrs_held_read(nrs_cli *cli, nrs_held *held_out, const char *slug);
/** A SLUG from the command line: without a leading @. Returns NRS_ERROR_BAD_NAME, recorded. */
NRS_MUST_USE nrs_error nrs_held_slug(nrs_cli *cli, const char **slug_out, const char *given);

/** Sign `next` as the successor of `held` (or as a first version when held->roster is NULL), write the files, leave a copy
 *  in the inbox and tell a running node. card: Signed bytes to hand over with it, or empty. When the node refuses, the
 *  files are as they were. Recorded. */
NRS_MUST_USE nrs_error nrs_held_replace(nrs_cli *cli, const nrs_held *held, const nrs_roster *next, const nrs_identity *key,
                                        nrs_slice card);
/** The roster key of a community that was founded here. Recorded. Out: key_out: owned. */
NRS_MUST_USE nrs_error nrs_held_key(nrs_cli *cli, nrs_identity **key_out, const char *slug);
/** The successor of the held roster, to be changed; borrows from it. Out: previous_out: the hash that it borrows as well. */
nrs_roster nrs_held_successor(nrs_held *held, uint8_t previous_out[NRS_HASH_SIZE]);
/** A next version with other rules, by the same ceremony as a change of members. Recorded. */
NRS_MUST_USE nrs_error nrs_held_change_rules(nrs_cli *cli, nrs_held *held, Nrs__Wire__Rules *rules);
/** The same with other entries of the same members, as many and in the same order. */
NRS_MUST_USE nrs_error nrs_held_change_members(nrs_cli *cli, nrs_held *held, Nrs__Wire__Member **members);
/** What rosters of this release allow. Out: rules_out. */
void nrs_held_rules(Nrs__Wire__Rules *rules_out);

#endif
