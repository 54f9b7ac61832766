/* The node's answers in Japanese: a sentence within a sentence is translated, a value that a person gave is not. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "language.h"
#include "node_words.h"

static const struct words_case {
    const char *name, *text, *with, *without;
} cases[] = {
    {"an organisation called by a word", "role: no such organisation in this node's communities.", "role：", "役割"},
    {"a sentence at the end", "The report does not open: a signature, commitment or seal does not hold.", "報告", "signature"},
    {"a sentence about a person's keys", "The keys of sato: a signature, commitment or seal does not hold.", "sato", "signature"},
    {"the more particular template first", "The keys of sato: a signature, commitment or seal does not hold.", "鍵", "The keys of"},
    {"what the audit log says of a label", "AMBER given as GREEN", "AMBER を GREEN", "given"},
    {"of a label and of names", "AMBER given as AMBER+STRICT, names kept", "名称", "kept"},
    {"of names alone", "AMBER, names kept", "AMBER（名称", "kept"},
    {"one that a template with two values fits as well", "moon: not a sink.", "moon", "not a sink"},
};

static void answers_in_japanese(void **state)
{
    (void)state;
    nrs_language_start("ja");
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char *words = nrs_node_words(cases[i].text, NULL);

        assert_non_null(words);
        if (strstr(words, cases[i].with) == NULL || strstr(words, cases[i].without) != NULL) {
            fail_msg("%s: %s", cases[i].name, words);
        }
        free(words);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(answers_in_japanese)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
