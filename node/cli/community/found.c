/* noroshi community create: the first version of a roster, under a key made here, or as a draft for roster keys that are elsewhere. */
#include <string.h>

#include "community/change.h"
#include "control.h"
#include "folder.h"
#include "report/given.h"
#include "key/keyring.h"
#include "language.h"
#include "proto/vocabulary.h"
#include "run.h"

/* The first version of a roster, its keys and threshold still to be set. */
static void first_version(nrs_roster *roster_out, char *slug, char *name, Nrs__Wire__Rules *rules, Nrs__Wire__Member **members)
{
    nrs_held_rules(rules);
    nrs__wire__roster__init(roster_out);
    roster_out->suite = NRS_SUITE;
    roster_out->id = slug;
    roster_out->name = name;
    roster_out->version = 1;
    roster_out->created_ms = nrs_now_ms();
    roster_out->expires_ms = roster_out->created_ms + NRS_ROSTER_LIFE_MS_DEFAULT;
    roster_out->threshold = 1;
    roster_out->members = members;
    roster_out->n_members = 1;
    roster_out->rules = rules;
}

/* key: the one roster key, which signs here; or NULL: those of --add-key, for a draft. */
static nrs_error found(nrs_cli *cli, uint64_t *version_out, const char *slug, const char *name, const nrs_card *card, const nrs_identity *key)
{
    nrs_held none = {0};
    nrs_roster roster;
    Nrs__Wire__Rules rules;
    Nrs__Wire__Member member = nrs_change_member_of(card, NRS_ROLE_HUB);
    Nrs__Wire__Member *members[1] = {&member};
    nrs_key_list list = {.count = 0};
    char slug_text[NRS_NAME_SIZE_MAX + 1];
    char name_text[NRS_DISPLAY_NAME_SIZE_MAX + 1];
    nrs_error error = NRS_OK;

    snprintf(slug_text, sizeof slug_text, "%s", slug);
    snprintf(name_text, sizeof name_text, "%s", name);
    first_version(&roster, slug_text, name_text, &rules, members);
    if (key != NULL) {
        memcpy(list.keys[0], nrs_identity_public(key)->sign_key, NRS_KEY_SIZE);
        list.count = 1;
    } else {
        error = nrs_key_list_add(cli, &list);
    }
    if (error == NRS_OK) {
        error = nrs_key_list_put(cli, &list, &roster);
    }
    return error == NRS_OK ? nrs_change_make(cli, version_out, &none, &roster, key, nrs_slice_of(NULL, 0)) : error;
}

static nrs_error check_new(nrs_cli *cli, const char *slug, const char *name)
{
    bool keys = nrs_cli_option(cli, "add-key") != NULL;

    if (name == NULL) {
        return nrs_cli_fail(cli, NRS_ERROR_USAGE, NULL, "%s", _("community create needs --name"));
    }
    if (nrs_given_name(cli, name) != NRS_OK) {
        return cli->error;
    }
    if (keys != (nrs_cli_option(cli, "draft") != NULL) || (!keys && nrs_cli_option(cli, "threshold") != NULL)) {
        return nrs_cli_fail(cli, NRS_ERROR_USAGE, _("without both this node makes a roster key of its own, which signs alone"), "%s",
                            _("to found with roster keys that are elsewhere, give --add-key for each, --threshold, and --draft FILE for them to sign"));
    }
    if (nrs_folder_has(cli, "communities", slug, ".roster")) {
        return nrs_cli_fail_about(cli, NRS_ERROR_EXISTS, slug);
    }
    return NRS_OK;
}

/* With a key of this node's, under the passphrase of the node. */
static nrs_error found_here(nrs_cli *cli, const char *slug, const char *name, const nrs_card *card)
{
    nrs_identity *node = NULL;
    nrs_identity *key = NULL;
    nrs_bytes passphrase = {0};
    uint64_t version = 0;
    /* A key without a roster is of a create that was cut off: it is taken, never written over. */
    const bool kept = nrs_folder_has(cli, "rosters", slug, ".key");
    /* shows that the passphrase, which the roster key will share, is the right one */
    nrs_error error = nrs_keyring_load(cli, &node, &passphrase, NULL, "identity", NRS_ERROR_NOT_A_NODE);

    if (error == NRS_OK && kept) {
        error = nrs_keyring_load_with(cli, &key, nrs_slice_of_bytes(&passphrase), "rosters", slug, NRS_ERROR_DAMAGED);
    } else if (error == NRS_OK) {
        error = nrs_identity_new(&key);
    }
    if (error == NRS_OK && !kept) {
        error = nrs_keyring_save(cli, key, nrs_slice_of_bytes(&passphrase), "rosters", slug);
    }
    if (error == NRS_OK) {
        error = found(cli, &version, slug, name, card, key);
        if (error != NRS_OK && !kept && !nrs_folder_has(cli, "communities", slug, ".roster")) {
            nrs_folder_remove(cli, "rosters", slug, ".key");
        }
    }
    if (error == NRS_OK) {
        nrs_change_print(cli, slug, version, card->org, NRS_ROLE_HUB, true);
    }
    nrs_identity_destroy(&node);
    nrs_identity_destroy(&key);
    nrs_bytes_wipe(&passphrase);
    return error;
}

nrs_error nrs_run_community_create(nrs_cli *cli)
{
    nrs_node_settings settings;
    const char *slug = NULL;
    const char *name = nrs_cli_option(cli, "name");
    nrs_bytes card_bytes = {0};
    nrs_card *card = NULL;
    uint64_t version = 0;
    nrs_error error = nrs_held_slug(cli, &slug, cli->arguments[0]);

    if (error == NRS_OK) {
        error = nrs_folder_settings(cli, &settings);
    }
    if (error == NRS_OK) {
        error = check_new(cli, slug, name);
    }
    if (error == NRS_OK) {
        error = nrs_keyring_start(cli);
    }
    if (error == NRS_OK && nrs_folder_has(cli, "rosters", slug, ".key")) { /* a create that was cut off may have told the running node: its one counts */
        error = nrs_inbox_poke(cli, "");
        if (error == NRS_OK) {
            error = check_new(cli, slug, name);
        }
    }
    if (error == NRS_OK) {
        error = nrs_keyring_own_card(cli, &card_bytes, &card);
    }
    if (error == NRS_OK && card->n_endpoints == 0) {
        nrs_cli_note(cli, "%s", _("this node's card names no address, so that no member can reach it: a node is given one by noroshi card --listen"));
    }
    if (error == NRS_OK) {
        error = nrs_cli_option(cli, "draft") == NULL ? found_here(cli, slug, name, card) : found(cli, &version, slug, name, card, NULL);
    }
    nrs_bytes_wipe(&card_bytes);
    nrs_card_free(&card);
    return error;
}
