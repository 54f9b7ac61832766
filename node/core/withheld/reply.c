/* Replies to what a hub vouches for (SPEC 6.11): the hub's node carries them to the source, which it does not name: in the digests of the next
 * tick, as its own questions. In the place of what the source may not have, or has already, goes a filler of the same size: else whoever replies to
 * an audience or under a label of its own choice would read from the digests who the source is. A reply of one whom this node let in from another community goes first to who let this node in, or to the hub. */
#include <stdio.h>
#include <string.h>

#include "audit/audit.h"
#include "report/onward.h"
#include "report/release.h"
#include "rules/edges.h"
#include "withheld/withheld.h"

#define PIECES_MAX 8u        /* of one reply */
#define PIECES_OF_ONE_MAX 64u /* of one organisation, to one source about one report */
#define TEXT_SIZE_MAX (PIECES_MAX * NRS_QUESTION_SIZE_MAX)

/* What is carried. Borrowed. */
typedef struct reply {
    nrs_label label;
    nrs_conditions conditions;
    const uint8_t *whose; /* signing key */
    const char *person;
    nrs_slice text;
    const uint8_t *id; /* of the report that it stands in; of a statement: of what it is about */
    const uint8_t *to; /* what it answers, as all know it */
    bool blank;        /* only its size goes to the source */
} reply;

/* ---- Notes ---- */

