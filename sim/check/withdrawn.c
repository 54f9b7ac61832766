/* What was taken back: by its sender alone; and once the word of it has come, who had not opened it never does, and nobody hands it
 * out or lets anybody in any more. */
#include "check.h"
#include "world.h"

static void withdrawn(sim_world *world, sim_node *node, sim_report *report)
{
    if (node->index != report->sender && node->hostile == NULL) {
        sim_world_fail(world, "withdrawn", "%s takes back r%zu, which is another's", node->org, (size_t)(report - world->oracle.reports));
    }
}

/* What passes another's text on is taken back with that one. */
static bool quotes_a_stranger(const sim_world *world, const sim_report *report)
{
    for (; report->forwards; report = &world->oracle.reports[report->quoted]) {
        const sim_node *source = &world->nodes[world->oracle.reports[report->quoted].sender];

        if (source->hostile != NULL || source->forsaken) {
            return true;
        }
    }
    return false;
}

/* Nobody else can make an honest node say that a report was taken back. */
static void check_asked(sim_world *world, const sim_node *node, const sim_report *report)
{
    if (report != NULL && !quotes_a_stranger(world, report) && node->hostile == NULL && !report->withdrawing &&
        world->nodes[report->sender].hostile == NULL && !world->nodes[report->sender].forsaken) {
        sim_world_fail(world, "withdrawn", "%s says that r%zu was taken back, and its sender was never asked to", node->org,
                       (size_t)(report - world->oracle.reports));
    }
}

/* After everything is mended the word has had its time to everyone who has a claim to the report itself. */
static void shown(sim_world *world, sim_node *node, sim_report *report, const json_t *row)
{
    uint64_t bit = 1ull << node->index;
    size_t number;

    if (report != NULL && (report->withdrawn_at & bit) != 0) {
        check_asked(world, node, report);
    }
    if (report == NULL || node->hostile != NULL || node->index == report->sender || json_string_value(json_object_get(row, "body")) == NULL ||
        ((report->shown | report->showing) & bit) != 0) {
        return;
    }
    number = (size_t)(report - world->oracle.reports);
    if ((report->withdrawn_at & bit) != 0) {
        sim_world_fail(world, "withdrawn", "%s opens r%zu, and has said before that it was taken back", node->org, number);
    } else if (report->withdrawn && world->phase >= SIM_PHASE_READING && sim_arrives_promised(world, report, node->index)) {
        sim_world_fail(world, "withdrawn", "%s opens r%zu in the end, which its sender has taken back", node->org, number);
    }
}

/* ---- On the lines ---- */

typedef struct handed {
    sim_world *world;
    sim_node *node;
    const sim_node *peer;
} handed;

static void check_record(void *context, const nrs_record *record)
{
    const handed *it = context;
    nrs_withdrawal_row held;
    nrs_bytes holder = {0};
    nrs_sealed_view *view = NULL;

    if (record->type == NRS_RECORD_SEALED && nrs_sealed_parse(&view, nrs_field(&record->payload)) == NRS_OK) {
        sim_disk_hold(&it->node->disk, true);
        if (nrs_store_withdrawal_get(it->node->store, &held, &holder, view->id) == NRS_OK && held.proof.size > 0) { /* else it was not withdrawn itself */
            sim_world_fail(it->world, "withdrawn", "%s hands %s a report that it knows to be taken back", it->node->org, it->peer->org);
        }
        sim_disk_hold(&it->node->disk, false);
    }
    nrs_sealed_view_free(&view);
    nrs_bytes_wipe(&holder);
}

/* Who has heard of it hands the report to nobody any more. */
static void frame(sim_world *world, sim_node *node, sim_connection *connection, unsigned side, const nrs_frame *frame)
{
    sim_check_each_record(frame, check_record, &(handed){world, node, &world->nodes[world->nodes[connection->node[1 - side]].owner]});
}

static void listed(sim_world *world, sim_node *node, const json_t *rows)
{
    size_t index;
    const json_t *row;

    json_array_foreach(rows, index, row) {
        const char *id = json_string_value(json_object_get(row, "id"));

        if (id != NULL && json_string_value(json_object_get(row, "withdrawn_at")) != NULL) {
            check_asked(world, node, sim_oracle_by_id(world, id));
        }
    }
}

const sim_checker sim_checker_withdrawn = {.name = "withdrawn", .withdrawn = withdrawn, .frame = frame, .shown = shown, .listed = listed};
