/* The report form (情報連絡様式): a text that people fill in an editor (SPEC 4.4). Lines "name: value"; a value goes
 * on over indented lines; '#' begins a comment line. The first four fields are subject, kind, tlp and summary. */
#ifndef PROTO_FORM_H
#define PROTO_FORM_H

#include <stdbool.h>
#include <stddef.h>

#include "proto/bytes.h"

/* What a field tells, so that the one can be shared wider than the other (SPEC 4.4). */
enum { NRS_FORM_BOTH = 0, NRS_FORM_TECHNICAL = 1, NRS_FORM_DAMAGE = 2 };
/* It names the source; it says when the source reported. */
enum { NRS_FORM_NAMES_SOURCE = 1, NRS_FORM_DATES_SOURCE = 2 };

typedef struct nrs_form_field {
    const char *name; /* stable code: "subject", "tlp", "event_type", "cause", "occurred_at" … */
    const char *ja;
    const char *en;
    int required;     /* 1 for the first four */
    int vocabulary;   /* an nrs_vocabulary whose codes are the only values, comma-separated for causes; or 0 */
    int part;         /* NRS_FORM_…: whether it tells of the attack or of the damage */
    int source;       /* NRS_FORM_…: whether it tells whose report it is */
} nrs_form_field;

/** By its name; NULL if there is none. */
const nrs_form_field *nrs_form_field_named(const char *name);
/** "technical" or "damage"; NRS_FORM_BOTH for any other word. */
int nrs_form_part_parse(const char *word);
/** All fields in the order of the form; static storage. */
const nrs_form_field *nrs_form_fields(size_t *count_out);

/** Whether a field of the form stands among the report's `fields`, and not in a place of its own (SPEC 4.4). */
bool nrs_form_is_plain(size_t index);

typedef struct nrs_form {
    char *values[64]; /* indexed as nrs_form_fields; NULL when not given; owned */
} nrs_form;

/** An empty form with comments in the language ("ja" or "en"). Out: text_out, owned (free). */
NRS_MUST_USE nrs_error nrs_form_template(char **text_out, const char *kind_code, const char *language);
/** Parse a filled form. On failure *line_out (1-based) says where, and form_out is untouched.
 *  Returns MALFORMED, BAD_UTF8, TOO_LARGE, UNKNOWN_KIND, UNKNOWN_FLAG (a value outside its vocabulary) … */
NRS_MUST_USE nrs_error nrs_form_parse(nrs_form *form_out, size_t *line_out, nrs_slice text);

typedef enum nrs_form_reason {
    NRS_FORM_BAD_TEXT = 1, /* a line that is not valid text, or a form too large: the error says which */
    NRS_FORM_NO_FIELD,     /* a line that belongs to no field */
    NRS_FORM_UNKNOWN_FIELD,
    NRS_FORM_TWICE,
    NRS_FORM_BAD_VALUE,    /* the error says how */
    NRS_FORM_MISSING
} nrs_form_reason;

/* Where and why a form was not read. */
typedef struct nrs_form_fault {
    size_t line; /* 1-based */
    nrs_form_reason reason;
    const nrs_form_field *field; /* static; NULL where there is none */
    char name[33];               /* as it was written, cut to fit; of an unknown field */
} nrs_form_fault;

/** The same, but a required field may be missing or empty, since the caller may have it from elsewhere; and a failure is told
 *  with its field. fault_out is written on failure alone. */
NRS_MUST_USE nrs_error nrs_form_parse_partial(nrs_form *form_out, nrs_form_fault *fault_out, nrs_slice text);
/** Borrowed until nrs_form_wipe; NULL when not given. */
const char *nrs_form_get(const nrs_form *form, const char *name);
void nrs_form_wipe(nrs_form *form);

#endif
