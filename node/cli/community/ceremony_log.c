#define _XOPEN_SOURCE 700 /* realpath */
#include "community/ceremony_log.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "folder.h"
#include "language.h"
#include "linux.h"
#include "output.h"
#include "proto/assert.h"
#include "proto/time.h"
#include "text.h"

enum { OTHER_SIGNING_MS = 30000, LINE_SIZE_MAX = 4096, LOG_SIZE_MAX = 16 * 1024 * 1024 };

/* ceremony.log in the folder of a file, where it lies behind symbolic links; in a folder that is another user's as it is written, since links there are
 * that user's word. Owned. */
static char *path_beside(const nrs_cli *cli, const char *given)
{
    nrs_owner owner;
    char *whole = nrs_owner_within(&owner, cli, given) ? NULL : realpath(given, NULL);
    const char *file = whole != NULL ? whole : given;
    const char *slash = strrchr(file, '/');
    size_t folder_size = slash == NULL ? 0 : (size_t)(slash - file) + 1;
    char *path = malloc(folder_size + sizeof NRS_CEREMONY_LOG_NAME);

    if (path != NULL) {
        memcpy(path, file, folder_size);
        memcpy(path + folder_size, NRS_CEREMONY_LOG_NAME, sizeof NRS_CEREMONY_LOG_NAME);
    }
    free(whole);
    return path;
}

/* Where --log says, else beside the key or the result. Owned. */
static char *log_path(const nrs_cli *cli, const nrs_ceremony *ceremony)
{
    const char *given = nrs_cli_option(cli, "log");

    return given != NULL ? strdup(given) : path_beside(cli, ceremony->beside);
}

static void set_hex(json_t *line, const char *name, const uint8_t *bytes)
{
    char hex[2 * NRS_HASH_SIZE + 1];

    nrs_hex_encode(hex, bytes, NRS_HASH_SIZE);
    (void)json_object_set_new(line, name, json_string(hex));
}

/* Owned, nrs_json_free. One JSON object: what a person wrote, the file's name, is escaped, and none can make two lines of one. */
static char *line_of(const nrs_ceremony *ceremony)
{
    const struct passwd *user = nrs_linux_user(getuid());
    const char *slash = ceremony->file == NULL ? NULL : strrchr(ceremony->file, '/');
    const char *name = slash == NULL ? ceremony->file : slash + 1;
    json_t *line = json_object();
    json_t *file = name == NULL ? json_null() : nrs_text_json(name);
    char at[32];
    char *text = NULL;

    if (line != NULL) {
        nrs_time_format(at, nrs_now_ms());
        (void)json_object_set_new(line, "at", json_string(at));
        (void)json_object_set_new(line, "what", json_string(ceremony->what));
        (void)json_object_set_new(line, "rule", ceremony->rule == NRS_OK ? json_null() : json_string(nrs_error_rule(ceremony->rule)));
        (void)json_object_set_new(line, "user", json_string(user == NULL ? "?" : user->pw_name));
        (void)json_object_set(line, "file", file);
        if (ceremony->key != NULL) {
            set_hex(line, "key", ceremony->key);
        }
        if (ceremony->proposal != NULL && ceremony->proposal->next != NULL) {
            (void)json_object_set_new(line, "id", json_string(ceremony->proposal->next->id));
            (void)json_object_set_new(line, "version", json_integer((json_int_t)ceremony->proposal->next->version));
            set_hex(line, "community", ceremony->proposal->community);
            set_hex(line, "hash", ceremony->proposal->hash);
        }
        if (ceremony->replace) {
            (void)json_object_set_new(line, "replaces", ceremony->replaces[0] == '\0' ? json_null() : json_string(ceremony->replaces));
        }
        text = json_dumps(line, JSON_COMPACT | JSON_ENSURE_ASCII);
    }
    json_decref(file);
    json_decref(line);
    return text;
}

/* What helps where the log is another user's: root's, where an earlier root wrote it in this user's folder. Nothing is said of a file that
 * has another name beside: by that, root would give away what it does not know. Owned (free), or NULL. */
