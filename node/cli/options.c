/* Reading the arguments against the table of commands. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "language.h"
#include "proto/address.h"
#include "proto/assert.h"

/* Where the reading stands. */
typedef struct scan {
    nrs_cli *cli;
    char **words;
    int count, at;
    bool options_ended; /* after "--" */
    const char *first_word; /* of a command of two words */
} scan;

static const nrs_option *find_option(const nrs_option *options, size_t count, const char *name, size_t size, char letter)
{
    for (size_t i = 0; i < count; i++) {
        bool found = letter != 0 ? options[i].letter == letter
                                 : strlen(options[i].name) == size && strncmp(options[i].name, name, size) == 0;

        if (found) {
            return &options[i];
        }
    }
    return NULL;
}

/* The command's own options stand before the global ones: person add's --passphrase-file is the new key's. */
static const nrs_option *known_option(const nrs_cli *cli, const char *name, size_t size, char letter)
{
    size_t count = 0;
    const nrs_option *global = nrs_global_options(&count);
    const nrs_option *found = NULL;

    if (cli->command != NULL) {
        found = find_option(cli->command->options, cli->command->option_count, name, size, letter);
    }
    return found != NULL ? found : find_option(global, count, name, size, letter);
}

static bool is_global(const nrs_option *option)
{
    size_t count = 0;
    const nrs_option *global = nrs_global_options(&count);

    return option >= global && option < global + count;
}

static nrs_error usage(nrs_cli *cli, const char *format, const char *given)
{
    char hint[128];
    const char *name = cli->command != NULL ? cli->command->name : "";

    snprintf(hint, sizeof hint, _("see: noroshi %s%s--help"), name, name[0] == '\0' ? "" : " ");
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    return nrs_cli_fail(cli, NRS_ERROR_USAGE, hint, format, given);
#pragma GCC diagnostic pop
}

static nrs_error take_global(nrs_cli *cli, const nrs_option *option, const char *value)
{
    if (strcmp(option->name, "json") == 0) {
        cli->json = true;
    } else if (strcmp(option->name, "help") == 0) {
        cli->help = true;
    } else if (strcmp(option->name, "version") == 0) {
        cli->version = true;
    } else if (strcmp(option->name, "lang") == 0) {
        cli->language_given = value;
        return nrs_language_choose(value) != NULL ? NRS_OK : usage(cli, _("unknown language: %s"), value);
    } else if (strcmp(option->name, "as") == 0) {
        cli->person = value;
        return nrs_name_valid(value) ? NRS_OK : nrs_cli_fail_about(cli, NRS_ERROR_BAD_NAME, value);
    } else if (strcmp(option->name, "passphrase-file") == 0) {
        cli->passphrase_file = value;
    } else {
        free(cli->dir);
        cli->dir = strdup(value);
        return cli->dir != NULL ? NRS_OK : NRS_ERROR_NO_MEMORY;
    }
    return NRS_OK;
}

static nrs_error take_option(scan *in)
{
    nrs_cli *cli = in->cli;
    const char *word = in->words[in->at++];
    bool is_long = word[1] == '-';
    const char *name = word + 2;
    const char *value = is_long ? strchr(name, '=') : word[2] != '\0' ? word + 2 : NULL;
    size_t name_size = is_long && value != NULL ? (size_t)(value - name) : strlen(name);
    const nrs_option *option = known_option(cli, name, name_size, is_long ? 0 : word[1]);

    if (option == NULL) {
        return usage(cli, _("unknown option: %s"), word);
    }
    value = is_long && value != NULL ? value + 1 : value;
    if (option->argument == NULL && value != NULL) {
        return usage(cli, _("the option takes no value: %s"), word);
    }
    if (option->argument != NULL && value == NULL) {
        if (in->at == in->count) {
            return usage(cli, _("the option needs a value: %s"), word);
        }
        value = in->words[in->at++];
    }
    if (!option->repeats) {
        for (size_t i = 0; i < cli->given_count; i++) {
            if (cli->given[i].option == option) {
                return usage(cli, _("the option was given twice: %s"), word);
            }
        }
    }
    cli->given[cli->given_count++] = (nrs_given){option, value == NULL ? "" : value};
    return is_global(option) ? take_global(cli, option, value) : NRS_OK;
}

/* A word that names a command, or the first half of one. */
static nrs_error take_command(scan *in, const char *word)
{
    size_t count = 0;
    const nrs_command *commands = nrs_commands(&count);
    bool begins = false;

    for (size_t i = 0; i < count; i++) {
        const char *name = commands[i].name;
        const char *space = strchr(name, ' ');

        if (in->first_word == NULL ? strcmp(name, word) == 0
                                   : space != NULL && strlen(in->first_word) == (size_t)(space - name) &&
                                         strncmp(name, in->first_word, (size_t)(space - name)) == 0 &&
                                         strcmp(space + 1, word) == 0) {
            in->cli->command = &commands[i];
            return NRS_OK;
        }
        begins = begins || (in->first_word == NULL && space != NULL && strlen(word) == (size_t)(space - name) &&
                            strncmp(name, word, (size_t)(space - name)) == 0);
    }
    if (begins) {
        in->first_word = word;
        return NRS_OK;
    }
    return usage(in->cli, _("unknown command: %s"), word);
}

