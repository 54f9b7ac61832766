/* The texts of a request to send: subject, body and the fields of a form. */
#include <stdlib.h>
#include <string.h>

#include "command/command_draft.h"

static const char hint_subject[] = "Say what it is about: --subject TEXT.";
static const char hint_body[] = "Say what happened: --body TEXT or --body-file FILE.";

static nrs_error check_line(nrs_answer *answer, const char *what, const char *text, size_t size_max)
{
    if (strlen(text) > size_max) {
        return nrs_refuse(answer, NRS_ERROR_TOO_LARGE, NULL, "%s has %zu bytes; at most %zu are allowed.", what, strlen(text), size_max);
    }
    if (!nrs_utf8_valid(nrs_slice_of_string(text))) {
        return nrs_refuse(answer, NRS_ERROR_BAD_UTF8, NULL, "%s is not valid UTF-8 text without control characters.", what);
    }
    if (text[strcspn(text, "\r\n")] != '\0') {
        return nrs_refuse(answer, NRS_ERROR_MALFORMED, NULL, "%s must be one line.", what);
    }
    return NRS_OK;
}

/* "Re: " and the quoted subject, cut between characters to fit. */
static void answer_subject(char *subject_out, const char *quoted)
{
    static const char prefix[] = "Re: ";
    size_t size = strlen(quoted);
    size_t before = strncmp(quoted, prefix, sizeof prefix - 1) == 0 ? 0 : sizeof prefix - 1;

    if (size > NRS_SUBJECT_SIZE_MAX - before) {
        size = NRS_SUBJECT_SIZE_MAX - before;
        while (size > 0 && ((unsigned char)quoted[size] & 0xc0) == 0x80) {
            size--;
        }
    }
    memcpy(subject_out, prefix, before);
    memcpy(subject_out + before, quoted, size);
    subject_out[before + size] = '\0';
}

static nrs_error read_subject(nrs_answer *answer, nrs_draft *draft, const json_t *request, const nrs_draft_defaults *defaults)
{
    const char *text = nrs_request_text(request, "subject");
    nrs_error error;

    if (text == NULL && draft->dry_run) {
        return NRS_OK;
    }
    if (text == NULL && defaults != NULL && defaults->subject != NULL) {
        answer_subject(draft->subject, defaults->subject);
        draft->subject_inherited = true;
        return NRS_OK;
    }
    if (text == NULL || text[0] == '\0') {
        return nrs_refuse(answer, NRS_ERROR_USAGE, hint_subject, "The report has no subject.");
    }
    error = check_line(answer, "The subject", text, NRS_SUBJECT_SIZE_MAX);
    if (error == NRS_OK && nrs_utf8_blank(nrs_slice_of_string(text))) {
        return nrs_refuse(answer, NRS_ERROR_USAGE, hint_subject, "The subject has nothing but blanks.");
    }
    if (error == NRS_OK) {
        memcpy(draft->subject, text, strlen(text) + 1);
    }
    return error;
}

static nrs_error read_body(nrs_answer *answer, nrs_draft *draft, const json_t *request)
{
    const char *text = nrs_request_text(request, "body");

    draft->body = text == NULL ? "" : text;
    if (strlen(draft->body) > NRS_BODY_TEXT_SIZE_MAX) {
        return nrs_refuse(answer, NRS_ERROR_TOO_LARGE, NULL, "The body has %zu bytes; at most %u are allowed.", strlen(draft->body),
                          NRS_BODY_TEXT_SIZE_MAX);
    }
    if (!nrs_utf8_valid(nrs_slice_of_string(draft->body))) {
        return nrs_refuse(answer, NRS_ERROR_BAD_UTF8, NULL, "The body is not valid UTF-8 text without control characters.");
    }
    return NRS_OK;
}

static int by_name(const void *a, const void *b)
{
    const Nrs__Wire__Field *const *x = a;
    const Nrs__Wire__Field *const *y = b;

    return strcmp((*x)->name, (*y)->name);
}

static nrs_error read_field(nrs_answer *answer, nrs_draft *draft, const char *name, const char *value)
{
    Nrs__Wire__Field *field = &draft->fields[draft->field_count];
    nrs_error error = name[0] == '\0' ? NRS_ERROR_USAGE : NRS_OK;

    if (error != NRS_OK) {
        return nrs_refuse(answer, error, NULL, "A field of the form has no name.");
    }
    error = check_line(answer, "The name of a field", name, NRS_FIELD_NAME_SIZE_MAX);
    if (error != NRS_OK) {
        return error;
    }
    if (strlen(value) > NRS_FIELD_VALUE_SIZE_MAX) {
        return nrs_refuse(answer, NRS_ERROR_TOO_LARGE, NULL, "The field %s has %zu bytes; at most %u are allowed.", name, strlen(value),
                          NRS_FIELD_VALUE_SIZE_MAX);
    }
    if (!nrs_utf8_valid(nrs_slice_of_string(value))) {
        return nrs_refuse(answer, NRS_ERROR_BAD_UTF8, NULL, "The field %s is not valid UTF-8 text without control characters.", name);
    }
    nrs__wire__field__init(field);
    field->name = (char *)(uintptr_t)name; /* protobuf-c's structs are not const; encoding only reads them */
    field->value = (char *)(uintptr_t)value;
    draft->field_list[draft->field_count] = field;
    draft->field_count++;
    return NRS_OK;
}

static nrs_error read_fields(nrs_answer *answer, nrs_draft *draft, const json_t *request)
{
    json_t *map = json_object_get(request, "fields");

    if (json_object_size(map) > NRS_FIELD_COUNT_MAX) {
        return nrs_refuse(answer, NRS_ERROR_TOO_LARGE, NULL, "A report has at most %u fields.", NRS_FIELD_COUNT_MAX);
    }
    for (void *iterator = json_object_iter(map); iterator != NULL; iterator = json_object_iter_next(map, iterator)) {
        nrs_error error =
            read_field(answer, draft, json_object_iter_key(iterator), json_string_value(json_object_iter_value(iterator)));
        if (error != NRS_OK) {
            return error;
        }
    }
    if (draft->field_count > 1) {
        qsort(draft->field_list, draft->field_count, sizeof draft->field_list[0], by_name);
    }
    return NRS_OK;
}

nrs_error nrs_draft_read_texts(nrs_answer *answer, nrs_draft *draft, const json_t *request, const nrs_draft_defaults *defaults)
{
    nrs_error error = read_subject(answer, draft, request, defaults);

    if (error == NRS_OK) {
        error = read_body(answer, draft, request);
    }
    if (error == NRS_OK) {
        error = read_fields(answer, draft, request);
    }
    return error;
}

nrs_error nrs_draft_check_body(nrs_answer *answer, const nrs_draft *draft)
{
    NRS_ASSERT(draft->body != NULL);
    if (draft->body[0] != '\0' && nrs_utf8_blank(nrs_slice_of_string(draft->body))) {
        return nrs_refuse(answer, NRS_ERROR_USAGE, hint_body, "The body has nothing but blanks.");
    }
    return NRS_OK;
}
