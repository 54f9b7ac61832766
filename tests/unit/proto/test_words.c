/* Errors, labels, addresses and vocabularies: the words that people and the wire use. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdbool.h>
#include <string.h>

#include "proto/address.h"
#include "proto/error.h"
#include "proto/label.h"
#include "proto/vocabulary.h"

static void test_errors(void **state)
{
    (void)state;
    for (unsigned i = 0; i < NRS_ERROR_COUNT; i++) {
        nrs_error error = (nrs_error)i;

        assert_int_equal(nrs_error_from_rule(nrs_error_rule(error)), error); /* no rule stands twice */
        assert_true(strlen(nrs_error_sentence(error)) > 0);
        assert_in_range(nrs_error_exit_code(error), 0, 8);
        assert_true((nrs_error_exit_code(error) == 0) == (error == NRS_OK));
    }
    assert_int_equal(nrs_error_exit_code(NRS_ERROR_UNKNOWN_LABEL), 2);
    assert_string_equal(nrs_error_rule(NRS_ERROR_DISCLAIMER), "disclaimer-not-accepted");
    assert_string_equal(nrs_error_rule((nrs_error)9999), "internal");
    assert_int_equal(nrs_error_from_rule("no-such-rule"), NRS_ERROR_INTERNAL);
    assert_int_equal(nrs_error_from_rule(NULL), NRS_ERROR_INTERNAL);
}

static const struct label_case {
    const char *text;
    nrs_error want;
    nrs_label label;
} label_cases[] = {
    {"CLEAR", NRS_OK, NRS_LABEL_CLEAR},
    {"green", NRS_OK, NRS_LABEL_GREEN},
    {"TLP:AMBER", NRS_OK, NRS_LABEL_AMBER},
    {"tlp:amber+strict", NRS_OK, NRS_LABEL_AMBER_STRICT},
    {"Tlp:Red", NRS_OK, NRS_LABEL_RED},
    {"WHITE", NRS_ERROR_UNKNOWN_LABEL, NRS_LABEL_NONE},
    {"AMBER STRICT", NRS_ERROR_UNKNOWN_LABEL, NRS_LABEL_NONE},
    {"RED ", NRS_ERROR_UNKNOWN_LABEL, NRS_LABEL_NONE},
    {"TLP:", NRS_ERROR_UNKNOWN_LABEL, NRS_LABEL_NONE},
    {"TLP:TLP:RED", NRS_ERROR_UNKNOWN_LABEL, NRS_LABEL_NONE},
    {"", NRS_ERROR_LABEL_MISSING, NRS_LABEL_NONE},
    {NULL, NRS_ERROR_LABEL_MISSING, NRS_LABEL_NONE},
};

static void test_labels(void **state)
{
    nrs_label label;

    (void)state;
    for (size_t i = 0; i < sizeof label_cases / sizeof label_cases[0]; i++) {
        label = NRS_LABEL_NONE;
        assert_int_equal(nrs_label_parse(&label, label_cases[i].text), label_cases[i].want);
        assert_int_equal(label, label_cases[i].label);
    }
    for (unsigned i = 1; i < NRS_LABEL_COUNT; i++) {
        assert_int_equal(nrs_label_from_wire(&label, i), NRS_OK);
        assert_int_equal(label, i);
        assert_int_equal(nrs_label_parse(&label, nrs_label_name(label)), NRS_OK);
        assert_int_equal(label, i);
        assert_true((NRS_LABEL_BITS_ALL & NRS_LABEL_BIT(label)) != 0);
    }
    assert_int_equal(nrs_label_from_wire(&label, 0), NRS_ERROR_UNKNOWN_LABEL);
    assert_int_equal(nrs_label_from_wire(&label, 6), NRS_ERROR_UNKNOWN_LABEL);
    assert_int_equal(NRS_LABEL_BITS_ALL, 62);
    assert_int_equal(nrs_label_stricter(NRS_LABEL_AMBER, NRS_LABEL_AMBER_STRICT), NRS_LABEL_AMBER_STRICT);
    assert_int_equal(nrs_label_stricter(NRS_LABEL_RED, NRS_LABEL_CLEAR), NRS_LABEL_RED);
}

#define NAME_32 "abcdefghijklmnopqrstuvwxyz012345"

static const struct address_case {
    const char *text;
    nrs_error want;
    nrs_address_type type;
    const char *name;
    const char *person;
} address_cases[] = {
    {"@electricity", NRS_OK, NRS_ADDRESS_COMMUNITY, "electricity", ""},
    {"kanto-power", NRS_OK, NRS_ADDRESS_ORG, "kanto-power", ""},
    {"sato@kanto-power", NRS_OK, NRS_ADDRESS_PERSON, "kanto-power", "sato"},
    {NAME_32 "@" NAME_32, NRS_OK, NRS_ADDRESS_PERSON, NAME_32, NAME_32},
    {"7", NRS_OK, NRS_ADDRESS_ORG, "7", ""},
    {"", NRS_ERROR_BAD_ADDRESS, 0, "", ""},
    {"@", NRS_ERROR_BAD_ADDRESS, 0, "", ""},
    {"sato@", NRS_ERROR_BAD_ADDRESS, 0, "", ""},
    {"@@a", NRS_ERROR_BAD_ADDRESS, 0, "", ""},
    {"a@b@c", NRS_ERROR_BAD_ADDRESS, 0, "", ""},
    {"-a", NRS_ERROR_BAD_ADDRESS, 0, "", ""},
    {"a-@b", NRS_ERROR_BAD_ADDRESS, 0, "", ""},
    {"Kanto", NRS_ERROR_BAD_ADDRESS, 0, "", ""},
    {"関東", NRS_ERROR_BAD_ADDRESS, 0, "", ""},
    {NAME_32 "6", NRS_ERROR_BAD_ADDRESS, 0, "", ""},
    {NAME_32 "6@a", NRS_ERROR_BAD_ADDRESS, 0, "", ""},
    {NULL, NRS_ERROR_BAD_ADDRESS, 0, "", ""},
};

