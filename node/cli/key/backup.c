/* noroshi backup and restore (SPEC 7.9): keys, persons, rosters and cards under a passphrase of their own. Never prekeys, file keys
 * or reports: what was destroyed or forgotten cannot come back from a backup. The restored node asks for what is still alive. */
#include <dirent.h>
#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "folder.h"
#include "community/invite.h"
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
    {"cards", ".card"}, {"changes", ".succession"}, {"communities", ".first"}, {"communities", ".roster"}, {"former", ".card"},
    {"former", ".key"},  {"former", ".vault"},      {NULL, "identity.key"},     {NULL, "identity.next.key"},  {NULL, "next.key"},
    {NULL, "node.json"}, {NULL, "own.card"},        {"persons", ".key"},        {"rosters", ".key"},
};
#define KEPT_COUNT (sizeof kept / sizeof kept[0])

static bool ends_with(const char *name, const char *suffix)
{
    size_t size = strlen(name);
    size_t end = strlen(suffix);

    return size > end && strcmp(name + size - end, suffix) == 0;
}

/* A name that a backup may hold: nothing else is ever written by restore. */
static bool may_stand(const char *name)
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
        if (slash == NULL || (size_t)(slash - name) != folder || strncmp(name, kept[i].folder, folder) != 0 || !ends_with(slash + 1, kept[i].suffix) ||
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
    size_t count;
} names;

