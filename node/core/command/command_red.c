/* RED (SPEC 6): sealed and opened in a person's own process. The node says for whom and lends its half of each agreement,
 * signs what comes back, and hands a person's slots to its process; nothing here opens a text. */
#include <sodium.h>
#include <stdlib.h>
#include <stdio.h>
#include <string.h>

#include "command/command_draft.h"
#include "command/command_quote.h"
#include "prekeys/prekeys.h"
#include "report/withdrawal.h"
#include "stream/stream.h"

static const char hint_red[] = "red-prepare is for TLP:RED; other labels go by send.";

/* ---- red-prepare ---- */

static void own_address(const nrs_core *core, char *text_out, const Nrs__Wire__PersonEntry *person)
{
    nrs_address address = {.type = NRS_ADDRESS_PERSON};

    (void)snprintf(address.name, NRS_NAME_SIZE_MAX + 1, "%s", core->org);
    (void)snprintf(address.person, NRS_NAME_SIZE_MAX + 1, "%s", person->id);
    nrs_address_format(text_out, &address);
}

/* The sender keeps a slot of its own, unless it has no prekey yet or is a recipient anyway. */
static nrs_error put_sender(nrs_core *core, const nrs_red_list *list, const nrs_draft *draft, const nrs_delivery *delivery)
{
    const nrs_peer *self = nrs_peer_by_sign(core, core->self.sign_key);
    char address[NRS_ADDRESS_SIZE_MAX + 1];
    nrs_recipient keys;

    if (draft->person == NULL || nrs_recipient_of(core, &keys, self, draft->person) != NRS_OK) {
        return NRS_OK;
    }
    own_address(core, address, draft->person);
    for (size_t i = 0; i < delivery->count; i++) {
        if (strcmp(delivery->list[i].address, address) == 0) {
            return NRS_OK;
        }
    }
    return nrs_red_put_recipient(core, list, address, &keys);
}

/* The number under which the person's process seals: it is the next one's still when the report is submitted, or another report to
 * the same persons was quicker, and this one is prepared again. */
static nrs_error put_number(nrs_core *core, nrs_row *row, const nrs_delivery *delivery)
{
    nrs_number number;
    nrs_error error = nrs_number_next(core, &number, delivery, NRS_LABEL_RED, false);

    if (error == NRS_OK) {
        error = nrs_command_written(core, nrs_number_reserve(core, &number));
    }
    if (error == NRS_OK) {
        nrs_row_base64(row, "stream", nrs_slice_of(number.stream, NRS_HASH_SIZE));
        nrs_row_number(row, "sequence", number.sequence);
        nrs_row_base64(row, "previous", nrs_number_previous(&number));
    }
    return error;
}

static nrs_error put_prepared(nrs_core *core, nrs_row *row, const nrs_draft *draft, const nrs_delivery *delivery, const nrs_quoted *quoted)
{
    nrs_red_list list;
    nrs_error error = nrs_red_list_begin(&list, core->identity);

    for (size_t i = 0; i < delivery->count && error == NRS_OK; i++) {
        error = nrs_red_put_recipient(core, &list, delivery->list[i].address, &delivery->list[i].keys);
    }
    if (error == NRS_OK) {
        error = put_sender(core, &list, draft, delivery);
    }
    if (error != NRS_OK) {
        nrs_red_list_wipe(&list);
        return error;
    }
    nrs_delivery_row(row, delivery, draft->label);
    nrs_red_list_row(row, &list); /* `recipients` with their keys, in place of the addresses alone */
    nrs_row_text(row, "community_name", delivery->community->roster->id);
    nrs_row_hex(row, "community", delivery->community->id, NRS_HASH_SIZE);
    nrs_row_number(row, "roster_version", delivery->community->roster->version);
    nrs_row_number(row, "created_at_ms", core->now_ms);
    nrs_row_number(row, "expires_at_ms", core->now_ms + draft->expires_in_ms);
    nrs_row_base64(row, "originator", nrs_slice_of(core->self.sign_key, NRS_KEY_SIZE));
    nrs_row_base64(row, "agree_key", nrs_slice_of(core->self.agree_key, NRS_KEY_SIZE));
    nrs_row_base64(row, "curve_key", nrs_slice_of(core->self.curve_key, NRS_KEY_SIZE));
    nrs_row_text(row, "duty", delivery->duty);
    nrs_row_number(row, "permissible_actions", draft->conditions.permissible_actions);
    nrs_row_number(row, "condition_flags", draft->conditions.flags);
    if (draft->has_follows) {
        nrs_row_hex(row, "follows", draft->follows, NRS_HASH_SIZE);
    }
    nrs_row_number(row, "number", draft->number);
    if (quoted->row.id != NULL) {
        nrs_row_hex(row, "quoted", quoted->row.id, NRS_HASH_SIZE);
        nrs_row_flag(row, "quoted_known", nrs_quoted_known(core, quoted, delivery)); /* or the subject of an answer says nothing of its text */
    }
    return put_number(core, row, delivery);
}

