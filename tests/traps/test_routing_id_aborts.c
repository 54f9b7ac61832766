/* A ROUTER gives who claims no routing id the next number of a counter, whose start libzmq draws from the C library's rand. Whoever
 * claims a number that the counter comes to later makes libzmq end the process; and rand, which nobody has given a start, is the same
 * in each. So it is given one, and what was claimed is told from what was given. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "keys/secret.h"
#include "routing.h"
#include "socket_options.h"
#include "trap.h"

#define COUNT 4

/* What a new process finds; each begins as the last one did. The child must not return. */
static pid_t begin(int pipe_out[2])
{
    pid_t child = 0;

    assert_int_equal(pipe(pipe_out), 0);
    child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        const struct rlimit none = {0, 0};

        (void)setrlimit(RLIMIT_CORE, &none);
        (void)signal(SIGABRT, SIG_DFL);
        (void)close(pipe_out[0]);
        return 0;
    }
    (void)close(pipe_out[1]);
    return child;
}

static void *peer_of(void *zmq, const char *endpoint, const uint8_t *claimed)
{
    void *peer = zmq_socket(zmq, ZMQ_DEALER);

    if (peer == NULL || (claimed != NULL && zmq_setsockopt(peer, ZMQ_ROUTING_ID, claimed, 5) != 0) || zmq_connect(peer, endpoint) != 0 ||
        zmq_send(peer, "x", 1, 0) != 1) {
        _exit(9);
    }
    return peer;
}

/* The id that the next message came under. */
static void take(void *router, uint8_t id_out[5])
{
    char word[8];

    if (zmq_recv(router, id_out, 5, 0) != 5 || zmq_recv(router, word, sizeof(word), 0) != 1) {
        _exit(8);
    }
}

static void claim_the_next(void)
{
    void *zmq = zmq_ctx_new();
    void *router = zmq_socket(zmq, ZMQ_ROUTER);
    uint8_t id[5];

    if (router == NULL || zmq_bind(router, "inproc://hub") != 0) {
        _exit(7);
    }
    (void)peer_of(zmq, "inproc://hub", NULL);
    take(router, id);
    for (int i = 4; i > 0 && ++id[i] == 0; i--) {
    }
    (void)peer_of(zmq, "inproc://hub", id);
    take(router, id);
    (void)peer_of(zmq, "inproc://hub", NULL);
    take(router, id);
}

static void who_claims_what_comes_next_ends_the_process(void **state)
{
    int ends[2], status = 0;
    pid_t child = begin(ends);

    (void)state;
    if (child == 0) {
        claim_the_next();
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    (void)close(ends[0]);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGABRT);
}

static uint32_t start_of_another_process(bool seeded)
{
    uint32_t counter = 0;
    int ends[2], status = 0;
    pid_t child = begin(ends);

    if (child == 0) {
        void *zmq = NULL, *router = NULL;

        if (nrs_keys_start() != NRS_OK) {
            _exit(7);
        }
        if (seeded) {
            nrs_routing_seed();
        }
        zmq = zmq_ctx_new();
        router = zmq_socket(zmq, ZMQ_ROUTER);
        if (router == NULL || nrs_routing_learn(&counter, zmq, router) != NRS_OK || write(ends[1], &counter, sizeof(counter)) != sizeof(counter)) {
            _exit(6);
        }
        _exit(0);
    }
    assert_int_equal(read(ends[0], &counter, sizeof(counter)), sizeof(counter));
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    (void)close(ends[0]);
    return counter;
}

static void where_it_begins_is_known_unless_a_start_is_drawn(void **state)
{
    uint32_t drawn[COUNT];

    (void)state;
    assert_int_equal(start_of_another_process(false), start_of_another_process(false)); /* the trap */
    for (int i = 0; i < COUNT; i++) {
        drawn[i] = start_of_another_process(true);
        for (int j = 0; j < i; j++) {
            assert_true(drawn[i] - drawn[j] > 1000 && drawn[j] - drawn[i] > 1000); /* else once in half a million runs */
        }
    }
}

/* Also on a socket that demands keys: within the process there are none. */
static void the_counter_is_learned_before_the_socket_is_bound(void **state)
{
    void *zmq = zmq_ctx_new();
    void *router = trap_socket(zmq, ZMQ_ROUTER), *first = NULL, *liar = NULL;
    trap_keys server, member;
    trap_zap zap;
    char endpoint[64];
    uint32_t counter = 0;
    uint8_t id[256];
    int size = 0;

    (void)state;
    trap_keys_make(&server);
    trap_keys_make(&member);
    trap_zap_start(&zap, zmq, true);
    assert_int_equal(nrs_socket_options_server(router, server.secret_key), NRS_OK);
    assert_int_equal(nrs_routing_learn(&counter, zmq, router), NRS_OK);
    trap_bind(router, endpoint);
    trap_set_int(router, ZMQ_RCVTIMEO, TRAP_WAIT_MS);
    first = trap_dial(zmq, endpoint, &member, &server, NULL);
    assert_int_equal(zmq_send(first, "one", 3, 0), 3);
    size = zmq_recv(router, id, sizeof(id), 0);
    assert_int_equal(size, 5);
    assert_int_equal(zmq_recv(router, endpoint, 0, 0), 3);
    assert_true(nrs_routing_is_given(nrs_slice_of(id, 5), counter, 1));
    assert_false(nrs_routing_is_given(nrs_slice_of(id, 5), counter, 0));
    assert_false(nrs_routing_is_given(nrs_slice_of(id, 5), counter + 1, 1000));
    (void)zmq_close(first);

    assert_int_equal(zmq_getsockopt(router, ZMQ_LAST_ENDPOINT, endpoint, &(size_t){sizeof(endpoint)}), 0);
    liar = trap_dial(zmq, endpoint, &member, &server, "chosen");
    assert_int_equal(zmq_send(liar, "two", 3, 0), 3);
    size = zmq_recv(router, id, sizeof(id), 0);
    assert_int_equal(size, 6);
    assert_false(nrs_routing_is_given(nrs_slice_of(id, 6), counter, UINT64_MAX));
    assert_false(nrs_routing_is_given(nrs_slice_of("\1abcd", 5), counter, UINT64_MAX));
    (void)zmq_close(liar);
    (void)zmq_close(router);
    trap_zap_stop(&zap);
    (void)zmq_ctx_term(zmq);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_claims_what_comes_next_ends_the_process), /* those that fork, first: while there is one thread */
        cmocka_unit_test(where_it_begins_is_known_unless_a_start_is_drawn),
        cmocka_unit_test(the_counter_is_learned_before_the_socket_is_bound),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
