/* Permission from a source that is withheld (SPEC 6.12): whoever asks to share wider what this hub vouches for asks the hub; its node puts the
 * ask before the source in the digests of the next tick. What the source answers on its own line the hub answers in its own name, at its tick:
 * a release that it has signed itself, over the report that all know. */
#include <string.h>

#include "audit/audit.h"
#include "prekeys/key_change.h"
#include "report/letters.h"
#include "report/release.h"
#include "report/withdrawal.h"
#include "withheld/withheld.h"

/* ---- To the source ---- */

uint64_t nrs_withheld_spaced(const nrs_core *core, uint64_t last_ms)
{
    const uint64_t next_ms = nrs_withheld_next_tick(core), after_ms = last_ms + NRS_HOUR_MS;

    return last_ms == 0 || after_ms <= next_ms ? next_ms : (after_ms + core->vouch_tick_ms - 1) / core->vouch_tick_ms * core->vouch_tick_ms;
}

/* Whether it was about what was published under this id. */
static nrs_error asked_about(nrs_core *core, bool *about_out, const nrs_ask_note *note, const uint8_t *published)
{
    nrs_ask_held held = {.found = false};
    nrs_error error = note->stands_for ? nrs_ask_load(core, &held, note->ask) : NRS_ERROR_NOT_FOUND;

    *about_out = error == NRS_OK && memcmp(held.row.report, published, NRS_HASH_SIZE) == 0;
    nrs_ask_held_wipe(&held);
    return error == NRS_ERROR_NOT_FOUND ? NRS_OK : error;
}

/* Of one whose report was published in parts about each part by itself: else it would tell that the two are of one report. */
static nrs_error last_ask(nrs_core *core, uint64_t *last_ms_out, const nrs_report_row *row, const uint8_t *who, const uint8_t *published)
{
    json_t *notes = NULL;
    const json_t *note;
    nrs_ask_note one;
    size_t index;
    nrs_error error = nrs_withheld_notes(core, &notes, row);

    *last_ms_out = 0;
    json_array_foreach(notes, index, note) {
        bool about = false;

        if (error == NRS_OK && nrs_ask_note_read(&one, note) && memcmp(one.by, who, NRS_KEY_SIZE) == 0) {
            error = asked_about(core, &about, &one, published);
        }
        *last_ms_out = about ? one.at_ms : *last_ms_out;
    }
    json_decref(notes);
    return error;
}

/* While it waits the store holds its id alone, and how long it is, which says nothing of what it asks. */
static nrs_error hold(nrs_core *core, const nrs_source_report *source, const uint8_t *id, size_t size, uint64_t due_ms)
{
    const nrs_digest_row to = nrs_digest_to_source(source->seen.header, due_ms);
    nrs_statement statement;

    nrs__wire__statement__init(&statement);
    statement.type = NRS_STATEMENT_REQUEST;
    statement.sealed_id = nrs_field_of(nrs_slice_of(source->row.id, NRS_HASH_SIZE));
    statement.at_ms = due_ms;
    statement.reference = nrs_field_of(nrs_slice_of(id, NRS_HASH_SIZE));
    return nrs_digest_hold_number(core, &to, &statement, 0, size);
}

