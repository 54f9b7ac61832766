/* release grant and release deny (SPEC 6.12): the source answers. */
#include <string.h>

#include "audit/audit.h"
#include "command/command_quote.h"
#include "command/command_release.h"
#include "prekeys/key_change.h"
#include "report/onward.h"
#include "report/withdrawal.h"
#include "rules/edges.h"
#include "withheld/withheld.h"

static const char hint_label[] = "TLP:CLEAR may be passed on without asking; TLP:RED stays with the persons whom its writer names.";
static const char hint_source[] = "The node has put it before the source, whose answer it gives at its tick. To refuse it here: noroshi release deny.";
static const char hint_named[] = "The hub passes it on to who asked: write it so that it does not say who you are.";
static const char hint_unnamed[] = "Leave --name-source out: the hub that vouches names no source.";
static const char hint_demanded[] = "Release it under the label that it has, or send it anew with the disclaimer.";
static const char hint_list[] = "The command noroshi release list shows the asks and their answers.";

static char *text_field(const char *text)
{
    return (char *)(uintptr_t)text; /* only read */
}

typedef struct answering {
    nrs_ask_held held;
    nrs_bytes holder;
    nrs_report_row row;
    nrs_sealed_view *view;
    const char *person;
    bool guest; /* who asks is of another community, and was let in by this node, which grants itself */
    uint8_t guest_community[NRS_HASH_SIZE];
} answering;

static void answering_wipe(answering *it)
{
    nrs_sealed_view_free(&it->view);
    nrs_bytes_wipe(&it->holder);
    nrs_ask_held_wipe(&it->held);
}

static nrs_error find_ask(nrs_core *core, nrs_answer *answer, answering *it, const json_t *request)
{
    const char *text = nrs_request_text(request, "id");
    char report[2 * NRS_HASH_SIZE + 1];
    uint8_t id[NRS_HASH_SIZE];
    uint64_t position = 0;
    size_t size = text == NULL ? 0 : strlen(text);
    nrs_error error = size < 6 || size > 2 * NRS_HASH_SIZE || strspn(text, "0123456789abcdef") != size ? NRS_ERROR_USAGE : nrs_store_ask_find(core->store, id, text);

    if (error == NRS_OK) {
        error = nrs_ask_load(core, &it->held, id);
    }
    if (error != NRS_OK) {
        return nrs_error_is_verdict(error) ? nrs_refuse(answer, error, hint_list, "%.80s: no ask for wider sharing has this ID.", text == NULL ? "" : text) : error;
    }
    nrs_hex_encode(report, it->held.row.report, NRS_HASH_SIZE);
    error = nrs_command_report(core, answer, &it->row, &it->holder, report);
    if (error == NRS_OK && it->held.row.mine) {
        return nrs_refuse(answer, NRS_ERROR_NOT_ORIGINATOR, hint_list, "This node has asked itself; the source answers.");
    }
    if (error == NRS_OK && it->held.row.state != NRS_ASK_OPEN) {
        return nrs_refuse(answer, NRS_ERROR_EXISTS, hint_list, "The ask has been answered already.");
    }
    if (error == NRS_OK) {
        error = nrs_release_person(core, answer, &it->person, request);
    }
    if (error == NRS_OK && nrs_peer_by_sign(core, it->held.row.org) != NULL) {
        error = nrs_ask_guest(core, &it->guest, it->guest_community, &it->row, nrs_peer_by_sign(core, it->held.row.org));
    }
    if (error == NRS_OK && (it->row.flags & NRS_REPORT_WITHHELD) != 0) { /* nobody hears who it was */
        it->person = "";
    }
    return error == NRS_OK ? nrs_log_sealed(core, &it->view, &position, it->row.id) : error;
}

