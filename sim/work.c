#include "work.h"

#include <stdlib.h>
#include <string.h>

#include "ask.h"
#include "check.h"
#include "member.h"
#include "person.h"
#include "proto/vocabulary.h"
#include "release.h"
#include "memory.h"
#include "thief.h"
#include "withheld.h"
#include "world.h"

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
            (void)json_array_append_new(to, report->to_persons ? json_sprintf(SIM_PERSON "@%s", world->nodes[i].org) : json_string(world->nodes[i].org));
        }
    }
    return to;
}

static bool short_lived(const sim_act *act)
{
    return act->c % 5 == 0;
}

json_t *sim_work_draft(sim_world *world, const sim_report *report, const sim_act *act, size_t number)
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
    if (report->plain && report->conditions.actions != 0) {
        (void)json_object_set_new(command, "pap", json_string(sim_actions_name(report->conditions.actions)));
    }
    if (report->plain && report->conditions.not_told) {
        (void)json_object_set_new(command, "tell_affected", json_string("no"));
    }
    return command;
}

/* To other communities, to ministries, or to both: those of other communities need both. */
static void agree_beforehand(sim_report *report, json_t *command, uint64_t pick)
{
    json_t *words = json_array();

    if (pick != 0) {
        report->onward |= NRS_ONWARD_COMMUNITIES;
        (void)json_array_append_new(words, json_string("communities"));
    }
    if (pick != 1) {
        report->onward |= NRS_ONWARD_MINISTRY;
        (void)json_array_append_new(words, json_string("ministry"));
    }
    (void)json_object_set_new(command, "onward", words);
}

/* Whoever is hostile is written to as well, and so has what it can misuse. Set of nodes. */
static uint64_t hostile_too(const sim_world *world, uint64_t pick)
{
    const uint64_t hostile = sim_check_hostile(world) & ((1ull << world->node_count) - 1); /* without a thief */

    return pick % 4 == 0 ? 0 : hostile;
}

/* Now and then an address is not of the label's kind, or is a person's where the label has desks. */
static void mistake(const sim_world *world, sim_report *report, uint64_t pick)
{
    if (pick % 12 == 0) {
        report->to_community = !report->to_community;
    } else if (pick % 12 == 1 && world->persons) {
        report->to_community = false;
        report->to_persons = true;
    }
}

/* Without a label, or under one that there is not. */
static void send_unlabelled(sim_world *world, sim_node *node, const sim_act *act, size_t number)
{
    json_t *command = json_pack("{s:s, s:[o], s:s, s:s, s:s}", "command", "send", "to", json_sprintf("@%s", world->communities[0].id), "kind", "incident",
                                "subject", "odd", "body", "odd");

    if (act->c / 11 % 2 == 0) {
        (void)json_object_set_new(command, "label", json_string("PURPLE"));
    }
    sim_ask(world, node, SIM_ASK_FORBIDDEN, number, command);
}

static sim_conditions conditions_of(uint64_t pick)
{
    return pick % 2 != 0 ? (sim_conditions){0} : (sim_conditions){.actions = (unsigned)(pick / 2 % 5), .not_told = pick / 10 % 2 == 0};
}

