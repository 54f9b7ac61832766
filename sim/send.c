/* What people write: reports under every label, to desks, persons and communities; answers; what is passed on. */
#include "send.h"

#include <stdlib.h>
#include <string.h>

#include "ask.h"
#include "check.h"
#include "memory.h"
#include "person.h"
#include "proto/vocabulary.h"
#include "withheld.h"
#include "work.h"
#include "world.h"

#define TAKEN_BACK_MS 20000u

void sim_send_text(char *text_out, size_t size, size_t number)
{
    (void)snprintf(text_out, size, "text of r%zu ", number);
}

/* Most reports are short; a few fill a link's window, and some are longer than a letter. */
static size_t body_size(uint64_t pick)
{
    return pick % 64 == 0 ? 150000 : pick % 8 == 0 ? 20000 : pick % 8 == 3 ? 3500 : 20 + (size_t)(pick % 300);
}

char *sim_send_body(const sim_world *world, size_t number)
{
    size_t size = body_size(world->plan.acts[number].b);
    char *text = sim_alloc(size + 64, 1);
    size_t used;

    sim_send_text(text, 64, number);
    used = strlen(text);
    for (; used < size; used++) {
        text[used] = (char)('a' + (used + number) % 26);
    }
    return text;
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

bool sim_send_urgent(const sim_act *act)
{
    return act->c % 3 == 0;
}

json_t *sim_send_draft(sim_world *world, const sim_report *report, const sim_act *act, size_t number)
{
    char subject[24], *body = sim_send_body(world, number);
    json_t *command;

    (void)snprintf(subject, sizeof subject, "r%zu", number);
    command = json_pack("{s:s, s:s, s:s, s:s, s:o}", "label", nrs_label_name(report->label), "kind", "incident", "subject", subject, "body", body, "to",
                        addresses(world, report));
    free(body);
    if (short_lived(act)) {
        (void)json_object_set_new(command, "expires_in_ms", json_integer((json_int_t)((1 + act->c % 12) * SIM_MINUTE_MS)));
    }
    if (sim_send_urgent(act)) {
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
    command = sim_send_draft(world, report, act, number);
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

void sim_send_at_once(sim_world *world, sim_node *node, const sim_act *act, size_t number)
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
                           .to_persons = (act->a >> 46) % 12 != 0, .to_second = world->pairs ? act->b >> 8 : 0, .by_second = world->pairs && act->b % 2 == 0};
    report->to = (1ull << act->other % world->node_count) | ((act->a >> 16) % 2 == 0 ? 1ull << (act->other >> 6) % world->node_count : 0);
    report->to |= act->a % 4 == 0 ? 0 : copied(world);
    for (size_t i = 0; i < world->node_count; i++) {
        if ((report->to & (1ull << i)) != 0) {
            (void)json_array_append_new(to, !report->to_persons ? json_string(world->nodes[i].org) : json_sprintf("%s@%s", sim_person_id(sim_person_addressed(report, i)), world->nodes[i].org));
        }
    }
    command = json_pack("{s:s, s:s, s:s, s:s, s:o}", "command", "red-prepare", "label", "RED", "kind", "incident", "person", sim_person_id(report->by_second), "to", to);
    if (short_lived(act)) {
        (void)json_object_set_new(command, "expires_in_ms", json_integer((json_int_t)((1 + act->c % 12) * SIM_MINUTE_MS)));
    }
    sim_ask(world, node, SIM_ASK_RED_PREPARE, number, command);
}

bool sim_send_red_to(sim_world *world, const sim_node *to, const sim_act *act)
{
    const size_t number = (size_t)(act - world->plan.acts);
    sim_act written = *act;

    written.other = to->index;
    for (size_t i = 0; i < world->node_count && world->oracle.reports[number].state == SIM_REPORT_NONE; i++) {
        sim_node *sender = &world->nodes[(act->other + i) % world->node_count];

        if (sender != to && sender->core != NULL && sender->person != NULL && to->person != NULL) {
            send_red(world, sender, &written, number);
            return true;
        }
    }
    return false;
}

size_t sim_send_some(sim_world *world, const sim_node *node, uint64_t pick, bool readable)
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
    report->conditions = sim_oracle_bound(world, first, report->sender) == NULL ? (sim_conditions){0} : first->conditions; /* whoever has written all of it may lay down others */
}

/* Whoever may read what a hub has published and is not its source, from this one on. Out: published_out: what; plan.count when there is none. */
static sim_node *reader_of_published(sim_world *world, sim_node *from, uint64_t pick, size_t *published_out)
{
    for (size_t i = 0; i < world->node_count; i++) {
        sim_node *node = &world->nodes[(from->index + i) % world->node_count];

        *published_out = node->core == NULL ? world->plan.count : sim_withheld_published(world, node, pick);
        if (*published_out < world->plan.count && world->oracle.reports[world->oracle.reports[*published_out].quoted].sender != node->index) {
            return node;
        }
    }
    *published_out = world->plan.count;
    return from;
}

