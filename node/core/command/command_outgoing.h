/* A sealed report of our own on its way into the store. */
#ifndef CORE_COMMAND_OUTGOING_H
#define CORE_COMMAND_OUTGOING_H

#include "command/command.h"

typedef struct nrs_outgoing {
    const uint8_t *id;
    const nrs_header *header;
    nrs_slice record;             /* SEALED */
    nrs_slice slot_table;         /* SLOT_TABLE, or empty */
    const nrs_secret *file_key;   /* NULL for RED */
    const nrs_report *report;     /* for the list; NULL for RED */
    nrs_slice follows;            /* id of the report that it follows, or empty */
} nrs_outgoing;

/** Log the records, wrap the key, and make the report's row. Returns NRS_ERROR_BUSY when the pool of secrets is full, before
 *  anything was written; what fails after that fails the step. */
NRS_MUST_USE nrs_error nrs_outgoing_store(nrs_core *core, uint64_t *position_out, const nrs_outgoing *outgoing);

#endif
