/* Invites left in the inbox (SPEC 7.5): a community joined, or a later roster of one that is held; and by which rosters this node may stand. */
#include <string.h>

#include "prekeys/key_change.h"
#include "roster/directory.h"
#include "roster/inbox.h"
#include "roster/roster.h"

/* The keys that this node has announced as its next ones, where it has. Out: keys_out. */
static nrs_error next_keys(const nrs_core *core, bool *known_out, nrs_public_keys *keys_out)
{
    const nrs_key_end *end = nrs_key_end_of(core, core->self.sign_key);
    nrs_card *card = NULL;
    nrs_error error = NRS_OK;

    *known_out = end != NULL && end->cause == NRS_KEY_SUCCEEDED;
    if (*known_out) {
        error = nrs_card_verify(&card, nrs_slice_of_bytes(&end->card));
    }
    if (error == NRS_OK && *known_out) {
        memcpy(keys_out->sign_key, card->sign_key.data, NRS_KEY_SIZE);
        memcpy(keys_out->agree_key, card->agree_key.data, NRS_KEY_SIZE);
        memcpy(keys_out->curve_key, card->curve_key.data, NRS_KEY_SIZE);
    }
    nrs_card_free(&card);
    return error;
}

static nrs_error check_keys(const Nrs__Wire__Member *member, const nrs_public_keys *keys)
{
    return memcmp(member->curve_key.data, keys->curve_key, NRS_KEY_SIZE) == 0 && memcmp(member->agree_key.data, keys->agree_key, NRS_KEY_SIZE) == 0
               ? NRS_OK
               : NRS_ERROR_FORGED;
}

nrs_error nrs_inbox_check_self(const nrs_core *core, const nrs_roster *roster)
{
    const Nrs__Wire__Member *member = nrs_roster_member_by_key(roster, core->self.sign_key);
    nrs_public_keys next;
    bool known = false;
    nrs_error error = NRS_OK;

    if (member != NULL) {
        return check_keys(member, &core->self);
    }
    error = next_keys(core, &known, &next);
    if (error == NRS_OK) {
        member = known ? nrs_roster_member_by_key(roster, next.sign_key) : NULL;
        error = member == NULL ? NRS_ERROR_NOT_MEMBER : check_keys(member, &next);
    }
    return error;
}

nrs_error nrs_inbox_take_rival(nrs_core *core, nrs_community *community, nrs_slice many)
{
    nrs_roster_parts parts = {0};
    uint8_t hash[NRS_HASH_SIZE], held[NRS_HASH_SIZE];
    nrs_error error = nrs_roster_parts_of(&parts, many);

    if (error == NRS_OK) {
        nrs_roster_hash(hash, nrs_field(&parts.many->statement));
        error = nrs_roster_hash_at(core, held, community->id, parts.roster->version);
        error = error == NRS_ERROR_NOT_FOUND ? NRS_ERROR_ROSTER_OLD : error;
    }
    if (error == NRS_OK && memcmp(hash, held, NRS_HASH_SIZE) == 0) {
        error = memcmp(hash, community->head, NRS_HASH_SIZE) == 0 ? NRS_OK : NRS_ERROR_ROSTER_OLD;
    } else if (error == NRS_OK) {
        error = nrs_fork_take(core, community, many);
        error = error == NRS_OK ? NRS_ERROR_FORKED : error;
    }
    nrs_roster_parts_wipe(&parts);
    return error;
}

/* Its roster was here before, as one that another community recognises, and is as new as the invite's or newer. Another of a version that is
 * held is as good a proof of a fork as it would be at a member. */
static nrs_error join_guest(nrs_core *core, nrs_community *community, const nrs_invite *invite)
{
    nrs_error error = nrs_inbox_take_rival(core, community, nrs_field(&invite->current));

    if (error == NRS_OK || error == NRS_ERROR_ROSTER_OLD) { /* what it joins by is the newest, which is here */
        error = nrs_inbox_check_self(core, community->roster);
    }
    if (error == NRS_OK) {
        error = nrs_guest_set(core, community->id, false);
    }
    if (error == NRS_OK) {
        error = nrs_write_armoured(core, "communities", community->roster->id, ".roster", "ROSTER", nrs_slice_of_bytes(&community->many));
    }
    if (error == NRS_OK) {
        error = nrs_write_armoured(core, "communities", community->roster->id, ".first", "ROSTER", nrs_field(&invite->first));
    }
    if (error == NRS_OK) {
        community->guest = false;
        core->admission_changed = true;
        core->dial_due = true;
        error = nrs_directory_index(core, community);
    }
    return error;
}

