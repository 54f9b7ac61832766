/* Commands: found by name, their fields checked for their types, run, and answered (node/CONTROL.md). */
#include "command/command.h"

#include "audit/audit.h"
#include "prekeys/key_change.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

typedef enum field_type {
    FIELD_TEXT = 1, /* a string */
    FIELD_TEXTS,    /* an array of strings */
    FIELD_MAP,      /* an object of strings */
    FIELD_LIST,     /* an array of objects, which the handler reads */
    FIELD_COUNT,    /* an integer, not negative */
    FIELD_FLAG      /* true or false */
} field_type;

typedef struct field {
    const char *name;
    field_type type;
} field;

typedef struct command {
    const char *name;
    nrs_command_handler run;
    const field *fields;
    size_t field_count;
} command;

#define LABEL_FIELDS                                                                                                   \
    {"label", FIELD_TEXT}, {"to", FIELD_TEXTS}, {"kind", FIELD_TEXT}, {"urgent", FIELD_FLAG}, {"drill", FIELD_FLAG},       \
        {"expires_in_ms", FIELD_COUNT}, {"follows", FIELD_TEXT}, {"number", FIELD_COUNT}, {"final", FIELD_FLAG},        \
        {"onward", FIELD_TEXTS}, {"person", FIELD_TEXT}, {"dry_run", FIELD_FLAG}, {"stale_roster", FIELD_FLAG}, {"disclaimers", FIELD_TEXTS},             \
        {"unlock_on_accept", FIELD_FLAG}, {"pap", FIELD_TEXT}, {"tell_affected", FIELD_TEXT}, {"name_source", FIELD_TEXT}, \
        {"not_for_supervision", FIELD_FLAG}, {"withhold_source", FIELD_FLAG}, {"via", FIELD_TEXTS}, {"community", FIELD_TEXT}
#define TEXT_FIELDS {"subject", FIELD_TEXT}, {"body", FIELD_TEXT}, {"fields", FIELD_MAP}

static const field send_fields[] = {LABEL_FIELDS, TEXT_FIELDS};
static const field reply_fields[] = {{"id", FIELD_TEXT}, {"question", FIELD_FLAG}, LABEL_FIELDS, TEXT_FIELDS};
static const field red_prepare_fields[] = {{"id", FIELD_TEXT}, {"forward", FIELD_FLAG}, LABEL_FIELDS};
static const field red_submit_fields[] = {
    {"header", FIELD_TEXT}, {"body", FIELD_TEXT}, {"grant", FIELD_TEXT},
    {"slot_table", FIELD_TEXT}, {"recipients", FIELD_TEXTS}, {"id", FIELD_TEXT}, {"forwards", FIELD_TEXT}, {"passes_on", FIELD_TEXTS}, LABEL_FIELDS,
};
static const field red_grant_fields[] = {{"id", FIELD_TEXT}, {"grant", FIELD_TEXT}, {"slot_table", FIELD_TEXT}, {"recipients", FIELD_TEXTS}};
static const field list_fields[] = {
    {"unread", FIELD_FLAG}, {"sent", FIELD_FLAG}, {"brief", FIELD_FLAG}, {"community", FIELD_TEXT},
    {"kind", FIELD_TEXT}, {"since", FIELD_TEXT}, {"limit", FIELD_COUNT}, {"page", FIELD_FLAG}, {"after", FIELD_COUNT}, {"before", FIELD_COUNT},
};
static const field reader_fields[] = {{"id", FIELD_TEXT}, {"person", FIELD_TEXT}};
static const field red_opened_fields[] = {
    {"id", FIELD_TEXT}, {"person", FIELD_TEXT}, {"stream", FIELD_TEXT}, {"sequence", FIELD_COUNT}, {"previous", FIELD_TEXT}, {"follows", FIELD_TEXT},
    {"passes_on", FIELD_TEXTS},
};
static const field decline_fields[] = {{"id", FIELD_TEXT}, {"person", FIELD_TEXT}, {"reason", FIELD_TEXT}};
static const field reason_fields[] = {{"id", FIELD_TEXT}, {"person", FIELD_TEXT}, {"reason", FIELD_TEXT}, {"keep_names", FIELD_FLAG}};
static const field release_ask_fields[] = {{"id", FIELD_TEXT}, {"to", FIELD_TEXTS}, {"community", FIELD_TEXT}, {"reason", FIELD_TEXT}, {"person", FIELD_TEXT}};
static const field release_grant_fields[] = {
    {"id", FIELD_TEXT}, {"person", FIELD_TEXT}, {"expires_in_ms", FIELD_COUNT}, {"label", FIELD_TEXT}, {"pap", FIELD_TEXT}, {"tell_affected", FIELD_TEXT},
    {"name_source", FIELD_TEXT}, {"not_for_supervision", FIELD_FLAG},
};
static const field receipts_fields[] = {{"id", FIELD_TEXT}, {"missing", FIELD_FLAG}};
static const field export_fields[] = {{"id", FIELD_TEXT}, {"sink", FIELD_TEXT}, {"person", FIELD_TEXT}};
static const field vouch_fields[] = {
    {"id", FIELD_TEXT}, {"part", FIELD_TEXT}, {"keep_names", FIELD_FLAG}, LABEL_FIELDS, TEXT_FIELDS,
};
static const field prekeys_rotate_fields[] = {{"destroy", FIELD_FLAG}};
static const field person_prekeys_fields[] = {{"person", FIELD_TEXT}, {"bundle", FIELD_TEXT}, {"prekeys", FIELD_LIST}};
static const field refused_fields[] = {{"event", FIELD_TEXT}, {"rule", FIELD_TEXT}, {"person", FIELD_TEXT}, {"about", FIELD_TEXT}};
static const field done_fields[] = {{"what", FIELD_TEXT}, {"person", FIELD_TEXT}};
static const field person_former_fields[] = {{"person", FIELD_TEXT}, {"before", FIELD_TEXT}, {"after", FIELD_TEXT}};
static const field audit_export_fields[] = {
    {"after", FIELD_COUNT}, {"until", FIELD_COUNT}, {"signed", FIELD_COUNT}, {"keep", FIELD_FLAG}, {"person", FIELD_TEXT},
};
static const field audit_list_fields[] = {
    {"since", FIELD_TEXT}, {"until", FIELD_TEXT}, {"kind", FIELD_TEXT}, {"about", FIELD_TEXT}, {"limit", FIELD_COUNT}, {"before", FIELD_COUNT},
};

