/* Replies to what a hub vouches for (SPEC 6.11): the hub's node carries them to the source, which it does not name: in the digests of the next
 * tick, as its own questions. In the place of what the source may not have, or has already, goes a filler of the same size: else whoever replies to
 * an audience or under a label of its own choice would read from the digests who the source is. A reply of one whom this node let in from another community goes first to who let this node in, or to the hub. */
#include <stdio.h>
#include <string.h>

#include "audit/audit.h"
#include "prekeys/key_change.h"
#include "report/onward.h"
#include "report/release.h"
#include "rules/edges.h"
#include "withheld/reply.h"

#define PIECES_OF_ONE_MAX 64u /* of one organisation, to one source about one report */

/* ---- Notes ---- */

nrs_error nrs_reply_keep_note(nrs_core *core, const nrs_report_row *row, const nrs_carried *it, nrs_slice piece, uint64_t at_ms)
{
    char whose[2 * NRS_KEY_SIZE + 1], id[2 * NRS_HASH_SIZE + 1], to[2 * NRS_HASH_SIZE + 1];
    json_t *note, *duties = json_array();
    nrs_error error;

    for (size_t i = 0; i < it->duties.count && duties != NULL; i++) {
        if (json_array_append_new(duties, json_string(it->duties.names[i])) != 0) {
            json_decref(duties);
            duties = NULL;
        }
    }
    nrs_hex_encode(whose, it->whose, NRS_KEY_SIZE);
    nrs_hex_encode(id, it->id, NRS_HASH_SIZE);
    nrs_hex_encode(to, it->to, NRS_HASH_SIZE);
    note = json_pack("{s:s, s:s, s:s, s:I, s:o, s:I, s:I, s:s, s:s, s:I}", "note", "reply", "by", whose, "person", it->person, "label", (json_int_t)it->label, "duties", duties,
                     "pap", (json_int_t)it->conditions.permissible_actions, "flags", (json_int_t)it->conditions.flags, "id", id, "to", to, "at", (json_int_t)at_ms);
    error = note == NULL ? NRS_ERROR_NO_MEMORY : NRS_OK;
    if (error == NRS_OK && it->blank) {
        error = json_object_set_new(note, "blank", json_integer((json_int_t)piece.size)) == 0 ? NRS_OK : NRS_ERROR_NO_MEMORY;
    } else if (error == NRS_OK) {
        error = nrs_note_put_text(note, piece);
    }
    if (error == NRS_OK) {
        error = nrs_withheld_note(core, row, note);
    }
    json_decref(note);
    return error;
}

/* Of one whose report was published in parts each part is counted by itself: else one reply would tell that two parts are of one report. */
nrs_error nrs_reply_count(nrs_core *core, nrs_reply_tally *tally_out, const nrs_report_row *row, const nrs_carried *it)
{
    char hex[2 * NRS_KEY_SIZE + 1], about[2 * NRS_HASH_SIZE + 1];
    json_t *notes = NULL;
    const json_t *note;
    size_t index;
    nrs_error error = nrs_withheld_notes(core, &notes, row);

    nrs_hex_encode(hex, it->whose, NRS_KEY_SIZE);
    nrs_hex_encode(about, it->to, NRS_HASH_SIZE);
    *tally_out = (nrs_reply_tally){0};
    json_array_foreach(notes, index, note) {
        const char *by = json_string_value(json_object_get(note, "by")), *to = json_string_value(json_object_get(note, "to"));
        const bool reply = nrs_reply_note(note), part = reply && (to == NULL || strcmp(to, about) == 0);

        tally_out->all += reply ? 1 : 0;
        tally_out->of_part += part ? 1 : 0;
        if (part && by != NULL && strcmp(by, hex) == 0) {
            tally_out->of_one++;
            tally_out->last_ms = (uint64_t)json_integer_value(json_object_get(note, "at"));
        }
    }
    json_decref(notes);
    return error;
}

/* ---- At the hub: to the source ---- */

/* While it waits only its number stands in the store, and how long it is, its person's name with it. */
static nrs_error hold(nrs_core *core, const nrs_source_report *source, const nrs_carried *it, size_t size, uint64_t number, uint64_t due_ms)
{
    const nrs_digest_row to = nrs_digest_to_source(source->seen.header, due_ms);
    static const uint8_t nobody[NRS_KEY_SIZE];
    nrs_statement statement;

    nrs__wire__statement__init(&statement);
    statement.type = NRS_STATEMENT_REPLY;
    statement.sealed_id = nrs_field_of(nrs_slice_of(source->row.id, NRS_HASH_SIZE));
    statement.at_ms = due_ms;
    statement.reference = nrs_field_of(nrs_slice_of(nobody, sizeof nobody));
    return nrs_digest_hold_number(core, &to, &statement, number, NRS_REPLY_TERMS_SIZE + nrs_reply_duties_size(&it->duties) + size + strlen(it->person) + 2);
}

