#include "export/signer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "community/roster_file.h"
#include "control.h"
#include "folder.h"
#include "keys/roster.h"
#include "language.h"
#include "proto/armour.h"
#include "proto/assert.h"
#include "text.h"

typedef struct search {
    nrs_signer found;
    const nrs_export_view *view;
} search;

static void note(search *it, const char *by, const char *org, const char *name)
{
    it->found.known_by = by;
    (void)snprintf(it->found.org, sizeof it->found.org, "%s", org);
    (void)snprintf(it->found.name, sizeof it->found.name, "%s", name);
}

/* That two keys are of one organisation, one roster alone can say: in that of another community another may bear the name (SPEC 14.1). */
static void note_home(search *it, const char *org, bool former)
{
    (void)snprintf(it->found.home_org, sizeof it->found.home_org, "%s", org);
    it->found.home_former = it->found.home_former || former; /* what an older version has does not take it back */
}

/* A member's entry counts more than a tombstone, wherever it stands. The name of a community in the file is signed by nobody: the id in the
 * report's header is, so a roster that has the name alone speaks against the file (SPEC 14). */
static void look_in(search *it, const nrs_roster *roster, const uint8_t community[NRS_HASH_SIZE], const char *by)
{
    const Nrs__Wire__Member *member = nrs_roster_member_by_key(roster, it->view->signer);
    const Nrs__Wire__Tombstone *gone = nrs_roster_tombstone(roster, it->view->signer);
    const bool named = it->view->community_id != NULL && memcmp(community, it->view->community_id, NRS_HASH_SIZE) == 0;

    if ((member != NULL || gone != NULL) && (named || it->found.known_in[0] == '\0')) {
        (void)snprintf(it->found.known_in, sizeof it->found.known_in, "%s", roster->id);
    }
    if (named) {
        it->found.community_known = true;
        (void)snprintf(it->found.community, sizeof it->found.community, "%s", roster->id);
    } else if (it->view->community_id != NULL && strcmp(roster->id, it->view->community) == 0) {
        it->found.community_other = true;
    }
    if (named && (member != NULL || gone != NULL)) {
        note_home(it, member != NULL ? member->org : gone->org, member == NULL);
    }
    if (gone != NULL && gone->cause == NRS_TOMBSTONE_REVOKED) {
        it->found.revoked = true;
    }
    if (member != NULL && (it->found.known_by == NULL || it->found.former)) {
        note(it, by, member->org, member->name);
        it->found.former = false;
    } else if (gone != NULL && it->found.known_by == NULL) {
        note(it, by, gone->org, "");
        it->found.former = true;
    }
}

static nrs_error read_armour(nrs_cli *cli, nrs_bytes *bytes_out, const char *path, const char *type)
{
    nrs_bytes text = {0};
    nrs_error error = nrs_file_read_given(cli, &text, path, NRS_CEREMONY_FILE_SIZE_MAX);

    if (error == NRS_OK) {
        error = nrs_armour_decode(bytes_out, type, nrs_slice_of_bytes(&text));
        error = error == NRS_OK ? NRS_OK : nrs_cli_fail_about(cli, error, path);
    }
    nrs_bytes_wipe(&text);
    return error;
}

static nrs_error by_card(nrs_cli *cli, search *it, const char *path)
{
    nrs_bytes bytes = {0};
    nrs_card *card = NULL;
    nrs_error error = read_armour(cli, &bytes, path, "CARD");

    if (error == NRS_OK) {
        error = nrs_card_verify(&card, nrs_slice_of_bytes(&bytes));
        error = error == NRS_OK ? NRS_OK : nrs_cli_fail_about(cli, error, path);
    }
    if (error == NRS_OK && memcmp(card->sign_key.data, it->view->signer, NRS_KEY_SIZE) == 0) {
        note(it, "card", card->org, card->name);
    }
    nrs_card_free(&card);
    nrs_bytes_wipe(&bytes);
    return error;
}

/* One roster alone: its own keys have signed it. Which community it is, whoever gives it says. */
static nrs_error check_roster(nrs_roster **roster_out, uint8_t community_out[NRS_HASH_SIZE], nrs_slice bytes)
{
    nrs_signed_by_many *many = NULL;
    nrs_roster *roster = NULL;
    nrs_roster_signed_by count = {0};
    nrs_error error = nrs_signed_by_many_decode(&many, bytes);

    if (error == NRS_OK) {
        error = nrs_roster_decode(&roster, nrs_field(&many->statement));
    }
    if (error == NRS_OK) {
        error = nrs_roster_signatures_count(&count, many->signatures, many->n_signatures, roster, nrs_field(&many->statement),
                                            roster->version == 1 ? NULL : roster);
    }
    if (error == NRS_OK && count.own_count < count.own_threshold) {
        error = NRS_ERROR_FORGED;
    }
    if (error == NRS_OK) {
        nrs_roster_community(community_out, roster, nrs_field(&many->statement));
        *roster_out = roster;
        roster = NULL;
    }
    nrs_roster_free(&roster);
    nrs_signed_by_many_free(&many);
    return error;
}

static nrs_error by_roster(nrs_cli *cli, search *it, const char *path)
{
    nrs_bytes bytes = {0};
    nrs_roster *roster = NULL;
    uint8_t community[NRS_HASH_SIZE];
    nrs_error error = read_armour(cli, &bytes, path, "ROSTER");

    if (error == NRS_OK) {
        error = check_roster(&roster, community, nrs_slice_of_bytes(&bytes));
        error = error == NRS_OK ? NRS_OK : nrs_cli_fail_about(cli, error, path);
    }
    if (error == NRS_OK) {
        look_in(it, roster, community, "roster");
    }
    nrs_roster_free(&roster);
    nrs_bytes_wipe(&bytes);
    return error;
}

