/* noroshi join: an invite taken in. The fingerprint, read out by telephone, says that it is the right one; what is held already, what may
 * follow it. */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "control.h"
#include "folder.h"
#include "community/hub_card.h"
#include "community/invite.h"
#include "key/keyring.h"
#include "language.h"
#include "proto/time.h"
#include "community/roster_file.h"
#include "community/restored.h"
#include "run.h"
#include "text.h"

/* An invite as it is taken in. */
typedef struct offer {
    nrs_bytes bytes;
    nrs_invite *invite;
    nrs_roster *roster;
    nrs_bytes statement;
    uint8_t community[NRS_HASH_SIZE];
} offer;

static void offer_wipe(offer *from)
{
    nrs_bytes_wipe(&from->bytes);
    nrs_invite_free(&from->invite);
    nrs_roster_free(&from->roster);
    nrs_bytes_wipe(&from->statement);
}

static nrs_error read_offer(nrs_cli *cli, offer *from, const char *path)
{
    nrs_error error = nrs_file_read_armour_given(cli, &from->bytes, path, "INVITE", NRS_CEREMONY_FILE_SIZE_MAX);

    if (error != NRS_OK) {
        return error;
    }
    error = nrs_invite_decode(&from->invite, nrs_slice_of_bytes(&from->bytes));
    if (error == NRS_OK) {
        error = nrs_invite_verify(&from->roster, &from->statement, from->community, from->invite);
    }
    return error == NRS_OK ? NRS_OK : nrs_cli_fail_given(cli, error, path);
}

static bool names_keys(const nrs_roster *roster, const nrs_card *card)
{
    const Nrs__Wire__Member *self = nrs_roster_member_by_key(roster, card->sign_key.data);

    return self != NULL && nrs_slice_equal(nrs_field(&self->agree_key), nrs_field(&card->agree_key)) &&
           nrs_slice_equal(nrs_field(&self->curve_key), nrs_field(&card->curve_key));
}

/* With the keys that this node has announced as its next ones: the roster may have followed while it was away, or restored. */
static nrs_error names_next(nrs_cli *cli, bool *named_out, const nrs_roster *roster, const nrs_card *own)
{
    nrs_card *card = NULL;
    nrs_error error = nrs_held_next_card(cli, &card, own->org, nrs_field(&own->sign_key));

    *named_out = card != NULL && names_keys(roster, card);
    nrs_card_free(&card);
    return error;
}

nrs_error nrs_roster_names_us(nrs_cli *cli, const nrs_roster *roster, const char *hint)
{
    nrs_bytes own_bytes = {0};
    nrs_card *own = NULL;
    bool now = false, next = false;
    nrs_error error = nrs_keyring_own_card(cli, &own_bytes, &own);

    if (error != NRS_OK) {
        return error;
    }
    now = names_keys(roster, own);
    error = now ? NRS_OK : names_next(cli, &next, roster, own);
    if (error == NRS_OK && !next && nrs_roster_tombstone(roster, own->sign_key.data) != NULL) {
        error = nrs_cli_fail_about(cli, NRS_ERROR_REVOKED, own->org);
    } else if (error == NRS_OK && !next && !now) {
        error = nrs_cli_fail(cli, NRS_ERROR_NOT_MEMBER, hint, "%s: %s", own->org, _(nrs_error_sentence(NRS_ERROR_NOT_MEMBER)));
    }
    nrs_card_free(&own);
    nrs_bytes_wipe(&own_bytes);
    return error;
}

/* At a node that knows of a fork, a later roster is taken only when it names all sides (SPEC 7.12). The node keeps the proof beside the
 * roster; the file is empty once it is over. */
