/* Times: Unix milliseconds inside, RFC 3339 UTC outside; a bare date is that day in Japan (UTC+9). */
#ifndef PROTO_TIME_H
#define PROTO_TIME_H

#include <stdint.h>

#include "proto/error.h"

/** "2026-11-23T03:40:43.123Z"; text_out holds 32 characters. */
void nrs_time_format(char text_out[32], uint64_t time_ms);
/** RFC 3339 with any offset, or a bare date (its first instant in Japan). Returns NRS_ERROR_MALFORMED. */
NRS_MUST_USE nrs_error nrs_time_parse(uint64_t *time_ms_out, const char *text);
/** "7d", "12h", "30m", "45s". Returns NRS_ERROR_MALFORMED; TOO_LARGE past 1000 days. */
NRS_MUST_USE nrs_error nrs_duration_parse(uint64_t *duration_ms_out, const char *text);

#endif
