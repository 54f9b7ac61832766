/* What is held of a stream is let go of when nothing can be missed by it any more (SPEC 6.8): neither a report so old nor a gap before
 * it is asked for or shown. The highest number stays much longer, since what comes next is counted from it: without it all before would
 * seem to be missing. The rows are walked in their own order, a page with each tick, and a round begins each hour; each row is judged by itself, so
 * that a crash anywhere costs no more than the place in the round. */
#include "stream/stream.h"

#include <string.h>

#define ROWS_PER_TICK 512u
#define ROUND_EVERY_MS NRS_HOUR_MS
#define KEPT_MS (2 * NRS_REPORT_LIFE_MS_MAX + 2 * NRS_DAY_MS) /* as long as it lives, and as what has expired is shown; clocks differ */
#define LAST_KEPT_MS (90 * NRS_DAY_MS) /* its originator begins another stream when nothing was sent for a month (head.c) */

typedef struct page {
    const nrs_core *core;
    struct {
        uint8_t key[NRS_HASH_SIZE];
        uint64_t sequence;
        bool old;
        bool last_too; /* nobody counts on from it: of our own streams the count stands elsewhere */
        bool foreign;
    } rows[ROWS_PER_TICK];
    size_t count;
} page;

static nrs_error gather(void *context, const nrs_item_row *row)
{
    page *all = context;
    const uint64_t age_ms = all->core->now_ms > row->created_ms ? all->core->now_ms - row->created_ms : 0;

    NRS_ASSERT(all->count < ROWS_PER_TICK);
    memcpy(all->rows[all->count].key, row->key, NRS_HASH_SIZE);
    all->rows[all->count].sequence = row->sequence;
    all->rows[all->count].old = age_ms > KEPT_MS;
    all->rows[all->count].foreign = row->originator != NULL;
    all->rows[all->count].last_too = row->originator == NULL || age_ms > LAST_KEPT_MS;
    all->count++;
    return NRS_OK;
}

static nrs_error is_last(nrs_core *core, bool *last_out, const page *all, size_t index)
{
    nrs_stream_item above;
    nrs_error error;

    if (index + 1 < all->count) {
        *last_out = memcmp(all->rows[index].key, all->rows[index + 1].key, NRS_HASH_SIZE) != 0;
        return NRS_OK;
    }
    error = nrs_store_item_above(core->store, &above, all->rows[index].key, all->rows[index].sequence);
    *last_out = error == NRS_ERROR_NOT_FOUND;
    return *last_out ? NRS_OK : error;
}

static nrs_error let_go(nrs_core *core, const page *all, size_t index)
{
    bool last = false, missed = false;
    nrs_error error = all->rows[index].old ? is_last(core, &last, all, index) : NRS_OK;

    if (error == NRS_OK && last) { /* what is missed stands in rows that name the stream */
        error = nrs_store_gap_of(core->store, &missed, all->rows[index].key);
    }
    if (error != NRS_OK || !all->rows[index].old || (last && (missed || !all->rows[index].last_too))) {
        return error;
    }
    error = nrs_store_item_delete(core->store, all->rows[index].key, all->rows[index].sequence);
    return error == NRS_OK && last && all->rows[index].foreign ? nrs_store_stream_delete(core->store, all->rows[index].key) : error;
}

/* Which number of which stream a report has that is not opened, only its maker and its readers know: any of them may be the highest, and
 * is kept as long as that. After it its originator has begun another stream; and what stands before it in its own could be missing for
 * no longer than it could be asked for and shown (KEPT_MS), so that no gap comes back where one of these was. */
static nrs_error sweep_unopened(nrs_core *core)
{
    size_t count = 0;
    nrs_error error;

    if (core->now_ms < LAST_KEPT_MS || (core->unopened_swept_ms != 0 && core->monotonic_ms < core->unopened_swept_ms + ROUND_EVERY_MS)) {
        return NRS_OK;
    }
    error = nrs_store_unopened_expire(core->store, core->unopened_swept, &count, core->now_ms - LAST_KEPT_MS, ROWS_PER_TICK);
    core->unopened_swept_ms = 0;
    if (error == NRS_OK && count < ROWS_PER_TICK) {
        memset(core->unopened_swept, 0, NRS_HASH_SIZE);
        core->unopened_swept_ms = core->monotonic_ms;
    }
    return error;
}

static nrs_error sweep_items(nrs_core *core)
{
    page all = {.core = core};
    nrs_error error;

    if (core->items_swept_ms != 0 && core->monotonic_ms < core->items_swept_ms + ROUND_EVERY_MS) {
        return NRS_OK;
    }
    error = nrs_store_item_each(core->store, core->items_swept_key, core->items_swept_sequence, ROWS_PER_TICK, gather, &all);
    for (size_t i = 0; error == NRS_OK && i < all.count; i++) {
        error = let_go(core, &all, i);
    }
    if (all.count == ROWS_PER_TICK) {
        memcpy(core->items_swept_key, all.rows[all.count - 1].key, NRS_HASH_SIZE);
        core->items_swept_sequence = all.rows[all.count - 1].sequence;
        core->items_swept_ms = 0;
    } else {
        memset(core->items_swept_key, 0, NRS_HASH_SIZE);
        core->items_swept_sequence = 0;
        core->items_swept_ms = core->monotonic_ms;
    }
    return error;
}

nrs_error nrs_stream_sweep(nrs_core *core)
{
    nrs_error error;

    if (!nrs_clock_trusted(core)) {
        return NRS_OK;
    }
    error = sweep_items(core);
    return error == NRS_OK ? sweep_unopened(core) : error;
}
