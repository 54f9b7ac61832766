/* Everything permitted arrives once the network heals: each report at each of its readers, and each reader's word at the sender. */
#include "check.h"
#include "keys/card.h"
#include "person.h"
#include "world.h"

/* Everything goes through hubs, and each member is linked to all of them: one that is honest is enough, whatever another withholds. */
bool sim_reachable(const sim_world *world, const sim_rosters *rosters)
{
    for (size_t i = 0; i < world->node_count; i++) {
        if ((rosters->hubs & (1ull << i)) != 0 && world->nodes[i].there && world->nodes[i].hostile == NULL) {
            return true;
        }
    }
    return false;
}

/* Who was away meanwhile, or is gone, has no claim to what was sent before. */
bool sim_arrives_stayed(const sim_rosters *rosters, uint64_t from, size_t node, bool duty)
{
    for (uint64_t version = from; version <= rosters->count; version++) {
        const sim_roster_version *roster = sim_rosters_at(rosters, version);
        uint64_t members = roster->who.members & (roster->forked ? roster->rival : UINT64_MAX) & (duty ? sim_roster_sworn_ever(roster) : UINT64_MAX);

        if ((members & (1ull << node)) == 0) {
            return false;
        }
    }
    return true;
}

/* What a hub has vouched for leaves at a tick of its clock, which may have been a day ahead then. */
static bool leaves_in_time(const sim_world *world, const sim_report *report)
{
    return !report->vouches || sim_clocks_right(world);
}

/* What had little time may have expired on the way. A clock may be a day wrong; where two of them are further apart than what
 * is made ahead of a clock may be (SPEC 10.4), the one refuses what the other makes. */
bool sim_arrives_had_time(const sim_world *world, const sim_report *report)
{
    return report->expires_ms > sim_world_unix_ms(world) + 3 * NRS_DAY_MS && report->patient &&
           sim_clocks_apart_ms(world) < NRS_DAY_MS;
}

/* What unlocks on acceptance, or waits for a prekey, is granted by its sender, who can no more once it has forgotten it. */
static bool can_be_granted(const sim_report *report)
{
    return (report->state == SIM_REPORT_SENT && !report->unlocks && !report->waits) || (report->forgetting & (1ull << report->sender)) == 0;
}

/* What was for keys that others came after is theirs while the grace lasts; what those made is taken for a day longer than they were named. A
 * clock may be wrong. */
static bool over_the_changes_of_keys(const sim_world *world, const sim_report *report, size_t reader)
{
    const sim_rosters *rosters = &world->communities[report->community];
    const uint64_t now_ms = sim_world_unix_ms(world) + sim_clocks_apart_ms(world);

    if (((world->nodes[reader].ahead | world->nodes[report->sender].ahead) & (1ull << report->community)) != 0) {
        return false; /* what it was not handed it is told of after an hour */
    }
    return sim_rosters_bridged(rosters, reader, sim_rosters_at(rosters, report->version)->who.key[reader], now_ms) &&
           sim_rosters_bridged(rosters, report->sender, report->key, now_ms) &&
           (report->key == sim_rosters_newest(rosters)->who.key[report->sender] ||
            report->made_ms + sim_clocks_apart_ms(world) < rosters->served_ms[report->sender][report->key] + NRS_DAY_MS);
}

/* ---- Prekeys ---- */

typedef enum owner { OWNER_ORG = 0, OWNER_FIRST, OWNER_SECOND } owner;
_Static_assert(OWNER_SECOND + 1 == SIM_NODE_OWNERS, "a date for each owner of prekeys");

static bool has_key(const nrs_identity *identity, const ProtobufCBinaryData *key)
{
    return identity != NULL && nrs_slice_equal(nrs_field(key), nrs_slice_of(nrs_identity_public(identity)->sign_key, NRS_KEY_SIZE));
}

/* A node that goes on from an old copy does not know of the prekeys that it published after that: where its clock was set back since, those that
 * it publishes next bear an older date, and nobody takes them until that clock has come so far and others follow. */
static bool prekeys_are_taken(const sim_report *report, const sim_node *reader)
{
    const owner whose = report->label != NRS_LABEL_RED ? OWNER_ORG : sim_person_addressed(report, reader->index) ? OWNER_SECOND : OWNER_FIRST;

    return !reader->put_back || !reader->bundle_old[whose];
}

