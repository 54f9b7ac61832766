/* A report as a form to edit. */
#ifndef CLI_FORM_OF_H
#define CLI_FORM_OF_H

#include <jansson.h>

#include "command.h"

/** Print a row of `show` as a form: what --part leaves, and what tells whose report it is behind comment signs. Recorded. */
NRS_MUST_USE nrs_error nrs_form_of_report(nrs_cli *cli, const json_t *row);

#endif
