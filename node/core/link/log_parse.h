/* Between log_cache.c and log_parse.c. */
#ifndef CORE_LOG_PARSE_H
#define CORE_LOG_PARSE_H

#include "internal.h"
#include "link/log.h"

/** Fill in what routing asks of an entry, from its record (and its first slots). In-out: entry: as the row says, its bytes
 *  not dropped. What does not decode is an error of the wire, and was never routed. */
NRS_MUST_USE nrs_error nrs_log_entry_parse(nrs_core *core, nrs_log_entry *entry);

#endif
