/* What was refused here, before the node was asked or after it had answered, and what was done here with its keys: the running node of the
 * folder is told, so that it stands in its audit log as others do (SPEC 13): by its rule alone. A ceremony's file itself never goes to the
 * node, which may take what was refused here, as a roster after a gap. Where no node runs, it is a line of ceremony.log in its folder,
 * which otherwise stays as it is, to the byte. */
#include "community/refusal.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "community/ceremony_log.h"
#include "control.h"
#include "folder.h"

/* What the audit log calls it. Reports are named by the first argument, files by the last. */
static const struct noted {
    const char *command, *event;
    bool report;
    const char *done; /* what is said of one that was done here, with no part of the node in it; or NULL */
    const char *unless_option; /* with it nothing is written or handed out */
    const char *only_option;   /* without it nothing is handed to a node */
    const char *or_option;     /* nor without this one */
} noted[] = {
    {.command = "join", .event = "join"},
    {.command = "community add", .event = "card"},
    {.command = "key revoke", .event = "key", .only_option = "submit"},
    {.command = "key passphrase", .event = "key", .done = "passphrase"},
    {.command = "key paper", .event = "key", .done = "paper"},
    {.command = "key rotate", .event = "key"},
    {.command = "backup", .event = "key", .done = "backup"},
    {.command = "person add", .event = "key"},
    {.command = "person unlock", .event = "prekeys"},
    {.command = "person rename", .event = "key"},
    {.command = "person rekey", .event = "key"},
    {.command = "person reset", .event = "key"},
    {.command = "person remove", .event = "key"},
    {.command = "show", .event = "open", .report = true},
    {.command = "accept", .event = "accept", .report = true},
    {.command = "decline", .event = "decline", .report = true},
    {.command = "forget", .event = "forget", .report = true},
    {.command = "export", .event = "export", .report = true},
    {.command = "withdraw", .event = "withdraw", .report = true, .unless_option = "dry-run"},
    {.command = "forward", .event = "extend", .report = true, .unless_option = "dry-run"},
    {.command = "reply", .event = "send", .report = true, .unless_option = "dry-run"},
    {.command = "send", .event = "send", .unless_option = "dry-run"},
    {.command = "vouch", .event = "vouch", .report = true, .unless_option = "dry-run"},
    {.command = "release ask", .event = "ask", .report = true},
    {.command = "release grant", .event = "release"},
    {.command = "release deny", .event = "deny"},
    {.command = "key prekeys", .event = "key", .only_option = "rotate"},
    {.command = "card", .event = "key", .only_option = "advertise", .or_option = "listen"},
};

/* Of a community every command is noted that is not one of these: they change nothing at this node, or keep a log of their own. */
static const char *const left_out[] = {"community show", "community forks", "community invite", "community fingerprint",
                                       "community key",  "community sign",  "community combine"};
static const struct noted of_a_community = {.command = "community ", .event = "roster", .unless_option = "dry-run"};

static const struct noted *named(const char *command)
{
    for (size_t i = 0; i < sizeof noted / sizeof noted[0]; i++) {
        if (strcmp(command, noted[i].command) == 0) {
            return &noted[i];
        }
    }
    for (size_t i = 0; i < sizeof left_out / sizeof left_out[0]; i++) {
        if (strcmp(command, left_out[i]) == 0) {
            return NULL;
        }
    }
    return strncmp(command, of_a_community.command, strlen(of_a_community.command)) == 0 ? &of_a_community : NULL;
}

static const struct noted *find(const nrs_cli *cli)
{
    const struct noted *found = cli->command == NULL ? NULL : named(cli->command->name);
    const bool nothing_done = found != NULL && ((found->unless_option != NULL && nrs_cli_option(cli, found->unless_option) != NULL) ||
                                                (found->only_option != NULL && nrs_cli_option(cli, found->only_option) == NULL &&
                                                 (found->or_option == NULL || nrs_cli_option(cli, found->or_option) == NULL)));

    return nothing_done ? NULL : found;
}

/* The person is who --as says, or whose key it is about. */
static const char *person_of(const nrs_cli *cli)
{
    const char *whose = nrs_cli_option(cli, "person");

    return strncmp(cli->command->name, "person ", 7) == 0 && cli->argument_count > 0 ? cli->arguments[0] : whose != NULL ? whose : cli->person;
}

static bool set(json_t *request, const char *name, const char *text)
{
    return text == NULL || json_object_set_new(request, name, json_string(text)) == 0;
}

static void tell_node(nrs_cli *silent, const nrs_cli *cli, const struct noted *what, const char *rule)
{
    json_t *request = nrs_control_request(rule == NULL ? "done" : "refused");
    const char *about = what->report && cli->argument_count > 0 ? cli->arguments[0] : NULL;

    if (request != NULL && (rule == NULL ? set(request, "what", what->done) : set(request, "event", what->event) && set(request, "rule", rule)) &&
        set(request, "person", person_of(cli)) && set(request, "about", about)) {
        (void)!nrs_control_call(silent, request, NULL, NULL); /* what cannot be noted is refused, or was done, all the same */
    }
    json_decref(request);
}

/* Beside node.json: a folder that is not a node's gets no file. */
static void write_down(nrs_cli *silent, const nrs_cli *cli, nrs_error rule)
{
    const char *space = strchr(cli->command->name, ' ');
    char *beside = nrs_folder_path(cli, NULL, "node", ".json");
    const nrs_ceremony ceremony = {.what = space == NULL ? cli->command->name : space + 1, .file = cli->argument_count == 0 ? NULL : cli->arguments[cli->argument_count - 1],
                                   .beside = beside, .rule = rule};

    if (beside != NULL && nrs_folder_has(cli, NULL, "node", ".json")) {
        nrs_ceremony_log_refused(silent, &ceremony);
    }
    free(beside);
}

static void note(const nrs_cli *cli, const struct noted *what, const char *rule)
{
    nrs_cli silent = {.dir = cli->dir, .language = cli->language, .json = cli->json};

    if (nrs_control_answers(cli)) {
        tell_node(&silent, cli, what, rule);
    } else {
        write_down(&silent, cli, rule == NULL ? NRS_OK : cli->error);
    }
    silent.dir = NULL; /* it is cli's */
    nrs_cli_wipe(&silent);
}

void nrs_refusal_note(const nrs_cli *cli)
{
    const struct noted *what = find(cli);

    if (what != NULL && !cli->by_node && (cli->exit_code == 3 || cli->exit_code == 5) && cli->rule != NULL) {
        note(cli, what, cli->rule);
    }
}

void nrs_deed_note(const nrs_cli *cli)
{
    const struct noted *what = find(cli);

    if (what != NULL && what->done != NULL && !cli->help) {
        note(cli, what, NULL);
    }
}
