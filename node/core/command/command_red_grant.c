/* RED that is granted anew (SPEC 6.7): the node says who waits, the writer's own process makes the grant, and the node signs and
 * stores what comes back. */
#include <stdlib.h>
#include <string.h>

#include "link/log.h"
#include "prekeys/key_change.h"
#include "report/report_ids.h"
#include "report/withdrawal.h"

#define CREATED_AGO_MS_MAX (10ull * NRS_MINUTE_MS)

static const char hint_again[] = "Ask for red-waiting again, and make the grant anew.";

/* ---- red-waiting ---- */

static bool sent_red(const nrs_report_row *row)
{
    return row->label == NRS_LABEL_RED && row->key_state != NRS_KEY_FORGOTTEN;
}

/* Somebody who waits: a person of a member, with a prekey that it has not named as destroyed. */
static nrs_error find_waiting(nrs_core *core, bool *found_out, nrs_recipient *keys_out, const nrs_report_row *report, const nrs_recipient_row *row)
{
    const nrs_community *community = nrs_community_by_id(core, report->community);
    const nrs_peer *peer = nrs_peer_by_sign(core, row->org);
    const Nrs__Wire__PersonEntry *person = row->person == NULL ? NULL : nrs_peer_person_by_key(peer, row->person);
    nrs_regrant_row asked = {.report = row->report, .org = row->org, .prekey = keys_out->prekey_id};
    bool destroyed = false;
    nrs_error error = NRS_OK;

    *found_out = false;
    if (row->granted || person == NULL || community == NULL || !nrs_peer_member(core, peer, community) ||
        nrs_recipient_of(core, keys_out, peer, person) != NRS_OK) {
        return NRS_OK;
    }
    error = nrs_store_regrant_has(core->store, &destroyed, &asked);
    *found_out = error == NRS_OK && !destroyed;
    return error;
}

typedef struct waiting_list {
    nrs_core *core;
    const nrs_report_row *report;
    nrs_red_list recipients;
} waiting_list;

static nrs_error add_waiting(void *context, const nrs_recipient_row *row)
{
    const waiting_list *list = context;
    nrs_recipient keys;
    bool found = false;
    nrs_error error = find_waiting(list->core, &found, &keys, list->report, row);

    return error == NRS_OK && found ? nrs_red_put_recipient(list->core, &list->recipients, row->address, &keys) : error;
}

static nrs_error put_report(nrs_core *core, json_t *rows, const nrs_report_row *report)
{
    waiting_list list = {.core = core, .report = report};
    nrs_row row = nrs_row_begin();
    nrs_error error = nrs_red_list_begin(&list.recipients, nrs_identity_for(core, report->originator));

    if (error == NRS_OK) {
        error = nrs_store_recipient_each(core->store, report->position, add_waiting, &list);
    }
    if (error == NRS_OK && json_array_size(list.recipients.recipients) > 0) {
        nrs_row_hex(&row, "id", report->id, NRS_HASH_SIZE);
        nrs_red_list_row(&row, &list.recipients);
        error = nrs_row_end(&row, rows);
    }
    nrs_row_discard(&row);
    nrs_red_list_wipe(&list.recipients);
    return error;
}

nrs_error nrs_command_red_waiting(nrs_core *core, nrs_answer *answer, const json_t *request)
{
    const nrs_report_filter filter = {.sent_only = true};
    nrs_id_list all = {.count = 0};
    nrs_error error = nrs_report_ids(core, &all, &filter, sent_red);

    (void)request;
    for (size_t i = 0; i < all.count && error == NRS_OK; i++) {
        nrs_report_row row;
        nrs_bytes holder = {0};

        error = nrs_store_report_get(core->store, &row, &holder, all.ids[i]);
        if (error == NRS_OK && row.expires_ms > core->now_ms && !nrs_withdrawn(core, row.id)) {
            error = put_report(core, answer->rows, &row);
        }
        nrs_bytes_wipe(&holder);
    }
    nrs_id_list_wipe(&all);
    return error;
}

/* ---- red-grant ---- */

