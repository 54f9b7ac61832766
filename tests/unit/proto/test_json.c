/* Plain JSON: what is read, and what is left to a whole parser. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "proto/json.h"

static nrs_json_value next(nrs_json_reader *reader)
{
    nrs_json_value value = {.kind = NRS_JSON_DONE};

    assert_int_equal(nrs_json_next(reader, &value), NRS_OK);
    return value;
}

static void values_come_one_by_one(void **state)
{
    nrs_json_reader reader = nrs_json_over(nrs_slice_of_string("{\"a\":\"\xe5\x81\x9c\xe9\x9b\xbb\", \"b\":-12,\"c\":[true,null,[[]]],\"d\":{}}"));
    nrs_json_value value;
    size_t count = 0;

    (void)state;
    assert_int_equal(next(&reader).kind, NRS_JSON_OBJECT);
    value = next(&reader);
    assert_int_equal(value.kind, NRS_JSON_TEXT);
    assert_true(nrs_json_is(value.name, "a"));
    assert_false(nrs_json_is(value.name, "ab"));
    assert_int_equal(value.text.size, 6);
    value = next(&reader);
    assert_int_equal(value.kind, NRS_JSON_NUMBER);
    assert_int_equal(value.number, -12);
    assert_int_equal(next(&reader).kind, NRS_JSON_ARRAY);
    assert_int_equal(nrs_json_skip(&reader, &count), NRS_OK);
    assert_int_equal(count, 3);
    value = next(&reader);
    assert_int_equal(value.kind, NRS_JSON_OBJECT);
    assert_true(nrs_json_is(value.name, "d"));
    assert_int_equal(nrs_json_skip(&reader, &count), NRS_OK);
    assert_int_equal(count, 0);
    assert_int_equal(next(&reader).kind, NRS_JSON_END);
    assert_int_equal(next(&reader).kind, NRS_JSON_DONE);
}

static bool is_plain(const char *text)
{
    nrs_json_reader reader = nrs_json_over(nrs_slice_of_string(text));
    nrs_json_value value = {.kind = NRS_JSON_NULL};

    while (nrs_json_next(&reader, &value) == NRS_OK) {
        if (value.kind == NRS_JSON_DONE) {
            return true;
        }
    }
    return false;
}

static void what_is_not_plain_is_left(void **state)
{
    static const char *const plain[] = {"0", "\"\"", "[]", " {\"a\":1} \n", "[999999999999999999]", "[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]"};
    static const char *const others[] = {
        "", "[", "]", "{\"a\"}", "{\"a\":}", "{a:1}", "{1:1}", "[1,]", "[,1]", "{\"a\":1,}", "[1 2]", "[1]]", "[1}", "{\"a\":1]", "01", "-", "-0", "1.5", "1e3",
        "1000000000000000000", "9999999999999999999", "{\"a\":9999999999999999999}", "{\"a\":-99999999999999999999}", "truth", "nul", "\"a", "{\"\\n\":1}", "\"\\u000a\"", "\"\\q\"", "\"a\\\"", "\"\x01\"", "\"\x7f\"", "\"\xc3\x28\"", "\"\xed\xa0\x80\"", "[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]",
    };

    (void)state;
    for (size_t i = 0; i < sizeof plain / sizeof plain[0]; i++) {
        assert_true(is_plain(plain[i]));
    }
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        assert_false(is_plain(others[i]));
    }
}

static void escapes_are_read_when_asked(void **state)
{
    static const char text[] = "\"a\\n\\t\\\"\\\\\\/\\b\\f\\r\"";
    nrs_json_reader reader = nrs_json_over(nrs_slice_of_string(text));
    nrs_json_value value = next(&reader);
    char said[sizeof text];

    (void)state;
    assert_true(value.escaped);
    assert_int_equal(nrs_json_unescape(said, value.text), 9);
    assert_memory_equal(said, "a\n\t\"\\/\b\f\r", 9);
    assert_int_equal(next(&reader).kind, NRS_JSON_DONE);
}

static void texts_are_written_escaped(void **state)
{
    static const uint8_t said[] = {'a', 0, 0x1f, '\n', '\r', '\t', '\b', '\f', '"', '\\', '/', 0x7f, 0xe5, 0x81, 0x9c};
    nrs_bytes out = {0};

    (void)state;
    assert_int_equal(nrs_json_write_text(&out, nrs_slice_of(said, sizeof said)), NRS_OK);
    assert_int_equal(nrs_json_write_text(&out, nrs_slice_of_string("")), NRS_OK);
    assert_int_equal(nrs_bytes_append_u8(&out, '\0'), NRS_OK);
    assert_string_equal((const char *)out.data, "\"a\\u0000\\u001F\\n\\r\\t\\b\\f\\\"\\\\/\x7f\xe5\x81\x9c\"\"\"");
    nrs_bytes_wipe(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_come_one_by_one),
        cmocka_unit_test(what_is_not_plain_is_left),
        cmocka_unit_test(escapes_are_read_when_asked),
        cmocka_unit_test(texts_are_written_escaped),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
