/* Help, from the table of commands. */
#include <stdio.h>

#include "command.h"
#include "language.h"
#include "text.h"

enum { OPTION_COLUMN_WIDTH = 30, COMMAND_COLUMN_WIDTH = 24 };

static void print_options(const nrs_option *options, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const nrs_option *option = &options[i];
        char form[96];

        snprintf(form, sizeof form, "%s%c%s--%s%s%s", option->letter != 0 ? "-" : "", option->letter != 0 ? option->letter : ' ',
                 option->letter != 0 ? ", " : " ", option->name, option->argument != NULL ? " " : "",
                 option->argument != NULL ? option->argument : "");
        fputs("  ", stdout);
        nrs_text_pad(stdout, form, OPTION_COLUMN_WIDTH);
        if (nrs_text_width(form) >= OPTION_COLUMN_WIDTH) {
            fputs("  ", stdout);
        }
        nrs_text_print(stdout, _(option->help), NRS_TEXT_LINE);
        fputc('\n', stdout);
    }
}

static void print_overview(void)
{
    size_t count = 0;
    const nrs_command *commands = nrs_commands(&count);

    printf("%s\n  noroshi [OPTION]… COMMAND …\n\n%s\n", _("Usage:"), _("Commands:"));
    for (size_t i = 0; i < count; i++) {
        fputs("  ", stdout);
        nrs_text_pad(stdout, commands[i].name, COMMAND_COLUMN_WIDTH);
        nrs_text_print(stdout, _(commands[i].summary), NRS_TEXT_LINE);
        fputc('\n', stdout);
    }
}

static void print_command(const nrs_command *command)
{
    printf("noroshi %s: %s\n\n%s\n  noroshi [OPTION]… %s%s%s\n", command->name, _(command->summary), _("Usage:"),
           command->name, command->arguments[0] == '\0' ? "" : " ", command->arguments);
    if (command->option_count > 0) {
        printf("\n%s\n", _("Options:"));
        print_options(command->options, command->option_count);
    }
}

void nrs_help_print(const nrs_command *command)
{
    size_t count = 0;
    const nrs_option *global = nrs_global_options(&count);

    if (command == NULL) {
        print_overview();
    } else {
        print_command(command);
    }
    printf("\n%s\n", _("Options of every command:"));
    print_options(global, count);
    printf("\n%s\n  %s\n", _("Example:"),
           command != NULL ? command->example : "noroshi send --tlp AMBER --to @electricity --kind incident --subject \"…\" --form report.txt");
}
