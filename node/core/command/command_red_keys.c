/* Whom a person's process is to seal RED to, and the signatures by which it sees that these are their keys (SPEC 6.7): it does not
 * take the node's word for them. */
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "command/command.h"

nrs_error nrs_red_list_begin(nrs_red_list *list_out, nrs_identity *grantor)
{
    NRS_ASSERT(list_out != NULL && grantor != NULL);
    *list_out = (nrs_red_list){.recipients = json_array(), .cards = json_array(), .grantor = grantor};
    if (list_out->recipients == NULL || list_out->cards == NULL) {
        nrs_red_list_wipe(list_out);
        return NRS_ERROR_NO_MEMORY;
    }
    return NRS_OK;
}

void nrs_red_list_wipe(nrs_red_list *list)
{
    NRS_ASSERT(list != NULL);
    json_decref(list->recipients);
    json_decref(list->cards);
    *list = (nrs_red_list){.recipients = NULL};
}

void nrs_red_list_row(nrs_row *row, nrs_red_list *list)
{
    NRS_ASSERT(row != NULL && list != NULL);
    nrs_row_json(row, "recipients", list->recipients);
    nrs_row_json(row, "cards", list->cards);
    *list = (nrs_red_list){.recipients = NULL};
}

/* What was published at this place of the log: Signed bytes, as text. NULL when they are not here. */
static nrs_error published(nrs_core *core, char **text_out, uint64_t position)
{
    nrs_bytes holder = {0};
    nrs_log_row row;
    nrs_record *record = NULL;
    nrs_error error = position == 0 ? NRS_ERROR_NOT_FOUND : nrs_store_log_get(core->store, &row, &holder, position);

    if (error == NRS_OK) {
        error = row.record.size == 0 ? NRS_ERROR_NOT_FOUND : nrs_record_decode(&record, row.record);
    }
    if (error == NRS_OK) {
        error = nrs_base64_encode(text_out, nrs_field(&record->payload));
    }
    nrs_record_free(&record);
    nrs_bytes_wipe(&holder);
    return error == NRS_ERROR_NOT_FOUND ? NRS_OK : error;
}

/* Of the recipients so far, one of the same organisation brought its card. */
static bool card_stands(const nrs_red_list *list, const char *org)
{
    size_t index;
    const json_t *one;

    json_array_foreach(list->recipients, index, one) {
        const char *other = json_string_value(json_object_get(one, "org_sign_key"));

        if (other != NULL && strcmp(other, org) == 0) {
            return true;
        }
    }
    return false;
}

static nrs_error put_card(nrs_core *core, const nrs_red_list *list, const nrs_recipient *keys)
{
    const nrs_peer *peer = nrs_peer_by_sign(core, keys->org_sign_key);
    char *org = NULL;
    char *card = NULL;
    nrs_error error = nrs_base64_encode(&org, nrs_slice_of(keys->org_sign_key, NRS_KEY_SIZE));

    if (error == NRS_OK && peer != NULL && !card_stands(list, org)) {
        error = published(core, &card, peer->card_position);
    }
    if (error == NRS_OK && card != NULL) {
        error = nrs_array_text(list->cards, card);
    }
    free(card);
    free(org);
    return error;
}

nrs_error nrs_red_put_recipient(nrs_core *core, const nrs_red_list *list, const char *address, const nrs_recipient *keys)
{
    const nrs_bundle *bundle = nrs_bundle_by_owner(core, keys->sign_key);
    uint8_t agreement[NRS_KEY_SIZE];
    char *prekeys = NULL;
    nrs_row row;
    nrs_error error = put_card(core, list, keys);

    if (error == NRS_OK && bundle != NULL) {
        error = published(core, &prekeys, bundle->position);
    }
    if (error == NRS_OK) {
        error = nrs_identity_agree(agreement, list->grantor, keys->agree_key);
    }
    if (error == NRS_OK) {
        row = nrs_row_begin();
        nrs_row_text(&row, "address", address);
        nrs_row_base64(&row, "org_sign_key", nrs_slice_of(keys->org_sign_key, NRS_KEY_SIZE));
        nrs_row_base64(&row, "sign_key", nrs_slice_of(keys->sign_key, NRS_KEY_SIZE));
        nrs_row_base64(&row, "agree_key", nrs_slice_of(keys->agree_key, NRS_KEY_SIZE));
        nrs_row_hex(&row, "prekey_id", keys->prekey_id, NRS_PREKEY_ID_SIZE);
        nrs_row_base64(&row, "prekey", nrs_slice_of(keys->prekey, NRS_KEY_SIZE));
        nrs_row_text(&row, "prekeys", prekeys);
        nrs_row_base64(&row, "agreement", nrs_slice_of(agreement, NRS_KEY_SIZE));
        sodium_memzero(agreement, sizeof agreement);
        error = nrs_row_end(&row, list->recipients);
    }
    free(prekeys);
    return error;
}
