/* What an exported report says, read from its proof: whoever writes an export and whoever checks one render the same. */
#ifndef CLI_EXPORT_ROW_H
#define CLI_EXPORT_ROW_H

#include <jansson.h>

#include "keys/export.h"

typedef enum nrs_export_format { NRS_EXPORT_TEXT = 1, NRS_EXPORT_JSON } nrs_export_format;

/** The row that node/exchange writes. Out: row_out: a new reference. */
NRS_MUST_USE nrs_error nrs_export_row(json_t **row_out, const nrs_export_view *view);
/** The readable part of a text export, which nothing in it can make drive a terminal. language: "ja" or "en". Out: text_out: owned
 *  (free after wiping). */
NRS_MUST_USE nrs_error nrs_export_text(char **text_out, const nrs_export_view *view, const char *language);
/** The object of a JSON export, without its proof. Out: object_out: a new reference. */
NRS_MUST_USE nrs_error nrs_export_object(json_t **object_out, const nrs_export_view *view);
/** The whole file. Out: file_out: replaced; the caller wipes. */
NRS_MUST_USE nrs_error nrs_export_file(nrs_bytes *file_out, const nrs_export_view *view, nrs_slice proof, nrs_export_format format, const char *language);

#endif
