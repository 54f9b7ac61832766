#include "outbound.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <sodium.h>

#include "frame.h"
#include "monitor.h"
#include "proto/address.h"
#include "proto/assert.h"
#include "socket_options.h"

#define BACKOFF_MS_MIN 200u
#define STEADY_MS 2000u     /* a link that held so long makes the next wait short again */
#define CLOSE_LINGER_MS 500 /* for what was sent just before the engine closed the link */
#define UNANSWERED_MS 4500u /* libzmq gives a handshake 5 s: so long whoever accepted the connection said nothing */
#define LOOKUP_TOLD_MS 10000u /* a name that takes longer is as good as nobody */
#define LOOKUP_MS_MAX 120000u /* the C library tries for a minute or so */
#define GIVEN_UP_OF_KEY_MAX 2u
#define HANDSHAKES_FAILED_TOLD 2u /* one may have met a peer that was just going down */
#define NO_ROOM_MS 10000u /* so long a node without room for one more connection may end each of ours */
#define ZAP_HELD_BACK 500u /* what a node answers that knows our key, and holds it back (admission.c) */
#define SHARE_COUNT (NRS_BATCH_EVENT_COUNT_MAX / 4u) /* of one step, for one dial */
#define SHARE_SIZE (NRS_BATCH_SIZE_MAX / 4u)
#define EVENTS                                                                                                         \
    (ZMQ_EVENT_CONNECTED | ZMQ_EVENT_CONNECT_RETRIED | ZMQ_EVENT_HANDSHAKE_SUCCEEDED | ZMQ_EVENT_DISCONNECTED | ZMQ_EVENT_HANDSHAKE_FAILED_AUTH |                        \
     ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL | ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL)

void nrs_outbound_init(nrs_outbound *outbound, void *zmq, const nrs_identity *identity, uint32_t reconnect_ms_max, nrs_intakes *intakes)
{
    memset(outbound, 0, sizeof(*outbound));
    outbound->zmq = zmq;
    outbound->identity = identity;
    outbound->intakes = intakes;
    outbound->reconnect_ms_max = reconnect_ms_max;
}

static void close_sockets(nrs_dial *dial, int linger_ms)
{
    if (dial->monitor != NULL) {
        nrs_monitor_close(dial->dealer, dial->monitor);
    }
    if (dial->dealer != NULL) {
        (void)zmq_setsockopt(dial->dealer, ZMQ_LINGER, &linger_ms, sizeof(linger_ms));
        (void)zmq_close(dial->dealer);
    }
    dial->monitor = NULL;
    dial->dealer = NULL;
}

void nrs_outbound_wipe(nrs_outbound *outbound)
{
    for (size_t i = 0; i < outbound->count; i++) {
        close_sockets(&outbound->dials[i], 0);
        nrs_lookup_destroy(&outbound->dials[i].lookup);
    }
    for (size_t i = 0; i < outbound->given_up_count; i++) {
        nrs_lookup_destroy(&outbound->given_up[i].lookup);
    }
    outbound->count = outbound->given_up_count = 0;
}

/* A thread that is still asking is remembered: of one key there are not to be more and more of them. */
static void give_up_lookup(nrs_outbound *outbound, nrs_dial *dial)
{
    if (dial->lookup == NULL) {
        return;
    }
    if (nrs_lookup_done(dial->lookup)) {
        nrs_lookup_destroy(&dial->lookup);
        return;
    }
    NRS_ASSERT(outbound->given_up_count < 2 * NRS_DIAL_COUNT_MAX);
    outbound->given_up[outbound->given_up_count].lookup = dial->lookup;
    memcpy(outbound->given_up[outbound->given_up_count].curve_key, dial->curve_key, NRS_KEY_SIZE);
    outbound->given_up_count++;
    dial->lookup = NULL;
}

/* Forgets those that have ended, and counts what this key has left. */
static size_t given_up_of_key(nrs_outbound *outbound, const uint8_t curve_key[NRS_KEY_SIZE])
{
    size_t count = 0;

    for (size_t i = outbound->given_up_count; i-- > 0;) {
        nrs_given_up *each = &outbound->given_up[i];

        if (nrs_lookup_done(each->lookup)) {
            nrs_lookup_destroy(&each->lookup);
            *each = outbound->given_up[--outbound->given_up_count];
        } else if (memcmp(each->curve_key, curve_key, NRS_KEY_SIZE) == 0) {
            count++;
        }
    }
    return count;
}

