/* A report on its way out: as text for people, as JSON for programs. The label stands first and last, wherever a reader
 * begins. */
#ifndef EXCHANGE_REPORT_H
#define EXCHANGE_REPORT_H

#include <jansson.h>

#include "proto/error.h"

typedef struct nrs_exchange_style {
    const char *language;                                  /* "ja" or "en" */
    void (*time)(char text_out[64], const char *rfc3339);  /* how times are written; NULL: as they are */
} nrs_exchange_style;

/** The text form of a row of `show` or `export` (node/CONTROL.md), without the lines of the label: for a terminal, with the
 *  body, and other texts over several lines, set in by four spaces. Out: text_out, owned
 *  (free after wiping). Returns NRS_ERROR_MALFORMED when the row has no label. */
NRS_MUST_USE nrs_error nrs_exchange_text_inner(char **text_out, const json_t *report, const nrs_exchange_style *style);
/** The same with the label as first and last line, and the texts as they are: what is exported. */
NRS_MUST_USE nrs_error nrs_exchange_text(char **text_out, const json_t *report, const nrs_exchange_style *style);
/** One JSON object over several lines: `label` first, then what is the report's own and not this node's (when it was read
 *  here, say). Out: text_out, owned. */
NRS_MUST_USE nrs_error nrs_exchange_json(char **text_out, const json_t *report);

/** Every field of the form that a report carries under its own name, null where it was not filled in. In-out: fields. */
NRS_MUST_USE nrs_error nrs_exchange_all_fields(json_t *fields);

#endif
