#include "check.h"

#include <string.h>

#include "frame.h"
#include "proto/carrier.h"
#include "world.h"

static const sim_checker *const checkers[] = {
    &sim_checker_genuine,
    &sim_checker_durable, &sim_checker_once,    &sim_checker_disclosure, &sim_checker_removed, &sim_checker_carry,
    &sim_checker_credit,  &sim_checker_arrives, &sim_checker_destroyed,  &sim_checker_steady,  &sim_checker_limits,
    &sim_checker_audited, &sim_checker_withdrawn, &sim_checker_forwarded, &sim_checker_proven,
    &sim_checker_onward, &sim_checker_released, &sim_checker_unlinked, &sim_checker_stolen,
    &sim_checker_outlived, &sim_checker_succeeded,
    &sim_checker_carried, &sim_checker_labels, &sim_checker_exports, &sim_checker_refused, &sim_checker_stages, &sim_checker_faithful, &sim_checker_gaps,
    &sim_checker_digests,
};

#define EACH(moment, ...)                                                                                              \
    for (size_t each_ = 0; each_ < sizeof checkers / sizeof checkers[0]; each_++) {                                    \
        if (checkers[each_]->moment != NULL && !world->failure.failed) {                                               \
            checkers[each_]->moment(__VA_ARGS__);                                                                      \
        }                                                                                                              \
    }

uint64_t sim_check_hostile(const sim_world *world)
{
    uint64_t set = 0;

    for (size_t i = 0; i < world->node_count; i++) {
        set |= world->nodes[i].hostile ? 1ull << i : 0;
    }
    return set;
}

bool sim_check_key(const sim_world *world, size_t *node_out, size_t *key_out, const uint8_t *sign_key)
{
    for (*node_out = 0; *node_out < world->node_count; ++*node_out) {
        const sim_node *node = &world->nodes[*node_out];

        for (*key_out = 0; *key_out < node->key_count; ++*key_out) {
            if (memcmp(nrs_identity_public(node->keys[*key_out].identity)->sign_key, sign_key, NRS_KEY_SIZE) == 0) {
                return true;
            }
        }
    }
    return false;
}

bool sim_check_key_hash(const sim_world *world, size_t *node_out, size_t *key_out, const uint8_t *key_hash)
{
    for (*node_out = 0; *node_out < world->node_count; ++*node_out) {
        const sim_node *node = &world->nodes[*node_out];

        for (*key_out = 0; *key_out < node->key_count; ++*key_out) {
            if (memcmp(node->keys[*key_out].hash, key_hash, NRS_KEY_HASH_SIZE) == 0) {
                return true;
            }
        }
    }
    return false;
}

size_t sim_check_node_of_key(const sim_world *world, const uint8_t *sign_key)
{
    size_t node, key;

    return sim_check_key(world, &node, &key, sign_key) ? node : world->node_count;
}

size_t sim_check_node_of_hash(const sim_world *world, const uint8_t *key_hash)
{
    size_t node, key;

    return sim_check_key_hash(world, &node, &key, key_hash) ? node : world->node_count;
}

bool sim_check_undisturbed(const sim_node *node)
{
    return node->there && node->hostile == NULL && !node->put_back && !node->forsaken && node->key == 0;
}

static uint64_t members_at(const sim_rosters *rosters, uint64_t version)
{
    const sim_roster_version *roster = sim_rosters_at(rosters, version);

    return roster == NULL ? 0 : sim_roster_members(roster);
}

static uint64_t sworn_at(const sim_rosters *rosters, uint64_t version, uint64_t at_ms)
{
    const sim_roster_version *roster = sim_rosters_at(rosters, version);

    return roster == NULL ? 0 : sim_roster_sworn_at(roster, at_ms);
}

void sim_check_each_record(const nrs_frame *frame, sim_record_visitor visit, void *context)
{
    nrs_items *items = NULL;

    if (frame->type != NRS_FRAME_ITEMS || nrs_items_decode(&items, nrs_field(&frame->payload)) != NRS_OK) {
        return;
    }
    for (size_t i = 0; i < items->n_items; i++) {
        for (size_t k = 0; k < items->items[i]->n_records; k++) {
            nrs_record *record = NULL;

            if (nrs_record_decode(&record, nrs_field(&items->items[i]->records[k])) == NRS_OK) {
                visit(context, record);
            }
            nrs_record_free(&record);
        }
    }
    nrs_items_free(&items);
}

