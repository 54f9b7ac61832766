/* Buffers, the bounded writer and reader, and bytes as text. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "proto/bytes.h"

static nrs_slice text(const char *string)
{
    return nrs_slice_of_string(string);
}

static void test_append_and_read(void **state)
{
    static const uint8_t layout[] = {7, 4, 3, 2, 1, 8, 7, 6, 5, 4, 3, 2, 1, 3, 0, 0, 0, 'a', 'b', 'c'};
    nrs_bytes bytes = {0};
    nrs_reader reader;
    nrs_slice slice;
    uint8_t u8, copied[3];
    uint32_t u32;
    uint64_t u64;

    (void)state;
    assert_int_equal(nrs_bytes_append_u8(&bytes, 7), NRS_OK);
    assert_int_equal(nrs_bytes_append_u32(&bytes, 0x01020304), NRS_OK);
    assert_int_equal(nrs_bytes_append_u64(&bytes, 0x0102030405060708), NRS_OK);
    assert_int_equal(nrs_bytes_append_prefixed(&bytes, text("abc")), NRS_OK);
    assert_true(nrs_slice_equal(nrs_slice_of_bytes(&bytes), nrs_slice_of(layout, sizeof layout)));

    reader = nrs_reader_over(nrs_slice_of_bytes(&bytes));
    assert_int_equal(nrs_read_u8(&reader, &u8), NRS_OK);
    assert_int_equal(u8, 7);
    assert_int_equal(nrs_read_u32(&reader, &u32), NRS_OK);
    assert_int_equal(u32, 0x01020304);
    assert_int_equal(nrs_read_u64(&reader, &u64), NRS_OK);
    assert_true(u64 == 0x0102030405060708);
    assert_int_equal(nrs_reader_end(&reader), NRS_ERROR_MALFORMED);
    assert_int_equal(nrs_read_prefixed(&reader, &slice), NRS_OK);
    assert_true(nrs_slice_equal(slice, text("abc")));
    assert_int_equal(nrs_reader_end(&reader), NRS_OK);
    assert_int_equal(nrs_read_u8(&reader, &u8), NRS_ERROR_MALFORMED);

    reader = nrs_reader_over(text("ab"));
    assert_int_equal(nrs_read_copy(&reader, copied, 3), NRS_ERROR_MALFORMED);
    assert_int_equal(nrs_read_u32(&reader, &u32), NRS_ERROR_MALFORMED);
    assert_int_equal(nrs_read_copy(&reader, copied, 2), NRS_OK);
    assert_memory_equal(copied, "ab", 2);
    nrs_bytes_wipe(&bytes);
}

/* A length that promises more than there is leaves the reader where it was. */
static void test_prefixed_past_the_end(void **state)
{
    static const uint8_t huge[] = {0xff, 0xff, 0xff, 0xff, 1};
    nrs_reader reader = nrs_reader_over(nrs_slice_of(huge, sizeof huge));
    nrs_slice slice;

    (void)state;
    assert_int_equal(nrs_read_prefixed(&reader, &slice), NRS_ERROR_MALFORMED);
    assert_int_equal(reader.left.size, sizeof huge);
}

static void test_buffer(void **state)
{
    nrs_bytes bytes = {0};

    (void)state;
    assert_int_equal(nrs_bytes_append(&bytes, nrs_slice_of(NULL, 0)), NRS_OK);
    assert_int_equal(bytes.size, 0);
    for (unsigned i = 0; i < 1000; i++) {
        assert_int_equal(nrs_bytes_append_u8(&bytes, (uint8_t)i), NRS_OK);
    }
    assert_int_equal(bytes.size, 1000);
    assert_int_equal(bytes.data[999], 999 % 256);
    assert_int_equal(nrs_bytes_append(&bytes, nrs_slice_of_bytes(&bytes)), NRS_OK); /* of itself */
    assert_int_equal(bytes.size, 2000);
    assert_int_equal(bytes.data[1999], 999 % 256);
    assert_int_equal(nrs_bytes_resize(&bytes, 10), NRS_OK);
    assert_int_equal(nrs_bytes_resize(&bytes, 20), NRS_OK);
    assert_int_equal(bytes.data[9], 9);
    assert_int_equal(bytes.data[10], 0); /* not what stood there before */
    assert_int_equal(nrs_bytes_copy(&bytes, nrs_slice_of(bytes.data + 5, 3)), NRS_OK);
    assert_int_equal(bytes.size, 3);
    assert_int_equal(bytes.data[0], 5);
    nrs_bytes_wipe(&bytes);
    assert_null(bytes.data);
    nrs_bytes_wipe(&bytes);
    assert_int_equal(nrs_bytes_copy(&bytes, nrs_slice_of(NULL, 0)), NRS_OK);
    assert_int_equal(nrs_bytes_resize(&bytes, 0), NRS_OK);
    assert_null(bytes.data);
}

