/* What the trap tests share: a ZAP handler in a thread of its own, and sockets that give up in time. */
#ifndef TRAPS_TRAP_H
#define TRAPS_TRAP_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <zmq.h>

#define TRAP_WAIT_MS 2000
#define TRAP_SILENCE_MS 400 /* what has not come by then over loopback does not come */

typedef struct trap_keys {
    char public_z85[41], secret_z85[41];
    uint8_t public_key[32], secret_key[32];
} trap_keys;
void trap_keys_make(trap_keys *keys_out);

/** Answers every handshake with User-Id = Z85 of the key while `admits`, with 400 otherwise. */
typedef struct trap_zap {
    void *socket;
    pthread_t thread;
    atomic_bool admits, stops;
    atomic_int asked_count;
} trap_zap;
void trap_zap_start(trap_zap *zap, void *zmq, bool admits);
void trap_zap_stop(trap_zap *zap);

void *trap_socket(void *zmq, int type);
void trap_set_int(void *socket, int option, int value);
/** Bind to a free port of loopback. */
void trap_bind(void *socket, char endpoint_out[64]);
/** A DEALER with these keys; routing_id may be NULL. */
void *trap_dial(void *zmq, const char *endpoint, const trap_keys *own, const trap_keys *server, const char *routing_id);
/** Receive a routing id and a frame of one part. False after wait_ms. The frame is the caller's to close. */
bool trap_receive(void *router, zmq_msg_t *frame_out, int wait_ms);

#endif
