#include "folder.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sodium.h>

#include "files.h"
#include "keys/vault.h"
#include "linux.h"
#include "log.h"
#include "passphrase.h"
#include "proto/address.h"
#include "proto/armour.h"
#include "proto/assert.h"
#include "switch.h"

#define SETTINGS_SIZE_MAX (64u * 1024u)
#define RECONNECT_MS_MAX_DEFAULT 60000u
#define RECONNECT_MS_MAX_MIN 200u
#define UNKNOWN_NAMED_MAX 8u

char *nrs_folder_join(const nrs_folder *folder, const char *name)
{
    size_t size = strlen(folder->path) + strlen(name) + 2;
    char *path = malloc(size);

    if (path != NULL) {
        (void)snprintf(path, size, "%s/%s", folder->path, name);
    }
    return path;
}

static const char *const folder_names[] = {"inbox", "inbox/refused", "communities", "cards", "changes", "former"};

static nrs_error make_folders(const nrs_folder *folder)
{
    for (size_t i = 0; i < sizeof(folder_names) / sizeof(folder_names[0]); i++) {
        if (mkdirat(folder->fd, folder_names[i], 0700) != 0 && errno != EEXIST) {
            return NRS_ERROR_DISK;
        }
    }
    return NRS_OK;
}

/* Each would fail later by an error that does not name it. What is not there is made, or missed where it is looked for. */
static nrs_error check_kinds(nrs_folder *folder)
{
    struct stat status;

    for (size_t i = 0; i < sizeof(folder_names) / sizeof(folder_names[0]) && folder->about == NULL; i++) {
        if (fstatat(folder->fd, folder_names[i], &status, 0) == 0 && !S_ISDIR(status.st_mode)) { /* a link to a folder is one */
            folder->about = folder_names[i];
        }
    }
    if (fstatat(folder->fd, "vault", &status, AT_SYMLINK_NOFOLLOW) == 0 && !S_ISREG(status.st_mode)) {
        folder->about = "vault";
    } else if (fstatat(folder->fd, "audit-end", &status, AT_SYMLINK_NOFOLLOW) == 0 && !S_ISREG(status.st_mode)) {
        folder->about = "audit-end";
    } else if (fstatat(folder->fd, "store.db", &status, 0) == 0 && !S_ISREG(status.st_mode)) {
        folder->about = "store.db";
    } else if (fstatat(folder->fd, "control.sock", &status, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(status.st_mode)) {
        folder->about = "control.sock"; /* anything else is of a run before, and is removed */
    }
    folder->trouble = folder->about == NULL ? NRS_TROUBLE_NONE : NRS_TROUBLE_KIND;
    return folder->about == NULL ? NRS_OK : NRS_ERROR_DAMAGED;
}

/* A number of the settings within its bounds, or the default. Returns NRS_ERROR_MALFORMED. */
static nrs_error setting(uint32_t *value_out, const json_t *settings, const char *name, uint32_t min, uint32_t max)
{
    const json_t *value = json_object_get(settings, name);

    if (value == NULL) {
        return NRS_OK;
    }
    if (!json_is_integer(value) || json_integer_value(value) < min || json_integer_value(value) > max) {
        return NRS_ERROR_MALFORMED;
    }
    *value_out = (uint32_t)json_integer_value(value);
    return NRS_OK;
}

static nrs_error take_settings(nrs_folder *folder, const json_t *settings)
{
    const char *org = json_string_value(json_object_get(settings, "org"));
    const char *name = json_string_value(json_object_get(settings, "name"));
    const json_t *address = json_object_get(settings, "listen");
    const json_t *format = json_object_get(settings, "format");
    nrs_error error = NRS_OK;

    if (!json_is_integer(format) || json_integer_value(format) < 1) {
        return NRS_ERROR_NOT_A_NODE;
    }
    if (json_integer_value(format) > NRS_FOLDER_FORMAT) {
        return NRS_ERROR_NEWER_NODE;
    }
    if (org == NULL || !nrs_name_valid(org) || name == NULL ||
        (address != NULL && !json_is_null(address) && !json_is_string(address))) {
        return NRS_ERROR_MALFORMED;
    }
    if (json_is_string(address) &&
        (json_string_length(address) > NRS_ENDPOINT_SIZE_MAX || !nrs_endpoint_valid(json_string_value(address)))) {
        return NRS_ERROR_BAD_ADDRESS; /* libzmq would take ipc:// too, and cut a port to 16 bits */
    }
    folder->reconnect_ms_max = RECONNECT_MS_MAX_DEFAULT;
    error = setting(&folder->link_window, settings, "link_window", NRS_LINK_WINDOW_MIN, NRS_LINK_WINDOW_MAX);
    if (error == NRS_OK) {
        error = setting(&folder->reconnect_ms_max, settings, "reconnect_max_ms", RECONNECT_MS_MAX_MIN,
                        RECONNECT_MS_MAX_DEFAULT);
    }
    if (error == NRS_OK) {
        error = setting(&folder->gap_grace_ms, settings, "gap_grace_ms", NRS_GAP_GRACE_MS_MIN, NRS_HOUR_MS);
    }
    if (error == NRS_OK) {
        error = setting(&folder->head_after_ms, settings, "head_after_ms", NRS_HEAD_AFTER_MS_MIN, NRS_DAY_MS);
    }
    if (error == NRS_OK) {
        error = setting(&folder->vouch_tick_ms, settings, "vouch_tick_ms", NRS_VOUCH_TICK_MS_MIN, NRS_HOUR_MS);
    }
    if (error != NRS_OK) {
        return error;
    }
    folder->org = strdup(org);
    folder->name = strdup(name);
    folder->listen = json_is_string(address) ? strdup(json_string_value(address)) : NULL;
    if (folder->org == NULL || folder->name == NULL || (json_is_string(address) && folder->listen == NULL)) {
        return NRS_ERROR_NO_MEMORY;
    }
    return NRS_OK;
}

/* A slip of whoever wrote it, or what a newer version of the same format has: the node runs without it, and says so. */
static void warn_of_unknown(json_t *settings)
{
    static const char *const known[] = {"format", "org", "name", "listen", "advertise", "passphrase", "link_window", "reconnect_max_ms", "gap_grace_ms", "head_after_ms", "vouch_tick_ms"};
    size_t unknown_count = 0;
    const char *name;
    json_t *value;

    json_object_foreach(settings, name, value) {
        size_t i = 0;

        while (i < sizeof known / sizeof known[0] && strcmp(name, known[i]) != 0) {
            i++;
        }
        if (i == sizeof known / sizeof known[0] && unknown_count++ < UNKNOWN_NAMED_MAX) {
            nrs_log(NRS_LOG_WARNING, "node.json: %.64s is no setting of this version; it changes nothing", name);
        }
    }
    if (unknown_count > UNKNOWN_NAMED_MAX) {
        nrs_log(NRS_LOG_WARNING, "node.json: and %zu more", unknown_count - UNKNOWN_NAMED_MAX);
    }
}

static nrs_error read_settings(nrs_folder *folder)
{
    nrs_bytes text = {0};
    json_t *settings = NULL;
    nrs_error error = nrs_file_read(&text, folder->fd, "node.json", SETTINGS_SIZE_MAX);

    if (error == NRS_OK) {
        settings = json_loadb((const char *)text.data, text.size, JSON_REJECT_DUPLICATES, NULL);
        error = json_is_object(settings) ? take_settings(folder, settings) : NRS_ERROR_MALFORMED;
        folder->about = error == NRS_OK ? NULL : "node.json";
        if (error == NRS_OK) {
            warn_of_unknown(settings);
        }
    } else if (error == NRS_ERROR_NOT_FOUND) {
        error = NRS_ERROR_NOT_A_NODE;
    }
    json_decref(settings);
    nrs_bytes_wipe(&text);
    return error;
}

nrs_error nrs_folder_open(nrs_folder *folder_out, const char *path)
{
    struct stat status;
    nrs_error error = NRS_OK;

    memset(folder_out, 0, sizeof(*folder_out));
    folder_out->fd = -1;
    folder_out->lock_fd = -1;
    folder_out->vault_fd = -1;
    folder_out->audit_fd = -1;
    folder_out->path = strdup(path);
    if (folder_out->path == NULL) {
        return NRS_ERROR_NO_MEMORY;
    }
    folder_out->fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder_out->fd < 0) {
        return errno == ENOENT || errno == ENOTDIR ? NRS_ERROR_NOT_A_NODE : NRS_ERROR_SYSTEM;
    }
    if (faccessat(folder_out->fd, "node.json", F_OK, 0) != 0) {
        return errno == ENOENT ? NRS_ERROR_NOT_A_NODE : NRS_ERROR_SYSTEM; /* before a lock file is left in it */
    }
    if (geteuid() == 0 && fstat(folder_out->fd, &status) == 0 && status.st_uid != 0) { /* what root makes in it, its user could not open */
        folder_out->trouble = NRS_TROUBLE_ANOTHERS;
        return NRS_ERROR_NOT_RUNNING_HERE;
    }
    folder_out->lock_fd = openat(folder_out->fd, "lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (folder_out->lock_fd < 0) {
        return NRS_ERROR_SYSTEM;
    }
    error = nrs_linux_lock(folder_out->lock_fd);
    if (error == NRS_OK) {
        error = read_settings(folder_out);
    }
    if (error == NRS_OK) {
        error = check_kinds(folder_out);
    }
    if (error != NRS_OK) {
        return error;
    }
    if (fstat(folder_out->fd, &status) == 0 && (status.st_mode & 077) != 0) {
        nrs_log(NRS_LOG_WARNING, "the folder %s was open to others; closing it to them", path);
        if (fchmod(folder_out->fd, 0700) != 0) {
            nrs_log(NRS_LOG_WARNING, "the folder %s stays open to others", path);
        }
    }
    return make_folders(folder_out);
}

