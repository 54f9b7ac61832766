/* noroshid: runs a node. */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "daemon.h"
#include "linux.h"
#include "words.h"

#define PATH_SIZE_MAX 4096

typedef struct options {
    const char *dir, *passphrase_file;
    nrs_language language;
    bool help, version;
} options;

/* Returns false, having said why, for wrong usage. */
static bool parse_options(options *options_out, int count, char **arguments)
{
    enum { OPTION_PASSPHRASE = 256, OPTION_LANG, OPTION_VERSION };
    static const struct option known[] = {
        {"dir", required_argument, NULL, 'd'},          {"passphrase-file", required_argument, NULL, OPTION_PASSPHRASE},
        {"lang", required_argument, NULL, OPTION_LANG}, {"help", no_argument, NULL, 'h'},
        {"version", no_argument, NULL, OPTION_VERSION}, {NULL, 0, NULL, 0},
    };
    const char *wrong = NULL;

    *options_out = (options){.language = nrs_language_of_locale()};
    opterr = 0;
    for (int found = 0; wrong == NULL && found != -1;) {
        int at = optind;

        found = getopt_long(count, arguments, "d:h", known, NULL);
        if (found == 'd') {
            options_out->dir = optarg;
        } else if (found == OPTION_PASSPHRASE) {
            options_out->passphrase_file = optarg;
        } else if (found == OPTION_LANG && (strcmp(optarg, "ja") == 0 || strcmp(optarg, "en") == 0)) {
            options_out->language = strcmp(optarg, "ja") == 0 ? NRS_JAPANESE : NRS_ENGLISH;
        } else if (found == 'h') {
            options_out->help = true;
        } else if (found == OPTION_VERSION) {
            options_out->version = true;
        } else if (found != -1) {
            wrong = found == OPTION_LANG ? optarg : arguments[at < count ? at : count - 1];
        }
    }
    if (wrong == NULL && optind < count) {
        wrong = arguments[optind];
    }
    if (wrong != NULL) {
        (void)fprintf(stderr, "noroshid: %s: %s [%s]\n", wrong, nrs_words_usage(options_out->language), nrs_error_rule(NRS_ERROR_USAGE));
        return false;
    }
    return true;
}

/* DIR as CLI.md has it. Returns false when it cannot be told. */
static bool find_folder(char path_out[PATH_SIZE_MAX], const char *given)
{
    const char *named = given != NULL ? given : getenv("NOROSHI_DIR");
    const char *home = getenv("HOME");

    if (named != NULL && named[0] != '\0') {
        return snprintf(path_out, PATH_SIZE_MAX, "%s", named) < PATH_SIZE_MAX;
    }
    return home != NULL && home[0] != '\0' &&
           snprintf(path_out, PATH_SIZE_MAX, "%s/.local/share/noroshi", home) < PATH_SIZE_MAX;
}

static int say(nrs_language language, nrs_error error, const char *about)
{
    (void)fprintf(stderr, "noroshid: %s: %s [%s]\n", about, nrs_words_error(language, error), nrs_error_rule(error));
    return nrs_error_exit_code(error);
}

/* The same of a folder, or of the file in it that the error is about: what is wrong, its rule, and what to do. */
static int say_folder(nrs_language language, nrs_error error, const nrs_folder *folder, const char *path)
{
    const char *remedy = nrs_words_remedy(language, error, folder->trouble, folder->about);

    (void)fprintf(stderr, "noroshid: %s%s%s: %s [%s]\n", path, folder->about == NULL ? "" : "/", folder->about == NULL ? "" : folder->about,
                  nrs_words_trouble(language, error, folder->trouble), nrs_error_rule(error));
    if (remedy != NULL) {
        (void)fprintf(stderr, "  %s\n", remedy);
    }
    return nrs_error_exit_code(error);
}

/* The file that a passphrase was read from. */
static const char *passphrase_name(const options *chosen)
{
    return chosen->passphrase_file != NULL ? chosen->passphrase_file : "$CREDENTIALS_DIRECTORY/passphrase";
}