static nrs_error check_fork(nrs_cli *cli, const nrs_roster *roster)
{
    nrs_bytes file = {0}, bytes = {0};
    nrs_fork_proof *proof = NULL;
    bool all = true;
    nrs_error error = !nrs_folder_has(cli, "communities", roster->id, ".fork")
                          ? NRS_OK
                          : nrs_folder_read(cli, &file, "communities", roster->id, ".fork", NRS_ERROR_NOT_FOUND);

    if (error != NRS_OK || file.size == 0) {
        goto out;
    }
    error = nrs_folder_read_armour(cli, &bytes, "FORK", "communities", roster->id, ".fork", NRS_ERROR_NOT_FOUND);
    if (error != NRS_OK) {
        goto out;
    }
    error = nrs_fork_proof_decode(&proof, nrs_slice_of_bytes(&bytes));
    for (size_t i = 0; error == NRS_OK && i < proof->n_heads; i++) {
        all = all && nrs_roster_names_fork(roster, proof->heads[i]->hash.data);
    }
    if (error != NRS_OK || !all) {
        error = nrs_cli_fail_about(cli, error != NRS_OK ? NRS_ERROR_DAMAGED : NRS_ERROR_FORKED, roster->id);
    }
out:
    nrs_fork_proof_free(&proof);
    nrs_bytes_wipe(&bytes);
    nrs_bytes_wipe(&file);
    return error;
}

/* The invite is whole, and of the community whose fingerprint was given: what is wrong is its roster, against the one that is held. */
static nrs_error fail_later(nrs_cli *cli, nrs_error error, const offer *from, const nrs_roster *held)
{
    const char *id = from->roster->id;
    const char *hint = _("do not join by it: ask the secretariat how that roster came to be, and for an invite whose roster keeps the entry");
    const unsigned long long version = (unsigned long long)held->version;
    char org[NRS_NAME_SIZE_MAX + 1];

    if (error == NRS_ERROR_FORKED) {
        return nrs_cli_fail(cli, error, _("ask the secretariat for an invite whose roster heals the fork: noroshi community heal"),
                            _("%s: it follows another roster of version %llu than the one held here"), id, version);
    }
    if (error != NRS_ERROR_FORGED) {
        return nrs_cli_fail(cli, error, _("ask the secretariat for a new invite"), _("%s: it does not follow version %llu, which is held here: %s"), id,
                            version, _(nrs_error_sentence(error)));
    }
    switch (nrs_invite_breach(org, from->invite, held)) {
    case NRS_BREACH_REVOKED:
        return nrs_cli_fail(cli, error, hint, _("%s: the invite's roster drops or changes the entry that says that the key of %s was revoked, which stays for good"), id, org);
    case NRS_BREACH_LEFT:
        return nrs_cli_fail(cli, error, hint, _("%s: the invite's roster drops or changes the entry that says that %s left, which stays for 90 days"), id, org);
    case NRS_BREACH_ID: /* it was found here by its id */
    case NRS_BREACH_NONE:
        break;
    }
    return nrs_cli_fail(cli, error, _("ask the secretariat for an invite that brings each change of the roster keys; if it made none, somebody else signs: tell it"),
                        _("%s: the invite's roster is not signed by the roster keys of version %llu, which is held here"), id, version);
}

/* What follows another side of a fork than the one held, and ends it, is for the node to judge: it knows what stood before (SPEC 7.5).
 * In: error: why it does not follow what is held. */
static nrs_error check_apart(nrs_cli *cli, bool *apart_out, const nrs_held *held, const offer *from, nrs_error error)
{
    uint8_t hash[NRS_HASH_SIZE];

    nrs_roster_hash(hash, nrs_slice_of_bytes(&held->statement));
    if ((error == NRS_ERROR_FORGED || error == NRS_ERROR_FORKED) && nrs_roster_names_fork(from->roster, hash)) {
        *apart_out = true;
        return nrs_control_answers(cli) ? NRS_OK
                                        : nrs_cli_fail(cli, NRS_ERROR_NO_NODE, _("start the node first: what ends a fork is for it to judge"), "%s",
                                                       _(nrs_error_sentence(NRS_ERROR_NO_NODE)));
    }
    return fail_later(cli, error, from, held->roster);
}

/* Against what is held under the same name: at a node that has joined, an invite stands on what is held here, not on the first roster
 * alone (SPEC 7.5). Out: known_out: this very roster is held; apart_out: it follows another side of a fork; held_out: empty when nothing is. */
