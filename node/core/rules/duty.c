/* Duties (SPEC 5.2): what an organisation has taken, against what the header and the rules demand of whoever is to read. */
#include <string.h>

#include "command/command_quote.h"
#include "report/onward.h"
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

/* ---- Whoever reads ---- */

static bool asks_for_kinds(const nrs_community *community)
{
    const Nrs__Wire__Rules *held = community == NULL ? NULL : community->roster->rules;

    for (size_t i = 0; held != NULL && i < held->n_duties; i++) {
        if (held->duties[i]->kinds != 0) {
            return true;
        }
    }
    return false;
}

/* Whoever reads has the key and knows the kind (SPEC 5.2); it is looked up only where a rule asks for one. 0: sealed from this node. */
static nrs_error find_kind(nrs_core *core, uint32_t *kind_out, const nrs_report_row *row, const nrs_community *home, const nrs_community *target)
{
    nrs_sealed_view *view = NULL;
    nrs_opened opened = {0};
    nrs_error error;

    *kind_out = 0;
    if (row->label == NRS_LABEL_RED || row->key_state != NRS_KEY_HELD || (!asks_for_kinds(home) && !asks_for_kinds(target))) {
        return NRS_OK;
    }
    error = nrs_annex_read(core, &opened, row);
    if (nrs_error_of_one_record(error)) {
        error = nrs_open_report(core, &view, &opened, row);
    }
    if (error == NRS_OK) {
        *kind_out = opened.report->kind;
    }
    nrs_opened_wipe(&opened);
    nrs_sealed_view_free(&view);
    return nrs_error_of_one_record(error) ? NRS_OK : error; /* what does not open says so when it is opened; what could not be looked at has no kind yet */
}

/* A duty that has run out closes what it had opened: the rules are those of the roster now held. */
nrs_error nrs_edge_duty(nrs_core *core, nrs_answer *answer, const nrs_report_row *row, const nrs_header *header, nrs_edge_place place)
{
    const nrs_community *community = nrs_community_by_id(core, header->community.data);
    nrs_duty_question question = {.place = place, .label = (nrs_label)header->label, .named = header->duty, .now_ms = core->now_ms};
    const char *name = NULL;
    nrs_verdict verdict;
    nrs_error error;

    if (community == NULL) {
        return NRS_OK; /* who is in the community no more is refused by the audience */
    }
    error = find_kind(core, &question.kind, row, community, NULL);
    if (error != NRS_OK) {
        return error;
    }
    question.roster = community->roster;
    verdict = nrs_policy_duty(place, nrs_duty_state_of(&question, nrs_roster_member_by_org(community->roster, core->org), &name));
    if (verdict.error == NRS_OK) {
        return NRS_OK;
    }
    return nrs_refuse(answer, verdict.error, verdict.allowed, "The duty %s is not in force for %s.", name, core->org);
}

/* For one who was let in: what both communities demand, as its own records it. */
static nrs_error check_duty_let_in(nrs_core *core, nrs_answer *answer, const nrs_let_in *let_in, const nrs_report_row *row, const nrs_header *header,
                                   nrs_edge_place place)
{
    const nrs_community *target = nrs_community_by_id(core, let_in->community);
    uint32_t kind = 0;
    nrs_error error = find_kind(core, &kind, row, nrs_community_by_id(core, header->community.data), target);

    if (error == NRS_OK && target != NULL) {
        error = nrs_onward_duty(core, header, (nrs_label)row->label, place, kind, target, core->self.sign_key);
    }
    return nrs_error_is_verdict(error) ? nrs_refuse(answer, error, nrs_policy_duty(place, NRS_DUTY_ABSENT).allowed,
                                                    "The duties that the report demands are not in force for %s.", core->org)
                                       : error;
}

nrs_error nrs_edge_reader_duty(nrs_core *core, nrs_answer *answer, const nrs_report_row *row, const nrs_header *header, nrs_edge_place place)
{
    nrs_let_in let_in;
    nrs_error error;

    if (row->part == NRS_PART_SENT) {
        return NRS_OK;
    }
    error = nrs_let_in_self(core, &let_in, row->position);
    if (error == NRS_OK && let_in.authority != NRS_AUTHORITY_ORIGINATOR) {
        return check_duty_let_in(core, answer, &let_in, row, header, place);
    }
    return error == NRS_OK || error == NRS_ERROR_NOT_FOUND ? nrs_edge_duty(core, answer, row, header, place) : error;
}

/* ---- Lists ---- */

