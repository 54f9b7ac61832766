/* accept and decline: a person's word about the disclaimers that a report names, kept here and sent to the originator as a
 * signed receipt (SPEC 5.3, 8.1); and the same word as it arrives there. */
#include <string.h>

#include "audit/audit.h"
#include "link/log.h"
#include "link/look_up.h"
#include "prekeys/key_change.h"
#include "report/onward.h"
#include "report/withdrawal.h"
#include "rules/edges.h"
#include "withheld/withheld.h"

static const char hint_received[] = "What this node has sent is open here; the disclaimers are for those who receive it.";
static const char hint_person[] = "Act as the person it is addressed to: noroshi --as PERSON accept ID.";
static const char hint_late[] = "No key is granted after the expiry: ask its sender to send it again.";
static const char hint_reason[] = "Say why, for the originator to read: --reason TEXT.";

typedef struct decision {
    nrs_bytes holder;
    nrs_report_row row;
    nrs_header_seen seen;
    char address[NRS_ADDRESS_SIZE_MAX + 1];
    const char *person, *reason;
    char user[NRS_USER_SIZE_MAX + 1];
    nrs_stage stage;
    nrs_disclaimer_state before;
    nrs_bytes hashes;
} decision;

static void decision_wipe(decision *it)
{
    nrs_bytes_wipe(&it->hashes);
    nrs_header_seen_wipe(&it->seen);
    nrs_bytes_wipe(&it->holder);
}

/* ---- Who acts ---- */

/* Under RED each named person speaks for itself; else one person, or the desk, for the organisation. */
static nrs_error find_actor(nrs_core *core, nrs_answer *answer, decision *it, const json_t *request)
{
    const Nrs__Wire__PersonEntry *person = NULL;
    bool has_slot = false;
    nrs_error error = NRS_OK;

    it->person = nrs_request_text(request, "person");
    if (it->person != NULL) {
        error = nrs_command_person(core, answer, &person, it->person);
    }
    if (error == NRS_OK && it->row.label == NRS_LABEL_RED) {
        if (person != NULL) {
            error = nrs_person_has_slot(core, &has_slot, it->row.id, person);
        }
        if (error == NRS_OK && !has_slot) {
            return nrs_refuse(answer, NRS_ERROR_PERSON_ONLY, hint_person, "TLP:RED is accepted or declined by the persons it is addressed to.");
        }
    }
    if (answer->user != NULL && strlen(answer->user) <= NRS_USER_SIZE_MAX && nrs_utf8_valid(nrs_slice_of_string(answer->user)) &&
        answer->user[strcspn(answer->user, "\r\n")] == '\0') {
        memcpy(it->user, answer->user, strlen(answer->user) + 1);
    }
    return error;
}

/* ---- What is decided ---- */

static nrs_error all_hashes(nrs_bytes *hashes_out, const nrs_header *header)
{
    nrs_error error = NRS_OK;

    for (size_t i = 0; i < header->n_disclaimers && error == NRS_OK; i++) {
        error = nrs_bytes_append(hashes_out, nrs_field(&header->disclaimers[i]));
    }
    return error;
}

/* Nobody accepts a text that this node cannot show. */
static nrs_error check_texts(nrs_core *core, nrs_answer *answer, decision *it)
{
    nrs_disclaimer_state state = NRS_DISCLAIMER_NONE;
    nrs_verdict verdict;
    nrs_error error = nrs_header_seen_load(core, &it->seen, &it->row);

    if (error == NRS_ERROR_NOT_FOUND) {
        return nrs_refuse(answer, error, NULL, "The report's bytes are forgotten.");
    }
    if (error == NRS_OK && it->seen.header->n_disclaimers == 0) {
        return nrs_refuse(answer, NRS_ERROR_USAGE, NULL, "The report names no disclaimer: there is nothing to accept or decline.");
    }
    if (error == NRS_OK) {
        error = nrs_disclaimers_named(core, &state, it->seen.header, NRS_PLACE_OPEN, 0);
    }
    if (error == NRS_OK && state != NRS_DISCLAIMER_WAITING) {
        verdict = nrs_policy_disclaimer(NRS_PLACE_READ, state);
        return nrs_refuse(answer, verdict.error, verdict.allowed, "The report stays closed: %s.", nrs_error_sentence(verdict.error));
    }
    if (error == NRS_OK) {
        nrs_reader_address(core, it->address, &it->row, it->person);
        error = nrs_disclaimers_decided(core, &it->before, NULL, it->row.position, it->address);
    }
    if (error == NRS_OK && it->before == NRS_DISCLAIMER_ACCEPTED && it->stage == NRS_STAGE_DECLINED) {
        return nrs_refuse(answer, NRS_ERROR_EXISTS, NULL, "The disclaimer has been accepted already.");
    }
    if (error == NRS_OK && it->before != NRS_DISCLAIMER_ACCEPTED && it->stage == NRS_STAGE_ACCEPTED && it->row.key_state == NRS_KEY_NONE &&
        (it->seen.header->flags & NRS_HEADER_UNLOCK_ON_ACCEPT) != 0 && nrs_clock_expired(core, it->row.expires_ms)) { /* it would unlock nothing */
        return nrs_refuse(answer, NRS_ERROR_EXPIRED, hint_late, "The report is past its expiry.");
    }
    return error == NRS_OK ? all_hashes(&it->hashes, it->seen.header) : error;
}

