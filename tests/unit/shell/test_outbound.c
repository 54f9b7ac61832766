/* One dialled peer that sends without end takes its share of a step, and leaves the others theirs. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

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

/* ---- What ends each connection at once ---- */

static int listen_at(char endpoint_out[64])
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t size = sizeof(address);
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);

    assert_int_equal(inet_pton(AF_INET, "127.0.0.1", &address.sin_addr), 1);
    assert_int_equal(bind(listener, (const struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(listen(listener, 64), 0);
    assert_int_equal(getsockname(listener, (struct sockaddr *)&address, &size), 0);
    (void)snprintf(endpoint_out, 64, "tcp://127.0.0.1:%u", (unsigned)ntohs(address.sin_port));
    return listener;
}

/* A round of the loop, a tenth of a second of the dial's time. */
static void round_with(int listener)
{
    nrs_link_id next_link = 1;
    int connection = -1;

    nrs_batch_clear(&batch);
    batch.monotonic_ms += 100;
    nrs_outbound_sweep(&outbound, &batch);
    set.count = 0;
    nrs_outbound_poll(&outbound, &set, false);
    (void)zmq_poll(set.items, (int)set.count, 10);
    while ((connection = accept(listener, NULL, NULL)) >= 0) {
        (void)close(connection);
    }
    nrs_outbound_watch(&outbound, &batch, &set, &next_link);
}

/* A node that has no room for one more does so, and another one's keys look no different: nobody, then not that node. */
static void who_ends_each_connection_is_nobody_at_first(void **state)
{
    nrs_identity *identity = NULL;
    char endpoint[64];
    int listener = listen_at(endpoint);
    uint64_t first_ms = 0, began_ms = 1000;

    (void)state;
    assert_int_equal(nrs_identity_new(&identity), NRS_OK);
    nrs_outbound_init(&outbound, zmq_ctx_new(), identity, 1000, &intakes);
    batch.monotonic_ms = began_ms;
    assert_int_equal(nrs_outbound_dial(&outbound, &batch, nrs_identity_public(identity)->curve_key, endpoint), NRS_OK);
    while (outbound.dials[0].told != NRS_ERROR_FORGED) {
        assert_true(batch.monotonic_ms < began_ms + 60000);
        round_with(listener);
        first_ms = first_ms == 0 && outbound.dials[0].told == NRS_ERROR_NO_NODE ? batch.monotonic_ms : first_ms;
    }
    assert_in_range(first_ms, began_ms, began_ms + 8000);
    assert_true(batch.monotonic_ms >= began_ms + 10000);
    (void)close(listener);
    nrs_batch_wipe(&batch);
    nrs_outbound_wipe(&outbound);
    assert_int_equal(zmq_ctx_term(outbound.zmq), 0);
    nrs_intakes_wipe(&intakes);
    nrs_identity_destroy(&identity);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_floods_takes_its_share),
        cmocka_unit_test(when_many_flood_each_has_its_turn),
        cmocka_unit_test(who_ends_each_connection_is_nobody_at_first),
    };

    return nrs_keys_start() != NRS_OK ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
