#include "report/listed.h"

#include <string.h>

#include "proto/json.h"

/* What is of no interest here is passed over. */
static void take(nrs_listed *row, const nrs_json_value *value)
{
    const struct { const char *name; nrs_slice *text; } texts[] = {
        {"id", &row->id}, {"label", &row->label}, {"kind", &row->kind}, {"from", &row->from}, {"subject", &row->subject},
        {"created_at", &row->created_at}, {"missing_since", &row->missing_since}, {"withdrawn_at", &row->withdrawn_at},
        {"withdrawn_for", &row->withdrawn_for},
    };
    const struct { const char *name; bool *flag; } flags[] = {
        {"opened", &row->opened}, {"urgent", &row->urgent}, {"drill", &row->drill}, {"expired", &row->expired}, {"to_vouch", &row->to_vouch},
        {"final", &row->final},
    };
    const struct { const char *name; int64_t *number; } numbers[] = {
        {"missing_before", &row->missing_before}, {"number", &row->number}, {"next", &row->next},
        {"left", &row->left}, {"asks_to_answer", &row->asks_to_answer}, {"asks_open", &row->asks_open},
        {"questions_to_answer", &row->questions_to_answer}, {"questions_open", &row->questions_open},
    };

    for (size_t i = 0; value->kind == NRS_JSON_TEXT && i < sizeof texts / sizeof texts[0]; i++) {
        if (nrs_json_is(value->name, texts[i].name)) {
            *texts[i].text = value->text;
            return;
        }
    }
    for (size_t i = 0; value->kind == NRS_JSON_TRUE && i < sizeof flags / sizeof flags[0]; i++) {
        if (nrs_json_is(value->name, flags[i].name)) {
            *flags[i].flag = true;
            return;
        }
    }
    for (size_t i = 0; value->kind == NRS_JSON_NUMBER && i < sizeof numbers / sizeof numbers[0]; i++) {
        if (nrs_json_is(value->name, numbers[i].name)) {
            *numbers[i].number = value->number;
            return;
        }
    }
}

nrs_error nrs_listed_read(nrs_listed *row_out, nrs_slice line)
{
    nrs_json_reader reader = nrs_json_over(line);
    nrs_json_value value = {.kind = NRS_JSON_NULL};
    nrs_listed row = {0};
    nrs_error error = nrs_json_next(&reader, &value);

    if (error == NRS_OK && value.kind != NRS_JSON_OBJECT) {
        error = NRS_ERROR_MALFORMED;
    }
    while (error == NRS_OK && value.kind != NRS_JSON_DONE) {
        error = nrs_json_next(&reader, &value);
        if (error == NRS_OK && (value.kind == NRS_JSON_ARRAY || value.kind == NRS_JSON_OBJECT)) {
            const nrs_json_value list = value;
            size_t count = 0;

            error = nrs_json_skip(&reader, &count);
            row.followed = row.followed || (nrs_json_is(list.name, "followed_by") && count > 0);
        } else if (error == NRS_OK) {
            take(&row, &value);
            error = value.escaped ? NRS_ERROR_MALFORMED : NRS_OK; /* it would have to be copied first */
        }
    }
    row.has_subject = row.subject.data != NULL;
    if (error == NRS_OK) {
        *row_out = row;
    }
    return error;
}

static nrs_json_value value_of(const char *name, const json_t *from)
{
    nrs_json_value value = {.kind = NRS_JSON_NULL, .name = nrs_slice_of_string(name)};

    if (json_is_string(from)) {
        value.kind = NRS_JSON_TEXT;
        value.text = nrs_slice_of_string(json_string_value(from));
    } else if (json_is_integer(from)) {
        value.kind = NRS_JSON_NUMBER;
        value.number = json_integer_value(from);
    } else if (json_is_true(from)) {
        value.kind = NRS_JSON_TRUE;
    }
    return value;
}

nrs_listed nrs_listed_of(const json_t *row)
{
    json_t *object = (json_t *)(uintptr_t)row; /* jansson's iterators ask for one that may be changed */
    nrs_listed listed = {0};

    for (void *at = json_object_iter(object); at != NULL; at = json_object_iter_next(object, at)) {
        const nrs_json_value value = value_of(json_object_iter_key(at), json_object_iter_value(at));

        take(&listed, &value);
    }
    listed.followed = json_array_size(json_object_get(row, "followed_by")) > 0;
    listed.has_subject = listed.subject.data != NULL;
    return listed;
}
