#include "roster_file.h"

#include <stdlib.h>
#include <string.h>

#include "control.h"
#include "folder.h"
#include "keyring.h"
#include "language.h"
#include "proto/address.h"
#include "proto/assert.h"
#include "proto/label.h"

void nrs_held_wipe(nrs_held *held)
{
    NRS_ASSERT(held != NULL);
    nrs_bytes_wipe(&held->first);
    nrs_bytes_wipe(&held->current);
    nrs_bytes_wipe(&held->statement);
    nrs_roster_free(&held->roster);
}

void nrs_held_rules(Nrs__Wire__Rules *rules_out)
{
    nrs__wire__rules__init(rules_out);
    rules_out->labels = NRS_LABEL_BITS_ALL;
    rules_out->flags = NRS_RULE_RED_RELAY | NRS_RULE_WITHHELD;
}

nrs_error nrs_held_slug(nrs_cli *cli, const char **slug_out, const char *given)
{
    const char *slug = given[0] == '@' ? given + 1 : given;

    if (!nrs_name_valid(slug)) {
        return nrs_cli_fail_about(cli, NRS_ERROR_BAD_NAME, given);
    }
    *slug_out = slug;
    return NRS_OK;
}

nrs_error nrs_held_read(nrs_cli *cli, nrs_held *held_out, const char *slug)
{
    nrs_held held = {0};
    nrs_invite chain = NRS__WIRE__INVITE__INIT;
    nrs_error error = NRS_OK;

    NRS_ASSERT(held_out != NULL && slug != NULL);

    error = nrs_folder_read_armour(cli, &held.first, "ROSTER", "communities", slug, ".first", NRS_ERROR_UNKNOWN_COMMUNITY);
    if (error != NRS_OK) {
        goto out;
    }
    error = nrs_folder_read_armour(cli, &held.current, "ROSTER", "communities", slug, ".roster", NRS_ERROR_UNKNOWN_COMMUNITY);
    if (error != NRS_OK) {
        goto out;
    }
    chain.first = nrs_field_of(nrs_slice_of_bytes(&held.first));
    chain.current = nrs_field_of(nrs_slice_of_bytes(&held.current));
    error = nrs_invite_verify(&held.roster, &held.statement, held.community, &chain);
    if (error != NRS_OK) {
        error = nrs_cli_fail_about(cli, error, slug);
        goto out;
    }
    *held_out = held;
    held = (nrs_held){0};
out:
    nrs_held_wipe(&held);
    return error;
}

/* Encode, sign, and verify as every member will: what this node would refuse never leaves it. */
static nrs_error sign_next(nrs_bytes *many_out, const nrs_held *held, const nrs_roster *next, const nrs_identity *key)
{
    nrs_bytes statement = {0};
    nrs_bytes many = {0};
    nrs_bytes checked_statement = {0};
    nrs_roster *checked = NULL;
    nrs_error error = nrs_roster_encode(&statement, next);

    if (error == NRS_OK) {
        error = nrs_roster_sign(&many, nrs_slice_of_bytes(&statement), nrs_slice_of(NULL, 0), key);
    }
    if (error == NRS_OK) {
        error = nrs_roster_verify(&checked, &checked_statement, nrs_slice_of_bytes(&many), held->roster,
                                  nrs_slice_of_bytes(&held->statement));
    }
    if (error == NRS_OK) {
        nrs_bytes_wipe(many_out);
        *many_out = many;
        many = (nrs_bytes){0};
    }
    nrs_roster_free(&checked);
    nrs_bytes_wipe(&checked_statement);
    nrs_bytes_wipe(&many);
    nrs_bytes_wipe(&statement);
    return error;
}

/* The names sort in the order in which the node must take the files up. */
static nrs_error put_in_inbox(nrs_cli *cli, char name_out[96], const nrs_roster *next, nrs_slice many, nrs_slice card)
{
    char card_name[96];
    nrs_error error = NRS_OK;

    snprintf(name_out, 96, "%s-%08llu-a.roster", next->id, (unsigned long long)next->version);
    snprintf(card_name, sizeof card_name, "%s-%08llu-b.card", next->id, (unsigned long long)next->version);
    error = nrs_inbox_put(cli, name_out, "ROSTER", many);
    if (error == NRS_OK && card.size > 0) {
        error = nrs_inbox_put(cli, card_name, "CARD", card);
    }
    return error;
}

