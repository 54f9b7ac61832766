/* Statements (SPEC 8): receipts queue up and leave in one envelope for each reader. On an idle node that is at once, in the
 * transaction of what they speak of; under load they are kept as letters in the store for a moment, so that one signature
 * serves many. Where no prekey of the reader is known they wait there too. */
#include <stdlib.h>
#include <string.h>

#include "audit/audit.h"
#include "link/look_up.h"
#include "prekeys/key_change.h"
#include "report/letters.h"
#include "report/onward.h"
#include "report/release.h"
#include "report/withdrawal.h"
#include "roster/roster.h"
#include "rules/edges.h"
#include "stream/stream.h"
#include "withheld/withheld.h"

#define LETTER_SIZE_MAX (60u * 1024u)
#define LETTER_DOUBT_MS (NRS_REPORT_LIFE_MS_MAX / 2)
#define HOLD_MS 4u /* between two posts under load: at 3,000 reports a second one signature serves a dozen receipts */

nrs_error nrs_statement_queue(nrs_core *core, const uint8_t to[NRS_KEY_SIZE], const uint8_t community[NRS_HASH_SIZE], const nrs_statement *statement)
{
    nrs_pending_statement *pending;
    nrs_bytes bytes = {0};
    nrs_error error;

    if (core->statement_count == core->statement_capacity) {
        size_t capacity = core->statement_capacity == 0 ? 64 : core->statement_capacity * 2;
        nrs_pending_statement *list = realloc(core->statements, capacity * sizeof *list);
        if (list == NULL) {
            return NRS_ERROR_NO_MEMORY;
        }
        core->statements = list;
        core->statement_capacity = capacity;
    }
    error = nrs_statement_encode(&bytes, statement);
    if (error != NRS_OK) {
        return error;
    }
    pending = &core->statements[core->statement_count];
    memcpy(pending->to, to, NRS_KEY_SIZE);
    memcpy(pending->community, community, NRS_HASH_SIZE);
    pending->statement = bytes;
    pending->number = 0;
    core->statement_count++;
    return NRS_OK;
}

/* The generated structs want pointers to plain char; they are only read. */
static char *text_field(const char *text)
{
    union { const char *in; char *out; } cast = {.in = text};

    return cast.out;
}

nrs_error nrs_receipt_queue(nrs_core *core, const nrs_header *header, const uint8_t sealed_id[NRS_HASH_SIZE], nrs_stage stage, const char *person, const char *reason)
{
    nrs_statement statement;

    nrs__wire__statement__init(&statement);
    statement.type = NRS_STATEMENT_RECEIPT;
    statement.sealed_id = nrs_field_of(nrs_slice_of(sealed_id, NRS_HASH_SIZE));
    statement.at_ms = core->now_ms;
    statement.stage = (uint32_t)stage;
    statement.person = text_field(person);
    statement.reason = text_field(reason);
    return nrs_statement_to_originator(core, header, &statement);
}

/* An envelope's times are for its carriers, who refuse for good one that is not of their time, and whose clock is wrong cannot be
 * told: it is dated by the earlier of this clock and most peers', and lives past the later. The statements in it say what this
 * clock showed. */
uint64_t nrs_letter_time(nrs_core *core)
{
    int64_t error_ms = nrs_clock_error_ms(core);

    return error_ms > 0 ? core->now_ms - (uint64_t)error_ms : core->now_ms;
}

/* Too far apart for a date that suits both: letters wait until somebody has set a clock. */
bool nrs_letter_no_time(nrs_core *core)
{
    int64_t error_ms = nrs_clock_error_ms(core);

    return error_ms > (int64_t)LETTER_DOUBT_MS || error_ms < -(int64_t)LETTER_DOUBT_MS;
}

const nrs_peer *nrs_letter_peer(nrs_core *core, const uint8_t to[NRS_KEY_SIZE], const uint8_t community[NRS_HASH_SIZE])
{
    const nrs_peer *peer = nrs_peer_in_force(core, to, nrs_community_by_id(core, community));

    return peer != NULL && nrs_peer_somewhere(peer) ? peer : NULL;
}