static char *remedy_of(const char *path, const nrs_owner *owner)
{
    const uid_t writer = owner->uid != 0 ? owner->uid : geteuid();
    const struct passwd *user = nrs_linux_user(writer);
    char number[24];
    struct stat status;

    if (lstat(path, &status) != 0 || !S_ISREG(status.st_mode) || status.st_nlink != 1 || status.st_uid == writer) {
        return NULL;
    }
    (void)snprintf(number, sizeof number, "%lu", (unsigned long)writer);
    return nrs_text_format(_("it is another user's: as root, chown %s %s, or move it away"), user != NULL ? user->pw_name : number, path);
}

/* Whether what stands there lacks the end of its last line. */
static bool is_torn(const char *path, off_t size, const nrs_owner *owner)
{
    char last = '\n';
    int file = -1;

    if (size > 0 && nrs_owner_begin(owner)) {
        file = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
        nrs_owner_end(owner);
    }
    if (file >= 0) {
        (void)!pread(file, &last, 1, size - 1);
        (void)close(file);
    }
    return last != '\n';
}

/* A whole line in one write, after what is there; or nothing: on a full disk the half that was written is taken back, so that the next
 * line does not begin in it, nor in one that something else has torn. Out: denied_out: set where it may not be written. */
static nrs_error append(bool *denied_out, const char *path, const char *line, const nrs_owner *owner)
{
    char text[LINE_SIZE_MAX];
    struct stat status;
    size_t size = strlen(line);
    nrs_error error = NRS_ERROR_DISK;
    int file = -1;

    if (size + 2 < sizeof text && nrs_owner_begin(owner)) {
        file = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, S_IRUSR | S_IWUSR);
        *denied_out = file < 0 && (errno == EACCES || errno == EPERM);
        nrs_owner_end(owner);
    }
    if (file < 0) {
        return error;
    }
    if (fstat(file, &status) == 0 && S_ISREG(status.st_mode) && status.st_size < LOG_SIZE_MAX) {
        size = (size_t)snprintf(text, sizeof text, "%s%s\n", is_torn(path, status.st_size, owner) ? "\n" : "", line);
        if (write(file, text, size) == (ssize_t)size && fsync(file) == 0) {
            error = NRS_OK;
        } else {
            (void)!ftruncate(file, status.st_size);
        }
    }
    return close(file) == 0 ? error : NRS_ERROR_DISK;
}

/* In: path: NULL without memory. Out: remedy_out: owned (free), or NULL. */
static nrs_error write_line(nrs_cli *cli, char **remedy_out, const char *path, const nrs_ceremony *ceremony)
{
    char *line = line_of(ceremony);
    bool denied = false;
    nrs_owner owner;
    nrs_error error = NRS_ERROR_NO_MEMORY;

    NRS_ASSERT(ceremony->what != NULL && ceremony->beside != NULL);
    *remedy_out = NULL;
    if (path != NULL && line != NULL) {
        (void)nrs_owner_within(&owner, cli, path);
        error = append(&denied, path, line, &owner);
        *remedy_out = denied ? remedy_of(path, &owner) : NULL;
    }
    nrs_json_free(line);
    return error;
}

/* Whatever log is named the next time, this one is looked into. A key may lie where nothing can be written: then the log that was given counts. */
static void remember_beside(nrs_cli *cli, const char *given, const nrs_ceremony *ceremony)
{
    char *path = path_beside(cli, ceremony->beside), *remedy = NULL;

    if (path == NULL || (!nrs_output_is_same(given, path) && write_line(cli, &remedy, path, ceremony) != NRS_OK)) {
        nrs_cli_note(cli, _("what was signed stands in %s alone, and not beside the key: give that log each time that this key signs (%s could not be written)"), given,
                     path == NULL ? NRS_CEREMONY_LOG_NAME : path);
    }
    if (remedy != NULL) {
        nrs_cli_note(cli, "%s: %s", path, remedy);
    }
    free(remedy);
    free(path);
}

