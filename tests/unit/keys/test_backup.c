/* Backups: sealed as a whole under a passphrase; what is not whole does not open. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <string.h>

#include "keys/backup.h"

#define OK(expression) assert_int_equal((expression), NRS_OK)

static const nrs_slice passphrase = {(const uint8_t *)"correct horse", 13};

static int start(void **state)
{
    (void)state;
    OK(nrs_keys_start());
    return 0;
}

static void test_there_and_back(void **state)
{
    nrs_backup backup = {.made_ms = 1795400000000ull}, again = {0};
    nrs_bytes file = {0};

    (void)state;
    OK(nrs_backup_add(&backup, "cards/a.card", nrs_slice_of_string("card")));
    assert_int_equal(nrs_backup_add(&backup, "cards/a.card", nrs_slice_of_string("twice")), NRS_ERROR_NOT_CANONICAL);
    assert_int_equal(nrs_backup_add(&backup, "back", nrs_slice_of_string("order")), NRS_ERROR_NOT_CANONICAL);
    OK(nrs_backup_add(&backup, "empty", nrs_slice_of(NULL, 0)));
    OK(nrs_backup_seal(&file, &backup, passphrase));
    OK(nrs_backup_open(&again, nrs_slice_of_bytes(&file), passphrase));
    assert_int_equal(again.count, 2);
    assert_int_equal(again.made_ms, backup.made_ms);
    assert_string_equal(again.files[0].name, "cards/a.card");
    assert_true(nrs_slice_equal(nrs_slice_of_bytes(&again.files[0].bytes), nrs_slice_of_string("card")));
    assert_int_equal(again.files[1].bytes.size, 0);
    assert_int_equal(nrs_backup_seal(&file, &backup, nrs_slice_of(NULL, 0)), NRS_ERROR_PASSPHRASE);
    nrs_backup_wipe(&backup);
    nrs_backup_wipe(&again);
    nrs_bytes_wipe(&file);
}

static void test_spoilt(void **state)
{
    nrs_backup backup = {.made_ms = 1}, again = {0};
    nrs_bytes file = {0};
    size_t places[] = {0, 9, 20, 30, 60, 70, 80};

    (void)state;
    OK(nrs_backup_add(&backup, "node.json", nrs_slice_of_string("{}")));
    OK(nrs_backup_seal(&file, &backup, passphrase));
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        file.data[places[i]] ^= 0x80;
        assert_int_not_equal(nrs_backup_open(&again, nrs_slice_of_bytes(&file), passphrase), NRS_OK);
        assert_null(again.files);
        file.data[places[i]] ^= 0x80;
    }
    for (size_t i = 8; i < 20; i++) { /* passes and memory that no program writes */
        file.data[i] ^= 0x80;
        assert_int_equal(nrs_backup_open(&again, nrs_slice_of_bytes(&file), passphrase), i >= 12 && i < 15 ? NRS_ERROR_PASSPHRASE : NRS_ERROR_DAMAGED);
        file.data[i] ^= 0x80;
    }
    assert_int_equal(nrs_backup_open(&again, nrs_slice_of(file.data, file.size - 1), passphrase), NRS_ERROR_PASSPHRASE);
    assert_int_equal(nrs_backup_open(&again, nrs_slice_of(file.data, 40), passphrase), NRS_ERROR_DAMAGED);
    assert_int_equal(nrs_backup_open(&again, nrs_slice_of(NULL, 0), passphrase), NRS_ERROR_DAMAGED);
    assert_int_equal(nrs_backup_open(&again, nrs_slice_of_string("NRSBAX"), passphrase), NRS_ERROR_MALFORMED);
    assert_int_equal(nrs_backup_open(&again, nrs_slice_of_bytes(&file), nrs_slice_of_string("wrong")), NRS_ERROR_PASSPHRASE);
    OK(nrs_backup_open(&again, nrs_slice_of_bytes(&file), passphrase));
    nrs_backup_wipe(&backup);
    nrs_backup_wipe(&again);
    nrs_bytes_wipe(&file);
}

static void test_limits(void **state)
{
    nrs_backup backup = {0};
    char name[NRS_BACKUP_NAME_SIZE_MAX + 2];

    (void)state;
    memset(name, 'a', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    assert_int_equal(nrs_backup_add(&backup, name, nrs_slice_of(NULL, 0)), NRS_ERROR_LIMIT);
    assert_int_equal(nrs_backup_add(&backup, "", nrs_slice_of(NULL, 0)), NRS_ERROR_LIMIT);
    nrs_backup_wipe(&backup);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_there_and_back), cmocka_unit_test(test_spoilt), cmocka_unit_test(test_limits)};

    return cmocka_run_group_tests(tests, start, NULL);
}
