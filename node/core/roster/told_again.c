/* Who comes into a community is told to all in it, and they to it (SPEC 10.3). What an organisation published stands in a hub's
 * log where it was taken, and a link goes through that log once: whoever looked through that part while the organisation stood
 * outside, and an organisation that had looked through it while it stood outside itself, or had not joined yet, were passed over. So the
 * hub names those records once more at the end of its log, in rows that never leave it as such. And who comes back says again that it has
 * joined.
 *
 * When two sectors become one, hundreds come to thousands. The step that brings them writes down who came, a row for each; the rows of
 * the log follow from these in later steps, a bounded number in each. A crash in between loses nothing. */
#include <stdio.h>
#include <string.h>

#include "roster/roster.h"
#include "store/newcomer.h"

/* Whom it is told to, or zeros for all ‖ the positions of up to so many records (u64). */
#define NAMED_PER_ROW 12u /* an item holds them all, however large: 32 KiB is the most of a card */
#define ROW_SIZE_MAX (NRS_KEY_SIZE + 8u * NAMED_PER_ROW)
#define ROWS_PER_STEP 128u
#define OTHERS_PER_STEP 1024u

_Static_assert(NAMED_PER_ROW * (NRS_CARD_SIZE_MAX + 1024u) < NRS_RECORD_SIZE_MAX, "what a row names fits a frame");

static const uint8_t nobody[NRS_KEY_SIZE];

/* Rows of the log in the making. */
typedef struct telling {
    nrs_core *core;
    const uint8_t *to;
    uint64_t until;
    uint64_t positions[NAMED_PER_ROW];
    size_t count;
    size_t row_count; /* written in this step */
    size_t other_count; /* looked at in this step */
} telling;

static nrs_error flush(telling *it)
{
    const uint64_t end = nrs_store_log_end(it->core->store);
    uint8_t id[NRS_HASH_SIZE], content[ROW_SIZE_MAX];
    const size_t size = NRS_KEY_SIZE + 8 * it->count;
    const nrs_slice parts[] = {nrs_slice_of(content, size), nrs_slice_of((const uint8_t *)&end, sizeof end)};
    uint64_t position = 0;
    nrs_log_row row = {.type = NRS_LOG_TOLD_AGAIN, .id = id, .record = nrs_slice_of(content, size), .owner = nrs_slice_of(id, sizeof id),
                       .received_ms = it->core->now_ms};

    if (it->count == 0) {
        return NRS_OK;
    }
    memcpy(content, it->to, NRS_KEY_SIZE);
    for (size_t i = 0; i < 8 * it->count; i++) {
        content[NRS_KEY_SIZE + i] = (uint8_t)(it->positions[i / 8] >> (8 * (i % 8)));
    }
    nrs_hash(id, sizeof id, NRS_DOMAIN_RESEND, parts, sizeof parts / sizeof parts[0]);
    it->count = 0;
    it->row_count++;
    return nrs_store_log_append(it->core->store, &position, &row);
}

static nrs_error name(telling *it, uint64_t record_position)
{
    if (record_position == 0 || record_position > it->until) {
        return NRS_OK; /* nothing is known of it yet, or it came since: it has a place of its own */
    }
    it->positions[it->count] = record_position;
    it->count++;
    return it->count == NAMED_PER_ROW ? flush(it) : NRS_OK;
}

static uint64_t bundle_position(const nrs_core *core, const uint8_t owner[NRS_KEY_SIZE])
{
    const nrs_bundle *bundle = nrs_bundle_by_owner(core, owner);

    return bundle == NULL ? 0 : bundle->position;
}

/* Its card, its prekeys and its persons'. */
static nrs_error name_keys(telling *it, const nrs_peer *owner)
{
    nrs_error error = name(it, owner->card_position);

    if (error == NRS_OK) {
        error = name(it, bundle_position(it->core, owner->keys.sign_key));
    }
    for (size_t i = 0; error == NRS_OK && owner->card != NULL && i < owner->card->n_persons; i++) {
        error = name(it, bundle_position(it->core, owner->card->persons[i]->sign_key.data));
    }
    return error;
}

/* What it said of the roster of this community: that it has joined. Another community it has in common with who is told says nothing of
 * that. */
static nrs_error name_word(telling *it, const nrs_peer *owner, const nrs_community *community)
{
    uint64_t said_ms = 0, position = 0;
    nrs_error error = nrs_store_word_find(it->core->store, &said_ms, &position, community->id, owner->keys.sign_key);

    return error == NRS_OK ? name(it, position) : error == NRS_ERROR_NOT_FOUND ? NRS_OK : error;
}

typedef struct came { nrs_core *core; uint64_t mask; } came;

static nrs_error add_came(void *context, const uint8_t *community)
{
    came *all = context;
    const nrs_community *held = nrs_community_by_id(all->core, community);

    all->mask |= held == NULL ? 0 : nrs_community_bit(all->core, held);
    return NRS_OK;
}

