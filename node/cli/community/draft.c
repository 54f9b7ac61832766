#include "community/draft.h"

#include <stdlib.h>
#include <string.h>

#include "control.h"
#include "folder.h"
#include "report/given.h"
#include "language.h"
#include "proto/address.h"
#include "proto/assert.h"
#include "proto/time.h"
#include "proto/vocabulary.h"
#include "text.h"

enum { ID_DIGITS_MIN = 6 };

void nrs_draft_wipe(nrs_draft *draft)
{
    NRS_ASSERT(draft != NULL);
    json_decref(draft->to);
    json_decref(draft->onward);
    json_decref(draft->disclaimers);
    json_decref(draft->via);
    json_decref(draft->passes_on);
    nrs_bytes_wipe(&draft->body);
    nrs_form_wipe(&draft->form);
    free(draft->answer_subject);
    free(draft->writer);
    *draft = (nrs_draft){0};
}

nrs_error nrs_draft_check_id(nrs_cli *cli, const char *id)
{
    size_t size = strlen(id);

    if (size >= ID_DIGITS_MIN && size <= 2 * NRS_HASH_SIZE && strspn(id, "0123456789abcdef") == size) {
        return NRS_OK;
    }
    return nrs_cli_fail(cli, NRS_ERROR_USAGE, _("an ID is 64 hexadecimal digits; its first 6 or more serve as well"),
                        _("not an ID: %s"), id);
}

/* Where the form could not be read, which field, and why. */
static nrs_error fail_form(nrs_cli *cli, const char *path, nrs_error error, const nrs_form_fault *fault)
{
    const nrs_form_field *field = fault->field;
    const char *reason = _(nrs_error_sentence(error));
    char *hint = NULL;

    switch (fault->reason) {
    case NRS_FORM_UNKNOWN_FIELD:
        reason = _("no field of the form has this name");
        hint = strdup(_("the names are those that noroshi form prints"));
        break;
    case NRS_FORM_TWICE:
        reason = _("the field is given twice");
        break;
    case NRS_FORM_NO_FIELD:
        reason = _("the line belongs to no field");
        hint = strdup(_("write \"name: value\"; a value goes on over indented lines"));
        break;
    case NRS_FORM_BAD_VALUE:
        if (field->vocabulary != 0) {
            reason = _("not one of the field's words, or an empty one");
            hint = nrs_given_allowed((nrs_vocabulary)field->vocabulary);
        } else if (strcmp(field->name, "final") == 0) {
            reason = _("not one of the field's words, or an empty one");
            hint = nrs_text_format("%syes, no", _("Allowed: "));
        } else if (strcmp(field->name, "number") == 0) {
            reason = _("not a number from 1");
        } else if (strcmp(field->name, "subject") == 0 && error == NRS_ERROR_MALFORMED) {
            reason = _("one line is allowed");
        }
        break;
    case NRS_FORM_BAD_TEXT:
    case NRS_FORM_MISSING:
        break;
    }
    if (field == NULL && fault->name[0] == '\0') {
        error = nrs_cli_fail(cli, error, hint, _("%s, line %zu: %s"), path, fault->line, reason);
    } else {
        error = nrs_cli_fail(cli, error, hint, _("%s, line %zu: %s: %s"), path, fault->line, field != NULL ? field->name : fault->name,
                             reason);
    }
    free(hint);
    return error;
}

static nrs_error read_form(nrs_cli *cli, nrs_draft *draft)
{
    const char *path = nrs_cli_option(cli, "form");
    nrs_bytes text = {0};
    nrs_form_fault fault = {0};
    nrs_error error = NRS_OK;

    if (path == NULL) {
        return NRS_OK;
    }
    error = nrs_file_read_given(cli, &text, path, NRS_FILE_SIZE_MAX);
    if (error == NRS_OK) {
        error = nrs_form_parse_partial(&draft->form, &fault, nrs_slice_of_bytes(&text));
        error = error == NRS_OK ? NRS_OK : fail_form(cli, path, error, &fault);
    }
    nrs_bytes_wipe(&text);
    return error;
}

/* What was given on the command line wins over the form. */
static const char *either(const nrs_cli *cli, const nrs_draft *draft, const char *option, const char *field)
{
    const char *given = nrs_cli_option(cli, option);

    return given != NULL ? given : nrs_form_get(&draft->form, field);
}

