/* Between log_cache.c and log_parse.c. */
#ifndef CORE_LOG_PARSE_H
#define CORE_LOG_PARSE_H

#include "internal.h"
#include "link/log.h"

/** Fill in what routing asks of an entry, from its record (and its first slots). In-out: entry: as the row says, its bytes
 *  not dropped. What does not decode is an error of the wire, and was never routed. */
NRS_MUST_USE nrs_error nrs_log_entry_parse(nrs_core *core, nrs_log_entry *entry);

/** The row of the record of a type with this id that belongs to a report. Another one, or one whose bytes are dropped, is NRS_ERROR_NOT_FOUND, and is
 *  not read however large it is. Out: row_out: borrows from holder, which the caller wipes. */
NRS_MUST_USE nrs_error nrs_log_row_of(nrs_core *core, nrs_log_row *row_out, nrs_bytes *holder, nrs_record_type type, const uint8_t sealed_id[NRS_HASH_SIZE],
                                      const uint8_t id[NRS_HASH_SIZE]);

#endif
