/* Who stands where by the rosters that are held: members, hubs, guests, heirs, and the sides of a fork. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "roster/directory.h"
#include "prekeys/key_change.h"
#include "roster/roster.h"

nrs_error nrs_directory_peer(nrs_core *core, nrs_peer **peer_out, const char *org, const uint8_t *sign_key, const uint8_t *agree_key, const uint8_t *curve_key)
{
    nrs_peer *peer = calloc(1, sizeof *peer);
    const nrs_peer *other;
    nrs_error error;

    if (peer == NULL) {
        return NRS_ERROR_NO_MEMORY;
    }
    memcpy(peer->keys.sign_key, sign_key, NRS_KEY_SIZE);
    memcpy(peer->keys.agree_key, agree_key, NRS_KEY_SIZE);
    memcpy(peer->keys.curve_key, curve_key, NRS_KEY_SIZE);
    nrs_key_hash(peer->key_hash, sign_key);
    (void)snprintf(peer->org, NRS_NAME_SIZE_MAX + 1, "%s", org);
    error = nrs_store_sent_get(core->store, &peer->sent_position, sign_key);
    if (error != NRS_OK) {
        free(peer);
        return error;
    }
    HASH_ADD(by_sign, core->peers_by_sign, keys.sign_key, NRS_KEY_SIZE, peer);
    if (peer->by_sign.tbl == NULL) {
        free(peer);
        return NRS_ERROR_NO_MEMORY;
    }
    HASH_ADD(by_hash, core->peers_by_hash, key_hash, NRS_KEY_HASH_SIZE, peer);
    if (peer->by_hash.tbl == NULL) {
        return NRS_ERROR_NO_MEMORY; /* what is read of the directory is thrown away */
    }
    HASH_FIND(by_curve, core->peers_by_curve, curve_key, NRS_KEY_SIZE, other);
    if (other == NULL) {
        HASH_ADD(by_curve, core->peers_by_curve, keys.curve_key, NRS_KEY_SIZE, peer);
        if (peer->by_curve.tbl == NULL) {
            return NRS_ERROR_NO_MEMORY;
        }
    } else {
        core->curve_shared = true;
    }
    *peer_out = peer;
    return NRS_OK;
}

/* A roster may give a member another link or agreement key under the same signing key. */
static nrs_error rekey(nrs_core *core, nrs_peer *peer, const Nrs__Wire__Member *member)
{
    nrs_peer *other;

    memcpy(peer->keys.agree_key, member->agree_key.data, NRS_KEY_SIZE);
    if (memcmp(peer->keys.curve_key, member->curve_key.data, NRS_KEY_SIZE) == 0) {
        return NRS_OK;
    }
    HASH_FIND(by_curve, core->peers_by_curve, peer->keys.curve_key, NRS_KEY_SIZE, other);
    if (other == peer) {
        HASH_DELETE(by_curve, core->peers_by_curve, peer);
    }
    memcpy(peer->keys.curve_key, member->curve_key.data, NRS_KEY_SIZE);
    HASH_FIND(by_curve, core->peers_by_curve, peer->keys.curve_key, NRS_KEY_SIZE, other);
    if (other == NULL) {
        HASH_ADD(by_curve, core->peers_by_curve, keys.curve_key, NRS_KEY_SIZE, peer);
        return peer->by_curve.tbl == NULL ? NRS_ERROR_NO_MEMORY : NRS_OK;
    }
    core->curve_shared = true;
    return NRS_OK;
}

/* While a community is forked: one side took the key for stolen, or removed the organisation. */
static bool removed_on_a_side(const nrs_community *community, const uint8_t sign_key[NRS_KEY_SIZE])
{
    for (size_t i = 0; i < community->branch_count; i++) {
        const nrs_roster *side = community->branches[i].roster;
        const Nrs__Wire__Tombstone *tombstone = side == NULL ? NULL : nrs_roster_tombstone(side, sign_key);

        if (tombstone != NULL && tombstone->cause != NRS_TOMBSTONE_LEFT) {
            return true;
        }
    }
    return false;
}

/* The same organisation: another may have consented to be named as the next. */
static bool names_successor(const nrs_roster *roster, const nrs_key_end *end, const Nrs__Wire__Tombstone *tombstone)
{
    const Nrs__Wire__Member *member = nrs_roster_member_by_key(roster, end->successor);

    return member != NULL && strcmp(member->org, tombstone->org) == 0;
}

/* A key that was succeeded goes on for a while, for what it made and what is on its way to it: four weeks, as long as its
 * prekeys, where its successor is a member now: in a fork not all whom the roster held names are (SPEC 7.12). It is a member without a role,
 * seals nothing new (receive.c), and nothing new is sealed to it, for the roster does not name it. */
