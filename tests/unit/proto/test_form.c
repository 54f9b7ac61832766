/* The report form: the template, and what a filled one may hold. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/form.h"
#include "proto/vocabulary.h"

#define FIRST "subject: s\nkind: incident\ntlp: AMBER\n"
#define FOUR FIRST "summary: t\n"

static const struct form_case {
    const char *name;
    const char *text;
    nrs_error want;
    size_t line;       /* of a failure */
    const char *field; /* of a success, and its value */
    const char *value;
} form_cases[] = {
    {"the first four", FOUR, NRS_OK, 0, "summary", "t"},
    {"space around", "subject :   s t  \nkind:near-miss\ntlp: tlp:red\nsummary: t", NRS_OK, 0, "subject", "s t"},
    {"full-width colon and space", "subject：　件名　\nkind: incident\ntlp: RED\nsummary: t\n", NRS_OK, 0, "subject",
     "件名"},
    {"byte order mark and CRLF", "\xef\xbb\xbfsubject: s\r\nkind: incident\r\ntlp: RED\r\nsummary: a\r\n  b\r\n",
     NRS_OK, 0, "summary", "a\nb"},
    {"value on the next line", FIRST "summary:\n  a\n  b\n", NRS_OK, 0, "summary", "a\nb"},
    {"inner indentation stays", FIRST "summary: a\n  b\n    c\n d\n", NRS_OK, 0, "summary", "a\nb\n  c\nd"},
    {"paragraphs", FIRST "summary: a\n\n  b\n\n\n", NRS_OK, 0, "summary", "a\n\nb"},
    {"comment within a value", FIRST "summary: a\n# no\n  # yes\n  b: c\n", NRS_OK, 0, "summary", "a\n# yes\nb: c"},
    {"empty fields are not given", FOUR "system:\nlessons:  \n", NRS_OK, 0, "system", NULL},
    {"causes", FOUR "cause: disaster , user-error,\n  other\n", NRS_OK, 0, "cause", "disaster , user-error,\nother"},
    {"addressees", FOUR "to: @electricity, sato@kanto-power\n", NRS_OK, 0, "to", "@electricity, sato@kanto-power"},
    {"number", FOUR "number: 4294967295\nfinal: yes\n", NRS_OK, 0, "number", "4294967295"},
    {"nothing", "", NRS_ERROR_MALFORMED, 1, NULL, NULL},
    {"subject missing", "kind: incident\ntlp: RED\nsummary: t\n", NRS_ERROR_MALFORMED, 3, NULL, NULL},
    {"summary empty", "summary:\n" FIRST, NRS_ERROR_MALFORMED, 1, NULL, NULL},
    {"label missing", "subject: s\nkind: incident\nsummary: t\ntlp:\n# end\n", NRS_ERROR_LABEL_MISSING, 4, NULL, NULL},
    {"label unknown", "subject: s\nkind: incident\ntlp: WHITE\nsummary: t\n", NRS_ERROR_UNKNOWN_LABEL, 3, NULL, NULL},
    {"kind unknown", "subject: s\nkind: accident\ntlp: RED\nsummary: t\n", NRS_ERROR_UNKNOWN_KIND, 2, NULL, NULL},
    {"event type unknown", FOUR "event_type: theft\n", NRS_ERROR_UNKNOWN_FLAG, 5, NULL, NULL},
    {"second cause unknown", FOUR "\ncause: disaster, theft\n", NRS_ERROR_UNKNOWN_FLAG, 6, NULL, NULL},
    {"cause with an empty entry", FOUR "cause: disaster,\n", NRS_ERROR_UNKNOWN_FLAG, 5, NULL, NULL},
    {"addressee bad", FOUR "to: @electricity; gas\n", NRS_ERROR_BAD_ADDRESS, 5, NULL, NULL},
    {"number zero", FOUR "number: 0\n", NRS_ERROR_MALFORMED, 5, NULL, NULL},
    {"number too large", FOUR "number: 4294967296\n", NRS_ERROR_MALFORMED, 5, NULL, NULL},
    {"number no number", FOUR "number: 2nd\n", NRS_ERROR_MALFORMED, 5, NULL, NULL},
    {"final maybe", FOUR "final: maybe\n", NRS_ERROR_UNKNOWN_FLAG, 5, NULL, NULL},
    {"unknown field", FOUR "severity: high\n", NRS_ERROR_MALFORMED, 5, NULL, NULL},
    {"field twice", FOUR "kind: incident\n", NRS_ERROR_MALFORMED, 5, NULL, NULL},
    {"no colon", FOUR "hello\n", NRS_ERROR_MALFORMED, 5, NULL, NULL},
    {"indented line first", "  a\n" FOUR, NRS_ERROR_MALFORMED, 1, NULL, NULL},
    {"subject of two lines", "subject: a\n  b\nkind: incident\ntlp: RED\nsummary: t\n", NRS_ERROR_MALFORMED, 1, NULL,
     NULL},
    {"shift_jis", "subject: s\nkind: incident\nsystem: \x8f\xe1\x8a\x51\n", NRS_ERROR_BAD_UTF8, 3, NULL, NULL},
    {"escape in a comment", FOUR "# \x1b[2J\n", NRS_ERROR_BAD_UTF8, 5, NULL, NULL},
    {"carriage return alone", FOUR "system: a\rb\n", NRS_ERROR_MALFORMED, 5, NULL, NULL},
};

