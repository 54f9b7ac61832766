/* What libzmq says of a socket's connections, read in the loop. */
#ifndef SHELL_MONITOR_H
#define SHELL_MONITOR_H

#include <stdbool.h>
#include <stdint.h>

/** Watch `socket` for `events` (ZMQ_EVENT_…). `number` must be new in this process. Returns NULL on failure. */
void *nrs_monitor_open(void *zmq, void *socket, int events, uint64_t number);
/** The next event. False when there is none. */
bool nrs_monitor_read(void *monitor, uint16_t *event_out, uint32_t *value_out);
/** Stop watching. To be called before the watched socket is closed. */
void nrs_monitor_close(void *socket, void *monitor);

#endif
