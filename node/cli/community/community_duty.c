/* noroshi community duty and community rule: what an organisation has taken, and what the rules ask for. */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "community/change.h"
#include "folder.h"
#include "report/given.h"
#include "key/keyring.h"
#include "language.h"
#include "proto/address.h"
#include "proto/label.h"
#include "proto/time.h"
#include "proto/vocabulary.h"
#include "community/roster_file.h"
#include "run.h"
#include "text.h"

enum { BARE_DATE_SIZE = 10 }; /* 2026-04-01 */

/* ---- duty ---- */

/* A time of the command line; a bare date as the end of something means the end of that day. */
static nrs_error read_time(nrs_cli *cli, uint64_t *time_ms_out, const char *option, bool end)
{
    const char *given = nrs_cli_option(cli, option);

    if (given == NULL) {
        return NRS_OK;
    }
    if (nrs_time_parse(time_ms_out, given) != NRS_OK) {
        return nrs_cli_fail(cli, NRS_ERROR_USAGE, _("write it as 2026-04-01 or 2026-04-01T09:00:00+09:00"), _("not a time: %s"), given);
    }
    if (end) {
        *time_ms_out += strlen(given) == BARE_DATE_SIZE ? NRS_DAY_MS : 1;
    }
    return NRS_OK;
}

static nrs_error read_duty(nrs_cli *cli, Nrs__Wire__Duty *duty, char *name)
{
    nrs_error error = NRS_OK;

    nrs__wire__duty__init(duty);
    if (!nrs_name_valid(cli->arguments[2])) {
        return nrs_cli_fail_about(cli, NRS_ERROR_BAD_NAME, cli->arguments[2]);
    }
    if (nrs_cli_option(cli, "since") == NULL) {
        return nrs_cli_fail(cli, NRS_ERROR_USAGE, NULL, "%s", _("community duty needs --since"));
    }
    snprintf(name, NRS_NAME_SIZE_MAX + 1, "%s", cli->arguments[2]);
    duty->name = name;
    error = read_time(cli, &duty->since_ms, "since", false);
    if (error == NRS_OK) {
        error = read_time(cli, &duty->until_ms, "until", true);
    }
    if (error == NRS_OK && duty->until_ms != 0 && duty->until_ms <= duty->since_ms) {
        error = nrs_cli_fail(cli, NRS_ERROR_USAGE, NULL, "%s", _("--until lies before --since"));
    }
    return error;
}

/* The member with the duty in the place of an earlier one of that name. False when nothing differs. */
static bool put_duty(Nrs__Wire__Member *member, Nrs__Wire__Duty **places, Nrs__Wire__Duty *duty)
{
    size_t count = 0;
    bool differs = true;

    for (size_t i = 0; i < member->n_duties; i++) {
        Nrs__Wire__Duty *held = member->duties[i];

        if (strcmp(held->name, duty->name) != 0) {
            places[count++] = held;
        } else if (held->since_ms == duty->since_ms && held->until_ms == duty->until_ms) {
            differs = false;
        }
    }
    places[count++] = duty;
    member->duties = places;
    member->n_duties = count;
    return differs;
}

static nrs_error change_member(nrs_cli *cli, bool *changed_out, nrs_held *held, const char *org, Nrs__Wire__Duty *duty)
{
    const Nrs__Wire__Member *present = nrs_roster_member_by_org(held->roster, org);
    Nrs__Wire__Member **members = NULL;
    Nrs__Wire__Member member;
    Nrs__Wire__Duty *places[NRS_DUTY_COUNT_MAX + 1];
    nrs_error error = NRS_OK;

    if (present == NULL) {
        return nrs_cli_fail_about(cli, NRS_ERROR_UNKNOWN_ORG, org);
    }
    member = *present;
    *changed_out = put_duty(&member, places, duty);
    if (!*changed_out) {
        return NRS_OK;
    }
    if (member.n_duties > NRS_DUTY_COUNT_MAX) {
        return nrs_cli_fail(cli, NRS_ERROR_LIMIT, NULL, _("a member has at most %u duties"), NRS_DUTY_COUNT_MAX);
    }
    members = calloc(held->roster->n_members, sizeof(Nrs__Wire__Member *));
    if (members == NULL) {
        return NRS_ERROR_NO_MEMORY;
    }
    for (size_t i = 0; i < held->roster->n_members; i++) {
        members[i] = held->roster->members[i] == present ? &member : held->roster->members[i];
    }
    error = nrs_held_change_members(cli, held, members);
    free(members);
    return error;
}

