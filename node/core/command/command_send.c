/* send and reply: from a checked draft to a sealed report in the log. The links take it from there. */
#include <stdlib.h>
#include <string.h>

#include "command/command_draft.h"
#include "command/command_outgoing.h"
#include "roster/roster.h"
#include "command/command_quote.h"
#include "prekeys/key_change.h"
#include "report/onward.h"
#include "rules/edges.h"
#include "stream/stream.h"
#include "withheld/withheld.h"

static const char hint_withheld[] = "Send it anew, or let the hub publish it: noroshi list --sent shows as which report it was.";
static const char hint_person[] = "Act as the person who writes it: noroshi --as PERSON send …";
static const char hint_to[] = "Say for whom it is: --to @community, organisation or person@organisation.";
static const char hint_smaller[] = "Shorten the body or its fields: a report has at most 256 KiB in all.";

/* ---- Sealing ---- */

/* conditions: where those of the header are kept. */
static nrs_header header_of(const nrs_sealing *sealing, Nrs__Wire__Conditions *conditions)
{
    const nrs_draft *draft = sealing->draft;
    nrs_delivery *delivery = sealing->delivery;
    nrs_header header;

    nrs__wire__header__init(&header);
    header.label = (uint32_t)draft->label;
    header.urgency = draft->urgent ? 1 : 0;
    header.flags = (draft->drill ? NRS_HEADER_DRILL : 0u) | (draft->unlock_on_accept ? NRS_HEADER_UNLOCK_ON_ACCEPT : 0u);
    header.community = nrs_field_of(nrs_slice_of(delivery->community->id, NRS_HASH_SIZE));
    header.roster_version = delivery->community->roster->version;
    header.created_ms = sealing->created_ms;
    header.expires_ms = sealing->created_ms + draft->expires_in_ms;
    nrs_delivery_onward(delivery, &header);
    header.attribution = sealing->attribution;
    if (delivery->duty != NULL) {
        header.duty = (char *)(uintptr_t)delivery->duty; /* only read */
    }
    nrs_delivery_disclaimers(delivery, &header);
    if (draft->conditions.permissible_actions != 0 || draft->conditions.flags != 0) {
        nrs__wire__conditions__init(conditions);
        conditions->permissible_actions = draft->conditions.permissible_actions;
        conditions->flags = draft->conditions.flags;
        header.conditions = conditions;
    }
    return header;
}

static nrs_report report_of(const nrs_sealing *sealing)
{
    nrs_draft *draft = sealing->draft;
    nrs_report report;

    nrs__wire__report__init(&report);
    report.kind = draft->kind;
    report.subject = draft->subject;
    report.body = (char *)(uintptr_t)draft->body; /* only read */
    report.to = draft->to;
    report.n_to = draft->address_count;
    if (draft->person != NULL) {
        report.person = draft->person->id;
    }
    report.fields = draft->field_list;
    report.n_fields = draft->field_count;
    if (draft->has_follows) {
        report.follows = nrs_field_of(nrs_slice_of(draft->follows, NRS_HASH_SIZE));
    }
    report.number = draft->number;
    report.final = draft->final;
    if (sealing->quoted != NULL) {
        report.quoted = nrs_field_of(nrs_slice_of(sealing->quoted, NRS_HASH_SIZE));
    }
    report.passes_on = sealing->passes_on;
    report.n_passes_on = sealing->passes_on_count;
    report.vouch = sealing->vouch;
    return report;
}

/* The slots to make: those whose prekey is known. Out: owned (free), NULL when there are none. */
static nrs_error slots_of(nrs_recipient **recipients_out, size_t *count_out, const nrs_delivery *delivery, const nrs_header *header)
{
    size_t count = 0;
    nrs_recipient *recipients;

    *recipients_out = NULL;
    *count_out = 0;
    if (nrs_header_key_open(header)) { /* its grant carries the key openly */
        return NRS_OK;
    }
    recipients = calloc(delivery->count, sizeof *recipients);
    if (recipients == NULL) {
        return NRS_ERROR_NO_MEMORY;
    }
    for (size_t i = 0; i < delivery->count; i++) {
        if (delivery->list[i].granted) {
            recipients[count] = delivery->list[i].keys;
            count++;
        }
    }
    *recipients_out = recipients;
    *count_out = count;
    return NRS_OK;
}

/* What nobody has before it accepts would be missing to all who do not: it stands in no stream. Nor does what a source
 * withholds: a hub that missed it would ask others for it. */
static bool counted(const nrs_header *header)
{
    return (header->flags & NRS_HEADER_UNLOCK_ON_ACCEPT) == 0 && header->attribution != NRS_ATTRIBUTION_WITHHELD;
}