/* A card that would be refused when the roster is in force, as far as that can be told before: whoever makes many such invites would else have all of
 * it written and undone each time. */
static nrs_error check_card(const nrs_core *core, const nrs_roster *roster, nrs_slice bytes)
{
    nrs_card *card = NULL;
    const Nrs__Wire__Member *member = NULL;
    nrs_error error = nrs_card_verify(&card, bytes);

    if (error != NRS_OK) {
        return error;
    }
    member = nrs_roster_member_by_key(roster, card->sign_key.data);
    if (member == NULL) {
        error = nrs_peer_by_sign(core, card->sign_key.data) == NULL ? NRS_ERROR_NOT_MEMBER : NRS_OK;
    } else if (nrs_peer_by_sign(core, card->sign_key.data) == NULL && !nrs_key_revoked(core, card->sign_key.data)) {
        error = nrs_slice_equal(nrs_field(&card->curve_key), nrs_field(&member->curve_key)) &&
                        nrs_slice_equal(nrs_field(&card->agree_key), nrs_field(&member->agree_key)) && strcmp(card->org, member->org) == 0
                    ? NRS_OK
                    : NRS_ERROR_FORGED;
    }
    nrs_card_free(&card);
    return error;
}

/* What the invite brings; what it puts an end to goes first. In: held: the version, 0 for none. */
static nrs_error keep_invite(nrs_core *core, const uint8_t id[NRS_HASH_SIZE], const nrs_invite *invite, const nrs_roster *roster, const nrs_invite_place *place,
                             uint64_t held)
{
    nrs_error error = NRS_OK;

    for (size_t i = 0; i < invite->n_cards && error == NRS_OK; i++) {
        error = check_card(core, roster, nrs_field(&invite->cards[i]));
    }
    if (error == NRS_OK && place->after < held) {
        error = nrs_store_roster_cut(core->store, id, place->after);
    }
    return error == NRS_OK ? nrs_roster_keep_chain(core, id, invite, place->after) : error;
}

/* In: community: held as a guest, or NULL. */
static nrs_error join_anew(nrs_core *core, nrs_community *community, const uint8_t id[NRS_HASH_SIZE], const nrs_invite *invite, const nrs_roster *roster)
{
    nrs_invite_place place = {.after = 0};
    nrs_error error = nrs_directory_room(core, id);

    /* A guest has seen keys go as a member has: an invite stands on what it holds, not on the first roster alone (SPEC 7.5). */
    if (error == NRS_OK && community != NULL) {
        error = nrs_fork_invite(core, &place, community, invite, roster);
    }
    if (error == NRS_OK) {
        error = keep_invite(core, id, invite, roster, &place, community == NULL ? 0 : community->roster->version);
    }
    if (error == NRS_OK && community != NULL) {
        error = nrs_fork_leave_behind(core, community, roster->version);
    }
    if (error == NRS_OK) {
        error = nrs_directory_adopt(core, id, nrs_field(&invite->current), nrs_inbox_source());
    }
    if (error == NRS_OK) {
        error = nrs_write_armoured(core, "communities", roster->id, ".first", "ROSTER", nrs_field(&invite->first));
    }
    return error == NRS_OK && place.apart ? nrs_roster_write_chain(core, id, roster->id) : error;
}

/* Whether the roster that comes ends this side, or one that was taken before has. */
static nrs_error settled(nrs_core *core, bool *settled_out, const nrs_community *community, const nrs_roster *roster, uint64_t version,
                         const uint8_t hash[NRS_HASH_SIZE])
{
    bool named = version < community->settled_version;
    nrs_error error = named ? NRS_OK : nrs_store_fork_healed(core->store, &named, community->id, hash);

    for (size_t i = 0; error == NRS_OK && i < roster->n_forks; i++) {
        named = named || memcmp(roster->forks[i].data, hash, NRS_HASH_SIZE) == 0;
    }
    if (error == NRS_OK) {
        *settled_out = named;
    }
    return error;
}

/* What an invite's chain holds of versions that are held, where it is another: the proof of a fork as any (SPEC 7.12), so that the invite is
 * refused. roster: the invite's newest. */
