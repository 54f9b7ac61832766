/* A host's name whose answer takes long holds up nobody but who has it; it is asked for again for each try, and each of its addresses
 * is tried. The answers are this test's own: its getaddrinfo stands in for the C library's. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <netdb.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <arpa/inet.h>
#include <netinet/in.h>

#include "admission.h"
#include "keys/secret.h"
#include "lookup.h"
#include "outbound.h"
#include "proto/address.h"
#include "socket_options.h"

enum { WAIT_MS = 8000, SLOW_MS = 12000, STEP_MS = 10 };

static void *zmq, *router;
static nrs_admission admission;
static nrs_identity *own, *hub;
static nrs_outbound outbound;
static nrs_batch batch;
static nrs_intakes intakes;
static nrs_pollset set;
static nrs_link_id next_link = 1;
static uint16_t port;
static atomic_int asked_count;
static atomic_bool moved, let_go;

/* ---- The names ---- */

static struct addrinfo *address_of(const char *host, const char *service, struct addrinfo *behind)
{
    struct addrinfo *made = calloc(1, sizeof(*made));
    struct sockaddr_in6 *six = calloc(1, sizeof(*six));
    struct sockaddr_in *four = (struct sockaddr_in *)six;

    assert_true(made != NULL && six != NULL);
    made->ai_socktype = SOCK_STREAM;
    made->ai_addr = (struct sockaddr *)six;
    made->ai_next = behind;
    if (inet_pton(AF_INET, host, &four->sin_addr) == 1) {
        made->ai_family = four->sin_family = AF_INET;
        made->ai_addrlen = sizeof(*four);
    } else {
        assert_int_equal(inet_pton(AF_INET6, host, &six->sin6_addr), 1);
        made->ai_family = six->sin6_family = AF_INET6;
        made->ai_addrlen = sizeof(*six);
    }
    four->sin_port = htons((uint16_t)(service == NULL ? 0 : strtoul(service, NULL, 10)));
    return made;
}

int getaddrinfo(const char *restrict host, const char *restrict service, const struct addrinfo *restrict hints, struct addrinfo **restrict found)
{
    struct in6_addr number;

    (void)hints;
    if (strncmp(host, "slow", 4) == 0) {
        for (int i = 0; i < SLOW_MS && !atomic_load(&let_go); i++) {
            (void)nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
        }
        return EAI_AGAIN;
    }
    if (strcmp(host, "two.example") == 0) { /* nobody is at the first */
        *found = address_of("127.0.0.9", service, address_of("127.0.0.1", service, NULL));
        return 0;
    }
    if (strcmp(host, "moves.example") == 0) {
        (void)atomic_fetch_add(&asked_count, 1);
        *found = address_of(atomic_load(&moved) ? "127.0.0.1" : "127.0.0.9", service, NULL);
        return 0;
    }
    if (strcmp(host, "six.example") == 0) {
        *found = address_of("::1", service, address_of("fe80::1", service, NULL));
        return 0;
    }
    if (inet_pton(AF_INET, host, &number) != 1 && inet_pton(AF_INET6, host, &number) != 1) {
        return EAI_NONAME;
    }
    *found = address_of(host, service, NULL);
    return 0;
}

void freeaddrinfo(struct addrinfo *found)
{
    while (found != NULL) {
        struct addrinfo *behind = found->ai_next;

        free(found->ai_addr);
        free(found);
        found = behind;
    }
}

/* ---- A hub, and who dials it ---- */

static nrs_admitted admits(void *context, const uint8_t curve_key[NRS_KEY_SIZE])
{
    (void)context;
    (void)curve_key;
    return NRS_ADMITTED;
}

static uint64_t now_ms(void)
{
    struct timespec now;

    assert_int_equal(clock_gettime(CLOCK_MONOTONIC, &now), 0);
    return (uint64_t)now.tv_sec * 1000u + (uint64_t)now.tv_nsec / 1000000u;
}

static int set_up(void **state)
{
    char endpoint[64];
    size_t size = sizeof(endpoint);

    (void)state;
    atomic_store(&let_go, false);
    atomic_store(&moved, false);
    atomic_store(&asked_count, 0);
    zmq = zmq_ctx_new();
    assert_int_equal(nrs_identity_new(&own), NRS_OK);
    assert_int_equal(nrs_identity_new(&hub), NRS_OK);
    assert_int_equal(nrs_admission_open(&admission, zmq), NRS_OK);
    router = zmq_socket(zmq, ZMQ_ROUTER);
    assert_int_equal(nrs_socket_options_server(router, nrs_secret_view(nrs_identity_curve_secret(hub))), NRS_OK);
    assert_int_equal(zmq_bind(router, "tcp://127.0.0.1:*"), 0);
    assert_int_equal(zmq_getsockopt(router, ZMQ_LAST_ENDPOINT, endpoint, &size), 0);
    port = (uint16_t)strtoul(strrchr(endpoint, ':') + 1, NULL, 10);
    nrs_outbound_init(&outbound, zmq, own, 1000, &intakes);
    nrs_batch_set_time(&batch, 1, now_ms());
    return 0;
}