/* Where the command has no option to name another file, that one is in the way. */
static const char *hint_of(const nrs_cli *cli)
{
    const nrs_command *command = cli->command;
    bool has_option = false;

    for (size_t i = 0; command != NULL && i < command->option_count; i++) {
        has_option = has_option || strcmp(command->options[i].name, "log") == 0;
    }
    return has_option ? _("name another file with --log; a log that is full is moved away")
                      : _("make room on the disk, or move away what stands there under that name, such as a log that is full");
}

nrs_error nrs_ceremony_check_log(nrs_cli *cli)
{
    const char *log = nrs_cli_option(cli, "log"), *output = nrs_cli_option(cli, "output");

    if (log != NULL && output != NULL && nrs_output_is_same(log, output)) { /* which may not be there yet */
        return nrs_cli_fail(cli, NRS_ERROR_EXISTS, _("name another file"), _("%s is no log of ceremonies"), log);
    }
    return log == NULL ? NRS_OK : nrs_output_check(cli, log, true);
}

nrs_error nrs_ceremony_log(nrs_cli *cli, const nrs_ceremony *ceremony)
{
    char *path = log_path(cli, ceremony), *remedy = NULL;
    nrs_error error = write_line(cli, &remedy, path, ceremony);

    if (error == NRS_ERROR_DISK) {
        error = nrs_cli_fail(cli, error, remedy != NULL ? remedy : hint_of(cli), _("the log of ceremonies could not be written: %s"), path);
    } else if (error == NRS_OK && ceremony->key != NULL && nrs_cli_option(cli, "log") != NULL) {
        remember_beside(cli, path, ceremony);
    }
    free(remedy);
    free(path);
    return error;
}

void nrs_ceremony_take_back(nrs_cli *cli, const nrs_ceremony *ceremony)
{
    nrs_ceremony taken_back = *ceremony;

    taken_back.what = "taken-back";
    if (nrs_ceremony_log(cli, &taken_back) != NRS_OK) {
        nrs_cli_note(cli, "%s", _("the log of ceremonies says that this draft was signed, and could not be told that it never left: the next draft of that version will be refused, or told of it"));
    }
}

void nrs_ceremony_log_refused(nrs_cli *cli, const nrs_ceremony *ceremony)
{
    char *path = log_path(cli, ceremony), *remedy = NULL;

    if (write_line(cli, &remedy, path, ceremony) != NRS_OK) {
        nrs_cli_note(cli, "%s", _("this attempt could not be logged"));
    }
    if (remedy != NULL) {
        nrs_cli_note(cli, "%s: %s", path, remedy);
    }
    free(remedy);
    free(path);
}

/* ---- What was signed before ---- */

nrs_error nrs_ceremony_begin(nrs_cli *cli, const char *key_path)
{
    struct stat status;

    if (stat(key_path, &status) == 0 && S_ISREG(status.st_mode) && status.st_nlink > 1) {
        nrs_cli_note(cli, _("%s: the file has another name as well (a hard link): what was signed under that one is not looked up where it lies in another folder"), key_path);
    }
    return nrs_linux_lock_file(key_path, OTHER_SIGNING_MS)
               ? NRS_OK
               : nrs_cli_fail(cli, NRS_ERROR_BUSY, NULL, _("%s: another command is signing with this key"), key_path);
}

static bool is_hex(const json_t *line, const char *name, const uint8_t bytes[NRS_HASH_SIZE])
{
    char hex[2 * NRS_HASH_SIZE + 1];
    const char *text = json_string_value(json_object_get(line, name));

    nrs_hex_encode(hex, bytes, NRS_HASH_SIZE);
    return text != NULL && strcmp(text, hex) == 0;
}

/* Of the key and the version, and of another draft than this. */
static bool is_of_other(const json_t *line, const nrs_ceremony *ceremony)
{
    const nrs_proposal *proposal = ceremony->proposal;

    return json_is_null(json_object_get(line, "rule")) && json_integer_value(json_object_get(line, "version")) == (json_int_t)proposal->next->version &&
           is_hex(line, "key", ceremony->key) && is_hex(line, "community", proposal->community) && !is_hex(line, "hash", proposal->hash);
}

/* A text of such a line, which somebody may have written. */
static const char *text_of(const json_t *line, const char *name)
{
    const char *text = json_string_value(json_object_get(line, name));

    return text == NULL ? "?" : text;
}

