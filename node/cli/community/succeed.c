/* noroshi community succeed: the roster follows a member that changed its keys. The old key signed, so no telephone is needed. */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "community/change.h"
#include "community/hub_card.h"
#include "folder.h"
#include "key/keyring.h"
#include "key/rotate_grace.h"
#include "keys/change.h"
#include "language.h"
#include "proto/address.h"
#include "proto/armour.h"
#include "proto/vocabulary.h"
#include "community/roster_file.h"
#include "run.h"
#include "text.h"

bool nrs_held_announced(const nrs_cli *cli, char name_out[NRS_KEY_NAME_SIZE], nrs_slice sign_key)
{
    nrs_key_name(name_out, sign_key.data);
    return nrs_folder_has(cli, "changes", name_out, ".succession");
}

nrs_error nrs_held_next_card(nrs_cli *cli, nrs_card **card_out, const char *org, nrs_slice sign_key)
{
    char name[NRS_KEY_NAME_SIZE];
    nrs_bytes payload = {0};
    nrs_key_change *change = NULL;
    nrs_card *card = NULL;
    nrs_error error = NRS_OK;

    *card_out = NULL;
    if (!nrs_held_announced(cli, name, sign_key)) {
        return NRS_OK;
    }
    error = nrs_folder_read_armour(cli, &payload, "SUCCESSION", "changes", name, ".succession", NRS_ERROR_DAMAGED);
    if (error == NRS_OK) {
        error = nrs_change_verify(&change, &card, nrs_slice_of_bytes(&payload));
        error = error == NRS_OK ? NRS_OK : nrs_cli_fail_about(cli, error == NRS_ERROR_NO_MEMORY ? error : NRS_ERROR_DAMAGED, org);
    }
    if (error == NRS_OK && nrs_slice_equal(nrs_field(&change->sign_key), sign_key)) {
        *card_out = card;
        card = NULL;
    }
    nrs_key_change_free(&change);
    nrs_card_free(&card);
    nrs_bytes_wipe(&payload);
    return error;
}

/* Of the organisation that this roster calls so: of the key it has, or of the last one before it. */
static bool find_announced_by(const nrs_cli *cli, char name_out[NRS_KEY_NAME_SIZE], const nrs_roster *roster, const char *org)
{
    const Nrs__Wire__Member *member = nrs_roster_member_by_org(roster, org);
    bool found = member != NULL && nrs_held_announced(cli, name_out, nrs_field(&member->sign_key));
    uint64_t last_ms = 0;

    for (size_t i = 0; !found && i < roster->n_tombstones; i++) { /* they stand by their keys */
        const Nrs__Wire__Tombstone *tombstone = roster->tombstones[i];
        char name[NRS_KEY_NAME_SIZE];

        if (strcmp(tombstone->org, org) == 0 && tombstone->at_ms >= last_ms && nrs_held_announced(cli, name, nrs_field(&tombstone->sign_key))) {
            memcpy(name_out, name, sizeof name);
            last_ms = tombstone->at_ms;
        }
    }
    return found || last_ms != 0;
}

/* A file, or the id of an organisation whose announcement the node has taken up. */
static nrs_error read_succession(nrs_cli *cli, nrs_key_change **change_out, nrs_card **card_out, const nrs_roster *roster, const char *given)
{
    nrs_bytes payload = {0};
    char name[NRS_KEY_NAME_SIZE];
    nrs_error error = NRS_OK;

    if (nrs_name_valid(given) && find_announced_by(cli, name, roster, given)) {
        error = nrs_folder_read_armour(cli, &payload, "SUCCESSION", "changes", name, ".succession", NRS_ERROR_UNKNOWN_ORG);
    } else {
        error = nrs_file_read_armour_given(cli, &payload, given, "SUCCESSION", NRS_FILE_SIZE_MAX);
    }
    if (error == NRS_OK) {
        error = nrs_change_verify(change_out, card_out, nrs_slice_of_bytes(&payload));
    }
    if (error == NRS_OK && *card_out == NULL) {
        error = NRS_ERROR_MALFORMED;
    }
    nrs_bytes_wipe(&payload);
    return error == NRS_OK || cli->error != NRS_OK ? error : nrs_cli_fail_given(cli, error, given);
}

static nrs_error check_member(nrs_cli *cli, const Nrs__Wire__Member **member_out, const nrs_roster *roster, const nrs_key_change *change,
                              const nrs_card *card)
{
    const Nrs__Wire__Member *member = nrs_roster_member_by_org(roster, change->org);

    if (nrs_roster_tombstone(roster, change->sign_key.data) != NULL || nrs_roster_tombstone(roster, card->sign_key.data) != NULL) {
        return nrs_cli_fail_about(cli, NRS_ERROR_REVOKED, change->org);
    }
    if (member == NULL) {
        return nrs_cli_fail_about(cli, NRS_ERROR_NOT_MEMBER, change->org); /* another community's */
    }
    if (!nrs_slice_equal(nrs_field(&member->sign_key), nrs_field(&change->sign_key))) {
        return nrs_cli_fail(cli, NRS_ERROR_FORGED, NULL, _("the succession is not of the key that the roster names: %s"), change->org);
    }
    *member_out = member;
    return nrs_rotate_grace_check(cli, roster, member);
}