static void test_parse(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof form_cases / sizeof form_cases[0]; i++) {
        const struct form_case *c = &form_cases[i];
        nrs_form form = {{0}};
        size_t line = 0;
        nrs_error got = nrs_form_parse(&form, &line, nrs_slice_of_string(c->text));

        if (got != c->want || line != c->line) {
            fail_msg("%s: %s in line %zu", c->name, nrs_error_rule(got), line);
        }
        if (got == NRS_OK) {
            const char *value = nrs_form_get(&form, c->field);

            if ((value == NULL) != (c->value == NULL) || (value != NULL && strcmp(value, c->value) != 0)) {
                fail_msg("%s: read \"%s\"", c->name, value == NULL ? "(none)" : value);
            }
        } else {
            assert_null(nrs_form_get(&form, "subject"));
        }
        nrs_form_wipe(&form);
        assert_null(nrs_form_get(&form, "subject"));
    }
}

static void append(nrs_bytes *bytes, const char *text)
{
    assert_int_equal(nrs_bytes_append(bytes, nrs_slice_of_string(text)), NRS_OK);
}

/* Fill every "name: " line of a template with a value that the field takes. */
static void fill(nrs_bytes *filled, const char *template)
{
    while (*template != '\0') {
        size_t size = strcspn(template, "\n");

        assert_int_equal(nrs_bytes_append(filled, nrs_slice_of(template, size)), NRS_OK);
        if (template[0] != '#' && size > 2) {
            size_t count;
            const nrs_form_field *fields = nrs_form_fields(&count);

            for (size_t i = 0; i < count; i++) {
                size_t name_size = strlen(fields[i].name);

                if (strncmp(template, fields[i].name, name_size) != 0 || template[name_size] != ':') {
                    continue;
                }
                if (fields[i].vocabulary != 0 && i != 1) {
                    append(filled, nrs_vocabulary_by_value((nrs_vocabulary)fields[i].vocabulary, 1)->code);
                } else if (i != 1) {
                    append(filled, strcmp(fields[i].name, "tlp") == 0      ? "GREEN"
                                   : strcmp(fields[i].name, "final") == 0  ? "no"
                                   : strcmp(fields[i].name, "number") == 0 ? "2"
                                   : strcmp(fields[i].name, "to") == 0     ? "@gas"
                                                                           : fields[i].ja);
                }
            }
        }
        append(filled, "\n");
        template += template[size] == '\n' ? size + 1 : size;
    }
}

static void test_template(void **state)
{
    static const char *const languages[] = {"ja", "en"};
    size_t kind_count, field_count;
    const nrs_term *kinds = nrs_vocabulary_terms(NRS_VOCABULARY_KIND, &kind_count);
    const nrs_form_field *fields = nrs_form_fields(&field_count);

    (void)state;
    for (size_t i = 0; i < 2 * kind_count; i++) {
        const char *language = languages[i % 2];
        nrs_bytes filled = {0};
        nrs_form form = {{0}};
        size_t line = 0;
        char *text = NULL;

        assert_int_equal(nrs_form_template(&text, kinds[i / 2].code, language), NRS_OK);
        assert_int_equal(nrs_form_parse(&form, &line, nrs_slice_of_string(text)), NRS_ERROR_MALFORMED);
        fill(&filled, text);
        if (nrs_form_parse(&form, &line, nrs_slice_of_bytes(&filled)) != NRS_OK) {
            fail_msg("line %zu of the filled template", line);
        }
        for (size_t j = 0; j < field_count; j++) {
            assert_non_null(strstr(text, i % 2 == 0 ? fields[j].ja : fields[j].en));
            assert_non_null(nrs_form_get(&form, fields[j].name));
            assert_int_equal(fields[j].required, j < 4);
        }
        assert_string_equal(nrs_form_get(&form, "kind"), kinds[i / 2].code);
        assert_string_equal(nrs_form_get(&form, "impact"), "影響（サービス維持レベルからの逸脱の有無）");
        assert_null(nrs_form_get(&form, "no_such_field"));
        nrs_form_wipe(&form);
        nrs_bytes_wipe(&filled);
        free(text);
    }
}

