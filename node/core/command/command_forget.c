/* forget: the key of a report goes, and its bytes where nobody else needs them. */
#include <string.h>

#include "report/withdrawal.h"
#include "prekeys/key_change.h"
#include "withheld/withheld.h"

static const char hint_person[] = "Act as a person it is addressed to, or who wrote it: noroshi --as PERSON forget ID.";

/* Under RED whoever reads it, as the prekeys in their slots tell, or who wrote it. Where nobody of the card does, as when its persons have
 * left, or it was withdrawn, there is no text left to destroy, and anybody may. person: NULL for the desk. */
static nrs_error check_reader(nrs_core *core, nrs_answer *answer, const nrs_report_row *report, const Nrs__Wire__PersonEntry *person)
{
    const nrs_peer *self = nrs_peer_by_sign(core, core->self.sign_key);
    const size_t count = report->label == NRS_LABEL_RED && self != NULL && self->card != NULL ? self->card->n_persons : 0;
    bool anybody = false, may = false;

    for (size_t i = 0; i < count && !may; i++) {
        bool reads = false, wrote = false;
        nrs_error error = nrs_person_has_slot(core, &reads, report->id, self->card->persons[i]);

        if (error == NRS_OK && report->part == NRS_PART_SENT) {
            error = nrs_red_writer(core, &wrote, report, self->card->persons[i]);
        }
        if (error != NRS_OK) {
            return error;
        }
        anybody = anybody || reads || wrote;
        may = (reads || wrote) && self->card->persons[i] == person;
    }
    if (may || !anybody) {
        return NRS_OK;
    }
    return nrs_refuse(answer, NRS_ERROR_PERSON_ONLY, hint_person, "TLP:RED is forgotten by a person it is addressed to, or who wrote it.");
}

/* Whether others still need the sealed bytes from this node: it relays for the community, or it is the source. */
static bool needed_by_others(nrs_core *core, const nrs_report_row *report)
{
    const nrs_community *community = nrs_community_by_id(core, report->community);
    bool source = nrs_key_ours(core, report->originator);

    if (!source && (report->flags & NRS_REPORT_WITHHELD) != 0) {
        return false;
    }
    return report->expires_ms > core->now_ms && (source || (community != NULL && nrs_key_hub_here(core, community)));
}

/* What is forgotten here may still have to be taken back from those who have it: its signed header stays, which holds no text. */
static nrs_error what_withdraws(nrs_core *core, nrs_bytes *left_out, const nrs_report_row *report)
{
    nrs_sealed_view *view = NULL;
    uint64_t position = 0;
    nrs_error error = nrs_log_sealed(core, &view, &position, report->id);

    if (error == NRS_OK) {
        error = nrs_withdrawal_prepare(left_out, view);
    }
    nrs_sealed_view_free(&view);
    return error == NRS_ERROR_NOT_FOUND ? NRS_OK : error; /* its bytes had gone before */
}

/* Empty: it is not RED. Borrowed from the row or the card. */
static nrs_error writer_of(nrs_core *core, nrs_slice *writer_out, const nrs_report_row *report)
{
    const nrs_peer *self = nrs_peer_by_sign(core, core->self.sign_key);
    bool wrote = false;
    nrs_error error = NRS_OK;

    if (report->label == NRS_LABEL_RED && report->wrapped_key.size > 0) { /* whoever stands on the card now */
        *writer_out = report->wrapped_key;
        return NRS_OK;
    }
    for (size_t i = 0; report->label == NRS_LABEL_RED && self != NULL && self->card != NULL && i < self->card->n_persons && error == NRS_OK && !wrote; i++) {
        error = nrs_red_writer(core, &wrote, report, self->card->persons[i]);
        if (error == NRS_OK && wrote) {
            *writer_out = nrs_slice_of_string(self->card->persons[i]->id);
        }
    }
    return error;
}

nrs_error nrs_command_forget(nrs_core *core, nrs_answer *answer, const json_t *request)
{
    uint8_t ids[1][NRS_HASH_SIZE];
    nrs_bytes holder = {0}, left = {0};
    nrs_report_row report;
    nrs_row row = nrs_row_begin();
    nrs_slice writer = nrs_slice_of(NULL, 0);
    bool keep = true;
    const Nrs__Wire__PersonEntry *person = NULL;
    nrs_error error = nrs_command_report(core, answer, &report, &holder, nrs_request_text(request, "id"));

    if (error == NRS_OK && nrs_request_text(request, "person") != NULL) {
        error = nrs_command_person(core, answer, &person, nrs_request_text(request, "person"));
    }
    if (error == NRS_OK) {
        error = check_reader(core, answer, &report, person);
    }
    if (error != NRS_OK) {
        goto out;
    }
    memcpy(ids[0], report.id, NRS_HASH_SIZE);
    keep = needed_by_others(core, &report);
    error = nrs_vault_destroy_entries(core, (const uint8_t(*)[NRS_HASH_SIZE])ids, 1, NULL, 0);
    if (error == NRS_ERROR_BUSY) {
        goto out;
    }
    if (error == NRS_OK && report.part == NRS_PART_SENT) {
        error = what_withdraws(core, &left, &report);
        error = error == NRS_OK ? writer_of(core, &writer, &report) : error;
    }
    if (error == NRS_OK) {
        report.key_state = NRS_KEY_FORGOTTEN;
        report.annex = nrs_slice_of_bytes(&left);
        report.segment = 0;
        report.wrapped_key = writer;
        error = nrs_store_report_update(core->store, &report);
    }
    if (error == NRS_OK) {
        error = nrs_store_slot_delete(core->store, report.id);
    }
    if (error == NRS_OK) {
        nrs_published_part(core, report.id);
        error = nrs_store_note_delete(core->store, report.position);
    }
    if (error == NRS_OK && !keep) {
        error = nrs_store_log_drop(core->store, report.position);
        nrs_log_cache_wipe(core);
    }
    error = nrs_command_written(core, error);
    nrs_core_log(core, error, "forgotten: TLP:%s", nrs_label_name((nrs_label)report.label));
    if (error == NRS_OK) {
        nrs_row_hex(&row, "id", ids[0], NRS_HASH_SIZE);
        error = nrs_row_end(&row, answer->rows);
    }
out:
    nrs_row_discard(&row);
    nrs_bytes_wipe(&left);
    nrs_bytes_wipe(&holder);
    return error;
}