/* The same roster with the new keys in the member's place, and a tombstone for the old one: it left. */
static nrs_error follow(nrs_cli *cli, uint64_t *version_out, nrs_held *held, const Nrs__Wire__Member *member, const nrs_card *card,
                        nrs_slice card_bytes)
{
    const nrs_roster *before = held->roster;
    Nrs__Wire__Member fresh = *member;
    Nrs__Wire__Member **members = calloc(before->n_members, sizeof(Nrs__Wire__Member *));
    nrs_burial burial = {.list = NULL};
    uint8_t previous[NRS_HASH_SIZE];
    nrs_roster next = nrs_held_successor(held, previous);
    nrs_error error = members == NULL ? NRS_ERROR_NO_MEMORY : nrs_held_bury(cli, &burial, &next, member, NRS_TOMBSTONE_LEFT);

    fresh.name = card->name;
    fresh.sign_key = card->sign_key;
    fresh.agree_key = card->agree_key;
    fresh.curve_key = card->curve_key;
    fresh.proof = card->proof;
    fresh.joined = (ProtobufCBinaryData){0};
    for (size_t i = 0; error == NRS_OK && i < before->n_members; i++) {
        members[i] = before->members[i] == member ? &fresh : before->members[i];
    }
    next.members = members;
    if (error == NRS_OK) {
        bool draft = nrs_cli_option(cli, "draft") != NULL; /* else the card came with the succession */

        error = nrs_change_make(cli, version_out, held, &next, NULL, draft ? card_bytes : nrs_slice_of(NULL, 0));
        if (error == NRS_OK && !draft) { /* last: a roster that is refused leaves no card */
            error = nrs_hub_card_keep(cli, &next, card, card_bytes);
        }
    }
    nrs_burial_wipe(&burial);
    free(members);
    return error;
}

/* Whether the roster has followed this very change already: said again, it is done. */
static bool has_followed(const nrs_roster *roster, const nrs_key_change *change, const nrs_card *card)
{
    const Nrs__Wire__Member *member = nrs_roster_member_by_key(roster, card->sign_key.data);

    return member != NULL && strcmp(member->org, change->org) == 0 && nrs_roster_tombstone(roster, change->sign_key.data) != NULL;
}

/* version: the one in which the keys stand. */
static void print_followed(const nrs_cli *cli, const char *slug, const nrs_roster *roster, uint64_t version, const nrs_card *card, bool changed)
{
    char fingerprint[48];

    nrs_fingerprint(fingerprint, card->sign_key.data);
    if (cli->json) {
        json_t *row = json_pack("{s:s, s:I, s:s, s:s, s:b}", "id", slug, "version", (json_int_t)version, "org", card->org, "fingerprint", fingerprint,
                                "changed", (int)changed);

        nrs_text_print_json(stdout, row);
        json_decref(row);
        return;
    }
    printf(changed ? _("@%s is now at version %llu.\n") : _("@%s has them already, at version %llu.\n"), slug, (unsigned long long)version);
    printf(_("%s has new keys, signed by the old ones. Fingerprint: %s\n"), card->org, fingerprint);
    if (nrs_held_only_hub(roster, card->org)) { /* SPEC 7.10: who never heard of the new key cannot look for it */
        printf(_("It is the only hub: members whose nodes have its announcement come to the new keys by themselves. Whose node has not been up since then needs "
                 "a new invite: noroshi community invite %s\n"),
               slug);
    }
}

nrs_error nrs_run_community_succeed(nrs_cli *cli)
{
    const char *slug = NULL;
    nrs_held held = {0};
    nrs_key_change *change = NULL;
    nrs_card *card = NULL;
    uint64_t version = 0;
    const Nrs__Wire__Member *member = NULL;
    nrs_error error = nrs_held_open(cli, &slug, &held);

    if (error == NRS_OK) {
        error = read_succession(cli, &change, &card, held.roster, cli->arguments[1]);
    }
    if (error == NRS_OK && has_followed(held.roster, change, card)) {
        error = nrs_held_deliver_again(cli, &held, nrs_field(&change->card));
        if (error == NRS_OK) {
            print_followed(cli, slug, held.roster, held.roster->version, card, false);
        }
        goto out;
    }
    if (error == NRS_OK) {
        error = check_member(cli, &member, held.roster, change, card);
    }
    if (error == NRS_OK) {
        error = nrs_change_allowed(cli, slug);
    }
    if (error == NRS_OK) {
        error = follow(cli, &version, &held, member, card, nrs_field(&change->card));
    }
    if (error == NRS_OK && version != 0) {
        print_followed(cli, slug, held.roster, held.roster->version + 1, card, true);
    }
out:
    nrs_card_free(&card);
    nrs_key_change_free(&change);
    nrs_held_wipe(&held);
    return error;
}
