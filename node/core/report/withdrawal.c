/* Withdrawals (SPEC 8.4): a report that its originator took back is handed out to nobody any more, stays closed wherever it was
 * not opened yet, is marked where it was, and loses its key as the community's rules have it. It holds also when it arrives
 * before the report, which is then not taken. */
#include "report/withdrawal.h"

#include <stdlib.h>
#include <string.h>

#include "audit/audit.h"
#include "prekeys/key_change.h"
#include "report/onward.h"
#include "link/receive.h"
#include "stream/stream.h"
#include "withheld/withheld.h"

#define DESTROYED_PER_TICK 32u
#define AT_ONCE 1u /* a time that is past by any clock */

/* A report that was withdrawn and could still arrive or leave. */
typedef struct nrs_withdrawn_mark {
    uint8_t id[NRS_HASH_SIZE];
    uint64_t position; /* in our log; 0: not there */
    UT_hash_handle by_id, by_position;
} nrs_withdrawn_mark;

/* ---- In memory ---- */

static nrs_error remember(nrs_core *core, const uint8_t *id, uint64_t position)
{
    nrs_withdrawn_mark *mark = calloc(1, sizeof *mark);

    if (mark == NULL) {
        return NRS_ERROR_NO_MEMORY;
    }
    memcpy(mark->id, id, NRS_HASH_SIZE);
    mark->position = position;
    HASH_ADD(by_id, core->withdrawn_by_id, id, NRS_HASH_SIZE, mark);
    if (position != 0) {
        HASH_ADD(by_position, core->withdrawn_by_position, position, sizeof mark->position, mark);
    }
    core->withdrawn_any = true;
    return NRS_OK;
}

static nrs_error load_one(void *context, const nrs_withdrawal_row *row)
{
    return row->proof.size == 0 ? NRS_OK : remember(context, row->id, row->position); /* one without is carried on */
}

nrs_error nrs_withdrawals_load(nrs_core *core)
{
    nrs_error error = nrs_store_withdrawal_any(core->store, &core->withdrawn_any);

    NRS_ASSERT(core->withdrawn_by_id == NULL && core->withdrawn_by_position == NULL);
    if (error == NRS_OK && core->withdrawn_any) {
        error = nrs_store_withdrawal_each(core->store, core->now_ms, load_one, core);
    }
    return error == NRS_OK ? nrs_follows_load(core) : error;
}

void nrs_withdrawals_wipe(nrs_core *core)
{
    nrs_withdrawn_mark *mark, *next;

    HASH_CLEAR(by_position, core->withdrawn_by_position);
    HASH_ITER (by_id, core->withdrawn_by_id, mark, next) {
        HASH_DELETE(by_id, core->withdrawn_by_id, mark);
        free(mark);
    }
}

bool nrs_withdrawn(const nrs_core *core, const uint8_t id[NRS_HASH_SIZE])
{
    nrs_withdrawn_mark *mark = NULL;

    if (core->withdrawn_by_id != NULL) {
        HASH_FIND(by_id, core->withdrawn_by_id, id, NRS_HASH_SIZE, mark);
    }
    return mark != NULL;
}

bool nrs_withdrawn_at(const nrs_core *core, uint64_t position)
{
    nrs_withdrawn_mark *mark = NULL;

    if (core->withdrawn_by_position != NULL) {
        HASH_FIND(by_position, core->withdrawn_by_position, &position, sizeof position, mark);
    }
    return mark != NULL;
}

/* ---- Keeping ---- */

uint64_t nrs_withdrawal_forgotten_at(nrs_core *core, const nrs_report_row *row)
{
    const nrs_community *community = nrs_community_by_id(core, row->community);
    const uint32_t rule = community == NULL ? 0 : community->roster->rules->withdrawn;

    if (row->part != NRS_PART_RECEIVED || row->key_state == NRS_KEY_FORGOTTEN || (row->opened_ms != 0 && rule == 0)) {
        return 0;
    }
    return row->opened_ms == 0 || rule == 1 ? AT_ONCE : core->now_ms + (rule - 1) * NRS_DAY_MS;
}

