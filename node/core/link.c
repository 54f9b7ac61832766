/* The link protocol (SPEC 10): hello, items in log order within a window of bytes, confirmation after the commit.
 *
 *            LINK_UP: send hello            hello from the peer
 *   (none) ───────────────────► GREETED ─────────────────────────► UP ──► items, confirm, ping
 *      └──── first frame is a hello: answer it ──────────────────►─┘
 *   any state ── silence, bad frame, removed from the rosters, newer link of the same peer ──► (none)
 */
#include <stdlib.h>
#include <string.h>

#include "internal.h"
#include "link_frame.h"

static uint64_t clamp_window(uint64_t window)
{
    return window < NRS_LINK_WINDOW_MIN ? NRS_LINK_WINDOW_MIN : window > NRS_LINK_WINDOW_MAX ? NRS_LINK_WINDOW_MAX : window;
}

static nrs_confirm confirm_none(void)
{
    nrs_confirm confirm;

    nrs__wire__confirm__init(&confirm);
    return confirm;
}

static void confirm_clear(nrs_link *link)
{
    for (size_t i = 0; i < link->confirm.n_refusals; i++) {
        free(link->confirm.refusals[i]);
    }
    free(link->confirm.refusals);
    free(link->confirm.deferred);
    link->confirm = confirm_none();
    link->confirm_due = false;
}

static void link_free(nrs_core *core, nrs_link *link)
{
    if (link->peer->link == link) {
        link->peer->link = NULL;
    }
    core->dial_due = true;
    HASH_DEL(core->links, link);
    confirm_clear(link);
    free(link->flight);
    free(link->heads);
    free(link);
}

void nrs_link_wipe_all(nrs_core *core)
{
    nrs_link *link, *next;

    HASH_ITER (hh, core->links, link, next) {
        link_free(core, link);
    }
}

static void close_id(nrs_core *core, nrs_link_id id)
{
    nrs_effect *effect;

    if (nrs_effect_add(core, &effect, NRS_EFFECT_CLOSE) == NRS_OK) {
        effect->link = id;
    }
}

void nrs_link_close(nrs_core *core, nrs_link *link, nrs_error bye)
{
    if (bye != NRS_OK) {
        nrs_link_send_bye(core, link->id, bye);
    }
    close_id(core, link->id);
    link_free(core, link);
}

static nrs_error link_new(nrs_core *core, nrs_link **link_out, nrs_link_id id, nrs_peer *peer, bool outgoing)
{
    nrs_link *link = calloc(1, sizeof *link);

    if (link == NULL) {
        return NRS_ERROR_NO_MEMORY;
    }
    if (peer->link != NULL) {
        nrs_link_close(core, peer->link, NRS_OK); /* the newer link is the one the peer knows of */
    }
    link->id = id;
    link->peer = peer;
    link->outgoing = outgoing;
    link->state = NRS_LINK_GREETED;
    link->window = NRS_LINK_WINDOW_MIN;
    link->heard_ms = link->sent_ms = core->monotonic_ms;
    link->confirm = confirm_none();
    peer->link = link;
    core->dial_due = true;
    HASH_ADD(hh, core->links, id, sizeof link->id, link);
    *link_out = link;
    return NRS_OK;
}

/* A peer that shares a community with this node, by both memberships now. */
static bool admitted(const nrs_core *core, const nrs_peer *peer)
{
    const nrs_peer *self = nrs_peer_by_sign(core, core->self.sign_key);

    return peer != NULL && peer != self && (peer->member_of & self->member_of) != 0;
}

bool nrs_core_admits(const nrs_core *core, const uint8_t curve_key[NRS_KEY_SIZE])
{
    return admitted(core, nrs_peer_by_curve(core, curve_key));
}

/* ---- Frames in ---- */

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

