/* noroshi list. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "control.h"
#include "exchange/plain.h"
#include "report/given.h"
#include "report/listed.h"
#include "language.h"
#include "proto/limits.h"
#include "proto/time.h"
#include "proto/vocabulary.h"
#include "red/red.h"
#include "run.h"
#include "text.h"

enum { SHORT_ID_SIZE = 12, CELL_SIZE = NRS_SUBJECT_SIZE_MAX + 128 };

/* ---- list ---- */

typedef struct listing {
    json_int_t next; /* behind this the next page begins; 0: that was all */
    json_int_t left; /* or before this so many more of the newest begin */
    json_int_t limit, shown; /* no more than that; 0: all */
    nrs_table table;
    bool japanese, rows_as_json;
    json_t *rows;  /* of a person */
    char *missing; /* lines about what is missing, or NULL; owned */
} listing;

/* Cells are put together here before the table takes a copy. */
typedef struct cell {
    char text[CELL_SIZE];
    size_t size;
} cell;

static void put(cell *to, nrs_slice text)
{
    const size_t left = sizeof to->text - 1 - to->size;
    const size_t size = text.size < left ? text.size : left;

    if (size > 0) {
        memcpy(to->text + to->size, text.data, size);
    }
    to->size += size;
    to->text[to->size] = '\0';
}

static void put_text(cell *to, const char *text)
{
    put(to, nrs_slice_of_string(text));
}

static void add_marks(listing *to, const nrs_listed *row)
{
    const struct { bool set; const char *text; } marks[] = {
        {!row->opened, N_("new ")}, {row->withdrawn_at.size > 0 && row->withdrawn_for.size == 0, N_("withdrawn ")},
        {row->withdrawn_for.size > 0, N_("withdrawn with what it quotes ")}, {row->followed, N_("followed ")}, {row->urgent, N_("urgent ")},
        {row->drill, N_("drill ")}, {row->expired, N_("expired ")}, {row->missing_before > 0, N_("gap before ")}, {row->to_vouch, N_("to vouch ")},
        {row->asks_to_answer > 0, N_("ask to answer ")}, {row->asks_open > 0, N_("ask open ")}, {row->questions_to_answer > 0, N_("question to answer ")},
        {row->questions_open > 0, N_("question open ")},
    };
    cell text = {.size = 0};

    for (size_t i = 0; i < sizeof marks / sizeof marks[0]; i++) {
        if (marks[i].set) {
            put_text(&text, _(marks[i].text));
        }
    }
    nrs_table_add(&to->table, text.text);
}

/* A line for the foot of the list, where reports are missing before this one. */
static void note_missing(listing *to, const nrs_listed *row)
{
    const long long count = (long long)row->missing_before;
    cell from = {.size = 0}, id = {.size = 0}, time = {.size = 0};
    char since[64];
    char *line = NULL;

    if (count <= 0 || row->from.size == 0 || row->id.size == 0) {
        return;
    }
    put(&from, row->from);
    put(&id, row->id);
    put(&time, row->missing_since);
    nrs_text_time_of(since, time.text);
    line = nrs_text_format(_("%lld reports of %s are missing since %s, before %.12s"), count, from.text, since, id.text);
    if (line != NULL) {
        char *lines = nrs_text_format("%s%s\n", to->missing == NULL ? "" : to->missing, line);

        free(to->missing);
        to->missing = lines;
    }
    free(line);
}

/* 第n報: which one of a series it is. */
static void put_number(cell *to, const nrs_listed *row)
{
    char *text = NULL;

    if (row->number > 0) {
        text = nrs_text_format(row->final ? _("[report %lld, final] ") : _("[report %lld] "), (long long)row->number);
    }
    put_text(to, text != NULL ? text : row->final ? _("[final report] ") : "");
    free(text);
}

static void add_subject(listing *to, const nrs_listed *row)
{
    cell text = {.size = 0};

    put_text(&text, row->drill ? _("[DRILL] ") : "");
    put_number(&text, row);
    if (row->has_subject) {
        put(&text, row->subject);
    } else {
        put_text(&text, row->withdrawn_at.size > 0 ? _("(withdrawn)") : _("(sealed)"));
    }
    nrs_table_add(&to->table, text.text);
}

