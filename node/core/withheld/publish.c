/* The tick (SPEC 6.11): at multiples of a fixed time a hub lets go what it vouches for, and the digests to sources. So neither
 * tells when a report came in, nor when the secretariat read it. */
#include "withheld/withheld.h"

#include <string.h>

#include "report/onward.h"
#include "stream/stream.h"

#define PUBLISHED_AT_ONCE 64u
#define DUE_NOW 1u /* a time that is past by any clock */

/* Digests of a tick may be left from before the start. */
nrs_error nrs_withheld_load(nrs_core *core)
{
    core->publish_due_ms = DUE_NOW;
    core->digests_go_on = false;
    return nrs_published_load(core);
}

uint64_t nrs_withheld_next_tick(const nrs_core *core)
{
    NRS_ASSERT(core->vouch_tick_ms > 0);
    return (core->now_ms / core->vouch_tick_ms + 1) * core->vouch_tick_ms;
}

uint64_t nrs_withheld_life(uint64_t life_ms)
{
    static const uint64_t lives_ms[] = {14 * NRS_DAY_MS, 7 * NRS_DAY_MS, 3 * NRS_DAY_MS, 2 * NRS_DAY_MS, NRS_DAY_MS, 12 * NRS_HOUR_MS, 6 * NRS_HOUR_MS,
                                        3 * NRS_HOUR_MS, NRS_HOUR_MS, 30 * NRS_MINUTE_MS, 10 * NRS_MINUTE_MS, NRS_MINUTE_MS};

    for (size_t i = 0; i < sizeof lives_ms / sizeof lives_ms[0]; i++) {
        if (lives_ms[i] <= life_ms) {
            return lives_ms[i];
        }
    }
    return 0;
}

static void expect(nrs_core *core, uint64_t due_ms)
{
    if (core->publish_due_ms == 0 || due_ms < core->publish_due_ms) {
        core->publish_due_ms = due_ms;
    }
}

nrs_error nrs_publish_at(nrs_core *core, uint64_t position, uint64_t due_ms)
{
    nrs_error error = nrs_store_publish_add(core->store, position, due_ms);

    if (error == NRS_OK) {
        expect(core, due_ms);
    }
    return error;
}

nrs_error nrs_digest_hold_for(nrs_core *core, const nrs_digest_row *to, const nrs_statement *statement)
{
    nrs_digest_row row = *to;
    nrs_bytes bytes = {0};
    nrs_error error = nrs_statement_encode(&bytes, statement);

    row.statement = nrs_slice_of_bytes(&bytes);
    if (error == NRS_OK) {
        error = nrs_store_digest_add(core->store, &row);
    }
    if (error == NRS_OK && row.due_ms != 0) {
        expect(core, row.due_ms);
    }
    nrs_bytes_wipe(&bytes);
    return error;
}

nrs_error nrs_digest_hold_number(nrs_core *core, const nrs_digest_row *to, const nrs_statement *statement, uint64_t number, size_t size)
{
    static const uint8_t zeros[NRS_STATEMENT_SIZE_MAX];
    nrs_statement numbered = *statement;
    nrs_bytes detail = {0};
    nrs_error error = NRS_OK;

    NRS_ASSERT(size <= sizeof zeros);
    for (size_t i = 0; i < sizeof number && error == NRS_OK; i++) {
        error = nrs_bytes_append_u8(&detail, (uint8_t)(number >> (56 - 8 * i)));
    }
    if (error == NRS_OK && size > detail.size) {
        error = nrs_bytes_append(&detail, nrs_slice_of(zeros, size - detail.size));
    }
    numbered.detail = nrs_field_of(nrs_slice_of_bytes(&detail));
    error = error == NRS_OK ? nrs_digest_hold_for(core, to, &numbered) : error;
    nrs_bytes_wipe(&detail);
    return error;
}

uint64_t nrs_digest_number(const nrs_statement *statement)
{
    uint64_t number = 0;

    for (size_t i = 0; i < sizeof number && i < statement->detail.len; i++) {
        number = number << 8 | statement->detail.data[i];
    }
    return number;
}

/* It makes its digest leave also where the report has expired by then: when that is must not show when it was written. */
nrs_digest_row nrs_digest_to_source(const nrs_header *header, uint64_t due_ms)
{
    return (nrs_digest_row){.due_ms = due_ms, .expires_ms = due_ms + NRS_DAY_MS > header->expires_ms ? due_ms + NRS_DAY_MS : header->expires_ms,
                            .recipient = header->originator.data, .community = header->community.data};
}

nrs_error nrs_digest_hold(nrs_core *core, const nrs_header *header, const nrs_statement *statement, uint64_t due_ms)
{
    const nrs_digest_row to = nrs_digest_to_source(header, due_ms);

    return nrs_digest_hold_for(core, &to, statement);
}

