/* noroshi release ask, list, grant and deny: a holder asks the source to share wider, and the source answers. */
#include <stdlib.h>
#include <string.h>

#include "control.h"
#include "community/draft.h"
#include "report/given.h"
#include "key/keyring.h"
#include "language.h"
#include "proto/address.h"
#include "proto/time.h"
#include "run.h"
#include "text.h"

enum { SHORT_ID_SIZE = 12 };

static nrs_error begin(nrs_cli *cli, json_t **request_out, const char *command)
{
    json_t *request = NULL;
    nrs_error error = nrs_draft_check_id(cli, cli->arguments[0]);

    if (error == NRS_OK) {
        error = nrs_keyring_act(cli);
    }
    if (error != NRS_OK) {
        return error;
    }
    request = nrs_control_request(command);
    if (request == NULL || json_object_set_new(request, "id", json_string(cli->arguments[0])) != 0 ||
        (cli->person != NULL && json_object_set_new(request, "person", json_string(cli->person)) != 0)) {
        json_decref(request);
        return NRS_ERROR_NO_MEMORY;
    }
    *request_out = request;
    return NRS_OK;
}

static nrs_error set_reason(nrs_cli *cli, json_t *request)
{
    const char *reason = nrs_cli_option(cli, "reason");

    if (reason == NULL || reason[0] == '\0') {
        return nrs_cli_fail(cli, NRS_ERROR_USAGE, NULL, "%s", _("this needs --reason"));
    }
    if (nrs_given_text(cli, "--reason", nrs_slice_of_string(reason), NRS_REASON_SIZE_MAX, true) != NRS_OK) {
        return cli->error;
    }
    return json_object_set_new(request, "reason", json_string(reason)) == 0 ? NRS_OK : NRS_ERROR_NO_MEMORY;
}

/* ---- ask ---- */

static nrs_error set_addresses(nrs_cli *cli, json_t *request)
{
    json_t *to = json_array();
    const char *given = NULL;
    nrs_error error = to == NULL ? NRS_ERROR_NO_MEMORY : NRS_OK;

    for (size_t i = 0; error == NRS_OK && (given = nrs_cli_option_at(cli, "to", i)) != NULL; i++) {
        nrs_address address;

        error = nrs_address_parse(&address, given);
        if (error != NRS_OK) {
            error = nrs_cli_fail_about(cli, error, given);
        } else if (json_array_append_new(to, json_string(given)) != 0) {
            error = NRS_ERROR_NO_MEMORY;
        }
    }
    if (error == NRS_OK && json_array_size(to) == 0) {
        error = nrs_cli_fail(cli, NRS_ERROR_USAGE, _("write --to @community or organisation"), "%s", _("release ask needs --to"));
    }
    if (error == NRS_OK && json_object_set(request, "to", to) != 0) {
        error = NRS_ERROR_NO_MEMORY;
    }
    if (error == NRS_OK && nrs_cli_option(cli, "community") != NULL &&
        json_object_set_new(request, "community", json_string(nrs_cli_option(cli, "community"))) != 0) {
        error = NRS_ERROR_NO_MEMORY;
    }
    json_decref(to);
    return error;
}

nrs_error nrs_run_release_ask(nrs_cli *cli)
{
    json_t *request = NULL;
    json_t *row = NULL;
    nrs_error error = begin(cli, &request, "release-ask");

    if (error == NRS_OK) {
        error = set_addresses(cli, request);
    }
    if (error == NRS_OK) {
        error = set_reason(cli, request);
    }
    if (error == NRS_OK) {
        error = nrs_control_row(cli, &row, request);
    }
    if (error == NRS_OK && cli->json) {
        nrs_text_print_json(stdout, row);
    } else if (error == NRS_OK) {
        nrs_text_print(stdout, nrs_json_text(row, "id") == NULL ? "?" : nrs_json_text(row, "id"), NRS_TEXT_LINE);
        fputc('\n', stdout);
    }
    json_decref(row);
    json_decref(request);
    return error;
}

/* ---- list ---- */

static const char *state_in_words(const char *state)
{
    static const struct {
        const char *code, *words;
    } states[] = {{"open", N_("not answered yet")}, {"released", N_("released")}, {"denied", N_("denied")}, {"lapsed", N_("lapsed with its report")}};

    for (size_t i = 0; state != NULL && i < sizeof states / sizeof states[0]; i++) {
        if (strcmp(states[i].code, state) == 0) {
            return _(states[i].words);
        }
    }
    return state;
}

/* A hub asks of the source that it vouches for; whoever asks in another's place says in whose. */
static char *who_asked(const json_t *row)
{
    const char *by = nrs_json_text(row, "asked_by"), *of = nrs_json_text(row, "asked_of"), *whom = nrs_json_text(row, "asked_for");

    if (by != NULL) {
        return whom == NULL ? nrs_text_format(_("asked by %s"), by) : nrs_text_format(_("asked by %s for %s"), by, whom);
    }
    if (of == NULL) {
        return nrs_text_format("%s", _("asked of the source"));
    }
    return whom == NULL ? nrs_text_format(_("asked of %s"), of) : nrs_text_format(_("asked of %s for %s"), of, whom);
}

/* What was released, and until when; or until when there may be an answer. NULL: neither. */
static char *until_when(const json_t *row)
{
    const char *expires = nrs_json_text(row, "expires_at"), *lapses = nrs_json_text(row, "lapses_at");
    char until[64];

    if (lapses != NULL) {
        nrs_text_time_of(until, lapses);
        return nrs_text_format(_("not answered yet, lapses %s"), until);
    }
    if (expires == NULL) {
        return NULL;
    }
    nrs_text_time_of(until, expires);
    return nrs_text_format(_("%s until %s"), state_in_words(nrs_json_text(row, "state")), until);
}

