/* noroshi init: a node's folder, whole or not at all. */
#include <dirent.h>
#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "report/given.h"
#include "key/endpoint.h"
#include "key/keyring.h"
#include "language.h"
#include "linux.h"
#include "proto/address.h"
#include "proto/assert.h"
#include "run.h"
#include "text.h"

enum { OTHER_INIT_MS = 30000, CLAIMS_MAX = 8 };

static const char *const folders[] = {"persons", "rosters", "communities", "cards", "changes", "former", "inbox"};

typedef struct plan {
    const char *org, *name, *listen, *advertise;
    bool made_dir;
    bool resumed; /* an init that was cut off has left its key, which is taken */
} plan;

static nrs_error read_plan(nrs_cli *cli, plan *plan_out)
{
    plan wanted = {nrs_cli_option(cli, "org"), nrs_cli_option(cli, "name"), nrs_cli_option(cli, "listen"),
                   nrs_cli_option(cli, "advertise"), false, false};
    nrs_error error = NRS_OK;

    if (wanted.org == NULL || wanted.name == NULL) {
        return nrs_cli_fail(cli, NRS_ERROR_USAGE, NULL, "%s", _("init needs --org and --name"));
    }
    if (!nrs_name_valid(wanted.org)) {
        return nrs_cli_fail_about(cli, NRS_ERROR_BAD_NAME, wanted.org);
    }
    error = nrs_given_name(cli, wanted.name);
    if (error == NRS_OK) {
        error = nrs_listen_check(cli, wanted.listen);
    }
    if (error == NRS_OK) {
        error = nrs_endpoint_check(cli, wanted.advertise);
    }
    if (error == NRS_OK) {
        *plan_out = wanted;
    }
    return error;
}

/* A folder that is there already is closed to others when it is empty. One that holds other things is somebody's, and its
 * mode is left alone: every file and folder of ours in it is closed by itself. */
static bool is_usable_folder(const nrs_cli *cli)
{
    DIR *folder = opendir(cli->dir);
    const struct dirent *entry = NULL;
    bool empty = true;

    if (folder == NULL) {
        return false;
    }
    while (empty && (entry = readdir(folder)) != NULL) {
        empty = strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0;
    }
    (void)closedir(folder);
    return !empty || nrs_folder_mode(cli, 0700);
}

/* mkdir -p, for the folder above only as open as the user's umask says, for ours closed. */
static nrs_error make_dir(nrs_cli *cli, bool *made_out)
{
    char *path = strdup(cli->dir);
    bool failed = path == NULL;

    for (char *at = path; !failed && (at = strchr(at + 1, '/')) != NULL;) {
        *at = '\0';
        failed = mkdir(path, 0777) != 0 && errno != EEXIST;
        *at = '/';
    }
    free(path);
    if (!failed) {
        *made_out = mkdir(cli->dir, 0700) == 0;
        failed = !*made_out && (errno != EEXIST || !is_usable_folder(cli));
    }
    return failed ? nrs_cli_fail(cli, NRS_ERROR_DISK, NULL, _("the folder cannot be made: %s: %s"), cli->dir, strerror(errno))
                  : NRS_OK;
}

static nrs_error make_folders(nrs_cli *cli)
{
    for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++) {
        if (!nrs_folder_make(cli, folders[i]) && errno != EEXIST) {
            const int reason = errno;
            char *path = nrs_folder_path(cli, NULL, folders[i], "");
            nrs_error error = nrs_cli_fail(cli, NRS_ERROR_DISK, NULL, _("the folder cannot be made: %s: %s"), path == NULL ? folders[i] : path,
                                           strerror(reason));

            free(path);
            return error;
        }
    }
    return NRS_OK;
}

/* What a failed init leaves: nothing that it made; a key that was there before it stays. rmdir leaves alone what holds other files. */
static void undo(nrs_cli *cli, const plan *made)
{
    nrs_folder_remove(cli, NULL, "node", ".json");
    if (!made->resumed) {
        nrs_folder_remove(cli, NULL, "identity", ".key");
        nrs_folder_remove(cli, NULL, "own", ".card");
    }
    for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++) {
        (void)nrs_folder_unmake(cli, folders[i]);
    }
    if (made->made_dir) {
        (void)rmdir(cli->dir);
    }
}