/* What was signed and never left: its last time. */
static void drop_last(json_t *others, const char *hash)
{
    size_t at = json_array_size(others);

    while (at > 0 && strcmp(text_of(json_array_get(others, at - 1), "hash"), hash) != 0) {
        at--;
    }
    if (at > 0) {
        (void)json_array_remove(others, at - 1);
    }
}

static bool is_blank(nrs_slice line)
{
    size_t at = 0;

    while (at < line.size && (line.data[at] == '\r' || line.data[at] == ' ')) {
        at++;
    }
    return at == line.size;
}

/* One line. Returns false for one that cannot be read. In-out: others: what the key signed of the version, oldest first. */
static bool take_line(json_t *others, nrs_slice text, const nrs_ceremony *ceremony)
{
    json_t *line = is_blank(text) ? NULL : json_loadb((const char *)text.data, text.size, 0, NULL);
    const bool whole = is_blank(text) || json_is_object(line);

    if (whole && line != NULL && is_of_other(line, ceremony)) {
        if (strcmp(text_of(line, "what"), "sign") == 0) {
            (void)json_array_append(others, line);
        } else if (strcmp(text_of(line, "what"), "taken-back") == 0) {
            drop_last(others, text_of(line, "hash"));
        }
    }
    json_decref(line);
    return whole;
}

/* Out: other_out: the newest such line, a new reference; as it was where there is none. damaged_out: the number of the first line that cannot be read, 0 for
 * none: it hides no other one. */
static nrs_error find_other(json_t **other_out, size_t *damaged_out, nrs_slice log, const nrs_ceremony *ceremony)
{
    json_t *others = json_array();
    size_t number = 0;

    *damaged_out = 0;
    while (others != NULL && log.size > 0) {
        const uint8_t *end = memchr(log.data, '\n', log.size);
        const size_t size = end == NULL ? log.size : (size_t)(end - log.data);

        number++;
        if (!take_line(others, nrs_slice_of(log.data, size), ceremony) && *damaged_out == 0) {
            *damaged_out = number;
        }
        log = end == NULL ? (nrs_slice){0} : nrs_slice_of(end + 1, log.size - size - 1);
    }
    if (json_array_size(others) > 0) {
        json_decref(*other_out);
        *other_out = json_incref(json_array_get(others, json_array_size(others) - 1));
    }
    json_decref(others);
    return others == NULL ? NRS_ERROR_NO_MEMORY : NRS_OK;
}

static nrs_error fail_damaged(nrs_cli *cli, const char *path, size_t number)
{
    return nrs_cli_fail(cli, NRS_ERROR_DAMAGED,
                        _("look at that line: where it is not of a draft that this key signed, take it out of the log; where no other draft of this version was signed, or it was given up everywhere, sign with --replace"),
                        _("%s: line %zu cannot be read: what this key has signed may stand there"), path, number);
}

/* One that is not there says nothing. Takes the path over. */
static nrs_error look_in(nrs_cli *cli, json_t **other_out, char *path, const nrs_ceremony *ceremony)
{
    struct stat status;
    nrs_bytes log = {0};
    size_t damaged = 0;
    char *remedy = NULL;
    int file = path == NULL ? -1 : open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    const int reason = errno;
    nrs_error error = path == NULL ? NRS_ERROR_NO_MEMORY : NRS_OK;

    if (file >= 0) {
        error = fstat(file, &status) == 0 && S_ISREG(status.st_mode) ? nrs_file_read_open(&log, file, LOG_SIZE_MAX + LINE_SIZE_MAX) : NRS_ERROR_DISK;
        (void)close(file);
    } else if (path != NULL && reason != ENOENT && reason != ENOTDIR) {
        error = NRS_ERROR_DISK;
        remedy = reason == EACCES ? remedy_of(path, &(nrs_owner){0}) : NULL;
    }
    if (error == NRS_OK) {
        error = find_other(other_out, &damaged, nrs_slice_of_bytes(&log), ceremony);
    }
    if (error == NRS_ERROR_DISK) {
        error = nrs_cli_fail(cli, error, remedy, _("the log of ceremonies could not be read: %s"), path);
    } else if (error == NRS_ERROR_TOO_LARGE) {
        error = nrs_cli_fail_about(cli, error, path);
    } else if (error == NRS_OK && damaged > 0 && *other_out == NULL) {
        error = fail_damaged(cli, path, damaged);
    }
    nrs_bytes_wipe(&log);
    free(remedy);
    free(path);
    return error;
}