/* A grant that a person's process made. */
typedef struct offered {
    nrs_bytes holder, grant_bytes, table_bytes;
    nrs_report_row report;
    nrs_sealed_view *view;
    nrs_grant *grant;
    uint8_t grant_id[NRS_HASH_SIZE];
    nrs_record *record;
    nrs_slot_table *table;
    nrs_slots *slots;
    const json_t *recipients;
    size_t matched;
} offered;

static void offered_wipe(offered *it)
{
    nrs_slots_destroy(&it->slots);
    nrs_slot_table_free(&it->table);
    nrs_record_free(&it->record);
    nrs_grant_free(&it->grant);
    nrs_sealed_view_free(&it->view);
    nrs_bytes_wipe(&it->table_bytes);
    nrs_bytes_wipe(&it->grant_bytes);
    nrs_bytes_wipe(&it->holder);
}

static nrs_error read_offered(nrs_core *core, nrs_answer *answer, offered *it, const json_t *request)
{
    uint64_t position = 0;
    nrs_error error = nrs_command_report(core, answer, &it->report, &it->holder, nrs_request_text(request, "id"));

    if (error == NRS_OK && (it->report.part != NRS_PART_SENT || it->report.label != NRS_LABEL_RED || it->report.expires_ms <= core->now_ms)) {
        return nrs_refuse(answer, NRS_ERROR_NOT_FOUND, NULL, "No live report under TLP:RED of this node is meant.");
    }
    if (error == NRS_OK && nrs_withdrawn(core, it->report.id)) {
        return nrs_refuse(answer, NRS_ERROR_WITHDRAWN, NULL, "%s has withdrawn the report.", core->org);
    }
    if (error == NRS_OK) {
        error = nrs_request_bytes(answer, &it->grant_bytes, request, "grant");
    }
    if (error == NRS_OK) {
        error = nrs_request_bytes(answer, &it->table_bytes, request, "slot_table");
    }
    if (error == NRS_OK) {
        error = nrs_log_sealed(core, &it->view, &position, it->report.id);
    }
    it->recipients = json_object_get(request, "recipients");
    return error;
}

/* It is the originator's, of this report, now, for its own audience; and the slots are those of the grant. */
static nrs_error check_offered(nrs_core *core, nrs_answer *answer, offered *it)
{
    const nrs_header *header = it->view->header;
    nrs_error error = nrs_grant_decode(&it->grant, nrs_slice_of_bytes(&it->grant_bytes));

    if (error == NRS_OK &&
        (!nrs_slice_equal(nrs_field(&it->grant->grantor), nrs_field(&header->originator)) || it->grant->authority != NRS_AUTHORITY_ORIGINATOR ||
         !nrs_slice_equal(nrs_field(&it->grant->sealed_id), nrs_slice_of(it->view->id, NRS_HASH_SIZE)) || it->grant->sealed_audience.len != 0 ||
         !nrs_slice_equal(nrs_field(&it->grant->audience_commitment), nrs_field(&header->audience_commitment)) ||
         it->grant->created_ms > core->now_ms || core->now_ms - it->grant->created_ms > CREATED_AGO_MS_MAX)) {
        error = NRS_ERROR_FORGED;
    }
    if (error == NRS_OK) {
        nrs_hash_one(it->grant_id, NRS_DOMAIN_STATEMENT_ID, nrs_slice_of_bytes(&it->grant_bytes));
        error = nrs_record_decode(&it->record, nrs_slice_of_bytes(&it->table_bytes));
    }
    if (error == NRS_OK && it->record->type != NRS_RECORD_SLOT_TABLE) {
        error = NRS_ERROR_MALFORMED;
    }
    if (error == NRS_OK) {
        error = nrs_slot_table_decode(&it->table, nrs_field(&it->record->payload));
    }
    if (error == NRS_OK && (!nrs_slice_equal(nrs_field(&it->table->sealed_id), nrs_slice_of(it->view->id, NRS_HASH_SIZE)) ||
                            !nrs_slice_equal(nrs_field(&it->table->grant_id), nrs_slice_of(it->grant_id, NRS_HASH_SIZE)))) {
        error = NRS_ERROR_FORGED;
    }
    if (error == NRS_OK) {
        error = nrs_slots_new(&it->slots, it->table, it->grant, it->grant_id);
    }
    if (!nrs_error_is_verdict(error)) {
        return error;
    }
    return nrs_refuse(answer, error, hint_again, "The grant does not belong to the report: %s.", nrs_error_sentence(error));
}

