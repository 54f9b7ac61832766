/* The inbox folder, where ceremonies leave signed files for the node. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control.h"
#include "folder.h"
#include "language.h"
#include "proto/address.h"
#include "proto/limits.h"
#include "text.h"

nrs_error nrs_inbox_person(nrs_cli *cli)
{
    return cli->person == NULL || (nrs_name_valid(cli->person) && nrs_folder_has(cli, "persons", cli->person, ".key"))
               ? NRS_OK
               : nrs_cli_fail(cli, NRS_ERROR_UNKNOWN_PERSON, NULL, "%s: %s", cli->person, _(nrs_error_sentence(NRS_ERROR_UNKNOWN_PERSON)));
}

void nrs_inbox_name(const nrs_cli *cli, char *name_out, size_t size, const char *stem, const char *ending)
{
    (void)snprintf(name_out, size, "%s%s%s%s", stem, cli->person == NULL ? "" : "@", cli->person == NULL ? "" : cli->person, ending);
}

nrs_error nrs_inbox_put(nrs_cli *cli, const char *name, const char *armour_type, nrs_slice bytes)
{
    return armour_type == NULL ? nrs_folder_write(cli, "inbox", name, "", bytes)
                               : nrs_folder_write_armour(cli, armour_type, "inbox", name, "", bytes);
}

static nrs_error refusal_of(nrs_cli *cli, const json_t *row, const char *name)
{
    const json_t *refused = json_object_get(row, "refused");
    nrs_error found = NRS_OK;

    for (size_t i = 0; i < json_array_size(refused); i++) {
        const json_t *one = json_array_get(refused, i);
        const char *file = nrs_json_text(one, "file");
        const char *rule = nrs_json_text(one, "rule");
        const char *message = nrs_json_text(one, "message");
        nrs_error error = nrs_error_from_rule(rule);

        if (file == NULL || rule == NULL) {
            continue;
        }
        if (error == NRS_OK) {
            error = NRS_ERROR_INTERNAL;
        }
        if (strcmp(file, name) != 0) {
            nrs_cli_note(cli, _("the node set aside %s: %s"), file, _(nrs_error_sentence(error)));
            continue;
        }
        cli->by_node = true;
        nrs_cli_fail_as(cli, rule, nrs_error_exit_code(error), message != NULL ? _(message) : _(nrs_error_sentence(error)),
                        NULL);
        found = error;
    }
    return found;
}

nrs_error nrs_inbox_poke(nrs_cli *cli, const char *name)
{
    json_t *request = NULL;
    json_t *row = NULL;
    nrs_error error = NRS_OK;

    if (!nrs_control_answers(cli)) {
        return NRS_OK;
    }
    request = nrs_control_request("inbox");
    error = nrs_control_row(cli, &row, request);
    if (error == NRS_OK) {
        error = refusal_of(cli, row, name);
    }
    json_decref(row);
    json_decref(request);
    return error;
}

void nrs_inbox_show_rival(nrs_cli *cli, const char *slug, nrs_slice many)
{
    nrs_cli silent = {.dir = cli->dir, .language = cli->language};
    json_t *request = NULL;
    char name[NRS_NAME_SIZE_MAX + 24];

    (void)snprintf(name, sizeof name, "%s-rival.roster", slug);
    if (nrs_inbox_put(&silent, name, "ROSTER", many) != NRS_OK) {
        nrs_cli_note(cli, "%s", _("the node could not be shown it"));
    } else if (nrs_control_answers(cli)) {
        request = nrs_control_request("inbox");
        cli->by_node = request != NULL && nrs_control_call(&silent, request, NULL, NULL) == NRS_OK; /* it has entered it into its audit log */
    }
    json_decref(request);
    silent.dir = NULL; /* it is cli's */
    nrs_cli_wipe(&silent);
}