static void test_hex(void **state)
{
    static const uint8_t data[] = {0x00, 0x9f, 0xff};
    static const char *const bad[] = {"", "009ff", "009fFF", "009fg0", "009fff00", "009f f", "009f\0f"};
    char encoded[7];
    uint8_t decoded[3] = {1, 2, 3};

    (void)state;
    nrs_hex_encode(encoded, data, sizeof data);
    assert_string_equal(encoded, "009fff");
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(nrs_hex_decode(decoded, 3, bad[i]), NRS_ERROR_MALFORMED);
    }
    assert_memory_equal(decoded, "\1\2\3", 3);
    assert_int_equal(nrs_hex_decode(decoded, 3, encoded), NRS_OK);
    assert_memory_equal(decoded, data, 3);
}

static const struct base64_case {
    const char *plain;
    const char *base64;
} base64_cases[] = {
    /* RFC 4648, section 10 */
    {"", ""},
    {"f", "Zg=="},
    {"fo", "Zm8="},
    {"foo", "Zm9v"},
    {"foob", "Zm9vYg=="},
    {"fooba", "Zm9vYmE="},
    {"foobar", "Zm9vYmFy"},
    {"\xff\xef\xbe", "/+++"},
};

static void test_base64(void **state)
{
    static const char *const bad[] = {"Z",    "Zg",   "Zg=",    "Zg===", "Zh==", "Zm9=", "Zg==Zg==",
                                      "Z===", "====", "Zm9v\n", " Zm9",  "Zm-_", "Zg=A", "=Zg="};

    (void)state;
    for (size_t i = 0; i < sizeof base64_cases / sizeof base64_cases[0]; i++) {
        char *encoded = NULL;
        nrs_bytes decoded = {0};

        assert_int_equal(nrs_base64_encode(&encoded, text(base64_cases[i].plain)), NRS_OK);
        assert_string_equal(encoded, base64_cases[i].base64);
        assert_int_equal(nrs_base64_decode(&decoded, text(encoded)), NRS_OK);
        assert_true(nrs_slice_equal(nrs_slice_of_bytes(&decoded), text(base64_cases[i].plain)));
        nrs_bytes_wipe(&decoded);
        free(encoded);
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        nrs_bytes decoded = {0};

        if (nrs_base64_decode(&decoded, text(bad[i])) != NRS_ERROR_MALFORMED) {
            fail_msg("\"%s\" decoded", bad[i]);
        }
        assert_null(decoded.data);
    }
}

static void test_z85(void **state)
{
    /* A key of the ZeroMQ documentation (zmq_curve). */
    static const char z85[] = "rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7";
    static const char *const bad[] = {"", "rq:rM", "rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf",
                                      "#####:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]y",
                                      "rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf~"};
    uint8_t key[32];
    char encoded[41];

    (void)state;
    assert_int_equal(nrs_z85_decode_key(key, "Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID"), NRS_OK);
    nrs_z85_encode_key(encoded, key);
    assert_string_equal(encoded, "Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID");
    assert_int_equal(nrs_z85_decode_key(key, z85), NRS_OK);
    nrs_z85_encode_key(encoded, key);
    assert_string_equal(encoded, z85);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(nrs_z85_decode_key(key, bad[i]), NRS_ERROR_MALFORMED);
    }
    /* "HelloWorld" of ZeroMQ RFC 32, four times over. */
    assert_int_equal(nrs_z85_decode_key(key, "HelloWorldHelloWorldHelloWorldHelloWorld"), NRS_OK);
    assert_memory_equal(key, "\x86\x4f\xd2\x6f\xb5\x59\xf7\x5b\x86\x4f\xd2\x6f", 12);
}

