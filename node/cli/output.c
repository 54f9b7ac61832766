#define _XOPEN_SOURCE 700 /* realpath */
#include "output.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "folder.h"
#include "language.h"
#include "proto/assert.h"
#include "text.h"

enum { BEGINNING_SIZE = 256 };

static bool begins_with(const char *text, const char *beginning)
{
    return strncmp(text, beginning, strlen(beginning)) == 0;
}

/* What the file's first line is one of; by that alone: a key that is damaged may be mended. */
typedef struct nature {
    bool key, armoured;
} nature;

static nature nature_of(const char *path)
{
    char text[BEGINNING_SIZE + 1] = "";
    struct stat status;
    int file = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    ssize_t size = file >= 0 && fstat(file, &status) == 0 && S_ISREG(status.st_mode) ? read(file, text, BEGINNING_SIZE) : 0;
    const char *line = text + strspn(text, " \t\r\n");

    if (file >= 0) {
        (void)close(file);
    }
    if (size <= 0) {
        return (nature){0};
    }
    return (nature){.key = begins_with(line, "-----BEGIN NOROSHI KEY-----") || begins_with(line, "-----BEGIN NOROSHI VAULT-----"),
                    .armoured = begins_with(line, "-----BEGIN NOROSHI ")};
}

/* Where the file is, or would be. Owned (free); NULL where there is no such folder. */
static char *whole_path(const char *path)
{
    char *whole = realpath(path, NULL);
    char *folder = whole == NULL ? nrs_file_folder_of(path) : NULL;
    char *place = folder == NULL ? NULL : realpath(folder, NULL);
    const char *slash = strrchr(path, '/');

    if (place != NULL) {
        whole = nrs_text_format("%s/%s", strcmp(place, "/") == 0 ? "" : place, slash == NULL ? path : slash + 1);
    }
    free(place);
    free(folder);
    return whole;
}

/* In: rest: what follows the node's folder. What SQLite keeps beside the store has its name with a hyphen. */
static bool is_own_name(const char *rest)
{
    static const char *const beginnings[] = {"cards/", "changes/", "communities/", "former/", "inbox/", "persons/", "rosters/", "store.db-"};
    static const char *const files[] = {"audit-end", "control.sock", "identity.key", "identity.next.key", "lock",    "next.key",
                                        "node.json", "own.card",     "restored.card", "store.db",         "vault"};

    for (size_t i = 0; i < sizeof beginnings / sizeof beginnings[0]; i++) {
        if (begins_with(rest, beginnings[i])) {
            return true;
        }
    }
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        if (strcmp(rest, files[i]) == 0) {
            return true;
        }
    }
    return false;
}

static bool is_own_file(const nrs_cli *cli, const char *whole)
{
    char *folder = cli->dir == NULL ? NULL : realpath(cli->dir, NULL);
    char *node = folder == NULL ? NULL : nrs_text_format("%s/node.json", folder);
    const size_t size = folder == NULL ? 0 : strlen(folder);
    const bool own = node != NULL && access(node, F_OK) == 0 && strncmp(whole, folder, size) == 0 && whole[size] == '/' && is_own_name(whole + size + 1);

    free(node);
    free(folder);
    return own;
}

bool nrs_output_is_same(const char *a, const char *b)
{
    char *whole_a = whole_path(a), *whole_b = whole_path(b);
    struct stat of_a, of_b;
    const bool same = (whole_a != NULL && whole_b != NULL && strcmp(whole_a, whole_b) == 0) ||
                      (stat(a, &of_a) == 0 && stat(b, &of_b) == 0 && of_a.st_dev == of_b.st_dev && of_a.st_ino == of_b.st_ino);

    free(whole_b);
    free(whole_a);
    return same;
}

nrs_error nrs_output_check(nrs_cli *cli, const char *path, bool log)
{
    char *whole = whole_path(path);
    const char *name = whole == NULL ? NULL : strrchr(whole, '/');
    const bool is_log = name != NULL && strcmp(name + 1, NRS_CEREMONY_LOG_NAME) == 0;
    const char *hint = _("name another file");
    const nature found = nature_of(path);
    nrs_error error = NRS_OK;

    NRS_ASSERT(cli != NULL && path != NULL);
    if (found.key) {
        error = nrs_cli_fail(cli, NRS_ERROR_EXISTS, hint, _("%s holds a key, and is not written over"), path);
    } else if (log && found.armoured) {
        error = nrs_cli_fail(cli, NRS_ERROR_EXISTS, hint, _("%s is no log of ceremonies"), path);
    } else if (is_log && !log) {
        error = nrs_cli_fail(cli, NRS_ERROR_EXISTS, hint, _("%s is a log of ceremonies, and is not written over"), path);
    } else if (whole != NULL && !is_log && is_own_file(cli, whole)) {
        error = nrs_cli_fail(cli, NRS_ERROR_EXISTS, hint, _("%s is the node's own, in its folder, and is not written over"), path);
    }
    free(whole);
    return error;
}
