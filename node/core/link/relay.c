/* Relaying (SPEC 10.3): which records of a log entry go to which peer. The originator passes on what is its own, a hub what
 * belongs to its communities; nobody else relays. Membership is looked up when a record leaves, not when it came. */
#include <string.h>

#include "report/withdrawal.h"
#include "link/relay.h"
#include "prekeys/key_change.h"
#include "roster/roster.h"
#include "rules/edges.h"
#include "stream/stream.h"
#include "withheld/withheld.h"

void nrs_relay_item_wipe(nrs_relay_item *item)
{
    for (size_t i = 0; i < item->held_count; i++) {
        nrs_bytes_wipe(&item->held[i]);
    }
    *item = (nrs_relay_item){0};
}

void nrs_relay_add(nrs_relay_item *item, nrs_slice record)
{
    NRS_ASSERT(item->count < NRS_RELAY_RECORDS_MAX);
    item->records[item->count] = record;
    item->count++;
}

/* Copied, since the cache may drop an entry when the next one is asked for. */
nrs_error nrs_relay_add_entry(nrs_core *core, nrs_relay_item *item, uint64_t position)
{
    const nrs_log_entry *entry;
    nrs_bytes *copy = &item->held[item->held_count];
    nrs_error error = nrs_log_entry_at(core, &entry, position);

    if (error != NRS_OK || entry->record.size == 0) {
        return error != NRS_OK ? error : NRS_ERROR_NOT_FOUND;
    }
    error = nrs_bytes_copy(copy, nrs_slice_of_bytes(&entry->record));
    if (error == NRS_OK) {
        item->held_count++;
        nrs_relay_add(item, nrs_slice_of_bytes(copy));
    }
    return error;
}

/* What is our own goes out; a hub passes on what its community's rules let it carry. */
static bool may_relay(const nrs_log_entry *entry, const nrs_community *community)
{
    bool red_relay = (community->roster->rules->flags & NRS_RULE_RED_RELAY) != 0;

    return entry->own || (community->hub && (entry->label == NRS_LABEL_NONE || nrs_policy_carry(entry->label, red_relay).error == NRS_OK));
}

size_t nrs_relay_slots_of(const nrs_core *core, size_t *indices, size_t room, const nrs_slots *slots, const nrs_peer *peer)
{
    uint8_t before[NRS_KEY_HASH_SIZE];
    size_t count = nrs_slots_for(indices, room, slots, peer->key_hash);

    return count == 0 && nrs_key_hash_before(core, before, peer->keys.sign_key) ? nrs_slots_for(indices, room, slots, before) : count;
}

nrs_error nrs_relay_paths(nrs_core *core, nrs_bytes *paths_out, size_t *count_out, size_t room, const nrs_slots *slots, const nrs_peer *peer)
{
    size_t indices[NRS_RELAY_RECORDS_MAX];
    size_t count = 0;
    nrs_error error = NRS_OK;

    NRS_ASSERT(room <= NRS_RELAY_RECORDS_MAX);
    count = nrs_relay_slots_of(core, indices, room, slots, peer);
    if (count > room) {
        count = room; /* an item holds no more, and an organisation has no more persons */
    }
    for (size_t i = 0; i < count && error == NRS_OK; i++) {
        error = nrs_slots_path_record(&paths_out[i], slots, indices[i]);
    }
    *count_out = count;
    return error;
}

void nrs_relay_add_paths(nrs_relay_item *item, nrs_bytes *paths, size_t count, nrs_error error)
{
    for (size_t i = 0; i < count; i++) {
        if (error == NRS_OK) {
            item->held[item->held_count] = paths[i];
            nrs_relay_add(item, nrs_slice_of_bytes(&item->held[item->held_count]));
            item->held_count++;
        } else {
            nrs_bytes_wipe(&paths[i]);
        }
    }
}

/* The peer's own slots, each with its path, after the sealed report and the grant they belong to. */
static nrs_error route_slots(nrs_core *core, nrs_relay_item *item, const nrs_log_entry *entry, const nrs_peer *peer)
{
    uint64_t sealed_position = entry->sealed_position, grant_position = entry->grant_position;
    nrs_bytes paths[NRS_RELAY_RECORDS_MAX] = {0};
    size_t count = 0;
    nrs_error error = nrs_relay_paths(core, paths, &count, NRS_RELAY_RECORDS_MAX - (grant_position != 0 ? 2 : 1), entry->slots, peer);

    if (error == NRS_OK && count > 0 && entry->type == NRS_RECORD_SEALED) {
        nrs_relay_add(item, nrs_slice_of_bytes(&entry->record));
    } else if (error == NRS_OK && count > 0) {
        error = nrs_relay_add_entry(core, item, sealed_position); /* `entry` may be gone from here on */
    }
    if (error == NRS_OK && count > 0 && grant_position != 0) {
        error = nrs_relay_add_entry(core, item, grant_position);
    }
    nrs_relay_add_paths(item, paths, count, error);
    return error == NRS_ERROR_NOT_FOUND ? NRS_OK : error; /* the sealed report was dropped meanwhile */
}

