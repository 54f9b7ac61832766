/* Asks and answers (SPEC 6.12). What was denied is kept and shown at both ends, as what was agreed to. */
#include "report/release.h"

#include <stdio.h>
#include <string.h>

#include "audit/audit.h"
#include "prekeys/key_change.h"
#include "report/onward.h"
#include "report/withdrawal.h"
#include "withheld/withheld.h"

#define ASK_OPEN_OF_HUB_MAX (4u * NRS_ASK_OPEN_COUNT_MAX) /* of its members together */

void nrs_ask_held_wipe(nrs_ask_held *held)
{
    nrs_bytes_wipe(&held->holder);
    *held = (nrs_ask_held){0};
}

/* Moves what a row borrows from its statement into a holder of its own. */
static nrs_error keep_row(void *context, const nrs_ask_row *row)
{
    nrs_ask_held *held = context;
    const nrs_slice parts[] = {nrs_slice_of(row->id, NRS_HASH_SIZE),
                               nrs_slice_of(row->report, NRS_HASH_SIZE),
                               nrs_slice_of(row->org, NRS_KEY_SIZE),
                               row->ask,
                               row->release,
                               nrs_slice_of((const uint8_t *)row->person, strlen(row->person) + 1),
                               nrs_slice_of((const uint8_t *)row->answerer, strlen(row->answerer) + 1),
                               nrs_slice_of((const uint8_t *)row->reason, strlen(row->reason) + 1),
                               nrs_slice_of((const uint8_t *)row->answer, strlen(row->answer) + 1)};
    size_t at[sizeof parts / sizeof parts[0]];
    nrs_error error = NRS_OK;

    for (size_t i = 0; i < sizeof parts / sizeof parts[0] && error == NRS_OK; i++) {
        at[i] = held->holder.size;
        error = nrs_bytes_append(&held->holder, parts[i]);
    }
    if (error == NRS_OK) {
        const uint8_t *data = held->holder.data;

        held->row = *row;
        held->row.id = data + at[0];
        held->row.report = data + at[1];
        held->row.org = data + at[2];
        held->row.ask = nrs_slice_of(data + at[3], row->ask.size);
        held->row.release = nrs_slice_of(data + at[4], row->release.size);
        held->row.person = (const char *)data + at[5];
        held->row.answerer = (const char *)data + at[6];
        held->row.reason = (const char *)data + at[7];
        held->row.answer = (const char *)data + at[8];
        held->found = true;
    }
    return error;
}

nrs_error nrs_ask_load(nrs_core *core, nrs_ask_held *held_out, const uint8_t id[NRS_HASH_SIZE])
{
    nrs_error error = nrs_store_ask_get(core->store, id, keep_row, held_out);

    return error == NRS_OK && !held_out->found ? NRS_ERROR_NOT_FOUND : error;
}

/* Nothing can be released of it any more: whoever has not answered until then does not. The report's end is known to both, and is no word of
 * who asked. */
nrs_error nrs_ask_lapsed(nrs_core *core, bool *lapsed_out, const nrs_ask_row *row)
{
    bool withdrawn = false;
    nrs_error error = row->state == NRS_ASK_OPEN ? nrs_withdrawal_of(core, &withdrawn, row->report) : NRS_OK;

    *lapsed_out = row->state == NRS_ASK_OPEN && (withdrawn || nrs_clock_expired(core, row->expires_ms));
    return error;
}

nrs_error nrs_ask_room(nrs_core *core, const nrs_report_row *report, uint64_t most)
{
    uint64_t count = 0;
    nrs_error error = nrs_store_ask_own(core->store, &count, report->id, report->expires_ms > core->now_ms ? core->now_ms : 0);

    return error == NRS_OK && count >= most ? NRS_ERROR_LIMIT : error;
}

nrs_community *nrs_ask_target(nrs_core *core, const nrs_ask *ask, const uint8_t home[NRS_HASH_SIZE])
{
    return nrs_community_by_id(core, ask->community.len == 0 ? home : ask->community.data);
}

/* ---- At the originator ---- */

typedef struct holder_search {
    nrs_core *core;
    const nrs_peer *from;
    bool found;
} holder_search;

static nrs_error is_holder(void *context, const nrs_recipient_row *row)
{
    holder_search *search = context;

    search->found = search->found || nrs_key_follows(search->core, row->org, search->from->keys.sign_key);
    return NRS_OK;
}

/* Those who are asked for are of one community, and its members as far as is known here: the one that the ask names, in which is who is to
 * hold the release, where it and the report's recognise each other; or the report's own. What the release would commit to holds nobody else. */