nrs_error nrs_command_red_prepare(nrs_core *core, nrs_answer *answer, const json_t *request)
{
    nrs_draft *draft = nrs_draft_new();
    nrs_quoted *quoted = calloc(1, sizeof *quoted);
    nrs_delivery delivery = {0};
    nrs_delivery_request wanted = {0};
    nrs_row row = nrs_row_begin();
    nrs_error error = draft == NULL || quoted == NULL ? NRS_ERROR_NO_MEMORY : NRS_OK;

    if (error == NRS_OK && nrs_request_text(request, "id") != NULL) {
        error = nrs_quoted_open(core, answer, quoted, request, nrs_request_flag(request, "forward") ? NRS_PLACE_EXPORT : NRS_PLACE_QUOTE);
    }
    if (error == NRS_OK) {
        error = nrs_draft_read(core, answer, draft, request, NULL, false);
    }
    if (error == NRS_OK && quoted->row.id != NULL) {
        quoted->passed_on = nrs_request_flag(request, "forward");
        error = nrs_quoted_reach(quoted, core, answer, draft);
    }
    if (error == NRS_OK && quoted->row.id != NULL) {
        error = nrs_draft_inherit(answer, draft, quoted->conditions);
    }
    if (error == NRS_OK && draft->label != NRS_LABEL_RED) {
        error = nrs_refuse(answer, NRS_ERROR_USAGE, hint_red, "TLP:%s is not sealed by a person.", nrs_label_name(draft->label));
    }
    if (error == NRS_OK) {
        wanted = (nrs_delivery_request){
            .label = draft->label, .kind = draft->kind, .addresses = draft->addresses, .address_count = draft->address_count};
        wanted.disclaimers = draft->disclaimers;
        wanted.disclaimer_count = draft->disclaimer_count;
        wanted.locked = draft->unlock_on_accept;
        wanted.inherited = quoted->inherited;
        wanted.inherited_count = quoted->inherited_count;
        wanted.stale_roster = draft->stale_roster;
        wanted.community = draft->community;
        wanted.passed_on = quoted->passed_on;
        wanted.preferred = quoted->row.id == NULL ? NULL : nrs_community_by_id(core, quoted->row.community);
        error = nrs_delivery_plan(core, answer, &delivery, &wanted);
    }
    if (error == NRS_OK && quoted->passed_on && quoted->row.id != NULL) {
        error = nrs_forward_check(core, answer, quoted, &delivery);
    }
    if (error == NRS_OK) {
        error = put_prepared(core, &row, draft, &delivery, quoted);
    }
    if (error == NRS_OK) {
        error = nrs_row_end(&row, answer->rows);
    }
    nrs_row_discard(&row);
    nrs_delivery_wipe(&delivery);
    if (quoted != NULL) {
        nrs_quoted_wipe(quoted);
    }
    free(quoted);
    free(draft);
    return error;
}

/* ---- red-open and red-opened ---- */

/* What a person's process needs to open one report. */
typedef struct gathering {
    nrs_core *core;
    const Nrs__Wire__PersonEntry *person;
    json_t *slots, *grants, *prekeys;
    uint8_t prekey_ids[NRS_PREKEY_COUNT_MAX][NRS_PREKEY_ID_SIZE];
    size_t prekey_count;
} gathering;

static nrs_error append_base64(json_t *array, nrs_slice bytes)
{
    char *text = NULL;
    nrs_error error = nrs_base64_encode(&text, bytes);

    if (error == NRS_OK) {
        error = nrs_array_text(array, text);
    }
    free(text);
    return error;
}

static bool wanted_prekey(const gathering *all, const uint8_t *id)
{
    for (size_t i = 0; i < all->prekey_count; i++) {
        if (memcmp(all->prekey_ids[i], id, NRS_PREKEY_ID_SIZE) == 0) {
            return true;
        }
    }
    return false;
}

