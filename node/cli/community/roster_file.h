/* Rosters as they stand in the node's folder: communities/SLUG.first, SLUG.roster, and SLUG.chain where roster keys changed. */
#ifndef CLI_ROSTER_FILE_H
#define CLI_ROSTER_FILE_H

#include "command.h"
#include "keys/roster_draft.h"

/** A community held here. Zeroed is empty; nrs_held_wipe. */
typedef struct nrs_held {
    nrs_bytes first;     /* SignedByMany of version 1 */
    nrs_bytes current;   /* SignedByMany of the newest */
    nrs_invite *chain;   /* the rosters in which the roster keys changed; NULL when they never did */
    nrs_roster *roster;  /* the newest, verified from the first on */
    nrs_bytes statement; /* its statement */
    uint8_t community[NRS_HASH_SIZE];
} nrs_held;
void nrs_held_wipe(nrs_held *held);

/** Verify what stands in first, current and chain, and fill in the rest. Returns NRS_ERROR_FORGED, MALFORMED … */
NRS_MUST_USE nrs_error nrs_held_verify(nrs_held *held);
/** Read and verify. Returns NRS_ERROR_UNKNOWN_COMMUNITY, BAD_NAME, FORGED …; recorded. */
NRS_MUST_USE nrs_error nrs_held_read(nrs_cli *cli, nrs_held *held_out, const char *slug);
/** Visit the SLUG of each community that has a roster in the folder, in no order; whether it verifies is not looked at. Returns NO_MEMORY, or
 *  what `visit` returns, which ends it. */
typedef nrs_error (*nrs_slug_visitor)(void *context, const char *slug);
NRS_MUST_USE nrs_error nrs_held_each(const nrs_cli *cli, nrs_slug_visitor visit, void *context);
/** Whether the node knows of a fork of its rosters that is not healed, as far as it has written that down. */
bool nrs_held_forked(nrs_cli *cli, const char *slug);
/** A SLUG from the command line: without a leading @. Returns NRS_ERROR_BAD_NAME, recorded. */
NRS_MUST_USE nrs_error nrs_held_slug(nrs_cli *cli, const char **slug_out, const char *given);

/** What a change of a roster begins with: the SLUG of the command line, the keyring, the community held. Recorded. */
NRS_MUST_USE nrs_error nrs_held_open(nrs_cli *cli, const char **slug_out, nrs_held *held_out);

/** Whether the node holds an announcement of new keys in the place of this one (SPEC 7.7). Out: name_out: its name in `changes/`. */
bool nrs_held_announced(const nrs_cli *cli, char name_out[NRS_KEY_NAME_SIZE], nrs_slice sign_key);
/** The card of these new keys. Returns NRS_ERROR_DAMAGED; recorded. Out: card_out: NULL where none are announced; nrs_card_free. In: org: whose
 *  they are, for a message. */
NRS_MUST_USE nrs_error nrs_held_next_card(nrs_cli *cli, nrs_card **card_out, const char *org, nrs_slice sign_key);
/** The tombstones of a next roster, with one more. Zeroed is empty; nrs_burial_wipe. */
typedef struct nrs_burial {
    Nrs__Wire__Tombstone tombstone;
    Nrs__Wire__Tombstone **list;
} nrs_burial;
/** Let `next` name the key of a member that does not stay in it; it borrows from both. Returns NRS_ERROR_LIMIT when there are too many;
 *  recorded. cause: NRS_TOMBSTONE_…. */
NRS_MUST_USE nrs_error nrs_held_bury(nrs_cli *cli, nrs_burial *burial, nrs_roster *next, const Nrs__Wire__Member *member, uint32_t cause);
void nrs_burial_wipe(nrs_burial *burial);

/** The successor of the held roster, to be changed; borrows from it. Out: previous_out: the hash that it borrows as well. */
nrs_roster nrs_held_successor(nrs_held *held, uint8_t previous_out[NRS_HASH_SIZE]);
/** Put a signed roster in the place of `held` (or found a community when held->roster is NULL): write the files, leave a copy
 *  in the inbox and tell a running node. cards: Signed bytes to hand over with it. When the node refuses, the files are as
 *  they were. Recorded. Out: left_out: false where it failed before any file had its name: nobody can have it. In: next: what `many` decodes to, verified. */
NRS_MUST_USE nrs_error nrs_held_install(nrs_cli *cli, bool *left_out, const nrs_held *held, const nrs_roster *next, nrs_slice many,
                                        const ProtobufCBinaryData *cards, size_t card_count);
/** Write back what was held, its chain as well, after the node has refused what was to take its place; a word to the person when that fails.
 *  In: held: not empty. */
void nrs_held_put_back(nrs_cli *cli, const nrs_held *held, const char *slug);
/** Hand the roster in force to the node once more, with the card of a member that it brought: what was cut off between the
 *  replacing of the file and the inbox is made good. Changes nothing where the node has it. card: Signed bytes, or empty. */
NRS_MUST_USE nrs_error nrs_held_deliver_again(nrs_cli *cli, const nrs_held *held, nrs_slice card);
/** Write SLUG.chain anew. chain: of an invite, its last being the newest change of keys. Recorded. */
NRS_MUST_USE nrs_error nrs_held_write_chain(nrs_cli *cli, const char *slug, nrs_slice first, ProtobufCBinaryData *chain,
                                            size_t chain_count);
/** A next version with other rules, by the same ceremony as a change of members. Recorded. */
NRS_MUST_USE nrs_error nrs_held_change_rules(nrs_cli *cli, nrs_held *held, Nrs__Wire__Rules *rules);
/** The same with other entries of the same members, as many and in the same order. */
NRS_MUST_USE nrs_error nrs_held_change_members(nrs_cli *cli, nrs_held *held, Nrs__Wire__Member **members);
/** What rosters of this release allow. Out: rules_out. */
void nrs_held_rules(Nrs__Wire__Rules *rules_out);
/** Whether the organisation is a hub, and no other is. */
bool nrs_held_only_hub(const nrs_roster *roster, const char *org);
/** Whether the roster keys or their threshold differ. */
bool nrs_held_keys_differ(const nrs_roster *a, const nrs_roster *b);
/** How often they were changed up to `next`. In: before: NULL for a first version. chain_count: changes up to that one, which lead an invite
 *  from the first version on: NRS_CHAIN_COUNT_MAX is the most for good. */
size_t nrs_held_key_changes(const nrs_roster *before, const nrs_roster *next, size_t chain_count);
/** A word to the person where few are left. Owned (free); NULL where there is nothing to say. count: of changes. */
char *nrs_held_key_changes_warning(size_t count);
/** Refuse a next roster that changes them once too often. Returns NRS_ERROR_LIMIT; recorded. */
NRS_MUST_USE nrs_error nrs_held_check_key_changes(nrs_cli *cli, const nrs_roster *before, const nrs_roster *next, size_t chain_count);

#endif
