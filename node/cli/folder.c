#include "folder.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "language.h"
#include "proto/address.h"
#include "proto/armour.h"
#include "proto/assert.h"
#include "text.h"

enum { NODE_FORMAT = 1, SETTINGS_SIZE_MAX = 65536, ASIDE_COUNT_MAX = 65536 };

char *nrs_folder_path(const nrs_cli *cli, const char *sub, const char *name, const char *suffix)
{
    NRS_ASSERT(cli != NULL && cli->dir != NULL);
    NRS_ASSERT(name != NULL && suffix != NULL);
    return nrs_text_format("%s/%s%s%s%s", cli->dir, sub == NULL ? "" : sub, sub == NULL ? "" : "/", name, suffix);
}

struct nrs_aside_file {
    char *beside, *path;
};

/* Where what stands under this path, or is put aside for it, is now. */
static const char *at_hand(const nrs_cli *cli, const char *path)
{
    for (size_t i = cli->aside.count; i > 0; i--) {
        if (strcmp(cli->aside.list[i - 1].path, path) == 0) {
            return cli->aside.list[i - 1].beside;
        }
    }
    return path;
}

bool nrs_folder_has(const nrs_cli *cli, const char *sub, const char *name, const char *suffix)
{
    char *path = nrs_folder_path(cli, sub, name, suffix);
    bool found = path != NULL && access(at_hand(cli, path), F_OK) == 0;

    free(path);
    return found;
}

bool nrs_folder_is_closed(const nrs_cli *cli)
{
    char *path = nrs_folder_path(cli, NULL, "node", ".json");
    bool closed = path != NULL && access(path, R_OK) != 0 && errno == EACCES;

    free(path);
    return closed;
}

nrs_error nrs_folder_read(nrs_cli *cli, nrs_bytes *bytes_out, const char *sub, const char *name, const char *suffix,
                          nrs_error missing)
{
    char *path = nrs_folder_path(cli, sub, name, suffix);
    nrs_error error = path == NULL ? NRS_ERROR_NO_MEMORY : nrs_file_read(bytes_out, at_hand(cli, path), NRS_CEREMONY_FILE_SIZE_MAX);

    if (error == NRS_ERROR_NOT_FOUND) {
        error = nrs_cli_fail_about(cli, missing, missing == NRS_ERROR_NOT_A_NODE ? cli->dir : name);
    } else if (error == NRS_ERROR_DISK) {
        error = nrs_cli_fail(cli, NRS_ERROR_DISK,
                             errno == EACCES ? _("the folder belongs to another user: give the command as that user") : NULL, "%s: %s", path,
                             strerror(errno));
    } else if (error != NRS_OK && path != NULL) {
        error = nrs_cli_fail_about(cli, error, path);
    }
    free(path);
    return error;
}

nrs_error nrs_folder_read_armour(nrs_cli *cli, nrs_bytes *bytes_out, const char *type, const char *sub, const char *name,
                                 const char *suffix, nrs_error missing)
{
    nrs_bytes text = {0};
    nrs_error error = nrs_folder_read(cli, &text, sub, name, suffix, missing);

    if (error == NRS_OK) {
        error = nrs_armour_decode(bytes_out, type, nrs_slice_of_bytes(&text));
        error = error == NRS_ERROR_MALFORMED ? NRS_ERROR_DAMAGED : error; /* it was whole when it was written */
        if (error != NRS_OK) {
            error = nrs_cli_fail(cli, error, NULL, "%s%s: %s", name, suffix, _(nrs_error_sentence(error)));
        }
    }
    nrs_bytes_wipe(&text);
    return error;
}

/* ---- Several files at once ---- */

void nrs_folder_begin(nrs_cli *cli)
{
    NRS_ASSERT(cli != NULL);
    NRS_ASSERT(!cli->aside.open && cli->aside.count == 0);
    cli->aside.open = true;
}

static nrs_error put_aside(nrs_cli *cli, const char *path, nrs_slice bytes, const nrs_owner *owner)
{
    nrs_aside *aside = &cli->aside;
    struct nrs_aside_file *list = aside->count < ASIDE_COUNT_MAX ? realloc(aside->list, (aside->count + 1) * sizeof *list) : NULL;
    struct nrs_aside_file file = {.path = strdup(path)};
    nrs_error error = list == NULL || file.path == NULL ? NRS_ERROR_NO_MEMORY : NRS_OK;

    aside->list = list != NULL ? list : aside->list;
    if (error == NRS_OK) {
        error = nrs_file_write_beside(&file.beside, path, bytes, owner);
    }
    if (error == NRS_OK) {
        aside->list[aside->count++] = file;
        file = (struct nrs_aside_file){0};
    }
    free(file.path);
    return error;
}

static nrs_error not_written(nrs_cli *cli, const char *path, const char *hint)
{
    if (nrs_file_fault_of_disk(errno)) {
        return nrs_cli_fail(cli, NRS_ERROR_DISK, hint, "%s: %s (%s)", path, _(nrs_error_sentence(NRS_ERROR_DISK)), strerror(errno));
    }
    return nrs_cli_fail(cli, NRS_ERROR_DISK, hint, _("the file cannot be written: %s: %s"), path, strerror(errno));
}