/* A guest is no member, whose grants nobody would take: the holder is this node. */
static nrs_error grant_here(nrs_core *core, const answering *it, const nrs_statement *statement)
{
    nrs_ask *ask = NULL;
    nrs_error error = nrs_ask_decode(&ask, it->held.row.ask);

    if (error == NRS_OK) {
        error = nrs_release_use(core, NULL, &it->row, ask, &it->held.row, statement);
    }
    nrs_ask_free(&ask);
    return error;
}

/* The answer is kept here and sent to who asked. */
static nrs_error write_answer(nrs_core *core, answering *it, nrs_ask_row *answered, nrs_statement_type type)
{
    nrs_statement statement;
    bool changed = false;
    nrs_error error;

    answered->answered_ms = core->now_ms;
    answered->answerer = it->person;
    nrs__wire__statement__init(&statement);
    statement.type = (uint32_t)type;
    statement.sealed_id = nrs_field_of(nrs_slice_of(it->row.id, NRS_HASH_SIZE));
    statement.at_ms = core->now_ms;
    statement.person = text_field(it->person);
    statement.reason = text_field(answered->answer);
    statement.reference = nrs_field_of(nrs_slice_of(answered->id, NRS_HASH_SIZE));
    statement.detail = nrs_field_of(answered->release);
    error = it->guest && type == NRS_STATEMENT_RELEASE ? grant_here(core, it, &statement) : NRS_OK;
    if (error == NRS_OK) {
        error = nrs_store_ask_answer(core->store, &changed, answered);
    }
    if (error == NRS_OK && (it->row.flags & NRS_REPORT_WITHHELD) != 0) { /* on its own line with the hub, which answers in its own name */
        error = nrs_direct_queue(core, answered->org, it->view->header, &statement);
    } else if (error == NRS_OK) {
        error = nrs_statement_queue(core, answered->org, it->guest ? it->guest_community : it->row.community, &statement);
    }
    return nrs_command_written(core, error);
}

/* What the release states holds in the place of the header's; of each that it does not state, the header's stays. */
static nrs_conditions conditions_of(const nrs_header *header, nrs_conditions given)
{
    const uint32_t told = NRS_CONDITION_TELL_AFFECTED | NRS_CONDITION_AFFECTED_NOT_TOLD;
    const uint32_t named = NRS_CONDITION_NAME_SOURCE | NRS_CONDITION_SOURCE_NOT_NAMED;
    const nrs_conditions held = nrs_header_conditions(header);
    nrs_conditions merged = held;

    merged.permissible_actions = given.permissible_actions != 0 ? given.permissible_actions : held.permissible_actions;
    merged.flags = (merged.flags & ~told) | ((given.flags & told) != 0 ? given.flags & told : held.flags & told);
    merged.flags = (merged.flags & ~named) | ((given.flags & named) != 0 ? given.flags & named : held.flags & named);
    merged.flags |= given.flags & NRS_CONDITION_NOT_FOR_SUPERVISION;
    return merged;
}

static nrs_error sign_release(nrs_core *core, nrs_bytes *payload_out, const answering *it, const nrs_ask *ask, nrs_label label, nrs_conditions conditions,
                              uint64_t expires_ms)
{
    Nrs__Wire__Conditions held;
    uint8_t commitment[NRS_HASH_SIZE];
    nrs_release release;

    nrs_ask_commitment(commitment, ask);
    nrs__wire__release__init(&release);
    nrs__wire__conditions__init(&held);
    release.suite = NRS_SUITE;
    release.sealed_id = nrs_field_of(nrs_slice_of(it->row.id, NRS_HASH_SIZE));
    release.holder = nrs_field_of(nrs_slice_of(it->guest ? core->self.sign_key : it->held.row.org, NRS_KEY_SIZE));
    release.audience_commitment = nrs_field_of(nrs_slice_of(commitment, sizeof commitment));
    release.community = ask->community;
    release.label = (uint32_t)label;
    held.permissible_actions = conditions.permissible_actions;
    held.flags = conditions.flags;
    if (held.permissible_actions != 0 || held.flags != 0) {
        release.conditions = &held;
    }
    release.created_ms = core->now_ms;
    release.expires_ms = expires_ms;
    release.ask = nrs_field_of(nrs_slice_of(it->held.row.id, NRS_HASH_SIZE));
    return nrs_release_sign(payload_out, &release, nrs_identity_for(core, it->view->header->originator.data));
}

