#include "report/onward.h"
#include "rules/edges.h"

#include <stdio.h>
#include <string.h>

#include "proto/vocabulary.h"
#include "roster/roster.h"

/* ---- Rosters and headers ---- */

void nrs_rules_seen_wipe(nrs_rules_seen *seen)
{
    NRS_ASSERT(seen != NULL);
    nrs_roster_free(&seen->older);
    *seen = (nrs_rules_seen){0};
}

static nrs_error load_roster(nrs_core *core, nrs_roster **roster_out, const uint8_t *community, uint64_t version)
{
    nrs_roster_parts parts = {0};
    nrs_error error = nrs_roster_at(core, &parts, community, version);

    if (error == NRS_OK) {
        *roster_out = parts.roster;
        parts.roster = NULL;
    }
    nrs_roster_parts_wipe(&parts);
    return error;
}

nrs_error nrs_rules_seen_load(nrs_core *core, nrs_rules_seen *seen_out, const nrs_header *header)
{
    const nrs_community *community = nrs_community_by_id(core, header->community.data);
    nrs_rules_seen seen = {0};
    nrs_error error = NRS_OK;

    NRS_ASSERT(seen_out != NULL);
    if (community != NULL) {
        seen.newest = community->roster;
        seen.named = community->roster->version == header->roster_version;
        if (!seen.named) {
            error = load_roster(core, &seen.older, community->id, header->roster_version);
            seen.named = error == NRS_OK;
            error = error == NRS_ERROR_NOT_FOUND ? NRS_OK : error;
        }
    }
    if (error == NRS_OK) {
        *seen_out = seen;
        seen.older = NULL;
    }
    nrs_roster_free(&seen.older);
    return error;
}

static nrs_error find_in(const nrs_roster *roster, const Nrs__Wire__Disclaimer **disclaimer_out, nrs_slice hash)
{
    for (size_t i = 0; roster != NULL && i < roster->rules->n_disclaimers; i++) {
        uint8_t own[NRS_HASH_SIZE];
        nrs_error error = nrs_disclaimer_hash(own, roster->rules->disclaimers[i]);

        if (error != NRS_OK) {
            return error;
        }
        if (nrs_slice_equal(nrs_slice_of(own, sizeof own), hash)) {
            *disclaimer_out = roster->rules->disclaimers[i];
            return NRS_OK;
        }
    }
    return NRS_OK;
}

nrs_error nrs_rules_seen_disclaimer(const nrs_rules_seen *seen, const Nrs__Wire__Disclaimer **disclaimer_out, nrs_slice hash)
{
    nrs_error error;

    NRS_ASSERT(seen != NULL && disclaimer_out != NULL);
    *disclaimer_out = NULL;
    error = find_in(seen->newest, disclaimer_out, hash);
    return error == NRS_OK && *disclaimer_out == NULL ? find_in(seen->older, disclaimer_out, hash) : error;
}

void nrs_header_seen_wipe(nrs_header_seen *seen)
{
    NRS_ASSERT(seen != NULL);
    nrs_sealed_view_free(&seen->view);
    nrs_header_free(&seen->announced);
    *seen = (nrs_header_seen){0};
}

nrs_error nrs_header_seen_load(nrs_core *core, nrs_header_seen *seen_out, const nrs_report_row *row)
{
    uint8_t id[NRS_HASH_SIZE];
    uint64_t position = 0;
    nrs_error error = nrs_log_sealed(core, &seen_out->view, &position, row->id);

    if (error == NRS_OK) {
        seen_out->header = seen_out->view->header;
        return NRS_OK;
    }
    if (error == NRS_ERROR_NOT_FOUND && row->key_state == NRS_KEY_NONE && row->annex.size > 0) {
        error = nrs_notice_verify(&seen_out->announced, id, row->annex);
        seen_out->header = seen_out->announced;
    }
    return error;
}

/* ---- What is named and demanded ---- */

static bool names(const nrs_header *header, nrs_slice hash)
{
    for (size_t i = 0; i < header->n_disclaimers; i++) {
        if (nrs_slice_equal(nrs_field(&header->disclaimers[i]), hash)) {
            return true;
        }
    }
    return false;
}