nrs_error nrs_ask_source(nrs_core *core, const nrs_report_row *published, const nrs_ask_row *ask)
{
    const nrs_published *entry = nrs_published_of(core, published->id);
    const uint8_t *who = ask->mine ? core->self.sign_key : ask->org;
    nrs_source_report source = {.row = {.label = 0}};
    nrs_ask_note note;
    nrs_bytes bytes = {0};
    uint8_t id[NRS_HASH_SIZE];
    uint64_t last_ms = 0, due_ms;
    bool through = false;
    nrs_error error = entry == NULL ? NRS_ERROR_NOT_FOUND : nrs_source_load_late(core, &source, entry->source);

    if (error == NRS_OK) {
        error = nrs_ask_note_find(core, &note, &through, published, ask->id);
        who = through ? note.by : who;
    }
    if (error == NRS_OK) {
        error = last_ask(core, &last_ms, &source.row, who, published->id);
    }
    due_ms = nrs_withheld_spaced(core, last_ms);
    if (error == NRS_OK) {
        error = nrs_ask_compose(&bytes, NULL, source.row.id, due_ms, ask, who);
        nrs_statement_by(id, core->self.sign_key, nrs_slice_of_bytes(&bytes));
    }
    if (error == NRS_OK) {
        error = nrs_ask_note_add(core, &source.row, id, who, ask->id);
    }
    if (error == NRS_OK) {
        error = hold(core, &source, id, bytes.size, due_ms);
    }
    if (nrs_error_is_verdict(error)) { /* it stays with the secretariat, which can deny it */
        nrs_core_log(core, error, "an ask about what this hub vouches for does not reach its source any more: noroshi release deny");
        error = NRS_OK;
    }
    nrs_bytes_wipe(&bytes);
    nrs_source_wipe(&source);
    return error;
}

nrs_error nrs_ask_fill(nrs_core *core, nrs_bytes *bytes)
{
    nrs_statement *statement = NULL;
    nrs_source_report source = {.row = {.label = 0}};
    nrs_ask_held held = {.found = false};
    nrs_ask_note note;
    nrs_bytes filled = {0};
    uint8_t id[NRS_HASH_SIZE];
    bool found = false, lapsed = false;
    nrs_error error = nrs_statement_decode(&statement, nrs_slice_of_bytes(bytes));

    if (error != NRS_OK || statement->type != NRS_STATEMENT_REQUEST) {
        goto out;
    }
    error = nrs_source_load(core, &source, statement->sealed_id.data);
    if (error == NRS_OK) {
        error = nrs_ask_note_find(core, &note, &found, &source.row, statement->reference.data);
    }
    if (error == NRS_OK) {
        error = found && note.stands_for ? nrs_ask_load(core, &held, note.ask) : NRS_ERROR_NOT_FOUND;
    }
    if (error == NRS_OK) {
        error = nrs_ask_lapsed(core, &lapsed, &held.row);
    }
    if (error == NRS_OK && (held.row.state != NRS_ASK_OPEN || lapsed)) { /* the secretariat has denied it */
        error = NRS_ERROR_NOT_FOUND;
    }
    if (error == NRS_OK) {
        error = nrs_ask_compose(&filled, NULL, source.row.id, statement->at_ms, &held.row, note.by);
    }
    if (error == NRS_OK) { /* this hub may have changed its keys since, and is answered by what leaves */
        nrs_statement_by(id, core->self.sign_key, nrs_slice_of_bytes(&filled));
        error = nrs_slice_equal(nrs_slice_of(id, sizeof id), nrs_field(&statement->reference)) ? NRS_OK
                                                                                               : nrs_ask_note_add(core, &source.row, id, note.by, note.ask);
    }
    if (error == NRS_OK) {
        nrs_bytes_wipe(bytes);
        *bytes = filled;
        filled = (nrs_bytes){0};
    }
out:
    nrs_bytes_wipe(&filled);
    nrs_ask_held_wipe(&held);
    nrs_source_wipe(&source);
    nrs_statement_free(&statement);
    return error;
}

/* ---- The source's answer ---- */

typedef struct answering {
    nrs_core *core;
    const nrs_statement *statement;
    nrs_source_report source;
    nrs_ask_held held;      /* the ask that it answers, about what was published */
    nrs_report_row row;     /* of that */
    nrs_bytes holder;
    nrs_sealed_view *view;
    uint64_t due_ms;        /* the tick at which the answer leaves */
    uint64_t dated_ms;      /* what a release bears as that time */
    uint32_t given;         /* the label that the source releases under; 0: it does not */
} answering;

/* As an envelope is dated (10.5), and from the tick alone: who reads it learns nothing of when the source answered. */
static uint64_t date_of(nrs_core *core, uint64_t due_ms)
{
    return (due_ms - (core->now_ms - nrs_letter_time(core))) / core->vouch_tick_ms * core->vouch_tick_ms;
}

