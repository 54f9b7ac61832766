/* noroshi audit list: the node's audit log as people and programs read it. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "audit/audit_words.h"
#include "control.h"
#include "report/given.h"
#include "language.h"
#include "proto/limits.h"
#include "proto/time.h"
#include "run.h"
#include "text.h"

enum { SHORT_HASH_SIZE = 12, BARE_DATE_SIZE = 10 };

/* Rows come newest first, some from each request, and are shown the other way round. */
typedef struct pages {
    json_t *rows;
    json_int_t next; /* 0: that was all */
} pages;

static nrs_error keep_row(void *context, json_t *row)
{
    pages *to = context;
    const json_t *next = json_object_get(row, "next");

    if (next != NULL) {
        to->next = json_integer_value(next);
        return NRS_OK;
    }
    return json_array_append(to->rows, row) == 0 ? NRS_OK : NRS_ERROR_NO_MEMORY;
}

/* --until takes in the day it names. */
static nrs_error set_time(nrs_cli *cli, json_t *request, const char *option, bool until)
{
    const char *given = nrs_cli_option(cli, option);
    uint64_t time_ms = 0;
    char text[32];

    if (given == NULL) {
        return NRS_OK;
    }
    if (nrs_time_parse(&time_ms, given) != NRS_OK) {
        return nrs_cli_fail(cli, NRS_ERROR_USAGE, _("write it as 2026-04-01 or 2026-04-01T09:00:00+09:00"), _("not a time: %s"), given);
    }
    if (until && strlen(given) == BARE_DATE_SIZE) {
        time_ms += NRS_DAY_MS - 1;
    }
    nrs_time_format(text, time_ms > NRS_TIME_MS_MAX ? NRS_TIME_MS_MAX : time_ms);
    return json_object_set_new(request, option, json_string(text)) == 0 ? NRS_OK : NRS_ERROR_NO_MEMORY;
}

static nrs_error list_request(nrs_cli *cli, json_t *request, long *limit_out)
{
    const char *kind = nrs_cli_option(cli, "kind");
    const char *about = nrs_cli_option(cli, "about");
    const char *limit = nrs_cli_option(cli, "limit");
    const nrs_term *term = NULL;
    char *end = NULL;
    nrs_error error = set_time(cli, request, "since", false);

    if (error == NRS_OK) {
        error = set_time(cli, request, "until", true);
    }
    if (error == NRS_OK && kind != NULL) {
        error = nrs_given_word(cli, &term, NRS_VOCABULARY_AUDIT, kind, NRS_ERROR_USAGE);
        (void)json_object_set_new(request, "kind", json_string(kind));
    }
    if (about != NULL) {
        (void)json_object_set_new(request, "about", nrs_text_json(about));
    }
    *limit_out = 0;
    if (error == NRS_OK && limit != NULL) {
        errno = 0;
        *limit_out = strtol(limit, &end, 10);
        if (errno != 0 || limit[0] < '0' || limit[0] > '9' || *end != '\0' || *limit_out < 1) {
            error = nrs_cli_fail(cli, NRS_ERROR_USAGE, NULL, _("not a number from 1: %s"), limit);
        }
    }
    return error;
}

static nrs_error fetch(nrs_cli *cli, json_t *rows, json_t *request, long limit)
{
    pages to = {.rows = rows};
    nrs_error error = NRS_OK;

    do {
        to.next = 0;
        if (limit > 0) {
            (void)json_object_set_new(request, "limit", json_integer((json_int_t)limit - (json_int_t)json_array_size(rows)));
        }
        error = nrs_control_call(cli, request, keep_row, &to);
        (void)json_object_set_new(request, "before", json_integer(to.next));
    } while (error == NRS_OK && to.next > 1 && (limit == 0 || json_array_size(rows) < (size_t)limit));
    return error;
}

static void add_who(nrs_table *table, const json_t *row)
{
    const char *user = nrs_json_text(row, "user");
    const char *person = nrs_json_text(row, "person");
    const char *org = nrs_json_text(row, "org");
    char *who = org != NULL ? nrs_text_format("%s", org) : nrs_text_format("%s%s%s", person == NULL ? "" : person, person != NULL && user != NULL ? " / " : "",
                                                                         user == NULL ? (person == NULL ? "-" : "") : user);

    nrs_table_add(table, who);
    free(who);
}

static void add_entry(nrs_table *table, const json_t *row, bool japanese)
{
    const char *kind = nrs_json_text(row, "kind");
    const char *rule = nrs_json_text(row, "rule");
    const char *about = nrs_json_text(row, "about");
    char *detail = nrs_audit_words(nrs_json_text(row, "detail"));
    const nrs_term *term = kind == NULL ? NULL : nrs_vocabulary_by_code(NRS_VOCABULARY_AUDIT, kind);
    char *number = nrs_text_format("%lld", (long long)json_integer_value(json_object_get(row, "number")));
    char *outcome = rule == NULL ? nrs_text_format("%s", _("done")) : nrs_text_format(_("refused: %s"), rule);
    char at[64] = "", hash[SHORT_HASH_SIZE + 1];

    nrs_table_add(table, number);
    if (json_is_true(json_object_get(row, "damaged"))) {
        nrs_table_add(table, "");
        nrs_table_add(table, _("this entry has been changed"));
        for (int column = 3; column < 7; column++) {
            nrs_table_add(table, "");
        }
    } else {
        nrs_text_time_of(at, nrs_json_text(row, "at"));
        snprintf(hash, sizeof hash, "%s", about == NULL ? "" : about);
        nrs_table_add(table, at);
        nrs_table_add(table, term == NULL ? kind : japanese ? term->ja : term->en);
        add_who(table, row);
        nrs_table_add(table, outcome);
        nrs_table_add(table, detail == NULL ? "" : detail);
        nrs_table_add(table, hash);
    }
    free(detail);
    free(outcome);
    free(number);
}

nrs_error nrs_run_audit_list(nrs_cli *cli)
{
    nrs_table table = {.column_count = 7};
    json_t *request = nrs_control_request("audit-list");
    json_t *rows = json_array();
    long limit = 0;
    nrs_error error = request == NULL || rows == NULL ? NRS_ERROR_NO_MEMORY : list_request(cli, request, &limit);

    if (error == NRS_OK) {
        error = fetch(cli, rows, request, limit);
    }
    for (size_t i = json_array_size(rows); i > 0 && error == NRS_OK; i--) {
        const json_t *row = json_array_get(rows, i - 1);

        if (cli->json) {
            nrs_text_print_json(stdout, row);
        } else {
            add_entry(&table, row, cli->language[0] == 'j');
        }
    }
    if (error == NRS_OK && !cli->json) {
        error = nrs_table_print(&table);
    }
    json_decref(rows);
    json_decref(request);
    return error;
}