static nrs_error read_terms(nrs_answer *answer, nrs_label *label_out, nrs_conditions *conditions_out, const answering *it, const json_t *request)
{
    const char *text = nrs_request_text(request, "label");
    nrs_conditions given = {0};
    nrs_error error = nrs_draft_conditions(answer, &given, request);

    *label_out = (nrs_label)it->view->header->label;
    if (error == NRS_OK && text != NULL && nrs_label_parse(label_out, text) != NRS_OK) {
        return nrs_refuse(answer, NRS_ERROR_UNKNOWN_LABEL, NULL, "%.64s: %s.", text, nrs_error_sentence(NRS_ERROR_UNKNOWN_LABEL));
    }
    nrs_audit_terms(answer->detail, it->view->header->label, (uint32_t)*label_out, false);
    if (error == NRS_OK && *label_out == NRS_LABEL_RED) {
        return nrs_refuse(answer, NRS_ERROR_LABEL_FORBIDS, hint_label, "TLP:%s is not released to others.", nrs_label_name(*label_out));
    }
    if (error == NRS_OK && (it->row.flags & NRS_REPORT_WITHHELD) != 0 && (given.flags & NRS_CONDITION_NAME_SOURCE) != 0) {
        return nrs_refuse(answer, NRS_ERROR_CONDITIONS, hint_unnamed, "The source is to be withheld and may be named: both cannot be.");
    }
    *conditions_out = conditions_of(it->view->header, given);
    return error;
}

/* Who has it under another label is asked what that label's rules demand; the report cannot name it afterwards. */
static nrs_error check_demands(nrs_core *core, nrs_answer *answer, const answering *it, nrs_label label)
{
    nrs_header under = *it->view->header;
    nrs_disclaimer_state state = NRS_DISCLAIMER_NONE;
    nrs_opened opened = {0};
    nrs_error error = label == (nrs_label)under.label ? NRS_OK : nrs_annex_read(core, &opened, &it->row);

    if (error == NRS_OK && opened.report != NULL) {
        under.label = (uint32_t)label;
        error = nrs_disclaimers_named(core, &state, &under, NRS_PLACE_SEND, opened.report->kind);
    }
    nrs_opened_wipe(&opened);
    if (error == NRS_OK && state == NRS_DISCLAIMER_MISSING) {
        return nrs_refuse(answer, NRS_ERROR_DISCLAIMER, hint_demanded, "Under TLP:%s the rules demand a disclaimer, which the report does not name.", nrs_label_name(label));
    }
    return error;
}

/* What the source has taken back, or is over, goes to nobody else, whoever has read it; both ends know that without an answer. */
static nrs_error check_lapsed(nrs_core *core, nrs_answer *answer, const answering *it, const json_t *request)
{
    bool lapsed = false;
    nrs_error error = nrs_withdrawal_check(core, answer, &it->row, NRS_PLACE_EXPORT, nrs_request_text(request, "person"));

    if (error == NRS_OK) {
        error = nrs_ask_lapsed(core, &lapsed, &it->held.row);
    }
    if (error == NRS_OK && lapsed) {
        return nrs_refuse(answer, NRS_ERROR_EXPIRED, hint_list, "The report is past its expiry, and the ask has lapsed with it.");
    }
    return error;
}