typedef struct answer_search {
    const uint8_t *ask;
    bool found;
} answer_search;

static nrs_error look_for_answer(void *context, const nrs_digest_row *row)
{
    answer_search *search = context;
    nrs_statement *statement = NULL;
    nrs_error error = nrs_statement_decode(&statement, row->statement);

    search->found = search->found || (error == NRS_OK && nrs_slice_equal(nrs_field(&statement->reference), nrs_slice_of(search->ask, NRS_HASH_SIZE)));
    nrs_statement_free(&statement);
    return nrs_error_is_fatal(error) ? error : NRS_OK;
}

/* This node's own ask stays open until it takes the answer itself, at the tick: a source that answers over and over until then fills nothing. */
static nrs_error check_first(const answering *it)
{
    answer_search search = {.ask = it->held.row.id};
    nrs_error error = !it->held.row.mine ? NRS_OK : nrs_store_digest_for(it->core->store, it->row.community, it->core->self.sign_key, look_for_answer, &search);

    return error == NRS_OK && search.found ? NRS_ERROR_RELEASE : error;
}

static nrs_error find(answering *it, const nrs_peer *from)
{
    nrs_core *core = it->core;
    nrs_ask_note note;
    bool found = false, withdrawn = false;
    uint64_t position = 0;
    nrs_error error = nrs_key_follows(core, it->source.row.originator, from->keys.sign_key) ? NRS_OK : NRS_ERROR_FORGED;

    if (error == NRS_OK) {
        error = nrs_ask_note_find(core, &note, &found, &it->source.row, it->statement->reference.data);
    }
    if (error == NRS_OK) {
        error = found && note.stands_for ? nrs_ask_load(core, &it->held, note.ask) : NRS_ERROR_RELEASE;
    }
    if (error == NRS_OK && it->held.row.state != NRS_ASK_OPEN) {
        error = NRS_ERROR_RELEASE; /* answered already */
    }
    if (error == NRS_OK) {
        error = nrs_store_report_get(core->store, &it->row, &it->holder, it->held.row.report);
    }
    if (error == NRS_OK) {
        error = nrs_withdrawal_of(core, &withdrawn, it->row.id);
    }
    if (error == NRS_OK && (it->row.part != NRS_PART_SENT || withdrawn)) {
        error = NRS_ERROR_RELEASE;
    }
    if (error == NRS_OK) {
        error = check_first(it);
    }
    return error == NRS_OK ? nrs_log_sealed(core, &it->view, &position, it->row.id) : error;
}

/* By the hub's tick and as coarse as what it publishes lives: the source's own time tells when it wrote its report, or answered. Where the source
 * set no other end than its report's, it is the end of what was published of it. */
static uint64_t expires_at(const answering *it, const nrs_release *given)
{
    const uint64_t left_ms = given->expires_ms > it->dated_ms ? given->expires_ms - it->dated_ms : 0;
    const uint64_t at_ms = it->dated_ms + nrs_withheld_life(left_ms);

    return left_ms == 0 ? 0 : given->expires_ms == it->source.row.expires_ms || at_ms > it->row.expires_ms ? it->row.expires_ms : at_ms;
}

/* The source's own release is for this hub alone: over its own report, which nobody else knows. */
static nrs_error check(const answering *it, const nrs_release *release, const uint8_t *signer, const nrs_ask *ask)
{
    uint8_t commitment[NRS_HASH_SIZE];

    nrs_ask_commitment(commitment, ask);
    if (!nrs_key_follows(it->core, it->source.row.originator, signer)) {
        return NRS_ERROR_FORGED;
    }
    if (memcmp(release->sealed_id.data, it->source.row.id, NRS_HASH_SIZE) != 0 || !nrs_key_ours(it->core, release->holder.data) ||
        !nrs_slice_equal(nrs_field(&release->ask), nrs_field(&it->statement->reference)) ||
        memcmp(release->audience_commitment.data, commitment, NRS_HASH_SIZE) != 0 || !nrs_slice_equal(nrs_field(&release->community), nrs_field(&ask->community)) ||
        release->expires_ms > it->source.row.expires_ms) {
        return NRS_ERROR_RELEASE;
    }
    return nrs_clock_expired(it->core, release->expires_ms) || expires_at(it, release) <= it->dated_ms || it->row.expires_ms <= it->dated_ms ? NRS_ERROR_EXPIRED : NRS_OK;
}

