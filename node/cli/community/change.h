/* The way of every change of a roster: signed here when this machine holds enough roster keys, else a draft for those who
 * hold them. */
#ifndef CLI_CHANGE_H
#define CLI_CHANGE_H

#include <jansson.h>

#include "proto/bytes.h"
#include "community/roster_file.h"
#include "folder.h"

/** Encode `next` as the successor of `held` (a first version when held->roster is NULL), sign it with the key held here, and
 *  put it in force; with --draft write the draft instead and change nothing. Returns NRS_ERROR_NOT_RUNNING_HERE when the
 *  keys here are too few; recorded.
 *  Out: version_out: of the roster now in force, 0 when it is a draft.
 *  In: key: a key at hand, or NULL: rosters/SLUG.key. card: Signed bytes of the member that it brings, or empty. */
NRS_MUST_USE nrs_error nrs_change_make(nrs_cli *cli, uint64_t *version_out, const nrs_held *held, const nrs_roster *next,
                                       const nrs_identity *key, nrs_slice card);
/** Refuse early what nrs_change_make would refuse for want of a key. */
NRS_MUST_USE nrs_error nrs_change_allowed(nrs_cli *cli, const char *slug);

/** Refuse what no member would take: while the node knows of a fork, every next roster but one that heals it. Returns NRS_ERROR_FORKED; recorded. */
NRS_MUST_USE nrs_error nrs_change_check_fork(nrs_cli *cli, const nrs_roster *next);

/** Put what was signed in force, with the cards of its draft; what heals a fork, or does not, is the node's to judge. Recorded. Out: left_out: as
 *  nrs_held_install. In: next: what `many` decodes to, verified. */
NRS_MUST_USE nrs_error nrs_change_install(nrs_cli *cli, bool *left_out, const nrs_held *held, const nrs_roster *next, nrs_slice many, const nrs_roster_draft *draft);

/** A member as its card describes it; borrows from the card. role: NRS_ROLE_…. */
Nrs__Wire__Member nrs_change_member_of(const nrs_card *card, uint32_t role);
/** The answer of create, add, remove. role: 0 for none. */
void nrs_change_print(const nrs_cli *cli, const char *slug, uint64_t version, const char *org, uint32_t role, bool changed);
/** Of what changes rules or members' duties. held: what was followed. */
void nrs_change_print_rules(const nrs_cli *cli, const char *slug, const nrs_held *held, bool changed);

/** The roster keys of a next roster, which borrows from it. */
typedef struct nrs_key_list {
    uint8_t keys[2 * NRS_ROSTER_KEY_COUNT_MAX][NRS_KEY_SIZE];
    ProtobufCBinaryData fields[2 * NRS_ROSTER_KEY_COUNT_MAX];
    size_t count;
} nrs_key_list;
/** Add those of --add-key. Returns NRS_ERROR_USAGE, MALFORMED (no signature could hold under it), EXISTS, LIMIT; recorded. */
NRS_MUST_USE nrs_error nrs_key_list_add(nrs_cli *cli, nrs_key_list *list);
/** Make them the keys of a roster, with the threshold that --threshold says, else the one it has. Recorded. */
NRS_MUST_USE nrs_error nrs_key_list_put(nrs_cli *cli, nrs_key_list *list, nrs_roster *next);

/** What members said by their own keys, as the running node has it, entered in a roster that is about to be followed: the
 *  entries borrow from it until nrs_joined_wipe. Nothing when no node runs. */
typedef struct nrs_joined {
    uint8_t (*signatures)[NRS_SIGNATURE_SIZE]; /* owned */
    size_t count;
} nrs_joined;
NRS_MUST_USE nrs_error nrs_joined_ask(nrs_cli *cli, nrs_joined *joined, nrs_roster *roster);
void nrs_joined_wipe(nrs_joined *joined);
/** What members have said by their own keys, as the running node has it, beside what its roster carries: objects with the names of who has joined, and
 *  with the keys (hex) that are revoked and named by the roster still; NULL where no node answers. */
typedef struct nrs_member_words {
    json_t *joined, *revoked; /* owned */
} nrs_member_words;
/** Out: words_out: nrs_member_words_wipe. */
NRS_MUST_USE nrs_error nrs_member_words_ask(nrs_cli *cli, nrs_member_words *words_out, const char *slug);
void nrs_member_words_wipe(nrs_member_words *words);

/** A draft file. What is no whole draft is damaged, whichever byte shows it. Recorded. Out: nrs_proposal_wipe. */
NRS_MUST_USE nrs_error nrs_proposal_read_file(nrs_cli *cli, nrs_proposal *proposal_out, const char *path);
/** A draft that is written to a file that a person named: opened, with room for it, before anything is done for it. Zeroed is none. */
typedef struct nrs_proposal_file {
    nrs_given_file given;
    char *text; /* owned */
} nrs_proposal_file;
NRS_MUST_USE nrs_error nrs_proposal_file_open(nrs_cli *cli, nrs_proposal_file *file_out, const char *path, nrs_slice draft);
NRS_MUST_USE nrs_error nrs_proposal_file_fill(nrs_cli *cli, nrs_proposal_file *file);
void nrs_proposal_file_wipe(nrs_proposal_file *file);
/** All of it at once. Recorded. */
NRS_MUST_USE nrs_error nrs_proposal_write_file(nrs_cli *cli, const char *path, nrs_slice draft);
/** What it changes, and how far it is signed: for people, or as one JSON object. done: a word for `result`, or NULL. */
NRS_MUST_USE nrs_error nrs_proposal_print(const nrs_cli *cli, const nrs_proposal *proposal, const char *done);

/** What to do where a fork is in the way, in the person's language. */
const char *nrs_heal_hint(void);
/** What a person who has healed a fork does next: only an invite whose newest roster names the sides ends the fork at a node left behind (SPEC 7.5). */
void nrs_heal_print_invite(const char *slug);

/** community show --history. */
NRS_MUST_USE nrs_error nrs_history_print(nrs_cli *cli, const char *slug);

#endif
