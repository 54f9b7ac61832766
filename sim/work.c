#include "work.h"

#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "member.h"
#include "memory.h"
#include "world.h"

#define KIND_SEND 1u
#define KIND_SHOW 2u
#define KIND_LIST 3u
#define KIND_RECEIPTS 4u
#define KIND_FORGET 5u
#define KIND_ACCEPT 6u
#define KIND_OTHER 7u
#define KIND_BITS 4u

/* A request's number says what was asked, and about which report. */
static uint64_t request_of(sim_world *world, uint64_t kind, size_t report)
{
    return (++world->next_request << 20) | ((uint64_t)report << KIND_BITS) | kind;
}

static void ask(sim_world *world, sim_node *node, uint64_t kind, size_t report, json_t *command)
{
    if (node->core == NULL) {
        json_decref(command);
        return;
    }
    sim_trace_line(world, node, "asks %s r%zu", json_string_value(json_object_get(command, "command")), report);
    sim_node_command(world, node, command, request_of(world, kind, report));
}

/* ---- Sending ---- */

void sim_work_text(char *text_out, size_t size, size_t number)
{
    (void)snprintf(text_out, size, "text of r%zu ", number);
}

/* Most reports are short; a few fill a link's window. */
static size_t body_size(uint64_t pick)
{
    return pick % 64 == 0 ? 150000 : pick % 8 == 0 ? 20000 : 20 + (size_t)(pick % 300);
}

static json_t *body_of(size_t number, uint64_t pick)
{
    size_t size = body_size(pick);
    char *text = sim_alloc(size + 64, 1);
    json_t *value;
    size_t used;

    sim_work_text(text, 64, number);
    used = strlen(text);
    for (; used < size; used++) {
        text[used] = (char)('a' + (used + number) % 26);
    }
    value = json_string(text);
    free(text);
    return value;
}

static json_t *addresses(sim_world *world, const sim_report *report)
{
    json_t *to = json_array();

    if (report->to_community) {
        (void)json_array_append_new(to, json_sprintf("@%s", world->communities[report->community].id));
    }
    for (size_t i = 0; i < world->node_count && !report->to_community; i++) {
        if ((report->to & (1ull << i)) != 0) {
            (void)json_array_append_new(to, json_string(world->nodes[i].org));
        }
    }
    return to;
}

static bool short_lived(const sim_act *act)
{
    return act->c % 5 == 0;
}

static json_t *draft(sim_world *world, const sim_report *report, const sim_act *act, size_t number)
{
    char subject[24];
    json_t *command;

    (void)snprintf(subject, sizeof subject, "r%zu", number);
    command = json_pack("{s:s, s:s, s:s, s:o, s:o}", "label", nrs_label_name(report->label), "kind", "incident", "subject", subject, "body",
                        body_of(number, act->b), "to", addresses(world, report));
    if (short_lived(act)) {
        (void)json_object_set_new(command, "expires_in_ms", json_integer((json_int_t)((1 + act->c % 12) * SIM_MINUTE_MS)));
    }
    if (act->c % 3 == 0) {
        (void)json_object_set_new(command, "urgent", json_true());
    }
    return command;
}

static void send(sim_world *world, sim_node *node, const sim_act *act, size_t number)
{
    static const nrs_label labels[] = {NRS_LABEL_CLEAR, NRS_LABEL_GREEN, NRS_LABEL_AMBER, NRS_LABEL_AMBER_STRICT};
    sim_report *report = &world->oracle.reports[number];
    json_t *command;

    *report = (sim_report){.state = SIM_REPORT_ASKED, .sender = node->index, .label = labels[act->a % 4], .patient = !short_lived(act),
                           .community = (size_t)(act->b / 7 % world->community_count)};
    report->to_community = report->label == NRS_LABEL_GREEN || (report->label != NRS_LABEL_AMBER_STRICT && (act->a >> 8) % 2 == 0);
    if (!report->to_community) {
        report->to = (1ull << act->other % world->node_count) | ((act->a >> 16) % 2 == 0 ? 1ull << (act->other >> 6) % world->node_count : 0);
    }
    command = draft(world, report, act, number);
    (void)json_object_set_new(command, "command", json_string("send"));
    if (report->label != NRS_LABEL_CLEAR && sim_oracle_closed(world, report) && act->c / 7 % 3 == 0) {
        report->unlocks = true;
        (void)json_object_set_new(command, "unlock_on_accept", json_true());
    }
    ask(world, node, KIND_SEND, number, command);
}