static const struct utf8_case {
    const char *name;
    const char *text;
    bool valid;
} utf8_cases[] = {
    {"empty", "", true},
    {"ascii with tab and line ends", "a\tb\r\nc", true},
    {"japanese", "変電所の障害", true},
    {"last code point", "\xf4\x8f\xbf\xbf", true},
    {"before the surrogates", "\xed\x9f\xbf", true},
    {"first after latin-1 controls", "\xc2\xa0", true},
    {"escape", "\x1b[0m", false},
    {"delete", "\x7f", false},
    {"c1 control", "\xc2\x9b", false},
    {"lone continuation", "\x80", false},
    {"overlong slash", "\xc0\xaf", false},
    {"overlong in three", "\xe0\x80\xaf", false},
    {"overlong in four", "\xf0\x80\x80\xaf", false},
    {"surrogate", "\xed\xa0\x80", false},
    {"past the last code point", "\xf4\x90\x80\x80", false},
    {"five bytes", "\xf8\x88\x80\x80\x80", false},
    {"cut after one of three", "\xe3", false},
    {"cut after two of three", "\xe3\x81", false},
    {"third byte wrong", "\xe3\x81 ", false},
    {"shift_jis", "\x8f\xe1\x8a\x51", false},
};

static void test_utf8(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof utf8_cases / sizeof utf8_cases[0]; i++) {
        if (nrs_utf8_valid(text(utf8_cases[i].text)) != utf8_cases[i].valid) {
            fail_msg("%s", utf8_cases[i].name);
        }
    }
    assert_false(nrs_utf8_valid(nrs_slice_of("a\0b", 3)));
}

static const struct blank_case {
    const char *name;
    const char *text;
    bool blank;
} blank_cases[] = {
    {"empty", "", true},
    {"space, tab and line ends", " \t\r\n ", true},
    {"no-break space", "\xc2\xa0", true},
    {"next line and soft hyphen", "\xc2\x85\xc2\xad", true},
    {"ogham space", "\xe1\x9a\x80", true},
    {"en quad to zero-width joiner", "\xe2\x80\x80\xe2\x80\x8a\xe2\x80\x8b\xe2\x80\x8d", true},
    {"line and paragraph separators", "\xe2\x80\xa8\xe2\x80\xa9", true},
    {"narrow and mathematical spaces, word joiner", "\xe2\x80\xaf\xe2\x81\x9f\xe2\x81\xa0", true},
    {"ideographic spaces", "\xe3\x80\x80\xe3\x80\x80", true},
    {"hangul fillers", "\xe1\x85\x9f\xe1\x85\xa0\xe3\x85\xa4\xef\xbe\xa0", true},
    {"byte order mark", "\xef\xbb\xbf", true},
    {"a variation selector and a tag", "\xef\xb8\x8f\xf3\xa0\x80\xa0", true},
    {"a dot behind blanks", " \xe3\x80\x80.", false},
    {"a letter before a blank", "a ", false},
    {"ideographic comma", "\xe3\x80\x81", false},
    {"before the ideographic space", "\xe2\xbf\xbf", false},
    {"hyphen, behind the joiners", "\xe2\x80\x90", false},
    {"below the delete sign", "!", false},
    {"last code point", "\xf4\x8f\xbf\xbf", false},
    {"no text", "\xe3\x80", false},
};

static void test_blank(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof blank_cases / sizeof blank_cases[0]; i++) {
        if (nrs_utf8_blank(text(blank_cases[i].text)) != blank_cases[i].blank) {
            fail_msg("%s", blank_cases[i].name);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_append_and_read),
        cmocka_unit_test(test_prefixed_past_the_end),
        cmocka_unit_test(test_buffer),
        cmocka_unit_test(test_hex),
        cmocka_unit_test(test_base64),
        cmocka_unit_test(test_z85),
        cmocka_unit_test(test_utf8),
        cmocka_unit_test(test_blank),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
