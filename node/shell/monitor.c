#include "monitor.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <zmq.h>

#include "proto/assert.h"

#define EVENT_SIZE 6

/* libzmq's I/O thread, and with it every link, waits where a monitor has no room, and holds meanwhile what nrs_monitor_close needs.
 * So there is room for half a million events, more than a burst brings between two rounds of the loop, and for no more than 64 MiB:
 * an event is two parts of 64 bytes. */
#define EVENT_COUNT_MAX (1 << 19)

void *nrs_monitor_open(void *zmq, void *socket, int events, uint64_t number)
{
    char endpoint[64];
    const int linger = 0, wanted = EVENT_COUNT_MAX;
    int held = 0;
    size_t held_size = sizeof(held);
    void *monitor = NULL;

    NRS_ASSERT(zmq != NULL);
    NRS_ASSERT(socket != NULL);

    (void)snprintf(endpoint, sizeof(endpoint), "inproc://noroshi.monitor.%" PRIu64, number);
    if (zmq_socket_monitor(socket, endpoint, events) != 0) {
        return NULL;
    }
    monitor = zmq_socket(zmq, ZMQ_PAIR);
    if (monitor == NULL) {
        (void)zmq_socket_monitor(socket, NULL, 0);
        return NULL;
    }
    if (zmq_setsockopt(monitor, ZMQ_LINGER, &linger, sizeof(linger)) != 0 || zmq_setsockopt(monitor, ZMQ_RCVHWM, &wanted, sizeof(wanted)) != 0 ||
        zmq_getsockopt(monitor, ZMQ_RCVHWM, &held, &held_size) != 0 || held != wanted || zmq_connect(monitor, endpoint) != 0) {
        nrs_monitor_close(socket, monitor);
        return NULL;
    }
    return monitor;
}

bool nrs_monitor_read(void *monitor, uint16_t *event_out, uint32_t *value_out)
{
    uint8_t event[EVENT_SIZE] = {0};
    char endpoint[8];
    int size = zmq_recv(monitor, event, sizeof(event), ZMQ_DONTWAIT);

    if (size < 0) {
        return false;
    }
    (void)zmq_recv(monitor, endpoint, sizeof(endpoint), ZMQ_DONTWAIT); /* the second part, which is not needed */
    memcpy(event_out, event, sizeof(*event_out));
    memcpy(value_out, event + sizeof(*event_out), sizeof(*value_out));
    return true;
}

void nrs_monitor_close(void *socket, void *monitor)
{
    uint16_t event = 0;
    uint32_t value = 0;

    /* A thread that waits for room gets it, and would have to fill it all again before this one has taken one lock. Not for ever: they
     * may come as fast as they are read. */
    for (size_t i = 0; i < EVENT_COUNT_MAX && nrs_monitor_read(monitor, &event, &value); i++) {
    }
    (void)zmq_socket_monitor(socket, NULL, 0);
    (void)zmq_close(monitor);
}