/* As the source agreed; where the hub made it stricter when it vouched, that holds. Nobody is named as the source. */
static nrs_conditions conditions_of(const answering *it, const nrs_release *release)
{
    const nrs_conditions sources = nrs_header_conditions(it->source.seen.header), own = nrs_header_conditions(it->view->header);
    nrs_conditions given = sources;

    if (release->conditions != NULL) {
        given = (nrs_conditions){release->conditions->permissible_actions, release->conditions->flags};
    }
    if (own.permissible_actions != sources.permissible_actions || own.flags != (sources.flags & ~(uint32_t)NRS_CONDITION_NAME_SOURCE)) {
        given = nrs_policy_conditions_of_both(given, own);
    }
    given.flags &= ~(uint32_t)NRS_CONDITION_NAME_SOURCE;
    return given;
}

static nrs_error sign(const answering *it, nrs_bytes *payload_out, const nrs_release *given)
{
    const uint32_t label = it->row.label > it->source.row.label && it->row.label > given->label ? it->row.label : given->label;
    const nrs_conditions conditions = conditions_of(it, given);
    Nrs__Wire__Conditions held = NRS__WIRE__CONDITIONS__INIT;
    nrs_release release = *given;

    release.sealed_id = nrs_field_of(nrs_slice_of(it->row.id, NRS_HASH_SIZE));
    release.holder = nrs_field_of(nrs_slice_of(it->held.row.mine ? it->core->self.sign_key : it->held.row.org, NRS_KEY_SIZE));
    release.label = label;
    held.permissible_actions = conditions.permissible_actions;
    held.flags = conditions.flags;
    release.conditions = held.permissible_actions != 0 || held.flags != 0 ? &held : NULL;
    release.created_ms = it->dated_ms;
    release.expires_ms = expires_at(it, given);
    release.ask = nrs_field_of(nrs_slice_of(it->held.row.id, NRS_HASH_SIZE));
    return nrs_release_sign(payload_out, &release, nrs_identity_for(it->core, it->view->header->originator.data));
}

/* Kept, and with the tick on its way to who asked: this node itself where it asked in its own name. */
static nrs_error answer(answering *it, nrs_ask_row *answered)
{
    const nrs_digest_row to = {.due_ms = it->due_ms, .expires_ms = it->row.expires_ms, .community = it->row.community,
                               .recipient = it->held.row.mine ? it->core->self.sign_key : it->held.row.org};
    nrs_statement statement;
    bool changed = false;
    nrs_error error = it->held.row.mine ? NRS_OK : nrs_store_ask_answer(it->core->store, &changed, answered);

    nrs__wire__statement__init(&statement);
    statement.type = it->statement->type;
    statement.sealed_id = nrs_field_of(nrs_slice_of(it->row.id, NRS_HASH_SIZE));
    statement.at_ms = it->due_ms;
    statement.reason = (char *)(uintptr_t)answered->answer; /* only read */
    statement.reference = nrs_field_of(nrs_slice_of(answered->id, NRS_HASH_SIZE));
    statement.detail = nrs_field_of(answered->release);
    return error == NRS_OK ? nrs_digest_hold_for(it->core, &to, &statement) : error;
}

/* Of another's text the source is not the one to say how far it goes, and what was published does not tell whose it is. */
static nrs_error check_written_by_it(const answering *it)
{
    nrs_opened opened = {0};
    nrs_error error = nrs_annex_read(it->core, &opened, &it->source.row);

    if (error == NRS_OK && opened.report->n_passes_on > 0) {
        error = NRS_ERROR_RELEASE;
    }
    nrs_opened_wipe(&opened);
    return error;
}