/* A report that somebody has sent; most times one that the node may read. 0 … plan.count - 1; plan.count: none. */
static size_t some_report(sim_world *world, const sim_node *node, uint64_t pick, bool readable)
{
    size_t count = world->plan.count;

    for (size_t i = 0; i < count; i++) {
        size_t number = (size_t)((pick + i) % count);
        const sim_report *report = &world->oracle.reports[number];

        if (report->state != SIM_REPORT_NONE && report->id[0] != '\0' && (!readable || (report->readers & (1ull << node->index)) != 0)) {
            return number;
        }
    }
    return count;
}

static void reply(sim_world *world, sim_node *node, const sim_act *act, size_t number)
{
    size_t quoted = some_report(world, node, act->a, true);
    const sim_report *first = &world->oracle.reports[quoted];
    sim_report *report = &world->oracle.reports[number];
    json_t *command;

    if (quoted == world->plan.count) {
        return;
    }
    *report = (sim_report){.state = SIM_REPORT_ASKED, .sender = node->index, .label = first->label, .to = 1ull << first->sender, .patient = !short_lived(act),
                           .community = first->community};
    report->to_community = first->label == NRS_LABEL_GREEN;
    command = draft(world, report, act, number);
    (void)json_object_set_new(command, "command", json_string("reply"));
    (void)json_object_set_new(command, "id", json_string(first->id));
    sim_sometimes_hit(world, SIM_SOMETIMES_REPLIED);
    ask(world, node, KIND_SEND, number, command);
}

/* ---- Reading ---- */

static void about(sim_world *world, sim_node *node, uint64_t kind, const char *name, size_t number)
{
    ask(world, node, kind, number, json_pack("{s:s, s:s}", "command", name, "id", world->oracle.reports[number].id));
}

static void accept(sim_world *world, sim_node *node, size_t number)
{
    world->oracle.reports[number].accepting |= 1ull << node->index;
    about(world, node, KIND_ACCEPT, "accept", number);
}

static void read_one(sim_world *world, sim_node *node, const sim_act *act)
{
    size_t number = some_report(world, node, act->a, act->b % 4 != 0);
    sim_report *report = &world->oracle.reports[number];

    if (number == world->plan.count) {
        return;
    }
    if (act->type == SIM_ACT_SHOW) {
        about(world, node, KIND_SHOW, "show", number);
    } else if (act->type == SIM_ACT_EXPORT) {
        static const char *const sinks[] = {"own", "clients", "community", "public"};

        ask(world, node, KIND_SHOW, number, json_pack("{s:s, s:s, s:s}", "command", "export", "id", report->id, "sink", sinks[act->c % 4]));
    } else if (act->type == SIM_ACT_ACCEPT) {
        accept(world, node, number);
    } else if (act->type == SIM_ACT_DECLINE) {
        ask(world, node, KIND_OTHER, number, json_pack("{s:s, s:s, s:s}", "command", "decline", "id", report->id, "reason", "検討中"));
    } else if (act->type == SIM_ACT_FORGET) {
        if (report->sender != node->index || act->c % 4 == 0) {
            report->forgetting |= 1ull << node->index;
            about(world, node, KIND_FORGET, "forget", number);
        }
    } else {
        about(world, &world->nodes[report->sender], KIND_RECEIPTS, "receipts", number);
    }
}

/* ---- Whoever acts ---- */

/* No connection outlives such a sleep, and nothing that was under way on one. */
static void sleep_all(sim_world *world, uint64_t days)
{
    for (size_t i = 0; i < world->network.count; i++) {
        sim_connection *connection = &world->network.connections[i];

        if (connection->number != 0 && connection->up && connection->open[0] && connection->open[1]) {
            sim_network_cut(world, connection, 0, 0);
        }
    }
    for (size_t i = 0; i < world->node_count; i++) {
        sim_node_forget_frames(&world->nodes[i]);
    }
    world->leapt_ms = world->now_ms;
    world->leap_ms += days * NRS_DAY_MS;
    sim_trace_line(world, NULL, "%llu days pass while all sleep", (unsigned long long)days);
}

