/* Sending again what a recipient misses (SPEC 6.8). A request names reports that were granted to who asks, or nothing comes of it.
 * What is sent again stands in our own log, after everything else, so that credit, cuts and crashes need no rule of their own. */
#include "link/relay.h"
#include "prekeys/key_change.h"
#include "report/onward.h"
#include "report/withdrawal.h"
#include "stream/stream.h"

#include <string.h>

#include "withheld/withheld.h"

#define REQUESTS_PER_MINUTE 64u         /* reports that are looked for at one peer's request */
#define SAME_AGAIN_MS (5ull * NRS_MINUTE_MS) /* one report to one peer: not twice within it */
#define ROW_SIZE (NRS_KEY_SIZE + NRS_HASH_SIZE) /* for whom, and which report */

/* ---- Who has it ---- */

/* Whether the table at this position, or the report with its first slots, has slots of the peer. */
static nrs_error has_slots(nrs_core *core, bool *has_out, uint64_t position, const nrs_peer *peer)
{
    const nrs_log_entry *entry;
    size_t index;
    nrs_error error = nrs_log_entry_at(core, &entry, position);

    *has_out = error == NRS_OK && !entry->dropped && entry->slots != NULL && nrs_relay_slots_of(core, &index, 1, entry->slots, peer) > 0;
    return error == NRS_ERROR_NOT_FOUND ? NRS_OK : error;
}

/* Of a later grant: to the peer, or else to the key that it came after. */
static nrs_error later_place(nrs_core *core, uint64_t *position_out, uint32_t *rank_out, const uint8_t sealed_id[NRS_HASH_SIZE], const nrs_peer *peer)
{
    uint8_t before[NRS_KEY_HASH_SIZE];
    nrs_error error = nrs_store_slot_place_get(core->store, position_out, rank_out, sealed_id, nrs_slice_of(peer->key_hash, NRS_KEY_HASH_SIZE));

    if (error == NRS_OK && *position_out == 0 && nrs_key_hash_before(core, before, peer->keys.sign_key)) {
        error = nrs_store_slot_place_get(core->store, position_out, rank_out, sealed_id, nrs_slice_of(before, sizeof before));
    }
    return error;
}

nrs_error nrs_slots_position(nrs_core *core, uint64_t *position_out, nrs_slot_rank *rank_out, const uint8_t sealed_id[NRS_HASH_SIZE], const nrs_peer *peer)
{
    struct { uint64_t position; uint32_t rank; } places[4] = {{0, 0}, {0, NRS_SLOT_ORIGINAL}, {0, NRS_SLOT_ORIGINAL}, {0, 0}};
    uint64_t found = 0;
    uint32_t rank = NRS_SLOT_NONE;
    nrs_error error = later_place(core, &places[0].position, &places[0].rank, sealed_id, peer);

    if (error == NRS_OK) { /* of the first ones with the report */
        error = nrs_store_log_find(core->store, &places[1].position, sealed_id);
    }
    if (error == NRS_OK) { /* and by themselves */
        error = nrs_store_slot_place_get(core->store, &places[2].position, NULL, sealed_id, nrs_slice_of(NULL, 0));
    }
    if (error == NRS_OK && places[0].rank < NRS_SLOT_ORIGINAL) { /* what another has given comes after the originator's first */
        places[3] = places[0];
        places[0].position = 0;
    }
    for (size_t i = 0; error == NRS_OK && found == 0 && i < sizeof places / sizeof places[0]; i++) {
        bool has = false;

        error = places[i].position == 0 ? NRS_OK : has_slots(core, &has, places[i].position, peer);
        found = has ? places[i].position : 0;
        rank = has ? places[i].rank : rank;
    }
    if (error == NRS_OK) {
        *position_out = found;
        if (rank_out != NULL) {
            *rank_out = (nrs_slot_rank)rank;
        }
    }
    return error;
}

