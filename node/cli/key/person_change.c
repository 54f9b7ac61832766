/* noroshi person remove, rename, unlock, list: what becomes of a person after it was added. */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "control.h"
#include "report/given.h"
#include "key/keyring.h"
#include "key/passphrase.h"
#include "key/person_subject.h"
#include "language.h"
#include "proto/address.h"
#include "proto/time.h"
#include "red/red_open.h"
#include "run.h"
#include "text.h"
#include "key/person_waiting.h"
#include "node_words.h"

/* Not found on the card, and its key lies here: of a backup, and it left before that was restored or has not unlocked since. No failure then. */
static bool is_off_card(nrs_cli *cli, const nrs_subject *of, nrs_error *error)
{
    const bool off_card = *error == NRS_ERROR_UNKNOWN_PERSON && nrs_folder_has(cli, "persons", of->id, ".key");

    if (off_card) {
        nrs_cli_forget_failure(cli);
        *error = NRS_OK;
    }
    return off_card;
}

/* ---- remove, rename ---- */

/* The keys go when the card is on the disk and before it stands: who is not on the card is not removed again, and a key that outlived it
 * would stay for ever. */
static nrs_error remove_files(nrs_cli *cli, nrs_subject *of)
{
    nrs_error error = NRS_OK;

    nrs_folder_begin(cli);
    error = nrs_subject_put_card(cli, nrs_slice_of_bytes(&of->card_bytes));
    if (error == NRS_OK) {
        nrs_person_erase_keys(cli, of);
    }
    error = nrs_folder_end(cli, error);
    return error == NRS_OK ? nrs_inbox_poke(cli, "own.card") : error;
}

static nrs_error take_off_card(nrs_cli *cli, nrs_subject *of)
{
    nrs_error error = nrs_subject_load_org(cli, of);

    if (error == NRS_OK) {
        error = nrs_subject_sign_card(of, NULL);
    }
    return error == NRS_OK ? remove_files(cli, of) : error;
}

nrs_error nrs_run_person_remove(nrs_cli *cli)
{
    nrs_subject of = {0};
    nrs_error error = nrs_subject_read(cli, &of);
    const bool off_card = is_off_card(cli, &of, &error);

    if (off_card) { /* the key goes, and nobody is to be told */
        nrs_person_erase_keys(cli, &of);
    } else if (error == NRS_OK) {
        error = take_off_card(cli, &of);
    } else if (error == NRS_ERROR_UNKNOWN_PERSON && of.card_bytes.size > 0) { /* perhaps removed already, and cut off before the node was told */
        error = nrs_subject_tell_card(cli, nrs_slice_of_bytes(&of.card_bytes));
        error = error == NRS_OK ? NRS_ERROR_UNKNOWN_PERSON : error;
    }
    if (error == NRS_OK && cli->json) {
        json_t *row = json_pack("{s:s, s:s, s:b}", "person", of.id, "org", of.card->org, "removed", 1);

        nrs_text_print_json(stdout, row);
        json_decref(row);
    } else if (error == NRS_OK && off_card) {
        printf(_("Destroyed the key of %s@%s, who was on no card.\n"), of.id, of.card->org);
    } else if (error == NRS_OK) {
        printf(_("Removed %s@%s. What was sent to this person and not read closes; the senders see it.\n"), of.id, of.card->org);
    }
    nrs_subject_wipe(&of);
    return error;
}

