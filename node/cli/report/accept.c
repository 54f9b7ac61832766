/* noroshi accept and decline: a person's word on the disclaimers that a report names. */
#include <string.h>

#include "control.h"
#include "community/draft.h"
#include "report/given.h"
#include "key/keyring.h"
#include "language.h"
#include "run.h"
#include "text.h"

static nrs_error make_request(nrs_cli *cli, json_t **request_out, const char *command, const char *reason)
{
    json_t *request = nrs_control_request(command);

    if (request == NULL || json_object_set_new(request, "id", json_string(cli->arguments[0])) != 0 ||
        (cli->person != NULL && json_object_set_new(request, "person", json_string(cli->person)) != 0) ||
        (reason != NULL && json_object_set_new(request, "reason", json_string(reason)) != 0)) {
        json_decref(request);
        return NRS_ERROR_NO_MEMORY;
    }
    *request_out = request;
    return NRS_OK;
}

static void print_names(const json_t *row)
{
    const json_t *list = json_object_get(row, "disclaimers");
    const json_t *one;
    size_t index;

    json_array_foreach(list, index, one) {
        const char *name = nrs_json_text(one, "name");

        printf("  ");
        nrs_text_print(stdout, name == NULL ? "?" : name, NRS_TEXT_LINE);
        printf(_(", version %lld\n"), (long long)json_integer_value(json_object_get(one, "version")));
    }
}

static nrs_error decide(nrs_cli *cli, const char *command, const char *reason, const char *done)
{
    json_t *request = NULL;
    json_t *row = NULL;
    nrs_error error = nrs_draft_check_id(cli, cli->arguments[0]);

    if (error == NRS_OK) {
        error = nrs_keyring_act(cli);
    }
    if (error == NRS_OK) {
        error = make_request(cli, &request, command, reason);
    }
    if (error == NRS_OK) {
        error = nrs_control_row(cli, &row, request);
    }
    if (error == NRS_OK && cli->json) {
        nrs_text_print_json(stdout, row);
    } else if (error == NRS_OK) {
        printf("%s %s\n", done, nrs_json_text(row, "id") == NULL ? "?" : nrs_json_text(row, "id"));
        print_names(row);
    }
    json_decref(row);
    json_decref(request);
    return error;
}

nrs_error nrs_run_accept(nrs_cli *cli)
{
    return decide(cli, "accept", NULL, _("Accepted:"));
}

nrs_error nrs_run_decline(nrs_cli *cli)
{
    const char *reason = nrs_cli_option(cli, "reason");

    if (reason == NULL || reason[0] == '\0') {
        return nrs_cli_fail(cli, NRS_ERROR_USAGE, NULL, "%s", _("decline needs --reason"));
    }
    if (nrs_given_text(cli, "--reason", nrs_slice_of_string(reason), NRS_REASON_SIZE_MAX, true) != NRS_OK) {
        return cli->error;
    }
    return decide(cli, "decline", reason, _("Declined:"));
}
