/* withdraw: the originator takes a report back, and tells everybody who was sent it and the hubs that carry it (SPEC 8.4). */
#include <string.h>

#include "report/withdrawal.h"
#include "rules/edges.h"
#include "withheld/withheld.h"

static const char hint_originator[] = "Ask who sent it to withdraw it; noroshi reply reaches the sender.";
static const char hint_reason[] = "Say why, for those to read who were sent it: --reason TEXT.";
static const char hint_writer[] = "Act as the person who wrote it: noroshi --as PERSON withdraw ID.";

typedef struct withdrawing {
    nrs_core *core;
    nrs_report_row row;
    nrs_bytes holder;
    nrs_recall recall;
    const char *reason;
    char user[NRS_USER_SIZE_MAX + 1];
    const Nrs__Wire__PersonEntry *person;
} withdrawing;

static void withdrawing_wipe(withdrawing *it)
{
    nrs_recall_wipe(&it->recall);
    nrs_bytes_wipe(&it->holder);
}

/* ---- Who may ---- */

static nrs_error stop_at(void *context, const nrs_recipient_row *row)
{
    (void)row;
    *(bool *)context = true;
    return NRS_OK;
}

/* Its name stands with the report. Of one from before names were kept, or that nobody was named for, the slot tells: none of the recipients
 * has it. */
nrs_error nrs_red_writer(nrs_core *core, bool *writer_out, const nrs_report_row *row, const Nrs__Wire__PersonEntry *person)
{
    char address[NRS_ADDRESS_SIZE_MAX + 1];
    bool has_slot = false, recipient = false;
    nrs_error error;

    if (row->key_state == NRS_KEY_FORGOTTEN || row->wrapped_key.size > 0) {
        *writer_out = nrs_slice_equal(row->wrapped_key, nrs_slice_of_string(person->id));
        return NRS_OK;
    }
    nrs_reader_address(core, address, row, person->id);
    error = nrs_person_has_slot(core, &has_slot, row->id, person);
    if (error == NRS_OK && has_slot) {
        error = nrs_store_recipient_at(core->store, row->position, address, stop_at, &recipient);
    }
    *writer_out = has_slot && !recipient;
    return error;
}

/* Under RED the person who wrote it. The node has never seen the text. */
static nrs_error check_writer(nrs_core *core, nrs_answer *answer, withdrawing *it)
{
    bool writer = it->row.label != NRS_LABEL_RED;
    nrs_error error = writer || it->person == NULL ? NRS_OK : nrs_red_writer(core, &writer, &it->row, it->person);

    if (error != NRS_OK || writer) {
        return error;
    }
    return nrs_refuse(answer, NRS_ERROR_PERSON_ONLY, hint_writer, "TLP:RED is withdrawn by the person who wrote it.");
}

static nrs_error find(nrs_core *core, nrs_answer *answer, withdrawing *it, const json_t *request)
{
    const char *person = nrs_request_text(request, "person");
    char from[NRS_ADDRESS_SIZE_MAX + 1];
    nrs_error error = nrs_command_report_sent(core, answer, &it->row, &it->holder, nrs_request_text(request, "id"));

    if (error == NRS_OK && person != NULL) {
        error = nrs_command_person(core, answer, &it->person, person);
    }
    if (error == NRS_OK && it->row.part != NRS_PART_SENT) {
        nrs_command_org(core, from, it->row.community, it->row.originator);
        return nrs_refuse(answer, NRS_ERROR_NOT_ORIGINATOR, hint_originator, "Only %s, who sent the report, may withdraw it.", from);
    }
    if (error == NRS_OK) {
        error = check_writer(core, answer, it);
    }
    return error == NRS_OK ? nrs_request_reason(answer, &it->reason, request, hint_reason) : error;
}

/* ---- Doing it ---- */

static void name_user(nrs_answer *answer, withdrawing *it)
{
    if (answer->user != NULL && strlen(answer->user) <= NRS_USER_SIZE_MAX && nrs_utf8_valid(nrs_slice_of_string(answer->user)) &&
        answer->user[strcspn(answer->user, "\r\n")] == '\0') {
        memcpy(it->user, answer->user, strlen(answer->user) + 1);
    }
}

/* Kept, and on its way to everybody, in one transaction. What waits for its tick never leaves. */
static nrs_error write(nrs_core *core, withdrawing *it)
{
    bool fresh = false;
    nrs_error error = nrs_recall_keep(&it->recall, &fresh);

    if (error == NRS_OK) {
        error = nrs_recall_tell(&it->recall);
    }
    if (error == NRS_OK) {
        error = nrs_withdrawal_spread(core);
    }
    if (error == NRS_OK && (it->row.flags & NRS_REPORT_VOUCHED) != 0) {
        error = nrs_store_publish_delete(core->store, it->row.position);
    }
    return nrs_command_written(core, error);
}

static nrs_error withdraw(nrs_core *core, nrs_answer *answer, withdrawing *it)
{
    nrs_withdrawal_words words = {it->reason, it->person == NULL ? "" : it->person->id, it->user};
    nrs_error error;

    name_user(answer, it);
    error = nrs_recall_begin(&it->recall, core, &it->row, core->now_ms, &words);
    if (error == NRS_ERROR_NOT_FOUND) {
        return nrs_refuse(answer, error, NULL, "The report's bytes are forgotten.");
    }
    if (error != NRS_OK) {
        return error;
    }
    error = write(core, it);
    nrs_core_log(core, error, "withdrawn: TLP:%s, told to %zu organisations", nrs_label_name((nrs_label)it->row.label), it->recall.told_count);
    return error;
}

nrs_error nrs_command_withdraw(nrs_core *core, nrs_answer *answer, const json_t *request)
{
    withdrawing it = {.core = core};
    bool withdrawn = false;
    nrs_row row = nrs_row_begin();
    nrs_error error;

    error = find(core, answer, &it, request);
    if (error == NRS_OK) {
        error = nrs_withdrawal_of(core, &withdrawn, it.row.id);
    }
    if (error == NRS_OK && !withdrawn) {
        error = nrs_vouched_reason(core, answer, &it.row, it.reason, request);
    }
    if (error == NRS_OK && !withdrawn) {
        error = withdraw(core, answer, &it);
    }
    if (error == NRS_OK) {
        nrs_row_hex(&row, "id", it.row.id, NRS_HASH_SIZE);
        nrs_row_text(&row, "label", nrs_label_name((nrs_label)it.row.label));
        nrs_row_flag(&row, "changed", !withdrawn);
        nrs_row_number(&row, "told", it.recall.told_count);
        error = nrs_command_written(core, nrs_withdrawal_describe(core, &row, &it.row));
    }
    if (error == NRS_OK) {
        error = nrs_row_end(&row, answer->rows);
    }
    nrs_row_discard(&row);
    withdrawing_wipe(&it);
    return error;
}
