/* noroshi key passphrase, prekeys: what a person does with the node's keys as they are. */
#include <dirent.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "control.h"
#include "key/keyring.h"
#include "language.h"
#include "proto/address.h"
#include "run.h"
#include "text.h"

/* ---- passphrase ---- */

/* One key file that gets another passphrase. */
typedef struct relock {
    nrs_slice before, after;
    size_t changed;
} relock;

/* The file is written beside and renamed: at every instant one of the two passphrases opens the one that is there. A key that
 * the new passphrase opens already was changed by a run that was cut off. */
static nrs_error relock_file(nrs_cli *cli, relock *with, const char *sub, const char *name, nrs_error missing)
{
    nrs_bytes file = {0};
    nrs_identity *identity = NULL;
    nrs_error error = nrs_folder_read_armour(cli, &file, "KEY", sub, name, ".key", missing);

    if (error != NRS_OK) {
        return error;
    }
    error = nrs_identity_load(&identity, nrs_slice_of_bytes(&file), with->before);
    if (error == NRS_ERROR_PASSPHRASE && nrs_identity_load(&identity, nrs_slice_of_bytes(&file), with->after) == NRS_OK) {
        error = NRS_OK;
    } else if (error == NRS_OK) {
        error = nrs_keyring_save(cli, identity, with->after, sub, name);
        with->changed += error == NRS_OK ? 1 : 0;
    } else {
        error = nrs_cli_fail(cli, error, NULL, "%s.key: %s", name, _(nrs_error_sentence(error)));
    }
    nrs_identity_destroy(&identity);
    nrs_bytes_wipe(&file);
    return error;
}

/* Roster keys follow the node's choice. One under a passphrase of its own is left alone, with a word. */
static nrs_error relock_rosters(nrs_cli *cli, relock *with)
{
    char *path = nrs_folder_path(cli, NULL, "rosters", "");
    DIR *folder = path == NULL ? NULL : opendir(path);
    const struct dirent *entry = NULL;
    nrs_error error = path == NULL ? NRS_ERROR_NO_MEMORY : NRS_OK;

    while (error == NRS_OK && folder != NULL && (entry = readdir(folder)) != NULL) {
        char name[NRS_NAME_SIZE_MAX + 1];
        size_t size = strlen(entry->d_name);
        nrs_identity *identity = NULL;
        nrs_bytes file = {0};

        if (size <= 4 || size - 4 > NRS_NAME_SIZE_MAX || strcmp(entry->d_name + size - 4, ".key") != 0) {
            continue;
        }
        snprintf(name, sizeof name, "%.*s", (int)(size - 4), entry->d_name);
        error = nrs_folder_read_armour(cli, &file, "KEY", "rosters", name, ".key", NRS_ERROR_UNKNOWN_COMMUNITY);
        if (error == NRS_OK && nrs_identity_load(&identity, nrs_slice_of_bytes(&file), with->before) != NRS_OK &&
            nrs_identity_load(&identity, nrs_slice_of_bytes(&file), with->after) != NRS_OK) {
            nrs_cli_note(cli, _("the roster key of @%s is under another passphrase and keeps it"), name);
        } else if (error == NRS_OK) {
            error = relock_file(cli, with, "rosters", name, NRS_ERROR_UNKNOWN_COMMUNITY);
        }
        nrs_identity_destroy(&identity);
        nrs_bytes_wipe(&file);
    }
    if (folder != NULL) {
        (void)closedir(folder);
    }
    free(path);
    return error;
}

/* node.json says whether the node's key has a passphrase. */
static nrs_error note_in_settings(nrs_cli *cli, bool locked)
{
    nrs_bytes text = {0};
    json_t *node = NULL;
    char *changed = NULL;
    nrs_error error = nrs_folder_read(cli, &text, NULL, "node", ".json", NRS_ERROR_NOT_A_NODE);

    if (error == NRS_OK) {
        node = json_loadb((const char *)text.data, text.size, JSON_REJECT_DUPLICATES, NULL);
        error = node == NULL || json_object_set_new(node, "passphrase", json_boolean(locked)) != 0 ? NRS_ERROR_DAMAGED : NRS_OK;
    }
    if (error == NRS_OK) {
        changed = json_dumps(node, JSON_INDENT(2));
        error = changed == NULL ? NRS_ERROR_NO_MEMORY : nrs_folder_write(cli, NULL, "node", ".json", nrs_slice_of_string(changed));
    }
    nrs_json_free(changed);
    json_decref(node);
    nrs_bytes_wipe(&text);
    return error;
}

static nrs_error relock_node(nrs_cli *cli, relock *with)
{
    nrs_error error = NRS_OK;

    nrs_folder_begin(cli);
    error = relock_rosters(cli, with);
    if (error == NRS_OK && nrs_folder_has(cli, NULL, "identity.next", ".key")) {
        error = relock_file(cli, with, NULL, "identity.next", NRS_ERROR_NOT_A_NODE);
    }
    if (error == NRS_OK) {
        error = note_in_settings(cli, with->after.size > 0);
    }
    if (error == NRS_OK) { /* the node's own goes last: while it opens with the old one, the change is not done */
        error = relock_file(cli, with, NULL, "identity", NRS_ERROR_NOT_A_NODE);
    }
    return nrs_folder_end(cli, error);
}