static nrs_error check_held(nrs_cli *cli, bool *known_out, bool *apart_out, nrs_held *held_out, const offer *from)
{
    nrs_held held = {0};
    nrs_error error = NRS_OK;

    *known_out = false;
    *apart_out = false;
    if (!nrs_folder_has(cli, "communities", from->roster->id, ".first") || !nrs_folder_has(cli, "communities", from->roster->id, ".roster")) {
        return NRS_OK; /* or a join that was cut off */
    }
    error = nrs_held_read(cli, &held, from->roster->id);
    if (error != NRS_OK) {
        return error;
    }
    if (memcmp(held.community, from->community, NRS_HASH_SIZE) != 0) {
        error = nrs_cli_fail(cli, NRS_ERROR_EXISTS, NULL, _("another community is held under this name: %s"), from->roster->id);
    } else if (held.roster->version > from->roster->version) {
        error = nrs_cli_fail_about(cli, NRS_ERROR_ROSTER_OLD, from->roster->id);
    } else if (held.roster->version == from->roster->version) {
        *known_out = nrs_slice_equal(nrs_slice_of_bytes(&held.statement), nrs_slice_of_bytes(&from->statement));
        if (!*known_out) { /* signed in full: the proof of a fork (SPEC 7.12) */
            error = nrs_cli_fail_about(cli, NRS_ERROR_FORKED, from->roster->id);
            nrs_inbox_show_rival(cli, from->roster->id, nrs_field(&from->invite->current));
        }
    } else {
        error = nrs_invite_verify_after(from->invite, held.roster, nrs_slice_of_bytes(&held.statement));
        error = error == NRS_OK ? NRS_OK : check_apart(cli, apart_out, &held, from, error);
        error = error == NRS_OK ? check_fork(cli, from->roster) : error;
    }
    *held_out = held;
    return error;
}

/* Cards of members only: another has no business in an invite. keep: write them as well; first all are looked at. */
static nrs_error check_cards(nrs_cli *cli, const offer *from, bool keep)
{
    nrs_error error = NRS_OK;

    for (size_t i = 0; error == NRS_OK && i < from->invite->n_cards; i++) {
        nrs_card *card = NULL;
        const Nrs__Wire__Member *member = NULL;

        error = nrs_card_verify(&card, nrs_field(&from->invite->cards[i]));
        if (error != NRS_OK) {
            return nrs_keyring_card_refused(cli, error, nrs_field(&from->invite->cards[i]), cli->arguments[0]);
        }
        member = nrs_roster_member_by_key(from->roster, card->sign_key.data);
        if (member == NULL || strcmp(member->org, card->org) != 0) {
            error = nrs_cli_fail_about(cli, NRS_ERROR_NOT_MEMBER, card->org);
        } else if (keep) {
            error = nrs_hub_card_keep(cli, from->roster, card, nrs_field(&from->invite->cards[i]));
        }
        nrs_card_free(&card);
    }
    return error;
}

/* What is held already leads to its own newest; of the invite follows what is later than that, which check_held has verified. */
static nrs_error write_chain(nrs_cli *cli, const offer *from, const nrs_held *held)
{
    ProtobufCBinaryData chain[2 * NRS_CHAIN_COUNT_MAX];
    const uint64_t after = held->roster == NULL ? 0 : held->roster->version;
    size_t count = 0;
    nrs_error error = NRS_OK;

    for (size_t i = 0; held->chain != NULL && i < held->chain->n_chain; i++) {
        chain[count++] = held->chain->chain[i];
    }
    for (size_t i = 0; error == NRS_OK && i < from->invite->n_chain; i++) {
        uint64_t version = 0;

        error = nrs_roster_version_of(&version, nrs_field(&from->invite->chain[i]));
        if (error == NRS_OK && version > after) {
            chain[count++] = from->invite->chain[i];
        }
    }
    if (error == NRS_OK && count > NRS_CHAIN_COUNT_MAX) {
        return nrs_cli_fail(cli, NRS_ERROR_LIMIT, NULL, _("the roster keys were changed too often: %u times"), NRS_CHAIN_COUNT_MAX);
    }
    return error != NRS_OK || count == 0 ? error
                                         : nrs_held_write_chain(cli, from->roster->id, nrs_field(&from->invite->first), chain, count);
}