bool sim_check_in_order(const nrs_frame *frame)
{
    nrs_items *items = NULL;
    bool found = false;

    if (nrs_items_decode(&items, nrs_field(&frame->payload)) == NRS_OK) {
        for (size_t i = 0; i < items->n_items; i++) {
            found = found || items->items[i]->position != 0;
        }
    }
    nrs_items_free(&items);
    return found;
}

bool sim_check_frozen(const sim_node *node, const sim_rosters *rosters)
{
    const size_t i = rosters->index;

    return node->frozen_before[i] && node->frozen[i] && node->held_before[i] == node->held[i] && sim_rosters_at(rosters, node->held[i]) != NULL;
}

bool sim_check_member(const sim_world *world, const sim_node *node, const sim_rosters *rosters, size_t who)
{
    uint64_t members = members_at(rosters, node->held[rosters->index]) | members_at(rosters, node->held_before[rosters->index]);

    if (sim_check_frozen(node, rosters)) {
        members &= sim_roster_agreed(sim_rosters_at(rosters, node->held[rosters->index]));
    }
    return who < world->node_count && (members & (1ull << who)) != 0;
}

bool sim_check_sworn(const sim_node *node, const sim_rosters *rosters, size_t who, uint64_t at_ms)
{
    uint64_t sworn = sworn_at(rosters, node->held[rosters->index], at_ms) | sworn_at(rosters, node->held_before[rosters->index], at_ms);

    return (sworn & (1ull << who)) != 0;
}

bool sim_check_may_read(const sim_world *world, const sim_node *node, const sim_report *report)
{
    nrs_label label;

    return report->label == NRS_LABEL_CLEAR || (report->readers & (1ull << node->index)) != 0 || sim_onward_permits(world, node, report, false) ||
           sim_released_permits(world, node, report, &label, false);
}

/* ---- The log ---- */

typedef struct sides { uint64_t version; size_t count; } sides;

static nrs_error count_side(void *context, const nrs_fork_row *row)
{
    sides *held = context;

    held->count += row->state == NRS_FORK_SIDE && row->version == held->version && row->many.size > 0 ? 1 : 0;
    return NRS_OK;
}

/* Of its own roster there is a row as well. */
static void learn_fork(sim_world *world, sim_node *node, const sim_rosters *rosters)
{
    const sim_roster_version *roster = sim_rosters_at(rosters, node->held[rosters->index]);
    sides held = {.version = node->held[rosters->index]};

    if (roster != NULL && roster->forked && nrs_store_fork_each(node->store, rosters->community, count_side, &held) != NRS_OK) {
        sim_world_fail(world, "steady", "%s: its forks cannot be read", node->org);
    }
    node->frozen[rosters->index] = held.count >= 2;
}

/* Rosters stand in no log: the newest that the store holds is the one that the node goes by. What it took within the step may
 * have come before it. */
static void learn_roster(sim_world *world, sim_node *node)
{
    sim_disk_hold(&node->disk, true);
    for (size_t i = 0; i < world->community_count; i++) {
        const sim_rosters *rosters = &world->communities[i];
        uint64_t version = 0;

        if (nrs_store_roster_before(node->store, &version, rosters->community, UINT64_MAX) != NRS_OK) {
            version = 0;
        }
        if (version < node->held[i]) {
            sim_world_fail(world, "removed", "%s goes by roster %llu of @%s and held %llu", node->org, (unsigned long long)version, rosters->id,
                           (unsigned long long)node->held[i]);
        }
        node->held[i] = version;
        learn_fork(world, node, rosters);
    }
    sim_disk_hold(&node->disk, false);
}

static void learn_sealed(sim_world *world, const sim_node *node, const nrs_log_row *row, const nrs_record *record)
{
    nrs_sealed_view *view = NULL;

    if (row->source.size != 0) {
        sim_oracle_taken(world, node, row->id);
    } else if (nrs_sealed_parse(&view, nrs_field(&record->payload)) == NRS_OK) {
        sim_oracle_sealed(world, node, row->id, view->header);
    }
    nrs_sealed_view_free(&view);
}

static void learn_grant(sim_world *world, const nrs_log_row *row, const nrs_record *record)
{
    nrs_signed *envelope = NULL;
    nrs_grant *grant = NULL;

    sim_sometimes_hit(world, SIM_SOMETIMES_GRANTED_LATE);
    if (nrs_signed_decode(&envelope, nrs_field(&record->payload)) == NRS_OK && nrs_grant_decode(&grant, nrs_field(&envelope->statement)) == NRS_OK) {
        sim_oracle_granted(world, row->id, grant);
    }
    nrs_grant_free(&grant);
    nrs_signed_free(&envelope);
}

