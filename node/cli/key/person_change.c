/* noroshi person remove, rename, unlock, list: what becomes of a person after it was added. */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "control.h"
#include "report/given.h"
#include "key/keyring.h"
#include "key/person_subject.h"
#include "language.h"
#include "proto/address.h"
#include "proto/time.h"
#include "red/red_open.h"
#include "run.h"
#include "text.h"

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

nrs_error nrs_run_person_remove(nrs_cli *cli)
{
    nrs_subject of = {0};
    nrs_error error = nrs_subject_read(cli, &of);

    if (error == NRS_OK) {
        error = nrs_subject_load_org(cli, &of);
    }
    if (error == NRS_OK) {
        error = nrs_subject_sign_card(&of, NULL);
    }
    if (error == NRS_OK) {
        error = remove_files(cli, &of);
    } else if (error == NRS_ERROR_UNKNOWN_PERSON && of.card_bytes.size > 0) { /* perhaps removed already, and cut off before the node was told */
        error = nrs_subject_tell_card(cli, nrs_slice_of_bytes(&of.card_bytes));
        error = error == NRS_OK ? NRS_ERROR_UNKNOWN_PERSON : error;
    }
    if (error == NRS_OK && cli->json) {
        json_t *row = json_pack("{s:s, s:s, s:b}", "person", of.id, "org", of.card->org, "removed", 1);

        nrs_text_print_json(stdout, row);
        json_decref(row);
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

nrs_error nrs_run_person_unlock(nrs_cli *cli)
{
    const uint64_t now_ms = nrs_now_ms();
    nrs_subject of = {0};
    nrs_identity *person = NULL;
    json_t *prekeys = NULL;
    char until[64];
    nrs_error error = nrs_subject_read(cli, &of);

    if (error == NRS_OK) {
        error = nrs_keyring_load(cli, &person, NULL, "persons", of.id, NRS_ERROR_UNKNOWN_PERSON);
    }
    if (error == NRS_OK &&
        memcmp(nrs_identity_public(person)->sign_key, of.card->persons[of.at]->sign_key.data, NRS_KEY_SIZE) != 0) {
        error = nrs_cli_fail(cli, NRS_ERROR_DAMAGED, _("noroshi person reset makes a new one"), _("the key of %s is not the one on the card"), of.id);
    }
    if (error == NRS_OK) {
        error = nrs_keyring_prekeys(&prekeys, person, of.id, of.card->sign_key.data, now_ms);
    }
    if (error == NRS_OK) {
        error = nrs_subject_hand_over(cli, &of, false, prekeys);
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

nrs_error nrs_run_person_list(nrs_cli *cli)
{
    nrs_table table = {.column_count = 4};

    if (!cli->json) {
        nrs_table_add(&table, _("person"));
        nrs_table_add(&table, _("name"));
        nrs_table_add(&table, _("prekeys until"));
        nrs_table_add(&table, _("unread"));
    }
    return nrs_control_table(cli, nrs_control_request("persons"), &table, add_person);
}
