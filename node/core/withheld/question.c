/* What a hub asks a source that it does not name (SPEC 6.11): the question leaves in the next digest, among those that say nothing. It
 * is kept with the report at both, under its key; while it waits only its number stands in the store. */
#include <string.h>

#include "prekeys/key_change.h"
#include "report/withdrawal.h"
#include "roster/roster.h"
#include "withheld/withheld.h"

static const char hint_size[] = "A question has at most 2,400 bytes, about 800 Japanese characters: ask in parts.";
static const char hint_body[] = "Write the question with --body or into a file.";
static const char hint_hub[] = "A hub of the community asks the sources that have sent to it.";

static bool is_note(const json_t *note, const char *of)
{
    const char *what = json_string_value(json_object_get(note, "note"));

    return what != NULL && strcmp(what, of) == 0;
}

static bool is_question(const json_t *note)
{
    return is_note(note, "question");
}

static nrs_error count_questions(nrs_core *core, uint64_t *count_out, const nrs_report_row *row)
{
    json_t *notes = NULL;
    const json_t *note;
    size_t index;
    uint64_t count = 0;
    nrs_error error = nrs_withheld_notes(core, &notes, row);

    json_array_foreach(notes, index, note) {
        count += is_question(note) ? 1 : 0;
    }
    json_decref(notes);
    *count_out = count;
    return error;
}

/* A note has room for the longest question, but not for its JSON where each line end and quotation mark takes two bytes or six: then the
 * question stands in it as base64. */
nrs_error nrs_note_put_text(json_t *note, nrs_slice text)
{
    char *base64 = NULL;
    nrs_error error;

    if (memchr(text.data, '\0', text.size) != NULL || json_object_set_new(note, "text", json_stringn((const char *)text.data, text.size)) != 0) {
        return NRS_ERROR_BAD_UTF8;
    }
    if (json_dumpb(note, NULL, 0, JSON_COMPACT) <= NRS_ANNEX_TEXT_SIZE_MAX) {
        return NRS_OK;
    }
    (void)json_object_del(note, "text");
    error = nrs_base64_encode(&base64, text);
    if (error == NRS_OK && json_object_set_new(note, "base64", json_string(base64)) != 0) {
        error = NRS_ERROR_NO_MEMORY;
    }
    if (base64 != NULL) {
        nrs_memory_wipe(base64, strlen(base64));
        free(base64);
    }
    return error;
}

nrs_error nrs_note_text(nrs_bytes *text_out, const json_t *note)
{
    const json_t *text = json_object_get(note, "text");
    const char *base64 = json_string_value(json_object_get(note, "base64"));

    if (text == NULL && base64 != NULL) {
        return nrs_base64_decode(text_out, nrs_slice_of_string(base64));
    }
    return json_is_string(text) ? nrs_bytes_copy(text_out, nrs_slice_of(json_string_value(text), json_string_length(text))) : NRS_ERROR_DAMAGED;
}

nrs_error nrs_note_show_text(nrs_row *row, const json_t *note, bool read)
{
    nrs_bytes text = {0};
    nrs_error error = read ? nrs_note_text(&text, note) : NRS_OK;

    if (error == NRS_OK && json_object_set_new(row->object, "text", read ? json_stringn((const char *)text.data, text.size) : json_null()) != 0) {
        error = NRS_ERROR_NO_MEMORY;
    }
    nrs_bytes_wipe(&text);
    return error;
}

/* since_ms: from when on it waits for an answer, by this node's clock. */
static nrs_error keep(nrs_core *core, const nrs_report_row *row, const char *by, nrs_slice text, uint64_t at_ms, uint64_t since_ms)
{
    json_t *note = json_pack("{s:s, s:s, s:I, s:I}", "note", "question", "by", by, "at", (json_int_t)at_ms, "since", (json_int_t)since_ms);
    nrs_error error = note == NULL ? NRS_ERROR_NO_MEMORY : nrs_note_put_text(note, text);

    if (error == NRS_OK) {
        error = nrs_withheld_note(core, row, note);
    }
    json_decref(note);
    return error;
}

static nrs_error hold(nrs_core *core, const nrs_report_row *row, const nrs_header *header, const char *text, uint64_t due_ms)
{
    const nrs_digest_row to = nrs_digest_to_source(header, due_ms);
    uint64_t count = 0;
    nrs_statement statement;
    nrs_error error = count_questions(core, &count, row);

    nrs__wire__statement__init(&statement);
    statement.type = NRS_STATEMENT_QUESTION;
    statement.sealed_id = nrs_field_of(nrs_slice_of(row->id, NRS_HASH_SIZE));
    statement.at_ms = due_ms;
    if (error == NRS_OK) {
        error = keep(core, row, core->org, nrs_slice_of_string(text), due_ms, due_ms);
    }
    return error == NRS_OK ? nrs_digest_hold_number(core, &to, &statement, count, strlen(text)) : error;
}

