/* noroshi key paper, revoke: the end of a lost key, from a paper that can do nothing else. */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "control.h"
#include "key/keyring.h"
#include "keys/change.h"
#include "language.h"
#include "proto/armour.h"
#include "proto/time.h"
#include "run.h"
#include "text.h"

/* ---- paper ---- */

static void print_paper(const nrs_cli *cli, const char *org, const nrs_identity *identity, uint64_t now_ms, const char *paper)
{
    char fingerprint[48];
    char at[64];

    nrs_fingerprint(fingerprint, nrs_identity_public(identity)->sign_key);
    if (cli->json) {
        json_t *row = NULL;

        nrs_time_format(at, now_ms);
        row = json_pack("{s:s, s:s, s:s, s:s}", "org", org, "fingerprint", fingerprint, "made_at", at, "paper", paper);
        nrs_text_print_json(stdout, row);
        json_decref(row);
        return;
    }
    nrs_text_time(at, now_ms);
    printf(_("# Revocation of the key of %s\n"), org);
    printf(_("# Fingerprint: %s\n"), fingerprint);
    printf(_("# Made: %s\n"), at);
    printf("%s\n", _("# Whoever holds this paper can end this key, and nothing else. Keep it away from the node."));
    printf("%s\n", _("# To use it: type the lines below into a file on any machine, and: noroshi key revoke FILE"));
    fputs(paper, stdout);
}

nrs_error nrs_run_key_paper(nrs_cli *cli)
{
    const uint64_t now_ms = nrs_now_ms();
    nrs_node_settings settings;
    nrs_identity *identity = NULL;
    nrs_bytes payload = {0};
    char *paper = NULL;
    nrs_error error = nrs_folder_settings(cli, &settings);

    if (error == NRS_OK) {
        error = nrs_keyring_start(cli);
    }
    if (error == NRS_OK) {
        error = nrs_keyring_load(cli, &identity, NULL, NULL, "identity", NRS_ERROR_NOT_A_NODE);
    }
    if (error == NRS_OK) {
        error = nrs_change_revoke(&payload, identity, settings.org, now_ms);
    }
    if (error == NRS_OK) {
        error = nrs_paper_write(&paper, nrs_slice_of_bytes(&payload));
    }
    if (error == NRS_OK) {
        print_paper(cli, settings.org, identity, now_ms, paper);
    }
    free(paper);
    nrs_bytes_wipe(&payload);
    nrs_identity_destroy(&identity);
    return error;
}

/* ---- revoke ---- */

/* What was typed from a paper, or the armoured form that this command makes of it. */
static nrs_error read_revocation(nrs_cli *cli, nrs_bytes *payload_out, nrs_key_change **change_out, const char *path)
{
    nrs_bytes text = {0};
    nrs_card *card = NULL;
    size_t line = 0;
    bool armoured = false;
    nrs_error error = nrs_file_read_given(cli, &text, path, NRS_FILE_SIZE_MAX);

    if (error != NRS_OK) {
        return error;
    }
    armoured = text.size > 0 && text.data[0] == '-'; /* no line of a paper begins so */
    if (armoured) {
        error = nrs_file_read_armour_given(cli, payload_out, path, "REVOCATION", NRS_FILE_SIZE_MAX);
    } else {
        error = nrs_paper_read(payload_out, &line, nrs_slice_of_bytes(&text));
    }
    if (error == NRS_OK) {
        error = nrs_change_verify(change_out, &card, nrs_slice_of_bytes(payload_out));
    }
    if (error == NRS_OK && (*change_out)->cause != NRS_KEY_REVOKED) {
        error = NRS_ERROR_MALFORMED;
    }
    if (!armoured && nrs_error_exit_code(error) == 8) { /* damaged, as any file of a ceremony that is not whole */
        const char *hint = _("compare it with the paper, sign by sign; there is no I, L, O or U on it");

        error = line > 0 ? nrs_cli_fail(cli, NRS_ERROR_DAMAGED, hint, _("line %zu of the paper is not as it was printed: %s"), line, path)
                         : nrs_cli_fail(cli, NRS_ERROR_DAMAGED, hint, _("%s: damaged, or not whole (%s)"), path, _(nrs_error_sentence(error)));
    } else if (error != NRS_OK) {
        error = nrs_cli_fail_given(cli, error, path);
    }
    nrs_card_free(&card);
    nrs_bytes_wipe(&text);
    return error;
}

/* A running node of any member, the hub's best, makes it known to all. */
static nrs_error submit(nrs_cli *cli, const nrs_key_change *change, nrs_slice payload)
{
    char name[NRS_NAME_SIZE_MAX + 16];
    nrs_node_settings settings;
    nrs_error error = nrs_folder_settings(cli, &settings);

    snprintf(name, sizeof name, "%s.revocation", change->org);
    if (error == NRS_OK) {
        error = nrs_inbox_put(cli, name, "REVOCATION", payload);
    }
    if (error == NRS_OK) {
        error = nrs_inbox_poke(cli, name);
        if (error != NRS_OK) {
            nrs_folder_remove(cli, "inbox", name, "");
        }
    }
    return error;
}

static void print_revoked(const nrs_cli *cli, const nrs_key_change *change, const char *armoured, bool submitted)
{
    char fingerprint[48];
    char at[64];

    nrs_fingerprint(fingerprint, change->sign_key.data);
    if (cli->json) {
        json_t *row = NULL;

        nrs_time_format(at, change->at_ms);
        row = json_pack("{s:s, s:s, s:s, s:b, s:s}", "org", change->org, "fingerprint", fingerprint, "made_at", at, "submitted",
                        submitted ? 1 : 0, "revocation", armoured);
        nrs_text_print_json(stdout, row);
        json_decref(row);
    } else if (submitted) {
        printf(_("The key of %s is revoked. Fingerprint: %s\n"), change->org, fingerprint);
    } else {
        nrs_text_time(at, change->at_ms);
        nrs_cli_note(cli, _("this ends the key of %s with the fingerprint %s; hand it to the secretariat: noroshi key revoke FILE --submit"),
                     change->org, fingerprint);
        if (nrs_cli_option(cli, "output") == NULL) {
            fputs(armoured, stdout);
        }
    }
}

nrs_error nrs_run_key_revoke(nrs_cli *cli)
{
    const char *output = nrs_cli_option(cli, "output");
    bool to_node = nrs_cli_option(cli, "submit") != NULL;
    nrs_bytes payload = {0};
    nrs_key_change *change = NULL;
    char *armoured = NULL;
    nrs_error error = NRS_OK;

    if (output != NULL && to_node) {
        return nrs_cli_fail(cli, NRS_ERROR_USAGE, NULL, "%s", _("give --output or --submit, not both"));
    }
    error = nrs_keyring_start(cli);
    if (error == NRS_OK) {
        error = read_revocation(cli, &payload, &change, cli->arguments[0]);
    }
    if (error == NRS_OK) {
        error = nrs_armour_encode(&armoured, "REVOCATION", nrs_slice_of_bytes(&payload));
    }
    if (error == NRS_OK && to_node) {
        error = submit(cli, change, nrs_slice_of_bytes(&payload));
    } else if (error == NRS_OK && output != NULL) {
        error = nrs_file_write_given(cli, output, nrs_slice_of_string(armoured));
    }
    if (error == NRS_OK) {
        print_revoked(cli, change, armoured, to_node);
    }
    free(armoured);
    nrs_key_change_free(&change);
    nrs_bytes_wipe(&payload);
    return error;
}
