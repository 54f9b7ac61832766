#include "socket_options.h"

#include <string.h>

#include <zmq.h>

#include "proto/assert.h"

/* ZMQ_ZAP_ENFORCE_DOMAIN stands among the draft options of zmq.h, but the released library knows it by this number. */
#define ZAP_ENFORCE_DOMAIN 93

#define RECONNECT_MS_MIN 200

typedef struct int_option {
    int option;
    int value;
} int_option;

static const int_option common_options[] = {
    {ZMQ_LINGER, 0},
    {ZMQ_HANDSHAKE_IVL, 5000},
    {ZMQ_HEARTBEAT_IVL, 15000},
    {ZMQ_HEARTBEAT_TIMEOUT, 45000},
    {ZMQ_HEARTBEAT_TTL, 60000},
    {ZMQ_IPV6, 1},
    /* These count messages, for each connection. What we send is bounded by the peer's credit in bytes: the widest
     * window of 64 MiB is 256 frames of 256 KiB, and the rest is for small ones. To a peer that does not read a frame
     * more cannot be sent (EAGAIN), and its link ends with all that is queued. Of what a peer
     * sends, if it does not keep to our credit, 64 whole frames of 512 KiB are held, and then its own connection blocks;
     * of a message that does not end, what intake.h allows. */
    {ZMQ_SNDHWM, 1024},
    {ZMQ_RCVHWM, 64},
};

static nrs_error set_int(void *socket, int option, int value)
{
    int held = 0;
    size_t size = sizeof(held);

    if (zmq_setsockopt(socket, option, &value, sizeof(value)) != 0 ||
        zmq_getsockopt(socket, option, &held, &size) != 0 || held != value) {
        return NRS_ERROR_SYSTEM;
    }
    return NRS_OK;
}

static nrs_error set_key(void *socket, int option, const uint8_t key[NRS_KEY_SIZE])
{
    return zmq_setsockopt(socket, option, key, NRS_KEY_SIZE) == 0 ? NRS_OK : NRS_ERROR_SYSTEM;
}

static nrs_error set_common(void *socket)
{
    const int64_t message_size_max = NRS_LINK_MESSAGE_SIZE_MAX;
    int64_t held = 0;
    size_t size = sizeof(held);

    if (zmq_setsockopt(socket, ZMQ_MAXMSGSIZE, &message_size_max, sizeof(message_size_max)) != 0 ||
        zmq_getsockopt(socket, ZMQ_MAXMSGSIZE, &held, &size) != 0 || held != message_size_max) {
        return NRS_ERROR_SYSTEM;
    }
    for (size_t i = 0; i < sizeof(common_options) / sizeof(common_options[0]); i++) {
        nrs_error error = set_int(socket, common_options[i].option, common_options[i].value);

        if (error != NRS_OK) {
            return error;
        }
    }
    return NRS_OK;
}

static nrs_error set_zap_domain(void *socket)
{
    char held[32] = "";
    size_t size = sizeof(held);

    if (zmq_setsockopt(socket, ZMQ_ZAP_DOMAIN, NRS_ZAP_DOMAIN, strlen(NRS_ZAP_DOMAIN)) != 0 ||
        zmq_getsockopt(socket, ZMQ_ZAP_DOMAIN, held, &size) != 0 || strcmp(held, NRS_ZAP_DOMAIN) != 0) {
        return NRS_ERROR_SYSTEM;
    }
    return NRS_OK;
}

static int mechanism(void *socket)
{
    int held = ZMQ_NULL;
    size_t size = sizeof(held);

    return zmq_getsockopt(socket, ZMQ_MECHANISM, &held, &size) == 0 ? held : ZMQ_NULL;
}

nrs_error nrs_socket_options_server(void *router, const uint8_t secret_key[NRS_KEY_SIZE])
{
    const int mandatory = 1; /* can be set but not read */
    nrs_error error = NRS_OK;

    NRS_ASSERT(router != NULL);
    NRS_ASSERT(secret_key != NULL);

    error = set_common(router);
    if (error == NRS_OK) {
        error = set_key(router, ZMQ_CURVE_SECRETKEY, secret_key);
    }
    if (error == NRS_OK) {
        error = set_int(router, ZMQ_CURVE_SERVER, 1);
    }
    if (error == NRS_OK && mechanism(router) != ZMQ_CURVE) {
        error = NRS_ERROR_SYSTEM;
    }
    if (error == NRS_OK) {
        error = set_zap_domain(router);
    }
    if (error == NRS_OK) {
        error = set_int(router, ZAP_ENFORCE_DOMAIN, 1);
    }
    if (error == NRS_OK) {
        error = set_int(router, ZMQ_BACKLOG, 4096);
    }
    if (error == NRS_OK && zmq_setsockopt(router, ZMQ_ROUTER_MANDATORY, &mandatory, sizeof(mandatory)) != 0) {
        error = NRS_ERROR_SYSTEM;
    }
    return error;
}

nrs_error nrs_socket_options_client(void *dealer, const nrs_client_keys *keys, uint32_t reconnect_ms_max)
{
    nrs_error error = NRS_OK;

    NRS_ASSERT(dealer != NULL);
    NRS_ASSERT(keys != NULL);
    NRS_ASSERT(reconnect_ms_max <= INT32_MAX);

    error = set_common(dealer);
    if (error == NRS_OK) {
        error = set_key(dealer, ZMQ_CURVE_SERVERKEY, keys->server_key);
    }
    if (error == NRS_OK) {
        error = set_key(dealer, ZMQ_CURVE_PUBLICKEY, keys->public_key);
    }
    if (error == NRS_OK) {
        error = set_key(dealer, ZMQ_CURVE_SECRETKEY, keys->secret_key);
    }
    if (error == NRS_OK) {
        error = set_int(dealer, ZMQ_IMMEDIATE, 1);
    }
    if (error == NRS_OK) {
        error = set_int(dealer, ZMQ_CONNECT_TIMEOUT, 10000);
    }
    if (error == NRS_OK) {
        error = set_int(dealer, ZMQ_RECONNECT_IVL, RECONNECT_MS_MIN);
    }
    if (error == NRS_OK) {
        error = set_int(dealer, ZMQ_RECONNECT_IVL_MAX, (int)reconnect_ms_max);
    }
    return error;
}