/* Whoever changed a passphrase and failed must know which one opens the key. */
static void say_which_holds(nrs_cli *cli)
{
    if (cli->error == NRS_ERROR_DISK) {
        nrs_cli_advise(cli, _("nothing was changed: the passphrase until now holds"));
    }
}

static void print_relocked(const nrs_cli *cli, const char *sub, const char *name, const relock *with)
{
    if (cli->json) {
        json_t *row = json_pack("{s:s, s:b, s:I}", "key", sub == NULL ? "node" : name, "passphrase", with->after.size > 0 ? 1 : 0,
                                "changed", (json_int_t)with->changed);

        nrs_text_print_json(stdout, row);
        json_decref(row);
    } else if (with->after.size > 0) {
        printf(_("Changed the passphrase of %zu keys.\n"), with->changed);
    } else {
        printf(_("%zu keys are without a passphrase now: whoever has the disk has them.\n"), with->changed);
    }
}

nrs_error nrs_run_key_passphrase(nrs_cli *cli)
{
    const char *person = nrs_cli_option(cli, "person");
    const char *roster = nrs_cli_option(cli, "roster");
    const char *sub = person != NULL ? "persons" : roster != NULL ? "rosters" : NULL;
    const char *name = person != NULL ? person : roster != NULL ? roster : "identity";
    nrs_error missing = person != NULL ? NRS_ERROR_UNKNOWN_PERSON : roster != NULL ? NRS_ERROR_UNKNOWN_COMMUNITY : NRS_ERROR_NOT_A_NODE;
    nrs_node_settings settings;
    nrs_bytes before = {0};
    nrs_bytes after = {0};
    nrs_identity *identity = NULL;
    relock with = {0};
    nrs_error error = NRS_OK;

    if (person != NULL && roster != NULL) {
        return nrs_cli_fail(cli, NRS_ERROR_USAGE, NULL, "%s", _("give --person or --roster, not both"));
    }
    if (sub != NULL && !nrs_name_valid(name)) {
        return nrs_cli_fail_about(cli, NRS_ERROR_BAD_NAME, name);
    }
    error = nrs_folder_settings(cli, &settings);
    if (error == NRS_OK) {
        error = nrs_keyring_start(cli);
    }
    if (error == NRS_OK) {
        error = nrs_keyring_load(cli, &identity, &before, sub, name, missing);
    }
    if (error == NRS_OK) {
        error = nrs_passphrase_new_named(cli, &after, "new-passphrase-file");
    }
    if (error == NRS_OK) {
        with.before = nrs_slice_of_bytes(&before);
        with.after = nrs_slice_of_bytes(&after);
        error = sub == NULL ? relock_node(cli, &with) : relock_file(cli, &with, sub, name, missing);
        if (error != NRS_OK) {
            say_which_holds(cli);
        }
    }
    if (error == NRS_OK) {
        print_relocked(cli, sub, name, &with);
    }
    nrs_identity_destroy(&identity);
    nrs_bytes_wipe(&before);
    nrs_bytes_wipe(&after);
    return error;
}

/* ---- prekeys ---- */

static nrs_error add_prekey(void *context, json_t *row)
{
    nrs_table *table = context;
    char from[64];
    char until[64];
    char destroyed[64];

    nrs_text_time_of(from, nrs_json_text(row, "from_at"));
    nrs_text_time_of(until, nrs_json_text(row, "until"));
    nrs_text_time_of(destroyed, nrs_json_text(row, "destroyed_after"));
    nrs_table_add(table, nrs_json_text(row, "id"));
    nrs_table_add(table, from);
    nrs_table_add(table, until);
    nrs_table_add(table, destroyed);
    nrs_table_add(table, json_is_true(json_object_get(row, "published")) ? _("published") : _("replaced"));
    return table->error;
}

static nrs_error list_prekeys(nrs_cli *cli)
{
    nrs_table table = {.column_count = 5};

    if (!cli->json) {
        nrs_table_add(&table, _("prekey"));
        nrs_table_add(&table, _("from"));
        nrs_table_add(&table, _("until"));
        nrs_table_add(&table, _("destroyed after"));
        nrs_table_add(&table, "");
    }
    return nrs_control_table(cli, nrs_control_request("prekeys"), &table, add_prekey);
}

nrs_error nrs_run_key_prekeys(nrs_cli *cli)
{
    bool rotate = nrs_cli_option(cli, "rotate") != NULL;
    bool destroy = nrs_cli_option(cli, "destroy") != NULL;
    json_t *request = NULL;
    json_t *row = NULL;
    nrs_error error = NRS_OK;

    if (!rotate) {
        return destroy ? nrs_cli_fail(cli, NRS_ERROR_USAGE, NULL, "%s", _("--destroy goes with --rotate")) : list_prekeys(cli);
    }
    request = nrs_control_request("prekeys-rotate");
    if (request != NULL && destroy) {
        (void)json_object_set_new(request, "destroy", json_true());
    }
    error = nrs_control_row(cli, &row, request);
    if (error == NRS_OK && cli->json) {
        nrs_text_print_json(stdout, row);
    } else if (error == NRS_OK) {
        puts(_("Published new prekeys."));
        if (destroy) {
            printf(_("Destroyed %lld old ones. What is on its way to them is asked for again.\n"),
                   (long long)json_integer_value(json_object_get(row, "destroyed")));
        }
    }
    json_decref(row);
    json_decref(request);
    return error;
}
