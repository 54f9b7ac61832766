/* Who comes into a community is told to all in it, and they to it (SPEC 10.3). What an organisation published stands in a hub's
 * log where it was taken, and a link goes through that log once: whoever looked through that part while the organisation stood
 * outside, and an organisation that had looked through it while it stood outside itself, were passed over. So the hub names those
 * records once more at the end of its log, in rows that never leave it as such. And who comes back says again that it has joined. */
#include <string.h>

#include "roster/roster.h"

/* Position of the record (u64) ‖ whom it is told to, or zeros for all. */
#define ROW_SIZE (8u + NRS_KEY_SIZE)

static const uint8_t nobody[NRS_KEY_SIZE];

static nrs_error add_row(nrs_core *core, uint64_t record_position, const uint8_t to[NRS_KEY_SIZE])
{
    const uint64_t end = nrs_store_log_end(core->store);
    uint8_t id[NRS_HASH_SIZE], content[ROW_SIZE];
    const nrs_slice parts[] = {nrs_slice_of(content, sizeof content), nrs_slice_of((const uint8_t *)&end, sizeof end)};
    uint64_t position = 0;
    nrs_log_row row = {.type = NRS_LOG_TOLD_AGAIN, .id = id, .record = nrs_slice_of(content, sizeof content), .owner = nrs_slice_of(id, sizeof id),
                       .received_ms = core->now_ms};

    if (record_position == 0) {
        return NRS_OK; /* nothing is known of it yet: when it comes it has a place of its own */
    }
    for (size_t i = 0; i < 8; i++) {
        content[i] = (uint8_t)(record_position >> (8 * i));
    }
    memcpy(content + 8, to, NRS_KEY_SIZE);
    nrs_hash(id, sizeof id, NRS_DOMAIN_RESEND, parts, sizeof parts / sizeof parts[0]);
    return nrs_store_log_append(core->store, &position, &row);
}

static uint64_t bundle_position(const nrs_core *core, const uint8_t owner[NRS_KEY_SIZE])
{
    const nrs_bundle *bundle = nrs_bundle_by_owner(core, owner);

    return bundle == NULL ? 0 : bundle->position;
}

/* Its card, its prekeys and its persons'. */
static nrs_error tell_keys(nrs_core *core, const nrs_peer *owner, const uint8_t to[NRS_KEY_SIZE])
{
    nrs_error error = add_row(core, owner->card_position, to);

    if (error == NRS_OK) {
        error = add_row(core, bundle_position(core, owner->keys.sign_key), to);
    }
    for (size_t i = 0; error == NRS_OK && owner->card != NULL && i < owner->card->n_persons; i++) {
        error = add_row(core, bundle_position(core, owner->card->persons[i]->sign_key.data), to);
    }
    return error;
}

/* What it said of the rosters of these communities: that it has joined. Another community it has in common with who is told says
 * nothing of that. */
static nrs_error tell_words(nrs_core *core, const nrs_peer *owner, uint64_t communities, const uint8_t to[NRS_KEY_SIZE])
{
    nrs_error error = NRS_OK;

    for (size_t i = 0; error == NRS_OK && i < core->community_count; i++) {
        uint64_t said_ms = 0, position = 0;

        if ((communities & (1ull << i)) == 0) {
            continue;
        }
        error = nrs_store_word_find(core->store, &said_ms, &position, core->communities[i].id, owner->keys.sign_key);
        if (error == NRS_OK) {
            error = add_row(core, position, to);
        }
    }
    return error;
}

/* To who came in: what those said who stood there before, and the keys of those with whom it had no other community to hear of them
 * through. */
