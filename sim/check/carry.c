/* What a node takes from others has passed the checks to carry (SPEC 10.4), worked out here once more from its clock and roster. */
#include <string.h>

#include "check.h"
#include "proto/vocabulary.h"
#include "world.h"

/* What one made that left counts from a hub, and so does what was made under keys that others came after, as far as a node knows: its roster says of
 * both that they left. Who knows that those others were removed as revoked takes nothing of either. */
static bool has_left(const sim_roster_version *roster, const sim_node *node, size_t who, size_t key)
{
    return (roster->who.left & (1ull << who)) != 0 || ((roster->who.served[who] & (1u << key)) != 0 && node->heard[who] <= key);
}

static bool in_order_by(const sim_world *world, const sim_node *node, const sim_rosters *rosters, uint64_t version, const uint8_t *maker, nrs_slice source)
{
    const sim_roster_version *roster = sim_rosters_at(rosters, version);
    size_t from = sim_check_node_of_key(world, source.data);
    size_t who, key;
    uint64_t members = roster == NULL ? 0 : sim_roster_members(roster);
    bool by_hub;

    if (!sim_check_key(world, &who, &key, maker) || from == world->node_count || (members & (1ull << from)) == 0) {
        return false;
    }
    by_hub = (rosters->hubs & (1ull << from)) != 0;
    if (who != from && !by_hub) {
        return false;
    }
    return (members & (1ull << who)) != 0 || (by_hub && has_left(roster, node, who, key));
}

/* A clock of one's own may be wrong, and peers say what theirs show: a time is past, or too far ahead, when it is so by the
 * slowest, or the fastest, that any clock has been. What peers say of the time is minutes old. What was taken in a step in which the
 * power went is seen with the next start, which may be days later: so the time that the row bears counts as well. */
static bool past(const sim_world *world, uint64_t time_ms)
{
    return (int64_t)(time_ms + 5 * SIM_MINUTE_MS) <= (int64_t)sim_world_unix_ms(world) + world->lowest_offset_ms;
}

static bool far_ahead(const sim_world *world, uint64_t time_ms)
{
    return (int64_t)time_ms > (int64_t)(sim_world_unix_ms(world) + NRS_CLOCK_AHEAD_MS_MAX) + world->highest_offset_ms;
}

/* By the roster after the step, or by the one before it: within a step either may have come first. */
static bool in_order(const sim_world *world, const sim_node *node, const sim_rosters *rosters, const uint8_t *maker, nrs_slice source)
{
    return in_order_by(world, node, rosters, node->held[rosters->index], maker, source) ||
           in_order_by(world, node, rosters, node->held_before[rosters->index], maker, source);
}

/* The holders of releases of this report to those in a community, who hand it over themselves: set of nodes. */
static uint64_t released_to(const sim_world *world, const uint8_t id[NRS_HASH_SIZE], size_t community)
{
    uint64_t holders = 0;

    for (size_t i = 0; i < world->oracle.release_count; i++) {
        const sim_release *release = &world->oracle.releases[i];
        uint8_t released[NRS_HASH_SIZE];

        if (release->granting && release->community == community && nrs_hex_decode(released, sizeof released, world->oracle.reports[release->report].id) == NRS_OK &&
            memcmp(released, id, NRS_HASH_SIZE) == 0) {
            holders |= 1ull << release->holder;
        }
    }
    return holders;
}

/* What comes from a community that a joined one recognises, and was told of beforehand, hubs of either hand over (SPEC 6.10). */
static bool let_in(const sim_world *world, const sim_node *node, const nrs_header *header, const nrs_log_row *row)
{
    const nrs_slice source = row->source;
    const size_t from = sim_check_node_of_key(world, source.data);

    for (size_t c = 0; c < world->community_count && from < world->node_count; c++) {
        const sim_rosters *rosters = &world->communities[c], *home = &world->communities[1 - c];
        const sim_roster_version *now = sim_rosters_at(rosters, node->held[c]), *before = sim_rosters_at(rosters, node->held_before[c]);
        const uint64_t holders = released_to(world, row->id, c);
        bool listed = header->label == NRS_LABEL_CLEAR || holders != 0;

        for (size_t i = 0; i < header->n_onward_communities; i++) {
            listed = listed || memcmp(header->onward_communities[i].data, rosters->community, NRS_HASH_SIZE) == 0;
        }
        if (listed && memcmp(home->community, header->community.data, NRS_HASH_SIZE) == 0 && sim_check_member(world, node, rosters, node->index) &&
            ((now != NULL && now->who.recognises) || (before != NULL && before->who.recognises)) && ((rosters->hubs | home->hubs | holders) & (1ull << from)) != 0) {
            return true;
        }
    }
    return false;
}

