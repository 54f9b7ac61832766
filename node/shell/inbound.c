#include "inbound.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "frame.h"
#include "monitor.h"
#include "proto/assert.h"
#include "routing.h"
#include "socket_options.h"

#define END_DELAY_MS 250ull
#define FORGET_DELAY_MS 2000ull /* what a connection had sent before it ended has been read by then */
#define SUSPECT_MS 2000u
#define SILENT_MS 10000ull     /* from where a connection begins: the handshake has half of that, and a hello follows it at once */
#define SILENT_MS_MAX 60000ull /* also when the frames of others keep us from having read all */
#define MONITOR_NUMBER 0

void nrs_inbound_init(nrs_inbound *inbound, nrs_intakes *intakes, nrs_arrivals *arrivals)
{
    memset(inbound, 0, sizeof(*inbound));
    inbound->intakes = intakes;
    inbound->arrivals = arrivals;
    nrs_routes_init(&inbound->links);
}

nrs_error nrs_inbound_listen(nrs_inbound *inbound, void *zmq, const char *endpoint, const nrs_secret *curve_secret)
{
    nrs_error error = NRS_ERROR_SYSTEM;

    NRS_ASSERT(inbound->router == NULL);
    NRS_ASSERT(nrs_secret_size(curve_secret) == NRS_KEY_SIZE);

    inbound->router = zmq_socket(zmq, ZMQ_ROUTER);
    if (inbound->router == NULL) {
        return NRS_ERROR_SYSTEM;
    }
    error = nrs_socket_options_server(inbound->router, nrs_secret_view(curve_secret));
    if (error != NRS_OK) {
        goto out;
    }
    inbound->monitor = nrs_monitor_open(zmq, inbound->router, ZMQ_EVENT_ACCEPTED | ZMQ_EVENT_DISCONNECTED, MONITOR_NUMBER);
    if (inbound->monitor == NULL) {
        error = NRS_ERROR_SYSTEM;
        goto out;
    }
    error = nrs_routing_learn(&inbound->counter, zmq, inbound->router);
    if (error == NRS_OK && zmq_bind(inbound->router, endpoint) != 0) {
        error = errno == EADDRINUSE ? NRS_ERROR_ADDRESS_IN_USE : NRS_ERROR_BAD_ADDRESS;
    }
out:
    if (error != NRS_OK) {
        nrs_inbound_wipe(inbound);
    }
    return error;
}

void nrs_inbound_wipe(nrs_inbound *inbound)
{
    if (inbound->monitor != NULL) {
        nrs_monitor_close(inbound->router, inbound->monitor);
    }
    if (inbound->router != NULL) {
        (void)zmq_close(inbound->router);
    }
    inbound->monitor = NULL;
    inbound->router = NULL;
    nrs_routes_wipe(&inbound->links);
}

void nrs_inbound_poll(const nrs_inbound *inbound, nrs_pollset *set, bool frames)
{
    if (inbound->router == NULL) {
        return;
    }
    nrs_pollset_add_socket(set, inbound->monitor);
    if (frames) {
        nrs_pollset_add_socket(set, inbound->router);
    }
}

static void close_link(nrs_route *link, uint64_t monotonic_ms)
{
    if (!link->closed) {
        link->closed = true;
        link->end_ms = monotonic_ms + END_DELAY_MS;
    }
}

uint64_t nrs_inbound_silent_before_ms(const nrs_inbound *inbound, uint64_t monotonic_ms)
{
    uint64_t read_ms = inbound->drained_ms > SILENT_MS ? inbound->drained_ms - SILENT_MS : 0;
    uint64_t any_ms = monotonic_ms > SILENT_MS_MAX ? monotonic_ms - SILENT_MS_MAX : 0;

    return read_ms > any_ms ? read_ms : any_ms;
}

typedef struct watch_context {
    nrs_batch *batch;
    nrs_routes *routes;
    int fd;
} watch_context;

/* False when the link's connection still stands. */
static bool note_if_ended(nrs_batch *batch, nrs_route *link)
{
    if (nrs_connection_alive(&link->connection)) {
        return false;
    }
    (void)nrs_batch_note_link(batch, NRS_EVENT_LINK_DOWN, link->id, link->curve_key);
    link->connection.fd = -1;
    close_link(link, batch->monotonic_ms);
    return true;
}

/* The library speaks before it closes the descriptor, and may have given its number to the next connection since: so a
 * link has ended when its own connection is gone, now or soon. */
static void suspect(void *context, nrs_route *link)
{
    const watch_context *watch = context;

    if (!link->closed && link->connection.fd == watch->fd && !note_if_ended(watch->batch, link)) {
        link->suspect_until_ms = watch->batch->monotonic_ms + SUSPECT_MS;
    }
}