static nrs_error read_label(nrs_cli *cli, nrs_draft *draft)
{
    const char *given = either(cli, draft, "tlp", "tlp");
    nrs_error error = NRS_OK;

    if (given == NULL && draft->quoted != NULL) {
        return NRS_OK; /* the quoted report's */
    }
    error = nrs_label_parse(&draft->label, given);
    if (error == NRS_ERROR_LABEL_MISSING) {
        return nrs_cli_fail(cli, error, _("give --tlp CLEAR, GREEN, AMBER, AMBER+STRICT or RED"), "%s", _(nrs_error_sentence(error)));
    }
    if (error != NRS_OK) {
        return nrs_cli_fail(cli, error, strcmp(given, "WHITE") == 0 ? _("TLP 2.0 calls it CLEAR") : NULL, "%s: %s", given,
                            _(nrs_error_sentence(error)));
    }
    return NRS_OK;
}

static nrs_error add_address(nrs_cli *cli, nrs_draft *draft, const char *text)
{
    nrs_address address;

    if (nrs_address_parse(&address, text) != NRS_OK) {
        return nrs_cli_fail_about(cli, NRS_ERROR_BAD_ADDRESS, text);
    }
    if (json_array_size(draft->to) >= NRS_TARGET_COUNT_MAX) {
        return nrs_cli_fail(cli, NRS_ERROR_LIMIT, _("address a community, --to @community, or send several reports"),
                            _("a report has at most %u addresses"), NRS_TARGET_COUNT_MAX);
    }
    return json_array_append_new(draft->to, json_string(text)) == 0 ? NRS_OK : NRS_ERROR_NO_MEMORY;
}

/* The form's list: addresses with commas between, checked when it was read. */
static nrs_error add_addresses_of_form(nrs_cli *cli, nrs_draft *draft)
{
    const char *list = nrs_form_get(&draft->form, "to");
    nrs_error error = NRS_OK;

    while (error == NRS_OK && list != NULL && list[0] != '\0') {
        char address[NRS_ADDRESS_SIZE_MAX + 1];
        size_t size = strcspn(list, ", \n\t");

        if (size > NRS_ADDRESS_SIZE_MAX) {
            return nrs_cli_fail_about(cli, NRS_ERROR_BAD_ADDRESS, list);
        }
        memcpy(address, list, size);
        address[size] = '\0';
        list += size;
        list += strspn(list, ", \n\t");
        error = size > 0 ? add_address(cli, draft, address) : NRS_OK;
    }
    return error;
}

static nrs_error read_addresses(nrs_cli *cli, nrs_draft *draft)
{
    const char *given = NULL;
    nrs_error error = NRS_OK;

    draft->to = json_array();
    if (draft->to == NULL) {
        return NRS_ERROR_NO_MEMORY;
    }
    for (size_t i = 0; error == NRS_OK && (given = nrs_cli_option_at(cli, "to", i)) != NULL; i++) {
        error = add_address(cli, draft, given);
    }
    if (error == NRS_OK && json_array_size(draft->to) == 0) {
        error = add_addresses_of_form(cli, draft);
    }
    if (error == NRS_OK && json_array_size(draft->to) == 0 && draft->quoted == NULL) {
        error = nrs_cli_fail(cli, NRS_ERROR_USAGE, _("write --to @community, organisation or person@organisation"), "%s",
                             _("send needs --to"));
    }
    return error;
}

static nrs_error read_onward(nrs_cli *cli, nrs_draft *draft)
{
    const char *word = NULL;

    draft->onward = json_array();
    if (draft->onward == NULL) {
        return NRS_ERROR_NO_MEMORY;
    }
    for (size_t i = 0; (word = nrs_cli_option_at(cli, "onward", i)) != NULL; i++) {
        if (nrs_vocabulary_by_code(NRS_VOCABULARY_ONWARD, word) == NULL) {
            return nrs_cli_fail(cli, NRS_ERROR_USAGE, _("allowed: council, ministry, national, response, communities"),
                                _("unknown word for --onward: %s"), word);
        }
        if (json_array_append_new(draft->onward, json_string(word)) != 0) {
            return NRS_ERROR_NO_MEMORY;
        }
    }
    return NRS_OK;
}