/* As much as one statement holds, whole characters of it. */
nrs_slice nrs_reply_piece(nrs_slice text, size_t at, size_t size_max)
{
    size_t size = text.size - at > size_max ? size_max : text.size - at;

    while (at + size < text.size && size > 1 && (text.data[at + size] & 0xc0) == 0x80) {
        size--;
    }
    return nrs_slice_of(text.data + at, size);
}

/* It is told to one more than its writer wrote it to. */
static nrs_error note_audit(nrs_core *core, const nrs_carried *it)
{
    char detail[NRS_AUDIT_DETAIL_SIZE_MAX + 1];
    const nrs_audit_what what = {.event = NRS_AUDIT_EXTEND, .about = nrs_slice_of(it->id, NRS_HASH_SIZE), .detail = detail};

    (void)snprintf(detail, sizeof detail, "%s reply to a source", nrs_label_name(it->label));
    return nrs_audit_add(core, &what);
}

/* The names and the text share what a question has, so that a digest has room for both. */
size_t nrs_reply_duties_size(const nrs_duty_list *duties)
{
    size_t size = 0;

    for (size_t i = 0; i < duties->count; i++) {
        size += 1 + strlen(duties->names[i]);
    }
    NRS_ASSERT(size < NRS_QUESTION_SIZE_MAX / 2);
    return size;
}

nrs_error nrs_reply_carry(nrs_core *core, const nrs_source_report *source, const nrs_carried *it)
{
    const size_t size_max = NRS_QUESTION_SIZE_MAX - nrs_reply_duties_size(&it->duties);
    nrs_reply_tally so_far;
    uint64_t due_ms;
    nrs_error error = nrs_reply_count(core, &so_far, &source->row, it);

    if (error != NRS_OK) {
        return error;
    }
    if (so_far.of_one >= PIECES_OF_ONE_MAX || so_far.of_part >= NRS_NOTES_FROM_HUB_MAX) {
        return NRS_ERROR_LIMIT;
    }
    due_ms = nrs_withheld_spaced(core, so_far.last_ms);
    for (size_t at = 0; at < it->text.size && error == NRS_OK; so_far.all++, due_ms += core->vouch_tick_ms) {
        const nrs_slice piece = nrs_reply_piece(it->text, at, size_max);

        error = nrs_reply_keep_note(core, &source->row, it, piece, due_ms);
        error = error == NRS_OK ? hold(core, source, it, piece.size, so_far.all, due_ms) : error;
        at += piece.size;
    }
    return error == NRS_OK && !it->blank ? note_audit(core, it) : error;
}

/* ---- Which replies are carried ---- */

typedef struct holder_search {
    nrs_core *core;
    const uint8_t *whose;
    bool found;
} holder_search;

static nrs_error is_holder(void *context, const nrs_recipient_row *row)
{
    holder_search *search = context;

    search->found = search->found || nrs_key_follows(search->core, row->org, search->whose);
    return NRS_OK;
}

/* Whether who replies was sent what it replies to. */
static nrs_error check_holder(nrs_core *core, const nrs_report_row *answered, const uint8_t *whose)
{
    holder_search search = {core, whose, false};
    nrs_error error = nrs_store_recipient_each(core->store, answered->position, is_holder, &search);

    return error == NRS_OK && !search.found ? NRS_ERROR_NOT_FOUND : error;
}

static bool among(const nrs_header *header, const ProtobufCBinaryData *hash)
{
    for (size_t i = 0; i < header->n_disclaimers; i++) {
        if (nrs_slice_equal(nrs_field(&header->disclaimers[i]), nrs_field(hash))) {
            return true;
        }
    }
    return false;
}

void nrs_reply_duties(nrs_core *core, nrs_duty_list *duties_out, const nrs_source_report *source, const nrs_header *header, uint32_t kind)
{
    const nrs_community *writers = nrs_community_by_id(core, header->community.data), *home = nrs_community_by_id(core, source->row.community);
    nrs_duty_question question = {.place = NRS_PLACE_GRANT, .label = (nrs_label)header->label, .kind = kind, .named = header->duty, .now_ms = core->now_ms};

    *duties_out = (nrs_duty_list){.count = 0};
    for (size_t i = 0; i < 2; i++) {
        const nrs_community *one = i == 0 ? writers : home;

        if (one != NULL) {
            question.roster = one->roster;
            nrs_duty_list_add(duties_out, &question);
            question.named = "";
        }
    }
}

/* The terms of the reply bind the source as any reader: it has taken the duty, and accepted no text that it did not lay down itself. */
nrs_error nrs_reply_terms(nrs_core *core, const nrs_source_report *source, const nrs_header *header, uint32_t kind)
{
    const nrs_community *home = nrs_community_by_id(core, source->row.community);
    const nrs_peer *peer = nrs_peer_in_force(core, source->row.originator, home);

    if (nrs_policy_extension((nrs_label)header->label) == NRS_EXTENSION_NONE || header->attribution != NRS_ATTRIBUTION_NAMED || home == NULL) {
        return NRS_ERROR_LABEL_FORBIDS;
    }
    if (nrs_community_by_id(core, header->community.data) == NULL) { /* what its rules demand is not known here */
        return NRS_ERROR_UNKNOWN_COMMUNITY;
    }
    for (size_t i = 0; i < header->n_disclaimers; i++) {
        if (!among(source->seen.header, &header->disclaimers[i])) {
            return NRS_ERROR_DISCLAIMER;
        }
    }
    return nrs_onward_duty(core, header, (nrs_label)header->label, NRS_PLACE_GRANT, kind, home, peer == NULL ? source->row.originator : peer->keys.sign_key);
}

