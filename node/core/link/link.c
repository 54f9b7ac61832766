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
#include "link/link.h"
#include "link/link_frame.h"
#include "link/receive.h"
#include "prekeys/key_change.h"
#include "roster/roster.h"

static nrs_confirm confirm_none(void)
{
    nrs_confirm confirm;

    nrs__wire__confirm__init(&confirm);
    return confirm;
}

void nrs_link_confirm_clear(nrs_link *link)
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
    core->peers_clock_fresh = false;
    if (core->pump_next == link) {
        core->pump_next = link->hh.next;
    }
    HASH_DEL(core->links, link);
    nrs_link_confirm_clear(link);
    nrs_link_flight_clear(core, link);
    free(link->heads);
    nrs_roster_gathering_wipe(&link->gathering);
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
    link->told_only = !nrs_link_admitted(core, peer);
    link->state = NRS_LINK_GREETED;
    link->window = NRS_LINK_WINDOW_MIN;
    link->heard_ms = link->sent_ms = core->monotonic_ms;
    link->confirm = confirm_none();
    HASH_ADD(hh, core->links, id, sizeof link->id, link);
    if (link->hh.tbl == NULL) {
        free(link);
        return NRS_ERROR_NO_MEMORY;
    }
    peer->link = link;
    core->dial_due = true;
    *link_out = link;
    return NRS_OK;
}

bool nrs_link_admitted(const nrs_core *core, const nrs_peer *peer)
{
    const nrs_peer *self = nrs_peer_by_sign(core, core->self.sign_key);

    return peer != NULL && peer != self && (peer->member_of & self->member_of) != 0;
}

bool nrs_link_greeted(const nrs_core *core, const nrs_peer *peer)
{
    const nrs_peer *self = nrs_peer_by_sign(core, core->self.sign_key);

    return nrs_link_admitted(core, peer) ||
           (peer != NULL && peer != self &&
            ((peer->side_of & self->side_of) | ((peer->heir_of | peer->hub_of) & nrs_own_member_of(core)) | (peer->member_of & nrs_own_hub_of(core))) != 0);
}

/* In these communities the peer stands by the key before alone: what it has for us there is refused until they follow. */
static uint64_t peer_away_in(const nrs_core *core, const nrs_peer *peer)
{
    const nrs_key_end *end = nrs_key_before(core, peer->keys.sign_key);
    const nrs_peer *before = end == NULL ? NULL : nrs_peer_by_sign(core, end->sign_key);

    return before == NULL ? 0 : ((before->hub_of & nrs_own_member_of(core)) | (before->member_of & nrs_own_hub_of(core))) & ~peer->member_of;
}

bool nrs_link_away(const nrs_core *core, const nrs_link *link)
{
    const uint64_t shared = (link->peer->hub_of & nrs_own_member_of(core)) | (link->peer->member_of & nrs_own_hub_of(core));
    const uint64_t away = shared & ~nrs_peer_by_sign(core, core->self.sign_key)->member_of;

    return !link->told_only && (away | peer_away_in(core, link->peer)) != 0;
}

bool nrs_link_leaves_out(const nrs_core *core, const nrs_peer *peer)
{
    return (peer->side_of & nrs_peer_by_sign(core, core->self.sign_key)->member_of) != 0;
}

static bool is_greeted(const nrs_core *core, const nrs_peer *peer, const void *context)
{
    (void)context;
    return nrs_link_greeted(core, peer);
}

static bool is_dialled(const nrs_core *core, const nrs_peer *peer, const void *context)
{
    (void)core, (void)context;
    return peer->dialled;
}

static bool has_sign_key(const nrs_core *core, const nrs_peer *peer, const void *context)
{
    (void)core;
    return memcmp(peer->keys.sign_key, context, NRS_KEY_SIZE) == 0;
}

bool nrs_core_admits(const nrs_core *core, const uint8_t curve_key[NRS_KEY_SIZE])
{
    return nrs_peer_by_curve(core, curve_key, is_greeted, NULL) != NULL;
}

/* Who is at the other end of a link that was not heard of before: its hello says so, among those with its key. */
static nrs_peer *greeting_peer(const nrs_core *core, const nrs_event *event)
{
    nrs_frame *frame = NULL;
    nrs_hello *hello = NULL;
    nrs_peer *peer = NULL;

    if (nrs_frame_decode(&frame, event->bytes) == NRS_OK && frame->type == NRS_FRAME_HELLO &&
        nrs_hello_decode(&hello, nrs_field(&frame->payload)) == NRS_OK) {
        peer = nrs_peer_by_curve(core, event->curve_key, has_sign_key, hello->org.data);
    }
    nrs_hello_free(&hello);
    nrs_frame_free(&frame);
    return peer;
}

/* Frames that nobody may send: no hello, a key on no roster, or one that was removed. */
static void turn_away(nrs_core *core, const nrs_event *event)
{
    bool known = nrs_core_admits(core, event->curve_key);

    nrs_link_send_bye(core, event->link, known ? NRS_ERROR_MALFORMED : NRS_ERROR_REVOKED);
    close_id(core, event->link);
}

