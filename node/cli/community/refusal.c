/* A ceremony that was refused here, before the node was asked: the running node of the folder is told, so that the attempt stands in its
 * audit log as others do (SPEC 13): by its rule alone. The file itself never goes to the node, which may take what was refused here, as a
 * roster after a gap. Where no node runs, the attempt is a line of ceremony.log in its folder, which otherwise stays as it is, to the byte. */
#include "community/refusal.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "community/ceremony_log.h"
#include "control.h"
#include "folder.h"
#include "language.h"

/* What the audit log calls it; NULL: nothing of a node's, or no attempt. */
static const char *event_of(const nrs_cli *cli)
{
    static const struct {
        const char *command, *event;
    } all[] = {{"join", "join"}, {"community add", "card"}, {"community apply", "roster"}, {"community succeed", "roster"}, {"key revoke", "key"}};
    const bool dry = cli->command != NULL && strcmp(cli->command->name, "community apply") == 0 && nrs_cli_option(cli, "dry-run") != NULL;

    for (size_t i = 0; !dry && cli->command != NULL && i < sizeof all / sizeof all[0]; i++) {
        if (strcmp(cli->command->name, all[i].command) == 0) {
            return strcmp(all[i].command, "key revoke") == 0 && nrs_cli_option(cli, "submit") == NULL ? NULL : all[i].event;
        }
    }
    return NULL;
}

static void tell_node(nrs_cli *silent, const nrs_cli *cli, const char *event)
{
    json_t *request = nrs_control_request("refused");

    if (request != NULL && json_object_set_new(request, "event", json_string(event)) == 0 &&
        json_object_set_new(request, "rule", json_string(cli->rule)) == 0) {
        (void)!nrs_control_call(silent, request, NULL, NULL); /* what cannot be noted is refused all the same */
    }
    json_decref(request);
}

/* Beside node.json: a folder that is not a node's gets no file. */
static void write_down(nrs_cli *silent, const nrs_cli *cli)
{
    const char *space = strchr(cli->command->name, ' ');
    char *beside = nrs_folder_path(cli, NULL, "node", ".json");
    const nrs_ceremony ceremony = {.what = space == NULL ? cli->command->name : space + 1, .file = cli->arguments[cli->argument_count - 1],
                                   .beside = beside, .rule = cli->error};

    if (beside != NULL && nrs_folder_has(cli, NULL, "node", ".json") && nrs_ceremony_log(silent, &ceremony) != NRS_OK) {
        nrs_cli_note(cli, "%s", _("this attempt could not be logged"));
    }
    free(beside);
}

void nrs_refusal_note(const nrs_cli *cli)
{
    const char *event = event_of(cli);
    nrs_cli silent = {.dir = cli->dir, .language = cli->language};

    if (event == NULL || cli->by_node || (cli->exit_code != 3 && cli->exit_code != 5) || cli->rule == NULL) {
        return;
    }
    if (nrs_control_answers(cli)) {
        tell_node(&silent, cli, event);
    } else if (cli->argument_count > 0) {
        write_down(&silent, cli);
    }
    silent.dir = NULL; /* it is cli's */
    nrs_cli_wipe(&silent);
}