/* What was withdrawn is not missing from its stream, whether or not it has come. */
static nrs_error fill_place(nrs_core *core, const nrs_withdrawal_view *view)
{
    nrs_sealed_view seen = {.header = view->header};

    memcpy(seen.id, view->id, NRS_HASH_SIZE);
    return nrs_key_ours(core, view->header->originator.data) ? NRS_OK : nrs_stream_take_unopened(core, &seen);
}

/* Of a report that has not come: whoever was to have it finds it in its list, as one that stays closed. A hub that would only have carried it
 * is told no reason, and lists nothing. */
static bool was_for_us(nrs_core *core, const nrs_withdrawal_view *view, const nrs_statement *statement)
{
    const nrs_community *community = nrs_community_by_id(core, view->header->community.data);

    return community != NULL && community->member && (!community->hub || statement->reason[0] != '\0');
}

static nrs_error list_unseen(nrs_core *core, nrs_withdrawal_row *row, const nrs_withdrawal_view *view, const nrs_statement *statement)
{
    const nrs_header *header = view->header;
    const nrs_slice none = {0};
    uint8_t place[NRS_HASH_SIZE];
    nrs_report_row report = {.id = view->id, .community = header->community.data, .originator = header->originator.data, .label = header->label,
                             .urgency = header->urgency, .flags = nrs_report_flags(header), .created_ms = header->created_ms,
                             .expires_ms = header->expires_ms, .received_ms = core->now_ms, .part = NRS_PART_RECEIVED, .key_state = NRS_KEY_WITHDRAWN};
    nrs_error error;

    if (row->position != 0 || !was_for_us(core, view, statement)) {
        return NRS_OK;
    }
    nrs_hash_one(place, NRS_DOMAIN_STATEMENT_ID, nrs_field(&statement->detail));
    error = nrs_log_add(core, &report.position, NRS_RECORD_ENVELOPE, place, none, none, none, row->until_ms);
    if (error == NRS_OK) {
        error = nrs_store_report_add(core->store, &report);
    }
    row->listed = report.position;
    return error;
}

nrs_error nrs_withdrawal_keep(nrs_core *core, bool *new_out, const nrs_withdrawal_view *view, const nrs_statement *statement)
{
    nrs_bytes holder = {0};
    nrs_report_row report;
    nrs_withdrawal_row row = {.id = view->id, .at_ms = view->value->at_ms, .received_ms = core->now_ms, .originator = view->header->originator.data,
                              .until_ms = view->header->expires_ms + NRS_REPORT_LIFE_MS_MAX, .person = statement->person,
                              .reason = statement->reason, .proof = nrs_field(&statement->detail)};
    nrs_error error = nrs_store_log_find(core->store, &row.position, view->id);

    if (error == NRS_OK) {
        error = nrs_store_report_get(core->store, &report, &holder, view->id);
    }
    if (error == NRS_OK) {
        row.position = report.position; /* one that was announced stands where its notice does */
        row.forget_ms = nrs_withdrawal_forgotten_at(core, &report);
    } else if (error == NRS_ERROR_NOT_FOUND) {
        error = list_unseen(core, &row, view, statement);
    }
    if (error == NRS_OK) {
        error = nrs_store_withdrawal_add(core->store, new_out, &row);
    }
    if (error == NRS_OK && !*new_out) { /* it came first by a hub, which was told no words */
        error = nrs_store_withdrawal_set_words(core->store, view->id, statement->person, statement->reason);
    }
    if (error == NRS_OK && *new_out) {
        error = remember(core, view->id, row.position);
    }
    if (error == NRS_OK && *new_out) {
        error = fill_place(core, view);
    }
    nrs_bytes_wipe(&holder);
    return error;
}

/* ---- From a peer ---- */

/* What it says beside is the originator's as well, or it says nothing. */
static nrs_error check_words(const nrs_withdrawal_view *view, const nrs_statement *statement)
{
    uint8_t words[NRS_HASH_SIZE];
    nrs_error error;

    if (statement->reference.len == 0) {
        return NRS_OK;
    }
    error = nrs_withdrawal_commit(words, statement->reference.data, &(nrs_withdrawal_words){statement->reason, statement->person, statement->user});
    if (error == NRS_OK && !nrs_slice_equal(nrs_field(&view->value->words), nrs_slice_of(words, sizeof words))) {
        error = NRS_ERROR_FORGED;
    }
    return error;
}