/* Out: number_out: the number under which it is sealed, among what goes to these recipients. */
static nrs_error seal_once(nrs_core *core, nrs_sealed_parts *parts_out, nrs_secret **file_key_out, nrs_number *number_out, const nrs_header *header,
                           const nrs_report *report, const nrs_delivery *delivery)
{
    nrs_audience audience = nrs_delivery_audience(delivery);
    nrs_recipient *recipients = NULL;
    nrs_seal_request request = {
        .header = header,
        .report = report,
        .audience = &audience,
        .grantor = {&core->self, nrs_identity_agree_with, core->identity},
    };
    nrs_error error = slots_of(&recipients, &request.recipient_count, delivery, header);

    request.recipients = recipients;
    if (error == NRS_OK && !counted(header)) {
        error = nrs_seal(parts_out, file_key_out, &request);
    } else if (error == NRS_OK) {
        error = nrs_number_next(core, number_out, delivery, (nrs_label)header->label, header->attribution == NRS_ATTRIBUTION_VOUCHED);
    }
    if (error == NRS_OK && counted(header)) {
        request.stream = nrs_slice_of(number_out->stream, NRS_HASH_SIZE);
        request.sequence = number_out->sequence;
        request.previous = nrs_number_previous(number_out);
        error = nrs_seal(parts_out, file_key_out, &request);
    }
    free(recipients);
    return error;
}

static nrs_error seal(nrs_core *core, nrs_answer *answer, nrs_sealed_parts *parts_out, nrs_secret **file_key_out, nrs_number *number_out,
                      const nrs_header *header, const nrs_report *report, nrs_delivery *delivery)
{
    nrs_error error = seal_once(core, parts_out, file_key_out, number_out, header, report, delivery);

    if (error == NRS_ERROR_FORGED && nrs_delivery_drop_forged(core, delivery)) { /* one bad prekey must not silence the sender */
        if (delivery->count == 0) {
            return nrs_refuse(answer, NRS_ERROR_AUDIENCE, NULL, "Nobody with a usable prekey is left to receive it.");
        }
        error = seal_once(core, parts_out, file_key_out, number_out, header, report, delivery);
    }
    if (!nrs_error_is_verdict(error)) {
        return error;
    }
    return nrs_refuse(answer, error, error == NRS_ERROR_TOO_LARGE ? hint_smaller : NULL, "The report cannot be sealed: %s.",
                      nrs_error_sentence(error));
}

/* ---- Storing ---- */

static nrs_error store_recipients(nrs_core *core, const nrs_delivery *delivery, uint64_t position)
{
    nrs_error error = NRS_OK;

    for (size_t i = 0; i < delivery->count && error == NRS_OK; i++) {
        const nrs_addressee *one = &delivery->list[i];
        const nrs_recipient_row row = {.report = position, .address = one->address, .org = one->peer->keys.sign_key, .granted = one->granted,
                                       .locked = one->locked};

        error = nrs_store_recipient_add(core->store, &row);
    }
    return nrs_command_written(core, error);
}

/* Who has to accept first is told of the report, and gets it with the key. */
static nrs_error announce(nrs_core *core, const nrs_delivery *delivery, const uint8_t id[NRS_HASH_SIZE])
{
    nrs_sealed_view *view = NULL;
    uint64_t position = 0;
    nrs_error error = nrs_log_sealed(core, &view, &position, id);

    for (size_t i = 0; i < delivery->count && error == NRS_OK; i++) {
        error = nrs_notice_queue(core, view, delivery->list[i].peer->keys.sign_key);
    }
    nrs_sealed_view_free(&view);
    return nrs_command_written(core, error);
}

/* A hub is its own first hop: what it sends goes on to other communities at once, what it vouches for at its tick (publish.c). */
static nrs_error extend(nrs_core *core, const nrs_header *header, const uint8_t id[NRS_HASH_SIZE], uint64_t position, const nrs_secret *file_key, uint32_t kind)
{
    nrs_sealed_view *view = NULL;
    uint64_t sealed_position = 0;
    nrs_extension_of extension = {.file_key = file_key, .position = position, .kind = kind};
    nrs_let_in_row row = {.report = position, .address = "", .authority = NRS_AUTHORITY_ORIGINATOR, .at_ms = core->now_ms, .org = core->self.sign_key,
                          .by = core->self.sign_key};
    nrs_error error = nrs_log_sealed(core, &view, &sealed_position, id);

    if (error == NRS_OK) {
        extension.view = view;
        extension.parent = view->grant;
        extension.parent_id = view->grant_id;
        row.community = view->header->community.data;
        row.grant = view->grant_id;
        error = nrs_store_let_in_add(core->store, &row);
    }
    if (error == NRS_OK && header->attribution != NRS_ATTRIBUTION_VOUCHED) {
        error = nrs_onward_extend(core, &extension);
    }
    nrs_sealed_view_free(&view);
    return nrs_command_written(core, error);
}

