/* DESIGN 7: a CURVE server without a ZAP handler admits any key, and with an empty ZAP domain even when enforcement is
 * on. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "socket_options.h"
#include "trap.h"

#define ZAP_ENFORCE_DOMAIN 93

typedef struct server_case {
    const char *name;
    bool ours;    /* the daemon's own options */
    bool handler; /* a ZAP handler is there, which admits nobody */
    bool domain, enforced;
    bool arrives; /* a stranger's message */
} server_case;

static const server_case cases[] = {
    {"no handler: anybody comes in", false, false, false, false, true},
    {"a handler that admits nobody, no domain, enforcement on: anybody comes in", false, true, false, true, true},
    {"a handler that admits nobody, and a domain: nobody", false, true, true, true, false},
    {"our options without a handler: nobody", true, false, false, false, false},
    {"our options with a handler that admits nobody: nobody", true, true, false, false, false},
};

static void strangers_come_in_unless_admission_is_enforced(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        void *zmq = zmq_ctx_new();
        void *router = trap_socket(zmq, ZMQ_ROUTER);
        void *dealer = NULL;
        trap_keys server;
        trap_keys stranger;
        trap_zap zap;
        char endpoint[64];
        zmq_msg_t frame;
        bool arrives = false;

        print_message("%s\n", cases[i].name);
        trap_keys_make(&server);
        trap_keys_make(&stranger);
        if (cases[i].handler) {
            trap_zap_start(&zap, zmq, false);
        }
        if (cases[i].ours) {
            assert_int_equal(nrs_socket_options_server(router, server.secret_key), NRS_OK);
        } else {
            trap_set_int(router, ZMQ_CURVE_SERVER, 1);
            assert_int_equal(zmq_setsockopt(router, ZMQ_CURVE_SECRETKEY, server.secret_key, 32), 0);
        }
        if (cases[i].domain) {
            assert_int_equal(zmq_setsockopt(router, ZMQ_ZAP_DOMAIN, "any", 3), 0);
        }
        if (cases[i].enforced) {
            trap_set_int(router, ZAP_ENFORCE_DOMAIN, 1);
        }
        trap_bind(router, endpoint);
        dealer = trap_dial(zmq, endpoint, &stranger, &server, NULL);
        assert_int_equal(zmq_send(dealer, "hello", 5, 0), 5);
        arrives = trap_receive(router, &frame, cases[i].arrives ? TRAP_WAIT_MS : TRAP_SILENCE_MS);
        if (arrives) {
            (void)zmq_msg_close(&frame);
        }
        assert_int_equal(arrives, cases[i].arrives);
        (void)zmq_close(dealer);
        (void)zmq_close(router);
        if (cases[i].handler) {
            trap_zap_stop(&zap);
        }
        (void)zmq_ctx_term(zmq);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(strangers_come_in_unless_admission_is_enforced)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