/* ---- As it was made ---- */

/* An id covers a part of the bytes, and whether a signature holds is for the code that is judged here to say: what an honest node is
 * said to have made is compared with what that one has entered in its log. */
static void check_made(sim_world *world, const sim_node *node, const uint8_t *maker, const nrs_record *record, const char *what)
{
    const size_t who = sim_check_node_of_key(world, maker);
    uint8_t hash[NRS_HASH_SIZE];

    if (who == world->node_count || world->nodes[who].hostile != NULL || world->nodes[who].forsaken || world->nodes[who].put_back) {
        return; /* a copy's log was not looked at from its beginning */
    }
    (void)crypto_generichash(hash, sizeof hash, record->payload.data, record->payload.len, NULL, 0);
    if (!sim_once_knows(&world->made, hash)) {
        sim_world_fail(world, "carry", "%s takes %s of %s that this one has not made", node->org, what, world->nodes[who].org);
    }
}

static void learn_made(sim_world *world, const nrs_record *record)
{
    uint8_t hash[NRS_HASH_SIZE];

    (void)crypto_generichash(hash, sizeof hash, record->payload.data, record->payload.len, NULL, 0);
    (void)sim_once_remember(&world->made, hash);
}

static void check_sealed(sim_world *world, sim_node *node, const nrs_log_row *row, const nrs_header *header)
{
    const sim_rosters *rosters = sim_rosters_of(world, header->community.data);
    uint64_t held = rosters == NULL ? 0 : node->held[rosters->index];

    if (held == 0) {
        sim_world_fail(world, "carry", "%s takes a report of a community that it is not in", node->org);
    } else if (past(world, header->expires_ms) && header->expires_ms <= row->received_ms) {
        sim_world_fail(world, "carry", "%s takes a report that expired %llu ms ago by its clock", node->org,
                       (unsigned long long)(sim_node_now_ms(world, node) - header->expires_ms));
    } else if (far_ahead(world, header->created_ms)) {
        sim_world_fail(world, "carry", "%s takes a report from too far ahead of every clock", node->org);
    } else if (!in_order(world, node, rosters, header->originator.data, row->source) && !let_in(world, node, header, row)) {
        sim_world_fail(world, "carry", "%s takes a report of one that is no member by roster %llu, or from one that may not hand it over", node->org,
                       (unsigned long long)held);
    } else if (header->roster_version > held) {
        sim_world_fail(world, "carry", "%s takes a report of roster %llu and holds %llu", node->org, (unsigned long long)header->roster_version,
                       (unsigned long long)held);
    }
}

static void check_envelope(sim_world *world, sim_node *node, const nrs_log_row *row, const nrs_record *record)
{
    nrs_envelope *envelope = NULL;
    nrs_error error = nrs_envelope_verify(&envelope, nrs_field(&record->payload));
    const sim_rosters *rosters = error == NRS_OK ? sim_rosters_of(world, envelope->community.data) : NULL;

    if (error != NRS_OK) {
        sim_world_fail(world, "carry", "%s takes an envelope that is forged", node->org);
    } else if (rosters == NULL || !in_order(world, node, rosters, envelope->from.data, row->source)) {
        sim_world_fail(world, "carry", "%s takes an envelope of one that is no member", node->org);
    } else if (past(world, envelope->expires_ms) && envelope->expires_ms <= row->received_ms) {
        sim_world_fail(world, "carry", "%s takes an envelope that has expired", node->org);
    } else {
        check_made(world, node, envelope->from.data, record, "an envelope");
    }
    nrs_envelope_free(&envelope);
}

static bool in_any(const sim_world *world, const sim_node *node)
{
    uint64_t held = 0;

    for (size_t i = 0; i < world->community_count; i++) {
        held |= node->held[i];
    }
    return held != 0;
}

/* The source hears who was let in (SPEC 6.10). */
static bool of_its_own(const sim_world *world, const sim_node *node, const nrs_record *record)
{
    nrs_slot_table *table = NULL;
    const sim_sealed *sealed = nrs_slot_table_decode(&table, nrs_field(&record->payload)) == NRS_OK ? sim_oracle_sealed_by_id(world, table->sealed_id.data) : NULL;

    nrs_slot_table_free(&table);
    return sealed != NULL && sealed->maker == node->index;
}