static nrs_error came_in_of(nrs_core *core, uint64_t *mask_out, uint64_t until, const nrs_peer *peer)
{
    came all = {.core = core};
    nrs_error error = nrs_store_newcomer_came(core->store, until, peer->keys.sign_key, add_came, &all);

    *mask_out = all.mask;
    return error;
}

static bool is_first(uint64_t bit, uint64_t mask)
{
    return (mask & bit) != 0 && (mask & (bit - 1)) == 0;
}

/* Of one who stood there before: what it said, and the keys if the newcomer had no other community to hear of them through. */
static nrs_error name_other(telling *it, const nrs_peer *newcomer, uint64_t came_in, const nrs_community *community, const nrs_peer *other)
{
    const nrs_peer *self = nrs_peer_by_sign(it->core, it->core->self.sign_key);
    const uint64_t bit = nrs_community_bit(it->core, community), shared = other->member_of & newcomer->member_of & self->hub_of;
    uint64_t other_came = 0;
    nrs_error error;

    if (other == newcomer || (shared & bit) == 0) {
        return NRS_OK;
    }
    error = came_in_of(it->core, &other_came, it->until, other);
    if (error != NRS_OK || (other_came & bit) != 0) {
        return error; /* both came in: then it is told to all */
    }
    error = name_word(it, other, community);
    if (error == NRS_OK && (shared & ~came_in) == 0 && (other_came & shared) == 0 && is_first(bit, shared & came_in)) {
        error = name_keys(it, other);
    }
    return error;
}

/* In-out: newcomer: how far it is. */
static nrs_error tell_of_others(telling *it, nrs_newcomer *newcomer, const nrs_peer *peer, const nrs_community *community)
{
    uint64_t came_in = 0;
    nrs_error error = came_in_of(it->core, &came_in, it->until, peer);

    newcomer->others = false;
    for (size_t i = 0; error == NRS_OK && i < community->roster->n_members; i++) {
        const Nrs__Wire__Member *member = community->roster->members[i]; /* in the order of their names */
        const nrs_peer *other = nrs_peer_by_sign(it->core, member->sign_key.data);

        if (strcmp(member->org, newcomer->after) <= 0 || other == NULL) {
            continue;
        }
        if (it->row_count >= ROWS_PER_STEP || it->other_count >= OTHERS_PER_STEP) {
            newcomer->others = true; /* the rest in the next step */
            break;
        }
        it->other_count++;
        error = name_other(it, peer, came_in, community, other);
        (void)snprintf(newcomer->after, sizeof newcomer->after, "%s", member->org);
    }
    return error == NRS_OK ? flush(it) : error;
}

static nrs_error tell_to_all(telling *it, nrs_newcomer *newcomer, const nrs_peer *peer, const nrs_community *community)
{
    uint64_t came_in = 0;
    nrs_error error = came_in_of(it->core, &came_in, it->until, peer);

    newcomer->to_all = false;
    if (error == NRS_OK && is_first(nrs_community_bit(it->core, community), came_in & peer->member_of)) {
        error = name_keys(it, peer);
    }
    if (error == NRS_OK) {
        error = name_word(it, peer, community);
    }
    return error == NRS_OK ? flush(it) : error;
}

/* A part of it for one who came. */
static nrs_error go_on(telling *it, nrs_newcomer *newcomer)
{
    const nrs_peer *self = nrs_peer_by_sign(it->core, it->core->self.sign_key);
    const nrs_peer *peer = nrs_peer_by_sign(it->core, newcomer->org);
    const nrs_community *community = nrs_community_by_id(it->core, newcomer->community);
    nrs_error error;

    it->to = newcomer->to_all ? nobody : newcomer->org;
    it->until = newcomer->until;
    if (community == NULL || !nrs_peer_member(it->core, peer, community) || !nrs_peer_hub(it->core, self, community)) {
        newcomer->to_all = newcomer->others = false; /* gone again */
        error = NRS_OK;
    } else {
        error = newcomer->to_all ? tell_to_all(it, newcomer, peer, community) : tell_of_others(it, newcomer, peer, community);
    }
    if (error == NRS_OK) {
        error = nrs_store_newcomer_set(it->core->store, newcomer);
    }
    return error == NRS_OK && !newcomer->to_all && !newcomer->others ? nrs_store_newcomer_end(it->core->store, newcomer->until) : error;
}

