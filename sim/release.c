#include "release.h"

#include <stdlib.h>
#include <string.h>

#include "ask.h"
#include "check.h"
#include "hostile.h"
#include "world.h"

#define REASON "関係者に知らせたい a"
#define LIFE_STEP_MS 5000u /* a short release may be over before it has come */

/* A holder that has no such address finds the first of its communities that does, beginning with the report's own. */
static size_t target_of(const sim_world *world, const sim_node *node, const sim_report *report, size_t to)
{
    const sim_rosters *home = &world->communities[report->community];
    const sim_roster_version *held = sim_rosters_at(home, node->held[home->index]);

    return held != NULL && (sim_roster_members(held) & (1ull << to)) != 0 ? report->community : 1 - report->community;
}

/* Of what can be released at all. by: who reads it, without more ado; NULL: anybody. */
static size_t some_report(const sim_world *world, uint64_t pick, sim_node *by, bool vouched)
{
    const size_t count = world->plan.count;

    for (size_t i = 0; i < count; i++) {
        const sim_report *report = &world->oracle.reports[(pick + i) % count];

        if (report->version != 0 && report->label >= NRS_LABEL_GREEN && report->label <= NRS_LABEL_AMBER_STRICT && !report->unlocks && !report->withheld && (!vouched || report->vouches) &&
            (by == NULL || (report->sender != by->index && world->nodes[report->sender].hostile == NULL && (report->readers & (1ull << by->index)) != 0 &&
                            !report->withdrawing && !sim_oracle_closed(world, report) && sim_hostile_holds(by, report->id)))) {
            return (size_t)((pick + i) % count);
        }
    }
    return count;
}

/* From this one on, somebody who reads it, or who does not. */
static sim_node *somebody(sim_world *world, const sim_report *report, uint64_t pick, bool reads)
{
    for (size_t i = 0; i < world->node_count; i++) {
        sim_node *node = &world->nodes[(pick + i) % world->node_count];

        if (node->there && node->index != report->sender && sim_check_may_read(world, node, report) == reads) {
            return node;
        }
    }
    return NULL;
}

/* One who does not read it and stands in the other community alone: only a release brings it there. */
static const sim_node *somebody_elsewhere(const sim_world *world, const sim_report *report, uint64_t pick)
{
    const uint64_t home = sim_roster_members(sim_rosters_newest(&world->communities[report->community]));
    const uint64_t other = world->community_count == 2 ? sim_roster_members(sim_rosters_newest(&world->communities[1 - report->community])) : 0;

    for (size_t i = 0; i < world->node_count; i++) {
        const sim_node *node = &world->nodes[(pick + i) % world->node_count];

        if (node->there && (other & ~home & (1ull << node->index)) != 0 && !sim_check_may_read(world, node, report)) {
            return node;
        }
    }
    return NULL;
}

/* by: NULL for one who reads it. */
static void ask(sim_world *world, const sim_act *act, sim_node *by)
{
    const size_t published = act->b % 8 == 0 ? some_report(world, act->a, by, true) : world->plan.count;
    const size_t number = published < world->plan.count ? published : some_report(world, act->a, by, false);
    const sim_report *report = &world->oracle.reports[number];
    sim_release *release = &world->oracle.releases[world->oracle.release_count];
    sim_node *holder = number == world->plan.count ? NULL : by != NULL ? by : somebody(world, report, act->who, true);
    const sim_node *to = holder == NULL || act->c % 4 == 1 ? NULL : somebody_elsewhere(world, report, act->other);
    json_t *address;

    to = holder == NULL || to != NULL ? to : somebody(world, report, act->other, false);
    if (world->oracle.release_count == SIM_RELEASES_MAX || to == NULL || holder->core == NULL) {
        return;
    }
    *release = (sim_release){.report = number, .holder = holder->index, .to_community = act->c % 2 == 0, .label = report->label, .expires_ms = SIM_NEVER};
    release->community = target_of(world, holder, report, to->index);
    if (release->community >= world->community_count) {
        return;
    }
    release->to = release->to_community ? 0 : 1ull << to->index;
    address = release->to_community ? json_sprintf("@%s", world->communities[release->community].id) : json_string(to->org);
    release->version = holder->held[release->community];
    sim_ask(world, holder, SIM_ASK_RELEASE_ASK, world->oracle.release_count,
        json_pack("{s:s, s:s, s:[o], s:o}", "command", "release-ask", "id", report->id, "to", address, "reason",
                  json_sprintf(REASON "%zu", world->oracle.release_count)));
    world->oracle.release_count++;
}

void sim_release_ask(sim_world *world, const sim_act *act)
{
    ask(world, act, NULL);
}

