/* What several commands say about a report: which one is meant, who sent it, to whom, and whether it is read. */
#include <stdio.h>
#include <string.h>

#include "prekeys/prekeys.h"
#include "prekeys/key_change.h"
#include "report/withdrawal.h"
#include "stream/stream.h"
#include "withheld/withheld.h"
#include "proto/vocabulary.h"

static const char hint_id[] = "An ID is 64 hexadecimal digits in lower case; its first 6 or more will do while they are unique.";
static const char hint_persons[] = "The command noroshi person add makes one; the names are those of this organisation's own persons.";

static nrs_error find_report(nrs_core *core, nrs_answer *answer, nrs_report_row *row_out, nrs_bytes *holder, const char *text, bool forgotten_too)
{
    uint8_t id[NRS_HASH_SIZE];
    nrs_error error;

    if (text == NULL) {
        return nrs_refuse(answer, NRS_ERROR_USAGE, hint_id, "The report's ID is missing.");
    }
    error = nrs_store_report_find(core->store, id, text);
    if (error == NRS_OK) {
        error = nrs_store_report_get(core->store, row_out, holder, id);
    }
    if (error == NRS_OK && ((row_out->key_state == NRS_KEY_FORGOTTEN && !(forgotten_too && row_out->part == NRS_PART_SENT)) || row_out->part == NRS_PART_CARRIED)) {
        error = NRS_ERROR_NOT_FOUND;
    }
    if (error == NRS_OK) {
        memcpy(answer->about, id, NRS_HASH_SIZE);
        answer->has_about = true;
        (void)snprintf(answer->detail, sizeof answer->detail, "%s", nrs_label_name((nrs_label)row_out->label));
    }
    if (!nrs_error_is_verdict(error)) {
        return error;
    }
    if (error == NRS_ERROR_MALFORMED) {
        return nrs_refuse(answer, NRS_ERROR_USAGE, hint_id, "%.80s: not a report's ID.", text);
    }
    return nrs_refuse(answer, error, NULL, "%.80s: %s.", text, nrs_error_sentence(error));
}

nrs_error nrs_command_report(nrs_core *core, nrs_answer *answer, nrs_report_row *row_out, nrs_bytes *holder, const char *text)
{
    return find_report(core, answer, row_out, holder, text, false);
}

nrs_error nrs_command_report_sent(nrs_core *core, nrs_answer *answer, nrs_report_row *row_out, nrs_bytes *holder, const char *text)
{
    return find_report(core, answer, row_out, holder, text, true);
}

const Nrs__Wire__PersonEntry *nrs_own_person(const nrs_core *core, const char *person_id)
{
    return nrs_peer_person(nrs_peer_by_sign(core, core->self.sign_key), person_id);
}

nrs_error nrs_command_person(nrs_core *core, nrs_answer *answer, const Nrs__Wire__PersonEntry **person_out, const char *person_id)
{
    const Nrs__Wire__PersonEntry *person = nrs_own_person(core, person_id);

    if (person == NULL) {
        return nrs_refuse(answer, NRS_ERROR_UNKNOWN_PERSON, hint_persons, "%.64s: no such person in %s.", person_id, core->org);
    }
    *person_out = person;
    return NRS_OK;
}

void nrs_command_org(nrs_core *core, char *text_out, const uint8_t community[NRS_HASH_SIZE], const uint8_t sign_key[NRS_KEY_SIZE])
{
    const nrs_peer *peer = nrs_peer_by_sign(core, sign_key);
    const nrs_community *held = nrs_community_by_id(core, community);
    const Nrs__Wire__Tombstone *gone = held == NULL ? NULL : nrs_roster_tombstone(held->roster, sign_key);
    const char *org = NULL;

    memset(text_out, 0, NRS_ADDRESS_SIZE_MAX + 1);
    if (nrs_key_ours(core, sign_key)) {
        org = core->org;
    } else if (peer != NULL) {
        org = peer->org;
    } else if (gone != NULL) {
        org = gone->org;
    }
    if (org != NULL) {
        (void)snprintf(text_out, NRS_NAME_SIZE_MAX + 1, "%s", org);
    } else {
        nrs_hex_encode(text_out, sign_key, 8);
    }
}