static nrs_error gather_slot(void *context, const uint8_t *grant_id, uint32_t index, nrs_slice slot_path)
{
    gathering *all = context;
    uint8_t prekey_id[NRS_PREKEY_ID_SIZE];

    (void)grant_id;
    (void)index;
    if (nrs_slot_person(all->core, prekey_id, slot_path) != all->person) {
        return NRS_OK;
    }
    if (!wanted_prekey(all, prekey_id)) {
        if (all->prekey_count == NRS_PREKEY_COUNT_MAX) {
            return NRS_OK;
        }
        memcpy(all->prekey_ids[all->prekey_count], prekey_id, NRS_PREKEY_ID_SIZE);
        all->prekey_count++;
    }
    return append_base64(all->slots, slot_path);
}

static nrs_error gather_grant(void *context, const nrs_log_row *row)
{
    const gathering *all = context;

    return row->record.size == 0 ? NRS_OK : append_base64(all->grants, row->record);
}

static nrs_error gather_prekey(void *context, const nrs_prekey_row *prekey)
{
    const gathering *all = context;
    nrs_secret *share = NULL;
    nrs_row row;
    nrs_error error;

    if (memcmp(nrs_person_key_now(all->core, prekey->owner), all->person->sign_key.data, NRS_KEY_SIZE) != 0 || !wanted_prekey(all, prekey->id)) {
        return NRS_OK;
    }
    error = nrs_vault_take(all->core, &share, prekey->segment, nrs_slice_of(prekey->id, NRS_PREKEY_ID_SIZE), prekey->wrapped);
    if (error != NRS_OK) {
        return error;
    }
    row = nrs_row_begin();
    nrs_row_hex(&row, "id", prekey->id, NRS_PREKEY_ID_SIZE);
    nrs_row_base64(&row, "key", nrs_slice_of(prekey->key, NRS_KEY_SIZE));
    nrs_row_number(&row, "from_ms", prekey->from_ms);
    nrs_row_number(&row, "until_ms", prekey->until_ms);
    nrs_row_base64(&row, "share", nrs_secret_slice(share));
    nrs_row_base64(&row, "sealed_secret", prekey->sealed_secret);
    nrs_secret_destroy(&share);
    return nrs_row_end(&row, all->prekeys);
}

/* A RED report of this node with a slot for the person. */
static nrs_error find_red(nrs_core *core, nrs_answer *answer, nrs_report_row *report, nrs_bytes *holder, gathering *all, const json_t *request)
{
    const char *person = nrs_request_text(request, "person");
    nrs_error error = nrs_command_report(core, answer, report, holder, nrs_request_text(request, "id"));

    if (error == NRS_OK && person == NULL) {
        return nrs_refuse(answer, NRS_ERROR_USAGE, NULL, "The person is missing.");
    }
    if (error == NRS_OK) {
        error = nrs_command_person(core, answer, &all->person, person);
    }
    if (error == NRS_OK && report->label != NRS_LABEL_RED) {
        return nrs_refuse(answer, NRS_ERROR_USAGE, NULL, "TLP:%s is opened by the node: show does it.", nrs_label_name((nrs_label)report->label));
    }
    if (error == NRS_OK) {
        error = nrs_store_slot_each(core->store, report->id, gather_slot, all);
    }
    if (error == NRS_OK && all->prekey_count == 0 && report->key_state == NRS_KEY_WITHDRAWN) { /* its slots went with its key: SPEC 8.4 */
        error = nrs_withdrawal_check(core, answer, report, NRS_PLACE_READ, person);
    }
    if (error == NRS_OK && all->prekey_count == 0) {
        const nrs_verdict verdict = nrs_policy_open(NRS_LABEL_RED, &(nrs_reader_facts){.as_person = true});
        return nrs_refuse(answer, verdict.error, verdict.allowed, "The report is not addressed to %s, or its prekey is destroyed.", person);
    }
    return error;
}

static void put_grantor(nrs_core *core, nrs_row *row, const nrs_report_row *report)
{
    const nrs_peer *peer = nrs_peer_by_sign(core, report->originator);
    json_t *grantors = json_array();
    nrs_row one;

    if (peer != NULL) { /* only the originator grants RED */
        one = nrs_row_begin();
        nrs_row_base64(&one, "sign_key", nrs_slice_of(peer->keys.sign_key, NRS_KEY_SIZE));
        nrs_row_base64(&one, "agree_key", nrs_slice_of(peer->keys.agree_key, NRS_KEY_SIZE));
        nrs_row_base64(&one, "curve_key", nrs_slice_of(peer->keys.curve_key, NRS_KEY_SIZE));
        row->failed = nrs_row_end(&one, grantors) != NRS_OK || row->failed;
    }
    nrs_row_json(row, "grantors", grantors);
}

