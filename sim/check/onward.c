/* Onward consent (SPEC 5.6): nobody is let in whom the source did not agree to, and who is permitted gets it once everything is mended. */
#include "check.h"
#include "proto/vocabulary.h"
#include "world.h"

/* A ministry needs its own bit as well, wherever it is. */
static bool role_agreed(const sim_rosters *rosters, const sim_report *report, size_t node)
{
    return (rosters->ministries & (1ull << node)) == 0 || (report->onward & NRS_ONWARD_MINISTRY) != 0;
}

/* What the header and the rules of the header's community demand binds whoever is let in, and so do the rules of its own. */
static bool duty_at(const sim_world *world, const sim_report *report, const sim_rosters *rosters)
{
    return sim_oracle_duty(world, report) || (rosters->duty_labels & (1u << report->label)) != 0;
}

/* In the report's own community only whom its address does not reach can be let in; elsewhere all whom it names. */
static bool covers(const sim_world *world, const sim_report *report, const sim_rosters *rosters, size_t node)
{
    const bool home = rosters->index == report->community;

    if (report->version == 0 || report->label >= NRS_LABEL_AMBER_STRICT || (rosters->labels & (1u << report->label)) == 0 || !role_agreed(rosters, report, node)) {
        return false;
    }
    return home ? (rosters->ministries & (1ull << node)) != 0 : sim_oracle_consents(world, report, rosters->index);
}

/* Who was a member in the version that the grant names goes on reading (SPEC 5.4); which one that is stands in the sealed audience. */
bool sim_onward_ever_member(const sim_rosters *rosters, uint64_t from, size_t node)
{
    for (uint64_t version = from == 0 ? 1 : from; version <= rosters->count; version++) {
        if ((sim_roster_members(sim_rosters_at(rosters, version)) & (1ull << node)) != 0) {
            return true;
        }
    }
    return false;
}

bool sim_onward_sworn(const sim_world *world, const sim_node *node, const sim_rosters *rosters, bool now)
{
    bool ever = sim_check_sworn(node, rosters, node->index, sim_node_now_ms(world, node));

    for (uint64_t version = 1; !now && !ever && version <= rosters->count; version++) {
        ever = (sim_rosters_at(rosters, version)->who.sworn & (1ull << node->index)) != 0;
    }
    return ever;
}

bool sim_onward_permits(const sim_world *world, const sim_node *node, const sim_report *report, bool now)
{
    for (size_t c = 0; c < world->community_count; c++) {
        const sim_rosters *rosters = &world->communities[c];

        if (covers(world, report, rosters, node->index) && sim_onward_ever_member(rosters, report->bridged[c], node->index) &&
            (!duty_at(world, report, rosters) || sim_onward_sworn(world, node, rosters, now))) {
            return true;
        }
    }
    return false;
}

/* Who stood outside of the community, by keys that its roster had not followed yet, when it made or took the report, lets nobody in there (SPEC 7.10). */
static uint64_t outside(const sim_world *world, const sim_report *report, const sim_rosters *rosters)
{
    uint8_t id[NRS_HASH_SIZE];
    const sim_sealed *sealed = nrs_hex_decode(id, sizeof id, report->id) == NRS_OK ? sim_oracle_sealed_by_id(world, id) : NULL;

    return sealed == NULL ? 0 : sealed->outside[rosters->index];
}

/* A hub of both, for another community, or one of the hubs of its own: it reads the report itself, and none of it ever failed to. */
static bool has_way(const sim_world *world, const sim_report *report, const sim_rosters *rosters)
{
    const sim_rosters *home = &world->communities[report->community];
    const uint64_t hubs = (rosters == home ? home->hubs & ~(1ull << report->sender) : sim_oracle_bridges(world)) & ~outside(world, report, rosters);

    for (size_t i = 0; i < world->node_count; i++) {
        const sim_node *hub = &world->nodes[i];
        const uint64_t bit = 1ull << i;

        if ((hubs & report->readers & bit) != 0 && hub->there && !hub->put_back && (report->forgetting & bit) == 0 && !hub->hostile &&
            sim_arrives_stayed(home, report->version, i, i != report->sender && sim_oracle_duty(world, report)) && sim_arrives_stayed(rosters, 1, i, false)) {
            return true;
        }
    }
    return false;
}

/* In every version since the hub took the report: members as they were, and the one recognised by the other. */
static bool stayed(const sim_world *world, const sim_report *report, const sim_rosters *rosters, size_t node)
{
    const bool home = rosters->index == report->community;
    const uint64_t from = home ? report->version : report->bridged[rosters->index];

    for (uint64_t version = from; !home && version <= rosters->count; version++) {
        if (version == 0 || !sim_rosters_at(rosters, version)->who.recognises) {
            return false;
        }
    }
    return sim_arrives_stayed(rosters, from, node, duty_at(world, report, rosters));
}

static bool promised(const sim_world *world, const sim_report *report, const sim_rosters *rosters, size_t node)
{
    const sim_rosters *home = &world->communities[report->community];
    const sim_node *reader = &world->nodes[node], *sender = &world->nodes[report->sender];
    const uint64_t bit = 1ull << node;

    return report->state == SIM_REPORT_SENT && covers(world, report, rosters, node) && report->label != NRS_LABEL_CLEAR && !report->unlocks && !report->withdrawing &&
           (report->readers & bit) == 0 && !sender->hostile && !sender->put_back && reader->there && !reader->hostile && !reader->forsaken && !reader->put_back &&
           (report->forgetting & bit) == 0 && sim_arrives_had_time(world, report) && sim_reachable(world, home) && sim_reachable(world, rosters) &&
           sim_arrives_stayed(home, report->version, report->sender, false) && has_way(world, report, rosters) && stayed(world, report, rosters, node);
}

static void end(sim_world *world)
{
    for (size_t number = 0; number < world->plan.count; number++) {
        const sim_report *report = &world->oracle.reports[number];

        for (size_t k = 0; k < world->community_count * world->node_count; k++) {
            const sim_rosters *rosters = &world->communities[k / world->node_count];
            const size_t node = k % world->node_count;
            const bool got = (report->shown & (1ull << node)) != 0;

            if (!promised(world, report, rosters, node)) {
                continue;
            }
            if (!got) {
                sim_world_fail(world, "onward", "r%zu of %s (%s) does not reach %s, to which its sender agreed", number, world->nodes[report->sender].org,
                               nrs_label_name(report->label), world->nodes[node].org);
            } else {
                sim_sometimes_hit(world, rosters->index == report->community ? SIM_SOMETIMES_LET_IN_HOME : SIM_SOMETIMES_LET_IN_ELSEWHERE);
            }
        }
    }
}

const sim_checker sim_checker_onward = {.name = "onward", .end = end};