/* Out: placed_out: the files stand, and the node has looked at them. */
static nrs_error take_offer(nrs_cli *cli, bool *placed_out, const offer *from, const nrs_held *held)
{
    char name[2 * NRS_NAME_SIZE_MAX + 16];
    const char *slug = from->roster->id;
    nrs_error error = check_cards(cli, from, false);

    nrs_inbox_name(cli, name, sizeof name, slug, ".invite");
    nrs_folder_begin(cli); /* the roster goes last: until it stands the community is not held here, and the same command joins it */
    if (error == NRS_OK) {
        error = nrs_inbox_put(cli, name, "INVITE", nrs_slice_of_bytes(&from->bytes));
    }
    if (error == NRS_OK && held->roster == NULL) {
        error = nrs_folder_write_armour(cli, "ROSTER", "communities", slug, ".first", nrs_field(&from->invite->first));
    }
    if (error == NRS_OK) {
        error = write_chain(cli, from, held);
    }
    if (error == NRS_OK) {
        error = nrs_folder_write_armour(cli, "ROSTER", "communities", slug, ".roster", nrs_field(&from->invite->current));
    }
    error = nrs_folder_end(cli, error);
    *placed_out = error == NRS_OK;
    if (error == NRS_OK) {
        error = nrs_inbox_poke(cli, name);
    }
    if (error == NRS_OK && check_cards(cli, from, true) != NRS_OK) {
        nrs_cli_forget_failure(cli); /* joined all the same: the node writes the cards when it takes the invite up */
    }
    return error;
}

/* The node writes what is held here once it has taken it. */
static nrs_error hand_over(nrs_cli *cli, const offer *from)
{
    char name[2 * NRS_NAME_SIZE_MAX + 16];
    nrs_error error = check_cards(cli, from, false);

    nrs_inbox_name(cli, name, sizeof name, from->roster->id, ".invite");
    if (error == NRS_OK) {
        error = nrs_inbox_put(cli, name, "INVITE", nrs_slice_of_bytes(&from->bytes));
    }
    return error == NRS_OK ? nrs_inbox_poke(cli, name) : error;
}

/* When the node refuses, what was held before join stands again. */
static nrs_error take_or_restore(nrs_cli *cli, const offer *from, const nrs_held *held)
{
    const char *slug = from->roster->id;
    bool placed = false;
    nrs_error error = take_offer(cli, &placed, from, held);

    if (error == NRS_OK || !placed) {
        return error;
    }
    if (held->roster == NULL) {
        nrs_folder_remove(cli, "communities", slug, ".first");
        nrs_folder_remove(cli, "communities", slug, ".roster");
        nrs_folder_remove(cli, "communities", slug, ".chain");
    } else {
        nrs_held_put_back(cli, held, slug);
    }
    return error;
}

/* A roster that is held already; a hub may have moved since, and nobody who lost its link hears of it otherwise. Its own card this node has. */
static nrs_error hand_cards(nrs_cli *cli, bool *handed_out, const offer *from)
{
    nrs_bytes own_bytes = {0};
    nrs_card *own = NULL;
    nrs_error error = check_cards(cli, from, false);

    error = error == NRS_OK ? nrs_keyring_own_card(cli, &own_bytes, &own) : error;
    for (size_t i = 0; error == NRS_OK && i < from->invite->n_cards; i++) {
        char name[NRS_NAME_SIZE_MAX + 32];
        nrs_card *card = NULL;

        error = nrs_card_verify(&card, nrs_field(&from->invite->cards[i]));
        if (error == NRS_OK && !nrs_slice_equal(nrs_field(&card->sign_key), nrs_field(&own->sign_key)) && nrs_hub_card_is_news(cli, from->roster, card)) {
            snprintf(name, sizeof name, "%s-c%04zu.card", from->roster->id, i);
            error = nrs_inbox_put(cli, name, "CARD", nrs_field(&from->invite->cards[i]));
            error = error == NRS_OK ? nrs_inbox_poke(cli, name) : error;
            error = error == NRS_OK ? nrs_hub_card_keep(cli, from->roster, card, nrs_field(&from->invite->cards[i])) : error;
            *handed_out = true;
        }
        nrs_card_free(&card);
    }
    nrs_card_free(&own);
    nrs_bytes_wipe(&own_bytes);
    return error;
}