typedef struct scan { sim_world *world; sim_node *node; size_t rows; uint64_t position; } scan;

static nrs_error look(void *context, const nrs_log_row *row)
{
    scan *job = context;
    sim_world *world = job->world;
    sim_node *node = job->node;
    nrs_record *record = NULL;

    job->rows++;
    node->seen_position = row->position;
    if (row->record.size == 0 || nrs_record_decode(&record, row->record) != NRS_OK) {
        return NRS_OK;
    }
    EACH(record, world, node, row, record)
    if (record->type == NRS_RECORD_SEALED) {
        learn_sealed(world, node, row, record);
    } else if (record->type == NRS_RECORD_GRANT && row->source.size == 0) {
        learn_grant(world, row, record);
    }
    nrs_record_free(&record);
    return world->failure.failed ? NRS_ERROR_LIMIT : NRS_OK;
}

#define ROWS_AT_ONCE 512u

/* The simulator reads in the node's store behind its back; what it asks there is not part of the run. */
static void look_at_log(sim_world *world, sim_node *node)
{
    scan job = {.world = world, .node = node, .rows = ROWS_AT_ONCE};
    nrs_error error = NRS_OK;

    sim_disk_hold(&node->disk, true);
    while (error == NRS_OK && job.rows == ROWS_AT_ONCE && !world->failure.failed) {
        job.rows = 0;
        error = nrs_store_log_each(node->store, node->seen_position, ROWS_AT_ONCE, look, &job);
    }
    sim_disk_hold(&node->disk, false);
    if (error != NRS_OK) {
        sim_world_fail(world, "steady", "%s: its log cannot be read: %s", node->org, nrs_error_rule(error));
    }
}

static nrs_error look_again(void *context, const nrs_log_row *row)
{
    scan *job = context;
    nrs_record *record = NULL;

    job->rows++;
    job->position = row->position;
    if (row->record.size == 0 || nrs_record_decode(&record, row->record) != NRS_OK) {
        return NRS_OK;
    }
    if (record->type == NRS_RECORD_SEALED && sim_oracle_sealed_by_id(job->world, row->id) == NULL) {
        learn_sealed(job->world, job->node, row, record);
    } else if (record->type == NRS_RECORD_KEY_CHANGE) {
        sim_stolen_learn(job->world, job->node, record);
    }
    nrs_record_free(&record);
    return NRS_OK;
}

/* The log of an old copy was looked at when it was new, but for what a commit that failed had left on the disk: the node
 * that went on never saw that again, the one that starts from the copy does. Which keys are revoked it knows by that log alone. */
static void look_at_copy(sim_world *world, sim_node *node)
{
    scan job = {.world = world, .node = node, .rows = ROWS_AT_ONCE};
    nrs_error error = NRS_OK;

    sim_disk_hold(&node->disk, true);
    while (error == NRS_OK && job.rows == ROWS_AT_ONCE) {
        job.rows = 0;
        error = nrs_store_log_each(node->store, job.position, ROWS_AT_ONCE, look_again, &job);
    }
    sim_disk_hold(&node->disk, false);
    if (error != NRS_OK) {
        sim_world_fail(world, "steady", "%s: the log of its copy cannot be read: %s", node->org, nrs_error_rule(error));
    }
    node->seen_position = nrs_store_log_end(node->store);
}

void sim_check_stepped(sim_world *world, sim_node *node)
{
    learn_roster(world, node);
    if (nrs_store_log_end(node->store) > node->seen_position) {
        look_at_log(world, node);
    }
    EACH(stepped, world, node)
}

void sim_check_started(sim_world *world, sim_node *node)
{
    learn_roster(world, node);
    if (node->put_back && node->seen_position == 0) {
        look_at_copy(world, node);
        for (size_t i = 0; i < world->community_count; i++) {
            const bool in = (members_at(&world->communities[i], node->held[i]) & (1ull << node->index)) != 0; /* else it knew none, or was a guest */

            node->before_joining |= in ? 0 : 1ull << i;
        }
    }
    sim_disk_hold(&node->disk, true);
    EACH(started, world, node)
    sim_disk_hold(&node->disk, false);
    if (!world->failure.failed && nrs_store_log_end(node->store) > node->seen_position) {
        look_at_log(world, node);
    }
}

void sim_check_step_failed(sim_world *world, sim_node *node, nrs_error error)
{
    EACH(failed, world, node, error)
}

void sim_check_start_failed(sim_world *world, sim_node *node, nrs_error error)
{
    EACH(failed, world, node, error)
}

