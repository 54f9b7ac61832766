/* A withdrawn report at the edges (SPEC 8.4): whether it may still be read, answered or taken out here, and what is shown of it. */
#include <string.h>

#include "report/withdrawal.h"
#include "rules/edges.h"
#include "withheld/withheld.h"

nrs_error nrs_withdrawal_of(nrs_core *core, bool *withdrawn_out, const uint8_t id[NRS_HASH_SIZE])
{
    nrs_bytes holder = {0};
    nrs_withdrawal_row held;
    nrs_error error = core->withdrawn_any ? nrs_store_withdrawal_get(core->store, &held, &holder, id) : NRS_ERROR_NOT_FOUND;

    nrs_bytes_wipe(&holder);
    if (error == NRS_OK || error == NRS_ERROR_NOT_FOUND) {
        *withdrawn_out = error == NRS_OK;
        error = NRS_OK;
    }
    return error;
}

typedef struct opened_search {
    const char *address;
    bool found;
} opened_search;

static nrs_error look_at_receipt(void *context, const char *address, uint32_t stage, uint64_t at_ms, const char *person)
{
    opened_search *search = context;

    (void)at_ms;
    (void)person;
    search->found = search->found || (stage == NRS_STAGE_OPENED && strcmp(address, search->address) == 0);
    return NRS_OK;
}

static nrs_error note_recipient(void *context, const nrs_recipient_row *row)
{
    (void)row;
    *(bool *)context = true;
    return NRS_OK;
}

/* Whether the reader had opened it before. Who wrote it always has; under RED each person counts for itself. */
static nrs_error was_opened(nrs_core *core, bool *opened_out, const nrs_report_row *row, const char *person)
{
    char address[NRS_ADDRESS_SIZE_MAX + 1];
    opened_search search = {.address = address};
    bool recipient = row->part == NRS_PART_RECEIVED;
    nrs_error error = NRS_OK;

    if (row->label != NRS_LABEL_RED || person == NULL) {
        *opened_out = row->part == NRS_PART_SENT || row->opened_ms != 0;
        return NRS_OK;
    }
    nrs_reader_address(core, address, row, person);
    if (!recipient) { /* a colleague of the writer */
        error = nrs_store_recipient_at(core->store, row->position, address, note_recipient, &recipient);
    }
    if (error == NRS_OK && recipient) {
        error = nrs_store_receipt_each(core->store, row->position, look_at_receipt, &search);
    }
    *opened_out = !recipient || search.found;
    return error;
}

static nrs_error answer_closed(nrs_core *core, nrs_answer *answer, const nrs_report_row *row, nrs_slice proof, const char *person)
{
    nrs_report_row shown = *row;
    nrs_withdrawal_view view = {0};
    nrs_header_seen seen = {0};
    nrs_error error = proof.size == 0 ? nrs_header_seen_load(core, &seen, row) : nrs_withdrawal_parse(&view, proof);

    shown.key_state = NRS_KEY_WITHDRAWN; /* neither text nor subject */
    if (error == NRS_OK) {
        error = nrs_edge_answer_closed(core, answer, &shown, proof.size == 0 ? seen.header : view.header, person, NRS_ERROR_WITHDRAWN);
    } else if (proof.size == 0 && error == NRS_ERROR_NOT_FOUND) { /* its bytes are gone: the refusal says what there is to say */
        error = NRS_ERROR_WITHDRAWN;
    }
    nrs_header_seen_wipe(&seen);
    nrs_withdrawal_view_wipe(&view);
    return error;
}

/* Closed, or taken back, for the text that it holds. */
static nrs_error refuse_passed_on(nrs_answer *answer, const nrs_withdrawal_row *held)
{
    static const char hint_passed_on[] = "It holds the text of that report: noroshi show ID tells of it, where it was received here.";
    char id[2 * NRS_HASH_SIZE + 1];

    nrs_hex_encode(id, held->passed_on.data, NRS_HASH_SIZE);
    return nrs_refuse(answer, NRS_ERROR_WITHDRAWN, hint_passed_on, "The report %.16s, whose text it passes on, was withdrawn.", id);
}

