/* The strict codec over tests/vectors/wire: each file names its message and the rule that decoding must give. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/wire.h"

enum { VECTOR_COUNT_MIN = 150, PATH_SIZE_MAX = 4096 };

/* Decode; what decodes must encode to the same bytes. */
#define DECODE_ONE(name, type, prefix, size_max)                                                                       \
    static nrs_error decode_##name(nrs_slice bytes)                                                                    \
    {                                                                                                                  \
        nrs_##name *value = NULL;                                                                                      \
        nrs_bytes again = {0};                                                                                         \
        nrs_error error = nrs_##name##_decode(&value, bytes);                                                          \
                                                                                                                       \
        if (error == NRS_OK) {                                                                                         \
            assert_non_null(value);                                                                                    \
            assert_int_equal(nrs_##name##_encode(&again, value), NRS_OK);                                              \
            assert_true(nrs_slice_equal(nrs_slice_of_bytes(&again), bytes));                                           \
        } else {                                                                                                       \
            assert_null(value);                                                                                        \
        }                                                                                                              \
        nrs_bytes_wipe(&again);                                                                                        \
        nrs_##name##_free(&value);                                                                                     \
        assert_null(value);                                                                                            \
        return error;                                                                                                  \
    }
NRS_MESSAGES(DECODE_ONE)
#undef DECODE_ONE

static const struct decoder {
    const char *name;
    nrs_error (*decode)(nrs_slice);
    size_t size_max;
} decoders[] = {
#define DECODER_ENTRY(name, type, prefix, size_max) {#name, decode_##name, (size_max)},
    NRS_MESSAGES(DECODER_ENTRY)
#undef DECODER_ENTRY
};

enum { DECODER_COUNT = sizeof decoders / sizeof decoders[0] };

/* The hexadecimal text of a file, without its line ends. */
static void read_vector(nrs_bytes *bytes_out, const char *path)
{
    FILE *file = fopen(path, "r");
    char pair[3] = {0};
    int digit;
    size_t count = 0;

    assert_non_null(file);
    while ((digit = fgetc(file)) != EOF) {
        uint8_t byte;

        if (digit == '\n') {
            continue;
        }
        pair[count++ % 2] = (char)digit;
        if (count % 2 == 0) {
            assert_int_equal(nrs_hex_decode(&byte, 1, pair), NRS_OK);
            assert_int_equal(nrs_bytes_append_u8(bytes_out, byte), NRS_OK);
        }
    }
    assert_int_equal(count % 2, 0);
    fclose(file);
}

/* The error whose rule ends the name: "record-empty-unknown-flag.hex". */
static bool expected_of(nrs_error *error_out, const char *name)
{
    size_t size = strlen(name) - strlen(".hex");
    size_t best = 0;

    for (unsigned i = 0; i < NRS_ERROR_COUNT; i++) {
        const char *rule = nrs_error_rule((nrs_error)i);
        size_t rule_size = strlen(rule);

        if (rule_size > best && rule_size + 1 < size && name[size - rule_size - 1] == '-' &&
            strncmp(name + size - rule_size, rule, rule_size) == 0) {
            best = rule_size;
            *error_out = (nrs_error)i;
        }
    }
    return best > 0;
}

static const struct decoder *decoder_of(const char *name)
{
    size_t size = strcspn(name, "-");

    for (size_t i = 0; i < DECODER_COUNT; i++) {
        if (strlen(decoders[i].name) == size && strncmp(decoders[i].name, name, size) == 0) {
            return &decoders[i];
        }
    }
    return NULL;
}

typedef void vector_function(const char *name, const struct decoder *decoder, nrs_error expected, nrs_slice bytes);

static size_t for_each_vector(vector_function *run)
{
    const char *source = getenv("NRS_SOURCE_DIR");
    char folder[PATH_SIZE_MAX / 2];
    size_t count = 0;
    struct dirent *entry;
    DIR *directory;

    assert_non_null(source);
    assert_true(snprintf(folder, sizeof folder, "%s/tests/vectors/wire", source) < (int)sizeof folder);
    directory = opendir(folder);
    assert_non_null(directory);
    while ((entry = readdir(directory)) != NULL) {
        const struct decoder *decoder = decoder_of(entry->d_name);
        char path[PATH_SIZE_MAX];
        nrs_error expected = NRS_ERROR_INTERNAL;
        nrs_bytes bytes = {0};

        if (entry->d_name[0] == '.') {
            continue;
        }
        if (decoder == NULL || !expected_of(&expected, entry->d_name)) {
            fail_msg("%s names no message or no rule", entry->d_name);
        }
        assert_true(snprintf(path, sizeof path, "%s/%s", folder, entry->d_name) < (int)sizeof path);
        read_vector(&bytes, path);
        run(entry->d_name, decoder, expected, nrs_slice_of_bytes(&bytes));
        nrs_bytes_wipe(&bytes);
        count++;
    }
    closedir(directory);
    return count;
}

static size_t vectors_failed;

static void run_vector(const char *name, const struct decoder *decoder, nrs_error expected, nrs_slice bytes)
{
    nrs_error got = decoder->decode(bytes);

    if (got != expected) { /* all are named before the test fails */
        print_error("%s: got %s, expected %s\n", name, nrs_error_rule(got), nrs_error_rule(expected));
        vectors_failed++;
    }
}

static void test_vectors(void **state)
{
    (void)state;
    vectors_failed = 0;
    assert_true(for_each_vector(run_vector) >= VECTOR_COUNT_MIN);
    assert_int_equal(vectors_failed, 0);
}

static unsigned good_seen[DECODER_COUNT];

/* Whatever is cut off a good message or changed in it, decoding ends with an answer; what it takes encodes to the same
 * bytes, as each decode_… checks. A field that nothing knows is never taken. */
static void mangle_good(const char *name, const struct decoder *decoder, nrs_error expected, nrs_slice bytes)
{
    static const uint8_t unknown[] = {0x98, 0x06, 0x01};
    nrs_bytes copy = {0};

    if (expected != NRS_OK) {
        return;
    }
    good_seen[decoder - decoders]++;
    assert_int_equal(nrs_bytes_copy(&copy, bytes), NRS_OK);
    for (size_t i = 0; i < bytes.size && i < 600; i++) {
        (void)decoder->decode(nrs_slice_of(bytes.data, i));
        for (unsigned bit = 0; bit < 8; bit++) {
            copy.data[i] ^= (uint8_t)(1u << bit);
            (void)decoder->decode(nrs_slice_of_bytes(&copy));
            copy.data[i] ^= (uint8_t)(1u << bit);
        }
    }
    assert_int_equal(nrs_bytes_append(&copy, nrs_slice_of(unknown, sizeof unknown)), NRS_OK);
    if (decoder->decode(nrs_slice_of_bytes(&copy)) != NRS_ERROR_UNKNOWN_FIELD) {
        fail_msg("%s takes an unknown field", name);
    }
    nrs_bytes_wipe(&copy);
}

static void test_mangled(void **state)
{
    (void)state;
    memset(good_seen, 0, sizeof good_seen);
    assert_true(for_each_vector(mangle_good) >= VECTOR_COUNT_MIN);
    for (size_t i = 0; i < DECODER_COUNT; i++) {
        if (good_seen[i] == 0) {
            fail_msg("no good vector of %s", decoders[i].name);
        }
    }
}

/* The size is looked at before anything else: what lies past the maximum is never unpacked. */
static void test_size_first(void **state)
{
    (void)state;
    for (size_t i = 0; i < DECODER_COUNT; i++) {
        nrs_bytes bytes = {0};

        assert_int_equal(nrs_bytes_resize(&bytes, decoders[i].size_max + 1), NRS_OK);
        assert_int_equal(decoders[i].decode(nrs_slice_of_bytes(&bytes)), NRS_ERROR_TOO_LARGE);
        bytes.size--;
        assert_int_equal(decoders[i].decode(nrs_slice_of_bytes(&bytes)), NRS_ERROR_MALFORMED);
        bytes.size++;
        nrs_bytes_wipe(&bytes);
    }
}

static void test_record_wrap(void **state)
{
    static const uint8_t payload[] = "payload";
    nrs_bytes bytes = {0};
    nrs_record *record = NULL;

    (void)state;
    assert_int_equal(nrs_record_wrap(&bytes, NRS_RECORD_CARD, nrs_slice_of(payload, 7)), NRS_OK);
    assert_int_equal(nrs_record_decode(&record, nrs_slice_of_bytes(&bytes)), NRS_OK);
    assert_int_equal(record->type, NRS_RECORD_CARD);
    assert_true(nrs_slice_equal(nrs_field(&record->payload), nrs_slice_of(payload, 7)));
    nrs_record_free(&record);

    /* A failure leaves what was there. */
    assert_int_equal(nrs_record_wrap(&bytes, (nrs_record_type)99, nrs_slice_of(payload, 7)), NRS_ERROR_UNKNOWN_FLAG);
    assert_int_equal(nrs_record_wrap(&bytes, NRS_RECORD_CARD, nrs_slice_of(NULL, 0)), NRS_ERROR_MALFORMED);
    assert_int_equal(nrs_record_decode(&record, nrs_slice_of_bytes(&bytes)), NRS_OK);
    assert_int_equal(record->type, NRS_RECORD_CARD);
    nrs_record_free(&record);
    nrs_record_free(&record);
    nrs_bytes_wipe(&bytes);
}

/* A value may leave a text NULL, and encoding refuses what decoding would. */
static void test_encode_refuses(void **state)
{
    static uint8_t key[32];
    char bad_text[] = "\xff";
    char good_text[] = "subject";
    char *missing[] = {NULL};
    nrs_report report;
    nrs_bytes bytes = {0};

    (void)state;
    nrs__wire__report__init(&report);
    report.kind = 1;
    report.subject = good_text;
    report.body = NULL;
    assert_int_equal(nrs_report_encode(&bytes, &report), NRS_OK);
    assert_true(bytes.size > 0);

    report.subject = bad_text;
    assert_int_equal(nrs_report_encode(&bytes, &report), NRS_ERROR_BAD_UTF8);
    report.subject = NULL;
    assert_int_equal(nrs_report_encode(&bytes, &report), NRS_ERROR_MALFORMED);
    report.subject = good_text;
    report.follows = nrs_field_of(nrs_slice_of(key, 31));
    assert_int_equal(nrs_report_encode(&bytes, &report), NRS_ERROR_MALFORMED);
    report.follows = (ProtobufCBinaryData){.len = 32, .data = NULL};
    assert_int_equal(nrs_report_encode(&bytes, &report), NRS_ERROR_MALFORMED);
    report.follows = nrs_field_of(nrs_slice_of(key, 32));
    assert_int_equal(nrs_report_encode(&bytes, &report), NRS_OK);
    report.n_to = 1;
    assert_int_equal(nrs_report_encode(&bytes, &report), NRS_ERROR_MALFORMED);
    report.to = missing;
    assert_int_equal(nrs_report_encode(&bytes, &report), NRS_ERROR_BAD_ADDRESS);
    nrs_bytes_wipe(&bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vectors),     cmocka_unit_test(test_mangled),        cmocka_unit_test(test_size_first),
        cmocka_unit_test(test_record_wrap), cmocka_unit_test(test_encode_refuses),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