nrs_error nrs_statement_to_originator(nrs_core *core, const nrs_header *header, const nrs_statement *statement)
{
    uint64_t asked = 0, due_ms = 0; /* this one is counted already */
    nrs_error error = NRS_OK;

    if (header->attribution != NRS_ATTRIBUTION_WITHHELD) {
        return nrs_statement_to_source(core, header->originator.data, header->community.data, statement->sealed_id.data, statement);
    }
    /* A receipt waits for something else to leave: alone it would tell that a report has come. What was asked for a destroyed
     * prekey cannot wait, since nothing else would come of the report; but a source that sends for such prekeys on and on makes the hub
     * write to all members once a day, not at each tick. */
    if (statement->type == NRS_STATEMENT_REGRANT) {
        error = nrs_store_regrant_of_source(core->store, &asked, core->self.sign_key, header->originator.data, core->now_ms - core->now_ms % NRS_DAY_MS);
        due_ms = asked > 1 ? 0 : nrs_withheld_next_tick(core);
    }
    return error == NRS_OK ? nrs_digest_hold(core, header, statement, due_ms) : error;
}

typedef struct due_list {
    uint64_t positions[PUBLISHED_AT_ONCE];
    size_t count;
} due_list;

static nrs_error gather(void *context, uint64_t position)
{
    due_list *due = context;

    NRS_ASSERT(due->count < PUBLISHED_AT_ONCE);
    due->positions[due->count] = position;
    due->count++;
    return NRS_OK;
}

/* It goes on to other communities now, as what a hub sends in its own name does at once. */
static nrs_error extend(nrs_core *core, const uint8_t sealed_id[NRS_HASH_SIZE])
{
    nrs_report_row row;
    nrs_bytes holder = {0};
    nrs_error error = nrs_store_report_get(core->store, &row, &holder, sealed_id);

    if (error == NRS_OK) {
        error = nrs_onward_extend_late(core, &row, NULL);
    }
    nrs_bytes_wipe(&holder);
    return nrs_error_is_verdict(error) ? NRS_OK : error;
}

/* A row of our log behind all others, from which the report is routed as if it had been made now. */
static nrs_error let_go(nrs_core *core, uint64_t position)
{
    const nrs_log_entry *entry;
    uint8_t id[NRS_HASH_SIZE], sealed_id[NRS_HASH_SIZE];
    uint64_t expires_ms, appended = 0;
    bool taken_back = false;
    nrs_error error = nrs_log_entry_at(core, &entry, position);

    if (error != NRS_OK || entry->dropped) {
        return error == NRS_OK ? nrs_store_publish_delete(core->store, position) : error;
    }
    memcpy(sealed_id, entry->id, sizeof sealed_id);
    expires_ms = entry->expires_ms;
    error = nrs_take_back_due(core, &taken_back, sealed_id, position);
    if (error != NRS_OK || taken_back) {
        return error == NRS_OK ? nrs_store_publish_delete(core->store, position) : error;
    }
    nrs_hash_one(id, NRS_DOMAIN_PUBLISH, nrs_slice_of(sealed_id, sizeof sealed_id));
    error = nrs_store_log_append(core->store, &appended,
                                 &(nrs_log_row){.type = NRS_LOG_PUBLISH, .id = id, .owner = nrs_slice_of(id, sizeof id),
                                                .record = nrs_slice_of(sealed_id, sizeof sealed_id), .received_ms = core->now_ms,
                                                .expires_ms = expires_ms});
    if (error == NRS_OK) {
        error = extend(core, sealed_id);
    }
    return error == NRS_OK ? nrs_store_publish_delete(core->store, position) : error;
}

nrs_error nrs_withheld_tick(nrs_core *core)
{
    due_list due = {.count = 0};
    bool left = false;
    nrs_error error = NRS_OK;

    if (core->publish_due_ms == 0 || core->now_ms < core->publish_due_ms) {
        return NRS_OK;
    }
    error = nrs_store_publish_each(core->store, core->now_ms, PUBLISHED_AT_ONCE, gather, &due);
    for (size_t i = 0; i < due.count && error == NRS_OK && nrs_room_for_secrets() == NRS_OK; i++) { /* else with a later tick */
        error = let_go(core, due.positions[i]);
    }
    if (error == NRS_OK) {
        error = nrs_store_digest_expire(core->store, nrs_clock_past_ms(core));
    }
    core->digests_go_on = false;
    for (size_t i = 0; i < core->community_count && error == NRS_OK; i++) {
        error = nrs_direct_send(core, &core->communities[i]);
        error = error == NRS_OK ? nrs_digest_take_own(core, &core->communities[i]) : error;
        error = error == NRS_OK ? nrs_digest_send(core, &core->communities[i], &left) : error;
    }
    error = error == NRS_OK ? nrs_store_publish_next(core->store, &core->publish_due_ms) : error;
    core->publish_due_ms = left ? DUE_NOW : core->publish_due_ms;
    return error;
}