static const field signer_fields[] = {{"key", FIELD_TEXT}};
static const field community_fields[] = {{"community", FIELD_TEXT}};
static const field history_fields[] = {{"community", FIELD_TEXT}, {"after", FIELD_COUNT}, {"limit", FIELD_COUNT}};
static const field heal_fields[] = {{"community", FIELD_TEXT}, {"fingerprint", FIELD_TEXT}, {"person", FIELD_TEXT}};

#define FIELDS(list) list, sizeof list / sizeof list[0]

static const command commands[] = {
    {"status", nrs_command_status, NULL, 0},
    {"send", nrs_command_send, FIELDS(send_fields)},
    {"reply", nrs_command_reply, FIELDS(reply_fields)},
    {"forward", nrs_command_forward, FIELDS(reply_fields)},
    {"red-prepare", nrs_command_red_prepare, FIELDS(red_prepare_fields)},
    {"red-submit", nrs_command_red_submit, FIELDS(red_submit_fields)},
    {"red-open", nrs_command_red_open, FIELDS(reader_fields)},
    {"red-waiting", nrs_command_red_waiting, NULL, 0},
    {"red-grant", nrs_command_red_grant, FIELDS(red_grant_fields)},
    {"red-opened", nrs_command_red_opened, FIELDS(red_opened_fields)},
    {"list", nrs_command_list, FIELDS(list_fields)},
    {"show", nrs_command_show, FIELDS(reader_fields)},
    {"accept", nrs_command_accept, FIELDS(reader_fields)},
    {"decline", nrs_command_decline, FIELDS(decline_fields)},
    {"withdraw", nrs_command_withdraw, FIELDS(reason_fields)},
    {"release-ask", nrs_command_release_ask, FIELDS(release_ask_fields)},
    {"release-list", nrs_command_release_list, NULL, 0},
    {"release-grant", nrs_command_release_grant, FIELDS(release_grant_fields)},
    {"release-deny", nrs_command_release_deny, FIELDS(reason_fields)},
    {"receipts", nrs_command_receipts, FIELDS(receipts_fields)},
    {"export", nrs_command_export, FIELDS(export_fields)},
    {"vouch", nrs_command_vouch, FIELDS(vouch_fields)},
    {"forget", nrs_command_forget, FIELDS(reader_fields)},
    {"prekeys", nrs_command_prekeys, NULL, 0},
    {"prekeys-rotate", nrs_command_prekeys_rotate, FIELDS(prekeys_rotate_fields)},
    {"persons", nrs_command_persons, NULL, 0},
    {"roster-history", nrs_command_roster_history, FIELDS(history_fields)},
    {"roster-forks", nrs_command_roster_forks, FIELDS(community_fields)},
    {"roster-heal", nrs_command_roster_heal, FIELDS(heal_fields)},
    {"roster-signer", nrs_command_roster_signer, FIELDS(signer_fields)},
    {"roster-joined", nrs_command_roster_joined, FIELDS(community_fields)},
    {"person-prekeys", nrs_command_person_prekeys, FIELDS(person_prekeys_fields)},
    {"person-former", nrs_command_person_former, FIELDS(person_former_fields)},
    {"refused", nrs_command_refused, FIELDS(refused_fields)},
    {"done", nrs_command_done, FIELDS(done_fields)},
    {"audit-list", nrs_command_audit_list, FIELDS(audit_list_fields)},
    {"audit-export", nrs_command_audit_export, FIELDS(audit_export_fields)},
    {"audit-checkpoint", nrs_command_audit_checkpoint, NULL, 0},
    {"audit-signed", nrs_command_audit_signed, NULL, 0},
};

