#include "crowd.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <zmq.h>

enum { SOCKET_COUNT_MAX = 2048, WAIT_UP_SECONDS = 60, QUIET_SECONDS = 1, TAG_POSITION = 0x08, TAG_ITEM = 0x0a };

void nrs_crowd_disconnect(nrs_crowd *crowd)
{
    for (size_t i = 0; i < crowd->count; i++) {
        nrs_crowd_member *member = &crowd->members[i];

        if (member->socket != NULL) {
            (void)zmq_close(member->socket);
        }
        member->socket = NULL;
        member->up = false;
        member->deliveries = member->messages = 0;
    }
    if (crowd->context != NULL) {
        (void)zmq_ctx_term(crowd->context);
    }
    crowd->context = NULL;
}

void nrs_crowd_destroy(nrs_crowd *crowd)
{
    nrs_crowd_disconnect(crowd);
    for (size_t i = 0; i < crowd->count; i++) {
        nrs_identity_destroy(&crowd->members[i].identity);
    }
    free(crowd->members);
    *crowd = (nrs_crowd){0};
}

int nrs_crowd_send(nrs_crowd *crowd, size_t index, nrs_frame_type type, nrs_slice payload)
{
    nrs_frame frame = NRS__WIRE__FRAME__INIT;
    nrs_bytes bytes = {0};
    int failed;

    frame.type = (uint32_t)type;
    frame.payload = nrs_field_of(payload);
    failed = nrs_frame_encode(&bytes, &frame) != NRS_OK ||
             zmq_send(crowd->members[index].socket, bytes.data, bytes.size, ZMQ_DONTWAIT) < 0;
    nrs_bytes_wipe(&bytes);
    return failed;
}

static int send_hello(nrs_crowd *crowd, size_t index)
{
    nrs_hello hello = NRS__WIRE__HELLO__INIT;
    Nrs__Wire__Head head = NRS__WIRE__HEAD__INIT;
    Nrs__Wire__Head *heads[1] = {&head};
    const nrs_crowd_member *member = &crowd->members[index];
    nrs_bytes payload = {0};
    int failed;

    head.community = nrs_field_of(nrs_slice_of(crowd->community, NRS_HASH_SIZE));
    head.version = crowd->roster_version;
    head.hash = nrs_field_of(nrs_slice_of(crowd->roster_hash, NRS_HASH_SIZE));
    hello.version_min = hello.version_max = NRS_LINK_VERSION;
    hello.org = nrs_field_of(nrs_slice_of(nrs_identity_public(member->identity)->sign_key, NRS_KEY_SIZE));
    hello.log = nrs_field_of(nrs_slice_of(member->log, sizeof member->log));
    if (member->held > 0) { /* else the hub would begin at its log's beginning again */
        hello.peer_log = nrs_field_of(nrs_slice_of(member->hub_log, sizeof member->hub_log));
        hello.position = member->held;
    }
    hello.window = NRS_LINK_WINDOW_DEFAULT;
    hello.heads = heads;
    hello.n_heads = 1;
    hello.now_ms = (uint64_t)time(NULL) * NRS_SECOND_MS;
    failed = nrs_hello_encode(&payload, &hello) != NRS_OK ||
             nrs_crowd_send(crowd, index, NRS_FRAME_HELLO, nrs_slice_of_bytes(&payload));
    nrs_bytes_wipe(&payload);
    return failed;
}

static void *dial(nrs_crowd *crowd, const nrs_crowd_member *member, const char *endpoint, const uint8_t *curve_key)
{
    const int zero = 0; /* no linger, and nothing that is received is held back */
    const nrs_public_keys *keys = nrs_identity_public(member->identity);
    void *socket = zmq_socket(crowd->context, ZMQ_DEALER);

    if (socket != NULL &&
        (zmq_setsockopt(socket, ZMQ_LINGER, &zero, sizeof zero) != 0 ||
         zmq_setsockopt(socket, ZMQ_RCVHWM, &zero, sizeof zero) != 0 ||
         zmq_setsockopt(socket, ZMQ_CURVE_SERVERKEY, curve_key, NRS_KEY_SIZE) != 0 ||
         zmq_setsockopt(socket, ZMQ_CURVE_PUBLICKEY, keys->curve_key, NRS_KEY_SIZE) != 0 ||
         zmq_setsockopt(socket, ZMQ_CURVE_SECRETKEY, nrs_secret_view(nrs_identity_curve_secret(member->identity)),
                        NRS_KEY_SIZE) != 0 ||
         zmq_connect(socket, endpoint) != 0)) {
        (void)zmq_close(socket);
        return NULL;
    }
    return socket;
}