/* Whether a member has the duties that the report demands, as far as a relay sees them: also one that the header names and no rule of
 * the roster does any more. *entry is looked up again. */
static nrs_error duty_held(nrs_core *core, bool *held_out, const nrs_log_entry **entry, const nrs_peer *peer)
{
    const uint64_t position = (*entry)->position;
    nrs_error error = NRS_OK;

    *held_out = true;
    if ((*entry)->type != NRS_RECORD_SEALED) {
        error = nrs_log_entry_at(core, entry, (*entry)->sealed_position);
    }
    if (error == NRS_OK && (*entry)->view != NULL) {
        *held_out = nrs_duty_check(core, (*entry)->view->header, NRS_PLACE_DELIVER, 0, peer->org) == NRS_OK;
    }
    return error == NRS_OK ? nrs_log_entry_at(core, entry, position) : error;
}

static bool has_slot(const nrs_core *core, const nrs_log_entry *entry, const nrs_peer *peer)
{
    size_t index;

    return entry->slots != NULL && nrs_relay_slots_of(core, &index, 1, entry->slots, peer) > 0;
}

/* What is withheld leaves its source for the hub that has a slot in it, whole, and no other hub and no member (SPEC 10.3). */
static nrs_error route_withheld(nrs_core *core, nrs_relay_item *item, const nrs_log_entry *entry, const nrs_community *community, const nrs_peer *peer)
{
    const uint64_t position = entry->position, sealed_position = entry->sealed_position, grant_position = entry->grant_position;
    nrs_error error = NRS_OK;

    if (!entry->own || !nrs_peer_hub(core, peer, community) || !has_slot(core, entry, peer)) {
        return NRS_OK;
    }
    if (entry->type == NRS_RECORD_SEALED) {
        nrs_relay_add(item, nrs_slice_of_bytes(&entry->record));
        nrs_relay_add(item, nrs_slice_of_bytes(&entry->slots_record));
        return NRS_OK;
    }
    error = nrs_relay_add_entry(core, item, sealed_position); /* a later grant and its table bring the report with them */
    if (error == NRS_OK && grant_position != 0) {
        error = nrs_relay_add_entry(core, item, grant_position);
    }
    if (error == NRS_OK) {
        error = nrs_relay_add_entry(core, item, position);
    }
    if (error == NRS_ERROR_NOT_FOUND) { /* dropped meanwhile */
        nrs_relay_item_wipe(item);
        error = NRS_OK;
    }
    return error;
}

/* entry: head_only or whole. */
static nrs_error route_sealed(nrs_core *core, nrs_relay_item *item, const nrs_log_entry *entry, const nrs_peer *peer)
{
    const nrs_community *community = nrs_community_by_id(core, entry->community);
    nrs_reader_facts facts = {0};
    bool held = true;
    nrs_error error;

    if (community == NULL || !nrs_peer_member(core, peer, community) || !may_relay(entry, community)) {
        return NRS_OK;
    }
    if (nrs_withdrawn_at(core, entry->type == NRS_RECORD_SEALED ? entry->position : entry->sealed_position)) {
        return NRS_OK; /* handed out to nobody any more */
    }
    if (entry->attribution != NRS_ATTRIBUTION_WITHHELD && nrs_peer_hub(core, peer, community)) {
        nrs_relay_add(item, nrs_slice_of_bytes(&entry->record));
        if (entry->slots_record.size > 0) {
            nrs_relay_add(item, nrs_slice_of_bytes(&entry->slots_record));
        }
        return NRS_OK;
    }
    error = nrs_log_entry_at(core, &entry, entry->position); /* whole from here on */
    if (error != NRS_OK || entry->dropped) {
        return error;
    }
    if (entry->attribution == NRS_ATTRIBUTION_WITHHELD) {
        return route_withheld(core, item, entry, community, peer);
    }
    error = duty_held(core, &held, &entry, peer);
    if (error != NRS_OK || !held) {
        return error == NRS_ERROR_NOT_FOUND ? NRS_OK : error;
    }
    if (entry->slots != NULL) {
        return route_slots(core, item, entry, peer);
    }
    if (entry->type == NRS_RECORD_SEALED && entry->audience != NULL) {
        error = nrs_audience_names_org(core, &facts, entry->audience, peer);
        if (error == NRS_OK && (facts.org_named || facts.community_named || facts.person_named)) {
            nrs_relay_add(item, nrs_slice_of_bytes(&entry->record));
        }
        return error;
    }
    return NRS_OK;
}