static nrs_error check_targets(nrs_core *core, const nrs_community *home, const nrs_peer *holder, const nrs_ask *ask, const nrs_audience *audience)
{
    const nrs_community *target = nrs_ask_target(core, ask, home->id);

    if (audience->n_targets == 0 || audience->n_targets > NRS_ASK_TARGET_COUNT_MAX || (ask->community.len != 0 && target == home)) {
        return NRS_ERROR_MALFORMED; /* the report's own is not written out */
    }
    if (target == NULL || (target != home && (!nrs_roster_recognises(home->roster, target->id) || !nrs_roster_recognises(target->roster, home->id)))) {
        return NRS_ERROR_COMMUNITY_RULE;
    }
    if (!nrs_peer_member(core, holder, target)) {
        return NRS_ERROR_NOT_MEMBER;
    }
    for (size_t i = 0; i < audience->n_targets; i++) {
        const Nrs__Wire__Target *one = audience->targets[i];

        if (one->person.len != 0) {
            return NRS_ERROR_LABEL_FORBIDS;
        }
        if (one->community.len != 0 && !nrs_slice_equal(nrs_field(&one->community), nrs_slice_of(target->id, NRS_HASH_SIZE))) {
            return NRS_ERROR_COMMUNITY_RULE;
        }
        if (one->community.len == 0 && !nrs_peer_member(core, nrs_peer_by_sign(core, one->org.data), target)) {
            return NRS_ERROR_UNKNOWN_ORG;
        }
    }
    return NRS_OK;
}

/* Who is to make the grants: who asks; of a guest who let it in, which is this node. by: in whose place a withheld source is asked, or NULL. Where
 * that one is a guest the source does not know who let it in, and asks of the hub what it would ask of that one, unless the guest itself is of the
 * community that it asks for. */
static const nrs_peer *holder_of(const nrs_core *core, const nrs_community *home, const nrs_community *target, const nrs_peer *from, bool guest, const uint8_t *by)
{
    const nrs_peer *asker = by == NULL ? NULL : nrs_peer_by_sign(core, by);

    if (guest) {
        return nrs_peer_by_sign(core, core->self.sign_key);
    }
    return nrs_peer_member(core, asker, home) || (target != NULL && nrs_peer_member(core, asker, target)) ? asker : from;
}

/* Who asks has it, of us, under a label that can be released, and lives in its community, or is a guest whom this node let in (ask_through.c). A
 * source that is withheld is asked by its hub alone, which says for whom. by: in whose place, or NULL. */
static nrs_error check_ask(nrs_core *core, const nrs_report_row *report, const nrs_peer *from, const nrs_ask *ask, bool guest, const uint8_t *by)
{
    const nrs_community *home = nrs_community_by_id(core, report->community);
    holder_search search = {core, from, false};
    const bool withheld = (report->flags & NRS_REPORT_WITHHELD) != 0;
    const uint64_t most = withheld ? ASK_OPEN_OF_HUB_MAX : NRS_ASK_OPEN_COUNT_MAX;
    nrs_audience *audience = NULL;
    uint64_t open = 0;
    bool withdrawn = false;
    nrs_error error;

    if (report->part != NRS_PART_SENT && !(guest && report->part == NRS_PART_RECEIVED && report->key_state == NRS_KEY_HELD)) {
        return NRS_ERROR_NOT_ORIGINATOR;
    }
    if (withheld && (by == NULL || report->part != NRS_PART_SENT)) {
        return NRS_ERROR_SOURCE_WITHHELD;
    }
    if (report->label == NRS_LABEL_RED || (report->label == NRS_LABEL_CLEAR && !withheld) || (report->flags & NRS_HEADER_UNLOCK_ON_ACCEPT) != 0) {
        return NRS_ERROR_LABEL_FORBIDS;
    }
    error = nrs_withdrawal_of(core, &withdrawn, report->id);
    if (error != NRS_OK || withdrawn) {
        return error != NRS_OK ? error : NRS_ERROR_WITHDRAWN;
    }
    if (nrs_clock_expired(core, report->expires_ms)) {
        return NRS_ERROR_EXPIRED;
    }
    if (home == NULL || (!guest && !nrs_peer_member(core, from, home))) {
        return NRS_ERROR_NOT_MEMBER;
    }
    error = nrs_audience_decode(&audience, nrs_field(&ask->audience));
    if (error == NRS_OK) {
        error = check_targets(core, home, holder_of(core, home, nrs_ask_target(core, ask, home->id), from, guest, withheld ? by : NULL), ask, audience);
    }
    nrs_audience_free(&audience);
    if (error == NRS_OK) {
        error = nrs_store_recipient_each(core->store, report->position, is_holder, &search);
    }
    if (error == NRS_OK && !search.found) {
        error = NRS_ERROR_NOT_FOUND;
    }
    if (error == NRS_OK) {
        /* Of a report that only other clocks have alive every ask counts: theirs make no room. */
        error = nrs_store_ask_open(core->store, &open, from->keys.sign_key, report->expires_ms > core->now_ms ? core->now_ms : 0);
    }
    if (error == NRS_OK && open >= most) {
        error = NRS_ERROR_LIMIT;
    }
    return error == NRS_OK && guest ? nrs_ask_room(core, report, NRS_ASK_THROUGH_COUNT_MAX) : error; /* which leaves some for this node's own people */
}