/* What becomes an entry of the audit log (SPEC 13); the others do not. */
static const struct audited {
    const char *command;
    uint32_t event;
    bool refusals_only; /* what was done is signed and stands in the log of records */
} audited[] = {
    {"send", NRS_AUDIT_SEND, true},           {"reply", NRS_AUDIT_SEND, true},        {"red-prepare", NRS_AUDIT_SEND, true},
    {"red-submit", NRS_AUDIT_SEND, true},     {"red-grant", NRS_AUDIT_SEND, true},    {"red-open", NRS_AUDIT_RED_OPEN, false},
    {"red-opened", NRS_AUDIT_OPEN, false},    {"show", NRS_AUDIT_OPEN, false},        {"export", NRS_AUDIT_EXPORT, false},
    {"accept", NRS_AUDIT_ACCEPT, false},      {"decline", NRS_AUDIT_DECLINE, false},    {"withdraw", NRS_AUDIT_WITHDRAW, false},   {"forget", NRS_AUDIT_FORGET, false},
    {"forward", NRS_AUDIT_EXTEND, false},
    {"vouch", NRS_AUDIT_VOUCH, false},
    {"prekeys-rotate", NRS_AUDIT_KEY, false}, {"person-prekeys", NRS_AUDIT_PREKEYS, false}, {"person-former", NRS_AUDIT_KEY, false}, {"roster-heal", NRS_AUDIT_ROSTER, true},
    {"release-ask", NRS_AUDIT_ASK, false},    {"release-grant", NRS_AUDIT_RELEASE, false}, {"release-deny", NRS_AUDIT_DENY, false},
};

/* How many bytes the UTF-8 sequence at text has; 0 when it is none. */
static size_t sequence_size(const char *text)
{
    const unsigned char lead = (unsigned char)text[0];
    size_t size = lead < 0x80 ? 1 : lead >= 0xc2 && lead < 0xe0 ? 2 : lead >= 0xe0 && lead < 0xf0 ? 3 : lead >= 0xf0 && lead < 0xf5 ? 4 : 0;

    for (size_t i = 1; i < size; i++) {
        if (((unsigned char)text[i] & 0xc0) != 0x80) {
            return 0;
        }
    }
    return size;
}

/* A given value is cut to fit a message, perhaps within a character; JSON takes whole ones only. */
static void mend_utf8(char *text)
{
    while (*text != '\0') {
        size_t size = sequence_size(text);

        if (size == 0) {
            *text = '?';
            size = 1;
        }
        text += size;
    }
}

nrs_error nrs_refuse(nrs_answer *answer, nrs_error error, const char *hint, const char *format, ...)
{
    va_list arguments;

    NRS_ASSERT(answer != NULL);
    NRS_ASSERT(error != NRS_OK);

    va_start(arguments, format);
    (void)vsnprintf(answer->message, sizeof answer->message, format, arguments);
    va_end(arguments);
    mend_utf8(answer->message);
    answer->refused = true;
    answer->hint = hint;
    return error;
}