static void record(sim_world *world, sim_node *node, const nrs_log_row *row, const nrs_record *record)
{
    nrs_prekeys *bundle = NULL;

    (void)world;
    if (row->source.size == 0 && record->type == NRS_RECORD_PREKEYS && nrs_prekeys_verify(&bundle, nrs_field(&record->payload)) == NRS_OK) {
        const owner whose = has_key(node->person, &bundle->owner) ? OWNER_FIRST : has_key(node->second, &bundle->owner) ? OWNER_SECOND : OWNER_ORG;

        node->bundle_old[whose] = bundle->created_ms < node->bundle_ms[whose];
        if (!node->bundle_old[whose]) {
            node->bundle_ms[whose] = bundle->created_ms;
        }
    }
    nrs_prekeys_free(&bundle);
}

/* ---- What is promised ---- */

bool sim_arrives_promised(const sim_world *world, const sim_report *report, size_t reader)
{
    const sim_node *node = &world->nodes[reader];
    uint64_t bit = 1ull << reader;

    return report->version != 0 && leaves_in_time(world, report) && world->nodes[report->sender].hostile == NULL && !world->nodes[report->sender].put_back && sim_arrives_had_time(world, report) &&
           sim_reachable(world, &world->communities[report->community]) && (node->before_joining & (1ull << report->community)) == 0 && (report->readers & bit) != 0 && reader != report->sender && node->there && !node->hostile && !node->forsaken && (report->forgetting & bit) == 0 && can_be_granted(report) &&
           over_the_changes_of_keys(world, report, reader) && prekeys_are_taken(report, node) && sim_arrives_stayed(&world->communities[report->community], report->version, reader, sim_oracle_duty(world, report)) &&
           sim_arrives_stayed(&world->communities[report->community], report->version, report->sender, false);
}

static void check_reader(sim_world *world, size_t number, size_t reader)
{
    const sim_report *report = &world->oracle.reports[number];
    const sim_node *sender = &world->nodes[report->sender];
    uint64_t bit = 1ull << reader;
    bool closed = sim_oracle_closed(world, report);

    if (report->withheld) { /* what its hub has to say waits for something that hides it */
        if (!report->withdrawing && (report->shown & bit) == 0) {
            sim_world_fail(world, "arrives", "r%zu of %s, whose source is withheld, does not reach %s", number, sender->org, world->nodes[reader].org);
        }
    } else if (report->withdrawing) {
        if (report->withdrawn && (report->withdrawn_receipt & bit) == 0 && (report->forgetting & (1ull << report->sender)) == 0) {
            sim_world_fail(world, "arrives", "r%zu was taken back and %s has no word of it from %s", number, sender->org, world->nodes[reader].org);
        }
    } else if ((report->shown & bit) == 0) {
        sim_world_fail(world, "arrives", "r%zu of %s (%s) does not reach %s", number, sender->org, nrs_label_name(report->label), world->nodes[reader].org);
    } else if ((report->forgetting & (1ull << report->sender)) != 0 || (report->label == NRS_LABEL_CLEAR && (report->behind & bit) != 0)) {
        return; /* what came under the keys before the addressed ones is confirmed once its sender asks, after an hour */
    } else if ((report->stored_receipt & report->opened_receipt & bit) == 0) {
        sim_world_fail(world, "arrives", "%s has r%zu and %s has no word of it", world->nodes[reader].org, number, sender->org);
    } else if (closed && (report->accepted & bit) != 0 && (report->accepted_receipt & bit) == 0) {
        sim_world_fail(world, "arrives", "%s has accepted r%zu and %s has no word of it", world->nodes[reader].org, number, sender->org);
    }
}

static bool has_hostile_hub(const sim_world *world, const sim_rosters *rosters)
{
    return (rosters->hubs & sim_check_hostile(world)) != 0;
}

static void end(sim_world *world)
{
    for (size_t number = 0; number < world->plan.count; number++) {
        for (size_t i = 0; i < world->node_count; i++) {
            const sim_report *report = &world->oracle.reports[number];

            if (sim_arrives_promised(world, report, i)) {
                check_reader(world, number, i);
                sim_sometimes_add(world, SIM_SOMETIMES_PAST_HOSTILE_HUB,
                                  (report->shown & (1ull << i)) != 0 && has_hostile_hub(world, &world->communities[report->community]) ? 1 : 0);
            }
        }
    }
}

const sim_checker sim_checker_arrives = {.name = "arrives", .record = record, .end = end};