/* ---- Grants on a release ---- */

/* What is wrong with the release that a grant cites; NULL: nothing. */
static const char *wrong_with(const sim_world *world, const nrs_grant *grant, const nrs_release *release, const uint8_t *signer, const nrs_header *header,
                              const nrs_log_row *row)
{
    if (memcmp(header->originator.data, signer, NRS_KEY_SIZE) != 0) {
        return "that its source has not signed";
    }
    if (!nrs_slice_equal(nrs_field(&release->sealed_id), nrs_field(&grant->sealed_id))) {
        return "for another report";
    }
    if (!nrs_slice_equal(nrs_field(&release->holder), nrs_field(&grant->grantor))) {
        return "for another holder";
    }
    if (!nrs_slice_equal(nrs_field(&release->audience_commitment), nrs_field(&grant->audience_commitment)) ||
        !nrs_slice_equal(nrs_field(&release->community), nrs_field(&grant->community))) {
        return "for others";
    }
    return grant->created_ms >= release->expires_ms || (past(world, release->expires_ms) && release->expires_ms <= row->received_ms) ? "that is over" : NULL;
}

/* Everything that the release says is asked of the grant once more (SPEC 6.12). */
static void check_grant(sim_world *world, sim_node *node, const nrs_log_row *row, const nrs_record *record)
{
    nrs_grant *grant = NULL;
    nrs_release *release = NULL;
    nrs_sealed_view *view = NULL;
    nrs_bytes sealed = {0}, signed_release = {0};
    uint8_t grant_id[NRS_HASH_SIZE], release_id[NRS_HASH_SIZE], signer[NRS_KEY_SIZE];
    nrs_error error = nrs_grant_verify(&grant, grant_id, nrs_field(&record->payload));

    if (error != NRS_OK) {
        sim_world_fail(world, "carry", "%s takes a grant that is forged", node->org);
        return;
    }
    check_made(world, node, grant->grantor.data, record, "a grant");
    if (grant->authority == NRS_AUTHORITY_RELEASE && sim_check_logged(node, &sealed, grant->sealed_id.data, NRS_RECORD_SEALED) == NRS_OK &&
        nrs_sealed_parse(&view, nrs_slice_of_bytes(&sealed)) == NRS_OK) {
        const char *wrong = NULL;

        error = sim_check_logged(node, &signed_release, grant->authority_ref.data, NRS_RECORD_RELEASE);
        error = error == NRS_OK ? nrs_release_verify(&release, signer, release_id, nrs_slice_of_bytes(&signed_release)) : error;
        wrong = error == NRS_OK          ? wrong_with(world, grant, release, signer, view->header, row)
                : error == NRS_ERROR_EXPIRED ? NULL /* swept since */
                                             : "that it does not have";
        if (wrong != NULL) {
            sim_world_fail(world, "carry", "%s takes a grant on a release %s", node->org, wrong);
        }
    }
    nrs_sealed_view_free(&view);
    nrs_release_free(&release);
    nrs_grant_free(&grant);
    nrs_bytes_wipe(&sealed);
    nrs_bytes_wipe(&signed_release);
}

static void record(sim_world *world, sim_node *node, const nrs_log_row *row, const nrs_record *record)
{
    nrs_sealed_view *view = NULL;

    if (row->source.size == 0) {
        learn_made(world, record);
    }
    if (row->source.size == 0 || node->hostile) {
        return;
    }
    if (!in_any(world, node)) {
        sim_world_fail(world, "carry", "%s takes records before it is in a community", node->org);
        return;
    }
    if (record->type == NRS_RECORD_SEALED) {
        if (nrs_sealed_verify(&view, nrs_field(&record->payload)) != NRS_OK) {
            sim_world_fail(world, "carry", "%s takes a report that is forged", node->org);
        } else {
            check_made(world, node, view->header->originator.data, record, "a report");
            check_sealed(world, node, row, view->header);
        }
    } else if (record->type == NRS_RECORD_ENVELOPE) {
        check_envelope(world, node, row, record);
    } else if (record->type == NRS_RECORD_GRANT) {
        check_grant(world, node, row, record);
    } else if (record->type == NRS_RECORD_SLOT_TABLE && !node->hub && !of_its_own(world, node, record)) {
        sim_world_fail(world, "carry", "%s is no hub and takes a whole table of slots", node->org);
    }
    nrs_sealed_view_free(&view);
}

const sim_checker sim_checker_carry = {.name = "carry", .record = record};