/* Such a roster is taken all the same: what goes on under it is said in SPEC 7.11. */
static void note_expiry(const nrs_cli *cli, const nrs_roster *roster)
{
    char expires[64];

    if (roster->expires_ms <= nrs_now_ms()) {
        nrs_text_time(expires, roster->expires_ms);
        nrs_cli_note(cli, _("the roster of @%s was valid until %s: nothing above GREEN can be sent by it without --stale-roster. Ask the secretariat for a new one"),
                     roster->id, expires);
    }
}

static void print_joined(const nrs_cli *cli, const offer *from, bool changed)
{
    char community[2 * NRS_HASH_SIZE + 1], expires[32];

    note_expiry(cli, from->roster);
    nrs_hex_encode(community, from->community, NRS_HASH_SIZE);
    nrs_time_format(expires, from->roster->expires_ms);
    if (cli->json) {
        json_t *row = json_pack("{s:s, s:s, s:I, s:s, s:s, s:b}", "id", from->roster->id, "name", from->roster->name, "version",
                                (json_int_t)from->roster->version, "community", community, "expires_at", expires, "changed", changed ? 1 : 0);

        nrs_text_print_json(stdout, row);
        json_decref(row);
        return;
    }
    printf(changed ? _("Joined @%s at version %llu.\n") : _("@%s is held at version %llu already; nothing was changed.\n"),
           from->roster->id, (unsigned long long)from->roster->version);
}

nrs_error nrs_run_join(nrs_cli *cli)
{
    const char *fingerprint = nrs_cli_option(cli, "fingerprint");
    nrs_node_settings settings;
    offer from = {0};
    nrs_held held = {0};
    bool known = false, apart = false, changed = false;
    nrs_error error = NRS_OK;

    if (fingerprint == NULL) {
        return nrs_cli_fail(cli, NRS_ERROR_USAGE, _("ask the secretariat to read out: noroshi community fingerprint"), "%s",
                            _("join needs --fingerprint"));
    }
    error = nrs_folder_settings(cli, &settings);
    if (error == NRS_OK) {
        error = nrs_inbox_person(cli);
    }
    if (error == NRS_OK) {
        error = nrs_keyring_start(cli);
    }
    if (error == NRS_OK) {
        error = read_offer(cli, &from, cli->arguments[0]);
    }
    if (error == NRS_OK) {
        error = nrs_fingerprint_check(fingerprint, from.community);
        error = error == NRS_OK ? NRS_OK
                                : nrs_cli_fail(cli, error, _("ask the secretariat to read out: noroshi community fingerprint"),
                                               "%s: %s", from.roster->id, _(nrs_error_sentence(error)));
    }
    if (error == NRS_OK) {
        error = nrs_roster_names_us(cli, from.roster, _("give the secretariat the card of this node, and ask for a new invite"));
    }
    if (error == NRS_OK) {
        error = check_held(cli, &known, &apart, &held, &from);
    }
    if (error == NRS_OK && known) {
        error = hand_cards(cli, &changed, &from);
    } else if (error == NRS_OK) {
        changed = true;
        error = apart ? hand_over(cli, &from) : take_or_restore(cli, &from, &held);
    }
    if (error == NRS_OK && !apart) {
        error = nrs_restored_over(cli, from.roster);
    }
    if (error == NRS_OK) {
        print_joined(cli, &from, changed);
    }
    nrs_held_wipe(&held);
    offer_wipe(&from);
    return error;
}
