/* noroshi list, show, receipts, export, forget, form: reports as people and programs read them. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "control.h"
#include "draft.h"
#include "exchange/report.h"
#include "folder.h"
#include "given.h"
#include "keyring.h"
#include "language.h"
#include "proto/time.h"
#include "proto/vocabulary.h"
#include "red.h"
#include "run.h"
#include "text.h"

enum { SHORT_ID_SIZE = 12 };

static nrs_error print_line(void *context, nrs_slice line)
{
    (void)context;
    nrs_text_print_json_line(stdout, line);
    return NRS_OK;
}

/* ---- list ---- */

typedef struct listing {
    nrs_table table;
    bool japanese;
    char *missing; /* lines about what is missing, or NULL; owned */
} listing;

static void add_marks(listing *to, const json_t *row)
{
    char *marks = nrs_text_format("%s%s%s%s%s", json_is_false(json_object_get(row, "opened")) ? _("new ") : "",
                                  json_is_true(json_object_get(row, "urgent")) ? _("urgent ") : "",
                                  json_is_true(json_object_get(row, "drill")) ? _("drill ") : "",
                                  json_is_true(json_object_get(row, "expired")) ? _("expired ") : "",
                                  json_integer_value(json_object_get(row, "missing_before")) > 0 ? _("gap before ") : "");

    nrs_table_add(&to->table, marks);
    free(marks);
}

/* A line for the foot of the list, where reports are missing before this one. */
static void note_missing(listing *to, const json_t *row)
{
    const long long count = (long long)json_integer_value(json_object_get(row, "missing_before"));
    const char *from = nrs_json_text(row, "from");
    const char *id = nrs_json_text(row, "id");
    char since[64];
    char *line = NULL;

    if (count <= 0 || from == NULL || id == NULL) {
        return;
    }
    nrs_text_time_of(since, nrs_json_text(row, "missing_since"));
    line = nrs_text_format(_("%lld reports of %s are missing since %s, before %.12s"), count, from, since, id);
    if (line != NULL) {
        char *lines = nrs_text_format("%s%s\n", to->missing == NULL ? "" : to->missing, line);

        free(to->missing);
        to->missing = lines;
    }
    free(line);
}

static nrs_error add_listed(void *context, json_t *row)
{
    listing *to = context;
    const char *id = nrs_json_text(row, "id");
    const char *kind = nrs_json_text(row, "kind");
    const nrs_term *term = kind == NULL ? NULL : nrs_vocabulary_by_code(NRS_VOCABULARY_KIND, kind);
    char *label = nrs_text_format("TLP:%s", nrs_json_text(row, "label") == NULL ? "?" : nrs_json_text(row, "label"));
    const bool drill = json_is_true(json_object_get(row, "drill"));
    char *subject = nrs_text_format("%s%s", drill ? _("[DRILL] ") : "",
                                    nrs_json_text(row, "subject") == NULL ? _("(sealed)") : nrs_json_text(row, "subject"));
    char short_id[SHORT_ID_SIZE + 1];
    char created[64];

    snprintf(short_id, sizeof short_id, "%s", id == NULL ? "?" : id);
    nrs_text_time_of(created, nrs_json_text(row, "created_at"));
    nrs_table_add(&to->table, short_id);
    nrs_table_add(&to->table, created);
    nrs_table_add(&to->table, label);
    nrs_table_add(&to->table, term == NULL ? "-" : to->japanese ? term->ja : term->en);
    nrs_table_add(&to->table, nrs_json_text(row, "from"));
    add_marks(to, row);
    nrs_table_add(&to->table, subject);
    note_missing(to, row);
    free(subject);
    free(label);
    return to->table.error;
}

static nrs_error keep_row(void *context, json_t *row)
{
    return json_array_append(context, row) == 0 ? NRS_OK : NRS_ERROR_NO_MEMORY;
}

/* What a person may open is opened here, so the whole answer is needed first. */
static nrs_error list_as_person(nrs_cli *cli, listing *to, const json_t *request)
{
    json_t *rows = json_array();
    nrs_error error = rows == NULL ? NRS_ERROR_NO_MEMORY : nrs_control_call(cli, request, keep_row, rows);

    if (error == NRS_OK) {
        error = nrs_red_fill(cli, rows);
    }
    for (size_t i = 0; i < json_array_size(rows) && error == NRS_OK; i++) {
        if (cli->json) {
            nrs_text_print_json(stdout, json_array_get(rows, i));
        } else {
            error = add_listed(to, json_array_get(rows, i));
        }
    }
    json_decref(rows);
    return error;
}

