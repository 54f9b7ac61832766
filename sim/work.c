#include "work.h"

#include "ask.h"
#include "check.h"
#include "member.h"
#include "person.h"
#include "release.h"
#include "rotate.h"
#include "send.h"
#include "thief.h"
#include "withheld.h"
#include "world.h"

/* ---- Reading ---- */

void sim_work_unlock(sim_world *world, sim_node *node)
{
    if (node->person != NULL && node->core != NULL) {
        (void)sim_random_use(&node->random);
        sim_ask(world, node, SIM_ASK_OTHER, 0, sim_person_prekeys(world, node, false));
        if (node->second != NULL) {
            sim_ask(world, node, SIM_ASK_OTHER, 0, sim_person_prekeys(world, node, true));
        }
        sim_ask(world, node, SIM_ASK_RED_WAITING, 0, json_pack("{s:s}", "command", "red-waiting"));
    }
}

static void about(sim_world *world, sim_node *node, sim_ask_kind kind, const char *name, size_t number)
{
    if (kind == SIM_ASK_SHOW && world->phase < SIM_PHASE_READING) {
        world->oracle.reports[number].showing |= 1ull << node->index;
    }
    sim_ask(world, node, kind, number, json_pack("{s:s, s:s}", "command", name, "id", world->oracle.reports[number].id));
}

/* By each of a node's two, of whom one at most can. */
static void open_red(sim_world *world, sim_node *node, size_t number)
{
    if (world->phase < SIM_PHASE_READING) {
        world->oracle.reports[number].showing |= 1ull << node->index;
    }
    for (unsigned second = 0; second < (node->second == NULL ? 1u : 2u); second++) {
        sim_ask(world, node, SIM_ASK_RED_OPEN, number,
            json_pack("{s:s, s:s, s:s}", "command", "red-open", "id", world->oracle.reports[number].id, "person", sim_person_id(second == 1)));
    }
}

/* The desk, and under RED each of the node's persons after it, whom alone it is for. */
static void forget(sim_world *world, sim_node *node, size_t number)
{
    const sim_report *report = &world->oracle.reports[number];

    about(world, node, SIM_ASK_FORGET, "forget", number);
    for (unsigned second = 0; report->label == NRS_LABEL_RED && second < (node->second == NULL ? 1u : 2u); second++) {
        sim_ask(world, node, SIM_ASK_FORGET, number,
            json_pack("{s:s, s:s, s:s}", "command", "forget", "id", report->id, "person", sim_person_id(second == 1)));
    }
}

static void accept(sim_world *world, sim_node *node, size_t number)
{
    world->oracle.reports[number].accepting |= 1ull << node->index;
    about(world, node, SIM_ASK_ACCEPT, "accept", number);
}

static void withdraw(sim_world *world, sim_node *who, size_t number)
{
    sim_report *report = &world->oracle.reports[number];
    json_t *command;

    report->withdrawing = report->withdrawing || who->index == report->sender;
    if (report->withdrawing) {
        sim_withheld_withdrawn(world, report);
    }
    command = json_pack("{s:s, s:s, s:s}", "command", "withdraw", "id", report->id, "reason", "誤報");
    if (report->label == NRS_LABEL_RED) {
        (void)json_object_set_new(command, "person", json_string(sim_person_id(report->by_second)));
    }
    sim_ask(world, who, SIM_ASK_WITHDRAW, number, command);
}

void sim_work_take_back(sim_world *world, size_t number)
{
    withdraw(world, &world->nodes[world->oracle.reports[number].sender], number);
}

/* By every way that there is. */
static void export(sim_world *world, sim_node *node, size_t number)
{
    sim_report *report = &world->oracle.reports[number];

    if (world->phase < SIM_PHASE_READING) { /* it is opened for that */
        report->showing |= 1ull << node->index;
    }
    for (int sink = SIM_SINK_OWN; sink < SIM_SINK_COUNT; sink++) {
        sim_ask(world, node, SIM_ASK_EXPORT, number,
            json_pack("{s:s, s:s, s:s}", "command", "export", "id", report->id, "sink", sim_sink_name((sim_sink)sink)));
    }
}

/* What somebody has passed on, or a hub has published, and nobody has taken back yet; plan.count when there is none. */
static size_t some_passed_on(const sim_world *world, uint64_t pick)
{
    for (size_t i = 0; i < world->plan.count; i++) {
        const sim_report *report = &world->oracle.reports[(pick + i) % world->plan.count], *first = &world->oracle.reports[report->quoted];

        if ((report->forwards || report->vouches) && report->id[0] != '\0' && first->id[0] != '\0' && !first->withdrawing) {
            return report->quoted;
        }
    }
    return world->plan.count;
}

