/* An opened RED report as a row of `show`. */
#ifndef CLI_RED_ROW_H
#define CLI_RED_ROW_H

#include <jansson.h>

#include "keys/seal.h"

/** Before anything is opened: the texts that the node showed are those of the header, and this person has accepted them, unless
 *  the report was sent from here. Returns NRS_ERROR_FORGED, DISCLAIMER. */
NRS_MUST_USE nrs_error nrs_red_check_disclaimers(const json_t *listed, const nrs_header *header);
/** Out: row_out: a new reference. In: listed: the keys of `list` that the node gave. */
NRS_MUST_USE nrs_error nrs_red_row(json_t **row_out, const json_t *listed, const nrs_sealed_view *sealed, const nrs_opened *opened);

#endif
