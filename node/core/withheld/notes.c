/* What a hub and a source keep about a withheld report: as which report it was published, what was asked. Each note is sealed under
 * the report's file key (SPEC 9), so that the database alone does not join the two reports, and forgetting the one parts them
 * for good. */
#include "withheld/withheld.h"

#include <string.h>

nrs_error nrs_withheld_note(nrs_core *core, const nrs_report_row *row, const json_t *note)
{
    char *text = json_dumps(note, JSON_COMPACT);
    nrs_secret *file_key = NULL;
    nrs_bytes sealed = {0};
    nrs_error error = text == NULL ? NRS_ERROR_NO_MEMORY : strlen(text) > NRS_ANNEX_TEXT_SIZE_MAX ? NRS_ERROR_TOO_LARGE : nrs_open_file_key(core, &file_key, row);

    if (error == NRS_OK) {
        error = nrs_annex_seal(&sealed, file_key, nrs_slice_of_string(text));
    }
    if (error == NRS_OK) {
        error = nrs_store_note_add(core->store, row->position, nrs_slice_of_bytes(&sealed));
    }
    if (text != NULL) {
        nrs_memory_wipe(text, strlen(text));
        free(text);
    }
    nrs_bytes_wipe(&sealed);
    nrs_secret_destroy(&file_key);
    return error;
}

typedef struct note_list {
    const nrs_secret *file_key;
    json_t *notes;
} note_list;

static nrs_error open_note(void *context, nrs_slice content)
{
    const note_list *list = context;
    nrs_bytes text = {0};
    nrs_error error = nrs_annex_open(&text, list->file_key, content);
    json_t *note = error == NRS_OK ? json_loadb((const char *)text.data, text.size, 0, NULL) : NULL;

    nrs_bytes_wipe(&text);
    if (error == NRS_OK && note == NULL) {
        error = NRS_ERROR_DAMAGED;
    }
    return error == NRS_OK && json_array_append_new(list->notes, note) != 0 ? NRS_ERROR_NO_MEMORY : error;
}

nrs_error nrs_withheld_notes(nrs_core *core, json_t **notes_out, const nrs_report_row *row)
{
    note_list list = {.notes = json_array()};
    nrs_secret *file_key = NULL;
    nrs_error error = list.notes == NULL ? NRS_ERROR_NO_MEMORY : nrs_open_file_key(core, &file_key, row);

    list.file_key = file_key;
    if (error == NRS_OK) {
        error = nrs_store_note_each(core->store, row->position, open_note, &list);
    }
    nrs_secret_destroy(&file_key);
    if (error != NRS_OK) {
        json_decref(list.notes);
        return error;
    }
    *notes_out = list.notes;
    return NRS_OK;
}

nrs_error nrs_withheld_notes_shown(nrs_core *core, json_t **notes_out, const nrs_report_row *row)
{
    nrs_error error = nrs_withheld_notes(core, notes_out, row);

    return nrs_error_of_one_record(error) ? NRS_OK : error;
}

static nrs_error add_id(void *context, const uint8_t id[NRS_HASH_SIZE])
{
    return nrs_id_list_add(context, id);
}

nrs_error nrs_noted_reports(nrs_core *core, nrs_id_list *list_out, uint32_t part, uint64_t since_ms)
{
    return nrs_store_note_reports(core->store, part, since_ms, add_id, list_out);
}

static bool is(const json_t *note, const char *name, const char *value)
{
    const char *text = json_string_value(json_object_get(note, name));

    return text != NULL && strcmp(text, value) == 0;
}

const char *nrs_withheld_published(const json_t *notes, const char *part)
{
    const json_t *note;
    size_t index;

    json_array_foreach(notes, index, note) {
        if (is(note, "note", "vouched") && (part == NULL || is(note, "part", part))) {
            return json_string_value(json_object_get(note, "id"));
        }
    }
    return NULL;
}

static nrs_error put_notes(nrs_core *core, nrs_row *row, json_t *published, const nrs_report_row *report, bool words)
{
    json_t *notes = NULL;
    const json_t *note;
    size_t index;
    nrs_error error = nrs_withheld_notes_shown(core, &notes, report);

    json_array_foreach(notes, index, note) {
        if (error == NRS_OK && is(note, "note", "vouched")) {
            error = nrs_array_text(published, json_string_value(json_object_get(note, "id")));
        }
    }
    if (error == NRS_OK) {
        nrs_question_put(row, notes, words);
        nrs_reply_put(core, row, notes, report->community, words);
    }
    json_decref(notes);
    return error;
}

nrs_error nrs_withheld_describe(nrs_core *core, nrs_row *row, const nrs_report_row *report, const nrs_report *text, bool words)
{
    const bool withheld = (report->flags & NRS_REPORT_WITHHELD) != 0;
    json_t *published = withheld ? json_array() : NULL;
    nrs_row vouch = nrs_row_begin();
    nrs_error error = withheld && published == NULL ? NRS_ERROR_NO_MEMORY : NRS_OK;

    if (error == NRS_OK && withheld && report->key_state == NRS_KEY_HELD) {
        error = put_notes(core, row, published, report, words);
    } else {
        nrs_row_text(row, "questions", NULL);
        nrs_row_text(row, "replies", NULL);
    }
    error = error == NRS_OK ? nrs_reply_describe(core, row, report, text) : error;
    if (error != NRS_OK) {
        json_decref(published);
        nrs_row_discard(&vouch);
        return error;
    }
    nrs_row_json(row, "vouched_as", published == NULL ? json_null() : published);
    if (text != NULL && text->vouch != NULL) {
        nrs_row_number(&vouch, "count", text->vouch->count);
        nrs_row_time(&vouch, "since", text->vouch->since_ms);
        row->failed = row->failed || vouch.failed;
        nrs_row_json(row, "vouched", json_incref(vouch.object));
    } else {
        nrs_row_text(row, "vouched", NULL);
    }
    nrs_row_discard(&vouch);
    return NRS_OK;
}

nrs_error nrs_withheld_waits(nrs_core *core, bool *waits_out, const nrs_report_row *report)
{
    json_t *notes = NULL;
    nrs_error error = NRS_OK;

    NRS_ASSERT(waits_out != NULL);
    *waits_out = false;
    if (report->key_state == NRS_KEY_HELD && report->expires_ms > core->now_ms) {
        error = nrs_withheld_notes_shown(core, &notes, report);
        *waits_out = notes != NULL && nrs_withheld_published(notes, NULL) == NULL;
    }
    json_decref(notes);
    return error;
}
