#include "report/given.h"

#include <stdlib.h>
#include <string.h>

#include "language.h"
#include "proto/assert.h"
#include "proto/label.h"
#include "proto/limits.h"
#include "text.h"

nrs_error nrs_given_too_large(nrs_cli *cli, const char *what, size_t size_max)
{
    char *hint = nrs_text_format(_("at most %zu bytes are allowed; a Japanese character takes 3"), size_max);
    nrs_error error =
        nrs_cli_fail(cli, NRS_ERROR_TOO_LARGE, hint, "%s: %s", what, _(nrs_error_sentence(NRS_ERROR_TOO_LARGE)));

    free(hint);
    return error;
}

/* Bytes below 0x20 other than line ends and tabs, and DEL. The C1 controls are two bytes: c2 80 to c2 9f. */
static bool has_controls(nrs_slice text)
{
    for (size_t i = 0; i < text.size; i++) {
        uint8_t byte = text.data[i];
        bool blank = byte == '\t' || byte == '\n' || byte == '\r';

        if ((byte < 0x20 && !blank) || byte == 0x7f ||
            (byte == 0xc2 && i + 1 < text.size && text.data[i + 1] >= 0x80 && text.data[i + 1] <= 0x9f)) {
            return true;
        }
    }
    return false;
}

static bool has_lines(nrs_slice text)
{
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] == '\t' || text.data[i] == '\n' || text.data[i] == '\r') {
            return true;
        }
    }
    return false;
}

nrs_error nrs_given_text(nrs_cli *cli, const char *what, nrs_slice text, size_t size_max, bool lines)
{
    NRS_ASSERT(cli != NULL && what != NULL);

    if (text.size > size_max) {
        return nrs_given_too_large(cli, what, size_max);
    }
    if (has_controls(text)) {
        return nrs_cli_fail(cli, NRS_ERROR_BAD_UTF8, NULL, _("%s: control characters are not allowed"), what);
    }
    if (!nrs_utf8_valid(text)) {
        return nrs_cli_fail_about(cli, NRS_ERROR_BAD_UTF8, what);
    }
    if (!lines && has_lines(text)) {
        return nrs_cli_fail(cli, NRS_ERROR_MALFORMED, NULL, _("%s: one line without tabs is allowed"), what);
    }
    return NRS_OK;
}

nrs_error nrs_given_not_blank(nrs_cli *cli, const char *what, nrs_slice text)
{
    NRS_ASSERT(cli != NULL && what != NULL);
    if (nrs_utf8_blank(text)) {
        return nrs_cli_fail(cli, NRS_ERROR_USAGE, NULL, _("%s: nothing but blanks, which would say nothing to its readers"), what);
    }
    return NRS_OK;
}

nrs_error nrs_given_name(nrs_cli *cli, const char *name)
{
    NRS_ASSERT(name != NULL);

    if (name[strspn(name, " \t")] == '\0') {
        return nrs_cli_fail(cli, NRS_ERROR_USAGE, NULL, "%s", _("--name is empty: a name is needed"));
    }
    return nrs_given_text(cli, "--name", nrs_slice_of_string(name), NRS_DISPLAY_NAME_SIZE_MAX, false);
}

nrs_error nrs_given_labels(nrs_cli *cli, uint32_t *labels_out, const char *given)
{
    nrs_label label = NRS_LABEL_NONE;
    nrs_error error = nrs_label_parse(&label, given);

    if (error != NRS_OK) {
        return nrs_cli_fail_about(cli, error, given);
    }
    *labels_out |= NRS_LABEL_BIT(label);
    return NRS_OK;
}

char *nrs_given_allowed(nrs_vocabulary vocabulary)
{
    size_t count = 0;
    const nrs_term *terms = nrs_vocabulary_terms(vocabulary, &count);
    char *text = strdup(_("Allowed: "));

    for (size_t i = 0; text != NULL && i < count; i++) {
        char *longer = nrs_text_format("%s%s%s", text, i > 0 ? ", " : "", terms[i].code);

        free(text);
        text = longer;
    }
    return text;
}

nrs_error nrs_given_word(nrs_cli *cli, const nrs_term **term_out, nrs_vocabulary vocabulary, const char *given, nrs_error unknown)
{
    const nrs_term *term = nrs_vocabulary_by_code(vocabulary, given);
    char *hint = NULL;

    NRS_ASSERT(term_out != NULL);

    if (term == NULL) {
        hint = nrs_given_allowed(vocabulary);
        (void)nrs_cli_fail(cli, unknown, hint, "%s: %s", given, _(nrs_error_sentence(unknown)));
        free(hint);
        return unknown;
    }
    *term_out = term;
    return NRS_OK;
}
