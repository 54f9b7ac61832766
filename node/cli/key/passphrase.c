#include "key/passphrase.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "folder.h"
#include "key/keyring.h"
#include "language.h"
#include "proto/assert.h"

enum { PASSPHRASE_SIZE_MAX = 1024, INTERRUPT = 3 };

nrs_error nrs_passphrase_read(nrs_cli *cli, nrs_bytes *passphrase_out, const char *path)
{
    nrs_bytes bytes = {0};
    nrs_error error = nrs_file_read_given(cli, &bytes, path, PASSPHRASE_SIZE_MAX * 4);
    const uint8_t *end = NULL;

    if (error != NRS_OK) {
        return error;
    }
    end = bytes.size == 0 ? NULL : memchr(bytes.data, '\n', bytes.size);
    if (end != NULL) {
        bytes.size = (size_t)(end - bytes.data);
    }
    if (bytes.size > 0 && bytes.data[bytes.size - 1] == '\r') {
        bytes.size--;
    }
    if (bytes.size == 0 || bytes.size > PASSPHRASE_SIZE_MAX) {
        error = nrs_cli_fail(cli, NRS_ERROR_PASSPHRASE, NULL, _("the passphrase file's first line is empty or too long: %s"),
                             path);
    } else {
        error = nrs_bytes_copy(passphrase_out, nrs_slice_of_bytes(&bytes));
    }
    nrs_bytes_wipe(&bytes);
    return error;
}

/* One line without echo. Signals from the keyboard are off meanwhile, so that the terminal is never left mute: an
 * interrupt arrives as a character. */
static bool read_hidden(int terminal, uint8_t *line, size_t *size_out)
{
    struct termios before;
    struct termios mute;
    ssize_t got = 0;

    if (tcgetattr(terminal, &before) != 0) {
        return false;
    }
    mute = before;
    mute.c_lflag &= (tcflag_t) ~(tcflag_t)(ECHO | ISIG);
    if (tcsetattr(terminal, TCSAFLUSH, &mute) != 0) {
        return false;
    }
    got = read(terminal, line, PASSPHRASE_SIZE_MAX);
    (void)tcsetattr(terminal, TCSAFLUSH, &before);
    (void)!write(terminal, "\n", 1);
    if (got <= 1 || line[got - 1] != '\n' || memchr(line, INTERRUPT, (size_t)got) != NULL) {
        return false;
    }
    *size_out = (size_t)got - 1;
    return true;
}

static nrs_error ask_line(nrs_cli *cli, nrs_bytes *line_out, int terminal, const char *question)
{
    nrs_bytes line = {0};
    size_t size = 0;
    nrs_error error = nrs_bytes_resize(&line, PASSPHRASE_SIZE_MAX);

    if (error != NRS_OK) {
        return error;
    }
    (void)!write(terminal, question, strlen(question));
    if (read_hidden(terminal, line.data, &size)) {
        error = nrs_bytes_copy(line_out, nrs_slice_of(line.data, size));
    } else {
        error = nrs_cli_fail(cli, NRS_ERROR_PASSPHRASE, NULL, "%s", _("no passphrase was typed"));
    }
    nrs_bytes_wipe(&line);
    return error;
}

/* Only where a person sees the question. */
static int open_terminal(void)
{
    return isatty(STDERR_FILENO) ? open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY) : -1;
}

nrs_error nrs_passphrase_ask(nrs_cli *cli, nrs_bytes *passphrase_out, const char *key_name)
{
    int terminal = open_terminal();
    char question[128];
    nrs_error error = NRS_OK;

    NRS_ASSERT(passphrase_out != NULL && key_name != NULL);

    if (terminal < 0) {
        return nrs_cli_fail(cli, NRS_ERROR_PASSPHRASE, _("give it with --passphrase-file FILE before the command"),
                            _("the key %s is under a passphrase"), key_name);
    }
    if (strcmp(key_name, "identity") == 0) {
        snprintf(question, sizeof question, "%s", _("Passphrase of the node's key: "));
    } else {
        snprintf(question, sizeof question, _("Passphrase of %s: "), key_name);
    }
    error = ask_line(cli, passphrase_out, terminal, question);
    (void)close(terminal);
    return error;
}

nrs_error nrs_passphrase_of_backup(nrs_cli *cli, nrs_bytes *passphrase_out)
{
    int terminal = open_terminal();
    nrs_error error = NRS_OK;

    if (terminal < 0) {
        return nrs_cli_fail(cli, NRS_ERROR_PASSPHRASE, _("give --backup-passphrase-file FILE"), "%s", _("the backup is under a passphrase"));
    }
    error = ask_line(cli, passphrase_out, terminal, _("Passphrase of the backup: "));
    (void)close(terminal);
    return error;
}

