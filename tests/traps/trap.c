#include "trap.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

void trap_keys_make(trap_keys *keys_out)
{
    assert_int_equal(zmq_curve_keypair(keys_out->public_z85, keys_out->secret_z85), 0);
    assert_non_null(zmq_z85_decode(keys_out->public_key, keys_out->public_z85));
    assert_non_null(zmq_z85_decode(keys_out->secret_key, keys_out->secret_z85));
}

static void *answer_handshakes(void *argument)
{
    trap_zap *zap = argument;

    while (!atomic_load(&zap->stops)) {
        uint8_t parts[7][256];
        int sizes[7] = {0};
        int count = 0;
        int more = 1;
        size_t more_size = sizeof(more);
        char user[41] = "";
        bool admitted = false;

        while (more != 0 && count < 7) {
            sizes[count] = zmq_recv(zap->socket, parts[count], sizeof(parts[count]), 0);
            if (sizes[count] < 0) {
                break; /* the receive time-out: look whether to stop */
            }
            count++;
            (void)zmq_getsockopt(zap->socket, ZMQ_RCVMORE, &more, &more_size);
        }
        if (count < 7 || sizes[6] != 32) {
            continue;
        }
        atomic_fetch_add(&zap->asked_count, 1);
        admitted = atomic_load(&zap->admits);
        if (admitted) {
            (void)zmq_z85_encode(user, parts[6], 32);
        }
        (void)zmq_send(zap->socket, "1.0", 3, ZMQ_SNDMORE);
        (void)zmq_send(zap->socket, parts[1], (size_t)sizes[1], ZMQ_SNDMORE);
        (void)zmq_send(zap->socket, admitted ? "200" : "400", 3, ZMQ_SNDMORE);
        (void)zmq_send(zap->socket, "", 0, ZMQ_SNDMORE);
        (void)zmq_send(zap->socket, user, strlen(user), ZMQ_SNDMORE);
        (void)zmq_send(zap->socket, "", 0, 0);
    }
    (void)zmq_close(zap->socket);
    return NULL;
}

void trap_zap_start(trap_zap *zap, void *zmq, bool admits)
{
    zap->socket = trap_socket(zmq, ZMQ_REP);
    atomic_init(&zap->admits, admits);
    atomic_init(&zap->stops, false);
    atomic_init(&zap->asked_count, 0);
    trap_set_int(zap->socket, ZMQ_RCVTIMEO, 50);
    assert_int_equal(zmq_bind(zap->socket, "inproc://zeromq.zap.01"), 0);
    assert_int_equal(pthread_create(&zap->thread, NULL, answer_handshakes, zap), 0);
}

void trap_zap_stop(trap_zap *zap)
{
    atomic_store(&zap->stops, true);
    assert_int_equal(pthread_join(zap->thread, NULL), 0);
}

void *trap_socket(void *zmq, int type)
{
    void *socket = zmq_socket(zmq, type);

    assert_non_null(socket);
    trap_set_int(socket, ZMQ_LINGER, 0);
    return socket;
}

void trap_set_int(void *socket, int option, int value)
{
    assert_int_equal(zmq_setsockopt(socket, option, &value, sizeof(value)), 0);
}

void trap_bind(void *socket, char endpoint_out[64])
{
    size_t size = 64;

    assert_int_equal(zmq_bind(socket, "tcp://127.0.0.1:*"), 0);
    assert_int_equal(zmq_getsockopt(socket, ZMQ_LAST_ENDPOINT, endpoint_out, &size), 0);
}

void *trap_dial(void *zmq, const char *endpoint, const trap_keys *own, const trap_keys *server, const char *routing_id)
{
    void *dealer = trap_socket(zmq, ZMQ_DEALER);

    assert_int_equal(zmq_setsockopt(dealer, ZMQ_CURVE_SERVERKEY, server->public_key, 32), 0);
    assert_int_equal(zmq_setsockopt(dealer, ZMQ_CURVE_PUBLICKEY, own->public_key, 32), 0);
    assert_int_equal(zmq_setsockopt(dealer, ZMQ_CURVE_SECRETKEY, own->secret_key, 32), 0);
    if (routing_id != NULL) {
        assert_int_equal(zmq_setsockopt(dealer, ZMQ_ROUTING_ID, routing_id, strlen(routing_id)), 0);
    }
    assert_int_equal(zmq_connect(dealer, endpoint), 0);
    return dealer;
}

bool trap_receive(void *router, zmq_msg_t *frame_out, int wait_ms)
{
    uint8_t route[256];

    trap_set_int(router, ZMQ_RCVTIMEO, wait_ms);
    if (zmq_recv(router, route, sizeof(route), 0) < 0) {
        return false;
    }
    assert_int_equal(zmq_msg_init(frame_out), 0);
    assert_true(zmq_msg_recv(frame_out, router, 0) >= 0);
    assert_false(zmq_msg_more(frame_out));
    return true;
}