nrs_error nrs_question_ask(nrs_core *core, nrs_answer *answer, const json_t *request, const nrs_report_row *report, const nrs_header *header)
{
    const nrs_community *community = nrs_community_by_id(core, report->community);
    const char *text = nrs_request_text(request, "body");
    const uint64_t due_ms = nrs_withheld_next_tick(core);
    char source[NRS_ADDRESS_SIZE_MAX + 1];
    json_t *recipients = json_array();
    nrs_row row = nrs_row_begin();
    nrs_error error = NRS_OK;

    if (community == NULL || !nrs_key_hub_here(core, community)) {
        error = nrs_refuse(answer, NRS_ERROR_NOT_HUB, hint_hub, "This node is no hub of the report's community.");
    } else if (!nrs_request_flag(request, "dry_run") && (text == NULL || nrs_utf8_blank(nrs_slice_of_string(text)))) {
        error = nrs_refuse(answer, NRS_ERROR_USAGE, hint_body, "There is nothing that is asked.");
    } else if (text != NULL && strlen(text) > NRS_QUESTION_SIZE_MAX) {
        error = nrs_refuse(answer, NRS_ERROR_TOO_LARGE, hint_size, "The question is too long.");
    } else if (nrs_clock_expired(core, report->expires_ms)) {
        error = nrs_refuse(answer, NRS_ERROR_EXPIRED, NULL, "The report of the source is past its expiry.");
    }
    if (error == NRS_OK && !nrs_request_flag(request, "dry_run")) {
        error = hold(core, report, header, text, due_ms);
        error = error == NRS_ERROR_BUSY || error == NRS_ERROR_BAD_UTF8 ? error : nrs_command_written(core, error); /* those before anything is written */
    }
    if (error != NRS_OK) {
        nrs_row_discard(&row);
        json_decref(recipients);
        return error;
    }
    nrs_command_org(core, source, report->community, report->originator);
    row.failed = nrs_array_text(recipients, source) != NRS_OK;
    nrs_row_hex(&row, "id", report->id, NRS_HASH_SIZE);
    nrs_row_text(&row, "label", nrs_label_name((nrs_label)report->label));
    nrs_row_text(&row, "community", community->roster->id);
    nrs_row_json(&row, "recipients", recipients);
    nrs_row_json(&row, "waiting", json_array());
    nrs_row_json(&row, "excluded", json_array());
    nrs_row_json(&row, "disclaimers", json_array());
    nrs_row_json(&row, "warnings", json_array());
    nrs_row_time(&row, "leaves_at", due_ms);
    return nrs_row_end(&row, answer->rows);
}

/* The text in the place of its number. */
static nrs_error fill(nrs_core *core, nrs_bytes *bytes, nrs_statement *statement)
{
    const ProtobufCBinaryData number = statement->detail;
    nrs_report_row row;
    nrs_bytes holder = {0}, filled = {0}, text = {0};
    json_t *notes = NULL;
    const json_t *note;
    size_t index;
    uint64_t left = nrs_digest_number(statement);
    nrs_error error = nrs_store_report_get(core->store, &row, &holder, statement->sealed_id.data);

    if (error == NRS_OK) {
        error = nrs_withheld_notes(core, &notes, &row);
    }
    json_array_foreach(notes, index, note) {
        if (is_question(note) && left-- == 0) {
            error = nrs_note_text(&text, note);
            statement->detail = nrs_field_of(nrs_slice_of_bytes(&text));
            error = error == NRS_OK ? nrs_statement_encode(&filled, statement) : error;
            statement->detail = number;
            break;
        }
    }
    if (error == NRS_OK && filled.size == 0) {
        error = NRS_ERROR_NOT_FOUND;
    }
    if (error == NRS_OK) {
        nrs_bytes_wipe(bytes);
        *bytes = filled;
    } else {
        nrs_bytes_wipe(&filled);
    }
    json_decref(notes);
    nrs_bytes_wipe(&text);
    nrs_bytes_wipe(&holder);
    return error;
}

nrs_error nrs_question_fill(nrs_core *core, nrs_bytes *bytes)
{
    nrs_statement *statement = NULL;
    nrs_error error = nrs_statement_decode(&statement, nrs_slice_of_bytes(bytes));

    if (error == NRS_OK && statement->type == NRS_STATEMENT_QUESTION) {
        error = fill(core, bytes, statement);
    }
    nrs_statement_free(&statement);
    return error;
}

