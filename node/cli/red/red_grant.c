/* RED granted anew (SPEC 6.7): persons elsewhere whose prekeys are destroyed wait until the writer unlocks here. This process opens
 * its own slot, sees that each of them stands in the audience, and makes the grant; the node signs it. */
#include <stdlib.h>
#include <string.h>

#include "control.h"
#include "folder.h"
#include "language.h"
#include "red/red.h"
#include "red/red_keys.h"
#include "red/red_open.h"
#include "text.h"

/* Who waits for one report, and the node's half of each agreement. */
typedef struct waiting {
    nrs_red_cards cards;
    nrs_recipient recipients[NRS_TARGET_COUNT_MAX];
    uint8_t agreements[NRS_TARGET_COUNT_MAX][NRS_KEY_SIZE];
    json_t *addresses;
    size_t count;
} waiting;

static nrs_error lent_agreement(void *context, uint8_t shared_out[NRS_KEY_SIZE], const uint8_t peer_agree_key[NRS_KEY_SIZE])
{
    const waiting *with = context;

    for (size_t i = 0; i < with->count; i++) {
        if (memcmp(with->recipients[i].agree_key, peer_agree_key, NRS_KEY_SIZE) == 0) {
            memcpy(shared_out, with->agreements[i], NRS_KEY_SIZE);
            return NRS_OK;
        }
    }
    return NRS_ERROR_FORGED;
}

/* Only whom the report was written to, whatever the node says. */
static bool in_audience(const nrs_red_opening *with, const nrs_recipient *recipient)
{
    for (size_t i = 0; i < with->opened.audience->n_targets; i++) {
        const Nrs__Wire__Target *target = with->opened.audience->targets[i];

        if (nrs_slice_equal(nrs_field(&target->person), nrs_slice_of(recipient->sign_key, NRS_KEY_SIZE)) &&
            nrs_slice_equal(nrs_field(&target->org), nrs_slice_of(recipient->org_sign_key, NRS_KEY_SIZE))) {
            return true;
        }
    }
    return false;
}

/* Who is left out waits on, and the person who unlocks is told: a node that names other keys is not to be trusted. */
static nrs_error read_waiting(nrs_cli *cli, waiting *list, const nrs_red_opening *with, const json_t *row)
{
    const json_t *entries = json_object_get(row, "recipients");
    nrs_error error = nrs_red_cards_read(&list->cards, row);

    for (size_t i = 0; error == NRS_OK && i < json_array_size(entries) && list->count < NRS_TARGET_COUNT_MAX; i++) {
        const json_t *entry = json_array_get(entries, i);
        const char *address = nrs_json_text(entry, "address");
        nrs_recipient *recipient = &list->recipients[list->count];
        const Nrs__Wire__PersonEntry *person = NULL;

        error = nrs_red_recipient(recipient, list->agreements[list->count], &person, &list->cards, entry, nrs_now_ms());
        if (error == NRS_OK && in_audience(with, recipient)) {
            error = json_array_append_new(list->addresses, json_string(address)) == 0 ? NRS_OK : NRS_ERROR_NO_MEMORY;
            list->count++;
        } else if (error != NRS_ERROR_NO_MEMORY) {
            nrs_cli_note(cli, _("not granted: %s: the node names keys that the report was not written to, or that the person has not signed"),
                         address == NULL ? "?" : address);
            error = NRS_OK;
        }
    }
    return error;
}

static nrs_error hand_over(nrs_cli *cli, const char *id, nrs_slice grant, nrs_slice table, json_t *addresses)
{
    json_t *request = nrs_control_request("red-grant");
    nrs_error error = request == NULL || json_object_set_new(request, "id", json_string(id)) != 0 ? NRS_ERROR_NO_MEMORY : NRS_OK;

    if (error == NRS_OK) {
        error = nrs_red_set(request, "grant", grant);
    }
    if (error == NRS_OK) {
        error = nrs_red_set(request, "slot_table", table);
    }
    if (error == NRS_OK && json_object_set(request, "recipients", addresses) != 0) {
        error = NRS_ERROR_NO_MEMORY;
    }
    if (error == NRS_OK) {
        error = nrs_control_call(cli, request, NULL, NULL);
    }
    json_decref(request);
    return error;
}

/* One report. told: whose person reads what is noted. What this person cannot open was written by another, who grants it. */
static nrs_error grant_one(nrs_cli *told, nrs_cli *cli, nrs_identity *person, const char *person_id, const json_t *row, size_t *granted)
{
    const char *id = nrs_json_text(row, "id");
    nrs_red_opening with = {.person = person};
    waiting *list = calloc(1, sizeof *list);
    nrs_public_keys grantor;
    nrs_bytes grant = {0};
    nrs_bytes table = {0};
    nrs_grant_request request = {.authority = NRS_AUTHORITY_ORIGINATOR, .now_ms = nrs_now_ms()};
    nrs_error error = list == NULL || id == NULL ? NRS_ERROR_NO_MEMORY : nrs_red_unseal(cli, &with, person_id, id);

    if (error != NRS_OK) {
        goto out;
    }
    list->addresses = json_array();
    error = read_waiting(told, list, &with, row);
    if (error != NRS_OK || list->count == 0) {
        goto out;
    }
    error = nrs_red_grantor(&grantor, &with, with.sealed->grant);
    if (error == NRS_OK) {
        request.sealed = with.sealed;
        request.file_key = with.file_key;
        request.recipients = list->recipients;
        request.recipient_count = list->count;
        request.grantor = (nrs_grantor){.keys = &grantor, .agree = lent_agreement, .agree_context = list};
        error = nrs_grant_make(&grant, &table, &request);
    }
    if (error == NRS_OK) {
        error = hand_over(cli, id, nrs_slice_of_bytes(&grant), nrs_slice_of_bytes(&table), list->addresses);
    }
    if (error == NRS_OK) {
        *granted += list->count;
    }
out:
    if (list != NULL) {
        json_decref(list->addresses);
        nrs_red_cards_wipe(&list->cards);
        nrs_memory_wipe(list, sizeof *list);
    }
    free(list);
    nrs_bytes_wipe(&table);
    nrs_bytes_wipe(&grant);
    nrs_red_opening_wipe(&with);
    return error;
}

static nrs_error keep_row(void *context, json_t *row)
{
    return json_array_append(context, row) == 0 ? NRS_OK : NRS_ERROR_NO_MEMORY;
}

void nrs_red_grant_waiting(nrs_cli *cli, nrs_identity *person, const char *person_id)
{
    nrs_cli quiet = {.dir = cli->dir};
    json_t *rows = json_array();
    json_t *request = nrs_control_request("red-waiting");
    size_t granted = 0;
    nrs_error error = rows == NULL ? NRS_ERROR_NO_MEMORY : nrs_control_call(&quiet, request, keep_row, rows);

    for (size_t i = 0; error == NRS_OK && i < json_array_size(rows); i++) {
        nrs_cli each = {.dir = cli->dir};

        (void)grant_one(cli, &each, person, person_id, json_array_get(rows, i), &granted); /* another's report is no failure of this person */
        each.dir = NULL;
        nrs_cli_wipe(&each);
    }
    if (granted > 0) {
        nrs_cli_note(cli, _("granted TLP:RED anew to %zu persons who waited for it"), granted);
    }
    json_decref(request);
    json_decref(rows);
    quiet.dir = NULL;
    nrs_cli_wipe(&quiet);
}