static nrs_error connect_dial(nrs_outbound *outbound, nrs_dial *dial, const char *endpoint)
{
    const nrs_client_keys keys = {
        .server_key = dial->curve_key,
        .public_key = nrs_identity_public(outbound->identity)->curve_key,
        .secret_key = nrs_secret_view(nrs_identity_curve_secret(outbound->identity)),
    };
    nrs_error error = NRS_ERROR_SYSTEM;

    NRS_ASSERT(dial->dealer == NULL);

    dial->dealer = zmq_socket(outbound->zmq, ZMQ_DEALER);
    if (dial->dealer == NULL) {
        return NRS_ERROR_SYSTEM;
    }
    error = nrs_socket_options_client(dial->dealer, &keys, outbound->reconnect_ms_max);
    if (error == NRS_OK) {
        dial->monitor = nrs_monitor_open(outbound->zmq, dial->dealer, EVENTS, ++outbound->monitor_number);
        error = dial->monitor == NULL ? NRS_ERROR_SYSTEM : NRS_OK;
    }
    if (error == NRS_OK && zmq_connect(dial->dealer, endpoint) != 0) {
        error = NRS_ERROR_BAD_ADDRESS;
    }
    if (error != NRS_OK) {
        close_sockets(dial, 0);
    }
    return error;
}

/* Half of the wait is drawn, so that a hub's members do not all come back at the same instant. */
static void wait_before_retry(nrs_outbound *outbound, nrs_dial *dial, uint64_t monotonic_ms)
{
    if (dial->state == NRS_DIAL_UP && monotonic_ms - dial->up_ms >= STEADY_MS) {
        dial->backoff_ms = BACKOFF_MS_MIN;
    }
    dial->state = NRS_DIAL_WAITING;
    dial->link = 0;
    dial->retry_ms = monotonic_ms + dial->backoff_ms / 2 + randombytes_uniform(dial->backoff_ms / 2 + 1);
    dial->backoff_ms =
        2 * dial->backoff_ms > outbound->reconnect_ms_max ? outbound->reconnect_ms_max : 2 * dial->backoff_ms;
}

static nrs_error look_up(nrs_outbound *outbound, nrs_dial *dial, uint64_t monotonic_ms)
{
    nrs_error error = NRS_ERROR_BUSY;

    NRS_ASSERT(dial->lookup == NULL);
    if (given_up_of_key(outbound, dial->curve_key) < GIVEN_UP_OF_KEY_MAX && outbound->given_up_count < NRS_DIAL_COUNT_MAX) {
        error = nrs_lookup_new(&dial->lookup, dial->endpoint);
    }
    if (error == NRS_OK) {
        dial->looking_ms = monotonic_ms;
    }
    return error;
}

/* address: the answer to what was looked up; NULL: begin anew. */
static void start(nrs_outbound *outbound, nrs_dial *dial, const char *address, uint64_t monotonic_ms)
{
    bool asks = address == NULL && !nrs_endpoint_is_number(dial->endpoint);
    nrs_error error = asks ? look_up(outbound, dial, monotonic_ms) : connect_dial(outbound, dial, address == NULL ? dial->endpoint : address);
    uint64_t held = 0;

    if (error == NRS_OK) {
        dial->state = asks ? NRS_DIAL_LOOKING : NRS_DIAL_CONNECTING;
        return;
    }
    wait_before_retry(outbound, dial, monotonic_ms);
    if (nrs_log_gate_pass(&dial->gate, &held, monotonic_ms)) {
        nrs_log(NRS_LOG_WARNING, "cannot dial %s: %s", dial->endpoint, nrs_error_sentence(error));
    }
}

static nrs_dial *dial_of_key(nrs_outbound *outbound, const uint8_t curve_key[NRS_KEY_SIZE])
{
    for (size_t i = 0; i < outbound->count; i++) {
        if (memcmp(outbound->dials[i].curve_key, curve_key, NRS_KEY_SIZE) == 0) {
            return &outbound->dials[i];
        }
    }
    return NULL;
}

