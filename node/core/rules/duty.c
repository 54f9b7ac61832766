/* Duties (SPEC 5.2): what an organisation has taken, against what the header and the rules demand of whoever is to read. */
#include <string.h>

#include "command/command_quote.h"
#include "rules/edges.h"

/* The best that the member's entries say about one duty. */
static nrs_duty_state duty_of(const Nrs__Wire__Member *member, const char *name, uint64_t now_ms)
{
    nrs_duty_state state = NRS_DUTY_ABSENT;

    for (size_t i = 0; member != NULL && i < member->n_duties; i++) {
        const Nrs__Wire__Duty *duty = member->duties[i];

        if (strcmp(duty->name, name) != 0) {
            continue;
        }
        if (duty->since_ms > now_ms) {
            state = NRS_DUTY_NOT_BEGUN;
        } else if (duty->until_ms != 0 && duty->until_ms <= now_ms) {
            state = state == NRS_DUTY_NOT_BEGUN ? state : NRS_DUTY_EXPIRED;
        } else {
            return NRS_DUTY_HELD;
        }
    }
    return state;
}

nrs_duty_state nrs_duty_state_of(const nrs_duty_question *question, const Nrs__Wire__Member *member, const char **name_out)
{
    const Nrs__Wire__Rules *rules = question->roster->rules;
    nrs_duty_state state = NRS_DUTY_NOT_DEMANDED;

    NRS_ASSERT(name_out != NULL);
    *name_out = NULL;
    if (question->named[0] != '\0') {
        *name_out = question->named;
        state = duty_of(member, question->named, question->now_ms);
    }
    for (size_t i = 0; i < rules->n_duties && (state == NRS_DUTY_NOT_DEMANDED || state == NRS_DUTY_HELD); i++) {
        const Nrs__Wire__DutyRule *rule = rules->duties[i];

        if (nrs_policy_demands(question->place, rule->labels, rule->kinds, question->label, question->kind)) {
            *name_out = rule->duty;
            state = duty_of(member, rule->duty, question->now_ms);
        }
    }
    return state;
}

static void list_once(nrs_duty_list *list, const char *name)
{
    for (size_t i = 0; i < list->count; i++) {
        if (strcmp(list->names[i], name) == 0) {
            return;
        }
    }
    NRS_ASSERT(list->count < NRS_DUTY_LIST_COUNT_MAX);
    list->names[list->count] = name;
    list->count++;
}

void nrs_duty_list_add(nrs_duty_list *list, const nrs_duty_question *question)
{
    const Nrs__Wire__Rules *rules = question->roster->rules;

    if (question->named[0] != '\0') {
        list_once(list, question->named);
    }
    for (size_t i = 0; i < rules->n_duties; i++) {
        if (nrs_policy_demands(question->place, rules->duties[i]->labels, rules->duties[i]->kinds, question->label, question->kind)) {
            list_once(list, rules->duties[i]->duty);
        }
    }
}

nrs_error nrs_duty_check(const nrs_core *core, const nrs_header *header, nrs_edge_place place, uint32_t kind, const char *org)
{
    const nrs_community *community = nrs_community_by_id((nrs_core *)(uintptr_t)core, header->community.data);
    nrs_duty_question question = {.place = place, .label = (nrs_label)header->label, .kind = kind, .named = header->duty, .now_ms = core->now_ms};
    const char *name = NULL;

    if (community == NULL || (header->duty[0] == '\0' && community->roster->rules->n_duties == 0)) {
        return NRS_OK;
    }
    question.roster = community->roster;
    return nrs_policy_duty(place, nrs_duty_state_of(&question, nrs_roster_member_by_org(community->roster, org), &name)).error;
}

/* Rules that may demand one of what is listed: mostly there are none, and no header has to be read. */
static bool demands_duties(const nrs_core *core, const nrs_report_row *row)
{
    bool any = (row->flags & NRS_REPORT_DUTY) != 0;

    for (size_t i = 0; i < core->community_count && !any; i++) {
        any = core->communities[i].roster->rules->n_duties > 0;
    }
    return any;
}

/* What this node has sent itself may hold what others sent. */
static nrs_error read_sent(nrs_core *core, nrs_answer *unsaid, const nrs_report_row *row, const nrs_header *header)
{
    nrs_opened opened = {0};
    nrs_error error = row->key_state == NRS_KEY_HELD && core->follows_any ? nrs_annex_read(core, &opened, row) : NRS_OK;

    if (error == NRS_OK && opened.report != NULL) {
        error = nrs_passed_on_reading(core, unsaid, row, header, opened.report->passes_on, opened.report->n_passes_on, NRS_PLACE_READ, NULL, NRS_SINK_SCREEN);
    }
    nrs_opened_wipe(&opened);
    return error;
}

nrs_error nrs_edge_listed(nrs_core *core, bool *may_out, const nrs_report_row *row)
{
    nrs_answer unsaid = {.rows = NULL};
    nrs_header_seen seen = {0};
    nrs_error error = NRS_OK;

    *may_out = true;
    if (!demands_duties(core, row)) {
        return NRS_OK;
    }
    error = nrs_header_seen_load(core, &seen, row);
    if (error == NRS_OK) {
        error = row->part == NRS_PART_RECEIVED ? nrs_edge_reading(core, &unsaid, row, seen.header, NRS_PLACE_READ, NULL)
                                               : read_sent(core, &unsaid, row, seen.header);
    }
    nrs_header_seen_wipe(&seen);
    *may_out = error != NRS_ERROR_DUTY;
    return error == NRS_OK || nrs_error_is_verdict(error) ? NRS_OK : error; /* what else it says, show says */
}