static sim_release *some_open(sim_world *world, uint64_t pick)
{
    const size_t count = world->oracle.release_count;

    for (size_t i = 0; i < count; i++) {
        sim_release *release = &world->oracle.releases[(pick + i) % count];

        if (release->id[0] != '\0' && !release->granted && !release->denied) {
            return release;
        }
    }
    return NULL;
}

/* What a hub has published under a stricter label than its source's stays under that. */
static nrs_label stays_stricter(const sim_world *world, const sim_release *release, nrs_label label)
{
    const sim_report *report = &world->oracle.reports[release->report];

    return report->label > sim_oracle_asked_of(world, report)->label && report->label > label ? report->label : label;
}

/* Under another label, or for a while, or both; one in five is denied, of those that come through a hub one in three. One who is hostile has it for a short while most times. id: of the ask as
 * whoever answers has it. */
static void give(sim_world *world, const sim_act *act, sim_release *release, const char *id)
{
    static const nrs_label labels[] = {NRS_LABEL_GREEN, NRS_LABEL_AMBER, NRS_LABEL_AMBER_STRICT};
    sim_node *source = &world->nodes[sim_oracle_asked_of(world, &world->oracle.reports[release->report])->sender];
    const nrs_label asked = labels[act->c / 5 % 3], label = stays_stricter(world, release, asked);
    const bool hostile = world->nodes[release->holder].hostile != NULL, through_hub = world->oracle.reports[release->report].vouches;
    const bool stated = act->c / 15 % 2 == 0, away = world->nodes[release->holder].core == NULL; /* what is over when it is back it may not use */
    const bool brief = away || (hostile ? act->b % 4 != 0 : act->b % 4 < (through_hub ? 1 : 2));
    const uint64_t life_ms = (away ? 1 : 1 + act->b / 4 % 24) * LIFE_STEP_MS;
    const uint64_t over_ms = brief ? sim_world_unix_ms(world) + life_ms : SIM_NEVER;
    json_t *command;

    if (source->core == NULL) {
        return;
    }
    if (act->c % (through_hub ? 3 : 5) == 0) {
        sim_ask(world, source, SIM_ASK_RELEASE_DENY, (size_t)(release - world->oracle.releases),
            json_pack("{s:s, s:s, s:s}", "command", "release-deny", "id", id, "reason", "調査中"));
        return;
    }
    command = json_pack("{s:s, s:s}", "command", "release-grant", "id", id);
    if (!release->granting) { /* given twice, the first may have been the one that counts */
        release->label = stated ? label : release->label;
        release->expires_ms = brief ? world->now_ms + life_ms : SIM_NEVER;
        release->over_ms = over_ms;
    } else {
        release->label = stated && label < release->label ? label : release->label;
        release->expires_ms = brief ? world->now_ms : release->expires_ms; /* that much is sure no more */
        if (over_ms > release->over_ms) { /* the first may have been refused, or come to nobody: who has the key is looked at once this one is over */
            release->over_ms = over_ms;
            release->looked = false;
            release->had = 0;
        }
    }
    release->looser = release->label < world->oracle.reports[release->report].label;
    release->granting = true;
    if (stated) {
        (void)json_object_set_new(command, "label", json_string(nrs_label_name(asked)));
    }
    if (brief) {
        (void)json_object_set_new(command, "expires_in_ms", json_integer((json_int_t)life_ms));
    }
    sim_ask(world, source, SIM_ASK_RELEASE_GRANT, (size_t)(release - world->oracle.releases), command);
}

/* Of what a hub vouches for its source says what becomes of it, once the ask was put before it; the hub itself may say no. */
static void answer(sim_world *world, const sim_act *act, sim_release *release)
{
    const sim_report *report = &world->oracle.reports[release->report];
    const size_t number = (size_t)(release - world->oracle.releases);
    sim_node *hub = &world->nodes[report->sender];

    if (!report->vouches) {
        give(world, act, release, release->id);
        return;
    }
    if (act->c / 105 % 8 == 0) {
        sim_ask(world, hub, SIM_ASK_FORBIDDEN, release->report, json_pack("{s:s, s:s}", "command", "release-grant", "id", release->id));
    }
    if (act->c / 105 % 16 == 1) {
        release->denied_by_hub = true;
        sim_ask(world, hub, SIM_ASK_RELEASE_DENY, number, json_pack("{s:s, s:s, s:s}", "command", "release-deny", "id", release->id, "reason", "調査中"));
        return;
    }
    release->looking = true;
    release->pick_b = act->b;
    release->pick_c = act->c;
    sim_ask(world, &world->nodes[world->oracle.reports[report->quoted].sender], SIM_ASK_RELEASE_LIST, number, json_pack("{s:s}", "command", "release-list"));
}

size_t sim_release_of_row(const sim_world *world, const json_t *row)
{
    const char *reason = sim_text_at(row, "reason");
    char *end = NULL;
    unsigned long number;

    if (strncmp(reason, REASON, strlen(REASON)) != 0) {
        return world->oracle.release_count;
    }
    number = strtoul(reason + strlen(REASON), &end, 10);
    return *end != '\0' || number >= world->oracle.release_count ? world->oracle.release_count : number;
}