static void read_one(sim_world *world, sim_node *node, const sim_act *act)
{
    const size_t passed_on = act->type == SIM_ACT_WITHDRAW && act->c / 8 % 4 != 0 ? some_passed_on(world, act->a) : world->plan.count;
    const size_t number = passed_on < world->plan.count ? passed_on : sim_send_some(world, node, act->a, act->b % 4 != 0);
    sim_report *report = &world->oracle.reports[number];

    if (number == world->plan.count) {
        return;
    }
    if (act->type == SIM_ACT_SHOW && report->label == NRS_LABEL_RED && act->b % 8 != 0) {
        open_red(world, node, number);
    } else if (act->type == SIM_ACT_SHOW) {
        about(world, node, SIM_ASK_SHOW, "show", number);
        if (act->c % 4 == 0) {
            export(world, node, number);
        }
    } else if (act->type == SIM_ACT_EXPORT) {
        export(world, node, number);
    } else if (act->type == SIM_ACT_WITHDRAW) {
        withdraw(world, act->c % 8 == 0 ? node : &world->nodes[report->sender], number); /* its own sender's node, most times */
    } else if (act->type == SIM_ACT_ACCEPT) {
        accept(world, node, number);
    } else if (act->type == SIM_ACT_DECLINE) {
        report->declining |= 1ull << node->index;
        sim_ask(world, node, SIM_ASK_OTHER, number, json_pack("{s:s, s:s, s:s}", "command", "decline", "id", report->id, "reason", "検討中"));
    } else if (act->type == SIM_ACT_FORGET) {
        if (report->sender != node->index || act->c % 4 == 0) {
            report->forgetting |= 1ull << node->index;
            sim_destroyed_asked(world, node, number);
            forget(world, node, number);
        }
    } else {
        about(world, &world->nodes[report->sender], SIM_ASK_RECEIPTS, "receipts", number);
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
    if (sim_thief(world) != NULL) {
        sim_node_forget_frames(sim_thief(world));
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
    if (act->type == SIM_ACT_RELEASE_ASK || act->type == SIM_ACT_RELEASE_ANSWER) {
        (act->type == SIM_ACT_RELEASE_ASK ? sim_release_ask : sim_release_answer)(world, act);
        return;
    }
    if (act->type == SIM_ACT_REVOKE) {
        sim_thief_revoke(world, act);
        return;
    }
    if (act->type == SIM_ACT_ROTATE || act->type == SIM_ACT_SUCCEED) {
        (act->type == SIM_ACT_ROTATE ? sim_rotate_announce : sim_rotate_follow)(world, act);
        return;
    }
    if (act->type >= SIM_ACT_WITHHOLD && act->type <= SIM_ACT_QUESTION) {
        sim_withheld_do(world, act, number);
        return;
    }
    if (act->type == SIM_ACT_SKIP) {
        sleep_all(world, 1 + act->a % 25);
        if (node != NULL && node->core != NULL) {
            sim_send_at_once(world, node, act, number);
        }
        return;
    }
    if (node == NULL || node->core == NULL) {
        return;
    }
    if (act->type == SIM_ACT_SEND || act->type == SIM_ACT_SEND_RED || act->type == SIM_ACT_REPLY || act->type == SIM_ACT_FORWARD) {
        sim_send_do(world, node, act, number);
    } else if (act->type == SIM_ACT_UNLOCK) {
        sim_work_unlock(world, node);
    } else if (act->type == SIM_ACT_LIST) {
        sim_ask(world, node, SIM_ASK_LIST, 0, json_pack("{s:s}", "command", "list"));
    } else if (act->type == SIM_ACT_STATUS) {
        sim_ask(world, node, SIM_ASK_STATUS, 0, json_pack("{s:s}", "command", "status"));
    } else {
        read_one(world, node, act);
    }
}

/* ---- At the end ---- */

void sim_work_compare_all(sim_world *world)
{
    for (size_t i = 0; i < world->node_count; i++) {
        sim_ask(world, &world->nodes[i], SIM_ASK_CHECKPOINT, 0, json_pack("{s:s}", "command", "audit-checkpoint"));
    }
    for (size_t c = 0; c < world->community_count; c++) {
        const sim_rosters *rosters = &world->communities[c];

        for (uint64_t version = 1; version <= rosters->count; version++) {
            char fingerprint[48];

            nrs_fingerprint(fingerprint, sim_rosters_at(rosters, version)->hash);
            for (size_t i = 0; i < world->node_count; i++) {
                if (sim_rosters_at(rosters, version)->heals && world->nodes[i].held[c] != 0 && world->nodes[i].held[c] < version) {
                    sim_ask(world, &world->nodes[i], SIM_ASK_OTHER, 0,
                        json_pack("{s:s, s:s, s:s}", "command", "roster-heal", "community", rosters->id, "fingerprint", fingerprint));
                }
            }
        }
    }
}

void sim_work_list_all(sim_world *world)
{
    for (size_t i = 0; i < world->node_count; i++) {
        sim_ask(world, &world->nodes[i], SIM_ASK_LIST, 0, json_pack("{s:s}", "command", "list"));
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
            if (report->label == NRS_LABEL_RED) {
                open_red(world, &world->nodes[i], number);
            } else {
                about(world, &world->nodes[i], SIM_ASK_SHOW, "show", number);
            }
        }
    }
}

void sim_work_receipts_all(sim_world *world)
{
    for (size_t i = 0; i < world->node_count; i++) {
        sim_ask(world, &world->nodes[i], SIM_ASK_AUDIT, 0, json_pack("{s:s}", "command", "audit-export"));
        sim_ask(world, &world->nodes[i], SIM_ASK_STATUS, 0, json_pack("{s:s}", "command", "status"));
        sim_ask(world, &world->nodes[i], SIM_ASK_RELEASE_LIST, 0, json_pack("{s:s}", "command", "release-list"));
    }
    for (size_t number = 0; number < world->plan.count; number++) {
        const sim_report *report = &world->oracle.reports[number];

        if (report->state != SIM_REPORT_NONE && report->id[0] != '\0') {
            about(world, &world->nodes[report->sender], SIM_ASK_RECEIPTS, "receipts", number);
        }
    }
}