/* jansson takes an escaped NUL only when told to; a caller of ours may have been. */
static bool text_whole(const json_t *value)
{
    return json_is_string(value) && strlen(json_string_value(value)) == json_string_length(value);
}

static bool texts_whole(const json_t *value)
{
    size_t index;
    const json_t *entry;

    if (!json_is_array(value)) {
        return false;
    }
    json_array_foreach(value, index, entry) {
        if (!text_whole(entry)) {
            return false;
        }
    }
    return true;
}

static bool map_whole(const json_t *value)
{
    void *iterator;

    if (!json_is_object(value)) {
        return false;
    }
    /* json_object_foreach asks for an object that may be changed. */
    for (iterator = json_object_iter((json_t *)(uintptr_t)value); iterator != NULL;
         iterator = json_object_iter_next((json_t *)(uintptr_t)value, iterator)) {
        if (!text_whole(json_object_iter_value(iterator))) {
            return false;
        }
    }
    return true;
}

static bool type_holds(field_type type, const json_t *value)
{
    switch (type) {
    case FIELD_TEXT:
        return text_whole(value);
    case FIELD_TEXTS:
        return texts_whole(value);
    case FIELD_MAP:
        return map_whole(value);
    case FIELD_LIST:
        return json_is_array(value);
    case FIELD_COUNT:
        return json_is_integer(value) && json_integer_value(value) >= 0;
    case FIELD_FLAG:
        return json_is_boolean(value);
    }
    return false;
}

static const char *type_name(field_type type)
{
    switch (type) {
    case FIELD_TEXT:
        return "a text";
    case FIELD_TEXTS:
        return "a list of texts";
    case FIELD_MAP:
        return "an object of texts";
    case FIELD_LIST:
        return "a list";
    case FIELD_COUNT:
        return "a whole number, not negative";
    case FIELD_FLAG:
        return "true or false";
    }
    return "";
}

static const field *field_named(const command *found, const char *name)
{
    for (size_t i = 0; i < found->field_count; i++) {
        if (strcmp(found->fields[i].name, name) == 0) {
            return &found->fields[i];
        }
    }
    return NULL;
}

static nrs_error check_fields(nrs_answer *answer, const command *found, const json_t *request)
{
    json_t *object = (json_t *)(uintptr_t)request;

    for (void *iterator = json_object_iter(object); iterator != NULL; iterator = json_object_iter_next(object, iterator)) {
        const char *name = json_object_iter_key(iterator);
        const json_t *value = json_object_iter_value(iterator);
        const field *known = field_named(found, name);

        if (strcmp(name, "command") == 0) {
            continue;
        }
        if (known == NULL) {
            return nrs_refuse(answer, NRS_ERROR_USAGE, NULL, "The command %s has no field %.64s.", found->name, name);
        }
        if (!json_is_null(value) && !type_holds(known->type, value)) {
            return nrs_refuse(answer, NRS_ERROR_USAGE, NULL, "The field %s must be %s.", name, type_name(known->type));
        }
    }
    return NRS_OK;
}

/* It makes something that others are to take. */
static bool speaks(const command *found)
{
    static const char *const names[] = {"send", "reply", "forward", "vouch", "red-prepare", "red-submit", "red-grant", "accept", "decline", "withdraw",
                                        "release-ask", "release-grant", "release-deny"};
    bool named = false;

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        named = named || strcmp(names[i], found->name) == 0;
    }
    return named;
}

/* The report that the command names, where there is one, for the audit log. */
static nrs_error note_about(nrs_core *core, nrs_answer *answer, const json_t *request)
{
    const char *id = nrs_request_text(request, "id");
    nrs_report_row row;
    nrs_bytes holder = {0};
    nrs_error error = id == NULL ? NRS_OK : nrs_command_report(core, answer, &row, &holder, id);

    nrs_bytes_wipe(&holder);
    return nrs_error_is_verdict(error) ? NRS_OK : error;
}

/* Nobody takes what a revoked key has made (SPEC 7.7): "done" would be no true answer. */
static nrs_error check_key(nrs_core *core, nrs_answer *answer, const command *found, const json_t *request)
{
    static const char hint_anew[] = "Come anew: noroshi init in another folder, whose card the secretariat compares and adds (noroshi community remove, "
                                    "noroshi community add). What is here can still be read.";
    nrs_error error;

    if (!speaks(found) || !nrs_key_revoked(core, core->self.sign_key)) {
        return NRS_OK;
    }
    error = note_about(core, answer, request);
    return error != NRS_OK ? error : nrs_refuse(answer, NRS_ERROR_REVOKED, hint_anew, "The key of this node is revoked: nobody takes what it sends.");
}

