/* noroshi send and reply. A RED report is never handed to the node in the clear: red_send.c seals it here. */
#include <stdlib.h>
#include <string.h>

#include "control.h"
#include "community/draft.h"
#include "key/keyring.h"
#include "language.h"
#include "node_words.h"
#include "proto/vocabulary.h"
#include "red/red.h"
#include "proto/forward.h"
#include "proto/time.h"
#include "run.h"
#include "text.h"

/* The rule's sentence, and which duty is missing how. Owned; NULL without memory. */
static char *reason_of(const json_t *one)
{
    static const struct {
        const char *state, *words;
    } states[] = {{"absent", N_("not taken")}, {"expired", N_("run out")}, {"not-begun", N_("not begun yet")}};
    const char *sentence = _(nrs_error_sentence(nrs_error_from_rule(nrs_json_text(one, "rule"))));
    const char *duty = nrs_json_text(one, "duty");
    const char *state = nrs_json_text(one, "duty_state");

    for (size_t i = 0; duty != NULL && state != NULL && i < sizeof states / sizeof states[0]; i++) {
        if (strcmp(states[i].state, state) == 0) {
            return nrs_text_format(_("%s (%s: %s)"), sentence, duty, _(states[i].words));
        }
    }
    return strdup(sentence);
}

/* Who is left out and by which rule, who has to wait, and what is amiss: beside the answer, on standard error. */
static void note_left_out(const nrs_cli *cli, const json_t *row)
{
    const json_t *excluded = json_object_get(row, "excluded");
    const json_t *waiting = json_object_get(row, "waiting");
    const json_t *warnings = json_object_get(row, "warnings");

    for (size_t i = 0; i < json_array_size(excluded); i++) {
        const json_t *one = json_array_get(excluded, i);
        const char *who = nrs_json_text(one, "who");
        const char *rule = nrs_json_text(one, "rule");

        char *why = reason_of(one);

        nrs_cli_note(cli, _("left out: %s: %s [%s]"), who == NULL ? "?" : who, why == NULL ? "?" : why, rule == NULL ? "?" : rule);
        free(why);
    }
    if (json_array_size(waiting) > 0) {
        const char *community = nrs_json_text(row, "community");
        char *names = nrs_text_joined(waiting);

        nrs_cli_note(cli, _("waiting until it has joined @%s and its keys are known here: %s"), community == NULL ? "?" : community,
                     names == NULL ? "?" : names);
        free(names);
    }
    for (size_t i = 0; i < json_array_size(warnings); i++) {
        char *words = nrs_node_words(json_string_value(json_array_get(warnings, i)), NULL);

        nrs_cli_note(cli, "%s: %s", _("warning"), words == NULL ? "?" : words);
        free(words);
    }
}

/* Whom a hub may let in on the sender's consent, as far as this node can tell. */
static void add_onward(nrs_table *table, const json_t *onward)
{
    const json_t *members = json_object_get(onward, "members");
    const json_t *communities = json_object_get(onward, "communities");

    for (size_t i = 0; i < json_array_size(members); i++) {
        nrs_table_add(table, json_string_value(json_array_get(members, i)));
        nrs_table_add(table, _("could be let in by a hub"));
    }
    for (size_t i = 0; i < json_array_size(communities); i++) {
        const json_t *one = json_array_get(communities, i);
        const json_t *count = json_object_get(one, "members");
        char *name = nrs_text_format("@%s", nrs_json_text(one, "id"));
        char *words = json_is_false(json_object_get(one, "recognises")) ? nrs_text_format("%s", _("does not recognise this community: none of it could be let in"))
                      : json_is_integer(count) ? nrs_text_format(_("members that could be let in by a hub: %lld"), (long long)json_integer_value(count))
                                               : nrs_text_format("%s", _("could be let in by a hub; its members are not known here"));

        nrs_table_add(table, name);
        nrs_table_add(table, words);
        free(name);
        free(words);
    }
}

static nrs_error print_dry_run(const json_t *row)
{
    const json_t *recipients = json_object_get(row, "recipients");
    const json_t *waiting = json_object_get(row, "waiting");
    const json_t *excluded = json_object_get(row, "excluded");
    nrs_table table = {.column_count = 2};

    for (size_t i = 0; i < json_array_size(recipients); i++) {
        if (!nrs_json_lists(waiting, json_string_value(json_array_get(recipients, i)))) {
            nrs_table_add(&table, json_string_value(json_array_get(recipients, i)));
            nrs_table_add(&table, _("would receive it"));
        }
    }
    for (size_t i = 0; i < json_array_size(waiting); i++) {
        nrs_table_add(&table, json_string_value(json_array_get(waiting, i)));
        nrs_table_add(&table, _("would wait until it has joined and its keys are known here"));
    }
    for (size_t i = 0; i < json_array_size(excluded); i++) {
        char *why = reason_of(json_array_get(excluded, i));

        nrs_table_add(&table, nrs_json_text(json_array_get(excluded, i), "who"));
        nrs_table_add(&table, why);
        free(why);
    }
    add_onward(&table, json_object_get(row, "onward"));
    return nrs_table_print(&table);
}