void nrs_inbound_watch(nrs_inbound *inbound, nrs_batch *batch)
{
    uint16_t event = 0;
    uint32_t value = 0;

    while (inbound->monitor != NULL && nrs_monitor_read(inbound->monitor, &event, &value)) {
        watch_context watch = {.batch = batch, .fd = (int)value};

        if (event == ZMQ_EVENT_ACCEPTED) {
            nrs_intakes_began(inbound->intakes, (int)value, batch->monotonic_ms);
        } else if (event == ZMQ_EVENT_DISCONNECTED) {
            nrs_intakes_ended(inbound->intakes, (int)value);
            nrs_routes_each(&inbound->links, suspect, &watch);
        }
    }
    (void)nrs_intakes_make_room(inbound->intakes, batch->monotonic_ms);
}

/* The authenticated key of whoever sent the frame: never the routing id. */
static bool sender_of(uint8_t key_out[NRS_KEY_SIZE], zmq_msg_t *frame)
{
    const char *user = zmq_msg_gets(frame, "User-Id");

    return user != NULL && nrs_z85_decode_key(key_out, user) == NRS_OK;
}

static bool belongs_to(const nrs_route *link, const uint8_t key[NRS_KEY_SIZE], zmq_msg_t *frame)
{
    int fd = nrs_connection_fd_of(frame);

    if (memcmp(link->curve_key, key, NRS_KEY_SIZE) != 0) {
        return false;
    }
    if (!link->closed) {
        return link->connection.fd == fd || link->connection.fd < 0;
    }
    /* A peer that chose its routing id may come back under it; its new connection is a new link. */
    return link->connection.fd < 0 ? nrs_connection_of(frame).fd < 0
                                   : link->connection.fd == fd && nrs_connection_alive(&link->connection);
}

static void forget(nrs_inbound *inbound, nrs_batch *batch, nrs_route *link)
{
    if (!link->closed) {
        (void)nrs_batch_note_link(batch, NRS_EVENT_LINK_DOWN, link->id, link->curve_key);
    }
    nrs_routes_remove(&inbound->links, link);
}

/* A peer that connects again and again only pushes out its own links, and one line a minute says so. */
static void make_room(nrs_inbound *inbound, nrs_batch *batch, const uint8_t key[NRS_KEY_SIZE])
{
    nrs_route *link = nrs_routes_in_the_way(&inbound->links, key);
    uint64_t held = 0;

    if (link == NULL) {
        return;
    }
    if (nrs_log_gate_pass(&inbound->crowd_gate, &held, batch->monotonic_ms)) {
        char user[41] = "";

        nrs_z85_encode_key(user, link->curve_key);
        nrs_log(NRS_LOG_WARNING, "too many connections: ended the oldest of %s (%" PRIu64 " more before)", user, held);
    }
    nrs_connection_end(&link->connection);
    forget(inbound, batch, link);
}

/* The link of a frame; a new one for the first frame of a connection. NULL: drop the frame. */
static nrs_route *link_of(nrs_inbound *inbound, nrs_batch *batch, nrs_link_id *next_link, nrs_slice route,
                          const uint8_t key[NRS_KEY_SIZE], zmq_msg_t *frame)
{
    nrs_route *link = nrs_routes_by_route(&inbound->links, route);
    nrs_connection connection = {.fd = -1};

    if (link != NULL && belongs_to(link, key, frame)) {
        return link->closed ? NULL : link;
    }
    if (link != NULL) {
        forget(inbound, batch, link);
    }
    connection = nrs_connection_of(frame);
    if (connection.fd < 0) {
        return NULL; /* it has ended already, and could not be answered */
    }
    if (nrs_arrivals_is_shut_out(inbound->arrivals, key, batch->monotonic_ms)) {
        nrs_connection_end(&connection);
        return NULL;
    }
    make_room(inbound, batch, key);
    link = nrs_routes_add(&inbound->links, *next_link, route, key);
    if (link == NULL) {
        nrs_connection_end(&connection); /* without memory for it; the peer dials again */
        return NULL;
    }
    (*next_link)++;
    link->connection = connection;
    nrs_intakes_spoke(inbound->intakes, connection.fd);
    nrs_arrivals_heard(inbound->arrivals, key);
    return link;
}

/* The connection ends: whoever sends several parts keeps to no rule. One line a minute for all peers together: a peer that connects
 * again and again must not fill the log. */
static void refuse_parts(nrs_inbound *inbound, zmq_msg_t *frame, uint64_t monotonic_ms)
{
    const char *user = zmq_msg_gets(frame, "User-Id");
    nrs_connection connection = nrs_connection_of(frame);
    uint64_t held = 0;

    nrs_connection_end(&connection);

    if (nrs_log_gate_pass(&inbound->gate, &held, monotonic_ms)) {
        nrs_log(NRS_LOG_WARNING, "ended the link of %s: a message of several parts (%" PRIu64 " more before)",
                user == NULL ? "a peer" : user, held);
    }
}

