#include "red/red_report.h"

#include <stdlib.h>
#include <string.h>

#include "language.h"
#include "proto/assert.h"
#include "proto/vocabulary.h"
#include "text.h"

void nrs_red_report_wipe(nrs_red_report *report)
{
    NRS_ASSERT(report != NULL);
    for (size_t i = 0; i < report->string_count; i++) {
        nrs_bytes text = {(uint8_t *)report->strings[i], strlen(report->strings[i]), strlen(report->strings[i])};

        if (text.size == 0) {
            free(report->strings[i]);
        } else {
            nrs_bytes_wipe(&text);
        }
    }
    *report = (nrs_red_report){0};
}

/* The generated structs hold strings that may be written to, so each gets a copy. */
static nrs_error keep(nrs_red_report *report, char **string_out, const char *text)
{
    char *copy = NULL;

    NRS_ASSERT(report->string_count < NRS_RED_STRING_COUNT_MAX);

    copy = strdup(text);
    if (copy == NULL) {
        return NRS_ERROR_NO_MEMORY;
    }
    report->strings[report->string_count++] = copy;
    *string_out = copy;
    return NRS_OK;
}

/* Ascending by name, as the report carries them. */
static nrs_error keep_fields(nrs_red_report *report, const nrs_draft *draft)
{
    size_t known_count = 0;
    const nrs_form_field *known = nrs_form_fields(&known_count);
    size_t count = 0;
    nrs_error error = NRS_OK;

    for (size_t i = 0; error == NRS_OK && i < known_count && count < NRS_FIELD_COUNT_MAX; i++) {
        const char *value = nrs_form_get(&draft->form, known[i].name);
        Nrs__Wire__Field *field = &report->fields[count];
        size_t at = count;

        if (value == NULL || !nrs_form_is_plain(i)) {
            continue;
        }
        nrs__wire__field__init(field);
        error = keep(report, &field->name, known[i].name);
        if (error == NRS_OK) {
            error = keep(report, &field->value, value);
        }
        while (at > 0 && strcmp(known[i].name, report->field_places[at - 1]->name) < 0) {
            report->field_places[at] = report->field_places[at - 1];
            at--;
        }
        report->field_places[at] = field;
        count++;
    }
    report->value.fields = report->field_places;
    report->value.n_fields = count;
    return error;
}

static nrs_error keep_addresses(nrs_red_report *report, const nrs_draft *draft)
{
    nrs_error error = NRS_OK;

    for (size_t i = 0; error == NRS_OK && i < json_array_size(draft->to) && i < NRS_TARGET_COUNT_MAX; i++) {
        const char *text = json_string_value(json_array_get(draft->to, i));

        error = keep(report, &report->to[i], text == NULL ? "" : text);
        report->value.n_to = i + 1;
    }
    report->value.to = report->to;
    return error;
}

/* A whole id of another report. Prefixes were resolved by the node. */
static nrs_error keep_id(nrs_cli *cli, ProtobufCBinaryData *field_out, uint8_t id_out[NRS_HASH_SIZE], const char *given,
                         const json_t *prepared, const char *name)
{
    const char *id = nrs_json_text(prepared, name);

    if (given == NULL) {
        return NRS_OK;
    }
    if (id == NULL || nrs_hex_decode(id_out, NRS_HASH_SIZE, id) != NRS_OK) {
        return nrs_cli_fail(cli, NRS_ERROR_NO_NODE, NULL, "%s", _("the node's answer cannot be read"));
    }
    *field_out = nrs_field_of(nrs_slice_of(id_out, NRS_HASH_SIZE));
    return NRS_OK;
}

static nrs_error keep_passed_on(nrs_red_report *report, const nrs_draft *draft)
{
    const size_t count = json_array_size(draft->passes_on);

    NRS_ASSERT(count <= NRS_PASSED_ON_COUNT_MAX);
    for (size_t i = 0; i < count; i++) {
        if (nrs_hex_decode(report->passes_on[i], NRS_HASH_SIZE, json_string_value(json_array_get(draft->passes_on, i))) != NRS_OK) {
            return NRS_ERROR_MALFORMED;
        }
        report->passes_on_fields[i] = nrs_field_of(nrs_slice_of(report->passes_on[i], NRS_HASH_SIZE));
    }
    report->value.passes_on = report->passes_on_fields;
    report->value.n_passes_on = count;
    return NRS_OK;
}

/* The subject of an answer, where none was given and not all whom it goes to may know what it answers: the beginning of that one's id. Owned; else NULL. */
static char *hidden_subject(const nrs_draft *draft, const json_t *prepared)
{
    const char *id = nrs_json_text(prepared, "quoted");
    const bool hidden = draft->subject == draft->answer_subject && !draft->forward && id != NULL && json_is_false(json_object_get(prepared, "quoted_known"));

    return hidden ? nrs_text_format("Re: %.16s", id) : NULL;
}

nrs_error nrs_red_report_make(nrs_red_report *report, nrs_cli *cli, const nrs_draft *draft, const json_t *prepared)
{
    const nrs_term *kind = nrs_vocabulary_by_code(NRS_VOCABULARY_KIND, draft->kind);
    char *subject = hidden_subject(draft, prepared);
    nrs_error error = NRS_OK;

    NRS_ASSERT(report != NULL && draft->subject != NULL && draft->body.data != NULL);
    NRS_ASSERT(kind != NULL);

    nrs__wire__report__init(&report->value);
    report->value.kind = kind->value;
    report->value.number = draft->number;
    report->value.final = draft->final;
    error = keep(report, &report->value.subject, subject == NULL ? draft->subject : subject);
    if (error == NRS_OK) {
        error = keep(report, &report->value.body, (const char *)draft->body.data);
    }
    if (error == NRS_OK && cli->person != NULL) {
        error = keep(report, &report->value.person, cli->person);
    }
    if (error == NRS_OK) {
        error = keep_addresses(report, draft);
    }
    if (error == NRS_OK) {
        error = keep_fields(report, draft);
    }
    if (error == NRS_OK) {
        error = keep_id(cli, &report->value.follows, report->follows, draft->follows, prepared, "follows");
    }
    if (error == NRS_OK) {
        error = keep_id(cli, &report->value.quoted, report->quoted, draft->quoted, prepared, "quoted");
    }
    if (error == NRS_OK) {
        error = keep_passed_on(report, draft);
    }
    free(subject);
    return error;
}
