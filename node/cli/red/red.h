/* RED: sealed and opened in this process, for persons' keys; the node signs and stores, and never holds what opens it. */
#ifndef CLI_RED_H
#define CLI_RED_H

#include <jansson.h>

#include "community/draft.h"
#include "keys/seal.h"

/** Seal for the persons that the node names, hand it over, print the ID. Recorded. */
NRS_MUST_USE nrs_error nrs_red_send(nrs_cli *cli, const nrs_draft *draft);
/** Open a RED report for --as PERSON. Out: row_out: a row as `show` gives it, a new reference. Recorded. */
NRS_MUST_USE nrs_error nrs_red_open(nrs_cli *cli, json_t **row_out, const char *id);
/** Put subject and kind into the rows of `list` of the RED reports that --as PERSON may open; nothing is marked opened. Recorded
 *  when the person's key does not open; a report that does not stays as it is. */
NRS_MUST_USE nrs_error nrs_red_fill(nrs_cli *cli, json_t *rows);
/** Print the answer to send or reply. */
NRS_MUST_USE nrs_error nrs_sent_print(nrs_cli *cli, const json_t *row, bool dry_run);

/** Exactly `size` bytes of a member: hexadecimal when it has that length, else base64. Returns NRS_ERROR_MALFORMED. */
NRS_MUST_USE nrs_error nrs_red_bytes(uint8_t *bytes_out, size_t size, const json_t *row, const char *name);
/** A base64 text of any length. Out: replaced; the caller wipes. */
NRS_MUST_USE nrs_error nrs_red_base64(nrs_bytes *bytes_out, const json_t *text);
/** Base64 as a new member of a request. */
NRS_MUST_USE nrs_error nrs_red_set(json_t *request, const char *name, nrs_slice bytes);

#endif
