/* noroshi show, receipts, forget, form: reports as people and programs read them. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "control.h"
#include "community/draft.h"
#include "exchange/report.h"
#include "folder.h"
#include "report/form_of.h"
#include "report/given.h"
#include "key/keyring.h"
#include "language.h"
#include "proto/vocabulary.h"
#include "red/red.h"
#include "run.h"
#include "text.h"

/* ---- show ---- */

/* The colours that FIRST prescribes, on black. */
static void print_banner(const char *label, const char *marks)
{
    static const struct {
        const char *label, *colour;
    } colours[] = {
        {"CLEAR", "255;255;255"}, {"GREEN", "51;255;0"}, {"AMBER", "255;192;0"}, {"AMBER+STRICT", "255;192;0"}, {"RED", "255;43;43"},
    };

    for (size_t i = 0; isatty(STDOUT_FILENO) && i < sizeof colours / sizeof colours[0]; i++) {
        if (strcmp(colours[i].label, label) == 0) {
            printf("\x1b[1;48;2;0;0;0;38;2;%sm TLP:%s %s\x1b[0m\n", colours[i].colour, label, marks);
            return;
        }
    }
    fputs("TLP:", stdout);
    nrs_text_print(stdout, label, NRS_TEXT_LINE);
    printf("%s%s\n", marks[0] == '\0' ? "" : " ", marks);
}

static void wipe_text(char *text)
{
    nrs_bytes bytes = {(uint8_t *)text, strlen(text), strlen(text)};

    nrs_bytes_wipe(&bytes);
}

static nrs_error print_report(const nrs_cli *cli, const json_t *row)
{
    const nrs_exchange_style style = {cli->language, nrs_text_time_of};
    const char *label = nrs_json_text(row, "label");
    char marks[128];
    char *text = NULL;
    nrs_error error = nrs_exchange_text_inner(&text, row, &style);

    if (error != NRS_OK) {
        return error;
    }
    snprintf(marks, sizeof marks, "%s%s%s", json_is_true(json_object_get(row, "drill")) ? _("[DRILL] ") : "",
             nrs_json_text(row, "withdrawn_at") != NULL ? _("[WITHDRAWN] ") : "",
             json_is_true(json_object_get(row, "expired")) ? _("[EXPIRED] ") : "");
    for (size_t size = strlen(marks); size > 0 && marks[size - 1] == ' '; size--) {
        marks[size - 1] = '\0';
    }
    print_banner(label, marks);
    fputc('\n', stdout);
    nrs_text_print(stdout, text, NRS_TEXT_BODY);
    fputc('\n', stdout);
    print_banner(label, marks);
    wipe_text(text);
    return NRS_OK;
}

/* The form's fields stand under their own names beside the rest. */
static void print_report_json(json_t *row)
{
    json_t *given = json_object_get(row, "fields");
    json_t *fields = json_is_object(given) ? json_incref(given) : json_object();
    const char *name = NULL;
    json_t *value = NULL;

    (void)json_object_del(row, "fields");
    if (fields != NULL && nrs_exchange_all_fields(fields) == NRS_OK) {
        json_object_foreach(fields, name, value)
        {
            if (json_object_get(row, name) == NULL) {
                (void)json_object_set(row, name, value);
            }
        }
    }
    nrs_text_print_json(stdout, row);
    json_decref(fields);
}

static json_t *about_report(const nrs_cli *cli, const char *command)
{
    json_t *request = nrs_control_request(command);

    if (request != NULL) {
        (void)json_object_set_new(request, "id", json_string(cli->arguments[0]));
    }
    return request;
}

/* The same for a command that a person does as that person. */
static json_t *about_report_as(const nrs_cli *cli, const char *command)
{
    json_t *request = about_report(cli, command);

    if (request != NULL && cli->person != NULL) {
        (void)json_object_set_new(request, "person", json_string(cli->person));
    }
    return request;
}

/* The node shows what it can open; RED, which it cannot, is opened here by the person named. */
nrs_error nrs_report_fetch(nrs_cli *cli, json_t **row_out, const char *id)
{
    json_t *request = about_report_as(cli, "show");
    json_t *row = NULL;
    nrs_error error = nrs_control_row_beside(cli, &row, request);
    const char *label = error == NRS_OK ? nrs_json_text(row, "label") : NULL;
    bool red = error == NRS_ERROR_PERSON_ONLY ||
               (label != NULL && strcmp(label, "RED") == 0 && !json_is_string(json_object_get(row, "body")));

    json_decref(request);
    if (red && cli->person != NULL) {
        json_decref(row);
        nrs_cli_forget_failure(cli);
        return nrs_red_open(cli, row_out, id);
    }
    if (red) {
        json_decref(row);
        return nrs_cli_fail(cli, NRS_ERROR_PERSON_ONLY, _("act as that person: --as PERSON"), "%s",
                            _(nrs_error_sentence(NRS_ERROR_PERSON_ONLY)));
    }
    *row_out = row; /* a report that waits for its disclaimer: all but the body */
    return error == NRS_OK && row == NULL ? nrs_cli_fail(cli, NRS_ERROR_NO_NODE, NULL, "%s", _("the node's answer cannot be read")) : error;
}

