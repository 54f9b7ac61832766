/* Nobody opens what the rules of the moment deny; and on the lines each member is handed its own slots only. */
#include <string.h>

#include "check.h"
#include "world.h"

/* Where a duty is demanded whoever opens it has it now; what it got before is listed without its text. */
static bool may_open(const sim_world *world, const sim_node *node, const sim_report *report)
{
    const bool addressed = report->label == NRS_LABEL_CLEAR || (report->readers & (1ull << node->index)) != 0;
    nrs_label label;

    return node->index == report->sender ||
           (addressed && (!sim_oracle_duty(world, report) || sim_check_sworn(node, &world->communities[report->community], node->index, sim_node_now_ms(world, node)))) ||
           sim_onward_permits(world, node, report, true) || sim_released_permits(world, node, report, &label, true);
}

static void shown(sim_world *world, sim_node *node, sim_report *report, const json_t *row)
{
    const char *subject = json_string_value(json_object_get(row, "subject"));
    const char *body = json_string_value(json_object_get(row, "body"));
    size_t number;

    if (subject == NULL) {
        return;
    }
    if (node->hostile != NULL || strncmp(subject, "odd ", 4) == 0) {
        return; /* who keeps no rules, and what such a one may send: badly made, but not to be refused for it */
    }
    if (report == NULL) {
        sim_world_fail(world, "disclosure", "%s shows %s, which nobody wrote", node->org, subject);
        return;
    }
    number = (size_t)(report - world->oracle.reports);
    if ((report->forgotten & (1ull << node->index)) != 0) {
        sim_world_fail(world, "disclosure", "%s shows r%zu, which it has forgotten", node->org, number);
    } else if (report->version == 0) {
        sim_world_fail(world, "disclosure", "%s shows r%zu under an id that its sender never made", node->org, number);
    } else if (!sim_check_may_read(world, node, report)) {
        sim_world_fail(world, "disclosure", "%s opens r%zu, which is %s and not for it", node->org, number, nrs_label_name(report->label));
    } else if (body != NULL && !may_open(world, node, report)) {
        sim_world_fail(world, "disclosure", "%s opens r%zu without having the duty", node->org, number);
    } else if (body != NULL && node->index != report->sender && sim_oracle_closed(world, report) && (report->accepting & (1ull << node->index)) == 0) {
        sim_world_fail(world, "disclosure", "%s opens r%zu and has not accepted the disclaimer", node->org, number);
    }
}

/* Whoever carries all of it: hubs of the report's community, and of those that its consent lists. */
static uint64_t carriers(const sim_world *world, size_t community, uint64_t listed)
{
    uint64_t hubs = world->communities[community].hubs;

    for (size_t c = 0; c < world->community_count; c++) {
        hubs |= (listed & (1ull << c)) != 0 ? world->communities[c].hubs : 0;
    }
    return hubs;
}

/* The source hears who was let in (SPEC 6.10). */
static uint64_t carriers_of_table(const sim_world *world, nrs_slice payload)
{
    nrs_slot_table *table = NULL;
    const sim_sealed *sealed = nrs_slot_table_decode(&table, payload) == NRS_OK ? sim_oracle_sealed_by_id(world, table->sealed_id.data) : NULL;
    const sim_granted *granted = sealed == NULL ? NULL : sim_oracle_granted_by_id(world, table->grant_id.data);
    uint64_t hubs;


    hubs = sealed == NULL ? 0 : carriers(world, sealed->community, sealed->listed) | (granted == NULL ? 0 : world->communities[granted->community].hubs) | (granted != NULL && granted->authority != NRS_AUTHORITY_ORIGINATOR ? 1ull << sealed->maker : 0);
    nrs_slot_table_free(&table);
    return hubs;
}

static uint64_t carriers_of(sim_world *world, const nrs_header *header)
{
    const sim_rosters *rosters = sim_rosters_of(world, header->community.data);
    uint64_t listed = 0;

    for (size_t i = 0; i < header->n_onward_communities; i++) {
        const sim_rosters *other = sim_rosters_of(world, header->onward_communities[i].data);

        listed |= other == NULL ? 0 : 1ull << other->index;
    }
    return rosters == NULL ? 0 : carriers(world, rosters->index, listed);
}

