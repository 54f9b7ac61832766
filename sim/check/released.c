/* Releases (SPEC 6.12): only those read a report beyond its audience whom the source named in a release that was signed and not over;
 * and they all do once everything is mended. */
#include <string.h>

#include "check.h"
#include "release.h"
#include "world.h"

static bool named(const sim_release *release, const sim_rosters *rosters, size_t node)
{
    return release->to_community ? sim_onward_ever_member(rosters, release->version, node) : (release->to & (1ull << node)) != 0;
}

static bool label_needs_duty(const sim_rosters *rosters, nrs_label label)
{
    return (rosters->duty_labels & (1u << label)) != 0;
}

/* The duties that the header and its community's rules demand, and those of its own community, under the stricter of the two labels. */
static bool needs_duty(const sim_world *world, const sim_release *release)
{
    const sim_report *report = &world->oracle.reports[release->report];
    const sim_rosters *rosters = &world->communities[release->community], *home = &world->communities[report->community];
    const nrs_label label = release->label > report->label ? release->label : report->label; /* the stricter (SPEC 6.12) */

    return report->inherits_duty || label_needs_duty(home, label) || label_needs_duty(rosters, label);
}

/* granted: what was asked of the source counts, since its answer may have been lost in a crash. */
bool sim_released_permits(const sim_world *world, const sim_node *node, const sim_report *report, nrs_label *label_out, bool now)
{
    bool permits = false;

    for (size_t i = 0; i < world->oracle.release_count; i++) {
        const sim_release *release = &world->oracle.releases[i];
        const sim_rosters *rosters = &world->communities[release->community];

        if (&world->oracle.reports[release->report] == report && release->granting && named(release, rosters, node->index) &&
            (!needs_duty(world, release) || sim_onward_sworn(world, node, rosters, now))) {
            *label_out = !permits || release->label < *label_out ? release->label : *label_out;
            permits = true;
        }
    }
    return permits;
}

/* In another community the two recognise each other, since the ask was made: its rosters say so, and the report's own list those that it
 * recognises. */
static bool recognised(const sim_world *world, const sim_release *release)
{
    const sim_report *report = &world->oracle.reports[release->report];

    for (size_t c = 0; c < world->community_count && release->community != report->community; c++) {
        const sim_rosters *rosters = &world->communities[c];

        for (uint64_t version = c == release->community ? release->version : report->version; version <= rosters->count; version++) {
            if (!sim_rosters_at(rosters, version)->who.recognises) {
                return false;
            }
        }
    }
    return true;
}

/* Of what a hub vouches for the source answers on its own line with the hub, which says so in its own name at its next tick: while both have what
 * it is about, and nobody changes keys or sleeps over the tick. */
static bool passes_the_hub(const sim_world *world, const sim_release *release)
{
    const sim_report *report = &world->oracle.reports[release->report], *asked = sim_oracle_asked_of(world, report);
    const uint64_t both = 1ull << report->sender | 1ull << asked->sender;

    return !report->vouches || (!release->denied_by_hub && sim_clocks_right(world) && world->leap_ms == 0 && sim_check_undisturbed(&world->nodes[asked->sender]) &&
                                sim_check_undisturbed(&world->nodes[report->sender]) && sim_check_undisturbed(&world->nodes[release->holder]) &&
                                !asked->withdrawing && ((asked->forgetting | report->forgetting) & both) == 0 && sim_arrives_had_time(world, asked) &&
                                sim_arrives_stayed(&world->communities[asked->community], asked->version, asked->sender, false));
}

/* The holder keeps what it asked about, the source its answer, and both have a way to each other. */
static bool can_be_answered(const sim_world *world, const sim_release *release)
{
    const sim_report *report = &world->oracle.reports[release->report];
    const sim_rosters *home = &world->communities[report->community], *rosters = &world->communities[release->community];
    const sim_node *sender = &world->nodes[report->sender], *holder = &world->nodes[release->holder];
    const uint64_t both = 1ull << report->sender | 1ull << release->holder;

    return passes_the_hub(world, release) && !report->withdrawing && sim_arrives_had_time(world, report) && !sender->hostile &&
           !holder->hostile && !sender->put_back && !holder->put_back && sender->there && holder->there && (report->forgetting & both) == 0 &&
           sim_reachable(world, home) && sim_reachable(world, rosters) && sim_arrives_stayed(home, report->version, report->sender, false) &&
           sim_arrives_stayed(home, report->version, release->holder, sim_oracle_duty(world, report)) &&
           sim_arrives_stayed(rosters, release->version, release->holder, false) && recognised(world, release);
}

/* The rules of the community that it is for allow the label. */
static bool can_be_carried_out(const sim_world *world, const sim_release *release)
{
    return release->granted && release->expires_ms == SIM_NEVER && (world->communities[release->community].labels & (1u << release->label)) != 0 &&
           can_be_answered(world, release);
}

/* Who asked has the answer. */
static void asks(sim_world *world, sim_node *node, const json_t *rows)
{
    size_t index;
    const json_t *row;

    json_array_foreach(rows, index, row) {
        const size_t number = sim_release_of_row(world, row);
        const sim_release *release = number == world->oracle.release_count ? NULL : &world->oracle.releases[number];
        const char *state = json_string_value(json_object_get(row, "state"));

        if (release == NULL || state == NULL || world->phase != SIM_PHASE_RECEIPTS || release->holder != node->index || strcmp(state, "open") != 0) {
            continue;
        }
        if ((release->denied || (release->granted && release->expires_ms == SIM_NEVER)) && can_be_answered(world, release)) {
            sim_world_fail(world, "released", "%s has asked about r%zu and has no word of what was answered", node->org, release->report);
        }
    }
}

static void end(sim_world *world)
{
    for (size_t i = 0; i < world->oracle.release_count; i++) {
        const sim_release *release = &world->oracle.releases[i];
        const sim_report *report = &world->oracle.reports[release->report];
        const sim_rosters *rosters = &world->communities[release->community];

        for (size_t node = 0; node < world->node_count && can_be_carried_out(world, release); node++) {
            const sim_node *reader = &world->nodes[node];
            const uint64_t bit = 1ull << node;

            if ((report->readers & bit) != 0 || !named(release, rosters, node) || !reader->there || reader->hostile || reader->forsaken || reader->put_back ||
                (report->forgetting & bit) != 0 || !sim_arrives_stayed(rosters, release->version, node, needs_duty(world, release))) {
                continue;
            }
            if ((report->shown & bit) == 0) {
                sim_world_fail(world, "released", "r%zu of %s was released to %s by way of %s, which does not read it", release->report,
                               world->nodes[report->sender].org, reader->org, world->nodes[release->holder].org);
            } else {
                sim_sometimes_hit(world, release->community == report->community ? SIM_SOMETIMES_RELEASED_HOME : SIM_SOMETIMES_RELEASED_ELSEWHERE);
                sim_sometimes_add(world, SIM_SOMETIMES_RELEASED_THROUGH_HUB, report->vouches ? 1 : 0);
            }
        }
    }
}

const sim_checker sim_checker_released = {.name = "released", .asks = asks, .end = end};