nrs_error nrs_granted_to(nrs_core *core, bool *granted_out, const uint8_t sealed_id[NRS_HASH_SIZE], const nrs_peer *peer, nrs_slot_rank least)
{
    const nrs_log_entry *entry;
    nrs_reader_facts facts = {0};
    nrs_slot_rank rank = NRS_SLOT_NONE;
    uint64_t position = 0;
    nrs_error error = nrs_slots_position(core, &position, &rank, sealed_id, peer);

    *granted_out = error == NRS_OK && position != 0 && rank >= least;
    if (error != NRS_OK || *granted_out) {
        return error;
    }
    error = nrs_store_log_find(core->store, &position, sealed_id);
    if (error != NRS_OK || position == 0) {
        return error;
    }
    error = nrs_log_entry_at(core, &entry, position);
    if (error == NRS_OK && entry->audience != NULL) { /* CLEAR */
        error = nrs_audience_names_org(core, &facts, entry->audience, peer);
        *granted_out = error == NRS_OK && (facts.org_named || facts.community_named || facts.person_named);
    }
    return error;
}

/* ---- Requests ---- */

/* Whether one more report is looked for at the peer's request: asked before each look-up, since that is what costs, and counted whether or
 * not anything is sent. */
static bool within_limit(nrs_core *core, nrs_peer *peer)
{
    if (peer->resent_count == 0 || core->monotonic_ms >= peer->resent_ms + NRS_MINUTE_MS) {
        peer->resent_ms = core->monotonic_ms;
        peer->resent_count = 0;
    }
    peer->resent_count++;
    return peer->resent_count <= REQUESTS_PER_MINUTE;
}

/* The row's id is the same for a while: a second request for the same changes nothing. */
static nrs_error add_row(nrs_core *core, const nrs_peer *peer, const nrs_sealed_view *view)
{
    const uint64_t period = core->now_ms / SAME_AGAIN_MS;
    const nrs_slice parts[] = {nrs_slice_of(peer->keys.sign_key, NRS_KEY_SIZE), nrs_slice_of(view->id, NRS_HASH_SIZE),
                               nrs_slice_of((const uint8_t *)&period, sizeof period)};
    uint8_t id[NRS_HASH_SIZE], content[ROW_SIZE];
    uint64_t position = 0;
    nrs_log_row row = {.type = NRS_LOG_RESEND, .id = id, .record = nrs_slice_of(content, sizeof content), .owner = nrs_slice_of(id, sizeof id),
                       .received_ms = core->now_ms, .expires_ms = view->header->expires_ms};
    nrs_error error;

    nrs_hash(id, sizeof id, NRS_DOMAIN_RESEND, parts, sizeof parts / sizeof parts[0]);
    memcpy(content, peer->keys.sign_key, NRS_KEY_SIZE);
    memcpy(content + NRS_KEY_SIZE, view->id, NRS_HASH_SIZE);
    error = nrs_store_log_append(core->store, &position, &row);
    return error == NRS_ERROR_EXISTS ? NRS_OK : error;
}

/* The caller has asked for the limit. */
static nrs_error resend(nrs_core *core, nrs_peer *peer, const uint8_t community[NRS_HASH_SIZE], const uint8_t sealed_id[NRS_HASH_SIZE])
{
    nrs_sealed_view *view = NULL;
    uint64_t position;
    bool granted = false;
    nrs_error error;

    if (nrs_withdrawn(core, sealed_id)) {
        return NRS_OK;
    }
    error = nrs_log_sealed(core, &view, &position, sealed_id);
    if (error == NRS_ERROR_NOT_FOUND) {
        return NRS_OK; /* not here */
    }
    if (error == NRS_OK && nrs_withheld_may_resend(core, view->header) && !nrs_clock_expired(core, view->header->expires_ms) && memcmp(view->header->community.data, community, NRS_HASH_SIZE) == 0) {
        error = nrs_granted_to(core, &granted, view->id, peer, NRS_SLOT_RELEASED);
    }
    if (error == NRS_OK && granted) {
        error = add_row(core, peer, view);
    }
    nrs_sealed_view_free(&view);
    return error;
}

static uint64_t read_u64(const uint8_t *data)
{
    uint64_t value = 0;

    for (size_t i = 0; i < 8; i++) {
        value |= (uint64_t)data[i] << (8 * i);
    }
    return value;
}