static nrs_error expand(nrs_core *core)
{
    telling it = {.core = core};
    nrs_newcomer newcomer;
    nrs_error error = NRS_OK;

    while (error == NRS_OK && it.row_count < ROWS_PER_STEP && it.other_count < OTHERS_PER_STEP) {
        error = nrs_store_newcomer_next(core->store, &newcomer);
        if (error == NRS_OK) {
            error = go_on(&it, &newcomer);
        }
    }
    if (error == NRS_ERROR_NOT_FOUND) {
        core->newcomers_left = false;
        error = NRS_OK;
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

/* Whether something of it stands in the log: else all comes after it came. */
static bool known(const nrs_core *core, const nrs_peer *peer)
{
    return peer->card_position != 0 || nrs_bundle_by_owner(core, peer->keys.sign_key) != NULL;
}

/* One that has looked through nothing of the log yet looks through all of it, and needs no telling of others. */
static nrs_error write_down(nrs_core *core, const nrs_peer *peer, uint64_t came_in)
{
    nrs_newcomer newcomer = {.until = nrs_store_log_end(core->store), .to_all = known(core, peer), .others = peer->sent_position != 0 || peer->link != NULL};
    nrs_error error = NRS_OK;

    memcpy(newcomer.org, peer->keys.sign_key, NRS_KEY_SIZE);
    for (size_t i = 0; error == NRS_OK && (newcomer.to_all || newcomer.others) && i < core->community_count; i++) {
        if ((came_in & (1ull << i)) != 0) {
            memcpy(newcomer.community, core->communities[i].id, NRS_HASH_SIZE);
            error = nrs_store_newcomer_set(core->store, &newcomer);
            core->newcomers_left = true;
        }
    }
    return error;
}

/* Linked for another community's sake, it had what those who joined before it said, and the keys of who stands in this one alone, handed over
 * while it did not hold the community, and refused them for good. Who has only this one in common is linked since it joined. */
nrs_error nrs_roster_joined(nrs_core *core, const nrs_community *community, const nrs_peer *peer)
{
    const nrs_peer *self = nrs_peer_by_sign(core, core->self.sign_key);
    nrs_newcomer newcomer = {.until = nrs_store_log_end(core->store), .others = true};

    if (peer == self || !nrs_peer_hub(core, self, community) || (peer->member_of & self->member_of & ~nrs_community_bit(core, community)) == 0 ||
        (peer->sent_position == 0 && peer->link == NULL)) {
        return NRS_OK;
    }
    memcpy(newcomer.org, peer->keys.sign_key, NRS_KEY_SIZE);
    memcpy(newcomer.community, community->id, NRS_HASH_SIZE);
    core->newcomers_left = true;
    return nrs_store_newcomer_set(core->store, &newcomer);
}

nrs_error nrs_roster_tell_again(nrs_core *core)
{
    const nrs_peer *self = nrs_peer_by_sign(core, core->self.sign_key);
    nrs_peer *peer, *next;
    nrs_error error = NRS_OK;

    if (core->members_came) {
        error = say_again(core, self);
        HASH_ITER (by_sign, core->peers_by_sign, peer, next) {
            uint64_t came_in = peer->came_in & peer->member_of & self->hub_of;

            if (error == NRS_OK && peer != self && came_in != 0) {
                error = write_down(core, peer, came_in);
            }
        }
        nrs_roster_nobody_came(core);
    }
    return error == NRS_OK && core->newcomers_left ? expand(core) : error;
}

/* In-out: item. */
static nrs_error route_record(nrs_core *core, nrs_relay_item *item, uint64_t position, const nrs_link *link)
{
    const nrs_peer *self = nrs_peer_by_sign(core, core->self.sign_key);
    const size_t before = item->count;
    const nrs_log_entry *entry;
    const nrs_peer *owner;
    nrs_error error = nrs_log_entry_at(core, &entry, position);

    if (error != NRS_OK || entry->dropped || memcmp(entry->source, link->peer->keys.sign_key, NRS_KEY_SIZE) == 0) {
        return error == NRS_ERROR_NOT_FOUND ? NRS_OK : error; /* replaced meanwhile: what replaced it stands later in the log */
    }
    owner = nrs_peer_by_sign(core, entry->type == NRS_RECORD_FRESHNESS ? entry->owner : entry->org);
    if (owner == NULL || owner == link->peer || (owner->member_of & link->peer->member_of & self->hub_of) == 0) {
        return NRS_OK;
    }
    nrs_relay_published(core, item, entry, link->peer);
    if (item->count > before) { /* the entry may be gone when the next one is looked up */
        error = nrs_bytes_copy(&item->held[item->held_count], item->records[before]);
        item->records[before] = nrs_slice_of_bytes(&item->held[item->held_count]);
        item->held_count++;
    }
    return error;
}

nrs_error nrs_told_again_route(nrs_core *core, nrs_relay_item *item, const nrs_log_entry *entry, const nrs_link *link)
{
    uint8_t content[ROW_SIZE_MAX];
    const size_t size = entry->record.size;
    nrs_error error = NRS_OK;

    if (size <= NRS_KEY_SIZE || size > ROW_SIZE_MAX || (size - NRS_KEY_SIZE) % 8 != 0) {
        return NRS_OK;
    }
    memcpy(content, entry->record.data, size); /* `entry` may be gone after the next look-up */
    if (memcmp(content, nobody, NRS_KEY_SIZE) != 0 && memcmp(content, link->peer->keys.sign_key, NRS_KEY_SIZE) != 0) {
        return NRS_OK;
    }
    for (size_t at = NRS_KEY_SIZE; error == NRS_OK && at < size; at += 8) {
        uint64_t position = 0;

        for (size_t i = 0; i < 8; i++) {
            position |= (uint64_t)content[at + i] << (8 * i);
        }
        error = route_record(core, item, position, link);
    }
    return error;
}
