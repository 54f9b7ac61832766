/* Two different reports of one originator under one number (SPEC 6.8): the places in their signed headers are the same, and these
 * two headers with their signatures prove it to anyone, whether or not he may read the reports. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audit/audit.h"
#include "store/withheld.h"
#include "link/receive.h"
#include "stream/stream.h"

#define PLACES_REMEMBERED 65536u
#define PLACE_WAYS 4u /* reports that bear one place: it is no secret, and whoever copies it takes nobody else's room */
#define PROOFS_PER_ORIGINATOR 16u /* more say nothing new */
#define PROOF_LIFE_MS (2 * NRS_REPORT_LIFE_MS_MAX) /* for as long a hub passes it on */
#define WARNED_MAX 16u

/* What a hub took lately, by the beginning of the place, in rows of PLACE_WAYS: a newer one takes the room of the same originator's under this
 * place, else of the oldest in its row. */
typedef struct remembered {
    uint64_t prefix, position;
} remembered;

typedef struct nrs_place_memory {
    remembered slots[PLACES_REMEMBERED];
} nrs_place_memory;

void nrs_equivocation_wipe(nrs_core *core)
{
    free(core->places);
    core->places = NULL;
}

static uint64_t prefix_of(const uint8_t *place)
{
    uint64_t prefix;

    memcpy(&prefix, place, sizeof prefix);
    return prefix;
}

static remembered *row_of(nrs_core *core, uint64_t prefix)
{
    return &core->places->slots[(prefix % (PLACES_REMEMBERED / PLACE_WAYS)) * PLACE_WAYS];
}

bool nrs_equivocation_known(nrs_core *core, size_t *way, const uint8_t place[NRS_HASH_SIZE])
{
    const uint64_t prefix = prefix_of(place);
    const remembered *row = core->places == NULL ? NULL : row_of(core, prefix);

    while (row != NULL && *way < PLACE_WAYS && (row[*way].position == 0 || row[*way].prefix != prefix)) {
        (*way)++;
    }
    return row != NULL && *way < PLACE_WAYS;
}

nrs_error nrs_equivocation_recall(nrs_core *core, nrs_sealed_view **view_out, size_t *way, const uint8_t place[NRS_HASH_SIZE])
{
    for (; nrs_equivocation_known(core, way, place); (*way)++) {
        const nrs_log_entry *entry;
        nrs_error error = nrs_log_entry_at(core, &entry, row_of(core, prefix_of(place))[*way].position);

        if (error != NRS_OK && error != NRS_ERROR_NOT_FOUND) {
            return error;
        }
        if (error == NRS_OK && entry->view != NULL && nrs_slice_equal(nrs_field(&entry->view->header->place), nrs_slice_of(place, NRS_HASH_SIZE))) {
            *view_out = nrs_sealed_view_share(entry->view);
            (*way)++;
            return NRS_OK;
        }
    }
    return NRS_ERROR_NOT_FOUND;
}

static bool same_maker(const nrs_sealed_view *one, const nrs_sealed_view *other)
{
    return nrs_slice_equal(nrs_field(&one->header->originator), nrs_field(&other->header->originator)) &&
           nrs_slice_equal(nrs_field(&one->header->community), nrs_field(&other->header->community));
}

/* Another report of the same originator and community under this place, and where it is remembered; NULL, and where there is room. */
static nrs_error recall_own(nrs_core *core, nrs_sealed_view **other_out, remembered **slot_out, const nrs_sealed_view *view)
{
    const uint8_t *place = view->header->place.data;
    remembered *row = row_of(core, prefix_of(place));
    nrs_sealed_view *other = NULL;
    size_t way = 0;
    nrs_error error = NRS_OK;

    *other_out = NULL;
    *slot_out = &row[0];
    for (size_t i = 1; i < PLACE_WAYS; i++) {
        *slot_out = row[i].position < (*slot_out)->position ? &row[i] : *slot_out;
    }
    while (error == NRS_OK && *other_out == NULL) {
        error = nrs_equivocation_recall(core, &other, &way, place);
        if (error == NRS_OK && same_maker(other, view)) {
            *other_out = other;
            *slot_out = &row[way - 1];
            other = NULL;
        }
        nrs_sealed_view_free(&other);
    }
    return error == NRS_ERROR_NOT_FOUND ? NRS_OK : error;
}

/* ---- Proofs ---- */

static bool kept_enough(nrs_core *core, nrs_error *error, const uint8_t *originator)
{
    size_t count = 0;

    *error = nrs_store_equivocation_count(core->store, &count, originator);
    return *error != NRS_OK || count >= PROOFS_PER_ORIGINATOR;
}

/* Keep it, tell of it, and pass it on. A proof against this node itself: a copy of its store is at work, and what is sent from now on
 * is counted anew. */