nrs_error nrs_run_person_rename(nrs_cli *cli)
{
    const char *name = nrs_cli_option(cli, "name");
    char text[NRS_DISPLAY_NAME_SIZE_MAX + 1];
    nrs_subject of = {0};
    nrs_error error = NRS_OK;

    if (name == NULL) {
        return nrs_cli_fail(cli, NRS_ERROR_USAGE, NULL, "%s", _("person rename needs --name"));
    }
    error = nrs_given_name(cli, name);
    if (error == NRS_OK) {
        error = nrs_subject_read(cli, &of);
    }
    if (error == NRS_OK) {
        error = nrs_subject_load_org(cli, &of);
    }
    if (error == NRS_OK) {
        Nrs__Wire__PersonEntry entry = *of.card->persons[of.at]; /* its proof speaks of the key and the id, not of the name */

        snprintf(text, sizeof text, "%s", name);
        entry.name = text;
        error = nrs_subject_sign_card(&of, &entry);
    }
    if (error == NRS_OK) {
        error = nrs_subject_hand_over(cli, &of, true, NULL);
    }
    if (error == NRS_OK && cli->json) {
        json_t *row = json_pack("{s:s, s:s, s:s}", "person", of.id, "org", of.card->org, "name", name);

        nrs_text_print_json(stdout, row);
        json_decref(row);
    } else if (error == NRS_OK) {
        printf(_("%s@%s is now called %s.\n"), of.id, of.card->org, name);
    }
    nrs_subject_wipe(&of);
    return error;
}

/* ---- unlock, list ---- */

/* The node's key, which signs the card: its passphrase is not the person's, which the option before the command gives. */
static nrs_error load_signer(nrs_cli *cli, nrs_subject *of)
{
    nrs_bytes file = {0};
    nrs_bytes passphrase = {0};
    nrs_error error = nrs_folder_read_armour(cli, &file, "KEY", NULL, "identity", ".key", NRS_ERROR_NOT_A_NODE);

    if (error == NRS_OK && nrs_identity_file_locked(nrs_slice_of_bytes(&file))) {
        error = nrs_passphrase_ask(cli, &passphrase, "identity");
        if (error != NRS_OK) {
            nrs_cli_forget_failure(cli);
            error = nrs_cli_fail(cli, error, _("where nobody can be asked: noroshi --passphrase-file NODE.pass person add PERSON --name NAME --passphrase-file PERSON.pass"), "%s",
                                 _("the card is signed by the node's key, which is under a passphrase of its own"));
        }
    }
    if (error == NRS_OK) {
        error = nrs_keyring_load_with(cli, &of->org, nrs_slice_of_bytes(&passphrase), NULL, "identity", NRS_ERROR_NOT_A_NODE);
    }
    nrs_bytes_wipe(&file);
    nrs_bytes_wipe(&passphrase);
    return error;
}

/* What it was called on the card of the backup; the id where nobody knows any more. */
static void name_before(nrs_cli *cli, char name_out[NRS_DISPLAY_NAME_SIZE_MAX + 1], const char *id)
{
    nrs_bytes bytes = {0};
    nrs_card *card = NULL;

    snprintf(name_out, NRS_DISPLAY_NAME_SIZE_MAX + 1, "%s", id);
    if (nrs_folder_has(cli, NULL, "restored", ".card") &&
        nrs_folder_read_armour(cli, &bytes, "CARD", NULL, "restored", ".card", NRS_ERROR_NOT_FOUND) == NRS_OK &&
        nrs_card_verify(&card, nrs_slice_of_bytes(&bytes)) == NRS_OK) {
        for (size_t i = 0; i < card->n_persons; i++) {
            if (strcmp(card->persons[i]->id, id) == 0) {
                snprintf(name_out, NRS_DISPLAY_NAME_SIZE_MAX + 1, "%s", card->persons[i]->name);
            }
        }
    }
    nrs_cli_forget_failure(cli);
    nrs_card_free(&card);
    nrs_bytes_wipe(&bytes);
}

/* A person of a backup (SPEC 7.9): its prekeys are gone, and new ones go out with the card that names it. */
static nrs_error back_on_card(nrs_cli *cli, nrs_subject *of, const nrs_identity *person)
{
    char name[NRS_DISPLAY_NAME_SIZE_MAX + 1];
    nrs_error error = load_signer(cli, of);

    if (error == NRS_OK) {
        name_before(cli, name, of->id);
        error = nrs_card_with_person(&of->card_bytes, of->card, of->org, person, of->id, name);
        error = error == NRS_OK ? NRS_OK : nrs_cli_fail_about(cli, error, of->id);
    }
    return error;
}