/* Where the source is itself among those who receive the reply it needs no carrier. */
static nrs_error reaches_it(nrs_core *core, bool *reaches_out, const nrs_source_report *source, const nrs_audience *audience)
{
    const nrs_peer *peer = nrs_peer_in_force(core, source->row.originator, nrs_community_by_id(core, source->row.community));
    nrs_reader_facts facts = {0};
    nrs_error error = peer == NULL ? NRS_ERROR_NOT_FOUND : nrs_audience_names(core, &facts, audience, peer);

    *reaches_out = facts.org_named || facts.community_named;
    return error;
}

/* Whether its text may go to the source. What is answered here decides nothing that others see. */
static nrs_error check_source(nrs_core *core, const nrs_source_report *source, const nrs_sealed_view *view, const nrs_opened *opened, bool *reaches_out)
{
    nrs_error error = reaches_it(core, reaches_out, source, opened->audience);

    return error == NRS_OK && !*reaches_out ? nrs_reply_terms(core, source, view->header, opened->report->kind) : error;
}

static nrs_error to_source(nrs_core *core, const nrs_published *entry, const nrs_report_row *answered, const nrs_sealed_view *view, const nrs_opened *opened,
                           const nrs_carried *what)
{
    nrs_source_report source = {.row = {.label = 0}};
    nrs_carried it = *what;
    bool reaches = false;
    nrs_error refused = NRS_OK, error = entry == NULL ? NRS_ERROR_NOT_FOUND : nrs_source_load_late(core, &source, entry->source);

    if (error == NRS_OK) {
        error = check_holder(core, answered, it.whose);
    }
    if (error == NRS_OK && it.text.size > NRS_REPLY_TEXT_SIZE_MAX) {
        error = NRS_ERROR_TOO_LARGE;
    }
    if (error == NRS_OK) {
        nrs_reply_duties(core, &it.duties, &source, view->header, opened->report->kind);
        refused = check_source(core, &source, view, opened, &reaches);
        error = nrs_error_is_verdict(refused) ? NRS_OK : refused;
        refused = refused == NRS_OK && nrs_clock_expired(core, source.row.expires_ms) ? NRS_ERROR_EXPIRED : refused;
        it.blank = reaches || refused != NRS_OK;
        error = error == NRS_OK ? nrs_reply_carry(core, &source, &it) : error;
    }
    nrs_source_wipe(&source);
    return error == NRS_OK ? refused : error;
}

/* ---- What came ---- */

nrs_error nrs_reply_take(nrs_core *core, const nrs_sealed_view *view, const nrs_opened *opened)
{
    const nrs_report *report = opened->report;
    const nrs_carried it = {.label = (nrs_label)view->header->label, .conditions = nrs_header_conditions(view->header), .whose = view->header->originator.data, .person = report->person,
                      .text = nrs_slice_of_string(report->body), .id = view->id, .to = report->quoted.data};
    nrs_report_row answered;
    nrs_bytes holder = {0};
    bool guest = false;
    nrs_peer *peer = nrs_peer_by_sign(core, it.whose);
    nrs_error error = report->quoted.len != NRS_HASH_SIZE || it.text.size == 0 || peer == NULL
                          ? NRS_ERROR_NOT_FOUND
                          : nrs_store_report_get(core->store, &answered, &holder, report->quoted.data);

    if (error == NRS_OK && (answered.flags & NRS_REPORT_VOUCHED) == 0) {
        error = NRS_ERROR_NOT_FOUND;
    }
    if (error == NRS_OK && answered.part == NRS_PART_SENT) {
        error = to_source(core, nrs_published_of(core, answered.id), &answered, view, opened, &it);
        if (nrs_error_is_verdict(error)) { /* the secretariat reads it, and may ask in its own words */
            nrs_core_log(core, error, "a reply of %s to what this hub vouches for is not carried to its source", peer->org);
        }
    } else if (error == NRS_OK && answered.part == NRS_PART_RECEIVED && nrs_policy_extension(it.label) != NRS_EXTENSION_NONE &&
               view->header->attribution == NRS_ATTRIBUTION_NAMED) {
        error = nrs_ask_guest(core, &guest, NULL, &answered, peer);
        error = error == NRS_OK && guest ? nrs_reply_pass_on(core, &answered, view, report, &it) : error;
    }
    nrs_bytes_wipe(&holder);
    return error == NRS_OK || nrs_error_is_verdict(error) ? NRS_OK : error;
}