static nrs_error add_ask(void *context, json_t *row)
{
    nrs_table *table = context;
    const char *id = nrs_json_text(row, "id");
    const char *report = nrs_json_text(row, "report");
    const char *answer = nrs_json_text(row, "answer");
    char *to = nrs_text_joined(json_object_get(row, "to"));
    char *who = who_asked(row);
    char *state = until_when(row);
    char *why = answer == NULL ? nrs_text_format("%s", nrs_json_text(row, "reason")) : nrs_text_format(_("%s / answer: %s"), nrs_json_text(row, "reason"), answer);
    char short_id[SHORT_ID_SIZE + 1], short_report[SHORT_ID_SIZE + 1], at[64];

    snprintf(short_id, sizeof short_id, "%s", id == NULL ? "?" : id);
    snprintf(short_report, sizeof short_report, "%s", report == NULL ? "?" : report);
    nrs_text_time_of(at, nrs_json_text(row, "at"));
    nrs_table_add(table, short_id);
    nrs_table_add(table, at);
    nrs_table_add(table, short_report);
    nrs_table_add(table, who);
    nrs_table_add(table, to);
    nrs_table_add(table, state == NULL ? state_in_words(nrs_json_text(row, "state")) : state);
    nrs_table_add(table, why);
    free(state);
    free(why);
    free(who);
    free(to);
    return table->error;
}

nrs_error nrs_run_release_list(nrs_cli *cli)
{
    nrs_table table = {.column_count = 7};
    json_t *request = nrs_control_request("release-list");
    nrs_error error = request == NULL ? NRS_ERROR_NO_MEMORY : NRS_OK;

    if (error == NRS_OK) {
        error = cli->json ? nrs_control_lines(cli, request, nrs_control_print_line, NULL) : nrs_control_call(cli, request, add_ask, &table);
    }
    json_decref(request);
    if (error == NRS_OK && !cli->json) {
        return nrs_table_print(&table);
    }
    if (table.cell_count > 0) { /* half a list is none */
        table.error = NRS_ERROR_INTERNAL;
        (void)!nrs_table_print(&table);
    }
    return error;
}

/* ---- grant and deny ---- */

static nrs_error set_terms(nrs_cli *cli, json_t *request)
{
    static const struct {
        const char *option, *key;
    } texts[] = {{"tlp", "label"}, {"pap", "pap"}, {"tell-affected", "tell_affected"}, {"name-source", "name_source"}};
    const char *expires = nrs_cli_option(cli, "expires");
    uint64_t expires_in_ms = 0;
    bool failed = false;

    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        const char *given = nrs_cli_option(cli, texts[i].option);

        failed = (given != NULL && json_object_set_new(request, texts[i].key, json_string(given)) != 0) || failed;
    }
    if (nrs_cli_option(cli, "not-for-supervision") != NULL) {
        failed = json_object_set_new(request, "not_for_supervision", json_true()) != 0 || failed;
    }
    if (expires != NULL && (nrs_duration_parse(&expires_in_ms, expires) != NRS_OK || expires_in_ms == 0)) {
        return nrs_cli_fail(cli, NRS_ERROR_USAGE, _("write it as 7d, 12h or 30m"), _("not a duration: %s"), expires);
    }
    if (expires != NULL) {
        failed = json_object_set_new(request, "expires_in_ms", json_integer((json_int_t)expires_in_ms)) != 0 || failed;
    }
    return failed ? NRS_ERROR_NO_MEMORY : NRS_OK;
}

static void print_answered(const json_t *row)
{
    const char *state = nrs_json_text(row, "state");
    char *to = nrs_text_joined(json_object_get(row, "to"));
    char until[64];

    if (state != NULL && strcmp(state, "released") == 0) {
        nrs_text_time_of(until, nrs_json_text(row, "expires_at"));
        printf(_("Released to %s, under TLP:%s, until %s.\n"), to == NULL ? "?" : to, nrs_json_text(row, "label") == NULL ? "?" : nrs_json_text(row, "label"), until);
    } else {
        printf(_("Denied: %s\n"), to == NULL ? "?" : to);
    }
    free(to);
}

static nrs_error answer(nrs_cli *cli, const char *command, nrs_error (*complete)(nrs_cli *cli, json_t *request))
{
    json_t *request = NULL;
    json_t *row = NULL;
    nrs_error error = begin(cli, &request, command);

    if (error == NRS_OK) {
        error = complete(cli, request);
    }
    if (error == NRS_OK) {
        error = nrs_control_row(cli, &row, request);
    }
    if (error == NRS_OK && cli->json) {
        nrs_text_print_json(stdout, row);
    } else if (error == NRS_OK) {
        print_answered(row);
    }
    json_decref(row);
    json_decref(request);
    return error;
}

nrs_error nrs_run_release_grant(nrs_cli *cli)
{
    return answer(cli, "release-grant", set_terms);
}

static nrs_error set_denial(nrs_cli *cli, json_t *request)
{
    if (nrs_cli_option(cli, "keep-names") != NULL && json_object_set_new(request, "keep_names", json_true()) != 0) {
        return NRS_ERROR_NO_MEMORY;
    }
    return set_reason(cli, request);
}

nrs_error nrs_run_release_deny(nrs_cli *cli)
{
    return answer(cli, "release-deny", set_denial);
}
