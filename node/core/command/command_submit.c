/* red-submit: what a person's process has sealed is checked as if a stranger had sent it, signed, and stored. */
#include <stdlib.h>
#include <string.h>

#include "audit/audit.h"
#include "command/command_draft.h"
#include "command/command_outgoing.h"
#include "command/command_quote.h"
#include "report/withdrawal.h"
#include "rules/edges.h"
#include "roster/roster.h"
#include "stream/stream.h"

#define PREPARED_MS_MAX (10ull * NRS_MINUTE_MS) /* between red-prepare and red-submit */

static const char hint_again[] = "Prepare and seal the report again.";
static const char hint_gone[] = "It may have been withdrawn since the report was prepared: noroshi show ID tells.";

/* What was submitted, taken apart. */
typedef struct submission {
    nrs_sealed_parts parts;
    nrs_bytes record;
    nrs_record *outer;
    nrs_sealed_view *view;
    nrs_record *table_record;
    nrs_slot_table *table;
    nrs_slots *slots;
    nrs_address addresses[NRS_TARGET_COUNT_MAX];
    size_t address_count;
    nrs_delivery delivery;
    nrs_number number;
    const Nrs__Wire__PersonEntry *writer; /* NULL if nobody is named */
    uint8_t follows[NRS_HASH_SIZE]; /* as its writer says */
    bool has_follows;
    nrs_passed_on passes_on; /* likewise */
} submission;

static void submission_wipe(submission *it)
{
    nrs_delivery_wipe(&it->delivery);
    nrs_slots_destroy(&it->slots);
    nrs_slot_table_free(&it->table);
    nrs_record_free(&it->table_record);
    nrs_sealed_view_free(&it->view);
    nrs_record_free(&it->outer);
    nrs_bytes_wipe(&it->record);
    nrs_sealed_parts_wipe(&it->parts);
}

static nrs_error read_parts(nrs_core *core, nrs_answer *answer, submission *it, const json_t *request)
{
    nrs_error error = nrs_request_bytes(answer, &it->parts.header, request, "header");

    if (error == NRS_OK) {
        error = nrs_request_bytes(answer, &it->parts.body, request, "body");
    }
    if (error == NRS_OK) {
        error = nrs_request_bytes(answer, &it->parts.grant, request, "grant");
    }
    if (error == NRS_OK) {
        error = nrs_request_bytes(answer, &it->parts.slot_table, request, "slot_table");
    }
    if (error == NRS_OK) {
        error = nrs_draft_addresses(answer, it->addresses, &it->address_count, request, "recipients");
    }
    if (error == NRS_OK && nrs_request_text(request, "follows") != NULL) {
        it->has_follows = nrs_hex_decode(it->follows, sizeof it->follows, nrs_request_text(request, "follows")) == NRS_OK;
        if (!it->has_follows) {
            return nrs_refuse(answer, NRS_ERROR_MALFORMED, NULL, "The field follows is no whole ID.");
        }
    }
    if (error == NRS_OK) {
        error = nrs_request_passed_on(answer, &it->passes_on, request);
    }
    if (error == NRS_OK && it->address_count == 0) {
        return nrs_refuse(answer, NRS_ERROR_USAGE, NULL, "The field recipients is missing.");
    }
    if (error == NRS_OK && nrs_request_text(request, "person") != NULL) {
        error = nrs_command_person(core, answer, &it->writer, nrs_request_text(request, "person"));
    }
    return error;
}

/* The addresses as written and the recipients: persons all of them. */
static nrs_error check_addresses(nrs_answer *answer, const submission *it, const json_t *request)
{
    nrs_address to[NRS_TARGET_COUNT_MAX];
    size_t to_count = 0;
    nrs_error error = nrs_draft_addresses(answer, to, &to_count, request, "to");

    for (size_t i = 0; error == NRS_OK && i < to_count + it->address_count; i++) {
        const nrs_address *address = i < to_count ? &to[i] : &it->addresses[i - to_count];
        const nrs_verdict verdict = nrs_policy_address(NRS_LABEL_RED, address->type);
        char text[NRS_ADDRESS_SIZE_MAX + 1];

        if (verdict.error != NRS_OK) {
            nrs_address_format(text, address);
            error = nrs_refuse(answer, verdict.error, verdict.allowed, "TLP:RED may not be addressed to %s.", text);
        }
    }
    return error;
}