static nrs_dial *dial_of_link(nrs_outbound *outbound, nrs_link_id id)
{
    for (size_t i = 0; id != 0 && i < outbound->count; i++) {
        if (outbound->dials[i].link == id) {
            return &outbound->dials[i];
        }
    }
    return NULL;
}

nrs_error nrs_outbound_dial(nrs_outbound *outbound, nrs_batch *batch, const uint8_t curve_key[NRS_KEY_SIZE],
                            const char *endpoint)
{
    nrs_dial *dial = dial_of_key(outbound, curve_key);

    if (endpoint == NULL || strlen(endpoint) > NRS_ENDPOINT_SIZE_MAX || !nrs_endpoint_valid(endpoint)) {
        return NRS_ERROR_BAD_ADDRESS; /* libzmq also knows inproc and ipc, which no card may name */
    }
    if (dial != NULL && strcmp(dial->endpoint, endpoint) == 0) {
        return NRS_OK;
    }
    if (dial != NULL) {
        nrs_outbound_hang_up(outbound, batch, curve_key);
    }
    if (outbound->count >= NRS_DIAL_COUNT_MAX) {
        return NRS_ERROR_LIMIT;
    }
    dial = &outbound->dials[outbound->count++];
    memset(dial, 0, sizeof(*dial));
    memcpy(dial->curve_key, curve_key, NRS_KEY_SIZE);
    (void)snprintf(dial->endpoint, sizeof(dial->endpoint), "%s", endpoint);
    dial->backoff_ms = BACKOFF_MS_MIN;
    start(outbound, dial, NULL, batch->monotonic_ms);
    return NRS_OK;
}

void nrs_outbound_hang_up(nrs_outbound *outbound, nrs_batch *batch, const uint8_t curve_key[NRS_KEY_SIZE])
{
    nrs_dial *dial = dial_of_key(outbound, curve_key);

    if (dial == NULL) {
        return;
    }
    if (dial->state == NRS_DIAL_UP) {
        (void)nrs_batch_note_link(batch, NRS_EVENT_LINK_DOWN, dial->link, dial->curve_key);
    }
    close_sockets(dial, CLOSE_LINGER_MS);
    give_up_lookup(outbound, dial);
    *dial = outbound->dials[--outbound->count];
}

void nrs_outbound_poll(const nrs_outbound *outbound, nrs_pollset *set, bool frames)
{
    for (size_t i = 0; i < outbound->count; i++) {
        const nrs_dial *dial = &outbound->dials[i];

        if (dial->monitor != NULL) {
            nrs_pollset_add_socket(set, dial->monitor);
        }
        if (dial->state == NRS_DIAL_UP && frames) {
            nrs_pollset_add_socket(set, dial->dealer);
        }
    }
}

/* Said to the engine when it is something else than before. */
static void tell(nrs_dial *dial, nrs_batch *batch, nrs_error why)
{
    if (dial->told != why) {
        dial->told = why;
        nrs_batch_note_failure(batch, dial->curve_key, why);
    }
}

static void handshake_failed(nrs_dial *dial, nrs_batch *batch, uint16_t event, uint32_t value)
{
    if (event == ZMQ_EVENT_HANDSHAKE_FAILED_AUTH) {
        tell(dial, batch, value == ZAP_HELD_BACK ? NRS_ERROR_BUSY : NRS_ERROR_UNKNOWN_PEER);
    } else if (event != ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL && batch->monotonic_ms >= dial->connected_ms + UNANSWERED_MS) {
        dial->handshakes_failed = 0;
        tell(dial, batch, NRS_ERROR_NO_NODE); /* the system took the connection, and nobody has done anything with it */
    } else {
        dial->failing_ms = dial->handshakes_failed == 0 ? batch->monotonic_ms : dial->failing_ms;
        dial->handshakes_failed++;
        if (dial->handshakes_failed >= HANDSHAKES_FAILED_TOLD) { /* a connection that is ended says not why: another key looks so, and a crowd */
            bool other = event == ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL || batch->monotonic_ms >= dial->failing_ms + NO_ROOM_MS;

            tell(dial, batch, other ? NRS_ERROR_FORGED : NRS_ERROR_NO_NODE);
        }
    }
}