static nrs_error tell_newcomer(nrs_core *core, const nrs_peer *newcomer, uint64_t came_in, uint64_t hub_of)
{
    nrs_error error = NRS_OK;

    for (const nrs_peer *other = core->peers_by_sign; error == NRS_OK && other != NULL; other = other->by_sign.next) {
        uint64_t shared = other->member_of & newcomer->member_of & hub_of;

        if (other == newcomer || (shared & came_in & ~other->came_in) == 0) {
            continue; /* nothing in common there, or both come in: then it is told to all */
        }
        error = tell_words(core, other, shared & came_in & ~other->came_in, newcomer->keys.sign_key);
        if (error == NRS_OK && (shared & ~came_in) == 0 && (other->came_in & shared) == 0) {
            error = tell_keys(core, other, newcomer->keys.sign_key);
        }
    }
    return error;
}

/* What this node said while others did not count it as a member was refused, for good; it cannot know when that was where it has
 * missed a version. So it says once more that it has joined. */
static nrs_error say_again(nrs_core *core, const nrs_peer *self)
{
    nrs_error error = NRS_OK;

    for (size_t i = 0; error == NRS_OK && i < core->community_count; i++) {
        nrs_community *community = &core->communities[i];
        bool again = community->say_again || (self->came_in & (1ull << i)) != 0;

        community->say_again = false;
        if (again && community->member && community->said_ms != 0) {
            error = nrs_roster_say(core, community);
        }
    }
    return error;
}

void nrs_roster_nobody_came(nrs_core *core)
{
    for (nrs_peer *peer = core->peers_by_sign; peer != NULL; peer = peer->by_sign.next) {
        peer->came_in = 0;
    }
    core->members_came = false;
}

nrs_error nrs_roster_tell_again(nrs_core *core)
{
    const nrs_peer *self = nrs_peer_by_sign(core, core->self.sign_key);
    nrs_peer *peer, *next;
    nrs_error error = NRS_OK;

    if (!core->members_came) {
        return NRS_OK;
    }
    error = say_again(core, self);
    HASH_ITER (by_sign, core->peers_by_sign, peer, next) {
        uint64_t came_in = peer->came_in & peer->member_of & self->hub_of;

        if (error != NRS_OK || peer == self || came_in == 0) {
            continue;
        }
        error = tell_keys(core, peer, nobody);
        if (error == NRS_OK) {
            error = tell_words(core, peer, came_in, nobody);
        }
        if (error == NRS_OK && (peer->sent_position != 0 || peer->link != NULL)) { /* any other looks through the log from its beginning */
            error = tell_newcomer(core, peer, came_in, self->hub_of);
        }
    }
    nrs_roster_nobody_came(core);
    return error;
}

nrs_error nrs_told_again_route(nrs_core *core, nrs_relay_item *item, const nrs_log_entry *entry, const nrs_link *link)
{
    const nrs_peer *self = nrs_peer_by_sign(core, core->self.sign_key);
    const nrs_peer *owner;
    uint8_t content[ROW_SIZE];
    uint64_t position = 0, shared;
    nrs_error error;

    if (entry->record.size != ROW_SIZE) {
        return NRS_OK;
    }
    memcpy(content, entry->record.data, ROW_SIZE); /* `entry` may be gone after the next look-up */
    for (size_t i = 0; i < 8; i++) {
        position |= (uint64_t)content[i] << (8 * i);
    }
    if (memcmp(content + 8, nobody, NRS_KEY_SIZE) != 0 && memcmp(content + 8, link->peer->keys.sign_key, NRS_KEY_SIZE) != 0) {
        return NRS_OK;
    }
    error = nrs_log_entry_at(core, &entry, position);
    if (error != NRS_OK || entry->dropped || memcmp(entry->source, link->peer->keys.sign_key, NRS_KEY_SIZE) == 0) {
        return error == NRS_ERROR_NOT_FOUND ? NRS_OK : error; /* replaced meanwhile: what replaced it stands later in the log */
    }
    owner = nrs_peer_by_sign(core, entry->type == NRS_RECORD_FRESHNESS ? entry->owner : entry->org);
    shared = owner == NULL ? 0 : owner->member_of & link->peer->member_of & self->hub_of;
    if (owner == link->peer || shared == 0) {
        return NRS_OK;
    }
    nrs_relay_published(core, item, entry, link->peer);
    return NRS_OK;
}