static nrs_error list_request(nrs_cli *cli, json_t *request)
{
    const char *community = nrs_cli_option(cli, "community");
    const char *kind = nrs_cli_option(cli, "kind");
    const char *since = nrs_cli_option(cli, "since");
    const char *limit = nrs_cli_option(cli, "limit");
    char since_text[32];
    uint64_t since_ms = 0;
    const nrs_term *term = NULL;
    char *end = NULL;
    long count = 0;

    if (nrs_cli_option(cli, "unread") != NULL) {
        (void)json_object_set_new(request, "unread", json_true());
    }
    if (nrs_cli_option(cli, "sent") != NULL) {
        (void)json_object_set_new(request, "sent", json_true());
    }
    if (community != NULL) {
        (void)json_object_set_new(request, "community", nrs_text_json(community[0] == '@' ? community + 1 : community));
    }
    if (kind != NULL) {
        if (nrs_given_word(cli, &term, NRS_VOCABULARY_KIND, kind, NRS_ERROR_UNKNOWN_KIND) != NRS_OK) {
            return NRS_ERROR_UNKNOWN_KIND;
        }
        (void)json_object_set_new(request, "kind", json_string(kind));
    }
    if (since != NULL) {
        if (nrs_time_parse(&since_ms, since) != NRS_OK) {
            return nrs_cli_fail(cli, NRS_ERROR_USAGE, _("write it as 2026-04-01 or 2026-04-01T09:00:00+09:00"), _("not a time: %s"), since);
        }
        nrs_time_format(since_text, since_ms);
        (void)json_object_set_new(request, "since", json_string(since_text));
    }
    if (limit != NULL) {
        errno = 0;
        count = strtol(limit, &end, 10);
        if (errno != 0 || limit[0] < '0' || limit[0] > '9' || *end != '\0' || count < 1) {
            return nrs_cli_fail(cli, NRS_ERROR_USAGE, NULL, _("not a number from 1: %s"), limit);
        }
        (void)json_object_set_new(request, "limit", json_integer((json_int_t)count));
    }
    return NRS_OK;
}

nrs_error nrs_run_list(nrs_cli *cli)
{
    listing to = {.table = {.column_count = 7}, .japanese = cli->language[0] == 'j'};
    json_t *request = nrs_control_request("list");
    nrs_error error = request == NULL ? NRS_ERROR_NO_MEMORY : list_request(cli, request);

    if (error == NRS_OK) {
        (void)json_object_set_new(request, "brief", json_boolean(!cli->json));
        error = cli->person != NULL ? list_as_person(cli, &to, request)
                : cli->json         ? nrs_control_lines(cli, request, print_line, NULL)
                                    : nrs_control_call(cli, request, add_listed, &to);
    }
    json_decref(request);
    if (error == NRS_OK && !cli->json) {
        error = nrs_table_print(&to.table);
        if (error == NRS_OK && to.missing != NULL) {
            fputc('\n', stdout);
            nrs_text_print(stdout, to.missing, NRS_TEXT_BODY);
        }
        free(to.missing);
        return error;
    }
    free(to.missing);
    if (to.table.cell_count > 0) { /* half a list is none */
        to.table.error = NRS_ERROR_INTERNAL;
        (void)!nrs_table_print(&to.table);
    }
    return error;
}

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
    snprintf(marks, sizeof marks, "%s%s", json_is_true(json_object_get(row, "drill")) ? _("[DRILL] ") : "",
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
    json_t *fields = json_incref(json_object_get(row, "fields"));
    const char *name = NULL;
    json_t *value = NULL;

    (void)json_object_del(row, "fields");
    if (fields != NULL) {
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
static nrs_error fetch_report(nrs_cli *cli, json_t **row_out)
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
        return nrs_red_open(cli, row_out, cli->arguments[0]);
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
        error = fetch_report(cli, &row);
    }
    if (row != NULL && cli->json) {
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
        {"waiting", N_("waiting for its keys")}, {"sent", N_("sent")},         {"stored", N_("received")},
        {"opened", N_("opened")},                {"accepted", N_("accepted")}, {"declined", N_("declined")},
        {"expired", N_("expired")},              {"cannot-open", N_("cannot open it")},
    };

    for (size_t i = 0; stage != NULL && i < sizeof stages / sizeof stages[0]; i++) {
        if (strcmp(stages[i].code, stage) == 0) {
            return _(stages[i].words);
        }
    }
    return stage;
}