/* What kept the folder from being opened or unlocked, and which file it is about. */
static int say_closed(const options *chosen, const nrs_folder *folder, nrs_error error, const char *path, int reason)
{
    if (error == NRS_ERROR_NOT_FOUND) {
        (void)fprintf(stderr, "noroshid: %s: %s [%s]\n", path, nrs_words_no_passphrase(chosen->language), nrs_error_rule(NRS_ERROR_PASSPHRASE));
        return nrs_error_exit_code(NRS_ERROR_PASSPHRASE);
    }
    if (error == NRS_ERROR_SYSTEM && reason != 0) {
        bool given = folder->about == NULL && folder->trouble == NRS_TROUBLE_NO_LINE;
        const char *file = given || folder->about == NULL ? NULL : folder->about;
        nrs_error kind = given ? NRS_ERROR_PASSPHRASE : NRS_ERROR_SYSTEM;

        (void)fprintf(stderr, "noroshid: %s%s%s: %s [%s]\n", given ? passphrase_name(chosen) : path, file == NULL ? "" : "/", file == NULL ? "" : file,
                      nrs_words_reason(chosen->language, reason), nrs_error_rule(kind));
        return nrs_error_exit_code(kind);
    }
    if (folder->trouble == NRS_TROUBLE_NO_LINE) {
        return say_folder(chosen->language, error, folder, passphrase_name(chosen));
    }
    if (folder->about == NULL && error == NRS_ERROR_PASSPHRASE && chosen->passphrase_file != NULL) {
        return say(chosen->language, error, chosen->passphrase_file);
    }
    return say_folder(chosen->language, error, folder, path);
}

/* Start, run, stop. Out: again_out: a roster names the next identity, which was taken up or cannot be. */
static int run_once(bool *again_out, nrs_folder *folder, nrs_language language)
{
    nrs_daemon *daemon = calloc(1, sizeof(*daemon));
    nrs_error error = NRS_ERROR_NO_MEMORY;
    int exit_code = 0;

    *again_out = false;
    if (daemon == NULL) {
        return say(language, error, folder->path);
    }
    error = nrs_daemon_start(daemon, folder);
    if (error == NRS_OK) {
        nrs_daemon_run(daemon);
        *again_out = daemon->switch_due;
    } else {
        bool about_address =
            folder->listen != NULL && (error == NRS_ERROR_ADDRESS_IN_USE || error == NRS_ERROR_BAD_ADDRESS);

        exit_code = about_address ? say(language, error, folder->listen) : say_folder(language, error, folder, folder->path);
    }
    nrs_daemon_stop(daemon);
    free(daemon);
    return exit_code;
}

static int run(nrs_folder *folder, nrs_language language)
{
    bool again = true;
    int exit_code = 0;

    while (again) {
        exit_code = run_once(&again, folder, language);
        if (again) {
            nrs_error error = nrs_folder_switch(folder);

            folder->switch_failed = error != NRS_OK;
            if (error != NRS_OK) {
                nrs_log(NRS_LOG_ERROR, "a roster names other keys of this node, which cannot be taken up: %s", nrs_error_sentence(error));
            } else {
                nrs_log(NRS_LOG_INFO, "the new keys are in force");
            }
        }
    }
    return exit_code;
}

int main(int count, char **arguments)
{
    options chosen;
    char path[PATH_SIZE_MAX];
    nrs_folder folder;
    nrs_error error = NRS_OK;
    int exit_code = 0;

    if (!parse_options(&chosen, count, arguments)) {
        return nrs_error_exit_code(NRS_ERROR_USAGE);
    }
    if (chosen.help || chosen.version) {
        (void)fputs(chosen.help ? nrs_words_help(chosen.language) : "noroshid " NRS_VERSION "\n", stdout);
        return fflush(stdout) == 0 ? 0 : nrs_error_exit_code(NRS_ERROR_SYSTEM);
    }
    (void)umask(077);
    json_set_alloc_funcs(malloc, nrs_linux_wipe_free); /* the text of reports passes through JSON values */
    (void)signal(SIGPIPE, SIG_IGN);
    (void)signal(SIGXFSZ, SIG_IGN); /* a write past `ulimit -f` is then answered as one on a full disk */
    nrs_linux_keep_heap();
    (void)nrs_linux_keep_files();
    if (!find_folder(path, chosen.dir)) {
        return say(chosen.language, NRS_ERROR_NOT_A_NODE, "--dir");
    }
    error = nrs_linux_hide_memory();
    if (error == NRS_OK) {
        error = nrs_keys_start();
    }
    if (error != NRS_OK) {
        return say(chosen.language, error, path);
    }
    errno = 0;
    error = nrs_folder_open(&folder, path);
    if (error == NRS_OK) {
        error = nrs_folder_unlock(&folder, chosen.passphrase_file, nrs_words_prompt(chosen.language));
    }
    exit_code = error == NRS_OK ? run(&folder, chosen.language) : say_closed(&chosen, &folder, error, path, errno);
    nrs_folder_wipe(&folder);
    return exit_code;
}
