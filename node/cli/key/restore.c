/* noroshi restore (SPEC 7.9): a folder of a node from a backup. The restored node asks for the reports that are still alive. */
#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "community/invite.h"
#include "community/restored.h"
#include "community/roster_file.h"
#include "folder.h"
#include "key/backup.h"
#include "key/keyring.h"
#include "key/leftover.h"
#include "key/passphrase.h"
#include "keys/backup.h"
#include "language.h"
#include "linux.h"
#include "proto/address.h"
#include "proto/armour.h"
#include "proto/time.h"
#include "run.h"
#include "text.h"

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
        if (!nrs_backup_may_hold(backup->files[i].name)) {
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

enum { OTHER_RESTORE_MS = 10000 };

static const char *const folders[] = {NULL, "persons", "rosters", "communities", "cards", "changes", "former", "inbox"};
#define FOLDER_COUNT (sizeof folders / sizeof folders[0])

static nrs_error make_dir(nrs_cli *cli, bool *made_out, const char *name)
{
    char *path = name == NULL ? strdup(cli->dir) : nrs_folder_path(cli, NULL, name, "");
    bool there = false;
    nrs_error error = NRS_OK;

    *made_out = path != NULL && (name == NULL ? mkdir(path, 0700) == 0 : nrs_folder_make(cli, name));
    there = *made_out || (path != NULL && errno == EEXIST && (name != NULL || nrs_folder_mode(cli, 0700)));
    if (!there) {
        error = nrs_cli_fail(cli, NRS_ERROR_DISK, NULL, _("the folder cannot be made: %s: %s"), path == NULL ? cli->dir : path, strerror(errno));
    }
    free(path);
    return error;
}

static nrs_error make_dirs(nrs_cli *cli, bool made_out[FOLDER_COUNT])
{
    nrs_error error = NRS_OK;

    for (size_t i = 0; error == NRS_OK && i < FOLDER_COUNT; i++) {
        error = make_dir(cli, &made_out[i], folders[i]);
    }
    return error;
}

/* Those that were made for it and in which nothing stands. */
static void remove_dirs(const nrs_cli *cli, const bool made[FOLDER_COUNT])
{
    for (size_t i = FOLDER_COUNT; i > 0; i--) {
        if (made[i - 1]) {
            (void)(folders[i - 1] == NULL ? rmdir(cli->dir) == 0 : nrs_folder_unmake(cli, folders[i - 1]));
        }
    }
}

/* Peers may hold a newer card than the backup does: this one's serial is the time, which is above any that was counted up. It names no persons:
 * the secrets of their prekeys are gone, and some may have left or have other keys since. Peers let go of the prekeys of who is off the card, and
 * who unlocks is on it again. Out: persons_out: their ids; owned. */
static nrs_error renew_card(nrs_cli *cli, json_t **persons_out, const nrs_identity *identity)
{
    nrs_bytes bytes = {0};
    nrs_card *held = NULL;
    nrs_error error = nrs_keyring_own_card(cli, &bytes, &held);

    if (error == NRS_OK) {
        nrs_card next = *held;
        uint64_t now_ms = nrs_now_ms();

        next.serial = held->serial >= now_ms ? held->serial + 1 : now_ms;
        next.created_ms = now_ms;
        next.n_persons = 0;
        *persons_out = json_array();
        for (size_t i = 0; i < held->n_persons && error == NRS_OK; i++) {
            error = json_array_append_new(*persons_out, json_string(held->persons[i]->id)) == 0 ? NRS_OK : NRS_ERROR_NO_MEMORY;
        }
        if (error == NRS_OK && held->n_persons > 0) { /* for their names */
            error = nrs_folder_write_armour(cli, "CARD", NULL, "restored", ".card", nrs_slice_of_bytes(&bytes));
        }
        error = error == NRS_OK ? nrs_card_sign(&bytes, &next, identity) : error;
    }
    if (error == NRS_OK) {
        error = nrs_folder_write_armour(cli, "CARD", NULL, "own", ".card", nrs_slice_of_bytes(&bytes));
    }
    nrs_card_free(&held);
    nrs_bytes_wipe(&bytes);
    return error;
}

/* The communities of a backup: each verified before anything is written. One that does not verify is left out with a word and keeps
 * none of the others out; its files are not restored. */
typedef struct restored {
    nrs_held list[NRS_COMMUNITY_COUNT_MAX];
    char ids[NRS_COMMUNITY_COUNT_MAX][NRS_NAME_SIZE_MAX + 1];
    size_t count;
    json_t *left_out; /* ids */
    json_t *persons;  /* ids of those who are off the card */
    bool announced;   /* its next keys, which no roster of the backup has */
} restored;

static void restored_wipe(restored *all)
{
    for (size_t i = 0; i < all->count; i++) {
        nrs_held_wipe(&all->list[i]);
    }
    json_decref(all->left_out);
    json_decref(all->persons);
}

static nrs_error read_file(nrs_bytes *bytes_out, const nrs_backup *backup, const char *type, const char *id, const char *suffix)
{
    char name[NRS_BACKUP_NAME_SIZE_MAX + 1];
    const nrs_backup_file *file = NULL;

    snprintf(name, sizeof name, "communities/%s%s", id, suffix);
    file = find(backup, name);
    return file == NULL ? NRS_ERROR_NOT_FOUND : nrs_armour_decode(bytes_out, type, nrs_slice_of_bytes(&file->bytes));
}

static nrs_error read_community(nrs_held *held, const nrs_backup *backup, const char *id)
{
    nrs_bytes chain = {0};
    nrs_error error = read_file(&held->first, backup, "ROSTER", id, ".first");

    if (error == NRS_OK) {
        error = read_file(&held->current, backup, "ROSTER", id, ".roster");
    }
    if (error == NRS_OK) {
        error = read_file(&chain, backup, "INVITE", id, ".chain");
        error = error == NRS_OK ? nrs_invite_decode(&held->chain, nrs_slice_of_bytes(&chain)) : error == NRS_ERROR_NOT_FOUND ? NRS_OK : error;
    }
    if (error == NRS_OK) {
        error = nrs_held_verify(held);
    }
    nrs_bytes_wipe(&chain);
    return error;
}

/* communities/ID.first, .roster or .chain; false for any other name. */
static bool community_of(char id_out[NRS_NAME_SIZE_MAX + 1], const char *name)
{
    const char *dot = strrchr(name, '.');

    if (strncmp(name, "communities/", 12) != 0 || dot == NULL || dot - (name + 12) > NRS_NAME_SIZE_MAX) {
        return false;
    }
    snprintf(id_out, NRS_NAME_SIZE_MAX + 1, "%.*s", (int)(dot - (name + 12)), name + 12);
    return true;
}

static nrs_error read_communities(restored *all, const nrs_backup *backup)
{
    nrs_error error = NRS_OK;

    all->left_out = json_array();
    if (all->left_out == NULL) {
        return NRS_ERROR_NO_MEMORY;
    }
    for (size_t i = 0; error == NRS_OK && i < backup->count; i++) {
        const char *name = backup->files[i].name;
        char id[NRS_NAME_SIZE_MAX + 1];
        nrs_error verdict;

        if (!community_of(id, name) || !nrs_text_ends_with(name, ".roster")) {
            continue;
        }
        verdict = all->count == NRS_COMMUNITY_COUNT_MAX ? NRS_ERROR_LIMIT : read_community(&all->list[all->count], backup, id);
        if (verdict == NRS_ERROR_NO_MEMORY) {
            error = verdict;
        } else if (verdict != NRS_OK) {
            if (all->count < NRS_COMMUNITY_COUNT_MAX) {
                nrs_held_wipe(&all->list[all->count]);
                all->list[all->count] = (nrs_held){0};
            }
            error = json_array_append_new(all->left_out, json_string(id)) == 0 ? NRS_OK : NRS_ERROR_NO_MEMORY;
        } else {
            snprintf(all->ids[all->count], sizeof all->ids[0], "%s", id);
            all->count++;
        }
    }
    return error;
}

static bool is_left_out(const restored *all, const char *name)
{
    char id[NRS_NAME_SIZE_MAX + 1];

    for (size_t i = 0; community_of(id, name) && i < all->count; i++) {
        if (strcmp(all->ids[i], id) == 0) {
            return false;
        }
    }
    return community_of(id, name);
}

/* What the node announced before the backup, and no roster had followed: the new store must know it, or the roster that has followed since
 * reads as a removal. */
static nrs_error announce_again(nrs_cli *cli, bool *announced_out, const nrs_backup *backup, const nrs_identity *identity)
{
    char key[NRS_KEY_NAME_SIZE], name[NRS_BACKUP_NAME_SIZE_MAX + 1];
    const nrs_backup_file *file = NULL;

    nrs_key_name(key, nrs_identity_public(identity)->sign_key);
    snprintf(name, sizeof name, "changes/%s.succession", key);
    file = find(backup, name);
    if (file == NULL) {
        return NRS_OK;
    }
    *announced_out = true;
    /* Before the invites: they may name the next keys alone. */
    return nrs_folder_write(cli, "inbox", "!own", ".succession", nrs_slice_of_bytes(&file->bytes));
}

/* The new store knows no community: each goes in as it did when it was joined. */
static nrs_error rejoin(nrs_cli *cli, const restored *all, const nrs_node_settings *settings)
{
    nrs_error error = NRS_OK;

    for (size_t i = 0; error == NRS_OK && i < all->count; i++) {
        nrs_bytes invite = {0};

        error = nrs_invite_make(cli, &invite, &all->list[i], settings);
        if (error == NRS_OK) {
            error = nrs_folder_write_armour(cli, "INVITE", "inbox", all->ids[i], ".invite", nrs_slice_of_bytes(&invite));
        }
        nrs_bytes_wipe(&invite);
    }
    return error;
}

static nrs_error write_files(nrs_cli *cli, const nrs_backup *backup, const restored *all)
{
    nrs_error error = NRS_OK;

    for (size_t i = 0; error == NRS_OK && i < backup->count; i++) {
        if (strcmp(backup->files[i].name, "node.json") != 0 && !is_left_out(all, backup->files[i].name)) {
            error = nrs_folder_write(cli, NULL, backup->files[i].name, "", nrs_slice_of_bytes(&backup->files[i].bytes));
        }
    }
    return error;
}

/* A folder that is a node's, or in which another key stands, which would be gone. */
static nrs_error check_folder(nrs_cli *cli, const nrs_backup *backup)
{
    nrs_bytes key = {0};
    bool taken = nrs_folder_has(cli, NULL, "node", ".json") || nrs_folder_has(cli, NULL, "store", ".db");
    nrs_error error = NRS_OK;

    if (!taken && backup != NULL && nrs_folder_has(cli, NULL, "identity", ".key")) {
        error = nrs_folder_read(cli, &key, NULL, "identity", ".key", NRS_ERROR_NOT_FOUND);
        taken = error == NRS_OK && !nrs_slice_equal(nrs_slice_of_bytes(&key), nrs_slice_of_bytes(&find(backup, "identity.key")->bytes));
    }
    nrs_bytes_wipe(&key);
    return taken ? nrs_cli_fail(cli, NRS_ERROR_EXISTS, _("choose another folder with --dir"), _("the folder is a node's already: %s"), cli->dir) : error;
}

/* Put aside and then in place, all at once; node.json goes last: it makes the folder a node's. A restore that was cut off between is written
 * over by the next. */
static nrs_error write_all(nrs_cli *cli, const nrs_backup *backup, restored *all, const nrs_identity *identity, const nrs_node_settings *settings)
{
    bool made[FOLDER_COUNT] = {false};
    struct stat given;
    const bool there = stat(cli->dir, &given) == 0;
    nrs_error error = make_dirs(cli, made);

    if (error == NRS_OK && !nrs_linux_lock_folder(cli->dir, OTHER_RESTORE_MS)) {
        error = nrs_cli_fail(cli, NRS_ERROR_BUSY, NULL, _("%s: another command is changing keys or rosters here"), cli->dir);
    }
    if (error == NRS_OK) { /* another may have been quicker */
        error = check_folder(cli, backup);
    }
    if (error == NRS_OK) {
        nrs_leftover_destroy(cli); /* of one that was killed */
    }
    nrs_folder_begin(cli);
    if (error == NRS_OK) {
        error = write_files(cli, backup, all);
    }
    if (error == NRS_OK) {
        error = renew_card(cli, &all->persons, identity);
    }
    if (error == NRS_OK) {
        error = announce_again(cli, &all->announced, backup, identity);
    }
    if (error == NRS_OK && all->count > 0) {
        error = nrs_restored_mark(cli, nrs_identity_public(identity)->sign_key);
    }
    if (error == NRS_OK) {
        error = rejoin(cli, all, settings);
    }
    if (error == NRS_OK) {
        error = nrs_folder_write(cli, NULL, "node", ".json", nrs_slice_of_bytes(&find(backup, "node.json")->bytes));
    }
    error = nrs_folder_end(cli, error);
    if (error != NRS_OK) {
        remove_dirs(cli, made);
        if (there) {
            (void)nrs_folder_mode(cli, given.st_mode & 07777); /* somebody's folder, and not a node's */
        }
    }
    return error;
}

static void print_restored(const nrs_cli *cli, const nrs_node_settings *settings, const nrs_backup *backup, const restored *all)
{
    char at[64];

    if (all->announced) {
        fputs(_("This node had announced new keys, and its rosters may have followed since the backup. Change no roster here before it has reached a member; where none "
                "comes, which is sure after four weeks, let a member make an invite (noroshi community invite) and join by it.\n"),
              stderr);
    }
    if (cli->json) {
        json_t *row = NULL;

        nrs_time_format(at, backup->made_ms);
        row = json_pack("{s:s, s:s, s:s, s:I, s:O, s:O}", "org", settings->org, "dir", cli->dir, "made_at", at, "communities", (json_int_t)all->count,
                        "left_out", all->left_out, "persons", all->persons);
        nrs_text_print_json(stdout, row);
        json_decref(row);
        return;
    }
    nrs_text_time(at, backup->made_ms);
    for (size_t i = 0; i < json_array_size(all->left_out); i++) {
        fprintf(stderr, _("The community @%s is left out: its roster in the backup does not verify. Ask its secretariat for an invite.\n"),
                json_string_value(json_array_get(all->left_out, i)));
    }
    printf(_("Restored %s into %s from the backup of %s.\n"), settings->org, cli->dir, at);
    puts(_("Start the node: it asks for the reports that are still alive. Never run the old folder again."));
    if (all->count > 0 && !all->announced) {
        puts(_("Change no roster here before the node has reached a member: it may have been changed since the backup."));
    }
    if (json_array_size(all->persons) > 0) {
        char *names = nrs_text_joined(all->persons);

        printf(_("On no card until they unlock (noroshi person unlock): %s. Who left since the backup: noroshi person remove. Who has had another key since: noroshi person remove, then person add.\n"),
               names == NULL ? "?" : names);
        free(names);
    }
}

nrs_error nrs_run_restore(nrs_cli *cli)
{
    nrs_node_settings settings;
    nrs_backup backup = {0};
    nrs_identity *identity = NULL;
    restored *all = calloc(1, sizeof *all);
    nrs_error error = all == NULL ? NRS_ERROR_NO_MEMORY : nrs_keyring_start(cli);

    if (error == NRS_OK) {
        error = check_folder(cli, NULL);
    }
    if (error == NRS_OK) {
        error = read_backup(cli, &backup, cli->arguments[0]);
    }
    if (error == NRS_OK) {
        error = check_folder(cli, &backup);
    }
    if (error == NRS_OK) {
        error = load_identity(cli, &identity, &backup);
    }
    if (error == NRS_OK) {
        error = read_communities(all, &backup);
    }
    if (error == NRS_OK) {
        error = nrs_folder_settings_of(cli, &settings, nrs_slice_of_bytes(&find(&backup, "node.json")->bytes));
    }
    if (error == NRS_OK) {
        error = write_all(cli, &backup, all, identity, &settings);
    }
    if (error == NRS_OK) {
        print_restored(cli, &settings, &backup, all);
    }
    if (cli->error == NRS_ERROR_DISK) { /* where a part is done it has been said */
        nrs_cli_advise(cli, _("nothing of it is left: when the disk is in order, give the same command again"));
    }
    nrs_identity_destroy(&identity);
    nrs_backup_wipe(&backup);
    if (all != NULL) {
        restored_wipe(all);
        free(all);
    }
    return error;
}