nrs_error nrs_folder_read_armoured(nrs_bytes *data_out, nrs_folder *folder, const char *name, const char *type)
{
    nrs_bytes text = {0};
    nrs_error error = nrs_file_read(&text, folder->fd, name, NRS_FILE_SIZE_MAX);

    folder->about = name;
    if (error == NRS_OK) {
        error = nrs_armour_decode(data_out, type, nrs_slice_of_bytes(&text));
        error = error == NRS_OK || error == NRS_ERROR_NO_MEMORY ? error : NRS_ERROR_DAMAGED;
    } else if (error == NRS_ERROR_NOT_FOUND) { /* `noroshi init` is no remedy: the folder is a node's */
        folder->trouble = NRS_TROUBLE_MISSING;
        error = NRS_ERROR_DAMAGED;
    }
    nrs_bytes_wipe(&text);
    return error;
}

nrs_error nrs_folder_unlock(nrs_folder *folder, const char *passphrase_file, const char *prompt)
{
    nrs_bytes key_file = {0};
    nrs_bytes passphrase = {0};
    bool typed = false;
    nrs_error error = nrs_folder_read_armoured(&key_file, folder, "identity.key", "KEY");

    NRS_ASSERT(folder->identity == NULL);

    if (error != NRS_OK) {
        goto out;
    }
    if (nrs_identity_file_locked(nrs_slice_of_bytes(&key_file))) {
        error = nrs_passphrase_read(&passphrase, &typed, passphrase_file, prompt);
        if (error != NRS_OK) {
            folder->about = NULL;
            if (error == NRS_ERROR_PASSPHRASE || (error == NRS_ERROR_SYSTEM && !typed)) {
                folder->trouble = typed ? NRS_TROUBLE_UNTYPED : NRS_TROUBLE_NO_LINE;
            }
            goto out;
        }
    } else if (passphrase_file != NULL) {
        error = NRS_ERROR_PASSPHRASE; /* whoever gives one believes the key to be locked */
        folder->trouble = NRS_TROUBLE_UNLOCKED;
        goto out;
    }
    error = nrs_identity_load(&folder->identity, nrs_slice_of_bytes(&key_file), nrs_slice_of_bytes(&passphrase));
    if (error == NRS_ERROR_MALFORMED) {
        error = NRS_ERROR_DAMAGED;
    }
    if (error == NRS_OK) {
        error = nrs_folder_read_former(folder, folder->identity, &folder->former, &folder->vault_key);
    }
    if (error == NRS_OK) {
        error = nrs_folder_read_armoured(&folder->card, folder, "own.card", "CARD");
    }
    if (error == NRS_OK) {
        error = nrs_folder_settle_card(folder);
    }
    folder->about = error == NRS_OK ? NULL : folder->about;
out:
    nrs_bytes_wipe(&passphrase);
    nrs_bytes_wipe(&key_file);
    return error;
}