static nrs_error keep_proof(nrs_core *core, const nrs_equivocation_row *row, nrs_slice record, nrs_slice source)
{
    const nrs_peer *peer = nrs_peer_by_sign(core, row->originator);
    bool own = memcmp(row->originator, core->self.sign_key, NRS_KEY_SIZE) == 0;
    uint8_t id[NRS_HASH_SIZE];
    bool new = false;
    nrs_error error;

    if (kept_enough(core, &error, row->originator)) {
        return error;
    }
    error = nrs_store_equivocation_add(core->store, &new, row);
    if (error != NRS_OK || !new) {
        return error;
    }
    nrs_record_id(id, record);
    error = nrs_log_add(core, NULL, NRS_RECORD_EQUIVOCATION, id, record, nrs_slice_of(id, sizeof id), source, core->now_ms + PROOF_LIFE_MS);
    if (error == NRS_ERROR_EXISTS) {
        error = NRS_OK;
    }
    if (error == NRS_OK && own) {
        core->sent_held = false;
        error = nrs_store_sent_stream_clear(core->store);
        error = error == NRS_OK ? nrs_store_vouch_count_clear(core->store) : error;
    }
    if (error == NRS_OK) {
        const nrs_audit_what what = {.event = NRS_AUDIT_ALARM, .rule = NRS_ERROR_FORGED, .org = own || peer == NULL ? NULL : peer->org,
                                     .detail = own ? "this node sent two reports under one number" : "two reports under one number"};

        error = nrs_audit_add(core, &what);
    }
    nrs_core_log(core, NRS_ERROR_FORGED, "%s has sent two different reports under one number%s", own ? core->org : peer == NULL ? "an organisation" : peer->org,
                 own ? ": is a copy of this node's folder in use?" : "");
    return error;
}

static nrs_error prove(nrs_core *core, const nrs_sealed_view *one, const nrs_sealed_view *other)
{
    nrs_equivocation_row row = {.at_ms = core->now_ms};
    bool ascending = memcmp(one->id, other->id, NRS_HASH_SIZE) < 0;
    nrs_bytes record = {0};
    nrs_error error = nrs_equivocation_make(&record, one, other);

    if (error == NRS_OK) {
        memcpy(row.originator, one->header->originator.data, NRS_KEY_SIZE);
        memcpy(row.community, one->header->community.data, NRS_HASH_SIZE);
        memcpy(row.place, one->header->place.data, NRS_HASH_SIZE);
        memcpy(row.ids[0], ascending ? one->id : other->id, NRS_HASH_SIZE);
        memcpy(row.ids[1], ascending ? other->id : one->id, NRS_HASH_SIZE);
        error = keep_proof(core, &row, nrs_slice_of_bytes(&record), nrs_slice_of(NULL, 0));
    } else if (error == NRS_ERROR_FORGED) {
        error = NRS_OK; /* the beginnings of their places agree, no more */
    }
    nrs_bytes_wipe(&record);
    return error;
}

nrs_error nrs_equivocation_found(nrs_core *core, const nrs_sealed_view *view, const uint8_t other_id[NRS_HASH_SIZE])
{
    nrs_sealed_view *other = NULL;
    uint64_t position;
    nrs_error error = nrs_log_sealed(core, &other, &position, other_id);

    if (error == NRS_OK) {
        error = prove(core, view, other);
    } else if (error == NRS_ERROR_NOT_FOUND) { /* forgotten: seen, and no longer to be proven */
        nrs_core_log(core, NRS_ERROR_FORGED, "a report stands under a number that a forgotten one had");
        error = NRS_OK;
    }
    nrs_sealed_view_free(&other);
    return error;
}

nrs_error nrs_equivocation_watch(nrs_core *core, nrs_sealed_view *view, uint64_t position)
{
    nrs_sealed_view *other = NULL;
    remembered *slot = NULL;
    nrs_error error;

    if (!nrs_header_counted(view->header)) {
        return NRS_OK;
    }
    if (core->places == NULL) {
        core->places = calloc(1, sizeof *core->places);
        if (core->places == NULL) {
            return NRS_ERROR_NO_MEMORY;
        }
    }
    error = recall_own(core, &other, &slot, view);
    if (error == NRS_OK && other != NULL) {
        error = prove(core, view, other);
    }
    nrs_sealed_view_free(&other);
    if (slot != NULL) {
        *slot = (remembered){prefix_of(view->header->place.data), position};
    }
    return error;
}