static nrs_error refuse(nrs_core *core, nrs_answer *answer, const nrs_report_row *row, nrs_edge_place place)
{
    static const char hint_mark[] = "Its text may still be read where it was opened before, and leaves this node no more.";
    static const char hint_closed[] = "It stays closed where it was not opened before; ask who sent it.";
    char from[NRS_ADDRESS_SIZE_MAX + 1];

    nrs_command_org(core, from, row->community, row->originator);
    return nrs_refuse(answer, NRS_ERROR_WITHDRAWN, place == NRS_PLACE_READ || place == NRS_PLACE_QUOTE ? hint_closed : hint_mark,
                      "%s has withdrawn the report.", from);
}

nrs_error nrs_withdrawal_check(nrs_core *core, nrs_answer *answer, const nrs_report_row *row, nrs_edge_place place, const char *person)
{
    nrs_bytes holder = {0};
    nrs_withdrawal_row held;
    bool opened = false;
    nrs_error error = core->withdrawn_any ? nrs_store_withdrawal_get(core->store, &held, &holder, row->id) : NRS_ERROR_NOT_FOUND;

    if (error != NRS_OK) {
        return error == NRS_ERROR_NOT_FOUND ? NRS_OK : error;
    }
    if (place != NRS_PLACE_EXPORT && row->key_state != NRS_KEY_WITHDRAWN) {
        error = was_opened(core, &opened, row, person);
    }
    if (error == NRS_OK && !opened) {
        error = held.passed_on.size > 0 ? refuse_passed_on(answer, &held) : refuse(core, answer, row, place);
        if (place == NRS_PLACE_READ) {
            error = answer_closed(core, answer, row, held.proof, person);
        }
    }
    nrs_bytes_wipe(&holder);
    return error;
}

nrs_error nrs_withdrawal_show_unseen(nrs_core *core, nrs_answer *answer, const char *text)
{
    nrs_bytes holder = {0};
    nrs_withdrawal_row held;
    nrs_withdrawal_view view = {0};
    nrs_report_row row = {.part = NRS_PART_RECEIVED, .key_state = NRS_KEY_WITHDRAWN};
    uint8_t id[NRS_HASH_SIZE];
    nrs_error error = text == NULL || !core->withdrawn_any ? NRS_ERROR_NOT_FOUND : nrs_store_withdrawal_find(core->store, id, text);

    if (error == NRS_OK) {
        error = nrs_store_withdrawal_get(core->store, &held, &holder, id);
    }
    if (error == NRS_OK) {
        error = nrs_withdrawal_parse(&view, held.proof);
    }
    if (error == NRS_OK) {
        row.id = held.id;
        row.community = view.header->community.data;
        row.originator = view.header->originator.data;
        row.label = view.header->label;
        row.urgency = view.header->urgency;
        row.flags = nrs_report_flags(view.header);
        row.created_ms = view.header->created_ms;
        row.expires_ms = view.header->expires_ms;
        row.received_ms = held.received_ms;
        memcpy(answer->about, held.id, NRS_HASH_SIZE);
        answer->has_about = true;
        error = refuse(core, answer, &row, NRS_PLACE_READ);
        error = nrs_edge_answer_closed(core, answer, &row, view.header, NULL, error);
    }
    nrs_withdrawal_view_wipe(&view);
    nrs_bytes_wipe(&holder);
    return error;
}

nrs_error nrs_withdrawal_describe(nrs_core *core, nrs_row *row, const nrs_report_row *report)
{
    nrs_bytes holder = {0};
    nrs_withdrawal_row held;
    nrs_error error = core->withdrawn_any ? nrs_store_withdrawal_get(core->store, &held, &holder, report->id) : NRS_ERROR_NOT_FOUND;

    if (error == NRS_OK) {
        nrs_row_time(row, "withdrawn_at", held.at_ms);
        nrs_row_text(row, "withdrawn_reason", held.reason[0] == '\0' ? NULL : held.reason);
    } else {
        nrs_row_text(row, "withdrawn_at", NULL);
        nrs_row_text(row, "withdrawn_reason", NULL);
    }
    if (error == NRS_OK && held.passed_on.size == NRS_HASH_SIZE) {
        nrs_row_hex(row, "withdrawn_for", held.passed_on.data, NRS_HASH_SIZE);
    } else {
        nrs_row_text(row, "withdrawn_for", NULL);
    }
    nrs_bytes_wipe(&holder);
    return error == NRS_ERROR_NOT_FOUND ? NRS_OK : error;
}
