/* Reports that hold the text of one that was withdrawn (SPEC 5.7, 8.4). Who holds the withdrawal of a report treats what passes its text on
 * as withdrawn too: closed where it was not opened, marked where it was. What this node has passed on itself it withdraws in its own name, so
 * that whoever never had the first report hears of it. Which reports hold which text is found by a keyed hash, as for those that follow. */
#include <string.h>

#include "report/withdrawal.h"
#include "withheld/withheld.h"

#define PER_ROUND 16u
#define ROUNDS_AT_ONCE 64u

nrs_error nrs_passed_on_note(nrs_core *core, uint64_t position, const ProtobufCBinaryData *ids, size_t count)
{
    uint8_t tag[NRS_HASH_SIZE];
    nrs_error error = NRS_OK;

    for (size_t i = 0; i < count && error == NRS_OK; i++) {
        error = nrs_follows_tag(core, tag, NRS_DOMAIN_PASSES_ON, ids[i].data);
        if (error == NRS_OK) {
            error = nrs_store_follows_add(core->store, tag, position);
        }
        core->follows_any = core->follows_any || error == NRS_OK;
    }
    return error;
}

/* Closed here. It was not withdrawn itself: others are handed it as before, until its originator says so. What this hub has published of a
 * withheld one holds the text as well, and does not say of whom: this node alone knows that it goes with it. */
static nrs_error close_here(nrs_core *core, const nrs_report_row *report, const nrs_withdrawal_row *source)
{
    const nrs_withdrawal_row row = {.id = report->id, .position = report->position, .at_ms = source->at_ms, .received_ms = core->now_ms,
                                    .until_ms = report->expires_ms + NRS_REPORT_LIFE_MS_MAX, .forget_ms = nrs_withdrawal_forgotten_at(core, report),
                                    .originator = source->originator, .person = source->person, .reason = source->reason,
                                    .passed_on = nrs_slice_of(source->id, NRS_HASH_SIZE)};
    const bool withheld = report->part == NRS_PART_RECEIVED && (report->flags & NRS_REPORT_WITHHELD) != 0;
    bool fresh = false, at_tick = false;
    nrs_error error = nrs_store_withdrawal_add(core->store, &fresh, &row);

    core->withdrawn_any = core->withdrawn_any || error == NRS_OK;
    return error == NRS_OK && withheld ? nrs_take_back_of(core, &at_tick, report->id) : error;
}

/* Its own: everybody who was sent it is told, without words, as of what a hub has vouched for. */
static nrs_error take_back(nrs_core *core, const nrs_report_row *report, const nrs_withdrawal_row *source)
{
    nrs_recall it = {.core = NULL};
    nrs_error error = nrs_recall_wordless(&it, core, report, core->now_ms);

    if (error == NRS_OK) {
        error = nrs_recall_tell(&it);
    }
    if (error == NRS_OK) {
        error = nrs_store_withdrawal_set_passed_on(core->store, report->id, source->id);
    }
    if (error == NRS_OK) {
        nrs_core_log(core, NRS_OK, "what this node has passed on was withdrawn: so is its own report, TLP:%s, told to %zu organisations",
                     nrs_label_name((nrs_label)report->label), it.told_count);
    }
    nrs_recall_wipe(&it);
    if (nrs_error_is_verdict(error) && error != NRS_ERROR_NOT_FOUND) {
        nrs_core_log(core, error, "what this node has passed on was withdrawn, but its own report cannot be read to withdraw it: %s", nrs_error_rule(error));
    }
    return nrs_error_is_verdict(error) ? close_here(core, report, source) : error; /* its bytes are gone, or changed on the disk */
}

typedef struct found_list {
    uint8_t ids[PER_ROUND][NRS_HASH_SIZE];
    size_t count;
} found_list;

static nrs_error add_found(void *context, const uint8_t *id)
{
    found_list *found = context;

    memcpy(found->ids[found->count], id, NRS_HASH_SIZE);
    found->count++;
    return NRS_OK;
}

static nrs_error close_one(nrs_core *core, const uint8_t *id, const nrs_withdrawal_row *source)
{
    nrs_report_row report;
    nrs_bytes holder = {0};
    nrs_error error = nrs_store_report_get(core->store, &report, &holder, id);

    if (error == NRS_OK) {
        error = report.part == NRS_PART_SENT ? take_back(core, &report, source) : close_here(core, &report, source);
    }
    nrs_bytes_wipe(&holder);
    return error;
}

/* Out: done_out: none is left that holds the text of this one. */
static nrs_error spread(nrs_core *core, bool *done_out, const uint8_t *id)
{
    uint8_t tag[NRS_HASH_SIZE];
    found_list found = {.count = 0};
    nrs_withdrawal_row source;
    nrs_bytes holder = {0};
    nrs_error error = nrs_store_withdrawal_get(core->store, &source, &holder, id);

    if (error == NRS_OK && core->follows_any) {
        error = nrs_follows_tag(core, tag, NRS_DOMAIN_PASSES_ON, id);
        error = error == NRS_OK ? nrs_store_passing_on_each(core->store, tag, PER_ROUND, add_found, &found) : error;
    }
    for (size_t i = 0; i < found.count && error == NRS_OK; i++) {
        error = close_one(core, found.ids[i], &source);
    }
    *done_out = found.count < PER_ROUND;
    nrs_bytes_wipe(&holder);
    return error;
}

nrs_error nrs_withdrawal_spread(nrs_core *core)
{
    uint8_t id[NRS_HASH_SIZE];
    nrs_error error = NRS_OK;

    for (size_t i = 0; i < ROUNDS_AT_ONCE && error == NRS_OK; i++) {
        bool done = false;

        error = nrs_store_withdrawal_spreading(core->store, id);
        if (error == NRS_OK) {
            error = spread(core, &done, id);
        }
        if (error == NRS_OK && done) {
            error = nrs_store_withdrawal_set_spread(core->store, id);
        }
    }
    return error == NRS_ERROR_NOT_FOUND || error == NRS_ERROR_BUSY ? NRS_OK : error; /* no room for a secret now: with the next tick */
}

nrs_error nrs_passed_on_check(nrs_core *core, bool *closed_out, const nrs_report_row *row, const ProtobufCBinaryData *ids, size_t count)
{
    nrs_error error = NRS_OK;

    *closed_out = false;
    for (size_t i = 0; i < count && core->withdrawn_any && error == NRS_OK && !*closed_out; i++) {
        nrs_withdrawal_row source;
        nrs_bytes holder = {0};

        error = nrs_store_withdrawal_get(core->store, &source, &holder, ids[i].data);
        if (error == NRS_OK) {
            error = close_here(core, row, &source);
            *closed_out = true;
        }
        error = error == NRS_ERROR_NOT_FOUND ? NRS_OK : error;
        nrs_bytes_wipe(&holder);
    }
    return error;
}
