/* DESIGN 7: the high-water mark counts messages, not parts: a single one may hold any number of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "frame.h"
#include "trap.h"

#define PART_COUNT 5000

static void one_message_of_many_parts_passes_a_mark_of_one(void **state)
{
    void *zmq = zmq_ctx_new();
    void *router = trap_socket(zmq, ZMQ_ROUTER);
    void *dealer = trap_socket(zmq, ZMQ_DEALER);
    char endpoint[64];
    uint8_t route[256];

    (void)state;
    trap_set_int(router, ZMQ_RCVHWM, 1);
    trap_set_int(dealer, ZMQ_SNDHWM, 1);
    trap_set_int(dealer, ZMQ_SNDTIMEO, TRAP_WAIT_MS);
    trap_bind(router, endpoint);
    assert_int_equal(zmq_connect(dealer, endpoint), 0);
    for (int i = 0; i < PART_COUNT; i++) {
        assert_int_equal(zmq_send(dealer, "part", 4, i + 1 < PART_COUNT ? ZMQ_SNDMORE : 0), 4);
    }
    trap_set_int(router, ZMQ_RCVTIMEO, TRAP_WAIT_MS);
    assert_true(zmq_recv(router, route, sizeof(route), 0) > 0);
    assert_int_equal(nrs_frame_skip_rest(router), PART_COUNT); /* what the daemon does with it */
    assert_int_equal(zmq_recv(router, route, sizeof(route), ZMQ_DONTWAIT), -1);
    (void)zmq_close(dealer);
    (void)zmq_close(router);
    (void)zmq_ctx_term(zmq);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(one_message_of_many_parts_passes_a_mark_of_one)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