/* What this node says of it to the originator. Borrows from both. */
static nrs_statement statement_of(const uint8_t sealed_id[NRS_HASH_SIZE], const nrs_decision_row *row)
{
    nrs_statement statement;

    nrs__wire__statement__init(&statement);
    statement.type = NRS_STATEMENT_RECEIPT;
    statement.sealed_id = nrs_field_of(nrs_slice_of(sealed_id, NRS_HASH_SIZE));
    statement.at_ms = row->at_ms;
    statement.stage = row->stage;
    statement.person = (char *)(uintptr_t)row->person; /* only read */
    statement.user = (char *)(uintptr_t)row->user;
    statement.reason = (char *)(uintptr_t)row->reason;
    statement.detail = nrs_field_of(row->hashes);
    return statement;
}

typedef struct cited {
    const nrs_core *core;
    const uint8_t *sealed_id;
    nrs_slice reference;
    bool ours;
} cited;

static nrs_error look_at_accepted(void *context, const nrs_decision_row *row)
{
    cited *it = context;
    const nrs_statement statement = statement_of(it->sealed_id, row);
    uint8_t id[NRS_HASH_SIZE];
    nrs_bytes bytes = {0};
    nrs_error error = row->stage == NRS_STAGE_ACCEPTED ? nrs_statement_encode(&bytes, &statement) : NRS_ERROR_NOT_FOUND;

    if (error == NRS_OK) {
        nrs_statement_by(id, it->core->self.sign_key, nrs_slice_of_bytes(&bytes));
        it->ours = it->ours || nrs_slice_equal(nrs_slice_of(id, sizeof id), it->reference);
    }
    if (error == NRS_OK && it->core->former != NULL) {
        nrs_statement_by(id, it->core->former_keys.sign_key, nrs_slice_of_bytes(&bytes));
        it->ours = it->ours || nrs_slice_equal(nrs_slice_of(id, sizeof id), it->reference);
    }
    nrs_bytes_wipe(&bytes);
    return error == NRS_ERROR_NOT_FOUND ? NRS_OK : error;
}

/* It may have left under another key than it was made under: a change of keys came between. */
nrs_error nrs_acceptance_ours(nrs_core *core, bool *ours_out, const nrs_report_row *report, nrs_slice reference)
{
    cited it = {.core = core, .sealed_id = report->id, .reference = reference};
    nrs_error error = nrs_store_decision_each(core->store, report->position, look_at_accepted, &it);

    *ours_out = it.ours;
    return error;
}

/* Kept, and on its way to the originator, in one transaction. */
static nrs_error write(nrs_core *core, decision *it)
{
    nrs_statement statement;
    nrs_bytes bytes = {0};
    uint8_t id[NRS_HASH_SIZE];
    bool fresh = false;
    nrs_decision_row kept = {.report = it->row.position, .address = it->address, .stage = (uint32_t)it->stage, .at_ms = core->now_ms,
                             .person = it->person == NULL ? "" : it->person, .user = it->user, .reason = it->reason, .statement = id};
    nrs_error error;

    kept.hashes = nrs_slice_of_bytes(&it->hashes);
    statement = statement_of(it->row.id, &kept);
    error = nrs_statement_encode(&bytes, &statement);
    if (error == NRS_OK) {
        nrs_statement_by(id, core->self.sign_key, nrs_slice_of_bytes(&bytes));
        error = nrs_store_decision_add(core->store, &fresh, &kept);
    }
    if (error == NRS_OK && fresh) {
        error = nrs_statement_to_originator(core, it->seen.header, &statement);
    }
    nrs_bytes_wipe(&bytes);
    return nrs_command_written(core, error);
}

