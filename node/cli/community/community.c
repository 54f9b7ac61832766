/* noroshi community add, remove: ceremonies with the roster key. */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "community/change.h"
#include "folder.h"
#include "report/given.h"
#include "key/keyring.h"
#include "language.h"
#include "proto/assert.h"
#include "proto/vocabulary.h"
#include "community/roster_file.h"
#include "run.h"
#include "text.h"

/* ---- add and remove ---- */

static nrs_error read_role(nrs_cli *cli, uint32_t *role_out, const Nrs__Wire__Member *present)
{
    const char *given = nrs_cli_option(cli, "role");
    const nrs_term *term = NULL;

    if (given == NULL) { /* who is a member already keeps its role */
        *role_out = present != NULL ? present->role : NRS_ROLE_OPERATOR;
        return NRS_OK;
    }
    if (nrs_given_word(cli, &term, NRS_VOCABULARY_ROLE, given, NRS_ERROR_UNKNOWN_ROLE) != NRS_OK) {
        return NRS_ERROR_UNKNOWN_ROLE;
    }
    *role_out = term->value;
    return NRS_OK;
}

/* Without a hub members reach nobody, and nobody vouches for the roster. */
static nrs_error check_hub_left(nrs_cli *cli, const nrs_roster *roster, const char *org, uint32_t role)
{
    return role == NRS_ROLE_HUB || !nrs_held_only_hub(roster, org)
               ? NRS_OK
               : nrs_cli_fail(cli, NRS_ERROR_COMMUNITY_RULE, _("let another member be a hub first: noroshi community add, with --role hub"),
                              _("the last hub stays one: %s"), org);
}

/* Who was removed comes back with new keys; who left with the same ones, unless they were replaced: then the old key may be in other hands. */
static nrs_error check_gone(nrs_cli *cli, const nrs_roster *roster, const nrs_card *card)
{
    const Nrs__Wire__Tombstone *gone = nrs_roster_tombstone(roster, card->sign_key.data);
    char name[NRS_KEY_NAME_SIZE];
    const char *hint = gone == NULL || gone->cause == NRS_TOMBSTONE_REVOKED
                           ? _("its key was revoked and never comes back: let it make new keys with noroshi init in a new folder, and add the card of these")
                           : _("its keys were replaced: add the card of the new ones");

    if (gone == NULL || (gone->cause == NRS_TOMBSTONE_LEFT && !nrs_held_announced(cli, name, nrs_field(&card->sign_key)))) {
        return NRS_OK;
    }
    return nrs_cli_fail(cli, NRS_ERROR_REVOKED, hint, "%s: %s", card->org, _(nrs_error_sentence(NRS_ERROR_REVOKED)));
}

static nrs_error check_addition(nrs_cli *cli, const nrs_roster *roster, const nrs_card *card, const Nrs__Wire__Member *by_org,
                                const Nrs__Wire__Member *by_key)
{
    const char *fingerprint = nrs_cli_option(cli, "fingerprint");
    nrs_error error = NRS_OK;

    error = nrs_fingerprint_check(fingerprint, card->sign_key.data);
    if (error != NRS_OK) {
        return nrs_cli_fail(cli, error, _("ask the organisation to read out: noroshi card --fingerprint"), "%s: %s", card->org,
                            _(nrs_error_sentence(error)));
    }
    error = check_gone(cli, roster, card);
    if (error != NRS_OK) {
        return error;
    }
    if (by_org != by_key) {
        return nrs_cli_fail(cli, NRS_ERROR_EXISTS, _("remove it first, if its keys were replaced"),
                            _("the community has a member with this id or key already, and the other differs: %s"), card->org);
    }
    if (by_org == NULL && roster->n_members >= NRS_MEMBER_COUNT_MAX) {
        return nrs_cli_fail(cli, NRS_ERROR_LIMIT, NULL, _("the roster is full: %u members"), NRS_MEMBER_COUNT_MAX);
    }
    return NRS_OK;
}