static void send(sim_world *world, sim_node *node, const sim_act *act, size_t number)
{
    static const nrs_label labels[] = {NRS_LABEL_CLEAR, NRS_LABEL_GREEN, NRS_LABEL_AMBER, NRS_LABEL_AMBER_STRICT};
    sim_report *report = &world->oracle.reports[number];
    json_t *command;

    *report = (sim_report){.state = SIM_REPORT_ASKED, .sender = node->index, .label = labels[act->a % 4], .patient = !short_lived(act),
                           .community = (size_t)(act->b / 7 % world->community_count), .plain = true, .carelessly = act->type == SIM_ACT_SKIP,
                           .conditions = conditions_of(act->a >> 52)};
    report->to_community = report->label == NRS_LABEL_GREEN || (report->label != NRS_LABEL_AMBER_STRICT && (act->a >> 8) % 2 == 0);
    mistake(world, report, act->a >> 46);
    if (!report->to_community) {
        report->to = (1ull << act->other % world->node_count) | ((act->a >> 16) % 2 == 0 ? 1ull << (act->other >> 6) % world->node_count : 0);
        report->to |= node->hostile == NULL ? hostile_too(world, act->a >> 40) : 0;
    }
    command = sim_work_draft(world, report, act, number);
    (void)json_object_set_new(command, "command", json_string("send"));
    if (act->type == SIM_ACT_SKIP) {
        (void)json_object_set_new(command, "stale_roster", json_true());
    }
    if (report->label != NRS_LABEL_AMBER_STRICT && (act->a >> 24) % 5 < 2) {
        agree_beforehand(report, command, (act->a >> 32) % 3);
    }
    if (report->label != NRS_LABEL_CLEAR && report->onward == 0 && sim_oracle_closed(world, report) && act->c / 7 % 3 == 0) {
        report->unlocks = true;
        (void)json_object_set_new(command, "unlock_on_accept", json_true());
    }
    sim_ask(world, node, SIM_ASK_SEND, number, command);
}

/* Whoever wakes first after a long sleep sends before it has heard from a hub: that it has to say so it is told first. */
static void send_at_once(sim_world *world, sim_node *node, const sim_act *act, size_t number)
{
    sim_act hurried = *act;

    hurried.a = act->a - act->a % 4 + 2; /* AMBER */
    sim_ask(world, node, SIM_ASK_OTHER, number,
        json_pack("{s:s, s:s, s:[o], s:s, s:s, s:s, s:b}", "command", "send", "label", "AMBER", "to",
                  json_sprintf("@%s", world->communities[act->b / 7 % world->community_count].id), "kind", "incident", "subject", "odd", "body", "odd", "dry_run", 1));
    send(world, node, &hurried, number);
}

/* Whose disk was copied and may be put back is written to as well: that one's newest prekeys are lost then. Set of nodes. */
static uint64_t copied(const sim_world *world)
{
    uint64_t set = 0;

    for (size_t i = 0; i < world->node_count; i++) {
        set |= world->nodes[i].copy != NULL ? 1ull << i : 0;
    }
    return set;
}

/* What the node prepares the person seals, once the answer is there. */
static void send_red(sim_world *world, sim_node *node, const sim_act *act, size_t number)
{
    sim_report *report = &world->oracle.reports[number];
    json_t *to = json_array(), *command;

    *report = (sim_report){.state = SIM_REPORT_ASKED, .sender = node->index, .label = NRS_LABEL_RED, .patient = !short_lived(act),
                           .to_persons = (act->a >> 46) % 12 != 0};
    report->to = (1ull << act->other % world->node_count) | ((act->a >> 16) % 2 == 0 ? 1ull << (act->other >> 6) % world->node_count : 0);
    report->to |= act->a % 4 == 0 ? 0 : copied(world);
    for (size_t i = 0; i < world->node_count; i++) {
        if ((report->to & (1ull << i)) != 0) {
            (void)json_array_append_new(to, report->to_persons ? json_sprintf(SIM_PERSON "@%s", world->nodes[i].org) : json_string(world->nodes[i].org));
        }
    }
    command = json_pack("{s:s, s:s, s:s, s:s, s:o}", "command", "red-prepare", "label", "RED", "kind", "incident", "person", SIM_PERSON, "to", to);
    if (short_lived(act)) {
        (void)json_object_set_new(command, "expires_in_ms", json_integer((json_int_t)((1 + act->c % 12) * SIM_MINUTE_MS)));
    }
    sim_ask(world, node, SIM_ASK_RED_PREPARE, number, command);
}

