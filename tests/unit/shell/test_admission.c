/* Another handler of handshakes takes the place of the one that answered many: whoever is connected stays, whoever comes is
 * asked as before. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include <zmq.h>

#include "admission.h"
#include "proto/bytes.h"
#include "socket_options.h"

enum { PEERS = 20, WAIT_MS = 20000, STEP_MS = 20, STRANGER_MS = 400 };

typedef struct pair {
    uint8_t public_key[NRS_KEY_SIZE], secret_key[NRS_KEY_SIZE];
} pair;

static void *zmq;
static void *router;
static nrs_admission admission;
static char endpoint[64];
static pair server, known;
static uint64_t now_ms = 10000;

static pair new_pair(void)
{
    char public_text[41], secret_text[41];
    pair made;

    assert_int_equal(zmq_curve_keypair(public_text, secret_text), 0);
    assert_int_equal(nrs_z85_decode_key(made.public_key, public_text), NRS_OK);
    assert_int_equal(nrs_z85_decode_key(made.secret_key, secret_text), NRS_OK);
    return made;
}

static nrs_admitted admits(void *context, const uint8_t curve_key[NRS_KEY_SIZE])
{
    (void)context;
    return memcmp(curve_key, known.public_key, NRS_KEY_SIZE) == 0 ? NRS_ADMITTED : NRS_ADMITTED_NOT;
}

static int set_up(void **state)
{
    size_t size = sizeof endpoint;

    (void)state;
    zmq = zmq_ctx_new();
    server = new_pair();
    known = new_pair();
    assert_int_equal(nrs_admission_open(&admission, zmq), NRS_OK);
    router = zmq_socket(zmq, ZMQ_ROUTER);
    assert_int_equal(nrs_socket_options_server(router, server.secret_key), NRS_OK);
    assert_int_equal(zmq_bind(router, "tcp://127.0.0.1:*"), 0);
    assert_int_equal(zmq_getsockopt(router, ZMQ_LAST_ENDPOINT, endpoint, &size), 0);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    assert_int_equal(zmq_close(router), 0);
    nrs_admission_close(&admission);
    assert_int_equal(zmq_ctx_term(zmq), 0);
    return 0;
}

static void *dial(const pair *as)
{
    const nrs_client_keys keys = {server.public_key, as->public_key, as->secret_key};
    void *dealer = zmq_socket(zmq, ZMQ_DEALER);

    assert_int_equal(nrs_socket_options_client(dealer, &keys, 1000), NRS_OK);
    assert_int_equal(zmq_connect(dealer, endpoint), 0);
    return dealer;
}

/* A message of this peer comes in within the time; what other peers sent is passed over. */
static bool is_heard(void *dealer, unsigned wait_ms)
{
    static unsigned char next;
    const unsigned char word = ++next;
    bool sent = false;

    for (unsigned waited = 0; waited < wait_ms; waited += STEP_MS) {
        unsigned char id[256], got = 0;
        zmq_pollitem_t items[] = {{.socket = router, .events = ZMQ_POLLIN}, {.socket = admission.handler, .events = ZMQ_POLLIN}};

        sent = sent || zmq_send(dealer, &word, 1, ZMQ_DONTWAIT) == 1; /* IMMEDIATE: not before the handshake */
        (void)zmq_poll(items, 2, STEP_MS);
        nrs_admission_answer(&admission, admits, NULL, now_ms);
        while (zmq_recv(router, id, sizeof id, ZMQ_DONTWAIT) >= 0) {
            (void)zmq_recv(router, &got, 1, ZMQ_DONTWAIT);
            if (got == word) {
                return true;
            }
        }
    }
    return false;
}

static void a_burst_of_handshakes_is_followed_by_a_change(void **state)
{
    const pair stranger = new_pair();
    void *peers[PEERS], *late = NULL, *unknown = NULL;
    void *before = admission.handler;

    (void)state;
    for (size_t i = 0; i < PEERS; i++) {
        peers[i] = dial(&known);
        assert_true(is_heard(peers[i], WAIT_MS));
    }
    nrs_admission_renew(&admission, now_ms); /* not in the midst of it */
    assert_ptr_equal(admission.handler, before);
    now_ms += 1000;
    nrs_admission_renew(&admission, now_ms);
    assert_ptr_not_equal(admission.handler, before);
    assert_ptr_equal(admission.retiring, before);
    late = dial(&known);
    unknown = dial(&stranger);
    assert_true(is_heard(late, WAIT_MS));
    assert_false(is_heard(unknown, STRANGER_MS));
    now_ms += 1000;
    nrs_admission_renew(&admission, now_ms);
    assert_null(admission.retiring);
    assert_true(admission.trim_due);
    nrs_admission_renew(&admission, now_ms + 1);
    assert_false(admission.trim_due);
    for (size_t i = 0; i < PEERS; i++) { /* whose pipes to the older handler are gone */
        assert_true(is_heard(peers[i], WAIT_MS));
        assert_int_equal(zmq_close(peers[i]), 0);
    }
    assert_true(is_heard(late, WAIT_MS));
    assert_int_equal(zmq_close(late), 0);
    late = dial(&known);
    assert_true(is_heard(late, WAIT_MS));
    assert_false(is_heard(unknown, STRANGER_MS));
    assert_int_equal(zmq_close(late), 0);
    assert_int_equal(zmq_close(unknown), 0);
}

static void a_few_handshakes_change_nothing(void **state)
{
    const pair stranger = new_pair();
    void *before = admission.handler;
    void *peer = dial(&known), *unknown[PEERS];

    (void)state;
    for (size_t i = 0; i < PEERS; i++) { /* who is refused leaves nothing behind, however often */
        unknown[i] = dial(&stranger);
    }
    assert_true(is_heard(peer, WAIT_MS));
    assert_false(is_heard(unknown[0], STRANGER_MS));
    now_ms += 1000;
    nrs_admission_renew(&admission, now_ms);
    assert_ptr_equal(admission.handler, before);
    assert_null(admission.retiring);
    for (size_t i = 0; i < PEERS; i++) {
        assert_int_equal(zmq_close(unknown[i]), 0);
    }
    assert_int_equal(zmq_close(peer), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_burst_of_handshakes_is_followed_by_a_change, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_few_handshakes_change_nothing, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