bool nrs_letter_community(nrs_core *core, const uint8_t community[NRS_HASH_SIZE])
{
    const nrs_community *held = nrs_community_by_id(core, community);

    return held != NULL && held->member;
}

bool nrs_letter_outside(nrs_core *core, const uint8_t to[NRS_KEY_SIZE], const uint8_t community[NRS_HASH_SIZE])
{
    const nrs_community *held = nrs_community_by_id(core, community);
    const nrs_peer *peer = held == NULL || !nrs_fork_is(held) ? NULL : nrs_peer_in_force(core, to, held);

    return peer != NULL && !nrs_peer_member(core, peer, held) && (peer->side_of & nrs_community_bit(core, held)) != 0;
}

/* Whichever clock is wrong, one of the two times lies in a window of the reader's. */
nrs_error nrs_letter_reader(nrs_core *core, nrs_recipient *to_out, const nrs_peer *peer)
{
    nrs_error error;

    if (nrs_letter_no_time(core)) {
        core->letters_await_clock = true;
        return NRS_ERROR_NOT_FOUND;
    }
    error = nrs_recipient_of(core, to_out, peer, NULL);
    return error == NRS_ERROR_NOT_FOUND ? nrs_recipient_at(core, to_out, peer, NULL, nrs_letter_time(core)) : error;
}

static int by_reader(const void *a, const void *b)
{
    const nrs_pending_statement *x = a, *y = b;
    int order = memcmp(x->to, y->to, NRS_KEY_SIZE);

    return order != 0 ? order : memcmp(x->community, y->community, NRS_HASH_SIZE);
}

static void clear(nrs_core *core)
{
    for (size_t i = 0; i < core->statement_count; i++) {
        nrs_bytes_wipe(&core->statements[i].statement);
    }
    core->statement_count = 0;
}

void nrs_statements_wipe(nrs_core *core)
{
    clear(core);
    free(core->statements);
    core->statements = NULL;
    core->statement_capacity = 0;
}

/* One envelope for `count` statements to the same reader. */
static nrs_error post(nrs_core *core, const nrs_recipient *to, const nrs_pending_statement *list, size_t count)
{
    nrs_slice statements[NRS_STATEMENT_COUNT_MAX];
    nrs_envelope_request request = {.statements = statements, .statement_count = count, .community = nrs_slice_of(list[0].community, NRS_HASH_SIZE),
                                    .to = to, .now_ms = nrs_letter_time(core)};
    uint8_t id[NRS_HASH_SIZE];
    nrs_bytes record = {0};
    nrs_error error;

    request.expires_ms = request.now_ms + NRS_REPORT_LIFE_MS_MAX;
    for (size_t i = 0; i < count; i++) {
        statements[i] = nrs_slice_of_bytes(&list[i].statement);
    }
    error = nrs_envelope_seal(&record, core->identity, &request);
    if (error == NRS_OK) {
        nrs_record_id(id, nrs_slice_of_bytes(&record));
        error = nrs_log_add(core, NULL, NRS_RECORD_ENVELOPE, id, nrs_slice_of_bytes(&record), nrs_slice_of(core->self.sign_key, NRS_KEY_SIZE),
                            nrs_slice_of(NULL, 0), request.expires_ms);
    }
    nrs_bytes_wipe(&record);
    return error;
}

static nrs_error post_reader(nrs_core *core, nrs_pending_statement *list, size_t count)
{
    const nrs_peer *peer = nrs_letter_peer(core, list[0].to, list[0].community);
    nrs_recipient to;
    nrs_error error;
    size_t done = 0;

    if (nrs_letter_outside(core, list[0].to, list[0].community)) {
        return nrs_letters_keep(core, list, count);
    }
    if (peer == NULL) {
        return nrs_letters_delete(core, list, count); /* nobody is left to tell */
    }
    error = nrs_letter_community(core, list[0].community) ? nrs_letter_reader(core, &to, peer) : NRS_ERROR_NOT_FOUND;
    if (error == NRS_ERROR_NOT_FOUND) {
        return nrs_letters_keep(core, list, count);
    }
    while (error == NRS_OK && done < count) {
        size_t batch = 0, size = 0;
        while (done + batch < count && batch < NRS_STATEMENT_COUNT_MAX && size < LETTER_SIZE_MAX) {
            size += list[done + batch].statement.size + 8;
            batch++;
        }
        if (size > LETTER_SIZE_MAX && batch > 1) {
            batch--;
        }
        error = post(core, &to, &list[done], batch);
        done += batch;
    }
    return error == NRS_OK ? nrs_letters_delete(core, list, count) : error;
}