/* What it was asked through its hub, it answers all of. */
static void answer_row(sim_world *world, const sim_node *source, const sim_release *looking, const json_t *row)
{
    const size_t number = sim_release_of_row(world, row);
    sim_release *release = number == world->oracle.release_count ? NULL : &world->oracle.releases[number];
    const sim_report *asked = release == NULL ? NULL : sim_oracle_asked_of(world, &world->oracle.reports[release->report]);
    sim_act act = {.b = looking->pick_b + number, .c = looking->pick_c + number * 7};

    if (release == NULL || !asked->withheld || asked->sender != source->index || json_is_true(json_object_get(row, "sent")) ||
        strcmp(sim_text_at(row, "report"), asked->id) != 0 || strcmp(sim_text_at(row, "state"), "open") != 0) {
        return;
    }
    sim_sometimes_hit(world, SIM_SOMETIMES_ASK_CARRIED);
    if (act.c / 840 % 2 == 0) { /* the hub would pass its name on */
        sim_ask(world, &world->nodes[source->index], SIM_ASK_FORBIDDEN, release->report,
            json_pack("{s:s, s:s, s:o}", "command", "release-deny", "id", sim_text_at(row, "id"), "reason", json_sprintf("%s で調査中", source->org)));
    }
    give(world, &act, release, sim_text_at(row, "id"));
}

void sim_release_listed(sim_world *world, const sim_node *node, size_t number, const json_t *rows)
{
    sim_release *release = &world->oracle.releases[number];
    size_t index;
    const json_t *row;

    if (!release->looking || world->phase != SIM_PHASE_FAULTY) {
        return;
    }
    release->looking = false;
    json_array_foreach(rows, index, row) {
        answer_row(world, node, release, row);
    }
}

#define ANSWERS_AT_ONCE 2u

void sim_release_answer(sim_world *world, const sim_act *act)
{
    for (uint64_t i = 0; i < ANSWERS_AT_ONCE; i++) {
        sim_act varied = *act;
        sim_release *release = some_open(world, act->a + i);

        varied.b += i;
        varied.c += i * 7; /* not the same answer to both */
        if (release != NULL) {
            answer(world, &varied, release);
        }
    }
}

void sim_release_lure(sim_world *world, sim_node *holder, const sim_act *act)
{
    for (size_t i = 0; i < world->oracle.release_count; i++) {
        sim_release *release = &world->oracle.releases[i];

        if (release->holder == holder->index && release->id[0] != '\0' && !release->granted && !release->denied) {
            answer(world, act, release);
        }
    }
    if (act->b % 2 == 0) {
        ask(world, act, holder);
    }
}

void sim_release_answered(sim_world *world, unsigned kind, size_t number, nrs_error error, const json_t *rows)
{
    sim_release *release = &world->oracle.releases[number];
    const char *id = json_string_value(json_object_get(json_array_get(rows, 0), "id"));

    if (error != NRS_OK) {
        return;
    }
    if (kind == SIM_ASK_RELEASE_ASK && id != NULL) {
        (void)snprintf(release->id, sizeof release->id, "%s", id);
        sim_sometimes_hit(world, SIM_SOMETIMES_RELEASE_ASKED);
    } else if (kind == SIM_ASK_RELEASE_DENY) {
        release->denied = true;
        sim_sometimes_hit(world, SIM_SOMETIMES_RELEASE_DENIED);
        sim_sometimes_add(world, SIM_SOMETIMES_SOURCE_DENIED, world->oracle.reports[release->report].vouches && !release->denied_by_hub ? 1 : 0);
    } else if (kind == SIM_ASK_RELEASE_GRANT) {
        const sim_report *report = sim_oracle_asked_of(world, &world->oracle.reports[release->report]);

        if (!release->granted && (report->withdrawn || (report->marked & (1ull << report->sender)) != 0) && world->nodes[report->sender].hostile == NULL &&
            !world->nodes[report->sender].put_back) {
            sim_world_fail(world, "withdrawn", "%s releases r%zu, which it has taken back before, or what it passes on", world->nodes[report->sender].org,
                           release->report);
        }
        sim_sometimes_add(world, SIM_SOMETIMES_SOURCE_RELEASED, report->withheld ? 1 : 0);
        release->granted = true;
        sim_sometimes_hit(world, SIM_SOMETIMES_RELEASED);
        sim_sometimes_add(world, SIM_SOMETIMES_RELEASED_LOOSER, release->looser ? 1 : 0);
        sim_sometimes_add(world, SIM_SOMETIMES_RELEASED_SHORT, release->expires_ms != SIM_NEVER ? 1 : 0);
    }
}