nrs_error nrs_run_community_duty(nrs_cli *cli)
{
    const char *slug = NULL;
    nrs_held held = {0};
    Nrs__Wire__Duty duty;
    char name[NRS_NAME_SIZE_MAX + 1];
    bool changed = false;
    nrs_error error = read_duty(cli, &duty, name);

    if (error == NRS_OK) {
        error = nrs_held_open(cli, &slug, &held);
    }
    if (error == NRS_OK) {
        error = change_member(cli, &changed, &held, cli->arguments[1], &duty);
    }
    if (error == NRS_OK) {
        nrs_change_print_rules(cli, slug, &held, changed);
    }
    nrs_held_wipe(&held);
    return error;
}

/* ---- rule ---- */

typedef struct rule_change {
    Nrs__Wire__Rules rules;
    Nrs__Wire__DutyRule duties[NRS_DUTY_COUNT_MAX + 1];
    Nrs__Wire__DutyRule *places[NRS_DUTY_COUNT_MAX + 1];
    char names[NRS_DUTY_COUNT_MAX + 1][NRS_NAME_SIZE_MAX + 1];
    size_t name_count, count;
    bool any, changed;
} rule_change;

static void take_rules(rule_change *with, const Nrs__Wire__Rules *held)
{
    with->rules = *held;
    for (size_t i = 0; i < held->n_duties; i++) {
        with->duties[i] = *held->duties[i];
    }
    with->count = held->n_duties;
}

static nrs_error read_labels(nrs_cli *cli, rule_change *with)
{
    const char *given = nrs_cli_option(cli, "labels");
    uint32_t labels = 0;

    if (given == NULL) {
        return NRS_OK;
    }
    for (const char *at = given;; at++) {
        char word[32];
        size_t size = strcspn(at, ",");

        snprintf(word, sizeof word, "%.*s", (int)(size < sizeof word ? size : sizeof word - 1), at);
        if (nrs_given_labels(cli, &labels, word) != NRS_OK) {
            return cli->error;
        }
        at += size;
        if (at[0] == '\0') {
            break;
        }
    }
    with->any = true;
    with->changed = with->changed || with->rules.labels != labels;
    with->rules.labels = labels;
    return NRS_OK;
}

static nrs_error read_flag(nrs_cli *cli, rule_change *with, const char *option, uint32_t flag)
{
    const char *given = nrs_cli_option(cli, option);
    const uint32_t before = with->rules.flags;

    if (given == NULL) {
        return NRS_OK;
    }
    if (strcmp(given, "yes") != 0 && strcmp(given, "no") != 0) {
        return nrs_cli_fail(cli, NRS_ERROR_USAGE, _("allowed: yes, no"), "--%s: %s", option, given);
    }
    with->any = true;
    with->rules.flags = strcmp(given, "yes") == 0 ? before | flag : before & ~flag;
    with->changed = with->changed || with->rules.flags != before;
    return NRS_OK;
}

/* "keep", "forget", or after how many days. */
static nrs_error read_withdrawn(nrs_cli *cli, rule_change *with)
{
    const char *given = nrs_cli_option(cli, "withdrawn");
    const uint32_t before = with->rules.withdrawn;
    uint64_t life_ms = 0;

    if (given == NULL) {
        return NRS_OK;
    }
    if (strcmp(given, "keep") == 0) {
        with->rules.withdrawn = 0;
    } else if (strcmp(given, "forget") == 0) {
        with->rules.withdrawn = 1;
    } else if (nrs_duration_parse(&life_ms, given) == NRS_OK && life_ms % NRS_DAY_MS == 0 && life_ms / NRS_DAY_MS <= NRS_WITHDRAWN_DAYS_MAX) {
        with->rules.withdrawn = (uint32_t)(life_ms / NRS_DAY_MS) + 1;
    } else {
        return nrs_cli_fail(cli, NRS_ERROR_USAGE, _("allowed: keep, forget, or days such as 30d, at most 366d"), "--withdrawn: %s", given);
    }
    with->any = true;
    with->changed = with->changed || with->rules.withdrawn != before;
    return NRS_OK;
}

/* Whose rule already asks this label or kind for this duty and nothing else does. */
static bool asks_already(const rule_change *with, uint32_t labels, uint32_t kinds, const char *duty)
{
    bool found = false;

    for (size_t i = 0; i < with->count; i++) {
        bool touches = (with->duties[i].labels & labels) != 0 || (with->duties[i].kinds & kinds) != 0;

        if (touches && strcmp(with->duties[i].duty, duty) != 0) {
            return false;
        }
        found = found || touches;
    }
    return found == (strcmp(duty, "none") != 0);
}

