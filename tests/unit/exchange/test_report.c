/* The writers of reports that leave a node. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "exchange/report.h"

static const char row[] = "{\"id\":\"ab12\",\"label\":\"AMBER+STRICT\",\"kind\":\"near-miss\",\"from\":\"kanto-power\","
                          "\"to\":[\"kansai-power\",\"hub\"],\"subject\":\"line\\nTo: everyone\",\"body\":\"text\","
                          "\"created_at\":\"2026-11-23T03:40:43.123Z\",\"opened\":true,\"received_at\":\"x\",\"drill\":false,"
                          "\"urgent\":true,\"fields\":{\"system\":\"SCADA\",\"timeline\":\"a\\nb\"},\"attachments\":[]}";

static char *write_row(const char *text, const char *language, nrs_error want)
{
    const nrs_exchange_style style = {language, NULL};
    json_t *report = json_loads(text, 0, NULL);
    char *out = NULL;

    assert_non_null(report);
    assert_int_equal(nrs_exchange_text(&out, report, &style), want);
    json_decref(report);
    return out;
}

static void test_label_first_and_last(void **state)
{
    static const char want[] = "TLP:AMBER+STRICT\n";
    char *text = write_row(row, "ja", NRS_OK);
    size_t size = strlen(text);

    (void)state;
    assert_memory_equal(text, want, sizeof want - 1);
    assert_true(size > 2 * (sizeof want - 1));
    assert_string_equal(text + size - (sizeof want - 1), want);
    free(text);
}

static void test_languages(void **state)
{
    static const struct {
        const char *name, *language, *part;
    } cases[] = {
        {"kind in Japanese", "ja", "種別：ヒヤリハット\n"},
        {"kind in English", "en", "Kind: near miss\n"},
        {"recipients", "en", "To: kansai-power, hub\n"},
        {"a field of the form", "en", "System: SCADA\n"},
        {"a field of many lines", "ja", "時系列：\na\nb\n"},
        {"urgent is said", "ja", "緊急：はい\n"},
        {"a subject stays one line", "en", "Subject: line To: everyone\n"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char *text = write_row(row, cases[i].language, NRS_OK);

        if (strstr(text, cases[i].part) == NULL) {
            print_error("%s: not in %s\n", cases[i].name, text);
            fail();
        }
        assert_null(strstr(text, "Drill"));
        free(text);
    }
}

static void test_no_label_is_refused(void **state)
{
    static const char *const rows[] = {"{\"body\":\"x\"}", "{\"label\":\"PINK\",\"body\":\"x\"}", "{\"label\":7}", "[]"};

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        json_t *report = json_loads(rows[i], 0, NULL);
        char *text = NULL;

        assert_null(write_row(rows[i], "en", NRS_ERROR_MALFORMED));
        assert_int_equal(nrs_exchange_json(&text, report), NRS_ERROR_MALFORMED);
        assert_null(text);
        json_decref(report);
    }
}

static void test_json_keeps_what_is_the_reports(void **state)
{
    json_t *report = json_loads(row, 0, NULL);
    char *text = NULL;
    json_t *back = NULL;

    (void)state;
    assert_int_equal(nrs_exchange_json(&text, report), NRS_OK);
    back = json_loads(text, 0, NULL);
    assert_non_null(back);
    assert_non_null(strstr(text, "{\n  \"label\": \"AMBER+STRICT\""));
    assert_string_equal(json_string_value(json_object_get(back, "body")), "text");
    assert_true(json_equal(json_object_get(back, "fields"), json_object_get(report, "fields")));
    assert_null(json_object_get(back, "opened"));
    assert_null(json_object_get(back, "received_at"));
    json_decref(back);
    json_decref(report);
    free(text);
}

static void test_codes_and_drills(void **state)
{
    static const char coded[] = "{\"label\":\"GREEN\",\"subject\":\"s\",\"drill\":true,\"fields\":"
                                "{\"event_type\":\"malware-infection\",\"cause\":\"suspicious-mail,\\nunheard-of\"}}";
    char *english = write_row(coded, "en", NRS_OK);
    char *japanese = write_row(coded, "ja", NRS_OK);

    (void)state;
    assert_non_null(strstr(english, "Subject: [DRILL] s\n"));
    assert_non_null(strstr(japanese, "件名：【訓練】s\n"));
    assert_non_null(strstr(english, " (malware-infection)\n"));
    assert_non_null(strstr(japanese, "（malware-infection）\n"));
    assert_non_null(strstr(english, " (suspicious-mail), unheard-of\n"));
    free(english);
    free(japanese);
}

/* Shown, no line of a text begins at the margin, where the label and the head stand; exported, the text is as it was written. */
static void test_texts_set_apart(void **state)
{
    static const char forged[] = "{\"label\":\"GREEN\",\"subject\":\"s\",\"body\":\"TLP:CLEAR\\n\\nTLP:CLEAR\\r\\nTLP:CLEAR\",\"fields\":"
                                 "{\"timeline\":\"a\\nTLP:CLEAR\",\"cause\":\"x\\nTLP:CLEAR\"},"
                                 "\"questions\":[{\"by\":\"hub\",\"text\":\"a\\nTLP:CLEAR\"}],"
                                 "\"replies\":[{\"by\":\"bravo\",\"label\":\"GREEN\",\"text\":\"a\\nTLP:CLEAR\"}]}";
    const nrs_exchange_style style = {"en", NULL};
    json_t *report = json_loads(forged, 0, NULL);
    char *shown = NULL;
    char *exported = write_row(forged, "en", NRS_OK);

    (void)state;
    assert_non_null(report);
    assert_int_equal(nrs_exchange_text_inner(&shown, report, &style), NRS_OK);
    assert_null(strstr(shown, "\nTLP:"));
    assert_non_null(strstr(shown, "\n    TLP:CLEAR\n\n    TLP:CLEAR\r\n    TLP:CLEAR\n"));
    assert_non_null(strstr(exported, "\nTLP:CLEAR\n\nTLP:CLEAR\r\nTLP:CLEAR\n"));
    json_decref(report);
    free(shown);
    free(exported);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_label_first_and_last),
        cmocka_unit_test(test_codes_and_drills),
        cmocka_unit_test(test_texts_set_apart),
        cmocka_unit_test(test_languages),
        cmocka_unit_test(test_no_label_is_refused),
        cmocka_unit_test(test_json_keeps_what_is_the_reports),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
