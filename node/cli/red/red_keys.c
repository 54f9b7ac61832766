#include "red/red_keys.h"

#include <stdlib.h>
#include <string.h>

#include "keys/card.h"
#include "proto/address.h"
#include "proto/assert.h"
#include "red/red.h"

/* The node's clock and this process's are one, but an answer takes a while, and a person may wait before answering a question. */
#define SLACK_MS (10ull * 60u * 1000u)

void nrs_red_cards_wipe(nrs_red_cards *cards)
{
    NRS_ASSERT(cards != NULL);
    for (size_t i = 0; i < cards->count; i++) {
        nrs_card_free(&cards->list[i]);
    }
    free(cards->list);
    *cards = (nrs_red_cards){.list = NULL};
}

nrs_error nrs_red_cards_read(nrs_red_cards *cards_out, const json_t *row)
{
    const json_t *given = json_object_get(row, "cards");
    nrs_red_cards cards = {.list = calloc(json_array_size(given) + 1, sizeof(nrs_card *))};
    nrs_error error = cards.list == NULL ? NRS_ERROR_NO_MEMORY : NRS_OK;

    NRS_ASSERT(cards_out != NULL);

    for (size_t i = 0; error == NRS_OK && i < json_array_size(given); i++) {
        nrs_bytes bytes = {0};

        error = nrs_red_base64(&bytes, json_array_get(given, i));
        if (error == NRS_OK) {
            error = nrs_card_verify(&cards.list[cards.count], nrs_slice_of_bytes(&bytes));
            cards.count += error == NRS_OK ? 1 : 0;
        }
        error = error == NRS_ERROR_NO_MEMORY ? error : NRS_OK; /* whose card is none has no keys here */
        nrs_bytes_wipe(&bytes);
    }
    if (error != NRS_OK) {
        nrs_red_cards_wipe(&cards);
        return error;
    }
    *cards_out = cards;
    return NRS_OK;
}

/* nrs_card_verify has seen that the organisation signed the card, and the person its place on it. */
static const Nrs__Wire__PersonEntry *person_on_card(const nrs_red_cards *cards, const nrs_recipient *named)
{
    for (size_t i = 0; i < cards->count; i++) {
        const nrs_card *card = cards->list[i];

        if (!nrs_slice_equal(nrs_field(&card->sign_key), nrs_slice_of(named->org_sign_key, NRS_KEY_SIZE))) {
            continue;
        }
        for (size_t j = 0; j < card->n_persons; j++) {
            if (nrs_slice_equal(nrs_field(&card->persons[j]->sign_key), nrs_slice_of(named->sign_key, NRS_KEY_SIZE))) {
                return card->persons[j];
            }
        }
    }
    return NULL;
}

/* The prekey that is named stands in the person's own bundle with these bytes, in a window that holds now. */
static nrs_error check_prekey(const nrs_recipient *named, const json_t *entry, uint64_t now_ms)
{
    nrs_bytes bytes = {0};
    nrs_prekeys *bundle = NULL;
    bool good = false;
    nrs_error error = nrs_red_base64(&bytes, json_object_get(entry, "prekeys"));

    if (error == NRS_OK) {
        error = nrs_prekeys_verify(&bundle, nrs_slice_of_bytes(&bytes));
    }
    if (error == NRS_OK && nrs_slice_equal(nrs_field(&bundle->owner), nrs_slice_of(named->sign_key, NRS_KEY_SIZE))) {
        for (size_t i = 0; i < bundle->n_prekeys; i++) {
            const Nrs__Wire__Prekey *one = bundle->prekeys[i];

            good = good || (nrs_slice_equal(nrs_field(&one->id), nrs_slice_of(named->prekey_id, NRS_PREKEY_ID_SIZE)) &&
                            nrs_slice_equal(nrs_field(&one->key), nrs_slice_of(named->prekey, NRS_KEY_SIZE)) &&
                            one->from_ms <= now_ms + SLACK_MS && now_ms < one->until_ms + SLACK_MS);
        }
    }
    nrs_prekeys_free(&bundle);
    nrs_bytes_wipe(&bytes);
    return error != NRS_OK || good ? error : NRS_ERROR_FORGED;
}

nrs_error nrs_red_recipient(nrs_recipient *recipient_out, uint8_t agreement_out[NRS_KEY_SIZE], const Nrs__Wire__PersonEntry **person_out,
                            const nrs_red_cards *cards, const json_t *entry, uint64_t now_ms)
{
    nrs_recipient named;
    nrs_error error = nrs_red_bytes(named.org_sign_key, NRS_KEY_SIZE, entry, "org_sign_key");

    NRS_ASSERT(recipient_out != NULL && person_out != NULL);

    if (error == NRS_OK) {
        error = nrs_red_bytes(named.sign_key, NRS_KEY_SIZE, entry, "sign_key");
    }
    if (error == NRS_OK) {
        error = nrs_red_bytes(named.agree_key, NRS_KEY_SIZE, entry, "agree_key");
    }
    if (error == NRS_OK) {
        error = nrs_red_bytes(named.prekey_id, NRS_PREKEY_ID_SIZE, entry, "prekey_id");
    }
    if (error == NRS_OK) {
        error = nrs_red_bytes(named.prekey, NRS_KEY_SIZE, entry, "prekey");
    }
    if (error == NRS_OK) {
        const Nrs__Wire__PersonEntry *person = person_on_card(cards, &named);

        if (person == NULL || !nrs_slice_equal(nrs_field(&person->agree_key), nrs_slice_of(named.agree_key, NRS_KEY_SIZE))) {
            return NRS_ERROR_FORGED;
        }
        error = check_prekey(&named, entry, now_ms);
        if (error == NRS_OK) {
            error = nrs_red_bytes(agreement_out, NRS_KEY_SIZE, entry, "agreement");
        }
        if (error == NRS_OK) {
            *recipient_out = named;
            *person_out = person;
        }
    }
    return error;
}

bool nrs_red_addressed(const nrs_held *held, const char *address, const nrs_recipient *recipient, const Nrs__Wire__PersonEntry *person)
{
    nrs_address parsed;
    const Nrs__Wire__Member *member;

    if (nrs_address_parse(&parsed, address) != NRS_OK || parsed.type != NRS_ADDRESS_PERSON) {
        return false;
    }
    member = nrs_roster_member_by_org(held->roster, parsed.name);
    return member != NULL && nrs_slice_equal(nrs_field(&member->sign_key), nrs_slice_of(recipient->org_sign_key, NRS_KEY_SIZE)) &&
           strcmp(person->id, parsed.person) == 0;
}
