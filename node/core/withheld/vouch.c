/* vouch: at a hub, its secretariat publishes a report whose source is withheld, under the hub's own name. Nothing of the source's
 * report is copied but its texts and its terms; the terms hold as they were given, or become stricter (SPEC 6.11). */
#include <stdlib.h>
#include <string.h>

#include "audit/audit.h"
#include "command/command_outgoing.h"
#include "prekeys/key_change.h"
#include "report/withdrawal.h"
#include "roster/roster.h"
#include "rules/edges.h"
#include "withheld/vouch.h"

static const char hint_rule[] = "Let the rules allow them again: noroshi community rule COMMUNITY --withheld yes.";
static const char hint_hub[] = "A hub of the community vouches for what a source has sent to it.";
static const char hint_list[] = "The command noroshi list shows what waits to be vouched for.";
static const char hint_withdrawn[] = "What was published of it before is withdrawn with the tick, too.";
static const char hint_again[] = "The source may send another report, which is vouched for by itself.";
static const char hint_labels[] = "The labels are CLEAR, GREEN, AMBER, AMBER+STRICT and RED.";
static const char hint_kinds[] =
    "The kinds are incident, early-sign, near-miss, advisory, lesson, situation, restoration, request, standard and survey.";
static const char hint_names[] = "Take it out of the form; or publish it all the same with --keep-names, when the source has agreed.";
static const char hint_unknown[] = "Read the text with care; then publish it with --keep-names.";
static const char hint_conditions[] = "Leave the conditions out, or give stricter ones.";

static void vouching_wipe(vouching *it)
{
    nrs_delivery_wipe(&it->chosen);
    nrs_delivery_wipe(&it->named);
    json_decref(it->dropped);
    json_decref(it->texts);
    json_decref(it->notes);
    nrs_opened_wipe(&it->opened);
    nrs_sealed_view_free(&it->view);
    nrs_bytes_wipe(&it->holder);
}

/* ---- What is vouched for ---- */

static nrs_error check_state(nrs_core *core, nrs_answer *answer, vouching *it, const json_t *request)
{
    bool already = false;
    nrs_error error;

    if ((it->row.flags & NRS_REPORT_WITHHELD) == 0 || it->row.part != NRS_PART_RECEIVED) {
        return nrs_refuse(answer, NRS_ERROR_NOT_WITHHELD, hint_list, "The source of this report is not withheld.");
    }
    error = nrs_withdrawal_of(core, &already, it->row.id);
    if (error == NRS_OK && already) {
        return nrs_refuse(answer, NRS_ERROR_WITHDRAWN, hint_withdrawn, "The source has withdrawn the report.");
    }
    if (error != NRS_OK) {
        return error;
    }
    if (it->row.expires_ms <= core->now_ms) {
        return nrs_refuse(answer, NRS_ERROR_EXPIRED, NULL, "The report of the source is past its expiry.");
    }
    error = nrs_withheld_notes(core, &it->notes, &it->row);
    if (error != NRS_OK) {
        return nrs_error_is_verdict(error) ? nrs_refuse(answer, error, NULL, "The report does not open: %s.", nrs_error_sentence(error)) : error;
    }
    it->part = nrs_request_text(request, "part");
    already = nrs_withheld_published(it->notes, "whole") != NULL ||
              nrs_withheld_published(it->notes, it->part) != NULL; /* a part once; the whole only when no part was */
    return already ? nrs_refuse(answer, NRS_ERROR_VOUCHED_ALREADY, hint_again, "It has been vouched for already.") : NRS_OK;
}