static nrs_error post_all(nrs_core *core)
{
    size_t first = 0;
    nrs_error error = NRS_OK;

    if (core->statement_count > 1) {
        qsort(core->statements, core->statement_count, sizeof core->statements[0], by_reader);
    }
    while (error == NRS_OK && first < core->statement_count) {
        size_t count = 1;
        while (first + count < core->statement_count && by_reader(&core->statements[first], &core->statements[first + count]) == 0) {
            count++;
        }
        error = post_reader(core, &core->statements[first], count);
        first += count;
    }
    core->statements_posted_ms = core->monotonic_ms;
    clear(core);
    return error;
}

uint64_t nrs_core_due_ms(const nrs_core *core)
{
    return core->statement_count > 0 ? core->statements_posted_ms + HOLD_MS : UINT64_MAX;
}

nrs_error nrs_statement_flush(nrs_core *core)
{
    nrs_error error = core->arrived_count > 0 || core->letters_due ? nrs_letters_requeue(core) : NRS_OK;

    if (error != NRS_OK || core->statement_count == 0) {
        return error;
    }
    if (core->monotonic_ms < core->statements_posted_ms + HOLD_MS && core->statement_count < NRS_STATEMENT_COUNT_MAX) {
        return nrs_letters_keep(core, core->statements, core->statement_count);
    }
    return post_all(core);
}

/* ---- In ---- */

nrs_error nrs_recipients_of(nrs_core *core, uint64_t report, const uint8_t whose[NRS_KEY_SIZE], nrs_recipient_visitor visit, void *context)
{
    nrs_error error = nrs_store_recipient_each_of(core->store, report, whose, visit, context);

    for (const nrs_key_end *end = core->key_ends; end != NULL && error == NRS_OK; end = end->hh.next) {
        if (end->cause == NRS_KEY_SUCCEEDED && memcmp(end->sign_key, whose, NRS_KEY_SIZE) != 0 && nrs_key_follows(core, end->sign_key, whose)) {
            error = nrs_store_recipient_each_of(core->store, report, end->sign_key, visit, context);
        }
    }
    return error;
}

typedef struct reached {
    nrs_core *core;
    const uint8_t *whose; /* signing key of the recipient that it speaks of */
    const nrs_statement *statement;
    bool any;
} reached;

static nrs_error reach(void *context, const nrs_recipient_row *row)
{
    reached *job = context;
    bool fresh = false;
    const char *person = job->statement->person;
    const char *at = strchr(row->address, '@');
    size_t person_size = strlen(person);

    if (!nrs_key_follows(job->core, row->org, job->whose)) {
        return NRS_OK;
    }
    /* A stage that a named person reached counts for that person's address alone. */
    if (row->person != NULL && person_size > 0 &&
        ((size_t)(at - row->address) != person_size || strncmp(row->address, person, person_size) != 0)) {
        return NRS_OK;
    }
    job->any = true;
    return nrs_store_receipt_add(job->core->store, &fresh, row->report, row->address, job->statement->stage, job->statement->at_ms, person);
}

/* A word on a disclaimer that counts for nothing is an entry all the same. */
static nrs_error note_decision(nrs_core *core, nrs_peer *from, const nrs_statement *statement, nrs_error rule)
{
    const nrs_audit_what what = {.event = statement->stage == NRS_STAGE_ACCEPTED ? NRS_AUDIT_ACCEPT : NRS_AUDIT_DECLINE, .rule = rule,
                                 .person = statement->person, .about = nrs_field(&statement->sealed_id)};

    return nrs_audit_add_from(core, from, &what);
}