static nrs_error make_card(nrs_cli *cli, const plan *wanted, const nrs_identity *identity)
{
    nrs_card card;
    nrs_bytes bytes = {0};
    const char *endpoint = wanted->advertise != NULL ? wanted->advertise : wanted->listen;
    char endpoint_text[NRS_ENDPOINT_SIZE_MAX + 1] = "";
    char org[NRS_NAME_SIZE_MAX + 1] = "";
    char name[NRS_DISPLAY_NAME_SIZE_MAX + 1] = "";
    char *endpoints[1] = {endpoint_text};
    nrs_error error = NRS_OK;

    snprintf(org, sizeof org, "%s", wanted->org);
    snprintf(name, sizeof name, "%s", wanted->name);
    nrs__wire__card__init(&card);
    card.org = org;
    card.name = name;
    card.serial = 1;
    card.created_ms = nrs_now_ms();
    if (endpoint != NULL && !nrs_endpoint_is_wildcard(endpoint)) {
        snprintf(endpoint_text, sizeof endpoint_text, "%s", endpoint);
        card.endpoints = endpoints;
        card.n_endpoints = 1;
    } else if (endpoint != NULL) {
        nrs_cli_note(cli, "%s", _("the card names no address to dial: give --advertise"));
    }
    error = nrs_card_sign(&bytes, &card, identity);
    if (error == NRS_OK) {
        error = nrs_folder_write_armour(cli, "CARD", NULL, "own", ".card", nrs_slice_of_bytes(&bytes));
    }
    nrs_bytes_wipe(&bytes);
    return error;
}

/* node.json goes last: it makes the folder a node's. */
static nrs_error write_settings(nrs_cli *cli, const plan *wanted, bool passphrase)
{
    json_t *node = json_pack("{s:i, s:s, s:s, s:s?, s:s?, s:b}", "format", 1, "org", wanted->org, "name", wanted->name,
                             "listen", wanted->listen, "advertise", wanted->advertise, "passphrase", passphrase ? 1 : 0);
    char *text = node == NULL ? NULL : json_dumps(node, JSON_INDENT(2));
    nrs_error error = text == NULL ? NRS_ERROR_NO_MEMORY
                                   : nrs_folder_write(cli, NULL, "node", ".json", nrs_slice_of_string(text));

    nrs_json_free(text);
    json_decref(node);
    return error;
}

static void print_made(const nrs_cli *cli, const plan *made, const nrs_public_keys *keys)
{
    char fingerprint[48];
    char curve[41];

    nrs_fingerprint(fingerprint, keys->sign_key);
    nrs_z85_encode_key(curve, keys->curve_key);
    if (cli->json) {
        json_t *row = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s?}", "org", made->org, "name", made->name, "fingerprint",
                                fingerprint, "curve", curve, "dir", cli->dir, "listen", made->listen);

        nrs_text_print_json(stdout, row);
        json_decref(row);
        return;
    }
    printf(_("Made the node %s in %s\n"), made->org, cli->dir);
    printf(_("Fingerprint: %s\n"), fingerprint);
}

static nrs_error fill_folder(nrs_cli *cli, const plan *wanted, const nrs_identity *identity, nrs_slice passphrase)
{
    nrs_error error = make_folders(cli);

    if (error != NRS_OK) {
        return error;
    }
    nrs_folder_begin(cli);
    if (!wanted->resumed) {
        error = nrs_keyring_save(cli, identity, passphrase, NULL, "identity");
    }
    if (error == NRS_OK) {
        error = make_card(cli, wanted, identity);
    }
    if (error == NRS_OK) {
        error = write_settings(cli, wanted, passphrase.size > 0);
    }
    return nrs_folder_end(cli, error);
}

/* Whether one of our folders holds a file: then the node has been used. */
static bool holds_files(const nrs_cli *cli, const char *name)
{
    char *path = nrs_folder_path(cli, NULL, name, "");
    DIR *folder = path == NULL ? NULL : opendir(path);
    const struct dirent *entry = NULL;
    bool found = false;

    while (folder != NULL && !found && (entry = readdir(folder)) != NULL) {
        found = entry->d_name[0] != '.';
    }
    if (folder != NULL) {
        (void)closedir(folder);
    }
    free(path);
    return found;
}