nrs_error nrs_question_take(nrs_core *core, nrs_peer *from, const nrs_report_row *row, const nrs_statement *statement)
{
    uint64_t count = 0;
    nrs_error error = statement->detail.len > NRS_QUESTION_SIZE_MAX ? NRS_ERROR_TOO_LARGE : count_questions(core, &count, row);

    if (error == NRS_OK && count >= NRS_NOTES_FROM_HUB_MAX) {
        error = NRS_ERROR_LIMIT;
    }
    if (error == NRS_OK) {
        error = keep(core, row, from->org, nrs_field(&statement->detail), statement->at_ms, core->now_ms);
    }
    if (nrs_error_of_one_record(error)) {
        nrs_core_complain(core, from, error, "a question that cannot be kept: %s", nrs_error_rule(error));
        return NRS_OK;
    }
    nrs_core_log(core, error, "%s asks about a report whose source is withheld", from->org);
    return error;
}

void nrs_question_put(nrs_row *row, const json_t *notes, bool texts)
{
    json_t *list = json_array();
    const json_t *note;
    size_t index;
    bool failed = list == NULL;

    json_array_foreach(notes, index, note) {
        nrs_row one = nrs_row_begin();

        if (!is_question(note)) {
            nrs_row_discard(&one);
            continue;
        }
        nrs_row_text(&one, "by", json_string_value(json_object_get(note, "by")));
        nrs_row_time(&one, "at", (uint64_t)json_integer_value(json_object_get(note, "at")));
        one.failed = one.failed || nrs_note_show_text(&one, note, texts) != NRS_OK;
        failed = nrs_row_end(&one, list) != NRS_OK || failed;
    }
    nrs_row_json(row, "questions", list);
    row->failed = row->failed || failed;
}

/* ---- What waits for an answer ---- */

/* A source answers by a report that follows the one it was asked about, by its id or by one under which it was published. */
static nrs_error last_answered(nrs_core *core, uint64_t *at_ms, const nrs_report_row *row, const json_t *notes)
{
    const json_t *note;
    size_t index;
    nrs_error error = nrs_follows_newest(core, at_ms, row->id, row);

    json_array_foreach(notes, index, note) {
        const char *text = is_note(note, "vouched") ? json_string_value(json_object_get(note, "id")) : NULL;
        uint8_t id[NRS_HASH_SIZE];

        if (error == NRS_OK && text != NULL && nrs_hex_decode(id, sizeof id, text) == NRS_OK) {
            error = nrs_follows_newest(core, at_ms, id, row);
        }
    }
    return error;
}

nrs_error nrs_questions_open(nrs_core *core, uint64_t *count_out, const nrs_report_row *row)
{
    json_t *notes = NULL;
    const json_t *note;
    size_t index;
    uint64_t answered_ms = 0, count = 0;
    nrs_error error = row->key_state == NRS_KEY_HELD ? nrs_withheld_notes_shown(core, &notes, row) : NRS_OK;

    if (error == NRS_OK && json_array_size(notes) > 0) {
        error = last_answered(core, &answered_ms, row, notes);
    }
    json_array_foreach(notes, index, note) {
        count += is_question(note) && (uint64_t)json_integer_value(json_object_get(note, "since")) > answered_ms ? 1 : 0;
    }
    json_decref(notes);
    if (error == NRS_OK) {
        *count_out = count;
    }
    return error;
}

nrs_error nrs_questions_waiting(nrs_core *core, uint64_t *count_out)
{
    nrs_id_list list = {.count = 0};
    uint64_t count = 0;
    nrs_error error = nrs_noted_reports(core, &list, NRS_PART_SENT, core->now_ms);

    for (size_t i = 0; i < list.count && error == NRS_OK; i++) {
        nrs_report_row row;
        nrs_bytes holder = {0};
        uint64_t open = 0;
        bool withdrawn = false;

        error = nrs_store_report_get(core->store, &row, &holder, list.ids[i]);
        if (error == NRS_OK) {
            error = nrs_withdrawal_of(core, &withdrawn, row.id);
        }
        if (error == NRS_OK && !withdrawn && (row.flags & NRS_REPORT_WITHHELD) != 0) {
            error = nrs_questions_open(core, &open, &row);
            error = nrs_error_is_verdict(error) ? NRS_OK : error; /* one that does not open any more waits for nothing */
        }
        count += open;
        nrs_bytes_wipe(&holder);
    }
    nrs_id_list_wipe(&list);
    if (error == NRS_OK) {
        *count_out = count;
    }
    return error;
}
