/* The last report of a stream (SPEC 6.8). A recipient misses a report by the one after it; of the last one nothing speaks but the silence
 * of those who did not get it, which its sender hears. So it tells these, and nobody else, that there is such a report: by a letter
 * that looks like a receipt, after an hour, and each day while the report lives. */
#include <stdlib.h>
#include <string.h>

#include "link/look_up.h"
#include "report/withdrawal.h"
#include "prekeys/key_change.h"
#include "stream/stream.h"
#include "withheld/withheld.h"

#define CHECKED_EVERY_MS NRS_SECOND_MS
#define AGAIN_MS NRS_DAY_MS
#define KEPT_MS NRS_REPORT_LIFE_MS_MAX /* a stream whose last report has expired counts on for so long */
#define GAPS_PER_ORIGINATOR 256u       /* more are not taken by its word alone */

/* ---- Out ---- */

typedef struct telling {
    nrs_core *core;
    const nrs_report_row *report;
    const nrs_community *community;
    nrs_statement statement;
    uint8_t (*told)[NRS_KEY_SIZE]; /* organisations; of persons several may belong to one */
    size_t count, capacity;
} telling;

static bool told_already(const telling *job, const uint8_t org[NRS_KEY_SIZE])
{
    for (size_t i = 0; i < job->count; i++) {
        if (memcmp(job->told[i], org, NRS_KEY_SIZE) == 0) {
            return true;
        }
    }
    return false;
}

static nrs_error tell(void *context, const nrs_recipient_row *row)
{
    telling *job = context;
    const nrs_peer *peer = nrs_peer_by_sign(job->core, row->org);

    if (row->stage != 0 || !row->granted || peer == NULL || !nrs_peer_member(job->core, peer, job->community) || nrs_key_ours(job->core, row->org) ||
        (row->person != NULL && told_already(job, row->org))) {
        return NRS_OK;
    }
    if (job->count == job->capacity) {
        size_t capacity = job->capacity == 0 ? 64 : 2 * job->capacity;
        uint8_t (*told)[NRS_KEY_SIZE] = realloc(job->told, capacity * sizeof *told);

        if (told == NULL) {
            return NRS_ERROR_NO_MEMORY;
        }
        job->told = told;
        job->capacity = capacity;
    }
    memcpy(job->told[job->count], row->org, NRS_KEY_SIZE);
    job->count++;
    return nrs_statement_queue(job->core, row->org, job->report->community, &job->statement);
}

static void put_u64(uint8_t *out, uint64_t value)
{
    for (size_t i = 0; i < 8; i++) {
        out[i] = (uint8_t)(value >> (8 * i));
    }
}

/* Out: tell_ms of the stream. */
static nrs_error tell_recipients(nrs_core *core, nrs_sent_stream *sent, const nrs_report_row *report)
{
    uint8_t detail[NRS_STREAM_HEAD_SIZE];
    telling job = {.core = core, .report = report, .community = nrs_community_by_id(core, report->community)};
    nrs_error error = NRS_OK;

    sent->tell_ms = report->expires_ms + KEPT_MS;
    if (nrs_clock_expired(core, report->expires_ms) || nrs_withdrawn(core, report->id) || job.community == NULL || !job.community->member ||
        memcmp(report->originator, core->self.sign_key, NRS_KEY_SIZE) != 0) { /* what a former key sent is not this one's stream */
        return NRS_OK;
    }
    memcpy(detail, sent->stream, NRS_HASH_SIZE);
    put_u64(detail + NRS_HASH_SIZE, sent->sequence);
    put_u64(detail + NRS_HASH_SIZE + 8, report->expires_ms);
    nrs__wire__statement__init(&job.statement);
    job.statement.type = NRS_STATEMENT_HEAD;
    job.statement.sealed_id = nrs_field_of(nrs_slice_of(report->id, NRS_HASH_SIZE));
    job.statement.at_ms = core->now_ms;
    job.statement.detail = nrs_field_of(nrs_slice_of(detail, sizeof detail));
    error = nrs_store_recipient_each(core->store, report->position, tell, &job);
    if (error == NRS_OK && job.count > 0) {
        sent->tell_ms = core->now_ms + AGAIN_MS;
        nrs_core_log(core, NRS_OK, "the last report to %zu organisations is not confirmed: they are told that there is one", job.count);
    }
    free(job.told);
    return error;
}

nrs_error nrs_head_tick(nrs_core *core)
{
    nrs_sent_stream sent;
    nrs_report_row report;
    nrs_bytes holder = {0};
    uint8_t audience[NRS_HASH_SIZE];
    nrs_error error;

    if (core->monotonic_ms < core->heads_checked_ms + CHECKED_EVERY_MS) {
        return NRS_OK;
    }
    core->heads_checked_ms = core->monotonic_ms;
    error = nrs_numbers_settle(core);
    if (error == NRS_OK) {
        error = nrs_store_sent_stream_due(core->store, &sent, audience, core->now_ms);
    }
    if (error != NRS_OK) {
        return error == NRS_ERROR_NOT_FOUND ? NRS_OK : error;
    }
    error = nrs_store_report_get(core->store, &report, &holder, sent.last);
    if (error == NRS_ERROR_NOT_FOUND || (error == NRS_OK && core->now_ms >= report.expires_ms + KEPT_MS)) {
        error = nrs_store_sent_stream_delete(core->store, audience); /* nobody could be missing anything of it */
    } else if (error == NRS_OK) {
        error = tell_recipients(core, &sent, &report);
        if (error == NRS_OK) {
            error = nrs_store_sent_stream_set(core->store, audience, &sent);
        }
    }
    nrs_bytes_wipe(&holder);
    return error;
}

