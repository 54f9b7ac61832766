/* noroshi list. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "control.h"
#include "report/given.h"
#include "language.h"
#include "proto/time.h"
#include "proto/vocabulary.h"
#include "red/red.h"
#include "run.h"
#include "text.h"

enum { SHORT_ID_SIZE = 12 };

/* ---- list ---- */

typedef struct listing {
    json_int_t next; /* behind this the next page begins; 0: that was all */
    nrs_table table;
    bool japanese;
    json_t *rows;  /* of a person */
    char *missing; /* lines about what is missing, or NULL; owned */
} listing;

static void add_marks(listing *to, const json_t *row)
{
    char *marks = nrs_text_format("%s%s%s%s%s%s%s%s", json_is_true(json_object_get(row, "opened")) ? "" : _("new "),
                                  nrs_json_text(row, "withdrawn_at") != NULL ? _("withdrawn ") : "",
                                  json_array_size(json_object_get(row, "followed_by")) > 0 ? _("followed ") : "",
                                  json_is_true(json_object_get(row, "urgent")) ? _("urgent ") : "",
                                  json_is_true(json_object_get(row, "drill")) ? _("drill ") : "",
                                  json_is_true(json_object_get(row, "expired")) ? _("expired ") : "",
                                  json_integer_value(json_object_get(row, "missing_before")) > 0 ? _("gap before ") : "",
                                  json_is_true(json_object_get(row, "to_vouch")) ? _("to vouch ") : "");

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

/* 第n報: which one of a series it is. Owned; NULL for none. */
static char *number_of(const json_t *row)
{
    const long long number = (long long)json_integer_value(json_object_get(row, "number"));

    if (json_is_true(json_object_get(row, "final"))) {
        return number > 0 ? nrs_text_format(_("[report %lld, final] "), number) : strdup(_("[final report] "));
    }
    return number > 0 ? nrs_text_format(_("[report %lld] "), number) : NULL;
}

static const char *subject_of(const json_t *row)
{
    const char *subject = nrs_json_text(row, "subject");

    if (subject != NULL) {
        return subject;
    }
    return nrs_json_text(row, "withdrawn_at") != NULL ? _("(withdrawn)") : _("(sealed)");
}

/* The last row of a page that is not the last one. */
static bool is_next(listing *to, const json_t *row)
{
    const json_t *next = json_object_get(row, "next");

    to->next = next == NULL ? to->next : json_integer_value(next);
    return next != NULL;
}

static nrs_error add_row(listing *to, const json_t *row)
{
    const char *id = nrs_json_text(row, "id");
    const char *kind = nrs_json_text(row, "kind");
    const nrs_term *term = kind == NULL ? NULL : nrs_vocabulary_by_code(NRS_VOCABULARY_KIND, kind);
    char *label = nrs_text_format("TLP:%s", nrs_json_text(row, "label") == NULL ? "?" : nrs_json_text(row, "label"));
    const bool drill = json_is_true(json_object_get(row, "drill"));
    char *number = number_of(row);
    char *subject = nrs_text_format("%s%s%s", drill ? _("[DRILL] ") : "", number == NULL ? "" : number, subject_of(row));
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
    free(number);
    free(subject);
    free(label);
    return to->table.error;
}

static nrs_error add_listed(void *context, json_t *row)
{
    return is_next(context, row) ? NRS_OK : add_row(context, row);
}

static nrs_error keep_row(void *context, json_t *row)
{
    listing *to = context;

    return is_next(to, row) || json_array_append(to->rows, row) == 0 ? NRS_OK : NRS_ERROR_NO_MEMORY;
}

/* Passed on unread, but for the row that is none. */
static nrs_error print_line(void *context, nrs_slice line)
{
    static const char next[] = "{\"next\":";
    json_t *row = NULL;

    if (line.size < sizeof next || memcmp(line.data, next, sizeof next - 1) != 0) {
        return nrs_control_print_line(NULL, line);
    }
    row = json_loadb((const char *)line.data, line.size, 0, NULL);
    (void)is_next(context, row);
    json_decref(row);
    return NRS_OK;
}

/* Page after page, so that no answer is too large for the node however much there is. */
static nrs_error call_pages(nrs_cli *cli, listing *to, json_t *request)
{
    nrs_error error = NRS_OK;

    do {
        to->next = 0;
        error = cli->person != NULL ? nrs_control_call(cli, request, keep_row, to)
                : cli->json         ? nrs_control_lines(cli, request, print_line, to)
                                    : nrs_control_call(cli, request, add_listed, to);
        (void)json_object_set_new(request, "after", json_integer(to->next));
        (void)json_object_del(request, "limit"); /* the first page has begun where it asks for */
    } while (error == NRS_OK && to->next != 0);
    return error;
}

/* What a person may open is opened here, so the whole answer is needed first. */
static nrs_error list_as_person(nrs_cli *cli, listing *to, json_t *request)
{
    nrs_error error = NRS_ERROR_NO_MEMORY;

    to->rows = json_array();
    error = to->rows == NULL ? NRS_ERROR_NO_MEMORY : call_pages(cli, to, request);
    if (error == NRS_OK) {
        error = nrs_red_fill(cli, to->rows);
    }
    for (size_t i = 0; i < json_array_size(to->rows) && error == NRS_OK; i++) {
        if (cli->json) {
            nrs_text_print_json(stdout, json_array_get(to->rows, i));
        } else {
            error = add_row(to, json_array_get(to->rows, i));
        }
    }
    json_decref(to->rows);
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
        (void)json_object_set_new(request, "page", json_true());
        error = cli->person != NULL ? list_as_person(cli, &to, request) : call_pages(cli, &to, request);
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
