#include "key/card_qr.h"

#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "language.h"
#include "linux.h"
#include "proto/assert.h"
#include "text.h"

#define DRAWING_SIZE_MAX (128u * 1024u) /* the largest code has 93 lines of 185 signs of 3 bytes */
#define PATH_SIZE 4096

extern char **environ;

static bool write_all(int to, const char *text)
{
    size_t size = strlen(text);

    while (size > 0) {
        ssize_t put = write(to, text, size);

        if (put < 0 && errno == EINTR) {
            continue;
        }
        if (put <= 0) {
            return false;
        }
        text += put;
        size -= (size_t)put;
    }
    return true;
}

/* Everything that comes; a zero behind it. */
static bool read_all(char *drawing_out, int from)
{
    size_t used = 0;

    for (;;) {
        ssize_t got = read(from, drawing_out + used, DRAWING_SIZE_MAX - 1 - used);

        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0 || used + (size_t)got >= DRAWING_SIZE_MAX - 1) {
            return false;
        }
        if (got == 0) {
            drawing_out[used] = '\0';
            return true;
        }
        used += (size_t)got;
    }
}

/* The text fits the pipe: the other program reads it all before it writes. Its exit status, or -1 where it could not be run. */
static int run(char *drawing_out, const char *path, const char *text)
{
    char *const arguments[] = {(char *)(uintptr_t)path, NULL};
    posix_spawn_file_actions_t actions;
    int in[2] = {-1, -1}, out[2] = {-1, -1};
    int status = 0;
    pid_t child = 0;
    bool good = pipe(in) == 0 && pipe(out) == 0 && posix_spawn_file_actions_init(&actions) == 0;

    if (!good) {
        for (size_t i = 0; i < 2; i++) {
            (void)(in[i] < 0 ? 0 : close(in[i]));
            (void)(out[i] < 0 ? 0 : close(out[i]));
        }
        return -1;
    }
    good = posix_spawn_file_actions_adddup2(&actions, in[0], STDIN_FILENO) == 0 &&
           posix_spawn_file_actions_adddup2(&actions, out[1], STDOUT_FILENO) == 0 &&
           posix_spawn_file_actions_addclose(&actions, in[1]) == 0 && posix_spawn_file_actions_addclose(&actions, out[0]) == 0 &&
           posix_spawn(&child, path, &actions, NULL, arguments, environ) == 0;
    (void)posix_spawn_file_actions_destroy(&actions);
    (void)close(in[0]);
    (void)close(out[1]);
    (void)signal(SIGPIPE, SIG_IGN); /* it may have ended without reading */
    (void)(good && write_all(in[1], text));
    (void)close(in[1]);
    good = good && read_all(drawing_out, out[0]);
    (void)close(out[0]);
    if (child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status)) {
        return good ? WEXITSTATUS(status) : -1;
    }
    return -1;
}

/* How many columns its first line takes. */
static unsigned width_of(const char *drawing)
{
    unsigned columns = 0;

    for (const char *at = drawing; *at != '\0' && *at != '\n'; at++) {
        columns += ((unsigned char)*at & 0xc0) != 0x80 ? 1 : 0;
    }
    return columns;
}

/* White on black whatever the window's colours are: what is drawn is the light part. */
static void print_drawing(const char *drawing, bool coloured)
{
    while (*drawing != '\0') {
        int size = (int)strcspn(drawing, "\n");

        printf(coloured ? "\033[97;40m%.*s\033[0m\n" : "%.*s\n", size, drawing);
        drawing += size + (drawing[size] == '\n' ? 1 : 0);
    }
}

static nrs_error print_answer(nrs_cli *cli, const char *drawing, const char *text, bool whole)
{
    json_t *row = NULL;

    if (!cli->json) {
        print_drawing(drawing, isatty(STDOUT_FILENO) != 0);
        return NRS_OK;
    }
    row = json_pack("{s:s, s:b, s:s}", "qr", drawing, "whole", whole ? 1 : 0, "text", text);
    if (row == NULL) {
        return NRS_ERROR_NO_MEMORY;
    }
    nrs_text_print_json(stdout, row);
    json_decref(row);
    return NRS_OK;
}

nrs_error nrs_card_draw(nrs_cli *cli, const char *armoured, const char *brief)
{
    char folder[PATH_SIZE - 16], path[PATH_SIZE];
    char *drawing = malloc(DRAWING_SIZE_MAX);
    const unsigned columns = isatty(STDOUT_FILENO) != 0 && !cli->json ? nrs_linux_columns(STDOUT_FILENO) : 0;
    const char *text = armoured;
    int status = -1;
    nrs_error error = NRS_OK;

    NRS_ASSERT(armoured != NULL && brief != NULL);
    if (drawing == NULL) {
        return NRS_ERROR_NO_MEMORY;
    }
    if (nrs_linux_program_folder(folder, sizeof folder)) {
        (void)snprintf(path, sizeof path, "%s/noroshi-qr", folder);
        status = run(drawing, path, text);
        if (status == 8 || (status == 0 && columns != 0 && width_of(drawing) > columns)) { /* what one compares takes less room */
            text = brief;
            status = run(drawing, path, text);
        }
    }
    if (status != 0) {
        error = nrs_cli_fail(cli, NRS_ERROR_SYSTEM, _("noroshi card prints the card itself"), "%s",
                             _("noroshi-qr, which draws the code, is not beside this program or failed"));
    } else if (columns != 0 && width_of(drawing) > columns) {
        error = nrs_cli_fail(cli, NRS_ERROR_USAGE, _("widen the window, or make its letters smaller"),
                             _("the code is %u columns wide, the window %u"), width_of(drawing), columns);
    } else {
        error = print_answer(cli, drawing, text, text == armoured);
        if (error == NRS_OK && text != armoured) {
            nrs_cli_note(cli, "%s", _("the card is larger than the code or the window: the code holds organisation, fingerprint and link key"));
        }
    }
    free(drawing);
    return error;
}