static nrs_error find_missing(bool *missing_out, const nrs_rules_seen *seen, const nrs_header *header, nrs_edge_place place, uint32_t kind)
{
    const nrs_roster *roster = seen->older != NULL ? seen->older : seen->newest;

    *missing_out = false;
    for (size_t i = 0; seen->named && i < roster->rules->n_disclaimers; i++) {
        const Nrs__Wire__Disclaimer *one = roster->rules->disclaimers[i];
        uint8_t hash[NRS_HASH_SIZE];
        nrs_error error;

        if (!nrs_policy_demands(place, one->labels, one->kinds, (nrs_label)header->label, kind)) {
            continue;
        }
        error = nrs_disclaimer_hash(hash, one);
        if (error != NRS_OK) {
            return error;
        }
        *missing_out = *missing_out || !names(header, nrs_slice_of(hash, sizeof hash));
    }
    return NRS_OK;
}

static nrs_error judge(nrs_disclaimer_state *state_out, const nrs_rules_seen *seen, const nrs_header *header, nrs_edge_place place, uint32_t kind)
{
    const Nrs__Wire__Disclaimer *found[NRS_DISCLAIMER_COUNT_MAX] = {0};
    nrs_disclaimer_state state = header->n_disclaimers == 0 ? NRS_DISCLAIMER_NONE : NRS_DISCLAIMER_WAITING;
    bool missing = false;
    nrs_error error = NRS_OK;

    NRS_ASSERT(header->n_disclaimers <= NRS_DISCLAIMER_COUNT_MAX);
    for (size_t i = 0; i < header->n_disclaimers && error == NRS_OK; i++) {
        error = nrs_rules_seen_disclaimer(seen, &found[i], nrs_field(&header->disclaimers[i]));
        if (error == NRS_OK && found[i] == NULL) {
            state = NRS_DISCLAIMER_UNKNOWN;
        }
        for (size_t j = 0; j < i && found[i] != NULL; j++) {
            if (found[j] != NULL && strcmp(found[j]->name, found[i]->name) == 0 && state != NRS_DISCLAIMER_UNKNOWN) {
                state = NRS_DISCLAIMER_TWO_VERSIONS;
            }
        }
    }
    if (error == NRS_OK && state != NRS_DISCLAIMER_UNKNOWN && state != NRS_DISCLAIMER_TWO_VERSIONS) {
        error = find_missing(&missing, seen, header, place, kind);
        state = missing ? NRS_DISCLAIMER_MISSING : state;
    }
    *state_out = state;
    return error;
}

nrs_error nrs_disclaimers_named(nrs_core *core, nrs_disclaimer_state *state_out, const nrs_header *header, nrs_edge_place place, uint32_t kind)
{
    const nrs_community *community = nrs_community_by_id(core, header->community.data);
    nrs_rules_seen seen = {0};
    nrs_error error;

    NRS_ASSERT(state_out != NULL);
    *state_out = NRS_DISCLAIMER_NONE;
    if (header->n_disclaimers == 0 && community != NULL && community->roster->rules->n_disclaimers == 0) {
        return NRS_OK; /* no older roster is read for it */
    }
    error = nrs_rules_seen_load(core, &seen, header);
    if (error == NRS_OK) {
        error = judge(state_out, &seen, header, place, kind);
    }
    /* A version that was missed here may have had it: the report is carried, and stays closed. */
    if (error == NRS_OK && *state_out == NRS_DISCLAIMER_UNKNOWN && !seen.named && place == NRS_PLACE_CARRY) {
        *state_out = NRS_DISCLAIMER_WAITING;
    }
    nrs_rules_seen_wipe(&seen);
    return error;
}

nrs_error nrs_disclaimers_check(nrs_core *core, const nrs_header *header, nrs_edge_place place, uint32_t kind)
{
    nrs_disclaimer_state state = NRS_DISCLAIMER_NONE;
    nrs_error error = nrs_disclaimers_named(core, &state, header, place, kind);

    return error == NRS_OK ? nrs_policy_disclaimer(place, state).error : error;
}

/* ---- What was decided ---- */

typedef struct decided {
    const char *address;
    nrs_disclaimer_state state;
    uint8_t *statement;
    nrs_row *row; /* to describe it in, or NULL */
} decided;

static void put_decision(nrs_row *row, const nrs_decision_row *decision)
{
    nrs_row one = nrs_row_begin();

    nrs_row_text(&one, "stage", decision->stage == NRS_STAGE_ACCEPTED ? "accepted" : "declined");
    nrs_row_time(&one, "at", decision->at_ms);
    nrs_row_text(&one, "person", decision->person[0] == '\0' ? NULL : decision->person);
    nrs_row_text(&one, "user", decision->user[0] == '\0' ? NULL : decision->user);
    nrs_row_text(&one, "reason", decision->reason[0] == '\0' ? NULL : decision->reason);
    row->failed = row->failed || one.failed;
    nrs_row_json(row, "acceptance", one.object);
}