/* Of these; of any community, where it is not known of which. */
static bool is_hub(const sim_node *peer, uint64_t hubs)
{
    return hubs == 0 ? peer->hub : (hubs & (1ull << peer->index)) != 0;
}

/* A later grant is carried by the hubs of those whom it is for as well. */
static uint64_t carriers_of_grant(sim_world *world, const nrs_record *record)
{
    nrs_signed *outer = NULL;
    nrs_grant *grant = NULL;
    const sim_rosters *rosters = NULL;

    if (nrs_signed_decode(&outer, nrs_field(&record->payload)) == NRS_OK && nrs_grant_decode(&grant, nrs_field(&outer->statement)) == NRS_OK &&
        grant->community.len > 0) {
        rosters = sim_rosters_of(world, grant->community.data);
    }
    nrs_grant_free(&grant);
    nrs_signed_free(&outer);
    return rosters == NULL ? 0 : rosters->hubs;
}

/* Of one item: a report without a slot in it goes to hubs, or is open to all. */
static void check_item(sim_world *world, const sim_node *node, const sim_node *peer, const Nrs__Wire__Item *item)
{
    uint64_t hubs = 0;
    bool sealed = false, slot_for_peer = false, table = false;

    for (size_t i = 0; i < item->n_records; i++) {
        nrs_record *record = NULL;
        nrs_sealed_view *view = NULL;
        nrs_slot_path *path = NULL;
        nrs_slot *slot = NULL;

        if (nrs_record_decode(&record, nrs_field(&item->records[i])) != NRS_OK) {
            continue;
        }
        if (record->type == NRS_RECORD_SLOT_TABLE) {
            table = true;
            hubs |= carriers_of_table(world, nrs_field(&record->payload));
        } else if (record->type == NRS_RECORD_SEALED && nrs_sealed_parse(&view, nrs_field(&record->payload)) == NRS_OK) {
            sealed = sealed || view->header->label != NRS_LABEL_CLEAR;
            hubs |= carriers_of(world, view->header);
        } else if (record->type == NRS_RECORD_GRANT) {
            hubs |= carriers_of_grant(world, record);
        } else if (record->type == NRS_RECORD_SLOT_PATH && nrs_slot_path_decode(&path, nrs_field(&record->payload)) == NRS_OK &&
                   nrs_slot_decode(&slot, nrs_field(&path->slot)) == NRS_OK) {
            slot_for_peer = sim_check_node_of_hash(world, slot->org.data) == peer->index;
            if (!slot_for_peer) {
                sim_world_fail(world, "disclosure", "%s hands a slot of somebody else to %s", node->org, peer->org);
            }
        }
        nrs_slot_free(&slot);
        nrs_slot_path_free(&path);
        nrs_sealed_view_free(&view);
        nrs_record_free(&record);
    }
    if (table && !is_hub(peer, hubs)) {
        sim_world_fail(world, "disclosure", "%s hands a whole table of slots to %s", node->org, peer->org);
    } else if (sealed && !slot_for_peer && !is_hub(peer, hubs)) {
        sim_world_fail(world, "disclosure", "%s hands a sealed report to %s, which has no slot in it", node->org, peer->org);
    }
}

static void frame(sim_world *world, sim_node *node, sim_connection *connection, unsigned side, const nrs_frame *frame)
{
    nrs_items *items = NULL;

    if (frame->type != NRS_FRAME_ITEMS || nrs_items_decode(&items, nrs_field(&frame->payload)) != NRS_OK) {
        return;
    }
    for (size_t i = 0; i < items->n_items; i++) {
        check_item(world, node, &world->nodes[world->nodes[connection->node[1 - side]].owner], items->items[i]);
    }
    nrs_items_free(&items);
}

/* Whom a node grants to stands in the roster that it holds at that moment, with the duty that the label demands, which is not over then by the
 * node's clock. payload: of a slot table. */