/* In the log that is written to, and in the one beside the key. Out: other_out: a new reference, or NULL. */
static nrs_error signed_other(nrs_cli *cli, json_t **other_out, const nrs_ceremony *ceremony)
{
    json_t *other = NULL;
    nrs_error error = look_in(cli, &other, log_path(cli, ceremony), ceremony);

    NRS_ASSERT(ceremony->proposal != NULL && ceremony->key != NULL);

    if (other == NULL && nrs_cli_option(cli, "log") != NULL && (error == NRS_OK || error == NRS_ERROR_DAMAGED)) {
        const nrs_error beside = look_in(cli, &other, path_beside(cli, ceremony->beside), ceremony);

        error = error == NRS_OK || other != NULL ? beside : error;
        if (other != NULL) {
            nrs_cli_forget_failure(cli);
        }
    }
    *other_out = other;
    return error;
}

/* Each signature in a draft was verified when it was read. */
static bool bears_signature(const nrs_ceremony *ceremony)
{
    const nrs_roster_draft *draft = ceremony->proposal->draft;
    bool found = false;

    for (size_t i = 0; i < draft->n_signatures; i++) {
        found = found || nrs_slice_equal(nrs_field(&draft->signatures[i]->key), nrs_slice_of(ceremony->key, NRS_KEY_SIZE));
    }
    return found;
}

/* In: other: a line of a log, or NULL: none is known here. */
static void note_replaced(nrs_ceremony *ceremony, const json_t *other)
{
    uint8_t hash[NRS_HASH_SIZE];

    ceremony->replace = true;
    if (other != NULL && nrs_hex_decode(hash, sizeof hash, text_of(other, "hash")) == NRS_OK) {
        nrs_hex_encode(ceremony->replaces, hash, sizeof hash);
    }
}

nrs_error nrs_ceremony_check_once(nrs_cli *cli, nrs_ceremony *ceremony)
{
    const nrs_roster *next = ceremony->proposal->next;
    json_t *other = NULL;
    nrs_error error = bears_signature(ceremony) ? NRS_OK : signed_other(cli, &other, ceremony);

    if (nrs_cli_option(cli, "replace") != NULL) {
        if (error != NRS_OK) { /* a log that cannot be read: that it can be written is seen to later */
            nrs_cli_forget_failure(cli);
            error = NRS_OK;
        }
        note_replaced(ceremony, other);
    } else if (error == NRS_OK && other != NULL) {
        error = nrs_cli_fail(cli, NRS_ERROR_FORKED,
                             _("if that one was given up everywhere, sign with --replace. Where both get their signatures whoever has them proves a fork: no later roster counts until it is healed"),
                             _("this roster key signed another draft of version %llu of @%s (at %s, hash %s)"), (unsigned long long)next->version, next->id,
                             text_of(other, "at"), text_of(other, "hash"));
    }
    json_decref(other);
    return error;
}

void nrs_ceremony_note_other(nrs_cli *cli, const nrs_ceremony *ceremony)
{
    const nrs_roster *next = ceremony->proposal->next;
    json_t *other = NULL;

    if (signed_other(cli, &other, ceremony) != NRS_OK) {
        nrs_cli_forget_failure(cli);
        nrs_cli_note(cli, "%s", _("what the roster key here has signed before could not be looked up"));
    } else if (other != NULL) {
        nrs_cli_note(cli, _("the roster key here signed another draft of version %llu of @%s (at %s, hash %s): destroy that one everywhere. Where both get their signatures whoever has them proves a fork: no later roster counts until it is healed"),
                     (unsigned long long)next->version, next->id, text_of(other, "at"), text_of(other, "hash"));
    }
    json_decref(other);
}