static void test_addresses(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof address_cases / sizeof address_cases[0]; i++) {
        nrs_address address = {0};
        char text[NRS_ADDRESS_SIZE_MAX + 1];

        if (nrs_address_parse(&address, address_cases[i].text) != address_cases[i].want) {
            fail_msg("%s", address_cases[i].text);
        }
        assert_int_equal(address.type, address_cases[i].type);
        assert_string_equal(address.name, address_cases[i].name);
        assert_string_equal(address.person, address_cases[i].person);
        if (address_cases[i].want == NRS_OK) {
            nrs_address_format(text, &address);
            assert_string_equal(text, address_cases[i].text);
        }
    }
    assert_true(nrs_name_valid("a--b"));
    assert_false(nrs_name_valid("a_b"));
    assert_false(nrs_name_valid(NULL));
}

static const struct endpoint_case {
    const char *endpoint;
    bool valid;
} endpoint_cases[] = {
    {"tcp://127.0.0.1:7417", true},
    {"tcp://hub.example.jp:65535", true},
    {"tcp://HUB-1:1", true},
    {"tcp://[2001:db8::1]:7417", true},
    {"tcp://127.0.0.1:0", false},
    {"tcp://127.0.0.1:65536", false},
    {"tcp://127.0.0.1:07417", false},
    {"tcp://127.0.0.1:74170000000000", false},
    {"tcp://127.0.0.1:", false},
    {"tcp://127.0.0.1", false},
    {"tcp://127.0.0.256:7417", false},
    {"tcp://127.1:7417", false},
    {"tcp://*:7417", false},
    {"tcp://:7417", false},
    {"tcp://[::g]:7417", false},
    {"tcp://[]:7417", false},
    {"tcp://2001:db8::1:7417", false},
    {"tcp://-a:7417", false},
    {"tcp://a-.jp:7417", false},
    {"tcp://a..jp:7417", false},
    {"tcp://a b:7417", false},
    {"udp://127.0.0.1:7417", false},
    {"ipc:///tmp/x", false},
    {"tcp://1.2.3.4:7417;tcp://5.6.7.8:1", false},
    {"", false},
    {NULL, false},
};

static void test_endpoints(void **state)
{
    char longest[256] = "tcp://";

    (void)state;
    for (size_t i = 0; i < sizeof endpoint_cases / sizeof endpoint_cases[0]; i++) {
        if (nrs_endpoint_valid(endpoint_cases[i].endpoint) != endpoint_cases[i].valid) {
            fail_msg("%s", endpoint_cases[i].endpoint);
        }
    }
    memset(longest + 6, 'a', sizeof longest - 7);
    memcpy(longest + NRS_ENDPOINT_SIZE_MAX - 2, ":80", 4);
    assert_false(nrs_endpoint_valid(longest)); /* one too long */
    memcpy(longest + NRS_ENDPOINT_SIZE_MAX - 3, ":80", 4);
    assert_true(nrs_endpoint_valid(longest));
}

static void test_vocabularies(void **state)
{
    static const size_t counts[] = {0, 10, 7, 8, 17, 5};
    uint32_t onward = 0;
    size_t count;
    const nrs_term *terms;

    (void)state;
    for (unsigned v = NRS_VOCABULARY_KIND; v <= NRS_VOCABULARY_ONWARD; v++) {
        terms = nrs_vocabulary_terms((nrs_vocabulary)v, &count);
        assert_int_equal(count, counts[v]);
        for (size_t i = 0; i < count; i++) {
            assert_true(terms[i].value != 0 && strlen(terms[i].ja) > 0 && strlen(terms[i].en) > 0);
            assert_ptr_equal(nrs_vocabulary_by_code((nrs_vocabulary)v, terms[i].code), &terms[i]);
            assert_ptr_equal(nrs_vocabulary_by_value((nrs_vocabulary)v, terms[i].value), &terms[i]);
        }
        assert_null(nrs_vocabulary_by_code((nrs_vocabulary)v, "no-such-code"));
        assert_null(nrs_vocabulary_by_code((nrs_vocabulary)v, NULL));
        assert_null(nrs_vocabulary_by_value((nrs_vocabulary)v, 0));
    }
    terms = nrs_vocabulary_terms(NRS_VOCABULARY_ONWARD, &count);
    for (size_t i = 0; i < count; i++) {
        onward |= terms[i].value;
    }
    assert_int_equal(onward, NRS_ONWARD_BITS_ALL);
    terms = nrs_vocabulary_terms(NRS_VOCABULARY_KIND, &count);
    for (size_t i = 0; i < count; i++) {
        assert_true((NRS_KIND_BITS_ALL & NRS_KIND_BIT(terms[i].value)) != 0);
    }
    assert_int_equal(NRS_KIND_BITS_ALL, 0x7fe);
    assert_int_equal(nrs_vocabulary_by_code(NRS_VOCABULARY_KIND, "near-miss")->value, NRS_KIND_NEAR_MISS);
    assert_int_equal(nrs_vocabulary_by_code(NRS_VOCABULARY_ROLE, "council")->value, NRS_ROLE_COUNCIL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_errors),    cmocka_unit_test(test_labels),       cmocka_unit_test(test_addresses),
        cmocka_unit_test(test_endpoints), cmocka_unit_test(test_vocabularies),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
