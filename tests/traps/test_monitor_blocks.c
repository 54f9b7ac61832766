/* libzmq writes what a socket's monitor is told into a PAIR from its I/O thread, and waits there once the PAIR is full, holding what
 * zmq_socket_monitor(NULL) waits for: whoever stops watching in the loop that reads would wait for ever. So the daemon's monitors
 * hold far more than a long step lets come, and are read empty before they are closed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <errno.h>
#include <poll.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "monitor.h"
#include "trap.h"

#define CONNECTION_COUNT 3000
#define STOOD_COUNT_MIN 2000 /* some are lost on a busy machine; a PAIR by default has room for what 1,000 bring */
#define EVENTS (ZMQ_EVENT_ACCEPTED | ZMQ_EVENT_DISCONNECTED)

typedef struct closing {
    void *socket, *monitor; /* monitor NULL: the watching alone is stopped */
    pthread_t thread;
    atomic_bool done;
} closing;

static uint16_t port_of(const char *endpoint)
{
    const char *colon = strrchr(endpoint, ':');

    assert_non_null(colon);
    return (uint16_t)strtoul(colon + 1, NULL, 10);
}

/* Connections that come and go; nobody needs a key for them. Returns how many came to stand: a thread that waits accepts none. */
static int flood(const char *endpoint)
{
    const struct linger at_once = {.l_onoff = 1, .l_linger = 0}; /* no port of ours is left waiting */
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port_of(endpoint))};
    int count = 0;

    assert_int_equal(inet_pton(AF_INET, "127.0.0.1", &address.sin_addr), 1);
    for (int i = 0, missed = 0; i < CONNECTION_COUNT && missed < 3; i++) {
        struct pollfd item = {.fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), .events = POLLOUT};
        bool stands = false;

        assert_true(item.fd >= 0);
        assert_int_equal(setsockopt(item.fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once)), 0);
        stands = connect(item.fd, (const struct sockaddr *)&address, sizeof(address)) == 0 || (errno == EINPROGRESS && poll(&item, 1, 100) == 1);
        count += stands ? 1 : 0;
        missed = stands ? 0 : missed + 1;
        (void)close(item.fd);
        if (i % 50 == 49) {
            (void)zmq_poll(NULL, 0, 1); /* none is to be lost in the listener's queue */
        }
    }
    (void)zmq_poll(NULL, 0, TRAP_SILENCE_MS);
    return count;
}

static void *close_it(void *argument)
{
    closing *work = argument;

    if (work->monitor == NULL) {
        (void)zmq_socket_monitor(work->socket, NULL, 0);
    } else {
        nrs_monitor_close(work->socket, work->monitor);
    }
    atomic_store(&work->done, true);
    return NULL;
}

static bool begin(closing *work, void *socket, void *monitor, int wait_ms)
{
    work->socket = socket;
    work->monitor = monitor;
    atomic_init(&work->done, false);
    assert_int_equal(pthread_create(&work->thread, NULL, close_it, work), 0);
    for (int i = 0; i < wait_ms && !atomic_load(&work->done); i++) {
        (void)zmq_poll(NULL, 0, 1);
    }
    return atomic_load(&work->done);
}

static void a_full_monitor_holds_whoever_stops_watching(void **state)
{
    void *zmq = zmq_ctx_new();
    void *router = trap_socket(zmq, ZMQ_ROUTER);
    void *pair = trap_socket(zmq, ZMQ_PAIR);
    uint8_t part[64];
    char endpoint[64];
    closing work;

    (void)state;
    assert_int_equal(zmq_socket_monitor(router, "inproc://trap.monitor", EVENTS), 0);
    assert_int_equal(zmq_connect(pair, "inproc://trap.monitor"), 0);
    trap_bind(router, endpoint);
    (void)flood(endpoint);
    assert_false(begin(&work, router, NULL, TRAP_SILENCE_MS)); /* the trap */
    while (!atomic_load(&work.done)) {
        (void)zmq_recv(pair, part, sizeof(part), ZMQ_DONTWAIT);
    }
    assert_int_equal(pthread_join(work.thread, NULL), 0);
    (void)zmq_close(pair);
    (void)zmq_close(router);
    (void)zmq_ctx_term(zmq);
}

static void ours_is_closed_at_once(void **state)
{
    void *zmq = zmq_ctx_new();
    void *router = trap_socket(zmq, ZMQ_ROUTER);
    void *monitor = nrs_monitor_open(zmq, router, EVENTS, 1);
    char endpoint[64];
    closing work;

    (void)state;
    assert_non_null(monitor);
    trap_bind(router, endpoint);
    assert_in_range(flood(endpoint), STOOD_COUNT_MIN, CONNECTION_COUNT);
    assert_true(begin(&work, router, monitor, 5 * TRAP_WAIT_MS));
    assert_int_equal(pthread_join(work.thread, NULL), 0);
    (void)zmq_close(router);
    (void)zmq_ctx_term(zmq);
}

/* None of what came while nobody read is missing: each connection that began is heard of, and that it ended. */
static void nothing_is_lost_while_nobody_reads(void **state)
{
    void *zmq = zmq_ctx_new();
    void *router = trap_socket(zmq, ZMQ_ROUTER);
    void *monitor = nrs_monitor_open(zmq, router, EVENTS, 1);
    char endpoint[64];
    uint16_t event = 0;
    uint32_t value = 0;
    int stood = 0, accepted = 0, ended = 0;

    (void)state;
    assert_non_null(monitor);
    trap_bind(router, endpoint);
    stood = flood(endpoint);
    assert_in_range(stood, STOOD_COUNT_MIN, CONNECTION_COUNT);
    for (int i = 0; i < TRAP_WAIT_MS && ended < stood; i++) {
        while (nrs_monitor_read(monitor, &event, &value)) {
            accepted += event == ZMQ_EVENT_ACCEPTED ? 1 : 0;
            ended += event == ZMQ_EVENT_DISCONNECTED ? 1 : 0;
        }
        (void)zmq_poll(NULL, 0, 1);
    }
    assert_in_range(accepted, stood * 9 / 10, CONNECTION_COUNT); /* one that was cut before accept is none */
    assert_in_range(ended, stood * 9 / 10, accepted);
    nrs_monitor_close(router, monitor);
    (void)zmq_close(router);
    (void)zmq_ctx_term(zmq);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_full_monitor_holds_whoever_stops_watching),
        cmocka_unit_test(ours_is_closed_at_once),
        cmocka_unit_test(nothing_is_lost_while_nobody_reads),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