nrs_error nrs_sent_print(nrs_cli *cli, const json_t *row, bool dry_run)
{
    const char *id = nrs_json_text(row, "id");

    note_left_out(cli, row);
    if (cli->json) {
        nrs_text_print_json(stdout, row);
        return NRS_OK;
    }
    if (dry_run) {
        return print_dry_run(row);
    }
    if (id == NULL) {
        return nrs_cli_fail(cli, NRS_ERROR_NO_NODE, NULL, "%s", _("the node's answer cannot be read"));
    }
    nrs_text_print(stdout, id, NRS_TEXT_LINE);
    fputc('\n', stdout);
    return NRS_OK;
}

static const char *command_of(const nrs_draft *draft)
{
    return draft->forward ? "forward" : draft->quoted != NULL ? "reply" : "send";
}

static nrs_error send_plain(nrs_cli *cli, const nrs_draft *draft)
{
    /* Of what is RED, or may turn out to be, only the addresses are asked about. */
    const bool with_text = !draft->dry_run || (draft->label != NRS_LABEL_RED && draft->quoted == NULL);
    json_t *request = NULL;
    json_t *row = NULL;
    nrs_error error = nrs_draft_request(&request, cli, draft, command_of(draft), with_text);

    if (error == NRS_OK) {
        error = nrs_control_row_beside(cli, &row, request);
    }
    if (error == NRS_OK && row == NULL) {
        error = nrs_cli_fail(cli, NRS_ERROR_NO_NODE, NULL, "%s", _("the node's answer cannot be read"));
    }
    if (error == NRS_OK) {
        error = nrs_sent_print(cli, row, draft->dry_run);
    } else if (row != NULL && cli->json) { /* nobody is left: who was left out, beside the refusal */
        nrs_text_print_json(stdout, row);
    } else if (row != NULL) {
        note_left_out(cli, row);
    }
    json_decref(row);
    json_decref(request);
    return error;
}

nrs_error nrs_run_send(nrs_cli *cli)
{
    nrs_draft draft = {0};
    nrs_error error = nrs_draft_read(cli, &draft, NULL);

    if (error == NRS_OK) {
        error = nrs_keyring_act(cli);
    }
    if (error == NRS_OK) {
        error = draft.label == NRS_LABEL_RED && !draft.dry_run ? nrs_red_send(cli, &draft) : send_plain(cli, &draft);
    }
    nrs_draft_wipe(&draft);
    return error;
}

/* What label the answer will have, before a word of it leaves this process; also whether it may have the label that was given. */
static nrs_error ask_label(nrs_cli *cli, nrs_draft *draft)
{
    nrs_draft question = *draft;
    json_t *request = NULL;
    json_t *row = NULL;
    nrs_label label = NRS_LABEL_NONE;
    nrs_error error = NRS_OK;

    question.dry_run = question.question = true;
    error = nrs_draft_request(&request, cli, &question, command_of(draft), false);
    if (error == NRS_OK) {
        error = nrs_control_row(cli, &row, request);
    }
    if (error == NRS_OK && nrs_label_parse(&label, nrs_json_text(row, "label")) != NRS_OK) {
        error = nrs_cli_fail(cli, NRS_ERROR_NO_NODE, NULL, "%s", _("the node's answer cannot be read"));
    }
    if (error == NRS_OK && label == NRS_LABEL_RED) {
        draft->label = label;
    }
    json_decref(row);
    json_decref(request);
    return error;
}

/* Who wrote the quoted report, as an address; NULL when it does not say. Owned. */
static json_t *writer_of(const json_t *row)
{
    const char *person = nrs_json_text(row, "person");
    const char *from = nrs_json_text(row, "from");

    return person == NULL || person[0] == '\0' || from == NULL ? NULL : json_sprintf("%s@%s", person, from);
}

