/* DESIGN 7: revoking a key does not end a live session. So the daemon asks for each message, and ends the connection by
 * the descriptor that libzmq notes on it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "connection.h"
#include "socket_options.h"
#include "trap.h"

static void a_session_outlives_its_key_until_it_is_ended(void **state)
{
    void *zmq = zmq_ctx_new();
    void *router = trap_socket(zmq, ZMQ_ROUTER);
    void *dealer = NULL;
    trap_keys server;
    trap_keys member;
    trap_zap zap;
    char endpoint[64];
    zmq_msg_t frame;
    nrs_connection connection;

    (void)state;
    trap_keys_make(&server);
    trap_keys_make(&member);
    trap_zap_start(&zap, zmq, true);
    assert_int_equal(nrs_socket_options_server(router, server.secret_key), NRS_OK);
    trap_bind(router, endpoint);
    dealer = trap_dial(zmq, endpoint, &member, &server, NULL);
    assert_int_equal(zmq_send(dealer, "one", 3, 0), 3);
    assert_true(trap_receive(router, &frame, TRAP_WAIT_MS));
    (void)zmq_msg_close(&frame);

    atomic_store(&zap.admits, false);
    assert_int_equal(zmq_send(dealer, "two", 3, 0), 3);
    assert_true(trap_receive(router, &frame, TRAP_WAIT_MS)); /* the trap */
    assert_int_equal(atomic_load(&zap.asked_count), 1);
    assert_string_equal(zmq_msg_gets(&frame, "User-Id"), member.public_z85);

    connection = nrs_connection_of(&frame);
    assert_true(connection.fd >= 0);
    assert_true(nrs_connection_alive(&connection));
    nrs_connection_end(&connection);
    assert_int_equal(connection.fd, -1);
    (void)zmq_msg_close(&frame);
    (void)zmq_poll(NULL, 0, TRAP_SILENCE_MS);
    (void)zmq_send(dealer, "three", 5, ZMQ_DONTWAIT);
    assert_false(trap_receive(router, &frame, TRAP_SILENCE_MS));
    assert_true(atomic_load(&zap.asked_count) > 1); /* it came back, and was refused */

    (void)zmq_close(dealer);
    (void)zmq_close(router);
    trap_zap_stop(&zap);
    (void)zmq_ctx_term(zmq);
}

/* A descriptor that now belongs to something else is left alone. */
static void another_descriptor_is_left_alone(void **state)
{
    nrs_connection none = {.fd = -1};
    nrs_connection terminal = {.fd = 0};

    (void)state;
    assert_false(nrs_connection_alive(&none));
    assert_false(nrs_connection_alive(&terminal));
    nrs_connection_end(&terminal);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_session_outlives_its_key_until_it_is_ended),
        cmocka_unit_test(another_descriptor_is_left_alone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
