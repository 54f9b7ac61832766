/* show and export: a report's text, for a reader whom the rules let read it or take it out. */
#include <stdio.h>
#include <string.h>

#include "command/command_export.h"
#include "command/command_quote.h"
#include "report/withdrawal.h"
#include "report/onward.h"
#include "rules/edges.h"
#include "withheld/withheld.h"

static const char hint_as_person[] = "Act as the person it is addressed to: noroshi --as PERSON show ID.";
static const char hint_asked[] = "Its sender has been asked for a new grant; look again when the sender's node has answered.";
static const char hint_sinks[] = "The sinks are own, clients, community and public.";
static const char hint_key[] = "The originator's node grants the key when the acceptance has reached it.";
static const char hint_late[] = "No key is granted after the expiry: ask its sender to send it again.";
static const char hint_rejoin[] = "Only members of a community open what was addressed to it.";

/* A report opened for somebody. */
typedef struct reading {
    nrs_bytes holder;
    nrs_report_row row;
    nrs_sealed_view *view;
    nrs_opened opened;
    const char *person; /* who reads, or NULL for the desk */
    nrs_sink sink;
} reading;

static void reading_wipe(reading *it)
{
    nrs_opened_wipe(&it->opened);
    nrs_sealed_view_free(&it->view);
    nrs_bytes_wipe(&it->holder);
}

static nrs_error find(nrs_core *core, nrs_answer *answer, reading *it, const json_t *request)
{
    const char *person = nrs_request_text(request, "person");
    const Nrs__Wire__PersonEntry *entry = NULL;
    nrs_error error = nrs_command_report(core, answer, &it->row, &it->holder, nrs_request_text(request, "id"));

    if (error == NRS_OK && person != NULL) {
        error = nrs_command_person(core, answer, &entry, person);
        it->person = person;
    }
    return error;
}

/* What it was sealed for is checked again at each reading, since rosters change. */
static nrs_error check_reader(nrs_core *core, nrs_answer *answer, const reading *it)
{
    nrs_reader_facts facts = {0};
    nrs_let_in let_in;
    nrs_verdict verdict;
    nrs_error error = NRS_OK;

    if (it->row.part == NRS_PART_SENT) {
        return NRS_OK;
    }
    error = nrs_let_in_self(core, &let_in, it->row.position);
    if (error == NRS_OK && let_in.authority != NRS_AUTHORITY_ORIGINATOR) {
        error = nrs_let_in_facts(core, &facts, &let_in);
    } else if (error == NRS_OK || error == NRS_ERROR_NOT_FOUND) {
        error = nrs_audience_names_us(core, &facts, it->opened.audience);
    }
    if (error != NRS_OK) {
        return nrs_error_is_verdict(error) ? nrs_refuse(answer, error, hint_rejoin, "The report's audience: %s.", nrs_error_sentence(error)) : error;
    }
    verdict = nrs_withheld_verdict_open(core, it->view->header, (nrs_label)it->view->header->label, &facts);
    if (verdict.error != NRS_OK) {
        return nrs_refuse(answer, verdict.error, verdict.allowed, "This node may not open the report.");
    }
    return NRS_OK;
}

/* What the source laid down binds whoever had it from there, the hub that vouches for it too. */
static nrs_error check_conditions(nrs_core *core, nrs_answer *answer, const reading *it, const nrs_header *header)
{
    nrs_conditions conditions;
    nrs_verdict verdict;
    nrs_error error = nrs_let_in_conditions(core, &conditions, &it->row, header);

    if (error != NRS_OK) {
        return error;
    }
    verdict = nrs_policy_conditions_export(conditions, it->sink);
    if ((it->row.part == NRS_PART_SENT && (it->row.flags & NRS_REPORT_VOUCHED) == 0) || verdict.error == NRS_OK) {
        return NRS_OK;
    }
    return nrs_refuse(answer, verdict.error, verdict.allowed, "The conditions of use do not let it leave this node by that sink.");
}

/* Whatever closes it closes it before a byte is opened. */
static nrs_error check_edges(nrs_core *core, nrs_answer *answer, reading *it, nrs_edge_place place)
{
    nrs_header_seen seen = {0};
    nrs_error error = nrs_withdrawal_check(core, answer, &it->row, place, it->person);

    if (error != NRS_OK) {
        return error;
    }
    error = nrs_header_seen_load(core, &seen, &it->row);
    if (error == NRS_ERROR_NOT_FOUND) {
        return NRS_OK; /* opening says what is missing */
    }
    if (error == NRS_OK) {
        error = nrs_edge_reading(core, answer, &it->row, seen.header, place, it->person);
    }
    if (error == NRS_OK && place == NRS_PLACE_EXPORT) {
        error = nrs_quoted_published(core, answer, &it->row);
    }
    if (error == NRS_OK && place == NRS_PLACE_EXPORT) {
        error = check_conditions(core, answer, it, seen.header);
    }
    if (error == NRS_OK && it->row.key_state == NRS_KEY_NONE && (seen.header->flags & NRS_HEADER_UNLOCK_ON_ACCEPT) != 0) {
        error = nrs_clock_expired(core, it->row.expires_ms)
                    ? nrs_refuse(answer, NRS_ERROR_EXPIRED, hint_late, "The report is past its expiry, and its key has not come.")
                    : nrs_refuse(answer, NRS_ERROR_BUSY, hint_key, "The acceptance is on its way; the key has not come yet.");
    }
    if (nrs_error_is_verdict(error) && place == NRS_PLACE_READ) {
        error = nrs_edge_answer_closed(core, answer, &it->row, seen.header, it->person, error);
    }
    nrs_header_seen_wipe(&seen);
    return error;
}

