/* The report form (情報連絡様式): a text that people fill in an editor (SPEC 4.4). Lines "name: value"; a value goes
 * on over indented lines; '#' begins a comment line. The first four fields are subject, kind, tlp and summary. */
#ifndef PROTO_FORM_H
#define PROTO_FORM_H

#include <stddef.h>

#include "proto/bytes.h"

typedef struct nrs_form_field {
    const char *name; /* stable code: "subject", "tlp", "event_type", "cause", "occurred_at" … */
    const char *ja;
    const char *en;
    int required;     /* 1 for the first four */
    int vocabulary;   /* an nrs_vocabulary whose codes are the only values, comma-separated for causes; or 0 */
} nrs_form_field;

/** All fields in the order of the form; static storage. */
const nrs_form_field *nrs_form_fields(size_t *count_out);

typedef struct nrs_form {
    char *values[64]; /* indexed as nrs_form_fields; NULL when not given; owned */
} nrs_form;

/** An empty form with comments in the language ("ja" or "en"). Out: text_out, owned (free). */
NRS_MUST_USE nrs_error nrs_form_template(char **text_out, const char *kind_code, const char *language);
/** Parse a filled form. On failure *line_out (1-based) says where, and form_out is untouched.
 *  Returns MALFORMED, BAD_UTF8, TOO_LARGE, UNKNOWN_KIND, UNKNOWN_FLAG (a value outside its vocabulary) … */
NRS_MUST_USE nrs_error nrs_form_parse(nrs_form *form_out, size_t *line_out, nrs_slice text);
/** Borrowed until nrs_form_wipe; NULL when not given. */
const char *nrs_form_get(const nrs_form *form, const char *name);
void nrs_form_wipe(nrs_form *form);

#endif
