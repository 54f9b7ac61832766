/* Expired records: what a node only carried is dropped from the log, so that a hub's disk does not grow for ever. The ids
 * stay, against duplicates; reports sent or received here stay until they are forgotten.
 *
 * The log is walked in its own order, once, as far as everything has expired: nothing lives longer than two weeks, so the
 * walk stays at most that far behind, and no index of expiries has to be kept. A drop cannot be undone, so none is made by a
 * clock that has lately jumped (clock.c). */
#include <string.h>

#include "internal.h"
#include "link/log.h"
#include "report/letters.h"
#include "store/queue.h"

#define SWEEP_EVERY_MS NRS_MINUTE_MS
#define ROWS_PER_SWEEP 512u
#define SWEPT_NAME "swept"
#define LIFE_MS_MAX (NRS_REPORT_LIFE_MS_MAX + 2 * NRS_DAY_MS) /* as it may seem to a clock that is behind its maker's */
#define ASK_KEPT_MS (2 * NRS_REPORT_LIFE_MS_MAX) /* from its answer, or its end: of one that was denied the report is over by then, too */

typedef struct sweep {
    nrs_core *core;
    uint64_t positions[ROWS_PER_SWEEP];
    uint8_t reports[ROWS_PER_SWEEP][NRS_HASH_SIZE];
    size_t report_count;
    size_t position_count;
    size_t seen;
    uint64_t last_position;
} sweep;

static bool own_report(nrs_core *core, const nrs_log_row *row, nrs_error *error)
{
    nrs_report_row report;
    nrs_bytes holder = {0};
    bool own;

    *error = nrs_store_report_get(core->store, &report, &holder, row->id);
    own = *error == NRS_OK && report.part != NRS_PART_CARRIED;
    if (*error == NRS_ERROR_NOT_FOUND) {
        *error = NRS_OK;
    }
    nrs_bytes_wipe(&holder);
    return own;
}

/* A later grant and its slots matter to nobody but the relays once the report has expired: the file key is in the vault. */
static nrs_error visit(void *context, const nrs_log_row *row)
{
    sweep *job = context;
    nrs_error error = NRS_OK;

    /* What says that it lives longer than anything does must not keep the rest from going. */
    if (row->expires_ms > row->received_ms && row->expires_ms - row->received_ms > LIFE_MS_MAX) {
        job->seen++;
        job->last_position = row->position;
        return NRS_OK;
    }
    /* A day late: a clock that is a day ahead costs nothing that is still alive. */
    if (row->expires_ms != 0 && (row->expires_ms > job->core->now_ms || job->core->now_ms - row->expires_ms < NRS_DAY_MS)) {
        return NRS_ERROR_LIMIT;
    }
    job->seen++;
    job->last_position = row->position;
    if (row->type == NRS_RECORD_SEALED) {
        memcpy(job->reports[job->report_count], row->id, NRS_HASH_SIZE);
        job->report_count++;
    }
    if (row->expires_ms != 0 && row->record.size > 0 && (row->type != NRS_RECORD_SEALED || !own_report(job->core, row, &error))) {
        job->positions[job->position_count] = row->position;
        job->position_count++;
    }
    return error;
}

nrs_error nrs_sweep_tick(nrs_core *core)
{
    sweep job = {.core = core};
    uint64_t after = 0;
    nrs_error error;

    if (!nrs_clock_trusted(core) || core->monotonic_ms < core->swept_ms + SWEEP_EVERY_MS) {
        return NRS_OK;
    }
    error = nrs_store_deferred_expire(core->store, core->now_ms);
    if (error == NRS_OK) {
        error = nrs_letters_expire(core);
    }
    if (error == NRS_OK && core->now_ms > ASK_KEPT_MS) {
        error = nrs_store_ask_expire(core->store, core->now_ms - ASK_KEPT_MS);
    }
    if (error == NRS_OK && core->withdrawn_any) {
        error = nrs_store_withdrawal_expire(core->store, core->now_ms);
    }
    if (error == NRS_OK) {
        error = nrs_store_meta_number_get(core->store, SWEPT_NAME, &after, NULL);
    }
    if (error == NRS_OK) {
        error = nrs_store_log_each(core->store, after, ROWS_PER_SWEEP, visit, &job);
    }
    for (size_t i = 0; i < job.position_count && error == NRS_OK; i++) {
        error = nrs_store_log_drop(core->store, job.positions[i]);
    }
    if (error == NRS_OK && job.seen > 0) { /* nobody may ask for a new grant of what expired */
        error = nrs_store_regrant_expire(core->store, job.last_position);
    }
    for (size_t i = 0; i < job.report_count && error == NRS_OK; i++) {
        error = nrs_store_granted_clear(core->store, job.reports[i]);
    }
    if (error == NRS_OK && job.seen > 0) {
        error = nrs_store_meta_number_set(core->store, SWEPT_NAME, job.last_position);
        nrs_log_cache_wipe(core);
    }
    if (job.seen < ROWS_PER_SWEEP) {
        core->swept_ms = core->monotonic_ms; /* else the next tick goes on */
    }
    return error;
}
