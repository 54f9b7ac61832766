/* A key that is in a thief's hands too, or that was revoked: what is sealed after the key's owner was removed, or after its end was heard
 * of, opens nowhere under it; nothing that it makes is taken any more, and nothing goes to it; its own node refuses to make it. And that
 * there are two of one is seen. */
#include <string.h>

#include "check.h"
#include "keys/change.h"
#include "store/stream.h"
#include "work.h"
#include "world.h"

void sim_stolen_learn(sim_world *world, sim_node *node, const nrs_record *record)
{
    nrs_key_change *change = NULL;
    nrs_card *card = NULL;

    if (nrs_change_verify(&change, &card, nrs_field(&record->payload)) == NRS_OK && card == NULL) {
        size_t whose, key;

        if (sim_check_key(world, &whose, &key, change->sign_key.data)) {
            node->revoked |= 1ull << whose;
            node->ended |= whose == node->index ? 1ull << key : 0;
        }
        sim_sometimes_hit(world, SIM_SOMETIMES_REVOCATION_HEARD);
    }
    nrs_card_free(&card);
    nrs_key_change_free(&change);
}

static void record(sim_world *world, sim_node *node, const nrs_log_row *row, const nrs_record *record)
{
    nrs_sealed_view *view = NULL;

    if (record->type == NRS_RECORD_KEY_CHANGE) {
        sim_stolen_learn(world, node, record);
    } else if (node->revoked != 0 && node->hostile == NULL && record->type == NRS_RECORD_SEALED && row->source.size != 0 &&
               nrs_sealed_parse(&view, nrs_field(&record->payload)) == NRS_OK) {
        const size_t maker = sim_check_node_of_key(world, view->header->originator.data);

        if (maker < world->node_count && (node->revoked & (1ull << maker)) != 0) {
            sim_world_fail(world, "stolen", "%s takes a report of %s, whose key is revoked", node->org, world->nodes[maker].org);
        }
    }
    nrs_sealed_view_free(&view);
}

/* What was heard of in the step before ends the link in that step. */
static void frame(sim_world *world, sim_node *node, sim_connection *connection, unsigned side, const nrs_frame *frame)
{
    const size_t peer = world->nodes[connection->node[1 - side]].owner;

    if (frame->type == NRS_FRAME_ITEMS && (node->revoked_before & (1ull << peer)) != 0) {
        sim_world_fail(world, "stolen", "%s sends records to %s, whose key is revoked", node->org, world->nodes[peer].org);
    }
}

/* Who knows its own key to be revoked says of nothing that it was done: nobody takes it. */
static void answered(sim_world *world, sim_node *node, const sim_answered *answer)
{
    const bool speaks = answer->kind == SIM_ASK_SEND || answer->kind == SIM_ASK_ACCEPT || answer->kind == SIM_ASK_WITHDRAW || answer->kind == SIM_ASK_RED_PREPARE ||
                        answer->kind == SIM_ASK_RED_GRANT || (answer->kind >= SIM_ASK_RELEASE_ASK && answer->kind <= SIM_ASK_RELEASE_DENY);

    if (!speaks || node->hostile != NULL || (node->ended_before & (1ull << node->key)) == 0) {
        return;
    }
    sim_sometimes_add(world, SIM_SOMETIMES_REVOKED_REFUSED, answer->error == NRS_ERROR_REVOKED ? 1 : 0);
    if (answer->error == NRS_OK) {
        sim_world_fail(world, "stolen", "%s, whose key it knows to be revoked, answers that r%zu is done", node->org, answer->number);
    }
}

static void shown(sim_world *world, sim_node *node, sim_report *report, const json_t *row)
{
    const sim_node *owner = &world->nodes[node->owner];

    if (node->owner == node->index || report == NULL || json_string_value(json_object_get(row, "body")) == NULL) {
        return;
    }
    sim_sometimes_hit(world, SIM_SOMETIMES_THIEF_READ);
    if (report->version != 0 && report->sender != node->owner && !sim_check_may_read(world, owner, report)) {
        sim_world_fail(world, "stolen", "who has stolen the disk of %s opens r%zu, which was sealed after that one was removed", owner->org,
                       (size_t)(report - world->oracle.reports));
    }
}

static nrs_error look(void *context, const nrs_equivocation_row *row)
{
    sim_world *world = context;
    const size_t accused = sim_check_node_of_key(world, row->originator);

    if (accused < world->node_count && world->nodes[accused].forsaken) {
        sim_sometimes_hit(world, SIM_SOMETIMES_TWO_OF_ONE_SEEN);
    }
    return NRS_OK;
}

/* Hubs sign where the audit log of each stands: who runs beside another learns of an audit log that is not its own. */
static void log_line(sim_world *world, sim_node *node, const char *text)
{
    if (world->thief != 0 && node->owner == world->nodes[world->thief].owner && strstr(text, "that is not the one held here") != NULL) {
        sim_sometimes_hit(world, SIM_SOMETIMES_TWO_OF_ONE_SEEN);
    }
}

/* Of what was sealed later and stayed closed. */
static void end(sim_world *world)
{
    const uint64_t owner = world->thief == 0 ? 0 : 1ull << world->nodes[world->thief].owner;

    for (size_t i = 0; owner != 0 && i < world->plan.count; i++) {
        const sim_report *report = &world->oracle.reports[i];
        const uint64_t members = report->version == 0 ? 0 : sim_roster_members(sim_rosters_at(&world->communities[report->community], report->version));

        if (report->version != 0 && report->to_community && report->label != NRS_LABEL_CLEAR && ((members & ~report->revoked) & owner) == 0 && (report->readers & owner) == 0) {
            sim_sometimes_hit(world, SIM_SOMETIMES_THIEF_SHUT_OUT);
        }
    }
    for (size_t i = 0; i < world->node_count && owner != 0; i++) {
        if (world->nodes[i].core != NULL && world->nodes[i].hostile == NULL && nrs_store_equivocation_each(world->nodes[i].store, look, world) != NRS_OK) {
            sim_world_fail(world, "stolen", "%s: its proofs cannot be read", world->nodes[i].org);
        }
    }
}

const sim_checker sim_checker_stolen = {.name = "stolen", .record = record, .frame = frame, .answered = answered, .shown = shown, .log = log_line, .end = end};