static nrs_error take_chain_rivals(nrs_core *core, nrs_community *community, const nrs_invite *invite, const nrs_roster *roster)
{
    nrs_error error = NRS_OK;

    for (size_t i = 0; error == NRS_OK && i < invite->n_chain; i++) {
        nrs_roster_parts parts = {0};
        uint8_t hash[NRS_HASH_SIZE], held[NRS_HASH_SIZE];
        bool over = false;

        error = nrs_roster_parts_of(&parts, nrs_field(&invite->chain[i]));
        if (error == NRS_OK && parts.roster->version <= community->roster->version) {
            nrs_roster_hash(hash, nrs_field(&parts.many->statement));
            error = nrs_roster_hash_at(core, held, community->id, parts.roster->version);
            over = error == NRS_ERROR_NOT_FOUND || (error == NRS_OK && memcmp(hash, held, NRS_HASH_SIZE) == 0);
            error = error == NRS_ERROR_NOT_FOUND ? NRS_OK : error;
            error = error == NRS_OK && !over ? settled(core, &over, community, roster, parts.roster->version, hash) : error;
            error = error == NRS_OK && !over ? nrs_inbox_take_rival(core, community, nrs_field(&invite->chain[i])) : error;
        }
        nrs_roster_parts_wipe(&parts);
    }
    return error;
}

/* At a node that has joined, an invite is a later roster like any other: it stands on what is held, not on the first roster alone, which
 * keys that were dropped since have signed (SPEC 7.5); and it ends no fork but as 7.12 says. */
static nrs_error take_later_invite(nrs_core *core, nrs_community *community, const nrs_invite *invite, const nrs_roster *roster)
{
    const uint64_t held = community->roster->version;
    nrs_invite_place place = {.after = held};
    uint8_t id[NRS_HASH_SIZE];
    nrs_error error = take_chain_rivals(core, community, invite, roster);

    memcpy(id, community->id, sizeof id);
    if (error == NRS_OK) {
        error = nrs_fork_invite(core, &place, community, invite, roster);
    }
    if (error == NRS_OK && nrs_fork_is(community) && !nrs_fork_healed_by(community, roster)) {
        error = NRS_ERROR_FORKED;
    }
    if (error == NRS_OK) {
        error = keep_invite(core, id, invite, roster, &place, held);
    }
    if (error == NRS_OK && nrs_fork_is(community)) { /* by the hand of a person: in force at once */
        error = nrs_fork_end(core, community, nrs_field(&invite->current));
    } else if (error == NRS_OK) {
        error = nrs_directory_adopt(core, id, nrs_field(&invite->current), nrs_inbox_source());
    }
    return error == NRS_OK && place.apart ? nrs_roster_write_chain(core, id, roster->id) : error;
}

nrs_error nrs_inbox_take_invite(nrs_core *core, nrs_slice bytes)
{
    nrs_invite *invite = NULL;
    nrs_roster *roster = NULL;
    nrs_bytes statement = {0};
    uint8_t id[NRS_HASH_SIZE];
    nrs_community *community;
    nrs_error error = nrs_invite_decode(&invite, bytes);

    if (error == NRS_OK) {
        error = nrs_invite_verify(&roster, &statement, id, invite);
    }
    if (error == NRS_OK) {
        error = nrs_inbox_check_self(core, roster);
    }
    if (error != NRS_OK) {
        goto out;
    }
    community = nrs_community_by_id(core, id);
    if ((community == NULL || community->guest) && nrs_community_by_name(core, roster->id) != NULL) {
        error = NRS_ERROR_EXISTS;
        goto out;
    }
    if (community != NULL && community->guest && roster->version <= community->roster->version) {
        error = join_guest(core, community, invite);
    } else if (community == NULL || community->guest) {
        error = join_anew(core, community, id, invite, roster);
    } else if (roster->version > community->roster->version) {
        error = take_later_invite(core, community, invite, roster);
    } else {
        error = nrs_inbox_take_rival(core, community, nrs_field(&invite->current));
    }
    if (error == NRS_OK) {
        error = nrs_inbox_take_cards(core, roster, invite->cards, invite->n_cards);
    }
out:
    nrs_bytes_wipe(&statement);
    nrs_roster_free(&roster);
    nrs_invite_free(&invite);
    return error;
}