static nrs_error ask_twice(nrs_cli *cli, nrs_bytes *passphrase_out, int terminal)
{
    nrs_bytes first = {0};
    nrs_bytes second = {0};
    nrs_error error = ask_line(cli, &first, terminal, _("New passphrase: "));

    if (error == NRS_OK) {
        error = ask_line(cli, &second, terminal, _("Once more: "));
    }
    if (error == NRS_OK && !nrs_slice_equal(nrs_slice_of_bytes(&first), nrs_slice_of_bytes(&second))) {
        error = nrs_cli_fail(cli, NRS_ERROR_PASSPHRASE, NULL, "%s", _("the two passphrases differ"));
    }
    if (error == NRS_OK) {
        error = nrs_bytes_copy(passphrase_out, nrs_slice_of_bytes(&first));
    }
    nrs_bytes_wipe(&first);
    nrs_bytes_wipe(&second);
    return error;
}

/* Characters, not bytes: a byte that goes on with one begins none. Who types a short one is asked for another; what comes
 * from a file is the choice of whoever made the file, and is told. */
static nrs_error check_new(nrs_cli *cli, const nrs_bytes *passphrase, bool typed)
{
    size_t count = 0;

    for (size_t i = 0; i < passphrase->size; i++) {
        count += (passphrase->data[i] & 0xc0) != 0x80 ? 1 : 0;
    }
    if (count >= NRS_PASSPHRASE_CHARACTERS_MIN) {
        return NRS_OK;
    }
    if (!typed) {
        nrs_cli_note(cli, _("the passphrase has %zu characters: whoever gets the file of the key can guess it; take at least %u"), count,
                     NRS_PASSPHRASE_CHARACTERS_MIN);
        return NRS_OK;
    }
    return nrs_cli_fail(cli, NRS_ERROR_PASSPHRASE_SHORT, _("take several words, or --no-passphrase where nobody else can read the disk"),
                        _("the passphrase has %zu characters; a new one has at least %u"), count, NRS_PASSPHRASE_CHARACTERS_MIN);
}

/* file: where it is read from; NULL: it is asked for. option: what would have given it. */
static nrs_error make_new(nrs_cli *cli, nrs_bytes *passphrase_out, const char *file, const char *option)
{
    bool none = nrs_cli_option(cli, "no-passphrase") != NULL;
    nrs_bytes passphrase = {0};
    int terminal = -1;
    nrs_error error = NRS_OK;

    if (file != NULL && none) {
        return nrs_cli_fail(cli, NRS_ERROR_USAGE, NULL, "%s", _("give a passphrase file or --no-passphrase, not both"));
    }
    if (file != NULL) {
        error = nrs_passphrase_read(cli, &passphrase, file);
        goto out;
    }
    if (none) {
        nrs_bytes_wipe(passphrase_out);
        return NRS_OK;
    }
    terminal = open_terminal();
    if (terminal < 0) {
        return nrs_cli_fail(cli, NRS_ERROR_USAGE,
                            strcmp(option, "passphrase-file") == 0 ? _("give --passphrase-file FILE or --no-passphrase")
                                                                   : _("give --new-passphrase-file FILE or --no-passphrase"), "%s",
                            _("a new key needs a passphrase, or the word that it has none"));
    }
    error = ask_twice(cli, &passphrase, terminal);
    (void)close(terminal);
out:
    if (error == NRS_OK) {
        error = check_new(cli, &passphrase, file == NULL);
    }
    if (error == NRS_OK) {
        error = nrs_bytes_copy(passphrase_out, nrs_slice_of_bytes(&passphrase));
    }
    nrs_bytes_wipe(&passphrase);
    return error;
}

nrs_error nrs_passphrase_new_named(nrs_cli *cli, nrs_bytes *passphrase_out, const char *option)
{
    return make_new(cli, passphrase_out, nrs_cli_option(cli, option), option);
}

nrs_error nrs_passphrase_new(nrs_cli *cli, nrs_bytes *passphrase_out)
{
    return nrs_passphrase_new_named(cli, passphrase_out, "passphrase-file");
}

nrs_error nrs_passphrase_new_alone(nrs_cli *cli, nrs_bytes *passphrase_out)
{
    const char *file = nrs_cli_option(cli, "passphrase-file");

    return make_new(cli, passphrase_out, file != NULL ? file : cli->passphrase_file, "passphrase-file");
}