/* ---- In ---- */

static uint64_t read_u64(const uint8_t *data)
{
    uint64_t value = 0;

    for (size_t i = 0; i < 8; i++) {
        value |= (uint64_t)data[i] << (8 * i);
    }
    return value;
}

static nrs_error count_gap(void *context, const nrs_stream_row *stream, const nrs_gap *gap)
{
    size_t *count = context;

    (void)stream, (void)gap;
    (*count)++;
    return NRS_OK;
}

/* What waits for a source that is withheld leaves with something else, and may wait for long: the same is not kept there twice. */
static nrs_error waits_already(nrs_core *core, bool *waits_out, const nrs_header *header, const nrs_statement *statement)
{
    nrs_digest_row row = {.recipient = header->originator.data, .community = header->community.data};
    nrs_bytes bytes = {0};
    nrs_error error = nrs_statement_encode(&bytes, statement);

    if (error == NRS_OK) {
        row.statement = nrs_slice_of_bytes(&bytes);
        error = nrs_store_digest_has(core->store, waits_out, &row);
    }
    nrs_bytes_wipe(&bytes);
    return error;
}

/* It is here: the receipts for it were lost, or are on their way. It is said as it was the first time. Whom it is for the row tells: the report is
 * not read, however often its originator says that there is one. */
static nrs_error confirm_again(nrs_core *core, nrs_peer *from, const nrs_report_row *report)
{
    const bool withheld = (report->flags & NRS_REPORT_WITHHELD) != 0;
    nrs_statement statement;
    nrs_header header;
    bool waits = false;
    nrs_error error = NRS_OK;

    if (report->part != NRS_PART_RECEIVED || (report->key_state != NRS_KEY_HELD && report->key_state != NRS_KEY_PERSON)) {
        return NRS_OK;
    }
    nrs__wire__header__init(&header);
    header.originator = nrs_field_of(nrs_slice_of(report->originator, NRS_KEY_SIZE));
    header.community = nrs_field_of(nrs_slice_of(report->community, NRS_HASH_SIZE));
    header.expires_ms = report->expires_ms;
    header.attribution = withheld ? NRS_ATTRIBUTION_WITHHELD : NRS_ATTRIBUTION_NAMED;
    nrs__wire__statement__init(&statement);
    statement.type = NRS_STATEMENT_RECEIPT;
    statement.sealed_id = nrs_field_of(nrs_slice_of(report->id, NRS_HASH_SIZE));
    statement.at_ms = report->received_ms;
    statement.stage = NRS_STAGE_STORED;
    if (withheld && nrs_look_ups_left(core, &from->idle_statements)) { /* to be found it costs as much as a report does */
        error = waits_already(core, &waits, &header, &statement);
    } else if (withheld) {
        return NRS_OK; /* it is said again, in a day */
    }
    if (error == NRS_OK && waits) {
        nrs_look_up_note(core, &from->idle_statements);
    }
    return error == NRS_OK && !waits ? nrs_statement_to_originator(core, &header, &statement) : error;
}

nrs_error nrs_head_take(nrs_core *core, nrs_peer *from, const uint8_t community[NRS_HASH_SIZE], const nrs_statement *statement)
{
    const nrs_community *held = nrs_community_by_id(core, community);
    const uint8_t *detail = statement->detail.data;
    const uint64_t sequence = read_u64(detail + NRS_HASH_SIZE), expires_ms = read_u64(detail + NRS_HASH_SIZE + 8);
    nrs_stream_row stream;
    nrs_report_row report;
    nrs_bytes holder = {0};
    size_t count = 0;
    bool had = false;
    nrs_error error;

    NRS_ASSERT(statement->detail.len == NRS_STREAM_HEAD_SIZE);
    if (held == NULL || !nrs_peer_member(core, from, held) || nrs_withdrawn(core, statement->sealed_id.data) || sequence == 0 || sequence > INT64_MAX || nrs_clock_expired(core, expires_ms) ||
        expires_ms > core->now_ms + NRS_REPORT_LIFE_MS_MAX + NRS_CLOCK_AHEAD_MS_MAX) {
        return NRS_OK;
    }
    error = nrs_store_report_get(core->store, &report, &holder, statement->sealed_id.data);
    if (error == NRS_OK && report.part == NRS_PART_RECEIVED) { /* who says so without having made it makes nobody send anything */
        error = nrs_key_follows(core, report.originator, from->keys.sign_key) ? confirm_again(core, from, &report) : NRS_OK;
        goto out;
    }
    if (error == NRS_OK || error == NRS_ERROR_NOT_FOUND) {
        error = nrs_store_gap_each(core->store, from->keys.sign_key, GAPS_PER_ORIGINATOR, count_gap, &count);
    }
    if (error != NRS_OK || count == GAPS_PER_ORIGINATOR) {
        goto out;
    }
    memcpy(stream.originator, from->keys.sign_key, NRS_KEY_SIZE);
    memcpy(stream.community, community, NRS_HASH_SIZE);
    memcpy(stream.stream, detail, NRS_HASH_SIZE);
    nrs_stream_key(stream.key, stream.originator, stream.community, stream.stream);
    error = nrs_stream_take_head(core, &had, &stream, sequence, statement->sealed_id.data, expires_ms);
out:
    nrs_bytes_wipe(&holder);
    return error;
}
