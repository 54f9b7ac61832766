/* A reply that waited at the hub, as it leaves for the source (SPEC 6.11): its text, or, where the source may not have it or has it already, a filler
 * of the same size. */
#include <string.h>

#include "report/withdrawal.h"
#include "withheld/withheld.h"

bool nrs_reply_note(const json_t *note)
{
    const char *what = json_string_value(json_object_get(note, "note"));

    return what != NULL && strcmp(what, "reply") == 0;
}

/* As long as what it stands for, so that it takes the same room in a digest, and as many digests. */
static nrs_error fill_blank(nrs_bytes *filled, uint64_t at_ms)
{
    static const uint8_t zeros[NRS_STATEMENT_SIZE_MAX] = {0};
    const size_t size = filled->size;
    nrs_statement statement;
    nrs_error error = NRS_OK;

    nrs__wire__statement__init(&statement);
    statement.type = NRS_STATEMENT_FILLER;
    statement.sealed_id = nrs_field_of(nrs_slice_of(zeros, NRS_HASH_SIZE));
    statement.at_ms = at_ms;
    statement.detail = nrs_field_of(nrs_slice_of(zeros, size));
    for (size_t i = 0; i < 2 && error == NRS_OK; i++) { /* the second time without what the first one is longer */
        nrs_bytes_wipe(filled);
        error = nrs_statement_encode(filled, &statement);
        statement.detail.len -= i == 0 && error == NRS_OK && filled->size > size ? filled->size - size : 0;
    }
    return error;
}

/* Its writer has taken it back since: nobody is handed what it said. Of one that another node has passed on (reply_pass.c) only what it answers is known
 * here, and that may be withdrawn as it likes. */
static bool taken_back(const nrs_core *core, const json_t *note)
{
    const char *text = json_string_value(json_object_get(note, "id")), *to = json_string_value(json_object_get(note, "to"));
    uint8_t id[NRS_HASH_SIZE];

    return text != NULL && (to == NULL || strcmp(text, to) != 0) && nrs_hex_decode(id, sizeof id, text) == NRS_OK && nrs_withdrawn(core, id);
}

/* How many, and each with its length. */
static nrs_error append_duties(nrs_bytes *detail, const json_t *duties)
{
    const json_t *duty;
    size_t index;
    nrs_error error = !json_is_array(duties) || json_array_size(duties) > UINT8_MAX ? NRS_ERROR_DAMAGED : nrs_bytes_append_u8(detail, (uint8_t)json_array_size(duties));

    json_array_foreach(duties, index, duty) {
        const nrs_slice name = nrs_slice_of_string(json_is_string(duty) ? json_string_value(duty) : "");

        error = error == NRS_OK && (name.size == 0 || name.size > NRS_NAME_SIZE_MAX) ? NRS_ERROR_DAMAGED : error;
        error = error == NRS_OK ? nrs_bytes_append_u8(detail, (uint8_t)name.size) : error;
        error = error == NRS_OK ? nrs_bytes_append(detail, name) : error;
    }
    return error;
}

/* What the note holds, as the statement that leaves. */
static nrs_error fill_from(nrs_core *core, nrs_bytes *filled, const nrs_statement *held, const json_t *note)
{
    static uint8_t nothing[NRS_QUESTION_SIZE_MAX];
    const char *by = json_string_value(json_object_get(note, "by")), *person = json_string_value(json_object_get(note, "person"));
    const json_t *blank = json_object_get(note, "blank");
    const json_int_t size = json_integer_value(blank);
    nrs_bytes detail = {0}, text = {0};
    uint8_t whose[NRS_KEY_SIZE];
    nrs_statement statement = *held;
    nrs_error error = by == NULL || person == NULL || nrs_hex_decode(whose, sizeof whose, by) != NRS_OK || size < 0 || (size_t)size > sizeof nothing ? NRS_ERROR_DAMAGED : NRS_OK;

    if (error == NRS_OK) {
        error = blank != NULL ? nrs_bytes_append(&text, nrs_slice_of(nothing, (size_t)size)) : nrs_note_text(&text, note);
    }
    error = error == NRS_OK ? nrs_bytes_append_u8(&detail, (uint8_t)json_integer_value(json_object_get(note, "label"))) : error;
    error = error == NRS_OK ? nrs_bytes_append_u8(&detail, (uint8_t)json_integer_value(json_object_get(note, "pap"))) : error;
    error = error == NRS_OK ? nrs_bytes_append_u8(&detail, (uint8_t)json_integer_value(json_object_get(note, "flags"))) : error;
    error = error == NRS_OK ? append_duties(&detail, json_object_get(note, "duties")) : error;
    error = error == NRS_OK ? nrs_bytes_append(&detail, nrs_slice_of_bytes(&text)) : error;
    if (error == NRS_OK) {
        statement.detail = nrs_field_of(nrs_slice_of_bytes(&detail));
        statement.reference = nrs_field_of(nrs_slice_of(whose, sizeof whose));
        statement.person = (char *)(uintptr_t)person; /* only read */
        statement.at_ms = core->now_ms;
        error = nrs_statement_encode(filled, &statement);
    }
    if (error == NRS_OK && (blank != NULL || taken_back(core, note))) {
        error = fill_blank(filled, core->now_ms);
    }
    nrs_bytes_wipe(&detail);
    nrs_bytes_wipe(&text);
    return error;
}

static nrs_error fill(nrs_core *core, nrs_bytes *bytes, const nrs_statement *statement)
{
    nrs_source_report source = {.row = {.label = 0}};
    nrs_bytes filled = {0};
    uint64_t left = nrs_digest_number(statement);
    json_t *notes = NULL;
    const json_t *note;
    size_t index;
    nrs_error error = nrs_source_load(core, &source, statement->sealed_id.data);

    if (error == NRS_OK) {
        error = nrs_withheld_notes(core, &notes, &source.row);
    }
    json_array_foreach(notes, index, note) {
        if (nrs_reply_note(note) && left-- == 0) {
            error = fill_from(core, &filled, statement, note);
            break;
        }
    }
    if (error == NRS_OK && filled.size == 0) {
        error = NRS_ERROR_NOT_FOUND;
    }
    if (error == NRS_OK) {
        nrs_bytes_wipe(bytes);
        *bytes = filled;
        filled = (nrs_bytes){0};
    }
    json_decref(notes);
    nrs_bytes_wipe(&filled);
    nrs_source_wipe(&source);
    return error;
}

nrs_error nrs_reply_fill(nrs_core *core, nrs_bytes *bytes)
{
    nrs_statement *statement = NULL;
    nrs_error error = nrs_statement_decode(&statement, nrs_slice_of_bytes(bytes));

    if (error == NRS_OK && statement->type == NRS_STATEMENT_REPLY) {
        error = fill(core, bytes, statement);
    }
    nrs_statement_free(&statement);
    return error;
}