/* given: under which label it was released, or that of the report; 0: not known. */
static nrs_error note(nrs_core *core, nrs_peer *from, uint32_t event, nrs_slice about, uint32_t label, uint32_t given, nrs_error rule)
{
    char detail[NRS_AUDIT_DETAIL_SIZE_MAX + 1];
    const nrs_audit_what what = {.event = event, .rule = rule, .org = from->org, .about = about, .detail = label == 0 ? NULL : detail};

    nrs_audit_terms(detail, label, given == 0 ? label : given, false);
    if (rule != NRS_OK) {
        nrs_core_complain(core, from, rule, "its ask for wider sharing, or its answer to one, is refused: %s", nrs_error_rule(rule));
    }
    return rule != NRS_OK && from->complaint_count > 8 ? NRS_OK : nrs_audit_add(core, &what);
}

nrs_error nrs_ask_take(nrs_core *core, nrs_peer *from, const nrs_statement *statement, nrs_slice bytes)
{
    nrs_report_row report = {.label = 0};
    nrs_bytes holder = {0};
    nrs_ask *ask = NULL;
    uint8_t id[NRS_HASH_SIZE];
    bool fresh = false, guest = false;
    const uint8_t *by = statement->reference.len == NRS_KEY_SIZE ? statement->reference.data : NULL;
    nrs_ask_row row = {.id = id, .report = statement->sealed_id.data, .at_ms = statement->at_ms, .org = from->keys.sign_key, .person = statement->person,
                       .reason = statement->reason, .answer = "", .answerer = "", .ask = nrs_field(&statement->detail)};
    nrs_error error = nrs_ask_decode(&ask, nrs_field(&statement->detail));

    nrs_statement_by(id, from->keys.sign_key, bytes);
    if (error == NRS_OK) {
        error = nrs_store_report_get(core->store, &report, &holder, statement->sealed_id.data);
    }
    if (error == NRS_OK) {
        error = nrs_ask_guest(core, &guest, NULL, &report, from);
    }
    if (error == NRS_OK) {
        error = check_ask(core, &report, from, ask, guest, by);
    }
    if (error == NRS_OK) {
        row.expires_ms = report.expires_ms;
        error = nrs_store_ask_add(core->store, &fresh, &row);
    }
    if (error == NRS_OK && fresh) {
        nrs_core_log(core, NRS_OK, "%s asks to share TLP:%s wider: noroshi release list", from->org, nrs_label_name((nrs_label)report.label));
        error = note(core, from, NRS_AUDIT_ASK, nrs_field(&statement->sealed_id), report.label, 0, NRS_OK);
        error = error == NRS_OK ? nrs_ask_further(core, &report, &row, guest, by) : error;
    } else if (nrs_error_is_verdict(error)) {
        error = note(core, from, NRS_AUDIT_ASK, nrs_field(&statement->sealed_id), report.label, 0, error);
    }
    nrs_ask_free(&ask);
    nrs_bytes_wipe(&holder);
    return error;
}

/* ---- At the holder ---- */

typedef struct ask_search {
    nrs_core *core;
    const nrs_statement *answer;
    nrs_report_row report;
    uint8_t id[NRS_HASH_SIZE];
    bool found;
} ask_search;

static nrs_error look_at_own(void *context, const nrs_ask_row *row)
{
    ask_search *it = context;
    nrs_ask_note note;
    nrs_bytes bytes = {0};
    uint8_t id[NRS_HASH_SIZE];
    bool through = false;
    nrs_error error = row->mine && row->state == NRS_ASK_OPEN ? nrs_ask_note_find(it->core, &note, &through, &it->report, row->id) : NRS_ERROR_NOT_FOUND;

    if (error == NRS_OK) {
        error = nrs_ask_compose(&bytes, NULL, row->report, row->at_ms, row, through ? note.by : NULL);
    }
    if (error == NRS_OK) {
        nrs_statement_by(id, it->core->self.sign_key, nrs_slice_of_bytes(&bytes));
        if (nrs_slice_equal(nrs_slice_of(id, sizeof id), nrs_field(&it->answer->reference))) {
            memcpy(it->id, row->id, NRS_HASH_SIZE);
            it->found = true;
        }
    }
    nrs_bytes_wipe(&bytes);
    return error == NRS_ERROR_NOT_FOUND ? NRS_OK : error;
}

