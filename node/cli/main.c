/* noroshi: the person's hand on a node. Each command is one request to the running node, or a ceremony with keys and
 * rosters in its folder; nothing stays running. */
#include <errno.h>
#include <jansson.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "command.h"
#include "community/refusal.h"
#include "folder.h"
#include "key/leftover.h"
#include "language.h"
#include "linux.h"
#include "text.h"

static bool is_reader_gone(void)
{
    struct pollfd out = {.fd = STDOUT_FILENO, .events = POLLOUT};

    return poll(&out, 1, 0) == 1 && (out.revents & (POLLERR | POLLHUP)) != 0;
}

/* An answer that did not reach the disk or the pipe was not given. */
static nrs_error flush_answer(nrs_cli *cli)
{
    if (fflush(stdout) == 0 && ferror(stdout) == 0) {
        return NRS_OK;
    }
    if (is_reader_gone()) { /* as with `| head -1`: whoever read has what it wanted */
        return NRS_OK;
    }
    return nrs_cli_fail(cli, NRS_ERROR_DISK, NULL, _("standard output: %s"), strerror(errno));
}

#define OTHER_CEREMONY_MS 30000u

/* Commands that read keys, card or rosters of the folder and write what follows from them: two at once would make two cards
 * or two rosters of one number, of which one is lost. */
static bool is_ceremony(const char *name)
{
    static const char *const families[] = {"community ", "join", "key ", "person "};

    for (size_t i = 0; i < sizeof families / sizeof families[0]; i++) {
        if (strncmp(name, families[i], strlen(families[i])) == 0) {
            return true;
        }
    }
    return false;
}

static nrs_error run(nrs_cli *cli, int count, char **words)
{
    nrs_error error = nrs_cli_parse(cli, count, words);

    if (error != NRS_OK) {
        return error;
    }
    if (cli->help) {
        nrs_help_print(cli->command);
    } else if (cli->version) {
        puts("noroshi " NRS_VERSION);
    } else if (is_ceremony(cli->command->name) && !nrs_linux_lock_folder(cli->dir, OTHER_CEREMONY_MS)) {
        error = nrs_cli_fail(cli, NRS_ERROR_BUSY, NULL, _("%s: another command is changing keys or rosters here"), cli->dir);
    } else {
        if (is_ceremony(cli->command->name)) {
            nrs_leftover_destroy(cli);
        }
        error = cli->command->run(cli);
    }
    return error == NRS_OK ? flush_answer(cli) : error;
}

int main(int count, char **words)
{
    nrs_cli cli = {0};
    nrs_error error = NRS_ERROR_USAGE;
    int exit_code = 0;

    (void)signal(SIGPIPE, SIG_IGN);
    (void)signal(SIGXFSZ, SIG_IGN); /* a write past `ulimit -f` is then answered as one on a full disk */
    nrs_json_wipe_on_free();
    json_object_seed(((size_t)nrs_now_ms() ^ ((size_t)getpid() << 20)) | 1u); /* jansson would read /dev/urandom at each start */
    if (count >= 1) {
        error = run(&cli, count, words);
    }
    if (error != NRS_OK) {
        (void)fflush(stdout);
        if (cli.error == NRS_OK) {
            nrs_cli_fail_as(&cli, nrs_error_rule(error), nrs_error_exit_code(error), _(nrs_error_sentence(error)), NULL);
        }
        nrs_refusal_note(&cli);
        exit_code = nrs_cli_report(&cli);
    } else {
        nrs_deed_note(&cli);
    }
    nrs_cli_wipe(&cli);
    return exit_code;
}