static nrs_error written(nrs_cli *cli, nrs_error error, const char *path)
{
    return error == NRS_ERROR_DISK ? not_written(cli, path, NULL) : error;
}

nrs_error nrs_folder_end(nrs_cli *cli, nrs_error error)
{
    nrs_aside *aside = &cli->aside;
    nrs_owner owner;

    NRS_ASSERT(aside->open);
    (void)nrs_owner_of(&owner, cli);
    for (size_t i = 0; i < aside->count; i++) {
        struct nrs_aside_file *file = &aside->list[i];

        if (error == NRS_OK) {
            error = nrs_file_put(file->beside, file->path, &owner);
            if (error == NRS_ERROR_DISK) {
                error = not_written(cli, file->path, i == 0 ? NULL : _("a part is done: when the disk is in order, give the same command again"));
            }
        } else {
            nrs_file_remove(file->beside, &owner);
        }
        free(file->beside);
        free(file->path);
    }
    free(aside->list);
    *aside = (nrs_aside){0};
    return error;
}

nrs_error nrs_folder_write(nrs_cli *cli, const char *sub, const char *name, const char *suffix, nrs_slice bytes)
{
    char *path = nrs_folder_path(cli, sub, name, suffix);
    nrs_owner owner;
    nrs_error error = NRS_ERROR_NO_MEMORY;

    (void)nrs_owner_of(&owner, cli);
    owner.inbox = sub != NULL && strcmp(sub, "inbox") == 0;
    if (path != NULL) {
        error = cli->aside.open ? put_aside(cli, path, bytes, &owner) : nrs_file_write(path, bytes, &owner);
    }
    error = path == NULL ? error : written(cli, error, path);
    free(path);
    return error;
}

nrs_error nrs_folder_write_armour(nrs_cli *cli, const char *type, const char *sub, const char *name, const char *suffix,
                                  nrs_slice bytes)
{
    char *text = NULL;
    nrs_error error = nrs_armour_encode(&text, type, bytes);

    if (error == NRS_OK) {
        nrs_bytes owned = {(uint8_t *)text, strlen(text), strlen(text)};

        error = nrs_folder_write(cli, sub, name, suffix, nrs_slice_of_bytes(&owned));
        nrs_bytes_wipe(&owned); /* it may hold a key */
    }
    return error;
}

void nrs_folder_remove(nrs_cli *cli, const char *sub, const char *name, const char *suffix)
{
    char *path = nrs_folder_path(cli, sub, name, suffix);

    nrs_owner owner;

    (void)nrs_owner_of(&owner, cli);
    if (path != NULL) {
        nrs_file_remove(path, &owner);
    }
    free(path);
}

static nrs_error settings_of(nrs_node_settings *settings_out, const json_t *node)
{
    const json_int_t format = json_integer_value(json_object_get(node, "format"));
    const char *org = nrs_json_text(node, "org");
    const char *name = nrs_json_text(node, "name");
    const json_t *passphrase = json_object_get(node, "passphrase");
    nrs_node_settings settings = {0};

    if (format > NODE_FORMAT) {
        return NRS_ERROR_NEWER_NODE;
    }
    if (format != NODE_FORMAT || org == NULL || !nrs_name_valid(org) || name == NULL ||
        strlen(name) > NRS_DISPLAY_NAME_SIZE_MAX || !json_is_boolean(passphrase)) {
        return NRS_ERROR_DAMAGED;
    }
    snprintf(settings.org, sizeof settings.org, "%s", org);
    snprintf(settings.name, sizeof settings.name, "%s", name);
    settings.passphrase = json_is_true(passphrase);
    *settings_out = settings;
    return NRS_OK;
}

nrs_error nrs_folder_settings(nrs_cli *cli, nrs_node_settings *settings_out)
{
    nrs_bytes text = {0};
    nrs_error error = nrs_folder_read(cli, &text, NULL, "node", ".json", NRS_ERROR_NOT_A_NODE);

    if (error == NRS_OK) {
        error = nrs_folder_settings_of(cli, settings_out, nrs_slice_of_bytes(&text));
    }
    nrs_bytes_wipe(&text);
    return error;
}

nrs_error nrs_folder_settings_of(nrs_cli *cli, nrs_node_settings *settings_out, nrs_slice text)
{
    json_t *node = text.size <= SETTINGS_SIZE_MAX ? json_loadb((const char *)text.data, text.size, JSON_REJECT_DUPLICATES, NULL) : NULL;
    nrs_error error = node == NULL ? NRS_ERROR_DAMAGED : settings_of(settings_out, node);

    NRS_ASSERT(cli != NULL && settings_out != NULL);
    if (error != NRS_OK) {
        error = nrs_cli_fail(cli, error, NULL, "%s/node.json: %s", cli->dir, _(nrs_error_sentence(error)));
    }
    json_decref(node);
    return error;
}
