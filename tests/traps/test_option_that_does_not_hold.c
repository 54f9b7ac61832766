/* DESIGN 7: an option that the library takes and does not keep (as czmq's call for option 93 does) is noticed: the socket is not
 * used, and so the daemon does not start. The linker puts our call in the place of zmq_setsockopt. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "trap.h"

#include "socket_options.h"

#define ZAP_ENFORCE_DOMAIN 93

static int dropped = -1;

int __real_zmq_setsockopt(void *socket, int option, const void *value, size_t size);
int __wrap_zmq_setsockopt(void *socket, int option, const void *value, size_t size);

/* Says that it was done, and does it but for one. */
int __wrap_zmq_setsockopt(void *socket, int option, const void *value, size_t size)
{
    return option == dropped ? 0 : __real_zmq_setsockopt(socket, option, value, size);
}

static const struct option_case {
    const char *name;
    int option;
} server_options[] = {
    {"enforced domain", ZAP_ENFORCE_DOMAIN}, {"domain", ZMQ_ZAP_DOMAIN},         {"CURVE server", ZMQ_CURVE_SERVER},
    {"size of messages", ZMQ_MAXMSGSIZE},    {"linger", ZMQ_LINGER},             {"handshake", ZMQ_HANDSHAKE_IVL},
    {"heartbeat", ZMQ_HEARTBEAT_IVL},        {"high water", ZMQ_RCVHWM},         {"heartbeat's end", ZMQ_HEARTBEAT_TIMEOUT},
}, client_options[] = {
    {"immediate", ZMQ_IMMEDIATE},            {"reconnect", ZMQ_RECONNECT_IVL_MAX}, {"size of messages", ZMQ_MAXMSGSIZE},
    {"linger", ZMQ_LINGER},                  {"handshake", ZMQ_HANDSHAKE_IVL},
};

static nrs_error make(void *zmq, int type, const trap_keys *keys)
{
    void *socket = trap_socket(zmq, type);
    const nrs_client_keys client = {.server_key = keys->public_key, .public_key = keys->public_key, .secret_key = keys->secret_key};
    nrs_error error = type == ZMQ_ROUTER ? nrs_socket_options_server(socket, keys->secret_key) : nrs_socket_options_client(socket, &client, 1000);

    (void)zmq_close(socket);
    return error;
}

static void check(int type, const struct option_case *cases, size_t count)
{
    void *zmq = zmq_ctx_new();
    trap_keys keys;

    trap_keys_make(&keys);
    dropped = -1;
    assert_int_equal(make(zmq, type, &keys), NRS_OK);
    for (size_t i = 0; i < count; i++) {
        nrs_error error;

        dropped = cases[i].option;
        error = make(zmq, type, &keys);
        dropped = -1;
        if (error != NRS_ERROR_SYSTEM) {
            fail_msg("%s was not kept, and nobody noticed", cases[i].name);
        }
    }
    (void)zmq_ctx_term(zmq);
}

static void a_server_notices(void **state)
{
    (void)state;
    check(ZMQ_ROUTER, server_options, sizeof server_options / sizeof server_options[0]);
}

static void a_client_notices(void **state)
{
    (void)state;
    check(ZMQ_DEALER, client_options, sizeof client_options / sizeof client_options[0]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_server_notices), cmocka_unit_test(a_client_notices)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