/* A key without node.json: an init that was cut off, or is under way, if nothing else is there. A node that has lost its settings is another matter, and its
 * key may be in use. */
static nrs_error check_unused(nrs_cli *cli, bool *resumed_out)
{
    bool used = nrs_folder_has(cli, NULL, "store", ".db") || nrs_folder_has(cli, NULL, "vault", "");

    if (nrs_folder_has(cli, NULL, "node", ".json")) {
        return nrs_cli_fail(cli, NRS_ERROR_EXISTS, _("choose another folder with --dir"), _("the folder is a node's already: %s"), cli->dir);
    }
    *resumed_out = false;
    if (!nrs_folder_has(cli, NULL, "identity", ".key")) {
        return NRS_OK;
    }
    for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++) {
        used = used || holds_files(cli, folders[i]);
    }
    if (used) {
        return nrs_cli_fail(cli, NRS_ERROR_EXISTS, _("put its node.json back, or choose another folder with --dir"),
                            _("the folder is that of a node which has lost its node.json: %s"), cli->dir);
    }
    *resumed_out = true;
    return NRS_OK;
}

/* The key is never thrown away: it opens with the passphrase given then, or the folder is left as it is. */
static nrs_error resume(nrs_cli *cli, nrs_identity **identity_out, nrs_slice passphrase)
{
    nrs_error error = nrs_keyring_load_with(cli, identity_out, passphrase, NULL, "identity", NRS_ERROR_DAMAGED);

    if (error != NRS_OK) {
        nrs_cli_advise(cli, _("an earlier init was cut off here: give the passphrase given then, or choose another folder with --dir"));
    }
    return error;
}

/* The folder is made and locked; then it is looked at again: another init may have been quicker. Where that one failed, and took its folder away
 * again, it is made anew. */
static nrs_error claim(nrs_cli *cli, plan *wanted)
{
    nrs_error error = NRS_OK;
    bool there = false;

    for (size_t i = 0; i < CLAIMS_MAX && error == NRS_OK && !there; i++) {
        error = make_dir(cli, &wanted->made_dir);
        if (error == NRS_OK && !nrs_linux_lock_folder(cli->dir, OTHER_INIT_MS)) {
            error = nrs_cli_fail(cli, NRS_ERROR_BUSY, NULL, _("%s: another command is changing keys or rosters here"), cli->dir);
        }
        there = error == NRS_OK && access(cli->dir, F_OK) == 0;
    }
    return error == NRS_OK ? check_unused(cli, &wanted->resumed) : error;
}

nrs_error nrs_run_init(nrs_cli *cli)
{
    plan wanted = {0};
    nrs_bytes passphrase = {0};
    nrs_identity *identity = NULL;
    nrs_error error = read_plan(cli, &wanted);

    if (error != NRS_OK) {
        return error;
    }
    error = check_unused(cli, &wanted.resumed);
    if (error != NRS_OK) {
        return error;
    }
    error = nrs_keyring_start(cli);
    if (error == NRS_OK) {
        error = nrs_passphrase_new_alone(cli, &passphrase);
    }
    if (error != NRS_OK) {
        goto out;
    }
    error = claim(cli, &wanted);
    if (error == NRS_OK) {
        error = wanted.resumed ? resume(cli, &identity, nrs_slice_of_bytes(&passphrase)) : nrs_identity_new(&identity);
    }
    if (error != NRS_OK) {
        if (wanted.made_dir) { /* while it is empty */
            (void)rmdir(cli->dir);
        }
        goto out;
    }
    error = fill_folder(cli, &wanted, identity, nrs_slice_of_bytes(&passphrase));
    if (error != NRS_OK) {
        undo(cli, &wanted);
        goto out;
    }
    print_made(cli, &wanted, nrs_identity_public(identity));
out:
    nrs_identity_destroy(&identity);
    nrs_bytes_wipe(&passphrase);
    return error;
}