static void reply(sim_world *world, sim_node *node, const sim_act *act, size_t number)
{
    size_t published = world->plan.count;
    sim_node *writer = act->other % 4 == 0 ? reader_of_published(world, node, act->a, &published) : node;
    size_t quoted = published < world->plan.count ? published : sim_send_some(world, writer, act->a, true);
    const sim_report *first = &world->oracle.reports[quoted];
    sim_report *report = &world->oracle.reports[number];
    json_t *command;

    if (quoted == world->plan.count || first->label == NRS_LABEL_RED || first->withheld) { /* a person's process would quote it; withheld.c */
        return;
    }
    *report = (sim_report){.state = SIM_REPORT_ASKED, .sender = writer->index, .label = first->label, .to = 1ull << first->sender, .patient = !short_lived(act), .replies = true};
    report->to_community = first->label == NRS_LABEL_GREEN;
    quote(world, report, quoted);
    command = sim_send_draft(world, report, act, number);
    (void)json_object_set_new(command, "command", json_string("reply"));
    (void)json_object_set_new(command, "id", json_string(first->id));
    sim_ask(world, writer, SIM_ASK_SEND, number, command);
}

/* Who had no claim to it, from this one on, where there is such a one. */
static size_t somebody_else(const sim_world *world, const sim_report *report, uint64_t pick)
{
    for (size_t i = 0; i < world->node_count; i++) {
        const size_t node = (size_t)((pick + i) % world->node_count);

        if (((report->readers | 1ull << report->sender) & (1ull << node)) == 0 && world->nodes[node].there) {
            return node;
        }
    }
    return (size_t)(pick % world->node_count);
}

/* Often to whom the text may not go. What somebody has passed on its source takes back a while later, one time in two: the same act comes
 * once more; that one goes to who had no claim to the first, so that it hears of it from who passed it on alone. */
static void forward(sim_world *world, sim_node *node, const sim_act *act, size_t number)
{
    size_t quoted = sim_send_some(world, node, act->a, act->c / 3 % 4 != 0);
    const sim_report *first = &world->oracle.reports[quoted];
    sim_report *report = &world->oracle.reports[number];
    const bool taken_back = act->c / 52 % 2 == 0;
    bool stricter = act->c / 13 % 4 == 0;
    json_t *command;

    if (report->state != SIM_REPORT_NONE) {
        if (report->state == SIM_REPORT_SENT && world->phase == SIM_PHASE_FAULTY) {
            sim_work_take_back(world, report->quoted);
        }
        return;
    }
    if (quoted == world->plan.count || first->label == NRS_LABEL_RED) { /* a person's process would quote it */
        return;
    }
    *report = (sim_report){.state = SIM_REPORT_ASKED, .sender = node->index, .label = first->label, .patient = !short_lived(act), .forwards = true, .withdrawing = first->withdrawing};
    report->label = stricter && first->label == NRS_LABEL_AMBER ? NRS_LABEL_AMBER_STRICT : first->label;
    quote(world, report, quoted);
    report->community = act->b / 7 % 4 == 0 ? (size_t)(act->b % world->community_count) : first->community;
    report->to_community = report->label == NRS_LABEL_GREEN || (report->label != NRS_LABEL_AMBER_STRICT && !taken_back && act->b % 2 == 0);
    report->to = report->to_community ? 0 : 1ull << (taken_back ? somebody_else(world, first, act->other) : act->other % world->node_count);
    report->unlocks = first->unlocks && report->label != NRS_LABEL_CLEAR;
    command = sim_send_draft(world, report, act, number);
    (void)json_object_set_new(command, "command", json_string("forward"));
    (void)json_object_set_new(command, "id", json_string(first->id));
    sim_ask(world, node, SIM_ASK_SEND, number, command);
    if (taken_back) {
        sim_world_put(world, TAKEN_BACK_MS + act->c / 104 % TAKEN_BACK_MS, (sim_event){.type = SIM_EVENT_ACT, .subject = number});
    }
}

void sim_send_do(sim_world *world, sim_node *node, const sim_act *act, size_t number)
{
    if (act->type == SIM_ACT_SEND && act->c % 40 == 1) {
        send_unlabelled(world, node, act, number);
    } else if (act->type == SIM_ACT_SEND) {
        send(world, node, act, number);
    } else if (act->type == SIM_ACT_REPLY) {
        reply(world, node, act, number);
    } else if (act->type == SIM_ACT_FORWARD) {
        forward(world, node, act, number);
    } else if (node->person != NULL) {
        send_red(world, node, act, number);
    }
}
