/* DESIGN 7: Debian's libzmq draws CURVE keys from libsodium's randombytes: whoever replaces that chooses the keys. The
 * companion test check_daemon.py sees that the daemon does not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <string.h>

#include <sodium.h>
#include <zmq.h>

#include <cmocka.h>

static const char *name(void)
{
    return "seeded";
}

static uint32_t number(void)
{
    return 0x41414141u;
}

static void fill(void *const buffer, const size_t size)
{
    memset(buffer, 0x41, size);
}

static void a_seeded_source_makes_the_same_key_twice(void **state)
{
    static randombytes_implementation seeded = {.implementation_name = name, .random = number, .buf = fill};
    char public_key[3][41];
    char secret_key[3][41];

    (void)state;
    assert_int_equal(zmq_curve_keypair(public_key[0], secret_key[0]), 0);
    assert_int_equal(randombytes_set_implementation(&seeded), 0);
    assert_int_equal(zmq_curve_keypair(public_key[1], secret_key[1]), 0);
    assert_int_equal(zmq_curve_keypair(public_key[2], secret_key[2]), 0);
    assert_string_equal(secret_key[1], secret_key[2]);
    assert_string_equal(public_key[1], public_key[2]);
    assert_string_not_equal(secret_key[0], secret_key[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_seeded_source_makes_the_same_key_twice)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