static nrs_error find(nrs_core *core, nrs_answer *answer, vouching *it, const json_t *request)
{
    nrs_header_seen seen = {0};
    nrs_error error = nrs_command_report(core, answer, &it->row, &it->holder, nrs_request_text(request, "id"));

    if (error != NRS_OK) {
        return error;
    }
    it->community = nrs_community_by_id(core, it->row.community);
    if (it->community == NULL || !nrs_key_hub_here(core, it->community)) {
        return nrs_refuse(answer, NRS_ERROR_NOT_HUB, hint_hub, "This node is no hub of the report's community.");
    }
    error = check_state(core, answer, it, request);
    if (error == NRS_OK && (it->community->roster->rules->flags & NRS_RULE_WITHHELD) == 0) { /* the members would refuse it */
        error = nrs_refuse(answer, NRS_ERROR_COMMUNITY_RULE, hint_rule, "The rules of @%s do not allow withheld sources any more.", it->community->roster->id);
    }
    if (error == NRS_OK) {
        error = nrs_header_seen_load(core, &seen, &it->row);
    }
    if (error == NRS_OK) {
        error = nrs_edge_reading(core, answer, &it->row, seen.header, NRS_PLACE_QUOTE, nrs_request_text(request, "person"));
    }
    nrs_header_seen_wipe(&seen);
    if (error == NRS_OK) {
        error = nrs_open_report(core, &it->view, &it->opened, &it->row);
        if (nrs_error_is_verdict(error)) {
            error = nrs_refuse(answer, error, NULL, "The report does not open: %s.", nrs_error_sentence(error));
        }
    }
    return error;
}

/* ---- Its terms ---- */

static nrs_error read_label(nrs_answer *answer, vouching *it, const json_t *request)
{
    const char *text = nrs_request_text(request, "label");
    const nrs_label given = (nrs_label)it->row.label;
    nrs_verdict verdict;
    nrs_error error;

    it->draft.label = given;
    error = text == NULL ? NRS_OK : nrs_label_parse(&it->draft.label, text);
    if (error != NRS_OK) {
        return nrs_refuse(answer, error, hint_labels, "%.64s: unknown label.", text);
    }
    nrs_audit_terms(answer->detail, it->row.label, (uint32_t)it->draft.label, nrs_request_flag(request, "keep_names"));
    verdict = nrs_policy_vouch_label(given, it->draft.label);
    if (verdict.error != NRS_OK) {
        return nrs_refuse(answer, verdict.error, verdict.allowed, "TLP:%s is looser than TLP:%s, which the source gave, or not for desks.",
                          nrs_label_name(it->draft.label), nrs_label_name(given));
    }
    return NRS_OK;
}

static nrs_error read_kind(nrs_answer *answer, vouching *it, const json_t *request)
{
    const char *text = nrs_request_text(request, "kind");
    const nrs_term *term = text == NULL ? NULL : nrs_vocabulary_by_code(NRS_VOCABULARY_KIND, text);

    if (text != NULL && term == NULL) {
        return nrs_refuse(answer, NRS_ERROR_UNKNOWN_KIND, hint_kinds, "%.64s: unknown kind of report.", text);
    }
    it->draft.kind = term == NULL ? it->opened.report->kind : term->value;
    return NRS_OK;
}

/* The source's, or stricter; that it may be named is never among them. */
static nrs_error read_conditions(nrs_answer *answer, vouching *it, const json_t *request)
{
    const nrs_conditions source = nrs_header_conditions(it->view->header);
    nrs_conditions wanted = {0};
    nrs_error error = nrs_draft_conditions(answer, &wanted, request);

    if (error == NRS_OK && nrs_policy_conditions_quote(source, wanted).error != NRS_OK) {
        return nrs_refuse(answer, NRS_ERROR_CONDITIONS, hint_conditions, "The conditions are looser than those of the source.");
    }
    it->draft.conditions = nrs_policy_conditions_of_both(source, wanted);
    it->draft.conditions.flags &= ~(uint32_t)NRS_CONDITION_NAME_SOURCE;
    return error;
}

static void set_terms(nrs_core *core, vouching *it, const json_t *request)
{
    const nrs_header *header = it->view->header;
    const uint64_t life_ms = nrs_withheld_life(header->expires_ms - header->created_ms);

    it->draft.expires_in_ms = life_ms == 0 ? NRS_MINUTE_MS : life_ms;
    it->draft.onward = nrs_policy_extension(it->draft.label) == NRS_EXTENSION_NONE ? 0 : header->onward;
    it->draft.urgent = header->urgency != 0;
    it->draft.drill = (header->flags & NRS_HEADER_DRILL) != 0;
    it->draft.final = nrs_request_flag(request, "final") || it->opened.report->final;
    it->draft.dry_run = nrs_request_flag(request, "dry_run");
    it->draft.stale_roster = nrs_request_flag(request, "stale_roster");
    it->due_ms = nrs_withheld_next_tick(core);
}