nrs_error nrs_run_show(nrs_cli *cli)
{
    json_t *row = NULL;
    nrs_error error = nrs_draft_check_id(cli, cli->arguments[0]);

    if (error == NRS_OK) {
        error = nrs_keyring_act(cli);
    }
    if (error == NRS_OK) {
        error = nrs_report_fetch(cli, &row, cli->arguments[0]);
    }
    if (row != NULL && error == NRS_OK && nrs_cli_option(cli, "form") != NULL) {
        error = nrs_form_of_report(cli, row);
    } else if (row != NULL && cli->json) {
        print_report_json(row);
    } else if (row != NULL) {
        nrs_error printed = print_report(cli, row);

        error = error == NRS_OK ? printed : error;
    }
    json_decref(row);
    return error;
}

/* ---- receipts ---- */

static const char *stage_in_words(const char *stage)
{
    static const struct {
        const char *code, *words;
    } stages[] = {
        {"waiting", N_("waiting")},              {"sent", N_("sent")},         {"stored", N_("received")},
        {"opened", N_("opened")},                {"accepted", N_("accepted")}, {"declined", N_("declined")},
        {"expired", N_("expired")},              {"cannot-open", N_("cannot open it")},
        {"withdrawn", N_("has taken the withdrawal")},
    };

    for (size_t i = 0; stage != NULL && i < sizeof stages / sizeof stages[0]; i++) {
        if (strcmp(stages[i].code, stage) == 0) {
            return _(stages[i].words);
        }
    }
    return stage;
}

/* Why it has no key yet, as far as this node knows. */
static const char *waiting_in_words(const char *what)
{
    static const struct {
        const char *code, *words;
    } reasons[] = {
        {"join", N_("waiting: has not joined, as far as is known here")},
        {"keys", N_("waiting: no keys of it that serve now are known here")},
        {"duty", N_("waiting: has not the duty")},
    };

    for (size_t i = 0; what != NULL && i < sizeof reasons / sizeof reasons[0]; i++) {
        if (strcmp(reasons[i].code, what) == 0) {
            return _(reasons[i].words);
        }
    }
    return _("waiting");
}

static nrs_error add_receipt(void *context, json_t *row)
{
    nrs_table *table = context;
    const char *stage = nrs_json_text(row, "stage");
    const char *person = nrs_json_text(row, "person");
    const char *recipient = nrs_json_text(row, "recipient");
    const char *by = nrs_json_text(row, "let_in_by");
    const char *community = nrs_json_text(row, "community");
    char *who = NULL;
    char at[64];

    nrs_text_time_of(at, nrs_json_text(row, "at"));
    if (by != NULL) {
        who = community == NULL ? nrs_text_format(_("%s, let in by %s"), recipient, by)
                                : nrs_text_format(_("%s (@%s), let in by %s"), recipient, community, by);
    }
    nrs_table_add(table, who == NULL ? recipient : who);
    free(who);
    nrs_table_add(table, stage != NULL && strcmp(stage, "waiting") == 0 ? waiting_in_words(nrs_json_text(row, "waits_for")) : stage_in_words(stage));
    nrs_table_add(table, at);
    nrs_table_add(table, person);
    nrs_table_add(table, nrs_json_text(row, "reason")); /* why it was declined */
    return table->error;
}

nrs_error nrs_run_receipts(nrs_cli *cli)
{
    nrs_table table = {.column_count = 5};
    json_t *request = NULL;
    nrs_error error = nrs_draft_check_id(cli, cli->arguments[0]);

    if (error != NRS_OK) {
        return error;
    }
    request = about_report(cli, "receipts");
    if (request != NULL && nrs_cli_option(cli, "missing") != NULL) {
        (void)json_object_set_new(request, "missing", json_true());
    }
    error = cli->json ? nrs_control_lines(cli, request, nrs_control_print_line, NULL) : nrs_control_call(cli, request, add_receipt, &table);
    json_decref(request);
    if (error != NRS_OK) {
        table.error = error;
        (void)!nrs_table_print(&table);
        return error;
    }
    return nrs_table_print(&table);
}

/* ---- forget, form ---- */

nrs_error nrs_run_forget(nrs_cli *cli)
{
    json_t *request = NULL;
    json_t *row = NULL;
    const char *id = NULL;
    nrs_error error = nrs_draft_check_id(cli, cli->arguments[0]);

    if (error == NRS_OK) {
        error = nrs_keyring_act(cli);
    }
    if (error != NRS_OK) {
        return error;
    }
    request = about_report_as(cli, "forget");
    error = nrs_control_row(cli, &row, request);
    json_decref(request);
    if (error != NRS_OK) {
        return error;
    }
    id = nrs_json_text(row, "id");
    if (id == NULL) {
        error = nrs_cli_fail(cli, NRS_ERROR_NO_NODE, NULL, "%s", _("the node's answer cannot be read"));
    } else if (cli->json) {
        (void)json_object_set_new(row, "forgotten", json_true());
        nrs_text_print_json(stdout, row);
    } else {
        printf(_("Forgotten: %s\n"), id);
    }
    json_decref(row);
    return error;
}

nrs_error nrs_run_form(nrs_cli *cli)
{
    char *text = NULL;
    const nrs_term *kind = NULL;
    nrs_error error = nrs_given_word(cli, &kind, NRS_VOCABULARY_KIND, cli->arguments[0], NRS_ERROR_UNKNOWN_KIND);

    if (error != NRS_OK) {
        return error;
    }
    error = nrs_form_template(&text, cli->arguments[0], cli->language);
    if (error == NRS_OK && cli->json) {
        json_t *row = json_pack("{s:s, s:s}", "kind", cli->arguments[0], "form", text);

        nrs_text_print_json(stdout, row);
        json_decref(row);
    } else if (error == NRS_OK) {
        fputs(text, stdout);
    }
    free(text);
    return error;
}