static nrs_error describe(nrs_core *core, nrs_row *row, const decision *it)
{
    nrs_row_hex(row, "id", it->row.id, NRS_HASH_SIZE);
    nrs_row_text(row, "label", nrs_label_name((nrs_label)it->row.label));
    return nrs_edge_describe(core, row, &it->row, it->seen.header, it->person);
}

static nrs_error decide(nrs_core *core, nrs_answer *answer, const json_t *request, nrs_stage stage)
{
    decision it = {.stage = stage};
    nrs_disclaimer_state reached = stage == NRS_STAGE_ACCEPTED ? NRS_DISCLAIMER_ACCEPTED : NRS_DISCLAIMER_DECLINED;
    nrs_row row = nrs_row_begin();
    nrs_error error = nrs_command_report(core, answer, &it.row, &it.holder, nrs_request_text(request, "id"));

    if (error == NRS_OK && it.row.part != NRS_PART_RECEIVED) {
        error = nrs_refuse(answer, NRS_ERROR_USAGE, hint_received, "This node has sent the report itself.");
    }
    if (error == NRS_OK) {
        error = find_actor(core, answer, &it, request);
    }
    if (error == NRS_OK) {
        error = nrs_request_reason(answer, &it.reason, request, it.stage == NRS_STAGE_DECLINED ? hint_reason : NULL);
    }
    if (error == NRS_OK) {
        error = nrs_withdrawal_check(core, answer, &it.row, NRS_PLACE_QUOTE, it.person);
    }
    if (error == NRS_OK) {
        error = check_texts(core, answer, &it);
    }
    if (error == NRS_OK && it.before != reached) {
        error = write(core, &it);
        nrs_core_log(core, error, "%s: the disclaimers of a report, TLP:%s", stage == NRS_STAGE_ACCEPTED ? "accepted" : "declined",
                     nrs_label_name((nrs_label)it.row.label));
    }
    if (error == NRS_OK) {
        error = nrs_command_written(core, describe(core, &row, &it));
    }
    if (error == NRS_OK) {
        nrs_row_flag(&row, "changed", it.before != reached);
        error = nrs_row_end(&row, answer->rows);
    }
    nrs_row_discard(&row);
    decision_wipe(&it);
    return error;
}

nrs_error nrs_command_accept(nrs_core *core, nrs_answer *answer, const json_t *request)
{
    return decide(core, answer, request, NRS_STAGE_ACCEPTED);
}

nrs_error nrs_command_decline(nrs_core *core, nrs_answer *answer, const json_t *request)
{
    return decide(core, answer, request, NRS_STAGE_DECLINED);
}

/* ---- At the originator ---- */

typedef struct arrival {
    nrs_core *core;
    const uint8_t *whose; /* signing key of who decided */
    const nrs_statement *statement;
    nrs_decision_row row;
    bool any, awaited, fresh;
} arrival;

static bool decides_for(const arrival *it, const nrs_recipient_row *recipient)
{
    const char *at = strchr(recipient->address, '@');
    const char *person = it->statement->person;

    return nrs_key_follows(it->core, recipient->org, it->whose) &&
           (recipient->person == NULL || /* under RED a person speaks for itself alone */
            ((size_t)(at - recipient->address) == strlen(person) && strncmp(recipient->address, person, strlen(person)) == 0));
}

/* Whether it is said by one who was sent the report, and for the first time. */
static nrs_error await(void *context, const nrs_recipient_row *recipient)
{
    arrival *it = context;
    bool has = false;
    nrs_error error;

    if (!decides_for(it, recipient)) {
        return NRS_OK;
    }
    it->any = true;
    error = nrs_store_decision_has(it->core->store, &has, recipient->report, recipient->address, it->statement->stage);
    it->awaited = it->awaited || !has;
    return error;
}