static nrs_error take_word(scan *in)
{
    nrs_cli *cli = in->cli;
    const char *word = in->words[in->at];

    if (!in->options_ended && strcmp(word, "--") == 0) {
        in->options_ended = true;
        in->at++;
        return NRS_OK;
    }
    if (!in->options_ended && word[0] == '-' && word[1] != '\0') {
        return take_option(in);
    }
    in->at++;
    if (cli->command == NULL) {
        return take_command(in, word);
    }
    if (cli->argument_count == cli->command->argument_count_max) {
        return usage(cli, _("one argument too many: %s"), word);
    }
    cli->arguments[cli->argument_count++] = word;
    return NRS_OK;
}

static nrs_error check_whole(scan *in)
{
    nrs_cli *cli = in->cli;

    if (cli->help || cli->version) {
        return NRS_OK;
    }
    if (cli->command == NULL) {
        return in->first_word == NULL ? usage(cli, _("no command was given%s"), "")
                                      : usage(cli, _("a second word is missing after: %s"), in->first_word);
    }
    if (cli->argument_count < cli->command->argument_count_min) {
        return usage(cli, _("an argument is missing; the form is: %s"), cli->command->arguments);
    }
    return NRS_OK;
}

/* Even a complaint about the arguments is told in the form and language they ask for. */
static void look_ahead(nrs_cli *cli, int count, char **words)
{
    for (int i = 1; i < count && strcmp(words[i], "--") != 0; i++) {
        const char *language = NULL;

        cli->json = cli->json || strcmp(words[i], "--json") == 0;
        if (strncmp(words[i], "--lang=", 7) == 0) {
            language = nrs_language_choose(words[i] + 7);
        } else if (strcmp(words[i], "--lang") == 0 && i + 1 < count) {
            language = nrs_language_choose(words[i + 1]);
        }
        cli->language = language != NULL ? language : cli->language;
    }
}

static nrs_error default_folder(nrs_cli *cli)
{
    const char *given = getenv("NOROSHI_DIR");
    const char *home = getenv("HOME");

    if (cli->dir != NULL) {
        return NRS_OK;
    }
    if (given != NULL && given[0] != '\0') {
        cli->dir = strdup(given);
    } else if (home != NULL && home[0] != '\0') {
        size_t size = strlen(home) + sizeof "/.local/share/noroshi";

        cli->dir = malloc(size);
        if (cli->dir != NULL) {
            snprintf(cli->dir, size, "%s/.local/share/noroshi", home);
        }
    } else {
        return nrs_cli_fail(cli, NRS_ERROR_USAGE, _("give --dir, or set NOROSHI_DIR"), "%s",
                            _("the node's folder cannot be told: HOME is not set"));
    }
    return cli->dir != NULL ? NRS_OK : NRS_ERROR_NO_MEMORY;
}

nrs_error nrs_cli_parse(nrs_cli *cli, int count, char **words)
{
    scan in = {.cli = cli, .words = words, .count = count, .at = 1};
    nrs_error error = NRS_OK;

    NRS_ASSERT(cli != NULL && words != NULL);
    NRS_ASSERT(count >= 1);

    cli->language = nrs_language_choose(NULL);
    look_ahead(cli, count, words);
    if (!nrs_language_start(cli->language)) {
        nrs_cli_note(cli, "%s", nrs_language_missing);
    }
    cli->given = calloc((size_t)count, sizeof *cli->given);
    cli->arguments = calloc((size_t)count, sizeof *cli->arguments);
    if (cli->given == NULL || cli->arguments == NULL) {
        return NRS_ERROR_NO_MEMORY;
    }
    while (error == NRS_OK && in.at < count) {
        error = take_word(&in);
    }
    if (error == NRS_OK) {
        error = check_whole(&in);
    }
    return error == NRS_OK && !cli->help && !cli->version ? default_folder(cli) : error;
}

const char *nrs_cli_option_at(const nrs_cli *cli, const char *name, size_t index)
{
    NRS_ASSERT(cli != NULL && name != NULL);
    for (size_t i = 0; i < cli->given_count; i++) {
        if (!is_global(cli->given[i].option) && strcmp(cli->given[i].option->name, name) == 0 && index-- == 0) {
            return cli->given[i].value;
        }
    }
    return NULL;
}

const char *nrs_cli_option(const nrs_cli *cli, const char *name)
{
    return nrs_cli_option_at(cli, name, 0);
}