static nrs_error vault_read(void *context, nrs_bytes *bytes_out)
{
    nrs_folder *folder = context;
    nrs_error error = nrs_file_read(bytes_out, folder->fd, "vault", NRS_VAULT_FILE_SIZE);

    /* Written in place, the file never shrinks: a short one is a first write that a crash cut off, before anything was
     * wrapped under it. */
    if (error == NRS_ERROR_NOT_FOUND || (error == NRS_OK && bytes_out->size < NRS_VAULT_FILE_SIZE)) {
        nrs_bytes_wipe(bytes_out);
        return NRS_OK;
    }
    return error == NRS_ERROR_SYSTEM                         ? NRS_ERROR_DISK
           : error == NRS_OK || error == NRS_ERROR_NO_MEMORY ? error
                                                             : NRS_ERROR_DAMAGED;
}

nrs_error nrs_folder_check_store(nrs_folder *folder)
{
    struct stat status;
    nrs_bytes vault = {0};
    nrs_error error = NRS_OK;

    if (fstatat(folder->fd, "store.db", &status, 0) == 0 ? status.st_size > 0 : errno != ENOENT) {
        return NRS_OK;
    }
    error = vault_read(folder, &vault);
    if (error == NRS_OK && vault.size > 0 && !sodium_is_zero(vault.data, vault.size)) {
        folder->about = "store.db";
        folder->trouble = NRS_TROUBLE_LOST;
        error = NRS_ERROR_DAMAGED;
    }
    nrs_bytes_wipe(&vault);
    return error;
}

