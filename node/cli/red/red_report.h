/* The Report of a draft, for sealing in this process. */
#ifndef CLI_RED_REPORT_H
#define CLI_RED_REPORT_H

#include "community/draft.h"
#include "proto/wire.h"

enum { NRS_RED_STRING_COUNT_MAX = 2 * NRS_FIELD_COUNT_MAX + NRS_TARGET_COUNT_MAX + 4 };

typedef struct nrs_red_report {
    nrs_report value; /* borrows from what follows */
    Nrs__Wire__Field fields[NRS_FIELD_COUNT_MAX];
    Nrs__Wire__Field *field_places[NRS_FIELD_COUNT_MAX];
    char *to[NRS_TARGET_COUNT_MAX];
    uint8_t follows[NRS_HASH_SIZE], quoted[NRS_HASH_SIZE];
    uint8_t passes_on[NRS_PASSED_ON_COUNT_MAX][NRS_HASH_SIZE];
    ProtobufCBinaryData passes_on_fields[NRS_PASSED_ON_COUNT_MAX];
    char *strings[NRS_RED_STRING_COUNT_MAX]; /* owned */
    size_t string_count;
} nrs_red_report;

/** Zeroed before; nrs_red_report_wipe, also on failure. Recorded.
 *  prepared: the answer to red-prepare, which names the other reports by their whole ids. */
NRS_MUST_USE nrs_error nrs_red_report_make(nrs_red_report *report, nrs_cli *cli, const nrs_draft *draft, const json_t *prepared);
void nrs_red_report_wipe(nrs_red_report *report);

#endif