/* Signed and verified in one go: a header of another originator, a grant that does not belong to it, a body of another size. */
static nrs_error sign(nrs_core *core, nrs_answer *answer, submission *it)
{
    nrs_error error = nrs_seal_sign(&it->record, &it->parts, core->identity);

    if (error == NRS_OK) {
        error = nrs_record_decode(&it->outer, nrs_slice_of_bytes(&it->record));
    }
    if (error == NRS_OK) {
        error = nrs_sealed_verify(&it->view, nrs_field(&it->outer->payload));
    }
    if (!nrs_error_is_verdict(error)) {
        return error;
    }
    return nrs_refuse(answer, error, hint_again, "The sealed report does not hold: %s.", nrs_error_sentence(error));
}

static nrs_error check_disclaimers(nrs_core *core, nrs_answer *answer, const nrs_header *header)
{
    nrs_error error = nrs_disclaimers_check(core, header, NRS_PLACE_SEND, 0);

    if (!nrs_error_is_verdict(error)) {
        return error;
    }
    return nrs_refuse(answer, error, hint_again, "The disclaimers of the report: %s.", nrs_error_sentence(error));
}

static nrs_error check_header(nrs_core *core, nrs_answer *answer, const submission *it)
{
    const nrs_header *header = it->view->header;
    const nrs_community *community = nrs_community_by_id(core, header->community.data);

    if (header->label != NRS_LABEL_RED || header->attribution != NRS_ATTRIBUTION_NAMED || header->onward != 0) {
        return nrs_refuse(answer, NRS_ERROR_USAGE, NULL, "Only TLP:RED is sealed by a person, under the organisation's name and without onward consent.");
    }
    if (community == NULL || !community->member) {
        return nrs_refuse(answer, NRS_ERROR_UNKNOWN_COMMUNITY, NULL, "The header names no community of this node.");
    }
    if (header->roster_version != community->roster->version) {
        return nrs_refuse(answer, NRS_ERROR_ROSTER_OLD, hint_again, "The roster of @%s has changed since.", community->roster->id);
    }
    if (header->created_ms > core->now_ms + PREPARED_MS_MAX || header->created_ms + PREPARED_MS_MAX < core->now_ms) {
        return nrs_refuse(answer, NRS_ERROR_CLOCK, hint_again, "The report was not sealed within the last ten minutes.");
    }
    if (header->expires_ms <= core->now_ms) {
        return nrs_refuse(answer, NRS_ERROR_EXPIRED, hint_again, "The report is past its expiry.");
    }
    return check_disclaimers(core, answer, header);
}

static nrs_error check_slots(nrs_answer *answer, submission *it)
{
    const nrs_sealed_view *view = it->view;
    nrs_error error = nrs_record_decode(&it->table_record, nrs_slice_of_bytes(&it->parts.slot_table));

    if (error == NRS_OK && it->table_record->type != NRS_RECORD_SLOT_TABLE) {
        error = NRS_ERROR_MALFORMED;
    }
    if (error == NRS_OK) {
        error = nrs_slot_table_decode(&it->table, nrs_field(&it->table_record->payload));
    }
    if (error == NRS_OK && (!nrs_slice_equal(nrs_field(&it->table->sealed_id), nrs_slice_of(view->id, NRS_HASH_SIZE)) ||
                            !nrs_slice_equal(nrs_field(&it->table->grant_id), nrs_slice_of(view->grant_id, NRS_HASH_SIZE)))) {
        error = NRS_ERROR_FORGED;
    }
    if (error == NRS_OK) {
        error = nrs_slots_new(&it->slots, it->table, view->grant, view->grant_id);
    }
    if (!nrs_error_is_verdict(error)) {
        return error;
    }
    return nrs_refuse(answer, error, hint_again, "The slots do not belong to the report: %s.", nrs_error_sentence(error));
}

/* Takes one slot of the organisation that is not taken yet. */
static bool take_slot(bool *taken, const submission *it, const uint8_t key_hash[NRS_KEY_HASH_SIZE])
{
    size_t indices[NRS_TARGET_COUNT_MAX + 1];
    size_t count = nrs_slots_for(indices, sizeof indices / sizeof indices[0], it->slots, key_hash);

    for (size_t i = 0; i < count && i < sizeof indices / sizeof indices[0]; i++) {
        if (!taken[indices[i]]) {
            taken[indices[i]] = true;
            return true;
        }
    }
    return false;
}