static nrs_error read_disclaimers(nrs_cli *cli, nrs_draft *draft)
{
    const char *name = NULL;

    draft->disclaimers = json_array();
    draft->unlock_on_accept = nrs_cli_option(cli, "unlock-on-accept") != NULL;
    for (size_t i = 0; (name = nrs_cli_option_at(cli, "disclaimer", i)) != NULL; i++) {
        if (!nrs_name_valid(name)) {
            return nrs_cli_fail_about(cli, NRS_ERROR_BAD_NAME, name);
        }
        if (json_array_append_new(draft->disclaimers, json_string(name)) != 0) {
            return NRS_ERROR_NO_MEMORY;
        }
    }
    return draft->disclaimers == NULL ? NRS_ERROR_NO_MEMORY : NRS_OK;
}

static nrs_error read_withheld(nrs_cli *cli, nrs_draft *draft)
{
    const char *name = NULL;

    draft->via = json_array();
    draft->withhold_source = nrs_cli_option(cli, "withhold-source") != NULL;
    for (size_t i = 0; (name = nrs_cli_option_at(cli, "via", i)) != NULL; i++) {
        if (!nrs_name_valid(name)) {
            return nrs_cli_fail_about(cli, NRS_ERROR_BAD_NAME, name);
        }
        if (json_array_append_new(draft->via, json_string(name)) != 0) {
            return NRS_ERROR_NO_MEMORY;
        }
    }
    return draft->via == NULL ? NRS_ERROR_NO_MEMORY : NRS_OK;
}

/* What a recipient may do with it. */
static nrs_error read_conditions(nrs_cli *cli, nrs_draft *draft)
{
    const nrs_term *term = NULL;
    const char *supervision = nrs_form_get(&draft->form, "not_for_supervision");
    nrs_error error = NRS_OK;

    draft->pap = either(cli, draft, "pap", "pap");
    draft->tell_affected = either(cli, draft, "tell-affected", "tell_affected");
    draft->name_source = either(cli, draft, "name-source", "name_source");
    draft->not_for_supervision = nrs_cli_option(cli, "not-for-supervision") != NULL || (supervision != NULL && strcmp(supervision, "yes") == 0);
    if (draft->pap != NULL) {
        error = nrs_given_word(cli, &term, NRS_VOCABULARY_PAP, draft->pap, NRS_ERROR_USAGE);
    }
    if (error == NRS_OK && draft->tell_affected != NULL) {
        error = nrs_given_word(cli, &term, NRS_VOCABULARY_ANSWER, draft->tell_affected, NRS_ERROR_USAGE);
    }
    if (error == NRS_OK && draft->name_source != NULL) {
        error = nrs_given_word(cli, &term, NRS_VOCABULARY_ANSWER, draft->name_source, NRS_ERROR_USAGE);
    }
    return error;
}

static nrs_error read_body(nrs_cli *cli, nrs_draft *draft)
{
    const char *given = nrs_cli_option(cli, "body");
    const char *path = nrs_cli_option(cli, "body-file");
    const char *summary = nrs_form_get(&draft->form, "summary");
    nrs_error error = NRS_OK;

    if (given != NULL && path != NULL) {
        return nrs_cli_fail(cli, NRS_ERROR_USAGE, NULL, "%s", _("give --body or --body-file, not both"));
    }
    if (path != NULL) {
        error = nrs_file_read_given(cli, &draft->body, path, NRS_BODY_TEXT_SIZE_MAX); /* names the limit, too */
    } else if (given != NULL || summary != NULL) {
        error = nrs_bytes_copy(&draft->body, nrs_slice_of_string(given != NULL ? given : summary));
    } else if (draft->whole && !draft->forward && !draft->text_optional && nrs_cli_option(cli, "form") != NULL) {
        return nrs_cli_fail(cli, NRS_ERROR_USAGE, _("write it into the form, or give --body or --body-file"),
                            _("%s: the field summary is missing or empty: it is the text of the report"), nrs_cli_option(cli, "form"));
    } else if (draft->whole && !draft->forward && !draft->text_optional) {
        return nrs_cli_fail(cli, NRS_ERROR_USAGE, NULL, "%s", _("the text is missing: give --body, --body-file or --form"));
    }
    if (error != NRS_OK) {
        return error;
    }
    if ((path != NULL || given != NULL) && draft->body.size == 0 && !draft->forward && !draft->text_optional) { /* a pipe that failed says nothing */
        return nrs_cli_fail(cli, NRS_ERROR_USAGE, NULL, _("the text is empty: %s"), path != NULL ? path : "--body");
    }
    error = nrs_given_text(cli, path != NULL ? path : "--body", nrs_slice_of_bytes(&draft->body), NRS_BODY_TEXT_SIZE_MAX, true);
    if (error == NRS_OK && draft->body.size > 0 && !draft->forward) {
        error = nrs_given_not_blank(cli, path != NULL ? path : given != NULL ? "--body" : "summary", nrs_slice_of_bytes(&draft->body));
    }
    return error == NRS_OK ? nrs_bytes_append_u8(&draft->body, 0) : error;
}

