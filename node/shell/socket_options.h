/* The options of the links' sockets: each is set and read back, since libzmq's defaults admit, keep and wait without a
 * bound. */
#ifndef SHELL_SOCKET_OPTIONS_H
#define SHELL_SOCKET_OPTIONS_H

#include <stdint.h>

#include "proto/error.h"
#include "proto/limits.h"

#define NRS_ZAP_DOMAIN "noroshi"

/* libzmq's bound is on what stands on the wire, where CURVE adds its command, nonce, flag and tag to a frame. */
#define NRS_CURVE_MESSAGE_OVERHEAD 33u
#define NRS_LINK_MESSAGE_SIZE_MAX (NRS_FRAME_SIZE_MAX + NRS_CURVE_MESSAGE_OVERHEAD)

/** A ROUTER that serves: a CURVE server whose admission is enforced under NRS_ZAP_DOMAIN.
 *  Returns NRS_ERROR_SYSTEM when an option does not hold; the socket must not be bound then. */
NRS_MUST_USE nrs_error nrs_socket_options_server(void *router, const uint8_t secret_key[NRS_KEY_SIZE]);

typedef struct nrs_client_keys {
    const uint8_t *server_key; /* 32: whom we dial */
    const uint8_t *public_key; /* 32: ours */
    const uint8_t *secret_key; /* 32: ours */
} nrs_client_keys;
/** A DEALER that dials one peer. Likewise. */
NRS_MUST_USE nrs_error nrs_socket_options_client(void *dealer, const nrs_client_keys *keys, uint32_t reconnect_ms_max);

#endif
