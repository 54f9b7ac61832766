/* A ceremony that was refused here, before the node was asked: the running node of the folder is told, so that the attempt stands in its
 * audit log as others do (SPEC 13): by its rule alone. The file itself never goes to the node, which may take what was refused here, as a
 * roster after a gap. The folder of a node that does not run stays as it is, to the byte. */
#include "community/refusal.h"

#include <jansson.h>
#include <string.h>

#include "control.h"

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

void nrs_refusal_note(const nrs_cli *cli)
{
    const char *event = event_of(cli);
    nrs_cli silent = {.dir = cli->dir, .language = cli->language};
    json_t *request = NULL;

    if (event == NULL || cli->by_node || (cli->exit_code != 3 && cli->exit_code != 5) || cli->rule == NULL || !nrs_control_answers(cli)) {
        return;
    }
    request = nrs_control_request("refused");
    if (request != NULL && json_object_set_new(request, "event", json_string(event)) == 0 &&
        json_object_set_new(request, "rule", json_string(cli->rule)) == 0) {
        (void)!nrs_control_call(&silent, request, NULL, NULL); /* what cannot be noted is refused all the same */
    }
    json_decref(request);
    silent.dir = NULL; /* it is cli's */
    nrs_cli_wipe(&silent);
}