/* Whether what this hub published is of the same source, over any number of changes of its keys. What was forgotten here is of nobody any more. */
static nrs_error of_same_source(nrs_core *core, bool *same_out, const vouching *it, const uint8_t id[NRS_HASH_SIZE])
{
    const nrs_published *entry = nrs_published_of(core, id);
    nrs_report_row row;
    nrs_bytes holder = {0};
    nrs_error error = entry == NULL ? NRS_ERROR_NOT_FOUND : nrs_store_report_get(core->store, &row, &holder, entry->source);

    *same_out = error == NRS_OK && nrs_key_same_org(core, row.originator, it->row.originator);
    nrs_bytes_wipe(&holder);
    return error == NRS_ERROR_NOT_FOUND ? NRS_OK : error;
}

/* Nobody goes on with the series of another, or ends it: what only says so is left out, and the secretariat reads that it was. */
static nrs_error keep_own_series(nrs_core *core, vouching *it, const json_t *request)
{
    bool same = true;
    nrs_error error = it->draft.has_follows ? of_same_source(core, &same, it, it->draft.follows) : NRS_OK;

    if (error == NRS_OK && !same) {
        it->draft.has_follows = false;
        it->draft.final = nrs_request_flag(request, "final");
        error = nrs_array_text(it->dropped, "follows");
    }
    return error;
}

/* As which report this hub published another one of the same source. */
static nrs_error published_as(nrs_core *core, bool *found_out, uint8_t id_out[NRS_HASH_SIZE], const vouching *it, nrs_slice id)
{
    nrs_report_row row;
    nrs_bytes holder = {0};
    json_t *notes = NULL;
    const char *text;
    nrs_error error = id.size == NRS_HASH_SIZE ? nrs_store_report_get(core->store, &row, &holder, id.data) : NRS_ERROR_NOT_FOUND;

    *found_out = false;
    if (error == NRS_OK && (row.flags & NRS_REPORT_WITHHELD) != 0 && row.part == NRS_PART_RECEIVED && row.key_state == NRS_KEY_HELD &&
        nrs_key_same_org(core, row.originator, it->row.originator)) {
        error = nrs_withheld_notes(core, &notes, &row);
        text = error == NRS_OK ? nrs_withheld_published(notes, NULL) : NULL;
        *found_out = text != NULL && nrs_hex_decode(id_out, NRS_HASH_SIZE, text) == NRS_OK;
    }
    if (error == NRS_OK && row.part == NRS_PART_SENT && (row.flags & NRS_REPORT_VOUCHED) != 0) { /* the source names it as all know it */
        memcpy(id_out, id.data, NRS_HASH_SIZE);
        *found_out = true;
    }
    json_decref(notes);
    nrs_bytes_wipe(&holder);
    return error == NRS_ERROR_NOT_FOUND ? NRS_OK : error;
}

/* The next number in the series as it was published here, whatever the source counts. */
static nrs_error number_after(nrs_core *core, uint32_t *number_out, const uint8_t id[NRS_HASH_SIZE])
{
    nrs_report_row row;
    nrs_bytes holder = {0};
    nrs_opened opened = {0};
    nrs_error error = nrs_store_report_get(core->store, &row, &holder, id);

    if (error == NRS_OK) {
        error = row.key_state == NRS_KEY_HELD ? nrs_annex_read(core, &opened, &row) : NRS_ERROR_NOT_FOUND;
    }
    if (error == NRS_OK && opened.report->number < UINT32_MAX) {
        *number_out = opened.report->number == 0 ? 2 : opened.report->number + 1;
    }
    nrs_opened_wipe(&opened);
    nrs_bytes_wipe(&holder);
    return nrs_error_is_verdict(error) ? NRS_OK : error;
}

