/* DESIGN 7: ZMQ_MAXMSGSIZE is unlimited, LINGER infinite and HANDSHAKE_IVL 30 s by default; a ROUTER drops without a
 * word what it cannot route; a bound on messages counts CURVE's own bytes as well. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "socket_options.h"
#include "trap.h"

static const struct option_case {
    const char *name;
    int option, by_default, ours;
} cases[] = {
    {"linger", ZMQ_LINGER, -1, 0},
    {"handshake", ZMQ_HANDSHAKE_IVL, 30000, 5000},
    {"heartbeat", ZMQ_HEARTBEAT_IVL, 0, 15000},
    {"heartbeat time-out", ZMQ_HEARTBEAT_TIMEOUT, -1, 45000},
    {"heartbeat time to live", ZMQ_HEARTBEAT_TTL, 0, 60000},
    {"IPv6", ZMQ_IPV6, 0, 1},
    {"high-water mark, sending", ZMQ_SNDHWM, 1000, 1024},
    {"high-water mark, receiving", ZMQ_RCVHWM, 1000, 64},
};

static int held(void *socket, int option)
{
    int value = -2;
    size_t size = sizeof(value);

    assert_int_equal(zmq_getsockopt(socket, option, &value, &size), 0);
    return value;
}

static int64_t held_size(void *socket)
{
    int64_t value = -2;
    size_t size = sizeof(value);

    assert_int_equal(zmq_getsockopt(socket, ZMQ_MAXMSGSIZE, &value, &size), 0);
    return value;
}

static void the_defaults_are_what_we_replace(void **state)
{
    void *zmq = zmq_ctx_new();
    void *router = zmq_socket(zmq, ZMQ_ROUTER);
    void *dealer = zmq_socket(zmq, ZMQ_DEALER);
    trap_keys keys;

    (void)state;
    trap_keys_make(&keys);
    assert_int_equal(held_size(router), -1);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        print_message("%s\n", cases[i].name);
        assert_int_equal(held(router, cases[i].option), cases[i].by_default);
    }
    assert_int_equal(nrs_socket_options_server(router, keys.secret_key), NRS_OK);
    assert_int_equal(nrs_socket_options_client(dealer,
                                               &(nrs_client_keys){.server_key = keys.public_key,
                                                                  .public_key = keys.public_key,
                                                                  .secret_key = keys.secret_key},
                                               60000),
                     NRS_OK);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_int_equal(held(router, cases[i].option), cases[i].ours);
        assert_int_equal(held(dealer, cases[i].option), cases[i].ours);
    }
    assert_int_equal(held_size(router), 512 * 1024 + 33);
    assert_int_equal(held_size(dealer), 512 * 1024 + 33);
    assert_int_equal(held(router, ZMQ_MECHANISM), ZMQ_CURVE);
    assert_int_equal(held(router, ZMQ_BACKLOG), 4096);
    assert_int_equal(held(dealer, ZMQ_MECHANISM), ZMQ_CURVE);
    assert_int_equal(held(dealer, ZMQ_IMMEDIATE), 1);
    assert_int_equal(held(dealer, ZMQ_RECONNECT_IVL_MAX), 60000);
    assert_int_equal(held(dealer, ZMQ_RECONNECT_IVL), 200);
    assert_int_equal(held(dealer, ZMQ_CONNECT_TIMEOUT), 10000);
    (void)zmq_close(dealer);
    (void)zmq_close(router);
    (void)zmq_ctx_term(zmq);
}

static void a_router_says_what_it_cannot_route_only_when_told_to(void **state)
{
    void *zmq = zmq_ctx_new();
    void *plain = trap_socket(zmq, ZMQ_ROUTER);
    void *ours = trap_socket(zmq, ZMQ_ROUTER);
    trap_keys keys;

    (void)state;
    trap_keys_make(&keys);
    assert_int_equal(nrs_socket_options_server(ours, keys.secret_key), NRS_OK);
    assert_int_equal(zmq_send(plain, "nobody", 6, ZMQ_SNDMORE), 6);
    assert_int_equal(zmq_send(plain, "lost", 4, 0), 4);
    assert_int_equal(zmq_send(ours, "nobody", 6, ZMQ_SNDMORE | ZMQ_DONTWAIT), -1);
    assert_int_equal(errno, EHOSTUNREACH);
    (void)zmq_close(plain);
    (void)zmq_close(ours);
    (void)zmq_ctx_term(zmq);
}

static bool frame_passes(int64_t message_size_max, size_t frame_size)
{
    void *zmq = zmq_ctx_new();
    void *router = trap_socket(zmq, ZMQ_ROUTER);
    void *dealer = NULL;
    trap_keys server;
    trap_keys member;
    trap_zap zap;
    char endpoint[64];
    zmq_msg_t frame;
    uint8_t *bytes = calloc(1, frame_size);
    bool arrives = false;

    assert_non_null(bytes);
    trap_keys_make(&server);
    trap_keys_make(&member);
    trap_zap_start(&zap, zmq, true);
    assert_int_equal(nrs_socket_options_server(router, server.secret_key), NRS_OK);
    if (message_size_max > 0) {
        assert_int_equal(zmq_setsockopt(router, ZMQ_MAXMSGSIZE, &message_size_max, sizeof(message_size_max)), 0);
    }
    trap_bind(router, endpoint);
    dealer = trap_dial(zmq, endpoint, &member, &server, NULL);
    assert_int_equal(zmq_send(dealer, bytes, frame_size, 0), (int)frame_size);
    arrives = trap_receive(router, &frame, TRAP_SILENCE_MS);
    if (arrives) {
        assert_int_equal(zmq_msg_size(&frame), frame_size);
        (void)zmq_msg_close(&frame);
    }
    free(bytes);
    (void)zmq_close(dealer);
    (void)zmq_close(router);
    trap_zap_stop(&zap);
    (void)zmq_ctx_term(zmq);
    return arrives;
}

static void the_largest_frame_passes_and_no_larger_one(void **state)
{
    (void)state;
    assert_false(frame_passes(NRS_FRAME_SIZE_MAX, NRS_FRAME_SIZE_MAX)); /* the trap */
    assert_true(frame_passes(0, NRS_FRAME_SIZE_MAX));
    assert_false(frame_passes(0, NRS_FRAME_SIZE_MAX + 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_defaults_are_what_we_replace),
        cmocka_unit_test(a_router_says_what_it_cannot_route_only_when_told_to),
        cmocka_unit_test(the_largest_frame_passes_and_no_larger_one),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