static void add_kind(listing *to, const nrs_listed *row)
{
    cell code = {.size = 0};
    const nrs_term *term = NULL;

    put(&code, row->kind);
    term = code.size == 0 ? NULL : nrs_vocabulary_by_code(NRS_VOCABULARY_KIND, code.text);
    nrs_table_add(&to->table, term == NULL ? "-" : to->japanese ? term->ja : term->en);
}

static void add_text(listing *to, const char *before, nrs_slice text)
{
    cell one = {.size = 0};

    put_text(&one, before);
    put(&one, text.data == NULL ? nrs_slice_of_string("?") : text);
    nrs_table_add(&to->table, one.text);
}

static nrs_error add_row(listing *to, const nrs_listed *row)
{
    cell time = {.size = 0};
    char created[64];

    put(&time, row->created_at);
    nrs_text_time_of(created, time.text);
    add_text(to, "", nrs_slice_of(row->id.data, row->id.size < SHORT_ID_SIZE ? row->id.size : SHORT_ID_SIZE));
    nrs_table_add(&to->table, created);
    add_text(to, "TLP:", row->label);
    add_kind(to, row);
    add_text(to, "", row->from.data == NULL ? nrs_slice_of_string("") : row->from);
    add_marks(to, row);
    add_subject(to, row);
    note_missing(to, row);
    return to->table.error;
}

/* The last row of an answer may be none, but say how to go on. What has come since the first answer is not among the newest of that time. */
static bool is_shown(listing *to, const nrs_listed *row)
{
    if (row->next != 0) {
        to->next = row->next;
        to->left = row->left;
        return false;
    }
    to->shown++;
    return to->limit == 0 || to->shown <= to->limit;
}

static nrs_error keep_row(void *context, json_t *row)
{
    listing *to = context;
    const nrs_listed listed = nrs_listed_of(row);

    return !is_shown(to, &listed) || json_array_append(to->rows, row) == 0 ? NRS_OK : NRS_ERROR_NO_MEMORY;
}

/* Read as it stands there, or passed on unread, but for the row that is none: the last of a page that is not the last one. */
static nrs_error take_line(void *context, nrs_slice line)
{
    static const char next[] = "{\"next\":";
    listing *to = context;
    nrs_listed row = {0};
    json_t *object = NULL;
    nrs_error error = NRS_OK;

    if (to->rows_as_json && (line.size < sizeof next || memcmp(line.data, next, sizeof next - 1) != 0)) {
        return is_shown(to, &row) ? nrs_control_print_line(NULL, line) : NRS_OK;
    }
    if (nrs_listed_read(&row, line) != NRS_OK) {
        object = nrs_plain_load(line);
        row = nrs_listed_of(object);
    }
    error = is_shown(to, &row) ? add_row(to, &row) : NRS_OK;
    json_decref(object);
    return error;
}

/* Page after page, so that no answer is too large for the node however much there is. */
static nrs_error call_pages(nrs_cli *cli, listing *to, json_t *request)
{
    nrs_error error = NRS_OK;

    to->limit = json_integer_value(json_object_get(request, "limit"));
    do {
        to->next = to->left = 0;
        error = cli->person != NULL ? nrs_control_call(cli, request, keep_row, to) : nrs_control_lines(cli, request, take_line, to);
        if (to->left != 0) { /* where the newest begin stands further back */
            (void)json_object_set_new(request, "before", json_integer(to->next));
            (void)json_object_set_new(request, "limit", json_integer(to->left));
        } else {
            (void)json_object_set_new(request, "after", json_integer(to->next));
            (void)json_object_del(request, "before");
            (void)json_object_del(request, "limit"); /* the first page has begun where it asks for */
        }
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
            const nrs_listed row = nrs_listed_of(json_array_get(to->rows, i));

            error = add_row(to, &row);
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
    listing to = {.table = {.column_count = 7}, .japanese = cli->language[0] == 'j', .rows_as_json = cli->json};
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