void sim_work_do(sim_world *world, const sim_act *act, size_t number)
{
    sim_node *node = sim_world_node(world, act->who);

    if (act->type >= SIM_ACT_REMOVE && act->type <= SIM_ACT_HEAL) {
        sim_member_do(world, act);
        return;
    }
    if (act->type == SIM_ACT_SKIP) {
        sleep_all(world, 1 + act->a % 25);
        return;
    }
    if (node == NULL || node->core == NULL) {
        return;
    }
    if (act->type == SIM_ACT_SEND) {
        send(world, node, act, number);
    } else if (act->type == SIM_ACT_REPLY) {
        reply(world, node, act, number);
    } else if (act->type == SIM_ACT_LIST) {
        ask(world, node, KIND_LIST, 0, json_pack("{s:s}", "command", "list"));
    } else if (act->type == SIM_ACT_STATUS) {
        ask(world, node, KIND_OTHER, 0, json_pack("{s:s}", "command", "status"));
    } else {
        read_one(world, node, act);
    }
}

/* ---- Answers ---- */

static const char *text_at(const json_t *row, const char *key)
{
    const char *text = json_string_value(json_object_get(row, key));

    return text == NULL ? "" : text;
}

static bool excluded_by(const json_t *row, const char *rule)
{
    size_t index;
    const json_t *entry;

    json_array_foreach(json_object_get(row, "excluded"), index, entry) {
        if (strcmp(text_at(entry, "rule"), rule) == 0) {
            return true;
        }
    }
    return false;
}

static void answered_send(sim_world *world, sim_report *report, const json_t *rows, nrs_error error)
{
    static const sim_sometimes_name names[] = {SIM_SOMETIMES_SENT_CLEAR, SIM_SOMETIMES_SENT_GREEN, SIM_SOMETIMES_SENT_AMBER, SIM_SOMETIMES_SENT_STRICT};

    if (error != NRS_OK) {
        report->state = nrs_error_exit_code(error) == 1 ? SIM_REPORT_ASKED : SIM_REPORT_REFUSED;
        return;
    }
    report->state = SIM_REPORT_SENT;
    sim_oracle_bind(world, report, text_at(json_array_get(rows, 0), "id"));
    if (report->unlocks) {
        sim_sometimes_hit(world, SIM_SOMETIMES_SENT_LOCKED);
    }
    if (excluded_by(json_array_get(rows, 0), "duty")) {
        sim_sometimes_hit(world, SIM_SOMETIMES_LEFT_OUT);
    }
    sim_sometimes_hit(world, names[report->label - NRS_LABEL_CLEAR]);
    if (json_array_size(json_object_get(json_array_get(rows, 0), "waiting")) > 0) {
        sim_sometimes_hit(world, SIM_SOMETIMES_SENT_WAITING);
    }
}

static void answered_receipts(sim_world *world, sim_node *node, sim_report *report, const json_t *rows)
{
    size_t index;
    const json_t *row;

    sim_check_receipts(world, node, report, rows);
    json_array_foreach(rows, index, row) {
        const char *stage = text_at(row, "stage");

        for (size_t i = 0; i < world->node_count; i++) {
            if (strcmp(world->nodes[i].org, text_at(row, "recipient")) == 0) {
                report->stored_receipt |= strcmp(stage, "stored") == 0 ? 1ull << i : 0;
                report->opened_receipt |= strcmp(stage, "opened") == 0 ? 1ull << i : 0;
                report->accepted_receipt |= strcmp(stage, "accepted") == 0 ? 1ull << i : 0;
            }
        }
        if (strcmp(stage, "stored") == 0) {
            sim_sometimes_hit(world, SIM_SOMETIMES_RECEIPT);
        }
    }
}

/* What a list or an opened report says about who sees what. The last row of an answer is its end. */
static void answered_rows(sim_world *world, sim_node *node, const json_t *rows)
{
    size_t index;
    const json_t *row;

    json_array_foreach(rows, index, row) {
        const char *subject = text_at(row, "subject");
        const char *body = json_string_value(json_object_get(row, "body"));
        sim_report *report = subject[0] == '\0' ? sim_oracle_by_id(world, text_at(row, "id")) : sim_oracle_by_subject(world, subject);

        if (text_at(row, "id")[0] == '\0') {
            continue;
        }
        if (report != NULL) {
            sim_oracle_bind(world, report, text_at(row, "id"));
        }
        if (report != NULL && body != NULL) {
            report->shown |= 1ull << node->index;
            sim_sometimes_hit(world, SIM_SOMETIMES_SHOWN);
        }
        sim_check_shown(world, node, report, row);
    }
}