static bool same_member(const Nrs__Wire__Member *present, const nrs_card *card, uint32_t role)
{
    return present != NULL && present->role == role && strcmp(present->name, card->name) == 0 &&
           nrs_slice_equal(nrs_field(&present->agree_key), nrs_field(&card->agree_key)) &&
           nrs_slice_equal(nrs_field(&present->curve_key), nrs_field(&card->curve_key));
}

/* Put the member in its place among the others, ascending by id, or in the place of its earlier entry. */
static nrs_error add_member(nrs_cli *cli, uint64_t *version_out, nrs_held *held, const nrs_card *card, uint32_t role,
                            nrs_slice card_bytes)
{
    Nrs__Wire__Member member = nrs_change_member_of(card, role);
    const Nrs__Wire__Member *present = nrs_roster_member_by_org(held->roster, card->org);
    Nrs__Wire__Member **members = calloc(held->roster->n_members + 1, sizeof(Nrs__Wire__Member *));
    uint8_t previous[NRS_HASH_SIZE];
    nrs_roster next = nrs_held_successor(held, previous);
    Nrs__Wire__Tombstone **tombstones = calloc(next.n_tombstones + 1, sizeof(Nrs__Wire__Tombstone *));
    size_t count = 0;
    bool placed = false;
    nrs_error error = NRS_OK;

    if (members == NULL || tombstones == NULL) {
        free(members);
        free(tombstones);
        return NRS_ERROR_NO_MEMORY;
    }
    next.tombstones = tombstones;
    next.n_tombstones = 0;
    for (size_t i = 0; i < held->roster->n_tombstones; i++) { /* who left and comes back loses its own */
        if (!nrs_slice_equal(nrs_field(&held->roster->tombstones[i]->sign_key), nrs_field(&card->sign_key))) {
            tombstones[next.n_tombstones++] = held->roster->tombstones[i];
        }
    }
    if (present != NULL) {
        member.joined = present->joined;
        member.duties = present->duties;
        member.n_duties = present->n_duties;
    }
    for (size_t i = 0; i < held->roster->n_members; i++) {
        if (!placed && strcmp(held->roster->members[i]->org, card->org) >= 0) {
            members[count++] = &member;
            placed = true;
        }
        if (held->roster->members[i] != present) {
            members[count++] = held->roster->members[i];
        }
    }
    if (!placed) {
        members[count++] = &member;
    }
    next.members = members;
    next.n_members = count;
    error = nrs_change_make(cli, version_out, held, &next, NULL, card_bytes);
    free(members);
    free(tombstones);
    return error;
}

nrs_error nrs_run_community_add(nrs_cli *cli)
{
    const char *slug = NULL;
    nrs_held held = {0};
    nrs_bytes card_bytes = {0};
    nrs_card *card = NULL;
    const Nrs__Wire__Member *present = NULL;
    uint32_t role = 0;
    uint64_t version = 0;
    nrs_error error = NRS_OK;

    if (nrs_cli_option(cli, "fingerprint") == NULL) {
        error = nrs_cli_fail(cli, NRS_ERROR_USAGE, _("ask the organisation to read out: noroshi card --fingerprint"), "%s",
                             _("community add needs --fingerprint"));
    }
    if (error == NRS_OK) {
        error = nrs_held_open(cli, &slug, &held);
    }
    if (error == NRS_OK) {
        error = nrs_keyring_given_card(cli, &card_bytes, &card, cli->arguments[1]);
    }
    if (error != NRS_OK) {
        goto out;
    }
    present = nrs_roster_member_by_org(held.roster, card->org);
    error = check_addition(cli, held.roster, card, present, nrs_roster_member_by_key(held.roster, card->sign_key.data));
    if (error == NRS_OK) {
        error = read_role(cli, &role, present);
    }
    if (error == NRS_OK) {
        error = check_hub_left(cli, held.roster, card->org, role);
    }
    if (error == NRS_OK && same_member(present, card, role)) {
        error = nrs_cli_option(cli, "draft") != NULL ? NRS_OK : nrs_held_deliver_again(cli, &held, nrs_slice_of_bytes(&card_bytes));
        if (error == NRS_OK) {
            nrs_change_print(cli, slug, held.roster->version, card->org, role, false);
        }
        goto out;
    }
    if (error == NRS_OK) {
        error = nrs_change_allowed(cli, slug);
    }
    if (error == NRS_OK) {
        error = add_member(cli, &version, &held, card, role, nrs_slice_of_bytes(&card_bytes));
    }
    if (error == NRS_OK && version != 0) {
        nrs_change_print(cli, slug, version, card->org, role, true);
    }
out:
    nrs_card_free(&card);
    nrs_bytes_wipe(&card_bytes);
    nrs_held_wipe(&held);
    return error;
}