/* What this node has sent itself holds, beside its own words, what others sent. */
static nrs_error check_passed_on(nrs_core *core, nrs_answer *answer, const reading *it, nrs_edge_place place)
{
    const nrs_report *report = it->opened.report;
    nrs_error error = nrs_passed_on_reading(core, answer, &it->row, it->view->header, report->passes_on, report->n_passes_on, place, it->person,
                                            place == NRS_PLACE_EXPORT ? it->sink : NRS_SINK_SCREEN);

    return nrs_error_is_verdict(error) && place == NRS_PLACE_READ ? nrs_edge_answer_closed(core, answer, &it->row, it->view->header, it->person, error) : error;
}

static nrs_error open_for(nrs_core *core, nrs_answer *answer, reading *it, nrs_edge_place place)
{
    nrs_error error;

    if (it->row.label == NRS_LABEL_RED) {
        return nrs_refuse(answer, NRS_ERROR_PERSON_ONLY, hint_as_person, "TLP:RED opens for the named person alone, not for the node.");
    }
    error = check_edges(core, answer, it, place);
    if (error != NRS_OK) {
        return error;
    }
    error = nrs_open_report(core, &it->view, &it->opened, &it->row);
    if (error == NRS_ERROR_DISK || nrs_error_is_passing(error)) {
        return error;
    }
    if (error == NRS_ERROR_KEY_EXPIRED) {
        return nrs_refuse(answer, error, hint_asked, "The report does not open: %s.", nrs_error_sentence(error));
    }
    if (error != NRS_OK) { /* one damaged report is no reason to drop the step */
        return nrs_refuse(answer, error, NULL, "The report does not open: %s.", nrs_error_sentence(error));
    }
    error = check_reader(core, answer, it);
    return error == NRS_OK ? check_passed_on(core, answer, it, place) : error;
}

/* ---- The row ---- */

static void put_fields(nrs_row *row, const nrs_report *report)
{
    json_t *fields = json_object();
    bool failed = false;

    for (size_t i = 0; i < report->n_fields; i++) {
        const Nrs__Wire__Field *field = report->fields[i];

        failed = json_object_set_new(fields, field->name, json_string(field->value)) != 0 || failed;
        if (json_object_get(row->object, field->name) == NULL) { /* a sender cannot put words into the keys of this contract */
            nrs_row_text(row, field->name, field->value);
        }
    }
    nrs_row_json(row, "fields", fields);
    row->failed = row->failed || failed;
}

static void put_attachments(nrs_row *row, const nrs_report *report)
{
    json_t *attachments = json_array();
    bool failed = false;

    for (size_t i = 0; i < report->n_attachments; i++) {
        nrs_row one = nrs_row_begin();

        nrs_row_text(&one, "name", report->attachments[i]->name);
        nrs_row_number(&one, "size", report->attachments[i]->size);
        nrs_row_hex(&one, "sha256", report->attachments[i]->sha256.data, report->attachments[i]->sha256.len);
        failed = nrs_row_end(&one, attachments) != NRS_OK || failed;
    }
    nrs_row_json(row, "attachments", attachments);
    row->failed = row->failed || failed;
}

/* Those whose text it holds. */
static void put_passed_on(nrs_row *row, const nrs_report *report)
{
    json_t *ids = json_array();
    bool failed = ids == NULL;

    for (size_t i = 0; i < report->n_passes_on && !failed; i++) {
        char text[2 * NRS_HASH_SIZE + 1];

        nrs_hex_encode(text, report->passes_on[i].data, NRS_HASH_SIZE);
        failed = nrs_array_text(ids, text) != NRS_OK;
    }
    nrs_row_json(row, "passes_on", ids);
    row->failed = row->failed || failed;
}