static nrs_error write_at(int fd, nrs_slice bytes, size_t offset)
{
    size_t done = 0;

    while (done < bytes.size) {
        ssize_t wrote = pwrite(fd, bytes.data + done, bytes.size - done, (off_t)(offset + done));

        if (wrote < 0 && errno == EINTR) {
            continue;
        }
        if (wrote <= 0) {
            return NRS_ERROR_DISK;
        }
        done += (size_t)wrote;
    }
    return NRS_OK;
}

/* Out: fd: of a file that is there after a power cut as well, and no larger than what is written to it. */
static nrs_error open_to_write(int *fd_out, const nrs_folder *folder, const char *name, size_t size)
{
    struct stat status;
    int fd;

    if (*fd_out >= 0) {
        return NRS_OK;
    }
    fd = openat(folder->fd, name, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
    if (fd < 0) {
        return NRS_ERROR_DISK;
    }
    if (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode) || ((uintmax_t)status.st_size > size && ftruncate(fd, (off_t)size) != 0) ||
        fsync(folder->fd) != 0) {
        (void)close(fd);
        return NRS_ERROR_DISK;
    }
    *fd_out = fd;
    return NRS_OK;
}

/* A new root overwrites the old one where it stands: a renamed file would leave the old bytes on the disk. */
static nrs_error vault_write(void *context, nrs_slice bytes)
{
    nrs_folder *folder = context;
    nrs_error error = bytes.size == NRS_VAULT_FILE_SIZE ? open_to_write(&folder->vault_fd, folder, "vault", NRS_VAULT_FILE_SIZE) : NRS_ERROR_INTERNAL;

    if (error == NRS_OK) {
        error = write_at(folder->vault_fd, bytes, 0);
    }
    if (error == NRS_OK && fdatasync(folder->vault_fd) != 0) {
        error = NRS_ERROR_DISK;
    }
    return error;
}

nrs_vault_file nrs_folder_vault(nrs_folder *folder)
{
    return (nrs_vault_file){.context = folder, .read = vault_read, .write = vault_write};
}

static nrs_error audit_read(void *context, nrs_bytes *bytes_out)
{
    const nrs_folder *folder = context;
    nrs_error error = nrs_file_read(bytes_out, folder->fd, "audit-end", NRS_AUDIT_FILE_SIZE_MAX);

    if (error == NRS_ERROR_NOT_FOUND) {
        nrs_bytes_wipe(bytes_out);
        return NRS_OK;
    }
    return error == NRS_ERROR_SYSTEM                         ? NRS_ERROR_DISK
           : error == NRS_OK || error == NRS_ERROR_NO_MEMORY ? error
                                                             : NRS_ERROR_DAMAGED;
}

static nrs_error audit_write(void *context, size_t offset, nrs_slice bytes, bool sync)
{
    nrs_folder *folder = context;
    nrs_error error = open_to_write(&folder->audit_fd, folder, "audit-end", NRS_AUDIT_FILE_SIZE_MAX);

    if (error == NRS_OK) {
        error = write_at(folder->audit_fd, bytes, offset);
    }
    if (error == NRS_OK && sync && fdatasync(folder->audit_fd) != 0) {
        error = NRS_ERROR_DISK;
    }
    return error;
}

nrs_audit_file nrs_folder_audit(nrs_folder *folder)
{
    return (nrs_audit_file){.context = folder, .read = audit_read, .write = audit_write};
}

static void close_fd(int *fd)
{
    if (*fd >= 0) {
        (void)close(*fd);
    }
    *fd = -1;
}

void nrs_folder_wipe(nrs_folder *folder)
{
    nrs_identity_destroy(&folder->identity);
    nrs_identity_destroy(&folder->former);
    nrs_secret_destroy(&folder->vault_key);
    nrs_bytes_wipe(&folder->card);
    free(folder->org);
    free(folder->name);
    free(folder->listen);
    free(folder->path);
    close_fd(&folder->vault_fd);
    close_fd(&folder->audit_fd);
    close_fd(&folder->lock_fd);
    close_fd(&folder->fd);
    memset(folder, 0, sizeof(*folder));
    folder->fd = -1;
    folder->lock_fd = -1;
    folder->vault_fd = -1;
}