typedef struct matching {
    nrs_core *core;
    offered *it;
    bool *taken;
} matching;

static bool listed(const json_t *list, const char *text)
{
    size_t index;
    const json_t *one;

    json_array_foreach(list, index, one) {
        if (json_is_string(one) && strcmp(json_string_value(one), text) == 0) {
            return true;
        }
    }
    return false;
}

/* A recipient that waits and is granted: one slot that is delivered to its organisation. */
static nrs_error match_recipient(void *context, const nrs_recipient_row *row)
{
    matching *job = context;
    size_t indices[NRS_PERSON_COUNT_MAX];
    uint8_t key_hash[NRS_KEY_HASH_SIZE];
    nrs_recipient keys;
    bool waits = false;
    size_t count = 0;
    nrs_error error = listed(job->it->recipients, row->address) ? find_waiting(job->core, &waits, &keys, &job->it->report, row) : NRS_OK;

    if (error != NRS_OK || !waits) {
        return error;
    }
    nrs_key_hash(key_hash, row->org);
    count = nrs_slots_for(indices, NRS_PERSON_COUNT_MAX, job->it->slots, key_hash);
    for (size_t i = 0; i < count && i < NRS_PERSON_COUNT_MAX; i++) {
        if (!job->taken[indices[i]]) {
            job->taken[indices[i]] = true;
            job->it->matched++;
            return NRS_OK;
        }
    }
    return NRS_OK;
}

static nrs_error match_slots(nrs_core *core, nrs_answer *answer, offered *it)
{
    bool taken[NRS_SLOT_COUNT_MAX] = {false};
    matching job = {.core = core, .it = it, .taken = taken};
    nrs_error error = nrs_store_recipient_each(core->store, it->report.position, match_recipient, &job);

    if (error == NRS_OK && (it->matched != nrs_slots_count(it->slots) || it->matched != json_array_size(it->recipients))) {
        return nrs_refuse(answer, NRS_ERROR_FORGED, hint_again, "There are %zu slots for %zu recipients.", nrs_slots_count(it->slots), it->matched);
    }
    return error;
}

static nrs_error store_offered(nrs_core *core, offered *it)
{
    const nrs_slice owner = nrs_slice_of(it->view->id, NRS_HASH_SIZE);
    const nrs_slice none = nrs_slice_of(NULL, 0);
    nrs_bytes record = {0};
    size_t index;
    const json_t *one;
    nrs_error error = nrs_signed_record(&record, NRS_RECORD_GRANT, nrs_identity_for(core, it->view->header->originator.data),
                                        nrs_slice_of_bytes(&it->grant_bytes));

    if (error == NRS_OK) {
        error = nrs_grant_count(core, it->view, it->view->header->originator.data, (uint32_t)it->matched);
    }
    if (error == NRS_OK) {
        error = nrs_log_add(core, NULL, NRS_RECORD_GRANT, it->grant_id, nrs_slice_of_bytes(&record), owner, none, it->report.expires_ms);
    }
    if (error == NRS_OK) {
        error = nrs_log_add_own_slots(core, nrs_slice_of_bytes(&it->grant_bytes), nrs_slice_of_bytes(&it->table_bytes), it->report.expires_ms);
    }
    json_array_foreach(it->recipients, index, one) {
        if (error == NRS_OK) {
            error = nrs_store_recipient_granted_at(core->store, it->report.position, json_string_value(one));
        }
    }
    nrs_bytes_wipe(&record);
    return nrs_command_written(core, error);
}

nrs_error nrs_command_red_grant(nrs_core *core, nrs_answer *answer, const json_t *request)
{
    offered it = {0};
    nrs_error error = read_offered(core, answer, &it, request);

    if (error == NRS_OK) {
        error = check_offered(core, answer, &it);
    }
    if (error == NRS_OK) {
        error = match_slots(core, answer, &it);
    }
    if (error == NRS_OK) {
        error = store_offered(core, &it);
        nrs_core_log(core, error, "granted anew: TLP:RED to %zu persons", it.matched);
    }
    offered_wipe(&it);
    return error;
}