/* With the next of its addresses, where it is a name. */
static void try_again(nrs_outbound *outbound, nrs_dial *dial, uint64_t monotonic_ms)
{
    close_sockets(dial, 0);
    dial->attempt += dial->state == NRS_DIAL_UP ? 0u : 1u;
    wait_before_retry(outbound, dial, monotonic_ms);
}

/* One event of a dial's connection. False when its sockets are gone. */
static bool take_event(nrs_outbound *outbound, nrs_dial *dial, nrs_batch *batch, uint16_t event, uint32_t value, nrs_link_id *next_link)
{
    if (event == ZMQ_EVENT_CONNECTED) {
        nrs_intakes_began(outbound->intakes, (int)value, batch->monotonic_ms);
        nrs_intakes_spoke(outbound->intakes, (int)value); /* whom we dialled may be silent */
        dial->connected_ms = batch->monotonic_ms;
        return true;
    }
    if (event == ZMQ_EVENT_HANDSHAKE_SUCCEEDED) {
        if (dial->state == NRS_DIAL_CONNECTING) {
            dial->state = NRS_DIAL_UP;
            dial->told = NRS_OK;
            dial->handshakes_failed = 0;
            dial->link = (*next_link)++;
            dial->up_ms = batch->monotonic_ms;
            if (!nrs_batch_note_link(batch, NRS_EVENT_LINK_UP, dial->link, dial->curve_key)) {
                close_sockets(dial, 0);
                wait_before_retry(outbound, dial, batch->monotonic_ms);
                return false;
            }
        }
        return true;
    }
    if (event == ZMQ_EVENT_CONNECT_RETRIED && dial->state == NRS_DIAL_CONNECTING) {
        dial->handshakes_failed = 0;
        tell(dial, batch, NRS_ERROR_NO_NODE);
        if (!nrs_endpoint_is_number(dial->endpoint)) {
            try_again(outbound, dial, batch->monotonic_ms);
            return false;
        }
    }
    if (event != ZMQ_EVENT_DISCONNECTED && event != ZMQ_EVENT_HANDSHAKE_FAILED_AUTH &&
        event != ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL && event != ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL) {
        return true;
    }
    if (dial->state == NRS_DIAL_UP) {
        (void)nrs_batch_note_link(batch, NRS_EVENT_LINK_DOWN, dial->link, dial->curve_key);
    } else {
        handshake_failed(dial, batch, event, value);
    }
    try_again(outbound, dial, batch->monotonic_ms);
    return false;
}

void nrs_outbound_watch(nrs_outbound *outbound, nrs_batch *batch, const nrs_pollset *set, nrs_link_id *next_link)
{
    for (size_t i = 0; i < outbound->count; i++) {
        nrs_dial *dial = &outbound->dials[i];
        uint16_t event = 0;
        uint32_t value = 0;

        if (dial->monitor == NULL || !nrs_pollset_socket_ready(set, dial->monitor)) {
            continue;
        }
        while (nrs_monitor_read(dial->monitor, &event, &value) && take_event(outbound, dial, batch, event, value, next_link)) {
        }
    }
}

static void drop(nrs_outbound *outbound, nrs_dial *dial, nrs_batch *batch)
{
    (void)nrs_batch_note_link(batch, NRS_EVENT_LINK_DOWN, dial->link, dial->curve_key);
    close_sockets(dial, 0);
    wait_before_retry(outbound, dial, batch->monotonic_ms);
}