/* Only its originator takes a report back; a hub may pass on its word, which is signed. */
static nrs_error check(nrs_core *core, const nrs_peer *from, const nrs_withdrawal_view *view, const nrs_statement *statement)
{
    const nrs_community *community = nrs_community_by_id(core, view->header->community.data);
    const uint8_t *signer = view->outer->signer.data;
    uint64_t unseen = 0;
    nrs_error error;

    if (memcmp(view->id, statement->sealed_id.data, NRS_HASH_SIZE) != 0) {
        return NRS_ERROR_FORGED;
    }
    if (!nrs_key_follows(core, view->header->originator.data, signer)) {
        return NRS_ERROR_NOT_ORIGINATOR;
    }
    if (community == NULL) {
        return NRS_ERROR_NOT_MEMBER;
    }
    if (!nrs_may_hand_over(core, from, community, signer)) { /* but whoever let this node in tells it */
        error = community->member ? NRS_ERROR_NOT_MEMBER : nrs_let_in_by(core, view->id, from->keys.sign_key);
        if (error != NRS_OK) {
            return error;
        }
    }
    if (nrs_clock_ahead(core, view->header->created_ms)) {
        return NRS_ERROR_CLOCK;
    }
    error = check_words(view, statement);
    if (error == NRS_OK) {
        error = nrs_store_withdrawal_unseen(core->store, &unseen, view->header->originator.data);
    }
    return error == NRS_OK && unseen >= NRS_WITHDRAWN_UNSEEN_MAX ? NRS_ERROR_LIMIT : error;
}

static nrs_error note(nrs_core *core, nrs_peer *from, const nrs_statement *statement, const nrs_header *header, nrs_error rule)
{
    const bool withheld = header != NULL && header->attribution == NRS_ATTRIBUTION_WITHHELD;
    const nrs_audit_what what = {.event = NRS_AUDIT_WITHDRAW, .rule = rule, .unnamed = withheld && rule != NRS_ERROR_NOT_ORIGINATOR, .about = nrs_field(&statement->sealed_id),
                                 .detail = header == NULL ? NULL : nrs_label_name((nrs_label)header->label)};

    if (rule != NRS_OK && what.unnamed) {
        nrs_core_log(core, rule, "a withheld source's withdrawal is refused: %s", nrs_error_rule(rule));
    } else if (rule != NRS_OK) {
        nrs_core_complain(core, from, rule, "its withdrawal of a report is refused: %s", nrs_error_rule(rule));
    } else {
        nrs_core_log(core, NRS_OK, "withdrawn by %s: TLP:%s", withheld ? "its withheld source" : from->org, nrs_label_name((nrs_label)header->label));
    }
    return nrs_audit_add_from(core, from, &what);
}

nrs_error nrs_withdrawal_take(nrs_core *core, nrs_peer *from, const nrs_statement *statement)
{
    nrs_withdrawal_view view = {0};
    bool fresh = false, answered = false;
    nrs_error error = nrs_withdrawal_verify(&view, nrs_field(&statement->detail));

    if (error == NRS_OK) {
        error = check(core, from, &view, statement);
    }
    if (nrs_error_is_verdict(error)) {
        error = note(core, from, statement, view.header, error);
        goto out;
    }
    if (error == NRS_OK) {
        error = nrs_withdrawal_keep(core, &fresh, &view, statement);
    }
    if (error == NRS_OK && fresh) {
        error = note(core, from, statement, view.header, NRS_OK);
    }
    if (error == NRS_OK && fresh) { /* whom this hub let in beside the addressed hears of it from here */
        error = nrs_let_in_tell(core, view.id, statement);
    }
    if (error == NRS_OK && fresh) {
        error = nrs_withdrawal_spread(core);
    }
    if (error == NRS_OK && fresh && view.header->attribution == NRS_ATTRIBUTION_WITHHELD) {
        error = nrs_take_back(core, &answered, &view);
    }
    if (error == NRS_OK && fresh && !answered) {
        error = nrs_receipt_queue(core, view.header, view.id, NRS_STAGE_WITHDRAWN, "", "");
    }
out:
    nrs_withdrawal_view_wipe(&view);
    return error;
}

/* ---- Keys that go ---- */

typedef struct due_list {
    uint8_t ids[DESTROYED_PER_TICK][NRS_HASH_SIZE];
    bool carried[DESTROYED_PER_TICK]; /* for the text that it passes on: its bytes say of whom it is, and are handed on */
    size_t count;
    bool trusted;
} due_list;

