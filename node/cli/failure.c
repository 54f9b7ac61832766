/* How a failure is kept until it is told: the first one recorded is the cause, and the only one a person reads. */
#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "keys/identity.h"
#include "language.h"
#include "proto/assert.h"
#include "text.h"

void nrs_cli_fail_as(nrs_cli *cli, const char *rule, int exit_code, const char *message, const char *hint)
{
    NRS_ASSERT(cli != NULL && rule != NULL && message != NULL);

    if (cli->error != NRS_OK) {
        return;
    }
    cli->error = nrs_error_from_rule(rule);
    if (cli->error == NRS_OK) {
        cli->error = NRS_ERROR_INTERNAL;
    }
    cli->exit_code = exit_code >= 1 && exit_code <= 8 ? exit_code : nrs_error_exit_code(cli->error);
    cli->rule = strdup(rule);
    cli->message = strdup(message);
    cli->hint = hint == NULL ? NULL : strdup(hint);
}

nrs_error nrs_cli_fail(nrs_cli *cli, nrs_error error, const char *hint, const char *format, ...)
{
    va_list values;
    char *message = NULL;

    NRS_ASSERT(cli != NULL && format != NULL);
    NRS_ASSERT(error != NRS_OK);

    va_start(values, format);
    message = nrs_text_vformat(format, values);
    va_end(values);
    nrs_cli_fail_as(cli, nrs_error_rule(error), nrs_error_exit_code(error),
                    message != NULL ? message : _(nrs_error_sentence(error)), hint);
    free(message);
    return error;
}

void nrs_cli_advise(nrs_cli *cli, const char *hint)
{
    NRS_ASSERT(cli != NULL && hint != NULL);
    if (cli->error != NRS_OK && cli->hint == NULL) {
        cli->hint = strdup(hint);
    }
}

void nrs_cli_forget_failure(nrs_cli *cli)
{
    free(cli->rule);
    free(cli->message);
    free(cli->hint);
    cli->rule = cli->message = cli->hint = NULL;
    cli->error = NRS_OK;
    cli->exit_code = 0;
    cli->by_node = false; /* what is recorded next may be this program's */
}

nrs_error nrs_cli_fail_about(nrs_cli *cli, nrs_error error, const char *given)
{
    return nrs_cli_fail(cli, error, NULL, "%s: %s", given, _(nrs_error_sentence(error)));
}

static void report_json(const nrs_cli *cli, const char *rule, const char *message)
{
    json_t *object = json_object();

    (void)json_object_set_new(object, "error", json_string(rule));
    (void)json_object_set_new(object, "rule", json_string(rule));
    (void)json_object_set_new(object, "message", nrs_text_json(message));
    (void)json_object_set_new(object, "hint", cli->hint == NULL ? json_null() : nrs_text_json(cli->hint));
    nrs_text_print_json(stderr, object);
    json_decref(object);
}

int nrs_cli_report(const nrs_cli *cli)
{
    const char *rule = cli->rule != NULL ? cli->rule : nrs_error_rule(cli->error);
    const char *message = cli->message != NULL ? cli->message : _(nrs_error_sentence(cli->error));

    NRS_ASSERT(cli->error != NRS_OK);

    if (cli->json) {
        report_json(cli, rule, message);
        return cli->exit_code;
    }
    fputs("noroshi: ", stderr);
    nrs_text_print(stderr, message, NRS_TEXT_LINE);
    fprintf(stderr, " [%s]\n", rule);
    if (cli->hint != NULL) {
        fputs("  ", stderr);
        nrs_text_print(stderr, cli->hint, NRS_TEXT_LINE);
        fputc('\n', stderr);
    }
    return cli->exit_code;
}

void nrs_cli_note(const nrs_cli *cli, const char *format, ...)
{
    va_list values;
    char *message = NULL;

    NRS_ASSERT(cli != NULL && format != NULL);

    va_start(values, format);
    message = nrs_text_vformat(format, values);
    va_end(values);
    if (message != NULL && cli->json) {
        json_t *object = json_object();

        (void)json_object_set_new(object, "note", nrs_text_json(message));
        nrs_text_print_json(stderr, object);
        json_decref(object);
    } else if (message != NULL) {
        fputs("noroshi: ", stderr);
        nrs_text_print(stderr, message, NRS_TEXT_LINE);
        fputc('\n', stderr);
    }
    free(message);
}

void nrs_cli_wipe(nrs_cli *cli)
{
    NRS_ASSERT(cli != NULL);
    nrs_identity_destroy(&cli->acting);
    free(cli->given);
    free(cli->arguments);
    free(cli->dir);
    free(cli->rule);
    free(cli->message);
    free(cli->hint);
    *cli = (nrs_cli){0};
}