static nrs_error by_invite(nrs_cli *cli, search *it, const char *path)
{
    nrs_bytes bytes = {0}, statement = {0};
    nrs_invite *invite = NULL;
    nrs_roster *roster = NULL;
    uint8_t community[NRS_HASH_SIZE];
    nrs_error error = read_armour(cli, &bytes, path, "INVITE");

    if (error == NRS_OK) {
        error = nrs_invite_decode(&invite, nrs_slice_of_bytes(&bytes));
        if (error == NRS_OK) {
            error = nrs_invite_verify(&roster, &statement, community, invite);
        }
        error = error == NRS_OK ? NRS_OK : nrs_cli_fail_about(cli, error, path);
    }
    if (error == NRS_OK) {
        look_in(it, roster, community, "invite");
    }
    nrs_roster_free(&roster);
    nrs_invite_free(&invite);
    nrs_bytes_wipe(&statement);
    nrs_bytes_wipe(&bytes);
    return error;
}

/* ---- The folder ---- */

typedef struct folder_search {
    nrs_cli *cli;
    search *it;
} folder_search;

static nrs_error by_community(void *context, const char *slug)
{
    const folder_search *in = context;
    nrs_held held = {0};
    nrs_error error = nrs_held_read(in->cli, &held, slug);

    if (error == NRS_OK) {
        look_in(in->it, held.roster, held.community, "folder");
    }
    nrs_held_wipe(&held);
    return error;
}

static nrs_error by_folder(nrs_cli *cli, search *it)
{
    folder_search in = {cli, it};
    nrs_error error = nrs_held_each(cli, by_community, &in);

    if (error == NRS_OK && it->found.known_by == NULL && nrs_folder_has(cli, NULL, "own", ".card")) {
        char *path = nrs_folder_path(cli, NULL, "own", ".card");

        error = path == NULL ? NRS_ERROR_NO_MEMORY : by_card(cli, it, path);
        it->found.known_by = it->found.known_by == NULL ? NULL : "folder";
        free(path);
    }
    return error;
}

/* ---- The node ---- */

static nrs_error take_known(void *context, json_t *row)
{
    search *it = context;
    const char *id = nrs_json_text(row, "id"), *org = nrs_json_text(row, "org"), *name = nrs_json_text(row, "name"), *hash = nrs_json_text(row, "community");
    const bool member = json_is_true(json_object_get(row, "member"));
    uint8_t community[NRS_HASH_SIZE];
    bool named;

    if (id == NULL || org == NULL || hash == NULL || strlen(hash) != (size_t)2 * NRS_HASH_SIZE || nrs_hex_decode(community, sizeof community, hash) != NRS_OK) {
        return NRS_ERROR_MALFORMED;
    }
    named = it->view->community_id != NULL && memcmp(community, it->view->community_id, NRS_HASH_SIZE) == 0;
    if (named || it->found.known_in[0] == '\0') {
        (void)snprintf(it->found.known_in, sizeof it->found.known_in, "%s", id);
    }
    if (named) {
        note_home(it, org, !member);
        it->found.community_known = true;
        (void)snprintf(it->found.community, sizeof it->found.community, "%s", id);
    } else if (it->view->community_id != NULL && strcmp(id, it->view->community) == 0) {
        it->found.community_other = true;
    }
    it->found.revoked = it->found.revoked || json_is_true(json_object_get(row, "revoked"));
    if (it->found.known_by == NULL || (member && it->found.former)) {
        note(it, "node", org, member && name != NULL ? name : "");
        it->found.former = !member;
    }
    return NRS_OK;
}

/* The rosters of communities that are only recognised stand in the node's store and in no file. A node that does not run knows nobody. */
static nrs_error by_node(nrs_cli *cli, search *it)
{
    json_t *request = nrs_control_request("roster-signer");
    char key[2 * NRS_KEY_SIZE + 1];
    nrs_error error = request == NULL ? NRS_ERROR_NO_MEMORY : NRS_OK;

    nrs_hex_encode(key, it->view->signer, NRS_KEY_SIZE);
    if (error == NRS_OK && json_object_set_new(request, "key", json_string(key)) != 0) {
        error = NRS_ERROR_NO_MEMORY;
    }
    if (error == NRS_OK && nrs_control_call(cli, request, take_known, it) != NRS_OK) {
        nrs_cli_forget_failure(cli);
    }
    json_decref(request);
    return error;
}

nrs_error nrs_signer_find(nrs_cli *cli, nrs_signer *signer_out, const nrs_export_view *view)
{
    const char *card = nrs_cli_option(cli, "card");
    const char *roster = nrs_cli_option(cli, "roster");
    const char *invite = nrs_cli_option(cli, "invite");
    search it = {.view = view};
    nrs_error error = NRS_OK;

    NRS_ASSERT(signer_out != NULL);
    if (card == NULL && roster == NULL && invite == NULL) {
        error = by_folder(cli, &it);
        if (error == NRS_OK && (it.found.known_by == NULL || (view->release != NULL && it.found.home_org[0] == '\0')) && !it.found.revoked) {
            error = by_node(cli, &it);
        }
    }
    if (error == NRS_OK && roster != NULL) {
        error = by_roster(cli, &it, roster);
    }
    if (error == NRS_OK && invite != NULL) {
        error = by_invite(cli, &it, invite);
    }
    if (error == NRS_OK && card != NULL) {
        error = by_card(cli, &it, card);
    }
    if (error == NRS_OK) {
        *signer_out = it.found;
    }
    return error;
}
