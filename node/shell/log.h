/* Log lines on standard error, for a terminal or the journal. English, one line each, never a secret or a body. */
#ifndef SHELL_LOG_H
#define SHELL_LOG_H

#include <stdbool.h>
#include <stdint.h>

/** As syslog numbers them, which is how the journal reads them. */
typedef enum nrs_log_level { NRS_LOG_ERROR = 3, NRS_LOG_WARNING = 4, NRS_LOG_INFO = 6 } nrs_log_level;

/** Write one line. Control characters in it become '?', so that a name from outside cannot write a line of its own.
 *  Never waits for a reader that does not read: then the line is left out, and the next one that is taken says how many were. */
void nrs_log(nrs_log_level level, const char *format, ...) __attribute__((format(printf, 2, 3)));

/** Lets one line through each minute, and counts what it held back. A zeroed struct is open. */
typedef struct nrs_log_gate {
    uint64_t opens_ms;
    uint64_t held_count;
} nrs_log_gate;
/** True when the line may be written. Out: held_out: how many were held back since the last one. */
bool nrs_log_gate_pass(nrs_log_gate *gate, uint64_t *held_out, uint64_t monotonic_ms);

#endif