static nrs_error note(void *context, const nrs_recipient_row *recipient)
{
    arrival *it = context;
    bool fresh = false;
    nrs_error error;

    if (!decides_for(it, recipient)) {
        return NRS_OK;
    }
    it->row.report = recipient->report;
    it->row.address = recipient->address;
    error = nrs_store_receipt_add(it->core->store, &fresh, recipient->report, recipient->address, it->statement->stage, it->statement->at_ms, it->statement->person);
    if (error == NRS_OK) {
        error = nrs_store_decision_add(it->core->store, &fresh, &it->row);
        it->fresh = it->fresh || fresh;
    }
    if (error == NRS_OK && recipient->locked && it->statement->stage == NRS_STAGE_ACCEPTED) {
        error = nrs_store_recipient_unlock(it->core->store, recipient->report, recipient->org);
        if (error == NRS_OK) {
            error = nrs_directory_arrived(it->core, recipient->org); /* granted before this step ends */
        }
    }
    return error;
}

/* For the texts that the report names, and no others: for that its header is read. Who names others has it read for nothing: an honest one has them
 * of the header itself. */
static nrs_error check_hashes(const arrival *it, nrs_peer *from, const nrs_report_row *report)
{
    const nrs_slice detail = nrs_field(&it->statement->detail);
    const uint64_t read = it->core->sealed_read;
    nrs_sealed_view *view = NULL;
    nrs_bytes hashes = {0};
    uint64_t position = 0;
    nrs_error error = nrs_log_sealed(it->core, &view, &position, report->id);

    if (error == NRS_OK) {
        error = all_hashes(&hashes, view->header);
    }
    if (error == NRS_OK && (detail.size == 0 || !nrs_slice_equal(nrs_slice_of_bytes(&hashes), detail))) {
        error = NRS_ERROR_DISCLAIMER_UNKNOWN;
    }
    if (it->core->sealed_read != read && nrs_error_is_verdict(error)) {
        nrs_look_up_note(it->core, &from->idle_statements);
    }
    nrs_bytes_wipe(&hashes);
    nrs_sealed_view_free(&view);
    return error;
}

nrs_error nrs_decision_take(nrs_core *core, bool *named_out, nrs_peer *from, const nrs_report_row *report, const uint8_t whose[NRS_KEY_SIZE], const nrs_statement *statement,
                            nrs_slice bytes)
{
    uint8_t id[NRS_HASH_SIZE];
    arrival it = {.core = core, .whose = whose, .statement = statement};
    nrs_error entered = NRS_OK;
    nrs_error error = report->part == NRS_PART_CARRIED ? NRS_ERROR_NOT_FOUND : nrs_recipients_of(core, report->position, whose, await, &it);

    if (error == NRS_OK && !it.any) {
        error = NRS_ERROR_NOT_FOUND;
    }
    if (error == NRS_OK && it.awaited) {
        error = check_hashes(&it, from, report);
    }
    if (error == NRS_OK && it.awaited) {
        nrs_statement_by(id, from->keys.sign_key, bytes);
        it.row = (nrs_decision_row){.stage = statement->stage, .at_ms = statement->at_ms, .person = statement->person, .user = statement->user,
                                    .reason = statement->reason, .statement = id, .hashes = nrs_field(&statement->detail)};
        error = nrs_recipients_of(core, report->position, whose, note, &it);
    }
    *named_out = error != NRS_ERROR_DISCLAIMER_UNKNOWN;
    if (it.fresh || nrs_error_is_verdict(error)) {
        const nrs_audit_what what = {.event = statement->stage == NRS_STAGE_ACCEPTED ? NRS_AUDIT_ACCEPT : NRS_AUDIT_DECLINE, .rule = error,
                                     .person = statement->person, .about = nrs_field(&statement->sealed_id), .detail = nrs_label_name((nrs_label)report->label)};

        entered = nrs_audit_add_from(core, from, &what);
    }
    if (nrs_error_is_verdict(error)) {
        nrs_core_complain(core, from, error, "its word on a disclaimer is for another report, or for texts that the report does not name: %s",
                          nrs_error_rule(error));
        error = NRS_OK;
    }
    return error == NRS_OK ? entered : error;
}