/* A proof needs no trust in who brings it: any member may, and it may be about one who has left. */
nrs_error nrs_equivocation_receive(nrs_core *core, nrs_slice record, nrs_slice payload, nrs_peer *from)
{
    nrs_equivocation_view view = {0};
    nrs_equivocation_row row = {.at_ms = core->now_ms};
    const nrs_community *community;
    uint8_t id[NRS_HASH_SIZE];
    uint64_t position = 0;
    nrs_error error;

    nrs_record_id(id, record);
    error = nrs_store_log_find(core->store, &position, id);
    if (error != NRS_OK || position != 0) {
        return error;
    }
    error = nrs_equivocation_verify(&view, payload);
    if (error != NRS_OK) {
        return error;
    }
    community = nrs_community_by_id(core, view.headers[0]->community.data);
    if (community == NULL || !nrs_peer_member(core, from, community) || (!community->hub && !nrs_peer_hub(core, from, community))) {
        error = NRS_ERROR_NOT_MEMBER;
    } else {
        memcpy(row.originator, view.headers[0]->originator.data, NRS_KEY_SIZE);
        memcpy(row.community, community->id, NRS_HASH_SIZE);
        memcpy(row.place, view.headers[0]->place.data, NRS_HASH_SIZE);
        memcpy(row.ids, view.ids, sizeof row.ids);
        error = keep_proof(core, &row, record, nrs_slice_of(from->keys.sign_key, NRS_KEY_SIZE));
    }
    nrs_equivocation_view_wipe(&view);
    return error;
}

/* To the hubs, to whom either report was granted, and to the one it is about: it discloses two headers, which concern nobody else. */
nrs_error nrs_equivocation_route(nrs_core *core, nrs_relay_item *item_out, const nrs_log_entry *entry, const nrs_link *link)
{
    const nrs_peer *peer = link->peer;
    nrs_equivocation_view view = {0};
    const nrs_community *community = NULL;
    nrs_record *outer = NULL;
    bool wanted = false, own = entry->own;
    nrs_bytes *held = &item_out->held[0];
    nrs_error error = nrs_bytes_copy(held, nrs_slice_of_bytes(&entry->record)); /* `entry` may be gone after the next look-up */

    item_out->held_count = 1;
    if (error == NRS_OK) {
        error = nrs_record_decode(&outer, nrs_slice_of_bytes(held));
    }
    if (error == NRS_OK) {
        error = nrs_equivocation_parse(&view, nrs_field(&outer->payload));
    }
    if (error != NRS_OK) {
        goto out;
    }
    community = nrs_community_by_id(core, view.headers[0]->community.data);
    if (community == NULL || !nrs_peer_member(core, peer, community) || (!own && !community->hub)) {
        goto out;
    }
    wanted = nrs_peer_hub(core, peer, community) ||
             (community->hub && memcmp(peer->keys.sign_key, view.headers[0]->originator.data, NRS_KEY_SIZE) == 0);
    for (size_t i = 0; error == NRS_OK && !wanted && community->hub && i < 2; i++) {
        error = nrs_granted_to(core, &wanted, view.ids[i], peer, NRS_SLOT_RELEASED);
    }
    if (error == NRS_OK && wanted) {
        item_out->records[0] = nrs_slice_of_bytes(held);
        item_out->count = 1;
    }
out:
    nrs_record_free(&outer);
    nrs_equivocation_view_wipe(&view);
    return error;
}

/* ---- Showing ---- */

typedef struct shown {
    nrs_core *core;
    json_t *rows;
    size_t count;
    bool sentences;
} shown;

static nrs_error show(void *context, const nrs_equivocation_row *equivocation)
{
    shown *to = context;
    const nrs_community *community = nrs_community_by_id(to->core, equivocation->community);
    char from[NRS_ADDRESS_SIZE_MAX + 1], text[NRS_MESSAGE_SIZE_MAX], ids[2][17] = {{0}};
    nrs_row row;

    nrs_command_org(to->core, from, equivocation->community, equivocation->originator);
    to->count++;
    if (!to->sentences) {
        row = nrs_row_begin();
        nrs_row_text(&row, "from", from);
        nrs_row_text(&row, "community", community == NULL ? NULL : community->roster->id);
        nrs_row_hex(&row, "first", equivocation->ids[0], NRS_HASH_SIZE);
        nrs_row_hex(&row, "second", equivocation->ids[1], NRS_HASH_SIZE);
        nrs_row_time(&row, "at", equivocation->at_ms);
        return nrs_row_end(&row, to->rows);
    }
    if (to->count > WARNED_MAX) {
        return NRS_ERROR_LIMIT;
    }
    nrs_hex_encode(ids[0], equivocation->ids[0], 6);
    nrs_hex_encode(ids[1], equivocation->ids[1], 6);
    if (memcmp(equivocation->originator, to->core->self.sign_key, NRS_KEY_SIZE) == 0) {
        (void)snprintf(text, sizeof text, "two reports of this node bear one number (%s and %s): see whether a copy of its folder is in use", ids[0], ids[1]);
    } else {
        (void)snprintf(text, sizeof text, "%s has sent two different reports under one number (%s and %s): this is proven; ask it which one holds", from,
                       ids[0], ids[1]);
    }
    return nrs_array_text(to->rows, text);
}

nrs_error nrs_equivocation_rows(nrs_core *core, json_t *rows)
{
    shown to = {.core = core, .rows = rows};

    return nrs_store_equivocation_each(core->store, show, &to);
}

nrs_error nrs_equivocation_warn(nrs_core *core, json_t *warnings)
{
    shown to = {.core = core, .rows = warnings, .sentences = true};

    return nrs_store_equivocation_each(core->store, show, &to);
}