int nrs_crowd_connect(nrs_crowd *crowd, size_t count, const char *endpoint, const uint8_t curve_key[NRS_KEY_SIZE],
                      bool greet)
{
    crowd->context = zmq_ctx_new();
    if (crowd->context == NULL || zmq_ctx_set(crowd->context, ZMQ_MAX_SOCKETS, SOCKET_COUNT_MAX) != 0) {
        return 1;
    }
    for (size_t i = 0; i < count; i++) {
        nrs_crowd_member *member = &crowd->members[i];

        member->socket = dial(crowd, member, endpoint, curve_key);
        if (member->socket == NULL || (greet ? send_hello(crowd, i) != 0 : zmq_send(member->socket, "", 1, 0) < 0)) {
            return 1;
        }
    }
    return 0;
}

/* ---- Frames in. Only what the numbers need is looked at: checking every byte is what the real members are for. ----
 */

static bool read_varint(nrs_reader *reader, uint64_t *value_out)
{
    uint64_t value = 0;
    uint8_t byte = 0x80;

    for (unsigned shift = 0; (byte & 0x80) != 0 && shift < 64; shift += 7) {
        if (nrs_read_u8(reader, &byte) != NRS_OK) {
            return false;
        }
        value |= (uint64_t)(byte & 0x7f) << shift;
    }
    *value_out = value;
    return true;
}

/* One field of a message: its tag, and either a number or the size of the bytes that follow. */
static bool read_field(nrs_reader *reader, uint64_t *tag_out, uint64_t *number_out)
{
    return reader->left.size > 0 && read_varint(reader, tag_out) && read_varint(reader, number_out);
}

static bool skip(nrs_reader *reader, uint64_t size)
{
    if (size > reader->left.size) {
        return false;
    }
    reader->left = nrs_slice_of(reader->left.data + size, reader->left.size - (size_t)size);
    return true;
}

static void take_items(nrs_crowd_member *member, nrs_slice payload)
{
    nrs_reader reader = nrs_reader_over(payload);
    uint64_t tag, number;

    while (read_field(&reader, &tag, &number)) {
        if (tag == TAG_ITEM) {
            nrs_reader item = nrs_reader_over(nrs_slice_of(reader.left.data, (size_t)number));
            size_t records = 0;

            if (!skip(&reader, number)) {
                return;
            }
            while (read_field(&item, &tag, &number)) {
                if (tag == TAG_POSITION) {
                    member->held = number;
                } else if (!skip(&item, number)) {
                    return;
                } else {
                    records++;
                }
            }
            member->deliveries += records > 1; /* a report and a slot; a card or a roster goes alone */
        }
    }
}

static int confirm_items(nrs_crowd *crowd, size_t index)
{
    nrs_confirm confirm = NRS__WIRE__CONFIRM__INIT;
    nrs_bytes payload = {0};
    int failed;

    confirm.position = crowd->members[index].held;
    failed = nrs_confirm_encode(&payload, &confirm) != NRS_OK ||
             nrs_crowd_send(crowd, index, NRS_FRAME_CONFIRM, nrs_slice_of_bytes(&payload));
    nrs_bytes_wipe(&payload);
    return failed;
}

/* Confirmations say how far a sender may go on. */
static int take_confirm(nrs_crowd_member *member, nrs_slice payload)
{
    nrs_confirm *confirm = NULL;
    int failed = nrs_confirm_decode(&confirm, payload) != NRS_OK || confirm->n_refusals > 0;

    if (failed == 0) {
        member->confirmed = confirm->position;
    } else {
        nrs_bench_note("the hub refused a report: error %u", confirm == NULL ? 0u : confirm->refusals[0]->error);
    }
    nrs_confirm_free(&confirm);
    return failed;
}

static int take_hello(nrs_crowd_member *member, nrs_slice payload)
{
    nrs_hello *hello = NULL;

    if (nrs_hello_decode(&hello, payload) != NRS_OK) {
        return 1;
    }
    memcpy(member->hub_log, hello->log.data, NRS_LOG_ID_SIZE);
    member->up = true;
    nrs_hello_free(&hello);
    return 0;
}

