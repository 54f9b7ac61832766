/* Frames in: what a peer sends on a link that stands (SPEC 10.1, 10.3). */
#include <stdlib.h>
#include <string.h>

#include "audit/audit.h"
#include "link/link.h"
#include "link/link_frame.h"
#include "link/look_up.h"
#include "link/receive.h"
#include "prekeys/key_change.h"
#include "proto/carrier.h"

static uint64_t clamp_window(uint64_t window)
{
    return window < NRS_LINK_WINDOW_MIN ? NRS_LINK_WINDOW_MIN : window > NRS_LINK_WINDOW_MAX ? NRS_LINK_WINDOW_MAX : window;
}

static nrs_error take_hello(nrs_core *core, nrs_link *link, nrs_slice payload)
{
    nrs_hello *hello = NULL;
    nrs_error error = nrs_hello_decode(&hello, payload);

    if (error != NRS_OK) {
        return error;
    }
    if (hello->version_min > NRS_LINK_VERSION || hello->version_max < NRS_LINK_VERSION) {
        error = NRS_ERROR_UNKNOWN_SUITE;
        goto out;
    }
    if (link->state == NRS_LINK_UP || hello->answer != link->outgoing) {
        error = NRS_ERROR_MALFORMED; /* one hello on a link: who starts again needs a new one, and its queue ends with the old */
        goto out;
    }
    if (memcmp(hello->org.data, link->peer->keys.sign_key, NRS_KEY_SIZE) != 0) {
        error = NRS_ERROR_FORGED; /* the link's key belongs to another organisation */
        goto out;
    }
    error = nrs_link_start(core, link, hello);
    if (error == NRS_OK && !hello->answer) {
        error = nrs_link_send_hello(core, link, true);
    }
out:
    nrs_hello_free(&hello);
    return error;
}

/* The copy in the store is written now and then. That there is one at all is written at once: after a start it tells a peer that goes on in
 * the log from one that begins with it (roster/told_again.c). */
static nrs_error note_sent(nrs_core *core, nrs_peer *peer, uint64_t position)
{
    const bool first = peer->sent_position == 0 && position > 0;

    peer->sent_position = position;
    peer->sent_dirty = true;
    return first ? nrs_store_sent_set(core->store, peer->keys.sign_key, position) : NRS_OK;
}

/* Where to go on with a peer, by what it says it holds of our log. More than there is of a part: it has seen another log, of which this
 * store is an older copy. Out: error BUSY when the link must be begun anew, under the name of another part. */
static nrs_error resume_position(nrs_core *core, uint64_t *position_out, const nrs_link *link, const nrs_hello *hello)
{
    nrs_log_claim claim;
    nrs_error error = NRS_OK;

    *position_out = 0;
    if (hello->peer_log.len != NRS_LOG_ID_SIZE) {
        return NRS_OK;
    }
    claim = nrs_store_log_claim(core->store, position_out, hello->peer_log.data, hello->position);
    switch (claim) {
    case NRS_LOG_CLAIM_HELD:
    case NRS_LOG_CLAIM_NOTHING:
        break;
    case NRS_LOG_CLAIM_UNKNOWN:
    case NRS_LOG_CLAIM_OLDER:
        error = nrs_older_found(core, link->peer);
        break;
    case NRS_LOG_CLAIM_AHEAD:
        error = nrs_older_found(core, link->peer);
        if (error == NRS_OK) {
            error = nrs_log_part_disown(core, hello->peer_log.data, link);
        }
        return error == NRS_OK ? NRS_ERROR_BUSY : error;
    }
    return error;
}

/* Where the peer's log is heard from: under another name from the beginning, or from where it says that this goes on. */
static nrs_error start_held(nrs_core *core, nrs_link *link, const nrs_hello *hello)
{
    uint8_t incarnation[NRS_LOG_ID_SIZE], held_incarnation[NRS_LOG_ID_SIZE];
    uint64_t held = 0, again = 0, confirmed = 0;
    nrs_error error = nrs_link_held(core, incarnation, &held, &again, link);

    if (error == NRS_OK) {
        error = nrs_store_held_get(core->store, held_incarnation, &confirmed, link->peer->keys.sign_key);
    }
    if (error != NRS_OK) {
        return error;
    }
    memcpy(link->peer_log, hello->log.data, NRS_LOG_ID_SIZE);
    link->again_stored = again;
    if (memcmp(incarnation, hello->log.data, NRS_LOG_ID_SIZE) == 0) {
        link->held_position = held;
        link->confirmed_position = confirmed;
        link->again_position = held < confirmed ? 0 : again; /* heard again from there on, it may be found anew */
    } else {
        link->held_position = link->confirmed_position = 0;
        link->again_position = link->hear == NRS_HEAR_AGAIN ? 0 : again;
    }
    return NRS_OK;
}

