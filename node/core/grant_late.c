/* Recipients that waited for a prekey: a new grant of the same report, under the originator's authority (SPEC 6.5). */
#include <stdlib.h>
#include <string.h>

#include "internal.h"

#define REPORTS_PER_STEP 256u

typedef struct waiting {
    uint64_t reports[REPORTS_PER_STEP];
    size_t count;
} waiting;

static nrs_error collect(void *context, const nrs_recipient_row *row)
{
    waiting *set = context;

    if (row->person != NULL) {
        return NRS_OK; /* RED is granted by a person's process only */
    }
    if (set->count == REPORTS_PER_STEP) {
        return NRS_ERROR_LIMIT;
    }
    set->reports[set->count] = row->report;
    set->count++;
    return NRS_OK;
}

static nrs_error report_at(nrs_core *core, nrs_report_row *row_out, nrs_bytes *holder, uint64_t position)
{
    nrs_log_row logged;
    nrs_bytes bytes = {0};
    uint8_t id[NRS_HASH_SIZE];
    nrs_error error = nrs_store_log_get(core->store, &logged, &bytes, position);

    if (error == NRS_OK) {
        memcpy(id, logged.id, sizeof id);
        error = nrs_store_report_get(core->store, row_out, holder, id);
    }
    nrs_bytes_wipe(&bytes);
    return error;
}

static nrs_error grant_one(nrs_core *core, uint64_t position, const nrs_recipient *recipient, const uint8_t org[NRS_KEY_SIZE])
{
    nrs_report_row row;
    nrs_bytes holder = {0}, grant = {0}, table = {0}, record = {0};
    nrs_sealed_view *view = NULL;
    nrs_secret *file_key = NULL;
    nrs_grant_request request = {.authority = NRS_AUTHORITY_ORIGINATOR, .recipients = recipient, .recipient_count = 1, .now_ms = core->now_ms,
                                 .grantor = {.keys = &core->self, .agree = nrs_identity_agree_with, .agree_context = core->identity}};
    uint8_t grant_id[NRS_HASH_SIZE], table_id[NRS_HASH_SIZE];
    nrs_slice none = nrs_slice_of(NULL, 0), owner;
    uint64_t sealed_position;
    nrs_error error = report_at(core, &row, &holder, position);

    if (error == NRS_OK && (row.key_state != NRS_KEY_HELD || row.label == NRS_LABEL_CLEAR)) {
        goto out; /* forgotten since, or open to anyone */
    }
    if (error == NRS_OK) {
        error = nrs_open_file_key(core, &file_key, &row);
    }
    if (error == NRS_OK) {
        error = nrs_log_sealed(core, &view, &sealed_position, row.id);
    }
    if (error == NRS_OK) {
        request.sealed = view;
        request.file_key = file_key;
        error = nrs_grant_make(&grant, &table, &request);
    }
    if (error == NRS_OK) {
        error = nrs_signed_record(&record, NRS_RECORD_GRANT, core->identity, nrs_slice_of_bytes(&grant));
    }
    if (error == NRS_OK) {
        owner = nrs_slice_of(view->id, NRS_HASH_SIZE);
        nrs_hash_one(grant_id, NRS_DOMAIN_STATEMENT_ID, nrs_slice_of_bytes(&grant));
        nrs_slot_table_log_id(table_id, view->id, nrs_slice_of_bytes(&table));
        error = nrs_log_add(core, NULL, NRS_RECORD_GRANT, grant_id, nrs_slice_of_bytes(&record), owner, none, view->header->expires_ms);
        if (error == NRS_OK) {
            error = nrs_log_add(core, NULL, NRS_RECORD_SLOT_TABLE, table_id, nrs_slice_of_bytes(&table), none, none, view->header->expires_ms);
        }
    }
    if (error == NRS_OK) {
        error = nrs_store_recipient_granted(core->store, position, org);
    }
out:
    nrs_secret_destroy(&file_key);
    nrs_sealed_view_free(&view);
    nrs_bytes_wipe(&record);
    nrs_bytes_wipe(&table);
    nrs_bytes_wipe(&grant);
    nrs_bytes_wipe(&holder);
    return error == NRS_ERROR_NOT_FOUND ? NRS_OK : error;
}

nrs_error nrs_grant_waiting(nrs_core *core)
{
    waiting *set = NULL;
    nrs_error error = NRS_OK;

    for (size_t i = 0; i < core->arrived_count && error == NRS_OK; i++) {
        const nrs_peer *peer = nrs_peer_by_sign(core, core->arrived[i]);
        nrs_recipient recipient;
        if (peer == NULL || peer->member_of == 0 || nrs_recipient_of(core, &recipient, peer, NULL) != NRS_OK) {
            continue;
        }
        if (set == NULL && (set = calloc(1, sizeof *set)) == NULL) {
            return NRS_ERROR_NO_MEMORY;
        }
        set->count = 0;
        error = nrs_store_waiting_each(core->store, core->arrived[i], core->now_ms, collect, set);
        for (size_t k = 0; k < set->count && error == NRS_OK; k++) {
            error = grant_one(core, set->reports[k], &recipient, core->arrived[i]);
        }
    }
    free(set);
    return error;
}
