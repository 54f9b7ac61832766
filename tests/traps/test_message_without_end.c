/* libzmq hands over whole messages and counts them: the parts of one that does not end are held without a bound, whatever the
 * high-water mark. So the daemon counts bytes, and ends the connection. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <string.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "intake.h"
#include "monitor.h"
#include "socket_options.h"
#include "trap.h"

#define PART_SIZE (512u * 1024u)
#define PART_COUNT 400u /* 200 MiB */
#define SILENT_BYTES_MAX 1024u /* the greeting and the handshake, which are no frames */

static struct fixture {
    void *zmq, *router, *monitor, *dealer;
    trap_keys server, member;
    trap_zap zap;
    nrs_intakes intakes;
    int fd;
} trap;

static uint8_t bytes[PART_SIZE];

static int start(void **state)
{
    char endpoint[64];
    uint16_t event = 0;
    uint32_t value = 0;

    (void)state;
    trap.zmq = zmq_ctx_new();
    trap.router = trap_socket(trap.zmq, ZMQ_ROUTER);
    trap_keys_make(&trap.server);
    trap_keys_make(&trap.member);
    trap_zap_start(&trap.zap, trap.zmq, true);
    assert_int_equal(nrs_socket_options_server(trap.router, trap.server.secret_key), NRS_OK);
    trap.monitor = nrs_monitor_open(trap.zmq, trap.router, ZMQ_EVENT_ACCEPTED, 1);
    assert_non_null(trap.monitor);
    trap_bind(trap.router, endpoint);
    trap.dealer = trap_dial(trap.zmq, endpoint, &trap.member, &trap.server, NULL);
    trap_set_int(trap.dealer, ZMQ_SNDTIMEO, TRAP_WAIT_MS);
    for (int i = 0; i < TRAP_WAIT_MS && !nrs_monitor_read(trap.monitor, &event, &value); i++) {
        (void)zmq_poll(NULL, 0, 1);
    }
    assert_int_equal(event, ZMQ_EVENT_ACCEPTED);
    trap.fd = (int)value;
    nrs_intakes_began(&trap.intakes, trap.fd, 0);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    nrs_monitor_close(trap.router, trap.monitor);
    (void)zmq_close(trap.dealer);
    (void)zmq_close(trap.router);
    trap_zap_stop(&trap.zap);
    (void)zmq_ctx_term(trap.zmq);
    nrs_intakes_wipe(&trap.intakes);
    return 0;
}