static int take_frame(nrs_crowd *crowd, size_t index, nrs_slice bytes)
{
    nrs_reader reader = nrs_reader_over(bytes);
    uint64_t tag, type, size = 0;

    if (!read_field(&reader, &tag, &type) || (reader.left.size > 0 && !read_field(&reader, &tag, &size)) ||
        size != reader.left.size) {
        return 1;
    }
    switch ((nrs_frame_type)type) {
    case NRS_FRAME_HELLO:
        return take_hello(&crowd->members[index], reader.left);
    case NRS_FRAME_ITEMS:
        take_items(&crowd->members[index], reader.left);
        return 0;
    case NRS_FRAME_CONFIRM:
        return take_confirm(&crowd->members[index], reader.left);
    case NRS_FRAME_PING:
        return nrs_crowd_send(crowd, index, NRS_FRAME_PONG, nrs_slice_of(NULL, 0));
    case NRS_FRAME_PONG:
        return 0;
    case NRS_FRAME_BYE:
        break;
    }
    nrs_bench_note("the hub ended a link");
    return 1;
}

static int drain(nrs_crowd *crowd, size_t index, bool frames)
{
    nrs_crowd_member *member = &crowd->members[index];
    uint64_t held = member->held;
    zmq_msg_t message;
    int failed = 0;

    (void)zmq_msg_init(&message);
    while (failed == 0 && zmq_msg_recv(&message, member->socket, ZMQ_DONTWAIT) >= 0) {
        member->messages++;
        if (!frames) {
            member->up = true;
        } else {
            failed = take_frame(crowd, index, nrs_slice_of(zmq_msg_data(&message), zmq_msg_size(&message)));
        }
    }
    (void)zmq_msg_close(&message);
    return failed || (member->held != held && confirm_items(crowd, index) != 0);
}

int nrs_crowd_take(nrs_crowd *crowd, long timeout_ms, bool frames)
{
    zmq_pollitem_t items[SOCKET_COUNT_MAX];
    size_t indices[SOCKET_COUNT_MAX];
    int count = 0;
    int failed = 0;

    for (size_t i = 0; i < crowd->count && count < SOCKET_COUNT_MAX; i++) {
        if (crowd->members[i].socket != NULL) {
            items[count] = (zmq_pollitem_t){.socket = crowd->members[i].socket, .events = ZMQ_POLLIN};
            indices[count] = i;
            count++;
        }
    }
    if (zmq_poll(items, count, timeout_ms) < 0) {
        return 1;
    }
    for (int i = 0; failed == 0 && i < count; i++) {
        if ((items[i].revents & ZMQ_POLLIN) != 0) {
            failed = drain(crowd, indices[i], frames);
        }
    }
    return failed;
}

static size_t count_up(const nrs_crowd *crowd, size_t count)
{
    size_t up = 0;

    for (size_t i = 0; i < count; i++) {
        up += crowd->members[i].up;
    }
    return up;
}

int nrs_crowd_wait_up(nrs_crowd *crowd, size_t count, bool frames)
{
    double now = nrs_bench_now();
    double end = now + WAIT_UP_SECONDS;
    double quiet = now + QUIET_SECONDS;
    size_t seen = 0;

    while ((now < quiet || count_up(crowd, count) < count) && now < end) {
        if (nrs_crowd_take(crowd, 100, frames) != 0) {
            return 1;
        }
        now = nrs_bench_now();
        if (nrs_crowd_messages(crowd, count) != seen) {
            seen = nrs_crowd_messages(crowd, count);
            quiet = now + QUIET_SECONDS;
        }
    }
    if (now >= end) {
        nrs_bench_note("%zu of %zu members were greeted", count_up(crowd, count), count);
    }
    return now >= end;
}

size_t nrs_crowd_deliveries(const nrs_crowd *crowd, size_t count)
{
    size_t sum = 0;

    for (size_t i = 0; i < count; i++) {
        sum += crowd->members[i].deliveries;
    }
    return sum;
}

size_t nrs_crowd_messages(const nrs_crowd *crowd, size_t count)
{
    size_t sum = 0;

    for (size_t i = 0; i < count; i++) {
        sum += crowd->members[i].messages;
    }
    return sum;
}
