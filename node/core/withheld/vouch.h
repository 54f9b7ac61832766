/* A vouch in the making. */
#ifndef CORE_VOUCH_H
#define CORE_VOUCH_H

#include "withheld/withheld.h"

typedef struct vouching {
    nrs_bytes holder;
    nrs_report_row row;       /* of the source's report */
    nrs_sealed_view *view;
    nrs_opened opened;
    json_t *notes, *texts, *dropped;
    nrs_community *community;
    const char *part;
    nrs_draft draft;
    nrs_delivery named;       /* whom the source named */
    nrs_delivery chosen;      /* whom the secretariat names instead */
    nrs_delivery *delivery;   /* one of the two */
    bool has_quoted;
    uint8_t quoted[NRS_HASH_SIZE];
    uint64_t due_ms;
    Nrs__Wire__Vouch vouch;
    uint8_t id[NRS_HASH_SIZE];
    nrs_address source[NRS_TARGET_COUNT_MAX]; /* as the source addressed it */
    size_t source_count;
    bool narrower;            /* the secretariat chose some of them */
} vouching;

/** The addresses that the source named, and those chosen of them, as far as the label suits them: asked before everything that the label does
 *  not say. Refuses. */
NRS_MUST_USE nrs_error nrs_vouch_addresses(nrs_answer *answer, vouching *it, const json_t *request);
/** Whom it goes to: it->delivery. Refuses. */
NRS_MUST_USE nrs_error nrs_vouch_plan(nrs_core *core, nrs_answer *answer, vouching *it);

#endif