/* A quote of RED goes to the same persons only: those it was addressed to, and who wrote it. */
static nrs_error check_same_persons(nrs_cli *cli, const nrs_draft *draft, const json_t *row, const json_t *writer)
{
    const json_t *quoted = json_object_get(row, "to");
    const json_t *address;
    size_t index;

    json_array_foreach(draft->to, index, address) {
        bool among = json_equal(address, writer);

        for (size_t i = 0; i < json_array_size(quoted) && !among; i++) {
            among = json_equal(address, json_array_get(quoted, i));
        }
        if (!among) {
            return nrs_cli_fail(cli, NRS_ERROR_LABEL_FORBIDS, _("A reply to TLP:RED goes to the same persons only."),
                                _("%s was not among the persons of the quoted report"), json_string_value(address));
        }
    }
    return NRS_OK;
}

static void complete_text(nrs_draft *draft, const json_t *row)
{
    const char *kind = nrs_json_text(row, "kind");
    const char *quoted = nrs_json_text(row, "subject");

    if (draft->kind == NULL) {
        const nrs_term *term = kind == NULL ? NULL : nrs_vocabulary_by_code(NRS_VOCABULARY_KIND, kind);

        draft->kind = term == NULL ? "situation" : term->code;
    }
    if (draft->subject == NULL && quoted != NULL && draft->forward) {
        draft->answer_subject = calloc(1, NRS_SUBJECT_SIZE_MAX + 1);
        if (draft->answer_subject != NULL) {
            nrs_forward_subject(draft->answer_subject, quoted);
        }
        draft->subject = draft->answer_subject;
    } else if (draft->subject == NULL && quoted != NULL) {
        draft->answer_subject = nrs_text_format("%s%s", strncmp(quoted, "Re: ", 4) == 0 ? "" : "Re: ", quoted);
        draft->subject = draft->answer_subject;
    }
}

/* The quoted report, and those whose text it holds itself; ascending. */
static nrs_error list_passed_on(nrs_cli *cli, nrs_draft *draft, const json_t *row)
{
    const char *own = nrs_json_text(row, "id");
    const json_t *before = json_object_get(row, "passes_on");
    const json_t *one;
    size_t index, at = 0;

    if (json_array_size(before) >= NRS_PASSED_ON_COUNT_MAX) {
        return nrs_cli_fail(cli, NRS_ERROR_TOO_LARGE, _("Pass on the first report, or say it in your own words."),
                            _("The report holds the text of %u others, and of more none may."), NRS_PASSED_ON_COUNT_MAX);
    }
    draft->passes_on = json_array();
    json_array_foreach(before, index, one) {
        at += json_is_string(one) && own != NULL && strcmp(json_string_value(one), own) < 0 ? 1 : 0;
        (void)json_array_append_new(draft->passes_on, json_deep_copy(one));
    }
    return json_array_insert_new(draft->passes_on, at, json_string(own)) == 0 ? NRS_OK : NRS_ERROR_NO_MEMORY;
}

/* What the node puts into a report that passes another's text on, it puts here for what the node does not read. */
static nrs_error complete_forward(nrs_cli *cli, nrs_draft *draft, const json_t *row)
{
    const json_t *fields = json_object_get(row, "fields");
    const bool hidden = json_is_false(json_object_get(json_object_get(row, "conditions"), "source_may_be_named")) && !json_is_true(json_object_get(row, "sent"));
    const char *community = nrs_json_text(row, "community");
    char *source = nrs_text_format("@%s", community == NULL ? "" : community);
    nrs_forwarded forwarded = {.from = hidden ? source : nrs_json_text(row, "from"), .person = hidden ? NULL : nrs_json_text(row, "person"),
                               .id = nrs_json_text(row, "id"), .subject = nrs_json_text(row, "subject"), .body = nrs_json_text(row, "body")};
    const char *created = nrs_json_text(row, "created_at");
    const char *name = NULL;
    json_t *value = NULL;
    nrs_bytes text = {0};
    nrs_error error = nrs_label_parse(&forwarded.label, nrs_json_text(row, "label"));

    if (error == NRS_OK && (created == NULL || forwarded.from == NULL || forwarded.id == NULL || forwarded.subject == NULL || forwarded.body == NULL)) {
        error = NRS_ERROR_MALFORMED;
    }
    if (error == NRS_OK) {
        error = nrs_time_parse(&forwarded.created_ms, created);
    }
    if (error == NRS_OK) {
        error = nrs_forward_begin(&text, draft->body.data == NULL ? "" : (const char *)draft->body.data, &forwarded);
    }
    json_object_foreach((json_t *)(uintptr_t)fields, name, value) {
        if (error == NRS_OK && json_is_string(value)) {
            error = nrs_forward_field(&text, name, json_string_value(value), hidden);
        }
    }
    if (error == NRS_OK) {
        error = nrs_forward_end(&text, &forwarded);
    }
    free(source);
    if (error == NRS_OK && text.size > NRS_BODY_TEXT_SIZE_MAX) {
        error = nrs_cli_fail(cli, NRS_ERROR_TOO_LARGE, NULL, "%s", _(nrs_error_sentence(NRS_ERROR_TOO_LARGE)));
    } else if (error != NRS_OK) {
        error = nrs_cli_fail(cli, error, NULL, "%s", _("the node's answer cannot be read"));
    }
    if (error != NRS_OK) {
        nrs_bytes_wipe(&text);
        return error;
    }
    nrs_bytes_wipe(&draft->body);
    draft->body = text;
    return NRS_OK;
}