/* One slot for each recipient, and at most one more: the sender's own. */
static nrs_error match_slots(nrs_core *core, nrs_answer *answer, const submission *it)
{
    bool taken[NRS_SLOT_COUNT_MAX] = {false};
    size_t count = nrs_slots_count(it->slots);

    for (size_t i = 0; i < it->delivery.count; i++) {
        if (!take_slot(taken, it, it->delivery.list[i].peer->key_hash)) {
            return nrs_refuse(answer, NRS_ERROR_FORGED, hint_again, "No slot is made for %s.", it->delivery.list[i].address);
        }
    }
    if (count == it->delivery.count || (count == it->delivery.count + 1 && take_slot(taken, it, core->self_hash))) {
        return NRS_OK;
    }
    return nrs_refuse(answer, NRS_ERROR_FORGED, hint_again, "There are %zu slots for %zu recipients.", count, it->delivery.count);
}

static nrs_error plan(nrs_core *core, nrs_answer *answer, submission *it, const json_t *given)
{
    const nrs_community *community = nrs_community_by_id(core, it->view->header->community.data);
    const nrs_delivery_request request = {
        .stale_roster = nrs_request_flag(given, "stale_roster"),
        .label = NRS_LABEL_RED, .addresses = it->addresses, .address_count = it->address_count, .preferred = community};
    nrs_error error = nrs_delivery_plan(core, answer, &it->delivery, &request);

    if (error == NRS_OK && (it->delivery.community != community || it->delivery.excluded_count > 0)) {
        return nrs_refuse(answer, NRS_ERROR_AUDIENCE, hint_again, "Not all recipients can receive it any more.");
    }
    return error;
}

/* ---- What it passes on: asked again as at red-prepare, since the process says of which report the text is only now ---- */

static bool lists(const submission *it, nrs_slice id)
{
    for (size_t i = 0; i < it->passes_on.count; i++) {
        if (nrs_slice_equal(nrs_field(&it->passes_on.fields[i]), id)) {
            return true;
        }
    }
    return false;
}

static nrs_error check_not_withdrawn(nrs_core *core, nrs_answer *answer, const submission *it)
{
    nrs_error error = NRS_OK;

    for (size_t i = 0; i < it->passes_on.count && error == NRS_OK; i++) {
        bool withdrawn = false;

        error = nrs_withdrawal_of(core, &withdrawn, it->passes_on.ids[i]);
        if (error == NRS_OK && withdrawn) {
            char id[2 * NRS_HASH_SIZE + 1];

            nrs_hex_encode(id, it->passes_on.ids[i], NRS_HASH_SIZE);
            error = nrs_refuse(answer, NRS_ERROR_WITHDRAWN, hint_gone, "The report %.16s, whose text it passes on, was withdrawn.", id);
        }
    }
    return error;
}

static bool names_disclaimer(const nrs_header *header, const uint8_t hash[NRS_HASH_SIZE])
{
    for (size_t i = 0; i < header->n_disclaimers; i++) {
        if (nrs_slice_equal(nrs_field(&header->disclaimers[i]), nrs_slice_of(hash, NRS_HASH_SIZE))) {
            return true;
        }
    }
    return false;
}

/* The terms of the quoted report, which the header inherits: each disclaimer in its newest version (SPEC 5.3). */
static nrs_error check_inherited(nrs_core *core, nrs_answer *answer, const submission *it, const nrs_quoted *quoted)
{
    const nrs_header *header = it->view->header, *before = quoted->seen.header;
    const nrs_conditions own = nrs_header_conditions(header), both = nrs_policy_conditions_of_both(quoted->conditions, own);
    nrs_delivery inherited = {.community = it->delivery.community};
    bool named = before->duty[0] == '\0' || strcmp(before->duty, header->duty) == 0;
    nrs_error error;

    if (both.permissible_actions != own.permissible_actions || both.flags != own.flags) {
        return nrs_refuse(answer, NRS_ERROR_CONDITIONS, hint_again, "The conditions are looser than those of the quoted report.");
    }
    error = nrs_delivery_inherit(core, answer, &inherited, before);
    for (size_t i = 0; i < inherited.disclaimer_count && named; i++) {
        named = names_disclaimer(header, inherited.disclaimers[i]);
    }
    nrs_delivery_wipe(&inherited);
    return error != NRS_OK || named
               ? error
               : nrs_refuse(answer, NRS_ERROR_CONDITIONS, hint_again, "The header leaves out a duty or a disclaimer of the quoted report.");
}