static void restore(nrs_cli *cli, const nrs_held *held, const char *slug, const char *inbox_name)
{
    nrs_folder_remove(cli, "inbox", inbox_name, "");
    if (held->roster == NULL) {
        nrs_folder_remove(cli, "communities", slug, ".roster");
        nrs_folder_remove(cli, "communities", slug, ".first");
    } else if (nrs_folder_write_armour(cli, "ROSTER", "communities", slug, ".roster", nrs_slice_of_bytes(&held->current)) !=
               NRS_OK) {
        nrs_cli_note(cli, "%s", _("the roster that was held before could not be put back"));
    }
}

nrs_error nrs_held_replace(nrs_cli *cli, const nrs_held *held, const nrs_roster *next, const nrs_identity *key,
                           nrs_slice card)
{
    nrs_bytes many = {0};
    char inbox_name[96] = "";
    nrs_error error = NRS_OK;

    NRS_ASSERT(cli != NULL && held != NULL && next != NULL && key != NULL);

    error = sign_next(&many, held, next, key);
    if (error != NRS_OK) {
        error = nrs_cli_fail_about(cli, error, next->id);
        goto out;
    }
    if (held->roster == NULL) {
        error = nrs_folder_write_armour(cli, "ROSTER", "communities", next->id, ".first", nrs_slice_of_bytes(&many));
    }
    if (error == NRS_OK) {
        error = nrs_folder_write_armour(cli, "ROSTER", "communities", next->id, ".roster", nrs_slice_of_bytes(&many));
    }
    if (error == NRS_OK) {
        error = put_in_inbox(cli, inbox_name, next, nrs_slice_of_bytes(&many), card);
    }
    if (error == NRS_OK) {
        error = nrs_inbox_poke(cli, inbox_name);
    }
    if (error != NRS_OK) {
        restore(cli, held, next->id, inbox_name);
    }
out:
    nrs_bytes_wipe(&many);
    return error;
}

nrs_error nrs_held_key(nrs_cli *cli, nrs_identity **key_out, const char *slug)
{
    if (!nrs_folder_has(cli, "rosters", slug, ".key")) {
        return nrs_cli_fail(cli, NRS_ERROR_NOT_RUNNING_HERE, _("the roster is changed where the community was created"),
                            _("this node does not hold the roster key of %s"), slug);
    }
    return nrs_keyring_load(cli, key_out, NULL, "rosters", slug, NRS_ERROR_UNKNOWN_COMMUNITY);
}

nrs_roster nrs_held_successor(nrs_held *held, uint8_t previous_out[NRS_HASH_SIZE])
{
    nrs_roster next = *held->roster;

    nrs_roster_hash(previous_out, nrs_slice_of_bytes(&held->statement));
    next.community = nrs_field_of(nrs_slice_of(held->community, NRS_HASH_SIZE));
    next.previous = nrs_field_of(nrs_slice_of(previous_out, NRS_HASH_SIZE));
    next.version = held->roster->version + 1;
    next.created_ms = nrs_now_ms();
    next.expires_ms = next.created_ms + NRS_ROSTER_LIFE_MS_DEFAULT;
    return next;
}

static nrs_error change(nrs_cli *cli, nrs_held *held, nrs_roster *next)
{
    nrs_identity *key = NULL;
    nrs_error error = nrs_held_key(cli, &key, held->roster->id);

    if (error == NRS_OK) {
        error = nrs_held_replace(cli, held, next, key, nrs_slice_of(NULL, 0));
    }
    nrs_identity_destroy(&key);
    return error;
}

nrs_error nrs_held_change_rules(nrs_cli *cli, nrs_held *held, Nrs__Wire__Rules *rules)
{
    uint8_t previous[NRS_HASH_SIZE];
    nrs_roster next = nrs_held_successor(held, previous);

    next.rules = rules;
    return change(cli, held, &next);
}

nrs_error nrs_held_change_members(nrs_cli *cli, nrs_held *held, Nrs__Wire__Member **members)
{
    uint8_t previous[NRS_HASH_SIZE];
    nrs_roster next = nrs_held_successor(held, previous);

    next.members = members;
    return change(cli, held, &next);
}