/* What it follows or answers is told only where that was published here too. */
static nrs_error set_series(nrs_core *core, vouching *it, const json_t *request)
{
    const nrs_report *source = it->opened.report;
    const uint64_t number = nrs_request_number(request, "number", 0);
    nrs_error error = published_as(core, &it->draft.has_follows, it->draft.follows, it, nrs_field(&source->follows));

    if (error == NRS_OK) {
        error = keep_own_series(core, it, request);
    }
    if (error == NRS_OK) {
        error = published_as(core, &it->has_quoted, it->quoted, it, nrs_field(&source->quoted));
    }
    if (error == NRS_OK && it->draft.has_follows) {
        return number_after(core, &it->draft.number, it->draft.follows);
    }
    it->draft.number = number > 0 && number <= UINT32_MAX ? (uint32_t)number : source->number == 1 ? 1u : 0u;
    return error;
}

/* ---- The text ---- */

static nrs_error check_text(nrs_core *core, nrs_answer *answer, const vouching *it, const nrs_peer *source, const char *where, const char *text)
{
    const char *found = NULL;

    if (!nrs_names_source(core, &found, it->community, source, text)) {
        return NRS_OK;
    }
    return nrs_refuse(answer, NRS_ERROR_SOURCE_NAMED, hint_names, "The field %s names the source: %.80s.", where, found);
}

/* Names are looked for by what the roster and the card say: of whom there is no card not all would be found. */
static nrs_error check_names(nrs_core *core, nrs_answer *answer, vouching *it, const json_t *request)
{
    const nrs_peer *source = nrs_peer_in_force(core, it->row.originator, it->community);
    nrs_error error;

    if (nrs_request_flag(request, "keep_names")) {
        return NRS_OK;
    }
    if (source == NULL || source->card == NULL) {
        return nrs_refuse(answer, NRS_ERROR_SOURCE_NAMED, hint_unknown, "The source has left, or its card is not known: whether the text names it cannot be told.");
    }
    error = check_text(core, answer, it, source, "subject", it->draft.subject);
    if (error == NRS_OK) {
        error = check_text(core, answer, it, source, "summary", it->draft.body);
    }
    for (size_t i = 0; i < it->draft.field_count && error == NRS_OK; i++) {
        error = check_text(core, answer, it, source, it->draft.fields[i].name, it->draft.fields[i].value);
    }
    return error;
}

/* ---- Publishing ---- */

static nrs_error count_on(nrs_core *core, vouching *it)
{
    nrs_vouch_count count = {0};
    nrs_error error = nrs_store_vouch_count_get(core->store, &count, it->community->id);

    if (error == NRS_ERROR_NOT_FOUND) {
        count = (nrs_vouch_count){.since_ms = it->due_ms};
        error = NRS_OK;
    }
    nrs__wire__vouch__init(&it->vouch);
    it->vouch.count = count.count + 1;
    it->vouch.since_ms = count.since_ms;
    return error;
}

static nrs_error tell_source(nrs_core *core, const vouching *it)
{
    nrs_statement statement;

    nrs__wire__statement__init(&statement);
    statement.type = NRS_STATEMENT_VOUCHED;
    statement.sealed_id = nrs_field_of(nrs_slice_of(it->row.id, NRS_HASH_SIZE));
    statement.at_ms = it->due_ms;
    statement.reference = nrs_field_of(nrs_slice_of(it->id, NRS_HASH_SIZE));
    return nrs_digest_hold(core, it->view->header, &statement, it->due_ms);
}

static nrs_error note(nrs_core *core, const vouching *it)
{
    char id[2 * NRS_HASH_SIZE + 1];
    json_t *words;
    nrs_error error;

    nrs_hex_encode(id, it->id, NRS_HASH_SIZE);
    words = json_pack("{s:s, s:s, s:s, s:I}", "note", "vouched", "part", it->part == NULL ? "whole" : it->part, "id", id, "at",
                      (json_int_t)it->due_ms);
    error = words == NULL ? NRS_ERROR_NO_MEMORY : nrs_withheld_note(core, &it->row, words);
    json_decref(words);
    return error;
}