/* No more than its share of the step, whatever stands in its queue. */
static void gather_from(nrs_outbound *outbound, nrs_dial *dial, nrs_batch *batch)
{
    const size_t size_before = batch->size;

    for (size_t i = 0; i < SHARE_COUNT && batch->size - size_before < SHARE_SIZE && !nrs_batch_full(batch); i++) {
        zmq_msg_t frame;
        uint64_t held = 0;

        (void)zmq_msg_init(&frame);
        if (zmq_msg_recv(&frame, dial->dealer, ZMQ_DONTWAIT) < 0) {
            (void)zmq_msg_close(&frame);
            return;
        }
        nrs_intakes_took(outbound->intakes, nrs_connection_fd_of(&frame), zmq_msg_size(&frame));
        if (zmq_msg_more(&frame)) { /* whoever sends several parts keeps to no rule */
            (void)zmq_msg_close(&frame);
            if (nrs_log_gate_pass(&dial->gate, &held, batch->monotonic_ms)) {
                nrs_log(NRS_LOG_WARNING, "ended the link with %s: a message of several parts (%" PRIu64 " more before)", dial->endpoint, held);
            }
            drop(outbound, dial, batch);
            return;
        }
        if (zmq_msg_size(&frame) <= NRS_FRAME_SIZE_MAX) {
            nrs_batch_add_frame(batch, dial->link, dial->curve_key, &frame);
        }
        (void)zmq_msg_close(&frame);
    }
}

void nrs_outbound_gather(nrs_outbound *outbound, nrs_batch *batch, const nrs_pollset *set)
{
    const size_t first = outbound->next;

    for (size_t i = 0; i < outbound->count && !nrs_batch_full(batch); i++) {
        const size_t at = (first + i) % outbound->count;
        nrs_dial *dial = &outbound->dials[at];

        if (dial->state == NRS_DIAL_UP && nrs_pollset_socket_ready(set, dial->dealer)) {
            gather_from(outbound, dial, batch);
            outbound->next = at + 1; /* whoever found no room is the first of the next step */
        }
    }
}

bool nrs_outbound_send(nrs_outbound *outbound, nrs_batch *batch, nrs_link_id id, nrs_bytes *bytes)
{
    nrs_dial *dial = dial_of_link(outbound, id);
    zmq_msg_t frame;

    if (dial == NULL) {
        return false;
    }
    if (nrs_frame_make(&frame, bytes) != NRS_OK) {
        drop(outbound, dial, batch);
    } else if (zmq_msg_send(&frame, dial->dealer, ZMQ_DONTWAIT) < 0) {
        (void)zmq_msg_close(&frame);
        drop(outbound, dial, batch);
    }
    return true;
}

void nrs_outbound_close(nrs_outbound *outbound, nrs_link_id id, uint64_t monotonic_ms)
{
    nrs_dial *dial = dial_of_link(outbound, id);

    if (dial != NULL) {
        close_sockets(dial, CLOSE_LINGER_MS);
        wait_before_retry(outbound, dial, monotonic_ms);
    }
}

void nrs_outbound_drop_all(nrs_outbound *outbound, nrs_batch *batch)
{
    for (size_t i = 0; i < outbound->count; i++) {
        nrs_dial *dial = &outbound->dials[i];

        if (dial->state == NRS_DIAL_UP) {
            drop(outbound, dial, batch);
        }
    }
}

static void look_at_answer(nrs_outbound *outbound, nrs_dial *dial, nrs_batch *batch)
{
    char address[NRS_LOOKUP_ENDPOINT_SIZE];
    const uint64_t now_ms = batch->monotonic_ms;
    const bool done = nrs_lookup_done(dial->lookup); /* asked once: an answer that comes meanwhile is looked at in the next round */

    if (done && nrs_lookup_endpoint(address, dial->lookup, dial->attempt)) {
        nrs_lookup_destroy(&dial->lookup);
        start(outbound, dial, address, now_ms);
        return;
    }
    if (done || now_ms >= dial->looking_ms + LOOKUP_TOLD_MS) {
        tell(dial, batch, NRS_ERROR_NO_NODE);
    }
    if (done || now_ms >= dial->looking_ms + LOOKUP_MS_MAX) {
        give_up_lookup(outbound, dial);
        wait_before_retry(outbound, dial, now_ms);
    }
}

void nrs_outbound_sweep(nrs_outbound *outbound, nrs_batch *batch)
{
    for (size_t i = 0; i < outbound->count; i++) {
        nrs_dial *dial = &outbound->dials[i];

        if (dial->state == NRS_DIAL_WAITING && batch->monotonic_ms >= dial->retry_ms) {
            start(outbound, dial, NULL, batch->monotonic_ms);
        } else if (dial->state == NRS_DIAL_LOOKING) {
            look_at_answer(outbound, dial, batch);
        }
    }
}