static nrs_error remove_member(nrs_cli *cli, uint64_t *version_out, nrs_held *held, const Nrs__Wire__Member *member)
{
    const nrs_roster *before = held->roster;
    Nrs__Wire__Member **members = calloc(before->n_members, sizeof(Nrs__Wire__Member *));
    nrs_burial burial = {.list = NULL};
    uint8_t previous[NRS_HASH_SIZE];
    nrs_roster next = nrs_held_successor(held, previous);
    nrs_error error = members == NULL ? NRS_ERROR_NO_MEMORY
                                      : nrs_held_bury(cli, &burial, &next, member,
                                                      nrs_cli_option(cli, "left") != NULL ? NRS_TOMBSTONE_LEFT : NRS_TOMBSTONE_REVOKED);

    next.n_members = 0;
    for (size_t i = 0; error == NRS_OK && i < before->n_members; i++) {
        if (before->members[i] != member) {
            members[next.n_members++] = before->members[i];
        }
    }
    next.members = members;
    if (error == NRS_OK) {
        error = nrs_change_make(cli, version_out, held, &next, NULL, nrs_slice_of(NULL, 0));
    }
    nrs_burial_wipe(&burial);
    free(members);
    return error;
}

/* A node that took itself off its own roster could change that roster no more, and its community would stand without it. */
static nrs_error check_not_self(nrs_cli *cli, const Nrs__Wire__Member *member)
{
    nrs_bytes card_bytes = {0};
    nrs_card *card = NULL;
    nrs_error error = nrs_keyring_own_card(cli, &card_bytes, &card);

    if (error == NRS_OK && nrs_slice_equal(nrs_field(&card->sign_key), nrs_field(&member->sign_key))) {
        error = nrs_cli_fail(cli, NRS_ERROR_COMMUNITY_RULE,
                             _("another hub that holds the roster key must remove it; the last hub cannot leave"),
                             _("this node cannot remove itself: %s"), member->org);
    }
    nrs_card_free(&card);
    nrs_bytes_wipe(&card_bytes);
    return error;
}

nrs_error nrs_run_community_remove(nrs_cli *cli)
{
    const char *slug = NULL;
    const char *org = cli->arguments[1];
    nrs_held held = {0};
    uint64_t version = 0;
    const Nrs__Wire__Member *member = NULL;
    nrs_error error = nrs_held_open(cli, &slug, &held);

    if (error == NRS_OK) {
        member = nrs_roster_member_by_org(held.roster, org);
        if (member == NULL) { /* perhaps removed already, and cut off before the node was told */
            error = nrs_cli_option(cli, "draft") != NULL ? NRS_OK : nrs_held_deliver_again(cli, &held, nrs_slice_of(NULL, 0));
            error = error == NRS_OK ? nrs_cli_fail_about(cli, NRS_ERROR_UNKNOWN_ORG, org) : error;
        }
    }
    if (error == NRS_OK) {
        error = check_not_self(cli, member);
    }
    if (error == NRS_OK) {
        error = nrs_change_allowed(cli, slug);
    }
    if (error == NRS_OK) {
        error = remove_member(cli, &version, &held, member);
    }
    if (error == NRS_OK && version != 0) {
        nrs_change_print(cli, slug, version, org, 0, true);
    }
    nrs_held_wipe(&held);
    return error;
}
