/* Which connection goes when there are too many, or they hold too much: of the address whose connections weigh most together, the
 * heaviest, and of equals, addresses as well, the oldest. Whoever opens many of them pays by them, and nobody else. */
#ifndef SHELL_CROWD_H
#define SHELL_CROWD_H

#include "intake.h"
#include "proto/error.h"

typedef struct nrs_crowd_one {
    nrs_intake *intake; /* borrowed */
    uint64_t weight;
} nrs_crowd_one;

typedef struct nrs_crowd_host {
    size_t next, end; /* of the list: those that have not gone yet */
    uint64_t weight;
} nrs_crowd_host;

/** Zeroed is empty; nrs_crowd_wipe. */
typedef struct nrs_crowd {
    nrs_crowd_one *list;
    nrs_crowd_host *hosts;
    size_t count, host_count;
} nrs_crowd;

/** Those of the table that weigh something. Returns NRS_ERROR_NO_MEMORY. Out: crowd_out: zeroed or wiped; it borrows the table, which
 *  must not grow meanwhile. */
NRS_MUST_USE nrs_error nrs_crowd_gather(nrs_crowd *crowd_out, const nrs_intakes *intakes, uint64_t (*weigh)(const nrs_intake *intake));
/** The next one that goes; NULL when none is left. */
nrs_intake *nrs_crowd_next(nrs_crowd *crowd);
void nrs_crowd_wipe(nrs_crowd *crowd);

#endif