static nrs_error add_due(void *context, const nrs_withdrawal_row *row)
{
    due_list *due = context;

    if (row->forget_ms != AT_ONCE && !due->trusted) {
        return NRS_OK; /* by its date only when the clock is sure */
    }
    memcpy(due->ids[due->count], row->id, NRS_HASH_SIZE);
    due->carried[due->count] = row->proof.size == 0;
    due->count++;
    return due->count == DESTROYED_PER_TICK ? NRS_ERROR_LIMIT : NRS_OK;
}

/* What a person has forgotten meanwhile stays forgotten. */
static nrs_error leave_out_forgotten(nrs_core *core, due_list *due)
{
    size_t kept = 0;
    nrs_error error = NRS_OK;

    for (size_t i = 0; i < due->count && error == NRS_OK; i++) {
        nrs_bytes holder = {0};
        nrs_report_row row;

        error = nrs_store_report_get(core->store, &row, &holder, due->ids[i]);
        if (error == NRS_OK && row.key_state != NRS_KEY_FORGOTTEN) {
            memmove(due->ids[kept], due->ids[i], NRS_HASH_SIZE);
            due->carried[kept] = due->carried[i];
            kept++;
        } else if (error == NRS_OK || error == NRS_ERROR_NOT_FOUND) {
            error = nrs_store_withdrawal_set_forget(core->store, due->ids[i], 0);
        }
        nrs_bytes_wipe(&holder);
    }
    due->count = kept;
    return error;
}

/* The row stays, without what opened it: it says what was withdrawn. */
static nrs_error settle_one(nrs_core *core, const uint8_t *id, bool carried)
{
    nrs_bytes holder = {0};
    nrs_report_row row;
    const nrs_community *community;
    nrs_audit_what what = {.event = NRS_AUDIT_FORGET, .rule = NRS_OK, .about = nrs_slice_of(id, NRS_HASH_SIZE)};
    nrs_error error = nrs_store_report_get(core->store, &row, &holder, id);

    if (error != NRS_OK) {
        goto out;
    }
    community = nrs_community_by_id(core, row.community);
    what.detail = nrs_label_name((nrs_label)row.label);
    row.key_state = NRS_KEY_WITHDRAWN;
    row.segment = 0;
    row.wrapped_key = row.annex = nrs_slice_of(NULL, 0);
    error = nrs_store_report_update(core->store, &row);
    if (error == NRS_OK) {
        error = nrs_store_slot_delete(core->store, id);
    }
    if (error == NRS_OK && !carried && (community == NULL || !nrs_key_hub_here(core, community))) {
        error = nrs_store_log_drop(core->store, row.position);
        nrs_log_cache_wipe(core);
    }
    if (error == NRS_OK) {
        error = nrs_audit_add(core, &what);
    }
out:
    nrs_bytes_wipe(&holder);
    return error == NRS_ERROR_NOT_FOUND ? NRS_OK : error;
}

nrs_error nrs_withdrawal_tick(nrs_core *core)
{
    due_list due = {.trusted = nrs_clock_trusted(core)};
    nrs_error error;

    if (!core->withdrawn_any) {
        return NRS_OK;
    }
    error = nrs_withdrawal_spread(core);
    if (error != NRS_OK) {
        return error;
    }
    error = nrs_store_withdrawal_due(core->store, core->now_ms, DESTROYED_PER_TICK, add_due, &due);
    if (error == NRS_OK && due.count > 0) {
        error = leave_out_forgotten(core, &due);
    }
    if (error != NRS_OK || due.count == 0) {
        return error;
    }
    error = nrs_vault_destroy_entries(core, (const uint8_t(*)[NRS_HASH_SIZE])due.ids, due.count, NULL, 0);
    if (error == NRS_ERROR_BUSY) {
        return NRS_OK; /* no room for a secret now: with the next tick */
    }
    for (size_t i = 0; i < due.count && error == NRS_OK; i++) {
        error = settle_one(core, due.ids[i], due.carried[i]);
        if (error == NRS_OK) {
            error = nrs_store_withdrawal_set_forget(core->store, due.ids[i], 0);
        }
    }
    return error;
}
