/* Asks that somebody makes in another's place (SPEC 6.12): who was let in from another community asks through who let it in, and who asks about
 * a report whose source is withheld through the hub that vouches for it. Who asks in whose place is a note under the report's key. */
#include <string.h>

#include "audit/audit.h"
#include "prekeys/key_change.h"
#include "report/onward.h"
#include "report/release.h"
#include "report/withdrawal.h"
#include "withheld/withheld.h"

/* ---- Notes ---- */

nrs_error nrs_ask_note_add(nrs_core *core, const nrs_report_row *report, const uint8_t id[NRS_HASH_SIZE], const uint8_t by[NRS_KEY_SIZE],
                           const uint8_t *stands_for)
{
    char id_text[2 * NRS_HASH_SIZE + 1], by_text[2 * NRS_KEY_SIZE + 1], ask_text[2 * NRS_HASH_SIZE + 1] = "";
    json_t *note;
    nrs_error error;

    nrs_hex_encode(id_text, id, NRS_HASH_SIZE);
    nrs_hex_encode(by_text, by, NRS_KEY_SIZE);
    if (stands_for != NULL) {
        nrs_hex_encode(ask_text, stands_for, NRS_HASH_SIZE);
    }
    note = json_pack("{s:s, s:s, s:s, s:s, s:I}", "note", "ask", "id", id_text, "by", by_text, "ask", ask_text, "at", (json_int_t)core->now_ms);
    error = note == NULL ? NRS_ERROR_NO_MEMORY : nrs_withheld_note(core, report, note);
    json_decref(note);
    return error;
}

bool nrs_ask_note_read(nrs_ask_note *note_out, const json_t *note)
{
    const char *what = json_string_value(json_object_get(note, "note"));
    const char *id = json_string_value(json_object_get(note, "id"));
    const char *by = json_string_value(json_object_get(note, "by"));
    const char *ask = json_string_value(json_object_get(note, "ask"));

    if (what == NULL || id == NULL || by == NULL || ask == NULL || strcmp(what, "ask") != 0 ||
        nrs_hex_decode(note_out->id, NRS_HASH_SIZE, id) != NRS_OK || nrs_hex_decode(note_out->by, NRS_KEY_SIZE, by) != NRS_OK) {
        return false;
    }
    note_out->stands_for = nrs_hex_decode(note_out->ask, NRS_HASH_SIZE, ask) == NRS_OK;
    note_out->at_ms = (uint64_t)json_integer_value(json_object_get(note, "at"));
    return true;
}

nrs_error nrs_ask_note_find(nrs_core *core, nrs_ask_note *note_out, bool *found_out, const nrs_report_row *report, const uint8_t id[NRS_HASH_SIZE])
{
    json_t *notes = NULL;
    const json_t *note;
    nrs_ask_note one;
    size_t index;
    nrs_error error = report->key_state == NRS_KEY_HELD ? nrs_withheld_notes(core, &notes, report) : NRS_OK;

    *found_out = false;
    json_array_foreach(notes, index, note) {
        if (!*found_out && nrs_ask_note_read(&one, note) && memcmp(one.id, id, NRS_HASH_SIZE) == 0) {
            *note_out = one;
            *found_out = true;
        }
    }
    json_decref(notes);
    return error;
}

/* ---- At who let it in ---- */

typedef struct guest_search {
    nrs_core *core;
    const nrs_peer *guest;
    uint8_t community[NRS_HASH_SIZE];
    bool found;
} guest_search;

static nrs_error is_guest(void *context, const nrs_let_in_row *row)
{
    guest_search *search = context;

    if (strchr(row->address, '/') != NULL && nrs_key_ours(search->core, row->by) && nrs_key_follows(search->core, row->org, search->guest->keys.sign_key)) {
        memcpy(search->community, row->community, NRS_HASH_SIZE);
        search->found = true;
    }
    return NRS_OK;
}

nrs_error nrs_ask_guest(nrs_core *core, bool *guest_out, uint8_t *community_out, const nrs_report_row *report, const nrs_peer *peer)
{
    guest_search search = {.core = core, .guest = peer};
    nrs_error error;

    if (nrs_peer_member(core, peer, nrs_community_by_id(core, report->community))) {
        *guest_out = false;
        return NRS_OK;
    }
    error = nrs_store_let_in_each(core->store, report->position, NULL, is_guest, &search);

    if (error == NRS_OK) {
        *guest_out = search.found;
        if (search.found && community_out != NULL) {
            memcpy(community_out, search.community, NRS_HASH_SIZE);
        }
    }
    return error;
}

