/* A person whose key is on the organisation's card no longer (left, or has a new key): the shares of its prekeys are destroyed,
 * and the senders of what it had not read yet are told (SPEC 7.3). */
#include <stdlib.h>
#include <stdio.h>
#include <string.h>

#include "link/log.h"
#include "prekeys/prekeys.h"
#include "report/report_ids.h"
#include "report/withdrawal.h"

/* RED reports that are here for persons. */
static bool for_persons(const nrs_report_row *row)
{
    return row->label == NRS_LABEL_RED && row->key_state == NRS_KEY_PERSON;
}

typedef struct search {
    nrs_core *core;
    const uint8_t *owner;
    const char *address;
    bool slot, opened;
} search;

static nrs_error match_slot(void *context, const uint8_t *grant_id, uint32_t index, nrs_slice slot_path)
{
    search *job = context;
    nrs_record *record = NULL;
    nrs_slot_path *path = NULL;
    nrs_slot *slot = NULL;
    const nrs_own_prekey *prekey = NULL;

    (void)grant_id;
    (void)index;
    if (nrs_record_decode(&record, slot_path) == NRS_OK && nrs_slot_path_decode(&path, nrs_field(&record->payload)) == NRS_OK &&
        nrs_slot_decode(&slot, nrs_field(&path->slot)) == NRS_OK) {
        prekey = nrs_own_prekey_by_id(job->core, slot->prekey_id.data);
        job->slot = job->slot || (prekey != NULL && prekey->person && memcmp(nrs_person_key_now(job->core, prekey->owner), job->owner, NRS_KEY_SIZE) == 0);
    }
    nrs_slot_free(&slot);
    nrs_slot_path_free(&path);
    nrs_record_free(&record);
    return NRS_OK;
}

static nrs_error match_receipt(void *context, const char *address, uint32_t stage, uint64_t at_ms, const char *person)
{
    search *job = context;

    (void)at_ms;
    (void)person;
    job->opened = job->opened || (stage == NRS_STAGE_OPENED && strcmp(address, job->address) == 0);
    return NRS_OK;
}

/* Tell the originator, once, unless it is this organisation itself. */
static nrs_error tell(nrs_core *core, const nrs_report_row *row, const char *person_id)
{
    nrs_sealed_view *view = NULL;
    uint64_t position = 0;
    nrs_error error = nrs_log_sealed(core, &view, &position, row->id);

    if (error == NRS_OK && row->part == NRS_PART_RECEIVED) {
        error = nrs_receipt_queue(core, view->header, row->id, NRS_STAGE_CANNOT_OPEN, person_id, "");
    }
    nrs_sealed_view_free(&view);
    return error == NRS_ERROR_NOT_FOUND ? NRS_OK : error;
}

nrs_error nrs_person_unread(nrs_core *core, size_t *count_out, const char *person_id, const uint8_t owner[NRS_KEY_SIZE], bool told)
{
    const nrs_report_filter filter = {.received_only = true};
    nrs_id_list all = {.count = 0};
    char address[NRS_ADDRESS_SIZE_MAX + 1];
    size_t count = 0;
    nrs_error error = nrs_report_ids(core, &all, &filter, for_persons);

    (void)snprintf(address, sizeof address, "%s@%s", person_id, core->org);
    for (size_t i = 0; i < all.count && error == NRS_OK; i++) {
        search job = {.core = core, .owner = owner, .address = address};
        nrs_report_row row;
        nrs_bytes holder = {0};

        error = nrs_store_report_get(core->store, &row, &holder, all.ids[i]);
        if (error == NRS_OK && row.expires_ms > core->now_ms && !nrs_withdrawn(core, row.id)) {
            error = nrs_store_slot_each(core->store, row.id, match_slot, &job);
        }
        if (error == NRS_OK && job.slot) {
            error = nrs_store_receipt_each(core->store, row.position, match_receipt, &job);
        }
        if (error == NRS_OK && job.slot && !job.opened) {
            count++;
            error = told ? tell(core, &row, person_id) : NRS_OK;
        }
        nrs_bytes_wipe(&holder);
    }
    nrs_id_list_wipe(&all);
    if (error == NRS_OK) {
        *count_out = count;
    }
    return error;
}

static nrs_error destroy_shares(nrs_core *core, const uint8_t *owner)
{
    uint8_t ids[NRS_PREKEYS_DESTROYED_MAX][NRS_PREKEY_ID_SIZE];
    size_t count = NRS_PREKEYS_DESTROYED_MAX;
    nrs_error error = NRS_OK;

    while (error == NRS_OK && count == NRS_PREKEYS_DESTROYED_MAX) {
        count = 0;
        for (const nrs_own_prekey *prekey = core->own_prekeys; prekey != NULL && count < NRS_PREKEYS_DESTROYED_MAX; prekey = prekey->hh.next) {
            if (prekey->person && memcmp(nrs_person_key_now(core, prekey->owner), owner, NRS_KEY_SIZE) == 0) {
                memcpy(ids[count], prekey->id, NRS_PREKEY_ID_SIZE);
                count++;
            }
        }
        error = nrs_prekeys_destroy(core, (const uint8_t(*)[NRS_PREKEY_ID_SIZE])ids, count);
    }
    return error;
}

/* By its key, or by one that took its place and reads what was sealed to it. */
static bool stands(const nrs_core *core, const nrs_card *card, const Nrs__Wire__PersonEntry *person)
{
    const nrs_slice now = nrs_slice_of(nrs_person_key_now(core, person->sign_key.data), NRS_KEY_SIZE);

    for (size_t i = 0; i < card->n_persons; i++) {
        nrs_slice key = nrs_field(&card->persons[i]->sign_key);

        if (nrs_slice_equal(key, nrs_field(&person->sign_key)) || (nrs_slice_equal(key, now) && strcmp(card->persons[i]->id, person->id) == 0)) {
            return true;
        }
    }
    return false;
}

nrs_error nrs_persons_settle(nrs_core *core, const nrs_card *before, const nrs_card *after)
{
    nrs_error error = NRS_OK;

    for (size_t i = 0; before != NULL && i < before->n_persons && error == NRS_OK; i++) {
        const Nrs__Wire__PersonEntry *person = before->persons[i];
        size_t unread = 0;

        if (stands(core, after, person)) {
            continue;
        }
        error = nrs_person_unread(core, &unread, person->id, person->sign_key.data, true);
        if (error == NRS_OK) {
            error = destroy_shares(core, person->sign_key.data);
        }
        if (error == NRS_OK) {
            nrs_core_log(core, NRS_OK, "the key of %s is withdrawn: its prekeys are destroyed, %zu unread reports close", person->id, unread);
        }
    }
    return error;
}
