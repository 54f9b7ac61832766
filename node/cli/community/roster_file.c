#include "community/roster_file.h"
#include "community/hub_card.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control.h"
#include "folder.h"
#include "key/keyring.h"
#include "language.h"
#include "proto/address.h"
#include "proto/assert.h"
#include "proto/label.h"
#include "proto/vocabulary.h"
#include "text.h"

enum { KEY_CHANGES_MANY = NRS_CHAIN_COUNT_MAX - 8 };

void nrs_held_wipe(nrs_held *held)
{
    NRS_ASSERT(held != NULL);
    nrs_bytes_wipe(&held->first);
    nrs_bytes_wipe(&held->current);
    nrs_invite_free(&held->chain);
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

static nrs_error read_chain(nrs_cli *cli, nrs_held *held, const char *slug)
{
    nrs_bytes bytes = {0};
    nrs_error error = NRS_OK;

    if (!nrs_folder_has(cli, "communities", slug, ".chain")) {
        return NRS_OK;
    }
    error = nrs_folder_read_armour(cli, &bytes, "INVITE", "communities", slug, ".chain", NRS_ERROR_UNKNOWN_COMMUNITY);
    if (error == NRS_OK) {
        error = nrs_invite_decode(&held->chain, nrs_slice_of_bytes(&bytes));
        error = error == NRS_OK ? NRS_OK : nrs_cli_fail_about(cli, NRS_ERROR_DAMAGED, slug);
    }
    nrs_bytes_wipe(&bytes);
    return error;
}

nrs_error nrs_held_verify(nrs_held *held)
{
    nrs_invite chain = NRS__WIRE__INVITE__INIT;

    NRS_ASSERT(held != NULL && held->roster == NULL);

    if (held->chain != NULL) {
        chain.chain = held->chain->chain;
        chain.n_chain = held->chain->n_chain;
    }
    chain.first = nrs_field_of(nrs_slice_of_bytes(&held->first));
    chain.current = nrs_field_of(nrs_slice_of_bytes(&held->current));
    return nrs_invite_verify(&held->roster, &held->statement, held->community, &chain);
}

/* The chain is put in place before the roster: a change that was cut off between them leaves it one longer than what is held. */
static nrs_error verify_read(nrs_held *held)
{
    nrs_error error = nrs_held_verify(held);
    nrs_invite *longer = held->chain;
    nrs_bytes bytes = {0};

    if (error == NRS_OK || longer == NULL) {
        return error;
    }
    held->chain = NULL;
    if (longer->n_chain > 1) {
        nrs_invite shorter = *longer; /* borrows */

        shorter.n_chain--;
        if (nrs_invite_encode(&bytes, &shorter) != NRS_OK || nrs_invite_decode(&held->chain, nrs_slice_of_bytes(&bytes)) != NRS_OK) {
            held->chain = NULL;
        }
    }
    error = nrs_held_verify(held) == NRS_OK ? NRS_OK : error;
    nrs_invite_free(&longer);
    nrs_bytes_wipe(&bytes);
    return error;
}

nrs_error nrs_held_read(nrs_cli *cli, nrs_held *held_out, const char *slug)
{
    nrs_held held = {0};
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
    error = read_chain(cli, &held, slug);
    if (error != NRS_OK) {
        goto out;
    }
    error = verify_read(&held);
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

/* The node leaves its proof beside the roster; an empty file says that it was healed. */
bool nrs_held_forked(nrs_cli *cli, const char *slug)
{
    nrs_bytes proof = {0};
    bool forked = nrs_folder_has(cli, "communities", slug, ".fork") &&
                  nrs_folder_read(cli, &proof, "communities", slug, ".fork", NRS_ERROR_NOT_FOUND) == NRS_OK && proof.size > 0;

    nrs_bytes_wipe(&proof);
    return forked;
}

static nrs_error visit_file(nrs_slug_visitor visit, void *context, const char *file)
{
    static const char suffix[] = ".roster";
    const size_t size = strlen(file);
    char slug[NRS_NAME_SIZE_MAX + 1];

    if (size <= sizeof suffix - 1 || size - (sizeof suffix - 1) > NRS_NAME_SIZE_MAX || strcmp(file + size - (sizeof suffix - 1), suffix) != 0) {
        return NRS_OK;
    }
    (void)snprintf(slug, sizeof slug, "%.*s", (int)(size - (sizeof suffix - 1)), file);
    return nrs_name_valid(slug) ? visit(context, slug) : NRS_OK;
}

nrs_error nrs_held_each(const nrs_cli *cli, nrs_slug_visitor visit, void *context)
{
    char *path = nrs_folder_path(cli, NULL, "communities", "");
    DIR *folder = path == NULL ? NULL : opendir(path);
    const struct dirent *entry = NULL;
    nrs_error error = path == NULL ? NRS_ERROR_NO_MEMORY : NRS_OK;

    while (error == NRS_OK && folder != NULL && (entry = readdir(folder)) != NULL) {
        error = visit_file(visit, context, entry->d_name);
    }
    if (folder != NULL) {
        (void)closedir(folder);
    }
    free(path);
    return error;
}

nrs_error nrs_held_open(nrs_cli *cli, const char **slug_out, nrs_held *held_out)
{
    const char *slug = NULL;
    nrs_error error = nrs_held_slug(cli, &slug, cli->arguments[0]);

    if (error == NRS_OK) {
        error = nrs_keyring_start(cli);
    }
    if (error == NRS_OK) {
        error = nrs_held_read(cli, held_out, slug);
    }
    if (error == NRS_OK) {
        *slug_out = slug;
    }
    return error;
}

nrs_error nrs_held_bury(nrs_cli *cli, nrs_burial *burial, nrs_roster *next, const Nrs__Wire__Member *member, uint32_t cause)
{
    size_t kept = 0;
    size_t dropped;

    NRS_ASSERT(burial != NULL && burial->list == NULL);
    NRS_ASSERT(next != NULL && member != NULL);

    dropped = next->n_tombstones < NRS_TOMBSTONE_COUNT_MAX ? next->n_tombstones : nrs_roster_tombstone_served(next, next->created_ms);
    if (dropped == next->n_tombstones && next->n_tombstones >= NRS_TOMBSTONE_COUNT_MAX) {
        return nrs_cli_fail(cli, NRS_ERROR_LIMIT, _("one of a member that left makes room 90 days later; those of revoked keys stay"),
                            _("@%s: the roster has %u tombstones of keys that went, and there is no room for one more"), next->id, NRS_TOMBSTONE_COUNT_MAX);
    }
    burial->list = calloc(next->n_tombstones + 1, sizeof(Nrs__Wire__Tombstone *));
    if (burial->list == NULL) {
        return NRS_ERROR_NO_MEMORY;
    }
    for (size_t i = 0; i < next->n_tombstones; i++) {
        if (i != dropped) {
            burial->list[kept++] = next->tombstones[i];
        }
    }
    nrs__wire__tombstone__init(&burial->tombstone);
    burial->tombstone.sign_key = member->sign_key;
    burial->tombstone.curve_key = member->curve_key;
    burial->tombstone.org = member->org;
    burial->tombstone.cause = cause;
    burial->tombstone.at_ms = next->created_ms;
    burial->list[kept++] = &burial->tombstone;
    next->tombstones = burial->list;
    next->n_tombstones = kept;
    return NRS_OK;
}

void nrs_burial_wipe(nrs_burial *burial)
{
    free(burial->list);
    *burial = (nrs_burial){.list = NULL};
}

bool nrs_held_keys_differ(const nrs_roster *a, const nrs_roster *b)
{
    if (a->threshold != b->threshold || a->n_keys != b->n_keys) {
        return true;
    }
    for (size_t i = 0; i < a->n_keys; i++) {
        if (!nrs_slice_equal(nrs_field(&a->keys[i]), nrs_field(&b->keys[i]))) {
            return true;
        }
    }
    return false;
}

bool nrs_held_only_hub(const nrs_roster *roster, const char *org)
{
    bool found = false;

    for (size_t i = 0; i < roster->n_members; i++) {
        bool it = strcmp(roster->members[i]->org, org) == 0;

        if (roster->members[i]->role == NRS_ROLE_HUB && !it) {
            return false;
        }
        found = found || (roster->members[i]->role == NRS_ROLE_HUB && it);
    }
    return found;
}

size_t nrs_held_key_changes(const nrs_roster *before, const nrs_roster *next, size_t chain_count)
{
    return before != NULL && nrs_held_keys_differ(before, next) ? chain_count + 1 : chain_count;
}

char *nrs_held_key_changes_warning(size_t count)
{
    return count < KEY_CHANGES_MANY ? NULL
                                    : nrs_text_format(_("the roster keys and how many must sign have been changed %zu times, of at most %u: change several keys at once, and found a new community before the last"),
                                                      count, NRS_CHAIN_COUNT_MAX);
}

nrs_error nrs_held_check_key_changes(nrs_cli *cli, const nrs_roster *before, const nrs_roster *next, size_t chain_count)
{
    if (nrs_held_key_changes(before, next, chain_count) <= NRS_CHAIN_COUNT_MAX) {
        return NRS_OK;
    }
    return nrs_cli_fail(cli, NRS_ERROR_LIMIT, _("other keys are for a new community: found one with noroshi community create, which its members join by its invite"),
                        _("@%s: the roster keys and how many must sign were changed %u times, and may be changed no further"), next->id, NRS_CHAIN_COUNT_MAX);
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
    next.forks = NULL;
    next.n_forks = 0;
    return next;
}

nrs_error nrs_held_write_chain(nrs_cli *cli, const char *slug, nrs_slice first, ProtobufCBinaryData *chain, size_t chain_count)
{
    nrs_invite file = NRS__WIRE__INVITE__INIT;
    nrs_bytes bytes = {0};
    nrs_error error = NRS_OK;

    NRS_ASSERT(chain_count > 0);
    file.first = nrs_field_of(first);
    file.current = chain[chain_count - 1];
    file.chain = chain;
    file.n_chain = chain_count;
    error = nrs_invite_encode(&bytes, &file);
    if (error == NRS_OK) {
        error = nrs_folder_write_armour(cli, "INVITE", "communities", slug, ".chain", nrs_slice_of_bytes(&bytes));
    }
    nrs_bytes_wipe(&bytes);
    return error;
}

/* The roster joins the chain when the keys changed with it. */
static nrs_error lengthen_chain(nrs_cli *cli, const nrs_held *held, const nrs_roster *next, nrs_slice many)
{
    size_t count = held->chain == NULL ? 0 : held->chain->n_chain;
    ProtobufCBinaryData *chain = NULL;
    nrs_error error = NRS_OK;

    if (held->roster == NULL || !nrs_held_keys_differ(held->roster, next)) {
        return NRS_OK;
    }
    error = nrs_held_check_key_changes(cli, held->roster, next, count);
    if (error != NRS_OK) {
        return error;
    }
    chain = calloc(count + 1, sizeof *chain);
    if (chain == NULL) {
        return NRS_ERROR_NO_MEMORY;
    }
    for (size_t i = 0; i < count; i++) {
        chain[i] = held->chain->chain[i];
    }
    chain[count] = nrs_field_of(many);
    error = nrs_held_write_chain(cli, next->id, nrs_slice_of_bytes(&held->first), chain, count + 1);
    free(chain);
    return error;
}

enum { INBOX_NAME_SIZE = 128 };

/* The names sort in the order in which the node must take the files up. */
static nrs_error put_in_inbox(nrs_cli *cli, char name_out[INBOX_NAME_SIZE], const nrs_roster *next, nrs_slice many,
                              const ProtobufCBinaryData *cards, size_t card_count)
{
    char stem[INBOX_NAME_SIZE / 2];
    nrs_error error = nrs_inbox_person(cli);

    snprintf(stem, sizeof stem, "%s-%08llu-a", next->id, (unsigned long long)next->version);
    nrs_inbox_name(cli, name_out, INBOX_NAME_SIZE, stem, ".roster");
    if (error == NRS_OK) {
        error = nrs_inbox_put(cli, name_out, "ROSTER", many);
    }
    for (size_t i = 0; error == NRS_OK && i < card_count; i++) {
        char card_name[INBOX_NAME_SIZE];

        snprintf(stem, sizeof stem, "%s-%08llu-b%04zu", next->id, (unsigned long long)next->version, i);
        nrs_inbox_name(cli, card_name, sizeof card_name, stem, ".card");
        error = nrs_inbox_put(cli, card_name, "CARD", nrs_field(&cards[i]));
    }
    return error;
}

void nrs_held_put_back(nrs_cli *cli, const nrs_held *held, const char *slug)
{
    nrs_error error = nrs_folder_write_armour(cli, "ROSTER", "communities", slug, ".roster", nrs_slice_of_bytes(&held->current));

    NRS_ASSERT(held->roster != NULL);
    if (error == NRS_OK && held->chain != NULL) {
        error = nrs_held_write_chain(cli, slug, nrs_slice_of_bytes(&held->first), held->chain->chain, held->chain->n_chain);
    } else if (error == NRS_OK) {
        nrs_folder_remove(cli, "communities", slug, ".chain");
    }
    if (error != NRS_OK) {
        nrs_cli_note(cli, "%s", _("the roster that was held before could not be put back"));
    }
}

static void restore(nrs_cli *cli, const nrs_held *held, const char *slug, const char *inbox_name)
{
    nrs_folder_remove(cli, "inbox", inbox_name, "");
    if (held->roster == NULL) {
        nrs_folder_remove(cli, "communities", slug, ".roster");
        nrs_folder_remove(cli, "communities", slug, ".first");
    } else {
        nrs_held_put_back(cli, held, slug);
    }
}

/* So that an invite can have a hub's. Last of all: a roster that was refused leaves no card, and a running node that took one
 * up has written it itself. */
static void keep_cards(nrs_cli *cli, const nrs_roster *roster, const ProtobufCBinaryData *cards, size_t card_count)
{
    for (size_t i = 0; i < card_count; i++) {
        nrs_card *card = NULL;
        nrs_error error = nrs_card_verify(&card, nrs_field(&cards[i]));

        if (error == NRS_OK) {
            error = nrs_hub_card_keep(cli, roster, card, nrs_field(&cards[i]));
        }
        if (error != NRS_OK) {
            nrs_cli_note(cli, "%s", _("the roster is in force, but a card could not be kept: give the same command again"));
        }
        nrs_card_free(&card);
    }
}

nrs_error nrs_held_deliver_again(nrs_cli *cli, const nrs_held *held, nrs_slice card)
{
    const ProtobufCBinaryData cards[1] = {nrs_field_of(card)};
    const size_t card_count = card.size > 0 ? 1 : 0;
    char inbox_name[INBOX_NAME_SIZE] = "";
    nrs_error error = put_in_inbox(cli, inbox_name, held->roster, nrs_slice_of_bytes(&held->current), cards, card_count);

    if (error == NRS_OK) {
        error = nrs_inbox_poke(cli, inbox_name);
    }
    if (error == NRS_OK) {
        keep_cards(cli, held->roster, cards, card_count);
    }
    return error;
}

nrs_error nrs_held_install(nrs_cli *cli, bool *left_out, const nrs_held *held, const nrs_roster *next, nrs_slice many,
                           const ProtobufCBinaryData *cards, size_t card_count)
{
    char inbox_name[INBOX_NAME_SIZE] = "";
    bool placed = false;
    nrs_error error = NRS_OK;

    NRS_ASSERT(cli != NULL && left_out != NULL && held != NULL && next != NULL);

    /* The roster itself goes last: until it stands the change is not made here, and the same command makes it anew. */
    nrs_folder_begin(cli);
    error = put_in_inbox(cli, inbox_name, next, many, cards, card_count);
    if (error == NRS_OK && held->roster == NULL) {
        error = nrs_folder_write_armour(cli, "ROSTER", "communities", next->id, ".first", many);
    }
    if (error == NRS_OK) {
        error = lengthen_chain(cli, held, next, many);
    }
    if (error == NRS_OK) {
        error = nrs_folder_write_armour(cli, "ROSTER", "communities", next->id, ".roster", many);
    }
    *left_out = error == NRS_OK;
    error = nrs_folder_end(cli, error);
    placed = error == NRS_OK;
    if (error == NRS_OK) {
        error = nrs_inbox_poke(cli, inbox_name);
    }
    if (error != NRS_OK && placed) {
        restore(cli, held, next->id, inbox_name);
    } else if (error == NRS_OK) {
        keep_cards(cli, next, cards, card_count);
    }
    return error;
}