/* One that waited for a prekey while this node changed its keys left under the new ones. */
static nrs_error find_ask_of_former(nrs_core *core, nrs_ask_held *held_out, const nrs_statement *answer)
{
    ask_search search = {.core = core, .answer = answer};
    nrs_bytes holder = {0};
    nrs_error error = nrs_store_report_get(core->store, &search.report, &holder, answer->sealed_id.data);

    if (error == NRS_OK) {
        error = nrs_store_ask_each(core->store, answer->sealed_id.data, look_at_own, &search);
    }
    nrs_bytes_wipe(&holder);
    return error != NRS_OK ? error : search.found ? nrs_ask_load(core, held_out, search.id) : NRS_ERROR_NOT_FOUND;
}

/* The answer is the originator's, to an own ask about this report that has none yet. */
static nrs_error find_ask(nrs_core *core, nrs_ask_held *held_out, nrs_report_row *report_out, nrs_bytes *holder, const nrs_peer *from, const nrs_statement *statement)
{
    nrs_error error = nrs_ask_load(core, held_out, statement->reference.data);

    if (error == NRS_ERROR_NOT_FOUND && core->former != NULL) {
        error = find_ask_of_former(core, held_out, statement);
    }
    if (error == NRS_OK && (!held_out->row.mine || held_out->row.state != NRS_ASK_OPEN || memcmp(held_out->row.report, statement->sealed_id.data, NRS_HASH_SIZE) != 0)) {
        error = NRS_ERROR_NOT_FOUND; /* of another report, or answered already */
    }
    if (error == NRS_OK) {
        error = nrs_store_report_get(core->store, report_out, holder, statement->sealed_id.data);
    }
    if (error == NRS_OK && !nrs_key_follows(core, held_out->row.org, from->keys.sign_key)) { /* whom it asked: the originator, or who let it in */
        error = NRS_ERROR_FORGED;
    }
    return error == NRS_ERROR_NOT_FOUND ? NRS_ERROR_RELEASE : error;
}

/* Who asked is no member of the report's community: the answer is to an ask of who let it in, which holds the release. */
static bool as_guest(nrs_core *core, const nrs_report_row *report, const nrs_ask_row *row)
{
    const nrs_community *home = nrs_community_by_id(core, report->community);

    return row->mine && (home == NULL || !home->member);
}

static nrs_error check_release(nrs_core *core, const nrs_release *release, const uint8_t *signer, const nrs_report_row *report, const nrs_ask *ask,
                               const nrs_ask_row *row, const nrs_statement *answer)
{
    const bool through = as_guest(core, report, row);
    uint8_t commitment[NRS_HASH_SIZE];
    bool withdrawn = false; /* for the text that it passes on, too */
    nrs_error error = nrs_withdrawal_of(core, &withdrawn, report->id);

    if (error != NRS_OK) {
        return error;
    }
    nrs_ask_commitment(commitment, ask);
    if (!nrs_key_follows(core, report->originator, signer)) {
        return NRS_ERROR_FORGED;
    }
    if (memcmp(release->sealed_id.data, report->id, NRS_HASH_SIZE) != 0 ||
        !(through ? nrs_key_follows(core, row->org, release->holder.data) : nrs_key_ours(core, release->holder.data)) ||
        (!through && !nrs_slice_equal(nrs_field(&release->ask), nrs_field(&answer->reference))) || memcmp(release->audience_commitment.data, commitment, NRS_HASH_SIZE) != 0 ||
        !nrs_slice_equal(nrs_field(&release->community), nrs_field(&ask->community))) {
        return NRS_ERROR_RELEASE; /* for another report, holder or ask, or for others than were asked for */
    }
    if (release->expires_ms > report->expires_ms || report->key_state != NRS_KEY_HELD || withdrawn) {
        return NRS_ERROR_RELEASE;
    }
    return nrs_clock_expired(core, release->expires_ms) ? NRS_ERROR_EXPIRED : NRS_OK;
}