nrs_error nrs_run_person_unlock(nrs_cli *cli)
{
    const uint64_t now_ms = nrs_now_ms();
    nrs_subject of = {0};
    nrs_identity *person = NULL;
    json_t *prekeys = NULL;
    char until[64];
    nrs_error error = nrs_subject_read(cli, &of);
    const bool off_card = is_off_card(cli, &of, &error);

    if (error == NRS_OK) {
        error = nrs_keyring_load(cli, &person, NULL, "persons", of.id, NRS_ERROR_UNKNOWN_PERSON);
    }
    if (error == NRS_OK && off_card) {
        error = back_on_card(cli, &of, person);
    } else if (error == NRS_OK &&
        memcmp(nrs_identity_public(person)->sign_key, of.card->persons[of.at]->sign_key.data, NRS_KEY_SIZE) != 0) {
        error = nrs_cli_fail(cli, NRS_ERROR_DAMAGED, _("noroshi person reset makes a new one"), _("the key of %s is not the one on the card"), of.id);
    }
    if (error == NRS_OK) {
        error = nrs_keyring_prekeys(&prekeys, person, of.id, of.card->sign_key.data, now_ms);
    }
    if (error == NRS_OK) {
        error = nrs_subject_hand_over(cli, &of, off_card, prekeys);
    }
    if (error == NRS_OK && nrs_control_answers(cli)) {
        nrs_red_grant_waiting(cli, person, of.id);
    }
    if (error == NRS_OK && cli->json) {
        json_t *row = NULL;

        nrs_time_format(until, nrs_person_prekeys_until(now_ms));
        row = json_pack("{s:s, s:s, s:s}", "person", of.id, "org", of.card->org, "prekeys_until", until);
        nrs_text_print_json(stdout, row);
        json_decref(row);
    } else if (error == NRS_OK) {
        nrs_text_time(until, nrs_person_prekeys_until(now_ms));
        printf(_("Published prekeys of %s@%s until %s.\n"), of.id, of.card->org, until);
    }
    json_decref(prekeys);
    nrs_identity_destroy(&person);
    nrs_subject_wipe(&of);
    return error;
}

static nrs_error add_person(void *context, json_t *row)
{
    nrs_table *table = context;
    char until[64];
    char unread[32];

    nrs_text_time_of(until, nrs_json_text(row, "prekeys_until"));
    snprintf(unread, sizeof unread, "%lld", (long long)json_integer_value(json_object_get(row, "unread")));
    nrs_table_add(table, nrs_json_text(row, "person"));
    nrs_table_add(table, nrs_json_text(row, "name"));
    nrs_table_add(table, until);
    nrs_table_add(table, unread);
    return table->error;
}

static nrs_error tell_waiting(nrs_cli *cli)
{
    json_t *sentences = json_array();
    nrs_error error = sentences == NULL ? NRS_ERROR_NO_MEMORY : nrs_persons_waiting(cli, sentences);

    for (size_t i = 0; i < json_array_size(sentences); i++) {
        char *words = nrs_node_words(json_string_value(json_array_get(sentences, i)), NULL);

        nrs_cli_note(cli, "%s", words == NULL ? "?" : words);
        free(words);
    }
    json_decref(sentences);
    return error;
}

nrs_error nrs_run_person_list(nrs_cli *cli)
{
    nrs_table table = {.column_count = 4};
    nrs_error error;

    if (!cli->json) {
        nrs_table_add(&table, _("person"));
        nrs_table_add(&table, _("name"));
        nrs_table_add(&table, _("prekeys until"));
        nrs_table_add(&table, _("unread"));
    }
    error = nrs_control_table(cli, nrs_control_request("persons"), &table, add_person);
    return error == NRS_OK ? tell_waiting(cli) : error;
}