/* What the peer holds of our log, and what we hold of its log, decide where either side goes on. */
nrs_error nrs_link_start(nrs_core *core, nrs_link *link, const nrs_hello *hello)
{
    uint64_t resume = 0;
    nrs_error error = start_held(core, link, hello);

    if (error == NRS_OK) {
        error = resume_position(core, &resume, link, hello);
    }
    if (error != NRS_OK) {
        return error;
    }
    if (link->again_position == 0 && nrs_link_away(core, link)) {
        link->again_position = link->held_position + 1;
    }
    link->scan_position = resume;
    nrs_link_flight_clear(core, link);
    link->window = clamp_window(hello->window);
    link->clock_offset_ms = (int64_t)hello->now_ms - (int64_t)core->monotonic_ms;
    nrs_clock_news(core);
    free(link->heads);
    link->head_count = 0;
    link->heads = calloc(hello->n_heads + 1, sizeof *link->heads);
    if (link->heads == NULL) {
        return NRS_ERROR_NO_MEMORY;
    }
    for (size_t i = 0; i < hello->n_heads; i++) {
        memcpy(link->heads[i].community, hello->heads[i]->community.data, NRS_HASH_SIZE);
        link->heads[i].version = hello->heads[i]->version;
        memcpy(link->heads[i].hash, hello->heads[i]->hash.data, NRS_HASH_SIZE);
        link->head_count++;
    }
    link->rosters_due = true;
    if (link->state != NRS_LINK_UP) {
        link->up_ms = core->now_ms;
        nrs_core_complain(core, link->peer, NRS_OK, "link up");
    }
    link->state = NRS_LINK_UP;
    link->peer->failure = NRS_OK;
    return note_sent(core, link->peer, link->scan_position);
}

/* A confirmation holds so many refusals and deferrals; a full one leaves at once, that is after the commit, and another is
 * begun. */
static nrs_error make_room(nrs_core *core, nrs_link *link)
{
    nrs_error error;

    if (link->confirm.n_refusals < NRS_ITEM_COUNT_MAX && link->confirm.n_deferred < NRS_ITEM_COUNT_MAX) {
        return NRS_OK;
    }
    link->confirm.position = link->held_position;
    error = nrs_link_send_confirm(core, link);
    nrs_link_confirm_clear(link);
    return error;
}

static nrs_error add_refusal(nrs_link *link, uint64_t position, nrs_error cause)
{
    Nrs__Wire__Refusal **list = realloc(link->confirm.refusals, (link->confirm.n_refusals + 1) * sizeof *list);
    Nrs__Wire__Refusal *refusal;

    if (list == NULL) {
        return NRS_ERROR_NO_MEMORY;
    }
    link->confirm.refusals = list;
    refusal = malloc(sizeof *refusal);
    if (refusal == NULL) {
        return NRS_ERROR_NO_MEMORY;
    }
    nrs__wire__refusal__init(refusal);
    refusal->position = position;
    refusal->error = (uint32_t)cause;
    list[link->confirm.n_refusals] = refusal;
    link->confirm.n_refusals++;
    return NRS_OK;
}

static nrs_error add_deferred(nrs_link *link, uint64_t position)
{
    uint64_t *list = realloc(link->confirm.deferred, (link->confirm.n_deferred + 1) * sizeof *list);

    if (list == NULL) {
        return NRS_ERROR_NO_MEMORY;
    }
    list[link->confirm.n_deferred] = position;
    link->confirm.deferred = list;
    link->confirm.n_deferred++;
    return NRS_OK;
}