/* What the peer holds of our log, and what we hold of its log, decide where either side goes on. */
nrs_error nrs_link_start(nrs_core *core, nrs_link *link, const nrs_hello *hello)
{
    uint8_t incarnation[NRS_LOG_ID_SIZE];
    uint64_t held = 0;
    bool ours = hello->peer_log.len == NRS_LOG_ID_SIZE &&
                memcmp(hello->peer_log.data, nrs_store_incarnation(core->store), NRS_LOG_ID_SIZE) == 0;
    nrs_error error = nrs_store_held_get(core->store, incarnation, &held, link->peer->keys.sign_key);

    if (error != NRS_OK) {
        return error;
    }
    memcpy(link->peer_log, hello->log.data, NRS_LOG_ID_SIZE);
    link->held_position = memcmp(incarnation, hello->log.data, NRS_LOG_ID_SIZE) == 0 ? held : 0;
    link->scan_position = ours && hello->position <= nrs_store_log_end(core->store) ? hello->position : 0;
    link->flight_first = link->flight_count = 0;
    link->flight_bytes = 0;
    link->window = clamp_window(hello->window);
    free(link->heads);
    link->head_count = 0;
    link->heads = calloc(hello->n_heads + 1, sizeof *link->heads);
    if (link->heads == NULL) {
        return NRS_ERROR_NO_MEMORY;
    }
    for (size_t i = 0; i < hello->n_heads; i++) {
        memcpy(link->heads[i].community, hello->heads[i]->community.data, NRS_HASH_SIZE);
        link->heads[i].version = hello->heads[i]->version;
        link->head_count++;
    }
    if (link->state != NRS_LINK_UP) {
        link->up_ms = core->now_ms;
        nrs_core_complain(core, link->peer, NRS_OK, "link up");
    }
    link->state = NRS_LINK_UP;
    link->peer->refused = false;
    link->peer->sent_position = link->scan_position;
    link->peer->sent_dirty = true;
    return NRS_OK;
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
    confirm_clear(link);
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

/* One item: all its records are tried; the first refusal is told to the peer. */
static nrs_error take_item(nrs_core *core, nrs_link *link, const Nrs__Wire__Item *item)
{
    nrs_error refused = NRS_OK;
    bool deferred = false;
    nrs_error error = NRS_OK;

    for (size_t i = 0; i < item->n_records; i++) {
        error = nrs_receive_record(core, nrs_field(&item->records[i]), link->peer);
        if (error != NRS_OK && nrs_error_is_fatal(error)) {
            return error;
        }
        if (error == NRS_ERROR_BUSY) {
            deferred = true;
        } else if (error != NRS_OK && refused == NRS_OK) {
            refused = error;
        }
    }
    error = make_room(core, link);
    if (error == NRS_OK && refused != NRS_OK) {
        error = add_refusal(link, item->position, refused);
    } else if (error == NRS_OK && deferred) {
        error = add_deferred(link, item->position);
    }
    return error;
}

/* One line for a frame, however many of its records were refused: a peer does not get to fill the log. */
static void log_refusals(nrs_core *core, const nrs_link *link, size_t count)
{
    if (count > 0) {
        nrs_error cause = (nrs_error)link->confirm.refusals[link->confirm.n_refusals - 1]->error;

        nrs_core_complain(core, link->peer, cause, "refused %zu of its records, the last: %s", count, nrs_error_rule(cause));
    }
}

static nrs_error take_items(nrs_core *core, nrs_link *link, nrs_slice payload)
{
    nrs_items *items = NULL;
    size_t refused = 0;
    nrs_error error = nrs_items_decode(&items, payload);

    for (size_t i = 0; error == NRS_OK && i < items->n_items; i++) {
        const Nrs__Wire__Item *item = items->items[i];
        if (item->position > link->held_position) {
            size_t before = link->confirm.n_refusals;
            error = take_item(core, link, item);
            link->held_position = item->position;
            refused += link->confirm.n_refusals != before;
        }
        link->confirm_due = true;
    }
    if (error == NRS_OK) {
        log_refusals(core, link, refused);
    }
    nrs_items_free(&items);
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
        link->flight_first = (link->flight_first + 1) % link->flight_capacity;
        link->flight_count--;
    }
    if (link->flight_count == 0) {
        free(link->flight);
        link->flight = NULL;
        link->flight_first = link->flight_capacity = 0;
    }
    if (confirm->position > link->peer->sent_position) {
        link->peer->sent_position = confirm->position;
        link->peer->sent_dirty = true;
    }
    for (size_t i = 0; i < confirm->n_refusals; i++) {
        nrs_error cause = (nrs_error)confirm->refusals[i]->error;
        nrs_core_complain(core, link->peer, cause, "it refused position %llu: %s",
                          (unsigned long long)confirm->refusals[i]->position, nrs_error_rule(cause));
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
        link->peer->refused = cause == NRS_ERROR_REVOKED || cause == NRS_ERROR_UNKNOWN_PEER;
        nrs_link_close(core, link, NRS_OK);
    }
    nrs_bye_free(&bye);
    return error;
}