/* Ascending by stage; whoever declined first may accept later, and that stands. */
static nrs_error look_at(void *context, const nrs_decision_row *decision)
{
    decided *it = context;
    bool accepted = decision->stage == NRS_STAGE_ACCEPTED;

    if (strcmp(decision->address, it->address) != 0 || it->state == NRS_DISCLAIMER_ACCEPTED) {
        return NRS_OK;
    }
    it->state = accepted ? NRS_DISCLAIMER_ACCEPTED : NRS_DISCLAIMER_DECLINED;
    if (accepted && it->statement != NULL) {
        memcpy(it->statement, decision->statement, NRS_HASH_SIZE);
    }
    if (it->row != NULL) {
        put_decision(it->row, decision);
    }
    return NRS_OK;
}

nrs_error nrs_disclaimers_decided(nrs_core *core, nrs_disclaimer_state *state_out, uint8_t *statement_out, uint64_t report, const char *address)
{
    decided it = {.address = address, .state = NRS_DISCLAIMER_WAITING, .statement = statement_out};
    nrs_error error = nrs_store_decision_each(core->store, report, look_at, &it);

    if (error == NRS_OK) {
        *state_out = it.state;
    }
    return error;
}

void nrs_reader_address(const nrs_core *core, char *address_out, const nrs_report_row *row, const char *person)
{
    nrs_address address = {.type = person != NULL && row->label == NRS_LABEL_RED ? NRS_ADDRESS_PERSON : NRS_ADDRESS_ORG};

    (void)snprintf(address.name, NRS_NAME_SIZE_MAX + 1, "%s", core->org);
    if (address.type == NRS_ADDRESS_PERSON) {
        (void)snprintf(address.person, NRS_NAME_SIZE_MAX + 1, "%s", person);
    }
    nrs_address_format(address_out, &address);
}

nrs_error nrs_edge_reading(nrs_core *core, nrs_answer *answer, const nrs_report_row *row, const nrs_header *header, nrs_edge_place place,
                           const char *person)
{
    char address[NRS_ADDRESS_SIZE_MAX + 1];
    nrs_disclaimer_state state = NRS_DISCLAIMER_NONE;
    nrs_verdict verdict;
    nrs_error error = nrs_edge_reader_duty(core, answer, row, header, place);

    if (error != NRS_OK || row->part == NRS_PART_SENT || header->n_disclaimers == 0) {
        return error; /* a report that names no disclaimer where the rules demand one was not taken */
    }
    error = nrs_disclaimers_named(core, &state, header, NRS_PLACE_OPEN, 0);
    if (error == NRS_OK && state == NRS_DISCLAIMER_WAITING) {
        nrs_reader_address(core, address, row, person);
        error = nrs_disclaimers_decided(core, &state, NULL, row->position, address);
    }
    if (error != NRS_OK) {
        return error;
    }
    verdict = nrs_policy_disclaimer(place, state);
    if (verdict.error == NRS_OK) {
        return NRS_OK;
    }
    return nrs_refuse(answer, verdict.error, verdict.allowed, "The report stays closed: %s.", nrs_error_sentence(verdict.error));
}

/* ---- Rows ---- */

static nrs_error put_disclaimer(json_t *list, const nrs_rules_seen *seen, nrs_slice hash)
{
    const Nrs__Wire__Disclaimer *text = NULL;
    nrs_row one = nrs_row_begin();
    nrs_error error = nrs_rules_seen_disclaimer(seen, &text, hash);

    if (error != NRS_OK) {
        nrs_row_discard(&one);
        return error;
    }
    nrs_row_text(&one, "name", text == NULL ? NULL : text->name);
    if (text == NULL) {
        nrs_row_text(&one, "version", NULL);
    } else {
        nrs_row_number(&one, "version", text->version);
    }
    nrs_row_hex(&one, "hash", hash.data, NRS_HASH_SIZE);
    nrs_row_text(&one, "ja", text == NULL || text->ja[0] == '\0' ? NULL : text->ja);
    nrs_row_text(&one, "en", text == NULL || text->en[0] == '\0' ? NULL : text->en);
    return nrs_row_end(&one, list);
}