/* For a label, whichever kinds they name. */
static bool has_rules_for(const nrs_community *community, nrs_label label)
{
    const Nrs__Wire__Rules *rules = community == NULL ? NULL : community->roster->rules;

    for (size_t i = 0; rules != NULL && i < rules->n_duties; i++) {
        if (rules->duties[i]->labels == 0 || (rules->duties[i]->labels & NRS_LABEL_BIT(label)) != 0) {
            return true;
        }
    }
    return false;
}

static bool has_rules(const nrs_community *community)
{
    return community != NULL && community->roster->rules->n_duties > 0;
}

/* Whether what a report says may be closed by a duty: mostly no rule asks for one, and no header has to be read. Who was let in goes by the
 * stricter of two labels, of which the row has one: there any rule counts. */
static nrs_error may_demand(nrs_core *core, bool *may_out, const nrs_report_row *row)
{
    const nrs_community *home = nrs_community_by_id(core, row->community);
    nrs_let_in let_in;
    nrs_error error;
    bool any = false;

    *may_out = (row->flags & NRS_REPORT_DUTY) != 0 || has_rules_for(home, (nrs_label)row->label);
    for (size_t i = 0; i < core->community_count && !any; i++) {
        any = has_rules(&core->communities[i]);
    }
    if (*may_out || !any || row->part == NRS_PART_SENT) {
        return NRS_OK;
    }
    error = nrs_let_in_self(core, &let_in, row->position);
    if (error == NRS_OK && let_in.authority != NRS_AUTHORITY_ORIGINATOR) {
        *may_out = has_rules(home) || has_rules(nrs_community_by_id(core, let_in.community));
    }
    return error == NRS_ERROR_NOT_FOUND ? NRS_OK : error;
}

/* The same of what this node has sent itself, which may hold what others sent: their rules count, and its own for what is not held any more. */
static nrs_error sent_may_demand(nrs_core *core, bool *may_out, const nrs_report_row *row, const nrs_report *report)
{
    nrs_error error = NRS_OK;

    *may_out = false;
    if (report->n_passes_on > 0 && nrs_sent_here(core, row)) {
        error = may_demand(core, may_out, row);
    }
    for (size_t i = 0; i < report->n_passes_on && error == NRS_OK && !*may_out && nrs_sent_here(core, row); i++) {
        nrs_report_row source;
        nrs_bytes holder = {0};

        error = nrs_store_report_get(core->store, &source, &holder, report->passes_on[i].data);
        if (error == NRS_OK) {
            error = may_demand(core, may_out, &source);
        }
        error = error == NRS_ERROR_NOT_FOUND ? NRS_OK : error;
        nrs_bytes_wipe(&holder);
    }
    return error;
}

/* What does not open is as what is not there (log_cache.c): only where no byte of it is, no duty can stand in it. */
static bool is_gone(nrs_core *core, const nrs_report_row *row)
{
    nrs_log_row stored = {0};
    nrs_bytes holder = {0};
    const nrs_error error = nrs_store_log_get(core->store, &stored, &holder, row->position);
    const bool gone = error == NRS_ERROR_NOT_FOUND || (error == NRS_OK && stored.record.size == 0);

    nrs_bytes_wipe(&holder);
    return gone;
}

nrs_error nrs_edge_listed(nrs_core *core, bool *may_out, const nrs_report_row *row, const nrs_report *report)
{
    const bool received = row->part == NRS_PART_RECEIVED;
    nrs_answer unsaid = {.rows = NULL};
    nrs_header_seen seen = {0};
    bool demanded = false;
    nrs_error error = received ? may_demand(core, &demanded, row) : sent_may_demand(core, &demanded, row, report);

    *may_out = true;
    if (error != NRS_OK || !demanded) {
        return error;
    }
    error = nrs_header_seen_load(core, &seen, row);
    if (error == NRS_OK) {
        error = received ? nrs_edge_reader_duty(core, &unsaid, row, seen.header, NRS_PLACE_READ)
                         : nrs_passed_on_reading(core, &unsaid, row, seen.header, report->passes_on, report->n_passes_on, NRS_PLACE_READ, NULL, NRS_SINK_SCREEN);
    }
    *may_out = error != NRS_ERROR_DUTY && (seen.header != NULL || (error == NRS_ERROR_NOT_FOUND && is_gone(core, row)));
    nrs_header_seen_wipe(&seen);
    return nrs_error_of_one_record(error) ? NRS_OK : error; /* what else it says, show says */
}