nrs_error nrs_seal_and_store(nrs_core *core, nrs_answer *answer, uint8_t id_out[NRS_HASH_SIZE], uint64_t *position_out, const nrs_sealing *sealing)
{
    const nrs_draft *draft = sealing->draft;
    nrs_delivery *delivery = sealing->delivery;
    Nrs__Wire__Conditions conditions;
    const nrs_header header = header_of(sealing, &conditions);
    const nrs_report report = report_of(sealing);
    nrs_sealed_parts parts = {0};
    nrs_secret *file_key = NULL;
    nrs_bytes record = {0};
    nrs_outgoing outgoing = {.id = parts.id, .header = &header};
    uint64_t position = 0;
    nrs_number number;
    nrs_error error = seal(core, answer, &parts, &file_key, &number, &header, &report, delivery);

    if (error != NRS_OK) {
        goto out;
    }
    error = nrs_seal_sign_made(&record, &parts, core->identity);
    if (error != NRS_OK) {
        goto out;
    }
    outgoing.record = nrs_slice_of_bytes(&record);
    outgoing.slot_table = nrs_slice_of_bytes(&parts.slot_table);
    outgoing.file_key = file_key;
    outgoing.report = &report;
    outgoing.follows = nrs_field(&report.follows);
    outgoing.passes_on = report.passes_on;
    outgoing.passes_on_count = report.n_passes_on;
    error = nrs_outgoing_store(core, &position, &outgoing);
    if (error == NRS_OK) {
        error = store_recipients(core, delivery, position);
    }
    if (error == NRS_OK && nrs_key_hub_here(core, delivery->community) && (header.onward & NRS_ONWARD_COMMUNITIES) != 0 && header.attribution != NRS_ATTRIBUTION_WITHHELD) {
        error = extend(core, &header, parts.id, position, file_key, report.kind);
    }
    if (error == NRS_OK && draft->unlock_on_accept) {
        error = announce(core, delivery, parts.id);
    }
    if (error == NRS_OK && counted(&header)) {
        error = nrs_command_written(core, nrs_number_use(core, &number, delivery, parts.id, header.created_ms));
    }
    if (error == NRS_OK) {
        memcpy(id_out, parts.id, NRS_HASH_SIZE);
        *position_out = position;
        nrs_core_log(core, NRS_OK, "sent: TLP:%s to @%s, recipients: %zu", nrs_label_name(draft->label),
                     delivery->community->roster->id, delivery->count);
    }
out:
    nrs_sealed_parts_wipe(&parts);
    nrs_secret_destroy(&file_key);
    nrs_bytes_wipe(&record);
    return error;
}

static nrs_error plan(nrs_core *core, nrs_answer *answer, nrs_delivery *delivery, const nrs_draft *draft, const nrs_quoted *quoted, bool forward)
{
    const nrs_delivery_request request = {
        .label = draft->label,
        .kind = draft->kind,
        .addresses = draft->addresses,
        .address_count = draft->address_count,
        .stale_roster = draft->stale_roster,
        .disclaimers = draft->disclaimers,
        .disclaimer_count = draft->disclaimer_count,
        .locked = draft->unlock_on_accept,
        .onward = draft->onward,
        .inherited = quoted == NULL ? NULL : quoted->inherited,
        .inherited_count = quoted == NULL ? 0 : quoted->inherited_count,
        .community = draft->community,
        .passed_on = forward,
        .preferred = quoted == NULL ? NULL : nrs_community_by_id(core, quoted->row.community),
    };

    return nrs_delivery_plan(core, answer, delivery, &request);
}

static const char not_carried[] = "TLP:AMBER+STRICT goes to those named alone: the hub does not pass the reply on to the source.";

/* Whom the hub is to publish it to. */
static void put_audience(const nrs_core *core, nrs_row *row, const nrs_delivery *audience, const nrs_draft *draft)
{
    const nrs_peer *self = nrs_peer_by_sign(core, core->self.sign_key);
    json_t *addresses = json_array();
    bool failed = addresses == NULL;

    for (size_t i = 0; i < audience->count && !failed; i++) {
        failed = nrs_array_text(addresses, audience->list[i].address) != NRS_OK;
    }
    for (size_t i = 0; i < draft->address_count && self != NULL && !failed; i++) { /* and itself, like all others */
        failed = strcmp(draft->addresses[i].name, self->org) == 0 && nrs_array_text(addresses, self->org) != NRS_OK;
    }
    nrs_row_flag(row, "withheld", true);
    nrs_row_json(row, "audience", addresses);
    row->failed = row->failed || failed;
}

