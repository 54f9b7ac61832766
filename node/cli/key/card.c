/* noroshi card: what this organisation shows to others. */
#include <jansson.h>
#include <stdlib.h>

#include "key/card_address.h"
#include "key/card_qr.h"
#include "key/keyring.h"
#include "language.h"
#include "proto/armour.h"
#include "run.h"
#include "text.h"

static nrs_error print_json(const nrs_card *card, const char *fingerprint)
{
    char curve[41];
    json_t *endpoints = json_array();
    json_t *persons = json_array();
    json_t *row = NULL;

    nrs_z85_encode_key(curve, card->curve_key.data);
    for (size_t i = 0; i < card->n_endpoints; i++) {
        (void)json_array_append_new(endpoints, json_string(card->endpoints[i]));
    }
    for (size_t i = 0; i < card->n_persons; i++) {
        (void)json_array_append_new(persons, json_pack("{s:s, s:s}", "id", card->persons[i]->id, "name", card->persons[i]->name));
    }
    row = json_pack("{s:s, s:s, s:s, s:s, s:o, s:o, s:I}", "org", card->org, "name", card->name, "fingerprint", fingerprint,
                    "curve", curve, "endpoints", endpoints, "persons", persons, "serial", (json_int_t)card->serial);
    if (row == NULL) {
        return NRS_ERROR_NO_MEMORY;
    }
    nrs_text_print_json(stdout, row);
    json_decref(row);
    return NRS_OK;
}

static nrs_error draw(nrs_cli *cli, const nrs_card *card, const char *fingerprint, nrs_slice bytes)
{
    char curve[41];
    char *text = NULL;
    char *brief = NULL;
    nrs_error error = nrs_armour_encode(&text, "CARD", bytes);

    if (error == NRS_OK) {
        nrs_z85_encode_key(curve, card->curve_key.data);
        brief = nrs_text_format("NOROSHI %s\n%s\n%s\n", card->org, fingerprint, curve);
        error = brief == NULL ? NRS_ERROR_NO_MEMORY : nrs_card_draw(cli, text, brief);
    }
    free(brief);
    free(text);
    return error;
}

nrs_error nrs_run_card(nrs_cli *cli)
{
    nrs_node_settings settings;
    nrs_bytes bytes = {0};
    nrs_card *card = NULL;
    char *text = NULL;
    char fingerprint[48];
    nrs_error error = nrs_folder_settings(cli, &settings);

    if (error == NRS_OK && (nrs_cli_option(cli, "advertise") != NULL || nrs_cli_option(cli, "listen") != NULL)) {
        return nrs_card_move(cli);
    }
    if (error == NRS_OK) {
        error = nrs_keyring_start(cli);
    }
    if (error == NRS_OK) {
        error = nrs_keyring_own_card(cli, &bytes, &card);
    }
    if (error != NRS_OK) {
        goto out;
    }
    nrs_fingerprint(fingerprint, card->sign_key.data);
    if (nrs_cli_option(cli, "qr") != NULL && nrs_cli_option(cli, "fingerprint") != NULL) {
        error = nrs_cli_fail(cli, NRS_ERROR_USAGE, NULL, "%s", _("give --qr or --fingerprint, not both"));
    } else if (nrs_cli_option(cli, "qr") != NULL) {
        error = draw(cli, card, fingerprint, nrs_slice_of_bytes(&bytes));
    } else if (cli->json) {
        error = print_json(card, fingerprint);
    } else if (nrs_cli_option(cli, "fingerprint") != NULL) {
        puts(fingerprint);
    } else {
        error = nrs_armour_encode(&text, "CARD", nrs_slice_of_bytes(&bytes));
        if (error == NRS_OK) {
            fputs(text, stdout);
        }
    }
out:
    free(text);
    nrs_card_free(&card);
    nrs_bytes_wipe(&bytes);
    return error;
}