static void test_template_refuses(void **state)
{
    char *text = NULL;

    (void)state;
    assert_int_equal(nrs_form_template(&text, "accident", "ja"), NRS_ERROR_UNKNOWN_KIND);
    assert_int_equal(nrs_form_template(&text, NULL, "ja"), NRS_ERROR_UNKNOWN_KIND);
    assert_int_equal(nrs_form_template(&text, "incident", "fr"), NRS_ERROR_USAGE);
    assert_int_equal(nrs_form_template(&text, "incident", NULL), NRS_ERROR_USAGE);
    assert_null(text);
}

static const struct size_case {
    const char *field;
    size_t size_max;
} size_cases[] = {{"subject", 400}, {"summary", 192 * 1024}, {"system", 16 * 1024}};

static void test_sizes(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2 * sizeof size_cases / sizeof size_cases[0]; i++) {
        const struct size_case *c = &size_cases[i / 2];
        nrs_bytes text = {0};
        nrs_form form = {{0}};
        size_t line = 0;

        append(&text, c->field);
        append(&text, ": ");
        for (size_t j = 0; j < c->size_max + i % 2; j++) {
            append(&text, "a");
        }
        append(&text, strcmp(c->field, "subject") == 0   ? "\nkind: incident\ntlp: RED\nsummary: t\n"
                      : strcmp(c->field, "summary") == 0 ? "\n" FIRST
                                                         : "\n" FOUR);
        assert_int_equal(nrs_form_parse(&form, &line, nrs_slice_of_bytes(&text)), i % 2 ? NRS_ERROR_TOO_LARGE : NRS_OK);
        assert_int_equal(line, i % 2);
        nrs_form_wipe(&form);
        nrs_bytes_wipe(&text);
    }
}

static void test_partial(void **state)
{
    static const struct {
        const char *name, *text;
        nrs_error want;
        size_t line;
        nrs_form_reason reason;
        const char *field; /* which is at fault, or as it was written */
    } cases[] = {
        {"nothing is demanded", "subject:\ntlp:\n", NRS_OK, 0, 0, NULL},
        {"empty", "", NRS_OK, 0, 0, NULL},
        {"a word outside", "subject: s\ncause: theft\n", NRS_ERROR_UNKNOWN_FLAG, 2, NRS_FORM_BAD_VALUE, "cause"},
        {"twice", "system: a\nsystem: b\n", NRS_ERROR_MALFORMED, 2, NRS_FORM_TWICE, "system"},
        {"unknown", "severity: high\n", NRS_ERROR_MALFORMED, 1, NRS_FORM_UNKNOWN_FIELD, "severity"},
        {"unknown and long, cut between code points", "aこの項目名はとても長いので切り詰められます: x\n", NRS_ERROR_MALFORMED, 1,
         NRS_FORM_UNKNOWN_FIELD, "aこの項目名はとても長"},
        {"no field", "hello\n", NRS_ERROR_MALFORMED, 1, NRS_FORM_NO_FIELD, ""},
        {"no text", "\x1b\n", NRS_ERROR_BAD_UTF8, 1, NRS_FORM_BAD_TEXT, ""},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        nrs_form form = {{0}};
        nrs_form_fault fault = {0};
        nrs_error got = nrs_form_parse_partial(&form, &fault, nrs_slice_of_string(cases[i].text));

        if (got != cases[i].want || fault.line != cases[i].line || fault.reason != cases[i].reason) {
            fail_msg("%s: %s in line %zu, reason %d", cases[i].name, nrs_error_rule(got), fault.line, (int)fault.reason);
        }
        if (got != NRS_OK) {
            assert_string_equal(fault.field != NULL ? fault.field->name : fault.name, cases[i].field);
        }
        nrs_form_wipe(&form);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parse),
        cmocka_unit_test(test_template),
        cmocka_unit_test(test_template_refuses),
        cmocka_unit_test(test_sizes),
        cmocka_unit_test(test_partial),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