static nrs_error frame_event(nrs_core *core, const nrs_event *event)
{
    nrs_link *link;
    nrs_peer *peer;
    nrs_error error;

    HASH_FIND(hh, core->links, &event->link, sizeof event->link, link);
    if (link != NULL && (!nrs_link_greeted(core, link->peer) || memcmp(link->peer->keys.curve_key, event->curve_key, NRS_KEY_SIZE) != 0)) {
        nrs_link_close(core, link, NRS_ERROR_REVOKED);
        return NRS_OK;
    }
    if (link == NULL) { /* an accepted link is known by its first frame */
        peer = greeting_peer(core, event);
        if (peer == NULL || !nrs_link_greeted(core, peer)) {
            turn_away(core, event);
            return NRS_OK;
        }
        if (peer->link != NULL && peer->link->outgoing && !nrs_peer_dials_us(core, peer)) {
            close_id(core, event->link); /* two hubs dialled each other: the link of the lower key stays */
            return NRS_OK;
        }
        error = link_new(core, &link, event->link, peer, false);
        if (error != NRS_OK) {
            return error;
        }
    }
    link->heard_ms = core->monotonic_ms;
    error = nrs_link_take_frame(core, link, event->bytes);
    HASH_FIND(hh, core->links, &event->link, sizeof event->link, link);
    if (error == NRS_OK && link != NULL && link->told_only && link->state == NRS_LINK_UP && nrs_link_leaves_out(core, link->peer)) {
        error = nrs_fork_tell_link(core, link); /* and no more than that: it comes again, and one day as a member */
        nrs_link_close(core, link, NRS_ERROR_FORKED);
    }
    return error;
}

static nrs_error up_event(nrs_core *core, const nrs_event *event)
{
    nrs_peer *peer = nrs_peer_by_curve(core, event->curve_key, is_dialled, NULL);
    nrs_link *link = NULL;
    nrs_error error;

    if (peer == NULL || !nrs_link_greeted(core, peer)) {
        close_id(core, event->link);
        return NRS_OK;
    }
    error = link_new(core, &link, event->link, peer, true);
    return error == NRS_OK ? nrs_link_send_hello(core, link, false) : error;
}

bool nrs_peer_refuses(const nrs_peer *peer)
{
    return peer->failure != NRS_OK && peer->failure != NRS_ERROR_NO_NODE;
}

/* Said once, until it is another reason. */
static void note_failure(nrs_core *core, nrs_peer *peer, nrs_error cause)
{
    cause = cause == NRS_OK ? NRS_ERROR_UNKNOWN_PEER : cause;
    if (peer->failure == cause) {
        return;
    }
    peer->failure = cause;
    core->dial_due = core->dial_due || cause == NRS_ERROR_FORGED; /* the key before may answer */
    if (cause == NRS_ERROR_NO_NODE) {
        nrs_core_log(core, cause, "nobody answers for %s at %s", peer->org, peer->endpoint);
    } else if (cause == NRS_ERROR_FORGED) {
        nrs_core_log(core, cause, "no handshake succeeds with what answers for %s at %s", peer->org, peer->endpoint);
    } else if (cause == NRS_ERROR_BUSY) {
        nrs_core_log(core, cause, "%s holds this node's link key back for now", peer->org);
    } else {
        nrs_core_log(core, cause, "%s refused the link", peer->org);
    }
}

#define HELD_BACK_TOLD_MS (2 * NRS_MINUTE_MS)

/* Heard again each minute while it lasts. */
static void note_held_back(nrs_core *core, nrs_peer *peer, uint64_t until_ms)
{
    bool said = until_ms != 0 ? peer->shut_until_ms == until_ms : core->monotonic_ms < peer->held_until_ms;

    if (until_ms != 0) {
        peer->shut_until_ms = until_ms;
    } else {
        peer->held_until_ms = core->monotonic_ms + HELD_BACK_TOLD_MS;
    }
    if (!said) {
        nrs_core_complain(core, peer, NRS_ERROR_BUSY, "%s",
                          until_ms != 0 ? "ended a connection that chose its routing id: none with this link key for a day"
                                        : "held its link key back: too many connections that say nothing, or too often");
    }
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
        peer = nrs_peer_by_curve(core, event->curve_key, is_dialled, NULL);
        if (peer != NULL) {
            note_failure(core, peer, event->error);
        }
        return NRS_OK;
    case NRS_EVENT_LINK_HELD_BACK:
        peer = nrs_peer_by_curve(core, event->curve_key, is_greeted, NULL);
        if (peer != NULL) {
            note_held_back(core, peer, event->until_ms);
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
        if (!nrs_link_greeted(core, link->peer)) {
            nrs_link_close(core, link, NRS_ERROR_REVOKED);
        } else if (link->again_position != 0 && nrs_deferred_room(core, link->peer) && (link->peer->room_again || !nrs_link_away(core, link))) {
            nrs_link_close(core, link, NRS_OK); /* the hello of the next asks for what found no room, or passed us over */
        } else if (core->clock_jumped) {
            nrs_link_close(core, link, NRS_OK); /* each side learns the other's time from the hello of the next */
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
    if (core->clock_jumped) { /* a machine that was put back to a snapshot while it ran is noticed by its clock, if by anything */
        core->clock_jumped = false;
        error = nrs_log_part_begin(core);
    }
    return error;
}

/* While the log is heard again, what was confirmed stays so, and what is still to be heard stays known. */
static nrs_error store_held(nrs_core *core, nrs_link *link)
{
    uint64_t again = link->again_position != 0 ? link->again_position : link->held_position < link->confirmed_position ? link->held_position + 1 : 0;
    nrs_error error;

    if (link->held_position > link->confirmed_position) {
        link->confirmed_position = link->held_position;
    }
    error = nrs_store_held_set(core->store, link->peer->keys.sign_key, link->peer_log, link->confirmed_position);
    if (error == NRS_OK && again != link->again_stored) {
        error = nrs_store_held_again_set(core->store, link->peer->keys.sign_key, again);
        link->again_stored = again;
    }
    return error;
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
        error = store_held(core, link);
        if (error == NRS_OK) {
            error = nrs_link_send_confirm(core, link);
        }
        if (error != NRS_OK) {
            return error;
        }
        nrs_link_confirm_clear(link);
    }
    return NRS_OK;
}