/* One message: routing id and frame. Both belong to the caller. */
static void take(nrs_inbound *inbound, nrs_batch *batch, const nrs_core *core, nrs_link_id *next_link, nrs_slice route,
                 zmq_msg_t *frame)
{
    uint8_t key[NRS_KEY_SIZE];
    uint64_t until_ms = 0;
    nrs_route *link = NULL;

    if (!sender_of(key, frame) || zmq_msg_size(frame) > NRS_FRAME_SIZE_MAX) {
        return;
    }
    if (!nrs_routing_is_given(route, inbound->counter, inbound->arrivals->admitted_count)) {
        nrs_connection connection = nrs_connection_of(frame);

        nrs_connection_end(&connection);
        nrs_arrivals_shut_out(inbound->arrivals, key, batch->monotonic_ms);
        if (nrs_arrivals_tell(inbound->arrivals, &until_ms, key, batch->monotonic_ms)) {
            nrs_batch_note_held_back(batch, key, until_ms);
        }
        return;
    }
    if (!nrs_core_admits(core, key)) {
        /* A handshake that was admitted before the key was removed does not end by itself. */
        nrs_connection connection = nrs_connection_of(frame);

        nrs_connection_end(&connection);
        return;
    }
    link = link_of(inbound, batch, next_link, route, key, frame);
    if (link != NULL) {
        nrs_batch_add_frame(batch, link->id, key, frame);
    }
}

void nrs_inbound_gather(nrs_inbound *inbound, nrs_batch *batch, const nrs_core *core, nrs_link_id *next_link)
{
    for (size_t i = 0; inbound->router != NULL && i < NRS_BATCH_EVENT_COUNT_MAX && !nrs_batch_full(batch); i++) { /* what is dropped counts too */
        zmq_msg_t route;
        zmq_msg_t frame;
        nrs_slice route_slice = {NULL, 0};

        (void)zmq_msg_init(&route);
        (void)zmq_msg_init(&frame);
        if (zmq_msg_recv(&route, inbound->router, ZMQ_DONTWAIT) < 0) {
            (void)zmq_msg_close(&frame);
            (void)zmq_msg_close(&route);
            inbound->drained_ms = batch->monotonic_ms;
            return;
        }
        route_slice = nrs_slice_of(zmq_msg_data(&route), zmq_msg_size(&route));
        if (zmq_msg_more(&route) && zmq_msg_recv(&frame, inbound->router, ZMQ_DONTWAIT) >= 0) {
            if (zmq_msg_more(&frame)) {
                refuse_parts(inbound, &frame, batch->monotonic_ms);
                (void)nrs_frame_skip_rest(inbound->router);
            } else {
                nrs_intakes_took(inbound->intakes, nrs_connection_fd_of(&frame), zmq_msg_size(&frame));
                take(inbound, batch, core, next_link, route_slice, &frame);
            }
        }
        (void)zmq_msg_close(&frame);
        (void)zmq_msg_close(&route);
    }
}

static void drop(void *context, nrs_route *link)
{
    nrs_batch *batch = context;

    if (!link->closed) {
        (void)nrs_batch_note_link(batch, NRS_EVENT_LINK_DOWN, link->id, link->curve_key);
        close_link(link, batch->monotonic_ms);
    }
}

bool nrs_inbound_send(nrs_inbound *inbound, nrs_batch *batch, nrs_link_id id, nrs_bytes *bytes)
{
    nrs_route *link = nrs_routes_by_id(&inbound->links, id);
    zmq_msg_t frame;

    if (link == NULL || link->closed) {
        return false;
    }
    if (nrs_frame_make(&frame, bytes) != NRS_OK) {
        drop(batch, link);
        return true;
    }
    if (zmq_send(inbound->router, link->route, link->route_size, ZMQ_SNDMORE | ZMQ_DONTWAIT) < 0 ||
        zmq_msg_send(&frame, inbound->router, ZMQ_DONTWAIT) < 0) {
        (void)zmq_msg_close(&frame);
        drop(batch, link);
    }
    return true;
}

void nrs_inbound_close(nrs_inbound *inbound, nrs_link_id id, uint64_t monotonic_ms)
{
    nrs_route *link = nrs_routes_by_id(&inbound->links, id);

    if (link != NULL) {
        close_link(link, monotonic_ms);
    }
}

void nrs_inbound_drop_all(nrs_inbound *inbound, nrs_batch *batch)
{
    nrs_routes_each(&inbound->links, drop, batch);
}

static void sweep(void *context, nrs_route *link)
{
    const watch_context *watch = context;
    uint64_t now = watch->batch->monotonic_ms;

    if (!link->closed && link->suspect_until_ms != 0 && !note_if_ended(watch->batch, link) &&
        now >= link->suspect_until_ms) {
        link->suspect_until_ms = 0;
    }
    if (link->closed && link->end_ms != 0 && (now >= link->end_ms || !nrs_connection_alive(&link->connection))) {
        nrs_connection_end(&link->connection);
        link->end_ms = 0;
        link->forget_ms = now + FORGET_DELAY_MS;
    }
    if (link->closed && link->end_ms == 0 && now >= link->forget_ms) {
        nrs_routes_remove(watch->routes, link);
    }
}

void nrs_inbound_sweep(nrs_inbound *inbound, nrs_batch *batch)
{
    watch_context watch = {.batch = batch, .routes = &inbound->links, .fd = -1};

    nrs_routes_each(&inbound->links, sweep, &watch);
}