static nrs_error release_it(answering *it)
{
    nrs_release *release = NULL;
    nrs_ask *ask = NULL;
    nrs_bytes payload = {0};
    uint8_t signer[NRS_KEY_SIZE], id[NRS_HASH_SIZE];
    nrs_ask_row answered = it->held.row;
    nrs_error error = nrs_ask_decode(&ask, it->held.row.ask);

    if (error == NRS_OK) {
        error = nrs_release_verify(&release, signer, id, nrs_field(&it->statement->detail));
    }
    if (error == NRS_OK) {
        error = check(it, release, signer, ask);
    }
    if (error == NRS_OK) {
        error = check_written_by_it(it);
    }
    if (error == NRS_OK) {
        error = sign(it, &payload, release);
    }
    if (error == NRS_OK) {
        it->given = release->label;
        answered.state = NRS_ASK_RELEASED;
        answered.answered_ms = it->due_ms;
        answered.expires_ms = expires_at(it, release);
        answered.label = it->row.label > it->source.row.label && it->row.label > release->label ? it->row.label : release->label;
        answered.answerer = answered.answer = "";
        answered.release = nrs_slice_of_bytes(&payload);
        error = answer(it, &answered);
    }
    nrs_bytes_wipe(&payload);
    nrs_release_free(&release);
    nrs_ask_free(&ask);
    return error;
}

/* Its reason goes with it, unless it says who it is. */
static nrs_error deny_it(answering *it, const nrs_peer *from)
{
    const nrs_community *community = nrs_community_by_id(it->core, it->row.community);
    const char *found = NULL;
    nrs_ask_row answered = it->held.row;

    answered.state = NRS_ASK_DENIED;
    answered.answered_ms = it->due_ms;
    answered.answerer = "";
    answered.answer = community == NULL || nrs_names_source(it->core, &found, community, from, it->statement->reason) ? "" : it->statement->reason;
    answered.release = nrs_slice_of(NULL, 0);
    return answer(it, &answered);
}

static nrs_error note(const answering *it, nrs_peer *from, nrs_error rule)
{
    nrs_core *core = it->core;
    const nrs_statement *statement = it->statement;
    char detail[NRS_AUDIT_DETAIL_SIZE_MAX + 1];
    const nrs_audit_what what = {.event = statement->type == NRS_STATEMENT_RELEASE ? NRS_AUDIT_RELEASE : NRS_AUDIT_DENY, .rule = rule, .unnamed = true,
                                 .about = nrs_field(&statement->sealed_id), .detail = detail};

    nrs_audit_terms(detail, it->source.row.label, it->given == 0 ? it->source.row.label : it->given, false);
    if (rule != NRS_OK) { /* whose, no line of the log says */
        nrs_core_log(core, rule, "a withheld source's answer to an ask for wider sharing is refused: %s", nrs_error_rule(rule));
    }
    return nrs_audit_add_from(core, from, &what);
}

nrs_error nrs_source_answer_take(nrs_core *core, bool *taken_out, nrs_peer *from, const nrs_statement *statement)
{
    answering it = {.core = core, .statement = statement, .due_ms = nrs_withheld_next_tick(core)};
    nrs_error error = nrs_source_load(core, &it.source, statement->sealed_id.data);

    it.dated_ms = date_of(core, it.due_ms);
    *taken_out = error == NRS_OK;
    if (error == NRS_ERROR_NOT_FOUND) {
        error = NRS_OK;
    } else if (error == NRS_OK) {
        error = find(&it, from);
        if (error == NRS_OK) {
            error = statement->type == NRS_STATEMENT_RELEASE ? release_it(&it) : deny_it(&it, from);
        }
        if (error == NRS_OK || nrs_error_is_verdict(error)) {
            error = note(&it, from, error);
        }
    }
    nrs_sealed_view_free(&it.view);
    nrs_bytes_wipe(&it.holder);
    nrs_ask_held_wipe(&it.held);
    nrs_source_wipe(&it.source);
    return error;
}