/* A report that somebody has sent; most times one that the node may read. 0 … plan.count - 1; plan.count: none. */
static size_t some_report(sim_world *world, const sim_node *node, uint64_t pick, bool readable)
{
    size_t count = world->plan.count;

    for (size_t i = 0; i < count; i++) {
        size_t number = (size_t)((pick + i) % count);
        const sim_report *report = &world->oracle.reports[number];

        if (report->state != SIM_REPORT_NONE && report->id[0] != '\0' && (!readable || sim_check_may_read(world, node, report))) {
            return number;
        }
    }
    return count;
}

/* What follows from what it quotes; the node works the same out by itself. */
static void quote(const sim_world *world, sim_report *report, size_t quoted)
{
    const sim_report *first = &world->oracle.reports[quoted];

    report->quoted = quoted;
    report->community = first->community;
    report->inherits_closed = sim_oracle_closed(world, first);
    report->inherits_duty = sim_oracle_duty(world, first);
    report->conditions = first->sender == report->sender ? (sim_conditions){0} : first->conditions; /* whose own it is may lay down others */
}

static void reply(sim_world *world, sim_node *node, const sim_act *act, size_t number)
{
    size_t quoted = some_report(world, node, act->a, true);
    const sim_report *first = &world->oracle.reports[quoted];
    sim_report *report = &world->oracle.reports[number];
    json_t *command;

    if (quoted == world->plan.count || first->label == NRS_LABEL_RED || first->withheld) { /* a person's process would quote it; withheld.c */
        return;
    }
    *report = (sim_report){.state = SIM_REPORT_ASKED, .sender = node->index, .label = first->label, .to = 1ull << first->sender, .patient = !short_lived(act)};
    report->to_community = first->label == NRS_LABEL_GREEN;
    quote(world, report, quoted);
    command = sim_work_draft(world, report, act, number);
    (void)json_object_set_new(command, "command", json_string("reply"));
    (void)json_object_set_new(command, "id", json_string(first->id));
    sim_sometimes_hit(world, SIM_SOMETIMES_REPLIED);
    sim_ask(world, node, SIM_ASK_SEND, number, command);
}

/* Often to whom the text may not go. */
static void forward(sim_world *world, sim_node *node, const sim_act *act, size_t number)
{
    size_t quoted = some_report(world, node, act->a, act->c / 3 % 4 != 0);
    const sim_report *first = &world->oracle.reports[quoted];
    sim_report *report = &world->oracle.reports[number];
    bool stricter = act->c / 13 % 4 == 0;
    json_t *command;

    if (quoted == world->plan.count || first->label == NRS_LABEL_RED) { /* a person's process would quote it */
        return;
    }
    *report = (sim_report){.state = SIM_REPORT_ASKED, .sender = node->index, .label = first->label, .patient = !short_lived(act), .forwards = true};
    report->label = stricter && first->label == NRS_LABEL_AMBER ? NRS_LABEL_AMBER_STRICT : first->label;
    quote(world, report, quoted);
    report->community = act->b / 7 % 4 == 0 ? (size_t)(act->b % world->community_count) : first->community;
    report->to_community = report->label == NRS_LABEL_GREEN || (report->label != NRS_LABEL_AMBER_STRICT && act->b % 2 == 0);
    report->to = report->to_community ? 0 : 1ull << act->other % world->node_count;
    report->unlocks = first->unlocks && report->label != NRS_LABEL_CLEAR;
    command = sim_work_draft(world, report, act, number);
    (void)json_object_set_new(command, "command", json_string("forward"));
    (void)json_object_set_new(command, "id", json_string(first->id));
    sim_ask(world, node, SIM_ASK_SEND, number, command);
}

/* ---- Reading ---- */