/* delivery: whom the report is addressed to; where its source is withheld it goes to a hub instead. */
static nrs_error finish(nrs_core *core, nrs_answer *answer, nrs_draft *draft, nrs_delivery *delivery, nrs_quoted *quoted)
{
    uint8_t id[NRS_HASH_SIZE];
    uint64_t position = 0;
    nrs_delivery hubs = {0};
    nrs_sealing sealing = {.draft = draft, .delivery = delivery, .quoted = quoted == NULL ? NULL : quoted->row.id,
                           .attribution = NRS_ATTRIBUTION_NAMED, .created_ms = core->now_ms};
    nrs_row row = nrs_row_begin();
    nrs_error error = NRS_OK;

    if (quoted != NULL) {
        sealing.passes_on = quoted->passes_on;
        sealing.passes_on_count = quoted->passes_on_count;
    }
    if (draft->withhold_source) {
        sealing.attribution = NRS_ATTRIBUTION_WITHHELD;
        sealing.delivery = &hubs;
        error = nrs_withhold_plan(core, answer, &hubs, draft, delivery, quoted == NULL ? NULL : quoted->inherited,
                                  quoted == NULL ? 0 : quoted->inherited_count);
        if (error == NRS_OK && quoted != NULL) {
            error = nrs_quoted_check(core, answer, quoted, &hubs);
        }
        for (size_t i = 0; error == NRS_OK && quoted != NULL && i < quoted->source_count; i++) {
            error = nrs_quoted_check(core, answer, &quoted->sources[i], &hubs);
        }
    }
    if (error != NRS_OK) {
        goto out;
    }
    if (draft->label == NRS_LABEL_RED && !draft->dry_run) {
        error = nrs_refuse(answer, NRS_ERROR_PERSON_ONLY, hint_person, "TLP:RED is sealed by the person who writes it, not by the node.");
    } else if (!draft->dry_run) {
        error = nrs_seal_and_store(core, answer, id, &position, &sealing);
        if (error == NRS_OK) {
            error = nrs_roster_note_override(core, delivery->community, draft->label, draft->stale_roster,
                                             draft->person == NULL ? NULL : draft->person->id);
        }
    }
    if (error != NRS_OK) {
        goto out;
    }
    if (!draft->dry_run) {
        nrs_row_hex(&row, "id", id, sizeof id);
    }
    nrs_delivery_row(&row, sealing.delivery, draft->label);
    if (draft->withhold_source) {
        put_audience(core, &row, delivery, draft);
    }
    nrs_delivery_onward_row(core, &row, sealing.delivery, draft->label);
    nrs_delivery_warn(core, &row, sealing.delivery, core->now_ms + draft->expires_in_ms);
    if (draft->withhold_source) {
        row.failed = nrs_withhold_warn(&row, draft->addresses, draft->address_count) != NRS_OK || row.failed;
        row.failed = nrs_withhold_warn_hubs(core, &row, draft, &hubs) != NRS_OK || row.failed;
    }
    if (quoted != NULL && (quoted->row.flags & NRS_REPORT_VOUCHED) != 0 && draft->label == NRS_LABEL_AMBER_STRICT) {
        row.failed = nrs_array_text(json_object_get(row.object, "warnings"), not_carried) != NRS_OK || row.failed;
    }
    error = nrs_row_end(&row, answer->rows);
out:
    nrs_row_discard(&row);
    nrs_delivery_wipe(&hubs);
    return error;
}

nrs_error nrs_command_send(nrs_core *core, nrs_answer *answer, const json_t *request)
{
    nrs_draft *draft = nrs_draft_new();
    nrs_delivery delivery = {0};
    nrs_error error = draft == NULL ? NRS_ERROR_NO_MEMORY : NRS_OK;

    if (error == NRS_OK) {
        error = nrs_draft_read(core, answer, draft, request, NULL, true);
    }
    if (error == NRS_OK) {
        error = nrs_draft_read_texts(answer, draft, request, NULL);
    }
    if (error == NRS_OK) {
        error = nrs_draft_check_body(answer, draft);
    }
    if (error == NRS_OK) {
        error = plan(core, answer, &delivery, draft, NULL, false);
    }
    if (error == NRS_OK) {
        error = finish(core, answer, draft, &delivery, NULL);
    }
    nrs_delivery_wipe(&delivery);
    free(draft);
    return error;
}