/* One label or kind is asked for one duty: it leaves the rules that named it, and joins that duty's. */
static nrs_error ask(nrs_cli *cli, rule_change *with, uint32_t labels, uint32_t kinds, const char *duty)
{
    size_t kept = 0;
    Nrs__Wire__DutyRule *joined = NULL;

    if (asks_already(with, labels, kinds, duty)) {
        return NRS_OK;
    }
    with->changed = true;
    for (size_t i = 0; i < with->count; i++) {
        with->duties[i].labels &= ~labels;
        with->duties[i].kinds &= ~kinds;
        if (with->duties[i].labels != 0 || with->duties[i].kinds != 0) {
            with->duties[kept++] = with->duties[i];
        }
    }
    with->count = kept;
    if (strcmp(duty, "none") == 0) {
        return NRS_OK;
    }
    for (size_t i = 0; i < with->count && joined == NULL; i++) {
        bool same_sort = labels != 0 ? with->duties[i].kinds == 0 : with->duties[i].labels == 0; /* both sets would narrow each other */

        joined = same_sort && strcmp(with->duties[i].duty, duty) == 0 ? &with->duties[i] : NULL;
    }
    if (joined == NULL && (with->count == NRS_DUTY_COUNT_MAX || with->name_count > NRS_DUTY_COUNT_MAX)) {
        return nrs_cli_fail(cli, NRS_ERROR_LIMIT, NULL, _("the rules of a community ask for at most %u duties"), NRS_DUTY_COUNT_MAX);
    }
    if (joined == NULL) {
        joined = &with->duties[with->count++];
        nrs__wire__duty_rule__init(joined);
        snprintf(with->names[with->name_count], sizeof with->names[0], "%s", duty);
        joined->duty = with->names[with->name_count++];
    }
    joined->labels |= labels;
    joined->kinds |= kinds;
    return NRS_OK;
}

/* "AMBER=nda", "incident=nda", "AMBER=none". */
static nrs_error read_duty_for(nrs_cli *cli, rule_change *with, const char *given)
{
    const char *equals = strchr(given, '=');
    nrs_label label = NRS_LABEL_NONE;
    const nrs_term *kind = NULL;
    char word[NRS_NAME_SIZE_MAX + 1] = "";

    if (equals == NULL || (size_t)(equals - given) > NRS_NAME_SIZE_MAX) {
        return nrs_cli_fail(cli, NRS_ERROR_USAGE, _("write it as AMBER=nda or incident=nda; AMBER=none takes it back"), "--duty-for: %s", given);
    }
    memcpy(word, given, (size_t)(equals - given));
    if (!nrs_name_valid(equals + 1)) {
        return nrs_cli_fail_about(cli, NRS_ERROR_BAD_NAME, equals + 1);
    }
    with->any = true;
    kind = nrs_vocabulary_by_code(NRS_VOCABULARY_KIND, word);
    if (kind != NULL) {
        return ask(cli, with, 0, NRS_KIND_BIT(kind->value), equals + 1);
    }
    if (nrs_label_parse(&label, word) != NRS_OK) {
        return nrs_cli_fail_about(cli, NRS_ERROR_UNKNOWN_LABEL, word);
    }
    return ask(cli, with, NRS_LABEL_BIT(label), 0, equals + 1);
}

static nrs_error read_rules(nrs_cli *cli, rule_change *with)
{
    const char *given = NULL;
    nrs_error error = read_labels(cli, with);

    if (error == NRS_OK) {
        error = read_flag(cli, with, "red-relay", NRS_RULE_RED_RELAY);
    }
    if (error == NRS_OK) {
        error = read_flag(cli, with, "withheld", NRS_RULE_WITHHELD);
    }
    if (error == NRS_OK) {
        error = read_withdrawn(cli, with);
    }
    for (size_t i = 0; error == NRS_OK && (given = nrs_cli_option_at(cli, "duty-for", i)) != NULL; i++) {
        error = read_duty_for(cli, with, given);
    }
    if (error == NRS_OK && !with->any) {
        error = nrs_cli_fail(cli, NRS_ERROR_USAGE, NULL, "%s", _("community rule needs the rule to change"));
    }
    for (size_t i = 0; i < with->count; i++) {
        with->places[i] = &with->duties[i];
    }
    with->rules.duties = with->places;
    with->rules.n_duties = with->count;
    return error;
}

nrs_error nrs_run_community_rule(nrs_cli *cli)
{
    const char *slug = NULL;
    nrs_held held = {0};
    rule_change *with = calloc(1, sizeof *with);
    nrs_error error = with == NULL ? NRS_ERROR_NO_MEMORY : nrs_held_open(cli, &slug, &held);

    if (error == NRS_OK) {
        take_rules(with, held.roster->rules);
        error = read_rules(cli, with);
    }
    if (error == NRS_OK && with->changed) {
        error = nrs_held_change_rules(cli, &held, &with->rules);
    }
    if (error == NRS_OK) {
        nrs_change_print_rules(cli, slug, &held, with->changed);
    }
    free(with);
    nrs_held_wipe(&held);
    return error;
}