const Nrs__Wire__PersonEntry *nrs_slot_person(nrs_core *core, uint8_t prekey_id_out[NRS_PREKEY_ID_SIZE], nrs_slice slot_path)
{
    const Nrs__Wire__PersonEntry *person = NULL;
    const nrs_own_prekey *prekey;
    nrs_record *record = NULL;
    nrs_slot_path *path = NULL;
    nrs_slot *slot = NULL;

    if (nrs_record_decode(&record, slot_path) != NRS_OK || record->type != NRS_RECORD_SLOT_PATH) {
        goto out;
    }
    if (nrs_slot_path_decode(&path, nrs_field(&record->payload)) != NRS_OK || nrs_slot_decode(&slot, nrs_field(&path->slot)) != NRS_OK) {
        goto out;
    }
    memcpy(prekey_id_out, slot->prekey_id.data, NRS_PREKEY_ID_SIZE);
    prekey = nrs_own_prekey_by_id(core, slot->prekey_id.data);
    if (prekey != NULL && prekey->person) {
        person = nrs_peer_person_by_key(nrs_peer_by_sign(core, core->self.sign_key), nrs_person_key_now(core, prekey->owner));
    }
out:
    nrs_slot_free(&slot);
    nrs_slot_path_free(&path);
    nrs_record_free(&record);
    return person;
}

typedef struct slot_search {
    nrs_core *core;
    const Nrs__Wire__PersonEntry *person;
    bool found;
} slot_search;

static nrs_error look_at_slot(void *context, const uint8_t *grant_id, uint32_t index, nrs_slice slot_path)
{
    slot_search *search = context;
    uint8_t prekey_id[NRS_PREKEY_ID_SIZE];

    (void)grant_id;
    (void)index;
    search->found = search->found || nrs_slot_person(search->core, prekey_id, slot_path) == search->person;
    return NRS_OK;
}

nrs_error nrs_person_has_slot(nrs_core *core, bool *has_out, const uint8_t report[NRS_HASH_SIZE], const Nrs__Wire__PersonEntry *person)
{
    slot_search search = {.core = core, .person = person};
    nrs_error error;

    NRS_ASSERT(has_out != NULL && person != NULL);
    error = nrs_store_slot_each(core->store, report, look_at_slot, &search);
    *has_out = error == NRS_OK && search.found;
    return error;
}

/* ---- To whom ---- */

typedef struct address_list {
    nrs_core *core;
    json_t *addresses;
} address_list;

static nrs_error add_recipient(void *context, const nrs_recipient_row *row)
{
    const address_list *list = context;

    return nrs_array_text(list->addresses, row->address);
}

static nrs_error add_slot_person(void *context, const uint8_t *grant_id, uint32_t index, nrs_slice slot_path)
{
    const address_list *list = context;
    uint8_t prekey_id[NRS_PREKEY_ID_SIZE];
    const Nrs__Wire__PersonEntry *person = nrs_slot_person(list->core, prekey_id, slot_path);
    nrs_address address = {.type = NRS_ADDRESS_PERSON};
    char text[NRS_ADDRESS_SIZE_MAX + 1];

    (void)grant_id;
    (void)index;
    if (person == NULL) {
        return NRS_OK;
    }
    (void)snprintf(address.name, NRS_NAME_SIZE_MAX + 1, "%s", list->core->org);
    (void)snprintf(address.person, NRS_NAME_SIZE_MAX + 1, "%s", person->id);
    nrs_address_format(text, &address);
    for (size_t i = 0; i < json_array_size(list->addresses); i++) {
        if (strcmp(json_string_value(json_array_get(list->addresses, i)), text) == 0) {
            return NRS_OK;
        }
    }
    return nrs_array_text(list->addresses, text);
}

/* The addresses as the sender wrote them, or what this node knows of them without opening the report. */
static nrs_error describe_to(nrs_core *core, json_t *addresses, const nrs_report_row *report, const nrs_opened *opened)
{
    address_list list = {core, addresses};
    nrs_error error = NRS_OK;

    if (opened != NULL) {
        for (size_t i = 0; i < opened->report->n_to && error == NRS_OK; i++) {
            error = nrs_array_text(addresses, opened->report->to[i]);
        }
        return error;
    }
    if (report->part == NRS_PART_SENT) {
        return nrs_store_recipient_each(core->store, report->position, add_recipient, &list);
    }
    error = nrs_store_slot_each(core->store, report->id, add_slot_person, &list);
    if (error == NRS_OK && json_array_size(addresses) == 0) {
        error = nrs_array_text(addresses, core->org);
    }
    return error;
}

#define LOOKED_BACK_MAX 1024u /* reports, for one answer: each is opened, and a member makes as many as it likes */