/* ---- Replies ---- */

/* Whom an answer to a RED report reaches is known to the person alone who opened it; the label is known to all. */
static nrs_error answer_red_question(nrs_answer *answer, const nrs_quoted *quoted, const json_t *request)
{
    nrs_label label = NRS_LABEL_NONE;
    nrs_row row;
    nrs_error error = nrs_draft_label(answer, &label, request, &quoted->defaults);

    error = error == NRS_OK ? nrs_quoted_tells(answer, quoted, request) : error;
    if (error != NRS_OK) {
        return error;
    }
    row = nrs_row_begin();
    nrs_row_text(&row, "label", nrs_label_name(label));
    nrs_row_text(&row, "community", quoted->community[1] == '\0' ? NULL : quoted->community + 1);
    nrs_row_json(&row, "recipients", json_array());
    nrs_row_json(&row, "waiting", json_array());
    nrs_row_json(&row, "excluded", json_array());
    return nrs_row_end(&row, answer->rows);
}

/* A reply, or a report that passes the other's text on. */
static nrs_error answer_to(nrs_core *core, nrs_answer *answer, const json_t *request, bool forward)
{
    nrs_draft *draft = nrs_draft_new();
    nrs_quoted *quoted = calloc(1, sizeof *quoted);
    nrs_delivery delivery = {0};
    nrs_bytes text = {0};
    nrs_error error = draft == NULL || quoted == NULL ? NRS_ERROR_NO_MEMORY : NRS_OK;

    if (error == NRS_OK) {
        error = nrs_quoted_open(core, answer, quoted, request, forward ? NRS_PLACE_EXPORT : NRS_PLACE_QUOTE);
    }
    if (error == NRS_OK && forward && json_array_size(json_object_get(request, "to")) == 0) {
        error = nrs_refuse(answer, NRS_ERROR_USAGE, hint_to, "The report is addressed to nobody.");
    }
    if (error == NRS_OK && quoted->view == NULL && !nrs_request_flag(request, "dry_run")) {
        error = nrs_refuse(answer, NRS_ERROR_PERSON_ONLY, hint_person, "Only a person it is addressed to may answer TLP:RED.");
    }
    if (error == NRS_OK && quoted->view == NULL && (forward || json_array_size(json_object_get(request, "to")) == 0)) {
        error = answer_red_question(answer, quoted, request);
        goto out;
    }
    if (error == NRS_OK && !forward && (quoted->row.flags & NRS_REPORT_WITHHELD) != 0 && quoted->row.part == NRS_PART_RECEIVED) {
        error = nrs_question_ask(core, answer, request, &quoted->row, quoted->seen.header);
        goto out;
    }
    if (error == NRS_OK) {
        error = nrs_withhold_inherit(core, answer, draft, quoted->row.id);
    }
    if (error == NRS_OK && forward && draft->withhold_source) { /* the quote would name it, and its ID */
        error = nrs_refuse(answer, NRS_ERROR_SOURCE_WITHHELD, hint_withheld, "What was sent without naming its source is not quoted by its source.");
    }
    if (error == NRS_OK) {
        quoted->passed_on = forward;
        error = nrs_draft_read(core, answer, draft, request, &quoted->defaults, true);
    }
    if (error == NRS_OK) {
        error = nrs_draft_read_texts(answer, draft, request, &quoted->defaults);
    }
    if (error == NRS_OK) {
        error = forward ? nrs_forward_complete(core, answer, &text, draft, quoted) : nrs_draft_check_body(answer, draft);
    }
    if (error == NRS_OK) {
        error = plan(core, answer, &delivery, draft, quoted, forward);
    }
    if (error == NRS_OK) {
        error = forward ? nrs_forward_check(core, answer, quoted, &delivery) : nrs_reply_complete(core, answer, draft, quoted, &delivery);
    }
    if (error == NRS_OK) {
        error = nrs_quoted_tells(answer, quoted, request);
    }
    if (error == NRS_OK) {
        error = finish(core, answer, draft, &delivery, quoted);
    }
out:
    if (quoted != NULL) {
        nrs_quoted_wipe(quoted);
    }
    nrs_bytes_wipe(&text);
    nrs_delivery_wipe(&delivery);
    free(quoted);
    free(draft);
    return error;
}

nrs_error nrs_command_reply(nrs_core *core, nrs_answer *answer, const json_t *request)
{
    return answer_to(core, answer, request, false);
}

nrs_error nrs_command_forward(nrs_core *core, nrs_answer *answer, const json_t *request)
{
    return answer_to(core, answer, request, true);
}