void sim_work_unlock(sim_world *world, sim_node *node)
{
    if (node->person != NULL && node->core != NULL) {
        (void)sim_random_use(&node->random);
        sim_ask(world, node, SIM_ASK_OTHER, 0, sim_person_prekeys(world, node));
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

static void open_red(sim_world *world, sim_node *node, size_t number)
{
    if (world->phase < SIM_PHASE_READING) {
        world->oracle.reports[number].showing |= 1ull << node->index;
    }
    sim_ask(world, node, SIM_ASK_RED_OPEN, number,
        json_pack("{s:s, s:s, s:s}", "command", "red-open", "id", world->oracle.reports[number].id, "person", SIM_PERSON));
}

static void accept(sim_world *world, sim_node *node, size_t number)
{
    world->oracle.reports[number].accepting |= 1ull << node->index;
    about(world, node, SIM_ASK_ACCEPT, "accept", number);
}

/* Its own sender's node, most times. */
static void withdraw(sim_world *world, sim_node *node, const sim_act *act, size_t number)
{
    sim_report *report = &world->oracle.reports[number];
    sim_node *who = act->c % 8 == 0 ? node : &world->nodes[report->sender];
    json_t *command;

    report->withdrawing = report->withdrawing || who->index == report->sender;
    if (report->withdrawing) {
        sim_withheld_withdrawn(world, report);
    }
    command = json_pack("{s:s, s:s, s:s}", "command", "withdraw", "id", report->id, "reason", "誤報");
    if (report->label == NRS_LABEL_RED) {
        (void)json_object_set_new(command, "person", json_string(SIM_PERSON));
    }
    sim_ask(world, who, SIM_ASK_WITHDRAW, number, command);
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

static void read_one(sim_world *world, sim_node *node, const sim_act *act)
{
    size_t number = some_report(world, node, act->a, act->b % 4 != 0);
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
        withdraw(world, node, act, number);
    } else if (act->type == SIM_ACT_ACCEPT) {
        accept(world, node, number);
    } else if (act->type == SIM_ACT_DECLINE) {
        report->declining |= 1ull << node->index;
        sim_ask(world, node, SIM_ASK_OTHER, number, json_pack("{s:s, s:s, s:s}", "command", "decline", "id", report->id, "reason", "検討中"));
    } else if (act->type == SIM_ACT_FORGET) {
        if (report->sender != node->index || act->c % 4 == 0) {
            report->forgetting |= 1ull << node->index;
            sim_destroyed_asked(world, node, number);
            about(world, node, SIM_ASK_FORGET, "forget", number);
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
    if (act->type >= SIM_ACT_WITHHOLD && act->type <= SIM_ACT_QUESTION) {
        sim_withheld_do(world, act, number);
        return;
    }
    if (act->type == SIM_ACT_SKIP) {
        sleep_all(world, 1 + act->a % 25);
        if (node != NULL && node->core != NULL) {
            send_at_once(world, node, act, number);
        }
        return;
    }
    if (node == NULL || node->core == NULL) {
        return;
    }
    if (act->type == SIM_ACT_SEND && act->c % 40 == 1) {
        send_unlabelled(world, node, act, number);
    } else if (act->type == SIM_ACT_SEND) {
        send(world, node, act, number);
    } else if (act->type == SIM_ACT_REPLY) {
        reply(world, node, act, number);
    } else if (act->type == SIM_ACT_SEND_RED) {
        if (node->person != NULL) {
            send_red(world, node, act, number);
        }
    } else if (act->type == SIM_ACT_UNLOCK) {
        sim_work_unlock(world, node);
    } else if (act->type == SIM_ACT_FORWARD) {
        forward(world, node, act, number);
    } else if (act->type == SIM_ACT_LIST) {
        sim_ask(world, node, SIM_ASK_LIST, 0, json_pack("{s:s}", "command", "list"));
    } else if (act->type == SIM_ACT_STATUS) {
        sim_ask(world, node, SIM_ASK_OTHER, 0, json_pack("{s:s}", "command", "status"));
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
    }
    for (size_t number = 0; number < world->plan.count; number++) {
        const sim_report *report = &world->oracle.reports[number];

        if (report->state != SIM_REPORT_NONE && report->id[0] != '\0') {
            about(world, &world->nodes[report->sender], SIM_ASK_RECEIPTS, "receipts", number);
        }
    }
}
