/* noroshi backup (SPEC 7.9): keys, persons, rosters and cards under a passphrase of their own. Never prekeys, file keys
 * or reports: what was destroyed or forgotten cannot come back from a backup. */
#include <dirent.h>
#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "folder.h"
#include "community/invite.h"
#include "key/backup.h"
#include "key/keyring.h"
#include "keys/backup.h"
#include "language.h"
#include "key/passphrase.h"
#include "proto/address.h"
#include "proto/armour.h"
#include "proto/time.h"
#include "community/roster_file.h"
#include "run.h"
#include "text.h"

/* What stands in a backup, in the order of the names: these folders' files with these endings, and single files. */
static const struct {
    const char *folder, *suffix;
} kept[] = {
    {"cards", ".card"}, {"changes", ".succession"}, {"communities", ".chain"}, {"communities", ".first"},    {"communities", ".roster"},
    {"former", ".card"}, {"former", ".key"},        {"former", ".vault"},      {NULL, "identity.key"},       {NULL, "identity.next.key"},
    {NULL, "next.key"},  {NULL, "node.json"},       {NULL, "own.card"},        {"persons", ".key"},          {"rosters", ".key"},
};
#define KEPT_COUNT (sizeof kept / sizeof kept[0])

bool nrs_backup_may_hold(const char *name)
{
    const char *slash = strchr(name, '/');
    char id[NRS_NAME_SIZE_MAX + 1];

    for (size_t i = 0; i < KEPT_COUNT; i++) {
        size_t folder = kept[i].folder == NULL ? 0 : strlen(kept[i].folder);

        if (kept[i].folder == NULL) {
            if (strcmp(name, kept[i].suffix) == 0) {
                return true;
            }
            continue;
        }
        if (slash == NULL || (size_t)(slash - name) != folder || strncmp(name, kept[i].folder, folder) != 0 || !nrs_text_ends_with(slash + 1, kept[i].suffix) ||
            strlen(slash + 1) - strlen(kept[i].suffix) > NRS_NAME_SIZE_MAX) {
            continue;
        }
        snprintf(id, sizeof id, "%.*s", (int)(strlen(slash + 1) - strlen(kept[i].suffix)), slash + 1);
        if (nrs_name_valid(id)) {
            return true;
        }
    }
    return false;
}

/* ---- backup ---- */

typedef struct names {
    char (*list)[NRS_BACKUP_NAME_SIZE_MAX + 1];
    size_t count, capacity;
} names;

static nrs_error add_name(names *all, const char *folder, const char *name)
{
    char whole[NRS_BACKUP_NAME_SIZE_MAX + 1];

    if (snprintf(whole, sizeof whole, "%s%s%s", folder == NULL ? "" : folder, folder == NULL ? "" : "/", name) >= (int)sizeof whole ||
        !nrs_backup_may_hold(whole)) {
        return NRS_OK; /* no file of ours */
    }
    if (all->count == NRS_BACKUP_FILE_COUNT_MAX) {
        return NRS_ERROR_LIMIT;
    }
    if (all->count == all->capacity) {
        const size_t capacity = all->capacity == 0 ? 64 : 2 * all->capacity;
        char(*list)[NRS_BACKUP_NAME_SIZE_MAX + 1] = realloc(all->list, capacity * sizeof *list);

        if (list == NULL) {
            return NRS_ERROR_NO_MEMORY;
        }
        all->list = list;
        all->capacity = capacity;
    }
    memcpy(all->list[all->count], whole, sizeof whole);
    all->count++;
    return NRS_OK;
}

static nrs_error list_folder(nrs_cli *cli, names *all, const char *name)
{
    char *path = nrs_folder_path(cli, NULL, name, "");
    DIR *folder = path == NULL ? NULL : opendir(path);
    const struct dirent *entry = NULL;
    nrs_error error = path == NULL ? NRS_ERROR_NO_MEMORY : NRS_OK;

    while (error == NRS_OK && folder != NULL && (entry = readdir(folder)) != NULL) {
        error = add_name(all, name, entry->d_name);
    }
    if (folder != NULL) {
        (void)closedir(folder);
    }
    free(path);
    return error;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(a, b);
}

static nrs_error too_much(nrs_cli *cli)
{
    return nrs_cli_fail(cli, NRS_ERROR_LIMIT,
                        _("move files of organisations that are gone out of its folders cards/ and changes/: the node writes again what it needs"),
                        _("%s: a backup holds at most %u files and %u MiB"), cli->dir, NRS_BACKUP_FILE_COUNT_MAX, NRS_BACKUP_SIZE_MAX / (1024u * 1024u));
}