static nrs_error run(nrs_core *core, nrs_answer *answer, const json_t *request, const command **found_out)
{
    const json_t *name = json_object_get(request, "command");
    nrs_error error;

    if (!json_is_object(request) || !text_whole(name)) {
        return nrs_refuse(answer, NRS_ERROR_USAGE, NULL, "A request is one JSON object with the name of its command.");
    }
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        if (strcmp(commands[i].name, json_string_value(name)) == 0) {
            error = check_fields(answer, &commands[i], request);
            if (error == NRS_OK) {
                *found_out = &commands[i];
                error = check_key(core, answer, &commands[i], request);
            }
            if (error == NRS_OK) {
                error = commands[i].run(core, answer, request);
            }
            return error;
        }
    }
    return nrs_refuse(answer, NRS_ERROR_USAGE, NULL, "There is no command %.64s.", json_string_value(name));
}

/* What was done, and what a rule or a check refused. Wrong usage, and what does not exist, are no attempts. A person's process
 * asks the node for RED first and is told to open it itself: that is no refusal either, the person's red-open follows. A
 * dry run is none, unless it is the question about the label that comes before an answer is handed over: refused, it goes no further. */
static bool worth_an_entry(const struct audited *as, const json_t *request, nrs_error error)
{
    const int exit_code = nrs_error_exit_code(error);
    const bool handed_on = error == NRS_ERROR_PERSON_ONLY && as->event == NRS_AUDIT_OPEN && nrs_request_text(request, "person") != NULL;

    if ((nrs_request_flag(request, "dry_run") && !nrs_request_flag(request, "question")) || handed_on) {
        return false;
    }
    if (error == NRS_OK && nrs_request_flag(request, "question")) {
        return false;
    }
    return error == NRS_OK ? !as->refusals_only : exit_code == 3 || exit_code == 5;
}

static nrs_error audit(nrs_core *core, const nrs_answer *answer, const command *found, const json_t *request, nrs_error error)
{
    for (size_t i = 0; i < sizeof audited / sizeof audited[0]; i++) {
        const nrs_audit_what what = {.event = audited[i].event,
                                     .rule = error,
                                     .person = nrs_request_text(request, "person"),
                                     .about = nrs_slice_of(answer->about, answer->has_about ? NRS_HASH_SIZE : 0),
                                     .detail = answer->detail};

        if (strcmp(audited[i].command, found->name) == 0 && worth_an_entry(&audited[i], request, error)) {
            return nrs_audit_add(core, &what);
        }
    }
    return NRS_OK;
}

nrs_error nrs_command_take(nrs_core *core, const nrs_event *event)
{
    nrs_answer answer = {.rows = json_array(), .user = event->user};
    const command *found = NULL;
    nrs_error error = NRS_ERROR_NO_MEMORY;
    nrs_error entered = NRS_OK;
    json_t *rows;

    NRS_ASSERT(core != NULL && event != NULL);
    NRS_ASSERT(event->type == NRS_EVENT_COMMAND);

    if (answer.rows == NULL) {
        return error;
    }
    core->looked_back = 0;
    error = run(core, &answer, event->command, &found);
    if (!nrs_error_is_fatal(error) || answer.refused) {
        entered = found == NULL ? NRS_OK : audit(core, &answer, found, event->command, error);
    }
    if ((nrs_error_is_fatal(error) && !answer.refused) || entered != NRS_OK) { /* said to all of the step's callers by the step itself */
        json_decref(answer.rows);
        return entered != NRS_OK ? entered : error;
    }
    rows = answer.rows;
    if (error != NRS_OK && !answer.rows_beside) {
        (void)json_array_clear(rows);
    }
    return nrs_core_reply(core, event->request, rows, error, answer.message[0] != '\0' ? answer.message : NULL, answer.hint);
}

nrs_error nrs_command_written(nrs_core *core, nrs_error error)
{
    if (error == NRS_OK) {
        return NRS_OK;
    }
    core->must_reload = true;
    return nrs_error_is_fatal(error) ? error : NRS_ERROR_INTERNAL;
}