/* Who wrote it is the node's word, the key that signed it is not: the answer goes to the organisation of that key alone. */
static nrs_error keep_writer(nrs_draft *draft, const json_t *row, const json_t *writer)
{
    const char *signer = nrs_json_text(row, "signed_by");

    if (signer == NULL) { /* not under TLP:RED: the node could read it as well */
        return NRS_OK;
    }
    draft->writer = strdup(json_string_value(writer));
    return draft->writer == NULL ? NRS_ERROR_NO_MEMORY : nrs_hex_decode(draft->writer_key, NRS_KEY_SIZE, signer);
}

/* A reply to RED: only the person's process can read the quoted report, so the defaults and the rule are applied here. */
static nrs_error complete_from_quoted(nrs_cli *cli, nrs_draft *draft)
{
    json_t *row = NULL;
    json_t *writer = NULL;
    nrs_error error = NRS_OK;

    if (cli->person == NULL) {
        return nrs_cli_fail(cli, NRS_ERROR_PERSON_ONLY, _("act as that person: --as PERSON"), "%s",
                            _(nrs_error_sentence(NRS_ERROR_PERSON_ONLY)));
    }
    error = nrs_report_fetch(cli, &row, draft->quoted);
    if (error != NRS_OK) {
        json_decref(row);
        return error;
    }
    complete_text(draft, row);
    draft->drill = draft->drill || json_is_true(json_object_get(row, "drill")); /* an answer within a drill is one of it */
    writer = writer_of(row);
    if (json_array_size(draft->to) == 0 && writer != NULL) {
        (void)json_array_append(draft->to, writer);
        error = keep_writer(draft, row, writer);
    }
    if (error == NRS_OK && strcmp(nrs_json_text(row, "label") == NULL ? "" : nrs_json_text(row, "label"), "RED") == 0) {
        error = check_same_persons(cli, draft, row, writer); /* of what the node can read, it checks the audience itself */
    }
    if (error == NRS_OK && draft->forward) {
        error = complete_forward(cli, draft, row);
    }
    if (error == NRS_OK && draft->forward) {
        error = list_passed_on(cli, draft, row);
    }
    json_decref(writer);
    json_decref(row);
    if (error != NRS_OK) {
        return error;
    }
    if (draft->subject == NULL || strlen(draft->subject) > NRS_SUBJECT_SIZE_MAX) {
        return nrs_cli_fail(cli, NRS_ERROR_USAGE, NULL, _("%s needs --subject"), command_of(draft));
    }
    return json_array_size(draft->to) > 0
               ? NRS_OK
               : nrs_cli_fail(cli, NRS_ERROR_USAGE, _("write --to @community, organisation or person@organisation"), _("%s needs --to"),
                              command_of(draft));
}

static nrs_error answer(nrs_cli *cli, bool forward)
{
    nrs_draft draft = {.forward = forward};
    nrs_error error = nrs_draft_read(cli, &draft, cli->arguments[0]);

    if (error == NRS_OK && forward && json_array_size(draft.to) == 0) {
        error = nrs_cli_fail(cli, NRS_ERROR_USAGE, _("write --to @community, organisation or person@organisation"), "%s", _("forward needs --to"));
    }

    if (error == NRS_OK) {
        error = nrs_keyring_act(cli);
    }
    if (error == NRS_OK && !draft.dry_run) {
        error = ask_label(cli, &draft);
    }
    if (error == NRS_OK && draft.label == NRS_LABEL_RED && !draft.dry_run) {
        error = complete_from_quoted(cli, &draft); /* opens the quoted report: nobody else may answer it */
    }
    if (error == NRS_OK) {
        error = draft.label == NRS_LABEL_RED && !draft.dry_run ? nrs_red_send(cli, &draft) : send_plain(cli, &draft);
    }
    nrs_draft_wipe(&draft);
    return error;
}

nrs_error nrs_run_reply(nrs_cli *cli)
{
    return answer(cli, false);
}

nrs_error nrs_run_forward(nrs_cli *cli)
{
    return answer(cli, true);
}
