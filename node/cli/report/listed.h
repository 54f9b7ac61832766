/* A row of the list, as a line on the screen needs it. */
#ifndef CLI_REPORT_LISTED_H
#define CLI_REPORT_LISTED_H

#include <jansson.h>

#include "proto/bytes.h"

/** Texts are borrowed from the line or the object, and empty where the row says nothing. */
typedef struct nrs_listed {
    nrs_slice id, label, kind, from, subject, created_at, missing_since, withdrawn_at, withdrawn_for;
    int64_t missing_before, number;
    int64_t asks_to_answer, asks_open, questions_to_answer, questions_open;
    int64_t next; /* the row is none but says behind what the next page begins; 0: it is one */
    int64_t left; /* and how many are still to be looked for before that; 0: none */
    bool opened, followed, urgent, drill, expired, to_vouch, final, has_subject;
} nrs_listed;

/** From the text of one row. Returns NRS_ERROR_MALFORMED when it is not plain JSON: read it as an object then. */
NRS_MUST_USE nrs_error nrs_listed_read(nrs_listed *row_out, nrs_slice line);
nrs_listed nrs_listed_of(const json_t *row);

#endif
