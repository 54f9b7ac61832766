/* The texts under which a withheld report is published: those of the edited form, or the source's own without what tells whose
 * report it is (SPEC 6.11). */
#include <string.h>

#include "proto/form.h"
#include "withheld/withheld.h"

static const char hint_part[] = "Print the form of that part, and edit it: noroshi show ID --form --part technical.";
static const char hint_parts[] = "The parts are technical and damage.";

static const char *either(const json_t *request, const char *name, const char *own)
{
    const char *given = nrs_request_text(request, name);

    return given != NULL && given[0] != '\0' ? given : own;
}

/* Whether a field of the source's own form is published as it stands. */
static bool goes_along(const char *name)
{
    const nrs_form_field *field = nrs_form_field_named(name);

    return field != NULL && field->source == 0;
}

static nrs_error own_fields(json_t **fields_out, json_t *dropped, const nrs_report *source)
{
    json_t *fields = json_object();
    nrs_error error = fields == NULL ? NRS_ERROR_NO_MEMORY : NRS_OK;

    for (size_t i = 0; i < source->n_fields && error == NRS_OK; i++) {
        const Nrs__Wire__Field *field = source->fields[i];

        if (!goes_along(field->name)) {
            error = nrs_array_text(dropped, field->name);
        } else if (json_object_set_new(fields, field->name, json_string(field->value)) != 0) {
            error = NRS_ERROR_NO_MEMORY;
        }
    }
    if (error != NRS_OK) {
        json_decref(fields);
        return error;
    }
    *fields_out = fields;
    return NRS_OK;
}

/* What belongs to the other part has no place in this one. */
static nrs_error check_part(nrs_answer *answer, int part, const json_t *request, json_t *fields)
{
    for (void *at = json_object_iter(fields); at != NULL; at = json_object_iter_next(fields, at)) {
        const nrs_form_field *field = nrs_form_field_named(json_object_iter_key(at));

        if (part != NRS_FORM_BOTH && field != NULL && field->part != NRS_FORM_BOTH && field->part != part) {
            return nrs_refuse(answer, NRS_ERROR_USAGE, hint_part, "The field %s is not of the part %s.", field->name,
                              nrs_request_text(request, "part"));
        }
    }
    return NRS_OK;
}

nrs_error nrs_vouch_texts(nrs_answer *answer, json_t **texts_out, json_t *dropped, const json_t *request, const nrs_report *source)
{
    const char *word = nrs_request_text(request, "part");
    const int part = word == NULL ? NRS_FORM_BOTH : nrs_form_part_parse(word);
    json_t *given = json_object_get(request, "fields");
    json_t *fields = json_is_object(given) ? json_incref(given) : NULL;
    json_t *texts = NULL;
    nrs_error error = NRS_OK;

    NRS_ASSERT(texts_out != NULL && dropped != NULL);
    if (word != NULL && part == NRS_FORM_BOTH) {
        error = nrs_refuse(answer, NRS_ERROR_USAGE, hint_parts, "%.64s: not a part of a report.", word);
        goto out;
    }
    if (word != NULL && (fields == NULL || either(request, "body", NULL) == NULL)) { /* no program can divide a text */
        error = nrs_refuse(answer, NRS_ERROR_USAGE, hint_part, "A part is published with an edited form, whose summary tells of that part alone.");
        goto out;
    }
    if (fields == NULL) {
        error = own_fields(&fields, dropped, source);
    }
    if (error == NRS_OK) {
        error = check_part(answer, part, request, fields);
    }
    if (error == NRS_OK) {
        texts = json_pack("{s:s, s:s, s:O}", "subject", either(request, "subject", source->subject), "body",
                          either(request, "body", source->body), "fields", fields);
        error = texts == NULL ? NRS_ERROR_NO_MEMORY : NRS_OK;
    }
    if (error == NRS_OK) {
        *texts_out = texts;
    }
out:
    json_decref(fields);
    return error;
}
