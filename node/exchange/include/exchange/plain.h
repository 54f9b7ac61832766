/* JSON between the programs of this machine, where jansson's reader and writer, which take a call for each byte, would cost more than
 * all that is done with the values. */
#ifndef EXCHANGE_PLAIN_H
#define EXCHANGE_PLAIN_H

#include <jansson.h>

#include "proto/bytes.h"

/** The object that stands in text, as json_loadb reads it with JSON_REJECT_DUPLICATES; what is not plain (proto/json.h) is left to it.
 *  NULL when that is none, or without memory. */
json_t *nrs_plain_load(nrs_slice text);
/** Append a value as json_dumps writes it with JSON_COMPACT. Returns NRS_ERROR_NO_MEMORY. */
NRS_MUST_USE nrs_error nrs_plain_write(nrs_bytes *out, const json_t *value);

#endif