static nrs_error publish(nrs_core *core, nrs_answer *answer, vouching *it)
{
    const nrs_vouch_count count = {it->vouch.count, it->vouch.since_ms};
    const nrs_sealing sealing = {.draft = &it->draft, .delivery = it->delivery, .quoted = it->has_quoted ? it->quoted : NULL,
                                 .attribution = NRS_ATTRIBUTION_VOUCHED, .created_ms = it->due_ms, .vouch = &it->vouch};
    uint64_t position = 0;
    nrs_error error = nrs_seal_and_store(core, answer, it->id, &position, &sealing);

    if (error != NRS_OK) {
        return error;
    }
    error = nrs_store_vouch_count_set(core->store, it->community->id, &count);
    if (error == NRS_OK) {
        error = nrs_publish_at(core, position, it->due_ms);
    }
    if (error == NRS_OK) {
        error = note(core, it);
    }
    if (error == NRS_OK) {
        error = nrs_published_add(core, it->id, it->row.id);
    }
    if (error == NRS_OK) {
        error = tell_source(core, it);
    }
    return nrs_command_written(core, error);
}

static nrs_error answer_with(nrs_core *core, nrs_answer *answer, vouching *it)
{
    nrs_row row = nrs_row_begin();

    if (!it->draft.dry_run) {
        nrs_row_hex(&row, "id", it->id, NRS_HASH_SIZE);
    }
    nrs_delivery_row(&row, it->delivery, it->draft.label);
    nrs_row_json(&row, "dropped", json_incref(it->dropped));
    nrs_row_time(&row, "leaves_at", it->due_ms);
    nrs_row_number(&row, "count", it->vouch.count);
    nrs_row_time(&row, "since", it->vouch.since_ms);
    nrs_delivery_onward_row(core, &row, it->delivery, it->draft.label);
    nrs_delivery_warn(core, &row, it->delivery, it->due_ms + it->draft.expires_in_ms);
    row.failed = nrs_withhold_warn(&row, it->draft.addresses, it->draft.address_count) != NRS_OK || row.failed;
    return nrs_row_end(&row, answer->rows);
}

static nrs_error prepare(nrs_core *core, nrs_answer *answer, vouching *it, const json_t *request)
{
    const char *person = nrs_request_text(request, "person");
    nrs_error error = read_label(answer, it, request);

    if (error == NRS_OK) {
        error = nrs_vouch_addresses(answer, it, request);
    }
    if (error == NRS_OK) {
        error = read_kind(answer, it, request);
    }
    if (error == NRS_OK) {
        error = read_conditions(answer, it, request);
    }
    if (error == NRS_OK && person != NULL) {
        error = nrs_command_person(core, answer, &it->draft.person, person);
    }
    if (error == NRS_OK) {
        set_terms(core, it, request);
        it->dropped = json_array();
        error = it->dropped == NULL ? NRS_ERROR_NO_MEMORY : set_series(core, it, request);
    }
    if (error == NRS_OK) {
        error = nrs_vouch_texts(answer, &it->texts, it->dropped, request, it->opened.report);
    }
    if (error == NRS_OK) {
        error = nrs_draft_read_texts(answer, &it->draft, it->texts, NULL);
    }
    if (error == NRS_OK) {
        error = nrs_draft_check_body(answer, &it->draft);
    }
    if (error == NRS_OK) {
        error = nrs_vouch_plan(core, answer, it);
    }
    return error == NRS_OK ? check_names(core, answer, it, request) : error;
}

nrs_error nrs_command_vouch(nrs_core *core, nrs_answer *answer, const json_t *request)
{
    vouching *it = calloc(1, sizeof *it);
    nrs_error error = it == NULL ? NRS_ERROR_NO_MEMORY : find(core, answer, it, request);

    if (error == NRS_OK) {
        error = prepare(core, answer, it, request);
    }
    if (error == NRS_OK) {
        error = count_on(core, it);
    }
    if (error == NRS_OK && !it->draft.dry_run) {
        error = publish(core, answer, it);
        if (error == NRS_OK) {
            error = nrs_roster_note_override(core, it->community, it->draft.label, it->draft.stale_roster, nrs_request_text(request, "person"));
        }
    }
    if (error == NRS_OK) {
        error = answer_with(core, answer, it);
    }
    if (it != NULL) {
        vouching_wipe(it);
    }
    free(it);
    return error;
}