/* One item: all its records are tried; the first refusal is told to the peer. Out: refused_out: NRS_OK or that refusal. */
static nrs_error take_item(nrs_core *core, nrs_error *refused_out, nrs_link *link, const nrs_item *item)
{
    nrs_error refused = NRS_OK;
    bool deferred = false;
    nrs_error error = NRS_OK;

    for (size_t i = 0; i < item->record_count; i++) {
        nrs_slice following = i + 1 < item->record_count ? item->records[i + 1] : nrs_slice_of(NULL, 0);
        const uint64_t written = nrs_store_changes(core->store);
        bool both = false;
        core->no_room = false;
        error = nrs_receive_records(core, &both, item->records[i], following, link->peer);
        if (error != NRS_OK && nrs_error_is_fatal(error)) {
            return error;
        }
        if (nrs_error_is_passing(error)) { /* not confirmed, so that the peer comes again with it: it must find nothing of it here */
            core->half_done = core->half_done || nrs_store_changes(core->store) != written;
            return error;
        }
        if (error == NRS_ERROR_LIMIT && core->no_room) { /* the whole item is asked for again; later ones are taken: they may be what makes room */
            link->again_position = link->again_position != 0 ? link->again_position : item->position;
            link->peer->room_again = true;
            deferred = true;
            refused = NRS_OK;
            break;
        }
        if (error == NRS_ERROR_DEFERRED) {
            deferred = true;
        } else if (error != NRS_OK && refused == NRS_OK) {
            refused = error;
        }
        i += both ? 1 : 0;
    }
    error = make_room(core, link);
    if (error == NRS_OK && refused != NRS_OK) {
        error = add_refusal(link, item->position, refused);
    } else if (error == NRS_OK && deferred) {
        error = add_deferred(link, item->position);
    }
    *refused_out = refused;
    return error;
}

/* Position 0: rosters, proofs of forks and what belongs to them, as if they stood in no log. Whoever misses one says so in its next hello. */
static nrs_error take_loose(nrs_core *core, nrs_link *link, const nrs_item *item)
{
    for (size_t i = 0; i < item->record_count; i++) {
        const uint64_t written = nrs_store_changes(core->store);
        nrs_error error = nrs_receive_loose(core, item->records[i], link->peer);

        if (nrs_error_is_passing(error)) {
            core->half_done = core->half_done || nrs_store_changes(core->store) != written;
        }
        if (error == NRS_ERROR_ROSTER_GAP || (error != NRS_OK && !nrs_error_is_verdict(error))) {
            return error; /* a gap ends the link, and so does a shortage: the hello of the next one says what is held here */
        }
        if (error != NRS_OK && error != NRS_ERROR_DEFERRED) {
            nrs_core_complain(core, link->peer, error, "refused a roster of it: %s", nrs_error_rule(error));
        }
    }
    return NRS_OK;
}

static void note_amount(nrs_core *core, nrs_peer *from, const nrs_item *item)
{
    uint64_t bytes = 0;

    for (size_t i = 0; i < item->record_count; i++) {
        bytes += item->records[i].size;
    }
    nrs_amount_note(core, from, item->record_count, bytes);
}

static nrs_error take_items(nrs_core *core, nrs_link *link, nrs_slice payload)
{
    nrs_item item;
    size_t refused_count = 0;
    nrs_error last = NRS_OK;
    nrs_error error = nrs_items_check(payload); /* all of them, before the first is taken */

    while (error == NRS_OK && nrs_items_next(&item, &payload)) {
        note_amount(core, link->peer, &item);
        if (item.position == 0) {
            error = take_loose(core, link, &item);
            continue;
        }
        link->passed_over = link->passed_over || nrs_key_going_over(core);
        if (link->told_only || link->passed_over) {
            continue; /* neither taken nor confirmed: it is sent again to who is a member again, or has gone over to its next keys */
        }
        if (item.position > link->held_position) {
            nrs_error refused = NRS_OK;
            error = take_item(core, &refused, link, &item);
            if (error != NRS_OK) {
                break;
            }
            link->held_position = item.position;
            if (refused != NRS_OK) {
                refused_count++;
                last = refused;
            }
        }
        link->confirm_due = true;
    }
    if (error == NRS_OK && refused_count > 0) { /* one line for a frame: a peer does not get to fill the log */
        nrs_core_complain(core, link->peer, last, "refused %zu of its records, the last: %s", refused_count, nrs_error_rule(last));
    }
    return error;
}