static nrs_error add_receipt(void *context, json_t *row)
{
    nrs_table *table = context;
    const char *person = nrs_json_text(row, "person");
    char at[64];

    nrs_text_time_of(at, nrs_json_text(row, "at"));
    nrs_table_add(table, nrs_json_text(row, "recipient"));
    nrs_table_add(table, stage_in_words(nrs_json_text(row, "stage")));
    nrs_table_add(table, at);
    nrs_table_add(table, person);
    return table->error;
}

nrs_error nrs_run_receipts(nrs_cli *cli)
{
    nrs_table table = {.column_count = 4};
    json_t *request = NULL;
    nrs_error error = nrs_draft_check_id(cli, cli->arguments[0]);

    if (error != NRS_OK) {
        return error;
    }
    request = about_report(cli, "receipts");
    if (request != NULL && nrs_cli_option(cli, "missing") != NULL) {
        (void)json_object_set_new(request, "missing", json_true());
    }
    error = cli->json ? nrs_control_lines(cli, request, print_line, NULL) : nrs_control_call(cli, request, add_receipt, &table);
    json_decref(request);
    if (error != NRS_OK) {
        table.error = error;
        (void)!nrs_table_print(&table);
        return error;
    }
    return nrs_table_print(&table);
}

/* ---- export, forget, form ---- */

static nrs_error write_export(nrs_cli *cli, const char *text)
{
    const char *path = nrs_cli_option(cli, "output");

    if (path == NULL || strcmp(path, "-") == 0) {
        nrs_text_print(stdout, text, NRS_TEXT_BODY);
        return NRS_OK;
    }
    return nrs_file_write_given(cli, path, nrs_slice_of_string(text));
}

static nrs_error check_export(nrs_cli *cli, bool *json_out)
{
    static const char *const sinks[] = {"own", "clients", "community", "public"};
    const char *sink = nrs_cli_option(cli, "sink");
    const char *format = nrs_cli_option(cli, "format");
    bool known = false;

    for (size_t i = 0; sink != NULL && i < sizeof sinks / sizeof sinks[0]; i++) {
        known = known || strcmp(sinks[i], sink) == 0;
    }
    if (!known) {
        return nrs_cli_fail(cli, NRS_ERROR_USAGE, NULL, "%s", _("export needs --sink own, clients, community or public"));
    }
    if (format == NULL || (strcmp(format, "text") != 0 && strcmp(format, "json") != 0)) {
        return nrs_cli_fail(cli, NRS_ERROR_USAGE, NULL, "%s", _("export needs --format text or json"));
    }
    *json_out = strcmp(format, "json") == 0;
    return NRS_OK;
}

nrs_error nrs_run_export(nrs_cli *cli)
{
    const nrs_exchange_style style = {cli->language, NULL};
    bool json = false;
    json_t *request = NULL;
    json_t *row = NULL;
    char *text = NULL;
    nrs_error error = nrs_draft_check_id(cli, cli->arguments[0]);

    if (error == NRS_OK) {
        error = check_export(cli, &json);
    }
    if (error == NRS_OK) {
        error = nrs_keyring_act(cli);
    }
    if (error != NRS_OK) {
        return error;
    }
    request = about_report_as(cli, "export");
    if (request != NULL) {
        (void)json_object_set_new(request, "sink", json_string(nrs_cli_option(cli, "sink")));
    }
    error = nrs_control_row(cli, &row, request);
    if (error == NRS_OK) { /* who accepted what here stays here */
        (void)json_object_del(row, "acceptance");
        error = json ? nrs_exchange_json(&text, row) : nrs_exchange_text(&text, row, &style);
    }
    if (error == NRS_OK) {
        error = write_export(cli, text);
    }
    if (text != NULL && json) {
        nrs_json_free(text);
    } else if (text != NULL) {
        wipe_text(text);
    }
    json_decref(row);
    json_decref(request);
    return error;
}

nrs_error nrs_run_forget(nrs_cli *cli)
{
    json_t *request = NULL;
    json_t *row = NULL;
    const char *id = NULL;
    nrs_error error = nrs_draft_check_id(cli, cli->arguments[0]);

    if (error != NRS_OK) {
        return error;
    }
    request = about_report(cli, "forget");
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