static void check_table(sim_world *world, const sim_node *node, nrs_slice payload, const sim_rosters *rosters, bool duty, uint64_t at_ms)
{
    nrs_slot_table *table = NULL;

    if (node->held[rosters->index] == 0 || nrs_slot_table_decode(&table, payload) != NRS_OK) {
        return;
    }
    for (size_t i = 0; i < table->n_slots; i++) {
        nrs_slot *slot = NULL;
        size_t reader;

        if (nrs_slot_decode(&slot, nrs_field(&table->slots[i])) != NRS_OK) {
            continue;
        }
        reader = sim_check_node_of_hash(world, slot->org.data);
        if (!sim_check_member(world, node, rosters, reader)) {
            sim_world_fail(world, "disclosure", "%s grants to %s, which is no member by roster %llu of @%s", node->org,
                           reader == world->node_count ? "somebody unknown" : world->nodes[reader].org,
                           (unsigned long long)node->held[rosters->index], rosters->id);
        } else if (reader != node->owner && (node->revoked_before & (1ull << reader)) != 0) { /* who writes TLP:RED has a slot of its own */
            sim_world_fail(world, "disclosure", "%s grants to %s, whose key is revoked", node->org, world->nodes[reader].org);
        } else if (duty && !sim_check_sworn(node, rosters, reader, at_ms)) {
            sim_world_fail(world, "disclosure", "%s grants to %s, which does not have the duty", node->org, world->nodes[reader].org);
        }
        nrs_slot_free(&slot);
    }
    nrs_slot_table_free(&table);
}

static bool has_duty(const sim_world *world, size_t community, uint32_t label)
{
    return (world->communities[community].duty_labels & (1u << label)) != 0;
}

/* Of a later grant, perhaps into another community, whose own rules bind as well. */
static void check_later(sim_world *world, const sim_node *node, nrs_slice payload, const nrs_slot_table *table, uint64_t at_ms)
{
    const sim_sealed *sealed = sim_oracle_sealed_by_id(world, table->sealed_id.data);
    const sim_granted *granted = sim_oracle_granted_by_id(world, table->grant_id.data);
    const size_t community = sealed == NULL ? 0 : granted == NULL ? sealed->community : granted->community;

    if (sealed != NULL) {
        check_table(world, node, payload, &world->communities[community], has_duty(world, sealed->community, sealed->label) || has_duty(world, community, sealed->label),
                    at_ms);
    }
}

/* The slots that stand with their report, and those of a later grant. */
static void record(sim_world *world, sim_node *node, const nrs_log_row *row, const nrs_record *record)
{
    const sim_rosters *rosters = NULL;
    nrs_record *with = NULL;
    nrs_sealed_view *view = NULL;
    nrs_slot_table *table = NULL;

    if (row->source.size != 0 || node->hostile != NULL) {
        return;
    }
    if (record->type == NRS_RECORD_SLOT_TABLE && nrs_slot_table_decode(&table, nrs_field(&record->payload)) == NRS_OK) {
        check_later(world, node, nrs_field(&record->payload), table, row->received_ms);
    } else if (record->type == NRS_RECORD_SEALED && row->slots.size > 0 && nrs_record_decode(&with, row->slots) == NRS_OK &&
               nrs_sealed_parse(&view, nrs_field(&record->payload)) == NRS_OK) {
        rosters = sim_rosters_of(world, view->header->community.data);
        if (rosters != NULL) {
            check_table(world, node, nrs_field(&with->payload), rosters, has_duty(world, rosters->index, view->header->label), row->received_ms);
        }
    }
    nrs_slot_table_free(&table);
    nrs_sealed_view_free(&view);
    nrs_record_free(&with);
}

static void end(sim_world *world)
{
    for (size_t c = 0; c < world->community_count; c++) {
        const sim_roster_version *newest = sim_rosters_newest(&world->communities[c]);

        sim_sometimes_add(world, SIM_SOMETIMES_DUTY_OVER, sim_roster_sworn_at(newest, sim_world_unix_ms(world)) != newest->who.sworn ? 1 : 0);
    }
}

const sim_checker sim_checker_disclosure = {.name = "disclosure", .shown = shown, .frame = frame, .record = record, .end = end};
