/* Labels hold at the door: nothing is sent to whom the label does not let it be addressed, and nothing stands in a log whose label is none,
 * is not allowed by its community's rules, or is TLP:RED that a hub may not carry there (SPEC 5.1, 5.2, 10.4). */
#include <string.h>

#include "check.h"
#include "world.h"

static sim_addressee addressee(const sim_report *report)
{
    return report->to_community ? SIM_TO_COMMUNITY : report->to_persons ? SIM_TO_PERSON : SIM_TO_ORG;
}

/* The desk prepares a person's report: what may not be sent is refused there already. */
static void answered(sim_world *world, sim_node *node, const sim_answered *answer)
{
    const sim_report *report = &world->oracle.reports[answer->number];

    if (answer->error != NRS_OK) {
        return;
    }
    if (answer->kind == SIM_ASK_FORBIDDEN) {
        sim_world_fail(world, "labels", "%s does what act %zu asks, which is never to be done", node->org, answer->number);
    } else if ((answer->kind == SIM_ASK_SEND || answer->kind == SIM_ASK_RED_PREPARE) && !sim_tlp_addressed(report->label, addressee(report))) {
        sim_world_fail(world, "labels", "%s sends r%zu, whose label %s does not allow its address", node->org, answer->number, nrs_label_name(report->label));
    }
}

/* The word of it may have been lost. */
static void shown(sim_world *world, sim_node *node, sim_report *report, const json_t *row)
{
    if (report != NULL && node->hostile == NULL && json_object_get(row, "subject") != NULL && !sim_tlp_addressed(report->label, addressee(report))) {
        sim_world_fail(world, "labels", "%s shows r%zu, whose label %s does not allow its address", node->org, (size_t)(report - world->oracle.reports),
                       nrs_label_name(report->label));
    }
}

/* What a node has made itself, or has from its maker, no hub has carried to it. */
static bool carried(const nrs_log_row *row, const nrs_header *header)
{
    return row->source.size != 0 && memcmp(row->source.data, header->originator.data, NRS_KEY_SIZE) != 0;
}

static void record(sim_world *world, sim_node *node, const nrs_log_row *row, const nrs_record *record)
{
    nrs_sealed_view *view = NULL;
    const sim_rosters *rosters;

    if (node->hostile != NULL || record->type != NRS_RECORD_SEALED || nrs_sealed_parse(&view, nrs_field(&record->payload)) != NRS_OK) {
        return;
    }
    rosters = sim_rosters_of(world, view->header->community.data);
    if (!sim_tlp_known(view->header->label)) {
        sim_world_fail(world, "labels", "%s takes a report under label %u, which there is not", node->org, (unsigned)view->header->label);
    } else if (rosters != NULL && (rosters->labels & (1u << view->header->label)) == 0) {
        sim_world_fail(world, "labels", "%s takes a report under %s, which the rules of @%s do not allow", node->org, nrs_label_name(view->header->label),
                       rosters->id);
    } else if (rosters != NULL && view->header->label == NRS_LABEL_RED && !rosters->red_relay && (row->source.size == 0 || carried(row, view->header))) {
        sim_world_fail(world, "labels", "%s %s a RED report, which no hub of @%s carries", node->org, row->source.size == 0 ? "sends" : "takes", rosters->id);
    }
    nrs_sealed_view_free(&view);
}

const sim_checker sim_checker_labels = {.name = "labels", .answered = answered, .shown = shown, .record = record};