nrs_error sim_check_logged(sim_node *node, nrs_bytes *payload_out, const uint8_t id[NRS_HASH_SIZE], uint32_t type)
{
    uint64_t position = 0;
    nrs_bytes holder = {0};
    nrs_log_row row = {.type = 0};
    nrs_record *record = NULL;
    nrs_error error = nrs_store_log_find(node->store, &position, id);

    if (error == NRS_OK) {
        error = position == 0 ? NRS_ERROR_NOT_FOUND : nrs_store_log_get(node->store, &row, &holder, position);
    }
    if (error == NRS_OK) {
        error = row.record.size == 0 ? NRS_ERROR_EXPIRED : nrs_record_decode(&record, row.record);
    }
    if (error == NRS_OK) {
        error = record->type == type ? nrs_bytes_copy(payload_out, nrs_field(&record->payload)) : NRS_ERROR_NOT_FOUND;
    }
    nrs_record_free(&record);
    nrs_bytes_wipe(&holder);
    return error;
}

/* ---- Frames ---- */

void sim_check_frame(sim_world *world, sim_node *node, nrs_link_id link, nrs_slice bytes)
{
    sim_connection *connection = sim_network_of_link(world, node, link);
    nrs_frame *frame = NULL;
    unsigned side;

    if (connection == NULL || nrs_frame_decode(&frame, bytes) != NRS_OK) {
        return;
    }
    side = connection->node[0] == node->index && connection->link[0] == link ? 0 : 1;
    sim_frame_sent(world, node, connection, side, frame, bytes.size, NULL);
    EACH(frame, world, node, connection, side, frame)
    nrs_frame_free(&frame);
}

/* What a peer sends is looked at for what it wants and confirms; its items are looked at when they stand in a log. */
void sim_check_heard(sim_world *world, sim_node *node, sim_connection *connection, unsigned side, nrs_slice bytes)
{
    nrs_frame *frame = NULL;
    nrs_slice payload = {0};
    uint32_t type = 0;

    if (node->hostile != NULL || nrs_frame_read(&type, &payload, bytes) != NRS_OK || type == NRS_FRAME_ITEMS || nrs_frame_decode(&frame, bytes) != NRS_OK) {
        return;
    }
    EACH(heard, world, node, connection, side, frame)
    nrs_frame_free(&frame);
}

/* ---- What people see ---- */

void sim_check_shown(sim_world *world, sim_node *node, sim_report *report, const json_t *row)
{
    EACH(shown, world, node, report, row)
}

void sim_check_listed(sim_world *world, sim_node *node, const json_t *rows)
{
    EACH(listed, world, node, rows)
}

void sim_check_receipts(sim_world *world, sim_node *node, sim_report *report, const json_t *rows)
{
    EACH(receipts, world, node, report, rows)
}

void sim_check_withdrawn(sim_world *world, sim_node *node, sim_report *report)
{
    EACH(withdrawn, world, node, report)
}

void sim_check_forwarded(sim_world *world, sim_report *report)
{
    EACH(forwarded, world, report)
}

void sim_check_answered(sim_world *world, sim_node *node, const sim_answered *answer)
{
    if (node->hostile == NULL) {
        EACH(answered, world, node, answer)
    }
}

void sim_check_audited(sim_world *world, sim_node *node, const json_t *rows)
{
    if (node->hostile == NULL) {
        EACH(audited, world, node, rows)
    }
}

void sim_check_asks(sim_world *world, sim_node *node, const json_t *rows)
{
    if (node->hostile == NULL) {
        EACH(asks, world, node, rows)
    }
}

void sim_check_status(sim_world *world, sim_node *node, const json_t *row)
{
    if (node->hostile == NULL) {
        EACH(status, world, node, row)
    }
}

static const struct { const char *words; sim_sometimes_name name; } log_words[] = {
    {"the clock jumped", SIM_SOMETIMES_CLOCK_NOTICED},
    {"destroyed, past their grace", SIM_SOMETIMES_DESTROYED},
    {"silent for a minute", SIM_SOMETIMES_LINK_SILENT},
    {"ended: removed from the roster", SIM_SOMETIMES_LINK_REVOKED},
};

void sim_check_log(sim_world *world, sim_node *node, const char *text)
{
    for (size_t i = 0; i < sizeof log_words / sizeof log_words[0]; i++) {
        if (strstr(text, log_words[i].words) != NULL) {
            sim_sometimes_hit(world, log_words[i].name);
        }
    }
    EACH(log, world, node, text)
}

void sim_check_end(sim_world *world)
{
    EACH(end, world)
}

void sim_check_wipe(sim_world *world)
{
    sim_once_wipe(world);
}
