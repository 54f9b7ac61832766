/* A report of a source that is withheld, at its hub: what the hub has to say of it is said while it lives, is held here, and was not withdrawn. */
#include "withheld/withheld.h"

#include "report/withdrawal.h"

void nrs_source_wipe(nrs_source_report *source)
{
    nrs_header_seen_wipe(&source->seen);
    nrs_bytes_wipe(&source->holder);
}

nrs_error nrs_source_load_late(nrs_core *core, nrs_source_report *source_out, const uint8_t id[NRS_HASH_SIZE])
{
    nrs_report_row *row = &source_out->row;
    bool withdrawn = false;
    nrs_error error = nrs_store_report_get(core->store, row, &source_out->holder, id);

    if (error == NRS_OK) {
        error = nrs_withdrawal_of(core, &withdrawn, id); /* also for the text that it passes on */
    }
    if (error == NRS_OK && ((row->flags & NRS_REPORT_WITHHELD) == 0 || row->part != NRS_PART_RECEIVED || row->key_state != NRS_KEY_HELD || withdrawn)) {
        error = NRS_ERROR_NOT_FOUND;
    }
    return error == NRS_OK ? nrs_header_seen_load(core, &source_out->seen, row) : error;
}

nrs_error nrs_source_load(nrs_core *core, nrs_source_report *source_out, const uint8_t id[NRS_HASH_SIZE])
{
    nrs_error error = nrs_source_load_late(core, source_out, id);

    return error == NRS_OK && nrs_clock_expired(core, source_out->row.expires_ms) ? NRS_ERROR_NOT_FOUND : error;
}