static nrs_error read_subject(nrs_cli *cli, nrs_draft *draft)
{
    nrs_error error;

    draft->subject = either(cli, draft, "subject", "subject");
    if (draft->subject == NULL || draft->subject[0] == '\0') {
        return draft->quoted != NULL || !draft->whole ? NRS_OK
                                     : nrs_cli_fail(cli, NRS_ERROR_USAGE, NULL, "%s", _("send needs --subject"));
    }
    error = nrs_given_text(cli, "--subject", nrs_slice_of_string(draft->subject), NRS_SUBJECT_SIZE_MAX, false);
    return error == NRS_OK ? nrs_given_not_blank(cli, "--subject", nrs_slice_of_string(draft->subject)) : error;
}

static nrs_error read_kind(nrs_cli *cli, nrs_draft *draft)
{
    const nrs_term *kind = NULL;

    draft->kind = either(cli, draft, "kind", "kind");
    if (draft->kind == NULL) {
        return draft->quoted != NULL || !draft->whole ? NRS_OK
                                     : nrs_cli_fail(cli, NRS_ERROR_USAGE, NULL, "%s", _("send needs --kind"));
    }
    return nrs_given_word(cli, &kind, NRS_VOCABULARY_KIND, draft->kind, NRS_ERROR_UNKNOWN_KIND);
}

static nrs_error read_rest(nrs_cli *cli, nrs_draft *draft)
{
    const char *expires = nrs_cli_option(cli, "expires");
    const char *number = nrs_form_get(&draft->form, "number");
    const char *final = nrs_form_get(&draft->form, "final");

    draft->urgent = nrs_cli_option(cli, "urgent") != NULL;
    draft->drill = nrs_cli_option(cli, "drill") != NULL;
    draft->final = nrs_cli_option(cli, "final") != NULL || (final != NULL && strcmp(final, "yes") == 0);
    draft->number = number == NULL ? 0 : (uint32_t)strtoul(number, NULL, 10); /* checked when the form was read */
    draft->follows = nrs_cli_option(cli, "follows");
    if (expires != NULL) {
        if (nrs_duration_parse(&draft->expires_in_ms, expires) != NRS_OK) {
            return nrs_cli_fail(cli, NRS_ERROR_USAGE, _("write it as 7d, 12h or 30m"), _("not a duration: %s"), expires);
        }
        if (draft->expires_in_ms == 0 || draft->expires_in_ms > NRS_REPORT_LIFE_MS_MAX) {
            return nrs_cli_fail_about(cli, NRS_ERROR_TOO_LONG_LIVED, expires);
        }
    }
    return draft->follows == NULL ? NRS_OK : nrs_draft_check_id(cli, draft->follows);
}

/* A dry run may ask about the addresses alone; of what it is given a text of, it is to say what the sending would. */
static bool has_text(const nrs_cli *cli)
{
    static const char *const names[] = {"form", "subject", "body", "body-file"};

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (nrs_cli_option(cli, names[i]) != NULL) {
            return true;
        }
    }
    return false;
}