static nrs_error gathering_begin(gathering *all, nrs_core *core)
{
    *all = (gathering){.core = core, .slots = json_array(), .grants = json_array(), .prekeys = json_array()};
    return all->slots == NULL || all->grants == NULL || all->prekeys == NULL ? NRS_ERROR_NO_MEMORY : NRS_OK;
}

static void gathering_end(gathering *all)
{
    json_decref(all->slots);
    json_decref(all->grants);
    json_decref(all->prekeys);
}

nrs_error nrs_command_red_open(nrs_core *core, nrs_answer *answer, const json_t *request)
{
    gathering all;
    nrs_bytes holder = {0};
    nrs_bytes sealed = {0};
    nrs_report_row report;
    nrs_log_row record;
    nrs_header_seen seen = {0};
    bool closed = false;
    nrs_row row = nrs_row_begin();
    nrs_error error = gathering_begin(&all, core);

    if (error == NRS_OK) {
        error = find_red(core, answer, &report, &holder, &all, request);
    }
    if (error == NRS_OK) {
        error = nrs_withdrawal_check(core, answer, &report, NRS_PLACE_READ, nrs_request_text(request, "person"));
    }
    if (error == NRS_OK) {
        error = nrs_header_seen_load(core, &seen, &report);
    }
    if (error == NRS_OK) {
        error = nrs_edge_reading(core, answer, &report, seen.header, NRS_PLACE_READ, nrs_request_text(request, "person"));
        closed = nrs_error_is_verdict(error);
    }
    if (closed) { /* header and disclaimer, and nothing that opens it */
        error = nrs_edge_answer_closed(core, answer, &report, seen.header, nrs_request_text(request, "person"), error);
        goto out;
    }
    if (error == NRS_OK) {
        error = nrs_store_log_each_of(core->store, nrs_slice_of(report.id, NRS_HASH_SIZE), NRS_RECORD_GRANT, gather_grant, &all);
    }
    if (error == NRS_OK) {
        error = nrs_store_prekey_each(core->store, gather_prekey, &all);
    }
    if (error == NRS_OK) {
        error = nrs_store_log_get(core->store, &record, &sealed, report.position);
    }
    if (error == NRS_OK && record.record.size == 0) {
        error = nrs_refuse(answer, NRS_ERROR_NOT_FOUND, NULL, "The report's bytes are forgotten.");
    }
    if (error == NRS_OK) {
        error = nrs_command_describe(core, &row, &report, NULL, false);
    }
    if (error == NRS_OK) {
        error = nrs_edge_describe(core, &row, &report, seen.header, nrs_request_text(request, "person"));
    }
    if (error == NRS_OK) {
        nrs_row_base64(&row, "sealed", record.record);
        nrs_row_json(&row, "grants", json_incref(all.grants));
        nrs_row_json(&row, "slots", json_incref(all.slots));
        nrs_row_json(&row, "prekeys", json_incref(all.prekeys));
        put_grantor(core, &row, &report);
        error = nrs_row_end(&row, answer->rows);
    }
out:
    nrs_row_discard(&row);
    nrs_header_seen_wipe(&seen);
    gathering_end(&all);
    nrs_bytes_wipe(&sealed);
    nrs_bytes_wipe(&holder);
    return error;
}

/* Each person's reading is noted once; the originator is told unless it is this organisation itself. */
static nrs_error note_opened(nrs_core *core, nrs_report_row *report, const nrs_header *header, const Nrs__Wire__PersonEntry *person)
{
    char address[NRS_ADDRESS_SIZE_MAX + 1];
    bool first = false;
    nrs_error error;

    own_address(core, address, person);
    error = nrs_store_receipt_add(core->store, &first, report->position, address, NRS_STAGE_OPENED, core->now_ms, person->id);
    if (error == NRS_OK && report->opened_ms == 0) {
        report->opened_ms = core->now_ms;
        error = nrs_store_report_update(core->store, report);
    }
    if (error == NRS_OK && first && report->part == NRS_PART_RECEIVED) {
        error = nrs_receipt_queue(core, header, report->id, NRS_STAGE_OPENED, person->id, "");
    }
    return nrs_command_written(core, error);
}

