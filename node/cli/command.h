/* One table of commands drives parsing and help; and one value holds what a person asked for. */
#ifndef CLI_COMMAND_H
#define CLI_COMMAND_H

#include <stdbool.h>
#include <stddef.h>

#include "proto/error.h"

typedef struct nrs_cli nrs_cli;
struct nrs_identity;

typedef struct nrs_option {
    const char *name;     /* without the hyphens */
    char letter;          /* 0 when there is no short form */
    const char *argument; /* what help calls the value; NULL for a flag */
    bool repeats;
    const char *help;     /* msgid */
} nrs_option;

typedef struct nrs_command {
    const char *name;      /* one word, or two: "community add" */
    const char *arguments; /* as help writes them */
    size_t argument_count_min, argument_count_max;
    const nrs_option *options;
    size_t option_count;
    const char *summary; /* msgid */
    const char *example;
    nrs_error (*run)(nrs_cli *cli);
} nrs_command;

/** All commands; static storage. */
const nrs_command *nrs_commands(size_t *count_out);
/** The options that every command takes. */
const nrs_option *nrs_global_options(size_t *count_out);

/* Files written beside those of the folder, to be put in their places together (folder.h). */
typedef struct nrs_aside {
    struct nrs_aside_file *list; /* owned */
    size_t count;
    bool open;
} nrs_aside;

typedef struct nrs_given {
    const nrs_option *option;
    const char *value; /* borrowed from argv; NULL for a flag */
} nrs_given;

/** What was asked, and how it went wrong. Zeroed is empty; nrs_cli_wipe. */
struct nrs_cli {
    const nrs_command *command;
    nrs_given *given; /* owned; global ones too */
    size_t given_count;
    const char **arguments; /* owned array of borrowed strings */
    size_t argument_count;
    char *dir; /* owned */
    bool json, help, version;
    const char *language;        /* "ja" or "en" */
    const char *language_given;  /* as it was given */
    const char *person;          /* --as */
    const char *passphrase_file; /* of the node's or the acting person's key */
    struct nrs_identity *acting; /* owned: the key of --as once it is unlocked, else NULL */

    nrs_error error; /* NRS_OK while nothing went wrong */
    int exit_code;
    char *rule;    /* owned: the word of the rule, which may be newer than this program */
    char *message; /* owned, in the person's language */
    char *hint;    /* owned or NULL */
    nrs_aside aside;
    bool by_node;  /* the running node refused it, and has it in its audit log */
};
void nrs_cli_wipe(nrs_cli *cli);

/** Read the arguments. Returns NRS_ERROR_USAGE with the message recorded. */
NRS_MUST_USE nrs_error nrs_cli_parse(nrs_cli *cli, int count, char **words);
/** The value of the command's option, the last one given; NULL when it was not given. A flag reads "". */
const char *nrs_cli_option(const nrs_cli *cli, const char *name);
/** The index-th value of an option that repeats; NULL past the last. */
const char *nrs_cli_option_at(const nrs_cli *cli, const char *name, size_t index);

/** Record what went wrong, unless something was recorded before, and return error. The texts are in the person's language
 *  already; hint may be NULL. */
nrs_error nrs_cli_fail(nrs_cli *cli, nrs_error error, const char *hint, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/** The same with "<given>: <the error's sentence>". */
nrs_error nrs_cli_fail_about(nrs_cli *cli, nrs_error error, const char *given);
/** Advice to what was recorded, unless it has one. The text is in the person's language. */
void nrs_cli_advise(nrs_cli *cli, const char *hint);
/** What was recorded is not to be told: it is tried again, or in another way. */
void nrs_cli_forget_failure(nrs_cli *cli);
/** Record what the daemon said. */
void nrs_cli_fail_as(nrs_cli *cli, const char *rule, int exit_code, const char *message, const char *hint);
/** Write the recorded failure to standard error. Returns the exit code. */
int nrs_cli_report(const nrs_cli *cli);
/** A word of advice beside the answer: one line on standard error; with --json the object {"note": …}. */
void nrs_cli_note(const nrs_cli *cli, const char *format, ...) __attribute__((format(printf, 2, 3)));

/** Help to standard output. */
void nrs_help_print(const nrs_command *command);

#endif