static nrs_error keep(nrs_core *core, const nrs_report_row *row, const reply *it, nrs_slice piece, uint64_t at_ms)
{
    char whose[2 * NRS_KEY_SIZE + 1], id[2 * NRS_HASH_SIZE + 1], to[2 * NRS_HASH_SIZE + 1];
    json_t *note;
    nrs_error error;

    nrs_hex_encode(whose, it->whose, NRS_KEY_SIZE);
    nrs_hex_encode(id, it->id, NRS_HASH_SIZE);
    nrs_hex_encode(to, it->to, NRS_HASH_SIZE);
    note = json_pack("{s:s, s:s, s:s, s:I, s:I, s:I, s:s, s:s, s:I}", "note", "reply", "by", whose, "person", it->person, "label", (json_int_t)it->label,
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

typedef struct tally {
    uint64_t all, of_one, last_ms; /* replies so far; of them whose; when the newest of those leaves */
} tally;

/* Of one whose report was published in parts each part is counted by itself: else one reply would tell that two parts are of one report. */
static nrs_error count(nrs_core *core, tally *tally_out, const nrs_report_row *row, const reply *it)
{
    char hex[2 * NRS_KEY_SIZE + 1], about[2 * NRS_HASH_SIZE + 1];
    json_t *notes = NULL;
    const json_t *note;
    size_t index;
    nrs_error error = nrs_withheld_notes(core, &notes, row);

    nrs_hex_encode(hex, it->whose, NRS_KEY_SIZE);
    nrs_hex_encode(about, it->to, NRS_HASH_SIZE);
    *tally_out = (tally){0};
    json_array_foreach(notes, index, note) {
        const char *by = json_string_value(json_object_get(note, "by")), *to = json_string_value(json_object_get(note, "to"));

        if (nrs_reply_note(note)) {
            tally_out->all++;
            if (by != NULL && strcmp(by, hex) == 0 && (to == NULL || strcmp(to, about) == 0)) {
                tally_out->of_one++;
                tally_out->last_ms = (uint64_t)json_integer_value(json_object_get(note, "at"));
            }
        }
    }
    json_decref(notes);
    return error;
}

/* ---- At the hub: to the source ---- */

/* While it waits only its number stands in the store. */
static nrs_error hold(nrs_core *core, const nrs_source_report *source, uint64_t number, uint64_t due_ms)
{
    const nrs_header *header = source->seen.header;
    const nrs_digest_row to = {.due_ms = due_ms, .expires_ms = due_ms + NRS_DAY_MS > header->expires_ms ? due_ms + NRS_DAY_MS : header->expires_ms,
                               .recipient = header->originator.data, .community = header->community.data};
    static const uint8_t nobody[NRS_KEY_SIZE];
    uint8_t detail[8];
    nrs_statement statement;

    for (size_t i = 0; i < sizeof detail; i++) {
        detail[i] = (uint8_t)(number >> (56 - 8 * i));
    }
    nrs__wire__statement__init(&statement);
    statement.type = NRS_STATEMENT_REPLY;
    statement.sealed_id = nrs_field_of(nrs_slice_of(source->row.id, NRS_HASH_SIZE));
    statement.at_ms = due_ms;
    statement.reference = nrs_field_of(nrs_slice_of(nobody, sizeof nobody));
    statement.detail = nrs_field_of(nrs_slice_of(detail, sizeof detail));
    return nrs_digest_hold_for(core, &to, &statement);
}

/* As much as one statement holds, whole characters of it. */
static nrs_slice piece_of(nrs_slice text, size_t at)
{
    size_t size = text.size - at > NRS_QUESTION_SIZE_MAX ? NRS_QUESTION_SIZE_MAX : text.size - at;

    while (at + size < text.size && size > 1 && (text.data[at + size] & 0xc0) == 0x80) {
        size--;
    }
    return nrs_slice_of(text.data + at, size);
}

/* It is told to one more than its writer wrote it to. */
static nrs_error note_audit(nrs_core *core, const reply *it)
{
    char detail[NRS_AUDIT_DETAIL_SIZE_MAX + 1];
    const nrs_audit_what what = {.event = NRS_AUDIT_EXTEND, .about = nrs_slice_of(it->id, NRS_HASH_SIZE), .detail = detail};

    (void)snprintf(detail, sizeof detail, "%s reply to a source", nrs_label_name(it->label));
    return nrs_audit_add(core, &what);
}

static nrs_error carry(nrs_core *core, const nrs_source_report *source, const reply *it)
{
    tally so_far;
    uint64_t due_ms;
    nrs_error error = count(core, &so_far, &source->row, it);

    if (error != NRS_OK) {
        return error;
    }
    if (so_far.of_one >= PIECES_OF_ONE_MAX || so_far.all >= NRS_NOTES_FROM_HUB_MAX) {
        return NRS_ERROR_LIMIT;
    }
    due_ms = nrs_withheld_spaced(core, so_far.last_ms);
    for (size_t at = 0; at < it->text.size && error == NRS_OK; so_far.all++) {
        const nrs_slice piece = piece_of(it->text, at);

        error = keep(core, &source->row, it, piece, due_ms);
        error = error == NRS_OK ? hold(core, source, so_far.all, due_ms) : error;
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

/* The terms of the reply bind the source as any reader: it has taken the duty, and accepted no text that it did not lay down itself. */
static nrs_error check_terms(nrs_core *core, const nrs_source_report *source, const nrs_sealed_view *view, uint32_t kind)
{
    const nrs_header *header = view->header;
    const nrs_community *home = nrs_community_by_id(core, source->row.community);

    if (nrs_policy_extension((nrs_label)header->label) == NRS_EXTENSION_NONE || header->attribution != NRS_ATTRIBUTION_NAMED || home == NULL) {
        return NRS_ERROR_LABEL_FORBIDS;
    }
    for (size_t i = 0; i < header->n_disclaimers; i++) {
        if (!among(source->seen.header, &header->disclaimers[i])) {
            return NRS_ERROR_DISCLAIMER;
        }
    }
    return nrs_onward_duty(core, header, (nrs_label)header->label, NRS_PLACE_GRANT, kind, home, source->row.originator);
}

/* Where the source is itself among those who receive the reply it needs no carrier. */
static nrs_error reaches_it(nrs_core *core, bool *reaches_out, const nrs_source_report *source, const nrs_audience *audience)
{
    const nrs_peer *peer = nrs_peer_by_sign(core, source->row.originator);
    nrs_reader_facts facts = {0};
    nrs_error error = peer == NULL ? NRS_ERROR_NOT_FOUND : nrs_audience_names(core, &facts, audience, peer);

    *reaches_out = facts.org_named || facts.community_named;
    return error;
}

/* Whether its text may go to the source. What is answered here decides nothing that others see. */
static nrs_error check_source(nrs_core *core, const nrs_source_report *source, const nrs_sealed_view *view, const nrs_opened *opened, bool *reaches_out)
{
    nrs_error error = reaches_it(core, reaches_out, source, opened->audience);

    return error == NRS_OK && !*reaches_out ? check_terms(core, source, view, opened->report->kind) : error;
}

static nrs_error to_source(nrs_core *core, const nrs_published *entry, const nrs_report_row *answered, const nrs_sealed_view *view, const nrs_opened *opened,
                           const reply *what)
{
    nrs_source_report source = {.row = {.label = 0}};
    reply it = *what;
    bool reaches = false;
    nrs_error refused = NRS_OK, error = entry == NULL ? NRS_ERROR_NOT_FOUND : nrs_source_load_late(core, &source, entry->source);

    if (error == NRS_OK) {
        error = check_holder(core, answered, it.whose);
    }
    if (error == NRS_OK && it.text.size > TEXT_SIZE_MAX) {
        error = NRS_ERROR_TOO_LARGE;
    }
    if (error == NRS_OK) {
        refused = check_source(core, &source, view, opened, &reaches);
        error = nrs_error_is_verdict(refused) ? NRS_OK : refused;
        refused = refused == NRS_OK && source.row.expires_ms <= core->now_ms ? NRS_ERROR_EXPIRED : refused;
        it.blank = reaches || refused != NRS_OK;
        error = error == NRS_OK ? carry(core, &source, &it) : error;
    }
    nrs_source_wipe(&source);
    return error == NRS_OK ? refused : error;
}

/* ---- From another community ---- */

static nrs_error pass_on(nrs_core *core, const nrs_report_row *answered, const reply *it)
{
    nrs_statement statement;
    nrs_bytes detail = {0};
    nrs_error error = it->text.size > TEXT_SIZE_MAX ? NRS_ERROR_TOO_LARGE : NRS_OK;

    nrs__wire__statement__init(&statement);
    statement.type = NRS_STATEMENT_REPLY;
    statement.sealed_id = nrs_field_of(nrs_slice_of(answered->id, NRS_HASH_SIZE));
    statement.at_ms = core->now_ms;
    statement.person = (char *)(uintptr_t)it->person; /* only read */
    statement.reference = nrs_field_of(nrs_slice_of(it->whose, NRS_KEY_SIZE));
    for (size_t at = 0; at < it->text.size && error == NRS_OK;) {
        const nrs_slice piece = piece_of(it->text, at);

        detail.size = 0;
        error = nrs_bytes_append_u8(&detail, (uint8_t)it->label);
        error = error == NRS_OK ? nrs_bytes_append_u8(&detail, (uint8_t)it->conditions.permissible_actions) : error;
        error = error == NRS_OK ? nrs_bytes_append_u8(&detail, (uint8_t)it->conditions.flags) : error;
        error = error == NRS_OK ? nrs_bytes_append(&detail, piece) : error;
        statement.detail = nrs_field_of(nrs_slice_of_bytes(&detail));
        error = error == NRS_OK ? nrs_statement_to_source(core, answered->originator, answered->community, answered->id, &statement) : error;
        at += piece.size;
    }
    nrs_bytes_wipe(&detail);
    return error;
}

nrs_error nrs_reply_take(nrs_core *core, const nrs_sealed_view *view, const nrs_opened *opened)
{
    const nrs_report *report = opened->report;
    const reply it = {.label = (nrs_label)view->header->label, .conditions = nrs_header_conditions(view->header), .whose = view->header->originator.data, .person = report->person,
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
    } else if (error == NRS_OK && answered.part == NRS_PART_RECEIVED && nrs_policy_extension(it.label) != NRS_EXTENSION_NONE) {
        error = nrs_ask_guest(core, &guest, NULL, &answered, peer);
        error = error == NRS_OK && guest ? pass_on(core, &answered, &it) : error;
    }
    nrs_bytes_wipe(&holder);
    return error == NRS_OK || nrs_error_is_verdict(error) ? NRS_OK : error;
}

/* ---- A statement ---- */

/* As a header may have them: known ones, and not yes and no at once. */
static bool sensible(nrs_conditions given)
{
    const uint32_t told = NRS_CONDITION_TELL_AFFECTED | NRS_CONDITION_AFFECTED_NOT_TOLD, named = NRS_CONDITION_NAME_SOURCE | NRS_CONDITION_SOURCE_NOT_NAMED;

    return given.permissible_actions <= 4 && (given.flags & ~(told | named | NRS_CONDITION_NOT_FOR_SUPERVISION)) == 0 && (given.flags & told) != told &&
           (given.flags & named) != named;
}

static nrs_error read_statement(reply *it_out, const nrs_statement *statement)
{
    const nrs_slice detail = nrs_field(&statement->detail);

    *it_out = (reply){.id = statement->sealed_id.data, .to = statement->sealed_id.data, .whose = statement->reference.data, .person = statement->person, .conditions = {detail.data[1], detail.data[2]},
                      .text = nrs_slice_of(detail.data + 3, detail.size - 3)};
    if (nrs_label_from_wire(&it_out->label, detail.data[0]) != NRS_OK || nrs_policy_extension(it_out->label) == NRS_EXTENSION_NONE) {
        return NRS_ERROR_LABEL_FORBIDS;
    }
    if (!sensible(it_out->conditions)) {
        return NRS_ERROR_MALFORMED;
    }
    return it_out->text.size > NRS_QUESTION_SIZE_MAX ? NRS_ERROR_TOO_LARGE : nrs_utf8_valid(it_out->text) ? NRS_OK : NRS_ERROR_BAD_UTF8;
}

/* At the source: its hub's word. */
nrs_error nrs_reply_keep(nrs_core *core, nrs_peer *from, const nrs_report_row *row, const nrs_statement *statement)
{
    reply it;
    tally so_far;
    nrs_error error = read_statement(&it, statement);

    if (error == NRS_OK) {
        error = count(core, &so_far, row, &it);
    }
    if (error == NRS_OK) {
        error = so_far.all >= NRS_NOTES_FROM_HUB_MAX ? NRS_ERROR_LIMIT : keep(core, row, &it, it.text, statement->at_ms);
    }
    if (nrs_error_is_verdict(error)) {
        nrs_core_complain(core, from, error, "a reply that cannot be kept: %s", nrs_error_rule(error));
        return NRS_OK;
    }
    nrs_core_log(core, error, "%s brings a reply to a report whose source is withheld", from->org);
    return error;
}

/* On its way: of one whom `from` let in, or who did. */
nrs_error nrs_reply_pass(nrs_core *core, nrs_peer *from, const nrs_statement *statement)
{
    nrs_source_report source = {.row = {.label = 0}};
    const nrs_published *entry = nrs_published_of(core, statement->sealed_id.data);
    reply it;
    nrs_report_row row;
    nrs_bytes holder = {0};
    bool speaks = false;
    nrs_error error = nrs_store_report_get(core->store, &row, &holder, statement->sealed_id.data);

    if (error == NRS_OK) {
        error = read_statement(&it, statement);
    }
    if (error == NRS_OK) {
        error = nrs_let_in_speaks(core, &speaks, row.position, from->keys.sign_key, it.whose);
    }
    if (error == NRS_OK && (!speaks || (row.flags & NRS_REPORT_VOUCHED) == 0)) {
        error = NRS_ERROR_NOT_FOUND;
    }
    if (error == NRS_OK && row.part == NRS_PART_SENT) {
        error = entry == NULL ? NRS_ERROR_NOT_FOUND : nrs_source_load_late(core, &source, entry->source);
        it.blank = error == NRS_OK && source.row.expires_ms <= core->now_ms;
        error = error == NRS_OK ? carry(core, &source, &it) : error;
    } else if (error == NRS_OK) {
        error = nrs_statement_to_source(core, row.originator, row.community, row.id, statement);
    }
    if (nrs_error_is_verdict(error)) {
        nrs_core_complain(core, from, error, "a reply for a source that is not carried on: %s", nrs_error_rule(error));
        error = NRS_OK;
    }
    nrs_source_wipe(&source);
    nrs_bytes_wipe(&holder);
    return error;
}

/* ---- What is shown ---- */

void nrs_reply_put(nrs_core *core, nrs_row *row, const json_t *notes, const uint8_t community[NRS_HASH_SIZE])
{
    json_t *list = json_array();
    const json_t *note;
    size_t index;
    bool failed = list == NULL;

    json_array_foreach(notes, index, note) {
        char org[NRS_ADDRESS_SIZE_MAX + 1] = "?";
        uint8_t whose[NRS_KEY_SIZE];
        nrs_row one = nrs_row_begin();
        nrs_bytes text = {0};
        const char *by = json_string_value(json_object_get(note, "by")), *person = json_string_value(json_object_get(note, "person"));

        if (!nrs_reply_note(note) || json_object_get(note, "blank") != NULL) {
            nrs_row_discard(&one);
            continue;
        }
        if (by != NULL && nrs_hex_decode(whose, sizeof whose, by) == NRS_OK) {
            nrs_command_org(core, org, community, whose);
        }
        nrs_row_text(&one, "by", org);
        nrs_row_text(&one, "person", person == NULL || person[0] == '\0' ? NULL : person);
        nrs_row_text(&one, "label", nrs_label_name((nrs_label)json_integer_value(json_object_get(note, "label"))));
        nrs_conditions_put(&one, (nrs_conditions){(uint32_t)json_integer_value(json_object_get(note, "pap")), (uint32_t)json_integer_value(json_object_get(note, "flags"))});
        nrs_row_time(&one, "at", (uint64_t)json_integer_value(json_object_get(note, "at")));
        one.failed = one.failed || nrs_note_text(&text, note) != NRS_OK || json_object_set_new(one.object, "text", json_stringn((const char *)text.data, text.size)) != 0;
        nrs_bytes_wipe(&text);
        failed = nrs_row_end(&one, list) != NRS_OK || failed;
    }
    nrs_row_json(row, "replies", list);
    row->failed = row->failed || failed;
}

/* Whether the source was addressed as well. */
static bool addressed(nrs_core *core, const nrs_report_row *source, const nrs_report *text)
{
    const nrs_community *home = nrs_community_by_id(core, source->community);
    char org[NRS_ADDRESS_SIZE_MAX + 1];

    nrs_command_org(core, org, source->community, source->originator);
    for (size_t i = 0; i < text->n_to; i++) {
        const char *to = text->to[i];

        if (strcmp(to, org) == 0 || (to[0] == '@' && home != NULL && strcmp(to + 1, home->roster->id) == 0)) {
            return true;
        }
    }
    return false;
}

/* Of a report that replies to what this hub vouches for: which report it is about, and when it leaves for its source. */
nrs_error nrs_reply_describe(nrs_core *core, nrs_row *row, const nrs_report_row *report, const nrs_report *text)
{
    const nrs_published *entry =
        text == NULL || text->quoted.len != NRS_HASH_SIZE || report->part != NRS_PART_RECEIVED ? NULL : nrs_published_of(core, text->quoted.data);
    char id[2 * NRS_HASH_SIZE + 1];
    nrs_source_report source = {.row = {.label = 0}};
    nrs_row carried = nrs_row_begin();
    json_t *notes = NULL;
    const json_t *note;
    uint64_t at_ms = 0;
    size_t index;
    nrs_error error = entry == NULL ? NRS_ERROR_NOT_FOUND : nrs_source_load(core, &source, entry->source);

    nrs_hex_encode(id, report->id, NRS_HASH_SIZE);
    if (error == NRS_OK) {
        error = nrs_withheld_notes(core, &notes, &source.row);
    }
    json_array_foreach(notes, index, note) {
        const char *of = json_string_value(json_object_get(note, "id"));

        if (nrs_reply_note(note) && json_object_get(note, "blank") == NULL && of != NULL && strcmp(of, id) == 0 && at_ms == 0) {
            at_ms = (uint64_t)json_integer_value(json_object_get(note, "at"));
        }
    }
    if (error == NRS_OK && !addressed(core, &source.row, text)) {
        nrs_row_hex(&carried, "source_report", source.row.id, NRS_HASH_SIZE);
        if (at_ms != 0) {
            nrs_row_time(&carried, "at", at_ms);
        } else {
            nrs_row_text(&carried, "at", NULL);
        }
        row->failed = row->failed || carried.failed;
        nrs_row_json(row, "carried", json_incref(carried.object));
    } else {
        nrs_row_text(row, "carried", NULL);
    }
    nrs_row_discard(&carried);
    json_decref(notes);
    nrs_source_wipe(&source);
    return error == NRS_OK || nrs_error_is_verdict(error) ? NRS_OK : error;
}