/* The last of a series is what its originator calls so: that another does ends nothing. */
static nrs_error describe_final(nrs_core *core, nrs_row *row, const nrs_report_row *report, const nrs_report *text)
{
    bool final = text != NULL && text->final;
    nrs_series series;
    nrs_error error = NRS_OK;

    if (final && text->follows.len == NRS_HASH_SIZE && core->looked_back >= LOOKED_BACK_MAX) {
        final = false; /* who looks at one report by itself learns more */
    } else if (final && text->follows.len == NRS_HASH_SIZE) {
        error = nrs_series_first(core, &series, text->follows.data);
        final = error == NRS_OK && nrs_series_ends(core, &series, report->originator, (report->flags & (NRS_REPORT_VOUCHED | NRS_REPORT_WITHHELD)) != 0);
    }
    nrs_row_flag(row, "final", final);
    return error;
}

nrs_error nrs_command_describe_line(nrs_core *core, nrs_row *row, const nrs_report_row *report, const nrs_opened *opened)
{
    const nrs_report *text = opened == NULL ? NULL : opened->report;
    const nrs_term *kind = text == NULL ? NULL : nrs_vocabulary_by_value(NRS_VOCABULARY_KIND, text->kind);
    char from[NRS_ADDRESS_SIZE_MAX + 1];
    uint64_t missing = 0, missing_since_ms = 0;
    bool to_vouch = false;
    nrs_label label;
    nrs_error error = NRS_OK;

    if (nrs_label_from_wire(&label, report->label) != NRS_OK) {
        return NRS_ERROR_DAMAGED;
    }
    error = nrs_gap_before(core, &missing, &missing_since_ms, report->id);
    if (error != NRS_OK) {
        return error;
    }
    if ((report->flags & NRS_REPORT_WITHHELD) != 0 && report->part == NRS_PART_RECEIVED) {
        error = nrs_withheld_waits(core, &to_vouch, report);
        if (error != NRS_OK) {
            return error;
        }
    }
    nrs_command_org(core, from, report->community, report->originator);
    nrs_row_hex(row, "id", report->id, NRS_HASH_SIZE);
    nrs_row_text(row, "label", nrs_label_name(label));
    nrs_row_text(row, "kind", kind == NULL ? NULL : kind->code);
    nrs_row_text(row, "from", from);
    nrs_row_text(row, "attribution", (report->flags & NRS_REPORT_WITHHELD) != 0  ? "withheld"
                                     : (report->flags & NRS_REPORT_VOUCHED) != 0 ? "vouched"
                                                                                 : "named");
    nrs_row_flag(row, "to_vouch", to_vouch);
    nrs_row_text(row, "subject", text == NULL ? NULL : text->subject);
    nrs_row_time(row, "created_at", report->created_ms);
    nrs_row_flag(row, "expired", report->expires_ms <= core->now_ms);
    nrs_row_flag(row, "opened", report->opened_ms != 0);
    nrs_row_flag(row, "drill", (report->flags & NRS_HEADER_DRILL) != 0);
    nrs_row_flag(row, "urgent", report->urgency != 0);
    nrs_row_number(row, "missing_before", missing);
    nrs_row_time_or_null(row, "missing_since", missing > 0 ? missing_since_ms : 0);
    if (text != NULL && text->number != 0) {
        nrs_row_number(row, "number", text->number);
    } else {
        nrs_row_text(row, "number", NULL);
    }
    error = describe_final(core, row, report, text);
    if (error == NRS_OK) {
        error = nrs_follows_describe(core, row, report->id);
    }
    if (error == NRS_OK) {
        error = nrs_command_describe_pending(core, row, report);
    }
    return error == NRS_OK ? nrs_withdrawal_describe(core, row, report) : error;
}

nrs_error nrs_command_describe(nrs_core *core, nrs_row *row, const nrs_report_row *report, const nrs_opened *opened, bool words)
{
    const nrs_community *community = nrs_community_by_id(core, report->community);
    const nrs_report *text = opened == NULL ? NULL : opened->report;
    json_t *to = json_array();
    nrs_error error = to == NULL ? NRS_ERROR_NO_MEMORY : describe_to(core, to, report, opened);

    if (error == NRS_OK) {
        error = nrs_command_describe_line(core, row, report, opened);
    }
    if (error != NRS_OK) {
        json_decref(to);
        return error;
    }
    nrs_row_json(row, "to", to);
    error = nrs_command_describe_let_in(core, row, report);
    if (error != NRS_OK) {
        return error;
    }
    nrs_row_time(row, "received_at", report->received_ms);
    nrs_row_time(row, "expires_at", report->expires_ms);
    nrs_row_flag(row, "sent", report->part == NRS_PART_SENT);
    nrs_row_text(row, "community", community == NULL ? NULL : community->roster->id);
    if (text != NULL && text->follows.len == NRS_HASH_SIZE) {
        nrs_row_hex(row, "follows", text->follows.data, NRS_HASH_SIZE);
    } else {
        nrs_row_text(row, "follows", NULL);
    }
    return nrs_withheld_describe(core, row, report, text, words);
}
