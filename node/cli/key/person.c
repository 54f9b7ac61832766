/* noroshi person add: a key of their own for a named individual, told to others by the organisation's card. */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "control.h"
#include "report/given.h"
#include "key/keyring.h"
#include "key/person_subject.h"
#include "language.h"
#include "proto/address.h"
#include "proto/time.h"
#include "run.h"
#include "text.h"

/* Who is added, and with what. */
typedef struct addition {
    const char *id, *name;
    nrs_identity *org;    /* the node's identity, which signs the card */
    nrs_identity *person;
    nrs_bytes passphrase; /* of the person's key */
    nrs_bytes card_bytes; /* Signed, as it was, then as it becomes */
    nrs_card *card;       /* as it was */
} addition;

static void addition_wipe(addition *with)
{
    nrs_identity_destroy(&with->org);
    nrs_identity_destroy(&with->person);
    nrs_bytes_wipe(&with->passphrase);
    nrs_bytes_wipe(&with->card_bytes);
    nrs_card_free(&with->card);
}

static nrs_error check_arguments(nrs_cli *cli, addition *with)
{
    with->id = cli->arguments[0];
    with->name = nrs_cli_option(cli, "name");
    if (!nrs_name_valid(with->id)) {
        return nrs_cli_fail_about(cli, NRS_ERROR_BAD_NAME, with->id);
    }
    if (with->name == NULL) {
        return nrs_cli_fail(cli, NRS_ERROR_USAGE, NULL, "%s", _("person add needs --name"));
    }
    return nrs_given_name(cli, with->name);
}

static nrs_error check_free(nrs_cli *cli, const addition *with)
{
    for (size_t i = 0; i < with->card->n_persons; i++) {
        if (strcmp(with->card->persons[i]->id, with->id) == 0) { /* perhaps added already, and cut off before the node was told */
            nrs_error error = nrs_subject_tell_card(cli, nrs_slice_of_bytes(&with->card_bytes));

            return error != NRS_OK ? error
                                   : nrs_cli_fail(cli, NRS_ERROR_EXISTS, _("if the adding was cut off, noroshi person unlock publishes the prekeys and completes it"),
                                                  "%s: %s", with->id, _(nrs_error_sentence(NRS_ERROR_EXISTS)));
        }
    }
    if (with->card->n_persons >= NRS_PERSON_COUNT_MAX) {
        return nrs_cli_fail_about(cli, NRS_ERROR_LIMIT, with->id);
    }
    return NRS_OK;
}

/* The key, the card that names it, and what the node takes up: the running one is told the prekeys at once, another finds them in its inbox. */
static nrs_error write_files(nrs_cli *cli, const addition *with, json_t *prekeys)
{
    const bool running = nrs_control_answers(cli);
    char file[NRS_NAME_SIZE_MAX + 16];
    nrs_error error = NRS_OK;

    snprintf(file, sizeof file, "%s.prekeys", with->id);
    nrs_folder_begin(cli);
    error = nrs_keyring_save(cli, with->person, nrs_slice_of_bytes(&with->passphrase), "persons", with->id);
    if (error == NRS_OK && !running) { /* it is taken up after the card, which the node reads before its inbox */
        error = nrs_person_leave(cli, file, prekeys);
    }
    if (error == NRS_OK) {
        error = nrs_subject_put_card(cli, nrs_slice_of_bytes(&with->card_bytes));
    }
    error = nrs_folder_end(cli, error);
    if (error == NRS_OK) {
        error = nrs_inbox_poke(cli, "own.card");
    }
    return error == NRS_OK && running ? nrs_person_tell(cli, file, prekeys) : error;
}

static void print_added(const nrs_cli *cli, const addition *with, uint64_t until_ms)
{
    char fingerprint[48];
    char until[32];
    char until_local[64];

    nrs_fingerprint(fingerprint, nrs_identity_public(with->person)->sign_key);
    nrs_time_format(until, until_ms);
    nrs_text_time(until_local, until_ms);
    if (cli->json) {
        json_t *row = json_pack("{s:s, s:s, s:s, s:s, s:s}", "person", with->id, "org", with->card->org, "name", with->name,
                                "fingerprint", fingerprint, "prekeys_until", until);

        nrs_text_print_json(stdout, row);
        json_decref(row);
        return;
    }
    printf(_("Added %s@%s. Fingerprint: %s\n"), with->id, with->card->org, fingerprint);
    printf(_("Prekeys last until %s.\n"), until_local);
}

static nrs_error add(nrs_cli *cli, addition *with)
{
    const uint64_t now_ms = nrs_now_ms();
    json_t *prekeys = NULL;
    /* A key that is there already, of a person who is not on the card, is kept: the organisation's key changed. */
    nrs_error error = nrs_folder_has(cli, "persons", with->id, ".key")
                          ? nrs_keyring_load_with(cli, &with->person, nrs_slice_of_bytes(&with->passphrase), "persons", with->id, NRS_ERROR_DAMAGED)
                          : nrs_identity_new(&with->person);

    if (error == NRS_OK) {
        error = nrs_card_with_person(&with->card_bytes, with->card, with->org, with->person, with->id, with->name);
    }
    if (error == NRS_OK) {
        error = nrs_keyring_prekeys(&prekeys, with->person, with->id, nrs_identity_public(with->org)->sign_key, now_ms);
    }
    if (error == NRS_OK) {
        error = write_files(cli, with, prekeys);
    }
    if (error == NRS_OK) {
        print_added(cli, with, now_ms - now_ms % NRS_WEEK_MS + NRS_PERSON_PREKEY_COUNT * NRS_WEEK_MS);
    }
    json_decref(prekeys);
    return error;
}

nrs_error nrs_run_person_add(nrs_cli *cli)
{
    nrs_node_settings settings;
    addition with = {0};
    nrs_error error = check_arguments(cli, &with);

    if (error == NRS_OK) {
        error = nrs_folder_settings(cli, &settings);
    }
    if (error == NRS_OK) {
        error = nrs_keyring_start(cli);
    }
    if (error == NRS_OK) {
        error = nrs_keyring_own_card(cli, &with.card_bytes, &with.card);
    }
    if (error == NRS_OK) {
        error = check_free(cli, &with);
    }
    if (error == NRS_OK) {
        error = nrs_keyring_load(cli, &with.org, NULL, NULL, "identity", NRS_ERROR_NOT_A_NODE);
    }
    if (error == NRS_OK) {
        error = nrs_passphrase_new(cli, &with.passphrase);
    }
    if (error == NRS_OK) {
        error = add(cli, &with);
    }
    addition_wipe(&with);
    return error;
}