static nrs_error check_listed(nrs_answer *answer, const submission *it, const nrs_quoted *quoted)
{
    const nrs_report *report = quoted->opened.report; /* NULL under RED, which only its readers open */
    bool listed = lists(it, nrs_slice_of(quoted->row.id, NRS_HASH_SIZE));

    for (size_t i = 0; report != NULL && i < report->n_passes_on && listed; i++) {
        listed = lists(it, nrs_field(&report->passes_on[i]));
    }
    return listed ? NRS_OK : nrs_refuse(answer, NRS_ERROR_MALFORMED, hint_again, "The field passes_on leaves out whose text is passed on.");
}

static nrs_error check_forward(nrs_core *core, nrs_answer *answer, submission *it, const json_t *request)
{
    nrs_quoted *quoted = calloc(1, sizeof *quoted);
    json_t *asked = json_pack("{s:s, s:s?}", "id", nrs_request_text(request, "forwards"), "person", nrs_request_text(request, "person"));
    nrs_error error = quoted == NULL || asked == NULL ? NRS_ERROR_NO_MEMORY : nrs_quoted_open(core, answer, quoted, asked, NRS_PLACE_EXPORT);

    if (error == NRS_OK) {
        error = check_listed(answer, it, quoted);
    }
    if (error == NRS_OK && quoted->opened.report == NULL) { /* whose text a report under RED holds the process alone says */
        error = nrs_quoted_sources(core, answer, quoted, it->passes_on.fields, it->passes_on.count, NRS_PLACE_EXPORT, nrs_request_text(request, "person"));
    }
    if (error == NRS_OK) {
        error = check_inherited(core, answer, it, quoted);
    }
    if (error == NRS_OK) {
        error = nrs_forward_sealed(core, answer, quoted, &it->delivery);
    }
    if (error == NRS_OK) {
        error = nrs_forward_check(core, answer, quoted, &it->delivery);
    }
    if (quoted != NULL) {
        nrs_quoted_wipe(quoted);
    }
    free(quoted);
    json_decref(asked);
    return error;
}

static nrs_error check_passed_on(nrs_core *core, nrs_answer *answer, submission *it, const json_t *request)
{
    const bool forwards = nrs_request_text(request, "forwards") != NULL;
    nrs_error error = check_not_withdrawn(core, answer, it);

    if (error == NRS_OK && !forwards && it->passes_on.count > 0) {
        error = nrs_refuse(answer, NRS_ERROR_USAGE, NULL, "The field %s is missing.", "forwards");
    }
    return error == NRS_OK && forwards ? check_forward(core, answer, it, request) : error;
}

/* The process seals the number that red-prepare gave it; the header commits to it. */
static nrs_error check_number(nrs_core *core, nrs_answer *answer, submission *it)
{
    uint8_t place[NRS_HASH_SIZE];
    nrs_error error = nrs_number_next(core, &it->number, &it->delivery, NRS_LABEL_RED, false);

    if (error != NRS_OK) {
        return error;
    }
    nrs_place(place, &(nrs_place_terms){core->self.sign_key, it->delivery.community->id, it->number.stream, it->number.sequence});
    if (!nrs_slice_equal(nrs_slice_of(place, sizeof place), nrs_field(&it->view->header->place))) {
        return nrs_refuse(answer, NRS_ERROR_BUSY, hint_again, "Another report to the same persons has been sent meanwhile.");
    }
    return NRS_OK;
}

/* ---- Storing ---- */

static nrs_error store_recipient(nrs_core *core, const nrs_addressee *one, uint64_t position)
{
    const nrs_recipient_row row = {.report = position,
                                   .address = one->address,
                                   .org = one->peer->keys.sign_key,
                                   .person = one->person->sign_key.data,
                                   .granted = true};
    bool first = false;
    nrs_error error = nrs_store_recipient_add(core->store, &row);

    if (error == NRS_OK && memcmp(row.org, core->self.sign_key, NRS_KEY_SIZE) == 0) { /* a colleague: it is here already */
        error = nrs_store_receipt_add(core->store, &first, position, one->address, NRS_STAGE_STORED, core->now_ms, "");
    }
    return error;
}

/* The slots of our own persons stay here, where their process asks for them. */
static nrs_error store_own_slots(nrs_core *core, const submission *it)
{
    size_t indices[NRS_TARGET_COUNT_MAX + 1];
    size_t count = nrs_slots_for(indices, sizeof indices / sizeof indices[0], it->slots, core->self_hash);
    nrs_error error = NRS_OK;

    for (size_t i = 0; error == NRS_OK && i < count && i < sizeof indices / sizeof indices[0]; i++) {
        nrs_bytes path = {0};

        error = nrs_slots_path_record(&path, it->slots, indices[i]);
        if (error == NRS_OK) {
            error = nrs_store_slot_add(core->store, it->view->id, it->view->grant_id, (uint32_t)indices[i], nrs_slice_of_bytes(&path));
        }
        nrs_bytes_wipe(&path);
    }
    return error;
}