static nrs_error index_succeeded(nrs_core *core, const nrs_community *community, uint64_t bit)
{
    for (const nrs_key_end *end = core->key_ends; end != NULL; end = end->hh.next) {
        const Nrs__Wire__Tombstone *tombstone = nrs_roster_tombstone(community->roster, end->sign_key);
        nrs_peer *peer = nrs_peer_by_sign(core, end->sign_key);
        uint64_t ended_ms = 0;
        nrs_error error = NRS_OK;

        if (end->cause != NRS_KEY_SUCCEEDED || tombstone == NULL || tombstone->cause != NRS_TOMBSTONE_LEFT ||
            !names_successor(community->roster, end, tombstone) ||
            !nrs_peer_member(core, nrs_peer_by_sign(core, end->successor), community) || removed_on_a_side(community, end->sign_key) ||
            nrs_key_revoked(core, end->sign_key)) {
            continue;
        }
        if (peer == NULL) {
            error = nrs_directory_peer(core, &peer, end->org, end->sign_key, end->agree_key, tombstone->curve_key.data);
        }
        if (error == NRS_OK) {
            error = nrs_key_ended_ms(core, &ended_ms, community, tombstone);
        }
        if (error != NRS_OK) {
            return error;
        }
        if (core->now_ms < ended_ms + NRS_SUCCEEDED_GRACE_MS) {
            *(community->guest ? &peer->guest_of : &peer->member_of) |= bit;
        }
    }
    return NRS_OK;
}

/* What an heir's card was read from stands in the statement of the key before: once a roster names it the card comes as a record. */
static void forget_heirs(nrs_core *core, uint64_t bit)
{
    for (nrs_peer *peer = core->peers_by_sign; peer != NULL; peer = peer->by_sign.next) {
        if ((peer->heir_of & bit) != 0) {
            peer->heir_of &= ~bit;
            if (peer->heir_of == 0 && peer->card_position == 0) {
                nrs_card_free(&peer->card);
            }
        }
    }
}

static nrs_error index_heir(nrs_core *core, const nrs_key_end *end, uint64_t bit)
{
    nrs_signed *outer = NULL;
    nrs_card *card = NULL;
    nrs_peer *peer = nrs_peer_by_sign(core, end->successor);
    nrs_error error = nrs_signed_decode(&outer, nrs_slice_of_bytes(&end->card));

    if (error == NRS_OK) {
        error = nrs_card_decode(&card, nrs_field(&outer->statement));
    }
    if (error == NRS_OK && peer == NULL) {
        error = nrs_directory_peer(core, &peer, end->org, card->sign_key.data, card->agree_key.data, card->curve_key.data);
    }
    if (error == NRS_OK) {
        peer->heir_of |= bit;
        if (peer->card == NULL) {
            nrs_directory_set_card(peer, &card, 0);
        }
    }
    nrs_card_free(&card);
    nrs_signed_free(&outer);
    return error;
}

/* The only hub of a community may go over to its next key before a member has the roster that names it. So who holds its announcement looks
 * for it under that key too (SPEC 7.10). A member may be over to its next key for the sake of another community, before the roster of this one
 * names it: a hub greets it. */
static nrs_error index_heirs(nrs_core *core, const nrs_community *community, uint64_t bit)
{
    const bool hub = (nrs_own_hub_of(core) & bit) != 0;
    nrs_error error = NRS_OK;

    forget_heirs(core, bit);
    for (const nrs_key_end *end = core->key_ends; end != NULL && error == NRS_OK && !community->guest; end = end->hh.next) {
        const nrs_peer *before = nrs_peer_by_sign(core, end->sign_key);
        bool ours = memcmp(end->sign_key, core->self.sign_key, NRS_KEY_SIZE) == 0 || memcmp(end->successor, core->self.sign_key, NRS_KEY_SIZE) == 0;

        if (end->cause == NRS_KEY_SUCCEEDED && !ours && (nrs_peer_hub(core, before, community) || (hub && nrs_peer_member(core, before, community))) &&
            nrs_roster_member_by_key(community->roster, end->successor) == NULL &&
            nrs_roster_tombstone(community->roster, end->successor) == NULL) { /* a revoked key is a hub of nothing */
            error = index_heir(core, end, bit);
        }
    }
    return error;
}

/* While a community is forked: whoever stands in one of its sides or in the version before is told of it, unless the roster held removed it. */
static nrs_error index_side(nrs_core *core, const nrs_community *community, const nrs_roster *roster, uint64_t bit)
{
    for (size_t i = 0; roster != NULL && i < roster->n_members; i++) {
        const Nrs__Wire__Member *member = roster->members[i];
        nrs_peer *peer = nrs_peer_by_sign(core, member->sign_key.data);

        if (nrs_roster_tombstone(community->roster, member->sign_key.data) != NULL || nrs_key_revoked(core, member->sign_key.data)) {
            continue;
        }
        if (peer == NULL) {
            nrs_error error = nrs_directory_peer(core, &peer, member->org, member->sign_key.data, member->agree_key.data, member->curve_key.data);
            if (error != NRS_OK) {
                return error;
            }
        }
        peer->side_of |= bit;
        peer->side_hub_of |= member->role == NRS_ROLE_HUB ? bit : 0;
    }
    return NRS_OK;
}

