/* noroshi withdraw: the originator takes a report back. */
#include "control.h"
#include "community/draft.h"
#include "report/given.h"
#include "key/keyring.h"
#include "language.h"
#include "run.h"
#include "text.h"

static nrs_error make_request(nrs_cli *cli, json_t **request_out, const char *reason)
{
    json_t *request = nrs_control_request("withdraw");

    if (request == NULL || json_object_set_new(request, "id", json_string(cli->arguments[0])) != 0 ||
        json_object_set_new(request, "reason", json_string(reason)) != 0 ||
        (nrs_cli_option(cli, "keep-names") != NULL && json_object_set_new(request, "keep_names", json_true()) != 0) ||
        (cli->person != NULL && json_object_set_new(request, "person", json_string(cli->person)) != 0)) {
        json_decref(request);
        return NRS_ERROR_NO_MEMORY;
    }
    *request_out = request;
    return NRS_OK;
}

static void print_done(const json_t *row)
{
    const char *id = nrs_json_text(row, "id");
    char at[64];

    nrs_text_time_of(at, nrs_json_text(row, "withdrawn_at"));
    if (json_is_true(json_object_get(row, "changed"))) {
        printf(_("Withdrawn: %s\n"), id == NULL ? "?" : id);
        printf(_("Organisations that are told: %lld\n"), (long long)json_integer_value(json_object_get(row, "told")));
    } else {
        printf(_("Withdrawn already: %s, %s\n"), id == NULL ? "?" : id, at);
    }
}

nrs_error nrs_run_withdraw(nrs_cli *cli)
{
    const char *reason = nrs_cli_option(cli, "reason");
    json_t *request = NULL;
    json_t *row = NULL;
    nrs_error error = nrs_draft_check_id(cli, cli->arguments[0]);

    if (error == NRS_OK && (reason == NULL || reason[0] == '\0')) {
        error = nrs_cli_fail(cli, NRS_ERROR_USAGE, NULL, "%s", _("withdraw needs --reason"));
    }
    if (error == NRS_OK && nrs_given_text(cli, "--reason", nrs_slice_of_string(reason), NRS_REASON_SIZE_MAX, true) != NRS_OK) {
        error = cli->error;
    }
    if (error == NRS_OK) {
        error = nrs_keyring_act(cli);
    }
    if (error == NRS_OK) {
        error = make_request(cli, &request, reason);
    }
    if (error == NRS_OK) {
        error = nrs_control_row(cli, &row, request);
    }
    if (error == NRS_OK && cli->json) {
        nrs_text_print_json(stdout, row);
    } else if (error == NRS_OK) {
        print_done(row);
    }
    json_decref(row);
    json_decref(request);
    return error;
}