static nrs_error gather(nrs_cli *cli, nrs_backup *backup)
{
    static const char *const folders[] = {"cards", "changes", "communities", "former", "persons", "rosters"};
    static const char *const single[] = {"identity.key", "identity.next.key", "next.key", "node.json", "own.card"};
    names all = {0};
    size_t size = 0;
    nrs_error error = NRS_OK;

    for (size_t i = 0; error == NRS_OK && i < sizeof single / sizeof single[0]; i++) {
        error = nrs_folder_has(cli, NULL, single[i], "") ? add_name(&all, NULL, single[i]) : NRS_OK;
    }
    for (size_t i = 0; error == NRS_OK && i < sizeof folders / sizeof folders[0]; i++) {
        error = list_folder(cli, &all, folders[i]);
    }
    if (error == NRS_OK) {
        qsort(all.list, all.count, sizeof all.list[0], by_name);
    }
    for (size_t i = 0; error == NRS_OK && i < all.count; i++) {
        nrs_bytes bytes = {0};

        error = nrs_folder_read(cli, &bytes, NULL, all.list[i], "", NRS_ERROR_DAMAGED);
        size += bytes.size;
        if (error == NRS_OK) {
            error = size > NRS_BACKUP_SIZE_MAX ? NRS_ERROR_LIMIT : nrs_backup_add(backup, all.list[i], nrs_slice_of_bytes(&bytes));
        }
        nrs_bytes_wipe(&bytes);
    }
    free(all.list);
    return error == NRS_ERROR_LIMIT ? too_much(cli) : error;
}

static nrs_error backup_passphrase(nrs_cli *cli, nrs_bytes *passphrase_out)
{
    if (nrs_cli_option(cli, "backup-passphrase-file") == NULL && !isatty(STDERR_FILENO)) {
        return nrs_cli_fail(cli, NRS_ERROR_USAGE, _("give --backup-passphrase-file FILE"), "%s", _("a backup is always under a passphrase"));
    }
    return nrs_passphrase_new_named(cli, passphrase_out, "backup-passphrase-file");
}

static void print_backup(const nrs_cli *cli, const char *org, const char *path, const nrs_backup *backup)
{
    if (cli->json) {
        char at[32];
        json_t *row = NULL;

        nrs_time_format(at, backup->made_ms);
        row = json_pack("{s:s, s:s, s:I, s:s}", "org", org, "file", path, "files", (json_int_t)backup->count, "made_at", at);
        nrs_text_print_json(stdout, row);
        json_decref(row);
        return;
    }
    printf(_("Wrote the backup of %s: %s\n"), org, path);
    puts(_("It holds keys, persons, rosters and cards; no report and no prekey. Keep its passphrase elsewhere."));
}

nrs_error nrs_run_backup(nrs_cli *cli)
{
    const char *output = nrs_cli_option(cli, "output");
    nrs_node_settings settings;
    nrs_backup backup = {.made_ms = nrs_now_ms()};
    nrs_bytes passphrase = {0};
    nrs_bytes file = {0};
    nrs_error error = NRS_OK;

    if (output == NULL) {
        return nrs_cli_fail(cli, NRS_ERROR_USAGE, NULL, "%s", _("backup needs --output FILE"));
    }
    error = nrs_folder_settings(cli, &settings);
    if (error == NRS_OK) {
        error = nrs_keyring_start(cli);
    }
    if (error == NRS_OK) {
        error = backup_passphrase(cli, &passphrase);
    }
    if (error == NRS_OK) {
        error = gather(cli, &backup);
    }
    if (error == NRS_OK) {
        error = nrs_backup_seal(&file, &backup, nrs_slice_of_bytes(&passphrase));
        error = error == NRS_ERROR_TOO_LARGE ? too_much(cli) : error; /* with the names */
    }
    if (error == NRS_OK) {
        error = nrs_file_write_given(cli, output, nrs_slice_of_bytes(&file));
    }
    if (error == NRS_OK) {
        print_backup(cli, settings.org, output, &backup);
    } else if (cli->error == NRS_OK) {
        error = nrs_cli_fail_about(cli, error, output);
    }
    nrs_bytes_wipe(&file);
    nrs_bytes_wipe(&passphrase);
    nrs_backup_wipe(&backup);
    return error;
}