/* Connections over loopback from one address, accepted here. */
static void pairs(int *accepted_out, int *dialled_out, size_t count, const char *from)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t size = sizeof(address);
    int listener = socket(AF_INET, SOCK_STREAM, 0);

    assert_int_equal(inet_pton(AF_INET, "127.0.0.1", &address.sin_addr), 1);
    assert_int_equal(bind(listener, (const struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(listen(listener, 64), 0);
    assert_int_equal(getsockname(listener, (struct sockaddr *)&address, &size), 0);
    for (size_t i = 0; i < count; i++) {
        struct sockaddr_in own = {.sin_family = AF_INET};

        assert_int_equal(inet_pton(AF_INET, from, &own.sin_addr), 1);
        dialled_out[i] = socket(AF_INET, SOCK_STREAM, 0);
        assert_int_equal(bind(dialled_out[i], (const struct sockaddr *)&own, sizeof(own)), 0);
        assert_int_equal(connect(dialled_out[i], (const struct sockaddr *)&address, sizeof(address)), 0);
        accepted_out[i] = accept(listener, NULL, NULL);
        assert_true(accepted_out[i] >= 0);
    }
    (void)close(listener);
}

/* Bytes that the kernel has received for a connection; read away, as libzmq reads them. */
static void push(int from, int to, uint64_t size)
{
    for (uint64_t done = 0; done < size;) {
        ssize_t sent = send(from, bytes, sizeof(bytes), MSG_DONTWAIT | MSG_NOSIGNAL);
        ssize_t got = recv(to, bytes, sizeof(bytes), MSG_DONTWAIT);

        if (sent < 0 && got < 0 && errno != EAGAIN) {
            return; /* it has been ended */
        }
        done += got > 0 ? (uint64_t)got : 0;
    }
}

static void take(size_t size)
{
    zmq_msg_t frame;

    assert_true(trap_receive(trap.router, &frame, TRAP_WAIT_MS));
    assert_int_equal(zmq_msg_size(&frame), size);
    nrs_intakes_took(&trap.intakes, nrs_connection_fd_of(&frame), zmq_msg_size(&frame));
    (void)zmq_msg_close(&frame);
}

/* Each size on both sides of the long header is counted to the byte, so that an honest link may last for ever. */
static void what_is_taken_is_counted_to_the_byte(void **state)
{
    static const size_t sizes[] = {0, 1, 100, 221, 222, 223, 254, 255, 256, 4096, 65536, PART_SIZE};
    uint64_t first;

    (void)state;
    assert_int_equal(zmq_send(trap.dealer, bytes, 1, 0), 1);
    take(1);
    first = nrs_intakes_ahead(&trap.intakes, trap.fd, 0);
    assert_in_range(first, 1, SILENT_BYTES_MAX);
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        assert_int_equal(zmq_send(trap.dealer, bytes, sizes[i], 0), (int)sizes[i]);
        take(sizes[i]);
        assert_int_equal(nrs_intakes_ahead(&trap.intakes, trap.fd, 0), first);
    }
    for (size_t i = 0; i < 300; i++) { /* more than the limit in all */
        assert_int_equal(zmq_send(trap.dealer, bytes, PART_SIZE, 0), (int)PART_SIZE);
        take(PART_SIZE);
    }
    assert_int_equal(nrs_intakes_sweep(&trap.intakes, 0), 0);
    assert_int_equal(nrs_intakes_ahead(&trap.intakes, trap.fd, 0), first);
}

/* What waits in whole frames stays below the limit by the high-water mark, however much is sent. */
static void what_waits_whole_is_left(void **state)
{
    size_t sent = 0;

    (void)state;
    trap_set_int(trap.dealer, ZMQ_SNDTIMEO, 0);
    for (size_t i = 0; i < 2000 && sent < 400; i++) {
        if (zmq_send(trap.dealer, bytes, PART_SIZE, 0) == (int)PART_SIZE) {
            sent++;
        } else {
            (void)zmq_poll(NULL, 0, 1);
        }
        assert_int_equal(nrs_intakes_sweep(&trap.intakes, 0), 0);
    }
    assert_true(nrs_intakes_ahead(&trap.intakes, trap.fd, 0) > 0);
}

static void a_message_without_end_ends_its_connection(void **state)
{
    uint64_t seen = 0;
    size_t ended = 0;

    (void)state;
    for (size_t i = 0; i < PART_COUNT; i++) { /* this end sends none before it has the last; another's need not wait for one */
        assert_int_equal(zmq_send(trap.dealer, bytes, PART_SIZE, i + 1 < PART_COUNT ? ZMQ_SNDMORE : 0), (int)PART_SIZE);
    }
    for (int i = 0; i < 10 * TRAP_WAIT_MS && ended == 0; i++) {
        uint64_t ahead = nrs_intakes_ahead(&trap.intakes, trap.fd, 0);

        seen = ahead > seen ? ahead : seen;
        ended = nrs_intakes_sweep(&trap.intakes, 0);
        (void)zmq_poll(NULL, 0, 1);
    }
    assert_int_equal(ended, 1);
    assert_true(seen > NRS_INTAKE_SIZE_MAX / 2); /* the trap: beyond the high-water mark, and nothing handed over */
    assert_int_equal(nrs_intakes_ahead(&trap.intakes, trap.fd, 0), 0);
}

static void heartbeats_are_let_pass(void **state)
{
    const uint64_t day_ms = 24u * 3600u * 1000u;

    (void)state;
    assert_int_equal(zmq_send(trap.dealer, bytes, 1000, 0), 1000);
    for (int i = 0; i < TRAP_WAIT_MS && nrs_intakes_ahead(&trap.intakes, trap.fd, 0) < 1000; i++) {
        (void)zmq_poll(NULL, 0, 1);
    }
    assert_true(nrs_intakes_ahead(&trap.intakes, trap.fd, 0) >= 1000);
    assert_int_equal(nrs_intakes_ahead(&trap.intakes, trap.fd, day_ms), 0);
}

/* Many connections, each below what one may hold: together they are held to the sum, those of the address that is furthest ahead
 * first. They are told as the kernel tells them, of sockets without libzmq. */
static void many_connections_are_held_to_the_sum(void **state)
{
    enum { COUNT = 40, OTHER = COUNT };
    const uint64_t each = NRS_INTAKE_TOTAL_MAX / 20; /* 25 MiB */
    int ours[COUNT + 1], theirs[COUNT + 1];
    nrs_intakes intakes = {0};
    size_t ended = 0;

    (void)state;
    pairs(ours, theirs, COUNT, "127.0.0.1");
    pairs(ours + OTHER, theirs + OTHER, 1, "127.0.0.2");
    for (size_t i = 0; i <= COUNT; i++) {
        nrs_intakes_began(&intakes, ours[i], 0);
    }
    push(theirs[OTHER], ours[OTHER], each + each / 2); /* more than any of the others, from another address */
    for (size_t i = 0; i < COUNT; i++) {
        push(theirs[i], ours[i], each);
        ended += nrs_intakes_sweep(&intakes, 0);
        assert_true(intakes.total <= NRS_INTAKE_TOTAL_MAX);
    }
    for (size_t i = 0; i < 20; i++) { /* those looked at in turn as well */
        ended += nrs_intakes_sweep(&intakes, 0);
    }
    assert_in_range(ended, COUNT + 1 - 20, COUNT);
    assert_true(nrs_intakes_ahead(&intakes, ours[OTHER], 0) >= each); /* it paid for nobody */
    for (size_t i = 0; i <= COUNT; i++) {
        (void)close(ours[i]);
        (void)close(theirs[i]);
    }
    (void)nrs_intakes_sweep(&intakes, 0);
    for (size_t i = 0; i < 20; i++) {
        assert_int_equal(nrs_intakes_sweep(&intakes, 0), 0);
    }
    assert_int_equal(intakes.total, 0);
    nrs_intakes_wipe(&intakes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_is_taken_is_counted_to_the_byte, start, stop),
        cmocka_unit_test_setup_teardown(what_waits_whole_is_left, start, stop),
        cmocka_unit_test_setup_teardown(a_message_without_end_ends_its_connection, start, stop),
        cmocka_unit_test_setup_teardown(heartbeats_are_let_pass, start, stop),
        cmocka_unit_test(many_connections_are_held_to_the_sum),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