static int tear_down(void **state)
{
    const uint64_t began_ms = now_ms();

    (void)state;
    nrs_outbound_wipe(&outbound);
    assert_int_equal(zmq_close(router), 0);
    nrs_admission_close(&admission);
    assert_int_equal(zmq_ctx_term(zmq), 0);
    assert_true(now_ms() < began_ms + SLOW_MS / 2); /* a name that is still being asked for is not waited for */
    atomic_store(&let_go, true);
    nrs_batch_clear(&batch);
    nrs_batch_wipe(&batch);
    nrs_intakes_wipe(&intakes);
    nrs_identity_destroy(&own);
    nrs_identity_destroy(&hub);
    return 0;
}

static void dial(const uint8_t key[NRS_KEY_SIZE], const char *host)
{
    char endpoint[128];

    (void)snprintf(endpoint, sizeof(endpoint), "tcp://%s:%u", host, (unsigned)port);
    assert_int_equal(nrs_outbound_dial(&outbound, &batch, key, endpoint), NRS_OK);
}

static void turn(void)
{
    set.count = 0;
    nrs_admission_poll(&admission, &set);
    nrs_outbound_poll(&outbound, &set, true);
    (void)zmq_poll(set.items, (int)set.count, STEP_MS);
    nrs_batch_clear(&batch);
    nrs_batch_set_time(&batch, 1, now_ms());
    nrs_admission_answer(&admission, admits, NULL, batch.monotonic_ms);
    nrs_outbound_watch(&outbound, &batch, &set, &next_link);
    nrs_outbound_sweep(&outbound, &batch);
}

static bool comes_up(size_t which, uint64_t wait_ms)
{
    for (uint64_t end_ms = now_ms() + wait_ms; now_ms() < end_ms && outbound.dials[which].state != NRS_DIAL_UP;) {
        turn();
    }
    return outbound.dials[which].state == NRS_DIAL_UP;
}

static const uint8_t *hub_key(void)
{
    return nrs_identity_public(hub)->curve_key;
}

static void a_slow_name_holds_up_no_other_link(void **state)
{
    static const uint8_t other[NRS_KEY_SIZE] = {9};

    (void)state;
    dial(other, "slow.example");
    turn();
    dial(hub_key(), "127.0.0.1");
    assert_true(comes_up(1, WAIT_MS));
    assert_int_equal(outbound.dials[0].state, NRS_DIAL_LOOKING);
    nrs_outbound_hang_up(&outbound, &batch, other);
    assert_int_equal(outbound.count, 1);
}

/* Whoever announces one slow name after the other has two threads, and the next name waits. */
static void names_given_up_are_counted(void **state)
{
    (void)state;
    for (int i = 0; i < 20; i++) {
        char host[32];

        (void)snprintf(host, sizeof(host), "slow%d.example", i);
        dial(hub_key(), host);
        turn();
    }
    assert_int_equal(outbound.given_up_count, 2);
    assert_int_equal(outbound.dials[0].state, NRS_DIAL_WAITING);
    atomic_store(&let_go, true);
    dial(hub_key(), "two.example");
    assert_true(comes_up(0, WAIT_MS));
    turn();
    assert_int_equal(outbound.given_up_count, 0);
}

static void each_address_is_tried(void **state)
{
    (void)state;
    dial(hub_key(), "two.example");
    assert_true(comes_up(0, WAIT_MS));
}

static void a_name_is_asked_for_again(void **state)
{
    (void)state;
    dial(hub_key(), "moves.example");
    assert_false(comes_up(0, 1500));
    assert_true(atomic_load(&asked_count) > 1);
    assert_int_equal(outbound.dials[0].told, NRS_ERROR_NO_NODE);
    atomic_store(&moved, true);
    assert_true(comes_up(0, WAIT_MS));
    assert_int_equal(outbound.dials[0].told, NRS_OK);
}

static void a_name_without_an_address_is_nobody(void **state)
{
    (void)state;
    dial(hub_key(), "none.example");
    assert_false(comes_up(0, 500));
    assert_int_equal(outbound.dials[0].told, NRS_ERROR_NO_NODE);
}

static void what_is_asked_and_what_comes_of_it(void **state)
{
    static const char *const numbers[] = {"tcp://127.0.0.1:1", "tcp://[::1]:7417", "tcp://[fe80::1]:7417"};
    char endpoint[NRS_LOOKUP_ENDPOINT_SIZE];
    nrs_lookup *lookup = NULL;

    (void)state;
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        assert_true(nrs_endpoint_is_number(numbers[i]));
    }
    assert_false(nrs_endpoint_is_number("tcp://1.example:7417"));
    assert_int_equal(nrs_lookup_new(&lookup, "tcp://six.example:7417"), NRS_OK);
    for (int i = 0; i < WAIT_MS && !nrs_lookup_done(lookup); i++) {
        (void)zmq_poll(NULL, 0, 1);
    }
    assert_true(nrs_lookup_endpoint(endpoint, lookup, 0));
    assert_string_equal(endpoint, "tcp://[::1]:7417");
    assert_true(nrs_lookup_endpoint(endpoint, lookup, 3));
    assert_string_equal(endpoint, "tcp://[fe80::1]:7417");
    nrs_lookup_destroy(&lookup);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_slow_name_holds_up_no_other_link, set_up, tear_down),
        cmocka_unit_test_setup_teardown(names_given_up_are_counted, set_up, tear_down),
        cmocka_unit_test_setup_teardown(each_address_is_tried, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_name_is_asked_for_again, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_name_without_an_address_is_nobody, set_up, tear_down),
        cmocka_unit_test(what_is_asked_and_what_comes_of_it),
    };

    return nrs_keys_start() == NRS_OK ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
