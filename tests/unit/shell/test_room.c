/* Where more connections come than there are descriptors for, those that said nothing go: of the address that has the most of them,
 * of addresses that have as many the oldest, and none that has spoken. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "intake.h"

enum { MANY = 40, FEW = 5, SPOKE = 10, ALL = MANY + FEW };

static int ours[ALL], theirs[ALL];
static nrs_intakes intakes;

/* Over loopback, each from an address of its own choice. */
static void connect_from(size_t first, size_t count, const char *from)
{
    struct sockaddr_in address = {.sin_family = AF_INET}, own = {.sin_family = AF_INET};
    socklen_t size = sizeof(address);
    int listener = socket(AF_INET, SOCK_STREAM, 0);

    assert_int_equal(inet_pton(AF_INET, "127.0.0.1", &address.sin_addr), 1);
    assert_int_equal(inet_pton(AF_INET, from, &own.sin_addr), 1);
    assert_int_equal(bind(listener, (const struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(listen(listener, 64), 0);
    assert_int_equal(getsockname(listener, (struct sockaddr *)&address, &size), 0);
    for (size_t i = first; i < first + count; i++) {
        theirs[i] = socket(AF_INET, SOCK_STREAM, 0);
        assert_int_equal(bind(theirs[i], (const struct sockaddr *)&own, sizeof(own)), 0);
        assert_int_equal(connect(theirs[i], (const struct sockaddr *)&address, sizeof(address)), 0);
        ours[i] = accept(listener, NULL, NULL);
        assert_true(ours[i] >= 0);
        nrs_intakes_began(&intakes, ours[i], 1000 + i);
    }
    (void)close(listener);
}

static int set_up(void **state)
{
    (void)state;
    connect_from(0, MANY, "127.0.0.1");
    connect_from(MANY, FEW, "127.0.0.2");
    for (size_t i = 0; i < SPOKE; i++) {
        nrs_intakes_spoke(&intakes, ours[i]);
    }
    assert_int_equal(intakes.count, ALL);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    for (size_t i = 0; i < ALL; i++) {
        (void)close(ours[i]);
        (void)close(theirs[i]);
    }
    nrs_intakes_wipe(&intakes);
    return 0;
}

static bool stands(size_t i)
{
    return intakes.list[ours[i]].connection.fd == ours[i];
}

static void the_oldest_of_the_fullest_address_go(void **state)
{
    (void)state;
    assert_int_equal(nrs_intakes_make_room(&intakes, 2000), 0); /* no bound */
    intakes.count_max = ALL;
    assert_int_equal(nrs_intakes_make_room(&intakes, 2000), 0);
    intakes.count_max = ALL - 20;
    assert_int_equal(nrs_intakes_make_room(&intakes, 2000), 20);
    for (size_t i = 0; i < ALL; i++) {
        assert_int_equal(stands(i), i < SPOKE || i >= SPOKE + 20);
    }
    intakes.count_max = SPOKE + 4; /* now both have a few */
    assert_int_equal(nrs_intakes_make_room(&intakes, 2000), ALL - 20 - SPOKE - 4);
    assert_true(stands(MANY - 1) && stands(ALL - 1));
    intakes.count_max = 1; /* who has spoken stays whatever the bound */
    assert_int_equal(nrs_intakes_make_room(&intakes, 2000), 4);
    assert_int_equal(intakes.count, SPOKE);
}

static void who_says_nothing_for_long_goes(void **state)
{
    size_t ended = 0;

    (void)state;
    intakes.silent_before_ms = 1000 + MANY; /* those from the second address came later */
    for (int i = 0; i < 20; i++) {
        ended += nrs_intakes_sweep(&intakes, 2000);
    }
    assert_int_equal(ended, MANY - SPOKE);
    for (size_t i = 0; i < ALL; i++) {
        assert_int_equal(stands(i), i < SPOKE || i >= MANY);
    }
}

static void a_number_that_is_used_again_is_another_connection(void **state)
{
    nrs_connection former = nrs_connection_at(ours[0]);

    (void)state;
    (void)close(ours[0]);
    nrs_intakes_ended(&intakes, former.fd);
    assert_int_equal(intakes.count, ALL - 1);
    nrs_intakes_ended(&intakes, former.fd);
    assert_int_equal(intakes.count, ALL - 1);
    nrs_intakes_spoke(&intakes, former.fd);
    assert_int_equal(intakes.list[former.fd].connection.fd, -1);
}

/* The newest has the lowest address. */
static int set_up_of_many_addresses(void **state)
{
    (void)state;
    for (size_t i = 0; i < ALL; i++) {
        char from[16];

        (void)snprintf(from, sizeof(from), "127.0.0.%zu", ALL - i);
        connect_from(i, 1, from);
    }
    assert_int_equal(intakes.count, ALL);
    return 0;
}

static void of_many_addresses_with_one_each_the_oldest_go(void **state)
{
    (void)state;
    intakes.count_max = ALL - 20;
    assert_int_equal(nrs_intakes_make_room(&intakes, 2000), 20);
    for (size_t i = 0; i < ALL; i++) {
        assert_int_equal(stands(i), i >= 20);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_oldest_of_the_fullest_address_go, set_up, tear_down),
        cmocka_unit_test_setup_teardown(of_many_addresses_with_one_each_the_oldest_go, set_up_of_many_addresses, tear_down),
        cmocka_unit_test_setup_teardown(who_says_nothing_for_long_goes, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_number_that_is_used_again_is_another_connection, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