static nrs_error put_report(nrs_core *core, nrs_row *row, const reading *it)
{
    const nrs_report *report = it->opened.report;
    nrs_error error = nrs_command_describe(core, row, &it->row, &it->opened, true);

    if (error != NRS_OK) {
        return error;
    }
    nrs_row_text(row, "body", report->body);
    nrs_command_put_onward(row, it->view->header->onward);
    put_attachments(row, report);
    nrs_row_text(row, "duty", it->view->header->duty[0] == '\0' ? NULL : it->view->header->duty);
    nrs_row_text(row, "person", report->person[0] == '\0' ? NULL : report->person);
    if (report->quoted.len == NRS_HASH_SIZE) {
        nrs_row_hex(row, "quoted", report->quoted.data, NRS_HASH_SIZE);
    } else {
        nrs_row_text(row, "quoted", NULL);
    }
    put_passed_on(row, report);
    put_fields(row, report);
    return nrs_edge_describe(core, row, &it->row, it->view->header, it->person);
}

/* ---- Opened ---- */

/* Once for each report: the row says so, and the originator is told. */
static nrs_error mark_opened(nrs_core *core, reading *it)
{
    nrs_error error;

    if (it->row.opened_ms != 0) {
        return NRS_OK;
    }
    it->row.opened_ms = core->now_ms;
    error = nrs_store_report_update(core->store, &it->row);
    if (error == NRS_OK && it->row.part == NRS_PART_RECEIVED) {
        error = nrs_receipt_queue(core, it->view->header, it->row.id, NRS_STAGE_OPENED, it->person == NULL ? "" : it->person, "");
        if (nrs_error_is_verdict(error)) { /* an originator that is gone is no reason not to read */
            nrs_core_log(core, error, "no receipt for what was opened: its originator cannot be reached");
            error = NRS_OK;
        }
    }
    return nrs_command_written(core, error);
}

/* The row is complete before anything is written. */
static nrs_error answer_with(nrs_core *core, nrs_answer *answer, reading *it, const char *sink)
{
    nrs_row row = nrs_row_begin();
    bool first = it->row.opened_ms == 0;
    nrs_error error;

    if (sink != NULL) {
        nrs_row_text(&row, "sink", sink);
        nrs_row_text(&row, "verdict", "allowed");
    }
    error = put_report(core, &row, it);
    if (error == NRS_OK && sink != NULL) { /* what others have said of it has terms of its own */
        (void)json_object_del(row.object, "replies");
        (void)json_object_del(row.object, "carried");
        error = nrs_export_put(core, answer, &row, &(nrs_export_source){&it->row, it->view, &it->opened});
    }
    if (error == NRS_OK && first) {
        nrs_row_flag(&row, "opened", true);
    }
    if (error == NRS_OK) {
        error = nrs_row_end(&row, answer->rows);
    }
    nrs_row_discard(&row);
    return error == NRS_OK ? mark_opened(core, it) : error;
}

nrs_error nrs_command_show(nrs_core *core, nrs_answer *answer, const json_t *request)
{
    reading it = {0};
    nrs_error error = find(core, answer, &it, request);

    if (error == NRS_ERROR_NOT_FOUND) { /* unless it was withdrawn before it came */
        nrs_error unseen = nrs_withdrawal_show_unseen(core, answer, nrs_request_text(request, "id"));

        error = unseen == NRS_ERROR_NOT_FOUND ? error : unseen;
    } else if (error == NRS_OK) {
        error = open_for(core, answer, &it, NRS_PLACE_READ);
        if (error == NRS_OK) {
            error = answer_with(core, answer, &it, NULL);
        }
    }
    reading_wipe(&it);
    return error;
}

nrs_error nrs_command_export(nrs_core *core, nrs_answer *answer, const json_t *request)
{
    const char *name = nrs_request_text(request, "sink");
    nrs_sink sink = NRS_SINK_SCREEN;
    nrs_verdict verdict;
    reading it = {0};
    nrs_error error = nrs_sink_parse(&sink, name);

    if (error != NRS_OK) {
        return nrs_refuse(answer, error, hint_sinks, "%.64s: not a sink.", name == NULL ? "" : name);
    }
    it.sink = sink;
    error = find(core, answer, &it, request);
    if (error == NRS_OK) {
        (void)snprintf(answer->detail, sizeof answer->detail, "%s %s", nrs_label_name((nrs_label)it.row.label), name);
        verdict = nrs_policy_export((nrs_label)it.row.label, sink);
        if (verdict.error != NRS_OK) {
            error = nrs_refuse(answer, verdict.error, verdict.allowed, "TLP:%s may not leave this node by the sink %s.",
                               nrs_label_name((nrs_label)it.row.label), name);
        }
    }
    if (error == NRS_OK) {
        error = nrs_withheld_refuse_export(answer, &it.row);
    }
    if (error == NRS_OK) {
        error = open_for(core, answer, &it, NRS_PLACE_EXPORT);
    }
    if (error == NRS_OK) {
        error = answer_with(core, answer, &it, name);
    }
    reading_wipe(&it);
    return error;
}
