/* JSON between the programs of this machine: what is read and written is what jansson would have read and written. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "exchange/plain.h"

static const char *const texts[] = {
    "{}",
    "{\"command\":\"send\",\"to\":[\"@electricity\",\"kanto-power\"],\"body\":\"a\\nb\\t\\\"c\\\" \\\\ \\/\",\"urgent\":true,\"number\":3}",
    "{\"subject\":\"停電の発生\",\"fields\":{\"summary\":\"一\",\"impact\":null},\"list\":[[],{},[1,-2,{\"a\":false}]]}",
    "{\"low\":\"\\u0001\\u001f\\u007f\",\"pair\":\"\\ud83d\\ude00\"}",
    "{\"fraction\":1.5,\"large\":9223372036854775807,\"less\":-9223372036854775808}",
    "{\"[[[[[[[[[[[[[[[[[\":[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]}",
    "[\"an array\"]",
    /* not to be read */
    "{\"twice\":1,\"twice\":2}",
    "{\"nul\":\"\\u0000\"}",
    "{\"a\":1}}",
    "{\"a\":1,}",
    "\"text\"",
    "{\"a\":\"\xff\"}",
    "{\"a\":\"line\nfeed\"}",
    "",
};

static void what_is_read_and_written_is_jansson_s(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        json_t *ours = nrs_plain_load(nrs_slice_of_string(texts[i]));
        json_t *theirs = json_loads(texts[i], JSON_REJECT_DUPLICATES, NULL);
        nrs_bytes written = {0};
        char *text = json_dumps(theirs, JSON_COMPACT);

        assert_true((ours == NULL) == (theirs == NULL));
        assert_true(ours == NULL || json_equal(ours, theirs));
        if (ours != NULL) {
            assert_int_equal(nrs_plain_write(&written, ours), NRS_OK);
            assert_int_equal(written.size, strlen(text));
            assert_memory_equal(written.data, text, written.size);
        }
        nrs_bytes_wipe(&written);
        free(text);
        json_decref(ours);
        json_decref(theirs);
    }
}

static void what_is_written_stands_behind_what_was_there(void **state)
{
    nrs_bytes written = {0};
    json_t *value = json_pack("{s:f}", "fraction", 0.5); /* left to jansson when half of it is written */

    (void)state;
    assert_int_equal(nrs_bytes_append(&written, nrs_slice_of_string("before")), NRS_OK);
    assert_int_equal(nrs_plain_write(&written, value), NRS_OK);
    assert_int_equal(written.size, strlen("before{\"fraction\":0.5}"));
    assert_memory_equal(written.data, "before{\"fraction\":0.5}", written.size);
    nrs_bytes_wipe(&written);
    json_decref(value);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_read_and_written_is_jansson_s),
        cmocka_unit_test(what_is_written_stands_behind_what_was_there),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
