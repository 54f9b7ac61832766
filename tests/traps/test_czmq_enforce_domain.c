/* DESIGN 7: czmq's zsock_set_zap_enforce_domain does nothing here, while option 93 is kept when it is set directly. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <czmq.h>

#include <cmocka.h>

#define ZAP_ENFORCE_DOMAIN 93

static int held(zsock_t *socket)
{
    int value = -1;
    size_t size = sizeof(value);

    assert_int_equal(zmq_getsockopt(zsock_resolve(socket), ZAP_ENFORCE_DOMAIN, &value, &size), 0);
    return value;
}

static void only_the_option_itself_holds(void **state)
{
    const int on = 1;
    zsock_t *socket = zsock_new(ZMQ_ROUTER);

    (void)state;
    assert_non_null(socket);
    assert_int_equal(held(socket), 0);
    zsock_set_zap_enforce_domain(socket, 1);
    assert_int_equal(held(socket), 0);
    assert_int_equal(zmq_setsockopt(zsock_resolve(socket), ZAP_ENFORCE_DOMAIN, &on, sizeof(on)), 0);
    assert_int_equal(held(socket), 1);
    zsock_destroy(&socket);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(only_the_option_itself_holds)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