static nrs_error add_name(names *all, const char *folder, const char *name)
{
    char(*list)[NRS_BACKUP_NAME_SIZE_MAX + 1] = NULL;
    char whole[NRS_BACKUP_NAME_SIZE_MAX + 1];

    if (snprintf(whole, sizeof whole, "%s%s%s", folder == NULL ? "" : folder, folder == NULL ? "" : "/", name) >= (int)sizeof whole ||
        !may_stand(whole)) {
        return NRS_OK; /* no file of ours */
    }
    if (all->count == NRS_BACKUP_FILE_COUNT_MAX) {
        return NRS_ERROR_LIMIT;
    }
    list = realloc(all->list, (all->count + 1) * sizeof *list);
    if (list == NULL) {
        return NRS_ERROR_NO_MEMORY;
    }
    all->list = list;
    memcpy(list[all->count], whole, sizeof whole);
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

static nrs_error gather(nrs_cli *cli, nrs_backup *backup)
{
    static const char *const folders[] = {"cards", "changes", "communities", "former", "persons", "rosters"};
    static const char *const single[] = {"identity.key", "identity.next.key", "next.key", "node.json", "own.card"};
    names all = {0};
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
        if (error == NRS_OK) {
            error = nrs_backup_add(backup, all.list[i], nrs_slice_of_bytes(&bytes));
        }
        nrs_bytes_wipe(&bytes);
    }
    free(all.list);
    return error;
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

/* ---- restore ---- */

static const nrs_backup_file *find(const nrs_backup *backup, const char *name)
{
    for (size_t i = 0; i < backup->count; i++) {
        if (strcmp(backup->files[i].name, name) == 0) {
            return &backup->files[i];
        }
    }
    return NULL;
}

static nrs_error read_backup(nrs_cli *cli, nrs_backup *backup, const char *path)
{
    nrs_bytes file = {0};
    nrs_bytes passphrase = {0};
    nrs_error error = nrs_file_read_given(cli, &file, path, NRS_BACKUP_SIZE_MAX + 4096);

    if (error != NRS_OK) {
        return error;
    }
    if (nrs_cli_option(cli, "backup-passphrase-file") != NULL) {
        error = nrs_passphrase_read(cli, &passphrase, nrs_cli_option(cli, "backup-passphrase-file"));
    } else {
        error = nrs_passphrase_of_backup(cli, &passphrase);
    }
    if (error == NRS_OK) {
        error = nrs_backup_open(backup, nrs_slice_of_bytes(&file), nrs_slice_of_bytes(&passphrase));
        error = error == NRS_ERROR_PASSPHRASE ? nrs_cli_fail(cli, error, NULL, _("wrong passphrase, or a damaged backup: %s"), path)
                : error != NRS_OK             ? nrs_cli_fail_about(cli, error, path)
                                              : NRS_OK;
    }
    for (size_t i = 0; error == NRS_OK && i < backup->count; i++) {
        if (!may_stand(backup->files[i].name)) {
            error = nrs_cli_fail_about(cli, NRS_ERROR_MALFORMED, path);
        }
    }
    if (error == NRS_OK && (find(backup, "identity.key") == NULL || find(backup, "node.json") == NULL || find(backup, "own.card") == NULL)) {
        error = nrs_cli_fail_about(cli, NRS_ERROR_MALFORMED, path);
    }
    nrs_bytes_wipe(&file);
    nrs_bytes_wipe(&passphrase);
    return error;
}

/* The node's key opens before anything is written. */
static nrs_error load_identity(nrs_cli *cli, nrs_identity **identity_out, const nrs_backup *backup)
{
    nrs_bytes key = {0};
    nrs_bytes passphrase = {0};
    nrs_error error = nrs_armour_decode(&key, "KEY", nrs_slice_of_bytes(&find(backup, "identity.key")->bytes));

    if (error == NRS_OK && cli->passphrase_file != NULL) {
        error = nrs_passphrase_read(cli, &passphrase, cli->passphrase_file);
    } else if (error == NRS_OK && nrs_identity_file_locked(nrs_slice_of_bytes(&key))) {
        error = nrs_passphrase_ask(cli, &passphrase, "identity");
    }
    if (error == NRS_OK) {
        error = nrs_identity_load(identity_out, nrs_slice_of_bytes(&key), nrs_slice_of_bytes(&passphrase));
    }
    nrs_bytes_wipe(&key);
    nrs_bytes_wipe(&passphrase);
    return error == NRS_OK ? NRS_OK : nrs_cli_fail_about(cli, error, "identity.key");
}

static nrs_error make_dir(nrs_cli *cli, const char *name)
{
    char *path = name == NULL ? strdup(cli->dir) : nrs_folder_path(cli, NULL, name, "");
    bool made = path != NULL && (mkdir(path, 0700) == 0 || (errno == EEXIST && (name != NULL || chmod(path, 0700) == 0)));
    nrs_error error = made ? NRS_OK
                           : nrs_cli_fail(cli, NRS_ERROR_DISK, NULL, _("the folder cannot be made: %s: %s"), path == NULL ? cli->dir : path,
                                          strerror(errno));

    free(path);
    return error;
}

static nrs_error make_dirs(nrs_cli *cli)
{
    static const char *const folders[] = {NULL, "persons", "rosters", "communities", "cards", "changes", "former", "inbox"};
    nrs_error error = NRS_OK;

    for (size_t i = 0; error == NRS_OK && i < sizeof folders / sizeof folders[0]; i++) {
        error = make_dir(cli, folders[i]);
    }
    return error;
}

/* Peers may hold a newer card than the backup does: this one's serial is the time, which is above any that was counted up. */
static nrs_error renew_card(nrs_cli *cli, const nrs_identity *identity)
{
    nrs_bytes bytes = {0};
    nrs_card *held = NULL;
    nrs_error error = nrs_keyring_own_card(cli, &bytes, &held);

    if (error == NRS_OK) {
        nrs_card next = *held;
        uint64_t now_ms = nrs_now_ms();

        next.serial = held->serial >= now_ms ? held->serial + 1 : now_ms;
        next.created_ms = now_ms;
        error = nrs_card_sign(&bytes, &next, identity);
    }
    if (error == NRS_OK) {
        error = nrs_folder_write_armour(cli, "CARD", NULL, "own", ".card", nrs_slice_of_bytes(&bytes));
    }
    nrs_card_free(&held);
    nrs_bytes_wipe(&bytes);
    return error;
}

/* The new store knows no community: each goes in as it did when it was joined. */
static nrs_error rejoin(nrs_cli *cli, const nrs_backup *backup, const nrs_node_settings *settings, size_t *communities_out)
{
    nrs_error error = NRS_OK;

    for (size_t i = 0; error == NRS_OK && i < backup->count; i++) {
        const char *name = backup->files[i].name;
        char slug[NRS_NAME_SIZE_MAX + 1];
        nrs_held held = {0};
        nrs_bytes invite = {0};

        if (strncmp(name, "communities/", 12) != 0 || !ends_with(name, ".roster")) {
            continue;
        }
        snprintf(slug, sizeof slug, "%.*s", (int)(strlen(name) - 12 - 7), name + 12);
        error = nrs_held_read(cli, &held, slug);
        if (error == NRS_OK) {
            error = nrs_invite_make(cli, &invite, &held, settings);
        }
        if (error == NRS_OK) {
            error = nrs_folder_write_armour(cli, "INVITE", "inbox", slug, ".invite", nrs_slice_of_bytes(&invite));
        }
        *communities_out += error == NRS_OK ? 1 : 0;
        nrs_bytes_wipe(&invite);
        nrs_held_wipe(&held);
    }
    return error;
}

/* node.json goes last: it makes the folder a node's. What a restore that was cut off left is written over by the next. */
static nrs_error write_files(nrs_cli *cli, const nrs_backup *backup)
{
    nrs_error error = make_dirs(cli);

    for (size_t i = 0; error == NRS_OK && i < backup->count; i++) {
        if (strcmp(backup->files[i].name, "node.json") != 0) {
            error = nrs_folder_write(cli, NULL, backup->files[i].name, "", nrs_slice_of_bytes(&backup->files[i].bytes));
        }
    }
    return error;
}

static void print_restored(const nrs_cli *cli, const nrs_node_settings *settings, const nrs_backup *backup, size_t communities)
{
    char at[64];

    if (cli->json) {
        json_t *row = NULL;

        nrs_time_format(at, backup->made_ms);
        row = json_pack("{s:s, s:s, s:s, s:I}", "org", settings->org, "dir", cli->dir, "made_at", at, "communities", (json_int_t)communities);
        nrs_text_print_json(stdout, row);
        json_decref(row);
        return;
    }
    nrs_text_time(at, backup->made_ms);
    printf(_("Restored %s into %s from the backup of %s.\n"), settings->org, cli->dir, at);
    puts(_("Start the node: it asks for the reports that are still alive. Never run the old folder again. Persons unlock: noroshi person unlock."));
}

static nrs_error settings_of_backup(nrs_cli *cli, nrs_node_settings *settings_out, const nrs_backup *backup)
{
    const nrs_backup_file *file = find(backup, "node.json");
    nrs_error error = nrs_folder_write(cli, NULL, "node.json.restoring", "", nrs_slice_of_bytes(&file->bytes));

    return error == NRS_OK ? nrs_folder_settings_of(cli, settings_out, "node.json.restoring") : error;
}

nrs_error nrs_run_restore(nrs_cli *cli)
{
    nrs_node_settings settings;
    nrs_backup backup = {0};
    nrs_identity *identity = NULL;
    size_t communities = 0;
    nrs_error error = nrs_keyring_start(cli);

    if (error == NRS_OK && nrs_folder_has(cli, NULL, "node", ".json")) {
        error = nrs_cli_fail(cli, NRS_ERROR_EXISTS, _("choose another folder with --dir"), _("the folder is a node's already: %s"), cli->dir);
    }
    if (error == NRS_OK && nrs_folder_has(cli, NULL, "store", ".db")) {
        error = nrs_cli_fail(cli, NRS_ERROR_EXISTS, _("choose another folder with --dir"), _("the folder is a node's already: %s"), cli->dir);
    }
    if (error == NRS_OK) {
        error = read_backup(cli, &backup, cli->arguments[0]);
    }
    if (error == NRS_OK) {
        error = load_identity(cli, &identity, &backup);
    }
    if (error == NRS_OK) {
        error = write_files(cli, &backup);
    }
    if (error == NRS_OK) {
        error = settings_of_backup(cli, &settings, &backup);
    }
    if (error == NRS_OK) {
        error = renew_card(cli, identity);
    }
    if (error == NRS_OK) {
        error = rejoin(cli, &backup, &settings, &communities);
    }
    if (error == NRS_OK) {
        nrs_folder_remove(cli, NULL, "node.json.restoring", "");
        error = nrs_folder_write(cli, NULL, "node", ".json", nrs_slice_of_bytes(&find(&backup, "node.json")->bytes));
    }
    if (error == NRS_OK) {
        print_restored(cli, &settings, &backup, communities);
    }
    nrs_identity_destroy(&identity);
    nrs_backup_wipe(&backup);
    return error;
}