/* To its originator: a stream and the first and last number. */
static nrs_error resend_range(nrs_core *core, nrs_peer *from, const uint8_t community[NRS_HASH_SIZE], const uint8_t *range)
{
    const uint64_t first = read_u64(range + NRS_HASH_SIZE), last = read_u64(range + NRS_HASH_SIZE + 8);
    uint64_t after = first == 0 ? 0 : first - 1;
    uint8_t key[NRS_HASH_SIZE];
    nrs_stream_item item;
    nrs_error error = NRS_OK;

    nrs_stream_key(key, core->self.sign_key, community, range);
    while (error == NRS_OK && after < last && within_limit(core, from)) {
        error = nrs_store_item_above(core->store, &item, key, after);
        if (error == NRS_OK && item.sequence > last) {
            break;
        }
        if (error == NRS_OK) {
            error = resend(core, from, community, item.id);
            after = item.sequence;
        }
    }
    return error == NRS_ERROR_NOT_FOUND ? NRS_OK : error;
}

/* To a hub: places, of which it knows those it took lately, and the id of the last, when that is known. */
static nrs_error resend_places(nrs_core *core, nrs_peer *from, const uint8_t community[NRS_HASH_SIZE], const nrs_statement *statement)
{
    nrs_error error = NRS_OK;

    if (statement->reference.len == NRS_HASH_SIZE && within_limit(core, from)) {
        error = resend(core, from, community, statement->reference.data);
    }
    for (size_t at = 0; error == NRS_OK && at + NRS_HASH_SIZE <= statement->detail.len; at += NRS_HASH_SIZE) {
        const uint8_t *place = statement->detail.data + at;
        size_t way = 0;

        /* Of each who bears the place: whose it is the asker alone knows, and has it or not by its slot. */
        while (error == NRS_OK && nrs_equivocation_known(core, &way, place)) {
            nrs_sealed_view *view = NULL;

            if (!within_limit(core, from)) {
                return NRS_OK;
            }
            error = nrs_equivocation_recall(core, &view, &way, place);
            if (error == NRS_OK) {
                error = resend(core, from, community, view->id);
            }
            nrs_sealed_view_free(&view);
        }
        error = error == NRS_ERROR_NOT_FOUND ? NRS_OK : error;
    }
    return error;
}

nrs_error nrs_resend_take(nrs_core *core, nrs_peer *from, const uint8_t community[NRS_HASH_SIZE], const nrs_statement *statement)
{
    const nrs_community *held = nrs_community_by_id(core, community);

    if (held == NULL || !nrs_peer_member(core, from, held)) {
        return NRS_OK;
    }
    if (statement->detail.len == NRS_MISSING_RANGE_SIZE) {
        return resend_range(core, from, community, statement->detail.data);
    }
    return held->hub ? resend_places(core, from, community, statement) : NRS_OK;
}

/* ---- On its way ---- */

static void put(nrs_relay_item *item)
{
    item->records[item->count] = nrs_slice_of_bytes(&item->held[item->held_count]);
    item->held_count++;
    item->count++;
}

/* slots: the first slots that stand with a report, in place of the report. */
static nrs_error put_entry(nrs_core *core, nrs_relay_item *item, uint64_t position, bool slots)
{
    const nrs_log_entry *entry;
    const nrs_bytes *record = NULL;
    nrs_error error = nrs_log_entry_at(core, &entry, position);

    if (error == NRS_OK) {
        record = slots && entry->type == NRS_RECORD_SEALED ? &entry->slots_record : &entry->record;
        error = record->size == 0 ? NRS_ERROR_NOT_FOUND : NRS_OK;
    }
    if (error == NRS_OK) {
        error = nrs_bytes_copy(&item->held[item->held_count], nrs_slice_of_bytes(record));
    }
    if (error == NRS_OK) {
        put(item);
    }
    return error;
}

/* The slots of the one who asked, or for a hub on the way the whole table. */
static nrs_error put_slots(nrs_core *core, nrs_relay_item *item, uint64_t table_position, const nrs_peer *asked)
{
    size_t indices[NRS_RELAY_RECORDS_MAX];
    const nrs_log_entry *entry;
    size_t count = 0, room = NRS_RELAY_RECORDS_MAX - item->count;
    nrs_error error;

    if (asked == NULL) {
        return put_entry(core, item, table_position, true);
    }
    error = nrs_log_entry_at(core, &entry, table_position);
    if (error == NRS_OK && entry->slots != NULL) {
        count = nrs_relay_slots_of(core, indices, room, entry->slots, asked);
    }
    for (size_t i = 0; error == NRS_OK && i < count && i < room; i++) {
        error = nrs_slots_path_record(&item->held[item->held_count], entry->slots, indices[i]);
        if (error == NRS_OK) {
            put(item);
        }
    }
    return error;
}

