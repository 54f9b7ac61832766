/* noroshi community create, add, remove: ceremonies with the roster key. */
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

/* A member as a card describes it; borrows from the card. */
static Nrs__Wire__Member member_of(const nrs_card *card, uint32_t role)
{
    Nrs__Wire__Member member;

    nrs__wire__member__init(&member);
    member.org = card->org;
    member.name = card->name;
    member.sign_key = card->sign_key;
    member.agree_key = card->agree_key;
    member.curve_key = card->curve_key;
    member.proof = card->proof;
    member.role = role;
    return member;
}

static void print_change(const nrs_cli *cli, const char *slug, uint64_t version, const char *org, uint32_t role, bool changed)
{
    const nrs_term *term = nrs_vocabulary_by_value(NRS_VOCABULARY_ROLE, role);

    if (cli->json) {
        json_t *row = json_pack("{s:s, s:I, s:s, s:s?, s:b}", "id", slug, "version", (json_int_t)version, "org", org, "role",
                                term == NULL ? NULL : term->code, "changed", changed ? 1 : 0);

        nrs_text_print_json(stdout, row);
        json_decref(row);
    } else if (!changed) {
        printf(_("%s is a member of @%s already; nothing was changed.\n"), org, slug);
    } else {
        printf(_("@%s is now at version %llu.\n"), slug, (unsigned long long)version);
    }
}

/* ---- create ---- */

static nrs_error found(nrs_cli *cli, const char *slug, const char *name, const nrs_card *card, const nrs_identity *key)
{
    nrs_held none = {0};
    nrs_roster roster;
    Nrs__Wire__Rules rules;
    Nrs__Wire__Member member = member_of(card, NRS_ROLE_HUB);
    Nrs__Wire__Member *members[1] = {&member};
    ProtobufCBinaryData keys[1] = {nrs_field_of(nrs_slice_of(nrs_identity_public(key)->sign_key, NRS_KEY_SIZE))};
    char slug_text[NRS_NAME_SIZE_MAX + 1];
    char name_text[NRS_DISPLAY_NAME_SIZE_MAX + 1];

    uint64_t version = 0;

    snprintf(slug_text, sizeof slug_text, "%s", slug);
    snprintf(name_text, sizeof name_text, "%s", name);
    nrs_held_rules(&rules);
    nrs__wire__roster__init(&roster);
    roster.suite = NRS_SUITE;
    roster.id = slug_text;
    roster.name = name_text;
    roster.version = 1;
    roster.created_ms = nrs_now_ms();
    roster.expires_ms = roster.created_ms + NRS_ROSTER_LIFE_MS_DEFAULT;
    roster.keys = keys;
    roster.n_keys = 1;
    roster.threshold = 1;
    roster.members = members;
    roster.n_members = 1;
    roster.rules = &rules;
    return nrs_change_make(cli, &version, &none, &roster, key, nrs_slice_of(NULL, 0));
}

static nrs_error check_new(nrs_cli *cli, const char *slug, const char *name)
{
    if (name == NULL) {
        return nrs_cli_fail(cli, NRS_ERROR_USAGE, NULL, "%s", _("community create needs --name"));
    }
    if (nrs_given_name(cli, name) != NRS_OK) {
        return cli->error;
    }
    if (nrs_folder_has(cli, "communities", slug, ".roster") || nrs_folder_has(cli, "rosters", slug, ".key")) {
        return nrs_cli_fail_about(cli, NRS_ERROR_EXISTS, slug);
    }
    return NRS_OK;
}

