#include "command/command_outgoing.h"

#include "link/log.h"
#include "report/withdrawal.h"
#include "withheld/withheld.h"

static nrs_error store_row(nrs_core *core, const nrs_outgoing *outgoing, uint64_t position, uint64_t segment, nrs_slice wrapped, nrs_slice annex)
{
    const nrs_header *header = outgoing->header;
    const nrs_report_row row = {
        .position = position,
        .id = outgoing->id,
        .community = header->community.data,
        .originator = core->self.sign_key,
        .label = header->label,
        .urgency = header->urgency,
        .flags = nrs_report_flags(header),
        .created_ms = header->created_ms,
        .expires_ms = header->expires_ms,
        .received_ms = core->now_ms,
        .part = NRS_PART_SENT,
        .key_state = outgoing->file_key == NULL ? NRS_KEY_PERSON : NRS_KEY_HELD,
        .opened_ms = core->now_ms,
        .segment = segment,
        .wrapped_key = wrapped,
        .annex = annex,
    };

    return nrs_store_report_add(core->store, &row);
}

nrs_error nrs_outgoing_store(nrs_core *core, uint64_t *position_out, const nrs_outgoing *outgoing)
{
    const nrs_slice owner = nrs_slice_of(outgoing->id, NRS_HASH_SIZE);
    nrs_bytes wrapped = {0}, annex = {0};
    uint64_t segment = 0;
    uint64_t position = 0;
    nrs_log_row logged = {.type = NRS_RECORD_SEALED, .id = outgoing->id, .record = outgoing->record, .slots = outgoing->slot_table, .owner = owner,
                                .received_ms = core->now_ms, .expires_ms = outgoing->header->expires_ms};
    nrs_error error = NRS_OK;

    NRS_ASSERT(position_out != NULL && outgoing->id != NULL && outgoing->header != NULL);
    NRS_ASSERT(outgoing->header->community.len == NRS_HASH_SIZE);

    if (outgoing->file_key != NULL) {
        error = nrs_vault_put(core, &segment, &wrapped, owner, outgoing->file_key);
        if (error == NRS_ERROR_BUSY) {
            return error;
        }
        if (error == NRS_OK) {
            error = nrs_annex_of(&annex, outgoing->report, outgoing->file_key);
        }
    } else if (outgoing->writer != NULL) { /* in place of a key, which the node does not hold */
        error = nrs_bytes_copy(&wrapped, nrs_slice_of_string(outgoing->writer));
    }
    if (error == NRS_OK) {
        error = nrs_store_log_append(core->store, &position, &logged);
    }
    if (error == NRS_OK) {
        logged.position = position;
        error = nrs_log_remember_own(core, &logged, outgoing->header);
    }
    if (error == NRS_OK) {
        error = store_row(core, outgoing, position, segment, nrs_slice_of_bytes(&wrapped), nrs_slice_of_bytes(&annex));
    }
    if (error == NRS_OK) {
        error = nrs_follows_note(core, outgoing->follows, position);
    }
    if (error == NRS_OK) {
        error = nrs_passed_on_note(core, position, outgoing->passes_on, outgoing->passes_on_count);
    }
    if (error == NRS_OK) {
        *position_out = position;
    }
    nrs_bytes_wipe(&annex);
    nrs_bytes_wipe(&wrapped);
    return nrs_command_written(core, error);
}