nrs_error nrs_command_release_grant(nrs_core *core, nrs_answer *answer, const json_t *request)
{
    answering it = {.person = ""};
    nrs_ask *ask = NULL;
    nrs_bytes payload = {0};
    nrs_label label = NRS_LABEL_NONE;
    nrs_conditions conditions = {0};
    uint64_t expires_in_ms = nrs_request_number(request, "expires_in_ms", NRS_REPORT_LIFE_MS_MAX);
    nrs_ask_row answered;
    nrs_error error = find_ask(core, answer, &it, request);

    if (error == NRS_OK && (it.row.flags & NRS_REPORT_VOUCHED) != 0) {
        error = nrs_refuse(answer, NRS_ERROR_SOURCE_WITHHELD, hint_source, "Its source is withheld, and is the one to agree.");
    }
    if (error == NRS_OK) {
        error = check_lapsed(core, answer, &it, request);
    }
    if (error == NRS_OK) { /* whose text it is the one who passes it on does not say how far that may go */
        error = nrs_passed_on_refuse_release(core, answer, &it.row);
    }
    if (error == NRS_OK && (expires_in_ms == 0 || it.row.expires_ms <= core->now_ms)) { /* by this clock, by which it would be dated */
        error = nrs_refuse(answer, NRS_ERROR_EXPIRED, NULL, "The report is past its expiry.");
    }
    if (error == NRS_OK) {
        error = read_terms(answer, &label, &conditions, &it, request);
    }
    if (error == NRS_OK) {
        error = check_demands(core, answer, &it, label);
    }
    if (error == NRS_OK) {
        error = nrs_ask_decode(&ask, it.held.row.ask);
    }
    if (error == NRS_OK) {
        answered = it.held.row;
        answered.state = NRS_ASK_RELEASED;
        answered.label = (uint32_t)label;
        answered.answer = "";
        answered.expires_ms = it.row.expires_ms - core->now_ms < expires_in_ms ? it.row.expires_ms : core->now_ms + expires_in_ms;
        error = sign_release(core, &payload, &it, ask, label, conditions, answered.expires_ms);
    }
    if (error == NRS_OK) {
        answered.release = nrs_slice_of_bytes(&payload);
        error = write_answer(core, &it, &answered, NRS_STATEMENT_RELEASE);
    }
    if (error == NRS_OK) {
        error = nrs_release_answer(core, answer, it.held.row.id);
    }
    nrs_bytes_wipe(&payload);
    nrs_ask_free(&ask);
    answering_wipe(&it);
    return error;
}

/* What is withheld is not told by its reason either. */
static nrs_error check_reason(nrs_core *core, nrs_answer *answer, const answering *it, const char *reason)
{
    const nrs_community *community = nrs_community_by_id(core, it->row.community);
    const nrs_peer *self = nrs_peer_by_sign(core, core->self.sign_key);
    const char *found = NULL;

    if ((it->row.flags & NRS_REPORT_WITHHELD) == 0 || community == NULL || self == NULL || !nrs_names_source(core, &found, community, self, reason)) {
        return NRS_OK;
    }
    return nrs_refuse(answer, NRS_ERROR_SOURCE_NAMED, hint_named, "The reason names the source: %.80s.", found);
}

nrs_error nrs_command_release_deny(nrs_core *core, nrs_answer *answer, const json_t *request)
{
    answering it = {.person = ""};
    nrs_ask_row answered;
    const char *reason = "";
    nrs_error error = find_ask(core, answer, &it, request);

    if (error == NRS_OK) {
        error = check_lapsed(core, answer, &it, request);
    }
    if (error == NRS_OK) {
        error = nrs_release_reason(answer, &reason, request);
    }
    if (error == NRS_OK) {
        error = check_reason(core, answer, &it, reason);
    }
    if (error == NRS_OK) {
        error = nrs_vouched_reason(core, answer, &it.row, reason, request);
    }
    if (error == NRS_OK) {
        answered = it.held.row;
        answered.state = NRS_ASK_DENIED;
        answered.answer = reason;
        answered.release = nrs_slice_of(NULL, 0);
        error = write_answer(core, &it, &answered, NRS_STATEMENT_DENIAL);
    }
    if (error == NRS_OK) {
        error = nrs_release_answer(core, answer, it.held.row.id);
    }
    answering_wipe(&it);
    return error;
}