/* The place that the person's process found in the body: the header commits to it, so that no other can be told. */
static nrs_error note_place(nrs_core *core, nrs_answer *answer, const nrs_sealed_view *view, const json_t *request)
{
    nrs_bytes stream = {0}, previous = {0};
    nrs_told_place told = {.sequence = nrs_request_number(request, "sequence", 0)};
    uint8_t place[NRS_HASH_SIZE];
    nrs_error error = NRS_OK;

    if (nrs_request_text(request, "stream") == NULL || memcmp(view->header->originator.data, core->self.sign_key, NRS_KEY_SIZE) == 0) {
        return NRS_OK; /* not counted, or our own */
    }
    error = nrs_request_bytes(answer, &stream, request, "stream");
    if (error == NRS_OK && nrs_request_text(request, "previous") != NULL) {
        error = nrs_request_bytes(answer, &previous, request, "previous");
    }
    if (error == NRS_OK && (stream.size != NRS_HASH_SIZE || (previous.size != 0 && previous.size != NRS_HASH_SIZE))) {
        error = nrs_refuse(answer, NRS_ERROR_MALFORMED, NULL, "The place of the report is malformed.");
    }
    if (error == NRS_OK) {
        told.stream = nrs_slice_of_bytes(&stream);
        told.previous = nrs_slice_of_bytes(&previous);
        nrs_place(place, &(nrs_place_terms){view->header->originator.data, view->header->community.data, stream.data, told.sequence});
        error = nrs_slice_equal(nrs_slice_of(place, sizeof place), nrs_field(&view->header->place))
                    ? nrs_command_written(core, nrs_stream_take(core, view, &told))
                    : nrs_refuse(answer, NRS_ERROR_FORGED, NULL, "The report does not stand at this place.");
    }
    nrs_bytes_wipe(&previous);
    nrs_bytes_wipe(&stream);
    return error;
}

/* What the report says that it follows: only its reader's process has seen it. */
static nrs_error note_follows(nrs_core *core, nrs_answer *answer, const nrs_report_row *report, const json_t *request)
{
    uint8_t id[NRS_HASH_SIZE];

    if (nrs_hex_decode(id, sizeof id, nrs_request_text(request, "follows")) != NRS_OK) {
        return nrs_refuse(answer, NRS_ERROR_MALFORMED, NULL, "The field follows is no whole ID.");
    }
    return nrs_command_written(core, nrs_follows_note(core, nrs_slice_of(id, sizeof id), report->position));
}

/* Whose text it holds, too. What was withdrawn is closed here as anywhere, before the person is shown it. */
static nrs_error note_passed_on(nrs_core *core, nrs_answer *answer, const nrs_report_row *report, const nrs_header *header, const json_t *request, const char *person)
{
    nrs_passed_on list;
    bool closed = false;
    nrs_error error = nrs_request_passed_on(answer, &list, request);

    if (error != NRS_OK || list.count == 0) {
        return error;
    }
    error = nrs_passed_on_reading(core, answer, report, header, list.fields, list.count, NRS_PLACE_READ, person, NRS_SINK_SCREEN);
    if (error != NRS_OK) {
        return error;
    }
    error = nrs_passed_on_note(core, report->position, list.fields, list.count);
    if (error == NRS_OK && report->part == NRS_PART_RECEIVED) {
        error = nrs_passed_on_check(core, &closed, report, list.fields, list.count);
    }
    error = nrs_command_written(core, error);
    return error == NRS_OK && closed ? nrs_withdrawal_check(core, answer, report, NRS_PLACE_QUOTE, person) : error;
}

nrs_error nrs_command_red_opened(nrs_core *core, nrs_answer *answer, const json_t *request)
{
    gathering all;
    nrs_bytes holder = {0};
    nrs_report_row report;
    nrs_sealed_view *view = NULL;
    uint64_t position = 0;
    nrs_error error = gathering_begin(&all, core);

    if (error == NRS_OK) {
        error = find_red(core, answer, &report, &holder, &all, request);
    }
    if (error == NRS_OK) {
        error = nrs_withdrawal_check(core, answer, &report, NRS_PLACE_QUOTE, all.person->id);
    }
    if (error == NRS_OK) {
        error = nrs_log_sealed(core, &view, &position, report.id);
    }
    if (error == NRS_OK) {
        error = nrs_edge_reading(core, answer, &report, view->header, NRS_PLACE_READ, all.person->id);
    }
    if (error == NRS_OK) {
        error = note_place(core, answer, view, request);
    }
    if (error == NRS_OK && nrs_request_text(request, "follows") != NULL) {
        error = note_follows(core, answer, &report, request);
    }
    if (error == NRS_OK) {
        error = note_passed_on(core, answer, &report, view->header, request, all.person->id);
    }
    if (error == NRS_OK) {
        error = note_opened(core, &report, view->header, all.person);
    }
    nrs_sealed_view_free(&view);
    gathering_end(&all);
    nrs_bytes_wipe(&holder);
    return error;
}