void sim_work_reply(sim_world *world, sim_node *node, const nrs_effect *effect)
{
    uint64_t kind = effect->request & ((1u << KIND_BITS) - 1);
    size_t number = (size_t)((effect->request >> KIND_BITS) & 0xffff);
    sim_report *report = &world->oracle.reports[number];
    const json_t *last = json_array_get(effect->reply, json_array_size(effect->reply) - 1);
    const char *rule = json_string_value(json_object_get(last, "rule"));
    nrs_error error = rule == NULL ? NRS_OK : nrs_error_from_rule(rule);

    sim_trace_line(world, node, "answers r%zu: %s", number, rule == NULL ? "done" : rule);
    if (nrs_error_exit_code(error) == 3) {
        sim_sometimes_hit(world, SIM_SOMETIMES_REFUSED_BY_RULE);
    }
    if (kind == KIND_SEND) {
        answered_send(world, report, effect->reply, error);
    } else if (kind == KIND_SHOW && error == NRS_ERROR_DISCLAIMER) {
        sim_sometimes_hit(world, SIM_SOMETIMES_CLOSED);
        answered_rows(world, node, effect->reply); /* the row without its text */
    } else if (error != NRS_OK) {
        return;
    } else if (kind == KIND_ACCEPT) {
        report->accepted |= 1ull << node->index;
        sim_sometimes_hit(world, SIM_SOMETIMES_ACCEPTED);
    } else if (kind == KIND_SHOW) {
        answered_rows(world, node, effect->reply);
    } else if (kind == KIND_LIST) {
        sim_check_listed(world, node, effect->reply);
        answered_rows(world, node, effect->reply);
    } else if (kind == KIND_RECEIPTS) {
        answered_receipts(world, node, report, effect->reply);
    } else if (kind == KIND_FORGET) {
        report->forgotten |= 1ull << node->index;
        sim_sometimes_hit(world, SIM_SOMETIMES_FORGOTTEN);
    }
}

/* ---- At the end ---- */

void sim_work_compare_all(sim_world *world)
{
    for (size_t c = 0; c < world->community_count; c++) {
        const sim_rosters *rosters = &world->communities[c];

        for (uint64_t version = 1; version <= rosters->count; version++) {
            char fingerprint[48];

            nrs_fingerprint(fingerprint, sim_rosters_at(rosters, version)->hash);
            for (size_t i = 0; i < world->node_count; i++) {
                if (sim_rosters_at(rosters, version)->heals && world->nodes[i].held[c] != 0 && world->nodes[i].held[c] < version) {
                    ask(world, &world->nodes[i], KIND_OTHER, 0,
                        json_pack("{s:s, s:s, s:s}", "command", "roster-heal", "community", rosters->id, "fingerprint", fingerprint));
                }
            }
        }
    }
}

void sim_work_list_all(sim_world *world)
{
    for (size_t i = 0; i < world->node_count; i++) {
        ask(world, &world->nodes[i], KIND_LIST, 0, json_pack("{s:s}", "command", "list"));
    }
}

void sim_work_accept_all(sim_world *world)
{
    for (size_t number = 0; number < world->plan.count; number++) {
        const sim_report *report = &world->oracle.reports[number];

        for (size_t i = 0; i < world->node_count && report->version != 0 && sim_oracle_closed(world, report); i++) {
            if (i != report->sender && world->nodes[i].core != NULL) {
                accept(world, &world->nodes[i], number);
            }
        }
    }
}

void sim_work_read_all(sim_world *world)
{
    for (size_t number = 0; number < world->plan.count; number++) {
        const sim_report *report = &world->oracle.reports[number];

        if (report->state == SIM_REPORT_NONE || report->id[0] == '\0') {
            continue;
        }
        for (size_t i = 0; i < world->node_count; i++) {
            about(world, &world->nodes[i], KIND_SHOW, "show", number);
        }
    }
}

void sim_work_receipts_all(sim_world *world)
{
    for (size_t number = 0; number < world->plan.count; number++) {
        const sim_report *report = &world->oracle.reports[number];

        if (report->state != SIM_REPORT_NONE && report->id[0] != '\0') {
            about(world, &world->nodes[report->sender], KIND_RECEIPTS, "receipts", number);
        }
    }
}