/* What holds when a slot is first handed over holds each time (relay.c, relay_onward.c): the duties, and for whom another than the
 * originator let in, that its grant is still in force and covers it. table: NULL where the report has no slots. Out: terms_out: of
 * another's grant, and only then. */
static nrs_error may_have(nrs_core *core, bool *may_out, nrs_grant_terms *terms_out, const nrs_log_entry *table, const nrs_sealed_view *view, const nrs_peer *asked)
{
    nrs_grant_terms terms = {.target = NULL};
    nrs_error error;

    NRS_ASSERT(may_out != NULL);
    if (table == NULL || table->grant == NULL) {
        error = nrs_duty_check(core, view->header, NRS_PLACE_DELIVER, 0, asked->org);
    } else {
        error = nrs_grant_terms_of(core, &terms, view, table->grant);
        if (error == NRS_OK && (terms.target == NULL || !nrs_peer_member(core, asked, terms.target))) {
            error = NRS_ERROR_NOT_MEMBER;
        }
        if (error == NRS_OK) {
            error = nrs_terms_cover(core, view->header, &terms, asked->keys.sign_key);
        }
        if (error == NRS_OK) {
            error = nrs_onward_duty(core, view->header, terms.label, NRS_PLACE_DELIVER, 0, terms.target, asked->keys.sign_key);
        }
    }
    *may_out = error == NRS_OK;
    *terms_out = terms;
    return nrs_error_is_verdict(error) ? NRS_OK : error;
}

nrs_error nrs_resend_route(nrs_core *core, nrs_relay_item *item_out, const nrs_log_entry *entry, const nrs_link *link)
{
    uint8_t sealed_id[NRS_HASH_SIZE];
    const nrs_peer *asked = NULL;
    const nrs_community *community = NULL;
    const nrs_log_entry *table = NULL;
    nrs_sealed_view *view = NULL;
    nrs_grant_terms terms;
    uint64_t position = 0, table_position = 0, grant_position = 0;
    bool direct, by_hub, onward = false, may = false;
    nrs_error error;

    if (entry->record.size != ROW_SIZE || (asked = nrs_peer_by_sign(core, entry->record.data)) == NULL) {
        return NRS_OK;
    }
    memcpy(sealed_id, entry->record.data + NRS_KEY_SIZE, NRS_HASH_SIZE); /* `entry` may be gone after the next look-up */
    error = nrs_withdrawn(core, sealed_id) ? NRS_ERROR_NOT_FOUND : nrs_log_sealed(core, &view, &position, sealed_id);
    if (error != NRS_OK) {
        return error == NRS_ERROR_NOT_FOUND ? NRS_OK : error;
    }
    community = nrs_community_by_id(core, view->header->community.data);
    direct = link->peer == asked;
    by_hub = community != NULL && nrs_peer_hub(core, link->peer, community) && memcmp(view->header->originator.data, core->self.sign_key, NRS_KEY_SIZE) == 0;
    if (community == NULL || !nrs_peer_member(core, asked, community) || !nrs_peer_member(core, link->peer, community) || (!direct && !by_hub)) {
        goto out;
    }
    error = nrs_slots_position(core, &table_position, NULL, sealed_id, asked);
    if (error == NRS_OK && table_position != 0) {
        error = nrs_log_entry_at(core, &table, table_position);
        grant_position = error == NRS_OK ? table->grant_position : 0;
        onward = error == NRS_OK && table->grant != NULL;
    }
    if (error == NRS_OK) {
        error = may_have(core, &may, &terms, table, view, asked);
    }
    if (error == NRS_OK && !may) {
        goto out;
    }
    if (error == NRS_OK && onward) { /* nobody takes a grant before what it stands on */
        error = nrs_relay_add_chain(core, item_out, position, &terms, grant_position, terms.target == community);
    } else if (error == NRS_OK) {
        error = put_entry(core, item_out, position, false);
        if (error == NRS_OK && grant_position != 0) {
            error = put_entry(core, item_out, grant_position, false);
        }
    }
    if (error == NRS_OK && table_position != 0) {
        error = put_slots(core, item_out, table_position, direct ? asked : NULL);
    }
    if (error == NRS_ERROR_NOT_FOUND) { /* dropped meanwhile */
        nrs_relay_item_wipe(item_out);
        error = NRS_OK;
    }
out:
    nrs_sealed_view_free(&view);
    return error;
}