nrs_conditions nrs_header_conditions(const nrs_header *header)
{
    const Nrs__Wire__Conditions *held = header->conditions;

    return held == NULL ? (nrs_conditions){0} : (nrs_conditions){held->permissible_actions, held->flags};
}

static void put_answer(nrs_row *row, const char *name, uint32_t flags, uint32_t yes, uint32_t no)
{
    if ((flags & (yes | no)) == 0) {
        nrs_row_text(row, name, NULL);
    } else {
        nrs_row_flag(row, name, (flags & yes) != 0);
    }
}

void nrs_conditions_put(nrs_row *row, nrs_conditions held)
{
    const nrs_term *term = nrs_vocabulary_by_value(NRS_VOCABULARY_PAP, held.permissible_actions);
    nrs_row one;

    if (held.permissible_actions == 0 && held.flags == 0) {
        nrs_row_text(row, "conditions", NULL);
        return;
    }
    one = nrs_row_begin();
    nrs_row_text(&one, "permissible_actions", term == NULL ? NULL : term->code);
    put_answer(&one, "affected_may_be_told", held.flags, NRS_CONDITION_TELL_AFFECTED, NRS_CONDITION_AFFECTED_NOT_TOLD);
    put_answer(&one, "source_may_be_named", held.flags, NRS_CONDITION_NAME_SOURCE, NRS_CONDITION_SOURCE_NOT_NAMED);
    nrs_row_flag(&one, "not_for_supervision", (held.flags & NRS_CONDITION_NOT_FOR_SUPERVISION) != 0);
    row->failed = row->failed || one.failed;
    nrs_row_json(row, "conditions", one.object);
}

nrs_error nrs_edge_describe(nrs_core *core, nrs_row *row, const nrs_report_row *report, const nrs_header *header, const char *person)
{
    char address[NRS_ADDRESS_SIZE_MAX + 1];
    json_t *list = json_array();
    nrs_rules_seen seen = {0};
    decided it = {.address = address, .row = row};
    nrs_conditions conditions = {0};
    nrs_error error = list == NULL ? NRS_ERROR_NO_MEMORY : nrs_rules_seen_load(core, &seen, header);

    if (error == NRS_OK) {
        error = nrs_let_in_conditions(core, &conditions, report, header);
    }

    for (size_t i = 0; error == NRS_OK && i < header->n_disclaimers; i++) {
        error = put_disclaimer(list, &seen, nrs_field(&header->disclaimers[i]));
    }
    nrs_rules_seen_wipe(&seen);
    if (error != NRS_OK) {
        json_decref(list);
        return error;
    }
    nrs_row_json(row, "disclaimers", list);
    nrs_conditions_put(row, conditions);
    nrs_row_text(row, "acceptance", NULL);
    if (report->part == NRS_PART_RECEIVED) {
        nrs_reader_address(core, address, report, person);
        error = nrs_store_decision_each(core->store, report->position, look_at, &it);
    }
    return error;
}

/* Who has not the duty, or has it no more, reads no subject either. */
static nrs_error put_closed(nrs_core *core, nrs_row *row, const nrs_report_row *report, const nrs_header *header, const char *person, nrs_error refused)
{
    nrs_opened opened = {0};
    nrs_error error = report->key_state == NRS_KEY_HELD && refused != NRS_ERROR_DUTY ? nrs_annex_read(core, &opened, report) : NRS_ERROR_NO_SLOT;

    if (error == NRS_ERROR_DISK || nrs_error_is_passing(error)) {
        return error;
    }
    error = nrs_command_describe(core, row, report, error == NRS_OK ? &opened : NULL, false);
    nrs_opened_wipe(&opened);
    if (error == NRS_OK) {
        nrs_row_text(row, "body", NULL);
        nrs_row_text(row, "duty", header->duty[0] == '\0' ? NULL : header->duty);
        error = nrs_edge_describe(core, row, report, header, person);
    }
    return error;
}

nrs_error nrs_edge_answer_closed(nrs_core *core, nrs_answer *answer, const nrs_report_row *report, const nrs_header *header,
                                 const char *person, nrs_error refused)
{
    nrs_row row = nrs_row_begin();
    nrs_error error = put_closed(core, &row, report, header, person, refused);

    if (error == NRS_OK) {
        error = nrs_row_end(&row, answer->rows);
    }
    nrs_row_discard(&row);
    answer->rows_beside = error == NRS_OK;
    return error == NRS_OK ? refused : error;
}