nrs_error nrs_ask_compose(nrs_bytes *bytes_out, nrs_statement *statement_out, const uint8_t sealed_id[NRS_HASH_SIZE], uint64_t at_ms, const nrs_ask_row *ask,
                          const uint8_t *who)
{
    nrs_statement statement;
    nrs_error error;

    nrs__wire__statement__init(&statement);
    statement.type = NRS_STATEMENT_REQUEST;
    statement.sealed_id = nrs_field_of(nrs_slice_of(sealed_id, NRS_HASH_SIZE));
    statement.at_ms = at_ms;
    statement.person = (char *)(uintptr_t)ask->person; /* only read */
    statement.reason = (char *)(uintptr_t)ask->reason;
    statement.reference = nrs_field_of(nrs_slice_of(who, who == NULL ? 0 : NRS_KEY_SIZE));
    statement.detail = nrs_field_of(ask->ask);
    error = nrs_statement_encode(bytes_out, &statement);
    if (error == NRS_OK && statement_out != NULL) {
        *statement_out = statement;
    }
    return error;
}

nrs_error nrs_ask_in_own_name(nrs_core *core, const nrs_report_row *report, const nrs_ask_row *ask)
{
    uint8_t id[NRS_HASH_SIZE];
    nrs_statement statement;
    nrs_bytes bytes = {0};
    bool fresh = false;
    nrs_ask_row own = *ask;
    nrs_error error = nrs_ask_compose(&bytes, &statement, report->id, core->now_ms, ask, ask->org);

    nrs_statement_by(id, core->self.sign_key, nrs_slice_of_bytes(&bytes));
    own.id = id;
    own.mine = true;
    own.at_ms = core->now_ms;
    own.org = report->originator;
    if (error == NRS_OK) {
        error = nrs_store_ask_add(core->store, &fresh, &own);
    }
    if (error == NRS_OK && fresh) {
        error = nrs_ask_note_add(core, report, id, ask->org, ask->id);
    }
    if (error == NRS_OK && fresh && nrs_key_ours(core, report->originator)) { /* what it vouches for itself */
        error = nrs_ask_source(core, report, &own);
    } else if (error == NRS_OK && fresh) {
        error = nrs_statement_to_source(core, report->originator, report->community, report->id, &statement);
    }
    nrs_bytes_wipe(&bytes);
    return error;
}

nrs_error nrs_ask_further(nrs_core *core, const nrs_report_row *report, const nrs_ask_row *ask, bool guest, const uint8_t *by)
{
    const bool vouched = (report->flags & NRS_REPORT_VOUCHED) != 0;
    nrs_error error = NRS_OK;

    if (by != NULL && report->key_state == NRS_KEY_HELD) {
        error = nrs_ask_note_add(core, report, ask->id, by, NULL);
    }
    if (error == NRS_OK && guest && (vouched || report->part == NRS_PART_RECEIVED)) { /* a guest grants nothing: this node is the holder */
        error = nrs_ask_in_own_name(core, report, ask);
    } else if (error == NRS_OK && vouched) {
        error = nrs_ask_source(core, report, ask);
    }
    return error;
}

/* ---- The answer ---- */

nrs_error nrs_ask_keep_answer(nrs_core *core, const nrs_ask_row *row, const nrs_release *release, const nrs_statement *statement)
{
    nrs_ask_row answered = *row;
    bool changed = false;

    answered.state = NRS_ASK_RELEASED;
    answered.answered_ms = release->created_ms;
    answered.expires_ms = release->expires_ms;
    answered.label = release->label;
    answered.answerer = statement->person;
    answered.answer = statement->reason;
    answered.release = nrs_field(&statement->detail);
    return nrs_store_ask_answer(core->store, &changed, &answered);
}

/* To the guest, for it to know; the grants are made here. */
nrs_error nrs_ask_answer_through(nrs_core *core, const nrs_report_row *report, const uint8_t id[NRS_HASH_SIZE], const nrs_statement *statement)
{
    nrs_ask_note note;
    nrs_ask_held own = {.found = false}, held = {.found = false};
    nrs_statement passed = *statement;
    uint8_t community[NRS_HASH_SIZE];
    bool found = false, guest = false, changed = false;
    const nrs_peer *peer = NULL;
    nrs_error error = nrs_ask_note_find(core, &note, &found, report, id);

    if (error != NRS_OK || !found || !note.stands_for) {
        return error;
    }
    error = nrs_ask_load(core, &held, note.ask);
    if (error == NRS_OK) {
        error = nrs_ask_load(core, &own, id);
    }
    if (error == NRS_OK) {
        peer = nrs_peer_by_sign(core, held.row.org);
        error = held.row.state != NRS_ASK_OPEN || peer == NULL ? NRS_ERROR_NOT_FOUND : nrs_ask_guest(core, &guest, community, report, peer);
    }
    if (error == NRS_OK) {
        own.row.id = note.ask;
        error = nrs_store_ask_answer(core->store, &changed, &own.row);
    }
    if (error == NRS_OK && guest) {
        passed.reference = nrs_field_of(nrs_slice_of(note.ask, NRS_HASH_SIZE));
        error = nrs_statement_queue(core, held.row.org, community, &passed);
    }
    nrs_ask_held_wipe(&own);
    nrs_ask_held_wipe(&held);
    return error == NRS_ERROR_NOT_FOUND ? NRS_OK : error; /* answered here meanwhile, or gone */
}
