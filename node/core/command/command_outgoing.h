/* A sealed report of our own on its way into the store. */
#ifndef CORE_COMMAND_OUTGOING_H
#define CORE_COMMAND_OUTGOING_H

#include "command/command_draft.h"

typedef struct nrs_outgoing {
    const uint8_t *id;
    const nrs_header *header;
    nrs_slice record;             /* SEALED */
    nrs_slice slot_table;         /* SLOT_TABLE, or empty */
    const nrs_secret *file_key;   /* NULL for RED */
    const nrs_report *report;     /* for the list; NULL for RED */
    const char *writer;           /* under RED the person who sealed it, who alone withdraws it; NULL if nobody was named */
    nrs_slice follows;            /* id of the report that it follows, or empty */
    const ProtobufCBinaryData *passes_on; /* ids of those whose text it holds */
    size_t passes_on_count;
} nrs_outgoing;

/** What is sealed, by whom it is said to come, and when it leaves. All borrowed. */
typedef struct nrs_sealing {
    nrs_draft *draft;
    nrs_delivery *delivery;
    const uint8_t *quoted;       /* 32, or NULL */
    ProtobufCBinaryData *passes_on; /* ids of those whose text it holds, ascending */
    size_t passes_on_count;
    uint32_t attribution;
    uint64_t created_ms;         /* now, or the tick at which it leaves */
    Nrs__Wire__Vouch *vouch;     /* NULL unless it is vouched for */
} nrs_sealing;
/** Seal a checked draft for its delivery and put it into the log. Refuses. Out: id_out, position_out: where it stands. */
NRS_MUST_USE nrs_error nrs_seal_and_store(nrs_core *core, nrs_answer *answer, uint8_t id_out[NRS_HASH_SIZE], uint64_t *position_out,
                                          const nrs_sealing *sealing);

/** Log the records, wrap the key, and make the report's row. Returns NRS_ERROR_BUSY when the pool of secrets is full, before
 *  anything was written; what fails after that fails the step. */
NRS_MUST_USE nrs_error nrs_outgoing_store(nrs_core *core, uint64_t *position_out, const nrs_outgoing *outgoing);

#endif
