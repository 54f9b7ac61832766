/* DESIGN 7: a routing id is whatever a peer says. A message's sender is its User-Id, which is the authenticated key. */
#include <stdbool.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <string.h>

#include <cmocka.h>

#include "socket_options.h"
#include "trap.h"

static void the_key_is_the_sender_whatever_the_routing_id_claims(void **state)
{
    void *zmq = zmq_ctx_new();
    void *router = trap_socket(zmq, ZMQ_ROUTER);
    void *first = NULL;
    void *second = NULL;
    trap_keys server;
    trap_keys honest;
    trap_keys liar;
    trap_zap zap;
    char endpoint[64];
    zmq_msg_t frame;

    (void)state;
    trap_keys_make(&server);
    trap_keys_make(&honest);
    trap_keys_make(&liar);
    trap_zap_start(&zap, zmq, true);
    assert_int_equal(nrs_socket_options_server(router, server.secret_key), NRS_OK);
    trap_bind(router, endpoint);

    first = trap_dial(zmq, endpoint, &honest, &server, "honest");
    assert_int_equal(zmq_send(first, "one", 3, 0), 3);
    assert_true(trap_receive(router, &frame, TRAP_WAIT_MS));
    assert_string_equal(zmq_msg_gets(&frame, "User-Id"), honest.public_z85);
    (void)zmq_msg_close(&frame);

    /* While the first is there, the claim is ignored and nothing of the second is heard. */
    second = trap_dial(zmq, endpoint, &liar, &server, "honest");
    assert_int_equal(zmq_send(second, "two", 3, 0), 3);
    assert_false(trap_receive(router, &frame, TRAP_SILENCE_MS));
    assert_int_equal(zmq_send(router, "honest", 6, ZMQ_SNDMORE), 6);
    assert_int_equal(zmq_send(router, "for you", 7, 0), 7);
    trap_set_int(second, ZMQ_RCVTIMEO, TRAP_SILENCE_MS);
    assert_int_equal(zmq_recv(second, endpoint, 0, 0), -1);
    (void)zmq_close(second);
    (void)zmq_close(first);
    (void)zmq_poll(NULL, 0, 100);

    /* Once the first has gone, the routing id is free for anybody: only the key tells them apart. */
    {
        char again[64];
        size_t size = sizeof(again);
        bool heard = false;

        assert_int_equal(zmq_getsockopt(router, ZMQ_LAST_ENDPOINT, again, &size), 0);
        /* Until the router has noticed that the first is gone, it turns away who comes under the same id. */
        for (int attempt = 0; attempt < 40 && !heard; attempt++) {
            second = trap_dial(zmq, again, &liar, &server, "honest");
            assert_int_equal(zmq_send(second, "three", 5, 0), 5);
            heard = trap_receive(router, &frame, 250);
            if (!heard) {
                (void)zmq_close(second);
            }
        }
        assert_true(heard);
    }
    assert_string_equal(zmq_msg_gets(&frame, "User-Id"), liar.public_z85);
    (void)zmq_msg_close(&frame);
    (void)zmq_close(second);
    (void)zmq_close(router);
    trap_zap_stop(&zap);
    (void)zmq_ctx_term(zmq);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(the_key_is_the_sender_whatever_the_routing_id_claims)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