/* What this hub vouches for leaves at its tick: not where it stands in the log, but where this row says so. */
static nrs_error route_at_tick(nrs_core *core, nrs_relay_item *item, const nrs_log_entry *entry, const nrs_peer *peer)
{
    uint64_t position = 0;
    nrs_error error = entry->record.size == NRS_HASH_SIZE ? nrs_store_log_find(core->store, &position, entry->record.data) : NRS_OK;

    if (error == NRS_OK && position != 0) {
        error = nrs_log_entry_at(core, &entry, position);
    }
    if (error != NRS_OK || position == 0 || entry->dropped || entry->type != NRS_RECORD_SEALED) {
        return error;
    }
    return route_sealed(core, item, entry, peer);
}

/* Cards and prekeys: to whom shares a community with their owner, through its hubs. */
static bool published_to(const nrs_core *core, const nrs_peer *owner, const nrs_peer *peer)
{
    const nrs_peer *self = nrs_peer_by_sign(core, core->self.sign_key);
    uint64_t shared = owner == NULL ? 0 : owner->member_of & peer->member_of & self->member_of;

    return owner != peer && shared != 0 && (owner == self || (self->hub_of & shared) != 0);
}

static void route_published(nrs_core *core, nrs_relay_item *item, const nrs_log_entry *entry, const nrs_peer *peer)
{
    if (published_to(core, nrs_peer_by_sign(core, entry->org), peer)) {
        nrs_relay_add(item, nrs_slice_of_bytes(&entry->record));
    }
}

/* A person's are taken by who has the card that names the person. The one from before them is no more, where another has taken its place: the
 * newest goes with them. */
static nrs_error route_prekeys(nrs_core *core, nrs_relay_item *item, const nrs_log_entry *entry, const nrs_peer *peer)
{
    const nrs_peer *owner = nrs_peer_by_sign(core, entry->org);
    const uint64_t position = entry->position; /* `entry` may be gone after the next look-up */
    nrs_error error;

    if (!published_to(core, owner, peer)) {
        return NRS_OK;
    }
    if (memcmp(entry->owner, entry->org, NRS_KEY_SIZE) == 0 || owner->card_position <= position) {
        nrs_relay_add(item, nrs_slice_of_bytes(&entry->record));
        return NRS_OK;
    }
    error = nrs_relay_add_entry(core, item, owner->card_position);
    return error == NRS_OK ? nrs_relay_add_entry(core, item, position) : error == NRS_ERROR_NOT_FOUND ? NRS_OK : error;
}

/* The end of a key: to whom shares a community with it, also after the roster has dropped it. */
static void route_key_change(const nrs_core *core, nrs_relay_item *item, const nrs_log_entry *entry, const nrs_peer *peer)
{
    const nrs_peer *self = nrs_peer_by_sign(core, core->self.sign_key);
    uint64_t concerned = nrs_key_change_concerns(core, entry->org);
    uint64_t shared = concerned & peer->member_of;

    if ((shared != 0 && (entry->own || (self->hub_of & shared) != 0)) || (concerned & nrs_guest_told(core, peer)) != 0) {
        nrs_relay_add(item, nrs_slice_of_bytes(&entry->record));
    }
}

/* What members say of rosters, and proofs of forks: to everyone in the community, through its hubs. */
static void route_membership(nrs_core *core, nrs_relay_item *item, const nrs_log_entry *entry, const nrs_peer *peer)
{
    const nrs_community *community = nrs_community_by_id(core, entry->community);

    /* What is told of a fork is told to those it leaves outside as well. */
    if (community != NULL && (entry->own || community->hub) &&
        (nrs_peer_member(core, peer, community) || (entry->type != NRS_RECORD_FRESHNESS && (peer->side_of & nrs_community_bit(core, community)) != 0))) {
        nrs_relay_add(item, nrs_slice_of_bytes(&entry->record));
    }
}

void nrs_relay_published(nrs_core *core, nrs_relay_item *item, const nrs_log_entry *entry, const nrs_peer *peer)
{
    if (entry->type == NRS_RECORD_CARD || entry->type == NRS_RECORD_PREKEYS) {
        route_published(core, item, entry, peer);
    } else if (entry->type == NRS_RECORD_FRESHNESS) {
        route_membership(core, item, entry, peer);
    }
}