/* From the recipient itself, or from the hub that let it in. At that hub it is handed on. */
static nrs_error take_receipt(nrs_core *core, nrs_peer *from, const nrs_statement *statement, nrs_slice bytes)
{
    const bool passed_on = statement->type == NRS_STATEMENT_PASSED_ON;
    const bool decision = statement->stage == NRS_STAGE_ACCEPTED || statement->stage == NRS_STAGE_DECLINED;
    reached job = {.core = core, .whose = passed_on ? statement->reference.data : from->keys.sign_key, .statement = statement};
    nrs_report_row row;
    nrs_bytes holder = {0};
    bool speaks = !passed_on, named = true;
    nrs_error error = nrs_store_report_get(core->store, &row, &holder, statement->sealed_id.data);

    if (error == NRS_OK && passed_on) {
        error = nrs_let_in_speaks(core, &speaks, row.position, from->keys.sign_key, job.whose);
    }
    if (error == NRS_OK && !speaks) {
        error = NRS_ERROR_NOT_MEMBER;
    }
    if (error == NRS_OK && decision) {
        error = nrs_decision_take(core, &named, from, &row, job.whose, statement, bytes);
        job.any = true; /* it says itself what is amiss */
    } else if (error == NRS_OK && row.part != NRS_PART_CARRIED) {
        if (row.part == NRS_PART_SENT && row.label != NRS_LABEL_RED) {
            error = nrs_store_recipient_at(core->store, row.position, from->org, reach, &job); /* the usual case */
        }
        if (error == NRS_OK && !job.any) {
            error = nrs_recipients_of(core, row.position, job.whose, reach, &job);
        }
    }
    if (error == NRS_OK && job.any && named && row.part == NRS_PART_RECEIVED) {
        error = nrs_receipt_pass_on(core, &row, job.whose, statement);
    }
    if (statement->stage == NRS_STAGE_WITHDRAWN && (error == NRS_ERROR_NOT_FOUND || (error == NRS_OK && !job.any))) {
        error = NRS_OK; /* a hub that only carried it */
    } else if (error == NRS_ERROR_NOT_FOUND || error == NRS_ERROR_NOT_MEMBER || (error == NRS_OK && !job.any)) {
        const nrs_error rule = error == NRS_OK ? NRS_ERROR_NOT_FOUND : error;

        nrs_core_complain(core, from, rule, "a receipt for a report that was not sent to it: %s", nrs_error_rule(rule));
        error = decision ? note_decision(core, from, statement, rule) : NRS_OK;
    }
    nrs_bytes_wipe(&holder);
    return error;
}

/* A reply to what is vouched for is on its way to the source, where it is about the report that only the source's hub knows. */
static nrs_error is_vouched(nrs_core *core, bool *vouched_out, const nrs_statement *statement)
{
    nrs_report_row row;
    nrs_bytes holder = {0};
    nrs_error error = nrs_store_report_get(core->store, &row, &holder, statement->sealed_id.data);

    *vouched_out = error == NRS_OK && (row.flags & NRS_REPORT_VOUCHED) != 0;
    nrs_bytes_wipe(&holder);
    return error == NRS_ERROR_NOT_FOUND ? NRS_OK : error;
}