/* Into the log, from where it goes with the grants. */
static nrs_error log_release(nrs_core *core, nrs_slice payload, const nrs_release *release, const uint8_t *id)
{
    nrs_bytes record = {0};
    uint64_t position = 0;
    nrs_error error = nrs_store_log_find(core->store, &position, id);

    if (error == NRS_OK && position == 0) {
        error = nrs_record_wrap(&record, NRS_RECORD_RELEASE, payload);
        if (error == NRS_OK) {
            error = nrs_log_add(core, NULL, NRS_RECORD_RELEASE, id, nrs_slice_of_bytes(&record), nrs_field(&release->sealed_id), nrs_slice_of(NULL, 0),
                                release->expires_ms);
        }
    }
    nrs_bytes_wipe(&record);
    return error;
}

/* The answer is kept when its grants are made, or cannot be: that is what became of it, and the audit log says so. */
nrs_error nrs_release_use(nrs_core *core, uint32_t *label_out, const nrs_report_row *report, const nrs_ask *ask, const nrs_ask_row *row, const nrs_statement *statement)
{
    nrs_release *release = NULL;
    uint8_t signer[NRS_KEY_SIZE], id[NRS_HASH_SIZE];
    const bool through = as_guest(core, report, row);
    size_t granted = 0;
    nrs_error error = nrs_release_verify(&release, signer, id, nrs_field(&statement->detail)), kept;

    if (error == NRS_OK) {
        error = check_release(core, release, signer, report, ask, row, statement);
    }
    if (error == NRS_OK && label_out != NULL) {
        *label_out = release->label;
    }
    if (error == NRS_OK && through) {
        error = nrs_ask_keep_answer(core, row, release, statement);
        goto out;
    }
    if (error == NRS_OK) {
        error = log_release(core, nrs_field(&statement->detail), release, id);
    }
    if (error != NRS_OK) {
        goto out;
    }
    error = nrs_release_grant(core, &granted, report, ask, release, id, NULL);
    nrs_core_log(core, error, "the source has released a report: let in %zu on it", granted);
    if (error != NRS_OK && !nrs_error_is_verdict(error)) {
        goto out; /* it is taken again as a whole */
    }
    kept = nrs_ask_keep_answer(core, row, release, statement);
    error = kept != NRS_OK ? kept : error;
out:
    nrs_release_free(&release);
    return error;
}

nrs_error nrs_release_take(nrs_core *core, nrs_peer *from, const nrs_statement *statement)
{
    nrs_ask_held held = {.found = false};
    nrs_report_row report = {.label = 0};
    nrs_bytes holder = {0};
    nrs_ask *ask = NULL;
    uint32_t given = 0;
    bool taken = false;
    nrs_error error = nrs_source_answer_take(core, &taken, from, statement);

    if (error != NRS_OK || taken) {
        return error;
    }
    error = find_ask(core, &held, &report, &holder, from, statement);
    if (error == NRS_OK) {
        error = nrs_ask_decode(&ask, held.row.ask);
    }
    if (error == NRS_OK) {
        error = nrs_release_use(core, &given, &report, ask, &held.row, statement);
    }
    if (error == NRS_OK) {
        error = nrs_ask_answer_through(core, &report, held.row.id, statement);
    }
    if (error == NRS_OK || nrs_error_is_verdict(error)) {
        error = note(core, from, NRS_AUDIT_RELEASE, nrs_field(&statement->sealed_id), report.label, given, error);
    }
    nrs_ask_free(&ask);
    nrs_ask_held_wipe(&held);
    nrs_bytes_wipe(&holder);
    return error;
}

nrs_error nrs_denial_take(nrs_core *core, nrs_peer *from, const nrs_statement *statement)
{
    nrs_ask_held held = {.found = false};
    nrs_report_row report = {.label = 0};
    nrs_bytes holder = {0};
    nrs_ask_row answered;
    bool changed = false;
    bool taken = false;
    nrs_error error = nrs_source_answer_take(core, &taken, from, statement);

    if (error != NRS_OK || taken) {
        return error;
    }
    error = find_ask(core, &held, &report, &holder, from, statement);
    if (error == NRS_OK) {
        answered = held.row;
        answered.state = NRS_ASK_DENIED;
        answered.answered_ms = statement->at_ms;
        answered.answerer = statement->person;
        answered.answer = statement->reason;
        answered.release = nrs_slice_of(NULL, 0);
        error = nrs_store_ask_answer(core->store, &changed, &answered);
    }
    if (error == NRS_OK) {
        error = nrs_ask_answer_through(core, &report, held.row.id, statement);
    }
    if (error == NRS_OK || nrs_error_is_verdict(error)) {
        error = note(core, from, NRS_AUDIT_DENY, nrs_field(&statement->sealed_id), report.label, 0, error);
    }
    nrs_ask_held_wipe(&held);
    nrs_bytes_wipe(&holder);
    return error;
}