static nrs_error store(nrs_core *core, const submission *it)
{
    const nrs_outgoing outgoing = {
        .id = it->view->id,
        .header = it->view->header,
        .record = nrs_slice_of_bytes(&it->record),
        .slot_table = nrs_slice_of_bytes(&it->parts.slot_table),
        .writer = it->writer == NULL ? NULL : it->writer->id,
        .follows = nrs_slice_of(it->follows, it->has_follows ? NRS_HASH_SIZE : 0),
        .passes_on = it->passes_on.fields,
        .passes_on_count = it->passes_on.count,
    };
    uint64_t position = 0;
    nrs_error error = nrs_outgoing_store(core, &position, &outgoing);

    for (size_t i = 0; error == NRS_OK && i < it->delivery.count; i++) {
        error = store_recipient(core, &it->delivery.list[i], position);
    }
    if (error == NRS_OK) {
        error = store_own_slots(core, it);
    }
    if (error == NRS_OK) {
        error = nrs_number_use(core, &it->number, &it->delivery, it->view->id, it->view->header->created_ms);
    }
    return nrs_command_written(core, error);
}

static nrs_error check_new(nrs_core *core, nrs_answer *answer, const submission *it)
{
    uint64_t position = 0;
    nrs_error error = nrs_store_log_find(core->store, &position, it->view->id);

    if (error == NRS_OK && position != 0) {
        return nrs_refuse(answer, NRS_ERROR_EXISTS, NULL, "The report has been submitted already.");
    }
    return error;
}

static nrs_error answer_with(nrs_core *core, nrs_answer *answer, const submission *it)
{
    nrs_row row = nrs_row_begin();

    nrs_row_hex(&row, "id", it->view->id, NRS_HASH_SIZE);
    nrs_delivery_row(&row, &it->delivery, NRS_LABEL_RED);
    nrs_delivery_warn(core, &row, NULL, it->view->header->expires_ms);
    return nrs_row_end(&row, answer->rows);
}

/* Which report its text is of only the person's process knows, and says. */
static nrs_error note_forward(nrs_core *core, const json_t *request)
{
    uint8_t id[NRS_HASH_SIZE];
    nrs_audit_what what = {.event = NRS_AUDIT_EXTEND, .person = nrs_request_text(request, "person"), .detail = nrs_label_name(NRS_LABEL_RED)};
    nrs_error error = nrs_store_report_find(core->store, id, nrs_request_text(request, "forwards"));

    if (error == NRS_OK) {
        what.about = nrs_slice_of(id, sizeof id);
    }
    return error == NRS_OK || nrs_error_is_verdict(error) ? nrs_audit_add(core, &what) : error;
}

nrs_error nrs_command_red_submit(nrs_core *core, nrs_answer *answer, const json_t *request)
{
    submission it = {0};
    nrs_error error = read_parts(core, answer, &it, request);

    if (error == NRS_OK) {
        error = check_addresses(answer, &it, request);
    }
    if (error == NRS_OK) {
        error = sign(core, answer, &it);
    }
    if (error == NRS_OK) {
        error = check_header(core, answer, &it);
    }
    if (error == NRS_OK) {
        error = check_slots(answer, &it);
    }
    if (error == NRS_OK) {
        error = plan(core, answer, &it, request);
    }
    if (error == NRS_OK) {
        error = check_passed_on(core, answer, &it, request);
    }
    if (error == NRS_OK) {
        error = match_slots(core, answer, &it);
    }
    if (error == NRS_OK) {
        error = check_new(core, answer, &it);
    }
    if (error == NRS_OK) {
        error = check_number(core, answer, &it);
    }
    if (error == NRS_OK) {
        error = answer_with(core, answer, &it);
    }
    if (error == NRS_OK) {
        error = store(core, &it);
        if (error == NRS_OK) {
            error = nrs_roster_note_override(core, it.delivery.community, NRS_LABEL_RED, nrs_request_flag(request, "stale_roster"),
                                             nrs_request_text(request, "person"));
        }
        if (error == NRS_OK && nrs_request_text(request, "forwards") != NULL) {
            error = note_forward(core, request);
        }
        nrs_core_log(core, error, "sent: TLP:RED to %zu persons of @%s", it.delivery.count, it.delivery.community->roster->id);
    }
    submission_wipe(&it);
    return error;
}