static nrs_error take_decoded(nrs_core *core, nrs_peer *from, const uint8_t *community, const nrs_statement *statement, nrs_slice bytes)
{
    bool vouched = false;
    nrs_error error = NRS_OK;

    switch (statement->type) {
    case NRS_STATEMENT_RECEIPT:
    case NRS_STATEMENT_PASSED_ON:
        error = take_receipt(core, from, statement, bytes);
        break;
    case NRS_STATEMENT_REQUEST:
        error = nrs_ask_take(core, from, statement, bytes);
        break;
    case NRS_STATEMENT_RELEASE:
        error = nrs_release_take(core, from, statement);
        break;
    case NRS_STATEMENT_DENIAL:
        error = nrs_denial_take(core, from, statement);
        break;
    case NRS_STATEMENT_REGRANT:
        error = nrs_regrant_take(core, from, statement);
        break;
    case NRS_STATEMENT_MISSING:
        error = nrs_resend_take(core, from, community, statement);
        break;
    case NRS_STATEMENT_NOTICE:
        error = nrs_notice_take(core, from, statement);
        break;
    case NRS_STATEMENT_WITHDRAWAL:
        error = nrs_withdrawal_take(core, from, statement);
        break;
    case NRS_STATEMENT_HEAD:
        error = nrs_head_take(core, from, community, statement);
        break;
    case NRS_STATEMENT_VOUCHED:
    case NRS_STATEMENT_QUESTION:
        error = nrs_source_take(core, from, statement);
        break;
    case NRS_STATEMENT_REPLY:
        error = is_vouched(core, &vouched, statement);
        if (error == NRS_OK) {
            error = vouched ? nrs_reply_pass(core, from, statement) : nrs_source_take(core, from, statement);
        }
        break;
    case NRS_STATEMENT_FILLER:
        break; /* this digest had nothing to say */
    default:
        nrs_core_complain(core, from, NRS_ERROR_NOT_RUNNING_HERE, "a statement of type %u, which this version does not understand", statement->type);
        break;
    }
    return error;
}

/* Those that may have a report read to be judged. A word on disclaimers, and what is asked for again, have bounds of their own. */
static bool reads_report(uint32_t type)
{
    return type == NRS_STATEMENT_REQUEST || type == NRS_STATEMENT_RELEASE || type == NRS_STATEMENT_DENIAL || type == NRS_STATEMENT_REGRANT ||
           type == NRS_STATEMENT_REPLY;
}

/* Where a report was read and nothing came of it, that is counted to who signed the envelope, whomever it speaks for (SPEC 8.1). */
static nrs_error take_statement(nrs_core *core, nrs_peer *from, const uint8_t *community, nrs_slice bytes)
{
    const uint64_t read = core->sealed_read, written = nrs_store_changes(core->store);
    nrs_statement *statement = NULL;
    nrs_error error = nrs_statement_decode(&statement, bytes);

    if (error == NRS_OK) {
        error = take_decoded(core, from, community, statement, bytes);
        if (reads_report(statement->type)) {
            nrs_look_up_end(core, &from->idle_statements, error, read, written);
        }
    } else if (nrs_error_is_verdict(error)) {
        nrs_core_complain(core, from, error, "a statement that does not decode");
        error = NRS_OK;
    }
    nrs_statement_free(&statement);
    return error;
}

/* An envelope is heard as a whole or not yet: what stands in it is said once. */
bool nrs_statements_heard(const nrs_core *core, const nrs_envelope *envelope)
{
    const nrs_peer *from = nrs_peer_by_sign(core, envelope->from.data);

    return from == NULL || nrs_look_ups_left(core, &from->idle_statements);
}

nrs_error nrs_statement_take_envelope(nrs_core *core, const nrs_envelope *envelope)
{
    const nrs_own_prekey *prekey = nrs_own_prekey_by_id(core, envelope->prekey_id.data);
    nrs_peer *from = nrs_peer_by_sign(core, envelope->from.data);
    nrs_letter *letter = NULL;
    nrs_error error;

    if (from == NULL) {
        return NRS_OK;
    }
    if (prekey == NULL || prekey->person) {
        nrs_core_complain(core, from, NRS_ERROR_KEY_EXPIRED, "an envelope for a prekey that is destroyed");
        return NRS_OK;
    }
    error = nrs_envelope_open(&letter, envelope, nrs_identity_for(core, prekey->owner), &prekey->secret, &from->keys);
    if (error == NRS_OK) { /* a hub has handed it over: what its sender says in it is that one's */
        nrs_amount_note(core, from, letter->n_statements, 0);
    }
    for (size_t i = 0; error == NRS_OK && i < letter->n_statements; i++) {
        error = take_statement(core, from, envelope->community.data, nrs_field(&letter->statements[i]));
    }
    if (nrs_error_is_verdict(error)) {
        nrs_core_complain(core, from, error, "an envelope that does not open: %s", nrs_error_rule(error));
        error = NRS_OK;
    }
    nrs_letter_free(&letter);
    return error;
}
