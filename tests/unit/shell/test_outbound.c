/* One dialled peer that sends without end takes its share of a step, and leaves the others theirs. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "outbound.h"

enum { DIALS = 6, QUEUED = 2000 };

static nrs_outbound outbound;
static nrs_batch batch;
static nrs_intakes intakes;
static nrs_pollset set;
static void *peers[DIALS];

static void start(void)
{
    void *zmq = zmq_ctx_new();
    const int linger = 0, no_limit = 0;

    assert_non_null(zmq);
    nrs_outbound_init(&outbound, zmq, NULL, 1000, &intakes);
    for (size_t i = 0; i < DIALS; i++) {
        nrs_dial *dial = &outbound.dials[i];
        char name[32];

        (void)snprintf(name, sizeof name, "inproc://peer-%zu", i);
        peers[i] = zmq_socket(zmq, ZMQ_DEALER);
        dial->dealer = zmq_socket(zmq, ZMQ_DEALER);
        assert_true(peers[i] != NULL && dial->dealer != NULL);
        assert_int_equal(zmq_setsockopt(peers[i], ZMQ_LINGER, &linger, sizeof linger), 0);
        assert_int_equal(zmq_setsockopt(peers[i], ZMQ_SNDHWM, &no_limit, sizeof no_limit), 0);
        assert_int_equal(zmq_setsockopt(dial->dealer, ZMQ_RCVHWM, &no_limit, sizeof no_limit), 0);
        assert_int_equal(zmq_bind(peers[i], name), 0);
        assert_int_equal(zmq_connect(dial->dealer, name), 0);
        dial->state = NRS_DIAL_UP;
        dial->link = i + 1;
    }
    outbound.count = DIALS;
}

static void stop(void)
{
    for (size_t i = 0; i < DIALS; i++) {
        assert_int_equal(zmq_close(peers[i]), 0);
    }
    nrs_batch_clear(&batch);
    nrs_outbound_wipe(&outbound);
    assert_int_equal(zmq_ctx_term(outbound.zmq), 0);
}

static void queue(size_t peer, size_t count, size_t size)
{
    static uint8_t bytes[4096];

    for (size_t i = 0; i < count; i++) {
        assert_int_equal(zmq_send(peers[peer], bytes, size, ZMQ_DONTWAIT), (int)size);
    }
}

/* Frames of each dial in one step. */
static void step(size_t frames_out[DIALS])
{
    nrs_batch_clear(&batch);
    set.count = 0;
    for (size_t i = 0; i < DIALS; i++) {
        frames_out[i] = 0;
        nrs_pollset_add_socket(&set, outbound.dials[i].dealer);
    }
    assert_true(zmq_poll(set.items, (int)set.count, 1000) > 0);
    nrs_outbound_gather(&outbound, &batch, &set);
    for (size_t i = 0; i < batch.event_count; i++) {
        frames_out[batch.events[i].link - 1]++;
    }
}

static void who_floods_takes_its_share(void **state)
{
    static const size_t sizes[] = {16, 4096}; /* many, and large ones */
    size_t frames[DIALS];

    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        start();
        queue(0, QUEUED, sizes[i]);
        queue(DIALS - 1, 1, 16);
        step(frames);
        assert_in_range(frames[0], 1, NRS_BATCH_EVENT_COUNT_MAX / 4);
        assert_true(frames[0] * sizes[i] <= NRS_BATCH_SIZE_MAX / 4);
        assert_int_equal(frames[DIALS - 1], 1);
        step(frames);
        assert_true(frames[0] > 0); /* and what it sent comes, later */
        stop();
    }
}

static void when_many_flood_each_has_its_turn(void **state)
{
    size_t frames[DIALS], seen[DIALS] = {0};

    (void)state;
    start();
    for (size_t i = 0; i < DIALS; i++) {
        queue(i, QUEUED, 4096);
    }
    for (size_t k = 0; k < 3; k++) {
        step(frames);
        for (size_t i = 0; i < DIALS; i++) {
            seen[i] += frames[i];
        }
    }
    for (size_t i = 0; i < DIALS; i++) { /* three steps of four shares, six dials: two each */
        assert_int_equal(seen[i], 2 * (NRS_BATCH_SIZE_MAX / 4) / 4096);
    }
    stop();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_floods_takes_its_share),
        cmocka_unit_test(when_many_flood_each_has_its_turn),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