static nrs_error take_confirm(nrs_core *core, nrs_link *link, nrs_slice payload)
{
    nrs_confirm *confirm = NULL;
    nrs_error error = nrs_confirm_decode(&confirm, payload);

    if (error != NRS_OK) {
        return error;
    }
    if (confirm->position > link->scan_position) {
        error = NRS_ERROR_MALFORMED; /* it confirms what was never sent */
        goto out;
    }
    while (link->flight_count > 0 && link->flight[link->flight_first].position <= confirm->position) {
        link->flight_bytes -= link->flight[link->flight_first].size;
        core->flight_bytes -= link->flight[link->flight_first].size;
        link->flight_first = (link->flight_first + 1) % link->flight_capacity;
        link->flight_count--;
    }
    if (link->flight_count == 0) {
        free(link->flight);
        link->flight = NULL;
        link->flight_first = link->flight_capacity = 0;
    }
    if (confirm->position > link->peer->sent_position) {
        error = note_sent(core, link->peer, confirm->position);
    }
    if (confirm->n_refusals > 0) { /* one line for a frame */
        const Nrs__Wire__Refusal *last = confirm->refusals[confirm->n_refusals - 1];
        nrs_error cause = (nrs_error)last->error;
        nrs_core_complain(core, link->peer, cause, "it refused %zu records, the last at position %llu: %s", confirm->n_refusals,
                          (unsigned long long)last->position, nrs_error_rule(cause));
    }
    for (size_t i = 0; i < confirm->n_refusals && error == NRS_OK; i++) {
        error = nrs_refused_there(core, link->peer, confirm->refusals[i]->position, (nrs_error)confirm->refusals[i]->error);
    }
out:
    nrs_confirm_free(&confirm);
    return error;
}

static nrs_error take_bye(nrs_core *core, nrs_link *link, nrs_slice payload)
{
    nrs_bye *bye = NULL;
    nrs_error error = nrs_bye_decode(&bye, payload);

    if (error == NRS_OK) {
        nrs_error cause = (nrs_error)bye->error;
        nrs_core_complain(core, link->peer, cause, "it ended the link: %s", nrs_error_rule(cause));
        link->peer->failure = cause == NRS_ERROR_REVOKED || cause == NRS_ERROR_UNKNOWN_PEER || cause == NRS_ERROR_FORKED ? cause : NRS_OK;
        nrs_link_close(core, link, NRS_OK);
    }
    nrs_bye_free(&bye);
    return error;
}

/* `link` may be gone after this. A rule broken by the peer ends the link; only fatal errors are returned. */
nrs_error nrs_link_take_frame(nrs_core *core, nrs_link *link, nrs_slice bytes)
{
    nrs_link_id id = link->id;
    nrs_slice payload = {0};
    uint32_t type = 0;
    nrs_error error = nrs_frame_read(&type, &payload, bytes);

    if (error == NRS_OK && link->state != NRS_LINK_UP && type != NRS_FRAME_HELLO && type != NRS_FRAME_BYE) {
        error = NRS_ERROR_MALFORMED;
    }
    if (error == NRS_OK) {
        switch ((nrs_frame_type)type) {
        case NRS_FRAME_HELLO:
            error = take_hello(core, link, payload);
            break;
        case NRS_FRAME_ITEMS:
            error = take_items(core, link, payload);
            break;
        case NRS_FRAME_CONFIRM:
            error = take_confirm(core, link, payload);
            break;
        case NRS_FRAME_PING:
            error = nrs_link_send_empty(core, link, NRS_FRAME_PONG);
            break;
        case NRS_FRAME_PONG:
            break;
        case NRS_FRAME_BYE:
            error = take_bye(core, link, payload);
            break;
        }
    }
    if (error != NRS_OK && !nrs_error_is_fatal(error)) {
        HASH_FIND(hh, core->links, &id, sizeof id, link);
        if (link != NULL) {
            nrs_core_complain(core, link->peer, error, "a bad frame: %s; link ended", nrs_error_rule(error));
            nrs_link_close(core, link, error);
        }
        error = NRS_OK;
    }
    return error;
}