/* `link` may be gone after this. A rule broken by the peer ends the link; only fatal errors are returned. */
static nrs_error take_frame(nrs_core *core, nrs_link *link, nrs_slice bytes)
{
    nrs_link_id id = link->id;
    nrs_frame *frame = NULL;
    nrs_error error = nrs_frame_decode(&frame, bytes);

    if (error == NRS_OK && link->state != NRS_LINK_UP && frame->type != NRS_FRAME_HELLO && frame->type != NRS_FRAME_BYE) {
        error = NRS_ERROR_MALFORMED;
    }
    if (error == NRS_OK) {
        switch ((nrs_frame_type)frame->type) {
        case NRS_FRAME_HELLO:
            error = take_hello(core, link, nrs_field(&frame->payload));
            break;
        case NRS_FRAME_ITEMS:
            error = take_items(core, link, nrs_field(&frame->payload));
            break;
        case NRS_FRAME_CONFIRM:
            error = take_confirm(core, link, nrs_field(&frame->payload));
            break;
        case NRS_FRAME_PING:
            error = nrs_link_send_empty(core, link, NRS_FRAME_PONG);
            break;
        case NRS_FRAME_PONG:
            break;
        case NRS_FRAME_BYE:
            error = take_bye(core, link, nrs_field(&frame->payload));
            break;
        }
    }
    nrs_frame_free(&frame);
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

static nrs_error frame_event(nrs_core *core, const nrs_event *event)
{
    nrs_link *link;
    nrs_peer *peer = nrs_peer_by_curve(core, event->curve_key);
    nrs_error error;

    HASH_FIND(hh, core->links, &event->link, sizeof event->link, link);
    if (!admitted(core, peer) || (link != NULL && link->peer != peer)) {
        if (link != NULL) {
            nrs_link_close(core, link, NRS_ERROR_REVOKED);
        } else {
            nrs_link_send_bye(core, event->link, peer == NULL ? NRS_ERROR_UNKNOWN_PEER : NRS_ERROR_REVOKED);
            close_id(core, event->link);
        }
        return NRS_OK;
    }
    if (link == NULL && peer->link != NULL && peer->link->outgoing && !nrs_peer_dials_us(core, peer)) {
        close_id(core, event->link); /* two hubs dialled each other: the link of the lower key stays */
        return NRS_OK;
    }
    if (link == NULL) { /* an accepted link is known by its first frame */
        error = link_new(core, &link, event->link, peer, false);
        if (error != NRS_OK) {
            return error;
        }
    }
    link->heard_ms = core->monotonic_ms;
    return take_frame(core, link, event->bytes);
}

static nrs_error up_event(nrs_core *core, const nrs_event *event)
{
    nrs_peer *peer = nrs_peer_by_curve(core, event->curve_key);
    nrs_link *link = NULL;
    nrs_error error;

    if (!admitted(core, peer)) {
        close_id(core, event->link);
        return NRS_OK;
    }
    error = link_new(core, &link, event->link, peer, true);
    return error == NRS_OK ? nrs_link_send_hello(core, link, false) : error;
}

nrs_error nrs_link_event(nrs_core *core, const nrs_event *event)
{
    nrs_link *link;
    nrs_peer *peer;

    switch (event->type) {
    case NRS_EVENT_FRAME:
        return frame_event(core, event);
    case NRS_EVENT_LINK_UP:
        return up_event(core, event);
    case NRS_EVENT_LINK_DOWN:
        HASH_FIND(hh, core->links, &event->link, sizeof event->link, link);
        if (link != NULL) {
            nrs_core_complain(core, link->peer, NRS_OK, "link down");
            link_free(core, link);
        }
        return NRS_OK;
    case NRS_EVENT_LINK_REFUSED:
        peer = nrs_peer_by_curve(core, event->curve_key);
        if (peer != NULL && !peer->refused) {
            peer->refused = true;
            nrs_core_log(core, NRS_ERROR_UNKNOWN_PEER, "%s refused the link", peer->org);
        }
        return NRS_OK;
    case NRS_EVENT_TICK:
    case NRS_EVENT_COMMAND:
    case NRS_EVENT_INBOX:
        break;
    }
    nrs_assert_failed("an event of a link", __func__, __LINE__);
}

nrs_error nrs_link_tick(nrs_core *core)
{
    nrs_link *link, *next;
    nrs_error error = NRS_OK;

    HASH_ITER (hh, core->links, link, next) {
        if (!admitted(core, link->peer)) {
            nrs_link_close(core, link, NRS_ERROR_REVOKED);
        } else if (core->monotonic_ms > link->heard_ms + NRS_LINK_SILENCE_MS_MAX) {
            nrs_core_log(core, NRS_OK, "link to %s silent for a minute; ended", link->peer->org);
            nrs_link_close(core, link, NRS_OK);
        } else if (link->state == NRS_LINK_UP && core->monotonic_ms > link->sent_ms + NRS_LINK_PING_MS) {
            error = nrs_link_send_empty(core, link, NRS_FRAME_PING);
        }
        if (error != NRS_OK) {
            return error;
        }
    }
    return NRS_OK;
}

nrs_error nrs_link_confirm_all(nrs_core *core)
{
    nrs_link *link, *next;

    HASH_ITER (hh, core->links, link, next) {
        nrs_error error;
        if (!link->confirm_due) {
            continue;
        }
        link->confirm.position = link->held_position;
        error = nrs_store_held_set(core->store, link->peer->keys.sign_key, link->peer_log, link->held_position);
        if (error == NRS_OK) {
            error = nrs_link_send_confirm(core, link);
        }
        if (error != NRS_OK) {
            return error;
        }
        confirm_clear(link);
    }
    return NRS_OK;
}