nrs_error nrs_draft_read(nrs_cli *cli, nrs_draft *draft, const char *quoted)
{
    nrs_error error = NRS_OK;

    NRS_ASSERT(cli != NULL && draft != NULL);

    draft->quoted = quoted;
    draft->dry_run = nrs_cli_option(cli, "dry-run") != NULL;
    draft->whole = !draft->dry_run || has_text(cli);
    draft->stale_roster = nrs_cli_option(cli, "stale-roster") != NULL;
    draft->community = nrs_cli_option(cli, "community");
    error = quoted == NULL ? NRS_OK : nrs_draft_check_id(cli, quoted);
    if (error == NRS_OK) {
        error = read_form(cli, draft);
    }
    if (error == NRS_OK) {
        error = read_label(cli, draft);
    }
    if (error == NRS_OK) {
        error = read_addresses(cli, draft);
    }
    if (error == NRS_OK) {
        error = read_kind(cli, draft);
    }
    if (error == NRS_OK) {
        error = read_subject(cli, draft);
    }
    if (error == NRS_OK) {
        error = read_onward(cli, draft);
    }
    if (error == NRS_OK) {
        error = read_disclaimers(cli, draft);
    }
    if (error == NRS_OK) {
        error = read_withheld(cli, draft);
    }
    if (error == NRS_OK) {
        error = read_conditions(cli, draft);
    }
    if (error == NRS_OK) {
        error = read_rest(cli, draft);
    }
    return error == NRS_OK ? read_body(cli, draft) : error;
}

/* ---- the draft as a request ---- */

static json_t *fields_of(const nrs_draft *draft)
{
    size_t count = 0;
    const nrs_form_field *fields = nrs_form_fields(&count);
    json_t *object = json_object();

    for (size_t i = 0; object != NULL && i < count; i++) {
        const char *value = nrs_form_get(&draft->form, fields[i].name);

        if (value != NULL && nrs_form_is_plain(i)) {
            (void)json_object_set_new(object, fields[i].name, json_string(value));
        }
    }
    return object;
}

static void set_text(json_t *request, const char *name, const char *value)
{
    if (value != NULL) {
        (void)json_object_set_new(request, name, json_string(value));
    }
}

static void set_flag(json_t *request, const char *name, bool value)
{
    if (value) {
        (void)json_object_set_new(request, name, json_true());
    }
}

nrs_error nrs_draft_request(json_t **request_out, const nrs_cli *cli, const nrs_draft *draft, const char *command,
                            bool with_text)
{
    json_t *request = nrs_control_request(command);

    NRS_ASSERT(request_out != NULL && cli != NULL && draft != NULL);

    if (request == NULL) {
        return NRS_ERROR_NO_MEMORY;
    }
    set_text(request, "id", draft->quoted);
    set_text(request, "label", draft->label == NRS_LABEL_NONE ? NULL : nrs_label_name(draft->label));
    if (json_array_size(draft->to) > 0) {
        (void)json_object_set(request, "to", draft->to);
    }
    set_text(request, "kind", draft->kind);
    set_text(request, "person", cli->person);
    set_text(request, "follows", draft->follows);
    if (json_array_size(draft->onward) > 0) {
        (void)json_object_set(request, "onward", draft->onward);
    }
    if (json_array_size(draft->disclaimers) > 0) {
        (void)json_object_set(request, "disclaimers", draft->disclaimers);
    }
    set_text(request, "pap", draft->pap);
    set_text(request, "tell_affected", draft->tell_affected);
    set_text(request, "name_source", draft->name_source);
    set_text(request, "community", draft->community);
    set_flag(request, "not_for_supervision", draft->not_for_supervision);
    set_flag(request, "forward", draft->forward && strcmp(command, "red-prepare") == 0);
    set_flag(request, "question", draft->question);
    set_flag(request, "unlock_on_accept", draft->unlock_on_accept);
    set_flag(request, "withhold_source", draft->withhold_source);
    if (json_array_size(draft->via) > 0) {
        (void)json_object_set(request, "via", draft->via);
    }
    set_flag(request, "urgent", draft->urgent);
    set_flag(request, "drill", draft->drill);
    set_flag(request, "final", draft->final);
    set_flag(request, "dry_run", draft->dry_run);
    set_flag(request, "stale_roster", draft->stale_roster);
    if (draft->number > 0) {
        (void)json_object_set_new(request, "number", json_integer((json_int_t)draft->number));
    }
    if (draft->expires_in_ms > 0) {
        (void)json_object_set_new(request, "expires_in_ms", json_integer((json_int_t)draft->expires_in_ms));
    }
    if (with_text) {
        set_text(request, "subject", draft->subject);
        set_text(request, "body", (const char *)draft->body.data);
        (void)json_object_set_new(request, "fields", fields_of(draft));
    }
    *request_out = request;
    return NRS_OK;
}