nrs_error nrs_run_community_create(nrs_cli *cli)
{
    nrs_node_settings settings;
    const char *slug = NULL;
    const char *name = nrs_cli_option(cli, "name");
    nrs_identity *node = NULL;
    nrs_identity *key = NULL;
    nrs_bytes passphrase = {0};
    nrs_bytes card_bytes = {0};
    nrs_card *card = NULL;
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
    if (error == NRS_OK) {
        error = nrs_keyring_own_card(cli, &card_bytes, &card);
    }
    if (error == NRS_OK) { /* shows that the passphrase, which the roster key will share, is the right one */
        error = nrs_keyring_load(cli, &node, &passphrase, NULL, "identity", NRS_ERROR_NOT_A_NODE);
    }
    if (error == NRS_OK) {
        error = nrs_identity_new(&key);
    }
    if (error == NRS_OK) {
        error = nrs_keyring_save(cli, key, nrs_slice_of_bytes(&passphrase), "rosters", slug);
    }
    if (error == NRS_OK) {
        error = found(cli, slug, name, card, key);
        if (error != NRS_OK) {
            nrs_folder_remove(cli, "rosters", slug, ".key");
        }
    }
    if (error == NRS_OK) {
        print_change(cli, slug, 1, settings.org, NRS_ROLE_HUB, true);
    }
    nrs_identity_destroy(&node);
    nrs_identity_destroy(&key);
    nrs_bytes_wipe(&passphrase);
    nrs_bytes_wipe(&card_bytes);
    nrs_card_free(&card);
    return error;
}

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
    if (nrs_roster_tombstone(roster, card->sign_key.data) != NULL) {
        return nrs_cli_fail_about(cli, NRS_ERROR_REVOKED, card->org);
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
    Nrs__Wire__Member member = member_of(card, role);
    const Nrs__Wire__Member *present = nrs_roster_member_by_org(held->roster, card->org);
    Nrs__Wire__Member **members = calloc(held->roster->n_members + 1, sizeof(Nrs__Wire__Member *));
    uint8_t previous[NRS_HASH_SIZE];
    nrs_roster next = nrs_held_successor(held, previous);
    size_t count = 0;
    bool placed = false;
    nrs_error error = NRS_OK;

    if (members == NULL) {
        return NRS_ERROR_NO_MEMORY;
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
    error = nrs_cli_option(cli, "draft") != NULL
                ? NRS_OK
                : nrs_folder_write_armour(cli, "CARD", "cards", card->org, ".card", card_bytes);
    if (error == NRS_OK) {
        error = nrs_change_make(cli, version_out, held, &next, NULL, card_bytes);
    }
    free(members);
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
    nrs_error error = nrs_held_slug(cli, &slug, cli->arguments[0]);

    if (error == NRS_OK && nrs_cli_option(cli, "fingerprint") == NULL) {
        error = nrs_cli_fail(cli, NRS_ERROR_USAGE, _("ask the organisation to read out: noroshi card --fingerprint"), "%s",
                             _("community add needs --fingerprint"));
    }
    if (error == NRS_OK) {
        error = nrs_keyring_start(cli);
    }
    if (error == NRS_OK) {
        error = nrs_held_read(cli, &held, slug);
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
    if (error == NRS_OK && same_member(present, card, role)) {
        print_change(cli, slug, held.roster->version, card->org, role, false);
        goto out;
    }
    if (error == NRS_OK) {
        error = nrs_change_allowed(cli, slug);
    }
    if (error == NRS_OK) {
        error = add_member(cli, &version, &held, card, role, nrs_slice_of_bytes(&card_bytes));
    }
    if (error == NRS_OK && version != 0) {
        print_change(cli, slug, version, card->org, role, true);
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
    Nrs__Wire__Tombstone tombstone;
    Nrs__Wire__Member **members = calloc(before->n_members, sizeof(Nrs__Wire__Member *));
    Nrs__Wire__Tombstone **tombstones = calloc(before->n_tombstones + 1, sizeof(Nrs__Wire__Tombstone *));
    uint8_t previous[NRS_HASH_SIZE];
    nrs_roster next = nrs_held_successor(held, previous);
    nrs_error error = NRS_ERROR_NO_MEMORY;

    if (members == NULL || tombstones == NULL) {
        goto out;
    }
    next.n_members = 0;
    for (size_t i = 0; i < before->n_members; i++) {
        if (before->members[i] != member) {
            members[next.n_members++] = before->members[i];
        }
    }
    for (size_t i = 0; i < before->n_tombstones; i++) {
        tombstones[i] = before->tombstones[i];
    }
    nrs__wire__tombstone__init(&tombstone);
    tombstone.sign_key = member->sign_key;
    tombstone.curve_key = member->curve_key;
    tombstone.org = member->org;
    tombstone.cause = nrs_cli_option(cli, "left") != NULL ? NRS_TOMBSTONE_LEFT : NRS_TOMBSTONE_REVOKED;
    tombstone.at_ms = next.created_ms;
    tombstones[before->n_tombstones] = &tombstone;
    next.members = members;
    next.tombstones = tombstones;
    next.n_tombstones = before->n_tombstones + 1;
    error = nrs_change_make(cli, version_out, held, &next, NULL, nrs_slice_of(NULL, 0));
out:
    free(members);
    free(tombstones);
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
    nrs_error error = nrs_held_slug(cli, &slug, cli->arguments[0]);

    if (error == NRS_OK) {
        error = nrs_keyring_start(cli);
    }
    if (error == NRS_OK) {
        error = nrs_held_read(cli, &held, slug);
    }
    if (error == NRS_OK) {
        member = nrs_roster_member_by_org(held.roster, org);
        error = member != NULL ? NRS_OK : nrs_cli_fail_about(cli, NRS_ERROR_UNKNOWN_ORG, org);
    }
    if (error == NRS_OK) {
        error = check_not_self(cli, member);
    }
    if (error == NRS_OK && held.roster->n_tombstones >= NRS_TOMBSTONE_COUNT_MAX) {
        error = nrs_cli_fail_about(cli, NRS_ERROR_LIMIT, slug);
    }
    if (error == NRS_OK) {
        error = nrs_change_allowed(cli, slug);
    }
    if (error == NRS_OK) {
        error = remove_member(cli, &version, &held, member);
    }
    if (error == NRS_OK && version != 0) {
        print_change(cli, slug, version, org, 0, true);
    }
    nrs_held_wipe(&held);
    return error;
}
