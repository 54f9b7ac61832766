#include "key/keyring.h"

#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "language.h"
#include "linux.h"
#include "key/passphrase.h"
#include "proto/armour.h"
#include "proto/assert.h"

nrs_error nrs_keyring_start(nrs_cli *cli)
{
    const struct rlimit none = {0, 0};
    nrs_error error = nrs_keys_start();

    (void)setrlimit(RLIMIT_CORE, &none);
    nrs_linux_hide();
    return error == NRS_OK ? NRS_OK : nrs_cli_fail(cli, error, NULL, "%s", _(nrs_error_sentence(error)));
}

static nrs_error load_bytes(nrs_cli *cli, nrs_identity **identity_out, nrs_slice file, nrs_slice passphrase,
                            const char *name)
{
    nrs_error error = nrs_identity_load(identity_out, file, passphrase);

    error = error == NRS_ERROR_MALFORMED ? NRS_ERROR_DAMAGED : error;
    return error == NRS_OK ? NRS_OK
                           : nrs_cli_fail(cli, error, NULL, "%s.key: %s", name, _(nrs_error_sentence(error)));
}

nrs_error nrs_keyring_load_with(nrs_cli *cli, nrs_identity **identity_out, nrs_slice passphrase, const char *sub,
                                const char *name, nrs_error missing)
{
    nrs_bytes file = {0};
    nrs_error error = nrs_folder_read_armour(cli, &file, "KEY", sub, name, ".key", missing);

    if (error == NRS_OK) {
        error = load_bytes(cli, identity_out, nrs_slice_of_bytes(&file), passphrase, name);
    }
    nrs_bytes_wipe(&file);
    return error;
}

nrs_error nrs_keyring_load(nrs_cli *cli, nrs_identity **identity_out, nrs_bytes *passphrase_out, const char *sub,
                           const char *name, nrs_error missing)
{
    nrs_bytes file = {0};
    nrs_bytes passphrase = {0};
    nrs_error error = nrs_folder_read_armour(cli, &file, "KEY", sub, name, ".key", missing);

    if (error != NRS_OK) {
        goto out;
    }
    if (cli->passphrase_file != NULL) {
        error = nrs_passphrase_read(cli, &passphrase, cli->passphrase_file);
    } else if (nrs_identity_file_locked(nrs_slice_of_bytes(&file))) {
        error = nrs_passphrase_ask(cli, &passphrase, name);
    }
    if (error != NRS_OK) {
        goto out;
    }
    error = load_bytes(cli, identity_out, nrs_slice_of_bytes(&file), nrs_slice_of_bytes(&passphrase), name);
    if (error == NRS_OK && passphrase_out != NULL) {
        nrs_bytes_wipe(passphrase_out);
        *passphrase_out = passphrase;
        passphrase = (nrs_bytes){0};
    }
out:
    nrs_bytes_wipe(&file);
    nrs_bytes_wipe(&passphrase);
    return error;
}

nrs_error nrs_keyring_act(nrs_cli *cli)
{
    nrs_error error = NRS_OK;

    NRS_ASSERT(cli != NULL);

    if (cli->person == NULL || cli->acting != NULL) {
        return NRS_OK;
    }
    error = nrs_keyring_start(cli);
    return error == NRS_OK ? nrs_keyring_load(cli, &cli->acting, NULL, "persons", cli->person, NRS_ERROR_UNKNOWN_PERSON) : error;
}

nrs_error nrs_keyring_save(nrs_cli *cli, const nrs_identity *identity, nrs_slice passphrase, const char *sub,
                           const char *name)
{
    nrs_bytes file = {0};
    nrs_error error = nrs_identity_save(&file, identity, passphrase);

    if (error == NRS_OK) {
        error = nrs_folder_write_armour(cli, "KEY", sub, name, ".key", nrs_slice_of_bytes(&file));
    }
    nrs_bytes_wipe(&file);
    return error;
}

nrs_error nrs_keyring_own_card(nrs_cli *cli, nrs_bytes *signed_out, nrs_card **card_out)
{
    nrs_bytes bytes = {0};
    nrs_error error = nrs_folder_read_armour(cli, &bytes, "CARD", NULL, "own", ".card", NRS_ERROR_NOT_A_NODE);

    if (error == NRS_OK) {
        error = nrs_card_verify(card_out, nrs_slice_of_bytes(&bytes));
        error = error == NRS_OK ? NRS_OK : nrs_cli_fail_about(cli, error, "own.card");
    }
    if (error == NRS_OK) {
        nrs_bytes_wipe(signed_out);
        *signed_out = bytes;
        bytes = (nrs_bytes){0};
    }
    nrs_bytes_wipe(&bytes);
    return error;
}

nrs_error nrs_keyring_card_refused(nrs_cli *cli, nrs_error error, nrs_slice signed_bytes, const char *path)
{
    nrs_signed *whole = NULL;
    const bool newer = error == NRS_ERROR_UNKNOWN_SUITE || error == NRS_ERROR_UNKNOWN_FIELD || error == NRS_ERROR_UNKNOWN_FLAG;

    if (nrs_error_exit_code(error) != 8 || nrs_signed_open(&whole, NRS_RECORD_CARD, signed_bytes) != NRS_OK) {
        return nrs_cli_fail_given(cli, error, path);
    }
    nrs_signed_free(&whole);
    return nrs_cli_fail(cli, error,
                        newer ? _("a newer version may have made it: update this program, or ask for a card of this version")
                              : _("ask whose card it is to make it anew"),
                        _("%s: the card is whole and signed, but it is not taken (%s)"), path, nrs_given_reason(error));
}

nrs_error nrs_keyring_given_card(nrs_cli *cli, nrs_bytes *signed_out, nrs_card **card_out, const char *path)
{
    nrs_bytes bytes = {0};
    nrs_error error = nrs_file_read_armour_given(cli, &bytes, path, "CARD", NRS_FILE_SIZE_MAX);

    if (error == NRS_OK) {
        error = nrs_card_verify(card_out, nrs_slice_of_bytes(&bytes));
        error = error == NRS_OK ? NRS_OK : nrs_keyring_card_refused(cli, error, nrs_slice_of_bytes(&bytes), path);
    }
    if (error == NRS_OK) {
        nrs_bytes_wipe(signed_out);
        *signed_out = bytes;
        bytes = (nrs_bytes){0};
    }
    nrs_bytes_wipe(&bytes);
    return error;
}
