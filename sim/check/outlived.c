/* A release that is over lets in nobody (SPEC 6.12): its holder grants nothing on it any more, and who had no key by then gets none. */
#include "check.h"
#include "hostile.h"
#include "world.h"

/* Peers say what their clocks show, and what they say is under way for a while: a time is past only when it is so by the earlier middle. */
#define SLACK_MS 20000u
#define SLACK_SLOW_MS (2 * SIM_MINUTE_MS) /* where lines, disks or processes fail */
#define SLOW (SIM_FAULTS_NETWORK | SIM_FAULTS_DISK | SIM_FAULTS_CRASH)

/* ---- Who grants ---- */

/* Whose clock was set wrong makes it later for all who hear of it: nothing is over that is not so by the clock furthest behind. */
static void check_own(sim_world *world, sim_node *node, const nrs_record *record)
{
    nrs_bytes payload = {0};
    nrs_grant *grant = NULL;
    nrs_release *release = NULL;
    uint8_t grant_id[NRS_HASH_SIZE], release_id[NRS_HASH_SIZE], signer[NRS_KEY_SIZE];
    nrs_error error = nrs_grant_verify(&grant, grant_id, nrs_field(&record->payload));

    if (error == NRS_OK) {
        error = grant->authority == NRS_AUTHORITY_RELEASE ? sim_check_logged(node, &payload, grant->authority_ref.data, NRS_RECORD_RELEASE) : NRS_ERROR_NOT_FOUND;
    }
    if (error == NRS_OK && nrs_release_verify(&release, signer, release_id, nrs_slice_of_bytes(&payload)) == NRS_OK &&
        grant->created_ms >= release->expires_ms + sim_clocks_apart_ms(world)) {
        sim_world_fail(world, "outlived", "%s grants on a release %llu ms after its end", node->org, (unsigned long long)(grant->created_ms - release->expires_ms));
    }
    nrs_release_free(&release);
    nrs_grant_free(&grant);
    nrs_bytes_wipe(&payload);
}

static void record(sim_world *world, sim_node *node, const nrs_log_row *row, const nrs_record *record)
{
    if (record->type == NRS_RECORD_GRANT && row->source.size == 0 && node->hostile == NULL) {
        check_own(world, node, record);
    }
}

/* ---- Who reads ---- */

static bool is_over(const sim_world *world, const sim_release *release)
{
    const uint64_t slack_ms = (world->options.faults & SLOW) != 0 ? SLACK_SLOW_MS : SLACK_MS;

    return release->granting && release->over_ms != SIM_NEVER && sim_world_unix_ms(world) >= release->over_ms + slack_ms;
}

/* What a node has that is down now is not known. */
static void look(sim_world *world, sim_release *release)
{
    release->looked = true;
    for (size_t i = 0; i < world->node_count; i++) {
        if (world->nodes[i].core == NULL || sim_hostile_holds(&world->nodes[i], world->oracle.reports[release->report].id)) {
            release->had |= 1ull << i;
        }
    }
}

static void stepped(sim_world *world, sim_node *node)
{
    (void)node;
    for (size_t i = 0; i < world->oracle.release_count; i++) {
        if (!world->oracle.releases[i].looked && is_over(world, &world->oracle.releases[i])) {
            look(world, &world->oracle.releases[i]);
        }
    }
}

/* All that was released of a report is over, and this one had no key at the end of any. */
static bool too_late(const sim_world *world, size_t report, uint64_t bit)
{
    size_t count = 0;

    for (size_t i = 0; i < world->oracle.release_count; i++) {
        const sim_release *release = &world->oracle.releases[i];

        if (release->report == report && release->granting) {
            if (!release->looked || (release->had & bit) != 0) {
                return false;
            }
            count++;
        }
    }
    return count > 0;
}

/* Where a clock is wrong nobody can say when it was over for whom. */
static void end(sim_world *world)
{
    for (size_t number = 0; number < world->plan.count && (world->options.faults & SIM_FAULTS_CLOCK) == 0; number++) {
        const sim_report *report = &world->oracle.reports[number];

        for (size_t i = 0; i < world->node_count && report->version != 0 && report->label != NRS_LABEL_CLEAR && report->onward == 0 && !report->withdrawing; i++) {
            const sim_node *node = &world->nodes[i];
            const uint64_t bit = 1ull << i;

            if (i == report->sender || ((report->readers | report->forgetting) & bit) != 0 || node->hostile != NULL || node->put_back || !too_late(world, number, bit)) {
                continue;
            }
            sim_sometimes_hit(world, SIM_SOMETIMES_RELEASE_MISSED);
            if ((report->shown & bit) != 0) {
                sim_world_fail(world, "outlived", "%s reads r%zu, of which it had no key when the release was over", node->org, number);
            }
        }
    }
}

const sim_checker sim_checker_outlived = {.name = "outlived", .record = record, .stepped = stepped, .end = end};
