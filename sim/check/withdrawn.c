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

/* ---- In the end ---- */

/* After everything is mended the word has had its time to everyone who has a claim to the report itself. */
static bool has_heard(const sim_world *world, const sim_report *report, const sim_node *node)
{
    return report->withdrawn && (report->sender == node->index ? !node->put_back : sim_arrives_promised(world, report, node->index));
}

/* Of this one or of what its text was first: which those are it says itself, but for what a hub has published. */
static bool has_heard_of_any(const sim_world *world, const sim_report *report, const sim_node *node)
{
    while (!has_heard(world, report, node) && report->forwards) {
        report = &world->oracle.reports[report->quoted];
    }
    return has_heard(world, report, node);
}

/* Whether this one has its word. */
static bool is_told_by(const sim_world *world, const sim_report *report, const sim_node *node)
{
    const sim_node *sender = &world->nodes[report->sender];

    return sender->hostile == NULL && !sender->forsaken && !sender->put_back && (report->forgetting & (1ull << sender->index)) == 0 &&
           (node == sender || sim_arrives_promised(world, report, node->index));
}

/* Whether a node knows by now that a report was taken back, or what it passes on: by itself, or from who passed it on, which says so in its own name. */
static bool is_known(const sim_world *world, const sim_report *report, const sim_node *node)
{
    while (!has_heard_of_any(world, report, node)) {
        if ((!report->forwards && !report->vouches) || !is_told_by(world, report, node)) {
            return false;
        }
        node = &world->nodes[report->sender];
        report = &world->oracle.reports[report->quoted];
    }
    return true;
}

static void check_known(sim_world *world, const sim_node *node, const sim_report *report, const json_t *row)
{
    const uint64_t bit = 1ull << node->index;
    const bool opens = json_string_value(json_object_get(row, "body")) != NULL, first = ((report->shown | report->showing) & bit) == 0;
    const size_t number = (size_t)(report - world->oracle.reports);

    if (world->phase < SIM_PHASE_READING || report->label == NRS_LABEL_RED || !is_known(world, report, node)) {
        return;
    }
    if (opens && first && report->sender != node->index) {
        sim_world_fail(world, "withdrawn", "%s opens r%zu in the end, which was taken back, or what it passes on", node->org, number);
    } else if (json_string_value(json_object_get(row, "withdrawn_at")) == NULL) {
        sim_world_fail(world, "withdrawn", "%s shows r%zu in the end, and does not say that it was taken back, or what it passes on", node->org, number);
    }
    sim_sometimes_add(world, SIM_SOMETIMES_WITHDRAWN_WITH, !report->withdrawn && (report->forwards || report->vouches) ? 1 : 0);
    sim_sometimes_add(world, SIM_SOMETIMES_WITHDRAWN_UNSEEN, report->forwards && report->sender != node->index && !has_heard_of_any(world, report, node) ? 1 : 0);
}

static void shown(sim_world *world, sim_node *node, sim_report *report, const json_t *row)
{
    const uint64_t bit = 1ull << node->index;

    if (report == NULL || node->hostile != NULL) {
        return;
    }
    report->marked |= json_string_value(json_object_get(row, "withdrawn_at")) != NULL ? bit : 0;
    if ((report->withdrawn_at & bit) != 0) {
        check_asked(world, node, report);
    }
    if (node->index != report->sender && json_string_value(json_object_get(row, "body")) != NULL && ((report->shown | report->showing) & bit) == 0 &&
        ((report->withdrawn_at & bit) != 0 || (report->withdrawn && world->phase >= SIM_PHASE_READING && sim_arrives_promised(world, report, node->index)))) {
        sim_world_fail(world, "withdrawn", "%s opens r%zu, and has said before, or knows in the end, that it was taken back", node->org,
                       (size_t)(report - world->oracle.reports));
    }
    check_known(world, node, report, row);
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

/* Nor does it let anybody in, to that one or to what passes it on; its originator no one more either. */
static void record(sim_world *world, sim_node *node, const nrs_log_row *row, const nrs_record *record)
{
    nrs_signed *outer = NULL;
    nrs_grant *grant = NULL;
    nrs_withdrawal_row held;
    nrs_bytes holder = {0};

    if (node->hostile == NULL && record->type == NRS_RECORD_GRANT && row->source.size == 0 && nrs_signed_decode(&outer, nrs_field(&record->payload)) == NRS_OK &&
        nrs_grant_decode(&grant, nrs_field(&outer->statement)) == NRS_OK &&
        nrs_store_withdrawal_get(node->store, &held, &holder, grant->sealed_id.data) == NRS_OK && held.received_ms < sim_node_now_ms(world, node) &&
        (held.proof.size > 0 || grant->authority != NRS_AUTHORITY_ORIGINATOR)) { /* within one step the grant may have come first */
        sim_world_fail(world, "withdrawn", "%s lets somebody in to a report that it knows to be taken back, or what it passes on", node->org);
    }
    nrs_bytes_wipe(&holder);
    nrs_grant_free(&grant);
    nrs_signed_free(&outer);
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
            check_asked(world, node, sim_oracle_by_id(world, id)); /* the rest is asked of each row: shown */
        }
    }
}

const sim_checker sim_checker_withdrawn = {.name = "withdrawn", .withdrawn = withdrawn, .record = record, .frame = frame, .shown = shown, .listed = listed};
