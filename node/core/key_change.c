/* Keys that end (SPEC 7.7): a revocation binds every node that holds it at once, whatever the roster says; a succession is
 * kept, passed on, and left for whoever keeps the roster. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "directory.h"
#include "keys/change.h"

const nrs_key_end *nrs_key_end_of(const nrs_core *core, const uint8_t sign_key[NRS_KEY_SIZE])
{
    nrs_key_end *end;

    HASH_FIND(hh, core->key_ends, sign_key, NRS_KEY_SIZE, end);
    return end;
}

bool nrs_key_revoked(const nrs_core *core, const uint8_t sign_key[NRS_KEY_SIZE])
{
    const nrs_key_end *end = nrs_key_end_of(core, sign_key);

    return end != NULL && end->cause == NRS_KEY_REVOKED;
}

uint64_t nrs_key_change_concerns(const nrs_core *core, const uint8_t sign_key[NRS_KEY_SIZE])
{
    uint64_t bits = 0;

    for (size_t i = 0; i < core->community_count; i++) {
        const nrs_roster *roster = core->communities[i].roster;
        if (nrs_roster_member_by_key(roster, sign_key) != NULL || nrs_roster_tombstone(roster, sign_key) != NULL) {
            bits |= nrs_community_bit(core, &core->communities[i]);
        }
    }
    return bits;
}

static nrs_error remember(nrs_core *core, const nrs_key_change *change, const nrs_card *card)
{
    nrs_key_end *end;

    HASH_FIND(hh, core->key_ends, change->sign_key.data, NRS_KEY_SIZE, end);
    if (end == NULL) {
        end = calloc(1, sizeof *end);
        if (end == NULL) {
            return NRS_ERROR_NO_MEMORY;
        }
        memcpy(end->sign_key, change->sign_key.data, NRS_KEY_SIZE);
        HASH_ADD(hh, core->key_ends, sign_key, NRS_KEY_SIZE, end);
    }
    end->cause = change->cause;
    (void)snprintf(end->org, sizeof end->org, "%s", change->org);
    if (card != NULL) {
        memcpy(end->agree_key, change->agree_key.data, NRS_KEY_SIZE);
        memcpy(end->successor, card->sign_key.data, NRS_KEY_SIZE);
    }
    return NRS_OK;
}

static nrs_error load_change(void *context, const nrs_published_row *row)
{
    nrs_key_change *change = NULL;
    nrs_card *card = NULL;
    nrs_error error = nrs_change_verify(&change, &card, row->payload);

    if (error == NRS_OK) {
        error = remember(context, change, card);
    }
    nrs_key_change_free(&change);
    nrs_card_free(&card);
    return error == NRS_OK || nrs_error_is_fatal(error) ? error : NRS_ERROR_DAMAGED;
}

nrs_error nrs_key_changes_load(nrs_core *core)
{
    return nrs_store_key_change_each(core->store, load_change, core);
}

void nrs_key_changes_wipe(nrs_core *core)
{
    nrs_key_end *end, *next;

    HASH_ITER (hh, core->key_ends, end, next) {
        HASH_DEL(core->key_ends, end);
        free(end);
    }
}

/* Whether the statement says something new. A revocation stands above a succession; of two successions the first stands, since
 * the second may be made by whoever stole the key. */
static nrs_error is_news(const nrs_core *core, bool *news_out, const nrs_key_change *change, const nrs_card *card)
{
    const nrs_key_end *held = nrs_key_end_of(core, change->sign_key.data);

    *news_out = held == NULL || (held->cause == NRS_KEY_SUCCEEDED && change->cause == NRS_KEY_REVOKED);
    if (*news_out || held->cause == NRS_KEY_REVOKED || memcmp(held->successor, card->sign_key.data, NRS_KEY_SIZE) == 0) {
        return NRS_OK;
    }
    return NRS_ERROR_EXISTS;
}

static nrs_error store_change(nrs_core *core, nrs_slice record, nrs_slice payload, const nrs_key_change *change, nrs_slice source)
{
    nrs_published_row row = {.owner = change->sign_key.data, .serial = change->cause, .payload = payload};
    uint8_t id[NRS_HASH_SIZE];
    nrs_error error;

    nrs_record_id(id, record);
    error = nrs_log_add(core, &row.position, NRS_RECORD_KEY_CHANGE, id, record, nrs_field(&change->sign_key), source, 0);
    return error == NRS_OK ? nrs_store_key_change_set(core->store, &row) : error;
}

nrs_error nrs_key_change_take(nrs_core *core, nrs_slice record, nrs_slice payload, nrs_slice source)
{
    nrs_key_change *change = NULL;
    nrs_card *card = NULL;
    bool news = false;
    nrs_error error = nrs_change_verify(&change, &card, payload);

    if (error == NRS_OK && nrs_key_change_concerns(core, change->sign_key.data) == 0) {
        error = NRS_ERROR_NOT_MEMBER;
    }
    if (error == NRS_OK) {
        error = is_news(core, &news, change, card);
    }
    if (error != NRS_OK || !news) {
        goto out;
    }
    error = store_change(core, record, payload, change, source);
    if (error == NRS_OK) {
        error = remember(core, change, card);
    }
    if (error == NRS_OK && change->cause == NRS_KEY_REVOKED) {
        nrs_core_log(core, NRS_ERROR_REVOKED, "the key of %s is revoked by itself: nothing of it is taken any more", change->org);
        core->admission_changed = true; /* links end within this step */
        error = nrs_directory_reindex(core);
    } else if (error == NRS_OK) {
        nrs_core_log(core, NRS_OK, "%s announces new keys; the roster decides", change->org);
        error = nrs_write_armoured(core, "changes", change->org, ".succession", "SUCCESSION", payload);
    }
    if (error != NRS_OK) {
        core->must_reload = true; /* memory has run ahead of the store */
    }
out:
    nrs_key_change_free(&change);
    nrs_card_free(&card);
    return error;
}