static void route_envelope(nrs_core *core, nrs_relay_item *item, const nrs_log_entry *entry, const nrs_peer *peer)
{
    const nrs_community *community = nrs_community_by_id(core, entry->community);
    uint8_t before[NRS_KEY_HASH_SIZE];

    if (community == NULL || !nrs_peer_member(core, peer, community) || !may_relay(entry, community) || nrs_hash_ours(core, entry->to)) {
        return;
    }
    if (memcmp(entry->to, peer->key_hash, NRS_KEY_HASH_SIZE) == 0 || nrs_peer_hub(core, peer, community) ||
        (nrs_key_hash_before(core, before, peer->keys.sign_key) && memcmp(entry->to, before, NRS_KEY_HASH_SIZE) == 0)) {
        nrs_relay_add(item, nrs_slice_of_bytes(&entry->record));
    }
}

/* Checkpoints and cosignatures of audit logs: to the hubs of a community that their maker is in, and a cosignature to whose
 * log it is about. */
static void route_audit(nrs_core *core, nrs_relay_item *item, const nrs_log_entry *entry, const nrs_peer *peer)
{
    const nrs_peer *maker = nrs_peer_by_sign(core, entry->org);
    const nrs_peer *self = nrs_peer_by_sign(core, core->self.sign_key);
    uint64_t shared = maker == NULL ? 0 : maker->member_of & peer->member_of & self->member_of;
    bool addressed = entry->type == NRS_RECORD_AUDIT_COSIGNATURE && memcmp(entry->to, peer->key_hash, NRS_KEY_HASH_SIZE) == 0;

    if (maker == peer || shared == 0 || (maker != self && (self->hub_of & shared) == 0) || memcmp(entry->to, core->self_hash, NRS_KEY_HASH_SIZE) == 0) {
        return;
    }
    if (addressed || (peer->hub_of & shared) != 0) {
        nrs_relay_add(item, nrs_slice_of_bytes(&entry->record));
    }
}

nrs_error nrs_relay_route(nrs_core *core, nrs_relay_item *item_out, uint64_t position, const nrs_link *link)
{
    const nrs_log_entry *entry;
    nrs_error error = nrs_log_head_at(core, &entry, position);

    if (error == NRS_ERROR_NOT_FOUND) {
        return NRS_OK; /* a position that a rolled back transaction used up */
    }
    if (error != NRS_OK || entry->dropped) {
        return error;
    }
    if ((!entry->own && memcmp(entry->source, link->peer->keys.sign_key, NRS_KEY_SIZE) == 0) ||
        (entry->expires_ms != 0 && nrs_clock_expired(core, entry->expires_ms))) {
        return NRS_OK;
    }
    if (entry->type == NRS_LOG_RESEND) {
        return nrs_resend_route(core, item_out, entry, link);
    }
    if (entry->type == NRS_LOG_TOLD_AGAIN) {
        return nrs_told_again_route(core, item_out, entry, link);
    }
    if (entry->type == NRS_LOG_DIRECT) {
        nrs_direct_route(core, item_out, entry, link->peer);
        return NRS_OK;
    }
    if (entry->type == NRS_LOG_PUBLISH) {
        return route_at_tick(core, item_out, entry, link->peer);
    }
    if (entry->type == NRS_RECORD_SEALED && entry->own && entry->attribution == NRS_ATTRIBUTION_VOUCHED) {
        return NRS_OK;
    }
    switch ((nrs_record_type)entry->type) {
    case NRS_RECORD_SEALED:
    case NRS_RECORD_SLOT_TABLE:
    case NRS_RECORD_GRANT:
        error = entry->grant != NULL ? nrs_relay_onward(core, item_out, entry, link->peer) : route_sealed(core, item_out, entry, link->peer);
        break;
    case NRS_RECORD_CARD:
        route_published(core, item_out, entry, link->peer);
        break;
    case NRS_RECORD_PREKEYS:
        error = route_prekeys(core, item_out, entry, link->peer);
        break;
    case NRS_RECORD_KEY_CHANGE:
        route_key_change(core, item_out, entry, link->peer);
        break;
    case NRS_RECORD_ENVELOPE:
        route_envelope(core, item_out, entry, link->peer);
        break;
    case NRS_RECORD_EQUIVOCATION:
        error = nrs_equivocation_route(core, item_out, entry, link);
        break;
    case NRS_RECORD_AUDIT_CHECKPOINT:
    case NRS_RECORD_AUDIT_COSIGNATURE:
        route_audit(core, item_out, entry, link->peer);
        break;
    case NRS_RECORD_SLOT_PATH:
    case NRS_RECORD_RELEASE: /* with the grants that stand on it */
    case NRS_RECORD_ROSTER: /* in no log: roster_sync.c */
    case NRS_RECORD_WITHDRAWAL: /* in envelopes only */
    case NRS_RECORD_ATTESTATION:
        break;
    case NRS_RECORD_FRESHNESS:
    case NRS_RECORD_ROSTER_DELTA: /* of a fork */
    case NRS_RECORD_FORK:
        route_membership(core, item_out, entry, link->peer);
        break;
    }
    return error;
}
