/* Armoured text files: "-----BEGIN NOROSHI <TYPE>-----", base64 in lines of 64, "-----END NOROSHI <TYPE>-----" (SPEC 2.5). */
#ifndef PROTO_ARMOUR_H
#define PROTO_ARMOUR_H

#include "proto/bytes.h"

/** type: "CARD", "INVITE", "ROSTER", "KEY" …  Out: text_out, owned, NUL-terminated (free). */
NRS_MUST_USE nrs_error nrs_armour_encode(char **text_out, const char *type, nrs_slice data);
/** Takes exactly one block of that type; CRLF and surrounding blank lines are allowed, anything else is
 *  NRS_ERROR_MALFORMED. */
NRS_MUST_USE nrs_error nrs_armour_decode(nrs_bytes *data_out, const char *type, nrs_slice text);

#endif