static nrs_error index_sides(nrs_core *core, const nrs_community *community, uint64_t bit)
{
    nrs_error error = NRS_OK;

    for (nrs_peer *peer = core->peers_by_sign; peer != NULL; peer = peer->by_sign.next) {
        peer->side_of &= ~bit;
        peer->side_hub_of &= ~bit;
    }
    if (community->guest || !nrs_fork_is(community)) {
        return NRS_OK;
    }
    error = index_side(core, community, community->roster, bit);
    if (error == NRS_OK) {
        error = index_side(core, community, community->fork_base, bit);
    }
    for (size_t i = 0; error == NRS_OK && i < community->branch_count; i++) {
        error = index_side(core, community, community->branches[i].roster, bit);
    }
    return error;
}

/* Who has the bit now and had it not, a new one included. */
static void note_who_came(nrs_core *core, uint64_t bit)
{
    nrs_peer *peer, *next;

    HASH_ITER (by_sign, core->peers_by_sign, peer, next) {
        bool came = (peer->member_of & bit) != 0 && !peer->was_member;

        peer->came_in |= came ? bit : 0;
        core->members_came = core->members_came || came;
        peer->was_member = false;
    }
}

/* Set the membership bits of one community from its roster. Members it no longer names lose theirs. What the roster of a community
 * says that this node never joined stands apart: whoever it names, this node too, has no place among members by it (SPEC 7.13). */
nrs_error nrs_directory_index(nrs_core *core, nrs_community *community)
{
    uint64_t bit = nrs_community_bit(core, community);
    uint64_t joined = 0;
    nrs_peer *peer, *next;

    for (size_t i = 0; i < core->community_count; i++) {
        joined |= core->communities[i].guest ? 0 : nrs_community_bit(core, &core->communities[i]);
    }
    HASH_ITER (by_sign, core->peers_by_sign, peer, next) {
        peer->was_member = (peer->member_of & bit) != 0;
        peer->member_of &= ~bit;
        peer->hub_of &= ~bit;
        peer->guest_of &= ~bit;
        peer->guest_hub_of &= ~bit;
    }
    for (size_t i = 0; i < community->roster->n_members; i++) {
        const Nrs__Wire__Member *member = community->roster->members[i];
        bool agreed = true;
        bool hub = true;
        nrs_error error = NRS_OK;

        peer = nrs_peer_by_sign(core, member->sign_key.data);
        if (peer == NULL) {
            error = nrs_directory_peer(core, &peer, member->org, member->sign_key.data, member->agree_key.data, member->curve_key.data);
            if (error != NRS_OK) {
                return error;
            }
        }
        if (!community->guest && (peer->member_of & joined) == 0) { /* known so far from elsewhere, under another name perhaps */
            (void)snprintf(peer->org, NRS_NAME_SIZE_MAX + 1, "%s", member->org);
        }
        nrs_fork_agreed(community, member, &agreed, &hub);
        if (!agreed) {
            continue;
        }
        error = rekey(core, peer, member);
        if (error != NRS_OK) {
            return error;
        }
        if (nrs_key_revoked(core, member->sign_key.data)) {
            continue; /* it said so itself: the roster will follow */
        }
        if (community->guest) {
            peer->guest_of |= bit;
            peer->guest_hub_of |= member->role == NRS_ROLE_HUB && hub ? bit : 0;
            continue;
        }
        peer->member_of |= bit;
        peer->hub_of |= member->role == NRS_ROLE_HUB && hub ? bit : 0;
        peer->joined_in |= member->joined.len > 0 ? bit : 0;
    }
    {
        nrs_error error = index_succeeded(core, community, bit);
        error = error == NRS_OK ? index_sides(core, community, bit) : error;
        error = error == NRS_OK ? index_heirs(core, community, bit) : error;
        if (error != NRS_OK) {
            return error;
        }
    }
    note_who_came(core, bit);
    peer = nrs_peer_by_sign(core, core->self.sign_key);
    community->member = !community->guest && nrs_peer_member(core, peer, community); /* a person here joins, no other's secretariat */
    community->hub = !community->guest && nrs_peer_hub(core, peer, community);
    peer->joined_in |= community->guest ? 0 : bit; /* this node's own roster is here by its own hand */
    return NRS_OK;
}

nrs_error nrs_directory_reindex(nrs_core *core)
{
    nrs_error error = NRS_OK;

    for (size_t i = 0; i < core->community_count && error == NRS_OK; i++) {
        error = nrs_directory_index(core, &core->communities[i]);
    }
    return error;
}
